"""Whatever a submission does to its side of the protocol, it can only answer with plain data."""

import struct
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgpack
import numpy as np
import pytest

from lnnn.grading.jail import SessionEnded
from lnnn.grading.jail.inside import frames

from .walls import LIMITS, PRELUDE, answers, attack, result_of

# Builds frames as an attacker would, with the module the server itself uses.
FORGE = (
    PRELUDE
    + """
import struct, threading, time, msgpack
import numpy as np
frames = sys.modules["inside.frames"]

def write(data):
    while data:
        data = data[os.write(3, data):]

def request():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"]

def reply(number, value, raised=None, seconds=0.0):
    parts = frames.pack(("call", number, value, raised, [], [], seconds))
    return b"".join(bytes(part) for part in parts)

def raw(tree, tail=b""):
    structure = msgpack.packb(tree, use_bin_type=True)
    body = structure + (bytes(-len(structure) % 64) + tail if tail else b"")
    return frames.PREFIX.pack(frames.MAGIC, len(structure), len(body)) + body
"""
)


def crashes(session, source, *args):
    """Define ``attack`` and call it; the session must end as crashed. Its detail."""
    for outcome in session.run_cells([FORGE, source]):
        assert outcome.ok, outcome.error
    result_of(session, "attack", *args)
    ended = result_of(session, "attack", *args)
    assert isinstance(ended, SessionEnded), ended
    assert ended.reason == "crashed"
    return ended.detail


def test_the_forger_of_these_tests_can_also_forge_a_reply_that_is_taken(session):
    """A forged, well-formed reply to the running request is that submission's own answer."""
    source = "def attack():\n    write(reply(request()[1], 'mine'))\n    os._exit(0)"
    session.run_cells([FORGE, source])
    assert session.call("attack", (), {}).value == "mine"


def test_a_reply_before_the_question_ends_the_session(session):
    source = "def attack():\n    write(reply(1234, 'early'))\n    return 1"
    assert "nobody made" in crashes(session, source)


def test_a_second_reply_ends_the_session(session):
    source = "def attack():\n    write(reply(request()[1], 'a') * 2)\n    time.sleep(60)"
    assert "before it was asked" in crashes(session, source)


def test_a_reply_kept_for_the_next_question_ends_the_session(session):
    source = """
def attack():
    number = request()[1]
    threading.Timer(0.05, lambda: write(reply(number, 'replayed'))).start()
    return 1
"""
    for outcome in session.run_cells([FORGE, source]):
        assert outcome.ok
    assert session.call("attack", (), {}).value == 1
    time.sleep(0.3)
    with pytest.raises(SessionEnded) as caught:
        session.call("attack", (), {})
    assert caught.value.reason == "crashed"
    assert "before it was asked" in caught.value.detail


@pytest.mark.parametrize("number", ["0", "request()[1] + 1", "-1", "True", "float(request()[1])"])
def test_a_reply_to_another_question_ends_the_session(session, number):
    source = f"def attack():\n    write(reply({number}, 'x'))\n    time.sleep(60)"
    assert "nobody made" in crashes(session, source)


@pytest.mark.parametrize("kind", ["cell", "names", "probe", "ready", "", None])
def test_a_reply_of_another_kind_ends_the_session(session, kind):
    source = f"def attack():\n    write(raw([{kind!r}, request()[1], None, None, 0.0]))"
    assert "nobody made" in crashes(session, source + "\n    time.sleep(60)")


GOOD = ["call", "NUMBER", 1.0, None, ["l", []], ["l", []], 0.0]


def changed(position, value):
    return [value if i == position else part for i, part in enumerate(GOOD)]


REPLIES = {
    "too few parts": GOOD[:-1],
    "too many parts": [*GOOD, 1],
    "an exception of text": changed(3, "ValueError"),
    "an exception without a class": changed(3, ["t", [["l", []], "text"]]),
    "an exception of numbers": changed(3, ["t", [["l", [1]], "text"]]),
    "an exception with an array": changed(3, ["t", [["l", ["A"]], 5]]),
    "mutated that is text": changed(4, "0"),
    "warnings of numbers": changed(5, ["l", [1, 2]]),
    "a thousand warnings": changed(5, ["l", ["w"] * 1000]),
    "a time of text": changed(6, "0"),
    "a negative time": changed(6, -1.0),
    "a time that is not a number": changed(6, float("nan")),
    "an object dtype": changed(2, ["a", "|O", [1]]),
    "an unknown tag": changed(2, ["python/object", "os.system"]),
    "a pickle": changed(2, ["p", b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94."]),
    "a map": changed(2, {"__reduce__": "os.system"}),
    "an array larger than its bytes": changed(2, ["a", "<f8", [1000]]),
    "a boolean beyond one": changed(2, ["s", "|b1", b"\x07"]),
    "an empty array with an absurd shape": changed(2, ["a", "<f8", [0, 2**50]]),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_malformed_reply_ends_the_session(session, name):
    source = f"""
nan = float("nan")
tree = {REPLIES[name]!r}
def attack():
    tree[1] = request()[1]
    write(raw(tree))
    time.sleep(60)
"""
    assert "sent" in crashes(session, source)


NOISE = {
    "text": b"HTTP/1.1 200 OK\r\n\r\n",
    "zeros": bytes(64),
    "a gigantic prefix": frames.PREFIX.pack(frames.MAGIC, 10, 2**63),
    "a prefix just beyond the limit": frames.PREFIX.pack(frames.MAGIC, 10, (9 << 20) + 1),
    "a structure of the whole limit": frames.PREFIX.pack(frames.MAGIC, 8 << 20, 8 << 20),
    "a structure longer than the body": frames.PREFIX.pack(frames.MAGIC, 100, 10),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_on_the_channel_ends_the_session_at_once(session, name):
    source = f"def attack():\n    write({NOISE[name]!r})\n    time.sleep(60)"
    start = time.monotonic()
    assert "malformed" in crashes(session, source)
    assert time.monotonic() - start < 1.0


def test_a_truncated_reply_ends_with_the_clock(session):
    source = "def attack():\n    write(reply(request()[1], 'x')[:-3])\n    time.sleep(60)"
    session.run_cells([FORGE, source])
    with pytest.raises(SessionEnded) as caught:
        session.call("attack", (), {})
    assert caught.value.reason == "timeout"


def test_a_truncated_reply_and_exit_is_a_crash(session):
    source = "def attack():\n    write(reply(request()[1], 'x')[:-3])\n    os._exit(5)"
    assert "exit status 5" in crashes(session, source)


def test_a_reply_that_drips_for_ever_ends_with_the_clock(jail):
    source = """
def attack():
    frame = reply(request()[1], np.zeros(500_000))
    for start in range(0, len(frame), 10):
        write(frame[start:start + 10])
        time.sleep(0.01)
"""
    with jail.open(replace(LIMITS, call_seconds=0.5)) as session:
        session.run_cells([FORGE, source])
        start = time.monotonic()
        with pytest.raises(SessionEnded) as caught:
            session.call("attack", (), {})
    assert caught.value.reason == "timeout"
    assert time.monotonic() - start < 1.5


def test_a_flood_ends_the_session_and_costs_the_grader_no_memory(session):
    source = """
def flood():
    junk = bytes(1 << 20)
    while True:
        os.write(3, junk)
def attack():
    threading.Thread(target=flood, daemon=True).start()
    time.sleep(60)
"""
    assert "malformed" in crashes(session, source)


def test_a_submission_that_stops_reading_ends_with_the_clock(jail):
    source = """
def stall(*_):
    time.sleep(60)
sys.modules["inside.server"]._receive = stall
def attack(z):
    return 1
"""
    with jail.open(replace(LIMITS, call_seconds=0.5)) as session:
        session.run_cells([FORGE, source])
        start = time.monotonic()
        with pytest.raises(SessionEnded) as caught:
            session.call("attack", (np.zeros(2_000_000),), {})
    assert caught.value.reason == "timeout"
    assert time.monotonic() - start < 1.5


def test_closing_the_channel_is_a_crash(session):
    assert "connection" in crashes(session, "def attack():\n    os.close(3)\n    time.sleep(60)")


def test_a_socket_passed_over_the_channel_is_dropped(session):
    """Descriptors can't be smuggled to the grader, which never asks for them."""
    source = """
import array, socket
def attack():
    channel = socket.socket(fileno=os.dup(3))
    fds = array.array("i", [0])
    return attempt(channel.sendmsg, [b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
"""
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert "sent" in crashes(session, source)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


PATCHES = {
    "msgpack": "msgpack.packb = msgpack.Packer = lambda *a, **k: b'\\x91\\x01'",
    "frames.pack": "frames.pack = lambda message: [raw(['call', message[1], 'all right'])]",
    "frames.unpack": "frames.unpack = lambda *a, **k: ('call', 1, 'attack', (), {})",
    "numpy": "np.asarray = np.ndarray = np.frombuffer = lambda *a, **k: 1/0",
    "struct": "struct.Struct = struct.pack = lambda *a, **k: b''",
    "os.write": "os.write = lambda *a: 0",
    "builtins": "import builtins\nbuiltins.len = builtins.type = lambda *a: 0",
    "builtins.isinstance": "import builtins\nbuiltins.isinstance = lambda *a: True",
    "json": "import json\njson.loads = json.dumps = lambda *a: None",
    "observe": "sys.modules['inside.server'].observe_call = lambda *a: 'all right'",
}


@pytest.mark.parametrize("name", PATCHES)
def test_patching_the_modules_of_the_server_gains_nothing(jail, session, name):
    """The answer is the function's own, or an error, or a crash; never the patch's."""
    first = session.run_cells([FORGE, "def attack(x):\n    return x + 1"])
    assert all(outcome.ok for outcome in first)
    with suppress(SessionEnded):
        session.run_cells([PATCHES[name]])
    seen = result_of(session, "attack", 41)
    if isinstance(seen, SessionEnded):
        assert seen.reason in ("crashed", "timeout")
    else:
        assert seen.value == 42 or seen.raised is not None
    assert answers(jail)


def test_the_patches_really_reach_the_server(session):
    """Otherwise the last test would prove nothing: a broken packer breaks the very next reply."""
    with pytest.raises(SessionEnded) as caught:
        session.run_cells(["import msgpack\nmsgpack.packb = None"])
    assert caught.value.reason == "crashed"


EQUAL = """
import numpy as np
class Everything(float):
    __eq__ = __ge__ = __le__ = lambda *_: True
    __ne__ = __gt__ = __lt__ = lambda *_: False
    __sub__ = __rsub__ = __abs__ = lambda *_: Everything(0)
    __hash__ = float.__hash__
class Array(np.ndarray):
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.full(self.shape, 42.0)
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
class Liar:
    __class__ = np.ndarray
    dtype, shape, nbytes = np.dtype(float), (3,), 24
    def __array__(self, *a, **k): return np.zeros(3)
    __eq__ = lambda *_: True
class Fake(float):
    @property
    def __class__(self): return Everything
"""


def test_a_number_equal_to_everything_arrives_as_its_number(session):
    value = attack(session, EQUAL + "def attack():\n    return Everything(3)")
    assert type(value) is float
    assert value == 3
    assert value != 4


def test_an_array_equal_to_everything_arrives_as_its_numbers(session):
    value = attack(session, EQUAL + "def attack():\n    return np.arange(3.).view(Array)")
    assert type(value) is np.ndarray
    assert (value == [0, 1, 2]).all()
    assert not (value == 7).any()


def test_an_object_that_says_it_is_an_array_is_a_type_error(session):
    session.run_cells([EQUAL + "def attack():\n    return Liar()"])
    assert session.call("attack", (), {}).raised.classes[0] == "TypeError"


def test_a_number_that_lies_about_its_class_arrives_as_its_number(session):
    value = attack(session, EQUAL + "def attack():\n    return Fake(2)")
    assert type(value) is float
    assert value == 2


def test_an_array_of_things_equal_to_everything_cannot_be_sent(session):
    session.run_cells([EQUAL + "def attack():\n    return np.array([Everything(1)], dtype=object)"])
    assert "dtype=object" in session.call("attack", (), {}).raised.message


@pytest.mark.parametrize("claimed", [0.0, 1e-9])
@pytest.mark.parametrize("then", ["os._exit(0)", "time.sleep(60)"])
def test_a_slow_function_cannot_claim_to_be_fast(session, claimed, then):
    source = f"""
def attack():
    start = time.process_time()
    while time.process_time() < start + 0.4:
        pass
    write(reply(request()[1], 1, seconds={claimed}))
    {then}
"""
    session.run_cells([FORGE, source])
    assert session.call("attack", (), {}).seconds > 0.35


def test_a_function_cannot_claim_more_time_than_passed(session):
    source = "def attack():\n    write(reply(request()[1], 1, seconds=1e6))\n    os._exit(0)"
    session.run_cells([FORGE, source])
    assert session.call("attack", (), {}).seconds < 1.0


def test_a_forged_exception_is_only_text(session):
    source = """
def attack():
    names = ["__import__", "os.system", "eval", "x" * 50_000]
    write(reply(request()[1], None, raised=(names, "m" * 100_000)))
    os._exit(0)
"""
    session.run_cells([FORGE, source])
    raised = session.call("attack", (), {}).raised
    assert raised.classes[0] == "__import__"
    assert max(map(len, (*raised.classes, raised.message))) <= 4000


def test_replaying_remembered_inputs_gains_only_what_was_asked(session):
    """A submission may remember its arguments; there is nothing else to remember."""
    source = "seen = []\ndef attack(x):\n    seen.append(x)\n    return list(seen)"
    assert attack(session, source, 1) == [1]
    assert session.call("attack", (2,), {}).value == [1, 2]


def test_the_prefix_these_tests_forge_is_the_one_in_use():
    parts = frames.pack(("x",))
    structure = msgpack.packb(["x"])
    assert bytes(parts[0]) == struct.pack(">4sIQ", b"lnF1", len(structure), len(structure))
