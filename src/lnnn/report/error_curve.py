"""Measure how far a student's function is from the exact answer over the range of its inputs."""

import math
from dataclasses import dataclass

import numpy as np

from lnnn import labs
from lnnn.messages import _
from lnnn.suite.lab import Lab, NotWrittenError, StudentError
from lnnn.suite.sweep import Axis, Batch, Leg


@dataclass(frozen=True)
class ErrorLine:
    """The errors of one dtype on one axis.

    ``errors[i]`` is the worst error of the answer at input ``xs[i]``, in ulp (see
    ``suite.sweep.Exact``), inf where ``words[i]`` says what is wrong: "NaN", "inf", "−inf", or
    "not −inf" where that would be right. ``words[i]`` is "" otherwise. ``allowed`` is what the
    function's contract permits, in ulp.
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

    ``finding`` is one sentence, with its full stop. ``notes`` say what else was seen: NumPy
    warnings, calls that raised, answers that are no float arrays of the right shape.
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
    sweep = labs.sweeps().get(function)
    if sweep is None:
        return None
    panels: dict[Axis, list[ErrorLine]] = {}
    notes = []
    for batch in sweep():
        try:
            value = getattr(lab, function)(*batch.args)
        except NotWrittenError:
            return None
        except StudentError as error:
            text = (
                _("{dtype}: raised {kind}: {text}") if str(error) else _("{dtype}: raised {kind}")
            )
            notes.append(text.format(dtype=batch.label, kind=error.kind, text=error))
            continue
        if lab.last.warnings:
            text = _("{dtype}: NumPy warned: {text}")
            notes.append(text.format(dtype=batch.label, text=lab.last.warnings[0]))
        problem = _unreadable(value, batch)
        if problem:
            notes.append(problem)
            continue
        for leg in batch.legs:
            panels.setdefault(leg.axis, []).append(_line(batch, leg, value))
    if not panels:
        return None
    drawn = tuple(ErrorPanel(axis, tuple(lines)) for axis, lines in panels.items())
    return ErrorCurve(function, _finding(function, drawn), drawn, tuple(notes))


def _unreadable(value, batch: Batch) -> str:
    """Why ``value`` can't be compared with the exact answers of ``batch``, or ''."""
    given, wanted = {"dtype": batch.label}, batch.exact.high.shape
    if not isinstance(value, np.ndarray):
        text = _("{dtype}: the answer is a {kind}, not an array")
        return text.format(kind=type(value).__name__, **given)
    if value.shape != wanted:
        text = _("{dtype}: the answer has shape {found}, not {shape}")
        return text.format(found=value.shape, shape=wanted, **given)
    if value.dtype.kind != "f":
        text = _("{dtype}: the answer holds {kind} values, not floats")
        return text.format(kind=value.dtype, **given)
    return ""


def _line(batch: Batch, leg: Leg, value: np.ndarray) -> ErrorLine:
    # One row an input, whatever the answer to one input is: a number or an array.
    count = len(leg.xs)
    errors = batch.exact.errors(value)[leg.rows].reshape(count, -1)
    values = value[leg.rows].reshape(count, -1)
    wanted = batch.exact.high[leg.rows].reshape(count, -1)
    worst = tuple(errors.max(axis=1).tolist())
    words = tuple(map(_word, errors, values, wanted))
    return ErrorLine(batch.label, leg.xs, worst, words, batch.exact.allowed)


def _word(errors: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> str:
    """What is wrong where an error is infinite, or ''."""
    wrong = np.isinf(errors)
    if not wrong.any():
        return ""
    if np.isnan(values[wrong]).any():
        return "NaN"
    infinite = wrong & np.isinf(values)
    if infinite.any():
        return _infinity(values[infinite][0])
    return _("not {infinity}").format(infinity=_infinity(wanted[wrong][0]))


def _infinity(value: float) -> str:
    return "inf" if value > 0 else "−inf"


def _finding(function: str, panels: tuple[ErrorPanel, ...]) -> str:
    """What the picture shows, in one sentence: where it breaks first, or how close it stays."""
    for label in dict.fromkeys(line.label for panel in panels for line in panel.lines):
        for panel in panels:
            for line in panel.lines:
                if line.label == label and line.breaks_at is not None:
                    return _break(function, panel.axis, line)
    worst = max(line.worst for panel in panels for line in panel.lines)
    text = _("{function} stays within {error} ulp over the whole range.")
    return text.format(function=function, error=_rounded_up(worst))


def _break(function: str, axis: Axis, line: ErrorLine) -> str:
    at = line.breaks_at
    word = line.words[at]
    point = _(axis.point).format(x=number(line.xs[max(at - 1, 0)]))
    values = {"function": function, "dtype": line.label, "point": point, "word": word}
    if at:
        error = _rounded_up(max(line.errors[:at]))
        return _onward(axis.rises, bool(word)).format(error=error, **values)
    if word:
        return _("{function} in {dtype}: {word} from {point} on.").format(**values)
    text = _("{function} in {dtype}: {error} ulp off from {point} on.")
    return text.format(error=_rounded_up(line.errors[0]), **values)


def _onward(rises: bool, word: bool) -> str:
    """The sentence for errors that are small up to some point, or down to it, and then are not."""
    if rises and word:
        return _("{function} in {dtype}: within {error} ulp up to {point}, then {word}.")
    if rises:
        return _("{function} in {dtype}: within {error} ulp up to {point}, then digits are lost.")
    if word:
        return _("{function} in {dtype}: within {error} ulp down to {point}, then {word}.")
    return _("{function} in {dtype}: within {error} ulp down to {point}, then digits are lost.")


def _rounded_up(error: float) -> str:
    """An error rounded up to one digit, so that it does not change with the machine's exp."""
    if error <= 1:
        return "1"
    power = 10.0 ** math.floor(math.log10(error))
    return number(math.ceil(error / power) * power)


def number(value: float) -> str:
    """7 -> 7, 0.001 -> 0.001, 1e300 -> 10³⁰⁰, 1.78e5 -> 1.8·10⁵, -1e-8 -> −10⁻⁸."""
    sign, size = "−" if value < 0 else "", abs(value)
    if size == 0 or 1e-3 <= size < 1e4:
        return f"{sign}{size:.4g}"
    digits, exponent = f"{size:.1e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return sign + (power if digits == "1.0" else f"{digits.removesuffix('.0')}·{power}")
