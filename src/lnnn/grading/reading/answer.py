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
    return None, _said(words.problem, file, *_told(problem, _PROBLEMS))


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
        # Of a script that is too long, as much is run as is allowed, so a line is named.
        place = line if is_script and key == "many statements" else cell
        label = words.place(_number(place), is_script)
        text = _said(words.fault, label, _number(line), _text(key), _text(why))
        functions = tuple(_list(functions, most=_MOST, each=_text))
        yield CellError(_number(cell), label, text, _text(start), functions)


def _notes(rows, is_script):
    for row in _list(rows, most=MOST_REMARKS):
        yield _said(words.remark, is_script, *_told(row, _REMARKS))


# The types of the details to each key; [str] is a list of texts.
_PROBLEMS = {
    **dict.fromkeys(
        ("empty", "not UTF-8", "nested", "digits", "packed", "no JSON", "no cells", "web page"), ()
    ),
    "not text": (),
    "no object": (str,),
    "cells are none": (str,),
    "many cells": (int, int),
    "cut off": (int,),
    "damaged": (int, str),
}
_REMARKS = {
    "not UTF-8": (),
    "old format": (),
    "new format": (str,),
    "no cell": (int, str),
    "no text": (int,),
    "code in text": (int,),
    "copy": (int, int),
    "commands": (int, [str], int),
    "uses course": (str, [str]),
    "defined twice": (str, [int]),
}


def _told(row, known: dict[str, tuple]) -> list:
    """A key with its details, of the types that belong to it."""
    key, *details = _list(row, most=5) or [""]
    types = known.get(_text(key))
    if types is None or len(details) != len(types):
        raise AnswerError("an unknown key")
    for value, kind in zip(details, types, strict=True):
        check = {int: _number, str: _text}.get(kind[0] if type(kind) is list else kind)
        _list(value, each=check) if type(kind) is list else check(value)
    return [key, *details]


def _said(sentence: Callable[..., str], *told) -> str:
    """The sentence; for the kind of a value the inside may have told what there is no word for."""
    try:
        return sentence(*told)
    except LookupError as error:
        raise AnswerError(f"no word for {error}") from None


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
