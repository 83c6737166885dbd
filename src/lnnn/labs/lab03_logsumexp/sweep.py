"""Sweeps of log-sum-exp and its mean: how large the logits are, and how far they are shifted."""

import functools

from lnnn import exact
from lnnn.suite.sweep import Batch
from lnnn.suite.sweep_logits import over_logits


@functools.cache
def logsumexp() -> tuple[Batch, ...]:
    """``logsumexp(z)``."""
    return over_logits(exact.logsumexp)


@functools.cache
def logmeanexp() -> tuple[Batch, ...]:
    """``logmeanexp(z)``."""
    return over_logits(exact.logmeanexp)


SWEEPS = {"logsumexp": logsumexp, "logmeanexp": logmeanexp}
