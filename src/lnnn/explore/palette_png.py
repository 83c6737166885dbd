"""A picture as a PNG of few colours: an index into a palette for each pixel.

matplotlib writes three or four bytes a pixel; a palette takes about a third of the file.

Source: Portable Network Graphics (PNG) Specification, third edition, W3C, 2025, sections 5 and 11.
"""

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STEP = 4  # of a channel: pixels are told apart no finer, so that few colours are looked up


def encode(pixels, palette) -> bytes:
    """The PNG of ``pixels``, (height, width, 3) uint8, each in the nearest colour of ``palette``.

    palette: (n, 3) uint8 with n ≤ 256. Channels are rounded down to a multiple of 4 first; of two
    colours equally near the first one is taken.
    """
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, palette
    # Each row begins with its filter, and 0 is none.
    rows = np.pad(_nearest(pixels, palette), ((0, 0), (1, 0)))
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", _compressed(rows.tobytes())),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _compressed(data):
    packer = zlib.compressobj(level=9, memLevel=9)
    return packer.compress(data) + packer.flush()


def _chunk(kind, data):
    """Length, kind, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _nearest(pixels, palette):
    """(height, width) uint8: which colour of the palette is nearest to each pixel."""
    levels = 256 // _STEP
    red, green, blue = np.moveaxis(pixels.astype(np.intp) // _STEP, -1, 0)
    codes = (red * levels + green) * levels + blue
    used = np.flatnonzero(np.bincount(codes.ravel(), minlength=levels**3))
    colours = _STEP * np.stack(np.unravel_index(used, (levels,) * 3), axis=-1)
    distances = ((colours[:, None] - palette.astype(np.intp)) ** 2).sum(axis=-1)
    index = np.zeros(levels**3, np.uint8)
    index[used] = distances.argmin(axis=1)
    return index[codes]
