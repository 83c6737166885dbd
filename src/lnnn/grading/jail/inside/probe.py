"""The jail's self-test: try, in a confined session, what a submission must not be able to do."""

import ctypes
import errno
import importlib.util
import os
import resource
import socket
from pathlib import Path

from . import confine


def findings(layers: dict, hidden: list, forbidden: list, outside_pid: int) -> list[str]:
    """What does not hold, as sentences; an empty list is a pass.

    ``hidden`` are paths that must not be readable, ``forbidden`` modules that must not be
    importable, ``layers`` says which walls this backend promises.
    """
    found = []
    for path in hidden:
        if layers["namespaces"] and os.path.lexists(path):
            found.append(f"{path} exists inside")
        elif _readable(path):
            found.append(f"{path} can be read from inside")
    for name in forbidden:
        if importlib.util.find_spec(name) is not None:
            found.append(f"module {name} can be imported")
    for name in ("csv", "mmap", "zipfile"):  # not loaded by the zygote: they must be read now
        if importlib.util.find_spec(name) is None:
            found.append(f"module {name} of the standard library cannot be imported")
    if layers["user"]:
        if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()):
            found.append("the session runs as root")
        if confine.capabilities():
            found.append("the session holds capabilities")
    if os.getpgrp() != os.getpid():
        found.append("the session shares its process group")
    for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CPU"):
        if resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY:
            found.append(f"{name} is not set")
    if layers["filter"]:
        found += _filter_findings()
    if layers["namespaces"]:
        found += _namespace_findings(layers)
    if layers["frozen_files"] and _works(lambda: Path("/tmp/.probe").write_text("x")):
        found.append("the session can write files")
    if layers["user"] and not layers["namespaces"] and _works(lambda: os.kill(outside_pid, 0)):
        found.append("the session can signal the zygote")
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
        "start a program": lambda: os.execv("/nonexistent", ["x"]),
        "open a socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "enter a namespace": lambda: _raise(libc.unshare(0x10000000)),
        "trace a process": lambda: _raise(libc.ptrace(16, 1, 0, 0)),
        "start a process": _fork,
    }
    for what, action in tries.items():
        try:
            action()
        except OSError as error:
            if error.errno == errno.EPERM:
                continue
        found.append(f"the session can {what}")
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
        found.append("the session is not in a pid namespace of its own")
    if layers["nested"] and any(Path("/proc").iterdir()):
        found.append("the session sees processes")
    private = ("/tmp", "/dev/shm", "/proc")
    for folder in layers["mounts"]:
        own = folder in private or folder.startswith("/proc/")
        if not own and os.path.isdir(folder) and os.access(folder, os.W_OK):  # noqa: PTH112
            found.append(f"the session can write to {folder}")
    for name in ("/etc/passwd", "/home", "/root", "/sys", "/var", "/run"):
        if os.path.exists(name):  # noqa: PTH110
            found.append(f"the session sees {name}")
    return found
