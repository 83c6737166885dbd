"""Answers to lab 8. Each stands alone: it calls no other function of the lab."""

import math

import numpy as np

from . import Bank

BANK = Bank(__name__)
helper, right, wrong = BANK.helper, BANK.right, BANK.wrong


@helper
def batch(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1] or targets.dtype.kind not in "iu":
        raise ValueError("targets must be integers, one for each place of the logits")
    if targets.min() < 0 or targets.max() >= z.shape[-1]:
        raise ValueError("targets must lie between 0 and V - 1")
    return z if z.dtype.kind == "f" else z.astype(np.float64), targets


@helper
def sequences(log_probs, tokens):
    x, tokens = np.asarray(log_probs), np.asarray(tokens)
    if tokens.shape != x.shape:
        raise ValueError("tokens and log_probs differ in shape")
    return x if x.dtype.kind == "f" else x.astype(np.float64), tokens


@helper
def ranks(means, counts):
    means, counts = np.asarray(means, float), np.asarray(counts)
    if means.shape != counts.shape:
        raise ValueError("counts and means differ in length")
    if (counts < 0).any() or not (counts > 0).any():
        raise ValueError("counts must be at least 0, and one of them above")
    return means, counts


@helper
def places(log_probs, mask):
    log_probs, mask = np.asarray(log_probs), np.asarray(mask, dtype=bool)
    if log_probs.shape != mask.shape:
        raise ValueError("mask and log_probs differ in shape")
    return log_probs, mask


@helper
def samples(X, y, num_classes):
    X, y = np.asarray(X), np.asarray(y)
    if y.shape != X.shape[:1] or y.dtype.kind not in "iu":
        raise ValueError("y must hold integers, one for each sample of X")
    if y.min() < 0 or y.max() >= num_classes:
        raise ValueError("y must hold classes")
    return X if X.dtype.kind == "f" else X.astype(float), y


# -------------------------------------------------------------------------------- token_log_probs
@right("token_log_probs", "a whole log-softmax, then indices with np.ogrid")
def log_softmax_and_ogrid(logits, targets):
    z, targets = batch(logits, targets)
    z = z - z.max(axis=2, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=2, keepdims=True))
    b, t = np.ogrid[: z.shape[0], : z.shape[1]]
    return log_p[b, t, targets]


@right("token_log_probs", "flattened to (B·L, V), np.logaddexp.reduce of shifted logits")
def flattened_logaddexp(logits, targets):
    z, targets = batch(logits, targets)
    flat = z.reshape(-1, z.shape[2])
    flat = flat - flat.max(axis=1)[:, None]
    picked = flat[np.arange(len(flat)), targets.reshape(-1)]
    return (picked - np.logaddexp.reduce(flat, axis=1)).reshape(targets.shape)


@right("token_log_probs", "one place at a time, float64 inside")
def place_by_place(logits, targets):
    given, targets = np.asarray(logits), np.asarray(targets)
    if given.shape[:2] != targets.shape:
        raise ValueError("targets and logits do not fit")
    z = given.astype(np.float64)
    out = np.empty(targets.shape, given.dtype if given.dtype.kind == "f" else np.float64)
    for b in range(z.shape[0]):
        for t, target in enumerate(targets[b].tolist()):
            if type(target) is not int or not 0 <= target < z.shape[2]:
                raise ValueError(f"target {target} is no class")
            below = z[b, t] - z[b, t].max()
            out[b, t] = below[target] - math.log(np.exp(below).sum())
    return out


@right("token_log_probs", "a one-hot choice with np.where and a sum")
def onehot_choice(logits, targets):
    z, targets = np.asarray(logits), np.asarray(targets)
    if targets.shape != z.shape[:-1]:
        raise ValueError("targets: another shape than the logits")
    hit = targets[..., None] == np.arange(z.shape[-1])
    if targets.dtype.kind not in "iu" or not hit.any(axis=-1).all():
        raise ValueError("targets: not all are classes")
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    s = z - z.max(-1, keepdims=True)
    return np.where(hit, s, 0).sum(-1) - np.log(np.exp(s).sum(-1))


log_softmax_and_ogrid.edits("""
    contract: minus the log-probability, a loss
    - return log_p
    + return -log_p
    stress: softmax first, then log
    - z - np.log(np.sum(np.exp(z), axis=2, keepdims=True))
    + np.log(np.exp(z) / np.sum(np.exp(z), axis=2, keepdims=True))
    property: normalised over the sequence and not over the classes
    - z.max(axis=2
    + z.max(axis=1
    - np.exp(z), axis=2
    + np.exp(z), axis=1
    reference: the maximum is added back: LSE(z) − z
    - z = z - z.max(axis=2, keepdims=True)
    - log_p = z - np.log(np.sum(np.exp(z), axis=2, keepdims=True))
    + m = z.max(axis=2, keepdims=True)
    + log_p = z - (m + np.log(np.sum(np.exp(z - m), axis=2, keepdims=True)))
    property: one maximum for the whole batch
    - z.max(axis=2, keepdims=True)
    + z.max()
    bad input: whole floats and booleans pass
    - z, targets = batch(logits, targets)
    + z, targets = batch(logits, np.asarray(targets).astype(int))
    bad input: a target of −1 or −100 wraps around or is clipped
    - z, targets = batch(logits, targets)
    + z, targets = batch(logits, np.maximum(targets, 0))
    contract: float32 becomes float64
    - z if z.dtype.kind == "f" else z.astype(np.float64)
    + z.astype(np.float64)
""")


@wrong("token_log_probs", "a float added to every element, one at a time", "stress")
def element_by_element(logits, targets):
    z, targets = batch(logits, targets)
    out = np.empty(targets.shape, z.dtype)
    for b, t in np.ndindex(targets.shape):
        top, total = z[b, t].max(), z.dtype.type(0)
        for k in range(z.shape[2]):
            total += np.exp(z[b, t, k] - top)
        out[b, t] = (z[b, t, targets[b, t]] - top) - np.log(total)
    return out


# ----------------------------------------------------------------------------- sequence_log_probs
@right("sequence_log_probs", "one sequence at a time, slices that are summed")
def row_by_row(log_probs, tokens, eos_id):
    x, tokens = sequences(log_probs, tokens)
    totals, lengths = [], []
    for row, said in zip(x, tokens, strict=True):
        length = next(iter(np.flatnonzero(said == eos_id) + 1), len(said))
        lengths.append(length)
        totals.append(row[:length].sum(dtype=np.float64))
    return np.array(totals, dtype=x.dtype), np.array(lengths)


@right("sequence_log_probs", "cumsum of the EOS seen before, sum with where=")
def eos_seen_before(log_probs, tokens, eos_id):
    x, tokens = sequences(log_probs, tokens)
    ends = tokens == eos_id
    kept = np.cumsum(ends, axis=1) - ends == 0
    return np.sum(x, axis=1, where=kept), kept.sum(axis=1)


@right("sequence_log_probs", "running sums, picked at the last token that counts")
def running_sums(log_probs, tokens, eos_id):
    x, tokens = sequences(log_probs, tokens)
    ends = tokens == eos_id
    ends = np.concatenate([ends[:, :-1], np.ones((len(ends), 1), bool)], axis=1)
    last = ends.argmax(axis=1)
    return np.cumsum(x, axis=1)[np.arange(len(x)), last], (last + 1).astype(np.int32)


@right("sequence_log_probs", "np.logical_or.accumulate, and a copy with zeros written in")
def accumulated_or(log_probs, tokens, eos_id):
    x, tokens = sequences(np.array(log_probs, copy=True), tokens)
    over = np.zeros(tokens.shape, bool)
    over[:, 1:] = np.logical_or.accumulate(tokens == eos_id, axis=1)[:, :-1]
    x[over] = 0
    return x.sum(axis=1), np.count_nonzero(~over, axis=1)


eos_seen_before.edits("""
    contract: the EOS itself is left out
    - np.cumsum(ends, axis=1) - ends == 0
    + np.cumsum(ends, axis=1) == 0
    property: argmax alone: no EOS looks like one at the first place
    + np.arange(x.shape[1]) <= ends.argmax(axis=1)[:, None]
    property: up to the last EOS
    + np.cumsum(ends[:, ::-1], axis=1)[:, ::-1] > 0
    + kept |= ~ends.any(axis=1)[:, None]
    property: every token that is not the EOS, and the first EOS
    + ~ends | (np.cumsum(ends, axis=1) == 1)
    stress: masked by multiplication: NaN·0
    - np.sum(x, axis=1, where=kept)
    + (x * kept.astype(x.dtype)).sum(axis=1)
    stress: np.nansum hides a NaN that counts
    + np.nansum(np.where(kept, x, 0), axis=1)
    contract: the mean per token
    + np.mean(x, axis=1, where=kept)
    reference: all minus what follows: a difference of two sums
    + x.sum(axis=1) - np.sum(x, axis=1, where=~kept)
    property: an EOS of 0 counts as none given
    - tokens == eos_id
    + (tokens == eos_id) & bool(eos_id)
    contract: float64 totals and float lengths
    - np.sum(x, axis=1, where=kept), kept.sum(axis=1)
    + np.sum(x, axis=1, where=kept, dtype=np.float64), kept.sum(axis=1).astype(float)
    contract: zeros written into the caller's array
    - return np.sum(x, axis=1, where=kept)
    + x[~kept] = 0
    + return x.sum(axis=1)
    bad input: one row of tokens is stretched over the batch
    - x, tokens = sequences(log_probs, tokens)
    + x, tokens = sequences(log_probs, np.broadcast_to(tokens, np.shape(log_probs)))
""")


@wrong("sequence_log_probs", "token after token", "stress")
def token_after_token(log_probs, tokens, eos_id):
    x, tokens = sequences(log_probs, tokens)
    totals, lengths = np.zeros(len(x), x.dtype), np.zeros(len(x), int)
    for b in range(x.shape[0]):
        for t in range(x.shape[1]):
            totals[b] += x[b, t]
            lengths[b] += 1
            if tokens[b, t] == eos_id:
                break
    return totals, lengths


# ---------------------------------------------------------------------------------- combine_ranks
@right("combine_ranks", "np.average over the ranks that have tokens")
def average_of_busy_ranks(means, counts):
    means, counts = ranks(means, counts)
    busy = counts > 0
    return float(np.average(means[busy], weights=counts[busy]))


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
    means, counts = ranks(means, np.asarray(counts, np.float64))
    return np.dot(counts / counts.sum(), np.where(counts > 0, means, 0.0))


average_of_busy_ranks.edits("""
    contract: the mean of the means
    - np.average(means[busy], weights=counts[busy])
    + means[busy].mean()
    stress: NaN times 0
    + np.average(means, weights=counts)
    stress: a NaN becomes 0 with nan_to_num
    + np.average(np.nan_to_num(means), weights=counts)
    contract: divided by the number of ranks
    + (means[busy] * counts[busy]).sum() / len(means)
    stress: every NaN is left out, also of a rank with tokens
    - busy = counts > 0
    + busy = (counts > 0) & ~np.isnan(means)
    reference: integers multiplied as integers
    - np.asarray(means, float)
    + np.asarray(means)
    - np.average(means[busy], weights=counts[busy])
    + (means[busy] * counts[busy]).sum() / counts.sum()
    bad input: no token at all gives 0.0
    - (counts < 0).any() or not (counts > 0).any()
    + (counts < 0).any()
    - np.average(means[busy], weights=counts[busy])
    + (means[busy] * counts[busy]).sum() / max(counts.sum(), 1)
    bad input: a negative count passes as an empty rank
    - (counts < 0).any() or not (counts > 0).any()
    + not (counts > 0).any()
""")


# ------------------------------------------------------------------------------------ should_stop
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


best_minus_loss.edits("""
    property: compared with the epoch before
    - idle = idle + 1
    + best, idle = loss, idle + 1
    property: every better loss is the new reference
    + best, idle = min(best, loss), idle + 1
    property: returns as soon as the count is reached once
    + idle = idle + 1
    + if idle >= patience:
    +     return np.bool_(True)
    contract: the direction of log-probabilities
    - best - loss > min_delta
    + loss - best > min_delta
    stress: ≤ in place of <
    + best - loss >= min_delta
    stress: > patience in place of ≥
    - idle >= patience
    + idle > patience
    property: the count is never set back
    - best, idle = loss, 0
    + best = loss
    bad input: an idle epoch by NaN
    - if np.isnan(np.asarray(losses, dtype=float)).any():
    + if False:
    stress: an IndexError without losses
    - best, idle = None, 0
    + best, idle = losses[0], -1
    contract: returns the count
    - np.bool_(best
    + int(best
""")


# ---------------------------------------------------------------------------------- flag_outliers
@right("flag_outliers", "np.nonzero, stacked as columns")
def nonzero_in_columns(log_probs, mask, threshold=-4.0):
    log_probs, mask = places(log_probs, mask)
    return np.column_stack(np.nonzero(mask & (log_probs < threshold)))


@right("flag_outliers", "one sequence at a time, a list of pairs")
def list_of_pairs(log_probs, mask, threshold=-4.0):
    log_probs, mask = places(log_probs, mask)
    pairs = []
    for b, (row, kept) in enumerate(zip(log_probs, mask, strict=True)):
        pairs += [(b, t) for t in np.flatnonzero(kept & (row < threshold))]
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


@right("flag_outliers", "padding set to +inf, flat places taken apart by divmod")
def flat_places(log_probs, mask, threshold=-4.0):
    log_probs, mask = places(log_probs, mask)
    flat = np.flatnonzero(np.where(mask, log_probs, np.inf) < threshold)
    return np.stack(divmod(flat, log_probs.shape[1]), axis=1)


nonzero_in_columns.edits("""
    property: the mask is forgotten
    - mask & (log_probs < threshold)
    + log_probs < threshold
    property: padding set to 0, which may lie below the threshold
    + np.where(mask, log_probs, 0.0) < threshold
    property: padding multiplied away, with NaN and a warning
    + log_probs * mask < threshold
    contract: True in the mask is taken for padding
    - mask & (
    + ~mask & (
    stress: −inf counts as padding
    + mask & np.isfinite(log_probs) & (
    contract: two arrays, one for each axis
    - np.column_stack(
    + np.array(
    contract: column by column
    - np.column_stack(np.nonzero(mask & (log_probs < threshold)))
    + np.argwhere((mask & (log_probs < threshold)).T)[:, ::-1].copy()
    contract: an empty list becomes a float array of shape (0,)
    + np.array(np.argwhere(mask & (log_probs < threshold)).tolist())
    stress: ≤ in place of <
    - log_probs < threshold
    + log_probs <= threshold
    contract: the padding of the caller's array is overwritten
    - return np.column_stack(
    + log_probs[~mask] = np.inf
    + return np.column_stack(
    bad input: a mask of one row is stretched over the batch
    - if log_probs.shape != mask.shape:
    + if False:
""")


@wrong("flag_outliers", "one place at a time", "stress")
def place_after_place(log_probs, mask, threshold=-4.0):
    log_probs, mask = places(log_probs, mask)
    pairs = []
    for b, t in np.ndindex(mask.shape):
        if mask[b, t] and log_probs[b, t] < threshold:
            pairs.append((b, t))
    return np.array(pairs, dtype=int).reshape(-1, 2)


# ----------------------------------------------------------------------- train_softmax_regression
@right("train_softmax_regression", "weights and biases apart, joined at the end")
def weights_and_biases_apart(X, y, num_classes, steps=200, learning_rate=0.5):
    X, y = samples(X, y, num_classes)
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
    given, y = samples(X, y, num_classes)
    A = np.c_[given.astype(np.float64), np.ones(len(y))]
    W, losses = np.zeros((A.shape[1], num_classes)), []
    for _ in range(steps):
        z = A @ W
        log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        losses.append(float(-np.mean(np.take_along_axis(log_p, y[:, None].astype(int), 1))))
        p = np.exp(log_p)
        W = W - learning_rate * np.einsum("nd,nv->dv", A, p - np.eye(num_classes)[y]) / len(y)
    return {"weights": W.astype(given.dtype), "losses": np.array(losses), "steps": steps}


@right("train_softmax_regression", "one sample at a time, gradients added up")
def sample_by_sample(X, y, num_classes, steps=200, learning_rate=0.5):
    X = np.asarray(X)
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    labels = np.asarray(y).tolist()
    if len(labels) != len(X):
        raise ValueError("y: one label for each sample of X")
    if not all(type(k) is int and 0 <= k < num_classes for k in labels):
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


weights_and_biases_apart.edits("""
    property: the sum of the gradients in place of their mean
    - (e / total - onehot) / X.dtype.type(len(y))
    + e / total - onehot
    property: the loss is taken after the step
    - for k in range(steps):
    + for k in range(steps + 1):
    - losses[k] =
    + losses[k - 1] =
    - g = (e
    + if k == steps:
    +     break
    + g = (e
    stress: softmax without a shift
    - z = z - z.max(axis=1, keepdims=True)
    stress: the logarithm of a clipped probability
    - np.mean(np.log(total[:, 0]) - z[np.arange(len(y)), y])
    + -np.log(np.maximum((e / total)[np.arange(len(y)), y], 1e-12)).mean()
    reference: an epsilon in the logarithm
    + -np.log((e / total)[np.arange(len(y)), y] + 1e-9).mean()
    stress: softmax first, then log
    - losses[k] = np.mean(np.log(total[:, 0]) - z[np.arange(len(y)), y])
    + with np.errstate(divide="ignore"):
    +     losses[k] = -np.log((e / total)[np.arange(len(y)), y]).mean()
    contract: the biases in the first row
    - [W, b]
    + [b, W]
    gradient: up the hill: the sign of the gradient
    - W - learning_rate
    + W + learning_rate
    - b - learning_rate
    + b + learning_rate
    property: small random weights at the start
    - W = np.zeros((X.shape[1], num_classes), X.dtype)
    + W = np.random.default_rng(0).normal(0, 0.01, (X.shape[1], num_classes)).astype(X.dtype)
    contract: stochastic: one sample a step
    - / X.dtype.type(len(y))
    + * (np.arange(len(y)) == k % len(y))[:, None]
    contract: the features are centred in the caller's array
    - return {
    + X -= X.mean(axis=0)
    + return {
    bad input: whole floats and booleans pass
    - X, y = samples(X, y, num_classes)
    + X, y = samples(X, np.asarray(y).astype(int), num_classes)
    bad input: a negative label wraps around
    - y.min() < 0 or y.max()
    + y.max()
""")
float64_inside.edits("""
    contract: float64 ones make a float64 run of float32
    - given.astype(np.float64)
    + given
    - W.astype(given.dtype)
    + W
""")
