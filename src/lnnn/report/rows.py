"""Results as rows, grouped by function: what the check output and the feedback page show."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lnnn.suite import results
from lnnn.suite.results import Outcome, TestResult


@dataclass(frozen=True)
class Group:
    """The results of one function, in the order of the suite, with their sums."""

    function: str
    rows: tuple[TestResult, ...]

    @property
    def points(self) -> float:
        """The points to be had."""
        return results.max_score(self.rows)

    @property
    def earned(self) -> float:
        """The points earned."""
        return results.score(self.rows)

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
        shown = test if detail else replace(test, detail="")
        grouped.setdefault(test.function, []).append(shown)
    return [Group(function, tuple(rows)) for function, rows in grouped.items()]
