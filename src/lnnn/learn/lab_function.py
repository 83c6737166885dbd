"""What ``check`` and ``hint`` are asked about: a learner's function and the lab it belongs to."""

import difflib
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import catalogue
from .errors import LearnError


@dataclass(frozen=True)
class LabFunction:
    """``function`` under the name that ``lab`` asks for."""

    function: Callable
    name: str
    lab: catalogue.LabEntry

    @property
    def namespace(self) -> Mapping[str, object]:
        """The function, and beside it what its own module or notebook defines."""
        around = getattr(self.function, "__globals__", {})
        return ChainMap({self.name: self.function}, around)


def lab_function(verb: str, function) -> LabFunction:
    """What ``verb(function)`` is about. Raises LearnError when no lab asks for it."""
    known = [name for lab in catalogue.labs() for name in lab.functions]
    example = known[0] if known else "log_softmax"
    if isinstance(function, str):
        shown = function if function.isidentifier() else example
        raise LearnError(
            f"{verb}({function!r}): this is a text. Pass the function itself, without quotes: "
            f"{verb}({shown})"
        )
    if not callable(function):
        kind = type(function).__name__
        raise LearnError(
            f"{verb}({_short(function)}): {kind} is not a function. "
            f"Pass a function of a lab: {verb}({example})"
        )
    name = getattr(function, "__name__", None)
    if name == "<lambda>":
        raise LearnError(
            f"{verb}(<lambda>): a lambda has no name, so its lab can't be found. "
            f"Write it with def, under the name that the lab gives: def {example}(…):"
        )
    if not isinstance(name, str):
        kind = type(function).__name__
        raise LearnError(
            f"{verb}: this {kind} has no name, so its lab can't be found. "
            f"Write it with def, under the name that the lab gives: def {example}(…):"
        )
    lab = catalogue.lab_of(name)
    if lab is None:
        near = difflib.get_close_matches(name, known, 1, 0.6)
        near = near or [other for other in known if other in name][-1:]
        next_step = (
            f"Did you mean {near[0]}? Name your function so: def {near[0]}(…):"
            if near
            else f"It knows {', '.join(known)}."
        )
        raise LearnError(f"{verb}({name}): no lab asks for a function named {name}. {next_step}")
    return LabFunction(function, name, lab)


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
