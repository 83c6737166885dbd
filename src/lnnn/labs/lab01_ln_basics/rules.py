"""The rules of lab 1, ln basics: 100 points over five functions, with what only the grader asks.

Where the tolerances come from, beside the course's contract (``expect``)
- Sums: adding n terms of one sign, in any order, errs by at most n·u relatively, u = eps/2
  (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 4.2).
- Means behind an exponential: an absolute error d of the mean is a relative error d of e^mean.
  The mean errs by at most (n + 2)·u of itself. A product of n n-th roots errs by 3·n·u at most:
  two u for each power (its exponent 1/n and its value), one for each multiplication.
  ``rounding_of`` allows the sum of both.
Decisions where the contract leaves room
- Rules about shape, type or bad input ask for three right digits only; the full accuracy is asked
  for in the categories property, reference and stress.
- "Without underflow" asks ``geometric_mean_prob`` for relative accuracy, however small the mean.
- A float returned for float32 input may be a float32 or a float64; it is held to float32's digits.
- NaN is graded as bad input for ``nll`` and ``perplexity``, the rows that name it.
- A single number may come back as a Python float, a NumPy scalar or a 0-d array."""

import functools
import math

import numpy as np
from mpmath import mp, mpf, workdps

from lnnn.messages import _
from lnnn.suite import expect
from lnnn.suite.agree import float_type
from lnnn.suite.rule import given, rule

INF = np.inf
DIGITS = 50
LN2 = math.log(2)
ELEMENTWISE = ("nll", "nats_to_bits")
FLOATS = ("sequence_log_prob", "perplexity", "geometric_mean_prob")
# How a message may name the argument: as the code does, or as the text does.
P = ("p", "probability", "probabilities")
LOG_PROBS = ("log_probs", "log_prob", "log-probs", "log-probability", "log-probabilities")

HALVES = np.array([0.5, 0.25, 0.125])
PROBABILITIES = [given(p) for p in (np.array([[0.5, 0.25], [1.0, 0.125]]), [0.3, 0.92], 0.25)]
TINY = 2.0 ** -np.array([50.0, 500.0, 1074.0])
ENDS = [given(TINY), given([1 - 1e-9])]
EMPTY = [given([0.5], np.array([]))]
NOTHING = {"perplexity": [given([-0.5], np.array([]))], "geometric_mean_prob": EMPTY}
ALONE = {of: [given(HALVES)] for of in (*ELEMENTWISE, *FLOATS)}
ALONE |= {"perplexity": [given(np.log(HALVES))]}
IMPOSSIBLE = [given([-1.0, -2.5], np.array([-1.0, least])) for least in (-INF, -2000.0)]
ONE_ZERO = [given([0.5, 0.5], np.array([0.5, 0.0, last])) for last in (0.9, 0.5)]
OUTSIDE = [given([0.5, other], np.array([0.5, p])) for other in (0.25, 0.5) for p in (-0.1, 1.5)]
LONG = [given(np.full(100_000, 0.5)), given([1e-200, 1e-300])]
UNIFORM = [given(50, length, np.array([-3.0, -1.0])) for length in (1, 7, 1000)]
FOUR_AMOUNTS = LN2 * np.array([[1.0, 3.0], [10.0, 0.0]])
NATS = [given(x) for x in (FOUR_AMOUNTS, 2.0, np.array([LN2, -LN2], np.float32), [1, 2])]
TYPES = [given(x) for x in (np.array([0.5, 0.25], np.float32), [0.5, 0.125], np.array([1, 1]))]


# ------------------------------------------------------ the exact values, and asking the lab
@functools.lru_cache(maxsize=1 << 16)
def ln(value: float):
    """ln of one float, as an mpf; −inf at 0."""
    with workdps(DIGITS):
        return mp.log(mpf(value)) if value > 0 else mpf("-inf")


def exact(function: str, x) -> np.ndarray:
    """What ``function`` has to answer, at fifty digits, rounded to float64."""
    wide = np.asarray(x, dtype=np.float64)
    with workdps(DIGITS):
        if function in ELEMENTWISE:
            of = {"nll": lambda v: -ln(v), "nats_to_bits": lambda v: mpf(v) / ln(2.0)}[function]
            return np.array([float(of(v)) for v in wide.reshape(-1).tolist()]).reshape(wide.shape)
        # Equal values are taken together, so many tokens cost little.
        values, counts = (a.tolist() for a in np.unique(wide, return_counts=True))
        logs = map(mpf if function == "perplexity" else ln, values)
        total = mp.fsum(count * log for log, count in zip(logs, counts, strict=True))
        if function == "sequence_log_prob":
            return np.array(float(total))
        return np.array(float(mp.exp((-total if function == "perplexity" else total) / wide.size)))


def rounding_of(function: str, x, reference) -> float:
    """What it may cost to add or to multiply all of ``x``; see the top of this file."""
    if function in ELEMENTWISE or reference == 0 or np.isinf(reference):
        return 0.0
    n, u = np.size(x), np.finfo(float_type(x)).eps / 2
    if function == "sequence_log_prob":
        return n * u * abs(reference)
    return reference * ((n + 2) * u * abs(math.log(reference)) + 3 * n * u)


def agree(lab, function, x, *, roughly=False, strictly=False):
    """Call ``function`` and compare its answer with the exact one; the answer.

    What a rule is not about costs no points in it: ``roughly`` asks for three digits, and only
    ``strictly`` for the float type of ``x``, or for one float and no array of one element."""
    reference = exact(function, x)
    value = getattr(lab, function)(x)
    if function in ELEMENTWISE:
        if np.ndim(x) == 0 and isinstance(value, float):
            value = np.asarray(value)
        of_type = expect.array if strictly else expect.floats
        found = value = of_type(value, np.shape(x), float_type(x))
    else:
        value = (expect.scalar if strictly else expect.number)(value)
        with np.errstate(over="ignore", under="ignore"):
            found = np.asarray(value).astype(float_type(x))
    slack = rounding_of(function, x, reference)
    tolerance = {"relative": 1e-3, "absolute": 1e-6} if roughly else {}
    expect.close(found, reference, slack=slack, **tolerance)
    if function == "geometric_mean_prob" and reference > 0:  # 1e-250 must not pass as 0
        ratio = np.asarray(value / reference).astype(float_type(x))
        what = "the answer over the right one"
        expect.close(ratio, 1.0, slack=slack / reference, what=what, **tolerance)
    return value


# -------------------------------------------------------------------------------------- nll (26)
@rule("nll", "contract", points=5, examples=PROBABILITIES)
def the_loss_is_minus_ln_p_in_the_shape_of_p(lab, p):
    """It returns −ln p in the shape of p: ½ costs ln 2, ¼ twice that, 1 nothing; lists, integers
    and single numbers work too

    Look at the base (np.log is the natural one), at the sign, and at anything that averages: the
    loss of each element is wanted. Start with np.asarray, so that lists work."""
    agree(lab, "nll", p, roughly=True)


@rule("nll", "property", points=3)
def the_loss_of_a_product_is_the_sum_of_the_losses(lab, p, q):
    """The losses of a product add up, and a smaller p never has a smaller loss

    ln(pq) = ln p + ln q holds for every base, but not with a number added inside the logarithm, a
    floor below p, or a formula in 1 − p."""
    answers = [agree(lab, "nll", x) for x in (p, q, p * q)]
    expect.close(answers[0] + answers[1], answers[2], what="the sum of two losses")
    falling = np.all(np.diff(answers[0][np.argsort(p)]) <= 0)
    expect.that(falling, _("a larger p has a larger loss"))


@rule("nll", "stress", points=3, examples=[given(np.array([0.0, 0.5]))])
def the_loss_of_zero_is_infinite_and_silent(lab, p):
    """p = 0 gives +inf, without a warning

    np.log(0) is −inf and warns. The infinity is the right answer; with np.errstate(divide='ignore')
    around the logarithm it comes silently. An epsilon or np.clip puts a finite, wrong number in its
    place."""
    agree(lab, "nll", p)
    expect.quiet(lab)


@rule("nll", "stress", points=2, examples=[given(TINY)])
def the_smallest_probabilities_have_finite_losses(lab, p):
    """The smallest probabilities a float can hold, and those next to 1, have finite, right losses

    1/p overflows for such p, and an epsilon swallows them. The logarithm itself has no trouble with
    them."""
    expect.finite(agree(lab, "nll", p))
    expect.quiet(lab)


@rule("nll", "bad input", points=2, examples=[given(HALVES, np.array([0.5, np.nan]))])
def nan_is_refused(lab, p, bad):
    """A NaN among the probabilities is a ValueError that names p

    NaN < 0 and NaN > 1 are both false, so two comparisons let it through. Ask instead whether all
    values lie between 0 and 1; if not, raise."""
    agree(lab, "nll", p, roughly=True)
    expect.refuses(lab.nll, bad, names=P)


# ------------------------------------------------------------------------ sequence_log_prob (22)
@rule("sequence_log_prob", "contract", points=4, examples=[given(HALVES), given([0.9, 0.3])])
def it_is_the_sum_of_ln_p(lab, p):
    """It returns Σ ln p: ½, ¼ and ⅛ together have the log-probability −6 · ln 2

    Sum the logarithms. They are negative, so their sum is too: no minus sign here, and no mean."""
    agree(lab, "sequence_log_prob", p, roughly=True)


@rule("sequence_log_prob", "contract", points=1, examples=EMPTY)
def the_empty_sequence_is_certain(lab, p, empty):
    """The empty sequence gives 0.0

    The empty product is 1, and ln 1 is 0. np.sum of an empty array says so by itself; a mean, a
    maximum or a product with an index does not."""
    agree(lab, "sequence_log_prob", p, roughly=True)
    agree(lab, "sequence_log_prob", empty)
    expect.quiet(lab)


@rule("sequence_log_prob", "property", points=3)
def joined_sequences_add_up(lab, a, b, order):
    """Two sequences, one after the other, have the sum of their log-probabilities; the order of the
    tokens does not matter; a token of probability 1 adds nothing

    A mean fails this, and so does an epsilon in the logarithm: it adds a little for every token."""
    joined = np.concatenate([a, b])
    every = joined, a, b, joined[order]
    both, first, second, shuffled = (agree(lab, "sequence_log_prob", p) for p in every)
    slack = 2 * rounding_of("sequence_log_prob", joined, both)
    wanted = np.array(first + second)
    expect.close(np.array(both), wanted, slack=slack, what="the joined sequence")
    expect.close(np.array(shuffled), wanted, slack=slack, what="the shuffled sequence")
    agree(lab, "sequence_log_prob", np.concatenate([a, np.ones(1000)]))


# ------------------------------------------------------------------------------- perplexity (22)
@rule("perplexity", "contract", points=4, examples=[given(np.log(HALVES)), given([-3.0, -1.0])])
def it_is_exp_of_minus_the_mean(lab, log_probs):
    """It returns exp(−mean) of the log-probabilities: for ½, ¼ and ⅛ it is 4

    Three things go wrong here: the minus sign, the sum in place of the mean, and 2 ** (…) with
    log-probabilities in nats."""
    agree(lab, "perplexity", log_probs, roughly=True)


@rule("perplexity", "property", points=4, examples=UNIFORM)
def equally_likely_tokens_have_the_perplexity_of_their_number(lab, v, length, text):
    """V equally likely tokens have the perplexity V, in a text of any length; saying the same text
    twice changes nothing; certainty gives 1

    If the length matters, or twice the text has another perplexity, there is a sum where a mean
    belongs. If V comes out as another power of V, look at the base of the logarithm."""
    uniform = np.full(length, -math.log(v))
    # The logarithm itself is rounded: half an ulp of ln V is a relative error of that size.
    slack = v * math.log(v) * np.finfo(np.float64).eps + rounding_of("perplexity", uniform, v)
    expect.close(np.array(agree(lab, "perplexity", uniform)), float(v), slack=slack)
    once = agree(lab, "perplexity", text)
    twice = agree(lab, "perplexity", np.tile(text, 2))
    slack = 4 * rounding_of("perplexity", text, once)
    expect.close(np.array(twice), once, slack=slack)
    agree(lab, "perplexity", np.zeros(length))


@rule("perplexity", "reference", points=4)
def perplexity_agrees_with_fifty_digits(lab, log_probs):
    """It agrees with the exact value

    Average the logarithms, not their exponentials: the mean of 1/p is something else, and larger
    unless all p are equal."""
    agree(lab, "perplexity", log_probs)


@rule("perplexity", "stress", points=3, examples=[given(np.full(100_000, -2.0))])
def the_perplexity_of_a_long_text_is_finite(lab, log_probs):
    """100 000 tokens, and a mean of −600, give a finite, right value without a warning

    The sum of that many log-probabilities is far below −745, and its exponential is 0. Divide by
    the number of tokens before exp, not after it."""
    expect.finite(agree(lab, "perplexity", log_probs))
    expect.quiet(lab)


@rule("perplexity", "stress", points=2, examples=IMPOSSIBLE)
def an_impossible_token_has_infinite_perplexity(lab, possible, impossible):
    """A log-probability of −inf gives +inf, and so does a mean below −709.8, without a warning

    A text with a token that the model called impossible has the mean −inf, and e^(+inf) is +inf all
    by itself. Leaving such tokens out, or capping them, hides it. A perplexity beyond the largest
    float is +inf too: math.exp raises an OverflowError there, and np.exp warns unless
    np.errstate(over='ignore') stands around it."""
    agree(lab, "perplexity", possible)
    agree(lab, "perplexity", impossible)
    expect.quiet(lab)


@rule("perplexity", "bad input", points=2, examples=[given([-1.0], np.array([-3.0, 0.5]))])
def a_positive_log_probability_is_refused(lab, log_probs, bad):
    """A positive log-probability, or NaN, is a ValueError that names log_probs

    A positive value says that somebody handed in losses, or logits. Nothing fails by itself then,
    and the perplexity may come out below 1. Check every element, not the mean; NaN > 0 is false, so
    ask whether all are at most 0."""
    agree(lab, "perplexity", log_probs, roughly=True)
    expect.refuses(lab.perplexity, bad, names=LOG_PROBS)


# ---------------------------------------------------------------------- geometric_mean_prob (18)
@rule("geometric_mean_prob", "contract", points=3, examples=[given(HALVES), given([0.9, 0.4])])
def it_is_the_nth_root_of_the_product(lab, p):
    """It returns the n-th root of the product of n probabilities: for ½, ¼ and ⅛ it is ¼

    np.mean is the arithmetic mean; it gives 0.29. For the geometric one the mean is taken of the
    logarithms, and exp brings it back to a probability."""
    agree(lab, "geometric_mean_prob", p, roughly=True)


@rule("geometric_mean_prob", "property", points=3)
def the_geometric_mean_scales_and_stays_below_the_arithmetic_one(lab, p):
    """Equal probabilities have that mean; dividing all of them by one number divides the mean by
    it; unless all are equal, it lies below the arithmetic mean

    An arithmetic mean passes the first two and fails the third. An epsilon in the logarithm fails
    the second."""
    same = np.full(p.size, p[0])
    value, small, equal = (agree(lab, "geometric_mean_prob", x) for x in (p, p / 1024, same))
    slack = 2 * rounding_of("geometric_mean_prob", p, small)
    expect.close(np.array(small), value / 1024, slack=slack)
    slack = rounding_of("geometric_mean_prob", same, p[0])
    expect.close(np.array(equal), p[0], slack=slack)
    text = _("it does not lie between the smallest probability and the arithmetic mean")
    expect.that(p.min() < value < p.mean(), text)


# ----------------------------------------------------------------------------- nats_to_bits (12)
@rule("nats_to_bits", "contract", points=2, examples=NATS)
def nats_are_divided_by_ln_two(lab, nats):
    """It returns nats / ln 2 in the shape of nats: ln 2 nats are 1 bit, 2 nats are 2.885 bits;
    lists, integers, single numbers work too

    A bit is the smaller unit, so there are more bits than nats: 1.44 for each. If your number
    shrinks, the factor is upside down. np.log2(nats) takes a second logarithm."""
    agree(lab, "nats_to_bits", nats, roughly=True)


@rule("nats_to_bits", "property", points=2)
def ln_two_nats_are_one_bit(lab, bits, a, b):
    """k · ln 2 nats are k bits, and the sum of two amounts has the sum of their bits

    One event in two is ln 2 nats and one bit. Check that case by hand. A change of unit is one
    constant factor, nothing else."""
    # ln 2 as a float is off by half an ulp, and so is the product: 2.2e-16 relative.
    expect.close(agree(lab, "nats_to_bits", bits * LN2), bits)
    answers = [agree(lab, "nats_to_bits", nats) for nats in (a, b, a + b)]
    # Each of the two is off by 1e-12 of itself at most, and their sum may cancel.
    slack = 1e-12 * (np.abs(answers[0]) + np.abs(answers[1]))
    expect.close(answers[0] + answers[1], answers[2], slack=slack)


@rule("nats_to_bits", "reference", points=3)
def nats_to_bits_agrees_with_fifty_digits(lab, nats):
    """It agrees with the exact value, to all digits

    Let NumPy compute ln 2. A factor written with three or four digits is right to three or four
    digits."""
    agree(lab, "nats_to_bits", nats)


@rule("nats_to_bits", "stress", points=2, examples=[given(np.array([-1e300, -800.0, 1e-5, 800.0]))])
def any_real_number_has_its_bits(lab, nats):
    """It works for any real number: 1e300, negative ones, zero

    There is no need to go back to a probability: exp of a large number overflows, and exp of a
    large loss with the other sign is 0."""
    expect.finite(agree(lab, "nats_to_bits", nats))
    expect.quiet(lab)


# --------------------------------------------------------------------------- several of them alike
@rule({"nll": 4, "sequence_log_prob": 4, "geometric_mean_prob": 3}, "reference", examples=ENDS)
def it_agrees_with_fifty_digits(lab, function, p):
    """It agrees with the exact value, from p next to 0 to p next to 1

    np.log alone is that good. An epsilon in the logarithm, or a floor under p, is an error of its
    own; it is seen first where p is small. A product on the way loses digits long before it becomes
    0, and a float32 step loses them everywhere. For a geometric mean compare with Python's
    statistics.geometric_mean: if the first digits differ, it is another mean."""
    agree(lab, function, p)


@rule({"nll": 2, "nats_to_bits": 1}, "contract", examples=TYPES)
def the_float_type_stays(lab, function, x):
    """float32 in, float32 out; integers and lists are computed in float64

    Turn the array into float64 only if it is no float array already. Look for a float64 array on
    the way that drags the result along; a Python float such as math.log(2) keeps the type."""
    agree(lab, function, x, roughly=True, strictly=True)


@rule(dict.fromkeys(FLOATS, 1), "contract", examples=ALONE)
def the_answer_is_one_float(lab, function, x):
    """The answer is one float

    Return float(…), not an array of one element: look for keepdims or an index like [-1:]."""
    agree(lab, function, x, roughly=True, strictly=True)


@rule(dict.fromkeys(ALONE, 1), "contract", examples=ALONE)
def the_argument_is_left_alone(lab, function, x):
    """The caller's array is left as it was

    np.log(p, out=p), p *= … and p[p == 0] = … write into the caller's array, because np.asarray
    makes no copy. So do log_probs *= −1 and nats /= …; −log_probs and nats / … make a new one."""
    agree(lab, function, x, roughly=True)
    expect.untouched(lab)


@rule({"sequence_log_prob": 4, "geometric_mean_prob": 3}, "stress", examples=LONG)
def a_hundred_thousand_tokens_survive(lab, function, p):
    """100 000 tokens, or a few tiny ones, have a finite, right answer, without a warning

    Such a product is 0 in any float: ln 0 is −inf, and the root of 0 is 0. Take the logarithm of
    each probability first, then add or average."""
    expect.finite(agree(lab, function, p))
    expect.quiet(lab)


@rule({"sequence_log_prob": 2, "geometric_mean_prob": 2}, "stress", examples=ONE_ZERO)
def one_impossible_token_makes_the_sequence_impossible(lab, function, possible, impossible):
    """One zero, anywhere, makes the log-probability −inf and the geometric mean 0.0, without a
    warning

    ln 0 = −inf, and e^(−inf) is exactly 0, so the zero takes care of itself once the warning of
    np.log is off: np.errstate(divide='ignore'). Leaving zeros out, or lifting them to an epsilon,
    gives another number."""
    agree(lab, function, possible)
    agree(lab, function, impossible)
    expect.quiet(lab)


@rule({"nll": 2, "sequence_log_prob": 2, "geometric_mean_prob": 1}, "bad input", examples=OUTSIDE)
def what_lies_outside_zero_and_one_is_refused(lab, function, p, bad):
    """A p below 0 or above 1 is a ValueError that names it, wherever it stands

    Check all values before the logarithm. np.log(−1) is only a NaN and a warning, and np.log(1.2)
    is a perfectly ordinary number: neither stops anybody."""
    agree(lab, function, p, roughly=True)
    expect.refuses(getattr(lab, function), bad, names=P)


@rule({"perplexity": 1, "geometric_mean_prob": 1}, "bad input", examples=NOTHING)
def nothing_at_all_is_refused(lab, function, x, empty):
    """An empty argument is a ValueError that names it

    A mean of nothing divides 0 by 0: NumPy makes a NaN of it, with a warning that is easy to miss.
    Look at the size first, before you divide by it."""
    agree(lab, function, x, roughly=True)
    names = LOG_PROBS if function == "perplexity" else P
    expect.refuses(getattr(lab, function), empty, names=names)
