"""The functions under study: how an explorable gets them and how its scene asks them.

A scene names its functions with ``studied`` and asks them by ``answer``, ``array``, ``number`` or
``value``. When one gives nothing that can be drawn, ``shows_problems`` makes a scene that says so::

    def largest(function, *, name=None, logits=(2, 1, 0)) -> Explorable:
        return study.explorable(
            largest_scene, [function], logit_sliders(logits), names=name and [name]
        )

    @study.shows_problems
    def largest_scene(functions, values: dict, *, names=None) -> Scene:
        (largest,) = study.studied(functions, names)
        value = largest.number(logits_of(values), otherwise=_("{function} gives no maximum"))
        finding = _("{function} is {value}")
        return Scene(finding.format(function=largest.name, value=value))
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from lnnn.messages import _

from .answers import Answer, ask, copies, one_number, outcome
from .scene import Scene
from .widget import Explorable


class Unanswered(Exception):
    """A function under study gave nothing that can be drawn; ``scene`` says so."""

    def __init__(self, finding, name, problem, **more):
        super().__init__(problem)
        self.scene = Scene.problem(finding, name, problem, **more)


def shows_problems(scene_function):
    """``scene_function``, with a scene of the problem where a function gives no answer."""

    @functools.wraps(scene_function)
    def scene(*arguments, **keywords):
        try:
            return scene_function(*arguments, **keywords)
        except Unanswered as unanswered:
            return unanswered.scene

    return scene


@dataclass(frozen=True)
class Studied:
    """A function under study and the name that scenes call it by.

    beside: what a scene of its problem shows too, such as the snippet.
    """

    name: str
    function: Callable
    beside: dict = field(default_factory=dict)

    def ask(self, z, temperature=1.0, exact_values=None, *more) -> Answer:
        """``ask`` for this function."""
        return ask(self.name, self.function, z, temperature, exact_values, *more)

    def answer(self, z, temperature=1.0, exact_values=None, *more, otherwise) -> Answer:
        """The same, but a problem ends the scene: ``otherwise`` is its finding, with a
        place for the name of the ``{function}``."""
        answer = self.ask(z, temperature, exact_values, *more)
        if answer.problem:
            self.gives_nothing(answer.problem, otherwise)
        return answer

    def array(self, shape, *arguments, otherwise) -> Answer:
        """The float64 array of this shape that the function returns. A problem ends the scene."""
        asked = replace(self, function=lambda _zeros: self.function(*copies(arguments)))
        return asked.answer(np.zeros(shape), otherwise=otherwise)

    def number(self, *arguments, otherwise) -> float:
        """The one number that the function returns. A problem ends the scene."""
        value, problem = one_number(self.name, self.function, *arguments)
        if problem:
            self.gives_nothing(problem, otherwise)
        return value

    def number_or_nan(self, *arguments) -> float:
        """The one number that the function returns; NaN where it returns none."""
        value, _problem = one_number(self.name, self.function, *arguments)
        return math.nan if value is None else value

    def value(self, *arguments, otherwise) -> object:
        """Whatever the function returns. What it raises ends the scene."""
        value, problem = outcome(self.name, self.function, *arguments)
        if problem:
            self.gives_nothing(problem, otherwise)
        return value

    def refuse(self, given, wanted, otherwise):
        """End the scene: the function returned what is ``given``, and ``wanted`` says the rule."""
        text = _("{function} returned {given}. {wanted}")
        self.gives_nothing(text.format(function=self.name, given=given, wanted=wanted), otherwise)

    def gives_nothing(self, problem, otherwise):
        """End the scene with the problem."""
        finding = otherwise.format(function=self.name)
        raise Unanswered(finding, self.name, problem, **self.beside)


def studied(functions, names=None, **beside) -> list[Studied]:
    """The functions with the names given, or with their own; one that is None is left out."""
    given = [function for function in functions if function is not None]
    pairs = zip(names or names_of(given), given, strict=True)
    return [Studied(name, function, beside) for name, function in pairs]


def explorable(scene, functions, controls, *, names=None, **more) -> Explorable:
    """The widget of a scene function, called as ``scene(functions, values, names=…, **more)``.

    functions: the ones under study; one that is None is left out. names: their titles, in order;
    their own names unless given. Raises what ``checked`` raises.
    """
    given = [function for function in functions if function is not None]
    names = checked(scene.__name__.removesuffix("_scene"), given, names)
    return Explorable(partial(scene, functions, names=names, **more), controls)


def names_of(functions) -> list[str]:
    """One name for each function, all different: its ``__name__``, numbered where needed."""
    names = []
    for function in functions:
        name = getattr(function, "__name__", type(function).__name__).replace("<lambda>", "lambda")
        taken = sum(n == name or n.startswith(f"{name} #") for n in names)
        names.append(f"{name} #{taken + 1}" if taken else name)
    return names


def checked(where, functions, names=None) -> list[str]:
    """The titles given, one for each function and all different, or the functions' own names.

    Raises ValueError when there is no function or the names do not fit, TypeError for a function
    that can't be called; ``where`` is who says so.
    """
    if not functions:
        text = _("{where}: give at least one function, such as {where}(log_softmax)")
        raise ValueError(text.format(where=where))
    for function in functions:
        if not callable(function):
            text = _(
                "{where}: {function!r} is not a function; pass it without calling it, "
                "such as {where}(log_softmax)"
            )
            raise TypeError(text.format(where=where, function=function))
    if names is None:
        return names_of(functions)
    names = [str(n) for n in names]
    if len(names) != len(functions) or len(set(names)) != len(names):
        text = _("names: one for each of {n} functions, all different")
        raise ValueError(text.format(n=len(functions)))
    return names
