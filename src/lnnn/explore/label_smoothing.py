"""Explorables of notebook 06: a smoothed target and its loss, the calibration of real models."""

import math

import numpy as np
from scipy import special

from lnnn.messages import _

from . import axes, numbers, study
from .scene import Axis, Bar, Line, Mark, Panel, Readout, Scene
from .sliders import Choice, Slider, logit_name, logit_sliders, logits_of, temperature_slider
from .snippet import assignments
from .status import Status, status_of
from .widget import Explorable
from .words import class_name, clauses, listed, page_word

CLASSES = ("3", "10", "100", "1000")
LOGITS = (8.0, 0.0, 0.0)  # of the true class, of class 2, of each class after that
BINS = 10

_LOW, _HIGH = -1.0, 16.0  # gaps on the picture, in nats
_POINTS = 51
_SAME = 1e-6  # two losses or gaps that agree to this are one
_NEAR = 5e-4  # nats above the floor that nobody sees in the picture
_FEW = 10  # a bin with fewer predictions says little about how often they are right


def smoothing(
    smooth_labels,
    smoothed_cross_entropy,
    minimum_loss=None,
    optimal_gap=None,
    *,
    names=None,
    logits=LOGITS,
    temperature=1.0,
    alpha=0.1,
    classes="10",
) -> Explorable:
    """A smoothed target beside the model, and the loss over the gap with its lowest point marked.

    smooth_labels: called as ``smooth_labels(labels, V, alpha)`` with one label; returns (1, V).
    smoothed_cross_entropy: called as ``f(logits, labels, alpha)``, logits (1, V) float64, already
    divided by the temperature; returns one number in nats.
    minimum_loss, optimal_gap: may be given too, called as ``f(V, alpha)``; they are held against
    the entropy of the target and the gap at which it is reached.
    names: titles of the functions given, in order. logits: of the true class, of class 2, of each
    other class. temperature, alpha, classes: where the sliders start.
    """
    if len(logits) != len(LOGITS):
        text = _("logits: three, of {rows}; not {n}")
        raise ValueError(text.format(rows=listed(_rows()), n=len(logits)))
    titles = (_("logit 1 (true class)"), logit_name(2), _("each other logit"))
    controls = [
        *logit_sliders(logits, titles),
        temperature_slider(temperature),
        Slider("alpha", alpha, 0.0, 0.9, step=0.01, label=_("smoothing α")),
        Choice("classes", CLASSES, start=classes, label=_("classes V")),
        Choice(
            "class_2", ("allowed", "masked"), label=class_name(2), texts=(_("allowed"), _("masked"))
        ),
    ]
    functions = (smooth_labels, smoothed_cross_entropy, minimum_loss, optimal_gap)
    return study.explorable(smoothing_scene, functions, controls, names=names)


def reliability(
    softmax, models: dict, labels, *, name=None, model=None, temperature=1.0
) -> Explorable:
    """How often predictions of each confidence are right, for models over a temperature.

    softmax: called as ``softmax(z, temperature=T)`` if it has that parameter, else as
    ``softmax(z / T)``; ``z`` are the logits (B, V) of a model. models: {name: logits}, two or more.
    labels: (B,) true classes. model, temperature: where the controls start.
    """
    models = {str(key): np.asarray(z, dtype=float) for key, z in models.items()}
    labels = np.asarray(labels)
    for key, z in models.items():
        if z.ndim != 2 or labels.shape != z.shape[:1]:
            raise ValueError(
                _(
                    "models: {name!r} has logits of shape {shape}, and there are {labels} labels; "
                    "(B, V) and (B,) are needed"
                ).format(name=key, shape=z.shape, labels=labels.shape)
            )
    controls = [
        Choice("model", tuple(models), start=model or "", label=_("trained with")),
        temperature_slider(temperature),
    ]
    about = {"models": models, "labels": labels, "names": name and [name]}
    return study.explorable(reliability_scene, [softmax], controls, **about)


@study.shows_problems
def smoothing_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``smoothing`` at ``values``: logit_1 …, temperature, alpha, classes, class_2."""
    alpha, classes = float(values["alpha"]), int(values["classes"])
    z_true, z_2, z_other = (float(z) / values["temperature"] for z in logits_of(values))
    gap = z_true - z_other
    rival = -math.inf if values["class_2"] == "masked" else z_2 - z_other
    code = _snippet(gap, rival, classes, alpha)
    target_of, loss_of, *extras = study.studied(functions, names, snippet=code)

    target = _target(target_of, classes, alpha)
    row, *more = _asked(gap, rival, classes, alpha)
    loss = loss_of.number(row, *more, otherwise=_("{function} gives no loss"))
    log_p = special.log_softmax(row)
    lowest = _lowest_gap(target, rival)
    faults = [
        *_target_faults(target_of.name, target, alpha),
        *_loss_faults(loss_of.name, loss, target, log_p),
    ]
    readouts = [
        Readout(_("loss"), numbers.nats(loss, 4), status_of(loss)),
        Readout(_("gap after division by T"), numbers.nats(gap, 4)),
        Readout(_("entropy of the target"), numbers.nats(_entropy(target), 4)),
    ]
    # Of the lowest loss and the best gap either may be given, both or none.
    truths = zip((*functions, None, None)[2:4], _truths(target), strict=True)
    truths = [truth for function, truth in truths if function is not None]
    for function, truth in zip(extras, truths, strict=True):
        said = function.number(classes, alpha, otherwise=_("{function} gives no number"))
        status = Status.ORDINARY if said == truth else status_of(said)
        readouts.append(Readout(function.name, numbers.nats(said, 4), status))
        if not numbers.agree(said, truth, _SAME):
            text = _("{function} says {value} and should be {exact}")
            faults.append(
                text.format(function=function.name, value=_short(said), exact=_short(truth))
            )

    def loss_at(gap, alpha=alpha):
        return loss_of.number_or_nan(*_asked(gap, rival, classes, alpha))

    x = np.linspace(_LOW, _HIGH, _POINTS)
    curves = [Line(_("loss, α = {alpha:g}").format(alpha=alpha), x, list(map(loss_at, x)))]
    if alpha > 0:
        curves.append(
            Line(_("loss, α = {alpha:g}").format(alpha=0), x, [loss_at(v, 0.0) for v in x])
        )
    curves.append(Line(_("entropy of the target"), x[[0, -1]], [_entropy(target)] * 2))
    points = {_("model"): (gap, loss)}
    # Not where target and loss do not agree, nor where the two words would cover each other.
    least = loss_at(lowest) if math.isfinite(lowest) else math.nan
    if math.isfinite(least) and not faults and abs(gap - lowest) > 1:
        points[_("lowest")] = (lowest, least)
    shown = ((_("target q"), target), (_("model p"), np.exp(log_p)[0]))
    bars = [Bar(row, of[k], name, digits=3) for k, row in enumerate(_rows()) for name, of in shown]
    return Scene(
        finding=clauses(faults) or _smoothing_finding(loss, gap, lowest, target, log_p, rival),
        panels=[
            _loss_panel(curves, points),
            Panel.bars(_("Target and model"), Axis(_("probability"), 0, 1), bars),
        ],
        readouts=readouts,
        snippet=code,
    )


@study.shows_problems
def reliability_scene(functions, values: dict, *, models, labels, names=None) -> Scene:
    """The scene of ``reliability`` at ``values``: model, temperature."""
    model, temperature = values["model"], float(values["temperature"])
    (softmax,) = study.studied(functions, names)
    otherwise = _("{function} gives no probabilities")
    p = softmax.answer(models[model], temperature, otherwise=otherwise).values
    problem = _no_distributions(softmax.name, p)
    if problem:
        softmax.gives_nothing(problem, otherwise)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    counts, said, was = _binned(confidence, right)
    drawn, some = counts >= _FEW, counts > 0
    error = float((counts[some] * abs(was[some] - said[some])).sum() / counts.sum())
    with np.errstate(divide="ignore"):
        nll = -np.log(p[np.arange(len(labels)), labels]).mean()
    x = Axis(_("confidence: the largest probability"), 0, 1)
    y = Axis(_("share of right predictions"), 0, 1)
    points = list(zip(said[drawn], was[drawn], strict=True))
    about = {
        "marks": [Mark(a, y=b, status=Status.ORDINARY) for a, b in points],
        "note": _("Bins with fewer than {n} predictions are left out.").format(n=_FEW),
    }
    lines = [Line(_("calibrated"), [0, 1], [0, 1]), Line(model, said[drawn], was[drawn])]
    between = _("{low:.1f} to {high:.1f}")
    bars = [
        Bar(between.format(low=k / BINS, high=(k + 1) / BINS), counts[k], text=str(counts[k]))
        for k in reversed(range(BINS))
    ]
    title = _("How many of {n} predictions").format(n=len(labels))
    axis = Axis(_("predictions"), 0, len(labels), most=4)
    return Scene(
        finding=_reliability_finding(model, temperature, confidence.mean(), right.mean()),
        panels=[
            Panel.lines(_("How often they are right"), x, y, lines, **about),
            Panel.bars(title, axis, bars),
        ],
        readouts=[
            Readout(_("accuracy"), f"{right.mean():.3f}"),
            Readout(_("mean confidence"), f"{confidence.mean():.3f}"),
            Readout(_("expected calibration error"), f"{error:.3f}"),
            Readout(_("NLL"), numbers.nats(nll, 3), status_of(nll)),
        ],
        snippet=assignments(model=model, temperature=temperature),
    )


# The target and its loss.


def _rows():
    return _("class {k} (true)").format(k=1), class_name(2), _("each other class")


def _asked(gap, rival, classes, alpha):
    """What the loss is called with, where the true logit stands ``gap`` above the others."""
    row = np.zeros((1, classes))
    row[0, :2] = gap, rival
    return row, np.array([0]), alpha


def _target(studied, classes, alpha):
    """The row for label 0; what is wrong with it ends the scene."""
    otherwise = _("{function} gives no target")
    target = studied.array((1, classes), np.array([0]), classes, alpha, otherwise=otherwise)
    row = target.values[0]
    if not np.isfinite(row).all():
        problem = _("{function} returned a target that is not finite: {row} …")
        studied.gives_nothing(problem.format(function=studied.name, row=row[:3]), otherwise)
    return row


def _entropy(target):
    return float(special.entr(target).sum())


def _truths(target):
    """The lowest loss and the gap at which it is reached, all other logits being equal."""
    others = target[1:].mean()
    gap = math.inf if others <= 0 else math.log(target[0] / others) if target[0] > 0 else -math.inf
    return _entropy(target), gap


def _lowest_gap(target, rival):
    """Where the loss is lowest over the true logit alone: there p of the true class is its q."""
    q = target[0]
    if not 0 < q < 1:
        return math.inf if q >= 1 else -math.inf
    return math.log(q / (1 - q)) + float(np.logaddexp(rival, math.log(len(target) - 2)))


def _short(value):
    return numbers.text(value, 4)


def _target_faults(name, target, alpha):
    total = float(target.sum())
    if not numbers.agree(total, 1.0, _SAME):
        text = _("The target of {function} sums to {total}, not to 1: no distribution")
        return [text.format(function=name, total=_short(total))]
    if target.min() < 0:
        text = _("{function} gives a class {q}: a probability below 0")
        return [text.format(function=name, q=_short(target.min()))]
    if target[0] < target[1:].max():
        text = _("At α = {alpha:g} {function} prefers a wrong class: {q}")
        return [text.format(alpha=alpha, function=name, q=_short(target[1:].max()))]
    return []


def _loss_faults(name, loss, target, log_p):
    """What is wrong with a loss that should be −Σ q ln p, a class with q = 0 costing nothing."""
    asked = target > 0
    expected = float(-(target[asked] * log_p[0, asked]).sum())
    if math.isnan(loss):
        text = _("{function} is NaN and should be {exact}: 0 times −inf is no number")
    elif not numbers.agree(loss, expected, _SAME):
        text = _("{function} says {loss}, and against this target the model costs {exact}")
    else:
        return []
    return [text.format(function=name, loss=numbers.nats(loss), exact=numbers.nats(expected))]


def _smoothing_finding(loss, gap, lowest, target, log_p, rival):
    says, asked = float(np.exp(log_p[0, 0])), float(target[0])
    if math.isinf(loss):
        return _(
            "Class 2 is impossible for the model, and the target gives it {q}: the loss is infinite"
        ).format(q=_short(target[1]))
    if math.isinf(lowest):
        text = _("The loss is {loss}: with a hard label a larger gap is always cheaper")
        return text.format(loss=numbers.nats(loss, 2))
    floor = _short(_entropy(target))
    if loss - _entropy(target) < _NEAR:
        text = _("The model says what the target says and pays {loss}; the lowest is {lowest}")
    elif abs(gap - lowest) < 0.02:
        text = _(
            "The true class is where it should be, class 2 is not: {loss}, "
            "and the lowest is {lowest}"
        )
    else:
        text = _("Surer than asked ({p}, not {q}), it pays {loss}; the lowest is {lowest}")
        if gap < lowest:
            text = _("Less sure than asked ({p}, not {q}), it pays {loss}; the lowest is {lowest}")
        if abs(rival) < _SAME:
            where = _("{loss} at a gap of {gap}")
            floor = where.format(loss=floor, gap=numbers.text(lowest, 3))
    p, q, loss = _short(says), _short(asked), numbers.nats(loss, 4)
    return text.format(p=p, q=q, loss=loss, lowest=floor)


def _loss_panel(curves, points):
    shown = [v for line in curves for v in line.y if np.isfinite(v)]
    losses = axes.from_zero(_("loss (nats)"), shown, most=5)
    marks, away = [], []
    for name, (x, y) in points.items():
        if not _LOW <= x <= _HIGH:
            away.append(_("{name} at {gap}").format(name=name, gap=numbers.text(x, 3)))
        elif math.isfinite(y):
            marks.append(Mark(x, name, y=y, status=Status.ORDINARY))
        else:
            marks.append(
                Mark(
                    x,
                    page_word("named", name=name, value=numbers.text(y)),
                    y=losses.high,
                    status=status_of(y),
                )
            )
    note = _("Off the picture: {points}.").format(points=listed(away)) if away else ""
    gaps = Axis(_("gap of the true logit to the others, after division by T (nats)"), _LOW, _HIGH)
    return Panel.lines(_("Loss"), gaps, losses, curves, marks=marks, note=note)


def _snippet(gap, rival, classes, alpha):
    return (
        f"logits = np.zeros((1, {classes}))\n"
        f"logits[0, :2] = {gap!r}, {'-np.inf' if math.isinf(rival) else repr(rival)}\n"
        f"labels = np.array([0])\nalpha = {alpha!r}"
    )


# Reliability.


def _no_distributions(name, p):
    if np.isnan(p).any():
        text = _("{function} returned NaN in {n} of {rows} rows.")
        return text.format(function=name, n=int(np.isnan(p).any(axis=1).sum()), rows=len(p))
    if p.min() < 0 or not np.allclose(p.sum(axis=1), 1, atol=1e-6):
        text = _(
            "{function} returned rows that are no probabilities: each must be ≥ 0 and sum to 1."
        )
        return text.format(function=name)
    return ""


def _binned(confidence, right):
    """Counts, mean confidences and shares of right predictions in equal bins; NaN where empty."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(which, minlength=BINS)
    with np.errstate(invalid="ignore"):
        said, was = (
            np.bincount(which, weights=w, minlength=BINS) / counts for w in (confidence, right)
        )
    return counts, said, was


def _reliability_finding(model, temperature, confidence, accuracy):
    points = 100 * (confidence - accuracy)
    if abs(points) < 1:
        text = _(
            "{model} at T = {temperature}: confidence {confidence:.3f}, accuracy {accuracy:.3f}, "
            "within one point of each other"
        )
    elif points > 0:
        text = _(
            "{model} at T = {temperature}: confidence {confidence:.3f}, accuracy {accuracy:.3f}, "
            "over-confident by {points:.0f} points"
        )
    else:
        text = _(
            "{model} at T = {temperature}: confidence {confidence:.3f}, accuracy {accuracy:.3f}, "
            "under-confident by {points:.0f} points"
        )
    return text.format(
        model=model,
        temperature=numbers.text(temperature, 3),
        confidence=confidence,
        accuracy=accuracy,
        points=abs(points),
    )
