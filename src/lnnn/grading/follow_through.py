"""Follow-through marks: a fault costs the points of its own function, and of no other.

A function that builds on an earlier one of the lab fails with it. So its tests run once more, in a
fresh session in which the earlier functions that lose points are the course's own, and the better
result counts. Only earlier ones: two stubs could live off each other otherwise. It counts only if
the function did call one of them.
"""

import marshal
from dataclasses import dataclass

from lnnn.suite.lab import Lab
from lnnn.suite.results import Outcome, TestResult, score
from lnnn.suite.runner import Suite

from .resuming_caller import ResumingCaller
from .suites import Release


@dataclass(frozen=True)
class Verdict:
    """The result of a test, and the built-in exception that its last call raised, or ""."""

    test: TestResult
    raised: str


def verdicts_of(
    suite: Suite, caller: ResumingCaller, seed: int, functions: set[str] | None = None
) -> list[Verdict]:
    """Run the tests of ``functions`` (all of them by default) against the caller's session."""
    before = len(caller.raised)
    tests = suite.run(Lab(caller), seed, functions, ended=caller.between_tests)
    return list(map(Verdict, tests, caller.raised[before:]))


def follow_through(
    suite: Suite,
    seed: int,
    verdicts: list[Verdict],
    release: Release,
    caller: ResumingCaller,
) -> tuple[list[Verdict], dict[str, tuple[str, ...]]]:
    """The verdicts after follow-through, and which functions were right ones for which.

    ``caller`` is the one that gave the verdicts; the functions run again by others like it.
    """
    functions = list(dict.fromkeys(verdict.test.function for verdict in verdicts))
    by_function = {f: [v for v in verdicts if v.test.function == f] for f in functions}
    as_if: dict[str, tuple[str, ...]] = {}
    for position, function in enumerate(functions):
        faulty = [f for f in functions[:position] if _loses(by_function[f])]
        faulty = [f for f in faulty if f in release.solutions]
        if not faulty or not _may_gain(by_function[function]):
            continue
        other = caller.another((faulty, compiled(release, faulty)))
        try:
            again = verdicts_of(suite, other, seed, {function})
            used = other.stand_ins_called()
        finally:
            other.close()
        if other.failure is not None:
            raise other.failure
        if used and _score(again) > _score(by_function[function]):
            by_function[function] = again
            as_if[function] = tuple(f for f in faulty if f in used)
    return [verdict for function in functions for verdict in by_function[function]], as_if


def compiled(release: Release, functions: list[str]) -> bytes:
    """Compiled code that defines the course's own ``functions``, and what they call, and no more.

    What is defined before the last of them is in it, since they may build on it; a later function,
    whose tests may meet this code, is not.
    """
    order = list(release.solutions)
    last = max(map(order.index, functions))
    text = "\n\n".join([release.imports, *(release.solutions[f] for f in order[: last + 1])])
    return marshal.dumps(compile(text, "stand-ins", "exec", dont_inherit=True, optimize=2))


def _loses(verdicts: list[Verdict]) -> bool:
    return any(v.test.earned < v.test.points for v in verdicts)


def _may_gain(verdicts: list[Verdict]) -> bool:
    """Whether another run could earn more: not for a stub, nor for one that has all its points."""
    return _loses(verdicts) and any(v.test.outcome is not Outcome.NOT_WRITTEN for v in verdicts)


def _score(verdicts: list[Verdict]) -> float:
    return score(v.test for v in verdicts)
