"""What each lab shows its students, a folder a lab: rules, hints, quiz, error sweep."""

import functools
import importlib
from pathlib import Path

from lnnn.suite.sweep import Sweep

FOLDER = Path(__file__).parent


@functools.cache
def sweeps() -> dict[str, Sweep]:
    """Function -> its sweep, for every lab that has one. Without a sweep there is no error plot."""
    found = {}
    for path in sorted(FOLDER.glob("lab*/sweep.py")):
        found |= importlib.import_module(f"lnnn.labs.{path.parent.name}.sweep").SWEEPS
    return found
