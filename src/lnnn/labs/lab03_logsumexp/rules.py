"""The rules of lab 3, log-sum-exp: 100 points over five functions, with what only the grader asks.

Where the tolerances come from, beside the course's contract (``expect``)
- An online pass of k updates gets ``4·eps·k`` on top: one update scales s by a rounded exponential
  and adds to it. That is at most 8 roundings of eps/2 in s, and ln s moves by as much absolutely.
- Bounds max and max + ln n: the contract's accuracy of the value that is compared.

What the contract leaves open, and how it is read here
- A term with weight 0 vanishes whatever its z: NaN too.
- ``axis`` means the same in all three functions that have one: an int, or None for all elements.
- One number may come back as a NumPy scalar, an array of shape () or, for float64, a Python float.
- z and w of different float types, +inf or NaN in a chunk, +inf beside NaN: not graded."""

from copy import copy

import numpy as np

from lnnn.messages import _
from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type
from lnnn.suite.rule import given, rule

INF = np.inf
EPS = float(np.finfo(np.float64).eps)
START = (-INF, 0.0)
OF_Z = ("logsumexp", "logmeanexp", "weighted_logsumexp")

ROW, W = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 3.0])
Z = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]])
PAIR, COLUMN = np.array([0.0, 1.0]), np.array([[0.5], [2.0]])
VANISHED = np.array([2.0, 0.0, 1.0])
SMALL = np.array([[0.5, -1.0], [2.0, 2.0]], np.float32)
FLOAT32 = given(ROW.astype(np.float32), W.astype(np.float32))

TYPES = [given([1.0, 2.0, 3.0]), given([1, 2, 3]), given(SMALL)]
AXES = [given(z, W, axis=axis) for z in (Z, Z[None]) for axis in (-1, 0, 1, None)]
AXES += [given(Z, COLUMN, axis=0), given(Z[0], COLUMN, axis=None)]
KEPT_AXES = [given(Z, axis, True) for axis in (-1, 0, None)]
LEFT_ALONE = [given(ROW, VANISHED), given(SMALL, SMALL[1]), FLOAT32]
NEAR_1000 = [[1000.0, 1001.0, 1002.0], [-1000.0, -999.0], [[1000.0, 0.0], [-999.0, -1000.0]]]
RULED_OUT = [[0.0, -INF, 1.0], [-INF, -INF, -INF]]
INFINITE = [[0.0, -INF, 1.0], [0.0, INF, 1.0], [0.0, np.nan, 1.0]]
LARGE_MEANS = [[[1000.0, 1001.0], [-1000.0, -999.0]], [[0.0, -INF], [-INF, -INF]]]
LARGE = {"logsumexp": [given(np.array(z)) for z in NEAR_1000]}
LARGE |= {"logmeanexp": [given(np.array(z)) for z in LARGE_MEANS]}
LARGE |= {"weighted_logsumexp": [given(np.array([1000.0, 1001.0]), np.array([0.5, 2.0]))]}
NO_MEANS = [given(PAIR, np.zeros(shape)) for shape in ((0,), (2, 0))]
JUNK = [given(np.array([1.0, junk, 3.0]), VANISHED) for junk in (1000.0, INF, -INF, np.nan)]
NO_WEIGHT = given(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
EXTREME_WEIGHTS = given(np.array([0.0, -750.0]), np.array([1e-280, 1e280]))
BAD_WEIGHTS = [given(PAIR, np.array([1.0, 2.0]), np.array([1.0, bad])) for bad in (-1.0, np.nan)]


def agrees(value, reference, z, of_type=expect.floats, **more):
    """``value`` has the shape of ``reference`` and, as ``expect.close`` sees it with ``more``, the
    right numbers. Returns it as an array of the float type of ``z``; another type has its own rule.
    """
    if reference.shape == () and type(value) is float:
        value = np.float64(value)
    value = of_type(value, reference.shape, float_type(z))
    expect.close(value, reference, **more)
    return value


def matches(lab, function, z, w=None, of_type=expect.floats, **axis):
    """Call the student's function and compare it with ``oracle.<function>``; the answer.

    ``w`` is for weighted_logsumexp, the only one that takes weights."""
    arrays = (z, w) if function == "weighted_logsumexp" else (z,)
    reference = getattr(oracle, function)(*arrays, **axis)
    return agrees(getattr(lab, function)(*map(copy, arrays), **axis), reference, z, of_type)


# ------------------------------ logsumexp (36), logmeanexp (14), and weighted_logsumexp where alike
@rule("logsumexp", "contract", points=4, examples=TYPES)
def logsumexp_is_the_log_of_a_sum(lab, z):
    """It returns ln Σ e^z, for arrays, integers and lists

    Start with np.asarray. The maximum that you took off before exp has to come back after the
    logarithm, once."""
    matches(lab, "logsumexp", z)


@rule("logmeanexp", "contract", points=2, examples=TYPES)
def logmeanexp_is_the_log_of_a_mean(lab, z):
    """It returns ln((1/n) Σ e^z)

    1/n inside the logarithm is −ln n outside. It is neither the mean of the logits (exp comes
    first) nor LSE divided by n (the division is inside the logarithm)."""
    matches(lab, "logmeanexp", z)


@rule("weighted_logsumexp", "contract", points=2, examples=[given(ROW, W), FLOAT32])
def a_weight_is_a_factor_before_the_exponential(lab, z, w):
    """It returns ln Σ w e^z; the weights are not normalised

    w stands in front of the exponential, not in the exponent: w e^z = e^(z + ln w). Do not divide
    by Σ w: the contract asks for a sum, not for a mean."""
    matches(lab, "weighted_logsumexp", z, w)


@rule(dict.fromkeys(OF_Z, 1), "contract", examples=LEFT_ALONE)
def the_float_type_stays(lab, function, z, w):
    """The float type of the logits is kept: float32 in, float32 out; integers and lists are
    computed in float64

    Turn the array into float64 only if it is no float array already. If float64 comes out of
    float32, an np.float64 is on the way: np.log of an integer gives one, and a Python float would
    not do it. If float16 comes out, exp was taken of small integers."""
    matches(lab, function, z, w, expect.array)


@rule({"logsumexp": 4, "logmeanexp": 2, "weighted_logsumexp": 2}, "contract", examples=AXES)
def it_works_along_any_axis(lab, function, z, w, **axis):
    """It works along any axis, the last one by default; axis=None takes all elements

    Take the maximum and the sum along the same axis. Inside, keep that axis with length 1, so that
    the maximum lines up with z; drop it at the end. NumPy's own functions know axis=None. In a
    mean, n is z.shape[axis] for one axis and z.size for axis=None; len(z) and z.size are right for
    one dimension only. Weights broadcast first: the axis is that of z + ln w."""
    matches(lab, function, z, w, **axis)


@rule("logsumexp", "contract", points=3, examples=KEPT_AXES)
def keepdims_keeps_the_axis(lab, z, axis, keepdims):
    """keepdims=True keeps the axis with length 1

    Compute with keepdims=True inside in any case, and take the axis out at the end unless the
    caller asked for it. np.squeeze without an axis also takes out axes of length 1 that the caller
    had."""
    shape = np.any(z, axis=axis, keepdims=keepdims).shape
    value = lab.logsumexp(copy(z), axis=axis, keepdims=keepdims)
    agrees(value, oracle.logsumexp(z, axis=axis).reshape(shape), z)


@rule({"logsumexp": 2, "logmeanexp": 1, "weighted_logsumexp": 1}, "contract", examples=LEFT_ALONE)
def the_arguments_are_left_alone(lab, function, z, w):
    """The caller's arrays are left as they were

    z -= z.max() writes into the caller's array, because np.asarray makes no copy, and so does
    z[w == 0] = -np.inf. Write z = z - z.max() instead, or np.where: they make a new array."""
    matches(lab, function, z, w)
    expect.untouched(lab)


@rule("logsumexp", "property", points=3)
def adding_a_constant_to_the_logits_adds_it_to_the_result(lab, z, shift):
    """Adding c to every logit adds c to the result

    LSE is no log-softmax: the common level stays in. If the answer does not move with the logits,
    the maximum was not added back; if it moves by 2c, it was added back twice."""
    matches(lab, "logsumexp", z)
    wanted = oracle.logsumexp(z) + shift[:, 0]
    agrees(lab.logsumexp(z + shift), wanted, z, what="the answer after the shift")
    expect.quiet(lab)


@rule("logsumexp", "property", points=2)
def it_lies_between_the_maximum_and_ln_n_above(lab, z, order, level):
    """It lies between the maximum and the maximum + ln n, and the order of the logits does not
    matter

    n equal logits give exactly the upper bound, one dominating logit almost the lower one. A value
    below the maximum means that terms got lost, above max + ln n that some count twice."""
    value = matches(lab, "logsumexp", z)
    top, n = z.max(axis=1), z.shape[1]
    room = 1e-12 * np.abs(value) + 1e-14
    between = np.all((top - room <= value) & (value <= top + np.log(n) + room))
    expect.that(between, _("the answer is not between max and max + ln n"))
    shuffled = lab.logsumexp(z[:, order])
    agrees(shuffled, oracle.logsumexp(z), z, what="the answer for another order")
    equal, wanted = lab.logsumexp(np.full((2, n), level)), np.full(2, level + np.log(n))
    # The reference is rounded twice: eps for numbers of at most 4.
    agrees(equal, wanted, z, slack=4 * EPS, what="the answer for equal logits")


@rule({"logsumexp": 4, "logmeanexp": 2, "weighted_logsumexp": 2}, "reference")
def it_agrees_with_fifty_digits(lab, function, z, w):
    """It agrees with the exact value, for logits from tiny to huge and far from 0

    Each step is harmless once the maximum is off: exponents at or below 0, a sum of at least 1. If
    digits are missing, look for an epsilon inside a logarithm or for a cast to a smaller type.
    ln(w + eps) is an error of its own too; zeros are taken out with np.where."""
    matches(lab, function, z, w)


@rule("logsumexp", "reference", points=2)
def logsumexp_agrees_with_fifty_digits_in_float32(lab, z):
    """It agrees with the exact value in float32

    In float32, e^89 is already infinite and e^−104 already 0. Subtract the maximum before exp here
    too."""
    matches(lab, "logsumexp", z)


@rule({"logsumexp": 3, "logmeanexp": 1, "weighted_logsumexp": 2}, "stress", examples=LARGE)
def logits_around_a_thousand_are_no_problem(lab, function, *arrays):
    """Logits around +1000 and −1000, and beyond, are no problem, in one array too, nor are −inf
    and, in a mean, +inf and NaN; all without a warning

    e^1000 is inf and e^−1000 is 0 in float64. Subtract the maximum of each slice before exp. One
    maximum for the whole array loses the slices that lie far below it. A NaN where there was none
    comes from −inf − (−inf) or inf − inf: a maximum that is not finite can't be subtracted. Build
    the others on your logsumexp, which has dealt with it. In a mean a logit of −inf is a term of 0
    and still counts in n."""
    matches(lab, function, *arrays)
    expect.quiet(lab)


@rule("logsumexp", "stress", points=1)
def the_largest_logits_stay_finite(lab, z):
    """The largest logits of the contract give a finite result, without a warning

    z − max never overflows for such logits. A square, a product or a cast to a smaller type
    does."""
    expect.finite(matches(lab, "logsumexp", z))
    expect.quiet(lab)


@rule("logsumexp", "stress", points=2, examples=[given(np.array(RULED_OUT))])
def minus_infinity_adds_nothing(lab, z):
    """A logit of −inf adds nothing; a slice of only −inf gives −inf; no warning

    e^−inf = 0 is a fine term. The trap is a slice of only −inf: its maximum is −inf, and −inf −
    (−inf) is NaN. Shift such a slice by 0 instead, and keep log(0) silent with
    np.errstate(divide='ignore')."""
    matches(lab, "logsumexp", z)
    expect.quiet(lab)


@rule("logsumexp", "stress", points=1, examples=[given(np.array(INFINITE))])
def plus_infinity_and_nan_stay_what_they_are(lab, z):
    """A slice with +inf gives +inf, a slice with NaN gives NaN, the others are untouched by it; no
    warning

    inf − inf is NaN, so a maximum of +inf can't be subtracted. Shift by the maximum only where it
    is finite, by 0 elsewhere. If all is right but for a warning: what stands beside the +inf is not
    shifted either, so its exp may overflow; np.errstate(over='ignore') keeps that silent. np.nanmax
    and nan_to_num hide a NaN that the caller needs to see."""
    matches(lab, "logsumexp", z)
    expect.quiet(lab)


@rule("logsumexp", "stress", points=1, examples=[given(np.array([0.5, 1.5]), np.zeros((2, 0)))])
def the_sum_over_nothing_is_minus_infinity(lab, z, nothing, **axis):
    """An empty axis gives −inf, the logarithm of an empty sum, without a warning

    The maximum of nothing is an error in NumPy, unless you say where to begin: initial=-np.inf. The
    sum of nothing is 0, and its logarithm −inf."""
    matches(lab, "logsumexp", z)
    matches(lab, "logsumexp", nothing, **axis)
    expect.quiet(lab)


@rule("logmeanexp", "property", points=2)
def a_mean_does_not_grow_with_the_number_of_terms(lab, z, level):
    """The mean of equal logits is that logit; every logit twice changes nothing; it is at least the
    mean of the logits

    A mean does not grow with the number of terms, a sum does. If equal logits come out higher than
    they went in, ln n is missing."""
    value = matches(lab, "logmeanexp", z)
    twice = lab.logmeanexp(np.concatenate([z, z], axis=1))
    agrees(twice, oracle.logmeanexp(z), z, what="the answer with every logit twice")
    equal = np.full(z.shape, level)
    agrees(lab.logmeanexp(copy(equal)), equal[:, 0], z, what="the mean of equal logits")
    # Jensen: ln of a mean of exponentials is at least the mean of the exponents.
    above = np.all(value >= z.mean(axis=1) - 1e-12)
    expect.that(above, _("the answer lies below the mean of the logits"))


@rule("logmeanexp", "bad input", points=2, examples=NO_MEANS)
def there_is_no_mean_of_nothing(lab, z, nothing, **axis):
    """An empty axis is a ValueError that names z or axis: there is no mean of nothing

    Check the length of the axis before any arithmetic. −inf − ln 0 would be −inf + inf, which is
    NaN; NumPy's own error about a maximum does not say which argument is empty."""
    matches(lab, "logmeanexp", z)
    expect.refuses(lab.logmeanexp, nothing, **axis, names=("z", "axis"))


# -------------------------------------------------------------- weighted_logsumexp (24) by itself
@rule("weighted_logsumexp", "contract", points=3, examples=[given(Z, W), given(Z[0], COLUMN)])
def weights_broadcast_against_the_logits(lab, z, w):
    """w broadcasts against z: one weight a class, one a row, or one for all

    z + ln w broadcasts by itself. If you pick terms by index or allocate a result, broadcast both
    arrays to one shape first."""
    matches(lab, "weighted_logsumexp", z, w)


@rule("weighted_logsumexp", "property", points=3, examples=JUNK)
def a_term_of_weight_zero_vanishes(lab, z, w):
    """A term with weight 0 vanishes whatever its z: 1000, +inf, −inf or NaN

    ln 0 = −inf takes an ordinary term out, but inf + (−inf) is NaN, and 0·inf too. Choose with
    np.where, by the weight, before anything is computed. The maximum too must be that of the kept
    terms alone."""
    matches(lab, "weighted_logsumexp", z, w)
    expect.quiet(lab)


@rule("weighted_logsumexp", "property", points=3)
def a_weight_of_two_is_the_same_term_twice(lab, z, w, counts, c):
    """Weights of 1 give logsumexp; a weight of 2 is the same term twice; all weights times c add
    ln c

    Each of the three follows from Σ w e^z by writing it down. The one that fails tells what your
    code does with w."""
    for factors, wanted, what in (
        (np.ones(z.shape), oracle.logsumexp(z), "with weights of 1 the answer"),
        (counts * 1.0, oracle.logsumexp(np.repeat(z, counts, axis=1)), "with counts as weights it"),
        (c * w, oracle.weighted_logsumexp(z, w) + np.log(c), "with all weights times c it"),
    ):
        # The sum with ln c is rounded twice, to eps/2 of numbers below 16.
        agrees(lab.weighted_logsumexp(copy(z), factors), wanted, z, slack=16 * EPS, what=what)


@rule("weighted_logsumexp", "stress", points=1, examples=[NO_WEIGHT])
def all_weights_zero_is_minus_infinity(lab, z, w):
    """Slices in which all weights are zero give −inf, without a warning

    Nothing is left to sum, and ln 0 is −inf. Where every term is −inf, the maximum is −inf and
    can't be subtracted: your logsumexp has dealt with that already."""
    matches(lab, "weighted_logsumexp", z, w)
    expect.quiet(lab)


@rule("weighted_logsumexp", "stress", points=1, examples=[EXTREME_WEIGHTS])
def weights_may_be_as_extreme_as_floats_are(lab, z, w):
    """Weights may be as small and as large as floats are: 1e-300 beside 1e300

    The largest term is the one with the largest z + ln w, not the one with the largest z. Shift by
    that: a heavy weight may lift a term whose e^(z − max z) rounds to 0, and two heavy weights may
    overflow in the sum."""
    expect.finite(matches(lab, "weighted_logsumexp", z, w))
    expect.quiet(lab)


@rule("weighted_logsumexp", "bad input", points=2, examples=BAD_WEIGHTS)
def a_negative_or_nan_weight_is_refused(lab, z, w, bad):
    """A negative or NaN weight is a ValueError that names w

    NaN compares false with everything, so (w < 0).any() lets it through. Ask whether all weights
    are at least 0, and raise if not."""
    matches(lab, "weighted_logsumexp", z, w)
    expect.refuses(lab.weighted_logsumexp, z, bad, names="w")


# ----------------------------------------------------------------------------- online_update (20)
def held(state):
    """m + ln s of a state that the student's function returned."""
    pair = isinstance(state, tuple | list) and len(state) == 2
    text = _("the new state is a {kind}; expected a tuple (m, s) of two floats")
    expect.that(pair, text, kind=type(state).__name__)
    for name, part in zip("ms", state, strict=True):
        real = isinstance(part, float | int | np.floating | np.integer)
        text, kind = _("{name} is a {kind}; expected a float"), type(part).__name__
        expect.that(real and not isinstance(part, bool), text, name=name, kind=kind)
    with np.errstate(all="ignore"):
        return float(np.float64(state[0]) + np.log(np.float64(state[1])))


def folds_right(lab, chunks, state=START):
    """The state after all ``chunks``, none of which may bring a warning.

    m + ln s must be the exact LSE of all elements and of ``state``, which counts like an element m
    of weight s."""
    every = np.concatenate(chunks)
    terms = np.append(every, state[0]), np.append(np.ones(every.size), state[1])
    for chunk in chunks:
        state = lab.online_update(state, copy(chunk))
        lse = held(state)
        expect.quiet(lab)
    seen = [np.asarray(chunk).tolist() for chunk in chunks]
    shown = _("after {chunks}, m + ln s").format(chunks=seen)
    dtype = float_type(every)
    slack = 4 * float(np.finfo(dtype).eps) * len(chunks)
    expect.close(dtype.type(lse), oracle.weighted_logsumexp(*terms), slack=slack, what=shown)
    return state


def passes(*of_chunks):
    """Examples: one a pass, each over chunks of these numbers."""
    return [given([np.array(chunk, dtype=float) for chunk in chunks]) for chunks in of_chunks]


PASSES = passes([[1.0, 2.0, 3.0]], [[1.0, 2.0], [5.0], [0.0, 3.0]])
A, B, C = [0.0, 0.5], [6.0], [-5.0, 1.0]
ORDERS = passes([A, B, C], [B, A, C], [C, B, A])
JUMPS = passes([[-1000.0, -999.0], [0.0], [1000.0, 998.0], [-1000.0]], [[1000.0], [-1000.0, 999.0]])
NOTHINGS = passes([[1.0], [], [-INF], [2.0]], [[], [-INF, -INF], [3.0, 1.0]], [[-INF], []])


@rule("online_update", "contract", points=5, examples=PASSES)
def folding_chunks_gives_the_logsumexp_of_all(lab, chunks):
    """It returns a tuple (m, s) of floats, and from (−inf, 0.0) m + ln s is the LSE of all chunks
    so far

    When a chunk brings a larger maximum, the old sum was measured against the old one: multiply it
    by e^(m_old − m_new) before you add. m_old − m_new is never positive."""
    folds_right(lab, chunks)


@rule("online_update", "contract", points=1, examples=[given(np.array([1.0, 4.0]), (2.0, 1.5))])
def the_chunk_is_left_alone(lab, chunk, state):
    """The chunk is left as it was

    chunk -= m writes into the caller's array. Write chunk - m into a new one."""
    folds_right(lab, [chunk], state)
    expect.untouched(lab)


@rule("online_update", "property", points=3, examples=ORDERS)
def the_order_of_the_chunks_does_not_matter(lab, chunks):
    """The order of the chunks does not matter

    The maximum may come first, last or in between. If only rising chunks work, m is replaced by the
    maximum of the chunk instead of by the larger of the two."""
    folds_right(lab, chunks)


@rule("online_update", "property", points=3)
def two_halves_merge(lab, z, cut):
    """One chunk or two halves give the same; what one pass found can be folded into another

    A state holds all that matters of the elements behind it. The LSE of another pass counts like
    one element: folding it in merges the two."""
    folds_right(lab, [z])
    folds_right(lab, [z[:cut], z[cut:]])
    left, right = folds_right(lab, [z[:cut]]), folds_right(lab, [z[cut:]])
    for state, other in ((left, right), (right, left)):
        merged = held(folds_right(lab, [np.array([held(other)])], state))
        # The other half's LSE is handed over rounded, at most eps/2 of it.
        slack = 8 * EPS * (1 + abs(merged))
        expect.close(np.float64(merged), oracle.logsumexp(z), slack=slack, what="the merged LSE")


@rule("online_update", "reference", points=3)
def an_online_pass_agrees_with_fifty_digits(lab, chunks):
    """It agrees with the exact value over many chunks, and one element at a time

    If the error grows with the number of chunks, look at what is rounded in each: the sum must stay
    measured against m, and m must stay near the largest logit so far."""
    folds_right(lab, chunks)


@rule("online_update", "stress", points=2, examples=JUMPS)
def jumping_maxima_are_no_problem(lab, chunks):
    """Maxima that jump between −1000 and +1000, or between the largest logits, are no problem

    Every exponent must be at or below 0: of the old sum m_old − m_new, of the chunk chunk − m_new,
    with m_new the larger of the two maxima."""
    folds_right(lab, chunks)


@rule("online_update", "stress", points=3, examples=NOTHINGS)
def chunks_without_a_finite_logit_change_nothing(lab, chunks):
    """Empty chunks and chunks of only −inf change nothing, at the start too; no NaN, no warning

    The maximum of nothing is an error unless you say initial=-np.inf. As long as the largest logit
    so far is −inf, −inf − (−inf) is NaN: then there is nothing to rescale and nothing to add."""
    folds_right(lab, chunks)


# --------------------------------------------------------------------------- online_logsumexp (6)
def evaluates_right(lab, state):
    """m + ln s, as a float: the LSE of one element m of weight s."""
    value = np.float64(expect.scalar(lab.online_logsumexp(state)))
    m, s = state
    expect.close(value, oracle.weighted_logsumexp([m], [s]), what=f"online_logsumexp({state})")


STATES = [given((2.0, 1.5)), given((-3.0, 4.0)), given((1000.0, 2.0))]


@rule("online_logsumexp", "contract", points=3, examples=STATES)
def a_state_stands_for_m_plus_ln_s(lab, state):
    """It returns m + ln s as a float

    The state is a tuple: m, s = state. Return a float, not an array of one element. m is the shift
    that was taken off before exp, a logarithm already, so it comes back outside the logarithm."""
    evaluates_right(lab, state)


@rule("online_logsumexp", "reference", points=1)
def a_large_m_does_not_overflow(lab, state):
    """It agrees with the exact value when m is large, and when s is tiny or huge

    s·e^m overflows for a large m. m + ln s does not."""
    evaluates_right(lab, state)
    expect.quiet(lab)


@rule("online_logsumexp", "stress", points=2, examples=[given((2.0, 1.5))])
def the_start_state_gives_minus_infinity(lab, state):
    """The start state (−inf, 0.0) gives −inf, without a warning

    np.log(0.0) warns and math.log(0.0) raises. Ask for s == 0 first, or keep NumPy silent with
    np.errstate(divide='ignore')."""
    evaluates_right(lab, state)
    evaluates_right(lab, START)
    expect.quiet(lab)
