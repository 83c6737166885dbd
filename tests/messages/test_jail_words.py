"""What the jail says: why a session ended, why an answer can't be sent, why there is no jail."""

import re

import pytest
from pseudo import assert_said as said

from lnnn.build.project import ROOT
from lnnn.grading.jail import Jail, JailUnavailable, Limits, SessionEnded, backends, words
from lnnn.grading.jail import jail as jail_module
from lnnn.grading.jail.inside import frames
from lnnn.observe import Raised

pytestmark = pytest.mark.slow

LIMITS = Limits(call_seconds=0.5, total_seconds=4.0, memory_mb=512)

REFUSED = [
    ("type", "set"), ("key", "tuple"), ("dtype", "object"), ("dtype", "datetime64"),
    ("scalar dtype", "void"), ("not Unicode",), ("too many values",), ("too many digits",),
    ("too many arrays", "4096"), ("too deep", "32"), ("too large", "70", "64"),
]  # fmt: skip
FINDINGS = [
    "exists", "readable", "importable", "not importable", "root", "capabilities", "group",
    "no limit", "writes files", "signals", "execv", "socket", "unshare", "ptrace", "fork",
    "pid namespace", "processes", "writable", "visible", "network",
]  # fmt: skip


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_an_answer_that_cannot_be_sent(pseudo, refused):
    raised = words.raised(Raised((frames.REFUSED, *refused), ""))
    assert raised.classes == ("TypeError", "Exception")
    said([raised.message], (r"\b(set|tuple|datetime64|void)\b",))


def test_a_forged_refusal_is_no_place_to_look_into_the_grader(pseudo):
    raised = words.raised(Raised((frames.REFUSED, "{name.__class__}"), ""))
    assert "{name.__class__}" in raised.message
    assert words.raised(Raised((frames.REFUSED,), "")).classes[0] == "TypeError"


@pytest.mark.parametrize("key", FINDINGS)
def test_what_the_self_test_finds(pseudo, key):
    said([words.finding(key, "/etc")], (r"/etc\b",))


def test_every_finding_of_the_inside_has_its_sentence():
    inside = (ROOT / "src/lnnn/grading/jail/inside/probe.py").read_text(encoding="utf-8")
    keys = re.findall(r'found\.append\(\["([\w ]+)"|"(\w+)": (?:lambda|_fork)', inside)
    zygote = (ROOT / "src/lnnn/grading/jail/inside/zygote.py").read_text(encoding="utf-8")
    keys += re.findall(r'finding=\["(\w+)"()', zygote)
    assert {one or other for one, other in keys} == set(FINDINGS)


@pytest.mark.parametrize("kind", ["cell", "call", "names", "probe"])
def test_silence(pseudo, kind):
    for in_all in (True, False):
        said([words.silence(kind, "softmax", 0.5, in_all)], ("softmax",))


ENDS = {
    "leaves": "import os\ndef f():\n    os._exit(3)",
    "crashes": "import ctypes\ndef f():\n    ctypes.string_at(8)",
    "is killed": "import os\ndef f():\n    os.kill(os.getpid(), 9)",
    "hangs": "def f():\n    while True: pass",
    "hangs up": "import os, time\ndef f():\n    os.close(3)\n    time.sleep(9)",
    "writes noise": "import os\ndef f():\n    os.write(3, bytes(64))\n    while True: pass",
    "is early": (
        "import os, sys\nf = lambda: None\nframes = sys.modules['inside.frames']\n"
        "parts = frames.pack(('call', 3, None, None, [], [], 0.0))\n"
        "def f():\n    os.write(3, b''.join(map(bytes, parts)))"
    ),
}


def call_twice(session, name):
    session.call(name, (), {})
    session.call(name, (), {})


@pytest.mark.parametrize("what", ENDS)
def test_how_a_session_ends(pseudo, what):
    with Jail(LIMITS, backend="none") as jail, jail.open() as session:
        session.run_cells([ENDS[what]])
        with pytest.raises(SessionEnded) as ended:
            call_twice(session, "f")
    # The protocol names its faults itself, as Python does.
    said([ended.value.detail], (r"\bf\b", "the prefix is not one of this protocol", "SIGSEGV"))


def test_what_a_call_comes_to(pseudo):
    with Jail(LIMITS, backend="none") as jail, jail.open() as session:
        session.run_cells(["def f():\n    return {1}"])
        said([session.call("f", (), {}).raised.message], (r"\bset\b",))
        missing = session.call("softmax", (), {}).raised
        assert "NameError" in missing.classes
        said([missing.message], ("softmax",))
        said(jail.notes)


def test_no_jail(pseudo, monkeypatch):
    monkeypatch.setattr(jail_module, "_chosen", {})
    monkeypatch.setattr(backends.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(backends.os, "getuid", lambda: 1000)
    with pytest.raises(JailUnavailable) as caught:
        Jail().open()
    said([str(caught.value)], (r"\b(bubblewrap|bwrap|apt install|unprivileged uid)\b",))


def test_a_jail_that_shows_what_it_must_hide(pseudo, monkeypatch):
    def showing(python):
        for launch in backends.unsafe_launches(python):
            launch.shows = lambda path: True
            yield launch

    monkeypatch.setattr(jail_module, "_chosen", {})
    monkeypatch.setitem(jail_module._WAYS, backends.NONE, showing)
    with pytest.raises(JailUnavailable) as caught:
        Jail(backend="none", hidden=["/etc", "/usr"]).open()
    said([str(caught.value)], (r"/(etc|usr)\b", r"\bnone:"))
