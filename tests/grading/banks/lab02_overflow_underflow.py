"""Answers to lab 2. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong

# ----------------------------------------------------------------------------- exp_thresholds


@right("exp_thresholds", "np.finfo, with the small numbers as powers of two")
def from_finfo(dtype):
    try:
        dtype = np.dtype(dtype)
    except TypeError as e:
        raise ValueError("dtype is unknown") from e
    if dtype.name not in ("float16", "float32", "float64"):
        raise ValueError(f"dtype {dtype} is not supported")
    info = np.finfo(dtype)
    smallest = np.log2(np.float64(info.smallest_subnormal))
    return (
        math.log(float(info.max)),
        math.log(float(info.tiny)),
        float((smallest - 1) * np.log(2)),
    )


@right("exp_thresholds", "from the IEEE 754 parameters")
def from_ieee_parameters(dtype):
    formats = {"float16": (11, 15), "float32": (24, 127), "float64": (53, 1023)}
    name = getattr(dtype, "__name__", None) or str(dtype)
    if name not in formats:
        raise ValueError(f"dtype must be one of {list(formats)}")
    precision, emax = formats[name]
    ln2 = math.log(2)
    overflow = emax * ln2 + math.log(2 - 2 ** (1 - precision))
    return overflow, (1 - emax) * ln2, (1 - emax - precision) * ln2


@right("exp_thresholds", "ln of a half is subtracted, not divided first")
def minus_ln_two(dtype):
    if dtype not in ("float16", "float32", "float64", np.float16, np.float32, np.float64):
        raise ValueError("this dtype has no thresholds here")
    info = np.finfo(dtype)
    largest, normal, least = (np.float64(v) for v in (info.max, info.tiny, info.smallest_subnormal))
    return np.log(largest), np.log(normal), np.log(least) - np.log(2.0)


@wrong("exp_thresholds", "half the smallest subnormal underflows", loses="stress")
def half_of_the_smallest(dtype):
    if str(dtype) not in ("float16", "float32", "float64"):
        raise ValueError("bad dtype")
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        return (
            float(np.log(np.float64(info.max))),
            float(np.log(np.float64(info.tiny))),
            float(np.log(np.float64(info.smallest_subnormal) / 2)),
        )


@wrong("exp_thresholds", "the half is forgotten", loses="contract")
def without_the_half(dtype):
    if str(dtype) not in ("float16", "float32", "float64"):
        raise ValueError("bad dtype")
    info = np.finfo(dtype)
    return tuple(math.log(float(v)) for v in (info.max, info.tiny, info.smallest_subnormal))


@wrong("exp_thresholds", "the logarithm is taken in the type itself", loses="reference")
def logarithm_in_the_type(dtype):
    if str(dtype) not in ("float16", "float32", "float64"):
        raise ValueError("bad dtype")
    info = np.finfo(dtype)
    ln2 = info.dtype.type(np.log(2))
    with np.errstate(all="ignore"):
        return (
            float(np.log(info.max)),
            float(np.log(info.tiny)),
            float((np.log2(info.smallest_subnormal) - 1) * ln2),
        )


@wrong("exp_thresholds", "symmetric: the zero threshold is minus the overflow", loses="contract")
def symmetric_thresholds(dtype):
    if str(dtype) not in ("float16", "float32", "float64"):
        raise ValueError("bad dtype")
    overflow = math.log(float(np.finfo(dtype).max))
    return overflow, -overflow, -overflow


@wrong("exp_thresholds", "a table of four decimals", loses="reference")
def table_of_four_decimals(dtype):
    table = {
        "float16": (11.0899, -9.7041, -17.3287),
        "float32": (88.7228, -87.3365, -103.9721),
        "float64": (709.7827, -708.3964, -745.1332),
    }
    if str(dtype) not in table:
        raise ValueError("bad dtype")
    return table[str(dtype)]


@wrong("exp_thresholds", "whatever np.finfo knows is accepted", loses="bad input")
def whatever_finfo_knows(dtype):
    info = np.finfo(dtype)
    ln2 = math.log(2)
    return math.log(float(info.max)), info.minexp * ln2, (info.minexp - info.nmant - 1) * ln2


@wrong("exp_thresholds", "an array in place of a tuple", loses="contract")
def array_of_thresholds(dtype):
    if str(dtype) not in ("float16", "float32", "float64"):
        raise ValueError("bad dtype")
    info = np.finfo(dtype)
    ln2 = math.log(2)
    return np.array(
        [math.log(float(info.max)), info.minexp * ln2, (info.minexp - info.nmant - 1) * ln2]
    )


# ------------------------------------------------------------------------------- classify_exp


@right("classify_exp", "the exponential itself, held in the type")
def look_at_the_exponential(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    with np.errstate(all="ignore"):
        e = np.exp(z).astype(dtype)
    out = np.full(z.shape, "normal", dtype="U9")
    out[e < np.finfo(dtype).tiny] = "subnormal"
    out[e == 0] = "zero"
    out[np.isinf(e)] = "overflow"
    return out


@right("classify_exp", "np.digitize on the thresholds")
def digitize(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.any(z != z):
        raise ValueError("z must not be NaN")
    info = np.finfo(dtype)
    ln2 = np.log(2)
    edges = [(info.minexp - info.nmant - 1) * ln2, info.minexp * ln2, math.log(float(info.max))]
    return np.array(["zero", "subnormal", "normal", "overflow"])[np.digitize(z, edges)]


@right("classify_exp", "a Python function for one number, in a list")
def one_number_at_a_time(z, dtype):
    z = np.asarray(z, dtype=np.float64)
    kind = np.dtype(dtype).type

    def one(v):
        if math.isnan(v):
            raise ValueError("there is a NaN in z")
        if v == math.inf:
            return "overflow"
        with np.errstate(all="ignore"):
            e = float(kind(np.exp(v)))
        if math.isinf(e):
            return "overflow"
        if e == 0:
            return "zero"
        return "normal" if e >= float(np.finfo(dtype).tiny) else "subnormal"

    return np.array([one(v) for v in z.reshape(-1).tolist()], dtype=str).reshape(z.shape)


@right("classify_exp", "nested np.where in units of ln 2")
def nested_where(z, dtype):
    bits = np.asarray(z, dtype=np.float64) / np.log(2)
    if np.isnan(np.sum(np.where(np.isinf(bits), 0, bits))):
        raise ValueError("z: NaN is not allowed")
    top, low, least = {
        "float16": (16 + math.log2(1 - 2**-11), -14, -25),
        "float32": (128 + math.log2(1 - 2**-24), -126, -150),
        "float64": (1024, -1022, -1075),
    }[np.dtype(dtype).name]
    small = np.where(bits < least, "zero", np.where(bits < low, "subnormal", "normal"))
    return np.where(bits > top, "overflow", small)


@wrong("classify_exp", "subnormal counts as zero", loses="contract")
def no_subnormal(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    info = np.finfo(dtype)
    steps = [z > math.log(float(info.max)), z >= info.minexp * np.log(2)]
    return np.select(steps, ["overflow", "normal"], "zero")


@wrong("classify_exp", "the thresholds of float64 for every type", loses="contract")
def float64_thresholds(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    steps = [z > 709.782712893384, z >= -708.3964185322641, z >= -745.1332191019412]
    return np.select(steps, ["overflow", "normal", "subnormal"], "zero")


@wrong("classify_exp", "thresholds rounded to whole numbers", loses="stress")
def whole_numbers(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    top, low, least = {"float16": (11, -10, -17), "float32": (89, -87, -104)}.get(
        np.dtype(dtype).name, (710, -708, -745)
    )
    return np.select([z > top, z >= low, z >= least], ["overflow", "normal", "subnormal"], "zero")


@wrong("classify_exp", "NaN ends up as zero", loses="bad input")
def nan_is_zero(z, dtype):
    z = np.asarray(z, dtype=float)
    info = np.finfo(dtype)
    ln2 = np.log(2)
    steps = [
        z > math.log(float(info.max)),
        z >= info.minexp * ln2,
        z >= (info.minexp - info.nmant - 1) * ln2,
    ]
    return np.select(steps, ["overflow", "normal", "subnormal"], "zero")


@wrong("classify_exp", "the warnings of the conversion are left on", loses="stress")
def warns_while_converting(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    e = np.exp(z).astype(dtype)
    out = np.where(e < np.finfo(dtype).tiny, "subnormal", "normal").astype("U9")
    out[e == 0] = "zero"
    out[np.isinf(e)] = "overflow"
    return out


@wrong("classify_exp", "writes the exponential into the caller's array", loses="contract")
def exponential_in_place(z, dtype):
    z = np.asarray(z)
    z = z if z.dtype == np.float64 else z.astype(float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    with np.errstate(all="ignore"):
        e = np.exp(z, out=z).astype(dtype)
    out = np.where(e < np.finfo(dtype).tiny, "subnormal", "normal").astype("U9")
    out[e == 0] = "zero"
    out[np.isinf(e)] = "overflow"
    return out


@wrong("classify_exp", "one word for the whole array", loses="contract")
def one_word_for_all(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.isnan(z).any():
        raise ValueError("z contains NaN")
    with np.errstate(all="ignore"):
        e = np.exp(z).astype(dtype)
    if np.isinf(e).any():
        return "overflow"
    if (e == 0).any():
        return "zero"
    return "subnormal" if (e < np.finfo(dtype).tiny).any() else "normal"


# ---------------------------------------------------------------------- naive_softmax_verdict


@right("naive_softmax_verdict", "runs the textbook formula")
def run_the_textbook(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1:
        raise ValueError("z must be 1-D")
    if len(z) == 0:
        raise ValueError("z is empty")
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
        if not np.isfinite(e).all() or not np.isfinite(np.sum(e)):
            return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any(np.isfinite(z) & (e == 0)) else "ok"


@right("naive_softmax_verdict", "from the thresholds, without any exponential in the type")
def verdict_from_thresholds(z, dtype):
    z = np.asarray(z, dtype=np.float64)
    if z.shape != (z.size,) or not z.size:
        raise ValueError(f"z has shape {z.shape}")
    info = np.finfo(dtype)
    top = math.log(float(info.max))
    least = (info.minexp - info.nmant - 1) * math.log(2)
    peak = z.max()
    if peak > top or (peak > 0 and peak + math.log(np.exp(z - peak).sum()) > top):
        return "overflow"
    zero = z < least
    if zero.all():
        return "0/0"
    return "lost" if (zero & (z > -math.inf)).any() else "ok"


@right("naive_softmax_verdict", "one logit at a time, summed in the type from left to right")
def logit_by_logit(z, dtype):
    if np.ndim(z) != 1 or np.size(z) == 0:
        raise ValueError("z must be a non-empty vector")
    kind = np.dtype(dtype).type
    total, lost, any_left = kind(0), False, False
    with np.errstate(all="ignore"):
        for v in z:
            e = np.exp(kind(v))
            total = kind(total + e)
            any_left = any_left or e > 0
            lost = lost or (e == 0 and math.isfinite(v))
    if math.isinf(total):
        return "overflow"
    if not any_left:
        return "0/0"
    return "lost" if lost else "ok"


@wrong("naive_softmax_verdict", "computed in float64 whatever the type", loses="contract")
def verdict_in_float64(z, dtype):
    z = np.asarray(z, dtype=float)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        e = np.exp(z)
        if np.isinf(e.sum()):
            return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any((e == 0) & np.isfinite(z)) else "ok"


@wrong("naive_softmax_verdict", "the sum is not looked at", loses="stress")
def sum_not_looked_at(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
    if np.isinf(e).any():
        return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any((e == 0) & np.isfinite(z)) else "ok"


@wrong("naive_softmax_verdict", "a class at −inf counts as lost", loses="property")
def masked_class_is_lost(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
        if np.isinf(e.sum()):
            return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any(e == 0) else "ok"


@wrong("naive_softmax_verdict", "finite is asked of the converted logits", loses="stress")
def finite_after_conversion(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        z = z.astype(dtype)
        e = np.exp(z)
        if np.isinf(e.sum()):
            return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any((e == 0) & np.isfinite(z)) else "ok"


@wrong("naive_softmax_verdict", "subnormal exponentials count as lost", loses="stress")
def subnormal_is_lost(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
        if np.isinf(e.sum()):
            return "overflow"
    small = e < np.finfo(dtype).tiny
    if small.all():
        return "0/0"
    return "lost" if np.any(small & np.isfinite(z)) else "ok"


@wrong("naive_softmax_verdict", "looks for a lost class before the overflow", loses="contract")
def lost_before_overflow(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
        total = e.sum()
    if not e.any():
        return "0/0"
    if np.any((e == 0) & np.isfinite(z)):
        return "lost"
    return "overflow" if np.isinf(total) else "ok"


@wrong("naive_softmax_verdict", "subtracts the maximum first", loses="contract")
def verdict_of_the_stable_softmax(z, dtype):
    z = np.asarray(z, dtype=float)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    with np.errstate(all="ignore"):
        e = np.exp((z - z.max()).astype(dtype))
    if np.isnan(e).all():
        return "0/0"
    return "lost" if np.any((e == 0) & np.isfinite(z)) else "ok"


@wrong("naive_softmax_verdict", "a batch and an empty array pass", loses="bad input")
def any_shape_passes(z, dtype):
    z = np.asarray(z)
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
        if np.isinf(e.sum()):
            return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any((e == 0) & np.isfinite(z)) else "ok"


@wrong("naive_softmax_verdict", "the warnings are left on", loses="stress")
def verdict_warns(z, dtype):
    z = np.asarray(z)
    if z.ndim != 1 or z.size == 0:
        raise ValueError("z must be a non-empty vector")
    e = np.exp(z.astype(dtype))
    if np.isinf(e.sum()):
        return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any((e == 0) & np.isfinite(z)) else "ok"


# ------------------------------------------------------------------------------- ulp_distance


@right("ulp_distance", "the bytes read as integers, row by row")
def bytes_as_integers(a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a and b must be finite")
    rows = []
    for x, y in zip(a.reshape(-1, a.shape[-1]), b.reshape(-1, a.shape[-1]), strict=True):
        i = np.frombuffer(np.abs(x).tobytes(), dtype=np.uint64)
        j = np.frombuffer(np.abs(y).tobytes(), dtype=np.uint64)
        same = (x < 0) == (y < 0)
        rows.append(np.where(same, np.where(i > j, i - j, j - i), i + j))
    return np.reshape(rows, a.shape)


@right("ulp_distance", "the lexicographic order, shifted into uint64")
def shifted_order(a, b):
    a, b = np.asarray(a, dtype="f8"), np.asarray(b, dtype="f8")
    if np.isnan(a).any() or np.isinf(a).any():
        raise ValueError("a holds NaN or inf")
    if np.isnan(b).any() or np.isinf(b).any():
        raise ValueError("b holds NaN or inf")
    half = np.uint64(1 << 63)

    def order(x):
        u = (x + 0.0).view(np.uint64)  # −0.0 + 0.0 is 0.0
        return np.where(u >= half, half - (u - half), half + u)

    x, y = order(a), order(b)
    return np.where(x > y, x - y, y - x)


@right("ulp_distance", "signed and unsigned: wrap-around does the subtraction")
def wrap_around(a, b):
    a = np.array(a, dtype=np.float64, ndmin=1)
    b = np.array(b, dtype=np.float64).reshape(a.shape)
    if not np.isfinite(np.stack([a, b])).all():
        raise ValueError("neither a nor b may be NaN or infinite")
    low, high = np.minimum(a, b), np.maximum(a, b)

    def place(x):
        i = x.view(np.int64)
        return np.where(i < 0, np.int64(-(2**63)) - i, i)

    with np.errstate(over="ignore"):
        return (place(high) - place(low)).view(np.uint64)


@wrong("ulp_distance", "the difference over the gap at a", loses="property")
def difference_over_gap(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a and b must be finite")
    with np.errstate(all="ignore"):
        return (np.abs(a - b) / np.spacing(np.abs(a))).astype(np.uint64)


@wrong("ulp_distance", "plain bits, sign included", loses="stress")
def plain_bits(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a and b must be finite")
    x, y = a.view(np.uint64), b.view(np.uint64)
    return np.maximum(x, y) - np.minimum(x, y)


@wrong("ulp_distance", "signed integers that overflow across the sign", loses="stress")
def overflowing_int64(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a and b must be finite")

    def place(x):
        i = x.view(np.int64)
        return np.where(i < 0, np.int64(-(2**63)) - i, i)

    return np.abs(place(a) - place(b)).astype(np.uint64)


@wrong("ulp_distance", "int64 in place of uint64", loses="contract")
def answers_in_int64(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a and b must be finite")
    x, y = np.abs(a).view(np.int64), np.abs(b).view(np.int64)
    return np.abs(np.where(a < 0, -x, x) - np.where(b < 0, -y, y))


@wrong("ulp_distance", "counted in float64, which rounds beyond 2^53", loses="reference")
def counted_in_float64(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a and b must be finite")
    x = np.copysign(np.abs(a).view(np.uint64).astype(float), a)
    y = np.copysign(np.abs(b).view(np.uint64).astype(float), b)
    return np.abs(x - y).astype(np.uint64)


@wrong("ulp_distance", "NaN and inf have bits, too", loses="bad input")
def nan_has_bits(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    x, y = np.abs(a).view(np.uint64), np.abs(b).view(np.uint64)
    apart = np.maximum(x, y) - np.minimum(x, y)
    return np.where(np.signbit(a) == np.signbit(b), apart, x + y)


@wrong("ulp_distance", "only a is checked", loses="bad input")
def only_a_is_checked(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not np.isfinite(a).all():
        raise ValueError("a must be finite")
    x, y = np.abs(a).view(np.uint64), np.abs(b).view(np.uint64)
    apart = np.maximum(x, y) - np.minimum(x, y)
    return np.where(np.signbit(a) == np.signbit(b), apart, x + y)


@wrong("ulp_distance", "a Python loop over every element", loses="stress")
def pair_by_pair(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    out = np.empty(a.shape, dtype=np.uint64)
    for index in np.ndindex(a.shape):
        x, y = a[index], b[index]
        if not np.isfinite(x) or not np.isfinite(y):
            raise ValueError("a and b must be finite")
        i = int(np.abs(x).view(np.int64)) * (-1 if x < 0 else 1)
        j = int(np.abs(y).view(np.int64)) * (-1 if y < 0 else 1)
        out[index] = abs(i - j)
    return out


# ----------------------------------------------------------------------------------- log1mexp


@right("log1mexp", "Mächler's two branches by mask")
def two_branches_by_mask(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not (x <= 0).all():
        raise ValueError("x must be <= 0")
    out = np.empty_like(x)
    near = x > -0.6931471805599453
    with np.errstate(all="ignore"):
        out[near] = np.log(-np.expm1(x[near]))
    out[~near] = np.log1p(-np.exp(x[~near]))
    return out


@right("log1mexp", "another change-over, at −1")
def change_over_at_minus_one(x):
    x = np.asarray(x)
    x = x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)
    if np.isnan(x).any() or (x > 0).any():
        raise ValueError("x: not a log-probability")
    with np.errstate(divide="ignore"):
        return np.where(x < -1, np.log1p(-np.exp(x)), np.log(-np.expm1(x))).astype(x.dtype)


@right("log1mexp", "the math module, one number at a time, float64 inside")
def log1mexp_with_math(x):
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)

    def one(v):
        if not v <= 0:
            raise ValueError(f"x = {v} is positive or NaN")
        if v == 0:
            return -math.inf
        return math.log(-math.expm1(v)) if v > -0.7 else math.log1p(-math.exp(v))

    flat = [one(v) for v in x.astype(float).reshape(-1).tolist()]
    return np.array(flat, dtype=dtype).reshape(x.shape)


@right("log1mexp", "long double inside, with both branches")
def log1mexp_long_double(x):
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)
    wide = x.astype(np.longdouble)
    if not np.all(wide <= 0):
        raise ValueError("x has to be at most zero")
    with np.errstate(divide="ignore"):
        y = np.where(wide > -np.log(2), np.log(-np.expm1(wide)), np.log1p(-np.exp(wide)))
    return y.astype(dtype)


@wrong("log1mexp", "the formula as it stands", loses="reference")
def as_it_stands(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    with np.errstate(divide="ignore"):
        return np.log(1 - np.exp(x))


@wrong("log1mexp", "log1p everywhere: no digits near 0", loses="stress")
def log1p_everywhere(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    with np.errstate(divide="ignore"):
        return np.log1p(-np.exp(x))


@wrong("log1mexp", "expm1 everywhere: no digits far from 0", loses="stress")
def expm1_everywhere(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    with np.errstate(divide="ignore"):
        return np.log(-np.expm1(x))


@wrong("log1mexp", "the two branches swapped", loses="reference")
def swapped_branches(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    with np.errstate(divide="ignore"):
        return np.where(x < -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


@wrong("log1mexp", "an epsilon in the logarithm", loses="stress")
def log1mexp_epsilon(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    return np.log(1 - np.exp(x) + x.dtype.type(1e-12))


@wrong("log1mexp", "the warning at 0 is left on", loses="stress")
def log1mexp_warns(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    return np.where(x > -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


@wrong("log1mexp", "NaN slips through", loses="bad input")
def log1mexp_lets_nan_through(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if np.any(x > 0):
        raise ValueError("x must be <= 0")
    with np.errstate(divide="ignore"):
        return np.where(x > -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


@wrong("log1mexp", "everything becomes float64", loses="contract")
def log1mexp_always_float64(x):
    x = np.array(x, dtype=np.float64)
    if not np.all(x <= 0):
        raise ValueError("x must be <= 0")
    with np.errstate(divide="ignore"):
        return np.where(x > -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))
