"""What the suites draw and measure alike: logits close together, far apart, at the ends of floats.

All inputs of a suite come from ``rng``; those of stress tests lie around the cliffs of exp and log.
"""

import copy
import math

import numpy as np

from lnnn.suite.speed import speed_ratio

INF = np.inf
TYPES = (np.float64, np.float32)
HUGE = {np.float64: 1e300, np.float32: 1e30}  # the largest logits of the contract


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def eighths(rng):
    """Logits (4, 6) and shifts (4, 1) that add up without rounding: multiples of 1/8 below 2^20."""
    return rng.integers(-40, 40, size=(4, 6)) / 8, rng.integers(-(2**18), 2**18, (4, 1)) / 8


def near(rng, height, count=3):
    """Logits (count,) one apart around ``height``, in any order."""
    return height + rng.uniform(-50, 50) + rng.permutation(np.arange(float(count)))


def two_heights(rng):
    """Rows of very different height: one maximum for the whole array would lose the low row."""
    return np.array([near(rng, 1000, 2), near(rng, -1000, 2)])


def largest(rng, dtype=np.float64):
    """The largest logits of the contract, of both signs, and one near 0; in any order."""
    return (rng.permutation([1.0, rng.uniform(-1e-3, 1e-3), -1.0]) * HUGE[dtype]).astype(dtype)


def ruled_out(rng, dtype=np.float64):
    """A row with a −inf in it, a row of only −inf, a row of numbers; in any order."""
    z = draw(rng, (3, 3), dtype=dtype)
    z[0, rng.integers(3)], z[1] = -INF, -INF
    return z[rng.permutation(3)]


def batch(rng, rows=4, classes=5, *more):
    """Logits (B, V), see ``draw``, and labels (B,)."""
    return draw(rng, (rows, classes), *more), rng.integers(0, classes, size=rows)


def no_classes(rng):
    """Labels that are none of three classes."""
    return -1, -3, -100, 3, int(rng.integers(4, 1000)), float(rng.uniform(0.1, 0.9))


def far(rng, shape, scales=(1e-3, 1.0, 1e2, 1e4), offsets=(0.0, 1e4, -1e8), dtype=np.float64):
    """Logits of ``shape`` for each scale and each offset: from tiny to huge, and far from 0."""
    for scale in scales:
        for offset in offsets:
            yield draw(rng, shape, scale, offset, dtype)


def far_in_float32(rng, shape):
    """The same for float32."""
    return far(rng, shape, (1e-3, 1.0, 1e2), (0.0, 1e4), np.float32)


def wrapping(rng):
    """Logits (3,) of a type in which z − max wraps around and np.exp answers in float16."""
    return rng.permutation(np.array([100, -100, 99], np.int8))


def replaced(rng, x, value):
    """A copy of ``x`` with ``value`` in place of one element, anywhere; of floats if it is one."""
    x = x.astype(np.result_type(x, value))
    x.flat[rng.integers(x.size)] = value
    return x


def rows_with_fsum(z, *others):
    """The log-softmax of each row of a finite array, one row at a time: a loop to compare with."""
    rows = [row - row.max() for row in z]
    return np.array([row - math.log(math.fsum(np.exp(row))) for row in rows])


def takes_numpy_time(
    lab, function, arguments, loop, limit, wanted=None, ordered=np.array, **tolerance
):
    """``function`` takes at most ``limit`` times as long as ``loop`` does with the same arguments.

    See ``speed_ratio``. The answer, ``ordered``, must be ``wanted``, or what ``loop`` gives. Plain
    floats serve for that: 1e-9 only has to tell right from wrong. That a number is no array is
    another rule's.
    """
    answer, reference, ratio = speed_ratio(
        lab,
        lambda: getattr(lab, function)(*copy.deepcopy(arguments)),
        lambda: loop(*arguments),
        limit,
    )
    wanted = np.asarray(reference if wanted is None else wanted, dtype=np.float64)
    value = ordered(np.asarray(answer, dtype=np.float64))
    value = value if wanted.shape or value.size != 1 else value.reshape(())
    near = {"rtol": 1e-9, "atol": 1e-9} | tolerance
    if value.shape != wanted.shape or not np.allclose(value, wanted, **near):
        raise AssertionError("the answer for the large batch is wrong")
    if ratio > limit:
        raise AssertionError("as slow as a Python loop over the elements")
