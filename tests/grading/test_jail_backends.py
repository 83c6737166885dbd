"""Every way to build a jail is as strong as it says, and a jail that isn't refuses to grade."""

import importlib.util
import os
import platform
import re
import socket
from pathlib import Path

import numpy as np
import pytest
from attacks.walls import LIMITS, REPOSITORY, answers, attack, make_jail, readable_python

from lnnn.grading.jail import Jail, JailUnavailable, backends, layout
from lnnn.grading.jail import jail as jail_module
from lnnn.grading.jail.inside import landlock, seccomp

WAYS = {
    0: "root mounts, sessions nest",
    1: "a free uid mounts, sessions nest",
    2: "root mounts, a jail a session",
    3: "a free uid mounts, a jail a session",
}


@pytest.fixture
def forget(monkeypatch):
    """No choice of an earlier test is remembered."""
    monkeypatch.setattr(jail_module, "_chosen", {})


def only(monkeypatch, change, backend=backends.BUBBLEWRAP):
    """Let a backend offer what ``change`` makes of its launches."""
    original = jail_module._WAYS[backend]
    monkeypatch.setitem(jail_module._WAYS, backend, lambda python: change(list(original(python))))


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("way", WAYS, ids=WAYS.get)
def test_each_way_to_start_bubblewrap_holds(monkeypatch, forget, way):
    if os.getuid() != 0 and way not in (0, 2):
        pytest.skip("a grader that is not root has one way with and one without nesting")
    index = way if os.getuid() == 0 else way // 2
    only(monkeypatch, lambda launches: [launches[index]])
    with Jail(LIMITS, python=readable_python(), hidden=[REPOSITORY / "tests"]) as jail:
        assert jail.backend == backends.BUBBLEWRAP
        source = """
def attack():
    return [os.getuid(), attempt(os.fork), attempt(os.listdir, "/root"), attempt(os.kill, 1, 9),
            attempt(lambda: open("/proc/1/mem", "rb").read(1)),
            attempt(lambda: open("/tmp/x", "w").close()), attempt(lambda: open("/x", "w").close())]
"""
        for _ in range(2):
            with jail.open() as session:
                uid, fork, root, kill, memory, tmp, top = attack(session, source)
            assert uid >= 1000
            assert (fork, root, top) == ("EPERM", "ENOENT", "EROFS")
            assert kill in ("done", "EPERM", "ESRCH")  # number 1 is immune, or not to be seen
            assert memory in ("ENOENT", "EACCES", "EPERM")
            assert tmp == "done"
        with jail.open() as one, jail.open() as two:
            attack(one, "def attack():\n    open('/tmp/mark', 'w').write('x')")
            assert attack(two, "def attack():\n    return os.listdir('/tmp')") == []
        assert answers(jail)


@pytest.mark.needs_bwrap
def test_auto_takes_bubblewrap_when_it_is_there():
    with Jail() as jail:
        assert jail.backend == "bubblewrap"
        assert jail.notes == ()


def test_without_any_wall_nothing_is_graded_and_the_message_says_why(monkeypatch, forget):
    monkeypatch.setattr(backends.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(backends.os, "getuid", lambda: 1000)
    with pytest.raises(JailUnavailable) as caught:
        Jail().open()
    text = str(caught.value)
    assert "bubblewrap: bwrap is not installed (apt install bubblewrap)." in text
    assert "unprivileged uid: Only root can give sessions another uid." in text
    assert "Install bubblewrap" in text


def test_auto_grades_without_a_wall_only_when_that_is_asked_for(monkeypatch, forget):
    monkeypatch.setattr(backends.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(backends.os, "getuid", lambda: 1000)
    with Jail(unsafe=True) as jail:
        assert jail.backend == "none"
        assert "There is no isolation: a submission can" in jail.notes[0]
        assert answers(jail)


def test_auto_falls_back_to_another_uid(monkeypatch, forget):
    if os.getuid() != 0:
        pytest.skip("only root can give sessions another uid")
    python = readable_python()
    monkeypatch.setattr(backends.shutil, "which", lambda *_, **__: None)
    with Jail(python=python) as jail:
        assert jail.backend == "unprivileged uid"
        assert answers(jail)


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(ValueError, match=r"docker.*bubblewrap.*unprivileged uid.*none"):
        Jail(backend="docker")


def test_another_version_of_python_is_refused(tmp_path):
    path = tmp_path / "python"
    answer = '["/usr/bin/python", "/usr", "/usr/lib/python3.2", [3, 2]]'
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    with pytest.raises(ValueError, match=r"is Python 3\.2"):
        layout.interpreter(str(path))


# ---------------------------------------------------------------- the self-test fails closed


def refuses(monkeypatch, change, words, **options):
    only(monkeypatch, lambda launches: [change(launch) for launch in launches[:1]])
    with pytest.raises(JailUnavailable, match=words):
        Jail(backend=backends.BUBBLEWRAP, **options).open()


def showing(*more):
    """Mount something else before the root becomes read-only."""

    def change(launch):
        place = launch.command.index("--proc")
        launch.command[place:place] = more
        return launch

    return change


def without(option):
    def change(launch):
        launch.command.remove(option)
        return launch

    return change


@pytest.mark.needs_bwrap
def test_a_jail_that_shows_a_hidden_path_is_refused(monkeypatch, forget):
    hidden = "/usr/share"  # not below /tmp, which every session covers anyway
    mount = showing("--dir", "/usr", "--ro-bind", hidden, hidden)
    refuses(monkeypatch, mount, f"{hidden} exists inside", hidden=[hidden])


@pytest.mark.needs_bwrap
def test_a_hidden_path_among_the_shown_files_is_refused(forget):
    numpy = Path(np.__file__).parent
    with pytest.raises(JailUnavailable, match="must show"):
        Jail(backend="bubblewrap", hidden=[numpy / "testing"]).open()
    with pytest.raises(JailUnavailable, match="must show"):
        Jail(backend="bubblewrap", hidden=[layout.interpreter().stdlib / "json"]).open()


@pytest.mark.needs_bwrap
def test_a_hidden_path_beside_numpy_is_fine(forget):
    """Third-party packages lie in covered folders; a project may be installed there."""
    with Jail(backend="bubblewrap", hidden=[Path(np.__file__).parents[1] / "mpmath"]) as jail:
        assert answers(jail)


@pytest.mark.needs_bwrap
def test_a_jail_that_shows_a_forbidden_module_is_refused(monkeypatch, forget):
    folder = str(Path(importlib.util.find_spec("mpmath").origin).parent)

    def change(launch):
        return showing("--ro-bind", folder, f"{launch.config['path'][1]}/mpmath")(launch)

    refuses(monkeypatch, change, "mpmath can be imported")


MORE = {
    "a writable folder": (("--perms", "0777", "--tmpfs", "/srv"), "can write to /srv"),
    "the host's users": (("--ro-bind", "/etc/passwd", "/etc/passwd"), "sees /etc/passwd"),
    "the host's data": (("--ro-bind", "/var", "/var"), "sees /var"),
}


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("name", MORE)
def test_a_jail_that_shows_more_than_it_should_is_refused(monkeypatch, forget, name):
    arguments, words = MORE[name]
    refuses(monkeypatch, showing(*arguments), words)


@pytest.mark.needs_bwrap
def test_a_jail_with_the_hosts_network_is_refused(monkeypatch, forget):
    if {name for _, name in socket.if_nameindex()} <= {"lo"}:
        pytest.skip("this machine has no network to leak")
    refuses(monkeypatch, without("--unshare-net"), "network")


SABOTAGE = {
    "the filter": ("seccomp.py", "install", "can start a process"),
    "the capabilities": ("confine.py", "drop_capabilities", "holds capabilities"),
    "the private files": ("confine.py", "private_files", "sees processes"),
    "the limits": ("confine.py", "limit_resources", "RLIMIT_NPROC is not set|RLIMIT_AS is not set"),
}


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("name", SABOTAGE)
def test_a_jail_that_forgot_a_wall_is_refused(monkeypatch, forget, tmp_path, name):
    """One function of the jail's own files does nothing any more."""
    file, function, words = SABOTAGE[name]
    source = (layout.INSIDE / file).read_text()
    assert f"def {function}(" in source
    broken = tmp_path / file
    broken.write_text(f"{source}\n\ndef {function}(*_):\n    pass\n")
    files = layout.own_files() | {file: broken}
    monkeypatch.setattr(layout, "own_files", lambda: files)
    only(monkeypatch, lambda launches: launches[:1])
    with pytest.raises(JailUnavailable, match=words):
        Jail(backend=backends.BUBBLEWRAP).open()


@pytest.mark.needs_bwrap
def test_a_jail_whose_sessions_are_root_is_refused(monkeypatch, forget):
    if os.getuid() != 0:
        pytest.skip("only root can run sessions as root")

    def change(launch):
        launch.config["become"] = None
        launch.config["layers"] = launch.config["layers"] | {"nested": False}
        return launch

    refuses(monkeypatch, change, "runs as root")


def test_the_second_wall_refuses_when_it_cannot_hide_a_path(monkeypatch, forget):
    with make_jail(backends.UID) as jail:
        assert jail.backend == backends.UID
    monkeypatch.setattr(landlock, "version", lambda: 0)  # as on a kernel without Landlock
    open_to_all = REPOSITORY / "tests" / "conftest.py"
    with (
        make_jail(backends.UID, hidden=[open_to_all]) as jail,
        pytest.raises(JailUnavailable, match="can be read from inside"),
    ):
        jail.open()


def test_the_second_wall_without_landlock_says_what_it_does_not_hold(monkeypatch, forget, tmp_path):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    secret = tmp_path / "suite.py"
    secret.write_text("expected = 42")
    secret.chmod(0o600)
    with make_jail(backends.UID, hidden=[secret]) as jail:
        assert "Landlock" in jail.notes[0]
        with jail.open() as session:
            source = "def attack(path):\n    return attempt(lambda: open(path).read())"
            assert attack(session, source, str(secret)) == "EACCES"
            assert attack(session, source, "/etc/hostname") not in ("EACCES", "ENOENT")
            write = "def attack():\n    return attempt(lambda: open('/tmp/lnnn-x', 'w').close())"
            assert attack(session, write) == "EACCES"


# ---------------------------------------------------------------- the filter's numbers


def header_numbers(path):
    pattern = re.compile(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)")
    return {m[1]: int(m[2]) for m in map(pattern.match, path.read_text().splitlines()) if m}


TABLES = {**seccomp._DENIED, **seccomp._FILE_CHANGES, **seccomp._CONDITIONAL}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_numbers_of_the_denied_calls_are_the_kernels(machine):
    places = {
        "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
        "aarch64": "/usr/include/asm-generic/unistd.h",
    }
    header = Path(places[machine])
    if not header.exists():
        pytest.skip(f"needs the kernel's header {header} (apt install linux-libc-dev)")
    kernel = header_numbers(header)
    column = list(seccomp._ARCHITECTURES).index(machine)
    checked = 0
    for name, numbers in TABLES.items():
        if numbers[column] is None:
            assert name not in kernel or name in ("fork", "vfork"), name
        elif name in kernel:
            assert numbers[column] == kernel[name], name
            checked += 1
    assert checked > 70


def test_the_filter_is_for_this_machine_only(monkeypatch):
    monkeypatch.setattr(
        seccomp.os, "uname", lambda: os.uname_result(("Linux", "n", "6", "v", "riscv64"))
    )
    assert not seccomp.supported()
    with pytest.raises(OSError, match="riscv64"):
        seccomp.build(keep_files=False)


def test_the_filter_fits_into_the_kernels_limit():
    if platform.machine() not in seccomp._ARCHITECTURES:
        pytest.skip("no table for this machine")
    assert len(seccomp.build(keep_files=True)) // 8 < 4096
