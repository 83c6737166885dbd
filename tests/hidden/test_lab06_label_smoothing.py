"""What the grader asks of lab 6, label smoothing: inputs, what is right for them, one rule more."""

import math
from fractions import Fraction

import inputs
import numpy as np
from inputs import INF, TYPES, draw, eighths, far, largest, near
from mpmath import mp, mpf, workdps

from lnnn import exact
from lnnn.suite.rule import rule

LOSS, GRAD = "smoothed_cross_entropy", "smoothed_cross_entropy_grad"
MOST = {"smooth_labels": 0.5, LOSS: 2.8, GRAD: 3.5}


def some_alpha(rng):
    """An α that shows in the first digits."""
    return float(rng.uniform(0.05, 0.6))


def some_classes(rng):
    """A number of classes V."""
    return int(rng.integers(3, 12))


def bad_alphas(rng):
    """Below 0, 1 itself, above 1, and what is no number."""
    return -float(rng.uniform(0.01, 0.5)), 1.0, float(rng.uniform(1.01, 2)), math.nan, INF


# ------------------------------------------------------------------------------- what is right
def targets_of(labels, classes, alpha):
    """The smoothed target of each row, each entry rounded once."""
    part = Fraction(alpha) / classes
    at_the_label = np.asarray(labels)[:, None] == np.arange(classes)
    return np.where(at_the_label, float(1 - Fraction(alpha) + part), float(part))


def row_targets(labels, classes, alpha):
    """Labels, V, α and the targets."""
    return labels, classes, alpha, targets_of(labels, classes, alpha)


def batch_of(logits, labels, alpha):
    """Logits, labels, α and the targets."""
    return logits, labels, alpha, targets_of(labels, np.shape(logits)[1], alpha)


def batch(rng, rows=4, classes=5, scale=0.5, offset=0.0, dtype=np.float64, alpha=None):
    """A drawn batch with its targets."""
    alpha = some_alpha(rng) if alpha is None else alpha
    return batch_of(*inputs.batch(rng, rows, classes, scale, offset, dtype), alpha)


def numbers_of(classes, alpha):
    """V, α > 0, and the exact entropy of the target and gap of its logits."""
    with workdps(exact.DIGITS):
        part = mpf(alpha) / classes
        true = 1 - mpf(alpha) + part
        entropy = -true * mp.log(true) - (classes - 1) * part * mp.log(part)
        gap = mp.log(true / part)
    return classes, alpha, {"minimum_loss": float(entropy), "optimal_logit_gap": float(gap)}


def plain(function, z, labels, alpha):
    """What a function says of a large batch in plain floats, to tell right from wrong at 1e-9."""
    log_p, q = inputs.log_softmax(z), targets_of(labels, z.shape[1], alpha)
    if function == "smooth_labels":
        return q
    return -(q * log_p).sum() / len(z) if function == LOSS else (np.exp(log_p) - q) / len(z)


# ------------------------------------------------------------------------------------ smooth_labels
def test_the_target_is_a_onehot_mixed_with_a_uniform(holds, rng):
    for _ in range(4):
        classes = some_classes(rng)
        labels = rng.integers(0, classes, size=rng.integers(3, 12))
        holds(row_targets(labels, classes, some_alpha(rng)))


def test_labels_of_any_integer_type_give_float64_targets(holds, rng):
    labels = rng.permutation([0, 3, 1, 3])
    for given in (*(labels.astype(t) for t in (np.int64, np.int32, np.uint8)), labels.tolist()):
        holds(row_targets(given, 4, some_alpha(rng)))


def test_each_row_of_targets_sums_to_one(holds, rng):
    for _ in range(3):
        classes = some_classes(rng)
        holds(row_targets(rng.integers(0, classes, size=4), classes, some_alpha(rng)))


def test_targets_agree_with_the_exact_value(holds, rng):
    for classes in (2, 7, 300):
        for alpha in (0.1, 1e-6, 0.999, some_alpha(rng)):
            holds(row_targets(rng.integers(0, classes, size=3), classes, alpha))


def test_no_smoothing_and_a_single_class_are_no_problem(holds, rng):
    usual = row_targets(rng.permutation(5)[:3], 5, some_alpha(rng))
    for alpha in (0.0, 0):
        holds(usual, row_targets(rng.integers(0, 3, size=4), 3, alpha))
    holds(usual, row_targets(np.zeros(rng.integers(1, 5), int), 1, some_alpha(rng)))


def test_a_label_that_is_no_class_has_no_target(holds, rng):
    usual = row_targets(rng.integers(0, 40, size=6), 40, 0.0)
    for bad in inputs.no_classes(rng, rng.permutation(3)):
        holds(usual, bad, 3)
    for classes in (0, -int(rng.integers(1, 5))):
        holds(usual, rng.integers(0, 3, size=1), classes)
    holds(usual, np.array([], dtype=np.int64), 0)


# --------------------------------------------------------- smoothed_cross_entropy and its gradient
def test_the_loss_mixes_the_label_with_the_mean_of_all_classes(holds, rng):
    for rows, classes in ((4, 5), (1, 5), (6, 3), (2, 9)):
        holds(batch(rng, rows, classes))


def test_the_smoothed_loss_is_a_float(holds, rng):
    logits, labels, alpha, _ = batch(rng, dtype=np.float32)
    holds(batch_of(logits, labels.astype(np.uint8), alpha))
    logits = rng.integers(-3, 4, size=(3, 4))
    holds(batch_of(logits, rng.permutation(np.array([0, 3, 1], np.int32)), alpha))
    holds(batch_of(inputs.wrapping(rng)[None], rng.integers(0, 3, size=1), alpha))
    holds(batch_of(logits.tolist(), rng.permutation([2, 0, 3]).tolist(), alpha))


def test_no_smoothing_is_cross_entropy_and_the_loss_is_linear_in_alpha(holds, rng):
    holds(batch(rng))


def test_shifts_and_the_order_of_rows_leave_the_smoothed_loss(holds, rng):
    logits, shift = eighths(rng)
    inputs = batch_of(logits / 8, rng.integers(0, 6, size=4), some_alpha(rng))
    holds(inputs, shift, rng.permutation(4), float(rng.normal()))


def test_the_smoothed_loss_agrees_with_fifty_digits_in_float32(holds, rng):
    for logits, labels in inputs.with_ranks(inputs.far_in_float32(rng, (1, 5))):
        holds(batch_of(logits, labels, some_alpha(rng)))


def sure(rng):
    """Batches of a model that is sure, and wrong in at least one row."""
    top, level = rng.uniform(900, 1100), rng.normal()
    one, low = rng.permutation([0.0, top, 0.0]), near(rng, -1000)
    yield np.array([one, low]), np.array([one.argmin(), low.argmax()])
    yield np.array([[top, 0.0], [0.0, -top], [level, level]]), np.array([0, 1, 0])
    for dtype in TYPES:
        row = largest(rng, dtype)
        yield np.array([row, row[::-1]]), np.array([row.argmin(), rng.integers(3)])


def impossible(rng, dtype=np.float64):
    """Logits (2, 3) that rule out a class of one row and two of the other; labels that are not."""
    logits, labels = draw(rng, (2, 3), dtype=dtype), rng.integers(3, size=2)
    logits[0, labels[0] - 1] = -INF
    logits[1, [labels[1] - 1, labels[1] - 2]] = -INF
    return logits, labels


def test_an_impossible_wrong_class_costs_nothing_without_smoothing(holds, rng):
    for dtype in TYPES:
        holds(batch(rng, alpha=0.0), batch_of(*impossible(rng, dtype), 0.0))


def test_smoothing_makes_an_impossible_class_infinitely_wrong(holds, rng):
    logits, labels = impossible(rng)
    logits[1] = draw(rng, 3)
    of_that_class = np.array([(labels[0] - 1) % 3, labels[1]])
    pairs = (labels, some_alpha(rng)), (of_that_class, some_alpha(rng)), (of_that_class, 0.0)
    for given, alpha in pairs:
        holds(batch(rng), batch_of(logits, given, alpha))


def unfit(rng):
    """Logits, and labels that are no classes or not one for each row."""
    for bad in inputs.no_classes(rng, rng.permutation(3)):
        yield draw(rng, (3, 3)), bad
    for rows, count in ((3, 2), (2, 3), (3, 1)):
        yield draw(rng, (rows, 3)), rng.integers(0, 3, size=count)


def test_the_gradient_is_softmax_minus_the_smoothed_target(holds, rng):
    for rows, classes in ((4, 5), (1, 5), (6, 3), (2, 9)):
        holds(batch(rng, rows, classes))


def test_the_smoothed_gradient_keeps_the_float_type(holds, rng):
    holds(batch(rng))
    logits, labels, alpha, _ = batch(rng, dtype=np.float32)
    holds(batch_of(logits, labels.astype(np.uint8), alpha))
    logits = rng.integers(-3, 4, size=(3, 4))
    holds(batch_of(logits, rng.permutation(np.array([0, 3, 1], np.int32)), alpha))
    holds(batch_of(logits.tolist(), rng.permutation([2, 0, 3]).tolist(), alpha))


def test_each_row_of_the_smoothed_gradient_sums_to_zero(holds, rng):
    for rows, classes in ((1, 4), (3, 8)):
        holds(batch(rng, rows, classes))


def test_the_smoothed_gradient_turns_round_at_the_target(holds, rng):
    for _ in range(3):
        classes, alpha, wanted = numbers_of(some_classes(rng), some_alpha(rng))
        logits = np.full((1, classes), float(rng.normal()))
        label = rng.integers(classes)
        for past in (-1.0, 0.0, 1.0):
            moved = logits.copy()
            moved[0, label] += wanted["optimal_logit_gap"] + past
            holds(batch_of(moved, np.array([label]), alpha))


def test_the_smoothed_gradient_is_the_derivative_of_the_loss(holds, rng):
    for _ in range(2):
        holds(batch(rng, 2, 4))


# ------------------------------------------------------- what several functions of a batch share
def test_the_arguments_are_left_alone(holds, rng):
    holds(batch(rng, alpha=0.0))


def test_it_agrees_with_fifty_digits(holds, function, rng):
    scales = (1e-3, 1.0, 1e2, 1e4) if function == LOSS else (1e-3, 1.0, 1e2)
    # One row for the loss, where the price of another one would hide digits.
    shape = (1 if function == LOSS else 2, 5)
    drawn = [*far(rng, shape, scales)]
    if function == GRAD:  # the loss has a rule of its own for float32
        drawn += inputs.far_in_float32(rng, shape)
    for logits, labels in inputs.with_ranks(drawn):
        holds(batch_of(logits, labels, some_alpha(rng)))


def test_large_logits_are_no_problem(holds, function, rng):
    if function == LOSS:
        for logits, labels in sure(rng):
            holds(batch_of(logits, labels, some_alpha(rng)))
        return
    for logits, labels in (*sure(rng), impossible(rng)):
        for alpha in (0.0, some_alpha(rng)):
            holds(batch_of(logits, labels, alpha))


def test_bad_labels_are_refused(holds, function, rng):
    usual = batch(rng, alpha=0.0)
    for logits, labels in unfit(rng):
        holds(usual, logits, labels, bad_alphas(rng) if function == GRAD else ())


def test_an_alpha_outside_zero_to_one_is_refused(holds, rng):
    holds(batch(rng, alpha=0.0), bad_alphas(rng))


@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_batch_takes_numpy_time(lab, function, rng):
    """A large batch takes NumPy time, not a Python loop over its elements

    Fill the targets of all rows at once. Let max, exp, sum and mean work along the last axis of the
    whole array; for the gradient, take the targets off the softmax of all rows."""

    def drawn():
        # Few enough classes that a matrix of V × V, such as np.eye(V), costs little.
        logits, labels = inputs.batch(rng, 60, 250)
        arguments = (labels, 250) if function == "smooth_labels" else (logits, labels)
        return (*arguments, 0.1), plain(function, logits, labels, 0.1)

    inputs.takes_numpy_time(lab, function, drawn, MOST[function])


# --------------------------------------------------------------- minimum_loss and optimal_logit_gap
def some_numbers(rng):
    """What ``numbers_of`` gives for a drawn V and α."""
    return numbers_of(some_classes(rng), some_alpha(rng))


def test_the_minimum_is_the_entropy_of_the_target(holds, rng):
    for classes in (2, *(some_classes(rng) for _ in range(5))):
        holds(numbers_of(classes, some_alpha(rng)))


def test_the_gap_is_the_log_ratio_of_the_target(holds, rng):
    for classes in (2, *(some_classes(rng) for _ in range(5))):
        holds(numbers_of(classes, some_alpha(rng)))


def test_it_is_a_float(holds, rng):
    holds(some_numbers(rng))


def test_it_agrees_in_all_digits(holds, rng):
    for classes in (2, 10, 1000):
        for alpha in (1e-12, 1e-9, 0.1, 0.999, some_alpha(rng)):
            holds(numbers_of(classes, alpha * rng.uniform(0.99, 1.0)))
    holds(numbers_of(int(rng.integers(900_000, 1_000_001)), some_alpha(rng)))


def test_a_bad_alpha_and_too_few_classes_are_refused(holds, rng):
    holds(some_numbers(rng), bad_alphas(rng), [1, 2, int(rng.integers(3, 9))])


def test_the_best_model_reaches_the_minimum_and_none_is_lower(holds, rng):
    for _ in range(3):
        classes, alpha = some_classes(rng), some_alpha(rng)
        others = [draw(rng, (1, classes), scale) for scale in (0.5, 3.0)]
        holds(classes, alpha, targets_of([0], classes, alpha), others)


def test_without_smoothing_the_minimum_is_zero(holds, rng):
    for classes, alpha in ((some_classes(rng), 0.0), (2, 0.0), (1, 0.0), (1, some_alpha(rng))):
        holds(some_numbers(rng), classes, alpha)


def test_softmax_at_the_gap_is_the_target(holds, rng):
    for _ in range(3):
        classes, alpha = some_classes(rng), some_alpha(rng)
        holds(classes, alpha, targets_of([0], classes, alpha))


def test_hard_labels_want_an_infinite_gap(holds, rng):
    for classes in (2, some_classes(rng)):
        for no_smoothing in (0.0, 0):
            holds(some_numbers(rng), classes, no_smoothing)


def test_the_gap_of_the_smallest_alpha_is_finite(holds, rng):
    for classes in (2, 1000):
        for alpha in (1e-100, 1e-308):
            holds(some_numbers(rng), numbers_of(classes, alpha * rng.uniform(1, 9)))
