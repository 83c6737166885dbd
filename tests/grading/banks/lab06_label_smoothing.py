"""Answers to lab 6. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def classes_in(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    return labels


@helper
def batch_of(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    return logits if logits.dtype.kind == "f" else logits.astype(np.float64), labels


@helper
def check_numbers(num_classes, alpha, least):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < least:
        raise ValueError(f"num_classes must be at least {least}")


# ----------------------------------------------------------------------------------- smooth_labels
@right("smooth_labels", "np.eye picked by the labels, mixed with 1/V")
def eye_mixed_with_uniform(labels, num_classes, alpha):
    labels = classes_in(labels, num_classes, alpha)
    return np.eye(num_classes)[labels] * (1 - alpha) + alpha / num_classes


@wrong("smooth_labels", "rows of Python floats", "stress")
def rows_of_floats(labels, num_classes, alpha):
    if not (alpha >= 0 and alpha < 1):
        raise ValueError(f"alpha = {alpha}")
    if num_classes < 1:
        raise ValueError(f"num_classes = {num_classes}")
    rows = []
    for label in np.asarray(labels).tolist():
        if type(label) is not int or not 0 <= label < num_classes:
            raise ValueError(f"label {label} is no class")
        row = [alpha / num_classes] * num_classes
        row[label] = 1 - alpha * (num_classes - 1) / num_classes
        rows.append(row)
    return np.array(rows)


@right("smooth_labels", "np.where over a comparison with all classes")
def where_the_label_is(labels, num_classes, alpha):
    labels = classes_in(labels, num_classes, alpha)
    other = alpha / num_classes
    return np.where(labels[:, None] == np.arange(num_classes), 1 - alpha + other, other)


@right("smooth_labels", "np.put_along_axis into a full array")
def put_into_a_full_array(labels, num_classes, alpha):
    labels = classes_in(labels, num_classes, alpha)
    q = np.full((labels.size, num_classes), np.float64(alpha) / num_classes)
    true = np.full((labels.size, 1), 1 - alpha + alpha / num_classes)
    np.put_along_axis(q, labels[:, None].astype(np.intp), true, axis=1)
    return q


where_the_label_is.edits("""
    contract: alpha spread over the V − 1 wrong classes
    - alpha / num_classes
    + alpha / max(num_classes - 1, 1)
    - 1 - alpha + other
    + 1 - alpha if num_classes > 1 else 1.0
    property: the true class gets 1 − alpha and no part of the share
    - 1 - alpha + other
    + 1 - alpha
    property: the share is added to a whole one-hot
    + 1 + other
    contract: float32 targets
    - alpha / num_classes
    + np.float32(alpha / num_classes)
    - 1 - alpha + other
    + np.float32(1 - alpha) + other
    property: alpha and 1 − alpha swapped
    - alpha / num_classes
    + (1 - alpha) / num_classes
    - 1 - alpha + other
    + alpha + other
""")
eye_mixed_with_uniform.edits("""
    contract: all rows get all labels
    - np.eye(num_classes)[labels]
    + np.eye(num_classes)[labels].max(axis=0) * np.ones((len(labels), 1))
    bad input: a negative label wraps around
    - labels.min() < 0 or
    bad input: whole floats and booleans pass
    - labels.dtype.kind not in "iu" or num_classes < 1
    + (labels != labels.astype(int)).any() or num_classes < 1
    - return labels
    + return labels.astype(int)
    bad input: labels of 0.5 are cut to integers
    - labels = np.asarray(labels)
    + labels = np.asarray(labels).astype(int)
    bad input: alpha = 1 and NaN pass
    - not 0 <= alpha < 1
    + alpha < 0 or alpha > 1
""")


# -------------------------------------------------------------------------- smoothed_cross_entropy
@right("smoothed_cross_entropy", "two means of a shifted log-softmax")
def two_means(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    if alpha == 0:
        return float(hard.mean())
    return float(np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1)))


@right("smoothed_cross_entropy", "the targets times the prices, np.where for targets of 0")
def targets_times_prices(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    s = z - z.max(axis=1, keepdims=True)
    prices = np.log(np.exp(s).sum(axis=1, keepdims=True)) - s
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    prices = np.where(q > 0, prices, 0)
    return np.sum(q * prices) / len(labels)


@right("smoothed_cross_entropy", "one row at a time, float64 inside")
def row_by_row(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    rows, losses = np.asarray(logits, dtype=np.float64), []
    labels = np.asarray(labels).tolist()
    if len(rows) != len(labels):
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    for row, label in zip(rows, labels, strict=True):
        if type(label) is not int or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        below = row.max() - row
        log_sum = math.log(np.exp(-below).sum())
        loss = (1 - alpha) * (log_sum + float(below[label]))
        if alpha > 0:
            loss += alpha * (log_sum + float(below.mean()))
        losses.append(loss)
    return math.fsum(losses) / len(losses)


@right("smoothed_cross_entropy", "np.logaddexp.reduce of the shifted logits")
def logaddexp_of_the_shifted(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    s = z - np.amax(z, axis=1)[:, None]
    log_sum = np.logaddexp.reduce(s, axis=1)
    wanted = np.take_along_axis(s, labels[:, None].astype(np.intp), axis=1)[:, 0] * (1 - alpha)
    if alpha:
        wanted = wanted + s.mean(axis=1) * alpha
    return float(np.mean(log_sum - wanted))


two_means.edits("""
    stress: no special case for alpha = 0: 0·∞
    - if alpha == 0:
    -     return float(hard.mean())
    stress: np.nan_to_num hides the infinite price
    + log_p = np.nan_to_num(log_p, neginf=-100.0)
    stress: softmax first, then log
    - log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    + with np.errstate(all="ignore"):
    +     log_p = np.log(np.exp(s) / np.exp(s).sum(axis=1, keepdims=True))
    reference: an epsilon in the logarithm
    - s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    + np.log(np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) + z.dtype.type(1e-8))
    reference: LSE(z) − z: the maximum is added back
    + z - (z.max(axis=1, keepdims=True) + np.log(np.exp(s).sum(axis=1, keepdims=True)))
    contract: the sum over the classes in place of their mean
    - log_p.mean(axis=1)
    + log_p.sum(axis=1)
    property: the two weights swapped
    - (1 - alpha) * hard - alpha * log_p.mean(axis=1)
    + alpha * hard - (1 - alpha) * log_p.mean(axis=1)
    - if alpha == 0:
    -     return float(hard.mean())
    contract: alpha spread over the V − 1 wrong classes
    - - alpha * log_p.mean(axis=1)
    + - alpha * (log_p.sum(axis=1) + hard) / (z.shape[1] - 1)
    property: the prediction is smoothed in place of the label
    - hard = -log_p[np.arange(len(labels)), labels]
    + p = (1 - alpha) * np.exp(log_p) + alpha / z.shape[1]
    + with np.errstate(divide="ignore"):
    +     hard = -np.log(p[np.arange(len(labels)), labels])
    - np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1))
    + hard.mean()
    contract: the sum over the batch
    - hard.mean()
    + hard.sum()
    - np.mean(
    + np.sum(
    stress: one maximum for the whole batch
    - z.max(axis=1, keepdims=True)
    + z.max()
    contract: z -= max on the caller's array
    - s = z - z.max(axis=1, keepdims=True)
    + z -= z.max(axis=1, keepdims=True)
    + s = z
    contract: a loss a row in place of a float
    - float(hard.mean())
    + hard.mean(keepdims=True)
    - float(np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1)))
    + np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1), keepdims=True)
    bad input: a negative label wraps around
    - labels.min() < 0 or
    bad input: alpha is not checked
    - not 0 <= alpha < 1
    + False
""")


@wrong("smoothed_cross_entropy", "a Python loop over every element", "stress")
def element_by_element(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    total = 0.0
    for row, label in zip(z, labels, strict=True):
        top, mass = row.max(), 0.0
        for v in row:
            mass += np.exp(v - top)
        for k, v in enumerate(row):
            weight = alpha / len(row) + (1 - alpha) * (k == label)
            if weight > 0:
                total += weight * (np.log(mass) - (v - top))
    return float(total / len(z))


# --------------------------------------------------------------------- smoothed_cross_entropy_grad
@right("smoothed_cross_entropy_grad", "softmax minus targets, cast at the end")
def softmax_minus_targets(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((p - q) / len(p)).astype(z.dtype)


@right("smoothed_cross_entropy_grad", "the plain gradient and the pull to the uniform, mixed")
def mix_of_two_gradients(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    hard = p.copy()
    hard[np.arange(len(p)), labels] -= 1
    even = p - z.dtype.type(1) / z.dtype.type(z.shape[1])
    return (z.dtype.type(1 - alpha) * hard + z.dtype.type(alpha) * even) / z.dtype.type(len(p))


@right("smoothed_cross_entropy_grad", "exp of the log-softmax, one row at a time in float64")
def gradient_row_by_row(logits, labels, alpha):
    z, labels = batch_of(logits, labels, alpha)
    out = np.empty(z.shape)
    for i, row in enumerate(z.astype(np.float64)):
        below = row - row.max()
        out[i] = np.exp(below - math.log(np.exp(below).sum())) - alpha / len(row)
        out[i, labels[i]] -= 1 - alpha
    out /= len(out)
    return out.astype(z.dtype)


softmax_minus_targets.edits("""
    contract: the factor 1/B forgotten
    - / len(p)
    property: the gradient of the plain cross-entropy
    - (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    + np.eye(z.shape[1])[labels]
    contract: alpha spread over the V − 1 wrong classes
    - alpha / z.shape[1]
    + alpha * (1 - np.eye(z.shape[1])[labels]) / (z.shape[1] - 1)
    gradient: the sign turned round
    - p - q
    + q - p
    reference: targets rounded to float32
    + p - q.astype(np.float32)
    gradient: the prediction is smoothed in place of the label
    - q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    + p = (1 - alpha) * p + alpha / z.shape[1]
    + q = np.eye(z.shape[1])[labels]
    property: only the label is smoothed: the row does not sum to 0
    - + alpha / z.shape[1]
    contract: float64 targets drag float32 along
    - .astype(z.dtype)
    stress: softmax without the shift
    - z - z.max(axis=1, keepdims=True)
    + z
    stress: one maximum for the whole batch
    - z.max(axis=1, keepdims=True)
    + z.max()
    bad input: a negative label and any alpha pass
    - not 0 <= alpha < 1
    + False
    - labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]
    + False
    - labels.min() < 0 or labels.max() >= logits.shape[1]
    + False
""")


# ------------------------------------------------------------------------------------ minimum_loss
@right("minimum_loss", "one term and V − 1 equal ones")
def one_and_the_others(num_classes, alpha):
    check_numbers(num_classes, alpha, 1)
    if alpha == 0:
        return 0.0
    other = alpha / num_classes
    true = (1 - alpha) + other
    return -true * math.log(true) - (num_classes - 1) * other * math.log(other)


@right("minimum_loss", "the whole target as an array, entries of 0 left out")
def entropy_of_the_array(num_classes, alpha):
    check_numbers(num_classes, alpha, 1)
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    q = q[q > 0]
    return float(-(q * np.log(q)).sum())


@right("minimum_loss", "log1p of what is missing to 1, logarithms taken apart")
def log1p_of_the_missing(num_classes, alpha):
    check_numbers(num_classes, alpha, 1)
    if alpha == 0 or num_classes == 1:
        return 0.0
    missing = alpha * (num_classes - 1) / num_classes
    log_other = math.log(alpha) - math.log(num_classes)
    return -(1 - missing) * math.log1p(-missing) - missing * log_other


@right("minimum_loss", "a plain sum over the classes")
def plain_sum_over_the_classes(num_classes, alpha):
    check_numbers(num_classes, alpha, 1)
    total = 0.0
    for k in range(num_classes):
        q = alpha / num_classes + (1 - alpha if k == 0 else 0)
        total -= q * math.log(q) if q else 0.0
    return total


log1p_of_the_missing.edits("""
    contract: the entropy of a coin with the sides alpha and 1 − alpha
    - alpha * (num_classes - 1) / num_classes
    + alpha
    - - math.log(num_classes)
    contract: alpha spread over the V − 1 wrong classes
    - alpha * (num_classes - 1) / num_classes
    + alpha
    - math.log(num_classes)
    + math.log(num_classes - 1)
""")
one_and_the_others.edits("""
    property: only one of the other classes is counted
    - (num_classes - 1) * other
    + other
""")
entropy_of_the_array.edits("""
    reference: the target is a row of the unit matrix
    - np.full(num_classes, alpha / num_classes)
    - q[0] += 1 - alpha
    + np.eye(num_classes)[0] * (1 - alpha) + alpha / num_classes
    contract: a perfect model has a loss of 0
    - float(-(q * np.log(q)).sum())
    + 0.0
    contract: an array of one element
    + -(q * np.log(q)).sum(keepdims=True)
    contract: bits in place of nats
    - np.log(q)
    + np.log2(q)
    stress: ln 0 at alpha = 0
    - q = q[q > 0]
    reference: an epsilon in the logarithm
    - np.log(q)
    + np.log(q + 1e-10)
    - q = q[q > 0]
    bad input: NaN and alpha = 1 pass
    - not 0 <= alpha < 1
    + alpha < 0 or alpha > 1
""")


# ------------------------------------------------------------------------------- optimal_logit_gap
@right("optimal_logit_gap", "a difference of three logarithms")
def three_logarithms(num_classes, alpha):
    check_numbers(num_classes, alpha, 2)
    if alpha == 0:
        return math.inf
    return math.log(1 - alpha + alpha / num_classes) - math.log(alpha) + math.log(num_classes)


@right("optimal_logit_gap", "np.logaddexp of 0 and ln V(1 − alpha)/alpha")
def logaddexp_of_the_odds(num_classes, alpha):
    check_numbers(num_classes, alpha, 2)
    if alpha == 0:
        return np.inf
    odds = math.log(num_classes) + math.log1p(-alpha) - math.log(alpha)
    return np.logaddexp(0.0, odds)


@right("optimal_logit_gap", "logarithms of the target's own entries")
def logarithms_of_the_entries(num_classes, alpha):
    check_numbers(num_classes, alpha, 2)
    target = np.full(2, np.float64(alpha) / num_classes)
    target[0] += 1 - alpha
    with np.errstate(divide="ignore"):
        log_q = np.log(target)
    return float(log_q[0] - log_q[1])


three_logarithms.edits("""
    contract: only the logarithm of the share
    - math.log(1 - alpha + alpha / num_classes) -
    + -
    property: 1 − alpha for the true class
    - 1 - alpha + alpha / num_classes
    + 1 - alpha
    property: alpha spread over the V − 1 wrong classes
    - 1 - alpha + alpha / num_classes
    + 1 - alpha
    - math.log(num_classes)
    + math.log(num_classes - 1)
    contract: the gap of the probabilities
    - math.log(1 - alpha + alpha / num_classes) - math.log(alpha) + math.log(num_classes)
    + 1.0 - alpha
    contract: the logarithm of the difference
    + -math.log(1 - alpha)
    stress: the ratio overflows for a tiny alpha
    + math.log((1 - alpha + alpha / num_classes) / (alpha / num_classes))
    stress: a ZeroDivisionError at alpha = 0
    - - math.log(alpha) + math.log(num_classes)
    + + math.log(1 / (alpha / num_classes))
    - if alpha == 0:
    -     return math.inf
    stress: an epsilon below the fraction line
    - math.log(1 - alpha + alpha / num_classes) - math.log(alpha) + math.log(num_classes)
    + math.log((1 - alpha + alpha / num_classes) / (alpha / num_classes + 1e-12))
    - if alpha == 0:
    -     return math.inf
    bad input: one class is accepted
    - check_numbers(num_classes, alpha, 2)
    + check_numbers(num_classes, alpha, 1)
    contract: an array of one element
    - return math.inf
    + return np.array([math.inf])
    - return math.log(1 - alpha + alpha / num_classes) - math.log(alpha) + math.log(num_classes)
    + return np.log([1 - alpha + alpha / num_classes]) - np.log(alpha) + np.log(num_classes)
""")
logarithms_of_the_entries.edits("""
    stress: NumPy divides by zero and warns
    - with np.errstate(divide="ignore"):
    -     log_q = np.log(target)
    - return float(log_q[0] - log_q[1])
    + return float(np.log(target[0] / target[1]))
""")
