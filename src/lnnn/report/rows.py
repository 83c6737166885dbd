"""Results as rows, grouped by function: what the check output and the feedback page show."""

from collections.abc import Iterable
from dataclasses import dataclass

from lnnn.suite import results
from lnnn.suite.results import FAILED, NOT_ATTEMPTED, NOT_RUN, PASSED, TestResult

SIGNS = {PASSED: "✓", FAILED: "✗", NOT_ATTEMPTED: "○", NOT_RUN: "–"}


@dataclass(frozen=True)
class Row:
    """One rule and what became of it.

    ``outcome`` is one of ``suite.results.OUTCOMES`` and serves as the word on the page; ``sign`` is
    its mark, ``css`` its class name. ``detail`` is empty unless the reader may see it.
    """

    outcome: str
    sign: str
    css: str
    rule: str
    category: str
    points: float
    earned: float
    feedback: str
    detail: str


@dataclass(frozen=True)
class Group:
    """The rows of one function, in the order of the suite, with their sums."""

    function: str
    rows: tuple[Row, ...]
    points: float
    earned: float

    @property
    def passed(self) -> int:
        """How many rules hold."""
        return sum(row.outcome == PASSED for row in self.rows)

    @property
    def outcome(self) -> str:
        """Passed when every rule holds, failed when some do not; else why no rule was tried."""
        found = {row.outcome for row in self.rows}
        if FAILED in found or (PASSED in found and len(found) > 1):
            return FAILED
        for outcome in (PASSED, NOT_RUN):
            if outcome in found:
                return outcome
        return NOT_ATTEMPTED

    @property
    def sign(self) -> str:
        """The mark of ``outcome``."""
        return SIGNS[self.outcome]

    @property
    def css(self) -> str:
        """The class name of ``outcome``."""
        return css_class(self.outcome)


def by_function(tests: Iterable[TestResult], *, detail: bool) -> list[Group]:
    """Group results by function, functions in the order in which they first appear.

    ``detail=True`` keeps what the tests saw. It holds inputs and values, so only a learner's own
    kernel and an instructor may show it; a feedback page passes ``detail=False``.
    """
    grouped: dict[str, list[TestResult]] = {}
    for test in tests:
        grouped.setdefault(test.function, []).append(test)
    return [
        Group(
            function,
            tuple(_row(test, detail) for test in of_function),
            results.max_score(of_function),
            results.score(of_function),
        )
        for function, of_function in grouped.items()
    ]


def css_class(outcome: str) -> str:
    """``not attempted`` -> ``not-attempted``."""
    return outcome.replace(" ", "-")


def _row(test: TestResult, detail: bool) -> Row:
    return Row(
        test.outcome,
        SIGNS[test.outcome],
        css_class(test.outcome),
        test.rule,
        test.category,
        test.points,
        test.earned,
        test.feedback,
        test.detail if detail else "",
    )
