"""The scenes of notebook 04 against mpmath and SciPy, without a browser."""

import mpmath
import numpy as np
import pytest
import scipy.special

from lnnn.explore.log_softmax import shift_scene, side_by_side_scene
from lnnn.explore.scene import Status


def naive(z):
    e = np.exp(z)
    return np.log(e / e.sum())


def minus_lse(z):
    m = z.max()
    return z - (m + np.log(np.exp(z - m).sum()))


def shifted(z, temperature=1.0):
    z = z / z.dtype.type(temperature)
    z = z - z.max()
    return z - np.log(np.exp(z).sum())


def values(logits=(2.0, 1.0, 0.0, -1.0), **others):
    named = {f"logit_{k}": v for k, v in enumerate(logits, start=1)}
    return {**named, "temperature": 1.0, "offset": 0.0, "dtype": "float32", **others}


def exact(z, temperature=1.0):
    """Log-softmax at 60 digits, straight from the definition."""
    with mpmath.workdps(60):
        scaled = [mpmath.mpf(float(v)) / mpmath.mpf(temperature) for v in z]
        total = mpmath.fsum(mpmath.exp(v) for v in scaled)
        return [v - mpmath.log(total) for v in scaled]


def statuses(panel):
    return [bar.status for bar in panel.bar_list]


def test_bars_carry_what_the_function_returned_and_ticks_the_exact_value():
    scene = side_by_side_scene([shifted], values(temperature=0.5))
    z = np.array([2, 1, 0, -1], dtype=np.float32)
    assert [bar.value for bar in scene.panels[0].bar_list] == shifted(z, 0.5).tolist()
    for bar, truth in zip(scene.panels[0].bar_list, exact(z, 0.5), strict=True):
        assert bar.exact == pytest.approx(float(truth), rel=1e-15)


def test_errors_are_measured_against_mpmath_in_ulp_of_the_chosen_type():
    z = np.array([2, 1, 0, -1], dtype=np.float32) + np.float32(1e4)
    scene = side_by_side_scene([minus_lse, shifted], values(offset=1e4))
    marks = scene.panels[-1].marks
    for k, function in enumerate((minus_lse, shifted)):
        for computed, truth, mark in zip(
            function(z), exact(z), marks[4 * k : 4 * k + 4], strict=True
        ):
            gap = np.spacing(np.float32(abs(float(truth))))
            off = abs(mpmath.mpf(float(computed)) - truth) / mpmath.mpf(float(gap))
            assert mark.x == pytest.approx(float(off), rel=1e-9, abs=1e-9)


def test_at_an_offset_of_ten_thousand_one_formula_loses_digits_and_the_other_holds():
    scene = side_by_side_scene([minus_lse, shifted], values(offset=1e4))
    assert "minus_lse is off by" in scene.finding
    assert "shifted stays within" in scene.finding


def test_float64_values_agree_with_scipy():
    scene = side_by_side_scene([scipy.special.log_softmax], values(dtype="float64"))
    expected = scipy.special.log_softmax([2.0, 1, 0, -1])
    assert [bar.value for bar in scene.panels[0].bar_list] == expected.tolist()
    assert scene.finding.startswith("log_softmax agrees with the exact value within")


@pytest.mark.parametrize(
    ("dtype", "offset"), [("float16", 11.5), ("float32", 89.0), ("float64", 710.0)]
)
def test_the_naive_formula_dies_just_past_the_overflow_limit_of_each_type(dtype, offset):
    scene = side_by_side_scene([naive], values((0.0, 0.0), offset=offset, dtype=dtype))
    assert statuses(scene.panels[0]) == [Status.NAN, Status.NAN]
    assert scene.finding == "naive gives NaN for every class"
    assert all(not np.isfinite(mark.x) for mark in scene.panels[1].marks)


def test_a_class_flushed_to_zero_is_told_from_a_true_infinity():
    scene = side_by_side_scene([naive], values((0.0, -120.0), dtype="float32"))
    assert statuses(scene.panels[0]) == [Status.ORDINARY, Status.UNDERFLOW]
    assert scene.panels[0].bar_list[1].words() == "−inf flushed"
    assert "−inf for 1 of 2 classes" in scene.finding


def test_a_log_probability_of_zero_that_should_be_tiny_is_flushed_too():
    scene = side_by_side_scene([shifted], values((0.0, -40.0), dtype="float64"))
    first = scene.panels[0].bar_list[0]
    assert first.value == 0.0
    assert first.status is Status.UNDERFLOW
    assert first.exact == pytest.approx(-4.248354255291589e-18, rel=1e-12)


def test_a_value_beyond_the_range_of_the_type_is_an_overflow():
    scene = side_by_side_scene(
        [shifted], values((20.0, -20.0), temperature=0.0005, dtype="float16")
    )
    assert statuses(scene.panels[0])[1] is Status.OVERFLOW


def test_plus_infinity_is_an_overflow():
    scene = side_by_side_scene([lambda z: np.full_like(z, np.inf)], values())
    assert set(statuses(scene.panels[0])) == {Status.OVERFLOW}
    assert "inf for every class" in scene.finding


def test_logits_beyond_the_type_are_named_as_the_cause():
    scene = side_by_side_scene([shifted], values(offset=1e5, dtype="float16"))
    assert scene.finding.startswith("The logits themselves are infinite in float16")
    assert "inf" in scene.readouts[0].text


def test_float16_shows_the_rounded_logits_that_the_functions_really_got():
    scene = side_by_side_scene([shifted], values(offset=1e4, dtype="float16"))
    held = (np.array([2.0, 1, 0, -1]) + 1e4).astype(np.float16)
    assert scene.readouts[0].text == ", ".join(f"{v:.6g}" for v in held.astype(float))
    assert len(set(scene.readouts[0].text.split(", "))) == 1


def test_functions_without_temperature_get_the_divided_logits():
    seen = []

    def spy(z):
        seen.append(z.copy())
        return shifted(z)

    side_by_side_scene([spy], values(temperature=4.0))
    np.testing.assert_array_equal(seen[0], np.array([2, 1, 0, -1], np.float32) / 4)
    assert seen[0].dtype == np.float32


def returns_none(z):
    pass


def returns_complex(z):
    return z + 1j


def returns_objects(z):
    return [object() for _ in z]


def returns_scalar(z):
    return float(z.sum())


def returns_text(z):
    return np.array(["a"] * len(z))


def returns_ragged(z):
    return [[1.0], [1.0, 2.0]]


def raises(z):
    raise IndexError("list index out of range")


def exits(z):
    raise SystemExit


class EqualToEverything:
    def __eq__(self, other):
        return True

    __hash__ = None


def returns_equal_to_everything(z):
    return EqualToEverything()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (returns_none, "returned None"),
        (returns_complex, "complex numbers"),
        (returns_objects, "object of type list"),
        (returns_scalar, "shape ()"),
        (returns_text, "array of <U1"),
        (returns_ragged, "returned what is no array"),
        (raises, "raised IndexError: list index out of range"),
        (exits, "raised SystemExit"),
        (returns_equal_to_everything, "object of type EqualToEverything"),
        (lambda z: z[:2], "shape (2,)"),
        (lambda a, b: a, "raised TypeError"),
    ],
)
def test_a_broken_function_shows_its_own_error_and_its_neighbour_goes_on(function, says):
    scene = side_by_side_scene([function, shifted], values())
    assert scene.panels[0].kind == "message"
    assert says in scene.panels[0].error
    assert [panel.kind for panel in scene.panels[1:]] == ["bars", "number line"]
    assert "gives no answer; shifted stays within" in scene.finding


def test_lists_and_integers_count_as_answers():
    scene = side_by_side_scene([lambda z: [-1, -1, -1, -1]], values())
    assert [bar.value for bar in scene.panels[0].bar_list] == [-1.0] * 4


def test_a_function_that_changes_its_argument_cannot_spoil_the_next_and_is_named():
    def greedy(z, temperature):
        z -= z.max()
        return z - np.log(np.exp(z).sum())

    alone = side_by_side_scene([shifted], values()).panels[0].bar_list
    scene = side_by_side_scene([greedy, shifted], values())
    assert scene.panels[1].bar_list == alone
    assert "changed its argument" in scene.panels[0].note


def test_an_answer_in_another_type_is_noted():
    scene = side_by_side_scene([lambda z: shifted(z.astype(np.float64))], values())
    assert scene.panels[0].note == "returned float64"


def test_functions_may_warn_without_a_sound(recwarn):
    side_by_side_scene([naive], values(offset=1000.0))
    assert len(recwarn) == 0


def test_functions_of_one_name_are_told_apart():
    scene = side_by_side_scene([lambda z: z, lambda z: z + 1], values())
    assert [panel.title for panel in scene.panels[:2]] == ["lambda", "lambda #2"]


def test_the_snippet_recreates_the_logits():
    scene = side_by_side_scene([shifted], values(offset=0.1))
    scope = {"np": np}
    exec(scene.snippet, scope)
    np.testing.assert_array_equal(scope["z"], (np.array([2.0, 1, 0, -1]) + 0.1).astype(np.float32))
    assert scope["temperature"] == 1.0


def shift_values(**others):
    return {**values(dtype="float64"), "c": 0.0, **others}


@pytest.mark.parametrize("c", [1.0, 100.0, -1e4, 1e9])
def test_a_shift_that_floats_can_hold_changes_not_a_single_bit(c):
    scene = shift_scene(shifted, shift_values(c=c))
    assert scene.finding.endswith("changes not a single bit")
    change, rounding = (row.text for row in scene.panels[1].rows[:2])
    assert (change, rounding) == ("0 ulp", "0 ulp")


def test_a_shift_that_floats_cannot_hold_is_blamed_on_the_rounding_of_the_sum():
    scene = shift_scene(shifted, shift_values(c=1e9, dtype="float32"))
    assert "rounds the logits themselves in float32" in scene.finding
    z = np.array([2, 1, 0, -1], np.float32)
    for k, (a, b) in enumerate(zip(exact(z + np.float32(1e9)), exact(z), strict=True)):
        gap = mpmath.mpf(float(np.spacing(np.float32(abs(float(b))))))
        assert scene.panels[1].marks[4 + k].x == pytest.approx(float(abs(a - b) / gap), rel=1e-6)


def test_a_shift_breaks_the_naive_formula():
    scene = shift_scene(naive, shift_values(c=1e3))
    assert scene.finding == "Adding 1000 breaks naive: NaN for every class"


def test_a_formula_that_loses_digits_under_a_shift_is_charged_with_them():
    scene = shift_scene(minus_lse, shift_values(c=1e9))
    assert scene.finding.startswith("Adding 1e9 costs minus_lse")


def test_a_broken_function_under_a_shift_is_a_message():
    scene = shift_scene(returns_none, shift_values())
    assert scene.panels[0].kind == "message"
    assert "returned None" in scene.panels[0].error
