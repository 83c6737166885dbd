"""``lnnn new-lab``: six files that build, pass their own suite, and are named where still to do."""

import shutil

import pytest
from typer.testing import CliRunner

from lnnn.build import leaks, new_lab, project
from lnnn.build.errors import BuildError
from lnnn.build.notebook import assemble
from lnnn.build.solutions import solved_namespace
from lnnn.check_course import inspect_course
from lnnn.cli import app
from lnnn.learn import catalogue
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.runner import Suite, check_examples

NAME = "lab10_trial"


@pytest.fixture
def root(tmp_path):
    """A checkout with what every suite and bank shares."""
    for part in ("tests/hidden/inputs.py", "tests/hidden/conftest.py"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project.ROOT / part, tmp_path / part)
    return tmp_path


def write(root, *functions, name=NAME):
    return CliRunner().invoke(app, ["new-lab", name, *functions, "--root", str(root)])


def test_six_files_that_hold_together(root):
    done = write(root, "twice", "thrice", "half")
    assert done.exit_code == 0, done.output
    paths = done.output.splitlines()[:-1]
    assert len(paths) == 6
    assert all((root / path).is_file() for path in paths)
    [source] = project.find_sources(root)
    lab = Lab(NamespaceCaller(solved_namespace(source)))
    suite = Suite(root / "tests/hidden" / f"test_{NAME}.py")
    assert sum(rule.points for rule in suite.rules) == 100
    assert {result.outcome for result in suite.run(lab)} == {"passed"}
    entry = catalogue.entry(root / "src/lnnn/labs" / NAME)
    assert entry.functions == ("twice", "thrice", "half")
    assert {result.outcome for result in check_examples(entry.rules, lab)} == {"passed"}
    leaks.check_lab(source, assemble(source, "lab"), [root / "src/lnnn/labs", *project.SHIPPED])


@pytest.mark.needs_bwrap
def test_check_course_names_every_place_that_is_still_to_do(root):
    write(root, "twice")
    faults = next(iter(inspect_course(root))).faults
    for path in new_lab.FILES.values():
        path = path.format(name=NAME)
        to_do = sum("TODO" in line for line in (root / path).read_text().splitlines())
        assert sum(fault.startswith(f"{path}:") for fault in faults) == to_do
    assert f"labs/{NAME}.ipynb is missing. Write it, or build it with `make notebooks`." in faults


@pytest.mark.parametrize(
    ("name", "functions", "said"),
    [
        ("trial", ["f"], "a lab is called like lab10_topic"),
        ("lab10_Trial", ["f"], "a lab is called like lab10_topic"),
        (NAME, ["class"], "not the name of a Python function"),
        (NAME, ["f", "f"], "each function is asked for once"),
    ],
)
def test_a_name_that_is_none_is_refused_and_nothing_is_written(root, name, functions, said):
    done = write(root, *functions, name=name)
    assert done.exit_code == 2
    assert said in done.output
    assert not (root / "source").exists()


def test_a_number_that_a_lab_has_is_refused(root):
    write(root, "twice")
    done = write(root, "twice", name="lab10_other")
    assert (done.exit_code, done.output) == (
        2,
        "lab10 is lab10_trial already. Take another number.\n",
    )


def test_what_is_there_is_not_overwritten(root):
    write(root, "twice")
    with pytest.raises(BuildError, match="is there already"):
        new_lab.write_templates(root, NAME, ["other"])
