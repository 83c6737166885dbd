"""What the grader asks of lab 5, cross-entropy: its inputs for each rule, and rules of its own."""

import functools

import inputs
import numpy as np
from inputs import BATCH, INF, TYPES, batch, draw, eighths, far, largest, near
from mpmath import mpf, workdps

from lnnn import exact
from lnnn.suite import expect
from lnnn.suite.rule import rule

MOST = {"cross_entropy": 1.6, "cross_entropy_grad": 3.8, "bce_with_logits": 4.2}
MOST |= {"log_softmax_jvp": 3.0, "log_softmax_vjp": 3.0}


def sure_and_wrong(rng):
    """Batches of models that are sure by about 1000 and wrong; one maximum would lose a row."""
    gap = rng.uniform(900, 1100)
    sure = np.array([rng.permutation([0.0, gap, 0.0]), near(rng, -1000)])
    yield sure, np.array([sure[0].argmin(), rng.integers(3)])
    level = rng.uniform(-9, 9)
    sure = rng.permutation([[gap, 0.0], [0.0, -gap], [level, level]])
    yield sure, sure.argmin(axis=1)


def the_largest(rng, dtype):
    """A batch of the largest logits of the contract: the first row is wrong, the second right."""
    logits = np.array([largest(rng, dtype), largest(rng, dtype)])
    return logits, np.array([logits[0].argmin(), logits[1].argmax()])


def ruled_out(rng):
    """Logits (2, 3) with −inf among them; labels that are possible, and some that are not."""
    logits, at = draw(rng, (2, 3)), rng.permutation(3)
    logits[0, at[0]] = logits[1, at[1]] = logits[1, at[2]] = -INF
    return logits, np.array([at[1], at[0]]), np.array([at[0], at[0]])


def slope(function, z, v):
    """(f(z + tv) − f(z − tv))/2t of an exact function f, for t = 1e-15, at 50 digits."""
    with workdps(exact.DIGITS):
        t, z, v = mpf("1e-15"), exact.to_mpf(z), exact.to_mpf(v)
        return exact.to_float((function(z + t * v) - function(z - t * v)) / (2 * t))


# ------------------------------------------------------------ cross_entropy and cross_entropy_grad
def test_the_loss_is_the_mean_of_the_picked_log_probabilities(holds, rng):
    for rows, classes in ((4, 5), (1, 5), (6, 3)):
        holds(*batch(rng, rows, classes))
    holds(*batch(rng, 4, 5, 2.0, 0.0, np.float32))
    holds(rng.integers(-3, 4, size=(3, 4)), rng.integers(0, 4, size=3))
    holds(inputs.wrapping(rng)[None], rng.integers(0, 3, size=1))


def test_labels_come_in_any_integer_type(holds, rng):
    for dtype in (np.int64, np.int32, np.uint8):
        holds(draw(rng, (4, 4)), rng.permutation(np.array([0, 3, 1, 3], dtype)))
    holds(draw(rng, (4, 4)).tolist(), rng.permutation(4).tolist())


def test_the_gradient_is_softmax_minus_onehot_over_b(holds, rng):
    holds(*batch(rng))
    holds(*batch(rng, 1))
    holds(*batch(rng, 6, 3, 2.0, 0.0, np.float32))
    holds(rng.integers(-3, 4, size=(3, 4)).tolist(), rng.integers(0, 4, size=3).tolist())
    holds(inputs.wrapping(rng)[None], rng.integers(0, 3, size=1))


def test_a_shift_of_a_row_and_the_order_of_rows_change_nothing(holds, rng):
    logits, shift = eighths(rng)
    # Four different labels, so that it matters which row has which; low ones, so that the loss is
    # several nats: its last digits next to a large shift are the business of another rule.
    labels = rng.permutation(6)[:4]
    logits[np.arange(4), labels] -= 8
    holds(logits, labels, shift, rng.permutation(4))


def test_each_row_of_the_gradient_sums_to_zero(holds, rng):
    holds(*batch(rng, 4, 30, 3.0))


@rule("cross_entropy_grad", "gradient", points=4)
def test_the_gradient_is_the_derivative_of_the_exact_loss(lab, rng):
    """It is the derivative of the loss: it agrees with the exact loss, differentiated numerically
    at fifty digits

    Every logit of a row moves the loss, not only the label's: through the sum below the fraction
    line. Differentiate ln Σ e^z − z[label] by each z once more on paper."""
    for scale in (0.5, 3.0):
        logits, labels = batch(rng, 2, 3, scale)
        loss = functools.partial(exact.cross_entropy, labels=labels)
        wanted = [slope(loss, logits, one) for one in np.eye(6).reshape(6, 2, 3)]
        gradient = lab.cross_entropy_grad(logits, labels)
        gradient = expect.array(gradient, (2, 3), np.float64, "the gradient")
        expect.close(gradient, np.reshape(wanted, (2, 3)), what="the gradient")


def test_cross_entropy_agrees_with_fifty_digits_in_float32(holds, rng):
    for logits, labels in inputs.with_ranks(inputs.far_in_float32(rng, (1, 5))):
        holds(logits, labels)


def test_confidently_wrong_costs_much_and_not_infinity(holds, function, rng):
    for logits, labels in sure_and_wrong(rng):
        holds(logits, labels)
    for dtype in TYPES:
        holds(*the_largest(rng, dtype))
    if function == "cross_entropy_grad":  # the loss has a rule of its own for −inf
        logits, possible, impossible = ruled_out(rng)
        holds(logits, possible)
        holds(logits, impossible)


def test_an_impossible_class_is_harmless_unless_it_is_the_label(holds, rng):
    logits, possible, impossible = ruled_out(rng)
    holds(logits, possible)
    holds(logits, impossible)


# Another number of labels than of rows, and an empty batch: how many labels, how many rows.
NO_FIT = ((2, 3), (3, 2), (1, 3), (0, 0))


def test_a_label_that_is_no_class_is_refused(holds, function, rng):
    for bad in inputs.no_classes(rng, rng.permutation(3)):
        holds(draw(rng, (3, 3)), bad)
    if function == "cross_entropy_grad":  # the loss has a rule of its own for these
        for count, rows in NO_FIT:
            holds(draw(rng, (3, 3)), rng.integers(0, 3, size=count), rows)


def test_labels_that_do_not_fit_the_batch_are_refused(holds, rng):
    for count, rows in NO_FIT:
        holds(draw(rng, (3, 3)), rng.integers(0, 3, size=count), rows)


# -------------------------------------------------------------------------------- numerical_grad
def test_differences_come_close_to_the_gradient(holds, rng):
    holds(*batch(rng, 3, 4))
    holds(*batch(rng, 1, 3))
    holds(rng.integers(-3, 4, size=(2, 3)), rng.integers(0, 3, size=2))
    holds(rng.integers(-3, 4, size=(2, 3)).tolist(), rng.integers(0, 3, size=2).tolist())


def test_the_logits_are_the_same_afterwards(holds, rng):
    for scale in (1.0, 10.0):
        holds(*batch(rng, 3, 4, scale))


def test_it_is_the_central_difference_for_the_step_given(holds, rng):
    for h in (0.5, 0.125, 0.01):
        holds(*batch(rng, 2, 3, 1.5), h * rng.uniform(0.9, 1.1))


def test_differences_stay_close_for_logits_of_order_ten(holds, rng):
    holds(*batch(rng, 2, 5, 10.0))
    holds(*batch(rng, 3, 2, 1.0, 10.0))
    holds(*batch(rng, 2, 3, 3.0, -10.0), h=1e-4)


def test_a_step_that_is_not_positive_is_refused(holds, rng):
    for h in (0.0, -1e-5 * rng.uniform(0.1, 1), -int(rng.integers(1, 9))):
        holds(*batch(rng, 2, 3), h)


# ------------------------------------------------------------ log_softmax_jvp and log_softmax_vjp
def products(rng):
    """Logits and what their Jacobian is multiplied with: shapes, types, a list."""
    for shape in (5, (3, 4), (2, 2, 3)):
        yield draw(rng, shape), draw(rng, shape)
    yield draw(rng, (2, 4), dtype=np.float32), draw(rng, (2, 4), dtype=np.float32)
    yield rng.integers(-3, 4, size=3).tolist(), draw(rng, 3).tolist()
    yield inputs.wrapping(rng), draw(rng, 3)


def test_the_jvp_takes_the_mean_under_p_off_v(holds, rng):
    for z, v in products(rng):
        holds(z, v)


def test_the_vjp_hands_out_the_sum_of_g_in_shares_of_p(holds, rng):
    for z, g in products(rng):
        holds(z, g)


def test_the_jvp_is_linear_and_zero_for_a_constant(holds, rng):
    # Multiples of 1/8 add up without rounding, so the combination itself is exact.
    v, w = rng.integers(-20, 20, size=(2, 5)) / 8
    holds(draw(rng, 5), v, w, float(rng.normal()))


def test_the_vjp_of_a_onehot_is_onehot_minus_p(holds, rng):
    holds(draw(rng, (2, 5)), draw(rng, (2, 5)))
    holds(draw(rng, (1, 5)), rng.permutation([[1.0, 0, 0, 0, 0]], axis=1))


@rule("log_softmax_jvp", "gradient", points=3)
def test_the_jvp_is_the_derivative_along_v(lab, rng):
    """It is the derivative of log-softmax along v: it agrees with log-softmax at fifty digits,
    differentiated numerically

    Write log-softmax at z + t·v and differentiate by t at t = 0. A numerical difference in float64
    is too coarse: use the formula."""
    for scale in (0.5, 3.0):
        z, v = draw(rng, 4, scale), draw(rng, 4)
        value = expect.array(lab.log_softmax_jvp(z, v), (4,), np.float64)
        # The allowance for products with the Jacobian: see the lab's rules.
        slack = (2 * 4 + 10) * float(np.finfo(float).eps * np.abs(v).max())
        expect.close(value, slope(exact.log_softmax, z, v), slack=slack)


def test_the_vjp_is_the_transpose_of_the_jvp(holds, rng):
    for size in (3, 6):
        holds(draw(rng, size), draw(rng, size), draw(rng, size))


def test_the_product_survives_large_logits(holds, rng):
    high, low = near(rng, 1000), near(rng, -1000)
    for z in (high, low, np.array([high, low]), largest(rng)):
        holds(z, draw(rng, z.shape))
    holds(rng.permutation([rng.normal(), -INF, rng.normal()]), draw(rng, 3))


def test_no_jacobian_is_built(holds, lab, function, rng):
    holds(draw(rng, 2000), draw(rng, 2000))
    z, v = draw(rng, 200_000), draw(rng, 200_000)
    value = expect.array(getattr(lab, function)(z, v), z.shape, z.dtype)
    p = np.exp(z - z.max())
    p /= p.sum()
    wanted = v - p @ v if function == "log_softmax_jvp" else v - p * v.sum()
    # Plain floats serve here: 1e-9 only has to tell a right vector from a wrong one.
    if not np.allclose(value, wanted, 1e-9, 1e-9):
        raise AssertionError("the values for V = 200 000 are wrong")


# ------------------------------------------------------------------------------- bce_with_logits
def hard(rng, shape):
    """Targets that are classes: 0.0 and 1.0."""
    return rng.integers(0, 2, size=shape).astype(float)


def soft(rng, size):
    """Targets between 0 and 1."""
    return rng.uniform(0.05, 0.95, size=size)


def test_the_binary_loss_weighs_two_softplus_terms(holds, rng):
    holds(draw(rng, 6), hard(rng, 6))
    holds(draw(rng, 5), soft(rng, 5))
    holds(draw(rng, (2, 3)), rng.integers(0, 2, size=(2, 3)))
    holds(rng.integers(-3, 4, size=3).tolist(), rng.integers(0, 2, size=3).tolist())
    holds(rng.integers(-3, 4, size=3).astype(np.int8), rng.integers(0, 2, size=3).tolist())
    holds(draw(rng, 4, dtype=np.float32), hard(rng, 4).astype(np.float32))


def test_the_two_classes_play_the_same_part(holds, rng):
    holds(draw(rng, 6, 3.0), rng.integers(0, 9, size=6) / 8)


def test_bce_is_exact_for_logits_of_a_thousand(holds, rng):
    gap = rng.uniform(900, 1100)
    for x in (gap, -gap):
        for y in (0.0, 1.0):
            holds(np.array([x]), np.array([y]))
    order = rng.permutation(3)
    holds(np.array([gap, -gap, rng.normal()])[order], np.array([0.0, 1.0, 1.0])[order])
    # σ(40) rounds to 1, e^−750 to 0, e^750 to inf.
    cliffs = np.array([40.0, -750.0, 750.0]) * rng.uniform(1, 1.1)
    holds(cliffs[order], np.array([0.0, 1.0, 0.0])[order])
    holds(rng.permutation([1e300, -1e300]), np.ones(2))
    holds(rng.permutation(np.array([1e30, -1e30], np.float32)), np.zeros(2, np.float32))


def test_bad_targets_and_other_shapes_are_refused(holds, rng):
    for bad in (-1.0, -rng.uniform(0.01, 1), 1 + rng.uniform(0.01, 1), np.nan):
        holds(draw(rng, 3), rng.permutation([0.0, bad, 1.0]))
    for shape, other in (((3,), (2,)), ((3, 1), (3,)), ((2, 3), (3,)), ((3,), (1,))):
        holds(draw(rng, shape), np.ones(other))


# --------------------------------------------------------------------------- several of them alike
def test_the_arguments_are_left_alone(holds, function, rng):
    if function.startswith("cross_entropy"):
        holds(*batch(rng, 1))
    else:
        # Logits of both signs: np.maximum(x, 0, out=x) leaves others alone. No row of the second
        # array is constant: its product with the Jacobian would be 0 or itself for many a formula.
        z = draw(rng, (2, 4))
        holds(z - z.mean(), rng.permuted([[0.0, 0.0, 1.0, 1.0]] * 2, axis=1))


def test_it_agrees_with_fifty_digits(holds, function, rng):
    if function == "bce_with_logits":
        for scale in (1e-3, 1.0, 30.0):
            holds(draw(rng, 6, scale), hard(rng, 6))
            holds(draw(rng, 6, scale), soft(rng, 6))
            holds(draw(rng, 6, scale, dtype=np.float32), hard(rng, 6).astype(np.float32))
        holds(rng.permutation([1.0, -1.0]) * rng.uniform(900, 1100), soft(rng, 2))
        return
    scales = (1e-3, 1.0, 1e2, 1e4) if function == "cross_entropy" else (1e-3, 1.0, 1e2)
    for logits, labels in inputs.with_ranks(far(rng, (1, 5), scales)):
        holds(logits, labels)
    if function == "cross_entropy_grad":  # the loss has a rule of its own for float32
        for offset in (0.0, 1e4):
            holds(*batch(rng, 1, 5, 1.0, offset, np.float32))


@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_batch_takes_numpy_time(lab, function, rng):
    """A large batch takes NumPy time, not a Python loop over its elements

    Let max, exp and sum work along the last axis of the whole array, index all rows at once, and
    let np.where or np.maximum choose."""

    def drawn():
        (z, labels), v = batch(rng, *BATCH), draw(rng, BATCH)
        if function == "bce_with_logits":
            y = rng.random(BATCH)
            return (z, y), np.mean(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
        log_p = inputs.log_softmax(z)
        if function == "log_softmax_jvp":
            return (z, v), v - np.sum(np.exp(log_p) * v, axis=1, keepdims=True)
        if function == "log_softmax_vjp":
            return (z, v), v - np.exp(log_p) * v.sum(axis=1, keepdims=True)
        at_label = labels[:, None] == np.arange(BATCH[1])
        loss = function == "cross_entropy"
        wanted = -log_p[at_label].mean() if loss else (np.exp(log_p) - at_label) / BATCH[0]
        return (z, labels), wanted

    inputs.takes_numpy_time(lab, function, drawn, MOST[function], atol=1e-12)
