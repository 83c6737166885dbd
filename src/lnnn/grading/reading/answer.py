"""What comes back from the process that reads, checked: it has met a student's bytes.

Each function raises AnswerError for what the inside never answers.
"""

from collections.abc import Callable

from ..submission import CellError, Statement
from . import words
from .inside import MOST_REMARKS
from .inside.cells import MAX_CODE, MAX_STATEMENTS

_LONGEST = 300
_MOST = 60
_LARGEST = 10**9


class AnswerError(ValueError):
    """The answer of the reading process has not the form that it must have."""


def opened(reply: tuple, file: str) -> tuple[str | None, str]:
    """The lab that a file claims to be for, and the sentence on why it can't be graded, or ""."""
    claims, problem = _list(reply, 2)
    if problem is None:
        return (None if claims is None else _text(claims)), ""
    return None, _said(words.problem, file, *_list(problem, most=3, each=_detail))


def taken_apart(
    reply: tuple, is_script: bool
) -> tuple[tuple[Statement, ...], tuple[CellError, ...], list[str]]:
    """The statements to run, the cells that are not run, and notes."""
    statements, faults, remarks, more = _list(reply, 4)
    return (
        tuple(_statements(statements, is_script)),
        tuple(_faults(faults, is_script)),
        [*_notes(remarks, is_script), *([words.more_remarks(more)] if _number(more) else [])],
    )


def _statements(rows, is_script):
    size = 0
    for row in _list(rows, most=MAX_STATEMENTS):
        cell, line, source, start, is_function, binds, needs = _list(row, 7)
        source = _text(source, MAX_CODE)
        size += len(source)
        if size > MAX_CODE or type(is_function) is not bool:
            raise AnswerError("statements")
        place = line if is_script else cell
        names = [tuple(_list(some, most=_MOST, each=_text)) for some in (binds, needs)]
        label = words.place(_number(place), is_script)
        yield Statement(
            _number(cell), source, label, _text(start), _number(line), is_function, *names
        )


def _faults(rows, is_script):
    for row in _list(rows, most=MAX_STATEMENTS + 1):
        cell, line, start, key, why, functions = _list(row, 6)
        label = words.place(_number(cell), is_script)
        text = _said(words.fault, label, _number(line), _text(key), _text(why))
        functions = tuple(_list(functions, most=_MOST, each=_text))
        yield CellError(cell, label, text, _text(start), functions)


def _notes(rows, is_script):
    for row in _list(rows, most=MOST_REMARKS):
        yield _said(words.remark, is_script, *_list(row, most=5, each=_detail))


def _said(sentence: Callable[..., str], *details) -> str:
    """The sentence; the inside may have told what there is none for."""
    try:
        return sentence(*details)
    except (LookupError, TypeError, ValueError) as error:
        raise AnswerError(f"no words for {details[1:]}") from error


def _detail(value):
    if type(value) is list:
        numbers = all(type(v) is int for v in value)
        return _list(value, most=_MOST, each=_number if numbers else _text)
    return _number(value) if type(value) is int else _text(value)


def _list(values, length: int | None = None, most: int = _MOST, each=None) -> list:
    if type(values) not in (list, tuple) or len(values) > max(most, length or 0):
        raise AnswerError("something else than a short list")
    if length is not None and len(values) != length:
        raise AnswerError("too few or too many parts")
    return list(values) if each is None else [each(value) for value in values]


def _number(value) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise AnswerError("something else than a number")
    return value


def _text(value, most: int = _LONGEST) -> str:
    if type(value) is not str or len(value) > most:
        raise AnswerError("something else than a short text")
    return value
