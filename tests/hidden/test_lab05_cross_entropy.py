"""The grading suite of lab 5, cross-entropy and its gradient. Contract: 100 points, six functions.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero.
- A row of the gradient sums to 0 within V times the 1e-14 that each of its elements may be off.
- ``numerical_grad``: 1e-7 absolute, from the contract. Against the exact difference for a wide h:
  what the contract's accuracy of a loss and the rounding of z ± h become when divided by h.
- Products with the Jacobian: ``(2V + 10)·eps`` times the largest |v| (or Σ|g|). A sum of V terms
  and V probabilities, each off by a few roundings, cost that much, also where the result is 0.
- ``bce_with_logits``: eps·max|x| for soft targets only, because the usual form max(x, 0) − x·y
  rounds x·y. For targets 0 and 1 that product is exact.

What the contract leaves open, and how it is read here
- A label such as 1.0 (whole, but a float) is not graded; 0.5 must be refused.
- The loss of a label whose own logit is −inf is +inf. A row of only −inf is not graded.
- ``numerical_grad`` is graded with float64 and integer logits: no float32 holds 1e-7.
- x and y of different float types, an empty x, labels of type bool: not graded.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed.
"""

import functools
import math
from copy import copy
from time import perf_counter

import numpy as np
import pytest
from mpmath import mpf, workdps

from lnnn import exact
from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type
from lnnn.suite.pace import pace

graded = pytest.mark.graded

# Integers are computed in float64: in this type z − max wraps around and np.exp gives float16.
WRAPS = np.array([100, -100, 99], np.int8)

EPS = float(np.finfo(float).eps)
HUGE = {np.float64: 1e300, np.float32: 1e30}
BATCH = (64, 1000)
# Measured against rows with math.fsum, 60 ns an element and the slowest style that is fine: NumPy
# forms 0.2, a loop that calls NumPy on every element 5.6 and more.
SLOW = 3


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def draw_batch(rng, rows=4, classes=5, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, V) and labels (B,)."""
    logits = draw(rng, (rows, classes), scale, offset, dtype)
    return logits, rng.integers(0, classes, size=rows)


def loses_right(lab, logits, labels):
    """Compare cross_entropy with the exact loss."""
    reference = oracle.cross_entropy(logits, labels)
    value = expect.scalar(lab.cross_entropy(copy(logits), copy(labels)), "the loss")
    expect.close(float_type(logits).type(value), reference, what="the loss")
    return value


def grades_right(lab, logits, labels):
    """Compare cross_entropy_grad with the exact gradient."""
    reference = oracle.cross_entropy_grad(logits, labels)
    value = lab.cross_entropy_grad(copy(logits), copy(labels))
    value = expect.array(value, reference.shape, float_type(logits), "the gradient")
    expect.close(value, reference, what="the gradient")
    return value


def multiplies_right(lab, name, z, v):
    """Compare log_softmax_jvp or log_softmax_vjp with the exact product."""
    reference = getattr(oracle, name)(z, v)
    value = expect.array(getattr(lab, name)(copy(z), copy(v)), reference.shape, float_type(z))
    expect.close(value, reference, slack=product_slack(name, z, v))
    return value


def product_slack(name, z, v):
    """(2V + 10)·eps times the largest |v|, or the largest Σ|g| of a row."""
    v = np.abs(np.asarray(v, dtype=float))
    size = v.max() if name == "log_softmax_jvp" else v.sum(axis=-1).max()
    return (2 * np.shape(z)[-1] + 10) * float(np.finfo(float_type(z)).eps) * float(size)


def separates_right(lab, x, y):
    """Compare bce_with_logits with the exact loss."""
    reference = oracle.bce_with_logits(x, y)
    value = expect.scalar(lab.bce_with_logits(copy(x), copy(y)), "the loss")
    soft = ~np.isin(np.asarray(y), (0, 1))
    slack = float(np.finfo(float_type(x)).eps) * np.abs(np.asarray(x, float)).max() * soft.any()
    expect.close(float_type(x).type(value), reference, slack=float(slack), what="the loss")
    return value


@functools.lru_cache(maxsize=512)
def _difference(logits, shape, labels, h):
    z = np.array(logits).reshape(shape)
    with workdps(exact.DIGITS):
        out, h = np.empty(shape), mpf(h)
        held = exact.to_mpf(z)
        for at in np.ndindex(*shape):
            sides = []
            for step in (h, -h):
                moved = held.copy()
                moved[at] += step
                sides.append(exact.cross_entropy(moved, labels)[()])
            out[at] = float((sides[0] - sides[1]) / (2 * h))
    return out


def exact_difference(logits, labels, h):
    """(L(z + h) − L(z − h))/2h of the exact loss in every logit, at 50 digits."""
    return _difference(tuple(logits.reshape(-1).tolist()), logits.shape, tuple(labels), h)


def rows_with_fsum(z):
    """The log-sum-exp of each row, one row at a time: what the pace of a batch is compared with."""
    return [math.log(math.fsum(np.exp(row - row.max()))) for row in z]


@functools.cache
def seconds_with_a_jacobian(classes):
    """How long it takes here to build a Jacobian of that many classes, and to multiply once."""
    p, best = np.full(classes, 1 / classes), np.inf
    for _ in range(2):
        start = perf_counter()
        jacobian = np.eye(classes)
        jacobian -= p
        jacobian @ p
        best = min(best, perf_counter() - start)
    return best


def builds_no_jacobian(lab, name, product, rng):
    """V = 2000 must be far faster than with a Jacobian, and V = 200 000 must work at all."""
    function = getattr(lab, name)
    z, v = draw(rng, 2000), draw(rng, 2000)
    best = np.inf
    for _ in range(4):
        function(z, v)
        best = min(best, lab.last.seconds)
        if best < seconds_with_a_jacobian(2000) / 4:
            break
    else:
        raise AssertionError("for V = 2000 it takes as long as building the V×V Jacobian")
    z, v = draw(rng, 200_000), draw(rng, 200_000)
    value = expect.array(function(z, v), z.shape, z.dtype)
    p = np.exp(z - z.max())
    # Plain floats serve here: 1e-9 only has to tell a right vector from a wrong one.
    if not np.allclose(value, product(p / p.sum(), v), 1e-9, 1e-9):
        raise AssertionError("the values for V = 200 000 are wrong")


# ---------------------------------------------------------------------------- cross_entropy (24)


@graded(
    function="cross_entropy",
    category="contract",
    points=5,
    rule="It returns a float: the mean over the batch of −log_softmax(logits)[b, labels[b]]",
    feedback="One log-probability from each row, picked by that row's label: index with the row "
    "numbers and the labels together. Then the mean over B, with a minus sign. Return float(...), "
    "not an array.",
)
def test_the_loss_is_the_mean_of_the_picked_log_probabilities(lab, rng):
    loses_right(lab, *draw_batch(rng))
    loses_right(lab, *draw_batch(rng, rows=1))
    loses_right(lab, *draw_batch(rng, rows=6, classes=3))
    loses_right(lab, *draw_batch(rng, dtype=np.float32))
    loses_right(lab, rng.integers(-3, 4, size=(3, 4)), np.array([0, 3, 1]))
    loses_right(lab, WRAPS[None], np.array([2]))


@graded(
    function="cross_entropy",
    category="contract",
    points=2,
    rule="Labels may be a list or any integer type, every class from 0 to V − 1 is allowed",
    feedback="np.asarray(labels) first. Check that the dtype is an integer type of any width, "
    "signed or not. The last class is V − 1 and valid.",
)
def test_labels_come_in_any_integer_type(lab, rng):
    logits = draw(rng, (4, 4))
    for dtype in (np.int64, np.int32, np.uint8):
        loses_right(lab, logits, np.array([0, 3, 1, 3], dtype))
    loses_right(lab, logits.tolist(), [2, 0, 3, 1])


@graded(
    function="cross_entropy",
    category="contract",
    points=1,
    rule="Neither the logits nor the labels are changed",
    feedback="logits -= logits.max(...) writes into the caller's array. Make a new one.",
)
def test_cross_entropy_leaves_its_arguments_alone(lab, rng):
    loses_right(lab, *draw_batch(rng, rows=1))
    expect.untouched(lab)


@graded(
    function="cross_entropy",
    category="property",
    points=3,
    rule="A constant on all logits of a row changes nothing, nor does the order of the rows; "
    "equal logits cost ln V",
    feedback="Each row has its own shift and its own label. If the order of rows matters, labels "
    "and rows went out of step.",
)
def test_a_shift_of_a_row_and_the_order_of_rows_change_nothing(lab, rng):
    # Multiples of 1/8 below 2^20 add up without rounding, so the exact loss stays the same.
    logits = rng.integers(-40, 40, size=(5, 6)) / 8
    labels = rng.integers(0, 6, size=5)
    loses_right(lab, logits, labels)
    wanted = oracle.cross_entropy(logits, labels)
    shift = rng.integers(-(2**18), 2**18, size=(5, 1)) / 8
    order = rng.permutation(5)
    for changed, same, what in (
        (logits + shift, labels, "the loss after a shift of each row"),
        (logits[order], labels[order], "the loss for another order of the rows"),
    ):
        value = expect.scalar(lab.cross_entropy(changed, same), what)
        expect.close(np.float64(value), wanted, what=what)
        expect.quiet(lab)
    level = np.full((3, 7), float(rng.normal()))
    value = expect.scalar(lab.cross_entropy(level, np.array([0, 6, 3])))
    expect.close(np.float64(value), np.log(7), what="the loss of equal logits")


@graded(
    function="cross_entropy",
    category="reference",
    points=4,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="LSE(z) − z[label] subtracts two large numbers when the logits sit far from zero. "
    "Take the maximum off first and never add it back. An epsilon inside the logarithm is an "
    "error of its own.",
)
def test_cross_entropy_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            loses_right(lab, *draw_batch(rng, 1, 5, scale, offset))


@graded(
    function="cross_entropy",
    category="reference",
    points=1,
    rule="It agrees with the exact value in float32",
    feedback="float32 has 7 digits: with logits near 10 000 only three of them stand behind the "
    "point. Shift first, and stay shifted.",
)
def test_cross_entropy_agrees_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4):
            loses_right(lab, *draw_batch(rng, 1, 5, scale, offset, np.float32))


@graded(
    function="cross_entropy",
    category="stress",
    points=3,
    rule="A confidently wrong model has a large and finite loss, without a warning: logits of "
    "±1000, and the largest of the contract",
    feedback="Softmax first and log afterwards turns such a row into −log(0) = inf, and an epsilon "
    "caps it. Go from logits to log-probabilities in one step.",
)
def test_confidently_wrong_costs_much_and_not_infinity(lab):
    loses_right(lab, np.array([[0.0, 1000.0, 0.0], [-1000.0, -999.0, -998.0]]), np.array([0, 2]))
    expect.quiet(lab)
    loses_right(lab, np.array([[1000.0, 0.0], [0.0, -1000.0], [5.0, 5.0]]), np.array([1, 1, 0]))
    expect.quiet(lab)
    for dtype, huge in HUGE.items():
        loses_right(lab, np.array([[huge, 0.0, -huge], [0.0, huge, 0.0]], dtype), np.array([2, 1]))
        expect.quiet(lab)


@graded(
    function="cross_entropy",
    category="stress",
    points=1,
    rule="A logit of −inf is a class that can't occur: harmless when it is not the label, a loss "
    "of +inf when it is; no warning",
    feedback="Multiplying log-probabilities by a one-hot matrix makes 0·(−inf) = NaN. Pick by "
    "index instead.",
)
def test_an_impossible_class_is_harmless_unless_it_is_the_label(lab):
    logits = np.array([[0.5, -np.inf, 1.5], [-np.inf, 2.0, -np.inf]])
    loses_right(lab, logits, np.array([2, 1]))
    expect.quiet(lab)
    loses_right(lab, logits, np.array([1, 1]))
    expect.quiet(lab)


@graded(
    function="cross_entropy",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="Let max, exp and sum work along the last axis of the whole array.",
)
def test_the_loss_of_a_large_batch_takes_numpy_time(lab, rng):
    logits, labels = draw_batch(rng, *BATCH)
    value = expect.scalar(lab.cross_entropy(logits, labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    # Plain floats serve here: 1e-9 only has to tell a right loss from a wrong one.
    if not abs(value + log_p[np.arange(BATCH[0]), labels].mean()) < 1e-9:
        raise AssertionError("the loss of the large batch is wrong")
    call = functools.partial(lab.cross_entropy, logits, labels)
    if pace(lab, call, lambda: rows_with_fsum(logits), SLOW)[2] > SLOW:
        raise AssertionError("as slow as a Python loop over the elements")


BAD_LABELS = (
    np.array([0, -1, 2]),
    np.array([0, 1, 3]),
    np.array([-3, 0, 1]),
    np.array([0, 1, 100]),
    np.array([0.0, 0.5, 2.0]),
)
BAD_SHAPES = (
    (np.zeros((3, 3)), np.array([0, 1])),
    (np.zeros((2, 3)), np.array([0, 1, 2])),
    (np.zeros((3, 3)), np.array([1])),
    (np.zeros((0, 3)), np.array([], dtype=np.int64)),
)


def refuses_bad_labels(function, rng):
    """A label that is no class, or no integer, is a ValueError that names the labels."""
    for labels in BAD_LABELS:
        with expect.refused("labels", "label"):
            function(draw(rng, (3, 3)), labels)


def refuses_bad_shapes(function):
    """No rows, or another number of labels than of rows, is a ValueError that names either."""
    for logits, labels in BAD_SHAPES:
        with expect.refused("labels", "label", "logits"):
            function(logits, labels)


@graded(
    function="cross_entropy",
    category="bad input",
    points=2,
    rule="A label below 0, at or above V, or not an integer is a ValueError that names labels",
    feedback="logits[b, −1] is the last class for NumPy, silently. −1 and −100 are what data sets "
    "use for padding, so the loss would train on noise. Check the range yourself, and do not "
    "round 0.5 with astype(int).",
)
def test_a_label_that_is_no_class_is_refused(lab, rng):
    loses_right(lab, draw(rng, (3, 3)), np.array([0, 2, 1]))
    refuses_bad_labels(lab.cross_entropy, rng)


@graded(
    function="cross_entropy",
    category="bad input",
    points=1,
    rule="An empty batch, or as many labels as there are no rows for, is a ValueError that names "
    "labels or logits",
    feedback="One label for three rows would broadcast in silence, and the mean of nothing is NaN. "
    "Compare the two shapes before anything is computed.",
)
def test_labels_that_do_not_fit_the_batch_are_refused(lab, rng):
    loses_right(lab, draw(rng, (3, 3)), np.array([0, 2, 1]))
    refuses_bad_shapes(lab.cross_entropy)


# ----------------------------------------------------------------------- cross_entropy_grad (20)


@graded(
    function="cross_entropy_grad",
    category="contract",
    points=4,
    rule="It returns (softmax − onehot)/B, in the shape and the float type of the logits",
    feedback="Only the label's entry of each row loses 1: index rows and labels together, because "
    "p[:, labels] means all rows. The loss is a mean, so its gradient is divided by B, and not "
    "by V.",
)
def test_the_gradient_is_softmax_minus_onehot_over_b(lab, rng):
    grades_right(lab, *draw_batch(rng))
    grades_right(lab, *draw_batch(rng, rows=1))
    grades_right(lab, *draw_batch(rng, rows=6, classes=3, dtype=np.float32))
    grades_right(lab, rng.integers(-3, 4, size=(3, 4)).tolist(), [0, 3, 1])
    grades_right(lab, WRAPS[None], np.array([2]))


@graded(
    function="cross_entropy_grad",
    category="contract",
    points=1,
    rule="Neither the logits nor the labels are changed",
    feedback="Subtract the 1 from your own array of probabilities. A softmax in place writes into "
    "the caller's logits.",
)
def test_cross_entropy_grad_leaves_its_arguments_alone(lab, rng):
    grades_right(lab, *draw_batch(rng, rows=1))
    expect.untouched(lab)


@graded(
    function="cross_entropy_grad",
    category="property",
    points=3,
    rule="Each row sums to 0; it is negative at the label and nowhere else; all entries lie in "
    "[−1/B, 1/B]",
    feedback="A shift of all logits changes no loss, so the entries of a row cancel. If they sum "
    "to something else, the 1 was taken from the wrong entry, or p does not sum to one.",
)
def test_each_row_of_the_gradient_sums_to_zero(lab, rng):
    logits, labels = draw_batch(rng, 4, 30, 3.0)
    gradient = grades_right(lab, logits, labels)
    if not np.abs(gradient.sum(axis=1)).max() <= 30 * 1e-14:
        raise AssertionError("a row of the gradient does not sum to 0")
    onehot = labels[:, None] == np.arange(30)
    if not (np.all(gradient[onehot] < 0) and np.all(gradient[~onehot] >= 0)):
        raise AssertionError("the signs of the gradient are wrong")
    if np.abs(gradient).max() > 0.25 + 1e-14:
        raise AssertionError("an entry is larger than 1/B")


@graded(
    function="cross_entropy_grad",
    category="gradient",
    points=4,
    rule="It is the derivative of the loss: it agrees with the exact loss, differentiated "
    "numerically at fifty digits",
    feedback="Every logit of a row moves the loss, not only the label's: through the sum below "
    "the fraction line. Differentiate ln Σ e^z − z[label] by each z once more on paper.",
)
def test_the_gradient_is_the_derivative_of_the_exact_loss(lab, rng):
    for scale in (0.5, 3.0):
        logits, labels = draw_batch(rng, 2, 3, scale)
        gradient = lab.cross_entropy_grad(logits.copy(), labels)
        gradient = expect.array(gradient, (2, 3), np.float64, "the gradient")
        expect.close(gradient, exact_difference(logits, labels, "1e-15"), what="the gradient")


@graded(
    function="cross_entropy_grad",
    category="reference",
    points=3,
    rule="It agrees with the exact value, for logits from tiny to huge and far from 0, in float32 "
    "too",
    feedback="Shift before exp. exp(z − LSE(z)) loses digits when the logits sit far from zero.",
)
def test_cross_entropy_grad_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2):
        for offset in (0.0, 1e4, -1e8):
            grades_right(lab, *draw_batch(rng, 1, 5, scale, offset))
    for offset in (0.0, 1e4):
        grades_right(lab, *draw_batch(rng, 1, 5, 1.0, offset, np.float32))


@graded(
    function="cross_entropy_grad",
    category="stress",
    points=2,
    rule="A confidently wrong row has the entry −1/B at its label; logits of ±1000, the largest "
    "of the contract and −inf give finite entries without a warning",
    feedback="The chain rule through −1/p is inf·0 = NaN when p rounds to 0. Written as p − onehot "
    "nothing can overflow.",
)
def test_confidently_wrong_gets_the_largest_gradient(lab):
    for logits, labels in (
        ([[0.0, 1000.0, 0.0], [-1000.0, -999.0, -998.0]], [0, 2]),
        ([[1e300, 0.0, -1e300], [0.0, 1e300, 0.0]], [2, 1]),
        ([[0.5, -np.inf, 1.5], [-np.inf, 2.0, -np.inf]], [2, 1]),
        ([[0.5, -np.inf, 1.5], [0.0, 1.0, 2.0]], [1, 1]),
    ):
        expect.finite(grades_right(lab, np.array(logits), np.array(labels)))
        expect.quiet(lab)
    grades_right(lab, np.array([[1e30, 0.0, -1e30]], np.float32), np.array([2]))
    expect.quiet(lab)


@graded(
    function="cross_entropy_grad",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="softmax of the whole array, then one indexed subtraction for all rows.",
)
def test_the_gradient_of_a_large_batch_takes_numpy_time(lab, rng):
    logits, labels = draw_batch(rng, *BATCH)
    value = expect.array(lab.cross_entropy_grad(logits.copy(), labels), BATCH, np.float64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(BATCH[0]), labels] -= 1
    # Plain floats serve here: 1e-9 only has to tell a right gradient from a wrong one.
    if not np.allclose(value, p / BATCH[0], 1e-9, 1e-12):
        raise AssertionError("the gradient of the large batch is wrong")
    call = functools.partial(lab.cross_entropy_grad, logits, labels)
    if pace(lab, call, lambda: rows_with_fsum(logits), SLOW)[2] > SLOW:
        raise AssertionError("as slow as a Python loop over the elements")


@graded(
    function="cross_entropy_grad",
    category="bad input",
    points=2,
    rule="Bad labels and a batch that does not fit are refused as in cross_entropy",
    feedback="p[b, −1] −= 1 trains the last class, silently. Run the same checks as in "
    "cross_entropy, or let it run them for you.",
)
def test_the_gradient_refuses_what_the_loss_refuses(lab, rng):
    grades_right(lab, draw(rng, (3, 3)), np.array([0, 2, 1]))
    refuses_bad_labels(lab.cross_entropy_grad, rng)
    refuses_bad_shapes(lab.cross_entropy_grad)


# --------------------------------------------------------------------------- numerical_grad (14)


def near_the_gradient(lab, logits, labels, **step):
    """Within 1e-7 of the exact gradient."""
    reference = oracle.cross_entropy_grad(logits, labels)
    value = lab.numerical_grad(copy(logits), labels, **step)
    value = expect.array(value, reference.shape, np.float64, "the gradient")
    off = np.abs(value - reference).max()
    if not off <= 1e-7:
        raise AssertionError(f"it is off by {off:.2g} from the true gradient")


@graded(
    function="numerical_grad",
    category="contract",
    points=4,
    rule="It returns a (B, V) array within 1e-7 of the true gradient; integer logits are computed "
    "in float64",
    feedback="Move one logit at a time, up and down, and divide the difference of the losses by "
    "2h. An integer array can't hold z + 1e-5: it cuts the step off. Copy into float64 first.",
)
def test_differences_come_close_to_the_gradient(lab, rng):
    near_the_gradient(lab, *draw_batch(rng, 3, 4))
    near_the_gradient(lab, *draw_batch(rng, 1, 3))
    near_the_gradient(lab, rng.integers(-3, 4, size=(2, 3)), np.array([0, 2]))
    near_the_gradient(lab, rng.integers(-3, 4, size=(2, 3)).tolist(), [1, 0])


@graded(
    function="numerical_grad",
    category="contract",
    points=2,
    rule="The logits are the same afterwards, to the last bit",
    feedback="z += h; z −= 2h; z += h does not lead back: each step rounds. Work on a copy, or put "
    "the old value itself back.",
)
def test_the_logits_are_the_same_afterwards(lab, rng):
    for scale in (1.0, 10.0):
        near_the_gradient(lab, *draw_batch(rng, 3, 4, scale))
        expect.untouched(lab)


@graded(
    function="numerical_grad",
    category="gradient",
    points=4,
    rule="It is the central difference (L(z + h) − L(z − h))/2h for the step h that is given",
    feedback="With a wide step the difference is visibly not the derivative, and that is right. "
    "A one-sided difference errs by h, the central one by h². If h changes nothing, the formula "
    "of the gradient stands where the differences should, or h is fixed in the code.",
)
def test_it_is_the_central_difference_for_the_step_given(lab, rng):
    for h in (0.5, 0.125, 0.01):
        logits, labels = draw_batch(rng, 2, 3, 1.5)
        value = expect.array(lab.numerical_grad(logits, labels, h=h), (2, 3), np.float64)
        loss = float(oracle.cross_entropy(logits, labels)) + h
        slack = (1e-12 * loss + 1e-14 + EPS * np.abs(logits).max()) / h
        off = np.abs(value - exact_difference(logits, labels, h)).max()
        if not off <= slack:
            raise AssertionError(f"for h = {h} it is off by {off:.2g} from the central difference")


@graded(
    function="numerical_grad",
    category="reference",
    points=2,
    rule="For logits of order 10 it stays within 1e-7 of the exact gradient, with the default step",
    feedback="Truncation grows with h, rounding shrinks with it. The default 1e-5 lies near the "
    "best of both. A much smaller one leaves only the rounding of the loss, divided by h.",
)
def test_differences_stay_close_for_logits_of_order_ten(lab, rng):
    near_the_gradient(lab, *draw_batch(rng, 2, 5, 10.0))
    near_the_gradient(lab, *draw_batch(rng, 3, 2, 1.0, 10.0))
    near_the_gradient(lab, *draw_batch(rng, 2, 3, 3.0, -10.0), h=1e-4)


@graded(
    function="numerical_grad",
    category="bad input",
    points=2,
    rule="A step h that is zero or negative is a ValueError that names h",
    feedback="h = 0 is 0/0. Check h first, before any arithmetic.",
)
def test_a_step_that_is_not_positive_is_refused(lab, rng):
    logits, labels = draw_batch(rng, 2, 3)
    near_the_gradient(lab, logits, labels)
    for h in (0.0, -1e-5, -1):
        with expect.refused("h"):
            lab.numerical_grad(logits, labels, h=h)


# -------------------------------------------------------------------------- log_softmax_jvp (14)


@graded(
    function="log_softmax_jvp",
    category="contract",
    points=3,
    rule="It returns v − Σ p v along the last axis, in the shape and the float type of z",
    feedback="The mean of v under the softmax of z comes off every entry of v. That is the "
    "derivative of log-softmax; p·(v − Σ p v) is that of softmax. Keep the axis in the sum, so "
    "that each row has its own mean.",
)
def test_the_jvp_takes_the_mean_under_p_off_v(lab, rng):
    for shape in (5, (3, 4), (2, 2, 3)):
        multiplies_right(lab, "log_softmax_jvp", draw(rng, shape), draw(rng, shape))
    z, v = draw(rng, (2, 4), dtype=np.float32), draw(rng, (2, 4), dtype=np.float32)
    multiplies_right(lab, "log_softmax_jvp", z, v)
    multiplies_right(lab, "log_softmax_jvp", [1, -2, 0], draw(rng, 3).tolist())
    multiplies_right(lab, "log_softmax_jvp", WRAPS, draw(rng, 3))


@graded(
    function="log_softmax_jvp",
    category="contract",
    points=1,
    rule="Neither z nor v is changed",
    feedback="v -= mean writes into the caller's array. Write v - mean into a new one.",
)
def test_the_jvp_leaves_its_arguments_alone(lab, rng):
    multiplies_right(lab, "log_softmax_jvp", draw(rng, (2, 4)), draw(rng, (2, 4)))
    expect.untouched(lab)


@graded(
    function="log_softmax_jvp",
    category="property",
    points=3,
    rule="It is linear in v, and a constant v gives 0",
    feedback="v only appears to the first power. A constant v shifts all logits, and a shift moves "
    "no log-probability.",
)
def test_the_jvp_is_linear_and_zero_for_a_constant(lab, rng):
    z = draw(rng, 5)
    # Multiples of 1/8 add up without rounding, so the combination itself is exact.
    v, w = rng.integers(-20, 20, size=(2, 5)) / 8
    a, b = 2.0, -0.5
    multiplies_right(lab, "log_softmax_jvp", z, v)
    both = expect.array(lab.log_softmax_jvp(z, a * v + b * w), (5,), np.float64)
    wanted = a * oracle.log_softmax_jvp(z, v) + b * oracle.log_softmax_jvp(z, w)
    slack = product_slack("log_softmax_jvp", z, np.abs(a * v) + np.abs(b * w))
    expect.close(both, wanted, slack=slack, what="the answer for a·v + b·w")
    level = np.full(5, float(rng.normal()))
    zero = expect.array(lab.log_softmax_jvp(z, level), (5,), np.float64)
    slack = product_slack("log_softmax_jvp", z, level)
    expect.close(zero, np.zeros(5), slack=slack, what="the answer for a constant v")


@graded(
    function="log_softmax_jvp",
    category="gradient",
    points=3,
    rule="It is the derivative of log-softmax along v: it agrees with log-softmax at fifty digits, "
    "differentiated numerically",
    feedback="Write log-softmax at z + t·v and differentiate by t at t = 0. A numerical difference "
    "in float64 is too coarse: use the formula.",
)
def test_the_jvp_is_the_derivative_along_v(lab, rng):
    for scale in (0.5, 3.0):
        z, v = draw(rng, 4, scale), draw(rng, 4)
        value = expect.array(lab.log_softmax_jvp(z, v), (4,), np.float64)
        slack = product_slack("log_softmax_jvp", z, v)
        expect.close(value, exact_slope(z, v), slack=slack)


def exact_slope(z, v):
    """(y(z + tv) − y(z − tv))/2t of the exact log-softmax y, for t = 1e-15, at 50 digits."""
    with workdps(exact.DIGITS):
        t = mpf("1e-15")
        z, v = exact.to_mpf(z), exact.to_mpf(v)
        slope = (exact.log_softmax(z + t * v) - exact.log_softmax(z - t * v)) / (2 * t)
    return exact.to_float(slope)


EXTREME = (
    [1000.0, 1001.0, 1002.0],
    [-1000.0, -999.0, -998.0],
    [1e300, 0.0, -1e300],
    [0.5, -np.inf, 1.5],
)


@graded(
    function="log_softmax_jvp",
    category="stress",
    points=2,
    rule="Logits of ±1000, the largest of the contract and −inf are no problem, without a warning",
    feedback="The softmax inside needs the shift by the maximum of each row, as ever.",
)
def test_the_jvp_survives_large_logits(lab):
    for z in EXTREME:
        multiplies_right(lab, "log_softmax_jvp", np.array(z), np.array([0.5, -1.0, 2.0]))
        expect.quiet(lab)
    stacked = np.array([EXTREME[0], EXTREME[1]])
    multiplies_right(lab, "log_softmax_jvp", stacked, np.array([[0.5, -1.0, 2.0]] * 2))
    expect.quiet(lab)


@graded(
    function="log_softmax_jvp",
    category="stress",
    points=2,
    rule="No V×V Jacobian: V = 200 000 fits and is fast",
    feedback="J has V² entries, 320 GB for V = 200 000. But J = I − 1pᵀ, so J v is v minus one "
    "number: write the product, not the matrix.",
)
def test_the_jvp_builds_no_jacobian(lab, rng):
    multiplies_right(lab, "log_softmax_jvp", draw(rng, 4), draw(rng, 4))
    builds_no_jacobian(lab, "log_softmax_jvp", lambda p, v: v - p @ v, rng)


# -------------------------------------------------------------------------- log_softmax_vjp (14)


@graded(
    function="log_softmax_vjp",
    category="contract",
    points=3,
    rule="It returns g − softmax(z)·Σg along the last axis, in the shape and the float type of z",
    feedback="J = I − 1pᵀ, so Jᵀ = I − p1ᵀ: the plain sum of g, handed out in the shares p. The "
    "jvp does it the other way round, a mean under p taken off evenly. Each row has its own sum.",
)
def test_the_vjp_hands_out_the_sum_of_g_in_shares_of_p(lab, rng):
    for shape in (5, (3, 4), (2, 2, 3)):
        multiplies_right(lab, "log_softmax_vjp", draw(rng, shape), draw(rng, shape))
    z, g = draw(rng, (2, 4), dtype=np.float32), draw(rng, (2, 4), dtype=np.float32)
    multiplies_right(lab, "log_softmax_vjp", z, g)
    multiplies_right(lab, "log_softmax_vjp", [1, -2, 0], draw(rng, 3).tolist())
    multiplies_right(lab, "log_softmax_vjp", WRAPS, draw(rng, 3))


@graded(
    function="log_softmax_vjp",
    category="contract",
    points=1,
    rule="Neither z nor g is changed",
    feedback="g -= ... writes into the caller's array. Make a new one.",
)
def test_the_vjp_leaves_its_arguments_alone(lab, rng):
    multiplies_right(lab, "log_softmax_vjp", draw(rng, (2, 4)), draw(rng, (2, 4)))
    expect.untouched(lab)


@graded(
    function="log_softmax_vjp",
    category="property",
    points=3,
    rule="The answer sums to 0, and g = onehot gives onehot − p, the negative of cross-entropy's "
    "gradient",
    feedback="The shares p sum to one, so what is handed out is all of Σg. If the answer does not "
    "sum to 0, p does not sum to one or the sum runs over the wrong axis.",
)
def test_the_vjp_of_a_onehot_is_onehot_minus_p(lab, rng):
    z, g = draw(rng, (2, 5)), draw(rng, (2, 5))
    value = multiplies_right(lab, "log_softmax_vjp", z, g)
    # Each element may be off by its tolerance, and they add up over the row.
    room = 5 * (1e-14 + 1e-12 * np.abs(value).max() + product_slack("log_softmax_vjp", z, g))
    if not np.abs(value.sum(axis=1)).max() <= room:
        raise AssertionError("the answer does not sum to 0")
    label = int(rng.integers(0, 5))
    onehot = np.zeros((1, 5))
    onehot[0, label] = 1
    picked = expect.array(lab.log_softmax_vjp(z[:1], onehot), (1, 5), np.float64)
    wanted = -oracle.cross_entropy_grad(z[:1], np.array([label]))
    slack = product_slack("log_softmax_vjp", z[:1], onehot)
    expect.close(picked, wanted, slack=slack, what="the answer for a one-hot g")


@graded(
    function="log_softmax_vjp",
    category="gradient",
    points=3,
    rule="⟨g, J v⟩ = ⟨Jᵀg, v⟩ for the exact J v",
    feedback="That equation is what the transpose means. If it fails and your jvp is right, this "
    "function multiplies by J and not by Jᵀ, or by the Jacobian of softmax.",
)
def test_the_vjp_is_the_transpose_of_the_jvp(lab, rng):
    for size in (3, 6):
        z, v, g = draw(rng, size), draw(rng, size), draw(rng, size)
        pulled = expect.array(lab.log_softmax_vjp(z, g), (size,), np.float64)
        left = math.fsum(g * exact_slope(z, v))
        right = math.fsum(pulled * v)
        # Each element of Jᵀg may be off by its tolerance, times |v|; the products round as well.
        off = 1e-12 * np.abs(pulled) + 1e-14 + product_slack("log_softmax_vjp", z, g)
        room = float(off @ np.abs(v)) + 4 * EPS * float(np.abs(g) @ np.abs(exact_slope(z, v)))
        if not abs(left - right) <= room:
            raise AssertionError(f"⟨g, Jv⟩ and ⟨Jᵀg, v⟩ differ by {abs(left - right):.2g}")


@graded(
    function="log_softmax_vjp",
    category="stress",
    points=2,
    rule="Logits of ±1000, the largest of the contract and −inf are no problem, without a warning",
    feedback="The softmax inside needs the shift by the maximum of each row, as ever.",
)
def test_the_vjp_survives_large_logits(lab):
    for z in EXTREME:
        multiplies_right(lab, "log_softmax_vjp", np.array(z), np.array([0.5, -1.0, 2.0]))
        expect.quiet(lab)
    stacked = np.array([EXTREME[0], EXTREME[1]])
    multiplies_right(lab, "log_softmax_vjp", stacked, np.array([[0.5, -1.0, 2.0]] * 2))
    expect.quiet(lab)


@graded(
    function="log_softmax_vjp",
    category="stress",
    points=2,
    rule="No V×V Jacobian: V = 200 000 fits and is fast",
    feedback="Jᵀg is g minus a multiple of p. Write the product, not the matrix with its 320 GB.",
)
def test_the_vjp_builds_no_jacobian(lab, rng):
    multiplies_right(lab, "log_softmax_vjp", draw(rng, 4), draw(rng, 4))
    builds_no_jacobian(lab, "log_softmax_vjp", lambda p, g: g - p * g.sum(), rng)


# -------------------------------------------------------------------------- bce_with_logits (14)


@graded(
    function="bce_with_logits",
    category="contract",
    points=4,
    rule="It returns a float: the mean of −[y ln σ(x) + (1−y) ln σ(−x)] over all elements, for "
    "targets 0, 1 and between",
    feedback="−ln σ(x) is softplus(−x) = ln(1 + e^−x). Weigh the two softplus terms with y and "
    "1 − y, and take the mean. y = 0.3 is a valid target; rounding it to 0 is not asked for.",
)
def test_the_binary_loss_weighs_two_softplus_terms(lab, rng):
    separates_right(lab, draw(rng, 6), rng.integers(0, 2, size=6).astype(float))
    separates_right(lab, draw(rng, 5), rng.uniform(0.05, 0.95, size=5))
    separates_right(lab, draw(rng, (2, 3)), rng.integers(0, 2, size=(2, 3)))
    separates_right(lab, [1, -2, 3], [0, 1, 1])
    separates_right(lab, np.array([1, -2, 3], np.int8), [0, 1, 1])
    separates_right(
        lab, draw(rng, 4, dtype=np.float32), rng.integers(0, 2, size=4).astype(np.float32)
    )


@graded(
    function="bce_with_logits",
    category="contract",
    points=1,
    rule="Neither the logits nor the targets are changed",
    feedback="np.maximum(x, 0, out=x) and x *= y write into the caller's array.",
)
def test_bce_leaves_its_arguments_alone(lab, rng):
    separates_right(lab, draw(rng, 6), rng.integers(0, 2, size=6).astype(float))
    expect.untouched(lab)


@graded(
    function="bce_with_logits",
    category="property",
    points=2,
    rule="Changing the sign of x and y into 1 − y changes nothing; with y = 1 it is the "
    "cross-entropy of the logits [0, x]",
    feedback="The two classes play the same part. If the sign matters, the weights y and 1 − y "
    "stand at the wrong terms.",
)
def test_the_two_classes_play_the_same_part(lab, rng):
    x, y = draw(rng, 6, 3.0), rng.integers(0, 9, size=6) / 8
    separates_right(lab, x, y)
    mirrored = expect.scalar(lab.bce_with_logits(-x, 1 - y))
    slack = EPS * float(np.abs(x).max())
    expect.close(np.float64(mirrored), oracle.bce_with_logits(x, y), slack=slack, what="it")
    ones = expect.scalar(lab.bce_with_logits(x.copy(), np.ones(6)))
    pairs = np.stack([np.zeros(6), x], axis=1)
    wanted = oracle.cross_entropy(pairs, np.ones(6, dtype=int))
    expect.close(np.float64(ones), wanted, what="the loss for y = 1")


@graded(
    function="bce_with_logits",
    category="reference",
    points=2,
    rule="It agrees with the exact value, for logits from tiny to large, in float32 too",
    feedback="ln(1 + e^−|x|) is small for large |x|; np.log1p keeps its digits. An epsilon beside "
    "the probability is an error of its own.",
)
def test_bce_agrees_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 30.0):
        separates_right(lab, draw(rng, 6, scale), rng.integers(0, 2, size=6).astype(float))
        separates_right(lab, draw(rng, 6, scale), rng.uniform(0.05, 0.95, size=6))
        x = draw(rng, 6, scale, dtype=np.float32)
        separates_right(lab, x, rng.integers(0, 2, size=6).astype(np.float32))
    separates_right(lab, np.array([1000.0, -1000.0]), np.array([0.25, 0.5]))


@graded(
    function="bce_with_logits",
    category="stress",
    points=3,
    rule="It is exact for x = ±1000 and for the largest logits of the contract, without a warning",
    feedback="σ(−1000) rounds to 0 and its logarithm is −inf; e^1000 overflows. Only ever take the "
    "exponential of −|x|, and add max(x, 0) outside the logarithm.",
)
def test_bce_is_exact_for_logits_of_a_thousand(lab):
    for x, y in (
        ([1000.0], [1.0]),
        ([1000.0], [0.0]),
        ([-1000.0], [1.0]),
        ([-1000.0], [0.0]),
        ([1000.0, -1000.0, 0.5], [0.0, 1.0, 1.0]),
        ([1e300, -1e300], [1.0, 1.0]),
        ([40.0, -750.0, 750.0], [0.0, 1.0, 0.0]),
    ):
        separates_right(lab, np.array(x), np.array(y))
        expect.quiet(lab)
    separates_right(lab, np.array([1e30, -1e30], np.float32), np.array([0.0, 0.0], np.float32))
    expect.quiet(lab)


@graded(
    function="bce_with_logits",
    category="bad input",
    points=2,
    rule="A target outside [0, 1] or NaN is a ValueError that names y; shapes that differ are one "
    "that names x or y",
    feedback="Targets of −1 and 1 come from another convention and must not pass. (3, 1) against "
    "(3,) would broadcast to nine losses in silence: compare the shapes, do not rely on NumPy.",
)
def test_bad_targets_and_other_shapes_are_refused(lab, rng):
    separates_right(lab, draw(rng, 3), np.array([0.0, 1.0, 1.0]))
    for y in ([0.0, -1.0, 1.0], [0.0, 1.5, 1.0], [0.0, np.nan, 1.0]):
        with expect.refused("y"):
            lab.bce_with_logits(draw(rng, 3), np.array(y))
    for shape, other in (((3,), (2,)), ((3, 1), (3,)), ((2, 3), (3,)), ((3,), (1,))):
        with expect.refused("x", "y"):
            lab.bce_with_logits(draw(rng, shape), np.ones(other))
