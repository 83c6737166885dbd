"""The explorable of page 00: a softmax and its logarithm, until the floats give way.

``first_look_scene`` is pure: a function and slider values in, a scene out. ``first_look`` wraps it
in a widget.
"""

from functools import partial

import numpy as np

from lnnn import exact as oracle

from . import axes, numbers, study
from .scene import Axis, Bar, Panel, Readout, Scene, Status
from .sliders import logit_sliders, logits_of, temperature_slider
from .widget import Explorable

LOGITS = (4.0, 2.0, 0.0, -2.0)


def first_look(softmax, *, name=None, logits=LOGITS, temperature=1.0) -> Explorable:
    """Probabilities and their logarithms in float32, with a tick at each exact value.

    softmax: called as ``softmax(z / T)``, or as ``softmax(z, temperature=T)`` if it has that
    parameter; ``z`` is a 1-D float32 array. Returns probabilities of its shape. name: its title.
    logits, temperature: where the sliders start.
    """
    study.check_functions("first_look", (softmax,))
    (name,) = study.checked_names(name and [name], (softmax,))
    controls = [*logit_sliders(logits), temperature_slider(temperature)]
    return Explorable(partial(first_look_scene, softmax, name=name), controls)


def first_look_scene(softmax, values: dict, *, name=None) -> Scene:
    """The scene of ``first_look`` at ``values``: logit_1 …, temperature."""
    temperature = float(values["temperature"])
    name = name or study.names_of([softmax])[0]
    z = logits_of(values).astype(np.float32)
    log_truth = oracle.log_softmax(z, temperature=temperature)
    p = study.ask(name, softmax, z, temperature, oracle.exp(log_truth))
    snippet = f"z = np.array({z.tolist()!r}, dtype=np.float32)\ntemperature = {temperature!r}"
    if p.problem:
        finding = f"{name} gives no probabilities"
        return Scene.problem(finding, name, p.problem, snippet=snippet)
    log_p = study.ask(f"ln of {name}", lambda _: _log(p.values), z, 1.0, log_truth)
    return Scene(
        finding=_finding(name, p, log_p, log_truth),
        panels=[
            Panel.bars(
                f"{name}(z / T)",
                Axis("probability", 0, 1, ticks=numbers.linear_ticks(0, 1, most=3)),
                _bars(p, oracle.exp(log_truth), digits=3),
                note=p.note,
            ),
            Panel.bars(
                "and its logarithm",
                axes.value_axis("ln p (nats)", log_truth, [log_p]),
                _bars(log_p, log_truth, digits=5),
            ),
        ],
        readouts=[
            Readout("sum of the probabilities", numbers.text(float(p.values.sum()), 6)),
            Readout("exact ln p", ", ".join(numbers.text(float(v), 5) for v in log_truth)),
        ],
        snippet=snippet,
    )


def _log(p):
    with np.errstate(all="ignore"):
        return np.log(p)


def _bars(answer, truth, digits):
    bars = []
    for k, (value, status, exact) in enumerate(
        zip(answer.values, answer.statuses, truth, strict=True)
    ):
        if value == 0 and exact != 0:  # rounded as it must be, and still the end of its logarithm
            status = Status.UNDERFLOW
        word = {Status.UNDERFLOW: " flushed", Status.OVERFLOW: " overflow"}.get(status, "")
        text = numbers.text(value, digits) + word
        bars.append(Bar(f"class {k + 1}", float(value), "", status, text, exact=float(exact)))
    return bars


def _finding(name, p, log_p, log_truth):
    broken = [k + 1 for k, status in enumerate(p.statuses) if status is Status.NAN]
    if broken:
        many = "classes" if len(broken) > 1 else "class"
        listed = ", ".join(map(str, broken))
        return f"{name} returns NaN for {many} {listed}; the exact row has nothing strange about it"
    infinite = [k for k, value in enumerate(log_p.values) if not np.isfinite(value)]
    if infinite:
        k = infinite[-1]
        return (
            f"The probability of class {k + 1} is {numbers.text(p.values[k])}, so its logarithm "
            f"is {numbers.text(log_p.values[k])}. It should be "
            f"{numbers.nats(float(log_truth[k]), 5)}"
        )
    best, worst = int(np.argmax(p.values)), int(np.argmin(p.values))
    return (
        f"Class {best + 1} gets {numbers.text(p.values[best], 3)}, "
        f"class {worst + 1} gets {numbers.text(p.values[worst], 3)}"
    )
