"""The Python that recreates the values of a scene, for the button "Copy these values"."""

import re

import numpy as np


def assignments(*, typed=False, **values) -> str:
    """A line ``name = …`` for each value. ``typed``: arrays say their dtype."""
    return "\n".join(f"{name} = {_code(value, typed)}" for name, value in values.items())


def _code(value, typed):
    if not isinstance(value, np.ndarray):
        return repr(value)
    items = re.sub("inf|nan", r"np.\g<0>", repr(value.tolist()))
    return f"np.array({items}, dtype=np.{value.dtype})" if typed else f"np.array({items})"
