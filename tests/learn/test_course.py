"""The pages of the course, read from their own text: heads, symbols, words, the map."""

import json
import shutil

import matplotlib
import pytest

from lnnn.build.project import ROOT
from lnnn.learn import concept_map, course
from lnnn.learn.errors import LearnError

matplotlib.use("Agg")

PAGE = """\
# 03 · Log-sum-exp

- **Level:** intermediate
- **Minutes:** 40
- **Builds on:** [01 · ln basics](01_ln_basics.ipynb), [02 · Floats](02_floats.ipynb)

```python
# 99 · Not a title
```

## Recap

**New symbols**

| symbol | meaning | unit |
|---|---|---|
| $m$ | largest logit | |
| $\\ell$ | loss | nats |

**New words**

- **smooth maximum**: never below the largest.
- **nat**: a unit; **bit**: another.

**References**

- **Bold** but no word.
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with one built page."""
    cells = [{"cell_type": "markdown", "source": [PAGE]}, {"cell_type": "code", "source": "# 1"}]
    (tmp_path / "03_logsumexp.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return tmp_path


def test_a_page_is_read_from_its_own_head_and_recap():
    page = course.parse("03_logsumexp", PAGE)
    assert (page.number, page.title) == ("03", "Log-sum-exp")
    assert (page.level, page.minutes) == ("intermediate", 40)
    assert page.builds_on == ("01", "02")
    assert page.symbols == (("$m$", "largest logit", ""), ("$\\ell$", "loss", "nats"))
    assert page.words == (
        ("smooth maximum", ": never below the largest."),
        ("nat", ": a unit; **bit**: another."),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("**Level:**", ""),
        ("**Minutes:**", ""),
        ("**Builds on:**", ""),
        ("40", "forty"),
        ("- **Minutes", "\nMinutes"),
    ],
)
def test_a_head_that_lacks_a_field_is_named(old, new):
    with pytest.raises(LearnError, match=r"03_logsumexp: the head needs three lines"):
        course.parse("03_logsumexp", PAGE.replace(old, new))


def test_a_page_in_another_language_is_read_alike():
    said = {
        "Level": "Nivel",
        "Minutes": "Minutos",
        "Builds on": "Se apoya en",
        "Recap": "Resumen",
        "New symbols": "símbolos nuevos",
        "New words": "palabras nuevas",
        "References": "Bibliografía",
    }
    translated = PAGE
    for english, spanish in said.items():
        assert english in translated
        translated = translated.replace(english, spanish)
    assert course.parse("03_logsumexp", translated) == course.parse("03_logsumexp", PAGE)


def test_a_page_without_a_title_is_named():
    with pytest.raises(LearnError, match="03_logsumexp: no title"):
        course.parse("03_logsumexp", PAGE.replace("# 03 ·", "#"))


def test_a_folder_without_pages_says_what_to_do(tmp_path):
    with pytest.raises(LearnError, match="Open the notebook from the folder course/"):
        course.read(tmp_path)


def test_tables_name_the_page(folder):
    assert str(course.symbols(folder)).splitlines()[2:] == [
        "| $m$ | largest logit |  | [03](03_logsumexp.ipynb) |",
        "| $\\ell$ | loss | nats | [03](03_logsumexp.ipynb) |",
    ]
    assert str(course.glossary(folder)).splitlines() == [
        "- **nat**: a unit; **bit**: another. ([03](03_logsumexp.ipynb))",
        "- **smooth maximum**: never below the largest. ([03](03_logsumexp.ipynb))",
    ]
    row = "| [03 · Log-sum-exp](03_logsumexp.ipynb) | intermediate | 40 | 01, 02 |"
    assert str(course.pages(folder)).splitlines()[2:] == [row]


def test_the_sources_and_the_notebooks_built_from_them_say_the_same(tmp_path):
    for path in (ROOT / "course").glob("*.ipynb"):
        shutil.copy(path, tmp_path)
    built = course.read(tmp_path)
    assert built == course.read(ROOT / "course")
    assert len(built) > 1


def test_no_symbol_and_no_word_is_brought_in_twice():
    for what in ("symbols", "words"):
        seen = [entry[0] for page in course.read(ROOT / "course") for entry in getattr(page, what)]
        assert sorted(set(seen)) == sorted(seen)


def test_every_page_brings_in_words_and_builds_on_earlier_pages_alone():
    known = course.read(ROOT / "course")
    for page in known:
        assert page.words, page.name
        assert all(number < page.number for number in page.builds_on), page.name
        assert page.builds_on or page.number == "00", page.name


def test_the_map_has_an_arrow_for_each_page_that_another_builds_on():
    import matplotlib.pyplot as plt

    pages = course.read(ROOT / "course")
    concept_map.draw(pages)
    ax = plt.gcf().axes[0]
    assert len(ax.patches) == sum(len(page.builds_on) for page in pages)
    shown = [text.get_text() for text in ax.texts]
    assert shown == [f"{page.number} · {page.title}" for page in pages]
    plt.close("all")


def test_the_finding_counts_the_pages_that_build_on_one():
    numbers = {"01": (), "02": ("01",), "03": ("01", "02")}
    pages = [
        course.Page(f"{n}_x", n, f"Page {n}", "beginner", 30, b, (), ()) for n, b in numbers.items()
    ]
    assert concept_map.finding(tuple(pages)) == "Most pages build on 01 · Page 01: 2 of them"
