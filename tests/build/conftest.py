"""A small project to build: one course notebook, one lab."""

import shutil
from pathlib import Path

import pytest

from lnnn.build import project
from lnnn.build.source import read_source

FIXTURE = Path(__file__).parent / "fixtures" / "project"


@pytest.fixture
def small_project(tmp_path):
    """A copy of the small project, free to change."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "project"))


@pytest.fixture(scope="session")
def built_twice():
    """The files of the small project, built twice with nothing shared: path -> Built."""
    sources = project.find_sources(FIXTURE)
    return tuple(project.build(sources, root=FIXTURE) for _ in range(2))


@pytest.fixture
def make_source(tmp_path):
    """Write a MyST source and read it: ``make_source(text, kind="lab")``."""

    def make(text, kind="lab"):
        path = tmp_path / "lab04_log_softmax.md"
        path.write_text(text, encoding="utf-8")
        return read_source(path, kind, Path("source/labs", path.name))

    return make


@pytest.fixture
def edited_lab(small_project):
    """``edited_lab(old, new)``: put ``new`` for the first ``old`` of the small lab, and read it."""

    def edit(old="", new=""):
        path = Path("source/labs/lab04_small.md")
        text = (small_project / path).read_text(encoding="utf-8")
        assert old in text
        (small_project / path).write_text(text.replace(old, new, 1), encoding="utf-8")
        return read_source(small_project / path, "lab", path)

    return edit
