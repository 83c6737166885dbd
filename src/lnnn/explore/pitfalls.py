"""Explorables of page and lab 07: a bug beside its cure, now and over a training run; epsilon's
cap; a cross-entropy as entropy plus divergence."""

import math
from functools import partial

import numpy as np
from scipy import special

from lnnn import exact as oracle
from lnnn.messages import _

from . import axes, numbers, study
from .curves import finite, within
from .descent import FEATURES, LABELS, STEPS, StudiedLoss
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Scene
from .sliders import Choice, Slider, dtype_choice, logit_name, logits_of, softmax_sliders
from .snippet import assignments
from .status import Status, log_status, status_of
from .widget import Explorable
from .words import class_name, clauses, joined

LOGITS = (7.0, 1.0, 0.0)

_TOLERANCE = 0.02  # a relative difference that a reader can see

_GAPS = np.linspace(0, 60, 121)  # nats

TARGET = np.array([[0.7, 0.3, 0.0]])
_ENTROPY = float(special.entr(TARGET).sum())
_SAME = 1e-9  # two losses that agree to this, relative or in nats, are one


def bug_hunt(bugs, *, logits=LOGITS, temperature=1.0, bug=None) -> Explorable:
    """A buggy loss beside its cure: what both say, their slopes, and a training run with each.

    bugs: ``{name: (buggy, cured)}``. Each is called as ``f(z, labels, temperature=T)`` if it has
    that parameter, else as ``f(z / T, labels)``; ``z`` is (6, V) float32, ``labels`` (6,). It
    returns the loss, one number, or ``(loss, gradient)`` with the gradient in its first argument.
    Where it returns no gradient, training takes central differences of the loss.
    logits: of the first row; the other rows are these times 0.75, 0.5, 0, −0.5 and −1.
    bug: the name to start with; the first unless given.
    """
    bugs = _checked_bugs(bugs)
    choice = Choice("bug", tuple(bugs), start=bug or "", label=_("bug"))
    controls = softmax_sliders(logits, temperature, choice)
    return Explorable(partial(bug_hunt_scene, bugs), controls)


def epsilon_cap(
    loss, *, name=None, eps=1e-7, dtype="float32", logits=(0.0, 20.0), temperature=1.0
) -> Explorable:
    """The loss of class 1 over its gap to class 2, with an epsilon at work, and its slope.

    loss: called as ``loss(p, eps)``; ``p`` is a 1-D array of the chosen dtype with probabilities of
    the true class, some of them 0; returns an array of its shape, in nats.
    eps, dtype, logits, temperature: where the sliders start.
    """
    slider = Slider("eps", eps, 1e-16, 0.1, scale="log", per_decade=2, label=_("epsilon"))
    controls = softmax_sliders(logits, temperature, slider, dtype_choice(dtype))
    return study.explorable(epsilon_cap_scene, [loss], controls, names=name and [name])


def entropy_and_divergence(
    soft_cross_entropy,
    kl_divergence,
    *,
    names=None,
    logits=(1.0, 0.0, 2.0),
    temperature=1.0,
    class_3="possible",
) -> Explorable:
    """The loss for a soft target, once as such, once as its entropy plus the divergence.

    The target gives three classes 0.7, 0.3 and 0; class 3 can be ruled out with a logit of −inf.
    soft_cross_entropy: called as ``f(logits, targets)``, both (1, 3) float64, the logits already
    divided by the temperature; returns one number in nats. kl_divergence: called as
    ``f(log_p, log_q)``, both (1, 3), the target first; returns one number, or an array of one.
    names: titles of the two. logits, temperature, class_3: where the controls start.
    """
    if len(logits) != TARGET.size:
        text = _("logits: three, one for each class of the target; not {n}")
        raise ValueError(text.format(n=len(logits)))
    texts = (_("possible"), _("ruled out"))
    options = ("possible", "ruled out")
    choice = Choice("class_3", options, start=class_3, label=class_name(3), texts=texts)
    controls = softmax_sliders(logits, temperature, choice)
    functions = (soft_cross_entropy, kl_divergence)
    return study.explorable(entropy_and_divergence_scene, functions, controls, names=names)


@study.shows_problems
def bug_hunt_scene(bugs, values: dict) -> Scene:
    """The scene of ``bug_hunt`` at ``values``: bug, logit_1 …, temperature."""
    bug, temperature = values["bug"], float(values["temperature"])
    start = logits_of(values)
    z = FEATURES[:, None] * start  # (6, V)
    labels = np.minimum(LABELS, len(start) - 1)
    code = (
        f"z = np.array({z.tolist()!r}, dtype=np.float32)\n"
        f"{assignments(labels=labels, temperature=temperature)}"
    )
    kinds = (_("with the bug"), _("cured"))
    pair = zip(kinds, study.names_of(bugs[bug]), bugs[bug], strict=True)
    studied = {kind: StudiedLoss(name, f, labels, temperature) for kind, name, f in pair}
    # What the cured one changes is its own business.
    no_loss = _("{bug}, {kind}: no loss")
    changes, _of_the_cured = (
        loss.first_call(z, finding=no_loss.format(bug=bug, kind=kind), snippet=code)
        for kind, loss in studied.items()
    )
    buggy, cured = studied.values()
    units = np.zeros((len(start), *z.shape))  # one of each logit of the first row
    units[:, 0] = np.eye(len(start))
    with np.errstate(all="ignore"):
        losses = {kind: loss(z)[0] for kind, loss in studied.items()}
        slopes = {k: loss.slopes(z, units) for k, loss in studied.items()}
        astray = buggy.path(z)
        curves = {
            _("reported with the bug"): [buggy(z_t)[0] for z_t in astray],
            _("true loss with the bug"): [cured(z_t)[0] for z_t in astray],
            _("without the bug"): [cured(z_t)[0] for z_t in cured.path(z)],
        }
    row = clauses([class_name(labels[0] + 1), numbers.listed(start / temperature, 4)])
    end = _("{curve} {loss}")
    ends = [end.format(curve=name, loss=_coarse(losses[-1])) for name, losses in curves.items()]
    note = _("changes the logits it was given") if changes else ""
    return Scene(
        finding=_bug_finding(bug, losses, slopes, curves, changes),
        panels=[
            _loss_panel(losses, note),
            _slope_panel(slopes),
            _training_panel(curves),
        ],
        readouts=[
            Readout(_("row 1: label and logits / T"), row),
            Readout(
                _("after {n} steps").format(n=STEPS),
                _("{losses} nats").format(losses=clauses(ends)),
            ),
        ],
        snippet=code,
    )


@study.shows_problems
def epsilon_cap_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``epsilon_cap`` at ``values``: logit_1, logit_2, temperature, eps, dtype."""
    dtype, eps, T = np.dtype(values["dtype"]), float(values["eps"]), float(values["temperature"])
    (loss,) = study.studied(functions, names)
    z = logits_of(values)
    gap = float((z[1] - z[0]) / T)
    shown_gap = min(max(gap, 0.0), _GAPS[-1])
    gaps = np.concatenate([[gap, gap - 0.5, gap + 0.5], _GAPS])
    with np.errstate(all="ignore"):
        p = special.expit(-gaps).astype(dtype)  # softmax of two logits, rounded once
    answer = loss.answer(p, 1.0, None, eps, otherwise=_("{function} gives no loss"))
    said = answer.values.astype(float)
    at, below, above = said[:3]
    curve = said[3:]
    with np.errstate(invalid="ignore"):
        slope, slopes = above - below, curve[2:] - curve[:-2]  # one nat apart
    truth = special.log_expit(-gaps)[3:] * -1.0
    true_here = -float(special.log_expit(-gap))
    held = float(np.array(eps, dtype))
    bands = []
    if not np.isfinite(curve).all():
        first = _GAPS[np.flatnonzero(~np.isfinite(curve))[0]]
        bands = [Band(first, _GAPS[-1], "inf", Status.UNDERFLOW)]
    status = log_status(at)
    mark = Mark(shown_gap, _short(at), y=_on(at, 0, _GAPS[-1]), status=status)
    slope_mark = Mark(shown_gap, _short(slope), y=_on(slope, -0.1, 1.1), status=status_of(slope))
    losses = [Line(_("exact"), _GAPS, truth), Line(loss.name, _GAPS, finite(curve))]
    slopes = [
        Line(_("exact"), _GAPS, special.expit(_GAPS)),
        Line(loss.name, _GAPS[1:-1], finite(slopes)),
    ]
    x = Axis(_("gap: logit of class 2 minus class 1, over T (nats)"), 0, 60)
    y = Axis(_("loss (nats)"), 0, 60)
    up = Axis(_("slope"), -0.1, 1.1, ticks=numbers.ticks_at((0, 0.5, 1)))
    title = _("The loss, if class 1 is right")
    return Scene(
        finding=_epsilon_finding(loss.name, eps, held, dtype, gap, at, true_here, slope),
        panels=[
            Panel.lines(title, x, y, losses, marks=[mark], bands=bands),
            Panel.lines(_("Its slope in the gap"), x, up, slopes, marks=[slope_mark]),
        ],
        readouts=[
            Readout(_("epsilon as {dtype} holds it").format(dtype=dtype), numbers.text(held, 3)),
            Readout(_("−ln of that"), numbers.nats(-math.log(held) if held > 0 else math.inf)),
            Readout(_("exact loss"), numbers.nats(true_here)),
            Readout(loss.name, numbers.nats(at, 3), status),
        ],
        snippet=f"p = np.array({special.expit(-gap):.6g}, dtype=np.{dtype})\neps = {eps!r}",
    )


@study.shows_problems
def entropy_and_divergence_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``entropy_and_divergence`` at ``values``: logit_1 …, temperature, class_3."""
    z = logits_of(values)[None] / float(values["temperature"])  # (1, 3)
    if values["class_3"] == "ruled out":
        z[0, 2] = -np.inf
    code = assignments(logits=z, targets=TARGET)
    cross_entropy, divergence = study.studied(functions, names, snippet=code)
    log_q = oracle.to_float(oracle.log_softmax(z))
    with np.errstate(divide="ignore"):
        log_p = np.log(TARGET)
    loss = cross_entropy.number(z, TARGET, otherwise=_("{function} gives no loss"))
    extra = divergence.number(log_p, log_q, otherwise=_("{function} gives no number"))
    right = float(oracle.soft_cross_entropy(z, TARGET))
    bars = [
        Bar(cross_entropy.name, loss, exact=right),
        Bar(
            _("entropy + {function}").format(function=divergence.name),
            _ENTROPY + extra,
            exact=right,
        ),
    ]
    title = _("Loss for the target {q}").format(q=numbers.listed(TARGET[0]))
    axis = axes.from_zero(_("loss (nats)"), [right], most=5)
    return Scene(
        finding=_entropy_finding(right, {cross_entropy.name: loss, divergence.name: extra}),
        panels=[Panel.bars(title, axis, bars, wide=True)],
        readouts=[Readout(_("model"), numbers.listed(np.exp(log_q[0]), 3))],
        snippet=code,
    )


def _checked_bugs(bugs):
    try:
        pairs = {str(name): tuple(pair) for name, pair in dict(bugs).items()}
    except (TypeError, ValueError):
        pairs = {}
    if len(pairs) < 2 or any(len(pair) != 2 for pair in pairs.values()):
        raise ValueError(
            _("bug_hunt: give two bugs or more, each as {example}, two functions").format(
                example='{"its name": (buggy, cured)}'
            )
        )
    for pair in pairs.values():
        study.checked("bug_hunt", pair)
    return pairs


# Numbers and words.


def _short(value):
    return numbers.text(value, 3)


def _coarse(value):
    """Two digits: what a training run in float32 gives on every machine."""
    return numbers.text(value, 2)


def _on(value, low, high):
    """``value`` where the axis has it, else the nearer end (low for NaN)."""
    return low if math.isnan(value) else min(max(value, low), high)


def _differ(a, b):
    """Not the same to a reader's eye; infinities and NaN count."""
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        scale = np.nanmax(np.abs(finite(b)), initial=0.05)
        return bool((~same & ~(np.abs(a - b) <= _TOLERANCE * scale)).any())


def _range(values, least):
    """Axis ends around 0 and all finite values, at least ``least`` wide."""
    known = [0.0, *(v for v in values if math.isfinite(v))]
    low = -numbers.nice_ceiling(-min(known)) if min(known) < -1e-3 * least else 0.0
    return low, numbers.nice_ceiling(max(*known, least))


def _loss_panel(losses, note):
    low, high = _range(losses.values(), 0.1)
    bars = [Bar(kind, float(f"{v:.4g}"), text=_short(v)) for kind, v in losses.items()]
    axis = Axis(_("loss (nats)"), low, high, most=4)
    return Panel.bars(_("The loss at the sliders"), axis, bars, note=note)


def _slope_panel(slopes):
    low, high = _range([v for pair in slopes.values() for v in pair], 0.01)
    reach = max(-low, high)
    bars = []
    for k, pair in enumerate(zip(*slopes.values(), strict=True), start=1):
        for kind, v in zip(slopes, pair, strict=True):
            bars.append(Bar(logit_name(k), _clean(v, reach), series=kind))
    ticks = numbers.ticks_at((-reach, 0.0, reach))
    axis = Axis(_("slope (nats for each unit)"), -reach, reach, ticks=ticks)
    return Panel.bars(_("Slope in the logits of row 1"), axis, bars)


def _clean(value, reach):
    """Two digits, and 0 for what is nothing but rounding in a difference quotient."""
    if not math.isfinite(value):
        return value
    return 0.0 if abs(value) < 5e-3 * reach else float(f"{value:.2g}")


def _training_panel(curves):
    names = (_("reported"), _("true loss"), _("without the bug"))
    without = finite(list(curves.values())[-1])
    firsts = [v[0] for v in curves.values() if math.isfinite(v[0])]
    most = max(2 * np.nanmax(without, initial=0.5), *firsts, 0.5)
    low, high = _range([v for c in curves.values() for v in finite(c) if abs(v) <= most], 0.5)
    lines, ends = [], []
    for short_name, (name, values) in zip(names, curves.items(), strict=True):
        y = within(values, low, high)
        lines.append(Line(name, range(STEPS + 1), [float(f"{v:.3g}") for v in y]))
        ends += _end_of(short_name, values, lines[-1].y, high)
    x, y = Axis(_("step"), 0, STEPS), Axis(_("loss (nats)"), low, high)
    marks = ends[:1]  # where one is lost the next ones are, too
    return Panel.lines(_("Training from there"), x, y, lines, marks=marks, wide=True)


def _end_of(name, values, shown, high):
    """A mark on the last point of a curve that ends, at the left edge when it never began."""
    lost = np.flatnonzero(~np.isfinite(values))
    if not lost.size:
        return []
    k = int(lost[0])
    before = shown[k - 1] if k and math.isfinite(shown[k - 1]) else 0.5 * high
    label = _("{curve}: {value} from step {k} on")
    label = label.format(curve=name, value=numbers.text(values[k]), k=k)
    return [Mark(max(k - 1, 0), label, y=before, status=status_of(values[k]))]


def _bug_finding(bug, losses, slopes, curves, changes):
    said, right = losses.values()
    buggy_slopes, right_slopes = slopes.values()
    reported, true, possible = curves.values()
    later = _later(reported, true, possible)
    if not math.isfinite(said) and math.isfinite(right):
        text = _("{bug}: the loss is {value} before the first step; it should be {loss}")
        later = ""
    elif _differ(said, right):
        text = _("{bug}: it says {said} where the loss is {number}")
    elif not np.isfinite(buggy_slopes).all() and np.isfinite(right_slopes).all():
        text = _(
            "{bug}: the loss is right, {loss}, and its gradient is NaN: "
            "one step, and nothing is left"
        )
        later = ""
    elif _differ(buggy_slopes, right_slopes):
        text = _("{bug}: the loss is right and its slope is not")
    elif changes:
        text = _("{bug}: loss and slope are right, but it has changed the logits it was given")
        later = ""
    elif any(_differ(a, b) for a, b in zip(true, possible, strict=True)):
        text = _("{bug}: right here, but not for long")
    else:
        text = _("{bug}: does not bite here. Same loss, same slope, same curve")
        later = ""
    values = {"value": numbers.text(said), "said": numbers.nats(said, 3), "number": _short(right)}
    finding = text.format(bug=bug, loss=numbers.nats(right, 3), **values)
    return clauses(filter(None, [finding, later]))


def _later(reported, true, possible):
    """What becomes of a loss or a slope that is wrong."""
    if not math.isfinite(reported[-1]):
        text = _("after {n} steps it is {reported}")
    elif not _differ(true[-1], possible[-1]):
        text = _("after {n} steps the model is as good as without the bug")
    else:
        text = _("after {n} steps the true loss is {true}, without the bug {possible}")
    losses = {"true": _coarse(true[-1]), "possible": _coarse(possible[-1])}
    return text.format(n=STEPS, reported=numbers.text(reported[-1]), **losses)


def _entropy_finding(right, said):
    """The parts of the exact loss, and what the functions made of them where that is wrong."""
    gap = right - _ENTROPY
    faults = [
        _("{function} says {value}").format(function=name, value=_short(value))
        for (name, value), truth in zip(said.items(), (right, gap), strict=True)
        if not numbers.agree(value, truth, _SAME)
    ]
    text = _("{loss:.3f} nats are {entropy:.3f} of entropy and {gap:.3f} of divergence")
    if faults:
        text = _(
            "{loss:.3f} nats are {entropy:.3f} of entropy and {gap:.3f} of divergence, but {faults}"
        )
    return text.format(loss=right, entropy=_ENTROPY, gap=gap, faults=joined(faults))


def _epsilon_finding(name, eps, held, dtype, gap, said, right, slope):
    cap = -math.log(held) if held else math.inf
    if held == 0:
        text = _(
            "{eps} rounds to 0 in {dtype}, so there is no floor: at a gap of {gap} {function} "
            "says {value}, the loss is {exact}"
        )
    elif not math.isfinite(said):
        text = _("{function} says {value} at a gap of {gap}; the loss is {exact}")
    elif not _differ(said, right):
        text = _(
            "Epsilon {eps} is not felt at a gap of {gap}: {function} says {nats}, as it should"
        )
    elif _differ(said, cap):
        text = _("{function} says {nats} at a gap of {gap}; the loss is {exact}")
    elif abs(slope) < 0.05:
        text = _(
            "Epsilon {eps} caps the loss at {cap}: at a gap of {gap} it should be {exact}, "
            "and no slope is left"
        )
    else:
        text = _("Epsilon {eps} caps the loss at {cap}: at a gap of {gap} it should be {exact}")
    return text.format(
        function=name,
        eps=numbers.text(eps, 2),
        dtype=dtype,
        gap=numbers.nats(gap),
        value=_short(said),
        nats=numbers.nats(said, 3),
        exact=_short(right),
        cap=numbers.nats(cap),
    )
