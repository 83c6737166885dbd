"""Explorables of notebook 01: the tangent of ln p, surprisal in nats and bits, product and sum."""

import math

import mpmath
import numpy as np

from lnnn import exact as oracle
from lnnn.messages import _, ngettext

from . import axes, numbers, study
from .bars import probability_bar, told_bar
from .curves import within
from .float_types import TYPES
from .scene import Axis, Band, Line, Mark, Panel, Readout, Scene
from .sliders import Slider, dtype_choice, logits_of, softmax_sliders
from .snippet import assignments
from .status import Status
from .widget import Explorable
from .words import class_name, clauses, page_word

LOGITS = (2.0, 1.0, 0.0, -1.0)
LN2 = math.log(2)

_STEP = 0.01  # one percentage point of probability
_PREFIXES = 41  # points on the curves of product_and_sum
_WITH_LABELS = 1.2  # room for the words at the end of the curves
_TOLERANCE = 0.01  # a relative error that a reader can see


def tangent(log=np.log, *, name=None, p=0.1) -> Explorable:
    """ln p with its tangent of slope 1/p, over the whole range and close up.

    log: called as ``log(p)`` with a 1-D float64 array; returns an array of its shape, in nats.
    name: its title; its own name unless given. p: where the slider starts.
    """
    slider = Slider("p", p, 1e-6, 0.99, scale="log", per_decade=10, label=_("probability p"))
    return study.explorable(tangent_scene, [log], [slider], names=name and [name])


def surprisal(nll, nats_to_bits=None, *, name=None, logits=LOGITS, temperature=1.0) -> Explorable:
    """What each class would cost if it were the right one, in nats and in bits.

    nll: called as ``nll(p)`` with the float64 probabilities of the classes; returns −ln p, in nats.
    nats_to_bits: called with what ``nll`` returned; returns the same in bits. A division by ln 2
    unless given. name: title of ``nll``; its own name unless given.
    logits, temperature: where the sliders start.
    """
    functions = [nll, nats_to_bits]
    names = name and [name, *study.names_of(f for f in functions if f is not None)[1:]]
    controls = softmax_sliders(logits, temperature)
    return study.explorable(surprisal_scene, functions, controls, names=names)


def product_and_sum(
    product, log_sum, *, names=None, tokens=2048, p=0.5, dtype="float64"
) -> Explorable:
    """The probability of a sequence as a product, and its logarithm as a sum, token by token.

    product, log_sum: called with a 1-D array of token probabilities of the chosen dtype; they
    return one number: the product, and the sum of ln p in nats. names: their titles, in order.
    tokens, p, dtype: where the sliders start.
    """
    controls = [
        Slider(
            "tokens",
            tokens,
            1,
            100_000,
            label=_("tokens"),
            scale="log",
            per_decade=10,
            integer=True,
        ),
        Slider("p", p, 0.01, 1.0, step=0.01, label=_("probability of each token")),
        dtype_choice(dtype),
    ]
    functions = (product, log_sum)
    return study.explorable(product_and_sum_scene, functions, controls, names=names)


@study.shows_problems
def tangent_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``tangent`` at ``values``: p."""
    p = float(values["p"])
    (log,) = study.studied(functions, names)
    h = 1e-4 * p
    window = min(2 * p, 1.0)
    whole = np.geomspace(1e-6, 1, 150)
    near = np.linspace(window / 200, window, 120)
    points = np.concatenate([[p, p + _STEP, p - h, p + h], whole, near])
    with mpmath.workdps(30):
        truth = [mpmath.log(mpmath.mpf(float(v))) for v in points]
    said = log.answer(points, 1.0, truth, otherwise=_("{function} gives no logarithm")).values
    at_p, stepped, below, above = (float(v) for v in said[:4])
    curve, close = np.split(said[4:], [len(whole)])
    slope = (above - below) / (2 * h)
    y = float(mpmath.log(mpmath.mpf(p)))
    marks = [Mark(p, y=at_p)]
    # Three nats down and one up, whatever y is, so that only the numbers change with p.
    high = min(y + 1, 0.0)
    ticks = numbers.ticks_at((y + k for k in (-3, -2, -1, 0, 1) if y + k <= high), 4)
    meets = p * (1 - y)  # there the tangent has the height ln p = 0
    lines = [Line(log.name, whole, curve), _tangent_line(p, y, min(1.0, meets))]
    zoomed = [
        Line(log.name, near, np.where(close > y - 3, close, np.nan)),
        _tangent_line(p, y, min(window, meets)),
    ]
    all_p, all_ln_p = Axis(_("probability p"), 0, 1), Axis(_("ln p (nats)"), -15, 0)
    some_p = Axis(_("probability p"), 0, window, most=4)
    some_ln_p = Axis(_("ln p (nats)"), y - 3, high, ticks=ticks)
    title = _("Close up: p from 0 to {end}").format(end=numbers.text(window, 3))
    return Scene(
        finding=_tangent_finding(log.name, p, slope, stepped - at_p),
        panels=[
            Panel.lines(_("All probabilities"), all_p, all_ln_p, lines, marks=marks),
            Panel.lines(title, some_p, some_ln_p, zoomed, marks=marks),
        ],
        readouts=[
            Readout(_("ln p"), numbers.nats(at_p, 5)),
            Readout(_("surprisal"), _bits(-at_p, 5)),
            Readout(_("slope 1/p"), numbers.text(1 / p, 4)),
            Readout(
                _("slope of {function}, measured").format(function=log.name), numbers.text(slope, 4)
            ),
        ],
        snippet=assignments(p=p),
    )


@study.shows_problems
def surprisal_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``surprisal`` at ``values``: logit_1 …, temperature."""
    temperature = float(values["temperature"])
    nll, *converters = study.studied(functions, names)
    z = logits_of(values)
    log_p = oracle.log_softmax(z, temperature=temperature)
    p = oracle.to_float(oracle.exp(log_p))
    truth = -log_p
    answer = nll.answer(p, 1.0, truth, otherwise=_("{function} gives no surprisal"))
    nats = answer.values
    statuses = [
        Status.UNDERFLOW if p_k == 0 and np.isinf(v) else status
        for v, p_k, status in zip(nats, p, answer.statuses, strict=True)
    ]
    bits, bits_fault, note = nats / LN2, "", answer.note
    for converter in converters:
        converted = converter.answer(nats, otherwise=_("{function} gives no bits"))
        bits, bits_fault = converted.values, _bits_fault(converter.name, nats, converted.values)
        note = clauses(
            page_word("named", name=a.name, value=a.note) for a in (answer, converted) if a.note
        )
    exact = oracle.to_float(truth)
    bars = []
    for k, status in enumerate(statuses):
        for unit, shown, size in ((_("nats"), nats, 1.0), (_("bits"), bits, LN2)):
            value = float(shown[k])
            same = math.isfinite(value) == math.isfinite(nats[k])
            more = {"series": unit, "exact": exact[k] / size}
            bar = told_bar(class_name(k + 1), value, status if same else None, digits=4, **more)
            bars.append(bar)
    probabilities = [probability_bar(class_name(k), v, digits=3) for k, v in enumerate(p, start=1)]
    axis = axes.from_zero(_("surprisal (nats, bits)"), exact / LN2)
    entropy = float(sum(a * b for a, b in zip(oracle.exp(log_p), truth, strict=True)))
    return Scene(
        finding=_surprisal_finding(nll.name, nats, p, z, temperature, bits_fault),
        panels=[
            Panel.bars(_("Probability"), Axis(_("probability"), 0, 1), probabilities),
            Panel.bars(_("Surprisal, if this class is right"), axis, bars, note=note),
        ],
        readouts=[
            Readout(
                _("expected surprisal (entropy)"),
                _("{nats} = {bits}").format(nats=numbers.nats(entropy), bits=_bits(entropy)),
            ),
            Readout(
                _("perplexity e^entropy"),
                _("{n} equal classes").format(n=numbers.text(np.exp(entropy), 4)),
            ),
        ],
        snippet=assignments(z=z, temperature=temperature),
    )


@study.shows_problems
def product_and_sum_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``product_and_sum`` at ``values``: tokens, p, dtype."""
    n, dtype = int(values["tokens"]), np.dtype(values["dtype"])
    p = np.full(n, values["p"], dtype=dtype)
    product, log_sum = study.studied(functions, names)
    log_p = mpmath.log(mpmath.mpf(float(p[0])))
    truth = float(n * log_p)
    last, total = (
        f.number(p, otherwise=_("{function} gives no answer")) for f in (product, log_sum)
    )
    first_zero = _first_zero(product, p) if last == 0 else None
    counts = np.unique(np.linspace(1, n, _PREFIXES).round().astype(int))
    if first_zero is not None and first_zero > 1:
        counts = np.union1d(counts, [first_zero - 1])
    products = np.array([product.number_or_nan(p[:k]) for k in counts])
    sums = np.array([log_sum.number_or_nan(p[:k]) for k in counts])
    with np.errstate(all="ignore"):
        logs = np.log(products)
        mean = np.exp(np.float64(total) / n)
    low = -numbers.nice_ceiling(-truth) if truth < 0 else -1.0
    product_said, fault = _product_clause(product.name, last, truth, first_zero, dtype)
    sum_said, sum_fault = _sum_clause(log_sum.name, total, truth, dtype)
    lines = [
        Line(log_sum.name, counts, within(sums, low)),
        Line(_("ln of {function}").format(function=product.name), counts, within(logs, low)),
    ]
    about = {
        "marks": [
            *_sum_mark(counts, sums, total, sum_fault),
            *_product_mark(counts, logs, low, last, first_zero, fault),
        ],
        "bands": _too_small(n, float(log_p), dtype),
    }
    x = Axis(_("tokens so far"), 0, _WITH_LABELS * n, ticks=numbers.linear_ticks(0, n))
    y = Axis(_("log-probability (nats)"), low, 0.0)
    title = _("Log-probability of the sequence so far")
    finding = ngettext(
        "{n} token of probability {p:g}: {product}, {sum}",
        "{n} tokens of probability {p:g}: {product}, {sum}",
        n,
    )
    exact = _("{nats}, p held as {p}")
    return Scene(
        finding=finding.format(n=n, p=values["p"], product=product_said, sum=sum_said),
        panels=[Panel.lines(title, x, y, lines, wide=True, **about)],
        readouts=[
            Readout(product.name, numbers.text(last, 4), fault),
            Readout(log_sum.name, numbers.nats(total, 7), sum_fault),
            Readout(_("exact"), exact.format(nats=numbers.nats(truth, 7), p=numbers.text(p[0]))),
            Readout(_("geometric mean exp(sum / tokens)"), numbers.text(mean, 4)),
        ],
        snippet=f"p = np.full({n}, {values['p']!r}, dtype=np.{dtype})",
    )


def _bits(nats, digits=4):
    return _("{n} bits").format(n=numbers.text(nats / LN2, digits))


def _tangent_line(p, y, end):
    """Through (p, y) with slope 1/p, from p = 0 to ``end``."""
    return Line(_("slope 1/p"), [0.0, end], [y - 1, y + (end - p) / p])


def _tangent_finding(name, p, slope, gain):
    at = numbers.text(p, 3)
    if not abs(slope * p - 1) <= _TOLERANCE:
        text = _(
            "At p = {p} {function} has the slope {slope}, and 1/p is {exact}: "
            "this is not the logarithm"
        )
        slope, exact = numbers.text(slope, 3), numbers.text(1 / p, 3)
        return text.format(p=at, function=name, slope=slope, exact=exact)
    return _(
        "At p = {p} one percentage point more is worth {gain}; the tangent says {tangent}"
    ).format(p=at, gain=numbers.nats(gain, 3), tangent=numbers.text(_STEP / p, 3))


def _bits_fault(name, nats, bits):
    """What is wrong with a conversion, told by the dearest class that it gets wrong; or ""."""
    right = nats / LN2
    with np.errstate(invalid="ignore"):
        close = np.abs(bits - right) <= 1e-6 * np.maximum(1.0, np.abs(right))
    same = (bits == right) | (np.isnan(bits) & np.isnan(right))
    wrong = np.flatnonzero(~(same | (close & np.isfinite(right))))
    if not wrong.size:
        return ""
    known = wrong[np.isfinite(nats[wrong])]
    k = known[np.argmax(nats[known])] if known.size else wrong[0]
    text = _("{function} turns {nats} into {bits}, and it should be {exact}")
    if np.isfinite(nats[k]) and abs(bits[k] - nats[k] * LN2) <= _TOLERANCE * abs(nats[k] * LN2):
        text = _(
            "{function} turns {nats} into {bits}, and it should be {exact}: "
            "its factor is upside down"
        )
    said = {"nats": numbers.nats(nats[k]), "bits": _bits(bits[k] * LN2)}
    return text.format(function=name, exact=numbers.text(right[k], 4), **said)


def _surprisal_finding(name, nats, p, z, temperature, bits_fault):
    best, worst = int(np.argmax(z)), int(np.argmin(z))
    if p[worst] == 0:
        return bits_fault or _(
            "Class {k} costs {nats}: its probability was flushed to 0 before the logarithm was "
            "taken"
        ).format(k=worst + 1, nats=numbers.nats(nats[worst]))
    gap = float(z[best] - z[worst])
    difference = float(nats[worst] - nats[best])
    expected = gap / temperature
    if not numbers.agree(difference, expected, 1e-6):
        return _(
            "{function} makes class {worst} {nats} dearer than class {best}; "
            "their logit gap divided by T is {exact}"
        ).format(
            function=name,
            worst=worst + 1,
            nats=numbers.nats(difference),
            best=best + 1,
            exact=numbers.text(expected, 4),
        )
    if bits_fault:
        return bits_fault
    if expected < 0.05:
        text = _("{n} classes with hardly a difference: each costs about {nats}, that is {bits}")
        cost = {"nats": numbers.nats(nats[best], 3), "bits": _bits(float(nats[best]), 3)}
        return text.format(n=len(z), **cost)
    return _(
        "Class {worst} costs {nats} more than class {best}: "
        "their logit gap {gap} divided by T = {temperature}"
    ).format(
        worst=worst + 1,
        nats=numbers.nats(difference),
        best=best + 1,
        gap=numbers.text(gap, 4),
        temperature=numbers.text(temperature, 3),
    )


def _first_zero(product, p):
    """The number of tokens from which on the product is 0, by bisection."""
    some, zero = 0, len(p)
    while zero - some > 1:
        middle = (some + zero) // 2
        if product.number_or_nan(p[:middle]) == 0:
            zero = middle
        else:
            some = middle
    return zero


def _product_clause(name, last, truth, first_zero, dtype):
    """What became of the product, in words, and its status."""
    if last == 0 and np.isfinite(truth):
        text = _("{function} is 0 in {dtype} from token {k} on")
        return text.format(function=name, dtype=dtype, k=first_zero), Status.UNDERFLOW
    said = {"function": name, "value": numbers.text(last, 3)}
    right = last > 0 and math.isfinite(last) and abs(math.log(last) - truth) <= _TOLERANCE
    if right or math.isnan(last):
        told = _("{function} is {value}").format(**said)
        return told, Status.ORDINARY if right else Status.NAN
    small = truth < math.log(float(np.finfo(dtype).smallest_normal))
    text = _("{function} is {value} in {dtype} and should be e^{exact}")
    told = text.format(dtype=dtype, exact=numbers.text(truth, 4), **said)
    return told, Status.UNDERFLOW if small else Status.OVERFLOW


def _sum_clause(name, total, truth, dtype):
    is_value = _("{function} is {value}")
    if math.isnan(total):
        return is_value.format(function=name, value=numbers.text(total)), Status.NAN
    if math.isinf(total):
        text = _("and even {function} is {value} in {dtype}")
        told = text.format(function=name, value=numbers.nats(total), dtype=dtype)
        return told, Status.OVERFLOW
    if numbers.agree(total, truth, _TOLERANCE):
        told = is_value.format(function=name, value=numbers.nats(total, 5))
    else:
        text = _("{function} is {value} and should be {exact}")
        value, exact = numbers.nats(total), numbers.nats(truth)
        told = text.format(function=name, value=value, exact=exact)
    return told, Status.ORDINARY


def _sum_mark(counts, sums, total, fault):
    """Where the curve of the sum ends: at the last token, or where it stops being finite."""
    finite = np.flatnonzero(np.isfinite(sums))
    if not finite.size:
        return []
    k = finite[-1]
    label = numbers.nats(total)
    if not np.isfinite(total):
        label = _("{value} from here on").format(value=numbers.text(total))
    return [Mark(counts[k], label, y=sums[k], status=fault)]


def _product_mark(counts, logs, low, last, first_zero, fault):
    """Where the curve of the product ends, when it ends wrong."""
    if fault is Status.ORDINARY or not np.isfinite(logs).any():
        return []
    k = np.flatnonzero(np.isfinite(logs))[-1]
    label = _("0 from {k} on").format(k=first_zero)
    if first_zero is None:
        label = _("stuck at {value}").format(value=numbers.text(last, 2))
    if logs[k] > low / 8:  # the label of the axis stands there; the finding has the number too
        label = ""
    return [Mark(counts[k], label, y=logs[k], status=fault)]


def _too_small(n, log_p, dtype):
    """The stretch of tokens where even the exact product rounds to 0 in ``dtype``."""
    limit = TYPES[dtype.name].exp_limits[2]
    if log_p >= 0 or n * log_p >= limit:
        return []
    return [
        Band(limit / log_p, n, _("rounds to 0 in {dtype}").format(dtype=dtype), Status.UNDERFLOW)
    ]
