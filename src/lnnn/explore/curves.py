"""The points of a curve that are drawn: NaN breaks it."""

import numpy as np


def finite(values) -> np.ndarray:
    """The values as float64, NaN in place of infinities."""
    values = np.asarray(values, dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def within(values, low=-np.inf, high=np.inf) -> np.ndarray:
    """The values from ``low`` to ``high`` as float64, NaN in place of all others."""
    values = np.asarray(values, dtype=float)
    return np.where((values >= low) & (values <= high), values, np.nan)
