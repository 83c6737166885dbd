"""A rule of a lab: stated once, run on the learner's examples and on the grader's inputs.

A rule is a function of a student's functions and of inputs. Its docstring is what a student reads:
the first paragraph says what must hold, the rest what usually breaks it::

    @rule("log_softmax", "contract", points=4, examples=[given(Z, axis=0), given(Z, axis=1)])
    def log_softmax_works_along_any_axis(lab, z, **axis):
        \"\"\"It works along any axis; the default is the last one

        Take the maximum and the sum along the same axis, both with keepdims=True.
        \"\"\"
        agree_roughly(lab, "log_softmax", z, **axis)
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

CATEGORIES = ("contract", "property", "reference", "stress", "gradient", "bad input")


class SuiteError(Exception):
    """A rule or a suite is wrong: what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Given:
    """The inputs of one call of a rule."""

    args: tuple
    kwargs: dict


def given(*args, **kwargs) -> Given:
    """The inputs of a rule, as the rule takes them after ``lab``."""
    return Given(args, kwargs)


@dataclass(frozen=True)
class Rule:
    """What must hold of one ``function``, for ``points`` in ``category``.

    ``says`` and ``think`` are what a student reads: the rule, and what usually breaks it.
    ``holds(lab, *inputs)`` raises AssertionError where it does not hold. ``examples`` are inputs
    that a learner may see. ``fault``: this rule is about the fault that the function came with.
    ``name`` is that of the Python function, and for one of several functions ``name[function]``.
    """

    name: str
    function: str
    category: str
    points: float
    says: str
    think: str
    holds: Callable
    examples: tuple[Given, ...] = ()
    fault: bool = False


def rule(
    function: str | dict[str, float],
    category: str,
    *,
    points: float | None = None,
    examples: Iterable[Given] | dict[str, Iterable[Given]] = (),
    fault: bool = False,
):
    """Make a Python function a rule; it stays a function, and ``.rules`` holds its ``Rule``.

    ``function``: what the rule is about, a function of the lab; or several, each with its points:
    ``{"log_softmax": 4, "softmax": 3}``. For several, the rule is called as ``(lab, function,
    *inputs)``, and each of them has a ``Rule`` of its own; their ``examples`` may differ: a dict.
    Raises SuiteError for a category that there is not, for points that are none, and for a
    docstring that lacks one of its two parts.
    """
    several = isinstance(function, dict)

    def mark(holds):
        where = f"{holds.__module__}.{holds.__name__}"
        if category not in CATEGORIES:
            raise SuiteError(f"{where}: category {category!r} is none of {', '.join(CATEGORIES)}.")
        says, _, think = inspect.cleandoc(holds.__doc__ or "").partition("\n\n")
        if not says or not think:
            raise SuiteError(
                f"{where}: a rule's docstring has two parts with an empty line between them: what "
                "must hold, and what usually breaks it. A student reads both."
            )

        def one(name, worth):
            if worth is None or not worth > 0:
                raise SuiteError(f"{where}: points must be above 0, not {worth!r}.")
            return Rule(
                f"{holds.__name__}[{name}]" if several else holds.__name__,
                name,
                category,
                worth,
                " ".join(says.split()),
                " ".join(think.split()),
                _about(holds, name) if several else holds,
                tuple(examples.get(name, ()) if isinstance(examples, dict) else examples),
                fault,
            )

        of = function if several else {function: points}
        holds.rules = tuple(one(name, worth) for name, worth in of.items())
        return holds

    return mark


def rules_of(module: ModuleType) -> tuple[Rule, ...]:
    """The rules that ``module`` itself states, function by function of the lab, in file order."""
    stated = [
        rule
        for value in vars(module).values()
        if hasattr(value, "rules") and getattr(value, "__module__", None) == module.__name__
        for rule in value.rules
    ]
    order = list(dict.fromkeys(rule.function for rule in stated))
    return tuple(sorted(stated, key=lambda rule: order.index(rule.function)))


def _about(holds: Callable, function: str) -> Callable:
    return lambda lab, *inputs, **more: holds(lab, function, *inputs, **more)
