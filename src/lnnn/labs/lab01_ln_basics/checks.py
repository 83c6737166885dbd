"""The visible checks of lab 1: every rule of the contract, on inputs that may be read here.

The values are known in closed form (powers of two, ln 2), or come from Python's math module.
"""

import math

import numpy as np
import pytest

from lnnn.suite import expect

graded = pytest.mark.graded

LN2 = math.log(2)
P = ("p", "probability", "probabilities")
LOG_PROBS = ("log_probs", "log_prob", "log-probs", "log-probability", "log-probabilities")


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


def elementwise(lab, name, x, wanted):
    """The function answers ``wanted`` for ``x``, in its shape and float type."""
    given = np.asarray(x)
    dtype = given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)
    value = getattr(lab, name)(x)
    if given.ndim == 0 and isinstance(value, float):
        value = np.asarray(value)
    expect.close(expect.array(value, given.shape, dtype), np.reshape(wanted, given.shape))


def one_float(lab, name, x, wanted, slack=0.0):
    """The function answers the float ``wanted`` for ``x``."""
    value = expect.scalar(getattr(lab, name)(x))
    expect.close(np.array(value), np.array(float(wanted)), slack=slack)


# ---------------------------------------------------------------------------------------- nll


@check(
    "nll",
    "contract",
    "½ costs ln 2, ¼ costs twice that, 1 costs nothing; the shape is kept",
    "The loss is −ln p for each element: natural logarithm, minus sign, no mean.",
)
def test_nll_values(lab):
    elementwise(lab, "nll", np.array([[0.5, 0.25], [1.0, 0.125]]), LN2 * np.array([1, 2, 0, 3]))
    elementwise(lab, "nll", [0.3, 0.92], [-math.log(0.3), -math.log(0.92)])
    elementwise(lab, "nll", 0.25, 2 * LN2)


@check(
    "nll",
    "contract",
    "float32 stays float32; lists and integers are computed in float64",
    "Convert with np.asarray, and turn only what is no float array into float64.",
)
def test_nll_types(lab):
    elementwise(lab, "nll", np.array([0.5, 0.25], np.float32), [LN2, 2 * LN2])
    elementwise(lab, "nll", [0.5, 0.125], [LN2, 3 * LN2])
    elementwise(lab, "nll", np.array([1, 1]), [0.0, 0.0])


@check(
    "nll",
    "contract",
    "The array that you are given stays as it was",
    "np.log(p, out=p) and p *= … write into the caller's array.",
)
def test_nll_leaves_p_alone(lab):
    elementwise(lab, "nll", np.array([0.5, 0.25]), [LN2, 2 * LN2])
    expect.untouched(lab)


@check(
    "nll",
    "stress",
    "p = 0 gives +inf, without a warning",
    "np.log(0) is −inf and warns. np.errstate(divide='ignore') keeps it silent.",
)
def test_nll_of_zero(lab):
    elementwise(lab, "nll", np.array([0.0, 0.5]), [np.inf, LN2])
    expect.quiet(lab)


@check(
    "nll",
    "reference",
    "The smallest probabilities are right to the last digits, and so are those next to 1",
    "An epsilon in the logarithm, or a floor under p, is an error of its own.",
)
def test_nll_of_tiny_p(lab):
    elementwise(
        lab, "nll", 2.0 ** -np.array([50.0, 500.0, 1074.0]), LN2 * np.array([50, 500, 1074])
    )
    expect.quiet(lab)
    elementwise(lab, "nll", [1 - 1e-9], [-math.log(1 - 1e-9)])


@check(
    "nll",
    "bad input",
    "A p below 0, above 1 or NaN is a ValueError that says p",
    "NaN compares false with everything. Ask whether all p lie between 0 and 1; if not, raise.",
)
def test_nll_bad_p(lab):
    elementwise(lab, "nll", np.array([0.5, 0.25]), [LN2, 2 * LN2])
    for bad in (-0.1, 1.5, float("nan")):
        with expect.refused(*P):
            lab.nll(np.array([0.5, bad]))


# -------------------------------------------------------------------------- sequence_log_prob


@check(
    "sequence_log_prob",
    "contract",
    "½, ¼ and ⅛ together have the log-probability −6 · ln 2, as one float",
    "Sum the logarithms; they are negative. Return float(…), not an array of one element.",
)
def test_sequence_values(lab):
    one_float(lab, "sequence_log_prob", np.array([0.5, 0.25, 0.125]), -6 * LN2)
    one_float(lab, "sequence_log_prob", [0.9, 0.3], math.log(0.9) + math.log(0.3))
    expect.untouched(lab)


@check(
    "sequence_log_prob",
    "contract",
    "The empty sequence gives 0.0",
    "The sum of nothing is 0. A mean or a product with an index fails here.",
)
def test_empty_sequence(lab):
    one_float(lab, "sequence_log_prob", [0.5], -LN2)
    one_float(lab, "sequence_log_prob", np.array([]), 0.0)


@check(
    "sequence_log_prob",
    "stress",
    "100 000 tokens survive, without a warning",
    "Their product is 0 in any float. Take the logarithm of each one first.",
)
def test_long_sequence(lab):
    # Adding n terms in any order errs by at most n·eps/2 of the sum.
    slack = 1e5 * 1.2e-16 * 1e5 * LN2
    one_float(lab, "sequence_log_prob", np.full(100_000, 0.5), -1e5 * LN2, slack)
    expect.quiet(lab)


@check(
    "sequence_log_prob",
    "stress",
    "One zero makes it −inf, without a warning",
    "Do not leave the zero out. np.errstate(divide='ignore') keeps np.log silent.",
)
def test_impossible_sequence(lab):
    one_float(lab, "sequence_log_prob", np.array([0.5, 0.0, 0.5]), -np.inf)
    expect.quiet(lab)


@check(
    "sequence_log_prob",
    "bad input",
    "A probability outside [0, 1] is a ValueError that says p",
    "Look at all values before the logarithm: ln 1.5 is an ordinary number.",
)
def test_sequence_bad_p(lab):
    one_float(lab, "sequence_log_prob", [0.5, 0.5], -2 * LN2)
    for bad in (-0.1, 1.5):
        with expect.refused(*P):
            lab.sequence_log_prob(np.array([0.5, bad]))


# --------------------------------------------------------------------------------- perplexity


@check(
    "perplexity",
    "contract",
    "It is exp(−mean), as one float: for ½, ¼ and ⅛ it is 4",
    "Minus sign, mean and not sum, np.exp and not 2 ** …. Return float(…).",
)
def test_perplexity_values(lab):
    one_float(lab, "perplexity", np.log([0.5, 0.25, 0.125]), 4.0)
    one_float(lab, "perplexity", [-3.0, -1.0], math.exp(2))
    expect.untouched(lab)


@check(
    "perplexity",
    "property",
    "Equally likely tokens have the perplexity of their number, in a text of any length",
    "If the length matters, there is a sum where a mean belongs.",
)
def test_uniform_perplexity(lab):
    for length in (1, 7, 1000):
        # ln 50 is rounded by half an ulp, and adding in any order by n·eps/2 of the sum.
        one_float(lab, "perplexity", np.full(length, -math.log(50)), 50.0, 50 * 4 * length * 2e-16)


@check(
    "perplexity",
    "stress",
    "A long text has a finite perplexity, and a log-probability of −inf an infinite one, silently",
    "Divide by the number of tokens before exp. −inf needs no case of its own.",
)
def test_perplexity_of_long_and_impossible_texts(lab):
    one_float(lab, "perplexity", np.full(100_000, -2.0), math.exp(2), 1e5 * 1.2e-16 * 2 * 7.4)
    one_float(lab, "perplexity", np.array([-1.0, -np.inf]), np.inf)
    expect.quiet(lab)


@check(
    "perplexity",
    "bad input",
    "Nothing at all, or a positive log-probability, is a ValueError that says log_probs",
    "Look at the size first, then at every element.",
)
def test_perplexity_bad_input(lab):
    one_float(lab, "perplexity", [-1.0], math.e)
    for bad in (np.array([]), np.array([-3.0, 0.5])):
        with expect.refused(*LOG_PROBS):
            lab.perplexity(bad)


# ------------------------------------------------------------------------ geometric_mean_prob


@check(
    "geometric_mean_prob",
    "contract",
    "The geometric mean of ½, ¼ and ⅛ is ¼, as one float",
    "The n-th root of the product; np.mean gives 0.29. Return float(…).",
)
def test_geometric_mean_values(lab):
    one_float(lab, "geometric_mean_prob", np.array([0.5, 0.25, 0.125]), 0.25)
    one_float(lab, "geometric_mean_prob", [0.9, 0.4], 0.6)
    expect.untouched(lab)


@check(
    "geometric_mean_prob",
    "stress",
    "The product does not underflow on the way",
    "Go through the logarithms: their mean, then exp.",
)
def test_geometric_mean_of_many(lab):
    # The mean logarithm errs by at most n·eps/2 of itself when added in any order.
    one_float(lab, "geometric_mean_prob", np.full(100_000, 0.5), 0.5, 3e5 * 1.2e-16)
    tiny = expect.scalar(lab.geometric_mean_prob([1e-200, 1e-300]))
    # A mean of −576 rounds by up to 3e-13, and that is a relative error of the answer.
    expect.close(np.array(tiny / 1e-250), np.array(1.0), slack=1e-12, what="the mean over 1e-250")


@check(
    "geometric_mean_prob",
    "stress",
    "A zero anywhere gives 0.0, without a warning",
    "e^(−inf) is exactly 0, so −inf may pass through. Only np.log's warning has to go.",
)
def test_geometric_mean_with_a_zero(lab):
    one_float(lab, "geometric_mean_prob", np.array([0.5, 0.5]), 0.5)
    one_float(lab, "geometric_mean_prob", np.array([0.5, 0.0, 0.9]), 0.0)
    expect.quiet(lab)


@check(
    "geometric_mean_prob",
    "bad input",
    "An empty p is a ValueError that says p",
    "Look at the size before you divide by it.",
)
def test_geometric_mean_of_nothing(lab):
    one_float(lab, "geometric_mean_prob", [0.5], 0.5)
    with expect.refused(*P):
        lab.geometric_mean_prob(np.array([]))


# ------------------------------------------------------------------------------- nats_to_bits


@check(
    "nats_to_bits",
    "contract",
    "ln 2 nats are 1 bit, 2 nats are 2.885 bits; the shape is kept",
    "A bit is the smaller unit, so there are more bits than nats.",
)
def test_bits_values(lab):
    elementwise(lab, "nats_to_bits", LN2 * np.array([[1.0, 3.0], [10.0, 0.0]]), [1, 3, 10, 0])
    elementwise(lab, "nats_to_bits", 2.0, 2.8853900817779268)
    expect.untouched(lab)


@check(
    "nats_to_bits",
    "contract",
    "float32 stays float32; lists and integers are computed in float64",
    "A Python float such as math.log(2) keeps float32, a float64 array does not.",
)
def test_bits_types(lab):
    elementwise(lab, "nats_to_bits", np.array([LN2, -LN2], np.float32), [1, -1])
    elementwise(lab, "nats_to_bits", [1, 2], [1.4426950408889634, 2.8853900817779268])


@check(
    "nats_to_bits",
    "stress",
    "All digits are right, for any real number",
    "Let NumPy compute ln 2. There is no need for exp on the way.",
)
def test_bits_digits(lab):
    nats = np.array([-1e300, -800.0, 1e-5, 800.0])
    elementwise(lab, "nats_to_bits", nats, nats * 1.4426950408889634)
    expect.quiet(lab)
