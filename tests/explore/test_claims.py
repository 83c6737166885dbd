"""The scenes of notebook 09 against mpmath and IEEE 754, and its docket against its prose."""

import re

import mpmath
import numpy as np
import pytest

from lnnn import explore
from lnnn.build.project import ROOT
from lnnn.explore import figure
from lnnn.explore.claims import (
    cap_and_flag_scene,
    exponential_sample,
    recovery_scene,
    who_underflows_scene,
)
from lnnn.explore.scene import Status


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def log_softmax(z):
    w = z - z.max()
    return w - np.log(np.exp(w).sum())


def exp_of_sum(log_p):
    return np.exp(log_p.sum())


def exp_of_mean(log_p):
    return np.exp(log_p.mean())


def capped(log_p, at):
    return np.maximum(log_p, at)


def logits(*z, temperature=1.0, dtype="float32"):
    values = {f"logit_{k}": v for k, v in enumerate(z, start=1)}
    return {**values, "temperature": temperature, "dtype": dtype}


def sequence(tokens=2048, nats=0.49):
    return {"tokens": tokens, "nats": nats}


def sample(nats=3.0, at=-6.0, threshold=-4.0, broken=0.0):
    return {"nats": nats, "at": at, "threshold": threshold, "broken": broken}


def readout(scene, label):
    (text,) = [r.text for r in scene.readouts if r.label.startswith(label)]
    return text


# Who underflows.


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_probability_is_flushed_where_the_exact_one_is_below_half_the_smallest_float(dtype):
    info = np.finfo(dtype)
    half = mpmath.mpf(float(info.smallest_subnormal)) / 2
    for gap in (8, 17, 18, 103, 105, 740, 750):
        values = logits(0, -gap, dtype=dtype)
        bar = who_underflows_scene(softmax, log_softmax, values).panels[2].bar_list[1]
        flushed = bar.status is Status.UNDERFLOW
        assert flushed == (mpmath.exp(-gap) < half)
        assert flushed == bar.words().endswith("flushed")


def test_the_limit_shown_is_half_the_smallest_subnormal():
    for dtype, limit in (("float16", "−17.3287"), ("float32", "−103.972"), ("float64", "−745.133")):
        scene = who_underflows_scene(softmax, log_softmax, logits(1, 0, dtype=dtype))
        assert readout(scene, f"exp is 0 in {dtype}") == f"{limit} nats"


def test_nothing_that_comes_back_is_above_one():
    rng = np.random.default_rng(0)
    for dtype in ("float16", "float32", "float64"):
        for _ in range(20):
            values = logits(
                *rng.uniform(-20, 20, 4), temperature=rng.uniform(0.05, 20), dtype=dtype
            )
            back = who_underflows_scene(softmax, log_softmax, values).panels[2].bar_list
            assert max(bar.value for bar in back) <= 1


def test_the_logarithm_is_kept_where_the_probability_is_lost():
    scene = explore.who_underflows(softmax, log_softmax).scene
    assert scene.finding == (
        "softmax flushes 1 of 4 classes to 0 in float32, log_softmax keeps all 4; "
        "exp of it gives 1 zero, and none is above 1"
    )
    late, kept = scene.panels[1].bar_list[-2:]
    assert (late.status, late.words()) == (Status.UNDERFLOW, "−inf flushed")
    assert kept.value == pytest.approx(-40 / 0.35, rel=1e-6)
    best = scene.panels[1].bar_list[1]  # ln p is −2.4e−19, and no float32 sum can tell it from 0
    assert (best.status, best.words()) == (Status.ORDINARY, "0")


def test_a_subnormal_is_told_from_a_zero():
    scene = who_underflows_scene(softmax, log_softmax, logits(0, -92))
    assert scene.finding == (
        "Class 2 is subnormal in float32: 1.11e−40 has lost digits, and it is not 0"
    )


def test_a_harmless_row_underflows_nowhere():
    scene = who_underflows_scene(softmax, log_softmax, logits(1, 0))
    assert "Nothing underflows in float32: ln p goes down to −1.313 nats" in scene.finding


def test_a_textbook_softmax_that_overflows_is_called_no_number():
    def naive(z):
        return np.exp(z) / np.exp(z).sum()

    scene = who_underflows_scene(naive, log_softmax, logits(20, 0, temperature=0.05))
    assert scene.finding == "naive gives no number for 1 of 2 classes in float32"


def test_a_logarithm_taken_too_late_is_said_to_lose_the_class():
    def late(z):
        with np.errstate(divide="ignore"):
            return np.log(softmax(z))

    scene = who_underflows_scene(softmax, late, logits(0, -120))
    assert scene.finding == "late loses 1 of 2 classes in float32"


def test_a_broken_function_shows_its_error():
    for pair in ((lambda z: None, log_softmax), (softmax, lambda z: None)):
        scene = who_underflows_scene(*pair, logits(1, 0), names=["p", "log p"])
        assert "returned None" in scene.panels[0].error


# What exp brings back.


@pytest.mark.parametrize(("tokens", "nats"), [(2048, 0.49), (100, 0.5), (3, 0.1), (10_000, 12)])
def test_the_sum_as_a_power_of_ten_is_that_of_mpmath(tokens, nats):
    scene = recovery_scene([exp_of_sum], sequence(tokens, nats))
    exact = mpmath.exp(-mpmath.mpf(tokens) * mpmath.mpf(nats))
    shown = readout(scene, "as a power of ten")
    mantissa, _, power = shown.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")).partition(
        " × 10"
    )
    value = mpmath.mpf(mantissa) * mpmath.mpf(10) ** int(power or 0)
    assert abs(value / exact - 1) < 0.05


@pytest.mark.parametrize(
    ("tokens", "zeros"),
    [
        (34, set()),
        (36, {"float16"}),
        (206, {"float16"}),
        (209, {"float16", "float32"}),
        (1489, {"float16", "float32"}),
        (1492, {"float16", "float32", "float64"}),
    ],
)
def test_exp_of_a_sum_dies_type_by_type(tokens, zeros):
    # Half a nat a token; zero below −17.33, −103.97 and −745.13 (IEEE 754).
    scene = recovery_scene([exp_of_sum], sequence(tokens, 0.5))
    bars = scene.panels[1].bar_list
    assert {bar.row for bar in bars if bar.status is Status.UNDERFLOW} == zeros
    rows = scene.panels[0].rows[1:]
    assert {row.name for row in rows if row.text == "exp of the sum is 0"} == zeros
    assert (scene.panels[0].marks[0].status is Status.UNDERFLOW) == (len(zeros) == 3)


def test_the_mean_comes_back_as_the_geometric_mean():
    scene = recovery_scene([exp_of_sum, exp_of_mean], sequence())
    assert scene.finding == (
        "2048 tokens at 0.49 nats sum to −1003.5 nats, perplexity 1.632: "
        "exp_of_sum is 0 in all three floats, exp_of_mean is 0.6126"
    )
    assert readout(scene, "perplexity") == "1.632"


def test_one_token_is_a_token():
    assert recovery_scene([exp_of_sum], sequence(1, 1.0)).finding.startswith("1 token at 1 nats")


def test_a_function_that_gives_no_number_shows_what_it_gave():
    scene = recovery_scene([lambda log_p: log_p], sequence(5), names=["all of it"])
    assert "an array of float16, shape (5,)" in scene.panels[0].error


def test_more_functions_than_fills_are_refused():
    with pytest.raises(ValueError, match="4 fit side by side"):
        explore.recovery(*[exp_of_sum] * 5)


# A cap and a threshold.


@pytest.mark.parametrize("nats", [0.1, 3.0, 12.0])
def test_the_sample_has_the_mean_asked_for_and_an_exponential_tail(nats):
    log_p = exponential_sample(nats)
    assert log_p.mean() == pytest.approx(-nats, rel=1e-12)
    assert (np.diff(log_p) > 0).all()
    # P(surprisal > x) = e^(-x / nats) for an exponential of that mean.
    assert (log_p < -2 * nats).mean() == pytest.approx(np.exp(-2), abs=2e-3)


@pytest.mark.parametrize(("nats", "at"), [(3.0, -6.0), (1.0, -2.0), (10.0, -6.0)])
def test_a_cap_lifts_the_mean_as_the_integral_says(nats, at):
    # E[max(-s, at)] = -nats (1 - e^(at / nats)) for an exponential surprisal s.
    scene = cap_and_flag_scene(capped, sample(nats, at))
    exact = -nats * (1 - float(mpmath.exp(at / nats)))
    shown = float(readout(scene, "mean of capped").split()[0].replace("−", "-"))
    assert shown == pytest.approx(exact, abs=0.01 * nats)
    touched = float(readout(scene, "tokens the cap touches").split()[0])
    assert touched == pytest.approx(100 * np.exp(at / nats), abs=0.3)


def test_the_starting_values_turn_perplexity_20_into_13():
    scene = explore.cap_and_flag(capped).scene
    assert scene.finding == (
        "capped at −6 touches 13.5 % of the tokens and turns perplexity 20.09 into 13.39"
    )
    assert scene.panels[0].bands[0].high == pytest.approx(26.4)
    assert readout(scene, "flagged below −4") == "26.4 %"


def test_one_broken_token_is_what_the_cap_is_good_for():
    scene = cap_and_flag_scene(capped, sample(broken=-1000.0))
    assert scene.finding.endswith("with one broken token among them")
    lost = 1000 + exponential_sample(3.0)[0]
    before = float(readout(scene, "mean ln p").split()[0].replace("−", "-"))
    assert before == pytest.approx(-3 - lost / 1000, abs=1e-4)


def test_a_cap_that_nothing_reaches_says_so():
    scene = cap_and_flag_scene(capped, sample(nats=0.1, at=-20.0))
    assert scene.finding == "capped at −20 touches no token: perplexity 1.105"


def test_a_cap_that_gives_one_number_shows_what_is_wrong():
    scene = cap_and_flag_scene(lambda log_p, at: log_p.mean(), sample(), names=["mean"])
    assert "mean returned" in scene.panels[0].error


# The explorables.

WAYS = {
    "who_underflows": (
        lambda: explore.who_underflows(softmax, log_softmax),
        ["logit_1", "logit_2", "logit_3", "logit_4", "temperature", "dtype"],
    ),
    "recovery": (lambda: explore.recovery(exp_of_sum), ["tokens", "nats"]),
    "cap_and_flag": (
        lambda: explore.cap_and_flag(capped),
        ["nats", "at", "threshold", "broken"],
    ),
}


@pytest.mark.parametrize(("make", "names"), WAYS.values(), ids=WAYS)
def test_each_explorable_has_its_sliders(make, names):
    assert list(make().values) == names


@pytest.mark.parametrize(
    "make",
    [
        lambda: explore.who_underflows(softmax, 1.0),
        lambda: explore.recovery(0.5),
        lambda: explore.cap_and_flag(-6),
    ],
)
def test_a_number_in_place_of_a_function_is_refused(make):
    with pytest.raises(TypeError, match="pass it without calling it"):
        make()


@pytest.mark.parametrize(("make", "names"), WAYS.values(), ids=WAYS)
def test_every_slider_can_stand_at_either_end(make, names):
    widget = make()
    for slider in widget._sliders:
        for value in (slider.grid()[0], slider.grid()[-1]):
            widget.reset()
            setattr(widget, slider.name, value)
            assert not widget.scene.finding.startswith("No picture")
            png, _ = figure.png(widget.scene)
            assert len(png) > 1000


def test_snippets_recreate_the_values():
    scope = {"np": np}
    scene = who_underflows_scene(softmax, log_softmax, logits(2, 0.5, temperature=3))
    exec(scene.snippet, scope)
    assert (scope["z"].tolist(), scope["z"].dtype, scope["temperature"]) == ([2, 0.5], "f4", 3)
    exec(recovery_scene([exp_of_sum], sequence(4, 0.5)).snippet, scope)
    assert scope["log_p"].tolist() == [-0.5] * 4
    exec(cap_and_flag_scene(capped, sample()).snippet, scope)
    assert (scope["at"], scope["threshold"]) == (-6, -4)


# The page itself.


def test_every_trial_has_its_form_and_one_verdict():
    page = (ROOT / "source/course/09_claims_on_trial.md").read_text(encoding="utf-8")
    court = page.partition("## On trial")[2].partition("\n## Verdicts")[0]
    trials = re.split(r"^### (?=\d+ · )", court, flags=re.M)[1:]
    assert len(trials) >= 20
    for number, trial in enumerate(trials, 1):
        assert trial.startswith(f"{number} · ")
        assert re.search(r'^> ".+" — (?:guide|card|lesson)', trial, re.M), trial
        (call,) = re.findall(r"judge\(\s*(\d+),(.+)\)$", trial, re.M)
        verdict = re.search(r'"(true|true with a condition|false|cannot be checked)",', call[1])[1]
        assert int(call[0]) == number
        said = re.search(
            r"^\*\*(True with a condition|True|False|Cannot be checked)\b", trial, re.M
        )
        assert said[1].lower() == verdict, trial
