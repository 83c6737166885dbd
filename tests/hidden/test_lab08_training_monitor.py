"""What the grader asks of lab 8, monitor a training run: its inputs for each rule, and speed.

All inputs come from ``rng``. Losses and thresholds lie on a grid of 1/64: every sum and difference
is exact, in any order of the operations.

Not graded, because the contract leaves it open
- ``token_log_probs``: a place of only −inf, an empty batch, a target of −100 under a mask.
- ``sequence_log_probs``: L = 0, positive log-probabilities, an ``eos_id`` that is no integer. A
  tuple is asked for by the rule about types alone; a list of two passes the others.
- ``combine_ranks``: counts that are no integers, +inf beside −inf, and products of mean and count
  beyond the largest float. No ranks at all are refused, like ranks without a token.
- ``should_stop``: patience < 1, a negative min_delta, −inf.
- ``flag_outliers``: a kept NaN, a NaN threshold, a mask of other types than bool.
- ``train_softmax_regression``: steps = 0, an empty X, a bad ``num_classes``, ``steps`` or
  ``learning_rate``; the float type of the losses; further keys of the dict. With features × 1000
  the rate is far too large, and the course of the run after two steps hangs on roundings: it is
  asked to be finite and silent, its first two losses to be right."""

import functools
import math
from fractions import Fraction

import inputs
import numpy as np
from inputs import BATCH, INF, TYPES, draw, eighths, far, largest, near
from mpmath import mpf, workdps

from lnnn import digits, exact
from lnnn.suite import oracle
from lnnn.suite.rule import rule

NAN = np.nan
PIXELS, DIGITS = digits.load()


# ------------------------------------------------------------ inputs, and what is right for them
def ended(log_probs, tokens, eos_id):
    """Sequences with their totals and lengths, row by row: math.fsum rounds once."""
    rows, said = np.asarray(log_probs).tolist(), np.asarray(tokens).tolist()
    lengths = [row.index(eos_id) + 1 if eos_id in row else len(row) for row in said]
    totals = [math.fsum(row[:length]) for row, length in zip(rows, lengths, strict=True)]
    return log_probs, tokens, eos_id, totals, lengths


def averaged(means, counts):
    """Ranks with their mean, Σ n μ / Σ n of finite means, rounded once."""
    total = sum(Fraction(float(m)) * int(n) for m, n in zip(means, counts, strict=True))
    return means, counts, float(total / sum(map(int, counts)))


def flagged(log_probs, mask, *threshold):
    """The places to flag, one by one, and the inputs."""
    limit = threshold[0] if threshold else -4.0
    inside = [(b, t) for b, t in np.ndindex(np.shape(mask)) if mask[b][t]]
    return [(b, t) for b, t in inside if log_probs[b][t] < limit], log_probs, mask, *threshold


def trained(x, y, classes, rate=0.5):
    """Samples with the weights and losses of five steps of gradient descent, at fifty digits."""
    run = _exact_run(x.astype(np.float64).tobytes(), tuple(y.tolist()), classes, rate)
    return x, y, classes, rate, *run


@functools.lru_cache(maxsize=1024)
def _exact_run(features, labels, classes, rate):
    x = np.frombuffer(features).reshape(len(labels), -1)
    inputs = exact.to_mpf(np.column_stack([x, np.ones(len(x))]))
    weights, losses = exact.to_mpf(np.zeros((inputs.shape[1], classes))), []
    with workdps(exact.DIGITS):
        for _ in range(5):
            logits = inputs @ weights
            losses.append(exact.cross_entropy(logits, labels))
            weights = weights - mpf(rate) * (inputs.T @ exact.cross_entropy_grad(logits, labels))
    return exact.to_float(weights), exact.to_float(losses)


def draw_batch(rng, shape=(2, 3, 5), scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, L, V) and targets (B, L)."""
    return draw(rng, shape, scale, offset, dtype), rng.integers(0, shape[2], size=shape[:2])


def draw_sequences(rng, shape=(6, 8), tokens=5):
    """Log-probabilities (B, L), tokens (B, L) and the EOS, which is never 0.

    It stands once in each sequence, neither at the first place nor at the last."""
    said, eos = rng.integers(0, tokens, shape), int(rng.integers(1, tokens))
    said[said == eos] = 0
    said[np.arange(shape[0]), rng.integers(1, shape[1] - 1, shape[0])] = eos
    return -rng.exponential(2.0, shape), said, eos


def draw_ranks(rng, ranks=5):
    """Means and counts of ranks, none empty."""
    return -rng.exponential(2.0, ranks), rng.integers(1, 1000, ranks)


def draw_losses(rng, idle=0, steps=5, noise=0):
    """Losses on the grid: steps of at least 17/64 down, then ``idle`` epochs near the last.

    ``noise``: how many 64ths these may lie above or below it."""
    falling = np.cumsum(rng.integers(17, 64, size=steps))
    level = falling[-1] + rng.integers(-noise, noise + 1, size=idle)
    return 8 - np.concatenate([falling, level]) / 64


def both_ways(rng):
    """A plain yes and a plain no, with losses."""
    return [(True, draw_losses(rng, 5)), (False, draw_losses(rng))]


def draw_places(rng, shape=(4, 6)):
    """Log-probabilities, a mask, a threshold: something to flag, something that pads, no ties."""
    log_probs, mask = -rng.integers(0, 640, shape) / 64, rng.random(shape) < 0.7
    log_probs[0, -1] = log_probs[-1, 0] = log_probs[-1, 1] = -9.0
    mask[0, -1], mask[-1, 0], mask[-1, 1] = True, False, True
    return log_probs, mask, -float(rng.integers(128, 384)) / 64 + 1 / 128


def draw_unpadded(rng):
    """Log-probabilities (3, 3) and a mask that keeps all; the places (a, b) and (b, c) are to flag.

    Their list looks the same when it is turned on its side: that has rules of its own."""
    a, b = np.sort(rng.permutation(3)[:2])
    log_probs = -rng.uniform(0, 3, (3, 3))
    log_probs[[a, b], [b, rng.integers(3)]] -= 4.5
    return log_probs, np.ones((3, 3), bool)


def draw_samples(rng, samples=6, features=3, classes=4):
    """A small classification problem: features from 0 to 1, and every class there at least once."""
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, samples - classes)])
    return rng.random((samples, features)), rng.permutation(y)


def draw_easy(rng, dtype=np.float64):
    """Samples of two classes, which the first feature tells apart; all features are 0 or 1."""
    y = rng.permutation([0, 1, 0, 1, *rng.integers(0, 2, 2)])
    return np.column_stack([y, rng.integers(0, 2, 6)]).astype(dtype), y


def draw_images(rng, count=300, scale=1 / 16):
    """(features, labels, other features, their labels); what the classes are called is drawn."""
    order, names = rng.permutation(len(PIXELS)), rng.permutation(10)
    features, labels = PIXELS[order] * scale, names[DIGITS[order]]
    return features[:count], labels[:count], features[count:], labels[count:]


def large_images(rng):
    """Images with pixels up to 1000, then up to 16000, in float32, and their labels."""
    x, y, _, _ = draw_images(rng, 200, 1000 / 16)
    return [((scale * x).astype(np.float32), y) for scale in (1, 16)]


# -------------------------------------------------------------------------------- token_log_probs
def test_each_place_has_the_log_probability_of_its_target(holds, rng):
    for shape in ((2, 3, 5), (1, 4, 3), (4, 1, 6), (3, 3, 3)):
        holds(*draw_batch(rng, shape))


def test_every_place_is_a_distribution_of_its_own(holds, rng):
    logits, shift = eighths(rng)
    holds((logits + shift).reshape(2, 2, 6))


def test_token_scores_agree_with_fifty_digits(holds, rng):
    for logits, targets in inputs.with_ranks(far(rng, (1, 2, 5))):
        holds(logits, targets)


def test_token_scores_agree_with_fifty_digits_in_float32(holds, rng):
    for logits, targets in inputs.with_ranks(far(rng, (1, 2, 5), dtype=np.float32)):
        holds(logits, targets)


def test_token_scores_survive_large_logits(holds, rng):
    ruled_out = draw(rng, (2, 3))
    for row, kept in zip(ruled_out, (2, 1), strict=True):
        row[rng.permutation(3)[kept:]] = -INF
    far = rng.permutation([0.0, 0.0, rng.uniform(900, 1100)])
    for places in (
        np.array([far, near(rng, -1000)]),
        ruled_out,
        *(np.array([largest(rng, dtype), largest(rng, dtype)]) for dtype in TYPES),
    ):
        for target in range(3):
            holds(places[None], np.full((1, 2), target))


# ----------------------------------------------------------------------------- sequence_log_probs
def test_a_sequence_is_summed_up_to_its_first_eos(holds, rng):
    for shape in ((5, 8), (1, 6), (8, 4)):
        holds(*ended(*draw_sequences(rng, shape)))


def test_totals_keep_the_float_type_and_lengths_are_integers(holds, rng):
    log_probs, tokens, eos = draw_sequences(rng)
    for given in (log_probs.astype(np.float32), log_probs, -rng.integers(1, 9, log_probs.shape)):
        holds(*ended(given, tokens, eos))
    holds(*ended(log_probs.tolist(), tokens.tolist(), eos))


def test_sequences_without_an_eos_and_with_one_at_either_end(holds, rng):
    for eos in (0, 4):
        log_probs, tokens = -rng.exponential(2.0, (4, 6)), rng.integers(1, 4, size=(4, 6))
        first, last, *never = rng.permutation(4)
        tokens[first, 0] = tokens[last, 5] = eos
        holds(*ended(log_probs, tokens, eos))
        holds(*ended(log_probs[never], tokens[never], eos))


def test_what_follows_the_eos_has_no_effect(holds, rng):
    log_probs, tokens, eos = draw_sequences(rng)
    tokens[:, 2] = eos
    others, other_tokens = log_probs.copy(), tokens.copy()
    others[:, 3:] = rng.normal(0, 1000, (6, 5))
    other_tokens[:, 3:] = rng.integers(0, 5, (6, 5))
    other_tokens[::2, 5] = eos
    holds(ended(log_probs, tokens, eos), others, other_tokens)


def test_totals_agree_with_the_exact_ones(holds, rng):
    for size, dtype in ((1000, np.float64), (100, np.float32)):
        for scale in (1e-3, 1.0, 1e4):
            log_probs = (-scale * rng.exponential(2.0, (4, size))).astype(dtype)
            # A huge value behind the EOS spoils the digits of a difference of sums.
            tokens = rng.integers(0, 50, (4, size))
            tokens[0, size // 2] = tokens[1, size - 2] = 50
            tokens[2:, -1] = 50
            log_probs[0, size // 2 + 1] = log_probs[1, size - 1] = -1e20
            holds(*ended(log_probs, tokens, 50))


# ---------------------------------------------------------------------------------- combine_ranks
def test_a_rank_weighs_as_much_as_it_has_tokens(holds, rng):
    for ranks in (2, 3, 8):
        holds(*averaged(*draw_ranks(rng, ranks)))
    means, counts = draw_ranks(rng, 4)
    holds(*averaged(means.tolist(), counts.tolist()))


def test_the_combined_mean_is_a_float(holds, rng):
    for ranks in (5, 1):
        holds(*averaged(*draw_ranks(rng, ranks)))


def test_ranks_combine_in_any_order_and_in_stages(holds, rng):
    holds(*averaged(*draw_ranks(rng, 6)), rng.permutation(6), 2)


def test_the_combined_mean_agrees_with_the_exact_one(holds, rng):
    for ranks in (1, 4, 100):
        holds(*averaged(*draw_ranks(rng, ranks)))
    holds(*averaged(-rng.exponential(2.0, 3), rng.permutation([1, 10**6, 10**12])))
    counts = rng.integers(10**9, 2 * 10**9, 3).astype(np.int32)
    holds(*averaged(rng.permutation(np.array([-2, -7, -5], np.int32)), counts))
    means, counts = draw_ranks(rng)
    holds(*averaged(means.astype(np.float32), counts))


def test_counts_that_make_no_mean_are_refused(holds, rng):
    for counts in ([0, 0], [5, -1], [-1, 0, 1], []):
        means = draw_ranks(rng, len(counts))[0]
        holds(averaged(*draw_ranks(rng)), means, rng.permutation(np.array(counts, dtype=int)))
    holds(averaged(*draw_ranks(rng)), np.array([NAN]), np.array([0]))
    for ranks, others in ((3, 1), (1, 3), (3, 2)):
        holds(averaged(*draw_ranks(rng)), draw_ranks(rng, ranks)[0], draw_ranks(rng, others)[1])


# ------------------------------------------------------------------------------------ should_stop
def test_a_run_stops_after_patience_epochs_without_progress(holds, rng):
    for decision in both_ways(rng):
        holds(*decision)
    for patience in (1, 2, 3, 5) * 6:
        # That exactly patience epochs are enough has a rule of its own.
        idle = int(rng.choice([n for n in range(8) if n != patience]))
        losses = draw_losses(rng, idle, int(rng.integers(2, 7)), noise=7)
        holds(idle > patience, losses, min_delta=0.25, patience=patience)


def test_the_decision_is_a_bool(holds, rng):
    low, whole = draw_losses(rng, steps=3)[-1], int(rng.integers(2, 8))
    for wanted, given in (
        (True, low + np.array([1, 0, -0.005, -0.005, -0.005, -0.005])),
        (False, low + np.array([1, 0, -0.005, -0.005])),
        (False, low + np.array([1, 0, 0, 0, -0.015])),
        (True, whole + np.array([1, -1, 0, 0, 0, 0])),
    ):
        for losses in (given.tolist(), given, given.astype(np.float32)):
            holds(wanted, losses)
    holds(True, low + np.array([2, 1.5, 1.5, 1.5]), 1.0, 2)


def test_small_steps_add_up(holds, rng):
    for _ in range(3):
        step, start = int(rng.integers(4, 9)), int(rng.integers(640, 1280))
        slow = (start - step * np.arange(20)) / 64
        # Progress every third or fourth epoch.
        for rate, patience in ((2.5, 3), (3.5, 4)):
            for epochs in (9, 10, 11, 12):
                holds(False, slow[:epochs], min_delta=rate * step / 64, patience=patience)
        holds(True, slow[:3], min_delta=1.0, patience=1)
        # A worse loss is no new reference.
        holds(True, slow[0] + np.array([0, 2, 1, 0]), min_delta=0.5, patience=2)


def test_only_the_count_at_the_end_decides(holds, rng):
    for patience in (1, 2, 4):
        high, low, lowest = draw_losses(rng, steps=3)
        history = [high] * (int(rng.integers(patience, 8)) + 1) + [low] * patience
        for wanted, after in ((False, []), (True, [low, low]), (False, [lowest])):
            holds(wanted, np.array(history + after), min_delta=0.25, patience=patience)


def test_exactly_patience_epochs_are_enough(holds, rng):
    for patience in (1, 2, 3, 6):
        high, low = draw_losses(rng, steps=2)
        level = np.array([high] + [low] * (patience + 1))
        holds(level, patience)
        # The same without any progress: the first loss stays the reference.
        holds(level[1:], patience)


def test_short_histories_and_infinite_losses(holds, rng):
    for decision in both_ways(rng):
        holds(*decision)
    low, high = rng.uniform(0.5, 1), rng.uniform(2, 3)
    for losses in ([], np.array([])):
        holds(False, losses)
        holds(False, losses, patience=1)
    holds(False, np.array([low]), patience=1)
    holds(False, np.array([INF, low]), patience=1)
    holds(True, np.array([low, INF, INF]), patience=1)
    holds(False, np.array([INF, low, high]), patience=2)


def test_a_nan_among_the_losses_is_refused(holds, rng):
    for size, places in ((1, [0]), (3, [0]), (4, [1]), (3, [2]), (3, [0, 1, 2])):
        losses = draw_losses(rng, steps=size)
        losses[places] = NAN
        holds(draw_losses(rng, 5), draw_losses(rng), losses)


# ---------------------------------------------------------------------------------- flag_outliers
def test_the_places_below_the_threshold_are_listed(holds, rng):
    for shape in ((4, 6), (1, 9), (7, 3)):
        holds(*flagged(*draw_places(rng, shape)))
    holds(*flagged(*draw_unpadded(rng)))


def test_the_places_come_in_reading_order(holds, rng):
    for shape in ((4, 6), (7, 3)):
        holds(*flagged(*draw_places(rng, shape)))


def test_the_answer_is_an_integer_array_of_pairs(holds, rng):
    log_probs, mask = -rng.exponential(1.0, (3, 4)) - 4.5, np.ones((3, 4), bool)
    holds(*flagged(log_probs, mask))
    holds(*flagged(log_probs + 100, mask))
    holds(*flagged(log_probs.tolist(), mask.tolist()))


def test_padding_is_never_flagged(holds, rng):
    for threshold in (-4.0, -0.5, 1.0):
        log_probs, mask = -rng.exponential(4.0, (4, 5)), np.ones((4, 5), bool)
        log_probs[:2, 0] = -6.0
        mask[0, 2:] = mask[2, 1] = mask[3, :] = False
        log_probs[0, 2:], log_probs[2, 1] = (-100.0, -INF, NAN), NAN
        order = rng.permutation(4)
        holds(*flagged(log_probs[order], mask[order], threshold))


# ----------------------------------------------------------------------- train_softmax_regression
def test_the_weights_are_those_of_full_batch_gradient_descent(holds, rng):
    holds(*trained(*draw_samples(rng), 4))
    holds(*trained(*draw_samples(rng, 5, 1, 2), 2, 0.4))


def test_each_loss_is_the_mean_before_its_step(holds, rng):
    for samples in ((*draw_samples(rng), 4), (*draw_samples(rng, 5, 1, 2), 2, 0.4)):
        *inputs, _, losses = trained(*samples)
        holds(*inputs, losses)


def test_the_defaults_are_two_hundred_steps_of_a_half(holds, rng):
    holds(*draw_easy(rng))


def test_the_loss_on_digits_starts_at_ln_ten_and_falls(holds, rng):
    holds(*draw_images(rng)[:2])


def test_it_reads_digits_that_it_has_not_seen(holds, rng):
    holds(*draw_images(rng))


def test_the_run_does_not_depend_on_copies_and_order(holds, rng):
    x, y = draw_samples(rng)
    holds(*trained(x, y, 4), rng.permutation(np.tile(np.arange(len(y)), 2)))


def test_the_first_step_is_the_gradient_at_zero(holds, rng):
    for rate in (0.5, 2.0):
        x, y = draw_samples(rng, 7, 2, 3)
        inputs = np.column_stack([x, np.ones(7)])
        sums = [[math.fsum(c * ((k == y) - 1 / 3)) for k in range(3)] for c in inputs.T]
        holds(x, y, 3, rate, rate / 7 * np.array(sums))


def test_the_run_agrees_with_fifty_digits(holds, rng):
    x, y = draw_samples(rng)
    holds(*trained(x, y, 4))
    holds(*trained(*draw_samples(rng, 4, 2, 3), 3, 0.125))
    holds(*trained(x.astype(np.float32), y, 4))


def test_large_features_leave_everything_finite(holds, rng):
    for images in large_images(rng):
        holds(draw_easy(rng), *images)


def test_the_losses_of_large_features_are_right(holds, rng):
    for x, y in large_images(rng):
        inputs = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
        weights = 0.5 / len(y) * (inputs.T @ (np.eye(10)[y] - 0.1))
        holds(x, y, float(oracle.cross_entropy(inputs @ weights, y)))


# ------------------------------------------------------------------------------ several functions
def test_the_float_type_is_kept(holds, function, rng):
    if function == "token_log_probs":
        small = inputs.wrapping(rng)[None, None]
        whole = (rng.integers(-3, 4, size=(2, 2, 4)), rng.integers(0, 4, size=(2, 2)))
        drawn = [draw_batch(rng, dtype=dtype) for dtype in TYPES]
        drawn += [(small, rng.integers(0, 3, (1, 1))), whole]
    else:
        drawn = [draw_easy(rng, dtype) for dtype in (*TYPES, np.uint8, np.int64)]
    kinds = (np.int64, np.uint8, np.int16, np.int32)
    drawn = [(x, y.astype(kind)) for (x, y), kind in zip(drawn, kinds, strict=True)]
    for arrays in (*drawn, tuple(array.tolist() for array in drawn[-1])):
        holds(*arrays)


def test_what_does_not_count_has_no_effect(holds, function, rng):
    if function == "sequence_log_probs":
        for dtype in TYPES:
            log_probs, tokens, eos = draw_sequences(rng, (3, 5))
            after = np.arange(5) > np.argmax(tokens == eos, axis=1)[:, None]
            log_probs = np.where(after, rng.permutation([[NAN], [-INF], [NAN]]), log_probs)
            holds(*ended(log_probs.astype(dtype), tokens, eos))
        return
    for empty in ([NAN], [INF], [-INF], [-1e300], [-3.0], [NAN, NAN]):
        means, counts, mean = averaged(*draw_ranks(rng, 3 - len(empty)))
        order = rng.permutation(3)
        means, counts = np.append(means, empty), np.append(counts, [0] * len(empty))
        holds(means[order], counts[order], mean)


def test_what_counts_is_not_hidden(holds, function, rng):
    if function == "sequence_log_probs":
        log_probs, tokens, eos = draw_sequences(rng, (3, 5))
        log_probs[0, 0], log_probs[1, 1], log_probs[2, 4] = NAN, -INF, NAN
        order = rng.permutation(3)
        holds(*ended(log_probs[order], tokens[order], eos))
        return
    means, counts = draw_ranks(rng, 3)
    holds(*averaged(means, counts))
    one = np.arange(3) == rng.integers(3)
    for broken in (NAN, -INF):
        holds(np.where(one, broken, means), np.where(one, 1, counts), broken)


def test_below_is_meant_strictly(holds, function, rng):
    if function == "should_stop":
        for decision in both_ways(rng):
            holds(*decision)
        for delta in (int(rng.integers(8, 32)) / 64, 0.0):
            start = draw_losses(rng, steps=1)[0]
            edge = start - delta
            holds(True, np.array([start, edge, edge, edge]), delta, 2)
            holds(False, np.array([start, start, edge - 2.0**-40]), delta, 2)
        return
    drawn = -float(rng.integers(128, 384)) / 64
    for threshold, dtype in (((), np.float64), ((drawn,), np.float64), ((drawn,), np.float32)):
        edge = dtype(*threshold or (-4.0,))
        values = [edge, np.nextafter(edge, dtype(-INF)), np.nextafter(edge, dtype(INF)), -INF]
        values = rng.permutation([*values, edge - rng.uniform(1, 2), edge + rng.uniform(1, 2)])
        holds(*flagged(values.astype(dtype).reshape(2, 3), np.ones((2, 3), bool), *threshold))


def test_what_is_no_class_is_refused(holds, function, rng):
    if function == "token_log_probs":
        logits, targets = draw_batch(rng, (2, 3, 3))
        for bad in inputs.no_classes(rng, targets):
            holds((logits, targets), (logits, bad))
        for shape in ((2, 2), (3, 3), (1, 3), (2, 1), (3,), (6,)):
            logits, targets = draw_batch(rng, (2, 3, 4))
            holds((logits, targets), (logits, rng.integers(0, 4, shape)))
        return
    for bad in inputs.no_classes(rng, rng.permutation(3)):
        holds(draw_easy(rng), (rng.random((3, 2)), bad, 3, 2))
    for labels in ([0, 1], [0, 1, 2, 0], [1]):
        holds(draw_easy(rng), (rng.random((3, 2)), rng.permutation(labels), 3, 2))


def test_another_shape_is_refused(holds, function, rng):
    for shape in ((1, 4), (3, 1), (3, 3), (2, 4), (4,)):
        log_probs, tokens, eos = draw_sequences(rng, (3, 4))
        if function == "sequence_log_probs":
            holds(ended(log_probs, tokens, eos), (log_probs, np.full(shape, eos), eos))
        else:
            holds(flagged(*draw_unpadded(rng)), (log_probs, np.ones(shape, bool)))


def test_the_arguments_are_left_alone(holds, function, rng):
    (means, counts), empty = draw_ranks(rng), np.arange(5) == rng.integers(5)
    drawn = {
        "token_log_probs": [draw_batch(rng)],
        "sequence_log_probs": [ended(*draw_sequences(rng))],
        "combine_ranks": [averaged(means, counts)],
        "should_stop": both_ways(rng),
        "flag_outliers": [flagged(*draw_unpadded(rng))],
        "train_softmax_regression": [draw_easy(rng)],
    }
    # An empty rank, padding and features that are not 0 or 1 tempt to write.
    more = {
        "combine_ranks": (np.where(empty, NAN, means), np.where(empty, 0, counts)),
        "flag_outliers": draw_places(rng),
        "train_softmax_regression": (*draw_samples(rng), 4, 5),
    }
    for arrays in drawn[function]:
        holds(*arrays, then=more.get(function))


MOST = {"token_log_probs": 1.55, "sequence_log_probs": 1.2, "flag_outliers": 4.1}


def in_reading_order(places):
    """The rows of a list of places, sorted: their order has a rule of its own."""
    places = np.asarray(places)
    return places[np.lexsort(places.T[::-1])]


@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_batch_takes_numpy_time(lab, function, rng):
    """A large batch takes NumPy time, not a Python loop over its places

    Work on the whole array at once: one log-softmax and one call that picks; one comparison with
    the EOS; one with the threshold, and one call that lists the places. A loop over the sequences
    that sums slices of the array is fine, one over tokens or over lists of them is not."""

    def drawn():
        if function == "token_log_probs":
            logits, targets = draw_batch(rng, (3, 5, BATCH[1]))
            scores = inputs.log_softmax(logits)
            return (logits, targets), np.take_along_axis(scores, targets[..., None], 2)[..., 0]
        log_probs, tokens = -rng.exponential(2.0, BATCH), rng.integers(0, 9, BATCH)
        if function == "flag_outliers":
            return (log_probs, tokens > 0, -8.0), np.argwhere((tokens > 0) & (log_probs < -8))
        tokens[:, -3] = 9
        return (log_probs, tokens, 9), (log_probs[:, :-2].sum(axis=1), np.full(BATCH[0], 998))

    seen_as = in_reading_order if function == "flag_outliers" else np.array
    inputs.takes_numpy_time(lab, function, drawn, MOST[function], seen_as)
