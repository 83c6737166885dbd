"""The code cells of a notebook of any vintage, and what its metadata says of the lab."""

import json
import re

from .facts import RawCell, UnreadableFile, short

MAX_CELLS = 10_000

_LOOKS_LIKE_CODE = re.compile(r"\s*+(?:def|import|from|class|@\w+)\s*+\w")
_KINDS = {dict: "object", list: "list", str: "text", bool: "truth value", type(None): "null"}


def cells(text: str, remarks: list) -> tuple[str | None, list[RawCell]]:
    """The lab that the notebook claims to be, and its code cells.

    Adds to ``remarks`` what is odd. Raises UnreadableFile.
    """
    document = _document(text)
    listed = _list_of_cells(document, remarks)
    if len(listed) > MAX_CELLS:
        raise UnreadableFile("many cells", len(listed), MAX_CELLS)
    found = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(listed, 1):
        raw = _code_cell(cell, number, remarks)
        if raw is not None:
            found.append(raw)
    for raw in found:
        if raw.cell_id is not None and seen.setdefault(raw.cell_id, raw.number) != raw.number:
            remarks.append(["copy", raw.number, seen[raw.cell_id]])
    return _claimed_lab(document), found


def _document(text: str) -> dict:
    try:
        document = json.loads(text)
    except RecursionError:
        raise UnreadableFile("nested") from None
    except ValueError as error:
        raise _not_json(text, error) from None
    if not isinstance(document, dict):
        raise UnreadableFile("no object", _kind(document))
    return document


def _not_json(text: str, error: ValueError) -> UnreadableFile:
    if not isinstance(error, json.JSONDecodeError):
        return UnreadableFile("digits")
    start = text.lstrip("\ufeff \t\r\n")[:15]
    if start.startswith(("{", "[")):
        if not text[error.pos :].strip() or error.msg.startswith("Unterminated"):
            return UnreadableFile("cut off", error.lineno)
        return UnreadableFile("damaged", error.lineno, short(error.msg))
    if start.lower().startswith(("<!doctype", "<html")):
        return UnreadableFile("web page")
    if start.startswith(("PK\x03\x04", "%PDF", "\x1f\ufffd")):
        return UnreadableFile("packed")
    return UnreadableFile("no JSON")


def _list_of_cells(document: dict, remarks: list) -> list:
    found = document.get("cells")
    version = document.get("nbformat")
    if found is None and isinstance(document.get("worksheets"), list):
        sheets = [s for s in document["worksheets"] if isinstance(s, dict)]
        lists = [s["cells"] for s in sheets if isinstance(s.get("cells"), list)]
        found = [cell for part in lists for cell in part]
        remarks.append(["old format"])
    elif isinstance(version, int) and version > 4:
        remarks.append(["new format", short(str(version))])
    if found is None:
        raise UnreadableFile("no cells")
    if not isinstance(found, list):
        raise UnreadableFile("cells are none", _kind(found))
    return found


def _code_cell(cell, number: int, remarks: list) -> RawCell | None:
    """The code cell, or None for any other kind and for what is no cell; says so in ``remarks``."""
    if not isinstance(cell, dict):
        remarks.append(["no cell", number, _kind(cell)])
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
            remarks.append(["no text", number])
        return None
    if kind == "code":
        cell_id = cell.get("id")
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        return RawCell(number, 1, cell_id if isinstance(cell_id, str) else None, source)
    if _LOOKS_LIKE_CODE.match(source):
        remarks.append(["code in text", number])
    return None


def _claimed_lab(document: dict) -> str | None:
    metadata = document.get("metadata")
    ours = metadata.get("lnnn") if isinstance(metadata, dict) else None
    name = ours.get("name") if isinstance(ours, dict) else None
    return short(name) if isinstance(name, str) and name.strip() else None


def _kind(value) -> str:
    return _KINDS.get(type(value), "number")
