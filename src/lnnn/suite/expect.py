"""What rules expect, each with a sentence for the student when it does not hold.

``what`` names the value where there is more than one: in words, or by the call that gave it, as
``Code``.

The accuracy of the course's contract: a relative error of at most 1e-12 in float64 and 1e-5 in
float32, or an absolute error of at most 1e-14 and 1e-6 next to zero.
"""

import contextlib
import re

import numpy as np

from lnnn.messages import _, ngettext

from .lab import StudentError

RELATIVE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 1e-5}
ABSOLUTE = {np.dtype(np.float64): 1e-14, np.dtype(np.float32): 1e-6}


class Code(str):
    """A name that is code, the same in every language: ``log_softmax([1, 2])``."""


def array(value, shape, dtype, what="") -> np.ndarray:
    """``value`` as an array of exactly this shape and dtype."""
    wanted = {"shape": tuple(shape), "dtype": np.dtype(dtype)}
    if not isinstance(value, np.ndarray | np.generic):
        text = _("the type is {kind}; expected an array of shape {shape}")
        _wrong(what, text.format(kind=type(value).__name__, **wanted))
    value = np.asarray(value)
    if value.shape != wanted["shape"]:
        text = _("the shape is {found}; expected {shape}")
        _wrong(what, text.format(found=value.shape, **wanted))
    if value.dtype != wanted["dtype"]:
        text = _("the dtype is {found}; expected {dtype}")
        _wrong(what, text.format(found=value.dtype, **wanted))
    return value


def floats(value, shape, dtype, what="") -> np.ndarray:
    """``value`` as an array of this shape, of any float type on arrival, of ``dtype`` after."""
    kind = getattr(value, "dtype", None)
    if not isinstance(kind, np.dtype) or kind.kind != "f":
        return array(value, shape, dtype, what)
    with np.errstate(over="ignore"):
        return array(value, shape, kind, what).astype(dtype)


def scalar(value, what="") -> float:
    """``value`` as a float: a Python or NumPy float scalar, never an array of one element."""
    if isinstance(value, np.ndarray):
        text = _("it is an array of shape {shape}; expected a float")
        _wrong(what, text.format(shape=value.shape))
    if not isinstance(value, float | np.floating):
        kind = type(value).__name__
        _wrong(what, _("the type is {kind}; expected a float").format(kind=kind))
    return float(value)


def number(value, what="") -> float:
    """``value`` as a float, also when it comes as an array of one element.

    For every rule that is not about the type.
    """
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f":
        value = float(value.item())
    return scalar(value, what)


def that(holds, text: str, **values) -> None:
    """A condition of one rule holds; ``text``, with ``values`` in its places, says what else."""
    if not holds:
        raise AssertionError(text.format(**values))


def close(value, reference, *, slack=0.0, relative=0.0, absolute=0.0, what="") -> None:
    """Every element of the float array ``value`` meets the contract's accuracy.

    ``reference`` holds the exact values rounded to float64. ``slack`` is an absolute allowance on
    top, for a rounding that the contract permits; the caller says where it comes from. ``relative``
    and ``absolute`` widen the tolerance where they are above the contract's.
    """
    value, reference = np.asarray(value), np.asarray(reference, dtype=np.float64)
    wide = value.astype(np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(wide - reference)
        allowed = max(RELATIVE[value.dtype], relative) * np.abs(reference)
        allowed = np.maximum(allowed, max(ABSOLUTE[value.dtype], absolute)) + slack
        # An infinite reference allows anything finite by arithmetic alone: only equality counts.
        good = np.where(np.isfinite(reference), error <= allowed, wide == reference)
    good |= np.isnan(wide) & np.isnan(reference)
    if good.all():
        return
    at = np.unravel_index(
        int(np.argmax(np.where(good, -1.0, np.nan_to_num(error, nan=np.inf)))), good.shape
    )
    found = dict(zip(("found", "right"), _told_apart(wide[at], reference[at]), strict=True))
    if good.size == 1:
        _wrong(what, _("{found}, where {right} is right").format(**found))
    off = int((~good).sum())
    text = ngettext(
        "{n} of {size} elements is off: {at} is {found}, where {right} is right",
        "{n} of {size} elements are off; the worst, {at}, is {found}, where {right} is right",
        off,
    )
    _wrong(what, text.format(n=off, size=good.size, at=list(map(int, at)), **found))


def equal(value, wanted, what="") -> None:
    """Two arrays are equal in every element; NaN equals NaN."""
    value, wanted = np.asarray(value), np.asarray(wanted)
    if value.shape != wanted.shape:
        text = _("the shape is {found}; expected {shape}")
        _wrong(what, text.format(found=value.shape, shape=wanted.shape))
    same = (value == wanted) | ((value != value) & (wanted != wanted))
    if not np.all(same):
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        found, right = value[at].item(), wanted[at].item()
        if not at:
            _wrong(what, _("{found}; expected {right}").format(found=found, right=right))
        text = _("element {at} is {found}; expected {right}")
        _wrong(what, text.format(at=list(at), found=found, right=right))


def finite(value, what="") -> None:
    """No NaN and no infinity."""
    bad = ~np.isfinite(value)
    if np.any(bad):
        if np.isnan(value).any():
            _wrong(what, _("it holds NaN where the exact answer is finite"))
        _wrong(what, _("it holds an infinity where the exact answer is finite"))


def quiet(lab) -> None:
    """The last call raised no RuntimeWarning."""
    if lab.last.warnings:
        raise AssertionError(_("NumPy warned: {text}").format(text=lab.last.warnings[0]))


def untouched(lab) -> None:
    """The last call changed none of its arguments."""
    if lab.last.mutated:
        raise AssertionError(_("the call changed the array that it was given"))


@contextlib.contextmanager
def refused(*arguments: str):
    """A context in which the student's function must raise ValueError and name an argument.

    With several ``arguments`` the message may name any one of them.
    """
    try:
        yield
    except ValueError as error:
        names = "|".join(map(re.escape, arguments))
        if not re.search(rf"(?<![a-z])({names})(?![a-z])", str(error), re.IGNORECASE):
            wanted, *more = arguments
            text = (
                _("the message of the ValueError must name the argument {one} or {other}; {said!r}")
                if more
                else _("the message of the ValueError must name the argument {one}; {said!r}")
            )
            other = more[0] if more else ""
            said = str(error)
            raise AssertionError(text.format(one=wanted, other=other, said=said)) from None
    except StudentError as error:
        text = _("raised {kind}; expected a ValueError")
        raise AssertionError(text.format(kind=error.kind)) from None
    else:
        raise AssertionError(_("no ValueError was raised"))


def refuses(function, *arguments, names, **keywords) -> None:
    """The student's ``function`` refuses these arguments: see ``refused``.

    ``names``: what the message may call the argument, one name or several.
    """
    with refused(*([names] if isinstance(names, str) else names)):
        function(*arguments, **keywords)


def _told_apart(found: float, right: float) -> tuple[str, str]:
    """Two floats as text: nine digits, or all of them where nine are the same."""
    for digits in (".9g", ".17g"):
        texts = f"{found:{digits}}", f"{right:{digits}}"
        if texts[0] != texts[1]:
            break
    return texts


def _wrong(what: str, text: str):
    """Say ``text`` of ``what``, where there is more than one thing that it could be."""
    if what:
        name = what if isinstance(what, Code) else _(what)
        text = _("{what}: {text}").format(what=name, text=text)
    raise AssertionError(text)
