"""The oracle against what others computed: closed forms, SciPy, and decimal digits of mpmath."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf, workdps
from scipy import special

from lnnn import exact


def test_two_equal_logits_have_log_probability_minus_ln_two():
    with workdps(50):
        assert abs(exact.log_softmax([5.0, 5.0])[0] + mp.ln2) < mpf(10) ** -49


def test_it_agrees_with_scipy_where_scipy_is_good():
    z = np.random.default_rng(1).normal(size=(3, 4, 5))
    for axis in (0, 1, 2, -1):
        ours = exact.to_float(exact.log_softmax(z, axis=axis))
        np.testing.assert_allclose(ours, special.log_softmax(z, axis=axis), rtol=1e-13)
    ours = exact.to_float(exact.logsumexp(z, axis=None))
    np.testing.assert_allclose(ours, special.logsumexp(z), rtol=1e-14)


def test_it_agrees_with_the_definition_at_a_thousand_digits():
    z = [3.25, -17.5, 0.0, 4.0]
    with workdps(1000):
        total = mp.log(mp.fsum(mp.exp(mpf(v)) for v in z))
        wanted = [mpf(v) - total for v in z]
    for ours, theirs in zip(exact.log_softmax(z), wanted, strict=True):
        assert abs(ours / theirs - 1) < mpf(10) ** -48


def test_the_winner_of_a_wide_race_keeps_its_digits():
    # −ln(1 + e^−40) = −e^−40 + e^−80/2 − …
    winner = exact.log_softmax([0.0, -40.0])[0]
    assert float(winner) == pytest.approx(-math.exp(-40) + math.exp(-80) / 2, rel=1e-15)
    assert exact.log_softmax([0.0, -1e300])[0] < 0


def test_temperature_divides_the_exact_logits():
    z = [1.0, 2.0, 4.0]
    np.testing.assert_array_equal(
        exact.log_softmax(z, temperature=0.5), exact.log_softmax([2.0, 4.0, 8.0])
    )


def test_special_values_follow_the_contract():
    assert exact.to_float(exact.log_softmax([-np.inf, 0.0])).tolist() == [-np.inf, 0.0]
    assert np.isnan(exact.to_float(exact.log_softmax([-np.inf, -np.inf]))).all()
    assert exact.logsumexp([]) == mpf("-inf")
    assert exact.logsumexp([1.0, np.inf]) == mpf("inf")
    assert np.isnan(float(exact.logsumexp([1.0, np.nan])))


def test_a_mask_leaves_a_distribution_over_the_kept():
    z, mask = np.array([1.0, np.nan, 3.0]), np.array([True, False, True])
    masked = exact.to_float(exact.masked_log_softmax(z, mask))
    kept = exact.to_float(exact.log_softmax([1.0, 3.0]))
    assert masked.tolist() == [kept[0], -np.inf, kept[1]]
    assert exact.masked_log_softmax(z, np.zeros(3, bool)).tolist() == [mpf("-inf")] * 3


def test_an_ulp_is_the_gap_between_neighbouring_floats():
    for dtype in (np.float64, np.float32, np.float16):
        for x in (1.0, 1.5, 3.0, 1e-3, 1000.0, float(np.finfo(dtype).smallest_subnormal) * 3):
            x = dtype(x)
            one_up = np.nextafter(x, dtype(np.inf))
            assert exact.ulp_error(one_up, exact.to_mpf(x)) == 1.0, (dtype, x)
            assert exact.ulp_error(x, exact.to_mpf(x)) == 0.0


def test_a_nan_or_an_infinity_is_infinitely_many_ulp_away():
    computed = np.array([np.nan, np.inf, -np.inf, np.inf, np.nan])
    wanted = exact.to_mpf([1.0, 1.0, 1.0, np.inf, np.nan])
    assert exact.ulp_error(computed, wanted).tolist() == [np.inf, np.inf, np.inf, 0.0, 0.0]


def test_an_answer_beyond_the_range_of_floats_is_rounded_to_infinity_or_zero():
    values = [mpf(10) ** 400, -(mpf(10) ** 400), mpf(10) ** -400]
    assert exact.to_float(values).tolist() == [np.inf, -np.inf, 0.0]
    assert exact.to_float([mpf("1e39")], np.float32).tolist() == [np.inf]
    assert exact.ulp_error(np.float32([np.inf]), [mpf("1e39")]).tolist() == [0.0]


def test_relative_and_absolute_error_are_what_their_names_say():
    assert exact.relative_error(np.array([1.5]), exact.to_mpf([1.0]))[0] == 0.5
    assert exact.absolute_error(np.array([-1.5]), exact.to_mpf([1.0]))[0] == 2.5
    assert exact.relative_error(np.array([0.0, 1.0]), exact.to_mpf([0.0, 0.0])).tolist() == [
        0.0,
        np.inf,
    ]


def test_integers_have_no_ulp():
    with pytest.raises(ValueError, match="float array, not int64"):
        exact.ulp_error(np.array([1]), exact.to_mpf([1.0]))
