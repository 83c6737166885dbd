"""Does a student's function agree with the exact answer? The one question most tests ask.

A misconception costs the points of its own rule: rules about types compare types, rules about the
idea compare six digits, rules about accuracy and stress compare all of them.
"""

import numpy as np

from lnnn.messages import _

from . import expect, oracle

# Arrays of at most so many elements are written out in messages.
SHOWN = 6
# Six digits tell a right formula from a wrong one; what a formula loses beyond them is accuracy.
ROUGHLY = {"relative": 1e-6, "absolute": 1e-6}


def agree(lab, name, *arrays, **keywords) -> np.ndarray:
    """Call the student's function ``name`` and compare it with ``oracle.<name>``.

    The first of ``arrays`` decides the float type of the answer (integers are computed in
    float64); shape and values come from the oracle, the accuracy from ``expect.close``. Returns the
    student's answer. Raises AssertionError, in words for the student, where it is wrong.
    """
    return _agree(lab, name, arrays, keywords, expect.array, {})


def agree_in_value(lab, name, *arrays, **keywords) -> np.ndarray:
    """Like ``agree``, in whatever float type the answer comes; returned in the contract's type.

    For every rule that is not about the type: a wrong type costs the points of its own rule alone.
    """
    return _agree(lab, name, arrays, keywords, expect.floats, {})


def agree_roughly(lab, name, *arrays, **keywords) -> np.ndarray:
    """Like ``agree_in_value``, to six digits: for rules about the idea and not about accuracy."""
    return _agree(lab, name, arrays, keywords, expect.floats, ROUGHLY)


def _agree(lab, name, arrays, keywords, of_type, tolerance):
    reference = getattr(oracle, name)(*arrays, **keywords)
    value = getattr(lab, name)(*arrays, **keywords)
    what = _shown(name, arrays, keywords)
    value = of_type(value, reference.shape, float_type(arrays[0]), what)
    expect.close(value, reference, what=what, **tolerance)
    return value


def _shown(name, arrays, keywords) -> expect.Code:
    """The call as the student would type it, or its shapes when the arrays are long."""
    if all(np.size(a) <= SHOWN for a in arrays):
        given = [str(np.asarray(a).tolist()) for a in arrays]
    else:
        given = [_("array of shape {shape}").format(shape=np.shape(a)) for a in arrays]
    given += [f"{k}={v}" for k, v in keywords.items()]
    return expect.Code(f"{name}({', '.join(given)})")


def float_type(z) -> np.dtype:
    """The type the contract computes in: z's own if it is a float type, else float64."""
    dtype = np.asarray(z).dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)
