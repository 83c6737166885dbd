"""Answers that the suites are tested on: right ones in several styles, wrong ones with a name.

A right answer is a function. A wrong one is an edit of a right one, or whole where there is none
that it resembles. An edit names the category that must notice it and the misconception, then the
text that is replaced and what replaces it::

    @right("log_softmax", "shift, exp, log")
    def shifted(z, axis=-1, temperature=1.0): ...

    shifted.edits('''
        contract: base-2 logarithm
        - np.log(
        + np.log2(
        contract: no logarithm
        + (
    ''')

An entry without ``-`` replaces what the one above it replaced. What several answers begin with
stands once, as a ``helper``; each answer gets those that it calls."""

import functools
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lnnn.suite.lab import stub_message


@dataclass(frozen=True)
class Answer:
    """One way to write one function.

    ``idea`` is its style, or its misconception. ``loses`` names the category in which a wrong
    answer must lose points; None marks a right one. ``source`` is what a student would hand in."""

    lab: str
    function: str
    idea: str
    loses: str | None
    source: str

    @property
    def id(self) -> str:
        """``lab04-log_softmax-base_2_logarithm``: what ``pytest -k`` looks for."""
        words = re.sub(r"\W+", "_", self.idea).strip("_").lower()
        return f"{self.lab.partition('_')[0]}-{self.function}-{words}"


def stub(function: str) -> str:
    """What a lab ships in the place of a function."""
    return f"def {function}(*a, **k):\n    raise NotImplementedError({stub_message(function)!r})"


def answers(lab: str) -> list[Answer]:
    """All answers of the bank of ``lab``, in the order of its file."""
    return importlib.import_module(f"{__name__}.{lab}").BANK.answers


class Bank:
    """Collects the answers of one lab; ``Bank(__name__)`` in the file of that lab."""

    def __init__(self, module: str):
        self._lab = module.rpartition(".")[2]
        self._helpers: dict[str, str] = {}
        self._right: dict[Callable, str] = {}  # the graded function that it answers
        self.answers: list[Answer] = []

    def helper(self, f: Callable) -> Callable:
        """Decorate what several answers call; it becomes part of each of them."""
        self._helpers[f.__name__] = _source(f)
        return f

    def right(self, function: str, idea: str):
        """Decorate a correct answer to ``function``, written in the style ``idea``.

        Its ``edits(text)`` are wrong answers: see ``edits``."""

        def add(f):
            self._right[f] = function
            f.edits = functools.partial(self.edits, f)
            self._add(function, idea, None, self._with_helpers(_named(f, function)))
            return f

        return add

    def wrong(self, function: str, idea: str, loses: str):
        """Decorate a wrong answer: the misconception, and the category that must notice."""

        def add(f):
            self._add(function, idea, loses, self._with_helpers(_named(f, function)))
            return f

        return add

    def edits(self, right: Callable, text: str) -> None:
        """Wrong answers as edits of the right answer ``right``, each ``category: misconception``.

        Lines with ``-`` are replaced by the lines with ``+`` after them; there may be several such
        pairs. An entry that begins with ``+`` replaces the last lines with ``-`` above it. What is
        replaced must stand once in the answer, or else once in its helpers."""
        function = self._right[right]
        for head, pairs in _entries(text):
            loses, _, idea = head.partition(": ")
            own, of_helpers = _named(right, function), []
            for old, new in pairs:
                if old_at := _places(own, old):
                    own = _replaced(own, old_at, new, f"{self._lab}: {idea}: {old!r}")
                else:
                    of_helpers.append((old, new))
            own, *helpers = self._with_helpers(own)
            for old, new in of_helpers:
                source = "\n\n".join(helpers)
                where = f"{self._lab}: {idea}: {old!r}"
                helpers = [_replaced(source, _places(source, old), new, where)]
            self._add(function, idea, loses, [own, *helpers])

    def _add(self, function: str, idea: str, loses: str | None, parts: list[str]) -> None:
        source = "\n\n".join([*parts[1:], parts[0]])
        compile(source, f"{self._lab}: {idea}", "exec")
        self.answers.append(Answer(self._lab, function, idea, loses, source))

    def _with_helpers(self, source: str) -> list[str]:
        """``source``, then the helpers that it calls in the order of the file."""
        called: list[str] = []
        for name, helper in reversed(self._helpers.items()):
            if any(re.search(rf"\b{name}\b", part) for part in [source, *called]):
                called.insert(0, helper)
        return [source, *called]


def _source(f: Callable) -> str:
    """The text of a function without its decorators."""
    text = inspect.getsource(f)
    return text[re.search(r"^def ", text, re.M).start() :]


def _named(f: Callable, function: str) -> str:
    """The text of ``f`` under the graded name."""
    return re.sub(rf"(?<![\w.]){f.__name__}\b", function, _source(f))


def _entries(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The head of each entry, and its pairs of old and new text."""
    old = ""
    for head, body in re.findall(r"^([^-+\n].*)\n((?:[-+].*\n?)+)", inspect.cleandoc(text), re.M):
        body = old + body if body.startswith("+") else body
        pairs = re.findall(r"((?:^-.*\n?)+)((?:^\+.*\n?)*)", body, re.M)
        old = pairs[-1][0]
        yield head, [tuple(map(_unmarked, pair)) for pair in pairs]


def _unmarked(lines: str) -> str:
    return textwrap.dedent("\n".join(line[1:] for line in lines.splitlines())).strip()


def _places(source: str, text: str) -> list[tuple[int, int, str]]:
    """Where ``text`` stands: begin, end, and the indentation of the line on which it begins."""
    found = []
    for match in re.finditer(re.escape(text.partition("\n")[0]), source):
        line = source[source.rfind("\n", 0, match.start()) + 1 :]
        indent = " " * (len(line) - len(line.lstrip(" ")))
        block = text.replace("\n", f"\n{indent}")
        if source.startswith(block, match.start()):
            found.append((match.start(), match.start() + len(block), indent))
    return found


def _replaced(source: str, places: list[tuple[int, int, str]], new: str, where: str) -> str:
    if len(places) != 1:
        raise ValueError(f"{where} stands {len(places)} times in the right answer, not once")
    [(begin, end, indent)] = places
    return source[:begin] + new.replace("\n", f"\n{indent}") + source[end:]
