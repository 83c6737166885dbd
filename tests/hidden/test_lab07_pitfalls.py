"""What the grader asks of lab 7, pitfalls: its inputs for each rule, and one rule more.

All inputs come from ``rng``, stress inputs too. While the fault of a function is in, its other
rules don't count: ``before_each`` looks for it with inputs that no other mistake gets wrong.

What the contract leaves open, and how it is read here
- Targets are refused below 0, above 1 and for NaN. Their sum is neither checked nor mended. q > 0
  at a logit of −inf costs +inf. Nor do the probabilities of ``kl_divergence`` have to sum to 1.
- A label counts as bad only where the mask keeps it. A mask of integers is not graded.
- q = 0 < p is +inf whenever log p is finite, also if e^(log p) underflows: the logarithm is what
  was given. A log-probability above 0 and NaN are refused; one of a few eps above 0 is not graded.
- Shapes of log_p and log_q that broadcast are not graded, shapes that do not are refused.
- ``eps`` is rounded to the type of p first. Above 1 it is not graded, nor is p outside [0, 1]. A
  NaN in p stays NaN.
- ``half_precision_cross_entropy`` is graded with float16 logits alone. A row of only −inf and an
  empty axis of ``kl_divergence`` are not graded."""

import contextlib
import copy
import math

import inputs
import numpy as np
from inputs import BATCH, HUGE, INF, TYPES, draw, largest, near, replaced

from lnnn.labs.lab07_pitfalls.rules import CLIPPED, HALF, KL, SEQUENCE, SOFT, roughly
from lnnn.suite import oracle
from lnnn.suite.lab import StudentError
from lnnn.suite.rule import given, rule
from lnnn.suite.runner import NotCountedError

NAN = np.nan
MOST = {SOFT: 4.6, SEQUENCE: 2.1, HALF: 1.7, KL: 4.3, CLIPPED: 1.25}
LN_2992 = {"wanted": math.log(2992), "relative": 1e-4, "absolute": 0.0}

PROBES = {
    # 0·(−∞): a target of 0 where the logit is −inf.
    SOFT: given(
        np.array([[1.0, 2.0, 3.0, -INF], [-INF, 0.5, 0.0, 1.0]]),
        np.array([[0.25, 0.25, 0.5, 0.0], [0.0, 0.25, 0.5, 0.25]]),
    ),
    # A mean of means: three tokens in one sequence, one in the other, harmless padding.
    SEQUENCE: given(
        np.array([[[1.0, 2.0], [0.0, 3.0], [2.0, -1.0]], [[0.5, 4.0], [0.0, 0.0], [1.0, 1.0]]]),
        np.array([[0, 1, 1], [0, 0, 0]]),
        np.array([[True, True, True], [True, False, False]]),
    ),
    # Arithmetic of float16: ln 2992 lies halfway between two of its numbers.
    HALF: given(np.zeros((2, 2992), np.float16), np.array([5, 123]), **LN_2992),
    # 0·log 0: p = 0 where q is not.
    KL: given(
        np.array([math.log(0.5), -INF, math.log(0.25), math.log(0.25)]),
        np.log([0.25, 0.25, 0.125, 0.375]),
    ),
    # A floor that exists.
    CLIPPED: given(np.zeros(3, np.float32), 0.25),
}


def before_each(lab, rule):
    """Look for the fault: its own rule fails while it is in, and the others don't count."""
    probe = copy.deepcopy(PROBES[rule.function])  # an answer may write into it
    try:
        roughly(lab, rule.function, *probe.args, **probe.kwargs)
        if rule.function == CLIPPED:
            with contextlib.suppress(ValueError):  # in whatever words
                lab.clipped_log(np.array([0.75, 0.125, 0.5], np.float16), 1e-8)
                raise AssertionError("an eps that rounds to 0 in float16 was accepted")
    except (AssertionError, StudentError):
        if rule.fault:
            raise
        raise NotCountedError(
            f"Not counted yet. First mend the fault that {rule.function} came with."
        ) from None


# ----------------------------------------------------------------------------------- drawing
def draw_soft(rng, shape=(4, 5), scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, V) and targets (B, V) that sum to 1 but for rounding."""
    targets = rng.dirichlet(np.ones(shape[1]), size=shape[0])
    return draw(rng, shape, scale, offset, dtype), targets.astype(dtype)


def draw_rare(rng, rows=3, dtype=np.float64):
    """Logits (B, 6) and targets: row by row one class more is ruled out, and one is not asked."""
    logits, targets = draw_soft(rng, (rows, 6), 1.0, dtype=dtype)
    for row in range(rows):
        order = rng.permutation(6)
        logits[row, order[: row + 1]] = -INF
        targets[row, order[: row + 2]] = 0
    return logits, targets / targets.sum(axis=1, keepdims=True)


def draw_sequences(rng, shape=(3, 4, 5), scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, L, V), labels (B, L) and a mask (B, L) with sequences of unequal length."""
    logits = draw(rng, shape, scale, offset, dtype)
    labels = rng.integers(0, shape[2], size=shape[:2])
    lengths = 1 + (rng.integers(0, shape[1]) + np.arange(shape[0])) % shape[1]
    return logits, labels, np.arange(shape[1]) < lengths[:, None]


def draw_padded(rng, junk):
    """Sequences (3, 4, 5) with ``junk`` for all logits of the padding."""
    logits, labels, mask = draw_sequences(rng)
    logits[~mask] = junk
    return logits, labels, mask


def draw_half(rng, shape=(4, 5), scale=2.0, offset=0.0):
    """float16 logits (B, V) and labels (B,)."""
    return draw(rng, shape, scale, offset, np.float16), rng.integers(0, shape[1], size=shape[0])


def draw_logs(rng, shape, scale=2.0, dtype=np.float64, axis=-1, never=()):
    """Log-probabilities along ``axis``, as floats hold them; −inf at the places ``never``."""
    z = draw(rng, shape, scale)
    for place in never:
        z[place] = -INF
    return oracle.log_softmax(z, axis=axis).astype(dtype)


def draw_never(rng, dtype=np.float64):
    """log_p (3, 5) with −inf, log_q without, and log_q with −inf at one of these places."""
    a, b, c = rng.integers(5), *rng.permutation(5)[:2]
    places = [(0, a), (2, b), (2, c)], [], [(2, b)]
    return [draw_logs(rng, (3, 5), 0.5, dtype, never=never) for never in places]


# ------------------------------------------------------------------------ soft_cross_entropy
def test_a_class_that_nobody_asks_for_costs_nothing(holds, rng):
    for dtype in TYPES:
        holds(*draw_rare(rng, dtype=dtype))


def test_the_soft_loss_is_the_mean_of_the_weighed_prices(holds, rng):
    for shape in ((4, 5), (1, 5), (6, 3), (2, 9)):
        holds(*draw_soft(rng, shape))


def test_the_soft_loss_is_linear_in_the_target(holds, rng):
    logits, targets = draw_soft(rng)
    onehot = np.eye(5)[rng.integers(0, 5, size=4)]
    # Sums far from 1 on both sides, and close to it.
    for weights in (targets, 0.3 * targets, rng.uniform(0.5, 1, (4, 5)), 0.9999 * targets):
        holds(logits, onehot, weights)


def test_the_soft_loss_is_lowest_at_the_target(holds, rng):
    for shift in (0.0, 100.0 * rng.uniform(1, 1.2)):
        _, targets = draw_soft(rng, (1, 5))
        logits = np.log(targets)
        holds(logits + shift, logits + draw(rng, (1, 5), 0.5), targets)


# ------------------------------------------------------------- masked_sequence_cross_entropy
def test_every_kept_token_counts_alike(holds, rng):
    for shape in ((3, 4, 5), (2, 6, 3), (4, 2, 2), (1, 5, 4)):
        holds(*draw_sequences(rng, shape))


def test_the_label_of_padding_has_no_effect(holds, rng):
    for junk in (-100, -1, 5, 10_000):
        logits, labels, mask = draw_sequences(rng)
        holds(logits, np.where(mask, labels, junk), mask)


def test_the_logits_of_padding_have_no_effect(holds, rng):
    for junk in (NAN, INF, -INF, 1e300):
        holds(*draw_padded(rng, junk))
    logits, labels, mask = draw_padded(rng, [0.5, NAN, 2.0, -INF, 0.0])
    holds(logits, np.where(mask, labels, -100), mask)


def test_the_cut_into_sequences_does_not_matter(holds, rng):
    tokens = draw_sequences(rng)
    order = rng.permutation(12)
    for shape in ((1, 12), (12, 1), (4, 3)):
        shuffled = (a.reshape(12, *a.shape[2:])[order] for a in tokens)
        holds(tokens, [a.reshape(*shape, *a.shape[1:]) for a in shuffled])
    more = (np.zeros((3, 5, *a.shape[2:]), a.dtype) for a in tokens)
    holds(tokens, [np.concatenate(both, axis=1) for both in zip(tokens, more, strict=True)])


def test_a_sequence_of_padding_counts_for_nothing(holds, rng):
    logits, labels, mask = draw_sequences(rng, (4, 3, 5))
    mask[0], mask[1], mask[3] = [True, False, True], False, False
    holds(logits, labels, mask[rng.permutation(4)])


def test_a_mask_that_keeps_nothing_is_refused(holds, rng):
    logits, labels, mask = draw_sequences(rng)
    for unkept in (labels, np.full_like(labels, -100)):
        holds((logits, labels, mask), (logits, unkept, np.zeros_like(mask)))


# -------------------------------------------------------------- half_precision_cross_entropy
def test_the_loss_of_half_logits_has_the_digits_of_float32(holds, rng):
    drawn = (draw(rng, (2, classes), dtype=np.float16) for classes in (2, 5, 10, 50, 300))
    for logits, labels in inputs.with_ranks(drawn):
        holds(logits, labels)


def test_the_half_loss_is_the_mean_of_the_picked_prices(holds, rng):
    holds(*draw_half(rng))
    holds(*draw_half(rng, (1, 5)))
    logits, labels = draw_half(rng, (6, 3))
    for of_a_type in (labels.astype(np.int32), labels.astype(np.uint8), labels.tolist()):
        holds(logits, of_a_type)


def test_the_half_loss_is_a_float32_scalar(holds, rng):
    for rows in (1, 4):
        holds(*draw_half(rng, (rows, 5)))


def test_shifts_and_the_order_of_rows_leave_the_half_loss(holds, rng):
    # Multiples of 1/8 below 128 add up without rounding in float16; float32 ends at e^88.
    logits = (rng.integers(-40, 40, size=(5, 6)) / 8).astype(np.float16)
    labels, order = rng.integers(0, 6, size=5), rng.permutation(5)
    shift = (draw(rng, 5, 520).round() / 8).astype(np.float16)[:, None]
    holds(logits, labels, logits + shift, labels)
    holds(logits, labels, logits[order], labels[order])
    level, labels = np.full((3, 77), rng.normal(), np.float16), rng.integers(0, 77, size=(2, 3))
    holds(level, labels[0], level + shift[:3], labels[1])


def test_a_hundred_thousand_half_logits_have_a_loss(holds, rng):
    from scipy import special

    classes = 100_000
    level = np.full((1, classes), rng.normal(), np.float16)
    holds(level, rng.integers(classes, size=1), np.log(classes))
    # A label half a step of float16 away from a number that the difference to the top can be.
    logits, labels = draw_half(rng, (1, classes), 1.0)
    logits[0, labels - 1], logits[0, labels] = 8, (rng.integers(64, 128) + 0.5) / 256
    holds(logits, labels, -special.log_softmax(logits[0].astype(float))[labels[0]])


def test_many_tiny_half_probabilities_count(holds, rng):
    for about, gap in ((60_000, 18), (30_000, 17)):
        classes, top = about + rng.integers(5000), rng.integers(-5, 5)
        logits = np.full((1, classes + 1), top - gap, np.float16)
        place, label = rng.choice(classes + 1, size=2, replace=False)
        logits[0, place] = top
        holds(logits, np.array([label]), math.log1p(classes * math.exp(-gap)) + gap)


# ----------------------------------------------------------------------------- kl_divergence
def test_what_never_happens_contributes_nothing(holds, rng):
    for dtype in TYPES:
        log_p, _, log_q = draw_never(rng, dtype)
        holds(log_p, log_q)


def test_the_divergence_is_the_weighed_difference_of_logarithms(holds, rng):
    for shape in (5, (3, 4), (2, 3, 4)):
        holds(draw_logs(rng, shape), draw_logs(rng, shape))
    for axis in (0, 1, 2, -2):
        holds(*(draw_logs(rng, (3, 4, 5), axis=axis) for _ in range(2)), axis=axis)


def test_a_part_of_a_divergence_may_be_negative(holds, rng):
    # Outcomes that are not all: their probabilities sum to e^-1, those of q to 1, or to e^-2.
    for lower_p, lower_q in ((1, 0), (2, 0), (1, 2)):
        log_p, log_q = draw_logs(rng, (2, 4), 0.25), draw_logs(rng, (2, 4), 0.25)
        holds(log_p - lower_p, log_q - lower_q)


def test_the_divergence_is_zero_only_between_equals(holds, rng):
    log_p, log_q = draw_logs(rng, 6), draw_logs(rng, 6)
    near = oracle.log_softmax(log_p + draw(rng, 6, 1e-2))
    holds(log_p, log_q, near, rng.permutation(6))


def test_a_tiny_p_is_not_zero(holds, rng):
    for dtype, tiny in ((np.float64, -1000.0), (np.float32, -200.0)):
        tiny *= rng.uniform(1, 1.2)
        log_p = np.array([[0.0, tiny], [tiny, 0.0]], dtype)
        for log_q in (draw_logs(rng, (2, 2)), np.where(log_p < 0, -INF, log_p)):
            holds(log_p, log_q.astype(dtype))


# ------------------------------------------------------------------------------- clipped_log
def test_an_eps_that_rounds_to_zero_is_refused(holds, rng):
    u = rng.uniform(0.5, 1)
    for dtype, eps in (
        # 2^-25, half of the smallest float16, is a tie, which rounds to 0.
        *((np.float16, eps) for eps in (1e-8 * u, 2e-8 * u, 1e-12 * u, 2.0**-25)),
        *((np.float32, eps) for eps in (1e-46 * u, 1e-100 * u)),
    ):
        good = np.zeros(3, np.float32), rng.uniform(0.1, 0.4)
        p = rng.uniform(0.1, 1.0, size=4).astype(dtype)
        for of_a_type in (eps, np.float64(eps)):
            holds(good, (p, of_a_type))


def test_the_clipped_log_is_the_log_of_the_larger(holds, rng):
    for shape in (7, (3, 4), (2, 3, 2), ()):
        holds(rng.uniform(size=shape), float(rng.uniform(0.1, 0.4)))
    eps = float(rng.uniform(0.1, 0.4))
    holds(rng.permutation([0.0, 1.0, eps]), eps)


def test_the_clipped_log_is_quiet_and_leaves_p_alone(holds, rng):
    for dtype in TYPES:
        holds(rng.permutation([0.0, rng.uniform(0.1, 0.9), 1e-3, 1.0]).astype(dtype), 0.0625)


def test_a_subnormal_floor_is_a_floor(holds, rng):
    for dtype, smallest in ((np.float16, 2.0**-24), (np.float32, 2.0**-149), (np.float64, 5e-324)):
        for eps in (smallest, 8 * smallest):
            holds(rng.permutation([0.0, rng.uniform(0.1, 0.9), 1.0]).astype(dtype), eps)
    # About 1e-7 becomes two steps of 2^-24; whoever takes the logarithm first says 0.3 less.
    p = rng.permutation([0.0, 1.0]).astype(np.float16)
    holds(p, rng.uniform(0.9e-7, 1.4e-7), relative=0.02)


def test_a_floor_does_not_hide_nan(holds, rng):
    for dtype in TYPES:
        holds(rng.permutation([NAN, rng.uniform(0.2, 0.8), 0.0]).astype(dtype), 0.125)


# --------------------------------------------------------------------- several functions alike

DRAWN = {SOFT: draw_soft, SEQUENCE: draw_sequences, HALF: draw_half}
FEW = {SOFT: (1, 5), SEQUENCE: (2, 2, 4), HALF: (2, 6)}
OFFSETS = {SOFT: (0.0, 1e4, -1e8), SEQUENCE: (0.0, 1e4, -1e8), HALF: (0.0, 100.0)}


def test_the_loss_is_a_float(holds, function, rng):
    if function == SOFT:
        holds(*draw_soft(rng, dtype=np.float32))
        logits, targets = rng.integers(-3, 4, size=(3, 4)), draw_soft(rng, (3, 4))[1]
        holds(logits, targets)
        holds(logits.tolist(), targets.tolist())
        holds(inputs.wrapping(rng)[None], draw_soft(rng, (1, 3))[1])
        holds(draw(rng, (3, 3)), rng.permutation(np.eye(3, dtype=int)))
    else:
        logits, labels, mask = draw_sequences(rng, dtype=np.float32)
        holds(logits, labels.astype(np.uint8), mask)
        logits = rng.integers(-3, 4, size=logits.shape)
        holds(logits, labels.astype(np.int32), mask)
        holds(logits.tolist(), labels.tolist(), mask.tolist())
        token = inputs.wrapping(rng)[None, None], rng.integers(1, 3, size=(1, 1))
        holds(*token, np.array([[True]]))


def test_the_float_type_is_kept(holds, function, rng):
    if function == KL:
        for dtype in TYPES:
            log_p = draw_logs(rng, (3, 4), 0.5, dtype, never=[(1, rng.integers(4))])
            holds(log_p, draw_logs(rng, (3, 4), 0.5, dtype))
        holds(draw_logs(rng, 4, 0.5).tolist(), draw_logs(rng, 4, 0.5).tolist())
        certain = np.zeros((rng.integers(2, 9), 1), int)
        holds(certain, certain.copy())
    else:
        for dtype in (np.float16, *TYPES):
            p = np.append(rng.uniform(size=3), 0).astype(dtype)
            for eps in (2.0**-5, np.float64(2.0**-5), np.float32(2.0**-5)):
                holds(p, eps)
        holds(rng.permutation([0, 1, 1]).tolist(), 0.125)
        holds([[rng.uniform(), 0.0]], 0.125)


def test_the_arguments_are_left_alone(holds, function, rng):
    if function == KL:
        log_p, log_q, neither = draw_never(rng)
        holds(log_p, log_q, then=(log_p, neither))
        return
    holds(*DRAWN[function](rng))
    if function == SOFT:
        holds(*draw_rare(rng, 2))
    if function == SEQUENCE:
        logits, labels, mask = draw_padded(rng, rng.uniform(5, 9))
        holds(logits, np.where(mask, labels, 1), mask)


def test_the_loss_agrees_with_fifty_digits(holds, function, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for digits, offset in enumerate(OFFSETS[function], 1):
            logits, others, *mask = DRAWN[function](rng, FEW[function], scale, offset)
            # Targets whose sum is off by 1e-3, 1e-6, 1e-9: nobody may mend them.
            others = others * (1 - 10.0 ** (-3 * digits)) if function == SOFT else others
            holds(logits, others, *mask)


def test_the_loss_agrees_with_fifty_digits_in_float32(holds, function, rng):
    for scale in (1e-3, 1.0, 1e2, 1e3):
        for offset in (0.0, 1e4):
            holds(*DRAWN[function](rng, FEW[function], scale, offset, np.float32))


def test_all_digits_are_right_in_every_float_type(holds, function, rng):
    if function == KL:
        for dtype in TYPES:
            for scale in (0.1, 1.0, 300.0, 30.0):
                log_p = draw_logs(rng, (2, 6), scale, dtype)
                holds(log_p, draw_logs(rng, (2, 6), scale, dtype))
            holds(log_p, oracle.log_softmax(log_p + draw(rng, log_p.shape, 1e-3)).astype(dtype))
    else:
        for dtype, eps in ((np.float64, 1e-12), (np.float64, 1e-300), (np.float32, 1e-8)):
            holds((10.0 ** rng.uniform(-14, 0, size=6)).astype(dtype), eps)
        holds((10.0 ** rng.uniform(-3, 0, size=6)).astype(np.float16), 2.0**-8)


def test_what_counts_for_nothing_raises_no_warning(holds, function, rng):
    if function == SOFT:
        holds(*draw_rare(rng, 2))
    if function == KL:
        log_p, log_q, neither = draw_never(rng)
        log_p[1] = np.where(rng.permutation(5) == 0, 0, -INF)
        holds(log_p, log_q, then=(log_p, neither))
    if function == SEQUENCE:
        for junk in (NAN, INF, -INF, [1e300, -1e300, 0, 1, 1e300], [INF, NAN, 0, INF, NAN]):
            logits, labels, mask = draw_padded(rng, junk)
            holds(logits, np.where(mask, labels, -100), mask)


def test_what_is_asked_for_and_ruled_out_is_infinite(holds, function, rng):
    if function == SOFT:
        for share in (0.5, 1e-12):
            (logits, targets), place = draw_soft(rng, (2, 3)), rng.integers(3)
            logits[0, place], targets[0, place] = -INF, share * rng.uniform(0.5, 1)
            holds(logits, targets)
    else:
        for dtype in TYPES:
            log_q = draw_logs(rng, (2, 3), dtype=dtype, never=[(rng.integers(2), rng.integers(3))])
            holds(draw_logs(rng, (2, 3), dtype=dtype), log_q)


def test_large_logits_are_no_problem(holds, function, rng):
    if function == HALF:
        order = rng.permutation(3)
        for labels in ([0, 2], [1, 0], [2, 2]):
            one, small = rng.integers(-8, 8, size=2) / 4
            logits = np.array([[65504, -65504, small], [one, -INF, one + 1]], np.float16)
            holds(logits[:, order], np.argsort(order)[labels])
        return
    for dtype in TYPES:
        high = rng.permutation([0.0, 1000.0, -1000.0]) * rng.uniform(1, 1.2)
        huge = rng.permutation([HUGE[dtype], 0.0, 0.0])
        mask = np.array([[True, True, False]])
        for rows in ([high, near(rng, -1000)], [largest(rng, dtype), huge]):
            if function == SOFT:
                targets = [rng.permutation(shares) for shares in ([0.5, 0.25, 0.25], [0, 0.5, 0.5])]
                holds(np.array(rows, dtype), np.array(targets, dtype))
            else:
                logits = np.array([[*rows, np.zeros(3)]], dtype)
                holds(logits, rng.integers(3, size=(1, 3)), mask)
        if function == SEQUENCE:
            logits, labels, _ = draw_sequences(rng, (1, 3, 3), dtype=dtype)
            first, second = labels[0, :2]
            logits[0, 0, first - 1], logits[0, 1, [second - 1, second - 2]] = -INF, -INF
            holds(logits, labels, mask)
            logits[0, 0, first] = -INF
            holds(logits, labels, mask)


def test_a_label_that_is_no_class_is_refused(holds, function, rng):
    labels = rng.permutation(3)
    for bad in inputs.no_classes(rng, labels):
        if function == SEQUENCE:
            logits, mask = draw(rng, (1, 3, 3)), np.ones((1, 3), bool)
            holds((logits, labels[None], mask), (logits, bad[None], mask))
        else:
            logits = draw(rng, (3, 3), dtype=np.float16)
            holds((logits, labels), (logits, bad))
    if function == HALF:
        for rows, count in ((3, 2), (2, 3), (3, 1), (0, 0)):
            bad = draw(rng, (rows, 3), dtype=np.float16), rng.permutation(3)[:count]
            holds(draw_half(rng, (3, 3)), bad)


def test_a_value_out_of_its_range_is_refused(holds, function, rng):
    if function == SOFT:
        for bad in (-0.25, 1.25, 50.0, NAN, INF):
            logits, targets = draw_soft(rng, (2, 3), 1.0)
            holds((logits, targets), (logits, replaced(rng, targets, bad)), "targets", "target")
    if function == KL:
        for bad in (0.5, 3.0, NAN, INF):
            good = draw_logs(rng, (2, 3), 0.5), draw_logs(rng, (2, 3), 0.5)
            holds(good, (replaced(rng, good[0], bad), good[1]), "log_p")
            holds(good, (good[0], replaced(rng, good[1], bad)), "log_q")
    if function == CLIPPED:
        for dtype in TYPES:
            for eps in (0.0, 0, -1e-3, NAN):
                good = np.zeros(3, dtype), rng.uniform(0.1, 0.4)
                holds(good, (rng.uniform(0.1, 1.0, size=4).astype(dtype), eps), "eps", "ε")


def test_shapes_that_do_not_fit_are_refused(holds, function, rng):
    if function == SOFT:
        for shape, other in (((3, 4), (1, 4)), ((3, 4), (4,)), ((3, 3), (3, 1)), ((0, 4), (0, 4))):
            holds(draw_soft(rng, scale=1.0), (draw(rng, shape), rng.uniform(0.2, 0.3, size=other)))
    if function == SEQUENCE:
        for shape, of_labels, of_mask in (
            ((2, 3, 4), (2, 3), (1, 3)),
            ((2, 3, 4), (2, 3), (3,)),
            ((2, 3, 4), (1, 3), (2, 3)),
            ((2, 3, 4), (2, 2), (2, 2)),
            ((3, 4), (3,), (3,)),
        ):
            labels = rng.integers(0, 4, size=of_labels)
            holds(draw_sequences(rng), (draw(rng, shape), labels, np.ones(of_mask, bool)))
    if function == KL:
        for shape, other in ((3, 4), ((2, 3), (2, 4)), ((2, 3), (3, 3))):
            good = draw_logs(rng, shape, 0.5), draw_logs(rng, shape, 0.5)
            holds(good, (good[0], draw_logs(rng, other)))


@rule(dict.fromkeys(MOST, 1), "stress")
def test_a_large_batch_takes_numpy_time(lab, function, rng):
    """A large batch takes NumPy time, not a Python loop over its elements

    Let products, exponentials and sums work along an axis of the whole array. np.where and
    np.maximum choose in all of it, a boolean mask as an index gives all kept tokens at once, and an
    array of labels as an index picks one class from each row."""
    log_softmax = inputs.log_softmax

    def drawn():
        z, other = draw(rng, (2, *BATCH), 0.5)
        labels, mask = rng.integers(BATCH[1], size=(3, 5)), np.tile([False] + [True] * 4, (3, 1))
        if function == CLIPPED:
            p = rng.random(BATCH)
            return (p, 0.25), np.log(np.maximum(p, 0.25))
        if function == KL:
            log_p, log_q = log_softmax(z), log_softmax(other)
            return (log_p, log_q), np.sum(np.exp(log_p) * (log_p - log_q), axis=1)
        if function == SOFT:
            q = np.exp(log_softmax(other))
            return (z, q), -np.sum(q * log_softmax(z), axis=1).mean()
        if function == HALF:
            z = z.astype(np.float16)
        scores = log_softmax(z.astype(float).reshape(3, 5, -1))
        prices = -np.take_along_axis(scores, labels[..., None], axis=2)[..., 0]
        if function == HALF:
            return (z, labels.reshape(15)), prices.mean()
        return (z.reshape(3, 5, -1), labels, mask), prices[mask].mean()

    tolerance = {"atol": 1e-7, "rtol": 4e-3 if function == HALF else 0.0}
    inputs.takes_numpy_time(lab, function, drawn, MOST[function], **tolerance)
