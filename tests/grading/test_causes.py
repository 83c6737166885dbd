"""What a student is told first: the cause, and never what only follows from it."""

import pytest
import small_lab
from small_lab import ANSWERS, DOUBLE, HANGS, IMPORTS, LAB, SPREAD, SUITES, TOTAL, code, shipped

from lnnn.grading.jail import Limits
from lnnn.grading.results import other_labs
from lnnn.grading.runner import Graded, Grader
from lnnn.grading.suites import Suites
from lnnn.report import feedback

LIMITS = Limits(call_seconds=0.5, total_seconds=3.0, memory_mb=512)
ONLY = "While grading, only the standard library and NumPy can be imported."
REST = "The rest was run without it."


@pytest.fixture(scope="module")
def grader():
    with Grader(Suites(SUITES), seed=5, limits=LIMITS, backend="none") as grader:
        yield grader


@pytest.fixture
def grade(grader, tmp_path):
    """Grades the small lab with cells replaced, by id; or other cells."""

    def grade(cells=None, **replaced):
        cells = shipped() if cells is None else cells
        names = {name.replace("_", "-"): text for name, text in replaced.items()}
        cells = [cell | {"source": names.get(cell.get("id"), cell["source"])} for cell in cells]
        return grader.grade(grader.read(small_lab.write(tmp_path / "a.ipynb", cells)))

    return grade


def without(cell_id):
    return [cell for cell in shipped() if cell.get("id") != cell_id]


def errors(graded):
    return [error.text for error in graded.cell_errors]


def told(graded, function):
    """What the student reads of a function's tests, each sentence once."""
    mine = [t for t in graded.tests if t.function == function and t.outcome != "passed"]
    assert mine
    assert "not-written" not in {test.outcome for test in mine}
    return list(dict.fromkeys(test.feedback for test in mine))


# ----------------------------------------------------------------- imports that are not there


@pytest.mark.parametrize(
    "missing", ["matplotlib.pyplot", "scipy.special", "lnnn.nothing", "IPython"]
)
def test_an_import_that_is_not_there_costs_itself(grade, missing):
    graded = grade(imports=f"import {missing} as gone\n{IMPORTS}")
    assert graded.score == 10
    if "lnnn" not in missing:  # which is taken out, for the course itself shows with it
        name = missing.partition(".")[0]
        assert errors(graded) == [
            f"Cell 3 stopped in line 1 with ModuleNotFoundError: No module named '{name}'. "
            f"{ONLY} {REST}"
        ]


def test_one_of_two_imports_on_a_line_costs_itself(grade):
    assert grade(imports="import matplotlib, numpy as np").score == 10


def test_what_only_follows_from_an_import_is_counted_and_not_listed(grade):
    lines = ["import matplotlib.pyplot as plt", IMPORTS, "fig = plt.figure()", "plt.plot()", "fig"]
    graded = grade(imports="\n".join(lines))
    assert graded.score == 10
    (text,) = errors(graded)
    follows = "3 statements failed because they need what that one defines."
    assert text.endswith(f"{ONLY} {REST} {follows}")


def test_without_an_import_the_name_that_is_missing_is_said(grade):
    graded = grade(without("imports"))
    why = (
        "There is no np: no cell that was run imports it. Put `import numpy as np` into a cell "
        "above."
    )
    assert graded.notes == (why,)
    for function in ("double", "total"):
        assert told(graded, function) == [f"The function raised NameError here. {why}"]
    assert graded.as_if == {"spread": ("double", "total")}


def test_an_import_that_failed_is_the_cause_of_the_name_that_is_missing(grade):
    graded = grade(imports="import nump as np")
    (text,) = errors(graded)
    assert told(graded, "total") == [f"The function raised NameError here. There is no np. {text}"]


def test_an_import_inside_a_function_is_told_apart_from_a_wrong_answer(grade):
    graded = grade(answer_total="def total(x):\n    import scipy\n    return x.sum()")
    assert told(graded, "total") == [f"The function raised ModuleNotFoundError here. {ONLY}"]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([IMPORTS, *ANSWERS]),
        "\n".join(["import matplotlib.pyplot as plt", IMPORTS, *ANSWERS, "plt.plot()"]),
        "\n".join(ANSWERS),
        "\n".join([IMPORTS, DOUBLE, "1 / 0", TOTAL, "import scipy; x = 1", SPREAD]),
        "\n".join([IMPORTS, DOUBLE, TOTAL, "return 5", SPREAD, "total = total([2.0])"]),
        "\n".join(["%matplotlib inline", IMPORTS, DOUBLE, "check(double)", TOTAL]),
        "\n".join([IMPORTS, DOUBLE, "def total(x:", SPREAD]),
        "\n".join([IMPORTS, DOUBLE, HANGS, TOTAL]),
        "\n".join(
            ["from __future__ import annotations", IMPORTS, "def total(x: T): return x.sum()"]
        ),
    ],
)
def test_the_same_text_scores_the_same_as_a_script_and_as_a_notebook(grader, tmp_path, text):
    script = tmp_path / "lab98.py"
    script.write_text(text)
    marked = tmp_path / "lab98_marked.py"
    marked.write_text(f"# %%\n{text}")
    notebook = small_lab.write(tmp_path / "lab98.ipynb", [code(text)])
    seen = []
    for path in (script, marked, notebook):
        graded = grader.grade(grader.read(path))
        seen.append((graded.status, graded.score, [test.outcome for test in graded.tests]))
    assert seen[0] == seen[1] == seen[2]


# ------------------------------------------------------------------- functions that are not there


def test_a_function_that_was_overwritten_is_not_called_unwritten(grade):
    graded = grade([*shipped(), code("x = [1.0]\ntotal = total(x)")])
    why = (
        "total is written in Cell 7 and overwritten in Cell 11: `total = total(x)`. Give that "
        "value another name."
    )
    assert graded.notes == (why,)
    assert told(graded, "total") == [why]
    assert "is not written yet" not in feedback.page(graded)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("def total(x:", "is written in Cell 7, which was not run. Cell 7 is not valid Python"),
        (
            "@jit\ndef total(x): pass",
            "could not be defined. Cell 7 stopped in line 1 with NameError",
        ),
        ("def total(x=bytearray(10**10)): pass", "Cell 7 stopped in line 1 with MemoryError."),
        (f"def total(x={{}}[1]): pass\n{HANGS}", "Cell 7 stopped in line 1 with KeyError: 1."),
        (f"{TOTAL}\ndel total", "is written in Cell 7, but it is no function when all has run."),
    ],
)
def test_why_a_function_that_is_written_is_not_there(grade, answer, why):
    graded = grade(answer_total=answer)
    (sentence,) = told(graded, "total")
    assert sentence.startswith("total is written in Cell 7")
    assert why in sentence
    assert sentence in graded.notes
    assert "is not written yet" not in feedback.page(graded)


def test_a_stub_and_a_function_that_no_cell_writes_are_not_written(grade):
    stub = 'def total(x):\n    raise NotImplementedError("total: write your answer here")'
    graded = grade(answer_total=stub, answer_spread="")
    assert {t.outcome for t in graded.tests if t.function != "double"} == {"not-written"}


def test_a_cell_that_ran_out_of_memory_costs_one_statement(grade):
    big = "big = bytearray(10**10)"
    assert grade(answer_total=f"{big}\n{TOTAL}").score == 10
    graded = grade(answer_total=f"{big}\n{TOTAL} + 0 * len(big)")
    (sentence,) = told(graded, "total")
    assert sentence.endswith("There is no big. Cell 7 stopped in line 1 with MemoryError.")


def test_a_statement_that_hangs_costs_itself(grade):
    graded = grade(answer_total=f"{HANGS}\n{TOTAL}")
    assert (graded.status, graded.score) == ("timeout", 10)
    assert errors(graded) == [f"Cell 7 did not finish within 0.5 s. {REST}"]


def test_a_name_that_an_earlier_function_lacks_is_found(grade):
    graded = grade(answer_total="def total(x):\n    return helper(x)")
    why = "There is no helper: no cell that was run defines it."
    assert told(graded, "total") == [f"The function raised NameError here. {why}"]
    graded = grade(answer_double="def double(x):\n    return total(x)", answer_total="")
    assert told(graded, "double")[0].startswith("The function raised NameError here. There is no")


def test_names_that_come_by_a_star_are_not_called_missing(grade):
    star = f"from numpy import *\n{IMPORTS}"
    assert grade(imports=star, answer_total="def total(x): return float(sum(x))").score == 10
    graded = grade(imports=star, answer_total="def total(x): return helper(x)")
    assert "There is no" not in " ".join(told(graded, "total"))


def test_a_name_that_a_function_chose_is_not_shown(grade):
    tells = "def total(x):\n    raise NameError(f'name {x.tolist()} is not defined')"
    graded = grade(answer_total=tells)
    assert told(graded, "total")[0] == "The function raised NameError here. Use np.sum."


def test_errors_without_number_do_not_make_a_page_without_end(grade):
    texts = errors(grade([*[code(f"gone_{n}") for n in range(50)], *shipped(), code("1 / 0")]))
    assert len(texts) == 31
    assert texts[-2] == "There are 21 more errors like these."
    assert texts[-1].startswith("Cell 61 stopped in line 1 with ZeroDivisionError")


# ------------------------------------------------------------------------- functions that raise


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "breakpoint()",
            "The function raised BdbQuit here. That is breakpoint(), which waits for a person. "
            "Take it out.",
        ),
        ("raise Exception('why')", "The function raised an exception here. Use np.sum."),
        (
            "raise type('Mine', (Exception,), {})",
            "The function raised an exception here. Use np.sum.",
        ),
        ("raise SystemExit", "The function raised SystemExit here. Use np.sum."),
        ("open('/no/such/file')", "The function raised OSError here. Use np.sum."),
    ],
)
def test_the_page_says_that_the_function_raised(grade, body, said):
    graded = grade(answer_total=f"def total(x):\n    {body}\n    return x.sum()")
    assert told(graded, "total")[0] == said


def test_inspect_finds_the_lines_of_a_function_below_others(grade):
    source = (
        f"import inspect\nx = 1; y = 2\n\n{TOTAL}\n"
        "assert inspect.getsource(total).startswith('def total'), inspect.getsource(total)"
    )
    assert errors(grade(answer_total=source)) == []


# ------------------------------------------------------------------------------- another lab's


def test_a_notebook_that_says_to_be_of_another_lab_than_its_name_is_noted(grader, tmp_path):
    path = small_lab.write(tmp_path / "lab04.ipynb")
    (note,) = grader.read(path).notes
    assert note == f"The file is named after lab04; the notebook says that it is {LAB}."
    assert grader.read(small_lab.write(tmp_path / "lab98.ipynb")).notes == ()


def test_the_few_that_are_of_another_lab_than_most_are_named():
    def of(lab, *names):
        return [Graded(name, lab, "graded", 1, 1) for name in names]

    most = of("lab04_a", "x", "y", "z")
    assert other_labs([*most, *of("", "unreadable")]) == []
    assert other_labs([*of("lab01_b", "bob"), *most, *of("lab02_c", "d", "c")]) == [
        "Most are lab04_a; 1 says that it is lab01_b and was graded as such: bob. Give --lab to "
        "grade all as one lab.",
        "Most are lab04_a; 2 say that they are lab02_c and were graded as such: c, d. Give --lab "
        "to grade all as one lab.",
    ]
    (line,) = other_labs([*of("lab04_a", *"abcdefghijklmnop"), *of("lab01_b", *"qrstuvwxyz01234")])
    assert "0, 1, 2, 3, 4, q, r, s, t, u, …." in line
