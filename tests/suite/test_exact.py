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


def test_a_log_mean_of_exponentials_agrees_with_scipy_and_its_definition():
    z = np.random.default_rng(2).normal(size=(3, 4))
    for axis, n in ((0, 3), (1, 4), (None, 12)):
        ours = exact.to_float(exact.logmeanexp(z, axis=axis))
        np.testing.assert_allclose(ours, special.logsumexp(z, axis=axis, b=1 / n), rtol=1e-13)
    with workdps(1000):
        wanted = mp.log((mp.exp(mpf(2.5)) + mp.exp(mpf(-7.25))) / 2)
    assert abs(exact.logmeanexp([2.5, -7.25])[()] / wanted - 1) < mpf(10) ** -48
    assert float(exact.logmeanexp([1000.0, -np.inf])) == 1000 - math.log(2)
    with pytest.raises(ValueError, match="axis"):
        exact.logmeanexp(np.zeros((2, 0)))


def test_weights_are_factors_before_the_sum():
    rng = np.random.default_rng(3)
    z, w = rng.normal(size=(3, 4)), rng.uniform(0.1, 2, size=4)
    for axis in (0, 1, None):
        ours = exact.to_float(exact.weighted_logsumexp(z, w, axis=axis))
        np.testing.assert_allclose(ours, special.logsumexp(z, axis=axis, b=w), rtol=1e-13)
    with workdps(1000):
        wanted = mp.log(3 * mp.exp(mpf(0.5)) + mpf(0.25) * mp.exp(mpf(2)))
    assert abs(exact.weighted_logsumexp([0.5, 2.0], [3.0, 0.25])[()] / wanted - 1) < mpf(10) ** -48
    # 1e300·e^−800 = 3.7e-48 is far above 1e-300·e^0, which no shift by the largest z can see.
    ours = float(exact.weighted_logsumexp([0.0, -800.0], [1e-300, 1e300]))
    assert ours == pytest.approx(300 * math.log(10) - 800, rel=1e-15)


def test_a_term_of_weight_zero_counts_for_nothing():
    for junk in (1000.0, np.inf, -np.inf, np.nan):
        assert exact.weighted_logsumexp([1.5, junk], [1.0, 0.0]) == mpf(1.5)
    assert exact.weighted_logsumexp([1.0, 2.0], [0.0, 0.0]) == mpf("-inf")
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="w must"):
            exact.weighted_logsumexp([1.0, 2.0], [1.0, bad])


def test_cross_entropy_agrees_with_closed_forms_and_scipy():
    with workdps(50):
        # Three equal logits: ln 3. A gap of 2 between two: ln(1 + e^−2), or 2 more when wrong.
        wanted = (mp.log(3) + mp.log(3)) / 2
        assert abs(exact.cross_entropy([[7.0] * 3] * 2, [0, 2])[()] - wanted) < mpf(10) ** -48
        wanted = mp.log1p(mp.exp(-2)) + 1
        assert abs(exact.cross_entropy([[0, 2], [0, 2]], [0, 1])[()] - wanted) < mpf(10) ** -48
    z, labels = np.random.default_rng(4).normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])
    picked = special.log_softmax(z, axis=1)[np.arange(5), labels]
    np.testing.assert_allclose(exact.to_float(exact.cross_entropy(z, labels)), -picked.mean())
    for labels in ([0, 1], [0, 0, 3, 0, 0], [0, 0, -1, 0, 0]):
        with pytest.raises(ValueError, match="labels must be 5 classes"):
            exact.cross_entropy(z, labels)


def test_the_gradient_of_cross_entropy_is_what_mpmath_differentiates():
    z, labels = [[0.5, -1.25, 2.0], [3.0, 0.0, -0.5]], [1, 0]
    gradient = exact.cross_entropy_grad(z, labels)
    for b in range(2):
        for k in range(3):

            def loss(x, b=b, k=k):
                rows = [[mpf(v) for v in row] for row in z]
                rows[b][k] = x
                logs = [mp.log(mp.fsum(map(mp.exp, row))) for row in rows]
                return mp.fsum(s - row[y] for s, row, y in zip(logs, rows, labels, strict=True)) / 2

            with workdps(50):
                assert abs(gradient[b, k] - mp.diff(loss, mpf(z[b][k]))) < mpf(10) ** -30


def test_the_products_with_the_jacobian_are_what_mpmath_differentiates():
    z, v = [0.5, -1.25, 2.0, 1.0], [1.0, -2.0, 0.5, 3.0]

    def log_p(k, x):
        return x[k] - mp.log(mp.fsum(map(mp.exp, x)))

    with workdps(50):
        exact_z = [mpf(a) for a in z]

        def partial(k, j):
            return mp.diff(
                lambda t: log_p(k, [a + (t if i == j else 0) for i, a in enumerate(exact_z)]), 0
            )

        jacobian = [[partial(k, j) for j in range(4)] for k in range(4)]
        forward = [mp.fdot(row, v) for row in jacobian]
        backward = [mp.fdot([row[j] for row in jacobian], v) for j in range(4)]
        for ours, wanted in (
            (exact.log_softmax_jvp(z, v), forward),
            (exact.log_softmax_vjp(z, v), backward),
        ):
            assert all(abs(a - b) < mpf(10) ** -30 for a, b in zip(ours, wanted, strict=True))
    batched = exact.log_softmax_vjp([[z, z]], [[v, v]])
    assert batched.shape == (1, 2, 4)
    assert batched[0, 1].tolist() == exact.log_softmax_vjp(z, v).tolist()


def test_binary_cross_entropy_agrees_with_scipy_and_closed_forms():
    rng = np.random.default_rng(5)
    x, y = rng.normal(0, 5, size=(3, 4)), rng.uniform(size=(3, 4))
    wanted = -(y * special.log_expit(x) + (1 - y) * special.log_expit(-x)).mean()
    assert float(exact.bce_with_logits(x, y)) == pytest.approx(wanted, rel=1e-14)
    with workdps(50):
        assert abs(exact.bce_with_logits([0.0], [0.25])[()] - mp.ln2) < mpf(10) ** -49
    assert abs(exact.bce_with_logits([1000.0], [0.0])[()] - 1000) < mpf(10) ** -40
    assert 0 < exact.bce_with_logits([1000.0], [1.0])[()] < mpf(10) ** -400


def test_soft_cross_entropy_agrees_with_closed_forms_and_scipy():
    with workdps(50):
        # Logits 0 and ln 3 say 1/4 and 3/4; against 1/2 and 1/2: (2 ln 4 − ln 3)/2.
        ours = exact.soft_cross_entropy([[mpf(0), mp.log(3)]], [[0.5, 0.5]])[()]
        assert abs(ours - (2 * mp.log(4) - mp.log(3)) / 2) < mpf(10) ** -48
    rng = np.random.default_rng(6)
    z, q = rng.normal(size=(4, 3)), rng.dirichlet(np.ones(3), size=4)
    wanted = -(q * special.log_softmax(z, axis=1)).sum(axis=1).mean()
    assert float(exact.soft_cross_entropy(z, q)) == pytest.approx(wanted, rel=1e-13)
    onehot = np.eye(3)[[0, 2, 2, 1]]
    assert exact.soft_cross_entropy(z, onehot) == exact.cross_entropy(z, [0, 2, 2, 1])
    with pytest.raises(ValueError, match="targets"):
        exact.soft_cross_entropy(z, q[:2])


def test_a_target_of_zero_costs_nothing_and_any_other_pays_for_an_impossible_class():
    z = [[0.0, -np.inf, 0.0]]
    assert float(exact.soft_cross_entropy(z, [[0.5, 0.0, 0.5]])) == math.log(2)
    assert exact.soft_cross_entropy(z, [[0.5, 1e-300, 0.5]]) == mpf("inf")


def test_a_masked_token_counts_for_nothing_and_all_others_alike():
    rng = np.random.default_rng(7)
    z, labels = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, size=(2, 3))
    mask = np.array([[True, True, True], [True, False, False]])
    wanted = exact.cross_entropy(z[mask], labels[mask])
    labels[~mask], z[~mask] = -100, np.nan
    assert exact.masked_sequence_cross_entropy(z, labels, mask) == wanted
    with pytest.raises(ValueError, match="mask keeps no token"):
        exact.masked_sequence_cross_entropy(z, labels, np.zeros_like(mask))


def test_the_kl_divergence_agrees_with_closed_forms_and_scipy():
    rng = np.random.default_rng(8)
    p, q = rng.dirichlet(np.ones(4), size=(2, 3)), rng.dirichlet(np.ones(4), size=(2, 3))
    for axis in (0, 1, 2, -1, None):
        ours = exact.to_float(exact.kl_divergence(np.log(p), np.log(q), axis=axis))
        np.testing.assert_allclose(ours, special.rel_entr(p, q).sum(axis=axis), rtol=1e-12)
    with workdps(50):
        log_p, log_q = [mp.log(0.5)] * 2, [mp.log(0.25), mp.log(0.75)]
        wanted = mp.log(4) / 2 - mp.log(3) / 2
        assert abs(exact.kl_divergence(log_p, log_q)[()] - wanted) < mpf(10) ** -48
    assert exact.kl_divergence(np.log(p[0, 0]), np.log(p[0, 0])) == 0


def test_only_an_outcome_that_p_allows_and_q_rules_out_is_infinitely_far():
    none = -np.inf
    assert float(exact.kl_divergence([0.0, none], [math.log(0.5)] * 2)) == math.log(2)
    assert exact.kl_divergence([0.0, none], [0.0, none]) == 0
    assert exact.kl_divergence([math.log(0.5)] * 2, [0.0, none]) == mpf("inf")
    # e^−1000 is no float64, but it is above 0.
    assert exact.kl_divergence([0.0, -1000.0], [0.0, none]) == mpf("inf")


def test_a_floor_is_rounded_to_the_type_it_is_for():
    p = np.array([0.0, 0.25, np.nan, 1e-3])
    ours = exact.to_float(exact.clipped_log(p, 0.01))
    np.testing.assert_array_equal(ours, np.log([0.01, 0.25, np.nan, 0.01]))
    # 1e-7 in float16 is two steps of 2^−24.
    assert float(exact.clipped_log(np.float16([0.0]), 1e-7)[0]) == -23 * math.log(2)
    assert exact.clipped_log([1, 0], 0.5).tolist() == [0, exact.clipped_log([0.5], 0.5)[0]]
    for dtype, eps in ((np.float16, 1e-8), (np.float32, 1e-46), (np.float64, 0.0)):
        with pytest.raises(ValueError, match="eps"):
            exact.clipped_log(np.ones(1, dtype), eps)


def test_exact_values_pass_through_without_rounding():
    with workdps(50):
        third = mpf(1) / 3
    assert exact.to_mpf(np.array([third], dtype=object))[0] is third
