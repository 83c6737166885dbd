"""Sweep of log1mexp: x from −0.7 up to 0, and from −0.7 down to −745.

Around −ln 2 every formula holds. Each breaks on its own side, so each side has an axis.
"""

import numpy as np
from mpmath import mp, workdps

from lnnn import exact
from lnnn.messages import N_
from lnnn.suite.sweep import Axis, Batch, Exact, Leg

NEAR = Axis(
    N_("x next to 0"),
    N_("x = {x}"),
    ((-0.7, 0.0), (-1e-16, 0.5), (-1e-300, 0.92), (0.0, 1.0)),
    (-0.7, -1e-8, -1e-16, -1e-150, 0.0),
)
FAR = Axis(
    N_("x far from 0"),
    N_("x = {x}"),
    ((-0.7, 0.0), (-100.0, 0.72), (-745.0, 1.0)),
    (-1.0, -3.0, -10.0, -30.0, -100.0, -300.0, -745.0),
)

_NEAR = (
    *(-0.7, -0.5, -0.4, -0.3, -0.2, -0.1, -0.05, -0.03, -0.02),
    *(-float(f"1e-{k}") for k in range(2, 18)),
    *(-1e-20, -1e-25, -1e-30, -1e-37, -1e-50, -1e-100, -1e-150, -1e-200, -1e-250, -1e-300, 0.0),
)
_FAR = (
    *(-0.7, -1.0, -1.5, -2.0, -3.0, -4.0, -5.0, -7.0, -10.0, -15.0, -20.0, -25.0, -30.0, -36.0),
    *(-40.0, -50.0, -60.0, -70.0, -80.0, -87.0, -100.0, -150.0, -200.0, -300.0, -400.0, -500.0),
    *(-600.0, -700.0, -710.0, -720.0, -730.0, -740.0, -745.0),
)
_DIGITS = 400
# How near and how far: in float32, as far as both x and the answer are normal numbers. Beyond,
# float32 has not the five digits that the contract asks for.
_REACH = {np.float64: (1e-300, 745.0), np.float32: (1e-37, 87.0)}
# In ulp. The row asks for 4 in float64, and for the course's relative 1e-5 in float32.
_ALLOWED = {np.float64: 4.0, np.float32: None}


def _exact_log1mexp(x: np.ndarray) -> np.ndarray:
    """The formula as it stands, with so many digits that 1 − e^x keeps more than fifty of them."""
    with workdps(_DIGITS):
        # mpmath's ln 0 is −inf, as in the contract.
        return np.vectorize(lambda v: mp.log(1 - mp.exp(v)), otypes=[object])(exact.to_mpf(x))


def log1mexp() -> tuple[Batch, ...]:
    """``log1mexp(x)``. Its contract has no absolute error next to zero."""
    batches = []
    for dtype, (nearest, farthest) in _REACH.items():
        near = tuple(x for x in _NEAR if -x >= nearest or x == 0)
        far = tuple(x for x in _FAR if -x <= farthest)
        x = np.array(near + far, dtype)
        legs = (Leg(NEAR, near, 0), Leg(FAR, far, len(near)))
        right = Exact.of(_exact_log1mexp(x), dtype, absolute=0.0, allowed=_ALLOWED[dtype])
        batches.append(Batch(np.dtype(dtype).name, (x,), right, legs))
    return tuple(batches)


SWEEPS = {"log1mexp": log1mexp}
