"""What the inside of the reading room tells."""

from dataclasses import dataclass


class UnreadableFile(Exception):
    """The file can't be graded: the key of the reason, and details to it."""


@dataclass(frozen=True)
class RawCell:
    """A code cell as the file holds it.

    ``number`` names it: its place among a notebook's cells, in a script the line where it begins,
    and 0 for a whole script. ``first`` is the number of its text's first line.
    """

    number: int
    first: int
    cell_id: str | None
    text: str


def short(text: str, limit: int = 60) -> str:
    """``text`` on one line, as it can be printed anywhere."""
    text = "".join(c if c.isprintable() else " " for c in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"
