"""What ``check`` and ``hint`` are asked about: a learner's function and the lab it belongs to."""

import difflib
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lnnn.messages import _

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
        text = _(
            "{verb}({given!r}): this is a text. Pass the function itself, without quotes: "
            "{verb}({name})"
        )
        raise LearnError(text.format(verb=verb, given=function, name=shown))
    if not callable(function):
        kind = type(function).__name__
        text = _(
            "{verb}({given}): {kind} is not a function. Pass a function of a lab: {verb}({name})"
        )
        given = _short(function)
        raise LearnError(text.format(verb=verb, given=given, kind=kind, name=example))
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        kind = "lambda" if name == "<lambda>" else type(function).__name__
        text = _(
            "{verb}: this {kind} has no name, so its lab can't be found. Write it with def, under "
            "the name that the lab gives: def {name}(…):"
        )
        raise LearnError(text.format(verb=verb, kind=kind, name=example))
    lab = catalogue.lab_of(name)
    if lab is None:
        near = difflib.get_close_matches(name, known, 1, 0.6)
        near = near or [other for other in known if other in name][-1:]
        text = _("{verb}({name}): no lab asks for a function named {name}. It knows {known}.")
        if near:
            text = _(
                "{verb}({name}): no lab asks for a function named {name}. Did you mean {near}? "
                "Name your function so: def {near}(…):"
            )
        near = near[0] if near else ""
        raise LearnError(text.format(verb=verb, name=name, near=near, known=", ".join(known)))
    return LabFunction(function, name, lab)


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
