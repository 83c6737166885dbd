"""Explorables of notebook 09: who underflows, what exp brings back, what a cap does to a mean."""

import math

import numpy as np

from lnnn import exact as oracle

from . import axes, numbers, study
from .answers import Answer
from .bars import probability_bar, told_bar
from .curves import within
from .float_types import TYPES
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Row, Scene
from .sliders import DTYPES, Slider, dtype_choice, logits_of, softmax_sliders
from .snippet import assignments
from .status import Status, status_against
from .widget import Explorable
from .words import counted, of_classes

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
    controls = softmax_sliders(logits, temperature, dtype_choice(dtype))
    functions = (softmax, log_softmax)
    return study.explorable(who_underflows_scene, functions, controls, names=names)


def recovery(*functions, names=None, tokens=2048, nats=0.49) -> Explorable:
    """A sequence's log-probability, and what comes back from it as a probability, in three floats.

    functions: up to four, called with the token log-probabilities, a 1-D array in nats of each
    dtype in turn; they return one number. names: their titles; their own names unless given.
    tokens, nats: where the sliders start; ``nats`` is the mean surprisal of a token.
    """
    if len(functions) > MOST_FUNCTIONS:
        raise ValueError(
            f"recovery: {len(functions)} functions, and {MOST_FUNCTIONS} fit side by side"
        )
    controls = [
        Slider("tokens", tokens, 1, 10_000, scale="log", integer=True),
        _surprisal_slider(nats, low=0.01),
    ]
    return study.explorable(recovery_scene, functions, controls, names=names)


def cap_and_flag(cap, *, name=None, nats=3.0, at=-6.0, threshold=-4.0, broken=0.0) -> Explorable:
    """Sorted token log-probabilities before and after a cap, and how many fall below a threshold.

    cap: called as ``cap(log_p, at)`` with the log-probabilities of 1000 tokens, float64 in nats;
    returns an array of their shape. Their surprisals are spread exponentially.
    nats, at, threshold, broken: where the sliders start: the mean surprisal, the cap, the
    threshold, and the log-probability of one broken token (0: none).
    """
    far = {"scale": "symlog", "per_decade": 10, "smallest": 10}
    controls = [
        _surprisal_slider(nats, low=0.1),
        Slider("at", at, -20, -1, step=0.5, label="cap", unit="nats"),
        Slider("threshold", threshold, -20, -1, step=0.5, unit="nats"),
        Slider("broken", broken, -1000, 0, label="one broken token", unit="nats", **far),
    ]
    return study.explorable(cap_and_flag_scene, [cap], controls, names=name and [name])


@study.shows_problems
def who_underflows_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``who_underflows`` at ``values``: logit_1 …, temperature, dtype."""
    dtype, temperature = np.dtype(values["dtype"]), float(values["temperature"])
    z = logits_of(values).astype(dtype)
    code = assignments(typed=True, z=z, temperature=temperature)
    functions = study.studied(functions, names, snippet=code)
    names = [function.name for function in functions]
    truth = oracle.log_softmax(z, temperature=temperature)
    truth_p = oracle.exp(truth)
    p, log_p = (
        function.answer(z, temperature, exact_values, otherwise="gives no answer")
        for function, exact_values in zip(functions, (truth_p, truth), strict=True)
    )
    with np.errstate(all="ignore"):
        late, back = np.log(p.values), np.exp(log_p.values)
    late_answer = Answer(f"ln of {names[0]}", values=late)
    axis = axes.value_axis("ln p (nats)", truth, [log_p, late_answer])
    logarithms = []
    for k, exact in enumerate(truth):
        for answer in (late_answer, log_p):
            value = answer.values[k]
            # A 0 is a rounded logarithm of nearly 1.
            status = status_against(value, exact) if value != 0 else Status.ORDINARY
            more = {"series": answer.name, "exact": float(exact)}
            logarithms.append(told_bar(f"class {k + 1}", value, status, **more))
    return Scene(
        finding=_who_finding(names, p, log_p, back, dtype),
        panels=[
            _probabilities(f"Probability: {names[0]}", p.values, truth_p, note=p.note),
            Panel.bars("Logarithm", axis, logarithms, note=log_p.note),
            _probabilities(f"Back again: exp of {names[1]}", back, truth_p),
        ],
        readouts=[
            Readout(f"exp is 0 in {dtype} below", numbers.nats(TYPES[dtype.name].exp_limits[2], 6)),
            Readout("largest value that came back", numbers.text(np.max(back), 5)),
            Readout(f"{dtype} overflows above", numbers.text(float(np.finfo(dtype).max), 3)),
        ],
        snippet=code,
    )


@study.shows_problems
def recovery_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``recovery`` at ``values``: tokens, nats."""
    n, nats = int(values["tokens"]), float(values["nats"])
    total = -n * nats
    code = f"log_p = np.full({n}, {-nats!r})"
    functions = study.studied(functions, names, snippet=code)
    found = {
        f.name: {
            dtype: f.number(np.full(n, -nats, dtype=dtype), otherwise="gives no probability")
            for dtype in DTYPES
        }
        for f in functions
    }
    limits = {dtype: TYPES[dtype].exp_limits[2] for dtype in DTYPES}
    rows, marks = [Row(_SUM, numbers.nats(total, 5))], []
    for dtype, limit in limits.items():
        rows.append(Row(dtype, f"exp of the sum is {'0' if total < limit else _power(total)}"))
        marks.append(Mark(limit, f"0 below {numbers.text(limit, 4)}", row=dtype))
    status = Status.UNDERFLOW if total < min(limits.values()) else Status.ORDINARY
    marks.insert(0, Mark(total, row=_SUM, status=status))
    reach = [v for by_dtype in found.values() for v in by_dtype.values()]
    ticks = numbers.ticks_at([*(-(10.0**k) for k in (5, 4, 3, 2, 1)), 0.0])
    axis = Axis("log-probability of the sequence (nats)", _FAR, 0.0, scale="symlog", ticks=ticks)
    bands = [
        Band(_FAR, limits["float64"], "0 in every float", Status.UNDERFLOW),
        Band(limits["float16"], 0.0, "0 in none"),
    ]
    title = "Where the sum stands, and where exp gives 0"
    back = axes.from_zero("probability", reach)
    bars = [probability_bar(d, found[name][d], series=name) for d in DTYPES for name in found]
    return Scene(
        finding=_recovery_finding(n, nats, total, found),
        panels=[
            Panel.number_line(title, axis, rows, marks, bands=bands, wide=True),
            Panel.bars("What comes back", back, bars, wide=True),
        ],
        readouts=[
            Readout("perplexity", numbers.text(math.exp(nats), 4)),
            Readout("as a power of ten", _power(total)),
        ],
        snippet=code,
    )


@study.shows_problems
def cap_and_flag_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``cap_and_flag`` at ``values``: nats, at, threshold, broken."""
    wanted = ("nats", "at", "threshold", "broken")
    nats, at, threshold, broken = (float(values[name]) for name in wanted)
    log_p = exponential_sample(nats)
    if broken < 0:
        log_p[0] = broken
    code = f"at, threshold = {at!r}, {threshold!r}"
    (cap,) = study.studied(functions, names, snippet=code)
    answer = cap.answer(log_p, 1.0, None, at, otherwise="caps nothing")
    capped = answer.values
    mean, after = float(log_p.mean()), float(capped.mean())
    touched = float((capped != log_p).mean())
    flagged = float((log_p < threshold).mean())
    below = f"flagged below {numbers.text(threshold)}"
    sound = flagged if broken >= threshold else flagged - 1 / _SAMPLE
    low = -numbers.nice_ceiling(max(4 * nats, 1.2 * -at, 1.2 * -threshold))
    share = 100 * (np.arange(_SAMPLE) + 0.5) / _SAMPLE
    curves = (("as logged", log_p), (cap.name, capped))
    perplexities = [(name, _exp(-float(v.mean()))) for name, v in curves]
    lines = [Line(name, share, within(v, low)) for name, v in curves]
    bands = [Band(0, 100 * flagged, "flagged")] if flagged > 0 else []
    x, y = Axis("share of the tokens (%)", 0, 100), Axis("ln p (nats)", low, 0.0)
    title = "Tokens from the least likely to the most likely"
    up = axes.from_zero("perplexity", [v for _, v in perplexities])
    bars = [Bar(row, v, digits=4) for row, v in perplexities]
    return Scene(
        finding=_cap_finding(cap.name, at, touched, mean, after, broken),
        panels=[
            Panel.lines(title, x, y, lines, bands=bands, note=answer.note),
            Panel.bars("Perplexity", up, bars),
        ],
        readouts=[
            Readout("mean ln p", numbers.nats(mean, 5)),
            Readout(f"mean of {cap.name}", numbers.nats(after, 5)),
            Readout("tokens the cap touches", _percent(touched)),
            Readout(f"{below} though nothing is wrong", _percent(sound)),
        ],
        snippet=code,
    )


def exponential_sample(nats, n=_SAMPLE) -> np.ndarray:
    """n log-probabilities, ascending: quantiles of an exponential surprisal of mean ``nats``."""
    surprisal = -np.log((np.arange(n) + 0.5) / n)
    return -nats * surprisal / surprisal.mean()


def _surprisal_slider(nats, low):
    return Slider("nats", nats, low, 12, scale="log", label="mean surprisal", unit="nats")


def _probabilities(title, values, truth, note=""):
    bars = [
        probability_bar(f"class {k}", float(v), exact=exact)
        for k, (v, exact) in enumerate(zip(values, oracle.to_float(truth), strict=True), start=1)
    ]
    return Panel.bars(title, axes.from_zero("probability", values), bars, note=note)


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


def _who_finding(names, p, log_p, back, dtype):
    softmax, log_softmax = names
    n = len(back)
    none, lost = (int((~np.isfinite(answer.values)).sum()) for answer in (p, log_p))
    if none:
        return f"{softmax} gives no number for {of_classes(none, n)} in {dtype}"
    if lost:
        return f"{log_softmax} loses {of_classes(lost, n)} in {dtype}"
    largest = float(back.max())
    over = "none is above 1" if largest <= 1 else f"the largest is {numbers.text(largest, 4)}"
    flushed = int((p.values == 0).sum())
    if flushed:
        zeros = counted(int((back == 0).sum()), "zero")
        return (
            f"{softmax} flushes {of_classes(flushed, n)} to 0 in {dtype}, {log_softmax} keeps "
            f"all {n}; exp of it gives {zeros}, and {over}"
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
        where = "all three floats" if len(zero) == len(DTYPES) else " and ".join(zero)
        kept = numbers.text(by_dtype["float64"], 4)
        clauses.append(f"{name} is 0 in {where}" if zero else f"{name} is {kept}")
    return (
        f"{counted(n, 'token')} at {numbers.nats(nats)} sum to {numbers.nats(total, 5)}, "
        f"perplexity {numbers.text(math.exp(nats), 4)}: {', '.join(clauses)}"
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
