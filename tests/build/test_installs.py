"""What each install brings: the course alone, or with an extra.

The base is what a learner needs. A command that needs more names the extra, and ends with 3.
"""

import ast
import importlib.metadata
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_environment import installed_closure
from typer.main import get_command

import lnnn
from lnnn.build import __main__ as build_command
from lnnn.build import project
from lnnn.build.project import ROOT
from lnnn.cli import Command, app, wanted_for

# Which extras each part of the code may count on; every other part has the base alone.
EXTRAS = {
    "src/lnnn/grading": {"grade"},
    "tests/hidden/conftest.py": {"grade", "test"},  # pytest alone reads it
    "tests/hidden": {"grade"},
    "src/lnnn/build": {"build"},
    "src/lnnn/check_course.py": {"build", "grade"},
}
# Never imported, but started by name: JupyterLab by `make course`, the kernel by a build.
STARTED = {"jupyterlab", "ipykernel"}

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_DISTRIBUTIONS = importlib.metadata.packages_distributions()
# `inside` is how the jail's own files call their folder; `inputs` stands beside the hidden suites.
_LOCAL = {"lnnn", "inside", "inputs"}


def _listed(extra=None):
    listed = _PROJECT["optional-dependencies"][extra] if extra else _PROJECT["dependencies"]
    return {canonicalize_name(Requirement(text).name) for text in listed}


def _imported(code):
    """The modules of other projects that ``code`` imports, at its top or anywhere in it."""
    modules = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.partition(".")[0])
    return modules - sys.stdlib_module_names - _LOCAL


def _code():
    """(path, code) of every module, hidden suite and page."""
    for folder in ("src/lnnn", "tests/hidden"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for source in project.find_sources():
        cells = (cell.text for cell in source.cells if cell.is_code)
        yield source.path.as_posix(), "\n".join(cells)


@pytest.fixture(scope="module")
def imports():
    """(path, extras it may count on, module, distribution) of every import of another project."""
    found = []
    for path, code in _code():
        extras = next((more for part, more in EXTRAS.items() if path.startswith(part)), set())
        for module in sorted(_imported(code)):
            [distribution] = set(_DISTRIBUTIONS.get(module, [module]))
            found.append((path, extras, module, canonicalize_name(distribution)))
    return found


def test_every_import_is_listed_where_a_user_of_that_part_gets_it(imports):
    unlisted = {
        (path, distribution)
        for path, extras, _, distribution in imports
        if distribution not in _listed().union(*map(_listed, extras))
    }
    assert unlisted == set()


def test_nothing_is_listed_that_no_code_needs(imports):
    for extra in (None, "lab", "grade", "build"):
        needed = {
            name for _, extras, _, name in imports if (extra in extras if extra else not extras)
        }
        assert _listed(extra) <= needed | STARTED, extra


def test_what_is_named_for_a_module_is_what_lists_its_distribution(imports):
    homes = {"lnnn": _listed()}
    homes |= {f"lnnn[{extra}]": _listed(extra) for extra in _PROJECT["optional-dependencies"]}
    for module, distribution in {(module, name) for _, _, module, name in imports}:
        listing = [home for home, listed in homes.items() if distribution in listed]
        assert wanted_for(module) == (listing[0] if listing else None), module


def test_a_module_that_is_listed_nowhere_has_no_extra():
    for module in ("sklearn", "lnnn", "xdist", "lab", "no_such_module"):
        assert wanted_for(module) is None


# An install without some modules, without installing anything: they can't be found.

_HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture
def run_without(tmp_path, monkeypatch):
    """``run_without(modules, *arguments)``: Python in an install that lacks the modules."""

    def run(modules, *arguments):
        hook = _HIDE.format(modules=set(modules))
        (tmp_path / "sitecustomize.py").write_text(hook, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)

    return run


@pytest.fixture(scope="module")
def beyond_the_base():
    """Every module that is installed here and is not in an install without extras."""
    base = installed_closure("lnnn") | {"lnnn"}
    return {
        module
        for module, distributions in _DISTRIBUTIONS.items()
        if not base & set(map(canonicalize_name, distributions))
    }


COMMANDS = get_command(app).commands
GRADE = ("-m", "lnnn", "grade", ".", "--out", "out")
CHECK_COURSE = ("-m", "lnnn", "check-course")
TRY = ("-m", "lnnn", "try", "lab04", "answer.py")
NEW_LAB = ("-m", "lnnn", "new-lab", "lab10_topic", "function")
BUILD = ("-m", "lnnn.build")


def test_no_command_goes_without_the_sentence():
    assert {"grade", "try", "new-lab", "check-course"} == COMMANDS.keys()
    assert {type(command) for command in COMMANDS.values()} == {Command}
    assert type(get_command(build_command.app)) is Command


@pytest.mark.parametrize(
    ("command", "module", "sentence"),
    [
        (GRADE, "msgpack", "lnnn grade needs msgpack: pip install 'lnnn[grade]'"),
        (GRADE, "rich", "lnnn grade needs rich: pip install 'lnnn[grade]'"),
        (GRADE, "numpy", "lnnn grade needs numpy: pip install 'lnnn'"),
        (CHECK_COURSE, "nbformat", "lnnn check-course needs nbformat: pip install 'lnnn[build]'"),
        (CHECK_COURSE, "jupytext", "lnnn check-course needs jupytext: pip install 'lnnn[build]'"),
        (CHECK_COURSE, "msgpack", "lnnn check-course needs msgpack: pip install 'lnnn[grade]'"),
        (BUILD, "yaml", "lnnn.build needs yaml: pip install 'lnnn[build]'"),
        (BUILD, "jupyter_client", "lnnn.build needs jupyter_client: pip install 'lnnn[build]'"),
    ],
)
def test_a_command_that_lacks_a_module_names_the_extra(run_without, command, module, sentence):
    ended = run_without({module}, *command)
    assert ended.returncode == 3
    assert ended.stderr.removeprefix("python -m ") == sentence + "\n"
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (GRADE, "grade"),
        (TRY, "grade"),
        (NEW_LAB, "build"),
        (CHECK_COURSE, "build"),
        (BUILD, "build"),
    ],
)
def test_in_an_install_without_extras_each_command_names_one(
    run_without, beyond_the_base, command, extra
):
    ended = run_without(beyond_the_base, *command)
    assert ended.returncode == 3
    assert ended.stderr.endswith(f": pip install 'lnnn[{extra}]'\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_in_an_install_without_extras_every_help_and_the_version_answer(
    run_without, beyond_the_base, command
):
    ended = run_without(beyond_the_base, "-m", "lnnn", *command, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert " ".join(("Usage: lnnn", *command)) in ended.stdout
    ended = run_without(beyond_the_base, "-m", "lnnn", "--version")
    assert ended.stdout == f"lnnn {lnnn.__version__}\n"


def test_a_module_of_our_own_that_is_missing_is_no_matter_of_extras(run_without):
    script = "import sys; sys.modules['lnnn.grading.batch'] = None; import lnnn.__main__ as m; "
    script += "m.app(['grade', '.', '--out', 'out'])"
    ended = run_without((), "-c", script)
    assert ended.returncode == 1
    assert "ModuleNotFoundError: import of lnnn.grading.batch halted" in ended.stderr


def test_in_an_install_without_extras_all_that_the_notebooks_use_loads(
    run_without, beyond_the_base
):
    script = """
import importlib, pkgutil, lnnn, lnnn.explore
for name in lnnn.__all__:
    getattr(lnnn, name)
for module in pkgutil.iter_modules(lnnn.explore.__path__, "lnnn.explore."):
    importlib.import_module(module.name)
"""
    ended = run_without(beyond_the_base, "-c", script)
    assert (ended.returncode, ended.stderr) == (0, "")
