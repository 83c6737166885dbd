"""The exact answer: log-softmax and its relatives in mpmath at 50 digits, and errors in ulp.

Functions take float arrays of any shape and return object arrays of ``mpmath.mpf``. Inputs count as
exact: a float32 0.1 is the binary number that float32 holds. Values beyond the range of any float
(e^-1e300) stay finite here, because an mpf's exponent has no bound.

mpmath: F. Johansson and others, https://mpmath.org.
"""

import numpy as np
from mpmath import mp, mpf, workdps

DIGITS = 50

_NEG_INF = mpf("-inf")
_POS_INF = mpf("inf")
_NAN = mpf("nan")


def to_mpf(x) -> np.ndarray:
    """Every element of an array-like as an mpf, without rounding. Object array, same shape."""
    x = np.asarray(x)
    wide = x.astype(np.float64) if x.dtype != object else x
    # mpf(mpf) would round to mpmath's current precision.
    return _each(lambda value: value if isinstance(value, mpf) else mpf(value), wide)


def to_float(exact, dtype=np.float64) -> np.ndarray:
    """Round exact values to the nearest float of ``dtype``; beyond its range gives ±inf or 0."""
    wide = np.asarray(exact, dtype=object).astype(np.float64)
    with np.errstate(over="ignore", under="ignore"):
        return wide.astype(dtype)


def logsumexp(z, axis=-1) -> np.ndarray:
    """ln Σ e^z along ``axis``. All −inf gives −inf, any +inf gives +inf, NaN stays NaN."""
    return _along(_logsumexp_1d, z, axis, keep=False)


def logmeanexp(z, axis=-1) -> np.ndarray:
    """ln((1/n) Σ e^z) along ``axis``, n the length of that axis. ValueError when n is 0."""
    shape = np.asarray(z).shape
    n = int(np.prod(shape)) if axis is None else shape[axis]
    if n == 0:
        raise ValueError(f"z {shape} is empty along axis {axis}, and a mean needs a term")
    return _each(lambda v: v - mp.log(n), logsumexp(z, axis))


def weighted_logsumexp(z, w, axis=-1) -> np.ndarray:
    """ln Σ w e^z along ``axis`` of the broadcast arrays; a term with w = 0 counts for nothing.

    Raises ValueError for a weight that is negative or NaN.
    """
    z, w = to_mpf(z), to_mpf(w)
    if not np.all(w >= 0):
        raise ValueError("w must hold no negative weight and no NaN")
    # ln w joins the exponent: a weight of 1e-300 may meet a logit of 1e300.
    terms = _each(lambda v, weight: v + mp.log(weight) if weight else _NEG_INF, z, w)
    return logsumexp(terms, axis)


def log_softmax(z, axis=-1, temperature=1.0) -> np.ndarray:
    """z/T − LSE(z/T) along ``axis``, with full relative accuracy also next to 0.

    A slice of only −inf, or one that holds NaN, gives NaN.
    """
    return _along(lambda row: _log_softmax_1d(row, temperature), z, axis)


def softmax(z, axis=-1, temperature=1.0) -> np.ndarray:
    """exp(log_softmax) along ``axis``."""
    return exp(log_softmax(z, axis, temperature))


def masked_log_softmax(z, mask, axis=-1) -> np.ndarray:
    """Log-softmax over the positions where ``mask`` is True, −inf elsewhere; broadcast shape."""
    return np.where(mask, log_softmax(np.where(mask, z, -np.inf), axis), _NEG_INF)


def cross_entropy(logits, labels) -> np.ndarray:
    """Mean over the rows b of −log_softmax(logits)[b, labels[b]]. Object array of shape ()."""
    rows, classes = _places(logits, labels)
    return _mean(_each(mp.fneg, log_softmax(logits)[rows, classes]))


def cross_entropy_grad(logits, labels) -> np.ndarray:
    """The gradient of ``cross_entropy``: (softmax − onehot)/B, shape of ``logits``."""
    rows, classes = _places(logits, labels)
    out = softmax(logits)
    with workdps(DIGITS):
        out[rows, classes] -= 1
        return out / len(rows)


def log_softmax_jvp(z, v) -> np.ndarray:
    """Directional derivative of log-softmax at ``z`` along ``v``: v − Σ p v, last axis."""
    p, v = softmax(z), to_mpf(v)
    with workdps(DIGITS):
        return v - _sum(p * v)[..., np.newaxis]


def log_softmax_vjp(z, g) -> np.ndarray:
    """Jᵀg for the Jacobian J of log-softmax at ``z``: g − p·Σg, last axis."""
    p, g = softmax(z), to_mpf(g)
    with workdps(DIGITS):
        return g - p * _sum(g)[..., np.newaxis]


def bce_with_logits(x, y) -> np.ndarray:
    """Mean of −[y ln σ(x) + (1−y) ln σ(−x)] over all elements. Object array of shape ()."""

    def loss(x, y):
        return y * _softplus(-x) + (1 - y) * _softplus(x)

    return _mean(_each(loss, to_mpf(x), to_mpf(y)))


def soft_cross_entropy(logits, targets) -> np.ndarray:
    """Mean over the rows of −Σ q log p, where q = 0 costs nothing. Object array of shape ()."""
    log_p, q = log_softmax(logits), to_mpf(targets)
    if q.shape != log_p.shape:
        raise ValueError(f"targets {q.shape} do not fit logits {log_p.shape}")
    costs = _each(lambda value, share: -share * value if share else mpf(0), log_p, q)
    return _mean(_sum(costs))


def masked_sequence_cross_entropy(logits, labels, mask) -> np.ndarray:
    """``cross_entropy`` over all tokens that ``mask`` keeps: (B, L, V), (B, L) and (B, L).

    What stands at other positions counts for nothing. ValueError when nothing is kept.
    """
    kept = np.asarray(mask, dtype=bool)
    if not kept.any():
        raise ValueError("mask keeps no token, and a mean needs one")
    return cross_entropy(np.asarray(logits)[kept], np.asarray(labels)[kept])


def kl_divergence(log_p, log_q, axis=-1) -> np.ndarray:
    """Σ p (log p − log q) along ``axis``. p = 0 counts for nothing; q = 0 < p gives +inf."""

    def term(a, b):
        return mpf(0) if a == _NEG_INF else mp.exp(a) * (a - b)

    return _sum(_each(term, to_mpf(log_p), to_mpf(log_q)), axis)


def clipped_log(p, eps) -> np.ndarray:
    """ln(max(p, eps)), with ``eps`` rounded to the float type of ``p`` first. NaN stays NaN.

    Integers count as float64. Raises ValueError for an ``eps`` that is not above 0 in that type.
    """
    dtype = np.asarray(p).dtype
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    floor = mpf(float(dtype.type(eps)))
    if not floor > 0:
        raise ValueError(f"eps = {eps} is not above 0 in {dtype}")
    return _each(lambda v: v if mp.isnan(v) else mp.log(max(v, floor)), to_mpf(p))


def exp(x) -> np.ndarray:
    """e^x of an object array of mpf, elementwise."""
    return _each(mp.exp, x)


def ulp_error(computed, exact) -> np.ndarray:
    """Distance of ``computed`` from ``exact``, in units in the last place of ``computed.dtype``.

    One ulp is the gap between the two floats of that type around the exact value (Muller et al.,
    Handbook of Floating-Point Arithmetic, 2018, section 2.3.2); below the smallest normal number it
    is the smallest subnormal. Equal infinities and two NaNs count 0; where only one of the two is
    infinite or NaN the error is +inf. float64 array, shape of ``computed``.
    """
    computed = np.asarray(computed)
    if computed.dtype.kind != "f":
        raise ValueError(f"computed must be a float array, not {computed.dtype}")
    info = np.finfo(computed.dtype)
    largest = mpf(float(info.max))
    within = _each(lambda e: e * _POS_INF if abs(e) > largest else e, exact)
    return _error(computed, within, lambda c, e: abs(c - e) / _ulp(e, info))


def relative_error(computed, exact) -> np.ndarray:
    """|computed − exact| / |exact|; 0 where both are equal (infinities and NaN too), else inf
    where the exact value is 0, infinite or NaN. float64 array, shape of ``computed``."""
    return _error(computed, exact, lambda c, e: abs(c - e) / abs(e) if e != 0 else _POS_INF)


def absolute_error(computed, exact) -> np.ndarray:
    """|computed − exact|, with the same rules for infinities and NaN as ``relative_error``."""
    return _error(computed, exact, lambda c, e: abs(c - e))


def _error(computed, exact, measure):
    def error(c, e):
        c = mpf(c)
        if c == e or (mp.isnan(c) and mp.isnan(e)):
            return 0
        return measure(c, e) if mp.isfinite(c) and mp.isfinite(e) else _POS_INF

    computed = np.asarray(computed)
    exact = np.broadcast_to(np.asarray(exact, dtype=object), computed.shape)
    return _each(error, computed.astype(np.float64), exact).astype(np.float64)


def _ulp(e, info):
    """The gap between neighbouring floats around |e|, never below the smallest subnormal."""
    lowest = info.minexp - info.nmant
    if e == 0:
        return mp.ldexp(1, lowest)
    _, exponent = mp.frexp(abs(e))
    return mp.ldexp(1, max(int(exponent) - 1 - info.nmant, lowest))


def _each(function, *arrays):
    """Object array of ``function`` of the elements of the broadcast ``arrays``."""
    with workdps(DIGITS), np.errstate(invalid="ignore"):
        return np.vectorize(function, otypes=[object])(*arrays)


def _along(function, z, axis, keep=True):
    """Apply ``function`` (list of mpf -> list of mpf, or one mpf) to each slice along ``axis``."""
    z = to_mpf(z)
    if axis is None:
        z, axis = z.reshape(-1), 0
    moved = np.moveaxis(z, axis, -1)
    out = np.empty(moved.shape if keep else moved.shape[:-1], dtype=object)
    with workdps(DIGITS):
        for index in np.ndindex(moved.shape[:-1]):
            out[index] = function(list(moved[index]))
    return np.moveaxis(out, -1, axis) if keep else out


def _sum(x, axis=-1):
    return _along(mp.fsum, x, axis, keep=False)


def _mean(x):
    """The mean of all elements, of shape ()."""
    with workdps(DIGITS):
        return np.array(mp.fsum(x.reshape(-1)) / x.size, dtype=object)


def _peak_and_rest(z):
    """The index of a largest element m and Σ over the others of e^(z − m)."""
    top = max(range(len(z)), key=z.__getitem__)
    rest = mp.fsum(mp.exp(v - z[top]) for i, v in enumerate(z) if i != top and v != _NEG_INF)
    return top, rest


def _logsumexp_1d(z):
    if any(mp.isnan(v) for v in z):
        return _NAN
    if not z or all(v == _NEG_INF for v in z):
        return _NEG_INF
    if any(v == _POS_INF for v in z):
        return _POS_INF
    top, rest = _peak_and_rest(z)
    return z[top] + mp.log1p(rest)


def _log_softmax_1d(z, temperature):
    if any(mp.isnan(v) or v == _POS_INF for v in z) or all(v == _NEG_INF for v in z):
        return [_NAN] * len(z)
    z = [v / mpf(float(temperature)) for v in z]
    top, rest = _peak_and_rest(z)
    # z_k − m ≤ 0 and −log1p(rest) ≤ 0: a sum of like signs loses no digits, near 0 either.
    tail = mp.log1p(rest)
    return [_NEG_INF if v == _NEG_INF else (v - z[top]) - tail for v in z]


def _places(logits, labels):
    """Where the labels stand, as (rows, classes). ValueError for one that is no class, so that none
    counts from the end."""
    rows, classes = np.asarray(logits).shape
    labels = [int(k) for k in np.asarray(labels)]
    if len(labels) != rows or not all(0 <= k < classes for k in labels):
        raise ValueError(f"labels must be {rows} classes from 0 to {classes - 1}, not {labels}")
    return range(rows), labels


def _softplus(x):
    """ln(1 + e^x) without an exponential above 1."""
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))
