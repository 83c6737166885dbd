"""A fault costs the points of its own function alone, and nobody gains by what stands in for it."""

from pathlib import Path

import banks
import pytest

from lnnn.grading.jail import Limits
from lnnn.grading.runner import Grader
from lnnn.grading.submission import Statement, Submission
from lnnn.grading.suites import Suites

HIDDEN = Path(__file__).parents[1] / "hidden"
SUITES = Suites(HIDDEN)
SOLUTIONS = {lab: SUITES.release(lab).solutions for lab in SUITES.labs}


def mistake(lab, function):
    """The first wrong answer of the bank."""
    wrong = (a for a in banks.answers(lab) if a.function == function and a.loses)
    return next(wrong).source


CASCADES = [
    pytest.param(lab, function, source, id=f"{lab[:5]}-{function}-{kind}")
    for lab, solutions in SOLUTIONS.items()
    for function in solutions
    for kind, source in (
        ("stub", banks.stub(function)),
        ("mistake", mistake(lab, function)),
    )
]


@pytest.fixture(scope="module")
def grade():
    """Grade the solution of a lab with other code in the place of some functions; its result."""
    with Grader(SUITES, seed=3, limits=Limits(call_seconds=2.0)) as grader:

        def grade(lab, **answers):
            texts = [
                SUITES.release(lab).imports,
                "import math",
                *(SOLUTIONS[lab] | answers).values(),
            ]
            statements = tuple(Statement(i, t, f"Cell {i}") for i, t in enumerate(texts, 1))
            return grader.grade(Submission("someone", Path("someone.py"), lab, statements))

        yield grade


def points(graded):
    """Points lost, by function."""
    lost = {}
    for test in graded.tests:
        lost[test.function] = lost.get(test.function, 0) + test.points - test.earned
    return lost


@pytest.mark.parametrize(("lab", "function", "source"), CASCADES)
def test_who_builds_on_a_fault_keeps_all_points(grade, lab, function, source):
    lost = points(grade(lab, **{function: source}))
    assert lost.pop(function) > 0
    assert not any(lost.values()), lost


@pytest.mark.parametrize("lab", SOLUTIONS)
def test_a_whole_solution_is_marked_as_it_is(grade, lab):
    graded = grade(lab)
    assert (graded.score, graded.as_if) == (100, {})


def test_the_result_says_what_was_taken_to_be_right(grade):
    graded = grade("lab04_log_softmax", log_softmax=banks.stub("log_softmax"))
    softmaxes = ("softmax", "masked_log_softmax")
    assert graded.as_if == dict.fromkeys(softmaxes, ("log_softmax",))
    assert graded.score == 64
    assert {curve.function for curve in graded.curves}.isdisjoint(softmaxes)


def test_a_chain_is_marked_link_by_link(grade):
    """sequence_log_prob builds on nll, geometric_mean_prob on both."""
    graded = grade("lab01_ln_basics", nll=banks.stub("nll"))
    assert graded.as_if == {"sequence_log_prob": ("nll",), "geometric_mean_prob": ("nll",)}
    broken = "def sequence_log_prob(p):\n    return float(nll(p).sum())"
    graded = grade("lab01_ln_basics", nll=banks.stub("nll"), sequence_log_prob=broken)
    assert graded.as_if["geometric_mean_prob"] == ("sequence_log_prob",)
    assert set(f for f, lost in points(graded).items() if lost) == {"nll", "sequence_log_prob"}


# ------------------------------------------------------------------------- attacks on the mechanism
LAB = "lab04_log_softmax"
SOFTMAX = {"log_softmax": banks.stub("log_softmax")}


def test_a_later_function_never_stands_in(grade):
    """Two stubs that call each other earn nothing."""
    graded = grade(
        LAB,
        log_softmax="def log_softmax(z, axis=-1, temperature=1.0):\n"
        "    return np.log(softmax(z, axis, temperature))",
        softmax="def softmax(z, axis=-1, temperature=1.0):\n"
        "    return np.exp(log_softmax(z, axis, temperature))",
    )
    assert points(graded)["log_softmax"] == 36
    assert graded.as_if["softmax"] == ("log_softmax",)


def test_a_function_that_calls_no_stand_in_gains_nothing(grade):
    """What the stand-in holds is read, and not called."""
    thief = (
        "def softmax(z, axis=-1, temperature=1.0):\n"
        "    code = log_softmax.__closure__\n"
        "    for cell in code:\n"
        "        if callable(cell.cell_contents):\n"
        "            return np.exp(cell.cell_contents(z, axis, temperature))"
    )
    graded = grade(LAB, **SOFTMAX, softmax=thief)
    assert "softmax" not in graded.as_if
    assert points(graded)["softmax"] == 20


def test_what_stands_in_is_gone_when_the_next_function_is_marked(grade):
    """A right log_softmax, once seen, is kept wherever Python keeps things: nothing remains."""
    keeps = (
        "import builtins, sys\n"
        "def softmax(z, axis=-1, temperature=1.0):\n"
        "    builtins.kept = sys.modules['numpy'].kept = log_softmax\n"
        "    try:\n"
        "        open('/tmp/kept', 'w').write('it was here')\n"
        "    except OSError:\n"
        "        pass\n"
        "    return np.exp(log_softmax(z, axis, temperature))"
    )
    looks = (
        "def masked_log_softmax(z, mask, axis=-1):\n"
        "    import builtins\n"
        "    log_softmax = getattr(builtins, 'kept', None) or getattr(np, 'kept')\n"
        "    return log_softmax(np.where(mask, z, -np.inf), axis)"
    )
    graded = grade(LAB, **SOFTMAX, softmax=keeps, masked_log_softmax=looks)
    assert graded.as_if == {"softmax": ("log_softmax",)}
    assert points(graded)["masked_log_softmax"] == 26


def test_the_function_itself_is_never_among_the_stand_ins(grade):
    """softmax looks for the course's own softmax next to the log_softmax that it is given."""
    thief = (
        "def softmax(z, axis=-1, temperature=1.0):\n"
        "    log_softmax(z)\n"
        "    cells = log_softmax.__closure__ or ()\n"
        "    for cell in cells:\n"
        "        space = getattr(cell.cell_contents, '__globals__', {})\n"
        "        if 'softmax' in space:\n"
        "            return space['softmax'](z, axis, temperature)"
    )
    assert points(grade(LAB, **SOFTMAX, softmax=thief))["softmax"] == 20


def test_nothing_of_the_right_code_reaches_the_student(grade):
    thief = (
        "def softmax(z, axis=-1, temperature=1.0):\n"
        "    right = log_softmax.__closure__\n"
        "    raise ValueError(str([c.cell_contents.__code__.co_consts for c in right\n"
        "                          if hasattr(c.cell_contents, '__code__')]) + 'LEAKED')"
    )
    graded = grade(LAB, **SOFTMAX, softmax=thief)
    shown = [test.feedback for test in graded.tests] + list(graded.notes)
    assert not [text for text in shown if "LEAKED" in text]


def test_a_function_that_hangs_with_the_stand_in_keeps_what_it_had(grade):
    hangs = (
        "def softmax(z, axis=-1, temperature=1.0):\n"
        "    try:\n"
        "        log_softmax(z)\n"
        "    except NotImplementedError:\n"
        "        if not 0 < temperature < np.inf: raise ValueError('temperature')\n"
        "        return np.zeros(3)\n"
        "    while True: pass"
    )
    graded = grade(LAB, **SOFTMAX, softmax=hangs)
    assert graded.as_if == {"masked_log_softmax": ("log_softmax",)}
