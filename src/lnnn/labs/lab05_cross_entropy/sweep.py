"""Sweeps of cross-entropy's gradient and of products with the Jacobian of log-softmax: the logits.

All rows are one batch, so the gradient of each is divided by their number.
"""

import functools

import numpy as np

from lnnn import exact
from lnnn.suite.sweep import Batch
from lnnn.suite.sweep_logits import CLASSES, labels, over_logits

_VECTOR = np.array([1.0, 0.25, -0.5])
# Where the terms of a product cancel, the contract permits a few ulp for each class: a sum of V
# terms and V probabilities that are each off by a few roundings. The lab's suite allows as much.
_ROUNDINGS = 2 * CLASSES + 10


def _vectors(z: np.ndarray) -> tuple[np.ndarray]:
    return (np.tile(_VECTOR, (len(z), 1)).astype(z.dtype),)


@functools.cache
def cross_entropy_grad() -> tuple[Batch, ...]:
    """``cross_entropy_grad(logits, labels)``."""
    return over_logits(exact.cross_entropy_grad, lambda z: (labels(z),))


@functools.cache
def log_softmax_jvp() -> tuple[Batch, ...]:
    """``log_softmax_jvp(z, v)``, with the same v in each row."""
    slack = _ROUNDINGS * float(np.abs(_VECTOR).max())
    return over_logits(exact.log_softmax_jvp, _vectors, slack)


@functools.cache
def log_softmax_vjp() -> tuple[Batch, ...]:
    """``log_softmax_vjp(z, g)``, with the same g in each row."""
    slack = _ROUNDINGS * float(np.abs(_VECTOR).sum())
    return over_logits(exact.log_softmax_vjp, _vectors, slack)


SWEEPS = {
    "cross_entropy_grad": cross_entropy_grad,
    "log_softmax_jvp": log_softmax_jvp,
    "log_softmax_vjp": log_softmax_vjp,
}
