"""Explorables of notebook 02: where e^(z/T) falls in a float type, one softmax in four types."""

import contextlib
import functools
import math
from dataclasses import replace

import mpmath
import numpy as np

from lnnn import exact as oracle
from lnnn.messages import N_, _, ngettext

from . import axes, numbers, study
from .answers import described
from .bars import FLUSHED, told_bar
from .float_types import TYPES, Bfloat16, bfloat16
from .scene import Axis, Bar, Mark, Panel, Readout, Row, Scene
from .sliders import DTYPES, dtype_choice, logits_of, softmax_sliders
from .snippet import assignments
from .status import Status
from .widget import Explorable
from .words import class_name, clauses, joined, listed, page_word

FOUR_TYPES = ("float16", "bfloat16", "float32", "float64")
WORDS = ("overflow", "normal", "subnormal", "zero")
FATES = (12.0, 0.0, -12.0, -40.0)  # in float16: one of each

_STATUS = {"overflow": Status.OVERFLOW, "zero": Status.UNDERFLOW}
_ZERO = FLUSHED | {Status.OVERFLOW: N_("{value} (sum is inf)")}
_LEAST_ERROR = 1e-17  # below half a step of float64


def exp_number_line(
    classify,
    thresholds,
    verdict=None,
    *,
    dtypes=DTYPES,
    names=None,
    logits=FATES,
    temperature=1.0,
    dtype="float16",
) -> Explorable:
    """Where each z/T stands among the limits of e^x in a float type, and what is left of e^(z/T).

    classify: called as ``classify(x, dtype)`` with the 1-D float64 array z/T and the name of a
    type; returns "overflow", "normal", "subnormal" or "zero" for each x.
    thresholds: called as ``thresholds(dtype)``; returns (overflow, subnormal, zero): above the
    first e^x overflows, below the second it is subnormal, below the third it is 0.
    verdict: if given, called as ``verdict(x, dtype)``; returns a word for a softmax of x.
    dtypes: which types to offer, of ``lnnn.explore.float_types.TYPES``. names: titles of the
    functions, in order. logits, temperature, dtype: where the sliders start.
    """
    unknown = [name for name in dtypes if name not in TYPES]
    if unknown:
        text = _("exp_number_line: dtypes are some of {known}, not {unknown}")
        raise ValueError(text.format(known=list(TYPES), unknown=unknown))
    functions = (classify, thresholds, verdict)
    controls = softmax_sliders(logits, temperature, dtype_choice(dtype, dtypes))
    return study.explorable(exp_number_line_scene, functions, controls, names=names)


def four_dtypes(softmax, *, name=None, logits=(12.0, 11.0, 0.0), temperature=1.0) -> Explorable:
    """One softmax in float16, bfloat16, float32 and float64: probabilities and relative errors.

    softmax: called as ``softmax(z, temperature=T)`` if it has that parameter, else as
    ``softmax(z / T)``; ``z`` is a 1-D array of the type. bfloat16 is emulated in float32, see
    ``lnnn.explore.float_types.Bfloat16``. The exact values start from the logits of the sliders.
    name: its title; its own name unless given. logits, temperature: where the sliders start.
    """
    controls = softmax_sliders(logits, temperature)
    return study.explorable(four_dtypes_scene, [softmax], controls, names=name and [name])


@study.shows_problems
def exp_number_line_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``exp_number_line`` at ``values``: logit_1 …, temperature, dtype."""
    dtype, temperature = values["dtype"], float(values["temperature"])
    kind = TYPES[dtype]
    z = logits_of(values)
    x = z / temperature
    code = assignments(z=z, temperature=temperature, dtype=dtype)
    classify, thresholds, *verdicts = study.studied(functions, names, snippet=code)
    limits = _limits(thresholds, dtype)
    words = _words(classify, x, dtype)
    labels = (_("overflows above"), _("subnormal below"), _("zero below"))
    pairs = zip(labels, limits, strict=True)
    readouts = [Readout(label, numbers.nats(v, 7)) for label, v in pairs]
    told = ""
    for verdict in verdicts:
        told = verdict.value(x, dtype, otherwise=_("{function} gives no word"))
        if not isinstance(told, str):
            verdict.refuse(described(told), _("Expected: one word"), _("{function} gives no word"))
        readouts.append(Readout(verdict.name, told))
    exact = [mpmath.exp(mpmath.mpf(float(v))) for v in x]
    held = [kind.nearest(v) for v in exact]
    rows = [class_name(k) for k in range(1, len(x) + 1)]
    bars = [_bits_bar(row, h, e, kind) for row, h, e in zip(rows, held, exact, strict=True)]
    most = kind.precision
    round_ones = [v for v, _text in numbers.linear_ticks(0, most, most=4) if v < 0.85 * most]
    ticks = numbers.ticks_at([*round_ones, float(most)])
    title = _("Significant bits that {dtype} has for e^(z/T)").format(dtype=dtype)
    axis = Axis(_("significant bits"), 0, most, ticks=ticks)
    return Scene(
        finding=_fates_finding(classify.name, words, x, held, kind, told),
        panels=[_line_panel(x, words, rows, limits), Panel.bars(title, axis, bars, wide=True)],
        readouts=readouts,
        snippet=code,
    )


@study.shows_problems
def four_dtypes_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``four_dtypes`` at ``values``: logit_1 …, temperature."""
    temperature = float(values["temperature"])
    z = logits_of(values)
    code = assignments(z=z, temperature=temperature)
    (softmax,) = study.studied(functions, names, snippet=code)
    truth = oracle.softmax(z, temperature=temperature)
    answers, notes = {}, []
    for dtype in FOUR_TYPES:
        answers[dtype], note = _softmax_in(dtype, softmax, z, temperature)
        notes += [page_word("named", name=dtype, value=note)] if note else []
    statuses = {
        dtype: [_status(v, e, p) for v, e in zip(p, truth, strict=True)]
        for dtype, p in answers.items()
    }
    bars = []
    for k, exact in enumerate(truth):
        for dtype, p in answers.items():
            more = {"words": _ZERO if p[k] == 0 else {}, "series": dtype, "exact": float(exact)}
            bars.append(told_bar(class_name(k + 1), p[k], statuses[dtype][k], digits=4, **more))
    errors = {d: oracle.relative_error(p.astype(float), truth) for d, p in answers.items()}
    marks = [
        Mark(float(e if np.isfinite(v) else v), row=dtype, status=status)
        for dtype, p in answers.items()
        for v, e, status in zip(p, errors[dtype], statuses[dtype], strict=True)
    ]
    failures = {d: _failure_text(p, statuses[d]) for d, p in answers.items()}
    worst = {d: float(np.max(e)) for d, e in errors.items()}
    at_most = _("at most {error}")
    rows = [Row(d, failures[d] or at_most.format(error=numbers.text(worst[d], 2))) for d in answers]
    title, note = _("{function}, in four types").format(function=softmax.name), clauses(notes)
    ticks = tuple((10.0**k, numbers.power_of_ten(k)) for k in range(-16, 1, 4))
    about = {"scale": "log", "ticks": ticks, "apart": "inf, NaN"}
    axis = Axis(_("relative error (1: nothing is right)"), _LEAST_ERROR, 1.0, **about)
    return Scene(
        finding=_four_finding(softmax.name, failures, worst),
        panels=[
            Panel.bars(title, Axis(_("probability"), 0, 1), bars, note=note, wide=True),
            Panel.number_line(_("Relative error of each class"), axis, rows, marks, wide=True),
        ],
        readouts=[Readout(_("exact"), numbers.listed(truth, 5))],
        snippet=code,
    )


# Where e^(z/T) falls.


def _limits(thresholds, dtype):
    """The three limits that the function gives; what is wrong with them ends the scene."""
    otherwise = _("{function} gives no limits")
    value = thresholds.value(dtype, otherwise=otherwise)
    limits, given = (), described(value)
    with contextlib.suppress(TypeError, ValueError):
        limits = tuple(float(v) for v in value)
        given = _("({limits}) for {dtype}").format(limits=numbers.listed(limits), dtype=dtype)
    ordered = len(limits) == 3 and limits[0] > limits[1] > limits[2]
    if not ordered or not all(map(math.isfinite, limits)):
        wanted = _("Expected: three numbers, (overflow, subnormal, zero), from high to low")
        thresholds.refuse(given, wanted, otherwise)
    return limits


def _words(classify, x, dtype):
    """The words that the function gives; what is wrong with them ends the scene."""
    otherwise = _("{function} gives no words")
    value = classify.value(x, dtype, otherwise=otherwise)
    wanted = _("Expected: {n} words out of {words}").format(n=len(x), words=", ".join(WORDS))
    if not isinstance(value, (np.ndarray, list, tuple)):
        classify.refuse(described(value), wanted, otherwise)
    words = [str(w) for w in np.ravel(np.asarray(value, dtype=object))]
    if len(words) != len(x):
        classify.refuse(_("{n} values").format(n=len(words)), wanted, otherwise)
    for word in words:
        if word not in WORDS:
            classify.refuse(repr(word), wanted, otherwise)
    return words


def _fate(held, kind):
    """The word for a number that the type holds."""
    if held == 0:
        return "zero"
    if math.isinf(held):
        return "overflow"
    return "subnormal" if held < kind.smallest_normal else "normal"


def _allowed(x, held, kind):
    """The words that are right for e^x: by the exact value, and by what it is rounded to.

    They differ only where rounding decides, within half a step of a limit.
    """
    e = mpmath.exp(mpmath.mpf(float(x)))
    if e > kind.largest:
        word = "overflow"
    elif e >= kind.smallest_normal:
        word = "normal"
    else:
        word = "subnormal" if 2 * e > kind.smallest_subnormal else "zero"
    return {word, _fate(held, kind)}


def _line_panel(x, words, rows, limits):
    overflow, _subnormal, zero = limits
    reach = 1.3 * max(-zero, overflow, float(np.abs(x).max()))
    shown, marks = [], []
    for row, v, word in zip(rows, x, words, strict=True):
        text = _("z/T = {x}, {word}").format(x=numbers.text(v, 4), word=word)
        shown.append(Row(row, text))
        marks.append(Mark(float(v), row=row, status=_STATUS.get(word, Status.ORDINARY)))
    axis = Axis(_("z/T (nats)"), -reach, reach, ticks=_limit_ticks(overflow, zero, reach))
    bands = axes.exp_bands(reach, limits)
    return Panel.number_line(_("Where z/T falls"), axis, shown, marks, bands=bands, wide=True)


def _limit_ticks(overflow, zero, reach):
    """The limits and 0 as ticks, as far as their texts have room; round ones where they have not.

    A text takes up to a sixth of a narrow axis, and 0 half of that.
    """
    wide = 2 * reach
    if overflow - zero < wide / 6:
        return numbers.linear_ticks(-reach, reach)
    ticks = [zero, overflow]
    if min(overflow, -zero) > wide / 12:
        ticks.append(0.0)
    return numbers.ticks_at(sorted(ticks), 4)


def _bits_bar(row, held, exact, kind):
    status = _STATUS.get(_fate(held, kind), Status.ORDINARY)
    kept = numbers.text(held, 3) if kind.infinities or math.isfinite(held) else _("too large")
    wanted = mpmath.nstr(exact, 3).replace("e+", "e").replace("-", "−")
    if 1e-300 < exact < 1e300:  # else it is beyond the range of a float64
        wanted = numbers.text(exact, 3)
    return Bar(
        row,
        float(kind.bits_left(held)),
        status=status,
        text=_("{kept} for {exact}").format(kept=kept, exact=wanted),
    )


def _fates_finding(name, words, x, held, kind, told):
    for k, (word, v, h) in enumerate(zip(words, x, held, strict=True), start=1):
        if word not in _allowed(v, h, kind):
            text = _("{function} says {word} for class {k}, and in {dtype} e^({x}) is {fate}")
            said = {"function": name, "word": word, "k": k, "fate": _fate(h, kind)}
            return text.format(dtype=kind.name, x=numbers.text(v, 4), **said)
    parts = []
    for word in ("overflow", "subnormal", "zero"):
        classes = [str(k) for k, w in enumerate(words, start=1) if w == word]
        if classes:
            parts.append(_becomes(word, len(classes)).format(k=joined(classes)))
    if not parts:
        text = _("all {n} classes have their {bits} bits")
        parts = [text.format(n=len(words), bits=kind.precision)]
    text = _("e^(z/T) in {dtype}: {fates}")
    if told:
        text = _("e^(z/T) in {dtype}: {fates}; the textbook softmax: {verdict}")
    return text.format(dtype=kind.name, fates=listed(parts), verdict=told)


def _becomes(word, n):
    """What becomes of n classes, with a place for their numbers {k}."""
    if word == "overflow":
        return ngettext("class {k} overflows", "classes {k} overflow", n)
    if word == "subnormal":
        return ngettext("class {k} is subnormal", "classes {k} are subnormal", n)
    return ngettext("class {k} is 0", "classes {k} are 0", n)


# The same softmax in four types.


def _softmax_in(dtype, softmax, z, temperature):
    """(probabilities as float64, what else to say) of ``softmax`` in a type."""
    left_emulation = False

    @functools.wraps(softmax.function)
    def watched(*arguments, **keywords):
        nonlocal left_emulation
        p = softmax.function(*arguments, **keywords)
        left_emulation = dtype == "bfloat16" and not isinstance(p, Bfloat16)
        return p

    held = bfloat16(z) if dtype == "bfloat16" else z.astype(dtype)
    otherwise = _("{function} gives no probabilities in {dtype}").replace("{dtype}", dtype)
    answer = replace(softmax, function=watched).answer(held, temperature, otherwise=otherwise)
    notes = [answer.note] if answer.note else []
    if left_emulation:
        notes.append(_("left the emulation, only the result was rounded"))
    return TYPES[dtype].round(answer.values), listed(notes)


def _status(value, exact, p):
    if math.isnan(value):
        return Status.NAN
    # A finite exponential over an infinite sum is 0. The sum is infinite when another class is NaN,
    # from inf/inf, and when every class is 0.
    if math.isinf(value) or (value == 0 and (np.isnan(p).any() or not p.any())):
        return Status.OVERFLOW
    return Status.UNDERFLOW if value == 0 and exact > 0 else Status.ORDINARY


def _failure_text(p, statuses):
    """Which classes have a value that is no probability, in order of the classes; "" for none."""
    failed = {}
    for k, (value, status) in enumerate(zip(p, statuses, strict=True), start=1):
        if status is not Status.ORDINARY:
            failed.setdefault(numbers.text(value), []).append(str(k))
    parts = []
    for value, classes in failed.items():
        text = ngettext("{value} for class {k}", "{value} for classes {k}", len(classes))
        if len(classes) == len(p):
            text = _("{value} for every class")
        parts.append(text.format(value=value, k=joined(classes)))
    return listed(parts)


def _four_finding(name, failures, worst):
    failed, kept, in_dtype = {}, [], _("{what} in {dtype}")
    for dtype, text in failures.items():
        if text:
            failed.setdefault(text, []).append(dtype)
        else:
            digits = math.floor(-math.log10(max(worst[dtype], _LEAST_ERROR)))
            kept.append(in_dtype.format(what=max(0, digits), dtype=dtype))
    given = [in_dtype.format(what=text, dtype=joined(dtypes)) for text, dtypes in failed.items()]
    if not kept:
        text = _("{function} gives {values}")
    elif failed:
        text = _("{function} gives {values}; right digits: {digits}")
    else:
        text = _("{function} keeps right digits: {digits}")
    return text.format(function=name, values=clauses(given), digits=listed(kept))
