"""What the grader asks of lab 3, log-sum-exp: its inputs for each rule, and two rules more."""

import inputs
import numpy as np
from inputs import HUGE, INF, TYPES, draw, eighths, far, largest, near, ruled_out, two_heights

from lnnn.suite import expect
from lnnn.suite.rule import rule

MOST = {"logsumexp": 1.5, "logmeanexp": 1.5, "weighted_logsumexp": 3.5}


def spoiled(rng):
    """A row with +inf, one with NaN, one with two +inf and a −inf, one of numbers; in any order."""
    z = draw(rng, (4, 3))
    z[0, rng.integers(3)], z[1, rng.integers(3)] = INF, np.nan
    z[2] = rng.permutation([INF, INF, -INF])
    return rng.permutation(z)


def empty(rng):
    """Arrays and an axis along which they hold nothing."""
    for shape, axis in (((3, 0), -1), ((0, 2), 0), ((0,), -1), ((0,), None)):
        yield np.zeros(np.multiply(shape, rng.integers(1, 5))), axis


def weights(rng, shape, dtype=np.float64):
    """Weights between 0.2 and 3."""
    return np.asarray(rng.uniform(0.2, 3.0, shape)).astype(dtype)


# ---------------------------------------- logsumexp, logmeanexp, and weighted_logsumexp where alike
def test_logsumexp_is_the_log_of_a_sum(holds, rng):
    for shape in ((3, 5), 7, (2, 3, 4)):
        holds(draw(rng, shape))
    holds(rng.integers(-3, 4, size=6))
    holds(rng.integers(-3, 4, size=(2, 3)).tolist())


def test_logmeanexp_is_the_log_of_a_mean(holds, rng):
    holds(draw(rng, 5))
    holds(rng.integers(-3, 4, size=6))
    holds(rng.integers(-3, 4, size=4).tolist())


def test_a_weight_is_a_factor_before_the_exponential(holds, rng):
    for shape in ((3, 5), 6):
        holds(draw(rng, shape), weights(rng, shape))
    holds(rng.integers(-3, 4, size=4).tolist(), rng.integers(1, 5, size=4).tolist())


def test_the_float_type_stays(holds, rng):
    for dtype in TYPES:
        holds(draw(rng, 6, dtype=dtype), weights(rng, 6, dtype))
    holds(rng.integers(-3, 4, size=6), rng.integers(1, 5, size=6))
    holds(inputs.wrapping(rng), weights(rng, 3))
    holds(rng.integers(-3, 4, size=3).tolist(), weights(rng, 3).tolist())


def test_it_works_along_any_axis(holds, rng):
    z, w = draw(rng, (3, 4, 5)), weights(rng, (4, 1))
    holds(z, w)
    for axis in (0, 1, 2, -1, -2, -3, None):
        holds(z, w, axis=axis)


def test_keepdims_keeps_the_axis(holds, rng):
    for shape in ((3, 4, 5), (1, 4, 1)):
        z = draw(rng, shape)
        for axis in (-1, 0, 1, None):
            for keepdims in (True, False):
                holds(z, axis, keepdims)


def test_the_arguments_are_left_alone(holds, function, rng):
    # One row for a mean: which axis n belongs to is another rule's.
    shape = 4 if function == "logmeanexp" else (3, 4)
    for dtype in TYPES:
        w = weights(rng, shape, dtype)
        w[..., rng.integers(4)] = 0
        holds(draw(rng, shape, dtype=dtype), w)


def test_adding_a_constant_to_the_logits_adds_it_to_the_result(holds, rng):
    holds(*eighths(rng))


def test_it_lies_between_the_maximum_and_ln_n_above(holds, rng):
    holds(draw(rng, (5, 9), 4.0), rng.permutation(9), float(rng.uniform(-1.5, 1.5)))


def test_it_agrees_with_fifty_digits(holds, function, rng):
    shape = 6 if function == "logmeanexp" else (2, 6)
    for z in far(rng, shape):
        holds(z, np.exp(draw(rng, shape)))
    if function != "logsumexp":  # which has a rule of its own for float32
        for offset in (0.0, 1e4):
            holds(draw(rng, shape, 1.0, offset, np.float32), weights(rng, shape, np.float32))


def test_logsumexp_agrees_with_fifty_digits_in_float32(holds, rng):
    for z in inputs.far_in_float32(rng, (2, 6)):
        holds(z)


@rule("logsumexp", "reference", points=1)
def test_logsumexp_agrees_with_scipy(lab, rng):
    """It agrees with scipy.special.logsumexp

    Compare your function with SciPy's on a small random array, one axis at a time. Mind that
    SciPy's default axis is None."""
    from scipy import special

    z = draw(rng, (5, 8), 3.0)
    for axis in (0, 1):
        wanted = special.logsumexp(z, axis=axis)
        expect.close(expect.array(lab.logsumexp(z, axis=axis), wanted.shape, np.float64), wanted)


def test_logits_around_a_thousand_are_no_problem(holds, function, rng):
    if function == "weighted_logsumexp":
        some, none = rng.permutation([rng.normal(), -INF, rng.normal()]), np.full(3, -INF)
        for z in (near(rng, 1000), near(rng, -1000), largest(rng), some, none):
            holds(z, weights(rng, 3))
        return
    for z in (near(rng, 1000), near(rng, -1000), two_heights(rng)):
        holds(z)
    if function == "logmeanexp":  # the sum has rules of its own for these
        for z in (largest(rng), ruled_out(rng), spoiled(rng)):
            holds(z)


def test_the_largest_logits_stay_finite(holds, rng):
    for dtype, huge in HUGE.items():
        low = -huge * rng.uniform(0.5, 1.0)
        holds(largest(rng, dtype))
        for row in ([low, low, low], [low, *rng.normal(size=2)]):
            holds(rng.permutation(row).astype(dtype))


def test_minus_infinity_adds_nothing(holds, rng):
    for dtype in TYPES:
        holds(ruled_out(rng, dtype))


def test_plus_infinity_and_nan_stay_what_they_are(holds, rng):
    holds(spoiled(rng))
    holds(rng.permutation(np.append(near(rng, 1000, 1), [-1000.0, INF])))


def test_the_sum_over_nothing_is_minus_infinity(holds, rng):
    for nothing, axis in empty(rng):
        holds(draw(rng, (2, 3)), nothing, axis=axis)


@rule({"logsumexp": 2, "logmeanexp": 1, "weighted_logsumexp": 1}, "stress")
def test_a_large_batch_takes_numpy_time(lab, function, rng):
    """A large batch takes NumPy time, not a Python loop over its elements

    Let max, exp and sum work along the axis of the whole array. A Python loop over elements costs
    twenty to a hundred times as much."""
    from scipy import special

    def drawn():
        z, w = draw(rng, inputs.BATCH, 3.0), weights(rng, inputs.BATCH)
        if function == "weighted_logsumexp":
            return (z, w), special.logsumexp(z, axis=1, b=w)
        n = z.shape[1] if function == "logmeanexp" else 1
        return (z,), special.logsumexp(z, axis=1) - np.log(n)

    inputs.takes_numpy_time(lab, function, drawn, MOST[function])


def test_a_mean_does_not_grow_with_the_number_of_terms(holds, rng):
    holds(draw(rng, (2, 5), 3.0), float(rng.normal()))


def test_there_is_no_mean_of_nothing(holds, rng):
    for nothing, axis in empty(rng):
        holds(draw(rng, 3), nothing, axis=axis)


# ----------------------------------------------------------------------------- weighted_logsumexp
def test_weights_broadcast_against_the_logits(holds, rng):
    for shape, of_weights in (((3, 4), 4), ((3, 4), (3, 1)), ((3, 4), ()), (4, (2, 4))):
        holds(draw(rng, shape), weights(rng, of_weights))


def test_a_term_of_weight_zero_vanishes(holds, rng):
    for junk in (1000.0, 1e300, INF, -INF, np.nan):
        z, w = draw(rng, (2, 5), 3.0), weights(rng, (2, 5))
        one, other = rng.permutation(5)[:2]
        w[:, [one, other]], z[:, one], z[:, other] = 0, junk, -junk
        holds(z, w)


def test_a_weight_of_two_is_the_same_term_twice(holds, rng):
    counts, c = rng.integers(1, 4, size=5), 2.0 ** int(rng.integers(2, 9))
    holds(draw(rng, (2, 5)), weights(rng, 5), counts, c)


def test_all_weights_zero_is_minus_infinity(holds, rng):
    w = weights(rng, (3, 4))
    w[rng.integers(3)] = 0
    holds(draw(rng, (3, 4)), w)


def test_weights_may_be_as_extreme_as_floats_are(holds, rng):
    for z, w in (
        ([0.0, -800.0], [1e-300, 1e300]),  # the lighter term would decide the shift
        ([0.0, 0.5, 0.25], [1e308, 1.5e308, 1e308]),  # their sum overflows
        ([700.0, 1.0], [1e-320, 0.5]),  # a subnormal weight
    ):
        order = rng.permutation(len(z))
        holds(np.take(z, order) + rng.uniform(0, 5), np.take(w, order) * rng.uniform(1, 1.15))


def test_a_negative_or_nan_weight_is_refused(holds, rng):
    for bad in (-rng.uniform(0.1, 1.0), -1e-300, np.nan, -INF):
        w = weights(rng, 3)
        holds(draw(rng, (2, 3)), w, inputs.replaced(rng, w, bad))


# ---------------------------------------------------------------------------------- online_update
def state(rng):
    """A state of a few terms around 0."""
    return float(rng.uniform(-1, 1)), float(rng.uniform(1, 9))


def test_folding_chunks_gives_the_logsumexp_of_all(holds, rng):
    holds([draw(rng, 6)])
    # The offsets make the maximum rise, then stay where it is.
    holds([draw(rng, 4, 1.0, offset) for offset in (0.0, 4.0, 8.0, 2.0)])
    holds([draw(rng, n, dtype=np.float32) for n in (3, 1, 5)])
    holds([rng.integers(-3, 4, size=3).tolist(), rng.integers(0, 5, size=2)])


def test_the_chunk_is_left_alone(holds, rng):
    holds(draw(rng, 5), (-INF, 0.0))
    for offset in (0.0, 9.0, -9.0):
        holds(draw(rng, 4, 1.0, offset), state(rng))


def test_the_order_of_the_chunks_does_not_matter(holds, rng):
    chunks = [draw(rng, n, 1.0, offset) for n, offset in ((3, 0.0), (1, 6.0), (4, -5.0), (2, 12.0))]
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), tuple(rng.permutation(4))):
        holds([chunks[i] for i in order])


def test_two_halves_merge(holds, rng):
    holds(draw(rng, 10, 3.0, float(rng.normal(0, 50))), int(rng.integers(2, 9)))


def test_an_online_pass_agrees_with_fifty_digits(holds, rng):
    for scale, offset in ((1e-3, 0.0), (1.0, -1e4), (30.0, 0.0)):
        holds([draw(rng, n, scale, offset) for n in rng.integers(1, 7, size=8)])
    holds(list(draw(rng, (40, 1), 5.0)))


def test_jumping_maxima_are_no_problem(holds, rng):
    for levels in ((-1000.0, 0.0, 1000.0), (1000.0, 0.0, -1000.0), (-1e300, 1e300, -1e300)):
        holds([near(rng, level * rng.uniform(0.9, 1.0)) for level in levels])


def test_chunks_without_a_finite_logit_change_nothing(holds, rng):
    z, more = draw(rng, 4), draw(rng, 3, 1.0, 5.0)
    nothing, never = np.array([]), np.full(rng.integers(1, 5), -INF)
    holds([z, nothing, more])
    holds([nothing, z, never, more, nothing])
    holds([never, nothing, z, never])
    holds([rng.permutation([-INF, rng.normal(), -INF]), [], more])
    for chunks in ([nothing], [never], [never, nothing, never]):
        holds(chunks)


# ------------------------------------------------------------------------------- online_logsumexp
def test_a_state_stands_for_m_plus_ln_s(holds, rng):
    for _ in range(4):
        holds(state(rng))


def test_a_large_m_does_not_overflow(holds, rng):
    for m in (1000.0, -1000.0, 1e300, -1e300):
        holds((m * rng.uniform(0.8, 1.0), state(rng)[1]))
    for s in (1e-300, 1e300):
        holds((state(rng)[0], s * rng.uniform(1, 9)))


def test_the_start_state_gives_minus_infinity(holds, rng):
    holds(state(rng))
