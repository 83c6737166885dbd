"""Answers to lab 4. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def checked(z, temperature, axis):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    if z.shape[axis] == 0:
        raise ValueError("z: no classes along this axis")
    return z if z.dtype.kind == "f" else z.astype(np.float64)


@helper
def broadcast(z, mask):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("mask does not broadcast") from None
    return z, mask


@helper
def gaps(z, p):
    z = np.asarray(z, dtype=float)
    if not np.isfinite(z).all():
        raise ValueError("z must be finite")
    d = z.max() - z
    if not 1 / d.size < p < 1 / (d == 0).sum():
        raise ValueError("p cannot be reached")
    return d


# -------------------------------------------------------------------------------- log_softmax
@right("log_softmax", "shift, exp, log")
def shifted(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    with np.errstate(all="ignore"):
        s = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
        return s - np.log(np.exp(s).sum(axis=axis, keepdims=True))


@right("log_softmax", "shift, then divide, all in place on its own copy")
def in_place_on_a_copy(z, axis=-1, temperature=1.0):
    if math.isnan(temperature) or temperature <= 0 or math.isinf(temperature):
        raise ValueError("temperature has to be a positive number")
    z = np.array(z, dtype=None)
    if not np.issubdtype(z.dtype, np.floating):
        z = z.astype(float)
    if not np.size(z, axis):
        raise ValueError(f"axis {axis} of z is empty")
    with np.errstate(all="ignore"):
        z -= np.max(z, axis=axis, keepdims=True)
        z /= z.dtype.type(temperature)
        z -= np.log(np.sum(np.exp(z), axis=axis, keepdims=True))
    return z


@right("log_softmax", "np.logaddexp.reduce over the shifted logits")
def logaddexp_of_the_shifted(z, axis=-1, temperature=1.0):
    if not (temperature > 0 and temperature < float("inf")):
        raise ValueError(f"bad temperature {temperature}")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype("float64")
    try:
        top = np.amax(z, axis=axis, keepdims=True)
    except ValueError:
        raise ValueError("no maximum along this axis") from None
    with np.errstate(invalid="ignore", over="ignore"):
        s = (z - top) / z.dtype.type(temperature)
        # logaddexp of only −inf is −inf, and −inf − (−inf) is NaN: what the contract asks for.
        return s - np.logaddexp.reduce(s, axis=axis, keepdims=True)


@right("log_softmax", "log1p of the sum without the maximum, one row at a time")
def log1p_row_by_row(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    rows = np.moveaxis(z, axis, -1)
    out = np.empty_like(rows)
    for index in np.ndindex(rows.shape[:-1]):
        row, top = rows[index], rows[index].argmax()
        if row[top] == -np.inf:
            out[index] = np.nan
            continue
        with np.errstate(over="ignore"):
            row = (row - row[top]) / z.dtype.type(temperature)
        rest = np.exp(row)
        rest[top] = 0
        out[index] = row - np.log1p(rest.sum())
    return np.moveaxis(out, -1, axis)


@right("log_softmax", "float64 inside, rounded to the caller's type at the end")
def upcast_inside(z, axis=-1, temperature=1.0):
    if not np.isfinite(temperature) or temperature <= 0:
        raise ValueError(f"temperature: {temperature} is not a positive finite number")
    z = np.asarray(z)
    dtype = z.dtype if np.issubdtype(z.dtype, np.floating) else np.float64
    x = z.astype(np.float64)
    if x.shape[axis] < 1:
        raise ValueError("z needs a class")
    with np.errstate(all="ignore"):
        x = (x - x.max(axis, keepdims=True)) / temperature
        return (x - np.log(np.exp(x).sum(axis, keepdims=True))).astype(dtype)


@right("log_softmax", "chunks of the batch")
def chunks_of_rows(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    moved = np.moveaxis(z, axis, -1)
    flat = moved.reshape(-1, moved.shape[-1])
    parts = []
    for start in range(0, len(flat), 16):
        with np.errstate(all="ignore"):
            part = flat[start : start + 16]
            part = (part - part.max(1)[:, None]) / float(temperature)
            parts.append(part - np.log(np.exp(part).sum(1))[:, None])
    return np.moveaxis(np.concatenate(parts).reshape(moved.shape), -1, axis)


shifted.edits("""
    stress: softmax first, then log
    - s - np.log(np.exp(s).sum(axis=axis, keepdims=True))
    + np.log(np.exp(s) / np.exp(s).sum(axis=axis, keepdims=True))
    reference: an epsilon in the logarithm
    + np.log(np.exp(s) / np.exp(s).sum(axis=axis, keepdims=True) + z.dtype.type(1e-12))
    reference: divided before the maximum is subtracted
    - (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    + z / float(temperature)
    - return s
    + s = s - s.max(axis=axis, keepdims=True)
    + return s
    reference: a tiny T warns
    - np.errstate(all="ignore")
    + np.errstate(invalid="ignore")
    bad input: NumPy's own error for an empty axis
    - if z.shape[axis] == 0:
    -     raise ValueError("z: no classes along this axis")
    stress: the textbook formula without the shift
    - (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    + z / float(temperature)
    - np.errstate(all="ignore")
    + np.errstate()
    reference: z − LSE(z): the maximum is added back to the sum
    - s = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    - return s - np.log(np.exp(s).sum(axis=axis, keepdims=True))
    + z, m = z / float(temperature), z.max(axis=axis, keepdims=True) / float(temperature)
    + return z - (m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True)))
    contract: temperature divides the log-probabilities
    + s = z - z.max(axis=axis, keepdims=True)
    + return (s - np.log(np.exp(s).sum(axis=axis, keepdims=True))) / float(temperature)
    stress: one maximum for the whole array
    - z.max(axis=axis, keepdims=True)
    + z.max()
    contract: always the last axis
    - z.max(axis=axis
    + z.max(axis=-1
    - sum(axis=axis
    + sum(axis=-1
    contract: z -= max on the caller's array
    - s = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    + z -= z.max(axis=axis, keepdims=True)
    + s = z / float(temperature)
    contract: temperature multiplies
    - / float(temperature)
    + * float(temperature)
    contract: everything becomes float64
    - z if z.dtype.kind == "f" else z.astype(np.float64)
    + z.astype(np.float64)
    stress: nan_to_num hides the −inf
    + np.nan_to_num(z if z.dtype.kind == "f" else z.astype(np.float64))
    bad input: temperature checked with <= 0 only
    - not 0 < temperature < np.inf
    + temperature <= 0
    contract: base-2 logarithm
    - np.log(
    + np.log2(
""")


@wrong("log_softmax", "a running maximum that starts at −inf, class after class", "stress")
def running_maximum(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    m, s = np.full_like(np.take(z, 0, axis), -np.inf), z.dtype.type(0)
    with np.errstate(all="ignore"):
        for v in np.moveaxis(z, axis, 0):
            top = np.maximum(m, v)
            s = s * np.exp((m - top) / float(temperature)) + np.exp((v - top) / float(temperature))
            m = top
        m, s = np.expand_dims(m, axis), np.expand_dims(s, axis)
        return (z - m) / float(temperature) - np.log(s)


@wrong("log_softmax", "a Python loop over every element", "stress")
def element_by_element(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    rows = np.moveaxis(z, axis, -1)
    out = np.empty_like(rows)
    for index in np.ndindex(rows.shape[:-1]):
        top = max(rows[index])
        if top == -np.inf:
            out[index] = np.nan
            continue
        total = z.dtype.type(0)
        for v in rows[index]:
            total += np.exp((v - top) / float(temperature))
        for k, v in enumerate(rows[index]):
            out[index][k] = (v - top) / float(temperature) - np.log(total)
    return np.moveaxis(out, -1, axis)


# ------------------------------------------------------------------------------------ softmax
@right("softmax", "shift, exp, divide")
def shift_exp_divide(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    with np.errstate(invalid="ignore", over="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
    return e / e.sum(axis=axis, keepdims=True)


@right("softmax", "exp of the log-softmax")
def exp_of_log_softmax(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)
    with np.errstate(all="ignore"):
        s = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
        return np.exp(s - np.log(np.exp(s).sum(axis=axis, keepdims=True)))


@right("softmax", "np.apply_along_axis with a small function, float64 inside")
def along_axis(z, axis=-1, temperature=1.0):
    z = checked(z, temperature, axis)

    def one(row):
        top = row.max()
        if top == -np.inf:
            return np.full_like(row, np.nan)
        with np.errstate(over="ignore"):
            e = np.exp((row - top) / temperature)
        return e / e.sum()

    return np.apply_along_axis(one, axis, z.astype(float)).astype(z.dtype)


shift_exp_divide.edits("""
    stress: the textbook formula without the shift
    - (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    + z / float(temperature)
    property: an epsilon below the fraction line
    - e.sum(axis=axis, keepdims=True)
    + (e.sum(axis=axis, keepdims=True) + z.dtype.type(1e-6))
    contract: the sum runs over the whole array
    + e.sum()
    stress: one maximum for the whole array
    - z.max(axis=axis, keepdims=True)
    + z.max()
    contract: temperature forgotten
    - checked(z, temperature, axis)
    + checked(z, 1.0, axis)
    - / float(temperature)
    reference: divided before the maximum is subtracted
    - (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    + z / float(temperature) - z.max(axis=axis, keepdims=True) / float(temperature)
    stress: a floor under each probability
    - return e / e.sum(axis=axis, keepdims=True)
    + return np.maximum(e / e.sum(axis=axis, keepdims=True), z.dtype.type(1e-28))
    stress: a Python loop over every element
    - e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
    + s = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    + e = np.array([np.exp(v) for v in s.reshape(-1)], z.dtype).reshape(z.shape)
    contract: sigmoid of each logit
    - return e / e.sum(axis=axis, keepdims=True)
    + return 1 / (1 + np.exp(-z / float(temperature)))
""")


# ------------------------------------------------------------------------- masked_log_softmax
@right("masked_log_softmax", "np.where to −inf, log-softmax, np.where again")
def where_twice(z, mask, axis=-1):
    z, mask = broadcast(z, mask)
    kept = np.where(mask, z, -np.inf)
    with np.errstate(all="ignore"):
        s = kept - kept.max(axis, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis, keepdims=True))
    return np.where(mask, log_p, -np.inf)


@right("masked_log_softmax", "only the kept values of each slice, scattered back")
def gather_and_scatter(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask)
    try:
        shape = np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("the mask has a shape that does not broadcast") from None
    dtype = z.dtype if np.issubdtype(z.dtype, np.floating) else np.dtype(np.float64)
    zs = np.moveaxis(np.broadcast_to(z, shape), axis, -1)
    keep = np.moveaxis(np.broadcast_to(mask, shape), axis, -1)
    out = np.full(zs.shape, -np.inf, dtype)
    for i in np.ndindex(zs.shape[:-1]):
        x = zs[i][keep[i]].astype(dtype)
        if x.size and x.max() > -np.inf:
            x = x - x.max()
            out[i][keep[i]] = x - np.log(np.exp(x).sum())
        elif x.size:
            out[i][keep[i]] = np.nan
    return np.moveaxis(out, -1, axis)


@right("masked_log_softmax", "NumPy's where= and initial= arguments")
def where_arguments(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        shape = np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError(f"mask {mask.shape} and z {z.shape} do not broadcast") from None
    z = np.broadcast_to(z if z.dtype.kind == "f" else z.astype(float), shape)
    mask = np.broadcast_to(mask, shape)
    m = np.max(z, axis=axis, keepdims=True, where=mask, initial=-np.inf)
    out = np.full(shape, -np.inf, dtype=z.dtype)
    with np.errstate(all="ignore"):
        np.subtract(z, m, out=out, where=mask)
        total = np.sum(np.exp(out), axis=axis, keepdims=True, where=mask)
        np.subtract(out, np.log(total), out=out, where=mask)
    return out


where_twice.edits("""
    contract: multiplies the logits by the mask
    - np.where(mask, z, -np.inf)
    + z * mask.astype(z.dtype)
    - np.errstate(all="ignore")
    + np.errstate()
    contract: masks the answer, not the sum
    - np.where(mask, z, -np.inf)
    + z
    property: adds −1e9 instead of −inf
    + z + np.where(mask, z.dtype.type(0), z.dtype.type(-1e9))
    stress: nothing kept comes out as NaN
    - return np.where(mask, log_p, -np.inf)
    + return log_p
    contract: writes −inf into the caller's logits
    - kept = np.where(mask, z, -np.inf)
    + kept = z if mask.shape == z.shape else np.broadcast_arrays(z, mask)[0].copy()
    + kept[~np.broadcast_to(mask, kept.shape)] = -np.inf
    bad input: NumPy's own error for a mask that does not fit
    - np.broadcast_shapes(z.shape, mask.shape)
    + pass
""")


# ----------------------------------------------------------------- temperature_for_confidence
@right(
    "temperature_for_confidence", "Newton on ln T, with bisection when a step leaves the bracket"
)
def safeguarded_newton(z, p):
    z = [float(v) for v in z]
    if not all(map(math.isfinite, z)):
        raise ValueError("z holds a value that is not finite")
    top = max(z)
    gaps = [top - v for v in z]
    ties = gaps.count(0.0)
    if not (p > 1 / len(z) and p < 1 / ties):
        raise ValueError(f"p={p} is impossible for these logits z")
    lower = [g for g in gaps if g > 0]
    scale = math.log((len(z) - ties) / (1 / p - ties))
    a, b = math.log(min(lower) / scale) - 1e-9, math.log(max(lower) / scale) + 1e-9
    t = (a + b) / 2
    for _ in range(200):
        temperature = math.exp(t)
        terms = [math.exp(-g / temperature) for g in gaps]
        total = math.fsum(terms)
        value = math.log(total) + math.log(p)
        slope = sum(e * g for e, g in zip(terms, gaps, strict=True)) / temperature / total
        a, b = (a, t) if value > 0 else (t, b)
        step = t - value / slope if slope > 0 else math.nan
        t = step if a < step < b else (a + b) / 2
    return math.exp(t)


@right("temperature_for_confidence", "doubling, then bisection in T, NumPy float at the end")
def doubling(z, p):
    z = np.asarray(z, np.float64)
    if np.isnan(z).any() or np.isinf(z).any():
        raise ValueError("not finite: z")
    s = z - z.max()

    def confidence(t):
        with np.errstate(under="ignore"):
            return 1.0 / np.sum(np.exp(s / t))

    if not confidence(1e300) < p < 1.0 / np.sum(s == 0):
        raise ValueError("z and p do not go together")
    hi = 1.0
    while confidence(hi) > p:
        hi *= 2
    lo = hi
    while confidence(lo) < p:
        lo /= 2
    for _ in range(150):
        mid = lo + (hi - lo) / 2
        lo, hi = (mid, hi) if confidence(mid) > p else (lo, mid)
    return np.float64(hi)


@right("temperature_for_confidence", "bisection in 1/T between bounds from the gaps")
def bisect(z, p):
    d = gaps(z, p)
    lo, hi = 0.0, 1.0
    while np.exp(-d * hi).sum() > 1 / p:
        hi *= 2
    for _ in range(300):
        mid = (lo + hi) / 2
        if np.exp(-d * mid).sum() > 1 / p:
            lo = mid
        else:
            hi = mid
    return float(1 / hi)


bisect.edits("""
    stress: a fixed search interval for T
    - while np.exp(-d * hi).sum() > 1 / p:
    -     hi *= 2
    + lo, hi = 0.01, 100.0
    property: returns 1/T
    - float(1 / hi)
    + float(hi)
    contract: an array of one element
    + np.array([1 / hi])
    bad input: infinite logits are let in
    - if not np.isfinite(z).all():
    -     raise ValueError("z must be finite")
    bad input: no check of what can be reached
    - if not 1 / d.size < p < 1 / (d == 0).sum():
    + if False:
    - while np.exp(-d * hi).sum() > 1 / p:
    -     hi *= 2
    + hi = 1e12
""")


@wrong("temperature_for_confidence", "the two-class formula for any number", "contract")
def two_class_formula(z, p):
    d = np.sort(gaps(z, p))
    return float(d[1] / np.log(p / (1 - p)))


@wrong("temperature_for_confidence", "a grid of temperatures", "reference")
def grid(z, p):
    d = gaps(z, p)
    ts = np.logspace(-4, 5, 20001)
    best = 1 / np.exp(-d / ts[:, None]).sum(axis=1)
    return float(ts[np.argmin(np.abs(best - p))])
