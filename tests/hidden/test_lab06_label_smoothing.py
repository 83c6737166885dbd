"""The grading suite of lab 6, label smoothing. Contract: 100 points over five functions.

Rules about types compare types; rules about the idea compare six digits; rules about accuracy and
stress compare all of them. Rules about bad input and about the caller's arrays ask for a right
answer without smoothing first. So a misconception costs the points of its own rule.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero.
- A row of targets sums to 1 within 1e-12, because each of its positive entries is within 1e-12 of
  the exact one, relatively, plus 1e-14 for each entry. A row of the gradient sums to 0 within V
  times the larger of both tolerances of an entry.
- ``minimum_loss`` and ``optimal_logit_gap`` compare all digits up to V = 1000: a plain sum of 1000
  terms may be off by 1000·1.1e-16. Larger V compare six digits.
- A probability moves by at most a quarter of what the logit gap moves.

What the contract leaves open, and how it is read here
- Targets are float64: they come from integers.
- The loss and its gradient refuse what ``smooth_labels`` refuses, and labels that do not fit the
  batch. ``minimum_loss`` and ``optimal_logit_gap`` refuse the same α.
- With α > 0 a logit of −inf costs +inf, silently. Its gradient is the formula of the row: −α/(V·B).
- ``minimum_loss`` accepts V = 1: one class has the entropy 0. V < 1 is refused.
- An empty batch, a float V, labels of type bool or of whole floats, a row of only −inf: not graded.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import functools
import math

import numpy as np
import pytest
from mpmath import mp, mpf, workdps

from lnnn import exact
from lnnn.suite import expect, oracle
from lnnn.suite.agree import ROUGHLY, float_type
from lnnn.suite.pace import pace

graded = pytest.mark.graded

HUGE = {np.float64: 1e300, np.float32: 1e30}
BATCH = (64, 1000)
# Measured against rows with two calls of math.fsum, the slowest style that is fine: NumPy forms
# 0.03 to 0.3, other loops over rows 0.6, a loop over NumPy elements 28.
SLOW = 3
BAD_ALPHAS = (-0.1, 1.0, 1.5, float("nan"), float("inf"))
BAD_LABELS = ([0, -1, 2], [0, 1, 3], [-3, 0, 1], [0, 1, 100], [0.0, 0.5, 2.0])


# ------------------------------------------------------------------------------- 50-digit answers


def remembered(function):
    """``function`` of arrays and numbers, rounded to float64 and computed once a process."""

    @functools.lru_cache(maxsize=8192)
    def from_bytes(packed):
        arguments = [np.frombuffer(d, dtype=t).reshape(shape) for d, t, shape in packed]
        with workdps(exact.DIGITS):
            answer = exact.to_float(function(*arguments))
        answer.setflags(write=False)
        return answer

    @functools.wraps(function)
    def call(*arguments):
        arguments = [np.asarray(a) for a in arguments]
        return from_bytes(tuple((a.tobytes(), a.dtype.str, a.shape) for a in arguments))

    return call


def target_of(classes, alpha):
    """The probabilities of the true class and of each other one."""
    alpha, classes = mpf(float(alpha)), int(classes)
    return 1 - alpha + alpha / classes, alpha / classes


@remembered
def exact_targets(labels, classes, alpha):
    true, other = target_of(classes, alpha)
    return [[true if k == label else other for k in range(int(classes))] for label in labels]


def loss_of(log_p, labels, alpha):
    """The mean loss of exact log-probabilities."""
    alpha, rows = mpf(float(alpha)), []
    for row, label in zip(log_p, labels, strict=True):
        spread = alpha * -mp.fsum(row) / len(row) if alpha else mpf(0)
        rows.append((1 - alpha) * -row[label] + spread)
    return mp.fsum(rows) / len(rows)


@remembered
def exact_loss(logits, labels, alpha):
    return loss_of(exact.log_softmax(logits), labels, alpha)


@remembered
def exact_gradient(logits, labels, alpha):
    p = exact.softmax(logits)
    true, other = target_of(p.shape[1], alpha)
    return [
        [(v - (true if k == label else other)) / len(labels) for k, v in enumerate(row)]
        for row, label in zip(p, labels, strict=True)
    ]


@remembered
def exact_slopes(logits, labels, alpha):
    """(L(z + h) − L(z − h))/2h of the exact loss in every logit; h = 1e-15 leaves 30 digits."""
    h, held = mpf("1e-15"), exact.to_mpf(logits)
    out = np.empty(held.shape, dtype=object)
    for at in np.ndindex(*held.shape):
        sides = []
        for step in (h, -h):
            moved = held.copy()
            moved[at] += step
            sides.append(loss_of(exact.log_softmax(moved), labels, alpha))
        out[at] = (sides[0] - sides[1]) / (2 * h)
    return out


@remembered
def exact_minimum(classes, alpha):
    true, other = target_of(classes, alpha)
    spread = -(int(classes) - 1) * other * mp.log(other) if other else mpf(0)
    return spread - true * mp.log(true)


@remembered
def exact_gap(classes, alpha):
    true, other = target_of(classes, alpha)
    return mp.log(true / other) if other else mpf("inf")


# ---------------------------------------------------------------------------------------- helpers


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def draw_batch(rng, rows=4, classes=5, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, V), labels (B,) and α."""
    logits = draw(rng, (rows, classes), scale, offset, dtype)
    return logits, rng.integers(0, classes, size=rows), draw_alpha(rng)


def draw_alpha(rng):
    """A smoothing that shows in the first digits."""
    return float(rng.uniform(0.05, 0.6))


def draw_classes(rng, low=3, high=12):
    return int(rng.integers(low, high))


def number(value, what):
    """A float, also when it comes as an array of one element: its type has a rule of its own."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f":
        return float(value.item())
    return expect.scalar(value, what)


def targets_right(lab, labels, classes, alpha, of_type=expect.floats, **tolerance):
    """Compare smooth_labels with the exact targets."""
    reference = exact_targets(labels, classes, alpha)
    value = of_type(lab.smooth_labels(labels, classes, alpha), reference.shape, np.float64)
    expect.close(value, reference, what="the target", **tolerance)
    return value


def loses_right(lab, logits, labels, alpha, of_type=number, **tolerance):
    """Compare smoothed_cross_entropy with the exact loss."""
    reference = exact_loss(logits, labels, alpha)
    value = of_type(lab.smoothed_cross_entropy(logits, labels, alpha), "the loss")
    expect.close(float_type(logits).type(value), reference, what="the loss", **tolerance)
    return value


def slopes_right(lab, logits, labels, alpha, of_type=expect.floats, **tolerance):
    """Compare smoothed_cross_entropy_grad with the exact gradient."""
    reference = exact_gradient(logits, labels, alpha)
    value = lab.smoothed_cross_entropy_grad(logits, labels, alpha)
    value = of_type(value, reference.shape, float_type(logits), "the gradient")
    expect.close(value, reference, what="the gradient", **tolerance)
    return value


def bounds_right(lab, classes, alpha, of_type=number, **tolerance):
    """Compare minimum_loss with the exact entropy."""
    value = of_type(lab.minimum_loss(classes, alpha), "the minimum")
    expect.close(np.float64(value), exact_minimum(classes, alpha), what="the minimum", **tolerance)
    return value


def gaps_right(lab, classes, alpha, of_type=number, **tolerance):
    """Compare optimal_logit_gap with the exact gap."""
    value = of_type(lab.optimal_logit_gap(classes, alpha), "the gap")
    expect.close(np.float64(value), exact_gap(classes, alpha), what="the gap", **tolerance)
    return value


def refuses_bad_alphas(function, *arguments):
    """α below 0, from 1 on, NaN or infinite is a ValueError that names alpha."""
    for alpha in BAD_ALPHAS:
        with expect.refused("alpha", "α"):
            function(*arguments, alpha)


def refuses_bad_batches(function, rng):
    """Labels that are no classes, or not one for each row, are a ValueError that names them."""
    for labels in BAD_LABELS:
        with expect.refused("labels", "label"):
            function(draw(rng, (3, 3)), np.array(labels), 0.1)
    for rows, labels in ((3, [0, 1]), (2, [0, 1, 2]), (3, [1])):
        with expect.refused("labels", "label", "logits"):
            function(draw(rng, (rows, 3)), np.array(labels), 0.1)


def takes_numpy_time(lab, function, z, labels, alpha):
    """The call takes no more than ``SLOW`` times as long as a loop over the rows."""

    def rows_with_fsum():
        for row in z:
            shifted = row - row.max()
            log_sum = math.log(math.fsum(np.exp(shifted)))
            math.fsum(shifted - log_sum)

    call = functools.partial(function, z, labels, alpha)
    if pace(lab, call, rows_with_fsum, SLOW)[2] > SLOW:
        raise AssertionError("as slow as a Python loop over the elements")


def plain(z, labels, alpha):
    """Loss and gradient of a large batch in plain floats, to tell right from wrong at 1e-9."""
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    q = np.eye(z.shape[1])[labels] * (1 - alpha) + alpha / z.shape[1]
    return -(q * log_p).sum() / len(z), (np.exp(log_p) - q) / len(z)


# ---------------------------------------------------------------------------- smooth_labels (20)


@graded(
    function="smooth_labels",
    category="contract",
    points=6,
    rule="It returns a (B, V) array: α/V everywhere, and 1 − α on top at the label of each row",
    feedback="The share α is spread over all V classes, the true one included. Spread over the "
    "V − 1 others it is another convention. Index rows and labels together, so that each row has "
    "its own label.",
)
def test_the_target_is_a_onehot_mixed_with_a_uniform(lab, rng):
    for _ in range(4):
        classes = draw_classes(rng)
        labels = rng.integers(0, classes, size=draw_classes(rng))
        targets_right(lab, labels, classes, draw_alpha(rng), **ROUGHLY)


@graded(
    function="smooth_labels",
    category="contract",
    points=2,
    rule="Labels may be a list or any integer type; the targets are float64",
    feedback="np.asarray(labels) first. Integer labels are computed in float64, so no float32 and "
    "no integer array may decide the type of the answer.",
)
def test_labels_of_any_integer_type_give_float64_targets(lab, rng):
    alpha = draw_alpha(rng)
    for dtype in (np.int64, np.int32, np.uint8):
        targets_right(lab, np.array([0, 3, 1, 3], dtype), 4, alpha, expect.array, **ROUGHLY)
    targets_right(lab, [2, 0, 3], 4, alpha, expect.array, **ROUGHLY)


@graded(
    function="smooth_labels",
    category="contract",
    points=1,
    rule="The labels are left as they were",
    feedback="Write into an array that you made, not into the labels.",
)
def test_smooth_labels_leaves_the_labels_alone(lab, rng):
    labels = rng.integers(0, 6, size=5)
    targets_right(lab, labels, 6, 0.0, **ROUGHLY)
    expect.untouched(lab)
    lab.smooth_labels(labels, 6, draw_alpha(rng))
    expect.untouched(lab)


@graded(
    function="smooth_labels",
    category="property",
    points=3,
    rule="Each row is a distribution: it sums to 1, and its largest entry is at the label",
    feedback="1 − α and α/V times V make 1. If the sum is short by α/V, the true class was given "
    "1 − α alone. If it is above 1, the one-hot was not scaled down.",
)
def test_each_row_of_targets_sums_to_one(lab, rng):
    for _ in range(3):
        classes = draw_classes(rng)
        labels = rng.integers(0, classes, size=4)
        value = targets_right(lab, labels, classes, draw_alpha(rng), **ROUGHLY)
        for row, label in zip(value, labels, strict=True):
            # Rows of float32 earn this as well: 1e-6 is far below any α/V drawn here.
            if not abs(math.fsum(row) - 1) <= 1e-6:
                raise AssertionError("a row of the targets does not sum to 1")
            if row.argmax() != label:
                raise AssertionError("the largest entry of a row is not at its label")


@graded(
    function="smooth_labels",
    category="reference",
    points=2,
    rule="It agrees with the exact value in all digits, for few classes and for many",
    feedback="Compute in float64 throughout. The true class has 1 − α + α/V; a rounded or "
    "shortened form of it is off.",
)
def test_targets_agree_with_fifty_digits(lab, rng):
    for classes in (2, 7, 300):
        for alpha in (0.1, 1e-6, 0.999, draw_alpha(rng)):
            labels = rng.integers(0, classes, size=3)
            value = targets_right(lab, labels, classes, alpha)
            off = max(abs(math.fsum(row) - 1) for row in value)
            if not off <= 1e-12 + classes * 1e-14:
                raise AssertionError(f"a row of the targets sums to 1 ± {off:.2g}")


@graded(
    function="smooth_labels",
    category="stress",
    points=2,
    rule="α = 0 gives the one-hot targets themselves; a single class has the target 1",
    feedback="With α = 0 the formula needs no special case: α/V is 0. With V = 1 the true class "
    "has 1 − α + α. A division by V − 1 breaks there.",
)
def test_no_smoothing_and_a_single_class_are_no_problem(lab, rng):
    targets_right(lab, rng.integers(0, 5, size=3), 5, draw_alpha(rng), **ROUGHLY)
    for alpha in (0.0, 0):
        targets_right(lab, np.array([2, 0, 2]), 3, alpha)
        expect.quiet(lab)
    targets_right(lab, np.array([0, 0]), 1, 0.3)
    expect.quiet(lab)


@graded(
    function="smooth_labels",
    category="bad input",
    points=2,
    rule="α below 0, from 1 on, or NaN is a ValueError that names alpha",
    feedback="1 itself is out: nothing of the label would be left. NaN compares false with "
    "everything, so ask whether α is inside and raise if not.",
)
def test_an_alpha_outside_zero_to_one_is_refused(lab, rng):
    targets_right(lab, rng.integers(0, 5, size=3), 5, 0.0, **ROUGHLY)
    refuses_bad_alphas(lab.smooth_labels, np.array([0, 2, 1]), 3)


@graded(
    function="smooth_labels",
    category="bad input",
    points=2,
    rule="A label below 0, at or above V, or not an integer is a ValueError that names labels; "
    "V < 1 is one that names num_classes",
    feedback="−1 is the last class for NumPy, silently, and −1 or −100 is what data sets use for "
    "padding. Check the range yourself, and do not round 0.5 with astype(int).",
)
def test_a_label_that_is_no_class_has_no_target(lab, rng):
    targets_right(lab, rng.integers(0, 5, size=3), 5, 0.0, **ROUGHLY)
    for labels in BAD_LABELS:
        with expect.refused("labels", "label"):
            lab.smooth_labels(np.array(labels), 3, 0.1)
    for classes in (0, -2):
        # With no class every label is out of range, so either may be named.
        with expect.refused("num_classes", "labels", "label"):
            lab.smooth_labels(np.array([0]), classes, 0.1)
    with expect.refused("num_classes", "labels", "label"):
        lab.smooth_labels(np.array([], dtype=np.int64), 0, 0.1)


# ------------------------------------------------------------------- smoothed_cross_entropy (30)


@graded(
    function="smoothed_cross_entropy",
    category="contract",
    points=6,
    rule="It is the mean over the batch of (1 − α) times the loss of the label plus α times the "
    "mean of −ln p over all V classes",
    feedback="Two terms a row. The second is a mean over all classes, the true one included: not "
    "a sum, and not a mean over the V − 1 others. Then the mean over the batch.",
)
def test_the_loss_mixes_the_label_with_the_mean_of_all_classes(lab, rng):
    loses_right(lab, *draw_batch(rng), **ROUGHLY)
    loses_right(lab, *draw_batch(rng, rows=1), **ROUGHLY)
    loses_right(lab, *draw_batch(rng, rows=6, classes=3), **ROUGHLY)
    loses_right(lab, *draw_batch(rng, rows=2, classes=9), **ROUGHLY)


@graded(
    function="smoothed_cross_entropy",
    category="contract",
    points=2,
    rule="It returns a float, for float32 and integer logits, lists, and labels of any integer "
    "type",
    feedback="np.asarray on both arguments first; integer logits become float64. Return "
    "float(...), not an array of one element.",
)
def test_the_smoothed_loss_is_a_float(lab, rng):
    logits, labels, alpha = draw_batch(rng, dtype=np.float32)
    loses_right(lab, logits, labels.astype(np.uint8), alpha, expect.scalar, **ROUGHLY)
    logits = rng.integers(-3, 4, size=(3, 4))
    loses_right(lab, logits, np.array([0, 3, 1], np.int32), alpha, expect.scalar, **ROUGHLY)
    # In a small integer type z − max wraps around, and np.exp answers in float16.
    small = np.array([[100, -100, 99]], np.int8)
    loses_right(lab, small, np.array([2]), alpha, expect.scalar)
    loses_right(lab, logits.tolist(), [2, 0, 3], alpha, expect.scalar, **ROUGHLY)


@graded(
    function="smoothed_cross_entropy",
    category="contract",
    points=1,
    rule="Neither the logits nor the labels are changed",
    feedback="logits -= logits.max(...) writes into the caller's array. Make a new one.",
)
def test_the_smoothed_loss_leaves_its_arguments_alone(lab, rng):
    logits, labels, alpha = draw_batch(rng)
    loses_right(lab, logits, labels, 0.0, **ROUGHLY)
    expect.untouched(lab)
    lab.smoothed_cross_entropy(logits, labels, alpha)
    expect.untouched(lab)


@graded(
    function="smoothed_cross_entropy",
    category="property",
    points=4,
    rule="With α = 0 it is the plain cross-entropy; between, it grows or falls in proportion to α",
    feedback="α weighs the mean over all classes and 1 − α the label. Swapped weights give the "
    "plain loss at α = 1. Smoothing the prediction, ln((1 − α)p + α/V), is another loss: it is "
    "not a straight line in α.",
)
def test_no_smoothing_is_cross_entropy_and_the_loss_is_linear_in_alpha(lab, rng):
    logits, labels, alpha = draw_batch(rng)
    plain_loss = oracle.cross_entropy(logits, labels)
    value = number(lab.smoothed_cross_entropy(logits, labels, 0.0), "the loss for α = 0")
    expect.close(np.float64(value), plain_loss, what="the loss for α = 0", **ROUGHLY)
    half = loses_right(lab, logits, labels, alpha / 2, **ROUGHLY)
    whole = loses_right(lab, logits, labels, alpha, **ROUGHLY)
    # Both sides are sums of losses that may each be off by six digits.
    wanted = (float(plain_loss) + whole) / 2
    expect.close(np.float64(half), wanted, absolute=2e-6, relative=2e-6, what="the loss for α/2")


@graded(
    function="smoothed_cross_entropy",
    category="property",
    points=2,
    rule="A constant on all logits of a row changes nothing, nor does the order of the rows; "
    "equal logits cost ln V for every α",
    feedback="Each row has its own shift and its own label. If equal logits cost anything but "
    "ln V, the weights of the two terms do not sum to one.",
)
def test_shifts_and_the_order_of_rows_leave_the_smoothed_loss(lab, rng):
    # Multiples of 1/8 below 2^20 add up without rounding, so the exact loss stays the same.
    logits = rng.integers(-40, 40, size=(5, 6)) / 8
    labels, alpha = rng.integers(0, 6, size=5), draw_alpha(rng)
    loses_right(lab, logits, labels, alpha, **ROUGHLY)
    shift = rng.integers(-(2**18), 2**18, size=(5, 1)) / 8
    order = rng.permutation(5)
    loses_right(lab, logits + shift, labels, alpha, **ROUGHLY)
    expect.quiet(lab)
    loses_right(lab, logits[order], labels[order], alpha, **ROUGHLY)
    level = np.full((3, 7), float(rng.normal()))
    value = number(lab.smoothed_cross_entropy(level, np.array([0, 6, 3]), alpha), "the loss")
    expect.close(np.float64(value), np.log(7), what="the loss of equal logits", **ROUGHLY)


@graded(
    function="smoothed_cross_entropy",
    category="reference",
    points=4,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="LSE(z) − z subtracts two large numbers when the logits sit far from zero. Take the "
    "maximum off first and never add it back. An epsilon inside the logarithm is an error of its "
    "own, and with smoothing every class pays for it.",
)
def test_the_smoothed_loss_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            loses_right(lab, *draw_batch(rng, 1, 5, scale, offset))


@graded(
    function="smoothed_cross_entropy",
    category="reference",
    points=1,
    rule="It agrees with the exact value in float32",
    feedback="float32 has 7 digits: with logits near 10 000 only three of them stand behind the "
    "point. Shift first, and stay shifted.",
)
def test_the_smoothed_loss_agrees_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            loses_right(lab, *draw_batch(rng, 1, 5, scale, offset, np.float32))


@graded(
    function="smoothed_cross_entropy",
    category="stress",
    points=2,
    rule="A sure model has a large and finite loss, right or wrong, without a warning: logits of "
    "±1000, and the largest of the contract",
    feedback="With smoothing every class counts, also the one far below. A probability that "
    "rounds to 0 on the way makes it inf. Go from logits to log-probabilities in one step.",
)
def test_a_sure_model_pays_for_every_class(lab):
    for logits, labels in (
        ([[0.0, 1000.0, 0.0], [-1000.0, -999.0, -998.0]], [0, 2]),
        ([[1000.0, 0.0], [0.0, -1000.0], [5.0, 5.0]], [0, 1, 0]),
    ):
        loses_right(lab, np.array(logits), np.array(labels), 0.1)
        expect.quiet(lab)
    for dtype, huge in HUGE.items():
        logits = np.array([[huge, 0.0, -huge], [0.0, huge, 0.0]], dtype)
        loses_right(lab, logits, np.array([2, 1]), 0.1)
        expect.quiet(lab)


@graded(
    function="smoothed_cross_entropy",
    category="stress",
    points=2,
    rule="With α = 0 a wrong class whose logit is −inf does no harm, without a warning",
    feedback="0·∞ is NaN. With α = 0 the mean over all classes may be infinite and must still "
    "count for nothing: leave that term out when its weight is 0. The same goes for a one-hot "
    "target times a log-probability of −inf.",
)
def test_an_impossible_wrong_class_costs_nothing_without_smoothing(lab, rng):
    loses_right(lab, *draw_batch(rng)[:2], 0.0, **ROUGHLY)
    logits = np.array([[0.5, -np.inf, 1.5], [-np.inf, 2.0, -np.inf]])
    for dtype in (np.float64, np.float32):
        loses_right(lab, logits.astype(dtype), np.array([2, 1]), 0.0)
        expect.quiet(lab)


@graded(
    function="smoothed_cross_entropy",
    category="stress",
    points=1,
    rule="With α above 0 a logit of −inf costs +inf, whatever the label; no warning",
    feedback="The target gives every class a share, so a class that can't occur is infinitely "
    "wrong. np.nan_to_num and clipping put a finite number there that means nothing.",
)
def test_smoothing_makes_an_impossible_class_infinitely_wrong(lab, rng):
    loses_right(lab, *draw_batch(rng), **ROUGHLY)
    logits = np.array([[0.5, -np.inf, 1.5], [1.0, 2.0, 0.0]])
    for labels in ([2, 1], [1, 1]):
        loses_right(lab, logits, np.array(labels), 0.1)
        expect.quiet(lab)
    loses_right(lab, logits, np.array([1, 1]), 0.0)
    expect.quiet(lab)


@graded(
    function="smoothed_cross_entropy",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="Let max, exp, sum and mean work along the last axis of the whole array.",
)
def test_the_smoothed_loss_of_a_large_batch_takes_numpy_time(lab, rng):
    logits, labels, alpha = draw_batch(rng, *BATCH)
    value = number(lab.smoothed_cross_entropy(logits, labels, alpha), "the loss")
    if not abs(value - plain(logits, labels, alpha)[0]) < 1e-9:
        raise AssertionError("the loss of the large batch is wrong")
    takes_numpy_time(lab, lab.smoothed_cross_entropy, logits, labels, alpha)


@graded(
    function="smoothed_cross_entropy",
    category="bad input",
    points=2,
    rule="α below 0, from 1 on, or NaN is a ValueError that names alpha",
    feedback="Check α first. Your smooth_labels refuses it already: you may let it do the work.",
)
def test_the_smoothed_loss_refuses_a_bad_alpha(lab, rng):
    loses_right(lab, *draw_batch(rng)[:2], 0.0, **ROUGHLY)
    refuses_bad_alphas(lab.smoothed_cross_entropy, draw(rng, (3, 3)), np.array([0, 2, 1]))


@graded(
    function="smoothed_cross_entropy",
    category="bad input",
    points=2,
    rule="A label below 0, at or above V, or not an integer is a ValueError that names labels; "
    "so is another number of labels than of rows",
    feedback="NumPy takes −1 for the last class and spreads a single label over all rows, both in "
    "silence. Check range, type and shape yourself.",
)
def test_the_smoothed_loss_refuses_bad_labels(lab, rng):
    loses_right(lab, *draw_batch(rng)[:2], 0.0, **ROUGHLY)
    refuses_bad_batches(lab.smoothed_cross_entropy, rng)


# -------------------------------------------------------------- smoothed_cross_entropy_grad (22)


@graded(
    function="smoothed_cross_entropy_grad",
    category="contract",
    points=6,
    rule="It returns (softmax − smoothed target)/B, shape (B, V)",
    feedback="What the model said, minus what it should say; α/V in every class. The loss is a "
    "mean over the batch, which leaves a factor 1/B.",
)
def test_the_gradient_is_softmax_minus_the_smoothed_target(lab, rng):
    slopes_right(lab, *draw_batch(rng), **ROUGHLY)
    slopes_right(lab, *draw_batch(rng, rows=1), **ROUGHLY)
    slopes_right(lab, *draw_batch(rng, rows=6, classes=3), **ROUGHLY)
    slopes_right(lab, *draw_batch(rng, rows=2, classes=9), **ROUGHLY)


@graded(
    function="smoothed_cross_entropy_grad",
    category="contract",
    points=2,
    rule="The float type of the logits is kept; integers and lists are computed in float64",
    feedback="float64 targets drag float32 probabilities along: softmax − targets is float64 then. "
    "Convert the targets or the result to the type of the logits.",
)
def test_the_smoothed_gradient_keeps_the_float_type(lab, rng):
    logits, labels, alpha = draw_batch(rng, dtype=np.float32)
    slopes_right(lab, logits, labels.astype(np.uint8), alpha, expect.array, **ROUGHLY)
    slopes_right(lab, *draw_batch(rng), expect.array, **ROUGHLY)
    logits = rng.integers(-3, 4, size=(3, 4))
    slopes_right(lab, logits, np.array([0, 3, 1], np.int32), alpha, expect.array, **ROUGHLY)
    slopes_right(lab, logits.tolist(), [2, 0, 3], alpha, expect.array, **ROUGHLY)


@graded(
    function="smoothed_cross_entropy_grad",
    category="contract",
    points=1,
    rule="Neither the logits nor the labels are changed",
    feedback="p -= targets is fine on an array of your own. np.asarray(logits) is not your own.",
)
def test_the_smoothed_gradient_leaves_its_arguments_alone(lab, rng):
    logits, labels, alpha = draw_batch(rng)
    slopes_right(lab, logits, labels, 0.0, **ROUGHLY)
    expect.untouched(lab)
    lab.smoothed_cross_entropy_grad(logits, labels, alpha)
    expect.untouched(lab)


@graded(
    function="smoothed_cross_entropy_grad",
    category="property",
    points=2,
    rule="Each row sums to 0",
    feedback="Softmax sums to 1 and so must the target. If yours does not, look at the target of "
    "the true class: 1 − α + α/V.",
)
def test_each_row_of_the_smoothed_gradient_sums_to_zero(lab, rng):
    for rows, classes in ((1, 4), (3, 8)):
        value = slopes_right(lab, *draw_batch(rng, rows, classes), **ROUGHLY)
        # Rows computed in float32 earn this as well: 1e-6 for each of their entries.
        if not np.abs(value.sum(axis=1)).max() <= classes * 1e-6:
            raise AssertionError("a row of the gradient does not sum to 0")


@graded(
    function="smoothed_cross_entropy_grad",
    category="property",
    points=2,
    rule="It is 0 where the model says exactly the smoothed target, and not at any surer model",
    feedback="The lowest loss lies at a finite gap between the logits. Past it the gradient turns "
    "round and pulls the true logit down. A gradient without α never does.",
)
def test_the_smoothed_gradient_turns_round_at_the_target(lab, rng):
    for _ in range(3):
        classes, alpha = draw_classes(rng), draw_alpha(rng)
        label, gap = int(rng.integers(0, classes)), float(exact_gap(classes, alpha))
        logits = np.full((1, classes), float(rng.normal()))
        for past in (-1.0, 0.0, 1.0):
            moved = logits.copy()
            moved[0, label] += gap + past
            slopes_right(lab, moved, np.array([label]), alpha, **ROUGHLY)


@graded(
    function="smoothed_cross_entropy_grad",
    category="gradient",
    points=2,
    rule="It is the derivative of the loss: it agrees with the smoothed cross-entropy at fifty "
    "digits, differentiated numerically",
    feedback="Write the loss of one row as LSE(z) − (1 − α) z_y − α·mean(z) and differentiate by "
    "one logit. A sign that is turned round shows here.",
)
def test_the_smoothed_gradient_is_the_derivative_of_the_loss(lab, rng):
    for _ in range(2):
        logits, labels, alpha = draw_batch(rng, 2, 4)
        value = lab.smoothed_cross_entropy_grad(logits, labels, alpha)
        value = expect.floats(value, logits.shape, np.float64, "the gradient")
        expect.close(value, exact_slopes(logits, labels, alpha), what="the gradient", **ROUGHLY)


@graded(
    function="smoothed_cross_entropy_grad",
    category="reference",
    points=2,
    rule="It agrees with the exact value in all digits, for logits from tiny to huge and far from "
    "0, in float32 too",
    feedback="Subtract the maximum of each row before exp. A numerical difference is too coarse, "
    "and so is a target rounded to float32 under float64 logits.",
)
def test_the_smoothed_gradient_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            slopes_right(lab, *draw_batch(rng, 2, 5, scale, offset))
            slopes_right(lab, *draw_batch(rng, 2, 5, scale, offset, np.float32))


@graded(
    function="smoothed_cross_entropy_grad",
    category="stress",
    points=2,
    rule="Logits of ±1000, the largest of the contract and −inf are no problem, without a warning",
    feedback="e^1000 is inf and inf/inf is NaN: shift each row by its own maximum. A class of "
    "logit −inf has the probability 0; only the target is left of it.",
)
def test_the_smoothed_gradient_survives_large_logits(lab):
    for logits, labels in (
        ([[0.0, 1000.0, 0.0], [-1000.0, -999.0, -998.0]], [0, 2]),
        ([[0.5, -np.inf, 1.5], [-np.inf, 2.0, -np.inf]], [2, 1]),
    ):
        for alpha in (0.0, 0.1):
            slopes_right(lab, np.array(logits), np.array(labels), alpha)
            expect.quiet(lab)
    for dtype, huge in HUGE.items():
        logits = np.array([[huge, 0.0, -huge], [0.0, huge, 0.0]], dtype)
        slopes_right(lab, logits, np.array([2, 1]), 0.1)
        expect.quiet(lab)


@graded(
    function="smoothed_cross_entropy_grad",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="Softmax of the whole array, then one subtraction of the targets.",
)
def test_the_smoothed_gradient_of_a_large_batch_takes_numpy_time(lab, rng):
    logits, labels, alpha = draw_batch(rng, *BATCH)
    value = lab.smoothed_cross_entropy_grad(logits, labels, alpha)
    value = expect.floats(value, logits.shape, np.float64, "the gradient")
    if not np.abs(value - plain(logits, labels, alpha)[1]).max() < 1e-9:
        raise AssertionError("the gradient of the large batch is wrong")
    takes_numpy_time(lab, lab.smoothed_cross_entropy_grad, logits, labels, alpha)


@graded(
    function="smoothed_cross_entropy_grad",
    category="bad input",
    points=2,
    rule="It refuses the same α and the same labels as the loss, with a ValueError that names "
    "alpha or labels",
    feedback="A gradient that accepts what the loss refuses trains on noise in silence. Let "
    "smooth_labels check for both, and compare the number of labels with the number of rows.",
)
def test_the_smoothed_gradient_refuses_what_the_loss_refuses(lab, rng):
    slopes_right(lab, *draw_batch(rng)[:2], 0.0, **ROUGHLY)
    refuses_bad_alphas(lab.smoothed_cross_entropy_grad, draw(rng, (3, 3)), np.array([0, 2, 1]))
    refuses_bad_batches(lab.smoothed_cross_entropy_grad, rng)


# ----------------------------------------------------------------------------- minimum_loss (14)


@graded(
    function="minimum_loss",
    category="contract",
    points=5,
    rule="It is the entropy of the smoothed target, in nats",
    feedback="−Σ q ln q over all V classes: one class with 1 − α + α/V and V − 1 classes with α/V. "
    "It is not 0, and not the entropy of a coin with the sides α and 1 − α.",
)
def test_the_minimum_is_the_entropy_of_the_target(lab, rng):
    for _ in range(5):
        bounds_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    bounds_right(lab, 2, draw_alpha(rng), **ROUGHLY)


@graded(
    function="minimum_loss",
    category="contract",
    points=1,
    rule="It returns a float",
    feedback="Return float(...), not an array of one element.",
)
def test_the_minimum_is_a_float(lab, rng):
    bounds_right(lab, draw_classes(rng), draw_alpha(rng), expect.scalar, **ROUGHLY)


@graded(
    function="minimum_loss",
    category="property",
    points=2,
    rule="A model that says the smoothed target reaches it, and no other model gets below it",
    feedback="Put the logarithms of the smoothed target into your smoothed_cross_entropy: they are "
    "logits of the best model. Its loss is the number asked for here.",
)
def test_the_best_model_reaches_the_minimum_and_none_is_lower(lab, rng):
    for _ in range(3):
        classes, alpha = draw_classes(rng), draw_alpha(rng)
        value = number(lab.minimum_loss(classes, alpha), "the minimum")
        best = np.zeros((1, classes))
        best[0, 0] = exact_gap(classes, alpha)
        reached = exact_loss(best, np.array([0]), alpha)
        expect.close(np.float64(value), reached, what="the minimum", **ROUGHLY)
        for scale in (0.5, 3.0):
            other = exact_loss(draw(rng, (1, classes), scale), np.array([0]), alpha)
            if not value <= other + 1e-6:
                raise AssertionError("a model with other logits has a loss below this minimum")


@graded(
    function="minimum_loss",
    category="reference",
    points=2,
    rule="It agrees with the exact value in all digits, also for many classes and for a small α",
    feedback="An epsilon inside the logarithm is an error of its own, and V − 1 classes pay for "
    "it. Count the other classes instead of listing them when there are many.",
)
def test_the_minimum_agrees_with_fifty_digits(lab, rng):
    for classes in (2, 10, 1000):
        for alpha in (1e-9, 0.1, 0.999, draw_alpha(rng)):
            bounds_right(lab, classes, alpha)
    bounds_right(lab, 200_000, draw_alpha(rng), **ROUGHLY)


@graded(
    function="minimum_loss",
    category="stress",
    points=2,
    rule="α = 0 gives 0.0, and so does a single class, without a warning",
    feedback="0·ln 0 is 0 in an entropy, and NaN in floats. Leave a class of probability 0 out of "
    "the sum. No epsilon is needed.",
)
def test_without_smoothing_the_minimum_is_zero(lab, rng):
    bounds_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    for classes, alpha in ((10, 0.0), (2, 0.0), (1, 0.0), (1, 0.3)):
        bounds_right(lab, classes, alpha)
        expect.quiet(lab)


@graded(
    function="minimum_loss",
    category="bad input",
    points=2,
    rule="α outside [0, 1) is a ValueError that names alpha, V < 1 one that names num_classes",
    feedback="Without a check, α = 1.5 gives the logarithm of a negative number or a number that "
    "means nothing. NaN compares false with everything: ask whether α is inside.",
)
def test_the_minimum_refuses_a_bad_alpha_and_no_classes(lab, rng):
    bounds_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    refuses_bad_alphas(lab.minimum_loss, 10)
    for classes in (0, -2):
        with expect.refused("num_classes"):
            lab.minimum_loss(classes, 0.1)


# ------------------------------------------------------------------------ optimal_logit_gap (14)


@graded(
    function="optimal_logit_gap",
    category="contract",
    points=5,
    rule="It is the logarithm of the ratio of the two target probabilities: "
    "ln((1 − α + α/V)/(α/V))",
    feedback="A gap of logits is the logarithm of a ratio of probabilities. The true class has "
    "1 − α + α/V, not 1 − α, and each other class α/V, not α/(V − 1).",
)
def test_the_gap_is_the_log_ratio_of_the_target(lab, rng):
    for _ in range(5):
        gaps_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    gaps_right(lab, 2, draw_alpha(rng), **ROUGHLY)


@graded(
    function="optimal_logit_gap",
    category="contract",
    points=1,
    rule="It returns a float",
    feedback="Return float(...), not an array of one element.",
)
def test_the_gap_is_a_float(lab, rng):
    gaps_right(lab, draw_classes(rng), draw_alpha(rng), expect.scalar, **ROUGHLY)


@graded(
    function="optimal_logit_gap",
    category="property",
    points=2,
    rule="Softmax of the true logit at this gap above all others is the smoothed target",
    feedback="Try it: logits with one entry at the gap and zeros elsewhere. Softmax must give "
    "1 − α + α/V and α/V.",
)
def test_softmax_at_the_gap_is_the_target(lab, rng):
    for _ in range(3):
        classes, alpha = draw_classes(rng), draw_alpha(rng)
        gap = number(lab.optimal_logit_gap(classes, alpha), "the gap")
        if not np.isfinite(gap):
            raise AssertionError("the gap is not finite")
        logits = np.zeros(classes)
        logits[0] = gap
        # Six digits of a gap below 8 leave 2e-6 of a probability.
        wanted = exact_targets(np.array([0]), classes, alpha)[0]
        expect.close(oracle.softmax(logits), wanted, absolute=2e-6, what="softmax at the gap")


@graded(
    function="optimal_logit_gap",
    category="reference",
    points=2,
    rule="It agrees with the exact value in all digits, for many classes and for α near 0 and 1",
    feedback="Use float64 throughout and add no epsilon. A search or a rounded table is too "
    "coarse: the formula is exact.",
)
def test_the_gap_agrees_with_fifty_digits(lab, rng):
    for classes in (2, 10, 1000):
        for alpha in (1e-12, 0.1, 0.999, draw_alpha(rng)):
            gaps_right(lab, classes, alpha)
    gaps_right(lab, 200_000, draw_alpha(rng), **ROUGHLY)


@graded(
    function="optimal_logit_gap",
    category="stress",
    points=1,
    rule="α = 0 gives +inf, without a warning and without a ZeroDivisionError",
    feedback="With hard labels no gap is ever enough: the loss falls for ever. Return infinity "
    "for that case before you divide.",
)
def test_hard_labels_want_an_infinite_gap(lab, rng):
    gaps_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    for classes in (2, 10):
        for alpha in (0.0, 0):
            gaps_right(lab, classes, alpha)
            expect.quiet(lab)


@graded(
    function="optimal_logit_gap",
    category="stress",
    points=1,
    rule="The gap is finite for every α from 1e-308 up, without a warning",
    feedback="1/(α/V) overflows before its logarithm does. The logarithm of a ratio is a "
    "difference of logarithms: write it so.",
)
def test_the_gap_of_the_smallest_alpha_is_finite(lab, rng):
    gaps_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    for classes in (2, 1000):
        for alpha in (1e-100, 1e-308):
            gaps_right(lab, classes, alpha)
            expect.quiet(lab)


@graded(
    function="optimal_logit_gap",
    category="bad input",
    points=2,
    rule="V < 2 is a ValueError that names num_classes; α outside [0, 1) is one that names alpha",
    feedback="With one class there is no other logit, so no gap. The formula gives 0 for it, "
    "which looks like an answer. Check V and α first.",
)
def test_the_gap_needs_two_classes_and_a_valid_alpha(lab, rng):
    gaps_right(lab, draw_classes(rng), draw_alpha(rng), **ROUGHLY)
    for classes in (1, 0, -2):
        with expect.refused("num_classes"):
            lab.optimal_logit_gap(classes, 0.1)
    refuses_bad_alphas(lab.optimal_logit_gap, 10)
