"""What the grader says to students and instructors: pages, lines on the terminal, notes."""

import io
import json
import re
from dataclasses import replace

import pytest
from pseudo import assert_said, lines_of_html
from rich.console import Console

from lnnn.build.project import ROOT
from lnnn.grading import batch
from lnnn.grading.batch import find_submissions
from lnnn.grading.jail import Limits
from lnnn.grading.results import ResultsFolder
from lnnn.grading.runner import STATUSES, Graded, Grader
from lnnn.grading.suites import Suites, SuitesError, find_suites
from lnnn.grading.terminal import RunDisplay
from lnnn.grading.trial import lost_rules
from lnnn.report import feedback

pytestmark = pytest.mark.slow

LAB = "lab04_log_softmax"
HIDDEN = ROOT / "tests" / "hidden"
LIMITS = Limits(call_seconds=2.0, total_seconds=15.0, memory_mb=512)
# Names of functions, labs, columns of the results and walls, which are names of files and code.
NAMES = (
    r"(?<!\w)(masked_log_softmax|log_softmax|log softmax|softmax)(?!\w)",
    r"\btemperature_for_confidence\b",
    r"\b(bubblewrap|none)\b",
)
SOLVED = json.loads((ROOT / "solutions" / f"{LAB}.ipynb").read_text(encoding="utf-8"))


def said(lines, own=()):
    """Fail unless the lines are said in the language, but for names and what ``own`` matches."""
    assert_said(lines, (*own, *NAMES))


def handed_in(path, *more, without=()):
    """A notebook with the lab's solutions and, last, the cells ``more``."""
    cells = [
        c for c in SOLVED["cells"] if not any(f"def {f}(" in "".join(c["source"]) for f in without)
    ]
    new = [{"cell_type": "code", "metadata": {}, "source": source} for source in more]
    path.write_text(json.dumps(SOLVED | {"cells": [*cells, *new]}), encoding="utf-8")
    return path


TEXTBOOK = """\
def log_softmax(z, axis=-1, temperature=1.0):
    e = np.exp(z)
    return np.log(e / e.sum(axis=axis, keepdims=True))"""
# What the student added to the lab's solutions, and the status that it leads to.
ADDED = {
    "right": ((), "graded"),
    "wrong": ((TEXTBOOK, "%time\nx = 1"), "graded"),
    "raising": (("def softmax(z):\n    raise ValueError",), "graded"),
    "broken": (("1 / 0", "import pandas", "def f(:", "raise SystemExit"), "partial"),
    "endless": (("def softmax(*a, **k):\n    while True: pass",), "timeout"),
    "slow": (("import time", *["time.sleep(0.7)"] * 2), "timeout"),
    "endless_cell": (("while True: pass",), "timeout"),
    "leaving": (("import os\ndef softmax(*a, **k):\n    os._exit(3)",), "crashed"),
    "crashing": (("import ctypes\ndef softmax(*a, **k):\n    ctypes.string_at(8)",), "crashed"),
}
OF_THE_STUDENTS = (
    *(rf"\b{name}\b" for name in ADDED),
    r"\b(cut(\.ipynb)?|pandas|SystemExit|UnboundLocalError|SIGSEGV)\b",
    "invalid syntax",
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, in_pseudo):
    """The results of all these submissions, each graded in the pseudo-language.

    Without a wall, which would say nothing else and need not be installed.
    """
    folder = tmp_path_factory.mktemp("in")
    hasty = replace(LIMITS, total_seconds=1.0)  # for the one whose cells add up
    results: dict[str, Graded] = {}

    def grade(path, grader, lab=None):
        results[path.stem] = grader.grade(grader.read(path, lab))

    with (
        in_pseudo(),
        Grader(Suites(HIDDEN), 5, LIMITS, backend="none") as grader,
        Grader(Suites(HIDDEN), 5, hasty, backend="none") as hurried,
    ):
        for name, (cells, _status) in ADDED.items():
            path = handed_in(folder / f"{name}.ipynb", *cells)
            grade(path, hurried if name == "slow" else grader)
        lacking = ["softmax", "masked_log_softmax"]
        grade(handed_in(folder / "missing.ipynb", without=lacking), grader)
        (folder / "cut.ipynb").write_text('{"cells": [', encoding="utf-8")
        grade(folder / "cut.ipynb", grader, LAB)
    wanted = {name: status for name, (_cells, status) in ADDED.items()}
    wanted |= {"missing": "graded", "cut": "unreadable"}
    assert {name: result.status for name, result in results.items()} == wanted
    return results


@pytest.mark.parametrize("name", [*ADDED, "cut", "missing"])
def test_the_page_of_a_submission(pseudo, graded, name):
    page = feedback.page(graded[name])
    said(lines_of_html(page), (*OF_THE_STUDENTS, r"\bmissing\b"))
    assert "</html>" in page


def test_what_an_answer_loses(pseudo, graded):
    """For maintainers: with what the tests saw, which a student never reads."""
    for name in ("wrong", "raising", "broken"):
        lines, lost = lost_rules(graded[name])
        assert lost
        titles = [line for line in lines if not line.startswith(" ")]
        said(titles, OF_THE_STUDENTS)


@pytest.mark.parametrize("terminal", [True, False])
def test_the_terminal(pseudo, graded, tmp_path, terminal):
    folder = tmp_path / "in"
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("a.txt", ".a.ipynb", "a.zip", *(f"b{n}.txt" for n in range(9))):
        (folder / name).write_text("x")
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=400, color_system=None)
    unknown = Graded("cut", "", "unreadable", 0, 0, problem="x")
    results = ResultsFolder(tmp_path / "out", [*graded, "cut"])
    total = len(graded) + 1
    with RunDisplay(total, 7, find_submissions([folder]).skipped, True, console) as display:
        for result in (*graded.values(), unknown):
            display.done(result)
        if terminal:
            (task,) = display._bar.tasks
            columns = [column.render(task) for column in display._bar.columns[1:]]
            said([column.plain for column in columns])
    display.closing_table(results)
    text = re.sub(r"\x1b\[[\d;?]*\w", "", screen.getvalue())
    path = rf"{re.escape(str(tmp_path))}[\w/.-]*"
    bar = re.compile(r"[ ━╸╺]{30,}\d+/\d+ .*")  # its columns: see above
    lines = [line for line in re.split(r"[\r\n]+", text) if not bar.fullmatch(line)]
    assert len(lines) > len(graded)
    said(lines, (path, *OF_THE_STUDENTS, r"\bmissing\b"))


def test_every_status_has_a_word(pseudo):
    said([feedback.status_word(status) for status in STATUSES])


def test_a_file_that_cannot_be_graded_twice(pseudo):
    said([batch._failed_twice(batch.BrokenProcessPool()), batch._failed_twice(ValueError())])


def test_files_of_one_name(pseudo, tmp_path):
    for folder in ("ann", "bob"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lab04.ipynb").write_text("x")
    notes = [work.note for work in find_submissions([tmp_path]).work]
    said(notes, (r"\b(ann|bob)_lab04\b",))


def test_suites_that_are_not_there(pseudo, tmp_path, monkeypatch):
    with pytest.raises(SuitesError) as none:
        Suites(tmp_path)
    with pytest.raises(SuitesError) as unknown:
        Suites(HIDDEN).lab("lab77")
    for name in ("test_lab04_a.py", "test_lab04_b.py"):
        (tmp_path / name).write_text("")
    with pytest.raises(SuitesError) as several:
        Suites(tmp_path).lab("lab04")
    monkeypatch.setattr("lnnn.grading.suites.__file__", str(tmp_path / "x" / "suites.py"))
    with pytest.raises(SuitesError) as nowhere:
        find_suites(tmp_path / "x")
    lines = [str(caught.value) for caught in (none, unknown, several, nowhere)]
    said(
        lines, (rf"{re.escape(str(tmp_path))}[\w/]*", r"test_lab\*\.py", "--suites", "tests/hidden")
    )
