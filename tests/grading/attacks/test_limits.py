"""Exceeding a limit ends that session with its reason, in time, and nobody else's."""

import os
import platform
import time
from dataclasses import replace

import numpy as np
import pytest

from lnnn.grading.jail import Limits, SessionEnded

from .walls import LIMITS, answers, attack, result_of

SHORT = replace(LIMITS, call_seconds=0.6, total_seconds=1.0)


@pytest.fixture
def hurried(jail):
    """A session of little time."""
    with jail.open(SHORT) as opened:
        yield opened


def run(session, source, *args):
    session.run_cells([source])
    session.call("attack", args, {})


def ends(session, source, *args):
    """Define and call ``attack``; the SessionEnded it must end with, and after how long."""
    start = time.monotonic()
    with pytest.raises(SessionEnded) as caught:
        run(session, source, *args)
    seconds = time.monotonic() - start
    with pytest.raises(SessionEnded) as again:
        session.call("attack", args, {})
    assert again.value.reason == caught.value.reason
    assert time.monotonic() - start - seconds < 0.05
    return caught.value, seconds


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "while True: print('x' * 1000)",
        "10 ** 10 ** 10",
        "import threading; threading.Event().wait()",
        "input_never = __import__('select').select([], [], [])",
    ],
    ids=["loop", "sleep", "output", "one long operation", "lock", "select"],
)
@pytest.mark.parametrize("place", ["cell", "call"])
def test_what_does_not_end_is_ended_by_the_clock(hurried, body, place):
    source = f"def attack():\n    {body}\n"
    if place == "cell":
        source += "attack()\n"
    ended, seconds = ends(hurried, source)
    assert ended.reason == "timeout"
    assert "within 0.6 s" in ended.detail
    assert ("cell 1" if place == "cell" else "attack") in ended.detail
    assert 0.55 < seconds < 2.0


def test_a_loop_that_catches_everything_is_ended_too(hurried):
    source = """
import signal, sys
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
def attack():
    while True:
        try:
            while True: pass
        except BaseException:
            pass
"""
    ended, seconds = ends(hurried, source)
    assert ended.reason == "timeout"
    assert seconds < 2.0


def test_many_short_calls_use_up_the_total(jail):
    with jail.open(replace(LIMITS, call_seconds=0.6, total_seconds=1.0)) as session:
        session.run_cells(["import time\ndef f():\n    time.sleep(0.25)"])
        seen = [result_of(session, "f") for _ in range(10)]
    caught = next(one for one in seen if isinstance(one, SessionEnded))
    assert not isinstance(seen[2], SessionEnded)
    assert caught.reason == "timeout"
    assert "1 s for all of it" in caught.detail


def test_the_total_counts_the_submissions_time_not_the_graders(hurried):
    hurried.run_cells(["def f():\n    return 1"])
    time.sleep(1.2)
    assert hurried.call("f", (), {}).value == 1


def test_too_large_an_array_is_a_memory_error_and_the_session_goes_on(session):
    source = "import numpy as np\ndef attack(n):\n    return np.ones(n).sum()"
    session.run_cells([source])
    seen = session.call("attack", (LIMITS.memory_mb << 18,), {})
    assert "MemoryError" in seen.raised.classes
    assert session.call("attack", (1000,), {}).value == 1000


@pytest.mark.parametrize(
    "body",
    [
        "x = []\n    while True: x.append(bytearray(1 << 20))",
        "x = 'x'\n    while True: x += x",
        "return [bytearray(1 << 20) for _ in range(10**6)]",
    ],
    ids=["list", "string", "kept"],
)
def test_a_memory_bomb_gets_no_more_than_its_limit(jail, session, body):
    session.run_cells([f"keep = []\ndef attack():\n    {body}"])
    seen = result_of(session, "attack")
    if isinstance(seen, SessionEnded):
        assert seen.reason == "memory"
    else:
        assert "MemoryError" in seen.raised.classes
    assert answers(jail)


def test_memory_that_threads_and_mappings_take_counts_too(session):
    source = """
import mmap
kept = []
def attack():
    try:
        while True:
            kept.append(mmap.mmap(-1, 16 << 20))
            kept[-1][::4096] = b"x" * len(kept[-1][::4096])
    except OSError:
        return len(kept) * 16
"""
    assert attack(session, source) <= LIMITS.memory_mb


@pytest.mark.parametrize(
    ("call", "number"),
    [("memfd_create", {"x86_64": 319, "aarch64": 279}), ("shmget", {"x86_64": 29, "aarch64": 194})],
)
def test_memory_no_limit_counts_cannot_be_had(session, call, number):
    source = "def attack(n):\n    return system_call(n, b'x', 1 << 20, 0o1600)"
    assert attack(session, source, number[platform.machine()]) == "EPERM"


def test_the_memory_file_systems_are_small(jail):
    source = """
def attack(folder):
    written = 0
    try:
        for n in range(100):
            with open(f"{folder}/{n}", "wb", buffering=0) as file:
                while file.write(bytes(1 << 20)):
                    written += 1
                    if file.tell() >= 4 << 20:
                        break
    except OSError as error:
        return written, errno.errorcode[error.errno]
"""
    for folder in ("/tmp", "/dev/shm"):
        with jail.open() as session:
            written, error = attack(session, source, folder)
        if jail.backend == "bubblewrap":
            assert error == "ENOSPC"
            assert written <= LIMITS.file_mb
        else:
            assert (written, error) == (0, "EACCES")


def test_a_file_has_a_largest_size(jail):
    small = replace(LIMITS, file_mb=2)
    source = """
def attack():
    def grow():
        with open("/tmp/huge", "wb", buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, 1 << 30)
    return attempt(grow), os.path.exists("/tmp/huge") and os.path.getsize("/tmp/huge")
"""
    with jail.open(small) as session:
        error, size = attack(session, source)
    assert error == ("EFBIG" if jail.backend == "bubblewrap" else "EACCES")
    assert size <= 2 << 20


def test_open_files_are_counted(session):
    source = """
kept = []
def attack():
    try:
        while True:
            kept.append(open("/dev/urandom"))
    except OSError as error:
        return len(kept), errno.errorcode[error.errno]
"""
    count, error = attack(session, source)
    assert error == "EMFILE"
    assert count < LIMITS.open_files


def test_a_fork_bomb_starts_nothing(jail, session):
    source = """
def attack():
    return [attempt(f) for f in (os.fork, os.forkpty, lambda: os.system("true") or None)] + [
        attempt(os.posix_spawn, "/bin/true", ["true"], {}),
        system_call(CLONE, 17, 0, 0, 0, 0),
    ]
"""
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    fork, pty, shell, spawn, clone = attack(session, f"CLONE = {number}\n{source}")
    assert fork == "EPERM"
    assert pty in ("EPERM", "ENOENT", "EACCES")
    assert shell != "done"
    assert spawn in ("EPERM", "ENOENT", "EACCES")
    assert clone == "EPERM"
    assert answers(jail)


def test_a_thread_bomb_stops_at_the_limit(jail, session):
    source = """
import threading
stop = threading.Event()
def attack():
    threading.stack_size(64 << 10)
    count = 0
    try:
        while count < 5000:
            threading.Thread(target=stop.wait, daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    return count
"""
    assert attack(session, source) < LIMITS.processes
    assert answers(jail)


def test_threads_that_spin_between_calls_run_into_the_processor_limit(jail):
    """Wall time is counted only while the submission is asked; this is the backstop."""
    source = (
        "def attack():\n    import resource\n    return resource.getrlimit(resource.RLIMIT_CPU)"
    )
    with jail.open(SHORT) as session:
        soft, hard = attack(session, source)
    assert soft == hard <= 1.0 * os.cpu_count() + 5


def test_a_submission_may_not_raise_its_limits(session):
    source = """
import resource
def attack():
    names = [n for n in dir(resource) if n.startswith("RLIMIT_")]
    out = {}
    for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CPU"):
        which = getattr(resource, name)
        out[name] = attempt(resource.setrlimit, which, (resource.RLIM_INFINITY,) * 2)
    return out
"""
    assert set(attack(session, source).values()) <= {"EPERM", "ValueError"}


def test_deep_recursion_is_an_ordinary_error(session):
    session.run_cells(["def attack(n):\n    return attack(n + 1)"])
    assert session.call("attack", (0,), {}).raised.classes[0] == "RecursionError"
    session.run_cells(["def attack(n):\n    return n"])
    assert session.call("attack", (1,), {}).value == 1


def test_a_large_batch_passes_within_the_limits(jail):
    generous = Limits(call_seconds=10, reply_mb=64)
    z = np.random.default_rng(0).normal(size=(512, 10_000))
    with jail.open(generous) as session:
        session.run_cells(["def f(z):\n    return z"])
        back = session.call("f", (z,), {}).value
    assert np.array_equal(back, z)


@pytest.mark.parametrize(
    "bad",
    [
        {"call_seconds": 0},
        {"memory_mb": -1},
        {"processes": 1.5},
        {"open_files": 3},
        {"reply_mb": "8"},
    ],
    ids=str,
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Limits(**bad)
