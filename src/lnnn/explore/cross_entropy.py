"""Explorables of notebook 05: the bars of p − 1{y}, three losses of a wrong model, loss surfaces.

Losses and gradients are called as a student writes them: ``f(logits, labels)`` with one row of
float64 logits, shape (1, V), already divided by T, and one label.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np

from lnnn import exact as oracle
from lnnn.messages import _
from lnnn.observe import observe_call

from . import contours, numbers, study
from .answers import takes
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Scene
from .sliders import (
    Choice,
    Slider,
    logit_name,
    logits_of,
    softmax_sliders,
    temperature_slider,
)
from .snippet import assignments
from .widget import Explorable
from .words import class_name, listed

TRUE_CLASS = 1  # of confidently_wrong: the class of ``logit_1``
REACH = (14.0, 8.0)  # of the two logits of a loss surface

_WRONG = 1e-6  # an error in a gradient that rounding does not explain
_FARTHEST = 60.0  # nats: the gap axis of confidently_wrong reaches further only when asked to
_GRID = (29, 17)  # where a loss surface is computed
_ARROW = 5.0  # logits, for a slope of 1
_BEND = 0.02  # logits: how far a contour may leave the straight line before a point is kept


def p_minus_onehot(
    gradient, *, name=None, logits=(-2.0, 1.0, 0.0), temperature=1.0, true_class=1
) -> Explorable:
    """The gradient of the cross-entropy in each logit, beside the probabilities it is made of.

    gradient: called as ``gradient(logits, labels)`` with a (1, V) float64 array of logits already
    divided by T and a (1,) array of labels; returns a (1, V) array, the gradient of the mean loss.
    name: its title; its own name unless given. logits, temperature, true_class (from 1): where the
    controls start.
    """
    controls = softmax_sliders(logits, temperature, _class_choice(len(logits), true_class))
    return study.explorable(p_minus_onehot_scene, [gradient], controls, names=name and [name])


def confidently_wrong(
    *gradients, names=None, logits=(-12.0, 13.0, 0.0), temperature=1.0, epsilon=1e-8
) -> Explorable:
    """What each loss tells the logit of the true class as the model gets surer of another one.

    gradients: called like that of ``p_minus_onehot``; one with a parameter ``eps`` gets the value
    of the epsilon slider. Class 1 is the true one. names: titles; the functions' own unless given.
    logits, temperature, epsilon: where the sliders start.
    """
    slider = Slider("epsilon", epsilon, 1e-20, 0.1, scale="log", per_decade=2, label=_("epsilon ε"))
    controls = softmax_sliders(logits, temperature, slider)
    return study.explorable(confidently_wrong_scene, gradients, controls, names=names)


def loss_surface(
    *pairs, names=None, logits=(-10.0, 6.0, -4.0), temperature=1.0, true_class=1
) -> Explorable:
    """Contours of losses over the first two logits, and where each gradient points from here.

    pairs: (loss, gradient) for each panel, called as ``f(logits, labels)`` with a (1, V) array of
    logits already divided by T; the loss returns one number, the gradient a (1, V) array.
    names: titles; the losses' own names unless given. The third logit stands still unless moved.
    logits (three of them), temperature, true_class (from 1): where the controls start.
    """
    for pair in pairs or [None]:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(
                _(
                    "loss_surface: give pairs of a loss and its gradient, such as "
                    "loss_surface((cross_entropy, cross_entropy_grad))"
                )
            )
        study.checked("loss_surface", pair)
    names = study.checked("loss_surface", [loss for loss, _gradient in pairs], names)
    controls = [
        *(
            Slider(f"logit_{k}", float(v), -r, r, step=0.5, label=logit_name(k))
            for k, (v, r) in enumerate(zip(logits, (*REACH, REACH[1]), strict=True), start=1)
        ),
        temperature_slider(temperature),
        _class_choice(3, true_class),
    ]
    return Explorable(partial(loss_surface_scene, pairs, names=names), controls)


@study.shows_problems
def p_minus_onehot_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``p_minus_onehot`` at ``values``: logit_1 …, temperature, true_class."""
    temperature, label = float(values["temperature"]), int(values["true_class"]) - 1
    z = logits_of(values)
    code = assignments(z=z, temperature=temperature, label=label)
    (gradient,) = study.studied(functions, names, snippet=code)
    scaled, labels = z[None] / temperature, np.array([label])
    truth = oracle.to_float(oracle.cross_entropy_grad(scaled, labels))[0]
    loss = float(oracle.cross_entropy(scaled, labels))
    p = oracle.to_float(oracle.softmax(scaled))[0]
    answer = gradient.answer(scaled, 1.0, None, labels, otherwise=_("{function} gives no gradient"))
    g = answer.values[0]
    rows = [class_name(k + 1) for k in range(len(z))]
    rows[label] = _("class {k} (true)").format(k=label + 1)
    steepest = 1 / temperature
    ticks = numbers.ticks_at((-steepest, 0, steepest), 3)
    p_axis = Axis(_("probability"), 0, 1, most=3)
    scaled_axis = Axis(_("nats per unit of z/T"), -1, 1, most=3)
    plain_axis = Axis(_("nats per unit of z"), -steepest, steepest, ticks=ticks)
    title, bars = _("Gradient in z/T: p − 1{{y}}").format(), _bars(rows, g, truth)
    return Scene(
        finding=_bars_finding(gradient.name, g, truth, label, loss, p[label]),
        panels=[
            Panel.bars(_("Softmax of z/T"), p_axis, _bars(rows, p)),
            Panel.bars(title, scaled_axis, bars, note=answer.note),
            Panel.bars(_("Gradient in z: divided by T"), plain_axis, _bars(rows, g / temperature)),
        ],
        readouts=[
            Readout(_("loss"), numbers.nats(loss)),
            Readout(_("sum of the gradient"), _nearly(g.sum())),
            Readout(
                _("slope of the loss in T"),
                _("{n} nats").format(n=_nearly(-(g @ z) / temperature**2)),
            ),
        ],
        snippet=code,
    )


@study.shows_problems
def confidently_wrong_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``confidently_wrong`` at ``values``: logit_1 …, temperature, epsilon."""
    temperature, epsilon = float(values["temperature"]), float(values["epsilon"])
    z = logits_of(values)
    code = assignments(z=z, temperature=temperature, eps=epsilon)
    row = z / temperature
    best = row[1:].max()
    gap = float(best - row[0])
    far = max(_FARTHEST, numbers.nice_ceiling(gap) if gap > 0 else 0.0)
    gaps = np.concatenate([np.linspace(-10, 10, 41), np.linspace(10, far, 41)[1:]])
    labels = np.array([TRUE_CLASS - 1])
    curves, here = [], []
    for studied in study.studied(functions, names, snippet=code):
        if takes(studied.function, "eps"):
            studied = replace(studied, function=partial(studied.function, eps=epsilon))
        answer = studied.answer(
            row[None], 1.0, None, labels, otherwise=_("{function} gives no gradient")
        )
        here.append((studied.name, float(answer.values[0, TRUE_CLASS - 1])))
        curves.append(Line(studied.name, gaps, _swept(studied.function, row, best - gaps)))
    log_p = float(oracle.log_softmax(row)[0])
    # p falls below ε where the log-odds against the true class pass ln(1/ε − 1).
    rest = float(oracle.logsumexp(row[1:])[()]) - best
    below = math.log(1 / epsilon - 1) - rest
    pulls = listed(
        _("{function} {value}").format(function=name, value=numbers.text(v, 3)) for name, v in here
    )
    said = _("{nats} ahead, the true logit is told: {pulls}")
    if gap > 0:
        said = _("{nats} behind, the true logit is told: {pulls}")
    label = _("gradient in the true logit z/T")
    ticks = numbers.ticks_at((-1.0, -0.75, -0.5, -0.25, 0.0))
    x = Axis(_("best other logit − true logit, over T (nats)"), -10, far)
    y, across = Axis(label, -1.05, 0.25, ticks=ticks), Axis(label, -1, 0, ticks=ticks)
    marks = [Mark(gap, y=v) for _name, v in here]
    bands = [Band(max(below, -10.0), far, _("p < ε"))] if below < far else []
    title = _("As the true logit falls behind")
    return Scene(
        finding=said.format(nats=numbers.nats(abs(gap), 3), pulls=pulls),
        panels=[
            Panel.lines(title, x, y, curves, marks=marks, bands=bands),
            Panel.bars(_("Here"), across, _bars(*zip(*here, strict=True))),
        ],
        readouts=[
            Readout(_("p of the true class"), numbers.text(float(oracle.softmax(row)[0]), 3)),
            Readout(_("−ln p"), numbers.nats(-log_p)),
            Readout(_("cap of −ln(p + ε)"), numbers.nats(-math.log(epsilon))),
        ],
        snippet=code,
    )


@study.shows_problems
def loss_surface_scene(pairs, values: dict, *, names=None) -> Scene:
    """The scene of ``loss_surface`` at ``values``: logit_1, 2, 3, temperature, true_class."""
    temperature, label = float(values["temperature"]), int(values["true_class"]) - 1
    z = logits_of(values)
    code = assignments(z=z, temperature=temperature, label=label)
    row, labels = z[None] / temperature, np.array([label])
    losses = study.studied([loss for loss, _gradient in pairs], names, snippet=code)
    panels, slopes, readouts = [], [], []
    for loss, (_loss, gradient) in zip(losses, pairs, strict=True):
        value = loss.number(row, labels, otherwise=_("{function} gives no answer"))
        (gradient,) = study.studied([gradient], snippet=code)
        g = gradient.answer(
            row, 1.0, None, labels, otherwise=_("{function} gives no answer")
        ).values[0]
        slope = numbers.text(float(np.hypot(*g[:2])), 3)
        slopes.append(_("{function} by {slope}").format(function=loss.name, slope=slope))
        panels.append(_surface_panel(loss, g, z, temperature, labels))
        readouts.append(Readout(loss.name, numbers.text(value, 4)))
    p = float(oracle.softmax(row)[0, label])
    return Scene(
        finding=_("From here downhill, for one unit of z/T: {slopes}").format(
            slopes=listed(slopes)
        ),
        panels=panels,
        readouts=[Readout(_("p of the true class"), numbers.text(p, 3)), *readouts],
        snippet=code,
    )


def _class_choice(count, start):
    options = tuple(str(k) for k in range(1, count + 1))
    return Choice("true_class", options, start=str(start), label=_("true class"))


def _bars(rows, values, truth=None):
    """A bar of three digits for each row, with a tick at its exact value if that is given."""
    exact = [None] * len(rows) if truth is None else truth
    triples = zip(rows, values, exact, strict=True)
    return [Bar(row, v, exact=e, digits=3) for row, v, e in triples]


def _nearly(x):
    """``x`` to four digits, where what rounding leaves of a 0 is 0."""
    return numbers.text(round(float(x), 12) if math.isfinite(x) else x, 4)


def _bars_finding(name, g, truth, label, loss, p_true):
    off = np.abs(g - truth)
    if not np.isfinite(g).all():
        k = int(np.flatnonzero(~np.isfinite(g))[0])
        text = _("{function} gives {value} for class {k}, where p − 1{{y}} is finite")
        return text.format(function=name, value=numbers.text(g[k]), k=k + 1)
    if off.max() > _WRONG:
        k = int(off.argmax())
        return _(
            "{function} gives {value} for class {k}, and p − 1{{y}} is {exact}: "
            "this is not the gradient of the cross-entropy"
        ).format(
            function=name,
            value=numbers.text(g[k], 3),
            k=k + 1,
            exact=numbers.text(truth[k], 3),
        )
    text = _("A loss of {nats} and a gradient of {value} in the true logit")
    if p_true < 0.01:
        text = _(
            "A loss of {nats} and a gradient of {value} in the true logit: "
            "the model is wrong, and the pull is as strong as it gets"
        )
    elif p_true > 0.99:
        text = _(
            "A loss of {nats} and a gradient of {value} in the true logit: "
            "the model is right, and there is nothing to correct"
        )
    return text.format(nats=numbers.nats(loss, 3), value=numbers.text(g[label], 3))


def _swept(function, row, true_logits):
    """The gradient in the true logit while that logit moves; NaN where there is none."""
    labels = np.array([TRUE_CLASS - 1])

    def sweep():
        out = []
        for z_true in true_logits:
            moved = row[None].copy()
            moved[0, 0] = z_true
            out.append(float(function(moved, labels.copy())[0, TRUE_CLASS - 1]))
        return np.array(out)

    observed = observe_call(sweep, (), {})
    return np.full(len(true_logits), np.nan) if observed.raised else observed.value


def _surface_panel(loss, g, z, temperature, labels):
    heights, (xs, ys) = _heights(loss.function, z, temperature, labels)
    lines = [Line(_("downhill"), *_arrow(z[:2], -_ARROW * g[:2]))]
    for v in _levels(heights):
        lines.append(
            Line(_("loss {level}").format(level=numbers.text(v, 3)), *_contour(xs, ys, heights, v))
        )
    x = Axis(logit_name(1), -REACH[0], REACH[0], ticks=numbers.linear_ticks(-10, 10))
    y = Axis(logit_name(2), -REACH[1], REACH[1])
    return Panel.lines(loss.name, x, y, lines, marks=[Mark(z[0], y=z[1])])


def _heights(loss, z, temperature, labels):
    """The loss on the grid, NaN where it is none, and the two axes of the grid."""
    xs, ys = (np.linspace(-r, r, n) for r, n in zip(REACH, _GRID, strict=True))

    def survey():
        rows = ([[x, y, *z[2:]]] for y in ys for x in xs)
        flat = [loss(np.array(row) / temperature, labels.copy()) for row in rows]
        return np.array(flat, dtype=float).reshape(len(ys), len(xs))

    observed = observe_call(survey, (), {})
    none = np.full((len(ys), len(xs)), np.nan)
    return (none if observed.raised else observed.value), (xs, ys)


def _levels(heights):
    """At most five round levels between the lowest and the highest loss."""
    finite = heights[np.isfinite(heights)]
    if not finite.size or not finite.max() > max(finite.min(), 0):
        return []
    step = numbers.nice_ceiling(finite.max() / 6)
    return [k * step for k in range(1, 6) if finite.min() < k * step < finite.max()]


def _contour(xs, ys, heights, level):
    """(x, y) of the line where the loss has this height; NaN between its pieces."""
    pieces = [contours.thinned(line, _BEND) for line in contours.lines_at(xs, ys, heights, level)]
    points = [np.vstack([piece, [np.nan, np.nan]]) for piece in pieces]
    return np.vstack(points).T if points else np.empty((2, 0))


def _arrow(start, step):
    """(x, y) of a shaft from ``start`` with two barbs at its tip; NaN when it is too short."""
    length = np.hypot(*step)
    if not 0.2 < length < math.inf:
        return np.full((2, 1), np.nan)
    tip, back = start + step, -0.8 * step / length
    side = 0.5 * np.array([-back[1], back[0]])
    return np.array([start, tip, tip + back + side, tip, tip + back - side]).T
