"""Frames carry plain data bit for bit, and whatever else arrives is refused."""

import math
import struct

import msgpack
import numpy as np
import pytest

from lnnn.grading.jail.inside import frames

LIMIT = 1 << 20


def join(buffers):
    return b"".join(bytes(buffer) for buffer in buffers)


NOT_AS_LONG = "the test's frame is not as long as its prefix says"


def read(frame, limit=LIMIT, own=False):
    prefix, body = frame[: frames.PREFIX.size], frame[frames.PREFIX.size :]
    structure, total = frames.check_prefix(prefix, limit)
    if total != len(body):
        raise frames.FrameError(NOT_AS_LONG)
    return frames.unpack(np.frombuffer(bytearray(body), np.uint8), structure, own)


def there_and_back(value):
    (back,) = read(join(frames.pack((value,))))
    return back


def forged(tree, tail=b""):
    """A frame around a tree that no honest sender would build; arrays lie in ``tail``."""
    structure = msgpack.packb(tree, use_bin_type=True)
    body = structure + (bytes(-len(structure) % 64) + tail if tail else b"")
    return frames.PREFIX.pack(frames.MAGIC, len(structure), len(body)) + body


PLAIN = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    2**64,
    -(2**200),
    10**1000,
    0.0,
    -0.0,
    5e-324,
    math.inf,
    -math.inf,
    1.5 - 2j,
    "",
    "Σ e^z",
    (),
    (1, 2.0),
    [1, [2, ("a", None)]],
    {"weights": [1.0], 2: "two", None: (), 1.5: False},
]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_a_plain_value_comes_back_with_its_type(value):
    back = there_and_back(value)
    assert repr(back) == repr(value)
    assert type(back) is type(value)


def test_a_nan_comes_back_as_a_nan():
    assert math.isnan(there_and_back(math.nan))


ARRAYS = [
    np.arange(6, dtype=np.float64).reshape(2, 3),
    np.array([np.nan, -0.0, np.inf, 5e-324]),
    np.float32([1.1, 2.2]),
    np.float16([[1.5]]),
    np.arange(4, dtype=np.int8),
    np.array([2**64 - 1], dtype=np.uint64),
    np.array([True, False]),
    np.array([1 + 2j], dtype=np.complex64),
    np.array(["overflow", "ok", "Σ"]),
    np.array(3.5),
    np.zeros((0, 5)),
    np.zeros((3, 0, 2), np.int32),
    np.arange(4, dtype=">f8"),
    np.longdouble([1.25]),
    np.array(["", ""]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype.str}{a.shape}")
def test_an_array_comes_back_bit_for_bit(array):
    back = there_and_back(array)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "view",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.broadcast_to(np.float32(7), (3, 2)),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
    ],
    ids=["transposed", "reversed", "broadcast", "fortran"],
)
def test_a_view_comes_back_with_the_values_it_shows(view):
    np.testing.assert_array_equal(there_and_back(view), view, strict=True)


@pytest.mark.parametrize(
    "scalar",
    [np.float32(0.1), np.float64(0.1), np.bool_(True), np.int16(-3), np.complex128(1j)],
    ids=lambda s: type(s).__name__,
)
def test_a_numpy_scalar_keeps_its_type(scalar):
    back = there_and_back(scalar)
    assert type(back) is type(scalar)
    assert back == scalar


def test_several_arrays_in_one_frame_stay_apart():
    value = {"a": [np.arange(3.0), np.float32([9])], "b": (np.array([True]), np.zeros(0))}
    back = there_and_back(value)
    np.testing.assert_array_equal(back["a"][0], [0, 1, 2])
    np.testing.assert_array_equal(back["a"][1], np.float32([9]), strict=True)
    np.testing.assert_array_equal(back["b"][0], [True])
    assert back["b"][1].shape == (0,)


def test_a_receiver_that_asks_for_its_own_arrays_can_write_to_them():
    frame = join(frames.pack((np.arange(3.0),)))
    (array,) = read(frame, own=True)
    assert array.flags.owndata
    array[0] = 7
    assert array[0] == 7


# ---------------------------------------------------------------- subclasses


class Lying:
    """What an attacker mixes into a plain type: equal to everything, true to everyone."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("student code ran")

    __str__ = __float__ = __int__ = __iter__ = __len__ = __pos__ = __index__ = __repr__


class LyingArray(Lying, np.ndarray):
    def __array__(self, *_, **__):
        raise RuntimeError("student code ran")

    __array_ufunc__ = __array_finalize__ = __getitem__ = None


@pytest.mark.parametrize(
    ("base", "content"),
    [(float, 1.5), (int, 7), (str, "ok"), (list, [1, 2]), (tuple, (1, 2)), (complex, 1j)],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_subclass_is_reduced_to_its_base_without_running_its_code(base, content):
    kind = type("Kind", (Lying, base), {})
    back = there_and_back(kind(content))
    assert type(back) is base
    assert back == content


def test_a_dict_subclass_is_reduced_to_a_dict():
    class Kind(dict):
        def items(self):
            raise RuntimeError("student code ran")

        __iter__ = keys = values = __getitem__ = items

    back = there_and_back(Kind(a=1))
    assert type(back) is dict
    assert back == {"a": 1}


def test_an_array_subclass_is_reduced_to_an_array():
    back = there_and_back(np.arange(3.0).view(np.matrix))
    assert type(back) is np.ndarray
    assert back.shape == (1, 3)


def test_an_array_that_equals_everything_arrives_as_its_numbers():
    class Equal(np.ndarray):
        def __eq__(self, other):
            return True

        def __array__(self, *_, **__):
            raise RuntimeError("student code ran")

    back = there_and_back(np.arange(3.0).view(Equal))
    assert type(back) is np.ndarray
    assert not (back == 99).any()


# ---------------------------------------------------------------- what can't be sent

CYCLE = []
CYCLE.append(CYCLE)
DEEP = []
for _ in range(100):
    DEEP = [DEEP]
UNSENDABLE = {
    "an object": (object(), "object"),
    "a generator": ((x for x in ()), "generator"),
    "a function": (len, "builtin_function"),
    "a class": (int, "type"),
    "a set": ({1}, "set"),
    "bytes": (b"x", "bytes"),
    "an object array": (np.array([object()]), "dtype=object"),
    "dates": (np.array(["2020-01-01"], dtype="M8[D]"), "dtype"),
    "bytes in an array": (np.array([b"x"]), "dtype"),
    "a structured array": (np.zeros(2, dtype=[("a", "f8")]), "dtype"),
    "a void scalar": (np.zeros(1, dtype=[("a", "f8")])[0], "dtype"),
    "a cycle": (CYCLE, "deep"),
    "a deep list": (DEEP, "deep"),
    "too many values": ([0] * (frames.MAX_VALUES + 1), "too many"),
    "too many characters": ("x" * (frames.MAX_STRUCTURE + 1), "too many"),
    "an endless integer": (1 << 100_000, "digits"),
    "a lone surrogate": ("\ud800", "Unicode"),
    "a tuple as a key": ({(1, 2): 3}, "key"),
    "too many arrays": ([np.zeros(1)] * (frames.MAX_ARRAYS + 1), "arrays"),
}


@pytest.mark.parametrize("name", UNSENDABLE)
def test_what_is_not_plain_data_is_refused_by_name(name):
    value, word = UNSENDABLE[name]
    with pytest.raises(frames.Unsendable, match=word):
        frames.pack((value,))


# ---------------------------------------------------------------- what must not be accepted

F8 = struct.pack("<d", 1.0)
MALFORMED = {
    "not a list": forged(1),
    "a map": forged([{"a": 1}]),
    "bytes without a tag": forged([b"x"]),
    "an empty list": forged([[]]),
    "a tag that is not text": forged([[1, 2]]),
    "an unknown tag": forged([["x", 1]]),
    "a pickle tag": forged([["pickle", b"cos\nsystem\n(S'id'\ntR."]]),
    "an extension": forged([msgpack.ExtType(5, b"x")]),
    "a timestamp": forged([msgpack.Timestamp(1)]),
    "an extra part": forged([["t", [], 1]]),
    "a missing part": forged([["t"]]),
    "a tuple of no list": forged([["t", 3]]),
    "a dict of no list": forged([["d", 3]]),
    "a dict of triples": forged([["d", [[1, 2, 3]]]]),
    "a dict with a key twice": forged([["d", [["a", 1], ["a", 2]]]]),
    "a dict with a list as key": forged([["d", [[["l", []], 1]]]]),
    "a dict with an array as key": forged([["d", [[["a", "<f8", [1]], 1]]]], F8),
    "digits that are not": forged([["i", "12x"]]),
    "digits with spaces": forged([["i", " " + "1" * 30]]),
    "other digits": forged([["i", "٣" * 30]]),
    "a short long integer": forged([["i", "12"]]),
    "too many digits": forged([["i", "9" * (frames.MAX_DIGITS + 1)]]),
    "a complex of text": forged([["c", "1", "2"]]),
    "a complex of integers": forged([["c", 1, 2]]),
    "an object dtype": forged([["a", "|O", [1]]], F8),
    "an object dtype by name": forged([["a", "O8", [1]]], F8),
    "a structured dtype": forged([["a", "f8,f8", [1]]], F8 + F8),
    "a void dtype": forged([["a", "|V8", [1]]], F8),
    "a dtype of dates": forged([["a", "<M8[s]", [1]]], F8),
    "a dtype of bytes": forged([["a", "|S8", [1]]], F8),
    "a dtype that is no text": forged([["a", 8, [1]]], F8),
    "a dtype that does not exist": forged([["a", "<f12", [1]]], bytes(12)),
    "a dtype of no size": forged([["a", "<U0", [10]]]),
    "a dtype with a shape": forged([["a", "(2,)f8", [1]]], F8 + F8),
    "a negative dimension": forged([["a", "<f8", [-1]]], F8),
    "a dimension that is no integer": forged([["a", "<f8", [1.0]]], F8),
    "a dimension that is a boolean": forged([["a", "<f8", [True]]], F8),
    "a shape that is no list": forged([["a", "<f8", 1]], F8),
    "too many dimensions": forged([["a", "<f8", [1] * 33]], F8),
    "an array larger than the frame": forged([["a", "<f8", [2]]], F8),
    "an array smaller than its bytes": forged([["a", "<f8", [1]]], F8 + F8),
    "sizes that overflow 64 bits": forged([["a", "<f8", [2**32, 2**32]]], F8),
    "an empty array with an absurd shape": forged([["a", "<f8", [0, 2**40]]]),
    "an array without its bytes": forged([["a", "<f8", [1]]]),
    "bytes after nothing": forged([1], F8),
    "booleans beyond one": forged([["a", "|b1", [2]]], b"\x01\x02"),
    "a boolean scalar beyond one": forged([["s", "|b1", b"\x02"]]),
    "a code point beyond Unicode": forged([["a", "<U1", [1]]], struct.pack("<I", 0x110000)),
    "a surrogate": forged([["a", "<U1", [1]]], struct.pack("<I", 0xD800)),
    "a swapped code point": forged([["a", ">U1", [1]]], struct.pack("<I", 65)),
    "a scalar of the wrong size": forged([["s", "<f8", b"1234"]]),
    "a scalar of text": forged([["s", "<U1", b"\x41\0\0\0"]]),
    "a scalar of no bytes": forged([["s", "<f8", "12345678"]]),
    "too deep": forged([DEEP]),
    "too deep in tags": forged(
        [__import__("functools").reduce(lambda t, _: ["l", [t]], range(40), 0)]
    ),
    "invalid UTF-8": frames.PREFIX.pack(frames.MAGIC, 4, 4) + b"\x91\xa2\xff\xfe",
    "truncated msgpack": frames.PREFIX.pack(frames.MAGIC, 2, 2) + b"\x92\x01",
    "msgpack and more": frames.PREFIX.pack(frames.MAGIC, 3, 3) + b"\x91\x01\x01",
    "a reserved byte": frames.PREFIX.pack(frames.MAGIC, 1, 1) + b"\xc1",
    "a list as long as memory": frames.PREFIX.pack(frames.MAGIC, 6, 6)
    + b"\x91\xdd\xff\xff\xff\xff",
    "a string as long as memory": frames.PREFIX.pack(frames.MAGIC, 6, 6)
    + b"\x91\xdb\xff\xff\xff\xff",
    "noise between the arrays": forged([["a", "<f8", [1]]], F8).replace(bytes(20), b"x" * 20, 1),
    "another magic": b"GET " + forged([1])[4:],
    "no structure": frames.PREFIX.pack(frames.MAGIC, 0, 0),
    "a structure beyond the body": frames.PREFIX.pack(frames.MAGIC, 9, 2) + b"\x91\x01",
    "a structure beyond the limit": frames.PREFIX.pack(frames.MAGIC, (4 << 20) + 1, LIMIT),
    "a gigantic body": frames.PREFIX.pack(frames.MAGIC, 2, 2**63),
    "a body beyond the limit": frames.PREFIX.pack(frames.MAGIC, 2, LIMIT + 1),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_frame_is_refused(name):
    with pytest.raises(frames.FrameError) as refused:
        read(MALFORMED[name])
    assert str(refused.value) != NOT_AS_LONG


def test_the_forger_of_these_tests_can_also_build_a_good_frame():
    """Otherwise every frame above might be refused for the same trivial reason."""
    (array, number) = read(forged([["a", "<f8", [1]], 2], F8))
    assert array.tolist() == [1.0]
    assert number == 2


def test_any_change_to_a_frame_is_read_or_refused_but_never_breaks_the_reader():
    rng = np.random.default_rng(20240)
    value = {"w": [np.arange(6.0).reshape(2, 3), np.array([True])], "t": (1, "ok", 2**70, None)}
    good = join(frames.pack(("call", 7, value)))
    refused = 0
    for _ in range(4000):
        bad = bytearray(good)
        for _ in range(rng.integers(1, 5)):
            bad[rng.integers(len(bad))] = rng.integers(256)
        cut = rng.integers(len(bad)) if rng.random() < 0.2 else len(bad)
        try:
            read(bytes(bad[:cut]).ljust(frames.PREFIX.size, b"\0"))
        except frames.FrameError:
            refused += 1
    assert refused > 2000


def test_random_structures_are_read_or_refused_but_never_break_the_reader():
    rng = np.random.default_rng(7)
    tags = ["t", "l", "d", "i", "c", "s", "a", "x"]
    leaves = [None, True, 1, -1, 2.5, "<f8", "|b1", "<U2", b"\1" * 8, "9" * 25, 2**40]

    def tree(depth):
        if depth == 0 or rng.random() < 0.3:
            return leaves[rng.integers(len(leaves))]
        size = rng.integers(0, 4)
        head = [tags[rng.integers(len(tags))]] if rng.random() < 0.8 else []
        return head + [tree(depth - 1) for _ in range(size)]

    outcomes = {"read": 0, "refused": 0}
    for _ in range(5000):
        frame = forged([tree(3) for _ in range(rng.integers(1, 4))])
        try:
            read(frame)
            outcomes["read"] += 1
        except frames.FrameError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 100
