"""The sweeps: exact, kept by the course's own solutions, broken where theory says, and cheap."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from mpmath import mp, mpf, workdps
from scipy import special

from lnnn import labs
from lnnn.labs.lab01_ln_basics.sweep import COMPLEMENT, PROBABILITY
from lnnn.labs.lab02_overflow_underflow.sweep import FAR, NEAR
from lnnn.report import error_plot
from lnnn.report.error_curve import _onward, measure
from lnnn.suite.expect import ABSOLUTE, RELATIVE
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.sweep import Axis, Exact

EPS = {np.dtype(t): float(np.finfo(t).eps) for t in (np.float64, np.float32)}


def curve(name, function):
    return measure(Lab(NamespaceCaller({name: function})), name)


def first_break(found, axis, label):
    """The first input on that axis that the contract does not permit, and the word there."""
    for panel in found.panels:
        for line in panel.lines if panel.axis is axis else ():
            if line.label == label:
                at = line.breaks_at
                return (None, "") if at is None else (line.xs[at], line.words[at])
    raise AssertionError(f"no line {label} on the axis {axis.label}")


# ------------------------------------------------------------------------------------- exactness


def softmax(z):
    return special.softmax(z.astype(np.float64), axis=-1)


def minus_onehot(p, labels, alpha=0.0):
    q = np.full(p.shape, alpha / p.shape[1])
    q[np.arange(len(p)), labels] += 1 - alpha
    return (p - q) / len(p)


SCIPY = {
    "nll": lambda p: special.entr(p.astype(np.float64)) / p,
    "logsumexp": lambda z: special.logsumexp(z.astype(np.float64), axis=-1),
    "logmeanexp": lambda z: special.logsumexp(z.astype(np.float64), axis=-1) - np.log(3),
    "log_softmax": lambda z: special.log_softmax(z.astype(np.float64), axis=-1),
    "softmax": softmax,
    "masked_log_softmax": lambda z, mask: special.log_softmax(
        np.where(mask, z.astype(np.float64), -np.inf), axis=-1
    ),
    "cross_entropy_grad": lambda z, labels: minus_onehot(softmax(z), labels),
    "log_softmax_jvp": lambda z, v: v - (softmax(z) * v).sum(axis=-1, keepdims=True),
    "log_softmax_vjp": lambda z, g: g - softmax(z) * g.sum(axis=-1, keepdims=True),
    "smoothed_cross_entropy_grad": lambda z, labels, alpha: minus_onehot(softmax(z), labels, alpha),
}


@pytest.mark.parametrize("name", sorted(set(labs.sweeps()) - {"log1mexp"}))
def test_the_exact_values_agree_with_scipy(name):
    for batch in labs.sweeps()[name]():
        with np.errstate(divide="ignore", invalid="ignore"):
            reference = SCIPY[name](*batch.args)
        if name == "nll":
            # SciPy's −p·ln p has lost digits where p is subnormal, and 0/0 is NaN.
            ordinary = batch.args[0] >= np.finfo(np.float64).tiny
            reference = np.where(ordinary, reference, batch.exact.high)
            assert batch.exact.high[batch.args[0] == 0] == [np.inf]
        np.testing.assert_allclose(batch.exact.high, reference, rtol=3e-15, atol=3e-15)


def test_the_exact_log1mexp_agrees_with_a_formula_that_cancels_nothing():
    for batch in labs.sweeps()["log1mexp"]():
        (x,) = batch.args
        for at in (*range(0, len(x), 3), len(x) - 1):
            with workdps(60):
                v = mpf(float(x[at]))
                wanted = mp.log(-mp.expm1(v)) if v > -0.7 else mp.log1p(-mp.exp(v))
                found = mpf(float(batch.exact.high[at])) + mpf(float(batch.exact.low[at]))
                unit = mpf(float(batch.exact.unit[at]))
                # Half a unit where the unit is the smallest number that float64 has.
                room = unit / 10 if unit > 5e-324 else unit / 2
                assert found == wanted or abs(found - wanted) <= room, x[at]


# ----------------------------------------------------------------------------------- the contract


@pytest.mark.parametrize("name", sorted(labs.sweeps()))
def test_the_courses_own_solution_keeps_the_contract_at_every_point(name, solved):
    found = measure(Lab(NamespaceCaller(solved)), name)
    assert found.within_contract, found.finding
    assert found.finding.endswith("over the whole range.")
    assert found.notes == ()
    assert all(len(panel.lines) == 2 for panel in found.panels)


@pytest.mark.parametrize("name", sorted(labs.sweeps()))
def test_what_is_allowed_is_never_more_than_the_contract(name):
    for batch in labs.sweeps()[name]():
        dtype = np.dtype(batch.label)
        right = batch.exact
        finite = np.isfinite(right.high)
        most = np.maximum(RELATIVE[dtype] * np.abs(right.high[finite]), ABSOLUTE[dtype])
        if name == "log1mexp":
            ulp = np.abs(np.spacing(np.where(finite, right.high, 0).astype(dtype)))[finite]
            relative = RELATIVE[dtype] * np.abs(right.high[finite])
            most = 4.0 * ulp if dtype == np.float64 else np.maximum(relative, ulp)
        elif name in ("log_softmax_jvp", "log_softmax_vjp"):
            # 2V + 10 roundings of the largest |v|, or of Σ|g|, as in the lab's own suite.
            size = np.abs(batch.args[1].astype(float))
            size = size.max() if name == "log_softmax_jvp" else size.sum(axis=1).max()
            slack = 16 * EPS[dtype] * size
            most = np.maximum(RELATIVE[dtype] * np.abs(right.high[finite]), ABSOLUTE[dtype] + slack)
        allowed = (right.allowed * right.unit)[finite]
        assert np.all(allowed <= most * (1 + 1e-7))
        # Nor much less: a solution that keeps the contract must not look broken.
        assert np.all(allowed >= most / 2.1)


def test_log1mexp_is_held_to_ulps_also_next_to_zero():
    double, single = labs.sweeps()["log1mexp"]()
    assert double.exact.allowed == 4
    assert single.exact.allowed == pytest.approx(1e-5 / EPS[np.dtype(np.float32)])
    assert double.args[0].min() == -745
    assert double.exact.unit.min() == 5e-324
    # One ulp too much of the answer at −36, about 2e-16, is one unit. 1e-14 would be a hundred.
    at = int(np.flatnonzero(double.args[0] == -36)[0])
    answer = double.exact.high.copy()
    answer[at] = np.nextafter(answer[at], -1)
    assert 0.5 <= double.exact.errors(answer)[at] <= 1.5


def test_parameters_set_the_unit_and_the_permission():
    with workdps(50):
        values = np.array([mpf("1e-30"), mpf(1)], dtype=object)
    plain = Exact.of(values, np.float64, absolute=0.0, allowed=4.0)
    assert plain.allowed == 4
    assert plain.unit.tolist() == [np.spacing(1e-30), np.spacing(1.0)]
    wide = Exact.of(values, np.float64, absolute=1e-12)
    assert wide.unit.tolist() == [np.spacing(1.0), np.spacing(1.0)]


def test_an_exact_zero_without_an_absolute_error_has_the_smallest_unit():
    with workdps(50):
        values = np.array([mpf(0)], dtype=object)
    for dtype, smallest in ((np.float64, 5e-324), (np.float32, 2.0**-149)):
        assert Exact.of(values, dtype, absolute=0.0).unit == [smallest]


# ------------------------------------------------------------------------- the classic mistakes


def logits_axes():
    batch = labs.sweeps()["logsumexp"]()[0]
    return [leg.axis for leg in batch.legs]


def test_a_small_number_added_to_p_costs_digits_at_once_in_float64():
    found = curve("nll", lambda p: -np.log(p + p.dtype.type(1e-8)))
    # ln(p + 1e-8) is off by 1e-8/p absolutely. Half an ulp of 1 in float32 is 6e-8: there the
    # small number is lost beside 1, and counts when 1e-8/p is above 1e-5·|ln p|.
    assert first_break(found, PROBABILITY, "float64") == (1.0, "")
    assert first_break(found, PROBABILITY, "float32") == (1e-4, "")
    assert first_break(found, COMPLEMENT, "float32") == (None, "")
    assert found.finding == "nll in float64: 6·10⁹ ulp off from p = 1 on."
    last = [line.words[-1] for panel in found.panels[:1] for line in panel.lines]
    assert last == ["not inf", "not inf"]


def test_a_clipped_p_is_right_down_to_the_clip():
    found = curve("nll", lambda p: -np.log(np.maximum(p, 1e-12)))
    assert found.finding == "nll in float64: within 1 ulp down to p = 10⁻¹², then digits are lost."


@pytest.mark.parametrize(
    ("formula", "near", "far"),
    [
        # e^x rounds to a multiple of 1.1e-16 below 1: 1 − e^x keeps few digits next to x = 0, and
        # is exactly 0 from |x| = 5.6e-17 (3.0e-8 in float32) on.
        (lambda x: np.log(1 - np.exp(x)), True, True),
        (lambda x: np.log1p(-np.exp(x)), True, False),
        (lambda x: np.log(-np.expm1(x)), False, True),
    ],
    ids=["log(1 − exp)", "log1p(−exp)", "log(−expm1)"],
)
def test_each_formula_of_log1mexp_breaks_on_its_own_side(formula, near, far):
    found = curve("log1mexp", formula)
    for label, steps in (("float64", 2.0**-53), ("float32", 2.0**-24)):
        at, _ = first_break(found, NEAR, label)
        assert (at is not None) == near
        at, _ = first_break(found, FAR, label)
        assert (at is not None) == far
        if near:
            assert {
                (x, word)
                for panel in found.panels
                for line in panel.lines
                if panel.axis is NEAR and line.label == label
                for x, word in zip(line.xs, line.words, strict=True)
                if word
            } == {(x, "−inf") for x in xs_of("log1mexp", NEAR, label) if -steps / 2 < x < 0}
    assert ("up to x = −" in found.finding) == near
    assert ("down to x = −" in found.finding) == (not near)


def xs_of(name, axis, label):
    [batch] = [batch for batch in labs.sweeps()[name]() if batch.label == label]
    [leg] = [leg for leg in batch.legs if leg.axis is axis]
    return leg.xs


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("logsumexp", lambda z: np.log(np.exp(z).sum(axis=-1))),
        ("logmeanexp", lambda z: np.log(np.exp(z).mean(axis=-1))),
    ],
)
def test_the_plain_log_sum_exp_is_infinite_beyond_the_limit_of_exp(name, function):
    found = curve(name, function)
    size, offset = logits_axes()
    # exp overflows at 709.8 in float64 and at 88.7 in float32.
    assert first_break(found, size, "float64") == (720, "inf")
    assert first_break(found, size, "float32") == (90, "inf")
    assert first_break(found, offset, "float64") == (1000, "inf")
    assert first_break(found, offset, "float32") == (100, "inf")
    assert found.finding.endswith("up to logits of 700, then inf.")


def textbook(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def through_lse(z):
    top = z.max(axis=-1, keepdims=True)
    return np.exp(z - (top + np.log(np.exp(z - top).sum(axis=-1, keepdims=True))))


def minus_smoothed(softmax):
    return lambda z, labels, alpha: minus_onehot(softmax(z), labels, alpha)


GRADIENTS = {
    "cross_entropy_grad": lambda softmax: lambda z, labels: minus_onehot(softmax(z), labels),
    "smoothed_cross_entropy_grad": minus_smoothed,
    "log_softmax_jvp": lambda softmax: lambda z, v: v - (softmax(z) * v).sum(1, keepdims=True),
    "log_softmax_vjp": lambda softmax: lambda z, g: g - softmax(z) * g.sum(1, keepdims=True),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_with_the_textbook_softmax_is_nan_beyond_the_limit_of_exp(name):
    found = curve(name, GRADIENTS[name](textbook))
    size, offset = logits_axes()
    assert first_break(found, size, "float64") == (720, "NaN")
    assert first_break(found, size, "float32") == (90, "NaN")
    assert first_break(found, offset, "float64") == (1000, "NaN")
    assert first_break(found, offset, "float32") == (100, "NaN")


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_with_exp_of_z_minus_lse_loses_digits_with_the_offset(name):
    found = curve(name, GRADIENTS[name](through_lse))
    size, offset = logits_axes()
    assert first_break(found, size, "float64") == (None, "")
    at, word = first_break(found, offset, "float64")
    # The rounding of LSE, half an ulp of the offset, is a relative error of the probability: 1e-14
    # absolute, or 80 times that after the mean over 80 rows, is 1e-16 of 100 to 10 000.
    assert 100 < at < 1e6
    assert word == ""
    assert "an offset of" in found.finding


@pytest.mark.parametrize("name", ["cross_entropy_grad", "smoothed_cross_entropy_grad"])
@pytest.mark.parametrize("mistake", ["no mean over the batch", "all labels in every row"])
def test_a_gradient_of_another_batch_is_wrong_from_the_first_point_on(name, mistake):
    def function(z, labels, alpha=0.0):
        if mistake == "no mean over the batch":
            return minus_onehot(softmax(z), labels, alpha) * len(z)
        p = softmax(z) - alpha / z.shape[1]
        p[:, labels] -= 1 - alpha
        return p / len(z)

    found = curve(name, function)
    assert "off from logits of 0.001 on" in found.finding


# ------------------------------------------------------------------------- cost, shape, drawing


class Counting(NamespaceCaller):
    """Counts the calls that cross the wall."""

    def __init__(self, namespace):
        super().__init__(namespace)
        self.calls = 0

    def call(self, name, args, kwargs):
        self.calls += 1
        return super().call(name, args, kwargs)


@pytest.mark.parametrize("name", sorted(labs.sweeps()))
def test_a_sweep_costs_at_most_two_calls(name, solved):
    caller = Counting(solved)
    measure(Lab(caller), name)
    assert 1 <= caller.calls <= 2


@pytest.mark.parametrize("name", ["nll", "logsumexp", "cross_entropy_grad"])
@pytest.mark.parametrize("shape", ["a column too many", "a row too few", "one number"])
def test_an_answer_of_another_shape_gives_no_curve(name, shape, solved):
    def strange(*arguments):
        right = solved[name](*arguments)
        if shape == "a column too many":
            return right[..., None]
        return right[:-1] if shape == "a row too few" else right.sum()

    assert curve(name, strange) is None


def test_infinities_are_named_with_their_sign_and_nan_comes_first():
    def mixed(p):
        out = -np.log(np.maximum(p, p.dtype.type(1e-30)))
        out[p == 0] = -np.inf
        out[p == 0.5] = np.nan
        return out

    line = curve("nll", mixed).panels[0].lines[0]
    assert line.words[line.xs.index(0.5)] == "NaN"
    assert line.words[line.xs.index(0.0)] == "−inf"


@pytest.mark.parametrize(
    ("name", "function"), [("log1mexp", lambda x: x), ("log_softmax", lambda z: z)]
)
def test_a_finite_answer_that_is_very_far_off_is_no_infinity_and_can_be_drawn(name, function):
    found = curve(name, function)
    words = {w for panel in found.panels for line in panel.lines for w in line.words}
    assert words <= {"", "not −inf"}
    assert ("not −inf" in words) == (name == "log1mexp")  # where x is 0
    assert max(line.worst for panel in found.panels for line in panel.lines) == 1e300
    ElementTree.fromstring(error_plot.figure(found))


@pytest.mark.parametrize("name", sorted(labs.sweeps()))
def test_every_tick_stands_on_its_axis_and_apart_from_the_next(name):
    for axis in {leg.axis for batch in labs.sweeps()[name]() for leg in batch.legs}:
        places = [axis.place(tick) for tick in axis.ticks]
        assert places == sorted(places)
        assert min(np.diff(places)) > 0.08


def test_a_falling_axis_reads_downwards_and_a_rising_one_upwards():
    for word in (True, False):
        falling = [_onward(axis.rises, word) for axis in (PROBABILITY, COMPLEMENT, FAR)]
        assert [" down to {point}" in text for text in falling] == [True] * 3
        rising = [_onward(axis.rises, word) for axis in (NEAR, *logits_axes())]
        assert [" up to {point}" in text for text in rising] == [True] * 3


def test_a_value_beyond_the_axis_has_no_place():
    axis = Axis("x", "x =", ((1.0, 0.0), (1e-8, 0.5), (0.0, 1.0)), ())
    places = [axis.place(x) for x in (1.0, 1e-4, 1e-8, 5e-9, 0.0)]
    assert places == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    for beyond in (2.0, -1e-9):
        with pytest.raises(ValueError, match="axis x"):
            axis.place(beyond)


def test_every_curve_is_drawn_with_its_axis_and_unit(solved):
    for name in labs.sweeps():
        html = error_plot.figure(measure(Lab(NamespaceCaller(solved)), name))
        ElementTree.fromstring(html)
        for leg in labs.sweeps()[name]()[0].legs:
            assert f">{leg.axis.name}</text>" in html
    assert PROBABILITY.name == "probability p"
    assert NEAR.name == "x next to 0, nats"
