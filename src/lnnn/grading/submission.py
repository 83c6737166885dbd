"""A submission as the reading room hands it over: what is to be run, and what was odd about it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Statement:
    """A piece of plain Python to run, one statement of a cell.

    ``index`` is the number of the cell it is in, ``label`` names its place for people ("Cell 7",
    "Line 12"), ``line`` is the line it begins in, ``starts`` its first line. ``binds`` are the
    global names that it defines, ``needs`` those that it, or the function it defines, reads.
    """

    index: int
    source: str
    label: str = ""
    starts: str = ""
    line: int = 1
    is_function: bool = False
    binds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellError:
    """Why a cell did not run to its end, in words for the student.

    ``functions`` are those that are written in what was not run.
    """

    index: int
    label: str
    text: str
    starts: str = ""
    functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """One student's file. ``problem`` says why it can't be graded; then there are no statements."""

    name: str
    path: Path
    lab: str
    statements: tuple[Statement, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str | None = None
    digest: str = ""
    errors: tuple[CellError, ...] = ()
