"""The scenes of notebook 05 against mpmath and SciPy, without a browser."""

from functools import partial

import mpmath
import numpy as np
import pytest
import scipy.special

from lnnn import explore
from lnnn.explore import contours, figure
from lnnn.explore.cross_entropy import (
    confidently_wrong_scene,
    loss_surface_scene,
    p_minus_onehot_scene,
)
from lnnn.explore.scene import Status


def one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


def cross_entropy(logits, labels):
    log_p = scipy.special.log_softmax(logits, axis=1)
    return -log_p[np.arange(len(labels)), labels].mean()


def cross_entropy_grad(logits, labels):
    return (scipy.special.softmax(logits, axis=1) - one_hot(logits, labels)) / len(labels)


def squared_error(logits, labels):
    p = scipy.special.softmax(logits, axis=1)
    return ((p - one_hot(logits, labels)) ** 2).sum() / 2 / len(labels)


def squared_error_grad(logits, labels):
    p = scipy.special.softmax(logits, axis=1)
    dp = p - one_hot(logits, labels)
    return p * (dp - (p * dp).sum(axis=1, keepdims=True)) / len(labels)


def log_eps_grad(logits, labels, eps=1e-8):
    p = scipy.special.softmax(logits, axis=1)
    p_y = (p * one_hot(logits, labels)).sum(axis=1, keepdims=True)
    return p_y / (p_y + eps) * cross_entropy_grad(logits, labels)


THREE = (cross_entropy_grad, squared_error_grad, log_eps_grad)
PAIRS = ((cross_entropy, cross_entropy_grad), (squared_error, squared_error_grad))


def values(*logits, temperature=1.0, **others):
    named = {f"logit_{k}": float(v) for k, v in enumerate(logits, start=1)}
    return {**named, "temperature": temperature, **others}


def readout(scene, label):
    (text,) = [r.text for r in scene.readouts if r.label.startswith(label)]
    return text


def exact_loss(z, k, T=1):
    """−ln softmax(z / T)_k at 40 digits, straight from the definition."""
    scaled = [mpmath.mpf(v) / T for v in z]
    return mpmath.log(mpmath.fsum(map(mpmath.exp, scaled))) - scaled[k]


def _loss_of(k, T, *z):
    return exact_loss(z, k, T)


# The bars.


@pytest.mark.parametrize("temperature", [0.25, 1.0, 8.0])
@pytest.mark.parametrize("true_class", ["1", "2", "3"])
def test_the_bars_are_the_derivatives_of_the_loss_in_z_over_t_and_in_z(temperature, true_class):
    z, k = (-2.0, 1.0, 0.5), int(true_class) - 1
    scene = p_minus_onehot_scene(
        cross_entropy_grad, values(*z, temperature=temperature, true_class=true_class)
    )
    with mpmath.workdps(40):
        once = [tuple(int(i == j) for i in range(3)) for j in range(3)]
        loss = partial(_loss_of, k, temperature)
        slopes = [float(mpmath.diff(loss, z, order)) for order in once]
    in_scaled, in_z = scene.panels[1].bar_list, scene.panels[2].bar_list
    assert [bar.value for bar in in_z] == pytest.approx(slopes, rel=1e-12)
    assert [bar.value for bar in in_scaled] == pytest.approx(np.multiply(slopes, temperature))
    assert [bar.exact for bar in in_scaled] == pytest.approx(np.multiply(slopes, temperature))
    assert in_z[k].row == f"class {k + 1} (true)"


def test_probabilities_and_the_slope_in_t_are_those_of_mpmath():
    z = (-2.0, 1.0, 0.0)
    scene = p_minus_onehot_scene(cross_entropy_grad, values(*z, temperature=2.0, true_class="1"))
    p = scipy.special.softmax(np.array(z) / 2)
    assert [bar.value for bar in scene.panels[0].bar_list] == pytest.approx(p, rel=1e-14)
    with mpmath.workdps(40):
        slope = float(mpmath.diff(lambda T: exact_loss(z, 0, T), 2))
    assert readout(scene, "slope of the loss in T") == f"−{-slope:.4g} nats"
    assert readout(scene, "sum of the gradient") == "0"


def test_the_more_wrong_the_nearer_the_gradient_to_minus_one_and_not_beyond():
    finding = p_minus_onehot_scene(cross_entropy_grad, values(-20, 1, 0, true_class="1")).finding
    assert finding == (
        "A loss of 21.3 nats and a gradient of −1 in the true logit: the model is wrong, and the "
        "pull is as strong as it gets"
    )


def test_a_right_model_has_nothing_to_correct():
    scene = p_minus_onehot_scene(cross_entropy_grad, values(20, 1, 0, true_class="1"))
    assert scene.finding.endswith("the model is right, and there is nothing to correct")


def test_at_the_lowest_temperature_the_gradient_in_z_is_twenty_times_that_in_z_over_t():
    scene = p_minus_onehot_scene(
        cross_entropy_grad, values(-2, 1, 0, temperature=0.05, true_class="1")
    )
    scaled, plain = (panel.bar_list[0].value for panel in scene.panels[1:])
    assert (scaled, plain) == pytest.approx((-1, -20))
    assert (scene.panels[2].x.low, scene.panels[2].x.high) == (-20, 20)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda z, y: one_hot(z, y) - scipy.special.softmax(z, axis=1),  # the sign
        lambda z, y: scipy.special.softmax(z, axis=1),  # no one-hot
        squared_error_grad,
    ],
)
def test_another_gradient_is_told_from_that_of_the_cross_entropy(wrong):
    scene = p_minus_onehot_scene(wrong, values(-2, 1, 0, true_class="1"), names=["mine"])
    assert scene.finding.startswith("mine gives ")
    assert scene.finding.endswith("this is not the gradient of the cross-entropy")


def test_an_unfused_gradient_that_breaks_is_named_and_marked():
    def unfused(z, y):
        p = np.exp(z) / np.exp(z).sum()
        dp = -one_hot(z, y) / p
        return p * (dp - (p * dp).sum())

    scene = p_minus_onehot_scene(
        unfused, values(-20, 20, 0, temperature=0.05, true_class="1"), names=["unfused"]
    )
    assert scene.finding.startswith("unfused gives NaN for class 1")
    assert scene.panels[1].to_dict()["bars"][0]["status"] == str(Status.NAN)
    figure.png(scene)


# What goes wrong with a function under study.


def returns_none(z, y):
    pass


def forgets_the_batch(z, y):
    return scipy.special.softmax(z[0])


def not_written_yet(z, y):
    raise NotImplementedError("cross_entropy_grad: write your answer here")


BROKEN = [
    (returns_none, "returned None"),
    (forgets_the_batch, "shape (3,). Expected: an array of 3 floats, shape (1, 3)"),
    (not_written_yet, "raised NotImplementedError: cross_entropy_grad: write your answer here"),
    (lambda z: z, "raised TypeError"),
    (lambda z, y: z + 1j, "complex numbers"),
]


@pytest.mark.parametrize(("function", "says"), BROKEN)
def test_a_broken_gradient_shows_its_own_error(function, says):
    scenes = (
        p_minus_onehot_scene(function, values(-2, 1, 0, true_class="1"), names=["mine"]),
        confidently_wrong_scene(
            (cross_entropy_grad, function), values(-2, 1, 0, epsilon=1e-8), names=("good", "mine")
        ),
        loss_surface_scene(((cross_entropy, function),), values(-2, 1, 0, true_class="1")),
    )
    for scene in scenes:
        assert scene.panels[0].kind == "message"
        assert says in scene.panels[0].error
        figure.png(scene)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (returns_none, "returned None. Expected: one number"),
        (lambda z, y: z, "an array of float64, shape (1, 3)"),
        (lambda z, y: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_broken_loss_shows_its_own_error(loss, says):
    scene = loss_surface_scene(((loss, cross_entropy_grad),), values(-2, 1, 0, true_class="1"))
    assert says in scene.panels[0].error


def test_a_function_that_changes_its_arguments_cannot_spoil_the_next():
    def greedy(z, y):
        z -= z.max()
        y[:] = 0
        return cross_entropy_grad(z, y)

    alone = confidently_wrong_scene(THREE[:1], values(-2, 1, 0, epsilon=1e-8), names=["b"])
    both = confidently_wrong_scene(
        (greedy, THREE[0]), values(-2, 1, 0, epsilon=1e-8), names=["a", "b"]
    )
    assert both.panels[1].bar_list[1] == alone.panels[1].bar_list[0]
    scene = p_minus_onehot_scene(greedy, values(-2, 1, 0, true_class="1"))
    assert "changed its argument" in scene.panels[1].note


# Three losses.


def curve(scene, k):
    line = scene.panels[0].line_list[k]
    return np.asarray(line.x), np.asarray(line.y)


def test_the_curve_of_cross_entropy_is_p_minus_one_over_the_whole_range():
    gaps, slopes = curve(confidently_wrong_scene(THREE, values(0, 0, -40, epsilon=1e-8)), 0)
    # Two classes count: p − 1 = −σ(gap), the third is 40 nats down.
    assert slopes == pytest.approx(-scipy.special.expit(gaps), rel=1e-12)
    assert (gaps[0], gaps[-1]) == (-10, 60)


def test_squared_error_and_epsilon_fall_silent_and_cross_entropy_does_not():
    scene = confidently_wrong_scene(THREE, values(-12, 13, 0, epsilon=1e-8))
    sure, squared, epsilon = (bar.value for bar in scene.panels[1].bar_list)
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
    small = confidently_wrong_scene([log_eps_grad], values(-12, 13, 0, epsilon=1e-20))
    large = confidently_wrong_scene([log_eps_grad], values(-12, 13, 0, epsilon=0.1))
    assert small.panels[1].bar_list[0].value == pytest.approx(-1, abs=1e-8)
    assert abs(large.panels[1].bar_list[0].value) < 1e-9


@pytest.mark.parametrize("epsilon", [1e-12, 1e-8, 1e-3])
def test_the_shaded_stretch_begins_where_p_falls_below_epsilon(epsilon):
    scene = confidently_wrong_scene(THREE, values(-2, 1, 0.5, temperature=2.0, epsilon=epsilon))
    (band,) = scene.panels[0].bands
    row = np.array([1 / 2 - band.low, 1 / 2, 0.5 / 2])
    assert scipy.special.softmax(row)[0] == pytest.approx(epsilon, rel=1e-9)


def test_a_high_temperature_brings_the_squared_error_back():
    cold, warm = (
        confidently_wrong_scene(THREE, values(-12, 13, 0, temperature=T, epsilon=1e-8))
        for T in (1.0, 10.0)
    )
    assert abs(cold.panels[1].bar_list[1].value) < 1e-10
    assert warm.panels[1].bar_list[1].value < -0.05


def test_the_axis_of_gaps_reaches_as_far_as_the_logits_do():
    scene = confidently_wrong_scene(THREE, values(-20, 20, 0, temperature=0.05, epsilon=1e-8))
    assert scene.panels[0].x.high == 800
    assert scene.panels[0].marks[0].x == 800


# Surfaces.


def test_every_point_of_a_contour_has_the_height_that_its_name_says():
    scene = loss_surface_scene(PAIRS, values(-10, 6, -4, true_class="1"))
    for panel, (loss, _), off in zip(scene.panels, PAIRS, (0.2, 0.06), strict=True):
        contours = [line for line in panel.line_list if line.name != "downhill"]
        assert 3 <= len(contours) <= 5
        for line in contours:
            height = float(line.name.removeprefix("loss "))
            points = np.array([line.x, line.y]).T
            for x, y in points[np.isfinite(points).all(axis=1)]:
                here = loss(np.array([[x, y, -4.0]]), np.array([0]))
                assert here == pytest.approx(height, abs=off)  # linear between grid points


def test_far_out_the_contours_of_cross_entropy_are_evenly_spaced():
    scene = loss_surface_scene(PAIRS[:1], values(-10, 6, -8, true_class="1"))
    crossings = []
    for line in scene.panels[0].line_list[2:]:  # 8, 12, 16 nats: far from the optimum
        x, y = np.asarray(line.x), np.asarray(line.y)
        order = np.argsort(y[np.isfinite(y)])
        crossings.append(np.interp(7.0, y[np.isfinite(y)][order], x[np.isfinite(x)][order]))
    assert np.diff(crossings) == pytest.approx(-4.0, abs=0.05)


def test_the_arrow_goes_downhill_five_units_for_a_slope_of_one():
    scene = loss_surface_scene(PAIRS, values(-10, 6, -4, true_class="1"))
    arrow = scene.panels[0].line_list[0]
    assert arrow.name == "downhill"
    assert (arrow.x[0], arrow.y[0]) == (-10, 6)
    assert (arrow.x[1], arrow.y[1]) == pytest.approx((-5, 1), abs=1e-3)


def test_on_the_plateau_of_the_squared_error_there_is_no_arrow():
    scene = loss_surface_scene(PAIRS, values(-10, 6, -4, true_class="1"))
    assert np.isnan(scene.panels[1].line_list[0].x).all()
    assert scene.finding == (
        "From here downhill, for one unit of z/T: cross_entropy by 1.41, squared_error by 4.56e−5"
    )


def test_half_the_temperature_doubles_the_heights():
    def highest(T):
        scene = loss_surface_scene(PAIRS[:1], values(-10, 6, -4, temperature=T, true_class="1"))
        return float(scene.panels[0].line_list[-1].name.removeprefix("loss "))

    assert highest(0.5) == 2 * highest(1.0)


def test_a_loss_without_heights_leaves_the_panel_empty_but_drawn():
    for flat in (lambda z, y: 0.0, lambda z, y: np.nan, lambda z, y: np.inf):
        scene = loss_surface_scene(
            ((flat, cross_entropy_grad),), values(-2, 1, 0, true_class="1"), names=["flat"]
        )
        assert [line.name for line in scene.panels[0].line_list] == ["downhill"]
        figure.png(scene)


def test_a_loss_that_is_infinite_in_places_still_has_its_contours():
    def naive(z, y):
        p = np.exp(z) / np.exp(z).sum()
        return -np.log(p[0, y[0]])

    scene = loss_surface_scene(
        ((naive, cross_entropy_grad),), values(-10, 6, -4, temperature=0.015, true_class="1")
    )
    assert len(scene.panels[0].line_list) > 1
    figure.png(scene)


def test_thinning_a_contour_leaves_it_where_it_is():
    x = np.linspace(-14, 14, 29)
    heights = np.hypot(*np.meshgrid(x, x))
    (circle,) = contours.lines_at(x, x, heights, 9)
    thin = contours.thinned(circle, 0.02)
    assert len(thin) <= len(circle)
    assert np.hypot(*thin.T) == pytest.approx(9, abs=0.1)
    straight = np.array([[0.0, 0], [1, 1], [2, 2], [3, 3], [3, 4]])
    assert contours.thinned(straight, 0.02).tolist() == [[0, 0], [3, 3], [3, 4]]


# The explorables.


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (
            lambda: explore.p_minus_onehot(cross_entropy_grad, logits=(3, 2, 1, 0), true_class=4),
            ["logit_1", "logit_2", "logit_3", "logit_4", "temperature", "true_class"],
        ),
        (
            lambda: explore.confidently_wrong(*THREE),
            ["logit_1", "logit_2", "logit_3", "temperature", "epsilon"],
        ),
        (
            lambda: explore.loss_surface(*PAIRS),
            ["logit_1", "logit_2", "logit_3", "temperature", "true_class"],
        ),
    ],
    ids=["p_minus_onehot", "confidently_wrong", "loss_surface"],
)
def test_each_explorable_has_its_sliders(make, names):
    widget = make()
    assert list(widget.values) == names
    assert widget.scene.panels[0].kind != "message"


def test_the_starting_values_make_the_point():
    assert "log_eps_grad −0.00139" in explore.confidently_wrong(*THREE).scene.finding
    assert "squared_error by 4.56e−5" in explore.loss_surface(*PAIRS).scene.finding
    assert "−0.965" in explore.p_minus_onehot(cross_entropy_grad).scene.finding


@pytest.mark.parametrize(
    "make",
    [
        lambda: explore.p_minus_onehot(0.5),
        lambda: explore.confidently_wrong(cross_entropy_grad, 1),
        lambda: explore.loss_surface((cross_entropy, 3.0)),
    ],
)
def test_a_number_in_place_of_a_function_is_refused(make):
    with pytest.raises(TypeError, match="pass it without calling it"):
        make()


@pytest.mark.parametrize("pairs", [(), (cross_entropy, cross_entropy_grad), ((cross_entropy,),)])
def test_a_surface_wants_pairs(pairs):
    with pytest.raises(TypeError, match="give pairs of a loss and its gradient"):
        explore.loss_surface(*pairs)


def test_no_gradient_at_all_is_refused():
    with pytest.raises(ValueError, match="give at least one function"):
        explore.confidently_wrong()


def test_snippets_recreate_the_values():
    scope = {"np": np}
    v = values(-2, 1.5, 0, temperature=3.0, true_class="2")
    exec(p_minus_onehot_scene(cross_entropy_grad, v).snippet, scope)
    assert (scope["z"].tolist(), scope["temperature"], scope["label"]) == ([-2, 1.5, 0], 3, 1)
    exec(confidently_wrong_scene(THREE, values(1, 2, epsilon=1e-5)).snippet, scope)
    assert (scope["z"].tolist(), scope["eps"]) == ([1, 2], 1e-5)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("logits", [(-20, 20, 0), (20, -20, -20), (0, 0, 0)])
def test_every_scene_can_be_drawn_at_the_ends_of_its_sliders(logits, temperature):
    near = np.clip(logits, -8, 8)
    scenes = [
        p_minus_onehot_scene(
            cross_entropy_grad, values(*logits, temperature=temperature, true_class="3")
        ),
        *(
            confidently_wrong_scene(
                THREE, values(*logits, temperature=temperature, epsilon=epsilon)
            )
            for epsilon in (1e-20, 0.1)
        ),
        loss_surface_scene(PAIRS, values(*near, temperature=temperature, true_class="2")),
    ]
    for scene in scenes:
        png, _ = figure.png(scene)
        assert len(png) > 1000
        assert scene.finding in scene.in_words()


def test_functions_may_warn_without_a_sound(recwarn):
    def loud(z, y):
        return np.log(np.zeros(3))[None] * 0 + cross_entropy_grad(z, y)

    confidently_wrong_scene([loud], values(-2, 1, 0, epsilon=1e-8))
    assert len(recwarn) == 0
