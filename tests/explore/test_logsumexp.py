"""The scenes of notebook 03 against mpmath, SciPy and IEEE 754, without a browser."""

import itertools
from functools import partial

import mpmath
import numpy as np
import pytest
from scipy import special

from lnnn import explore
from lnnn.explore import figure
from lnnn.explore.logsumexp import (
    ORDERS,
    RISING,
    SHIFTS,
    choose_shift_scene,
    online_pass_scene,
    smooth_max_scene,
)
from lnnn.explore.scene import Status

START = (100.0, 97.5, 20.0)


def lse_with_shift(z, c):
    return c + np.log(np.exp(z - c).sum())


def naive(z):
    return np.log(np.exp(z).sum())


def update(state, chunk):
    m, s = state
    top = max(m, chunk.max(initial=-np.inf))
    if top == -np.inf:
        return state
    return top, s * np.exp(m - top) + np.exp(chunk - top).sum()


def forgetful(state, chunk):
    m, s = state
    top = max(m, chunk.max())
    return top, s + np.exp(chunk - top).sum()


def logits(*z, temperature=1.0, **more):
    return {
        **{f"logit_{k}": v for k, v in enumerate(z, start=1)},
        "temperature": temperature,
        **more,
    }


def shifted(c, *z, dtype="float32", temperature=1.0):
    return logits(*(z or START), c=c, dtype=dtype, temperature=temperature)


def smooth(*z, temperature=1.0, offset=0.0):
    return logits(*(z or (2.0, 1.0, 0.0)), temperature=temperature, offset=offset)


def reading(step=3, chunk=4, temperature=1.0, order="as given"):
    return {"step": step, "chunk": chunk, "temperature": temperature, "order": order}


def readout(scene, label):
    (found,) = [r for r in scene.readouts if r.label.startswith(label)]
    return found


def line(panel, name):
    (found,) = [curve for curve in panel.line_list if curve.name.startswith(name)]
    return np.array(found.x), np.array(found.y)


def exact_lse(z):
    with mpmath.workdps(40):
        return mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(v))) for v in z))


# One shift for all.


def test_without_a_shift_two_of_the_three_terms_overflow():
    scene = choose_shift_scene(lse_with_shift, shifted(0.0))
    assert scene.finding == (
        "With c = 0, 2 of 3 terms overflow: lse_with_shift is inf, and the exact value is 100.08"
    )
    terms = scene.panels[0]
    assert [row.text for row in terms.rows] == ["inf: overflow", "inf: overflow", "4.85e8"]
    assert [m.status for m in terms.marks] == [Status.OVERFLOW, Status.OVERFLOW, Status.ORDINARY]
    assert readout(scene, "lse_with_shift").status is Status.OVERFLOW


@pytest.mark.parametrize("c", [20.0, 60.0, 100.0, 150.0])
def test_a_shift_need_not_be_the_maximum(c):
    scene = choose_shift_scene(lse_with_shift, shifted(c))
    assert scene.finding.startswith(f"With c = {c:g}, lse_with_shift errs by 0.")
    assert readout(scene, "exact").text == f"{float(exact_lse(START)):.7g} nats"


def test_too_large_a_shift_leaves_no_term():
    scene = choose_shift_scene(lse_with_shift, shifted(250.0))
    assert "With c = 250, 3 of 3 terms are 0: lse_with_shift is −inf" in scene.finding
    assert readout(scene, "lse_with_shift").status is Status.UNDERFLOW
    (mark,) = scene.panels[1].marks
    assert (mark.label, mark.status) == ("−inf", Status.UNDERFLOW)


def test_among_subnormal_terms_digits_go_before_the_result_does():
    scene = choose_shift_scene(lse_with_shift, shifted(200.0))
    assert "is off by" in scene.finding
    assert scene.panels[0].rows[0].text.endswith("subnormal")


def test_a_sum_that_overflows_alone_is_said_to():
    scene = choose_shift_scene(lse_with_shift, shifted(0.0, 88.5, 88.5))
    assert "With c = 0, the sum of the terms overflows" in scene.finding


@pytest.mark.parametrize(("dtype", "low", "high"), [("float16", 90, 115), ("float32", 15, 190)])
def test_the_window_of_good_shifts_is_as_wide_as_the_range_of_the_exponent(dtype, low, high):
    scene = choose_shift_scene(lse_with_shift, shifted(100.0, dtype=dtype))
    assert readout(scene, "within 4 ulp").text == f"all shifts from {low} to {high}"


def test_the_bands_stand_where_ieee_754_puts_them():
    # ln of the largest number, of the smallest normal, of half the smallest subnormal.
    limits = {
        "float16": (np.log(65504), -14 * np.log(2), -25 * np.log(2)),
        "float32": (128 * np.log(2), -126 * np.log(2), -150 * np.log(2)),
        "float64": (1024 * np.log(2), -1022 * np.log(2), -1075 * np.log(2)),
    }
    for dtype, (overflow, subnormal, zero) in limits.items():
        vanish, few, over = (
            choose_shift_scene(lse_with_shift, shifted(0.0, dtype=dtype)).panels[0].bands
        )
        assert over.low == pytest.approx(overflow, rel=1e-6)
        assert (few.low, few.high) == pytest.approx((zero, subnormal), rel=1e-6)
        assert vanish.high == pytest.approx(zero, rel=1e-6)


def test_the_error_at_each_shift_is_measured_against_50_digits():
    z = np.array([3.0, 2.0, -1.0], np.float32)
    panel = choose_shift_scene(lse_with_shift, shifted(0.0, *z)).panels[1]
    x, errors = line(panel, "error")
    gap = 2.0 ** (1 - 23)  # the result, 3.33, lies between 2 and 4
    for c in (-50.0, 0.0, 40.0):
        value = float(lse_with_shift(z, np.float32(c)))
        assert errors[x == c] == pytest.approx(float(abs(value - exact_lse(z))) / gap, rel=1e-9)


def test_where_a_bound_is_drawn_it_holds():
    rng = np.random.default_rng(0)
    drawn = 0
    for dtype in ("float16", "float32", "float64"):
        for _ in range(15):
            z = rng.normal(0, 10 ** rng.uniform(-1, 1.3), 4) + rng.uniform(-40, 40)
            panel = choose_shift_scene(lse_with_shift, shifted(0.0, *z, dtype=dtype)).panels[1]
            at, bound = line(panel, "leading-order bound")
            x, errors = line(panel, "error")
            kept = np.isfinite(bound)
            assert (errors[np.isin(x, at)][kept] <= bound[kept]).all()
            drawn += kept.sum()
    assert drawn > 200


def test_no_bound_is_drawn_where_the_largest_term_over_or_underflows():
    panel = choose_shift_scene(lse_with_shift, shifted(0.0)).panels[1]
    at, bound = line(panel, "leading-order bound")
    kept = at[np.isfinite(bound)]
    assert kept.min() >= 100 - 88.72
    assert kept.max() <= 100 + 87.33


def test_a_shift_beside_the_grid_is_drawn_too():
    panel = choose_shift_scene(lse_with_shift, shifted(33.3)).panels[1]
    assert panel.marks[0].x == 33.3
    assert 33.3 in panel.line_list[0].x


def test_temperature_divides_before_the_shift():
    scene = choose_shift_scene(lse_with_shift, shifted(0.0, temperature=2.0))
    assert readout(scene, "exact").text == f"{float(exact_lse(np.array(START) / 2)):.7g} nats"
    assert "errs by" in scene.finding


def test_infinite_logits_give_a_scene_and_no_bound():
    scene = choose_shift_scene(lse_with_shift, shifted(0.0, 1e6, 0.0, dtype="float16"))
    _, bound = line(scene.panels[1], "leading-order bound")
    assert np.isnan(bound).all()


# The smooth maximum.


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("offset", [-10_000.0, 0.0, 10_000.0])
def test_the_smooth_maximum_lies_between_the_maximum_and_t_ln_n_above(temperature, offset):
    scene = smooth_max_scene(special.logsumexp, smooth(temperature=temperature, offset=offset))
    truth = temperature * exact_lse(np.array([2.0, 1.0, 0.0]) / temperature) - 2
    shown = float(readout(scene, "above m").text.replace("−", "-"))
    assert shown == pytest.approx(float(truth), rel=1e-3, abs=1e-8)
    assert -1e-8 <= shown <= temperature * np.log(3) * (1 + 1e-3)
    assert scene.finding.endswith("is the most it can")


def test_curves_follow_the_function_and_the_bound():
    moving, cooling = smooth_max_scene(special.logsumexp, smooth(temperature=0.5)).panels
    x, y = line(moving, "T·")
    assert y == pytest.approx(0.5 * np.logaddexp(2 * x, np.logaddexp(2.0, 0.0)), rel=1e-9)
    assert line(moving, "largest")[1] == pytest.approx(np.maximum(x, 1.0))
    T, gap = line(cooling, "T·")
    _, bound = line(cooling, "T ln 3")
    assert bound == pytest.approx(T * np.log(3))
    assert (gap[np.isfinite(gap)] <= bound[np.isfinite(gap)]).all()
    assert (np.diff(gap[np.isfinite(gap)]) >= 0).all()  # its slope in T is an entropy


def test_equal_logits_reach_the_bound():
    scene = smooth_max_scene(special.logsumexp, smooth(1.0, 1.0, 1.0, temperature=2.0))
    assert readout(scene, "above m").text == readout(scene, "at most").text == "2.197"


def test_a_low_temperature_overflows_the_plain_formula():
    scene = smooth_max_scene(naive, smooth(temperature=0.05, offset=40.0))
    assert scene.finding == "T·naive(z/T) comes out as inf and should be 42"
    assert readout(scene, "T·LSE").status is Status.OVERFLOW


def test_a_mean_in_place_of_a_sum_is_seen():
    scene = smooth_max_scene(lambda z: special.logsumexp(z) - np.log(len(z)), smooth())
    assert "T·lambda(z/T) comes out as 1.309 and should be 2.4076" in scene.finding


# One pass in chunks.


@pytest.mark.parametrize(
    ("step", "chunk", "order"), list(itertools.product([0, 1, 3, 24], [1, 4, 7, 24], ORDERS))
)
def test_the_guarded_update_is_right_at_every_step(step, chunk, order):
    scene = online_pass_scene([update], reading(step, chunk, order=order))
    z = np.array(RISING)
    if order == "largest first":
        z = np.sort(z)[::-1]
    elif order == "4 masked first":
        z[:4] = -np.inf
    truth = exact_lse(z[: step * chunk]) if step else mpmath.mpf("-inf")
    shown = readout(scene, "exact").text.removesuffix(" nats").replace("−", "-")
    assert float(shown) == pytest.approx(float(truth), rel=1e-4)
    assert "NaN" not in scene.in_words()
    if step:
        assert "update is right at" in scene.finding


def test_without_rescaling_the_sum_is_too_large():
    scene = online_pass_scene([update, forgetful], reading(6))
    assert scene.finding == (
        "After 6 of 6 chunks update is right at 12.46 nats; forgetful says 1.72 nats too much"
    )
    right, wrong = scene.panels[1].bar_list
    assert right.value == pytest.approx(right.exact)
    assert right.exact == wrong.exact < wrong.value


@pytest.mark.parametrize("values", [reading(1, 24), reading(6, order="largest first")])
def test_without_rescaling_one_chunk_or_the_largest_first_comes_out_right(values):
    scene = online_pass_scene([forgetful], values)
    assert "forgetful is right at 12.46 nats" in scene.finding


def test_a_masked_chunk_at_the_start_gives_the_unguarded_one_nan():
    scene = online_pass_scene([update, forgetful], reading(6, order="4 masked first"))
    assert scene.finding.endswith("forgetful gives NaN")
    assert readout(scene, "forgetful").status is Status.NAN
    (mark,) = [m for m in scene.panels[0].marks if m.status is Status.NAN]
    assert mark.label == "NaN"


def test_steps_beyond_the_last_chunk_stay_at_the_end():
    ends = [online_pass_scene([update], reading(step)).finding for step in (6, 24)]
    assert ends[0] == ends[1]


def test_another_choice_of_m_is_as_good():
    def from_zero(state, chunk):
        return 0.0, state[1] + np.exp(chunk).sum()

    scene = online_pass_scene([from_zero], reading(6))
    assert "from_zero is right at 12.46 nats" in scene.finding
    (bar,) = scene.panels[1].bar_list
    assert bar.value == pytest.approx(bar.exact)


# Functions that break, the sliders, the drawing.


BROKEN = [
    (lambda *args: None, "returned None"),
    (lambda *args: np.zeros(3), "shape (3,)"),
    (lambda *args: 1 / 0, "raised ZeroDivisionError"),
]


@pytest.mark.parametrize(("function", "says"), BROKEN)
def test_a_function_that_gives_no_number_shows_what_it_gave(function, says):
    for scene in (
        choose_shift_scene(function, shifted(0.0)),
        smooth_max_scene(function, smooth()),
    ):
        (panel,) = scene.panels
        assert panel.kind == "message"
        assert says in panel.error


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda state, chunk: None, "returned NoneType at chunk 1. Expected: a tuple (m, s)"),
        (lambda state, chunk: (1.0, 2.0, 3.0), "returned tuple at chunk 1"),
        (lambda state, chunk: 1 / 0, "raised ZeroDivisionError at chunk 1"),
    ],
)
def test_an_update_that_gives_no_state_shows_what_it_gave(function, says):
    scene = online_pass_scene([update, function], reading(), names=["update", "mine"])
    assert says in scene.panels[0].error


def test_snippets_recreate_the_values():
    for scene, expected in (
        (choose_shift_scene(lse_with_shift, shifted(5.0, 1.0, 0.1)), np.float32([1.0, 0.1])),
        (smooth_max_scene(naive, smooth(2.0, 0.5, offset=1.0)), np.array([3.0, 1.5])),
        (
            online_pass_scene([update], reading(order="4 masked first")),
            np.array([*[-np.inf] * 4, *RISING[4:]]),
        ),
    ):
        scope = {"np": np}
        exec(scene.snippet, scope)
        np.testing.assert_array_equal(scope["z"], expected)


def test_each_explorable_has_its_sliders():
    three = ["logit_1", "logit_2", "logit_3", "temperature"]
    for widget, names in (
        (explore.choose_shift(lse_with_shift), ["c", "dtype", *three]),
        (explore.smooth_max(naive), [*three, "offset"]),
        (explore.online_pass(update, forgetful), ["step", "chunk", "temperature", "order"]),
    ):
        assert list(widget.values) == names


def test_the_slider_for_c_stands_on_the_shifts_of_the_curve():
    (slider,) = [s for s in explore.choose_shift(lse_with_shift)._sliders if s.name == "c"]
    assert slider.grid() == tuple(SHIFTS)


@pytest.mark.parametrize(
    "make",
    [explore.choose_shift, explore.smooth_max, explore.online_pass],
    ids=lambda f: f.__name__,
)
def test_a_number_in_place_of_a_function_is_refused(make):
    with pytest.raises(TypeError, match="pass it without calling it"):
        make(0.5)


ENDS = [
    *(
        (partial(choose_shift_scene, lse_with_shift), shifted(c, *z, dtype=dtype, temperature=T))
        for c, z in ((-200.0, START), (300.0, (-100.0, -100.0)), (0.0, (0.0, -100.0)))
        for dtype, T in (("float16", 0.05), ("float64", 20.0))
    ),
    *(
        (partial(smooth_max_scene, f), smooth(20.0, -20.0, 20.0, temperature=T, offset=offset))
        for f in (naive, special.logsumexp)
        for T, offset in ((0.05, 10_000.0), (20.0, -10_000.0))
    ),
    *(
        (partial(online_pass_scene, [update, forgetful]), reading(step, chunk, T, order))
        for step, chunk, T in ((0, 1, 1.0), (24, 1, 0.05), (1, 24, 20.0))
        for order in ORDERS
    ),
]


@pytest.mark.parametrize(("scene_at", "values"), ENDS)
def test_every_scene_can_be_drawn_at_the_ends_of_the_sliders(scene_at, values):
    scene = scene_at(values)
    png, _ = figure.png(scene)
    assert len(png) > 1000
    assert scene.finding in scene.in_words()
