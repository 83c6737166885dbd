"""Answers to lab 7. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def floats(z):
    return z if z.dtype.kind == "f" else z.astype(np.float64)


@helper
def log_softmax(z):
    s = z - z.max(axis=-1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))


@helper
def soft(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    return floats(logits), targets


@helper
def tokens(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    return logits, labels, mask


@helper
def batch(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must be classes")
    return logits, labels


@helper
def logs(log_p, log_q):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    return log_p, log_q


@helper
def floored(p, eps):
    p = floats(np.asarray(p))
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return p, floor


@helper
def class_by_class(row):
    top, mass = row[0], 0.0
    for v in row:
        top = np.maximum(top, v)
    for v in row:
        mass += np.exp(v - top)
    return top, mass


# ------------------------------------------------------------------------------ soft_cross_entropy
@right("soft_cross_entropy", "the price replaced by 0 where the target is 0, then multiplied")
def price_replaced(logits, targets):
    z, targets = soft(logits, targets)
    log_p = log_softmax(z)
    kept = np.where(targets == 0, 0, log_p)
    return float(-(targets * kept).sum(axis=1).mean())


@right("soft_cross_entropy", "np.multiply with where= into zeros")
def multiply_where(logits, targets):
    z, targets = soft(logits, targets)
    costs = np.zeros(z.shape)
    np.multiply(targets, -log_softmax(z), out=costs, where=targets > 0)
    return costs.sum() / len(costs)


@right("soft_cross_entropy", "one row at a time over the classes asked for, math.fsum")
def only_the_classes_asked_for(logits, targets):
    rows, targets = soft(logits, targets)
    losses = []
    for row, q in zip(rows.astype(np.float64), targets.astype(np.float64), strict=True):
        below = row.max() - row
        log_sum = math.log(math.fsum(np.exp(-below)))
        asked = q > 0
        losses.append(math.fsum(q[asked] * (below[asked] + log_sum)))
    return math.fsum(losses) / len(losses)


@right("soft_cross_entropy", "a copy of the log-probabilities with zeros written into it")
def zeros_written_into_a_copy(logits, targets):
    z, targets = soft(logits, targets)
    s = z - np.amax(z, axis=1)[:, None]
    log_p = s - np.logaddexp.reduce(s, axis=1)[:, None]
    log_p[targets == 0] = 0
    return np.float64(-np.einsum("bv,bv->", targets, log_p) / len(z))


@right("soft_cross_entropy", "np.nansum in np.errstate: only 0·∞ is NaN here")
def nansum_in_errstate(logits, targets):
    z, targets = soft(logits, targets)
    with np.errstate(invalid="ignore"):
        return float(-np.nansum(targets * log_softmax(z), axis=1).mean())


@wrong("soft_cross_entropy", "LSE minus the mean logit: right where targets sum to 1", "property")
def lse_minus_the_mean_logit(logits, targets):
    z, targets = soft(logits, targets)
    s = z - z.max(axis=1, keepdims=True)
    wanted = np.sum(targets * np.where(targets > 0, s, 0), axis=1)
    return float(np.mean(np.log(np.exp(s).sum(axis=1)) - wanted))


price_replaced.edits("""
    stress: as it arrived: 0·∞
    - soft(logits, targets)
    + floats(np.asarray(logits)), np.asarray(targets)
    - np.where(targets == 0, 0, log_p)
    + log_p
    stress: np.where around the product: right, but it warns
    - np.where(targets == 0, 0, log_p)
    + log_p
    - (targets * kept)
    + np.where(targets > 0, targets * kept, 0)
    stress: np.nan_to_num on the log-probabilities
    - np.where(targets == 0, 0, log_p)
    + np.nan_to_num(log_p)
    reference: an epsilon in the logarithm
    + np.log(np.exp(log_p) + z.dtype.type(1e-9))
    stress: log-probabilities clipped at −100
    + np.maximum(log_p, -100)
    stress: every infinite price becomes 0
    - targets == 0
    + np.isinf(log_p)
    property: the best class of the target for a label
    - (targets * kept).sum(axis=1)
    + log_p[np.arange(len(z)), targets.argmax(axis=1)]
    contract: the mean over the classes
    - .sum(axis=1).mean()
    + .mean()
    contract: the sum over the batch
    + .sum()
    reference: the maximum is added back
    - s - np.log(np.exp(s).sum(axis=-1, keepdims=True))
    + z - (z.max(axis=-1, keepdims=True) + np.log(np.exp(s).sum(axis=-1, keepdims=True)))
    property: targets are normalised
    - soft(logits, targets)
    + soft(logits, np.asarray(targets) / np.sum(targets, axis=-1, keepdims=True))
    reference: targets whose sum is near 1 are normalised
    - return float(-(targets * kept)
    + total = targets.sum(axis=1, keepdims=True)
    + targets = np.where(np.abs(total - 1) < 1e-5, targets / total, targets)
    + return float(-(targets * kept)
    property: targets that do not sum to 1 are refused
    - log_p = log_softmax(z)
    + if not np.allclose(targets.sum(axis=1), 1, atol=2e-3):
    +     raise ValueError("targets must sum to 1")
    + log_p = log_softmax(z)
    reference: targets rounded to float32
    - soft(logits, targets)
    + soft(logits, np.asarray(targets, dtype=np.float32))
    contract: zeros written into the caller's logits
    - log_p = log_softmax(z)
    + z -= z.max(axis=1, keepdims=True)
    + log_p = log_softmax(z)
    + z[targets == 0] = 0
    contract: an array of one element
    - float(-(targets * kept).sum(axis=1).mean())
    + -(targets * kept).sum(axis=1).mean(keepdims=True)
    bad input: NaN among the targets slips through
    - not np.all((targets >= 0) & (targets <= 1))
    + np.any(targets < 0) or np.any(targets > 1)
    bad input: one row of targets broadcasts
    - logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0
    + False
""")


@wrong("soft_cross_entropy", "a Python loop over every element", "stress")
def soft_loss_element_by_element(logits, targets):
    z, targets = soft(logits, targets)
    total = 0.0
    for row, q in zip(z, targets, strict=True):
        top, mass = class_by_class(row)
        for v, share in zip(row, q, strict=True):
            if share > 0:
                total += share * (np.log(mass) - (v - top))
    return float(total / len(z))


# ------------------------------------------------------------------- masked_sequence_cross_entropy
@right("masked_sequence_cross_entropy", "the kept tokens by boolean indexing")
def kept_tokens_by_index(logits, labels, mask):
    logits, labels, mask = tokens(logits, labels, mask)
    z, y = floats(logits[mask]), labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    return float(-log_softmax(z)[np.arange(len(y)), y].mean())


@right("masked_sequence_cross_entropy", "harmless numbers in the padding, then a masked sum")
def harmless_numbers_in_the_padding(logits, labels, mask):
    logits, labels, mask = tokens(logits, labels, mask)
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    z = floats(np.where(mask[..., None], logits, 0))
    y = np.where(mask, labels.astype(np.int64), 0)
    if y.min() < 0 or y.max() >= z.shape[2]:
        raise ValueError("labels must lie between 0 and V - 1")
    losses = -np.take_along_axis(log_softmax(z), y[..., None], axis=2)[..., 0]
    return np.sum(losses, where=mask) / np.count_nonzero(mask)


@right("masked_sequence_cross_entropy", "token by token, float64 inside")
def token_by_token(logits, labels, mask):
    rows, mask = np.asarray(logits, dtype=np.float64), np.asarray(mask, dtype=bool)
    labels = np.asarray(labels)
    if rows.ndim != 3 or labels.shape != rows.shape[:2] or mask.shape != labels.shape:
        raise ValueError(f"logits {rows.shape}, labels {labels.shape}, mask {mask.shape}")
    losses = []
    for b, t in np.argwhere(mask):
        row, label = rows[b, t], labels[b, t].item()
        if type(label) is not int or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        below = row.max() - row
        losses.append(math.log(np.exp(-below).sum()) + float(below[label]))
    if not losses:
        raise ValueError("the mask keeps nothing")
    return math.fsum(losses) / len(losses)


@right("masked_sequence_cross_entropy", "one long sequence, kept by their numbers")
def one_long_sequence(logits, labels, mask):
    logits, labels, mask = tokens(logits, labels, mask)
    kept = np.flatnonzero(mask)
    z = floats(np.take(logits.reshape(-1, logits.shape[2]), kept, axis=0))
    y = np.take(labels, kept)
    if y.dtype.kind not in "iu" or not np.all((y >= 0) & (y < z.shape[1])):
        raise ValueError("labels must be classes")
    s = z - np.amax(z, axis=1)[:, None]
    return float(np.sum(np.logaddexp.reduce(s, axis=1) - s[range(kept.size), y]) / kept.size)


@right("masked_sequence_cross_entropy", "a sum and a count for every sequence, divided at the end")
def sum_and_count_a_sequence(logits, labels, mask):
    logits, labels, mask = tokens(logits, labels, mask)
    total, count = 0.0, 0
    for z, y, kept in zip(logits, labels, mask, strict=True):
        z, y = z[kept].astype(np.float64), y[kept]
        if len(y) == 0:
            continue
        if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
            raise ValueError("labels must be classes")
        total -= log_softmax(z)[np.arange(len(y)), y].sum()
        count += len(y)
    return float(total / count)


kept_tokens_by_index.edits("""
    contract: divided by B times L
    - .mean()
    + .sum() / mask.size
    contract: divided by the number of sequences
    + .sum() / len(logits)
    contract: labels that are not −100 in place of the mask
    - z, y = floats(logits[mask]), labels[mask]
    + z, y = floats(logits[labels != -100]), labels[labels != -100]
    property: the mask counted as a length
    + kept = np.arange(mask.shape[1]) < mask.sum(axis=1, keepdims=True)
    + z, y = floats(logits[kept]), labels[kept]
    bad input: whole floats and booleans pass
    - y.dtype.kind not in "iu"
    + (y != y.astype(int)).any()
    - np.arange(len(y)), y]
    + np.arange(len(y)), y.astype(int)]
    bad input: a kept label of −1 becomes class 0
    - z, y = floats(logits[mask]), labels[mask]
    + z, y = floats(logits[mask]), np.maximum(labels[mask], 0)
    property: padding of −100 is refused
    - y.min() < 0 or y.max()
    + labels.min() < 0 or labels.max()
    stress: one maximum for the whole batch
    - z.max(axis=-1, keepdims=True)
    + z.max()
    bad input: nothing kept costs nothing
    - raise ValueError("mask keeps nothing")
    + logits, labels, mask = np.array([[[0.0, -np.inf]]]), np.array([[0]]), np.array([[True]])
    bad input: the mask of one sequence broadcasts
    - np.asarray(mask)
    + np.broadcast_to(np.asarray(mask, dtype=bool), np.shape(labels))
""")
harmless_numbers_in_the_padding.edits("""
    property: the mask multiplies: NaN·0
    - np.where(mask[..., None], logits, 0)
    + logits
    - np.sum(losses, where=mask) / np.count_nonzero(mask)
    + float((losses * mask).sum() / mask.sum())
    stress: padding thrown away after it was computed
    - np.where(mask[..., None], logits, 0)
    + logits
    property: labels of padding used as indices
    - y[..., None]
    + labels[..., None]
    contract: labels mended in the caller's array
    - y = np.where(mask, labels.astype(np.int64), 0)
    + y = labels
    + y[~mask] = 0
""")
sum_and_count_a_sequence.edits("""
    contract: a mean of means over sequences that hold a token
    - .sum()
    + .mean()
    - count += len(y)
    + count += 1
""")


@wrong("masked_sequence_cross_entropy", "as it arrived: a mean of means", "contract")
def masked_loss_as_it_arrived(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    log_p = log_softmax(floats(logits))
    labels = np.maximum(labels, 0)
    picked = np.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]
    losses = -(picked * mask).sum(axis=1) / mask.sum(axis=1)
    return float(losses.mean())


@wrong("masked_sequence_cross_entropy", "a Python loop over every element", "stress")
def masked_loss_element_by_element(logits, labels, mask):
    logits, labels, mask = tokens(logits, labels, mask)
    z, y = floats(logits[mask]), labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    total = 0.0
    for row, label in zip(z, y, strict=True):
        top, mass = class_by_class(row)
        total += np.log(mass) - (row[label] - top)
    return float(total / len(y))


# -------------------------------------------------------------------- half_precision_cross_entropy
@right("half_precision_cross_entropy", "float32 from the first line on")
def float32_from_the_first_line(logits, labels):
    logits, labels = batch(logits, labels)
    z = logits.astype(np.float32)
    s = z - z.max(axis=1, keepdims=True)
    sums = np.exp(s).sum(axis=1)
    losses = np.log(sums) - s[np.arange(len(z)), labels]
    return losses.mean()


@right("half_precision_cross_entropy", "float64 inside, rounded once at the end")
def float64_inside(logits, labels):
    logits, labels = batch(logits, labels)
    log_p = log_softmax(logits.astype(np.float64))
    return np.float32(-np.mean(log_p[np.arange(len(labels)), labels]))


@right("half_precision_cross_entropy", "a running maximum and sum over chunks, in float32")
def running_maximum_and_sum(logits, labels):
    logits, labels = batch(logits, labels)
    m = logits.max(axis=1).astype(np.float32)
    total = np.zeros(len(logits), np.float32)
    for start in range(0, logits.shape[1], 4096):
        chunk = logits[:, start : start + 4096].astype(np.float32)
        total += np.exp(chunk - m[:, None]).sum(axis=1)
    wanted = logits[np.arange(len(labels)), labels].astype(np.float32) - m
    return np.mean(np.log(total) - wanted, dtype=np.float32)


@right("half_precision_cross_entropy", "one row at a time")
def half_row_by_row(logits, labels):
    rows, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels).tolist()
    if len(rows) != len(labels) or not labels:
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    losses = []
    for row, label in zip(rows, labels, strict=True):
        if type(label) is not int or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        below = row.max() - row
        losses.append(math.log(np.exp(-below).sum()) + float(below[label]))
    return np.float32(math.fsum(losses) / len(losses))


@right("half_precision_cross_entropy", "np.logaddexp.reduce in float64")
def logaddexp_in_float64(logits, labels):
    logits, labels = batch(logits, labels)
    z = logits.astype(float)
    z = z - z.max(axis=1, keepdims=True)
    wanted = np.take_along_axis(z, labels[:, None].astype(np.intp), axis=1)[:, 0]
    return np.float32((np.logaddexp.reduce(z, axis=1) - wanted).mean())


float32_from_the_first_line.edits("""
    reference: as it arrived: float32 at the end
    - batch(logits, labels)
    + np.asarray(logits), np.asarray(labels)
    - z = logits.astype(np.float32)
    + z = logits
    - losses.mean()
    + np.float32(losses.mean())
    reference: a float32 sum of float16 exponentials
    - z = logits.astype(np.float32)
    + z = logits
    - .sum(axis=1)
    + .sum(axis=1, dtype=np.float32)
    - s[np.arange(len(z)), labels]
    + s[np.arange(len(z)), labels].astype(np.float32)
    stress: float32 after the difference
    - z = logits.astype(np.float32)
    + z = logits
    - z - z.max(axis=1, keepdims=True)
    + (z - z.max(axis=1, keepdims=True)).astype(np.float32)
    stress: exponentials and sum in float16, the rest in float32
    - np.exp(s).sum(axis=1)
    + np.exp(s).astype(np.float16).sum(axis=1).astype(np.float32)
    reference: no shift: float32 ends at e^88
    - z - z.max(axis=1, keepdims=True)
    + z
    reference: the logarithm of a probability
    - np.log(sums) - s[np.arange(len(z)), labels]
    + -np.log((np.exp(s) / sums[:, None])[np.arange(len(z)), labels] + np.float32(1e-7))
    contract: a Python float
    - losses.mean()
    + float(losses.mean())
    contract: an array of one element
    + losses.mean(keepdims=True)
    contract: the sum over the batch
    + losses.sum()
    contract: the shift in the caller's array
    - z = logits.astype(np.float32)
    + logits -= logits.max(axis=1, keepdims=True)
    + z = logits.astype(np.float32)
    bad input: a negative label wraps around
    - labels.min() < 0
    + False
    bad input: whole floats and booleans pass
    - labels.dtype.kind not in "iu" or labels.min() < 0
    + (labels != labels.astype(int)).any() or labels.min() < 0
    - np.arange(len(z)), labels]
    + np.arange(len(z)), labels.astype(int)]
""")


@wrong("half_precision_cross_entropy", "a Python loop over the classes", "stress")
def half_loss_class_by_class(logits, labels):
    logits, labels = batch(logits, labels)
    total = 0.0
    for row, label in zip(logits.astype(float), labels, strict=True):
        top, mass = class_by_class(row)
        total += math.log(mass) - (row[label] - top)
    return np.float32(total / len(labels))


# ----------------------------------------------------------------------------------- kl_divergence
@right("kl_divergence", "both logarithms replaced where p is 0")
def both_logarithms_replaced(log_p, log_q, axis=-1):
    log_p, log_q = logs(log_p, log_q)
    there = log_p != -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    p = np.where(gap == np.inf, 1, np.exp(log_p))
    return np.sum(p * gap, axis=axis)


@right("kl_divergence", "terms filled into zeros, infinite ones by hand")
def terms_filled_in(log_p, log_q, axis=-1):
    log_p, log_q = logs(log_p, log_q)
    terms = np.zeros_like(floats(log_p))
    both = np.isfinite(log_p) & np.isfinite(log_q)
    terms[both] = np.exp(log_p[both]) * (log_p[both] - log_q[both])
    terms[np.isfinite(log_p) & np.isneginf(log_q)] = np.inf
    return terms.sum(axis=axis)


@right("kl_divergence", "np.where over everything, in np.errstate")
def where_in_errstate(log_p, log_q, axis=-1):
    log_p, log_q = logs(log_p, log_q)
    with np.errstate(invalid="ignore"):
        terms = np.exp(log_p) * (log_p - log_q)
    terms = np.where(log_q == -np.inf, np.inf, terms)
    return np.where(log_p == -np.inf, 0, terms).sum(axis=axis)


@right("kl_divergence", "one slice at a time, math.fsum")
def divergence_slice_by_slice(log_p, log_q, axis=-1):
    log_p, log_q = logs(log_p, log_q)
    dtype = log_p.dtype if log_p.dtype.kind == "f" else np.float64
    p, q = np.moveaxis(log_p, axis, -1), np.moveaxis(log_q, axis, -1)
    out = np.zeros(p.shape[:-1])
    for at in np.ndindex(p.shape[:-1]):
        kept = p[at] > -np.inf
        a, b = p[at][kept].astype(np.float64), q[at][kept].astype(np.float64)
        out[at] = np.inf if np.isinf(b).any() else math.fsum(np.exp(a) * (a - b))
    return out.astype(dtype)[()]


@wrong("kl_divergence", "p·d − p + q: the same only between whole distributions", "property")
def terms_never_negative(log_p, log_q, axis=-1):
    log_p, log_q = logs(log_p, log_q)
    a, b = log_p.astype(np.float64), log_q.astype(np.float64)
    there, known = a > -np.inf, b > -np.inf
    gap = np.where(there & known, a, 0) - np.where(there & known, b, 0)
    total = (np.exp(a) * gap - np.exp(a) + np.exp(b)).sum(axis=axis)
    return np.where((there & ~known).any(axis=axis), np.inf, total).astype(floats(log_p).dtype)[()]


both_logarithms_replaced.edits("""
    stress: as it arrived: 0·log 0
    - logs(log_p, log_q)
    + np.asarray(log_p), np.asarray(log_q)
    - np.where(there, log_p, 0) - np.where(there, log_q, 0)
    + log_p - log_q
    - np.where(gap == np.inf, 1, np.exp(log_p))
    + np.exp(log_p)
    stress: only log p is replaced: p = q = 0 is left
    - np.where(there, log_q, 0)
    + log_q
    - p = np.where(gap == np.inf, 1, np.exp(log_p))
    - return np.sum(p * gap, axis=axis)
    + with np.errstate(invalid="ignore"):
    +     return np.sum(np.exp(log_p) * gap, axis=axis)
    stress: np.where around the term: it warns, and asks exp(log p)
    - np.where(there, log_p, 0) - np.where(there, log_q, 0)
    + log_p - log_q
    - p = np.where(gap == np.inf, 1, np.exp(log_p))
    - return np.sum(p * gap, axis=axis)
    + p = np.exp(log_p)
    + return np.sum(np.where(p > 0, p * gap, 0), axis=axis)
    stress: log q clipped at −100
    - np.where(there, log_p, 0) - np.where(there, log_q, 0)
    + np.maximum(log_p, -100) - np.maximum(log_q, -100)
    contract: float64 zeros drag float32 along
    + np.where(there, log_p, np.zeros(1)) - np.where(there, log_q, np.zeros(1))
    contract: the other direction
    - log_p, log_q = logs(log_p, log_q)
    + log_q, log_p = logs(log_p, log_q)
    contract: the mean over the outcomes
    - np.sum
    + np.mean
    contract: the axis is ignored
    - axis=axis
    + axis=-1
    reference: an epsilon beside each probability
    - gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    + p, q = np.exp(log_p), np.exp(log_q)
    + gap = np.log(p + p.dtype.type(1e-8)) - np.log(q + p.dtype.type(1e-8))
    contract: infinities written out of the caller's array
    + log_p[~there], log_q[~there] = 0, 0
    + gap = log_p - log_q
    property: never below 0
    - np.sum(p * gap, axis=axis)
    + np.maximum(np.sum(p * gap, axis=axis), 0)
    contract: no term below 0
    - p * gap
    + np.abs(p * gap)
    bad input: probabilities and NaN are taken for logarithms
    - not (log_p <= 0).all() or not (log_q <= 0).all()
    + False
    bad input: NaN slips through
    + (log_p > 0).any() or (log_q > 0).any()
""")
where_in_errstate.edits("""
    stress: a p that underflows counts as 0
    - np.where(log_q == -np.inf, np.inf, terms)
    + np.where(np.isnan(terms), 0, terms)
    stress: np.nan_to_num over the terms
    + np.nan_to_num(terms, posinf=0.0)
""")
divergence_slice_by_slice.edits("""
    stress: a Python loop over every element
    - kept = p[at] > -np.inf
    - a, b = p[at][kept].astype(np.float64), q[at][kept].astype(np.float64)
    - out[at] = np.inf if np.isinf(b).any() else math.fsum(np.exp(a) * (a - b))
    + for a, b in zip(p[at], q[at], strict=True):
    +     if a > -np.inf:
    +         out[at] += np.inf if b == -np.inf else np.exp(np.float64(a)) * (a - b)
""")


# ------------------------------------------------------------------------------------- clipped_log
@right("clipped_log", "np.maximum with eps in the type of p")
def maximum_with_eps_in_the_type(p, eps):
    p, floor = floored(p, eps)
    return np.log(np.maximum(p, floor))


@right("clipped_log", "np.clip, eps in an array of the type of p")
def clip_with_an_array(p, eps):
    p = np.asarray(p) if np.asarray(p).dtype.kind == "f" else np.asarray(p, dtype=np.float64)
    floor = np.array(eps, dtype=p.dtype)
    if np.isnan(floor) or floor <= 0:
        raise ValueError(f"eps = {eps} is no floor in {p.dtype}")
    return np.log(np.clip(p, floor, None))


@right("clipped_log", "np.where below the floor")
def where_below_the_floor(p, eps):
    p, floor = floored(p, eps)
    return np.log(np.where(p < floor, floor, p))


@right("clipped_log", "the larger of two logarithms, in np.errstate")
def larger_of_two_logarithms(p, eps):
    p, floor = floored(p, eps)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), np.log(floor))


@right("clipped_log", "computed in float64, rounded once at the end")
def rounded_once_at_the_end(p, eps):
    p, floor = floored(p, eps)
    return np.log(np.maximum(p.astype(np.float64), float(floor))).astype(p.dtype)


@wrong("clipped_log", "element by element, math.log", "stress")
def element_by_element_with_math(p, eps):
    p, floor = floored(p, eps)
    logs = [v if math.isnan(v) else math.log(max(v, floor)) for v in p.astype(float).flat]
    return np.array(logs, dtype=p.dtype).reshape(p.shape)


maximum_with_eps_in_the_type.edits("""
    bad input: as it arrived: the floor may not exist
    - floored(p, eps)
    + np.asarray(p), eps
    bad input: eps is checked as the float64 it is
    - not floor > 0
    + not eps > 0
    bad input: eps is checked in float32, whatever p is
    + not np.float32(eps) > 0
    stress: subnormal floors are refused
    + not floor >= np.finfo(p.dtype).tiny
    bad input: an eps of NaN slips through
    + floor <= 0
    bad input: the floor is lifted in silence
    - not floor > 0
    + not eps > 0
    - np.maximum(p, floor)
    + np.maximum(p, max(floor, np.finfo(p.dtype).tiny))
    contract: p + eps
    - np.maximum(p, floor)
    + p + floor
    contract: clipped at the other end too
    + np.clip(p, floor, 1 - floor)
    contract: always float64
    + np.maximum(p.astype(np.float64), float(floor))
    contract: an np.float64 for eps drags float32 along
    + np.maximum(p, eps)
    reference: a small epsilon on top of the floor
    + np.maximum(p, floor) + p.dtype.type(1e-10)
    contract: the floor written into the caller's array
    - return np.log(np.maximum(p, floor))
    + p[p < floor] = floor
    + return np.log(p)
    contract: ln 0 first, replaced afterwards
    - np.log(np.maximum(p, floor))
    + np.maximum(np.log(p), np.log(floor))
    stress: np.fmax hides NaN
    - np.maximum
    + np.fmax
""")
