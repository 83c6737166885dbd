"""The visible checks of lab 8: every rule of the contract, on inputs that may be read here.

Log-probabilities come from the oracle, sums and means from numbers that floats hold exactly. The
two samples of the training run are those of the worked example.
"""

import numpy as np
import pytest

from lnnn import digits, exact
from lnnn.suite import expect
from lnnn.suite.agree import float_type

graded = pytest.mark.graded

NAN, INF = np.nan, np.inf
LOGITS = np.array([[[1.0, 2.0, 3.0], [0.0, 0.0, 2.0]], [[0.5, -1.0, 0.0], [2.0, 2.0, 2.0]]])
TARGETS = np.array([[2, 0], [1, 1]])
# Halves and quarters add up without rounding. Token 9 is the EOS.
LOG_PROBS = np.array(
    [[-1.0, -0.5, -2.0, -0.25], [-2.0, -7.0, -1.5, -4.0], [-1.0, -1.0, -0.5, -3.0]]
)
TOKENS = np.array([[3, 9, 4, 9], [9, 3, 9, 1], [3, 1, 4, 1]])
TOTALS, LENGTHS = (-1.5, -2.0, -5.5), (2, 1, 4)
MASK = np.array([[True, True, True, False], [True, False, True, True], [True, True, True, True]])
LOW = [(0, 2), (1, 0), (1, 3), (2, 3)]  # kept and below -1.75
X, Y = np.array([[0.0], [1.0]]), np.array([0, 1])
STEPPED = np.array([[-0.125, 0.125], [0.0, 0.0]])


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


def scores(lab, logits, targets=TARGETS):
    """token_log_probs picks the oracle's log-probability of each target."""
    log_p, picked = exact.to_float(exact.log_softmax(logits)), np.asarray(targets)
    wanted = [log_p[place][picked[place]] for place in np.ndindex(picked.shape)]
    value = lab.token_log_probs(logits, targets)
    value = expect.array(value, picked.shape, float_type(logits), "the answer")
    expect.close(value, np.reshape(wanted, picked.shape), what="the log-probability")
    return value


def sums(lab, log_probs, tokens=TOKENS, totals=TOTALS, lengths=LENGTHS, eos_id=9):
    """sequence_log_probs gives these totals and these lengths."""
    value = lab.sequence_log_probs(log_probs, tokens, eos_id)
    if not isinstance(value, tuple) or len(value) != 2:
        raise AssertionError("the answer is no tuple of two arrays: totals, lengths")
    found = expect.array(value[0], (len(totals),), float_type(log_probs), "the first, totals,")
    expect.equal(integers(value[1], (len(lengths),), "the second, lengths,"), lengths, "lengths")
    expect.close(found, totals, what="the total")


def integers(value, shape, what):
    """``value`` as an integer array of this shape."""
    kind = getattr(value, "dtype", None)
    if not isinstance(kind, np.dtype) or kind.kind not in "iu":
        raise AssertionError(f"{what} must be an array of integers")
    return expect.array(value, shape, kind, what)


def combines(lab, means, counts, wanted):
    """combine_ranks gives this float."""
    value = expect.scalar(lab.combine_ranks(means, counts), "the answer")
    expect.close(np.float64(value), wanted, what="the mean")


def decides(lab, wanted, losses, **settings):
    """should_stop gives this bool."""
    value = lab.should_stop(losses, **settings)
    if not isinstance(value, bool | np.bool_):
        raise AssertionError(f"the answer is a {type(value).__name__}; expected a bool")
    if value != wanted:
        raise AssertionError(f"for the losses {list(losses)} the answer is {value}, not {wanted}")


def flags(lab, wanted, log_probs, mask=MASK, **settings):
    """flag_outliers lists these places."""
    value = lab.flag_outliers(log_probs, mask, **settings)
    expect.equal(integers(value, (len(wanted), 2), "the answer"), np.reshape(wanted, (-1, 2)))


def trains(lab, X, y, num_classes, **settings):
    """The weights and losses of a run, with the shapes of the contract."""
    run = lab.train_softmax_regression(X, y, num_classes, **settings)
    if not isinstance(run, dict) or not {"weights", "losses"} <= set(run):
        raise AssertionError('the answer is no dict with "weights" and "losses"')
    shape = (np.shape(X)[1] + 1, num_classes)
    weights = expect.array(run["weights"], shape, float_type(X), "weights")
    return weights, expect.floats(
        run["losses"], (settings.get("steps", 200),), np.float64, "losses"
    )


def images(count, scale=1 / 16):
    """The first digits, scaled, and their labels."""
    pixels, labels = digits.load()
    return pixels[:count] * scale, labels[:count]


# ---------------------------------------------------------------------------- token_log_probs


@check(
    "token_log_probs",
    "contract",
    "It is the log-probability of each target, in the float type of the logits",
    "Log-softmax along the last axis, then one entry a place. float64 zeros or a float64 copy "
    "change the type of float32 logits.",
)
def test_token_values(lab):
    scores(lab, LOGITS)
    scores(lab, LOGITS[:1, :, :2], TARGETS[:1] // 2)
    scores(lab, LOGITS.astype(np.float32), TARGETS.astype(np.uint8))
    scores(lab, [[[1, 2, 3], [0, 0, 2], [5, 1, 1]]], [[2, 0, 1]])


@check(
    "token_log_probs",
    "contract",
    "Logits and targets stay as they were",
    "logits -= … changes the caller's array. Make a new one.",
)
def test_token_scores_leave_their_arguments_alone(lab):
    scores(lab, LOGITS.copy(), TARGETS.copy())
    expect.untouched(lab)


@check(
    "token_log_probs",
    "property",
    "A constant on all logits of one place changes nothing",
    "Every place has a maximum of its own.",
)
def test_token_scores_do_not_see_a_shift(lab):
    scores(lab, LOGITS + np.array([[[1000.0], [-500.0]], [[0.0], [250.0]]]))
    expect.quiet(lab)


@check(
    "token_log_probs",
    "stress",
    "Logits of ±1000, of 1e300 and of −inf are no problem, without a warning",
    "From logits to log-probabilities in one step: a probability on the way rounds to 0.",
)
def test_token_scores_of_large_logits(lab):
    scores(lab, np.array([[[0.0, 1000.0, -1000.0], [-1000.0, -999.0, -998.0]]]), TARGETS[:1])
    scores(lab, np.array([[[0.0, 1e300, 1.0], [-1e300, 1.0, -INF]]]), TARGETS[:1])
    scores(lab, np.array([[[0.0, 1.0, -INF], [0.0, 1.0, 2.0]]]), TARGETS[:1])
    expect.quiet(lab)


@check(
    "token_log_probs",
    "reference",
    "The last digits are right when all logits sit far from zero",
    "z − LSE(z) subtracts two large numbers. Shift first, and stay shifted.",
)
def test_token_scores_far_from_zero(lab):
    scores(lab, LOGITS + 1e8)
    scores(lab, (LOGITS + 1e4).astype(np.float32))


@check(
    "token_log_probs",
    "bad input",
    "A target that is no class, or that does not fit, is a ValueError that says targets",
    "NumPy takes −1 for the last class, and stretches a row of targets over the batch.",
)
def test_token_scores_refuse_bad_targets(lab):
    scores(lab, LOGITS)
    for bad in (-1, 3, 0.5):
        with expect.refused("targets", "target"):
            lab.token_log_probs(LOGITS, np.array([[2, 0], [1, bad]]))
    for targets in (TARGETS[:1], TARGETS[:, :1], TARGETS[0]):
        with expect.refused("targets", "target", "logits"):
            lab.token_log_probs(LOGITS, targets)


# ------------------------------------------------------------------------- sequence_log_probs


@check(
    "sequence_log_probs",
    "contract",
    "It sums up to and including the first EOS, and says how many tokens that were",
    "The EOS counts. Position 1 of the first EOS means two tokens.",
)
def test_sequence_values(lab):
    sums(lab, LOG_PROBS)
    sums(lab, LOG_PROBS.astype(np.float32))
    sums(lab, LOG_PROBS[:2].tolist(), TOKENS[:2].tolist(), TOTALS[:2], LENGTHS[:2])


@check(
    "sequence_log_probs",
    "property",
    "An EOS at the first place gives length 1; no EOS gives all of it",
    "argmax of a row of False is 0. Ask first whether there is an EOS at all.",
)
def test_sequences_at_the_edges(lab):
    sums(lab, LOG_PROBS[1:], TOKENS[1:], TOTALS[1:], LENGTHS[1:])
    sums(lab, LOG_PROBS, TOKENS, (-3.75, -14.5, -5.5), (4, 4, 4), eos_id=0)
    sums(lab, LOG_PROBS[:1], np.array([[3, 4, 4, 0]]), (-3.75,), (4,), eos_id=0)


@check(
    "sequence_log_probs",
    "stress",
    "NaN and −inf after the EOS have no effect, without a warning",
    "NaN times 0 is NaN: choose what is summed, do not multiply it away.",
)
def test_sequences_with_rubbish_after_the_eos(lab):
    rubbish = LOG_PROBS.copy()
    rubbish[0, 2:], rubbish[1, 1:] = NAN, -INF
    sums(lab, rubbish)
    expect.quiet(lab)


@check(
    "sequence_log_probs",
    "stress",
    "A −inf or a NaN before the EOS shows in the total",
    "np.nansum hides the NaN that you should hear of.",
)
def test_sequences_do_not_hide_what_counts(lab):
    bad = LOG_PROBS.copy()
    bad[0, 0], bad[2, 3] = NAN, -INF
    sums(lab, bad, totals=(NAN, -2.0, -INF))


@check(
    "sequence_log_probs",
    "contract",
    "Both arrays stay as they were",
    "Writing zeros behind the EOS changes the caller's array.",
)
def test_sequences_leave_their_arguments_alone(lab):
    sums(lab, LOG_PROBS.copy(), TOKENS.copy())
    expect.untouched(lab)


@check(
    "sequence_log_probs",
    "bad input",
    "Shapes that differ are a ValueError that says tokens or log_probs",
    "NumPy stretches one row of tokens over the whole batch. Compare the shapes.",
)
def test_sequences_refuse_other_shapes(lab):
    sums(lab, LOG_PROBS)
    for tokens in (TOKENS[:1], TOKENS[:, :3], TOKENS[:2]):
        with expect.refused("tokens", "log_probs"):
            lab.sequence_log_probs(LOG_PROBS, tokens, 9)


# ------------------------------------------------------------------------------ combine_ranks


@check(
    "combine_ranks",
    "contract",
    "It is the mean of all tokens, as a float",
    "Each mean counts as often as it has tokens. Divide by the tokens, not by the ranks.",
)
def test_combined_values(lab):
    combines(lab, np.array([-0.5, -2.5]), np.array([900, 100]), -0.7)
    combines(lab, [-0.5, -2.5, -1.0], [100, 100, 200], -1.25)
    combines(lab, np.array([-3.25]), np.array([7]), -3.25)
    expect.untouched(lab)


@check(
    "combine_ranks",
    "property",
    "Equal counts give the plain mean; a split rank changes nothing",
    "If a rank of 900 and two of 450 differ, the ranks are counted and not the tokens.",
)
def test_combined_in_parts(lab):
    combines(lab, [-1.0, -2.0, -6.0], [5, 5, 5], -3.0)
    combines(lab, [-0.5, -0.5, -2.5], [450, 450, 100], -0.7)


@check(
    "combine_ranks",
    "stress",
    "A rank with no token has no effect, even when its mean is NaN, without a warning",
    "NaN times 0 is NaN. Leave out the ranks with count 0 before you multiply.",
)
def test_combined_with_an_empty_rank(lab):
    for mean in (NAN, -INF, -100.0):
        combines(lab, np.array([-0.5, mean, -2.5]), np.array([900, 0, 100]), -0.7)
        expect.quiet(lab)
    combines(lab, np.array([-0.5, NAN, -2.5]), np.array([900, 1, 100]), NAN)


@check(
    "combine_ranks",
    "reference",
    "Integers are computed in float64",
    "A product of two 32-bit integers wraps around without a word.",
)
def test_combined_integers(lab):
    means, counts = np.array([-3, -5], np.int32), np.array([10**9, 10**9], np.int32)
    combines(lab, means, counts, -4.0)


@check(
    "combine_ranks",
    "bad input",
    "No token, a negative count or another number of counts is a ValueError that says counts",
    "0/0 is NaN and a warning. There is no such mean: say so.",
)
def test_combine_refuses_bad_counts(lab):
    combines(lab, [-0.5, -2.5], [900, 100], -0.7)
    for means, counts in (([-1.0, NAN], [0, 0]), ([], []), ([-1.0, -2.0], [5, -1])):
        with expect.refused("counts", "count"):
            lab.combine_ranks(np.array(means), np.array(counts, dtype=int))
    with expect.refused("counts", "count", "means"):
        lab.combine_ranks(np.array([-1.0, -2.0]), np.array([5]))


# -------------------------------------------------------------------------------- should_stop


@check(
    "should_stop",
    "contract",
    "True when the last epochs brought no progress, else False: a bool",
    "Go through the epochs with a reference and a count. Losses should fall.",
)
def test_stop_decisions(lab):
    decides(lab, True, [2.0, 1.0, 1.0, 1.0, 1.0])
    decides(lab, False, [2.0, 1.0, 1.0, 1.0])
    decides(lab, False, np.array([2.0, 1.5, 1.0, 0.5, 0.25]))
    decides(lab, True, np.array([1.0, 2.0, 3.0]), patience=2)
    expect.untouched(lab)


@check(
    "should_stop",
    "property",
    "The reference moves only when the loss has fallen by min_delta: small steps add up",
    "Compare with the last loss that counted. The epoch before and the best loss are others.",
)
def test_stop_adds_small_steps_up(lab):
    slow = 2 - 0.375 * np.arange(5)
    decides(lab, False, slow, min_delta=0.5, patience=2)
    decides(lab, True, slow[:2], min_delta=0.5, patience=1)
    decides(lab, False, [2.0, 2.5, 2.0, 1.0], min_delta=0.5, patience=2)


@check(
    "should_stop",
    "property",
    "Only the count after the last epoch decides",
    "A run that was idle once and then went on is not over: do not return inside the loop.",
)
def test_stop_looks_at_the_end(lab):
    decides(lab, False, [1.0, 1.0, 1.0, 1.0, 1.0, 0.5])
    decides(lab, False, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5])
    decides(lab, True, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5])


@check(
    "should_stop",
    "stress",
    "A loss exactly min_delta below the reference is no progress; no loss at all is False",
    "Below is meant strictly. An empty list has no first loss: ask before you take it.",
)
def test_stop_at_the_edges(lab):
    decides(lab, True, [2.0, 1.5], min_delta=0.5, patience=1)
    decides(lab, False, [2.0, 1.375], min_delta=0.5, patience=1)
    decides(lab, False, [])
    decides(lab, False, [0.5], patience=1)
    decides(lab, False, [INF, 1.0], patience=1)


@check(
    "should_stop",
    "bad input",
    "A NaN among the losses is a ValueError that says losses",
    "NaN is below nothing, so it looks like an idle epoch. Ask for it by name.",
)
def test_stop_refuses_nan(lab):
    decides(lab, True, [2.0, 1.0, 1.0, 1.0, 1.0])
    for losses in ([NAN, 1.0], [1.0, NAN, 0.5], [1.0, NAN]):
        with expect.refused("losses", "loss"):
            lab.should_stop(np.array(losses))


# ------------------------------------------------------------------------------ flag_outliers


@check(
    "flag_outliers",
    "contract",
    "It lists the kept places below the threshold, in reading order, as integers (n, 2)",
    "np.argwhere gives pairs, one a row. np.where gives two arrays, one an axis.",
)
def test_flagged_places(lab):
    flags(lab, LOW, LOG_PROBS, threshold=-1.75)
    flags(lab, [(1, 1)], LOG_PROBS, np.ones((3, 4), bool))
    flags(lab, [(0, 0), (0, 1)], [[-5.0, -6.0, -7.0]], [[True, True, False]])
    expect.untouched(lab)


@check(
    "flag_outliers",
    "contract",
    "No place to flag gives an integer array of shape (0, 2)",
    "np.array([]) is float64 and has the shape (0,).",
)
def test_nothing_to_flag(lab):
    flags(lab, LOW, LOG_PROBS, threshold=-1.75)
    flags(lab, [], LOG_PROBS)


@check(
    "flag_outliers",
    "property",
    "Padding is never flagged, whatever stands there",
    "Look at the mask and the threshold together. A 0 in place of padding may lie below it.",
)
def test_padding_is_not_flagged(lab):
    padded = LOG_PROBS.copy()
    padded[0, 3], padded[1, 1] = -INF, NAN
    flags(lab, LOW, padded, threshold=-1.75)
    expect.quiet(lab)
    flags(lab, [(0, 1)], np.array([[2.0, 0.5, 0.25]]), np.array([[True, True, False]]), threshold=1)


@check(
    "flag_outliers",
    "stress",
    "A value at the threshold is not flagged, and a kept −inf always is",
    "Below is meant strictly; the threshold is −4 unless told otherwise.",
)
def test_flags_at_the_edges(lab):
    edge = np.array([[-4.0, np.nextafter(-4.0, -5.0), -INF, -3.0]])
    flags(lab, [(0, 1), (0, 2)], edge, np.ones((1, 4), bool))
    expect.quiet(lab)


@check(
    "flag_outliers",
    "bad input",
    "A mask of another shape is a ValueError that says mask or log_probs",
    "NumPy stretches a mask of one row over the batch. Compare the shapes.",
)
def test_flags_refuse_another_mask(lab):
    flags(lab, LOW, LOG_PROBS, threshold=-1.75)
    for mask in (MASK[:1], MASK[:, :1], MASK[:, :3]):
        with expect.refused("mask", "log_probs"):
            lab.flag_outliers(LOG_PROBS, mask)


# ------------------------------------------------------------------- train_softmax_regression


@check(
    "train_softmax_regression",
    "gradient",
    "One step is the worked example: learning_rate times the mean gradient, biases in the last row",
    "p − onehot over N samples, times the features; the bias is the weight of a feature that is 1.",
)
def test_one_training_step(lab):
    weights, losses = trains(lab, X, Y, 2, steps=1)
    expect.close(weights, STEPPED, what="the weight")
    expect.close(losses, [np.log(2)], what="the loss")
    weights, _ = trains(lab, X, np.array([1, 1]), 2, steps=1, learning_rate=1.0)
    expect.close(weights, [[-0.25, 0.25], [-0.5, 0.5]], what="the weight")


@check(
    "train_softmax_regression",
    "contract",
    "Each loss is taken before its step; there are 200 unless told otherwise",
    "Write the loss down first, then move the weights. The first one is ln V.",
)
def test_training_losses(lab):
    _, losses = trains(lab, X, Y, 2, steps=2)
    log_p = exact.to_float(exact.log_softmax([[0.0, 0.0], [-0.125, 0.125]]))
    expect.close(losses, [np.log(2), -(log_p[0, 0] + log_p[1, 1]) / 2], what="the loss")
    _, losses = trains(lab, X, Y, 2)
    expect.close(losses[:1], [np.log(2)], what="the first loss")


@check(
    "train_softmax_regression",
    "contract",
    "float32 features give float32 weights, integers float64; X and y stay as they were",
    "np.ones and np.zeros are float64 unless you say otherwise.",
)
def test_training_types(lab):
    weights, _ = trains(lab, X.astype(np.float32), Y, 2, steps=1)
    expect.close(weights, STEPPED, what="the weight")
    expect.untouched(lab)
    weights, _ = trains(lab, X.astype(np.uint8), Y.astype(np.uint8), 2, steps=1)
    expect.close(weights, STEPPED, what="the weight")


@check(
    "train_softmax_regression",
    "property",
    "On 300 real digits the loss starts at ln 10 and falls with every step",
    "A loss that rises here has the sign of the gradient wrong, or a sum in place of the mean.",
)
def test_training_on_digits(lab):
    _, losses = trains(lab, *images(300), 10, steps=20)
    expect.close(losses[:1], [np.log(10)], what="the first loss")
    if not (np.diff(losses) < 0).all():
        raise AssertionError("the loss rises from one step to the next")


@check(
    "train_softmax_regression",
    "property",
    "Trained on 300 digits, it reads more than 80 % of the others",
    "Guessing gives 10 %. Are the labels on the right rows, and the biases in the last?",
)
def test_trained_on_digits(lab):
    features, labels = images(1797)
    weights, _ = trains(lab, features[1000:1300], labels[1000:1300], 10, steps=40)
    answers = (features[:1000] @ weights[:-1] + weights[-1]).argmax(axis=1)
    right = (answers == labels[:1000]).mean()
    if not right > 0.8:
        raise AssertionError(f"{right:.0%} of the digits are read right")


@check(
    "train_softmax_regression",
    "stress",
    "Features a thousand times as large: all weights and losses finite in float32, silently",
    "e^100000 is inf. The loss may be huge, and log-softmax in one step gives it.",
)
def test_training_on_large_features(lab):
    features, labels = images(300, 1000 / 16)
    weights, losses = trains(lab, features.astype(np.float32), labels, 10, steps=10)
    expect.quiet(lab)
    expect.finite(weights, "weights")
    expect.finite(losses, "losses")
    expect.close(np.float32(losses[:1]), [np.log(10)], what="the first loss")
    if not losses.max() > 1000:
        raise AssertionError("the losses are cut off: a wrong and sure model costs thousands here")


@check(
    "train_softmax_regression",
    "bad input",
    "Labels that are no classes, or do not fit X, are a ValueError that says y",
    "NumPy takes −1 for the last class, silently, and trains on it.",
)
def test_training_refuses_bad_labels(lab):
    expect.close(trains(lab, X, Y, 2, steps=1)[0], STEPPED, what="the weight")
    for labels in ([0, -1], [0, 2], [0, 0.5]):
        with expect.refused("y", "label", "labels"):
            lab.train_softmax_regression(X, np.array(labels), 2)
    for labels in ([0], [0, 1, 1]):
        with expect.refused("y", "X", "label", "labels"):
            lab.train_softmax_regression(X, np.array(labels), 2)
