"""Whoever dies, nothing is left behind, and the next submission is graded."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from attacks.walls import LIMITS, NONE, WALLS, answers, descendants, make_jail

from lnnn.grading.jail import SessionEnded


@pytest.fixture(params=[*WALLS, NONE])
def jail(request):
    with make_jail(request.param) as made:
        yield made


def wait_until(condition, seconds=3.0):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def running(pid):
    """True when a process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_when_the_warm_interpreter_is_killed_the_session_crashes_and_the_next_one_works(jail):
    with jail.open() as session:
        session.run_cells(["def f():\n    return 1"])
        family = descendants(jail._host._process.pid)
        assert len(family) >= 2
        victim = zygote_of(family)
        os.kill(victim, signal.SIGKILL)
        assert wait_until(lambda: not any(map(running, family)))
        with pytest.raises(SessionEnded) as caught:
            session.call("f", (), {})
        assert caught.value.reason == "crashed"
    assert answers(jail)


def zygote_of(family):
    """The warm interpreter: the process that runs zygote.py and is nobody's fork of itself."""
    arguments = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in family}
    return min(p for p, a in arguments.items() if any(x.endswith(b"/zygote.py") for x in a[:7]))


def test_when_it_is_killed_in_the_middle_of_a_call_the_call_ends(jail):
    with jail.open() as session:
        session.run_cells(["import time\ndef f():\n    time.sleep(60)"])
        victim = zygote_of(descendants(jail._host._process.pid))
        killer = threading.Timer(0.2, os.kill, (victim, signal.SIGKILL))
        killer.start()
        start = time.monotonic()
        with pytest.raises(SessionEnded) as caught:
            session.call("f", (), {})
        assert caught.value.reason == "crashed"
        assert time.monotonic() - start < LIMITS.call_seconds
        killer.join()
    assert answers(jail)


def test_closing_the_jail_leaves_no_process_and_no_file(jail):
    jail.warm()
    scratch = jail._launch.scratch
    sessions = [jail.open() for _ in range(3)]
    family = descendants(jail._host._process.pid)
    assert len(family) >= 4
    start = time.monotonic()
    jail.close()
    assert time.monotonic() - start < 2.0
    assert wait_until(lambda: not any(map(running, family)), 1.0)
    assert scratch is None or not scratch.exists()
    for session in sessions:
        session.close()
    with pytest.raises(RuntimeError, match="closed"):
        jail.open()


GRADER = """
import os, sys, threading, time
sys.path.insert(0, {folder!r})
from attacks.walls import make_jail
jail = make_jail({backend!r})
session = jail.open()
session.run_cells(["import time\\ndef f():\\n    while True: pass"])
threading.Thread(target=session.call, args=("f", (), {{}}), daemon=True).start()
{extra}
print("ready", flush=True)
time.sleep(60)
"""
EXTRAS = {
    "alone": "",
    "with a forked sibling that holds its sockets": "os.fork() or (time.sleep(20), os._exit(0))",
}


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("wall", [*WALLS, NONE])
def test_when_the_grader_is_killed_nothing_is_left(wall, extra):
    make_jail(wall).close()  # skips where this wall can't be had
    folder = str(Path(__file__).parent)
    source = GRADER.format(folder=folder, backend=wall, extra=EXTRAS[extra])
    grader = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    siblings = []
    try:
        assert grader.stdout.readline() == b"ready\n"
        family = [pid for pid in descendants(grader.pid) if pid != grader.pid]
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family}
        siblings = [pid for pid, line in lines.items() if b"attacks.walls" in line]
        family = [pid for pid in family if pid not in siblings]
        assert len(family) >= 2
        assert len(siblings) == (0 if extra == "alone" else 1)
        grader.kill()
        grader.wait()
        assert wait_until(lambda: not any(map(running, family)))
    finally:
        grader.kill()
        grader.stdout.close()
        for pid in siblings:
            os.kill(pid, signal.SIGKILL)


def test_the_jail_outlives_the_thread_that_started_it(jail):
    thread = threading.Thread(target=jail.warm)
    thread.start()
    thread.join()
    pid = jail._host.pid
    time.sleep(0.1)
    assert answers(jail)
    assert jail._host.pid == pid


def test_a_forked_process_gets_a_warm_interpreter_of_its_own(jail):
    jail.warm()
    mine = jail._host._process.pid
    child = os.fork()
    if child == 0:
        good = answers(jail) and jail._host._process.pid != mine
        jail.close()
        os._exit(0 if good else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert jail._host.alive
    assert answers(jail)
    assert jail._host._process.pid == mine


def test_several_threads_use_one_jail(jail):
    results = []

    def grade(number):
        with jail.open() as session:
            session.run_cells([f"def f():\n    return {number}"])
            results.append(session.call("f", (), {}).value == number)

    threads = [threading.Thread(target=grade, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


def test_a_session_that_timed_out_is_gone_at_once(jail):
    jail.warm()
    before = set(descendants(jail._host._process.pid))
    with jail.open(replace(LIMITS, call_seconds=0.3)) as session:
        with pytest.raises(SessionEnded):
            session.run_cells(["while True: pass"])
        assert wait_until(lambda: set(descendants(jail._host._process.pid)) <= before, 0.5)


def test_the_folder_of_a_killed_grader_is_removed_by_the_next_one():
    grader = subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True)
    orphan = Path(grader.stdout.readline().strip())
    grader.kill()
    grader.wait()
    grader.stdout.close()
    assert orphan.is_dir()
    with make_jail("none") as jail:
        jail.warm()
        assert not orphan.exists()
        assert jail._launch.scratch.is_dir()


ORPHAN = """
import time
from lnnn.grading.jail import Jail
jail = Jail(backend="none")
jail.warm()
print(jail._launch.scratch, flush=True)
time.sleep(60)
"""
