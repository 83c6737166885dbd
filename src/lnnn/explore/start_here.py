"""The explorable of page 00: a softmax and its logarithm, until the floats give way."""

import numpy as np

from lnnn import exact as oracle
from lnnn.messages import N_, _, ngettext

from . import axes, numbers, study
from .answers import ask
from .bars import FLUSHED, told_bar
from .scene import Axis, Panel, Readout, Scene
from .sliders import logits_of, softmax_sliders
from .snippet import assignments
from .status import Status
from .widget import Explorable
from .words import class_name, listed

LOGITS = (4.0, 2.0, 0.0, -2.0)

_WORDS = FLUSHED | {Status.OVERFLOW: N_("{value} overflow")}


def first_look(softmax, *, name=None, logits=LOGITS, temperature=1.0) -> Explorable:
    """Probabilities and their logarithms in float32, with a tick at each exact value.

    softmax: called as ``softmax(z / T)``, or as ``softmax(z, temperature=T)`` if it has that
    parameter; ``z`` is a 1-D float32 array. Returns probabilities of its shape. name: its title.
    logits, temperature: where the sliders start.
    """
    controls = softmax_sliders(logits, temperature)
    return study.explorable(first_look_scene, [softmax], controls, names=name and [name])


@study.shows_problems
def first_look_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``first_look`` at ``values``: logit_1 …, temperature."""
    temperature = float(values["temperature"])
    z = logits_of(values).astype(np.float32)
    code = assignments(typed=True, z=z, temperature=temperature)
    (softmax,) = study.studied(functions, names, snippet=code)
    name = softmax.name
    log_truth = oracle.log_softmax(z, temperature=temperature)
    truth = oracle.exp(log_truth)
    p = softmax.answer(z, temperature, truth, otherwise=_("{function} gives no probabilities"))
    with np.errstate(all="ignore"):
        log_p = ask("", lambda _same: np.log(p.values), z, 1.0, log_truth)
    p_axis = Axis(_("probability"), 0, 1, most=3)
    log_axis = axes.value_axis(_("ln p (nats)"), log_truth, [log_p])
    return Scene(
        finding=_finding(name, p, log_p, log_truth),
        panels=[
            Panel.bars(f"{name}(z / T)", p_axis, _bars(p, truth, digits=3), note=p.note),
            Panel.bars(_("and its logarithm"), log_axis, _bars(log_p, log_truth, digits=5)),
        ],
        readouts=[
            Readout(_("sum of the probabilities"), numbers.text(p.values.sum())),
            Readout(_("exact ln p"), numbers.listed(log_truth, 5)),
        ],
        snippet=code,
    )


def _bars(answer, truth, digits):
    bars = []
    for k, (value, status, exact) in enumerate(
        zip(answer.values, answer.statuses, truth, strict=True)
    ):
        if value == 0 and exact != 0:  # rounded as it must be, and still the end of its logarithm
            status = Status.UNDERFLOW
        row, exact = class_name(k + 1), float(exact)
        bars.append(told_bar(row, value, status, digits=digits, words=_WORDS, exact=exact))
    return bars


def _finding(name, p, log_p, log_truth):
    broken = [str(k + 1) for k, status in enumerate(p.statuses) if status is Status.NAN]
    if broken:
        text = ngettext(
            "{function} returns NaN for class {k}; the exact row has nothing strange about it",
            "{function} returns NaN for classes {k}; the exact row has nothing strange about it",
            len(broken),
        )
        return text.format(function=name, k=listed(broken))
    infinite = [k for k, value in enumerate(log_p.values) if not np.isfinite(value)]
    if infinite:
        k = infinite[-1]
        return _(
            "The probability of class {k} is {p}, so its logarithm is {log_p}. It should be {exact}"
        ).format(
            k=k + 1,
            p=numbers.text(p.values[k]),
            log_p=numbers.text(log_p.values[k]),
            exact=numbers.nats(float(log_truth[k]), 5),
        )
    best, worst = int(np.argmax(p.values)), int(np.argmin(p.values))
    return _("Class {best} gets {p}, class {worst} gets {q}").format(
        best=best + 1,
        p=numbers.text(p.values[best], 3),
        worst=worst + 1,
        q=numbers.text(p.values[worst], 3),
    )
