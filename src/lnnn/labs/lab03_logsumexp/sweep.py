"""Sweeps of log-sum-exp and its mean: how large the logits are, and how far they are shifted."""

from functools import partial

from lnnn import exact
from lnnn.suite.sweep_logits import over_logits

SWEEPS = {
    "logsumexp": partial(over_logits, exact.logsumexp),
    "logmeanexp": partial(over_logits, exact.logmeanexp),
}
