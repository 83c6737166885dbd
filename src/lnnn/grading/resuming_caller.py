"""A student's functions in the jail, going on where one of them ended its session.

A session ends when a call hangs, takes too much memory or kills its process. One endless loop
should not cost the functions that are right, so a fresh fork takes over: the statements run again
(without one that ended a session itself), and the function at fault is not called any more. A
function that had answered before gets one more chance, because then only some inputs stop it. All
sessions of a submission share one time budget.
"""

import contextlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter

from lnnn.messages import _
from lnnn.observe import Observed, Raised

from .causes import Ledger
from .jail import Cell, CellOutcome, Jail, Session, SessionEnded
from .submission import Statement

# Kinds of error that a student is told of. The message stays here: it may hold a hidden input.
_TOLD = frozenset(
    {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "BdbQuit",  # how breakpoint() ends where nobody answers
        "Exception",
        "FloatingPointError",
        "ImportError",
        "IndexError",
        "KeyError",
        "MemoryError",
        "ModuleNotFoundError",
        "NameError",
        "NotImplementedError",
        "OSError",
        "OverflowError",
        "RecursionError",
        "RuntimeError",
        "StopIteration",
        "SyntaxError",
        "SystemExit",
        "TypeError",
        "UnboundLocalError",
        "UnicodeError",
        "ValueError",
        "ZeroDivisionError",
    }
)
_LONGEST = 400


@dataclass
class Budget:
    """The seconds that all sessions of one submission share, and what is ``left`` of them."""

    seconds: float
    left: float = field(init=False)

    def __post_init__(self):
        self.left = self.seconds


class ResumingCaller:
    """The caller (see ``suite.lab.Caller``) of one submission, over as many sessions as it takes.

    ``budget`` is its time, shared with ``another`` caller. ``stand_ins`` are names and code that
    take the place of the submission's functions: see ``Session.stand_in``. ``ended`` holds every
    ``SessionEnded`` so far, ``ledger`` which statements ran. ``raised[i]`` is the built-in
    exception that the last call of test i raised, or "". ``failure`` is what went wrong on the
    grader's own side, ``opening`` the seconds that opening sessions took.
    """

    clock = Session.clock

    def __init__(
        self,
        jail: Jail,
        statements: tuple[Statement, ...],
        budget: Budget,
        stand_ins: tuple[list[str], bytes] | None = None,
    ):
        self._jail = jail
        self._statements = statements
        self._stand_ins = stand_ins
        self._budget = budget
        self._stack = ExitStack()
        self._session = None
        self._deadly: set[int] = set()
        self.ledger = Ledger(statements)
        self._answered: set[str] = set()
        self._second_chances: set[str] = set()
        self._stopped: dict[str, str] = {}
        self._lost = ""
        self._kind = ""
        self._in_test = False
        self.ended: list[SessionEnded] = []
        self.raised: list[str] = []
        self.failure: Exception | None = None
        self.opening = 0.0

    def another(self, stand_ins: tuple[list[str], bytes] | None = None) -> "ResumingCaller":
        """A caller of the same submission that knows nothing of this one but the time left."""
        return ResumingCaller(self._jail, self._statements, self._budget, stand_ins)

    def open(self) -> None:
        """Start a session and run the statements in it, unless one is open."""
        while self._session is None and self._budget.left > 0:
            start = perf_counter()
            self._session = self._stack.enter_context(self._jail.open())
            self.opening += perf_counter() - start
            for position, statement in enumerate(self._statements):
                if position in self._deadly:
                    continue
                try:
                    piece = Cell(statement.source, statement.label, statement.line)
                    (outcome,) = self._timed(self._session.run_cells, [piece])
                except SessionEnded as end:
                    self._deadly.add(position)
                    self._end(end)
                    text = end.told
                    label = statement.label
                    if label not in text:
                        text = _("{place} was stopped: {why}").format(place=label, why=text)
                    self.ledger.failed(position, text)
                    break
                if outcome.ok:
                    self.ledger.ran(position)
                else:
                    text = _in_words(statement, outcome)
                    self.ledger.failed(position, text, "NameError" in outcome.error.classes)
            if self._stand_ins and self._session is not None:
                try:
                    self._timed(self._session.stand_in, *self._stand_ins)
                except SessionEnded as end:
                    self._end(end)
                    self._stand_ins = None  # once is enough

    def close(self) -> None:
        """End the session."""
        self._session = None
        self._stack.close()

    def names(self) -> set[str]:
        """The functions that the cells define."""
        self.open()
        return self._told(Session.names)

    def stand_ins_called(self) -> set[str]:
        """Which functions that stand in were called in the session that is open; see Session."""
        return self._told(Session.stand_ins_called)

    def call(self, name: str, args: tuple, kwargs: dict) -> Observed:
        """Call ``name``, in a fresh session where the last one ended."""
        try:
            return self._call(name, args, kwargs)
        except Exception as error:
            # Inside a test this would read as the student's failure; it is the grader's.
            self.failure = error
            raise

    def _call(self, name, args, kwargs):
        self._kind = ""
        why = self._stopped.get(name)
        if why is None:
            self.open()
            if self._session is None:
                why = _("The time for the whole submission ({seconds:g} s) was used up.")
                why = why.format(seconds=self._budget.seconds)
        if why is not None:
            self._lost = _not_run(why)
            return Observed(raised=_ENDED)
        try:
            seen = self._timed(self._session.call, name, args, kwargs)
        except SessionEnded as end:
            self._end(end)
            self._lost = _not_run(end.told)
            if name in self._answered - self._second_chances:
                self._second_chances.add(name)
            else:
                self._stopped[name] = end.told
            return Observed(raised=_ENDED)
        if seen.raised is None:
            self._answered.add(name)
        else:
            self._kind = next((c for c in seen.raised.classes if c in _TOLD), "")
        return seen

    def between_tests(self) -> str | None:
        """To be asked before and after each test: after it, why the test could not be run."""
        self._in_test = not self._in_test
        if self._in_test:
            self._lost = self._kind = ""
            return None
        self.raised.append(self._kind)
        return self._lost or None

    def paused(self):
        """The submission's process stands still for the block."""
        return contextlib.nullcontext() if self._session is None else self._session.paused()

    def _told(self, ask: Callable[[Session], list[str]]) -> set[str]:
        """The names that the session that is open tells; none where there is none, or it ends."""
        if self._session is None:
            return set()
        try:
            return set(self._timed(ask, self._session))
        except SessionEnded as end:
            self._end(end)
            return set()

    def _timed(self, function, *args):
        start = perf_counter()
        try:
            return function(*args)
        finally:
            self._budget.left -= perf_counter() - start

    def _end(self, end: SessionEnded) -> None:
        self.ended.append(end)
        self.close()


# No test may count as passed because a function killed its process: see ``between_tests``.
_ENDED = Raised(("RuntimeError", "Exception"), "the session was ended")


def _not_run(why: str) -> str:
    return _("Not run: {why}").format(why=why)


def _in_words(statement: Statement, outcome: CellOutcome) -> str:
    """What stopped a statement, in sentences."""
    error = f"{outcome.error.classes[0]}: {outcome.error.message}".rstrip(": .")
    error = error if len(error) <= _LONGEST else f"{error[:_LONGEST]}…"
    text = _("{place} stopped with {error}.")
    if outcome.line and statement.label != _("Line {n}").format(n=outcome.line):
        text = _("{place} stopped in line {line} with {error}.")
    text = text.format(place=statement.label, line=outcome.line, error=error)
    if "ModuleNotFoundError" in outcome.error.classes:
        text = f"{text} {only_these_imports()}"
    return text


def only_these_imports() -> str:
    """Why an import failed."""
    return _("While grading, only the standard library and NumPy can be imported.")
