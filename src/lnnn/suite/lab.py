"""``lab``: a student's functions, called as if they were local."""

import builtins
import contextlib
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lnnn.messages import _
from lnnn.observe import Observed, Raised, observe_call


class Caller(Protocol):
    """Whatever can call a student's function by name and say what happened.

    ``clock`` is what its seconds are read from: times are compared by one clock. A caller of
    functions in another process may have ``paused()`` too, a block in which that stands still.
    """

    clock: Callable[[], float]

    def call(self, name: str, args: tuple, kwargs: dict) -> Observed:
        """Call ``name(*args, **kwargs)``."""


class NotWrittenError(Exception):
    """The function is missing, or is still the stub that the lab ships."""


class StudentError(Exception):
    """Raised by a student's function; also an instance of the nearest built-in exception.

    ``function`` and ``kind`` name the function and the exception's own class.
    """

    function = ""
    kind = ""

    @property
    def sentence(self) -> str:
        """What was raised, as a sentence."""
        return raised_sentence(self.function, self.kind, str(self))


@dataclass(frozen=True)
class Call:
    """What the last call did besides returning: see ``observe.Observed``."""

    mutated: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float


class Lab:
    """A student's functions as attributes.

    ``lab.f(*args, **kwargs)`` calls the student's ``f`` through ``caller``. What it raises comes
    back as a subclass of ``StudentError`` and of the nearest built-in class, so that
    ``except ValueError`` reads as usual. A missing function and the lab's own stub raise
    ``NotWrittenError``. ``lab.last`` is the ``Call`` record of the latest call, ``lab.clock`` what
    its seconds are read from; while ``with lab.paused():`` runs, the functions' process does not.
    """

    def __init__(self, caller: Caller):
        self._caller = caller
        self.last: Call | None = None
        self.clock = caller.clock if caller is not None else time.perf_counter
        self.paused = getattr(caller, "paused", contextlib.nullcontext)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args, **kwargs):
            seen = self._caller.call(name, args, kwargs)
            self.last = Call(seen.mutated, seen.warnings, seen.seconds)
            if seen.raised is not None:
                raise _as_exception(name, seen.raised)
            return seen.value

        call.__name__ = name
        return call


class NamespaceCaller:
    """Calls functions of this process's own namespace: the notebook the learner sits in.

    Its clock is the time of this process, from which other programs take nothing.
    """

    clock = staticmethod(time.process_time)

    def __init__(self, namespace: dict):
        self._namespace = namespace

    def call(self, name, args, kwargs):
        """Call ``name`` with copies, as a wall would hand them over, or say that it is missing."""
        function = self._namespace.get(name)
        if not callable(function):
            return Observed(raised=missing(name))
        return observe_call(function, *copy.deepcopy((args, kwargs)), clock=self.clock)


def stub_message(name: str) -> str:
    """What the stub that a lab ships says when it is called."""
    return f"{name}: write your answer here"


def raised_sentence(function: str, kind: str, text: str) -> str:
    """That ``function`` raised an exception of class ``kind`` which says ``text``."""
    if not text:
        return _("{function} raised {kind}").format(function=function, kind=kind)
    return _("{function} raised {kind}: {text}").format(function=function, kind=kind, text=text)


def missing(name: str) -> Raised:
    """What a call of a function that does not exist reports."""
    return Raised(("MissingFunction",), _("there is no function named {name}").format(name=name))


def _as_exception(name: str, raised: Raised) -> Exception:
    classes = raised.classes
    is_stub = "NotImplementedError" in classes and raised.message == stub_message(name)
    if not classes or classes[0] == "MissingFunction" or is_stub:
        return NotWrittenError(raised.message)
    for class_name in classes:
        base = getattr(builtins, class_name, None)
        if isinstance(base, type) and issubclass(base, Exception) and base is not Exception:
            break
    else:
        base = None
    try:
        kind = StudentError if base is None else type(classes[0], (StudentError, base), {})
        error = kind(raised.message)
    except TypeError:
        # Some built-ins (UnicodeDecodeError) ask for more than a text, or clash in layout.
        error = StudentError(raised.message)
    error.function, error.kind = name, classes[0]
    return error
