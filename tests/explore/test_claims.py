"""The scenes of notebook 09 against mpmath and IEEE 754, and its docket against its prose."""

import re
from functools import partial

import examples as ex
import mpmath
import numpy as np
import pytest
from examples import shown
from reading import findings, matches, number, text

from lnnn.build.project import ROOT
from lnnn.explore.claims import exponential_sample
from lnnn.explore.sliders import DTYPES
from lnnn.explore.status import Status

who = partial(shown, "who_underflows", temperature=1.0)
back = partial(shown, "recovery")
cap = partial(shown, "cap_and_flag")


# Who underflows.


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_probability_is_flushed_where_the_exact_one_is_below_half_the_smallest_float(dtype):
    half = mpmath.mpf(float(np.finfo(dtype).smallest_subnormal)) / 2
    for gap in (8, 17, 18, 103, 105, 740, 750):
        bar = who(logits=(0, -gap), dtype=dtype).panels[2].bar_list[1]
        flushed = bar.status is Status.UNDERFLOW
        assert flushed == (mpmath.exp(-gap) < half)
        assert flushed == bar.words().endswith("flushed")


def test_the_limit_shown_is_half_the_smallest_subnormal():
    for dtype, limit in (("float16", "−17.3287"), ("float32", "−103.972"), ("float64", "−745.133")):
        assert text(who(logits=(1, 0), dtype=dtype), f"exp is 0 in {dtype}") == f"{limit} nats"


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_that_comes_back_is_above_one(dtype):
    rng = np.random.default_rng(0)
    for _ in range(20):
        z, temperature = rng.uniform(-20, 20, 4), rng.uniform(0.05, 20)
        back = who(logits=z, temperature=temperature, dtype=dtype).panels[2].bar_list
        assert max(bar.value for bar in back) <= 1


def test_the_logarithm_is_kept_where_the_probability_is_lost():
    scene = shown("who_underflows")
    assert scene.finding == (
        "softmax flushes 1 of 4 classes to 0 in float32, log_softmax keeps all 4; "
        "exp of it gives 1 zero, and none is above 1"
    )
    late, kept = scene.panels[1].bar_list[-2:]
    assert (late.status, late.words()) == (Status.UNDERFLOW, "−inf flushed")
    assert kept.value == pytest.approx(-40 / 0.35, rel=1e-6)
    best = scene.panels[1].bar_list[1]  # ln p is −2.4e−19, and no float32 sum can tell it from 0
    assert (best.status, best.words()) == (Status.ORDINARY, "0")


@findings(
    (
        lambda: who(logits=(0, -92)),
        "Class 2 is subnormal in float32: 1.11e−40 has lost digits, and it is not 0",
    ),
    (
        lambda: who(logits=(1, 0)),
        "Nothing underflows in float32: ln p goes down to −1.313 nats, exp brings 0.269 back, "
        "and none is above 1",
    ),
    (
        lambda: who(ex.textbook, ex.log_softmax, logits=(20, 0), temperature=0.05),
        "textbook gives no number for 1 of 2 classes in float32",
    ),
    (
        lambda: who(ex.softmax, ex.late, logits=(0, -120)),
        "late loses 1 of 2 classes in float32",
    ),
    (lambda: back(tokens=1, nats=1.0), "1 token at 1 nats…"),
    (lambda: cap(nats=0.1, at=-20.0), "capped at −20 touches no token: perplexity 1.105"),
)
def test_what_became_of_a_row_is_told(scene, finding):
    assert matches(scene().finding, finding)


# What exp brings back.


@pytest.mark.parametrize(("tokens", "nats"), [(2048, 0.49), (100, 0.5), (3, 0.1), (10_000, 12)])
def test_the_sum_as_a_power_of_ten_is_that_of_mpmath(tokens, nats):
    exact = mpmath.exp(-mpmath.mpf(tokens) * mpmath.mpf(nats))
    told = text(back(ex.exp_of_sum, tokens=tokens, nats=nats), "as a power of ten")
    plain = told.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-"))
    mantissa, _, power = plain.partition(" × 10")
    value = mpmath.mpf(mantissa) * mpmath.mpf(10) ** int(power or 0)
    assert abs(value / exact - 1) < 0.05


@pytest.mark.parametrize(
    ("tokens", "zeros"), [(34, 0), (36, 1), (206, 1), (209, 2), (1489, 2), (1492, 3)]
)
def test_exp_of_a_sum_dies_type_by_type(tokens, zeros):
    # Half a nat a token; zero below −17.33, −103.97 and −745.13 (IEEE 754).
    line, bars = back(ex.exp_of_sum, tokens=tokens, nats=0.5).panels
    gone = set(DTYPES[:zeros])
    assert {bar.row for bar in bars.bar_list if bar.status is Status.UNDERFLOW} == gone
    assert {row.name for row in line.rows[1:] if row.text == "exp of the sum is 0"} == gone
    assert (line.marks[0].status is Status.UNDERFLOW) == (zeros == 3)


def test_the_mean_comes_back_as_the_geometric_mean():
    scene = back(ex.exp_of_sum, ex.exp_of_mean)
    assert scene.finding == (
        "2048 tokens at 0.49 nats sum to −1003.5 nats, perplexity 1.632: "
        "exp_of_sum is 0 in all three floats, exp_of_mean is 0.6126"
    )
    assert text(scene, "perplexity") == "1.632"


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
    scene = cap(nats=nats, at=at)
    exact = -nats * (1 - float(mpmath.exp(at / nats)))
    assert number(scene, "mean of capped") == pytest.approx(exact, abs=0.01 * nats)
    touched = number(scene, "tokens the cap touches")
    assert touched == pytest.approx(100 * np.exp(at / nats), abs=0.3)


def test_the_starting_values_turn_perplexity_20_into_13():
    scene = cap()
    assert scene.finding == (
        "capped at −6 touches 13.5 % of the tokens and turns perplexity 20.09 into 13.39"
    )
    assert scene.panels[0].bands[0].high == pytest.approx(26.4)
    assert text(scene, "flagged below −4") == "26.4 %"


def test_one_broken_token_is_what_the_cap_is_good_for():
    scene = cap(broken=-1000.0)
    assert scene.finding.endswith("with one broken token among them")
    assert text(scene, "flagged below −4") == "26.3 %"  # without the broken one
    lost = 1000 + exponential_sample(3.0)[0]
    assert number(scene, "mean ln p") == pytest.approx(-3 - lost / 1000, abs=1e-4)


# The page itself.


def test_every_trial_has_its_form_and_one_verdict():
    page = (ROOT / "source/course/09_claims_on_trial.md").read_text(encoding="utf-8")
    court = page.partition("## On trial")[2].partition("\n## Verdicts")[0]
    trials = re.split(r"^### (?=\d+ · )", court, flags=re.M)[1:]
    assert len(trials) >= 20
    for place, trial in enumerate(trials, 1):
        assert trial.startswith(f"{place} · ")
        assert re.search(r'^> ".+" — (?:guide|card|lesson)', trial, re.M), trial
        (call,) = re.findall(r"judge\(\s*(\d+),(.+)\)$", trial, re.M)
        verdict = re.search(r'"(true|true with a condition|false|cannot be checked)",', call[1])[1]
        assert int(call[0]) == place
        said = re.search(
            r"^\*\*(True with a condition|True|False|Cannot be checked)\b", trial, re.M
        )
        assert said[1].lower() == verdict, trial
