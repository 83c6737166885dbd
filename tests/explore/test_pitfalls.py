"""The scenes of notebook 07 against mpmath and IEEE 754, without a browser."""

import math

import examples as ex
import mpmath
import numpy as np
import pytest
from examples import lab, made, shown
from reading import exacts, number, text, values
from truth import log_softmax, softmax

from lnnn import exact, explore
from lnnn.explore.descent import FEATURES, LABELS, STEPS
from lnnn.explore.sliders import DTYPES
from lnnn.explore.status import Status

HARMLESS = "does not bite here. Same loss, same slope, same curve"


def hunt(buggy, cure=lab.cross_entropy, **options):
    bugs = {"the bug": (buggy, cure), "other": (ex.double, lab.cross_entropy)}
    return shown("bug_hunt", bugs, **options)


def cap(*loss, gap=20.0, **options):
    return shown("epsilon_cap", *loss, logits=(0.0, gap), **options)


def parts(loss=lab.soft_cross_entropy, divergence=lab.kl_divergence, out=0, **options):
    class_3 = ("possible", "ruled out")[out]
    return shown("entropy_and_divergence", loss, divergence, class_3=class_3, **options)


# The bug hunt.


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_cured_loss_is_the_exact_one(temperature):
    start = (3.0, -1.0, 0.5)
    _, bar = hunt(ex.double, logits=start, temperature=temperature).panels[0].bar_list
    z = (FEATURES[:, None] * np.array(start)).astype(np.float32)
    truth = float(exact.cross_entropy(z / np.float32(temperature), LABELS)[()])
    assert (bar.row, bar.value) == ("cured", pytest.approx(truth, rel=1e-3))


def test_slopes_are_p_minus_one_hot_over_the_batch():
    scene = hunt(ex.double, logits=(2.0, 0.0, 1.0))
    truth = (softmax((2, 0, 1)) - np.eye(3)[LABELS[0]]) / len(LABELS)
    assert values(scene.panels[1], "cured") == pytest.approx(truth, rel=0.05)


def test_a_gradient_of_its_own_gives_the_same_curves_as_central_differences():
    both = hunt(ex.with_gradient)
    assert both.finding == f"the bug: {HARMLESS}"
    buggy, _, without = (line.y for line in both.panels[2].line_list)
    assert buggy == pytest.approx(without, rel=0.02)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_a_gradient_of_its_own_is_taken_in_the_argument_it_was_given(temperature):
    def takes_it(z, y, temperature):
        loss, gradient = ex.with_gradient(z / temperature, y)
        return loss, gradient / temperature

    scene = hunt(takes_it, ex.with_gradient, temperature=temperature)
    assert scene.finding == f"the bug: {HARMLESS}"


def test_training_lowers_the_cured_loss_and_has_a_point_for_each_step():
    for line in hunt(lab.cross_entropy).panels[2].line_list:
        assert list(line.x) == list(range(STEPS + 1))
        assert line.y[-1] < 0.5 < line.y[0]


def test_a_double_softmax_reports_less_while_the_model_gets_worse():
    scene = hunt(ex.double)
    reported, true, without = (line.y for line in scene.panels[2].line_list)
    assert reported[-1] < reported[0]
    assert true[-1] > true[0]
    assert without[-1] < 0.2 * without[0]
    assert scene.finding.startswith("the bug: it says 1.06 nats where the loss is 2.08")
    floor = float(mpmath.log(mpmath.e + 2) - 1)
    assert min(reported) > floor


def test_a_naive_softmax_bites_where_float32_ends():
    # exp overflows above ln(3.4e38) = 88.72; the first logit is 7 / T.
    fine = hunt(ex.naive_loss, temperature=7 / 88)
    assert fine.finding == f"the bug: {HARMLESS}"
    gone = hunt(ex.naive_loss, temperature=7 / 89)
    assert "before the first step" in gone.finding
    (mark,) = gone.panels[2].marks
    assert (mark.label, mark.status) == ("reported: inf from step 0 on", Status.OVERFLOW)


def test_a_where_kills_the_gradient_while_the_loss_is_right():
    # float32 has no e^-gap beyond 103.97: class 3 of row 1 is lost at 7/T > 104, its label is not.
    scene = hunt(ex.where, temperature=0.064)
    assert "the loss is right" in scene.finding
    assert "its gradient is NaN" in scene.finding
    assert all(map(math.isnan, values(scene.panels[1], "with the bug")))
    reported = scene.panels[2].line_list[0].y
    assert reported[1:] == [0.0] * STEPS  # NaN > 0 is false: the loss reads 0
    (mark,) = scene.panels[2].marks
    assert (mark.label, mark.status) == ("true loss: NaN from step 1 on", Status.NAN)


def test_a_temperature_outside_bites_only_when_it_is_not_one():
    assert hunt(ex.outside).finding == f"the bug: {HARMLESS}"
    said, right = values(hunt(ex.outside, temperature=4.0).panels[0])
    assert said != pytest.approx(right, rel=0.1)


def test_a_sum_is_six_times_the_mean():
    said, right = values(hunt(ex.summed).panels[0])
    assert said == pytest.approx(6 * right, rel=1e-3)


def test_writing_into_the_argument_is_told():
    scene = hunt(ex.in_place)
    assert scene.finding.endswith("but it has changed the logits it was given")
    assert scene.panels[0].note == "changes the logits it was given"


def test_there_may_be_another_number_of_classes():
    assert len(hunt(ex.double, logits=(5.0, 0.0)).panels[1].bar_list) == 4


def test_the_hunt_starts_with_the_bug_that_is_asked_for():
    cure = lab.cross_entropy
    widget = explore.bug_hunt({"a": (ex.double, cure), "b": (ex.naive_loss, cure)}, bug="b")
    assert widget.bug == "b"
    widget.bug = "a"
    assert widget.scene.finding.startswith("a: it says")


# The cap of an epsilon.


def test_an_epsilon_of_1e_7_caps_the_loss_at_16_12_nats():
    scene = cap()
    assert scene.finding.startswith("Epsilon 1e−7 caps the loss at 16.12 nats")
    assert float(-mpmath.log(mpmath.mpf("1e-7"))) == pytest.approx(16.118, abs=1e-3)
    assert text(scene, "−ln of that") == "16.12 nats"
    assert max(scene.panels[0].line_list[1].y) == pytest.approx(16.118, abs=1e-3)


@pytest.mark.parametrize("gap", [0.0, 5.0, 30.0])
def test_the_exact_loss_is_softplus_of_the_gap(gap):
    truth = float(mpmath.log1p(mpmath.exp(gap)))
    told = number(cap(gap=gap / 2, temperature=0.5), "exact loss")
    assert told == pytest.approx(truth, rel=1e-3)


def test_the_gap_is_the_difference_of_the_logits_over_the_temperature():
    assert "at a gap of 40 nats" in cap(temperature=0.5).finding


def test_float16_holds_1e_7_as_two_of_its_smallest_numbers():
    scene = cap(dtype="float16")
    assert text(scene, "epsilon as float16 holds it") == "1.19e−7"
    assert "caps the loss at 15.94 nats" in scene.finding


def test_an_epsilon_that_rounds_to_zero_is_no_floor():
    scene = cap(eps=1e-8, dtype="float16")
    assert scene.finding.startswith("1e−8 rounds to 0 in float16, so there is no floor")
    assert text(scene, "epsilon as float16 holds it") == "0"
    # Half of the smallest float16, 2^-25, is e^-17.33: from the next half nat on p is 0.
    (band,) = scene.panels[0].bands
    assert band.low == 17.5


def test_a_loss_without_an_epsilon_is_told_right():
    scene = cap(lambda p, eps: -np.log(p), dtype="float64")
    assert scene.finding.endswith("says 20 nats, as it should")
    assert scene.panels[1].marks[0].y == pytest.approx(1)


def test_the_slope_of_a_floor_is_gone_beyond_the_cap():
    scene = cap(lambda p, eps: -np.log(np.maximum(p, eps)))
    assert "no slope is left" in scene.finding
    assert scene.panels[1].marks[0].y == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("gap", "temperature", "eps"), [(-20, 0.05, 0.1), (20, 0.05, 1e-16), (0, 20, 1e-7)]
)
def test_far_from_the_gaps_on_the_picture_there_is_still_one(dtype, gap, temperature, eps):
    scene = cap(gap=gap, temperature=temperature, eps=eps, dtype=dtype)
    assert 0 <= scene.panels[0].marks[0].x <= 60
    assert scene.to_dict()["panels"][0]["marks"][0]["y"] is not None


# Entropy and divergence.


@pytest.mark.parametrize("out", [0, 1])
@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("z", [(1, 0, 2), (-20, 20, 20), (20, 20, -20)])
def test_both_bars_are_the_loss_of_mpmath(z, temperature, out):
    with mpmath.workdps(50):
        q = (mpmath.mpf("0.7"), mpmath.mpf("0.3"))
        loss = -mpmath.fdot(q, log_softmax(z[: 3 - out], temperature)[:2])
        entropy = -mpmath.fsum(a * mpmath.log(a) for a in q)
    scene = parts(logits=z, temperature=temperature, out=out)
    assert values(scene.panels[0]) == pytest.approx([float(loss)] * 2, rel=1e-9)
    assert exacts(scene.panels[0]) == pytest.approx([float(loss)] * 2, rel=1e-13)
    assert scene.finding == (
        f"{float(loss):.3f} nats are {float(entropy):.3f} of entropy and "
        f"{float(loss - entropy):.3f} of divergence"
    )


def test_the_probabilities_of_the_model_are_told():
    assert text(parts(logits=(0, 0, 0)), "model") == "0.333, 0.333, 0.333"
    assert text(parts(logits=(0, 0, 9), out=1), "model") == "0.5, 0.5, 0"


def test_a_class_ruled_out_makes_both_bars_nan_where_zero_meets_infinity():
    # IEEE 754: 0 · ∞ and ∞ − ∞ are NaN. For the divergence even ln 0 of the target is enough.
    scene = parts(ex.zero_times_infinity, ex.infinity_minus_infinity, out=1)
    both = scene.panels[0].bar_list
    names = ["zero_times_infinity", "entropy + infinity_minus_infinity"]
    assert [b.row for b in both] == names
    assert all(math.isnan(b.value) and b.words() == "NaN" for b in both)
    assert scene.finding.endswith(
        "of divergence, but zero_times_infinity says NaN and infinity_minus_infinity says NaN"
    )
    assert [b["status"] for b in scene.to_dict()["panels"][0]["bars"]] == ["NaN", "NaN"]


def test_with_class_3_possible_the_cross_entropy_is_right_in_spite_of_it():
    assert "but" not in parts(ex.zero_times_infinity).finding


def test_a_wrong_loss_or_divergence_is_named():
    assert parts(lambda z, q: 2.0).finding.endswith("of divergence, but lambda says 2")
    turned = parts(divergence=lambda p, q: 0.0)
    assert turned.finding.endswith("of divergence, but lambda says 0")


def test_the_parts_start_where_class_3_is_possible():
    assert list(made("entropy_and_divergence").values.values()) == [1, 0, 2, 1, "possible"]
