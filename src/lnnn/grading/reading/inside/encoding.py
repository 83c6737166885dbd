"""The text in a file's bytes, in whichever encoding an editor chose."""

import json
import tokenize
from io import BytesIO

from .facts import UnreadableFile

# What a coding line may ask for; Python knows stranger ones, some of them slow on purpose.
_ENCODINGS = {"utf-8", "utf-8-sig", "ascii", "iso-8859-1", "iso-8859-15", "cp1252", "utf-16"}
_REPLACED = "\ufffd"


def of_notebook(data: bytes) -> tuple[str, list]:
    """The text of a JSON file, and remarks. Raises UnreadableFile."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise UnreadableFile("not UTF-8") from None
    return data.decode("utf-8", "replace"), [["not UTF-8"]]


def of_script(data: bytes) -> tuple[str, list]:
    """The text of a Python file, with Unix line ends, and remarks. Raises UnreadableFile."""
    text, remarks = _script_text(data)
    if "\x00" in text:
        raise UnreadableFile("not text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), remarks


def _script_text(data):
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = marks.get(data[:2])
    try:
        encoding = encoding or tokenize.detect_encoding(BytesIO(data).readline)[0]
        return data.decode(encoding if encoding in _ENCODINGS else "utf-8"), []
    except (SyntaxError, UnicodeDecodeError):
        text = data.decode("utf-8", "replace")
    if text.count(_REPLACED) > len(text) / 20:
        raise UnreadableFile("not text")
    return text, [["not UTF-8"]]
