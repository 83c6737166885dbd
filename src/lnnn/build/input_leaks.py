"""Inputs of the grader that stand in what students get.

The grader's inputs are those that a suite hands to the lab's own solution, over a few seeds. None
of its calls may be a call that a rule makes on its examples, and no array of three numbers or more
in it may be written out in a notebook. A call without two different finite numbers in one argument
says nothing: an empty array, a row of only −inf, the name of a float type.
"""

import ast
import functools
import json
from pathlib import Path

import numpy as np

from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.rule import Rule
from lnnn.suite.runner import Suite, check_examples

SEEDS = range(3)
_LEAST = 3  # numbers in an array that says something


class RecordingCaller(NamespaceCaller):
    """Calls the functions of a namespace and keeps what they were called with.

    ``calls`` holds each call in a form that compares; ``arrays`` the numbers of every argument.
    """

    def __init__(self, namespace: dict):
        super().__init__(namespace)
        self.calls: set[tuple] = set()
        self.arrays: set[tuple] = set()

    def call(self, name, args, kwargs):
        """Record the call, then make it."""
        given = [*args, *kwargs.values()]
        if any(map(_says_something, given)):
            self.calls.add(packed_call(name, args, kwargs))
        self.arrays |= {numbers for value in given if (numbers := _numbers(value))}
        return super().call(name, args, kwargs)


def grader_inputs(suite: Suite, solution: dict) -> dict[str, RecordingCaller]:
    """What each test of a suite hands to the lab's own solution, by the name of the test.

    ``solution``: the namespace of that solution.
    """
    handed = {test.name: RecordingCaller(solution) for test in suite.tests}
    for test in suite.tests:
        for seed in SEEDS:
            suite.run_test(test, Lab(handed[test.name]), seed)
    return handed


def shared_with_examples(
    handed: dict[str, RecordingCaller], rules: tuple[Rule, ...], solution: dict
) -> list[str]:
    """The tests whose inputs make a call that the learner's examples make too."""
    learner = RecordingCaller(solution)
    check_examples(rules, Lab(learner))
    return [name for name, grader in handed.items() if grader.calls & learner.calls]


def written_out(handed: dict[str, RecordingCaller], notebooks: list[Path]) -> list[str]:
    """Arrays of the grader's inputs that a notebook writes out: ``[1.0, 2.0] in labs/x.ipynb``."""
    arrays = {numbers for grader in handed.values() for numbers in grader.arrays}
    return [
        f"{list(numbers)} in {path.parent.name}/{path.name}"
        for path in notebooks
        for numbers in sorted(_literals(path.read_text(encoding="utf-8")) & arrays)
    ]


def packed_call(name: str, args: tuple, kwargs: dict) -> tuple:
    """Something that is equal for equal calls, and can stand in a set."""
    given = [*((str(i), arg) for i, arg in enumerate(args)), *sorted(kwargs.items())]
    return (name, *((key, _packed(value)) for key, value in given))


def _packed(value):
    """Something that is equal for equal arguments, and can stand in a set."""
    if isinstance(value, list | tuple):
        return type(value).__name__, repr(value)
    array = np.asarray(value)
    return array.dtype.str, array.shape, array.tobytes()


def _says_something(value) -> bool:
    """True for two different finite numbers or more."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return False
    return np.unique(array[np.isfinite(array)]).size > 1


def _numbers(value) -> tuple[float, ...]:
    """The numbers of an argument, one after the other; () where they say nothing.

    Digits are labels, and a row with one other number could be anybody's.
    """
    try:
        array = np.asarray(value, dtype=float).reshape(-1)
    except (TypeError, ValueError):
        return ()
    numbers = tuple(array.tolist())
    telling = set(numbers) - {*range(10), 0.5}
    return numbers if len(numbers) >= _LEAST and len(telling) > 1 else ()


@functools.lru_cache(maxsize=64)
def _literals(notebook: str) -> frozenset[tuple[float, ...]]:
    """The numbers of every list and tuple that a code cell of a notebook writes out.

    All labs look at the same pages: each is read once.
    """
    found = set()
    for cell in json.loads(notebook)["cells"]:
        if cell["cell_type"] != "code":
            continue
        lines = [line for line in cell["source"] if not line.lstrip().startswith(("%", "!"))]
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.List | ast.Tuple) and (numbers := _numbers(_value(node))):
                found.add(numbers)
    return frozenset(found)


def _value(node: ast.expr):
    """The value of a literal, in which np.inf and np.nan may stand; None for anything else."""
    names = {"inf": "1e999", "nan": "(1e999-1e999)"}
    text = ast.unparse(node)
    for name, number in names.items():
        text = text.replace(f"np.{name}", number)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
