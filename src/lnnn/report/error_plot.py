"""Draw an ErrorCurve as SVG.

Written as SVG text, not with matplotlib: on a machine where this takes 1 ms, importing matplotlib
took 0.4 to 1 s and each figure of this kind about 200 ms. And SVG text follows the light or dark
theme of the page that holds it.
"""

import math
from dataclasses import dataclass

from markupsafe import Markup

from lnnn.messages import _

from .error_curve import ErrorCurve, ErrorLine, ErrorPanel, number
from .pages import render

WIDTH, HEIGHT = 380, 260
# On the left there is room for the longest word, "not −inf".
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 18, 22, 44
_ROW, _GAP = 18, 8
_LOWEST = 0.5


@dataclass(frozen=True)
class _Tick:
    at: float
    text: str


@dataclass(frozen=True)
class _Trace:
    css: str
    label: str
    path: str
    dots: str
    allowed_y: float


def figure(curve: ErrorCurve) -> Markup:
    """An HTML ``figure``: the finding, one SVG an axis, the notes. Needs theme.css and plot.css.

    The SVGs stand side by side on a wide page and one below the other on a narrow one. Points that
    are not finite lie in a band of their own at the top, with a word. Errors below half an ulp, the
    best that rounding can do, are drawn at half an ulp.
    """
    highest = max(max(line.worst, line.allowed) for panel in curve.panels for line in panel.lines)
    top = 10.0 ** (math.floor(math.log10(highest)) + 1)
    drawn = [_panel(panel, top) for panel in curve.panels]
    values = {"curve": curve, "panels": drawn, "width": WIDTH, "height": HEIGHT}
    return Markup(render("error_plot.html.j2", **values))


def _panel(panel: ErrorPanel, top: float) -> dict:
    words = sorted({word for line in panel.lines for word in line.words if word})
    floor = HEIGHT - _BOTTOM
    band = _ROW * len(words)
    ceiling = _TOP + (band + _GAP if words else 0)
    rows = {word: _TOP + _ROW * (i + 0.5) for i, word in enumerate(words)}

    def x(value):
        return round(_LEFT + panel.axis.place(value) * (WIDTH - _LEFT - _RIGHT), 1)

    def y(error):
        share = math.log10(max(error, _LOWEST) / _LOWEST) / math.log10(top / _LOWEST)
        return round(floor - share * (floor - ceiling), 1)

    step = math.ceil(math.log10(top) / 4)
    exponents = range(0, int(math.log10(top)) + 1, step)
    return {
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "band": band,
        "floor": floor,
        "rows": [_Tick(at, word) for word, at in rows.items()],
        "axis": panel.axis,
        "x_ticks": [_Tick(x(v), number(v)) for v in panel.axis.ticks],
        "y_ticks": [_Tick(y(10.0**e), number(10.0**e)) for e in exponents],
        "traces": [_trace(line, i, rows, x, y) for i, line in enumerate(panel.lines)],
        "title": _("Error along the axis “{axis}”").format(axis=_(panel.axis.label)),
        "description": " ".join(_in_words(line, panel) for line in panel.lines),
    }


def _trace(line: ErrorLine, index: int, rows: dict[str, float], x, y) -> _Trace:
    # In the band the markers of two dtypes would hide each other: one sits higher, one lower.
    lift = 3.0 if index % 2 else -3.0
    path, dots, pen_down = [], [], False
    for value, error, word in zip(line.xs, line.errors, line.words, strict=True):
        at = f"{x(value):g} {rows[word] + lift if word else y(error):g}"
        # A stroke of no length: its cap draws the dot, so all of them fit in one path.
        dots.append(f"M{at}h0")
        if not word:
            path.append(f"{'L' if pen_down else 'M'}{at}")
        pen_down = not word
    css = ("a", "b")[index % 2]
    return _Trace(css, line.label, "".join(path), "".join(dots), y(line.allowed))


def _in_words(line: ErrorLine, panel: ErrorPanel) -> str:
    """One sentence a line, for who can't see the picture."""
    at = line.breaks_at
    if at is None:
        text = _("{dtype}: at most {error:.2g} ulp everywhere.")
        return text.format(dtype=line.label, error=line.worst)
    text = _("{dtype}: beyond what the course allows from {x} on ({error:.2g} ulp).")
    if line.words[at]:
        text = _("{dtype}: beyond what the course allows from {x} on ({word}).")
    values = {"x": number(line.xs[at]), "error": line.errors[at], "word": line.words[at]}
    return text.format(dtype=line.label, **values)
