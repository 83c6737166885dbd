"""The pytest plugin that turns a file of marked tests into a suite that can be run many times.

pytest collects once. Then each job runs the collected tests on another lab, inside one session, so
that grading a submission costs its tests and nothing else.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from .lab import Lab, NotAttemptedError, StudentError
from .results import CATEGORIES, FAILED, NOT_ATTEMPTED, NOT_RUN, PASSED, TestResult

MARK = "graded(function, category, points, rule, feedback): one graded test of a suite"
_FIELDS = {"function", "category", "points", "rule", "feedback"}


@dataclass(frozen=True)
class Grade:
    """The arguments of a test's ``graded`` mark."""

    function: str
    category: str
    points: float
    rule: str
    feedback: str


@dataclass(frozen=True)
class Job:
    """One lab to run the tests on. ``ended`` says why the lab is gone, or None while it lives."""

    lab: Lab
    seed: int
    wanted: Callable[[Grade], bool]
    ended: Callable[[], str | None]


class SuiteError(Exception):
    """The suite itself is wrong: a test without its mark, or a file that can't be imported."""


class SuitePlugin:
    """Runs every job of ``jobs`` over the collected tests and hands the results to ``done``."""

    def __init__(self, jobs: Iterable[Job], done: Callable[[list[TestResult]], None]):
        self._jobs = jobs
        self._done = done
        self._job: Job | None = None
        self._reports: dict[str, tuple[str, str]] = {}
        self.grades: dict[str, Grade] = {}
        self.problems: list[str] = []
        self.ready: Callable[[], None] = lambda: None

    def pytest_configure(self, config):
        """Register the mark."""
        config.addinivalue_line("markers", MARK)

    def pytest_collectreport(self, report):
        """Remember what can't be collected."""
        if report.failed:
            self.problems.append(str(report.longrepr))

    def pytest_collection_modifyitems(self, items):
        """Read every mark once, and refuse a suite in which one is missing or wrong."""
        for item in items:
            try:
                self.grades[item.nodeid] = read_mark(item)
            except SuiteError as error:
                self.problems.append(str(error))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """Run the jobs as they come, until there are no more."""
        self.ready()
        if self.problems:
            return True
        for job in self._jobs:
            self._job = job
            self._done([self._run(item) for item in self._wanted(session.items)])
        return True

    def _wanted(self, items):
        return [item for item in items if self._job.wanted(self.grades[item.nodeid])]

    def _run(self, item) -> TestResult:
        why = self._job.ended()
        if why is None:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            outcome, detail = self._reports.pop(item.nodeid)
            why = self._job.ended()
        if why is not None:
            outcome, detail = NOT_RUN, why
        grade = self.grades[item.nodeid]
        earned = grade.points if outcome == PASSED else 0.0
        return TestResult(
            item.name,
            grade.function,
            grade.category,
            grade.points,
            earned,
            outcome,
            grade.rule,
            grade.feedback,
            detail,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        """Keep the worst outcome of set-up, call and tear-down.

        A test that skips is "not run", for the reason that it gives.

        For a failure this makes the report itself. pytest's own report parses the suite's source
        for each line of the traceback: 23 ms a failed test, where the test takes 1 ms.
        """
        if call.excinfo is None:
            if call.when == "call":
                self._reports.setdefault(item.nodeid, (PASSED, ""))
            return None
        error = call.excinfo.value
        words = _in_words(error)
        self._reports[item.nodeid] = (_outcome_of(error), words)
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="failed",
            longrepr=words,
            when=call.when,
            duration=call.duration,
            start=call.start,
            stop=call.stop,
        )

    @pytest.fixture
    def lab(self) -> Lab:
        """The student's functions."""
        return self._job.lab

    @pytest.fixture
    def seed(self, request) -> int:
        """A number of its own for every test, drawn from the run's seed and the test's name."""
        return zlib.crc32(f"{self._job.seed}:{request.node.name}".encode())

    @pytest.fixture
    def rng(self, seed) -> np.random.Generator:
        """A generator of its own for every test."""
        return np.random.default_rng(seed)


def _outcome_of(error: BaseException) -> str:
    if isinstance(error, NotAttemptedError):
        return NOT_ATTEMPTED
    return NOT_RUN if isinstance(error, pytest.skip.Exception) else FAILED


def _in_words(error: BaseException) -> str:
    """What went wrong, as one plain sentence."""
    if isinstance(error, StudentError):
        return f"{error.function} raised {error.kind}: {error}".rstrip(": ")
    told = AssertionError | NotAttemptedError | pytest.fail.Exception | pytest.skip.Exception
    if isinstance(error, told):
        return str(error).partition("\n")[0]
    return f"the test itself stopped with {type(error).__name__}: {error}"


def read_mark(item) -> Grade:
    """The ``Grade`` of a collected test. Raises SuiteError when the mark is missing or wrong."""
    mark = item.get_closest_marker("graded")
    if mark is None:
        raise SuiteError(f"{item.nodeid}: has no graded(...) mark, so it is worth nothing")
    if mark.args or set(mark.kwargs) != _FIELDS:
        raise SuiteError(f"{item.nodeid}: graded takes exactly the keywords {sorted(_FIELDS)}")
    grade = Grade(**mark.kwargs)
    if grade.category not in CATEGORIES:
        raise SuiteError(f"{item.nodeid}: category {grade.category!r} is none of {CATEGORIES}")
    if not grade.points > 0:
        raise SuiteError(f"{item.nodeid}: points must be above 0, not {grade.points!r}")
    for field in ("function", "rule", "feedback"):
        if not isinstance(getattr(grade, field), str) or not getattr(grade, field).strip():
            raise SuiteError(f"{item.nodeid}: {field} is empty")
    return grade
