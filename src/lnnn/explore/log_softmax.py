"""Explorables of notebook 04: formulas side by side, and the shift that moves nothing."""

import numpy as np

from lnnn import exact as oracle

from . import axes, numbers, study
from .bars import told_bar
from .scene import Mark, Panel, Readout, Row, Scene
from .sliders import Slider, dtype_choice, logits_of, offset_slider, softmax_sliders
from .snippet import assignments
from .status import Status
from .widget import Explorable
from .words import of_classes

LOGITS = (2.0, 1.0, 0.0, -1.0)

_GOOD = 4  # ulp: an error of rounding, not of method


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
    controls = softmax_sliders(logits, temperature, offset_slider(offset), dtype_choice(dtype))
    about = {"names": names, "exact": exact or oracle.log_softmax, "quantity": quantity}
    return study.explorable(side_by_side_scene, functions, controls, **about)


def shift(
    function, *, name=None, logits=LOGITS, temperature=1.0, c=100.0, dtype="float64"
) -> Explorable:
    """Adding a constant c to every logit should change no log-probability: before, after, change.

    function: called like those of ``side_by_side``. The change is measured in ulp and split into
    what ``z + c`` lost by rounding and what the function added.
    """
    slider = Slider("c", c, -1e9, 1e9, scale="symlog", per_decade=5, label="shift c")
    controls = softmax_sliders(logits, temperature, slider, dtype_choice(dtype))
    return study.explorable(shift_scene, [function], controls, names=name and [name])


def side_by_side_scene(
    functions,
    values: dict,
    *,
    names=None,
    exact=oracle.log_softmax,
    quantity="log-probability (nats)",
) -> Scene:
    """The scene of ``side_by_side`` at ``values``: logit_1 …, temperature, offset, dtype."""
    dtype, temperature = np.dtype(values["dtype"]), float(values["temperature"])
    with np.errstate(over="ignore"):
        z = (logits_of(values) + values["offset"]).astype(dtype)
    truth = exact(z, temperature=temperature)
    answers = [f.ask(z, temperature, truth) for f in study.studied(functions, names)]
    axis = axes.value_axis(quantity, truth, answers)
    panels = [
        Panel.message(answer.name, answer.problem)
        if answer.problem
        else Panel.bars(answer.name, axis, _bars(truth, {"": answer}), note=answer.note)
        for answer in answers
    ]
    working = [answer for answer in answers if not answer.problem]
    if working:
        panels.append(_error_panel(working, dtype))
    return Scene(
        finding=_side_by_side_finding(answers, working, z),
        panels=panels,
        readouts=[
            Readout(f"logits as {dtype} holds them", numbers.listed(z)),
            Readout("exact", numbers.listed(oracle.to_float(truth), digits=5)),
        ],
        snippet=assignments(typed=True, z=z, temperature=temperature),
    )


@study.shows_problems
def shift_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``shift`` at ``values``: logit_1 …, temperature, c, dtype."""
    dtype = np.dtype(values["dtype"])
    temperature, c = float(values["temperature"]), float(values["c"])
    z = logits_of(values).astype(dtype)
    with np.errstate(over="ignore"):
        moved = z + dtype.type(c)
    truth = oracle.log_softmax(z, temperature=temperature)
    moved_truth = oracle.log_softmax(moved, temperature=temperature)
    shown = numbers.text(c, 5)
    more = {
        "readouts": [Readout(f"z + c as {dtype} holds it", numbers.listed(moved))],
        "snippet": assignments(typed=True, z=z, temperature=temperature, c=c),
    }
    (function,) = study.studied(functions, names, **more)
    lacking = "gives no log-probabilities"
    before = function.answer(z, temperature, truth, otherwise=f"{lacking} before")
    lacking += f" after adding {shown}"
    after = function.answer(moved, temperature, moved_truth, otherwise=lacking)
    change = oracle.ulp_error(after.values, oracle.to_mpf(before.values))
    rounding = _ulps_between(moved_truth, truth, dtype)
    axis = axes.value_axis("log-probability (nats)", truth, [before, after])
    bars = _bars(truth, {"before": before, "after": after})
    rows = {
        "after − before": change,
        "of it, from rounding z + c": rounding,
        f"for scale: error of {function.name} on z + c": after.errors,
    }
    marks = [Mark(e, row=row, status=_error_status(e)) for row, es in rows.items() for e in es]
    lines = [Row(row, _worst_text(es)) for row, es in rows.items()]
    ulps = axes.ulp_axis("change (ulp)", dtype, np.concatenate(list(rows.values())))
    return Scene(
        finding=_shift_finding(function.name, shown, dtype, change, rounding, after),
        panels=[
            Panel.bars("Before and after", axis, bars, wide=True),
            Panel.number_line("How far each class moved", ulps, lines, marks, wide=True),
        ],
        **more,
    )


def _bars(truth, series):
    """For each class the value of each answer in ``series``, with a tick at the exact one."""
    bars = []
    for k, exact in enumerate(truth):
        exact = float(exact) if np.isfinite(float(exact)) else None
        for name, answer in series.items():
            value, status = answer.values[k], answer.statuses[k]
            bars.append(told_bar(f"class {k + 1}", value, status, series=name, exact=exact))
    return bars


def _ulps_between(a, b, dtype):
    """|a − b| of exact values, in ulp of ``dtype`` at b; infinite where either is not finite."""
    gaps = np.spacing(np.abs(oracle.to_float(b, dtype))).astype(float)
    differences = [float(abs(x - y)) for x, y in zip(a, b, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        ulps = np.array(differences) / gaps
    return np.where(np.isfinite(ulps), ulps, np.inf)


def _error_status(error):
    return Status.ORDINARY if np.isfinite(error) else Status.OVERFLOW


def _error_panel(answers, dtype):
    rows, marks = [], []
    for answer in answers:
        rows.append(Row(answer.name, _failure_text(answer) or _worst_text(answer.errors)))
        for error, status in zip(answer.errors, answer.statuses, strict=True):
            status = _error_status(error) if status is Status.ORDINARY else status
            marks.append(Mark(float(error), row=answer.name, status=status))
    axis = axes.ulp_axis("error (ulp)", dtype, np.concatenate([a.errors for a in answers]))
    return Panel.number_line("Error of each class", axis, rows, marks, wide=True)


def _worst_text(errors):
    return "0 ulp" if not errors.any() else f"at most {numbers.ulp_text(errors.max())}"


def _failure_text(answer):
    """For how many classes the values are not numbers, in order of the classes; "" for none."""
    counts = {}
    for value, status in zip(answer.values, answer.statuses, strict=True):
        if status is not Status.ORDINARY:
            what = numbers.text(value)
            counts[what] = counts.get(what, 0) + 1
    classes = len(answer.values)
    return " and ".join(f"{what} for {of_classes(n, classes)}" for what, n in counts.items())


def _side_by_side_finding(answers, working, z):
    if not np.isfinite(z).all():
        return (
            f"The logits themselves are infinite in {z.dtype}: "
            "no formula can answer what it was not given"
        )
    if working == answers and not any(map(_failure_text, answers)):
        worst = max(a.worst for a in answers)
        if worst <= _GOOD:
            who = (
                "Both formulas agree" if len(answers) == 2 else f"All {len(answers)} formulas agree"
            )
            who = f"{answers[0].name} agrees" if len(answers) == 1 else who
            return f"{who} with the exact value within {numbers.ulp_text(worst)}"
    return "; ".join(f"{answer.name} {_verdict(answer)}" for answer in answers)


def _verdict(answer):
    if answer.problem:
        return "gives no answer"
    failures = _failure_text(answer)
    if failures:
        return f"gives {failures}"
    stays = "stays within" if answer.worst <= _GOOD else "is off by"
    return f"{stays} {numbers.ulp_text(answer.worst)}"


def _shift_finding(name, shown, dtype, change, rounding, after):
    failures = _failure_text(after)
    if failures:
        return f"Adding {shown} breaks {name}: {failures}"
    if not change.any():
        return f"Adding {shown} to every logit changes not a single bit"
    worst, lost = float(change.max()), float(rounding.max())
    if worst <= _GOOD:
        return f"Adding {shown} to every logit moves nothing by more than {numbers.ulp_text(worst)}"
    if after.worst <= _GOOD:
        return (
            f"Adding {shown} rounds the logits themselves in {dtype}: {numbers.ulp_text(lost)} "
            f"are gone before {name} sees them"
        )
    return f"Adding {shown} costs {name} {numbers.ulp_text(worst)}"
