"""The kernel of a build: an ordinary one that notes which files of the project a notebook reads.

A script, run as ``python -P traced_kernel.py ROOT NOTES …``; what follows is for the kernel. A line
of the file NOTES is a file below ROOT that was opened, ``open …/src/lnnn/exact.py``, or a folder
whose names were asked for, ``list …/source/course``. Whether a file is there can be asked without
a trace. It imports nothing of the project, or the notebook would find that loaded.
"""

import os
import pathlib
import runpy
import sys

_EVENTS = {"open": "open", "os.listdir": "list", "os.scandir": "list"}


def trace(root: str, notes) -> None:
    """Write what is read below ``root`` from here on into the open text file ``notes``."""
    inside = os.path.realpath(root) + os.sep
    seen = set()

    def note(event: str, arguments: tuple) -> None:
        if event not in _EVENTS or isinstance(arguments[0], int):
            return  # a descriptor: its file was opened by name before
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        # To import a module Python lists the folders it may be in: no notebook asked for that.
        if event != "open" and "importlib" in sys._getframe(1).f_code.co_filename:
            return
        path = os.path.realpath(os.fsdecode(arguments[0] or "."))
        if path.startswith(inside) and (event, path) not in seen and not notes.closed:
            seen.add((event, path))
            notes.write(f"{_EVENTS[event]} {path}\n")

    sys.addaudithook(note)


if __name__ == "__main__":
    root, notes = sys.argv[1:3]
    del sys.argv[1:3]
    with pathlib.Path(notes).open("w", encoding="utf-8", buffering=1) as file:
        trace(root, file)
        runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
