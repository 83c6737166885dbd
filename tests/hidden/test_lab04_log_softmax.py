"""The grading suite of lab 4, log-softmax. Contract: 100 points over four functions.

Rules about types compare types; rules about the idea compare six digits; rules about accuracy and
stress compare all of them. So a misconception costs the points of its own rule.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero. ``agree_roughly`` widens it to 1e-6.
- ``agree`` adds eps·max|z|/T when T is not 1, because the contract lets a solution divide by T
  before it subtracts the maximum (derived in ``lnnn.suite.agree``).
- Sums to one: 4·V ulp, from the contract.
- A confidence of p: 1e-9, from the contract.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import math

import numpy as np
import pytest

from lnnn.suite import expect, oracle
from lnnn.suite.agree import agree, agree_in_value, agree_roughly
from lnnn.suite.pace import pace

graded = pytest.mark.graded

HUGE = {np.float64: 1e300, np.float32: 1e30}
# Enough work that the time is the array's, not the call's; small enough to cross a process wall.
BATCH = (128, 1000)
# Measured against rows with math.fsum, the slowest style that is fine and steadier than NumPy's own
# time, which depends on the processor: NumPy forms 0.1, np.logaddexp.reduce 0.5; a loop over
# elements with Python floats 3 to 7, with NumPy scalars 14 and more.
SLOW = 5


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def rows_with_fsum(z):
    """The log-softmax of each row of a finite array, one row at a time."""
    rows = [row - row.max() for row in z]
    return np.array([row - math.log(math.fsum(np.exp(row))) for row in rows])


# ------------------------------------------------------------------------------ log_softmax (36)


@graded(
    function="log_softmax",
    category="contract",
    points=4,
    rule="It returns log-probabilities in the shape and the float type of the logits; integers "
    "and lists are computed in float64",
    feedback="Start with z = np.asarray(z). Turn it into float64 only if it is not a float array "
    "already: a float32 array must stay float32. Look for a constant or a temperature that is a "
    "float64 array and drags the result along.",
)
def test_log_softmax_keeps_shape_and_dtype(lab, rng):
    agree(lab, "log_softmax", draw(rng, (3, 5)))
    agree(lab, "log_softmax", draw(rng, 7, dtype=np.float32))
    agree(lab, "log_softmax", draw(rng, (2, 3, 4), dtype=np.float32))
    agree(lab, "log_softmax", rng.integers(-3, 4, size=6))
    # In a small integer type z − max wraps around, and np.exp answers in float16.
    agree(lab, "log_softmax", np.array([100, -100, 99], np.int8))
    agree(lab, "log_softmax", rng.integers(-3, 4, size=(2, 3)).tolist())


@graded(
    function="log_softmax",
    category="contract",
    points=4,
    rule="It works along any axis; the default is the last one",
    feedback="Take the maximum and the sum along the same axis, both with keepdims=True, so that "
    "they line up with z again. One maximum for the whole array is a different, weaker shift.",
)
def test_log_softmax_works_along_any_axis(lab, rng):
    z = draw(rng, (3, 4, 5))
    agree_roughly(lab, "log_softmax", z)
    for axis in (0, 1, 2, -2, -3):
        agree_roughly(lab, "log_softmax", z, axis=axis)


@graded(
    function="log_softmax",
    category="contract",
    points=3,
    rule="The temperature divides the logits: z/T",
    feedback="T above 1 flattens the distribution, T below 1 sharpens it. Divide the logits before "
    "anything is summed. Dividing the log-probabilities afterwards no longer sums to one.",
)
def test_log_softmax_divides_the_logits_by_the_temperature(lab, rng):
    for temperature in (0.25, 0.7, 3.0, 20.0):
        agree_roughly(lab, "log_softmax", draw(rng, (2, 5)), temperature=temperature)
    agree_roughly(lab, "log_softmax", draw(rng, (2, 5), dtype=np.float32), temperature=0.7)


@graded(
    function="log_softmax",
    category="contract",
    points=2,
    rule="The caller's array is left as it was",
    feedback="z -= z.max() writes into the caller's array, because np.asarray makes no copy. Write "
    "z = z - z.max() instead: that makes a new array.",
)
def test_log_softmax_leaves_its_argument_alone(lab, rng):
    for dtype in (np.float64, np.float32):
        agree_roughly(lab, "log_softmax", draw(rng, (3, 4), dtype=dtype))
        expect.untouched(lab)


@graded(
    function="log_softmax",
    category="property",
    points=3,
    rule="Adding one constant to all logits of a slice changes nothing",
    feedback="The shift cancels on paper; in floats it only cancels if it is taken away first. "
    "Subtract each slice's own maximum before exp.",
)
def test_adding_a_constant_to_the_logits_changes_nothing(lab, rng):
    # Multiples of 1/8 below 2^20 add up without rounding, so both calls have the same answer.
    z = rng.integers(-40, 40, size=(4, 6)) / 8
    shift = rng.integers(-(2**18), 2**18, size=(4, 1)) / 8
    agree_roughly(lab, "log_softmax", z)
    agree_roughly(lab, "log_softmax", z + shift)
    expect.quiet(lab)


@graded(
    function="log_softmax",
    category="property",
    points=2,
    rule="The probabilities it stands for sum to one, in every slice",
    feedback="exp of the answer must sum to 1 along the axis. If it does not, the term that is "
    "subtracted is not ln Σ e^z of the same slice: check the axis of the sum and the shift.",
)
def test_its_probabilities_sum_to_one(lab, rng):
    for scale in (0.001, 1.0, 30.0):
        z = draw(rng, (3, 50), scale)
        total = np.exp(agree_roughly(lab, "log_softmax", z)).sum(axis=-1)
        # Each p is off by |ln p| ≤ 300 rounding errors at most, and they add up over the slice.
        expect.close(total, np.ones(3), slack=300 * np.finfo(np.float64).eps, what="the sum")


@graded(
    function="log_softmax",
    category="property",
    points=2,
    rule="Reordering the logits reorders the answer, and their ranking is kept",
    feedback="No class is special. Look for an index that is fixed in the code, or for a sort that "
    "is not undone.",
)
def test_reordering_the_logits_reorders_the_answer(lab, rng):
    z = draw(rng, 9, 5.0)
    order = rng.permutation(9)
    answer = agree_roughly(lab, "log_softmax", z)
    expect.close(agree_roughly(lab, "log_softmax", z[order]), answer[order])
    if not np.array_equal(np.argsort(answer), np.argsort(z)):
        raise AssertionError("the ranking of the classes changed")


@graded(
    function="log_softmax",
    category="reference",
    points=4,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="Formulas that are equal on paper differ here. Softmax first and log afterwards sends "
    "far classes through a probability that rounds to 0. `z - LSE(z)` subtracts two large numbers "
    "when the logits sit far from zero, and their last digits are gone. Shift first, and stay with "
    "the shifted logits. An epsilon inside the logarithm is an error of its own.",
)
def test_log_softmax_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            agree_in_value(lab, "log_softmax", draw(rng, (2, 6), scale, offset))


@graded(
    function="log_softmax",
    category="reference",
    points=2,
    rule="It agrees with the exact value in float32, also far from 0",
    feedback="float32 has 7 digits and ends at e^-103. With logits near 10 000 only three digits "
    "stand behind the point, so the maximum must never be added back: shift, and stay shifted. "
    "With gaps above 103 a probability is 0, so there must be none on the way.",
)
def test_log_softmax_agrees_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            agree_in_value(lab, "log_softmax", draw(rng, (2, 6), scale, offset, np.float32))


@graded(
    function="log_softmax",
    category="reference",
    points=1,
    rule="It agrees with scipy.special.log_softmax",
    feedback="Compare your function with SciPy's on a small random array, one axis at a time. The "
    "first element that differs tells which step to look at.",
)
def test_log_softmax_agrees_with_scipy(lab, rng):
    from scipy import special

    for axis in (0, 1):
        z = draw(rng, (5, 8), 3.0)
        value = expect.array(lab.log_softmax(z, axis=axis), z.shape, np.float64)
        expect.close(value, special.log_softmax(z, axis=axis))


@graded(
    function="log_softmax",
    category="stress",
    points=2,
    rule="Logits around +1000 and −1000 give the same finite answer as around 0, without a warning",
    feedback="e^1000 is inf and e^−1000 is 0 in float64. Subtract the maximum of each slice before "
    "exp; then the largest exponent is 0.",
)
def test_logits_around_a_thousand_are_no_problem(lab):
    for z in ([1000.0, 1001.0, 1002.0], [-1000.0, -999.0, -998.0]):
        agree_in_value(lab, "log_softmax", np.array(z))
        expect.quiet(lab)
    # Rows of very different height: one maximum for the whole array would lose the low row.
    agree_in_value(lab, "log_softmax", np.array([[1000.0, 1001.0], [-1000.0, -999.0]]))
    expect.quiet(lab)


@graded(
    function="log_softmax",
    category="stress",
    points=1,
    rule="The largest logits of the contract give finite log-probabilities, without a warning",
    feedback="`z - max` never overflows for such logits. A square, a cast to a smaller type, or "
    "`exp` before the shift does. If you see −inf: a probability on the way has rounded to 0.",
)
def test_the_largest_logits_stay_finite(lab):
    for dtype, huge in HUGE.items():
        value = agree_in_value(lab, "log_softmax", np.array([huge, 0.0, -huge], dtype=dtype))
        expect.finite(value)
        expect.quiet(lab)


@graded(
    function="log_softmax",
    category="stress",
    points=2,
    rule="A class far below the best keeps its finite log-probability",
    feedback="Softmax first and log afterwards turns such a class into log(0) = −inf, and close to "
    "that it loses digits. Go from logits to log-probabilities in one step, without a probability "
    "in between. An epsilon only replaces −inf by a wrong number.",
)
def test_a_far_class_keeps_its_log_probability(lab):
    far = {np.float64: [30.0, 720.0, 740.0, 1000.0], np.float32: [12.0, 90.0, 103.0, 500.0]}
    for dtype, gaps in far.items():
        for gap in gaps:
            agree_in_value(lab, "log_softmax", np.array([0.0, -gap, -gap / 2], dtype=dtype))
            expect.quiet(lab)


@graded(
    function="log_softmax",
    category="stress",
    points=1,
    rule="A logit of −inf gives −inf, without a warning; a slice of only −inf gives NaN, without "
    "a warning",
    feedback="−inf − (−inf) is NaN, and NumPy warns about it. For a slice of only −inf that NaN is "
    "the right answer, there is no distribution; np.errstate(invalid='ignore') around that line "
    "keeps it silent.",
)
def test_minus_infinity_is_a_class_of_probability_zero(lab):
    for dtype in (np.float64, np.float32):
        z = np.array([[0.5, -np.inf, 1.5], [-np.inf, -np.inf, -np.inf], [2.0, 1.0, 0.0]], dtype)
        agree_in_value(lab, "log_softmax", z)
        expect.quiet(lab)


@graded(
    function="log_softmax",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="Let max, exp and sum work along the axis of the whole array. A Python loop over "
    "elements costs about a hundred times as much.",
)
def test_log_softmax_of_a_large_batch_takes_numpy_time(lab, rng):
    z = draw(rng, BATCH, 3.0)
    value, reference, ratio = pace(lab, lambda: lab.log_softmax(z), lambda: rows_with_fsum(z), SLOW)
    # Plain floats serve here: 1e-9 only has to tell a right array from a wrong one.
    if not np.abs(expect.array(value, z.shape, z.dtype) - reference).max() < 1e-9:
        raise AssertionError("the values of the large batch are wrong")
    if ratio > SLOW:
        raise AssertionError("as slow as a Python loop over the elements")


@graded(
    function="log_softmax",
    category="bad input",
    points=2,
    rule="A temperature that is zero, negative, NaN or infinite is a ValueError that names it",
    feedback="Check the temperature first, before any arithmetic. NaN compares false with "
    "everything, so `if not 0 < temperature < np.inf` catches all four at once.",
)
def test_log_softmax_refuses_a_bad_temperature(lab, rng):
    z = draw(rng, 4)
    agree_roughly(lab, "log_softmax", z, temperature=2.0)
    for temperature in (0.0, -1.0, float("nan"), float("inf"), 0):
        with expect.refused("temperature"):
            lab.log_softmax(z, temperature=temperature)


# ---------------------------------------------------------------------------------- softmax (20)


@graded(
    function="softmax",
    category="contract",
    points=3,
    rule="It returns probabilities in the shape and the float type of the logits",
    feedback="exp of a right log_softmax has the right shape and type already. If yours does not, "
    "look for a cast to float64 or a sum without keepdims=True.",
)
def test_softmax_keeps_shape_and_dtype(lab, rng):
    agree(lab, "softmax", draw(rng, (3, 5)))
    agree(lab, "softmax", draw(rng, (2, 6), dtype=np.float32))
    agree(lab, "softmax", rng.integers(-3, 4, size=6))
    agree(lab, "softmax", rng.integers(-3, 4, size=(2, 3)).tolist())


@graded(
    function="softmax",
    category="contract",
    points=3,
    rule="It works along any axis; the default is the last one",
    feedback="Hand the axis on, and take maximum and sum along it with keepdims=True.",
)
def test_softmax_works_along_any_axis(lab, rng):
    z = draw(rng, (3, 4, 5))
    agree_roughly(lab, "softmax", z)
    for axis in (0, 1, -1, -2):
        agree_roughly(lab, "softmax", z, axis=axis)


@graded(
    function="softmax",
    category="contract",
    points=2,
    rule="The temperature divides the logits: T above 1 flattens, T below 1 sharpens",
    feedback="Multiplying by T does the opposite of dividing. Hand the temperature on to "
    "log_softmax, or divide the logits by it before exp.",
)
def test_softmax_divides_the_logits_by_the_temperature(lab, rng):
    for temperature in (0.25, 0.7, 3.0, 20.0):
        agree_roughly(lab, "softmax", draw(rng, (2, 5)), temperature=temperature)


@graded(
    function="softmax",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="Write z = z - z.max(...), not z -= z.max(...): that one changes the caller's.",
)
def test_softmax_leaves_its_argument_alone(lab, rng):
    agree_roughly(lab, "softmax", draw(rng, (3, 4)))
    expect.untouched(lab)


@graded(
    function="softmax",
    category="property",
    points=3,
    rule="Each slice sums to 1 within 4 ulp · V",
    feedback="The sum is off if numerator and denominator come from different shifts, if an "
    "epsilon was added below, or if the sum runs along another axis.",
)
def test_each_softmax_slice_sums_to_one(lab, rng):
    for dtype in (np.float64, np.float32):
        for shape in ((4, 5), (2, 1000)):
            z = draw(rng, shape, 4.0, dtype=dtype)
            if shape[1] < 10:
                p = agree_roughly(lab, "softmax", z).astype(np.float64)
            else:
                p = expect.floats(lab.softmax(z), shape, dtype).astype(np.float64)
            if np.any(p < 0) or np.ptp(p) == 0:
                raise AssertionError("these are not probabilities that follow the logits")
            off = np.abs(p.sum(axis=-1) - 1).max()
            if not off <= 4 * shape[1] * np.finfo(dtype).eps:
                raise AssertionError(f"a slice sums to 1 ± {off:.2g}")


@graded(
    function="softmax",
    category="property",
    points=2,
    rule="Adding one constant to all logits of a slice changes nothing",
    feedback="e^c stands above and below the fraction line and cancels. Subtract each slice's own "
    "maximum and it cancels before it can overflow.",
)
def test_adding_a_constant_does_not_change_softmax(lab, rng):
    z = rng.integers(-40, 40, size=(4, 6)) / 8
    shift = rng.integers(-(2**18), 2**18, size=(4, 1)) / 8
    agree_roughly(lab, "softmax", z)
    agree_roughly(lab, "softmax", z + shift)
    expect.quiet(lab)


@graded(
    function="softmax",
    category="reference",
    points=2,
    rule="It agrees with the exact value, for logits from tiny to huge and far from 0",
    feedback="Shift before exp. exp(z − LSE(z)) loses digits when the logits sit far from zero.",
)
def test_softmax_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            agree_in_value(lab, "softmax", draw(rng, (2, 6), scale, offset))
    agree_in_value(lab, "softmax", draw(rng, (2, 6), 2.0, 1e4, np.float32))


@graded(
    function="softmax",
    category="stress",
    points=2,
    rule="Logits around ±1000, and the largest of the contract, give finite probabilities without "
    "a warning",
    feedback="inf/inf is NaN and 0/0 is NaN. Both come from exp of logits that were not shifted "
    "by the maximum of their own slice.",
)
def test_softmax_survives_large_logits(lab):
    for z in ([1000.0, 1001.0, 1002.0], [-1000.0, -999.0, -998.0], [1e300, 0.0, -1e300]):
        expect.finite(agree_in_value(lab, "softmax", np.array(z)))
        expect.quiet(lab)
    agree_in_value(lab, "softmax", np.array([[1000.0, 1001.0], [-1000.0, -999.0]]))
    expect.finite(agree_in_value(lab, "softmax", np.array([1e30, 0.0, -1e30], np.float32)))
    expect.quiet(lab)


@graded(
    function="softmax",
    category="stress",
    points=1,
    rule="A logit of −inf gives 0; a slice of only −inf gives NaN; both without a warning",
    feedback="A slice of only −inf has no distribution, and NaN says so. Keep NumPy silent about "
    "it with np.errstate(invalid='ignore').",
)
def test_softmax_of_minus_infinity_is_zero(lab):
    z = np.array([[0.5, -np.inf, 1.5], [-np.inf, -np.inf, -np.inf], [2.0, 1.0, 0.0]])
    agree_in_value(lab, "softmax", z)
    expect.quiet(lab)


@graded(
    function="softmax",
    category="bad input",
    points=1,
    rule="A temperature that is zero, negative, NaN or infinite is a ValueError that names it",
    feedback="If softmax calls log_softmax with its temperature, the check stands there already.",
)
def test_softmax_refuses_a_bad_temperature(lab, rng):
    z = draw(rng, 4)
    agree_roughly(lab, "softmax", z, temperature=2.0)
    for temperature in (0.0, -1.0, float("nan"), float("inf")):
        with expect.refused("temperature"):
            lab.softmax(z, temperature=temperature)


# ----------------------------------------------------------------------- masked_log_softmax (26)


@graded(
    function="masked_log_softmax",
    category="contract",
    points=5,
    rule="It is log-softmax over the kept positions and −inf at all others, in the float type of "
    "the logits",
    feedback="The masked classes must be out of the sum as well as out of the answer. Setting "
    "their logits to −inf first does both. Setting them to 0 leaves e^0 = 1 in the sum, and "
    "multiplying by the mask afterwards leaves their probability missing.",
)
def test_masked_positions_are_out_of_the_sum_and_out_of_the_answer(lab, rng):
    for dtype in (np.float64, np.float32):
        z = draw(rng, (3, 6), dtype=dtype)
        mask = rng.random((3, 6)) < 0.6
        mask[:, 0], mask[:, 5] = True, False
        agree(lab, "masked_log_softmax", z, mask)
    mask = np.array([True, False, True, True, False])
    agree(lab, "masked_log_softmax", draw(rng, 5), mask)


@graded(
    function="masked_log_softmax",
    category="contract",
    points=3,
    rule="It works along any axis",
    feedback="Hand the axis on to log_softmax. The mask itself does not depend on it.",
)
def test_masked_log_softmax_works_along_any_axis(lab, rng):
    z = draw(rng, (3, 4, 5))
    mask = rng.random(z.shape) < 0.7
    mask[0], mask[:, 0], mask[:, :, 0] = True, True, True
    for axis in (0, 1, -1, -2):
        agree_roughly(lab, "masked_log_softmax", z, mask, axis=axis)


@graded(
    function="masked_log_softmax",
    category="contract",
    points=3,
    rule="The mask broadcasts against the logits: one mask can serve every row, or one a whole row",
    feedback="np.where(mask, z, -np.inf) broadcasts by itself. Indexing with z[mask] does not: it "
    "asks for a mask of the same shape and flattens the result.",
)
def test_a_mask_broadcasts_against_the_logits(lab, rng):
    z = draw(rng, (3, 4))
    agree_roughly(lab, "masked_log_softmax", z, np.array([True, False, True, True]))
    agree_roughly(
        lab,
        "masked_log_softmax",
        z[0],
        np.array([[True, True, False, True], [False, True, True, False]]),
    )
    agree_roughly(
        lab, "masked_log_softmax", draw(rng, (2, 3, 4)), np.array([[[True, False, True, True]]])
    )


@graded(
    function="masked_log_softmax",
    category="contract",
    points=2,
    rule="Neither the logits nor the mask are changed",
    feedback="z[~mask] = -np.inf writes into the caller's array. np.where makes a new one.",
)
def test_masked_log_softmax_leaves_its_arguments_alone(lab, rng):
    agree_roughly(
        lab, "masked_log_softmax", draw(rng, (2, 4)), np.array([[True, False, True, True]] * 2)
    )
    expect.untouched(lab)


@graded(
    function="masked_log_softmax",
    category="property",
    points=4,
    rule="Whatever stands at a masked position has no effect: 1e300, +inf, −inf or NaN",
    feedback="Take the masked values out before anything is computed with them, the maximum "
    "included. z·mask keeps them in play, because inf·0 and NaN·0 are NaN, and so does adding "
    "−1e9 to them.",
)
def test_a_masked_value_has_no_effect(lab, rng):
    mask = np.array([True, False, True, True, False])
    for junk in (1e300, -1e300, np.inf, -np.inf, np.nan):
        z = draw(rng, (2, 5), 3.0)
        z[:, 1], z[:, 4] = junk, -junk
        agree_roughly(lab, "masked_log_softmax", z, mask)
        expect.quiet(lab)


@graded(
    function="masked_log_softmax",
    category="reference",
    points=3,
    rule="On the kept positions it is log-softmax of the kept logits alone, to the last digits",
    feedback="Compare with log_softmax(z[mask]) for one row. A difference of a few percent means "
    "masked classes are still in the sum; a tiny one, that a large number came and went.",
)
def test_masked_log_softmax_is_log_softmax_of_the_kept(lab, rng):
    for scale, offset in ((1e-3, 0.0), (1.0, 1e4), (1e2, 0.0), (1e4, -1e8)):
        z = draw(rng, 7, scale, offset)
        mask = rng.permutation([True, True, True, True, False, False, False])
        agree_in_value(lab, "masked_log_softmax", z, mask)


@graded(
    function="masked_log_softmax",
    category="stress",
    points=2,
    rule="A slice with nothing kept is all −inf, without a warning",
    feedback="log-softmax of only −inf is NaN. Here the contract asks for −inf at every masked "
    "position, so put −inf there after the log-softmax as well, and keep NumPy silent.",
)
def test_a_slice_with_nothing_kept_is_all_minus_infinity(lab, rng):
    z = draw(rng, (3, 4))
    mask = np.array([[True, True, False, True], [False] * 4, [True, False, False, True]])
    agree_in_value(lab, "masked_log_softmax", z, mask)
    expect.quiet(lab)


@graded(
    function="masked_log_softmax",
    category="stress",
    points=2,
    rule="Kept logits around ±1000, and kept logits of −inf, are no problem",
    feedback="Build on your stable log_softmax. A mask made of −1e9 is no −inf: logits may be "
    "lower than that.",
)
def test_masked_log_softmax_survives_large_logits(lab):
    mask = np.array([True, False, True, True])
    for z in (
        [1000.0, 5000.0, 1001.0, 1002.0],
        [-1000.0, 0.0, -999.0, -998.0],
        [-2e12, 0.0, -2e12, -2e12 - 1],
        [1.0, 2.0, -np.inf, 3.0],
    ):
        agree_in_value(lab, "masked_log_softmax", np.array(z), mask)
        expect.quiet(lab)


@graded(
    function="masked_log_softmax",
    category="bad input",
    points=2,
    rule="A mask whose shape does not broadcast against the logits is a ValueError that names it",
    feedback="np.broadcast_shapes(z.shape, mask.shape) raises a ValueError for such shapes, but "
    "its message does not say which argument is wrong. Catch it and raise your own that says mask.",
)
def test_a_mask_that_does_not_fit_is_refused(lab, rng):
    agree_roughly(lab, "masked_log_softmax", draw(rng, (2, 3)), np.array([True, True, False]))
    for shape, mask_shape in (((2, 3), (2,)), ((4,), (3,)), ((2, 3), (3, 3))):
        with expect.refused("mask"):
            lab.masked_log_softmax(draw(rng, shape), np.ones(mask_shape, dtype=bool))


# --------------------------------------------------------------- temperature_for_confidence (18)


def confident(lab, z, p):
    """Ask for the temperature and compare the confidence there with p, at 50 digits; T."""
    temperature = expect.scalar(lab.temperature_for_confidence(z, p), "the temperature")
    if not 0 < temperature < np.inf:
        raise AssertionError(f"the temperature is {temperature!r}; expected a positive number")
    reached = float(oracle.softmax(np.asarray(z), temperature=temperature).max())
    if not abs(reached - p) <= 1e-9:
        raise AssertionError(f"at the temperature returned, the largest probability is {reached}")
    return temperature


@graded(
    function="temperature_for_confidence",
    category="contract",
    points=4,
    rule="It returns a float T > 0 at which the largest probability is p",
    feedback="The largest probability falls as T grows: from 1 (T near 0) to 1/V (T large). So "
    "there is exactly one T, and bisection finds it. Halve the interval of T (better: of ln T) "
    "until it stops shrinking. Return float(T), not an array of one element.",
)
def test_the_largest_probability_is_p_at_that_temperature(lab, rng):
    for p in (0.3, 0.5, 0.9):
        confident(lab, draw(rng, 6, 3.0), p)
    confident(lab, [0.0, 1.0, 3.0], 0.6)


@graded(
    function="temperature_for_confidence",
    category="property",
    points=4,
    rule="With two classes it is the closed form (z₁ − z₂) / ln(p/(1 − p)); scaling the logits "
    "scales T; shifting them changes nothing",
    feedback="T only depends on the gaps between the logits, and in proportion. A fixed search "
    "interval for T breaks that: let the interval grow with the gaps.",
)
def test_two_classes_have_a_closed_form(lab, rng):
    for gap in (1e-3, 1.0, 250.0):
        for p in (0.55, 0.8, 0.99):
            temperature = confident(lab, np.array([2.0, 2.0 + gap]), p)
            gap_held = (2.0 + gap) - 2.0
            closed = gap_held / np.log(p / (1 - p))
            # |dp| ≤ 1e-9 moves ln(p/(1−p)) by 1e-9/(p(1−p)), and T by that much relatively.
            slack = 1e-9 / (p * (1 - p)) / np.log(p / (1 - p)) + 1e-12
            if not abs(temperature / closed - 1) <= slack:
                raise AssertionError(f"T is {temperature}, the closed form gives {closed}")


@graded(
    function="temperature_for_confidence",
    category="reference",
    points=4,
    rule="The probability reached is p within 1e-9, checked at fifty digits",
    feedback="A loop that stops when T changes by less than some step stops too early for large T. "
    "Bisection may run 100 rounds: it is cheap. A grid of temperatures is far too coarse.",
)
def test_the_confidence_is_reached_to_nine_digits(lab, rng):
    for size in (2, 5, 50):
        for scale in (0.01, 1.0, 30.0):
            z = draw(rng, size, scale, offset=rng.normal() * 10)
            confident(lab, z, float(rng.uniform(1.2 / size, 0.98)))
    for _ in range(3):
        confident(lab, draw(rng, 8, 3.0, offset=0.1, dtype=np.float32), 0.6)


@graded(
    function="temperature_for_confidence",
    category="stress",
    points=2,
    rule="It works for logits in the thousands and for a confidence next to its limits",
    feedback="Use the stable softmax inside, and an interval for T that grows with the logits. "
    "T may have to be in the thousands, or far below 1.",
)
def test_logits_in_the_thousands_have_a_temperature(lab):
    confident(lab, np.array([5000.0, -3000.0, 4990.0, 0.0]), 0.5)
    confident(lab, np.array([9000.0, 1000.0, -9000.0]), 0.34)
    confident(lab, np.array([1.0, 1.0, 0.0, -2.0]), 0.499)
    confident(lab, np.array([0.0, 1.0, 2.0]), 0.999999)
    expect.quiet(lab)


@graded(
    function="temperature_for_confidence",
    category="bad input",
    points=4,
    rule="A p that no temperature reaches is a ValueError that names p or z: p ≤ 1/V, "
    "p ≥ 1/(number of largest logits), or logits that are all equal",
    feedback="With V classes no temperature makes the best one less likely than 1/V. If k classes "
    "share the largest logit, none of them can pass 1/k. Check both before you search.",
)
def test_a_confidence_that_cannot_be_reached_is_refused(lab):
    confident(lab, np.array([0.0, 1.0, 2.0, 2.0]), 0.4)
    for z, p in (
        ([0.0, 1.0, 2.0, 3.0], 0.25),
        ([0.0, 1.0, 2.0, 3.0], 0.1),
        ([0.0, 1.0, 2.0], 1.0),
        ([0.0, 2.0, 2.0], 0.5),
        ([0.0, 2.0, 2.0], 0.7),
        ([0.0, 1.0], -0.2),
        ([1.0, 1.0, 1.0], 0.5),
        ([1.0, 1.0, 1.0], 0.2),
    ):
        with expect.refused("p", "z"):
            lab.temperature_for_confidence(np.array(z), p)
