"""Sweeps of cross-entropy's gradient and of products with the Jacobian of log-softmax: the logits.

All rows are one batch, so the gradient of each is divided by their number.
"""

from functools import partial

import numpy as np

from lnnn import exact
from lnnn.suite.sweep_logits import CLASSES, labels, over_logits

_VECTOR = np.array([1.0, 0.25, -0.5])
# Where the terms of a product cancel, the contract permits a few ulp for each class: a sum of V
# terms and V probabilities that are each off by a few roundings. The lab's suite allows as much.
_ROUNDINGS = 2 * CLASSES + 10


def _vectors(z: np.ndarray) -> tuple[np.ndarray]:
    return (np.tile(_VECTOR, (len(z), 1)).astype(z.dtype),)


# log_softmax_jvp(z, v) has the same v in each row, log_softmax_vjp(z, g) the same g.
SWEEPS = {
    "cross_entropy_grad": partial(over_logits, exact.cross_entropy_grad, lambda z: (labels(z),)),
    "log_softmax_jvp": partial(
        over_logits, exact.log_softmax_jvp, _vectors, _ROUNDINGS * np.abs(_VECTOR).max()
    ),
    "log_softmax_vjp": partial(
        over_logits, exact.log_softmax_vjp, _vectors, _ROUNDINGS * np.abs(_VECTOR).sum()
    ),
}
