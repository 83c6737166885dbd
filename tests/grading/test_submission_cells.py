"""Which cells of a submission run, and what is taken out of them."""

import ast

import pytest
import small_lab
from small_lab import SUITES, code, shipped

from lnnn.grading.reading.inside.cells import take_apart
from lnnn.grading.reading.inside.facts import RawCell
from lnnn.grading.reading.inside.magics import without_magics
from lnnn.grading.reading.inside.shipped import Shipped
from lnnn.grading.suites import Suites, SuitesError, find_suites


@pytest.fixture(scope="module")
def suites():
    return Suites(SUITES)


@pytest.fixture
def read(read):
    def read_cells(tmp_path, suites, cells):
        submission = read(small_lab.write(tmp_path / "a.ipynb", cells), suites)
        assert submission.problem is None
        return submission

    return read_cells


def ran(submission):
    return [statement.source for statement in submission.statements]


# ------------------------------------------------------------------------------ what is run


def test_shipped_cells_for_looking_are_not_run(read, tmp_path, suites):
    submission = read(tmp_path, suites, shipped())
    assert ran(submission) == [small_lab.IMPORTS, *small_lab.ANSWERS]
    assert submission.notes == ()


def test_without_ids_the_text_of_the_cell_decides(read, tmp_path, suites):
    cells = [{k: v for k, v in cell.items() if k != "id"} for cell in shipped()]
    cells[-1]["source"] += "\n"
    assert ran(read(tmp_path, suites, cells)) == [small_lab.IMPORTS, *small_lab.ANSWERS]


def test_a_shipped_cell_that_the_student_changed_is_the_students(read, tmp_path, suites):
    cells = shipped()
    cells[-1]["source"] = "def helper(x):\n    return x\nexplore.side_by_side(helper)"
    assert ran(read(tmp_path, suites, cells))[-1] == "def helper(x):\n    return x"


def test_an_answer_under_the_id_of_a_check_cell_is_run(read, tmp_path, suites):
    cells = [*shipped(), code("extra = 1", "check-double")]
    assert ran(read(tmp_path, suites, cells))[-1] == "extra = 1"


def test_added_and_reordered_cells_run_in_the_order_of_the_file(read, tmp_path, suites):
    cells = [code("before = 1"), *reversed(shipped()), code("after = 2")]
    assert ran(read(tmp_path, suites, cells)) == [
        "before = 1",
        *reversed(small_lab.ANSWERS),
        small_lab.IMPORTS,
        "after = 2",
    ]


def test_both_copies_of_a_cell_run_and_the_notes_say_which_counts(read, tmp_path, suites):
    again = code("def double(x):\n    return x + x", "answer-double")
    submission = read(tmp_path, suites, [*shipped(), again])
    assert ran(submission)[-1] == again["source"]
    assert any("is a copy of Cell 6;" in note for note in submission.notes)
    assert any(
        "double is defined more than once: Cell 6, Cell 11." in note for note in submission.notes
    )


def test_without_a_release_the_set_up_cell_still_does_not_run(read, tmp_path, suites):
    (tmp_path / "test_lab98_small.py").write_text("")
    submission = read(tmp_path, Suites(tmp_path), shipped())
    text = "\n".join(ran(submission))
    assert "raise RuntimeError" not in text
    assert "exact" not in text
    assert "check" not in text


# ----------------------------------------------------------------------------------- display


def statements(*cells):
    """What of these cells of a notebook is run."""
    raw = [RawCell(number, 1, None, text) for number, text in enumerate(cells, 1)]
    rows, faults = take_apart(raw, Shipped([]), False, [])
    assert faults == []
    return [row[2] for row in rows]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("check(f)", []),
        ("check(f); x = 1; hint(f)", ["x = 1"]),
        ("explore.side_by_side(f).show()", []),
        ("lnnn = 3", ["lnnn = 3"]),
        ("from lnnn.explore import shift\nshift(f)\ny = 1", ["y = 1"]),
        ("import lnnn as n\nn.check(f)", []),
        ("import lnnn, math as m", ["import math as m"]),
        ("from .lnnn import check", ["from .lnnn import check"]),
        ("display(x)\nget_ipython().system('ls')", []),
        (
            "if a:\n    check(f)\nelif b:\n    quiz('x')",
            ["if a:\n    pass\nelif b:\n    pass"],
        ),
        ("for x in y:\n    progress()", ["for x in y:\n    pass"]),
        ("try:\n    import lnnn\nexcept ImportError:\n    raise", []),
        ("if a: check(\n  f,\n); x = 1", ["if a: (None\n\n); x = 1"]),
        ("if a: é = 'é'; check(f); y = 'ü'", ["if a: é = 'é'; pass; y = 'ü'"]),
        ("match a:\n    case 1: check(f)", ["match a:\n    case 1: pass"]),
        ("def g():\n    check(f)", ["def g():\n    check(f)"]),
        ("checked = check", ["checked = check"]),
        ("x = lambda: exact", ["x = lambda: exact"]),
    ],
)
def test_only_what_serves_display_is_taken_out(source, left):
    assert statements(source) == left


def test_what_was_computed_with_the_oracle_goes_with_it():
    source = "total = exact.f(z)\nprint(total)\nmine = 1\ntotal = 2\nprint(total)"
    left = statements("from lnnn import exact", source)
    assert left == ["mine = 1", "total = 2", "print(total)"]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("x=1;\\\n\ny = 2", ["x=1", "y = 2"]),
        ("x=1;\\\n\n", ["x=1"]),
        ("é = 'é'; y = 'ü'; z", ["é = 'é'", "y = 'ü'", "z"]),
        ("(a +\n b); c", ["(a +\n b)", "c"]),
        ("@d\n@e\ndef f(): pass\nx", ["@d\n@e\ndef f(): pass", "x"]),
        ("\x0cx = 1\n\x0c\ny = '''\n\x0c'''", ["x = 1", "y = '''\n\x0c'''"]),
        ("if a: b; c\nelse: d", ["if a: b; c\nelse: d"]),
        ("x = 1  # why\n\n# what\n", ["x = 1"]),
        ("import a.b as c, d", ["import a.b as c", "import d"]),
    ],
)
def test_a_cell_is_cut_at_its_statements_and_none_is_lost(source, left):
    assert statements(source) == left


def test_a_function_that_leans_on_the_course_is_named(read, tmp_path, suites):
    cells = [*shipped(), code("def total(x):\n    return exact.logsumexp(x)")]
    notes = read(tmp_path, suites, cells).notes
    assert any("total uses exact from the course's package" in note for note in notes)
    cells = [*shipped(), code("def total(x):\n    from lnnn import suite\n    return suite")]
    notes = read(tmp_path, suites, cells).notes
    assert any("total uses suite" in note for note in notes)


# ------------------------------------------------------------------------------------ magics


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install numpy", "pass"),
        ("x = !ls -l", "x = None"),
        ("a, b = %time f()", "a, b = None"),
        ("?np.exp", "pass"),
        ("np.exp??\nx = 1", "pass\nx = 1"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%capture out\nx = 1", "\n\nx = 1"),
        ("%%bash\nls", ""),
        ("%%html\n<b>x = 1</b>", ""),
        ("if x:\n    !ls\n    %cd ..", "if x:\n    pass\n    pass"),
        ("!echo \\\n  one \\\n  two\nx = 1", "pass\n\n\nx = 1"),
        ('s = """\n%not\n!this\n"""\n%time', 's = """\n%not\n!this\n"""\npass'),
        ("x = (7\n% 3\n)\n%time", "x = (7\n% 3\n)\npass"),
        ("x = 7 \\\n  % 3\n%time", "x = 7 \\\n  % 3\npass"),
        ("x = '# \\' ['\n%time", "x = '# \\' ['\npass"),
        ("x = 1  # it's [\n%time", "x = 1  # it's [\npass"),
        ("x = 'a' 'b' ''\n%time", "x = 'a' 'b' ''\npass"),
    ],
)
def test_notebook_commands_are_taken_out_and_nothing_else(source, left):
    found, taken = without_magics(source)
    assert found == left
    assert taken
    ast.parse(found)


def test_python_that_looks_like_a_command_is_left_alone(read, tmp_path, suites):
    pieces = ['text = """\n!ls\n%cd\n"""', "y = (5\n%x)"]
    submission = read(tmp_path, suites, [*shipped(), code("\n".join(pieces))])
    assert ran(submission)[-2:] == pieces
    assert submission.notes == ()


def test_the_notes_name_the_commands(read, tmp_path, suites):
    cells = [*shipped(), code("%matplotlib inline\n!ls\nz = 1")]
    submission = read(tmp_path, suites, cells)
    assert ran(submission)[-3:] == ["pass", "pass", "z = 1"]
    (note,) = submission.notes
    assert note.startswith("Cell 11: `%matplotlib inline`, `!ls` left out")


# ------------------------------------------------------------------------------------ suites


def test_suites_are_found_above_the_working_folder(tmp_path, monkeypatch):
    hidden = tmp_path / "tests" / "hidden"
    hidden.mkdir(parents=True)
    (hidden / "test_lab98_small.py").write_text("")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_suites() == hidden


def test_no_suites_is_a_clear_error(tmp_path):
    with pytest.raises(SuitesError, match="no grading suite"):
        Suites(tmp_path)


def test_a_lab_is_found_by_its_number_in_any_case(suites):
    assert suites.lab("LAB98") == suites.lab("lab98_small") == "lab98_small"
    with pytest.raises(SuitesError, match="There is no suite for 'lab97'"):
        suites.lab("lab97")
    with pytest.raises(SuitesError, match="There is no suite for 'lab9'"):
        suites.lab("lab9")


def test_a_damaged_release_is_an_error_and_not_an_empty_one(tmp_path):
    (tmp_path / "test_lab98_small.py").write_text("")
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "lab98_small.json").write_text('{"cells": [{"id": 1}]}')
    with pytest.raises(SuitesError, match="not the record of a release"):
        Suites(tmp_path).release("lab98_small")
