"""What the grader asks of lab 4, log-softmax: its inputs for each rule, and two rules more."""

import inputs
import numpy as np
from inputs import (
    BATCH,
    HUGE,
    INF,
    TYPES,
    draw,
    eighths,
    far,
    largest,
    near,
    ruled_out,
    two_heights,
)

from lnnn.suite import expect
from lnnn.suite.rule import rule

TEMPERATURES = (0.25, 0.7, 3.0, 20.0)
BAD_TEMPERATURES = (0.0, -1.0, float("nan"), INF, 0)
MOST = {"log_softmax": 2.0, "softmax": 2.8, "masked_log_softmax": 7.5}


# ------------------------------------------------------- log_softmax and softmax, alike
def test_the_shape_and_the_float_type_stay(holds, rng):
    holds(draw(rng, (3, 5)))
    holds(draw(rng, 7, dtype=np.float32))
    holds(draw(rng, (2, 3, 4), dtype=np.float32))
    holds(rng.integers(-3, 4, size=6))
    holds(inputs.wrapping(rng))
    holds(rng.integers(-3, 4, size=(2, 3)).tolist())


def test_it_works_along_any_axis(holds, function, rng):
    arrays = [draw(rng, (3, 4, 5))]
    if function == "masked_log_softmax":
        mask = rng.random((3, 4, 5)) < 0.7
        mask[0], mask[:, 0], mask[:, :, 0] = True, True, True
        arrays.append(mask)
    holds(*arrays)
    for axis in (0, 1, 2, -2, -3):
        holds(*arrays, axis=axis)


def test_the_temperature_divides_the_logits(holds, rng):
    for temperature in TEMPERATURES:
        holds(draw(rng, (2, 5)), temperature)
    holds(draw(rng, (2, 5), dtype=np.float32), 0.7)


def test_every_temperature_keeps_the_digits(holds, rng):
    for dtype, offset in ((np.float64, 1e8), (np.float32, 1e4)):
        huge, tiny = HUGE[dtype] * rng.uniform(0.9, 1), rng.uniform(1, 9) / HUGE[dtype]
        for temperature in TEMPERATURES:
            holds(draw(rng, (2, 5), 1.0, offset, dtype), temperature)
        holds(np.full(2, huge, dtype), 1e-9)
        tied = draw(rng, 4, 1.0, dtype=dtype)
        holds(rng.permutation(np.append(tied, tied.max())), tiny)
        holds(draw(rng, 3, 1.0, offset, dtype), 0.1 * huge)
    # The quotient is beyond the largest float, and so is the exact answer.
    holds(rng.permutation([0.0, 1e10 * rng.uniform(1, 9)]), 1e-300)


def test_the_arguments_are_left_alone(holds, function, rng):
    for dtype in TYPES:
        mask = rng.permutation([[True, False, True, True]] * 2, axis=1)
        holds(draw(rng, (2, 4), dtype=dtype), *[mask] * (function == "masked_log_softmax"))


def test_adding_a_constant_to_the_logits_changes_nothing(holds, rng):
    holds(*eighths(rng))


def test_its_probabilities_sum_to_one(holds, rng):
    for scale in (0.001, 1.0, 30.0):
        holds(draw(rng, (3, 50), scale))


def test_reordering_the_logits_reorders_the_answer(holds, rng):
    holds(draw(rng, 9, 5.0), rng.permutation(9))


def test_it_agrees_with_fifty_digits(holds, function, rng):
    for z in far(rng, (2, 6)):
        holds(z)
    if function == "softmax":  # the logarithm has a rule of its own for float32
        holds(draw(rng, (2, 6), 2.0, 1e4, np.float32))


def test_log_softmax_agrees_with_fifty_digits_in_float32(holds, rng):
    for z in inputs.far_in_float32(rng, (2, 6)):
        holds(z)


@rule("log_softmax", "reference", points=1)
def test_log_softmax_agrees_with_scipy(lab, rng):
    """It agrees with scipy.special.log_softmax

    Compare your function with SciPy's on a small random array, one axis at a time. The first
    element that differs tells which step to look at."""
    from scipy import special

    for axis in (0, 1):
        z = draw(rng, (5, 8), 3.0)
        value = expect.array(lab.log_softmax(z, axis=axis), z.shape, np.float64)
        expect.close(value, special.log_softmax(z, axis=axis))


def test_logits_around_a_thousand_are_no_problem(holds, function, rng):
    if function == "masked_log_softmax":
        low = -2e12 * rng.uniform(1, 2)
        for kept, masked in (
            (near(rng, 1000), 5000.0),
            (near(rng, -1000), 0.0),
            (rng.permutation([low, low, low - 1]), 0.0),
            *((np.insert([1.0, 3.0], place, -INF), 2.0) for place in range(3)),
        ):
            holds(np.insert(kept, 1, masked), np.array([True, False, True, True]))
        return
    holds(near(rng, 1000))
    holds(near(rng, -1000))
    holds(two_heights(rng))
    if function == "softmax":  # the logarithm has a rule of its own for these
        for dtype in TYPES:
            holds(largest(rng, dtype))


def test_the_largest_logits_stay_finite(holds, rng):
    for dtype in TYPES:
        holds(largest(rng, dtype))


def test_a_far_class_keeps_its_log_probability(holds, rng):
    # Around the gap where a probability has lost digits, is subnormal, rounds to 0.
    far = {np.float64: [30.0, 720.0, 740.0, 1000.0], np.float32: [12.0, 90.0, 103.0, 500.0]}
    for dtype, gaps in far.items():
        for gap in gaps:
            gap *= rng.uniform(1, 1.005)
            holds(rng.permutation([0.0, -gap, -gap / 2]).astype(dtype))


def test_minus_infinity_is_a_class_of_probability_zero(holds, rng):
    for dtype in TYPES:
        holds(ruled_out(rng, dtype))


def test_an_empty_axis_is_refused(holds, rng):
    for shape, axis in (((0,), -1), ((3, 0), 1), ((0, 2), 0)):
        holds(draw(rng, 4), np.ones(np.multiply(shape, rng.integers(1, 5))), axis=axis)


@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_batch_takes_numpy_time(lab, function, rng):
    """A large batch takes NumPy time, not a Python loop over its elements

    Let max, exp and sum work along the axis of the whole array. A Python loop over elements costs
    twenty to a hundred times as much; np.vectorize is such a loop."""

    def drawn():
        z, mask = draw(rng, BATCH, 3.0), rng.random(BATCH) < 0.7
        if function == "masked_log_softmax":
            return (z, mask), inputs.log_softmax(np.where(mask, z, -INF))
        log_p = inputs.log_softmax(z)
        return (z,), log_p if function == "log_softmax" else np.exp(log_p)

    inputs.takes_numpy_time(lab, function, drawn, MOST[function])


def test_a_bad_temperature_is_refused(holds, rng):
    for temperature in BAD_TEMPERATURES:
        holds(draw(rng, 4), temperature)


# ---------------------------------------------------------------------------------------- softmax
def test_each_softmax_slice_sums_to_one(holds, rng):
    for dtype in TYPES:
        for shape in ((4, 5), (2, 1000)):
            holds(draw(rng, shape, 4.0, dtype=dtype))


# ----------------------------------------------------------------------------- masked_log_softmax
def test_masked_positions_are_out_of_the_sum_and_out_of_the_answer(holds, rng):
    for dtype in TYPES:
        mask = rng.random((3, 6)) < 0.6
        mask[:, 0], mask[:, 5] = True, False
        holds(draw(rng, (3, 6), dtype=dtype), mask)
    holds(draw(rng, 5), rng.permutation([True, True, True, False, False]))


def test_a_mask_broadcasts_against_the_logits(holds, rng):
    holds(draw(rng, (3, 4)), rng.permutation([True, True, True, False]))
    holds(draw(rng, 4), np.array([[True, True, False, True], [False, True, True, False]]))
    holds(draw(rng, (2, 3, 4)), np.array([[[True, False, True, True]]]))


def test_a_masked_value_has_no_effect(holds, rng):
    mask = np.array([True, False, True, True, False])
    for junk in (1e300, -1e300, INF, -INF, np.nan):
        z = draw(rng, (2, 5), 3.0)
        z[:, 1], z[:, 4] = junk, -junk
        holds(z, mask)


def test_masked_log_softmax_is_log_softmax_of_the_kept(holds, rng):
    for scale, offset in ((1e-3, 0.0), (1.0, 1e4), (1e2, 0.0), (1e4, -1e8)):
        holds(draw(rng, 7, scale, offset), rng.permutation([True] * 4 + [False] * 3))


def test_a_slice_with_nothing_kept_is_all_minus_infinity(holds, rng):
    mask = np.array([[True, True, False, True], [False] * 4, [True, False, False, True]])
    holds(draw(rng, (3, 4)), rng.permutation(mask))


def test_a_mask_that_does_not_fit_is_refused(holds, rng):
    for shape, mask_shape in (((2, 3), (2,)), ((4,), (3,)), ((2, 3), (3, 3))):
        kept = rng.permutation([True, True] + [False] * (shape[-1] - 2))
        holds(draw(rng, shape), kept, np.ones(mask_shape, dtype=bool))


# --------------------------------------------------------------------- temperature_for_confidence
def test_the_largest_probability_is_p_at_that_temperature(holds, rng):
    for p in (0.3, 0.5, 0.9):
        holds(draw(rng, 6, 3.0), p)
    holds(draw(rng, 3, 2.0).tolist(), 0.6)


def test_two_classes_have_a_closed_form(holds, rng):
    for gap in (1e-3, 1.0, 250.0):
        for p in (0.55, 0.8, 0.99):
            holds(2.0 + rng.permutation([0.0, gap * rng.uniform(1, 2)]), p)


def test_the_confidence_is_reached_to_nine_digits(holds, rng):
    for size in (2, 5, 50):
        for scale in (0.001, 1.0, 30.0):
            z = draw(rng, size, scale, offset=rng.normal() * 10)
            holds(z, float(rng.uniform(1.2 / size, 0.98)))
    for _ in range(3):
        holds(draw(rng, 8, 3.0, offset=0.1, dtype=np.float32), 0.6)


def test_logits_in_the_thousands_have_a_temperature(holds, rng):
    for z, p in (
        ([5000.0, -3000.0, 4990.0, 0.0], 0.5),
        ([9000.0, 1000.0, -9000.0], 0.34),
        ([1.0, 1.0, 0.0, -2.0], 0.499),
        ([0.0, 1.0, 2.0], 0.999999),
    ):
        holds(rng.permutation(z) * rng.uniform(1, 1.2), p)


def test_a_confidence_that_cannot_be_reached_is_refused(holds, rng):
    low, high = -rng.uniform(1, 5), rng.uniform(1, 5)
    for z, p in (
        ([low, 0.0, high / 2, high], 0.25),
        ([low, 0.0, high / 2, high], 0.1),
        ([low, 0.0, high], 1.0),
        ([low, high, high], 0.5),
        ([low, high, high], 0.7),
        ([low, high], -0.2),
        ([high] * 3, 0.5),
        ([high] * 3, 0.2),
        *(([low, 0.0, bad], 0.5) for bad in (INF, -INF, np.nan)),
    ):
        holds(rng.permutation(z), p)
