"""Explorables of notebook 09: who underflows, what exp brings back, what a cap does to a mean."""

import math

import numpy as np

from lnnn import exact as oracle
from lnnn.messages import _, ngettext

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
from .words import class_name, joined, listed, of_classes

LOGITS = (20.0, 5.0, -10.0, -20.0)
MOST_FUNCTIONS = 4  # as many fills as bars have

_SAMPLE = 1000  # tokens of cap_and_flag
_FAR = -1.2e5  # the left end of the number line of recovery, in nats


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
            _("recovery: {n} functions, and {most} fit side by side").format(
                n=len(functions), most=MOST_FUNCTIONS
            )
        )
    controls = [
        Slider("tokens", tokens, 1, 10_000, label=_("tokens"), scale="log", integer=True),
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
        Slider("at", at, -20, -1, step=0.5, label=_("cap"), unit=_("nats")),
        Slider("threshold", threshold, -20, -1, step=0.5, label=_("threshold"), unit=_("nats")),
        Slider("broken", broken, -1000, 0, label=_("one broken token"), unit=_("nats"), **far),
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
        function.answer(z, temperature, exact_values, otherwise=_("{function} gives no answer"))
        for function, exact_values in zip(functions, (truth_p, truth), strict=True)
    )
    with np.errstate(all="ignore"):
        late, back = np.log(p.values), np.exp(log_p.values)
    late_answer = Answer(_("ln of {function}").format(function=names[0]), values=late)
    axis = axes.value_axis(_("ln p (nats)"), truth, [log_p, late_answer])
    logarithms = []
    for k, exact in enumerate(truth):
        for answer in (late_answer, log_p):
            value = answer.values[k]
            # A 0 is a rounded logarithm of nearly 1.
            status = status_against(value, exact) if value != 0 else Status.ORDINARY
            more = {"series": answer.name, "exact": float(exact)}
            logarithms.append(told_bar(class_name(k + 1), value, status, **more))
    return Scene(
        finding=_who_finding(names, p, log_p, back, dtype),
        panels=[
            _probabilities(
                _("Probability: {function}").format(function=names[0]),
                p.values,
                truth_p,
                note=p.note,
            ),
            Panel.bars(_("Logarithm"), axis, logarithms, note=log_p.note),
            _probabilities(
                _("Back again: exp of {function}").format(function=names[1]), back, truth_p
            ),
        ],
        readouts=[
            Readout(
                _("exp is 0 in {dtype} below").format(dtype=dtype),
                numbers.nats(TYPES[dtype.name].exp_limits[2], 6),
            ),
            Readout(_("largest value that came back"), numbers.text(np.max(back), 5)),
            Readout(
                _("{dtype} overflows above").format(dtype=dtype),
                numbers.text(float(np.finfo(dtype).max), 3),
            ),
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
            dtype: f.number(
                np.full(n, -nats, dtype=dtype), otherwise=_("{function} gives no probability")
            )
            for dtype in DTYPES
        }
        for f in functions
    }
    limits = {dtype: TYPES[dtype].exp_limits[2] for dtype in DTYPES}
    all_of_them = _("sum of the ln p")
    rows, marks = [Row(all_of_them, numbers.nats(total, 5))], []
    for dtype, limit in limits.items():
        value = "0" if total < limit else _power(total)
        rows.append(Row(dtype, _("exp of the sum is {value}").format(value=value)))
        label = _("0 below {limit}").format(limit=numbers.text(limit, 4))
        marks.append(Mark(limit, label, row=dtype))
    status = Status.UNDERFLOW if total < min(limits.values()) else Status.ORDINARY
    marks.insert(0, Mark(total, row=all_of_them, status=status))
    reach = [v for by_dtype in found.values() for v in by_dtype.values()]
    ticks = numbers.ticks_at([*(-(10.0**k) for k in (5, 4, 3, 2, 1)), 0.0])
    axis = Axis(_("log-probability of the sequence (nats)"), _FAR, 0.0, scale="symlog", ticks=ticks)
    bands = [
        Band(_FAR, limits["float64"], _("0 in every float"), Status.UNDERFLOW),
        Band(limits["float16"], 0.0, _("0 in none")),
    ]
    title = _("Where the sum stands, and where exp gives 0")
    back = axes.from_zero(_("probability"), reach)
    bars = [probability_bar(d, found[name][d], series=name) for d in DTYPES for name in found]
    return Scene(
        finding=_recovery_finding(n, nats, total, found),
        panels=[
            Panel.number_line(title, axis, rows, marks, bands=bands, wide=True),
            Panel.bars(_("What comes back"), back, bars, wide=True),
        ],
        readouts=[
            Readout(_("perplexity"), numbers.text(math.exp(nats), 4)),
            Readout(_("as a power of ten"), _power(total)),
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
    answer = cap.answer(log_p, 1.0, None, at, otherwise=_("{function} caps nothing"))
    capped = answer.values
    mean, after = float(log_p.mean()), float(capped.mean())
    touched = float((capped != log_p).mean())
    flagged = float((log_p < threshold).mean())
    below = _("flagged below {threshold} though nothing is wrong")
    sound = flagged if broken >= threshold else flagged - 1 / _SAMPLE
    low = -numbers.nice_ceiling(max(4 * nats, 1.2 * -at, 1.2 * -threshold))
    share = 100 * (np.arange(_SAMPLE) + 0.5) / _SAMPLE
    curves = ((_("as logged"), log_p), (cap.name, capped))
    perplexities = [(name, _exp(-float(v.mean()))) for name, v in curves]
    lines = [Line(name, share, within(v, low)) for name, v in curves]
    bands = [Band(0, 100 * flagged, _("flagged"))] if flagged > 0 else []
    x, y = Axis(_("share of the tokens (%)"), 0, 100), Axis(_("ln p (nats)"), low, 0.0)
    title = _("Tokens from the least likely to the most likely")
    up = axes.from_zero(_("perplexity"), [v for _name, v in perplexities])
    bars = [Bar(row, v, digits=4) for row, v in perplexities]
    return Scene(
        finding=_cap_finding(cap.name, at, touched, mean, after, broken),
        panels=[
            Panel.lines(title, x, y, lines, bands=bands, note=answer.note),
            Panel.bars(_("Perplexity"), up, bars),
        ],
        readouts=[
            Readout(_("mean ln p"), numbers.nats(mean, 5)),
            Readout(_("mean of {function}").format(function=cap.name), numbers.nats(after, 5)),
            Readout(_("tokens the cap touches"), _percent(touched)),
            Readout(below.format(threshold=numbers.text(threshold)), _percent(sound)),
        ],
        snippet=code,
    )


def exponential_sample(nats, n=_SAMPLE) -> np.ndarray:
    """n log-probabilities, ascending: quantiles of an exponential surprisal of mean ``nats``."""
    surprisal = -np.log((np.arange(n) + 0.5) / n)
    return -nats * surprisal / surprisal.mean()


def _surprisal_slider(nats, low):
    return Slider("nats", nats, low, 12, scale="log", label=_("mean surprisal"), unit=_("nats"))


def _probabilities(title, values, truth, note=""):
    bars = [
        probability_bar(class_name(k), float(v), exact=exact)
        for k, (v, exact) in enumerate(zip(values, oracle.to_float(truth), strict=True), start=1)
    ]
    return Panel.bars(title, axes.from_zero(_("probability"), values), bars, note=note)


def _percent(share):
    return _("{n} %").format(n=numbers.text(100 * share, 3))


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
        text = _("{function} gives no number for {classes} in {dtype}")
        return text.format(function=softmax, classes=of_classes(none, n), dtype=dtype)
    if lost:
        text = _("{function} loses {classes} in {dtype}")
        return text.format(function=log_softmax, classes=of_classes(lost, n), dtype=dtype)
    largest = float(back.max())
    over = _("none is above 1")
    if largest > 1:
        over = _("the largest is {value}").format(value=numbers.text(largest, 4))
    flushed = int((p.values == 0).sum())
    if flushed:
        zeros = int((back == 0).sum())
        return ngettext(
            "{softmax} flushes {classes} to 0 in {dtype}, {log_softmax} keeps all {n}; "
            "exp of it gives {zeros} zero, and {over}",
            "{softmax} flushes {classes} to 0 in {dtype}, {log_softmax} keeps all {n}; "
            "exp of it gives {zeros} zeros, and {over}",
            zeros,
        ).format(
            softmax=softmax,
            log_softmax=log_softmax,
            classes=of_classes(flushed, n),
            dtype=dtype,
            n=n,
            zeros=zeros,
            over=over,
        )
    lowest = int(np.argmin(p.values))
    if p.values[lowest] < np.finfo(dtype).smallest_normal:
        return _("Class {k} is subnormal in {dtype}: {p} has lost digits, and it is not 0").format(
            k=lowest + 1, dtype=dtype, p=numbers.text(p.values[lowest], 3)
        )
    return _(
        "Nothing underflows in {dtype}: ln p goes down to {lowest}, exp brings {back} back, "
        "and {over}"
    ).format(
        dtype=dtype,
        lowest=numbers.nats(log_p.values.min()),
        back=numbers.text(back.min(), 3),
        over=over,
    )


def _recovery_finding(n, nats, total, found):
    clauses = []
    for name, by_dtype in found.items():
        zero = [dtype for dtype, value in by_dtype.items() if value == 0]
        if not zero:
            text = _("{function} is {value}")
        elif len(zero) == len(DTYPES):
            text = _("{function} is 0 in all three floats")
        else:
            text = _("{function} is 0 in {dtypes}")
        value = numbers.text(by_dtype["float64"], 4)
        clauses.append(text.format(function=name, value=value, dtypes=joined(zero)))
    return ngettext(
        "{n} token at {nats} sum to {total}, perplexity {perplexity}: {results}",
        "{n} tokens at {nats} sum to {total}, perplexity {perplexity}: {results}",
        n,
    ).format(
        n=n,
        nats=numbers.nats(nats),
        total=numbers.nats(total, 5),
        perplexity=numbers.text(math.exp(nats), 4),
        results=listed(clauses),
    )


def _cap_finding(name, at, touched, mean, after, broken):
    if touched == 0:
        text = _("{function} at {cap} touches no token: perplexity {before}")
    elif broken < min(0.0, at):
        text = _(
            "{function} at {cap} touches {share} of the tokens and turns perplexity {before} "
            "into {after}, with one broken token among them"
        )
    else:
        text = _(
            "{function} at {cap} touches {share} of the tokens and turns perplexity {before} "
            "into {after}"
        )
    before, after = (numbers.text(_exp(-v), 4) for v in (mean, after))
    cap, share = numbers.text(at), _percent(touched)
    return text.format(function=name, cap=cap, share=share, before=before, after=after)
