"""The scenes of notebook 01 against mpmath and IEEE 754, without a browser."""

from functools import partial

import mpmath
import numpy as np
import pytest
import truth
from examples import lab, shown, upside_down
from reading import exacts, findings, mark, matches, readout, text, values

from lnnn import explore
from lnnn.explore.status import Status

tangent = partial(shown, "tangent")
surprisal = partial(shown, "surprisal", lab.nll)
sequence = partial(shown, "product_and_sum")
FLUSHED = {"logits": (20, 0, -20), "temperature": 0.05}


# The tangent.


@pytest.mark.parametrize("p", [1e-6, 0.0013, 0.1, 0.5, 0.99])
def test_the_tangent_touches_the_curve_and_has_slope_one_over_p(p):
    y = float(mpmath.log(p))
    for panel in tangent(p=p).panels:
        line = panel.line_list[1]
        (x0, x1), (y0, y1) = line.x, line.y
        assert (y1 - y0) / (x1 - x0) == pytest.approx(1 / p, rel=1e-9)
        assert y0 + p / p == pytest.approx(y, rel=1e-9)
        assert panel.marks[0].y == pytest.approx(y, rel=1e-14)
        assert panel.x.low <= x0 < x1 <= panel.x.high * (1 + 1e-12)
        assert panel.y.low <= y0 < y1 <= panel.y.high + 1e-9


def test_close_up_the_curve_looks_the_same_at_every_p():
    def shape(p):
        panel = tangent(p=p).panels[1]
        points = zip(panel.line_list[0].x, panel.line_list[0].y, strict=True)
        return [(panel.x.position(a), panel.y.position(b)) for a, b in points if np.isfinite(b)]

    assert np.asarray(shape(0.2)) == pytest.approx(np.asarray(shape(1e-5)), abs=1e-9)


@findings(
    (
        lambda: tangent(p=0.01),  # twice as much: worth ln 2
        "At p = 0.01 one percentage point more is worth 0.693 nats; the tangent says 1",
    ),
    (
        lambda: tangent(lambda p: np.log(p + 1e-3), p=1e-3, name="with epsilon"),
        "…with epsilon has the slope 500, and 1/p is 1e3: this is not the logarithm",
    ),
    (lambda: tangent(np.log2, p=0.5), "…log2 has the slope 2.89, and 1/p is 2…"),
)
def test_a_logarithm_is_told_by_its_slope(scene, finding):
    assert matches(scene().finding, finding)


# Surprisal.


@pytest.mark.parametrize("temperature", [0.5, 1.0, 20.0])
def test_bars_are_minus_ln_p_in_nats_and_minus_log2_p_in_bits(temperature):
    panel = surprisal(temperature=temperature).panels[1]
    nats = -np.array(truth.log_softmax((2, 1, 0, -1), temperature), float)
    assert values(panel, "nats") == pytest.approx(nats, rel=1e-13)
    for told in (values, exacts):
        assert told(panel, "bits") == pytest.approx(nats / np.log(2), rel=1e-13)


def test_four_equal_classes_cost_two_bits_each():
    scene = surprisal(logits=(3, 3, 3, 3))
    assert scene.finding.endswith("each costs about 1.39 nats, that is 2 bits")
    assert text(scene, "expected surprisal") == "1.386 nats = 2 bits"
    assert text(scene, "perplexity") == "4 equal classes"


def test_a_probability_flushed_to_zero_is_told_by_word_and_status():
    scene = surprisal(**FLUSHED)
    last = scene.panels[1].bar_list[-1]
    assert (last.status, last.words()) == (Status.UNDERFLOW, "inf flushed")
    assert last.exact == pytest.approx(800 / np.log(2), rel=1e-12)
    assert scene.panels[0].bar_list[-1].words() == "0 flushed"
    assert "flushed to 0" in scene.finding


@pytest.mark.parametrize("z", [(2, 1, -1), (0, 0, 0), (20, 0, -20)])
@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_a_right_conversion_shows_what_is_shown_without_one(z, temperature):
    at = {"logits": z, "temperature": temperature}
    assert shown("surprisal", **at).to_dict() == surprisal(**at).to_dict()


def test_a_factor_upside_down_is_named_and_its_bars_are_its_own():
    scene = surprisal(upside_down, logits=(2, 1, -1))
    nats = float(truth.logsumexp((2, 1, -1))) + 1
    wrong, right = nats * np.log(2), nats / np.log(2)
    assert scene.finding == (
        f"upside_down turns {nats:.4g} nats into {wrong:.4g} bits, and it should be "
        f"{right:.4g}: its factor is upside down"
    )
    bar = scene.panels[1].bar_list[-1]
    assert (bar.row, bar.series) == ("class 3", "bits")
    assert (bar.value, bar.exact) == pytest.approx((wrong, right), rel=1e-13)


@findings(
    *(
        (
            lambda z=z: surprisal(logits=(5, z, -1), temperature=2),
            "Class 3 costs 3 nats more than class 1: their logit gap 6 divided by T = 2",
        )
        for z in (0, 2, 4)
    ),
    (
        lambda: shown("surprisal", lambda p: -np.log2(p), logits=(2, 0), name="in bits"),
        "in bits makes class 2 2.885 nats dearer…",
    ),
    *(
        (
            lambda factor=factor: surprisal(lambda nats: factor * nats, logits=(2, 1, -1)),
            "lambda turns 3.349 nats into …bits, and it should be 4.832",
        )
        for factor in (1.0, -1.4427, 1.44, 0.0, np.nan, np.inf)
    ),
    # A wrong surprisal is told before wrong bits.
    (lambda: shown("surprisal", lambda p: -np.log2(p), upside_down), "lambda makes…"),
    (
        lambda: surprisal(upside_down, **FLUSHED),
        "upside_down turns 400 nats into 277.3 bits, and it should be 577.1: its factor is upside "
        "down",
    ),
)
def test_what_is_wrong_with_a_surprisal_or_its_bits_is_told(scene, finding):
    assert matches(scene().finding, finding)


def test_bits_of_a_flushed_probability():
    right = shown("surprisal", **FLUSHED)
    assert right.panels[1].bar_list[-1].words() == "inf flushed"
    assert "flushed to 0" in right.finding
    capped = surprisal(lambda nats: np.minimum(lab.nats_to_bits(nats), 1000), **FLUSHED)
    assert capped.panels[1].bar_list[-1].words() == "1000"
    assert capped.finding == "lambda turns inf nats into 1000 bits, and it should be inf"


# Product against sum.


@pytest.mark.parametrize(("dtype", "first"), [("float16", 25), ("float32", 150), ("float64", 1075)])
def test_a_product_of_halves_is_zero_one_token_after_the_smallest_subnormal(dtype, first):
    # The smallest subnormals are 2^-24, 2^-149 and 2^-1074 (IEEE 754).
    scene = sequence(dtype=dtype)
    assert f"product is 0 in {dtype} from token {first} on" in scene.finding
    end = mark(scene.panels[0], status=Status.UNDERFLOW)
    assert end.x == first - 1
    assert scene.panels[0].bands[0].low == pytest.approx(first)
    assert end.y == pytest.approx(-(first - 1) * np.log(2), rel=1e-12)


def test_2048_halves_have_a_sum_of_logs_of_minus_1419_6_nats():
    scene = sequence()
    assert scene.finding.endswith("sum_of_logs is −1419.6 nats")
    assert text(scene, "product") == "0"
    assert text(scene, "exact").startswith("−1419.565 nats")
    assert text(scene, "geometric mean") == "0.5"


def test_both_are_right_while_the_product_is_a_float():
    scene = sequence(tokens=1000)
    assert "product is 9.33e−302, sum_of_logs is −693.15 nats" in scene.finding
    assert not scene.panels[0].bands
    assert all(mark.status in (None, Status.ORDINARY) for mark in scene.panels[0].marks)


def test_a_product_that_stands_still_above_zero_is_called_wrong():
    scene = sequence(tokens=10_000, p=0.9)
    assert "and should be e^−1054" in scene.finding
    last = scene.panels[0].marks[-1]
    assert last.label.startswith("stuck at")
    assert last.status is Status.UNDERFLOW


def test_in_float16_even_the_sum_can_overflow():
    scene = sequence(tokens=100_000, dtype="float16")
    assert scene.finding.endswith("and even sum_of_logs is −inf nats in float16")
    assert readout(scene, "sum_of_logs").status is Status.OVERFLOW
    end = mark(scene.panels[0], status=Status.OVERFLOW)
    assert end.label == "−inf from here on"
    assert -65504 <= end.y < -60000  # the largest float16 is 65504


def test_a_mark_at_the_top_left_keeps_clear_of_the_label_of_the_axis():
    long, short = (sequence(tokens=n).panels[0].marks[-1] for n in (100_000, 2048))
    assert (long.x, long.label) == (1074, "")
    assert (short.x, short.label) == (1074, "0 from 1075 on")


@findings(
    (
        lambda: sequence(tokens=1, p=1.0),
        "1 token of probability 1: product is 1, sum_of_logs is 0 nats",
    ),
    (
        lambda: sequence(np.prod, lambda p: np.log2(p).sum(), tokens=100),
        "…is −100 nats and should be −69.31 nats",
    ),
)
def test_a_sum_is_told_and_corrected(scene, finding):
    assert matches(scene().finding, finding)


def test_the_exact_value_starts_from_the_probability_that_the_type_holds():
    exact = 100 * mpmath.log(mpmath.mpf(float(np.float16(0.9))))
    told = text(sequence(tokens=100, p=0.9, dtype="float16"), "exact")
    assert told == f"−{float(-exact):.7g} nats, p held as 0.899902"


def test_the_tangent_is_that_of_numpys_logarithm_unless_another_is_given():
    assert explore.tangent().scene.to_dict() == tangent(np.log).to_dict()
