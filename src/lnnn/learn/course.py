"""What the pages say of themselves: their heads, the symbols and the words they bring in.

Page 00 shows them as a map, a symbol table and a glossary::

    from lnnn.learn import course

    course.pages()     # a table of the pages with their minutes
    course.symbols()   # every symbol, with the page that explains it
    course.glossary()  # every word, in the order of the alphabet

``concept_map.draw(course.read())`` draws which page builds on which.

What a line is shows in its place and its form, not in the words of its heading, so that pages in
any language are read: the three bullets under the title are the level, the minutes and what the
page builds on; in its last part a row that begins with a formula is a symbol, and a bullet that
begins with bold letters and a colon is a word.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from lnnn.messages import _

from .errors import LearnError

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*?$", re.M | re.S)
_TITLE = re.compile(r"^# (\d\d) · (.+?)\s*$((?:\s*^- .*$)*)", re.M)  # with the list below it
_FIELD = re.compile(r"^- \*\*[^*]+:\*\*\s*(.+?)\s*$", re.M)
_LINK = re.compile(r"\((\d\d)_\w+\.ipynb\)")
_ROW = re.compile(r"^\|\s*(\$.+?\$)\s*\|\s*(.+?)\s*\|\s*(.*?)\s*\|\s*$", re.M)
_WORD = re.compile(r"^- \*\*(.+?)\*\*(:.+?)\s*$", re.M)


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

    def _repr_mimebundle_(self, **_options) -> dict[str, str]:
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
            _(
                "there are no pages of the course in {folder!r}. Open the notebook from the folder "
                "course/, beside the other pages."
            ).format(folder=folder.resolve().name)
        )
    return tuple(parse(name, text) for name, text in texts.items())


def parse(name: str, text: str) -> Page:
    """The page ``name`` from the Markdown of its cells. Raises LearnError for a missing field."""
    text = _FENCED.sub("", text)
    title = _TITLE.search(text)
    if title is None:
        raise LearnError(_("{page}: no title. The first line is `# NN · Title`.").format(page=name))
    fields = _FIELD.findall(title[3])
    minutes = re.match(r"\d+", fields[1]) if len(fields) == 3 else None
    if minutes is None:
        text = _(
            "{page}: the head needs three lines `- **Name:** …` below the title, for the level, "
            "the minutes and what the page builds on, in this order."
        )
        raise LearnError(text.format(page=name))
    last_part = text.rpartition("\n## ")[2]
    return Page(
        name=name,
        number=title[1],
        title=title[2],
        level=fields[0],
        minutes=int(minutes[0]),
        builds_on=tuple(_LINK.findall(fields[2])),
        symbols=tuple(_ROW.findall(last_part)),
        words=tuple(_WORD.findall(last_part)),
    )


def pages(folder: Path | str = ".") -> Table:
    """The pages as a table: what each builds on, its level, its minutes."""
    rows, known = [], read(folder)
    link = {page.number: page.link for page in known}
    for page in known:
        earlier = ", ".join(link.get(number, number) for number in page.builds_on)
        title = f"[{page.number} · {page.title}]({page.name}.ipynb)"
        rows.append((title, page.level, page.minutes, earlier))
    return _table((_("page"), _("level"), _("minutes"), _("builds on")), rows)


def symbols(folder: Path | str = ".") -> Table:
    """Every symbol of the course in the order of the pages, with the page that explains it."""
    rows = [(*symbol, page.link) for page in read(folder) for symbol in page.symbols]
    return _table((_("symbol"), _("meaning"), _("unit"), _("page")), rows)


def glossary(folder: Path | str = ".") -> Table:
    """Every word that the pages explain, in the order of the alphabet, with its page."""
    entries = [(word, rest, page.link) for page in read(folder) for word, rest in page.words]
    entries.sort(key=lambda entry: entry[0].lower())
    return Table("\n".join(f"- **{word}**{rest} ({link})" for word, rest, link in entries))


def _table(heads, rows) -> Table:
    rule = "|" + "---|" * len(heads)
    head, *body = (f"| {' | '.join(map(str, row))} |" for row in (heads, *rows))
    return Table("\n".join([head, rule, *body]))


def _text_of_notebook(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
