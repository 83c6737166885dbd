"""Explorables of page and lab 08: scrub through the epochs of a run, ranks with unequal counts, the
score of a sequence up to its end."""

import math
from functools import lru_cache, partial

import numpy as np

from lnnn import exact as oracle
from lnnn.messages import _, ngettext

from . import numbers, study
from .answers import described, one_number
from .bars import told_bar
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Scene
from .sliders import Choice, Slider, logit_sliders, logits_of, temperature_slider
from .snippet import assignments
from .status import log_status, status_of
from .widget import Explorable
from .words import listed, page_word

LENS = (0.0, 4.0, -2.0)  # logits of the true class, of its best rival, of each other class
TOKENS = (900, 80, 20)
MEANS = (-0.5, -2.0, -4.0)

_LOWEST = -12.0  # nats; what lies below is drawn in the last bin
_BINS = np.linspace(_LOWEST, 0.0, 25)
_TICKS = (-9.0, -6.0, -3.0, 0.0)
_SURE = 1e-6  # how far the probabilities of a row may be from 1 in sum

# Five places over three classes; the sliders hold the logits of place 2. The EOS is class 0.
CLASSES = ("EOS", "a", "b")
PLACES = np.array([[0, 3, 1], [0, 0, 0], [0, 3, 5], [2, 0, 5], [6, 1, 2]], dtype=float)
ENDS = {"2": (1, 0, 1, 2, 1), "5": (1, 2, 1, 2, 0), "nowhere": (1, 2, 1, 2, 1)}
_SAME = 1e-9  # two log-probabilities that agree to this, relative or in nats, are one


def scrub(
    log_softmax,
    logits,
    labels,
    *,
    name=None,
    lens=LENS,
    temperature=1.0,
    epoch=None,
    threshold=-4.0,
) -> Explorable:
    """The log-probabilities of the true labels, epoch by epoch, and one sample under the lens.

    log_softmax: called as ``f(z, temperature=T)`` if it has that parameter, else as ``f(z / T)``;
    works along the last axis. logits: (epochs + 1, N, V), recorded before the first epoch and after
    each. labels: (N,) ints. name: its title; its own name unless given.
    lens, temperature, epoch, threshold: where the sliders start. ``lens`` holds three logits: of
    the true class, of its best rival, and of each of the V − 2 others. ``epoch``: the last one
    unless given.
    """
    logits, labels = np.asarray(logits, dtype=float), np.asarray(labels)
    if logits.ndim != 3 or labels.shape != logits.shape[1:2]:
        raise ValueError(
            _(
                "scrub: logits have the shape (epochs + 1, N, V) and labels (N,), "
                "not {logits} and {labels}"
            ).format(logits=logits.shape, labels=labels.shape)
        )
    last = len(logits) - 1
    names = study.checked("scrub", [log_softmax], name and [name])
    (studied,) = study.studied([log_softmax], names)
    # All epochs are computed anew for another temperature only: it is what takes the time.
    ask = lru_cache(maxsize=1)(partial(studied.ask, logits))
    about = {"logits": logits, "labels": labels, "names": names, "ask": ask}
    titles = [
        _("lens logit, true class"),
        _("lens logit, best rival"),
        _("lens logit, each other class"),
    ]
    controls = [
        Slider(
            "epoch",
            last if epoch is None else epoch,
            0,
            last,
            step=1,
            label=_("epoch"),
            integer=True,
        ),
        _threshold_slider(threshold, step=0.25),
        temperature_slider(temperature),
        *logit_sliders(lens, titles),
    ]
    return study.explorable(scrub_scene, [log_softmax], controls, **about)


def ranks(*functions, names=None, tokens=TOKENS, means=MEANS) -> Explorable:
    """The mean log-probability over all tokens, from ranks that hold unequal numbers of them.

    functions: called with a list of 1-D float64 arrays, the log-probabilities of each rank's
    tokens; they return one number. names: their titles. tokens, means: where the sliders start.
    """
    controls = []
    for r, (count, mean) in enumerate(zip(tokens, means, strict=True), start=1):
        held, of = _("rank {r}: tokens").format(r=r), _("rank {r}: mean ln p").format(r=r)
        controls += [
            Slider(f"tokens_{r}", count, 0, 1000, step=20, label=held, integer=True),
            Slider(f"mean_{r}", mean, -6.0, 0.0, step=0.1, label=of),
        ]
    return study.explorable(ranks_scene, functions, controls, names=names)


def score_sequence(
    token_log_probs,
    sequence_log_probs,
    flag_outliers,
    *,
    names=None,
    logits=(0.0, 1.0, 0.0),
    temperature=1.0,
    threshold=-4.0,
    eos="5",
) -> Explorable:
    """One sequence of five tokens: ln p of each, the total up to the end, and what is flagged.

    token_log_probs: called as ``f(logits, targets)``, (1, 5, 3) float64 already divided by the
    temperature and (1, 5) integers; returns (1, 5) log-probabilities in nats.
    sequence_log_probs: called as ``f(log_probs, tokens, 0)`` with what the first returned; 0 is the
    EOS. Returns ``(totals, lengths)``, two arrays (1,).
    flag_outliers: called as ``f(log_probs, mask, threshold)``, the mask (1, 5) True for as many
    places as the second counted; returns integer pairs (n, 2).
    names: titles of the three. logits: of the three classes at place 2, where the target is b
    unless the EOS stands there. temperature, threshold, eos: where the controls start.
    """
    if len(logits) != len(CLASSES):
        text = _("logits: three, of {classes}; not {n}")
        raise ValueError(text.format(classes=listed(CLASSES), n=len(logits)))
    controls = [
        *logit_sliders(logits, [_("place 2, {token}").format(token=token) for token in CLASSES]),
        # Down to 0.01, where a softmax followed by a logarithm loses places to −inf.
        Slider("temperature", temperature, 0.01, 20.0, label=_("temperature"), scale="log"),
        _threshold_slider(threshold, step=0.5),
        Choice(
            "eos", tuple(ENDS), start=eos, label=_("EOS at place"), texts=("2", "5", _("nowhere"))
        ),
    ]
    functions = (token_log_probs, sequence_log_probs, flag_outliers)
    return study.explorable(score_sequence_scene, functions, controls, names=names)


def _threshold_slider(start, step):
    return Slider("threshold", start, -10.0, -0.5, step=step, label=_("threshold"), unit=_("nats"))


@study.shows_problems
def scrub_scene(functions, values: dict, *, logits, labels, names=None, ask=None) -> Scene:
    """The scene of ``scrub`` at ``values``: epoch, threshold, temperature, logit_1 to logit_3.

    ask: called with the temperature, returns the ``Answer`` of ``log_softmax`` to ``logits``.
    """
    epoch, threshold = int(values["epoch"]), float(values["threshold"])
    temperature = float(values["temperature"])
    true, rival, other = logits_of(values)
    z = np.array([true, rival] + [other] * (logits.shape[-1] - 2))
    code = assignments(z=z, temperature=temperature)
    (studied,) = study.studied(functions, names, snippet=code)
    otherwise = _("{function} gives no log-probabilities")
    answer = ask(temperature) if ask else studied.ask(logits, temperature)
    if answer.problem:
        studied.gives_nothing(answer.problem, otherwise)
    lens = studied.answer(z[None], temperature, otherwise=otherwise)
    ln_p = np.take_along_axis(answer.values, labels[None, :, None], axis=-1)[..., 0]
    lens_ln_p = float(lens.values[0, 0])
    with np.errstate(all="ignore"):
        means = ln_p.mean(axis=1)
        flagged = (ln_p < threshold).sum(axis=1)
        p = np.exp(answer.values[epoch])
        expected = float(np.where(p < math.exp(threshold), p, 0.0).sum())
        right = float((logits[epoch].argmax(axis=-1) == labels).mean())
    sample = _("ln p of the sample under the lens")
    now, mean, count = ln_p[epoch], means[epoch], int(flagged[epoch])
    return Scene(
        finding=_scrub_finding(studied.name, epoch, now, p, count, threshold, expected),
        panels=[
            _histogram(now, threshold, lens_ln_p),
            _mean_over_epochs(means, epoch),
            _flags_over_epochs(flagged, epoch),
        ],
        readouts=[
            Readout(_("mean ln p"), numbers.nats(mean), log_status(mean)),
            Readout(_("accuracy"), f"{right:.3f}"),
            Readout(_("threshold as a probability"), numbers.text(math.exp(threshold), 3)),
            Readout(_("flagged"), _("{n} of {total}").format(n=count, total=len(labels))),
            Readout(_("flags expected if the labels followed p"), numbers.text(expected, 3)),
            Readout(sample, numbers.nats(lens_ln_p), log_status(lens_ln_p)),
        ],
        snippet=code,
    )


@study.shows_problems
def ranks_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``ranks`` at ``values``: tokens_1, mean_1, tokens_2, …"""
    counts = [int(v) for name, v in values.items() if name.startswith("tokens_")]
    means = [float(v) for name, v in values.items() if name.startswith("mean_")]
    pairs = list(zip(counts, means, strict=True))
    total = sum(counts)
    products = [n * mean for n, mean in pairs]
    truth = math.fsum(products) / total if total else math.nan
    answers = [
        (
            f.name,
            f.number(
                [np.full(n, mean) for n, mean in pairs], otherwise=_("{function} gives no mean")
            ),
        )
        for f in study.studied(functions, names)
    ]
    covariance = math.fsum(products) / len(counts) - total * math.fsum(means) / len(counts) ** 2
    off = _("error of a mean of means, −cov(n, μ) / mean n")
    predicted = -covariance * len(counts) / total if total else math.nan
    exact = truth if math.isfinite(truth) else None
    held = ", ".join(f"np.full({n}, {mean!r})" for n, mean in pairs)
    rank = _("rank {r}")
    measured = [Bar(rank.format(r=r), mean) for r, mean in enumerate(means, start=1)]
    weights = []
    for r, n in enumerate(counts, start=1):
        share = n / total if total else 0.0
        of_tokens = (_("share of the tokens"), share)
        of_ranks = (_("one rank, one vote"), 1 / len(counts))
        for series, v in (of_tokens, of_ranks):
            weights.append(Bar(rank.format(r=r), v, series, digits=3))
    found = [told_bar(name, v, status_of(v), digits=4, exact=exact) for name, v in answers]
    axis = Axis(_("mean ln p (nats)"), -6.0, 0.0, most=4)
    return Scene(
        finding=_ranks_finding(answers, truth),
        panels=[
            Panel.bars(_("What each rank measures"), axis, measured),
            Panel.bars(_("How much it counts"), Axis(_("weight"), 0.0, 1.0), weights),
            Panel.bars(_("The mean of all tokens"), axis, found, wide=True),
        ],
        readouts=[
            Readout(_("tokens in all"), str(total)),
            Readout(_("exact mean"), numbers.nats(truth), status_of(truth)),
            Readout(off, numbers.nats(predicted), status_of(predicted)),
        ],
        snippet=f"ranks = [{held}]",
    )


@study.shows_problems
def score_sequence_scene(functions, values: dict, *, names=None) -> Scene:
    """The scene of ``score_sequence`` at ``values``: logit_1 …, temperature, threshold, eos."""
    threshold, tokens = float(values["threshold"]), np.array([ENDS[values["eos"]]])
    logits = PLACES[None].copy()  # (1, 5, 3)
    logits[0, 1] = logits_of(values)
    logits /= float(values["temperature"])
    code = assignments(logits=logits, targets=tokens, threshold=threshold)
    of_tokens, of_sequence, flag = study.studied(functions, names, snippet=code)
    lacking = _("{function} gives no log-probabilities")
    answer = of_tokens.array(tokens.shape, logits, tokens, otherwise=lacking)
    ln_p = answer.values
    total, count = _total(of_sequence, ln_p, tokens)
    kept = count > np.arange(tokens.size)[None]
    flagged = _flagged(flag, ln_p, kept, threshold)

    table = oracle.to_float(oracle.log_softmax(logits[0]))
    right = table[np.arange(tokens.size), tokens[0]]
    ends = np.flatnonzero(tokens[0] == 0)
    length = int(ends[0]) + 1 if ends.size else tokens.size
    beyond = [t for t in range(length) if right[t] < threshold]
    low = -numbers.nice_ceiling(max(6.0, -right.min()))
    said = (ln_p[0], total, count, flagged)
    truth = (right, right[:length].sum(), length, beyond)
    bars = []
    for t, k in enumerate(tokens[0]):
        row, value = page_word("named", name=t + 1, value=CLASSES[k]), float(ln_p[0, t])
        beside = [_("after the end")] if t >= length else []
        beside += [_("flagged")] if t in flagged else []
        row = listed([row, *beside])
        bars.append(Bar(row, value, status=log_status(value), exact=right[t]))
    title, axis = _("ln p of each token"), Axis(_("ln p (nats)"), low, 0.0)
    return Scene(
        finding=_sequence_finding((of_tokens.name, of_sequence.name, flag.name), said, truth),
        panels=[Panel.bars(title, axis, bars, note=answer.note, wide=True)],
        readouts=[
            Readout(_("total"), numbers.nats(total), log_status(total)),
            Readout(_("tokens that count"), numbers.text(count)),
            Readout(_("flagged places"), numbers.listed(t + 1 for t in flagged) or _("none")),
        ],
        snippet=code,
    )


def _total(studied, ln_p, tokens):
    """(total, length) of the one sequence; what is wrong with the answer ends the scene."""
    otherwise, wanted = _("{function} gives no total"), _("Expected: (totals, lengths)")
    answer = studied.value(ln_p, tokens, 0, otherwise=otherwise)
    if not isinstance(answer, tuple):
        studied.refuse(described(answer), wanted, otherwise)
    if len(answer) != 2:
        studied.refuse(_("a tuple of {n}").format(n=len(answer)), wanted, otherwise)
    both = []
    names = (_("For the totals {function}"), _("For the lengths {function}"))
    for name, given in zip(names, answer, strict=True):
        name = name.format(function=studied.name)
        number, problem = one_number(name, lambda given=given: given)
        if problem:
            studied.gives_nothing(problem, otherwise)
        both.append(number)
    return both


def _flagged(studied, ln_p, kept, threshold):
    """The places t as a list; what is wrong with the answer ends the scene."""
    otherwise = _("{function} gives no places")
    answer = studied.value(ln_p, kept, threshold, otherwise=otherwise)
    pairs = isinstance(answer, np.ndarray) and answer.ndim == 2 and answer.shape[1] == 2
    if not pairs or answer.dtype.kind not in "iu":
        wanted = _("Expected: an array of integers, shape (n, 2)")
        studied.refuse(described(answer), wanted, otherwise)
    last = ln_p.size - 1
    for b, t in answer.tolist():
        if b != 0 or not 0 <= t <= last:
            wanted = _("The places are (0, 0) to (0, {last})").format(last=last)
            studied.refuse(_("the pair {pair}").format(pair=(b, t)), wanted, otherwise)
    return answer[:, 1].tolist()


def _histogram(ln_p, threshold, lens):
    """How many samples lie where, as a stepped line; the samples below the axis are in its end."""
    heights, _edges = np.histogram(np.clip(ln_p[~np.isnan(ln_p)], _LOWEST, 0.0), _BINS)
    marks = []
    if not math.isnan(lens):
        at = min(max(lens, _LOWEST), 0.0)
        height = heights[min(np.searchsorted(_BINS, at, "right") - 1, len(heights) - 1)]
        marks = [Mark(at, _("lens"), y=float(height), status=log_status(lens))]
    top = max(10.0, float(len(ln_p)))
    ticks = (
        (_LOWEST, _("{value} or less").format(value=numbers.text(_LOWEST))),
        *numbers.ticks_at(_TICKS),
    )
    lines = [
        Line(_("samples"), np.repeat(_BINS, 2), [0, *np.repeat(heights, 2), 0]),
        Line(_("threshold"), [threshold, threshold], [0, top]),
    ]
    x = Axis(_("ln p of the true label (nats)"), _LOWEST, 0.0, ticks=ticks)
    y = Axis(_("samples in half a nat"), 0.0, top, scale="symlog")
    about = {"marks": marks, "bands": [Band(_LOWEST, threshold, _("flagged"))]}
    return Panel.lines(_("Where the samples stand"), x, y, lines, wide=True, **about)


def _mean_over_epochs(means, epoch):
    """The axis is bent: near 0 a hundredth of a nat can be seen, and the start is on it too."""
    low = -numbers.nice_ceiling(max(1.0, -float(means[np.isfinite(means)].min(initial=0.0))))
    ticks = numbers.ticks_at(v for v in (-30, -10, -3, -1, -0.3, -0.1, 0) if v >= low)
    axis = Axis(_("mean ln p (nats)"), low, 0.0, scale="symlog", linear_width=0.1, ticks=ticks)
    return _over_epochs(_("Mean over the epochs"), axis, means, epoch)


def _flags_over_epochs(flagged, epoch):
    high = numbers.nice_ceiling(max(10, int(flagged.max())))
    axis = Axis(_("samples below the threshold"), 0.0, high)
    return _over_epochs(_("Flagged over the epochs"), axis, flagged, epoch)


def _over_epochs(title, y, curve, epoch):
    x = Axis(_("epoch"), 0, len(curve) - 1, most=4)
    line = Line(y.label, np.arange(len(curve)), curve)
    return Panel.lines(title, x, y, [line], marks=[Mark(epoch, y=float(curve[epoch]))])


def _scrub_finding(name, epoch, ln_p, p, flagged, threshold, expected):
    undefined = int(np.isnan(ln_p).sum())
    if undefined:
        text = _("Epoch {epoch}: {function} gives NaN for {n} of {total} samples")
        return text.format(epoch=epoch, function=name, n=undefined, total=len(ln_p))
    off = float(np.abs(p.sum(axis=-1) - 1).max())
    if not off <= _SURE:
        text = _(
            "Epoch {epoch}: the probabilities of {function} do not sum to 1, "
            "but miss it by up to {off}"
        )
        return text.format(epoch=epoch, function=name, off=numbers.text(off, 2))
    infinite = int(np.isinf(ln_p).sum())
    if infinite:
        text = ngettext(
            "Epoch {epoch}: {function} gives {n} sample −inf, and the mean is gone",
            "Epoch {epoch}: {function} gives {n} samples −inf, and the mean is gone",
            infinite,
        )
        return text.format(epoch=epoch, function=name, n=infinite)
    text = _(
        "Epoch {epoch}: {n} of {total} samples lie below {threshold}; "
        "if the labels followed p, it would be {expected}"
    )
    limits = {"threshold": numbers.text(threshold), "expected": numbers.text(expected, 2)}
    return text.format(epoch=epoch, n=flagged, total=len(ln_p), **limits)


def _ranks_finding(answers, truth):
    if math.isnan(truth):
        return _("No rank has a token: there is no mean to find")
    parts = []
    for name, value in answers:
        if not math.isfinite(value):
            text = _("{function} gives {value}")
        elif numbers.agree(value, truth, _SAME):
            text = _("{function} is right")
        else:
            text = _("{function} is off by {error}")
        error = numbers.nats(abs(value - truth), 3)
        parts.append(text.format(function=name, value=numbers.text(value), error=error))
    text = _("The mean is {mean}: {results}")
    return text.format(mean=numbers.nats(truth), results=listed(parts))


def _sequence_finding(names, said, truth):
    """What is wrong with the first of the three functions that is; or what they say together."""
    (ln_p, total, count, flagged), (right, exact_total, length, beyond) = said, truth
    for t, (value, exact) in enumerate(zip(ln_p, right, strict=True)):
        if not numbers.agree(value, exact, _SAME):
            text = _("{function} says of place {k}: {value} and should be {exact}")
            return text.format(function=names[0], k=t + 1, **_apart(value, exact))
    if count != length:
        text = _("{function} counts {n} tokens, and there are {length}")
        return text.format(function=names[1], n=numbers.text(count), length=length)
    if not numbers.agree(total, exact_total, _SAME):
        text = _("The total is {value} and should be {exact}")
        return text.format(**_apart(total, exact_total))
    if flagged != beyond:
        text = _("{function} flags {flagged}, and should flag {beyond}")
        places = {"flagged": _places(flagged), "beyond": _places(beyond)}
        return text.format(function=names[2], **places)
    text = _("{length} tokens count: {total}, no place flagged")
    if beyond:
        text = _("{length} tokens count: {total}, {n} of them flagged")
    return text.format(length=length, total=numbers.nats(total), n=len(beyond))


def _apart(value, exact):
    """Both numbers, with as many digits as it takes to tell them apart."""
    digits = 4 if numbers.text(value, 4) != numbers.text(exact, 4) else 12
    return {"value": numbers.nats(value, digits), "exact": numbers.nats(exact, digits)}


def _places(places):
    if not places:
        return _("no place")
    text = ngettext("place {k}", "places {k}", len(places))
    return text.format(k=numbers.listed(t + 1 for t in places))
