"""The visible checks of lab 7: every rule of the contract, on inputs that may be read here.

The functions arrive written and wrong, so each check stands alone: on untouched code those of the
fault fail, and the others say what must stay right. Exact values come from the oracle.
"""

import numpy as np
import pytest

from lnnn import exact
from lnnn.suite import expect
from lnnn.suite.agree import float_type

graded = pytest.mark.graded

LOGITS = np.array([[1.0, 2.0, 3.0, 0.0], [0.5, 0.0, -1.0, 2.5]])
TARGETS = np.array([[0.125, 0.25, 0.5, 0.125], [0.0, 0.75, 0.25, 0.0]])
LABELS = np.array([2, 0])
RULED_OUT = np.array([[1.0, 2.0, 3.0, -np.inf], [-np.inf, 0.0, -1.0, -np.inf]])
NOTHING_ASKED = np.array([[0.25, 0.25, 0.5, 0.0], [0.0, 0.75, 0.25, 0.0]])
# Two sequences of length 3, one position of each padded; and two of the second alone.
TOKENS = np.array([[[1.0, 2.0], [0.0, 3.0], [2.0, -1.0]], [[0.5, 4.0], [0.0, 0.0], [1.0, 1.5]]])
TOKEN_LABELS = np.array([[0, 1, 1], [0, 0, 0]])
MASK = np.array([[True, True, False], [True, False, True]])
UNEVEN = np.array([[True, True, True], [True, False, False]])
HALF = np.array([[1.0, 2.5, -3.0, 0.25], [0.5, 0.0, -1.0, 2.0]], np.float16)
# A sum of float32 in blocks of 128: see the contract.
OF_A_SUM = 32 * 2.0**-24


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


def costs(lab, logits, targets):
    """soft_cross_entropy is what the oracle says."""
    wanted = exact.to_float(exact.soft_cross_entropy(logits, targets))
    value = expect.scalar(lab.soft_cross_entropy(logits, targets), "the loss")
    expect.close(float_type(logits).type(value), wanted, what="the loss")


def averages(lab, logits=TOKENS, labels=TOKEN_LABELS, mask=MASK):
    """masked_sequence_cross_entropy is what the oracle says."""
    wanted = exact.to_float(exact.masked_sequence_cross_entropy(logits, labels, mask))
    value = lab.masked_sequence_cross_entropy(logits, labels, mask)
    expect.close(float_type(logits).type(expect.scalar(value, "the loss")), wanted, what="the loss")


def halves(lab, logits, labels, wanted=None, **tolerance):
    """half_precision_cross_entropy is ``wanted``, or what the oracle says."""
    if wanted is None:
        wanted = exact.to_float(exact.cross_entropy(logits, labels))
    value = expect.scalar(lab.half_precision_cross_entropy(logits, labels), "the loss")
    expect.close(np.float32(value), wanted, what="the loss", **tolerance)


def diverges(lab, log_p, log_q, **keywords):
    """kl_divergence is what the oracle says; few terms, so few roundings."""
    wanted = exact.to_float(exact.kl_divergence(log_p, log_q, **keywords))
    value = lab.kl_divergence(log_p, log_q, **keywords)
    value = expect.array(value, wanted.shape, float_type(log_p), "the divergence")
    expect.close(value, wanted, what="the divergence")


def clips(lab, p, eps):
    """clipped_log is what the oracle says; float16 within one spacing of floats, 2^−10."""
    wanted = exact.to_float(exact.clipped_log(p, eps))
    value = expect.array(lab.clipped_log(p, eps), wanted.shape, float_type(p), "the logarithm")
    coarse = 2.0**-10 if value.dtype == np.float16 else 0.0
    wide = value.astype(np.float32) if value.dtype == np.float16 else value
    expect.close(wide, wanted, relative=coarse, what="the logarithm")


# ------------------------------------------------------------------------- soft_cross_entropy


@check(
    "soft_cross_entropy",
    "stress",
    "A class that the target does not ask for costs nothing, also when its logit is −inf",
    "0·∞ is NaN in floats. Take the price of such a class out before you multiply.",
)
def test_a_class_nobody_asks_for(lab):
    costs(lab, RULED_OUT, NOTHING_ASKED)
    costs(lab, RULED_OUT.astype(np.float32), NOTHING_ASKED.astype(np.float32))


@check(
    "soft_cross_entropy",
    "stress",
    "Such a class raises no warning",
    "If the product is formed first and replaced later, NumPy has warned already.",
)
def test_a_class_nobody_asks_for_raises_no_warning(lab):
    costs(lab, RULED_OUT, NOTHING_ASKED)
    expect.quiet(lab)


@check(
    "soft_cross_entropy",
    "stress",
    "A class that the target asks for, and whose logit is −inf, costs +inf",
    "np.nan_to_num and a clipped logarithm put a number there that means nothing.",
)
def test_a_class_asked_for_and_ruled_out(lab):
    costs(lab, LOGITS, TARGETS)
    costs(lab, RULED_OUT, np.full((2, 4), 0.25))


@check(
    "soft_cross_entropy",
    "contract",
    "It is the mean over the batch of −Σ q log p, as a float; the arguments stay as they were",
    "Sum over the classes of a row, then the mean over the rows.",
)
def test_soft_loss_values(lab):
    costs(lab, LOGITS.copy(), TARGETS.copy())
    expect.untouched(lab)
    costs(lab, LOGITS[:1], TARGETS[:1])
    costs(lab, LOGITS.astype(np.float32), TARGETS.astype(np.float32))
    costs(lab, [[1, 2, 3], [2, 0, 1]], [[1, 0, 0], [0, 1, 0]])


@check(
    "soft_cross_entropy",
    "stress",
    "Logits of ±1000, of 1e300 and far from zero lose no digit",
    "The code came with this right. Stay with the shifted logits, and use no probability on the "
    "way and no epsilon.",
)
def test_soft_loss_of_large_logits(lab):
    costs(lab, np.array([[0.0, 1000.0, -1000.0, 0.0], [0.0, 1e300, 0.0, 1.0]]), TARGETS)
    expect.quiet(lab)
    costs(lab, LOGITS + 1e8, TARGETS)


@check(
    "soft_cross_entropy",
    "bad input",
    "Targets outside [0, 1] or NaN, another shape, an empty batch: a ValueError that says targets",
    "NaN compares false with everything: ask whether all targets are inside, and raise if not. "
    "One row of targets broadcasts over a batch in silence.",
)
def test_soft_loss_refuses_bad_targets(lab):
    costs(lab, LOGITS, TARGETS)
    for bad in (-0.25, 1.5, np.nan):
        targets = TARGETS.copy()
        targets[0, 0] = bad
        with expect.refused("targets", "target"):
            lab.soft_cross_entropy(LOGITS, targets)
    for logits, targets in ((LOGITS, TARGETS[:1]), (LOGITS, TARGETS[0]), (LOGITS[:0], TARGETS[:0])):
        with expect.refused("targets", "target", "logits"):
            lab.soft_cross_entropy(logits, targets)


# -------------------------------------------------------------- masked_sequence_cross_entropy


@check(
    "masked_sequence_cross_entropy",
    "contract",
    "Every kept token counts alike, whatever the length of its sequence",
    "The mean of the sequence means is another number. Divide once, by the number of tokens.",
)
def test_every_token_counts_alike(lab):
    averages(lab, mask=UNEVEN)
    averages(lab, mask=~MASK)
    averages(lab, mask=np.array([[True, True, False], [True, True, True]]))


@check(
    "masked_sequence_cross_entropy",
    "property",
    "The label of padding has no effect: −100, or any other number",
    "Take the padding out before the labels are used as indices.",
)
def test_labels_of_padding(lab):
    for junk in (-100, -1, 10_000):
        averages(lab, labels=np.where(MASK, TOKEN_LABELS, junk))


@check(
    "masked_sequence_cross_entropy",
    "property",
    "The logits of padding have no effect: NaN, ±inf, 1e300; no warning",
    "NaN·0 is NaN. Padding has to be left out, not multiplied by 0.",
)
def test_logits_of_padding(lab):
    for junk in (np.nan, np.inf, -np.inf, 1e300):
        averages(lab, np.where(MASK[..., None], TOKENS, junk))
        expect.quiet(lab)


@check(
    "masked_sequence_cross_entropy",
    "stress",
    "A sequence that is all padding counts for nothing, without a warning",
    "If you divide by the length of each sequence, this one has length 0.",
)
def test_a_sequence_of_padding(lab):
    averages(lab, mask=np.array([[True, True, True], [False, False, False]]))
    expect.quiet(lab)


@check(
    "masked_sequence_cross_entropy",
    "contract",
    "It returns a float, also for float32 and for lists; the arguments stay as they were",
    "labels[~mask] = 0 changes the caller's array. Index with the mask: that makes a new one.",
)
def test_masked_loss_types_and_arguments(lab):
    averages(lab, TOKENS.copy(), TOKEN_LABELS.copy(), MASK.copy())
    expect.untouched(lab)
    averages(lab, TOKENS.astype(np.float32), TOKEN_LABELS.astype(np.uint8))
    averages(lab, [[[1, 2], [0, 3]]], [[0, 1]], [[True, False]])


@check(
    "masked_sequence_cross_entropy",
    "stress",
    "Logits of ±1000, and −inf in a class that is not the label, are no problem",
    "Shift every token by its own maximum.",
)
def test_masked_loss_of_large_logits(lab):
    averages(lab, TOKENS * 1000)
    logits = TOKENS.copy()
    logits[0, 0, 1] = -np.inf
    averages(lab, logits)
    expect.quiet(lab)


@check(
    "masked_sequence_cross_entropy",
    "bad input",
    "A bad kept label is a ValueError that says labels; a mask that keeps nothing, one that says "
    "mask",
    "np.maximum(labels, 0) makes class 0 of a label −1, kept or not. Check the labels that are "
    "left when the padding is gone.",
)
def test_masked_loss_refuses_bad_input(lab):
    averages(lab)
    for label in (-1, -100, 2, 0.5):
        labels = TOKEN_LABELS.astype(float if label == 0.5 else int)
        labels[0, 1] = label
        with expect.refused("labels", "label"):
            lab.masked_sequence_cross_entropy(TOKENS, labels, MASK)
    with expect.refused("mask"):
        lab.masked_sequence_cross_entropy(TOKENS, TOKEN_LABELS, np.zeros((2, 3), bool))
    for labels, mask in ((TOKEN_LABELS[:, :2], MASK), (TOKEN_LABELS, MASK[:, :2])):
        with expect.refused("labels", "label", "mask", "logits"):
            lab.masked_sequence_cross_entropy(TOKENS, labels, mask)


# --------------------------------------------------------------- half_precision_cross_entropy


@check(
    "half_precision_cross_entropy",
    "reference",
    "It has the digits of float32, not of float16",
    "A float32 made of a float16 gets no digit back. Convert before anything is computed.",
)
def test_digits_of_float32(lab):
    halves(lab, HALF, [0, 3])
    halves(lab, np.zeros((1, 1000), np.float16), [7])


@check(
    "half_precision_cross_entropy",
    "stress",
    "100 000 classes have a finite loss, without a warning",
    "float16 ends at 65504. A sum of more than that is infinite.",
)
def test_a_hundred_thousand_classes(lab):
    halves(lab, np.zeros((1, 100_000), np.float16), [99_999], np.log(100_000), slack=OF_A_SUM)
    expect.quiet(lab)


@check(
    "half_precision_cross_entropy",
    "stress",
    "60 000 classes at −18 beside one at 0 count together",
    "e^−18 is 1.5e-8, and 0 in float16. Sixty thousand of them are 0.0009.",
)
def test_many_small_classes(lab):
    logits = np.full((1, 60_001), -18, np.float16)
    logits[0, 30_000] = 0
    wanted = np.log1p(60_000 * np.exp(-18.0)) + 18
    halves(lab, logits, [0], wanted, slack=OF_A_SUM)


@check(
    "half_precision_cross_entropy",
    "contract",
    "It returns a float32 scalar, and the arguments stay as they were",
    "np.float32, no Python float and no array. The mean of float32 losses is one.",
)
def test_half_loss_type(lab):
    labels = np.array([1, 0], np.uint8)
    value = lab.half_precision_cross_entropy(HALF, labels)
    expect.untouched(lab)
    if not isinstance(value, np.float32):
        raise AssertionError(f"the loss is a {type(value).__name__}; expected a float32 scalar")


@check(
    "half_precision_cross_entropy",
    "stress",
    "Logits of ±65504 and of −inf are no problem",
    "Their difference is 131008: more than a float16 holds.",
)
def test_the_largest_half_logits(lab):
    logits = np.array([[65504, -65504, 0], [1, -np.inf, 2]], np.float16)
    halves(lab, logits, [1, 0])
    expect.quiet(lab)


@check(
    "half_precision_cross_entropy",
    "bad input",
    "A bad label, another number of labels, an empty batch: a ValueError that says labels",
    "−1 is the last class for NumPy, in silence.",
)
def test_half_loss_refuses_bad_labels(lab):
    halves(lab, HALF, LABELS, relative=1e-3)  # how many digits it has is another rule
    for labels in ([0, -1], [0, 4], [0, 0.5]):
        with expect.refused("labels", "label"):
            lab.half_precision_cross_entropy(HALF, np.array(labels))
    for logits, labels in ((HALF, [0]), (HALF, [0, 1, 2]), (HALF[:0], np.zeros(0, int))):
        with expect.refused("labels", "label", "logits"):
            lab.half_precision_cross_entropy(logits, np.array(labels))


# ------------------------------------------------------------------------------ kl_divergence


LOG_P = np.log([[0.5, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.5]])
LOG_Q = np.log([[0.25, 0.25, 0.25, 0.25], [0.5, 0.125, 0.125, 0.25]])
NEVER = -np.inf
THIRD_NEVER = np.array([np.log(0.25), np.log(0.75), NEVER])


@check(
    "kl_divergence",
    "stress",
    "An outcome with p = 0 contributes 0, whatever q is",
    "−inf·0 is NaN, and so is −inf − (−inf). Take both logarithms out where p is 0.",
)
def test_what_never_happens_contributes_nothing(lab):
    diverges(lab, THIRD_NEVER, np.log([0.25, 0.25, 0.5]))
    diverges(lab, THIRD_NEVER, THIRD_NEVER[[1, 0, 2]])


@check(
    "kl_divergence",
    "stress",
    "Such an outcome raises no warning",
    "np.where evaluates both of its branches: take the infinities out before you subtract.",
)
def test_what_never_happens_raises_no_warning(lab):
    diverges(lab, THIRD_NEVER, np.log([0.25, 0.25, 0.5]))
    expect.quiet(lab)
    diverges(lab, THIRD_NEVER, THIRD_NEVER[[1, 0, 2]])
    expect.quiet(lab)


@check(
    "kl_divergence",
    "stress",
    "q = 0 < p gives +inf, without a warning",
    "No number is large enough for what p allows and q rules out. Leave this infinity alone.",
)
def test_what_q_rules_out_is_infinitely_far(lab):
    diverges(lab, np.log([0.5, 0.5]), np.array([0.0, NEVER]))
    expect.quiet(lab)


@check(
    "kl_divergence",
    "stress",
    "It gives +inf also where p is e^−1000; a small p alone does no harm",
    "e^−1000 rounds to 0, but it is not 0. Ask the logarithm of p.",
)
def test_what_hardly_ever_happens_may_be_infinitely_far(lab):
    diverges(lab, np.array([0.0, -1000.0]), np.log([0.75, 0.25]))
    diverges(lab, np.array([0.0, -1000.0]), np.array([0.0, NEVER]))
    expect.quiet(lab)


@check(
    "kl_divergence",
    "contract",
    "It is Σ p (log p − log q) along any axis; the arguments stay as they were",
    "Hand the axis to the sum. The other way round, from q to p, it is another number.",
)
def test_divergence_values(lab):
    diverges(lab, LOG_P.copy(), LOG_Q.copy())
    expect.untouched(lab)
    diverges(lab, LOG_P, LOG_Q, axis=1)
    for axis in (0, -2):
        diverges(lab, LOG_P.T, LOG_Q.T, axis=axis)
    diverges(lab, LOG_P[0], LOG_P[0])


@check(
    "kl_divergence",
    "contract",
    "float32 stays float32; lists are computed in float64",
    "A constant that is a float64 array drags the answer along.",
)
def test_divergence_types(lab):
    diverges(lab, LOG_P.astype(np.float32), LOG_Q.astype(np.float32))
    diverges(lab, LOG_P.tolist(), LOG_Q.tolist())


@check(
    "kl_divergence",
    "bad input",
    "A value above 0, NaN, or shapes that do not fit: a ValueError that says log_p or log_q",
    "Whoever passes probabilities or logits has values above 0. NaN compares false with "
    "everything: ask whether all values are at most 0.",
)
def test_divergence_refuses_what_is_no_log_probability(lab):
    diverges(lab, LOG_P[0], LOG_Q[0])
    for bad in (0.5, np.nan):
        with expect.refused("log_p"):
            lab.kl_divergence(np.array([bad, -1.0]), np.log([0.5, 0.5]))
        with expect.refused("log_q"):
            lab.kl_divergence(np.log([0.5, 0.5]), np.array([bad, -1.0]))
    with expect.refused("log_p", "log_q"):
        lab.kl_divergence(LOG_P, LOG_Q[:, :3])


# -------------------------------------------------------------------------------- clipped_log


@check(
    "clipped_log",
    "bad input",
    "An eps that rounds to 0 in the type of p is a ValueError that says eps",
    "np.float16(1e-8) is 0. The question has to be asked in the type of p.",
)
def test_a_floor_that_would_not_exist(lab):
    clips(lab, np.array([0.5, 0.0], np.float32), 1e-8)
    for dtype, eps in ((np.float16, 1e-8), (np.float32, 1e-46), (np.float64, 0.0)):
        with expect.refused("eps"):
            lab.clipped_log(np.array([0.5, 0.25, 0.0], dtype), eps)


@check(
    "clipped_log",
    "bad input",
    "An eps that is negative or NaN is a ValueError that says eps",
    "Ask whether it is above 0, and raise if not.",
)
def test_a_floor_below_zero(lab):
    clips(lab, np.array([0.5, 0.0]), 0.25)
    for eps in (-1e-3, np.nan):
        with expect.refused("eps"):
            lab.clipped_log(np.array([0.5, 0.25]), eps)


@check(
    "clipped_log",
    "contract",
    "It is ln(max(p, eps)) in every element; p stays as it was",
    "A maximum, no sum: p + eps moves every value.",
)
def test_clipped_values(lab):
    clips(lab, np.array([[1.0, 0.5, 0.125], [0.0, 1e-9, 0.0625]]), 2.0**-5)
    expect.untouched(lab)
    expect.quiet(lab)
    clips(lab, np.array([0.0, 1e-300, 1.0]), 1e-12)


@check(
    "clipped_log",
    "contract",
    "float16 and float32 stay what they are, also when eps is a NumPy float64",
    "np.maximum of a float32 array and an np.float64 is float64. Convert eps first.",
)
def test_clipped_types(lab):
    for dtype in (np.float16, np.float32, np.float64):
        clips(lab, np.array([1.0, 0.375, 0.0], dtype), 2.0**-6)
        clips(lab, np.array([1.0, 0.375, 0.0], dtype), np.float64(2.0**-6))
    clips(lab, [1, 0], 0.5)


@check(
    "clipped_log",
    "stress",
    "The smallest floors that a type can hold are accepted, and NaN stays NaN",
    "Refuse only what is 0. np.fmax and a comparison with > turn NaN into the floor.",
)
def test_the_smallest_floors(lab):
    clips(lab, np.array([1.0, 0.0], np.float16), 2.0**-24)
    clips(lab, np.array([1.0, 0.0], np.float32), 1e-40)
    clips(lab, np.array([np.nan, 0.5]), 1e-8)
    expect.quiet(lab)
