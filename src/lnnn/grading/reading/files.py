"""The bytes of a submitted file, which nobody here looks into."""

import errno
import os
import stat
from pathlib import Path

from lnnn.messages import _
from lnnn.report.visible import visible

MAX_BYTES = 50_000_000
SUFFIXES = (".ipynb", ".py")


class NotAFileError(Exception):
    """There is nothing to read. The text is for the student."""


def display_name(path: Path) -> str:
    """A file's name as text that can be printed and written anywhere."""
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return visible(name).replace("\n", "\ufffd")


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of bearable size. Raises NotAFileError."""
    name = display_name(path)
    if path.suffix.lower() not in SUFFIXES:
        text = _(
            "{file} is neither a notebook (.ipynb) nor a Python file (.py). Hand in one of those."
        )
        raise NotAFileError(text.format(file=name))
    try:
        kind = os.lstat(path).st_mode
        if stat.S_ISLNK(kind):
            text = _("{file} is a symbolic link, not a file. Hand in the file itself.")
            raise NotAFileError(text.format(file=name))
        if stat.S_ISDIR(kind):
            text = _("{file} is a folder, not a file. Hand in the file itself.")
            raise NotAFileError(text.format(file=name))
        if not stat.S_ISREG(kind):
            text = _("{file} is not an ordinary file. Hand in a file.")
            raise NotAFileError(text.format(file=name))
        # Between the look above and here the file may have been swapped: never wait, never follow.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except PermissionError:
        text = _(
            "{file} can't be opened: its permissions don't allow reading it. Make the file "
            "readable and grade it again."
        )
        raise NotAFileError(text.format(file=name)) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        text = _("{file} can't be read: {reason}. Hand it in again.")
        if error.errno == errno.ENOENT:
            text = _("{file} can't be read: {reason}. It has been moved away.")
        raise NotAFileError(text.format(file=name, reason=reason)) from None
    if len(data) > MAX_BYTES:
        text = _(
            "{file} is larger than {most} MB. Clear its outputs (in JupyterLab: Edit, Clear "
            "Outputs of All Cells), save it, and hand it in again."
        )
        raise NotAFileError(text.format(file=name, most=MAX_BYTES // 1_000_000))
    return data
