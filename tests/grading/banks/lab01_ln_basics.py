"""Answers to lab 1. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def as_floats(x):
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


@helper
def checked(p):
    p = as_floats(p)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return p


# ---------------------------------------------------------------------------------------- nll
@right("nll", "check, then one line of NumPy")
def nll_check_then_log(p):
    p = as_floats(p)
    if np.isnan(p).any() or (p < 0).any() or (p > 1).any():
        raise ValueError("p must be in [0, 1]")
    with np.errstate(all="ignore"):
        return -np.log(p)


@right("nll", "the logarithm only where p is above 0")
def nll_where_positive(p):
    p = np.array(p)
    if p.dtype not in (np.float32, np.float64):
        p = p.astype("d")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("not a probability")
    out = np.full(p.shape, -np.inf, dtype=p.dtype)
    np.log(p, out=out, where=p > 0)
    return np.negative(out)


@right("nll", "row by row, float64 inside, rounded at the end")
def nll_row_by_row(p):
    p = np.asarray(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(np.float64)
    rows = p.astype(np.float64).reshape(-1, p.shape[-1] if p.ndim else 1)
    for row in rows:
        if not (np.min(row) >= 0 and np.max(row) <= 1):
            raise ValueError("p: all values must be between 0 and 1")
    with np.errstate(divide="ignore"):
        losses = [np.log(row) * -1.0 for row in rows]
    return np.reshape(losses, p.shape).astype(dtype)


@right("nll", "a base-2 logarithm times ln 2, a Python float for a single number")
def nll_through_base_two(p):
    single = np.ndim(p) == 0
    p = checked(p)
    with np.errstate(divide="ignore"):
        out = np.log2(p) * p.dtype.type(-math.log(2))
    return float(out) if single else out


nll_check_then_log.edits("""
    contract: the base-2 logarithm
    - -np.log(p)
    + -np.log2(p)
    contract: the minus sign is forgotten
    + np.log(p)
    contract: the mean loss in place of each loss
    + -np.log(p).mean()
    reference: an epsilon in the logarithm
    + -np.log(p + p.dtype.type(1e-12))
    stress: np.vectorize over math.log
    + np.vectorize(lambda v: -math.log(v) if v else math.inf, otypes=[p.dtype])(p)
    stress: p is clipped away from 0
    + -np.log(np.clip(p, p.dtype.type(1e-7), None))
    stress: ln(1/p), whose quotient overflows
    + np.log(1 / p)
    contract: writes the logarithm into the caller's array
    + np.negative(np.log(p, out=p) if p.ndim else np.log(p))
    stress: nan_to_num makes the infinity finite
    + np.nan_to_num(-np.log(p))
    stress: the warning at 0 is left on
    - all="ignore"
    contract: everything becomes float64
    - x if x.dtype.kind == "f" else x.astype(float)
    + x.astype(float)
    bad input: two comparisons let NaN through
    - np.isnan(p).any() or (p < 0).any()
    + (p < 0).any()
    bad input: no check, silent
    - if np.isnan(p).any() or (p < 0).any() or (p > 1).any():
    -     raise ValueError("p must be in [0, 1]")
    bad input: asserts in place of a ValueError
    + assert np.all((p >= 0) & (p <= 1)), "p must be in [0, 1]"
""")


@wrong("nll", "a Python loop over every element", "stress")
def nll_element_by_element(p):
    p = as_floats(p)
    out = np.empty_like(p)
    for index in np.ndindex(p.shape):
        if not 0 <= p[index] <= 1:
            raise ValueError("p must be in [0, 1]")
        out[index] = -math.log(p[index]) if p[index] > 0 else math.inf
    return out


# -------------------------------------------------------------------------- sequence_log_prob
@right("sequence_log_prob", "np.log and np.sum")
def sum_of_logs(p):
    p = np.asarray(p, dtype=float)
    if ((p < 0) | (p > 1)).any():
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return np.sum(np.log(p))


@right("sequence_log_prob", "math.fsum over a generator, zeros first")
def fsum_of_logs(p):
    p = [float(v) for v in p]
    if any(not 0 <= v <= 1 for v in p):
        raise ValueError("a probability lies outside [0, 1]")
    return -math.inf if 0 in p else math.fsum(math.log(v) for v in p)


@right("sequence_log_prob", "a plain loop from left to right")
def loop_from_left_to_right(p):
    total = 0.0
    for v in p:
        if v < 0 or v > 1:
            raise ValueError(f"p holds {v}")
        total += math.log(v) if v else -math.inf
    return total


@right("sequence_log_prob", "the product with its exponent kept apart")
def product_with_exponent(p):
    mantissa, exponent = 1.0, 0
    for v in np.asarray(p, dtype=np.float64).tolist():
        if not 0 <= v <= 1:
            raise ValueError("p: a value is no probability")
        m, e = math.frexp(v)
        mantissa, carried = math.frexp(mantissa * m)
        exponent += e + carried
    return math.log(mantissa) + exponent * math.log(2) if mantissa else -math.inf


@right("sequence_log_prob", "in the type of the input, a NumPy float back")
def sum_in_its_own_type(p):
    p = checked(p)
    with np.errstate(divide="ignore"):
        return np.add.reduce(np.log(p))


sum_of_logs.edits("""
    stress: the product first, then its logarithm
    - np.sum(np.log(p))
    + np.log(np.prod(p))
    contract: the mean in place of the sum
    + np.mean(np.log(p)) if p.size else 0.0
    contract: the loss: with a minus sign
    + -np.sum(np.log(p))
    contract: an array of one element
    + np.log(p).sum(keepdims=True)
    contract: running sums, the last one: fails on nothing
    + np.cumsum(np.log(p))[-1]
    reference: an epsilon in the logarithm
    - np.log(p)
    + np.log(p + 1e-12)
    stress: zeros are left out
    + np.log(p[p > 0])
    bad input: probabilities above 1 pass
    - ((p < 0) | (p > 1)).any()
    + (p < 0).any()
    stress: the warning at 0 is left on
    - divide="ignore"
""")


# --------------------------------------------------------------------------------- perplexity
@right("perplexity", "one line after two checks")
def exp_of_minus_the_mean(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0:
        raise ValueError("log_probs is empty")
    if not (y <= 0).all():
        raise ValueError("log_probs must be at most 0")
    with np.errstate(over="ignore"):
        return np.exp(-np.mean(y))


@right("perplexity", "math.fsum and math.exp, the infinity by hand")
def perplexity_by_hand(log_probs):
    losses = [-float(y) for y in log_probs]
    if not losses:
        raise ValueError("there are no log-probabilities")
    if not all(loss >= 0 for loss in losses):
        raise ValueError("a log-probability is positive")
    mean = math.inf if math.inf in losses else math.fsum(loss / len(losses) for loss in losses)
    return math.exp(mean) if mean < 709.78 else math.inf


@right("perplexity", "in base 2")
def perplexity_in_base_two(log_probs):
    bits = np.asarray(log_probs, dtype=np.float64) / np.log(2)
    if bits.size < 1 or not bits.max() <= 0:
        raise ValueError("log_probs: at least one, none of them positive")
    with np.errstate(all="ignore"):
        return float(2.0 ** -np.average(bits))


@right("perplexity", "a running mean in a loop")
def running_mean(log_probs):
    mean, n = 0.0, 0
    for y in np.asarray(log_probs, dtype=float).tolist():
        if y > 0 or math.isnan(y):
            raise ValueError(f"log_probs holds {y}")
        n += 1
        mean = mean + (y - mean) / n if math.isfinite(mean) else mean
    if n == 0:
        raise ValueError("log_probs must not be empty")
    try:
        return math.exp(-mean)
    except OverflowError:
        return math.inf


running_mean.edits("""
    stress: math.exp cannot overflow
    - except OverflowError:
    + except ZeroDivisionError:
    bad input: NaN is a log-probability like any other
    - y > 0 or math.isnan(y)
    + y > 0
""")
exp_of_minus_the_mean.edits("""
    stress: the warning of an overflow is left on
    - over="ignore"
    contract: the minus sign is forgotten
    - -np.mean(y)
    + np.mean(y)
    contract: 2 to the power of nats
    - np.exp(-np.mean(y))
    + 2.0 ** -np.mean(y)
    property: the sum in place of the mean
    + np.exp(-np.sum(y))
    reference: the mean of 1/p
    + np.mean(np.exp(-y))
    stress: the n-th root after exp of the sum
    - over="ignore"
    + all="ignore"
    - np.exp(-np.mean(y))
    + np.exp(np.sum(y)) ** (-1 / y.size)
    stress: −inf is capped
    - np.mean(y)
    + np.mean(np.maximum(y, -700.0))
    bad input: nothing in, NaN out
    - y.size == 0
    + False
    bad input: only the mean is checked for its sign
    - not (y <= 0).all()
    + not y.mean() <= 0
    contract: turns the caller's signs
    - np.asarray(log_probs, dtype=float)
    + np.asarray(log_probs)
    - with np.errstate(over="ignore"):
    -     return np.exp(-np.mean(y))
    + y *= -1
    + with np.errstate(over="ignore"):
    +     return np.exp(np.mean(y, dtype=np.float64))
""")


# ------------------------------------------------------------------------ geometric_mean_prob
@right("geometric_mean_prob", "exp of the mean logarithm")
def exp_of_the_mean_log(p):
    p = checked(p)
    if not p.size:
        raise ValueError("p must not be empty")
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log(p).mean()))


@right("geometric_mean_prob", "the product of the n-th roots")
def product_of_roots(p):
    p = checked(np.asarray(p, dtype=np.float64))
    if p.size == 0:
        raise ValueError("p is empty")
    return float(np.prod(p ** (1 / p.size)))


@right("geometric_mean_prob", "zeros by hand, math.fsum for the rest")
def geometric_mean_by_hand(p):
    p = list(map(float, p))
    if len(p) == 0 or not 0 <= min(p) <= max(p) <= 1:
        raise ValueError("no probabilities")
    if min(p) == 0.0:
        return 0.0
    return math.exp(math.fsum(map(math.log, p)) / len(p))


@right("geometric_mean_prob", "a running sum of base-2 logarithms")
def accumulated_log2(p):
    logs = [math.log2(v) if v > 0 else -math.inf for v in checked(p)]
    if not logs:
        raise ValueError("p needs at least one value")
    return np.exp2(np.float64(np.cumsum(logs)[-1]) / len(logs))


exp_of_the_mean_log.edits("""
    property: the arithmetic mean
    - np.exp(np.log(p).mean())
    + p.mean()
    stress: the root of a product that underflows
    + np.prod(p) ** (1 / p.size)
    contract: the mean logarithm, not brought back
    + np.log(p).mean()
    reference: an epsilon in the logarithm
    - np.log(p)
    + np.log(p + 1e-12)
    bad input: values outside [0, 1] are not noticed
    - checked(p)
    + as_floats(p)
    - divide="ignore"
    + all="ignore"
    stress: zeros are left out
    - float(np.exp(np.log(p).mean()))
    + float(np.exp(np.log(p[p > 0]).mean())) if p.any() else 0.0
    bad input: the empty mean is 1
    - not p.size
    + False
    - np.log(p).mean()
    + np.log(p).sum() / max(p.size, 1)
    stress: the warning at 0 is left on
    - divide="ignore"
""")


# ------------------------------------------------------------------------------- nats_to_bits
@right("nats_to_bits", "divided by math.log(2)")
def divided_by_ln_two(nats):
    nats = as_floats(nats)
    return nats / math.log(2)


@right("nats_to_bits", "times log2(e), float64 inside")
def times_log2_e(nats):
    nats = np.asarray(nats)
    dtype = nats.dtype if np.issubdtype(nats.dtype, np.floating) else np.dtype(float)
    return np.multiply(nats.astype(np.float64), np.log2(np.e)).astype(dtype)


@right("nats_to_bits", "a ufunc with its dtype, a Python float for a single number")
def divided_in_its_own_type(nats):
    dtype = np.asarray(nats).dtype
    dtype = dtype if dtype in (np.dtype("f4"), np.dtype("f8")) else np.dtype("f8")
    out = np.true_divide(nats, np.log(dtype.type(2)), dtype=dtype)
    return out if np.ndim(nats) else float(out)


divided_by_ln_two.edits("""
    property: times ln 2: the factor upside down
    - nats / math.log(2)
    + nats * math.log(2)
    reference: a factor of four digits
    + nats * 1.443
    contract: the base-2 logarithm of the nats
    - return nats / math.log(2)
    + with np.errstate(all="ignore"):
    +     return np.log2(nats)
    stress: back to a number of outcomes and forth again
    + with np.errstate(all="ignore"):
    +     return np.log2(np.exp(nats))
    stress: np.vectorize
    + return np.vectorize(lambda v: v / math.log(2), otypes=[nats.dtype])(nats)
    contract: divides the caller's array
    + if nats.ndim == 0:
    +     return nats / math.log(2)
    + nats /= math.log(2)
    + return nats
    contract: everything becomes float64
    - x if x.dtype.kind == "f" else x.astype(float)
    + x.astype(float)
""")
