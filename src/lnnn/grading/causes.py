"""Why something of a submission is not there: the cause, of which the rest only follows."""

import sys
from collections import Counter
from collections.abc import Iterable

from lnnn.messages import _, ngettext

from .submission import CellError, Statement

MOST_ERRORS = 30  # a page with more is read by nobody
_STAR = "*"
_IMPORTS = {"np": "import numpy as np", "plt": "import matplotlib.pyplot as plt"}


class Ledger:
    """Which statements of a submission ran, and what those that failed should have defined.

    All it says comes from the text of the file and from what happened before any test: nothing in
    it was chosen by code that has seen an input.
    """

    def __init__(self, statements: tuple[Statement, ...]):
        self._statements = statements
        self._in_cell = Counter(statement.index for statement in statements)
        self._bound: dict[str, int] = {}  # name -> the statement that bound it last
        self._lost: dict[str, int] = {}  # name -> the statement whose failure it was lost by
        self._failures: dict[int, str] = {}
        self._followed: Counter[int] = Counter()
        self._told: set[int] = set()

    def ran(self, position: int) -> None:
        """The statement at ``position`` ran to its end."""
        for name in self._statements[position].binds:
            self._bound[name] = position
            self._lost.pop(name, None)

    def failed(self, position: int, text: str, lacks_a_name: bool = False) -> None:
        """The statement failed, as ``text`` says; ``lacks_a_name``: with a NameError."""
        if position in self._told:
            return
        self._told.add(position)
        statement = self._statements[position]
        lost_by = (self._lost[name] for name in statement.needs if name in self._lost)
        root = next(lost_by, None) if lacks_a_name else None
        if root is None:
            root = position
            self._failures[position] = text
        else:
            self._followed[root] += 1
        for name in statement.binds:
            if name not in self._bound:
                self._lost[name] = root

    @property
    def cell_errors(self) -> list[CellError]:
        """What failed of its own accord, in the order of the file."""
        return [self._error(position) for position in sorted(self._failures)]

    def why_missing(self, function: str, not_run: Iterable[CellError] = ()) -> str:
        """Why a function is not there although the file defines it; "" when it does not.

        ``not_run``: the cells that were never run.
        """
        for error in not_run:
            if function in error.functions:
                text = _("{function} is written in {place}, which was not run. {why}")
                return text.format(function=function, place=error.label, why=error.text)
        positions = [p for p, s in enumerate(self._statements) if function in s.binds]
        written = [p for p in positions if self._statements[p].is_function]
        if not written:
            return ""
        place = self._statements[written[-1]].label
        if function in self._lost:
            text = _("{function} is written in {place}, but could not be defined. {why}")
            why = self._failures[self._lost[function]]
            return text.format(function=function, place=place, why=why)
        last = self._bound.get(function)
        if last is None:
            text = _("{function} is written in {place}, which was not reached in the time for all.")
            return text.format(function=function, place=place)
        if last in written:
            text = _("{function} is written in {place}, but it is no function when all has run.")
            return text.format(function=function, place=place)
        text = _(
            "{function} is written in {place} and overwritten in {other}: `{code}`. Give that "
            "value another name."
        )
        other = self._statements[last]
        return text.format(function=function, place=place, other=other.label, code=other.starts)

    def why_name_error(self, function: str, not_run: Iterable[CellError] = ()) -> str:
        """Which name the function, or one that it calls, lacks, and why; "" when it lacks none."""
        seen, waiting = set(), [function]
        while waiting:
            name = waiting.pop(0)
            position = self._bound.get(name)
            if name in seen or position is None:
                continue
            seen.add(name)
            statement = self._statements[position]
            for needed in statement.needs if statement.is_function else ():
                if needed in self._bound:
                    waiting.append(needed)
                elif needed in self._lost or _STAR not in self._bound:
                    return self._lacks(needed, not_run)
        return ""

    def _lacks(self, name: str, not_run: Iterable[CellError]) -> str:
        why = self.why_missing(name, not_run)
        if not why and name in self._lost:
            why = self._failures[self._lost[name]]
        if why:
            return _("There is no {name}. {why}").format(name=name, why=why)
        if code := _IMPORTS.get(name) or (f"import {name}" if _is_module(name) else ""):
            text = _(
                "There is no {name}: no cell that was run imports it. Put `{code}` into a cell "
                "above."
            )
            return text.format(name=name, code=code)
        return _("There is no {name}: no cell that was run defines it.").format(name=name)

    def _error(self, position: int) -> CellError:
        statement, text = self._statements[position], self._failures[position]
        if self._in_cell[statement.index] > 1:
            rest = _("The rest was run without it.")
            text = f"{text} {rest}"
        if n := self._followed[position]:
            more = ngettext(
                "{n} statement failed because it needs what that one defines.",
                "{n} statements failed because they need what that one defines.",
                n,
            )
            text = f"{text} {more.format(n=n)}"
        return CellError(statement.index, statement.label, text, statement.starts)


def at_most(errors: list[CellError]) -> list[CellError]:
    """The errors that a page has room for: the first, how many more there are, and the last.

    The last may say that what follows was not run.
    """
    if len(errors) <= MOST_ERRORS:
        return errors
    n = len(errors) - MOST_ERRORS
    text = ngettext(
        "There is {n} more error like these.", "There are {n} more errors like these.", n
    )
    first, last = errors[: MOST_ERRORS - 1], errors[-1]
    return [*first, CellError(last.index, first[-1].label, text.format(n=n)), last]


def _is_module(name: str) -> bool:
    return name in sys.stdlib_module_names
