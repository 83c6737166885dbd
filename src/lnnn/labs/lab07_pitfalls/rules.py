"""The rules of lab 7, pitfalls: 100 points over five functions, with what only the grader asks.

The functions arrive written and wrong. Much of what they do is right, and nobody earns points for
what came with the lab. So each function has one rule about its fault, the first of its rules. The
grader counts the others once that fault is out; in the notebook each rule stands alone.

Rules about the idea compare three digits of half precision, six of the others.

Where the tolerances come from, beside the course's contract (``expect``)
- ``half_precision_cross_entropy``: that of float32. A logit held in float32 is exact, and so
  is a difference of two up to a rounding. A sum of V ≤ 100 000 terms in NumPy's order (8 partial
  sums over blocks of 128, blocks in pairs) takes 16 + 3 + log2(V/128) < 29 roundings of 2^-24; exp
  and log take 3. Together 32 · 2^-24 = 2e-6 of the sum, which is absolute in its logarithm. It is
  granted on top for V in the tens of thousands.
  Its digits are the fault's own rule and those of category reference and stress. Rules about the
  idea compare three digits: 8 roundings of float16, 8 · 2^-11 = 4e-3.
- ``kl_divergence``: terms of both signs may cancel, so the contract grants (V + 4)·eps·Σ p|log p −
  log q|: (V − 1)/2 for a sum in any order, 1 for a difference and a product, 2.6 for an exponential
  of float32 in NumPy's own bounds.
- ``clipped_log`` in float16: one spacing of floats, 2^-10 relative, and 2^-24 absolute, the
  smallest float16."""

import numpy as np

from lnnn.messages import _
from lnnn.suite import expect, oracle
from lnnn.suite.agree import ROUGHLY, float_type
from lnnn.suite.rule import given, rule

SOFT = "soft_cross_entropy"
SEQUENCE = "masked_sequence_cross_entropy"
HALF = "half_precision_cross_entropy"
KL = "kl_divergence"
CLIPPED = "clipped_log"

TWICE_ROUGHLY = {name: 2 * wide for name, wide in ROUGHLY.items()}  # of two answers
THREE_DIGITS = {"relative": 4e-3, "absolute": 4e-3}
HALF_SPACING = {"relative": 2.0**-10, "absolute": 2.0**-24}
OF_A_SUM = {"slack": 32 * 2.0**-24}


# ------------------------------------------------------------------------------- comparing
def agrees(lab, function, *inputs, **more):
    """Call the student's ``function`` and compare with the exact answer; the student's answer.

    ``strict``: a type that the contract does not ask for is wrong too. ``wanted`` is a loss that is
    known without the oracle. ``axis`` is passed on; the rest widens the tolerance, see
    ``expect.close``. Raises AssertionError, in words for the student, where the answer is wrong."""
    compare = {KL: _divergence, CLIPPED: _logarithms}.get(function, _loss)
    return compare(lab, function, *inputs, **more)


def roughly(lab, function, *inputs, **more):
    """Like ``agrees``, to as many digits as a rule about the idea compares."""
    return agrees(lab, function, *inputs, **(THREE_DIGITS if function == HALF else ROUGHLY) | more)


def refuses(lab, function, good, bad, *names):
    """A right value for the arguments ``good``; for ``bad`` a ValueError that names an argument."""
    roughly(lab, function, *good)
    expect.refuses(getattr(lab, function), *bad, names=names)


def _loss(lab, function, *inputs, strict=False, wanted=None, **tolerance):
    if wanted is None:
        exactly = oracle.cross_entropy if function == HALF else getattr(oracle, function)
        wanted = exactly(*inputs)
    value = getattr(lab, function)(*inputs)
    dtype = np.result_type(float_type(inputs[0]), np.float32)  # a loss is never float16
    value = dtype.type((expect.scalar if strict else expect.number)(value, "the loss"))
    expect.close(value, wanted, what="the loss", **tolerance)
    return value


def _divergence(lab, function, log_p, log_q, strict=False, **more):
    axis = {"axis": more.pop("axis")} if "axis" in more else {}
    along, dtype = axis.get("axis", -1), float_type(log_p)
    wanted = oracle.kl_divergence(log_p, log_q, **axis)
    with np.errstate(invalid="ignore"):
        sizes = np.exp(log_p) * np.abs(np.subtract(log_p, log_q, dtype=np.float64))
    sizes = np.where(np.isfinite(sizes), sizes, 0).sum(axis=along)
    slack = (np.shape(log_p)[along] + 4) * float(np.finfo(dtype).eps) * sizes
    of_type = expect.array if strict else expect.floats
    value = of_type(lab.kl_divergence(log_p, log_q, **axis), wanted.shape, dtype, "the divergence")
    expect.close(value, wanted, slack=slack, what="the divergence", **more)
    return value


def _logarithms(lab, function, p, eps, strict=False, **tolerance):
    wanted = oracle.clipped_log(p, eps)
    of_type = expect.array if strict else expect.floats
    value = of_type(lab.clipped_log(p, eps), wanted.shape, float_type(p), "the logarithm")
    if value.dtype == np.float16:
        value = value.astype(np.float32)
        tolerance = {k: max(wide, tolerance.get(k, 0)) for k, wide in HALF_SPACING.items()}
    expect.close(value, wanted, what="the logarithm", **tolerance)


def spoilt(array, at, bad):
    """A copy with ``bad`` in one place; of floats if ``bad`` is one."""
    copy = array.astype(float if isinstance(bad, float) else array.dtype)
    copy[at] = bad
    return copy


NAN, INF, F32 = np.nan, np.inf, np.float32

LOGITS = np.array([[1.0, 2.0, 3.0, 0.0], [0.5, 0.0, -1.0, 2.5]])
TARGETS = np.array([[0.125, 0.25, 0.5, 0.125], [0.0, 0.75, 0.25, 0.0]])
RULED_OUT = np.array([[1.0, 2.0, 3.0, -INF], [-INF, 0.0, -1.0, -INF]])
NOT_ASKED = np.array([[0.25, 0.25, 0.5, 0.0], [0.0, 0.75, 0.25, 0.0]])
SURE = np.array([[0.0, 1000.0, -1000.0, 0.0], [0.0, 1e300, 0.0, 1.0]])
# Two sequences of length 3, one position of each padded.
TOKENS = np.array([[[1.0, 2.0], [0.0, 3.0], [2.0, -1.0]], [[0.5, 4.0], [0.0, 0.0], [1.0, 1.5]]])
CLASSES = np.array([[0, 1, 1], [0, 0, 0]])
MASK = np.array([[True, True, False], [True, False, True]])
KEPT = TOKENS, CLASSES, MASK
HALVES = np.array([[1.0, 2.5, -3.0, 0.25], [0.5, 0.0, -1.0, 2.0]], np.float16)
LABELS = np.array([1, 0], np.uint8)
LOG_P = np.log([[0.5, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.5]])
LOG_Q = np.log([[0.25, 0.25, 0.25, 0.25], [0.5, 0.125, 0.125, 0.25]])
FAIR = np.log([0.5, 0.5])
NEVER = np.array([np.log(0.25), np.log(0.75), -INF])
P = np.array([1.0, 0.375, 0.0])
LADDER = np.array([[1.0, 0.5, 0.125], [0.0, 1e-9, 0.0625]])


# ----------------------------------------------------------------------- soft_cross_entropy (22)

PLAIN, RARE = given(LOGITS, TARGETS), given(RULED_OUT, NOT_ASKED)
NOBODY_ASKS = [RARE, given(RULED_OUT.astype(F32), NOT_ASKED.astype(F32))]


@rule(SOFT, "stress", points=5, fault=True, examples=NOBODY_ASKS)
def a_class_that_nobody_asks_for_costs_nothing(lab, logits, targets):
    """A class that the target does not ask for costs nothing, also when its logit is −inf

    0·∞ is NaN in floats, and one NaN makes the whole loss NaN. The price of a class whose target is
    0 has to leave before it is multiplied. An epsilon in the logarithm is no cure: it changes every
    other price."""
    roughly(lab, SOFT, logits, targets)


@rule(SOFT, "contract", points=2, examples=[PLAIN, given(LOGITS[:1], TARGETS[:1])])
def the_soft_loss_is_the_mean_of_the_weighed_prices(lab, logits, targets):
    """It is the mean over the batch of −Σ q log p

    Multiply and sum over the classes of a row, then take the mean over the rows. A mean over the
    classes is too small by the factor V, a sum over the batch too large by B."""
    roughly(lab, SOFT, logits, targets)


@rule(SOFT, "property", points=2)
def the_soft_loss_is_linear_in_the_target(lab, logits, onehot, targets):
    """A one-hot target gives the plain cross-entropy, and a mixture of two targets the same mixture
    of their losses

    The loss is a straight line in the target, whatever the target sums to: weights that sum to 0.3
    or 4 are neither refused nor mended. A target that is normalised, clipped, rounded or put
    through a softmax bends it."""
    hard, soft = (roughly(lab, SOFT, logits, q) for q in (onehot, targets))
    mixed = roughly(lab, SOFT, logits, 0.75 * onehot + 0.25 * targets)
    expect.close(mixed, 0.75 * hard + 0.25 * soft, what="the mixed loss", **TWICE_ROUGHLY)


@rule(SOFT, "property", points=1)
def the_soft_loss_is_lowest_at_the_target(lab, logits, others, targets):
    """It is lowest where the model says the target, and there it is the target's entropy; a
    constant on all logits of a row changes nothing

    Take the logarithms of the target for logits: no other logits may give less. If they do, the sum
    leaves out something that it should not."""
    lowest = roughly(lab, SOFT, logits, targets)
    above = roughly(lab, SOFT, others, targets) >= lowest - 1e-6
    expect.that(above, _("another model has a loss below the entropy of the target"))


# ------------------------------------------------------------ masked_sequence_cross_entropy (27)

UNEVEN = [[[1, 1, 1], [1, 0, 0]], ~MASK, [[1, 1, 0], [1, 1, 1]]]
LENGTHS = [given(TOKENS, CLASSES, np.array(mask, bool)) for mask in UNEVEN]
JUNK_LABELS = [given(TOKENS, np.where(MASK, CLASSES, y), MASK) for y in (-100, -1, 10_000)]
JUNK = (np.where(MASK[..., None], TOKENS, junk) for junk in (NAN, INF, -INF, 1e300))
JUNK_LOGITS = [given(logits, CLASSES, MASK) for logits in JUNK]
ALL_PADDING = [given(TOKENS, CLASSES, np.array([[True] * 3, [False] * 3]))]
NOTHING_KEPT = [given(KEPT, (TOKENS, CLASSES, np.zeros((2, 3), bool)))]


@rule(SEQUENCE, "contract", points=6, fault=True, examples=LENGTHS)
def every_kept_token_counts_alike(lab, logits, labels, mask):
    """Every kept token counts alike, whatever the length of its sequence

    A mean over each sequence and then over the sequences gives a token in a short sequence more
    weight. Sum the losses of all kept tokens and divide once, by their number: not by B, and not by
    B times L."""
    roughly(lab, SEQUENCE, logits, labels, mask)


@rule(SEQUENCE, "property", points=2, examples=JUNK_LABELS)
def the_label_of_padding_has_no_effect(lab, logits, labels, mask):
    """The label of padding has no effect: −100, −1 or beyond the last class

    A label of −100 is an index out of range where there are fewer classes, one of −1 the last
    class. Leave the padding out before the labels are used as indices, and before they are
    checked."""
    roughly(lab, SEQUENCE, logits, labels, mask)


@rule(SEQUENCE, "property", points=3, examples=JUNK_LOGITS)
def the_logits_of_padding_have_no_effect(lab, logits, labels, mask):
    """The logits of padding have no effect: NaN, ±inf or 1e300

    NaN·0 is NaN and inf·0 is NaN, so a mask that multiplies takes nothing out. Select the kept
    tokens, and compute with these alone."""
    roughly(lab, SEQUENCE, logits, labels, mask)


@rule(SEQUENCE, "property", points=2)
def the_cut_into_sequences_does_not_matter(lab, tokens, cut):
    """How the tokens are cut into sequences does not matter, nor where the padding is, nor how much
    there is

    Padding need not be at the end: use the mask, not a count of its entries as a length. The same
    tokens in one long sequence have the same loss."""
    roughly(lab, SEQUENCE, *cut, wanted=oracle.masked_sequence_cross_entropy(*tokens))


@rule(SEQUENCE, "stress", points=1, examples=ALL_PADDING)
def a_sequence_of_padding_counts_for_nothing(lab, logits, labels, mask):
    """A sequence that is all padding counts for nothing, without a warning

    Its length is 0, and 0/0 is NaN. Whoever divides by the number of all kept tokens never meets
    that 0."""
    roughly(lab, SEQUENCE, logits, labels, mask)
    expect.quiet(lab)


@rule(SEQUENCE, "bad input", points=1, examples=NOTHING_KEPT)
def a_mask_that_keeps_nothing_is_refused(lab, good, bad):
    """A mask that keeps nothing is a ValueError that names mask

    The mean of no tokens is 0/0. Returning 0 says that the model is perfect, NaN ends the run far
    from its cause."""
    refuses(lab, SEQUENCE, good, bad, "mask")


# ------------------------------------------------------------- half_precision_cross_entropy (21)

SMALL = given(HALVES, LABELS)
DIGITS = [given(HALVES, [0, 3]), given(np.zeros((1, 1000), np.float16), [7])]
LEVEL = [given(np.zeros((1, 100_000), np.float16), [99_999], np.log(100_000))]
TAIL = spoilt(np.full((1, 60_001), -18, np.float16), (0, 30_000), 0)
MANY_TINY = [given(TAIL, [0], np.log1p(60_000 * np.exp(-18.0)) + 18)]


@rule(HALF, "reference", points=4, fault=True, examples=DIGITS)
def the_loss_of_half_logits_has_the_digits_of_float32(lab, logits, labels):
    """It has the digits of float32 and not of float16

    The differences, the exponentials, their sum and the logarithm all round to three digits in
    float16, and a float32 made of the result gets none of them back. Convert the logits before
    anything is computed with them."""
    agrees(lab, HALF, logits, labels)


@rule(HALF, "contract", points=2, examples=[SMALL])
def the_half_loss_is_the_mean_of_the_picked_prices(lab, logits, labels):
    """It is the mean over the batch of −log_softmax(logits)[b, labels[b]]; labels may be a list or
    any integer type

    One log-probability from each row, picked by that row's label, then the mean over B."""
    roughly(lab, HALF, logits, labels)


@rule(HALF, "contract", points=2, examples=[SMALL])
def the_half_loss_is_a_float32_scalar(lab, logits, labels):
    """It returns a float32 scalar

    np.float32: not a Python float, which is float64, not float16, and not an array. The mean of
    float32 losses is one already; np.float32(...) makes one."""
    value = lab.half_precision_cross_entropy(logits, labels)
    kind = getattr(value, "dtype", type(value).__name__)
    text = _("the loss is a {kind}; expected a float32 scalar")
    expect.that(isinstance(value, np.float32), text, kind=kind)
    expect.close(value, oracle.cross_entropy(logits, labels), what="the loss", **THREE_DIGITS)


@rule(HALF, "property", points=2)
def shifts_and_the_order_of_rows_leave_the_half_loss(lab, logits, labels, others, of_others):
    """A constant on all logits of a row changes nothing, nor does the order of the rows; equal
    logits cost ln V

    Each row has its own maximum and its own label. If a shift matters, something was rounded before
    the maximum came off."""
    roughly(lab, HALF, logits, labels)
    roughly(lab, HALF, others, of_others, wanted=oracle.cross_entropy(logits, labels))


@rule(HALF, "stress", points=2, examples=LEVEL)
def a_hundred_thousand_half_logits_have_a_loss(lab, logits, labels, wanted):
    """100 000 classes have a finite and right loss, without a warning

    A float16 ends at 65504, and so does a sum that is rounded to it. With float32 exponentials the
    sum is float32 by itself."""
    agrees(lab, HALF, logits, labels, wanted=wanted, **OF_A_SUM)
    expect.quiet(lab)


@rule(HALF, "stress", points=2, examples=MANY_TINY)
def many_tiny_half_probabilities_count(lab, logits, labels, wanted):
    """Many classes of tiny probability count together

    An exponential below 3e-8 is 0 in float16, and tens of thousands of them are not nothing. They
    count if they are float32 before they are summed."""
    agrees(lab, HALF, logits, labels, wanted=wanted, **OF_A_SUM)


# ---------------------------------------------------------------------------- kl_divergence (17)

NOT_THERE = [given(NEVER, np.log([0.25, 0.25, 0.5])), given(NEVER, NEVER[[1, 0, 2]])]
AXES = [given(LOG_P, LOG_Q, axis=1), *(given(LOG_P.T, LOG_Q.T, axis=axis) for axis in (0, -2))]
VALUES = [given(LOG_P, LOG_Q), *AXES, given(LOG_P[0], LOG_P[0])]
TINY = [given(np.array([0.0, -1000.0]), q) for q in (np.log([0.75, 0.25]), np.array([0.0, -INF]))]


@rule(KL, "stress", points=4, fault=True, examples=NOT_THERE)
def what_never_happens_contributes_nothing(lab, log_p, log_q):
    """An outcome with p = 0 contributes 0, whatever q is

    log p is −∞ there, and 0·∞ is NaN. Where q is 0 as well, −∞ − (−∞) is NaN before anything is
    multiplied. Take both logarithms out where p is 0."""
    roughly(lab, KL, log_p, log_q)


@rule(KL, "contract", points=1, examples=VALUES)
def the_divergence_is_the_weighed_difference_of_logarithms(lab, log_p, log_q, **axis):
    """It is Σ p (log p − log q), along any axis; the default is the last one

    The weight is p, not q: the two directions give different numbers. Hand the axis to the sum. It
    is a sum, no mean."""
    roughly(lab, KL, log_p, log_q, **axis)


@rule(KL, "property", points=1, examples=[given(FAIR - 1, FAIR)])
def a_part_of_a_divergence_may_be_negative(lab, log_p, log_q):
    """The sum is taken as it stands: over a part of the outcomes it may be below 0

    Only between whole distributions is it never negative. np.maximum(…, 0), terms without their
    sign, or − p + q added to each term hide what a part of the outcomes contributes."""
    roughly(lab, KL, log_p, log_q)


@rule(KL, "property", points=1)
def the_divergence_is_zero_only_between_equals(lab, log_p, log_q, near, order):
    """It is 0 between equal distributions and above 0 between others; the order of the outcomes
    does not matter

    If it gets below 0, the weight and the difference do not belong together: p weighs log p −
    log q."""
    value = roughly(lab, KL, log_p, log_q)
    moved = roughly(lab, KL, log_p[order], log_q[order])
    expect.close(moved, value, what="the divergence, reordered", **TWICE_ROUGHLY)
    agrees(lab, KL, log_p, log_p.copy())
    text = _("the divergence between different distributions is not above 0")
    expect.that(agrees(lab, KL, log_p, near) > 0, text)


@rule(KL, "stress", points=1, examples=TINY)
def a_tiny_p_is_not_zero(lab, log_p, log_q):
    """A p that is too small for a float is not 0: where q is 0 it gives +inf, elsewhere almost
    nothing; no warning

    Its logarithm is finite, and that decides. exp(log_p) > 0 asks the rounded number, and 0·∞ is
    NaN once more."""
    roughly(lab, KL, log_p, log_q)
    expect.quiet(lab)


# ------------------------------------------------------------------------------ clipped_log (13)

NO_FLOORS = [
    given((np.array([0.5, 0.0], F32), 1e-8), (np.array([0.5, 0.25, 0.0], dtype), eps))
    for dtype, eps in ((np.float16, 1e-8), (F32, 1e-46))
]
FLOORS = [given(LADDER, 2.0**-5), given(np.array([0.0, 1e-300, 1.0]), 1e-12)]
SMALLEST = [given(P[::2].astype(dtype), e) for dtype, e in ((np.float16, 2.0**-24), (F32, 1e-40))]


@rule(CLIPPED, "bad input", points=4, fault=True, examples=NO_FLOORS)
def an_eps_that_rounds_to_zero_is_refused(lab, good, bad):
    """An eps that rounds to 0 in the type of p is a ValueError that names eps

    eps is a number of Python, and those are float64. In the type of p it may be nothing at all:
    np.float16(1e-8) is 0. Then there is no floor, and ln 0 is back. Convert eps, and look at what
    came out. Lifting it to some other floor in silence gives a loss that nobody asked for."""
    refuses(lab, CLIPPED, good, bad, "eps", "ε")


@rule(CLIPPED, "contract", points=1, examples=FLOORS)
def the_clipped_log_is_the_log_of_the_larger(lab, p, eps):
    """It is ln(max(p, eps)) in every element

    A maximum, no sum: p + eps moves every value, and ln p is too high everywhere."""
    roughly(lab, CLIPPED, p, eps)


@rule(CLIPPED, "contract", points=1, examples=[given(LADDER, 2.0**-5)])
def the_clipped_log_is_quiet_and_leaves_p_alone(lab, p, eps):
    """p is left as it was, and nothing warns

    p[p < eps] = eps and out=p write into the caller's array. ln 0 warns even if it is replaced
    later."""
    roughly(lab, CLIPPED, p, eps)
    expect.untouched(lab)
    expect.quiet(lab)


@rule(CLIPPED, "stress", points=1, examples=SMALLEST)
def a_subnormal_floor_is_a_floor(lab, p, eps, **tolerance):
    """The smallest numbers of each type are floors too, the subnormal ones

    np.finfo(dtype).tiny is the smallest normal number. Below it there are more, down to
    smallest_subnormal. Refuse what is 0, and nothing else."""
    agrees(lab, CLIPPED, p, eps, **tolerance)
    expect.quiet(lab)


@rule(CLIPPED, "stress", points=1, examples=[given(np.array([NAN, 0.5]), 1e-8)])
def a_floor_does_not_hide_nan(lab, p, eps):
    """A NaN in p stays NaN, without a warning

    np.fmax and np.where(p > eps, p, eps) turn NaN into the floor, and a broken model looks merely
    bad. np.maximum hands NaN on."""
    roughly(lab, CLIPPED, p, eps)
    expect.quiet(lab)


# ------------------------------------------------------------------------- several functions alike

FLOAT_LOSSES = {
    SOFT: [
        given(LOGITS.astype(F32), TARGETS.astype(F32)),
        given([[1, 2, 3], [2, 0, 1]], [[1, 0, 0], [0, 1, 0]]),
    ],
    SEQUENCE: [
        given(TOKENS.astype(F32), CLASSES.astype(np.uint8), MASK),
        given([[[1, 2], [0, 3]]], [[0, 1]], [[True, False]]),
    ],
}
FLOORS_OF_TYPES = 2.0**-6, np.float64(2.0**-6)
FLOAT_TYPES = {
    KL: [given(LOG_P.astype(F32), LOG_Q.astype(F32)), given(LOG_P.tolist(), LOG_Q.tolist())],
    CLIPPED: [given(P.astype(t), e) for t in (np.float16, F32, float) for e in FLOORS_OF_TYPES],
}
FLOAT_TYPES[CLIPPED] += [given([1, 0], 0.5)]
ALONE = {SOFT: [PLAIN], SEQUENCE: [given(*KEPT)], HALF: [SMALL], KL: [given(LOG_P, LOG_Q)]}
FAR = {SOFT: [given(LOGITS + 1e8, TARGETS)], SEQUENCE: [given(TOKENS + 1e8, CLASSES, MASK)]}
LARGE = {
    SOFT: [given(SURE, TARGETS), *FAR[SOFT]],
    SEQUENCE: [given(z, CLASSES, MASK) for z in (TOKENS * 1000, spoilt(TOKENS, (0, 0, 1), -INF))],
    HALF: [given(np.array([[65504, -65504, 0], [1, -INF, 2]], np.float16), [1, 0])],
}
FOR_NOTHING = {SOFT: [RARE], SEQUENCE: JUNK_LOGITS, KL: NOT_THERE}
RULED_OUT_BUT_ASKED = {
    SOFT: [PLAIN, given(RULED_OUT, np.full((2, 4), 0.25))],
    KL: [given(FAIR, np.array([0.0, -INF]))],
}
PICKED = HALVES, np.array([2, 0])
BAD_LABELS = {
    SEQUENCE: [
        *(given(KEPT, (TOKENS, spoilt(CLASSES, (0, 1), y), MASK)) for y in (-1, -100, 2, 0.5)),
        *(given(KEPT, (TOKENS, CLASSES.astype(kind), MASK)) for kind in (float, bool)),
    ],
    HALF: [
        *(given(PICKED, (HALVES, np.array([0, y]))) for y in (-1, 4, 0.5, 1.0)),
        given(PICKED, (HALVES, np.array([False, True]))),
        *(given(PICKED, (z, np.arange(n))) for z, n in ((HALVES, 1), (HALVES, 3), (HALVES[:0], 0))),
    ],
}
HALVED = np.array([0.5, 0.25, 0.0])
BAD_VALUES = {
    SOFT: [
        given((LOGITS, TARGETS), (LOGITS, spoilt(TARGETS, (0, 0), bad)), "targets", "target")
        for bad in (-0.25, 1.5, NAN)
    ],
    KL: [
        given((LOG_P[0], LOG_Q[0]), bad, name)
        for none in (np.array([0.5, -1.0]), np.array([NAN, -1.0]))
        for bad, name in (((none, FAIR), "log_p"), ((FAIR, none), "log_q"))
    ],
    CLIPPED: [
        *(given((HALVED[::2], 0.25), (HALVED[:2], eps), "eps") for eps in (-1e-3, NAN)),
        given((HALVED[::2].astype(F32), 1e-8), (HALVED, 0.0), "eps"),
    ],
}
UNFIT = {
    SOFT: [
        given((LOGITS, TARGETS), bad)
        for bad in ((LOGITS, TARGETS[:1]), (LOGITS, TARGETS[0]), (LOGITS[:0], TARGETS[:0]))
    ],
    SEQUENCE: [
        given(KEPT, (TOKENS, *bad)) for bad in ((CLASSES[:, :2], MASK), (CLASSES, MASK[:, :2]))
    ],
    KL: [given((LOG_P, LOG_Q), (LOG_P, LOG_Q[:, :3]))],
}
NAMES = {SOFT: ("targets", "target", "logits"), KL: ("log_p", "log_q")}
NAMES |= {SEQUENCE: ("labels", "label", "mask", "logits")}


@rule(dict.fromkeys(FLOAT_LOSSES, 2), "contract", examples=FLOAT_LOSSES)
def the_loss_is_a_float(lab, function, *inputs):
    """It returns a float, for float32 and integer logits, for lists, and for targets or labels of
    any integer type

    np.asarray on every argument first: a list of booleans is no mask until it is an array. Integer
    logits become float64. Return float(...), not an array of one element."""
    agrees(lab, function, *inputs, strict=True)


@rule({KL: 1, CLIPPED: 2}, "contract", examples=FLOAT_TYPES)
def the_float_type_is_kept(lab, function, *inputs):
    """The float type of p or of the logarithms is kept; integers and lists are computed in float64

    float32 in, float32 out. An array of float64 zeros, a cast on the way, or an eps that is an
    np.float64 drags the answer along. Convert it to the type of the argument first."""
    roughly(lab, function, *inputs, strict=True)


@rule(dict.fromkeys(ALONE, 1), "contract", examples=ALONE)
def the_arguments_are_left_alone(lab, function, *inputs, then=None):
    """The arguments are left as they were

    logits -= …, labels[~mask] = 0 and log_p[log_p == -np.inf] = 0 write into the caller's arrays,
    because np.asarray makes no copy. Do that to an array of your own: astype, np.where and an index
    that selects make one."""
    roughly(lab, function, *inputs)
    expect.untouched(lab)
    if then is not None:  # another rule says what comes out
        getattr(lab, function)(*then)
        expect.untouched(lab)


@rule({SOFT: 2, SEQUENCE: 2, HALF: 2}, "reference", examples=FAR)
def the_loss_agrees_with_fifty_digits(lab, function, *inputs):
    """It agrees with the exact value in all digits, for logits from tiny to huge and far from 0

    The shift that the code came with is right: each row or token by its own maximum. An epsilon in
    the logarithm, a clipped probability, a maximum that is added back, or a difference that is
    taken in float16 costs digits that were there."""
    agrees(lab, function, *inputs)


@rule({SOFT: 1, SEQUENCE: 1}, "reference")
def the_loss_agrees_with_fifty_digits_in_float32(lab, function, *inputs):
    """It agrees with the exact value in float32

    float32 has 7 digits: with logits near 10 000 only three of them stand behind the point. Shift
    first, and stay shifted. 1e-8 is lost beside 1 in float32."""
    agrees(lab, function, *inputs)


@rule({KL: 2, CLIPPED: 1}, "reference")
def all_digits_are_right_in_every_float_type(lab, function, *inputs):
    """It agrees with the exact value in all digits, in every float type, also where a probability
    is small or almost equal to another

    There an epsilon inside a logarithm or beside a probability is an error of its own. So is a
    probability that is made, rounded, and turned back into a logarithm."""
    agrees(lab, function, *inputs)


@rule(dict.fromkeys(FOR_NOTHING, 1), "stress", examples=FOR_NOTHING)
def what_counts_for_nothing_raises_no_warning(lab, function, *inputs, then=None):
    """What counts for nothing raises no warning either: a class with a target of 0, padding, an
    outcome with p = 0

    np.where evaluates both of its branches. Whatever is computed and thrown away later has warned
    already: 0·∞, −∞ − (−∞), a logarithm of 0, an overflow. Choose first, then compute."""
    roughly(lab, function, *inputs)
    expect.quiet(lab)
    if then is not None:  # another rule says what comes out
        getattr(lab, function)(*then)
        expect.quiet(lab)


@rule(dict.fromkeys(RULED_OUT_BUT_ASKED, 1), "stress", examples=RULED_OUT_BUT_ASKED)
def what_is_asked_for_and_ruled_out_is_infinite(lab, function, *inputs):
    """What is asked for and ruled out gives +inf, silently: a class with a target above 0 and a
    logit of −inf; an outcome with q = 0 < p, in its own slice alone

    This infinity is true: no number is large enough. Replacing every infinite price by 0, or a mask
    over q, hides it; np.nan_to_num and a clipped logarithm put a number there that means
    nothing."""
    agrees(lab, function, *inputs)
    expect.quiet(lab)


@rule(dict.fromkeys(LARGE, 1), "stress", examples=LARGE)
def large_logits_are_no_problem(lab, function, *inputs):
    """The largest logits of the contract, ±1000 and −inf are no problem: a sure model has a large
    and finite loss, a label of logit −inf costs +inf; no warning

    A probability on the way rounds to 0, and its logarithm is no price any more. Shift each row or
    token by its own maximum, one for the whole batch loses the low ones, and stay with the shifted
    logits. 65504 − (−65504) is infinite in float16, and a number like any other in float32."""
    agrees(lab, function, *inputs)
    expect.quiet(lab)


@rule(dict.fromkeys(BAD_LABELS, 2), "bad input", examples=BAD_LABELS)
def a_label_that_is_no_class_is_refused(lab, function, good, bad):
    """A label that counts and is below 0, at or above V, or of no integer type is a ValueError that
    names labels; so are labels that do not fit the logits, and an empty batch

    np.maximum(labels, 0) turns a mistake into class 0. NumPy takes −1 for the last class and
    spreads a single label over all rows, both in silence. Only padding may have the label −100:
    check type, range and shape of the labels that are left. 1.0 and True are no labels either."""
    fits = np.shape(bad[1]) == np.shape(bad[0])[:-1] != (0,)
    refuses(lab, function, good, bad, "labels", "label", *([] if fits else ["logits"]))


@rule(dict.fromkeys(BAD_VALUES, 1), "bad input", examples=BAD_VALUES)
def a_value_out_of_its_range_is_refused(lab, function, good, bad, *names):
    """A value out of its range is a ValueError that names the argument: a target below 0 or above
    1, a log-probability above 0, an eps of 0 or below, and NaN for any of them

    Logits, percentages or probabilities in the wrong place give a number that means nothing. NaN
    compares false with everything: ask whether all values are inside, and raise if not."""
    refuses(lab, function, good, bad, *names)


@rule(dict.fromkeys(UNFIT, 1), "bad input", examples=UNFIT)
def shapes_that_do_not_fit_are_refused(lab, function, good, bad):
    """Arguments whose shapes do not fit are a ValueError that names one of them, and so is the loss
    of an empty batch

    One row, one column or one sequence broadcasts over a batch in silence, and NumPy's own message
    speaks of operands. Compare the shapes yourself, and say which argument is meant. The mean of no
    rows is NaN."""
    refuses(lab, function, good, bad, *NAMES[function])
