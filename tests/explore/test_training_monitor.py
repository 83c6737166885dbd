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
from lnnn.explore.training_monitor import (
    ENDS,
    LENS,
    MEANS,
    PLACES,
    TOKENS,
    ranks_scene,
    score_sequence_scene,
    scrub_scene,
)

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
    exec(scored(temperature=2.0, threshold=-1.5).snippet, scope)
    assert scope["logits"][0, 1].tolist() == [0, 0.5, 0]
    assert (scope["targets"].tolist(), scope["threshold"]) == ([[1, 2, 1, 2, 0]], -1.5)


# The score of a sequence.


def token_log_probs(logits, targets):
    table = special.log_softmax(logits, axis=-1)
    return np.take_along_axis(table, targets[..., None], axis=-1)[..., 0]


def sequence_log_probs(log_probs, tokens, eos):
    ends = tokens == eos
    lengths = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, tokens.shape[1])
    counts = np.arange(tokens.shape[1]) < lengths[:, None]
    return np.where(counts, log_probs, 0).sum(axis=1), lengths


def flag_outliers(log_probs, mask, threshold):
    return np.argwhere(mask & (log_probs < threshold))


def to_the_end(log_probs, tokens, eos):
    return log_probs.sum(axis=1), np.full(len(tokens), tokens.shape[1])


def flag_all(log_probs, mask, threshold):
    return np.argwhere(log_probs < threshold)


def softmax_then_log(logits, targets):
    with np.errstate(divide="ignore"):
        return np.log(np.exp(token_log_probs(logits, targets)))


def scored(
    tokens=token_log_probs,
    totals=sequence_log_probs,
    flags=flag_outliers,
    logits=(0.0, 1.0, 0.0),
    temperature=1.0,
    threshold=-4.0,
    eos="5",
):
    z = {f"logit_{k}": v for k, v in enumerate(logits, start=1)}
    values = {**z, "temperature": temperature, "threshold": threshold, "eos": eos}
    return score_sequence_scene(tokens, totals, flags, values)


@pytest.mark.parametrize(("eos", "length"), [("2", 2), ("5", 5), ("nowhere", 5)])
@pytest.mark.parametrize("temperature", [0.01, 1.0, 20.0])
@pytest.mark.parametrize("logits", [(0.0, 1.0, 0.0), (-20.0, 20.0, -20.0)])
def test_each_token_and_the_total_are_those_of_mpmath(logits, temperature, eos, length):
    right = []
    with mpmath.workdps(50):
        for place, k in zip((PLACES[0], logits, *PLACES[2:]), ENDS[eos], strict=True):
            z = [mpmath.mpf(v) / mpmath.mpf(temperature) for v in place]
            right.append(float(z[k] - mpmath.log(mpmath.fsum(map(mpmath.exp, z)))))
        total = float(mpmath.fsum(right[:length]))
    scene = scored(logits=logits, temperature=temperature, eos=eos)
    bars = scene.panels[0].bar_list
    assert [b.exact for b in bars] == pytest.approx(right, rel=1e-12)
    assert [b.value for b in bars] == pytest.approx(right, rel=1e-9, abs=1e-12)
    shown = f"{total:.4g} nats".replace("-", "−")
    flagged = [t + 1 for t in range(length) if right[t] < -4]
    count = f"{len(flagged)} of them" if flagged else "no place"
    assert readout(scene, "total").text == shown
    assert readout(scene, "flagged places").text == (", ".join(map(str, flagged)) or "none")
    assert scene.finding == f"{length} tokens count: {shown}, {count} flagged"


def test_the_four_questions_of_lab_08():
    start = scored()
    assert start.finding.endswith("no place flagged")
    # With the EOS at 0 and a at 1, ln p of b is −4 where b stands at ln((1 + e)/(e^4 − 1)) = −2.67.
    assert readout(scored(logits=(0, 1, -2.5)), "flagged").text == "none"
    assert readout(scored(logits=(0, 1, -3.0)), "flagged").text == "2"
    hot = scored(temperature=20.0)
    assert [b.value for b in hot.panels[0].bar_list] == pytest.approx([-math.log(3)] * 5, abs=0.2)
    assert readout(scored(temperature=0.5), "flagged").text == "3"
    ended = scored(temperature=0.5, eos="2")
    assert [b.row for b in ended.panels[0].bar_list][2:] == [
        "3: a, after the end",
        "4: b, after the end",
        "5: a, after the end",
    ]
    assert readout(ended, "tokens that count").text == "2"


def test_a_softmax_before_the_logarithm_loses_the_total_when_it_is_cold():
    assert scored(softmax_then_log).finding == scored().finding
    scene = scored(softmax_then_log, temperature=0.01, logits=(0.0, 20.0, 0.0))
    (lost,) = [b for b in scene.panels[0].bar_list if b.row.startswith("2")]
    assert (lost.status, lost.exact) == (Status.UNDERFLOW, -2000)
    assert scene.finding == ("softmax_then_log says of place 2: −inf nats and should be −2000 nats")
    assert readout(scene, "total").status is Status.UNDERFLOW


def test_the_first_function_that_is_wrong_is_named():
    assert scored(totals=to_the_end, eos="2").finding == (
        "to_the_end counts 5 tokens, and there are 2"
    )
    assert scored(flags=flag_all, eos="2", temperature=0.2).finding.startswith("flag_all flags ")

    def mean(log_probs, tokens, eos):
        totals, lengths = sequence_log_probs(log_probs, tokens, eos)
        return totals / lengths, lengths

    assert scored(totals=mean).finding.startswith("The total is −")
    none = scored(flags=lambda p, m, t: np.empty((0, 2), int), temperature=0.5)
    assert none.finding == "lambda flags no place, and should flag place 3"
    in_float32 = scored(lambda z, y: token_log_probs(np.float32(z), y))
    assert "lambda says of place" in in_float32.finding
    assert in_float32.panels[0].note == "returned float32"


def test_what_is_after_the_end_and_flagged_is_told():
    scene = scored(flags=flag_all, eos="2", temperature=0.2)
    assert "after the end, flagged" in " ".join(b.row for b in scene.panels[0].bar_list)


def test_a_nan_total_is_told_as_nan():
    scene = scored(totals=lambda p, y, e: (np.array([np.nan]), np.array([5])))
    assert scene.finding.startswith("The total is NaN nats and should be −")
    assert readout(scene, "total").status is Status.NAN


@pytest.mark.parametrize(
    ("which", "function", "says"),
    [
        ("tokens", lambda z, y: None, "returned None"),
        ("tokens", lambda z, y: z, "shape (1, 5, 3)"),
        ("totals", lambda p, y, e: None, "returned None. Expected: (totals, lengths)"),
        ("totals", lambda p, y, e: p.sum(axis=1), "shape (1,). Expected: (totals, lengths)"),
        ("totals", lambda p, y, e: (p, y, e), "returned a tuple of 3"),
        ("totals", lambda p, y, e: (p, y), "For the totals lambda returned an array of float64"),
        ("totals", lambda p, y, e: (1.0, y), "For the lengths lambda returned an array of int64"),
        ("flags", lambda p, m, t: None, "returned None. Expected: an array of integers"),
        ("flags", lambda p, m, t: p < t, "an array of bool, shape (1, 5)"),
        ("flags", lambda p, m, t: np.zeros((1, 2)), "an array of float64, shape (1, 2)"),
        ("flags", lambda p, m, t: np.array([[0, 5]]), "returned the pair (0, 5)"),
        ("flags", lambda p, m, t: np.array([[1, 0]]), "The places are (0, 0) to (0, 4)"),
    ],
)
def test_a_function_that_gives_no_score_shows_what_it_gave(which, function, says):
    (panel,) = scored(**{which: function}).panels
    assert panel.kind == "message"
    assert says in panel.error


@pytest.mark.parametrize("which", ["tokens", "totals", "flags"])
def test_an_unwritten_function_shows_what_is_to_be_written(which):
    def unwritten(*arguments):
        raise NotImplementedError("write it")

    (panel,) = scored(**{which: unwritten}).panels
    assert panel.error == "unwritten raised NotImplementedError: write it"


def test_functions_that_write_into_their_arguments_do_no_harm():
    def tokens(z, y):
        z -= 1e3
        y[:] = 0
        return token_log_probs(PLACES[None] * 1.0, np.array([ENDS["5"]]))

    def totals(p, y, e):
        answer = sequence_log_probs(p, y, e)
        p[:], y[:] = 0, 0
        return answer

    scene = scored(tokens, totals, logits=tuple(PLACES[1]))
    assert scene.finding == scored(logits=tuple(PLACES[1])).finding


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
        (
            lambda: explore.score_sequence(token_log_probs, sequence_log_probs, flag_outliers),
            ["logit_1", "logit_2", "logit_3", "temperature", "threshold", "eos"],
        ),
    ],
    ids=["scrub", "ranks", "score_sequence"],
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
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.score_sequence(token_log_probs, sequence_log_probs, [])
    with pytest.raises(ValueError, match="three"):
        explore.score_sequence(
            token_log_probs, sequence_log_probs, flag_outliers, logits=(1.0, 2.0)
        )


@pytest.mark.parametrize(
    "widget",
    [
        explore.scrub(log_softmax, LOGITS, LABELS),
        explore.ranks(mean_of_means, mean_of_tokens),
        explore.score_sequence(token_log_probs, sequence_log_probs, flag_outliers),
    ],
    ids=["scrub", "ranks", "score_sequence"],
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
        scored(temperature=0.01, eos="2"),
        scored(softmax_then_log, temperature=0.01),
        scored(flags=flag_all, threshold=-0.5),
    ):
        png, _ = figure.png(scene)
        assert len(png) > 1000
        assert scene.finding in scene.in_words()
