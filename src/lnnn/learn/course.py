"""What the pages say of themselves: their heads, the symbols and the words they bring in.

Page 00 shows them as a map, a symbol table and a glossary::

    from lnnn.learn import course

    course.pages()     # a table of the pages with their minutes
    course.symbols()   # every symbol, with the page that explains it
    course.glossary()  # every word, in the order of the alphabet

``concept_map.draw(course.read())`` draws which page builds on which.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import LearnError

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*?$", re.M | re.S)
_TITLE = re.compile(r"^# (\d\d) · (.+?)\s*$", re.M)
_FIELD = r"^- \*\*{}:\*\*\s*(.+?)\s*$"
_LINK = re.compile(r"\((\d\d)_\w+\.ipynb\)")
_ROW = re.compile(r"^\|\s*(\$.+?\$)\s*\|\s*(.+?)\s*\|\s*(.*?)\s*\|\s*$", re.M)
_WORD = re.compile(r"^- \*\*(.+?)\*\*(.+?)\s*$", re.M)
_END_OF_LIST = re.compile(r"^\*\*[A-Z]|^## ", re.M)


@dataclass(frozen=True)
class Page:
    """One page of the course. ``builds_on`` holds the numbers of earlier pages, such as "03".

    ``symbols`` are (symbol, meaning, unit) and ``words`` (word, the rest of its line): only those
    that are new on this page.
    """

    name: str
    number: str
    title: str
    level: str
    minutes: int
    builds_on: tuple[str, ...]
    symbols: tuple[tuple[str, str, str], ...]
    words: tuple[tuple[str, str], ...]

    @property
    def link(self) -> str:
        """The page as a Markdown link with its number."""
        return f"[{self.number}]({self.name}.ipynb)"


@dataclass(frozen=True)
class Table:
    """A Markdown table or list that a notebook renders. ``str()`` gives the Markdown."""

    markdown: str

    def _repr_mimebundle_(self, **_) -> dict[str, str]:
        return {"text/markdown": self.markdown, "text/plain": self.markdown}

    def __str__(self) -> str:
        return self.markdown


def read(folder: Path | str = ".") -> tuple[Page, ...]:
    """The pages whose notebooks stand in ``folder``, in order.

    In a checkout the sources are read in their place, for they are never older than what is built
    from them. Raises LearnError when there are no pages, or when a head lacks a field.
    """
    folder = Path(folder)
    sources = sorted((folder / "../source/course").glob("[0-9][0-9]_*.md"))
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sources}
    if not texts:
        notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
        texts = {path.stem: _text_of_notebook(path) for path in notebooks}
    if not texts:
        raise LearnError(
            f"there are no pages of the course in {folder.name or 'this folder'!r}. Open the "
            "notebook from the folder course/, beside the other pages."
        )
    return tuple(parse(name, text) for name, text in texts.items())


def parse(name: str, text: str) -> Page:
    """The page ``name`` from the Markdown of its cells. Raises LearnError for a missing field."""
    text = _FENCED.sub("", text)
    title = _TITLE.search(text)
    if title is None:
        raise LearnError(f"{name}: no title. The first line is `# NN · Title`.")
    builds_on = _field(name, text, "Builds on")
    return Page(
        name=name,
        number=title[1],
        title=title[2],
        level=_field(name, text, "Level"),
        minutes=int(re.match(r"\d+", _field(name, text, "Minutes"))[0]),
        builds_on=tuple(_LINK.findall(builds_on)),
        symbols=tuple(_ROW.findall(_part(text, "New symbols"))),
        words=tuple(_WORD.findall(_part(text, "New words"))),
    )


def pages(folder: Path | str = ".") -> Table:
    """The pages as a table: what each builds on, its level, its minutes."""
    rows = ["| page | level | minutes | builds on |", "|---|---|---|---|"]
    known = read(folder)
    link = {page.number: page.link for page in known}
    for page in known:
        earlier = ", ".join(link.get(number, number) for number in page.builds_on)
        title = f"[{page.number} · {page.title}]({page.name}.ipynb)"
        rows.append(f"| {title} | {page.level} | {page.minutes} | {earlier} |")
    return Table("\n".join(rows))


def symbols(folder: Path | str = ".") -> Table:
    """Every symbol of the course in the order of the pages, with the page that explains it."""
    rows = ["| symbol | meaning | unit | page |", "|---|---|---|---|"]
    for page in read(folder):
        for symbol, meaning, unit in page.symbols:
            rows.append(f"| {symbol} | {meaning} | {unit} | {page.link} |")
    return Table("\n".join(rows))


def glossary(folder: Path | str = ".") -> Table:
    """Every word that the pages explain, in the order of the alphabet, with its page."""
    entries = [(word, rest, page.link) for page in read(folder) for word, rest in page.words]
    entries.sort(key=lambda entry: entry[0].lower())
    return Table("\n".join(f"- **{word}**{rest} ({link})" for word, rest, link in entries))


def _text_of_notebook(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def _field(name: str, text: str, field: str) -> str:
    found = re.search(_FIELD.format(field), text, re.M)
    if found is None:
        raise LearnError(f"{name}: the head lacks `- **{field}:**`.")
    return found[1]


def _part(text: str, heading: str) -> str:
    """What stands under ``**heading**``, up to the next bold heading."""
    after = text.partition(f"\n**{heading}**\n")[2]
    end = _END_OF_LIST.search(after)
    return after[: end.start()] if end else after
