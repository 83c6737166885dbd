"""Results as rows, grouped by function: what the check output and the feedback page show."""

from collections.abc import Iterable
from dataclasses import dataclass

from lnnn.suite import results
from lnnn.suite.results import Outcome, TestResult


@dataclass(frozen=True)
class Row:
    """One rule and what became of it. ``detail`` is empty unless the reader may see it."""

    outcome: Outcome
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
        return sum(row.outcome is Outcome.PASSED for row in self.rows)

    @property
    def outcome(self) -> Outcome:
        """Passed when every rule holds, failed when some do not; else why no rule was tried."""
        found = {row.outcome for row in self.rows}
        if Outcome.FAILED in found or (Outcome.PASSED in found and len(found) > 1):
            return Outcome.FAILED
        order = (Outcome.PASSED, Outcome.NOT_RUN, Outcome.NOT_WRITTEN)
        return next(outcome for outcome in order if outcome in found)


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


def _row(test: TestResult, detail: bool) -> Row:
    return Row(
        test.outcome,
        test.rule,
        test.category,
        test.points,
        test.earned,
        test.feedback,
        test.detail if detail else "",
    )
