"""The visible checks of lab 2: every rule of the contract, on inputs that may be read here.

The values are known in closed form, or come from Python's math module and from mpmath.
"""

import math

import numpy as np
import pytest
from mpmath import mp

from lnnn.suite import expect

graded = pytest.mark.graded

LN2 = math.log(2)


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


# ----------------------------------------------------------------------------- exp_thresholds


def thresholds(lab, dtype, wanted):
    """The answer is a tuple of three floats, the ``wanted`` ones; None is not compared."""
    value = lab.exp_thresholds(dtype)
    if not isinstance(value, tuple) or len(value) != 3:
        raise AssertionError(f"the answer is {value!r}; expected a tuple of three floats")
    for name, found, right in zip(("overflow", "subnormal", "zero"), value, wanted, strict=True):
        if not isinstance(found, float):
            raise AssertionError(f"{name} is a {type(found).__name__}; expected a float")
        if right is not None and not abs(found - right) <= 1e-12 * abs(right):
            raise AssertionError(f"{name} of {dtype} is {found!r}, where {right!r} is right")


@check(
    "exp_thresholds",
    "contract",
    "float32: the largest number is (2 − 2⁻²³)·2¹²⁷, the smallest normal one 2⁻¹²⁶, the smallest "
    "subnormal one 2⁻¹⁴⁹",
    "Return the logarithms in this order, with half of the third number.",
)
def test_thresholds_of_float32(lab):
    wanted = (math.log((2 - 2**-23) * 2.0**127), -126 * LN2, -150 * LN2)
    thresholds(lab, "float32", wanted)
    thresholds(lab, np.float32, wanted)


@check(
    "exp_thresholds",
    "contract",
    "float16 has thresholds with all digits of float64",
    "np.log of a float16 is a float16, with three digits. Make a Python float of it first.",
)
def test_thresholds_of_float16(lab):
    thresholds(lab, "float16", (math.log(65504.0), -14 * LN2, -25 * LN2))


@check(
    "exp_thresholds",
    "stress",
    "float64 has a finite third threshold, −1075 · ln 2, without a warning",
    "Half the smallest subnormal underflows to 0. ln of 2⁻¹⁰⁷⁵ needs no 2⁻¹⁰⁷⁵.",
)
def test_thresholds_of_float64(lab):
    thresholds(lab, "float64", (math.log(np.finfo(np.float64).max), -1022 * LN2, -1075 * LN2))
    expect.quiet(lab)


@check(
    "exp_thresholds",
    "bad input",
    "Any other dtype is a ValueError that says dtype",
    "np.finfo knows complex64, and np.dtype raises a TypeError for a name it does not know.",
)
def test_thresholds_of_other_types(lab):
    thresholds(lab, "float32", (None, -126 * LN2, None))
    for dtype in ("int32", "complex64", "bfloat16"):
        with expect.refused("dtype"):
            lab.exp_thresholds(dtype)


# ------------------------------------------------------------------------------- classify_exp


def words(lab, z, dtype, wanted):
    """The answer is an array of the ``wanted`` strings, in the shape of ``z``."""
    value = lab.classify_exp(z, dtype)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "UT":
        raise AssertionError(f"the answer is {value!r}; expected an array of strings")
    expect.equal(value.astype(str), np.reshape(wanted, np.shape(z)))


@check(
    "classify_exp",
    "contract",
    "It tells overflow, normal, subnormal and zero apart, in the shape of z",
    "Compare z with the three thresholds, from the largest to the smallest.",
)
def test_words_of_float32(lab):
    z = np.array([[89.0, 88.0, -87.0], [-88.0, -103.9, -104.1]])
    wanted = ["overflow", "normal", "normal", "subnormal", "subnormal", "zero"]
    words(lab, z, "float32", wanted)
    expect.untouched(lab)


@check(
    "classify_exp",
    "contract",
    "The same z fares differently in each type",
    "Ask for the thresholds of the type that you were given.",
)
def test_words_of_each_type(lab):
    z = [-15.0, 12.0, -100.0]
    words(lab, z, "float16", ["subnormal", "overflow", "zero"])
    words(lab, z, "float32", ["normal", "normal", "subnormal"])
    words(lab, z, "float64", ["normal"] * 3)


@check(
    "classify_exp",
    "stress",
    "−inf is zero, +inf is overflow, without a warning",
    "Comparing needs no exponential, and no conversion that could overflow.",
)
def test_words_of_infinities(lab):
    z = np.array([-np.inf, np.inf, 1e300, 0.0])
    for dtype in ("float16", "float32", "float64"):
        words(lab, z, dtype, ["zero", "overflow", "overflow", "normal"])
        expect.quiet(lab)


@check(
    "classify_exp",
    "bad input",
    "A NaN is a ValueError that says z",
    "NaN fails every comparison. Look for it first.",
)
def test_words_of_nan(lab):
    words(lab, np.array([0.0, 100.0]), "float32", ["normal", "overflow"])
    with expect.refused("z"):
        lab.classify_exp(np.array([0.0, np.nan]), "float32")


# ---------------------------------------------------------------------- naive_softmax_verdict


def verdict(lab, z, dtype, wanted):
    """The answer is the string ``wanted``."""
    value = lab.naive_softmax_verdict(z, dtype)
    if not isinstance(value, str) or value != wanted:
        shown = np.asarray(z).tolist()
        raise AssertionError(f"for z = {shown} in {dtype} it says {value!r}; {wanted!r} is right")


@check(
    "naive_softmax_verdict",
    "contract",
    "It tells overflow, 0/0, lost and ok apart, the first that fits",
    "Compute the exponentials in that type, and look at them and at their sum.",
)
def test_verdicts_of_float32(lab):
    verdict(lab, np.array([89.0, 0.0]), "float32", "overflow")
    verdict(lab, np.array([-110.0, -120.0]), "float32", "0/0")
    verdict(lab, np.array([0.0, -110.0]), "float32", "lost")
    verdict(lab, np.array([2.0, 1.0, 0.0]), "float32", "ok")
    verdict(lab, np.array([100.0, -200.0]), "float32", "overflow")
    expect.untouched(lab)


@check(
    "naive_softmax_verdict",
    "contract",
    "The same logits fare differently in each type",
    "Convert z to the type before exp.",
)
def test_verdicts_of_each_type(lab):
    z = np.array([20.0, -30.0])
    verdict(lab, z, "float16", "overflow")
    verdict(lab, z, "float64", "ok")
    verdict(lab, z - 20, "float16", "lost")


@check(
    "naive_softmax_verdict",
    "stress",
    "A sum can overflow alone, and a subnormal exponential is not lost",
    "Ask whether the sum is infinite, and whether an exponential equals 0.",
)
def test_verdicts_at_the_edges(lab):
    verdict(lab, np.array([88.5, 88.5]), "float32", "overflow")
    verdict(lab, np.array([88.5, 0.0]), "float32", "ok")
    verdict(lab, np.array([0.0, -100.0]), "float32", "ok")


@check(
    "naive_softmax_verdict",
    "stress",
    "A class at −inf is never lost; −1e6 in float16 is, and without a warning",
    "Look for finite logits in the array that you were given, before it is converted.",
)
def test_verdicts_of_logits_that_do_not_fit(lab):
    verdict(lab, np.array([0.0, -np.inf]), "float16", "ok")
    verdict(lab, np.array([0.0, -1e6]), "float16", "lost")
    expect.quiet(lab)
    verdict(lab, np.array([1e6, 0.0]), "float16", "overflow")
    expect.quiet(lab)


@check(
    "naive_softmax_verdict",
    "bad input",
    "An empty z, or one with two dimensions, is a ValueError that says z",
    "Look at ndim and size first.",
)
def test_verdicts_of_other_shapes(lab):
    verdict(lab, np.array([0.0, -110.0]), "float32", "lost")
    for z in (np.array([]), np.zeros((2, 2))):
        with expect.refused("z"):
            lab.naive_softmax_verdict(z, "float32")


# ------------------------------------------------------------------------------- ulp_distance


def steps(lab, a, b, wanted):
    """The answer is the ``wanted`` numbers of steps, as uint64."""
    value = expect.array(lab.ulp_distance(np.array(a), np.array(b)), np.shape(a), np.uint64)
    expect.equal(value, np.array(wanted, dtype=np.uint64))


@check(
    "ulp_distance",
    "contract",
    "It counts steps: one to the next float, 2⁵² from 1 to 2, as uint64",
    "Read the bits with array.view(np.uint64): the next float is the next integer.",
)
def test_steps(lab):
    steps(lab, [1.0, 1.0, 2.0], [math.nextafter(1, 2), 2.0, 4.0], [1, 2**52, 2**52])
    steps(lab, [[2.0], [1.0]], [[1.0], [1.0]], [[2**52], [0]])
    expect.untouched(lab)


@check(
    "ulp_distance",
    "stress",
    "It works across 0, and +0 and −0 are 0 apart",
    "Take the sign away first. For different signs the two ways to 0 add up.",
)
def test_steps_across_zero(lab):
    steps(lab, [0.0, -5e-324, -5e-324], [-0.0, 0.0, 5e-324], [0, 1, 2])


@check(
    "ulp_distance",
    "stress",
    "It spans the whole range: 18 437 736 874 454 810 622 steps",
    "Too many for int64, and float64 would round. Stay in uint64.",
)
def test_steps_over_the_whole_range(lab):
    largest = np.finfo(np.float64).max
    steps(lab, [-largest, largest], [largest, -largest], [2 * (2047 * 2**52 - 1)] * 2)
    expect.quiet(lab)


@check(
    "ulp_distance",
    "bad input",
    "A NaN or an infinity is a ValueError that says a or b",
    "They have bits, too, so nothing fails by itself. Look at both arguments.",
)
def test_steps_of_nan(lab):
    steps(lab, [1.0], [2.0], [2**52])
    for a, b in (([np.nan], [1.0]), ([1.0], [np.inf])):
        with expect.refused("a", "b"):
            lab.ulp_distance(np.array(a), np.array(b))


# ----------------------------------------------------------------------------------- log1mexp


def agree(lab, x, relative):
    """The answer agrees with the formula at 400 digits, in the shape and the type of ``x``."""
    given = np.asarray(x)
    dtype = given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)
    value = expect.array(lab.log1mexp(x), given.shape, dtype)
    with mp.workdps(400):
        flat = given.astype(float).reshape(-1).tolist()
        wanted = [mp.log(1 - mp.exp(v)) if v < 0 else mp.mpf("-inf") for v in flat]
    for v, found, right in zip(flat, value.reshape(-1).tolist(), wanted, strict=True):
        # Below 1e-308 floats are subnormal: half a step there is 2.5e-324.
        if not (found == right or abs(found - right) <= relative * abs(right) + mp.mpf("3e-324")):
            raise AssertionError(
                f"at x = {v:g} it is {found:.17g}, where {mp.nstr(right, 17)} is right"
            )


# One ulp is at most 2.2e-16 of the value, so four are below 9e-16.
FOUR_ULP = 9e-16


@check(
    "log1mexp",
    "contract",
    "The values are right, and float32 stays float32",
    "ln(1 − e^x) is negative. At x = −ln 2 it is −ln 2.",
)
def test_log1mexp_values(lab):
    agree(lab, np.array([[-1.0, -0.5], [-LN2, -3.0]]), 1e-12)
    agree(lab, [-1, -2], 1e-12)
    agree(lab, np.array([-1.0, -3.0], np.float32), 1e-5)
    expect.untouched(lab)


@check(
    "log1mexp",
    "stress",
    "It keeps its digits close to 0",
    "e^x rounds to 1 there. np.expm1 gives e^x − 1 without forming it.",
)
def test_log1mexp_close_to_zero(lab):
    agree(lab, -(10.0 ** -np.array([300.0, 100, 20, 16, 10, 5, 2])), FOUR_ULP)
    expect.quiet(lab)


@check(
    "log1mexp",
    "stress",
    "It keeps its digits far from 0",
    "1 − e^x rounds to 1 there. np.log1p takes the small part alone.",
)
def test_log1mexp_far_from_zero(lab):
    agree(lab, -np.array([5.0, 20, 40, 100, 700, 740]), FOUR_ULP)
    expect.quiet(lab)


@check(
    "log1mexp",
    "stress",
    "x = 0 gives −inf, without a warning",
    "np.where computes both sides everywhere. np.errstate(divide='ignore') keeps them silent.",
)
def test_log1mexp_of_zero(lab):
    agree(lab, np.array([0.0, -1.0]), 1e-12)
    expect.quiet(lab)


@check(
    "log1mexp",
    "bad input",
    "A positive x, or NaN, is a ValueError that says x",
    "NaN compares false with everything. Ask whether all x are at most 0; if not, raise.",
)
def test_log1mexp_bad_x(lab):
    agree(lab, np.array([-1.0, -2.0]), 1e-12)
    for bad in (0.5, float("nan")):
        with expect.refused("x"):
            lab.log1mexp(np.array([-1.0, bad]))
