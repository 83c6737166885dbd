"""Frames: how values cross the wall between the grader and a submission.

A frame is a 16-byte prefix (magic, length of the structure, length of the whole body), the
structure as msgpack, and after it the raw bytes of the arrays, each padded to 64 bytes. The
structure holds None, booleans, integers of up to 64 bits, floats and strings as they are; the rest
is a list that starts with a tag:

    ["t", values]  tuple          ["i", text]           integer beyond 64 bits
    ["l", values]  list           ["c", real, imag]     complex
    ["d", [[key, value], …]]      ["s", dtype, bytes]   NumPy scalar
                                  ["a", dtype, shape]   array; its bytes follow the structure

Both sides check what they receive before they use it: a sender is never trusted. Nothing is ever
unpickled, evaluated or imported.
"""

import math
import re
import struct

import msgpack
import numpy as np

MAGIC = b"lnF1"
PREFIX = struct.Struct(">4sIQ")
# A structure of n bytes can unpack to some 56 n bytes of small Python objects, so it stays small;
# bulk data travels as arrays, which unpack to their own size.
MAX_STRUCTURE = 4 << 20
MAX_DEPTH = 32
MAX_VALUES = 500_000
MAX_ARRAYS = 4_096
MAX_DIMENSIONS = 32
# An array without elements costs the sender nothing; iterating over its long axis would cost us.
MAX_EMPTY_EXTENT = 1_000_000
MAX_DIGITS = 4_000
ALIGNMENT = 64

_DTYPE = re.compile(
    r"\|b1|[|<>]?[iu]1|[<>](?:[iu][248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|U[1-9][0-9]{0,6})"
)
_BIG_INTEGER = re.compile(rf"-?[1-9][0-9]{{18,{MAX_DIGITS - 1}}}")
_KEYS = (str, int, float, bool, type(None))
_PADDING = bytes(ALIGNMENT)
# Stands for the class of an exception where an answer was ``Unsendable``. No class is named so.
REFUSED = "lnnn.unsendable"


class FrameError(ValueError):
    """What was received is not a frame of this protocol.

    The text is the protocol's own name for the fault, in English, as Python's messages are.
    """


class Unsendable(TypeError):
    """A value that is not plain data. Its arguments: what it is, as a key, and names to the key."""

    def __str__(self):
        return "=".join(self.args)


# ---------------------------------------------------------------- sending


def pack(message: tuple) -> list:
    """The buffers to send, in order, for a message: a tuple of plain values.

    Raises Unsendable for anything but numbers, strings, booleans, None, arrays of these, and
    tuples, lists and dicts of all of them.
    """
    sender = _Sender()
    tree = [sender.encode(value, 0) for value in message]
    try:
        structure = msgpack.packb(tree, use_bin_type=True)
    except UnicodeEncodeError:
        raise Unsendable("not Unicode") from None
    if len(structure) > MAX_STRUCTURE:
        raise Unsendable("too many values")
    body = [structure]
    size = len(structure)
    for array in sender.arrays:
        if array.nbytes == 0:
            continue
        gap = -size % ALIGNMENT
        if gap:
            body.append(_PADDING[:gap])
        body.append(array.reshape(-1).view(np.uint8).data)
        size += gap + array.nbytes
    return [PREFIX.pack(MAGIC, len(structure), size), *body]


def size_of(buffers: list) -> int:
    """The length in bytes of a packed frame."""
    return sum(len(buffer) for buffer in buffers)


class _Sender:
    """Turns values into a tree that msgpack can write, and keeps their arrays aside.

    Subclasses are reduced to what they are made of through the methods of the base class, so that
    code of the subclass neither runs nor travels.
    """

    def __init__(self):
        self.arrays = []
        self.values = 0

    def encode(self, value, depth):
        self.values += 1
        if self.values > MAX_VALUES:
            raise Unsendable("too many values")
        if depth > MAX_DEPTH:
            raise Unsendable("too deep", str(MAX_DEPTH))
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if issubclass(kind, np.ndarray):
            return self._array(value)
        if issubclass(kind, np.generic):
            return self._scalar(value)
        if issubclass(kind, bool):
            return bool(value)
        if issubclass(kind, int):
            return self._integer(int.__pos__(value))
        if issubclass(kind, float):
            return float.__pos__(value)
        if issubclass(kind, complex):
            return ["c", complex.__pos__(value).real, complex.__pos__(value).imag]
        if issubclass(kind, str):
            return str.__str__(value)
        if issubclass(kind, tuple):
            return ["t", [self.encode(v, depth + 1) for v in tuple.__iter__(value)]]
        if issubclass(kind, list):
            return ["l", [self.encode(v, depth + 1) for v in list.__iter__(value)]]
        if issubclass(kind, dict):
            pairs = [[self._key(k), self.encode(v, depth + 1)] for k, v in list(dict.items(value))]
            return ["d", pairs]
        raise Unsendable("type", kind.__name__)

    def _key(self, key):
        if issubclass(type(key), np.generic):
            key = key.item()
        if not issubclass(type(key), _KEYS):
            raise Unsendable("key", type(key).__name__)
        return self.encode(key, 0)

    def _integer(self, value):
        if -(1 << 63) <= value < 1 << 64:
            return value
        if value.bit_length() > MAX_DIGITS * 3:
            raise Unsendable("too many digits")
        return ["i", str(value)]

    def _scalar(self, value):
        array = np.asarray(value)
        if array.dtype.kind == "U":
            return str.__str__(value)
        self._check_dtype(array, "scalar dtype")
        return ["s", array.dtype.str, array.tobytes()]

    def _array(self, value):
        array = np.asarray(value)
        if array.dtype.kind == "T":
            array = array.astype(str)
        if array.dtype.kind == "U" and array.dtype.itemsize == 0:
            array = array.astype("U1")
        self._check_dtype(array, "dtype")
        array = np.asarray(array, order="C")
        self.arrays.append(array)
        if len(self.arrays) > MAX_ARRAYS:
            raise Unsendable("too many arrays", str(MAX_ARRAYS))
        return ["a", array.dtype.str, list(array.shape)]

    @staticmethod
    def _check_dtype(array, key):
        if not _DTYPE.fullmatch(array.dtype.str) or array.dtype.fields:
            raise Unsendable(key, str(array.dtype))


# ---------------------------------------------------------------- receiving


def check_prefix(prefix: bytes, limit: int) -> tuple[int, int]:
    """Lengths (structure, body) that a prefix announces. Raises FrameError beyond ``limit``."""
    magic, structure, total = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise FrameError("the prefix is not one of this protocol")
    if not 0 < structure <= min(total, MAX_STRUCTURE):
        raise FrameError(f"the prefix announces a structure of {structure} bytes")
    if total > limit:
        raise FrameError(f"the prefix announces {total} bytes; the limit is {limit}")
    return structure, total


def unpack(body: np.ndarray, structure: int, own: bool = False) -> tuple:
    """The message in a received body (uint8 array), checked.

    Arrays are views of ``body``; ``own=True`` copies each. Raises FrameError.
    """
    try:
        tree = msgpack.unpackb(
            body[:structure].data,
            raw=False,
            strict_map_key=True,
            use_list=True,
            max_map_len=0,
            max_ext_len=0,
        )
    except Exception as error:  # noqa: BLE001 - msgpack raises a dozen kinds, all mean the same
        raise FrameError(f"the structure is not msgpack ({type(error).__name__})") from None
    if type(tree) is not list:
        raise FrameError("the structure is not a list")
    receiver = _Receiver(body, structure, own)
    message = tuple(receiver.decode(node, 0) for node in tree)
    if receiver.offset != len(body):
        raise FrameError("bytes follow the last array")
    return message


class _Receiver:
    """Turns a received tree back into values and refuses whatever a sender must not send."""

    def __init__(self, body, offset, own):
        self.body = body
        self.offset = offset
        self.own = own
        self.values = 0
        self.arrays = 0

    def decode(self, node, depth):
        self.values += 1
        if self.values > MAX_VALUES:
            raise FrameError("too many values")
        if depth > MAX_DEPTH:
            raise FrameError("nested too deep")
        kind = type(node)
        if kind in (float, int, str, bool) or node is None:
            return node
        if kind is not list or not node or type(node[0]) is not str:
            raise FrameError(f"a {kind.__name__} without a tag")
        decoder = _DECODERS.get(node[0])
        if decoder is None:
            raise FrameError(f"unknown tag {node[0][:20]!r}")
        wanted, method = decoder
        if len(node) != wanted:
            raise FrameError(f"tag {node[0]!r} with {len(node)} parts")
        return method(self, *node[1:], depth)

    def _tuple(self, values, depth):
        return tuple(self._list(values, depth))

    def _list(self, values, depth):
        if type(values) is not list:
            raise FrameError("a sequence whose values are not a list")
        return [self.decode(value, depth + 1) for value in values]

    def _dict(self, pairs, depth):
        if type(pairs) is not list:
            raise FrameError("a dict whose pairs are not a list")
        out = {}
        for pair in pairs:
            if type(pair) is not list or len(pair) != 2:
                raise FrameError("a dict with something else than pairs")
            key = self.decode(pair[0], depth + 1)
            if type(key) not in _KEYS:
                raise FrameError("a dict key that is not a plain value")
            out[key] = self.decode(pair[1], depth + 1)
        if len(out) != len(pairs):
            raise FrameError("a dict with a key twice")
        return out

    def _integer(self, text, depth):
        if type(text) is not str or not _BIG_INTEGER.fullmatch(text):
            raise FrameError("a long integer that is not in decimal digits")
        return int(text)

    def _complex(self, real, imag, depth):
        if type(real) is not float or type(imag) is not float:
            raise FrameError("a complex number without two floats")
        return complex(real, imag)

    def _scalar(self, name, data, depth):
        dtype = self._dtype(name)
        if type(data) is not bytes or len(data) != dtype.itemsize or dtype.kind == "U":
            raise FrameError("a NumPy scalar of the wrong size")
        array = np.frombuffer(data, dtype)
        _check_contents(array)
        return array[0]

    def _array(self, name, shape, depth):
        self.arrays += 1
        if self.arrays > MAX_ARRAYS:
            raise FrameError("too many arrays")
        dtype = self._dtype(name)
        if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
            raise FrameError("an array whose shape is not a short list")
        if any(type(n) is not int or n < 0 for n in shape):
            raise FrameError("an array with a dimension that is not a size")
        size = math.prod(shape) * dtype.itemsize
        if size == 0:
            if math.prod(n for n in shape if n) > MAX_EMPTY_EXTENT:
                raise FrameError("an empty array with an absurd shape")
            return np.empty(shape, dtype)
        start = self.offset + -self.offset % ALIGNMENT
        if size > len(self.body) - start:
            raise FrameError("an array larger than the frame")
        if self.body[self.offset : start].any():
            raise FrameError("bytes between the arrays")
        self.offset = start + size
        array = self.body[start : self.offset].view(dtype).reshape(shape)
        _check_contents(array)
        return array.copy() if self.own else array

    @staticmethod
    def _dtype(name):
        if type(name) is not str or not _DTYPE.fullmatch(name):
            raise FrameError("a dtype that may not be sent")
        try:
            return np.dtype(name)
        except TypeError:
            raise FrameError("a dtype this machine does not have") from None


_DECODERS = {
    "t": (2, _Receiver._tuple),
    "l": (2, _Receiver._list),
    "d": (2, _Receiver._dict),
    "i": (2, _Receiver._integer),
    "c": (3, _Receiver._complex),
    "s": (3, _Receiver._scalar),
    "a": (3, _Receiver._array),
}


def _check_contents(array):
    """Refuse bit patterns NumPy never writes: booleans beyond 1, code points beyond Unicode."""
    if array.dtype.kind == "b":
        if array.size and array.view(np.uint8).max() > 1:
            raise FrameError("a boolean that is neither 0 nor 1")
    elif array.dtype.kind == "U":
        flat = np.ascontiguousarray(array).reshape(-1)
        points = flat.view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if points.max() > 0x10FFFF or ((points >= 0xD800) & (points <= 0xDFFF)).any():
            raise FrameError("text with a code point outside Unicode")
