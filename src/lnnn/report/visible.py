"""Text that students chose, for whatever shows it: a page, a table, a terminal."""

import re
import unicodedata

# All of ASCII that is printed, and line ends; what else may be shown is looked up.
_TO_LOOK_UP = re.compile(r"[^\x20-\x7e\n]")


def visible(text: str) -> str:
    """``text`` with � for every character that is not seen, or that turns the text around it.

    Those are controls, marks of direction, separators of lines and paragraphs, halves of pairs and
    code points without a meaning. Line ends stay. Linear in the length of the text.
    """
    return _TO_LOOK_UP.sub(_seen, text)


def _seen(match: re.Match) -> str:
    character = match[0]
    is_seen = character.isprintable() or unicodedata.category(character) == "Zs"
    return character if is_seen else "\ufffd"
