"""The scenes of notebook 08 against mpmath and SciPy, without a browser."""

import math
from functools import partial

import examples as ex
import mpmath
import numpy as np
import pytest
from examples import lab, made, shown
from reading import exacts, findings, matches, readout, statuses, text, values
from scipy import special
from truth import log_softmax

from lnnn.explore.status import Status
from lnnn.explore.training_monitor import ENDS, MEANS, PLACES, TOKENS

scrubbed = partial(shown, "scrub")
averaged = partial(shown, "ranks")


def scored(
    tokens=lab.token_log_probs, totals=lab.sequence_log_probs, flags=lab.flag_outliers, **options
):
    return shown("score_sequence", tokens, totals, flags, **options)


# Scrub through the epochs.


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_mean_is_that_of_the_exact_log_probabilities(temperature):
    rows = zip(ex.LOGITS[3], ex.LABELS, strict=True)
    truth = float(mpmath.fsum(log_softmax(z, temperature)[y] for z, y in rows) / ex.N)
    scene = scrubbed(epoch=3, temperature=temperature)
    assert scene.panels[1].line_list[0].y[3] == pytest.approx(truth, rel=1e-13)
    assert scene.panels[1].marks[0].y == pytest.approx(truth, rel=1e-13)
    assert text(scene, "mean ln p").endswith("nats")


@pytest.mark.parametrize("threshold", [-10.0, -4.0, -0.5])
def test_flags_are_the_samples_below_the_threshold(threshold):
    ln_p = special.log_softmax(ex.LOGITS, axis=-1)[:, np.arange(ex.N), ex.LABELS]
    scene = scrubbed(threshold=threshold)
    flagged = (ln_p < threshold).sum(axis=1)
    np.testing.assert_array_equal(scene.panels[2].line_list[0].y, flagged)
    assert text(scene, "flagged") == f"{flagged[-1]} of {ex.N}"
    assert scene.panels[0].bands[0].high == threshold
    assert list(scene.panels[0].line_list[1].x) == [threshold, threshold]


def test_the_flags_to_expect_are_those_of_labels_drawn_from_p():
    log_p = special.log_softmax(ex.LOGITS[4], axis=-1)
    rng = np.random.default_rng(1)
    counts = []
    for _ in range(4000):
        y = (log_p + rng.gumbel(size=log_p.shape)).argmax(axis=1)
        counts.append((log_p[np.arange(ex.N), y] < -2).sum())
    expected = float(text(scrubbed(epoch=4, threshold=-2.0), "flags expected"))
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.std(counts) / math.sqrt(4000))


def test_who_knows_nothing_is_not_flagged():
    scene = scrubbed(epoch=0)
    assert scene.finding.startswith(f"Epoch 0: 0 of {ex.N} samples lie below −4")
    assert text(scene, "flags expected") == "0"
    flagged = scrubbed(epoch=0, threshold=-1.5)  # above its logarithm, −ln 6
    assert f"{ex.N} of {ex.N} samples" in flagged.finding
    assert text(scene, "mean ln p") == f"−{math.log(ex.V):.4g} nats"


def test_the_histogram_holds_every_sample_once_the_far_ones_in_the_first_bin():
    ln_p = special.log_softmax(ex.LOGITS[-1] / 0.1, axis=-1)[np.arange(ex.N), ex.LABELS]
    line = scrubbed(temperature=0.1).panels[0].line_list[0]
    heights = np.asarray(line.y)[1:-1:2]
    assert heights.sum() == ex.N
    assert heights[0] == (ln_p < -11.5).sum() > 0
    assert (line.y[0], line.y[-1]) == (0, 0)


def test_the_lens_shows_the_exact_log_probability_of_its_logits():
    truth = float(log_softmax([1.5, 3.0, -2.0, -2.0, -2.0, -2.0], 2)[0])
    scene = scrubbed(temperature=2.0, lens=(1.5, 3.0, -2.0))
    assert scene.panels[0].marks[0].x == pytest.approx(truth, rel=1e-13)
    assert text(scene, "ln p of the sample") == f"−{-truth:.4g} nats"


def test_a_lens_far_below_stands_at_the_end_of_the_axis():
    scene = scrubbed(lens=(-20.0, 20.0, -20.0))
    (mark,) = scene.panels[0].marks
    assert mark.x == -12.0
    assert "−40 nats" in text(scene, "ln p of the sample")


def test_no_temperature_changes_the_accuracy():
    assert len({text(scrubbed(temperature=t), "accuracy") for t in (0.1, 1.0, 20.0)}) == 1


def one_maximum_for_all(z):
    return z - z.max() - np.log(np.exp(z - z.max()).sum())


def test_probabilities_that_do_not_sum_to_one_are_noticed():
    told = "the probabilities of one_maximum_for_all do not sum to 1"
    assert told in scrubbed(one_maximum_for_all).finding


def test_an_epoch_where_the_textbook_line_overflows_is_told_as_nan():
    scene = scrubbed(ex.in_float32, temperature=0.1)
    true_logits = ex.LOGITS[-1][np.arange(ex.N), ex.LABELS] / 0.1
    lost = (true_logits > np.log(np.finfo(np.float32).max)).sum()
    assert f"in_float32 gives NaN for {lost} of {ex.N} samples" in scene.finding
    assert readout(scene, "mean ln p").status is Status.NAN


def test_a_flushed_tail_is_told_as_minus_infinity():
    scene = scrubbed(ex.late, temperature=0.05)
    assert "−inf, and the mean is gone" in scene.finding
    assert readout(scene, "mean ln p").status is Status.UNDERFLOW


def test_the_scrubber_starts_at_the_last_epoch():
    assert made("scrub").epoch == ex.EPOCHS
    assert made("scrub", epoch=2).epoch == 2


# Ranks with unequal counts.


@pytest.mark.parametrize(
    ("tokens", "means"),
    [(TOKENS, MEANS), ((1, 1000, 0), (-6.0, -0.1, -3.0)), ((20, 40, 60), (-1.5, -0.7, 0.0))],
)
def test_the_exact_mean_is_the_token_weighted_one(tokens, means):
    with mpmath.workdps(30):
        total = mpmath.fsum(n * mpmath.mpf(m) for n, m in zip(tokens, means, strict=True))
        truth = float(total / sum(tokens))
    panel = averaged(ex.mean_of_tokens, tokens=tokens, means=means).panels[2]
    assert exacts(panel) == pytest.approx([truth], rel=1e-14)
    assert values(panel) == pytest.approx([truth], rel=1e-12)


def test_a_mean_of_means_is_off_by_the_covariance_over_the_mean_count():
    n, mu = np.array(TOKENS), np.array(MEANS)
    error = mu.mean() - (n * mu).sum() / n.sum()
    assert error == pytest.approx(-np.cov(n, mu, bias=True)[0, 1] / n.mean(), rel=1e-12)
    scene = averaged()
    assert text(scene, "error of a mean of means") == f"−{-error:.4g} nats"
    assert scene.finding == (
        "The mean is −0.69 nats: mean_of_means is off by 1.48 nats, mean_of_tokens is right"
    )


@pytest.mark.parametrize("equal", [{"tokens": (300, 300, 300)}, {"means": (-2.0, -2.0, -2.0)}])
def test_equal_counts_or_equal_means_make_a_mean_of_means_right(equal):
    assert "mean_of_means is right, mean_of_tokens is right" in averaged(**equal).finding


def test_a_rank_without_tokens_makes_a_mean_of_means_nan():
    scene = averaged(tokens=(900, 80, 0))
    assert "mean_of_means gives NaN, mean_of_tokens is right" in scene.finding
    assert statuses(scene.panels[2])[0] is Status.NAN


def test_no_token_anywhere_has_no_mean():
    scene = averaged(tokens=(0, 0, 0))
    assert scene.finding == "No rank has a token: there is no mean to find"
    assert readout(scene, "exact mean").status is Status.NAN
    assert exacts(scene.panels[2])[1] is None


def test_shares_of_the_tokens_sum_to_one():
    weights = averaged().panels[1]
    assert values(weights, "share of the tokens") == pytest.approx([0.9, 0.08, 0.02])
    assert sum(values(weights, "one rank, one vote")) == pytest.approx(1)


# The score of a sequence.


@pytest.mark.parametrize(("eos", "length"), [("2", 2), ("5", 5), ("nowhere", 5)])
@pytest.mark.parametrize("temperature", [0.01, 1.0, 20.0])
@pytest.mark.parametrize("logits", [(0.0, 1.0, 0.0), (-20.0, 20.0, -20.0)])
def test_each_token_and_the_total_are_those_of_mpmath(logits, temperature, eos, length):
    places = zip((PLACES[0], logits, *PLACES[2:]), ENDS[eos], strict=True)
    right = [float(log_softmax(z, temperature)[k]) for z, k in places]
    total = math.fsum(right[:length])
    scene = scored(logits=logits, temperature=temperature, eos=eos)
    assert exacts(scene.panels[0]) == pytest.approx(right, rel=1e-12)
    assert values(scene.panels[0]) == pytest.approx(right, rel=1e-9, abs=1e-12)
    told = f"{total:.4g} nats".replace("-", "−")
    flagged = [t + 1 for t in range(length) if right[t] < -4]
    count = f"{len(flagged)} of them" if flagged else "no place"
    assert text(scene, "total") == told
    assert text(scene, "flagged places") == (", ".join(map(str, flagged)) or "none")
    assert scene.finding == f"{length} tokens count: {told}, {count} flagged"


def test_the_four_questions_of_lab_08():
    assert scored().finding.endswith("no place flagged")
    # With the EOS at 0 and a at 1, ln p of b is −4 where b stands at ln((1 + e)/(e^4 − 1)) = −2.67.
    assert text(scored(logits=(0, 1, -2.5)), "flagged") == "none"
    assert text(scored(logits=(0, 1, -3.0)), "flagged") == "2"
    hot = values(scored(temperature=20.0).panels[0])
    assert hot == pytest.approx([-math.log(3)] * 5, abs=0.2)
    assert text(scored(temperature=0.5), "flagged") == "3"
    ended = scored(temperature=0.5, eos="2")
    rows = [b.row for b in ended.panels[0].bar_list][2:]
    assert rows == ["3: a, after the end", "4: b, after the end", "5: a, after the end"]
    assert text(ended, "tokens that count") == "2"


def test_a_softmax_before_the_logarithm_loses_the_total_when_it_is_cold():
    assert scored(ex.softmax_then_log).finding == scored().finding
    scene = scored(ex.softmax_then_log, temperature=0.01, logits=(0.0, 20.0, 0.0))
    (lost,) = [b for b in scene.panels[0].bar_list if b.row.startswith("2")]
    assert (lost.status, lost.exact) == (Status.UNDERFLOW, -2000)
    assert scene.finding == "softmax_then_log says of place 2: −inf nats and should be −2000 nats"
    assert readout(scene, "total").status is Status.UNDERFLOW


def mean(log_probs, tokens, eos):
    totals, lengths = lab.sequence_log_probs(log_probs, tokens, eos)
    return totals / lengths, lengths


@findings(
    (lambda: scored(totals=ex.to_the_end, eos="2"), "to_the_end counts 5 tokens, and there are 2"),
    (lambda: scored(flags=ex.flag_all, eos="2", temperature=0.2), "flag_all flags …"),
    (lambda: scored(totals=mean), "The total is −…"),
    (
        lambda: scored(flags=lambda p, m, t: np.empty((0, 2), int), temperature=0.5),
        "lambda flags no place, and should flag place 3",
    ),
)
def test_the_first_function_that_is_wrong_is_named(scene, finding):
    told = scene()
    assert matches(told.finding, finding)
    assert told.panels[0].note == ""
    assert readout(told, "total").status is Status.ORDINARY


def test_log_probabilities_of_another_type_are_noted():
    scene = scored(lambda z, y: lab.token_log_probs(np.float32(z), y))
    assert scene.finding.startswith("lambda says of place")
    assert scene.panels[0].note == "returned float32"


def test_a_total_that_is_no_number_is_told_as_nan():
    scene = scored(totals=lambda p, y, e: (np.array([np.nan]), np.array([5])))
    assert scene.finding.startswith("The total is NaN nats and should be −")
    assert readout(scene, "total").status is Status.NAN


def test_what_is_after_the_end_and_flagged_is_told():
    scene = scored(flags=ex.flag_all, eos="2", temperature=0.2)
    assert "after the end, flagged" in " ".join(b.row for b in scene.panels[0].bar_list)
