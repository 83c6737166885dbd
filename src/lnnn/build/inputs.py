"""What each built file was made from, and whether that is still so.

``notebooks.lock`` stands beside ``source/`` and is committed with what is built. For every built
file it holds a hash of the file and of each input: its source, what the notebook opened while it
ran (modules, quizzes, checks, other sources), the build's own code, the pinned versions. So a
second is enough to say what is out of date, and why; nothing is run for it.

A folder whose names a notebook asked for is an input too: ``src/lnnn/learn/quizzes/``. What the
notebook opened and did not find is one, with the hash "missing".
"""

import hashlib
import importlib.util
import json
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lnnn.build.errors import BuildError

LOCK = Path("notebooks.lock")
PINS = Path("requirements/constraints.txt")
BUILD = Path("src/lnnn/build")
# Its modules that no byte of a built file depends on. A new one counts until it is named here.
SHAPE_NOTHING = {"__init__", "__main__", "errors", "extract", "input_leaks", "inputs", "leaks"}

_HEAD = """\
# What each built file holds, and what it was made from, as hashes. `make notebooks` writes this
# file with them: never edit it. After a merge conflict take either side and run it again.
"""
_DIGITS = 16
_MISSING = "missing"
_NAMED = 3  # inputs in one sentence


@dataclass(frozen=True)
class Entry:
    """One built file: the hash of its bytes, and of every input by its path from the root."""

    holds: str
    inputs: dict[str, str]


@dataclass
class Hashes:
    """Hashes of files and folders below a root. Each is read once."""

    root: Path
    _known: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """The hash of the file ``name``, or of the names in a folder: ``name`` ends with "/"."""
        if name not in self._known:
            path = self.root / name
            try:
                found = _names(path).encode() if name.endswith("/") else path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                self._known[name] = _MISSING
            else:
                self._known[name] = hash_of(found)
        return self._known[name]

    def entry(self, text: str, inputs: Iterable[str]) -> Entry:
        """The entry of a file that holds ``text`` and was made from ``inputs``."""
        return Entry(hash_of(text.encode()), {name: self[name] for name in sorted(set(inputs))})

    def change(self, name: str, entry: Entry | None) -> str:
        """Why the built file ``name`` is out of date, as a clause; "" when it is not."""
        if self[name] == _MISSING:
            return "it is missing"
        if entry is None:
            return "no build has noted what it is made from"
        changed = [given for given, was in entry.inputs.items() if self[given] != was]
        if changed:
            more = len(changed) - _NAMED
            listed = ", ".join(changed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            return f"{listed} changed"
        if self[name] != entry.holds:
            return "it was changed after it was built"
        return ""


def hash_of(content: bytes) -> str:
    """The first half of the SHA-256 of some bytes: what tells two versions of a file apart."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def read_lock(root: Path) -> dict[str, Entry]:
    """The entries of the lock below ``root`` by built file. Raises BuildError for a broken one."""
    path = root / LOCK
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = {name: Entry(holds, {}) for name, holds in table["built"].items()}
        for group in table.get("made", []):
            for name in group["files"]:
                entries[name].inputs.update(group["from"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(
            f"{LOCK}: not what a build wrote ({error}). Remove it and run `make notebooks`."
        ) from error
    return entries


def lock_text(entries: dict[str, Entry]) -> str:
    """The text of the lock. An input that several files share stands there once, with them all."""
    readers: dict[tuple[str, str], list[str]] = {}
    for name, entry in sorted(entries.items()):
        for given in entry.inputs.items():
            readers.setdefault(given, []).append(name)
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for given, names in sorted(readers.items()):
        groups.setdefault(tuple(names), []).append(given)
    lines = [_HEAD, "[built]"]
    lines += [f"{json.dumps(name)} = {json.dumps(e.holds)}" for name, e in sorted(entries.items())]
    for names, inputs in sorted(groups.items()):
        lines += ["", "[[made]]", "files = [", *(f"    {json.dumps(name)}," for name in names), "]"]
        lines += ["[made.from]", *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in inputs)]
    return "\n".join(lines) + "\n"


def of_the_build(root: Path) -> list[str]:
    """What shapes every built file: the code of the build, where it stands below ``root``."""
    modules = [path for path in (root / BUILD).glob("*.py") if path.stem not in SHAPE_NOTHING]
    return sorted(path.relative_to(root).as_posix() for path in modules)


def of_a_run(root: Path, notes: str) -> set[str]:
    """The inputs among what a traced kernel noted: files of the project below ``root``.

    A module that was loaded from its bytecode counts as its source. Environments and hidden files
    are not the project's.
    """
    root = root.resolve()
    found = set()
    for line in notes.splitlines():
        event, _, text = line.partition(" ")
        path = Path(text)
        if path.parent.name == "__pycache__" and path.suffix == ".pyc":
            path = Path(importlib.util.source_from_cache(text))
        if path.is_relative_to(root) and not path.is_relative_to(sys.prefix):
            name = path.relative_to(root)
            if not any(part.startswith((".", "__pycache__")) for part in name.parts):
                found.add(name.as_posix() + ("/" if event == "list" else ""))
    return found


def _names(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    return "\n".join(name for name in names if not name.startswith((".", "__pycache__")))
