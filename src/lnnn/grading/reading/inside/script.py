"""The cells of a Python file: from mark to mark, where an export left marks."""

import itertools
import re

from .facts import RawCell

_MARK = re.compile(r"# *+(?:%%|In ?\[[ \d]*+\]:?|<codecell>)(?!%)")


def cells(text: str) -> list[RawCell]:
    """The cells of a script; a script without marks is one cell, number 0."""
    lines = text.split("\n")
    marks = [i for i, line in enumerate(lines) if _MARK.match(line)]
    if not marks:
        return [RawCell(0, 1, None, text)]
    bounds = [(0, marks[0])] if marks[0] else []
    for mark, stop in itertools.pairwise([*marks, len(lines)]):
        if "[markdown]" not in lines[mark]:
            bounds.append((mark + 1, stop))
    found = []
    for start, stop in bounds:
        body = "\n".join(lines[start:stop])
        if body.strip():
            found.append(RawCell(start + 1, start + 1, None, body))
    return found
