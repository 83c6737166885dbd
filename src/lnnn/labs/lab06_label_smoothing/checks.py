"""The visible checks of lab 6: every rule of the contract, on inputs that may be read here.

With α = 1/4 and four classes the targets are 13/16 and 1/16, which floats hold exactly. Entropies
and gaps were computed with mpmath at 30 digits.
"""

import numpy as np
import pytest

from lnnn import exact
from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type

graded = pytest.mark.graded

LOGITS = np.array([[1.0, 2.0, 3.0, 0.0], [0.5, 0.0, -1.0, 2.5]])
LABELS = np.array([2, 0])
TARGETS = np.array([[1, 1, 13, 1], [13, 1, 1, 1]]) / 16
ENTROPIES = {(4, 0.25): 0.68856736930228264, (10, 0.1): 0.50028803505775785}
GAPS = {
    (4, 0.25): 2.5649493574615367,
    (10, 0.1): 4.5108595065168500,
    (1000, 1e-308): 716.1039639211482,
}
BAD_ALPHAS = (-0.1, 1.0, 1.5, float("nan"))


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


def targets(lab, wanted, labels, num_classes, alpha):
    """smooth_labels gives these rows."""
    wanted = np.asarray(wanted, dtype=float)
    value = lab.smooth_labels(labels, num_classes, alpha)
    value = expect.array(value, wanted.shape, np.float64, "the answer")
    expect.close(value, wanted, what="the target")
    return value


def costs(lab, logits, labels=LABELS, rows=TARGETS, alpha=0.25):
    """smoothed_cross_entropy is what the oracle's prices cost under the targets ``rows``."""
    prices = -exact.to_float(exact.log_softmax(logits))
    wanted = np.where(rows == 0, 0, rows * np.where(rows == 0, 0, prices)).sum(axis=1).mean()
    value = expect.scalar(lab.smoothed_cross_entropy(logits, labels, alpha), "the loss")
    expect.close(float_type(logits).type(value), wanted, what="the loss")


def slopes(lab, logits, labels=LABELS, rows=TARGETS, alpha=0.25):
    """smoothed_cross_entropy_grad is what the oracle's probabilities leave above ``rows``."""
    wanted = np.subtract(exact.to_float(exact.softmax(logits)), rows) / len(rows)
    value = lab.smoothed_cross_entropy_grad(logits, labels, alpha)
    value = expect.array(value, wanted.shape, float_type(logits), "the gradient")
    expect.close(value, wanted, what="the gradient")
    return value


def is_number(value, wanted, what):
    """A float of this value."""
    expect.close(np.float64(expect.scalar(value, what)), wanted, what=what)


def refuses_bad_alphas(function, *arguments):
    """No smoothing below 0, none that leaves nothing of the label, no NaN."""
    for alpha in BAD_ALPHAS:
        with expect.refused("alpha", "α"):
            function(*arguments, alpha)


def refuses_bad_labels(function):
    """What can't be a label, and what does not fit the batch."""
    for labels in ([0, -1], [0, 4], [0, 0.5]):
        with expect.refused("labels", "label"):
            function(LOGITS, np.array(labels), 0.1)
    for labels in ([0], [0, 1, 2]):
        with expect.refused("labels", "label", "logits"):
            function(LOGITS, np.array(labels), 0.1)


# ------------------------------------------------------------------------------ smooth_labels


@check(
    "smooth_labels",
    "contract",
    "Every class gets α/V, the label of each row 1 − α on top; the targets are float64",
    "The true class is one of the V: it gets its part of the share too.",
)
def test_target_values(lab):
    targets(lab, TARGETS, LABELS, 4, 0.25)
    targets(lab, [[0.75, 0.25], [0.25, 0.75], [0.75, 0.25]], [0, 1, 0], 2, 0.5)
    targets(lab, [[0.025, 0.925, 0.025, 0.025]], np.array([1], np.uint8), 4, 0.1)
    expect.untouched(lab)


@check(
    "smooth_labels",
    "property",
    "Each row sums to 1",
    "0.9 at the label and α/V elsewhere leave the sum short.",
)
def test_target_rows_sum_to_one(lab):
    value = targets(lab, TARGETS, LABELS, 4, 0.25)
    # Four positive entries, each within the contract's 1e-12 of the exact one.
    if not np.abs(value.sum(axis=1) - 1).max() <= 1e-12:
        raise AssertionError(f"the rows sum to {value.sum(axis=1)}")


@check(
    "smooth_labels",
    "stress",
    "α = 0 gives one-hot rows; one class alone has the target 1",
    "Neither case needs a line of its own, unless you divide by V − 1.",
)
def test_targets_at_the_edges(lab):
    targets(lab, [[0, 0, 1], [1, 0, 0]], np.array([2, 0]), 3, 0.0)
    targets(lab, [[1.0]], np.array([0]), 1, 0.25)
    expect.quiet(lab)


@check(
    "smooth_labels",
    "bad input",
    "A bad α, label or V is a ValueError that says alpha, labels or num_classes",
    "NaN compares false with everything: ask whether α is inside, and raise if not. NumPy takes −1 "
    "for the last class.",
)
def test_targets_refuse_bad_input(lab):
    targets(lab, TARGETS, LABELS, 4, 0.25)
    refuses_bad_alphas(lab.smooth_labels, LABELS, 4)
    for labels in ([0, -1], [0, 4], [0, 0.5]):
        with expect.refused("labels", "label"):
            lab.smooth_labels(np.array(labels), 4, 0.1)
    with expect.refused("num_classes", "labels", "label"):
        lab.smooth_labels(np.array([0]), 0, 0.1)


# --------------------------------------------------------------------- smoothed_cross_entropy


@check(
    "smoothed_cross_entropy",
    "contract",
    "It mixes the price of the label with the mean price of all classes, as a float",
    "1 − α weighs the label, α the mean over all V classes. Then the mean over the batch.",
)
def test_smoothed_loss_values(lab):
    costs(lab, LOGITS)
    costs(lab, LOGITS[:1], LABELS[:1], TARGETS[:1])
    costs(lab, LOGITS.astype(np.float32))
    costs(lab, [[1, 2, 3, 0], [2, 0, -1, 5]], [2, 0])
    expect.quiet(lab)


@check(
    "smoothed_cross_entropy",
    "contract",
    "Logits and labels stay as they were",
    "logits -= … changes the caller's array. Make a new one.",
)
def test_smoothed_loss_leaves_its_arguments_alone(lab):
    costs(lab, LOGITS.copy(), LABELS.copy())
    expect.untouched(lab)


@check(
    "smoothed_cross_entropy",
    "property",
    "α = 0 is the cross-entropy",
    "If it is the mean of all classes instead, the two weights are swapped.",
)
def test_no_smoothing_is_cross_entropy(lab):
    value = expect.scalar(lab.smoothed_cross_entropy(LOGITS, LABELS, 0.0), "the loss")
    expect.close(np.float64(value), oracle.cross_entropy(LOGITS, LABELS), what="the loss")


@check(
    "smoothed_cross_entropy",
    "stress",
    "Logits of ±1000 and of 1e300 have a finite loss, without a warning",
    "A class far below the best one counts here. There must be no probability on the way: it "
    "rounds to 0, and −ln 0 is inf.",
)
def test_smoothed_loss_of_large_logits(lab):
    costs(lab, np.array([[0.0, 1000.0, 0.0, -1000.0], [1000.0, 0.0, -1000.0, 1.0]]))
    costs(lab, np.array([[0.0, 1e300, 0.0, 1.0], [0.0, -1e300, 0.0, 1.0]]))
    expect.quiet(lab)


@check(
    "smoothed_cross_entropy",
    "reference",
    "The last digits are right when all logits sit far from zero",
    "LSE(z) − z subtracts two large numbers. Shift first, and stay shifted.",
)
def test_smoothed_loss_far_from_zero(lab):
    costs(lab, LOGITS + 1e8)
    costs(lab, (LOGITS + 1e4).astype(np.float32))


@check(
    "smoothed_cross_entropy",
    "stress",
    "A wrong class of logit −inf costs nothing for α = 0 and +inf for α above 0, silently",
    "0·∞ is NaN: leave the second part out when α is 0.",
)
def test_smoothed_loss_of_an_impossible_class(lab):
    logits = np.array([[0.0, -np.inf, 1.0, 2.0], [1.0, 2.0, 0.0, 0.5]])
    onehot = np.array([[0, 0, 1, 0], [1, 0, 0, 0]])
    costs(lab, logits, rows=onehot, alpha=0.0)
    expect.quiet(lab)
    costs(lab, logits)
    expect.quiet(lab)


@check(
    "smoothed_cross_entropy",
    "bad input",
    "A bad α is a ValueError that says alpha; bad labels are one that says labels",
    "Your smooth_labels may check α and the labels. It does not know how many rows there are.",
)
def test_smoothed_loss_refuses_bad_input(lab):
    costs(lab, LOGITS)
    refuses_bad_alphas(lab.smoothed_cross_entropy, LOGITS, LABELS)
    refuses_bad_labels(lab.smoothed_cross_entropy)


# ---------------------------------------------------------------- smoothed_cross_entropy_grad


@check(
    "smoothed_cross_entropy_grad",
    "contract",
    "It is (softmax − smoothed target)/B, and float32 stays float32",
    "The targets are float64 and drag the difference along. The mean leaves a factor 1/B.",
)
def test_smoothed_gradient_values(lab):
    slopes(lab, LOGITS)
    slopes(lab, LOGITS[:1], LABELS[:1], TARGETS[:1])
    slopes(lab, LOGITS.astype(np.float32))
    slopes(lab, [[1, 2, 3, 0], [2, 0, -1, 5]], [2, 0])


@check(
    "smoothed_cross_entropy_grad",
    "property",
    "Each row sums to 0, and the arguments stay as they were",
    "Softmax sums to 1, and so must each target.",
)
def test_smoothed_gradient_rows_sum_to_zero(lab):
    value = slopes(lab, LOGITS.copy(), LABELS.copy())
    expect.untouched(lab)
    # Four entries of at most 1, each within the contract's 1e-12.
    if not np.abs(value.sum(axis=1)).max() <= 4e-12:
        raise AssertionError(f"the rows sum to {value.sum(axis=1)}")


@check(
    "smoothed_cross_entropy_grad",
    "gradient",
    "It turns round: 0 at the best gap, and a pull back beyond it",
    "At a gap of ln 13 the model says 13/16 and 1/16. A gradient without α never turns round.",
)
def test_smoothed_gradient_turns_round(lab):
    for gap in (np.log(13) - 1, np.log(13), np.log(13) + 1):
        slopes(lab, np.array([[gap, 0.0, 0.0, 0.0]]), np.array([0]), TARGETS[1:])


@check(
    "smoothed_cross_entropy_grad",
    "stress",
    "Logits of ±1000, 1e300 and −inf are no problem, without a warning",
    "Shift each row by its own maximum before exp.",
)
def test_smoothed_gradient_of_large_logits(lab):
    slopes(lab, np.array([[0.0, 1000.0, 0.0, -1000.0], [-1000.0, -999.0, -998.0, -np.inf]]))
    slopes(lab, np.array([[0.0, 1e300, 0.0, 1.0], [0.0, -1e300, 0.0, 1.0]]))
    expect.quiet(lab)


@check(
    "smoothed_cross_entropy_grad",
    "bad input",
    "It refuses the same α and the same labels as the loss",
    "Let smooth_labels check, and compare the number of labels with the number of rows.",
)
def test_smoothed_gradient_refuses_bad_input(lab):
    slopes(lab, LOGITS)
    refuses_bad_alphas(lab.smoothed_cross_entropy_grad, LOGITS, LABELS)
    refuses_bad_labels(lab.smoothed_cross_entropy_grad)


# ------------------------------------------------------------------------------- minimum_loss


@check(
    "minimum_loss",
    "contract",
    "It is the entropy of the smoothed target, as a float",
    "−Σ q ln q with one entry for the true class and V − 1 equal ones.",
)
def test_minimum_values(lab):
    for (num_classes, alpha), wanted in ENTROPIES.items():
        is_number(lab.minimum_loss(num_classes, alpha), wanted, "the minimum")
    is_number(lab.minimum_loss(2, 0.5), np.log(4) - 0.75 * np.log(3), "the minimum")


@check(
    "minimum_loss",
    "stress",
    "α = 0 gives 0.0 and so does one class, without a warning",
    "0·ln 0 counts as 0; floats say NaN. Leave that term out.",
)
def test_minimum_at_the_edges(lab):
    is_number(lab.minimum_loss(10, 0.1), ENTROPIES[10, 0.1], "the minimum")
    for num_classes, alpha in ((10, 0.0), (1, 0.25)):
        is_number(lab.minimum_loss(num_classes, alpha), 0.0, "the minimum")
        expect.quiet(lab)


@check(
    "minimum_loss",
    "bad input",
    "A bad α is a ValueError that says alpha; V < 1 is one that says num_classes",
    "Ask whether α lies in [0, 1), and raise if not.",
)
def test_minimum_refuses_bad_input(lab):
    is_number(lab.minimum_loss(10, 0.1), ENTROPIES[10, 0.1], "the minimum")
    refuses_bad_alphas(lab.minimum_loss, 10)
    with expect.refused("num_classes"):
        lab.minimum_loss(0, 0.1)


# -------------------------------------------------------------------------- optimal_logit_gap


@check(
    "optimal_logit_gap",
    "contract",
    "It is the logarithm of the ratio of the two target probabilities, as a float",
    "For α = 1/4 and V = 4 the ratio is 13/16 to 1/16.",
)
def test_gap_values(lab):
    for case in ((4, 0.25), (10, 0.1)):
        is_number(lab.optimal_logit_gap(*case), GAPS[case], "the gap")
    is_number(lab.optimal_logit_gap(2, 0.5), np.log(3), "the gap")


@check(
    "optimal_logit_gap",
    "stress",
    "α = 0 gives +inf, without a warning and without a ZeroDivisionError",
    "Return infinity before anything is divided.",
)
def test_gap_of_hard_labels(lab):
    is_number(lab.optimal_logit_gap(10, 0.1), GAPS[10, 0.1], "the gap")
    is_number(lab.optimal_logit_gap(10, 0.0), np.inf, "the gap")
    expect.quiet(lab)


@check(
    "optimal_logit_gap",
    "stress",
    "The gap for α = 1e-308 is finite, without a warning",
    "The ratio overflows. Its logarithm is a difference of logarithms.",
)
def test_gap_of_a_tiny_alpha(lab):
    is_number(lab.optimal_logit_gap(1000, 1e-308), GAPS[1000, 1e-308], "the gap")
    expect.quiet(lab)


@check(
    "optimal_logit_gap",
    "bad input",
    "V < 2 is a ValueError that says num_classes; a bad α is one that says alpha",
    "One class has no other logit to stand above.",
)
def test_gap_refuses_bad_input(lab):
    is_number(lab.optimal_logit_gap(10, 0.1), GAPS[10, 0.1], "the gap")
    with expect.refused("num_classes"):
        lab.optimal_logit_gap(1, 0.1)
    refuses_bad_alphas(lab.optimal_logit_gap, 10)
