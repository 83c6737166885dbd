"""Read one MyST source into cells with roles, tags and line numbers."""

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from jupytext.myst import MystMetadataParsingError, myst_to_notebook

from lnnn.build.errors import BuildError, at

ROLES = ("imports", "answer", "check", "explore", "quiz", "example", "demo")
MODIFIERS = ("raises-exception",)
DEFAULT_ROLE = "demo"

_CELL_OPTIONS = {"tags", "alt"}
_FRONT_MATTER = {"jupytext", "kernelspec", "lnnn"}
_LNNN_KEYS = {"given", "lang"}
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


@dataclass(frozen=True)
class Cell:
    """One cell of a source. ``line`` is that of its first line, counted from 1."""

    number: int
    line: int
    text: str
    role: str  # one of ROLES, or "text" for Markdown
    modifiers: tuple[str, ...] = ()
    alt: tuple[str, ...] = ()

    @property
    def is_code(self) -> bool:
        """True for a code cell."""
        return self.role != "text"


@dataclass(frozen=True)
class Source:
    """A parsed source file. ``path`` is written as people should read it, from the root.

    ``lang`` is the language of its text, as ``lnnn.messages.use`` takes it.
    """

    path: Path
    kind: str  # "course" or "lab"
    name: str
    cells: tuple[Cell, ...]
    given: tuple[str, ...] = field(default=())
    lang: str = "en"

    @property
    def answers(self) -> list[Cell]:
        """The answer cells, in order."""
        return [cell for cell in self.cells if cell.role == "answer"]

    def where(self, cell: Cell, row: int = 1) -> str:
        """The place of a cell, or of a row in it counted from 1, for an error text."""
        return at(self.path, cell.number, cell.line + row - 1)


def read_source(path: Path, kind: str, shown_as: Path | None = None) -> Source:
    """Read the MyST file ``path``; errors call it ``shown_as``. Raises BuildError."""
    shown = shown_as or path
    text = path.read_text(encoding="utf-8")
    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, ValueError, yaml.YAMLError) as error:
        raise BuildError(
            f"{shown}: not a readable MyST notebook ({error}). Check the front matter and "
            "the options at the top of its code cells."
        ) from error
    given, lang = _front_matter(shown, notebook.metadata)
    lines = text.splitlines()
    cells = []
    for number, (cell, start) in enumerate(
        zip(notebook.cells, notebook.metadata["source_map"], strict=True), 1
    ):
        line = _first_line(lines, start, cell.source)
        if cell.cell_type == "markdown":
            cells.append(Cell(number, line, cell.source, "text"))
        elif cell.cell_type == "code":
            cells.append(_code_cell(at(shown, number, line), number, line, cell))
        else:
            raise BuildError(
                f"{at(shown, number, line)}: raw cells are not part of this course. "
                "Write it as Markdown or as a {code-cell}."
            )
    if not cells or cells[0].is_code or not cells[0].text.startswith("# "):
        raise BuildError(
            f"{shown}: the first cell must be Markdown that begins with the title (`# …`). "
            "Put the head there."
        )
    return Source(shown, kind, path.stem, tuple(cells), given, lang)


def _front_matter(shown: Path, metadata) -> tuple[tuple[str, ...], str]:
    """The list ``given`` and the language of the front matter, checked."""
    # jupytext adds two keys of its own while it parses.
    unknown = set(metadata) - _FRONT_MATTER - {"source_map", "jupyter"}
    if unknown:
        raise BuildError(
            f"{shown}: unknown front matter {_names(unknown)}. Known: {_names(_FRONT_MATTER)}."
        )
    ours = metadata.get("lnnn") or {}
    unknown = set(ours) - _LNNN_KEYS
    if unknown:
        raise BuildError(
            f"{shown}: unknown key {_names(unknown)} under `lnnn:` in the front matter. "
            f"Known: {_names(_LNNN_KEYS)}."
        )
    given = ours.get("given") or []
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise BuildError(
            f"{shown}: `given` in the front matter must be a list of pieces of Python. "
            'Write it as  given: ["z = np.asarray(z)"].'
        )
    lang = ours.get("lang", "en")
    if not isinstance(lang, str) or not _LANGUAGE.fullmatch(lang):
        raise BuildError(
            f"{shown}: `lang` in the front matter must be a language such as es or pt_BR, "
            f"not {lang!r}."
        )
    return tuple(given), lang


def _code_cell(where: str, number: int, line: int, cell) -> Cell:
    unknown = set(cell.metadata) - _CELL_OPTIONS
    if unknown:
        raise BuildError(
            f"{where}: unknown cell option {_names(unknown)}. Known: {_names(_CELL_OPTIONS)}."
        )
    tags = cell.metadata.get("tags") or []
    if isinstance(tags, str):
        tags = [tags]
    for tag in tags:
        if tag == "setup":
            raise BuildError(
                f"{where}: the build writes the set-up cell itself. Remove this cell; "
                "put imports in a cell tagged `imports`."
            )
        if tag not in ROLES + MODIFIERS:
            near = difflib.get_close_matches(tag, ROLES + MODIFIERS, 1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known: {_names(ROLES + MODIFIERS)}."
            raise BuildError(f"{where}: unknown tag `{tag}`. {hint}")
    roles = [tag for tag in tags if tag in ROLES]
    if len(roles) > 1:
        raise BuildError(f"{where}: a cell has one role, not {_names(roles)}. Keep one of them.")
    alt = cell.metadata.get("alt") or []
    alt = [alt] if isinstance(alt, str) else alt
    if not isinstance(alt, list) or not all(isinstance(a, str) and a.strip() for a in alt):
        raise BuildError(
            f"{where}: `alt` must be a sentence, or a list of one sentence for each picture."
        )
    if not cell.source.strip():
        raise BuildError(f"{where}: the code cell is empty. Fill it or remove it.")
    return Cell(
        number,
        line,
        cell.source,
        roles[0] if roles else DEFAULT_ROLE,
        tuple(tag for tag in tags if tag in MODIFIERS),
        tuple(alt),
    )


def _first_line(lines: list[str], start: int, text: str) -> int:
    """Line number of the first line of ``text``, at or after ``start``."""
    body = text.splitlines()
    first = max(start - 1, 0)
    for i in range(first, len(lines)):
        if lines[i : i + len(body)] == body:
            return i + 1
    return first + 1


def _names(names) -> str:
    return ", ".join(f"`{name}`" for name in (names if isinstance(names, tuple) else sorted(names)))
