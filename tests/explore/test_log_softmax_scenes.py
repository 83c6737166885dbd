"""The scenes of notebook 04 against mpmath and SciPy, without a browser."""

from functools import partial

import mpmath
import numpy as np
import pytest
import scipy.special
import truth
from examples import log_softmax, minus_lse, naive, shown
from reading import exacts, findings, matches, statuses, values

from lnnn.explore.log_softmax import side_by_side_scene
from lnnn.explore.status import Status

side_by_side = partial(shown, "side_by_side")
shift = partial(shown, "shift")
Z = np.array([2, 1, 0, -1], dtype=np.float32)


def test_bars_carry_what_the_function_returned_and_ticks_the_exact_value():
    panel = side_by_side(temperature=0.5).panels[0]
    assert values(panel) == log_softmax(Z, 0.5).tolist()
    assert exacts(panel) == pytest.approx([*map(float, truth.log_softmax(Z, 0.5))], rel=1e-15)


def test_errors_are_measured_against_mpmath_in_ulp_of_the_chosen_type():
    z = Z + np.float32(1e4)
    marks = iter(side_by_side(minus_lse, log_softmax, offset=1e4).panels[-1].marks)
    for function in (minus_lse, log_softmax):
        for computed, exact, mark in zip(function(z), truth.log_softmax(z), marks, strict=False):
            gap = np.spacing(np.float32(abs(float(exact))))
            off = abs(mpmath.mpf(float(computed)) - exact) / mpmath.mpf(float(gap))
            assert mark.x == pytest.approx(float(off), rel=1e-9, abs=1e-9)


def test_float64_values_agree_with_scipy():
    scene = side_by_side(scipy.special.log_softmax, dtype="float64")
    assert values(scene.panels[0]) == scipy.special.log_softmax([2.0, 1, 0, -1]).tolist()
    assert scene.finding.startswith("log_softmax agrees with the exact value within")


@pytest.mark.parametrize(
    ("dtype", "offset"), [("float16", 11.5), ("float32", 89.0), ("float64", 710.0)]
)
def test_the_naive_formula_dies_just_past_the_overflow_limit_of_each_type(dtype, offset):
    scene = side_by_side(naive, logits=(0, 0), offset=offset, dtype=dtype)
    assert statuses(scene.panels[0]) == [Status.NAN, Status.NAN]
    assert scene.finding == "naive gives NaN for every class"
    assert all(not np.isfinite(mark.x) for mark in scene.panels[1].marks)


def test_a_class_flushed_to_zero_is_told_from_a_true_infinity():
    scene = side_by_side(naive, logits=(0, -120))
    assert statuses(scene.panels[0]) == [Status.ORDINARY, Status.UNDERFLOW]
    assert scene.panels[0].bar_list[1].words() == "−inf flushed"
    assert "−inf for 1 of 2 classes" in scene.finding


def test_a_log_probability_of_zero_that_should_be_tiny_is_flushed_too():
    first = side_by_side(logits=(0, -40), dtype="float64").panels[0].bar_list[0]
    assert (first.value, first.status) == (0.0, Status.UNDERFLOW)
    assert first.exact == pytest.approx(-4.248354255291589e-18, rel=1e-12)


def test_a_value_beyond_the_range_of_the_type_is_an_overflow():
    at = {"logit_1": 20.0, "logit_2": -20.0, "offset": 0.0, "dtype": "float16"}
    scene = side_by_side_scene([log_softmax], {**at, "temperature": 0.0005})
    assert statuses(scene.panels[0])[1] is Status.OVERFLOW


def test_plus_infinity_is_an_overflow():
    scene = side_by_side(lambda z: np.full_like(z, np.inf))
    assert set(statuses(scene.panels[0])) == {Status.OVERFLOW}
    assert "inf for every class" in scene.finding


def test_logits_beyond_the_type_are_named_as_the_cause():
    scene = side_by_side(logits=(6e4, 0), offset=1e4, dtype="float16")
    assert scene.finding.startswith("The logits themselves are infinite in float16")
    assert "inf" in scene.readouts[0].text


def test_float16_shows_the_rounded_logits_that_the_functions_really_got():
    told = side_by_side(offset=1e4, dtype="float16").readouts[0].text
    held = (np.array([2.0, 1, 0, -1]) + 1e4).astype(np.float16)
    assert told == ", ".join(f"{v:.6g}" for v in held.astype(float))
    assert len(set(told.split(", "))) == 1


def test_functions_without_temperature_get_the_divided_logits():
    seen = []
    side_by_side(lambda z: seen.append(z.copy()) or log_softmax(z), temperature=4.0)
    np.testing.assert_array_equal(seen[0], Z / 4)
    assert seen[0].dtype == np.float32


def exits(z):
    raise SystemExit


class EqualToEverything:
    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda z: None, "returned None"),
        (lambda z: z + 1j, "complex numbers"),
        (lambda z: [object() for _ in z], "object of type list"),
        (lambda z: float(z.sum()), "shape ()"),
        (lambda z: np.array(["a"] * len(z)), "array of <U1"),
        (lambda z: [[1.0], [1.0, 2.0]], "returned what is no array"),
        (lambda z: [][0], "raised IndexError: list index out of range"),
        (exits, "raised SystemExit"),
        (lambda z: EqualToEverything(), "object of type EqualToEverything"),
        (lambda z: z[:2], "shape (2,)"),
        (lambda a, b: a, "raised TypeError"),
    ],
)
def test_a_broken_function_shows_its_own_error_and_its_neighbour_goes_on(function, says):
    scene = side_by_side(function, log_softmax)
    assert scene.panels[0].kind == "message"
    assert says in scene.panels[0].error
    assert [panel.kind for panel in scene.panels[1:]] == ["bars", "number line"]
    assert "gives no answer; log_softmax stays within" in scene.finding


def test_lists_and_integers_count_as_answers():
    assert values(side_by_side(lambda z: [-1, -1, -1, -1]).panels[0]) == [-1.0] * 4


def in_place(z):
    z -= z.max()
    return z - np.log(np.exp(z).sum())


@pytest.mark.parametrize(
    ("function", "note"),
    [
        (lambda z: log_softmax(z.astype(np.float64)), "returned float64"),
        (in_place, "changed its argument in place"),
    ],
)
def test_another_type_and_a_changed_argument_are_noted(function, note):
    assert side_by_side(function).panels[0].note == note


def test_functions_of_one_name_are_told_apart():
    scene = side_by_side(lambda z: z, lambda z: z + 1)
    assert [panel.title for panel in scene.panels[:2]] == ["lambda", "lambda #2"]


@pytest.mark.parametrize("c", [1.0, 100.0, -1e4, 1e9])
def test_a_shift_that_floats_can_hold_changes_not_a_single_bit(c):
    scene = shift(c=c)
    assert scene.finding.endswith("changes not a single bit")
    assert [row.text for row in scene.panels[1].rows[:2]] == ["0 ulp", "0 ulp"]


def test_a_shift_that_floats_cannot_hold_is_blamed_on_the_rounding_of_the_sum():
    scene = shift(c=1e9, dtype="float32")
    assert "rounds the logits themselves in float32" in scene.finding
    moved, exact = (truth.log_softmax(z) for z in (Z + np.float32(1e9), Z))
    for k, (a, b) in enumerate(zip(moved, exact, strict=True)):
        gap = mpmath.mpf(float(np.spacing(np.float32(abs(float(b))))))
        assert scene.panels[1].marks[4 + k].x == pytest.approx(float(abs(a - b) / gap), rel=1e-6)


@findings(
    (
        lambda: side_by_side(minus_lse, log_softmax, offset=1e4),
        "minus_lse is off by …; log_softmax stays within …",
    ),
    (lambda: shift(naive, c=1e3), "Adding 1000 breaks naive: NaN for every class"),
    (lambda: shift(minus_lse, c=1e9), "Adding 1e9 costs minus_lse …"),
)
def test_what_is_found(scene, finding):
    assert matches(scene().finding, finding)
