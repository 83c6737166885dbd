"""Call a student's function and watch what it does: value or exception, mutation, warnings, time.

This file runs on the student's side of the wall, so it needs nothing but NumPy and the standard
library. What it reports of mutation and warnings is advice for honest students: code that forges it
could copy its input or silence NumPy instead, which is what the contract asks for.
"""

import time
import warnings
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Raised:
    """An exception as data: the names of its classes from its own to ``Exception``, its text."""

    classes: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Observed:
    """What one call did.

    ``value`` is None when ``raised`` is set. ``mutated`` names the arguments whose arrays changed
    (``"0"`` for the first positional one, else the keyword). ``warnings`` holds the texts of the
    RuntimeWarnings. ``seconds`` is the processor time of this process during the call, so that
    what else the machine does takes none of it.
    """

    value: object = None
    raised: Raised | None = None
    mutated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


def describe(error: BaseException) -> Raised:
    """Turn an exception into data."""
    classes = tuple(c.__name__ for c in type(error).__mro__ if c not in (object, BaseException))
    return Raised(classes, str(error)[:2000])


def observe_call(function, args, kwargs) -> Observed:
    """Call ``function(*args, **kwargs)`` and report what happened. Never raises what it raises."""
    named = {**{str(i): a for i, a in enumerate(args)}, **kwargs}
    before = {name: a.copy() for name, a in named.items() if isinstance(a, np.ndarray)}
    value, raised = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.process_time()
        try:
            value = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like are answers too
            raised = describe(error)
        seconds = time.process_time() - start
    mutated = tuple(name for name, was in before.items() if not _same_bits(was, named[name]))
    texts = tuple(str(w.message) for w in caught if issubclass(w.category, RuntimeWarning))
    return Observed(value, raised, mutated, texts[:20], seconds)


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """True when the two arrays have the same type, shape and bytes (NaN and -0 included)."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
