"""Cells to statements: which are run, and what is left out or is no Python."""

import ast
import re
import warnings
from collections.abc import Iterator

from .display import CourseNames
from .facts import RawCell, short
from .magics import without_magics
from .names import names_of
from .shipped import Shipped

# Far above any lab's answers, far below what would keep the grader busy.
MAX_CODE = 1_000_000
MAX_STATEMENTS = 1_000
_MOST_NAMES = 50
_MOST_COMMANDS = 5
_NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
_DEFINES = re.compile(r"^def[ \t]++(\w{1,60}+)[ \t]*+\(", re.MULTILINE)


def take_apart(
    cells: list[RawCell], shipped: Shipped, is_script: bool, remarks: list
) -> tuple[list, list]:
    """What to run, statement by statement, and what is not run.

    A statement is ``[cell, line, source, start, is_function, binds, needs]``: the number of its
    cell, its line there, its first line for people, whether it defines a function, the names that
    it binds and the names that must be there. A fault is ``[cell, line, start, key, why,
    functions]``: ``why`` is Python's own word, ``functions`` are those that the cell defines.
    """
    work = _Work(remarks)
    for cell in cells:
        # A script's cells have blank lines around them; a release knows none.
        text = cell.text.strip("\n") if is_script else cell.text
        if shipped.is_for_looking(cell.cell_id, text):
            work.look_at(cell)
        elif not work.add(cell):
            break
    work.remark_on_names()
    return work.statements, work.faults


class _Work:
    """The statements and faults of the cells so far."""

    def __init__(self, remarks: list):
        self.statements: list = []
        self.faults: list = []
        self._remarks = remarks
        self._course = CourseNames()
        self._defined_in: dict[str, list[int]] = {}
        self._size = 0

    def look_at(self, cell: RawCell) -> None:
        """A shipped cell is not run, but later cells may use what it imports from the course."""
        if "lnnn" in cell.text:
            tree = _parsed(without_magics(cell.text)[0])[0]
            if tree is not None:
                self._course.learn(tree)

    def add(self, cell: RawCell) -> bool:
        """Take in a cell; False when the file holds too much, and nothing more is to be run."""
        if self._is_full(cell, cell.first):
            return False
        self._size += len(cell.text.encode("utf-8", "surrogatepass"))
        if self._size > MAX_CODE:
            self._fault(cell, cell.first, "much code", str(MAX_CODE // 1000))
            return False
        source, tree = self._python(cell)
        if tree is None:
            return True
        lines = source.encode("utf-8").split(b"\n")
        for node in _each_import_alone(tree.body):
            left = _without(lines, node, self._course.display_in(node))
            if left is None:
                continue
            line = _start(node)[0] + cell.first
            if self._is_full(cell, line):
                return False
            self._statement(cell, line, left, node)
        return True

    def remark_on_names(self) -> None:
        """Say which functions lean on the course, and which are defined more than once."""
        for function, used in self._course.used_by.items():
            names = [short(name) for name in sorted(used)[:_MOST_NAMES]]
            self._remarks.append(["uses course", short(function), names])
        for name, places in self._defined_in.items():
            if len(places) > 1:
                self._remarks.append(["defined twice", short(name), places[:_MOST_NAMES]])

    def _is_full(self, cell: RawCell, line: int) -> bool:
        if len(self.statements) + len(self.faults) < MAX_STATEMENTS:
            return False
        self._fault(cell, line, "many statements", str(MAX_STATEMENTS))
        return True

    def _python(self, cell: RawCell) -> tuple[str, ast.Module | None]:
        """The cell as plain Python, and its tree; None when it is none, which is a fault."""
        tree, error = _parsed(cell.text)
        if tree is not None:
            return cell.text, tree
        source, taken = without_magics(cell.text)
        if taken:
            commands = [short(command) for command in taken[:_MOST_COMMANDS]]
            self._remarks.append(["commands", cell.number, commands, len(taken) - len(commands)])
            del error  # with all that the parser made
            tree, error = _parsed(source)
        if tree is None:
            self._fault(cell, *_what_is_wrong(cell, error))
        return source, tree

    def _statement(self, cell, line, source, node):
        binds, needs = names_of(node)
        is_function = isinstance(node, ast.FunctionDef)
        if is_function:
            places = self._defined_in.setdefault(node.name, [])
            place = cell.number or line
            places += [place] if place not in places[-1:] else []
        names = [sorted(some)[:_MOST_NAMES] for some in (binds, needs)]
        start = _first_line(source)
        self.statements.append([cell.number, line, source, start, is_function, *names])

    def _fault(self, cell, line, key, why):
        functions = sorted(set(_DEFINES.findall(cell.text)))[:_MOST_NAMES]
        start = _first_line(cell.text)
        self.faults.append([cell.number, line, start, key, short(why, 200), functions])


def _parsed(source: str) -> tuple[ast.Module | None, Exception | None]:
    with warnings.catch_warnings():
        # An invalid escape in a student's string is not a warning to the instructor.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source), None
        except _NOT_PYTHON as error:
            return None, error


def _what_is_wrong(cell: RawCell, error: Exception) -> tuple[int, str, str]:
    """Line, key and Python's own word."""
    if isinstance(error, SyntaxError):
        return (error.lineno or 1) + cell.first - 1, "syntax", error.msg
    if isinstance(error, UnicodeEncodeError):
        return cell.first, "half a character", ""
    if isinstance(error, ValueError):
        return cell.first, "value", str(error)
    return cell.first, "nested", ""


# ------------------------------------------------------------------------------- cutting the text


def _each_import_alone(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements; of ``import a, b`` two, so that one that is not there costs itself."""
    for node in body:
        if not isinstance(node, ast.Import):
            yield node
            continue
        for alias in node.names:
            yield ast.copy_location(ast.Import([alias]), node)


def _start(node: ast.stmt) -> tuple[int, int]:
    """Where a statement begins: its line, counted from 0, and the byte in it."""
    if getattr(node, "decorator_list", None):
        return node.decorator_list[0].lineno - 1, 0
    return node.lineno - 1, node.col_offset


def _end(node: ast.stmt) -> tuple[int, int]:
    return node.end_lineno - 1, node.end_col_offset


def _without(lines: list[bytes], statement: ast.stmt, unwanted: list[ast.stmt]) -> str | None:
    """The text of ``statement`` without some of the statements in it; None if it is one of them."""
    if unwanted == [statement]:
        return None
    if isinstance(statement, ast.Import):
        return ast.unparse(statement)
    pieces, position = [], _start(statement)
    for node in sorted(unwanted, key=_start):
        pieces += [_between(lines, position, _start(node)), _nothing(node)]
        position = _end(node)
    pieces.append(_between(lines, position, _end(statement)))
    return b"".join(pieces).decode("utf-8")


def _between(lines: list[bytes], start: tuple[int, int], end: tuple[int, int]) -> bytes:
    if start[0] == end[0]:
        return lines[start[0]][start[1] : end[1]]
    whole = lines[start[0] + 1 : end[0]]
    return b"\n".join([lines[start[0]][start[1] :], *whole, lines[end[0]][: end[1]]])


def _nothing(node: ast.stmt) -> bytes:
    """A statement that does nothing, over as many lines as ``node``."""
    more = node.end_lineno - node.lineno
    return b"(None" + b"\n" * more + b")" if more else b"pass"


def _first_line(text: str) -> str:
    """The first line of a text that says something."""
    return short(text.lstrip().partition("\n")[0].strip())
