"""What the suites draw alike: logits, close together, far apart, at the ends of the floats."""

import numpy as np

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
