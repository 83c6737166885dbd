"""Grade one submission: run its cells in the jail, its suite against them, measure its errors."""

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from lnnn import labs
from lnnn.messages import _
from lnnn.report.error_curve import ErrorCurve, measure
from lnnn.suite import results
from lnnn.suite.lab import Lab
from lnnn.suite.results import Outcome, TestResult
from lnnn.suite.runner import Suite

from .causes import Ledger, at_most
from .follow_through import follow_through, verdicts_of
from .jail import Jail, Limits
from .reading import Reader
from .resuming_caller import Budget, ResumingCaller, only_these_imports
from .submission import CellError, Submission
from .suites import Suites

GRADED = "graded"
PARTIAL = "partial"
UNREADABLE = "unreadable"
TIMEOUT = "timeout"
MEMORY = "memory"
CRASHED = "crashed"
STATUSES = (GRADED, PARTIAL, TIMEOUT, MEMORY, CRASHED, UNREADABLE)


@dataclass(frozen=True)
class Graded:
    """The grade of one submission and everything its feedback says.

    ``status`` is "graded"; "partial" when a cell failed; "timeout", "memory" or "crashed" when the
    code ended a session (the functions that did not still have their points); "unreadable" when
    the file could not be graded at all, for the reason in ``problem``. ``feedback`` of each test is
    what the student may read. ``as_if``: for a function, the earlier ones that were taken to be
    right when it was marked. ``timings`` says where the seconds went.
    """

    submission: str
    lab: str
    status: str
    score: float
    max_score: float
    tests: tuple[TestResult, ...] = ()
    notes: tuple[str, ...] = ()
    cell_errors: tuple[CellError, ...] = ()
    curves: tuple[ErrorCurve, ...] = ()
    as_if: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""
    backend: str = ""
    seconds: float = field(default=0.0, compare=False)
    timings: dict[str, float] = field(default_factory=dict, compare=False)


class Grader:
    """Grades submissions one after the other, with one warm jail; suites are loaded once.

    ``seed`` draws the inputs of the tests; the same seed gives the same grades. Raises
    ``JailUnavailable`` when no isolation works here and ``backend`` does not ask for none.
    """

    def __init__(
        self, suites: Suites, seed: int = 0, limits: Limits | None = None, backend: str = "auto"
    ):
        self.suites = suites
        self.seed = seed
        self.limits = limits or Limits()
        self._jail = Jail(self.limits, backend=backend, hidden=[suites.folder.resolve()])
        self._jail.warm()
        self._reader = Reader(self._jail, suites)
        self._suites: dict[str, Suite] = {}

    @property
    def backend(self) -> str:
        """What isolates the submissions."""
        return self._jail.backend

    def close(self) -> None:
        """End the jail."""
        self._reader.close()
        self._jail.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def read(self, path: Path, lab: str | None = None, name: str | None = None) -> Submission:
        """The submission in a file: see ``Reader.read``."""
        return self._reader.read(path, lab, name)

    def grade(self, submission: Submission) -> Graded:
        """The grade of a submission. What the submission does never raises here."""
        if submission.problem:
            return self.without_running(
                submission.name, submission.lab, UNREADABLE, submission.problem
            )
        start = perf_counter()
        timings: dict[str, float] = {}
        suite = self._suite(submission.lab)
        budget = Budget(self.limits.total_seconds)
        caller = ResumingCaller(self._jail, submission.statements, budget)
        try:
            with _stopwatch(timings, "cells"):
                caller.open()
                defined = caller.names()
            timings = {"open": caller.opening, "cells": timings["cells"] - caller.opening}
            with _stopwatch(timings, "tests"):
                verdicts = verdicts_of(suite, caller, self.seed)
        finally:
            caller.close()
        if caller.failure is not None:
            raise caller.failure
        with _stopwatch(timings, "follow-through"):
            release = self.suites.release(submission.lab)
            verdicts, as_if = follow_through(suite, self.seed, verdicts, release, caller)
        tests = [verdict.test for verdict in verdicts]
        causes = _Causes(caller.ledger, submission, defined)
        for_student = [
            _for_student(v.test, v.raised, causes.of(v.test, v.raised)) for v in verdicts
        ]
        notes = [*causes.name_errors, *submission.notes, *_missing(suite, defined, causes)]
        with _stopwatch(timings, "curve"):
            # The plot of a function that was marked as if another were right shows that other's.
            own = [test for test in tests if test.function not in as_if]
            curves = _curves(caller.another(), own, notes)
        errors = sorted((*submission.errors, *caller.ledger.cell_errors), key=lambda e: e.index)
        status = caller.ended[0].reason if caller.ended else PARTIAL if errors else GRADED
        return Graded(
            submission.name,
            submission.lab,
            status,
            results.score(tests),
            results.max_score(tests),
            tuple(for_student),
            tuple(notes),
            tuple(at_most(errors)),
            tuple(curves),
            as_if=as_if,
            backend=self.backend,
            seconds=perf_counter() - start,
            timings=timings,
        )

    def without_running(self, name: str, lab: str, status: str, problem: str) -> Graded:
        """The result of a submission that can't be run: no points, every test "not run"."""
        tests = []
        if lab:
            why = _("The file could not be graded.")
            tests = self._suite(lab).run(Lab(None), ended=lambda: why)
        return Graded(
            name,
            lab,
            status,
            0.0,
            results.max_score(tests),
            tuple(replace(test, feedback=test.detail) for test in tests),
            problem=problem,
            backend=self.backend,
        )

    def _suite(self, lab: str) -> Suite:
        if lab not in self._suites:
            self._suites[lab] = Suite(self.suites.path(lab))
        return self._suites[lab]


def _curves(caller: ResumingCaller, tests: list[TestResult], notes: list[str]) -> list[ErrorCurve]:
    """The error curves of the functions that answer.

    The caller is one that has never seen a hidden input: a function that remembers its arguments
    could draw them into the picture otherwise.
    """
    answered = {Outcome.PASSED, Outcome.FAILED}
    outcomes: dict[str, set[Outcome]] = {}
    for test in tests:
        outcomes.setdefault(test.function, set()).add(test.outcome)
    curves = []
    try:
        for function, seen in outcomes.items():
            if function not in labs.sweeps() or not seen <= answered:
                continue
            curve = measure(Lab(caller), function)
            if caller.ended:
                text = _("The error plots end at {function}: {why}")
                notes.append(text.format(function=function, why=caller.ended[0].told))
                break
            if curve is not None:
                curves.append(curve)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        text = _("The error plot of {function} could not be drawn ({kind}).")
        notes.append(text.format(function=function, kind=type(error).__name__))
    finally:
        caller.close()
    return curves


@contextmanager
def _stopwatch(timings: dict[str, float], part: str):
    start = perf_counter()
    try:
        yield
    finally:
        timings[part] = perf_counter() - start


class _Causes:
    """Why functions of one submission are not there or lack a name. ``defined`` are there."""

    def __init__(self, ledger: Ledger, submission: Submission, defined: set[str]):
        self._ledger = ledger
        self._not_run = submission.errors
        self._defined = defined
        self.name_errors: dict[str, None] = {}  # those of the tests that were asked about

    def of(self, test: TestResult, raised: str) -> str:
        """What lies behind the result of a test, other than a wrong answer; or ""."""
        if test.outcome is Outcome.NOT_WRITTEN:
            return self.missing(test.function)
        return self._raised(test.function, raised) if test.outcome is Outcome.FAILED else ""

    def missing(self, function: str) -> str:
        """Why the function is not there although it is written."""
        if function in self._defined:
            return ""
        return self._ledger.why_missing(function, self._not_run)

    def _raised(self, function: str, kind: str) -> str:
        if kind == "ModuleNotFoundError":
            return only_these_imports()
        if kind == "BdbQuit":
            return _("That is breakpoint(), which waits for a person. Take it out.")
        why = self._ledger.why_name_error(function, self._not_run) if kind == "NameError" else ""
        self.name_errors |= {why: None} if why else {}
        return why


def _missing(suite: Suite, defined: set[str], causes: _Causes) -> list[str]:
    wanted = dict.fromkeys(rule.function for rule in suite.rules)
    text = _("There is no function named {function}: no cell defines it.")
    return [
        causes.missing(name) or text.format(function=name) for name in wanted if name not in defined
    ]


def _for_student(test: TestResult, raised: str, cause: str = "") -> TestResult:
    """The result with a feedback that fits what happened, and without what the test saw.

    ``cause``: see ``_Causes.of``.
    """
    feedback = test.feedback
    if test.outcome is Outcome.NOT_WRITTEN and cause:
        return replace(test, outcome=Outcome.NOT_RUN, feedback=cause, detail=cause)
    if test.outcome is Outcome.NOT_RUN:
        feedback = test.detail
    elif test.outcome is Outcome.NOT_WRITTEN:
        feedback = _("{function} is not written yet.").format(function=test.function)
    elif test.outcome is Outcome.FAILED and raised:
        text = _("The function raised {kind} here. {think}")
        if raised == "Exception":  # or a class of the student's own
            text = _("The function raised an exception here. {think}")
        feedback = text.format(kind=raised, think=cause or feedback)
    return replace(test, feedback=feedback)
