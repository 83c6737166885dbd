"""A language that nobody speaks, and what tells whether everything was said in it.

A message comes back between ⟦ and ⟧ with every letter accented, except what no translator touches:
{places}, `code` and <tags>. So a letter outside of ⟦…⟧ belongs to no message; a word without
accents, inside or outside, has not come through the catalogue; and what stands right beside a ⟦…⟧
is glued to it.
"""

import gettext
import re

from bs4 import BeautifulSoup

_ACCENTED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀćđéƒǵħíĵķĺḿńóṕɋŕśťúṽẃẍýžÁɃĆĐÉƑǴĦÍĴĶĹḾŃÓṔɊŔŚŤÚṼẂẌÝŽ",
)
_CODE = r"`[^`\n]*`|<code>.*?</code>"
# What is the same in every language: names of files, numbers, types, and what Python, NumPy and the
# system say themselves.
_OF_ALL = (
    r"\b[\w.-]+\.(?:ipynb|py|jsonl|csv|png|zip|html|json)\b",
    r"\b\d[\d.]*e[+-]?\d+",
    r"\b(?:nan|NaN|inf)\b",
    r"\bfloat(?:32|64)\b",
    r"\b[A-Z]\w+Error(?:: [^⟦⟧\n]*[^⟦⟧.\n])?",
    r"\b(?:overflow|invalid value|divide by zero) encountered in \w+",
    r"\blab\d\d(?:_\w+)?\b",
)
_PLACE = r"\{\w+(?:!\w)?(?::[^{}]*)?\}"
_LEFT_ALONE = re.compile(rf"({_PLACE}|{_CODE}|</?\w+>)", re.DOTALL)


class Pseudo(gettext.NullTranslations):
    """The language. ``asked`` holds every message that was asked for, plural forms apart."""

    def __init__(self):
        super().__init__()
        self.asked: set[str] = set()

    def gettext(self, message):
        self.asked.add(message)
        return said(message)

    def ngettext(self, one, many, n):
        self.asked |= {one, many}
        return said(one if n == 1 else many)


def said(message: str) -> str:
    """A message in the language."""
    parts = _LEFT_ALONE.split(message)
    parts[::2] = [part.translate(_ACCENTED) for part in parts[::2]]
    return f"⟦{''.join(parts)}⟧"


def _messages_as(text: str, sign) -> str:
    """``text`` with ``sign(message)`` in the place of each message that lies in no other."""
    pieces, depth, message = [], 0, ""
    for piece in re.split("([⟦⟧])", text):
        depth += piece == "⟦"
        message += piece if depth else ""
        pieces += [] if depth else [piece]
        depth -= piece == "⟧"
        if depth < 0:
            raise ValueError(f"⟧ closes nothing in: {text}")
        if depth == 0 and message:
            pieces.append(sign(message))
            message = ""
    if depth:
        raise ValueError(f"⟦ is never closed in: {text}")
    return "".join(pieces)


def outside(text: str, own: tuple[str, ...] = ()) -> list[str]:
    """The words of ``text`` that stand in no message, but for code and what ``own`` matches."""
    rest = _messages_as(re.sub(_CODE, " ", text), lambda message: " ")
    words = re.findall(r"[^\W_]+", _without(rest, own))
    return [word for word in words if any(map(str.isalpha, word))]


def unaccented(text: str, own: tuple[str, ...] = ()) -> list[str]:
    """The words of ``text`` without accents, in a message or not, but for code and ``own``.

    Those in a message have come in by a place: English that was put together elsewhere.
    """
    return re.findall(r"[A-Za-z]+", _without(re.sub(_CODE, " ", text), own))


def _without(text: str, own: tuple[str, ...]) -> str:
    for pattern in own:
        text = re.sub(pattern, " ", text)
    return text


_ENDED, _OPEN = "\x01", "\x02"
_GLUED = re.compile(
    rf"{_OPEN}[ -]?[{_ENDED}{_OPEN}]"  # a sentence in two messages
    rf"|{_OPEN}[ -]?\w|\w[ -]?[{_ENDED}{_OPEN}]"  # a word or a number in front or behind
    rf"|[{_ENDED}{_OPEN}] ?[.,;]"  # its full stop
)


def glued(line: str) -> bool:
    """True where a message of ``line`` is only a part of a sentence.

    Columns stand two spaces apart, and other things have a sign between them: neither is glue.
    """

    def sign(message):
        return _ENDED if message.rstrip("⟧")[-1:] in set(".:?!…") else _OPEN

    return bool(_GLUED.search(_messages_as(line, sign)))


_INLINE = ["a", "b", "em", "i", "sub", "sup"]
_SPOKEN = ("aria-label", "title", "alt", "placeholder")


def lines_of_html(html: str) -> list[str]:
    """The lines of a page, as a reader or a screen reader gets them; code is "` `"."""
    page = BeautifulSoup(html, "html.parser")
    for silent in page(["style", "script"]):
        silent.decompose()
    for code in page(["code", "pre"]):
        code.replace_with("` `")
    for inline in page(_INLINE):
        inline.unwrap()
    page.smooth()
    lines = [tag[name] for tag in page(True) for name in _SPOKEN if name in tag.attrs]
    return [" ".join(line.split()) for line in (*lines, *page.strings) if line.strip()]


def faults(lines: list[str], own: tuple[str, ...] = ()) -> list[str]:
    """What of ``lines`` was not said whole and in the language, with the words at fault."""
    text = "\n".join(lines)
    found = [f"in no message: {word}" for word in outside(text, own)]
    found += [f"not from the catalogue: {word}" for word in unaccented(text, own)]
    return found + [f"glued: {line}" for line in lines if glued(line)]


def assert_said(lines: list[str], own: tuple[str, ...] = ()) -> None:
    """Fail unless ``lines`` are said in the language, whole, but for what ``own`` matches."""
    assert any("⟦" in line for line in lines), f"nothing was said: {lines}"
    found = faults(lines, (*own, *_OF_ALL))
    assert not found, "\n".join(found)
