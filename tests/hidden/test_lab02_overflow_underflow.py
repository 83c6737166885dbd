"""What the grader asks of lab 2, overflow and underflow: its inputs for each rule, one rule more.

Inputs come from ``rng``, but for the names of types: there are three. No z lies closer to a
threshold than ``CLEAR``: more than the rounding of such a z, and more than half an ulp of e^z.
Rules that are not about the edges keep ``WELL_CLEAR`` of them."""

import functools
import math

import numpy as np
from inputs import BATCH, INF, draw, replaced, takes_numpy_time
from mpmath import mp, mpf, workdps

from lnnn.labs.lab02_overflow_underflow.rules import DTYPES, FORMATS, WORDS, limits
from lnnn.suite.rule import rule

CLEAR = {"float16": 0.03, "float32": 1e-4, "float64": 1e-6}
WELL_CLEAR = 1.0
PLAIN = ("zero", "normal", "overflow")
VERDICTS = ("ok", "lost", "0/0", "overflow")
MOST = {"classify_exp": 4.1, "ulp_distance": 6.5, "log1mexp": 4.2}


# ------------------------------------------------------------------- the truth, outside of NumPy
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


def with_words(z, dtype):
    """z, the type, and the word of each z."""
    return z, dtype, [word(float(v), dtype) for v in np.ravel(z)]


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


def position(x: float) -> int:
    """Which float64 x is, counted from 0: from its fraction and its exponent, in whole numbers."""
    fraction, exponent = math.frexp(abs(x))
    if x == 0 or exponent < -1021:  # zero and the subnormal ones: whole multiples of 2^−1074
        steps = int(math.ldexp(abs(x), 1074))
    else:  # 2^52 steps for each exponent below, then the fraction; it counts from 2^52
        steps = (exponent + 1021) * 2**52 + int(fraction * 2**53)
    return -steps if x < 0 else steps


def with_steps(a, b):
    """a, b, and the steps between them."""
    pairs = zip(np.ravel(a).tolist(), np.ravel(b).tolist(), strict=True)
    return a, b, [abs(position(x) - position(y)) for x, y in pairs]


# ------------------------------------------------------------------------------------ the inputs
def draw_word(rng, kind, dtype, size=2, clear=WELL_CLEAR):
    """z whose e^z is of that kind in the type, ``clear`` of every threshold."""
    overflow, subnormal, zero = map(float, limits(dtype))
    low, high = {
        "overflow": (overflow, 2 * overflow),
        "normal": (subnormal, overflow),
        "subnormal": (zero, subnormal),
        "zero": (2 * zero, zero),
    }[kind]
    return rng.uniform(low + clear, high - clear, size)


def draw_words(rng, kinds, dtype, size=2):
    """Some z of each of the kinds, in any order."""
    return rng.permutation(np.concatenate([draw_word(rng, kind, dtype, size) for kind in kinds]))


def draw_logits(rng, wanted, dtype, size=6, both=False, subnormal=False):
    """Logits whose textbook softmax fares as ``wanted`` says, in any order; one is above 0.

    ``both``: among logits that overflow there is one that is lost, too. ``subnormal``: one of the
    exponentials that are not lost is subnormal."""
    overflow, smallest_normal, _ = map(float, limits(dtype))
    gone = draw_word(rng, "zero", dtype, size, CLEAR[dtype])
    if wanted == "0/0":
        return gone
    # Nine exponentials below e^(overflow − 3) add up to half of the largest number.
    z = rng.uniform(smallest_normal + WELL_CLEAR, overflow - 3, size)
    z[-1] = rng.uniform(0, overflow - 3)
    if wanted == "lost":
        z[: 1 + rng.integers(size - 1)] = gone[0]
    if wanted == "overflow":
        z[0] = rng.uniform(overflow + CLEAR[dtype], 2 * overflow)
        z[1] = gone[0] if both else z[1]
    if subnormal:
        z[-1] = draw_word(rng, "subnormal", dtype, (), CLEAR[dtype])
    return rng.permutation(z)


def any_floats(rng, shape):
    """Finite floats of both signs, even in their bits: every size is as likely as any other."""
    bits = rng.integers(0, 0x7FF0_0000_0000_0000, shape, dtype=np.int64)
    return bits.view(np.float64) * rng.choice([-1.0, 1.0], shape)


def moderate(rng, shape):
    """x from −8 to −0.05, evenly spread in their logarithm."""
    return -np.exp(rng.uniform(math.log(0.05), math.log(8), shape))


# --------------------------------------------------------------------------------- exp_thresholds
def test_the_first_two_thresholds_are_logarithms(holds):
    holds("float32")


def test_the_third_threshold_is_half_a_step_above_zero(holds):
    for dtype in ("float32", "float16"):
        holds(dtype)


def test_the_thresholds_are_a_tuple_of_floats(holds):
    for dtype in DTYPES:
        holds(dtype)


def test_the_thresholds_of_float16_are_not_rounded_to_it(holds):
    holds("float16")


def test_the_zero_threshold_of_float64_is_reached_in_log_space(holds):
    holds("float64")


def test_the_thresholds_agree_with_fifty_digits(holds):
    for dtype in DTYPES:
        holds(dtype)


def test_other_types_are_refused(holds, rng):
    # NumPy's types of texts have any length, so that a list of all the others is no answer.
    for dtype in (
        "int32",
        "complex64",
        "complex128",
        "bool",
        "int64",
        f"S{rng.integers(1, 10**9)}",
    ):
        holds(dtype)


def test_unknown_names_are_refused(holds, rng):
    for name in ("bfloat16", "float8", "real", f"float{rng.integers(65, 10**9)}"):
        holds(name)


# ----------------------------------------------------------------------------------- classify_exp
def test_every_element_gets_its_word(holds, rng):
    for dtype in DTYPES:
        holds(*with_words(draw_words(rng, PLAIN, dtype).reshape(2, 3), dtype))
    holds(*with_words(draw_words(rng, PLAIN, "float32").tolist(), "float32"))
    holds(*with_words(draw_words(rng, PLAIN, "float32").astype(int), "float32"))


def test_subnormal_is_a_word_of_its_own(holds, rng):
    for dtype in DTYPES:
        holds(*with_words(draw_words(rng, WORDS[:3], dtype, 3), dtype))


def test_the_words_come_in_one_order(holds, rng):
    z = np.sort(rng.uniform(-900, 900, 400))
    thresholds = np.array([limits(dtype) for dtype in DTYPES], dtype=float).reshape(-1)
    z = z[np.abs(z[:, None] - thresholds).min(axis=1) > WELL_CLEAR]
    holds(z, {dtype: with_words(z, dtype)[2] for dtype in DTYPES})


def test_classify_exp_agrees_with_the_rounded_exponential(holds, rng):
    for dtype in DTYPES:
        z = draw_words(rng, WORDS, dtype, 12)
        holds(*with_words(z, dtype))
        if dtype != "float64":
            holds(*with_words(z.astype(np.float32), dtype))


def test_next_to_the_thresholds_the_words_are_right(holds, rng):
    for dtype in DTYPES:
        sides = CLEAR[dtype] * rng.uniform(1, 1.2, (3, 2)) * [-1, 1]
        near = np.array(limits(dtype), dtype=float)[:, None] + sides
        holds(*with_words(rng.permutation(near.reshape(-1)), dtype))


def test_infinities_are_classified_in_silence(holds, rng):
    for dtype in DTYPES:
        z = rng.permutation([-INF, INF, 1e300, -1e300, 0.0, 1e6, -1e6]) * rng.uniform(1, 2)
        holds(*with_words(z, dtype))


def test_nan_is_refused(holds, rng):
    for dtype in DTYPES:
        z = draw_words(rng, PLAIN, dtype)
        holds(*with_words(z, dtype), replaced(rng, z, np.nan))


# -------------------------------------------------------------------------- naive_softmax_verdict
def test_the_four_verdicts_are_told_apart(holds, rng):
    for wanted in rng.permutation(VERDICTS).tolist():
        holds(draw_logits(rng, wanted, "float32", both=True), "float32", wanted)
    holds(rng.integers(-20, 20, 3).tolist(), "float32", "ok")
    both = [int(rng.integers(95, 200)), 1, -int(rng.integers(120, 500))]
    holds(rng.permutation(both).tolist(), "float32", "overflow")


def test_the_type_decides(holds, rng):
    for dtype in DTYPES:
        for wanted in rng.permutation(VERDICTS).tolist():
            holds(draw_logits(rng, wanted, dtype), dtype, wanted)
    z = rng.permutation([rng.uniform(15, 80), 0.0]).astype(np.float32)
    holds(z, "float16", "overflow")
    holds(z, "float64", "ok")


def test_a_class_that_is_out_changes_no_verdict(holds, rng):
    for wanted in rng.permutation(VERDICTS).tolist():
        holds(draw_logits(rng, wanted, "float64"), "float64", wanted, rng.permutation(8))


def test_the_verdict_agrees_with_exact_exponentials(holds, rng):
    for dtype in DTYPES:
        for wanted in VERDICTS:
            for size in (2, 9):
                z = draw_logits(rng, wanted, dtype, size, subnormal=size == 9)
                holds(z, dtype, exact_verdict(z, dtype))


def test_a_sum_may_overflow_alone(holds, rng):
    for dtype in DTYPES:
        # e^−0.25 = 0.78 and e^−0.15 = 0.86; two of them make 1.56 at least.
        edge = float(limits(dtype)[0]) - rng.uniform(0.15, 0.25)
        holds(rng.permutation([edge, 0.0]), rng.permutation([edge, edge, 0.0]), dtype)
    # Ones alone: a sum that is rounded to float16 again and again would stop at 2048.
    holds(*map(np.zeros, rng.integers([40_000, 80_000], [50_000, 90_000])), "float16")


def test_a_subnormal_exponential_is_still_there(holds, rng):
    for dtype in DTYPES:
        gone = float(limits(dtype)[2]) * rng.uniform(3, 4)
        holds(draw_word(rng, "subnormal", dtype), gone, dtype)


def test_logits_that_the_type_cannot_hold_count_as_given(holds, rng):
    for z, dtype, wanted in (
        ([0.0, -1e6], "float16", "lost"),
        ([1e6, 0.0], "float16", "overflow"),
        ([-1e6, -2e6], "float16", "0/0"),
        ([0.0, -1e300], "float32", "lost"),
        ([1e300, 0.0], "float32", "overflow"),
        ([1e300, -1e300], "float64", "overflow"),
    ):
        holds(rng.permutation(z) * rng.uniform(1, 2), dtype, wanted)


def test_nothing_but_minus_infinity_is_zero_by_zero(holds, rng):
    for dtype in DTYPES:
        some_out = rng.permutation([rng.uniform(-5, 5), -INF, -INF])
        holds(some_out, np.full(rng.integers(1, 9), -INF), dtype)


def test_other_shapes_are_refused(holds, rng):
    for bad in ([], np.array([]), *map(rng.standard_normal, ((2, 3), (1, 3))), np.array(1.0)):
        holds(draw_logits(rng, "lost", "float32"), "float32", "lost", bad)


def test_nan_and_other_types_have_no_verdict(holds, rng):
    for other in ("int32", "complex64", f"S{rng.integers(1, 10**9)}", "bfloat16"):
        z = draw_logits(rng, "lost", "float32")
        holds(z, "float32", "lost", replaced(rng, z, np.nan), other)


# ----------------------------------------------------------------------------------- ulp_distance
def test_it_counts_the_steps(holds, rng):
    a = 2.0 ** rng.integers(-40, 40, (2, 3)) * rng.uniform(1, 1.5, (2, 3))
    count = rng.integers(1, 1000, (2, 3))
    b = a + count * np.spacing(a)
    holds(a, b, count.reshape(-1).tolist())
    holds(a.reshape(-1).tolist(), b.reshape(-1).tolist(), count.reshape(-1).tolist())


def test_the_steps_are_uint64(holds, rng):
    a = np.abs(rng.standard_normal((2, 3)))
    holds(*with_steps(a, np.nextafter(a, np.inf)))
    holds(*with_steps(a, a + 1))
    # Integers, and across the sign: from −2 to 2 int64 is at its end.
    holds(*with_steps([1, -int(rng.integers(2, 9))], [3.0, rng.uniform(2, 9)]))
    holds(*with_steps(a.astype(np.float32), rng.integers(1, 9, (2, 3)).astype(np.int8)))


def test_distances_add_up(holds, rng):
    a, b, c = np.sort(any_floats(rng, (3, 8)), axis=0)
    holds(a, b, c, with_steps(a, b)[2], with_steps(b, c)[2])


def test_ulp_distance_agrees_with_whole_numbers(holds, rng):
    a, b = any_floats(rng, (2, 20))
    holds(*with_steps(a, b))
    holds(*with_steps(np.abs(a), np.abs(b)))
    # Powers of two, where the gap changes; their opposites; from the smallest normal number to 0.
    a = 2.0 ** rng.integers(-40, 40, 3)
    holds(*with_steps(np.append(a, 2.0**-1022), np.append(a * [2, 4, -1], 0.0)))


def test_the_two_zeros_are_one_place(holds, rng):
    tiny = 5e-324 * rng.integers(1, 1000, 3) * rng.permutation([1, 1, -1])
    zero = rng.permutation([0.0, -0.0, 0.0])
    holds(*with_steps(zero, tiny))
    holds(*with_steps(zero, rng.permutation([-0.0, 0.0, -0.0])))
    holds(*with_steps(-tiny, tiny))


def test_the_whole_range_is_counted(holds, rng):
    largest, large = np.finfo(np.float64).max, 1e300 * rng.uniform(1, 2)
    pairs = [(-largest, largest), (largest, -largest), (0, largest), (-largest, 1), (large, -large)]
    a, b = rng.permutation(pairs).T.copy()
    holds(*with_steps(a, b))


def test_what_is_not_finite_is_refused(holds, rng):
    for bad in (np.nan, INF, -INF):
        a = rng.standard_normal(4)
        holds(*with_steps(a, np.nextafter(a, 9.0)), replaced(rng, a, bad))


# --------------------------------------------------------------------------------------- log1mexp
def test_it_is_the_log_of_the_complement(holds, rng):
    for shape in (6, (2, 3)):
        holds(moderate(rng, shape))
    holds(moderate(rng, 3).tolist())
    holds(-rng.integers(1, 9, 4))
    holds(float(moderate(rng, ())))


def test_the_float_type_stays(holds, rng):
    holds(moderate(rng, 6).astype(np.float32))
    holds(moderate(rng, 6))
    holds((-rng.integers(1, 9, 3)).tolist())
    holds(-rng.integers(1, 9, 2).astype(np.int8))


def test_the_complement_of_the_complement_is_where_it_started(holds, rng):
    holds(-rng.uniform(0.05, 3, 12), -rng.uniform(0.01, 30, 12))


def test_log1mexp_agrees_within_four_ulp(holds, rng):
    # From −1e-3 to −37 without a gap. Who changes over too late, at −0.01 say, is off by up to 12
    # ulp there, and by more than 4 for about every second number up to −0.04.
    holds(-np.exp(draw(rng, 100, 2.63, -1.65)))
    holds(-rng.uniform(0.0101, 0.04, 30))
    holds(-rng.uniform(0.5, 0.9, 20))


def test_log1mexp_is_right_close_to_zero(holds, rng):
    exponents = np.array([300.0, 200, 100, 50, 30, 20, 17, 16, 15, 10, 8, 7, 5, 3])
    x = -(10.0 ** (rng.uniform(0, 0.3, 14) - exponents))
    holds(x)
    holds(x[4:].astype(np.float32))


def test_log1mexp_is_right_far_from_zero(holds, rng):
    # Around where e^x is half an ulp of 1, and where it is subnormal.
    far = {
        np.float64: [30.0, 36, 37, 38, 40, 100, 300, 700, 708, 709, 720, 740, 745],
        np.float32: [10.0, 15, 17, 18, 20, 50, 80],
    }
    for dtype, x in far.items():
        holds((-np.array(x) * rng.uniform(0.999, 1, len(x))).astype(dtype))


def test_the_complement_of_certainty_is_impossible(holds, rng):
    for dtype in (np.float64, np.float32):
        holds(rng.permutation([0.0, -0.0, *moderate(rng, 2)]).astype(dtype))


def test_what_is_no_log_probability_is_refused(holds, rng):
    for bad in (10.0 ** rng.uniform(-12, -6), rng.uniform(1, 5), np.nan, INF):
        x = moderate(rng, 5)
        holds(x, replaced(rng, x, bad))


# --------------------------------------------------------------------------- several of them alike
@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_array_takes_numpy_time(lab, function, rng):
    """A large array takes NumPy time, not a Python loop over its elements

    Comparisons, np.where, np.exp and its relatives work on the whole array, and array.view(
    np.uint64) reads the bits of all elements at once. A Python loop over the elements costs twenty
    to hundreds of times as much; np.vectorize is such a loop."""

    def drawn():
        if function == "classify_exp":
            z = rng.choice([-800.0, -300.0, 300.0, 800.0], BATCH) + draw(rng, BATCH)
            return (z, "float64"), np.abs(z) < 500
        if function == "log1mexp":
            x = -rng.uniform(0.1, 9, BATCH)
            return (x,), np.where(x > -1, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))
        a, b = rng.uniform(1, 2, (2, *BATCH))
        return (a, b), np.abs(a - b) * 2.0**52  # between 1 and 2 a step is 2^−52 long

    seen_as, exactly = {
        "classify_exp": (lambda words: np.asarray(words) == "normal", {}),
        "ulp_distance": (np.array, {"rtol": 0, "atol": 0}),
        "log1mexp": (np.array, {}),
    }[function]
    takes_numpy_time(lab, function, drawn, MOST[function], seen_as, **exactly)


def test_the_arguments_are_left_alone(holds, function, rng):
    for dtype in DTYPES:
        a, lost = np.append(np.abs(rng.standard_normal(5)), 0.0), draw_logits(rng, "lost", dtype)
        drawn = {
            "classify_exp": with_words(draw_words(rng, PLAIN, "float64"), "float64"),
            "naive_softmax_verdict": (lost.astype(dtype), dtype, "lost"),
            "ulp_distance": with_steps(a, a[::-1].copy()),
            "log1mexp": (moderate(rng, 5).astype("float32" if dtype == "float16" else dtype),),
        }
        holds(*drawn[function])
