"""Take notebook commands (magics, shell escapes, help requests) out of a cell that is not Python.

Line numbers stay as they are. Only lines where a Python statement could begin are looked at, so the
text of a string over many lines, or the second line of ``(a\\n % b)``, is never touched.
"""

import re

# Cell magics whose body is Python that runs in the notebook's own namespace.
_PYTHON_BODY = frozenset({"time", "timeit", "capture", "prun", "python3", "python", "debug"})

# Possessive quantifiers (++) never give back what they took: each line is read once.
_CELL_MAGIC = re.compile(r"\s*+%%(\w*+)")
_COMMAND = re.compile(r"(?P<indent>\s*+)(?:%{1,2}[A-Za-z_!]|!|\?{1,2}[\w%])")
_HELP = re.compile(r"(?P<indent>\s*+)[%\w.*]++(?:\[[^\]]*+\])?+\?{1,2}")
_ASSIGNED = re.compile(r"(?P<before>\s*+[A-Za-z_][\w.,\s\[\]'\"]*+=)\s*+(?:!|%[A-Za-z_])")
_LEXICAL = re.compile(r"\\.|\"\"\"|'''|[\"'#\[\](){}]", re.DOTALL)


def without_magics(source: str) -> tuple[str, list[str]]:
    """``source`` without notebook commands, and the commands.

    A cell in another language (``%%bash``) comes back empty. A command is replaced by ``pass``, one
    whose result is assigned by ``None``.
    """
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return source, []
    taken = []
    if match := _CELL_MAGIC.match(lines[first]):
        taken.append(lines[first].strip())
        if match[1] not in _PYTHON_BODY:
            return "", taken
        lines[first] = ""
    _take_lines(lines, taken)
    return "\n".join(lines), taken


def _take_lines(lines: list[str], taken: list[str]) -> None:
    """Replace the commands in ``lines`` and add them to ``taken``."""
    position = _Position()
    i = 0
    while i < len(lines):
        replacement = _replacement(lines[i]) if position.at_statement else None
        if replacement is None:
            position.pass_line(lines[i])
            i += 1
            continue
        taken.append(lines[i].strip())
        while lines[i].endswith("\\") and i + 1 < len(lines):
            lines[i], replacement = replacement, ""
            i += 1
        lines[i] = replacement
        i += 1


def _replacement(line: str) -> str | None:
    """Python to stand where ``line`` stood, or None when the line is no notebook command."""
    asked = line.rstrip().removesuffix(";").rstrip()
    if match := _COMMAND.match(line) or _HELP.fullmatch(asked):
        return f"{match['indent']}pass"
    if match := _ASSIGNED.match(line):
        return f"{match['before']} None"
    return None


class _Position:
    """Where in Python's grammar a line begins: in a string, in brackets, or at a statement."""

    def __init__(self):
        self._quote = ""
        self._depth = 0
        self._continued = False

    @property
    def at_statement(self) -> bool:
        return not self._quote and self._depth == 0 and not self._continued

    def pass_line(self, line: str) -> None:
        for match in _LEXICAL.finditer(line):
            token = match[0]
            if self._quote:
                # In a '…' string, ''' is one closing quote and an empty string after it.
                if token == self._quote or (len(self._quote) == 1 and token == self._quote * 3):
                    self._quote = ""
            elif token == "#":
                break
            elif token[0] in "\"'":
                self._quote = token
            elif token in "([{":
                self._depth += 1
            elif token in ")]}":
                self._depth = max(self._depth - 1, 0)
        if len(self._quote) == 1:
            self._quote = self._quote if line.endswith("\\") else ""
        self._continued = line.endswith("\\")
