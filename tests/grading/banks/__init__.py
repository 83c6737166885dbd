"""Answers that the suites are tested on: right ones in several styles, wrong ones with a name."""

import ast
import importlib
import inspect
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One way to write one function.

    ``loses`` names the category in which a wrong answer must lose points; None marks a right one.
    ``source`` is the function as a student would hand it in, under the graded name.
    """

    lab: str
    function: str
    name: str
    idea: str
    loses: str | None
    source: str


def answers(lab: str) -> list[Answer]:
    """All answers of the bank of ``lab``, in the order of its file."""
    module = importlib.import_module(f"{__name__}.{lab}")
    return [
        Answer(lab, function, f.__name__, idea, loses, _under_name(f, function))
        for function, f, idea, loses in module.BANK
    ]


class Bank(list):
    """Collects the answers of one lab by decorator."""

    def right(self, function: str, idea: str):
        """Mark a correct answer to ``function``, written in the style ``idea``."""
        return lambda f: self._add(function, f, idea, None)

    def wrong(self, function: str, idea: str, *, loses: str):
        """Mark a wrong answer, the misconception ``idea``, and the category that must notice."""
        return lambda f: self._add(function, f, idea, loses)

    def _add(self, function, f, idea, loses):
        self.append((function, f, idea, loses))
        return f


def _under_name(f, name: str) -> str:
    """The source of ``f`` without its decorators, renamed."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    definition = tree.body[0]
    definition.decorator_list, definition.name = [], name
    return ast.unparse(tree)
