"""Measure how far a student's function is from the exact answer over the range of its inputs."""

import math
from dataclasses import dataclass

import numpy as np

from lnnn.suite.lab import Lab, NotAttemptedError, StudentError

from .sweeps import SWEEPS
from .sweeps.sweep import Axis, Batch, Leg

NAN, INF, WRONG = "NaN", "inf", "not −inf"


@dataclass(frozen=True)
class ErrorLine:
    """The errors of one dtype on one axis.

    ``errors[i]`` is the worst error of the answer at input ``xs[i]``, in ulp (see
    ``sweeps.sweep.Exact``), inf where ``words[i]`` says "NaN", "inf" or "not −inf"; ``words[i]`` is
    "" otherwise. ``allowed`` is what the course's contract permits, in ulp.
    """

    label: str
    xs: tuple[float, ...]
    errors: tuple[float, ...]
    words: tuple[str, ...]
    allowed: float

    @property
    def breaks_at(self) -> int | None:
        """The first point that the contract does not permit, or None."""
        bad = (i for i, e in enumerate(self.errors) if not e <= self.allowed)
        return next(bad, None)

    @property
    def worst(self) -> float:
        """The largest finite error."""
        return max((e for e in self.errors if math.isfinite(e)), default=0.0)


@dataclass(frozen=True)
class ErrorPanel:
    """All lines on one axis."""

    axis: Axis
    lines: tuple[ErrorLine, ...]


@dataclass(frozen=True)
class ErrorCurve:
    """The measured errors of ``function``.

    ``finding`` is one sentence for a title. ``notes`` say what else was seen: NumPy warnings, calls
    that raised, answers that are no float arrays of the right shape.
    """

    function: str
    finding: str
    panels: tuple[ErrorPanel, ...]
    notes: tuple[str, ...]

    @property
    def within_contract(self) -> bool:
        """True when no point is worse than the contract permits."""
        return all(line.breaks_at is None for panel in self.panels for line in panel.lines)


def measure(lab: Lab, function: str) -> ErrorCurve | None:
    """The error curve of ``lab``'s ``function``, in at most two calls.

    None when there is nothing to draw: the function has no sweep, is not written, or gave no
    readable answer in any call.
    """
    sweep = SWEEPS.get(function)
    if sweep is None:
        return None
    panels: dict[Axis, list[ErrorLine]] = {}
    notes = []
    for batch in sweep():
        arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in batch.args]
        try:
            value = getattr(lab, function)(*arguments, **batch.kwargs)
        except NotAttemptedError:
            return None
        except StudentError as error:
            notes.append(f"{batch.label}: raised {error.kind}: {error}".rstrip(": "))
            continue
        if lab.last.warnings:
            notes.append(f"{batch.label}: NumPy warned: {lab.last.warnings[0]}")
        problem = _unreadable(value, batch.exact.high.shape)
        if problem:
            notes.append(f"{batch.label}: {problem}")
            continue
        for leg in batch.legs:
            panels.setdefault(leg.axis, []).append(_line(batch, leg, value))
    if not panels:
        return None
    drawn = tuple(ErrorPanel(axis, tuple(lines)) for axis, lines in panels.items())
    return ErrorCurve(function, _finding(function, drawn), drawn, tuple(notes))


def _unreadable(value, shape) -> str:
    """Why ``value`` can't be compared with answers of ``shape``, or ''."""
    if not isinstance(value, np.ndarray):
        return f"the answer is a {type(value).__name__}, not an array"
    if value.shape != shape:
        return f"the answer to logits of shape {shape} has shape {value.shape}"
    if value.dtype.kind != "f":
        return f"the answer holds {value.dtype} values, not floats"
    return ""


def _line(batch: Batch, leg: Leg, value: np.ndarray) -> ErrorLine:
    errors = batch.exact.errors(value)[leg.rows]
    values = value[leg.rows]
    worst = errors.max(axis=-1)
    words = []
    for row, error in zip(values, worst.tolist(), strict=True):
        if math.isfinite(error):
            words.append("")
        elif np.isnan(row).any():
            words.append(NAN)
        else:
            words.append(INF if np.isinf(row).any() else WRONG)
    return ErrorLine(batch.label, leg.xs, tuple(worst.tolist()), tuple(words), batch.exact.allowed)


def _finding(function: str, panels: tuple[ErrorPanel, ...]) -> str:
    """What the picture shows, in one sentence: where it breaks first, or how close it stays."""
    for label in dict.fromkeys(line.label for panel in panels for line in panel.lines):
        for panel in panels:
            for line in panel.lines:
                if line.label == label and line.breaks_at is not None:
                    return _break(function, panel.axis, line)
    worst = max(line.worst for panel in panels for line in panel.lines)
    return f"{function} stays within {_ulps(worst)} over the whole range"


def _break(function: str, axis: Axis, line: ErrorLine) -> str:
    at = line.breaks_at
    word = line.words[at]
    if at == 0:
        what = word or f"{_ulps(line.errors[0])} off"
        return f"{function} in {line.label}: {what} from {axis.noun} {number(line.xs[0])} on"
    before = max(line.errors[:at])
    then = word or "digits are lost"
    return (
        f"{function} in {line.label}: within {_ulps(before)} up to {axis.noun} "
        f"{number(line.xs[at - 1])}, then {then}"
    )


def _ulps(error: float) -> str:
    """An error rounded up to one digit, so that it does not change with the machine's exp."""
    if error <= 1:
        return "1 ulp"
    power = 10.0 ** math.floor(math.log10(error))
    return f"{number(math.ceil(error / power) * power)} ulp"


def number(value: float) -> str:
    """7 -> 7, 0.001 -> 0.001, 1e300 -> 10³⁰⁰, 1.78e5 -> 1.8·10⁵."""
    if value == 0 or 1e-3 <= value < 1e4:
        return f"{value:.4g}"
    exponent = math.floor(math.log10(value) + 1e-9)
    digits = f"{value / 10.0**exponent:.2g}"
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if digits == "1" else f"{digits}·{power}"
