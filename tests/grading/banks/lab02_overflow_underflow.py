"""Answers to lab 2. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def vector(z, dtype):
    z = np.asarray(z)
    if z.shape != (z.size,) or not z.size or np.isnan(z).any():
        raise ValueError("z must have one dimension, a logit, and no NaN")
    if dtype not in ("float16", "float32", "float64"):
        raise ValueError("dtype is none of the three")
    return z


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
    overflow, subnormal = math.log(float(info.max)), math.log(float(info.tiny))
    smallest = np.log2(np.float64(info.smallest_subnormal))
    return overflow, subnormal, float((smallest - 1) * np.log(2))


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


from_finfo.edits("""
    stress: half the smallest subnormal underflows
    - np.log2(np.float64(info.smallest_subnormal))
    + np.log(np.float64(info.smallest_subnormal) / 2)
    - float((smallest - 1) * np.log(2))
    + float(smallest)
    contract: the half is forgotten
    - smallest - 1
    + smallest
    reference: the logarithm is taken in the type itself
    - math.log(float(info.max)), math.log(float(info.tiny))
    + float(np.log(info.max)), float(np.log(info.tiny))
    - np.log2(np.float64(info.smallest_subnormal))
    + np.log2(info.smallest_subnormal)
    - np.log(2)
    + info.dtype.type(np.log(2))
    contract: symmetric: the zero threshold is minus the overflow
    - return overflow, subnormal, float((smallest - 1) * np.log(2))
    + return overflow, -overflow, -overflow
    reference: a table of four decimals
    + return {
    +     "float16": (11.0899, -9.7041, -17.3287),
    +     "float32": (88.7228, -87.3365, -103.9721),
    +     "float64": (709.7827, -708.3964, -745.1332),
    + }[dtype.name]
    contract: an array in place of a tuple
    + return np.array([overflow, subnormal, float((smallest - 1) * np.log(2))])
    bad input: whatever np.finfo knows is accepted
    - raise ValueError("dtype is unknown") from e
    + raise
    - dtype.name not in ("float16", "float32", "float64")
    + dtype.kind not in "fc"
""")


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
def digitize_on_thresholds(z, dtype):
    z = np.asarray(z, dtype=float)
    if np.any(z != z):
        raise ValueError("z must not be NaN")
    info = np.finfo(dtype)
    ln2 = np.log(2)
    edges = [(info.minexp - info.nmant - 1) * ln2, info.minexp * ln2, math.log(float(info.max))]
    return np.array(["zero", "subnormal", "normal", "overflow"])[np.digitize(z, edges)]


@wrong("classify_exp", "a Python function for one number, in a list", "stress")
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


digitize_on_thresholds.edits("""
    contract: subnormal counts as zero
    - "zero", "subnormal"
    + "zero", "zero"
    contract: the thresholds of float64 for every type
    - np.finfo(dtype)
    + np.finfo(np.float64)
    stress: thresholds rounded to whole numbers
    - np.digitize(z, edges)
    + np.digitize(z, np.round(edges), right=True)
    bad input: NaN ends up as zero
    - np.any(z != z)
    + False
    - np.array(["zero", "subnormal", "normal", "overflow"])[np.digitize(z, edges)]
    + np.array(["zero", "subnormal", "normal", "overflow"])[sum(z >= edge for edge in edges)]
""")
look_at_the_exponential.edits("""
    stress: the warnings of the conversion are left on
    - all="ignore"
    contract: writes the exponential into the caller's array
    - np.exp(z)
    + np.exp(z, out=z)
    contract: one word for the whole array
    - return out
    + return min(out.flat, key=["overflow", "zero", "subnormal", "normal"].index)
""")


# ---------------------------------------------------------------------- naive_softmax_verdict
@right("naive_softmax_verdict", "runs the textbook formula")
def run_the_textbook(z, dtype):
    z = vector(z, dtype)
    with np.errstate(all="ignore"):
        e = np.exp(z.astype(dtype))
        if not np.isfinite(e).all() or not np.isfinite(np.sum(e)):
            return "overflow"
    if not e.any():
        return "0/0"
    return "lost" if np.any(np.isfinite(z) & (e == 0)) else "ok"


@right("naive_softmax_verdict", "from the thresholds, without any exponential in the type")
def verdict_from_thresholds(z, dtype):
    z = vector(z, dtype).astype(np.float64)
    info = np.finfo(dtype)
    top = math.log(float(info.max))
    least = (info.minexp - info.nmant - 1) * math.log(2)
    peak = z.max()
    if peak > top or (peak > -math.inf and peak + math.log(np.exp(z - peak).sum()) > top):
        return "overflow"
    zero = z < least
    if zero.all():
        return "0/0"
    return "lost" if (zero & (z > -math.inf)).any() else "ok"


@right("naive_softmax_verdict", "one logit at a time, summed in float64, rounded once")
def logit_by_logit(z, dtype):
    z, kind = vector(z, dtype), np.dtype(dtype).type
    total, lost, any_left = np.float64(0), False, False
    with np.errstate(all="ignore"):
        for v in z:
            e = np.exp(kind(v))
            total += e
            any_left = any_left or e > 0
            lost = lost or (e == 0 and math.isfinite(v))
        total = kind(total)
    if math.isinf(total):
        return "overflow"
    if not any_left:
        return "0/0"
    return "lost" if lost else "ok"


logit_by_logit.edits("""
    stress: every partial sum is rounded to the type
    - np.float64(0)
    + kind(0)
    - total += e
    + total = kind(total + e)
""")
run_the_textbook.edits("""
    contract: computed in float64 whatever the type
    - z.astype(dtype)
    + z.astype(float)
    stress: the sum is not looked at
    - not np.isfinite(e).all() or not np.isfinite(np.sum(e))
    + not np.isfinite(e).all()
    property: a class at −inf counts as lost
    - np.isfinite(z) & (e == 0)
    + e == 0
    stress: finite is asked of the converted logits
    - e = np.exp(z.astype(dtype))
    + z = z.astype(dtype)
    + e = np.exp(z)
    stress: subnormal exponentials count as lost
    - if not e.any():
    + e = np.where(e < np.finfo(dtype).tiny, 0, e)
    + if not e.any():
    contract: looks for a lost class before the overflow
    - if not np.isfinite(e).all() or not np.isfinite(np.sum(e)):
    -     return "overflow"
    + total = np.sum(e)
    - else "ok"
    + else "overflow" if np.isinf(total) else "ok"
    contract: subtracts the maximum first
    - z.astype(dtype)
    + (z - z.max()).astype(dtype)
    - if not np.isfinite(e).all() or not np.isfinite(np.sum(e)):
    -     return "overflow"
    + if np.isnan(e).all():
    +     return "0/0"
    bad input: a batch and an empty array pass
    - z.shape != (z.size,) or not z.size or np.isnan(z).any()
    + np.isnan(z).any()
    bad input: NaN gets a verdict
    - or np.isnan(z).any()
    bad input: any dtype will do
    - if dtype not in ("float16", "float32", "float64"):
    -     raise ValueError("dtype is none of the three")
    stress: the warnings are left on
    - all="ignore"
""")


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


wrap_around.edits("""
    property: the difference over the gap at a
    - (place(high) - place(low)).view(np.uint64)
    + (np.abs(a - b) / np.spacing(np.abs(a))).astype(np.uint64)
    stress: signed integers that overflow across the sign
    + np.abs(place(high) - place(low)).astype(np.uint64)
    contract: int64 in place of uint64
    + np.abs(place(high) - place(low))
    reference: counted in float64, which rounds beyond 2^53
    + (place(high).astype(float) - place(low).astype(float)).astype(np.uint64)
    stress: plain bits, sign included
    - return np.where(i < 0, np.int64(-(2**63)) - i, i)
    + return i.view(np.uint64)
    - (place(high) - place(low)).view(np.uint64)
    + np.maximum(place(a), place(b)) - np.minimum(place(a), place(b))
    bad input: NaN and inf have bits, too
    - not np.isfinite(np.stack([a, b])).all()
    + False
    bad input: only a is checked
    - np.isfinite(np.stack([a, b])).all()
    + np.isfinite(a).all()
""")


@wrong("ulp_distance", "a Python loop over every element", "stress")
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


@wrong("log1mexp", "the math module, one number at a time", "stress")
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


@right("log1mexp", "each formula of arguments that are clipped to where it holds")
def each_where_it_holds(x):
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if np.any(x > 0) or np.any(x != x):
        raise ValueError("x has to be at most zero")
    with np.errstate(divide="ignore"):
        near = np.log(-np.expm1(np.maximum(x, -0.7)))
    return np.where(x < -0.7, np.log1p(-np.exp(np.minimum(x, -0.7))), near)


change_over_at_minus_one.edits("""
    reference: the two branches change over at −0.01
    - x < -1
    + x < -0.01
    reference: the formula as it stands
    - np.where(x < -1, np.log1p(-np.exp(x)), np.log(-np.expm1(x)))
    + np.log(1 - np.exp(x))
    stress: log1p everywhere: no digits near 0
    + np.log1p(-np.exp(x))
    stress: expm1 everywhere: no digits far from 0
    + np.log(-np.expm1(x))
    stress: an epsilon in the logarithm
    + np.log(1 - np.exp(x) + x.dtype.type(1e-12))
    reference: the two branches swapped
    - x < -1
    + x >= -1
    stress: the warning at 0 is left on
    - divide="ignore"
    bad input: NaN slips through
    - np.isnan(x).any() or (x > 0).any()
    + (x > 0).any()
    contract: everything becomes float64
    - x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)
    + x.astype(np.float64)
""")
