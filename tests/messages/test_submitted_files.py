"""What is said of a file that was handed in: why it can't be graded, and what was odd about it."""

import functools
import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import small_lab
from pseudo import assert_said
from small_lab import code, text_cell
from test_submission_files import MALFORMED, as_bytes

from lnnn.build.project import ROOT
from lnnn.grading.causes import Ledger, at_most
from lnnn.grading.jail import Jail
from lnnn.grading.reading import Reader, words
from lnnn.grading.resuming_caller import only_these_imports
from lnnn.grading.submission import CellError, Statement
from lnnn.grading.suites import Suites

notebook = functools.partial(small_lab.notebook, lab="lab04_log_softmax")
OLD = {"worksheets": [{"cells": [code("x = 1")]}], "nbformat": 3, "metadata": {}}
MAGICS = "\n".join(f"%load_ext number{n}" for n in range(7))
UNREADABLE = {kind: content for kind, (content, _reason) in MALFORMED.items()} | {
    "true": "true",
    "another lab": json.dumps(notebook([], lab="homework")),
    "no lab": json.dumps(notebook([], lab=None)),
}
ODD = {
    "no cell": [None, 5, "text", [], True, {"cell_type": "code"}, code("x = 1")],
    "a copy": [code("def f(): pass", "a")] * 2,
    "commands": [code("%time\n!ls\nx = 1"), code(MAGICS)],
    "Markdown": [text_cell("def f(x):\n    return x")],
    "the course": [code("from lnnn import exact\ndef f(x):\n    return exact.lse(x)")],
    "no Python": [*map(code, ("x = (", "x = '\ud800'", "x = 1\0", "x =" + " -" * 90_000))],
    "much code": [code("x = 1\n" * 200_000)],
    "many cells": [code("x(")] * 600,
    "many notes": [None] * 40,
}
ODD = {kind: json.dumps(notebook(cells)) for kind, cells in ODD.items()} | {
    "format 3": json.dumps(OLD),
    "format 5": json.dumps(notebook([code("x = 1")], nbformat=5)),
    "other bytes": json.dumps(notebook([code("x = 1")])).encode()[:-1] + b',"a":"\xe4"}',
}
SCRIPTS = {
    "bytes": bytes(range(256)) * 20,
    "a zero": b"x = 1\0",
    "a fault": b"def f(:\n",
    "marked": b"x = 1\n# %%\nx = (\n# %%\ny = 2",
    "statements": b"x = 1\n1 / 0\n",
}
OF_THE_FILES = (
    # Python's own words on what is wrong with a file.
    r"'\(' was never closed|invalid syntax|source code string cannot contain null bytes",
    r"\bExtra data|\bExpecting ',' delimiter",
    r"\b(homework\.ipynb|homework|x|exact|f|null)\b",
)


@pytest.fixture(scope="module")
def suites():
    return Suites(ROOT / "tests" / "hidden")


@pytest.fixture(scope="module")
def reader(suites):
    with Jail(backend="none") as jail, Reader(jail, suites) as reader:
        yield reader


@pytest.fixture
def said(reader):
    """All that is said of a file when it is read, line by line."""

    def read(path, lab=None):
        submission = reader.read(path, lab)
        errors = [error.text for error in submission.errors]
        return [*filter(None, [submission.problem]), *submission.notes, *errors]

    return read


@pytest.mark.parametrize("kind", UNREADABLE)
def test_why_a_notebook_cannot_be_graded(pseudo, said, tmp_path, kind):
    path = tmp_path / ("homework.ipynb" if kind == "no lab" else "lab04.ipynb")
    path.write_bytes(as_bytes(UNREADABLE[kind]))
    lines = said(path)
    assert len(lines) == 1
    assert_said(lines, OF_THE_FILES)


@pytest.mark.parametrize("kind", ODD)
def test_notes_on_a_notebook(pseudo, said, tmp_path, kind):
    path = tmp_path / "lab04.ipynb"
    path.write_bytes(as_bytes(ODD[kind]))
    assert_said(said(path), OF_THE_FILES)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_is_wrong_with_a_script(pseudo, said, reader, tmp_path, kind):
    path = tmp_path / "lab04.py"
    path.write_bytes(SCRIPTS[kind])
    labels = [statement.label for statement in reader.read(path).statements]
    assert said(path) or labels
    assert_said([*said(path), *labels], OF_THE_FILES)


def test_files_that_are_none(pseudo, said, tmp_path, monkeypatch):
    (tmp_path / "lab04.docx").write_text("x")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    lines = [said(tmp_path / name)[0] for name in ("lab04.docx", "folder.ipynb", "link.ipynb")]
    lines += [said(Path("/dev/null.ipynb"))[0], said(tmp_path / "gone.ipynb")[0]]
    (tmp_path / "lab97.ipynb").write_text(json.dumps(notebook([], lab=None)))
    (tmp_path / "lab01.ipynb").write_text(json.dumps(notebook([])))
    lines += [said(tmp_path / "lab97.ipynb")[0], said(tmp_path / "lab01.ipynb", "lab01")[0]]
    refused = Mock(side_effect=PermissionError(13, "Permission denied"))
    monkeypatch.setattr("lnnn.grading.reading.files.os.open", refused)
    lines += said(tmp_path / "lab01.ipynb")
    assert_said(lines, (r"\blab04\.docx\b", "No such file or directory", "Not a directory"))


def test_why_a_process_could_not_read_a_file(pseudo):
    reasons = ("timeout", "memory", "crashed")
    assert_said([words.lost("lab04.ipynb", reason, 5, 1024) for reason in reasons])


def test_what_lies_behind_what_is_missing(pseudo):
    """A cell that failed, one that is no Python, a function that was overwritten, and the like."""
    broken = CellError(9, words.place(9, False), words.fault("x", 1, "nested", ""), "x", ("g",))
    place = words.place(3, False)
    pieces = [
        Statement(3, "", place, "import np", binds=("np",)),
        Statement(3, "", place, "def f(): …", is_function=True, binds=("f",)),
        Statement(3, "", place, "f = np.f()", binds=("f",), needs=("np",)),
    ]
    said = []
    for needs in (("np",), ("g",), ("math",), ("h",)):
        ledger = Ledger((pieces[0], replace(pieces[1], needs=needs), pieces[2]))
        said.append(ledger.why_missing("f"))
        ledger.failed(0, only_these_imports())
        ledger.failed(2, "", lacks_a_name=True)
        ledger.ran(1)
        said += [ledger.why_name_error("f", [broken]), ledger.why_missing("f")]
        said += [error.text for error in ledger.cell_errors]
    ledger.ran(2)
    said += [ledger.why_missing("f"), ledger.why_missing("g", [broken])]
    said += [error.text for error in at_most([broken] * 40)]
    assert_said(list(filter(None, said)), (r"\b(np|g|f|h|math|x)\b",))
