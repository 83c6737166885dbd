"""What suites and checks expect, each with a sentence for the student when it does not hold.

The accuracy of the course's contract: a relative error of at most 1e-12 in float64 and 1e-5 in
float32, or an absolute error of at most 1e-14 and 1e-6 next to zero.
"""

import contextlib
import re

import numpy as np

from .lab import StudentError

RELATIVE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 1e-5}
ABSOLUTE = {np.dtype(np.float64): 1e-14, np.dtype(np.float32): 1e-6}


def array(value, shape, dtype, what="the answer") -> np.ndarray:
    """``value`` as an array of exactly this shape and dtype."""
    if not isinstance(value, np.ndarray | np.generic):
        kind = type(value).__name__
        raise AssertionError(f"{what} is a {kind}; expected an array of shape {tuple(shape)}")
    value = np.asarray(value)
    if value.shape != tuple(shape):
        raise AssertionError(f"{what} has shape {value.shape}; expected {tuple(shape)}")
    if value.dtype != np.dtype(dtype):
        raise AssertionError(f"{what} has dtype {value.dtype}; expected {np.dtype(dtype)}")
    return value


def floats(value, shape, dtype, what="the answer") -> np.ndarray:
    """``value`` as an array of this shape, of any float type on arrival, of ``dtype`` after."""
    kind = getattr(value, "dtype", None)
    if not isinstance(kind, np.dtype) or kind.kind != "f":
        return array(value, shape, dtype, what)
    with np.errstate(over="ignore"):
        return array(value, shape, kind, what).astype(dtype)


def scalar(value, what="the answer") -> float:
    """``value`` as a float: a Python or NumPy float scalar, never an array of one element."""
    is_float = isinstance(value, float | np.floating)
    if not is_float:
        kind = f"array of shape {value.shape}" if isinstance(value, np.ndarray) else type(value)
        kind = kind if isinstance(kind, str) else kind.__name__
        raise AssertionError(f"{what} is a {kind}; expected a float")
    return float(value)


def close(value, reference, *, slack=0.0, relative=0.0, absolute=0.0, what="the answer") -> None:
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
    place = f" at {list(map(int, at))}" if at else ""
    raise AssertionError(
        f"{what} is off in {int((~good).sum())} of {good.size} places; the worst{place} is "
        f"{wide[at]:.9g}, where {reference[at]:.9g} is right"
    )


def equal(value, wanted, what="the answer") -> None:
    """Two arrays are equal in every element; NaN equals NaN."""
    value, wanted = np.asarray(value), np.asarray(wanted)
    if value.shape != wanted.shape:
        raise AssertionError(f"{what} has shape {value.shape}; expected {wanted.shape}")
    same = (value == wanted) | ((value != value) & (wanted != wanted))
    if not np.all(same):
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        place = f" at {list(at)}" if at else ""
        raise AssertionError(f"{what}{place} is {value[at]!r}; expected {wanted[at]!r}")


def finite(value, what="the answer") -> None:
    """No NaN and no infinity."""
    bad = ~np.isfinite(value)
    if np.any(bad):
        found = "NaN" if np.isnan(value).any() else "an infinity"
        raise AssertionError(f"{what} holds {found} where the exact answer is finite")


def quiet(lab) -> None:
    """The last call raised no RuntimeWarning."""
    if lab.last.warnings:
        raise AssertionError(f"NumPy warned: {lab.last.warnings[0]}")


def untouched(lab) -> None:
    """The last call changed none of its arguments."""
    if lab.last.mutated:
        raise AssertionError("the call changed the array that it was given")


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
            wanted = " or ".join(arguments)
            raise AssertionError(
                f"the message of the ValueError must name the argument {wanted}; it says: {error}"
            ) from None
    except StudentError as error:
        raise AssertionError(f"raised {error.kind}; expected a ValueError") from None
    else:
        raise AssertionError("no ValueError was raised")
