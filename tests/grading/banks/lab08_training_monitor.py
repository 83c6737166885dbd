"""Answers to lab 8. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank()
right, wrong = BANK.right, BANK.wrong


# --------------------------------------------------------------------------------- token_log_probs


@right("token_log_probs", "a whole log-softmax, then indices with np.ogrid")
def log_softmax_and_ogrid(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if z.shape[:-1] != targets.shape:
        raise ValueError("targets must have the shape (B, L) of the logits")
    if targets.dtype.kind not in "iu":
        raise ValueError("targets must be integers")
    if (targets < 0).any() or (targets >= z.shape[-1]).any():
        raise ValueError("targets must lie between 0 and V - 1")
    if z.dtype.kind != "f":
        z = z.astype(float)
    z = z - z.max(axis=2, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=2, keepdims=True))
    b, t = np.ogrid[: z.shape[0], : z.shape[1]]
    return log_p[b, t, targets]


@right("token_log_probs", "flattened to (B·L, V), np.logaddexp.reduce of shifted logits")
def flattened_logaddexp(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if not np.issubdtype(z.dtype, np.floating):
        z = z.astype(np.float64)
    if z.ndim != 3 or targets.shape != z.shape[:2]:
        raise ValueError(f"targets {targets.shape} do not fit logits {z.shape}")
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError("targets are no integers")
    if targets.min() < 0 or targets.max() > z.shape[2] - 1:
        raise ValueError("a target is no class")
    flat = z.reshape(-1, z.shape[2])
    flat = flat - flat.max(axis=1)[:, None]
    picked = flat[np.arange(len(flat)), targets.reshape(-1)]
    return (picked - np.logaddexp.reduce(flat, axis=1)).reshape(targets.shape)


@right("token_log_probs", "one place at a time, math.fsum, float64 inside")
def place_by_place(logits, targets):
    given, targets = np.asarray(logits), np.asarray(targets)
    if given.shape[:2] != targets.shape:
        raise ValueError("targets and logits do not fit")
    z = given.astype(np.float64)
    out = np.empty(targets.shape, given.dtype if given.dtype.kind == "f" else np.float64)
    for b in range(z.shape[0]):
        for t, target in enumerate(targets[b].tolist()):
            if not isinstance(target, int) or not 0 <= target < z.shape[2]:
                raise ValueError(f"target {target} is no class")
            below = z[b, t] - z[b, t].max()
            out[b, t] = below[target] - math.log(math.fsum(np.exp(below)))
    return out


@right("token_log_probs", "a one-hot choice with np.where and a sum")
def onehot_choice(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1]:
        raise ValueError("targets: another shape than the logits")
    classes = np.arange(z.shape[-1])
    hit = targets[..., None] == classes
    if targets.dtype.kind not in "iu" or not hit.any(axis=-1).all():
        raise ValueError("targets: not all are classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(-1, keepdims=True)
    return np.where(hit, s, 0).sum(-1) - np.log(np.exp(s).sum(-1))


@wrong("token_log_probs", "minus the log-probability, a loss", loses="contract")
def a_loss(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(-1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(-1, keepdims=True))
    return -np.take_along_axis(log_p, targets[..., None], -1)[..., 0]


@wrong("token_log_probs", "softmax first, then log", loses="stress")
def softmax_then_log(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    p = np.exp(z - z.max(-1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.log(np.take_along_axis(p, targets[..., None], -1)[..., 0])


@wrong("token_log_probs", "normalised over the sequence and not over the classes", loses="property")
def normalised_over_the_sequence(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return np.take_along_axis(log_p, targets[..., None], -1)[..., 0]


@wrong("token_log_probs", "the maximum is added back: LSE(z) − z", loses="reference")
def maximum_added_back(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    m = z.max(-1, keepdims=True)
    lse = m + np.log(np.exp(z - m).sum(-1, keepdims=True))
    return np.take_along_axis(z - lse, targets[..., None], -1)[..., 0]


@wrong("token_log_probs", "one maximum for the whole batch", loses="property")
def one_maximum_for_all(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max()
    with np.errstate(all="ignore"):
        log_p = s - np.log(np.exp(s).sum(-1, keepdims=True))
    return np.take_along_axis(log_p, targets[..., None], -1)[..., 0]


@wrong("token_log_probs", "a target of −1 or −100 wraps around or is clipped", loses="bad input")
def negative_targets_pass(logits, targets):
    z, targets = np.asarray(logits), np.maximum(np.asarray(targets), 0)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(-1, keepdims=True)
    picked = np.take_along_axis(s, targets[..., None], -1)[..., 0]
    return picked - np.log(np.exp(s).sum(-1))


@wrong("token_log_probs", "float32 becomes float64", loses="contract")
def always_float64(logits, targets):
    z, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    s = z - z.max(-1, keepdims=True)
    picked = np.take_along_axis(s, targets[..., None], -1)[..., 0]
    return picked - np.log(np.exp(s).sum(-1))


@wrong("token_log_probs", "a float added to every element, one at a time", loses="stress")
def element_by_element(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    out = np.empty(targets.shape, z.dtype)
    for b in range(z.shape[0]):
        for t in range(z.shape[1]):
            top = z[b, t].max()
            total = z.dtype.type(0)
            for k in range(z.shape[2]):
                total += np.exp(z[b, t, k] - top)
            out[b, t] = (z[b, t, targets[b, t]] - top) - np.log(total)
    return out


# ------------------------------------------------------------------------------ sequence_log_probs


@right("sequence_log_probs", "one sequence at a time, list.index and math.fsum")
def row_by_row(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if x.shape != tokens.shape:
        raise ValueError("tokens and log_probs differ in shape")
    totals, lengths = [], []
    for row, said in zip(x.tolist(), tokens.tolist(), strict=True):
        length = said.index(eos_id) + 1 if eos_id in said else len(said)
        lengths.append(length)
        totals.append(math.fsum(row[:length]))
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    return np.array(totals, dtype=kind), np.array(lengths)


@right("sequence_log_probs", "cumsum of the EOS seen before, sum with where=")
def eos_seen_before(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if x.shape != tokens.shape:
        raise ValueError("tokens and log_probs differ in shape")
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    return np.sum(x, axis=1, where=kept, dtype=kind), kept.sum(axis=1)


@right("sequence_log_probs", "running sums, picked at the last token that counts")
def running_sums(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("log_probs and tokens do not fit")
    x = x if x.dtype.kind == "f" else x.astype(float)
    ends = tokens == eos_id
    ends = np.concatenate([ends[:, :-1], np.ones((len(ends), 1), bool)], axis=1)
    last = ends.argmax(axis=1)
    return np.cumsum(x, axis=1)[np.arange(len(x)), last], (last + 1).astype(np.int32)


@right("sequence_log_probs", "np.logical_or.accumulate, and a copy with zeros written in")
def accumulated_or(log_probs, tokens, eos_id):
    x, tokens = np.array(log_probs, copy=True), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("log_probs and tokens do not fit")
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    over = np.zeros(tokens.shape, bool)
    over[:, 1:] = np.logical_or.accumulate(tokens == eos_id, axis=1)[:, :-1]
    x[over] = 0
    return x.sum(axis=1), np.count_nonzero(~over, axis=1)


@wrong("sequence_log_probs", "the EOS itself is left out", loses="contract")
def without_the_eos(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    kept = np.cumsum(tokens == eos_id, axis=1) == 0
    return np.where(kept, x, 0).sum(axis=1), kept.sum(axis=1)


@wrong(
    "sequence_log_probs", "argmax alone: no EOS looks like one at the first place", loses="property"
)
def argmax_alone(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    lengths = (tokens == eos_id).argmax(axis=1) + 1
    kept = np.arange(x.shape[1]) < lengths[:, None]
    return np.where(kept, x, 0).sum(axis=1), lengths


@wrong("sequence_log_probs", "masked by multiplication: NaN·0", loses="stress")
def masked_by_multiplication(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    return (x * kept.astype(x.dtype)).sum(axis=1), kept.sum(axis=1)


@wrong("sequence_log_probs", "np.nansum hides a NaN that counts", loses="stress")
def nan_hidden(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    return np.nansum(np.where(kept, x, 0), axis=1), kept.sum(axis=1)


@wrong("sequence_log_probs", "up to the last EOS", loses="property")
def up_to_the_last_eos(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    size = x.shape[1]
    lengths = np.where(ends.any(axis=1), size - ends[:, ::-1].argmax(axis=1), size)
    kept = np.arange(size) < lengths[:, None]
    return np.where(kept, x, 0).sum(axis=1), lengths


@wrong("sequence_log_probs", "every token that is not the EOS, and the first EOS", loses="property")
def all_that_is_no_eos(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = ~ends | (ends & (np.cumsum(ends, axis=1) == 1))
    return np.where(kept, x, 0).sum(axis=1), kept.sum(axis=1)


@wrong("sequence_log_probs", "an EOS of 0 counts as none given", loses="property")
def eos_zero_is_false(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id if eos_id else np.zeros(tokens.shape, bool)
    kept = np.cumsum(ends, axis=1) - ends == 0
    return np.where(kept, x, 0).sum(axis=1), kept.sum(axis=1)


@wrong("sequence_log_probs", "float64 totals and float lengths", loses="contract")
def totals_in_float64(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs, dtype=np.float64), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    return np.where(kept, x, 0).sum(axis=1), kept.sum(axis=1).astype(float)


@wrong("sequence_log_probs", "the mean per token", loses="contract")
def mean_per_token(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    lengths = kept.sum(axis=1)
    return (np.where(kept, x, 0).sum(axis=1) / lengths).astype(x.dtype), lengths


@wrong("sequence_log_probs", "zeros written into the caller's array", loses="contract")
def zeros_written_in_place(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    x[~kept] = 0
    return x.sum(axis=1), kept.sum(axis=1)


@wrong("sequence_log_probs", "all minus what follows: a difference of two sums", loses="reference")
def difference_of_sums(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    with np.errstate(invalid="ignore"):
        return x.sum(axis=1) - np.where(kept, 0, x).sum(axis=1), kept.sum(axis=1)


@wrong("sequence_log_probs", "token after token", loses="stress")
def token_after_token(log_probs, tokens, eos_id):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    totals, lengths = np.zeros(len(x), x.dtype), np.zeros(len(x), int)
    for b in range(x.shape[0]):
        for t in range(x.shape[1]):
            totals[b] += x[b, t]
            lengths[b] += 1
            if tokens[b, t] == eos_id:
                break
    return totals, lengths


@wrong("sequence_log_probs", "one row of tokens is stretched over the batch", loses="bad input")
def tokens_broadcast(log_probs, tokens, eos_id):
    x = np.asarray(log_probs)
    tokens = np.broadcast_to(np.asarray(tokens), x.shape)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    return np.where(kept, x, 0).sum(axis=1), kept.sum(axis=1)


# ----------------------------------------------------------------------------------- combine_ranks


@right("combine_ranks", "np.average over the ranks that have tokens")
def average_of_busy_ranks(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape:
        raise ValueError("means and counts differ in length")
    if (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts must be at least 0, and one of them above")
    return float(np.average(means[counts > 0], weights=counts[counts > 0]))


@right("combine_ranks", "a loop with math.fsum")
def loop_with_fsum(means, counts):
    if len(means) != len(counts):
        raise ValueError("counts: one for each rank")
    if any(n < 0 for n in counts):
        raise ValueError("counts: negative")
    pairs = [(float(m), int(n)) for m, n in zip(means, counts, strict=True) if n]
    if not pairs:
        raise ValueError("counts: no token")
    return math.fsum(m * n for m, n in pairs) / sum(n for _, n in pairs)


@right("combine_ranks", "shares of the tokens, then np.where and a dot product")
def shares_of_the_tokens(means, counts):
    means, counts = np.asarray(means, np.float64), np.asarray(counts, np.float64)
    if means.shape != counts.shape:
        raise ValueError("counts and means do not fit")
    if counts.size == 0 or counts.min() < 0 or counts.max() == 0:
        raise ValueError("counts must be non-negative and not all 0")
    return np.dot(counts / counts.sum(), np.where(counts > 0, means, 0.0))


@wrong("combine_ranks", "the mean of the means", loses="contract")
def mean_of_means(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts")
    return float(means[counts > 0].mean())


@wrong("combine_ranks", "NaN times 0", loses="stress")
def nan_times_zero(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts")
    with np.errstate(invalid="ignore"):
        return float((means * counts).sum() / counts.sum())


@wrong("combine_ranks", "every NaN is left out, also of a rank with tokens", loses="stress")
def every_nan_left_out(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts")
    kept = (counts > 0) & ~np.isnan(means)
    return float((means[kept] * counts[kept]).sum() / counts[kept].sum())


@wrong("combine_ranks", "a NaN becomes 0 with nan_to_num", loses="stress")
def nan_to_zero(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts")
    return float((np.nan_to_num(means) * counts).sum() / counts.sum())


@wrong("combine_ranks", "integers multiplied as integers", loses="reference")
def integers_wrap_around(means, counts):
    means, counts = np.asarray(means), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts")
    busy = counts > 0
    return float((means[busy] * counts[busy]).sum() / counts.sum())


@wrong("combine_ranks", "divided by the number of ranks", loses="contract")
def divided_by_ranks(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts")
    busy = counts > 0
    return float((means[busy] * counts[busy]).sum() / len(means))


@wrong("combine_ranks", "no token at all gives 0.0", loses="bad input")
def no_token_gives_zero(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or (counts < 0).any():
        raise ValueError("counts")
    busy = counts > 0
    return float((means[busy] * counts[busy]).sum() / max(counts.sum(), 1))


@wrong("combine_ranks", "a negative count passes as an empty rank", loses="bad input")
def negative_counts_pass(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape or not (counts > 0).any():
        raise ValueError("counts")
    busy = counts > 0
    return float((means[busy] * counts[busy]).sum() / counts[busy].sum())


# ------------------------------------------------------------------------------------- should_stop


@right("should_stop", "the place of the last progress, compared with the end")
def place_of_the_last_progress(losses, min_delta=0.01, patience=3):
    losses = [float(loss) for loss in losses]
    if any(math.isnan(loss) for loss in losses):
        raise ValueError("losses must be numbers, and one is NaN")
    if not losses:
        return False
    at = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[at] - min_delta:
            at = epoch
    return len(losses) - 1 - at >= patience


@right("should_stop", "a recursion over what comes after each reference")
def search_after_each_reference(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=np.float64)
    if np.isnan(losses).any():
        raise ValueError("losses hold a NaN")
    while len(losses):
        better = np.flatnonzero(losses < losses[0] - min_delta)
        if not len(better):
            return bool(len(losses) > patience)
        losses = losses[better[0] :]
    return False


@right("should_stop", "best minus loss, a first epoch like any other, np.bool_")
def best_minus_loss(losses, min_delta=0.01, patience=3):
    if np.isnan(np.asarray(losses, dtype=float)).any():
        raise ValueError("a loss is NaN")
    best, idle = None, 0
    for loss in losses:
        if best is None or best - loss > min_delta:
            best, idle = loss, 0
        else:
            idle = idle + 1
    return np.bool_(best is not None and idle >= patience)


@wrong("should_stop", "compared with the epoch before", loses="property")
def the_epoch_before(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    idle = 0
    for change in np.diff(losses):
        idle = 0 if change < -min_delta else idle + 1
    return bool(len(losses)) and idle >= patience


@wrong("should_stop", "every better loss is the new reference", loses="property")
def moving_reference(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return False
    best, idle = losses[0], 0
    for loss in losses[1:]:
        idle = 0 if loss < best - min_delta else idle + 1
        best = min(best, loss)
    return idle >= patience


@wrong("should_stop", "returns as soon as the count is reached once", loses="property")
def returns_inside_the_loop(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return False
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss < reference - min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
            if idle >= patience:
                return True
    return False


@wrong("should_stop", "the direction of log-probabilities", loses="contract")
def waits_for_a_rise(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return False
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss > reference + min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
    return idle >= patience


@wrong("should_stop", "≤ in place of <", loses="stress")
def equal_counts_as_progress(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return False
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss <= reference - min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
    return idle >= patience


@wrong("should_stop", "> patience in place of ≥", loses="stress")
def one_epoch_too_patient(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return False
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss < reference - min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
    return idle > patience


@wrong("should_stop", "the count is never set back", loses="property")
def count_never_set_back(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return False
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss < reference - min_delta:
            reference = loss
        else:
            idle += 1
    return idle >= patience


@wrong("should_stop", "an idle epoch by NaN", loses="bad input")
def nan_is_an_idle_epoch(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if losses.size == 0:
        return False
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss < reference - min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
    return idle >= patience


@wrong("should_stop", "an IndexError without losses", loses="stress")
def no_losses_fail(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss < reference - min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
    return idle >= patience


@wrong("should_stop", "returns the count", loses="contract")
def returns_a_number(losses, min_delta=0.01, patience=3):
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any():
        raise ValueError("losses")
    if losses.size == 0:
        return 0
    reference, idle = losses[0], 0
    for loss in losses[1:]:
        if loss < reference - min_delta:
            reference, idle = loss, 0
        else:
            idle += 1
    return int(idle >= patience)


# ----------------------------------------------------------------------------------- flag_outliers


@right("flag_outliers", "np.nonzero, stacked as columns")
def nonzero_in_columns(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask, dtype=bool)
    if log_probs.shape != mask.shape:
        raise ValueError("mask and log_probs differ in shape")
    return np.column_stack(np.nonzero(mask & (log_probs < threshold)))


@right("flag_outliers", "one sequence at a time, a list of pairs")
def list_of_pairs(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask and log_probs differ in shape")
    pairs = []
    for b, (row, kept) in enumerate(zip(log_probs, mask, strict=True)):
        pairs += [(b, t) for t in np.flatnonzero(kept & (row < threshold))]
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


@right("flag_outliers", "padding set to +inf, flat places taken apart by divmod")
def flat_places(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("log_probs, mask")
    flat = np.flatnonzero(np.where(mask, log_probs, np.inf) < threshold)
    return np.stack(divmod(flat, log_probs.shape[1]), axis=1)


@wrong("flag_outliers", "the mask is forgotten", loses="property")
def mask_forgotten(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere(log_probs < threshold)


@wrong("flag_outliers", "True in the mask is taken for padding", loses="contract")
def mask_turned_round(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere(~mask & (log_probs < threshold))


@wrong("flag_outliers", "two arrays, one for each axis", loses="contract")
def one_array_an_axis(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.array(np.where(mask & (log_probs < threshold)))


@wrong("flag_outliers", "column by column", loses="contract")
def column_by_column(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere((mask & (log_probs < threshold)).T)[:, ::-1].copy()


@wrong("flag_outliers", "≤ in place of <", loses="stress")
def at_the_threshold_too(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere(mask & (log_probs <= threshold))


@wrong("flag_outliers", "padding set to 0, which may lie below the threshold", loses="property")
def padding_set_to_zero(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere(np.where(mask, log_probs, 0.0) < threshold)


@wrong("flag_outliers", "padding multiplied away, with NaN and a warning", loses="property")
def padding_multiplied_away(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere(log_probs * mask < threshold)


@wrong("flag_outliers", "an empty list becomes a float array of shape (0,)", loses="contract")
def nothing_is_an_empty_list(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    found = np.argwhere(mask & (log_probs < threshold))
    return np.array([(int(b), int(t)) for b, t in found])


@wrong("flag_outliers", "the padding of the caller's array is overwritten", loses="contract")
def padding_overwritten(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    log_probs[~mask] = np.inf
    return np.argwhere(log_probs < threshold)


@wrong("flag_outliers", "−inf counts as padding", loses="stress")
def infinity_is_padding(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    return np.argwhere(mask & np.isfinite(log_probs) & (log_probs < threshold))


@wrong("flag_outliers", "a mask of one row is stretched over the batch", loses="bad input")
def mask_broadcast(log_probs, mask, threshold=-4.0):
    return np.argwhere(np.asarray(mask) & (np.asarray(log_probs) < threshold))


@wrong("flag_outliers", "one place at a time", loses="stress")
def place_after_place(log_probs, mask, threshold=-4.0):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask)
    if log_probs.shape != mask.shape:
        raise ValueError("mask")
    pairs = []
    for b in range(mask.shape[0]):
        for t in range(mask.shape[1]):
            if mask[b, t] and log_probs[b, t] < threshold:
                pairs.append((b, t))
    return np.array(pairs, dtype=int).reshape(-1, 2)


# ------------------------------------------------------------------------ train_softmax_regression


@right("train_softmax_regression", "weights and biases apart, joined at the end")
def weights_and_biases_apart(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if X.dtype.kind != "f":
        X = X.astype(float)
    if len(y) != len(X):
        raise ValueError("X and y differ in length")
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() > num_classes - 1:
        raise ValueError("y must hold classes")
    onehot = np.eye(num_classes, dtype=X.dtype)[y]
    W = np.zeros((X.shape[1], num_classes), X.dtype)
    b = np.zeros(num_classes, X.dtype)
    losses = np.empty(steps)
    for k in range(steps):
        z = X @ W + b
        z = z - z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        losses[k] = np.mean(np.log(total[:, 0]) - z[np.arange(len(y)), y])
        g = (e / total - onehot) / X.dtype.type(len(y))
        W = W - learning_rate * (X.T @ g)
        b = b - learning_rate * g.sum(axis=0)
    return {"weights": np.vstack([W, b]), "losses": losses}


@right("train_softmax_regression", "float64 inside, the type of X at the end, logaddexp")
def float64_inside(X, y, num_classes, steps=200, learning_rate=0.5):
    given, y = np.asarray(X), np.asarray(y)
    if y.shape != (given.shape[0],):
        raise ValueError(f"y {y.shape} does not fit X {given.shape}")
    if not np.issubdtype(y.dtype, np.integer) or not set(y.tolist()) <= set(range(num_classes)):
        raise ValueError("y: labels that are no classes")
    A = np.c_[given.astype(np.float64), np.ones(len(y))]
    W, losses = np.zeros((A.shape[1], num_classes)), []
    for _ in range(steps):
        z = A @ W
        log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        losses.append(float(-np.mean(np.take_along_axis(log_p, y[:, None].astype(int), 1))))
        p = np.exp(log_p)
        W = W - learning_rate * np.einsum("nd,nv->dv", A, p - np.eye(num_classes)[y]) / len(y)
    kind = given.dtype if given.dtype.kind == "f" else np.float64
    return {"weights": W.astype(kind), "losses": np.array(losses), "steps": steps}


@right("train_softmax_regression", "one sample at a time, gradients added up")
def sample_by_sample(X, y, num_classes, steps=200, learning_rate=0.5):
    X = np.asarray(X)
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    labels = np.asarray(y).tolist()
    if len(labels) != len(X):
        raise ValueError("y: one label for each sample of X")
    if not all(isinstance(k, int) and 0 <= k < num_classes for k in labels):
        raise ValueError("y: a label is no class")
    W = np.zeros((X.shape[1] + 1, num_classes), X.dtype)
    losses = np.zeros(steps, X.dtype)
    for step in range(steps):
        slopes = np.zeros(W.shape, np.float64)
        loss = 0.0
        for row, label in zip(X, labels, strict=True):
            z = row @ W[:-1] + W[-1]
            z = z - z.max()
            p = np.exp(z)
            total = p.sum()
            loss += float(np.log(total) - z[label])
            p = p / total
            p[label] -= 1
            slopes[:-1] += np.outer(row, p)
            slopes[-1] += p
        losses[step] = loss / len(X)
        W = (W - learning_rate * slopes / len(X)).astype(X.dtype)
    return {"losses": losses, "weights": W}


@wrong(
    "train_softmax_regression", "the sum of the gradients in place of their mean", loses="property"
)
def sum_of_the_gradients(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "the loss is taken after the step", loses="property")
def loss_after_the_step(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for step in range(steps + 1):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        if step:
            losses.append(-log_p[rows, y].mean())
        if step < steps:
            p = np.exp(log_p)
            p[rows, y] -= 1
            W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "softmax without a shift", loses="stress")
def softmax_without_a_shift(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        e = np.exp(A @ W)
        p = e / e.sum(axis=1, keepdims=True)
        losses.append(-np.log(p[rows, y]).mean())
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "the logarithm of a clipped probability", loses="stress")
def clipped_probability(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        z = A @ W
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        losses.append(-np.log(np.maximum(p[rows, y], 1e-12)).mean())
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "softmax first, then log", loses="stress")
def log_of_the_softmax(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        z = A @ W
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            losses.append(-np.log(p[rows, y]).mean())
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "an epsilon in the logarithm", loses="reference")
def epsilon_in_the_log(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        z = A @ W
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        losses.append(-np.log(p[rows, y] + 1e-9).mean())
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "the biases in the first row", loses="contract")
def biases_in_the_first_row(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([np.ones((len(X), 1), X.dtype), X])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "up the hill: the sign of the gradient", loses="gradient")
def up_the_hill(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W += learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "small random weights at the start", loses="property")
def random_start(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W = np.random.default_rng(0).normal(0, 0.01, (A.shape[1], num_classes)).astype(X.dtype)
    losses, rows = [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "stochastic: one sample a step", loses="contract")
def one_sample_a_step(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for step in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        k = step % len(y)
        W -= (learning_rate * np.outer(A[k], p[k])).astype(X.dtype)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "float64 ones make a float64 run of float32", loses="contract")
def float64_ones(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    A = np.hstack([X, np.ones((len(X), 1))])
    W, losses, rows = np.zeros((A.shape[1], num_classes)), [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}


@wrong(
    "train_softmax_regression", "the features are centred in the caller's array", loses="contract"
)
def features_centred_in_place(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y")
    given = X
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    if isinstance(given, np.ndarray):
        given -= given.mean(axis=0).astype(given.dtype)
    return {"weights": W, "losses": np.array(losses)}


@wrong("train_softmax_regression", "a negative label wraps around", loses="bad input")
def negative_label_wraps(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu" or y.max() >= num_classes:
        raise ValueError("y")
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    A = np.hstack([X, np.ones((len(X), 1), X.dtype)])
    W, losses, rows = np.zeros((A.shape[1], num_classes), X.dtype), [], np.arange(len(y))
    for _ in range(steps):
        s = A @ W
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
        p = np.exp(log_p)
        p[rows, y] -= 1
        W -= learning_rate * (A.T @ p) / len(y)
    return {"weights": W, "losses": np.array(losses)}
