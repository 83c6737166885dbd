"""Answers to lab 6. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong


# ----------------------------------------------------------------------------------- smooth_labels


@right("smooth_labels", "np.eye picked by the labels, mixed with 1/V")
def eye_mixed_with_uniform(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    return np.eye(num_classes)[labels] * (1 - alpha) + alpha / num_classes


@right("smooth_labels", "rows of Python floats")
def rows_of_floats(labels, num_classes, alpha):
    if not (alpha >= 0 and alpha < 1):
        raise ValueError(f"alpha = {alpha}")
    if num_classes < 1:
        raise ValueError(f"num_classes = {num_classes}")
    rows = []
    for label in np.asarray(labels).tolist():
        if not isinstance(label, int) or not 0 <= label < num_classes:
            raise ValueError(f"label {label} is no class")
        row = [alpha / num_classes] * num_classes
        row[label] = 1 - alpha * (num_classes - 1) / num_classes
        rows.append(row)
    return np.array(rows)


@right("smooth_labels", "np.where over a comparison with all classes")
def where_the_label_is(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    other = alpha / num_classes
    return np.where(labels[:, None] == np.arange(num_classes), (1 - alpha) + other, other)


@right("smooth_labels", "np.put_along_axis into a full array")
def put_along_axis(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    q = np.full((labels.size, num_classes), np.float64(alpha) / num_classes)
    true = np.full((labels.size, 1), 1 - alpha + alpha / num_classes)
    np.put_along_axis(q, labels[:, None].astype(np.intp), true, axis=1)
    return q


@wrong("smooth_labels", "alpha spread over the V − 1 wrong classes", loses="contract")
def spread_over_the_others(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    others = max(num_classes - 1, 1)
    q = np.full((len(labels), num_classes), alpha / others)
    q[np.arange(len(labels)), labels] = 1 - alpha if num_classes > 1 else 1.0
    return q


@wrong("smooth_labels", "the true class gets 1 − alpha and no part of the share", loses="property")
def true_class_without_its_share(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    q = np.full((len(labels), num_classes), alpha / num_classes)
    q[np.arange(len(labels)), labels] = 1 - alpha
    return q


@wrong("smooth_labels", "the share is added to a whole one-hot", loses="property")
def onehot_not_scaled_down(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    return np.eye(num_classes)[labels] + alpha / num_classes


@wrong("smooth_labels", "float32 targets", loses="contract")
def targets_in_float32(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    q = np.full((len(labels), num_classes), alpha / num_classes, dtype=np.float32)
    q[np.arange(len(labels)), labels] += np.float32(1 - alpha)
    return q


@wrong("smooth_labels", "alpha and 1 − alpha swapped", loses="property")
def weights_swapped(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    return np.eye(num_classes)[labels] * alpha + (1 - alpha) / num_classes


@wrong("smooth_labels", "all rows get all labels", loses="contract")
def colon_in_place_of_the_rows(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    q = np.full((len(labels), num_classes), alpha / num_classes)
    q[:, labels] += 1 - alpha
    return q


@wrong("smooth_labels", "a negative label wraps around", loses="bad input")
def negative_label_wraps(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels)
    if num_classes < 1 or labels.dtype.kind not in "iu" or labels.max() >= num_classes:
        raise ValueError("labels, num_classes")
    return np.eye(num_classes)[labels] * (1 - alpha) + alpha / num_classes


@wrong("smooth_labels", "labels of 0.5 are cut to integers", loses="bad input")
def labels_cut_to_integers(labels, num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    labels = np.asarray(labels).astype(int)
    if num_classes < 1 or labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels, num_classes")
    return np.eye(num_classes)[labels] * (1 - alpha) + alpha / num_classes


@wrong("smooth_labels", "alpha = 1 and NaN pass", loses="bad input")
def nan_alpha_slips_through(labels, num_classes, alpha):
    if alpha < 0 or alpha > 1:
        raise ValueError("alpha must lie between 0 and 1")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or num_classes < 1:
        raise ValueError("labels must be integers, num_classes at least 1")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("labels must lie between 0 and V - 1")
    return np.eye(num_classes)[labels] * (1 - alpha) + alpha / num_classes


# -------------------------------------------------------------------------- smoothed_cross_entropy


@right("smoothed_cross_entropy", "two means of a shifted log-softmax")
def two_means(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    if alpha == 0:
        return float(hard.mean())
    return float(np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1)))


@right("smoothed_cross_entropy", "the targets times the prices, np.where for targets of 0")
def targets_times_prices(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    prices = np.log(np.exp(s).sum(axis=1, keepdims=True)) - s
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    prices = np.where(q > 0, prices, 0)
    return np.sum(q * prices) / len(labels)


@right("smoothed_cross_entropy", "one row at a time, math.fsum, float64 inside")
def row_by_row(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    rows, losses = np.asarray(logits, dtype=np.float64), []
    labels = np.asarray(labels).tolist()
    if len(rows) != len(labels):
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    for row, label in zip(rows, labels, strict=True):
        if not isinstance(label, int) or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        below = row.max() - row
        log_sum = math.log(math.fsum(np.exp(-below)))
        loss = (1 - alpha) * (log_sum + float(below[label]))
        if alpha > 0:
            loss += alpha * (log_sum + float(below.mean()))
        losses.append(loss)
    return math.fsum(losses) / len(losses)


@right("smoothed_cross_entropy", "np.logaddexp.reduce of the shifted logits")
def logaddexp_of_the_shifted(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - np.amax(z, axis=1)[:, None]
    log_sum = np.logaddexp.reduce(s, axis=1)
    wanted = np.take_along_axis(s, labels[:, None].astype(np.intp), axis=1)[:, 0] * (1 - alpha)
    if alpha:
        wanted = wanted + s.mean(axis=1) * alpha
    return float(np.mean(log_sum - wanted))


@wrong("smoothed_cross_entropy", "no special case for alpha = 0: 0·∞", loses="stress")
def zero_times_infinity(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    return float(np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1)))


@wrong("smoothed_cross_entropy", "softmax first, then log", loses="stress")
def softmax_then_log(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        log_p = np.log(p)
    hard = -log_p[np.arange(len(labels)), labels].mean()
    return float(hard if alpha == 0 else (1 - alpha) * hard - alpha * log_p.mean())


@wrong("smoothed_cross_entropy", "an epsilon in the logarithm", loses="reference")
def epsilon_in_the_log(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    log_p = np.log(p + z.dtype.type(1e-8))
    hard = -log_p[np.arange(len(labels)), labels].mean()
    return float((1 - alpha) * hard - alpha * log_p.mean())


@wrong(
    "smoothed_cross_entropy", "the sum over the classes in place of their mean", loses="contract"
)
def sum_over_the_classes(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    if alpha == 0:
        return float(hard.mean())
    return float(np.mean((1 - alpha) * hard - alpha * log_p.sum(axis=1)))


@wrong("smoothed_cross_entropy", "the two weights swapped", loses="property")
def loss_weights_swapped(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    return float(np.mean(alpha * hard - (1 - alpha) * log_p.mean(axis=1)))


@wrong("smoothed_cross_entropy", "alpha spread over the V − 1 wrong classes", loses="contract")
def loss_spread_over_the_others(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    if alpha == 0:
        return float(hard.mean())
    others = -log_p.sum(axis=1) - hard
    return float(np.mean((1 - alpha) * hard + alpha * others / (z.shape[1] - 1)))


@wrong(
    "smoothed_cross_entropy", "the prediction is smoothed in place of the label", loses="property"
)
def prediction_smoothed(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p = (1 - alpha) * p + alpha / z.shape[1]
    with np.errstate(divide="ignore"):
        return float(-np.log(p[np.arange(len(labels)), labels]).mean())


@wrong("smoothed_cross_entropy", "the sum over the batch", loses="contract")
def sum_over_the_batch(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    if alpha == 0:
        return float(hard.sum())
    return float(np.sum((1 - alpha) * hard - alpha * log_p.mean(axis=1)))


@wrong("smoothed_cross_entropy", "LSE(z) − z: the maximum is added back", loses="reference")
def maximum_added_back(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    m = z.max(axis=1, keepdims=True)
    log_p = z - (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True)))
    hard = -log_p[np.arange(len(labels)), labels].mean()
    return float(hard if alpha == 0 else (1 - alpha) * hard - alpha * log_p.mean())


@wrong("smoothed_cross_entropy", "one maximum for the whole batch", loses="stress")
def maximum_of_the_batch(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max()
    with np.errstate(all="ignore"):
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels].mean()
    return float(hard if alpha == 0 else (1 - alpha) * hard - alpha * log_p.mean())


@wrong("smoothed_cross_entropy", "np.nan_to_num hides the infinite price", loses="stress")
def nan_to_num_hides_infinity(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    log_p = np.nan_to_num(log_p, neginf=-100.0)
    return float(np.mean((1 - alpha) * hard - alpha * log_p.mean(axis=1)))


@wrong("smoothed_cross_entropy", "z -= max on the caller's array", loses="contract")
def shift_in_place(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels].mean()
    return float(hard if alpha == 0 else (1 - alpha) * hard - alpha * log_p.mean())


@wrong("smoothed_cross_entropy", "a loss a row in place of a float", loses="contract")
def an_array_of_one_element(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    loss = hard if alpha == 0 else (1 - alpha) * hard - alpha * log_p.mean(axis=1)
    return loss.mean(keepdims=True)


@wrong("smoothed_cross_entropy", "a negative label wraps around", loses="bad input")
def loss_of_a_negative_label(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels")
    if labels.max() >= logits.shape[1]:
        raise ValueError("labels")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    return float(hard.mean() if alpha == 0 else (1 - alpha) * hard.mean() - alpha * log_p.mean())


@wrong("smoothed_cross_entropy", "alpha is not checked", loses="bad input")
def loss_of_any_alpha(logits, labels, alpha):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    hard = -log_p[np.arange(len(labels)), labels]
    return float(hard.mean() if alpha == 0 else (1 - alpha) * hard.mean() - alpha * log_p.mean())


@wrong("smoothed_cross_entropy", "a Python loop over every element", loses="stress")
def element_by_element(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
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
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((p - q) / len(p)).astype(z.dtype)


@right("smoothed_cross_entropy_grad", "the plain gradient and the pull to the uniform, mixed")
def mix_of_two_gradients(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    hard = p.copy()
    hard[np.arange(len(p)), labels] -= 1
    even = p - z.dtype.type(1) / z.dtype.type(z.shape[1])
    return (z.dtype.type(1 - alpha) * hard + z.dtype.type(alpha) * even) / z.dtype.type(len(p))


@right("smoothed_cross_entropy_grad", "exp of the log-softmax, one row at a time in float64")
def gradient_row_by_row(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    out = np.empty(logits.shape)
    for i, row in enumerate(logits.astype(np.float64)):
        below = row - row.max()
        out[i] = np.exp(below - math.log(math.fsum(np.exp(below)))) - alpha / len(row)
        out[i, labels[i]] -= 1 - alpha
    out /= len(out)
    return out.astype(logits.dtype) if logits.dtype.kind == "f" else out


@wrong("smoothed_cross_entropy_grad", "the factor 1/B forgotten", loses="contract")
def factor_of_the_mean_forgotten(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return (p - q).astype(z.dtype)


@wrong("smoothed_cross_entropy_grad", "the gradient of the plain cross-entropy", loses="property")
def gradient_without_alpha(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), labels] -= 1
    return p / z.dtype.type(len(p))


@wrong("smoothed_cross_entropy_grad", "alpha spread over the V − 1 wrong classes", loses="contract")
def gradient_spread_over_the_others(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = np.full(z.shape, alpha / (z.shape[1] - 1))
    q[np.arange(len(p)), labels] = 1 - alpha
    return ((p - q) / len(p)).astype(z.dtype)


@wrong("smoothed_cross_entropy_grad", "the sign turned round", loses="gradient")
def targets_minus_softmax(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((q - p) / len(p)).astype(z.dtype)


@wrong(
    "smoothed_cross_entropy_grad",
    "the prediction is smoothed in place of the label",
    loses="gradient",
)
def softmax_smoothed(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p = (1 - alpha) * p + alpha / z.shape[1]
    p[np.arange(len(p)), labels] -= 1
    return (p / len(p)).astype(z.dtype)


@wrong(
    "smoothed_cross_entropy_grad",
    "only the label is smoothed: the row does not sum to 0",
    loses="property",
)
def only_the_label_smoothed(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), labels] -= z.dtype.type(1 - alpha)
    return p / z.dtype.type(len(p))


@wrong("smoothed_cross_entropy_grad", "float64 targets drag float32 along", loses="contract")
def float64_targets_drag(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return (p - q) / len(p)


@wrong("smoothed_cross_entropy_grad", "softmax without the shift", loses="stress")
def gradient_without_the_shift(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    with np.errstate(all="ignore"):
        p = np.exp(z)
        p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((p - q) / len(p)).astype(z.dtype)


@wrong("smoothed_cross_entropy_grad", "one maximum for the whole batch", loses="stress")
def gradient_with_the_maximum_of_the_batch(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    with np.errstate(all="ignore"):
        p = np.exp(z - z.max())
        p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((p - q) / len(p)).astype(z.dtype)


@wrong("smoothed_cross_entropy_grad", "targets rounded to float32", loses="reference")
def targets_rounded_to_float32(logits, labels, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:1]:
        raise ValueError("labels must be integers, one for each row")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((p - q.astype(np.float32)) / len(p)).astype(z.dtype)


@wrong("smoothed_cross_entropy_grad", "a negative label and any alpha pass", loses="bad input")
def gradient_checks_nothing(logits, labels, alpha):
    logits, labels = np.asarray(logits), np.asarray(labels)
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    q = (1 - alpha) * np.eye(z.shape[1])[labels] + alpha / z.shape[1]
    return ((p - q) / len(p)).astype(z.dtype)


# ------------------------------------------------------------------------------------ minimum_loss


@right("minimum_loss", "one term and V − 1 equal ones")
def one_and_the_others(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha == 0:
        return 0.0
    other = alpha / num_classes
    true = (1 - alpha) + other
    return -true * math.log(true) - (num_classes - 1) * other * math.log(other)


@right("minimum_loss", "the whole target as an array, entries of 0 left out")
def entropy_of_the_array(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    q = q[q > 0]
    return float(-(q * np.log(q)).sum())


@right("minimum_loss", "log1p of what is missing to 1, logarithms taken apart")
def log1p_of_the_missing(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha == 0 or num_classes == 1:
        return 0.0
    missing = alpha * (num_classes - 1) / num_classes
    return -(1 - missing) * math.log1p(-missing) - missing * (
        math.log(alpha) - math.log(num_classes)
    )


@right("minimum_loss", "a plain sum over the classes")
def plain_sum_over_the_classes(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    total = 0.0
    for k in range(num_classes):
        q = alpha / num_classes + (1 - alpha if k == 0 else 0)
        total -= q * math.log(q) if q else 0.0
    return total


@wrong("minimum_loss", "a perfect model has a loss of 0", loses="contract")
def a_perfect_model_has_no_loss(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    return 0.0


@wrong("minimum_loss", "the entropy of a coin with the sides alpha and 1 − alpha", loses="contract")
def entropy_of_a_coin(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha == 0 or num_classes == 1:
        return 0.0
    return -alpha * math.log(alpha) - (1 - alpha) * math.log(1 - alpha)


@wrong("minimum_loss", "bits in place of nats", loses="contract")
def entropy_in_bits(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    q = q[q > 0]
    return float(-(q * np.log2(q)).sum())


@wrong("minimum_loss", "alpha spread over the V − 1 wrong classes", loses="contract")
def entropy_spread_over_the_others(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha == 0 or num_classes == 1:
        return 0.0
    other = alpha / (num_classes - 1)
    return -(1 - alpha) * math.log(1 - alpha) - alpha * math.log(other)


@wrong("minimum_loss", "only one of the other classes is counted", loses="property")
def one_other_class_only(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha == 0 or num_classes == 1:
        return 0.0
    other = alpha / num_classes
    true = (1 - alpha) + other
    return -true * math.log(true) - other * math.log(other)


@wrong("minimum_loss", "ln 0 at alpha = 0", loses="stress")
def log_of_zero(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    return float(-(q * np.log(q)).sum())


@wrong("minimum_loss", "an epsilon in the logarithm", loses="reference")
def entropy_with_an_epsilon(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    return float(-(q * np.log(q + 1e-10)).sum())


@wrong("minimum_loss", "an array of one element", loses="contract")
def minimum_in_an_array(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    q = q[q > 0]
    return -(q * np.log(q)).sum(keepdims=True)


@wrong("minimum_loss", "NaN and alpha = 1 pass", loses="bad input")
def minimum_of_any_alpha(num_classes, alpha):
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha < 0 or alpha > 1:
        raise ValueError("alpha must lie between 0 and 1")
    q = np.full(num_classes, alpha / num_classes)
    q[0] += 1 - alpha
    q = q[q > 0]
    return float(-(q * np.log(q)).sum())


# ------------------------------------------------------------------------------- optimal_logit_gap


@right("optimal_logit_gap", "a difference of three logarithms")
def three_logarithms(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    if alpha == 0:
        return math.inf
    return math.log(1 - alpha + alpha / num_classes) - (math.log(alpha) - math.log(num_classes))


@right("optimal_logit_gap", "np.logaddexp of 0 and ln V(1 − alpha)/alpha")
def logaddexp_of_the_odds(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    if alpha == 0:
        return np.inf
    odds = math.log(num_classes) + math.log1p(-alpha) - math.log(alpha)
    return np.logaddexp(0.0, odds)


@right("optimal_logit_gap", "logarithms of the target's own entries")
def logarithms_of_the_entries(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    target = np.full(2, np.float64(alpha) / num_classes)
    target[0] += 1 - alpha
    with np.errstate(divide="ignore"):
        log_q = np.log(target)
    return float(log_q[0] - log_q[1])


@wrong("optimal_logit_gap", "only the logarithm of the share", loses="contract")
def only_the_share(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    return math.log(num_classes) - math.log(alpha) if alpha else math.inf


@wrong("optimal_logit_gap", "1 − alpha for the true class", loses="property")
def true_class_without_its_part(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    if alpha == 0:
        return math.inf
    return math.log(1 - alpha) - math.log(alpha) + math.log(num_classes)


@wrong("optimal_logit_gap", "alpha spread over the V − 1 wrong classes", loses="property")
def gap_spread_over_the_others(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    if alpha == 0:
        return math.inf
    return math.log(1 - alpha) - math.log(alpha) + math.log(num_classes - 1)


@wrong("optimal_logit_gap", "the gap of the probabilities", loses="contract")
def gap_of_the_probabilities(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    return 1.0 - alpha if alpha else math.inf


@wrong("optimal_logit_gap", "the logarithm of the difference", loses="contract")
def logarithm_of_the_difference(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    return -math.log(1 - alpha) if alpha else math.inf


@wrong("optimal_logit_gap", "a ZeroDivisionError at alpha = 0", loses="stress")
def division_by_zero(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    other = alpha / num_classes
    return math.log(1 - alpha + other) + math.log(1 / other)


@wrong("optimal_logit_gap", "NumPy divides by zero and warns", loses="stress")
def numpy_warns(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    other = np.float64(alpha) / num_classes
    return float(np.log((1 - alpha + other) / other))


@wrong("optimal_logit_gap", "the ratio overflows for a tiny alpha", loses="stress")
def ratio_overflows(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    if alpha == 0:
        return math.inf
    other = alpha / num_classes
    return math.log((1 - alpha + other) / other)


@wrong("optimal_logit_gap", "an epsilon below the fraction line", loses="stress")
def gap_with_an_epsilon(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    other = alpha / num_classes
    return math.log((1 - alpha + other) / (other + 1e-12))


@wrong("optimal_logit_gap", "one class is accepted", loses="bad input")
def gap_of_one_class(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    if alpha == 0:
        return math.inf
    return math.log(1 - alpha + alpha / num_classes) - math.log(alpha) + math.log(num_classes)


@wrong("optimal_logit_gap", "an array of one element", loses="contract")
def gap_in_an_array(num_classes, alpha):
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    if num_classes < 2:
        raise ValueError("num_classes must be at least 2")
    if alpha == 0:
        return np.array([np.inf])
    gap = math.log(1 - alpha + alpha / num_classes) - math.log(alpha) + math.log(num_classes)
    return np.array([gap])
