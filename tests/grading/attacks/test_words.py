"""Nothing that a submission chose after it saw an input reaches the page of its student.

Each attack writes its inputs into another thing that the grader could repeat. With another seed the
inputs differ, and the page does not.
"""

from dataclasses import replace

import numpy as np
import pytest
import small_lab

from lnnn.grading.runner import Grader
from lnnn.grading.submission import Statement, Submission
from lnnn.grading.suites import Suites
from lnnn.report import feedback

from .test_forging import FORGE
from .walls import LIMITS

BITS = "int(abs(float(np.asarray(x).flat[0])) * 1000)"
CHANNELS = {
    "a tag of a frame": "write(raw(['call', request()[1], [str(x)[:20], 1], None, [], [], 0.1]))",
    "a length": f"write(struct.pack('>4sIQ', frames.MAGIC, 8, (1 << 40) + {BITS}))",
    "a prefix": "write(str(x).encode()[:16].ljust(16))",
    "the number of a request": f"write(raw(['call', {BITS}, 1, None, [], [], 0.1]))",
    "the kind of a reply": "write(raw([str(x), request()[1], 1, None, [], [], 0.1]))",
    "an exit status": f"os._exit({BITS} % 256)",
    "a signal": f"os.kill(os.getpid(), 1 + {BITS} % 9)",
    "a class": "raise type('Saw' + str(x), (Exception,), {})('')",
    "a class among built-in ones": "raise type('Saw' + str(x), (ValueError,), {})('')",
    "a message": "raise ValueError(str(x))",
    "a forged class": "write(reply(request()[1], None, raised=(['Saw' + str(x)], '')))",
    "a forged message": "write(reply(request()[1], None, raised=(['ValueError'], str(x))))",
    "a type": "return type('Saw' + str(x), (), {})()",
    "a value": "return [str(x)]",
    "a warning": "import warnings; warnings.warn(str(x), RuntimeWarning); return 0.0",
    "a print": "print(x, flush=True); return 0.0",
    "an exit by name": "raise SystemExit(str(x))",
    "a stub's message": "raise NotImplementedError(str(x))",
    "a missing name": "raise NameError(str(x), name=str(x))",
    "a size": f"return np.zeros({BITS})",
    # Far above the limit: near it, it is the moment that decides how such a call ends.
    "an amount of memory": f"return bytes(2**34 + {BITS})",
}


@pytest.fixture(scope="module")
def pages():
    """The page of a submission, once for each of two seeds."""
    suites = Suites(small_lab.SUITES)
    limits = replace(LIMITS, call_seconds=1.0)
    with Grader(suites, 1, limits) as one, Grader(suites, 2, limits) as other:

        def pages(source):
            texts = [small_lab.IMPORTS, FORGE, small_lab.DOUBLE, source, small_lab.SPREAD]
            statements = tuple(Statement(i, text, f"Cell {i}") for i, text in enumerate(texts, 1))
            submission = Submission("someone", None, small_lab.LAB, statements)
            graded = [grader.grade(submission) for grader in (one, other)]
            return [feedback.page(g) for g in graded], graded

        yield pages


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_page_tells_nothing_of_the_inputs(pages, channel):
    source = f"def total(x):\n    {CHANNELS[channel]}"
    (one, other), graded = pages(source)
    assert one == other
    assert graded[0].score < 10


def test_the_inputs_of_the_two_seeds_differ(pages):
    """Or the test above would prove nothing."""
    _pages, graded = pages("def total(x):\n    raise ValueError(str(np.asarray(x).tolist()))")
    assert graded[0].tests[2].detail != graded[1].tests[2].detail


def test_a_function_that_ends_its_session_has_one_more_chance_and_no_other(pages):
    """A right answer, then an exit, again and again: after the second exit it is not called."""
    calls = (
        "def total(x):\n"
        "    if len(x) == 7: return float(np.sum(x))\n"
        "    if len(x) == 0: os._exit(1)\n"
        "    if len(x) == 1000: os._exit(1)\n"
        "    return float(np.sum(x))"
    )
    _pages, (graded, _other) = pages(calls)
    outcomes = {test.name: test.outcome for test in graded.tests}
    assert outcomes["test_total_sums"] == "passed"
    assert outcomes["test_total_of_nothing_is_zero"] == "not-run"
    assert outcomes["test_total_of_many"] == "not-run"
    assert np.isclose(graded.score, 3 + 3 + 2)  # spread is marked as if total were right
