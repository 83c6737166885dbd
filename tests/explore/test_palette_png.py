"""A palette PNG, read back by matplotlib."""

import io

import numpy as np
import pytest
from matplotlib.image import imread, imsave

from lnnn.explore import palette_png

PALETTE = np.uint8([(255, 255, 255), (0, 0, 0), (0, 114, 178), (230, 159, 0), (0, 114, 178)])


def read_back(data):
    return (255 * imread(io.BytesIO(data))[..., :3]).round().astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (64, 1)])
def test_colours_of_the_palette_come_back_as_they_are(shape):
    pixels = PALETTE[np.random.default_rng(0).integers(0, len(PALETTE), shape)]
    np.testing.assert_array_equal(read_back(palette_png.encode(pixels, PALETTE)), pixels)


def test_any_other_colour_becomes_the_nearest_of_the_palette():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    shown = read_back(palette_png.encode(pixels, PALETTE)).astype(int)
    distances = ((pixels[..., None, :].astype(int) // 4 * 4 - PALETTE) ** 2).sum(axis=-1)
    off = ((pixels.astype(int) // 4 * 4 - shown) ** 2).sum(axis=-1)
    np.testing.assert_array_equal(off, distances.min(axis=-1))


def test_few_colours_take_less_than_half_of_matplotlibs_file_and_the_same_bytes_twice():
    rng = np.random.default_rng(2)
    pixels = PALETTE[np.kron(rng.integers(0, 4, (40, 60)), np.ones((5, 5), int))]
    first, second = (palette_png.encode(pixels, PALETTE) for _ in range(2))
    plain = io.BytesIO()
    imsave(plain, pixels, format="png")
    assert first == second
    assert len(first) < 0.5 * len(plain.getvalue())
