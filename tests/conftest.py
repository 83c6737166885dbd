"""What every test folder shares: the tools that some tests need, and what their absence means."""

import os
import shutil

import pytest

_WANTED = {
    "needs_bwrap": ("bwrap", "bubblewrap (apt install bubblewrap)"),
    "needs_browser": ("chromium", "Chromium (apt install chromium)"),
    "needs_node": ("npm", "Node.js with npm"),
}


def pytest_addoption(parser):
    parser.addoption("--seeds", type=int, default=20, help="Seeds at which each answer is graded.")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds; not part of `make quick`")
    for marker, (_, what) in _WANTED.items():
        config.addinivalue_line("markers", f"{marker}: skipped without {what}; in CI it fails")


def pytest_runtest_setup(item):
    for marker, (program, what) in _WANTED.items():
        if item.get_closest_marker(marker) and shutil.which(program) is None:
            if os.environ.get("CI"):
                pytest.fail(f"CI must have {what}", pytrace=False)
            pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def solved():
    """Every function of every lab, from the solutions of the sources."""
    from lnnn.build import project
    from lnnn.build.solutions import solved_namespace

    labs = [source for source in project.find_sources() if source.kind == "lab"]
    return {name: f for lab in labs for name, f in solved_namespace(lab).items()}
