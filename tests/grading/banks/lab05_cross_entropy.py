"""Answers to lab 5. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong


# ------------------------------------------------------------------------------------ cross_entropy


@right("cross_entropy", "shifted log-softmax, picked by index")
def shift_and_pick(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@right("cross_entropy", "np.logaddexp.reduce of the shifted logits, take_along_axis")
def logaddexp_and_take_along(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - np.amax(z, axis=1)[:, None]
    picked = np.take_along_axis(s, labels[:, None].astype(np.intp), axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(s, axis=1) - picked)


@right("cross_entropy", "one row at a time, math.fsum, float64 inside")
def row_by_row(logits, labels):
    rows = np.asarray(logits, dtype=np.float64)
    if len(rows) == 0 or len(rows) != len(labels):
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    total = []
    for row, label in zip(rows, np.asarray(labels).tolist(), strict=True):
        if not isinstance(label, int) or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        s = row - row.max()
        total.append(math.log(math.fsum(np.exp(s))) - float(s[label]))
    return math.fsum(total) / len(total)


@right("cross_entropy", "logits measured from the label's own where that is safe")
def measured_from_the_label(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits.astype(np.float64)
    rows = np.arange(len(labels))
    m = z.max(axis=1)
    below = m - z[rows, labels]
    with np.errstate(all="ignore"):
        e = np.exp(z - m[:, None])
    e[rows, z.argmax(axis=1)] = 0.0
    return float(np.mean(below + np.log1p(e.sum(axis=1))))


@wrong("cross_entropy", "softmax first, then log", loses="stress")
def softmax_then_log(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    with np.errstate(all="ignore"):
        return float(-np.log(p[b, labels]).mean())


@wrong("cross_entropy", "an epsilon in the logarithm", loses="reference")
def epsilon_in_the_log(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    return float(-np.log(p[b, labels] + z.dtype.type(1e-8)).mean())


@wrong("cross_entropy", "LSE(z) − z[label]: the maximum is added back", loses="reference")
def lse_minus_the_logit(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    m = z.max(axis=1)
    lse = m + np.log(np.exp(z - m[:, None]).sum(axis=1))
    return float((lse - z[np.arange(len(labels)), labels]).mean())


@wrong("cross_entropy", "no shift", loses="stress")
def loss_without_the_shift(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    lse = np.log(np.exp(z).sum(axis=1))
    return float((lse - z[np.arange(len(labels)), labels]).mean())


@wrong("cross_entropy", "one maximum for the whole batch", loses="stress")
def maximum_of_the_batch(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    with np.errstate(all="ignore"):
        s = z - z.max()
        lse = np.log(np.exp(s).sum(axis=1))
        return float((lse - s[np.arange(len(labels)), labels]).mean())


@wrong("cross_entropy", "the sum over the batch", loses="contract")
def sum_over_the_batch(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].sum())


@wrong("cross_entropy", "log_p[:, labels] picks every pair", loses="contract")
def every_pair_picked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[:, labels].mean())


@wrong("cross_entropy", "the softmax runs over the batch", loses="contract")
def softmax_over_the_batch(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=0, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=0, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@wrong("cross_entropy", "probabilities go through a second softmax", loses="contract")
def double_softmax(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    s = p - p.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[b, labels].mean())


@wrong("cross_entropy", "one-hot times log-probabilities", loses="stress")
def onehot_times_log_p(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    onehot = np.eye(z.shape[1], dtype=z.dtype)[labels]
    with np.errstate(all="ignore"):
        return float(-(onehot * log_p).sum(axis=1).mean())


@wrong("cross_entropy", "one loss a row", loses="contract")
def one_loss_a_row(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels]


@wrong("cross_entropy", "shifts the caller's logits", loses="contract")
def shifts_the_callers_logits(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@wrong("cross_entropy", "labels are never checked", loses="bad input")
def labels_never_checked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@wrong("cross_entropy", "only the upper end of the labels is checked", loses="bad input")
def negative_labels_wrap(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@wrong("cross_entropy", "labels are cut to integers", loses="bad input")
def labels_cut_to_integers(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    labels = labels.astype(int)
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@wrong("cross_entropy", "one label serves every row", loses="bad input")
def one_label_for_all(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.size not in (1, len(logits)) or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(z)), labels].mean())


@wrong("cross_entropy", "an element at a time", loses="stress")
def element_at_a_time(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    total = 0.0
    for row, label in zip(z, labels, strict=True):
        top = max(row)
        s = z.dtype.type(0)
        for value in row:
            s += np.exp(value - top)
        total += float(np.log(s) - (row[label] - top))
    return total / len(labels)


# ------------------------------------------------------------------------------- cross_entropy_grad


@right("cross_entropy_grad", "softmax, then one indexed subtraction")
def indexed_subtraction(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


@right("cross_entropy_grad", "exp of the log-softmax minus a one-hot matrix")
def minus_onehot(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    onehot = labels[:, None] == np.arange(z.shape[1])
    return ((np.exp(log_p) - onehot) / len(labels)).astype(z.dtype)


@right("cross_entropy_grad", "one row at a time in float64")
def gradient_row_by_row(logits, labels):
    given = np.asarray(logits)
    rows = given.astype(np.float64)
    if len(rows) == 0 or len(rows) != len(labels):
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    out = np.empty(rows.shape)
    for i, (row, label) in enumerate(zip(rows, np.asarray(labels).tolist(), strict=True)):
        if not isinstance(label, int) or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        e = np.exp(row - row.max())
        out[i] = e / math.fsum(e)
        out[i, label] -= 1.0
    out /= len(rows)
    return out.astype(given.dtype if given.dtype.kind == "f" else float)


@wrong("cross_entropy_grad", "not divided by B", loses="contract")
def not_divided_by_b(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p


@wrong("cross_entropy_grad", "divided by B·V", loses="contract")
def divided_by_b_and_v(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / p.size


@wrong("cross_entropy_grad", "onehot − p: the sign of ascent", loses="contract")
def sign_of_ascent(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return -p / len(labels)


@wrong("cross_entropy_grad", "p[:, labels] −= 1", loses="contract")
def every_pair_subtracted(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[:, labels] -= 1
    return p / len(labels)


@wrong("cross_entropy_grad", "only the label's entry moves", loses="gradient")
def only_the_label_moves(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    out = np.zeros_like(p)
    out[b, labels] = (p[b, labels] - 1) / len(labels)
    return out


@wrong("cross_entropy_grad", "the gradient of the squared error on probabilities", loses="gradient")
def squared_error(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    error = p.copy()
    error[b, labels] -= 1
    return 2 * p * (error - (p * error).sum(axis=1, keepdims=True)) / len(labels)


@wrong("cross_entropy_grad", "the chain rule through −1/p", loses="stress")
def chain_rule_through_one_over_p(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    with np.errstate(all="ignore"):
        dp = np.zeros_like(p)
        dp[b, labels] = -1 / p[b, labels]
        return p * (dp - (p * dp).sum(axis=1, keepdims=True)) / len(labels)


@wrong("cross_entropy_grad", "no shift", loses="stress")
def gradient_without_the_shift(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z)
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


@wrong("cross_entropy_grad", "everything becomes float64", loses="contract")
def gradient_always_float64(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


@wrong("cross_entropy_grad", "the softmax is computed in the caller's logits", loses="contract")
def softmax_in_place(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    b = np.arange(len(labels))
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    z[b, labels] -= 1
    return z / len(labels)


@wrong("cross_entropy_grad", "labels are never checked", loses="bad input")
def gradient_labels_never_checked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


@wrong("cross_entropy_grad", "negative labels wrap around", loses="bad input")
def gradient_negative_labels_wrap(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


# ----------------------------------------------------------------------------------- numerical_grad


@right("numerical_grad", "one logit at a time on a copy")
def one_logit_at_a_time(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += h
        down[at] -= h
        out[at] = (loss(up) - loss(down)) / (2 * h)
    return out


@right("numerical_grad", "only the row that moved, and the step as floats hold it")
def only_the_row_that_moved(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(row, label):
        s = row - row.max()
        return float(np.log(np.exp(s).sum()) - s[label])

    out = np.empty(z.shape)
    for b, k in np.ndindex(z.shape):
        row = z[b].copy()
        up, down = row[k] + h, row[k] - h
        row[k] = up
        above = loss(row, labels[b])
        row[k] = down
        out[b, k] = (above - loss(row, labels[b])) / (up - down) / len(z)
    return out


@right("numerical_grad", "all steps at once, without a loop")
def all_steps_at_once(logits, labels, h=1e-5):
    if not h > 0:
        raise ValueError(f"h = {h}, but a step is positive")
    z = np.asarray(logits, dtype=float)
    steps = h * np.eye(z.size).reshape(-1, *z.shape)
    rows, labels = np.arange(len(z)), np.asarray(labels)

    def losses(x):
        s = x - x.max(axis=-1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=-1, keepdims=True))
        return -log_p[:, rows, labels].mean(axis=-1)

    return ((losses(z + steps) - losses(z - steps)) / (2 * h)).reshape(z.shape)


@right("numerical_grad", "in the caller's array, every value put back")
def value_put_back(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.asarray(logits)
    z = z if z.dtype == np.float64 else z.astype(np.float64)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.empty_like(z)
    for at in np.ndindex(z.shape):
        kept = z[at]
        z[at] = kept + h
        above = loss(z)
        z[at] = kept - h
        out[at] = (above - loss(z)) / (2 * h)
        z[at] = kept
    return out


@wrong("numerical_grad", "a one-sided difference", loses="gradient")
def one_sided(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up = z.copy()
        up[at] += h
        out[at] = (loss(up) - loss(z)) / h
    return out


@wrong("numerical_grad", "the formula in place of differences", loses="gradient")
def formula_instead(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    b = np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


@wrong("numerical_grad", "divided by h, not by 2h", loses="contract")
def divided_by_h(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += h
        down[at] -= h
        out[at] = (loss(up) - loss(down)) / h
    return out


@wrong("numerical_grad", "h is fixed in the code", loses="gradient")
def h_is_fixed(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += 1e-5
        down[at] -= 1e-5
        out[at] = (loss(up) - loss(down)) / 2e-5
    return out


@wrong("numerical_grad", "z += h, z −= 2h, z += h", loses="contract")
def restored_by_arithmetic(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.asarray(logits)
    z = z if z.dtype == np.float64 else z.astype(np.float64)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        z[at] += h
        above = loss(z)
        z[at] -= 2 * h
        out[at] = (above - loss(z)) / (2 * h)
        z[at] += h
    return out


@wrong("numerical_grad", "never put back: the steps pile up", loses="contract")
def steps_pile_up(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.asarray(logits)
    z = z if z.dtype == np.float64 else z.astype(np.float64)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        z[at] += h
        above = loss(z)
        z[at] -= 2 * h
        out[at] = (above - loss(z)) / (2 * h)
    return out


@wrong("numerical_grad", "integer logits cut the step off", loses="contract")
def integers_cut_the_step_off(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        kept = z[at]
        z[at] = kept + h
        above = loss(z)
        z[at] = kept - h
        out[at] = (above - loss(z)) / (2 * h)
        z[at] = kept
    return out


@wrong("numerical_grad", "a step of 1e-12 whatever h says", loses="reference")
def step_much_too_small(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += 1e-12
        down[at] -= 1e-12
        out[at] = (loss(up) - loss(down)) / 2e-12
    return out


@wrong("numerical_grad", "h is never checked", loses="bad input")
def h_never_checked(logits, labels, h=1e-5):
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += h
        down[at] -= h
        with np.errstate(all="ignore"):
            out[at] = (loss(up) - loss(down)) / (2 * h)
    return out


@wrong("numerical_grad", "a negative h is taken", loses="bad input")
def negative_h_is_taken(logits, labels, h=1e-5):
    if h == 0:
        raise ValueError("h must not be 0")
    z = np.array(logits, dtype=np.float64)
    labels = np.asarray(labels)

    def loss(x):
        s = x - x.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean()

    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += h
        down[at] -= h
        out[at] = (loss(up) - loss(down)) / (2 * h)
    return out


# ---------------------------------------------------------------------------------- log_softmax_jvp


@right("log_softmax_jvp", "v minus its mean under p")
def v_minus_its_mean(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - (p * v).sum(axis=-1, keepdims=True)


@right("log_softmax_jvp", "einsum with exp of the log-softmax")
def einsum_jvp(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=-1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=-1, keepdims=True))
    return v - np.einsum("...k,...k->...", np.exp(log_p), v)[..., None]


@right("log_softmax_jvp", "one row at a time, the ratio of two dot products")
def ratio_of_dot_products(z, v):
    z, v = np.asarray(z), np.asarray(v, dtype=float)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    out = np.empty(z.shape, dtype)
    for i in np.ndindex(z.shape[:-1]):
        e = np.exp(z[i].astype(float) - z[i].max())
        out[i] = v[i] - np.dot(e, v[i]) / e.sum()
    return out


@right("log_softmax_jvp", "v measured from its entry at the best class")
def measured_from_the_best(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    v = v.astype(z.dtype)
    best = np.take_along_axis(v, z.argmax(axis=-1)[..., None], axis=-1)
    d = v - best
    return d - np.sum(p * d, axis=-1, keepdims=True)


@wrong("log_softmax_jvp", "builds the Jacobian", loses="stress")
def builds_the_jacobian(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    v = v.astype(z.dtype)
    out = np.empty_like(z)
    for i in np.ndindex(z.shape[:-1]):
        p = np.exp(z[i] - z[i].max())
        p = p / p.sum()
        out[i] = (np.eye(len(p), dtype=z.dtype) - p) @ v[i]
    return out


@wrong("log_softmax_jvp", "the derivative of softmax", loses="gradient")
def derivative_of_softmax(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return p * (v - (p * v).sum(axis=-1, keepdims=True))


@wrong("log_softmax_jvp", "the transpose: v − p·Σv", loses="contract")
def transpose_instead(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - p * v.sum(axis=-1, keepdims=True)


@wrong("log_softmax_jvp", "v − p·v, without the sum", loses="property")
def sum_forgotten(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - p * v


@wrong("log_softmax_jvp", "the plain mean of v", loses="contract")
def plain_mean(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return (v - v.mean(axis=-1, keepdims=True)).astype(z.dtype)


@wrong("log_softmax_jvp", "one sum for the whole array", loses="contract")
def one_sum_for_all(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - (p * v).sum()


@wrong("log_softmax_jvp", "no shift", loses="stress")
def jvp_without_the_shift(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z)
    p = p / p.sum(axis=-1, keepdims=True)
    return v - (p * v).sum(axis=-1, keepdims=True)


@wrong("log_softmax_jvp", "a numerical difference", loses="gradient")
def numerical_jvp(z, v):
    z, v = np.asarray(z, dtype=float), np.asarray(v, dtype=float)

    def log_softmax(x):
        s = x - x.max(axis=-1, keepdims=True)
        return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))

    return (log_softmax(z + 1e-6 * v) - log_softmax(z - 1e-6 * v)) / 2e-6


@wrong("log_softmax_jvp", "v −= mean on the caller's array", loses="contract")
def takes_it_off_the_callers_v(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    v = v if v.dtype.kind == "f" else v.astype(z.dtype)
    v -= (p * v).sum(axis=-1, keepdims=True)
    return v.copy()


# ---------------------------------------------------------------------------------- log_softmax_vjp


@right("log_softmax_vjp", "g minus p times its sum")
def g_minus_p_times_its_sum(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - p * v.sum(axis=-1, keepdims=True)


@right("log_softmax_vjp", "exp of the log-softmax, np.multiply.outer row by row")
def vjp_row_by_row(z, v):
    z, g = np.asarray(z), np.asarray(v, dtype=float)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    out = np.empty(z.shape, dtype)
    for i in np.ndindex(z.shape[:-1]):
        s = z[i].astype(float) - z[i].max()
        log_p = s - math.log(math.fsum(np.exp(s)))
        out[i] = g[i] - math.fsum(g[i]) * np.exp(log_p)
    return out


@right("log_softmax_vjp", "einsum for the sum, division last")
def division_last(z, v):
    z, g = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    e = np.exp(z - np.max(z, -1, keepdims=True))
    total = np.einsum("...k->...", g)[..., np.newaxis]
    return g - (e * total) / np.sum(e, -1, keepdims=True)


@wrong("log_softmax_vjp", "builds the Jacobian", loses="stress")
def builds_the_transposed_jacobian(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    v = v.astype(z.dtype)
    out = np.empty_like(z)
    for i in np.ndindex(z.shape[:-1]):
        p = np.exp(z[i] - z[i].max())
        p = p / p.sum()
        out[i] = (np.eye(len(p), dtype=z.dtype) - p).T @ v[i]
    return out


@wrong("log_softmax_vjp", "J in place of its transpose", loses="gradient")
def not_transposed(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - (p * v).sum(axis=-1, keepdims=True)


@wrong("log_softmax_vjp", "the vjp of softmax", loses="gradient")
def vjp_of_softmax(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return p * (v - (p * v).sum(axis=-1, keepdims=True))


@wrong("log_softmax_vjp", "p·Σg without g", loses="property")
def g_forgotten(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return p * v.sum(axis=-1, keepdims=True)


@wrong("log_softmax_vjp", "one sum for the whole array", loses="contract")
def sum_of_all(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return v - p * v.sum()


@wrong("log_softmax_vjp", "the mean of g for its sum", loses="contract")
def mean_for_the_sum(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return (v - p * v.mean(axis=-1, keepdims=True)).astype(z.dtype)


@wrong("log_softmax_vjp", "no shift", loses="stress")
def vjp_without_the_shift(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z)
    p = p / p.sum(axis=-1, keepdims=True)
    return v - p * v.sum(axis=-1, keepdims=True)


@wrong("log_softmax_vjp", "g −= … on the caller's array", loses="contract")
def takes_it_off_the_callers_g(z, v):
    z, v = np.asarray(z), np.asarray(v)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    v = v if v.dtype.kind == "f" else v.astype(z.dtype)
    v -= p * v.sum(axis=-1, keepdims=True)
    return v.copy()


# ---------------------------------------------------------------------------------- bce_with_logits


@right("bce_with_logits", "max(x, 0) − x·y + log1p(e^−|x|)")
def the_usual_form(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())


@right("bce_with_logits", "two softplus terms by np.logaddexp")
def two_softplus_terms(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return np.mean(y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x))


@right("bce_with_logits", "one element at a time with math")
def element_with_math(x, y):
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape:
        raise ValueError("x and y need one shape")
    losses = []
    for a, b in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True):
        if not 0 <= b <= 1:
            raise ValueError(f"y = {b} is no probability")
        tail = math.log1p(math.exp(-abs(a)))
        losses.append(b * (max(-a, 0.0) + tail) + (1 - b) * (max(a, 0.0) + tail))
    return math.fsum(losses) / len(losses)


@right("bce_with_logits", "cross-entropy of the logits [0, x] with soft targets")
def two_class_cross_entropy(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    pair = np.stack([np.zeros_like(x), x], axis=-1)
    s = pair - pair.max(axis=-1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=-1, keepdims=True))
    return float(-((1 - y) * log_p[..., 0] + y * log_p[..., 1]).mean())


@wrong("bce_with_logits", "log of the sigmoid", loses="stress")
def log_of_the_sigmoid(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-x))
        return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


@wrong("bce_with_logits", "probabilities clipped at 1e-7", loses="stress")
def clipped_probabilities(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    with np.errstate(over="ignore"):
        p = np.clip(1 / (1 + np.exp(-x)), 1e-7, 1 - 1e-7)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


@wrong("bce_with_logits", "ln(1 + e^x) without care", loses="stress")
def softplus_overflows(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.log(1 + np.exp(x)) - x * y).mean())


@wrong("bce_with_logits", "y and 1 − y exchanged", loses="contract")
def weights_exchanged(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.maximum(x, 0) - x * (1 - y) + np.log1p(np.exp(-np.abs(x)))).mean())


@wrong("bce_with_logits", "targets rounded to 0 or 1", loses="contract")
def targets_rounded(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    y = y > 0.5
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())


@wrong("bce_with_logits", "the sum of the losses", loses="contract")
def sum_of_the_losses(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).sum())


@wrong("bce_with_logits", "one loss an element", loses="contract")
def one_loss_an_element(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


@wrong("bce_with_logits", "x is overwritten", loses="contract")
def x_is_overwritten(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    tail = np.log1p(np.exp(-np.abs(x)))
    xy = x * y
    np.maximum(x, 0, out=x)
    return float((x - xy + tail).mean())


@wrong("bce_with_logits", "shapes that broadcast pass", loses="bad input")
def shapes_that_broadcast_pass(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())


@wrong("bce_with_logits", "targets are never checked", loses="bad input")
def targets_never_checked(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())


@wrong("bce_with_logits", "a NaN target passes", loses="bad input")
def nan_target_passes(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if ((y < 0) | (y > 1)).any():
        raise ValueError("y must lie in [0, 1]")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())
