"""Float types as arithmetic, and the emulated bfloat16, against IEEE 754 and NumPy."""

import math
import struct
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lnnn.explore.float_types import TYPES, Bfloat16, bfloat16
from lnnn.explore.sliders import DTYPES


def from_bits(bits):
    """The bfloat16 number of a 16-bit pattern: the upper half of a float32."""
    return struct.unpack(">f", struct.pack(">I", bits << 16))[0]


# All positive finite bfloat16 numbers, in order: the patterns count upwards.
ALL = np.array([from_bits(bits) for bits in range(0x7F80)])


@pytest.mark.parametrize("name", DTYPES)
def test_limits_and_those_of_exp_are_what_numpy_says_of_the_type(name):
    kind, info = TYPES[name], np.finfo(name)
    assert kind.largest == float(info.max)
    assert kind.smallest_normal == float(info.smallest_normal)
    assert kind.smallest_subnormal == float(info.smallest_subnormal)
    assert kind.precision == info.nmant + 1
    ends = info.max, info.smallest_normal, info.smallest_subnormal
    overflow, subnormal, least = (float(mpmath.log(mpmath.mpf(float(v)))) for v in ends)
    wanted = overflow, subnormal, least - float(mpmath.log(2))
    assert kind.exp_limits == pytest.approx(wanted, rel=1e-15)


def test_limits_of_bfloat16_are_its_first_and_last_bit_patterns():
    kind = TYPES["bfloat16"]
    assert (kind.smallest_subnormal, kind.largest) == (from_bits(1), from_bits(0x7F7F))
    assert kind.smallest_normal == from_bits(0x0080) == 2.0**-126


def test_limits_of_the_8_bit_types_are_those_of_the_standard():
    # P. Micikevicius and others, FP8 formats for deep learning, 2022 (arXiv:2209.05433).
    assert (TYPES["E5M2"].largest, TYPES["E4M3"].largest) == (57344, 448)
    assert (TYPES["E5M2"].smallest_normal, TYPES["E4M3"].smallest_normal) == (2**-14, 2**-6)
    assert (TYPES["E5M2"].smallest_subnormal, TYPES["E4M3"].smallest_subnormal) == (2**-16, 2**-9)


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_rounding_is_that_of_numpy(name):
    rng = np.random.default_rng(1)
    kind, info = TYPES[name], np.finfo(name)
    low, high = math.log2(kind.smallest_subnormal) - 2, math.log2(kind.largest) + 1
    x = np.concatenate([2 ** rng.uniform(low, high, 3000), [0, float(info.max), np.inf, np.nan]])
    x = np.concatenate([x, -x])
    with np.errstate(over="ignore", under="ignore"):
        expected = x.astype(name).astype(float)
    np.testing.assert_array_equal(kind.round(x), expected)
    nearest = [kind.nearest(mpmath.mpf(v)) for v in x[np.isfinite(x)].tolist()]
    np.testing.assert_array_equal(nearest, expected[np.isfinite(x)])


def test_every_bfloat16_number_is_rounded_to_itself():
    np.testing.assert_array_equal(TYPES["bfloat16"].round(ALL), ALL)
    np.testing.assert_array_equal(TYPES["bfloat16"].round(-ALL), -ALL)
    assert [TYPES["bfloat16"].nearest(mpmath.mpf(v)) for v in ALL[::97]] == ALL[::97].tolist()


def test_between_two_bfloat16_numbers_the_nearer_one_wins_and_a_tie_goes_to_the_even_pattern():
    kind = TYPES["bfloat16"]
    below, above = ALL[:-1], ALL[1:]
    middle = (below + above) / 2  # exact in float64
    even = np.where(np.arange(len(below)) % 2 == 0, below, above)
    np.testing.assert_array_equal(kind.round(middle), even)
    np.testing.assert_array_equal(kind.round(np.nextafter(middle, 0)), below)
    np.testing.assert_array_equal(kind.round(np.nextafter(middle, np.inf)), above)
    assert [kind.nearest(mpmath.mpf(v)) for v in middle[::89].tolist()] == even[::89].tolist()


@pytest.mark.parametrize("name", TYPES)
def test_half_a_step_above_the_largest_number_overflows(name):
    kind = TYPES[name]
    largest = Fraction(kind.largest)
    step = Fraction(2) ** (math.frexp(kind.largest)[1] - kind.precision)
    half = largest + step / 2
    just_below = half - Fraction(1, 2**60) * step

    def nearest(x):
        with mpmath.workdps(1000):
            return kind.nearest(mpmath.mpf(x.numerator) / x.denominator)

    assert nearest(just_below) == kind.largest
    # A tie goes to the even neighbour: up for all but E4M3, whose largest fraction is even.
    assert nearest(half) == (kind.largest if name == "E4M3" else math.inf)
    assert nearest(-half - step) == -math.inf


@pytest.mark.parametrize("name", TYPES)
def test_half_the_smallest_number_is_rounded_to_zero_and_more_is_not(name):
    kind = TYPES[name]
    with mpmath.workdps(50):
        half = mpmath.mpf(kind.smallest_subnormal) / 2
        assert kind.nearest(half) == 0
        assert kind.nearest(half * (1 + mpmath.mpf(10) ** -40)) == kind.smallest_subnormal


def test_nearest_rounds_once_from_an_exact_value():
    # 1 + 2^-11 + 2^-70 lies just above a tie of float16; rounded to float64 first, it is the tie.
    with mpmath.workdps(50):
        x = 1 + mpmath.mpf(2) ** -11 + mpmath.mpf(2) ** -70
        assert TYPES["float16"].nearest(x) == 1 + 2**-10
        assert TYPES["float16"].nearest(mpmath.mpf(float(x))) == 1


def test_bits_left_count_down_below_the_smallest_normal_number():
    kind = TYPES["float16"]
    assert [kind.bits_left(2.0**k) for k in (0, -14, -15, -23, -24)] == [11, 11, 10, 2, 1]
    assert [kind.bits_left(v) for v in (0.0, math.inf, math.nan)] == [0, 0, 0]
    assert kind.bits_left(3 * 2.0**-24) == 2


# The emulated array.


def test_each_operation_is_rounded_to_bfloat16():
    x = bfloat16([1.0, 1.0])
    third = x / 3
    assert isinstance(third, Bfloat16)
    assert third.tolist() == [0.333984375] * 2  # 171/512
    assert (x + 2.0**-9).tolist() == [1.0, 1.0]
    assert (bfloat16([256.0]) + 1).tolist() == [256.0]


def test_sums_products_and_quotients_are_rounded_correctly():
    rng = np.random.default_rng(2)
    a, b = (bfloat16(rng.normal(0, 1, 4000) * 2.0 ** rng.integers(-20, 20, 4000)) for _ in "ab")
    exact_a, exact_b = (np.asarray(v, dtype=np.float64) for v in (a, b))
    kind = TYPES["bfloat16"]
    for ours, exact in (
        (a * b, exact_a * exact_b),
        (a - b, exact_a - exact_b),
        (a + b, exact_a + exact_b),
    ):  # exact in float64
        np.testing.assert_array_equal(np.asarray(ours, dtype=float), kind.round(exact))
    quotients = [
        kind.nearest(mpmath.mpf(x) / mpmath.mpf(y))
        for x, y in zip(exact_a[:500].tolist(), exact_b[:500].tolist(), strict=True)
    ]
    assert np.asarray(a / b, dtype=float)[:500].tolist() == quotients


def test_a_sum_runs_in_float32_and_is_rounded_once():
    ones = bfloat16(np.ones(1000))
    assert float(ones.sum()) == 1000.0  # rounded at each step it would stop at 256
    assert float(bfloat16(np.ones(1001)).sum()) == 1000.0  # 1001 has ten bits
    assert isinstance(ones.sum(), Bfloat16)
    assert isinstance(ones.max(), Bfloat16)


def test_subnormal_numbers_are_kept():
    e = np.exp(bfloat16([-92.5, -93.0]))
    assert e.tolist() == [TYPES["bfloat16"].smallest_subnormal, 0.0]


def test_in_place_operations_stay_in_bfloat16():
    x = bfloat16([1.0, 3.0])
    x -= x.max()
    x /= 3
    assert isinstance(x, Bfloat16)
    assert x.tolist() == [float(bfloat16(-2 / 3)), 0.0]


def test_numpys_functions_stay_in_bfloat16():
    x = bfloat16([1.0, 3.0])
    for value in (np.sum(x), np.max(x), np.where(x > 2, x, 0 * x), np.concatenate([x, x])):
        assert isinstance(value, Bfloat16)
    assert (x > 2).dtype == bool
    assert int(np.argmax(x)) == 1


def test_a_cast_leaves_the_emulation():
    x = bfloat16([1.0, 3.0])
    for value in (x.astype(np.float32), np.asarray(x), x.sum(dtype=np.float32)):
        assert not isinstance(value, Bfloat16)
    third = x.astype(np.float32) / 3
    assert third[0] == np.float32(1) / np.float32(3)
