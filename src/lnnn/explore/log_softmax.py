"""Scenes of notebook 04: formulas side by side, and the shift that moves nothing.

``side_by_side_scene`` and ``shift_scene`` are pure: functions and slider values in, scene out.
``side_by_side`` and ``shift`` wrap them in a widget.
"""

from functools import partial

import numpy as np

from lnnn import exact as oracle

from . import axes, numbers, study
from .scene import Bar, Mark, Panel, Readout, Row, Scene, Status
from .sliders import (
    Choice,
    Slider,
    logit_sliders,
    logits_of,
    offset_slider,
    temperature_slider,
)
from .widget import Explorable

DTYPES = ("float16", "float32", "float64")
LOGITS = (2.0, 1.0, 0.0, -1.0)

_WORDS = {
    Status.OVERFLOW: "overflow",
    Status.UNDERFLOW: "flushed",
    Status.NAN: "NaN",
}


def side_by_side(
    *functions,
    exact=None,
    names=None,
    logits=LOGITS,
    temperature=1.0,
    offset=0.0,
    dtype="float32",
    quantity="log-probability (nats)",
) -> Explorable:
    """Formulas for one quantity over logits, temperature, offset and dtype, with errors in ulp.

    functions: called as ``f(z, temperature=T)`` if they have that parameter, else as ``f(z / T)``;
    ``z`` is a 1-D array of the chosen dtype. They return an array of the same shape.
    exact: the truth, called as ``exact(z, temperature=T)``, an object array of ``mpmath.mpf``;
    ``lnnn.exact.log_softmax`` unless given. names: titles; the functions' own names unless given.
    logits, temperature, offset, dtype: where the sliders start; one slider for each logit.
    quantity: the label of the value axis, with its unit.
    """
    study.check_functions("side_by_side", functions)
    names = study.checked_names(names, functions)
    scene = partial(
        side_by_side_scene,
        functions,
        names=names,
        exact=exact or oracle.log_softmax,
        quantity=quantity,
    )
    controls = [
        *logit_sliders(logits),
        temperature_slider(temperature),
        offset_slider(offset),
        Choice("dtype", DTYPES, start=dtype, label="floats"),
    ]
    return Explorable(scene, controls)


def shift(
    function, *, name=None, logits=LOGITS, temperature=1.0, c=100.0, dtype="float64"
) -> Explorable:
    """Adding a constant c to every logit should change no log-probability: before, after, change.

    function: called like those of ``side_by_side``. The change is measured in ulp and split into
    what ``z + c`` lost by rounding and what the function added.
    """
    study.check_functions("shift", (function,))
    (name,) = study.checked_names(name and [name], (function,))
    controls = [
        *logit_sliders(logits),
        temperature_slider(temperature),
        Slider(
            "c",
            start=c,
            low=-1e9,
            high=1e9,
            scale="symlog",
            per_decade=5,
            label="shift c",
        ),
        Choice("dtype", DTYPES, start=dtype, label="floats"),
    ]
    return Explorable(partial(shift_scene, function, name=name), controls)


def side_by_side_scene(
    functions,
    values: dict,
    *,
    names=None,
    exact=oracle.log_softmax,
    quantity="log-probability (nats)",
) -> Scene:
    """The scene of ``side_by_side`` at ``values``: logit_1 …, temperature, offset, dtype."""
    dtype = np.dtype(values["dtype"])
    temperature = float(values["temperature"])
    names = names or study.names_of(functions)
    with np.errstate(over="ignore"):
        z = (logits_of(values) + values["offset"]).astype(dtype)
    truth = exact(z, temperature=temperature)
    answers = [
        study.ask(name, function, z, temperature, truth)
        for name, function in zip(names, functions, strict=True)
    ]
    axis = axes.value_axis(quantity, truth, answers)
    panels = [_value_panel(answer, truth, axis) for answer in answers]
    if any(not a.problem for a in answers):
        panels.append(_error_panel([(a.name, a) for a in answers if not a.problem], dtype))
    return Scene(
        finding=_side_by_side_finding(answers, z),
        panels=panels,
        readouts=[
            Readout(f"logits as {dtype} holds them", _listed(z)),
            Readout("exact", _listed(oracle.to_float(truth), digits=5)),
        ],
        snippet=_snippet(z, temperature),
    )


def shift_scene(function, values: dict, *, name=None) -> Scene:
    """The scene of ``shift`` at ``values``: logit_1 …, temperature, c, dtype."""
    dtype = np.dtype(values["dtype"])
    temperature, c = float(values["temperature"]), float(values["c"])
    name = name or study.names_of([function])[0]
    z = logits_of(values).astype(dtype)
    with np.errstate(over="ignore"):
        moved = z + dtype.type(c)
    truth = oracle.log_softmax(z, temperature=temperature)
    moved_truth = oracle.log_softmax(moved, temperature=temperature)
    before = study.ask(name, function, z, temperature, truth)
    after = study.ask(name, function, moved, temperature, moved_truth)
    shown = numbers.text(c, 5)
    readouts = [Readout(f"z + c as {dtype} holds it", _listed(moved))]
    for which, answer in (("before", before), (f"after adding {shown}", after)):
        if answer.problem:
            return Scene.problem(
                f"{name} gives no log-probabilities {which}",
                name,
                answer.problem,
                readouts=readouts,
                snippet=_snippet(z, temperature, c),
            )
    change = oracle.ulp_error(after.values, oracle.to_mpf(before.values))
    rounding = _ulps_between(moved_truth, truth, dtype)
    axis = axes.value_axis("log-probability (nats)", truth, [before, after])
    bars = [
        bar
        for k in range(len(z))
        for bar in (
            _bar(k, before, truth, series="before"),
            _bar(k, after, truth, series="after"),
        )
    ]
    rows = {
        "after − before": change,
        "of it, from rounding z + c": rounding,
        f"for scale: error of {name} on z + c": after.errors,
    }
    marks = [Mark(e, row=row, status=_error_status(e)) for row, es in rows.items() for e in es]
    return Scene(
        finding=_shift_finding(name, shown, dtype, change, rounding, after),
        panels=[
            Panel.bars("Before and after", axis, bars, wide=True),
            Panel.number_line(
                "How far each class moved",
                axes.ulp_axis("change (ulp)", dtype, np.concatenate(list(rows.values()))),
                [Row(row, _worst_text(es)) for row, es in rows.items()],
                marks,
                wide=True,
            ),
        ],
        readouts=readouts,
        snippet=_snippet(z, temperature, c),
    )


def _listed(values, digits=6):
    return ", ".join(numbers.text(v, digits) for v in values)


def _snippet(z, temperature, c=None):
    held = ", ".join(repr(float(v)) for v in z).replace("inf", "np.inf")
    lines = [
        f"z = np.array([{held}], dtype=np.{z.dtype})",
        f"temperature = {temperature!r}",
    ]
    if c is not None:
        lines.append(f"c = {c!r}")
    return "\n".join(lines)


def _bar(k, answer, truth, series=""):
    value, status = float(answer.values[k]), answer.statuses[k]
    text = numbers.text(value, 6)
    if status is Status.UNDERFLOW:
        text = f"{text} {_WORDS[status]}"
    return Bar(
        f"class {k + 1}",
        value,
        series=series,
        status=status,
        text=text,
        exact=_finite(truth[k]),
    )


def _finite(exact_value):
    value = float(exact_value)
    return value if np.isfinite(value) else None


def _value_panel(answer, truth, axis):
    if answer.problem:
        return Panel.message(answer.name, answer.problem)
    bars = [_bar(k, answer, truth) for k in range(len(truth))]
    return Panel.bars(answer.name, axis, bars, note=answer.note)


def _ulps_between(a, b, dtype):
    """|a − b| of exact values, in ulp of ``dtype`` at b; infinite where either is not finite."""
    gaps = np.spacing(np.abs(oracle.to_float(b, dtype))).astype(float)
    differences = [float(abs(x - y)) for x, y in zip(a, b, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        ulps = np.array(differences) / gaps
    return np.where(np.isfinite(ulps), ulps, np.inf)


def _error_status(error, status=Status.ORDINARY):
    if status is not Status.ORDINARY:
        return status
    return Status.ORDINARY if np.isfinite(error) else Status.OVERFLOW


def _error_panel(named_answers, dtype):
    rows, marks = [], []
    for name, answer in named_answers:
        rows.append(Row(name, _verdict_text(answer)))
        marks += [
            Mark(float(error), row=name, status=_error_status(error, status))
            for error, status in zip(answer.errors, answer.statuses, strict=True)
        ]
    errors = np.concatenate([a.errors for _, a in named_answers])
    return Panel.number_line(
        "Error of each class", axes.ulp_axis("error (ulp)", dtype, errors), rows, marks, wide=True
    )


def _worst_text(errors):
    return "0 ulp" if not errors.any() else f"at most {numbers.ulp_text(errors.max())}"


def _failures(answer):
    """{what: how many classes} for values that are not numbers, in order of severity."""
    counts = {}
    for value, status in zip(answer.values, answer.statuses, strict=True):
        if status is not Status.ORDINARY:
            what = numbers.text(value) if value != 0 else "0"
            counts[what] = counts.get(what, 0) + 1
    return counts


def _failure_text(answer):
    classes = len(answer.values)
    parts = [
        f"{what} for {'every class' if n == classes else f'{n} of {classes} classes'}"
        for what, n in _failures(answer).items()
    ]
    return " and ".join(parts)


def _verdict_text(answer):
    return _failure_text(answer) or _worst_text(answer.errors)


def _side_by_side_finding(answers, z):
    if not np.isfinite(z).all():
        return (
            f"The logits themselves are infinite in {z.dtype}: "
            "no formula can answer what it was not given"
        )
    parts = []
    working = [a for a in answers if not a.problem]
    if working == answers and not any(_failures(a) for a in answers):
        worst = max(a.worst for a in answers)
        if worst <= 4:
            count = len(answers)
            who = {1: f"{answers[0].name} agrees", 2: "Both formulas agree"}.get(
                count, f"All {count} formulas agree"
            )
            return f"{who} with the exact value within {numbers.ulp_text(worst)}"
    for answer in answers:
        if answer.problem:
            parts.append(f"{answer.name} gives no answer")
        elif _failures(answer):
            parts.append(f"{answer.name} gives {_failure_text(answer)}")
        elif answer.worst <= 4:
            parts.append(f"{answer.name} stays within {numbers.ulp_text(answer.worst)}")
        else:
            parts.append(f"{answer.name} is off by {numbers.ulp_text(answer.worst)}")
    return "; ".join(parts)


def _shift_finding(name, shown, dtype, change, rounding, after):
    if _failures(after):
        return f"Adding {shown} breaks {name}: {_failure_text(after)}"
    if not change.any():
        return f"Adding {shown} to every logit changes not a single bit"
    worst, lost = float(change.max()), float(rounding.max())
    if worst <= 4:
        return f"Adding {shown} to every logit moves nothing by more than {numbers.ulp_text(worst)}"
    if after.worst <= 4:
        return (
            f"Adding {shown} rounds the logits themselves in {dtype}: {numbers.ulp_text(lost)} "
            f"are gone before {name} sees them"
        )
    return f"Adding {shown} costs {name} {numbers.ulp_text(worst)}"
