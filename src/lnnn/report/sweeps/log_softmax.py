"""Sweeps of the log-softmax family: how large the logits are, and how far they are shifted."""

import functools

import numpy as np

from lnnn import exact

from .sweep import Axis, Batch, Exact, Leg

SIZE = Axis(
    "largest logit",
    "logits of",
    ((1e-3, 0.0), (1.0, 0.14), (10.0, 0.3), (1e3, 0.74), (1e4, 0.82), (1e300, 1.0)),
    (1e-3, 1.0, 10.0, 100.0, 1e3, 1e300),
)
OFFSET = Axis(
    "added to every logit",
    "an offset of",
    ((0.0, 0.0), (1.0, 0.12), (1e8, 1.0)),
    (0.0, 1.0, 1e2, 1e4, 1e6, 1e8),
)

# Around the limits of exp (88.7 and 709.8) and of 1/exp (−104 and −745) the points stand closer.
_SIZES = (
    *(1e-3, 1e-2, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(70.0, 80.0, 88.0, 90.0, 95.0, 100.0, 105.0, 110.0, 130.0, 150.0, 200.0, 300.0, 400.0),
    *(500.0, 600.0, 650.0, 700.0, 720.0, 750.0, 800.0, 1e3, 2e3, 1e4, 1e6, 1e10, 1e30, 1e100),
    1e200,
    1e300,
)
_OFFSETS = (0.0, *(float(f"{10 ** (i / 4):.3g}") for i in range(0, 33)))
_PATTERN = np.array([0.0, 0.5, 1.0])


def _logits(dtype) -> tuple[np.ndarray, tuple[Leg, ...]]:
    """Rows [0, ½, 1]·size, then rows [0, 1, 2] + offset; sizes as far as the contract of dtype."""
    reach = 1e300 if dtype == np.float64 else 1e30
    sizes = tuple(s for s in _SIZES if s <= reach)
    rows = [_PATTERN * s for s in sizes] + [2 * _PATTERN + c for c in _OFFSETS]
    legs = (Leg(SIZE, sizes, 0), Leg(OFFSET, _OFFSETS, len(sizes)))
    return np.array(rows).astype(dtype), legs


def _family(answer) -> tuple[Batch, ...]:
    batches = []
    for dtype in (np.float64, np.float32):
        z, legs = _logits(dtype)
        batches.append(Batch(np.dtype(dtype).name, (z,), {}, Exact.of(answer(z), dtype), legs))
    return tuple(batches)


@functools.cache
def log_softmax() -> tuple[Batch, ...]:
    """``log_softmax(z)``."""
    return _family(exact.log_softmax)


@functools.cache
def softmax() -> tuple[Batch, ...]:
    """``softmax(z)``."""
    return _family(exact.softmax)


@functools.cache
def masked_log_softmax() -> tuple[Batch, ...]:
    """``masked_log_softmax(z, mask)`` with a fourth logit, masked, that must not count."""
    batches = []
    for batch in log_softmax():
        (z,), rows = batch.args, len(batch.args[0])
        z = np.concatenate([z, np.full((rows, 1), 9.0, z.dtype)], axis=1)
        mask = np.broadcast_to([True, True, True, False], z.shape).copy()
        wanted = batch.exact
        padded = Exact(
            np.concatenate([wanted.high, np.full((rows, 1), -np.inf)], axis=1),
            np.concatenate([wanted.low, np.zeros((rows, 1))], axis=1),
            np.concatenate([wanted.unit, np.ones((rows, 1))], axis=1),
            wanted.allowed,
        )
        batches.append(Batch(batch.label, (z, mask), {}, padded, batch.legs))
    return tuple(batches)


SWEEPS = {
    "log_softmax": log_softmax,
    "softmax": softmax,
    "masked_log_softmax": masked_log_softmax,
}
