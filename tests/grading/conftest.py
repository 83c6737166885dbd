"""What the tests of the grader share."""

import pytest

from lnnn.grading.jail import Jail
from lnnn.grading.reading import Reader


@pytest.fixture(scope="session")
def unwalled():
    """A jail without a wall: nothing need be installed; its processes have limits all the same."""
    with Jail(backend="none") as jail:
        yield jail


@pytest.fixture
def read(unwalled):
    """Reads a file: ``read(path, suites, lab)``."""

    def read(path, suites, lab=None):
        with Reader(unwalled, suites) as reader:
            return reader.read(path, lab)

    return read
