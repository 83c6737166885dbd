"""The grading suite of lab 1, ln basics. Contract: 100 points over five functions.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero.
- Sums: adding n terms of one sign, in any order, errs by at most n·u relatively, u = eps/2
  (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 4.2). ``total`` allows it.
- Means behind an exponential: an absolute error d of the mean is a relative error d of e^mean.
  The mean errs by at most (n + 2)·u of itself. A product of n n-th roots errs by 3·n·u at most:
  two u for each power (its exponent 1/n and its value), one for each multiplication. ``behind_exp``
  allows the sum of both.
Decisions where the contract leaves room
- Tests about shape, type or bad input ask for three right digits only; the full accuracy is asked
  for in the categories property, reference and stress.
- "Without underflow" asks ``geometric_mean_prob`` for relative accuracy, however small the mean.
- A float returned for float32 input may be a float32 or a float64; it is held to float32's digits.
- NaN is graded as bad input for ``nll`` alone, the one row that names it.
- A single number may come back as a Python float, a NumPy scalar or a 0-d array.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import functools
import math
import statistics

import numpy as np
import pytest
from mpmath import mp, mpf, workdps

from lnnn.suite import expect
from lnnn.suite.agree import float_type
from lnnn.suite.pace import pace

graded = pytest.mark.graded

DIGITS = 50
BOTH = (np.float64, np.float32)
# How a message may name the argument: as the code does, or as the text does.
P = ("p", "probability", "probabilities")
LOG_PROBS = ("log_probs", "log_prob", "log-probs", "log-probability", "log-probabilities")
# Enough work that the time is the array's, not the call's; small enough to cross a process wall.
BATCH = (256, 1000)
# Measured against NumPy's logarithm in long double, its slowest float type, on processors with and
# without vectorised logarithms: NumPy forms 0.02 to 1, a loop over NumPy scalars 8 to 10.
SLOW = 4


# ------------------------------------------------------------------- the truth, at fifty digits


@functools.lru_cache(maxsize=1 << 16)
def ln(value: float):
    """ln of one float, as an mpf; −inf at 0."""
    with workdps(DIGITS):
        return mp.log(mpf(value)) if value > 0 else mpf("-inf")


def exact_nll(p) -> np.ndarray:
    """−ln p, rounded to float64."""
    p = np.asarray(p, dtype=np.float64)
    return np.array([float(-ln(v)) for v in p.reshape(-1).tolist()]).reshape(p.shape)


def exact_total(p):
    """Σ ln p as an mpf. Equal values are taken together, so many tokens cost little."""
    values, counts = np.unique(np.asarray(p, dtype=np.float64), return_counts=True)
    with workdps(DIGITS):
        pairs = zip(values.tolist(), counts.tolist(), strict=True)
        return mp.fsum(count * ln(v) for v, count in pairs)


def exact_geometric_mean(p) -> float:
    """(Π p)^(1/n), rounded to float64."""
    with workdps(DIGITS):
        return float(mp.exp(exact_total(p) / np.size(p)))


def exact_perplexity(log_probs) -> float:
    """exp(−mean), rounded to float64."""
    values, counts = np.unique(np.asarray(log_probs, dtype=np.float64), return_counts=True)
    with workdps(DIGITS):
        pairs = zip(values.tolist(), counts.tolist(), strict=True)
        total = mp.fsum(count * mpf(v) for v, count in pairs)
        return float(mp.exp(-total / np.size(log_probs)))


def exact_bits(nats) -> np.ndarray:
    """nats / ln 2, rounded to float64."""
    nats = np.asarray(nats, dtype=np.float64)
    with workdps(DIGITS):
        flat = [float(mpf(v) / ln(2.0)) for v in nats.reshape(-1).tolist()]
    return np.array(flat).reshape(nats.shape)


# ------------------------------------------------------------------------------ asking the lab


def elementwise(lab, name, x, reference, *, digits=True, kept=False) -> np.ndarray:
    """Call a function that answers element by element; shape and values are right.

    ``digits=False`` asks for three digits, ``kept=True`` also for the float type of ``x``: what a
    test is not about costs no points in it.
    """
    value = getattr(lab, name)(x)
    if np.ndim(x) == 0 and isinstance(value, float):
        value = np.asarray(value)
    dtype = float_type(x)
    if not kept and isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f":
        with np.errstate(all="ignore"):
            value = value.astype(dtype)
    value = expect.array(value, np.shape(x), dtype)
    compare(value, reference, digits)
    return value


def as_one_float(lab, name, x, reference, slack=0.0, *, digits=True, kept=False) -> float:
    """Call a function that answers with one float; it has the digits of the float type of ``x``.

    ``digits`` as in ``elementwise``. Only ``kept=True`` refuses an array of one element.
    """
    value = getattr(lab, name)(x)
    if not kept and isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    value = expect.scalar(value)
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.asarray(value).astype(float_type(x))
    compare(rounded, np.asarray(float(reference)), digits, slack)
    return value


def compare(value, reference, digits, slack=0.0):
    """To the accuracy of the contract, or to three digits."""
    if not digits:
        slack = slack + 1e-6 + 1e-3 * np.where(np.isfinite(reference), np.abs(reference), 0.0)
    expect.close(value, reference, slack=slack)


def total(lab, p, **what) -> float:
    """Compare sequence_log_prob with the exact sum."""
    reference = float(exact_total(p))
    u = np.finfo(float_type(p)).eps / 2
    slack = np.size(p) * u * abs(reference) if math.isfinite(reference) else 0.0
    return as_one_float(lab, "sequence_log_prob", p, reference, slack, **what)


def behind_exp(reference: float, x) -> float:
    """What a mean of ``x.size`` terms may cost an answer e^±mean; see the top of this file."""
    if not 0 < reference < np.inf:
        return 0.0
    n, u = np.size(x), np.finfo(float_type(x)).eps / 2
    return reference * ((n + 2) * u * abs(math.log(reference)) + 3 * n * u)


def agree_perplexity(lab, log_probs, **what) -> float:
    """Compare perplexity with the exact value."""
    reference = exact_perplexity(log_probs)
    slack = behind_exp(reference, log_probs)
    return as_one_float(lab, "perplexity", log_probs, reference, slack, **what)


def agree_geometric_mean(lab, p, **what) -> float:
    """Compare geometric_mean_prob with the exact value, relatively: 1e-250 must not pass as 0."""
    reference = exact_geometric_mean(p)
    slack = behind_exp(reference, p)
    value = as_one_float(lab, "geometric_mean_prob", p, reference, slack, **what)
    if reference > 0:
        ratio = np.asarray(value / reference).astype(float_type(p))
        compare(ratio, np.ones(()), what.get("digits", True), slack / reference)
    return value


def draw(rng, shape, dtype=np.float64):
    """Probabilities between 1e-3 and 1, evenly spread in their logarithm."""
    return (10.0 ** rng.uniform(-3, 0, shape)).astype(dtype)


# -------------------------------------------------------------------------------------- nll (26)


@graded(
    function="nll",
    category="contract",
    points=5,
    rule="It returns −ln p in the shape of p; lists, integers and single numbers work too",
    feedback="Look at the base (np.log is the natural one), at the sign, and at anything that "
    "averages: the loss of each element is wanted. Start with np.asarray, so that lists work.",
)
def test_nll_is_minus_ln_p_in_the_shape_of_p(lab, rng):
    for dtype in BOTH:
        for shape in (7, (3, 5), (2, 3, 4)):
            p = draw(rng, shape, dtype)
            elementwise(lab, "nll", p, exact_nll(p), digits=False)
    p = draw(rng, 4)
    elementwise(lab, "nll", p.tolist(), exact_nll(p), digits=False)
    elementwise(lab, "nll", np.array([1, 1]), np.zeros(2), digits=False)
    elementwise(lab, "nll", float(p[0]), exact_nll(p[0]), digits=False)


@graded(
    function="nll",
    category="contract",
    points=2,
    rule="float32 in, float32 out; integers and lists are computed in float64",
    feedback="Turn the array into float64 only if it is no float array already. Look for a float64 "
    "array on the way that drags the result along.",
)
def test_nll_keeps_the_float_type(lab, rng):
    for p in (draw(rng, 5), draw(rng, 5, np.float32), draw(rng, 3).tolist(), np.array([1, 1])):
        elementwise(lab, "nll", p, exact_nll(p), digits=False, kept=True)
    # np.log of a small integer type would answer in float16.
    elementwise(lab, "nll", np.array([1, 0, 1], np.int8), np.array([0, np.inf, 0]), kept=True)


@graded(
    function="nll",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="np.log(p, out=p), p *= … and p[p == 0] = … write into the caller's array, because "
    "np.asarray makes no copy.",
)
def test_nll_leaves_its_argument_alone(lab, rng):
    for dtype in BOTH:
        p = draw(rng, (3, 4), dtype)
        elementwise(lab, "nll", p, exact_nll(p), digits=False)
        expect.untouched(lab)


@graded(
    function="nll",
    category="property",
    points=3,
    rule="The losses of a product add up, and a smaller p never has a smaller loss",
    feedback="ln(pq) = ln p + ln q holds for every base, but not with a number added inside the "
    "logarithm, a floor below p, or a formula in 1 − p.",
)
def test_the_loss_of_a_product_is_the_sum_of_the_losses(lab, rng):
    # Few bits each, so that the products are exact.
    p, q = rng.integers(1, 2**20, (2, 6)) / 2**20
    q = q * 2.0 ** -rng.integers(0, 90, 6)
    answers = [elementwise(lab, "nll", x, exact_nll(x)) for x in (p, q, p * q)]
    expect.close(answers[0] + answers[1], answers[2], what="the sum of two losses")
    p = np.sort(draw(rng, 20))
    if np.any(np.diff(elementwise(lab, "nll", p, exact_nll(p))) > 0):
        raise AssertionError("a larger p has a larger loss")


@graded(
    function="nll",
    category="reference",
    points=4,
    rule="It agrees with the exact value, from p next to 0 to p next to 1",
    feedback="np.log alone is that good. An epsilon or a floor is seen here first where p is "
    "small, a float32 step on the way everywhere.",
)
def test_nll_agrees_with_fifty_digits(lab, rng):
    small = 10.0 ** rng.uniform(-300, -3, 12)
    close_to_one = 1 - 10.0 ** rng.uniform(-15, -1, 12)
    for p in (small, close_to_one, rng.random(12)):
        elementwise(lab, "nll", p, exact_nll(p))
    small = (10.0 ** rng.uniform(-37, -3, 12)).astype(np.float32)
    elementwise(lab, "nll", small, exact_nll(small))
    close_to_one = (1 - 10.0 ** rng.uniform(-6, -1, 12)).astype(np.float32)
    elementwise(lab, "nll", close_to_one, exact_nll(close_to_one))


@graded(
    function="nll",
    category="reference",
    points=1,
    rule="It agrees with scipy.special.entr(p) / p",
    feedback="SciPy's entr(p) is −p ln p. Compare the two on a few probabilities; the first that "
    "differs tells what to look at.",
)
def test_nll_agrees_with_scipy(lab, rng):
    from scipy import special

    p = draw(rng, (4, 6))
    elementwise(lab, "nll", p, special.entr(p) / p)


@graded(
    function="nll",
    category="stress",
    points=3,
    rule="p = 0 gives +inf, without a warning",
    feedback="np.log(0) is −inf and warns. The infinity is the right answer; with "
    "np.errstate(divide='ignore') around the logarithm it comes silently. An epsilon or np.clip "
    "puts a finite, wrong number in its place.",
)
def test_nll_of_zero_is_infinite_and_silent(lab):
    for dtype in BOTH:
        p = np.array([[0.5, 0.0], [1.0, 0.25]], dtype)
        elementwise(lab, "nll", p, exact_nll(p))
        expect.quiet(lab)
    elementwise(lab, "nll", np.array([0, 1]), np.array([np.inf, 0.0]))
    expect.quiet(lab)


@graded(
    function="nll",
    category="stress",
    points=2,
    rule="The smallest probabilities a float can hold, and those next to 1, have finite, right "
    "losses",
    feedback="1/p overflows for such p, and an epsilon swallows them. The logarithm itself has no "
    "trouble with them.",
)
def test_the_smallest_probabilities_have_finite_losses(lab):
    for p in (
        np.array([5e-324, 1e-310, 2.2e-308, 1e-300, 1 - 2**-53]),
        np.array([1.5e-45, 1e-40, 1.2e-38, 1 - 2**-24], np.float32),
    ):
        expect.finite(elementwise(lab, "nll", p, exact_nll(p)))
        expect.quiet(lab)


@graded(
    function="nll",
    category="stress",
    points=1,
    rule="A large array takes NumPy time, not a Python loop over its elements",
    feedback="np.log works on the whole array, and so do the comparisons that check it. A Python "
    "loop over the elements costs about a hundred times as much.",
)
def test_nll_of_a_large_array_takes_numpy_time(lab, rng):
    p = rng.uniform(0.01, 1, BATCH)
    wide = p.astype(np.longdouble)
    value, reference, ratio = pace(lab, lambda: lab.nll(p), lambda: -np.log(wide), SLOW)
    # NumPy's own values serve here: 1e-9 only has to tell a right array from a wrong one.
    if not np.allclose(expect.array(value, p.shape, p.dtype), reference, 1e-9, 1e-9):
        raise AssertionError("the values of the large array are wrong")
    if ratio > SLOW:
        raise AssertionError(f"more than {SLOW} times as slow as NumPy")


@graded(
    function="nll",
    category="bad input",
    points=2,
    rule="A p below 0 or above 1 is a ValueError that names it, wherever it stands",
    feedback="Check the whole array before the logarithm. np.log(−1) is only a NaN and a warning, "
    "and np.log(1.2) is a perfectly ordinary number: neither stops anybody.",
)
def test_nll_refuses_what_lies_outside_zero_and_one(lab, rng):
    p = draw(rng, (2, 3))
    elementwise(lab, "nll", p, exact_nll(p), digits=False)
    for wrong in (-0.25, 1.5, -5e-324, 1 + 2**-52, np.inf, -np.inf):
        p[1, 2] = wrong
        with expect.refused(*P):
            lab.nll(p)


@graded(
    function="nll",
    category="bad input",
    points=2,
    rule="A NaN among the probabilities is a ValueError that names p",
    feedback="NaN < 0 and NaN > 1 are both false, so two comparisons let it through. Ask instead "
    "whether all values lie between 0 and 1.",
)
def test_nll_refuses_nan(lab, rng):
    p = draw(rng, 5)
    elementwise(lab, "nll", p, exact_nll(p), digits=False)
    p[3] = np.nan
    for bad in (p, p.astype(np.float32), p[3:4]):
        with expect.refused(*P):
            lab.nll(bad)


# ------------------------------------------------------------------------ sequence_log_prob (22)


@graded(
    function="sequence_log_prob",
    category="contract",
    points=4,
    rule="It returns Σ ln p",
    feedback="Log-probabilities are negative, so their sum is too: no minus sign here, and no "
    "mean.",
)
def test_sequence_log_prob_is_the_sum_of_ln_p(lab, rng):
    for size in (1, 2, 9):
        total(lab, draw(rng, size), digits=False)
    total(lab, draw(rng, 5).tolist(), digits=False)
    total(lab, draw(rng, 6, np.float32), digits=False)


@graded(
    function="sequence_log_prob",
    category="contract",
    points=1,
    rule="The answer is one float",
    feedback="Return float(…), not an array of one element: look for keepdims or an index like "
    "[-1:].",
)
def test_sequence_log_prob_is_one_float(lab, rng):
    for dtype in BOTH:
        total(lab, draw(rng, 4, dtype), digits=False, kept=True)


@graded(
    function="sequence_log_prob",
    category="contract",
    points=1,
    rule="The empty sequence gives 0.0",
    feedback="The empty product is 1, and ln 1 is 0. np.sum of an empty array says so by itself; "
    "a mean or a maximum does not.",
)
def test_the_empty_sequence_is_certain(lab, rng):
    total(lab, draw(rng, 3), digits=False)
    for empty in ([], np.array([])):
        as_one_float(lab, "sequence_log_prob", empty, 0.0)
        expect.quiet(lab)


@graded(
    function="sequence_log_prob",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="np.log(p, out=p) and p *= … write into the caller's array.",
)
def test_sequence_log_prob_leaves_its_argument_alone(lab, rng):
    p = draw(rng, 8)
    total(lab, p, digits=False)
    expect.untouched(lab)


@graded(
    function="sequence_log_prob",
    category="property",
    points=3,
    rule="Two sequences, one after the other, have the sum of their log-probabilities; the order "
    "of the tokens does not matter; a token of probability 1 adds nothing",
    feedback="A mean fails this, and so does an epsilon in the logarithm: it adds a little for "
    "every token.",
)
def test_joined_sequences_add_up(lab, rng):
    a, b = draw(rng, 7), draw(rng, 12)
    both = total(lab, np.concatenate([a, b]))
    slack = 20 * np.finfo(np.float64).eps * abs(both)
    wanted = np.array(total(lab, a) + total(lab, b))
    expect.close(np.array(both), wanted, slack=slack, what="the joined sequence")
    shuffled = total(lab, rng.permutation(np.concatenate([a, b])))
    expect.close(np.array(shuffled), wanted, slack=slack, what="the shuffled sequence")
    total(lab, np.concatenate([a, np.ones(1000)]))


@graded(
    function="sequence_log_prob",
    category="reference",
    points=4,
    rule="It agrees with the exact value, for likely and for unlikely tokens",
    feedback="An epsilon such as 1e-12 inside the logarithm shows up here. So does a product on "
    "the way, which loses digits long before it becomes 0.",
)
def test_sequence_log_prob_agrees_with_fifty_digits(lab, rng):
    from scipy import special

    for size in (3, 50):
        total(lab, 10.0 ** rng.uniform(-300, 0, size))
        total(lab, 1 - 10.0 ** rng.uniform(-12, -2, size))
        total(lab, rng.uniform(0.05, 1, size).astype(np.float32))
    p = draw(rng, 200)
    reference = math.fsum(special.xlogy(1.0, p))
    slack = 200 * np.finfo(np.float64).eps * abs(reference)
    as_one_float(lab, "sequence_log_prob", p, reference, slack)


@graded(
    function="sequence_log_prob",
    category="stress",
    points=4,
    rule="100 000 tokens have a finite, right log-probability, without a warning",
    feedback="The product of that many probabilities is 0 in any float, and ln 0 is −inf. Take "
    "the logarithm of each probability first, then add.",
)
def test_a_hundred_thousand_tokens_survive(lab):
    for values in ((0.5,), (0.01, 0.9, 0.3, 0.999), (1e-300, 0.7)):
        p = np.resize(np.array(values), 100_000)
        if not math.isfinite(total(lab, p)):
            raise AssertionError("the log-probability is not finite")
        expect.quiet(lab)


@graded(
    function="sequence_log_prob",
    category="stress",
    points=2,
    rule="One zero makes it −inf, without a warning",
    feedback="An impossible token makes the sequence impossible. Do not leave the zero out and do "
    "not lift it to an epsilon; turn off the warning of np.log with np.errstate.",
)
def test_one_impossible_token_makes_the_sequence_impossible(lab):
    total(lab, np.array([0.5, 0.25]))
    for p in ([0.5, 0.0, 0.25], [0.0], [0.0, 0.0, 1.0]):
        total(lab, np.array(p))
        expect.quiet(lab)


@graded(
    function="sequence_log_prob",
    category="bad input",
    points=2,
    rule="A probability outside [0, 1] is a ValueError that names p",
    feedback="Check all values before the logarithm: ln 1.2 would pass as an ordinary number, and "
    "ln of a negative one turns the whole sum into NaN.",
)
def test_sequence_log_prob_refuses_what_is_no_probability(lab, rng):
    p = draw(rng, 6)
    total(lab, p, digits=False)
    for wrong in (-0.1, 1.25, 1 + 2**-52):
        p[4] = wrong
        with expect.refused(*P):
            lab.sequence_log_prob(p)


# ------------------------------------------------------------------------------- perplexity (22)


@graded(
    function="perplexity",
    category="contract",
    points=4,
    rule="It returns exp(−mean) of the log-probabilities",
    feedback="Three things go wrong here: the minus sign, the sum in place of the mean, and "
    "2 ** (…) with log-probabilities in nats.",
)
def test_perplexity_is_exp_of_minus_the_mean(lab, rng):
    for size in (1, 2, 9):
        agree_perplexity(lab, np.log(draw(rng, size)), digits=False)
    agree_perplexity(lab, np.log(draw(rng, 5)).tolist(), digits=False)
    agree_perplexity(lab, np.log(draw(rng, 6)).astype(np.float32), digits=False)
    agree_perplexity(lab, -rng.integers(1, 9, 5), digits=False)


@graded(
    function="perplexity",
    category="contract",
    points=1,
    rule="The answer is one float",
    feedback="Return float(…), not an array of one element.",
)
def test_perplexity_is_one_float(lab, rng):
    for dtype in BOTH:
        agree_perplexity(lab, np.log(draw(rng, 4, dtype)), digits=False, kept=True)


@graded(
    function="perplexity",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="log_probs *= −1 writes into the caller's array. −log_probs makes a new one.",
)
def test_perplexity_leaves_its_argument_alone(lab, rng):
    log_probs = np.log(draw(rng, 8))
    agree_perplexity(lab, log_probs, digits=False)
    expect.untouched(lab)


@graded(
    function="perplexity",
    category="property",
    points=4,
    rule="V equally likely tokens have the perplexity V; saying the same text twice changes "
    "nothing; certainty gives 1",
    feedback="If twice the text has another perplexity, there is a sum where a mean belongs. If V "
    "comes out as another power of V, look at the base of the logarithm.",
)
def test_equally_likely_tokens_have_the_perplexity_of_their_number(lab, rng):
    for v in rng.integers(2, 50_000, 3).tolist():
        log_probs = np.full(int(rng.integers(1, 40)), -math.log(v))
        value = agree_perplexity(lab, log_probs)
        # The logarithm itself is rounded: half an ulp of ln V is a relative error of that size.
        slack = v * math.log(v) * np.finfo(np.float64).eps + behind_exp(v, log_probs)
        expect.close(np.array(value), np.array(float(v)), slack=slack)
    text = np.log(draw(rng, 11))
    once, twice = agree_perplexity(lab, text), agree_perplexity(lab, np.tile(text, 2))
    expect.close(np.array(twice), np.array(once), slack=2 * behind_exp(once, np.tile(text, 2)))
    agree_perplexity(lab, np.zeros(3))


@graded(
    function="perplexity",
    category="reference",
    points=4,
    rule="It agrees with the exact value",
    feedback="Average the logarithms, not their exponentials: the mean of 1/p is something else, "
    "and larger.",
)
def test_perplexity_agrees_with_fifty_digits(lab, rng):
    for size in (3, 50, 400):
        agree_perplexity(lab, -rng.exponential(2.0, size))
        agree_perplexity(lab, -(10.0 ** rng.uniform(-8, 1, size)))
    agree_perplexity(lab, -rng.exponential(2.0, 50).astype(np.float32))


@graded(
    function="perplexity",
    category="stress",
    points=3,
    rule="100 000 tokens, and a mean of −600, give a finite, right value without a warning",
    feedback="The sum of that many log-probabilities is far below −745, and its exponential is 0. "
    "Divide by the number of tokens before exp, not after it.",
)
def test_the_perplexity_of_a_long_text_is_finite(lab):
    for log_probs in (
        np.resize(np.array([-0.7, -4.0, -0.01]), 100_000),
        np.array([-600.0, -590.0, -610.0]),
        np.array([-1e-300, -2e-300]),
        np.array([-1500.0, -0.5, -0.25]),
    ):
        value = agree_perplexity(lab, log_probs)
        if not math.isfinite(value):
            raise AssertionError("the perplexity is not finite")
        expect.quiet(lab)


@graded(
    function="perplexity",
    category="stress",
    points=2,
    rule="A log-probability of −inf gives +inf, without a warning",
    feedback="The text holds a token that the model called impossible. The mean is −inf, and "
    "e^(+inf) is +inf, all by itself. Leaving such tokens out, or capping them, hides it.",
)
def test_an_impossible_token_has_infinite_perplexity(lab):
    agree_perplexity(lab, np.array([-1.0, -2.5]))
    for log_probs in ([-1.0, -np.inf, -0.5], [-np.inf], [-np.inf, -np.inf]):
        agree_perplexity(lab, np.array(log_probs))
        expect.quiet(lab)


@graded(
    function="perplexity",
    category="bad input",
    points=1,
    rule="No log-probabilities at all is a ValueError that names log_probs",
    feedback="The mean of nothing is NaN in NumPy, with a warning that is easy to miss. Ask for "
    "the size first.",
)
def test_perplexity_of_nothing_is_refused(lab, rng):
    agree_perplexity(lab, np.log(draw(rng, 4)), digits=False)
    for empty in ([], np.array([])):
        with expect.refused(*LOG_PROBS):
            lab.perplexity(empty)


@graded(
    function="perplexity",
    category="bad input",
    points=2,
    rule="A positive log-probability is a ValueError that names log_probs",
    feedback="A positive value says that somebody handed in losses, or logits. Nothing fails by "
    "itself then, and the perplexity comes out below 1. Check every element, not the mean.",
)
def test_a_positive_log_probability_is_refused(lab, rng):
    log_probs = np.log(draw(rng, 5))
    agree_perplexity(lab, log_probs, digits=False)
    for wrong in (0.5, 1e-9, 3.0):
        log_probs[2] = wrong
        with expect.refused(*LOG_PROBS):
            lab.perplexity(log_probs)


# ---------------------------------------------------------------------- geometric_mean_prob (18)


@graded(
    function="geometric_mean_prob",
    category="contract",
    points=3,
    rule="It returns the n-th root of the product of n probabilities",
    feedback="np.mean is the arithmetic mean. For the geometric one the mean is taken of the "
    "logarithms, and exp brings it back to a probability.",
)
def test_the_geometric_mean_is_the_nth_root_of_the_product(lab, rng):
    for size in (1, 2, 9):
        agree_geometric_mean(lab, draw(rng, size), digits=False)
    agree_geometric_mean(lab, draw(rng, 5).tolist(), digits=False)
    agree_geometric_mean(lab, draw(rng, 6, np.float32), digits=False)


@graded(
    function="geometric_mean_prob",
    category="contract",
    points=1,
    rule="The answer is one float",
    feedback="Return float(…), not an array of one element.",
)
def test_geometric_mean_prob_is_one_float(lab, rng):
    for dtype in BOTH:
        agree_geometric_mean(lab, draw(rng, 4, dtype), digits=False, kept=True)


@graded(
    function="geometric_mean_prob",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="p **= … and np.log(p, out=p) write into the caller's array.",
)
def test_geometric_mean_prob_leaves_its_argument_alone(lab, rng):
    p = draw(rng, 8)
    agree_geometric_mean(lab, p, digits=False)
    expect.untouched(lab)


@graded(
    function="geometric_mean_prob",
    category="property",
    points=3,
    rule="Equal probabilities have that mean; dividing all of them by one number divides the mean "
    "by it; it is never above the arithmetic mean",
    feedback="An arithmetic mean passes the first two and fails the third. An epsilon in the "
    "logarithm fails the second.",
)
def test_the_geometric_mean_scales_and_stays_below_the_arithmetic_one(lab, rng):
    p = draw(rng, 10)
    value = agree_geometric_mean(lab, p)
    small = agree_geometric_mean(lab, p / 1024)
    expect.close(np.array(small), np.array(value / 1024), slack=2 * behind_exp(small, p))
    if not p.min() < value < p.mean():
        raise AssertionError("it lies outside the smallest probability and the arithmetic mean")
    same = np.full(6, p[0])
    expect.close(
        np.array(agree_geometric_mean(lab, same)), p[0], slack=behind_exp(float(p[0]), same)
    )


@graded(
    function="geometric_mean_prob",
    category="reference",
    points=3,
    rule="It agrees with the exact value, and with Python's statistics.geometric_mean",
    feedback="Compare with statistics.geometric_mean on a short list. If the two differ in the "
    "first digits, it is another mean; if only for small p, there is an epsilon.",
)
def test_geometric_mean_prob_agrees_with_fifty_digits(lab, rng):
    for size in (3, 50, 400):
        agree_geometric_mean(lab, draw(rng, size))
        agree_geometric_mean(lab, 10.0 ** rng.uniform(-250, 0, size))
    agree_geometric_mean(lab, rng.uniform(0.05, 1, 50).astype(np.float32))
    p = draw(rng, 20)
    reference = statistics.geometric_mean(p.tolist())
    # Its own error is that of a mean behind an exponential, too.
    slack = 2 * behind_exp(reference, p)
    as_one_float(lab, "geometric_mean_prob", p, reference, slack)


@graded(
    function="geometric_mean_prob",
    category="stress",
    points=3,
    rule="It does not underflow: 100 000 tokens, or a few tiny ones, have the right mean",
    feedback="The product is 0 long before its root is taken, and the root of 0 is 0. Go through "
    "the logarithms.",
)
def test_the_product_never_underflows(lab):
    for p in (
        np.full(100_000, 0.5),
        np.resize(np.array([0.01, 0.9, 0.3]), 100_000),
        np.array([1e-200, 1e-250, 1e-300]),
    ):
        agree_geometric_mean(lab, p)
        expect.quiet(lab)


@graded(
    function="geometric_mean_prob",
    category="stress",
    points=2,
    rule="A zero anywhere gives 0.0, without a warning",
    feedback="ln 0 = −inf, and e^(−inf) is exactly 0, so the zero takes care of itself once the "
    "warning of np.log is off. Leaving zeros out, or an epsilon, gives another number.",
)
def test_a_zero_makes_the_geometric_mean_zero(lab):
    agree_geometric_mean(lab, np.array([0.5, 0.25, 0.9]))
    for p in ([0.5, 0.0, 0.9], [0.0], [0.0] * 3, [1e-5] * 500 + [0.0]):
        agree_geometric_mean(lab, np.array(p))
        expect.quiet(lab)


@graded(
    function="geometric_mean_prob",
    category="bad input",
    points=2,
    rule="An empty p is a ValueError that names it",
    feedback="0/0 on the way makes a NaN, and the empty product has no 0-th root. Ask for the size "
    "first.",
)
def test_the_geometric_mean_of_nothing_is_refused(lab, rng):
    agree_geometric_mean(lab, draw(rng, 4), digits=False)
    for empty in ([], np.array([])):
        with expect.refused(*P):
            lab.geometric_mean_prob(empty)


# ----------------------------------------------------------------------------- nats_to_bits (12)


@graded(
    function="nats_to_bits",
    category="contract",
    points=2,
    rule="It returns nats / ln 2 in the shape of nats; lists, integers, single numbers work too",
    feedback="ln 2 nats are 1 bit, so there are more bits than nats: 1.44 for each. If your number "
    "shrinks, the factor is upside down. np.log2(nats) takes a second logarithm.",
)
def test_nats_to_bits_divides_by_ln_two(lab, rng):
    for dtype in BOTH:
        for shape in (6, (2, 3)):
            nats = (10 * rng.standard_normal(shape)).astype(dtype)
            elementwise(lab, "nats_to_bits", nats, exact_bits(nats), digits=False)
    nats = rng.integers(1, 9, 4)
    elementwise(lab, "nats_to_bits", nats, exact_bits(nats), digits=False)
    elementwise(lab, "nats_to_bits", nats.tolist(), exact_bits(nats), digits=False)
    elementwise(lab, "nats_to_bits", 2.5, exact_bits(2.5), digits=False)


@graded(
    function="nats_to_bits",
    category="contract",
    points=1,
    rule="float32 in, float32 out; integers and lists are computed in float64",
    feedback="A Python float such as math.log(2) keeps the type of the array; a float64 array does "
    "not. Turn the input into float64 only if it is no float array already.",
)
def test_nats_to_bits_keeps_the_float_type(lab, rng):
    nats = rng.exponential(2.0, 4)
    for x in (nats, nats.astype(np.float32), nats.tolist(), np.array([1, 2])):
        elementwise(lab, "nats_to_bits", x, exact_bits(x), digits=False, kept=True)


@graded(
    function="nats_to_bits",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="nats /= … writes into the caller's array. nats / … makes a new one.",
)
def test_nats_to_bits_leaves_its_argument_alone(lab, rng):
    nats = rng.exponential(2.0, 5)
    elementwise(lab, "nats_to_bits", nats, exact_bits(nats), digits=False)
    expect.untouched(lab)


@graded(
    function="nats_to_bits",
    category="property",
    points=3,
    rule="k · ln 2 nats are k bits, and the sum of two amounts has the sum of their bits",
    feedback="One event in two is ln 2 nats and one bit. Check that case by hand. A change of unit "
    "is one constant factor, nothing else.",
)
def test_ln_two_nats_are_one_bit(lab, rng):
    bits = rng.integers(1, 60, 5)
    # ln 2 as a float is off by half an ulp, and so is the product: 2.2e-16 relative.
    value = elementwise(lab, "nats_to_bits", bits * math.log(2), exact_bits(bits * math.log(2)))
    expect.close(value, bits.astype(float))
    a, b = rng.integers(-(2**20), 2**20, (2, 4)) / 2**10
    answers = [elementwise(lab, "nats_to_bits", x, exact_bits(x)) for x in (a, b, a + b)]
    # Each of the two is off by 1e-12 of itself at most, and their sum may cancel.
    expect.close(answers[0] + answers[1], answers[2], slack=1e-12 * 2**12)


@graded(
    function="nats_to_bits",
    category="reference",
    points=3,
    rule="It agrees with the exact value, to all digits",
    feedback="Let NumPy compute ln 2. A factor written with three or four digits is right to three "
    "or four digits.",
)
def test_nats_to_bits_agrees_with_fifty_digits(lab, rng):
    nats = 10.0 ** rng.uniform(-10, 10, 20) * rng.choice([-1.0, 1.0], 20)
    elementwise(lab, "nats_to_bits", nats, exact_bits(nats))
    p = draw(rng, 20)
    # −log2 p is the same surprisal, straight from NumPy. Both logarithms are right to a few ulp.
    elementwise(lab, "nats_to_bits", -np.log(p), -np.log2(p))


@graded(
    function="nats_to_bits",
    category="stress",
    points=2,
    rule="It works for any real number: 1e300, negative ones, zero",
    feedback="There is no need to go back to a probability: exp of a large number overflows, and "
    "exp of a large loss with the other sign is 0.",
)
def test_nats_to_bits_takes_any_real_number(lab):
    nats = np.array([1e300, -1e300, 800.0, -800.0, 0.0, 1e-300])
    expect.finite(elementwise(lab, "nats_to_bits", nats, exact_bits(nats)))
    expect.quiet(lab)
    nats = np.array([1e30, -1e30, 100.0, -120.0, 0.0], np.float32)
    expect.finite(elementwise(lab, "nats_to_bits", nats, exact_bits(nats)))
    expect.quiet(lab)
