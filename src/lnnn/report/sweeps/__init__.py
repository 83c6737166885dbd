"""How to take each graded function over the range of its inputs.

``SWEEPS`` maps the name of a function to a cached call without arguments that gives the batches of
its sweep. A topic adds its module here; a function without a sweep has no error plot.
"""

from . import log_softmax
from .sweep import Sweep

SWEEPS: dict[str, Sweep] = {**log_softmax.SWEEPS}
