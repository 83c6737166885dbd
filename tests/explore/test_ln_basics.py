"""The scenes of notebook 01 against mpmath and IEEE 754, without a browser."""

import mpmath
import numpy as np
import pytest

from lnnn import explore
from lnnn.explore import figure
from lnnn.explore.ln_basics import product_and_sum_scene, surprisal_scene, tangent_scene
from lnnn.explore.scene import Status


def nll(p):
    with np.errstate(divide="ignore"):
        return -np.log(p)


def product(p):
    return p.prod()


def sum_of_logs(p):
    return np.log(p).sum()


def logits(*z, temperature=1.0):
    return {**{f"logit_{k}": v for k, v in enumerate(z, start=1)}, "temperature": temperature}


def sequence(tokens=2048, p=0.5, dtype="float64"):
    return {"tokens": tokens, "p": p, "dtype": dtype}


def readout(scene, label):
    (text,) = [r.text for r in scene.readouts if r.label.startswith(label)]
    return text


# The tangent.


@pytest.mark.parametrize("p", [1e-6, 0.0013, 0.1, 0.5, 0.99])
def test_the_tangent_touches_the_curve_and_has_slope_one_over_p(p):
    scene = tangent_scene(np.log, {"p": p})
    y = float(mpmath.log(p))
    for panel in scene.panels:
        line = panel.line_list[1]
        (x0, x1), (y0, y1) = line.x, line.y
        assert (y1 - y0) / (x1 - x0) == pytest.approx(1 / p, rel=1e-9)
        assert y0 + p / p == pytest.approx(y, rel=1e-9)
        assert panel.marks[0].y == pytest.approx(y, rel=1e-14)
        assert panel.x.low <= x0 < x1 <= panel.x.high * (1 + 1e-12)
        assert panel.y.low <= y0 < y1 <= panel.y.high + 1e-9


def test_one_percentage_point_at_one_percent_doubles_p_and_is_worth_ln_2():
    finding = tangent_scene(np.log, {"p": 0.01}).finding
    assert finding == (
        "At p = 0.01 one percentage point more is worth 0.693 nats; the tangent says 1"
    )


def test_close_up_the_curve_looks_the_same_at_every_p():
    def shape(p):
        panel = tangent_scene(np.log, {"p": p}).panels[1]
        line = panel.line_list[0]
        return [
            (panel.x.position(a), panel.y.position(b))
            for a, b in zip(line.x, line.y, strict=True)
            if np.isfinite(b)
        ]

    assert np.asarray(shape(0.2)) == pytest.approx(np.asarray(shape(1e-5)), abs=1e-9)


def test_an_epsilon_in_the_logarithm_is_seen_in_the_slope():
    scene = tangent_scene(lambda p: np.log(p + 1e-3), {"p": 1e-3}, names=["with epsilon"])
    assert "has the slope 500, and 1/p is 1e3: this is not the logarithm" in scene.finding


def test_a_logarithm_of_another_base_is_not_taken_for_ln():
    scene = tangent_scene(np.log2, {"p": 0.5})
    assert "log2 has the slope 2.89, and 1/p is 2" in scene.finding


def test_a_broken_logarithm_shows_its_error():
    scene = tangent_scene(lambda p: None, {"p": 0.5})
    assert scene.panels[0].kind == "message"
    assert "returned None" in scene.panels[0].error


# Surprisal.


@pytest.mark.parametrize("temperature", [0.5, 1.0, 20.0])
def test_bars_are_minus_ln_p_in_nats_and_minus_log2_p_in_bits(temperature):
    z = (2.0, 1.0, 0.0, -1.0)
    bars = surprisal_scene(nll, logits(*z, temperature=temperature)).panels[1].bar_list
    with mpmath.workdps(40):
        total = mpmath.fsum(mpmath.exp(mpmath.mpf(v) / temperature) for v in z)
        p = [mpmath.exp(mpmath.mpf(v) / temperature) / total for v in z]
        nats, bits = ([float(-mpmath.log(q, base)) for q in p] for base in (mpmath.e, 2))
    assert [b.value for b in bars if b.series == "nats"] == pytest.approx(nats, rel=1e-13)
    assert [b.value for b in bars if b.series == "bits"] == pytest.approx(bits, rel=1e-13)
    assert [b.exact for b in bars if b.series == "bits"] == pytest.approx(bits, rel=1e-13)


def test_four_equal_classes_cost_two_bits_each():
    scene = surprisal_scene(nll, logits(3, 3, 3, 3))
    assert scene.finding.endswith("each costs about 1.39 nats, that is 2 bits")
    assert readout(scene, "expected surprisal") == "1.386 nats = 2 bits"
    assert readout(scene, "perplexity") == "4 equal classes"


def test_a_difference_of_surprisals_is_the_logit_gap_over_the_temperature():
    findings = {surprisal_scene(nll, logits(5, z, -1, temperature=2)).finding for z in (0, 2, 4)}
    assert findings == {
        "Class 3 costs 3 nats more than class 1: their logit gap 6 divided by T = 2"
    }


def test_a_probability_flushed_to_zero_is_told_by_word_and_status():
    scene = surprisal_scene(nll, logits(20, 0, -20, temperature=0.05))
    last = scene.panels[1].bar_list[-1]
    assert (last.status, last.words()) == (Status.UNDERFLOW, "inf flushed")
    assert last.exact == pytest.approx(800 / np.log(2), rel=1e-12)
    assert scene.panels[0].bar_list[-1].words() == "0 flushed"
    assert "flushed to 0" in scene.finding


def test_a_wrong_unit_is_named_in_the_finding():
    scene = surprisal_scene(lambda p: -np.log2(p), logits(2, 0), names=["in bits"])
    assert "in bits makes class 2 2.885 nats dearer" in scene.finding


def test_a_broken_surprisal_shows_its_error():
    scene = surprisal_scene(lambda p: p.sum(), logits(2, 0))
    assert "shape ()" in scene.panels[0].error


def to_bits(nats):
    return nats / np.log(2)


def upside_down(nats):
    return nats * np.log(2)


def converted(nats_to_bits, *z, temperature=1.0, nll=nll):
    values = logits(*(z or (2, 1, -1)), temperature=temperature)
    return surprisal_scene(nll, values, nats_to_bits=nats_to_bits)


@pytest.mark.parametrize("z", [(2, 1, -1), (0, 0, 0), (20, 0, -20)])
@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_a_right_conversion_shows_what_is_shown_without_one(z, temperature):
    plain = surprisal_scene(nll, logits(*z, temperature=temperature))
    assert converted(to_bits, *z, temperature=temperature).to_dict() == plain.to_dict()


def test_a_factor_upside_down_is_named_and_its_bars_are_its_own():
    scene = converted(upside_down)
    with mpmath.workdps(30):
        total = mpmath.exp(2) + mpmath.exp(1) + mpmath.exp(-1)
        nats = mpmath.log(total) + 1
        wrong, right = float(nats * mpmath.log(2)), float(nats / mpmath.log(2))
    assert scene.finding == (
        f"upside_down turns {float(nats):.4g} nats into {wrong:.4g} bits, and it should be "
        f"{right:.4g}: its factor is upside down"
    )
    bar = scene.panels[1].bar_list[-1]
    assert (bar.row, bar.series) == ("class 3", "bits")
    assert bar.value == pytest.approx(wrong, rel=1e-13)
    assert bar.exact == pytest.approx(right, rel=1e-13)


@pytest.mark.parametrize("factor", [1.0, -1.4427, 1.44, 0.0, np.nan, np.inf])
def test_another_wrong_factor_is_wrong_and_not_upside_down(factor):
    finding = converted(lambda nats: factor * nats).finding
    assert finding.startswith("lambda turns 3.349 nats into ")
    assert finding.endswith("bits, and it should be 4.832")


def test_a_wrong_surprisal_is_told_before_wrong_bits():
    assert converted(upside_down, nll=lambda p: -np.log2(p)).finding.startswith("lambda makes")


def test_bits_of_a_flushed_probability():
    flushed = {"z": (20, 0, -20), "temperature": 0.05}
    right = converted(to_bits, *flushed["z"], temperature=0.05)
    assert right.panels[1].bar_list[-1].words() == "inf flushed"
    assert "flushed to 0" in right.finding
    wrong = converted(upside_down, *flushed["z"], temperature=0.05)
    assert wrong.finding == (
        "upside_down turns 400 nats into 277.3 bits, and it should be 577.1: "
        "its factor is upside down"
    )
    capped = converted(
        lambda nats: np.minimum(nats / np.log(2), 1000), *flushed["z"], temperature=0.05
    )
    assert capped.panels[1].bar_list[-1].words() == "1000"
    assert capped.finding == "lambda turns inf nats into 1000 bits, and it should be inf"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda nats: None, "returned None"),
        (lambda nats: nats.sum(), "shape ()"),
        (lambda nats: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_broken_conversion_shows_its_error(broken, says):
    scene = converted(broken)
    assert scene.finding == "lambda gives no bits"
    assert scene.panels[0].kind == "message"
    assert says in scene.panels[0].error


def test_an_unwritten_conversion_shows_what_is_to_be_written():
    def nats_to_bits(nats):
        raise NotImplementedError("write nats_to_bits")

    (panel,) = explore.surprisal(nll, nats_to_bits, logits=(2, 1, -1)).scene.panels
    assert panel.error == "nats_to_bits raised NotImplementedError: write nats_to_bits"


# Product against sum.


@pytest.mark.parametrize(("dtype", "first"), [("float16", 25), ("float32", 150), ("float64", 1075)])
def test_a_product_of_halves_is_zero_one_token_after_the_smallest_subnormal(dtype, first):
    # The smallest subnormals are 2^-24, 2^-149 and 2^-1074 (IEEE 754).
    scene = product_and_sum_scene(product, sum_of_logs, sequence(dtype=dtype))
    assert f"product is 0 in {dtype} from token {first} on" in scene.finding
    (end,) = [m for m in scene.panels[0].marks if m.status is Status.UNDERFLOW]
    assert end.x == first - 1
    assert end.y == pytest.approx(-(first - 1) * np.log(2), rel=1e-12)


def test_2048_halves_have_a_sum_of_logs_of_minus_1419_6_nats():
    scene = product_and_sum_scene(product, sum_of_logs, sequence())
    assert scene.finding.endswith("sum_of_logs is −1419.6 nats")
    assert readout(scene, "product") == "0"
    assert readout(scene, "exact").startswith("−1419.565 nats")
    assert readout(scene, "geometric mean") == "0.5"


def test_both_are_right_while_the_product_is_a_float():
    scene = product_and_sum_scene(product, sum_of_logs, sequence(1000))
    assert "product is 9.33e−302, sum_of_logs is −693.15 nats" in scene.finding
    assert not scene.panels[0].bands
    assert all(mark.status in (None, Status.ORDINARY) for mark in scene.panels[0].marks)


def test_a_product_that_stands_still_above_zero_is_called_wrong():
    scene = product_and_sum_scene(product, sum_of_logs, sequence(10_000, 0.9))
    assert "and should be e^−1054" in scene.finding
    assert scene.panels[0].marks[-1].label.startswith("stuck at")
    assert scene.panels[0].marks[-1].status is Status.UNDERFLOW


def test_in_float16_even_the_sum_can_overflow():
    scene = product_and_sum_scene(product, sum_of_logs, sequence(100_000, dtype="float16"))
    assert scene.finding.endswith("and even sum_of_logs is −inf nats in float16")
    (total,) = [r for r in scene.readouts if r.label == "sum_of_logs"]
    assert total.status is Status.OVERFLOW
    (end,) = [m for m in scene.panels[0].marks if m.status is Status.OVERFLOW]
    assert end.label == "−inf from here on"
    assert -65504 <= end.y < -60000  # the largest float16 is 65504


def test_a_mark_at_the_top_left_keeps_clear_of_the_label_of_the_axis():
    long = product_and_sum_scene(product, sum_of_logs, sequence(100_000)).panels[0].marks[-1]
    short = product_and_sum_scene(product, sum_of_logs, sequence()).panels[0].marks[-1]
    assert (long.x, long.label) == (1074, "")
    assert (short.x, short.label) == (1074, "0 from 1075 on")


def test_the_exact_value_starts_from_the_probability_that_the_type_holds():
    scene = product_and_sum_scene(product, sum_of_logs, sequence(100, 0.9, "float16"))
    truth = 100 * mpmath.log(mpmath.mpf(float(np.float16(0.9))))
    assert readout(scene, "exact") == f"−{float(-truth):.7g} nats, p held as 0.899902"


def test_a_certain_sequence_costs_nothing():
    scene = product_and_sum_scene(product, sum_of_logs, sequence(1, 1.0))
    assert scene.finding == "1 token of probability 1: product is 1, sum_of_logs is 0 nats"


def test_a_sum_in_the_wrong_unit_is_corrected():
    scene = product_and_sum_scene(product, lambda p: np.log2(p).sum(), sequence(100))
    assert "is −100 nats and should be −69.31 nats" in scene.finding


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda p: None, "returned None"),
        (lambda p: p, "an array of float64, shape (2048,)"),
        (lambda p: "much", "type str"),
        (lambda p: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_function_that_gives_no_number_shows_what_it_gave(function, says):
    for pair in ((function, sum_of_logs), (product, function)):
        scene = product_and_sum_scene(*pair, sequence(), names=["product", "sum"])
        assert says in scene.panels[0].error


def test_snippets_recreate_the_values():
    scope = {"np": np}
    scene = product_and_sum_scene(product, sum_of_logs, sequence(3, 0.9, "float32"))
    exec(scene.snippet, scope)
    np.testing.assert_array_equal(scope["p"], np.full(3, 0.9, np.float32))
    exec(surprisal_scene(nll, logits(2, 0.5, temperature=3)).snippet, scope)
    assert (scope["z"].tolist(), scope["temperature"]) == ([2, 0.5], 3)


# The explorables.


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: explore.tangent(), ["p"]),
        (
            lambda: explore.surprisal(nll),
            ["logit_1", "logit_2", "logit_3", "logit_4", "temperature"],
        ),
        (
            lambda: explore.surprisal(nll, to_bits, logits=(2, 1, -1)),
            ["logit_1", "logit_2", "logit_3", "temperature"],
        ),
        (lambda: explore.product_and_sum(product, sum_of_logs), ["tokens", "p", "dtype"]),
    ],
    ids=["tangent", "surprisal", "surprisal in bits", "product_and_sum"],
)
def test_each_explorable_has_its_sliders(make, names):
    widget = make()
    assert all(hasattr(widget, name) for name in names)


@pytest.mark.parametrize("make", [explore.tangent, explore.surprisal])
def test_a_number_in_place_of_a_function_is_refused(make):
    with pytest.raises(TypeError, match="pass it without calling it"):
        make(0.5)


def test_bits_in_place_of_a_conversion_are_refused():
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.surprisal(nll, 1.44)


@pytest.mark.parametrize("pair", [(1.0, sum_of_logs), (product, -3.0)])
def test_both_functions_of_a_sequence_must_be_functions(pair):
    with pytest.raises(TypeError, match="pass it without calling it"):
        explore.product_and_sum(*pair)


def test_every_scene_can_be_drawn_without_a_browser():
    for scene in (
        tangent_scene(np.log, {"p": 1e-6}),
        surprisal_scene(nll, logits(20, 0, -20, temperature=0.05)),
        converted(upside_down),
        product_and_sum_scene(product, sum_of_logs, sequence(100_000, 0.5, "float16")),
    ):
        png, _ = figure.png(scene)
        assert len(png) > 1000
        assert scene.finding in scene.in_words()
