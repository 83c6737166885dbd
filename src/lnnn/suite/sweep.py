"""What a sweep is: calls that take a function over the range of its inputs, and the exact answers.

A sweep costs at most two calls, because each may cross a process wall: many inputs go into one
call, along axis 0. The answer holds one value or one array for each of them, along axis 0 again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf, workdps

from lnnn import exact
from lnnn.messages import N_, _

from .expect import ABSOLUTE, RELATIVE

_FARTHEST = 1e300


@dataclass(frozen=True)
class Axis:
    """A range of inputs: what is on it, how a sentence names a point of it, and where to put ticks.

    ``label``, ``point`` (with a place for ``{x}``) and ``unit`` are messages marked by ``N_``.
    ``knots`` are pairs (value, place from 0 to 1), from the left of the picture to the right; the
    values rise or fall, and have one sign. Between two knots the scale is logarithmic, or linear
    when one of them is 0. So the part where things break gets the room.
    """

    label: str
    point: str
    knots: tuple[tuple[float, float], ...]
    ticks: tuple[float, ...]
    unit: str = N_("nats")

    @property
    def name(self) -> str:
        """The label with its unit."""
        if not self.unit:
            return _(self.label)
        return _("{label}, {unit}").format(label=_(self.label), unit=_(self.unit))

    @property
    def rises(self) -> bool:
        """True when the values rise from the left of the picture to the right."""
        return self.knots[0][0] < self.knots[-1][0]

    def place(self, value: float) -> float:
        """Where ``value`` stands, from 0 to 1. Raises ValueError when it is not on the axis."""
        for (first, at_first), (last, at_last) in zip(self.knots, self.knots[1:], strict=False):
            if min(first, last) <= value <= max(first, last):
                ends = np.array([first, last, value])
                # Differences of logarithms: a quotient of the values might underflow.
                a, b, v = np.log(np.abs(ends)) if first and last else ends
                return float(at_first + (at_last - at_first) * (v - a) / (b - a))
        raise ValueError(f"{value} does not lie on the axis {self.label}")


@dataclass(frozen=True)
class Exact:
    """Exact answers in pairs of float64 (``high`` + ``low``, about 106 bits) and the unit of error.

    The unit is one ulp of the dtype at the exact value, at least the smallest subnormal number.
    Next to zero it is the ulp of the value below which the contract asks for an absolute error only
    (0.01 in float64 and 0.1 in float32, in most functions): a solution that keeps the contract must
    not look broken. ``allowed`` is what the contract permits, in units.
    """

    high: np.ndarray
    low: np.ndarray
    unit: np.ndarray
    allowed: float

    @classmethod
    def of(cls, values: np.ndarray, dtype, *, absolute=None, allowed=None) -> "Exact":
        """From an object array of mpf, for answers of ``dtype``.

        ``absolute`` is the error that the contract permits next to zero, 0 if it makes no such
        exception; ``allowed`` is what it permits elsewhere, in ulp. Without them the course's.
        """
        dtype = np.dtype(dtype)
        info = np.finfo(dtype)
        if allowed is None:
            allowed = RELATIVE[dtype] / float(info.eps)
        if absolute is None:
            absolute = ABSOLUTE[dtype]
        floor = max(absolute / (allowed * float(info.eps)), float(info.tiny))
        high = exact.to_float(values)
        with workdps(exact.DIGITS):
            flat = [
                float(v - mpf(h)) if mp.isfinite(v) else 0.0
                for v, h in zip(values.reshape(-1), high.reshape(-1).tolist(), strict=True)
            ]
        low = np.array(flat).reshape(high.shape)
        sized = np.where(np.isfinite(high), np.maximum(np.abs(high), floor), 1.0)
        exponent = np.frexp(sized)[1] - 1
        return cls(high, low, np.ldexp(1.0, exponent - info.nmant), allowed)

    def errors(self, computed: np.ndarray) -> np.ndarray:
        """|computed − exact| in units, at most 1e300; if one is not finite, 0 if equal or inf."""
        wide = computed.astype(np.float64)
        with np.errstate(all="ignore"):
            # wide − high is exact when the two are close, and its rounding is nothing when not.
            error = np.abs((wide - self.high) - self.low) / self.unit
        # A finite answer may be further off than a float can say: 1e300 where −5e-324 is right.
        error = np.minimum(error, _FARTHEST)
        finite = np.isfinite(wide) & np.isfinite(self.high)
        same = (wide == self.high) | (np.isnan(wide) & np.isnan(self.high))
        return np.where(finite, error, np.where(same, 0.0, np.inf))


@dataclass(frozen=True)
class Leg:
    """Some rows of a batch that belong on one axis: row ``start + i`` has the input ``xs[i]``."""

    axis: Axis
    xs: tuple[float, ...]
    start: int

    @property
    def rows(self) -> slice:
        """Which rows of the batch."""
        return slice(self.start, self.start + len(self.xs))


@dataclass(frozen=True)
class Batch:
    """One call: its arguments, what is exact for it, and which rows belong to which axis."""

    label: str
    args: tuple
    exact: Exact
    legs: tuple[Leg, ...]


Sweep = Callable[[], tuple[Batch, ...]]
