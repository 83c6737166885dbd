"""The rules of lab 2, overflow and underflow: 100 points, with what only the grader asks.

Where the tolerances come from
- Thresholds: 1e-12 relative, the course's contract, in the categories reference and stress.
  Elsewhere 1e-7, half an ulp of float32 (6e-8) and a little: whoever takes the logarithm in float32
  has the idea. A table with four decimals has not, nor has a logarithm taken in float16. Rules
  about the tuple and about other types ask for two digits: that fault has a rule of its own.
- ``log1mexp``: 4 ulp in float64, from its row. In float32 the course's 1e-5, relatively, because
  the row asks for more than an absolute error next to zero. Rules about shape, type or bad input
  ask for three digits.
- Words and counts of steps are right or wrong.
Decisions where the contract leaves room
- Thresholds are asked for as Python floats or float64, right to 1e-12 for float16 and float32 too.
- Whether e^z is rounded once or z is rounded to the type first is left open, and so is what happens
  between ln(max) and where rounding really gives inf. So no z lies right at a threshold.
- The sum of a textbook softmax may be taken in any order and with an accumulator of float32 or
  more. So no sum lies closer to overflow than a factor of 1.2.
- A +inf logit is not graded in ``naive_softmax_verdict``, nor another dtype in ``classify_exp``.
- The grader passes dtypes by name, the form that crosses a process wall."""

import functools
import math

import numpy as np
from mpmath import mp, mpf, workdps

from lnnn import exact
from lnnn.messages import _
from lnnn.suite import expect
from lnnn.suite.agree import float_type
from lnnn.suite.rule import given, rule

INF = np.inf
LN2 = math.log(2)
ROUGHLY = 0.01
DTYPES = ("float16", "float32", "float64")
# IEEE 754: bits of the fraction, exponents of the largest and of the smallest normal number.
FORMATS = {"float16": (10, 15, -14), "float32": (23, 127, -126), "float64": (52, 1023, -1022)}
THRESHOLDS = ("overflow", "subnormal", "zero")
WORDS = ("zero", "subnormal", "normal", "overflow")
# Enough digits that 1 − e^x keeps fifty of them from x = −1e-300 to −745.
WIDE = 400

FIRST_TWO = THRESHOLDS[:2]
SIX = np.array([[89.0, 88.0, -87.0], [-88.0, -103.9, -104.1]])
SIX_WORDS = ["overflow", "normal", "normal", "subnormal", "subnormal", "zero"]
BY_TYPE = [
    given([-15.0, 12.0, -100.0], "float16", ["subnormal", "overflow", "zero"]),
    given([-15.0, 12.0, -100.0], "float32", ["normal", "normal", "subnormal"]),
    given([-15.0, 12.0, -100.0], "float64", ["normal", "normal", "normal"]),
]
ENDS = np.array([-INF, INF, 1e300, 0.0])
SILENT = [given(ENDS, dtype, ["zero", "overflow", "overflow", "normal"]) for dtype in DTYPES]
WITH_NAN = given(np.array([0.0, 100.0]), "float32", WORDS[2:], np.array([0.0, np.nan]))
LOST = (np.array([0.0, -110.0]), "float32", "lost")
VERDICTS = [[89.0, 0.0], "overflow"], [[100.0, -200.0], "overflow"]
VERDICTS = *VERDICTS, [[-110.0, -120.0], "0/0"], [[2.0, 1.0, 0.0], "ok"]
VERDICTS = [given(*LOST), *(given(np.array(z), "float32", said) for z, said in VERDICTS)]
VERDICTS_BY_TYPE = [
    given(np.array([20.0, -30.0]), "float16", "overflow"),
    given(np.array([20.0, -30.0]), "float64", "ok"),
    given(np.array([0.0, -50.0]), "float16", "lost"),
]
OVERFLOWS = given(np.array([88.5, 0.0]), np.array([88.5, 88.5]), "float32")
SUBNORMAL = given(np.array([-100.0]), -300.0, "float32")
TOO_FAR = given(np.array([0.0, -1e6]), "float16", "lost")
TOO_LARGE = given(np.array([1e6, 0.0]), "float16", "overflow")
MASKED = given(np.array([0.0, -INF]), np.array([-INF, -INF]), "float16")
WITH_A_NAN = np.array([0.0, np.nan])
OTHER_SHAPES = [given(*LOST, bad) for bad in (np.array([]), np.zeros((2, 2)))]
NEIGHBOURS = given([1.0, 1.0, 2.0], [math.nextafter(1, 2), 2.0, 4.0], [1, 2**52, 2**52])
COLUMNS = (np.array([[2.0], [1.0]]), np.array([[1.0], [1.0]]), [2**52, 0])
ZEROS = given([0.0, -5e-324, -5e-324], [-0.0, 0.0, 5e-324], [0, 1, 2])
LARGEST = np.array([-1.0, 1.0]) * np.finfo(np.float64).max
WHOLE_RANGE = given(LARGEST, -LARGEST, [18_437_736_874_454_810_622] * 2)
ONE_TO_TWO = (np.array([1.0]), np.array([2.0]), [2**52])
NOT_FINITE = [given(*ONE_TO_TWO, np.array([bad])) for bad in (np.nan, INF)]
MODERATE = [given(np.array([[-1.0, -0.5], [-LN2, -3.0]])), given([-1, -2])]
SINGLE = np.array([-1.0, -3.0], np.float32)
CLOSE = given(-(10.0 ** -np.array([300.0, 100.0, 20.0, 16.0, 10.0, 5.0, 2.0])))
FAR = given(-np.array([5.0, 20.0, 40.0, 100.0, 700.0, 740.0]))
POSITIVE = [given([-1.0, -2.0], np.array([-1.0, bad])) for bad in (0.5, np.nan)]
SIX_IN_FLOAT32 = given(SIX, "float32", SIX_WORDS)
ALONE = {
    "classify_exp": [SIX_IN_FLOAT32],
    "naive_softmax_verdict": [given(np.array([100.0, -200.0]), "float32", "overflow")],
    "ulp_distance": [given(*COLUMNS)],
    "log1mexp": [given(SINGLE)],
}


# ------------------------------------------------------ the exact values, and asking the lab
@functools.cache
def limits(dtype: str) -> tuple:
    """ln of the largest number, of the smallest normal one, of half the smallest subnormal."""
    fraction, top, bottom = FORMATS[dtype]
    with workdps(50):
        two = mpf(2)
        largest = (2 - two**-fraction) * two**top
        return tuple(map(mp.log, (largest, two**bottom, two ** (bottom - fraction - 1))))


@functools.lru_cache(maxsize=1 << 14)
def complement(x: float):
    """ln(1 − e^x) as an mpf: the formula as it stands, with many digits."""
    with workdps(WIDE):
        return mp.log(1 - mp.exp(mpf(x))) if x < 0 else mpf("-inf")


def thresholds(lab, dtype, relative, which=THRESHOLDS):
    """Compare those thresholds ``which`` are named with the exact logarithms; the answer."""
    value = lab.exp_thresholds(dtype)
    three = isinstance(value, tuple | list | np.ndarray) and len(value) == 3
    text = _("the answer is {value!r}; expected a tuple of three floats")
    expect.that(three, text, value=value)
    text = _("{name} of {dtype} is {found!r}, where {right!r} is right")
    rights = limits(np.dtype(dtype).name)
    for name, found, right in zip(THRESHOLDS, value, map(float, rights), strict=True):
        if name in which:
            near = abs(expect.scalar(found, name) - right) <= relative * abs(right)
            expect.that(near, text, name=name, dtype=dtype, found=found, right=right)
    return value


def words(lab, z, dtype, wanted):
    """Compare classify_exp with the words ``wanted``, in the order of ``z``; the answer."""
    value = lab.classify_exp(z, dtype)
    strings = isinstance(value, np.ndarray) and value.dtype.kind in "UT"
    text = _("the answer is {value!r}; expected an array of strings")
    expect.that(strings, text, value=value)
    expect.equal(value.astype(str), np.reshape(wanted, np.shape(z)))
    return value


def verdict(lab, z, dtype, wanted):
    """Compare naive_softmax_verdict with one of its four strings."""
    value = lab.naive_softmax_verdict(z, dtype)
    right, shown = isinstance(value, str) and value == wanted, np.asarray(z).tolist()
    text = _("for z = {z} in {dtype} it says {said!r}; {wanted!r} is right")
    expect.that(right, text, z=shown, dtype=dtype, said=value, wanted=wanted)


def steps(lab, a, b, wanted, *, strictly=False):
    """Compare ulp_distance with the ``wanted`` whole numbers, in the order of ``a``.

    Any number type will do, if its values are right; ``strictly`` asks for uint64."""
    value = lab.ulp_distance(a, b)
    numbers = isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iuf"
    expect.that(numbers, _("the answer is not an array of whole numbers"))
    value = expect.array(value, np.shape(a), np.uint64 if strictly else value.dtype)
    # As Python's numbers, which compare exactly: neither float64 nor int64 holds them all.
    for i, (found, right) in enumerate(zip(value.reshape(-1).tolist(), wanted, strict=True)):
        text = _("the distance at place {i} is {found}; {right} is right")
        expect.that(found == right, text, i=i, found=found, right=right)


def agree(lab, x, *, roughly=False, strictly=False):
    """Compare log1mexp with the exact value: within 4 ulp, or 1e-5 in float32; the answer.

    ``roughly`` asks for three digits, ``strictly`` also for the float type of ``x``."""
    flat = np.array(x, dtype=np.float64).reshape(-1).tolist()
    right = np.array([complement(v) for v in flat], dtype=object).reshape(np.shape(x))
    value = lab.log1mexp(x)
    if np.ndim(x) == 0 and isinstance(value, float):
        value = np.asarray(value)
    of_type = expect.array if strictly else expect.floats
    value = of_type(value, np.shape(x), float_type(x))
    in_ulp = not roughly and value.dtype == np.float64
    error = (exact.ulp_error if in_ulp else exact.relative_error)(value, right)
    allowed = 1e-3 if roughly else 4.0 if in_ulp else 1e-5
    if not np.all(error <= allowed):
        at = int(np.argmax(error))
        text = _("at x = {x:g} it is {found:.17g}, where {right} is right: {off:.3g} ulp off")
        shown = {"x": flat[at], "found": value.flat[at], "right": mp.nstr(right.flat[at], 17)}
        raise AssertionError(text.format(**shown, off=exact.ulp_error(value, right).flat[at]))
    return value


# --------------------------------------------------------------------------- exp_thresholds (16)
@rule("exp_thresholds", "contract", points=3, examples=[given("float32"), given(np.float32)])
def the_first_two_thresholds_are_logarithms(lab, dtype):
    """First comes ln of the largest number, then ln of the smallest normal one: in float32 of
    (2 − 2⁻²³)·2¹²⁷ and of 2⁻¹²⁶

    np.finfo has max and tiny, the smallest normal number. Look at the order, and at e^x against x:
    the thresholds are logarithms. The second is not minus the first."""
    thresholds(lab, dtype, 1e-7, FIRST_TWO)


@rule("exp_thresholds", "contract", points=2, examples=[given("float32"), given("float16")])
def the_third_threshold_is_half_a_step_above_zero(lab, dtype):
    """The third is ln of half the smallest subnormal number: in float32 that number is 2⁻¹⁴⁹

    Rounding goes to the nearest: down to half of the smallest subnormal number e^x is still rounded
    up to it, and only below that it becomes 0. Without the half you are off by ln 2."""
    thresholds(lab, dtype, 1e-7, which=("zero",))


@rule("exp_thresholds", "contract", points=2, examples=[given("float32")])
def the_thresholds_are_a_tuple_of_floats(lab, dtype):
    """The answer is a tuple of three Python floats or float64 numbers

    return a, b, c makes a tuple. An array, a list or a number in float16 is not asked for: what is
    computed in float16 has three digits."""
    value = thresholds(lab, dtype, ROUGHLY, FIRST_TWO)
    kinds = [type(value).__name__, *(type(v).__name__ for v in value)]
    floats = isinstance(value, tuple) and all(isinstance(v, float) for v in value)
    text = _("the answer is a {kind} of {members}; expected a tuple of three floats")
    expect.that(floats, text, kind=kinds[0], members=", ".join(kinds[1:]))


@rule("exp_thresholds", "contract", points=2, examples=[given("float16")])
def the_thresholds_of_float16_are_not_rounded_to_it(lab, dtype):
    """The thresholds of float16 are its own, and not rounded to it

    np.log of a float16 number is computed in float16, which has three digits. Make a Python float
    of the number first."""
    thresholds(lab, dtype, 1e-7, FIRST_TWO)


@rule("exp_thresholds", "stress", points=3, examples=[given("float64")])
def the_zero_threshold_of_float64_is_reached_in_log_space(lab, dtype):
    """In float64 the third threshold is finite and right, without a warning: −1075 · ln 2

    Half the smallest subnormal of float64 is 0 in float64, and ln 0 is −inf. It is a power of two:
    its logarithm is the exponent times ln 2, and no tiny number is needed."""
    thresholds(lab, dtype, 1e-12, which=("zero",))
    expect.quiet(lab)


@rule("exp_thresholds", "reference", points=1)
def the_thresholds_agree_with_fifty_digits(lab, dtype):
    """All nine numbers agree with the exact logarithms to 1e-12

    The values are wanted with all digits of float64, for the smaller types too: take the logarithm
    in float64."""
    thresholds(lab, dtype, 1e-12)


@rule("exp_thresholds", "bad input", points=2, examples=[given("int32"), given("complex64")])
def other_types_are_refused(lab, dtype):
    """A dtype that is none of the three is a ValueError that names it

    np.finfo refuses integers, but it knows complex64. Compare with the three types that are
    allowed."""
    thresholds(lab, "float32", ROUGHLY, FIRST_TWO)
    expect.refuses(lab.exp_thresholds, dtype, names="dtype")


@rule("exp_thresholds", "bad input", points=1, examples=[given("bfloat16")])
def unknown_names_are_refused(lab, name):
    """A name that NumPy does not know is a ValueError, too

    np.dtype raises a TypeError for such a name. Catch it and raise your own ValueError."""
    thresholds(lab, "float32", ROUGHLY, FIRST_TWO)
    expect.refuses(lab.exp_thresholds, name, names="dtype")


# ----------------------------------------------------------------------------- classify_exp (20)
@rule("classify_exp", "contract", points=3, examples=[SIX_IN_FLOAT32, *BY_TYPE])
def every_element_gets_its_word(lab, z, dtype, wanted):
    """It names what e^z becomes in the type, for every element, in the shape of z

    Compare z with the three thresholds, from the largest to the smallest. Look at the order of the
    comparisons and at the sign: large z overflow, very negative ones become zero. Each type has its
    own thresholds."""
    words(lab, z, dtype, wanted)


@rule("classify_exp", "contract", points=2, examples=BY_TYPE[:2])
def subnormal_is_a_word_of_its_own(lab, z, dtype, wanted):
    """A subnormal exponential is told from a normal one and from zero

    Between the second and the third threshold e^z is held with fewer digits, but it is not zero."""
    words(lab, z, dtype, wanted)


@rule("classify_exp", "property", points=3)
def the_words_come_in_one_order(lab, z, wanted):
    """As z grows the words come in one order: zero, subnormal, normal, overflow; and a wider type
    never overflows or loses what a narrower one holds

    If the order breaks, two conditions overlap or one is turned round. If the types disagree, a
    threshold of one type is used for another."""
    held_before = np.zeros(z.size, dtype=bool)
    for dtype in DTYPES:
        answer = words(lab, z.copy(), dtype, wanted[dtype])
        places = [WORDS.index(word) for word in answer.tolist()]
        expect.that(np.all(np.diff(places) >= 0), _("the words do not follow z"))
        held_now = answer == "normal"
        less = np.any(held_before & ~held_now)
        expect.that(not less, _("a wider type holds less than a narrower one"))
        held_before = held_now


@rule("classify_exp", "reference", points=2)
def classify_exp_agrees_with_the_rounded_exponential(lab, z, dtype, wanted):
    """It agrees with e^z computed to fifty digits and then rounded to the type

    A subnormal number is small but not zero. If only those are wrong, the third threshold is
    missing, or it is that of another type."""
    words(lab, z, dtype, wanted)


@rule("classify_exp", "stress", points=3)
def next_to_the_thresholds_the_words_are_right(lab, z, dtype, wanted):
    """Right next to the thresholds it still names the right side

    Thresholds rounded to two decimals, or 88 and 709, are too coarse here. So is a z rounded to
    float16."""
    words(lab, z, dtype, wanted)


@rule("classify_exp", "stress", points=3, examples=SILENT)
def infinities_are_classified_in_silence(lab, z, dtype, wanted):
    """−inf is zero, +inf and 1e300 are overflow, without a warning

    If you compute the exponential, or convert z to a narrower type, NumPy warns about the overflow.
    Comparing z with the thresholds needs neither."""
    words(lab, z, dtype, wanted)
    expect.quiet(lab)


@rule("classify_exp", "bad input", points=2, examples=[WITH_NAN])
def nan_is_refused(lab, z, dtype, wanted, bad):
    """A NaN among the z is a ValueError that names z

    NaN fails every comparison, so it falls through to the last word. Ask np.isnan before you
    compare."""
    words(lab, z, dtype, wanted)
    expect.refuses(lab.classify_exp, bad, dtype, names="z")


# -------------------------------------------------------------------- naive_softmax_verdict (22)
@rule("naive_softmax_verdict", "contract", points=5, examples=VERDICTS)
def the_four_verdicts_are_told_apart(lab, z, dtype, wanted):
    """It tells the four cases apart: overflow, 0/0, lost, ok, the first that fits

    Run the textbook formula in that type and look at its parts: the exponentials and their sum.
    Overflow comes first, even if another class is lost as well. 0/0 needs every exponential to be
    zero, lost only one."""
    verdict(lab, z, dtype, wanted)


@rule("naive_softmax_verdict", "contract", points=2, examples=VERDICTS_BY_TYPE)
def the_type_decides(lab, z, dtype, wanted):
    """The verdict is that of the type asked for, whatever the type of z

    The same logits overflow in float16 and are fine in float64. Convert z to the type before exp; a
    float64 exponential says nothing about float16."""
    verdict(lab, z, dtype, wanted)


@rule("naive_softmax_verdict", "property", points=2)
def a_class_that_is_out_changes_no_verdict(lab, z, dtype, wanted, order):
    """The order of the logits does not matter, and a class at −inf changes no verdict

    A logit of −inf is a class that was meant to be out: its exponential is 0 and nothing is lost.
    Ask whether the logit itself is finite."""
    for logits in (z, z[::-1].copy(), np.append(z, [-INF, -INF])[order]):
        verdict(lab, logits, dtype, wanted)


@rule("naive_softmax_verdict", "reference", points=3)
def the_verdict_agrees_with_exact_exponentials(lab, z, dtype, wanted):
    """It agrees with exact exponentials, each rounded to the type

    If only some verdicts are wrong, find out which exponential your code takes for zero or for
    infinite, and compare it with np.exp in that type."""
    verdict(lab, z, dtype, wanted)


@rule("naive_softmax_verdict", "stress", points=2, examples=[OVERFLOWS])
def a_sum_may_overflow_alone(lab, fits, overflows, dtype):
    """Exponentials that are finite, with a sum that is not, are an overflow

    Each exponential fits and their sum does not. Look at the sum as well: x/inf is 0 for every
    class. Take it with np.sum: a loop that rounds each partial sum to float16 stops at 2048, where
    adding 1 changes nothing."""
    verdict(lab, fits, dtype, "ok")
    verdict(lab, overflows, dtype, "overflow")


@rule("naive_softmax_verdict", "stress", points=2, examples=[SUBNORMAL])
def a_subnormal_exponential_is_still_there(lab, z, gone, dtype):
    """A subnormal exponential is neither lost nor a zero of 0/0

    Below −87 a float32 exponential loses digits, but it is there down to −103.97. Ask whether it
    equals 0, not whether it is small."""
    verdict(lab, np.insert(z, 0, 0.0), dtype, "ok")
    verdict(lab, z, dtype, "ok")
    verdict(lab, np.append(z, gone), dtype, "lost")


@rule("naive_softmax_verdict", "stress", points=2, examples=[TOO_FAR, TOO_LARGE])
def logits_that_the_type_cannot_hold_count_as_given(lab, z, dtype, wanted):
    """Logits that the type cannot hold count as they were given, and there is no warning

    −1e6 becomes −inf in float16, so look for finite logits in the array that you were given.
    Converting, exp and the sum may all overflow here: keep them under np.errstate."""
    verdict(lab, z, dtype, wanted)
    expect.quiet(lab)


@rule("naive_softmax_verdict", "stress", points=1, examples=[MASKED])
def nothing_but_minus_infinity_is_zero_by_zero(lab, some_out, all_out, dtype):
    """Logits that are all −inf give 0/0, without a warning

    Every exponential is zero, so the formula is 0/0. That no class is lost comes later in the
    list."""
    verdict(lab, some_out, dtype, "ok")
    verdict(lab, all_out, dtype, "0/0")
    expect.quiet(lab)


@rule("naive_softmax_verdict", "bad input", points=1, examples=[given(*LOST, WITH_A_NAN, "int32")])
def nan_and_other_types_have_no_verdict(lab, z, dtype, wanted, bad, other):
    """A NaN among the logits is a ValueError that names z, and a dtype other than the three is one
    that names dtype

    NaN is no overflow, and it is not lost: ask for it first. Your exp_thresholds knows which types
    there are."""
    verdict(lab, z, dtype, wanted)
    expect.refuses(lab.naive_softmax_verdict, bad, dtype, names="z")
    expect.refuses(lab.naive_softmax_verdict, z, other, names="dtype")


@rule("naive_softmax_verdict", "bad input", points=1, examples=OTHER_SHAPES)
def other_shapes_are_refused(lab, z, dtype, wanted, bad):
    """No logits, or logits that have not exactly one dimension, are a ValueError that names z

    Look at ndim and size before anything else. A batch would need one verdict for each row, and an
    empty z would be called 0/0."""
    verdict(lab, z, dtype, wanted)
    expect.refuses(lab.naive_softmax_verdict, bad, dtype, names="z")


# ----------------------------------------------------------------------------- ulp_distance (21)
@rule("ulp_distance", "contract", points=4, examples=[NEIGHBOURS, given(*COLUMNS)])
def it_counts_the_steps(lab, a, b, wanted):
    """It counts the float64 steps between each pair of elements, both ways alike: one to the next
    float, 2⁵² from 1 to 2

    From 1 to 1 + 2.2e-16 is one step. Dividing the difference by the gap at one end fails when the
    gap changes in between; counting in the bits does not."""
    for first, second in ((a, b), (b, a), (np.negative(a), np.negative(b))):
        steps(lab, first, second, wanted)


@rule("ulp_distance", "contract", points=2, examples=[NEIGHBOURS])
def the_steps_are_uint64(lab, a, b, wanted):
    """The answer is a uint64 array; what comes in as float32 or as integers counts as float64

    float64 cannot count beyond 2^53 in single steps, and int64 ends below the longest distance.
    View the bits with array.view(np.uint64) and stay there: the next float is the next integer."""
    steps(lab, a, b, wanted, strictly=True)


@rule("ulp_distance", "property", points=4)
def distances_add_up(lab, a, b, c, there, further):
    """Nothing is 0 away from itself, the way there is the way back, and distances along a line add
    up

    If they add up on one side of 0 only, the sign is not dealt with: negative floats have larger
    bits than positive ones, and in reverse order."""
    steps(lab, a, b, there)
    steps(lab, b, a, there)
    steps(lab, b, c, further)
    steps(lab, a, c, [x + y for x, y in zip(there, further, strict=True)])
    steps(lab, a, a, [0] * a.size)


@rule("ulp_distance", "reference", points=3)
def ulp_distance_agrees_with_whole_numbers(lab, a, b, wanted):
    """It agrees with counting in whole numbers, for floats of all sizes

    Any rounding on the way shows up here, because the counts have up to 19 digits: look for a float
    in the middle of the calculation."""
    steps(lab, a, b, wanted)


@rule("ulp_distance", "stress", points=2, examples=[ZEROS])
def the_two_zeros_are_one_place(lab, a, b, wanted):
    """+0 and −0 are 0 apart, and across 0 the steps on both sides add up

    −0.0 has only its sign bit set, so as a plain unsigned integer it stands above every positive
    float. Take the sign away before you read the bits."""
    steps(lab, a, b, wanted)


@rule("ulp_distance", "stress", points=2, examples=[WHOLE_RANGE])
def the_whole_range_is_counted(lab, a, b, wanted):
    """It spans the whole range, from the most negative float to the largest, without a warning

    That distance is 1.8e19, above the end of int64 (9.2e18), and float64 would round it. Stay in
    uint64, and subtract the smaller number from the larger one: unsigned numbers wrap around below
    0."""
    steps(lab, a, b, wanted)
    expect.quiet(lab)


@rule("ulp_distance", "bad input", points=2, examples=NOT_FINITE)
def what_is_not_finite_is_refused(lab, a, b, wanted, bad):
    """A NaN or an infinity, in a or in b, is a ValueError that names the argument

    NaN and inf have bits, too, so a distance comes out without any complaint. Ask np.isfinite for
    both arguments."""
    steps(lab, a, b, wanted)
    for arguments in ((bad, a), (a, bad)):
        expect.refuses(lab.ulp_distance, *arguments, names=("a", "b"))


# --------------------------------------------------------------------------------- log1mexp (21)
@rule("log1mexp", "contract", points=3, examples=MODERATE)
def it_is_the_log_of_the_complement(lab, x):
    """It returns ln(1 − e^x) in the shape of x; lists, integers and single numbers work too

    Check the signs: e^x lies between 0 and 1, so the answer is negative. For x = −ln 2 it is −ln 2
    again."""
    agree(lab, x, roughly=True)


@rule("log1mexp", "contract", points=2, examples=[given(SINGLE), given([-1, -2])])
def the_float_type_stays(lab, x):
    """float32 in, float32 out; integers and lists are computed in float64

    Turn the array into float64 only if it is no float array already, and look for a float64 array
    on the way that drags the result along."""
    agree(lab, x, roughly=True, strictly=True)


@rule("log1mexp", "property", points=3)
def the_complement_of_the_complement_is_where_it_started(lab, x, further):
    """The complement of the complement is where it started, and ln(1 − e^2x) is ln(1 − e^x) +
    ln(1 + e^x)

    1 − (1 − p) = p, to the last digits. If it comes back with fewer digits, they were lost in
    1 − e^x: neither side of the change-over may form it."""
    eps = np.finfo(np.float64).eps
    y = agree(lab, x)
    back = expect.array(lab.log1mexp(y), y.shape, np.float64)
    # y is off by 4 ulp, at most 4·eps·|y|; dx/dy = −e^y/(1 − e^y) carries it over; 4 more for x.
    slack = 4 * eps * np.max(np.abs(y) / (np.exp(-y) - 1) + np.abs(x))
    off = np.max(np.abs(back - x))
    expect.that(off <= slack, _("it comes back {off:.2g} away"), off=off)
    once, twice, other = agree(lab, further), agree(lab, 2 * further), np.log1p(np.exp(further))
    # 4 ulp of each of the three terms.
    slack = 4 * eps * (np.abs(once) + np.abs(twice) + np.abs(other))
    near = np.all(np.abs(once + other - twice) <= slack)
    expect.that(near, _("ln(1 − e^2x) is not the sum of the two"))


@rule("log1mexp", "reference", points=3)
def log1mexp_agrees_within_four_ulp(lab, x):
    """It agrees with the exact value within 4 ulp, for x from −37 to −1e-3

    One of the two formulas holds near 0, the other far from it, and they change over at e^x = ½. If
    the error is large on one side only, they are swapped, or one serves for all."""
    agree(lab, x)


@rule("log1mexp", "stress", points=3, examples=[CLOSE])
def log1mexp_is_right_close_to_zero(lab, x):
    """Close to 0, down to x = −1e-300, it is right within 4 ulp, without a warning

    Here 1 − e^x is nearly −x, but e^x rounds to 1 and the subtraction leaves nothing. np.expm1
    gives e^x − 1 with all its digits."""
    agree(lab, x)
    expect.quiet(lab)


@rule("log1mexp", "stress", points=2, examples=[FAR])
def log1mexp_is_right_far_from_zero(lab, x):
    """Far from 0, down to x = −745, it is right within 4 ulp, without a warning

    Here the answer is nearly −e^x, but 1 − e^x rounds to 1 and its logarithm to 0. np.log1p gives
    ln(1 + y) with all digits of a tiny y."""
    agree(lab, x)
    expect.quiet(lab)


@rule("log1mexp", "stress", points=1, examples=[given(np.array([0.0, -1.0]))])
def the_complement_of_certainty_is_impossible(lab, x):
    """x = 0 gives −inf, without a warning

    The event is certain, its complement impossible. The warning of the logarithm comes even where
    np.where drops the value: np.errstate(divide='ignore') around both formulas."""
    agree(lab, x, roughly=True)
    expect.quiet(lab)


@rule("log1mexp", "bad input", points=2, examples=POSITIVE)
def what_is_no_log_probability_is_refused(lab, x, bad):
    """A positive x, or NaN, is a ValueError that names x

    A positive x is no log-probability, and 1 − e^x is negative. NaN fails every comparison: ask
    whether all x are at most 0, and raise if not."""
    agree(lab, x, roughly=True)
    expect.refuses(lab.log1mexp, bad, names="x")


# --------------------------------------------------------------------------- four of them alike
@rule(dict.fromkeys(ALONE, 1), "contract", examples=ALONE)
def the_arguments_are_left_alone(lab, function, *inputs):
    """The caller's arrays are left as they were

    np.exp(z, out=z), x *= … and z[z > …] = … write into the caller's array, because np.asarray
    makes no copy. a.view(np.uint64) shares its memory with a: what you change in the view changes
    in a."""
    asked = {
        "classify_exp": words,
        "naive_softmax_verdict": verdict,
        "ulp_distance": steps,
        "log1mexp": functools.partial(agree, roughly=True),
    }
    asked[function](lab, *inputs)
    expect.untouched(lab)
