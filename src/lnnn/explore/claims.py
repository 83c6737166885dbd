"""Explorables of notebook 09: who underflows, what exp brings back, what a cap does to a mean.

``who_underflows_scene``, ``recovery_scene`` and ``cap_and_flag_scene`` are pure: functions and
slider values in, scene out. ``who_underflows``, ``recovery`` and ``cap_and_flag`` wrap them in a
widget.
"""

import math
from functools import partial

import numpy as np

from lnnn import exact as oracle

from . import axes, numbers, study
from .float_types import TYPES
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Row, Scene, Status
from .sliders import Choice, Slider, logit_sliders, logits_of, temperature_slider
from .widget import Explorable

DTYPES = ("float16", "float32", "float64")
LOGITS = (20.0, 5.0, -10.0, -20.0)
MOST_FUNCTIONS = 4  # as many fills as bars have

_SAMPLE = 1000  # tokens of cap_and_flag
_FAR = -1.2e5  # the left end of the number line of recovery, in nats
_SUM = "sum of the ln p"


def who_underflows(
    softmax, log_softmax, *, names=None, logits=LOGITS, temperature=0.35, dtype="float32"
) -> Explorable:
    """A probability, its logarithm, and exp of the logarithm: which of them leaves the floats?

    softmax, log_softmax: called as ``f(z, temperature=T)`` if they have that parameter, else as
    ``f(z / T)``, with a 1-D array of the chosen dtype. names: their titles, in order.
    logits, temperature, dtype: where the sliders start; one slider for each logit.
    """
    functions = (softmax, log_softmax)
    study.check_functions("who_underflows", functions)
    names = study.checked_names(names, functions)
    controls = [
        *logit_sliders(logits),
        temperature_slider(temperature),
        Choice("dtype", DTYPES, start=dtype, label="floats"),
    ]
    return Explorable(partial(who_underflows_scene, softmax, log_softmax, names=names), controls)


def recovery(*functions, names=None, tokens=2048, nats=0.49) -> Explorable:
    """A sequence's log-probability, and what comes back from it as a probability, in three floats.

    functions: up to four, called with the token log-probabilities, a 1-D array in nats of each
    dtype in turn; they return one number. names: their titles; their own names unless given.
    tokens, nats: where the sliders start; ``nats`` is the mean surprisal of a token.
    """
    study.check_functions("recovery", functions)
    if len(functions) > MOST_FUNCTIONS:
        raise ValueError(
            f"recovery: {len(functions)} functions, and {MOST_FUNCTIONS} fit side by side"
        )
    names = study.checked_names(names, functions)
    controls = [
        Slider("tokens", start=tokens, low=1, high=10_000, scale="log", integer=True),
        Slider(
            "nats", start=nats, low=0.01, high=12, scale="log", label="mean surprisal", unit="nats"
        ),
    ]
    return Explorable(partial(recovery_scene, functions, names=names), controls)


def cap_and_flag(cap, *, name=None, nats=3.0, at=-6.0, threshold=-4.0, broken=0.0) -> Explorable:
    """Sorted token log-probabilities before and after a cap, and how many fall below a threshold.

    cap: called as ``cap(log_p, at)`` with the log-probabilities of 1000 tokens, float64 in nats;
    returns an array of their shape. Their surprisals are spread exponentially.
    nats, at, threshold, broken: where the sliders start: the mean surprisal, the cap, the
    threshold, and the log-probability of one broken token (0: none).
    """
    study.check_functions("cap_and_flag", (cap,))
    (name,) = study.checked_names(name and [name], (cap,))
    controls = [
        Slider(
            "nats", start=nats, low=0.1, high=12, scale="log", label="mean surprisal", unit="nats"
        ),
        Slider("at", start=at, low=-20, high=-1, step=0.5, label="cap", unit="nats"),
        Slider("threshold", start=threshold, low=-20, high=-1, step=0.5, unit="nats"),
        Slider(
            "broken",
            start=broken,
            low=-1000,
            high=0,
            scale="symlog",
            per_decade=10,
            smallest=10,
            label="one broken token",
            unit="nats",
        ),
    ]
    return Explorable(partial(cap_and_flag_scene, cap, name=name), controls)


def who_underflows_scene(softmax, log_softmax, values: dict, *, names=None) -> Scene:
    """The scene of ``who_underflows`` at ``values``: logit_1 …, temperature, dtype."""
    dtype = np.dtype(values["dtype"])
    temperature = float(values["temperature"])
    names = names or study.names_of([softmax, log_softmax])
    z = logits_of(values).astype(dtype)
    truth = oracle.log_softmax(z, temperature=temperature)
    truth_p = oracle.exp(truth)
    p, log_p = (
        study.ask(name, function, z, temperature, exact_values)
        for name, function, exact_values in zip(
            names, (softmax, log_softmax), (truth_p, truth), strict=True
        )
    )
    snippet = f"z = np.array({z.tolist()!r}, dtype=np.{dtype})\ntemperature = {temperature!r}"
    for answer in (p, log_p):
        if answer.problem:
            title = f"{answer.name} gives no answer"
            return Scene.problem(title, answer.name, answer.problem, snippet=snippet)
    with np.errstate(all="ignore"):
        late, back = np.log(p.values), np.exp(log_p.values)
    late_answer = study.Answer(f"ln of {names[0]}", values=late)
    info = np.finfo(dtype)
    return Scene(
        finding=_who_finding(names, p, log_p, back, dtype),
        panels=[
            Panel.bars(
                f"Probability: {names[0]}",
                _probability_axis(p.values),
                _probability_bars(p.values, truth_p),
                note=p.note,
            ),
            Panel.bars(
                "Logarithm",
                axes.value_axis("ln p (nats)", truth, [log_p, late_answer]),
                [
                    bar
                    for k in range(len(z))
                    for bar in (
                        _log_bar(k, late[k], truth[k], f"ln of {names[0]}"),
                        _log_bar(k, log_p.values[k], truth[k], names[1]),
                    )
                ],
                note=log_p.note,
            ),
            Panel.bars(
                f"Back again: exp of {names[1]}",
                _probability_axis(back),
                _probability_bars(back, truth_p),
            ),
        ],
        readouts=[
            Readout(f"exp is 0 in {dtype} below", numbers.nats(TYPES[dtype.name].exp_limits[2], 6)),
            Readout("largest value that came back", numbers.text(np.max(back), 5)),
            Readout(f"{dtype} overflows above", numbers.text(float(info.max), 3)),
        ],
        snippet=snippet,
    )


def recovery_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``recovery`` at ``values``: tokens, nats."""
    n, nats = int(values["tokens"]), float(values["nats"])
    names = list(names or study.names_of(functions))
    total = -n * nats
    snippet = f"log_p = np.full({n}, {-nats!r})"
    limits, bars = {}, []
    found = {name: {} for name in names}
    for dtype in DTYPES:
        limits[dtype] = TYPES[dtype].exp_limits[2]
        log_p = np.full(n, -nats, dtype=dtype)
        for name, function in zip(names, functions, strict=True):
            value, problem = study.one_number(name, function, log_p)
            if problem:
                title = f"{name} gives no probability"
                return Scene.problem(title, name, problem, snippet=snippet)
            found[name][dtype] = value
            bars.append(_probability_bar(dtype, value, series=name))
    flushed = {dtype: total < limit for dtype, limit in limits.items()}
    rows = [Row(_SUM, numbers.nats(total, 5))]
    rows += [
        Row(dtype, "exp of the sum is " + ("0" if flushed[dtype] else _power(total)))
        for dtype in DTYPES
    ]
    status = Status.UNDERFLOW if all(flushed.values()) else Status.ORDINARY
    marks = [Mark(total, row=_SUM, status=status)]
    marks += [Mark(x, f"0 below {numbers.text(x, 4)}", row=dtype) for dtype, x in limits.items()]
    reach = [v for by_dtype in found.values() for v in by_dtype.values()]
    ticks = tuple((-(10.0**k), numbers.text(-(10.0**k))) for k in (5, 4, 3, 2, 1))
    axis = Axis(
        "log-probability of the sequence (nats)",
        _FAR,
        0.0,
        scale="symlog",
        ticks=(*ticks, (0.0, "0")),
    )
    return Scene(
        finding=_recovery_finding(n, nats, total, found),
        panels=[
            Panel.number_line(
                "Where the sum stands, and where exp gives 0",
                axis,
                rows,
                marks,
                bands=[
                    Band(_FAR, limits["float64"], "0 in every float", Status.UNDERFLOW),
                    Band(limits["float16"], 0.0, "0 in none"),
                ],
                wide=True,
            ),
            Panel.bars("What comes back", _probability_axis(reach), bars, wide=True),
        ],
        readouts=[
            Readout("perplexity", numbers.text(math.exp(nats), 4)),
            Readout("as a power of ten", _power(total)),
        ],
        snippet=snippet,
    )


def cap_and_flag_scene(cap, values: dict, *, name=None) -> Scene:
    """The scene of ``cap_and_flag`` at ``values``: nats, at, threshold, broken."""
    nats, at, threshold, broken = (
        float(values[key]) for key in ("nats", "at", "threshold", "broken")
    )
    name = name or study.names_of([cap])[0]
    log_p = exponential_sample(nats)
    if broken < 0:
        log_p[0] = broken
    snippet = f"at, threshold = {at!r}, {threshold!r}"
    answer = study.ask(name, cap, log_p, 1.0, None, at)
    if answer.problem:
        return Scene.problem(f"{name} caps nothing", name, answer.problem, snippet=snippet)
    capped = answer.values
    mean, after = float(log_p.mean()), float(capped.mean())
    touched = float((capped != log_p).mean())
    flagged = float((log_p < threshold).mean())
    low = -numbers.nice_ceiling(max(4 * nats, 1.2 * -at, 1.2 * -threshold))
    share = 100 * (np.arange(_SAMPLE) + 0.5) / _SAMPLE
    bands = []
    if flagged > 0:
        bands.append(Band(0, 100 * flagged, "flagged"))
    return Scene(
        finding=_cap_finding(name, at, touched, mean, after, broken),
        panels=[
            Panel.lines(
                "Tokens from the least likely to the most likely",
                Axis("share of the tokens (%)", 0, 100),
                Axis("ln p (nats)", low, 0.0, ticks=numbers.linear_ticks(low, 0.0)),
                [
                    Line("as logged", share, np.where(log_p >= low, log_p, np.nan)),
                    Line(name, share, np.where(capped >= low, capped, np.nan)),
                ],
                bands=bands,
                note=answer.note,
            ),
            Panel.bars(
                "Perplexity",
                _from_zero("perplexity", [_exp(-mean), _exp(-after)]),
                [
                    Bar("as logged", _exp(-mean), text=numbers.text(_exp(-mean), 4)),
                    Bar(name, _exp(-after), text=numbers.text(_exp(-after), 4)),
                ],
            ),
        ],
        readouts=[
            Readout("mean ln p", numbers.nats(mean, 5)),
            Readout(f"mean of {name}", numbers.nats(after, 5)),
            Readout("tokens the cap touches", _percent(touched)),
            Readout(
                f"flagged below {numbers.text(threshold)} though nothing is wrong",
                _percent(flagged if broken >= threshold else flagged - 1 / _SAMPLE),
            ),
        ],
        snippet=snippet,
    )


def exponential_sample(nats, n=_SAMPLE) -> np.ndarray:
    """n log-probabilities, ascending: quantiles of an exponential surprisal of mean ``nats``."""
    surprisal = -np.log((np.arange(n) + 0.5) / n)
    return -nats * surprisal / surprisal.mean()


def _probability_axis(values):
    return _from_zero("probability", [1.0, *values])


def _from_zero(label, values):
    """A linear axis from 0 to a round number above all finite values."""
    reach = max((float(v) for v in values if np.isfinite(v)), default=1.0)
    high = numbers.nice_ceiling(max(reach, 1e-300))
    return Axis(label, 0.0, high, ticks=numbers.linear_ticks(0.0, high, most=4))


def _probability_bars(values, truth):
    exact = oracle.to_float(truth)
    return [
        _probability_bar(f"class {k + 1}", float(v), exact=exact[k]) for k, v in enumerate(values)
    ]


def _probability_bar(row, value, *, series="", exact=None):
    """A bar whose 0 is called flushed: no class and no sequence here is impossible."""
    flushed = value == 0
    return Bar(
        row,
        value,
        series=series,
        status=Status.UNDERFLOW if flushed else None,
        text=numbers.text(value, 4) + (" flushed" if flushed else ""),
        exact=exact,
    )


def _log_bar(k, value, truth, series):
    """A bar whose −inf is called flushed; a 0 is a rounded logarithm of nearly 1."""
    status = study.status(value, truth) if value != 0 else Status.ORDINARY
    text = numbers.text(value, 6) + (" flushed" if status is Status.UNDERFLOW else "")
    return Bar(f"class {k + 1}", float(value), series, status, text, exact=float(truth))


def _percent(share):
    return f"{numbers.text(100 * share, 3)} %"


def _exp(x):
    return math.exp(x) if x < 709 else math.inf


def _power(nats):
    """e^nats as a power of ten, where no float may hold it: 6.5 × 10⁻⁴³⁶."""
    exponent = math.floor(nats / math.log(10))
    mantissa = math.exp(nats - exponent * math.log(10))
    if exponent >= -4:
        return numbers.text(math.exp(nats), 3)
    return f"{numbers.text(mantissa, 2)} × {numbers.power_of_ten(exponent)}"


def _classes(count, of):
    return "every class" if count == of else f"{count} of {of} classes"


def _zeros(count):
    return "1 zero" if count == 1 else f"{count} zeros"


def _who_finding(names, p, log_p, back, dtype):
    softmax, log_softmax = names
    n = len(back)
    if np.isnan(p.values).any() or np.isinf(p.values).any():
        bad = int((~np.isfinite(p.values)).sum())
        return f"{softmax} gives no number for {_classes(bad, n)} in {dtype}"
    if not np.isfinite(log_p.values).all():
        bad = int((~np.isfinite(log_p.values)).sum())
        return f"{log_softmax} loses {_classes(bad, n)} in {dtype}"
    largest = float(back.max())
    over = "none is above 1" if largest <= 1 else f"the largest is {numbers.text(largest, 4)}"
    flushed = int((p.values == 0).sum())
    if flushed:
        return (
            f"{softmax} flushes {_classes(flushed, n)} to 0 in {dtype}, {log_softmax} keeps "
            f"all {n}; exp of it gives {_zeros(int((back == 0).sum()))}, and {over}"
        )
    lowest = int(np.argmin(p.values))
    if p.values[lowest] < np.finfo(dtype).smallest_normal:
        return (
            f"Class {lowest + 1} is subnormal in {dtype}: {numbers.text(p.values[lowest], 3)} has "
            "lost digits, and it is not 0"
        )
    return (
        f"Nothing underflows in {dtype}: ln p goes down to {numbers.nats(log_p.values.min())}, "
        f"exp brings {numbers.text(back.min(), 3)} back, and {over}"
    )


def _recovery_finding(n, nats, total, found):
    clauses = []
    for name, by_dtype in found.items():
        zero = [dtype for dtype, value in by_dtype.items() if value == 0]
        if len(zero) == len(DTYPES):
            clauses.append(f"{name} is 0 in all three floats")
        elif zero:
            clauses.append(f"{name} is 0 in {' and '.join(zero)}")
        else:
            clauses.append(f"{name} is {numbers.text(by_dtype['float64'], 4)}")
    word = "token" if n == 1 else "tokens"
    return (
        f"{n} {word} at {numbers.nats(nats)} sum to {numbers.nats(total, 5)}, perplexity "
        f"{numbers.text(math.exp(nats), 4)}: {', '.join(clauses)}"
    )


def _cap_finding(name, at, touched, mean, after, broken):
    before, now = (numbers.text(_exp(-v), 4) for v in (mean, after))
    if touched == 0:
        return f"{name} at {numbers.text(at)} touches no token: perplexity {before}"
    return (
        f"{name} at {numbers.text(at)} touches {_percent(touched)} of the tokens "
        f"and turns perplexity {before} into {now}"
        + (", with one broken token among them" if broken < min(0.0, at) else "")
    )
