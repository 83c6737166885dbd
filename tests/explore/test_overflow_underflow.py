"""The scenes of notebook 02 against mpmath and IEEE 754, without a browser."""

import math

import numpy as np
import pytest
import truth
from examples import fate, limits, made, shown, softmax, textbook
from reading import bars, exacts, findings, matches, statuses, values

from lnnn.explore.float_types import TYPES
from lnnn.explore.overflow_underflow import FOUR_TYPES, WORDS
from lnnn.explore.sliders import DTYPES
from lnnn.explore.status import Status


def line(*z, dtype="float16", classify=fate, thresholds=limits, verdict=None, temperature=1.0):
    functions = [f for f in (classify, thresholds, verdict) if f is not None]
    return shown("exp_number_line", *functions, logits=z, dtype=dtype, temperature=temperature)


def zero_below_88(x, dtype):
    return np.where(x < -88, "zero", "normal")


def four(function, *z, temperature=1.0):
    return shown("four_dtypes", function, logits=z, temperature=temperature)


# Where e^(z/T) falls.


def test_float16_shows_one_class_of_each_kind():
    scene = line(12, 0, -12, -40)
    assert scene.finding == (
        "e^(z/T) in float16: class 1 overflows, class 3 is subnormal, class 4 is 0"
    )
    fates = [Status.OVERFLOW, Status.ORDINARY, Status.ORDINARY, Status.UNDERFLOW]
    assert [m.status for m in scene.panels[0].marks] == statuses(scene.panels[1]) == fates
    # e^-12 = 6.14e-6 is 103 steps of 2^-24, and 103 has 7 bits.
    assert values(scene.panels[1]) == [0, 11, 7, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("x", [-300, -104.5, -103, -100, -88, -17, -12, -5, 0, 10, 12, 80, 89])
def test_the_bars_show_what_numpy_holds(dtype, x):
    (bar, _) = line(x, 0, dtype=dtype).panels[1].bar_list
    with np.errstate(over="ignore"):
        held = np.dtype(dtype).type(math.exp(x))
    if held == 0 or np.isinf(held):
        assert bar.value == 0
    else:
        # A float is a whole number of spacings; the bits of that number are the significant ones.
        assert bar.value == int(float(held) / float(np.spacing(held))).bit_length()


def test_significant_bits_go_one_by_one_below_the_smallest_normal_number():
    steps = [-(126 + k) * math.log(2) + 1e-9 for k in range(25)]
    bits = [values(line(x, 0, dtype="float32").panels[1])[0] for x in steps]
    assert bits == [*range(24, 0, -1), 1]  # the last is rounded up, from half the smallest float


def test_temperature_moves_the_class_along_the_line():
    scene = line(12, 0, -12, -40, dtype="float32", temperature=0.4)
    assert [m.x for m in scene.panels[0].marks] == pytest.approx([30, 0, -30, -100])
    assert scene.finding == "e^(z/T) in float32: class 4 is subnormal"


def test_bands_and_read_outs_are_the_limits_that_the_function_gave():
    scene = line(0, 1)
    zero, subnormal, overflow = scene.panels[0].bands
    assert (zero.high, subnormal.low) == (pytest.approx(-25 * math.log(2)),) * 2
    assert subnormal.high == pytest.approx(-14 * math.log(2))
    assert overflow.low == pytest.approx(math.log(65504))
    told = [r.text for r in scene.readouts]
    assert told == ["11.08987 nats", "−9.704061 nats", "−17.32868 nats"]


def test_several_classes_are_told_in_one_clause():
    scene = shown("exp_number_line", logits=(30, 0, -30, -100), dtype="E4M3")
    assert scene.finding.startswith(
        "e^(z/T) in E4M3: class 1 overflows, classes 3 and 4 are 0; the textbook softmax: overflow"
    )
    assert scene.panels[1].bar_list[0].text == "too large for 1.07e13"  # E4M3 has no inf


def test_values_beyond_float64_are_told_to_three_digits():
    texts = [b.text for b in line(40, -40, dtype="float64", temperature=0.05).panels[1].bar_list]
    assert texts == ["inf for 2.73e347", "0 for 3.67e−348"]


@findings(
    (
        lambda: line(12, 0, -12, -40, dtype="float32"),
        "e^(z/T) in float32: all 4 classes have their 24 bits",
    ),
    (
        lambda: line(12, -12, classify=lambda x, dtype: ["overflow", "normal"]),
        "…says normal for class 2, and in float16 e^(−12) is subnormal",
    ),
    (
        lambda: line(0, -92, dtype="float32", classify=zero_below_88),
        "zero_below_88 says zero for class 2, and in float32 e^(−92) is subnormal",
    ),
    (
        lambda: line(-17, 0, classify=lambda x, dtype: ["zero", "normal"]),
        "…says zero for class 1, and in float16 e^(−17) is subnormal",
    ),
    # e^11.09 lies above 65504, by less than half a step, and is rounded down: both words are right.
    (lambda: line(11.09, 0, classify=lambda x, d: ["normal"] * 2), "e^(z/T) in float16: all…"),
    (
        lambda: line(11.09, 0, classify=lambda x, d: ["overflow", "normal"]),
        "e^(z/T) in float16: class 1 overflows",
    ),
    (
        lambda: line(12, 0, verdict=lambda x, dtype: "overflow"),
        "…class 1 overflows; the textbook softmax: overflow",
    ),
)
def test_what_becomes_of_each_class_is_told(scene, finding):
    assert matches(scene().finding, finding)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("temperature", [0.05, 0.5, 1, 20])
def test_ticks_keep_clear_of_each_other(dtype, temperature):
    axis = shown("exp_number_line", dtype=dtype, temperature=temperature).panels[0].x
    places = [axis.position(v) for v, _ in axis.shown_ticks()]
    assert min(np.diff(places)) > 1 / 12


# One softmax in four types.


def test_the_textbook_softmax_overflows_in_float16_alone():
    scene = four(textbook, 12, 11, 0)
    assert scene.finding == (
        "textbook gives NaN for class 1, 0 for classes 2 and 3 in float16; "
        "right digits: 2 in bfloat16, 7 in float32, 15 in float64"
    )
    fates = [Status.NAN, Status.OVERFLOW, Status.OVERFLOW]
    assert statuses(scene.panels[0], "float16") == fates
    cold = four(textbook, 12, 11, 0, temperature=0.1).finding
    assert "in float16, bfloat16 and float32; right digits: 14 in float64" in cold


def test_range_beats_precision_for_small_exponentials():
    panel = four(textbook, -16, -17).panels[0]
    assert values(panel, "float16") == pytest.approx([2 / 3, 1 / 3], abs=5e-4)
    assert values(panel, "bfloat16") == pytest.approx([0.7311, 0.2689], abs=2**-8)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_the_shifted_softmax_holds_in_all_four(temperature):
    scene = four(softmax, 20, 19.5, -20, temperature=temperature)
    p = truth.softmax((20, 19.5, -20), temperature)
    for dtype in FOUR_TYPES:
        assert exacts(scene.panels[0], dtype) == pytest.approx(p, rel=1e-13)
        # Exponents up to 30 carry an error of 30 u; then exp, sum and quotient.
        u = 2.0 ** -TYPES[dtype].precision
        assert values(scene.panels[0], dtype)[:2] == pytest.approx(p[:2], rel=40 * u)


def test_a_class_flushed_to_zero_is_told_by_word_and_status():
    scene = four(softmax, 0, -18)
    lost = bars(scene.panels[0], "float16")[1]
    assert (lost.status, lost.text) == (Status.UNDERFLOW, "0 flushed")
    assert scene.panels[1].rows[0].text == "0 for class 2"


def test_zeros_under_an_infinite_sum_are_an_overflow():
    scene = four(textbook, 88.5, 88.5)
    for bar in bars(scene.panels[0], "float32"):
        assert (bar.status, bar.text) == (Status.OVERFLOW, "0 (sum is inf)")
    assert "0 for every class in" in scene.finding


def test_errors_are_drawn_on_one_scale_for_all_types():
    panel = four(softmax, 2, 1, 0).panels[1]
    worst = {d: max(m.x for m in panel.marks if m.row == d) for d in FOUR_TYPES}
    assert worst["bfloat16"] > worst["float16"] > worst["float32"] > worst["float64"]


def test_what_a_function_does_besides_is_noted():
    def note(function):
        return four(function, 1, 0).panels[0].note

    assert note(softmax) == ""
    left = note(lambda z: softmax(np.asarray(z)))
    assert left == "bfloat16: left the emulation, only the result was rounded"
    other = note(lambda z: softmax(z.astype(np.float64)))
    assert "float16: returned float64; bfloat16: returned float64, left the emulation" in other


# The explorables.


def test_all_types_can_be_offered():
    widget = made("exp_number_line")
    for dtype in TYPES:
        widget.dtype = dtype
        assert dtype in widget.scene.finding


def test_the_words_are_those_of_the_lab():
    assert WORDS == ("overflow", "normal", "subnormal", "zero")
