"""Explorables of notebook 04: formulas side by side, and the shift that moves nothing."""

import numpy as np

from lnnn import exact as oracle
from lnnn.messages import _

from . import axes, numbers, study
from .bars import told_bar
from .scene import Mark, Panel, Readout, Row, Scene
from .sliders import Slider, dtype_choice, logits_of, offset_slider, softmax_sliders
from .snippet import assignments
from .status import Status
from .widget import Explorable
from .words import class_name, clauses, joined, of_classes

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
    quantity=None,
) -> Explorable:
    """Formulas for one quantity over logits, temperature, offset and dtype, with errors in ulp.

    functions: called as ``f(z, temperature=T)`` if they have that parameter, else as ``f(z / T)``;
    ``z`` is a 1-D array of the chosen dtype. They return an array of the same shape.
    exact: the truth, called as ``exact(z, temperature=T)``, an object array of ``mpmath.mpf``;
    ``lnnn.exact.log_softmax`` unless given. names: titles; the functions' own names unless given.
    logits, temperature, offset, dtype: where the sliders start; one slider for each logit.
    quantity: the label of the value axis, with its unit; a log-probability unless given.
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
    slider = Slider("c", c, -1e9, 1e9, scale="symlog", per_decade=5, label=_("shift c"))
    controls = softmax_sliders(logits, temperature, slider, dtype_choice(dtype))
    return study.explorable(shift_scene, [function], controls, names=name and [name])


def side_by_side_scene(
    functions,
    values: dict,
    *,
    names=None,
    exact=oracle.log_softmax,
    quantity=None,
) -> Scene:
    """The scene of ``side_by_side`` at ``values``: logit_1 …, temperature, offset, dtype."""
    dtype, temperature = np.dtype(values["dtype"]), float(values["temperature"])
    with np.errstate(over="ignore"):
        z = (logits_of(values) + values["offset"]).astype(dtype)
    truth = exact(z, temperature=temperature)
    answers = [f.ask(z, temperature, truth) for f in study.studied(functions, names)]
    axis = axes.value_axis(quantity or _("log-probability (nats)"), truth, answers)
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
            Readout(_("logits as {dtype} holds them").format(dtype=dtype), numbers.listed(z)),
            Readout(_("exact"), numbers.listed(oracle.to_float(truth), digits=5)),
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
        "readouts": [
            Readout(_("z + c as {dtype} holds it").format(dtype=dtype), numbers.listed(moved))
        ],
        "snippet": assignments(typed=True, z=z, temperature=temperature, c=c),
    }
    (function,) = study.studied(functions, names, **more)
    name = function.name
    lacking = _("{function} gives no log-probabilities before")
    before = function.answer(z, temperature, truth, otherwise=lacking)
    lacking = _("{function} gives no log-probabilities after adding {c}").replace("{c}", shown)
    after = function.answer(moved, temperature, moved_truth, otherwise=lacking)
    change = oracle.ulp_error(after.values, oracle.to_mpf(before.values))
    rounding = _ulps_between(moved_truth, truth, dtype)
    axis = axes.value_axis(_("log-probability (nats)"), truth, [before, after])
    bars = _bars(truth, {_("before"): before, _("after"): after})
    rows = {
        _("after − before"): change,
        _("of it, from rounding z + c"): rounding,
        _("for scale: error of {function} on z + c").format(function=name): after.errors,
    }
    marks = [Mark(e, row=row, status=_error_status(e)) for row, es in rows.items() for e in es]
    lines = [Row(row, _worst_text(es)) for row, es in rows.items()]
    ulps = axes.ulp_axis(_("change (ulp)"), dtype, np.concatenate(list(rows.values())))
    return Scene(
        finding=_shift_finding(name, shown, dtype, change, rounding, after),
        panels=[
            Panel.bars(_("Before and after"), axis, bars, wide=True),
            Panel.number_line(_("How far each class moved"), ulps, lines, marks, wide=True),
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
            bars.append(told_bar(class_name(k + 1), value, status, series=name, exact=exact))
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
    axis = axes.ulp_axis(_("error (ulp)"), dtype, np.concatenate([a.errors for a in answers]))
    return Panel.number_line(_("Error of each class"), axis, rows, marks, wide=True)


def _worst_text(errors):
    worst = numbers.ulp_text(errors.max())
    return _("at most {error}").format(error=worst) if errors.any() else worst


def _failure_text(answer):
    """For how many classes the values are not numbers, in order of the classes; "" for none."""
    counts = {}
    for value, status in zip(answer.values, answer.statuses, strict=True):
        if status is not Status.ORDINARY:
            what = numbers.text(value)
            counts[what] = counts.get(what, 0) + 1
    classes = len(answer.values)
    return joined(
        [
            _("{value} for {classes}").format(value=what, classes=of_classes(n, classes))
            for what, n in counts.items()
        ]
    )


def _side_by_side_finding(answers, working, z):
    if not np.isfinite(z).all():
        return _(
            "The logits themselves are infinite in {dtype}: "
            "no formula can answer what it was not given"
        ).format(dtype=z.dtype)
    if working == answers and not any(map(_failure_text, answers)):
        worst = max(a.worst for a in answers)
        if worst <= _GOOD:
            text = _("All {n} formulas agree with the exact value within {error}")
            if len(answers) == 1:
                text = _("{function} agrees with the exact value within {error}")
            elif len(answers) == 2:
                text = _("Both formulas agree with the exact value within {error}")
            error = numbers.ulp_text(worst)
            return text.format(n=len(answers), function=answers[0].name, error=error)
    return clauses(map(_verdict, answers))


def _verdict(answer):
    if answer.problem:
        return _("{function} gives no answer").format(function=answer.name)
    failures = _failure_text(answer)
    if failures:
        return _("{function} gives {values}").format(function=answer.name, values=failures)
    text = _("{function} is off by {error}")
    if answer.worst <= _GOOD:
        text = _("{function} stays within {error}")
    return text.format(function=answer.name, error=numbers.ulp_text(answer.worst))


def _shift_finding(name, shown, dtype, change, rounding, after):
    failures = _failure_text(after)
    worst, lost = float(change.max()), float(rounding.max())
    if failures:
        text = _("Adding {c} breaks {function}: {values}")
    elif not worst:
        text = _("Adding {c} to every logit changes not a single bit")
    elif worst <= _GOOD:
        text = _("Adding {c} to every logit moves nothing by more than {error}")
    elif after.worst <= _GOOD:
        text = _(
            "Adding {c} rounds the logits themselves in {dtype}: {lost} are gone before "
            "{function} sees them"
        )
    else:
        text = _("Adding {c} costs {function} {error}")
    said = {"c": shown, "function": name, "values": failures, "dtype": dtype}
    return text.format(error=numbers.ulp_text(worst), lost=numbers.ulp_text(lost), **said)
