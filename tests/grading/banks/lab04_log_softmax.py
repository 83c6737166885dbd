"""Answers to lab 4. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong

# -------------------------------------------------------------------------------- log_softmax


@right("log_softmax", "shift, then divide, all in place on its own copy")
def in_place_on_a_copy(z, axis=-1, temperature=1.0):
    if math.isnan(temperature) or temperature <= 0 or math.isinf(temperature):
        raise ValueError("temperature has to be a positive number")
    z = np.array(z, dtype=None)
    if not np.issubdtype(z.dtype, np.floating):
        z = z.astype(float)
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
    with np.errstate(invalid="ignore"):
        s = (z - np.amax(z, axis=axis, keepdims=True)) / z.dtype.type(temperature)
        # logaddexp of only −inf is −inf, and −inf − (−inf) is NaN: what the contract asks for.
        return s - np.logaddexp.reduce(s, axis=axis, keepdims=True)


@right("log_softmax", "log1p of the sum without the maximum, one row at a time")
def log1p_row_by_row(z, axis=-1, temperature=1.0):
    if not 0 < temperature < math.inf:
        raise ValueError("temperature must be > 0 and finite")
    z = np.asarray(z)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    rows = np.moveaxis(z.astype(dtype), axis, -1)
    out = np.empty_like(rows)
    for index in np.ndindex(rows.shape[:-1]):
        row = rows[index] / dtype.type(temperature)
        top = row.argmax()
        if row[top] == -np.inf:
            out[index] = np.nan
            continue
        row = row - row[top]
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
    with np.errstate(invalid="ignore"):
        x = (x - x.max(axis, keepdims=True)) / temperature
        return (x - np.log(np.exp(x).sum(axis, keepdims=True))).astype(dtype)


@right("log_softmax", "chunks of the batch, divide first")
def chunks_of_rows(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    moved = np.moveaxis(z, axis, -1)
    flat = moved.reshape(-1, moved.shape[-1])
    parts = []
    for start in range(0, len(flat), 16):
        with np.errstate(all="ignore"):
            part = flat[start : start + 16] / float(temperature)
            part = part - part.max(1)[:, None]
            parts.append(part - np.log(np.exp(part).sum(1))[:, None])
    return np.moveaxis(np.concatenate(parts).reshape(moved.shape), -1, axis)


@wrong("log_softmax", "softmax first, then log", loses="stress")
def softmax_then_log(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
        return np.log(e / e.sum(axis=axis, keepdims=True))


@wrong("log_softmax", "the textbook formula without the shift", loses="stress")
def no_shift(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = (z if z.dtype.kind == "f" else z.astype(np.float64)) / float(temperature)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "z − LSE(z): the maximum is added back to the sum", loses="reference")
def z_minus_lse(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = (z if z.dtype.kind == "f" else z.astype(np.float64)) / float(temperature)
    with np.errstate(invalid="ignore"):
        m = z.max(axis=axis, keepdims=True)
        lse = m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True))
        return z - lse


@wrong("log_softmax", "one maximum for the whole array", loses="stress")
def global_max(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        z = (z - z.max()) / float(temperature)
        return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "an epsilon in the logarithm", loses="reference")
def epsilon_in_the_log(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
        return np.log(e / e.sum(axis=axis, keepdims=True) + z.dtype.type(1e-12))


@wrong("log_softmax", "always the last axis", loses="contract")
def axis_ignored(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        z = (z - z.max(-1, keepdims=True)) / float(temperature)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


@wrong("log_softmax", "z -= max on the caller's array", loses="contract")
def shift_in_place(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        z -= z.max(axis=axis, keepdims=True)
    s = z / float(temperature)
    return s - np.log(np.exp(s).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "temperature multiplies", loses="contract")
def temperature_multiplies(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        z = (z - z.max(axis=axis, keepdims=True)) * float(temperature)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "temperature divides the log-probabilities", loses="contract")
def temperature_too_late(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        z = z - z.max(axis=axis, keepdims=True)
    return (z - np.log(np.exp(z).sum(axis=axis, keepdims=True))) / float(temperature)


@wrong("log_softmax", "everything becomes float64", loses="contract")
def always_float64(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.array(z, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        z = (z - z.max(axis=axis, keepdims=True)) / temperature
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "temperature checked with <= 0 only", loses="bad input")
def nan_temperature_slips_through(z, axis=-1, temperature=1.0):
    if temperature <= 0:
        raise ValueError("temperature must be positive")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        z = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "base-2 logarithm", loses="contract")
def base_two(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        z = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    return z - np.log2(np.exp(z).sum(axis=axis, keepdims=True))


@wrong("log_softmax", "a Python loop over every element", loses="stress")
def element_by_element(z, axis=-1, temperature=1.0):
    if not 0 < temperature < math.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
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


@wrong("log_softmax", "nan_to_num hides the −inf", loses="stress")
def nan_to_num(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = np.nan_to_num(z if z.dtype.kind == "f" else z.astype(np.float64))
    with np.errstate(all="ignore"):
        z = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


# ------------------------------------------------------------------------------------ softmax


@right("softmax", "shift, exp, divide")
def shift_exp_divide(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
    return e / e.sum(axis=axis, keepdims=True)


@right("softmax", "exp of the log-softmax")
def exp_of_log_softmax(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(all="ignore"):
        s = (z - z.max(axis=axis, keepdims=True)) / float(temperature)
        return np.exp(s - np.log(np.exp(s).sum(axis=axis, keepdims=True)))


@right("softmax", "np.apply_along_axis with a small function, float64 inside")
def along_axis(z, axis=-1, temperature=1.0):
    if math.isnan(temperature) or temperature <= 0 or temperature == math.inf:
        raise ValueError("temperature out of range")
    z = np.asarray(z)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)

    def one(row):
        top = row.max()
        if top == -np.inf:
            return np.full_like(row, np.nan)
        e = np.exp((row - top) / temperature)
        return e / math.fsum(e)

    return np.apply_along_axis(one, axis, z.astype(float)).astype(dtype)


@wrong("softmax", "the textbook formula without the shift", loses="stress")
def softmax_no_shift(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    e = np.exp(z / float(temperature))
    return e / e.sum(axis=axis, keepdims=True)


@wrong("softmax", "an epsilon below the fraction line", loses="property")
def epsilon_below(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
    return e / (e.sum(axis=axis, keepdims=True) + z.dtype.type(1e-6))


@wrong("softmax", "the sum runs over the whole array", loses="contract")
def global_sum(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / float(temperature))
    return e / e.sum()


@wrong("softmax", "one maximum for the whole array", loses="stress")
def softmax_global_max(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        e = np.exp((z - z.max()) / float(temperature))
        return e / e.sum(axis=axis, keepdims=True)


@wrong("softmax", "temperature forgotten", loses="contract")
def softmax_without_temperature(z, axis=-1, temperature=1.0):
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(invalid="ignore"):
        e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@wrong("softmax", "sigmoid of each logit", loses="contract")
def sigmoid(z, axis=-1, temperature=1.0):
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive and finite")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z / float(temperature)))


# ------------------------------------------------------------------------- masked_log_softmax


@right("masked_log_softmax", "np.where to −inf, log-softmax, np.where again")
def where_twice(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, bool)
    try:
        z, mask = np.broadcast_arrays(z, mask)
    except ValueError as e:
        raise ValueError(f"mask does not fit: {e}") from e
    z = np.where(mask, z, -np.inf).astype(z.dtype if z.dtype.kind == "f" else float)
    with np.errstate(all="ignore"):
        s = z - z.max(axis, keepdims=True)
        out = s - np.log(np.exp(s).sum(axis, keepdims=True))
    return np.where(mask, out, -np.inf)


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


@wrong("masked_log_softmax", "multiplies the logits by the mask", loses="contract")
def multiply_by_the_mask(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("mask does not broadcast") from None
    z = z * mask.astype(z.dtype)
    s = z - z.max(axis, keepdims=True)
    return np.where(mask, s - np.log(np.exp(s).sum(axis, keepdims=True)), -np.inf)


@wrong("masked_log_softmax", "masks the answer, not the sum", loses="contract")
def mask_afterwards(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("mask does not broadcast") from None
    with np.errstate(all="ignore"):
        s = z - z.max(axis, keepdims=True)
        return np.where(mask, s - np.log(np.exp(s).sum(axis, keepdims=True)), -np.inf)


@wrong("masked_log_softmax", "adds −1e9 instead of −inf", loses="property")
def minus_a_billion(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("mask does not broadcast") from None
    with np.errstate(all="ignore"):
        z = z + np.where(mask, z.dtype.type(0), z.dtype.type(-1e9))
        s = z - z.max(axis, keepdims=True)
        return np.where(mask, s - np.log(np.exp(s).sum(axis, keepdims=True)), -np.inf)


@wrong("masked_log_softmax", "nothing kept comes out as NaN", loses="stress")
def nan_when_nothing_is_kept(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("mask does not broadcast") from None
    z = np.where(mask, z, -np.inf)
    with np.errstate(all="ignore"):
        s = z - z.max(axis, keepdims=True)
        return s - np.log(np.exp(s).sum(axis, keepdims=True))


@wrong("masked_log_softmax", "writes −inf into the caller's logits", loses="contract")
def writes_into_z(z, mask, axis=-1):
    z, mask = np.asarray(z), np.asarray(mask, dtype=bool)
    try:
        shape = np.broadcast_shapes(z.shape, mask.shape)
    except ValueError:
        raise ValueError("mask does not broadcast") from None
    if shape != z.shape:
        z = np.broadcast_to(z, shape).copy()
    mask = np.broadcast_to(mask, shape)
    z[~mask] = -np.inf
    with np.errstate(all="ignore"):
        s = z - z.max(axis, keepdims=True)
        return np.where(mask, s - np.log(np.exp(s).sum(axis, keepdims=True)), -np.inf)


@wrong("masked_log_softmax", "NumPy's own error for a mask that does not fit", loses="bad input")
def numpy_error(z, mask, axis=-1):
    z = np.where(mask, z, -np.inf)
    with np.errstate(all="ignore"):
        s = z - z.max(axis, keepdims=True)
        return np.where(mask, s - np.log(np.exp(s).sum(axis, keepdims=True)), -np.inf)


# ----------------------------------------------------------------- temperature_for_confidence


@right("temperature_for_confidence", "bisection in 1/T between bounds from the gaps")
def bisect_in_beta(z, p):
    d = np.sort(np.max(z) - np.asarray(z, dtype=float))
    ties = int(np.count_nonzero(d == 0))
    if p <= 1 / d.size or p >= 1 / ties or ties == d.size:
        raise ValueError("p cannot be reached")
    lo, hi = 0.0, 1.0 / d[ties]
    while np.exp(-d * hi).sum() > 1 / p:
        hi *= 2
    for _ in range(300):
        mid = (lo + hi) / 2
        if np.exp(-d * mid).sum() > 1 / p:
            lo = mid
        else:
            hi = mid
    return 1 / float(hi)


@right(
    "temperature_for_confidence", "Newton on ln T, with bisection when a step leaves the bracket"
)
def safeguarded_newton(z, p):
    z = [float(v) for v in z]
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


@wrong("temperature_for_confidence", "the two-class formula for any number", loses="contract")
def two_class_formula(z, p):
    z = np.sort(np.asarray(z, dtype=float))
    ties = int((z == z[-1]).sum())
    if not 1 / z.size < p < 1 / ties:
        raise ValueError("p cannot be reached")
    return float((z[-1] - z[-2]) / np.log(p / (1 - p)))


@wrong("temperature_for_confidence", "a fixed search interval for T", loses="stress")
def fixed_interval(z, p):
    z = np.asarray(z, dtype=float)
    s = z - z.max()
    if not 1 / z.size < p < 1 / (s == 0).sum():
        raise ValueError("p cannot be reached")
    lo, hi = 0.01, 100.0
    for _ in range(100):
        mid = (lo + hi) / 2
        if 1 / np.exp(s / mid).sum() > p:
            lo = mid
        else:
            hi = mid
    return float(hi)


@wrong("temperature_for_confidence", "a grid of temperatures", loses="reference")
def grid(z, p):
    z = np.asarray(z, dtype=float)
    s = z - z.max()
    if not 1 / z.size < p < 1 / (s == 0).sum():
        raise ValueError("p cannot be reached")
    ts = np.logspace(-4, 5, 20001)
    best = 1 / np.exp(s / ts[:, None]).sum(axis=1)
    return float(ts[np.argmin(np.abs(best - p))])


@wrong("temperature_for_confidence", "returns 1/T", loses="property")
def inverse_temperature(z, p):
    d = np.max(z) - np.asarray(z, dtype=float)
    ties = int((d == 0).sum())
    if not 1 / d.size < p < 1 / ties:
        raise ValueError("p cannot be reached")
    lo, hi = 0.0, 1.0
    while np.exp(-d * hi).sum() > 1 / p:
        hi *= 2
    for _ in range(200):
        mid = (lo + hi) / 2
        if np.exp(-d * mid).sum() > 1 / p:
            lo = mid
        else:
            hi = mid
    return float(hi)


@wrong("temperature_for_confidence", "no check of what can be reached", loses="bad input")
def never_refuses(z, p):
    d = np.max(z) - np.asarray(z, dtype=float)
    lo, hi = 0.0, 1e12
    for _ in range(300):
        mid = (lo + hi) / 2
        if np.exp(-d * mid).sum() > 1 / p:
            lo = mid
        else:
            hi = mid
    return float(1 / hi)


@wrong("temperature_for_confidence", "an array of one element", loses="contract")
def array_of_one(z, p):
    d = np.max(z) - np.asarray(z, dtype=float)
    ties = int((d == 0).sum())
    if not 1 / d.size < p < 1 / ties:
        raise ValueError("p cannot be reached")
    lo, hi = 0.0, 1.0
    while np.exp(-d * hi).sum() > 1 / p:
        hi *= 2
    for _ in range(200):
        mid = (lo + hi) / 2
        if np.exp(-d * mid).sum() > 1 / p:
            lo = mid
        else:
            hi = mid
    return np.array([1 / hi])
