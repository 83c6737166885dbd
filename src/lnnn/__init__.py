"""ln nn: a hands-on course on log-probabilities that don't blow up.

``explore``, ``check``, ``hint``, ``quiz`` and ``progress`` are what the notebooks use. Each is
loaded when it is first asked for, so that ``import lnnn`` costs next to nothing.
"""

import importlib

__version__ = "0.2.0"

_HOME = {
    "check": "lnnn.learn.check",
    "hint": "lnnn.learn.hint",
    "quiz": "lnnn.learn.quiz",
    "progress": "lnnn.learn.progress",
}
_MODULES = ("digits", "exact", "explore")

__all__ = ["__version__", "check", "digits", "exact", "explore", "hint", "progress", "quiz"]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"lnnn.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lnnn' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
