"""One submission's attack leaves the sessions beside it, and those after it, as they were."""

import threading
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from lnnn.grading.jail import SessionEnded

from .walls import LIMITS, PRELUDE, answers, attack, descendants

SHORT = replace(LIMITS, call_seconds=0.7)
ATTACKS = {
    "loop": "while True: pass",
    "memory": "x = []\n    while True: x.append(bytearray(1 << 22))",
    "threads": (
        "import threading\n    while True:\n        try:\n"
        "            threading.Thread(target=threading.Event().wait).start()\n"
        "        except RuntimeError: pass"
    ),
    "forks": "while True: attempt(os.fork)",
    "output": "while True: os.write(1, b'x' * 65536)",
    "flood": "while True: os.write(3, b'x' * 65536)",
    "files": (
        "n = 0\n    while True:\n        n += 1\n"
        "        for d in ('/tmp', '/dev/shm'):\n"
        "            attempt(lambda: open(f'{d}/{n}', 'wb').write(bytes(100_000)))"
    ),
    "signals": (
        "import signal\n    while True:\n        for p in (-1, 0, 1, os.getppid(), 2, 3):\n"
        "            attempt(os.kill, p, 9)"
    ),
    "crash": "ctypes.string_at(8)",
    "exit": "os._exit(1)",
    "close": "os.closerange(0, 100)\n    while True: pass",
    "stop": "os.kill(os.getpid(), 19)\n    while True: pass",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_neighbour_answers_before_during_and_after_an_attack(jail, name):
    zygote = jail._host.pid
    before = len(descendants(jail._host._process.pid))
    with jail.open() as neighbour, jail.open(SHORT) as attacker:
        neighbour.run_cells(
            ["state = []\ndef count(x):\n    state.append(x)\n    return len(state)"]
        )
        assert neighbour.call("count", (1,), {}).value == 1
        attacker.run_cells([PRELUDE, f"def attack():\n    {ATTACKS[name]}"])
        ended = []

        def run():
            try:
                attacker.call("attack", (), {})
            except SessionEnded as end:
                ended.append(end)

        thread = threading.Thread(target=run)
        thread.start()
        slowest, calls = 0.0, 1
        while thread.is_alive() and calls < 200:
            start = time.monotonic()
            calls += 1
            assert neighbour.call("count", (1,), {}).value == calls
            slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.01)
        thread.join()
        assert slowest < 1.0
        assert neighbour.call("count", (1,), {}).value == calls + 1
    assert answers(jail)
    assert jail._host.pid == zygote
    assert jail._host.alive
    assert gone_down_to(jail._host._process.pid, before)


def gone_down_to(pid, count):
    """True when the processes below ``pid`` come down to ``count`` within two seconds."""
    deadline = time.monotonic() + 2
    while len(descendants(pid)) > count:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_files_of_one_session_are_not_seen_in_another(jail):
    write = """
def attack():
    done = []
    for folder in ("/tmp", "/dev/shm"):
        done.append(str(attempt(lambda: open(f"{folder}/answers", "w").write("42"))))
    return done
"""
    read = """
def attack():
    found = []
    for folder in ("/tmp", "/dev/shm"):
        found.append(str(attempt(lambda: open(f"{folder}/answers").read())))
    return found
"""
    with jail.open() as early, jail.open() as writer:
        written = attack(writer, write)
        assert written == (["2", "2"] if jail.backend == "bubblewrap" else ["EACCES"] * 2)
        with jail.open() as late:
            for other in (early, late):
                assert set(attack(other, read)) <= {"ENOENT", "EACCES"}


def test_what_one_session_does_to_numpy_no_other_sees(jail):
    with jail.open() as early, jail.open() as vandal:
        vandal.run_cells(
            ["import numpy as np\nnp.log = np.exp = lambda x: 0\nnp.seterr(all='raise')"]
        )
        with jail.open() as late:
            for session in (early, late):
                value = attack(
                    session, "import numpy as np\ndef attack(x):\n    return np.log(x)", 1.0
                )
                assert value == 0.0
                value = attack(session, "def attack(z):\n    return np.exp(z)", np.array([-800.0]))
                assert value == 0.0


def test_sessions_do_not_share_a_channel(jail):
    """Each session has one socket; a neighbour's replies can't be read or written."""
    source = """
def attack():
    open_files = []
    for fd in range(4, 4096):
        try:
            os.fstat(fd)
            open_files.append(fd)
        except OSError:
            pass
    return open_files
"""
    with jail.open(), jail.open(), jail.open() as session:
        assert attack(session, source) == []


def test_many_sessions_one_after_the_other_leave_nothing(jail):
    before = len(descendants(jail._host._process.pid))
    for _ in range(30):
        with jail.open() as session, suppress(SessionEnded):
            session.run_cells(["import os", "os._exit(3)"])
    assert gone_down_to(jail._host._process.pid, before)


def test_many_sessions_at_once_answer(jail):
    sessions = [jail.open() for _ in range(12)]
    try:
        for number, session in enumerate(sessions):
            session.run_cells([f"def f():\n    return {number}"])
        assert [s.call("f", (), {}).value for s in sessions] == list(range(12))
    finally:
        for session in sessions:
            session.close()
