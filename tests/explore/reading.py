"""Reading a scene: what it says of its functions, its read-outs, bars, curves and marks."""

import re

import numpy as np
import pytest


def matches(said, wanted):
    """True when a text is the one wanted, where … stands for any words."""
    return re.fullmatch(".*".join(map(re.escape, wanted.split("…"))), said) is not None


def findings(*cases):
    """A test for each (function that returns a scene, its finding)."""
    return pytest.mark.parametrize(("scene", "finding"), cases, ids=[told for _, told in cases])


def problem(scene):
    """What a scene says is wrong with a function; it shows nothing else."""
    (panel,) = scene.panels
    assert panel.kind == "message"
    return panel.error


def readout(scene, label):
    """The one read-out whose label begins so."""
    (found,) = [r for r in scene.readouts if r.label.startswith(label)]
    return found


def text(scene, label):
    """What that read-out says."""
    return readout(scene, label).text


def number(scene, label):
    """The number that it begins with."""
    return float(text(scene, label).split()[0].replace("−", "-"))


def line(panel, name):
    """(x, y) of the one curve whose name begins so."""
    (found,) = [curve for curve in panel.line_list if curve.name.startswith(name)]
    return np.array(found.x), np.array(found.y)


def mark(panel, **about):
    """The one mark with this label or status."""
    (found,) = [m for m in panel.marks if all(getattr(m, k) == v for k, v in about.items())]
    return found


def bars(panel, series=""):
    """The bars of a panel, of one series if any is named."""
    return [bar for bar in panel.bar_list if bar.series == series or not series]


def values(panel, series=""):
    """The values of those bars."""
    return [bar.value for bar in bars(panel, series)]


def exacts(panel, series=""):
    """Where their ticks stand."""
    return [bar.exact for bar in bars(panel, series)]


def statuses(panel, series=""):
    """What became of each."""
    return [bar.status for bar in bars(panel, series)]
