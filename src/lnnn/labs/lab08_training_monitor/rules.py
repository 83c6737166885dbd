"""The rules of lab 8, monitor a training run: 100 points over six functions, with speed.

Where the tolerances come from, beside the course's contract (``expect``)
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
  0.8 asks for a trained model and not for a lucky one; guessing reads 0.1."""

import math

import numpy as np

from lnnn import digits
from lnnn.messages import _
from lnnn.suite import expect, oracle
from lnnn.suite.agree import ROUGHLY, float_type
from lnnn.suite.rule import given, rule

NAN, INF = np.nan, np.inf
EXACTLY = {}  # no more than the contract grants
LOGITS = np.array([[[1.0, 2.0, 3.0], [0.0, 0.0, 2.0]], [[0.5, -1.0, 0.0], [2.0, 2.0, 2.0]]])
TARGETS = np.array([[2, 0], [1, 1]])
# Halves and quarters add up without rounding. Token 9 is the EOS.
LOG_PROBS = np.array([[-1, -0.5, -2, -0.25], [-2, -7, -1.5, -4], [-1, -1, -0.5, -3]])
RUBBISH = np.array([[-1, -0.5, NAN, NAN], [-2, -INF, -INF, -INF], [-1, -1, -0.5, -3]])
BROKEN = np.array([[NAN, -0.5, -2, -0.25], [-2, -7, -1.5, -4], [-1, -1, -0.5, -INF]])
PADDING = np.array([[-1, -0.5, -2, -INF], [-2, NAN, -1.5, -4], [-1, -1, -0.5, -3]])
TOKENS = np.array([[3, 9, 4, 9], [9, 3, 9, 1], [3, 1, 4, 1]])
TOTALS, LENGTHS = (-1.5, -2.0, -5.5), (2, 1, 4)
ENDED = (LOG_PROBS, TOKENS, 9, TOTALS, LENGTHS)
MASK = np.array([[True, True, True, False], [True, False, True, True], [True, True, True, True]])
ALL = np.ones((3, 4), bool)
LOW = [(0, 2), (1, 0), (1, 3), (2, 3)]  # kept and below -1.75
FLAGGED = (LOW, LOG_PROBS, MASK, -1.75)
TWO_RANKS = (np.array([-0.5, -2.5]), np.array([900, 100]), -0.7)
STALLED = np.array([2.0, 1.0, 1.0, 1.0, 1.0])
# The two samples of the worked example, and their first step. The losses of the second: ln 2 for
# one sample, ln(1 + e^-0.25) for the other.
X, Y = np.array([[0.0], [1.0]]), np.array([0, 1])
X32, X8, Y8 = X.astype(np.float32), X.astype(np.uint8), Y.astype(np.uint8)
STEPPED = np.array([[-0.125, 0.125], [0.0, 0.0]])
LN2 = math.log(2)
TWO_LOSSES = [LN2, (LN2 + math.log1p(math.exp(-0.25))) / 2]
PIXELS, DIGITS = digits.load()
LARGE_IMAGES = ((PIXELS[:300] * (1000 / 16)).astype(np.float32), DIGITS[:300])
UNSEEN = np.r_[:1000, 1300:1797]  # for a model that was trained on images 1000 to 1299


def integers(value, shape, what):
    """``value`` as an array of integers of this shape, lists and whole floats included."""
    value = np.asarray(value)
    expect.that(value.dtype.kind in "iuf", _("{what} holds no integers"), what=_(what))
    return expect.array(value, shape, value.dtype, what)


# -------------------------------------------------------------------------- token_log_probs (19)
def scores(lab, logits, targets, of_type=expect.floats, tolerance=ROUGHLY):
    """token_log_probs picks the exact log-probability of each target; the answer."""
    log_p, picked = oracle.log_softmax(logits), np.asarray(targets)
    wanted = [log_p[place][picked[place]] for place in np.ndindex(picked.shape)]
    value = lab.token_log_probs(logits, targets)
    value = of_type(value, picked.shape, float_type(logits))
    expect.close(value, np.reshape(wanted, picked.shape), what="the log-probability", **tolerance)
    return value


SCORED = [given(LOGITS, TARGETS), given(LOGITS[:1, :, :2], TARGETS[:1] // 2)]
SHIFTED = [given(LOGITS + np.array([[[1000.0], [-500.0]], [[0.0], [250.0]]]))]
FAR, FAR32 = LOGITS + 1e8, (LOGITS + 1e4).astype(np.float32)
A_THOUSAND = [[0.0, 1000.0, -1000.0], [-1000.0, -999.0, -998.0]]
LARGEST = [[0.0, 1e300, 1.0], [-1e300, 1.0, -INF]]
RULED_OUT = [[0.0, 1.0, -INF], [0.0, 1.0, 2.0]]
LARGE_LOGITS = [given(np.array([z]), TARGETS[:1]) for z in (A_THOUSAND, LARGEST, RULED_OUT)]


@rule("token_log_probs", "contract", points=5, examples=SCORED)
def each_place_has_the_log_probability_of_its_target(lab, logits, targets):
    """At each place it is the log-probability of the target, shape (B, L)

    Log-softmax over the classes, the last axis. Then one entry for each place: index places and
    targets together, so that each place has its own target. No minus sign."""
    scores(lab, logits, targets)


@rule("token_log_probs", "property", points=2, examples=SHIFTED)
def every_place_is_a_distribution_of_its_own(lab, logits):
    """A constant on all logits of a place changes nothing, and the probabilities of all targets at
    a place sum to 1

    Each place has its own maximum and its own normalisation. A maximum or a sum over the whole
    batch, or over the sequence, mixes places that have nothing to do with each other."""
    total = 0.0
    for target in range(logits.shape[2]):
        total = total + np.exp(scores(lab, logits, np.full(logits.shape[:2], target)))
        expect.quiet(lab)
    # Each of the probabilities is within 1e-6 relative and absolute.
    one = np.abs(total - 1).max() <= 2e-6 * logits.shape[2]
    expect.that(one, _("the probabilities of a place do not sum to 1"))


@rule("token_log_probs", "reference", points=3, examples=[given(FAR, TARGETS)])
def token_scores_agree_with_fifty_digits(lab, logits, targets):
    """It agrees with the exact value in float64, for logits from tiny to huge and far from 0

    z − LSE(z) subtracts two large numbers when the logits sit far from zero. Take the maximum off
    first and never add it back. An epsilon inside a logarithm is an error too."""
    scores(lab, logits, targets, tolerance=EXACTLY)


@rule("token_log_probs", "reference", points=1, examples=[given(FAR32, TARGETS)])
def token_scores_agree_with_fifty_digits_in_float32(lab, logits, targets):
    """It agrees with the exact value in float32

    float32 has 7 digits: near 10 000 only three of them stand behind the point. Stay shifted."""
    scores(lab, logits, targets, tolerance=EXACTLY)


@rule("token_log_probs", "stress", points=2, examples=LARGE_LOGITS)
def token_scores_survive_large_logits(lab, logits, targets):
    """Logits of ±1000, the largest of the contract and −inf are no problem, without a warning

    e^1000 is inf, and ln of a probability that rounded to 0 is −inf where the answer is finite. Go
    from logits to log-probabilities in one step. Only a logit of −inf gives −inf."""
    scores(lab, logits, targets, tolerance=EXACTLY)
    expect.quiet(lab)


# ----------------------------------------------------------------------- sequence_log_probs (20)
def sums(lab, log_probs, tokens, eos_id, totals, lengths, of_type=expect.floats, tolerance=ROUGHLY):
    """sequence_log_probs gives these totals and lengths; the answer."""
    value = lab.sequence_log_probs(log_probs, tokens, eos_id)
    pair = isinstance(value, tuple | list) and len(value) == 2
    expect.that(pair, _("the answer is no tuple of two arrays: totals, lengths"))
    shape = (len(totals),)
    found = of_type(value[0], shape, float_type(log_probs), "the first, totals,")
    expect.equal(integers(value[1], shape, "the second, lengths,"), lengths, "lengths")
    expect.close(found, totals, what="the total", **tolerance)
    return value


SUMMED_IN_TYPES = [
    given(LOG_PROBS.astype(np.float32), *ENDED[1:]),
    given(LOG_PROBS[:2].tolist(), TOKENS[:2].tolist(), 9, TOTALS[:2], LENGTHS[:2]),
]
EARLY_AND_NEVER = [
    given(LOG_PROBS[1:], TOKENS[1:], 9, TOTALS[1:], LENGTHS[1:]),
    given(LOG_PROBS, TOKENS, 0, (-3.75, -14.5, -5.5), (4, 4, 4)),
    given(LOG_PROBS[:1], np.array([[3, 4, 4, 0]]), 0, (-3.75,), (4,)),
]


@rule("sequence_log_probs", "contract", points=5, examples=[given(*ENDED)])
def a_sequence_is_summed_up_to_its_first_eos(lab, *sequences):
    """Each total sums up to and including the first EOS; the length says how many tokens that were

    The EOS is a token that the model predicted, so it counts: one at position 1 means two tokens.
    Is your total short by one, or too long? Then the EOS is missing, or you went on to a later
    one."""
    sums(lab, *sequences)


@rule("sequence_log_probs", "contract", points=2, examples=SUMMED_IN_TYPES)
def totals_keep_the_float_type_and_lengths_are_integers(lab, *sequences):
    """It returns a tuple of two arrays: totals in the float type of the log-probabilities
    (integers: float64), lengths as integers

    Zeros that you put in place of what does not count are float64 and may drag float32 along.
    Lengths are counts: integers, not floats."""
    value = sums(lab, *sequences, of_type=expect.array)
    kind = getattr(value[1], "dtype", np.dtype(object)).kind
    text = _("the answer is no tuple of float totals and integer lengths")
    expect.that(isinstance(value, tuple) and kind in "iu", text)


@rule("sequence_log_probs", "property", points=3, examples=EARLY_AND_NEVER)
def sequences_without_an_eos_and_with_one_at_either_end(lab, *sequences):
    """Without an EOS all of the sequence counts; an EOS at the first place gives the length 1

    argmax of a row without True is 0, which looks like an EOS at the first place. Ask whether there
    is one at all. And 0 is a token like any other, also as the EOS."""
    sums(lab, *sequences)


@rule("sequence_log_probs", "property", points=3)
def what_follows_the_eos_has_no_effect(lab, sequences, other_log_probs, other_tokens):
    """What follows the first EOS has no effect: other tokens, another EOS, other values

    Only the first EOS ends a sequence. A mask of tokens that are not the EOS keeps whatever stands
    between two of them, and behind the last."""
    first = sums(lab, *sequences)
    second = sums(lab, other_log_probs, other_tokens, *sequences[2:])
    expect.equal(second[0], first[0], "the total with another filling after the EOS")


@rule("sequence_log_probs", "reference", points=1)
def totals_agree_with_the_exact_ones(lab, *sequences):
    """The totals agree with the exact ones in all digits, in float64 and in float32

    Sum the log-probabilities themselves. The difference of two running sums cancels digits, and a
    sum in float16 or float32 has too few for float64."""
    sums(lab, *sequences, tolerance=EXACTLY)


# ---------------------------------------------------------------------------- combine_ranks (15)
def combines(lab, means, counts, wanted, of_type=expect.number, tolerance=ROUGHLY):
    """combine_ranks gives this mean; the answer."""
    value = of_type(lab.combine_ranks(means, counts), "the answer")
    expect.close(float_type(means).type(value), wanted, what="the mean", **tolerance)
    return value


ONE_RANK = given(np.array([-3.25]), np.array([7]), -3.25)
COMBINED = [given(*TWO_RANKS), given([-0.5, -2.5, -1.0], [100, 100, 200], -1.25), ONE_RANK]
REGROUPED = [
    given(np.array([-1.0, -2.0, -6.0]), np.array([5, 5, 5]), -3.0, [2, 0, 1], 1),
    given(np.array([-0.5, -0.5, -2.5]), np.array([450, 450, 100]), -0.7, [1, 2, 0], 2),
]
IN_32_BITS = [given(np.array([-3, -5], np.int32), np.array([10**9, 10**9], np.int32), -4.0)]
BAD_COUNTS = [([-1.0, NAN], [0, 0]), ([], []), ([-1.0, -2.0], [5, -1]), ([-1.0, -2.0], [5])]
BAD_COUNTS = [given(TWO_RANKS, np.array(m), np.array(n, int)) for m, n in BAD_COUNTS]


@rule("combine_ranks", "contract", points=5, examples=COMBINED)
def a_rank_weighs_as_much_as_it_has_tokens(lab, means, counts, wanted):
    """It is the mean over all tokens: each rank's mean weighs as much as it has tokens

    A mean of means lets a rank of ten tokens vote like one of ten thousand. Turn each mean back
    into a sum, add, and divide once: by the tokens, not by the ranks."""
    combines(lab, means, counts, wanted)


@rule("combine_ranks", "contract", points=1, examples=COMBINED)
def the_combined_mean_is_a_float(lab, means, counts, wanted):
    """It returns a float

    Return float(...), not an array of one element."""
    combines(lab, means, counts, wanted, expect.scalar)


@rule("combine_ranks", "property", points=2, examples=REGROUPED)
def ranks_combine_in_any_order_and_in_stages(lab, means, counts, wanted, order, cut):
    """It depends neither on the order of the ranks nor on how they are cut or combined in stages

    Sums and counts can be added in any order and in any groups. A mean of means can't: it changes
    as soon as somebody starts the same run on more ranks."""
    whole = combines(lab, means, counts, wanted)
    combines(lab, means[order], counts[order], whole)
    stages = [lab.combine_ranks(means[part], counts[part]) for part in (np.s_[:cut], np.s_[cut:])]
    stages = np.array([expect.number(mean, "the mean of some ranks") for mean in stages])
    totals = np.array([counts[:cut].sum(), counts[cut:].sum()])
    # Two answers of six digits, combined to six digits.
    combines(lab, stages, totals, whole, tolerance={"relative": 2e-6, "absolute": 2e-6})


@rule("combine_ranks", "reference", points=1, examples=IN_32_BITS)
def the_combined_mean_agrees_with_the_exact_one(lab, means, counts, wanted):
    """It agrees with the exact value in all digits, for integers of 32 bits and for huge counts too

    A product of two 32-bit integers wraps around without a word. Turn the means into float64 before
    you multiply. Rounding the weights costs digits."""
    combines(lab, means, counts, wanted, tolerance=EXACTLY)


@rule("combine_ranks", "bad input", points=2, examples=BAD_COUNTS)
def counts_that_make_no_mean_are_refused(lab, ranks, means, counts):
    """No token, a negative count, or another number of counts is a ValueError that names counts

    0/0 is NaN with a warning; there is no such mean, so say it. A negative count makes a mean
    outside all the means. And NumPy stretches one count over all ranks."""
    combines(lab, *ranks)
    misfit = len(means) != len(counts) or len(means) == 0
    expect.refuses(lab.combine_ranks, means, counts, names=("counts", "count", *["means"] * misfit))


# ------------------------------------------------------------------------------ should_stop (14)
def decides(lab, wanted, losses, *settings, **named):
    """should_stop says this: a bool, or a number 0 or 1, whose type has a rule of its own."""
    value = lab.should_stop(losses, *settings, **named)
    like_a_bool = isinstance(value, bool | np.bool_ | int | np.integer) and value in (0, 1)
    text, kind = _("the answer is a {kind}; expected a bool"), type(value).__name__
    expect.that(like_a_bool, text, kind=kind)
    text, shown = _("for the losses {losses} the answer is {found}, not {wanted}"), list(losses)
    expect.that(bool(value) == wanted, text, losses=shown, found=value, wanted=wanted)
    return value


FALLING = np.array([2.0, 1.5, 1.0, 0.5, 0.25])
IDLE = [2.0, 1.0, 1.0, 1.0, 1.0]
DECIDED = [given(True, IDLE), given(False, IDLE[:-1]), given(False, FALLING)]
DECIDED += [given(True, np.array([1.0, 2.0, 3.0]), patience=2)]
SLOW = 2 - 0.375 * np.arange(5)
SMALL_STEPS = [
    given(False, SLOW, min_delta=0.5, patience=2),
    given(True, SLOW[:2], min_delta=0.5, patience=1),
    given(False, [2.0, 2.5, 2.0, 1.0], min_delta=0.5, patience=2),
]
PAUSED = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
AFTER_A_PAUSE = [given(False, [1.0] * 5 + [0.5]), given(False, PAUSED), given(True, [*PAUSED, 0.5])]
SHORT = [given(False, []), given(False, [0.5], patience=1), given(False, [INF, 1.0], patience=1)]
BROKEN_LOSSES = ([NAN, 1.0], [1.0, NAN, 0.5], [1.0, NAN])
BROKEN_LOSSES = [given(STALLED, FALLING, np.array(losses)) for losses in BROKEN_LOSSES]


@rule("should_stop", "contract", points=4, examples=DECIDED)
def a_run_stops_after_patience_epochs_without_progress(lab, wanted, losses, **settings):
    """It is True when the epochs since the last progress are at least patience, else False

    Go through the epochs with a reference and a count. The first loss is the reference. A loss
    below reference − min_delta is progress: it becomes the reference, and the count is 0 again.
    Losses fall; the other direction is that of log-probabilities."""
    decides(lab, wanted, losses, **settings)


@rule("should_stop", "contract", points=1, examples=DECIDED)
def the_decision_is_a_bool(lab, wanted, losses, *settings, **named):
    """It returns a bool, for lists and for arrays, with defaults of 0.01 and 3

    Return the comparison itself, not 1 or the count. min_delta comes before patience."""
    value = decides(lab, wanted, losses, *settings, **named)
    text, kind = _("the answer is a {kind}; expected a bool"), type(value).__name__
    expect.that(isinstance(value, bool | np.bool_), text, kind=kind)


@rule("should_stop", "property", points=2, examples=SMALL_STEPS)
def small_steps_add_up(lab, wanted, losses, **settings):
    """The reference stays until a loss lies min_delta below it, so that small steps add up

    Compared with the epoch before, or with the best loss however near, a slow and steady run never
    makes progress. Move the reference only when the progress counts."""
    decides(lab, wanted, losses, **settings)


@rule("should_stop", "property", points=2, examples=AFTER_A_PAUSE)
def only_the_count_at_the_end_decides(lab, wanted, losses, **settings):
    """Only the count after the last epoch decides: progress after a long pause counts

    The caller asks after each epoch; your answer is about now. So do not return from inside the
    loop, and start the count anew after progress."""
    decides(lab, wanted, losses, **settings)


@rule("should_stop", "stress", points=1, examples=[given(STALLED, 3)])
def exactly_patience_epochs_are_enough(lab, losses, patience):
    """Exactly patience epochs without progress are enough, and one fewer is not

    At least means ≥. The count is 0 at the reference; the next epoch is the first that can be
    idle."""
    decides(lab, True, losses, patience=patience)
    decides(lab, False, losses[:-1], patience=patience)


@rule("should_stop", "stress", points=1, examples=SHORT)
def short_histories_and_infinite_losses(lab, wanted, losses, **settings):
    """No loss gives False, one loss is the reference, and a loss of +inf is one like any other

    losses[0] of an empty list is an IndexError: ask before you take it. The first loss starts the
    count at 0: it can't be an idle epoch. +inf as a reference is left at the first finite loss."""
    decides(lab, wanted, losses, **settings)


@rule("should_stop", "bad input", points=1, examples=BROKEN_LOSSES)
def a_nan_among_the_losses_is_refused(lab, stalled, falling, losses):
    """A NaN anywhere among the losses is a ValueError that names losses

    NaN compares false with everything. As the reference it ends every run after patience epochs;
    later on it looks like an idle epoch. Ask for it before the loop."""
    decides(lab, True, stalled)
    decides(lab, False, falling)
    expect.refuses(lab.should_stop, losses, names=("losses", "loss"))


# ---------------------------------------------------------------------------- flag_outliers (11)
def flags(lab, places, log_probs, mask, *threshold, in_order=False):
    """flag_outliers lists these places, in whatever order, which has its own rule; the answer."""
    answer = lab.flag_outliers(log_probs, mask, *threshold)
    value = integers(answer, (len(places), 2), "the answer")
    value = value if in_order else value[np.lexsort(value.T[::-1])]
    expect.equal(value, np.reshape(places, (-1, 2)), "the list of places")
    return answer


LISTED = [
    given(*FLAGGED),
    given([(1, 1)], LOG_PROBS, ALL),
    given([(0, 0), (0, 1)], [[-5.0, -6.0, -7.0]], [[True, True, False]]),
]
PADDED = [
    given(LOW, PADDING, MASK, -1.75),
    given([(0, 1)], np.array([[2.0, 0.5, 0.25]]), np.array([[True, True, False]]), 1),
]


@rule("flag_outliers", "contract", points=3, examples=LISTED)
def the_places_below_the_threshold_are_listed(lab, places, *inputs):
    """It lists the places (b, t) that are kept and below the threshold, one a row

    One row a place, the sequence first. np.argwhere gives pairs; np.where gives one array an axis,
    which is the list turned on its side. The mask keeps what is True."""
    flags(lab, places, *inputs)


@rule("flag_outliers", "contract", points=1, examples=LISTED)
def the_places_come_in_reading_order(lab, places, *inputs):
    """The places come in reading order: sequence by sequence, from left to right

    NumPy lists the True entries of an array row by row. Turned on its side it has another order."""
    flags(lab, places, *inputs, in_order=True)


@rule("flag_outliers", "contract", points=1, examples=[*LISTED, given([], LOG_PROBS, MASK)])
def the_answer_is_an_integer_array_of_pairs(lab, places, *inputs):
    """The answer is an integer array of shape (n, 2), also when nothing is flagged

    np.array([]) is float64 and has the shape (0,). np.argwhere has the right form, and so has a
    reshape(-1, 2) of integers."""
    value = flags(lab, places, *inputs)
    whole = isinstance(value, np.ndarray) and value.dtype.kind in "iu"
    expect.that(whole, _("the answer is no array of integers"))


@rule("flag_outliers", "property", points=2, examples=PADDED)
def padding_is_never_flagged(lab, places, *inputs):
    """Padding is never flagged, whatever stands there: −100, −inf, NaN

    Join the mask with the comparison. A number written into the padding is no way out: 0 is below a
    threshold of 1, and log_probs·mask makes NaN of −inf."""
    flags(lab, places, *inputs)
    expect.quiet(lab)


# ----------------------------------------------------------------- train_softmax_regression (21)
def run_of(lab, x, y, classes, *settings, of_type=expect.floats):
    """The weights and losses of a run, of the right shapes; ``settings``: steps, then the rate."""
    run = lab.train_softmax_regression(x, y, classes, *settings)
    both = isinstance(run, dict) and {"weights", "losses"} <= set(run)
    expect.that(both, _('the answer is no dict with "weights" and "losses"'))
    shape = (np.shape(x)[1] + 1, classes)
    weights = of_type(run["weights"], shape, float_type(x), "the weights")
    steps = settings[0] if settings else 200
    return weights, expect.floats(run["losses"], (steps,), np.float64, "the losses")


def learns(lab, x, y, of_type=expect.floats):
    """Two classes, learned in 50 steps: the weights move, and the loss falls."""
    weights, losses = run_of(lab, x, y, 2, 50, of_type=of_type)
    moved = np.abs(weights).max() > 0.1 and losses[-1] < 0.9 * losses[0]
    expect.that(moved, _("the weights do not move, or the loss does not fall"))


def starts_at_ln(classes, losses):
    """The first loss is that of a model that knows nothing."""
    expect.close(losses[:1], [math.log(classes)], what="the first loss", **ROUGHLY)


ONE_STEP = [given(x, y, 2, 0.5, STEPPED, [LN2]) for x, y in ((X, Y), (X32, Y), (X8, Y8))]
ONE_STEP_BY_HAND = [
    given(X, Y, 2, 0.5, STEPPED),
    given(X, np.array([1, 1]), 2, 1.0, [[-0.25, 0.25], [-0.5, 0.5]]),
]
SEEN = [given(PIXELS[:300] / 16, DIGITS[:300])]
SEEN_AND_UNSEEN = [
    given(PIXELS[1000:1300] / 16, DIGITS[1000:1300], PIXELS[UNSEEN] / 16, DIGITS[UNSEEN])
]


@rule("train_softmax_regression", "contract", points=3, examples=ONE_STEP)
def the_weights_are_those_of_full_batch_gradient_descent(lab, x, y, classes, rate, weights, losses):
    """The weights are those of full-batch gradient descent from zeros, the biases in the last row

    Each step uses all samples: softmax of the logits minus the one-hot labels, times the features,
    over N. Put the bias below the weights, as the weight of a feature that is 1: shape (D+1, V)."""
    found = run_of(lab, x, y, classes, len(losses), rate)[0]
    expect.close(found, weights, what="one of the weights", **ROUGHLY)


@rule("train_softmax_regression", "contract", points=2, examples=[given(X, Y, 2, 0.5, TWO_LOSSES)])
def each_loss_is_the_mean_before_its_step(lab, x, y, classes, rate, losses):
    """Each loss is the mean over all samples, in nats, before its step

    Write the loss down before you move the weights, once a step; the first one is ln V. It is a
    mean of −ln p of the labels: no sum, no bits, no minus sign left over."""
    found = run_of(lab, x, y, classes, len(losses), rate)[1]
    expect.close(found, losses, what="one of the losses", **ROUGHLY)


@rule("train_softmax_regression", "contract", points=1, examples=[given(X, Y)])
def the_defaults_are_two_hundred_steps_of_a_half(lab, x, y):
    """Without further arguments it takes 200 steps with the learning rate 0.5

    Use both arguments, and do not stop early: the losses have as many entries as there are
    steps."""
    learns(lab, x.copy(), y)
    weights, losses = run_of(lab, x.copy(), y, 2)
    again = run_of(lab, x.copy(), y, 2, 200, 0.5)
    expect.close(weights, again[0], what="a weight of the defaults", **ROUGHLY)
    expect.close(losses, again[1], what="a loss of the defaults", **ROUGHLY)
    falls = losses[-1] < losses[5] - 1e-3
    expect.that(falls, _("the last loss is not below the first ones"))


@rule("train_softmax_regression", "property", points=2, examples=SEEN)
def the_loss_on_digits_starts_at_ln_ten_and_falls(lab, x, y):
    """On real digits the loss starts at ln V and falls with every step

    All weights zero make all classes equal, and that costs ln V. A lower first loss was taken after
    the step. If it rises, the sign of the gradient is wrong, or it is a sum in place of a mean."""
    losses = run_of(lab, x, y, 10, 20)[1]
    starts_at_ln(10, losses)
    falls = (np.diff(losses) < 0).all()
    expect.that(falls, _("the loss on digits does not fall from each step to the next"))


@rule("train_softmax_regression", "property", points=2, examples=SEEN_AND_UNSEEN)
def it_reads_digits_that_it_has_not_seen(lab, x, y, others, labels):
    """Trained on a few hundred real digits, it reads more than 80 % of the others

    The logits are X @ weights[:-1] + weights[-1]. Guessing reads 10 %. If yours does little more:
    is the bias in the last row, is the sign of the gradient right, and each label on its own
    row?"""
    weights = run_of(lab, x, y, 10, 40)[0]
    right = ((others @ weights[:-1] + weights[-1]).argmax(axis=1) == labels).mean()
    expect.that(right > 0.8, _("{right:.0%} of the digits are read right"), right=right)


@rule("train_softmax_regression", "property", points=1)
def the_run_does_not_depend_on_copies_and_order(lab, x, y, classes, rate, weights, losses, order):
    """Samples given twice, or in another order, make the same run; its weights sum to 0 over the
    classes

    The gradient of a mean does not grow with the number of samples. And p − onehot sums to 0."""
    found = run_of(lab, x.copy(), y, classes, len(losses), rate)[0]
    expect.close(found, weights, what="one of the weights", **ROUGHLY)
    twice = run_of(lab, x[order], y[order], classes, len(losses), rate)[0]
    # Both sides are within six digits of the exact run.
    expect.close(twice, found, relative=2e-6, absolute=2e-6, what="the weight")
    # One weight a class, each within 1e-6 relative and absolute, none above 1 after so few steps.
    zero = np.abs(found.sum(axis=1)).max() <= 2e-6 * classes
    expect.that(zero, _("the weights of a feature do not sum to 0 over the classes"))


@rule("train_softmax_regression", "gradient", points=2, examples=ONE_STEP_BY_HAND)
def the_first_step_is_the_gradient_at_zero(lab, x, y, classes, rate, weights):
    """One step from zero is learning_rate times the mean of (onehot − 1/V) times the features

    At zero every class has the probability 1/V, so the first step can be done by hand. Check the
    factor 1/N, the learning rate, the sign, and the row of the biases: the weights of a 1."""
    found = run_of(lab, x, y, classes, 1, rate)[0]
    expect.close(found, weights, what="the weight after one step", **ROUGHLY)


@rule("train_softmax_regression", "reference", points=1, examples=ONE_STEP)
def the_run_agrees_with_fifty_digits(lab, x, y, classes, rate, *wanted):
    """Weights and losses agree with the exact run in all digits, in float64 and in float32

    Keep the type of X throughout, and use no float32 constant under float64 features. An epsilon
    inside the logarithm is an error of its own."""
    granted = 2e-5 if float_type(x) == np.float32 else 1e-12
    run = run_of(lab, x, y, classes, len(wanted[1]), rate)
    for found, exact, what in zip(run, wanted, ("a weight", "a loss"), strict=True):
        # Losses of float32 features come in any float type; both are held to float32.
        found = found.astype(float_type(x))
        expect.close(found, exact, slack=granted * np.abs(exact).max(), what=what)


@rule("train_softmax_regression", "stress", points=2, examples=[given((X, Y), *LARGE_IMAGES)])
def large_features_leave_everything_finite(lab, small, x, y):
    """With features × 1000, weights and losses stay finite in float32, without a warning

    After one step the logits are in the millions, and e to that is inf. Shift each row by its
    maximum, and take −ln p from the shifted logits: p itself rounds to 0, and ln 0 is −inf."""
    learns(lab, *small)
    weights, losses = run_of(lab, x, y, 10, 12)
    expect.quiet(lab)
    expect.finite(weights, "the weights")
    expect.finite(losses, "the losses")


@rule("train_softmax_regression", "stress", points=2, examples=[given(*LARGE_IMAGES, 6711.4588)])
def the_losses_of_large_features_are_right(lab, x, y, second):
    """With features × 1000 the losses are still right: they start at ln V and leap to thousands

    A model that is sure and wrong pays thousands of nats. A probability that is clipped before its
    logarithm is taken hides that the run has gone astray."""
    losses = run_of(lab, x, y, 10, 2)[1]
    starts_at_ln(10, losses)
    expect.close(losses[1:], [second], relative=1e-3, what="the second loss")


# ---------------------------------------------- several functions, each with inputs of its own

COMPARED = {
    "token_log_probs": scores,
    "sequence_log_probs": sums,
    "combine_ranks": combines,
    "should_stop": decides,
    "flag_outliers": flags,
    "train_softmax_regression": learns,
}
# What the message of a ValueError must name, and what will do too where the shapes differ.
NAMES = {
    "token_log_probs": (("targets", "target"), "logits"),
    "train_softmax_regression": (("y", "label", "labels"), "X"),
}
TYPES = {
    "token_log_probs": [
        given(LOGITS.astype(np.float32), TARGETS.astype(np.uint8)),
        given([[[1, 2, 3], [0, 0, 2], [5, 1, 1]]], [[2, 0, 1]]),
    ],
    "train_softmax_regression": [given(X32, Y), given(X8, Y8)],
}
RANKS = [(np.array([-0.5, mean, -2.5]), np.array([900, 0, 100])) for mean in (NAN, -INF, -100.0)]
NOT_COUNTED = {
    "sequence_log_probs": [given(RUBBISH, *ENDED[1:])],
    "combine_ranks": [given(*ranks, -0.7) for ranks in RANKS],
}
ONE_BROKEN = given(np.array([-0.5, NAN, -2.5]), np.array([900, 1, 100]), NAN)
COUNTED = {
    "sequence_log_probs": [given(BROKEN, TOKENS, 9, (NAN, -2.0, -INF), LENGTHS)],
    "combine_ranks": [given(*TWO_RANKS), ONE_BROKEN],
}
AROUND_MINUS_4 = np.array([[-4.0, np.nextafter(-4.0, -5.0), -INF, -3.0]])
AT_THE_EDGE = {
    "should_stop": [given(True, [2.0, 1.5], 0.5, 1), given(False, [2.0, 1.375], 0.5, 1)],
    "flag_outliers": [given([(0, 1), (0, 2)], AROUND_MINUS_4, ALL[:1])],
}
BAD_TARGETS = [np.array([[2, 0], [1, bad]]) for bad in (-1, 3, 0.5)]
BAD_TARGETS += [TARGETS.astype(float), TARGETS > 0, TARGETS[:1], TARGETS[:, :1], TARGETS[0]]
NO_LABELS = ([0, -1], [0, 2], [0, 0.5], [0.0, 1.0], [False, True], [0], [0, 1, 1])
BAD_LABELS = [np.array(labels) for labels in NO_LABELS]
NO_CLASSES = {
    "token_log_probs": [given((LOGITS, TARGETS), (LOGITS, bad)) for bad in BAD_TARGETS],
    "train_softmax_regression": [given((X, Y), (X, bad, 2)) for bad in BAD_LABELS],
}
OTHER_TOKENS = (TOKENS[:1], TOKENS[:, :3], TOKENS[:2])
OTHER_MASKS = (MASK[:1], MASK[:, :1], MASK[:, :3])
OTHER_SHAPES = {
    "sequence_log_probs": [given(ENDED, (LOG_PROBS, tokens, 9)) for tokens in OTHER_TOKENS],
    "flag_outliers": [given(FLAGGED, (LOG_PROBS, mask)) for mask in OTHER_MASKS],
}
PLAIN = {
    "token_log_probs": [given(LOGITS, TARGETS)],
    "sequence_log_probs": [given(*ENDED)],
    "combine_ranks": [given(*TWO_RANKS)],
    "should_stop": [given(True, STALLED)],
    "flag_outliers": [given(*FLAGGED)],
    "train_softmax_regression": [given(X32, Y)],
}


@rule({"token_log_probs": 2, "train_softmax_regression": 1}, "contract", examples=TYPES)
def the_float_type_is_kept(lab, function, *inputs):
    """The float type of the logits or features is kept; integers and lists are computed in float64,
    for targets or labels of any integer type

    np.asarray on both arguments first. Integers become float64 before anything is subtracted or
    multiplied: small integer types wrap around. A float64 copy makes float64 of float32, and so do
    np.ones and np.zeros unless you say otherwise."""
    COMPARED[function](lab, *inputs, of_type=expect.array)


@rule({"sequence_log_probs": 2, "combine_ranks": 2}, "stress", examples=NOT_COUNTED)
def what_does_not_count_has_no_effect(lab, function, *inputs):
    """What does not count has no effect, even when it is NaN or infinite, without a warning: a
    token after the EOS, the mean of a rank without tokens

    A rank that got nothing reports the mean of nothing, NaN. NaN times 0 is NaN, and −inf times 0
    is too. Choose what is summed first, instead of multiplying with a mask or a count of 0."""
    COMPARED[function](lab, *inputs, tolerance=EXACTLY)
    expect.quiet(lab)


@rule({"sequence_log_probs": 1, "combine_ranks": 1}, "stress", examples=COUNTED)
def what_counts_is_not_hidden(lab, function, *inputs):
    """A NaN that counts makes the answer NaN, and otherwise a −inf that counts makes it −inf,
    without a warning

    Leave a token or a rank out because it does not count, not because it is NaN. A function that
    leaves out every NaN, such as np.nansum, hides the one that you should hear of: something in the
    model, in the loss or on one rank is broken. If NaN comes out where −inf is right: 0·(−inf) is
    NaN too, and so is a difference of two running sums of −inf."""
    COMPARED[function](lab, *inputs, tolerance=EXACTLY)
    expect.quiet(lab)


@rule({"should_stop": 1, "flag_outliers": 1}, "stress", examples=AT_THE_EDGE)
def below_is_meant_strictly(lab, function, *inputs):
    """Below is meant strictly: a loss exactly min_delta below the reference is no progress, and a
    value at the threshold, −4 by default, is not flagged; a kept −inf is

    ≤ lets a run go on for ever when min_delta is 0 and the loss stands still. And −inf is a
    probability of 0: the first one to look at."""
    COMPARED[function](lab, *inputs)
    expect.quiet(lab)


@rule({"token_log_probs": 2, "train_softmax_regression": 1}, "bad input", examples=NO_CLASSES)
def what_is_no_class_is_refused(lab, function, right, bad):
    """Targets or labels that are no classes, of no integer type, or of another shape, are a
    ValueError that names targets or y

    NumPy reads −1 and −100 from the end of the axis, silently or with an IndexError, and trains on
    it. It stretches targets of one row over the batch. Check type, range and shape yourself:
    1.0 and True say that a wrong array came in."""
    COMPARED[function](lab, *right)
    names, other = NAMES[function]
    misfit = bad[1].shape != bad[0].shape[:-1]
    expect.refuses(getattr(lab, function), *bad, names=(*names, *[other] * misfit))


@rule({"sequence_log_probs": 1, "flag_outliers": 1}, "bad input", examples=OTHER_SHAPES)
def another_shape_is_refused(lab, function, right, bad):
    """Tokens or a mask of another shape are a ValueError that names tokens, mask or log_probs

    NumPy stretches one row or one column over the batch, without a word: then every sequence ends
    at the same place, or padding is flagged. Compare the shapes."""
    COMPARED[function](lab, *right)
    names = ("tokens" if function == "sequence_log_probs" else "mask", "log_probs")
    expect.refuses(getattr(lab, function), *bad, names=names)


@rule(dict.fromkeys(COMPARED, 1), "contract", examples=PLAIN)
def the_arguments_are_left_alone(lab, function, *inputs, then=None):
    """The caller's arrays are left as they were

    logits -= …, means *= counts, log_probs[~mask] = 0 and zeros written behind the EOS all change
    the caller's array, because np.asarray makes no copy. Nor is it yours to sort or pop the history
    of somebody's run, or to scale somebody's data. Make a new array."""
    COMPARED[function](lab, *inputs)
    expect.untouched(lab)
    if then is not None:  # other rules say what comes out
        getattr(lab, function)(*then)
        expect.untouched(lab)
