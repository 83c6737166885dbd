"""Explorables of notebook 02: where e^(z/T) falls in a float type, one softmax in four types.

``exp_number_line_scene`` and ``four_dtypes_scene`` are pure: functions and slider values in, scene
out. ``exp_number_line`` and ``four_dtypes`` wrap them in a widget.
"""

import functools
import math
from functools import partial

import mpmath
import numpy as np

from lnnn import exact as oracle

from . import numbers, study
from .float_types import TYPES, Bfloat16, bfloat16
from .scene import Axis, Band, Bar, Mark, Panel, Readout, Row, Scene, Status
from .sliders import Choice, logit_sliders, logits_of, temperature_slider
from .widget import Explorable

LAB_TYPES = ("float16", "float32", "float64")
FOUR_TYPES = ("float16", "bfloat16", "float32", "float64")
WORDS = ("overflow", "normal", "subnormal", "zero")
FATES = (12.0, 0.0, -12.0, -40.0)  # in float16: one of each

_BECOMES = {
    "overflow": ("overflows", "overflow"),
    "subnormal": ("is subnormal", "are subnormal"),
    "zero": ("is 0", "are 0"),
}
_STATUS = {"overflow": Status.OVERFLOW, "zero": Status.UNDERFLOW}
_LEAST_ERROR = 1e-17  # below half a step of float64


def exp_number_line(
    classify,
    thresholds,
    verdict=None,
    *,
    dtypes=LAB_TYPES,
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
    given = [f for f in (classify, thresholds, verdict) if f is not None]
    study.check_functions("exp_number_line", given)
    unknown = [name for name in dtypes if name not in TYPES]
    if unknown:
        raise ValueError(f"exp_number_line: dtypes are some of {list(TYPES)}, not {unknown}")
    scene = partial(
        exp_number_line_scene,
        classify,
        thresholds,
        verdict,
        names=study.checked_names(names, given),
    )
    controls = [
        *logit_sliders(logits),
        temperature_slider(temperature),
        Choice("dtype", tuple(dtypes), start=dtype, label="floats"),
    ]
    return Explorable(scene, controls)


def four_dtypes(softmax, *, name=None, logits=(12.0, 11.0, 0.0), temperature=1.0) -> Explorable:
    """One softmax in float16, bfloat16, float32 and float64: probabilities and relative errors.

    softmax: called as ``softmax(z, temperature=T)`` if it has that parameter, else as
    ``softmax(z / T)``; ``z`` is a 1-D array of the type. bfloat16 is emulated in float32, see
    ``lnnn.explore.float_types.Bfloat16``. The exact values start from the logits of the sliders.
    name: its title; its own name unless given. logits, temperature: where the sliders start.
    """
    study.check_functions("four_dtypes", (softmax,))
    (name,) = study.checked_names(name and [name], (softmax,))
    controls = [*logit_sliders(logits), temperature_slider(temperature)]
    return Explorable(partial(four_dtypes_scene, softmax, name=name), controls)


def exp_number_line_scene(classify, thresholds, verdict, values: dict, *, names=None) -> Scene:
    """The scene of ``exp_number_line`` at ``values``: logit_1 …, temperature, dtype."""
    dtype, temperature = values["dtype"], float(values["temperature"])
    kind = TYPES[dtype]
    functions = [f for f in (classify, thresholds, verdict) if f is not None]
    names = names or study.names_of(functions)
    z = logits_of(values)
    x = z / temperature
    snippet = f"z = np.array({z.tolist()!r})\ntemperature = {temperature!r}\ndtype = {dtype!r}"
    limits, problem = _limits(names[1], thresholds, dtype)
    if problem:
        return Scene.problem(f"{names[1]} gives no limits", names[1], problem, snippet=snippet)
    words, problem = _words(names[0], classify, x, dtype)
    if problem:
        return Scene.problem(f"{names[0]} gives no words", names[0], problem, snippet=snippet)
    readouts = [
        Readout(label, numbers.nats(v, 7))
        for label, v in zip(
            ("overflows above", "subnormal below", "zero below"), limits, strict=True
        )
    ]
    told = ""
    if verdict is not None:
        told, problem = study.outcome(names[2], verdict, x, dtype)
        if not problem and not isinstance(told, str):
            problem = f"{names[2]} returned {study.described(told)}. Expected: one word"
        if problem:
            return Scene.problem(f"{names[2]} gives no word", names[2], problem, snippet=snippet)
        readouts.append(Readout(names[2], told))
    exact = [mpmath.exp(mpmath.mpf(float(v))) for v in x]
    held = [kind.nearest(v) for v in exact]
    rows = [f"class {k}" for k in range(1, len(x) + 1)]
    return Scene(
        finding=_fates_finding(names[0], words, x, held, kind, told),
        panels=[
            _line_panel(x, words, rows, limits),
            Panel.bars(
                f"Significant bits that {dtype} has for e^(z/T)",
                _bits_axis(kind),
                [_bits_bar(row, h, e, kind) for row, h, e in zip(rows, held, exact, strict=True)],
                wide=True,
            ),
        ],
        readouts=readouts,
        snippet=snippet,
    )


def four_dtypes_scene(softmax, values: dict, *, name=None) -> Scene:
    """The scene of ``four_dtypes`` at ``values``: logit_1 …, temperature."""
    temperature = float(values["temperature"])
    name = name or study.names_of([softmax])[0]
    z = logits_of(values)
    snippet = f"z = np.array({z.tolist()!r})\ntemperature = {temperature!r}"
    truth = oracle.softmax(z, temperature=temperature)
    answers, notes = {}, []
    for dtype in FOUR_TYPES:
        p, problem, note = _softmax_in(dtype, name, softmax, z, temperature)
        if problem:
            finding = f"{name} gives no probabilities in {dtype}"
            return Scene.problem(finding, name, problem, snippet=snippet)
        answers[dtype] = p
        notes += [f"{dtype}: {note}"] if note else []
    statuses = {
        dtype: [_status(v, e, p) for v, e in zip(p, truth, strict=True)]
        for dtype, p in answers.items()
    }
    bars = [
        Bar(
            f"class {k + 1}",
            float(p[k]),
            series=dtype,
            status=statuses[dtype][k],
            text=_probability_text(p[k], statuses[dtype][k]),
            exact=float(truth[k]),
        )
        for k in range(len(z))
        for dtype, p in answers.items()
    ]
    errors = {d: oracle.relative_error(p.astype(float), truth) for d, p in answers.items()}
    marks = [
        Mark(
            float(e) if np.isfinite(v) else float(v),
            row=dtype,
            status=status,
        )
        for dtype, p in answers.items()
        for v, e, status in zip(p, errors[dtype], statuses[dtype], strict=True)
    ]
    rows = [Row(d, _row_text(p, statuses[d], errors[d])) for d, p in answers.items()]
    return Scene(
        finding=_four_finding(name, answers, statuses, errors),
        panels=[
            Panel.bars(
                f"{name}, in four types",
                Axis("probability", 0, 1),
                bars,
                note="; ".join(notes),
                wide=True,
            ),
            Panel.number_line(
                "Relative error of each class", _error_axis(), rows, marks, wide=True
            ),
        ],
        readouts=[Readout("exact", ", ".join(numbers.text(v, 5) for v in truth))],
        snippet=snippet,
    )


# Where e^(z/T) falls.


def _limits(name, thresholds, dtype):
    value, problem = study.outcome(name, thresholds, dtype)
    if problem:
        return None, problem
    wanted = "Expected: three numbers, (overflow, subnormal, zero), from high to low"
    try:
        limits = tuple(float(v) for v in value)
    except (TypeError, ValueError):
        return None, f"{name} returned {study.described(value)}. {wanted}"
    ordered = len(limits) == 3 and limits[0] > limits[1] > limits[2]
    if not ordered or not all(map(math.isfinite, limits)):
        shown = ", ".join(numbers.text(v, 6) for v in limits)
        return None, f"{name} returned ({shown}) for {dtype}. {wanted}"
    return limits, ""


def _words(name, classify, x, dtype):
    value, problem = study.outcome(name, classify, x, dtype)
    if problem:
        return None, problem
    wanted = f"Expected: {len(x)} words out of {', '.join(WORDS)}"
    if not isinstance(value, (np.ndarray, list, tuple)):
        return None, f"{name} returned {study.described(value)}. {wanted}"
    words = [str(w) for w in np.ravel(np.asarray(value, dtype=object))]
    if len(words) != len(x):
        return None, f"{name} returned {len(words)} values. {wanted}"
    strange = [w for w in words if w not in WORDS]
    if strange:
        return None, f"{name} returned {strange[0]!r}. {wanted}"
    return words, ""


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
    overflow, subnormal, zero = limits
    reach = 1.3 * max(-zero, overflow, float(np.abs(x).max()))
    return Panel.number_line(
        "Where z/T falls",
        Axis("z/T (nats)", -reach, reach, ticks=_limit_ticks(overflow, zero, reach)),
        [
            Row(row, f"z/T = {numbers.text(v, 4)}, {word}")
            for row, v, word in zip(rows, x, words, strict=True)
        ],
        [
            Mark(float(v), row=row, status=_STATUS.get(word, Status.ORDINARY))
            for row, v, word in zip(rows, x, words, strict=True)
        ],
        bands=[
            Band(-reach, zero, "zero", Status.UNDERFLOW),
            Band(zero, subnormal, "subnormal"),
            Band(overflow, reach, "overflow", Status.OVERFLOW),
        ],
        wide=True,
    )


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
    return tuple((v, numbers.text(v, 4)) for v in sorted(ticks))


def _bits_axis(kind):
    most = kind.precision
    round_ones = [v for v, _ in numbers.linear_ticks(0, most, most=4) if v < 0.85 * most]
    ticks = tuple((v, numbers.text(v)) for v in (*round_ones, float(most)))
    return Axis("significant bits", 0, most, ticks=ticks)


def _bits_bar(row, held, exact, kind):
    status = _STATUS.get(_fate(held, kind), Status.ORDINARY)
    kept = numbers.text(held, 3) if kind.infinities or math.isfinite(held) else "too large"
    text = f"{kept} for {_short(exact)}"
    return Bar(row, float(kind.bits_left(held)), status=status, text=text)


def _short(value):
    """A positive mpf to three digits, also beyond the range of a float64."""
    if 1e-300 < value < 1e300:
        return numbers.text(value, 3)
    return mpmath.nstr(value, 3).replace("e+", "e").replace("-", "−")


def _fates_finding(name, words, x, held, kind, told):
    for k, (word, v, h) in enumerate(zip(words, x, held, strict=True), start=1):
        if word not in _allowed(v, h, kind):
            return (
                f"{name} says {word} for class {k}, and in {kind.name} "
                f"e^({numbers.text(v, 4)}) is {_fate(h, kind)}"
            )
    parts = []
    for word, (one, more) in _BECOMES.items():
        classes = [str(k) for k, w in enumerate(words, start=1) if w == word]
        if classes:
            parts.append(f"{_classes(classes)} {one if len(classes) == 1 else more}")
    if not parts:
        parts = [f"all {len(words)} classes have their {kind.precision} bits"]
    said = f"e^(z/T) in {kind.name}: {', '.join(parts)}"
    return f"{said}; the textbook softmax: {told}" if told else said


def _classes(numbered):
    return f"{'class' if len(numbered) == 1 else 'classes'} {_and(numbered)}"


def _and(words):
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


# The same softmax in four types.


def _softmax_in(dtype, name, softmax, z, temperature):
    """(probabilities as float64, what went wrong, what else to say) of ``softmax`` in a type."""
    left_emulation = False

    @functools.wraps(softmax)
    def watched(*arguments, **keywords):
        nonlocal left_emulation
        p = softmax(*arguments, **keywords)
        left_emulation = dtype == "bfloat16" and not isinstance(p, Bfloat16)
        return p

    held = bfloat16(z) if dtype == "bfloat16" else z.astype(dtype)
    answer = study.ask(name, watched, held, temperature)
    if answer.problem:
        return None, answer.problem, ""
    notes = [answer.note] if answer.note else []
    if left_emulation:
        notes.append("left the emulation, only the result was rounded")
    return TYPES[dtype].round(answer.values), "", ", ".join(notes)


def _status(value, exact, p):
    if math.isnan(value):
        return Status.NAN
    # A finite exponential over an infinite sum is 0. The sum is infinite when another class is NaN,
    # from inf/inf, and when every class is 0.
    if math.isinf(value) or (value == 0 and (np.isnan(p).any() or not p.any())):
        return Status.OVERFLOW
    return Status.UNDERFLOW if value == 0 and exact > 0 else Status.ORDINARY


def _probability_text(value, status):
    word = {Status.UNDERFLOW: " flushed", Status.OVERFLOW: " (sum is inf)"}
    return numbers.text(value, 4) + (word.get(status, "") if value == 0 else "")


def _error_axis():
    ticks = tuple((10.0**k, numbers.power_of_ten(k)) for k in range(-16, 1, 4))
    return Axis(
        "relative error (1: nothing is right)",
        _LEAST_ERROR,
        1.0,
        scale="log",
        ticks=ticks,
        apart="inf, NaN",
    )


def _failures(p, statuses):
    """{what: which classes} for values that are no probability, in order of the classes."""
    failed = {}
    for k, (value, status) in enumerate(zip(p, statuses, strict=True), start=1):
        if status is not Status.ORDINARY:
            failed.setdefault(numbers.text(value), []).append(str(k))
    return failed


def _failure_text(p, statuses):
    parts = []
    for what, classes in _failures(p, statuses).items():
        whose = "every class" if len(classes) == len(p) else _classes(classes)
        parts.append(f"{what} for {whose}")
    return ", ".join(parts)


def _digits(errors):
    """Right decimal digits of the worst class."""
    worst = max(float(np.max(errors)), _LEAST_ERROR)
    return max(0, math.floor(-math.log10(worst)))


def _row_text(p, statuses, errors):
    failed = _failure_text(p, statuses)
    return failed or f"at most {numbers.text(float(np.max(errors)), 2)}"


def _four_finding(name, answers, statuses, errors):
    failed, kept = {}, []
    for dtype, p in answers.items():
        text = _failure_text(p, statuses[dtype])
        if text:
            failed.setdefault(text, []).append(dtype)
        else:
            kept.append(f"{_digits(errors[dtype])} in {dtype}")
    parts = [f"{text} in {_and(dtypes)}" for text, dtypes in failed.items()]
    if kept:
        parts.append(f"right digits: {', '.join(kept)}")
    return f"{name} gives {'; '.join(parts)}" if failed else f"{name} keeps {'; '.join(parts)}"
