"""The built lab through the whole grader: as shipped, as solved, and as other programs save it."""

import json

import jupytext
import pytest

from lnnn.grading.runner import Grader
from lnnn.grading.suites import Suites, find_suites

pytestmark = pytest.mark.needs_bwrap

HIDDEN = find_suites()
LAB = "lab04_log_softmax"
STUDENT = HIDDEN.parents[1] / "labs" / f"{LAB}.ipynb"
SOLVED = HIDDEN.parents[1] / "solutions" / f"{LAB}.ipynb"


@pytest.fixture(scope="module")
def grader():
    with Grader(Suites(HIDDEN), seed=11) as grader:
        yield grader


def graded(grader, path):
    graded = grader.grade(grader.read(path))
    return graded.status, graded.score, graded.max_score, graded.notes


def test_the_student_edition_scores_nothing_and_no_cell_fails(grader):
    assert graded(grader, STUDENT) == ("graded", 0, 100, ())


def test_the_solution_scores_everything(grader):
    assert graded(grader, SOLVED) == ("graded", 100, 100, ())


@pytest.mark.parametrize("form", ["py:percent", "py:light"])
def test_an_export_of_the_solution_scores_everything(grader, tmp_path, form):
    path = tmp_path / f"{LAB}.py"
    jupytext.write(jupytext.read(SOLVED), path, fmt=form)
    assert graded(grader, path) == ("graded", 100, 100, ())


def test_without_ids_and_tags_and_with_an_example_changed_it_scores_everything(grader, tmp_path):
    document = json.loads(SOLVED.read_text(encoding="utf-8"))
    changed = 0
    for cell in document["cells"]:
        del cell["id"]
        cell["metadata"] = {}
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code" and "exact." in cell["source"]:
            cell["source"] += "\nprint(total)" if "total" in cell["source"] else ""
            changed += "total" in cell["source"]
    assert changed
    path = tmp_path / "played.ipynb"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert graded(grader, path) == ("graded", 100, 100, ())


def test_the_error_curve_is_on_the_page_for_each_function_that_has_one(grader):
    result = grader.grade(grader.read(SOLVED))
    assert {curve.function for curve in result.curves} == {
        "log_softmax",
        "softmax",
        "masked_log_softmax",
    }
