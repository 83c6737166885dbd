"""Axes that several pages share: from 0 on, a log-probability, an error in ulp, where exp ends."""

import mpmath
import numpy as np

from lnnn.messages import _

from . import numbers
from .scene import Axis, Band
from .status import Status


def from_zero(label, values, most=4) -> Axis:
    """A linear axis from 0 to a round number above 1 and all finite values."""
    high = numbers.nice_ceiling(max([1.0, *(float(v) for v in values if np.isfinite(v))]))
    return Axis(label, 0.0, high, most=most)


def exp_bands(reach, limits, zero_word=None) -> list[Band]:
    """What e^x becomes for x from −``reach`` to ``reach``, given a type's ``exp_limits``."""
    overflow, subnormal, zero = limits
    return [
        Band(-reach, zero, zero_word or _("zero"), Status.UNDERFLOW),
        Band(zero, subnormal, _("subnormal")),
        Band(overflow, reach, Status.OVERFLOW.word, Status.OVERFLOW),
    ]


def value_axis(label, truth, answers) -> Axis:
    """From 0 to the exact values and, within twice their reach, the computed ones."""
    known = [float(v) for v in truth if mpmath.isfinite(v)]
    known = [v for v in known if np.isfinite(v)] or [-1.0]
    reach = max(abs(v) for v in known) or 1.0
    computed = [float(v) for a in answers if a.values is not None for v in a.values]
    known += [v for v in computed if np.isfinite(v) and abs(v) <= 2 * reach]
    tiny = 1e-3 * reach
    low = -numbers.nice_ceiling(-min(known)) if min(known) < -tiny else 0.0
    high = numbers.nice_ceiling(max(known)) if max(known) > tiny else 0.0
    return Axis(label, low, high, most=4)


def ulp_axis(label, dtype, errors) -> Axis:
    """Symmetric log axis from 0 to where no digit of ``dtype`` is right, and further if need be."""
    finite = errors[np.isfinite(errors)]
    digits = np.finfo(dtype).nmant + 1
    worst = max(2.0**digits, float(finite.max(initial=0.0)))
    exponent = int(np.ceil(np.log10(worst) - 1e-9))
    return Axis(
        label,
        0.0,
        10.0**exponent,
        scale="symlog",
        linear_width=0.1,
        ticks=numbers.decade_ticks(exponent),
        apart="inf, NaN",
    )
