"""The scenes of notebook 06 against mpmath and counted by hand, without a browser."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy import special

from lnnn import exact, explore
from lnnn.explore import figure
from lnnn.explore.label_smoothing import reliability_scene, smoothing_scene
from lnnn.explore.scene import Status


def smooth_labels(labels, classes, alpha):
    return (1 - alpha) * np.eye(classes)[labels] + alpha / classes


def over_wrong(labels, classes, alpha):
    hard = np.eye(classes)[labels]
    return (1 - alpha) * hard + alpha / (classes - 1) * (1 - hard)


def two_parts(logits, labels, alpha):
    log_p = special.log_softmax(logits, axis=1)
    hard = -log_p[np.arange(len(labels)), labels].mean()
    return hard if alpha == 0 else (1 - alpha) * hard - alpha * log_p.mean()


def product(logits, labels, alpha):
    q = smooth_labels(labels, logits.shape[1], alpha)
    return -(q * special.log_softmax(logits, axis=1)).sum(axis=1).mean()


def minimum_loss(classes, alpha):
    return special.entr(smooth_labels([0], classes, alpha)).sum()


def optimal_gap(classes, alpha):
    return math.log1p((1 - alpha) * classes / alpha) if alpha else math.inf


def at(logits=(8.0, 0.0, 0.0), temperature=1.0, alpha=0.1, classes=10, class_2="allowed"):
    return {
        **{f"logit_{k}": v for k, v in enumerate(logits, start=1)},
        "temperature": temperature,
        "alpha": alpha,
        "classes": str(classes),
        "class_2": class_2,
    }


def smoothed(*, target=smooth_labels, loss=two_parts, floor=None, gap=None, names=None, **values):
    return smoothing_scene(target, loss, floor, gap, at(**values), names=names)


def readout(scene, label):
    (found,) = [r for r in scene.readouts if r.label == label]
    return found


# The smoothed target and its loss.


@pytest.mark.parametrize("classes", [3, 10, 1000])
@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("logits", [(8.0, 0.0, 0.0), (-3.0, 5.0, 1.0)])
def test_loss_and_bars_are_those_of_50_digits(classes, alpha, logits):
    scene = smoothed(logits=logits, temperature=2.0, alpha=alpha, classes=classes)
    row = [logits[0], logits[1], *[logits[2]] * (classes - 2)]
    log_p = exact.log_softmax(row, temperature=2.0)
    q = [mpmath.mpf(v) for v in smooth_labels([0], classes, alpha)[0]]
    truth = -sum(a * b for a, b in zip(q, log_p, strict=True))
    shown = float(readout(scene, "loss").text.removesuffix(" nats").replace("−", "-"))
    assert shown == pytest.approx(float(truth), rel=1e-3)
    bars = scene.panels[1].bar_list
    model = [b.value for b in bars if b.series == "model p"]
    assert model == pytest.approx(exact.to_float(exact.exp(log_p[:3])), rel=1e-12)
    assert [b.value for b in bars if b.series == "target q"] == pytest.approx(
        list(map(float, q))[:3]
    )


def test_it_starts_surer_than_the_target_and_paying_for_it():
    assert smoothed().finding == (
        "Surer than asked (0.997, not 0.91), it pays 0.723 nats; "
        "the lowest is 0.5003 at a gap of 4.51"
    )


def test_the_lowest_point_is_marked_at_the_gap_and_the_entropy_that_mpmath_finds():
    (lowest,) = [m for m in smoothed().panels[0].marks if m.label == "lowest"]
    q, other = mpmath.mpf("0.91"), mpmath.mpf("0.01")
    assert lowest.x == pytest.approx(float(mpmath.log(q / other)), rel=1e-12)
    entropy = -q * mpmath.log(q) - 9 * other * mpmath.log(other)
    assert lowest.y == pytest.approx(float(entropy), rel=1e-12)
    assert readout(smoothed(), "entropy of the target").text == "0.5003 nats"


@pytest.mark.parametrize("rival", [-4.0, 0.0, 3.0])
def test_the_curve_has_its_minimum_at_the_mark_whatever_class_2_does(rival):
    panel = smoothed(logits=(15.0, rival, 0.0)).panels[0]
    curve = panel.line_list[0]
    (lowest,) = [m for m in panel.marks if m.label == "lowest"]
    step = curve.x[1] - curve.x[0]
    assert abs(curve.x[np.argmin(curve.y)] - lowest.x) <= step
    assert lowest.y <= min(curve.y) + 1e-12


def test_less_sure_can_be_cheaper_and_a_temperature_gets_there_too():
    best = "The model says what the target says and pays 0.500{} nats; the lowest is 0.5003"
    assert smoothed(logits=(4.5, 0, 0)).finding == best.format(3)
    assert smoothed(temperature=1.8).finding == best.format(5)
    assert smoothed(temperature=20).finding.startswith("Less sure than asked")


def test_only_with_equal_wrong_logits_the_floor_is_reached():
    gap = math.log(0.91 / 0.09) + math.log(math.e + 8)
    finding = smoothed(logits=(gap, 1.0, 0.0)).finding
    assert finding.startswith("The true class is where it should be, class 2 is not")


def test_a_hard_label_has_no_lowest_point():
    scene = smoothed(alpha=0.0)
    assert scene.finding.endswith("with a hard label a larger gap is always cheaper")
    assert [m.label for m in scene.panels[0].marks] == ["model"]
    assert np.all(np.diff(scene.panels[0].line_list[0].y) < 0)


def test_a_masked_class_with_a_share_of_the_target_costs_infinity():
    scene = smoothed(class_2="masked")
    assert "the target gives it 0.01: the loss is infinite" in scene.finding
    assert readout(scene, "loss").status is Status.OVERFLOW
    (mark,) = scene.panels[0].marks
    assert (mark.label, mark.status) == ("model: inf", Status.OVERFLOW)


def test_with_a_hard_label_a_masked_class_costs_nothing_unless_zero_meets_infinity():
    assert "The loss is 0.0027 nats" in smoothed(class_2="masked", alpha=0.0).finding
    scene = smoothed(loss=product, class_2="masked", alpha=0.0)
    assert scene.finding == "product is NaN and should be 0.00268 nats: 0 times −inf is no number"
    assert readout(scene, "loss").status is Status.NAN


def test_mixed_conventions_are_noticed():
    scene = smoothed(target=over_wrong)
    assert scene.finding == (
        "two_parts says 0.723 nats, and against this target the model costs 0.803 nats"
    )


def test_a_target_that_is_no_distribution_is_noticed():
    def forgotten(labels, classes, alpha):
        return (1 - alpha) * np.eye(classes)[labels] + 1 / classes

    assert "sums to 1.9, not to 1" in smoothed(target=forgotten).finding


def test_a_target_turned_round_is_noticed():
    def loss(logits, labels, alpha):
        q = over_wrong(labels, logits.shape[1], alpha)
        return -(q * special.log_softmax(logits, axis=1)).sum()

    scene = smoothed(target=over_wrong, loss=loss, alpha=0.8, classes=3)
    assert "At α = 0.8 over_wrong prefers a wrong class: 0.4" in scene.finding


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("classes", [3, 10, 1000])
def test_a_right_floor_and_gap_are_shown_without_a_complaint(alpha, classes):
    scene = smoothed(floor=minimum_loss, gap=optimal_gap, alpha=alpha, classes=classes)
    assert "should be" not in scene.finding
    assert readout(scene, "minimum_loss").status is Status.ORDINARY
    assert readout(scene, "optimal_gap").status is Status.ORDINARY


def test_a_wrong_floor_or_gap_is_corrected():
    scene = smoothed(floor=lambda v, a: 0.0, gap=lambda v, a: 2.2, names=["q", "l", "floor", "gap"])
    assert scene.finding == "floor says 0 and should be 0.5003; gap says 2.2 and should be 4.511"
    only_gap = smoothed(gap=lambda v, a: math.nan, names=["q", "l", "gap"])
    assert only_gap.finding == "gap says NaN and should be 4.511"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda *a: None, "returned None"),
        (lambda *a: np.zeros(3), "shape (3,)"),
        (lambda *a: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_broken_function_shows_its_error(broken, says):
    for which in ("target", "loss", "floor", "gap"):
        given = {"floor": minimum_loss, "gap": optimal_gap, which: broken}
        panel = smoothed(**given, names=["one", "two", "three", "four"]).panels[0]
        assert panel.kind == "message"
        assert says in panel.error


def test_a_target_that_is_not_finite_shows_it():
    panel = smoothed(target=lambda y, v, a: np.full((1, v), np.nan)).panels[0]
    assert "not finite" in panel.error


def test_a_point_off_the_picture_is_told_in_words():
    panel = smoothed(temperature=0.05).panels[0]
    assert panel.note == "Off the picture: model at 160."
    assert [m.label for m in panel.marks] == ["lowest"]


# Reliability.

LABELS = np.tile([0, 1], 50)


def confident(p, right):
    """Logits of 100 predictions of confidence p for two classes; the first ``right`` are hits."""
    winner = np.where(np.arange(100) < right, LABELS, 1 - LABELS)
    return math.log(p / (1 - p)) * np.eye(2)[winner]


def reliable(p=0.9, right=75, temperature=1.0, softmax=special.softmax):
    models = {"hard": confident(p, right), "soft": confident(0.75, 75)}
    values = {"model": "hard", "temperature": temperature}
    return reliability_scene(softmax, models, LABELS, values, names=["softmax"])


def rows(softmax_of):
    """A softmax along the last axis."""

    def softmax(z, temperature=1.0):
        return softmax_of(z / temperature, axis=-1)

    return softmax


def test_one_bin_counted_by_hand():
    scene = reliable(0.87, 75, softmax=rows(special.softmax))
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
    T = math.log(0.87 / 0.13) / math.log(3)
    scene = reliable(0.87, 75, T, rows(special.softmax))
    assert "confidence 0.750, accuracy 0.750, within one point" in scene.finding
    assert readout(scene, "accuracy").text == "0.750"


def test_under_confidence_is_named():
    assert "under-confident by 29 points" in reliable(0.61, 90, 1, rows(special.softmax)).finding


def test_a_softmax_over_the_whole_array_is_refused():
    panel = reliable().panels[0]
    assert panel.error == (
        "softmax returned rows that are no probabilities: each must be ≥ 0 and sum to 1."
    )


def test_a_softmax_that_overflows_says_in_how_many_rows():
    def naive(z):
        with np.errstate(all="ignore"):
            return np.exp(z * 1000) / np.exp(z * 1000).sum(axis=1, keepdims=True)

    assert (
        reliable(0.9, softmax=naive).panels[0].error == "softmax returned NaN in 100 of 100 rows."
    )


def test_bins_of_a_few_predictions_are_counted_but_not_drawn():
    z = confident(0.87, 75)
    z[:5] *= 0.1
    models = {"a": z, "b": z}
    values = {"model": "a", "temperature": 1.0}
    scene = reliability_scene(rows(special.softmax), models, LABELS, values)
    assert len(scene.panels[0].marks) == 1
    assert sum(b.value for b in scene.panels[1].bar_list) == 100


# The explorables.

TWO = {"hard": confident(0.9, 75), "soft": confident(0.75, 75)}


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (
            lambda: explore.smoothing(smooth_labels, two_parts),
            ["logit_1", "logit_2", "logit_3", "temperature", "alpha", "classes", "class_2"],
        ),
        (
            lambda: explore.reliability(rows(special.softmax), TWO, LABELS),
            ["model", "temperature"],
        ),
    ],
    ids=["smoothing", "reliability"],
)
def test_each_explorable_has_its_sliders(make, names):
    assert list(make().values) == names


def test_numbers_in_place_of_functions_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.smoothing(smooth_labels, 0.5)
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.reliability(0.5, TWO, LABELS)
    with pytest.raises(ValueError, match=r"logits of shape \(100, 2\)"):
        explore.reliability(special.softmax, TWO, LABELS[:9])
    with pytest.raises(ValueError, match="three"):
        explore.smoothing(smooth_labels, two_parts, logits=(1, 2))


def test_snippets_recreate_the_values():
    scope = {"np": np}
    exec(smoothed(logits=(4.0, 1.0, 0.0), temperature=2.0, class_2="masked").snippet, scope)
    assert scope["logits"].tolist() == [[2.0, -np.inf, *[0.0] * 8]]
    assert (scope["labels"].tolist(), scope["alpha"]) == ([0], 0.1)
    exec(reliable(softmax=rows(special.softmax)).snippet, scope)
    assert (scope["model"], scope["temperature"]) == ("hard", 1.0)


def test_every_scene_can_be_drawn_at_the_ends_of_its_sliders_too():
    widget = explore.smoothing(smooth_labels, two_parts, minimum_loss, optimal_gap)
    ends = itertools.product(
        (-20, 20), (-20, 20), (-20, 20), (0.05, 20), (0, 0.9), (3, 1000), ("allowed", "masked")
    )
    for one, two, three, temperature, alpha, classes, class_2 in ends:
        scene = smoothed(
            floor=minimum_loss,
            gap=optimal_gap,
            logits=(one, two, three),
            temperature=temperature,
            alpha=alpha,
            classes=classes,
            class_2=class_2,
        )
        scene.to_dict()
        assert "should be" not in scene.finding
    for scene in (
        widget.scene,
        smoothed(temperature=0.05, alpha=0.9, classes=1000),
        smoothed(class_2="masked"),
        *(reliable(temperature=T, softmax=rows(special.softmax)) for T in (0.05, 1, 20)),
    ):
        png, _ = figure.png(scene)
        assert len(png) > 1000
        assert scene.finding in scene.in_words()
