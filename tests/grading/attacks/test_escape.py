"""System calls that break walls answer "not permitted"; the process can't leave by itself."""

import platform
import time

import pytest

from lnnn.grading.jail import SessionEnded

from .walls import answers, attack, result_of

COLUMN = {"x86_64": 0, "aarch64": 1}[platform.machine()]
DENIED = {
    "unshare": ((272, 97), (0x10000000,)),
    "setns": ((308, 268), (0, 0)),
    "mount": ((165, 40), (0, 0, 0, 0, 0)),
    "umount2": ((166, 39), (0, 0)),
    "pivot_root": ((155, 41), (0, 0)),
    "open_tree": ((428, 428), (0, 0, 0)),
    "fsopen": ((430, 430), (0, 0)),
    "ptrace": ((101, 117), (0, 0, 0, 0)),
    "process_vm_readv": ((310, 270), (1, 0, 0, 0, 0, 0)),
    "process_vm_writev": ((311, 271), (1, 0, 0, 0, 0, 0)),
    "pidfd_open": ((434, 434), (1, 0)),
    "pidfd_getfd": ((438, 438), (0, 0, 0)),
    "bpf": ((321, 280), (0, 0, 0)),
    "perf_event_open": ((298, 241), (0, 0, 0, 0, 0)),
    "userfaultfd": ((323, 282), (0,)),
    "io_uring_setup": ((425, 425), (1, 0)),
    "keyctl": ((250, 219), (0, -1, 0)),
    "add_key": ((248, 217), (0, 0, 0, 0, -3)),
    "open_by_handle_at": ((304, 265), (0, 0, 0)),
    "kexec_load": ((246, 104), (0, 0, 0, 0)),
    "init_module": ((175, 105), (0, 0, 0)),
    "personality": ((135, 92), (0x0040000,)),
    "sethostname": ((170, 161), (0, 0)),
    "execve": ((59, 221), (0, 0, 0)),
    "execveat": ((322, 281), (-100, 0, 0, 0, 0)),
    "socket": ((41, 198), (1, 1, 0)),
    "flock": ((73, 32), (3, 5)),
    "inotify_init1": ((294, 26), (0,)),
    "statmount": ((457, 457), (0, 0, 0, 0)),
    "listmount": ((458, 458), (0, 0, 0, 0)),
    "sysinfo": ((99, 179), (0,)),
    "fcntl, asking for a lock": ((72, 25), (3, 5, 0)),
    "fcntl, setting a lock": ((72, 25), (3, 6, 0)),
    "fcntl, setting a lock of an open file": ((72, 25), (3, 37, 0)),
    "fcntl, setting a lease": ((72, 25), (3, 1024, 0)),
    "prctl, outliving the zygote": ((157, 167), (1, 0)),
    "ioctl, typing into a terminal": ((16, 29), (0, 0x5412, 0)),
    "ioctl, pasting into a terminal": ((16, 29), (0, 0x541C, 0)),
}
CALL = "def attack(number, arguments):\n    return system_call(number, *arguments)"


@pytest.mark.parametrize("name", DENIED)
def test_a_system_call_that_breaks_walls_is_not_permitted(session, name):
    """The arguments are such that the kernel, if asked, would say something else or do it."""
    numbers, arguments = DENIED[name]
    assert attack(session, CALL, numbers[COLUMN], arguments) == "EPERM"


def test_clone3_is_unknown_and_a_too_young_call_too(session):
    assert attack(session, CALL, 435, (0, 0)) == "ENOSYS"
    assert attack(session, CALL, 480, ()) == "ENOSYS"


@pytest.mark.parametrize("flag", [0x00020000, 0x10000000, 0x20000000, 0x40000000], ids=hex)
def test_clone_makes_neither_processes_nor_namespaces(session, flag):
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    assert attack(session, CALL, number, (flag | 17, 0, 0, 0, 0)) == "EPERM"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 exists on x86-64 only")
def test_a_call_with_the_numbers_of_x32_kills_the_process(session):
    """Otherwise number 0x40000000 + n would pass below every rule."""
    with pytest.raises(SessionEnded) as caught:
        attack(session, CALL, 0x40000000 + 272, (0x10000000,))
    assert caught.value.reason == "crashed"
    assert "SIGSYS" in caught.value.detail


@pytest.mark.skipif(platform.machine() != "x86_64", reason="int 0x80 exists on x86-64 only")
def test_the_calls_of_32_bit_programs_kill_the_process(session):
    """``int 0x80`` reaches another table of calls, with numbers of its own."""
    source = """
import mmap
def attack():
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # mov eax, 2 (fork in the 32-bit table); int 0x80; ret
    code.write(bytes([0xB8, 2, 0, 0, 0, 0xCD, 0x80, 0xC3]))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
"""
    with pytest.raises(SessionEnded) as caught:
        attack(session, source)
    assert caught.value.reason == "crashed"
    assert "SIGSYS" in caught.value.detail


@pytest.mark.parametrize(
    "action",
    [
        "os.execv(sys.executable or '/bin/sh', ['x'])",
        "os.execv('/lib64/ld-linux-x86-64.so.2', ['x'])",
        "os.posix_spawn('/bin/sh', ['sh'], {})",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('multiprocessing').Process(target=print).start()",
        "__import__('pty').fork()",
    ],
    ids=["python", "loader", "spawn", "subprocess", "multiprocessing", "pty"],
)
def test_no_program_and_no_process_can_be_started(jail, session, action):
    answer = attack(session, f"def attack():\n    return str(attempt(lambda: {action}))")
    assert answer in ("EPERM", "ENOENT", "EACCES", "out of pty devices")
    assert answers(jail)


def test_os_system_runs_nothing(session):
    source = """
def attack():
    status = os.system("echo broken > /tmp/broken")
    return status, os.path.exists("/tmp/broken")
"""
    status, exists = attack(session, source)
    assert status != 0
    assert not exists


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/usr/x",
        "/usr/lib/x",
        "/etc/x",
        "/dev/x",
        "/proc/x",
        "/jail/x",
        "/jail/lib/x",
        "/var/x",
    ],
)
def test_nothing_outside_tmp_can_be_written(session, path):
    source = "def attack(path):\n    return str(attempt(lambda: open(path, 'w').close() or 'done'))"
    assert attack(session, source, path) in ("EROFS", "EACCES", "ENOENT", "EPERM")


def test_python_and_numpy_cannot_be_changed_for_the_next_submission(session):
    source = """
def attack():
    import numpy, json
    out = []
    for path in (numpy.__file__, json.__file__, os.__file__):
        for action in (lambda: open(path, "a"), lambda: os.unlink(path), lambda: os.chmod(path, 0),
                       lambda: os.rename(path, path + "x"), lambda: os.symlink("x", path + "y")):
            out.append(str(attempt(action)))
    return out
"""
    assert set(attack(session, source)) <= {"EROFS", "EACCES", "EPERM"}


@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("os._exit(0)", "exit status 0"),
        ("os._exit(77)", "exit status 77"),
        ("os.abort()", "SIG"),
        ("ctypes.string_at(8)", "SIGSEGV"),
        ("ctypes.CFUNCTYPE(None)(1)()", "SIG"),
    ],
    ids=["exit", "exit 77", "abort", "null pointer", "wild jump"],
)
@pytest.mark.parametrize("place", ["cell", "call"])
def test_a_process_that_dies_is_a_crash_with_its_cause(jail, session, action, word, place):
    source = f"import os, ctypes\ndef attack():\n    {action}\n" + "attack()\n" * (place == "cell")
    start = time.monotonic()
    with pytest.raises(SessionEnded) as caught:
        run(session, source)
    assert caught.value.reason == "crashed"
    assert word in caught.value.detail
    assert time.monotonic() - start < 1.5
    assert answers(jail)


def run(session, source):
    session.run_cells([source])
    session.call("attack", (), {})


@pytest.mark.parametrize("number", [9, 15, 19, 11, 2], ids=["KILL", "TERM", "STOP", "SEGV", "INT"])
def test_signals_to_itself_end_at_most_the_submission(jail, session, number):
    """As first process of its namespace it is immune to its own signals; elsewhere it dies."""
    session.run_cells(
        ["import os\ndef attack(n):\n    os.kill(os.getpid(), n)\n    return 'alive'"]
    )
    seen = result_of(session, "attack", number)
    if isinstance(seen, SessionEnded):
        assert jail.backend != "bubblewrap" or number == 11
        assert seen.reason in ("crashed", "memory", "timeout")
    else:
        assert seen.value == "alive" or seen.raised.classes[0] == "KeyboardInterrupt"
    assert answers(jail)


def test_deep_recursion_in_c_ends_at_most_the_submission(jail, session):
    source = """
def attack():
    sys.setrecursionlimit(10**9)
    x = []
    for _ in range(300_000):
        x = [x]
    return repr(x)[:10]
"""
    session.run_cells([f"import sys\n{source}"])
    seen = result_of(session, "attack")
    if isinstance(seen, SessionEnded):
        assert seen.reason == "crashed"
        assert "SIGSEGV" in seen.detail
    else:
        assert seen.raised.classes[0] in ("RecursionError", "MemoryError")
    assert answers(jail)


def test_exit_handlers_do_not_run_and_threads_do_not_survive(jail):
    source = """
import atexit, threading, time
atexit.register(lambda: os.write(3, b"forged at exit"))
def linger():
    while True:
        time.sleep(0.01)
def attack():
    threading.Thread(target=linger).start()
    return os.getpid()
"""
    with jail.open() as session:
        attack(session, source)
    assert answers(jail)
