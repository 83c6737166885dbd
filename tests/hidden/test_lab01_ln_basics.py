"""What the grader asks of lab 1, ln basics: its inputs for each rule, and two rules of its own.

All inputs come from ``rng``. Those of stress tests are drawn around the ends of the floats."""

import statistics

import inputs
import numpy as np
from inputs import INF, TYPES, replaced

from lnnn.suite import expect
from lnnn.suite.rule import rule

MOST = {"nll": 1.7, "nats_to_bits": 0.5}


def probabilities(rng, shape, dtype=np.float64):
    """Probabilities between 1e-3 and 1, evenly spread in their logarithm."""
    return (10.0 ** rng.uniform(-3, 0, shape)).astype(dtype)


def log_probabilities(rng, shape, dtype=np.float64):
    """Log-probabilities of such probabilities."""
    return np.log(probabilities(rng, shape)).astype(dtype)


def of_any_kind(rng, draw):
    """One number, a few, a list, float32."""
    for size in (1, 2, 9):
        yield draw(rng, size)
    yield draw(rng, 5).tolist()
    yield draw(rng, 6, np.float32)


def small_integers(rng, dtype=np.int64, zeros=0):
    """A few ones, which are probabilities as integers, and so many zeros among them."""
    return rng.permutation([0] * zeros + [1] * int(rng.integers(3, 7))).astype(dtype)


# -------------------------------------------------------------------------------------------- nll
def test_the_loss_is_minus_ln_p_in_the_shape_of_p(holds, rng):
    for dtype in TYPES:
        for shape in (7, (3, 5), (2, 3, 4)):
            holds(probabilities(rng, shape, dtype))
    holds(probabilities(rng, 4).tolist())
    holds(small_integers(rng))
    holds(float(probabilities(rng, ())))


def test_the_loss_of_a_product_is_the_sum_of_the_losses(holds, rng):
    # Few bits each, so that the products are exact.
    p, q = rng.integers(1, 2**20, (2, 20)) / 2**20
    holds(p, q * 2.0 ** -rng.integers(0, 90, 20))


@rule("nll", "reference", points=1)
def test_nll_agrees_with_scipy(lab, rng):
    """It agrees with scipy.special.entr(p) / p

    SciPy's entr(p) is −p ln p. Compare the two on a few probabilities; the first that differs tells
    what to look at."""
    from scipy import special

    p = probabilities(rng, (4, 6))
    reference = special.entr(p) / p
    expect.close(expect.floats(lab.nll(p), p.shape, p.dtype), reference)


def test_the_loss_of_zero_is_infinite_and_silent(holds, rng):
    for dtype in TYPES:
        p = rng.permutation([0.0, 1.0, *probabilities(rng, 2)])
        holds(p.reshape(2, 2).astype(dtype))
    holds(small_integers(rng, zeros=1))


def test_the_smallest_probabilities_have_finite_losses(holds, rng):
    # The smallest subnormal number, others, the smallest normal ones, the last number before 1.
    for dtype, lowest, normal in ((np.float64, -323, -307.6), (np.float32, -44.5, -37.9)):
        info = np.finfo(dtype)
        drawn = 10.0 ** np.append(rng.uniform(lowest, normal, 2), rng.uniform(normal, normal + 8))
        p = [info.smallest_subnormal, info.tiny, *drawn, 1 - info.epsneg]
        holds(rng.permutation(np.array(p, dtype)))


def test_nan_is_refused(holds, rng):
    bad = replaced(rng, probabilities(rng, 5), np.nan)
    for array in (bad, bad.astype(np.float32), bad[np.isnan(bad)]):
        holds(probabilities(rng, 5), array)


# ------------------------------------------------------------------------------ sequence_log_prob
def test_it_is_the_sum_of_ln_p(holds, rng):
    for x in of_any_kind(rng, probabilities):
        holds(x)


def test_the_empty_sequence_is_certain(holds, rng):
    for empty in ([], np.array([])):
        holds(probabilities(rng, 3), empty)


def test_joined_sequences_add_up(holds, rng):
    holds(probabilities(rng, 7), probabilities(rng, 12), rng.permutation(19))


# ------------------------------------------------------------------------------------- perplexity
def test_it_is_exp_of_minus_the_mean(holds, rng):
    for x in of_any_kind(rng, log_probabilities):
        holds(x)
    holds(-rng.integers(1, 9, 5))


def test_equally_likely_tokens_have_the_perplexity_of_their_number(holds, rng):
    for v in rng.integers(2, 50_000, 3).tolist():
        holds(v, int(rng.integers(1, 40)), log_probabilities(rng, 11))


def test_perplexity_agrees_with_fifty_digits(holds, rng):
    for size in (3, 50, 400):
        holds(-rng.exponential(2.0, size))
        holds(-(10.0 ** rng.uniform(-8, 1, size)))
    holds(-rng.exponential(2.0, 50).astype(np.float32))


def test_the_perplexity_of_a_long_text_is_finite(holds, rng):
    holds(np.resize(-rng.exponential(2.0, 3), 100_000))
    holds(-rng.uniform(580, 620, 3))
    holds(-rng.uniform(1, 3, 2) * 1e-300)
    # One token alone is beyond exp, and the mean is not.
    holds(rng.permutation([-1500.0, -0.5, -0.25]) * rng.uniform(1, 1.2))


def test_an_impossible_token_has_infinite_perplexity(holds, rng):
    for others in (-rng.exponential(2.0, 2), [], [-INF]):
        holds(log_probabilities(rng, 2), rng.permutation([-INF, *others]))
    for mean in (709.8, 710.0, 750.0, 1e300):  # ln of the largest float is 709.78
        holds(-rng.uniform(700, 709.7, 2), -mean * rng.uniform(1, 1.2, 3))


def test_a_positive_log_probability_is_refused(holds, rng):
    for bad in (rng.uniform(0.1, 1), 10.0 ** rng.uniform(-12, -6), rng.uniform(1, 5), np.nan):
        log_probs = log_probabilities(rng, 5)
        holds(log_probs, replaced(rng, log_probs, bad))


# ---------------------------------------------------------------------------- geometric_mean_prob
def test_it_is_the_nth_root_of_the_product(holds, rng):
    for x in of_any_kind(rng, probabilities):
        holds(x)


def test_the_geometric_mean_scales_and_stays_below_the_arithmetic_one(holds, rng):
    holds(probabilities(rng, 10))


# ----------------------------------------------------------------------------------- nats_to_bits
def test_nats_are_divided_by_ln_two(holds, rng):
    for dtype in TYPES:
        for shape in (6, (2, 3)):
            holds((10 * rng.standard_normal(shape)).astype(dtype))
    nats = rng.integers(1, 9, 4)
    holds(nats)
    holds(nats.tolist())
    holds(float(rng.uniform(2, 3)))


def test_ln_two_nats_are_one_bit(holds, rng):
    # Some of them beyond the ends of exp, of both signs.
    holds(rng.integers(1, 60, 5), *inputs.draw(rng, (2, 4), 1000.0).round())


def test_nats_to_bits_agrees_with_fifty_digits(holds, lab, rng):
    holds(10.0 ** rng.uniform(-10, 10, 20) * rng.choice([-1.0, 1.0], 20))
    p = probabilities(rng, 20)
    holds(-np.log(p))
    # −log2 p is the same surprisal, straight from NumPy. Both logarithms are right to a few ulp.
    expect.close(expect.floats(lab.nats_to_bits(-np.log(p)), p.shape, p.dtype), -np.log2(p))


def test_any_real_number_has_its_bits(holds, rng):
    for dtype, nats in (
        (np.float64, [1e300, -1e300, 800.0, -800.0, 0.0, 1e-300]),
        (np.float32, [1e30, -1e30, 100.0, -120.0, 0.0]),
    ):
        holds((rng.permutation(nats) * rng.uniform(1, 1.5)).astype(dtype))


# --------------------------------------------------------------------------- several of them alike
@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_array_takes_numpy_time(lab, function, rng):
    """A large array takes NumPy time, not a Python loop over its elements

    np.log and / work on the whole array, and so do the comparisons that check it. A Python loop
    over the elements costs twenty to a hundred times as much; np.vectorize is such a loop."""

    def drawn():
        p = rng.uniform(0.01, 1, inputs.BATCH)
        return (p,), -np.log(p) if function == "nll" else p / np.log(2)

    inputs.takes_numpy_time(lab, function, drawn, MOST[function])


def test_it_agrees_with_fifty_digits(holds, lab, function, rng):
    from scipy import special

    holds(rng.random(12))
    holds(rng.uniform(0.05, 1, 50).astype(np.float32))
    for dtype, smallest, closest in ((np.float64, -300, -15), (np.float32, -37, -6)):
        for size in (3, 50):
            holds((10.0 ** rng.uniform(smallest, 0, size)).astype(dtype))
            holds((1 - 10.0 ** rng.uniform(closest, -1, size)).astype(dtype))
    holds(10.0 ** rng.uniform(-250, 0, 400))
    p = probabilities(rng, 200)
    holds(p)
    # Another way to the same number. 200 logarithms, added in any order, cost 2e-13 at most.
    if function == "sequence_log_prob":
        expect.close(np.float64(lab.sequence_log_prob(p)), special.xlogy(1.0, p).sum())
    if function == "geometric_mean_prob":
        expect.close(np.float64(lab.geometric_mean_prob(p)), statistics.geometric_mean(p.tolist()))


def test_the_float_type_stays(holds, rng):
    holds(probabilities(rng, 5))
    holds(probabilities(rng, 5, np.float32))
    holds(probabilities(rng, 3).tolist())
    holds(small_integers(rng))
    # np.log of a small integer type would answer in float16.
    holds(small_integers(rng, np.int8, zeros=1))


def argument(function, rng, *more):
    """What ``function`` is asked about: perplexity takes log-probabilities."""
    return (log_probabilities if function == "perplexity" else probabilities)(rng, *more)


def test_the_answer_is_one_float(holds, function, rng):
    for dtype in TYPES:
        holds(argument(function, rng, 4, dtype))


def test_the_argument_is_left_alone(holds, function, rng):
    for dtype in TYPES:
        holds(argument(function, rng, 8, dtype))


def test_a_hundred_thousand_tokens_survive(holds, rng):
    likely, unlikely = probabilities(rng, 4), 10.0 ** rng.uniform(-300, -200, 3)
    for tokens in (likely[:1], likely, [unlikely[0], likely[0]]):
        holds(np.resize(tokens, 100_000))
    holds(unlikely)


def test_one_impossible_token_makes_the_sequence_impossible(holds, rng):
    for others in (probabilities(rng, 2), [], [0.0, 1.0], [0.0, 0.0], probabilities(rng, 500)):
        holds(probabilities(rng, 2), rng.permutation([0.0, *others]))


def test_what_lies_outside_zero_and_one_is_refused(holds, function, rng):
    shape = (2, 3) if function == "nll" else 6
    outside = (-rng.uniform(0.01, 1), 1 + rng.uniform(0.01, 1), -5e-324, 1 + 2**-52, INF, -INF)
    for bad in outside:
        p = probabilities(rng, shape)
        holds(p, replaced(rng, p, bad))


def test_nothing_at_all_is_refused(holds, function, rng):
    for empty in ([], np.array([])):
        holds(argument(function, rng, 4), empty)
