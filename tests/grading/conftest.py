"""What the tests of the grader share."""

import hypothesis
import pytest

from lnnn.grading.jail import Jail
from lnnn.grading.reading import Reader

# What is drawn is the same in every run, but for `--hypothesis-profile long`: see CONTRIBUTING.
_ALIKE = {"deadline": None, "database": None}
hypothesis.settings.register_profile("short", max_examples=300, derandomize=True, **_ALIKE)
hypothesis.settings.register_profile("long", max_examples=20_000, **_ALIKE)
hypothesis.settings.load_profile("short")


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
