"""Assemble a notebook from a source: cells, ids, metadata. Nothing is run here."""

import hashlib
import itertools
import re
import unicodedata

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lnnn.build import solutions
from lnnn.build.errors import BuildError
from lnnn.build.source import Cell, Source

VERSION = 1

# The first code cell of every notebook: makes `lnnn` importable, or says what to do.
SETUP = """\
# Set-up. Says nothing when all is well; else it installs the course this notebook is in.
import importlib.util
import pathlib
import sys

if importlib.util.find_spec("lnnn") is None:
    clone = pathlib.Path("..").resolve()
    if sys.version_info < (3, 11):
        raise RuntimeError(f"The course needs Python 3.11 or newer; this kernel runs {sys.version}")
    if not (clone / "pyproject.toml").exists():
        raise ModuleNotFoundError(
            "The package lnnn is not installed in this kernel, and this notebook is not in a copy "
            "of the course. Get the whole course folder, open the notebook from there, and run "
            "this cell again."
        )
    %pip install --quiet -e {clone}
    sys.path.insert(0, str(clone / "src"))  # the running kernel looks here at once
    if importlib.util.find_spec("anywidget") is None:
        raise RuntimeError("The installation failed: read the lines above, then run this again.")"""

# What follows it in a notebook that is not English: it decides, not the environment.
SPEAK = """

from lnnn import messages

messages.use("{lang}")"""

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Without the patch version of the Python that built it, so that it stays the same.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
_MAX_ID = 64
# What a cell is named after: the function it checks, the explorable it shows.
_NAMED_BY = {
    "check": re.compile(r"^\s*check\(\s*([A-Za-z_]\w*)", re.MULTILINE),
    "explore": re.compile(r"^\s*explore\.([a-z]\w*)\(", re.MULTILINE),
}
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$")


def assemble(source: Source, kind: str) -> nbformat.NotebookNode:
    """The notebook of a source, not executed.

    ``kind`` is "course", "lab" (solutions out, stubs or faulty code in) or "solution". The set-up
    cell follows the head. Raises BuildError when a cell breaks a rule.
    """
    ids = _Ids(source)
    cells = []
    for cell in source.cells:
        cells.append(_built_cell(source, cell, kind, ids.next(cell)))
        if len(cells) == 1:
            setup = {"tags": ["setup"], "jupyter": {"source_hidden": True}}
            text = SETUP if source.lang == "en" else SETUP + SPEAK.format(lang=source.lang)
            cells.append(new_code_cell(text, id="setup", metadata=setup))
    notebook = new_notebook(
        cells=cells,
        metadata={
            "kernelspec": _KERNEL,
            "language_info": LANGUAGE,
            "lnnn": {"kind": kind, "name": source.name, "version": VERSION},
        },
    )
    nbformat.validate(notebook)
    return notebook


def role_of(cell) -> str:
    """The role of a cell of a built notebook: its first tag, or "text" for Markdown."""
    return cell.metadata["tags"][0] if cell.cell_type == "code" else "text"


def release_record(source: Source, notebook) -> dict:
    """What a lab ships, for the grader to compare with, and what the grader puts in the place of a
    function on which a later one builds.

    ``{"lab", "cells": [{"id", "role", "sha256"}], "imports", "solutions": {function: code}}``: of
    the student notebook the id, role and hash of every cell; of the source the solved answers.
    """
    return {
        "lab": source.name,
        "cells": [
            {"id": cell.id, "role": role_of(cell), "sha256": cell_hash(cell.source)}
            for cell in notebook.cells
        ],
        "imports": "\n".join(cell.text for cell in source.cells if cell.role == "imports"),
        "solutions": {
            solutions.answer_function(source, cell).name: solutions.solved_version(source, cell)
            for cell in source.answers
        },
    }


def cell_hash(text: str) -> str:
    """SHA-256 of a cell's text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _built_cell(source: Source, cell: Cell, kind: str, cell_id: str):
    if cell.role != "answer":
        solutions.refuse_markers(source, cell)
    if not cell.is_code:
        return new_markdown_cell(cell.text, id=cell_id)
    metadata = {"tags": [cell.role, *cell.modifiers]}
    if cell.alt:
        metadata["alt"] = cell.alt[0] if len(cell.alt) == 1 else list(cell.alt)
    text = cell.text
    if cell.role == "answer":
        if source.kind != "lab":
            raise BuildError(
                f"{source.where(cell)}: only labs have answer cells. Tag it `example` or `demo`."
            )
        metadata["deletable"] = False
        version = solutions.student_version if kind == "lab" else solutions.solved_version
        text = version(source, cell)
    return new_code_cell(text, id=cell_id, metadata=metadata)


class _Ids:
    """Readable ids that depend on the text alone: answer-log-softmax, shift-invariance-2."""

    def __init__(self, source: Source):
        self._source = source
        self._heading = "start"
        self._used = {"setup"}

    def next(self, cell: Cell) -> str:
        wanted = self._wanted(cell)
        if cell.role == "answer" and wanted in self._used:
            raise BuildError(
                f"{self._source.where(cell)}: a second answer cell for the same function. "
                "Each function has one answer cell."
            )
        numbered = (f"{wanted}-{number}" for number in itertools.count(2))
        names = itertools.chain([wanted], numbered)
        unique = next(name for name in names if name not in self._used)
        self._used.add(unique)
        return unique

    def _wanted(self, cell: Cell) -> str:
        if cell.role == "text":
            for line in cell.text.splitlines():
                if match := _HEADING.match(line):
                    self._heading = slug(match[1])
                    break
            return self._heading
        if cell.role == "answer":
            function = solutions.answer_function(self._source, cell)
            return f"answer-{slug(function.name)}"
        if cell.role in _NAMED_BY and (match := _NAMED_BY[cell.role].search(cell.text)):
            return f"{cell.role}-{slug(match[1])}"
        if cell.role == "imports":
            return "imports"
        return f"{self._heading[: _MAX_ID - 20]}-{cell.role}"


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens; short enough for a cell id with a counter."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower().replace("_", "-")).strip("-")
    return words[: _MAX_ID - 12].strip("-") or "cell"
