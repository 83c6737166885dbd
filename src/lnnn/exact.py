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
    out = np.empty(x.shape, dtype=object)
    flat = out.reshape(-1)
    wide = x.astype(np.float64) if x.dtype != object else x
    for i, value in enumerate(wide.reshape(-1).tolist()):
        # mpf(mpf) would round to mpmath's current precision.
        flat[i] = value if isinstance(value, mpf) else mpf(value)
    return out


def to_float(exact, dtype=np.float64) -> np.ndarray:
    """Round exact values to the nearest float of ``dtype``; beyond its range gives ±inf or 0."""
    exact = np.asarray(exact, dtype=object)
    wide = np.array([float(v) for v in exact.reshape(-1)], dtype=np.float64)
    with np.errstate(over="ignore", under="ignore"):
        return wide.reshape(exact.shape).astype(dtype)


def logsumexp(z, axis=-1) -> np.ndarray:
    """ln Σ e^z along ``axis``. All −inf gives −inf, any +inf gives +inf, NaN stays NaN."""
    return _along(_logsumexp_1d, z, axis, keep=False)


def logmeanexp(z, axis=-1) -> np.ndarray:
    """ln((1/n) Σ e^z) along ``axis``, n the length of that axis. ValueError when n is 0."""
    shape = np.asarray(z).shape
    n = int(np.prod(shape)) if axis is None else shape[axis]
    if n == 0:
        raise ValueError(f"z {shape} is empty along axis {axis}, and a mean needs a term")
    total = logsumexp(z, axis)
    with workdps(DIGITS):
        return _boxed([v - mp.log(n) for v in total.reshape(-1)], total.shape)


def weighted_logsumexp(z, w, axis=-1) -> np.ndarray:
    """ln Σ w e^z along ``axis`` of the broadcast arrays; a term with w = 0 counts for nothing.

    Raises ValueError for a weight that is negative or NaN.
    """
    z, w = np.broadcast_arrays(to_mpf(z), to_mpf(w))
    if any(not weight >= 0 for weight in w.reshape(-1)):
        raise ValueError("w must hold no negative weight and no NaN")
    pairs = zip(z.reshape(-1), w.reshape(-1), strict=True)
    with workdps(DIGITS):
        # ln w joins the exponent: a weight of 1e-300 may meet a logit of 1e300.
        terms = [_NEG_INF if weight == 0 else v + mp.log(weight) for v, weight in pairs]
        return _along(_logsumexp_1d, _boxed(terms, z.shape), axis, keep=False)


def log_softmax(z, axis=-1, temperature=1.0) -> np.ndarray:
    """z/T − LSE(z/T) along ``axis``, with full relative accuracy also next to 0.

    A slice of only −inf, or one that holds NaN, gives NaN.
    """
    return _along(lambda s: _log_softmax_1d(s, temperature), z, axis)


def softmax(z, axis=-1, temperature=1.0) -> np.ndarray:
    """exp(log_softmax) along ``axis``."""
    return exp(log_softmax(z, axis, temperature))


def masked_log_softmax(z, mask, axis=-1) -> np.ndarray:
    """Log-softmax over the positions where ``mask`` is True, −inf elsewhere; broadcast shape."""
    mask = np.asarray(mask, dtype=bool)
    kept = np.where(mask, z, -np.inf)
    out = log_softmax(kept, axis)
    out[np.broadcast_to(~mask, out.shape)] = _NEG_INF
    return out


def cross_entropy(logits, labels) -> np.ndarray:
    """Mean over the rows b of −log_softmax(logits)[b, labels[b]]. Object array of shape ()."""
    labels = _class_indices(logits, labels)
    log_p = log_softmax(logits)
    with workdps(DIGITS):
        picked = [-row[k] for row, k in zip(log_p, labels, strict=True)]
        return _boxed([mp.fsum(picked) / len(picked)], ())


def cross_entropy_grad(logits, labels) -> np.ndarray:
    """The gradient of ``cross_entropy``: (softmax − onehot)/B, shape of ``logits``."""
    labels = _class_indices(logits, labels)
    out = softmax(logits)
    with workdps(DIGITS):
        for row, k in zip(out, labels, strict=True):
            row[k] -= 1
        return _boxed([v / len(labels) for v in out.reshape(-1)], out.shape)


def log_softmax_jvp(z, v) -> np.ndarray:
    """Directional derivative of log-softmax at ``z`` along ``v``: v − Σ p v, last axis."""
    p, v = softmax(z), to_mpf(v)
    with workdps(DIGITS):
        rows = [[b - mp.fdot(p[i], v[i]) for b in v[i]] for i in np.ndindex(p.shape[:-1])]
    return _boxed([x for row in rows for x in row], p.shape)


def log_softmax_vjp(z, g) -> np.ndarray:
    """Jᵀg for the Jacobian J of log-softmax at ``z``: g − p·Σg, last axis."""
    p, g = softmax(z), to_mpf(g)
    with workdps(DIGITS):
        rows = [
            [b - a * mp.fsum(g[i]) for a, b in zip(p[i], g[i], strict=True)]
            for i in np.ndindex(p.shape[:-1])
        ]
    return _boxed([x for row in rows for x in row], p.shape)


def bce_with_logits(x, y) -> np.ndarray:
    """Mean of −[y ln σ(x) + (1−y) ln σ(−x)] over all elements. Object array of shape ()."""
    pairs = list(zip(to_mpf(x).reshape(-1), to_mpf(y).reshape(-1), strict=True))
    with workdps(DIGITS):
        losses = [b * _softplus(-a) + (1 - b) * _softplus(a) for a, b in pairs]
        return _boxed([mp.fsum(losses) / len(losses)], ())


def soft_cross_entropy(logits, targets) -> np.ndarray:
    """Mean over the rows of −Σ q log p, where q = 0 costs nothing. Object array of shape ()."""
    log_p, q = log_softmax(logits), to_mpf(targets)
    if q.shape != log_p.shape:
        raise ValueError(f"targets {q.shape} do not fit logits {log_p.shape}")
    pairs = zip(log_p.reshape(-1), q.reshape(-1), strict=True)
    with workdps(DIGITS):
        costs = [-share * value for value, share in pairs if share != 0]
        return _boxed([mp.fsum(costs) / len(q)], ())


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
    log_p, log_q = np.broadcast_arrays(to_mpf(log_p), to_mpf(log_q))
    pairs = zip(log_p.reshape(-1), log_q.reshape(-1), strict=True)
    with workdps(DIGITS):
        terms = [mpf(0) if a == _NEG_INF else mp.exp(a) * (a - b) for a, b in pairs]
        return _along(mp.fsum, _boxed(terms, log_p.shape), axis, keep=False)


def clipped_log(p, eps) -> np.ndarray:
    """ln(max(p, eps)), with ``eps`` rounded to the float type of ``p`` first. NaN stays NaN.

    Integers count as float64. Raises ValueError for an ``eps`` that is not above 0 in that type.
    """
    dtype = np.asarray(p).dtype
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    floor = mpf(float(dtype.type(eps)))
    if not floor > 0:
        raise ValueError(f"eps = {eps} is not above 0 in {dtype}")
    p = to_mpf(p)
    with workdps(DIGITS):
        logs = [v if mp.isnan(v) else mp.log(max(v, floor)) for v in p.reshape(-1)]
        return _boxed(logs, p.shape)


def exp(x) -> np.ndarray:
    """e^x of an object array of mpf, elementwise."""
    x = np.asarray(x, dtype=object)
    with workdps(DIGITS):
        flat = [mp.exp(v) for v in x.reshape(-1)]
    return _boxed(flat, x.shape)


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
    exact = np.broadcast_to(np.asarray(exact, dtype=object), computed.shape)
    info = np.finfo(computed.dtype)
    largest = mpf(float(info.max))
    out = np.empty(computed.shape)
    flat = out.reshape(-1)
    pairs = zip(computed.astype(np.float64).reshape(-1).tolist(), exact.reshape(-1), strict=True)
    with workdps(DIGITS):
        for i, (c, e) in enumerate(pairs):
            c_finite, e_finite = np.isfinite(c), mp.isfinite(e) and abs(e) <= largest
            if c_finite and e_finite:
                gap = _ulp(e, info)
                flat[i] = float(abs(mpf(c) - e) / gap)
            elif np.isnan(c) or mp.isnan(e):
                flat[i] = 0.0 if np.isnan(c) and mp.isnan(e) else np.inf
            else:
                same = not c_finite and not e_finite and (c > 0) == (e > 0)
                flat[i] = 0.0 if same else np.inf
    return out


def relative_error(computed, exact) -> np.ndarray:
    """|computed − exact| / |exact|; 0 where both are equal (infinities and NaN too), else inf
    where the exact value is 0, infinite or NaN. float64 array, shape of ``computed``."""
    return _error(computed, exact, lambda c, e: abs(c - e) / abs(e) if e != 0 else _POS_INF)


def absolute_error(computed, exact) -> np.ndarray:
    """|computed − exact|, with the same rules for infinities and NaN as ``relative_error``."""
    return _error(computed, exact, lambda c, e: abs(c - e))


def _error(computed, exact, measure):
    computed = np.asarray(computed)
    exact = np.broadcast_to(np.asarray(exact, dtype=object), computed.shape)
    out = np.empty(computed.shape)
    flat = out.reshape(-1)
    pairs = zip(computed.astype(np.float64).reshape(-1).tolist(), exact.reshape(-1), strict=True)
    with workdps(DIGITS):
        for i, (c, e) in enumerate(pairs):
            c = mpf(c)
            if c == e or (mp.isnan(c) and mp.isnan(e)):
                flat[i] = 0.0
            elif mp.isfinite(c) and mp.isfinite(e):
                flat[i] = float(measure(c, e))
            else:
                flat[i] = np.inf
    return out


def _ulp(e, info):
    """The gap between neighbouring floats around |e|, never below the smallest subnormal."""
    lowest = info.minexp - info.nmant
    if e == 0:
        return mp.ldexp(1, lowest)
    _, exponent = mp.frexp(abs(e))
    return mp.ldexp(1, max(int(exponent) - 1 - info.nmant, lowest))


def _along(function, z, axis, keep=True):
    """Apply ``function`` (list of mpf -> list of mpf, or one mpf) to each slice along ``axis``."""
    z = to_mpf(z)
    if axis is None:
        z, axis = z.reshape(-1), 0
    moved = np.moveaxis(z, axis, -1)
    with workdps(DIGITS):
        rows = [function(list(moved[index])) for index in np.ndindex(moved.shape[:-1])]
    if not keep:
        return _boxed(rows, moved.shape[:-1])
    flat = [v for row in rows for v in row]
    return np.moveaxis(_boxed(flat, moved.shape), -1, axis)


def _boxed(values, shape):
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out.reshape(shape)


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


def _class_indices(logits, labels):
    """The labels as ints; ValueError for one that is no class, so that none counts from the end."""
    rows, classes = np.asarray(logits).shape
    labels = [int(k) for k in np.asarray(labels)]
    if len(labels) != rows or not all(0 <= k < classes for k in labels):
        raise ValueError(f"labels must be {rows} classes from 0 to {classes - 1}, not {labels}")
    return labels


def _softplus(x):
    """ln(1 + e^x) without an exponential above 1."""
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))
