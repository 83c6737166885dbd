"""Explorables of notebook 03: any shift c, the smooth maximum, one pass in chunks."""

import math
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from lnnn import exact as oracle
from lnnn.messages import N_, _
from lnnn.observe import observe_call

from . import answers, axes, numbers, study
from .curves import within
from .float_types import TYPES
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Row, Scene
from .sliders import (
    Choice,
    Slider,
    dtype_choice,
    logit_name,
    logits_of,
    offset_slider,
    softmax_sliders,
    temperature_slider,
)
from .snippet import assignments
from .status import Status, status_of
from .widget import Explorable
from .words import clauses

SHIFTS = np.arange(-200.0, 301.0, 5.0)  # every position of the slider for c
ORDERS = (N_("as given"), N_("largest first"), N_("4 masked first"))
RISING = (
    *(-6.0, -5.0, -6.5, -4.0, -3.0, -4.5, -2.0, 0.0, -1.0, 1.0, 3.0, 2.0),
    *(1.5, 4.0, 6.0, 5.0, 3.5, 7.0, 9.0, 8.0, 6.5, 10.0, 12.0, 11.0),
)

_A = 8.0  # room, in units of u, for an exp and a log that are right to 4 ulp
_GOOD = 4.0  # ulp: an error of rounding, not of method
_TOLERANCE = 1e-6  # a relative error that no rounding explains
_START = (-math.inf, 0.0)  # the state (m, s) of a sum with no term


def choose_shift(
    function, *, name=None, logits=(100.0, 97.5, 20.0), temperature=1.0, c=0.0, dtype="float32"
) -> Explorable:
    """c + ln Σ e^(z − c) for every shift c: its terms, and the error of the result in ulp.

    function: called as ``function(z, c)`` with the logits over the temperature, a 1-D array of the
    chosen dtype, and a shift of that dtype; returns one number, in nats.
    name: its title; its own name unless given. logits, temperature, c, dtype: where the sliders
    start; c is one of ``SHIFTS``.
    """
    shifts = Slider("c", c, SHIFTS[0], SHIFTS[-1], step=5.0, label=_("shift c"))
    controls = [shifts, dtype_choice(dtype), *softmax_sliders(logits, temperature)]
    return study.explorable(choose_shift_scene, [function], controls, names=name and [name])


def smooth_max(
    function, *, name=None, logits=(2.0, 1.0, 0.0), temperature=1.0, offset=0.0
) -> Explorable:
    """T·LSE(z/T) against the largest logit: as one logit moves, and as T does.

    function: a log-sum-exp, called as ``function(z / T)`` with a 1-D float64 array; returns one
    number, in nats. name: its title; its own name unless given.
    logits, temperature, offset: where the sliders start; one slider for each logit.
    """
    controls = softmax_sliders(logits, temperature, offset_slider(offset))
    return study.explorable(smooth_max_scene, [function], controls, names=name and [name])


def online_pass(
    *updates, names=None, logits=RISING, step=3, chunk=4, temperature=1.0
) -> Explorable:
    """One pass over a row of logits, chunk by chunk, with nothing kept but m and s.

    updates: called as ``update((m, s), chunk)`` with a tuple of two floats, ``(-inf, 0.0)`` at the
    start, and a 1-D float64 array; they return the new ``(m, s)``, and m + ln s is the result.
    names: their titles, in order. logits: the whole row, at least five.
    step, chunk, temperature: where the sliders start.
    """
    n = len(logits)
    controls = [
        Slider("step", step, 0, n, step=1, integer=True, label=_("chunks read")),
        Slider("chunk", chunk, 1, n, step=1, integer=True, label=_("logits in a chunk")),
        temperature_slider(temperature),
        Choice("order", ORDERS, label=_("order of the logits"), texts=tuple(map(_, ORDERS))),
    ]
    return study.explorable(online_pass_scene, updates, controls, names=names, logits=logits)


@study.shows_problems
def choose_shift_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``choose_shift`` at ``values``: c, dtype, logit_1 …, temperature."""
    dtype, c = np.dtype(values["dtype"]), float(values["c"])
    with np.errstate(over="ignore"):
        z = (logits_of(values) / float(values["temperature"])).astype(dtype)
    code = f"{assignments(typed=True, z=z)}\nc = np.{dtype}({c!r})"
    (function,) = study.studied(functions, names, snippet=code)
    shifts = np.union1d(SHIFTS, [c])
    results = [
        function.number(z, dtype.type(shift), otherwise=_("{function} gives no log-sum-exp"))
        for shift in shifts
    ]
    truth = oracle.logsumexp(z)
    with np.errstate(over="ignore"):
        results = np.array(results).astype(dtype)
    errors = oracle.ulp_error(results, truth)
    bound = _bound_in_ulp(z, shifts, truth, dtype)
    here = int(np.flatnonzero(shifts == c)[0])
    with np.errstate(over="ignore"):
        terms = np.exp(z - dtype.type(c))
    return Scene(
        finding=_shift_finding(function.name, c, terms, results[here], errors[here], truth),
        panels=[
            _terms_panel(z, c, terms, dtype),
            _errors_panel(function.name, shifts, results, errors, bound, here, dtype),
        ],
        readouts=[
            Readout(function.name, numbers.nats(results[here], 7), _result_status(results[here])),
            Readout(_("exact"), numbers.nats(float(truth), 7)),
            Readout(_("error"), numbers.ulp_text(errors[here])),
            Readout(_("within {n:g} ulp").format(n=_GOOD), _good_shifts(shifts, errors)),
        ],
        snippet=code,
    )


@study.shows_problems
def smooth_max_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``smooth_max`` at ``values``: logit_1 …, temperature, offset."""
    T, offset = float(values["temperature"]), float(values["offset"])
    logits = logits_of(values)
    z, n = logits + offset, len(logits)
    code = assignments(z=z, temperature=T)
    (function,) = study.studied(functions, names, snippet=code)
    smooth = T * function.number(z / T, otherwise=_("{function} gives no log-sum-exp"))
    m = float(z.max())
    truth = T * float(oracle.logsumexp(z / T))
    return Scene(
        finding=_smooth_finding(function.name, smooth, truth, m, T, n),
        panels=[
            _moving_logit_panel(function, logits, T, offset, smooth),
            _cooling_panel(function, z, T, smooth - m),
        ],
        readouts=[
            Readout(_("largest logit m"), numbers.text(m, 7)),
            Readout(_("T·LSE(z/T)"), numbers.text(smooth, 7), _result_status(smooth)),
            Readout(_("above m"), numbers.text(smooth - m, 4), _result_status(smooth)),
            Readout(_("at most T ln {n}").format(n=n), numbers.text(T * math.log(n), 4)),
        ],
        snippet=code,
    )


@study.shows_problems
def online_pass_scene(functions, values: dict, *, names=None, logits=RISING) -> Scene:
    """The scene of ``online_pass`` at ``values``: step, chunk, temperature, order."""
    z = _in_order(np.array(logits, dtype=float) / float(values["temperature"]), values["order"])
    size = int(values["chunk"])
    chunks = [z[i : i + size] for i in range(0, len(z), size)]
    step = min(int(values["step"]), len(chunks))
    read = np.minimum(size * np.arange(len(chunks) + 1), len(z))
    truths = np.array([float(oracle.logsumexp(z[:k])) for k in read])
    code = assignments(z=z, chunk=size)
    updates = study.studied(functions, names, snippet=code)
    passes = [_passed(update, chunks[:step]) for update in updates]
    last = chunks[step - 1] if step else []
    read_last = numbers.listed(last[:6], 4) or _("none yet")
    if len(last) > 6:
        text = _("{logits}, … ({n} logits)")
        read_last = text.format(logits=read_last, n=len(last))
    return Scene(
        finding=_pass_finding(passes, truths[step], step, len(chunks)),
        panels=[
            _progress_panel(passes, z, read, truths, step),
            _sums_panel(passes, truths[step]),
        ],
        readouts=[
            Readout(_("last chunk"), read_last),
            Readout(_("exact log-sum-exp so far"), numbers.nats(truths[step], 5)),
            *(Readout(one.name, one.in_words(), one.status(truths[step])) for one in passes),
        ],
        snippet=code,
    )


# One shift for all.


def _terms_panel(z, c, terms, dtype):
    limits = TYPES[dtype.name].exp_limits
    reach = 1.35 * max(map(abs, limits))
    shown = f"({numbers.text(c)})" if c < 0 else numbers.text(c)
    rows, marks = [], []
    for k, (z_k, term) in enumerate(zip(z, terms, strict=True), start=1):
        row = _("term {k}: e^({z} − {c})").format(k=k, z=numbers.text(z_k, 5), c=shown)
        status = Status.UNDERFLOW if term == 0 else status_of(term)
        rows.append(Row(row, _term_in_words(term, dtype)))
        marks.append(Mark(float(z_k) - c, row=row, status=status))
    title = _("What {dtype} makes of each term").format(dtype=dtype)
    axis = Axis(_("exponent z − c (nats)"), -reach, reach, most=7)
    bands = axes.exp_bands(reach, limits, zero_word="0")
    return Panel.number_line(title, axis, rows, marks, bands=bands, wide=True)


def _term_in_words(term, dtype):
    if np.isinf(term):
        return _("inf: overflow")
    if term == 0:
        return _("0: vanished")
    text = numbers.text(term, 3)
    if term < np.finfo(dtype).smallest_normal:
        text = _("{value}, subnormal").format(value=text)
    return text


def _errors_panel(name, shifts, results, errors, bound, here, dtype):
    finite = np.isfinite(results)
    shown = np.concatenate([errors[finite], bound[np.isfinite(bound)]])
    axis = replace(axes.ulp_axis(_("error of the result (ulp)"), dtype, shown), apart="")
    drawn = np.flatnonzero(np.isfinite(bound))  # with its first and last point
    some = np.union1d(np.arange(0, len(shifts), 5), drawn[[0, -1]] if drawn.size else [])
    some = some.astype(int)
    lines = [
        Line(
            _("error of {function}").format(function=name), shifts, np.where(finite, errors, np.nan)
        ),
        Line(_("leading-order bound"), shifts[some], bound[some]),
    ]
    label, height = "", errors[here]
    if not finite[here]:
        label, height = numbers.text(results[here]), 0.5 * axis.high
    about = {
        "marks": [Mark(shifts[here], label, y=height, status=_result_status(results[here]))],
        "bands": _failing(shifts, results),
    }
    ticks = numbers.linear_ticks(-200, 300, most=6)
    x = Axis(_("shift c"), shifts[0], shifts[-1], ticks=ticks)
    return Panel.lines(_("The result at every shift"), x, axis, lines, wide=True, **about)


def _failing(shifts, results):
    """A band for each run of shifts whose result is not finite."""
    half, bands = (shifts[1] - shifts[0]) / 2, []
    for what, run in groupby(range(len(shifts)), key=lambda i: numbers.text(results[i])):
        run = list(run)
        first, last = run[0], run[-1]
        if not np.isfinite(results[first]):
            ends = np.clip([shifts[first] - half, shifts[last] + half], shifts[0], shifts[-1])
            label = _("result {value}").format(value=what)
            bands.append(Band(*ends, label, _result_status(results[first])))
    return bands


def _bound_in_ulp(z, shifts, truth, dtype):
    """u(|LSE| + Σ p |z − c| + a |LSE − c| + a + n − 1), in ulp at LSE: notebook 03 derives it.

    It holds where no exponential and no sum overflows and the largest term is a normal number;
    elsewhere it is NaN.
    """
    z, lse = z.astype(float), float(truth)
    u = float(np.finfo(dtype).eps) / 2
    overflow, subnormal, _zero = TYPES[dtype.name].exp_limits
    largest = float(z.max()) - shifts
    holds = (largest + math.log(len(z)) < overflow) & (largest > subnormal)
    with np.errstate(all="ignore"):  # where logits are infinite nothing holds, and none is drawn
        p = np.exp(z - lse)
        moved = np.abs(z - shifts[:, None]) @ p
        cost = abs(lse) + moved + _A * np.abs(lse - shifts) + _A + len(z) - 1
        ulps = cost * u / float(np.spacing(np.abs(oracle.to_float(truth, dtype))))
    return np.where(holds, ulps, np.nan)


def _result_status(value):
    """Of a log-sum-exp: −inf means that every term was flushed to 0."""
    return Status.UNDERFLOW if value == -math.inf else status_of(value)


def _good_shifts(shifts, errors):
    good = shifts[errors <= _GOOD]
    if not good.size:
        return _("no shift on the slider")
    low, high = good[0], good[-1]
    inside = (shifts >= low) & (shifts <= high)
    text = _("{n} of the {total} shifts from {low} to {high}")
    if inside.sum() == good.size:
        text = _("all shifts from {low} to {high}")
    ends = {"low": numbers.text(low), "high": numbers.text(high)}
    return text.format(n=good.size, total=inside.sum(), **ends)


def _shift_finding(name, c, terms, result, error, truth):
    inf, gone = int(np.isinf(terms).sum()), int((terms == 0).sum())
    if error <= _GOOD and gone:
        text = _("With c = {c}, {function} errs by {error}, though {gone} of {n} terms vanished")
    elif error <= _GOOD:
        text = _("With c = {c}, {function} errs by {error}")
    elif np.isfinite(result):
        text = _("With c = {c}, {function} is off by {error}")
    elif inf:
        text = _(
            "With c = {c}, {inf} of {n} terms overflow: {function} is {value}, "
            "and the exact value is {exact}"
        )
    elif np.isposinf(result):
        text = _(
            "With c = {c}, the sum of the terms overflows: {function} is {value}, "
            "and the exact value is {exact}"
        )
    else:
        text = _(
            "With c = {c}, {gone} of {n} terms are 0: {function} is {value}, "
            "and the exact value is {exact}"
        )
    counts = {"inf": inf, "gone": gone, "n": len(terms)}
    values = {"value": numbers.text(result), "exact": numbers.text(truth, 5)}
    error = numbers.ulp_text(error)
    return text.format(c=numbers.text(c), function=name, error=error, **counts, **values)


# The smooth maximum.


def _moving_logit_panel(function, logits, T, offset, smooth):
    reach = max(20.0, float(np.abs(logits).max()))
    x = np.linspace(-reach, reach, 41)
    rows = np.tile(logits, (len(x), 1))
    rows[:, 0] = x
    curve = [T * function.number_or_nan((row + offset) / T) - offset for row in rows]
    low = min(float(logits[1:].max()) - 2, 0.9 * reach)
    high = max(reach, float(logits.max())) + T * math.log(len(logits))
    lines = [
        Line(f"T·{function.name}(z/T)", x, np.array(curve)),
        Line(_("largest logit"), x, rows.max(axis=1)),
    ]
    y = Axis(_("nats, offset taken off") if offset else _("nats"), low, high)
    marks = [Mark(logits[0], y=smooth - offset, status=_result_status(smooth))]
    return Panel.lines(
        _("As logit 1 moves"), Axis(logit_name(1), -reach, reach), y, lines, marks=marks
    )


def _cooling_panel(function, z, T, gap):
    low, high = temperature_slider().low, temperature_slider().high
    x = np.geomspace(low, high, 41)
    m, n = z.max(), len(z)
    gaps = np.array([t * function.number_or_nan(z / t) - m for t in x])
    ceiling = numbers.nice_ceiling(high * math.log(n))
    ticks = numbers.ticks_at(v for v in (0.0, 0.1, 1.0, 10.0, 100.0) if v <= ceiling)
    lines = [
        Line(f"T·{function.name}(z/T) − m", x, within(gaps, 0)),
        Line(f"T ln {n}", x, x * math.log(n)),
    ]
    marks = [Mark(T, y=max(gap, 0.0), status=_result_status(gap))]
    across = Axis(_("temperature T"), low, high, scale="log")
    up = {"scale": "symlog", "linear_width": 0.1, "ticks": ticks}
    up = Axis(_("nats above the largest logit"), 0.0, ceiling, **up)
    return Panel.lines(_("As the temperature moves"), across, up, lines, marks=marks)


def _smooth_finding(name, smooth, truth, m, T, n):
    if not numbers.agree(smooth, truth, _TOLERANCE):
        text = _("T·{function}(z/T) comes out as {value} and should be {exact}")
        values = {"value": numbers.text(smooth, 5), "exact": numbers.text(truth, 5)}
        return text.format(function=name, **values)
    text = _(
        "The smooth maximum lies {nats} above the largest logit; T ln {n} = {most} is the most "
        "it can"
    )
    most = numbers.text(T * math.log(n), 3)
    return text.format(nats=numbers.nats(smooth - m, 3), n=n, most=most)


# One pass in chunks.


def _in_order(z, order):
    if order == "largest first":
        return np.sort(z)[::-1]
    if order == "4 masked first":
        return np.concatenate([np.full(4, -np.inf), z[4:]])
    return z


@dataclass(frozen=True)
class _Pass:
    """The states (m, s) of one update before and after each chunk, and m + ln s of each.

    The total is NaN where s is negative or not a number.
    """

    name: str
    states: list[tuple[float, float]]
    totals: np.ndarray

    def in_words(self):
        m, s = (numbers.text(v, 5) for v in self.states[-1])
        text = _("m = {m}, s = {s}, m + ln s = {total}")
        return text.format(m=m, s=s, total=numbers.text(self.totals[-1], 5))

    def right(self, truth):
        return numbers.agree(self.totals[-1], truth, _TOLERANCE)

    def status(self, truth):
        return Status.ORDINARY if self.right(truth) else _result_status(self.totals[-1])


def _passed(update, chunks):
    """The pass of an update; what is wrong with an answer ends the scene."""
    states, otherwise = [_START], _("{function} gives no state")
    for number, chunk in enumerate(chunks, start=1):
        observed = observe_call(update.function, (states[-1], chunk.copy()), {})
        if observed.raised is not None:
            text = _("{error} at chunk {k}")
            error = text.format(error=observed.raised.classes[0], k=number)
            update.gives_nothing(answers.raised(update.name, observed, error), otherwise)
        try:
            m, s = (float(v) for v in observed.value)
        except (TypeError, ValueError):
            given = _("{type} at chunk {k}").format(type=type(observed.value).__name__, k=number)
            update.refuse(given, _("Expected: a tuple (m, s) of two numbers"), otherwise)
        states.append((m, s))
    m, s = np.array(states).T
    with np.errstate(all="ignore"):
        return _Pass(update.name, states, np.where(s == 0, -np.inf, m + np.log(s)))


def _progress_panel(passes, z, read, truths, step):
    tops = np.array([z[:k].max(initial=-np.inf) for k in read])
    finite = np.concatenate([tops[np.isfinite(tops)], truths[np.isfinite(truths)]])
    known = np.concatenate([finite, *(p.totals[np.isfinite(p.totals)] for p in passes)])
    low, high = float(finite.min()) - 1, float(known.max()) + 1
    marks, said = [], set()
    for one in passes:
        total = one.totals[step]
        text = numbers.text(total, 4)
        label = "" if text in said else text
        said.add(text)
        if np.isfinite(total):
            marks.append(Mark(read[step], label, y=total))
        elif np.isnan(total):
            marks.append(Mark(read[step], label, y=0.9 * low + 0.1 * high, status=Status.NAN))
    lines = [
        Line(_("exact"), read, truths),
        *(Line(one.name, read[: step + 1], one.totals) for one in passes),
        Line(_("largest logit so far"), read, tops),
    ]
    ticks = numbers.linear_ticks(0, len(z), most=7)
    x = Axis(_("logits read"), 0, 1.15 * len(z), ticks=ticks)
    return Panel.lines(
        _("m + ln s so far"), x, Axis(_("nats"), low, high, most=7), lines, marks=marks
    )


def _sums_panel(passes, truth):
    bars, known = [], []
    for one in passes:
        m, s = one.states[-1]
        # The s that belongs to m, where a float can say.
        told = math.isfinite(truth) and math.isfinite(m) and truth - m < 700
        wanted = math.exp(truth - m) if told else None
        known += [s, wanted] if told else [s]
        bars.append(Bar(one.name, s, status=_result_status(s), exact=wanted, digits=4))
    return Panel.bars(_("s, measured from m"), axes.from_zero(_("s"), known), bars)


def _pass_finding(passes, truth, step, count):
    if step == 0:
        return _("Nothing is read yet: m is −inf and s is 0, the sum of no terms")
    parts = []
    for one in passes:
        total = one.totals[-1]
        if one.right(truth):
            text = _("{function} is right at {total}")
        elif not math.isfinite(total - truth):
            text = _("{function} gives {value}")
        elif total > truth:
            text = _("{function} says {gap} nats too much")
        else:
            text = _("{function} says {gap} nats too little")
        gap = abs(total - truth) if math.isfinite(total) else total
        gap = f"{gap:.2f}" if gap >= 0.01 else numbers.text(gap, 3)
        said = {"total": numbers.nats(total), "value": numbers.text(total), "gap": gap}
        parts.append(text.format(function=one.name, **said))
    text = _("After {step} of {count} chunks {results}")
    return text.format(step=step, count=count, results=clauses(parts))
