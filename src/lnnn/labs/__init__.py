"""What each lab shows its students, a folder a lab: rules, hints, quiz, error sweep."""

import functools
import importlib
from pathlib import Path

from lnnn.messages import _
from lnnn.suite.sweep import Sweep

FOLDER = Path(__file__).parent


def title(name: str) -> str:
    """``lab04_log_softmax`` -> ``Lab 04 · log softmax``; without "lab" the same without "Lab"."""
    head, _between, rest = name.partition("_")
    if head.startswith("lab"):
        head = _("Lab {number}").format(number=head.removeprefix("lab"))
    return f"{head} · {rest.replace('_', ' ')}" if rest else head


@functools.cache
def sweeps() -> dict[str, Sweep]:
    """Function -> its sweep, for every lab that has one. Without a sweep there is no error plot.

    A sweep remembers its batches.
    """
    found = {}
    for path in sorted(FOLDER.glob("lab*/sweep.py")):
        found |= importlib.import_module(f"lnnn.labs.{path.parent.name}.sweep").SWEEPS
    return {function: functools.cache(sweep) for function, sweep in found.items()}
