"""The command: what it writes, what --check says, what it does not put up with."""

import json

import pytest
import typer
from typer.testing import CliRunner

from lnnn.build import __main__ as command
from lnnn.build import project
from lnnn.build.inputs import hash_of
from lnnn.build.notebook import cell_hash

pytestmark = pytest.mark.slow

SMALL = ["course/04_small.ipynb", "labs/lab04_small.ipynb", "solutions/lab04_small.ipynb"]
RECORD = "tests/hidden/release/lab04_small.json"
LOCK = "notebooks.lock"
ALL = [*SMALL, RECORD]
UP_TO_DATE = "All that is built is up to date.\n"


@pytest.fixture
def ran():
    """The notebooks that builds were asked to run, in order."""
    return []


@pytest.fixture
def run(small_project, built_twice, monkeypatch, ran):
    """Run the command in the small project. Notebooks were executed once, for all tests."""

    def build_named(sources, root, only=None):
        products = [product for source in sources for product in project.products_of(source)]
        chosen = [p for p in products if not p.is_executed or only is None or p.path in only]
        ran.extend(str(product.path) for product in chosen if product.is_executed)
        return {product.path: built_twice[0][product.path] for product in chosen}

    monkeypatch.setattr(project, "build", build_named)
    app = typer.Typer()
    app.command()(command.main)
    root = ("--root", str(small_project))
    return lambda *arguments: CliRunner().invoke(app, [*arguments, *root])


def append(path, text):
    path.write_text(path.read_text() + text)


def out_of_date(result):
    """What is said of the files that are out of date; some are."""
    assert result.exit_code == 1
    assert "make notebooks" in result.output
    return [line for line in result.output.splitlines() if "out of date" in line]


def test_a_build_writes_every_product_and_then_nothing(run, small_project):
    result = run()
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == [*ALL, LOCK]
    assert all((small_project / path).is_file() for path in [*ALL, LOCK])
    assert run().output == UP_TO_DATE


def test_check_is_silent_about_nothing_and_writes_nothing(run, small_project, ran):
    assert out_of_date(run("--check")) == [f"{path} is out of date: it is missing." for path in ALL]
    assert not any((small_project / path).exists() for path in ALL)
    assert ran == []
    run()
    for arguments in (("--check",), ("--check", "--all")):
        assert (run(*arguments).exit_code, run(*arguments).output) == (0, UP_TO_DATE)


@pytest.mark.parametrize("path", ALL)
def test_check_names_the_file_that_differs_by_one_byte(run, small_project, path):
    run()
    append(small_project / path, "\n")
    for arguments in (("--check",), ("--check", "--all")):
        assert out_of_date(run(*arguments)) == [
            f"{path} is out of date: it was changed after it was built."
        ]


def test_check_names_the_input_that_changed_and_the_files_made_from_it(run, small_project, ran):
    run()
    ran.clear()
    append(small_project / "source/labs/lab04_small.md", "\nMore.\n")
    assert out_of_date(run("--check")) == [
        f"{path} is out of date: source/labs/lab04_small.md changed." for path in ALL[1:]
    ]
    assert ran == []


def test_a_build_runs_what_is_out_of_date_and_with_all_everything(run, small_project, ran):
    run()
    assert ran == [SMALL[0], SMALL[2]]
    ran.clear()
    run()
    assert ran == []
    append(small_project / "source/labs/lab04_small.md", "\nMore.\n")
    run()
    assert ran == [SMALL[2]]
    ran.clear()
    run("--all")
    assert ran == [SMALL[0], SMALL[2]]


def test_all_says_when_another_run_gives_other_bytes(run, small_project, built_twice):
    run()
    file = small_project / SMALL[0]
    append(file, "\n")
    made = built_twice[0][project.Path(SMALL[0])]
    lock = small_project / LOCK
    lock.write_text(lock.read_text().replace(made.entry.holds, hash_of(file.read_bytes())))
    assert run("--check").exit_code == 0
    said = f"{SMALL[0]} is out of date: another run gives other bytes."
    assert said in out_of_date(run("--check", "--all"))


@pytest.mark.parametrize("path", ALL)
def test_a_built_file_without_a_source_is_an_error(run, small_project, path):
    run()
    orphan = small_project / path.replace("04", "05")
    orphan.write_text("{}")
    for arguments in ((), ("--check",)):
        result = run(*arguments)
        assert result.exit_code == 1
        assert f"{path.replace('04', '05')}: no source" in result.output


def test_a_name_builds_that_source_alone(run):
    assert run("04_small").output == f"course/04_small.ipynb: written\n{LOCK}: written\n"
    assert "labs/lab04_small.ipynb" in run("source/labs/lab04_small.md").output


def test_an_unknown_name_lists_the_known_ones(run):
    result = run("05_small")
    assert result.exit_code == 1
    assert result.output == "no source is called 05_small. There are: 04_small, lab04_small.\n"


def test_the_student_notebook_has_no_output_and_the_solution_has(built_twice):
    notebooks = {path: json.loads(built_twice[0][project.Path(path)].text) for path in SMALL[1:]}
    student, solution = ([c for c in n["cells"] if "outputs" in c] for n in notebooks.values())
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in student)
    assert ["".join(c["outputs"][0]["text"]) for c in solution if c["outputs"]] == [
        "0.6931471805599453\n",
        "[    0. -1000.]\n",
    ]
    assert [c["id"] for c in student] == [c["id"] for c in solution]


def test_the_release_record_names_every_cell_of_the_student_notebook(built_twice):
    student = json.loads(built_twice[0][project.Path(SMALL[1])].text)
    record = json.loads(built_twice[0][project.Path(RECORD)].text)
    assert record["lab"] == "lab04_small"
    assert [c["id"] for c in record["cells"]] == [c["id"] for c in student["cells"]]
    roles = [c["role"] for c in record["cells"]]
    assert roles == ["text", "setup", "imports", *["text", "answer", "check"] * 2]
    for cell, recorded in zip(student["cells"], record["cells"], strict=True):
        assert recorded["sha256"] == cell_hash("".join(cell["source"]))


def test_what_is_built_folds_in_diffs_and_nothing_else_does():
    lines = (project.ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    patterns = [line.split()[0] for line in lines if "linguist-generated" in line]
    built = [*project.product_paths(), project.Path(LOCK)]
    assert [path for path in built if not any(map(path.match, patterns))] == []
    sources = [path for path, _ in project.source_files()]
    assert [path for path in sources if any(map(path.match, patterns))] == []
