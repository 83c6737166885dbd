"""Scenes, numbers and sliders as data."""

import json
import math

import numpy as np
import pytest

from lnnn.explore import (
    Axis,
    Band,
    Bar,
    Choice,
    Line,
    Mark,
    Panel,
    Readout,
    Row,
    Scene,
    Slider,
    numbers,
)

NATS = Axis("value (nats)", -4, 0)


def example_scene():
    return Scene(
        "A finding",
        [
            Panel.bars(
                "Bars", NATS, [Bar("a", -1.23456789), Bar("b", math.nan), Bar("c", math.inf)]
            ),
            Panel.lines(
                "Lines",
                Axis("x", 0, 1),
                NATS,
                [Line("curve", [0.0, 0.5, 1.0], [-1.0, math.nan, 0.0])],
                marks=[Mark(0.5, "here", y=-2)],
                bands=[Band(0, 0.1, "low")],
            ),
            Panel.number_line(
                "Marks", Axis("x", 0, 1), [Row("r", "one")], [Mark(math.inf, row="r")]
            ),
            Panel.message("Broken", "it raised"),
        ],
        [Readout("label", "text")],
    )


def test_a_scene_is_json_without_nan_or_infinity():
    text = json.dumps(example_scene().to_dict(), allow_nan=False)
    bars = json.loads(text)["panels"][0]["bars"]
    assert [bar["value"] for bar in bars] == [-1.23457, None, None]
    assert [bar["status"] for bar in bars] == ["ordinary", "NaN", "overflow"]
    assert [bar["text"] for bar in bars] == ["", "NaN", "inf"]


def test_numpy_numbers_are_as_good_as_pythons():
    scene = Scene(
        "f", [Panel.bars("t", NATS, [Bar("a", np.float32(-0.5), exact=np.float64(-0.5))])]
    )
    assert json.loads(json.dumps(scene.to_dict()))["panels"][0]["bars"][0]["value"] == -0.5


def test_a_scene_in_words_says_finding_readouts_and_every_value():
    words = example_scene().in_words()
    for part in (
        "A finding",
        "label: text",
        "a: −1.23457",
        "b: NaN",
        "c: inf (overflow)",
        "r: one",
    ):
        assert part in words


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (0.0, 6, "0"),
        (-0.0, 6, "0"),
        (-0.4401896985611953, 6, "−0.44019"),
        (1e9, 5, "1e9"),
        (-4.248354e-18, 4, "−4.248e−18"),
        (123456.7, 6, "123457"),
        (-math.inf, 6, "−inf"),
        (math.nan, 6, "NaN"),
    ],
)
def test_numbers_read_well(x, digits, text):
    assert numbers.text(x, digits) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0, "0 ulp"),
        (0.003, "< 0.01 ulp"),
        (0.612, "0.61 ulp"),
        (117.4, "117 ulp"),
        (9999.6, "1.0 × 10⁴ ulp"),
        (3.24e7, "3.2 × 10⁷ ulp"),
        (math.inf, "no digit right"),
    ],
)
def test_errors_read_well(error, text):
    assert numbers.ulp_text(error) == text


def test_ticks_are_round_few_and_within_the_axis():
    for low, high in [(-4, 0), (-0.004, 0), (0, 1), (-800, 0), (3, 17), (-1e-12, 2e-12)]:
        ticks = Axis("a", low, high).shown_ticks()
        assert 2 <= len(ticks) <= 5, (low, high)
        assert all(low - 1e-9 * (high - low) <= v <= high + 1e-9 * (high - low) for v, _ in ticks)


def test_positions_on_an_axis():
    assert Axis("a", 1, 100, "log").position(10) == pytest.approx(0.5)
    assert Axis("a", -100, 100, "symlog").position(0) == pytest.approx(0.5)
    assert Axis("a", -4, 0).position(-1) == pytest.approx(0.75)
    assert Axis("a", -4, 0).position(-1e300) == 0


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Axis("x", 1, 1), "low < high"),
        (lambda: Axis("x", 0, 1, "log"), "low > 0"),
        (lambda: Axis("x", 0, 1, "cubic"), "'cubic'"),
        (lambda: Axis("x", 0, math.nan), "finite"),
        (lambda: Line("l", [1, 2], [1]), "have one length"),
        (lambda: Panel.number_line("p", NATS, [Row("a")], [Mark(1, row="b")]), "'b'"),
        (lambda: Slider("two words", 0, 0, 1), "Python name"),
        (lambda: Slider("lambda", 0, 0, 1), "Python name"),
        (lambda: Slider("x", 2, 0, 1), "low ≤ start ≤ high"),
        (lambda: Slider("x", 1, 0, 1, scale="log"), "low > 0"),
        (lambda: Slider("x", 1, 0, 1, step=0), "step"),
        (lambda: Slider("x", 1, 0, 1, step=1e-6), "too many"),
        (lambda: Slider("x", math.nan, 0, 1), "finite"),
        (lambda: Choice("x", ("a",)), "two or more"),
        (lambda: Choice("x", ("a", "b"), start="c"), "'c'"),
    ],
)
def test_bad_input_is_named_with_its_rule(build, says):
    with pytest.raises(ValueError, match=r".") as caught:
        build()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "slider",
    [
        Slider("a", 0.25, -1, 1, step=0.5),
        Slider("a", 1, 0.05, 20, scale="log"),
        Slider("a", 0, -1e4, 1e4, scale="symlog"),
        Slider("a", 12.5, 10, 1e3, scale="symlog", smallest=10),
        Slider("a", 2048, 1, 100_000, scale="log", integer=True),
        Choice("a", ("x", "y", "z"), start="y"),
    ],
)
def test_a_grid_ascends_and_holds_start_and_ends_and_so_does_its_recorded_part(slider):
    grid, positions = slider.grid(), slider.recorded()
    start = slider.first if isinstance(slider, Choice) else slider.start
    assert list(grid) == sorted(set(grid))
    assert start in grid
    assert positions == sorted(set(positions))
    assert len(positions) <= 17
    assert {0, len(grid) - 1, grid.index(start)} <= set(positions)


def test_a_log_slider_has_even_steps_of_two_digits():
    grid = Slider("a", 1, 0.05, 20, scale="log").grid()
    ratios = np.array(grid[1:]) / np.array(grid[:-1])
    assert ratios.max() < 1.2
    assert all(float(f"{v:.2g}") == v for v in grid)
