"""Explorables: sliders and a picture that follows them.

``side_by_side`` and ``shift`` take the functions under study. ``Explorable`` is what they are built
from: a pure function of the slider values that returns a ``Scene``, and a list of sliders.
"""

from .ln_basics import product_and_sum, surprisal, tangent
from .log_softmax import shift, side_by_side
from .scene import Axis, Band, Bar, Line, Mark, Panel, Readout, Row, Scene, Status
from .sliders import Choice, Slider
from .widget import Explorable

__all__ = [
    "Axis",
    "Band",
    "Bar",
    "Choice",
    "Explorable",
    "Line",
    "Mark",
    "Panel",
    "Readout",
    "Row",
    "Scene",
    "Slider",
    "Status",
    "product_and_sum",
    "shift",
    "side_by_side",
    "surprisal",
    "tangent",
]
