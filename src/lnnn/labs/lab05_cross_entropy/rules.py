"""The rules of lab 5, cross-entropy and its gradient: 100 points over six functions.

Where the tolerances come from, beside the course's contract (``expect``)
- A row of the gradient sums to 0 within V times the 1e-14 that each of its elements may be off.
- ``numerical_grad``: 1e-7 absolute, from the contract. Against the exact difference for a wide h:
  what the contract's accuracy of a loss and the rounding of z ± h become when divided by h.
- Products with the Jacobian: ``(2V + 10)·eps`` times the largest |v| (or Σ|g|). A sum of V terms
  and V probabilities, each off by a few roundings, cost that much, also where the result is 0.
- ``bce_with_logits``: eps·max|x| for soft targets only, because the usual form max(x, 0) − x·y
  rounds x·y. For targets 0 and 1 that product is exact.

What the contract leaves open, and how it is read here
- The loss of a label whose own logit is −inf is +inf. A row of only −inf is not graded.
- ``numerical_grad`` is graded with float64 and integer logits: no float32 holds 1e-7.
- x and y of different float types and an empty x are not graded."""

import functools

import numpy as np

from lnnn.messages import _
from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type
from lnnn.suite.rule import given, rule
from lnnn.suite.speed import speed_ratio

INF = np.inf
EPS = float(np.finfo(float).eps)
LOSSES = ("cross_entropy", "bce_with_logits")
DIGITS = {"cross_entropy": 4, "cross_entropy_grad": 3, "bce_with_logits": 2}

# Batches of logits and labels.
ROW, FIRST = np.array([[1.0, 2.0, 3.0]]), np.array([0])
TWO, THEIRS = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]), np.array([2, 1])
AS_LISTS = [given([[1, 2, 3], [3, 0, 0]], [0, 2])]
BATCHES = [given(ROW, FIRST), given(TWO, THEIRS), given(TWO.astype(np.float32), THEIRS), *AS_LISTS]
WAVES = [given(np.sin(np.arange(20.0)).reshape(2, 10) * 3, np.array([3, 7]))]
FAR = np.array([[0.25, 1.0, 3.5]])
FAR_64 = [given(FAR + 1e8, np.array([2]))]
FAR_32 = [given((FAR + 1e4).astype(np.float32), np.array([2]))]
THOUSANDS = given(np.array([[1000.0, 0.0], [0.0, -1000.0]]), np.array([1, 1]))
CONFIDENTLY_WRONG = {
    "cross_entropy": [THOUSANDS, given(np.array([[0.0, 1e300]]), FIRST)],
    "cross_entropy_grad": [THOUSANDS, given(np.array([[0.0, 1e300, -INF]]), np.array([2]))],
}
RULED_OUT = [given(np.array([[0.0, -INF, 1.0]]), np.array([k])) for k in (2, 1)]

LEVELS = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0]])
NO_CLASSES = ([0, -1], [0, 3], [0, 0.5], [0.0, 1.0], [False, True])
NO_CLASSES = [given(LEVELS, np.array(labels)) for labels in NO_CLASSES]
NO_BATCHES = (([0], 2), ([0, 1, 2], 2), ([], 0))  # labels, and the rows they come with
NO_FIT = [given(LEVELS, np.array(labels, dtype=int), rows) for labels, rows in NO_BATCHES]
REFUSED = {"cross_entropy": NO_CLASSES, "cross_entropy_grad": [*NO_CLASSES, *NO_FIT]}

STEEP, OF_STEEP = np.array([[1.0, -2.0, 3.0], [0.5, 10.0, -1.0]]), np.array([0, 2])
WHOLE = np.array([[1, -2, 3], [0, 4, -1]])
NEAR = [given(STEEP, OF_STEEP), given(WHOLE, OF_STEEP), given(STEEP, OF_STEEP, h=1e-4)]
ROUNDED = [given(STEEP / 3, OF_STEEP)]
WIDE_STEP = [given(np.array([[0.0, 1.0]]), FIRST, 0.5)]
NO_STEPS = [given(STEEP, OF_STEEP, h) for h in (0.0, -1e-5)]

# Logits and what is multiplied with their Jacobian.
Z = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
V = np.array([[0.5, -1.0, 2.0], [1.0, 1.0, -3.0]])
IN_FLOAT32 = given(Z.astype(np.float32), V.astype(np.float32))
PRODUCTS = [given(Z, V), given(Z[0], V[0]), IN_FLOAT32, given([1, 2, 3], [0, 1, 0.5])]
LINEAR = [given(Z, V, -4 * V, 0.75)]  # 2·V − (−4·V)/2 is 4·V
TRANSPOSED = [given(Z[0], V[0], np.array([1.0, 0.0, -0.25]))]
HIGH = ([1000.0, 1001.0, 999.0], [-1000.0, -999.0, -998.0], [1e300, 0.0, -INF])
EXTREME = [given(np.array(z), V[0]) for z in HIGH]
MANY = [given(np.sin(np.arange(2000.0)), np.cos(np.arange(2000.0)))]

# Logits and targets of two classes.
X, HARD, SOFT = np.array([0.5, -2.0, 3.0]), np.array([1.0, 0, 0]), np.array([0.25, 0.5, 0.9])
ALONE = {of: [given(ROW, FIRST)] for of in ("cross_entropy", "cross_entropy_grad")}
ALONE |= {of: [given(X, HARD)] for of in ("log_softmax_jvp", "log_softmax_vjp", "bce_with_logits")}
PAIR = given(X[None, :2].astype(np.float32), HARD[None, :2].astype(np.float32))
BINARY = [given(X, HARD), given(X, SOFT), PAIR, given([1, -2], [0, 1])]
LARGE = [given(np.array([x]), np.array([y])) for x in (1000.0, -1000.0, 1e300) for y in (0.0, 1.0)]
LARGE += [given(np.array([1000.0, -1000.0, 0.5]), np.array([0.0, 1.0, 1.0]))]
BAD_TARGETS = ([0.0, -1.0], [0.0, 2.0], [0.0, np.nan], [1.0], [[1.0], [1.0]], [1.0, 1.0, 1.0])
NO_TARGETS = [given(X[:2], np.array(y)) for y in BAD_TARGETS]


def right_value(lab, function, first, second):
    """Call it and compare with the exact answer; what came, in the float type of the contract."""
    reference, dtype = getattr(oracle, function)(first, second), float_type(first)
    slack = rounding(function, first, second)
    value = getattr(lab, function)(first, second)
    if function in LOSSES:
        value, what = dtype.type(expect.scalar(value, "the loss")), "the loss"
    else:
        value, what = expect.array(value, reference.shape, dtype), "the answer"
    expect.close(value, reference, slack=slack, what=what)
    return value


def rounding(function, first, second):
    """What the contract allows on top of its accuracy: see the head of this file."""
    eps, sizes = float(np.finfo(float_type(first)).eps), np.abs(np.asarray(second, dtype=float))
    if function == "bce_with_logits":
        soft = not np.isin(second, (0, 1)).all()
        return eps * float(np.abs(np.asarray(first, dtype=float)).max()) * soft
    if function == "log_softmax_jvp":
        return (2 * sizes.shape[-1] + 10) * eps * float(sizes.max())
    if function == "log_softmax_vjp":
        return (2 * sizes.shape[-1] + 10) * eps * float(sizes.sum(axis=-1).max())
    return 0.0


def refuses(lab, function, logits, labels, rows):
    """Only the first ``rows`` of the logits come with the labels; the message names what is bad."""
    right_value(lab, function, logits, logits.argmin(axis=1))
    logits = logits[:rows]
    fits = len(logits) == len(labels) > 0
    names = ("labels", "label", *([] if fits else ["logits"]))
    expect.refuses(getattr(lab, function), logits, labels, names=names)


# ------------------------------------------------- cross_entropy (24) and cross_entropy_grad (20)
@rule("cross_entropy", "contract", points=5, examples=BATCHES)
def the_loss_is_the_mean_of_the_picked_log_probabilities(lab, logits, labels):
    """It returns a float: the mean over the batch of −log_softmax(logits)[b, labels[b]]

    One log-probability from each row, picked by that row's label: index with the row numbers and
    the labels together. Then the mean over B, with a minus sign. Return float(...), not an
    array."""
    right_value(lab, "cross_entropy", logits, labels)


@rule("cross_entropy", "contract", points=2, examples=AS_LISTS)
def labels_come_in_any_integer_type(lab, logits, labels):
    """Labels may be a list or any integer type, every class from 0 to V − 1 is allowed

    np.asarray(labels) first. Check that the dtype is an integer type of any width, signed or not.
    The last class is V − 1 and valid."""
    right_value(lab, "cross_entropy", logits, labels)


@rule("cross_entropy_grad", "contract", points=4, examples=BATCHES)
def the_gradient_is_softmax_minus_onehot_over_b(lab, logits, labels):
    """It returns (softmax − onehot)/B, in the shape and the float type of the logits

    Only the label's entry of each row loses 1: index rows and labels together, because p[:, labels]
    means all rows. The loss is a mean, so its gradient is divided by B, and not by V."""
    right_value(lab, "cross_entropy_grad", logits, labels)


@rule("cross_entropy", "property", points=3)
def a_shift_of_a_row_and_the_order_of_rows_change_nothing(lab, logits, labels, shift, order):
    """A constant on all logits of a row changes nothing, nor does the order of the rows; equal
    logits cost ln V

    Each row has its own shift and its own label. If the order of rows matters, labels and rows went
    out of step."""
    right_value(lab, "cross_entropy", logits, labels)
    for changed, same in ((logits + shift, labels), (logits[order], labels[order])):
        right_value(lab, "cross_entropy", changed, same)
        expect.quiet(lab)
    right_value(lab, "cross_entropy", np.full_like(logits, logits[0, 0]), labels)


@rule("cross_entropy_grad", "property", points=3, examples=WAVES)
def each_row_of_the_gradient_sums_to_zero(lab, logits, labels):
    """Each row sums to 0; it is negative at the label and nowhere else; all entries lie in
    [−1/B, 1/B]

    A shift of all logits changes no loss, so the entries of a row cancel: p sums to one, and
    exactly one entry of each row loses 1. If they sum to something else, the 1 was taken from the
    wrong entry, or p does not sum to one."""
    gradient = right_value(lab, "cross_entropy_grad", logits, labels)
    rows, classes = logits.shape
    sums = gradient.sum(axis=1)
    text = _("the rows of the gradient sum to {sums}, not to 0")
    expect.that(np.abs(sums).max() <= classes * 1e-14, text, sums=sums)
    # The exact one is negative at the label, and nowhere else.
    same = np.array_equal(gradient < 0, oracle.cross_entropy_grad(logits, labels) < 0)
    expect.that(same, _("the signs of the gradient are wrong"))
    expect.that(np.abs(gradient).max() <= 1 / rows + 1e-14, _("an entry is larger than 1/B"))


@rule("cross_entropy", "reference", points=1, examples=FAR_32)
def cross_entropy_agrees_with_fifty_digits_in_float32(lab, logits, labels):
    """It agrees with the exact value in float32

    float32 has 7 digits: with logits near 10 000 only three of them stand behind the point. Shift
    first, and stay shifted."""
    right_value(lab, "cross_entropy", logits, labels)


@rule({"cross_entropy": 3, "cross_entropy_grad": 2}, "stress", examples=CONFIDENTLY_WRONG)
def confidently_wrong_costs_much_and_not_infinity(lab, function, logits, labels):
    """A confidently wrong row has a large and finite loss, and a gradient of −1/B at its label,
    without a warning: logits of ±1000, the largest of the contract and, for the gradient, −inf

    Softmax first and log afterwards turns such a row into −log(0) = inf, because the probability
    rounds to 0; an epsilon caps it. Go from logits to log-probabilities in one step. The chain rule
    through −1/p is inf·0 = NaN there. Written as p − onehot nothing can overflow."""
    right_value(lab, function, logits, labels)
    expect.quiet(lab)


@rule("cross_entropy", "stress", points=1, examples=RULED_OUT)
def an_impossible_class_is_harmless_unless_it_is_the_label(lab, logits, labels):
    """A logit of −inf is a class that can't occur: harmless when it is not the label, a loss of
    +inf when it is; no warning

    Multiplying log-probabilities by a one-hot matrix makes 0·(−inf) = NaN. Pick by index
    instead."""
    right_value(lab, "cross_entropy", logits, labels)
    expect.quiet(lab)


@rule({"cross_entropy": 2, "cross_entropy_grad": 2}, "bad input", examples=REFUSED)
def a_label_that_is_no_class_is_refused(lab, function, logits, labels, rows=3):
    """A label below 0, at or above V, or of no integer type is a ValueError that names labels; the
    gradient refuses a batch that does not fit, as the loss does

    logits[b, −1] is the last class for NumPy, silently. −1 and −100 are what data sets use for
    padding, so p[b, −1] −= 1 trains on noise. Check the range yourself, before anything else. Look
    at the dtype: 0.5 must not be rounded, and 1.0 or True says that a wrong array came in. The
    gradient may let the loss run the checks for it."""
    refuses(lab, function, logits, labels, rows)


@rule("cross_entropy", "bad input", points=1, examples=NO_FIT)
def labels_that_do_not_fit_the_batch_are_refused(lab, logits, labels, rows):
    """An empty batch, or another number of labels than of rows, is a ValueError that names labels
    or logits

    One label for three rows would broadcast in silence, and the mean of nothing is NaN. Compare the
    two shapes before anything is computed."""
    refuses(lab, "cross_entropy", logits, labels, rows)


# --------------------------------------------------------------------------- numerical_grad (14)
def near_the_gradient(lab, logits, labels, **step):
    """numerical_grad lies within 1e-7 of the exact gradient."""
    reference = oracle.cross_entropy_grad(logits, labels)
    value = lab.numerical_grad(logits, labels, **step)
    value = expect.array(value, reference.shape, np.float64, "the gradient")
    off = np.abs(value - reference).max()
    expect.that(off <= 1e-7, _("it is off by {off:.2g} from the true gradient"), off=off)


@rule("numerical_grad", "contract", points=4, examples=NEAR)
def differences_come_close_to_the_gradient(lab, logits, labels, **step):
    """It returns a (B, V) array within 1e-7 of the true gradient; integer logits are computed in
    float64

    Move one logit at a time, up and down, and divide the difference of the losses by 2h. An integer
    array can't hold z + 1e-5: it cuts the step off. Copy into float64 first."""
    near_the_gradient(lab, logits, labels, **step)


@rule("numerical_grad", "contract", points=2, examples=ROUNDED)
def the_logits_are_the_same_afterwards(lab, logits, labels):
    """The logits are the same afterwards, to the last bit

    z += h; z −= 2h; z += h does not lead back: each step rounds. Work on a copy, or put the old
    value itself back."""
    near_the_gradient(lab, logits, labels)
    expect.untouched(lab)


@rule("numerical_grad", "gradient", points=4, examples=WIDE_STEP)
def it_is_the_central_difference_for_the_step_given(lab, logits, labels, h):
    """It is the central difference (L(z + h) − L(z − h))/2h for the step h that is given

    With a wide step the difference is visibly not the derivative, and that is right. A one-sided
    difference errs by h, the central one by h². If h changes nothing, the formula of the gradient
    stands where the differences should, or h is fixed in the code."""
    # A step h of one logit turns Σ e^z into Σ e^z · (1 + p·(e^h − 1)); the label's own is linear.
    p = oracle.softmax(logits)
    bend = (np.log1p(p * np.expm1(h)) - np.log1p(p * np.expm1(-h))) / (h + h) - p
    wanted = oracle.cross_entropy_grad(logits, labels) + bend / len(labels)
    loss = float(oracle.cross_entropy(logits, labels)) + h
    slack = (1e-12 * loss + 1e-14 + EPS * np.abs(logits).max()) / h
    value = lab.numerical_grad(logits, labels, h=h)
    off = np.abs(expect.array(value, logits.shape, np.float64, "the gradient") - wanted).max()
    text = _("for h = {h} it is off by {off:.2g} from the central difference")
    expect.that(off <= slack, text, h=h, off=off)


@rule("numerical_grad", "reference", points=2)
def differences_stay_close_for_logits_of_order_ten(lab, logits, labels, **step):
    """For logits of order 10 it stays within 1e-7 of the exact gradient, with the default step

    Truncation grows with h, rounding shrinks with it. The default 1e-5 lies near the best of both.
    A much smaller one leaves only the rounding of the loss, divided by h."""
    near_the_gradient(lab, logits, labels, **step)


@rule("numerical_grad", "bad input", points=2, examples=NO_STEPS)
def a_step_that_is_not_positive_is_refused(lab, logits, labels, h):
    """A step h that is zero or negative is a ValueError that names h

    h = 0 is 0/0. Check h first, before any arithmetic."""
    near_the_gradient(lab, logits, labels)
    expect.refuses(lab.numerical_grad, logits, labels, h=h, names="h")


# ----------------------------------------------- log_softmax_jvp (14) and log_softmax_vjp (14)
@rule("log_softmax_jvp", "contract", points=2, examples=PRODUCTS)
def the_jvp_takes_the_mean_under_p_off_v(lab, z, v):
    """It returns v − Σ p v along the last axis, in the shape and the float type of z

    The mean of v under the softmax of z comes off every entry of v. That is the derivative of
    log-softmax; p·(v − Σ p v) is that of softmax. Keep the axis in the sum, so that each row has
    its own mean."""
    right_value(lab, "log_softmax_jvp", z, v)


@rule("log_softmax_vjp", "contract", points=2, examples=PRODUCTS)
def the_vjp_hands_out_the_sum_of_g_in_shares_of_p(lab, z, g):
    """It returns g − softmax(z)·Σg along the last axis, in the shape and the float type of z

    J = I − 1pᵀ, so Jᵀ = I − p1ᵀ: the plain sum of g, handed out in the shares p. The jvp does it
    the other way round, a mean under p taken off evenly. Each row has its own sum."""
    right_value(lab, "log_softmax_vjp", z, g)


@rule("log_softmax_jvp", "property", points=3, examples=LINEAR)
def the_jvp_is_linear_and_zero_for_a_constant(lab, z, v, w, level):
    """It is linear in v, and a constant v gives 0

    v only appears to the first power. A constant v shifts all logits, and a shift moves no
    log-probability. If v·p is subtracted without a sum, or v is multiplied by p, this fails."""
    right_value(lab, "log_softmax_jvp", z, v)
    # Linear is what the exact product is: a·Jv + b·Jw = J(av + bw).
    right_value(lab, "log_softmax_jvp", z, 2 * v - w / 2)
    right_value(lab, "log_softmax_jvp", z, np.full_like(v, level))


@rule("log_softmax_vjp", "property", points=3)
def the_vjp_of_a_onehot_is_onehot_minus_p(lab, z, g):
    """The answer sums to 0, and g = onehot gives onehot − p, the negative of cross-entropy's
    gradient

    The shares p sum to one, so what is handed out is all of Σg. If the answer does not sum to 0, p
    does not sum to one or the sum runs over the wrong axis."""
    value = right_value(lab, "log_softmax_vjp", z, g)
    # Each element may be off by its tolerance, and they add up over the row.
    off = 1e-14 + 1e-12 * np.abs(value).max() + rounding("log_softmax_vjp", z, g)
    zero = np.abs(value.sum(axis=-1)).max() <= z.shape[-1] * off
    expect.that(zero, _("the answer does not sum to 0"))


@rule("log_softmax_vjp", "gradient", points=3, examples=TRANSPOSED)
def the_vjp_is_the_transpose_of_the_jvp(lab, z, v, g):
    """⟨g, J v⟩ = ⟨Jᵀg, v⟩ for the exact J v

    That equation is what the transpose means. If it fails and your jvp is right, this function
    multiplies by J and not by Jᵀ, or by the Jacobian of softmax."""
    pushed, slack = oracle.log_softmax_jvp(z, v), rounding("log_softmax_vjp", z, g)
    left, products = float(g @ pushed), float(np.abs(g) @ np.abs(pushed))
    pulled = expect.array(lab.log_softmax_vjp(z, g), z.shape, np.float64)
    right = float(pulled @ v)
    # Each element of Jᵀg may be off by its tolerance, times |v|; the products round as well.
    room = float((1e-12 * np.abs(pulled) + 1e-14 + slack) @ np.abs(v)) + 4 * EPS * products
    text = _("⟨g, Jv⟩ is {left:.9g}, ⟨Jᵀg, v⟩ is {right:.9g}")
    expect.that(abs(left - right) <= room, text, left=left, right=right)


@rule({"log_softmax_jvp": 2, "log_softmax_vjp": 2}, "stress", examples=EXTREME)
def the_product_survives_large_logits(lab, function, z, v):
    """Logits of ±1000, the largest of the contract and −inf are no problem, without a warning

    The softmax inside needs the shift by the maximum of each row, as ever."""
    right_value(lab, function, z, v)
    expect.quiet(lab)


@rule({"log_softmax_jvp": 2, "log_softmax_vjp": 2}, "stress", examples=MANY)
def no_jacobian_is_built(lab, function, z, v):
    """No V×V Jacobian: V = 200 000 fits and is fast

    J has V² entries, 320 GB for V = 200 000. But J = I − 1pᵀ, so J v is v minus one number, and Jᵀg
    is g minus a multiple of p: write the product, not the matrix."""
    right_value(lab, function, z[:4], v[:4])
    call = functools.partial(getattr(lab, function), z, v)
    ratio = speed_ratio(lab, call, lambda: np.eye(z.size) - v, 1 / 4)[2]
    text = _("for V = {size} it takes as long as building the V×V Jacobian")
    expect.that(ratio <= 1 / 4, text, size=z.size)


# -------------------------------------------------------------------------- bce_with_logits (14)
@rule("bce_with_logits", "contract", points=3, examples=BINARY)
def the_binary_loss_weighs_two_softplus_terms(lab, x, y):
    """It returns a float: the mean of −[y ln σ(x) + (1−y) ln σ(−x)] over all elements, for targets
    0, 1 and between

    −ln σ(x) is softplus(−x) = ln(1 + e^−x). Weigh the two softplus terms with y and 1 − y, and take
    the mean. y = 0.3 is a valid target; rounding it to 0 is not asked for."""
    right_value(lab, "bce_with_logits", x, y)


@rule("bce_with_logits", "property", points=2)
def the_two_classes_play_the_same_part(lab, x, y):
    """Changing the sign of x and y into 1 − y changes nothing; with y = 1 it is the cross-entropy
    of the logits [0, x]

    The two classes play the same part. If the sign matters, the weights y and 1 − y stand at the
    wrong terms."""
    right_value(lab, "bce_with_logits", x, y)
    right_value(lab, "bce_with_logits", -x, 1 - y)
    ones = right_value(lab, "bce_with_logits", x, np.ones(x.size))
    pairs = np.stack([np.zeros(x.size), x], axis=1)
    wanted = oracle.cross_entropy(pairs, np.ones(x.size, dtype=int))
    expect.close(ones, wanted, what="the loss for y = 1")


@rule("bce_with_logits", "stress", points=3, examples=LARGE)
def bce_is_exact_for_logits_of_a_thousand(lab, x, y):
    """It is exact for x = ±1000 and for the largest logits of the contract, without a warning

    σ(−1000) rounds to 0 and its logarithm is −inf; e^1000 overflows. Only ever take the exponential
    of −|x|, and add max(x, 0) outside the logarithm."""
    right_value(lab, "bce_with_logits", x, y)
    expect.quiet(lab)


@rule("bce_with_logits", "bad input", points=2, examples=NO_TARGETS)
def bad_targets_and_other_shapes_are_refused(lab, x, y):
    """A target outside [0, 1] or NaN is a ValueError that names y; shapes that differ are one that
    names x or y

    Targets of −1 and 1 come from another convention and must not pass; NaN compares false with
    everything. (3, 1) against (3,) would broadcast to nine losses in silence: compare the shapes,
    do not rely on NumPy."""
    right_value(lab, "bce_with_logits", x, (x < 0).astype(float))
    expect.refuses(lab.bce_with_logits, x, y, names=("y", *(["x"] if x.shape != y.shape else [])))


# ------------------------------------------------------------------------- several of them alike
@rule(dict.fromkeys(ALONE, 1), "contract", examples=ALONE)
def the_arguments_are_left_alone(lab, function, first, second):
    """The caller's arrays are left as they were

    logits -= …, v -= …, x *= y, np.maximum(x, 0, out=x) and a softmax in place write into the
    caller's array, because np.asarray makes no copy. Write v = v - … instead: that makes a new
    array. Subtract the 1 of the gradient from your own probabilities."""
    right_value(lab, function, first, second)
    expect.untouched(lab)


@rule(DIGITS, "reference", examples={"cross_entropy": FAR_64})
def it_agrees_with_fifty_digits(lab, function, first, second):
    """It agrees with the exact value, for logits from tiny to large and far from 0

    LSE(z) − z[label] subtracts two large numbers when the logits sit far from zero, and so does
    exp(z − LSE(z)). Take the maximum off first and never add it back. ln(1 + e^−|x|) is small for
    large |x|; np.log1p keeps its digits. An epsilon inside a logarithm is an error of its own."""
    right_value(lab, function, first, second)
