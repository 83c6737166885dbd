"""The digits of the package are scikit-learn's, to the last pixel."""

import subprocess
import sys

import numpy as np
from sklearn.datasets import load_digits

from lnnn import digits


def test_the_digits_are_those_of_scikit_learn():
    pixels, labels = digits.load()
    wanted = load_digits()
    assert pixels.dtype == np.uint8
    assert labels.dtype == np.int64
    assert np.array_equal(pixels, wanted.data)
    assert np.array_equal(labels, wanted.target)


def test_whoever_changes_the_digits_changes_nobody_elses():
    digits.load()[0][:] = 0
    assert digits.load()[0].max() == 16


def test_loading_the_digits_does_not_import_scikit_learn():
    code = "import sys; from lnnn import digits; digits.load(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
