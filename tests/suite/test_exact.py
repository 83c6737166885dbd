"""The oracle against what others computed: closed forms, SciPy, and decimal digits of mpmath."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf, workdps
from scipy import special

from lnnn import exact

RNG = np.random.default_rng(1)
Z, Y = RNG.normal(size=(3, 4, 5)), RNG.uniform(size=(3, 4, 5))
P, Q = RNG.dirichlet(np.ones(5), size=(2, 3, 4))
WEIGHTS, LABELS = RNG.uniform(0.1, 2, size=5), np.array([0, 4, 1, 1])


def same(ours, wanted, digits=48):
    """Whether exact values agree with ``wanted`` to so many digits."""
    ours, wanted = (np.asarray(a, dtype=object) for a in (ours, wanted))
    assert ours.shape == wanted.shape
    pairs = zip(ours.reshape(-1), wanted.reshape(-1), strict=True)
    return all(abs(a - b) < mpf(10) ** -digits * abs(b) for a, b in pairs)


def lse(z):
    """As it is defined, in as many digits as mpmath works with."""
    return mp.log(mp.fsum(mp.exp(v) for v in z))


# How many terms stand along each axis of Z.
N = {0: 3, 1: 4, 2: 5, -1: 5, None: 60}
ALONG_AN_AXIS = {
    "log_softmax": ((Z,), lambda axis: special.log_softmax(Z, axis=axis)),
    "softmax": ((Z,), lambda axis: special.softmax(Z, axis=axis)),
    "logsumexp": ((Z,), lambda axis: special.logsumexp(Z, axis=axis)),
    "logmeanexp": ((Z,), lambda axis: special.logsumexp(Z, axis=axis, b=1 / N[axis])),
    "weighted_logsumexp": ((Z, WEIGHTS), lambda axis: special.logsumexp(Z, axis=axis, b=WEIGHTS)),
    "kl_divergence": ((np.log(P), np.log(Q)), lambda axis: special.rel_entr(P, Q).sum(axis=axis)),
}


@pytest.mark.parametrize("name", ALONG_AN_AXIS)
@pytest.mark.parametrize("axis", N)
def test_it_agrees_with_scipy_along_any_axis(name, axis):
    arguments, scipy = ALONG_AN_AXIS[name]
    wanted = scipy(axis)
    ours = exact.to_float(getattr(exact, name)(*arguments, axis=axis))
    np.testing.assert_allclose(ours.reshape(wanted.shape), wanted, rtol=1e-12)


MEANS = {
    "cross_entropy": ((Z[0], LABELS), -special.log_softmax(Z[0], axis=1)[range(4), LABELS]),
    "soft_cross_entropy": ((Z[0], P[0]), -(P[0] * special.log_softmax(Z[0], axis=1)).sum(axis=1)),
    "bce_with_logits": (
        (5 * Z, Y),
        -(Y * special.log_expit(5 * Z) + (1 - Y) * special.log_expit(-5 * Z)),
    ),
}


@pytest.mark.parametrize("name", MEANS)
def test_a_mean_agrees_with_scipy(name):
    arguments, losses = MEANS[name]
    assert float(getattr(exact, name)(*arguments)) == pytest.approx(losses.mean(), rel=1e-13)


FOUR = [3.25, -17.5, 0.0, 4.0]
CLOSED_FORMS = {
    "two equal logits": lambda: (exact.log_softmax([5.0, 5.0]), [-mp.ln2] * 2),
    "four logits": lambda: (exact.log_softmax(FOUR), [v - lse(FOUR) for v in FOUR]),
    "a wide race": lambda: (exact.log_softmax([0.0, -1e300])[0], -mp.log1p(mp.exp(-1e300))),
    "a mean with −inf": lambda: (exact.logmeanexp([1000.0, -np.inf]), 1000 - mp.ln2),
    "a mean": lambda: (exact.logmeanexp([2.5, -7.25]), lse([2.5, -7.25]) - mp.ln2),
    "weights 3 and 1/4": lambda: (
        exact.weighted_logsumexp([0.5, 2.0], [3.0, 0.25]),
        lse([0.5 + mp.log(3), 2 - mp.log(4)]),
    ),
    # 1e300·e^−800 = 3.7e-48 is far above 1e-300·e^0, which no shift by the largest z can see.
    "weights 1e±300": lambda: (
        exact.weighted_logsumexp([0.0, -800.0], [1e-300, 1e300]),
        lse([mp.log(1e-300), mp.log(1e300) - 800]),
    ),
    "three equal logits": lambda: (exact.cross_entropy([[7.0] * 3] * 2, [0, 2]), mp.log(3)),
    # A gap of 2 between two logits: ln(1 + e^−2), or 2 more when wrong.
    "a gap of 2": lambda: (
        exact.cross_entropy([[0, 2], [0, 2]], [0, 1]),
        mp.log1p(mp.exp(-2)) + 1,
    ),
    "σ(0) = 1/2": lambda: (exact.bce_with_logits([0.0], [0.25]), mp.ln2),
    "σ(1000)": lambda: (exact.bce_with_logits([1000.0], [1.0]), mp.log1p(mp.exp(-1000))),
    "σ(−1000)": lambda: (exact.bce_with_logits([1000.0], [0.0]), mpf(1000)),
    # Logits 0 and ln 3 say 1/4 and 3/4; against 1/2 and 1/2: (2 ln 4 − ln 3)/2.
    "soft targets": lambda: (
        exact.soft_cross_entropy([[mpf(0), mp.log(3)]], [[0.5, 0.5]]),
        (2 * mp.log(4) - mp.log(3)) / 2,
    ),
    "a divergence": lambda: (
        exact.kl_divergence([-mp.ln2] * 2, [-mp.log(4), mp.log(0.75)]),
        mp.log(4) / 2 - mp.log(3) / 2,
    ),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_it_agrees_with_closed_forms_at_a_thousand_digits(name):
    with workdps(1000):
        assert same(*CLOSED_FORMS[name]())


def slopes(f, x):
    """The derivative of ``f(*x)`` in each of its arguments, from mpmath."""
    return [mp.diff(f, x, one) for one in np.eye(len(x), dtype=int).tolist()]


def test_the_gradient_of_cross_entropy_is_what_mpmath_differentiates():
    z, labels = [[0.5, -1.25, 2.0], [3.0, 0.0, -0.5]], [1, 0]

    def loss(*x):
        rows = x[:3], x[3:]
        return mp.fsum(lse(row) - row[y] for row, y in zip(rows, labels, strict=True)) / 2

    with workdps(50):
        wanted = slopes(loss, [mpf(v) for row in z for v in row])
        assert same(exact.cross_entropy_grad(z, labels).reshape(-1), wanted, digits=30)


def test_the_products_with_the_jacobian_are_what_mpmath_differentiates():
    z, v = [0.5, -1.25, 2.0, 1.0], [1.0, -2.0, 0.5, 3.0]
    with workdps(50):
        jacobian = [slopes(lambda *x, k=k: x[k] - lse(x), [mpf(a) for a in z]) for k in range(4)]
        forward = [mp.fdot(row, v) for row in jacobian]
        backward = [mp.fdot(column, v) for column in zip(*jacobian, strict=True)]
        assert same(exact.log_softmax_jvp(z, v), forward, digits=30)
        assert same(exact.log_softmax_vjp(z, v), backward, digits=30)
    batched = exact.log_softmax_vjp([[z, z]], [[v, v]])
    assert batched.shape == (1, 2, 4)
    assert batched[0, 1].tolist() == exact.log_softmax_vjp(z, v).tolist()


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
    assert exact.relative_error(np.array([3.0]), exact.to_mpf([2.0]))[0] == 0.5
    assert exact.absolute_error(np.array([-1.5]), exact.to_mpf([1.0]))[0] == 2.5
    assert exact.relative_error(np.array([0.0, 1.0]), exact.to_mpf([0.0, 0.0])).tolist() == [
        0.0,
        np.inf,
    ]


REFUSED = {
    "z .* is empty along axis 1": lambda: exact.logmeanexp(np.zeros((2, 0)), axis=1),
    "w must hold no negative": lambda: exact.weighted_logsumexp([1.0, 2.0], [1.0, -1.0]),
    "and no NaN": lambda: exact.weighted_logsumexp([1.0, 2.0], [1.0, np.nan]),
    "labels must be 4 classes from 0 to 4": lambda: exact.cross_entropy(Z[0], [0, 1]),
    r"not \[0, 0, 5, 0\]": lambda: exact.cross_entropy(Z[0], [0, 0, 5, 0]),
    r"not \[0, 0, -1, 0\]": lambda: exact.cross_entropy_grad(Z[0], [0, 0, -1, 0]),
    r"targets \(2, 5\) do not fit": lambda: exact.soft_cross_entropy(Z[0], P[0, :2]),
    "mask keeps no token": lambda: exact.masked_sequence_cross_entropy(Z, LABELS, np.zeros((3, 4))),
    "eps = 1e-08 is not above 0 in float16": lambda: exact.clipped_log(np.ones(1, "f2"), 1e-8),
    "eps = 1e-46": lambda: exact.clipped_log(np.ones(1, np.float32), 1e-46),
    "eps = 0.0": lambda: exact.clipped_log(np.ones(1), 0.0),
    "float array, not int64": lambda: exact.ulp_error(np.array([1]), exact.to_mpf([1.0])),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_has_no_exact_answer_is_refused(says):
    with pytest.raises(ValueError, match=says):
        REFUSED[says]()


def test_a_term_of_weight_zero_counts_for_nothing():
    for junk in (1000.0, np.inf, -np.inf, np.nan):
        assert exact.weighted_logsumexp([1.5, junk], [1.0, 0.0]) == mpf(1.5)
    assert exact.weighted_logsumexp([1.0, 2.0], [0.0, 0.0]) == mpf("-inf")


def test_a_target_of_zero_costs_nothing_and_any_other_pays_for_an_impossible_class():
    assert exact.soft_cross_entropy(Z[0], np.eye(5)[LABELS]) == exact.cross_entropy(Z[0], LABELS)
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


def test_only_an_outcome_that_p_allows_and_q_rules_out_is_infinitely_far():
    none = -np.inf
    assert float(exact.kl_divergence([0.0, none], [math.log(0.5)] * 2)) == math.log(2)
    assert exact.kl_divergence([0.0, none], [0.0, none]) == 0
    assert exact.kl_divergence(Z[0, 0], Z[0, 0]) == 0
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


def test_exact_values_pass_through_without_rounding():
    with workdps(50):
        third = mpf(1) / 3
    assert exact.to_mpf(np.array([third], dtype=object))[0] is third
