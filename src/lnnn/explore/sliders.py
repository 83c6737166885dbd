"""The controls of an explorable, as data: sliders on a grid of values, and choices.

``softmax_sliders`` are the ones that every page has: logits and temperature.
"""

import keyword
import math
from dataclasses import dataclass

import numpy as np

from lnnn.messages import _

from . import numbers
from .words import page_word

DTYPES = ("float16", "float32", "float64")
SCALES = ("linear", "log", "symlog")
_MOST_POSITIONS = 1001


class _Control:
    """What sliders and choices have in common."""

    unit = ""

    def __post_init__(self):
        name = self.name
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            text = _("a slider's name is a Python name such as 'temperature', not {name!r}")
            raise ValueError(text.format(name=name))
        self._check()

    def _refuse(self, text, **places):
        raise ValueError(text.format(name=self.name, **places))

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ")

    def to_dict(self) -> dict:
        return {
            "kind": type(self).__name__.lower(),
            "name": self.name,
            "label": self.title,
            "unit": self.unit,
            "start": self.first,
            "grid": list(self.grid()),
        }


@dataclass(frozen=True)
class Slider(_Control):
    """A number that the reader moves.

    name: how the scene and ``widget.name`` know it. label: what the reader sees.
    low, high, start: its range and where it begins.
    scale: ``linear`` in steps of ``step``; ``log`` and ``symlog`` with ``per_decade`` round values
    to a decade (symlog also has 0 and both signs, its least size is ``smallest``).
    unit: shown and read out after the value. integer: values are ints.
    """

    name: str
    start: float
    low: float
    high: float
    step: float | None = None
    label: str = ""
    scale: str = "linear"
    per_decade: int = 20
    smallest: float = 1.0
    unit: str = ""
    integer: bool = False

    def _check(self):
        if self.scale not in SCALES:
            text = _("slider {name}: scale is one of {known}, not {scale!r}")
            self._refuse(text, known=SCALES, scale=self.scale)
        if not all(math.isfinite(v) for v in (self.low, self.high, self.start)):
            self._refuse(_("slider {name}: low, high and start are finite numbers"))
        if not self.low < self.high or not self.low <= self.start <= self.high:
            text = _("slider {name}: low ≤ start ≤ high and low < high, not {low}, {start}, {high}")
            self._refuse(text, low=self.low, start=self.start, high=self.high)
        if self.scale == "log" and self.low <= 0:
            self._refuse(_("slider {name}: a log slider needs low > 0, not {low}"), low=self.low)
        if self.scale == "linear" and self.step is not None and not self.step > 0:
            self._refuse(_("slider {name}: step is > 0, not {step}"), step=self.step)
        if len(self.grid()) > _MOST_POSITIONS:
            text = _(
                "slider {name}: {count} positions are too many to find one's way; "
                "take a larger step (at most {most} positions)"
            )
            self._refuse(text, count=len(self.grid()), most=_MOST_POSITIONS)

    @property
    def first(self) -> float:
        return self.start

    def grid(self) -> tuple[float, ...]:
        """The values the thumb can stand on, ascending; low, high and start are among them."""
        if self.scale == "linear":
            step = self.step or (self.high - self.low) / 100
            count = math.floor((self.high - self.low) / step + 1e-9)
            points = {float(f"{self.low + k * step:.12g}") for k in range(count + 1)}
        elif self.scale == "log":
            points = set(_decades(self.low, self.high, self.per_decade))
        else:
            points = {0.0} if self.low <= 0 <= self.high else set()
            if self.high > 0:
                points |= set(_decades(max(self.smallest, self.low), self.high, self.per_decade))
            if self.low < 0:
                negative = _decades(max(self.smallest, -self.high), -self.low, self.per_decade)
                points |= {-v for v in negative}
        points |= {float(self.low), float(self.high), float(self.start)}
        if self.integer:
            return tuple(sorted({round(v) for v in points}))
        return tuple(sorted(points))

    def recorded(self, most=17) -> list[int]:
        """At most ``most`` grid positions spread over the range; both ends and start among them."""
        grid = self.grid()
        count = min(most, len(grid))
        start = grid.index(self.start)
        spread = {round(k * (len(grid) - 1) / (count - 1)) for k in range(count)}
        inner = spread - {0, len(grid) - 1}
        if start not in spread and inner:
            spread.discard(min(inner, key=lambda i: abs(i - start)))
        return sorted(spread | {start})

    def text(self, value) -> str:
        """``value`` with its unit."""
        value = numbers.text(value, 5)
        return page_word("measured", value=value, unit=self.unit) if self.unit else value


def _decades(low, high, per_decade):
    """Round values from low to high, ``per_decade`` to a decade, two significant digits."""
    first = math.floor(math.log10(low) * per_decade)
    last = math.ceil(math.log10(high) * per_decade)
    digits = 2 if per_decade <= 30 else 3
    values = (float(f"{10 ** (k / per_decade):.{digits}g}") for k in range(first, last + 1))
    return sorted({v for v in values if low <= v <= high})


@dataclass(frozen=True)
class Choice(_Control):
    """One of a few named options, such as a dtype.

    texts: how the options read, where that is not their names.
    """

    name: str
    options: tuple[str, ...]
    start: str = ""
    label: str = ""
    texts: tuple[str, ...] = ()

    def _check(self):
        if len(self.options) < 2 or len(set(self.options)) != len(self.options):
            self._refuse(_("choice {name}: give two or more different options"))
        if self.start and self.start not in self.options:
            text = _("choice {name}: start is one of {known}, not {start!r}")
            self._refuse(text, known=list(self.options), start=self.start)

    @property
    def first(self) -> str:
        return self.start or self.options[0]

    def grid(self) -> tuple[str, ...]:
        """All options."""
        return tuple(self.options)

    def recorded(self, most=17) -> list[int]:
        """All positions: options are few."""
        return list(range(len(self.options)))

    def text(self, value) -> str:
        """How the option reads."""
        texts = self.texts or self.options
        return texts[self.options.index(value)]

    def to_dict(self) -> dict:
        return {**super().to_dict(), "texts": [self.text(option) for option in self.options]}


def starting_values(sliders) -> dict:
    """The values at which every control starts, in order."""
    return {s.name: s.first for s in sliders}


def logit_sliders(logits, labels=None) -> list[Slider]:
    """One slider a logit, ``logit_1`` to ``logit_V``, from −20 to 20 or as far as they start.

    labels: what the reader sees; ``logit 1`` and so on unless given.
    """
    logits = [float(v) for v in logits]
    if len(logits) < 2:
        text = _("logits: two or more classes are needed, not {n}")
        raise ValueError(text.format(n=len(logits)))
    if not np.isfinite(logits).all():
        text = _("logits: sliders start at finite numbers, not {logits}")
        raise ValueError(text.format(logits=logits))
    reach = max(20.0, *(abs(v) for v in logits))
    labels = labels or [logit_name(k) for k in range(1, len(logits) + 1)]
    return [
        Slider(f"logit_{k}", v, -reach, reach, step=reach / 40, label=label)
        for k, (v, label) in enumerate(zip(logits, labels, strict=True), start=1)
    ]


def logit_name(k) -> str:
    """``logit 1``: the first logit is 1."""
    return _("logit {k}").format(k=k)


def temperature_slider(start=1.0) -> Slider:
    """``temperature`` from 0.05 to 20, evenly spaced in its logarithm."""
    return Slider("temperature", float(start), 0.05, 20.0, scale="log", label=_("temperature T"))


def softmax_sliders(logits, temperature, *more) -> list:
    """``logit_sliders``, ``temperature_slider`` and what else a scene has."""
    return [*logit_sliders(logits), temperature_slider(temperature), *more]


def offset_slider(start=0.0) -> Slider:
    """``offset``, a constant added to every logit: 0 and both signs, up to 10 000."""
    title = _("offset added to all")
    return Slider("offset", float(start), -1e4, 1e4, scale="symlog", per_decade=10, label=title)


def dtype_choice(start, options=DTYPES) -> Choice:
    """``dtype``, the name of a float type."""
    return Choice("dtype", tuple(options), start=start, label=_("floats"))


def logits_of(values: dict) -> np.ndarray:
    """The values of ``logit_1``, ``logit_2``, … in order, float64."""
    return np.array([v for name, v in values.items() if name.startswith("logit_")], dtype=float)
