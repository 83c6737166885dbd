"""Every course notebook has every part of the form, in order; every lab its own."""

import copy
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

from lnnn.build import project
from lnnn.build.widgets import STATE, VIEW, models_of

PACKAGE = Path(project.__file__).parents[1]
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
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            model = state.get(output.get("data", {}).get(VIEW, {}).get("model_id"), {})
            controls = model.get("state", {}).get("_controls")
            if not controls:
                continue
            names = [control["name"] for control in controls]
            complete |= (
                "explore" in cell["metadata"]["tags"]
                and any(name.startswith("logit") for name in names)
                and "temperature" in names
            )
            if "image/png" not in output["data"] or "text/plain" not in output["data"]:
                wrong.append(f"{cell['id']}: the explorable has no picture for a page without it")
            if not model["state"].get("_recording"):
                wrong.append(f"{cell['id']}: the explorable has no recording")
    if not complete:
        wrong.append("no explorable in a cell tagged `explore` has sliders for logits and T")
    return wrong


def quiz_of(name):
    """Where the quiz of a page or of a lab stands."""
    if name.startswith("lab"):
        return PACKAGE / "labs" / name / "quiz.toml"
    return PACKAGE / "learn" / "quizzes" / f"{name}.toml"


def wrong_quiz(notebook, folder=None):
    """3 to 5 questions (6 for placement), a hint for each, an explanation for every option."""
    name = notebook["metadata"]["lnnn"]["name"]
    cells = [c for c in notebook["cells"] if "quiz" in c["metadata"].get("tags", [])]
    if not any(f'quiz("{name}")' in cell["source"] for cell in cells):
        return [f'no cell tagged `quiz` calls quiz("{name}")']
    path = folder / f"{name}.toml" if folder else quiz_of(name)
    if not path.is_file():
        return [f"no file {path.parent.name}/{path.name}"]
    questions = tomllib.loads(path.read_text(encoding="utf-8")).get("question", [])
    wrong = []
    places = any("page" in question for question in questions)
    if not (len(questions) == 6 if places else 3 <= len(questions) <= 5):
        wrong.append(f"{len(questions)} questions, not {6 if places else '3 to 5'}")
    for number, question in enumerate(questions, 1):
        options = question.get("option", [])
        if not question.get("text", "").strip() or not question.get("hint", "").strip():
            wrong.append(f"question {number} lacks its text or its hint")
        if len(options) < 3 or sum(o.get("correct", False) for o in options) != 1:
            wrong.append(f"question {number} needs three options or more, one of them correct")
        for option in options:
            if not option.get("text", "").strip() or not option.get("explanation", "").strip():
                wrong.append(f"question {number}: an option lacks its text or its explanation")
    return wrong


def wrong_pictures(notebook):
    """Alt text on every picture: outputs, Markdown, HTML."""
    wrong = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for mime in output.get("data", {}):
                alt = output["metadata"].get(mime, {}).get("alt", "")
                if mime.startswith("image/") and len(alt.split()) < 3:
                    wrong.append(f"{cell['id']}: a picture without alt text")
        if cell["cell_type"] != "markdown":
            continue
        for bang, alt, target in _LINK.findall(_FENCED.sub("", cell["source"])):
            if bang and len(alt.split()) < 3:
                wrong.append(f"{cell['id']}: no alt text on {target}")
        for tag in _IMG.findall(cell["source"]):
            if not re.search(r"\balt=[\"'][^\"']+", tag):
                wrong.append(f"{cell['id']}: no alt text on {tag}")
    return wrong


def wrong_links(notebook, folder):
    """Relative links lead to a file, attachments to an attachment."""
    wrong = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        for _, _, target in _LINK.findall(_FENCED.sub("", cell["source"])):
            path = target.partition("#")[0]
            if target.startswith("attachment:"):
                resolved = target.removeprefix("attachment:") in cell.get("attachments", {})
            else:
                resolved = re.match(r"[a-z]+:", target) or (folder / path).exists()
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


def _prose(notebook):
    cells = [c["source"] for c in notebook["cells"] if c["cell_type"] == "markdown"]
    return _FENCED.sub("", "\n\n".join(cells))


# The committed notebooks.


def test_there_is_a_course_and_there_are_labs():
    assert _names("course")
    assert _names("lab")


@pytest.mark.parametrize("name", _names("course"))
@pytest.mark.parametrize(
    "wrong",
    [
        wrong_parts,
        wrong_head,
        wrong_explorables,
        wrong_quiz,
        wrong_pictures,
        wrong_references,
    ],
)
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
QUESTION = """\
[[question]]
text = "Which?"
hint = "Think."
""" + "".join(
    f"""\
[[question.option]]
text = "{letter}"
explanation = "Because."
correct = {str(letter == "a").lower()}
"""
    for letter in "abc"
)


def _markdown(text, **more):
    return {"cell_type": "markdown", "id": "m", "metadata": {}, "source": text, **more}


def _code(text, tag, *outputs):
    metadata = {"tags": [tag]}
    return {
        "cell_type": "code",
        "id": tag,
        "metadata": metadata,
        "source": text,
        "outputs": [*outputs],
    }


@pytest.fixture
def good():
    view = {VIEW: {"model_id": "w"}, "image/png": "", "text/plain": "It holds."}
    shown = {
        "output_type": "display_data",
        "data": view,
        "metadata": {"image/png": {"alt": "Both formulas hold."}},
    }
    controls = [{"name": "logit_1"}, {"name": "temperature"}]
    model = {"state": {"_controls": controls, "_recording": {"scenes": [1]}}}
    parts = [_markdown(f"## {part}\n\ntext") for part in PARTS[:-1]]
    parts.insert(3, _code("explore.shift(f)", "explore", shown))
    parts.append(_code('quiz("04_page")', "quiz"))
    recap = "## Recap\n\n[1](https://doi.org/10.1093/imanum/draa038) ![a plain picture](p.png)"
    return {
        "cells": [_markdown(HEAD), *parts, _markdown(recap)],
        "metadata": {
            "lnnn": {"name": "04_page"},
            "widgets": {STATE: {"state": {"w": model}}},
        },
    }


@pytest.fixture
def quizzes(tmp_path):
    (tmp_path / "04_page.toml").write_text(QUESTION * 3)
    (tmp_path / "p.png").touch()
    return tmp_path


def _all_wrong(notebook, folder):
    return [
        *wrong_parts(notebook),
        *wrong_head(notebook),
        *wrong_explorables(notebook),
        *wrong_quiz(notebook, folder),
        *wrong_pictures(notebook),
        *wrong_links(notebook, folder),
        *wrong_references(notebook),
    ]


def test_a_notebook_in_form_has_no_fault(good, quizzes):
    assert _all_wrong(good, quizzes) == []


def _edit(old, new):
    def fault(notebook, quizzes):
        for cell in notebook["cells"]:
            cell["source"] = cell["source"].replace(old, new)

    return fault


def _edit_quiz(old, new, count=1):
    def fault(notebook, quizzes):
        path = quizzes / "04_page.toml"
        path.write_text(path.read_text().replace(old, new, count))

    return fault


def _swap(notebook, quizzes):
    cells = notebook["cells"]
    cells[1], cells[2] = cells[2], cells[1]


def _without(*keys):
    def fault(notebook, quizzes):
        output = notebook["cells"][4]["outputs"][0]
        for key in keys[:-1]:
            output = output[key]
        del output[keys[-1]]

    return fault


def _controls(*names):
    def fault(notebook, quizzes):
        models_of(notebook)["w"]["state"]["_controls"] = [{"name": name} for name in names]

    return fault


def _no_recording(notebook, quizzes):
    models_of(notebook)["w"]["state"]["_recording"] = {}


def _other_tag(notebook, quizzes):
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
    "another quiz": (_edit("04_page", "05_page"), "no cell tagged `quiz`"),
    "two questions": (_edit_quiz(QUESTION, ""), "2 questions"),
    "six questions": (_edit_quiz(QUESTION, QUESTION * 4), "6 questions"),
    "no hint": (_edit_quiz('"Think."', '""'), "question 1 lacks"),
    "no explanation": (_edit_quiz('"Because."', '" "'), "lacks its text or its explanation"),
    "nothing correct": (_edit_quiz("correct = true", "correct = false"), "one of them correct"),
    "two correct": (_edit_quiz("correct = false", "correct = true"), "one of them correct"),
    "a dead link": (_edit("p.png", "q.png"), "q.png leads nowhere"),
    "a dead attachment": (_edit("p.png", "attachment:p.png"), "leads nowhere"),
    "no DOI": (_edit("doi.org/10.", "example.org/"), "no paper by its DOI"),
    "a DOI cut short": (_edit("10.1093/imanum/draa038", "10.1093"), "doi.org/10.1093 is no DOI"),
    "a DOI without its prefix": (_edit("10.1093/", ""), "doi.org/imanum/draa038 is no DOI"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_in_the_form_is_named(good, quizzes, fault, sentence):
    broken = copy.deepcopy(good)
    fault(broken, quizzes)
    assert any(sentence in wrong for wrong in _all_wrong(broken, quizzes))


def test_a_lab_answer_without_its_check_is_named():
    head = "**Level:** a **Time:** b **Builds on:** c **Not in this lab:** d"
    cells = [_markdown(head), _code("", "answer"), _code("", "check")]
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
