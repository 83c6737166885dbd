"""The built notebooks in JupyterLab, as a reader works through them."""

from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.needs_browser, pytest.mark.needs_node]

ROOT = Path(__file__).parents[2]
COURSE = sorted((ROOT / "course").glob("*.ipynb"))
LABS = sorted((ROOT / "labs").glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def solved(lab):
    """The student's notebook with the solution in each answer cell."""
    notebook = read(lab)
    answers = {
        cell.id: cell.source
        for cell in read(ROOT / "solutions" / lab.name).cells
        if "answer" in cell.metadata.get("tags", [])
    }
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    return notebook


def in_a_fresh_home(notebook, folder):
    """Keep the reader's progress of this run in ``folder``."""
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = f"import os; os.environ['LNNN_HOME'] = {str(folder)!r}\n" + first.source
    return notebook


def show(shown, locator):
    """Scroll until the notebook has drawn what stands there."""
    locator.scroll_into_view_if_needed()
    locator.wait_for()


@pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
def test_every_explorable_of_a_notebook_answers_the_keyboard(
    open_notebook, axe_violations, tmp_path, path
):
    shown = open_notebook(in_a_fresh_home(read(path), tmp_path))
    shown.run()
    explorables = shown.page.locator(".lnnn-explorable")
    assert explorables.count() >= (1 if path.stem == "00_start_here" else 2)
    for n in range(explorables.count()):
        root = explorables.nth(n)
        show(shown, root)
        slider = root.get_by_role("slider", name="temperature")
        if slider.count() == 0:
            continue
        before = root.locator(".lnnn-panels").inner_html()
        read_out = slider.get_attribute("aria-valuetext")
        slider.focus()
        cell = shown.active_cell()
        slider.press("Home")
        shown.page.wait_for_function(
            "([node, old]) => node.innerHTML !== old",
            arg=[root.locator(".lnnn-panels").element_handle(), before],
        )
        assert slider.get_attribute("aria-valuetext") != read_out
        assert shown.active_cell() == cell
        assert axe_violations(shown.page, root) == []
    assert shown.errors == []


@pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
def test_every_question_of_a_notebook_explains_the_answer_chosen(open_notebook, tmp_path, path):
    shown = open_notebook(in_a_fresh_home(read(path), tmp_path))
    shown.run()
    quiz = shown.page.locator(".lnnn-quiz").first
    show(shown, quiz)
    for n in range(quiz.locator("form").count()):
        question = quiz.locator("form").nth(n)
        question.get_by_role("radio").first.check()
        question.get_by_role("button", name="Check answer").click()
        why = question.locator(".why:visible").first
        why.wait_for()
        assert len(why.inner_text()) > 20
    assert shown.errors == []


@pytest.mark.parametrize("path", LABS, ids=lambda p: p.stem)
def test_checks_turn_green_when_a_lab_is_filled_in(open_notebook, axe_violations, tmp_path, path):
    empty = open_notebook(in_a_fresh_home(read(path), tmp_path / "empty"))
    empty.run()
    checks = empty.page.locator(".lnnn-check")
    tasks = sum("check" in c.metadata.get("tags", []) for c in read(path).cells)
    assert checks.count() == tasks
    assert empty.page.locator(".lnnn-check.not-attempted").count() == tasks
    filled = open_notebook(in_a_fresh_home(solved(path), tmp_path / "filled"))
    filled.run()
    green = filled.page.locator(".lnnn-check.passed")
    assert green.count() == tasks
    for n in range(tasks):
        show(filled, green.nth(n))
        assert axe_violations(filled.page, green.nth(n)) == []
    assert filled.errors == []
