"""A submission sees Python, NumPy and its own arguments: no file, process, network or secret."""

import os
import secrets
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest

from .walls import REPOSITORY, attack, make_jail

READ = """
def attack(path):
    def read():
        if os.path.isdir(path):
            return os.listdir(path)
        with open(path, "rb") as file:
            return file.read(100)
    return str(attempt(read))
"""


def refused(answer):
    return answer in ("ENOENT", "EACCES", "EPERM", "ENOTDIR")


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/hostname",
        "/root",
        "/home",
        "/var",
        "/proc/1/environ",
        "/proc/1/mem",
        "/proc/1/cmdline",
        "/proc/1/root/etc/passwd",
        "/proc/self/root/etc/passwd",
        "/proc/self/mem",
        "/proc/self/environ",
        "/sys/class/net",
        "/run",
        "/dev/tty",
        "/dev/kmsg",
        "/dev/mem",
        "/dev/pts",
    ],
)
def test_a_file_of_the_host_cannot_be_read(session, path):
    assert refused(attack(session, READ, path))


@pytest.mark.parametrize(
    "path",
    [REPOSITORY, REPOSITORY / "tests", REPOSITORY / "tests" / "hidden", Path(__file__)],
    ids=["repository", "tests", "hidden tests", "this file"],
)
def test_the_repository_and_its_hidden_tests_cannot_be_read(session, path):
    assert refused(attack(session, READ, str(path)))


def test_a_file_the_grader_wrote_for_everybody_cannot_be_read(session):
    """World-readable, in /tmp, with the name known: only a wall can hide it."""
    with tempfile.NamedTemporaryFile(dir="/tmp") as secret:
        secret.write(b"expected values")
        secret.flush()
        Path(secret.name).chmod(0o644)
        assert refused(attack(session, READ, secret.name))


def test_no_way_up_from_a_folder_that_may_be_read(session):
    source = """
def attack(target):
    import numpy
    found = []
    for start in (os.path.dirname(numpy.__file__), os.path.dirname(os.__file__), "/usr/lib", "/"):
        for depth in range(12):
            path = os.path.join(start, *[".."] * depth, target.lstrip("/"))
            try:
                os.close(os.open(path, os.O_RDONLY))
                found.append(path)
            except OSError:
                pass
    return found
"""
    assert attack(session, source, str(Path(__file__))) == []


@pytest.mark.parametrize(
    "module", ["scipy", "scipy.special", "mpmath", "pytest", "lnnn", "lnnn.exact", "matplotlib"]
)
def test_a_module_that_holds_the_answers_cannot_be_imported(session, module):
    source = (
        "import importlib\ndef attack(name):\n    return attempt(importlib.import_module, name)"
    )
    assert attack(session, source, module) == "ModuleNotFoundError"


def test_nor_from_where_the_host_keeps_it(session):
    import scipy

    source = """
import importlib
def attack(folder):
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    return attempt(importlib.import_module, "scipy"), attempt(os.listdir, folder)
"""
    imported, listed = attack(session, source, str(Path(scipy.__file__).parents[1]))
    assert imported == "ModuleNotFoundError"
    assert refused(listed)


def test_no_folder_inside_holds_a_forbidden_module(jail, session):
    """Everything the submission can list is searched, not only the import path."""
    source = """
def attack(names):
    found, seen = [], 0
    for folder, folders, files in os.walk("/"):
        folders[:] = [f for f in folders if f not in ("proc", "sys")]
        seen += len(files)
        found += [os.path.join(folder, f) for f in folders + files if f.split(".")[0] in names]
    return found, seen
"""
    found, seen = attack(session, source, ["scipy", "mpmath", "lnnn", "sympy", "torch"])
    assert found == []
    # Behind the second wall even the root folder can't be listed.
    assert seen > 1000 if jail.backend == "bubblewrap" else seen == 0


def test_the_environment_holds_nothing_of_the_graders(session, monkeypatch):
    source = "def attack():\n    return dict(os.environ)"
    environment = attack(session, source)
    assert set(environment) <= {
        *("HOME", "TMPDIR", "LANG", "LC_ALL", "PWD", "LD_LIBRARY_PATH", "LC_CTYPE"),
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
        *("PYTHONHASHSEED", "PYTHONUTF8"),
    }
    assert environment["HOME"] == "/tmp"


def test_only_four_files_are_open(session):
    source = """
def attack():
    found = {}
    for fd in range(4096):
        try:
            found[fd] = oct(os.fstat(fd).st_mode)[:-4]
        except OSError:
            pass
    return found
"""
    assert attack(session, source) == {0: "0o2", 1: "0o2", 2: "0o2", 3: "0o14"}


def test_the_submission_is_nobody(session):
    source = """
import resource
def attack():
    return os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), attempt(os.setuid, 0), attempt(
        os.chroot, "/")
"""
    uid, effective, gid, groups, become_root, chroot = attack(session, source)
    assert uid == effective >= 1000
    assert gid >= 1000
    assert set(groups) <= {gid, 65534}
    assert become_root in ("EPERM", "EINVAL")
    assert chroot == "EPERM"


def test_there_are_no_capabilities_to_use_or_to_regain(session):
    source = """
def attack():
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    everything = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    bounding = sum(libc.prctl(23, c, 0, 0, 0) == 1 for c in range(41))
    no_new = libc.prctl(39, 0, 0, 0, 0)
    return list(data), bounding, libc.capset(header, everything), no_new
"""
    held, bounding, regained, no_new = attack(session, source)
    assert held == [0] * 6
    assert bounding == 0
    assert regained == -1
    assert no_new == 1


def test_other_processes_can_neither_be_listed_nor_signalled(jail, session):
    source = """
import signal
def attack(pids):
    found = attempt(os.listdir, "/proc")
    listed = [p for p in found if p.isdigit()] if isinstance(found, list) else []
    signalled = sorted({attempt(os.kill, pid, 0) for pid in pids})
    return listed, signalled, attempt(os.kill, -1, signal.SIGTERM)
"""
    with jail.open() as neighbour:
        assert attack(neighbour, "def attack():\n    return 1") == 1
        pids = [os.getpid(), os.getppid(), *range(2, 40)]
        listed, signalled, everybody = attack(session, source, pids)
        assert listed == []
        assert set(signalled) <= {"ESRCH", "EPERM"}
        assert everybody in ("ESRCH", "EPERM", "done")
        assert neighbour.call("attack", (), {}).value == 1


def test_no_network(session):
    source = """
import socket
def attack(port):
    kinds = [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_DGRAM),
             (socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_NETLINK, socket.SOCK_RAW)]
    return [attempt(socket.socket, *kind) for kind in kinds] + [
        attempt(socket.create_connection, ("127.0.0.1", port), 1), attempt(socket.socketpair)]
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers = attack(session, source, server.getsockname()[1])
    assert set(answers) == {"EPERM"}


def test_the_graders_channel_is_no_way_to_another_socket(session):
    source = """
import socket
def attack(port):
    channel = socket.socket(fileno=os.dup(3))
    return [
        attempt(channel.connect, "\\0abstract"),
        attempt(channel.bind, "\\0abstract"),
        attempt(channel.listen, 1),
        attempt(channel.accept),
    ]
"""
    assert set(attack(session, source, 0)) == {"EPERM"}


SEARCH = """
import gc, inspect
def attack(first, second):
    wanted = first + second
    gc.unfreeze()
    gc.collect()
    def texts():
        frame = sys._getframe(1)
        while frame:
            for space in (frame.f_locals, frame.f_globals, frame.f_builtins):
                yield from list(space.values())
            yield from frame.f_code.co_consts
            frame = frame.f_back
        for thing in gc.get_objects():
            yield from gc.get_referents(thing)
        yield from os.environ.values()
        yield from sys.argv
    hits, searched = 0, 0
    for value in texts():
        if type(value) is bytes:
            value = value.decode("latin-1")
        if type(value) is str and value is not wanted:
            searched += 1
            hits += wanted in value
    return hits, searched, sorted({os.path.basename(f.filename) for f in inspect.stack()})
"""


def test_walking_frames_and_objects_finds_no_secret_of_the_graders(jail, monkeypatch):
    """What the grader holds, in a variable or its environment, never was in this process."""
    secret = secrets.token_hex(16)
    monkeypatch.setenv("LNNN_SECRET", secret)
    with make_jail(jail.backend, hidden=[f"/tmp/{secret}"]) as own, own.open() as session:
        hits, searched, files = attack(session, SEARCH, secret[:16], secret[16:])
    assert searched > 10_000
    assert hits == 0
    assert set(files) == {"cell 2", "server.py", "zygote.py", "observe.py"}


def test_the_search_of_the_last_test_finds_what_is_there(session):
    session.run_cells(["kept = ['to be ' + 'found']"])
    hits, _, _ = attack(session, SEARCH, "to be", " found")
    assert hits > 0


def test_arguments_are_all_a_call_gets(session):
    """The request holds the function's name and arguments; no test name, rule or expected value."""
    source = """
import gc
def attack(z):
    frame = sys._getframe(1)
    requests = []
    while frame:
        requests += [v for k, v in frame.f_locals.items() if k in ("request", "rest", "args")]
        frame = frame.f_back
    return repr(requests)
"""
    seen = attack(session, source, np.array([1.5]))
    assert "1.5" in seen
    assert "attack" in seen
    for word in ("expected", "points", "rule", "test_"):
        assert word not in seen
