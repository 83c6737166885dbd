"""Read a submitted file into cells: .ipynb of any vintage, or .py.

Whatever is wrong with the file comes out as ``UnreadableError``, whose text names the file, the
rule and the next step. What is only odd comes out as a note.
"""

import errno
import hashlib
import itertools
import json
import os
import re
import stat
import tokenize
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from lnnn.messages import _

MAX_BYTES = 50_000_000
MAX_CELLS = 10_000
SUFFIXES = (".ipynb", ".py")

# What a coding line may ask for; Python knows stranger ones, some of them slow on purpose.
_ENCODINGS = {"utf-8", "utf-8-sig", "ascii", "iso-8859-1", "iso-8859-15", "cp1252", "utf-16"}
_CELL_MARK = re.compile(r"# *(?:%%|In ?\[[ \d]*\]:?|<codecell>)(?!%)")
_LOOKS_LIKE_CODE = re.compile(r"\s*(?:def|import|from|class|@\w+)\s*\w")


class UnreadableError(Exception):
    """The file can't be graded. The text is for the student."""


@dataclass(frozen=True)
class RawCell:
    """A code cell as the file holds it. ``label`` names it for people: "Cell 7", "Line 12"."""

    index: int
    label: str
    cell_id: str | None
    text: str


@dataclass(frozen=True)
class SourceFile:
    """A file's code cells, what its metadata says of the lab, and notes on what was odd."""

    cells: tuple[RawCell, ...]
    notes: tuple[str, ...]
    claims: str | None  # the metadata's name of the lab
    digest: str


def display_name(path: Path) -> str:
    """A file's name as text that can be printed and written anywhere."""
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def read_source_file(path: Path) -> SourceFile:
    """Read ``path``. Raises UnreadableError."""
    name = display_name(path)
    data = _read_bytes(path, name)
    digest = hashlib.sha256(data).hexdigest()
    if not data.strip():
        raise _not_saved(_("{file} is empty.").format(file=name))
    if path.suffix.lower() == ".py":
        cells, notes = _script(data, name)
        return SourceFile(cells, notes, None, digest)
    cells, notes, claims = _notebook(data, name)
    return SourceFile(cells, notes, claims, digest)


def _read_bytes(path: Path, name: str) -> bytes:
    """The bytes of a regular file of bearable size."""
    if path.suffix.lower() not in SUFFIXES:
        text = _(
            "{file} is neither a notebook (.ipynb) nor a Python file (.py). Hand in one of those."
        )
        raise UnreadableError(text.format(file=name))
    try:
        kind = os.lstat(path).st_mode
        if stat.S_ISLNK(kind):
            text = _("{file} is a symbolic link, not a file. Hand in the file itself.")
            raise UnreadableError(text.format(file=name))
        if stat.S_ISDIR(kind):
            text = _("{file} is a folder, not a file. Hand in the file itself.")
            raise UnreadableError(text.format(file=name))
        if not stat.S_ISREG(kind):
            text = _("{file} is not an ordinary file. Hand in a file.")
            raise UnreadableError(text.format(file=name))
        # Between the look above and here the file may have been swapped: never wait, never follow.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except PermissionError:
        text = _(
            "{file} can't be opened: its permissions don't allow reading it. Make the file "
            "readable and grade it again."
        )
        raise UnreadableError(text.format(file=name)) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        text = _("{file} can't be read: {reason}. Hand it in again.")
        if error.errno == errno.ENOENT:
            text = _("{file} can't be read: {reason}. It has been moved away.")
        raise UnreadableError(text.format(file=name, reason=reason)) from None
    if len(data) > MAX_BYTES:
        text = _(
            "{file} is larger than {most} MB. Clear its outputs (in JupyterLab: Edit, Clear "
            "Outputs of All Cells), save it, and hand it in again."
        )
        raise UnreadableError(text.format(file=name, most=MAX_BYTES // 1_000_000))
    return data


def _not_saved(text: str) -> UnreadableError:
    """The error for what no JupyterLab has saved: what is wrong, and to save it again."""
    again = _("Open the notebook in JupyterLab, save it, and hand it in again.")
    return UnreadableError(f"{text} {again}")


# ------------------------------------------------------------------------------------ notebooks


def _notebook(data: bytes, name: str):
    text, notes = _decode_json(data, name)
    try:
        document = json.loads(text)
    except RecursionError:
        why = _("{file} is nested too deeply to be a notebook.").format(file=name)
        raise _not_saved(why) from None
    except ValueError as error:
        raise _not_json(text, name, error) from None
    if not isinstance(document, dict):
        why = _(
            "{file} holds JSON, but not a notebook: the outermost value is {kind} where a notebook "
            "has an object."
        )
        raise _not_saved(why.format(file=name, kind=_json_kind(document)))
    listed = _list_of_cells(document, name, notes)
    if len(listed) > MAX_CELLS:
        why = _("{file} holds {n} cells; no notebook of this course comes near {most}.")
        raise _not_saved(why.format(file=name, n=len(listed), most=MAX_CELLS))
    cells = []
    for index, cell in enumerate(listed, 1):
        raw = _code_cell(cell, index, notes)
        if raw is not None:
            cells.append(raw)
    _note_ids(cells, notes)
    return tuple(cells), tuple(notes), _claimed_lab(document)


def _decode_json(data: bytes, name: str) -> tuple[str, list[str]]:
    """The text of a JSON file, in whichever Unicode encoding an editor chose."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError:
        if encoding != "utf-8":
            why = _("{file} is not a text file in UTF-8, as notebooks are.")
            raise _not_saved(why.format(file=name)) from None
    return data.decode("utf-8", "replace"), [_not_utf8()]


def _not_utf8() -> str:
    text = _("The file holds bytes that are not UTF-8; they were read as {sign}.")
    return text.format(sign="\ufffd")


def _not_json(text: str, name: str, error: ValueError) -> UnreadableError:
    start = text.lstrip("\ufeff \t\r\n")
    if not isinstance(error, json.JSONDecodeError):
        why = _("{file} holds a number of too many digits to be a notebook.")
        return _not_saved(why.format(file=name))
    if start.startswith(("{", "[")):
        if not text[error.pos :].strip() or error.msg.startswith("Unterminated"):
            why = _("{file} is cut off (line {line}): the upload stopped early. Hand it in again.")
            return UnreadableError(why.format(file=name, line=error.lineno))
        why = _("{file} is damaged (line {line}): {reason}.")
        return _not_saved(why.format(file=name, line=error.lineno, reason=error.msg))
    if start[:15].lower().startswith(("<!doctype", "<html")):
        why = _("{file} is a web page, not a notebook. Download the .ipynb file and hand that in.")
        return UnreadableError(why.format(file=name))
    if start.startswith(("PK\x03\x04", "%PDF", "\x1f\ufffd")):
        why = _("{file} is a packed or printed file with a notebook's name.")
        return _not_saved(why.format(file=name))
    why = _("{file} is not a notebook: notebooks are JSON, and this is not.")
    return _not_saved(why.format(file=name))


def _list_of_cells(document: dict, name: str, notes: list[str]) -> list:
    cells = document.get("cells")
    version = document.get("nbformat")
    if cells is None and isinstance(document.get("worksheets"), list):
        sheets = [s for s in document["worksheets"] if isinstance(s, dict)]
        lists = [s["cells"] for s in sheets if isinstance(s.get("cells"), list)]
        cells = [cell for part in lists for cell in part]
        notes.append(
            _(
                "The notebook is in the format of before 2015 (version 3). It was read all the "
                "same; save it once in JupyterLab to bring it up to date."
            )
        )
    elif isinstance(version, int) and version > 4:
        text = _("The notebook's format is version {version}, newer than the grader knows.")
        notes.append(text.format(version=version))
    if cells is None:
        why = _("{file} is not a notebook: it has no list of cells.")
        raise _not_saved(why.format(file=name))
    if not isinstance(cells, list):
        why = _("{file} is damaged: its cells are {kind} where a notebook has a list.")
        raise _not_saved(why.format(file=name, kind=_json_kind(cells)))
    return cells


def _code_cell(cell, index: int, notes: list[str]) -> RawCell | None:
    """The code cell, or None for any other kind and for what is no cell; says so in ``notes``."""
    label = _("Cell {n}").format(n=index)
    if not isinstance(cell, dict):
        text = _("{place} is {kind} and not a cell; it was left out.")
        notes.append(text.format(place=label, kind=_json_kind(cell)))
        return None
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        # Some writers leave the line ends out of the list.
        ends = all(line.endswith("\n") for line in source[:-1])
        source = ("" if ends else "\n").join(source)
    kind = cell.get("cell_type")
    if kind is None and ("outputs" in cell or "execution_count" in cell):
        kind = "code"
    if not isinstance(source, str):
        if kind == "code":
            text = _("{place} has no readable text; it was left out.")
            notes.append(text.format(place=label))
        return None
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if kind == "code":
        cell_id = cell.get("id")
        return RawCell(index, label, cell_id if isinstance(cell_id, str) else None, source)
    if _LOOKS_LIKE_CODE.match(source):
        text = _(
            "{place} holds Python but is not a code cell, so it was not run. Change its type to "
            "Code if it belongs to your answer."
        )
        notes.append(text.format(place=label))
    return None


def _note_ids(cells: list[RawCell], notes: list[str]) -> None:
    seen: dict[str, str] = {}
    for cell in cells:
        if cell.cell_id is not None and cell.cell_id in seen:
            text = _("{place} is a copy of {other}; both were run, in order.")
            notes.append(text.format(place=cell.label, other=seen[cell.cell_id]))
        elif cell.cell_id is not None:
            seen[cell.cell_id] = cell.label


def _claimed_lab(document: dict) -> str | None:
    metadata = document.get("metadata")
    ours = metadata.get("lnnn") if isinstance(metadata, dict) else None
    name = ours.get("name") if isinstance(ours, dict) else None
    return name if isinstance(name, str) and name.strip() else None


def _json_kind(value) -> str:
    kinds = {
        dict: _("an object"),
        list: _("a list"),
        str: _("a text"),
        bool: _("a truth value"),
        type(None): "null",
    }
    return kinds.get(type(value)) or _("a number")


# -------------------------------------------------------------------------------------- scripts


def _script(data: bytes, name: str):
    """The cells of a Python file: from mark to mark, else statement by statement."""
    text, notes = _decode_script(data, name)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _CELL_MARK.match(line)]
    if not starts:
        return (RawCell(1, _("The file"), None, text),), notes
    bounds = [0, *starts, len(lines)]
    cells = []
    for index, (start, stop) in enumerate(itertools.pairwise(bounds)):
        if start in starts and "[markdown]" in lines[start]:
            continue
        body = lines[start + (start in starts) : stop]
        if any(line.strip() for line in body):
            first = stop - len(body)
            label = _("Line {n}").format(n=first + 1)
            cells.append(RawCell(index, label, None, "\n" * first + "\n".join(body)))
    return tuple(cells), notes


def _decode_script(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = marks.get(data[:2])
    try:
        encoding = encoding or tokenize.detect_encoding(BytesIO(data).readline)[0]
        text = data.decode(encoding if encoding in _ENCODINGS else "utf-8")
    except (SyntaxError, UnicodeDecodeError):
        text = data.decode("utf-8", "replace")
        if text.count("\ufffd") > len(text) / 20 or "\x00" in text:
            raise _not_text(name) from None
        return text, (_not_utf8(),)
    if "\x00" in text:
        raise _not_text(name)
    return text, ()


def _not_text(name: str) -> UnreadableError:
    text = _("{file} is not a text file. Hand in the Python file itself.")
    return UnreadableError(text.format(file=name))
