"""What stops a build."""


class BuildError(Exception):
    """A source or a built file breaks a rule. The text names the place, the rule, the next step."""


def raised(place: str, error) -> BuildError:
    """What to say of an exception that no tag announces. ``error`` has ``ename`` and ``evalue``."""
    return BuildError(
        f"{place}: raised {error.ename}: {error.evalue}. Mend the cell, or tag it "
        "`raises-exception` if that is its point."
    )


def at(path, cell: int, line: int) -> str:
    """A place as people read it: ``source/labs/lab04.md: cell 7 (line 123)``."""
    return f"{path}: cell {cell} (line {line})"
