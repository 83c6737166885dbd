"""What is built from a source in another language speaks it, whatever the machine does."""

import json
from pathlib import Path

import pytest
from examples import log_softmax
from IPython.core.inputtransformer2 import TransformerManager
from pseudo import said

from lnnn import messages
from lnnn.build.errors import BuildError
from lnnn.build.notebook import SETUP, assemble, release_record
from lnnn.build.source import read_source

SOURCE = """\
---
lnnn:
  lang: {lang}
---

# 04 · Log-softmax

```{{code-cell}} ipython3
:tags: [imports]

from lnnn import check, explore, quiz
```

```{{code-cell}} ipython3
:tags: [explore]

explorable = explore.side_by_side(log_softmax)
```

```{{code-cell}} ipython3
:tags: [quiz]

questions = quiz("04_log_softmax")
```

```{{code-cell}} ipython3
:tags: [check]

report = check(log_softmax)
```
"""


def source(folder, lang, kind="course"):
    path = folder / "04_log_softmax.md"
    path.write_text(SOURCE.format(lang=lang), encoding="utf-8")
    return read_source(path, kind, Path(path.name))


def built(folder, lang, kind="course"):
    return assemble(source(folder, lang, kind), kind)


def run(notebook):
    """What the notebook's cells define, run one after the other in this process."""
    scope = {"log_softmax": log_softmax}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(TransformerManager().transform_cell(cell.source), scope)
    return scope


def spoken(notebook):
    """(what its explorable, the page of that, its quiz and its checks say)"""
    scope = run(notebook)
    explorable = scope["explorable"]
    quiz = scope["questions"]
    return (
        explorable.scene.finding,
        explorable._words["reset"],
        quiz.words["check"],
        str(scope["report"]).splitlines()[0],
    )


def test_a_notebook_of_an_edition_speaks_its_language_on_any_machine(
    speaks, found, tmp_path, monkeypatch
):
    messages_found = {message for _file, message in found}
    speaks(
        "xx", {m: said(m) if isinstance(m, str) else tuple(map(said, m)) for m in messages_found}
    )
    monkeypatch.setenv("LNNN_LANGUAGE", "en")
    english = spoken(built(tmp_path, "en"))
    assert english[1:3] == ("Reset", "Check answer")
    for one, other in zip(english, spoken(built(tmp_path, "xx")), strict=True):
        assert "⟦" not in one
        assert "⟦" in other


def test_the_set_up_cell_is_the_only_cell_that_differs_and_the_english_one_is_as_ever(tmp_path):
    english, other = (built(tmp_path, lang, "lab") for lang in ("en", "pt_BR"))
    assert english.cells[1].source == SETUP
    differing = [a.id for a, b in zip(english.cells, other.cells, strict=True) if a != b]
    assert differing == ["setup"]
    of = source(tmp_path, "en", "lab")
    records = [json.dumps(release_record(of, notebook)) for notebook in (english, other)]
    assert records[0] != records[1]


def test_an_edition_without_a_catalogue_says_so_before_anything_else(speaks, tmp_path):
    with pytest.raises(LookupError, match="'zz': the course does not speak this language yet"):
        run(built(tmp_path, "zz"))
    assert messages.language() == "en"


@pytest.mark.parametrize("lang", ["Spanish", "es-ES", "[es]", "'x\"); import os'", "''"])
def test_a_language_that_is_no_language_stops_the_build(tmp_path, lang):
    with pytest.raises(BuildError, match=r"04_log_softmax\.md: `lang` .* such as es or pt_BR, not"):
        built(tmp_path, lang)
