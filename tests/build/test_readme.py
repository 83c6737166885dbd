"""The README: its links lead somewhere, and it lists every notebook and lab there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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
