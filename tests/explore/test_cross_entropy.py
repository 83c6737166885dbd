"""The scenes of notebook 05 against mpmath and SciPy, without a browser."""

from functools import partial

import examples as ex
import mpmath
import numpy as np
import pytest
import truth
from examples import lab, shown
from reading import exacts, findings, line, matches, text, values
from scipy.special import expit, softmax

from lnnn import explore
from lnnn.explore import figure
from lnnn.explore.cross_entropy import loss_surface_scene
from lnnn.explore.status import Status

PAIRS = ex.EXAMPLES["loss_surface"].functions
bars = partial(shown, "p_minus_onehot")
wrong = partial(shown, "confidently_wrong")
surface = partial(shown, "loss_surface")


# The bars.


@pytest.mark.parametrize("temperature", [0.25, 1.0, 8.0])
@pytest.mark.parametrize("true_class", [1, 2, 3])
def test_the_bars_are_the_derivatives_of_the_loss_in_z_over_t_and_in_z(temperature, true_class):
    z, k = (-2.0, 1.0, 0.5), true_class - 1
    scene = bars(logits=z, temperature=temperature, true_class=true_class)
    with mpmath.workdps(40):
        once = np.eye(3, dtype=int).tolist()
        slopes = [
            float(mpmath.diff(lambda *v: -truth.log_softmax(v, temperature)[k], z, tuple(order)))
            for order in once
        ]
    _, in_scaled, in_z = scene.panels
    assert values(in_z) == pytest.approx(slopes, rel=1e-12)
    assert values(in_scaled) == pytest.approx(np.multiply(slopes, temperature))
    assert exacts(in_scaled) == pytest.approx(np.multiply(slopes, temperature))
    assert in_z.bar_list[k].row == f"class {k + 1} (true)"


def test_probabilities_and_the_slope_in_t_are_those_of_mpmath():
    z = (-2.0, 1.0, 0.0)
    scene = bars(logits=z, temperature=2.0)
    p = softmax(np.array(z) / 2)
    assert values(scene.panels[0]) == pytest.approx(p, rel=1e-14)
    with mpmath.workdps(40):
        slope = float(mpmath.diff(lambda T: -truth.log_softmax(z, T)[0], 2))
    assert text(scene, "slope of the loss in T") == f"−{-slope:.4g} nats"
    assert text(scene, "sum of the gradient") == "0"


def test_at_the_lowest_temperature_the_gradient_in_z_is_twenty_times_that_in_z_over_t():
    scene = bars(temperature=0.05)
    scaled, plain = (panel.bar_list[0].value for panel in scene.panels[1:])
    assert (scaled, plain) == pytest.approx((-1, -20))
    assert (scene.panels[2].x.low, scene.panels[2].x.high) == (-20, 20)


@findings(
    (
        lambda: bars(logits=(-20, 1, 0)),
        "A loss of 21.3 nats and a gradient of −1 in the true logit: the model is wrong, and the "
        "pull is as strong as it gets",
    ),
    (lambda: bars(logits=(20, 1, 0)), "…the model is right, and there is nothing to correct"),
    (bars, "…−0.965…"),
)
def test_what_is_found(scene, finding):
    assert matches(scene().finding, finding)


@pytest.mark.parametrize(
    "gradient",
    [
        lambda z, y: ex.one_hot(z, y) - softmax(z, axis=1),  # the sign
        lambda z, y: softmax(z, axis=1),  # no one-hot
        ex.squared_error_grad,
    ],
)
def test_another_gradient_is_told_from_that_of_the_cross_entropy(gradient):
    told = "mine gives …this is not the gradient of the cross-entropy"
    assert matches(bars(gradient, name="mine").finding, told)


def test_an_unfused_gradient_that_breaks_is_named_and_marked():
    scene = bars(ex.unfused, logits=(-20, 20, 0), temperature=0.05)
    assert scene.finding.startswith("unfused gives NaN for class 1")
    assert scene.panels[1].to_dict()["bars"][0]["status"] == str(Status.NAN)
    figure.png(scene)


def test_a_changed_argument_is_noted():
    def greedy(z, y):
        z -= z.max()
        return lab.cross_entropy_grad(z, y)

    assert "changed its argument" in bars(greedy).panels[1].note


# Three losses.


def here(*gradients, **options):
    """The bars of the slopes at the sliders."""
    return values(wrong(*gradients, **options).panels[1])


def test_the_curve_of_cross_entropy_is_p_minus_one_over_the_whole_range():
    gaps, slopes = line(wrong(logits=(0, 0, -40)).panels[0], "cross_entropy_grad")
    # Two classes count: p − 1 = −σ(gap), the third is 40 nats down.
    assert slopes == pytest.approx(-expit(gaps), rel=1e-12)
    assert (gaps[0], gaps[-1]) == (-10, 60)


def test_squared_error_and_epsilon_fall_silent_and_cross_entropy_does_not():
    scene = wrong()
    sure, squared, epsilon = values(scene.panels[1])
    p = mpmath.exp(-25) / (1 + mpmath.exp(-25) + mpmath.exp(-13))
    assert sure == pytest.approx(float(p - 1), rel=1e-14)
    others = (1 / (1 + mpmath.exp(-13))) ** 2
    assert squared == pytest.approx(float(p * (2 * p - 1 - others)), rel=1e-4)
    assert epsilon == pytest.approx(float(-p * (1 - p) / (p + 1e-8)), rel=1e-12)
    assert scene.finding == (
        "25 nats behind, the true logit is told: cross_entropy_grad −1, "
        "squared_error_grad −2.78e−11, log_eps_grad −0.00139"
    )


def test_a_gradient_with_a_parameter_eps_gets_the_slider_of_that_name():
    (small,), (large,) = (here(ex.log_eps_grad, epsilon=eps) for eps in (1e-20, 0.1))
    assert small == pytest.approx(-1, abs=1e-8)
    assert abs(large) < 1e-9


@pytest.mark.parametrize("epsilon", [1e-12, 1e-8, 1e-3])
def test_the_shaded_stretch_begins_where_p_falls_below_epsilon(epsilon):
    (band,) = wrong(logits=(-2, 1, 0.5), temperature=2.0, epsilon=epsilon).panels[0].bands
    row = np.array([1 / 2 - band.low, 1 / 2, 0.5 / 2])
    assert softmax(row)[0] == pytest.approx(epsilon, rel=1e-9)


def test_a_high_temperature_brings_the_squared_error_back():
    cold, warm = (here(temperature=T)[1] for T in (1.0, 10.0))
    assert abs(cold) < 1e-10
    assert warm < -0.05


def test_the_axis_of_gaps_reaches_as_far_as_the_logits_do():
    panel = wrong(logits=(-20, 20, 0), temperature=0.05).panels[0]
    assert panel.x.high == panel.marks[0].x == 800


# Surfaces.


def test_every_point_of_a_contour_has_the_height_that_its_name_says():
    for panel, (loss, _), off in zip(surface().panels, PAIRS, (0.2, 0.06), strict=True):
        contours = [line for line in panel.line_list if line.name != "downhill"]
        assert 3 <= len(contours) <= 5
        for contour in contours:
            height = float(contour.name.removeprefix("loss "))
            points = np.array([contour.x, contour.y]).T
            for x, y in points[np.isfinite(points).all(axis=1)]:
                here = loss(np.array([[x, y, -4.0]]), np.array([0]))
                assert here == pytest.approx(height, abs=off)  # linear between grid points


def test_far_out_the_contours_of_cross_entropy_are_evenly_spaced():
    crossings = []
    lines = surface(PAIRS[0], logits=(-10, 6, -8)).panels[0].line_list
    for contour in lines[2:]:  # 8, 12, 16 nats: far from the optimum
        x, y = np.asarray(contour.x), np.asarray(contour.y)
        order = np.argsort(y[np.isfinite(y)])
        crossings.append(np.interp(7.0, y[np.isfinite(y)][order], x[np.isfinite(x)][order]))
    assert np.diff(crossings) == pytest.approx(-4.0, abs=0.05)


def test_the_arrow_goes_downhill_five_units_for_a_slope_of_one():
    arrow = surface().panels[0].line_list[0]
    assert arrow.name == "downhill"
    assert (arrow.x[0], arrow.y[0]) == (-10, 6)
    assert (arrow.x[1], arrow.y[1]) == pytest.approx((-5, 1), abs=1e-3)


def test_on_the_plateau_of_the_squared_error_there_is_no_arrow():
    scene = surface()
    assert np.isnan(scene.panels[1].line_list[0].x).all()
    assert scene.finding == (
        "From here downhill, for one unit of z/T: cross_entropy by 1.41, squared_error by 4.56e−5"
    )


def test_half_the_temperature_doubles_the_heights():
    def highest(T):
        lines = surface(PAIRS[0], temperature=T).panels[0].line_list
        return float(lines[-1].name.removeprefix("loss "))

    assert highest(0.5) == 2 * highest(1.0)


@pytest.mark.parametrize("height", [0.0, np.nan, np.inf])
def test_a_loss_without_heights_leaves_the_panel_empty_but_drawn(height):
    scene = surface((lambda z, y: height, lab.cross_entropy_grad))
    assert [line.name for line in scene.panels[0].line_list] == ["downhill"]
    figure.png(scene)


def test_a_loss_that_is_infinite_in_places_still_has_its_contours():
    at = {"logit_1": -10.0, "logit_2": 6.0, "logit_3": -4.0, "true_class": "1"}
    pairs = ((ex.naive_loss, lab.cross_entropy_grad),)
    scene = loss_surface_scene(pairs, {**at, "temperature": 0.015})
    assert len(scene.panels[0].line_list) > 1
    figure.png(scene)


# The explorables.


def test_there_may_be_any_number_of_classes():
    widget = explore.p_minus_onehot(lab.cross_entropy_grad, logits=(3, 2, 1, 0), true_class=4)
    assert list(widget.values)[3:] == ["logit_4", "temperature", "true_class"]
