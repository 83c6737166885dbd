"""The first code cell: silent when all is well, else it installs the clone or says what to do."""

import subprocess
import sys

import pytest

from lnnn.build.notebook import SETUP

# A fresh IPython that cannot see the package, with a %pip that only notes what it was asked.
SHELL = """
import importlib, sys, types
sys.path[:] = [p for p in sys.path if not importlib.util.find_spec("lnnn") or
               importlib.machinery.PathFinder.find_spec("lnnn", [p]) is None]
importlib.invalidate_caches()
assert importlib.util.find_spec("lnnn") is None
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
{before}
result = shell.run_cell({cell!r})
if result.error_in_exec:
    raise SystemExit("stopped: " + str(result.error_in_exec))
import lnnn
print("imported from", lnnn.__file__)
"""


def _run(folder, before="import importlib.util", cell=SETUP):
    code = "import importlib.util, importlib.machinery\n" + SHELL.format(before=before, cell=cell)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def clone(tmp_path):
    for folder in ("course", "src/lnnn"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "src/lnnn/__init__.py").touch()
    return tmp_path


def test_it_says_nothing_when_the_course_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "-c", SETUP],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_in_a_clone_it_installs_the_clone_and_the_package_can_be_imported_at_once(clone):
    done = _run(clone / "course")
    assert done.returncode == 0, done.stderr
    assert f"pip install --quiet -e {clone}" in done.stdout
    assert f"imported from {clone}/src/lnnn/__init__.py" in done.stdout


def test_without_a_clone_it_says_what_to_get(tmp_path):
    (tmp_path / "course").mkdir()
    done = _run(tmp_path / "course")
    assert done.returncode != 0
    assert "stopped: The package lnnn is not installed in this kernel" in done.stderr
    assert "Get the whole course folder, open the notebook from there" in done.stderr
    assert "pip install --quiet -e /" not in done.stdout


def test_an_old_python_is_named(clone):
    done = _run(clone / "course", before="sys.version_info = (3, 10, 2)")
    assert "stopped: The course needs Python 3.11 or newer" in done.stderr
    assert "pip install --quiet -e /" not in done.stdout


def test_a_failed_installation_is_not_passed_over(clone):
    # %pip does not raise: what it should have brought is missing afterwards.
    missing = SETUP.replace('"anywidget"', '"a_package_that_pip_did_not_bring"')
    assert missing != SETUP
    done = _run(clone / "course", cell=missing)
    assert "stopped: The installation failed" in done.stderr
