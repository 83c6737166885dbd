"""The digits of the package are scikit-learn's, to the last pixel."""

import hashlib

import numpy as np

from lnnn import digits

# From scikit-learn 1.9.1, whose arrays are float64 and int64:
#     digits = sklearn.datasets.load_digits()
#     hashlib.sha256(digits.data.astype("u1").tobytes()).hexdigest()
#     hashlib.sha256(digits.target.astype("<i8").tobytes()).hexdigest()
# All pixels are whole numbers from 0 to 16, so that the first cast loses nothing.
PIXELS = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
LABELS = "a3c91c262eddcf7ba8f0e37507c30284493c9b20412ffe4af30d536401f7ba21"


def test_the_digits_are_those_of_scikit_learn():
    pixels, labels = digits.load()
    assert (pixels.dtype, pixels.shape) == (np.uint8, (1797, 64))
    assert (labels.dtype, labels.shape) == (np.int64, (1797,))
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == PIXELS
    assert hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest() == LABELS


def test_whoever_changes_the_digits_changes_nobody_elses():
    digits.load()[0][:] = 0
    assert digits.load()[0].max() == 16
