"""The jail's self-test: try, in a confined session, what a submission must not be able to do."""

import ctypes
import errno
import importlib.util
import os
import resource
import socket
from pathlib import Path

from . import confine


def findings(layers: dict, hidden: list, forbidden: list, outside_pid: int) -> list[list[str]]:
    """What does not hold, each as ``[key, name]`` for ``words.finding``; an empty list is a pass.

    ``hidden`` are paths that must not be readable, ``forbidden`` modules that must not be
    importable, ``layers`` says which walls this backend promises.
    """
    found = []
    for path in hidden:
        if layers["namespaces"] and os.path.lexists(path):
            found.append(["exists", path])
        elif _readable(path):
            found.append(["readable", path])
    for name in forbidden:
        if importlib.util.find_spec(name) is not None:
            found.append(["importable", name])
    for name in ("csv", "mmap", "zipfile"):  # not loaded by the zygote: they must be read now
        if importlib.util.find_spec(name) is None:
            found.append(["not importable", name])
    if layers["user"]:
        if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()):
            found.append(["root", ""])
        if confine.capabilities():
            found.append(["capabilities", ""])
    if os.getpgrp() != os.getpid():
        found.append(["group", ""])
    for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CPU"):
        if resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY:
            found.append(["no limit", name])
    if layers["filter"]:
        found += _filter_findings()
    if layers["namespaces"]:
        found += _namespace_findings(layers)
    if layers["frozen_files"] and _works(lambda: Path("/tmp/.probe").write_text("x")):
        found.append(["writes files", ""])
    if layers["user"] and not layers["namespaces"] and _works(lambda: os.kill(outside_pid, 0)):
        found.append(["signals", ""])
    return found


def _readable(path):
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    os.close(fd)
    return True


def _works(action):
    try:
        action()
    except OSError:
        return False
    return True


def _filter_findings():
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    tries = {
        "execv": lambda: os.execv("/nonexistent", ["x"]),
        "socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "unshare": lambda: _raise(libc.unshare(0x10000000)),
        "ptrace": lambda: _raise(libc.ptrace(16, 1, 0, 0)),
        "fork": _fork,
    }
    for call, action in tries.items():
        try:
            action()
        except OSError as error:
            if error.errno == errno.EPERM:
                continue
        found.append([call, ""])
    return found


def _raise(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "")


def _fork():
    if os.fork() == 0:
        os._exit(0)


def _namespace_findings(layers):
    found = []
    if layers["nested"] and os.getpid() != 1:
        found.append(["pid namespace", ""])
    if layers["nested"] and any(Path("/proc").iterdir()):
        found.append(["processes", ""])
    private = ("/tmp", "/dev/shm", "/proc")
    for folder in layers["mounts"]:
        own = folder in private or folder.startswith("/proc/")
        if not own and os.path.isdir(folder) and os.access(folder, os.W_OK):  # noqa: PTH112
            found.append(["writable", folder])
    for name in ("/etc/passwd", "/home", "/root", "/sys", "/var", "/run"):
        if os.path.exists(name):  # noqa: PTH110
            found.append(["visible", name])
    return found
