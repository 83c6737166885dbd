"""The visible checks of lab 5: every rule of the contract, on inputs that may be read here."""

from time import perf_counter

import numpy as np
import pytest

from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type

graded = pytest.mark.graded

EPS = float(np.finfo(float).eps)


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


def costs(lab, logits, labels):
    """cross_entropy agrees with the exact loss."""
    reference = oracle.cross_entropy(logits, labels)
    value = expect.scalar(lab.cross_entropy(logits, labels), "the loss")
    expect.close(float_type(logits).type(value), reference, what="the loss")


def slopes(lab, logits, labels):
    """cross_entropy_grad agrees with the exact gradient."""
    reference = oracle.cross_entropy_grad(logits, labels)
    value = lab.cross_entropy_grad(logits, labels)
    value = expect.array(value, reference.shape, float_type(logits), "the gradient")
    expect.close(value, reference, what="the gradient")
    return value


def refuses_bad_labels(function):
    """What can't be a label, and what does not fit the batch."""
    logits = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0]])
    for labels in ([0, -1], [0, 3], [0, 0.5]):
        with expect.refused("labels", "label"):
            function(logits, np.array(labels))
    for rows, labels in ((logits, [0]), (logits, [0, 1, 2]), (logits[:0], [])):
        with expect.refused("labels", "label", "logits"):
            function(rows, np.array(labels, dtype=int))


# ------------------------------------------------------------------------------ cross_entropy


@check(
    "cross_entropy",
    "contract",
    "It is the mean of −log-softmax at the labels, as a float",
    "Index rows and labels together: one entry from each row. Return a float.",
)
def test_cross_entropy_values(lab):
    costs(lab, np.array([[1.0, 2.0, 3.0]]), np.array([0]))
    costs(lab, np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]), np.array([2, 1]))
    costs(lab, np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]], np.float32), np.array([2, 1]))
    costs(lab, [[1, 2, 3], [3, 0, 0]], [0, 2])
    expect.quiet(lab)


@check(
    "cross_entropy",
    "contract",
    "Logits and labels stay as they were",
    "logits -= … changes the caller's array. Make a new one.",
)
def test_cross_entropy_leaves_its_arguments_alone(lab):
    costs(lab, np.array([[1.0, 2.0, 3.0]]), np.array([0]))
    expect.untouched(lab)


@check(
    "cross_entropy",
    "stress",
    "A sure and wrong model has a large, finite loss, without a warning",
    "There must be no probability on the way: it rounds to 0, and −log(0) is inf.",
)
def test_cross_entropy_of_a_sure_and_wrong_model(lab):
    costs(lab, np.array([[1000.0, 0.0], [0.0, -1000.0]]), np.array([1, 1]))
    costs(lab, np.array([[0.0, 1e300]]), np.array([0]))
    expect.quiet(lab)


@check(
    "cross_entropy",
    "reference",
    "The last digits are right when all logits sit far from zero",
    "LSE(z) − z[label] subtracts two large numbers. Shift first, and stay shifted.",
)
def test_cross_entropy_far_from_zero(lab):
    costs(lab, np.array([[0.25, 1.0, 3.5]]) + 1e8, np.array([2]))
    costs(lab, (np.array([[0.25, 1.0, 3.5]]) + 1e4).astype(np.float32), np.array([2]))


@check(
    "cross_entropy",
    "stress",
    "A logit of −inf is harmless when it is not the label",
    "0·(−inf) is NaN: pick by index, do not multiply by a one-hot matrix.",
)
def test_cross_entropy_of_an_impossible_class(lab):
    costs(lab, np.array([[0.0, -np.inf, 1.0]]), np.array([2]))
    costs(lab, np.array([[0.0, -np.inf, 1.0]]), np.array([1]))
    expect.quiet(lab)


@check(
    "cross_entropy",
    "bad input",
    "Labels that are no classes, or do not fit the batch, are a ValueError that says labels",
    "NumPy takes −1 for the last class. Check type, range and shape before anything else.",
)
def test_cross_entropy_bad_labels(lab):
    costs(lab, np.array([[0.0, 1.0, 2.0]]), np.array([2]))
    refuses_bad_labels(lab.cross_entropy)


# ------------------------------------------------------------------------- cross_entropy_grad


@check(
    "cross_entropy_grad",
    "contract",
    "It is (softmax − onehot)/B, and float32 stays float32",
    "p[:, labels] means all rows. The mean over the batch leaves a factor 1/B.",
)
def test_gradient_values(lab):
    slopes(lab, np.array([[1.0, 2.0, 3.0]]), np.array([0]))
    slopes(lab, np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]), np.array([2, 1]))
    slopes(lab, np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]], np.float32), np.array([2, 1]))
    slopes(lab, [[1, 2, 3], [3, 0, 0]], [0, 2])


@check(
    "cross_entropy_grad",
    "property",
    "Each row sums to 0, and the arguments stay as they were",
    "p sums to one, and exactly one entry of each row loses 1.",
)
def test_gradient_rows_sum_to_zero(lab):
    logits, labels = np.sin(np.arange(20.0)).reshape(2, 10) * 3, np.array([3, 7])
    value = slopes(lab, logits, labels)
    expect.untouched(lab)
    # Ten elements, each within the contract's 1e-14.
    if not np.abs(value.sum(axis=1)).max() <= 10 * 1e-14:
        raise AssertionError(f"the rows sum to {value.sum(axis=1)}")


@check(
    "cross_entropy_grad",
    "stress",
    "A sure and wrong row gets −1/B at its label; −inf and 1e300 give no warning",
    "p − onehot can't overflow. The chain rule through −1/p can.",
)
def test_gradient_of_a_sure_and_wrong_model(lab):
    slopes(lab, np.array([[1000.0, 0.0], [0.0, -1000.0]]), np.array([1, 1]))
    expect.quiet(lab)
    slopes(lab, np.array([[0.0, 1e300, -np.inf]]), np.array([2]))
    expect.quiet(lab)


@check(
    "cross_entropy_grad",
    "bad input",
    "Bad labels are refused as in cross_entropy",
    "Call cross_entropy first, or repeat its checks.",
)
def test_gradient_bad_labels(lab):
    slopes(lab, np.array([[0.0, 1.0, 2.0]]), np.array([2]))
    refuses_bad_labels(lab.cross_entropy_grad)


# ----------------------------------------------------------------------------- numerical_grad

ROWS, CLASSES_OF_ROWS = np.array([[1.0, -2.0, 3.0], [0.5, 10.0, -1.0]]), np.array([0, 2])


def near(lab, logits, **step):
    """numerical_grad lies within 1e-7 of the exact gradient."""
    reference = oracle.cross_entropy_grad(logits, CLASSES_OF_ROWS)
    value = lab.numerical_grad(logits, CLASSES_OF_ROWS, **step)
    off = np.abs(expect.array(value, (2, 3), np.float64, "the gradient") - reference).max()
    if not off <= 1e-7:
        raise AssertionError(f"it is off by {off:.2g} from the true gradient")


@check(
    "numerical_grad",
    "contract",
    "It lies within 1e-7 of the true gradient, for integer logits too",
    "Move one logit at a time, up and down; divide by 2h. An integer array can't hold 1e-5.",
)
def test_numerical_values(lab):
    near(lab, ROWS.copy())
    near(lab, np.array([[1, -2, 3], [0, 4, -1]]))
    near(lab, ROWS.copy(), h=1e-4)


@check(
    "numerical_grad",
    "contract",
    "The logits are the same afterwards, to the last bit",
    "Work on a copy, or put the old value itself back.",
)
def test_numerical_leaves_the_logits_alone(lab):
    near(lab, ROWS / 3)
    expect.untouched(lab)


@check(
    "numerical_grad",
    "gradient",
    "It is the central difference for the step that is given",
    "A wide step gives another number than the derivative. One-sided differences err by h.",
)
def test_numerical_uses_its_step(lab):
    logits, h = np.array([[0.0, 1.0]]), 0.5
    value = lab.numerical_grad(logits, np.array([0]), h=h)
    value = expect.array(value, (1, 2), np.float64, "the gradient")
    # Two classes cost ln(1 + e^gap), and the gap moves by ±h, the other way for the label.
    wanted = (np.logaddexp(0, 1 - h) - np.logaddexp(0, 1 + h)) / (h + h)
    # Losses of order 1, off by 1e-12 at most, divided by h.
    if not np.abs(value[0] - [wanted, -wanted]).max() <= 1e-11:
        raise AssertionError(f"for h = 0.5 it is {value[0]}, not {wanted:.9f} and {-wanted:.9f}")


@check(
    "numerical_grad",
    "bad input",
    "A step that is not positive is a ValueError that says h",
    "Check h before anything else.",
)
def test_numerical_bad_step(lab):
    near(lab, ROWS.copy())
    for h in (0.0, -1e-5):
        with expect.refused("h"):
            lab.numerical_grad(ROWS.copy(), CLASSES_OF_ROWS, h=h)


# ---------------------------------------------------------------- products with the Jacobian


def multiplies(lab, name, z, v):
    """The product agrees with the exact one; some rounding is left where its terms cancel."""
    reference = getattr(oracle, name)(z, v)
    value = expect.array(getattr(lab, name)(z, v), reference.shape, float_type(z))
    size = float(np.abs(np.asarray(v, dtype=float)).sum(axis=-1).max())
    # A few roundings for each of the V terms, as in the grading.
    slack = (2 * np.shape(z)[-1] + 10) * float(np.finfo(float_type(z)).eps) * size
    expect.close(value, reference, slack=slack)


def needs_no_jacobian(lab, name):
    """For 2000 classes, much faster than writing down 2000² numbers."""
    z, v = np.sin(np.arange(2000.0)), np.cos(np.arange(2000.0))
    start = perf_counter()
    square = np.eye(2000)
    square -= v
    matrix = perf_counter() - start
    best = np.inf
    for _ in range(4):
        getattr(lab, name)(z, v)
        best = min(best, lab.last.seconds)
    if best > matrix / 3:
        raise AssertionError("for V = 2000 it takes as long as building a V×V matrix")


THREE = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
ALONG = np.array([[0.5, -1.0, 2.0], [1.0, 1.0, -3.0]])
WIDE = ([1000.0, 1001.0, 999.0], [-1000.0, -999.0, -998.0], [1e300, 0.0, -np.inf])


@check(
    "log_softmax_jvp",
    "contract",
    "It is v minus its mean under softmax(z), row by row, and float32 stays float32",
    "Keep the axis in the sum, so that each row gets its own mean.",
)
def test_jvp_values(lab):
    multiplies(lab, "log_softmax_jvp", THREE, ALONG)
    expect.untouched(lab)
    multiplies(lab, "log_softmax_jvp", THREE[0], ALONG[0])
    multiplies(lab, "log_softmax_jvp", THREE.astype(np.float32), ALONG.astype(np.float32))
    multiplies(lab, "log_softmax_jvp", [1, 2, 3], [0, 1, 0.5])


@check(
    "log_softmax_jvp",
    "property",
    "A constant v gives 0: a shift moves no log-probability",
    "If v·p is subtracted without a sum, or v is multiplied by p, this fails.",
)
def test_jvp_of_a_constant(lab):
    multiplies(lab, "log_softmax_jvp", THREE, np.full((2, 3), 0.75))
    multiplies(lab, "log_softmax_jvp", THREE, 4 * ALONG)


@check(
    "log_softmax_jvp",
    "stress",
    "Logits of ±1000, 1e300 and −inf work, without a warning",
    "The softmax inside needs its shift.",
)
def test_jvp_large_logits(lab):
    for z in WIDE:
        multiplies(lab, "log_softmax_jvp", np.array(z), ALONG[0])
        expect.quiet(lab)


@check(
    "log_softmax_jvp",
    "stress",
    "No V×V Jacobian is built",
    "Write the product, not the matrix.",
)
def test_jvp_without_a_jacobian(lab):
    multiplies(lab, "log_softmax_jvp", THREE, ALONG)
    needs_no_jacobian(lab, "log_softmax_jvp")


@check(
    "log_softmax_vjp",
    "contract",
    "It is g − p·Σg, row by row, and float32 stays float32",
    "The plain sum of g, times p. The jvp has it the other way round.",
)
def test_vjp_values(lab):
    multiplies(lab, "log_softmax_vjp", THREE, ALONG)
    expect.untouched(lab)
    multiplies(lab, "log_softmax_vjp", THREE[0], ALONG[0])
    multiplies(lab, "log_softmax_vjp", THREE.astype(np.float32), ALONG.astype(np.float32))
    multiplies(lab, "log_softmax_vjp", [1, 2, 3], [0, 1, 0.5])


@check(
    "log_softmax_vjp",
    "gradient",
    "⟨g, J v⟩ = ⟨Jᵀg, v⟩",
    "If it fails, the function multiplies by J, not by its transpose.",
)
def test_vjp_is_the_transpose(lab):
    z, v, g = THREE[0], ALONG[0], np.array([1.0, 0.0, -0.25])
    left = float(g @ oracle.log_softmax_jvp(z, v))
    right = float(expect.array(lab.log_softmax_vjp(z, g), (3,), np.float64) @ v)
    # Numbers of order 1, three terms: a hundred roundings are more than enough.
    if not abs(left - right) <= 100 * EPS:
        raise AssertionError(f"⟨g, Jv⟩ is {left:.9g}, ⟨Jᵀg, v⟩ is {right:.9g}")


@check(
    "log_softmax_vjp",
    "stress",
    "Logits of ±1000, 1e300 and −inf work, without a warning",
    "The softmax inside needs its shift.",
)
def test_vjp_large_logits(lab):
    for z in WIDE:
        multiplies(lab, "log_softmax_vjp", np.array(z), ALONG[0])
        expect.quiet(lab)


@check(
    "log_softmax_vjp",
    "stress",
    "No V×V Jacobian is built",
    "Write the product, not the matrix.",
)
def test_vjp_without_a_jacobian(lab):
    multiplies(lab, "log_softmax_vjp", THREE, ALONG)
    needs_no_jacobian(lab, "log_softmax_vjp")


# ---------------------------------------------------------------------------- bce_with_logits


def separates(lab, x, y):
    """bce_with_logits agrees with the exact loss."""
    reference = oracle.bce_with_logits(x, y)
    value = expect.scalar(lab.bce_with_logits(x, y), "the loss")
    soft = not np.isin(np.asarray(y), (0, 1)).all()
    # For soft targets x·y may be rounded.
    slack = float(np.finfo(float_type(x)).eps * np.abs(np.asarray(x, float)).max()) * soft
    expect.close(float_type(x).type(value), reference, slack=slack, what="the loss")


@check(
    "bce_with_logits",
    "contract",
    "The values are right, for targets 0, 1 and between, as a float",
    "−ln σ(x) is ln(1 + e^−x). Weigh the two terms with y and 1 − y; take the mean.",
)
def test_bce_values(lab):
    separates(lab, np.array([0.5, -2.0, 3.0]), np.array([1.0, 0.0, 0.0]))
    expect.untouched(lab)
    separates(lab, np.array([0.5, -2.0, 3.0]), np.array([0.25, 0.5, 0.9]))
    separates(lab, np.array([[0.5, -2.0]], np.float32), np.array([[1.0, 0.0]], np.float32))
    separates(lab, [1, -2], [0, 1])


@check(
    "bce_with_logits",
    "stress",
    "It is exact for x = ±1000, without a warning",
    "Only ever take the exponential of −|x|.",
)
def test_bce_large_logits(lab):
    for x in (1000.0, -1000.0, 1e300):
        for y in (0.0, 1.0):
            separates(lab, np.array([x]), np.array([y]))
            expect.quiet(lab)
    separates(lab, np.array([1000.0, -1000.0, 0.5]), np.array([0.0, 1.0, 1.0]))


@check(
    "bce_with_logits",
    "bad input",
    "Targets outside [0, 1] are a ValueError that says y, other shapes one that says x or y",
    "NaN compares false with everything. And (2, 1) against (2,) would broadcast in silence.",
)
def test_bce_bad_targets(lab):
    separates(lab, np.array([0.5, -2.0]), np.array([1.0, 0.0]))
    for y in ([0.0, -1.0], [0.0, 2.0], [0.0, np.nan]):
        with expect.refused("y"):
            lab.bce_with_logits(np.array([0.5, -2.0]), np.array(y))
    for shape in ((1,), (2, 1), (3,)):
        with expect.refused("x", "y"):
            lab.bce_with_logits(np.array([0.5, -2.0]), np.ones(shape))
