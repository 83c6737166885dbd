"""Answers to lab 5. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def checked(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must lie between 0 and V - 1")
    return logits if logits.dtype.kind == "f" else logits.astype(np.float64), labels


@helper
def same_shape(x, y):
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"x {x.shape} and y {y.shape} differ in shape")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("y must lie in [0, 1]")
    return x if x.dtype.kind == "f" else x.astype(np.float64), y


@helper
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@helper
def float_pair(z, v):
    z, v = np.asarray(z), np.asarray(v)
    return z if z.dtype.kind == "f" else z.astype(np.float64), v


@helper
def mean_loss(z, labels):
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


# ------------------------------------------------------------------------------ cross_entropy
@right("cross_entropy", "shifted log-softmax, picked by index")
def shift_and_pick(logits, labels):
    z, labels = checked(logits, labels)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())


@right("cross_entropy", "np.logaddexp.reduce of the shifted logits, take_along_axis")
def logaddexp_and_take_along(logits, labels):
    z, labels = checked(logits, labels)
    s = z - np.amax(z, axis=1)[:, None]
    picked = np.take_along_axis(s, labels[:, None].astype(np.intp), axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(s, axis=1) - picked)


@right("cross_entropy", "one row at a time, float64 inside")
def row_by_row(logits, labels):
    rows = np.asarray(logits, dtype=np.float64)
    if len(rows) == 0 or len(rows) != len(labels):
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    total = []
    for row, label in zip(rows, np.asarray(labels).tolist(), strict=True):
        if type(label) is not int or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        s = row - row.max()
        total.append(math.log(np.exp(s).sum()) - float(s[label]))
    return math.fsum(total) / len(total)


@right("cross_entropy", "logits measured from the label's own where that is safe")
def measured_from_the_label(logits, labels):
    z, labels = checked(logits, labels)
    z = z.astype(np.float64)
    rows = np.arange(len(labels))
    m = z.max(axis=1)
    below = m - z[rows, labels]
    with np.errstate(all="ignore"):
        e = np.exp(z - m[:, None])
    e[rows, z.argmax(axis=1)] = 0.0
    return float(np.mean(below + np.log1p(e.sum(axis=1))))


shift_and_pick.edits("""
    stress: softmax first, then log
    - log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    - return float(-log_p[np.arange(len(labels)), labels].mean())
    + p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    + with np.errstate(all="ignore"):
    +     return float(-np.log(p[np.arange(len(labels)), labels]).mean())
    reference: an epsilon in the logarithm
    - s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    + np.log(np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) + z.dtype.type(1e-8))
    reference: LSE(z) − z[label]: the maximum is added back
    - log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    + log_p = z - (z.max(axis=1, keepdims=True) + np.log(np.exp(s).sum(axis=1, keepdims=True)))
    stress: no shift
    - z - z.max(axis=1, keepdims=True)
    + z
    stress: one maximum for the whole batch
    - s = z - z.max(axis=1, keepdims=True)
    - log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    + s = z - z.max()
    + with np.errstate(all="ignore"):
    +     log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    contract: the sum over the batch
    - mean()
    + sum()
    contract: log_p[:, labels] picks every pair
    - log_p[np.arange(len(labels)), labels]
    + log_p[:, labels]
    contract: the softmax runs over the batch
    - z.max(axis=1
    + z.max(axis=0
    - sum(axis=1
    + sum(axis=0
    contract: probabilities go through a second softmax
    - s = z - z.max(axis=1, keepdims=True)
    + p = np.exp(z - z.max(axis=1, keepdims=True))
    + s = p / p.sum(axis=1, keepdims=True)
    contract: shifts the caller's logits
    + z -= z.max(axis=1, keepdims=True)
    + s = z
    stress: one-hot times log-probabilities
    - return float(-log_p[np.arange(len(labels)), labels].mean())
    + with np.errstate(all="ignore"):
    +     return float(-(np.eye(z.shape[1], dtype=z.dtype)[labels] * log_p).sum(axis=1).mean())
    contract: one loss a row
    - float(-log_p[np.arange(len(labels)), labels].mean())
    + -log_p[np.arange(len(labels)), labels]
    bad input: labels are never checked
    - checked(logits, labels)
    + np.asarray(logits) * 1.0, np.asarray(labels)
    bad input: only the upper end of the labels is checked
    - labels.min() < 0 or labels.max()
    + labels.max()
    bad input: whole floats pass
    - if labels.dtype.kind not in "iu":
    + if labels.dtype.kind == "f" and (labels % 1 == 0).all():
    +     labels = labels.astype(int)
    + if labels.dtype.kind not in "iu":
    bad input: booleans pass
    - if labels.dtype.kind not in "iu":
    + labels = labels.astype(int) if labels.dtype == bool else labels
    + if labels.dtype.kind not in "iu":
    bad input: labels are cut to integers
    - if labels.dtype.kind not in "iu":
    -     raise ValueError("labels must be integers")
    + labels = labels.astype(int)
    bad input: one label serves every row
    - labels.shape != logits.shape[:1]
    + labels.size not in (1, len(logits))
    - np.arange(len(labels))
    + np.arange(len(z))
""")


@wrong("cross_entropy", "an element at a time", "stress")
def element_at_a_time(logits, labels):
    z, labels = checked(logits, labels)
    total = 0.0
    for row, label in zip(z, labels, strict=True):
        top = max(row)
        s = z.dtype.type(0)
        for value in row:
            s += np.exp(value - top)
        total += float(np.log(s) - (row[label] - top))
    return total / len(labels)


# ------------------------------------------------------------------------- cross_entropy_grad
@right("cross_entropy_grad", "softmax, then one indexed subtraction")
def indexed_subtraction(logits, labels):
    z, labels = checked(logits, labels)
    p, b = softmax(z), np.arange(len(labels))
    p[b, labels] -= 1
    return p / len(labels)


@right("cross_entropy_grad", "exp of the log-softmax minus a one-hot matrix")
def minus_onehot(logits, labels):
    z, labels = checked(logits, labels)
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
        if type(label) is not int or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        e = np.exp(row - row.max())
        out[i] = e / e.sum()
        out[i, label] -= 1.0
    out /= len(rows)
    return out.astype(given.dtype if given.dtype.kind == "f" else float)


indexed_subtraction.edits("""
    contract: not divided by B
    - p / len(labels)
    + p
    contract: divided by B·V
    + p / p.size
    contract: onehot − p: the sign of ascent
    + -p / len(labels)
    contract: p[:, labels] −= 1
    - p[b, labels]
    + p[:, labels]
    gradient: only the label's entry moves
    - p[b, labels] -= 1
    - return p / len(labels)
    + out = np.zeros_like(p)
    + out[b, labels] = (p[b, labels] - 1) / len(labels)
    + return out
    gradient: the gradient of the squared error on probabilities
    + error = p.copy()
    + error[b, labels] -= 1
    + return 2 * p * (error - (p * error).sum(axis=1, keepdims=True)) / len(labels)
    stress: the chain rule through −1/p
    + dp = np.zeros_like(p)
    + with np.errstate(all="ignore"):
    +     dp[b, labels] = -1 / p[b, labels]
    +     return p * (dp - (p * dp).sum(axis=1, keepdims=True)) / len(labels)
    stress: no shift
    - z - z.max(axis=-1, keepdims=True)
    + z
    contract: everything becomes float64
    - logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    + logits.astype(np.float64)
    contract: the softmax is computed in the caller's logits
    - p, b = softmax(z), np.arange(len(labels))
    + z -= z.max(axis=1, keepdims=True)
    + np.exp(z, out=z)
    + z /= z.sum(axis=1, keepdims=True)
    + p, b = z, np.arange(len(labels))
    bad input: labels are never checked
    - checked(logits, labels)
    + np.asarray(logits) * 1.0, np.asarray(labels)
    bad input: negative labels wrap around
    - labels.min() < 0 or labels.max()
    + labels.max()
""")


# ----------------------------------------------------------------------------- numerical_grad
@right("numerical_grad", "one logit at a time on a copy")
def one_logit_at_a_time(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)
    out = np.zeros(z.shape)
    for at in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[at] += h
        down[at] -= h
        out[at] = (mean_loss(up, labels) - mean_loss(down, labels)) / (2 * h)
    return out


@right("numerical_grad", "only the row that moved, and the step as floats hold it")
def only_the_row_that_moved(logits, labels, h=1e-5):
    if h <= 0:
        raise ValueError("h must be positive")
    z = np.array(logits, dtype=np.float64)

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
    out = np.empty(z.shape)
    for at in np.ndindex(z.shape):
        kept = z[at]
        z[at] = kept + h
        above = mean_loss(z, labels)
        z[at] = kept - h
        out[at] = (above - mean_loss(z, labels)) / (2 * h)
        z[at] = kept
    return out


one_logit_at_a_time.edits("""
    gradient: a one-sided difference
    - mean_loss(down, labels)) / (2 * h)
    + mean_loss(z, labels)) / h
    gradient: the formula in place of differences
    - out[at] = (mean_loss(up, labels) - mean_loss(down, labels)) / (2 * h)
    + p = np.exp(z[at[0]] - z[at[0]].max())
    + out[at] = (p[at[1]] / p.sum() - (labels[at[0]] == at[1])) / len(z)
    contract: divided by h, not by 2h
    - / (2 * h)
    + / h
    gradient: h is fixed in the code
    - z = np.array(logits, dtype=np.float64)
    + z, h = np.array(logits, dtype=np.float64), 1e-5
    reference: a step of 1e-12 whatever h says
    + z, h = np.array(logits, dtype=np.float64), 1e-12
    bad input: h is never checked
    - if h <= 0:
    + if False:
    bad input: a negative h is taken
    + if h == 0:
""")
value_put_back.edits("""
    contract: z += h, z −= 2h, z += h
    - z[at] = kept + h
    + z[at] += h
    - z[at] = kept - h
    + z[at] -= 2 * h
    - out[at] = (above - mean_loss(z, labels)) / (2 * h)
    - z[at] = kept
    + out[at] = (above - mean_loss(z, labels)) / (2 * h)
    + z[at] += h
    contract: never put back: the steps pile up
    - z[at] = kept + h
    + z[at] += h
    - z[at] = kept - h
    + z[at] -= 2 * h
    - out[at] = (above - mean_loss(z, labels)) / (2 * h)
    - z[at] = kept
    + out[at] = (above - mean_loss(z, labels)) / (2 * h)
    contract: integer logits cut the step off
    - z = np.asarray(logits)
    - z = z if z.dtype == np.float64 else z.astype(np.float64)
    + z = np.array(logits)
""")


# ---------------------------------------------------------------------------- log_softmax_jvp
@right("log_softmax_jvp", "v minus its mean under p")
def v_minus_its_mean(z, v):
    z, v = float_pair(z, v)
    p = softmax(z)
    return v - (p * v).sum(axis=-1, keepdims=True)


@right("log_softmax_jvp", "einsum with exp of the log-softmax")
def einsum_jvp(z, v):
    z, v = float_pair(z, v)
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
    z, v = float_pair(z, v)
    p, v = softmax(z), v.astype(z.dtype)
    best = np.take_along_axis(v, z.argmax(axis=-1)[..., None], axis=-1)
    d = v - best
    return d - np.sum(p * d, axis=-1, keepdims=True)


v_minus_its_mean.edits("""
    stress: builds the Jacobian
    - p = softmax(z)
    - return v - (p * v).sum(axis=-1, keepdims=True)
    + out = np.empty_like(z)
    + for i in np.ndindex(z.shape[:-1]):
    +     out[i] = (np.eye(z.shape[-1], dtype=z.dtype) - softmax(z[i])) @ v[i].astype(z.dtype)
    + return out
    gradient: the derivative of softmax
    - v - (p * v).sum(axis=-1, keepdims=True)
    + p * (v - (p * v).sum(axis=-1, keepdims=True))
    contract: the plain mean of v
    + (v - v.mean(axis=-1, keepdims=True)).astype(z.dtype)
    contract: the transpose: v − p·Σv
    - (p * v).sum(axis=-1, keepdims=True)
    + p * v.sum(axis=-1, keepdims=True)
    property: v − p·v, without the sum
    + p * v
    contract: one sum for the whole array
    - sum(axis=-1, keepdims=True)
    + sum()
    stress: no shift
    - z - z.max(axis=-1, keepdims=True)
    + z
    contract: v −= mean on the caller's array
    - return v - (p * v).sum(axis=-1, keepdims=True)
    + v = v if v.dtype.kind == "f" else v.astype(z.dtype)
    + v -= (p * v).sum(axis=-1, keepdims=True)
    + return v.copy()
""")


@wrong("log_softmax_jvp", "a numerical difference", "gradient")
def numerical_jvp(z, v):
    z, v = np.asarray(z, dtype=float), np.asarray(v, dtype=float)

    def log_softmax(x):
        s = x - x.max(axis=-1, keepdims=True)
        return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))

    return (log_softmax(z + 1e-6 * v) - log_softmax(z - 1e-6 * v)) / 2e-6


# ---------------------------------------------------------------------------- log_softmax_vjp
@right("log_softmax_vjp", "g minus p times its sum")
def g_minus_p_times_its_sum(z, g):
    z, g = float_pair(z, g)
    p = softmax(z)
    return g - p * g.sum(axis=-1, keepdims=True)


@right("log_softmax_vjp", "exp of the log-softmax, np.multiply.outer row by row")
def vjp_row_by_row(z, v):
    z, g = np.asarray(z), np.asarray(v, dtype=float)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    out = np.empty(z.shape, dtype)
    for i in np.ndindex(z.shape[:-1]):
        s = z[i].astype(float) - z[i].max()
        out[i] = g[i] - g[i].sum() * np.exp(s - math.log(np.exp(s).sum()))
    return out


@right("log_softmax_vjp", "einsum for the sum, division last")
def division_last(z, v):
    z, g = float_pair(z, v)
    e = np.exp(z - np.max(z, -1, keepdims=True))
    total = np.einsum("...k->...", g)[..., np.newaxis]
    return g - (e * total) / np.sum(e, -1, keepdims=True)


g_minus_p_times_its_sum.edits("""
    stress: builds the Jacobian
    - p = softmax(z)
    - return g - p * g.sum(axis=-1, keepdims=True)
    + out = np.empty_like(z)
    + for i in np.ndindex(z.shape[:-1]):
    +     out[i] = (np.eye(z.shape[-1], dtype=z.dtype) - softmax(z[i])).T @ g[i].astype(z.dtype)
    + return out
    gradient: J in place of its transpose
    - p * g.sum(axis=-1, keepdims=True)
    + (p * g).sum(axis=-1, keepdims=True)
    gradient: the vjp of softmax
    - g - p * g.sum(axis=-1, keepdims=True)
    + p * (g - (p * g).sum(axis=-1, keepdims=True))
    contract: the mean of g for its sum
    + (g - p * g.mean(axis=-1, keepdims=True)).astype(z.dtype)
    property: p·Σg without g
    - g - p * g.sum
    + p * g.sum
    contract: one sum for the whole array
    - sum(axis=-1, keepdims=True)
    + sum()
    stress: no shift
    - z - z.max(axis=-1, keepdims=True)
    + z
    contract: g −= … on the caller's array
    - return g - p * g.sum(axis=-1, keepdims=True)
    + g = g if g.dtype.kind == "f" else g.astype(z.dtype)
    + g -= p * g.sum(axis=-1, keepdims=True)
    + return g.copy()
""")


# ---------------------------------------------------------------------------- bce_with_logits
@right("bce_with_logits", "max(x, 0) − x·y + log1p(e^−|x|)")
def the_usual_form(x, y):
    x, y = same_shape(x, y)
    return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())


@right("bce_with_logits", "two softplus terms by np.logaddexp")
def two_softplus_terms(x, y):
    x, y = same_shape(x, y)
    return np.mean(y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x))


@wrong("bce_with_logits", "one element at a time with math", "stress")
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
    x, y = same_shape(x, y)
    pair = np.stack([np.zeros_like(x), x], axis=-1)
    s = pair - pair.max(axis=-1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=-1, keepdims=True))
    return float(-((1 - y) * log_p[..., 0] + y * log_p[..., 1]).mean())


the_usual_form.edits("""
    stress: log of the sigmoid
    - return float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())
    + with np.errstate(all="ignore"):
    +     p = 1 / (1 + np.exp(-x))
    +     return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
    stress: probabilities clipped at 1e-7
    + with np.errstate(over="ignore"):
    +     p = np.clip(1 / (1 + np.exp(-x)), 1e-7, 1 - 1e-7)
    + return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
    contract: x is overwritten
    + tail, xy = np.log1p(np.exp(-np.abs(x))), x * y
    + np.maximum(x, 0, out=x)
    + return float((x - xy + tail).mean())
    stress: ln(1 + e^x) without care
    - np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))
    + np.log(1 + np.exp(x)) - x * y
    contract: y and 1 − y exchanged
    - x * y
    + x * (1 - y)
    contract: targets rounded to 0 or 1
    + x * (y > 0.5)
    contract: the sum of the losses
    - mean()
    + sum()
    contract: one loss an element
    - float((np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).mean())
    + np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))
    bad input: shapes that broadcast pass
    - if x.shape != y.shape:
    + if False:
    bad input: targets are never checked
    - if not ((y >= 0) & (y <= 1)).all():
    + if False:
    bad input: a NaN target passes
    - not ((y >= 0) & (y <= 1)).all()
    + ((y < 0) | (y > 1)).any()
""")
