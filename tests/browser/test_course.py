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


def shipped_state(lab):
    """What a check says before anything is filled in: a lab ships stubs, or faulty code."""
    answers = [c for c in read(lab).cells if "answer" in c.metadata.get("tags", [])]
    stubs = ["raise NotImplementedError" in cell.source for cell in answers]
    assert all(stubs) or not any(stubs)
    return "not-written" if all(stubs) else "failed"


def in_a_fresh_home(notebook, folder):
    """Keep the reader's progress of this run in ``folder``."""
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = f"import os; os.environ['LNNN_HOME'] = {str(folder)!r}\n" + first.source
    return notebook


def show(shown, locator):
    """Scroll until the notebook has drawn what stands there."""
    locator.scroll_into_view_if_needed()
    locator.wait_for()


def press(shown, root, control, key):
    """Press a key on a control, and wait until the figure says or shows something else."""
    figure = root.locator(".lnnn-panels").locator("xpath=..")  # with its finding and read-outs
    before = figure.inner_html()
    control.press(key)
    shown.page.wait_for_function(
        "([node, old]) => node.innerHTML !== old", arg=[figure.element_handle(), before]
    )


def move_every_control(shown, root):
    """Each slider of an explorable alone by its keys, each choice by the space bar.

    The read-out follows, the picture is drawn anew, the notebook stays on its cell.
    """
    reset = root.get_by_role("button", name="Reset")
    for slider in root.get_by_role("slider").all():
        assert slider.evaluate("(node) => node.labels.length === 1"), "a slider without a name"
        slider.focus()
        cell, read_out = shown.active_cell(), slider.get_attribute("aria-valuetext")
        last = slider.get_attribute("max") == slider.input_value()
        press(shown, root, slider, "Home" if last else "End")
        assert slider.get_attribute("aria-valuetext") != read_out
        assert shown.active_cell() == cell
        press(shown, root, reset, "Enter")
    for radio in root.get_by_role("radio").all():
        if not radio.is_checked():
            press(shown, root, radio, "Space")
            assert radio.is_checked()


def answer_every_question(shown, quiz):
    """The first option of each question; every answer is explained."""
    for question in quiz.locator("form").all():
        question.get_by_role("radio").first.check()
        question.get_by_role("button", name="Check answer").click()
        why = question.locator(".why:visible").first
        why.wait_for()
        assert len(why.inner_text()) > 20


@pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
def test_explorables_answer_the_keyboard_and_the_quiz_explains_in_both_themes_wide_and_narrow(
    open_notebook, axe_violations, tmp_path, path
):
    shown = open_notebook(in_a_fresh_home(read(path), tmp_path))
    shown.run()
    explorables = shown.page.locator(".lnnn-explorable")
    assert explorables.count() >= (1 if path.stem == "00_start_here" else 2)
    for n in range(explorables.count()):
        root = explorables.nth(n)
        show(shown, root)
        move_every_control(shown, root)
        assert axe_violations(shown.page, root) == []
    quiz = shown.page.locator(".lnnn-quiz").first
    show(shown, quiz)
    answer_every_question(shown, quiz)
    assert axe_violations(shown.page, quiz) == []
    shown.theme("JupyterLab Dark")
    shown.page.set_viewport_size({"width": 480, "height": 1000})
    for n in range(explorables.count()):
        root = explorables.nth(n)
        show(shown, root)
        assert axe_violations(shown.page, root) == []
        assert root.evaluate("(node) => node.scrollWidth <= node.clientWidth + 1"), "it overflows"
    assert shown.errors == []


@pytest.mark.parametrize("path", LABS, ids=lambda p: p.stem)
def test_checks_turn_green_when_a_lab_is_filled_in(open_notebook, axe_violations, tmp_path, path):
    empty = open_notebook(in_a_fresh_home(read(path), tmp_path / "empty"))
    empty.run()
    checks = empty.page.locator(".lnnn-check")
    tasks = sum("check" in c.metadata.get("tags", []) for c in read(path).cells)
    assert checks.count() == tasks
    assert empty.page.locator(f".lnnn-check.{shipped_state(path)}").count() == tasks
    filled = open_notebook(in_a_fresh_home(solved(path), tmp_path / "filled"))
    filled.run()
    green = filled.page.locator(".lnnn-check.passed")
    assert green.count() == tasks
    for n in range(tasks):
        show(filled, green.nth(n))
        assert axe_violations(filled.page, green.nth(n)) == []
    assert filled.errors == []
