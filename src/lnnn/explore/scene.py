"""What an explorable shows, as data: a finding, panels, read-outs. Drawn by the widget's JavaScript
in the browser and by ``figure`` as a picture; neither knows any mathematics.

A scene is what a pure function of the slider values returns::

    def scene(values):
        p = values["p"]
        return Scene(
            finding=f"ln {p:.2g} = {np.log(p):.3f} nats",
            panels=[Panel.bars("Surprisal", Axis("nats", 0, 10), [Bar("p", -np.log(p))])],
        )
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from lnnn.messages import _

from . import numbers
from .status import Status, status_of
from .words import clauses, page_word

SCALES = ("linear", "log", "symlog")


@dataclass(frozen=True)
class Axis:
    """A labelled axis from ``low`` to ``high``.

    label: what is measured, with its unit: ``"error (ulp)"``.
    scale: ``linear``, ``log`` (0 < low) or ``symlog``: linear within ±``linear_width``, log beyond.
    ticks: (value, text) pairs. Round ones are chosen when none are given, on a linear axis at most
    ``most`` of them.
    apart: when set, a band of its own beyond the high end, with this caption, for inf and NaN.
    """

    label: str
    low: float
    high: float
    scale: str = "linear"
    ticks: tuple[tuple[float, str], ...] = ()
    linear_width: float = 1.0
    apart: str = ""
    most: int = 5

    def __post_init__(self):
        if self.scale not in SCALES:
            raise ValueError(
                _("axis {label!r}: scale is one of {known}, not {scale!r}").format(
                    label=self.label, known=SCALES, scale=self.scale
                )
            )
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(
                _(
                    "axis {label!r}: low and high are finite and low < high, not {low} and {high}"
                ).format(label=self.label, low=self.low, high=self.high)
            )
        if self.scale == "log" and self.low <= 0:
            text = _("axis {label!r}: a log axis needs low > 0, not {low}")
            raise ValueError(text.format(label=self.label, low=self.low))

    def shown_ticks(self) -> tuple[tuple[float, str], ...]:
        """The ticks given, or round ones for the scale."""
        if self.ticks:
            return tuple(self.ticks)
        if self.scale == "linear":
            return numbers.linear_ticks(self.low, self.high, self.most)
        last = math.floor(math.log10(self.high) + 1e-9)
        if self.scale == "symlog":
            ticks = numbers.decade_ticks(last)
            return tuple((v, t) for v, t in ticks if self.low <= v <= self.high)
        first = math.ceil(math.log10(self.low) - 1e-9)
        every = max(1, math.ceil((last - first) / 5))
        return tuple((10.0**k, numbers.power_of_ten(k)) for k in range(first, last + 1, every))

    def position(self, value) -> float:
        """Where ``value`` lies between low (0) and high (1), clamped to the ends."""
        bend = {
            "linear": float,
            "log": math.log,
            "symlog": lambda v: math.copysign(math.log1p(abs(v) / self.linear_width), v),
        }[self.scale]
        clamped = min(max(float(value), self.low), self.high)
        return (bend(clamped) - bend(self.low)) / (bend(self.high) - bend(self.low))

    def to_dict(self) -> dict:
        ends = {"low": numbers.rounded(self.low), "high": numbers.rounded(self.high)}
        ticks = [[numbers.rounded(v), t] for v, t in self.shown_ticks()]
        scale = {"scale": self.scale, "width": self.linear_width}
        return {"label": self.label, **ends, **scale, "ticks": ticks, "apart": self.apart}


@dataclass(frozen=True)
class Bar:
    """A value of ``row``, drawn from zero. ``exact`` puts a tick where the exact value lies.

    text: how the value reads; ``digits`` digits unless given. series: which of several bars of a
    row.
    """

    row: str
    value: float
    series: str = ""
    status: Status | None = None
    text: str = ""
    exact: float | None = None
    digits: int = 6

    @property
    def shown_status(self) -> Status:
        """The status given, or the one that the value tells."""
        return status_of(self.value, self.status)

    def words(self) -> str:
        """How the value reads."""
        return self.text or numbers.text(self.value, self.digits)

    def in_words(self) -> str:
        """The bar for those who do not see it."""
        name, value, status = self.row, self.words(), self.shown_status
        if self.series:
            name = page_word("series", row=name, series=self.series)
        if status is not Status.ORDINARY and value != status.word:
            value = page_word("told", value=value, status=status.word)
        return page_word("named", name=name, value=value)

    def to_dict(self) -> dict:
        # A finite value is not said twice: the browser writes it as ``numbers.text`` does.
        plain = math.isfinite(self.value) and self.words() == numbers.text(self.value)
        return {
            "row": self.row,
            "series": self.series,
            "value": numbers.rounded(self.value, 6),
            "text": "" if plain else self.words(),
            "status": str(self.shown_status),
            "exact": numbers.rounded(self.exact),
        }


@dataclass(frozen=True)
class Line:
    """A named curve through the points (x, y). A point that is not finite breaks it."""

    name: str
    x: Sequence[float]
    y: Sequence[float]

    def __post_init__(self):
        if len(self.x) != len(self.y):
            text = _("line {name!r}: x and y have one length, not {x} and {y}")
            raise ValueError(text.format(name=self.name, x=len(self.x), y=len(self.y)))

    def to_dict(self) -> dict:
        x, y = ([numbers.rounded(v) for v in values] for values in (self.x, self.y))
        return {"name": self.name, "x": x, "y": y}


@dataclass(frozen=True)
class Mark:
    """A point: on ``row`` of a number line, or at (x, y) among lines. ``label`` stands beside it.

    An x that is infinite or NaN is drawn in the axis's band apart.
    """

    x: float
    label: str = ""
    row: str = ""
    y: float | None = None
    status: Status | None = None

    @property
    def shown_status(self) -> Status:
        """The status given, or the one that x tells."""
        return status_of(self.x, self.status)

    def to_dict(self) -> dict:
        return {
            "x": numbers.rounded(self.x),
            "y": numbers.rounded(self.y),
            "label": self.label,
            "row": self.row,
            "status": str(self.shown_status),
        }


@dataclass(frozen=True)
class Band:
    """A shaded stretch of the x axis with a word: where values overflow, say."""

    low: float
    high: float
    label: str
    status: Status = Status.ORDINARY

    def to_dict(self) -> dict:
        ends = {"low": numbers.rounded(self.low), "high": numbers.rounded(self.high)}
        return {**ends, "label": self.label, "status": str(Status(self.status))}


@dataclass(frozen=True)
class Row:
    """One line of a number line: its name, and what its marks amount to in words."""

    name: str
    text: str = ""

    def in_words(self) -> str:
        """The name and what its marks amount to."""
        return page_word("named", name=self.name, value=self.text) if self.text else self.name

    def to_dict(self) -> dict:
        return {"name": self.name, "text": self.text}


@dataclass(frozen=True)
class Panel:
    """One picture. Build it with ``Panel.bars``, ``lines``, ``number_line`` or ``message``.

    wide: takes the whole width below the others. note: one line under the title.
    """

    kind: str
    title: str
    x: Axis | None = None
    y: Axis | None = None
    bar_list: Sequence[Bar] = ()
    line_list: Sequence[Line] = ()
    marks: Sequence[Mark] = ()
    bands: Sequence[Band] = ()
    rows: Sequence[Row] = ()
    error: str = ""
    note: str = ""
    wide: bool = False

    @classmethod
    def bars(cls, title, x: Axis, bars: Sequence[Bar], **more) -> "Panel":
        """Horizontal bars, one row for each name in order of appearance; series share a row.

        more: ``note`` and ``wide``.
        """
        return cls("bars", title, x=x, bar_list=tuple(bars), **more)

    @classmethod
    def lines(cls, title, x: Axis, y: Axis, lines: Sequence[Line], **more) -> "Panel":
        """Curves over one pair of axes. more: ``marks``, ``bands``, ``note``, ``wide``."""
        return cls("lines", title, x=x, y=y, line_list=tuple(lines), **more)

    @classmethod
    def number_line(
        cls, title, x: Axis, rows: Sequence[Row], marks: Sequence[Mark], **more
    ) -> "Panel":
        """Marks on one number line for each row. more: ``bands``, ``note``, ``wide``."""
        named = {row.name for row in rows}
        for mark in marks:
            if mark.row not in named:
                text = _("panel {title!r}: a mark names row {row!r}; rows: {known}")
                raise ValueError(text.format(title=title, row=mark.row, known=named))
        return cls("number line", title, x=x, rows=tuple(rows), marks=tuple(marks), **more)

    @classmethod
    def message(cls, title, error: str, **more) -> "Panel":
        """No picture, but the text of what went wrong."""
        return cls("message", title, error=error, **more)

    def description(self) -> str:
        """The panel in words, for those who do not see it."""
        if self.kind == "message":
            return self.error
        x = self.x.label
        named = [
            *(bar.in_words() for bar in self.bar_list),
            *(row.in_words() for row in self.rows),
            *(line.name for line in self.line_list),
            *(mark.label for mark in self.marks if mark.label),
        ]
        return page_word(
            "described",
            measured=page_word("over", y=self.y.label, x=x) if self.y else x,
            items=clauses(named),
        )

    def to_dict(self) -> dict:
        out = {"kind": self.kind, "title": self.title, "note": self.note, "wide": self.wide}
        if self.kind == "message":
            return {**out, "error": self.error}
        out["x"] = self.x.to_dict()
        if self.kind == "bars":
            return {**out, "bars": [bar.to_dict() for bar in self.bar_list]}
        out["marks"] = [mark.to_dict() for mark in self.marks]
        out["bands"] = [band.to_dict() for band in self.bands]
        if self.kind == "number line":
            return {**out, "rows": [row.to_dict() for row in self.rows]}
        out["y"] = self.y.to_dict()
        return {**out, "lines": [line.to_dict() for line in self.line_list]}


@dataclass(frozen=True)
class Readout:
    """A number in words beside the picture."""

    label: str
    text: str
    status: Status = Status.ORDINARY

    def in_words(self) -> str:
        """The label and the number."""
        return page_word("named", name=self.label, value=self.text)

    def to_dict(self) -> dict:
        return {"label": self.label, "text": self.text, "status": str(Status(self.status))}


@dataclass(frozen=True)
class Scene:
    """What an explorable shows for one set of slider values.

    finding: a sentence, the title. panels: what is drawn. readouts: numbers in words.
    snippet: Python that recreates the values, for the "copy these values" button.
    """

    finding: str
    panels: Sequence[Panel] = field(default=())
    readouts: Sequence[Readout] = field(default=())
    snippet: str = ""

    @classmethod
    def problem(cls, finding: str, name: str, problem: str, **more) -> "Scene":
        """A scene with one panel that says what went wrong with the function ``name``."""
        return cls(finding=finding, panels=[Panel.message(name, problem, wide=True)], **more)

    def to_dict(self) -> dict:
        """Plain data for JSON; numbers to five digits, infinities and NaN as None with a status."""
        return {
            "finding": self.finding,
            "panels": [panel.to_dict() for panel in self.panels],
            "readouts": [readout.to_dict() for readout in self.readouts],
            "snippet": self.snippet,
        }

    def in_words(self) -> str:
        """The whole scene as text."""
        lines = [self.finding]
        lines += [readout.in_words() for readout in self.readouts]
        lines += [
            _("{title}. {description}").format(title=panel.title, description=panel.description())
            for panel in self.panels
        ]
        return "\n".join(lines)
