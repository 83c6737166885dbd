"""The rules of lab 6, label smoothing: 100 points over five functions, with the grader's own.

Rules about bad input and about the caller's arrays first ask for a right answer; the grader asks
for one without smoothing.

What is right comes with the inputs, as the last part of each:
- a ``batch`` is logits, labels, α and the targets of its rows;
- a ``case`` is labels, V, α and their targets, or V, α and the numbers that belong to them.
With α = 1/4 and four classes the targets are 13/16 and 1/16, which floats hold exactly. Entropies
and gaps of the examples were computed with mpmath at 30 digits. A ``usual`` input must be answered
right before the one at an edge counts.

Where the tolerances come from, beside the course's contract (``expect``)
- Targets rounded to float64 are off by 1.1e-16, nothing beside that.
- A row of targets sums to 1 within 1e-12, because each of its positive entries is within 1e-12 of
  the exact one, relatively, plus 1e-14 for each entry. A row of the gradient sums to 0 within V
  times the tolerance of an entry.
- ``minimum_loss`` and ``optimal_logit_gap`` compare all digits up to V = 1000: a plain sum of 1000
  terms may be off by 1000·1.1e-16. Larger V compare six digits.
- A probability moves by at most a quarter of what the logit gap moves.

What the contract leaves open, and how it is read here
- Targets are float64: they come from integers.
- The loss and its gradient refuse what ``smooth_labels`` refuses, and labels that do not fit the
  batch. ``minimum_loss`` and ``optimal_logit_gap`` refuse the same α.
- With α > 0 a logit of −inf costs +inf, silently. Its gradient is the formula of the row: −α/(V·B).
- ``minimum_loss`` accepts V = 1: one class has the entropy 0. V < 1 is refused.
- An empty batch, a float V, a row of only −inf: not graded."""

import math

import numpy as np
from mpmath import mpf, workdps

from lnnn import exact
from lnnn.messages import _
from lnnn.suite import expect, oracle
from lnnn.suite.agree import ROUGHLY, float_type
from lnnn.suite.rule import given, rule

INF = np.inf
LOSS, GRAD = "smoothed_cross_entropy", "smoothed_cross_entropy_grad"
MINIMUM, GAP = "minimum_loss", "optimal_logit_gap"
WHAT = {"smooth_labels": "the target", LOSS: "the loss", GRAD: "the gradient"}
WHAT |= {MINIMUM: "the minimum", GAP: "the gap"}

LOGITS = np.array([[1.0, 2.0, 3.0, 0.0], [0.5, 0.0, -1.0, 2.5]])
LABELS = np.array([2, 0])
TARGETS = np.array([[1, 1, 13, 1], [13, 1, 1, 1]]) / 16
ONEHOT = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])


def smoothed(logits, labels=LABELS, targets=TARGETS, alpha=0.25):
    """A batch of the examples: logits, labels, α, and the target of each row."""
    return logits, labels, alpha, targets


BATCH = smoothed(LOGITS)
BATCHES = [given(BATCH), given(smoothed(LOGITS[:1], LABELS[:1], TARGETS[:1]))]
INTEGERS = smoothed([[1, 2, 3, 0], [2, 0, -1, 5]], [2, 0])
TYPES = [given(smoothed(LOGITS.astype(np.float32))), given(INTEGERS)]
FAR = [given(smoothed(LOGITS + 1e8))]
FAR_FLOAT32 = [given(smoothed((LOGITS + 1e4).astype(np.float32)))]
HUGE = [[0.0, 1e300, 0.0, 1.0], [0.0, -1e300, 0.0, 1.0]]
RIGHT_OR_WRONG = [[[0.0, 1000.0, 0.0, -1000.0], [1000.0, 0.0, -1000.0, 1.0]], HUGE]
STEEP = [[[0.0, 1000.0, 0.0, -1000.0], [-1000.0, -999.0, -998.0, -INF]], HUGE]
LARGE = {LOSS: RIGHT_OR_WRONG, GRAD: STEEP}
LARGE = {of: [given(smoothed(np.array(z))) for z in logits] for of, logits in LARGE.items()}
IMPOSSIBLE = np.array([[0.0, -INF, 1.0, 2.0], [1.0, 2.0, 0.0, 0.5]])
AROUND_THE_GAP = [np.array([[np.log(13) + past, 0.0, 0.0, 0.0]]) for past in (-1, 0, 1)]
AROUND_THE_GAP = [given(smoothed(z, np.array([0]), TARGETS[1:])) for z in AROUND_THE_GAP]

FOUR = (LABELS, 4, 0.25, TARGETS)
A_HALF = ([0, 1, 0], 2, 0.5, [[0.75, 0.25], [0.25, 0.75], [0.75, 0.25]])
A_TENTH = (np.array([1], np.uint8), 4, 0.1, [[0.025, 0.925, 0.025, 0.025]])
NO_SMOOTHING = (np.array([2, 0]), 3, 0.0, [[0, 0, 1], [1, 0, 0]])
ONE_CLASS = (np.array([0]), 1, 0.25, [[1.0]])
EDGES = [given(FOUR, edge) for edge in (NO_SMOOTHING, ONE_CLASS)]

TEN = (10, 0.1, {MINIMUM: 0.50028803505775785, GAP: 4.5108595065168500})
NUMBERS = [
    given(TEN),
    given((4, 0.25, {MINIMUM: 0.68856736930228264, GAP: 2.5649493574615367})),
    given((2, 0.5, {MINIMUM: np.log(4) - 0.75 * np.log(3), GAP: np.log(3)})),
]
ZEROS = [given(TEN, *edge) for edge in ((10, 0.0), (1, 0.25))]
TINY = (1000, 1e-308, {GAP: 716.1039639211482})

BAD_ALPHAS = (-0.1, 1.0, 1.5, math.nan)
NO_CLASSES = ([0, -1], [0, 4], [0, 0.5], [0.0, 1.0], [False, True])
NO_CLASSES = [np.array(labels) for labels in NO_CLASSES]
BAD_LABELS = [*NO_CLASSES, np.array([0]), np.array([0, 1, 2])]
NO_TARGETS = [given(FOUR, labels, 4) for labels in NO_CLASSES] + [given(FOUR, np.array([0]), 0)]
NO_LOSSES = [given(BATCH, LOGITS, labels) for labels in BAD_LABELS]
NO_SLOPES = [given(BATCH, LOGITS, labels, BAD_ALPHAS) for labels in BAD_LABELS]
NO_NUMBERS = [given(TEN, BAD_ALPHAS, [1])]


def is_right(value, wanted, what, dtype=np.float64, strict=False, **tolerance):
    """``value`` is ``wanted``, a float or an array; with ``strict`` in its type too. Returns it."""
    wanted = np.asarray(wanted, dtype=np.float64)
    if wanted.shape == ():
        value = np.dtype(dtype).type((expect.scalar if strict else expect.number)(value, what))
    else:
        value = (expect.array if strict else expect.floats)(value, wanted.shape, dtype, what)
    expect.close(value, wanted, what=what, **tolerance)
    return value


def targets_right(lab, case, **how):
    """Compare smooth_labels with the targets."""
    *arguments, targets = case
    return is_right(lab.smooth_labels(*arguments), targets, WHAT["smooth_labels"], **how)


def call(lab, function, logits, labels, alpha):
    """One of the three functions of a batch; smooth_labels needs only the number of classes."""
    if function == "smooth_labels":
        return lab.smooth_labels(labels, np.shape(logits)[1], alpha)
    return getattr(lab, function)(logits, labels, alpha)


def batch_right(lab, function, batch, **how):
    """Compare one of the three functions of a batch with what belongs to the targets."""
    *arguments, targets = batch
    logits, dtype = arguments[0], float_type(arguments[0])
    if function == "smooth_labels":
        wanted, dtype = targets, np.float64
    elif function == LOSS:
        wanted = oracle.soft_cross_entropy(logits, targets)
    else:
        wanted = np.subtract(oracle.softmax(logits), targets) / len(targets)
    return is_right(call(lab, function, *arguments), wanted, WHAT[function], dtype, **how)


def number_right(lab, function, case, **how):
    """Compare minimum_loss or optimal_logit_gap with what is wanted of it."""
    *arguments, wanted = case
    return is_right(getattr(lab, function)(*arguments), wanted[function], WHAT[function], **how)


def refuses_alphas(function, *arguments, alphas):
    """Each of these α is a ValueError that names alpha."""
    for alpha in alphas:
        expect.refuses(function, *arguments, alpha, names=("alpha", "α"))


def refuses_labels(function, logits, labels):
    """Labels that are no classes, or not one for each row, are a ValueError that names them."""
    names = ["labels", "label"] if len(labels) == len(logits) else ["labels", "label", "logits"]
    expect.refuses(function, logits, labels, 0.1, names=names)


# ---------------------------------------------------------------------------- smooth_labels (20)
@rule("smooth_labels", "contract", points=5, examples=[given(FOUR), given(A_HALF)])
def the_target_is_a_onehot_mixed_with_a_uniform(lab, case):
    """It returns a (B, V) array: α/V everywhere, and 1 − α on top at the label of each row

    The share α is spread over all V classes, the true one included. Spread over the V − 1 others it
    is another convention. Index rows and labels together, so that each row has its own label."""
    targets_right(lab, case, **ROUGHLY)


@rule("smooth_labels", "contract", points=2, examples=[given(A_HALF), given(A_TENTH)])
def labels_of_any_integer_type_give_float64_targets(lab, case):
    """Labels may be a list or any integer type; the targets are float64

    np.asarray(labels) first. Integer labels are computed in float64, so no float32 and no integer
    array may decide the type of the answer."""
    targets_right(lab, case, strict=True, **ROUGHLY)


@rule("smooth_labels", "property", points=3, examples=[given(FOUR)])
def each_row_of_targets_sums_to_one(lab, case):
    """Each row is a distribution: it sums to 1, and its largest entry is at the label

    1 − α and α/V times V make 1. If the sum is short by α/V, the true class was given 1 − α alone:
    it is one of the V and gets its part of the share too. If it is above 1, the one-hot was not
    scaled down."""
    value = targets_right(lab, case, **ROUGHLY)
    for row, label in zip(value, case[0], strict=True):
        # Rows of float32 earn this as well: 1e-6 is far below any α/V drawn here.
        total = math.fsum(row)
        text = _("a row of the targets sums to {total}")
        expect.that(abs(total - 1) <= 1e-6, text, total=total)
        text = _("the largest entry of a row is not at its label")
        expect.that(row.argmax() == label, text)


@rule("smooth_labels", "reference", points=2)
def targets_agree_with_the_exact_value(lab, case):
    """It agrees with the exact value in all digits, for few classes and for many

    Compute in float64 throughout. The true class has 1 − α + α/V; a rounded or shortened form of it
    is off."""
    value = targets_right(lab, case)
    off = max(abs(math.fsum(row) - 1) for row in value)
    text = _("a row of the targets sums to 1 ± {off:.2g}")
    expect.that(off <= 1e-12 + value.shape[1] * 1e-14, text, off=off)


@rule("smooth_labels", "stress", points=2, examples=EDGES)
def no_smoothing_and_a_single_class_are_no_problem(lab, usual, edge):
    """α = 0 gives the one-hot targets themselves; a single class has the target 1

    With α = 0 the formula needs no special case: α/V is 0. With V = 1 the true class has 1 − α + α.
    A division by V − 1 breaks there."""
    targets_right(lab, usual, **ROUGHLY)
    targets_right(lab, edge)
    expect.quiet(lab)


@rule("smooth_labels", "bad input", points=2, examples=NO_TARGETS)
def a_label_that_is_no_class_has_no_target(lab, usual, labels, num_classes):
    """A label below 0, at or above V, or of no integer type is a ValueError that names labels;
    V < 1 is one that names num_classes

    −1 is the last class for NumPy, silently, and −1 or −100 is what data sets use for padding.
    Check the range yourself. Look at the dtype: 0.5 must not be rounded, and 1.0 or True says that
    a wrong array came in."""
    targets_right(lab, usual, **ROUGHLY)
    # With no class every label is out of range, so either may be named.
    names = ("labels", "label", *(["num_classes"] if num_classes < 1 else []))
    expect.refuses(lab.smooth_labels, labels, num_classes, 0.1, names=names)


# ------------------------------------------------------------------- smoothed_cross_entropy (30)
@rule(LOSS, "contract", points=6, examples=BATCHES)
def the_loss_mixes_the_label_with_the_mean_of_all_classes(lab, batch):
    """It is the mean over the batch of (1 − α) times the loss of the label plus α times the mean of
    −ln p over all V classes

    Two terms a row. The second is a mean over all classes, the true one included: not a sum, and
    not a mean over the V − 1 others. Then the mean over the batch."""
    batch_right(lab, LOSS, batch, **ROUGHLY)


@rule(LOSS, "contract", points=2, examples=TYPES)
def the_smoothed_loss_is_a_float(lab, batch):
    """It returns a float, for float32 and integer logits, lists, and labels of any integer type

    np.asarray on both arguments first; integer logits become float64. Return float(...), not an
    array of one element."""
    # Logits of integers in all digits: that tells float64 from float32.
    how = {} if np.asarray(batch[0]).dtype.kind in "iu" else ROUGHLY
    batch_right(lab, LOSS, batch, strict=True, **how)


@rule(LOSS, "property", points=4, examples=[given(BATCH)])
def no_smoothing_is_cross_entropy_and_the_loss_is_linear_in_alpha(lab, batch):
    """With α = 0 it is the plain cross-entropy; as α grows it changes along a straight line

    α weighs the mean over all classes and 1 − α the label. Swapped weights give the plain loss at α
    = 1. Smoothing the prediction, ln((1 − α)p + α/V), is another loss: it is not a straight line in
    α."""
    logits, labels, alpha, targets = batch
    plain = oracle.cross_entropy(logits, labels)
    whole = oracle.soft_cross_entropy(logits, targets)
    for share, wanted in ((0.0, plain), (alpha / 2, (plain + whole) / 2), (alpha, whole)):
        value = lab.smoothed_cross_entropy(logits, labels, share)
        is_right(value, wanted, _("the loss for α = {alpha:.3g}").format(alpha=share), **ROUGHLY)


@rule(LOSS, "property", points=2)
def shifts_and_the_order_of_rows_leave_the_smoothed_loss(lab, batch, shift, order, level):
    """A constant on all logits of a row changes nothing, nor does the order of the rows; equal
    logits cost ln V for every α

    Each row has its own shift and its own label. If equal logits cost anything but ln V, the
    weights of the two terms do not sum to one."""
    logits, labels, alpha, targets = batch
    batch_right(lab, LOSS, batch, **ROUGHLY)
    batch_right(lab, LOSS, (logits + shift, labels, alpha, targets), **ROUGHLY)
    expect.quiet(lab)
    batch_right(lab, LOSS, (logits[order], labels[order], alpha, targets[order]), **ROUGHLY)
    value = lab.smoothed_cross_entropy(np.full(logits.shape, level), labels, alpha)
    is_right(value, np.log(logits.shape[1]), "the loss of equal logits", **ROUGHLY)


@rule(LOSS, "reference", points=1, examples=FAR_FLOAT32)
def the_smoothed_loss_agrees_with_fifty_digits_in_float32(lab, batch):
    """It agrees with the exact value in float32

    float32 has 7 digits: with logits near 10 000 only three of them stand behind the point. Shift
    first, and stay shifted."""
    batch_right(lab, LOSS, batch)


@rule(LOSS, "stress", points=2, examples=[given(BATCH, (IMPOSSIBLE, LABELS, 0.0, ONEHOT))])
def an_impossible_wrong_class_costs_nothing_without_smoothing(lab, usual, edge):
    """With α = 0 a wrong class whose logit is −inf does no harm, without a warning

    0·∞ is NaN. With α = 0 the mean over all classes may be infinite and must still count for
    nothing: leave that term out when its weight is 0. The same goes for a one-hot target times a
    log-probability of −inf."""
    batch_right(lab, LOSS, usual, **ROUGHLY)
    batch_right(lab, LOSS, edge)
    expect.quiet(lab)


@rule(LOSS, "stress", points=1, examples=[given(BATCH, smoothed(IMPOSSIBLE))])
def smoothing_makes_an_impossible_class_infinitely_wrong(lab, usual, edge):
    """With α above 0 a logit of −inf costs +inf, whatever the label; no warning

    The target gives every class a share, so a class that can't occur is infinitely wrong.
    np.nan_to_num and clipping put a finite number there that means nothing."""
    batch_right(lab, LOSS, usual, **ROUGHLY)
    batch_right(lab, LOSS, edge)
    expect.quiet(lab)


# -------------------------------------------------------------- smoothed_cross_entropy_grad (22)
@rule(GRAD, "contract", points=6, examples=BATCHES)
def the_gradient_is_softmax_minus_the_smoothed_target(lab, batch):
    """It returns (softmax − smoothed target)/B, shape (B, V)

    What the model said, minus what it should say; α/V in every class. The loss is a mean over the
    batch, which leaves a factor 1/B."""
    batch_right(lab, GRAD, batch, **ROUGHLY)


@rule(GRAD, "contract", points=2, examples=TYPES)
def the_smoothed_gradient_keeps_the_float_type(lab, batch):
    """The float type of the logits is kept; integers and lists are computed in float64

    float64 targets drag float32 probabilities along: softmax − targets is float64 then. Convert the
    targets or the result to the type of the logits."""
    batch_right(lab, GRAD, batch, strict=True, **ROUGHLY)


@rule(GRAD, "property", points=2, examples=[given(BATCH)])
def each_row_of_the_smoothed_gradient_sums_to_zero(lab, batch):
    """Each row sums to 0

    Softmax sums to 1 and so must the target. If yours does not, look at the target of the true
    class: 1 − α + α/V."""
    value = batch_right(lab, GRAD, batch, **ROUGHLY)
    # Rows computed in float32 earn this as well: 1e-6 for each of their entries.
    sums, text = value.sum(axis=1), _("the rows of the gradient sum to {sums}, not to 0")
    expect.that(np.abs(sums).max() <= value.shape[1] * 1e-6, text, sums=sums)


@rule(GRAD, "property", points=2, examples=AROUND_THE_GAP)
def the_smoothed_gradient_turns_round_at_the_target(lab, batch):
    """It is 0 where the model says exactly the smoothed target, and not at any surer model

    The lowest loss lies at a finite gap between the logits. Past it the gradient turns round and
    pulls the true logit down. A gradient without α never does."""
    batch_right(lab, GRAD, batch, **ROUGHLY)


@rule(GRAD, "gradient", points=2, examples=AROUND_THE_GAP)
def the_smoothed_gradient_is_the_derivative_of_the_loss(lab, batch):
    """It is the derivative of the loss: it agrees with the smoothed cross-entropy at fifty digits,
    differentiated numerically

    Write the loss of one row as LSE(z) − (1 − α) z_y − α·mean(z) and differentiate by one logit. A
    sign that is turned round shows here."""
    *arguments, targets = batch
    h, held = mpf("1e-15"), exact.to_mpf(arguments[0])
    slopes = np.empty(held.shape)
    with workdps(exact.DIGITS):  # h leaves 30 of them
        for at in np.ndindex(*held.shape):
            above, below = held.copy(), held.copy()
            above[at], below[at] = held[at] + h, held[at] - h
            ends = [exact.soft_cross_entropy(z, targets) for z in (above, below)]
            slopes[at] = (ends[0] - ends[1]) / (2 * h)
    value = lab.smoothed_cross_entropy_grad(*arguments)
    is_right(value, slopes, WHAT[GRAD], **ROUGHLY)


# ------------------------------------------------------- what several functions of a batch share
@rule({"smooth_labels": 1, LOSS: 1, GRAD: 1}, "contract", examples=[given(BATCH)])
def the_arguments_are_left_alone(lab, function, batch):
    """The caller's arrays are left as they were

    np.asarray makes no copy, so logits -= logits.max(...) writes into the caller's array, and what
    is written into labels lands there too. Write into an array that you made: there p -= targets is
    fine."""
    batch_right(lab, function, batch, **ROUGHLY)
    expect.untouched(lab)
    call(lab, function, *batch[:2], 0.1)
    expect.untouched(lab)


@rule({LOSS: 4, GRAD: 2}, "reference", examples=FAR)
def it_agrees_with_fifty_digits(lab, function, batch):
    """It agrees with the exact value in all digits, for logits from tiny to huge and far from 0

    LSE(z) − z subtracts two large numbers when the logits sit far from zero. Take the maximum of
    each row off first and never add it back. An epsilon inside the logarithm is an error of its
    own, and with smoothing every class pays for it. A numerical difference is too coarse for a
    gradient, and so is a target rounded to float32 under float64 logits."""
    batch_right(lab, function, batch)


@rule({LOSS: 2, GRAD: 2}, "stress", examples=LARGE)
def large_logits_are_no_problem(lab, function, batch):
    """Large logits are no problem, right or wrong, without a warning: ±1000, and the largest of the
    contract; nor is −inf for the gradient

    e^1000 is inf and inf/inf is NaN: shift each row by its own maximum. With smoothing every class
    counts, also the one far below, and a probability that rounds to 0 on the way makes the loss
    inf. Go from logits to log-probabilities in one step. In the gradient a class of logit −inf has
    the probability 0; only the target is left of it."""
    batch_right(lab, function, batch)
    expect.quiet(lab)


@rule({LOSS: 2, GRAD: 2}, "bad input", examples={LOSS: NO_LOSSES, GRAD: NO_SLOPES})
def bad_labels_are_refused(lab, function, usual, logits, labels, alphas=()):
    """A label below 0, at or above V, or of no integer type is a ValueError that names labels; so
    is another number of labels than of rows; the gradient refuses the same α as the loss, too

    NumPy takes −1 for the last class and spreads a single label over all rows, both in silence: who
    accepts them trains on noise. Check range, type and shape yourself; smooth_labels checks α and
    the range, but does not know how many rows there are."""
    batch_right(lab, function, usual, **ROUGHLY)
    refuses_alphas(getattr(lab, function), *usual[:2], alphas=alphas)
    refuses_labels(getattr(lab, function), logits, labels)


@rule({"smooth_labels": 2, LOSS: 2}, "bad input", examples=[given(BATCH, BAD_ALPHAS)])
def an_alpha_outside_zero_to_one_is_refused(lab, function, usual, alphas):
    """α below 0, from 1 on, or NaN is a ValueError that names alpha

    Check α first; your smooth_labels may do it for the loss. 1 itself is out: nothing of the label
    would be left. NaN compares false with everything, so ask whether α is inside and raise if
    not."""
    batch_right(lab, function, usual, **ROUGHLY)
    refuses_alphas(call, lab, function, *usual[:2], alphas=alphas)


# -------------------------------------------------- minimum_loss (14) and optimal_logit_gap (14)
@rule(MINIMUM, "contract", points=5, examples=NUMBERS)
def the_minimum_is_the_entropy_of_the_target(lab, case):
    """It is the entropy of the smoothed target, in nats

    −Σ q ln q over all V classes: one class with 1 − α + α/V and V − 1 classes with α/V. It is not
    0, and not the entropy of a coin with the sides α and 1 − α."""
    number_right(lab, MINIMUM, case, **ROUGHLY)


@rule(GAP, "contract", points=5, examples=NUMBERS)
def the_gap_is_the_log_ratio_of_the_target(lab, case):
    """It is the logarithm of the ratio of the two target probabilities: ln((1 − α + α/V)/(α/V))

    A gap of logits is the logarithm of a ratio of probabilities. The true class has 1 − α + α/V,
    not 1 − α, and each other class α/V, not α/(V − 1)."""
    number_right(lab, GAP, case, **ROUGHLY)


@rule({MINIMUM: 1, GAP: 1}, "contract", examples=[given(TEN)])
def it_is_a_float(lab, function, case):
    """It returns a float

    Return float(...), not an array of one element."""
    number_right(lab, function, case, strict=True, **ROUGHLY)


@rule({MINIMUM: 2, GAP: 2}, "reference")
def it_agrees_in_all_digits(lab, function, case):
    """It agrees with the exact value in all digits, for many classes and for α near 0 and 1

    Use float64 throughout. An epsilon inside a logarithm is an error of its own, and in an entropy
    V − 1 classes pay for it. There may be a million classes: count the others instead of listing
    them, and make no array of V × V. A search or a rounded table is too coarse: the formula is
    exact."""
    how = ROUGHLY if case[0] > 1000 else {}
    number_right(lab, function, case, **how)


@rule({MINIMUM: 2, GAP: 2}, "bad input", examples=NO_NUMBERS)
def a_bad_alpha_and_too_few_classes_are_refused(lab, function, usual, alphas, missing):
    """α outside [0, 1) is a ValueError that names alpha; too few classes are one that names
    num_classes: V < 1, and V < 2 for the gap

    Without a check, α = 1.5 gives a number that means nothing. NaN compares false with everything:
    ask whether α is inside. With one class there is no other logit, so no gap, though the formula
    gives 0 for it, which looks like an answer. Check V and α first."""
    number_right(lab, function, usual, **ROUGHLY)
    asked = getattr(lab, function)
    refuses_alphas(asked, usual[0], alphas=alphas)
    least = {MINIMUM: 1, GAP: 2}[function]
    for fewer in missing:
        expect.refuses(asked, least - fewer, 0.1, names="num_classes")


@rule(MINIMUM, "property", points=2)
def the_best_model_reaches_the_minimum_and_none_is_lower(lab, num_classes, alpha, target, others):
    """A model that says the smoothed target reaches it, and no other model gets below it

    Put the logarithms of the smoothed target into your smoothed_cross_entropy: they are logits of
    the best model. Its loss is the number asked for here."""
    best = oracle.soft_cross_entropy(np.log(target), target)
    value = is_right(lab.minimum_loss(num_classes, alpha), best, WHAT[MINIMUM], **ROUGHLY)
    for logits in others:
        above = value <= oracle.soft_cross_entropy(logits, target) + 1e-6
        expect.that(above, _("a model with other logits has a loss below this minimum"))


@rule(MINIMUM, "stress", points=2, examples=ZEROS)
def without_smoothing_the_minimum_is_zero(lab, usual, num_classes, alpha):
    """α = 0 gives 0.0, and so does a single class, without a warning

    0·ln 0 is 0 in an entropy, and NaN in floats. Leave a class of probability 0 out of the sum. No
    epsilon is needed."""
    number_right(lab, MINIMUM, usual, **ROUGHLY)
    is_right(lab.minimum_loss(num_classes, alpha), 0.0, WHAT[MINIMUM])
    expect.quiet(lab)


@rule(GAP, "property", points=2)
def softmax_at_the_gap_is_the_target(lab, num_classes, alpha, target):
    """Softmax of the true logit at this gap above all others is the smoothed target

    Try it: logits with one entry at the gap and zeros elsewhere. Softmax must give 1 − α + α/V and
    α/V."""
    gap = expect.number(lab.optimal_logit_gap(num_classes, alpha), WHAT[GAP])
    expect.that(np.isfinite(gap), _("the gap is not finite"))
    # Six digits of a gap below 8 leave 2e-6 of a probability.
    probabilities = oracle.softmax(np.append(gap, np.zeros(num_classes - 1)))
    expect.close(probabilities, target[0], absolute=2e-6, what="softmax at the gap")


@rule(GAP, "stress", points=1, examples=[given(TEN, 10, 0.0)])
def hard_labels_want_an_infinite_gap(lab, usual, num_classes, no_smoothing):
    """α = 0 gives +inf, without a warning and without a ZeroDivisionError

    With hard labels no gap is ever enough: the loss falls for ever. Return infinity for that case
    before you divide."""
    number_right(lab, GAP, usual, **ROUGHLY)
    is_right(lab.optimal_logit_gap(num_classes, no_smoothing), INF, WHAT[GAP])
    expect.quiet(lab)


@rule(GAP, "stress", points=1, examples=[given(TEN, TINY)])
def the_gap_of_the_smallest_alpha_is_finite(lab, usual, tiny):
    """The gap is finite for every α from 1e-308 up, without a warning

    1/(α/V) overflows before its logarithm does. The logarithm of a ratio is a difference of
    logarithms: write it so."""
    number_right(lab, GAP, usual, **ROUGHLY)
    number_right(lab, GAP, tiny)
    expect.quiet(lab)
