"""Call a function as a reader would, and say what came back.

A function is called as ``f(z, temperature=T)`` when it has a parameter of that name, else as
``f(z / T)``; what else it takes, such as labels, comes after ``z``. Whatever it does, its panel can
be drawn: an answer that is not a float array of the shape of ``z`` becomes a message.
"""

import inspect
from dataclasses import dataclass, replace

import numpy as np

from lnnn import exact
from lnnn.messages import _
from lnnn.observe import observe_call

from .status import Status, status_against
from .words import listed


@dataclass(frozen=True)
class Answer:
    """What a function made of ``z``.

    values: array of the dtype of ``z``, or None when ``problem`` says why there is none.
    errors: ulp of that dtype. statuses: one for each value. Neither is there without exact values.
    note: what else a reader should know, such as another dtype returned.
    """

    name: str
    values: np.ndarray | None = None
    errors: np.ndarray | None = None
    statuses: tuple[Status, ...] = ()
    problem: str = ""
    note: str = ""

    @property
    def worst(self) -> float:
        """The largest error in ulp; infinite where a value has no right digit at all."""
        return float(np.max(self.errors))


def takes(function, parameter) -> bool:
    """True when ``function`` has a parameter of that name."""
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False  # built-in functions may have no signature


def call(function, z, temperature, *more):
    """``function`` on copies; returns an ``Observed`` and never raises what it raises.

    more: what the function takes after ``z``.
    """
    if takes(function, "temperature"):
        return observe_call(function, copies((z, *more)), {"temperature": temperature})
    with np.errstate(all="ignore"):
        divided = z / temperature
    return observe_call(function, copies((divided, *more)), {})


def copies(arguments):
    """The arguments, arrays copied, so that no function can change another's."""
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)


def ask(name, function, z, temperature, exact_values=None, *more) -> Answer:
    """Call ``function`` and compare with ``exact_values``, an object array of mpf, if given.

    more: what the function takes after ``z``.
    """
    observed = call(function, z, temperature, *more)
    if observed.raised is not None:
        return Answer(name, problem=raised(name, observed))
    values, problem = _as_floats(name, observed.value, z)
    if problem:
        return Answer(name, problem=problem)
    notes = []
    if values.dtype != z.dtype:
        notes.append(_("returned {type}").format(type=values.dtype))
    if observed.mutated:
        notes.append(_("changed its argument in place"))
    with np.errstate(all="ignore"):
        values = values.astype(z.dtype)
    answer = Answer(name, values=values, note=listed(notes))
    if exact_values is None:
        return answer
    pairs = zip(values.flat, np.asarray(exact_values, dtype=object).flat, strict=True)
    statuses = tuple(status_against(v, e) for v, e in pairs)
    return replace(answer, errors=exact.ulp_error(values, exact_values), statuses=statuses)


def _as_floats(name, value, z):
    """(float array, "") or (None, what is wrong with the answer)."""
    wanted = {"function": name, "n": z.size, "shape": z.shape}
    if value is None:
        text = _(
            "{function} returned None. Expected: an array of {n} floats, shape {shape}. "
            "Is a return statement missing?"
        )
        return None, text.format(**wanted)
    said = _("{function} returned {given}. Expected: an array of {n} floats, shape {shape}.")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        given = _("what is no array: {error}").format(error=error)
        return None, said.format(given=given, **wanted)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        given = _("an array of {type}").format(type=array.dtype)
        if array.dtype.kind == "c":
            given = _("complex numbers")
        elif array.dtype.kind == "O" or array.ndim == 0:
            given = _("an object of type {type}").format(type=type(value).__name__)
        return None, said.format(given=given, **wanted)
    if array.shape != z.shape:
        given = _("an array of shape {given_shape}").format(given_shape=array.shape)
        return None, said.format(given=given, **wanted)
    return array, ""


def outcome(name, function, *arguments, **keywords) -> tuple[object, str]:
    """(what ``function`` returns for copies of the arguments, "") or (None, what it raised)."""
    observed = observe_call(function, copies(arguments), keywords)
    if observed.raised is not None:
        return None, raised(name, observed)
    return observed.value, ""


def raised(name, observed, error=None) -> str:
    """What the function raised, in words. error: its type, unless given with the place."""
    message = observed.raised.message
    text = _("{function} raised {error}: {message}") if message else _("{function} raised {error}")
    return text.format(function=name, error=error or observed.raised.classes[0], message=message)


def one_number(name, function, *arguments, **keywords) -> tuple[float | None, str]:
    """(the number that ``function`` returns, "") or (None, what is wrong with its answer)."""
    value, problem = outcome(name, function, *arguments, **keywords)
    if problem:
        return None, problem
    if isinstance(value, (float, int, np.number, np.ndarray)) and np.size(value) == 1:
        value = np.asarray(value)
        if value.dtype.kind in "fiu":
            return float(value.reshape(())), ""
    text = _("{function} returned {given}. Expected: one number")
    return None, text.format(function=name, given=described(value))


def described(value) -> str:
    """What an answer is, for a message: ``None``, an array of which kind, an object of a type."""
    if isinstance(value, np.ndarray):
        text = _("an array of {type}, shape {shape}")
        return text.format(type=value.dtype, shape=value.shape)
    if value is None:
        return "None"
    return _("an object of type {type}").format(type=type(value).__name__)
