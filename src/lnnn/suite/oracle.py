"""Exact answers as float64, each computed once a process.

A suite asks for the same values for every submission. The 50-digit values of ``lnnn.exact`` are
rounded once to float64: a relative error of 1.1e-16, nothing beside the contract's 1e-12.
"""

import functools

import numpy as np

from lnnn import exact


def _remembered(function):
    """Cache ``function(*arrays, **keywords)`` on the arrays' content. Answers are read-only."""

    @functools.lru_cache(maxsize=8192)
    def from_bytes(packed, keywords):
        arrays = [np.frombuffer(d, dtype=t).reshape(shape) for d, t, shape in packed]
        answer = exact.to_float(function(*arrays, **dict(keywords)))
        answer.setflags(write=False)
        return answer

    @functools.wraps(function)
    def remembered(*arrays, **keywords):
        arrays = [np.asarray(a) for a in arrays]
        packed = tuple((a.tobytes(), a.dtype.str, a.shape) for a in arrays)
        return from_bytes(packed, tuple(sorted(keywords.items())))

    return remembered


log_softmax = _remembered(exact.log_softmax)
softmax = _remembered(exact.softmax)
logsumexp = _remembered(exact.logsumexp)
masked_log_softmax = _remembered(exact.masked_log_softmax)
logmeanexp = _remembered(exact.logmeanexp)
weighted_logsumexp = _remembered(exact.weighted_logsumexp)
cross_entropy = _remembered(exact.cross_entropy)
cross_entropy_grad = _remembered(exact.cross_entropy_grad)
log_softmax_jvp = _remembered(exact.log_softmax_jvp)
log_softmax_vjp = _remembered(exact.log_softmax_vjp)
bce_with_logits = _remembered(exact.bce_with_logits)
soft_cross_entropy = _remembered(exact.soft_cross_entropy)
masked_sequence_cross_entropy = _remembered(exact.masked_sequence_cross_entropy)
kl_divergence = _remembered(exact.kl_divergence)
clipped_log = _remembered(exact.clipped_log)
