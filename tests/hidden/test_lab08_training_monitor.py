"""The grading suite of lab 8, monitor a training run. Contract: 100 points over six functions.

Rules about types compare types; rules about the idea compare six digits; rules about accuracy and
stress compare all of them. Rules about bad input and about the caller's arrays ask for a right
answer first, or for a training run that learns. So a misconception costs the points of its own
rule: sequences have one EOS, histories no small steps, lists no order, but in the rule about them.

Where the tolerances come from
- ``expect.close``: the course's contract, 1e-12 relative in float64, 1e-5 in float32, or 1e-14 and
  1e-6 absolute next to zero.
- ``sequence_log_probs`` sums terms of one sign. In any order that costs at most n·2^-53 or n·2^-24
  relatively: n = 1000 and n = 100 stay below 1.2e-13 and 6e-6. ``combine_ranks`` is such a sum too.
- ``train_softmax_regression``: features in [0, 1] and D ≤ 3 keep the gradient's Lipschitz constant
  at (D + 1)/2 ≤ 2, so a step of 0.5 never carries an error further than it was. Five steps add up
  five times the roundings of one: at most (N + D + V + 10)·2^-53 < 5e-15 of the largest entry, or
  (N + D + V + 10)·2^-24 < 2e-6. Together 3e-14 and 1e-5; granted are 1e-12 and 2e-5 of the
  largest entry, where the contract's own is not larger.
- The second loss of a run on features up to 1000: a logit is a sum of 65 products, off by at most
  66·2^-24 = 4e-6 of the sum of their sizes, which was 3 to 23 times the loss in 100 draws. 1e-3
  is ten times that.
- Accuracy on digits: 300 images and 40 steps read 0.868 to 0.921 of the other 1497 in 40 draws, so
  0.8 asks for a trained model and not for a lucky one; guessing reads 0.1.
- Losses given to ``should_stop`` and thresholds for ``flag_outliers`` lie on a grid of 1/64: every
  sum and difference is exact, in any order of the operations.

What the contract leaves open, and how it is read here
- ``token_log_probs`` refuses targets that do not fit, also such as would broadcast. A place of only
  −inf, an empty batch, a target of −100 under a mask: not graded.
- The totals of ``sequence_log_probs`` have the float type of the log-probabilities, lengths any
  integer type. Without an EOS the length is L. A NaN before the EOS stays NaN, and −inf is −inf. A
  tuple is asked for by the rule about types alone; a list of two passes the others. L = 0, positive
  log-probabilities, an ``eos_id`` that is no integer: not graded.
- ``combine_ranks``: a negative count is refused, and so are no ranks at all. A NaN or −inf on a
  rank with tokens is the answer. Counts that are no integers, +inf beside −inf, and products of
  mean and count beyond the largest float: not graded.
- ``should_stop``: below is strict. The count after the last epoch decides, whatever it was before.
  +inf is a loss like any other. patience < 1, a negative min_delta, −inf: not graded.
- ``flag_outliers``: below is strict. A kept NaN and a NaN threshold are not graded; a mask of other
  types than bool is not either.
- ``train_softmax_regression``: losses may have any float type, weights that of X. Further keys of
  the dict are welcome. steps = 0, an empty X, a bad ``num_classes``, ``steps`` or
  ``learning_rate``: not graded. With features × 1000 the rate is far too large, and the course of
  the run after two steps hangs on roundings: it is asked to be finite and silent, its first two
  losses to be right.
Inputs of reference and property tests come from ``rng``; stress inputs are fixed, but for the
images drawn.
"""

import functools
import math

import numpy as np
import pytest
from mpmath import mp, mpf, workdps
from scipy import special

from lnnn import digits, exact
from lnnn.suite import expect, oracle
from lnnn.suite.agree import ROUGHLY, float_type
from lnnn.suite.pace import pace

graded = pytest.mark.graded

INF, NAN = np.inf, np.nan
HUGE = {np.float64: 1e300, np.float32: 1e30}
PLACES = (16, 32, 500)
BATCH = (128, 1000)
# How many times as long as a loop over places or rows in NumPy. Places: NumPy forms take 0.1 to
# 0.5, a loop with math.fsum 1, one over elements 5.6. Sums of rows: NumPy forms 0.4 to 3, lists and
# math.fsum 15, a loop over elements 60 and more. Flags: NumPy forms 0.1 to 2, over elements 30.
SLOW_PLACES, SLOW_ROWS, SLOW_FLAGS = 3, 32, 8
PIXELS, DIGITS = digits.load()
STEPS = 5


# ------------------------------------------------------------------------------- 50-digit answers


@functools.lru_cache(maxsize=1024)
def _exact_run(features, shape, labels, classes, steps, rate):
    """Weights and losses of full-batch gradient descent at fifty digits, rounded to float64."""
    with workdps(exact.DIGITS):
        x = [list(map(mpf, features[i * shape[1] : (i + 1) * shape[1]])) for i in range(shape[0])]
        x = [[*row, mpf(1)] for row in x]
        w = [[mpf(0)] * classes for _ in range(shape[1] + 1)]
        losses = []
        for _ in range(steps):
            loss, slopes = [], []
            for row, label in zip(x, labels, strict=True):
                z = [mp.fdot(row, column) for column in zip(*w, strict=True)]
                e = [mp.exp(v) for v in z]
                total = mp.fsum(e)
                loss.append(mp.log(total) - z[label])
                slopes.append([v / total - (k == label) for k, v in enumerate(e)])
            losses.append(mp.fsum(loss) / len(x))
            for d, column in enumerate(zip(*x, strict=True)):
                for k, slope in enumerate(zip(*slopes, strict=True)):
                    w[d][k] -= mpf(rate) * mp.fdot(column, slope) / len(x)
        return np.array(w, dtype=float), np.array(losses, dtype=float)


def exact_run(x, y, classes, steps=STEPS, rate=0.5):
    x = np.asarray(x, dtype=np.float64)
    return _exact_run(tuple(x.ravel().tolist()), x.shape, tuple(map(int, y)), classes, steps, rate)


def exact_scores(logits, targets):
    """The oracle's log-probability of each target."""
    log_p, targets = oracle.log_softmax(logits), np.asarray(targets)
    return np.take_along_axis(log_p, targets[..., None].astype(np.intp), axis=-1)[..., 0]


def exact_sums(log_probs, tokens, eos_id):
    """Totals and lengths, row by row: math.fsum rounds once."""
    totals, lengths = [], []
    for row, said in zip(np.asarray(log_probs).tolist(), np.asarray(tokens).tolist(), strict=True):
        length = said.index(eos_id) + 1 if eos_id in said else len(said)
        totals.append(math.fsum(row[:length]))
        lengths.append(length)
    return totals, lengths


def exact_mean(means, counts):
    """Σ n μ / Σ n of finite means at fifty digits."""
    with workdps(exact.DIGITS):
        products = [mpf(float(m)) * int(n) for m, n in zip(means, counts, strict=True)]
        return float(mp.fsum(products) / sum(map(int, counts)))


# ---------------------------------------------------------------------------------------- helpers


def draw(rng, shape, scale=2.0, offset=0.0, dtype=np.float64):
    """Logits: offset + scale · standard normal."""
    return (offset + scale * rng.standard_normal(shape)).astype(dtype)


def draw_batch(rng, shape=(2, 3, 5), scale=2.0, offset=0.0, dtype=np.float64):
    """Logits (B, L, V) and targets (B, L)."""
    targets = rng.integers(0, shape[2], size=shape[:2])
    return draw(rng, shape, scale, offset, dtype), targets


def draw_sequences(rng, shape=(6, 8), tokens=5):
    """Log-probabilities (B, L), tokens (B, L) and the EOS: one in each sequence, and never 0."""
    said, eos = rng.integers(0, tokens, shape), int(rng.integers(1, tokens))
    said[said == eos] = 0
    said[np.arange(shape[0]), rng.integers(1, shape[1], shape[0])] = eos
    return -rng.exponential(2.0, shape), said, eos


def draw_ranks(rng, ranks=5):
    """Means and counts of ranks, none empty."""
    return -rng.exponential(2.0, ranks), rng.integers(1, 1000, ranks)


def draw_samples(rng, samples=6, features=3, classes=4):
    """A small classification problem: features from 0 to 1, and every class there at least once."""
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, samples - classes)])
    return rng.random((samples, features)), rng.permutation(y)


def draw_images(rng, count=300, scale=1 / 16):
    """(features, labels, other features, their labels); what the classes are called is drawn."""
    order, names = rng.permutation(len(PIXELS)), rng.permutation(10)
    features, labels = PIXELS[order] * scale, names[DIGITS[order]]
    return features[:count], labels[:count], features[count:], labels[count:]


def number(value, what):
    """A float, also when it comes as an array of one element: its type has a rule of its own."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f":
        return float(value.item())
    return expect.scalar(value, what)


def integers(value, shape, what):
    """``value`` as an array of integers of this shape, lists and whole floats included."""
    value = np.asarray(value)
    if value.dtype.kind not in "iuf":
        raise AssertionError(f"{what} holds no integers")
    return expect.array(value, shape, value.dtype, what)


def scores_right(lab, logits, targets, of_type=expect.floats, **tolerance):
    """Compare token_log_probs with the exact log-probabilities."""
    wanted = exact_scores(logits, targets)
    value = lab.token_log_probs(logits, targets)
    value = of_type(value, wanted.shape, float_type(logits), "the answer")
    expect.close(value, wanted, what="the log-probability", **tolerance)
    return value


def sums_right(lab, log_probs, tokens, eos_id, of_type=expect.floats, wanted=None, **tolerance):
    """Compare sequence_log_probs with exact totals and lengths."""
    totals, lengths = wanted or exact_sums(log_probs, tokens, eos_id)
    value = lab.sequence_log_probs(log_probs, tokens, eos_id)
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise AssertionError("the answer is no tuple of totals and lengths")
    shape = (len(totals),)
    found = of_type(value[0], shape, float_type(log_probs), "the totals")
    expect.equal(integers(value[1], shape, "the lengths"), lengths, "the lengths")
    expect.close(found, totals, what="the total", **tolerance)
    return value


def combines_right(lab, means, counts, of_type=number, wanted=None, **tolerance):
    """Compare combine_ranks with the exact mean."""
    wanted = exact_mean(means, counts) if wanted is None else wanted
    value = of_type(lab.combine_ranks(means, counts), "the answer")
    expect.close(float_type(means).type(value), wanted, what="the mean", **tolerance)
    return value


def decides(lab, wanted, losses, *settings, **named):
    """should_stop says this: a bool, or a number 0 or 1, whose type has a rule of its own."""
    value = lab.should_stop(losses, *settings, **named)
    if not isinstance(value, bool | np.bool_ | int | np.integer) or value not in (0, 1):
        raise AssertionError(f"the answer is a {type(value).__name__}; expected a bool")
    if bool(value) != wanted:
        raise AssertionError(f"the answer is {bool(value)} and should be {wanted}")
    return value


def decides_both_ways(lab):
    """A plain yes and a plain no."""
    decides(lab, True, np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]))
    decides(lab, False, np.array([2.0, 1.5, 1.0, 0.75, 0.5]))


def places_of(log_probs, mask, threshold):
    """The places to flag, one by one."""
    rows, columns = np.shape(log_probs)
    inside = [(b, t) for b in range(rows) for t in range(columns) if mask[b][t]]
    return [(b, t) for b, t in inside if log_probs[b][t] < threshold]


def flags_right(lab, log_probs, mask, *threshold, in_order=False):
    """Compare flag_outliers with the places, found one by one; their order has its own rule."""
    wanted = places_of(log_probs, mask, *(threshold or (-4.0,)))
    value = integers(lab.flag_outliers(log_probs, mask, *threshold), (len(wanted), 2), "the answer")
    if wanted:
        ordered = value if in_order else value[np.lexsort(value.T[::-1])]
        expect.equal(ordered, wanted, "the list of places")
    return value


def draw_places(rng, shape):
    """Log-probabilities, a mask and a threshold: something to flag, something that pads."""
    log_probs, mask = -rng.integers(0, 640, shape) / 64, rng.random(shape) < 0.7
    log_probs[0, -1] = log_probs[-1, 0] = log_probs[-1, 1] = -9.0
    mask[0, -1], mask[-1, 0], mask[-1, 1] = True, False, True
    return log_probs, mask, -float(rng.integers(128, 384)) / 64


def flags_something(lab):
    """Places that anybody flags who has the idea."""
    flags_right(lab, np.array([[-1.0, -5.0], [-6.0, -2.0]]), np.ones((2, 2), bool))


def run_of(lab, x, y, classes, *settings, steps=200, of_type=expect.floats):
    """(weights, losses) of a run, of the right shapes."""
    run = lab.train_softmax_regression(x, y, classes, *settings)
    if not isinstance(run, dict) or not {"weights", "losses"} <= set(run):
        raise AssertionError('the answer is no dict with "weights" and "losses"')
    shape = (np.shape(x)[1] + 1, classes)
    weights = of_type(run["weights"], shape, float_type(x), "the weights")
    return weights, expect.floats(run["losses"], (steps,), np.float64, "the losses")


def runs_right(lab, x, y, classes, rate=0.5, roughly=True, parts=("weights", "losses")):
    """Compare weights or losses, or both, of ``STEPS`` steps with the exact run."""
    wanted = dict(zip(("weights", "losses"), exact_run(x, y, classes, rate=rate), strict=True))
    found = run_of(lab, x, y, classes, STEPS, rate, steps=STEPS)
    found = dict(zip(wanted, found, strict=True))
    for name in parts:
        granted = 2e-5 if float_type(x) == np.float32 else 1e-12
        slack = {} if roughly else {"slack": granted * np.abs(wanted[name]).max()}
        # Losses of float32 features come in any float type; both are held to float32.
        value = found[name].astype(float_type(x))
        more = ROUGHLY if roughly else {}
        expect.close(value, wanted[name], what=f"one of the {name}", **more, **slack)
    return found


def loses_first(losses, classes):
    """The first loss is that of a model that knows nothing."""
    expect.close(losses[:1], [math.log(classes)], what="the first loss", **ROUGHLY)


def learns(lab, x=((0.0,), (1.0,), (0.5,)), y=(0, 1, 1), of_type=expect.floats):
    """A run that anybody gets who has the idea: the weights move, and the loss falls."""
    x, y = (x, y) if isinstance(x, list) else (np.array(x), np.array(y))
    weights, losses = run_of(lab, x, y, 2, 50, steps=50, of_type=of_type)
    if not (np.abs(weights).max() > 0.1 and losses[-1] < 0.9 * losses[0]):
        raise AssertionError("the weights do not move, or the loss does not fall")


def takes_numpy_time(lab, call, yardstick, limit):
    """The call takes no more than ``limit`` times as long as ``yardstick``."""
    if pace(lab, call, yardstick, limit)[2] > limit:
        raise AssertionError("as slow as a Python loop over the elements")


# -------------------------------------------------------------------------- token_log_probs (19)


@graded(
    function="token_log_probs",
    category="contract",
    points=5,
    rule="At each place it is the log-probability of the target, shape (B, L)",
    feedback="Log-softmax over the classes, the last axis. Then one entry for each place: index "
    "places and targets together, so that each place has its own target. No minus sign.",
)
def test_each_place_has_the_log_probability_of_its_target(lab, rng):
    for shape in ((2, 3, 5), (1, 4, 3), (4, 1, 6), (3, 3, 3)):
        scores_right(lab, *draw_batch(rng, shape), **ROUGHLY)


@graded(
    function="token_log_probs",
    category="contract",
    points=2,
    rule="The float type of the logits is kept; integers and lists are computed in float64, for "
    "targets of any integer type",
    feedback="np.asarray on both arguments first. Integer logits become float64 before anything "
    "is subtracted: small integer types wrap around. A float64 array to collect the answer in "
    "makes float64 of float32.",
)
def test_the_float_type_of_the_logits_is_kept(lab, rng):
    logits, targets = draw_batch(rng, dtype=np.float32)
    scores_right(lab, logits, targets.astype(np.uint8), expect.array, **ROUGHLY)
    scores_right(lab, *draw_batch(rng), expect.array, **ROUGHLY)
    logits = rng.integers(-3, 4, size=(2, 2, 4))
    scores_right(lab, logits, np.array([[0, 3], [1, 2]], np.int32), expect.array, **ROUGHLY)
    scores_right(lab, logits.tolist(), [[2, 0], [3, 3]], expect.array, **ROUGHLY)
    small = np.array([[[100, -100, 99]]], np.int8)
    scores_right(lab, small, np.array([[2]]), expect.array, **ROUGHLY)


@graded(
    function="token_log_probs",
    category="contract",
    points=1,
    rule="Neither the logits nor the targets are changed",
    feedback="logits -= logits.max(...) writes into the caller's array. Make a new one.",
)
def test_token_scores_leave_their_arguments_alone(lab, rng):
    scores_right(lab, *draw_batch(rng), **ROUGHLY)
    expect.untouched(lab)


@graded(
    function="token_log_probs",
    category="property",
    points=2,
    rule="A constant on all logits of a place changes nothing, and the probabilities of all "
    "targets at a place sum to 1",
    feedback="Each place has its own shift and its own normalisation. A maximum or a sum over the "
    "whole batch, or over the sequence, mixes places that have nothing to do with each other.",
)
def test_every_place_is_a_distribution_of_its_own(lab, rng):
    # Multiples of 1/8 below 2^20 add up without rounding, so the exact value stays the same.
    logits = rng.integers(-40, 40, size=(2, 3, 4)) / 8
    shift = rng.integers(-(2**18), 2**18, size=(2, 3, 1)) / 8
    sums = 0.0
    for target in range(4):
        targets = np.full((2, 3), target)
        value = scores_right(lab, logits + shift, targets, **ROUGHLY)
        sums = sums + np.exp(value)
    # Each of the four probabilities is within 1e-6 relative and absolute.
    if not np.abs(sums - 1).max() <= 8e-6:
        raise AssertionError("the probabilities of a place do not sum to 1")


@graded(
    function="token_log_probs",
    category="reference",
    points=3,
    rule="It agrees with the exact value in float64, for logits from tiny to huge and far from 0",
    feedback="LSE(z) − z subtracts two large numbers when the logits sit far from zero. Take the "
    "maximum off first and never add it back. An epsilon inside a logarithm is an error too.",
)
def test_token_scores_agree_with_fifty_digits(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            scores_right(lab, *draw_batch(rng, (1, 2, 5), scale, offset))


@graded(
    function="token_log_probs",
    category="reference",
    points=1,
    rule="It agrees with the exact value in float32",
    feedback="float32 has 7 digits: with logits near 10 000 only three of them stand behind the "
    "point. Shift first, and stay shifted.",
)
def test_token_scores_agree_with_fifty_digits_in_float32(lab, rng):
    for scale in (1e-3, 1.0, 1e2, 1e4):
        for offset in (0.0, 1e4, -1e8):
            scores_right(lab, *draw_batch(rng, (1, 2, 5), scale, offset, np.float32))


@graded(
    function="token_log_probs",
    category="stress",
    points=2,
    rule="Logits of ±1000, the largest of the contract and −inf are no problem, without a warning",
    feedback="e^1000 is inf, and ln of a probability that rounded to 0 is −inf where the answer is "
    "finite. Go from logits to log-probabilities in one step. Only a logit of −inf gives −inf.",
)
def test_token_scores_survive_large_logits(lab):
    for logits, targets in (
        ([[0.0, 1000.0, 0.0], [-1000.0, -999.0, -998.0]], [0, 2]),
        ([[0.5, -INF, 1.5], [-INF, 2.0, -INF]], [2, 1]),
        ([[0.5, -INF, 1.5], [-INF, 2.0, 1.0]], [1, 0]),
    ):
        scores_right(lab, np.array([logits]), np.array([targets]))
        expect.quiet(lab)
    for dtype, huge in HUGE.items():
        logits = np.array([[[huge, 0.0, -huge], [0.0, huge, 0.0]]], dtype)
        scores_right(lab, logits, np.array([[2, 1]]))
        expect.quiet(lab)


@graded(
    function="token_log_probs",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its places",
    feedback="Log-softmax of the whole array at once, then one call that picks.",
)
def test_token_scores_of_a_large_batch_take_numpy_time(lab, rng):
    logits, targets = draw_batch(rng, PLACES)
    value = lab.token_log_probs(logits, targets)
    value = expect.floats(value, targets.shape, np.float64, "the answer")
    p = np.exp(logits)
    plain = np.log(np.take_along_axis(p, targets[..., None], -1)[..., 0] / p.sum(-1))
    if not np.abs(value - plain).max() < 1e-9:
        raise AssertionError("the log-probabilities of the large batch are wrong")

    def places_with_fsum():
        for row, target in zip(logits.reshape(-1, PLACES[2]), targets.flat, strict=True):
            shifted = row - row.max()
            shifted[target] - math.log(math.fsum(np.exp(shifted)))

    call = functools.partial(lab.token_log_probs, logits, targets)
    takes_numpy_time(lab, call, places_with_fsum, SLOW_PLACES)


@graded(
    function="token_log_probs",
    category="bad input",
    points=2,
    rule="A target that is no class, and targets that do not fit the logits, are a ValueError that "
    "names targets",
    feedback="NumPy reads −1 and −100 from the end of the axis, silently or with an IndexError. It "
    "also stretches targets of one row over the batch. Check type, range and shape yourself.",
)
def test_targets_that_are_no_classes_are_refused(lab, rng):
    scores_right(lab, *draw_batch(rng), **ROUGHLY)
    for bad in (-1, -3, 3, 100, 0.5):
        with expect.refused("targets", "target"):
            lab.token_log_probs(draw(rng, (2, 2, 3)), np.array([[0, 1], [bad, 2]]))
    for shape in ((2, 2), (3, 3), (1, 3), (2, 1), (3,), (6,)):
        with expect.refused("targets", "target", "logits"):
            lab.token_log_probs(draw(rng, (2, 3, 4)), np.zeros(shape, dtype=int))


# ----------------------------------------------------------------------- sequence_log_probs (20)


@graded(
    function="sequence_log_probs",
    category="contract",
    points=5,
    rule="Each total sums the log-probabilities up to and including the first EOS; the length says "
    "how many they are",
    feedback="The EOS is a token that the model predicted, so it counts. If your totals are short "
    "by one token, it is missing. If they are too long, you went on to a later EOS or to the end.",
)
def test_a_sequence_is_summed_up_to_its_first_eos(lab, rng):
    for shape in ((5, 8), (1, 6), (8, 4)):
        sums_right(lab, *draw_sequences(rng, shape), **ROUGHLY)


@graded(
    function="sequence_log_probs",
    category="contract",
    points=2,
    rule="It returns a tuple of two arrays: totals in the float type of the log-probabilities "
    "(integers: float64), lengths as integers",
    feedback="Zeros that you put in place of what does not count are float64 and may drag float32 "
    "along. Lengths are counts: integers, not floats.",
)
def test_totals_keep_the_float_type_and_lengths_are_integers(lab, rng):
    log_probs, tokens, eos = draw_sequences(rng)
    for given in (log_probs.astype(np.float32), log_probs, -rng.integers(1, 9, log_probs.shape)):
        value = sums_right(lab, given, tokens, eos, expect.array, **ROUGHLY)
        kind = getattr(value[1], "dtype", np.dtype(object)).kind
        if not isinstance(value, tuple) or kind not in "iu":
            raise AssertionError("the answer is no tuple of float totals and integer lengths")
    sums_right(lab, log_probs.tolist(), tokens.tolist(), eos, expect.array, **ROUGHLY)


@graded(
    function="sequence_log_probs",
    category="contract",
    points=1,
    rule="Neither the log-probabilities nor the tokens are changed",
    feedback="Writing zeros behind the EOS changes the caller's array. Make a new one.",
)
def test_sequence_sums_leave_their_arguments_alone(lab, rng):
    sums_right(lab, *draw_sequences(rng), **ROUGHLY)
    expect.untouched(lab)


@graded(
    function="sequence_log_probs",
    category="property",
    points=3,
    rule="Without an EOS all of the sequence counts; an EOS at the first place gives the length 1",
    feedback="argmax of a row without True is 0, which looks like an EOS at the first place. Ask "
    "whether there is one at all. And 0 is a token like any other, also as the EOS.",
)
def test_sequences_without_an_eos_and_with_one_at_either_end(lab, rng):
    for eos in (0, 4):
        log_probs = -rng.exponential(2.0, (4, 6))
        tokens = rng.integers(1, 4, size=(4, 6))
        tokens[1, 0] = tokens[2, 5] = eos
        sums_right(lab, log_probs, tokens, eos, **ROUGHLY)
        sums_right(lab, log_probs[3:], tokens[3:], eos, **ROUGHLY)


@graded(
    function="sequence_log_probs",
    category="property",
    points=3,
    rule="What follows the first EOS has no effect: other tokens, another EOS, other values",
    feedback="Only the first EOS ends a sequence. A mask of tokens that are not the EOS keeps "
    "whatever stands between two of them, and behind the last.",
)
def test_what_follows_the_eos_has_no_effect(lab, rng):
    log_probs, tokens, eos = draw_sequences(rng)
    tokens[:, 2] = eos
    first = sums_right(lab, log_probs, tokens, eos, **ROUGHLY)
    log_probs[:, 3:] = rng.normal(0, 1000, (6, 5))
    tokens[:, 3:] = rng.integers(0, 5, (6, 5))
    tokens[::2, 5] = eos
    second = sums_right(lab, log_probs, tokens, eos, **ROUGHLY)
    expect.equal(second[0], first[0], "the total with another filling after the EOS")


@graded(
    function="sequence_log_probs",
    category="stress",
    points=2,
    rule="NaN and −inf after the EOS have no effect either, without a warning",
    feedback="NaN times 0 is NaN, and −inf times 0 is too. Choose what is summed instead of "
    "multiplying with a mask.",
)
def test_nan_after_the_eos_has_no_effect(lab):
    log_probs = np.array(
        [[-1.5, -0.5, NAN, NAN], [-0.25, -INF, -INF, -INF], [-1.0, -2.0, -4.0, NAN]]
    )
    tokens = np.array([[4, 7, 1, 1], [7, 1, 2, 3], [2, 3, 7, 5]])
    for dtype in (np.float64, np.float32):
        sums_right(lab, log_probs.astype(dtype), tokens, 7)
        expect.quiet(lab)


@graded(
    function="sequence_log_probs",
    category="stress",
    points=1,
    rule="A −inf that counts makes the total −inf, and a NaN that counts stays NaN, without a "
    "warning",
    feedback="A function that leaves out every NaN hides the one that you should hear of: "
    "something in the model or in the loss is broken.",
)
def test_what_counts_is_not_hidden(lab):
    log_probs = np.array(
        [[-1.5, NAN, -1.0, -2.0], [-0.25, -1.0, -INF, -2.0], [-1.0, -2.0, -4.0, NAN]]
    )
    tokens = np.array([[4, 1, 7, 1], [2, 1, 1, 7], [2, 7, 3, 3]])
    sums_right(lab, log_probs, tokens, 7, wanted=([NAN, -INF, -3.0], [3, 4, 2]))
    expect.quiet(lab)


@graded(
    function="sequence_log_probs",
    category="reference",
    points=1,
    rule="The totals agree with the exact ones in all digits, in float64 and in float32",
    feedback="Sum the log-probabilities themselves. The difference of two running sums cancels "
    "digits, and a sum in float16 or float32 has too few for float64.",
)
def test_totals_agree_with_the_exact_ones(lab, rng):
    for size, dtype in ((1000, np.float64), (100, np.float32)):
        for scale in (1e-3, 1.0, 1e4):
            log_probs = (-scale * rng.exponential(2.0, (4, size))).astype(dtype)
            # A huge value behind the EOS spoils the digits of a difference of sums.
            tokens = rng.integers(0, 50, (4, size))
            tokens[0, size // 2] = tokens[1, size - 2] = 50
            tokens[2:, -1] = 50
            log_probs[0, size // 2 + 1] = log_probs[1, size - 1] = -1e20
            sums_right(lab, log_probs, tokens, 50)


@graded(
    function="sequence_log_probs",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its elements",
    feedback="A loop over the sequences is fine, one over all tokens is not. Compare the whole "
    "array with the EOS at once.",
)
def test_a_large_batch_of_sequences_takes_numpy_time(lab, rng):
    log_probs, tokens = -rng.exponential(2.0, BATCH), rng.integers(0, 9, BATCH)
    tokens[:, -3] = 9
    sums_right(lab, log_probs, tokens, 9, **ROUGHLY)

    def row_after_row():
        for row, said in zip(log_probs, tokens, strict=True):
            row[: np.flatnonzero(said == 9)[0] + 1].sum()

    call = functools.partial(lab.sequence_log_probs, log_probs, tokens, 9)
    takes_numpy_time(lab, call, row_after_row, SLOW_ROWS)


@graded(
    function="sequence_log_probs",
    category="bad input",
    points=1,
    rule="Tokens of another shape than the log-probabilities are a ValueError that names tokens or "
    "log_probs",
    feedback="NumPy stretches one row or one column of tokens over the batch, silently, and every "
    "sequence then ends at the same place. Compare the shapes.",
)
def test_tokens_of_another_shape_are_refused(lab, rng):
    sums_right(lab, *draw_sequences(rng), **ROUGHLY)
    for shape in ((1, 4), (3, 1), (3, 3), (2, 4), (4,)):
        with expect.refused("tokens", "log_probs"):
            lab.sequence_log_probs(-rng.exponential(2.0, (3, 4)), np.ones(shape, dtype=int), 0)


# ---------------------------------------------------------------------------- combine_ranks (15)


@graded(
    function="combine_ranks",
    category="contract",
    points=5,
    rule="It is the mean over all tokens: each rank's mean weighs as much as it has tokens",
    feedback="A mean of means lets a rank of ten tokens vote like one of ten thousand. Turn each "
    "mean back into a sum, add, and divide once by all tokens.",
)
def test_a_rank_weighs_as_much_as_it_has_tokens(lab, rng):
    for ranks in (2, 3, 8):
        combines_right(lab, *draw_ranks(rng, ranks), **ROUGHLY)
    means, counts = draw_ranks(rng, 4)
    combines_right(lab, means.tolist(), counts.tolist(), **ROUGHLY)


@graded(
    function="combine_ranks",
    category="contract",
    points=1,
    rule="It returns a float",
    feedback="Return float(...), not an array of one element.",
)
def test_the_combined_mean_is_a_float(lab, rng):
    combines_right(lab, *draw_ranks(rng), expect.scalar, **ROUGHLY)
    combines_right(lab, *draw_ranks(rng, 1), expect.scalar, **ROUGHLY)


@graded(
    function="combine_ranks",
    category="contract",
    points=1,
    rule="Neither the means nor the counts are changed",
    feedback="means *= counts writes into the caller's array. Make a new one.",
)
def test_combining_leaves_its_arguments_alone(lab, rng):
    means, counts = draw_ranks(rng)
    combines_right(lab, means, counts, **ROUGHLY)
    expect.untouched(lab)
    counts[1], means[1] = 0, NAN
    lab.combine_ranks(means, counts)
    expect.untouched(lab)


@graded(
    function="combine_ranks",
    category="property",
    points=2,
    rule="The order of the ranks does not matter, nor does a rank cut into two, nor in how many "
    "stages the ranks are combined",
    feedback="Sums and counts can be added in any order and in any groups. A mean of means can't: "
    "it changes as soon as somebody starts the same run on more ranks.",
)
def test_ranks_combine_in_any_order_and_in_stages(lab, rng):
    means, counts = draw_ranks(rng, 6)
    whole = combines_right(lab, means, counts, **ROUGHLY)
    order = rng.permutation(6)
    combines_right(lab, means[order], counts[order], wanted=whole, **ROUGHLY)
    some = number(lab.combine_ranks(means[:2], counts[:2]), "the mean of two ranks")
    rest = number(lab.combine_ranks(means[2:], counts[2:]), "the mean of four ranks")
    stages = np.array([counts[:2].sum(), counts[2:].sum()])
    # Two answers of six digits, combined to six digits.
    tolerance = {"relative": 2e-6, "absolute": 2e-6}
    combines_right(lab, np.array([some, rest]), stages, wanted=whole, **tolerance)


@graded(
    function="combine_ranks",
    category="reference",
    points=1,
    rule="It agrees with the exact value in all digits, for integers of 32 bits and for huge "
    "counts too",
    feedback="A product of two 32-bit integers wraps around silently. Turn the means into float64 "
    "before you multiply. Rounding the weights costs digits.",
)
def test_the_combined_mean_agrees_with_fifty_digits(lab, rng):
    for ranks in (1, 4, 100):
        combines_right(lab, *draw_ranks(rng, ranks))
    combines_right(lab, -rng.exponential(2.0, 3), np.array([1, 10**6, 10**12]))
    counts = rng.integers(10**9, 2 * 10**9, 3).astype(np.int32)
    combines_right(lab, np.array([-2, -7, -5], np.int32), counts)
    combines_right(lab, draw_ranks(rng)[0].astype(np.float32), draw_ranks(rng)[1])


@graded(
    function="combine_ranks",
    category="stress",
    points=2,
    rule="A rank with no token has no effect, even when its mean is NaN or infinite, without a "
    "warning",
    feedback="A rank that got nothing reports the mean of nothing, NaN. NaN times a count of 0 is "
    "NaN. Pick the ranks that have tokens first.",
)
def test_a_rank_without_tokens_has_no_effect(lab):
    for mean in (NAN, INF, -INF, -1e300, -3.0):
        means = np.array([-0.5, mean, -2.5])
        combines_right(lab, means, np.array([900, 0, 100]), wanted=-0.7)
        expect.quiet(lab)
    combines_right(lab, np.array([NAN, -0.5, NAN]), np.array([0, 3, 0]), wanted=-0.5)
    expect.quiet(lab)


@graded(
    function="combine_ranks",
    category="stress",
    points=1,
    rule="A NaN or −inf on a rank that has tokens is the answer, without a warning",
    feedback="Leave a rank out because it has no tokens, not because its mean is NaN. One broken "
    "rank must show in the mean of all.",
)
def test_a_broken_rank_shows(lab):
    combines_right(lab, np.array([-0.5, -2.5]), np.array([900, 100]), wanted=-0.7)
    for mean in (NAN, -INF):
        combines_right(lab, np.array([-0.5, mean, -2.5]), np.array([900, 1, 100]), wanted=mean)
        expect.quiet(lab)


@graded(
    function="combine_ranks",
    category="bad input",
    points=2,
    rule="No token at all, a negative count, and another number of counts than of means are a "
    "ValueError that names counts",
    feedback="0/0 is NaN with a warning; there is no such mean, so say it. A negative count makes "
    "a mean outside all the means. And NumPy stretches one count over all ranks.",
)
def test_counts_that_make_no_mean_are_refused(lab, rng):
    combines_right(lab, *draw_ranks(rng), **ROUGHLY)
    for means, counts in (
        ([-1.0, -2.0], [0, 0]),
        ([NAN], [0]),
        ([-1.0, -2.0], [5, -1]),
        ([-1.0, -2.0, -3.0], [-1, 0, 1]),
    ):
        with expect.refused("counts", "count"):
            lab.combine_ranks(np.array(means), np.array(counts))
    with expect.refused("counts", "count", "means"):
        lab.combine_ranks(np.array([]), np.array([], dtype=int))
    for ranks, others in ((3, 1), (1, 3), (3, 2)):
        with expect.refused("counts", "count", "means"):
            lab.combine_ranks(draw_ranks(rng, ranks)[0], draw_ranks(rng, others)[1])


# ------------------------------------------------------------------------------ should_stop (14)


@graded(
    function="should_stop",
    category="contract",
    points=4,
    rule="It is True when the epochs since the last progress are at least patience, else False",
    feedback="The first loss is the reference. A loss below reference − min_delta is progress: it "
    "becomes the reference, and the count is 0 again. Losses fall; the other direction is that of "
    "log-probabilities.",
)
def test_a_run_stops_after_patience_epochs_without_progress(lab, rng):
    for _ in range(6):
        for patience in (1, 2, 3, 5):
            # On a grid of 1/64. Every step down is progress, nothing after is; see below for the
            # case that exactly patience epochs are idle.
            falling = np.cumsum(rng.integers(17, 64, size=int(rng.integers(2, 7))))
            idle = int(rng.choice([n for n in range(8) if n != patience]))
            level = falling[-1] + rng.integers(-7, 8, size=idle)
            history = 8 - np.concatenate([falling, level]) / 64
            decides(lab, idle > patience, history, min_delta=0.25, patience=patience)
    decides_both_ways(lab)


@graded(
    function="should_stop",
    category="contract",
    points=1,
    rule="It returns a bool, for lists and for arrays, with defaults of 0.01 and 3",
    feedback="Return the comparison itself, not 1 or the count. The order of the arguments is "
    "losses, min_delta, patience.",
)
def test_the_decision_is_a_bool(lab):
    for wanted, losses in (
        (True, [2.0, 1.0, 0.995, 0.995, 0.995, 0.995]),
        (False, [2.0, 1.0, 0.995, 0.995]),
        (False, [2.0, 1.0, 1.0, 1.0, 0.985]),
        (True, [3, 1, 2, 2, 2, 2]),
    ):
        for given in (losses, np.array(losses), np.array(losses, np.float32)):
            value = decides(lab, wanted, given)
            if not isinstance(value, bool | np.bool_):
                raise AssertionError(f"the answer is a {type(value).__name__}; expected a bool")
    decides(lab, True, [4.0, 3.5, 3.5, 3.5], 1.0, 2)


@graded(
    function="should_stop",
    category="contract",
    points=1,
    rule="The losses are left as they were",
    feedback="Do not sort, pop or overwrite the history of somebody's run.",
)
def test_deciding_leaves_the_losses_alone(lab):
    decides_both_ways(lab)
    decides(lab, False, np.array([1.0, 1.5, 0.25]), min_delta=0.5)
    expect.untouched(lab)


@graded(
    function="should_stop",
    category="property",
    points=2,
    rule="The reference stays until a loss lies min_delta below it, so that small steps add up",
    feedback="Compared with the epoch before, or with the best loss however near, a slow and "
    "steady run never makes progress. Move the reference only when the progress counts.",
)
def test_small_steps_add_up(lab, rng):
    for _ in range(3):
        step, start = int(rng.integers(4, 9)), int(rng.integers(640, 1280))
        slow = (start - step * np.arange(20)) / 64
        # Progress every third or fourth epoch.
        for rate, patience in ((2.5, 3), (3.5, 4)):
            for epochs in (9, 10, 11, 12):
                losses, delta = slow[:epochs], rate * step / 64
                decides(lab, False, losses, min_delta=delta, patience=patience)
    decides(lab, True, slow[:3], min_delta=1.0, patience=1)
    # A worse loss is no new reference.
    decides(lab, True, np.array([2.0, 4.0, 3.0, 2.0]), min_delta=0.5, patience=2)


@graded(
    function="should_stop",
    category="stress",
    points=1,
    rule="Exactly patience epochs without progress are enough, and one fewer is not",
    feedback="At least means ≥. The count starts at 0 with the reference itself: the epoch after "
    "it is the first that can be idle.",
)
def test_exactly_patience_epochs_are_enough(lab):
    decides_both_ways(lab)
    for patience in (1, 2, 3, 6):
        level = np.array([2.0] + [1.0] * (patience + 1))
        decides(lab, True, level, patience=patience)
        decides(lab, False, level[:-1], patience=patience)
        # The same without any progress: the first loss stays the reference.
        decides(lab, True, level[1:], patience=patience)
        decides(lab, False, level[1:-1], patience=patience)


@graded(
    function="should_stop",
    category="property",
    points=2,
    rule="Only the count after the last epoch decides: progress after a long pause counts",
    feedback="The caller asks after each epoch; your answer is about now. So do not return from "
    "inside the loop, and start the count anew after progress.",
)
def test_only_the_count_at_the_end_decides(lab, rng):
    for patience in (1, 2, 4):
        idle = int(rng.integers(patience, 8))
        history = [2.0] + [2.0] * idle + [1.0] + [1.0] * (patience - 1)
        decides(lab, False, np.array(history), min_delta=0.5, patience=patience)
        decides(lab, True, np.array([*history, 1.0, 1.0]), min_delta=0.5, patience=patience)
        decides(lab, False, np.array([*history, 0.25]), min_delta=0.5, patience=patience)


@graded(
    function="should_stop",
    category="stress",
    points=1,
    rule="A loss exactly min_delta below the reference is no progress, the least bit lower is",
    feedback="The contract says below, which is strict. ≤ lets a run go on for ever when min_delta "
    "is 0 and the loss stands still.",
)
def test_below_is_meant_strictly(lab):
    decides_both_ways(lab)
    decides(lab, True, np.array([2.0, 1.75, 1.75]), min_delta=0.25, patience=1)
    decides(lab, False, np.array([2.0, 1.75 - 2.0**-40]), min_delta=0.25, patience=1)
    decides(lab, True, np.array([1.5, 1.5, 1.5, 1.5]), min_delta=0.0, patience=2)
    decides(lab, False, np.array([1.5, 1.5, 1.5 - 2.0**-40]), min_delta=0.0, patience=2)


@graded(
    function="should_stop",
    category="stress",
    points=1,
    rule="No loss gives False, one loss is the reference, and a loss of +inf is one like any other",
    feedback="losses[0] of an empty list is an IndexError. The first loss starts the count at 0: "
    "it can't be an idle epoch. +inf as a reference is left at the first finite loss.",
)
def test_short_histories_and_infinite_losses(lab):
    decides_both_ways(lab)
    for losses in ([], np.array([])):
        decides(lab, False, losses)
        decides(lab, False, losses, patience=1)
    decides(lab, False, np.array([0.5]), patience=1)
    decides(lab, False, np.array([INF, 1.0]), patience=1)
    decides(lab, True, np.array([1.0, INF, INF]), patience=1)
    decides(lab, False, np.array([INF, 1.0, 3.0]), patience=2)


@graded(
    function="should_stop",
    category="bad input",
    points=1,
    rule="A NaN anywhere among the losses is a ValueError that names losses",
    feedback="NaN compares false with everything. As the reference it ends every run after "
    "patience epochs; later on it looks like an idle epoch. Ask for it before the loop.",
)
def test_a_nan_among_the_losses_is_refused(lab):
    decides_both_ways(lab)
    for losses in ([NAN], [NAN, 2.0, 1.0], [3.0, NAN, 2.0, 1.0], [2.0, 1.0, NAN], [NAN] * 3):
        with expect.refused("losses", "loss"):
            lab.should_stop(np.array(losses))


# ---------------------------------------------------------------------------- flag_outliers (11)


@graded(
    function="flag_outliers",
    category="contract",
    points=3,
    rule="It lists the places (b, t) that are kept and below the threshold, one a row",
    feedback="One row a place, the sequence first. np.where gives one array an axis, which is the "
    "list turned on its side. The mask keeps what is True.",
)
def test_the_places_below_the_threshold_are_listed(lab, rng):
    for shape in ((4, 6), (1, 9), (7, 3)):
        flags_right(lab, *draw_places(rng, shape))
    flags_something(lab)


@graded(
    function="flag_outliers",
    category="contract",
    points=1,
    rule="The places come in reading order: sequence by sequence, from left to right",
    feedback="NumPy lists the True entries of an array row by row. Turned on its side, or sorted "
    "by value, the list has another order.",
)
def test_the_places_come_in_reading_order(lab, rng):
    for shape in ((4, 6), (7, 3)):
        flags_right(lab, *draw_places(rng, shape), in_order=True)


@graded(
    function="flag_outliers",
    category="contract",
    points=1,
    rule="The answer is an integer array of shape (n, 2), also when nothing is flagged",
    feedback="np.array([]) is float64 and has the shape (0,). np.argwhere has the right form, and "
    "so has a reshape(-1, 2) of integers.",
)
def test_the_answer_is_an_integer_array_of_pairs(lab, rng):
    log_probs, mask = -rng.exponential(1.0, (3, 4)) - 4.5, np.ones((3, 4), bool)
    for given in (log_probs, log_probs + 100):
        flags_right(lab, given, mask)
        value = lab.flag_outliers(given, mask)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "iu":
            raise AssertionError("the answer is no array of integers")
    flags_right(lab, log_probs.tolist(), mask.tolist())


@graded(
    function="flag_outliers",
    category="contract",
    points=1,
    rule="Neither the log-probabilities nor the mask are changed",
    feedback="log_probs[~mask] = 0 writes into the caller's array. Make a new one.",
)
def test_flagging_leaves_its_arguments_alone(lab, rng):
    flags_something(lab)
    log_probs, mask = -rng.exponential(4.0, (3, 5)), rng.random((3, 5)) < 0.5
    log_probs[0, 0], mask[0, 0], mask[0, 1] = -5.0, True, False
    flags_right(lab, log_probs, mask)
    expect.untouched(lab)


@graded(
    function="flag_outliers",
    category="property",
    points=2,
    rule="Padding is never flagged, whatever stands there: −100, −inf, NaN",
    feedback="Join the mask with the comparison. A number written into the padding is no way out: "
    "0 is below a threshold of 1, and log_probs·mask makes NaN of −inf.",
)
def test_padding_is_never_flagged(lab, rng):
    for threshold in (-4.0, -0.5, 1.0):
        log_probs, mask = -rng.exponential(4.0, (4, 5)), np.ones((4, 5), bool)
        log_probs[:2, 0] = -6.0
        mask[0, 2:] = mask[2, 1] = mask[3, :] = False
        log_probs[0, 2:], log_probs[2, 1] = (-100.0, -INF, NAN), NAN
        flags_right(lab, log_probs, mask, threshold)
        expect.quiet(lab)


@graded(
    function="flag_outliers",
    category="stress",
    points=1,
    rule="A value at the threshold is not flagged, a kept −inf is; the threshold is −4 by default",
    feedback="The contract says below, which is strict. −inf is a probability of 0: the first one "
    "to look at.",
)
def test_below_the_threshold_is_meant_strictly(lab):
    edge = np.array([[-4.0, np.nextafter(-4.0, -5.0), -INF], [np.nextafter(-4.0, 0.0), -4.5, -3.5]])
    flags_right(lab, edge, np.ones((2, 3), bool))
    expect.quiet(lab)
    flags_right(lab, edge.astype(np.float32), np.ones((2, 3), bool), -4.5)
    flags_right(lab, edge, np.ones((2, 3), bool), -3.5)


@graded(
    function="flag_outliers",
    category="stress",
    points=1,
    rule="A large batch takes NumPy time, not a Python loop over its places",
    feedback="Compare the whole array at once, and let NumPy list the places.",
)
def test_flagging_a_large_batch_takes_numpy_time(lab, rng):
    log_probs, mask = -rng.exponential(2.0, BATCH), np.ones(BATCH, bool)
    wanted = np.argwhere(log_probs < -8.0)
    value = integers(lab.flag_outliers(log_probs, mask, -8.0), wanted.shape, "the answer")
    expect.equal(value[np.lexsort(value.T[::-1])], wanted, "the list of places of the large batch")

    def row_after_row():
        for b, (row, kept) in enumerate(zip(log_probs, mask, strict=True)):
            [(b, t) for t in np.flatnonzero(kept & (row < -8.0))]

    call = functools.partial(lab.flag_outliers, log_probs, mask, -8.0)
    takes_numpy_time(lab, call, row_after_row, SLOW_FLAGS)


@graded(
    function="flag_outliers",
    category="bad input",
    points=1,
    rule="A mask of another shape is a ValueError that names mask or log_probs",
    feedback="A mask of one row or one column is stretched over the batch by NumPy, without a "
    "word, and flags padding. Compare the shapes.",
)
def test_a_mask_of_another_shape_is_refused(lab, rng):
    flags_something(lab)
    for shape in ((1, 4), (3, 1), (3, 3), (2, 4), (4,)):
        with expect.refused("mask", "log_probs"):
            lab.flag_outliers(-rng.exponential(4.0, (3, 4)), np.ones(shape, bool))


# ----------------------------------------------------------------- train_softmax_regression (21)


@graded(
    function="train_softmax_regression",
    category="contract",
    points=3,
    rule="The weights are those of full-batch gradient descent from zeros, the biases in the last "
    "row",
    feedback="Each step uses all samples: softmax of the logits minus the one-hot labels, times "
    "the features, over N. Put the bias below the weights, as the weight of a feature that is 1.",
)
def test_the_weights_are_those_of_full_batch_gradient_descent(lab, rng):
    runs_right(lab, *draw_samples(rng), 4, parts=["weights"])
    runs_right(lab, *draw_samples(rng, 5, 1, 2), 2, 0.4, parts=["weights"])


@graded(
    function="train_softmax_regression",
    category="contract",
    points=2,
    rule="Each loss is the mean over all samples, in nats, before its step",
    feedback="Write the loss down before you move the weights, once a step. It is a mean of −ln p "
    "of the labels: no sum, no bits, no minus sign left over.",
)
def test_each_loss_is_the_mean_before_its_step(lab, rng):
    runs_right(lab, *draw_samples(rng), 4, parts=["losses"])
    runs_right(lab, *draw_samples(rng, 5, 1, 2), 2, 0.4, parts=["losses"])


@graded(
    function="train_softmax_regression",
    category="contract",
    points=1,
    rule="The weights have the float type of X, or float64 for integers and lists; the dict holds "
    "weights (D+1, V) and losses (steps,)",
    feedback="A float64 column of ones or float64 zeros turn a float32 run into a float64 one. "
    "Integer features become float64 before the first product.",
)
def test_the_weights_have_the_float_type_of_the_features(lab):
    x, y = np.array([[0, 1], [1, 1], [1, 0]]), np.array([0, 1, 1])
    learns(lab, x.astype(np.float32), y.astype(np.uint8), expect.array)
    learns(lab, x.astype(np.float64), y.astype(np.int32), expect.array)
    learns(lab, x.astype(np.uint8), y, expect.array)
    learns(lab, x.tolist(), y.tolist(), expect.array)


@graded(
    function="train_softmax_regression",
    category="contract",
    points=1,
    rule="Neither X nor y is changed",
    feedback="Scale or extend a copy, not the data of the caller.",
)
def test_training_leaves_the_data_alone(lab, rng):
    learns(lab)
    expect.untouched(lab)
    x, y = draw_samples(rng)
    lab.train_softmax_regression(x, y, 4, STEPS)
    expect.untouched(lab)


@graded(
    function="train_softmax_regression",
    category="contract",
    points=1,
    rule="Without further arguments it takes 200 steps with the learning rate 0.5",
    feedback="Use both arguments, and do not stop early: the losses have as many entries as there "
    "are steps.",
)
def test_the_defaults_are_two_hundred_steps_of_a_half(lab, rng):
    learns(lab)
    x, y = draw_samples(rng)
    weights, losses = run_of(lab, x.copy(), y, 4)
    again = run_of(lab, x.copy(), y, 4, 200, 0.5)
    expect.close(weights, again[0], what="a weight of the defaults", **ROUGHLY)
    expect.close(losses, again[1], what="a loss of the defaults", **ROUGHLY)
    if not losses[-1] < losses[STEPS] - 1e-3:
        raise AssertionError("the last loss is not below the first ones")


@graded(
    function="train_softmax_regression",
    category="property",
    points=2,
    rule="On real digits the loss starts at ln V and falls with every step",
    feedback="All weights zero make all classes equal, and that costs ln V. If the first loss is "
    "lower, it was taken after the step. If it jumps up and down, the gradient is a sum in place "
    "of a mean.",
)
def test_the_loss_on_digits_starts_at_ln_ten_and_falls(lab, rng):
    x, y, _, _ = draw_images(rng)
    _, losses = run_of(lab, x, y, 10, 20, steps=20)
    loses_first(losses, 10)
    if not (np.diff(losses) < 0).all():
        raise AssertionError("the loss on digits rises from one step to the next")


@graded(
    function="train_softmax_regression",
    category="property",
    points=2,
    rule="Trained on a few hundred real digits, it reads more than 80 % of the others",
    feedback="The logits are X @ weights[:-1] + weights[-1]. Guessing reads 10 %. If yours does "
    "little more, the weights are of another order, the gradient has the wrong sign, or the "
    "labels stand on the wrong rows.",
)
def test_it_reads_digits_that_it_has_not_seen(lab, rng):
    x, y, others, labels = draw_images(rng)
    weights, _ = run_of(lab, x, y, 10, 40, steps=40)
    right = float(((others @ weights[:-1] + weights[-1]).argmax(axis=1) == labels).mean())
    if not right > 0.8:
        raise AssertionError(f"{right:.0%} of the digits are read right")


@graded(
    function="train_softmax_regression",
    category="property",
    points=1,
    rule="Every sample given twice, or the samples in another order, make the same run; the "
    "weights of a feature sum to 0 over the classes",
    feedback="The gradient of a mean does not grow with the number of samples. And p − onehot sums "
    "to 0 over the classes, so every step does.",
)
def test_the_run_does_not_depend_on_copies_and_order(lab, rng):
    x, y = draw_samples(rng)
    weights = runs_right(lab, x.copy(), y, 4, parts=["weights"])["weights"]
    order = rng.permutation(np.tile(np.arange(len(y)), 2))
    twice, _ = run_of(lab, x[order], y[order], 4, STEPS, steps=STEPS)
    # Both sides are within six digits of the exact run.
    expect.close(twice, weights, relative=2e-6, absolute=2e-6, what="the weight")
    # Four weights, each within 1e-6 relative and absolute, none above 1 after so few steps.
    if not np.abs(weights.sum(axis=1)).max() <= 8e-6:
        raise AssertionError("the weights of a feature do not sum to 0 over the classes")


@graded(
    function="train_softmax_regression",
    category="gradient",
    points=2,
    rule="One step from zero moves the weights by learning_rate times the mean of "
    "(onehot − 1/V) times the features",
    feedback="At zero every class has the probability 1/V, so the first step can be done by hand. "
    "Check the factor 1/N, the learning rate, the sign, and the row of the biases.",
)
def test_the_first_step_is_the_gradient_at_zero(lab, rng):
    for rate in (0.5, 2.0):
        x, y = draw_samples(rng, 7, 2, 3)
        inputs = np.column_stack([x, np.ones(7)])
        wanted = [
            [rate * math.fsum(c * ((k == y) - 1 / 3)) / 7 for k in range(3)] for c in inputs.T
        ]
        weights, _ = run_of(lab, x, y, 3, 1, rate, steps=1)
        expect.close(weights, wanted, what="the weight after one step", **ROUGHLY)


@graded(
    function="train_softmax_regression",
    category="reference",
    points=1,
    rule="Weights and losses agree with the exact run in all digits, in float64 and in float32",
    feedback="Keep the type of X throughout, and use no float32 constant under float64 features. "
    "An epsilon inside the logarithm is an error of its own.",
)
def test_the_run_agrees_with_fifty_digits(lab, rng):
    x, y = draw_samples(rng)
    runs_right(lab, x, y, 4, roughly=False)
    runs_right(lab, *draw_samples(rng, 4, 2, 3), 3, 0.125, roughly=False)
    runs_right(lab, x.astype(np.float32), y, 4, roughly=False)


@graded(
    function="train_softmax_regression",
    category="stress",
    points=2,
    rule="With features a thousand times as large, weights and losses stay finite in float32, "
    "without a warning",
    feedback="After one step the logits are in the millions, and e to that is inf. Shift each row "
    "by its maximum, and take −ln p from the shifted logits: the probability itself rounds to 0, "
    "and its logarithm is −inf.",
)
def test_large_features_leave_everything_finite(lab, rng):
    learns(lab)
    x, y, _, _ = draw_images(rng, 200, 1000 / 16)
    for scale in (1, 16):
        weights, losses = run_of(lab, (scale * x).astype(np.float32), y, 10, 12, steps=12)
        expect.quiet(lab)
        expect.finite(weights, "the weights")
        expect.finite(losses, "the losses")


@graded(
    function="train_softmax_regression",
    category="stress",
    points=2,
    rule="With features a thousand times as large the losses are still right: they start at ln V "
    "and leap to thousands",
    feedback="A model that is sure and wrong pays thousands of nats. A probability that is clipped "
    "before its logarithm is taken hides that the run has gone astray.",
)
def test_the_losses_of_large_features_are_right(lab, rng):
    x, y, _, _ = draw_images(rng, 200, 1000 / 16)
    for scale in (1, 16):
        wanted = second_loss(scale * x, y)
        _, losses = run_of(lab, (scale * x).astype(np.float32), y, 10, 2, steps=2)
        loses_first(losses, 10)
        expect.close(losses[1:], [wanted], relative=1e-3, what="the second loss")


def second_loss(x, y, rate=0.5):
    """The loss after one step from zero, ten classes, with SciPy's log-softmax in float64."""
    onehot, inputs = np.eye(10)[y], np.column_stack([x, np.ones(len(x))])
    z = inputs @ (rate * inputs.T @ (onehot - 0.1) / len(x))
    return -special.log_softmax(z, axis=1)[np.arange(len(y)), y].mean()


@graded(
    function="train_softmax_regression",
    category="bad input",
    points=1,
    rule="Labels that are no classes, or not one for each sample, are a ValueError that names y",
    feedback="NumPy reads −1 as the last class, and trains on it without a word. Check range, type "
    "and number of the labels before the first step.",
)
def test_labels_that_do_not_fit_are_refused(lab, rng):
    learns(lab)
    for labels in ([0, -1, 2], [0, 1, 3], [-3, 0, 1], [0, 1, 100], [0.0, 0.5, 2.0]):
        with expect.refused("y", "label", "labels"):
            lab.train_softmax_regression(rng.random((3, 2)), np.array(labels), 3, 2)
    for labels in ([0, 1], [0, 1, 2, 0], [1]):
        with expect.refused("y", "X", "label", "labels"):
            lab.train_softmax_regression(rng.random((3, 2)), np.array(labels), 3, 2)
