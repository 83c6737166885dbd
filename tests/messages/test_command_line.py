"""What the command line says: its help, and what it answers to wrong use."""

import importlib.util
import re
from unittest.mock import Mock

import pytest
from pseudo import assert_said as said
from typer.testing import CliRunner

from lnnn import cli

# What Typer says itself, in the language of its own catalogue.
OF_TYPER = (
    r"Usage: .*",
    r"Try '[^'\n]*' for help\.",
    r"Show this message and exit\.",
    r"Missing (argument|option) '[^'\n]*'\.",
    r"Invalid value for .*",
    r"\[(required|default: \d+|x>=\d+)\]",
    r"<[^>\n]*>",
    r"\b(Options|Arguments|Commands|Error)\b",
)
COMMANDS = ("grade", "try", "new-lab", "check-course")
OF_COMMANDS = (r"--[\w-]+", r"\b(paths|file|lab|name|functions|grade|try|new-lab|check-course)\b")


@pytest.fixture
def lnnn(pseudo, monkeypatch, tmp_path):
    """The command line, loaded in the pseudo-language; what it printed, line by line."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ipynb").touch()
    spec = importlib.util.spec_from_file_location("lnnn_cli_pseudo", cli.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        done = CliRunner().invoke(module.app, list(map(str, arguments)), prog_name="lnnn")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, re.split(r"[\n│╭╮╰╯─]+", done.output)

    return run


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)], ids=" ".join)
def test_help(lnnn, arguments):
    code, lines = lnnn(*arguments, "--help")
    assert code == 0
    said(lines, (*OF_TYPER, *OF_COMMANDS))


WRONG_USE = {
    "no path": ("grade", "nothing.ipynb", "--out", "out"),
    "nothing in it": ("grade", "empty", "--out", "out"),
    "out is a file": ("grade", "a.ipynb", "--out", "file"),
    "no such lab": ("grade", "a.ipynb", "--out", "out", "--lab", "lab77"),
    "no suites": ("grade", "a.ipynb", "--out", "out", "--suites", "empty"),
    "no such lab to try": ("try", "lab77", "a.ipynb"),
    "an empty file to try": ("try", "lab04", "a.ipynb"),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use_of_the_command_line(lnnn, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    code, lines = lnnn(*WRONG_USE[name])
    assert code == 2
    own = (re.escape(str(tmp_path)), r"test_lab\*\.py", r"\b(empty|file)\b(?=:)", "--[a-z]+")
    said(lines, (r"\bnothing\.ipynb\b", *own))


@pytest.mark.parametrize("arguments", [("grade",), ("grade", "a", "--out", "b", "--jobs", "0")])
def test_what_typer_itself_refuses_is_all_typers(lnnn, arguments):
    """Nothing of ours stands in it, so nothing is left when Typer's own words are taken out."""
    code, lines = lnnn(*arguments)
    assert code == 2
    said(["⟦⟧", *lines], OF_TYPER)


def test_a_result_that_cannot_be_written(lnnn, monkeypatch):
    full = Mock(side_effect=OSError(28, "No space left on device"))
    monkeypatch.setattr("lnnn.grading.results.ResultsFolder.__init__", full)
    code, lines = lnnn("grade", "a.ipynb", "--out", "out")
    assert code == 2
    said(lines, (r"\bout(?=:)", "No space left on device"))


@pytest.mark.parametrize("end", [OSError(28, "No space left"), KeyboardInterrupt()], ids=repr)
def test_a_batch_that_ends_early(lnnn, monkeypatch, end):
    monkeypatch.setattr("lnnn.grading.batch.grade_batch", Mock(side_effect=end))
    code, lines = lnnn("grade", "a.ipynb", "--out", "out")
    assert code in (3, 130)
    said(lines, (r"\bout(?=[:/])", r"\[Errno 28\] No space left"))


def test_a_command_whose_module_is_missing(lnnn, monkeypatch):
    lacking = ModuleNotFoundError("No module named 'msgpack'", name="msgpack")
    monkeypatch.setattr("lnnn.grading.suites.find_suites", Mock(side_effect=lacking))
    code, lines = lnnn("try", "lab04", "a.ipynb")
    assert code == 3
    said(lines, (r"\b(lnnn try|msgpack|pip install 'lnnn(\[grade\])?')",))
