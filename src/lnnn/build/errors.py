"""What stops a build."""


class BuildError(Exception):
    """A source or a built file breaks a rule. The text names the place, the rule, the next step."""


def at(path, cell: int | None = None, line: int | None = None) -> str:
    """A place as people read it: ``source/labs/lab04.md: cell 7 (line 123)``."""
    place = str(path)
    if cell is not None:
        place += f": cell {cell}"
    if line is not None:
        place += f" (line {line})" if cell is not None else f": line {line}"
    return place
