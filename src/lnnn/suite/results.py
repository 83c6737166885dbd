"""What comes out of a suite: one result a test, and their sum."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one rule. The value is what files store and style sheets name."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_WRITTEN = "not-written"
    NOT_RUN = "not-run"

    @property
    def word(self) -> str:
        """What a person reads."""
        return _WORDS[self]

    @property
    def sign(self) -> str:
        """One character that stands beside the word."""
        return _SIGNS[self]


_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_WRITTEN: "not written yet",
    Outcome.NOT_RUN: "not run",
}
_SIGNS = dict(zip(Outcome, "✓✗○–", strict=True))


@dataclass(frozen=True)
class TestResult:
    """One test's verdict.

    ``rule`` says what must hold, ``feedback`` what usually breaks it; a student may read both.
    ``detail`` is what the test saw, for the learner's own kernel and for instructors: it may hold
    inputs and values, so it never leaves the grader.
    """

    __test__ = False  # not a test class, whatever its name looks like to pytest

    name: str
    function: str
    category: str
    points: float
    earned: float
    outcome: Outcome
    rule: str
    feedback: str
    detail: str = ""

    def public(self) -> dict:
        """The result without ``detail``, as a plain dict."""
        fields = asdict(self)
        del fields["detail"]
        return fields


def score(results: Iterable[TestResult]) -> float:
    """The points earned."""
    return round(sum(r.earned for r in results), 6)


def max_score(results: Iterable[TestResult]) -> float:
    """The points to be had."""
    return round(sum(r.points for r in results), 6)
