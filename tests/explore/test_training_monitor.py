"""The scenes of notebook 08 against mpmath and SciPy, without a browser."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special

from lnnn import exact, explore
from lnnn.explore import figure
from lnnn.explore.scene import Status
from lnnn.explore.sliders import starting_values
from lnnn.explore.training_monitor import LENS, MEANS, TOKENS, ranks_scene, scrub_scene

EPOCHS, N, V = 5, 40, 6
_rng = np.random.default_rng(0)
LABELS = _rng.integers(0, V, N)
# From knowing nothing to being sure, and often wrong.
LOGITS = np.arange(EPOCHS + 1)[:, None, None] * (_rng.normal(0, 2, (N, V)) + np.eye(V)[LABELS] * 2)


def log_softmax(z, temperature=1.0):
    return special.log_softmax(z / temperature, axis=-1)


def textbook(z):
    z = np.float32(z)
    return np.log(np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True))


def mean_of_means(ranks):
    return np.mean([r.mean() for r in ranks])


def mean_of_tokens(ranks):
    return np.concatenate(ranks).mean()


def at(epoch=EPOCHS, threshold=-4.0, temperature=1.0, lens=LENS):
    z = {f"logit_{k}": v for k, v in enumerate(lens, start=1)}
    return {"epoch": epoch, "threshold": threshold, "temperature": temperature, **z}


def scrubbed(function=log_softmax, **values):
    return scrub_scene(function, LOGITS, LABELS, at(**values))


def held(tokens=TOKENS, means=MEANS):
    pairs = enumerate(zip(tokens, means, strict=True), start=1)
    return {k: v for r, (n, m) in pairs for k, v in ((f"tokens_{r}", n), (f"mean_{r}", m))}


def averaged(*functions, **values):
    return ranks_scene(functions or (mean_of_means, mean_of_tokens), held(**values))


def readout(scene, label):
    (found,) = [r for r in scene.readouts if r.label.startswith(label)]
    return found


# Scrub through the epochs.


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_mean_is_that_of_the_exact_log_probabilities(temperature):
    log_p = exact.log_softmax(LOGITS[3], temperature=temperature)
    truth = float(mpmath.fsum(row[y] for row, y in zip(log_p, LABELS, strict=True)) / N)
    scene = scrubbed(epoch=3, temperature=temperature)
    assert scene.panels[1].line_list[0].y[3] == pytest.approx(truth, rel=1e-13)
    assert scene.panels[1].marks[0].y == pytest.approx(truth, rel=1e-13)
    assert readout(scene, "mean ln p").text.endswith("nats")


@pytest.mark.parametrize("threshold", [-10.0, -4.0, -0.5])
def test_flags_are_the_samples_below_the_threshold(threshold):
    ln_p = special.log_softmax(LOGITS, axis=-1)[:, np.arange(N), LABELS]
    scene = scrubbed(threshold=threshold)
    flagged = (ln_p < threshold).sum(axis=1)
    np.testing.assert_array_equal(scene.panels[2].line_list[0].y, flagged)
    assert readout(scene, "flagged").text == f"{flagged[-1]} of {N}"
    assert scene.panels[0].bands[0].high == threshold
    assert list(scene.panels[0].line_list[1].x) == [threshold, threshold]


def test_the_flags_to_expect_are_those_of_labels_drawn_from_p():
    log_p = special.log_softmax(LOGITS[4], axis=-1)
    rng = np.random.default_rng(1)
    counts = []
    for _ in range(4000):
        y = (log_p + rng.gumbel(size=log_p.shape)).argmax(axis=1)
        counts.append((log_p[np.arange(N), y] < -2).sum())
    expected = float(readout(scrubbed(epoch=4, threshold=-2.0), "flags expected").text)
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.std(counts) / math.sqrt(4000))


def test_who_knows_nothing_is_not_flagged():
    scene = scrubbed(epoch=0)
    assert scene.finding.startswith(f"Epoch 0: 0 of {N} samples lie below −4")
    assert readout(scene, "flags expected").text == "0"
    assert readout(scene, "mean ln p").text == f"−{math.log(V):.4g} nats"


def test_who_knows_nothing_is_flagged_by_a_threshold_above_its_logarithm():
    assert f"{N} of {N} samples" in scrubbed(epoch=0, threshold=-1.5).finding


def test_the_histogram_holds_every_sample_once_the_far_ones_in_the_first_bin():
    ln_p = special.log_softmax(LOGITS[-1] / 0.1, axis=-1)[np.arange(N), LABELS]
    line = scrubbed(temperature=0.1).panels[0].line_list[0]
    heights = np.asarray(line.y)[1:-1:2]
    assert heights.sum() == N
    assert heights[0] == (ln_p < -11.5).sum() > 0
    assert (line.y[0], line.y[-1]) == (0, 0)


def test_the_lens_shows_the_exact_log_probability_of_its_logits():
    z = [1.5, 3.0, -2.0, -2.0, -2.0, -2.0]
    truth = float(exact.log_softmax(np.array(z), temperature=2.0)[0])
    scene = scrubbed(temperature=2.0, lens=(1.5, 3.0, -2.0))
    assert scene.panels[0].marks[0].x == pytest.approx(truth, rel=1e-13)
    assert readout(scene, "ln p of the sample").text == f"−{-truth:.4g} nats"


def test_a_lens_far_below_stands_at_the_end_of_the_axis():
    (mark,) = scrubbed(lens=(-20.0, 20.0, -20.0)).panels[0].marks
    assert mark.x == -12.0
    assert "−40 nats" in readout(scrubbed(lens=(-20.0, 20.0, -20.0)), "ln p of the sample").text


def test_no_temperature_changes_the_accuracy():
    texts = {readout(scrubbed(temperature=t), "accuracy").text for t in (0.1, 1.0, 20.0)}
    assert len(texts) == 1


def test_an_epoch_where_the_textbook_line_overflows_is_told_as_nan():
    scene = scrubbed(textbook, temperature=0.1)
    assert "textbook gives NaN for" in scene.finding
    assert readout(scene, "mean ln p").status is Status.NAN


def test_a_flushed_tail_is_told_as_minus_infinity():
    def softmax_then_log(z):
        with np.errstate(divide="ignore"):
            return np.log(special.softmax(np.float32(z), axis=-1))

    scene = scrubbed(softmax_then_log, temperature=0.05)
    assert "−inf, and the mean is gone" in scene.finding
    assert readout(scene, "mean ln p").status is Status.UNDERFLOW


def test_probabilities_that_do_not_sum_to_one_are_noticed():
    def one_maximum_for_all(z):
        return z - z.max() - np.log(np.exp(z - z.max()).sum())

    scene = scrubbed(one_maximum_for_all)
    assert "the probabilities of one_maximum_for_all do not sum to 1" in scene.finding


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda z: None, "returned None"),
        (lambda z: z.sum(axis=-1), f"an array of shape ({EPOCHS + 1}, {N})"),
        (lambda z: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_function_that_gives_no_log_probabilities_shows_what_it_gave(function, says):
    scene = scrubbed(function)
    assert scene.panels[0].kind == "message"
    assert says in scene.panels[0].error


def test_recorded_logits_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"not \(40, 6\) and \(40,\)"):
        explore.scrub(log_softmax, LOGITS[0], LABELS)
    with pytest.raises(ValueError, match="labels"):
        explore.scrub(log_softmax, LOGITS, LABELS[:3])


# Ranks with unequal counts.


@pytest.mark.parametrize(
    ("tokens", "means"),
    [(TOKENS, MEANS), ((1, 1000, 0), (-6.0, -0.1, -3.0)), ((20, 40, 60), (-1.5, -0.7, 0.0))],
)
def test_the_exact_mean_is_the_token_weighted_one(tokens, means):
    with mpmath.workdps(30):
        total = mpmath.fsum(n * mpmath.mpf(m) for n, m in zip(tokens, means, strict=True))
        truth = float(total / sum(tokens))
    bars = averaged(mean_of_tokens, tokens=tokens, means=means).panels[2].bar_list
    assert bars[0].exact == pytest.approx(truth, rel=1e-14)
    assert bars[0].value == pytest.approx(truth, rel=1e-12)


def test_a_mean_of_means_is_off_by_the_covariance_over_the_mean_count():
    n, mu = np.array(TOKENS), np.array(MEANS)
    error = mu.mean() - (n * mu).sum() / n.sum()
    assert error == pytest.approx(-np.cov(n, mu, bias=True)[0, 1] / n.mean(), rel=1e-12)
    scene = averaged()
    assert readout(scene, "error of a mean of means").text == f"−{-error:.4g} nats"
    assert scene.finding == (
        "The mean is −0.69 nats: mean_of_means is off by 1.48 nats, mean_of_tokens is right"
    )


@pytest.mark.parametrize("values", [{"tokens": (300, 300, 300)}, {"means": (-2.0, -2.0, -2.0)}])
def test_equal_counts_or_equal_means_make_a_mean_of_means_right(values):
    assert "mean_of_means is right, mean_of_tokens is right" in averaged(**values).finding


def test_a_rank_without_tokens_makes_a_mean_of_means_nan():
    scene = averaged(tokens=(900, 80, 0))
    assert "mean_of_means gives NaN, mean_of_tokens is right" in scene.finding
    assert scene.panels[2].bar_list[0].status is Status.NAN


def test_no_token_anywhere_has_no_mean():
    scene = averaged(tokens=(0, 0, 0))
    assert scene.finding == "No rank has a token: there is no mean to find"
    assert readout(scene, "exact mean").status is Status.NAN
    assert scene.panels[2].bar_list[1].exact is None


def test_shares_of_the_tokens_sum_to_one():
    bars = averaged().panels[1].bar_list
    shares = [b.value for b in bars if b.series == "share of the tokens"]
    assert shares == pytest.approx([0.9, 0.08, 0.02])
    assert sum(b.value for b in bars if b.series == "one rank, one vote") == pytest.approx(1)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda ranks: None, "returned None"),
        (lambda ranks: ranks[0], "an array of float64, shape (900,)"),
        (lambda ranks: ranks.mean(), "raised AttributeError"),
    ],
)
def test_a_function_that_gives_no_mean_shows_what_it_gave(function, says):
    assert says in averaged(function).panels[0].error


def test_snippets_recreate_the_values():
    scope = {"np": np}
    exec(averaged().snippet, scope)
    assert [len(r) for r in scope["ranks"]] == list(TOKENS)
    assert [r[0] for r in scope["ranks"]] == list(MEANS)
    exec(scrubbed(temperature=3.0).snippet, scope)
    assert (scope["z"].tolist(), scope["temperature"]) == ([0, 4, -2, -2, -2, -2], 3)


# The explorables.


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (
            lambda: explore.scrub(log_softmax, LOGITS, LABELS),
            ["epoch", "threshold", "temperature", "logit_1", "logit_2", "logit_3"],
        ),
        (
            lambda: explore.ranks(mean_of_means, mean_of_tokens),
            ["tokens_1", "mean_1", "tokens_2", "mean_2", "tokens_3", "mean_3"],
        ),
    ],
    ids=["scrub", "ranks"],
)
def test_each_explorable_has_its_sliders(make, names):
    assert list(make().values) == names


def test_the_scrubber_starts_at_the_last_epoch():
    assert explore.scrub(log_softmax, LOGITS, LABELS).epoch == EPOCHS
    assert explore.scrub(log_softmax, LOGITS, LABELS, epoch=2).epoch == 2


def test_a_value_in_place_of_a_function_is_refused():
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.scrub(log_softmax(LOGITS[0]), LOGITS, LABELS)
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.ranks(mean_of_means, 1.0)
    with pytest.raises(ValueError, match="at least one function"):
        explore.ranks()


@pytest.mark.parametrize(
    "widget",
    [explore.scrub(log_softmax, LOGITS, LABELS), explore.ranks(mean_of_means, mean_of_tokens)],
    ids=["scrub", "ranks"],
)
def test_every_slider_can_stand_at_both_of_its_ends(widget):
    start = starting_values(widget._sliders)
    for slider in widget._sliders:
        for end in (slider.grid()[0], slider.grid()[-1]):
            scene = widget._scene_at({**start, slider.name: end})
            assert "No picture" not in scene.finding
            assert scene.to_dict()


def test_every_scene_can_be_drawn_without_a_browser():
    for scene in (
        scrubbed(),
        scrubbed(epoch=0, lens=(20.0, -20.0, -20.0)),
        scrubbed(textbook, temperature=0.05),
        averaged(),
        averaged(tokens=(0, 0, 0)),
    ):
        png, _ = figure.png(scene)
        assert len(png) > 1000
        assert scene.finding in scene.in_words()
