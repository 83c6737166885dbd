"""How to take each graded function over the range of its inputs.

``SWEEPS`` maps the name of a function to a cached call without arguments that gives the batches of
its sweep. A topic adds its module here; a function without a sweep has no error plot. Inputs are
fixed and public: no hidden test lends its own.
"""

from . import (
    cross_entropy,
    label_smoothing,
    ln_basics,
    log_softmax,
    logsumexp,
    overflow_underflow,
)
from .sweep import Sweep

SWEEPS: dict[str, Sweep] = {
    **ln_basics.SWEEPS,
    **overflow_underflow.SWEEPS,
    **logsumexp.SWEEPS,
    **log_softmax.SWEEPS,
    **cross_entropy.SWEEPS,
    **label_smoothing.SWEEPS,
}
