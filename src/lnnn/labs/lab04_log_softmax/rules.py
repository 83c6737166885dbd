"""The rules of lab 4, log-softmax: 100 points over four functions, with what only the grader asks.

Where the tolerances come from, beside the course's contract (``expect``)
- Sums to one: 4·V ulp, from the contract.
- A confidence of p: 1e-9, from the contract."""

import numpy as np

from lnnn.messages import _
from lnnn.suite import expect, oracle
from lnnn.suite.agree import agree, agree_in_value, agree_roughly
from lnnn.suite.rule import given, rule

INF = np.inf
MASKED = "masked_log_softmax"
CONFIDENCE = "temperature_for_confidence"

Z = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]])
ROW, PAIR = np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
MASK = np.array([[True, False, True], [True, True, False]])
TYPES = [given([1.0, 2.0, 3.0]), given([1, 2, 3]), given(Z.astype(np.float32))]
MASKED_TYPES = [given(Z, MASK), given(Z.astype(np.float32), MASK)]
OF_LOGITS = [given(Z[None], axis=axis) for axis in (-1, 0, 1)]
AXES = {"log_softmax": OF_LOGITS, "softmax": OF_LOGITS}
AXES |= {MASKED: [given(Z[:, :2], MASK[:, ::2], axis=0)]}
ALONE = {"log_softmax": [given(ROW)], "softmax": [given(ROW)], MASKED: [given(Z, MASK)]}
TEMPERATURES = [given(ROW, T) for T in (0.5, 2.0, 10.0)]
BAD_TEMPERATURES = [given(ROW, T) for T in (0.0, -2.0, np.nan, INF)]
NO_CLASSES = [given(ROW, np.ones((0,)))]
FAR = np.array([0.25, 1.0, 3.5])
FAR_AT_T = [given(FAR + 1e8, 0.7), given(np.array([1e300, 1e300]), 1e-9), given(ROW, 1e-300)]
FAR_64, FAR_32 = [given(FAR + 1e8)], [given((FAR + 1e4).astype(np.float32))]
NEAR_1000 = [[1000.0, 1001.0, 1002.0], [-1000.0, -999.0, -998.0], [[1000.0, 0], [0, -1000.0]]]
LARGE = {"log_softmax": [given(np.array(z)) for z in NEAR_1000]}
LARGE |= {"softmax": [given(np.array([[1000.0, 1001.0], [-1000.0, -999.0]]))]}
FAR_BELOW = [given(np.array([0.0, -800.0])), given(np.array([0.0, -150.0], np.float32))]
RULED_OUT = [given(np.array([[0.0, -INF, 1.0], [-INF, 0.0, 1.0], [-INF] * 3]))]
SLICES = [given(Z), given(np.sin(np.arange(2000.0)).reshape(2, 1000) * 5)]
JUNK = [given(np.array([1.0, junk, 3.0]), MASK[0]) for junk in (1e300, INF, -INF, np.nan)]
NOTHING_KEPT = [given(PAIR, np.array([[True] * 2, [False] * 2]))]
DOES_NOT_FIT = [given(Z, MASK[0], np.array([True, False]))]

CONFIDENT = [given(np.array([0.0, 1.0, 2.5]), 0.5), given([0.0, 3.0], 0.9)]
TWO_CLASSES = [given(np.array([0.0, 3.0]), 0.9), given(np.array([-1.0, 1.0]), 0.6)]
FIVE_CLASSES = [given(np.array([0.0, 1.0, 2.5, -1.0, 2.0]), p) for p in (0.3, 0.5, 0.99)]
FAR_APART = [[4000.0, 1000.0, -4000.0], 0.4], [[0.0, 1e-4, 2e-4], 0.6]
FAR_APART = [given(np.array(z), p) for z, p in FAR_APART]
NO_CONFIDENCE = [[0.0, 1.0, 2.0], 0.2], [[0.0, 2.0, 2.0], 0.6], [[1.0, 1.0], 0.5]
NO_CONFIDENCE = *NO_CONFIDENCE, [[-INF, 0.0, 1.0], 0.9]
NO_CONFIDENCE = [given(np.array(z), p) for z, p in NO_CONFIDENCE]


# -------------------------------- log_softmax (36), softmax (20), masked_log_softmax where alike
@rule({"log_softmax": 4, "softmax": 2}, "contract", examples=TYPES)
def the_shape_and_the_float_type_stay(lab, function, z):
    """The answer has the shape and the float type of the logits; integers and lists are computed in
    float64

    Start with np.asarray. Turn the logits into float64 only if it is not a float array already: a
    float32 array must stay float32. Look for a constant or a temperature that is a float64 array
    and drags the result along, or for a sum without keepdims=True."""
    agree(lab, function, z)


@rule({"log_softmax": 4, "softmax": 2, MASKED: 3}, "contract", examples=AXES)
def it_works_along_any_axis(lab, function, *inputs, **axis):
    """It works along any axis; the default is the last one

    Take the maximum and the sum along the same axis, both with keepdims=True, so that they line up
    with z again. One maximum for the whole array is a different, weaker shift. A function that
    builds on another hands the axis on; the mask itself does not depend on it."""
    agree_roughly(lab, function, *inputs, **axis)


@rule({"log_softmax": 3, "softmax": 2}, "contract", examples=TEMPERATURES)
def the_temperature_divides_the_logits(lab, function, z, temperature):
    """The temperature divides the logits: z/T

    T above 1 flattens the distribution, T below 1 sharpens it. Divide before anything is summed:
    log-probabilities that are divided afterwards no longer sum to one."""
    agree_roughly(lab, function, z, temperature=temperature)


@rule({"log_softmax": 2, "softmax": 1}, "reference", examples=FAR_AT_T)
def every_temperature_keeps_the_digits(lab, function, z, temperature):
    """It is as accurate at every temperature, also far from 0 and with T next to 0, without a
    warning

    z/T rounds a large logit by more than the gaps to the others, or overflows, and no maximum that
    is subtracted later brings them back. Subtract the maximum first, then divide by T: z − max is
    exact where it matters, and 0 at the maximum. The rest may overflow to −inf in silence."""
    agree_in_value(lab, function, z, temperature=temperature)
    expect.quiet(lab)


@rule({"log_softmax": 2, "softmax": 1, MASKED: 2}, "contract", examples=ALONE)
def the_arguments_are_left_alone(lab, function, *inputs):
    """The caller's arrays are left as they were

    z -= z.max() and z[~mask] = -np.inf write into the caller's array, because np.asarray makes no
    copy. z = z - z.max() makes a new array, and so does np.where."""
    agree_roughly(lab, function, *inputs)
    expect.untouched(lab)


@rule({"log_softmax": 3, "softmax": 2}, "property")
def adding_a_constant_to_the_logits_changes_nothing(lab, function, z, shift):
    """Adding one constant to all logits of a slice changes nothing

    The shift cancels on paper; in floats it only cancels if it is taken away first. Subtract each
    slice's own maximum before exp."""
    agree_roughly(lab, function, z)
    agree_roughly(lab, function, z + shift)
    expect.quiet(lab)


@rule({"log_softmax": 3, "softmax": 2}, "reference", examples={"log_softmax": FAR_64})
def it_agrees_with_fifty_digits(lab, function, z):
    """It agrees with the exact value, for logits from tiny to huge and far from 0

    Formulas that are equal on paper differ here. Softmax first and log afterwards sends far classes
    through a probability that rounds to 0. `z - LSE(z)` subtracts two large numbers when the logits
    sit far from zero, and their last digits are gone, also for the exp of it. Shift first, and stay
    with the shifted logits. An epsilon inside the logarithm is an error of its own."""
    agree_in_value(lab, function, z)


@rule({"log_softmax": 2, "softmax": 2, MASKED: 2}, "stress", examples=LARGE)
def logits_around_a_thousand_are_no_problem(lab, function, *inputs):
    """Logits around +1000 and −1000, and beyond, are no problem, without a warning

    e^1000 is inf and e^−1000 is 0 in float64; inf/inf is NaN and 0/0 is NaN. Subtract the maximum
    of each slice before exp; then the largest exponent is 0. With a mask it is the maximum of what
    is kept, and −1e9 is no −inf: kept logits may be lower than that."""
    agree_in_value(lab, function, *inputs)
    expect.quiet(lab)


@rule({"log_softmax": 1, "softmax": 1}, "stress", examples=RULED_OUT)
def minus_infinity_is_a_class_of_probability_zero(lab, function, z):
    """A logit of −inf, wherever it stands, is a class of probability exactly 0, whose logarithm is
    −inf; a slice of only −inf gives NaN; both without a warning

    −inf − (−inf) is NaN, and NumPy warns about it. For a slice of only −inf that NaN is the right
    answer, there is no distribution; np.errstate(invalid='ignore') around that line keeps it
    silent. A sum that runs along the slice must not begin with that difference. No floor and no
    epsilon belongs under a probability of 0."""
    value = agree_in_value(lab, function, z)
    expect.quiet(lab)
    above = function == "softmax" and np.any(value[np.isneginf(z)] > 0)
    expect.that(not above, _("a class of logit −inf has a probability above 0"))


@rule({"log_softmax": 1, "softmax": 1}, "bad input", examples=NO_CLASSES)
def an_empty_axis_is_refused(lab, function, z, nothing, **axis):
    """An empty axis is a ValueError that names z or axis: no classes, no distribution

    NumPy's own error about the maximum of nothing does not say which argument is empty. Check the
    length of the axis first, and raise your own."""
    agree_roughly(lab, function, z)
    expect.refuses(getattr(lab, function), nothing, **axis, names=("z", "axis"))


@rule({"log_softmax": 1, "softmax": 1}, "bad input", examples=BAD_TEMPERATURES)
def a_bad_temperature_is_refused(lab, function, z, temperature):
    """A temperature that is zero, negative, NaN or infinite is a ValueError that names it

    Check the temperature first, before any arithmetic. NaN compares false with everything: ask
    whether T lies between 0 and infinity, and raise if it does not. That catches all four at once.
    """
    agree_roughly(lab, function, z, temperature=2.0)
    expect.refuses(getattr(lab, function), z, temperature=temperature, names="temperature")


# ----------------------------------------------------------------- log_softmax, softmax by itself
@rule("log_softmax", "property", points=1)
def its_probabilities_sum_to_one(lab, z):
    """The probabilities it stands for sum to one, in every slice

    exp of the answer must sum to 1 along the axis. If it does not, the term that is subtracted is
    not ln Σ e^z of the same slice: check the axis of the sum and the shift."""
    total = np.exp(agree_roughly(lab, "log_softmax", z)).sum(axis=-1)
    # Each p is off by |ln p| ≤ 300 rounding errors at most, and they add up over the slice.
    expect.close(total, np.ones(len(z)), slack=300 * np.finfo(np.float64).eps, what="the sum")


@rule("log_softmax", "property", points=2)
def reordering_the_logits_reorders_the_answer(lab, z, order):
    """Reordering the logits reorders the answer, and their ranking is kept

    No class is special. Look for an index that is fixed in the code, or for a sort that is not
    undone."""
    answer = agree_roughly(lab, "log_softmax", z)
    expect.close(agree_roughly(lab, "log_softmax", z[order]), answer[order])
    same = np.array_equal(np.argsort(answer), np.argsort(z))
    expect.that(same, _("the ranking of the classes changed"))


@rule("log_softmax", "reference", points=2, examples=FAR_32)
def log_softmax_agrees_with_fifty_digits_in_float32(lab, z):
    """It agrees with the exact value in float32, also far from 0

    float32 has 7 digits and ends at e^-103. With logits near 10 000 only three digits stand behind
    the point, so the maximum must never be added back: shift, and stay shifted. With gaps above 103
    a probability is 0, so there must be none on the way."""
    agree_in_value(lab, "log_softmax", z)


@rule("log_softmax", "stress", points=1)
def the_largest_logits_stay_finite(lab, z):
    """The largest logits of the contract give finite log-probabilities, without a warning

    `z - max` never overflows for such logits. A square, a cast to a smaller type, or `exp` before
    the shift does. If you see −inf: a probability on the way has rounded to 0."""
    expect.finite(agree_in_value(lab, "log_softmax", z))
    expect.quiet(lab)


@rule("log_softmax", "stress", points=2, examples=FAR_BELOW)
def a_far_class_keeps_its_log_probability(lab, z):
    """A class far below the best keeps its finite log-probability

    Softmax first and log afterwards turns such a class into log(0) = −inf, and close to that it
    loses digits. Go from logits to log-probabilities in one step, without a probability in between.
    An epsilon only replaces −inf by a wrong number."""
    agree_in_value(lab, "log_softmax", z)
    expect.quiet(lab)


@rule("softmax", "property", points=2, examples=SLICES)
def each_softmax_slice_sums_to_one(lab, z):
    """Each slice sums to 1 within 4 ulp · V

    The sum is off if numerator and denominator come from different shifts, if an epsilon was added
    below, or if the sum runs along another axis."""
    if z.size <= 20:
        p = agree_roughly(lab, "softmax", z)
    else:
        p = expect.floats(lab.softmax(z), z.shape, z.dtype)
    varied = np.all(p >= 0) and np.ptp(p) > 0
    expect.that(varied, _("these are not probabilities that follow the logits"))
    off = np.abs(p.astype(np.float64).sum(axis=-1) - 1).max()
    enough = off <= 4 * z.shape[1] * np.finfo(z.dtype).eps
    expect.that(enough, _("a slice sums to 1 ± {off:.2g}"), off=off)


# ------------------------------------------------------------- masked_log_softmax (26) by itself
@rule(MASKED, "contract", points=4, examples=MASKED_TYPES)
def masked_positions_are_out_of_the_sum_and_out_of_the_answer(lab, z, mask):
    """It is log-softmax over the kept positions and −inf at all others, in the float type of the
    logits

    The masked classes must be out of the sum as well as out of the answer. Setting their logits to
    −inf first does both. Setting them to 0 leaves e^0 = 1 in the sum, and multiplying by the mask
    afterwards leaves their probability missing."""
    agree(lab, MASKED, z, mask)


@rule(MASKED, "contract", points=3, examples=[given(Z, MASK[0])])
def a_mask_broadcasts_against_the_logits(lab, z, mask):
    """The mask broadcasts against the logits: one mask can serve every row, or one a whole row

    np.where broadcasts by itself. Indexing with z[mask] does not: it asks for a mask of the same
    shape and flattens the result."""
    agree_roughly(lab, MASKED, z, mask)


@rule(MASKED, "property", points=4, examples=JUNK)
def a_masked_value_has_no_effect(lab, z, mask):
    """Whatever stands at a masked position has no effect: 1e300, +inf, −inf or NaN

    Take the masked values out before anything is computed with them, the maximum included. z·mask
    keeps them in play, because inf·0 and NaN·0 are NaN, and so does adding −1e9 to them."""
    agree_roughly(lab, MASKED, z, mask)
    expect.quiet(lab)


@rule(MASKED, "reference", points=3)
def masked_log_softmax_is_log_softmax_of_the_kept(lab, z, mask):
    """On the kept positions it is log-softmax of the kept logits alone, to the last digits

    Compare with log_softmax(z[mask]) for one row. A difference of a few percent means masked
    classes are still in the sum; a tiny one, that a large number came and went."""
    agree_in_value(lab, MASKED, z, mask)


@rule(MASKED, "stress", points=2, examples=NOTHING_KEPT)
def a_slice_with_nothing_kept_is_all_minus_infinity(lab, z, mask):
    """A slice with nothing kept is all −inf, without a warning

    log-softmax of only −inf is NaN. Here the contract asks for −inf at every masked position, so
    put −inf there after the log-softmax as well, and keep NumPy silent."""
    agree_in_value(lab, MASKED, z, mask)
    expect.quiet(lab)


@rule(MASKED, "bad input", points=2, examples=DOES_NOT_FIT)
def a_mask_that_does_not_fit_is_refused(lab, z, fits, mask):
    """A mask whose shape does not broadcast against the logits is a ValueError that names it

    np.broadcast_shapes raises a ValueError for such shapes, but its message does not say which
    argument is wrong. Catch it and raise your own that says mask."""
    agree_roughly(lab, MASKED, z, fits)
    expect.refuses(lab.masked_log_softmax, z, mask, names="mask")


# --------------------------------------------------------------- temperature_for_confidence (18)
def confident(lab, z, p):
    """Ask for the temperature and compare the confidence there with p, at 50 digits; T."""
    temperature = expect.scalar(lab.temperature_for_confidence(z, p), "the temperature")
    text = _("the temperature is {temperature!r}; expected a positive number")
    expect.that(0 < temperature < INF, text, temperature=temperature)
    reached = float(oracle.softmax(np.asarray(z), temperature=temperature).max())
    text = _(
        "at the temperature returned, {temperature:.6g}, the largest probability is "
        "{reached:.12g} and not {p:.12g}"
    )
    expect.that(abs(reached - p) <= 1e-9, text, temperature=temperature, reached=reached, p=p)
    return temperature


@rule(CONFIDENCE, "contract", points=4, examples=CONFIDENT)
def the_largest_probability_is_p_at_that_temperature(lab, z, p):
    """It returns a float T > 0 at which the largest probability is p

    The largest probability falls as T grows: from 1 (T near 0) to 1/V (T large). So there is
    exactly one T, and bisection finds it. Halve the interval of T (better: of ln T) until it stops
    shrinking. Return float(T), not an array of one element."""
    confident(lab, z, p)


@rule(CONFIDENCE, "property", points=4, examples=TWO_CLASSES)
def two_classes_have_a_closed_form(lab, z, p):
    """With two classes it is the closed form (z₁ − z₂) / ln(p/(1 − p)); scaling the logits scales
    T; shifting them changes nothing

    T only depends on the gaps between the logits, and in proportion. A fixed search interval for T
    breaks that: let the interval grow with the gaps."""
    temperature = confident(lab, z, p)
    closed = np.ptp(z) / np.log(p / (1 - p))
    # |dp| ≤ 1e-9 moves ln(p/(1−p)) by 1e-9/(p(1−p)), and T by that much relatively.
    slack = 1e-9 / (p * (1 - p)) / np.log(p / (1 - p)) + 1e-12
    text = _("T is {temperature}, the closed form gives {closed}")
    near = abs(temperature / closed - 1) <= slack
    expect.that(near, text, temperature=temperature, closed=closed)


@rule(CONFIDENCE, "reference", points=4, examples=FIVE_CLASSES)
def the_confidence_is_reached_to_nine_digits(lab, z, p):
    """The probability reached is p within 1e-9, checked at fifty digits

    A loop that stops when T changes by less than some step stops too early for large T. Bisection
    may run 100 rounds: it is cheap. A grid of temperatures is far too coarse."""
    confident(lab, z, p)


@rule(CONFIDENCE, "stress", points=2, examples=FAR_APART)
def logits_in_the_thousands_have_a_temperature(lab, z, p):
    """It works for logits in the thousands and for a confidence next to its limits

    Use the stable softmax inside, and an interval for T that grows with the logits. T may have to
    be in the thousands, or far below 1."""
    confident(lab, z, p)
    expect.quiet(lab)


@rule(CONFIDENCE, "bad input", points=4, examples=NO_CONFIDENCE)
def a_confidence_that_cannot_be_reached_is_refused(lab, z, p):
    """A p that no temperature reaches is a ValueError that names p or z: p ≤ 1/V, p ≥ 1/(number of
    largest logits), logits that are all equal, or one that is not finite

    With V classes no temperature makes the best one less likely than 1/V. If k classes share the
    largest logit, none of them can pass 1/k. NaN and infinite gaps have no ratio. Check all of it
    before you search."""
    finite = z[np.isfinite(z)]
    confident(lab, np.append(finite, finite.max(initial=0.0) + 1), 1.5 / (finite.size + 1))
    expect.refuses(lab.temperature_for_confidence, z, p, names=("p", "z"))
