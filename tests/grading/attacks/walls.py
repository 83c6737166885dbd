"""The walls the attacks run against, and how an attack is carried out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lnnn.grading.jail import Jail, Limits, SessionEnded, backends, layout

REPOSITORY = Path(__file__).parents[3]
LIMITS = Limits(
    call_seconds=2.0,
    total_seconds=20.0,
    memory_mb=256,
    processes=16,
    open_files=32,
    file_mb=8,
    reply_mb=8,
)
BUBBLEWRAP = pytest.param(backends.BUBBLEWRAP, marks=pytest.mark.needs_bwrap, id="bubblewrap")
UID = pytest.param(backends.UID, id="uid")
NONE = pytest.param(backends.NONE, id="none")
# Only root can have the second wall; test_jail_backends says so with a skip where it is missing.
WALLS = [BUBBLEWRAP, UID] if os.getuid() == 0 else [BUBBLEWRAP]

# Every attack source begins with this: it says what the system answered.
PRELUDE = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)

def attempt(action, *args):
    try:
        value = action(*args)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    except Exception as error:
        return type(error).__name__
    return "done" if value is None else value

def system_call(number, *args):
    ctypes.set_errno(0)
    result = libc.syscall(number, *args)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
"""


def readable_python():
    """A Python of this version that every user may run: this one, or the system's."""
    here = layout.interpreter()
    if layout.world_readable(here.stdlib):
        return None
    for name in ("python{}.{}".format(*sys.version_info), "python3"):
        program = shutil.which(name, path="/usr/bin:/usr/local/bin")
        if program is None:
            continue
        try:
            found = layout.interpreter(program)
        except (ValueError, subprocess.CalledProcessError):
            continue
        if layout.world_readable(found.stdlib):
            return program
    pytest.skip("no Python of this version that an unprivileged uid may read")
    return None


def make_jail(backend, limits=LIMITS, **options):
    """A jail of one backend; skips where only root can have it."""
    if backend == backends.UID:
        if os.getuid() != 0:
            pytest.skip("only root can give sessions another uid")
        options.setdefault("python", readable_python())
    return Jail(limits, backend=backend, **options)


def attack(session, source, *args, name="attack"):
    """Run an attack's source and call its function; what it returned."""
    outcomes = session.run_cells([PRELUDE, source])
    for outcome in outcomes:
        assert outcome.ok, outcome.error
    observed = session.call(name, args, {})
    assert observed.raised is None, observed.raised
    return observed.value


def result_of(session, name, *args):
    """What a call came to: the Observed, or the SessionEnded where it ended the session."""
    try:
        return session.call(name, args, {})
    except SessionEnded as ended:
        return ended


def answers(jail, limits=None):
    """True when a new session of this jail does an honest submission's work."""
    with jail.open(limits) as session:
        (outcome,) = session.run_cells(["def double(x):\n    return 2 * x"])
        return outcome.ok and session.call("double", (21,), {}).value == 42


def descendants(pid):
    """The pids of a process and everything below it."""
    children = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parent = int(text.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found
