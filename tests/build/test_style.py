"""Ruff has nothing to say: about the code, and about the code cells of the sources."""

import subprocess
from pathlib import Path

import jupytext
import pytest
import ruff

from lnnn.build.project import ROOT


def _ruff(*arguments):
    done = subprocess.run(
        [ruff.find_ruff_bin(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _as_notebook(source, folder):
    """The source as a notebook, whose cells ruff knows how to read."""
    path = Path(folder, source.stem + ".ipynb")
    jupytext.write(jupytext.reads(source.read_text(encoding="utf-8"), fmt="md:myst"), path)
    return path


def _both(path, *options):
    config = ("--config", str(ROOT / "pyproject.toml"), "--no-cache", "--quiet")
    return [
        _ruff("check", *config, *options, str(path)),
        _ruff("format", "--diff", *config, str(path)),
    ]


def test_the_code_passes_ruff():
    assert _ruff("check", "--no-cache", ".")[0] == 0, _ruff("check", "--no-cache", ".")[1]


def test_the_code_is_formatted():
    code, text = _ruff("format", "--check", "--no-cache", "--quiet", ".")
    assert code == 0, f"run `ruff format .`\n{text}"


# A lab imports what students may call, such as `hint`, and calls not all of it.
@pytest.mark.parametrize(("kind", "options"), [("course", ()), ("labs", ("--ignore", "F401"))])
def test_the_code_cells_of_the_sources_pass_ruff_and_are_formatted(kind, options, tmp_path):
    sources = sorted((ROOT / "source" / kind).glob("*.md"))
    assert len([_as_notebook(source, tmp_path) for source in sources]) >= 8
    for code, text in _both(tmp_path, *options):
        assert code == 0, text


@pytest.mark.parametrize(
    ("cell", "check", "form"),
    [("x = 1\nx", 0, 0), ("import os\n\nx = 1\nx", 1, 0), ("x=1\nx", 0, 1)],
)
def test_a_fault_in_a_code_cell_is_noticed(tmp_path, cell, check, form):
    source = tmp_path / "04_page.md"
    source.write_text(f"# Title\n\n```{{code-cell}} ipython3\n:tags: [demo]\n\n{cell}\n```\n")
    assert [code for code, _ in _both(_as_notebook(source, tmp_path))] == [check, form]
