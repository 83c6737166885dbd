"""What an answer loses, for those who write suites and answers: with all that the tests saw."""

from lnnn.messages import _
from lnnn.suite.results import Outcome, TestResult, max_score, score

from .results import plain
from .runner import Graded


def lost_rules(graded: Graded) -> tuple[list[str], bool]:
    """Lines for a terminal, function by function of those that are written; whether any is lost.

    The lines hold hidden inputs and values: they are not for students.
    """
    by_function: dict[str, list[TestResult]] = {}
    for test in graded.tests:
        by_function.setdefault(test.function, []).append(test)
    written = {
        function: tests
        for function, tests in by_function.items()
        if any(test.outcome is not Outcome.NOT_WRITTEN for test in tests)
    }
    lines = [error.text for error in graded.cell_errors]
    if not written:
        text = _("It defines no function of {lab}: {functions}.")
        lines.append(text.format(lab=graded.lab, functions=", ".join(by_function)))
    for function, tests in written.items():
        text = _("{function}: {earned:.10g} of {points:.10g} points")
        values = {"earned": score(tests), "points": max_score(tests)}
        lines.append(text.format(function=function, **values))
        for test in tests:
            if test.outcome is not Outcome.PASSED:
                worth = f"{test.category}, {plain(test.points)}"
                lines += [f"  {test.outcome.sign} {worth}: {test.rule}"]
                lines += [f"      {test.name}: {test.detail}"]
    whole = bool(written) and all(score(tests) == max_score(tests) for tests in written.values())
    return lines, not whole or bool(graded.cell_errors)
