"""The learner's progress: one small JSON file that several kernels may write.

It lies in ``$LNNN_HOME``, or else in the user's data folder. Every change reads the file afresh
under a lock and replaces it in one step, so that two kernels lose nothing and a crash leaves the
old file or the new one. Nothing here ever raises for a file or folder that can't be used: progress
is a convenience, and a check must not fail because of it. What went wrong is in ``notes``.
"""

import contextlib
import errno
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from lnnn.messages import _

VERSION = 1
_LOCK_SECONDS = 2.0


# Changes that could not be saved. Hints and quizzes still move on in this kernel, and the changes
# are made again once the file can be written.
_unsaved: list[Callable[["Progress"], None]] = []


@dataclass
class Progress:
    """What the file holds.

    ``quizzes[quiz][question]`` is ``{"fingerprint", "tried": [option, …], "first", "right",
    "hint"}``.
    ``functions[lab][function]`` is ``{"passed", "total", "done", "hints"}``; ``done`` stays True
    once all checks have passed.
    """

    quizzes: dict[str, dict] = field(default_factory=dict)
    functions: dict[str, dict] = field(default_factory=dict)

    def question(self, quiz: str, question: str) -> dict:
        """The entry of one question, made when it is missing."""
        return self.quizzes.setdefault(quiz, {}).setdefault(question, {})

    def function(self, lab: str, function: str) -> dict:
        """The entry of one function, made when it is missing."""
        return self.functions.setdefault(lab, {}).setdefault(function, {})


def path() -> Path:
    """Where the file is."""
    home = os.environ.get("LNNN_HOME")
    folder = Path(home).expanduser() if home else Path(platformdirs.user_data_dir("lnnn", False))
    return folder / "progress.json"


def read() -> tuple[Progress, tuple[str, ...]]:
    """The progress and what the learner should know about the file. A missing file is empty."""
    file = path()
    try:
        progress, notes = _load(file, locked=False)[:2]
    except OSError as error:
        text = _("Your progress can't be read: {file} ({why}).")
        progress, notes = Progress(), (text.format(file=file, why=error.strerror or error),)
    for edit in _unsaved:
        edit(progress)
    return progress, notes


def change(edit: Callable[[Progress], None]) -> tuple[Progress, tuple[str, ...]]:
    """Apply ``edit`` to what the file holds now and save it. Returns the new progress and notes.

    ``edit`` may be called again later, on a fresh reading, when the file can't be written now.
    """
    _unsaved.append(edit)
    try:
        return _change(path())
    except BaseException:
        # An edit that can't work must not come back to fail the next one.
        _unsaved.remove(edit)
        raise


def _change(file: Path) -> tuple[Progress, tuple[str, ...]]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _locked(file.with_suffix(".lock")):
            progress, notes, writable = _load(file, locked=True)
            for edit in _unsaved:
                edit(progress)
            if writable:
                _replace(file, progress)
                _unsaved.clear()
            return progress, notes
    except OSError as error:
        text = _(
            "Your progress is not saved: {file} can't be written ({why}). Set the environment "
            "variable LNNN_HOME to a folder that you can write."
        )
        return read()[0], (text.format(file=file, why=error.strerror or error),)


def _load(file: Path, locked: bool) -> tuple[Progress, tuple[str, ...], bool]:
    """The progress, notes, and whether the file may be replaced.

    Sets a broken file aside, but only under the lock: without it the file that is renamed could be
    the good one by which another kernel has just replaced the broken one.
    """
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return Progress(), (), True
    try:
        data = json.loads(raw)
        version = data["version"]
        if isinstance(version, int) and version > VERSION:
            note = _(
                "{file} was written by a newer version of the course, so nothing is saved. Update "
                "the course, or set LNNN_HOME to another folder."
            )
            return Progress(), (note.format(file=file),), False
        progress = Progress(_checked(data["quizzes"]), _checked(data["functions"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        if not locked:
            note = _(
                "The progress file {file} can't be read. The next check or answer sets it aside."
            )
            return Progress(), (note.format(file=file),), False
        kept = _set_aside(file)
        note = _("The progress file could not be read. It is kept as {kept}; a new one begins.")
        return Progress(), (note.format(kept=kept),), True
    return progress, (), True


def _checked(table) -> dict[str, dict]:
    """``table`` when it is a dict of dicts of dicts, else TypeError."""
    for inner in table.values() if isinstance(table, dict) else [None]:
        if not isinstance(inner, dict) or not all(isinstance(v, dict) for v in inner.values()):
            raise TypeError("not a table of tables")
    return table


def _set_aside(file: Path) -> Path:
    """Rename a broken file to a name that is still free."""
    number = 1
    while (kept := file.with_name(f"progress.broken-{number}.json")).exists():
        number += 1
    file.rename(kept)
    return kept


def _replace(file: Path, progress: Progress):
    """Write a neighbour file to the disk and rename it over ``file``."""
    content = {
        "version": VERSION,
        "quizzes": progress.quizzes,
        "functions": progress.functions,
    }
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".progress-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(content, out, indent=1, sort_keys=True, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked(lock: Path):
    """Hold the lock file. The system frees it when the process dies. Raises OSError."""
    with lock.open("a+b") as handle:
        until = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(handle):
            if time.monotonic() > until:
                raise TimeoutError(_("another notebook is writing it"))
            time.sleep(0.01)
        yield  # closing the file frees the lock


if os.name == "nt":
    import msvcrt

    def _try_lock(handle) -> bool:
        try:
            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks. The replacing is atomic there too.
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        return True
