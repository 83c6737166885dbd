"""The grading suite of lab 3, log-sum-exp. Contract: 100 points over five functions.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero.
- An online pass of k updates gets ``4·eps·k`` on top: one update scales s by a rounded exponential
  and adds to it. That is at most 8 roundings of eps/2 in s, and ln s moves by as much absolutely.
- Bounds max and max + ln n: the contract's accuracy of the value that is compared.

What the contract leaves open, and how it is read here
- A term with weight 0 vanishes whatever its z: NaN too.
- ``axis`` means the same in all three functions that have one: an int, or None for all elements.
- One number may come back as a NumPy scalar, an array of shape () or, for float64, a Python float.
- z and w of different float types, +inf or NaN in a chunk, +inf beside NaN: not graded.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import math
from copy import copy

import numpy as np
import pytest

from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type
from lnnn.suite.pace import pace

graded = pytest.mark.graded

HUGE = {np.float64: 1e300, np.float32: 1e30}
BATCH = (64, 1000)
# Measured against rows with math.fsum, 60 ns an element and the slowest style that is fine: NumPy
# forms 0.2, np.logaddexp.reduce 0.5; a loop that calls NumPy on every element 7 and more.
SLOW = 3
START = (-np.inf, 0.0)


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def matches(lab, name, *arrays, keepdims=None, **keywords):
    """Call the student's function and compare it with ``oracle.<name>``; the answer, an array."""
    reference = getattr(oracle, name)(*arrays, **keywords)
    shape, dtype = reference.shape, float_type(arrays[0])
    if keepdims is not None:
        keywords["keepdims"] = keepdims
    if keepdims:
        dims, axis = np.ndim(arrays[0]), keywords.get("axis", -1)
        along = range(dims) if axis is None else (axis % dims,)
        shape = tuple(1 if d in along else n for d, n in enumerate(np.shape(arrays[0])))
    value = getattr(lab, name)(*map(copy, arrays), **keywords)
    if shape == () and type(value) is float:
        value = np.float64(value)
    value = expect.array(value, shape, dtype)
    expect.close(value, reference.reshape(shape))
    return value


def rows_with_fsum(z):
    """The log-sum-exp of each row of a finite array, one row at a time."""
    tops = z.max(axis=1)
    return np.array(
        [m + math.log(math.fsum(np.exp(row - m))) for row, m in zip(z, tops, strict=True)]
    )


# -------------------------------------------------------------------------------- logsumexp (36)


@graded(
    function="logsumexp",
    category="contract",
    points=5,
    rule="It returns ln Σ e^z in the float type of z; integers and lists are computed in float64",
    feedback="Start with z = np.asarray(z). Turn it into float64 only if it is not a float array "
    "already. The maximum that you took off before exp has to come back after the logarithm, "
    "once.",
)
def test_logsumexp_keeps_the_dtype_and_drops_the_axis(lab, rng):
    matches(lab, "logsumexp", draw(rng, (3, 5)))
    matches(lab, "logsumexp", draw(rng, 7, dtype=np.float32))
    matches(lab, "logsumexp", draw(rng, (2, 3, 4), dtype=np.float32))
    matches(lab, "logsumexp", rng.integers(-3, 4, size=6))
    matches(lab, "logsumexp", np.array([100, -100, 99], np.int8))
    matches(lab, "logsumexp", rng.integers(-3, 4, size=(2, 3)).tolist())


@graded(
    function="logsumexp",
    category="contract",
    points=4,
    rule="It works along any axis, the last one by default; axis=None takes all elements",
    feedback="Take the maximum and the sum along the same axis. Inside, keep that axis with length "
    "1, so that the maximum lines up with z; drop it at the end. NumPy's own functions know "
    "axis=None.",
)
def test_logsumexp_works_along_any_axis(lab, rng):
    z = draw(rng, (3, 4, 5))
    matches(lab, "logsumexp", z)
    for axis in (0, 1, 2, -2, -3, None):
        matches(lab, "logsumexp", z, axis=axis)


@graded(
    function="logsumexp",
    category="contract",
    points=3,
    rule="keepdims=True keeps the axis with length 1",
    feedback="Compute with keepdims=True inside in any case, and take the axis out at the end "
    "unless the caller asked for it. np.squeeze without an axis also takes out axes of length 1 "
    "that the caller had.",
)
def test_keepdims_keeps_the_axis(lab, rng):
    for shape in ((3, 4, 5), (1, 4, 1)):
        z = draw(rng, shape)
        for axis in (-1, 0, 1, None):
            for keepdims in (True, False):
                matches(lab, "logsumexp", z, axis=axis, keepdims=keepdims)


@graded(
    function="logsumexp",
    category="contract",
    points=2,
    rule="The caller's array is left as it was",
    feedback="z -= z.max() writes into the caller's array, because np.asarray makes no copy. Write "
    "z = z - z.max() instead: that makes a new array.",
)
def test_logsumexp_leaves_its_argument_alone(lab, rng):
    for dtype in (np.float64, np.float32):
        matches(lab, "logsumexp", draw(rng, (3, 4), dtype=dtype))
        expect.untouched(lab)


@graded(
    function="logsumexp",
    category="property",
    points=3,
    rule="Adding c to every logit adds c to the result",
    feedback="LSE is no log-softmax: the common level stays in. If the answer does not move with "
    "the logits, the maximum was not added back; if it moves by 2c, it was added back twice.",
)
def test_adding_a_constant_to_the_logits_adds_it_to_the_result(lab, rng):
    # Multiples of 1/8 below 2^20 add up without rounding, so the shift itself is exact.
    z = rng.integers(-40, 40, size=(4, 6)) / 8
    shift = rng.integers(-(2**18), 2**18, size=(4, 1)) / 8
    matches(lab, "logsumexp", z)
    moved = expect.array(lab.logsumexp(z + shift), (4,), np.float64)
    wanted = oracle.logsumexp(z) + shift[:, 0]
    expect.close(moved, wanted, what="the answer after the shift")
    expect.quiet(lab)


@graded(
    function="logsumexp",
    category="property",
    points=2,
    rule="It lies between the maximum and the maximum + ln n, and the order of the logits does "
    "not matter",
    feedback="n equal logits give exactly the upper bound, one dominating logit the lower one. "
    "A value below the maximum means that terms got lost, above max + ln n that some count twice.",
)
def test_it_lies_between_the_maximum_and_ln_n_above(lab, rng):
    z = draw(rng, (5, 9), 4.0)
    value = matches(lab, "logsumexp", z)
    top = z.max(axis=1)
    room = 1e-12 * np.abs(value) + 1e-14
    if not np.all((top - room <= value) & (value <= top + np.log(9) + room)):
        raise AssertionError("the answer is not between max and max + ln n")
    shuffled = expect.array(lab.logsumexp(z[:, rng.permutation(9)]), (5,), np.float64)
    expect.close(shuffled, oracle.logsumexp(z), what="the answer for another order")
    level = float(rng.normal())
    equal = expect.array(lab.logsumexp(np.full((2, 7), level)), (2,), np.float64)
    # The reference is rounded twice: eps for numbers of at most 4.
    slack = 4 * np.finfo(float).eps
    expect.close(equal, np.full(2, level + np.log(7)), slack=slack, what="seven equal logits")


@graded(
    function="logsumexp",
    category="reference",
    points=4,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="Each step is harmless once the maximum is off: exponents at or below 0, a sum of at "
    "least 1. If digits are missing, look for an epsilon inside the logarithm or for a cast to a "
    "smaller type.",
)
def test_logsumexp_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            matches(lab, "logsumexp", draw(rng, (2, 6), scale, offset))


@graded(
    function="logsumexp",
    category="reference",
    points=2,
    rule="It agrees with the exact value in float32",
    feedback="In float32, e^89 is already infinite and e^−104 already 0. Subtract the maximum "
    "before exp here too.",
)
def test_logsumexp_agrees_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            matches(lab, "logsumexp", draw(rng, (2, 6), scale, offset, np.float32))


@graded(
    function="logsumexp",
    category="reference",
    points=1,
    rule="It agrees with scipy.special.logsumexp",
    feedback="Compare your function with SciPy's on a small random array, one axis at a time. "
    "Mind that SciPy's default axis is None.",
)
def test_logsumexp_agrees_with_scipy(lab, rng):
    from scipy import special

    z = draw(rng, (5, 8), 3.0)
    for axis in (0, 1):
        wanted = special.logsumexp(z, axis=axis)
        expect.close(expect.array(lab.logsumexp(z, axis=axis), wanted.shape, np.float64), wanted)


@graded(
    function="logsumexp",
    category="stress",
    points=3,
    rule="Logits around +1000 and −1000 are no problem, in one array too, without a warning",
    feedback="e^1000 is inf and e^−1000 is 0 in float64. Subtract the maximum of each slice before "
    "exp. One maximum for the whole array loses the slices that lie far below it.",
)
def test_logsumexp_of_logits_around_a_thousand(lab):
    for z in ([1000.0, 1001.0, 1002.0], [-1000.0, -999.0, -998.0]):
        matches(lab, "logsumexp", np.array(z))
        expect.quiet(lab)
    matches(lab, "logsumexp", np.array([[1000.0, 1001.0], [-1000.0, -999.0]]))
    expect.quiet(lab)


@graded(
    function="logsumexp",
    category="stress",
    points=1,
    rule="The largest logits of the contract give a finite result, without a warning",
    feedback="z − max never overflows for such logits. A square, a product or a cast to a smaller "
    "type does.",
)
def test_logsumexp_of_the_largest_logits(lab):
    for dtype, huge in HUGE.items():
        for row in ([huge, 0.0, -huge], [-huge, -huge, -huge], [0.5, -huge, 1.0]):
            expect.finite(matches(lab, "logsumexp", np.array(row, dtype=dtype)))
            expect.quiet(lab)


@graded(
    function="logsumexp",
    category="stress",
    points=2,
    rule="A logit of −inf adds nothing; a slice of only −inf gives −inf; no warning",
    feedback="e^−inf = 0 is a fine term. The trap is a slice of only −inf: its maximum is −inf, "
    "and −inf − (−inf) is NaN. Shift such a slice by 0 instead, and keep log(0) silent with "
    "np.errstate(divide='ignore').",
)
def test_minus_infinity_adds_nothing(lab):
    for dtype in (np.float64, np.float32):
        z = np.array([[0.5, -np.inf, 1.5], [-np.inf, -np.inf, -np.inf], [2.0, 1.0, 0.0]], dtype)
        matches(lab, "logsumexp", z)
        expect.quiet(lab)


@graded(
    function="logsumexp",
    category="stress",
    points=1,
    rule="A slice with +inf gives +inf, a slice with NaN gives NaN, the others are untouched by "
    "it; no warning",
    feedback="inf − inf is NaN, so a maximum of +inf can't be subtracted. Shift by the maximum "
    "only where it is finite, by 0 elsewhere. np.nanmax and nan_to_num hide a NaN that the "
    "caller needs to see.",
)
def test_plus_infinity_and_nan_stay_what_they_are(lab):
    z = np.array(
        [[0.5, np.inf, 1.5], [0.0, np.nan, 1.0], [np.inf, np.inf, -np.inf], [2.0, 1.0, 0.0]]
    )
    matches(lab, "logsumexp", z)
    expect.quiet(lab)
    matches(lab, "logsumexp", np.array([np.inf, 1000.0, -1000.0]))
    expect.quiet(lab)


@graded(
    function="logsumexp",
    category="stress",
    points=1,
    rule="An empty axis gives −inf, the logarithm of an empty sum, without a warning",
    feedback="The maximum of nothing is an error in NumPy, unless you say where to begin: "
    "initial=-np.inf. The sum of nothing is 0, and its logarithm −inf.",
)
def test_the_sum_over_nothing_is_minus_infinity(lab, rng):
    matches(lab, "logsumexp", draw(rng, (2, 3)))
    for shape, axis in (((3, 0), -1), ((0, 2), 0), ((0,), -1), ((0,), None)):
        matches(lab, "logsumexp", np.zeros(shape), axis=axis)
        expect.quiet(lab)


@graded(
    function="logsumexp",
    category="stress",
    points=2,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="Let max, exp and sum work along the axis of the whole array. A Python loop over "
    "elements costs about a hundred times as much.",
)
def test_logsumexp_of_a_large_batch_takes_numpy_time(lab, rng):
    z = draw(rng, BATCH, 3.0)
    value = expect.array(lab.logsumexp(z.copy()), z.shape[:1], z.dtype)
    # Plain floats serve here: 1e-9 only has to tell a right array from a wrong one.
    if not np.allclose(value, rows_with_fsum(z), 1e-9, 1e-9):
        raise AssertionError("the values of the large batch are wrong")
    ratio = pace(lab, lambda: lab.logsumexp(z), lambda: rows_with_fsum(z), SLOW)[2]
    if ratio > SLOW:
        raise AssertionError("as slow as a Python loop over the elements")


# ------------------------------------------------------------------------------- logmeanexp (14)


@graded(
    function="logmeanexp",
    category="contract",
    points=3,
    rule="It returns ln((1/n) Σ e^z) in the float type of z",
    feedback="1/n inside the logarithm is −ln n outside. It is neither the mean of the logits "
    "(exp comes first) nor LSE divided by n (the division is inside the logarithm).",
)
def test_logmeanexp_is_the_log_of_a_mean(lab, rng):
    matches(lab, "logmeanexp", draw(rng, 5))
    matches(lab, "logmeanexp", draw(rng, 6, dtype=np.float32))
    matches(lab, "logmeanexp", rng.integers(-3, 4, size=6))
    matches(lab, "logmeanexp", rng.integers(-3, 4, size=4).tolist())


@graded(
    function="logmeanexp",
    category="contract",
    points=2,
    rule="It works along any axis; n is the length of that axis, or the number of all elements",
    feedback="z.shape[axis] is n for one axis, z.size for axis=None. len(z) and z.size are right "
    "for one dimension only.",
)
def test_logmeanexp_works_along_any_axis(lab, rng):
    z = draw(rng, (3, 4, 5))
    for axis in (-1, 0, 1, -2, None):
        matches(lab, "logmeanexp", z, axis=axis)


@graded(
    function="logmeanexp",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="Write z = z - z.max(...), not z -= z.max(...): that one changes the caller's.",
)
def test_logmeanexp_leaves_its_argument_alone(lab, rng):
    matches(lab, "logmeanexp", draw(rng, 4))
    expect.untouched(lab)


@graded(
    function="logmeanexp",
    category="property",
    points=2,
    rule="The mean of equal logits is that logit; every logit twice changes nothing; it is at "
    "least the mean of the logits",
    feedback="A mean does not grow with the number of terms, a sum does. If equal logits come out "
    "higher than they went in, ln n is missing.",
)
def test_a_mean_does_not_grow_with_the_number_of_terms(lab, rng):
    z = draw(rng, (2, 5), 3.0)
    value = matches(lab, "logmeanexp", z)
    twice = expect.array(lab.logmeanexp(np.concatenate([z, z], axis=1)), (2,), np.float64)
    expect.close(twice, oracle.logmeanexp(z), what="the answer with every logit twice")
    level = np.full((2, 6), float(rng.normal()))
    equal = expect.array(lab.logmeanexp(level), (2,), np.float64)
    expect.close(equal, level[:, 0], what="the mean of equal logits")
    # Jensen: ln of a mean of exponentials is at least the mean of the exponents.
    if np.any(value < z.mean(axis=1) - 1e-12):
        raise AssertionError("the answer lies below the mean of the logits")


@graded(
    function="logmeanexp",
    category="reference",
    points=2,
    rule="It agrees with the exact value, for logits from tiny to huge and far from 0",
    feedback="Build on a log-sum-exp that subtracts the maximum, then subtract ln n.",
)
def test_logmeanexp_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4, -1e8):
            matches(lab, "logmeanexp", draw(rng, 6, scale, offset))
    matches(lab, "logmeanexp", draw(rng, 6, 1.0, 0.0, np.float32))
    matches(lab, "logmeanexp", draw(rng, 6, 1.0, 1e4, np.float32))


@graded(
    function="logmeanexp",
    category="stress",
    points=2,
    rule="Logits around ±1000, −inf, +inf and NaN behave as in logsumexp, without a warning",
    feedback="The logarithm of the mean of e^z overflows for the same reason as the sum does. A "
    "logit of −inf is a term of 0 and still counts in n.",
)
def test_logmeanexp_survives_what_logsumexp_survives(lab):
    for z in (
        [[1000.0, 1001.0, 1002.0], [-1000.0, -999.0, -998.0]],
        [[1e300, 0.0, -1e300], [0.5, -np.inf, 1.5]],
        [[-np.inf, -np.inf, -np.inf], [0.0, 1.0, 2.0]],
        [[0.0, np.inf, 1.0], [0.0, np.nan, 1.0]],
    ):
        matches(lab, "logmeanexp", np.array(z))
        expect.quiet(lab)


@graded(
    function="logmeanexp",
    category="bad input",
    points=2,
    rule="An empty axis is a ValueError that names z or axis: there is no mean of nothing",
    feedback="Check the length of the axis before any arithmetic. −inf − ln 0 would be −inf + inf, "
    "which is NaN; NumPy's own error about a maximum does not say which argument is empty.",
)
def test_there_is_no_mean_of_nothing(lab, rng):
    matches(lab, "logmeanexp", draw(rng, 3))
    for shape, axis in (((3, 0), -1), ((0, 2), 0), ((0,), -1), ((0,), None)):
        with expect.refused("z", "axis"):
            lab.logmeanexp(np.zeros(shape), axis=axis)


# ------------------------------------------------------------------------ weighted_logsumexp (24)


def weights(rng, shape, dtype=np.float64):
    """Weights between 0.2 and 3."""
    return np.asarray(rng.uniform(0.2, 3.0, shape)).astype(dtype)


@graded(
    function="weighted_logsumexp",
    category="contract",
    points=4,
    rule="It returns ln Σ w e^z in the float type of z and w; the weights are not normalised",
    feedback="w stands in front of the exponential, not in the exponent: w e^z = e^(z + ln w). Do "
    "not divide by Σ w: the row asks for a sum, not for a mean.",
)
def test_a_weight_is_a_factor_before_the_exponential(lab, rng):
    for dtype in (np.float64, np.float32):
        matches(
            lab, "weighted_logsumexp", draw(rng, (3, 5), dtype=dtype), weights(rng, (3, 5), dtype)
        )
        matches(lab, "weighted_logsumexp", draw(rng, 6, dtype=dtype), weights(rng, 6, dtype))
    z, w = rng.integers(-3, 4, size=4), rng.integers(1, 5, size=4)
    matches(lab, "weighted_logsumexp", z.tolist(), w.tolist())


@graded(
    function="weighted_logsumexp",
    category="contract",
    points=3,
    rule="w broadcasts against z: one weight a class, one a row, or one for all",
    feedback="z + ln w broadcasts by itself. If you pick terms by index or allocate a result, "
    "broadcast both arrays to one shape first.",
)
def test_weights_broadcast_against_the_logits(lab, rng):
    z = draw(rng, (3, 4))
    matches(lab, "weighted_logsumexp", z, weights(rng, 4))
    matches(lab, "weighted_logsumexp", z, weights(rng, (3, 1)))
    matches(lab, "weighted_logsumexp", z, weights(rng, ()))
    matches(lab, "weighted_logsumexp", z[0], weights(rng, (2, 4)))


@graded(
    function="weighted_logsumexp",
    category="contract",
    points=2,
    rule="It works along any axis of the broadcast array; axis=None takes all elements",
    feedback="Hand the axis on to your logsumexp once z and ln w are added.",
)
def test_weighted_logsumexp_works_along_any_axis(lab, rng):
    z, w = draw(rng, (3, 4, 5)), weights(rng, (4, 1))
    for axis in (-1, 0, 1, -2, None):
        matches(lab, "weighted_logsumexp", z, w, axis=axis)


@graded(
    function="weighted_logsumexp",
    category="contract",
    points=1,
    rule="Neither the logits nor the weights are changed",
    feedback="z[w == 0] = -np.inf writes into the caller's array. np.where makes a new one.",
)
def test_weighted_logsumexp_leaves_its_arguments_alone(lab, rng):
    z, w = draw(rng, (2, 4)), weights(rng, (2, 4))
    w[:, 1] = 0
    matches(lab, "weighted_logsumexp", z, w)
    expect.untouched(lab)


@graded(
    function="weighted_logsumexp",
    category="property",
    points=3,
    rule="A term with weight 0 vanishes whatever its z: 1000, +inf, −inf or NaN",
    feedback="ln 0 = −inf takes an ordinary term out, but inf + (−inf) is NaN, and 0·inf too. "
    "Choose with np.where, by the weight, before anything is computed. The maximum too must be "
    "that of the kept terms alone.",
)
def test_a_term_of_weight_zero_vanishes(lab, rng):
    w = weights(rng, (2, 5))
    w[:, 1], w[:, 4] = 0, 0
    for junk in (1000.0, 1e300, np.inf, -np.inf, np.nan):
        z = draw(rng, (2, 5), 3.0)
        z[:, 1], z[:, 4] = junk, -junk
        matches(lab, "weighted_logsumexp", z, w)
        expect.quiet(lab)


@graded(
    function="weighted_logsumexp",
    category="property",
    points=3,
    rule="Weights of 1 give logsumexp; a weight of 2 is the same term twice; all weights times c "
    "add ln c",
    feedback="Each of the three follows from Σ w e^z by writing it down. The one that fails tells "
    "what your code does with w.",
)
def test_a_weight_of_two_is_the_same_term_twice(lab, rng):
    z = draw(rng, (2, 5))
    w, c = weights(rng, 5), 2.0 ** int(rng.integers(2, 9))
    counts = rng.integers(1, 4, size=5)
    for factors, wanted, what in (
        (np.ones((2, 5)), oracle.logsumexp(z), "with weights of 1 the answer"),
        (counts * 1.0, oracle.logsumexp(np.repeat(z, counts, axis=1)), "with counts as weights it"),
        (c * w, oracle.weighted_logsumexp(z, w) + np.log(c), "with all weights times c it"),
    ):
        value = expect.array(lab.weighted_logsumexp(z, factors), (2,), np.float64)
        # The sum with ln c is rounded twice, to eps/2 of numbers below 16.
        expect.close(value, wanted, slack=16 * np.finfo(float).eps, what=what)


@graded(
    function="weighted_logsumexp",
    category="reference",
    points=2,
    rule="It agrees with the exact value, for logits from tiny to huge and far from 0",
    feedback="An epsilon in ln(w + eps) is an error of its own; zeros are taken out with np.where.",
)
def test_weighted_logsumexp_agrees_with_fifty_digits(lab, rng):
    for scale, offset in ((1e-3, 0.0), (1.0, 1e4), (1e2, 0.0), (1e4, -1e8)):
        w = np.exp(2 * rng.standard_normal((2, 6)))
        matches(lab, "weighted_logsumexp", draw(rng, (2, 6), scale, offset), w)
    z, w = draw(rng, (2, 6), 1.0, 0.0, np.float32), weights(rng, (2, 6), np.float32)
    matches(lab, "weighted_logsumexp", z, w)


@graded(
    function="weighted_logsumexp",
    category="stress",
    points=1,
    rule="Slices in which all weights are zero give −inf, without a warning",
    feedback="Nothing is left to sum, and ln 0 is −inf. Where every term is −inf, the maximum is "
    "−inf and can't be subtracted: your logsumexp has dealt with that already.",
)
def test_all_weights_zero_is_minus_infinity(lab, rng):
    z = draw(rng, (3, 4))
    w = weights(rng, (3, 4))
    w[1] = 0
    matches(lab, "weighted_logsumexp", z, w)
    expect.quiet(lab)


@graded(
    function="weighted_logsumexp",
    category="stress",
    points=2,
    rule="Logits around ±1000, the largest of the contract, and −inf are no problem",
    feedback="Subtract the maximum of each slice before exp, as in logsumexp.",
)
def test_weighted_logsumexp_survives_large_logits(lab):
    w = np.array([0.5, 2.0, 0.25])
    for z in (
        [1000.0, 1001.0, 1002.0],
        [-1000.0, -999.0, -998.0],
        [1e300, 0.0, -1e300],
        [0.5, -np.inf, 1.5],
        [-np.inf, -np.inf, -np.inf],
    ):
        matches(lab, "weighted_logsumexp", np.array(z), w)
        expect.quiet(lab)


@graded(
    function="weighted_logsumexp",
    category="stress",
    points=1,
    rule="Weights may be as small and as large as floats are: 1e-300 beside 1e300",
    feedback="The largest term is the one with the largest z + ln w, not the one with the largest "
    "z. Shift by that: a heavy weight may lift a term whose e^(z − max z) rounds to 0, and two "
    "heavy weights may overflow in the sum.",
)
def test_weights_as_extreme_as_floats_are(lab):
    for z, w in (
        ([0.0, -800.0], [1e-300, 1e300]),
        ([0.0, 0.5, 0.25], [1e308, 1.5e308, 1e308]),
        ([700.0, 1.0], [1e-320, 1.0]),
    ):
        expect.finite(matches(lab, "weighted_logsumexp", np.array(z), np.array(w)))
        expect.quiet(lab)


@graded(
    function="weighted_logsumexp",
    category="bad input",
    points=2,
    rule="A negative or NaN weight is a ValueError that names w",
    feedback="NaN compares false with everything, so (w < 0).any() lets it through. Ask whether "
    "all weights are at least 0, and raise if not.",
)
def test_a_negative_or_nan_weight_is_refused(lab, rng):
    z, w = draw(rng, (2, 3)), weights(rng, 3)
    matches(lab, "weighted_logsumexp", z, w)
    for bad in (-0.5, -1e-300, np.nan, -np.inf):
        spoiled = w.copy()
        spoiled[1] = bad
        with expect.refused("w"):
            lab.weighted_logsumexp(z, spoiled)


# ----------------------------------------------------------------------------- online_update (20)


def held(state):
    """m + ln s of a state that the student's function returned."""
    if not isinstance(state, tuple | list) or len(state) != 2:
        kind = type(state).__name__
        raise AssertionError(f"the new state is a {kind}; expected a tuple (m, s) of two floats")
    for name, part in zip("ms", state, strict=True):
        if isinstance(part, bool) or not isinstance(part, float | int | np.floating | np.integer):
            raise AssertionError(f"{name} is a {type(part).__name__}; expected a float")
    with np.errstate(all="ignore"):
        return float(np.float64(state[0]) + np.log(np.float64(state[1])))


def fold(lab, chunks, state=START):
    """The state after all ``chunks``, none of which may bring a warning."""
    for chunk in chunks:
        state = lab.online_update(state, chunk)
        held(state)
        expect.quiet(lab)
    return state


def folds_right(lab, chunks, state=START, earlier=()):
    """Fold, and compare m + ln s with the exact LSE of all elements; the new state."""
    state = fold(lab, [copy(c) for c in chunks], state)
    every = np.concatenate([np.asarray(c) for c in (*earlier, *chunks)])
    dtype = float_type(every)
    updates = len(chunks) + len(earlier)
    slack = 4 * float(np.finfo(dtype).eps) * updates
    expect.close(dtype.type(held(state)), oracle.logsumexp(every), slack=slack, what="m + ln s")
    return state


@graded(
    function="online_update",
    category="contract",
    points=5,
    rule="It returns a tuple (m, s) of floats, and from (−inf, 0.0) m + ln s is the LSE of all "
    "chunks so far",
    feedback="When a chunk brings a larger maximum, the old sum was measured against the old one: "
    "multiply it by e^(m_old − m_new) before you add. m_old − m_new is never positive.",
)
def test_folding_chunks_gives_the_logsumexp_of_all(lab, rng):
    folds_right(lab, [draw(rng, 6)])
    # The offsets make the maximum rise, then stay where it is.
    folds_right(lab, [draw(rng, 4, 1.0, offset) for offset in (0.0, 4.0, 8.0, 2.0)])
    folds_right(lab, [draw(rng, n, dtype=np.float32) for n in (3, 1, 5)])
    folds_right(lab, [rng.integers(-3, 4, size=3).tolist(), rng.integers(0, 5, size=2)])


@graded(
    function="online_update",
    category="contract",
    points=1,
    rule="The chunk is left as it was",
    feedback="chunk -= m writes into the caller's array. Write chunk - m into a new one.",
)
def test_online_update_leaves_the_chunk_alone(lab, rng):
    for offset in (0.0, 9.0, -9.0):
        folds_right(lab, [draw(rng, 5), draw(rng, 4, 1.0, offset)])
        expect.untouched(lab)


@graded(
    function="online_update",
    category="property",
    points=3,
    rule="The order of the chunks does not matter",
    feedback="The maximum may come first, last or in between. If only rising chunks work, m is "
    "replaced by the maximum of the chunk instead of by the larger of the two.",
)
def test_the_order_of_the_chunks_does_not_matter(lab, rng):
    chunks = [draw(rng, n, 1.0, offset) for n, offset in ((3, 0.0), (1, 6.0), (4, -5.0), (2, 12.0))]
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), tuple(rng.permutation(4))):
        folds_right(lab, [chunks[i] for i in order])


@graded(
    function="online_update",
    category="property",
    points=3,
    rule="One chunk or two halves give the same; what one pass found can be folded into another",
    feedback="A state holds all that matters of the elements behind it. The LSE of another pass "
    "counts like one element: folding it in merges the two.",
)
def test_two_halves_merge(lab, rng):
    z = draw(rng, 10, 3.0, float(rng.normal(0, 50)))
    cut = int(rng.integers(2, 9))
    first, second = z[:cut], z[cut:]
    folds_right(lab, [z])
    left, right = folds_right(lab, [first]), folds_right(lab, [second])
    folds_right(lab, [second], left, earlier=[first])
    for state, other in ((left, right), (right, left)):
        merged = held(fold(lab, [np.array([held(other)])], state))
        # The other half's LSE is handed over rounded, at most eps/2 of it.
        slack = 8 * float(np.finfo(float).eps) * (1 + abs(merged))
        expect.close(np.float64(merged), oracle.logsumexp(z), slack=slack, what="the merged LSE")


@graded(
    function="online_update",
    category="reference",
    points=3,
    rule="It agrees with the exact value over many chunks, and one element at a time",
    feedback="If the error grows with the number of chunks, look at what is rounded in each: the "
    "sum must stay measured against m, and m must stay the largest logit so far.",
)
def test_an_online_pass_agrees_with_fifty_digits(lab, rng):
    for scale, offset in ((1e-3, 0.0), (1.0, -1e4), (30.0, 0.0)):
        lengths = rng.integers(1, 7, size=8)
        folds_right(lab, [draw(rng, n, scale, offset) for n in lengths])
    folds_right(lab, list(draw(rng, (40, 1), 5.0)))


@graded(
    function="online_update",
    category="stress",
    points=2,
    rule="Maxima that jump between −1000 and +1000, or between the largest logits, are no problem",
    feedback="Every exponent must be at or below 0: of the old sum m_old − m_new, of the chunk "
    "chunk − m_new, with m_new the larger of the two maxima.",
)
def test_jumping_maxima_are_no_problem(lab):
    for levels in ((-1000.0, 0.0, 1000.0), (1000.0, 0.0, -1000.0), (-1e300, 1e300, -1e300)):
        folds_right(lab, [np.array([level, level - 1.0, level + 2.0]) for level in levels])


@graded(
    function="online_update",
    category="stress",
    points=3,
    rule="Empty chunks and chunks of only −inf change nothing, at the start too; no NaN, no "
    "warning",
    feedback="The maximum of nothing is an error unless you say initial=-np.inf. As long as the "
    "largest logit so far is −inf, −inf − (−inf) is NaN: then there is nothing to rescale and "
    "nothing to add.",
)
def test_empty_chunks_and_chunks_of_minus_infinity_change_nothing(lab, rng):
    z, more = draw(rng, 4), draw(rng, 3, 1.0, 5.0)
    nothing, never = np.array([]), np.array([-np.inf, -np.inf])
    folds_right(lab, [z, nothing, more])
    folds_right(lab, [nothing, z, never, more, nothing])
    folds_right(lab, [never, nothing, z, never])
    folds_right(lab, [np.array([-np.inf, 1.5, -np.inf]), [], more])
    for chunks in ([nothing], [never], [never, nothing, never]):
        if held(fold(lab, chunks)) != -np.inf:
            raise AssertionError("after nothing but −inf, m + ln s must be −inf")


# -------------------------------------------------------------------------- online_logsumexp (6)


def evaluates_right(lab, m, s):
    """m + ln s, as a float."""
    from mpmath import mp, mpf, workdps

    value = expect.scalar(lab.online_logsumexp((m, s)))
    with workdps(50):
        exact = float(mpf(m) + mp.log(mpf(s)))
    expect.close(np.float64(value), exact)


@graded(
    function="online_logsumexp",
    category="contract",
    points=3,
    rule="It returns m + ln s as a float",
    feedback="The state is a tuple: m, s = state. Return a float, not an array of one element. m "
    "is the shift that was taken off before exp, so it comes back outside the logarithm.",
)
def test_a_state_stands_for_m_plus_ln_s(lab, rng):
    for _ in range(4):
        evaluates_right(lab, float(rng.normal(0, 5)), float(rng.uniform(1, 9)))


@graded(
    function="online_logsumexp",
    category="reference",
    points=1,
    rule="It agrees with the exact value when m is large, and when s is tiny or huge",
    feedback="s·e^m overflows for a large m. m + ln s does not.",
)
def test_a_large_m_does_not_overflow(lab, rng):
    evaluates_right(lab, float(rng.normal(0, 5)), float(rng.uniform(1, 9)))
    for m in (1000.0, -1000.0, 1e300, -1e300):
        evaluates_right(lab, m, float(rng.uniform(1, 100)))
        expect.quiet(lab)
    for s in (1e-300, 1e300):
        evaluates_right(lab, 2.0, s)


@graded(
    function="online_logsumexp",
    category="stress",
    points=2,
    rule="The start state (−inf, 0.0) gives −inf, without a warning",
    feedback="np.log(0.0) warns and math.log(0.0) raises. Ask for s == 0 first, or keep NumPy "
    "silent with np.errstate(divide='ignore').",
)
def test_the_start_state_gives_minus_infinity(lab, rng):
    evaluates_right(lab, float(rng.normal(0, 5)), float(rng.uniform(1, 9)))
    value = expect.scalar(lab.online_logsumexp(START))
    if value != -np.inf:
        raise AssertionError(f"the start state gives {value}; expected −inf")
    expect.quiet(lab)
