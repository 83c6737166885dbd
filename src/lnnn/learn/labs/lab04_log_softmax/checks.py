"""The visible checks of lab 4: every rule of the contract, on inputs that may be read here."""

import numpy as np
import pytest

from lnnn.suite import expect
from lnnn.suite.agree import agree

graded = pytest.mark.graded


def check(function, category, rule, feedback):
    """A mark for one visible check; all weigh the same."""
    return graded(function=function, category=category, points=1, rule=rule, feedback=feedback)


# -------------------------------------------------------------------------------- log_softmax


@check(
    "log_softmax",
    "contract",
    "The values are right, and float32 stays float32",
    "ln Σ e^z comes off every logit. Convert with np.asarray and keep a float type as it is.",
)
def test_log_softmax_values_and_types(lab):
    agree(lab, "log_softmax", [1.0, 2.0, 3.0])
    agree(lab, "log_softmax", [1, 2, 3])
    agree(lab, "log_softmax", np.array([[0.5, -1.0], [2.0, 2.0]], np.float32))


@check(
    "log_softmax",
    "contract",
    "It works along any axis, the last one by default",
    "Use axis=axis and keepdims=True in the maximum and in the sum.",
)
def test_log_softmax_axes(lab):
    z = np.array([[[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]]])
    for axis in (-1, 0, 1):
        agree(lab, "log_softmax", z, axis=axis)


@check(
    "log_softmax",
    "contract",
    "The temperature divides the logits",
    "Divide before anything is summed. T above 1 flattens.",
)
def test_log_softmax_temperature(lab):
    for temperature in (0.5, 2.0, 10.0):
        agree(lab, "log_softmax", np.array([1.0, 2.0, 4.0]), temperature=temperature)


@check(
    "log_softmax",
    "contract",
    "The array that you are given stays as it was",
    "z -= … changes the caller's array. z = z - … makes a new one.",
)
def test_log_softmax_leaves_z_alone(lab):
    agree(lab, "log_softmax", np.array([1.0, 2.0, 3.0]))
    expect.untouched(lab)


@check(
    "log_softmax",
    "stress",
    "Logits around +1000 and −1000 work, without a warning",
    "e^1000 is inf: subtract the maximum of each row first. If you see −inf, a probability on the "
    "way has rounded to 0.",
)
def test_log_softmax_large_logits(lab):
    for z in ([[1000.0, 1001.0, 1002.0]], [[-1000.0, -999.0, -998.0]], [[1000.0, 0], [0, -1000.0]]):
        agree(lab, "log_softmax", np.array(z))
        expect.quiet(lab)


@check(
    "log_softmax",
    "stress",
    "A class far below the best keeps its log-probability",
    "There must be no probability on the way: it rounds to 0, and log(0) is −inf.",
)
def test_log_softmax_far_class(lab):
    agree(lab, "log_softmax", np.array([0.0, -800.0]))
    agree(lab, "log_softmax", np.array([0.0, -150.0], np.float32))
    expect.quiet(lab)


@check(
    "log_softmax",
    "reference",
    "The last digits are right when all logits sit far from zero",
    "z − LSE(z) subtracts two large numbers. Subtract the maximum first and stay there.",
)
def test_log_softmax_offset(lab):
    agree(lab, "log_softmax", np.array([0.25, 1.0, 3.5]) + 1e8)
    agree(lab, "log_softmax", (np.array([0.25, 1.0, 3.5]) + 1e4).astype(np.float32))


@check(
    "log_softmax",
    "stress",
    "−inf gives −inf, a row of only −inf gives NaN, without a warning",
    "−inf − (−inf) is NaN and warns. np.errstate(invalid='ignore') keeps it silent.",
)
def test_log_softmax_minus_infinity(lab):
    agree(lab, "log_softmax", np.array([[0.0, -np.inf, 1.0], [-np.inf] * 3]))
    expect.quiet(lab)


@check(
    "log_softmax",
    "bad input",
    "A temperature that is not positive and finite is a ValueError that says temperature",
    "NaN compares false with everything. Ask whether T lies between 0 and infinity; if not, raise.",
)
def test_log_softmax_bad_temperature(lab):
    agree(lab, "log_softmax", np.array([0.0, 1.0]))
    for temperature in (0.0, -2.0, float("nan"), float("inf")):
        with expect.refused("temperature"):
            lab.log_softmax(np.array([0.0, 1.0]), temperature=temperature)


# ------------------------------------------------------------------------------------ softmax


@check(
    "softmax",
    "contract",
    "The values are right, and float32 stays float32",
    "exp of a right log-softmax is a right softmax.",
)
def test_softmax_values_and_types(lab):
    agree(lab, "softmax", [1.0, 2.0, 3.0])
    agree(lab, "softmax", [1, 2, 3])
    agree(lab, "softmax", np.array([[0.5, -1.0], [2.0, 2.0]], np.float32))


@check(
    "softmax",
    "contract",
    "It works along any axis and with any temperature",
    "Hand axis and temperature on.",
)
def test_softmax_axes_and_temperature(lab):
    z = np.array([[0.0, 1.0, 4.0], [2.0, -1.0, 0.5]])
    agree(lab, "softmax", z, axis=0)
    agree(lab, "softmax", z, temperature=0.5)
    agree(lab, "softmax", z, axis=0, temperature=3.0)
    expect.untouched(lab)


@check(
    "softmax",
    "property",
    "Every row sums to 1 within 4 ulp · V",
    "Numerator and denominator must come from the same shift; no epsilon below.",
)
def test_softmax_sums_to_one(lab):
    z = np.sin(np.arange(2000.0)).reshape(2, 1000) * 5
    p = expect.array(lab.softmax(z), z.shape, np.float64)
    off = float(np.abs(p.sum(axis=-1) - 1).max())
    if not (off <= 4 * 1000 * np.finfo(np.float64).eps and p.min() > 0):
        raise AssertionError(f"the rows sum to 1 ± {off:.2g}")
    agree(lab, "softmax", z[:, :5])


@check(
    "softmax",
    "stress",
    "Logits around ±1000 and −inf work, without a warning",
    "inf/inf and 0/0 are NaN. Both come from logits that were not shifted.",
)
def test_softmax_large_logits(lab):
    agree(lab, "softmax", np.array([[1000.0, 1001.0], [-1000.0, -999.0]]))
    agree(lab, "softmax", np.array([[0.0, -np.inf], [-np.inf, -np.inf]]))
    expect.quiet(lab)


@check(
    "softmax",
    "bad input",
    "A temperature that is not positive and finite is a ValueError that says temperature",
    "If you hand the temperature on to log_softmax, the check stands there already.",
)
def test_softmax_bad_temperature(lab):
    agree(lab, "softmax", np.array([0.0, 1.0]))
    for temperature in (0.0, -2.0, float("nan"), float("inf")):
        with expect.refused("temperature"):
            lab.softmax(np.array([0.0, 1.0]), temperature=temperature)


# ------------------------------------------------------------------------- masked_log_softmax


@check(
    "masked_log_softmax",
    "contract",
    "Masked classes are out of the sum and −inf in the answer",
    "Set the masked logits to −inf before anything is computed.",
)
def test_masked_values(lab):
    z = np.array([[1.0, 2.0, 3.0], [0.0, 0.5, -1.0]])
    mask = np.array([[True, False, True], [True, True, False]])
    agree(lab, "masked_log_softmax", z, mask)
    agree(lab, "masked_log_softmax", z.astype(np.float32), mask)
    agree(lab, "masked_log_softmax", z[:, :2], mask[:, ::2], axis=0)
    expect.untouched(lab)


@check(
    "masked_log_softmax",
    "contract",
    "One mask can serve every row",
    "np.where broadcasts. z[mask] does not.",
)
def test_mask_broadcasts(lab):
    z = np.array([[1.0, 2.0, 3.0], [0.0, 0.5, -1.0]])
    agree(lab, "masked_log_softmax", z, np.array([True, False, True]))


@check(
    "masked_log_softmax",
    "property",
    "Whatever stands at a masked position has no effect",
    "inf·0 and NaN·0 are NaN: choose with np.where, do not multiply.",
)
def test_masked_junk(lab):
    mask = np.array([True, False, True])
    for junk in (1e300, np.inf, -np.inf, np.nan):
        agree(lab, "masked_log_softmax", np.array([1.0, junk, 3.0]), mask)
        expect.quiet(lab)


@check(
    "masked_log_softmax",
    "stress",
    "A row with nothing kept is all −inf, without a warning",
    "log-softmax of only −inf is NaN. Put −inf at the masked positions once more at the end.",
)
def test_nothing_kept(lab):
    z, mask = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[True, True], [False, False]])
    agree(lab, "masked_log_softmax", z, mask)
    expect.quiet(lab)


@check(
    "masked_log_softmax",
    "bad input",
    "A mask that does not fit is a ValueError that says mask",
    "np.broadcast_shapes raises for such shapes. Raise your own error that names the mask.",
)
def test_mask_that_does_not_fit(lab):
    agree(lab, "masked_log_softmax", np.array([0.0, 1.0]), np.array([True, True]))
    with expect.refused("mask"):
        lab.masked_log_softmax(np.zeros((2, 3)), np.array([True, False]))


# ----------------------------------------------------------------- temperature_for_confidence


def confident(lab, z, p):
    """The temperature returned is a positive float that gives a confidence of p."""
    z = np.array(z)
    temperature = expect.scalar(lab.temperature_for_confidence(z, p), "the temperature")
    if not (temperature > 0 and np.isfinite(temperature)):
        raise AssertionError(f"the temperature is {temperature!r}; expected a positive number")
    weights = np.exp((z - z.max()) / temperature)
    reached = float(1 / weights.sum())
    if not abs(reached - p) <= 1e-9:
        raise AssertionError(
            f"for z = {z.tolist()} and p = {p} it gives T = {temperature:.6g}, "
            f"where the largest probability is {reached:.12g}"
        )


@check(
    "temperature_for_confidence",
    "contract",
    "With two classes it gives (z₁ − z₂) / ln(p/(1 − p)), as a float",
    "Return float(T), not an array of one element.",
)
def test_two_classes(lab):
    confident(lab, [0.0, 3.0], 0.9)
    confident(lab, [-1.0, 1.0], 0.6)


@check(
    "temperature_for_confidence",
    "reference",
    "With more classes the largest probability is p within 1e-9",
    "The largest probability falls as T grows, so bisection finds the one T.",
)
def test_many_classes(lab):
    for p in (0.3, 0.5, 0.99):
        confident(lab, [0.0, 1.0, 2.5, -1.0, 2.0], p)


@check(
    "temperature_for_confidence",
    "stress",
    "It works for logits in the thousands and for tiny gaps",
    "Let the search interval grow with the gaps between the logits.",
)
def test_large_and_small_logits(lab):
    confident(lab, [4000.0, 1000.0, -4000.0], 0.4)
    confident(lab, [0.0, 1e-4, 2e-4], 0.6)


@check(
    "temperature_for_confidence",
    "bad input",
    "A confidence that no temperature reaches is a ValueError that says p or z",
    "p must lie between 1/V and 1/(number of classes that share the largest logit).",
)
def test_out_of_reach(lab):
    confident(lab, [0.0, 2.0], 0.75)
    for z, p in (([0.0, 1.0, 2.0], 0.2), ([0.0, 2.0, 2.0], 0.6), ([1.0, 1.0], 0.5)):
        with expect.refused("p", "z"):
            lab.temperature_for_confidence(np.array(z), p)
