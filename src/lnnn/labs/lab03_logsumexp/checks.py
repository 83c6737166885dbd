"""The visible checks of lab 3: every rule of the contract, on inputs that may be read here."""

import math

import numpy as np
import pytest

from lnnn.suite import expect, oracle
from lnnn.suite.agree import float_type

graded = pytest.mark.graded

START = (-np.inf, 0.0)


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


def matches(lab, name, *arrays, **keywords):
    """The student's function agrees with the exact value, in shape and float type too."""
    reference = getattr(oracle, name)(*arrays, **keywords)
    value = getattr(lab, name)(*arrays, **keywords)
    if reference.shape == () and type(value) is float:
        value = np.float64(value)
    expect.close(expect.array(value, reference.shape, float_type(arrays[0])), reference)


# ---------------------------------------------------------------------------------- logsumexp


@check(
    "logsumexp",
    "contract",
    "The values are right, and float32 stays float32",
    "The maximum that comes off before exp comes back after the logarithm. Convert with "
    "np.asarray and keep a float type as it is.",
)
def test_logsumexp_values_and_types(lab):
    matches(lab, "logsumexp", [1.0, 2.0, 3.0])
    matches(lab, "logsumexp", [1, 2, 3])
    matches(lab, "logsumexp", np.array([[0.5, -1.0], [2.0, 2.0]], np.float32))


@check(
    "logsumexp",
    "contract",
    "It works along any axis, and axis=None takes all elements",
    "Maximum and sum run along the same axis. Inside, keep it with length 1.",
)
def test_logsumexp_axes(lab):
    z = np.array([[[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]]])
    for axis in (-1, 0, 1, None):
        matches(lab, "logsumexp", z, axis=axis)


@check(
    "logsumexp",
    "contract",
    "keepdims=True keeps the axis with length 1",
    "Compute with the axis kept, and take it out at the end unless the caller wants it.",
)
def test_logsumexp_keepdims(lab):
    z = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]])
    for axis, shape in ((-1, (2, 1)), (0, (1, 3)), (None, (1, 1))):
        value = expect.array(lab.logsumexp(z, axis=axis, keepdims=True), shape, np.float64)
        expect.close(value, oracle.logsumexp(z, axis=axis).reshape(shape))


@check(
    "logsumexp",
    "contract",
    "The array that you are given stays as it was",
    "z -= … changes the caller's array. z = z - … makes a new one.",
)
def test_logsumexp_leaves_z_alone(lab):
    matches(lab, "logsumexp", np.array([1.0, 2.0, 3.0]))
    expect.untouched(lab)


@check(
    "logsumexp",
    "stress",
    "Logits around +1000 and −1000 work, without a warning",
    "e^1000 is inf. Subtract the maximum of each row first, not that of the whole array.",
)
def test_logsumexp_large_logits(lab):
    for z in ([1000.0, 1001.0, 1002.0], [-1000.0, -999.0], [[1000.0, 0.0], [-999.0, -1000.0]]):
        matches(lab, "logsumexp", np.array(z))
        expect.quiet(lab)


@check(
    "logsumexp",
    "stress",
    "A row of only −inf gives −inf, one with +inf gives +inf, one with NaN gives NaN, silently",
    "inf − inf is NaN: subtract the maximum only where it is finite, and 0 elsewhere.",
)
def test_logsumexp_infinities(lab):
    z = [[0.0, -np.inf, 1.0], [-np.inf] * 3, [0.0, np.inf, 1.0], [0.0, np.nan, 1.0]]
    matches(lab, "logsumexp", np.array(z))
    expect.quiet(lab)


@check(
    "logsumexp",
    "stress",
    "An empty axis gives −inf",
    "A maximum takes initial=-np.inf, for the case that there is nothing to compare.",
)
def test_logsumexp_of_nothing(lab):
    matches(lab, "logsumexp", np.array([0.5, 1.5]))
    matches(lab, "logsumexp", np.zeros((2, 0)))
    expect.quiet(lab)


# --------------------------------------------------------------------------------- logmeanexp


@check(
    "logmeanexp",
    "contract",
    "The values are right, and float32 stays float32",
    "1/n inside the logarithm is −ln n outside.",
)
def test_logmeanexp_values_and_types(lab):
    matches(lab, "logmeanexp", [1.0, 2.0, 3.0])
    matches(lab, "logmeanexp", [1, 2, 3])
    matches(lab, "logmeanexp", np.array([[0.5, -1.0], [2.0, 2.0]], np.float32))
    expect.untouched(lab)


@check(
    "logmeanexp",
    "contract",
    "n is the length of the axis, or the number of all elements for axis=None",
    "z.size is right for axis=None only.",
)
def test_logmeanexp_axes(lab):
    z = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]])
    for axis in (-1, 0, None):
        matches(lab, "logmeanexp", z, axis=axis)


@check(
    "logmeanexp",
    "stress",
    "Logits around ±1000, and −inf, work without a warning",
    "Build on your logsumexp. A logit of −inf still counts in n.",
)
def test_logmeanexp_large_logits(lab):
    for z in ([[1000.0, 1001.0], [-1000.0, -999.0]], [[0.0, -np.inf], [-np.inf, -np.inf]]):
        matches(lab, "logmeanexp", np.array(z))
        expect.quiet(lab)


@check(
    "logmeanexp",
    "bad input",
    "An empty axis is a ValueError that says z or axis",
    "Look at n before you compute anything.",
)
def test_logmeanexp_of_nothing(lab):
    matches(lab, "logmeanexp", np.array([0.0, 1.0]))
    for shape in ((0,), (2, 0)):
        with expect.refused("z", "axis"):
            lab.logmeanexp(np.zeros(shape))


# ------------------------------------------------------------------------- weighted_logsumexp


@check(
    "weighted_logsumexp",
    "contract",
    "The values are right, and float32 stays float32",
    "w e^z is e^(z + ln w). The weights are not divided by their sum.",
)
def test_weighted_values_and_types(lab):
    z, w = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 3.0])
    matches(lab, "weighted_logsumexp", z, w)
    matches(lab, "weighted_logsumexp", z.astype(np.float32), w.astype(np.float32))
    expect.untouched(lab)


@check(
    "weighted_logsumexp",
    "contract",
    "The weights broadcast, and any axis works",
    "z + ln w broadcasts by itself; the axis is that of the result.",
)
def test_weights_broadcast(lab):
    z = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]])
    matches(lab, "weighted_logsumexp", z, np.array([0.5, 2.0, 3.0]))
    matches(lab, "weighted_logsumexp", z, np.array([[0.5], [2.0]]), axis=0)
    matches(lab, "weighted_logsumexp", z[0], np.array([[0.5], [2.0]]), axis=None)


@check(
    "weighted_logsumexp",
    "property",
    "A term of weight 0 vanishes, whatever its z",
    "inf + ln 0 and inf·0 are NaN: choose with np.where, by the weight.",
)
def test_weight_zero(lab):
    for junk in (1000.0, np.inf, -np.inf, np.nan):
        matches(lab, "weighted_logsumexp", np.array([1.0, junk, 3.0]), np.array([2.0, 0.0, 1.0]))
        expect.quiet(lab)
        expect.untouched(lab)


@check(
    "weighted_logsumexp",
    "stress",
    "Large logits, extreme weights, and a row of zero weights work without a warning",
    "The largest term is the one with the largest z + ln w. A row without any is −inf.",
)
def test_weighted_extremes(lab):
    for z, w in (
        ([1000.0, 1001.0], [0.5, 2.0]),
        ([0.0, -750.0], [1e-280, 1e280]),
        ([1.0, 2.0], [0.0, 0.0]),
    ):
        matches(lab, "weighted_logsumexp", np.array(z), np.array(w))
        expect.quiet(lab)


@check(
    "weighted_logsumexp",
    "bad input",
    "A negative or NaN weight is a ValueError that says w",
    "NaN compares false with everything. Ask whether all weights are at least 0; if not, raise.",
)
def test_bad_weights(lab):
    matches(lab, "weighted_logsumexp", np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    for bad in (-1.0, np.nan):
        with expect.refused("w"):
            lab.weighted_logsumexp(np.array([0.0, 1.0]), np.array([1.0, bad]))


# ------------------------------------------------------------------------------ online_update


def folds_right(lab, chunks):
    """After all chunks, m + ln s is the exact LSE of all their elements, without a warning."""
    state = START
    for chunk in chunks:
        state = lab.online_update(state, np.array(chunk, dtype=float))
        expect.quiet(lab)
        pair = isinstance(state, tuple | list) and len(state) == 2
        if not pair or any(isinstance(v, np.ndarray) for v in state):
            raise AssertionError(f"the new state is {state!r}; expected a tuple (m, s) of floats")
    with np.errstate(all="ignore"):
        lse = np.float64(state[0]) + np.log(np.float64(state[1]))
    # Each update may cost a few roundings of s: 4 eps, as in the grading.
    slack = 4 * len(chunks) * float(np.finfo(float).eps)
    every = np.array([v for chunk in chunks for v in chunk], dtype=float)
    expect.close(lse, oracle.logsumexp(every), slack=slack, what=f"after {chunks}, m + ln s")


@check(
    "online_update",
    "contract",
    "It returns (m, s) with m + ln s = LSE of all chunks so far",
    "When the maximum grows, the old s shrinks by e^(m_old − m_new).",
)
def test_online_values(lab):
    folds_right(lab, [[1.0, 2.0, 3.0]])
    folds_right(lab, [[1.0, 2.0], [5.0], [0.0, 3.0]])
    lab.online_update((2.0, 1.5), np.array([1.0, 4.0]))
    expect.untouched(lab)


@check(
    "online_update",
    "property",
    "The order of the chunks does not matter",
    "m is the larger of the old m and the maximum of the chunk, whichever comes first.",
)
def test_online_order(lab):
    chunks = [[0.0, 0.5], [6.0], [-5.0, 1.0]]
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)):
        folds_right(lab, [chunks[i] for i in order])


@check(
    "online_update",
    "stress",
    "Maxima that jump between −1000 and +1000 work, without a warning",
    "Every exponent must be at or below 0.",
)
def test_online_jumps(lab):
    folds_right(lab, [[-1000.0, -999.0], [0.0], [1000.0, 998.0], [-1000.0]])
    folds_right(lab, [[1000.0], [-1000.0, 999.0]])


@check(
    "online_update",
    "stress",
    "Empty chunks and chunks of only −inf change nothing, at the start too",
    "As long as nothing finite has come, −inf − (−inf) is NaN. Return the state as it is.",
)
def test_online_nothing(lab):
    folds_right(lab, [[1.0], [], [-np.inf], [2.0]])
    folds_right(lab, [[], [-np.inf, -np.inf], [3.0, 1.0]])
    folds_right(lab, [[-np.inf], []])


# --------------------------------------------------------------------------- online_logsumexp


@check(
    "online_logsumexp",
    "contract",
    "It returns m + ln s, as a float",
    "m is a logarithm already; s is not.",
)
def test_online_logsumexp_values(lab):
    for m, s in ((2.0, 1.5), (-3.0, 4.0), (1000.0, 2.0)):
        value = expect.scalar(lab.online_logsumexp((m, s)))
        # m + ln s in float64 is rounded twice, far below the contract's 1e-12.
        expect.close(np.float64(value), m + math.log(s))


@check(
    "online_logsumexp",
    "stress",
    "The start state gives −inf, without a warning",
    "np.log(0.0) warns, math.log(0.0) raises. Treat s = 0 by itself or silence the warning.",
)
def test_online_logsumexp_of_the_start(lab):
    expect.close(np.float64(expect.scalar(lab.online_logsumexp((2.0, 1.5)))), 2 + math.log(1.5))
    value = expect.scalar(lab.online_logsumexp(START))
    if value != -np.inf:
        raise AssertionError(f"the start state gives {value}; expected −inf")
    expect.quiet(lab)
