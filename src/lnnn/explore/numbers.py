"""Numbers as a reader sees them: short text, true minus signs, round ticks, stable rounding."""

import math

from lnnn.messages import _

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def rounded(x, digits=5):
    """``x`` to ``digits`` significant digits as a float; None for None, infinities and NaN.

    JSON has no NaN and no infinity, and the last digits of a float differ between machines.
    """
    if x is None or not math.isfinite(x):
        return None
    return float(f"{float(x):.{digits}g}") + 0.0


def text(x, digits=6) -> str:
    """``x`` to ``digits`` significant digits: ``−0.44019``, ``1.2e−18``, ``−inf``, ``NaN``."""
    x = float(x)
    if math.isnan(x):
        return "NaN"
    plain = f"{x + 0.0:.{digits}g}"
    mantissa, _e, exponent = plain.partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", "−")


def nats(x, digits=4) -> str:
    """``x`` with its unit: ``−1419.6 nats``."""
    return _("{n} nats").format(n=text(x, digits))


def listed(values, digits=6) -> str:
    """The values, ``2, 1, 0, −1``."""
    return ", ".join(text(v, digits) for v in values)


def ulp_text(error) -> str:
    """An error in ulp to two or three digits with its unit: ``0.61 ulp``, ``3.2 × 10⁵ ulp``."""
    error = float(error)
    if not math.isfinite(error):
        return _("no digit right")
    mantissa, exponent = f"{error:.1e}".split("e")
    size = f"{mantissa} × {power_of_ten(int(exponent))}"
    if error < 0.01:
        size = "< 0.01" if error else "0"
    elif error < 9999.5:
        size = f"{error:.2g}" if error < 9.995 else f"{error:.0f}"
    return _("{n} ulp").format(n=size)


def power_of_ten(exponent: int) -> str:
    """``10⁶``, with 10⁰ written as 1."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(_SUPERSCRIPT)


def agree(value, truth, tolerance) -> bool:
    """True for one number twice: equal, or within the tolerance, relative and at least absolute."""
    return value == truth or abs(value - truth) <= tolerance * max(1.0, abs(truth))


def nice_ceiling(x) -> float:
    """The least of 1, 2, 4, 6, 8 times a power of ten that is at least ``x`` > 0."""
    power = 10.0 ** math.floor(math.log10(x))
    for factor in (1, 2, 4, 6, 8, 10):
        if factor * power >= x * (1 - 1e-9):
            return factor * power
    raise AssertionError("x / power lies in [1, 10)")


def ticks_at(values, digits=6) -> tuple[tuple[float, str], ...]:
    """A tick at each of the values, with its text."""
    return tuple((v, text(v, digits)) for v in values)


def linear_ticks(low, high, most=5) -> tuple[tuple[float, str], ...]:
    """At most ``most`` round ticks within [low, high], on both ends if a round step allows it."""
    step = _tick_step(low, high, (high - low) / (most - 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return ticks_at(k * step + 0.0 for k in range(first, last + 1))


def _tick_step(low, high, least):
    power = 10.0 ** math.floor(math.log10(least))
    steps = [f * power for f in (1, 2, 2.5, 4, 5, 10) if f * power >= least * (1 - 1e-9)]
    for step in steps:
        if all(abs(end / step - round(end / step)) < 1e-6 for end in (low, high)):
            return step
    return steps[0]


def decade_ticks(largest_exponent: int, most=6) -> tuple[tuple[float, str], ...]:
    """0, 1 and powers of ten up to 10^``largest_exponent``, evenly spaced in the exponent."""
    every = max(1, math.ceil(largest_exponent / (most - 2)))
    powers = range(0, largest_exponent + 1, every)
    return ((0.0, "0"), *((10.0**k, power_of_ten(k)) for k in powers))
