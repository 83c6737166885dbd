"""The scenes of notebook 07 against mpmath and IEEE 754, without a browser."""

import math

import mpmath
import numpy as np
import pytest

from lnnn import exact, explore
from lnnn.explore import figure
from lnnn.explore.pitfalls import (
    FEATURES,
    LABELS,
    STEPS,
    bug_hunt_scene,
    entropy_and_divergence_scene,
    epsilon_cap_scene,
)
from lnnn.explore.scene import Status


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    w = z - z.max(axis=-1, keepdims=True)
    return w - np.log(np.exp(w).sum(axis=-1, keepdims=True))


def cured(z, y):
    return -log_softmax(z)[np.arange(len(y)), y].mean()


def with_gradient(z, y):
    return cured(z, y), (softmax(z) - np.eye(z.shape[1])[y]) / len(y)


def double(z, y):
    return cured(softmax(z), y)


def naive(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean()


def outside(z, y, temperature):
    return cured(z, y) / temperature


def in_place(z, y):
    z -= z.max(axis=-1, keepdims=True)
    return cured(z, y)


def summed(z, y):
    return cured(z, y) * len(y)


def where(z, y):
    p, g = softmax(z), -np.eye(z.shape[1])[y] / len(y)
    log_p = np.where(p > 0, np.log(p), 0)
    g_p = np.where(p > 0, g, 0) * (1 / p)
    loss = -log_p[np.arange(len(y)), y].mean()
    return loss, p * (g_p - (p * g_p).sum(axis=-1, keepdims=True))


def with_eps(p, eps):
    return -np.log(p + eps)


def at(*logits, temperature=1.0, **more):
    sliders = {f"logit_{k}": v for k, v in enumerate(logits, start=1)}
    return {**sliders, "temperature": temperature, **more}


def hunt(buggy, *logits, temperature=1.0, cure=cured):
    values = at(*(logits or (7.0, 1.0, 0.0)), temperature=temperature, bug="the bug")
    return bug_hunt_scene({"the bug": (buggy, cure), "other": (double, cured)}, values)


def cap(function=with_eps, gap=20.0, eps=1e-7, dtype="float32", temperature=1.0):
    values = at(0.0, gap, temperature=temperature, eps=eps, dtype=dtype)
    return epsilon_cap_scene(function, values)


def readout(scene, label):
    (text,) = [r.text for r in scene.readouts if r.label.startswith(label)]
    return text


# The bug hunt.


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_cured_loss_is_the_exact_one(temperature):
    start = (3.0, -1.0, 0.5)
    scene = hunt(double, *start, temperature=temperature)
    z = (FEATURES[:, None] * np.array(start)).astype(np.float32)
    truth = float(exact.cross_entropy(z / np.float32(temperature), LABELS)[()])
    (bar,) = [b for b in scene.panels[0].bar_list if b.row == "cured"]
    assert bar.value == pytest.approx(truth, rel=1e-3)


def test_slopes_are_p_minus_one_hot_over_the_batch():
    scene = hunt(double, 2.0, 0.0, 1.0)
    p = exact.to_float(exact.softmax([2.0, 0.0, 1.0]))
    truth = (p - np.eye(3)[LABELS[0]]) / len(LABELS)
    shown = [b.value for b in scene.panels[1].bar_list if b.series == "cured"]
    assert shown == pytest.approx(truth, rel=0.05)


def test_a_gradient_of_its_own_gives_the_same_curves_as_central_differences():
    both = hunt(with_gradient)
    assert both.finding == "the bug: does not bite here. Same loss, same slope, same curve"
    buggy, _, without = (line.y for line in both.panels[2].line_list)
    assert buggy == pytest.approx(without, rel=0.02)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_a_gradient_of_its_own_is_taken_in_the_argument_it_was_given(temperature):
    def takes_it(z, y, temperature):
        loss, gradient = with_gradient(z / temperature, y)
        return loss, gradient / temperature

    scene = hunt(takes_it, temperature=temperature, cure=with_gradient)
    assert scene.finding.endswith("Same loss, same slope, same curve")


def test_training_lowers_the_cured_loss_and_has_a_point_for_each_step():
    for line in hunt(cured).panels[2].line_list:
        assert list(line.x) == list(range(STEPS + 1))
        assert line.y[-1] < 0.5 < line.y[0]


def test_a_double_softmax_reports_less_while_the_model_gets_worse():
    scene = hunt(double)
    reported, true, without = (line.y for line in scene.panels[2].line_list)
    assert reported[-1] < reported[0]
    assert true[-1] > true[0]
    assert without[-1] < 0.2 * without[0]
    assert scene.finding.startswith("the bug: it says 1.06 nats where the loss is 2.08")
    floor = float(mpmath.log(mpmath.e + 2) - 1)
    assert min(reported) > floor


def test_a_naive_softmax_bites_where_float32_ends():
    # exp overflows above ln(3.4e38) = 88.72; the first logit is 7 / T.
    fine = hunt(naive, temperature=7 / 88)
    assert fine.finding.endswith("does not bite here. Same loss, same slope, same curve")
    gone = hunt(naive, temperature=7 / 89)
    assert "before the first step" in gone.finding
    marks = gone.panels[2].marks
    assert [m.status for m in marks] == [Status.OVERFLOW]
    assert marks[0].label == "reported: inf from step 0 on"


def test_a_where_kills_the_gradient_while_the_loss_is_right():
    # float32 has no e^-gap beyond 103.97: class 3 of row 1 is lost at 7/T > 104, its label is not.
    scene = hunt(where, temperature=0.064)
    assert "the loss is right" in scene.finding
    assert "its gradient is NaN" in scene.finding
    slopes = [b for b in scene.panels[1].bar_list if b.series == "with the bug"]
    assert all(math.isnan(b.value) for b in slopes)
    reported = scene.panels[2].line_list[0].y
    assert reported[1:] == [0.0] * STEPS  # NaN > 0 is false: the loss reads 0
    (mark,) = scene.panels[2].marks
    assert (mark.label, mark.status) == ("true loss: NaN from step 1 on", Status.NAN)


def test_a_temperature_outside_bites_only_when_it_is_not_one():
    assert "does not bite" in hunt(outside).finding
    scene = hunt(outside, temperature=4.0)
    said, right = (b.value for b in scene.panels[0].bar_list)
    assert said != pytest.approx(right, rel=0.1)


def test_a_sum_is_six_times_the_mean():
    said, right = (b.value for b in hunt(summed).panels[0].bar_list)
    assert said == pytest.approx(6 * right, rel=1e-3)


def test_writing_into_the_argument_is_told():
    scene = hunt(in_place)
    assert scene.finding.endswith("but it has changed the logits it was given")
    assert scene.panels[0].note == "changes the logits it was given"


def test_a_better_fit_for_another_class_count():
    scene = hunt(double, 5.0, 0.0)
    assert len(scene.panels[1].bar_list) == 4


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda z, y: None, "None. Expected: one number"),
        (lambda z, y: z, "an array of float32, shape (6, 3)"),
        (lambda z, y: (1.0, z[0]), "returned a tuple. Expected: (loss, gradient)"),
        (lambda z, y: (1.0, z, 2.0), "returned a tuple. Expected: (loss, gradient)"),
        (lambda z, y: ("much", z), "type str"),
        (lambda z, y: 1 / 0, "raised ZeroDivisionError: division by zero"),
        (lambda z: 0.0, "raised TypeError"),
    ],
)
def test_a_function_that_gives_no_loss_shows_what_it_gave(function, says):
    for scene in (hunt(function), hunt(double, cure=function)):
        assert scene.panels[0].kind == "message"
        assert says in scene.panels[0].error


def test_the_snippet_recreates_the_logits():
    scope = {"np": np}
    exec(hunt(double, 2.0, 1.0, 0.0, temperature=3.0).snippet, scope)
    assert scope["z"][0].tolist() == [2.0, 1.0, 0.0]
    assert scope["z"].dtype == np.float32
    assert scope["labels"].tolist() == LABELS.tolist()
    assert scope["temperature"] == 3.0


def test_the_hunt_has_a_choice_of_bugs_logits_and_a_temperature():
    widget = explore.bug_hunt({"a": (double, cured), "b": (naive, cured)}, bug="b")
    assert list(widget.values) == ["logit_1", "logit_2", "logit_3", "temperature", "bug"]
    assert widget.bug == "b"
    widget.bug = "a"
    assert widget.scene.finding.startswith("a: it says")


@pytest.mark.parametrize("bugs", [{}, {"a": (double, cured)}, {"a": double, "b": cured}, [1, 2]])
def test_a_hunt_without_two_pairs_is_refused(bugs):
    with pytest.raises(ValueError, match="give two bugs or more"):
        explore.bug_hunt(bugs)


def test_a_number_in_place_of_a_function_is_refused():
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.bug_hunt({"a": (double, 0.5), "b": (naive, cured)})
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.epsilon_cap(16.12)


# The cap of an epsilon.


def test_an_epsilon_of_1e_7_caps_the_loss_at_16_12_nats():
    scene = cap()
    assert scene.finding.startswith("Epsilon 1e−7 caps the loss at 16.12 nats")
    assert float(-mpmath.log(mpmath.mpf("1e-7"))) == pytest.approx(16.118, abs=1e-3)
    assert readout(scene, "−ln of that") == "16.12 nats"
    assert max(scene.panels[0].line_list[1].y) == pytest.approx(16.118, abs=1e-3)


@pytest.mark.parametrize("gap", [0.0, 5.0, 30.0])
def test_the_exact_loss_is_softplus_of_the_gap(gap):
    truth = float(mpmath.log1p(mpmath.exp(gap)))
    assert float(readout(cap(gap=gap), "exact loss").split()[0]) == pytest.approx(truth, rel=1e-3)


def test_the_gap_is_the_difference_of_the_logits_over_the_temperature():
    assert "at a gap of 40 nats" in cap(gap=20.0, temperature=0.5).finding


def test_an_epsilon_that_rounds_to_zero_is_no_floor():
    scene = cap(eps=1e-8, dtype="float16")
    assert scene.finding.startswith("1e−8 rounds to 0 in float16, so there is no floor")
    assert readout(scene, "epsilon as float16 holds it") == "0"
    # Half of the smallest float16, 2^-25, is e^-17.33: from the next half nat on p is 0.
    (band,) = scene.panels[0].bands
    assert band.low == 17.5


def test_float16_holds_1e_7_as_two_of_its_smallest_numbers():
    scene = cap(dtype="float16")
    assert readout(scene, "epsilon as float16 holds it") == "1.19e−7"
    assert "caps the loss at 15.94 nats" in scene.finding


def test_a_loss_without_an_epsilon_is_told_right():
    scene = cap(lambda p, eps: -np.log(p), dtype="float64")
    assert scene.finding.endswith("says 20 nats, as it should")


def test_the_slope_of_a_floor_is_gone_beyond_the_cap():
    scene = cap(lambda p, eps: -np.log(np.maximum(p, eps)))
    assert "no slope is left" in scene.finding
    assert scene.panels[1].marks[0].y == pytest.approx(0, abs=1e-6)


def test_a_broken_loss_shows_its_error():
    assert "returned None" in cap(lambda p, eps: None).panels[0].error
    assert "shape ()" in cap(lambda p, eps: p.sum()).panels[0].error


def test_the_cap_has_logits_temperature_epsilon_and_floats():
    widget = explore.epsilon_cap(with_eps)
    assert list(widget.values) == ["logit_1", "logit_2", "temperature", "eps", "dtype"]


# Entropy and divergence.


def soft_cross_entropy(z, q):
    return -np.where(q > 0, q * np.where(q > 0, log_softmax(z), 0), 0).sum(axis=1).mean()


def kl_divergence(log_p, log_q):
    some = log_p > -np.inf
    gap = np.where(some, log_p, 0) - np.where(some, log_q, 0)
    return (np.exp(log_p) * gap).sum(axis=-1)


def zero_times_infinity(z, q):
    return -(q * log_softmax(z)).sum(axis=1).mean()


def infinity_minus_infinity(log_p, log_q):
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)


def parts(loss=soft_cross_entropy, divergence=kl_divergence, z=(1, 0, 2), temperature=1.0, out=0):
    values = at(*z, temperature=temperature, class_3=("possible", "ruled out")[out])
    return entropy_and_divergence_scene(loss, divergence, values)


@pytest.mark.parametrize("out", [0, 1])
@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("z", [(1, 0, 2), (-20, 20, 20), (20, 20, -20)])
def test_both_bars_are_the_loss_of_mpmath(z, temperature, out):
    with mpmath.workdps(50):
        z_T = [mpmath.mpf(v) / mpmath.mpf(temperature) for v in z[: 3 - out]]
        log_sum = mpmath.log(mpmath.fsum(map(mpmath.exp, z_T)))
        q = (mpmath.mpf("0.7"), mpmath.mpf("0.3"))
        loss = mpmath.fsum(a * (log_sum - b) for a, b in zip(q, z_T[:2], strict=True))
        entropy = -mpmath.fsum(a * mpmath.log(a) for a in q)
    scene = parts(z=z, temperature=temperature, out=out)
    assert [b.value for b in scene.panels[0].bar_list] == pytest.approx([float(loss)] * 2, rel=1e-9)
    assert [b.exact for b in scene.panels[0].bar_list] == pytest.approx(
        [float(loss)] * 2, rel=1e-13
    )
    assert scene.finding == (
        f"{float(loss):.3f} nats are {float(entropy):.3f} of entropy and "
        f"{float(loss - entropy):.3f} of divergence"
    )


def test_the_probabilities_of_the_model_are_told():
    assert readout(parts(z=(0, 0, 0)), "model") == "0.333, 0.333, 0.333"
    assert readout(parts(z=(0, 0, 9), out=1), "model") == "0.5, 0.5, 0"


def test_a_class_ruled_out_makes_both_bars_nan_where_zero_meets_infinity():
    # IEEE 754: 0 · ∞ and ∞ − ∞ are NaN. For the divergence even ln 0 of the target is enough.
    scene = parts(zero_times_infinity, infinity_minus_infinity, out=1)
    assert [b.row for b in scene.panels[0].bar_list] == [
        "zero_times_infinity",
        "entropy + infinity_minus_infinity",
    ]
    assert all(math.isnan(b.value) and b.words() == "NaN" for b in scene.panels[0].bar_list)
    assert scene.finding.endswith(
        "of divergence, but zero_times_infinity says NaN and infinity_minus_infinity says NaN"
    )
    assert [b["status"] for b in scene.to_dict()["panels"][0]["bars"]] == ["NaN", "NaN"]


def test_with_class_3_possible_the_cross_entropy_is_right_in_spite_of_it():
    assert "but" not in parts(zero_times_infinity).finding


def test_a_wrong_loss_or_divergence_is_named():
    twice = parts(lambda z, q: 2.0, kl_divergence)
    assert twice.finding.endswith("of divergence, but lambda says 2")
    turned = parts(divergence=lambda p, q: 0.0)
    assert turned.finding.endswith("of divergence, but lambda says 0")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda a, b: None, "returned None"),
        (lambda a, b: a, "an array of float64, shape (1, 3)"),
        (lambda a, b: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_function_that_gives_no_number_shows_what_it_gave(broken, says):
    for scene in (parts(broken), parts(divergence=broken)):
        assert scene.panels[0].kind == "message"
        assert says in scene.panels[0].error


def test_an_unwritten_function_shows_what_is_to_be_written():
    def kl(log_p, log_q):
        raise NotImplementedError("write kl")

    (panel,) = explore.entropy_and_divergence(soft_cross_entropy, kl).scene.panels
    assert panel.error == "kl raised NotImplementedError: write kl"


def test_a_function_that_writes_into_its_argument_does_no_harm():
    def shifts(z, q):
        z -= 100
        q *= 2
        return 1.0

    scene = parts(shifts)
    assert [b.exact for b in scene.panels[0].bar_list] == [
        b.exact for b in parts().panels[0].bar_list
    ]


def test_the_parts_have_logits_a_temperature_and_a_class_to_rule_out():
    widget = explore.entropy_and_divergence(soft_cross_entropy, kl_divergence)
    assert list(widget.values) == ["logit_1", "logit_2", "logit_3", "temperature", "class_3"]
    assert list(widget.values.values()) == [1, 0, 2, 1, "possible"]
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.entropy_and_divergence(soft_cross_entropy, 0.5)
    with pytest.raises(ValueError, match="three"):
        explore.entropy_and_divergence(soft_cross_entropy, kl_divergence, logits=(1, 2))


def test_the_snippet_of_the_parts_recreates_logits_and_target():
    scope = {"np": np}
    exec(parts(temperature=2.0, out=1).snippet, scope)
    assert scope["logits"].tolist() == [[0.5, 0.0, -np.inf]]
    assert scope["targets"].tolist() == [[0.7, 0.3, 0.0]]


# Drawing, at the ends of the sliders too.


@pytest.mark.parametrize("function", [double, naive, where, summed, in_place, outside])
def test_every_hunt_can_be_drawn(function):
    for logits in ((7.0, 1.0, 0.0), (-20.0, 20.0, 20.0), (20.0, -20.0, 0.0)):
        for temperature in (0.05, 20.0):
            scene = hunt(function, *logits, temperature=temperature)
            scene.to_dict()
            assert scene.finding in scene.in_words()
    png, _ = figure.png(scene)
    assert len(png) > 1000


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_every_cap_can_be_drawn(dtype):
    for gap, temperature, eps in ((-40, 0.05, 0.1), (40, 0.05, 1e-16), (0, 20, 1e-7)):
        scene = cap(gap=gap, temperature=temperature, eps=eps, dtype=dtype)
        scene.to_dict()
    png, _ = figure.png(scene)
    assert len(png) > 1000


@pytest.mark.parametrize(
    "pair",
    [(soft_cross_entropy, kl_divergence), (zero_times_infinity, infinity_minus_infinity)],
)
def test_entropy_and_divergence_can_be_drawn(pair):
    for z in ((-20, 20, 20), (20, -20, 20), (1, 0, 2)):
        for temperature in (0.05, 20.0):
            for out in (0, 1):
                scene = parts(*pair, z=z, temperature=temperature, out=out)
                scene.to_dict()
                assert scene.finding in scene.in_words()
    png, _ = figure.png(scene)
    assert len(png) > 1000
