"""Two versions of an answer cell: what students get, and the solution.

An answer holds a *solution* block. Students get a stub in its place, or the *faulty* block that may
follow it: code to debug. The faulty block comes second, so that a source runs as solved.
"""

import ast
import difflib
import io
import re
import tokenize
from typing import NamedTuple

from lnnn.build.errors import BuildError
from lnnn.build.source import Cell, Source
from lnnn.suite.lab import stub_message

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
BEGIN_FAULTY = "### BEGIN FAULTY"
END_FAULTY = "### END FAULTY"

_MARKERS = (BEGIN, END, BEGIN_FAULTY, END_FAULTY)
_PARTNERS = {BEGIN: END, BEGIN_FAULTY: END_FAULTY}
_LIKE_A_MARKER = re.compile(r"#+\s*(begin|end)\b", re.IGNORECASE)


class _Block(NamedTuple):
    """Rows of the two markers inside the cell, counted from 1."""

    begin: int
    end: int


def answer_function(source: Source, cell: Cell) -> ast.FunctionDef:
    """The one function of an answer cell. Raises BuildError when there is not exactly one."""
    body = _parse(source, cell).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1 or len(body) != 1:
        raise BuildError(
            f"{source.where(cell)}: an answer cell holds one function and nothing else. "
            "Move what stands beside it into a cell of its own, or into the function."
        )
    function = functions[0]
    if not ast.get_docstring(function):
        raise BuildError(
            f"{source.where(cell, function.lineno)}: {function.name} has no "
            "docstring, and the docstring is the task. Write it before the solution."
        )
    return function


def solution_block(source: Source, cell: Cell) -> str:
    """The source text of the solution of an answer cell. Raises BuildError."""
    solution, _ = _blocks(source, cell)
    return _text(cell, solution)


def student_version(source: Source, cell: Cell) -> str:
    """The answer cell as students get it: signature, docstring, what is given, stub or fault."""
    function = answer_function(source, cell)
    solution, faulty = _blocks(source, cell)
    lines = cell.text.splitlines()
    if faulty:
        return "\n".join([*lines[: solution.begin - 1], _text(cell, faulty), *lines[faulty.end :]])
    indent = re.match(r"\s*", lines[solution.begin - 1])[0]
    stub = f'{indent}raise NotImplementedError("{stub_message(function.name)}")'
    return "\n".join([*lines[: solution.begin - 1], stub, *lines[solution.end :]])


def solved_version(source: Source, cell: Cell) -> str:
    """The answer cell without its faulty block."""
    _, faulty = _blocks(source, cell)
    if faulty is None:
        return cell.text
    lines = cell.text.splitlines()
    return "\n".join([*lines[: faulty.begin - 1], *lines[faulty.end :]]).rstrip()


def solved_namespace(source: Source) -> dict:
    """Run the imports and the solutions of a lab; the names that they leave behind."""
    namespace: dict = {}
    for cell in source.cells:
        if cell.role == "imports":
            exec(cell.text, namespace)
        elif cell.role == "answer":
            exec(solved_version(source, cell), namespace)
    return namespace


def refuse_markers(source: Source, cell: Cell) -> None:
    """Raise BuildError when a cell that is not an answer holds anything like a marker."""
    for row, text in _marker_like(cell):
        raise BuildError(
            f"{source.where(cell, row)}: `{text}` stands in a cell that is not tagged `answer`. "
            "Only answer cells hold solutions: tag the cell `answer` or remove the marker."
        )


def _blocks(source: Source, cell: Cell) -> tuple[_Block, _Block | None]:
    """The solution and, where there is one, the faulty code. Raises BuildError."""
    function = answer_function(source, cell)
    found = _paired(source, cell)
    if BEGIN not in found:
        raise BuildError(
            f"{source.where(cell)}: the answer {function.name} has no solution. "
            f"Put it between `{BEGIN}` and `{END}`, after the docstring."
        )
    solution, faulty = found[BEGIN], found.get(BEGIN_FAULTY)
    if faulty and faulty.begin < solution.begin:
        raise BuildError(
            f"{source.where(cell, faulty.begin)}: the faulty code stands before the "
            "solution, and would run in its place. Put the solution first."
        )
    _check_place(source, cell, function, solution, faulty)
    return solution, faulty


def _paired(source: Source, cell: Cell) -> dict[str, _Block]:
    """The blocks of a cell by their first marker. Raises BuildError for a marker out of place."""
    found = _marker_like(cell)
    for row, text in found:
        if text not in _MARKERS:
            [meant] = difflib.get_close_matches(text.upper(), _MARKERS, 1, 0)
            raise BuildError(
                f"{source.where(cell, row)}: `{text}` looks like a marker and is none. "
                f"Write `{meant}`, to the letter."
            )
    blocks: dict[str, _Block] = {}
    begun = None
    for marker in found:
        row, text = marker
        if begun is None and text in _PARTNERS and text not in blocks:
            begun = marker
        elif begun is not None and text == _PARTNERS[begun[1]]:
            blocks[begun[1]] = _Block(begun[0], row)
            begun = None
        else:
            begun = marker
            break
    if begun is not None:
        row, text = begun
        raise BuildError(
            f"{source.where(cell, row)}: `{text}` has no partner. An answer has one `{BEGIN}` "
            f"and, after it, one `{END}`; `{BEGIN_FAULTY}` and `{END_FAULTY}` may follow."
        )
    return blocks


def _check_place(source, cell, function, solution, faulty) -> None:
    """Raise BuildError unless every statement after the docstring has its place."""
    docstring_end = function.body[0].end_lineno
    if not docstring_end < solution.begin:
        raise BuildError(
            f"{source.where(cell, solution.begin)}: the solution begins before the "
            "end of the docstring. Students keep signature and docstring: put the marker after "
            "them."
        )
    statements = function.body[1:]
    inside = {block: _statements(statements, block) for block in (solution, faulty) if block}
    for node in statements:
        if node.end_lineno > solution.begin and not any(node in held for held in inside.values()):
            raise BuildError(
                f"{source.where(cell, node.lineno)}: this statement is not inside "
                "the solution, and would never run in the student's notebook. "
                f"Move `{END}` below it, or the statement above `{BEGIN}`."
            )
    for block, held in inside.items():
        what = "solution" if block is solution else "faulty code"
        where = source.where(cell, block.begin)
        if not held:
            raise BuildError(
                f"{where}: the {what} of {function.name} is empty. "
                "Write it between the markers, at the level of the function's body."
            )
        indent = " " * held[0].col_offset
        if not cell.text.splitlines()[block.begin - 1].startswith(indent + "#"):
            raise BuildError(
                f"{where}: the marker must be indented like the function's body "
                f"({len(indent)} spaces), because other code takes the place of the block."
            )
    if faulty and _same(inside[solution], inside[faulty]):
        raise BuildError(
            f"{source.where(cell, faulty.begin)}: the faulty code of "
            f"{function.name} is its solution. Put a fault into it, or remove the block."
        )


def _statements(body: list[ast.stmt], block: _Block) -> list[ast.stmt]:
    return [node for node in body if block.begin < node.lineno and node.end_lineno < block.end]


def _same(some: list[ast.stmt], others: list[ast.stmt]) -> bool:
    return list(map(ast.dump, some)) == list(map(ast.dump, others))


def _text(cell: Cell, block: _Block) -> str:
    """What stands between the two markers."""
    return "\n".join(cell.text.splitlines()[block.begin : block.end - 1])


def _marker_like(cell: Cell) -> list[tuple[int, str]]:
    """Comments (code) or lines (text) that are a marker or resemble one: (row, text)."""
    lines = _rows(cell.text)
    if cell.is_code:
        in_strings = {(row, line) for row, line in lines if line in _MARKERS}
        lines = sorted(in_strings.union(comments(cell.text)))
    else:
        lines = [(row, line) for row, line in lines if line.startswith("###")]
    return [(row, text) for row, text in lines if _resembles_marker(text)]


def _resembles_marker(text: str) -> bool:
    words = text.lstrip("# ").upper()
    if _LIKE_A_MARKER.match(text) and ("SOL" in words or "FAULTY" in words):
        return True
    if text.startswith("###") and words.split(" ")[0] in ("BEGIN", "END"):
        return True
    return any(
        difflib.SequenceMatcher(None, words, marker.lstrip("# ")).ratio() > 0.8
        for marker in _MARKERS
    )


def comments(text: str) -> list[tuple[int, str]]:
    """Comments of a code cell as (row, text). A cell with magics is read line by line."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return [(row, line) for row, line in _rows(text) if line.startswith("#")]
    return [(t.start[0], t.string.strip()) for t in tokens if t.type == tokenize.COMMENT]


def _rows(text: str) -> list[tuple[int, str]]:
    """The lines of a cell with their rows, counted from 1."""
    return [(row, line.strip()) for row, line in enumerate(text.splitlines(), 1)]


def _parse(source: Source, cell: Cell) -> ast.Module:
    try:
        return ast.parse(cell.text)
    except SyntaxError as error:
        raise BuildError(
            f"{source.where(cell, error.lineno or 1)}: not valid Python "
            f"({error.msg}). Mend the cell."
        ) from error
