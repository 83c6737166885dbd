"""Explorables of notebook 03: any shift c, the smooth maximum, one pass in chunks."""

import math
from dataclasses import replace
from itertools import groupby

import numpy as np

from lnnn import exact as oracle
from lnnn.observe import observe_call

from . import answers, axes, numbers, study
from .curves import within
from .float_types import TYPES
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Row, Scene
from .sliders import (
    Choice,
    Slider,
    dtype_choice,
    logits_of,
    offset_slider,
    softmax_sliders,
    temperature_slider,
)
from .snippet import assignments
from .status import Status, status_of
from .widget import Explorable

SHIFTS = np.arange(-200.0, 301.0, 5.0)  # every position of the slider for c
ORDERS = ("as given", "largest first", "4 masked first")
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
    shifts = Slider("c", c, SHIFTS[0], SHIFTS[-1], step=5.0, label="shift c")
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
        Slider("step", step, 0, n, step=1, integer=True, label="chunks read"),
        Slider("chunk", chunk, 1, n, step=1, integer=True, label="logits in a chunk"),
        temperature_slider(temperature),
        Choice("order", ORDERS, label="order of the logits"),
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
        function.number(z, dtype.type(shift), otherwise="gives no log-sum-exp") for shift in shifts
    ]
    truth = oracle.logsumexp(z)
    with np.errstate(over="ignore"):
        results = np.array(results).astype(dtype)
    errors = oracle.ulp_error(results, truth)
    bound = np.where(_holds(z, shifts, dtype), _bound_in_ulp(z, shifts, truth, dtype), np.nan)
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
            Readout("exact", numbers.nats(float(truth), 7)),
            Readout("error", numbers.ulp_text(errors[here])),
            Readout(f"within {_GOOD:g} ulp", _good_shifts(shifts, errors)),
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
    smooth = T * function.number(z / T, otherwise="gives no log-sum-exp")
    m = float(z.max())
    truth = T * float(oracle.logsumexp(z / T))
    return Scene(
        finding=_smooth_finding(function.name, smooth, truth, m, T, n),
        panels=[
            _moving_logit_panel(function, logits, T, offset, smooth),
            _cooling_panel(function, z, T, smooth - m),
        ],
        readouts=[
            Readout("largest logit m", numbers.text(m, 7)),
            Readout("T·LSE(z/T)", numbers.text(smooth, 7), _result_status(smooth)),
            Readout("above m", numbers.text(smooth - m, 4), _result_status(smooth)),
            Readout(f"at most T ln {n}", numbers.text(T * math.log(n), 4)),
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
    passes = [
        (update.name, _fold(update, chunks[:step]))
        for update in study.studied(functions, names, snippet=code)
    ]
    return Scene(
        finding=_pass_finding(passes, truths[step], step, len(chunks)),
        panels=[
            _progress_panel(passes, z, read, truths, step),
            _sums_panel(passes, truths[step]),
        ],
        readouts=[
            Readout("last chunk", _shortened(chunks[step - 1]) if step else "none yet"),
            Readout("exact log-sum-exp so far", numbers.nats(truths[step], 5)),
            *(
                Readout(name, _state_in_words(states[-1]), _state_status(states[-1], truths[step]))
                for name, states in passes
            ),
        ],
        snippet=code,
    )


# One shift for all.


def _terms_panel(z, c, terms, dtype):
    limits = TYPES[dtype.name].exp_limits
    reach = 1.35 * max(map(abs, limits))
    rows, marks = [], []
    for k, (z_k, term) in enumerate(zip(z, terms, strict=True), start=1):
        row = f"term {k}: e^({numbers.text(z_k, 5)} − {_bracketed(c)})"
        status = Status.UNDERFLOW if term == 0 else status_of(term)
        rows.append(Row(row, _term_in_words(term, dtype)))
        marks.append(Mark(float(z_k) - c, row=row, status=status))
    return Panel.number_line(
        f"What {dtype} makes of each term",
        Axis("exponent z − c (nats)", -reach, reach, most=7),
        rows,
        marks,
        bands=axes.exp_bands(reach, limits, zero_word="0"),
        wide=True,
    )


def _bracketed(c):
    return f"({numbers.text(c)})" if c < 0 else numbers.text(c)


def _term_in_words(term, dtype):
    if np.isinf(term):
        return "inf: overflow"
    if term == 0:
        return "0: vanished"
    few = ", subnormal" if term < np.finfo(dtype).smallest_normal else ""
    return numbers.text(term, 3) + few


def _errors_panel(name, shifts, results, errors, bound, here, dtype):
    finite = np.isfinite(results)
    shown = np.concatenate([errors[finite], bound[np.isfinite(bound)]])
    axis = replace(axes.ulp_axis("error of the result (ulp)", dtype, shown), apart="")
    some = np.unique([*range(0, len(shifts), 5), *_ends(np.isfinite(bound))])
    return Panel.lines(
        "The result at every shift",
        Axis("shift c", shifts[0], shifts[-1], ticks=numbers.linear_ticks(-200, 300, most=6)),
        axis,
        [
            Line(f"error of {name}", shifts, np.where(finite, errors, np.nan)),
            Line("leading-order bound", shifts[some], bound[some]),
        ],
        marks=[
            Mark(
                shifts[here],
                "" if finite[here] else numbers.text(results[here]),
                y=errors[here] if finite[here] else 0.5 * axis.high,
                status=_result_status(results[here]),
            )
        ],
        bands=_failing(shifts, results),
        wide=True,
    )


def _ends(mask):
    """The first and last index where ``mask`` is True."""
    indices = np.flatnonzero(mask)
    return indices[[0, -1]] if indices.size else []


def _failing(shifts, results):
    """A band for each run of shifts whose result is not finite."""
    half, bands = (shifts[1] - shifts[0]) / 2, []
    for what, run in groupby(range(len(shifts)), key=lambda i: numbers.text(results[i])):
        run = list(run)
        result = results[run[0]]
        if np.isfinite(result):
            continue
        low, high = shifts[run[0]] - half, shifts[run[-1]] + half
        low, high = max(low, shifts[0]), min(high, shifts[-1])
        bands.append(Band(low, high, f"result {what}", _result_status(result)))
    return bands


def _holds(z, shifts, dtype):
    """Where no exponential and no sum overflows, and the largest term is a normal number."""
    overflow, subnormal, _ = TYPES[dtype.name].exp_limits
    largest = float(z.max()) - shifts
    return (largest + math.log(len(z)) < overflow) & (largest > subnormal)


def _bound_in_ulp(z, shifts, truth, dtype):
    """u(|LSE| + Σ p |z − c| + a |LSE − c| + a + n − 1), in ulp at LSE: notebook 03 derives it."""
    z, lse = z.astype(float), float(truth)
    u = float(np.finfo(dtype).eps) / 2
    with np.errstate(all="ignore"):  # where logits are infinite nothing holds, and none is drawn
        p = np.exp(z - lse)
        moved = np.abs(z - shifts[:, None]) @ p
        cost = abs(lse) + moved + _A * np.abs(lse - shifts) + _A + len(z) - 1
        return cost * u / float(np.spacing(np.abs(oracle.to_float(truth, dtype))))


def _result_status(value):
    """Of a log-sum-exp: −inf means that every term was flushed to 0."""
    return Status.UNDERFLOW if value == -math.inf else status_of(value)


def _good_shifts(shifts, errors):
    good = shifts[errors <= _GOOD]
    if not good.size:
        return "no shift on the slider"
    low, high = good[0], good[-1]
    inside = (shifts >= low) & (shifts <= high)
    most = "all" if inside.sum() == good.size else f"{good.size} of the {inside.sum()}"
    return f"{most} shifts from {numbers.text(low)} to {numbers.text(high)}"


def _shift_finding(name, c, terms, result, error, truth):
    inf, gone = int(np.isinf(terms).sum()), int((terms == 0).sum())
    shown, n = numbers.text(c), len(terms)
    if not np.isfinite(result):
        why = f"{inf} of {n} terms overflow" if inf else f"{gone} of {n} terms are 0"
        if not inf and np.isposinf(result):
            why = "the sum of the terms overflows"
        return (
            f"With c = {shown}, {why}: {name} is {numbers.text(result)}, "
            f"and the exact value is {numbers.text(truth, 5)}"
        )
    if error <= _GOOD:
        lost = f", though {gone} of {n} terms vanished" if gone else ""
        return f"With c = {shown}, {name} errs by {numbers.ulp_text(error)}{lost}"
    return f"With c = {shown}, {name} is off by {numbers.ulp_text(error)}"


# The smooth maximum.


def _moving_logit_panel(function, logits, T, offset, smooth):
    reach = max(20.0, float(np.abs(logits).max()))
    x = np.linspace(-reach, reach, 41)
    rows = np.tile(logits, (len(x), 1))
    rows[:, 0] = x
    curve = [T * function.number_or_nan((row + offset) / T) - offset for row in rows]
    low = min(float(logits[1:].max()) - 2, 0.9 * reach)
    high = max(reach, float(logits.max())) + T * math.log(len(logits))
    return Panel.lines(
        "As logit 1 moves",
        Axis("logit 1", -reach, reach),
        Axis("nats, offset taken off" if offset else "nats", low, high),
        [
            Line(f"T·{function.name}(z/T)", x, np.array(curve)),
            Line("largest logit", x, rows.max(axis=1)),
        ],
        marks=[Mark(logits[0], y=smooth - offset, status=_result_status(smooth))],
    )


def _cooling_panel(function, z, T, gap):
    low, high = temperature_slider().low, temperature_slider().high
    x = np.geomspace(low, high, 41)
    m, n = z.max(), len(z)
    gaps = np.array([t * function.number_or_nan(z / t) - m for t in x])
    ceiling = numbers.nice_ceiling(high * math.log(n))
    ticks = numbers.ticks_at(v for v in (0.0, 0.1, 1.0, 10.0, 100.0) if v <= ceiling)
    label = "nats above the largest logit"
    return Panel.lines(
        "As the temperature moves",
        Axis("temperature T", low, high, scale="log"),
        Axis(label, 0.0, ceiling, scale="symlog", linear_width=0.1, ticks=ticks),
        [
            Line(f"T·{function.name}(z/T) − m", x, within(gaps, 0)),
            Line(f"T ln {n}", x, x * math.log(n)),
        ],
        marks=[Mark(T, y=max(gap, 0.0), status=_result_status(gap))],
    )


def _smooth_finding(name, smooth, truth, m, T, n):
    if not numbers.agree(smooth, truth, _TOLERANCE):
        return (
            f"T·{name}(z/T) comes out as {numbers.text(smooth, 5)} and should be "
            f"{numbers.text(truth, 5)}"
        )
    return (
        f"The smooth maximum lies {numbers.nats(smooth - m, 3)} above the largest logit; "
        f"T ln {n} = {numbers.text(T * math.log(n), 3)} is the most it can"
    )


# One pass in chunks.


def _in_order(z, order):
    if order == "largest first":
        return np.sort(z)[::-1]
    if order == "4 masked first":
        return np.concatenate([np.full(4, -np.inf), z[4:]])
    return z


def _fold(update, chunks):
    """The states before and after each chunk; what is wrong with an answer ends the scene."""
    states, otherwise = [_START], "gives no state"
    for number, chunk in enumerate(chunks, start=1):
        observed = observe_call(update.function, (states[-1], chunk.copy()), {})
        at = f" at chunk {number}"
        if observed.raised is not None:
            update.gives_nothing(answers.raised(update.name, observed, at), otherwise)
        try:
            m, s = (float(v) for v in observed.value)
        except (TypeError, ValueError):
            given = type(observed.value).__name__ + at
            update.refuse(given, "Expected: a tuple (m, s) of two numbers", otherwise)
        states.append((m, s))
    return states


def _total(state):
    """m + ln s; NaN where s is negative or not a number."""
    m, s = state
    if s == 0:
        return -math.inf
    return m + math.log(s) if s > 0 else math.nan


def _state_status(state, truth):
    total = _total(state)
    right = numbers.agree(total, truth, _TOLERANCE)
    return Status.ORDINARY if right else _result_status(total)


def _state_in_words(state):
    m, s = (numbers.text(v, 5) for v in state)
    return f"m = {m}, s = {s}, m + ln s = {numbers.text(_total(state), 5)}"


def _progress_panel(passes, z, read, truths, step):
    tops = np.array([z[:k].max(initial=-np.inf) for k in read])
    finite = np.concatenate([tops[np.isfinite(tops)], truths[np.isfinite(truths)]])
    totals = [np.array([_total(state) for state in states]) for _, states in passes]
    known = np.concatenate([finite, *(t[np.isfinite(t)] for t in totals)])
    low, high = float(finite.min()) - 1, float(known.max()) + 1
    marks = []
    said = set()
    for total in totals:
        text = numbers.text(total[step], 4)
        label = "" if text in said else text
        said.add(text)
        if np.isfinite(total[step]):
            marks.append(Mark(read[step], label, y=total[step]))
        elif np.isnan(total[step]):
            marks.append(Mark(read[step], label, y=0.9 * low + 0.1 * high, status=Status.NAN))
    return Panel.lines(
        "m + ln s so far",
        Axis("logits read", 0, 1.15 * len(z), ticks=numbers.linear_ticks(0, len(z), most=7)),
        Axis("nats", low, high, most=7),
        [
            Line("exact", read, truths),
            *(Line(name, read[: step + 1], t) for (name, _), t in zip(passes, totals, strict=True)),
            Line("largest logit so far", read, tops),
        ],
        marks=marks,
    )


def _sums_panel(passes, truth):
    bars, known = [], []
    for name, states in passes:
        m, s = states[-1]
        wanted = _sum_for(truth, m)
        known += [s] if wanted is None else [s, wanted]
        bars.append(Bar(name, s, "", _result_status(s), numbers.text(s, 4), exact=wanted))
    return Panel.bars("s, measured from m", axes.from_zero("s", known), bars)


def _sum_for(truth, m):
    """The s that belongs to m, or None where no float can say."""
    if not (math.isfinite(truth) and math.isfinite(m) and truth - m < 700):
        return None
    return math.exp(truth - m)


def _shortened(values):
    more = f", … ({len(values)} logits)" if len(values) > 6 else ""
    return numbers.listed(values[:6], 4) + more


def _pass_finding(passes, truth, step, count):
    if step == 0:
        return "Nothing is read yet: m is −inf and s is 0, the sum of no terms"
    parts = []
    for name, states in passes:
        total = _total(states[-1])
        if numbers.agree(total, truth, _TOLERANCE):
            parts.append(f"{name} is right at {numbers.nats(total)}")
        elif math.isfinite(total - truth):
            much = "too much" if total > truth else "too little"
            gap = abs(total - truth)
            shown = f"{gap:.2f}" if gap >= 0.01 else numbers.text(gap, 3)
            parts.append(f"{name} says {shown} nats {much}")
        else:
            parts.append(f"{name} gives {numbers.text(total)}")
    return f"After {step} of {count} chunks " + "; ".join(parts)
