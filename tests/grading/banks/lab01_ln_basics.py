"""Answers to lab 1. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong

# ---------------------------------------------------------------------------------------- nll


@right("nll", "check, then one line of NumPy")
def nll_check_then_log(p):
    p = np.asarray(p)
    if not np.issubdtype(p.dtype, np.floating):
        p = p.astype(float)
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
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.logical_and(p >= 0, p <= 1).all():
        raise ValueError("probability out of range")
    with np.errstate(divide="ignore"):
        out = np.log2(p) * p.dtype.type(-math.log(2))
    return float(out) if single else out


@right("nll", "long double inside")
def nll_long_double(p):
    p = np.asarray(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(float)
    wide = p.astype(np.longdouble)
    if not np.all((wide >= 0) & (wide <= 1)):
        raise ValueError("p outside [0, 1]")
    with np.errstate(divide="ignore"):
        return (-np.log(wide)).astype(dtype)


@wrong("nll", "the base-2 logarithm", loses="contract")
def nll_in_bits(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return -np.log2(p)


@wrong("nll", "the minus sign is forgotten", loses="contract")
def nll_without_minus(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return np.log(p)


@wrong("nll", "the mean loss in place of each loss", loses="contract")
def nll_mean(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return -np.log(p).mean()


@wrong("nll", "an epsilon in the logarithm", loses="reference")
def nll_epsilon(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return -np.log(p + p.dtype.type(1e-12))


@wrong("nll", "p is clipped away from 0", loses="stress")
def nll_clipped(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return -np.log(np.clip(p, p.dtype.type(1e-7), None))


@wrong("nll", "the warning at 0 is left on", loses="stress")
def nll_warns_at_zero(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return -np.log(p)


@wrong("nll", "ln(1/p), whose quotient overflows", loses="stress")
def nll_of_the_reciprocal(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(all="ignore"):
        return np.log(1 / p)


@wrong("nll", "everything becomes float64", loses="contract")
def nll_always_float64(p):
    p = np.array(p, dtype=np.float64)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return -np.log(p)


@wrong("nll", "writes the logarithm into the caller's array", loses="contract")
def nll_in_place(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return np.negative(np.log(p, out=p) if p.ndim else np.log(p))


@wrong("nll", "two comparisons let NaN through", loses="bad input")
def nll_lets_nan_through(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if np.any(p < 0) or np.any(p > 1):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return -np.log(p)


@wrong("nll", "no check, silent", loses="bad input")
def nll_never_refuses(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    with np.errstate(all="ignore"):
        return -np.log(p)


@wrong("nll", "asserts in place of a ValueError", loses="bad input")
def nll_asserts(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    assert np.all((p >= 0) & (p <= 1)), "p must be in [0, 1]"
    with np.errstate(divide="ignore"):
        return -np.log(p)


@wrong("nll", "a Python loop over every element", loses="stress")
def nll_element_by_element(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    out = np.empty_like(p)
    for index in np.ndindex(p.shape):
        if not 0 <= p[index] <= 1:
            raise ValueError("p must be in [0, 1]")
        out[index] = -math.log(p[index]) if p[index] > 0 else math.inf
    return out


@wrong("nll", "nan_to_num makes the infinity finite", loses="stress")
def nll_nan_to_num(p):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return np.nan_to_num(-np.log(p))


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
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return np.add.reduce(np.log(p))


@wrong("sequence_log_prob", "the product first, then its logarithm", loses="stress")
def log_of_the_product(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return float(np.log(np.prod(p)))


@wrong("sequence_log_prob", "the mean in place of the sum", loses="contract")
def mean_of_logs(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    if p.size == 0:
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.log(p).mean())


@wrong("sequence_log_prob", "the loss: with a minus sign", loses="contract")
def sequence_nll(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return float(-np.log(p).sum())


@wrong("sequence_log_prob", "an epsilon in the logarithm", loses="reference")
def sum_of_logs_with_epsilon(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return float(np.log(p + 1e-12).sum())


@wrong("sequence_log_prob", "zeros are left out", loses="stress")
def zeros_left_out(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return float(np.log(p[p > 0]).sum())


@wrong("sequence_log_prob", "an array of one element", loses="contract")
def sum_with_keepdims(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return np.log(p).sum(keepdims=True)


@wrong("sequence_log_prob", "running sums, the last one: fails on nothing", loses="contract")
def last_running_sum(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    with np.errstate(divide="ignore"):
        return float(np.cumsum(np.log(p))[-1])


@wrong("sequence_log_prob", "probabilities above 1 pass", loses="bad input")
def only_negative_ones_are_refused(p):
    p = np.asarray(p, dtype=float)
    if np.any(p < 0):
        raise ValueError("p must not be negative")
    with np.errstate(divide="ignore"):
        return float(np.log(p).sum())


@wrong("sequence_log_prob", "the warning at 0 is left on", loses="stress")
def sequence_warns_at_zero(p):
    p = np.asarray(p, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p must be in [0, 1]")
    return float(np.log(p).sum())


# --------------------------------------------------------------------------------- perplexity


@right("perplexity", "one line after two checks")
def exp_of_minus_the_mean(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0:
        raise ValueError("log_probs is empty")
    if (y > 0).any():
        raise ValueError("log_probs must be at most 0")
    return np.exp(-np.mean(y))


@right("perplexity", "math.fsum and math.exp, the infinity by hand")
def perplexity_by_hand(log_probs):
    losses = [-float(y) for y in log_probs]
    if not losses:
        raise ValueError("there are no log-probabilities")
    if min(losses) < 0:
        raise ValueError("a log-probability is positive")
    return math.inf if math.inf in losses else math.exp(math.fsum(losses) / len(losses))


@right("perplexity", "in base 2")
def perplexity_in_base_two(log_probs):
    bits = np.asarray(log_probs, dtype=np.float64) / np.log(2)
    if bits.size < 1 or bits.max() > 0:
        raise ValueError("log_probs: at least one, none of them positive")
    return float(2.0 ** -np.average(bits))


@right("perplexity", "a running mean in a loop")
def running_mean(log_probs):
    mean, n = 0.0, 0
    for y in np.asarray(log_probs, dtype=float).tolist():
        if y > 0:
            raise ValueError(f"log_probs holds {y}")
        n += 1
        mean = mean + (y - mean) / n if math.isfinite(mean) else mean
    if n == 0:
        raise ValueError("log_probs must not be empty")
    return float(np.exp(-mean))


@wrong("perplexity", "the minus sign is forgotten", loses="contract")
def exp_of_the_mean(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    return float(np.exp(y.mean()))


@wrong("perplexity", "2 to the power of nats", loses="contract")
def two_to_the_nats(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    return float(2.0 ** -y.mean())


@wrong("perplexity", "the sum in place of the mean", loses="property")
def exp_of_minus_the_sum(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    with np.errstate(over="ignore"):
        return float(np.exp(-y.sum()))


@wrong("perplexity", "the mean of 1/p", loses="reference")
def mean_of_reciprocals(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    with np.errstate(over="ignore"):
        return float(np.exp(-y).mean())


@wrong("perplexity", "the n-th root after exp of the sum", loses="stress")
def root_after_exp(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    with np.errstate(all="ignore"):
        return float(np.exp(y.sum()) ** (-1 / y.size))


@wrong("perplexity", "−inf is capped", loses="stress")
def capped_log_probs(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    return float(np.exp(-np.maximum(y, -700.0).mean()))


@wrong("perplexity", "nothing in, NaN out", loses="bad input")
def nan_of_nothing(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if np.any(y > 0):
        raise ValueError("log_probs must be at most 0")
    return float(np.exp(-y.mean()))


@wrong("perplexity", "only the mean is checked for its sign", loses="bad input")
def sign_of_the_mean(log_probs):
    y = np.asarray(log_probs, dtype=float)
    if y.size == 0 or y.mean() > 0:
        raise ValueError("log_probs must be at most 0 and not empty")
    return float(np.exp(-y.mean()))


@wrong("perplexity", "turns the caller's signs", loses="contract")
def negates_in_place(log_probs):
    y = np.asarray(log_probs)
    y = y if y.dtype.kind == "f" else y.astype(float)
    if y.size == 0 or np.any(y > 0):
        raise ValueError("log_probs must be at most 0 and not empty")
    y *= -1
    return float(np.exp(y.mean(dtype=np.float64)))


# ------------------------------------------------------------------------ geometric_mean_prob


@right("geometric_mean_prob", "exp of the mean logarithm")
def exp_of_the_mean_log(p):
    p = np.asarray(p, dtype=float)
    if not p.size:
        raise ValueError("p must not be empty")
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log(p).mean()))


@right("geometric_mean_prob", "the product of the n-th roots")
def product_of_roots(p):
    p = np.asarray(p, dtype=np.float64)
    if p.size == 0:
        raise ValueError("p is empty")
    return float(np.prod(p ** (1 / p.size)))


@right("geometric_mean_prob", "zeros by hand, math.fsum for the rest")
def geometric_mean_by_hand(p):
    p = list(map(float, p))
    if len(p) == 0:
        raise ValueError("no probabilities")
    if min(p) == 0.0:
        return 0.0
    return math.exp(math.fsum(map(math.log, p)) / len(p))


@right("geometric_mean_prob", "a running sum of base-2 logarithms")
def accumulated_log2(p):
    logs = [math.log2(v) if v > 0 else -math.inf for v in np.asarray(p, dtype=float)]
    if not logs:
        raise ValueError("p needs at least one value")
    return np.exp2(np.float64(np.cumsum(logs)[-1]) / len(logs))


@wrong("geometric_mean_prob", "the arithmetic mean", loses="property")
def arithmetic_mean(p):
    p = np.asarray(p, dtype=float)
    if p.size == 0:
        raise ValueError("p is empty")
    return float(p.mean())


@wrong("geometric_mean_prob", "the root of a product that underflows", loses="stress")
def root_of_the_product(p):
    p = np.asarray(p, dtype=float)
    if p.size == 0:
        raise ValueError("p is empty")
    return float(np.prod(p) ** (1 / p.size))


@wrong("geometric_mean_prob", "an epsilon in the logarithm", loses="reference")
def geometric_mean_with_epsilon(p):
    p = np.asarray(p, dtype=float)
    if p.size == 0:
        raise ValueError("p is empty")
    return float(np.exp(np.log(p + 1e-12).mean()))


@wrong("geometric_mean_prob", "zeros are left out", loses="stress")
def geometric_mean_without_zeros(p):
    p = np.asarray(p, dtype=float)
    if p.size == 0:
        raise ValueError("p is empty")
    kept = p[p > 0]
    return float(np.exp(np.log(kept).mean())) if kept.size else 0.0


@wrong("geometric_mean_prob", "the mean logarithm, not brought back", loses="contract")
def mean_log(p):
    p = np.asarray(p, dtype=float)
    if p.size == 0:
        raise ValueError("p is empty")
    with np.errstate(divide="ignore"):
        return float(np.log(p).mean())


@wrong("geometric_mean_prob", "the empty mean is 1", loses="bad input")
def empty_mean_is_one(p):
    p = np.asarray(p, dtype=float)
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log(p).sum() / max(p.size, 1)))


@wrong("geometric_mean_prob", "the warning at 0 is left on", loses="stress")
def geometric_mean_warns_at_zero(p):
    p = np.asarray(p, dtype=float)
    if p.size == 0:
        raise ValueError("p is empty")
    return float(np.exp(np.log(p).mean()))


# ------------------------------------------------------------------------------- nats_to_bits


@right("nats_to_bits", "divided by math.log(2)")
def divided_by_ln_two(nats):
    nats = np.asarray(nats)
    nats = nats if nats.dtype.kind == "f" else nats.astype(float)
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


@wrong("nats_to_bits", "times ln 2: the factor upside down", loses="property")
def times_ln_two(nats):
    nats = np.asarray(nats)
    nats = nats if nats.dtype.kind == "f" else nats.astype(float)
    return nats * math.log(2)


@wrong("nats_to_bits", "the base-2 logarithm of the nats", loses="contract")
def log2_of_the_nats(nats):
    nats = np.asarray(nats)
    nats = nats if nats.dtype.kind == "f" else nats.astype(float)
    with np.errstate(all="ignore"):
        return np.log2(nats)


@wrong("nats_to_bits", "a factor of four digits", loses="reference")
def factor_of_four_digits(nats):
    nats = np.asarray(nats)
    nats = nats if nats.dtype.kind == "f" else nats.astype(float)
    return nats * 1.443


@wrong("nats_to_bits", "back to a number of outcomes and forth again", loses="stress")
def log2_of_exp(nats):
    nats = np.asarray(nats)
    nats = nats if nats.dtype.kind == "f" else nats.astype(float)
    with np.errstate(all="ignore"):
        return np.log2(np.exp(nats))


@wrong("nats_to_bits", "everything becomes float64", loses="contract")
def bits_always_float64(nats):
    return np.array(nats, dtype=np.float64) / math.log(2)


@wrong("nats_to_bits", "divides the caller's array", loses="contract")
def divides_in_place(nats):
    nats = np.asarray(nats)
    nats = nats if nats.dtype.kind == "f" else nats.astype(float)
    if nats.ndim == 0:
        return nats / math.log(2)
    nats /= math.log(2)
    return nats
