"""The debugging lab through the whole grader: what its page says, and its cells tried out."""

import json

import pytest

from lnnn.grading.runner import Grader
from lnnn.grading.suites import Suites, find_suites
from lnnn.report import feedback

pytestmark = pytest.mark.needs_bwrap

HIDDEN = find_suites()
LAB = "lab07_pitfalls"
STUDENT = HIDDEN.parents[1] / "labs" / f"{LAB}.ipynb"
SOLVED = HIDDEN.parents[1] / "solutions" / f"{LAB}.ipynb"


@pytest.fixture(scope="module")
def grader():
    with Grader(Suites(HIDDEN), seed=11) as grader:
        yield grader


def test_the_page_names_the_fault_of_each_function_and_says_what_waits_for_it(grader):
    result = grader.grade(grader.read(STUDENT))
    broken = [test.function for test in result.tests if test.outcome == "failed"]
    assert len(broken) == len(set(broken)) == 5
    page = feedback.page(result)
    for function in broken:
        assert page.count(f"First mend the fault that {function} came with.") == 1


def test_other_numbers_in_the_cells_for_trying_cost_nothing(grader, tmp_path):
    document = json.loads(SOLVED.read_text(encoding="utf-8"))
    changed = 0
    for cell in document["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "code  :" in source:
            cell["source"] = source.replace("exact :", "right :")
            changed += 1
    assert changed == 5
    path = tmp_path / f"{LAB}.ipynb"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = grader.grade(grader.read(path))
    assert (result.status, result.score) == ("graded", 100)
