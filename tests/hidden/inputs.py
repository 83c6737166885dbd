"""What the suites draw and measure alike: logits close together, far apart, at the ends of floats.

All inputs of a suite come from ``rng``; those of stress tests lie around the cliffs of exp and log.
"""

import math

import numpy as np

from lnnn.suite.speed import speed_ratio

INF = np.inf
TYPES = (np.float64, np.float32)
HUGE = {np.float64: 1e300, np.float32: 1e30}  # the largest logits of the contract

# Speed. The contract passes what takes 10 times as long as vectorised code on a batch of (512,
# 10 000), and not a Python loop over its elements, from 20 times on. Such a batch is too large to
# cross a process wall again and again, and one that fits into the cache flatters NumPy by another
# factor. So a suite's ``MOST`` is what an element may take in a unit that no size changes: the time
# of np.logaddexp.reduce for one, 24 ns of plain C. benchmarks/vectorised.py measures what 10 and 20
# times are; each limit lies between, in the widest gap between the styles of answers there are.
BATCH = (15, 1000)


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · numbers evenly from −2 to 2 along the last axis, in any order.

    Each lies in the middle half of its part of the range. So no row is wider or closer than others
    by luck: a mistake that shows at some distance shows with every seed, or with none.
    """
    size = np.empty(shape).shape[-1]
    places = np.arange(size) + rng.uniform(0.25, 0.75, shape)
    return (offset + scale * rng.permuted(places * (4 / size) - 2, axis=-1)).astype(dtype)


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
    """Rows with a −inf at the first place, in the middle, at the last; one of only −inf, one with
    none; in any order."""
    z = draw(rng, (5, 3), dtype=dtype)
    z[np.eye(5, 3, dtype=bool)], z[3] = -INF, -INF
    return rng.permutation(z)


def batch(rng, rows=4, classes=5, *more):
    """Logits (B, V), see ``draw``, and labels (B,): each class as often as another, nearly."""
    labels = np.arange(rows) + rng.integers(classes)
    return draw(rng, (rows, classes), *more), rng.permutation(labels % classes)


def with_ranks(drawn):
    """Batches of logits, each with labels of one rank: of the lowest logits, the next, and so on.

    What a loss loses of an unlikely class it loses with every seed."""
    for rank, logits in enumerate(drawn):
        yield logits, logits.argsort(axis=-1)[..., rank % logits.shape[-1]]


def no_classes(rng, labels):
    """Copies of ``labels``, classes from 0 to 2, in which one is none, or which are no integers."""
    for bad in (-1, -3, -100, 3, int(rng.integers(4, 1000)), float(rng.uniform(0.1, 0.9))):
        yield replaced(rng, labels, bad)
    yield labels.astype(float)
    yield np.minimum(labels, 1).astype(bool)


def far(rng, shape, scales=(1e-3, 1.0, 1e2, 1e4), offsets=(0.0, 1e4, -1e8), dtype=np.float64):
    """Logits of ``shape`` for each scale and each offset: from tiny to huge, and far from 0.

    Each row holds the same numbers: what one maximum for rows of two heights loses is another
    rule's.
    """
    for scale in scales:
        for offset in offsets:
            row = draw(rng, np.empty(shape).shape[-1], scale, offset, dtype)
            yield rng.permuted(np.broadcast_to(row, shape), axis=-1)


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


def log_softmax(z):
    """In plain floats, along the last axis: what tells a right answer from a wrong one at 1e-9."""
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def takes_numpy_time(lab, function, drawn, most, seen_as=np.array, **tolerance):
    """``function`` takes at most ``most`` times as long for an element as np.logaddexp.reduce.

    ``drawn()`` gives arguments of ``BATCH`` elements, each time others, and what is right for them.
    The answer, as ``seen_as`` shows it, must be that. Plain floats serve for it. That a number is
    no array is another rule's.
    """
    yardstick = np.linspace(-9, 9, math.prod(BATCH)).reshape(BATCH)

    def call():
        arguments, wanted = drawn()
        value = np.asarray(seen_as(getattr(lab, function)(*arguments)), dtype=np.float64)
        wanted = np.asarray(wanted, dtype=np.float64)
        value = value if wanted.shape or value.size != 1 else value.reshape(())
        near = {"rtol": 1e-9, "atol": 1e-9} | tolerance
        if value.shape != wanted.shape or not np.allclose(value, wanted, **near):
            raise AssertionError("the answer for the large batch is wrong")

    ratio = speed_ratio(lab, call, lambda: np.logaddexp.reduce(yardstick, axis=1), most)[2]
    if ratio > most:
        raise AssertionError("as slow as a Python loop over the elements")
