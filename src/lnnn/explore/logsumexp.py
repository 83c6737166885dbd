"""Explorables of notebook 03: any shift c, the smooth maximum, one pass in chunks.

``choose_shift_scene``, ``smooth_max_scene`` and ``online_pass_scene`` are pure: functions and
slider values in, scene out. ``choose_shift``, ``smooth_max`` and ``online_pass`` wrap them in a
widget.
"""

import math
from dataclasses import replace
from functools import partial
from itertools import groupby

import numpy as np

from lnnn import exact as oracle
from lnnn.observe import observe_call

from . import axes, numbers, study
from .float_types import TYPES
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Row, Scene, Status
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
    study.check_functions("choose_shift", (function,))
    controls = [
        Slider("c", start=c, low=SHIFTS[0], high=SHIFTS[-1], step=5.0, label="shift c"),
        Choice("dtype", DTYPES, start=dtype, label="floats"),
        *logit_sliders(logits),
        temperature_slider(temperature),
    ]
    return Explorable(partial(choose_shift_scene, function, name=name), controls)


def smooth_max(
    function, *, name=None, logits=(2.0, 1.0, 0.0), temperature=1.0, offset=0.0
) -> Explorable:
    """T·LSE(z/T) against the largest logit: as one logit moves, and as T does.

    function: a log-sum-exp, called as ``function(z / T)`` with a 1-D float64 array; returns one
    number, in nats. name: its title; its own name unless given.
    logits, temperature, offset: where the sliders start; one slider for each logit.
    """
    study.check_functions("smooth_max", (function,))
    controls = [
        *logit_sliders(logits),
        temperature_slider(temperature),
        offset_slider(offset),
    ]
    return Explorable(partial(smooth_max_scene, function, name=name), controls)


def online_pass(
    *updates, names=None, logits=RISING, step=3, chunk=4, temperature=1.0
) -> Explorable:
    """One pass over a row of logits, chunk by chunk, with nothing kept but m and s.

    updates: called as ``update((m, s), chunk)`` with a tuple of two floats, ``(-inf, 0.0)`` at the
    start, and a 1-D float64 array; they return the new ``(m, s)``, and m + ln s is the result.
    names: their titles, in order. logits: the whole row, at least five.
    step, chunk, temperature: where the sliders start.
    """
    study.check_functions("online_pass", updates)
    names = study.checked_names(names, updates)
    n = len(logits)
    controls = [
        Slider("step", start=step, low=0, high=n, step=1, integer=True, label="chunks read"),
        Slider(
            "chunk", start=chunk, low=1, high=n, step=1, integer=True, label="logits in a chunk"
        ),
        temperature_slider(temperature),
        Choice("order", ORDERS, label="order of the logits"),
    ]
    return Explorable(partial(online_pass_scene, updates, names=names, logits=logits), controls)


def choose_shift_scene(function, values: dict, *, name=None) -> Scene:
    """The scene of ``choose_shift`` at ``values``: c, dtype, logit_1 …, temperature."""
    dtype, c = np.dtype(values["dtype"]), float(values["c"])
    name = name or study.names_of([function])[0]
    with np.errstate(over="ignore"):
        z = (logits_of(values) / float(values["temperature"])).astype(dtype)
    held = ", ".join(repr(float(v)) for v in z)
    snippet = f"z = np.array([{held}], dtype=np.{dtype})\nc = np.{dtype}({c!r})"
    shifts = np.union1d(SHIFTS, [c])
    results = []
    for shift in shifts:
        result, problem = study.one_number(name, function, z, dtype.type(shift))
        if problem:
            return Scene.problem(f"{name} gives no log-sum-exp", name, problem, snippet=snippet)
        results.append(result)
    truth = oracle.logsumexp(z)
    with np.errstate(over="ignore"):
        results = np.array(results).astype(dtype)
    errors = oracle.ulp_error(results, truth)
    bound = np.where(_holds(z, shifts, dtype), _bound_in_ulp(z, shifts, truth, dtype), np.nan)
    here = int(np.flatnonzero(shifts == c)[0])
    with np.errstate(over="ignore"):
        terms = np.exp(z - dtype.type(c))
    return Scene(
        finding=_shift_finding(name, c, terms, results[here], errors[here], truth),
        panels=[
            _terms_panel(z, c, terms, dtype),
            _errors_panel(name, shifts, results, errors, bound, here, dtype),
        ],
        readouts=[
            Readout(name, numbers.nats(results[here], 7), _result_status(results[here])),
            Readout("exact", numbers.nats(float(truth), 7)),
            Readout("error", numbers.ulp_text(errors[here])),
            Readout(f"within {_GOOD:g} ulp", _good_shifts(shifts, errors)),
        ],
        snippet=snippet,
    )


def smooth_max_scene(function, values: dict, *, name=None) -> Scene:
    """The scene of ``smooth_max`` at ``values``: logit_1 …, temperature, offset."""
    T, offset = float(values["temperature"]), float(values["offset"])
    name = name or study.names_of([function])[0]
    logits = logits_of(values)
    z, n = logits + offset, len(logits)
    snippet = f"z = np.array({z.tolist()!r})\ntemperature = {T!r}"
    value, problem = study.one_number(name, function, z / T)
    if problem:
        return Scene.problem(f"{name} gives no log-sum-exp", name, problem, snippet=snippet)
    m, smooth = float(z.max()), T * value
    truth = T * float(oracle.logsumexp(z / T))
    reach = max(20.0, float(np.abs(logits).max()))
    return Scene(
        finding=_smooth_finding(name, smooth, truth, m, T, n),
        panels=[
            _moving_logit_panel(name, function, logits, T, offset, smooth, reach),
            _cooling_panel(name, function, z, T, smooth - m),
        ],
        readouts=[
            Readout("largest logit m", numbers.text(m, 7)),
            Readout("T·LSE(z/T)", numbers.text(smooth, 7), _result_status(smooth)),
            Readout("above m", numbers.text(smooth - m, 4), _result_status(smooth)),
            Readout(f"at most T ln {n}", numbers.text(T * math.log(n), 4)),
        ],
        snippet=snippet,
    )


def online_pass_scene(updates, values: dict, *, names=None, logits=RISING) -> Scene:
    """The scene of ``online_pass`` at ``values``: step, chunk, temperature, order."""
    names = names or study.names_of(updates)
    z = _in_order(np.array(logits, dtype=float) / float(values["temperature"]), values["order"])
    size = int(values["chunk"])
    chunks = [z[i : i + size] for i in range(0, len(z), size)]
    step = min(int(values["step"]), len(chunks))
    read = np.minimum(size * np.arange(len(chunks) + 1), len(z))
    truths = np.array([float(oracle.logsumexp(z[:k])) for k in read])
    snippet = f"z = np.array({z.tolist()!r})\nchunk = {size}".replace("-inf", "-np.inf")
    passes = []
    for name, update in zip(names, updates, strict=True):
        states, problem = _fold(name, update, chunks[:step])
        if problem:
            return Scene.problem(f"{name} gives no state", name, problem, snippet=snippet)
        passes.append((name, states))
    return Scene(
        finding=_pass_finding(passes, truths[step], step, len(chunks)),
        panels=[
            _progress_panel(passes, z, read, truths, step),
            _sums_panel(passes, truths[step]),
        ],
        readouts=[
            Readout("last chunk", _listed(chunks[step - 1]) if step else "none yet"),
            Readout("exact log-sum-exp so far", numbers.nats(truths[step], 5)),
            *(
                Readout(name, _state_in_words(states[-1]), _state_status(states[-1], truths[step]))
                for name, states in passes
            ),
        ],
        snippet=snippet,
    )


# One shift for all.


def _terms_panel(z, c, terms, dtype):
    overflow, subnormal, zero = TYPES[dtype.name].exp_limits
    reach = 1.35 * max(overflow, -zero)
    axis = Axis(
        "exponent z − c (nats)", -reach, reach, ticks=numbers.linear_ticks(-reach, reach, most=7)
    )
    rows, marks = [], []
    for k, (z_k, term) in enumerate(zip(z, terms, strict=True), start=1):
        exponent = float(z_k) - c
        row = f"term {k}: e^({numbers.text(z_k, 5)} − {_bracketed(c)})"
        status = _result_status(term) if term > 0 else Status.UNDERFLOW
        rows.append(Row(row, _term_in_words(term, dtype)))
        marks.append(Mark(exponent, row=row, status=status))
    return Panel.number_line(
        f"What {dtype} makes of each term",
        axis,
        rows,
        marks,
        bands=[
            Band(-reach, zero, "0", Status.UNDERFLOW),
            Band(zero, subnormal, "subnormal"),
            Band(overflow, reach, "overflow", Status.OVERFLOW),
        ],
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
    """Of a log-sum-exp or a term: −inf means that every term was flushed to 0."""
    if np.isnan(value):
        return Status.NAN
    if np.isinf(value):
        return Status.OVERFLOW if value > 0 else Status.UNDERFLOW
    return Status.ORDINARY


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


def _moving_logit_panel(name, function, logits, T, offset, smooth, reach):
    x = np.linspace(-reach, reach, 41)
    rows = np.tile(logits, (len(x), 1))
    rows[:, 0] = x
    curve = [T * _number(function, (row + offset) / T) - offset for row in rows]
    low = min(float(logits[1:].max()) - 2, 0.9 * reach)
    high = max(reach, float(logits.max())) + T * math.log(len(logits))
    return Panel.lines(
        "As logit 1 moves",
        Axis("logit 1", -reach, reach, ticks=numbers.linear_ticks(-reach, reach)),
        Axis(
            "nats, offset taken off" if offset else "nats",
            low,
            high,
            ticks=numbers.linear_ticks(low, high),
        ),
        [
            Line(f"T·{name}(z/T)", x, np.array(curve)),
            Line("largest logit", x, rows.max(axis=1)),
        ],
        marks=[Mark(logits[0], y=smooth - offset, status=_result_status(smooth))],
    )


def _cooling_panel(name, function, z, T, gap):
    low, high = temperature_slider().low, temperature_slider().high
    x = np.geomspace(low, high, 41)
    m, n = z.max(), len(z)
    gaps = np.array([t * _number(function, z / t) - m for t in x])
    ceiling = numbers.nice_ceiling(high * math.log(n))
    decades = [v for v in (0.1, 1.0, 10.0, 100.0) if v <= ceiling]
    return Panel.lines(
        "As the temperature moves",
        Axis("temperature T", low, high, scale="log"),
        Axis(
            "nats above the largest logit",
            0.0,
            ceiling,
            scale="symlog",
            linear_width=0.1,
            ticks=((0.0, "0"), *((v, numbers.text(v)) for v in decades)),
        ),
        [
            Line(f"T·{name}(z/T) − m", x, np.where(gaps >= 0, gaps, np.nan)),
            Line(f"T ln {n}", x, x * math.log(n)),
        ],
        marks=[Mark(T, y=max(gap, 0.0), status=_result_status(gap))],
    )


def _number(function, z):
    """What the function makes of another row; NaN where that is no number."""
    value, _ = study.one_number("", function, z)
    return math.nan if value is None else value


def _smooth_finding(name, smooth, truth, m, T, n):
    if not abs(smooth - truth) <= _TOLERANCE * max(1.0, abs(truth)):
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


def _fold(name, update, chunks):
    """(the states before and after each chunk, "") or (None, what is wrong with an answer)."""
    states = [_START]
    for number, chunk in enumerate(chunks, start=1):
        observed = observe_call(update, (states[-1], chunk.copy()), {})
        if observed.raised is not None:
            kind, message = observed.raised.classes[0], observed.raised.message
            return None, f"{name} raised {kind} at chunk {number}: {message}".rstrip(": ")
        try:
            m, s = (float(v) for v in observed.value)
        except (TypeError, ValueError):
            given = type(observed.value).__name__
            wanted = "Expected: a tuple (m, s) of two numbers"
            return None, f"{name} returned {given} at chunk {number}. {wanted}"
        states.append((m, s))
    return states, ""


def _total(state):
    """m + ln s; NaN where s is negative or not a number."""
    m, s = state
    if s == 0:
        return -math.inf
    return m + math.log(s) if s > 0 else math.nan


def _right(state, truth):
    total = _total(state)
    return total == truth or abs(total - truth) <= _TOLERANCE * max(1.0, abs(truth))


def _state_status(state, truth):
    total = _total(state)
    return Status.ORDINARY if _right(state, truth) else _result_status(total)


def _state_in_words(state):
    m, s = (numbers.text(v, 5) for v in state)
    return f"m = {m}, s = {s}, m + ln s = {numbers.text(_total(state), 5)}"


def _progress_panel(passes, z, read, truths, step):
    tops = np.array([z[:k].max(initial=-np.inf) for k in read])
    finite = np.concatenate([tops[np.isfinite(tops)], truths[np.isfinite(truths)]])
    totals = [np.array([_total(state) for state in states]) for _, states in passes]
    known = np.concatenate([finite, *(t[np.isfinite(t)] for t in totals)])
    low, high = float(finite.min()) - 1, float(known.max()) + 1
    curves = [
        Line(name, read[: step + 1], total) for (name, _), total in zip(passes, totals, strict=True)
    ]
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
        Axis("nats", low, high, ticks=numbers.linear_ticks(low, high, most=7)),
        [
            Line("exact", read, truths),
            *curves,
            Line("largest logit so far", read, tops),
        ],
        marks=marks,
    )


def _sums_panel(passes, truth):
    bars, known = [], [1.0]
    for name, states in passes:
        m, s = states[-1]
        wanted = _sum_for(truth, m)
        known += [v for v in (s, wanted) if v is not None and math.isfinite(v)]
        status = Status.ORDINARY if math.isfinite(s) else _result_status(s)
        bars.append(Bar(name, s, status=status, text=numbers.text(s, 4), exact=wanted))
    high = numbers.nice_ceiling(max(known))
    return Panel.bars(
        "s, measured from m", Axis("s", 0, high, ticks=numbers.linear_ticks(0, high, most=4)), bars
    )


def _sum_for(truth, m):
    """The s that belongs to m, or None where no float can say."""
    if not (math.isfinite(truth) and math.isfinite(m) and truth - m < 700):
        return None
    return math.exp(truth - m)


def _listed(values):
    shown = [numbers.text(v, 4) for v in values[:6]]
    return ", ".join(shown) + (f", … ({len(values)} logits)" if len(values) > 6 else "")


def _pass_finding(passes, truth, step, count):
    if step == 0:
        return "Nothing is read yet: m is −inf and s is 0, the sum of no terms"
    parts = []
    for name, states in passes:
        total = _total(states[-1])
        if _right(states[-1], truth):
            parts.append(f"{name} is right at {numbers.nats(total)}")
        elif math.isfinite(total - truth):
            much = "too much" if total > truth else "too little"
            gap = abs(total - truth)
            shown = f"{gap:.2f}" if gap >= 0.01 else numbers.text(gap, 3)
            parts.append(f"{name} says {shown} nats {much}")
        else:
            parts.append(f"{name} gives {numbers.text(total)}")
    return f"After {step} of {count} chunks " + "; ".join(parts)
