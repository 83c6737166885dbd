"""The README: its links lead somewhere, it lists every notebook, its pictures show what is so."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s#]+)")


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_to_a_file(page):
    path = ROOT / page
    links = [link for link in _LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in links if not (path.parent / link).exists()]
    assert missing == []


def test_the_readme_lists_every_notebook_and_every_lab():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    built = [p.relative_to(ROOT) for d in ("course", "labs") for p in (ROOT / d).glob("*.ipynb")]
    assert built
    assert [str(p) for p in built if f"({p})" not in text] == []


def test_every_picture_of_the_readme_has_an_alt_text_that_says_what_it_shows():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[([^\]]*)\]\(", text)
    assert len(pictures) >= 3
    assert all(len(alt) > 40 for alt in pictures)


@pytest.fixture(scope="module")
def drawing():
    """The script that draws the pictures."""
    spec = importlib.util.spec_from_file_location("readme_images", ROOT / "docs/readme_images.py")
    module = importlib.util.module_from_spec(spec)
    before = [*sys.path]
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.mark.parametrize(
    "picture",
    ["notebook", "check", pytest.param("feedback", marks=pytest.mark.needs_bwrap)],
)
def test_a_picture_of_the_readme_shows_what_is_said_today(drawing, tmp_path, picture):
    drawn = (IMAGES / f"{picture}.txt").read_text(encoding="utf-8")
    today = drawing.WORDS[picture](tmp_path)
    assert len(today.split()) > 20, "a picture that says nothing can't be told from any other"
    assert today == drawn, f"docs/images/{picture}.png is out of date: run `make screenshots`"


def test_every_picture_has_its_words(drawing):
    assert {path.stem for path in IMAGES.glob("*.png")} == set(drawing.WORDS)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(docs/images/(\w+)\.png\)", text)) == set(drawing.WORDS)
