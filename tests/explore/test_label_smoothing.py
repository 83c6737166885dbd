"""The scenes of notebook 06 against mpmath and counted by hand, without a browser."""

import itertools
import math

import examples as ex
import mpmath
import numpy as np
import pytest
from examples import lab, made, shown
from reading import findings, mark, matches, number, readout, text, values
from scipy import special

from lnnn import exact, explore
from lnnn.explore.status import Status


def smoothing(
    *, target=lab.smooth_labels, loss=lab.smoothed_cross_entropy, floor=None, gap=None, **options
):
    return shown("smoothing", target, loss, floor, gap, **options)


# The smoothed target and its loss.


@pytest.mark.parametrize("classes", ["3", "10", "1000"])
@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("logits", [(8.0, 0.0, 0.0), (-3.0, 5.0, 1.0)])
def test_loss_and_bars_are_those_of_50_digits(classes, alpha, logits):
    scene = smoothing(logits=logits, temperature=2.0, alpha=alpha, classes=classes)
    row = [logits[0], logits[1], *[logits[2]] * (int(classes) - 2)]
    log_p = exact.log_softmax(row, temperature=2.0)
    q = np.full(len(row), alpha / len(row))
    q[0] += 1 - alpha
    truth = -sum(mpmath.mpf(a) * b for a, b in zip(q, log_p, strict=True))
    assert number(scene, "loss") == pytest.approx(float(truth), rel=1e-3)
    model = exact.to_float(exact.exp(log_p[:3]))
    assert values(scene.panels[1], "model p") == pytest.approx(model, rel=1e-12)
    assert values(scene.panels[1], "target q") == pytest.approx(q[:3])


def test_the_lowest_point_is_marked_at_the_gap_and_the_entropy_that_mpmath_finds():
    scene = smoothing()
    lowest = mark(scene.panels[0], label="lowest")
    q, other = mpmath.mpf("0.91"), mpmath.mpf("0.01")
    assert lowest.x == pytest.approx(float(mpmath.log(q / other)), rel=1e-12)
    entropy = -q * mpmath.log(q) - 9 * other * mpmath.log(other)
    assert lowest.y == pytest.approx(float(entropy), rel=1e-12)
    assert text(scene, "entropy of the target") == "0.5003 nats"


@pytest.mark.parametrize("rival", [-4.0, 0.0, 3.0])
def test_the_curve_has_its_minimum_at_the_mark_whatever_class_2_does(rival):
    panel = smoothing(logits=(15.0, rival, 0.0)).panels[0]
    curve = panel.line_list[0]
    lowest = mark(panel, label="lowest")
    step = curve.x[1] - curve.x[0]
    assert abs(curve.x[np.argmin(curve.y)] - lowest.x) <= step
    assert lowest.y <= min(curve.y) + 1e-12


def test_a_hard_label_has_no_lowest_point():
    scene = smoothing(alpha=0.0)
    assert scene.finding.endswith("with a hard label a larger gap is always cheaper")
    assert [m.label for m in scene.panels[0].marks] == ["model"]
    assert np.all(np.diff(scene.panels[0].line_list[0].y) < 0)


def test_a_masked_class_with_a_share_of_the_target_costs_infinity():
    scene = smoothing(class_2="masked")
    assert "the target gives it 0.01: the loss is infinite" in scene.finding
    assert readout(scene, "loss").status is Status.OVERFLOW
    (mark,) = scene.panels[0].marks
    assert (mark.label, mark.status) == ("model: inf", Status.OVERFLOW)
    assert "logits[0, :2] = 8.0, -np.inf" in scene.snippet


def test_with_a_hard_label_a_masked_class_costs_nothing_unless_zero_meets_infinity():
    assert "The loss is 0.0027 nats" in smoothing(class_2="masked", alpha=0.0).finding
    scene = smoothing(loss=ex.product_loss, class_2="masked", alpha=0.0)
    assert scene.finding == (
        "product_loss is NaN and should be 0.00268 nats: 0 times −inf is no number"
    )
    assert readout(scene, "loss").status is Status.NAN


def over_wrong_loss(logits, labels, alpha):
    q = ex.over_wrong(labels, logits.shape[1], alpha)
    return -(q * special.log_softmax(logits, axis=1)).sum()


@findings(
    (
        smoothing,
        "Surer than asked (0.997, not 0.91), it pays 0.723 nats; the lowest is 0.5003 at a gap of "
        "4.51",
    ),
    (
        lambda: smoothing(logits=(4.5, 0, 0)),
        "The model says what the target says and pays 0.5003 nats; the lowest is 0.5003",
    ),
    (
        lambda: smoothing(temperature=1.8),
        "The model says what the target says and pays 0.5005 nats; the lowest is 0.5003",
    ),
    (lambda: smoothing(temperature=20), "Less sure than asked…"),
    # Only with equal wrong logits the floor is reached.
    (
        lambda: smoothing(logits=(math.log(0.91 / 0.09) + math.log(math.e + 8), 1.0, 0.0)),
        "The true class is where it should be, class 2 is not…",
    ),
    (
        lambda: smoothing(target=ex.over_wrong),
        "smoothed_cross_entropy says 0.723 nats, and against this target the model costs 0.803 "
        "nats",
    ),
    (
        lambda: smoothing(target=lambda y, v, a: (1 - a) * np.eye(v)[y] + 1 / v),
        "The target of lambda sums to 1.9, not to 1…",
    ),
    (
        lambda: smoothing(target=ex.over_wrong, loss=over_wrong_loss, alpha=0.8, classes="3"),
        "At α = 0.8 over_wrong prefers a wrong class: 0.4",
    ),
    (
        lambda: smoothing(target=lambda y, v, a: np.array([[1.5, -0.5, *[0.0] * (v - 2)]])),
        "lambda gives a class −0.5: a probability below 0…",
    ),
    (
        lambda: smoothing(
            floor=lambda v, a: 0.0, gap=lambda v, a: 2.2, names=["q", "l", "floor", "gap"]
        ),
        "floor says 0 and should be 0.5003; gap says 2.2 and should be 4.511",
    ),
    (
        lambda: smoothing(gap=lambda v, a: math.nan, names=["q", "l", "gap"]),
        "gap says NaN and should be 4.511",
    ),
)
def test_a_model_is_held_against_its_target_and_a_function_against_the_truth(scene, finding):
    assert matches(scene().finding, finding)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("classes", ["3", "10", "1000"])
def test_a_right_floor_and_gap_are_shown_without_a_complaint(alpha, classes):
    scene = smoothing(
        floor=lab.minimum_loss, gap=lab.optimal_logit_gap, alpha=alpha, classes=classes
    )
    assert "should be" not in scene.finding
    for name in ("minimum_loss", "optimal_logit_gap"):
        assert readout(scene, name).status is Status.ORDINARY


def test_a_point_off_the_picture_is_told_in_words():
    panel = smoothing(temperature=0.05).panels[0]
    assert panel.note == "Off the picture: model at 160."
    assert [m.label for m in panel.marks] == ["lowest"]


def test_right_functions_are_never_corrected_at_the_corners_of_the_sliders():
    widget = made("smoothing")
    ends = [s.grid()[:: len(s.grid()) - 1] for s in widget._sliders]
    corners = list(itertools.product(*ends))
    assert len(corners) == 128
    for corner in corners:
        values = dict(zip(widget.values, corner, strict=True))
        assert "should be" not in widget._scene_at(values).finding


# Reliability.


def reliable(p=0.9, right=75, softmax=ex.softmax, **values):
    models = {"hard": ex.confident(p, right), "soft": ex.confident(0.75, 75)}
    return explore.reliability(softmax, models, ex.TWO_LABELS, name="softmax", **values).scene


def test_one_bin_counted_by_hand():
    scene = reliable(0.87, 75)
    assert scene.finding == (
        "hard at T = 1: confidence 0.870, accuracy 0.750, over-confident by 12 points"
    )
    assert readout(scene, "expected calibration error").text == "0.120"
    (mark,) = scene.panels[0].marks
    assert (mark.x, mark.y) == pytest.approx((0.87, 0.75))
    assert {b.row: b.value for b in scene.panels[1].bar_list}["0.8 to 0.9"] == 100
    nll = -(75 * math.log(0.87) + 25 * math.log(0.13)) / 100
    assert readout(scene, "NLL").text == f"{nll:.3f} nats"


def test_a_temperature_moves_the_confidence_and_not_the_accuracy():
    # For two classes confidence p at T = 1 becomes sigmoid(logit(p)/T): 3/4 = sigmoid(ln 3).
    scene = reliable(0.87, 75, temperature=math.log(0.87 / 0.13) / math.log(3))
    assert "confidence 0.750, accuracy 0.750, within one point" in scene.finding
    assert readout(scene, "accuracy").text == "0.750"


def test_under_confidence_is_named():
    assert "under-confident by 29 points" in reliable(0.61, 90).finding


def test_bins_of_a_few_predictions_are_counted_but_not_drawn():
    z = ex.confident(0.87, 75)
    z[:5] *= 0.1
    scene = explore.reliability(ex.softmax, {"a": z, "b": z}, ex.TWO_LABELS).scene
    assert len(scene.panels[0].marks) == 1
    assert sum(b.value for b in scene.panels[1].bar_list) == 100
