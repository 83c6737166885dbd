"""Rows of logits for a sweep: how large the logits are, and how far they are shifted."""

from collections.abc import Callable

import numpy as np

from lnnn.messages import N_

from .expect import ABSOLUTE
from .sweep import Axis, Batch, Exact, Leg

SIZE = Axis(
    N_("largest logit"),
    N_("logits of {x}"),
    ((1e-3, 0.0), (1.0, 0.14), (10.0, 0.3), (1e3, 0.74), (1e4, 0.82), (1e300, 1.0)),
    (1e-3, 1.0, 10.0, 100.0, 1e3, 1e300),
)
OFFSET = Axis(
    N_("added to every logit"),
    N_("an offset of {x}"),
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
CLASSES = len(_PATTERN)


def rows(dtype) -> tuple[np.ndarray, tuple[Leg, ...]]:
    """Rows [0, ½, 1]·size, then rows [0, 1, 2] + offset; sizes as far as the contract of dtype."""
    reach = 1e300 if dtype == np.float64 else 1e30
    sizes = tuple(s for s in _SIZES if s <= reach)
    z = [_PATTERN * s for s in sizes] + [2 * _PATTERN + c for c in _OFFSETS]
    legs = (Leg(SIZE, sizes, 0), Leg(OFFSET, _OFFSETS, len(sizes)))
    return np.array(z).astype(dtype), legs


def labels(z: np.ndarray) -> np.ndarray:
    """A label a row, each class in turn: one label for all would hide a wrong index."""
    return np.arange(len(z)) % CLASSES


def over_logits(
    answer: Callable, others: Callable = lambda z: (), slack: float = 0.0
) -> tuple[Batch, ...]:
    """One call in each float type: ``(z, *others(z))``, exact by ``answer`` of the same arguments.

    ``slack``, in eps, is what the contract of the function permits absolutely on top.
    """
    batches = []
    for dtype in map(np.dtype, (np.float64, np.float32)):
        z, legs = rows(dtype)
        arguments = (z, *others(z))
        absolute = ABSOLUTE[dtype] + slack * float(np.finfo(dtype).eps)
        right = Exact.of(answer(*arguments), dtype, absolute=absolute)
        batches.append(Batch(dtype.name, arguments, right, legs))
    return tuple(batches)
