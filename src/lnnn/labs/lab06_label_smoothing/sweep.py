"""Sweep of the smoothed gradient: how large the logits are, and how far they are shifted."""

from functools import partial

import numpy as np
from mpmath import mpf, workdps

from lnnn import exact
from lnnn.suite.sweep_logits import labels, over_logits

_ALPHA = 0.1


def _gradient(z: np.ndarray, right: np.ndarray, alpha: float) -> np.ndarray:
    """The exact (softmax − smoothed)/B: the gradient of cross-entropy + α(onehot − 1/V)/B."""
    hard = exact.cross_entropy_grad(z, right)
    rows, classes = z.shape
    onehot = np.arange(classes) == right[:, None]
    with workdps(exact.DIGITS):
        other = -mpf(alpha) / classes / rows
        return hard + np.where(onehot, mpf(alpha) / rows + other, other)


# smoothed_cross_entropy_grad(logits, labels, alpha), all rows one batch.
SWEEPS = {
    "smoothed_cross_entropy_grad": partial(over_logits, _gradient, lambda z: (labels(z), _ALPHA)),
}
