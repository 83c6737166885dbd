"""Answers to lab 3. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def floats(z):
    z = np.asarray(z)
    return z if z.dtype.kind == "f" else z.astype(np.float64)


@helper
def weighted(z, w):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    return floats(z), floats(w)


@helper
def row_by_row(value, z, axis, keepdims=False):
    z = floats(z)
    rows = z.reshape(-1) if axis is None else np.moveaxis(z, axis, -1)
    out = np.empty(rows.shape[:-1], z.dtype)
    for i in np.ndindex(out.shape):
        out[i] = value(rows[i])
    if keepdims:
        return out.reshape([1] * z.ndim) if axis is None else np.expand_dims(out, axis)
    return out[()]


# ---------------------------------------------------------------------------------- logsumexp
@right("logsumexp", "shift by the maximum where it is finite, by 0 elsewhere")
def shift_where_finite(z, axis=-1, keepdims=False):
    z = floats(z)
    top = z.max(axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(all="ignore"):
        out = np.log(np.exp(z - shift).sum(axis=axis, keepdims=True)) + shift
    return out if keepdims else np.squeeze(out, axis=axis)


@right("logsumexp", "np.logaddexp.reduce")
def logaddexp_reduce(z, axis=-1, keepdims=False):
    z = floats(z)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis, keepdims=keepdims)


@right("logsumexp", "one row at a time, Python's own special cases")
def special_cases_row_by_row(z, axis=-1, keepdims=False):
    def value(row):
        top = float(row.max()) if row.size else -math.inf
        if math.isinf(top) or math.isnan(top):
            return top
        return top + math.log(np.exp(row.astype(float) - top).sum())

    return row_by_row(value, z, axis, keepdims)


@right("logsumexp", "float64 inside, log1p of the sum without the maximum")
def log1p_of_the_rest(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    dtype = z.dtype if np.issubdtype(z.dtype, np.floating) else np.float64
    if axis is None:
        x = z.reshape(1, -1).astype(np.float64)
    else:
        x = np.moveaxis(z, axis, -1).astype(np.float64)
    if x.shape[-1] == 0:
        out = np.full(x.shape[:-1], -np.inf)
    else:
        at = x.argmax(axis=-1)[..., None]
        top = np.take_along_axis(x, at, -1)
        usable = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(all="ignore"):
            e = np.exp(x - usable)
        np.put_along_axis(e, at, 0.0, -1)
        out = np.where(np.isfinite(top), usable + np.log1p(e.sum(-1, keepdims=True)), top)[..., 0]
    if axis is None:
        return out.astype(dtype).reshape((1,) * z.ndim if keepdims else ())
    return (np.expand_dims(out, axis) if keepdims else out).astype(dtype)


@right("logsumexp", "a Python float for one float64 row")
def python_float_for_one_row(z, axis=-1, keepdims=False):
    z = floats(z)
    if z.size == 0 or not np.isfinite(z).all():
        with np.errstate(all="ignore"):
            out = np.logaddexp.reduce(z, axis=axis, keepdims=True)
    else:
        m = np.amax(z, axis, keepdims=True)
        out = m + np.log(np.add.reduce(np.exp(z - m), axis, keepdims=True))
    if keepdims:
        return out
    out = out.reshape(()) if axis is None else np.squeeze(out, axis)
    return float(out) if out.ndim == 0 and out.dtype == np.float64 else out


shift_where_finite.edits("""
    stress: the textbook formula without the shift
    - np.where(np.isfinite(top), top, 0)
    + z.dtype.type(0)
    - np.errstate(all="ignore")
    + np.errstate()
    stress: one maximum for the whole array
    - z.max(axis=axis, keepdims=True, initial=-np.inf)
    + z.max(initial=-np.inf)
    contract: the maximum is never added back
    - keepdims=True)) + shift
    + keepdims=True))
    reference: an epsilon in the logarithm
    + keepdims=True) + z.dtype.type(1e-8)) + shift
    stress: a slice of only −inf, or with +inf, becomes NaN
    - np.where(np.isfinite(top), top, 0)
    + top
    contract: squeeze without an axis
    - np.squeeze(out, axis=axis)
    + np.squeeze(out)
    contract: z -= max on the caller's array
    - out = np.log(np.exp(z - shift)
    + z -= shift
    + out = np.log(np.exp(z)
    contract: base-2 logarithm
    - np.log(
    + np.log2(
    stress: NumPy's error for an empty axis
    - , initial=-np.inf
    stress: log(0) and inf − inf warn
    - np.errstate(all="ignore")
    + np.errstate()
""")
logaddexp_reduce.edits("""
    stress: nan_to_num cleans everything
    - floats(z)
    + np.nan_to_num(floats(z))
    contract: everything becomes float64
    + np.array(z, dtype=float)
    contract: always the last axis
    - axis=axis
    + axis=-1
    contract: keepdims ignored
    - , keepdims=keepdims
""")


@wrong("logsumexp", "a Python loop over every element", "stress")
def element_by_element(z, axis=-1, keepdims=False):
    def value(row):
        m, s = row.dtype.type(-np.inf), row.dtype.type(0)
        with np.errstate(all="ignore"):
            for v in row:
                m = max(m, v) if v == v else v
            if not np.isfinite(m):
                return m
            for v in row:
                s += np.exp(v - m)
            return m + np.log(s)

    return row_by_row(value, z, axis, keepdims)


# --------------------------------------------------------------------------------- logmeanexp
@right("logmeanexp", "log of the mean of shifted exponentials")
def mean_of_the_shifted(z, axis=-1):
    z = floats(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z has no element along this axis")
    m = z.max(axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(all="ignore"):
        mean = np.exp(z - m).mean(axis=axis)
        return np.log(mean) + np.squeeze(m, axis=axis)


@right("logmeanexp", "np.logaddexp.reduce, then − ln n")
def logaddexp_minus_ln_n(z, axis=-1):
    z = floats(z)
    n = math.prod(z.shape) if axis is None else z.shape[axis]
    if not n:
        raise ValueError(f"empty axis {axis}")
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis) - z.dtype.type(np.log(n))


@right("logmeanexp", "rows one by one, in float64")
def mean_row_by_row(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("the axis of z is empty: there is no mean")

    def value(row):
        top = float(row.max())
        if not math.isfinite(top):
            return top
        return top + math.log(np.exp(row.astype(float) - top).sum() / len(row))

    return row_by_row(value, z, axis)


mean_row_by_row.edits("""
    stress: one term after the other
    - np.exp(row.astype(float) - top).sum()
    + sum(math.exp(v - top) for v in row)
""")
logaddexp_minus_ln_n.edits("""
    contract: the mean of the logits
    - np.logaddexp.reduce(z, axis=axis) - z.dtype.type(np.log(n))
    + z.mean(axis=axis)
    property: ln n is forgotten
    - - z.dtype.type(np.log(n))
    contract: an np.float64 drags float32 along
    + - np.log(n)
    contract: LSE divided by n
    + / n
    contract: n counts all elements, not those of the axis
    - np.log(n)
    + np.log(z.size)
    stress: log of the plain mean of exponentials
    - with np.errstate(all="ignore"):
    -     return np.logaddexp.reduce(z, axis=axis) - z.dtype.type(np.log(n))
    + return np.log(np.mean(np.exp(z), axis=axis))
    stress: a logit of −inf does not count in n
    - z.dtype.type(np.log(n))
    + np.log((z > -np.inf).sum(axis=axis).astype(z.dtype))
    bad input: an empty axis gives −inf or NaN
    - if not n:
    -     raise ValueError(f"empty axis {axis}")
""")


# ------------------------------------------------------------------------- weighted_logsumexp
@right("weighted_logsumexp", "ln w joins the exponent, zeros become −inf with np.where")
def log_weights_join(z, w, axis=-1):
    z, w = weighted(z, w)
    with np.errstate(all="ignore"):
        t = np.where(w > 0, z + np.log(w), -np.inf)
        m = t.max(axis=axis, keepdims=True)
        m = np.where(np.isfinite(m), m, 0)
        return np.squeeze(m + np.log(np.exp(t - m).sum(axis=axis, keepdims=True)), axis=axis)


@right("weighted_logsumexp", "np.logaddexp.reduce with where= for the kept terms")
def logaddexp_of_the_kept(z, w, axis=-1):
    z, w = np.asarray(z), np.asarray(w)
    if np.any(np.isnan(w)) or np.any(w < 0):
        raise ValueError(f"bad weights w = {w}")
    dtype = np.result_type(z, w) if "f" in (z.dtype.kind, w.dtype.kind) else np.dtype(float)
    z, w = np.broadcast_arrays(z.astype(dtype), w.astype(dtype))
    log_w = np.full(w.shape, -np.inf, dtype)
    np.log(w, out=log_w, where=w > 0)
    terms = np.full(w.shape, -np.inf, dtype)
    np.add(z, log_w, out=terms, where=w > 0)
    return np.logaddexp.reduce(terms, axis=axis)


@right("weighted_logsumexp", "where= for the maximum and for the sum")
def where_for_both(z, w, axis=-1):
    z, w = weighted(z, w)
    kept, log_w = w > 0, np.log(w, where=w > 0, out=np.zeros_like(w))
    with np.errstate(all="ignore"):
        t = z + log_w
        m = t.max(axis=axis, keepdims=True, where=kept, initial=-np.inf)
        m[~np.isfinite(m)] = 0
        total = np.sum(np.exp(t - m), axis=axis, where=kept)
        return np.log(total) + np.squeeze(m, axis=axis)


@wrong("weighted_logsumexp", "term after term of each row, math.fsum", "stress")
def kept_terms_row_by_row(z, w, axis=-1):
    z, w = np.asarray(z), np.asarray(w)
    if not np.all(w >= 0):
        raise ValueError("w: weights are at least 0")
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    z, w = np.broadcast_arrays(z, w)
    if axis is None:
        z, w = z.reshape(-1), w.reshape(-1)
    else:
        z, w = np.moveaxis(z, axis, -1), np.moveaxis(w, axis, -1)
    out = np.empty(z.shape[:-1], dtype)
    for i in np.ndindex(out.shape):
        pairs = zip(z[i].tolist(), w[i].tolist(), strict=True)
        terms = [a + math.log(b) for a, b in pairs if b > 0 and a > -math.inf]
        if terms:
            top = max(terms)
            out[i] = top + math.log(math.fsum(math.exp(t - top) for t in terms))
        else:
            out[i] = -math.inf
    return out[()]


log_weights_join.edits("""
    contract: the weight multiplies the logit
    - np.where(w > 0, z + np.log(w), -np.inf)
    + z * w
    property: z + ln w without a look at zeros
    + z + np.log(w)
    reference: an epsilon beside the weight
    + z + np.log(w + w.dtype.type(1e-6))
    property: the weights are normalised
    - t = np.where(w > 0, z + np.log(w), -np.inf)
    + w = w / w.sum(axis=axis, keepdims=True)
    + t = np.where(w > 0, z + np.log(w), -np.inf)
    contract: writes −inf into the caller's logits
    + z = z.copy() if 0 in z.strides else z
    + z[w == 0] = -np.inf
    + t = z + np.log(w)
    property: the maximum of all terms, those with weight 0 too
    - t.max
    + z.max
    - np.exp(t - m)
    + (w * np.exp(z - m))
    stress: the shift ignores the weights
    - np.where(w > 0, z + np.log(w), -np.inf)
    + np.where(w > 0, z, -np.inf)
    - np.exp(t - m)
    + (w * np.exp(t - m))
    stress: all weights zero gives NaN
    - m = np.where(np.isfinite(m), m, 0)
    bad input: weights are never checked
    - not (w >= 0).all()
    + False
    bad input: NaN passes a test for < 0
    - not (w >= 0).all()
    + (w < 0).any()
    - w > 0
    + w != 0
""")


# ------------------------------------------------------------------------------ online_update
@right("online_update", "maximum and rescaled sum")
def rescaled_sum(state, chunk):
    m, s = state
    chunk = np.asarray(chunk, dtype=float)
    top = max(m, chunk.max(initial=-np.inf))
    if top == -np.inf:
        return m, s
    return float(top), float(s * np.exp(m - top) + np.exp(chunk - top).sum())


@right("online_update", "keeps the log-sum-exp itself, with s = 1")
def lse_and_one(state, chunk):
    m, s = state
    with np.errstate(divide="ignore"):
        so_far = m + np.log(s)
    new = np.logaddexp.reduce(np.append(np.asarray(chunk, float), so_far))
    return (float(new), 1.0)


@right("online_update", "one element at a time, the way the papers write it")
def one_element_at_a_time(state, chunk):
    m, s = state
    for x in np.asarray(chunk).tolist():
        if x == -math.inf:
            continue
        if x > m:
            s = s * math.exp(m - x) + 1.0
            m = x
        else:
            s = s + math.exp(x - m)
    return float(m), s


@right("online_update", "in the chunk's own float type, a list of two")
def in_the_chunks_own_type(state, chunk):
    chunk = floats(chunk)
    m, s = chunk.dtype.type(state[0]), chunk.dtype.type(state[1])
    kept = chunk[chunk > -np.inf]
    if kept.size == 0:
        return [m, s]
    top = np.maximum(m, kept.max())
    return [top, s * np.exp(m - top) + np.sum(np.exp(kept - top))]


rescaled_sum.edits("""
    contract: the old sum is not rescaled
    - s * np.exp(m - top)
    + s
    contract: rescaled with the wrong sign
    + (s * np.exp(top - m) if s else 0.0)
    stress: m is the maximum of the last chunk
    - max(m, chunk.max(initial=-np.inf))
    + chunk.max(initial=-np.inf)
    stress: −inf − (−inf) at the start
    - if top == -np.inf:
    -     return m, s
    stress: the maximum of an empty chunk is an error
    - initial=-np.inf
    property: forgets what came before
    - max(m, chunk.max(initial=-np.inf))
    + chunk.max(initial=-np.inf)
    - s * np.exp(m - top) +
    contract: shifts the caller's chunk in place
    - return float(top), float(s * np.exp(m - top) + np.exp(chunk - top).sum())
    + chunk -= top
    + return float(top), float(s * np.exp(m - top) + np.exp(chunk).sum())
""")
lse_and_one.edits("""
    contract: returns the log-sum-exp instead of a state
    - (float(new), 1.0)
    + float(new)
""")


@wrong("online_update", "no shift at all: m stays 0", "stress")
def no_shift_at_all(state, chunk):
    m, s = state
    with np.errstate(all="ignore"):
        so_far = s * np.exp(m) if s else 0.0
        return 0.0, float(so_far + np.exp(np.asarray(chunk, dtype=float)).sum())


# --------------------------------------------------------------------------- online_logsumexp
@right("online_logsumexp", "NumPy's log, silenced")
def numpy_log_silenced(state):
    m, s = state
    with np.errstate(divide="ignore"):
        return m + np.log(s)


@right("online_logsumexp", "math.log with a look at 0")
def math_log(state):
    m, s = state
    return -math.inf if s == 0 else m + math.log(s)


@right("online_logsumexp", "log2 and its factor, as a NumPy scalar")
def log_two(state):
    m, s = (np.float64(part) for part in state)
    if s > 0:
        mantissa, exponent = math.frexp(s)
        return m + (math.log(mantissa) + exponent * math.log(2))
    return np.float64("-inf")


math_log.edits("""
    contract: m is forgotten
    - m + math.log(s)
    + math.log(s)
    contract: m + s without the logarithm
    - -math.inf if s == 0 else m + math.log(s)
    + float(m + s)
    stress: math.log(0) raises at the start
    - -math.inf if s == 0 else
""")
numpy_log_silenced.edits("""
    reference: ln(s·e^m)
    - divide="ignore"
    + all="ignore"
    - m + np.log(s)
    + float(np.log(s * np.exp(m)))
    stress: np.log(0) warns at the start
    - divide="ignore"
    contract: an array of one element
    - m + np.log(s)
    + np.array([m]) + np.log([s])
""")
