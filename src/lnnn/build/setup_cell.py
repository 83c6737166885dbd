"""The first code cell of every notebook: makes `lnnn` importable, or says what to do."""

SETUP = """\
# Set-up. Says nothing when all is well; else it installs the course this notebook is in.
import importlib.util
import pathlib
import sys

if importlib.util.find_spec("lnnn") is None:
    clone = pathlib.Path("..").resolve()
    if sys.version_info < (3, 11):
        raise RuntimeError(f"The course needs Python 3.11 or newer; this kernel runs {sys.version}")
    if not (clone / "pyproject.toml").exists():
        raise ModuleNotFoundError(
            "The package lnnn is not installed in this kernel, and this notebook is not in a copy "
            "of the course. Get the whole course folder, open the notebook from there, and run "
            "this cell again."
        )
    %pip install --quiet -e {clone}
    sys.path.insert(0, str(clone / "src"))  # the running kernel looks here at once
    if importlib.util.find_spec("anywidget") is None:
        raise RuntimeError("The installation failed: read the lines above, then run this again.")"""
