"""Float types as arithmetic: what they hold, rounding to them, and bfloat16 in NumPy.

A ``FloatType`` is a sign, an exponent field and a fraction field, with subnormal numbers, as in
IEEE 754. ``Bfloat16`` is a NumPy array that behaves like bfloat16, a type that NumPy lacks.

Sources: IEEE Std 754-2019, sections 3.4 and 7.4; P. Micikevicius and others, FP8 formats for deep
learning, 2022, https://doi.org/10.48550/arXiv.2209.05433, for E4M3 and E5M2.
"""

import math
from dataclasses import dataclass

import mpmath
import numpy as np


@dataclass(frozen=True)
class FloatType:
    """A binary float type.

    exponent_bits, fraction_bits: the widths of its fields; one more bit is the sign.
    infinities: False where the largest exponent holds numbers, and NaN in its last pattern only.
    """

    name: str
    exponent_bits: int
    fraction_bits: int
    infinities: bool = True

    @property
    def precision(self) -> int:
        """Significant bits of a normal number: the fraction and the leading 1."""
        return self.fraction_bits + 1

    @property
    def least_exponent(self) -> int:
        """The exponent of the smallest normal number."""
        return 2 - 2 ** (self.exponent_bits - 1)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        most = 1 - self.least_exponent
        if self.infinities:
            return math.ldexp(2 - 2.0**-self.fraction_bits, most)
        return math.ldexp(2 - 2.0 ** (1 - self.fraction_bits), most + 1)

    @property
    def smallest_normal(self) -> float:
        """The smallest number with all its bits."""
        return math.ldexp(1.0, self.least_exponent)

    @property
    def smallest_subnormal(self) -> float:
        """The smallest number above zero."""
        return math.ldexp(1.0, self.least_exponent - self.fraction_bits)

    @property
    def exp_limits(self) -> tuple[float, float, float]:
        """For e^x, in nats: overflow above the first, subnormal below the second, 0 below the
        third, which is the logarithm of half the smallest subnormal."""
        zero = math.log(self.smallest_subnormal) - math.log(2)
        return math.log(self.largest), math.log(self.smallest_normal), zero

    def nearest(self, x) -> float:
        """An mpf, rounded once to this type: to nearest, ties to even.

        What is too large gives ±inf, also for a type without infinities.
        """
        x = mpmath.mpf(x)
        if not mpmath.isfinite(x) or x == 0:
            return float(x)
        with mpmath.workdps(50):
            _, exponent = mpmath.frexp(x)
            unit = max(int(exponent) - 1, self.least_exponent) - self.fraction_bits
            steps = mpmath.nint(mpmath.ldexp(x, -unit))
            value = mpmath.ldexp(steps, unit)
            if abs(value) > self.largest:
                return math.copysign(math.inf, value)
            return float(value)

    def round(self, x) -> np.ndarray:
        """A float array of up to 64 bits, rounded to this type; float64 array of its shape."""
        x = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            _, exponent = np.frexp(x)
            unit = np.maximum(exponent - 1, self.least_exponent) - self.fraction_bits
            value = np.ldexp(np.rint(np.ldexp(x, -unit)), unit)
            value = np.where(np.abs(value) > self.largest, np.copysign(np.inf, x), value)
        return np.where(np.isfinite(x), value, x)

    def bits_left(self, value) -> int:
        """Significant bits that ``value``, a number of this type, can hold where it stands.

        All of them from the smallest normal number up, fewer below, none for 0, inf and NaN.
        """
        if value == 0 or not math.isfinite(value):
            return 0
        _, exponent = math.frexp(abs(value))
        lost = max(0, self.least_exponent - (exponent - 1))
        return self.precision - lost


TYPES = {
    kind.name: kind
    for kind in (
        FloatType("float16", 5, 10),
        FloatType("bfloat16", 8, 7),
        FloatType("float32", 8, 23),
        FloatType("float64", 11, 52),
        FloatType("E5M2", 5, 2),
        FloatType("E4M3", 4, 3, infinities=False),
    )
}


class Bfloat16(np.ndarray):
    """A float32 array that holds bfloat16 numbers; every result is rounded to bfloat16 again.

    Each NumPy operation runs in float32. Its result is rounded to the nearest bfloat16, ties to
    even, subnormal numbers included. A reduction such as a sum runs in float32 throughout and is
    rounded once. For + − × ÷ this is what one correctly rounded bfloat16 operation gives, since
    24 ≥ 2·8 + 2 bits make the double rounding harmless (S. A. Figueroa, When is double rounding
    innocuous?, 1995). ``astype``, ``asarray`` and a result of another type leave the emulation.

    Make one with ``bfloat16(x)``.
    """

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [_plain(value) for value in inputs]
        if out is not None:
            options["out"] = tuple(_plain(value) for value in out)
        result = getattr(ufunc, method)(*plain, **options)
        if out is not None:
            for target in out:
                if isinstance(target, Bfloat16):
                    view = _plain(target)
                    view[...] = TYPES["bfloat16"].round(view)
            return out[0] if len(out) == 1 else out
        if options.get("dtype") is not None:
            return result
        if isinstance(result, tuple):
            return tuple(_rounded(value) for value in result)
        return _rounded(result)

    def __array_function__(self, function, types, arguments, keywords):
        result = super().__array_function__(function, types, arguments, keywords)
        return _rounded(result)

    def astype(self, dtype, *arguments, **keywords):
        """An ordinary array of ``dtype``."""
        return _plain(self).astype(dtype, *arguments, **keywords)


def bfloat16(x) -> Bfloat16:
    """``x``, rounded once to bfloat16."""
    return TYPES["bfloat16"].round(x).astype(np.float32).view(Bfloat16)


def _plain(value):
    return value.view(np.ndarray) if isinstance(value, Bfloat16) else value


def _rounded(value):
    """A float32 result as bfloat16 again, whatever else unchanged."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype == np.float32:
        return bfloat16(_plain(value))
    return value
