"""One submission in the jail: what it scores, and what it can't take from its own good parts."""

import time

import pytest
import small_lab
from small_lab import DOUBLE, HANGS, SPREAD, SUITES, TOTAL, code, shipped

from lnnn.grading.jail import Limits
from lnnn.grading.runner import Grader
from lnnn.grading.suites import Suites

pytestmark = pytest.mark.needs_bwrap

CALL, TOTAL_SECONDS = 0.5, 2.5
MARGIN = 2.0  # what a loaded machine may add to a bounded time


@pytest.fixture(scope="module")
def grader():
    limits = Limits(call_seconds=CALL, total_seconds=TOTAL_SECONDS, memory_mb=512)
    with Grader(Suites(SUITES), seed=5, limits=limits) as grader:
        yield grader


@pytest.fixture
def grade(grader, tmp_path):
    def grade(cells, name="a"):
        path = small_lab.write(tmp_path / f"{name}.ipynb", cells)
        return grader.grade(grader.read(path))

    return grade


def by_function(graded):
    points = {}
    for test in graded.tests:
        points[test.function] = points.get(test.function, 0) + test.earned
    return points


def outcomes(graded):
    return {test.name: test.outcome for test in graded.tests}


def test_right_answers_score_everything(grade):
    graded = grade(shipped())
    assert (graded.status, graded.score, graded.max_score) == ("graded", 10, 10)
    assert graded.backend == "bubblewrap"
    assert graded.notes == ()


STUB = 'def total(x):\n    raise NotImplementedError("total: write your answer here")'


def test_a_stub_and_a_missing_function_are_not_written(grade):
    graded = grade(shipped((DOUBLE, STUB, "")))
    assert graded.status == "graded"
    assert by_function(graded) == {"double": 3, "total": 0, "spread": 0}
    assert outcomes(graded)["test_total_sums"] == "not-written"
    assert outcomes(graded)["test_spread_is_made_of_the_others"] == "not-written"
    assert graded.notes == ("There is no function named spread: no cell defines it.",)


def test_a_function_that_raises_not_implemented_error_of_its_own_is_told_so(grade):
    graded = grade(shipped((DOUBLE, STUB.replace("total: write", "I will write"), "")))
    [test] = [test for test in graded.tests if test.name == "test_total_sums"]
    assert test.outcome == "failed"
    assert test.feedback.startswith("The function raised NotImplementedError here. ")


def test_a_broken_cell_costs_nothing_else(grade):
    cells = [
        code("1 / 0"),
        code("def broken(:\n    pass"),
        code("import matplotlib"),
        *shipped(),
        code("double = undefined_name"),
    ]
    graded = grade(cells)
    assert (graded.status, graded.score) == ("partial", 10)
    texts = [error.text for error in graded.cell_errors]
    assert texts == [
        "Cell 1 stopped in line 1 with ZeroDivisionError: division by zero.",
        "Cell 2 is not valid Python (line 1): invalid syntax.",
        "Cell 3 stopped in line 1 with ModuleNotFoundError: No module named 'matplotlib'. "
        "While grading, only the standard library and NumPy can be imported.",
        "Cell 14 stopped in line 1 with NameError: name 'undefined_name' is not defined.",
    ]


def test_an_endless_loop_in_one_function_does_not_cost_the_others(grade):
    start = time.perf_counter()
    graded = grade(shipped((f"def double(x):\n    {HANGS}", TOTAL, SPREAD)))
    assert time.perf_counter() - start < 3 * CALL + MARGIN
    assert graded.status == "timeout"
    # spread calls double inside the jail, so it hangs as well.
    assert by_function(graded) == {"double": 0, "total": 5, "spread": 2}
    reasons = {t.function: t.feedback for t in graded.tests if t.outcome == "not-run"}
    assert reasons["double"] == "Not run: double did not answer within 0.5 s."


def test_a_function_that_answers_before_it_hangs_gets_one_more_chance(grade):
    hangs_on_nothing = f"def total(x):\n    if len(x) == 0:\n      {HANGS}\n    return x.sum()"
    graded = grade(shipped((DOUBLE, hangs_on_nothing, SPREAD)))
    assert graded.status == "timeout"
    assert outcomes(graded)["test_total_of_nothing_is_zero"] == "not-run"
    assert by_function(graded) == {"double": 3, "total": 4, "spread": 2}


def test_the_whole_submission_has_one_time_budget(grade):
    slow = "import time\nn = 0\ndef total(x):\n    time.sleep(0.45)\n    return x.sum()"
    cells = shipped((slow.replace("total", "double"), slow, SPREAD))
    cells.insert(0, code("import time\ntime.sleep(0.4)"))
    cells[1:1] = [code(f"time.sleep(0.4) # {i}") for i in range(5)]
    start = time.perf_counter()
    graded = grade(cells)
    assert time.perf_counter() - start < TOTAL_SECONDS + 2 * CALL + MARGIN
    assert graded.status == "timeout"
    assert any("2.5 s" in test.feedback for test in graded.tests if test.outcome == "not-run")


@pytest.mark.parametrize("body", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)"])
def test_a_function_that_ends_its_process_keeps_no_points_and_takes_none(grade, body):
    graded = grade(shipped((f"def double(x):\n    {body}", TOTAL, SPREAD)))
    assert graded.status == "crashed"
    assert by_function(graded) == {"double": 0, "total": 5, "spread": 2}


@pytest.mark.parametrize("body", ["os.kill(os.getpid(), 9)", "[os.close(n) for n in range(3, 20)]"])
def test_a_function_that_tries_to_harms_only_itself(grade, body):
    graded = grade(shipped((f"import os\ndef double(x):\n    {body}", TOTAL, SPREAD)))
    assert by_function(graded) == {"double": 0, "total": 5, "spread": 2}


def test_memory_without_bounds_costs_one_function(grade):
    hungry = "def total(x):\n    return [bytearray(2**20) for _ in range(100_000)]"
    graded = grade(shipped((DOUBLE, hungry, SPREAD)))
    assert by_function(graded) == {"double": 3, "total": 0, "spread": 2}


def test_a_cell_that_hangs_costs_itself(grade):
    cells = shipped()
    cells.insert(2, code("while True:\n    pass"))
    graded = grade(cells)
    assert (graded.status, graded.score) == ("timeout", 10)
    (error,) = graded.cell_errors
    assert error.text == "Cell 3 did not finish within 0.5 s."


def test_ending_the_session_passes_no_test(grade):
    # A test that expects an error must not take the end of the process for it.
    graded = grade(shipped(("import os\ndef double(x):\n    os._exit(1)", TOTAL, SPREAD)))
    assert outcomes(graded)["test_double_refuses_a_text"] == "not-run"


def test_what_a_function_raises_is_named_but_its_words_stay_here(grade):
    tells = "def total(x):\n    raise KeyError(f'the input was {x.tolist()}')"
    odd = "def spread(x):\n    raise type(f'Saw{x[2]:.0f}', (Exception,), {})('2.0')"
    graded = grade(shipped((DOUBLE, tells, odd)))
    shown = [t.feedback for t in graded.tests if t.outcome == "failed"]
    assert shown[0] == "The function raised KeyError here. Use np.sum."
    assert shown[-1] == "The function raised an exception here. Call your other two functions."
    assert "the input was" not in "".join(shown)


def test_the_same_seed_gives_the_same_result_and_another_one_other_inputs(grader, tmp_path):
    seen = "def double(x):\n    raise ValueError(str(x))"
    path = small_lab.write(tmp_path / "a.ipynb", shipped((seen, TOTAL, SPREAD)))
    submission = grader.read(path)
    first, second = grader.grade(submission), grader.grade(submission)
    assert first == second
    with Grader(grader.suites, seed=6, limits=grader.limits) as other:
        third = other.grade(submission)
    details = {graded.tests[0].detail for graded in (first, second, third)}
    assert len(details) == 2


def test_an_unreadable_file_has_every_test_not_run(grader, tmp_path):
    path = tmp_path / "lab98.ipynb"
    path.write_text("{")
    graded = grader.grade(grader.read(path))
    assert (graded.status, graded.score, graded.max_score) == ("unreadable", 0, 10)
    assert {test.outcome for test in graded.tests} == {"not-run"}
    assert graded.problem.startswith("lab98.ipynb is cut off")


def test_an_error_on_the_graders_side_is_not_the_students_failure(grader, tmp_path, monkeypatch):
    submission = grader.read(small_lab.write(tmp_path / "a.ipynb"))

    def fails(*_):
        raise OSError("the grader's own trouble")

    monkeypatch.setattr("lnnn.grading.jail.session.Session.call", fails)
    with pytest.raises(OSError, match="own trouble"):
        grader.grade(submission)
