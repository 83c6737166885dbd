"""Take the solution out of an answer cell and leave a stub that says what to do."""

import ast
import difflib
import io
import itertools
import re
import tokenize

from lnnn.build.errors import BuildError
from lnnn.build.source import Cell, Source

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

_LIKE_A_MARKER = re.compile(r"#+\s*(begin|end)\b", re.IGNORECASE)


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
            f"{source.where(cell, _line(cell, function.lineno))}: {function.name} has no "
            "docstring, and the docstring is the task. Write it before the solution."
        )
    return function


def solution_block(source: Source, cell: Cell) -> str:
    """The source text between the two markers of an answer cell. Raises BuildError."""
    function = answer_function(source, cell)
    begin, end = _markers(source, cell, function)
    return "\n".join(cell.text.splitlines()[begin : end - 1])


def student_version(source: Source, cell: Cell) -> str:
    """The answer cell as students get it: signature, docstring, what is given, a stub."""
    function = answer_function(source, cell)
    begin, end = _markers(source, cell, function)
    lines = cell.text.splitlines()
    indent = re.match(r"\s*", lines[begin - 1])[0]
    stub = f'{indent}raise NotImplementedError("{function.name}: write your answer here")'
    return "\n".join([*lines[: begin - 1], stub, *lines[end:]])


def refuse_markers(source: Source, cell: Cell) -> None:
    """Raise BuildError when a cell that is not an answer holds anything like a marker."""
    for line, text in _marker_like(cell):
        raise BuildError(
            f"{source.where(cell, line)}: `{text}` stands in a cell that is not tagged `answer`. "
            "Only answer cells hold solutions: tag the cell `answer` or remove the marker."
        )


def _markers(source: Source, cell: Cell, function: ast.FunctionDef) -> tuple[int, int]:
    """Lines of the two markers inside the cell, counted from 1."""
    found = _marker_like(cell)
    for line, text in found:
        if text not in (BEGIN, END):
            meant = END if "END" in text.upper().split() else BEGIN
            raise BuildError(
                f"{source.where(cell, line)}: `{text}` looks like a marker and is none. "
                f"Write `{meant}`, to the letter."
            )
    if not found:
        raise BuildError(
            f"{source.where(cell)}: the answer {function.name} has no solution. "
            f"Put it between `{BEGIN}` and `{END}`, after the docstring."
        )
    texts = [text for _, text in found]
    if texts != [BEGIN, END]:
        line, text = _without_partner(found)
        raise BuildError(
            f"{source.where(cell, line)}: `{text}` has no partner. An answer has one "
            f"`{BEGIN}` and, after it, one `{END}`."
        )
    begin, end = (line - cell.line + 1 for line, _ in found)
    _check_place(source, cell, function, begin, end)
    return begin, end


def _without_partner(found: list[tuple[int, str]]) -> tuple[int, str]:
    """The first marker that breaks the rule: one BEGIN, then one END."""
    for marker, expected in zip(found, itertools.cycle((BEGIN, END)), strict=False):
        if marker[1] != expected:
            return marker
    return found[-1] if len(found) % 2 else found[2]


def _check_place(source, cell, function, begin, end) -> None:
    docstring_end = function.body[0].end_lineno
    if not docstring_end < begin < end:
        raise BuildError(
            f"{source.where(cell, _line(cell, begin))}: the solution begins before the end of "
            "the docstring. Students keep signature and docstring: put the marker after them."
        )
    inside = [n for n in function.body[1:] if begin < n.lineno and n.end_lineno < end]
    outside = [n for n in function.body[1:] if n not in inside]
    for node in outside:
        if node.end_lineno > begin:
            raise BuildError(
                f"{source.where(cell, _line(cell, node.lineno))}: this statement is not inside "
                "the solution, and would never run in the student's notebook. "
                f"Move `{END}` below it, or the statement above `{BEGIN}`."
            )
    if not inside:
        raise BuildError(
            f"{source.where(cell, _line(cell, begin))}: the solution of {function.name} is empty. "
            "Write it between the markers, at the level of the function's body."
        )
    indent = " " * inside[0].col_offset
    marker = cell.text.splitlines()[begin - 1]
    if not marker.startswith(indent + "#"):
        raise BuildError(
            f"{source.where(cell, _line(cell, begin))}: the marker must be indented like the "
            f"function's body ({len(indent)} spaces), because the stub takes its place."
        )


def _marker_like(cell: Cell) -> list[tuple[int, str]]:
    """Comments (code) or lines (text) that are a marker or resemble one: (source line, text)."""
    if cell.is_code:
        comments = [(row, text) for row, text in _comments(cell.text)]
        strings = [
            (row, line.strip())
            for row, line in enumerate(cell.text.splitlines(), 1)
            if line.strip() in (BEGIN, END) and (row, line.strip()) not in comments
        ]
        lines = sorted(comments + strings)
    else:
        lines = [(row, line.strip()) for row, line in enumerate(cell.text.splitlines(), 1)]
        lines = [(row, line) for row, line in lines if line.startswith("###")]
    return [(_line(cell, row), text) for row, text in lines if _resembles_marker(text)]


def _resembles_marker(text: str) -> bool:
    words = text.lstrip("# ").upper()
    if _LIKE_A_MARKER.match(text) and "SOL" in words:
        return True
    if text.startswith("###") and words.split(" ")[0] in ("BEGIN", "END"):
        return True
    return any(
        difflib.SequenceMatcher(None, words, marker.lstrip("# ")).ratio() > 0.8
        for marker in (BEGIN, END)
    )


def _comments(text: str) -> list[tuple[int, str]]:
    """Comments of a code cell as (row, text). A cell with magics is read line by line."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return [
            (row, line.strip())
            for row, line in enumerate(text.splitlines(), 1)
            if line.strip().startswith("#")
        ]
    return [(t.start[0], t.string.strip()) for t in tokens if t.type == tokenize.COMMENT]


def _parse(source: Source, cell: Cell) -> ast.Module:
    try:
        return ast.parse(cell.text)
    except SyntaxError as error:
        raise BuildError(
            f"{source.where(cell, _line(cell, error.lineno or 1))}: not valid Python "
            f"({error.msg}). Mend the cell."
        ) from error


def _line(cell: Cell, row: int) -> int:
    """Line of the source for a row of the cell, both counted from 1."""
    return cell.line + row - 1
