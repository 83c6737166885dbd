"""The command: what it writes, what --check says, what it does not put up with."""

import json

import pytest
import typer
from typer.testing import CliRunner

from lnnn.build import __main__ as command
from lnnn.build import project
from lnnn.build.release import cell_hash

SMALL = ["course/04_small.ipynb", "labs/lab04_small.ipynb", "solutions/lab04_small.ipynb"]
RECORD = "tests/hidden/release/lab04_small.json"


@pytest.fixture
def run(small_project, built_twice, monkeypatch):
    """Run the command in the small project. Notebooks were executed once, for all tests."""

    def build_named(sources, root):
        paths = {product.path for source in sources for product in project.products_of(source)}
        return {path: text for path, text in built_twice[0].items() if path in paths}

    monkeypatch.setattr(project, "build", build_named)
    app = typer.Typer()
    app.command()(command.main)
    root = ("--root", str(small_project))
    return lambda *arguments: CliRunner().invoke(app, [*arguments, *root])


def test_a_build_writes_every_product_and_then_nothing(run, small_project):
    result = run()
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == [*SMALL, RECORD]
    assert all((small_project / path).is_file() for path in [*SMALL, RECORD])
    assert run().output == "4 files are up to date.\n"


def test_check_is_silent_about_nothing_and_writes_nothing(run, small_project):
    result = run("--check")
    assert result.exit_code == 1
    for path in [*SMALL, RECORD]:
        assert f"{path}: differs from its source" in result.output
        assert not (small_project / path).exists()
    run()
    assert run("--check").exit_code == 0


@pytest.mark.parametrize("path", [*SMALL, RECORD])
def test_check_names_the_file_that_differs_by_one_byte(run, small_project, path):
    run()
    file = small_project / path
    file.write_text(file.read_text() + "\n")
    result = run("--check")
    assert result.exit_code == 1
    assert [line for line in result.output.splitlines() if "differs" in line] == [
        f"{path}: differs from its source"
    ]
    assert "make notebooks" in result.output


@pytest.mark.parametrize("path", [*SMALL, RECORD])
def test_a_built_file_without_a_source_is_an_error(run, small_project, path):
    run()
    orphan = small_project / path.replace("04", "05")
    orphan.write_text("{}")
    for arguments in ((), ("--check",)):
        result = run(*arguments)
        assert result.exit_code == 1
        assert f"{path.replace('04', '05')}: no source" in result.output


def test_a_name_builds_that_source_alone(run):
    assert run("04_small").output == "course/04_small.ipynb: written\n"
    assert "labs/lab04_small.ipynb" in run("source/labs/lab04_small.md").output


def test_an_unknown_name_lists_the_known_ones(run):
    result = run("05_small")
    assert result.exit_code == 1
    assert result.output == "no source is called 05_small. There are: 04_small, lab04_small.\n"


def test_the_student_notebook_has_no_output_and_the_solution_has(built_twice):
    notebooks = {path: json.loads(built_twice[0][project.Path(path)]) for path in SMALL[1:]}
    student, solution = ([c for c in n["cells"] if "outputs" in c] for n in notebooks.values())
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in student)
    assert ["".join(c["outputs"][0]["text"]) for c in solution if c["outputs"]] == [
        "0.6931471805599453\n",
        "[    0. -1000.]\n",
    ]
    assert [c["id"] for c in student] == [c["id"] for c in solution]


def test_the_release_record_names_every_cell_of_the_student_notebook(built_twice):
    student = json.loads(built_twice[0][project.Path(SMALL[1])])
    record = json.loads(built_twice[0][project.Path(RECORD)])
    assert record["lab"] == "lab04_small"
    assert [c["id"] for c in record["cells"]] == [c["id"] for c in student["cells"]]
    roles = [c["role"] for c in record["cells"]]
    assert roles == ["text", "setup", "imports", *["text", "answer", "check"] * 2]
    for cell, recorded in zip(student["cells"], record["cells"], strict=True):
        assert recorded["sha256"] == cell_hash("".join(cell["source"]))
