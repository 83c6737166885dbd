"""The grading suite of lab 2, overflow and underflow. Contract: 100 points over five functions.

Where the tolerances come from
- Thresholds: 1e-12 relative, the course's contract, in the categories reference and stress.
  Elsewhere 1e-7, half an ulp of float32 (6e-8) and a little: whoever takes the logarithm in float32
  has the idea. A table with four decimals has not, nor has a logarithm taken in float16.
- ``log1mexp``: 4 ulp in float64, from its row. In float32 the course's 1e-5, relatively, because
  the row asks for more than an absolute error next to zero. Tests about shape, type or bad input
  ask for three digits.
- Words and counts of steps are right or wrong.
Decisions where the contract leaves room
- Thresholds are asked for as Python floats or float64, right to 1e-12 for float16 and float32 too.
- Whether e^z is rounded once or z is rounded to the type first is left open, and so is what happens
  between ln(max) and where rounding really gives inf. So no z lies closer to a threshold than
  ``CLEAR``: more than the rounding of such a z, and more than half an ulp of e^z.
- The sum of a textbook softmax may be taken in any order and with a wider accumulator. So no sum
  lies closer to overflow than a factor of 1.5.
- A NaN or +inf logit is not graded in ``naive_softmax_verdict``; a dtype other than the three is
  graded as bad input in ``exp_thresholds`` alone.
- dtypes are passed by name, the form that crosses a process wall.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import functools
import math

import numpy as np
import pytest
from mpmath import mp, mpf, workdps

from lnnn import exact
from lnnn.suite import expect
from lnnn.suite.agree import float_type
from lnnn.suite.pace import pace

graded = pytest.mark.graded

DTYPES = ("float16", "float32", "float64")
# IEEE 754: bits of the fraction, exponents of the largest and of the smallest normal number.
FORMATS = {"float16": (10, 15, -14), "float32": (23, 127, -126), "float64": (52, 1023, -1022)}
CLEAR = {"float16": 0.03, "float32": 1e-4, "float64": 1e-6}
WORDS = ("zero", "subnormal", "normal", "overflow")
PLAIN = ("zero", "normal", "overflow")
# Enough digits that 1 − e^x keeps fifty of them from x = −1e-300 to −745.
WIDE = 400
# Enough work that the time is the array's, not the call's; small enough to cross a process wall.
BATCH = (128, 500)
# Measured against NumPy's logarithm in long double, its slowest float type: NumPy forms below 0.4,
# arrays of Python integers 6, a loop over elements 70.
SLOW = 20


# ------------------------------------------------------------------- the truth, outside of NumPy


@functools.cache
def limits(dtype: str):
    """ln of the largest number, of the smallest normal one, of half the smallest subnormal."""
    fraction, top, bottom = FORMATS[dtype]
    with workdps(50):
        two = mpf(2)
        largest = (2 - two**-fraction) * two**top
        return tuple(map(mp.log, (largest, two**bottom, two ** (bottom - fraction - 1))))


@functools.lru_cache(maxsize=1 << 14)
def held(z: float, dtype: str) -> float:
    """e^z, exact, then rounded to the nearest number of the type (or to inf)."""
    with workdps(50):
        value = float(mp.exp(mpf(z)))
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float64(value).astype(dtype))


def word(z: float, dtype: str) -> str:
    """What e^z is in the type, by looking at the rounded number."""
    value = held(z, dtype)
    if value == 0 or math.isinf(value):
        return "zero" if value == 0 else "overflow"
    return "normal" if value >= 2.0 ** FORMATS[dtype][2] else "subnormal"


@functools.lru_cache(maxsize=1 << 14)
def exact_log1mexp(x: float):
    """ln(1 − e^x) as an mpf: the formula as it stands, with many digits."""
    with workdps(WIDE):
        return mp.log(1 - mp.exp(mpf(x))) if x < 0 else mpf("-inf")


def position(x: float) -> int:
    """Which float64 x is, counted from 0: from its fraction and its exponent, in whole numbers."""
    fraction, exponent = math.frexp(abs(x))
    if x == 0 or exponent < -1021:  # zero and the subnormal ones: whole multiples of 2^−1074
        steps = int(math.ldexp(abs(x), 1074))
    else:  # 2^52 steps for each exponent below, then the fraction; it counts from 2^52
        steps = (exponent + 1021) * 2**52 + int(fraction * 2**53)
    return -steps if x < 0 else steps


# ------------------------------------------------------------------------------ asking the lab


def draw_word(rng, kind, dtype, size):
    """z whose e^z is of that kind in the type, clear of every threshold."""
    overflow, subnormal, zero = map(float, limits(dtype))
    clear = CLEAR[dtype]
    low, high = {
        "overflow": (overflow, 2 * overflow),
        "normal": (subnormal, overflow),
        "subnormal": (zero, subnormal),
        "zero": (2 * zero, zero),
    }[kind]
    return rng.uniform(low + clear, high - clear, size)


def thresholds(lab, dtype, relative, which=(0, 1, 2)):
    """Compare exp_thresholds with the exact logarithms."""
    value = lab.exp_thresholds(dtype)
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 3:
        raise AssertionError("the answer is not a tuple of three floats")
    names = ("overflow", "subnormal", "zero")
    for i in which:
        found, right = expect.scalar(value[i], names[i]), float(limits(dtype)[i])
        if not abs(found - right) <= relative * abs(right):
            raise AssertionError(f"{names[i]} of {dtype} is {found!r}")
    return value


def words(lab, z, dtype):
    """Compare classify_exp with the exact exponential, rounded to the type."""
    shape = np.shape(z)
    flat = np.array(z, dtype=np.float64).reshape(-1).tolist()
    wanted = np.array([word(v, dtype) for v in flat]).reshape(shape)
    value = lab.classify_exp(z, dtype)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "UT":
        raise AssertionError("the answer is not an array of strings")
    if value.shape != shape:
        raise AssertionError(f"the answer has shape {value.shape}; expected {shape}")
    expect.equal(value.astype(str), wanted)
    return value


def verdict(lab, z, dtype, wanted):
    """Compare naive_softmax_verdict with one of its four strings."""
    value = lab.naive_softmax_verdict(z, dtype)
    if not isinstance(value, str):
        raise AssertionError(f"the verdict is a {type(value).__name__}; expected a string")
    if value != wanted:
        raise AssertionError(f"the verdict in {dtype} is {value!r}; {wanted!r} is right")


def exact_verdict(z, dtype) -> str:
    """The verdict from exact exponentials, each rounded once to the type."""
    with np.errstate(over="ignore"):
        as_held = np.asarray(z).astype(dtype).astype(np.float64).tolist()
    exponentials = [held(v, dtype) for v in as_held]
    fraction, top, _ = FORMATS[dtype]
    if math.fsum(exponentials) > (2 - 2.0**-fraction) * 2.0**top:
        return "overflow"
    if not any(exponentials):
        return "0/0"
    pairs = zip(exponentials, np.asarray(z).tolist(), strict=True)
    return "lost" if any(e == 0 and math.isfinite(v) for e, v in pairs) else "ok"


def draw_logits(rng, wanted, dtype, size=6, both=False):
    """Logits whose textbook softmax fares as ``wanted`` says, in random order.

    ``both``: among logits that overflow there is one that is lost, too.
    """
    overflow, _, zero = map(float, limits(dtype))
    clear = CLEAR[dtype]
    # Six exponentials below e^(overflow − 3) add up to a third of the largest number.
    safe = rng.uniform(zero + clear, overflow - 3, size)
    gone = rng.uniform(2 * zero, zero - clear, size)
    z = {"ok": safe, "lost": safe, "0/0": gone, "overflow": safe}[wanted]
    if wanted == "lost":
        z[: 1 + rng.integers(size - 1)] = gone[0]
    if wanted == "overflow":
        z[0] = rng.uniform(overflow + clear, 2 * overflow)
        z[1] = gone[0] if both else z[1]
    return rng.permutation(z)


def steps(lab, a, b, kept=False) -> list[int]:
    """Compare ulp_distance with whole-number arithmetic.

    Any number type will do, if its values are right; ``kept=True`` asks for uint64.
    """
    pairs = zip(np.ravel(a).tolist(), np.ravel(b).tolist(), strict=True)
    wanted = [abs(position(x) - position(y)) for x, y in pairs]
    value = lab.ulp_distance(a, b)
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "iuf":
        raise AssertionError("the answer is not an array of whole numbers")
    if kept:
        expect.array(value, np.shape(a), np.uint64)
    if value.shape != np.shape(a):
        raise AssertionError(f"the answer has shape {value.shape}; expected {np.shape(a)}")
    if not np.isfinite(value).all():
        raise AssertionError("the answer holds NaN or an infinity")
    found = [int(v) for v in value.reshape(-1).tolist()]
    for i, (f, w) in enumerate(zip(found, wanted, strict=True)):
        if f != w:
            raise AssertionError(f"the distance at place {i} is {f}; {w} is right")
    return found


def any_floats(rng, shape):
    """Finite floats of both signs, even in their bits: every size is as likely as any other."""
    bits = rng.integers(0, 0x7FF0_0000_0000_0000, shape, dtype=np.int64)
    return bits.view(np.float64) * rng.choice([-1.0, 1.0], shape)


def agree_log1mexp(lab, x, *, ulp=4.0, relative=0.0, kept=False):
    """Compare log1mexp with the exact value, in ulp or relatively.

    Only ``kept=True`` asks for the float type of ``x``.
    """
    flat = np.array(x, dtype=np.float64).reshape(-1).tolist()
    wanted = np.array([exact_log1mexp(v) for v in flat], dtype=object).reshape(np.shape(x))
    value = lab.log1mexp(x)
    dtype = float_type(x)
    if np.ndim(x) == 0 and isinstance(value, float):
        value = np.asarray(value)
    if not kept and isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f":
        value = value.astype(dtype)
    value = expect.array(value, np.shape(x), dtype)
    measure = exact.relative_error if relative else exact.ulp_error
    error = measure(value, wanted)
    allowed = relative or ulp
    if not np.all(error <= allowed):
        unit = "relative" if relative else "ulp"
        raise AssertionError(f"the error is {np.max(error):.3g} ({unit}); {allowed:g} is allowed")
    return value


def moderate(rng, shape):
    """x from −8 to −0.05, evenly spread in their logarithm."""
    return -np.exp(rng.uniform(math.log(0.05), math.log(8), shape))


# --------------------------------------------------------------------------- exp_thresholds (16)


@graded(
    function="exp_thresholds",
    category="contract",
    points=3,
    rule="First comes ln of the largest number, then ln of the smallest normal one",
    feedback="np.finfo has max and tiny, the smallest normal number. Look at the order, and at e^x "
    "against x: the thresholds are logarithms. The second is not minus the first.",
)
def test_the_first_two_thresholds_of_float32(lab):
    thresholds(lab, "float32", 1e-7, which=(0, 1))


@graded(
    function="exp_thresholds",
    category="contract",
    points=2,
    rule="The third is ln of half the smallest subnormal number",
    feedback="Rounding goes to the nearest: down to half of the smallest subnormal number e^x is "
    "still rounded up to it, and only below that it becomes 0. Without the half you are off by "
    "ln 2.",
)
def test_the_third_threshold_is_half_a_step_above_zero(lab):
    for dtype in ("float32", "float16"):
        thresholds(lab, dtype, 1e-7, which=(2,))


@graded(
    function="exp_thresholds",
    category="contract",
    points=2,
    rule="The answer is a tuple of three Python floats or float64 numbers",
    feedback="return a, b, c makes a tuple. An array, a list or a number in float16 is not asked "
    "for: what is computed in float16 has three digits.",
)
def test_the_thresholds_are_a_tuple_of_floats(lab):
    for dtype in DTYPES:
        value = thresholds(lab, dtype, 1e-7, which=(0, 1))
        if not isinstance(value, tuple):
            raise AssertionError(f"the answer is a {type(value).__name__}; expected a tuple")
        for v in value:
            if not isinstance(v, float):
                raise AssertionError(f"the tuple holds a {type(v).__name__}; expected floats")


@graded(
    function="exp_thresholds",
    category="contract",
    points=2,
    rule="The thresholds of float16 are its own, and not rounded to it",
    feedback="np.log of a float16 number is computed in float16, which has three digits. Make a "
    "Python float of the number first.",
)
def test_the_thresholds_of_float16_are_not_rounded_to_it(lab):
    thresholds(lab, "float16", 1e-7, which=(0, 1))


@graded(
    function="exp_thresholds",
    category="stress",
    points=3,
    rule="In float64 the third threshold is finite and right, without a warning",
    feedback="Half the smallest subnormal of float64 is 0 in float64, and ln 0 is −inf. It is a "
    "power of two: its logarithm is the exponent times ln 2, and no tiny number is needed.",
)
def test_the_zero_threshold_of_float64_is_reached_in_log_space(lab):
    thresholds(lab, "float64", 1e-12, which=(2,))
    expect.quiet(lab)


@graded(
    function="exp_thresholds",
    category="reference",
    points=1,
    rule="All nine numbers agree with the exact logarithms to 1e-12",
    feedback="The values are wanted with all digits of float64, for the smaller types too: take "
    "the logarithm in float64.",
)
def test_the_thresholds_agree_with_fifty_digits(lab):
    for dtype in DTYPES:
        thresholds(lab, dtype, 1e-12)


@graded(
    function="exp_thresholds",
    category="bad input",
    points=2,
    rule="A dtype that is none of the three is a ValueError that names it",
    feedback="np.finfo refuses integers, but it knows complex64. Compare with the three types that "
    "are allowed.",
)
def test_other_types_are_refused(lab):
    thresholds(lab, "float32", 1e-7, which=(0, 1))
    for dtype in ("int32", "complex64", "complex128", "bool", "int64"):
        with expect.refused("dtype"):
            lab.exp_thresholds(dtype)


@graded(
    function="exp_thresholds",
    category="bad input",
    points=1,
    rule="A name that NumPy does not know is a ValueError, too",
    feedback="np.dtype raises a TypeError for such a name. Catch it and raise your own ValueError.",
)
def test_unknown_names_are_refused(lab):
    thresholds(lab, "float32", 1e-7, which=(0, 1))
    for dtype in ("bfloat16", "float8", "real"):
        with expect.refused("dtype"):
            lab.exp_thresholds(dtype)


# ----------------------------------------------------------------------------- classify_exp (20)


@graded(
    function="classify_exp",
    category="contract",
    points=4,
    rule="It names what e^z becomes in the type, for every element, in the shape of z",
    feedback="Look at the order of the comparisons and at the sign: large z overflow, very "
    "negative ones become zero. Each type has its own thresholds.",
)
def test_every_element_gets_its_word(lab, rng):
    for dtype in DTYPES:
        z = np.concatenate([draw_word(rng, kind, dtype, 2) for kind in PLAIN])
        words(lab, rng.permutation(z).reshape(2, 3), dtype)
    words(lab, rng.permutation([3.0, -50.0, 200.0, -195.0]).tolist(), "float32")
    words(lab, rng.permutation([2, -400, 100]), "float32")


@graded(
    function="classify_exp",
    category="contract",
    points=2,
    rule="A subnormal exponential is told from a normal one and from zero",
    feedback="Between the second and the third threshold e^z is held with fewer digits, but it is "
    "not zero.",
)
def test_subnormal_is_a_word_of_its_own(lab, rng):
    for dtype in DTYPES:
        z = [draw_word(rng, kind, dtype, 3) for kind in ("zero", "subnormal", "normal")]
        words(lab, rng.permutation(np.concatenate(z)), dtype)


@graded(
    function="classify_exp",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="z[z > …] = … and np.exp(z, out=z) write into the caller's array.",
)
def test_classify_exp_leaves_its_argument_alone(lab, rng):
    words(lab, np.concatenate([draw_word(rng, kind, "float64", 2) for kind in PLAIN]), "float64")
    expect.untouched(lab)


@graded(
    function="classify_exp",
    category="property",
    points=3,
    rule="As z grows the words come in one order: zero, subnormal, normal, overflow; and a wider "
    "type never overflows or loses what a narrower one holds",
    feedback="If the order breaks, two conditions overlap or one is turned round. If the types "
    "disagree, a threshold of one type is used for another.",
)
def test_the_words_come_in_one_order(lab, rng):
    z = np.sort(rng.uniform(-900, 900, 400))
    near = [np.abs(z[:, None] - np.array(limits(d), dtype=float)).min(axis=1) for d in DTYPES]
    z = z[np.min(near, axis=0) > CLEAR["float16"]]
    held_before = np.zeros(z.size, dtype=bool)
    for dtype in DTYPES:
        answer = words(lab, z, dtype)
        ranks = [WORDS.index(w) for w in answer.tolist()]
        if np.any(np.diff(ranks) < 0):
            raise AssertionError("the words do not follow z")
        held_now = answer == "normal"
        if np.any(held_before & ~held_now):
            raise AssertionError("a wider type holds less than a narrower one")
        held_before = held_now


@graded(
    function="classify_exp",
    category="reference",
    points=2,
    rule="It agrees with e^z computed to fifty digits and then rounded to the type",
    feedback="A subnormal number is small but not zero. If only those are wrong, the third "
    "threshold is missing, or it is that of another type.",
)
def test_classify_exp_agrees_with_the_rounded_exponential(lab, rng):
    for dtype in DTYPES:
        for kind in WORDS:
            z = draw_word(rng, kind, dtype, 12)
            words(lab, z, dtype)
            if dtype != "float64":
                words(lab, z.astype(np.float32), dtype)


@graded(
    function="classify_exp",
    category="stress",
    points=3,
    rule="Right next to the thresholds it still names the right side",
    feedback="Thresholds rounded to two decimals, or 88 and 709, are too coarse here. So is a z "
    "rounded to float16.",
)
def test_next_to_the_thresholds_the_words_are_right(lab):
    for dtype in DTYPES:
        near = [float(limit) + side * CLEAR[dtype] for limit in limits(dtype) for side in (-1, 1)]
        words(lab, np.array(near), dtype)


@graded(
    function="classify_exp",
    category="stress",
    points=3,
    rule="−inf is zero, +inf and 1e300 are overflow, without a warning",
    feedback="If you compute the exponential, or convert z to a narrower type, NumPy warns about "
    "the overflow. Comparing z with the thresholds needs neither.",
)
def test_infinities_are_classified_in_silence(lab):
    for dtype in DTYPES:
        words(lab, np.array([-np.inf, np.inf, 1e300, -1e300, 0.0, 1e6, -1e6]), dtype)
        expect.quiet(lab)


@graded(
    function="classify_exp",
    category="bad input",
    points=2,
    rule="A NaN among the z is a ValueError that names z",
    feedback="NaN fails every comparison, so it falls through to the last word. Ask np.isnan "
    "before you compare.",
)
def test_classify_exp_refuses_nan(lab, rng):
    z = np.concatenate([draw_word(rng, kind, "float32", 2) for kind in PLAIN])
    words(lab, z, "float32")
    z[2] = np.nan
    for dtype in DTYPES:
        with expect.refused("z"):
            lab.classify_exp(z, dtype)


# -------------------------------------------------------------------- naive_softmax_verdict (22)


@graded(
    function="naive_softmax_verdict",
    category="contract",
    points=5,
    rule="It tells the four cases apart: overflow, 0/0, lost, ok, the first that fits",
    feedback="Run the textbook formula in that type and look at its parts. Overflow comes first, "
    "even if another class is lost as well. 0/0 needs every exponential to be zero, lost only one.",
)
def test_the_four_verdicts(lab, rng):
    for wanted in rng.permutation(["ok", "lost", "0/0", "overflow"]).tolist():
        verdict(lab, draw_logits(rng, wanted, "float32", both=True), "float32", wanted)
    verdict(lab, [0, 1, 2], "float32", "ok")
    verdict(lab, [100, 1, -300], "float32", "overflow")


@graded(
    function="naive_softmax_verdict",
    category="contract",
    points=2,
    rule="The verdict is that of the type asked for, whatever the type of z",
    feedback="The same logits overflow in float16 and are fine in float64. Convert z to the type "
    "before exp; a float64 exponential says nothing about float16.",
)
def test_the_type_decides(lab, rng):
    for dtype in DTYPES:
        for wanted in ("lost", "ok", "overflow", "0/0"):
            verdict(lab, draw_logits(rng, wanted, dtype), dtype, wanted)
    verdict(lab, np.array([20.0, 0.0], np.float32), "float16", "overflow")
    verdict(lab, np.array([20.0, 0.0], np.float32), "float64", "ok")


@graded(
    function="naive_softmax_verdict",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="np.exp(z, out=z) writes into the caller's array.",
)
def test_naive_softmax_verdict_leaves_its_argument_alone(lab, rng):
    for dtype in DTYPES:
        verdict(lab, draw_logits(rng, "lost", dtype).astype(dtype), dtype, "lost")
        expect.untouched(lab)


@graded(
    function="naive_softmax_verdict",
    category="property",
    points=2,
    rule="The order of the logits does not matter, and a class at −inf changes no verdict",
    feedback="A logit of −inf is a class that was meant to be out: its exponential is 0 and "
    "nothing is lost. Ask whether the logit itself is finite.",
)
def test_a_class_that_is_out_changes_no_verdict(lab, rng):
    for wanted in ("ok", "lost", "0/0", "overflow"):
        z = draw_logits(rng, wanted, "float64")
        verdict(lab, z, "float64", wanted)
        verdict(lab, z[::-1].copy(), "float64", wanted)
        verdict(lab, rng.permutation(np.append(z, [-np.inf, -np.inf])), "float64", wanted)


@graded(
    function="naive_softmax_verdict",
    category="reference",
    points=3,
    rule="It agrees with exact exponentials, each rounded to the type",
    feedback="If only some verdicts are wrong, find out which exponential your code takes for zero "
    "or for infinite, and compare it with np.exp in that type.",
)
def test_the_verdict_agrees_with_exact_exponentials(lab, rng):
    for dtype in DTYPES:
        for wanted in ("ok", "lost", "0/0", "overflow"):
            for size in (2, 9):
                z = draw_logits(rng, wanted, dtype, size)
                verdict(lab, z, dtype, exact_verdict(z, dtype))


@graded(
    function="naive_softmax_verdict",
    category="stress",
    points=2,
    rule="Exponentials that are finite, with a sum that is not, are an overflow",
    feedback="Each exponential fits and their sum does not. Look at the sum as well: x/inf is 0 "
    "for every class.",
)
def test_a_sum_may_overflow_alone(lab):
    verdict(lab, np.array([5.0, 1.0]), "float16", "ok")
    for dtype in DTYPES:
        edge = float(limits(dtype)[0]) - 0.2  # e^−0.2 = 0.82; two of them make 1.64
        verdict(lab, np.array([edge, edge, 0.0]), dtype, "overflow")
        verdict(lab, np.array([edge, 0.0]), dtype, "ok")


@graded(
    function="naive_softmax_verdict",
    category="stress",
    points=2,
    rule="A subnormal exponential is neither lost nor a zero of 0/0",
    feedback="Below −87 a float32 exponential loses digits, but it is there down to −103.97. Ask "
    "whether it equals 0, not whether it is small.",
)
def test_a_subnormal_exponential_is_still_there(lab):
    for dtype in DTYPES:
        _, subnormal, zero = map(float, limits(dtype))
        z = np.array([0.5, 0.9]) * (subnormal - zero) + zero
        verdict(lab, np.append(z, 0.0), dtype, "ok")
        verdict(lab, z, dtype, "ok")
        verdict(lab, np.append(z, 3 * zero), dtype, "lost")


@graded(
    function="naive_softmax_verdict",
    category="stress",
    points=2,
    rule="Logits that the type cannot hold count as they were given, and there is no warning",
    feedback="−1e6 becomes −inf in float16, so look for finite logits in the array that you were "
    "given. Converting, exp and the sum may all overflow here: keep them under np.errstate.",
)
def test_logits_that_the_type_cannot_hold(lab):
    for z, dtype, wanted in (
        ([0.0, -1e6], "float16", "lost"),
        ([1e6, 0.0], "float16", "overflow"),
        ([-1e6, -2e6], "float16", "0/0"),
        ([0.0, -1e300], "float32", "lost"),
        ([1e300, 0.0], "float32", "overflow"),
        ([1e300, -1e300], "float64", "overflow"),
    ):
        verdict(lab, np.array(z), dtype, wanted)
        expect.quiet(lab)


@graded(
    function="naive_softmax_verdict",
    category="stress",
    points=1,
    rule="Logits that are all −inf give 0/0, without a warning",
    feedback="Every exponential is zero, so the formula is 0/0. That no class is lost comes later "
    "in the list.",
)
def test_nothing_but_minus_infinity_is_zero_by_zero(lab):
    verdict(lab, np.array([0.0, -np.inf]), "float32", "ok")
    for dtype in DTYPES:
        verdict(lab, np.array([-np.inf, -np.inf]), dtype, "0/0")
        expect.quiet(lab)


@graded(
    function="naive_softmax_verdict",
    category="bad input",
    points=2,
    rule="No logits, or logits that have not exactly one dimension, are a ValueError that names z",
    feedback="Look at ndim and size before anything else. A batch would need one verdict for each "
    "row, and an empty z would be called 0/0.",
)
def test_naive_softmax_verdict_refuses_other_shapes(lab, rng):
    verdict(lab, draw_logits(rng, "lost", "float32"), "float32", "lost")
    for z in (np.array([]), [], np.zeros((2, 3)), np.zeros((1, 3)), np.array(1.0)):
        with expect.refused("z"):
            lab.naive_softmax_verdict(z, "float32")


# ----------------------------------------------------------------------------- ulp_distance (21)


@graded(
    function="ulp_distance",
    category="contract",
    points=4,
    rule="It counts the float64 steps between each pair of elements, both ways alike",
    feedback="From 1 to 1 + 2.2e-16 is one step. Dividing the difference by the gap at one end "
    "fails when the gap changes in between; counting in the bits does not.",
)
def test_it_counts_the_steps(lab, rng):
    a = 2.0 ** rng.integers(-40, 40, (2, 3)) * rng.uniform(1, 1.5, (2, 3))
    count = rng.integers(1, 1000, (2, 3))
    b = a + count * np.spacing(a)
    for first, second in ((a, b), (b, a), (-a, -b)):
        if steps(lab, first, second) != count.reshape(-1).tolist():
            raise AssertionError("the steps are counted wrong")
    steps(lab, a.reshape(-1).tolist(), b.reshape(-1).tolist())


@graded(
    function="ulp_distance",
    category="contract",
    points=2,
    rule="The answer is a uint64 array; what comes in as float32 or as integers counts as float64",
    feedback="float64 cannot count beyond 2^53 in single steps, and int64 ends below the longest "
    "distance. View the bits as np.uint64 and stay there.",
)
def test_the_steps_are_uint64(lab, rng):
    a = np.abs(rng.standard_normal((2, 3)))
    steps(lab, a, np.nextafter(a, np.inf), kept=True)
    steps(lab, a, a + 1, kept=True)
    steps(lab, [1, -2], [3.0, 2.5], kept=True)
    steps(lab, a.astype(np.float32), np.ones((2, 3), np.int8), kept=True)


@graded(
    function="ulp_distance",
    category="contract",
    points=1,
    rule="The caller's arrays are left as they were",
    feedback="a.view(np.uint64) shares its memory with a: what you change in the view changes in "
    "a. And a[a == 0] = 0 writes into it.",
)
def test_ulp_distance_leaves_its_arguments_alone(lab, rng):
    a = np.append(np.abs(rng.standard_normal(5)), 0.0)
    steps(lab, a, a[::-1].copy())
    expect.untouched(lab)


@graded(
    function="ulp_distance",
    category="property",
    points=4,
    rule="Nothing is 0 away from itself, the way there is the way back, and distances along a line "
    "add up",
    feedback="If they add up on one side of 0 only, the sign is not dealt with: negative floats "
    "have larger bits than positive ones, and in reverse order.",
)
def test_distances_add_up(lab, rng):
    a, b, c = np.sort(any_floats(rng, (3, 8)), axis=0)
    there, further = steps(lab, a, b), steps(lab, b, c)
    if steps(lab, b, a) != there:
        raise AssertionError("the way back has another length")
    if steps(lab, a, c) != [x + y for x, y in zip(there, further, strict=True)]:
        raise AssertionError("two stretches do not add up to the whole")
    if any(steps(lab, a, a)):
        raise AssertionError("a number is not 0 away from itself")


@graded(
    function="ulp_distance",
    category="reference",
    points=3,
    rule="It agrees with counting in whole numbers, for floats of all sizes",
    feedback="Any rounding on the way shows up here, because the counts have up to 19 digits: look "
    "for a float in the middle of the calculation.",
)
def test_ulp_distance_agrees_with_whole_numbers(lab, rng):
    a, b = any_floats(rng, (2, 20))
    steps(lab, a, b)
    steps(lab, np.abs(a), np.abs(b))
    steps(lab, np.array([1.0, 2.0, -1.0, 2.2250738585072014e-308]), np.array([2.0, 4.0, 1.0, 0.0]))


@graded(
    function="ulp_distance",
    category="stress",
    points=2,
    rule="+0 and −0 are 0 apart, and across 0 the steps on both sides add up",
    feedback="−0.0 has only its sign bit set, so as a plain integer it is the largest of all. Take "
    "the sign away before you read the bits.",
)
def test_the_two_zeros_are_one_place(lab):
    zero, tiny = np.array([0.0, -0.0, 0.0]), np.array([5e-324, 1e-323, -5e-324])
    steps(lab, zero, tiny)
    steps(lab, np.array([0.0, -0.0, -0.0]), np.array([-0.0, 0.0, -0.0]))
    steps(lab, -tiny, tiny)


@graded(
    function="ulp_distance",
    category="stress",
    points=2,
    rule="It spans the whole range, from the most negative float to the largest, without a warning",
    feedback="That distance is 1.8e19, above the end of int64 (9.2e18). Stay in uint64, and "
    "subtract the smaller number from the larger one: unsigned numbers wrap around below 0.",
)
def test_the_whole_range_is_counted(lab):
    largest = np.finfo(np.float64).max
    a = np.array([-largest, largest, 0.0, -largest, 1e300])
    b = np.array([largest, -largest, largest, 1.0, -1e300])
    steps(lab, a, b)
    expect.quiet(lab)


@graded(
    function="ulp_distance",
    category="stress",
    points=1,
    rule="A large array takes NumPy time, not a Python loop over its elements",
    feedback="array.view(np.uint64) reads the bits of all elements at once. Stepping with "
    "nextafter, or a loop with struct, costs hundreds of times as much.",
)
def test_ulp_distance_of_a_large_array_takes_numpy_time(lab, rng):
    a = rng.uniform(1, 2, BATCH)
    b = rng.uniform(1, 2, BATCH)
    wide = a.astype(np.longdouble)
    value, _, ratio = pace(lab, lambda: lab.ulp_distance(a, b), lambda: np.log(wide), SLOW)
    value = np.asarray(value)
    # Between 1 and 2 a step is 2^−52 long.
    if value.shape != BATCH or not np.array_equal(value, np.abs(a - b) * 2.0**52):
        raise AssertionError("the steps of the large array are counted wrong")
    if ratio > SLOW:
        raise AssertionError(f"more than {SLOW} times as slow as NumPy")


@graded(
    function="ulp_distance",
    category="bad input",
    points=2,
    rule="A NaN or an infinity, in a or in b, is a ValueError that names the argument",
    feedback="NaN and inf have bits, too, so a distance comes out without any complaint. Ask "
    "np.isfinite for both arguments.",
)
def test_ulp_distance_refuses_what_is_not_finite(lab, rng):
    a = rng.standard_normal(4)
    steps(lab, a, np.nextafter(a, 9.0))
    for wrong in (np.nan, np.inf, -np.inf):
        bad = a.copy()
        bad[1] = wrong
        for arguments in ((bad, a), (a, bad)):
            with expect.refused("a", "b"):
                lab.ulp_distance(*arguments)


# --------------------------------------------------------------------------------- log1mexp (21)


@graded(
    function="log1mexp",
    category="contract",
    points=4,
    rule="It returns ln(1 − e^x) in the shape of x; lists, integers and single numbers work too",
    feedback="Check the signs: e^x lies between 0 and 1, so the answer is negative. For x = −ln 2 "
    "it is −ln 2 again.",
)
def test_log1mexp_is_the_log_of_the_complement(lab, rng):
    for shape in (6, (2, 3)):
        agree_log1mexp(lab, moderate(rng, shape), relative=1e-3)
    x = moderate(rng, 3)
    agree_log1mexp(lab, x.tolist(), relative=1e-3)
    agree_log1mexp(lab, -rng.integers(1, 9, 4), relative=1e-3)
    agree_log1mexp(lab, float(x[0]), relative=1e-3)


@graded(
    function="log1mexp",
    category="contract",
    points=2,
    rule="float32 in, float32 out; integers and lists are computed in float64",
    feedback="Turn the array into float64 only if it is no float array already, and look for a "
    "float64 array on the way that drags the result along.",
)
def test_log1mexp_keeps_the_float_type(lab, rng):
    x = moderate(rng, 6)
    agree_log1mexp(lab, x.astype(np.float32), relative=1e-3, kept=True)
    agree_log1mexp(lab, x, relative=1e-3, kept=True)
    agree_log1mexp(lab, [-1, -2], relative=1e-3, kept=True)
    agree_log1mexp(lab, np.array([-1, -9], np.int8), relative=1e-3, kept=True)


@graded(
    function="log1mexp",
    category="contract",
    points=1,
    rule="The caller's array is left as it was",
    feedback="np.exp(x, out=x) and x *= … write into the caller's array.",
)
def test_log1mexp_leaves_its_argument_alone(lab, rng):
    for dtype in (np.float64, np.float32):
        agree_log1mexp(lab, moderate(rng, 5).astype(dtype), relative=1e-3)
        expect.untouched(lab)


@graded(
    function="log1mexp",
    category="property",
    points=3,
    rule="The complement of the complement is where it started, and ln(1 − e^2x) is ln(1 − e^x) + "
    "ln(1 + e^x)",
    feedback="1 − (1 − p) = p, to the last digits. If it comes back with fewer digits, they were "
    "lost in 1 − e^x: neither side of the change-over may form it.",
)
def test_the_complement_of_the_complement_is_where_it_started(lab, rng):
    eps = np.finfo(np.float64).eps
    x = -rng.uniform(0.05, 3, 12)
    y = agree_log1mexp(lab, x)
    back = expect.array(lab.log1mexp(y), y.shape, np.float64)
    # y is off by 4 ulp, at most 4·eps·|y|; dx/dy = −e^y/(1 − e^y) carries it over; 4 more for x.
    slack = 4 * eps * np.max(np.abs(y) * np.exp(y) / -np.expm1(y) + np.abs(x))
    if not np.max(np.abs(back - x)) <= slack:
        raise AssertionError(f"it comes back {np.max(np.abs(back - x)):.2g} away")
    x = -rng.uniform(0.01, 30, 12)
    once, twice = agree_log1mexp(lab, x), agree_log1mexp(lab, 2 * x)
    other = np.log1p(np.exp(x))
    # 4 ulp of each of the three terms.
    slack = 4 * eps * (np.abs(once) + np.abs(twice) + np.abs(other))
    if not np.all(np.abs(once + other - twice) <= slack):
        raise AssertionError("ln(1 − e^2x) is not the sum of the two")


@graded(
    function="log1mexp",
    category="reference",
    points=3,
    rule="It agrees with the exact value within 4 ulp, for x from −37 to −1e-3",
    feedback="One of the two formulas holds near 0, the other far from it, and they change over at "
    "e^x = ½. If the error is large on one side only, they are swapped, or one serves for all.",
)
def test_log1mexp_agrees_within_four_ulp(lab, rng):
    agree_log1mexp(lab, -np.exp(rng.uniform(math.log(1e-3), math.log(37), 40)))
    agree_log1mexp(lab, -rng.uniform(0.5, 0.9, 20))


@graded(
    function="log1mexp",
    category="stress",
    points=3,
    rule="Close to 0, down to x = −1e-300, it is right within 4 ulp",
    feedback="Here 1 − e^x is nearly −x, but e^x rounds to 1 and the subtraction leaves nothing. "
    "np.expm1 gives e^x − 1 with all its digits.",
)
def test_log1mexp_is_right_close_to_zero(lab):
    agree_log1mexp(lab, -(10.0 ** -np.array([300.0, 200, 100, 50, 20, 17, 16, 15, 10, 8, 5, 3])))
    expect.quiet(lab)
    tiny = -(10.0 ** -np.array([30.0, 20, 10, 8, 7, 5, 3]))
    agree_log1mexp(lab, tiny.astype(np.float32), relative=1e-5)


@graded(
    function="log1mexp",
    category="stress",
    points=2,
    rule="Far from 0, down to x = −745, it is right within 4 ulp, without a warning",
    feedback="Here the answer is nearly −e^x, but 1 − e^x rounds to 1 and its logarithm to 0. "
    "np.log1p gives ln(1 + y) with all digits of a tiny y.",
)
def test_log1mexp_is_right_far_from_zero(lab):
    agree_log1mexp(lab, -np.array([30.0, 36, 37, 38, 40, 100, 300, 700, 708, 709, 720, 740, 745]))
    expect.quiet(lab)
    agree_log1mexp(lab, -np.array([10.0, 15, 17, 18, 20, 50, 80], np.float32), relative=1e-5)


@graded(
    function="log1mexp",
    category="stress",
    points=1,
    rule="x = 0 gives −inf, without a warning",
    feedback="The event is certain, its complement impossible. The warning of the logarithm comes "
    "even where np.where drops the value: np.errstate(divide='ignore') around both formulas.",
)
def test_the_complement_of_certainty_is_impossible(lab):
    for dtype in (np.float64, np.float32):
        agree_log1mexp(lab, np.array([-1.0, 0.0, -0.0, -2.5], dtype), relative=1e-3)
        expect.quiet(lab)


@graded(
    function="log1mexp",
    category="bad input",
    points=2,
    rule="A positive x, or NaN, is a ValueError that names x",
    feedback="A positive x is no log-probability, and 1 − e^x is negative. NaN fails every "
    "comparison: ask whether all x are at most 0, and raise if not.",
)
def test_log1mexp_refuses_positive_numbers_and_nan(lab, rng):
    x = moderate(rng, 5)
    agree_log1mexp(lab, x, relative=1e-3)
    for wrong in (1e-9, 2.0, np.nan, np.inf):
        x[3] = wrong
        with expect.refused("x"):
            lab.log1mexp(x)
