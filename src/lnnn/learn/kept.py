"""Leave the notebook as it was: settings that a checked function, or pytest, may change."""

import contextlib
import os
import random
import sys
import warnings

import numpy as np

# pytest stores the last failure there. In a notebook %debug reads it, and must find the learner's.
_LAST = ("last_type", "last_value", "last_traceback", "last_exc")


@contextlib.contextmanager
def kept():
    """Restore np.seterr, print options, both global random states, warning filters, the working
    directory and the last exception."""
    here = os.getcwd()  # noqa: PTH109 - os.chdir undoes what os.getcwd read
    numbers, numpy_numbers = random.getstate(), np.random.get_state()
    last = {name: getattr(sys, name) for name in _LAST if hasattr(sys, name)}
    with np.errstate(), np.printoptions(), warnings.catch_warnings():
        try:
            yield
        finally:
            random.setstate(numbers)
            np.random.set_state(numpy_numbers)
            os.chdir(here)
            for name in _LAST:
                if name in last:
                    setattr(sys, name, last[name])
                elif hasattr(sys, name):
                    delattr(sys, name)
