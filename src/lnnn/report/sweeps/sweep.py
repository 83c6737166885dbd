"""What a sweep is: calls that take a function over the range of its inputs, and the exact answers.

A sweep costs at most two calls, because each may cross a process wall: many inputs go into one
call, along axis 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from mpmath import mp, mpf, workdps

from lnnn import exact
from lnnn.suite.expect import ABSOLUTE, RELATIVE


@dataclass(frozen=True)
class Axis:
    """A range of inputs: its label with the unit, the noun for a title, and where to put ticks.

    ``knots`` are pairs (value, place from 0 to 1); between two knots the scale is logarithmic, or
    linear when the lower one is 0. So the part where things break gets the room.
    """

    label: str
    noun: str
    knots: tuple[tuple[float, float], ...]
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where ``value`` stands, from 0 to 1."""
        for (low, at_low), (high, at_high) in zip(self.knots, self.knots[1:], strict=False):
            if value <= high:
                share = np.log(value / low) / np.log(high / low) if low > 0 else value / high
                return float(at_low + (at_high - at_low) * share)
        return 1.0


@dataclass(frozen=True)
class Exact:
    """Exact answers in pairs of float64 (``high`` + ``low``, about 106 bits) and the unit of error.

    The unit is one ulp of the dtype at the exact value. Next to zero it is the ulp of the value
    below which the course's contract asks for an absolute error only (0.01 in float64, 0.1 in
    float32): a solution that keeps the contract must not look broken.
    """

    high: np.ndarray
    low: np.ndarray
    unit: np.ndarray
    allowed: float

    @classmethod
    def of(cls, values: np.ndarray, dtype) -> "Exact":
        """From an object array of mpf, for answers of ``dtype``."""
        dtype = np.dtype(dtype)
        relative, absolute = RELATIVE[dtype], ABSOLUTE[dtype]
        floor = absolute / relative
        high = exact.to_float(values)
        with workdps(exact.DIGITS):
            flat = [
                float(v - mpf(h)) if mp.isfinite(v) else 0.0
                for v, h in zip(values.reshape(-1), high.reshape(-1).tolist(), strict=True)
            ]
        low = np.array(flat).reshape(high.shape)
        sized = np.where(np.isfinite(high), np.maximum(np.abs(high), floor), 1.0)
        exponent = np.frexp(sized)[1] - 1
        unit = np.ldexp(1.0, exponent - np.finfo(dtype).nmant)
        return cls(high, low, unit, relative / float(np.finfo(dtype).eps))

    def errors(self, computed: np.ndarray) -> np.ndarray:
        """|computed − exact| in units; where either is not finite, 0 if equal and else inf."""
        wide = computed.astype(np.float64)
        with np.errstate(all="ignore"):
            # wide − high is exact when the two are close, and its rounding is nothing when not.
            error = np.abs((wide - self.high) - self.low) / self.unit
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
    kwargs: dict = field(default_factory=dict)
    exact: Exact = None
    legs: tuple[Leg, ...] = ()


Sweep = Callable[[], tuple[Batch, ...]]
