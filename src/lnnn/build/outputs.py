"""Make the outputs of an executed notebook the same on every run; refuse what can't be.

What changes from run to run and says nothing (file names of a kernel, how a stream was cut into
pieces) is rewritten. What a reader would see of the builder's machine stops the build.
"""

import base64
import functools
import itertools
import json
import re
import socket
import sys
import tempfile
from pathlib import Path

import nbformat

from lnnn.build import widgets
from lnnn.build.errors import BuildError, raised
from lnnn.build.notebook import LANGUAGE

_PATH = r"(?:[A-Za-z]:)?[/\\][^\s'\"\x1b]*?"
_KERNEL_FILE = re.compile(_PATH + r"ipykernel_\d+[/\\]\d+\.py")
_SITE_PACKAGES = re.compile(_PATH + r"(?:site|dist)-packages[/\\]")
_STANDARD_LIBRARY = re.compile(_PATH + r"lib[/\\]python3\.\d+[/\\]")

_REFUSED = {
    "an absolute path": re.compile(
        r"(?<![\w.:/\\-])/(?:home|root|tmp|usr|opt|var|work|Users|mnt|private|etc|proc|dev)/\w"
        r"|(?<!\w)[A-Za-z]:\\\\?\w"
    ),
    "a memory address": re.compile(r"\bat 0x[0-9a-fA-F]{6,}"),
    "a time stamp": re.compile(
        r"\b(?:19|20)\d\d-[01]\d-[0-3]\d[ T][0-2]\d:[0-5]\d|\b[0-2]\d:[0-5]\d:[0-5]\d\b"
    ),
}
# The bundle of a widget is our own text: only this machine's paths are looked for in it.
_BUNDLED = ("_esm", "_css")

_PNG = b"\x89PNG\r\n\x1a\n"
# What describes the file and not the picture: program name and version, dates, comments.
_NOT_PICTURE = {b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"}


def finish(notebook, place) -> None:
    """Normalise and check an executed notebook in place. ``place(cell_id)`` names a cell.

    Raises BuildError when an output holds something of the builder's machine or of the moment,
    when a cell raised that should not, or did not raise that should.
    """
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        cell.outputs = _merged_streams(cell.outputs)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            _rewrite(output)
        _give_alt_texts(cell, place)
        _check_exception(cell, place)
        for output in cell.outputs:
            _refuse(_without_images(output), place(cell.id))
    notebook.metadata.language_info = LANGUAGE
    widgets.normalise(notebook)
    for name, model in sorted(widgets.models_of(notebook).items()):
        if captured := model["state"].get("outputs"):  # an Output widget holds what was printed
            captured = _merged_streams([nbformat.from_dict(output) for output in captured])
            for output in captured:
                _rewrite(output)
            model["state"]["outputs"] = captured
        _refuse(_without_bundle(model), f"{place(None)}: state of {name}")
        _refuse_this_machine(json.dumps(model), f"{place(None)}: state of {name}")


@functools.cache
def hosts_and_paths() -> dict[str, str]:
    """What would betray this machine: its name and its folders, each with what it is."""
    found = {
        str(Path(sys.prefix)): "an absolute path",
        str(Path(sys.base_prefix)): "an absolute path",
        str(Path.home()): "an absolute path",
        tempfile.gettempdir(): "an absolute path",
        str(Path(__file__).resolve().parents[3]): "an absolute path",
        socket.gethostname(): "the name of this machine",
    }
    # "/", "pc" or "localhost" would be found in honest text.
    return {text: what for text, what in found.items() if len(text) > 3 and text != "localhost"}


def without_notes(png: str) -> str:
    """A base64 PNG without its text and time chunks, on one line. Other data comes back as is."""
    data = base64.b64decode(png)
    if not data.startswith(_PNG):
        return png
    kept, position = [_PNG], len(_PNG)
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + length
        if data[position + 4 : position + 8] not in _NOT_PICTURE:
            kept.append(data[position:end])
        position = end
    return base64.b64encode(b"".join(kept)).decode("ascii")


def _merged_streams(outputs: list) -> list:
    """Neighbouring stream outputs joined: all of stdout, then all of stderr.

    How a kernel cuts and interleaves the two depends on timing, their own order does not.
    """
    merged = []
    for are_streams, group in itertools.groupby(outputs, lambda o: o.output_type == "stream"):
        if not are_streams:
            merged += group
            continue
        whole = {}
        for output in group:
            if output.name in whole:
                whole[output.name].text += output.text
            else:
                whole[output.name] = output
        merged += [whole[name] for name in ("stdout", "stderr") if name in whole]
    return merged


def _rewrite(output) -> None:
    if output.output_type == "stream":
        output.text = _plain_paths(output.text)
    elif output.output_type == "error":
        output.evalue = _plain_paths(output.evalue)
        output.traceback = [_plain_paths(line) for line in output.traceback]
    else:
        for mime, value in output.data.items():
            if mime == "image/png":
                output.data[mime] = without_notes(value)
            elif isinstance(value, str):
                output.data[mime] = _plain_paths(value)


def _plain_paths(text: str) -> str:
    """Paths into the kernel, the packages and Python without what stands before them."""
    text = _KERNEL_FILE.sub("<cell>", text)
    text = _SITE_PACKAGES.sub("site-packages/", text)
    return _STANDARD_LIBRARY.sub("python/", text)


def _give_alt_texts(cell, place) -> None:
    """Put the cell's ``alt`` on its pictures; a widget's picture says its own text/plain."""
    pictures = [
        (output, mime)
        for output in cell.outputs
        for mime in output.get("data", {})
        if mime.startswith("image/")
    ]
    given = cell.metadata.get("alt", [])
    given = [given] if isinstance(given, str) else list(given)
    own = [p for p in pictures if widgets.VIEW not in p[0].data]
    if len(given) != len(own):
        raise BuildError(
            f"{place(cell.id)}: {len(own)} picture(s) and {len(given)} alt text(s). Give each "
            "picture one sentence that says what it shows: `:alt: …` under `:tags:`, "
            "or a list of sentences."
        )
    for output, mime in pictures:
        text = output.data.get("text/plain", "") if widgets.VIEW in output.data else given.pop(0)
        output.metadata.setdefault(mime, {})["alt"] = text


def _check_exception(cell, place) -> None:
    error = next((o for o in cell.outputs if o.output_type == "error"), None)
    expected = "raises-exception" in cell.metadata.tags
    if error and not expected:
        raise raised(place(cell.id), error)
    if expected and not error:
        raise BuildError(
            f"{place(cell.id)}: is tagged `raises-exception` and raised nothing. "
            "Remove the tag, or make the cell fail as the text says."
        )


def _refuse(value: dict, where: str) -> None:
    text = json.dumps(value, ensure_ascii=False)
    for what, pattern in _REFUSED.items():
        if match := pattern.search(text):
            around = text[max(match.start() - 30, 0) : match.end() + 30]
            raise BuildError(_refusal(where, what, around))
    _refuse_this_machine(text, where)


def _refuse_this_machine(text: str, where: str) -> None:
    for found, what in hosts_and_paths().items():
        if re.search(rf"(?<![\w.-]){re.escape(found)}(?![\w-])", text):
            raise BuildError(_refusal(where, what, found))


def _refusal(where: str, what: str, found: str) -> str:
    return (
        f"{where}: the output holds {what} (…{found}…), which is different on every machine or "
        "run. Print something else."
    )


def _without_images(output) -> dict:
    plain = dict(output)
    if "data" in plain:
        plain["data"] = {m: v for m, v in plain["data"].items() if not _is_binary(m)}
    return plain


def _is_binary(mime: str) -> bool:
    return mime.startswith("image/") and mime != "image/svg+xml"


def _without_bundle(model: dict) -> dict:
    state = {k: v for k, v in model.get("state", {}).items() if k not in _BUNDLED}
    return {**model, "state": state, "buffers": []}
