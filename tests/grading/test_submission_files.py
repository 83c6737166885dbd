"""Any file at all is read or refused with a reason: which file, which rule, what next."""

import json
import os

import pytest
import small_lab
from small_lab import LAB, SUITES, code, notebook, shipped, text_cell

from lnnn.grading.reading.files import MAX_BYTES
from lnnn.grading.suites import Suites

GOOD = json.dumps(notebook(shipped()))
NAMES_NEXT_STEP = ("hand in", "hand it in", "hand that in")


@pytest.fixture(scope="module")
def suites():
    return Suites(SUITES)


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode("utf-8")


MALFORMED = {
    "empty": ("", "is empty"),
    "only white space": (" \n\t\n", "is empty"),
    "plain text": ("my answer is 42", "not a notebook: notebooks are JSON"),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "is cut off"),
    "cut in a string": (GOOD[: GOOD.index("import numpy") + 5], "is cut off"),
    "one bracket too many": (GOOD + "}", "is damaged"),
    "a comma lost": (GOOD.replace('"nbformat": 4,', '"nbformat": 4'), "is damaged"),
    "a list": ("[1, 2]", "outermost value is a list"),
    "a number": ("17", "outermost value is a number"),
    "null": ("null", "outermost value is null"),
    "a text": ('"def f(): pass"', "outermost value is a text"),
    "an object": ('{"a": 1}', "has no list of cells"),
    "cells are an object": ('{"cells": {"a": 1}}', "its cells are an object"),
    "cells are a text": ('{"cells": "x"}', "its cells are a text"),
    "nested a million deep": ("[" * 1_000_000, "nested too deeply"),
    "a number of 5000 digits": ('{"cells": ' + "9" * 5000 + "}", "too many digits"),
    "random bytes": (bytes(range(256)) * 20, "is not a"),
    "zero bytes": (b"\0" * 5000, "is not a"),
    "a zip": (b"PK\x03\x04" + bytes(100), "packed or printed"),
    "a pdf": (b"%PDF-1.7\n" + bytes(range(128, 256)), "packed or printed"),
    "a web page": ("<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
    "merge conflict marks": ("<<<<<<< HEAD\n" + GOOD, "not a notebook"),
    "half of UTF-16": (GOOD.encode("utf-16")[:-1], "not a text file in UTF-8"),
    "a million cells": ('{"cells": [' + "0," * 999_999 + "0]}", "holds 1000000 cells"),
    "too large": (b" " * (MAX_BYTES + 1) + b"{", "larger than 50 MB"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_notebook_has_a_reason_and_a_next_step(read, tmp_path, suites, kind):
    content, reason = MALFORMED[kind]
    path = tmp_path / "smith_lab98.ipynb"
    path.write_bytes(as_bytes(content))
    submission = read(path, suites)
    assert reason in submission.problem
    assert submission.problem.startswith("smith_lab98.ipynb")
    assert any(step in submission.problem.lower() for step in NAMES_NEXT_STEP)
    assert submission.lab == LAB
    assert submission.statements == ()


def test_a_folder_a_link_a_pipe_and_nothing_are_no_submissions(read, tmp_path, suites):
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = {p: read(tmp_path / f"{p}.ipynb", suites).problem
             for p in ("folder", "link", "pipe", "gone")}  # fmt: skip
    assert "is a folder" in found["folder"]
    assert "is a symbolic link" in found["link"]
    assert "not an ordinary file" in found["pipe"]
    assert "can't be read" in found["gone"]


def test_a_file_that_may_not_be_read_says_so(read, tmp_path, suites, monkeypatch):
    path = small_lab.write(tmp_path / "a.ipynb")
    if os.geteuid() == 0:  # root may read everything, so the refusal is the system's by proxy

        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("lnnn.grading.reading.files.os.open", refuse)
    else:
        path.chmod(0)
    assert "permissions" in read(path, suites).problem


def test_another_suffix_is_refused(read, tmp_path, suites):
    path = tmp_path / "lab98.docx"
    path.write_text("x")
    assert "neither a notebook (.ipynb) nor a Python file (.py)" in read(path, suites).problem


def sources(submission):
    assert submission.problem is None, submission.problem
    return [statement.source for statement in submission.statements]


WANTED = [small_lab.IMPORTS, *small_lab.ANSWERS]


def _v3():
    cells = [
        {"cell_type": "code", "input": c["source"], "language": "python", "outputs": []}
        for c in shipped()
        if c["cell_type"] == "code"
    ]
    metadata = {"name": "", "lnnn": {"name": LAB}}
    sheets = [{"cells": cells[:3]}, {"cells": cells[3:]}]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": metadata, "worksheets": sheets}


def _without(key):
    document = notebook(shipped())
    if key in document:
        del document[key]
    for cell in document["cells"]:
        cell.pop(key, None)
    return document


def _lines(ends):
    document = notebook(shipped())
    for cell in document["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=ends)
    return document


ODD_BUT_READABLE = {
    "as saved": GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16 with a mark": GOOD.encode("utf-16"),
    "UTF-16 without a mark": GOOD.encode("utf-16-le"),
    "Windows line ends in the file": json.dumps(notebook(shipped()), indent=1)
    .replace("\n", "\r\n"),
    "Windows line ends in the cells": GOOD.replace("\\n", "\\r\\n"),
    "old Mac line ends in the cells": GOOD.replace("\\n", "\\r"),
    "source as a list of lines": json.dumps(_lines(True)),
    "source as a list without line ends": json.dumps(_lines(False)),
    "no ids": json.dumps(_without("id")),
    "no cell metadata": json.dumps(_without("metadata") | {"metadata": {"lnnn": {"name": LAB}}}),
    "no outputs": json.dumps(_without("outputs")),
    "no nbformat": json.dumps(_without("nbformat")),
    "wrong minor version": json.dumps(notebook(shipped(), nbformat_minor=0)),
    "minor version is a text": json.dumps(notebook(shipped(), nbformat_minor="five")),
    "version 4.99 with extra keys": json.dumps(notebook(shipped(), nbformat_minor=99, extra=[1])),
    "version 5": json.dumps(notebook(shipped(), nbformat=5)),
    "version 3": json.dumps(_v3()),
    "NaN and infinity": GOOD.replace('"nbformat_minor": 5', '"x": [NaN, -Infinity]'),
    "ids are numbers": json.dumps(
        notebook([{**c, "id": i} for i, c in enumerate(shipped())])
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD_BUT_READABLE)
def test_an_odd_notebook_is_read_all_the_same(read, tmp_path, suites, kind):
    path = tmp_path / "odd.ipynb"
    path.write_bytes(as_bytes(ODD_BUT_READABLE[kind]))
    assert sources(read(path, suites)) == WANTED


def test_cells_that_are_none_are_left_out_and_said(read, tmp_path, suites):
    path = small_lab.write(
        tmp_path / "a.ipynb",
        [None, 5, "text", {"cell_type": "code"}, code([1]), {}, *shipped()],
    )
    submission = read(path, suites)
    assert sources(submission) == WANTED
    assert sum("left out" in note for note in submission.notes) == 5


def test_bytes_that_are_no_utf8_cost_only_themselves(read, tmp_path, suites):
    path = tmp_path / "a.ipynb"
    path.write_bytes(GOOD.encode().replace(b"# A small lab", b"# A sm\xe4ll lab"))
    submission = read(path, suites)
    assert sources(submission) == WANTED
    assert any("not UTF-8" in note for note in submission.notes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\n  y = 2", "is not valid Python (line 2)"),
        ("x = '\ud800'", "half of a character"),
        ("x = 1\0", "null byte"),
        ("x = " + "(" * 300 + ")" * 300, "is not valid Python"),
        ("x = " + "-" * 100_000 + "1", "nested too deeply"),
    ],
)
def test_a_cell_that_is_no_python_costs_only_itself(read, tmp_path, suites, text, reason):
    path = small_lab.write(tmp_path / "a.ipynb", [code(text), *shipped()])
    submission = read(path, suites)
    assert sources(submission) == WANTED
    (error,) = submission.errors
    assert error.text.startswith("Cell 1 ")
    assert reason in error.text


def test_code_without_end_is_not_parsed_for_ever(read, tmp_path, suites):
    path = small_lab.write(tmp_path / "a.ipynb", [*shipped(), code("x = 1\n" * 300_000)])
    submission = read(path, suites)
    assert sources(submission) == WANTED
    assert "more than 1000 kB of code" in submission.errors[0].text


def test_cells_without_number_do_not_make_a_page_without_end(read, tmp_path, suites):
    cells = [*shipped(), *([code("x(")] * 5000), *([None] * 3000)]
    submission = read(small_lab.write(tmp_path / "a.ipynb", cells), suites)
    assert sources(submission) == WANTED
    assert len(submission.errors) < 1001
    assert "more than 1000 statements to run" in submission.errors[-1].text
    assert len(submission.notes) == 31
    assert submission.notes[-1].startswith("There are 2970 more notes")


# ------------------------------------------------------------------------------------ which lab


def test_the_metadata_decides_the_lab_then_the_file_name_then_nothing(read, tmp_path, suites):
    assert read(small_lab.write(tmp_path / "a.ipynb"), suites).lab == LAB
    for name in ("smith_LAB98_late", "lab98-smith", "Lab98 (2)"):
        path = small_lab.write(tmp_path / f"{name}.ipynb", lab=None)
        assert read(path, suites).lab == LAB
    for name in ("collab98x", "lab980", "homework"):
        path = small_lab.write(tmp_path / f"{name}.ipynb", lab=None)
        submission = read(path, suites)
        assert "does not say which lab" in submission.problem
        assert read(path, suites, lab="lab98").lab == LAB


def test_a_notebook_of_the_course_is_no_lab(read, tmp_path, suites):
    path = small_lab.write(tmp_path / "a.ipynb", lab="04_log_softmax")
    problem = read(path, suites).problem
    assert "says that it is '04_log_softmax'" in problem
    assert "Hand in the lab's own notebook" in problem


def test_the_instructor_overrules_the_notebook_and_the_notes_say_so(read, tmp_path, suites):
    (tmp_path / "test_lab98_small.py").write_text("")
    (tmp_path / "test_lab99_other.py").write_text("")
    path = small_lab.write(tmp_path / "a.ipynb")
    submission = read(path, Suites(tmp_path), lab="lab99")
    assert submission.lab == "lab99_other"
    assert "says that it is lab98_small; it was graded as lab99_other" in submission.notes[0]


# ------------------------------------------------------------------------------------- scripts


def test_a_script_runs_statement_by_statement_with_its_own_line_numbers(read, tmp_path, suites):
    path = tmp_path / "lab98.py"
    path.write_text("\n".join(["# mine", *WANTED, "check(double); x = 1"]))
    submission = read(path, suites)
    assert sources(submission) == [*WANTED, "x = 1"]
    lines = path.read_text().split("\n")
    for statement in submission.statements:
        assert statement.label == f"Line {statement.line}"
        assert statement.source.partition("\n")[0] in lines[statement.line - 1]


@pytest.mark.parametrize("mark", ["# %%", "# In[3]:", "# In[ ]:", "#%% part", "# <codecell>"])
def test_a_marked_script_is_read_cell_by_cell(read, tmp_path, suites, mark):
    path = tmp_path / "lab98.py"
    parts = [WANTED[0], "x = (", *WANTED[1:], small_lab.SETUP.replace("%pip", "# %pip")]
    path.write_text(f"\n{mark}\n".join(parts))
    submission = read(path, suites)
    assert [s.strip() for s in sources(submission)][:4] == WANTED
    (error,) = submission.errors
    assert error.text.startswith("Line 3 is not valid Python (line 3)")


def test_the_export_of_the_shipped_notebook_runs_the_answers_alone(read, tmp_path, suites):
    path = tmp_path / "lab98.py"
    texts = [c["source"] for c in shipped() if c["cell_type"] == "code"]
    exported = [
        t.replace("%pip install --quiet -e ..", "get_ipython().run_line_magic('pip', 'install')")
        for t in texts
    ]
    path.write_text(
        "\n\n\n# In[ ]:\n\n\n".join(["#!/usr/bin/env python\n# coding: utf-8", *exported])
    )
    submission = read(path, suites)
    ran = [s.strip() for s in sources(submission)]
    assert [s for s in ran if s not in WANTED and not s.startswith("import importlib")] == []
    assert [s for s in ran if s in WANTED] == WANTED
    assert "lnnn" not in "".join(ran)


def test_a_script_in_another_encoding_is_read(read, tmp_path, suites):
    for encoding in ("latin-1", "utf-8-sig", "utf-16"):
        path = tmp_path / f"lab98_{encoding}.py"
        head = "# -*- coding: latin-1 -*-\n" if encoding == "latin-1" else ""
        path.write_bytes((head + "é = 'ä'").encode(encoding))
        assert sources(read(path, suites))[0].strip() == "é = 'ä'"


def test_a_binary_file_is_no_script(read, tmp_path, suites):
    path = tmp_path / "lab98.py"
    path.write_bytes(bytes(range(256)) * 10)
    assert "is not a text file" in read(path, suites).problem


def test_markdown_that_holds_an_answer_is_pointed_at(read, tmp_path, suites):
    cells = [text_cell(small_lab.DOUBLE), *shipped()]
    submission = read(small_lab.write(tmp_path / "a.ipynb", cells), suites)
    assert any("holds Python but is not a code cell" in note for note in submission.notes)
