"""Sweeps of the log-softmax family: how large the logits are, and how far they are shifted."""

from functools import partial

import numpy as np

from lnnn import exact
from lnnn.suite.sweep import Batch, Exact
from lnnn.suite.sweep_logits import over_logits


def masked_log_softmax() -> tuple[Batch, ...]:
    """``masked_log_softmax(z, mask)`` with a fourth logit, masked, that must not count."""
    batches = []
    for batch in over_logits(exact.log_softmax):
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
        batches.append(Batch(batch.label, (z, mask), padded, batch.legs))
    return tuple(batches)


SWEEPS = {
    "log_softmax": partial(over_logits, exact.log_softmax),
    "softmax": partial(over_logits, exact.softmax),
    "masked_log_softmax": masked_log_softmax,
}
