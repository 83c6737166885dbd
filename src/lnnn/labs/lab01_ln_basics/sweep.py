"""Sweep of the negative log-likelihood: p from 1 down to 0, and next to 1."""

import numpy as np
from mpmath import mp, workdps

from lnnn import exact
from lnnn.messages import N_
from lnnn.suite.sweep import Axis, Batch, Exact, Leg

PROBABILITY = Axis(
    N_("probability p"),
    N_("p = {x}"),
    ((1.0, 0.0), (1e-16, 0.5), (5e-324, 0.92), (0.0, 1.0)),
    (1.0, 1e-8, 1e-16, 1e-150, 0.0),
    unit="",
)
COMPLEMENT = Axis(
    N_("1 − p"),
    N_("1 − p = {x}"),
    ((0.5, 0.0), (1e-16, 1.0)),
    (0.1, 1e-4, 1e-8, 1e-12, 1e-16),
    unit="",
)

_SMALLEST = {np.float64: 5e-324, np.float32: 1.4e-45}
_ABOVE = (1.0, 0.9, 0.5, 0.2, *(float(f"1e-{k}") for k in range(1, 17)), 1e-20, 1e-25, 1e-30)
_BELOW = (1e-37, 1e-45, 1e-50, 1e-100, 1e-150, 1e-200, 1e-250, 1e-300, 1e-308, 1e-320)


def _exact_nll(p: np.ndarray) -> np.ndarray:
    with workdps(exact.DIGITS):
        # mpmath's ln 0 is −inf, as in the contract.
        return -np.vectorize(mp.log, otypes=[object])(exact.to_mpf(p))


def nll() -> tuple[Batch, ...]:
    """``nll(p)``."""
    batches = []
    for dtype, smallest in _SMALLEST.items():
        small = (*(p for p in _ABOVE + _BELOW if p > smallest), smallest, 0.0)
        near = 1 - np.array([0.5, *(10.0**-k for k in range(1, 17))], dtype)
        near = near[near < 1]
        # 1 − p has no rounding from p = ½ on: these are the distances from 1 that the floats have.
        gaps = tuple((1 - near).astype(float).tolist())
        p = np.concatenate([np.array(small, dtype), near])
        legs = (Leg(PROBABILITY, small, 0), Leg(COMPLEMENT, gaps, len(small)))
        right = Exact.of(_exact_nll(p), dtype)
        batches.append(Batch(np.dtype(dtype).name, (p,), right, legs))
    return tuple(batches)


SWEEPS = {"nll": nll}
