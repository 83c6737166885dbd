"""Answers to lab 7. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong


# ------------------------------------------------------------------------------ soft_cross_entropy


@right("soft_cross_entropy", "the price replaced by 0 where the target is 0, then multiplied")
def price_replaced(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.mean(np.sum(targets * np.where(targets == 0, 0, log_p), axis=1)))


@right("soft_cross_entropy", "np.multiply with where= into zeros")
def multiply_where(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    prices = np.log(np.exp(s).sum(axis=1, keepdims=True)) - s
    costs = np.zeros(z.shape)
    np.multiply(targets, prices, out=costs, where=targets > 0)
    return costs.sum() / len(costs)


@right("soft_cross_entropy", "one row at a time over the classes asked for, math.fsum")
def only_the_classes_asked_for(logits, targets):
    rows, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if rows.shape != targets.shape or rows.ndim != 2 or rows.size == 0:
        raise ValueError(f"logits {rows.shape}, targets {targets.shape}")
    if not (np.all(targets >= 0) and np.all(targets <= 1)):
        raise ValueError("a target is a probability")
    losses = []
    for row, q in zip(rows, targets, strict=True):
        below = row.max() - row
        log_sum = math.log(math.fsum(np.exp(-below)))
        asked = q > 0
        losses.append(math.fsum(q[asked] * (below[asked] + log_sum)))
    return math.fsum(losses) / len(losses)


@right("soft_cross_entropy", "a copy of the log-probabilities with zeros written into it")
def zeros_written_into_a_copy(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - np.amax(z, axis=1)[:, None]
    log_p = s - np.logaddexp.reduce(s, axis=1)[:, None]
    log_p[targets == 0] = 0
    return np.float64(-np.einsum("bv,bv->", targets, log_p) / len(z))


@right("soft_cross_entropy", "np.nansum in np.errstate: only 0·∞ is NaN here")
def nansum_in_errstate(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        return float(-np.nansum(targets * log_p, axis=1).mean())


@right("soft_cross_entropy", "LSE minus the mean logit under the target, both shifted")
def lse_minus_the_mean_logit(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    wanted = np.sum(targets * np.where(targets > 0, s, 0), axis=1)
    return float(np.mean(np.log(np.exp(s).sum(axis=1)) - wanted))


@wrong("soft_cross_entropy", "as it arrived: 0·∞", loses="stress")
def soft_loss_as_it_arrived(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(targets * log_p).sum(axis=1).mean())


@wrong("soft_cross_entropy", "np.where around the product: right, but it warns", loses="stress")
def where_around_the_product(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.where(targets > 0, targets * log_p, 0).sum(axis=1).mean())


@wrong("soft_cross_entropy", "np.nan_to_num on the log-probabilities", loses="stress")
def nan_to_num_on_the_logs(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = np.nan_to_num(s - np.log(np.exp(s).sum(axis=1, keepdims=True)))
    return float(-(targets * log_p).sum(axis=1).mean())


@wrong("soft_cross_entropy", "every infinite price becomes 0", loses="stress")
def infinite_prices_become_zero(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    log_p = np.where(np.isinf(log_p), 0, log_p)
    return float(-(targets * log_p).sum(axis=1).mean())


@wrong("soft_cross_entropy", "an epsilon in the logarithm", loses="reference")
def epsilon_in_the_log(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return float(-(targets * np.log(p + z.dtype.type(1e-9))).sum(axis=1).mean())


@wrong("soft_cross_entropy", "log-probabilities clipped at −100", loses="stress")
def logs_clipped(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-(targets * np.maximum(log_p, -100)).sum(axis=1).mean())


@wrong("soft_cross_entropy", "the best class of the target for a label", loses="property")
def best_class_of_the_target(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(z)), targets.argmax(axis=1)].mean())


@wrong("soft_cross_entropy", "the mean over the classes", loses="contract")
def mean_over_the_classes(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.mean(targets * np.where(targets > 0, log_p, 0)))


@wrong("soft_cross_entropy", "the sum over the batch", loses="contract")
def soft_loss_summed_over_the_batch(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.sum(targets * np.where(targets > 0, log_p, 0)))


@wrong("soft_cross_entropy", "the maximum is added back", loses="reference")
def soft_loss_with_the_maximum_added_back(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    m = z.max(axis=1, keepdims=True)
    log_p = z - (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True)))
    return float(-np.mean(np.sum(targets * np.where(targets > 0, log_p, 0), axis=1)))


@wrong("soft_cross_entropy", "targets rounded to float32", loses="reference")
def soft_targets_rounded_to_float32(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets, dtype=np.float32)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.mean(np.sum(targets * np.where(targets > 0, log_p, 0), axis=1)))


@wrong("soft_cross_entropy", "zeros written into the caller's logits", loses="contract")
def zeros_written_into_the_callers_logits(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(z).sum(axis=1, keepdims=True))
    z[targets == 0] = 0
    return float(np.mean(np.sum(targets * (log_sums - z), axis=1)))


@wrong("soft_cross_entropy", "an array of one element", loses="contract")
def soft_loss_in_an_array(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    costs = (targets * np.where(targets > 0, -log_p, 0)).sum(axis=1)
    return costs.mean(keepdims=True)


@wrong("soft_cross_entropy", "NaN among the targets slips through", loses="bad input")
def nan_target_slips_through(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if np.any(targets < 0) or np.any(targets > 1):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.mean(np.sum(targets * np.where(targets == 0, 0, log_p), axis=1)))


@wrong("soft_cross_entropy", "one row of targets broadcasts", loses="bad input")
def targets_broadcast(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-np.mean(np.sum(targets * np.where(targets == 0, 0, log_p), axis=1)))


@wrong("soft_cross_entropy", "a Python loop over every element", loses="stress")
def soft_loss_element_by_element(logits, targets):
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape or len(logits) == 0:
        raise ValueError("targets must have the shape of the logits")
    if not np.all((targets >= 0) & (targets <= 1)):
        raise ValueError("targets must lie between 0 and 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    total = 0.0
    for row, q in zip(z, targets, strict=True):
        top, mass = row[0], 0.0
        for v in row:
            top = np.maximum(top, v)
        for v in row:
            mass += np.exp(v - top)
        for v, share in zip(row, q, strict=True):
            if share > 0:
                total += share * (np.log(mass) - (v - top))
    return float(total / len(z))


# ------------------------------------------------------------------- masked_sequence_cross_entropy


@right("masked_sequence_cross_entropy", "the kept tokens by boolean indexing")
def kept_tokens_by_index(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@right("masked_sequence_cross_entropy", "harmless numbers in the padding, then a masked sum")
def harmless_numbers_in_the_padding(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z = np.where(mask[..., None], logits, 0)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    y = np.where(mask, labels.astype(np.int64), 0)
    if y.min() < 0 or y.max() >= z.shape[2]:
        raise ValueError("labels must lie between 0 and V - 1")
    s = z - z.max(axis=2, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=2, keepdims=True))
    losses = -np.take_along_axis(log_p, y[..., None], axis=2)[..., 0]
    return np.sum(losses, where=mask) / np.count_nonzero(mask)


@right("masked_sequence_cross_entropy", "token by token, math.fsum, float64 inside")
def token_by_token(logits, labels, mask):
    rows, mask = np.asarray(logits, dtype=np.float64), np.asarray(mask, dtype=bool)
    labels = np.asarray(labels)
    if rows.ndim != 3 or labels.shape != rows.shape[:2] or mask.shape != labels.shape:
        raise ValueError(f"logits {rows.shape}, labels {labels.shape}, mask {mask.shape}")
    losses = []
    for b, t in np.argwhere(mask):
        row, label = rows[b, t], labels[b, t].item()
        if not isinstance(label, int) or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        below = row.max() - row
        losses.append(math.log(math.fsum(np.exp(-below))) + float(below[label]))
    if not losses:
        raise ValueError("the mask keeps nothing")
    return math.fsum(losses) / len(losses)


@right("masked_sequence_cross_entropy", "one long sequence, kept by their numbers")
def one_long_sequence(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    kept = np.flatnonzero(mask)
    if kept.size == 0:
        raise ValueError("mask keeps nothing")
    z = np.take(logits.reshape(-1, logits.shape[2]), kept, axis=0)
    y = np.take(labels, kept)
    if y.dtype.kind not in "iu" or not np.all((y >= 0) & (y < z.shape[1])):
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - np.amax(z, axis=1)[:, None]
    wanted = s[range(kept.size), y]
    return float(np.sum(np.logaddexp.reduce(s, axis=1) - wanted) / kept.size)


@right("masked_sequence_cross_entropy", "a sum and a count for every sequence, divided at the end")
def sum_and_count_a_sequence(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask, dtype=bool)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    total, count = 0.0, 0
    for z, y, kept in zip(logits, labels, mask, strict=True):
        z, y = z[kept].astype(np.float64), y[kept]
        if len(y) == 0:
            continue
        if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
            raise ValueError("labels must be classes")
        s = z - z.max(axis=1, keepdims=True)
        total += (np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(y)), y]).sum()
        count += len(y)
    if count == 0:
        raise ValueError("mask keeps nothing")
    return float(total / count)


@wrong("masked_sequence_cross_entropy", "as it arrived: a mean of means", loses="contract")
def masked_loss_as_it_arrived(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    shifted = z - z.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    labels = np.maximum(labels, 0)
    picked = np.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]
    losses = -(picked * mask).sum(axis=1) / mask.sum(axis=1)
    return float(losses.mean())


@wrong("masked_sequence_cross_entropy", "divided by B times L", loses="contract")
def divided_by_all_positions(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].sum() / mask.size)


@wrong("masked_sequence_cross_entropy", "divided by the number of sequences", loses="contract")
def divided_by_the_sequences(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].sum() / len(logits))


@wrong("masked_sequence_cross_entropy", "labels that are not −100 in place of the mask",
       loses="contract")  # fmt: skip
def ignores_the_mask(logits, labels, mask):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or np.shape(mask) != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    kept = labels != -100
    if not kept.any() or not np.any(mask):
        raise ValueError("mask keeps nothing")
    z, y = logits[kept], labels[kept]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@wrong("masked_sequence_cross_entropy", "the mask multiplies: NaN·0", loses="property")
def mask_multiplies(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    y = np.where(mask, labels.astype(np.int64), 0)
    if y.min() < 0 or y.max() >= logits.shape[2]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=2, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=2, keepdims=True))
    losses = -np.take_along_axis(log_p, y[..., None], axis=2)[..., 0]
    return float((losses * mask).sum() / mask.sum())


@wrong("masked_sequence_cross_entropy", "padding thrown away after it was computed",
       loses="stress")  # fmt: skip
def padding_thrown_away_too_late(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    y = np.where(mask, labels.astype(np.int64), 0)
    if y.min() < 0 or y.max() >= logits.shape[2]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    s = z - z.max(axis=2, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=2, keepdims=True))
    losses = -np.take_along_axis(log_p, y[..., None], axis=2)[..., 0]
    return float(losses[mask].mean())


@wrong("masked_sequence_cross_entropy", "labels of padding used as indices", loses="property")
def labels_of_padding_as_indices(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    if labels[mask].min() < 0 or labels[mask].max() >= logits.shape[2]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = np.where(mask[..., None], logits, 0)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=2, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=2, keepdims=True))
    losses = -np.take_along_axis(log_p, labels[..., None], axis=2)[..., 0]
    return float(losses[mask].mean())


@wrong("masked_sequence_cross_entropy", "padding of −100 is refused", loses="property")
def refuses_the_label_of_padding(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[2]:
        raise ValueError("labels must be classes")
    z, y = logits[mask], labels[mask]
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@wrong("masked_sequence_cross_entropy", "the mask counted as a length", loses="property")
def mask_counted_as_a_length(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    kept = np.arange(mask.shape[1]) < mask.sum(axis=1, keepdims=True)
    z, y = logits[kept], labels[kept]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@wrong("masked_sequence_cross_entropy", "a mean of means over sequences that hold a token",
       loses="contract")  # fmt: skip
def mean_of_means_without_the_empty(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask, dtype=bool)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    means = []
    for z, y, kept in zip(logits, labels, mask, strict=True):
        z, y = z[kept].astype(np.float64), y[kept]
        if len(y) == 0:
            continue
        if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
            raise ValueError("labels must be classes")
        s = z - z.max(axis=1, keepdims=True)
        means.append((np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(y)), y]).mean())
    if not means:
        raise ValueError("mask keeps nothing")
    return float(np.mean(means))


@wrong("masked_sequence_cross_entropy", "labels mended in the caller's array", loses="contract")
def labels_mended_in_place(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    labels[~mask] = 0
    if labels.min() < 0 or labels.max() >= logits.shape[2]:
        raise ValueError("labels must lie between 0 and V - 1")
    z = np.where(mask[..., None], logits, 0)
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=2, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=2, keepdims=True))
    losses = -np.take_along_axis(log_p, labels[..., None], axis=2)[..., 0]
    return float(losses[mask].mean())


@wrong("masked_sequence_cross_entropy", "one maximum for the whole batch", loses="stress")
def one_maximum_for_all_tokens(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max()
    with np.errstate(all="ignore"):
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@wrong("masked_sequence_cross_entropy", "nothing kept costs nothing", loses="bad input")
def nothing_kept_costs_nothing(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    z, y = logits[mask], labels[mask]
    if y.size and (y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]):
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].sum() / max(len(y), 1))


@wrong("masked_sequence_cross_entropy", "a kept label of −1 becomes class 0", loses="bad input")
def kept_label_becomes_class_zero(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be integers")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], np.maximum(labels[mask], 0)
    if y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@wrong("masked_sequence_cross_entropy", "the mask of one sequence broadcasts", loses="bad input")
def mask_broadcasts(logits, labels, mask):
    logits, labels = np.asarray(logits), np.asarray(labels)
    mask = np.broadcast_to(np.asarray(mask, dtype=bool), labels.shape)
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(y)), y].mean())


@wrong("masked_sequence_cross_entropy", "a Python loop over every element", loses="stress")
def masked_loss_element_by_element(logits, labels, mask):
    logits, labels, mask = np.asarray(logits), np.asarray(labels), np.asarray(mask)
    if logits.ndim != 3 or labels.shape != logits.shape[:2] or mask.shape != labels.shape:
        raise ValueError("labels and mask must have the shape of the tokens")
    if not mask.any():
        raise ValueError("mask keeps nothing")
    z, y = logits[mask], labels[mask]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    total = 0.0
    for row, label in zip(z, y, strict=True):
        top, mass = row[0], 0.0
        for v in row:
            top = np.maximum(top, v)
        for v in row:
            mass += np.exp(v - top)
        for k, v in enumerate(row):
            if k == label:
                total += np.log(mass) - (v - top)
    return float(total / len(y))


# -------------------------------------------------------------------- half_precision_cross_entropy


@right("half_precision_cross_entropy", "float32 from the first line on")
def float32_from_the_first_line(logits, labels):
    z, labels = np.asarray(logits, dtype=np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


@right("half_precision_cross_entropy", "float64 inside, rounded once at the end")
def float64_inside(logits, labels):
    z, labels = np.asarray(logits).astype(np.float64), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    m = z.max(axis=1)
    log_sums = np.log(np.exp(z - m[:, None]).sum(axis=1))
    return np.float32(np.mean(log_sums - (z[np.arange(len(z)), labels] - m)))


@right("half_precision_cross_entropy", "a running maximum and sum over chunks, in float32")
def running_maximum_and_sum(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must be classes")
    m = logits.max(axis=1).astype(np.float32)
    total = np.zeros(len(logits), np.float32)
    for start in range(0, logits.shape[1], 4096):
        chunk = logits[:, start : start + 4096].astype(np.float32)
        total += np.exp(chunk - m[:, None]).sum(axis=1)
    wanted = logits[np.arange(len(labels)), labels].astype(np.float32) - m
    return np.mean(np.log(total) - wanted, dtype=np.float32)


@right("half_precision_cross_entropy", "one row at a time, math.fsum")
def half_row_by_row(logits, labels):
    rows, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels).tolist()
    if len(rows) != len(labels) or not labels:
        raise ValueError(f"{len(rows)} rows of logits, {len(labels)} labels")
    losses = []
    for row, label in zip(rows, labels, strict=True):
        if not isinstance(label, int) or not 0 <= label < len(row):
            raise ValueError(f"label {label} is no class")
        below = row.max() - row
        losses.append(math.log(math.fsum(np.exp(-below))) + float(below[label]))
    return np.float32(math.fsum(losses) / len(losses))


@right("half_precision_cross_entropy", "np.logaddexp.reduce in float64")
def logaddexp_in_float64(logits, labels):
    z, labels = np.asarray(logits).astype(float), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    z = z - z.max(axis=1, keepdims=True)
    wanted = np.take_along_axis(z, labels[:, None].astype(np.intp), axis=1)[:, 0]
    return np.float32((np.logaddexp.reduce(z, axis=1) - wanted).mean())


@wrong("half_precision_cross_entropy", "as it arrived: float32 at the end", loses="reference")
def half_loss_as_it_arrived(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    sums = np.exp(shifted).sum(axis=1)
    losses = np.log(sums) - shifted[np.arange(len(labels)), labels]
    return np.float32(losses.mean())


@wrong("half_precision_cross_entropy", "a float32 sum of float16 exponentials", loses="reference")
def float32_sum_of_float16(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must be classes")
    s = logits - logits.max(axis=1, keepdims=True)
    sums = np.exp(s).sum(axis=1, dtype=np.float32)
    wanted = s[np.arange(len(labels)), labels].astype(np.float32)
    return np.mean(np.log(sums) - wanted)


@wrong("half_precision_cross_entropy", "float32 after the difference", loses="stress")
def float32_after_the_difference(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must be classes")
    s = (logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    losses = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(labels)), labels]
    return losses.mean()


@wrong("half_precision_cross_entropy", "exponentials and sum in float16, the rest in float32",
       loses="stress")  # fmt: skip
def sum_in_float16(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must be classes")
    s = logits.astype(np.float32) - logits.max(axis=1, keepdims=True).astype(np.float32)
    sums = np.exp(s).astype(np.float16).sum(axis=1).astype(np.float32)
    losses = np.log(sums) - s[np.arange(len(labels)), labels]
    return losses.mean()


@wrong("half_precision_cross_entropy", "no shift: float32 ends at e^88", loses="reference")
def half_loss_without_the_shift(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    with np.errstate(all="ignore"):
        losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]
    return losses.mean()


@wrong("half_precision_cross_entropy", "the logarithm of a probability", loses="reference")
def log_of_a_half_probability(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(z)), labels] + np.float32(1e-7)).mean()


@wrong("half_precision_cross_entropy", "a Python float", loses="contract")
def half_loss_as_a_python_float(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    s = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(z)), labels]
    return float(losses.mean())


@wrong("half_precision_cross_entropy", "an array of one element", loses="contract")
def half_loss_in_an_array(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    s = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(z)), labels]
    return losses.mean(keepdims=True)


@wrong("half_precision_cross_entropy", "the sum over the batch", loses="contract")
def half_loss_summed_over_the_batch(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    s = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(z)), labels]
    return losses.sum()


@wrong("half_precision_cross_entropy", "the shift in the caller's array", loses="contract")
def half_shift_in_place(logits, labels):
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels must be classes")
    logits -= logits.max(axis=1, keepdims=True)
    s = logits.astype(np.float32)
    losses = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(labels)), labels]
    return losses.mean()


@wrong("half_precision_cross_entropy", "a negative label wraps around", loses="bad input")
def negative_half_label_wraps(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    s = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(z)), labels]
    return losses.mean()


@wrong("half_precision_cross_entropy", "a Python loop over the classes", loses="stress")
def half_loss_class_by_class(logits, labels):
    z, labels = np.asarray(logits).astype(np.float32), np.asarray(labels)
    if z.ndim != 2 or labels.shape != z.shape[:1] or labels.size == 0:
        raise ValueError("labels must be one for each row")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ValueError("labels must be classes")
    total = 0.0
    for row, label in zip(z, labels, strict=True):
        top, mass = row[0], 0.0
        for v in row:
            top = np.maximum(top, v)
        for v in row:
            mass += float(np.exp(v - top))
        total += math.log(mass) - float(row[label] - top)
    return np.float32(total / len(z))


# ----------------------------------------------------------------------------------- kl_divergence


@right("kl_divergence", "both logarithms replaced where p is 0")
def both_logarithms_replaced(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (np.all(log_p <= 0) and np.all(log_q <= 0)):
        bad = "log_p" if not np.all(log_p <= 0) else "log_q"
        raise ValueError(f"{bad} must not be above 0")
    there = log_p != -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    p = np.where(gap == np.inf, 1, np.exp(log_p))
    return np.sum(p * gap, axis=axis)


@right("kl_divergence", "terms filled into zeros, infinite ones by hand")
def terms_filled_in(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    for name, values in (("log_p", log_p), ("log_q", log_q)):
        if not np.all(values <= 0):
            raise ValueError(f"{name} holds what is no log-probability")
    if log_p.dtype.kind != "f":
        log_p = log_p.astype(np.float64)
    terms = np.zeros_like(log_p)
    both = np.isfinite(log_p) & np.isfinite(log_q)
    terms[both] = np.exp(log_p[both]) * (log_p[both] - log_q[both])
    terms[np.isfinite(log_p) & np.isneginf(log_q)] = np.inf
    return terms.sum(axis=axis)


@right("kl_divergence", "np.where over everything, in np.errstate")
def where_in_errstate(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_q does not fit log_p")
    if not np.all(log_p <= 0):
        raise ValueError("log_p")
    if not np.all(log_q <= 0):
        raise ValueError("log_q")
    with np.errstate(invalid="ignore"):
        terms = np.exp(log_p) * (log_p - log_q)
    terms = np.where(log_q == -np.inf, np.inf, terms)
    return np.where(log_p == -np.inf, 0, terms).sum(axis=axis)


@right("kl_divergence", "one slice at a time, math.fsum")
def divergence_slice_by_slice(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError(f"log_p {log_p.shape}, log_q {log_q.shape}")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    dtype = log_p.dtype if log_p.dtype.kind == "f" else np.float64
    p, q = np.moveaxis(log_p, axis, -1), np.moveaxis(log_q, axis, -1)
    out = np.zeros(p.shape[:-1])
    for at in np.ndindex(p.shape[:-1]):
        kept = p[at] > -np.inf
        a, b = p[at][kept].astype(np.float64), q[at][kept].astype(np.float64)
        out[at] = np.inf if np.isinf(b).any() else math.fsum(np.exp(a) * (a - b))
    return out.astype(dtype)[()]


@right("kl_divergence", "p·d − p + q, whose terms are never negative")
def terms_never_negative(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    dtype = log_p.dtype if log_p.dtype.kind == "f" else np.dtype(np.float64)
    a, b = log_p.astype(np.float64), log_q.astype(np.float64)
    there, known = a > -np.inf, b > -np.inf
    gap = np.where(there & known, a, 0) - np.where(there & known, b, 0)
    total = (np.exp(a) * gap - np.exp(a) + np.exp(b)).sum(axis=axis)
    return np.where((there & ~known).any(axis=axis), np.inf, total).astype(dtype)[()]


@wrong("kl_divergence", "as it arrived: 0·log 0", loses="stress")
def divergence_as_it_arrived(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    p = np.exp(log_p)
    return (p * (log_p - log_q)).sum(axis=axis)


@wrong("kl_divergence", "only log p is replaced: p = q = 0 is left", loses="stress")
def only_log_p_replaced(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_p > -np.inf
    with np.errstate(invalid="ignore"):
        return (np.exp(log_p) * (np.where(there, log_p, 0) - log_q)).sum(axis=axis)


@wrong("kl_divergence", "np.where around the term: it warns, and asks exp(log p)", loses="stress")
def where_around_the_term(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    p = np.exp(log_p)
    return np.where(p > 0, p * (log_p - log_q), 0).sum(axis=axis)


@wrong("kl_divergence", "a p that underflows counts as 0", loses="stress")
def underflow_counts_as_zero(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    with np.errstate(invalid="ignore"):
        return np.nansum(np.exp(log_p) * (log_p - log_q), axis=axis)


@wrong("kl_divergence", "np.nan_to_num over the terms", loses="stress")
def nan_to_num_over_the_terms(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.exp(log_p) * (log_p - log_q), posinf=0.0).sum(axis=axis)


@wrong("kl_divergence", "log q clipped at −100", loses="stress")
def log_q_clipped(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    return (np.exp(log_p) * (np.maximum(log_p, -100) - np.maximum(log_q, -100))).sum(axis=axis)


@wrong("kl_divergence", "the other direction", loses="contract")
def the_other_direction(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_q > -np.inf
    gap = np.where(there, log_q, 0) - np.where(there, log_p, 0)
    return (np.where(np.isinf(gap), 1, np.exp(log_q)) * gap).sum(axis=axis)


@wrong("kl_divergence", "the mean over the outcomes", loses="contract")
def mean_over_the_outcomes(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_p > -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    return (np.where(np.isinf(gap), 1, np.exp(log_p)) * gap).mean(axis=axis)


@wrong("kl_divergence", "the axis is ignored", loses="contract")
def axis_ignored(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_p > -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    return (np.where(np.isinf(gap), 1, np.exp(log_p)) * gap).sum(axis=-1)


@wrong("kl_divergence", "float64 zeros drag float32 along", loses="contract")
def float64_zeros_drag(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_p > -np.inf
    gap = np.where(there, log_p, np.zeros(1)) - np.where(there, log_q, np.zeros(1))
    return (np.where(np.isinf(gap), 1, np.exp(log_p)) * gap).sum(axis=axis)


@wrong("kl_divergence", "an epsilon beside each probability", loses="reference")
def epsilon_beside_each_probability(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    p, q = np.exp(log_p), np.exp(log_q)
    eps = p.dtype.type(1e-8)
    return (p * (np.log(p + eps) - np.log(q + eps))).sum(axis=axis)


@wrong("kl_divergence", "no term below 0", loses="contract")
def no_term_below_zero(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_p > -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    return np.abs(np.where(np.isinf(gap), 1, np.exp(log_p)) * gap).sum(axis=axis)


@wrong("kl_divergence", "infinities written out of the caller's array", loses="contract")
def infinities_written_out_in_place(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    p, never = np.exp(log_p), log_p == -np.inf
    log_p[never], log_q[never] = 0, 0
    gap = log_p - log_q
    return (np.where(np.isinf(gap), 1, p) * gap).sum(axis=axis)


@wrong("kl_divergence", "probabilities and NaN are taken for logarithms", loses="bad input")
def anything_is_a_logarithm(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    there = log_p > -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    return (np.where(np.isinf(gap), 1, np.exp(log_p)) * gap).sum(axis=axis)


@wrong("kl_divergence", "NaN slips through", loses="bad input")
def nan_logarithm_slips_through(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if (log_p > 0).any() or (log_q > 0).any():
        raise ValueError("log_p and log_q must hold log-probabilities")
    there = log_p != -np.inf
    gap = np.where(there, log_p, 0) - np.where(there, log_q, 0)
    return (np.where(np.isinf(gap), 1, np.exp(log_p)) * gap).sum(axis=axis)


@wrong("kl_divergence", "a Python loop over every element", loses="stress")
def divergence_element_by_element(log_p, log_q, axis=-1):
    log_p, log_q = np.asarray(log_p), np.asarray(log_q)
    if log_p.shape != log_q.shape:
        raise ValueError("log_p and log_q must have one shape")
    if not (log_p <= 0).all() or not (log_q <= 0).all():
        raise ValueError("log_p and log_q must hold log-probabilities")
    dtype = log_p.dtype if log_p.dtype.kind == "f" else np.float64
    p, q = np.moveaxis(log_p, axis, -1), np.moveaxis(log_q, axis, -1)
    out = np.zeros(p.shape[:-1])
    for at in np.ndindex(p.shape[:-1]):
        for a, b in zip(p[at], q[at], strict=True):
            if a > -np.inf:
                out[at] += np.inf if b == -np.inf else np.exp(np.float64(a)) * (a - b)
    return out.astype(dtype)[()]


# ------------------------------------------------------------------------------------- clipped_log


@right("clipped_log", "np.maximum with eps in the type of p")
def maximum_with_eps_in_the_type(p, eps):
    p = np.asarray(p)
    if p.dtype.kind != "f":
        p = p.astype(float)
    eps = p.dtype.type(eps)
    if not eps > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.maximum(p, eps))


@right("clipped_log", "np.clip, eps in an array of the type of p")
def clip_with_an_array(p, eps):
    p = np.asarray(p) if np.asarray(p).dtype.kind == "f" else np.asarray(p, dtype=np.float64)
    floor = np.array(eps, dtype=p.dtype)
    if np.isnan(floor) or floor <= 0:
        raise ValueError(f"eps = {eps} is no floor in {p.dtype}")
    return np.log(np.clip(p, floor, None))


@right("clipped_log", "np.where below the floor")
def where_below_the_floor(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = np.asarray(eps).astype(p.dtype)
    if not floor > 0:
        raise ValueError("eps")
    return np.log(np.where(p < floor, floor, p))


@right("clipped_log", "the larger of two logarithms, in np.errstate")
def larger_of_two_logarithms(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps is 0, negative or NaN here")
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), np.log(floor))


@right("clipped_log", "computed in float64, rounded once at the end")
def rounded_once_at_the_end(p, eps):
    p = np.asarray(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(np.float64)
    floor = float(dtype.type(eps))
    if not floor > 0:
        raise ValueError(f"eps rounds to {floor}")
    return np.log(np.maximum(p.astype(np.float64), floor)).astype(dtype)


@right("clipped_log", "element by element, math.log")
def element_by_element_with_math(p, eps):
    p = np.asarray(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(np.float64)
    floor = float(dtype.type(eps))
    if not floor > 0:
        raise ValueError(f"eps rounds to {floor}")
    logs = [v if math.isnan(v) else math.log(max(v, floor)) for v in p.astype(float).flat]
    return np.array(logs, dtype=dtype).reshape(p.shape)


@wrong("clipped_log", "as it arrived: the floor may not exist", loses="bad input")
def clipped_log_as_it_arrived(p, eps):
    p = np.asarray(p)
    return np.log(np.maximum(p, eps))


@wrong("clipped_log", "eps is checked as the float64 it is", loses="bad input")
def eps_checked_in_float64(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    if not eps > 0:
        raise ValueError("eps must be above 0")
    return np.log(np.maximum(p, p.dtype.type(eps)))


@wrong("clipped_log", "eps is checked in float32, whatever p is", loses="bad input")
def eps_checked_in_float32(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    if not np.float32(eps) > 0:
        raise ValueError("eps must be above 0")
    return np.log(np.maximum(p, p.dtype.type(eps)))


@wrong("clipped_log", "the floor is lifted in silence", loses="bad input")
def floor_lifted_in_silence(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    if not eps > 0:
        raise ValueError("eps must be above 0")
    floor = max(p.dtype.type(eps), np.finfo(p.dtype).tiny)
    return np.log(np.maximum(p, floor))


@wrong("clipped_log", "p + eps", loses="contract")
def eps_added(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(p + floor)


@wrong("clipped_log", "clipped at the other end too", loses="contract")
def clipped_at_both_ends(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.clip(p, floor, 1 - floor))


@wrong("clipped_log", "always float64", loses="contract")
def always_float64(p, eps):
    p = np.asarray(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(np.float64)
    floor = dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.maximum(p.astype(np.float64), float(floor)))


@wrong("clipped_log", "an np.float64 for eps drags float32 along", loses="contract")
def eps_drags(p, eps):
    p = np.asarray(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.dtype(np.float64)
    if not dtype.type(eps) > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.maximum(p, eps))


@wrong("clipped_log", "the floor written into the caller's array", loses="contract")
def floor_written_in_place(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    p[p < floor] = floor
    return np.log(p)


@wrong("clipped_log", "ln 0 first, replaced afterwards", loses="contract")
def log_first_replaced_afterwards(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.maximum(np.log(p), np.log(floor))


@wrong("clipped_log", "subnormal floors are refused", loses="stress")
def subnormal_floors_refused(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor >= np.finfo(p.dtype).tiny:
        raise ValueError("eps is too small for the type of p")
    return np.log(np.maximum(p, floor))


@wrong("clipped_log", "np.fmax hides NaN", loses="stress")
def fmax_hides_nan(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.fmax(p, floor))


@wrong("clipped_log", "an eps of NaN slips through", loses="bad input")
def nan_eps_slips_through(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if floor <= 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.maximum(p, floor))


@wrong("clipped_log", "a small epsilon on top of the floor", loses="reference")
def epsilon_on_top_of_the_floor(p, eps):
    p = np.asarray(p)
    p = p if p.dtype.kind == "f" else p.astype(np.float64)
    floor = p.dtype.type(eps)
    if not floor > 0:
        raise ValueError("eps must be above 0 in the type of p")
    return np.log(np.maximum(p, floor) + p.dtype.type(1e-10))
