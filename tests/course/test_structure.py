"""Every course notebook has every part of the form, in order; every lab its own."""

import re
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from lnnn.build import project
from lnnn.build.widgets import STATE, VIEW, models_of
from lnnn.learn import quiz_source
from lnnn.learn.errors import LearnError

PARTS = (
    "Predict first",
    "Break it",
    "Move it",
    "Derive it",
    "Fix it",
    "In the wild",
    "Quiz",
    "Recap",
)
# The first page shows the way, the last one tries claims; every other has the parts above.
OTHER_PARTS = {
    "00_start_here": (
        "Three ways to use it",
        "Move your first slider",
        "The map",
        "Where to begin",
        "What you have done",
        "Symbols",
        "Glossary",
        "Recap",
    ),
    "09_claims_on_trial": (
        "Predict first",
        "Move it",
        "On trial",
        "Verdicts",
        "Quiz",
        "Recap",
    ),
}
_DOI = re.compile(r"https?://(?:dx\.)?doi\.org/([^)\s]*)")
_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.M | re.S)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_IMG = re.compile(r"<img\b[^>]*>", re.S)


def _names(kind):
    return [source.name for source in project.find_sources() if source.kind == kind]


def _notebook(path):
    return nbformat.read(project.ROOT / path, as_version=4)


# What is wrong with a notebook, as sentences. Empty lists are good news.


def wrong_parts(notebook):
    """The H2 headings of the form, each there, in order."""
    parts = OTHER_PARTS.get(notebook["metadata"]["lnnn"]["name"], PARTS)
    headings = re.findall(r"^## (.+?)\s*$", _prose(notebook), re.M)
    found = list(dict.fromkeys(h for h in headings if h in parts))
    missing = [f"no part `## {part}`" for part in parts if part not in found]
    if not missing and found != list(parts):
        return [f"the parts stand in the order {found}"]
    return missing


def wrong_head(notebook):
    """Title, level, minutes, what it builds on, three or four verbs."""
    head = notebook["cells"][0]["source"]
    fields = {
        "a title": r"\A# \S",
        "a level": r"\*\*Level:\*\*\s*\w+",
        "its minutes": r"\*\*Minutes:\*\*\s*\d+\b",
        "what it builds on": r"\*\*Builds on:\*\*\s*\[?\w+",
        "“You will be able to”": r"\*\*You will be able to\b",
    }
    wrong = [f"the head lacks {what}" for what, p in fields.items() if not re.search(p, head)]
    verbs = re.findall(r"^[-*] \*\*\w+\*\*", head.partition("You will be able to")[2], re.M)
    if not 3 <= len(verbs) <= 4:
        wrong.append(f"{len(verbs)} verbs under “You will be able to”, not 3 or 4")
    return wrong


def wrong_explorables(notebook):
    """An explorable with logits and temperature; each one usable with no kernel."""
    state = models_of(notebook)
    wrong, complete = [], False
    for cell, data, _ in _shown(notebook):
        model = state.get(data.get(VIEW, {}).get("model_id"), {})
        controls = model.get("state", {}).get("_controls")
        if not controls:
            continue
        names = [control["name"] for control in controls]
        complete |= (
            "explore" in cell["metadata"]["tags"]
            and any(name.startswith("logit") for name in names)
            and "temperature" in names
        )
        if "image/png" not in data or "text/plain" not in data:
            wrong.append(f"{cell['id']}: the explorable has no picture for a page without it")
        if not model["state"].get("_recording"):
            wrong.append(f"{cell['id']}: the explorable has no recording")
    if not complete:
        wrong.append("no explorable in a cell tagged `explore` has sliders for logits and T")
    return wrong


def wrong_quiz(notebook):
    """A cell asks the page's own quiz, whose questions have three options or more.

    What else a quiz must be, ``quiz_source`` asks when it reads one.
    """
    name = notebook["metadata"]["lnnn"]["name"]
    cells = [c for c in notebook["cells"] if "quiz" in c["metadata"].get("tags", [])]
    if not any(f'quiz("{name}")' in cell["source"] for cell in cells):
        return [f'no cell tagged `quiz` calls quiz("{name}")']
    try:
        questions = quiz_source.load(name).questions
    except LearnError as error:
        return [str(error)]
    few = [question.id for question in questions if len(question.options) < 3]
    return [f"{question}: fewer than three options" for question in few]


def wrong_pictures(notebook):
    """Alt text on every picture: outputs, Markdown, HTML."""
    wrong = []
    for cell, data, metadata in _shown(notebook):
        for mime in data:
            alt = metadata.get(mime, {}).get("alt", "")
            if mime.startswith("image/") and len(alt.split()) < 3:
                wrong.append(f"{cell['id']}: a picture without alt text")
    for cell, bang, alt, target in _links(notebook):
        if bang and len(alt.split()) < 3:
            wrong.append(f"{cell['id']}: no alt text on {target}")
    for cell in _markdown(notebook):
        for tag in _IMG.findall(cell["source"]):
            if not re.search(r"\balt=[\"'][^\"']+", tag):
                wrong.append(f"{cell['id']}: no alt text on {tag}")
    return wrong


def wrong_links(notebook, folder):
    """Relative links lead to a file, attachments to an attachment."""
    wrong = []
    for cell, _, _, target in _links(notebook):
        if target.startswith("attachment:"):
            resolved = target.removeprefix("attachment:") in cell.get("attachments", {})
        else:
            path = folder / target.partition("#")[0]
            resolved = re.match(r"[a-z]+:", target) or path.exists()
        if not resolved:
            wrong.append(f"{cell['id']}: {target} leads nowhere")
    return wrong


def wrong_references(notebook):
    """At least one paper in the recap, by its DOI; every DOI on the page well-formed."""
    prose = _prose(notebook)
    wrong = [
        f"doi.org/{doi} is no DOI: it begins with 10., a registrant, a slash"
        for doi in _DOI.findall(prose)
        if not re.fullmatch(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9]+", doi)
    ]
    if notebook["metadata"]["lnnn"]["name"] == "00_start_here":
        return wrong
    if not _DOI.search(prose.partition("\n## Recap")[2]):
        wrong.append("the recap names no paper by its DOI (https://doi.org/10.…)")
    return wrong


def wrong_lab(notebook):
    """Every answer is followed by its check; the head says what the lab leaves out.

    A demo may stand between them: a place to try inputs.
    """
    wrong = []
    head = notebook["cells"][0]["source"]
    for field in ("Level", "Time", "Builds on", "Not in this lab"):
        if f"**{field}:**" not in head:
            wrong.append(f"the head lacks **{field}:**")
    code = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "demo" not in cell["metadata"]["tags"]
    ]
    for cell, after in zip(code, [*code[1:], {"id": ""}], strict=True):
        if cell["id"].startswith("answer-"):
            function = cell["id"].removeprefix("answer-")
            if after["id"] != f"check-{function}":
                wrong.append(f"{cell['id']} is not followed by check({function.replace('-', '_')})")
    return wrong


def _markdown(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]


def _prose(notebook):
    return _FENCED.sub("", "\n\n".join(cell["source"] for cell in _markdown(notebook)))


def _links(notebook):
    """(cell, "!" of a picture or "", text, target) of every link of the prose."""
    for cell in _markdown(notebook):
        for link in _LINK.findall(_FENCED.sub("", cell["source"])):
            yield cell, *link


def _shown(notebook):
    """(cell, data, metadata) of every output that is no stream and no error."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if "data" in output:
                yield cell, output["data"], output["metadata"]


FORM = (wrong_parts, wrong_head, wrong_explorables, wrong_quiz, wrong_pictures, wrong_references)

# The committed notebooks.


def test_there_is_a_course_and_there_are_labs():
    assert _names("course")
    assert _names("lab")


@pytest.mark.parametrize("name", _names("course"))
@pytest.mark.parametrize("wrong", FORM)
def test_a_course_notebook_has_the_form(name, wrong):
    assert wrong(_notebook(f"course/{name}.ipynb")) == []


@pytest.mark.parametrize("name", _names("lab"))
def test_a_lab_has_its_form(name):
    assert wrong_lab(_notebook(f"labs/{name}.ipynb")) == []
    assert wrong_pictures(_notebook(f"solutions/{name}.ipynb")) == []


@pytest.mark.parametrize(
    "path",
    [
        product.path
        for source in project.find_sources()
        for product in project.products_of(source)
        if product.kind != "release"
    ],
    ids=str,
)
def test_every_relative_link_leads_somewhere(path):
    assert wrong_links(_notebook(path), project.ROOT / path.parent) == []


# The checks themselves: a notebook in form, and what each fault in it is called.

HEAD = """\
# 04 · A page

- **Level:** basic
- **Minutes:** 35
- **Builds on:** nothing

**You will be able to**

- **choose** one;
- **bound** it;
- **explain** why.
"""


def _code(text, tag, *outputs):
    return new_code_cell(text, id=tag, metadata={"tags": [tag]}, outputs=[*outputs])


@pytest.fixture
def good():
    view = {VIEW: {"model_id": "w"}, "image/png": "", "text/plain": "It holds."}
    alt = {"image/png": {"alt": "Both formulas hold."}}
    shown = new_output("display_data", data=view, metadata=alt)
    controls = [{"name": "logit_1"}, {"name": "temperature"}]
    model = {"state": {"_controls": controls, "_recording": {"scenes": [1]}}}
    parts = [new_markdown_cell(f"## {part}\n\ntext") for part in PARTS[:-1]]
    parts.insert(3, _code("explore.shift(f)", "explore", shown))
    parts.append(_code('quiz("04_log_softmax")', "quiz"))
    recap = "## Recap\n\n[1](https://doi.org/10.1093/imanum/draa038) ![a plain picture](p.png)"
    return {
        "cells": [new_markdown_cell(HEAD), *parts, new_markdown_cell(recap)],
        "metadata": {
            "lnnn": {"name": "04_log_softmax"},
            "widgets": {STATE: {"state": {"w": model}}},
        },
    }


@pytest.fixture
def all_wrong(tmp_path):
    """``all_wrong(notebook)``: every fault of a page that stands beside one picture, p.png."""
    (tmp_path / "p.png").touch()

    def find(notebook):
        faults = [fault for wrong in FORM for fault in wrong(notebook)]
        return faults + wrong_links(notebook, tmp_path)

    return find


def test_a_notebook_in_form_has_no_fault(good, all_wrong):
    assert all_wrong(good) == []


def _edit(old, new):
    def fault(notebook):
        for cell in notebook["cells"]:
            cell["source"] = cell["source"].replace(old, new)

    return fault


def _rename(notebook):
    notebook["metadata"]["lnnn"]["name"] = "04_page"
    _edit("04_log_softmax", "04_page")(notebook)


def _swap(notebook):
    cells = notebook["cells"]
    cells[1], cells[2] = cells[2], cells[1]


def _without(*keys):
    def fault(notebook):
        output = notebook["cells"][4]["outputs"][0]
        for key in keys[:-1]:
            output = output[key]
        del output[keys[-1]]

    return fault


def _controls(*names):
    def fault(notebook):
        models_of(notebook)["w"]["state"]["_controls"] = [{"name": name} for name in names]

    return fault


def _no_recording(notebook):
    models_of(notebook)["w"]["state"]["_recording"] = {}


def _other_tag(notebook):
    notebook["cells"][4]["metadata"]["tags"] = ["demo"]


FAULTS = {
    "a part is missing": (_edit("## Fix it", "## Mend it"), "no part `## Fix it`"),
    "a part is a smaller heading": (_edit("## Quiz", "### Quiz"), "no part `## Quiz`"),
    "two parts are swapped": (_swap, "in the order"),
    "no level": (_edit("**Level:** basic", ""), "lacks a level"),
    "no minutes": (_edit("35", "some"), "lacks its minutes"),
    "no builds on": (_edit("**Builds on:**", ""), "lacks what it builds on"),
    "two verbs": (_edit("- **bound** it;\n", ""), "2 verbs"),
    "no temperature": (_controls("logit_1", "offset"), "sliders for logits and T"),
    "no logits": (_controls("temperature", "offset"), "sliders for logits and T"),
    "an explorable in a demo cell": (_other_tag, "sliders for logits and T"),
    "no fallback picture": (_without("data", "image/png"), "has no picture"),
    "no recording": (_no_recording, "has no recording"),
    "no alt text": (_without("metadata", "image/png"), "without alt text"),
    "no alt text in Markdown": (_edit("![a plain picture]", "![]"), "no alt text on p.png"),
    "no alt text in HTML": (_edit("text", '<img src="p.png">'), "no alt text on <img"),
    "another quiz": (_edit("04_log", "05_log"), "no cell tagged `quiz`"),
    "no quiz of this name": (_rename, "there is no quiz of this name"),
    "a dead link": (_edit("p.png", "q.png"), "q.png leads nowhere"),
    "a dead attachment": (_edit("p.png", "attachment:p.png"), "leads nowhere"),
    "no DOI": (_edit("doi.org/10.", "example.org/"), "no paper by its DOI"),
    "a DOI cut short": (_edit("10.1093/imanum/draa038", "10.1093"), "doi.org/10.1093 is no DOI"),
    "a DOI without its prefix": (_edit("10.1093/", ""), "doi.org/imanum/draa038 is no DOI"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_in_the_form_is_named(good, all_wrong, fault, sentence):
    fault(good)
    assert any(sentence in wrong for wrong in all_wrong(good))


def test_a_question_with_two_options_is_named(good, monkeypatch):
    asked = quiz_source.load("04_log_softmax")
    first = replace(asked.questions[0], id="few", options=asked.questions[0].options[:2])
    shorter = replace(asked, questions=(first, *asked.questions[1:]))
    monkeypatch.setattr(quiz_source, "load", lambda name: shorter)
    assert wrong_quiz(good) == ["few: fewer than three options"]


def test_a_lab_answer_without_its_check_is_named():
    head = "**Level:** a **Time:** b **Builds on:** c **Not in this lab:** d"
    cells = [new_markdown_cell(head), _code("", "answer"), _code("", "check")]
    cells[1]["id"], cells[2]["id"] = "answer-log-softmax", "check-log-softmax"
    assert wrong_lab({"cells": cells}) == []
    cells.insert(2, _code("", "demo"))
    assert wrong_lab({"cells": cells}) == []
    cells[2] = cells.pop()
    cells[2]["id"] = "check-softmax"
    assert wrong_lab({"cells": cells}) == [
        "answer-log-softmax is not followed by check(log_softmax)"
    ]
    cells[0]["source"] = head.replace("**Not in this lab:**", "")
    assert "the head lacks **Not in this lab:**" in wrong_lab({"cells": cells})
