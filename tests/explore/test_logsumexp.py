"""The scenes of notebook 03 against mpmath, SciPy and IEEE 754, without a browser."""

import itertools
from functools import partial

import examples as ex
import numpy as np
import pytest
from examples import made, shown
from reading import findings, line, mark, matches, number, readout, text
from scipy import special
from truth import logsumexp

from lnnn.explore.logsumexp import ORDERS, RISING, SHIFTS
from lnnn.explore.sliders import DTYPES
from lnnn.explore.status import Status

START = (100.0, 97.5, 20.0)
choose = partial(shown, "choose_shift")
smooth = partial(shown, "smooth_max")


def read(step, chunk, *updates, order="as given"):
    return shown("online_pass", *updates, step=step, chunk=chunk, order=order)


# One shift for all.


def test_without_a_shift_two_of_the_three_terms_overflow():
    scene = choose()
    assert scene.finding == (
        "With c = 0, 2 of 3 terms overflow: lse_with_shift is inf, and the exact value is 100.08"
    )
    terms = scene.panels[0]
    assert [row.text for row in terms.rows] == ["inf: overflow", "inf: overflow", "4.85e8"]
    assert [m.status for m in terms.marks] == [Status.OVERFLOW, Status.OVERFLOW, Status.ORDINARY]
    assert readout(scene, "lse_with_shift").status is Status.OVERFLOW


@pytest.mark.parametrize("c", [20.0, 60.0, 100.0, 150.0])
def test_a_shift_need_not_be_the_maximum(c):
    scene = choose(c=c)
    assert scene.finding.startswith(f"With c = {c:g}, lse_with_shift errs by 0.")
    assert text(scene, "exact") == f"{float(logsumexp(START)):.7g} nats"


def test_too_large_a_shift_leaves_no_term():
    scene = choose(c=250.0)
    assert "With c = 250, 3 of 3 terms are 0: lse_with_shift is −inf" in scene.finding
    assert readout(scene, "lse_with_shift").status is Status.UNDERFLOW
    (at,) = scene.panels[1].marks
    assert (at.label, at.status) == ("−inf", Status.UNDERFLOW)


def test_among_subnormal_terms_digits_go_before_the_result_does():
    scene = choose(c=200.0)
    assert "is off by" in scene.finding
    assert scene.panels[0].rows[0].text.endswith("subnormal")


@pytest.mark.parametrize(("dtype", "low", "high"), [("float16", 90, 115), ("float32", 15, 190)])
def test_the_window_of_good_shifts_is_as_wide_as_the_range_of_the_exponent(dtype, low, high):
    told = text(choose(c=100.0, dtype=dtype), "within 4 ulp")
    assert told == f"all shifts from {low} to {high}"


def test_the_bands_stand_where_ieee_754_puts_them():
    for dtype in DTYPES:
        ends = (
            np.finfo(dtype).max,
            np.finfo(dtype).smallest_normal,
            np.finfo(dtype).smallest_subnormal,
        )
        overflow, subnormal, least = np.log(np.float64(ends))
        zero = least - np.log(2)
        vanish, few, over = choose(dtype=dtype).panels[0].bands
        assert over.low == pytest.approx(overflow, rel=1e-6)
        assert (few.low, few.high) == pytest.approx((zero, subnormal), rel=1e-6)
        assert vanish.high == pytest.approx(zero, rel=1e-6)


def test_the_error_at_each_shift_is_measured_against_50_digits():
    z = np.array([3.0, 2.0, -1.0], np.float32)
    x, errors = line(choose(logits=z).panels[1], "error")
    gap = 2.0 ** (1 - 23)  # the result, 3.33, lies between 2 and 4
    for c in (-50.0, 0.0, 40.0):
        value = float(ex.lse_with_shift(z, np.float32(c)))
        assert errors[x == c] == pytest.approx(float(abs(value - logsumexp(z))) / gap, rel=1e-9)


def test_where_a_bound_is_drawn_it_holds():
    rng = np.random.default_rng(0)
    drawn = 0
    for dtype, _ in itertools.product(DTYPES, range(15)):
        z = rng.normal(0, 10 ** rng.uniform(-1, 1.3), 4) + rng.uniform(-40, 40)
        panel = choose(logits=z, dtype=dtype).panels[1]
        at, bound = line(panel, "leading-order bound")
        x, errors = line(panel, "error")
        kept = np.isfinite(bound)
        assert (errors[np.isin(x, at)][kept] <= bound[kept]).all()
        drawn += kept.sum()
    assert drawn > 200


def test_no_bound_is_drawn_where_the_largest_term_over_or_underflows():
    at, bound = line(choose().panels[1], "leading-order bound")
    kept = at[np.isfinite(bound)]
    assert kept.min() >= 100 - 88.72
    assert kept.max() <= 100 + 87.33


def test_a_shift_beside_the_grid_is_drawn_too():
    panel = choose(c=33.3).panels[1]
    assert panel.marks[0].x == 33.3
    assert 33.3 in panel.line_list[0].x


def test_temperature_divides_before_the_shift():
    scene = choose(temperature=2.0)
    assert text(scene, "exact") == f"{float(logsumexp(START, temperature=2)):.7g} nats"
    assert "errs by" in scene.finding


def test_infinite_logits_give_a_scene_and_no_bound():
    scene = choose(logits=(1e6, 0.0), dtype="float16")
    assert np.isnan(line(scene.panels[1], "leading-order bound")[1]).all()


def test_the_slider_for_c_stands_on_the_shifts_of_the_curve():
    assert made("choose_shift")._sliders[0].grid() == tuple(SHIFTS)


# The smooth maximum.


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("offset", [-10_000.0, 0.0, 10_000.0])
def test_the_smooth_maximum_lies_between_the_maximum_and_t_ln_n_above(temperature, offset):
    scene = smooth(temperature=temperature, offset=offset)
    told, truth = number(scene, "above m"), temperature * logsumexp((2, 1, 0), temperature) - 2
    assert told == pytest.approx(float(truth), rel=1e-3, abs=1e-8)
    assert -1e-8 <= told <= temperature * np.log(3) * (1 + 1e-3)
    assert scene.finding.endswith("is the most it can")


def test_curves_follow_the_function_and_the_bound():
    moving, cooling = smooth(temperature=0.5).panels
    x, y = line(moving, "T·")
    assert y == pytest.approx(0.5 * np.logaddexp(2 * x, np.logaddexp(2.0, 0.0)), rel=1e-9)
    assert line(moving, "largest")[1] == pytest.approx(np.maximum(x, 1.0))
    T, gap = line(cooling, "T·")
    _, bound = line(cooling, "T ln 3")
    assert bound == pytest.approx(T * np.log(3))
    assert (gap[np.isfinite(gap)] <= bound[np.isfinite(gap)]).all()
    assert (np.diff(gap[np.isfinite(gap)]) >= 0).all()  # its slope in T is an entropy


def test_equal_logits_reach_the_bound():
    scene = smooth(logits=(1, 1, 1), temperature=2.0)
    assert text(scene, "above m") == text(scene, "at most") == "2.197"


def test_a_low_temperature_overflows_the_plain_formula():
    scene = smooth(ex.naive_lse, temperature=0.05, offset=40.0)
    assert scene.finding == "T·naive_lse(z/T) comes out as inf and should be 42"
    assert readout(scene, "T·LSE").status is Status.OVERFLOW


# One pass in chunks.


@pytest.mark.parametrize(
    ("step", "chunk", "order"), list(itertools.product([0, 1, 3, 24], [1, 4, 7, 24], ORDERS))
)
def test_the_guarded_update_is_right_at_every_step(step, chunk, order):
    scene = read(step, chunk, order=order)
    z = np.array(RISING)
    if order == "largest first":
        z = np.sort(z)[::-1]
    elif order == "4 masked first":
        z[:4] = -np.inf
    truth = float(logsumexp(z[: step * chunk]))
    assert number(scene, "exact") == pytest.approx(truth, rel=1e-4)
    assert "NaN" not in scene.in_words()
    assert ("update is right at" in scene.finding) == bool(step)


def test_without_rescaling_the_sum_is_too_large():
    scene = read(6, 4, ex.lab.online_update, ex.forgetful)
    assert scene.finding == (
        "After 6 of 6 chunks online_update is right at 12.46 nats; "
        "forgetful says 1.72 nats too much"
    )
    right, wrong = scene.panels[1].bar_list
    assert right.value == pytest.approx(right.exact)
    assert right.exact == wrong.exact < wrong.value


def test_a_masked_chunk_at_the_start_gives_the_unguarded_one_nan():
    scene = read(6, 4, ex.lab.online_update, ex.forgetful, order="4 masked first")
    assert scene.finding.endswith("forgetful gives NaN")
    assert readout(scene, "forgetful").status is Status.NAN
    assert mark(scene.panels[0], status=Status.NAN).label == "NaN"
    assert "[-np.inf, -np.inf, -np.inf, -np.inf, -3.0, " in scene.snippet


def test_steps_beyond_the_last_chunk_stay_at_the_end():
    assert read(6, 4).finding == read(24, 4).finding


def test_another_choice_of_m_is_as_good():
    def from_zero(state, chunk):
        return 0.0, state[1] + np.exp(chunk).sum()

    scene = read(6, 4, from_zero)
    assert "from_zero is right at 12.46 nats" in scene.finding
    (bar,) = scene.panels[1].bar_list
    assert bar.value == pytest.approx(bar.exact)


@findings(
    (
        lambda: choose(logits=(88.5, 88.5)),
        "With c = 0, the sum of the terms overflows…",
    ),
    (
        lambda: smooth(lambda z: special.logsumexp(z) - np.log(len(z))),
        "T·lambda(z/T) comes out as 1.309 and should be 2.4076",
    ),
    # Without rescaling one chunk comes out right, and so does a row with the largest first.
    (lambda: read(1, 24, ex.forgetful), "…forgetful is right at 12.46 nats"),
    (
        lambda: read(6, 4, ex.forgetful, order=ORDERS[1]),
        "…6 chunks forgetful is right at 12.46 nats",
    ),
)
def test_what_is_found(scene, finding):
    assert matches(scene().finding, finding)
