"""What the inside of the reading room tells, in words."""

from lnnn.messages import _, ngettext

WHOLE_FILE = 0


def place(number: int, is_script: bool) -> str:
    """A cell, or a line of a script, as people name it."""
    if number == WHOLE_FILE:
        return _("The file")
    return (_("Line {n}") if is_script else _("Cell {n}")).format(n=number)


def problem(file: str, key: str, *details) -> str:
    """Why ``file`` can't be graded. Raises LookupError where the inside told no such thing."""
    first, second = (*details, "", "")[:2]
    # Of these it is said at the end to save the notebook again: no JupyterLab has saved them so.
    not_saved = {
        "empty": _("{file} is empty."),
        "not UTF-8": _("{file} is not a text file in UTF-8, as notebooks are."),
        "nested": _("{file} is nested too deeply to be a notebook."),
        "no object": _(
            "{file} holds JSON, but not a notebook: the outermost value is {kind} where a notebook "
            "has an object."
        ),
        "many cells": _("{file} holds {n} cells; no notebook of this course comes near {most}."),
        "digits": _("{file} holds a number of too many digits to be a notebook."),
        "damaged": _("{file} is damaged (line {line}): {reason}."),
        "packed": _("{file} is a packed or printed file with a notebook's name."),
        "no JSON": _("{file} is not a notebook: notebooks are JSON, and this is not."),
        "no cells": _("{file} is not a notebook: it has no list of cells."),
        "cells are none": _("{file} is damaged: its cells are {kind} where a notebook has a list."),
    }
    whole = {
        "cut off": _(
            "{file} is cut off (line {line}): the upload stopped early. Hand it in again."
        ),
        "web page": _(
            "{file} is a web page, not a notebook. Download the .ipynb file and hand that in."
        ),
        "not text": _("{file} is not a text file. Hand in the Python file itself."),
    }
    kind = _kind(first) if key in ("no object", "cells are none") else ""
    text = whole[key] if key in whole else not_saved[key]
    text = text.format(file=file, n=first, line=first, kind=kind, most=second, reason=second)
    if key in whole:
        return text
    again = _("Open the notebook in JupyterLab, save it, and hand it in again.")
    return f"{text} {again}"


def lost(file: str, reason: str, seconds: float, megabytes: int) -> str:
    """Why the process that read ``file`` ended; ``reason``: see ``jail.SessionEnded``."""
    texts = {
        "timeout": _("{file} could not be read within {seconds:g} s."),
        "memory": _("{file} could not be read with {megabytes} MB of memory."),
    }
    text = texts.get(reason) or _("{file} ended the process that read it.")
    again = _("Keep your answers and short notes in it, clear its outputs, and hand it in again.")
    text = text.format(file=file, seconds=seconds, megabytes=megabytes)
    return f"{text} {again}"


def remark(is_script: bool, key: str, *details) -> str:
    """What is odd about a file. Raises LookupError where the inside told no such thing."""

    def where(number):
        return place(number, is_script)

    if key == "not UTF-8":
        text = _("The file holds bytes that are not UTF-8; they were read as {sign}.")
        return text.format(sign="\ufffd")
    if key == "old format":
        return _(
            "The notebook is in the format of before 2015 (version 3). It was read all the same; "
            "save it once in JupyterLab to bring it up to date."
        )
    first, *rest = details
    if key == "new format":
        text = _("The notebook's format is version {version}, newer than the grader knows.")
        return text.format(version=first)
    if key == "no cell":
        text = _("{place} is {kind} and not a cell; it was left out.")
        return text.format(place=where(first), kind=_kind(*rest))
    if key == "no text":
        return _("{place} has no readable text; it was left out.").format(place=where(first))
    if key == "code in text":
        text = _(
            "{place} holds Python but is not a code cell, so it was not run. Change its type to "
            "Code if it belongs to your answer."
        )
        return text.format(place=where(first))
    if key == "copy":
        text = _("{place} is a copy of {other}; both were run, in order.")
        return text.format(place=where(first), other=where(*rest))
    if key == "commands":
        return _left_out(where(first), *rest)
    if key == "uses course":
        text = _(
            "{function} uses {names} from the course's package, which can't be imported while "
            "grading. Write it with NumPy alone."
        )
        return text.format(function=first, names=", ".join(*rest))
    if key == "defined twice":
        text = _("{function} is defined more than once: {places}. The last definition counts.")
        return text.format(function=first, places=", ".join(map(where, *rest)))
    raise LookupError(key)


def more_remarks(n: int) -> str:
    """That ``n`` more remarks are left out."""
    text = ngettext("There is {n} more note like these.", "There are {n} more notes like these.", n)
    return text.format(n=n)


def fault(label: str, line: int, key: str, why: str) -> str:
    """Why a cell was not run. Raises LookupError where the inside told no such thing."""
    text = {
        "syntax": _("{place} is not valid Python (line {line}): {why}."),
        "value": _("{place} is not valid Python: {why}."),
        "half a character": _(
            "{place} is not valid Python: it holds half of a character. Type the line again."
        ),
        "nested": _("{place} is nested too deeply to be run. Split the expression up."),
        "much code": _(
            "{place} and what follows were not run: the file holds more than {why} kB of code."
        ),
        "many statements": _(
            "{place} and what follows were not run: the file holds more than {why} statements to "
            "run."
        ),
    }[key]
    return text.format(place=label, line=line, why=why)


def _left_out(label: str, commands: list[str], more: int) -> str:
    """The remark on notebook commands that were taken out of a cell."""
    text = _("{place}: {commands} left out. The grader runs Python; it has no notebook commands.")
    if more:
        text = ngettext(
            "{place}: {commands} and {n} more left out. The grader runs Python; it has no "
            "notebook commands.",
            "{place}: {commands} and {n} more left out. The grader runs Python; it has no "
            "notebook commands.",
            more,
        )
    listed = ", ".join(f"`{command}`" for command in commands)
    return text.format(place=label, commands=listed, n=more)


def _kind(key: str) -> str:
    """A kind of value of JSON."""
    return {
        "object": _("an object"),
        "list": _("a list"),
        "text": _("a text"),
        "truth value": _("a truth value"),
        "null": "null",
        "number": _("a number"),
    }[key]
