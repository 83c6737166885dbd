"""Error curves: against mpmath, for right, wrong and strange functions, and cheap."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from mpmath import mp, mpf, workdps

from lnnn import exact, labs
from lnnn.report import error_plot
from lnnn.report.error_curve import measure, number
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.sweep import Exact


def shifted(z, axis=-1):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def textbook(z, axis=-1):
    e = np.exp(z)
    return np.log(e / e.sum(axis=axis, keepdims=True))


def minus_lse(z, axis=-1):
    m = z.max(axis=axis, keepdims=True)
    return z - (m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True)))


def curve(function, name="log_softmax"):
    return measure(Lab(NamespaceCaller({name: function})), name)


def test_a_right_function_stays_within_the_contract_everywhere():
    for name, function in {
        "log_softmax": shifted,
        "softmax": lambda z: np.exp(shifted(z)),
        "masked_log_softmax": lambda z, mask: shifted(np.where(mask, z, -np.inf)),
    }.items():
        found = curve(function, name)
        assert found.within_contract, found.finding
        assert found.notes == ()
        assert "over the whole range." in found.finding


def test_the_textbook_formula_breaks_where_exp_overflows():
    found = curve(textbook)
    size, offset = found.panels
    assert found.finding.endswith("up to logits of 700, then NaN.")
    for panel, limits in ((size, (720, 90)), (offset, (1000, 100))):
        broken = [line.xs[line.breaks_at] for line in panel.lines]
        assert tuple(broken) == limits
        assert all(line.words[line.breaks_at] == "NaN" for line in panel.lines)
    assert [n.split(": NumPy")[0] for n in found.notes] == ["float64", "float32"]


def test_subtracting_log_sum_exp_loses_digits_with_the_offset():
    found = curve(minus_lse)
    assert "an offset of" in found.finding
    assert found.finding.endswith("then digits are lost.")
    size, offset = found.panels
    assert all(line.breaks_at is None for line in size.lines)
    double, single = offset.lines
    # One ulp of a number near 1e8 is 2^-26 in float64 and 8 in float32; the answers are near 1.
    assert 1e7 < double.worst < 1e9
    assert 1e6 < single.worst < 1e8


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_errors_in_ulp_agree_with_mpmath(dtype):
    z = np.array([[0.0, 1.0, 2.0], [1e4, 1e4 + 1, 1e4 + 2], [-300.0, 0.0, 88.0]], dtype)
    wanted = exact.log_softmax(z)
    got = minus_lse(z)
    mine = Exact.of(wanted, dtype).errors(got)
    reference = exact.ulp_error(got, wanted)
    floor = {np.float64: 0.01, np.float32: 0.1}[dtype]
    sized = np.abs(exact.to_float(wanted)) >= floor
    assert sized.sum() >= 7
    np.testing.assert_allclose(mine[sized], reference[sized], rtol=1e-6, atol=1e-9)


def test_next_to_zero_the_unit_is_that_of_the_contracts_absolute_error():
    with workdps(50):
        wanted = np.array([mpf("-1e-30"), mpf(0)], dtype=object)
    got = np.array([1e-14, -1e-14])
    found = Exact.of(wanted, np.float64)
    ulp = 2.0 ** (int(mp.floor(mp.log(mpf("0.01"), 2))) - 52)
    np.testing.assert_allclose(found.errors(got), 1e-14 / ulp, rtol=1e-12)
    assert np.all(found.errors(got) <= 1.3 * found.allowed)


def test_infinities_and_nan_count_as_right_only_where_they_are_right():
    with workdps(50):
        wanted = np.array([mpf("-inf"), mpf("-inf"), mpf("nan"), mpf(1), mpf(1)], dtype=object)
    found = Exact.of(wanted, np.float64)
    got = np.array([-np.inf, -800.0, np.nan, np.nan, np.inf])
    assert found.errors(got).tolist() == [0.0, np.inf, 0.0, np.inf, np.inf]


def test_at_most_two_calls_cross_the_wall():
    calls = []

    class Counting(NamespaceCaller):
        def call(self, name, args, kwargs):
            calls.append(args[0].shape)
            return super().call(name, args, kwargs)

    for name, function in (("log_softmax", shifted), ("softmax", shifted)):
        calls.clear()
        measure(Lab(Counting({name: function})), name)
        assert len(calls) <= 2


def test_a_function_that_changes_its_argument_spoils_no_later_measurement():
    def rude(z, axis=-1):
        z -= z.max(axis=axis, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))

    assert curve(rude) == curve(rude)
    assert curve(shifted).within_contract


def test_a_function_of_no_sweep_and_a_missing_one_have_no_curve():
    assert curve(shifted, "temperature_for_confidence") is None
    assert measure(Lab(NamespaceCaller({})), "log_softmax") is None

    def stub(z):
        raise NotImplementedError

    assert curve(stub) is None


@pytest.mark.parametrize(
    "strange",
    [
        lambda z: None,
        lambda z: z.tolist(),
        lambda z: z[:1],
        lambda z: z.astype(complex),
        lambda z: z.astype(str),
        lambda z: 1 / 0,
        lambda: 0,
    ],
)
def test_an_answer_that_cannot_be_read_gives_no_curve_and_no_crash(strange):
    assert curve(strange) is None


def test_what_fails_in_one_dtype_only_is_a_note_beside_the_other():
    def doubles_only(z):
        if z.dtype != np.float64:
            raise ValueError("float64 <only>")
        return shifted(z)

    found = curve(doubles_only)
    assert found.notes == ("float32: raised ValueError: float64 <only>",)
    assert [len(panel.lines) for panel in found.panels] == [1, 1]
    assert "&lt;only&gt;" in error_plot.figure(found)


def test_a_masked_place_that_is_not_minus_infinity_is_named():
    found = curve(lambda z, mask: shifted(np.where(mask, z, -1e9)), "masked_log_softmax")
    assert found.panels[0].lines[0].words[0] == "not −inf"
    assert "not −inf" in error_plot.figure(found)


@pytest.mark.parametrize("function", [shifted, textbook, minus_lse])
def test_the_drawing_is_well_formed_and_keeps_inside_its_frame(function):
    found = curve(function)
    figure = ElementTree.fromstring(error_plot.figure(found))
    pictures = figure.findall(".//{http://www.w3.org/2000/svg}svg[@role='img']")
    assert len(pictures) == 2
    for picture in pictures:
        assert picture[0].tag.endswith("title")
        assert picture[0].text
        assert picture[1].tag.endswith("desc")
        assert "float64" in picture[1].text
        for node in picture.iter():
            for pair in node.get("d", "").replace("h0", "").replace("L", "M").split("M")[1:]:
                if " " not in pair:
                    continue
                x, y = pair.split(" ")
                y = y.split("H")[0].split("v")[0]
                assert 0 <= float(x) <= error_plot.WIDTH
                assert 0 <= float(y) <= error_plot.HEIGHT


def test_points_that_are_not_finite_stand_in_a_band_with_a_word():
    html = error_plot.figure(curve(textbook))
    assert html.count('class="band"') == 2
    assert html.count(">NaN</text>") == 2
    assert 'class="band"' not in error_plot.figure(curve(shifted))


def test_the_same_function_gives_the_same_picture():
    assert error_plot.figure(curve(textbook)) == error_plot.figure(curve(textbook))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0, "0"), (0.001, "0.001"), (700, "700"), (1e4, "10⁴"), (1e300, "10³⁰⁰")],
        *[(1.78e5, "1.8·10⁵"), (9.96e5, "10⁶"), (5e-324, "4.9·10⁻³²⁴"), (-0.5, "−0.5")],
        (-1e-8, "−10⁻⁸"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize("name", sorted(labs.sweeps()))
def test_every_sweep_is_remembered_and_fits_its_axes(name):
    batches = labs.sweeps()[name]()
    assert labs.sweeps()[name]() is batches
    for batch in batches:
        assert batch.exact.high.shape == batch.exact.unit.shape == batch.exact.low.shape
        for leg in batch.legs:
            places = [leg.axis.place(x) for x in leg.xs]
            assert places == sorted(places)
            assert 0 <= places[0] <= places[-1] <= 1
        rows = [i for leg in batch.legs for i in range(leg.rows.start, leg.rows.stop)]
        assert rows == list(range(len(batch.args[0])))
