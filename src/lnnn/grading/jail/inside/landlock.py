"""Landlock: let this process and its children see a few files and no others.

Used where there is no mount namespace. Source: landlock(7), linux/landlock.h; first in Linux 5.13.
"""

import ctypes
import os
import stat
import struct

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
# What each version of the interface can deny: 13 rights, then refer, truncate, device ioctl.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_LATEST_RIGHTS = (1 << 16) - 1

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of Landlock in this kernel; 0 when it has none."""
    return max(0, _libc.syscall(_CREATE, None, 0, _VERSION))


def restrict(readable: list[str], writable: list[str]) -> None:
    """From now on open only what is named here or lies beneath it. Raises OSError."""
    rights = _RIGHTS.get(version(), _LATEST_RIGHTS)
    handled = struct.pack("=Q", rights)
    ruleset = _checked(_libc.syscall(_CREATE, handled, len(handled), 0))
    for path in readable:
        _allow(ruleset, path, _EXECUTE | _READ | _LIST)
    for path in writable:
        _allow(ruleset, path, _READ | _WRITE)
    _checked(_libc.syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset, path, rights):
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        rights &= ~_LIST
    rule = struct.pack("=Qi", rights, fd)
    _checked(_libc.syscall(_ADD, ruleset, _PATH_BENEATH, rule, 0))
    os.close(fd)


def _checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
