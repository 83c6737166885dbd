"""A scene as a PNG, drawn by matplotlib: what a notebook shows where no widget runs.

The browser's JavaScript and this module draw the same data in the same arrangement and colours.
The bytes depend on the scene alone (and on the versions of matplotlib and its fonts).
"""

import base64
import math
import textwrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from . import palette_png
from .scene import Panel, Scene
from .status import Status
from .words import page_word

WIDTH = 8.6  # inches
DPI = 144
SHOWN_WIDTH = 774  # CSS pixels: 90 an inch, so that the picture is sharp on dense screens

INK, MUTED, RULE, FAINT, WASH = "#1b1b1b", "#595959", "#8a8a8a", "#e4e4e4", "#f3f3f3"
# Okabe & Ito, "Color Universal Design" (2008): told apart with every common colour blindness.
COLOURS = {
    Status.ORDINARY: "#0072B2",
    Status.OVERFLOW: "#D55E00",
    Status.UNDERFLOW: "#CC79A7",
    Status.NAN: INK,
}
SHAPES = dict(zip(Status, "o^vx", strict=True))
CURVES = (
    ("#0072B2", "-"),
    ("#E69F00", "--"),
    ("#009E73", ":"),
    ("#CC79A7", "-."),
    ("#56B4E9", (0, (6, 2))),
    ("#D55E00", (0, (2, 1))),
)
BAR_FILLS = (
    {"facecolor": "#0072B2"},
    {"facecolor": "white", "edgecolor": "#0072B2", "linewidth": 1.2},
    {"facecolor": "#E69F00"},
    {"facecolor": "#009E73"},
)
_SMALL = 8.5  # points
_POINTS = {"textcoords": "offset points", "size": _SMALL}
_ROW = 0.46  # inches of a number line
_BAND_WORDS = 0.4  # rows above the first, for the words of bands


def png(scene: Scene, settings: str = "") -> tuple[str, dict]:
    """(base64 PNG, output metadata with the width to show it at). ``settings``: a line under it."""
    figure = draw(scene, settings)
    figure.set_dpi(DPI)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    data = palette_png.encode(pixels, _palette())
    return base64.b64encode(data).decode("ascii"), {"width": SHOWN_WIDTH}


def _palette():
    """White, the greys, and every strong colour mixed with white and with ink: (n, 3) uint8.

    They are the colours in use and their soft edges.
    """
    white, ink = np.ones(3), np.array(to_rgb(INK))
    strong = sorted({INK, MUTED, RULE, *COLOURS.values(), *(colour for colour, _ in CURVES)})
    mixes = [white, *(np.array(to_rgb(grey)) for grey in (FAINT, WASH))]
    for colour in strong:
        pure = np.array(to_rgb(colour))
        mixes += [share * pure + (1 - share) * white for share in np.linspace(0.1, 1, 10)]
        mixes += [share * pure + (1 - share) * ink for share in np.linspace(0.2, 0.8, 4)]
    return (255 * np.array(mixes)).round().astype(np.uint8)


def draw(scene: Scene, settings: str = "") -> Figure:
    """A matplotlib figure of the scene, on an Agg canvas of its own; pyplot knows nothing of it."""
    title = textwrap.wrap(scene.finding, 92)
    said = [*(readout.in_words() for readout in scene.readouts), settings]
    foot = [line for text in said for line in textwrap.wrap(text, 118)]
    grid = _rows_of(scene.panels)
    heights = [max(_height(panel) for panel in row) for row in grid]
    head, gap, line = 0.04 + 0.22 * len(title), 0.4, 0.18
    total = head + sum(heights) + gap * len(grid) + 0.3 + line * len(foot) + 0.1
    figure = Figure(figsize=(WIDTH, total), facecolor="white")
    FigureCanvasAgg(figure)

    def up(inches_from_top):
        return 1 - inches_from_top / total

    figure.text(0.02, up(0.12), "\n".join(title), va="top", size=11, weight="bold", color=INK)
    top = head
    for row, height in zip(grid, heights, strict=True):
        top += gap
        for i, panel in enumerate(row):
            left, width = 0.02 + 0.96 * i / len(row), 0.96 / len(row) - 0.02
            figure.text(left, up(top - 0.12), panel.title, size=9.5, weight="bold", color=INK)
            box = (left, up(top + height), width, height / total)
            _draw_panel(figure, panel, box, total)
        top += height
    _key(figure, scene.panels, up(top + 0.2))
    for i, text in enumerate(foot):
        figure.text(0.02, up(top + 0.5 + line * i), text, size=_SMALL, color=MUTED)
    return figure


def _rows_of(panels):
    """Panels in rows: up to three side by side, a wide one alone."""
    rows = []
    for panel in panels:
        joins = rows and not panel.wide and not rows[-1][-1].wide and len(rows[-1]) < 3
        if joins:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _height(panel: Panel) -> float:
    """Inches the panel needs, axis included."""
    if panel.kind == "bars":
        rows, series = (_unique(panel.bar_list, name) for name in ("row", "series"))
        return 0.27 * rows * (1 + series) / 2 + 0.5
    if panel.kind == "number line":
        return _ROW * (len(panel.rows) + (_BAND_WORDS if panel.bands else 0)) + 0.5
    if panel.kind == "lines":
        return 2.8
    return 0.3 + 0.16 * len(textwrap.wrap(panel.error, 38))


def _unique(items, name):
    return len({getattr(item, name) for item in items})


def _draw_panel(figure, panel, box, total):
    left, bottom, width, height = box
    if panel.kind == "message":
        letters = max(20, int(width * 118))
        text = "\n".join(textwrap.wrap(panel.error, letters))
        style = {"size": _SMALL, "family": "monospace", "color": INK, "va": "top"}
        note = figure.text(left + 0.012, bottom + height - 0.06 / total, text, **style)
        note.set_bbox({"facecolor": WASH, "edgecolor": COLOURS[Status.OVERFLOW], "pad": 4})
        return
    before, after = (inches / WIDTH for inches in _room(panel))
    below, above = 0.42 / total, 0.24 / total if panel.kind == "lines" else 0
    across, up = width - before - after, height - below - above
    axes = figure.add_axes((left + before, bottom + below, across, up))
    axes.set_facecolor("none")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=_SMALL, labelcolor=MUTED)
    axes.set_axisbelow(True)
    ticks = panel.x.shown_ticks()
    axes.set_xlim(0, 1)
    axes.set_xticks([panel.x.position(v) for v, _ in ticks], [t for _, t in ticks])
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.set_xlabel(panel.x.label, size=_SMALL, color=MUTED)
    {"bars": _bars, "number line": _number_line, "lines": _lines}[panel.kind](axes, panel)


def _letters(texts):
    """Inches that the longest text takes at the small size."""
    return 0.072 * max(len(t) for t in texts)


def _room(panel):
    """Inches before and after the axes."""
    if panel.kind == "number line":
        return 0.08, 0.9 if panel.x.apart else 0.1
    if panel.kind == "lines":
        return _letters([t for _, t in panel.y.shown_ticks()]) + 0.1, 0.15
    after = [
        _letters([bar.words()]) + (0.13 if bar.shown_status is Status.ORDINARY else 0.3)
        for bar in panel.bar_list
    ]
    return _letters([bar.row for bar in panel.bar_list]) + 0.08, max(after)


def _bars(axes, panel):
    rows = list(dict.fromkeys(bar.row for bar in panel.bar_list))
    series = list(dict.fromkeys(bar.series for bar in panel.bar_list))
    thick = 0.62 / len(series)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(axis="y", labelcolor=INK)
    beside = axes.get_yaxis_transform()  # x in fractions of the axes, y in rows
    zero, room = panel.x.position(0), _room(panel)[1]
    for bar in panel.bar_list:
        k = series.index(bar.series)
        y = rows.index(bar.row) + (k - (len(series) - 1) / 2) * thick * 1.25
        if math.isfinite(bar.value):
            end = panel.x.position(bar.value)
            axes.barh(y, end - zero, left=zero, height=thick, **BAR_FILLS[k % len(BAR_FILLS)])
        else:
            axes.plot([0, 1], [y, y], color=RULE, linewidth=0.9, dashes=(2, 4))
        if bar.exact is not None:
            x = panel.x.position(bar.exact)
            axes.plot([x, x], [y - 0.3, y + 0.3], color=INK, linewidth=1.6)
        place = {"xycoords": beside, "xytext": (72 * (room - 0.03), 0)}
        style = {"ha": "right", "va": "center", "color": INK}
        axes.annotate(bar.words(), (1, y), **place, **_POINTS, **style)
        if bar.shown_status is not Status.ORDINARY:
            # Left of the words, which end at the panel's right edge.
            inches = axes.get_position().width * WIDTH
            x = 1 + (room - 0.03 - _letters([bar.words()]) - 0.12) / inches
            _mark(axes, x, y, bar.shown_status)
    axes.axvline(zero, color=INK, linewidth=1)


def _mark(axes, x, y, status):
    axes.plot([x], [y], clip_on=False, zorder=5, **_shape(status))


def _shape(status):
    """How a status is drawn, for a curve of one point or for the key."""
    return {
        "linestyle": "none",
        "marker": SHAPES[status],
        "markersize": 6,
        "color": COLOURS[status],
        "markeredgecolor": INK,
        "markeredgewidth": 2 if status is Status.NAN else 0.8,
    }


def _number_line(axes, panel):
    names = [row.name for row in panel.rows]
    top = -0.5 - (_BAND_WORDS if panel.bands else 0)
    axes.set_ylim(len(names) - 0.5, top)
    axes.set_yticks([])
    _bands(axes, panel)
    inches = axes.get_position().width * WIDTH
    first, last = 1 + 0.15 / inches, 1 + 0.87 / inches  # the band apart
    if panel.x.apart:
        axes.fill_between([first, last], top, len(names) - 0.5, color=WASH, clip_on=False)
        middle, under = (first + last) / 2, len(names) - 0.4
        style = {"va": "top", "ha": "center", "size": _SMALL, "color": MUTED}
        axes.text(middle, under, panel.x.apart, **style)
    stroke = withStroke(linewidth=4, foreground="white")
    halo = {"size": _SMALL, "color": INK, "path_effects": [stroke]}
    for i, row in enumerate(panel.rows):
        axes.plot([0, 1], [i + 0.2, i + 0.2], color=RULE, linewidth=1)
        axes.text(0, i - 0.22, row.name, va="center", **halo)
        axes.text(1, i - 0.22, row.text, va="center", ha="right", **halo)
        marks = [mark for mark in panel.marks if mark.row == row.name]
        away = [mark for mark in marks if not math.isfinite(mark.x)]
        for k, mark in enumerate(away):
            x = first + (last - first) * (k + 1) / (len(away) + 1)
            _mark(axes, x, i + 0.2, mark.shown_status)
        for mark in marks:
            if math.isfinite(mark.x):
                x = panel.x.position(mark.x)
                _mark(axes, x, i + 0.2, mark.shown_status)
                if mark.label:
                    axes.text(x, i + 0.3, mark.label, ha="center", va="top", size=_SMALL)


def _bands(axes, panel):
    for band in panel.bands:
        a, b = panel.x.position(band.low), panel.x.position(band.high)
        plain = band.status is Status.ORDINARY
        colour, alpha = (WASH, 1) if plain else (COLOURS[band.status], 0.16)
        axes.axvspan(a, b, facecolor=colour, alpha=alpha, linewidth=0)
        if _letters([band.label]) > (b - a) * axes.get_position().width * WIDTH:
            continue
        place = {"xycoords": ("data", "axes fraction"), "xytext": (0, -3)}
        style = {"ha": "center", "va": "top", "color": MUTED}
        axes.annotate(band.label, ((a + b) / 2, 1), **place, **_POINTS, **style)


def _lines(axes, panel):
    ticks = panel.y.shown_ticks()
    axes.set_ylim(0, 1)
    axes.set_yticks([panel.y.position(v) for v, _ in ticks], [t for _, t in ticks])
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_title(panel.y.label, size=_SMALL, color=MUTED, loc="left", pad=4)
    _bands(axes, panel)
    for k, line in enumerate(panel.line_list):
        points = [
            (panel.x.position(a), panel.y.position(b))
            if math.isfinite(a) and math.isfinite(b)
            else (math.nan, math.nan)
            for a, b in zip(line.x, line.y, strict=True)
        ]
        colour, dashes = CURVES[k % len(CURVES)]
        style = {"color": colour, "linestyle": dashes, "linewidth": 1.8}
        axes.plot(*zip(*points, strict=True), label=line.name, **style)
    for mark in panel.marks:
        if math.isfinite(mark.x) and mark.y is not None and math.isfinite(mark.y):
            at = panel.x.position(mark.x), panel.y.position(mark.y)
            _mark(axes, *at, mark.shown_status)
            axes.annotate(mark.label, at, xytext=(6, 6), **_POINTS)
    if len(panel.line_list) > 1:
        axes.legend(fontsize=_SMALL, frameon=False, labelcolor=INK)


def _key(figure, panels, y):
    bars = [bar for panel in panels for bar in panel.bar_list]
    handles = [
        Patch(label=name, **BAR_FILLS[k % len(BAR_FILLS)])
        for k, name in enumerate(dict.fromkeys(bar.series for bar in bars if bar.series))
    ]
    if bars or any(panel.marks for panel in panels):
        handles += [Line2D([], [], label=s.explained, **_shape(s)) for s in Status]
    if any(bar.exact is not None for bar in bars):
        tick = {"marker": "|", "markersize": 10, "color": INK, "markeredgewidth": 1.6}
        handles.append(Line2D([], [], linestyle="none", label=page_word("exact"), **tick))
    if handles:
        style = {"fontsize": _SMALL, "frameon": False, "labelcolor": MUTED}
        gaps = {"handletextpad": 0.4, "columnspacing": 1.4}
        place = {"loc": "center left", "bbox_to_anchor": (0.01, y)}
        figure.legend(handles=handles, ncols=7, **place, **style, **gaps)
