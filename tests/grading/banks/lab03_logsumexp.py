"""Answers to lab 3. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong

# ---------------------------------------------------------------------------------- logsumexp


@right("logsumexp", "shift by the maximum where it is finite, by 0 elsewhere")
def shift_where_finite(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    top = z.max(axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(all="ignore"):
        out = np.log(np.exp(z - shift).sum(axis=axis, keepdims=True)) + shift
    return out if keepdims else np.squeeze(out, axis=axis)


@right("logsumexp", "np.logaddexp.reduce")
def logaddexp_reduce(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype("float64")
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis, keepdims=keepdims)


@right("logsumexp", "one row at a time, math.fsum, Python's own special cases")
def fsum_row_by_row(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    rows = z.reshape(-1) if axis is None else np.moveaxis(z, axis, -1)
    out = np.empty(rows.shape[:-1], dtype)
    for i in np.ndindex(out.shape):
        row = rows[i].astype(float)
        top = row.max() if row.size else -math.inf
        if math.isinf(top) or math.isnan(top):
            out[i] = top
        else:
            out[i] = top + math.log(math.fsum(np.exp(row - top)))
    if keepdims:
        return out.reshape([1] * z.ndim) if axis is None else np.expand_dims(out, axis)
    return out[()]


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
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
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


@wrong("logsumexp", "the textbook formula without the shift", loses="stress")
def no_shift(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    return np.log(np.exp(z).sum(axis=axis, keepdims=keepdims))


@wrong("logsumexp", "one maximum for the whole array", loses="stress")
def global_max(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(initial=-np.inf)
    if not np.isfinite(m):
        m = z.dtype.type(0)
    with np.errstate(all="ignore"):
        return m + np.log(np.exp(z - m).sum(axis=axis, keepdims=keepdims))


@wrong("logsumexp", "the maximum is never added back", loses="contract")
def shift_not_added_back(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        m = z.max(axis=axis, keepdims=True, initial=-np.inf)
        return np.log(np.exp(z - m).sum(axis=axis, keepdims=keepdims))


@wrong("logsumexp", "a slice of only −inf, or with +inf, becomes NaN", loses="stress")
def no_guard_for_infinite_maxima(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        m = z.max(axis=axis, keepdims=True, initial=-np.inf)
        out = m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True))
    if keepdims:
        return out
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("logsumexp", "nan_to_num cleans everything", loses="stress")
def nan_to_num(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = np.nan_to_num(z if z.dtype.kind == "f" else z.astype(np.float64))
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis, keepdims=keepdims)


@wrong("logsumexp", "an epsilon in the logarithm", loses="reference")
def epsilon_in_the_log(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(all="ignore"):
        out = m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True) + z.dtype.type(1e-8))
    if keepdims:
        return out
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("logsumexp", "always the last axis", loses="contract")
def axis_ignored(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=-1, keepdims=keepdims)


@wrong("logsumexp", "keepdims ignored", loses="contract")
def keepdims_ignored(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis)


@wrong("logsumexp", "squeeze without an axis", loses="contract")
def squeezes_everything(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        out = np.logaddexp.reduce(z, axis=axis, keepdims=True)
    return out if keepdims else np.squeeze(out)


@wrong("logsumexp", "z -= max on the caller's array", loses="contract")
def shift_in_place(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)
    z -= m
    with np.errstate(all="ignore"):
        out = m + np.log(np.exp(z).sum(axis=axis, keepdims=True))
    if keepdims:
        return out
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("logsumexp", "everything becomes float64", loses="contract")
def always_float64(z, axis=-1, keepdims=False):
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(np.array(z, dtype=float), axis=axis, keepdims=keepdims)


@wrong("logsumexp", "base-2 logarithm", loses="contract")
def base_two(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(all="ignore"):
        out = m + np.log2(np.exp(z - m).sum(axis=axis, keepdims=True))
    if keepdims:
        return out
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("logsumexp", "NumPy's error for an empty axis", loses="stress")
def empty_axis_is_an_error(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(all="ignore"):
        out = m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True))
    if keepdims:
        return out
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("logsumexp", "log(0) and inf − inf warn", loses="stress")
def warns(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)
    out = m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True))
    if keepdims:
        return out
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("logsumexp", "a Python loop over every element", loses="stress")
def element_by_element(z, axis=-1, keepdims=False):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    rows = z.reshape(-1) if axis is None else np.moveaxis(z, axis, -1)
    out = np.empty(rows.shape[:-1], z.dtype)
    for i in np.ndindex(out.shape):
        m, s = z.dtype.type(-np.inf), z.dtype.type(0)
        with np.errstate(all="ignore"):
            for v in rows[i]:
                m = max(m, v) if v == v else v
            if not np.isfinite(m):
                out[i] = m
                continue
            for v in rows[i]:
                s += np.exp(v - m)
            out[i] = m + np.log(s)
    if keepdims:
        return out.reshape([1] * z.ndim) if axis is None else np.expand_dims(out, axis)
    return out[()]


# --------------------------------------------------------------------------------- logmeanexp


@right("logmeanexp", "log of the mean of shifted exponentials")
def mean_of_the_shifted(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z has no element along this axis")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(all="ignore"):
        mean = np.exp(z - m).mean(axis=axis)
        return np.log(mean) + (m.reshape(()) if axis is None else m.squeeze(axis))


@right("logmeanexp", "np.logaddexp.reduce, then − ln n")
def logaddexp_minus_ln_n(z, axis=-1):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    n = math.prod(z.shape) if axis is None else z.shape[axis]
    if not n:
        raise ValueError(f"empty axis {axis}")
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis) - z.dtype.type(np.log(n))


@right("logmeanexp", "rows one by one, in float64")
def mean_row_by_row(z, axis=-1):
    z = np.asarray(z)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    rows = z.reshape(-1) if axis is None else np.moveaxis(z, axis, -1)
    if rows.shape[-1] == 0:
        raise ValueError("the axis of z is empty: there is no mean")
    out = np.empty(rows.shape[:-1])
    for i in np.ndindex(out.shape):
        row = [float(v) for v in rows[i]]
        top = max(row) if not any(map(math.isnan, row)) else math.nan
        if math.isfinite(top):
            out[i] = top + math.log(math.fsum(math.exp(v - top) for v in row) / len(row))
        else:
            out[i] = top
    return out.astype(dtype)[()]


@wrong("logmeanexp", "the mean of the logits", loses="contract")
def mean_of_the_logits(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z is empty")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    return z.mean(axis=axis)


@wrong("logmeanexp", "LSE divided by n", loses="contract")
def lse_over_n(z, axis=-1):
    z = np.asarray(z)
    n = z.size if axis is None else z.shape[axis]
    if n == 0:
        raise ValueError("z is empty")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis) / n


@wrong("logmeanexp", "n counts all elements, not those of the axis", loses="contract")
def n_is_the_size(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z is empty")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis) - z.dtype.type(np.log(z.size))


@wrong("logmeanexp", "ln n is forgotten", loses="property")
def ln_n_forgotten(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z is empty")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis)


@wrong("logmeanexp", "log of the plain mean of exponentials", loses="stress")
def mean_without_the_shift(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z is empty")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    return np.log(np.mean(np.exp(z), axis=axis))


@wrong("logmeanexp", "a logit of −inf does not count in n", loses="stress")
def minus_infinity_does_not_count(z, axis=-1):
    z = np.asarray(z)
    if (z.size if axis is None else z.shape[axis]) == 0:
        raise ValueError("z is empty")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    n = (z > -np.inf).sum(axis=axis).astype(z.dtype)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis) - np.log(n)


@wrong("logmeanexp", "an empty axis gives −inf or NaN", loses="bad input")
def mean_of_nothing(z, axis=-1):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    n = z.size if axis is None else z.shape[axis]
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z, axis=axis) - z.dtype.type(np.log(np.float64(n)))


# ------------------------------------------------------------------------- weighted_logsumexp


@right("weighted_logsumexp", "ln w joins the exponent, zeros become −inf with np.where")
def log_weights_join(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        t = np.where(w > 0, z + np.log(w), -np.inf)
        m = t.max(axis=axis, keepdims=True)
        m = np.where(np.isfinite(m), m, 0)
        out = m + np.log(np.exp(t - m).sum(axis=axis, keepdims=True))
    return out.reshape(()) if axis is None else out.squeeze(axis)


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


@right("weighted_logsumexp", "only the kept terms of each row, math.fsum")
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


@wrong("weighted_logsumexp", "the weight multiplies the logit", loses="contract")
def weight_in_the_exponent(z, w, axis=-1):
    z, w = np.asarray(z), np.asarray(w)
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    with np.errstate(all="ignore"):
        t = z * w
        return np.logaddexp.reduce(t if t.dtype.kind == "f" else t.astype(float), axis=axis)


@wrong("weighted_logsumexp", "the weights are normalised", loses="property")
def weights_normalised(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        w = w / w.sum(axis=axis, keepdims=True)
        t = np.where(w > 0, z + np.log(w), -np.inf)
        return np.logaddexp.reduce(t, axis=axis)


@wrong("weighted_logsumexp", "z + ln w without a look at zeros", loses="property")
def infinity_minus_infinity(z, w, axis=-1):
    z, w = np.asarray(z), np.asarray(w)
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        t = z + np.log(w, dtype=z.dtype)
        return np.logaddexp.reduce(t, axis=axis)


@wrong("weighted_logsumexp", "the maximum of all terms, those with weight 0 too", loses="property")
def maximum_of_all(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        m = z.max(axis=axis, keepdims=True)
        m = np.where(np.isfinite(m), m, 0)
        out = m + np.log((w * np.exp(z - m)).sum(axis=axis, keepdims=True))
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("weighted_logsumexp", "the shift ignores the weights", loses="stress")
def shift_by_the_largest_z(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        z = np.where(w > 0, z, -np.inf)
        m = z.max(axis=axis, keepdims=True)
        m = np.where(np.isfinite(m), m, 0)
        out = m + np.log((w * np.exp(z - m)).sum(axis=axis, keepdims=True))
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("weighted_logsumexp", "an epsilon beside the weight", loses="reference")
def epsilon_beside_the_weight(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z + np.log(w + w.dtype.type(1e-6)), axis=axis)


@wrong("weighted_logsumexp", "all weights zero gives NaN", loses="stress")
def nan_for_nothing(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        t = np.where(w > 0, z + np.log(w), -np.inf)
        m = t.max(axis=axis, keepdims=True)
        out = m + np.log(np.exp(t - m).sum(axis=axis, keepdims=True))
    return out.reshape(()) if axis is None else out.squeeze(axis)


@wrong("weighted_logsumexp", "writes −inf into the caller's logits", loses="contract")
def writes_into_z(z, w, axis=-1):
    z, w = np.asarray(z), np.asarray(w)
    if not (w >= 0).all():
        raise ValueError("w must not be negative or NaN")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    if z.shape != np.broadcast_shapes(z.shape, w.shape):
        z = np.broadcast_to(z, np.broadcast_shapes(z.shape, w.shape)).copy()
    w = np.broadcast_to(w, z.shape)
    z[w == 0] = -np.inf
    with np.errstate(all="ignore"):
        return np.logaddexp.reduce(z + np.log(w), axis=axis)


@wrong("weighted_logsumexp", "weights are never checked", loses="bad input")
def weights_never_checked(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        t = np.where(w > 0, z + np.log(w), -np.inf)
        return np.logaddexp.reduce(t, axis=axis)


@wrong("weighted_logsumexp", "NaN passes a test for < 0", loses="bad input")
def nan_weight_slips_through(z, w, axis=-1):
    z, w = np.broadcast_arrays(np.asarray(z), np.asarray(w))
    if (w < 0).any():
        raise ValueError("w must not be negative")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    w = w if w.dtype.kind == "f" else w.astype(np.float64)
    with np.errstate(all="ignore"):
        t = np.where(w != 0, z + np.log(w), -np.inf)
        return np.logaddexp.reduce(t, axis=axis)


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
    chunk = np.asarray(chunk)
    chunk = chunk if chunk.dtype.kind == "f" else chunk.astype(np.float64)
    m, s = chunk.dtype.type(state[0]), chunk.dtype.type(state[1])
    kept = chunk[chunk > -np.inf]
    if kept.size == 0:
        return [m, s]
    top = np.maximum(m, kept.max())
    return [top, s * np.exp(m - top) + np.sum(np.exp(kept - top))]


@wrong("online_update", "the old sum is not rescaled", loses="contract")
def old_sum_not_rescaled(state, chunk):
    m, s = state
    chunk = np.asarray(chunk, dtype=float)
    top = max(m, chunk.max(initial=-np.inf))
    if top == -np.inf:
        return m, s
    return float(top), float(s + np.exp(chunk - top).sum())


@wrong("online_update", "rescaled with the wrong sign", loses="contract")
def rescaled_the_wrong_way(state, chunk):
    m, s = state
    chunk = np.asarray(chunk, dtype=float)
    top = max(m, chunk.max(initial=-np.inf))
    if top == -np.inf:
        return m, s
    with np.errstate(all="ignore"):
        old = s * np.exp(top - m) if s else 0.0
        return float(top), float(old + np.exp(chunk - top).sum())


@wrong("online_update", "m is the maximum of the last chunk", loses="stress")
def maximum_of_the_last_chunk(state, chunk):
    m, s = state
    chunk = np.asarray(chunk, dtype=float)
    top = chunk.max(initial=-np.inf)
    if top == -np.inf:
        return m, s
    return float(top), float(s * np.exp(m - top) + np.exp(chunk - top).sum())


@wrong("online_update", "no shift at all: m stays 0", loses="stress")
def no_shift_at_all(state, chunk):
    m, s = state
    with np.errstate(all="ignore"):
        so_far = s * np.exp(m) if s else 0.0
        return 0.0, float(so_far + np.exp(np.asarray(chunk, dtype=float)).sum())


@wrong("online_update", "−inf − (−inf) at the start", loses="stress")
def nan_at_the_start(state, chunk):
    m, s = state
    chunk = np.asarray(chunk, dtype=float)
    top = max(m, chunk.max(initial=-np.inf))
    with np.errstate(all="ignore"):
        return float(top), float(s * np.exp(m - top) + np.exp(chunk - top).sum())


@wrong("online_update", "the maximum of an empty chunk is an error", loses="stress")
def empty_chunk_is_an_error(state, chunk):
    m, s = state
    chunk = np.asarray(chunk, dtype=float)
    top = max(m, chunk.max())
    if top == -np.inf:
        return m, s
    return float(top), float(s * np.exp(m - top) + np.exp(chunk - top).sum())


@wrong("online_update", "forgets what came before", loses="property")
def forgets_what_came_before(state, chunk):
    chunk = np.asarray(chunk, dtype=float)
    top = chunk.max(initial=-np.inf)
    if top == -np.inf:
        return state
    return float(top), float(np.exp(chunk - top).sum())


@wrong("online_update", "shifts the caller's chunk in place", loses="contract")
def shifts_the_chunk_in_place(state, chunk):
    m, s = state
    chunk = np.asarray(chunk)
    chunk = chunk if chunk.dtype.kind == "f" else chunk.astype(float)
    top = max(m, chunk.max(initial=-np.inf))
    if top == -np.inf:
        return m, s
    chunk -= top
    return float(top), float(s * np.exp(m - top) + np.exp(chunk).sum())


@wrong("online_update", "returns the log-sum-exp instead of a state", loses="contract")
def returns_a_number(state, chunk):
    m, s = state
    with np.errstate(all="ignore"):
        return float(np.logaddexp.reduce(np.append(np.asarray(chunk, float), m + np.log(s))))


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


@wrong("online_logsumexp", "m is forgotten", loses="contract")
def m_forgotten(state):
    return -math.inf if state[1] == 0 else math.log(state[1])


@wrong("online_logsumexp", "ln(s·e^m)", loses="reference")
def multiplied_out(state):
    m, s = state
    with np.errstate(all="ignore"):
        return float(np.log(s * np.exp(m)))


@wrong("online_logsumexp", "m + s without the logarithm", loses="contract")
def without_the_logarithm(state):
    return float(sum(state))


@wrong("online_logsumexp", "math.log(0) raises at the start", loses="stress")
def raises_at_the_start(state):
    return state[0] + math.log(state[1])


@wrong("online_logsumexp", "np.log(0) warns at the start", loses="stress")
def warns_at_the_start(state):
    return float(state[0] + np.log(state[1]))


@wrong("online_logsumexp", "an array of one element", loses="contract")
def array_of_one(state):
    with np.errstate(divide="ignore"):
        return np.array([state[0]]) + np.log([state[1]])
