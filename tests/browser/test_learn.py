"""Check, hint, progress and quiz in JupyterLab: keys, themes, widths, no answer in the page."""

import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_browser

ROOT = Path(__file__).parents[2]
QUIZ = "lab90_halving"

SETUP = f"""
import os, tempfile
from pathlib import Path
if "home" not in globals():
    home = os.environ["LNNN_HOME"] = tempfile.mkdtemp()
from lnnn.learn import catalogue, quiz_source
catalogue.LABS = Path({str(ROOT / "tests/learn/fixtures/labs")!r})
quiz_source.QUIZZES = catalogue.LABS
import numpy as np
from lnnn import check, hint, progress, quiz

def halve(x):
    return np.asarray(x) / 2

def log_softmax(z, axis=-1):
    e = np.exp(np.asarray(z))
    return np.log(e / e.sum(axis=axis, keepdims=True))
"""
ASK = f"asked = quiz({QUIZ!r})\nasked"


@pytest.fixture
def learned(open_notebook):
    """A notebook with the fixture labs, its cells run."""

    def run(*cells, **options):
        notebook = open_notebook([SETUP, *cells], **options)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.run()
        return notebook

    return run


@pytest.fixture
def quizzed(learned):
    """A notebook with the quiz drawn, and the quiz's root."""

    def run(*cells, **options):
        notebook = learned(*(cells or [ASK]), **options)
        root = notebook.page.locator(".lnnn-quiz").first
        root.wait_for()
        return notebook, root

    return run


def question(root, n):
    return root.locator("form").nth(n)


def test_the_quiz_can_be_answered_with_the_keyboard_alone(quizzed):
    notebook, root = quizzed()
    first, page = question(root, 0), notebook.page
    cell, cells = notebook.active_cell(), page.locator(".jp-Cell").count()
    first.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert first.get_by_role("radio").nth(1).is_checked()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Check answer"
    page.keyboard.press("Enter")
    first.get_by_role("status").filter(has_text="Right.").wait_for()
    assert page.evaluate("() => document.activeElement.textContent") == "Check answer"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    first.locator(".hint").filter(has_text="Think of two equal parts").wait_for()
    for key in "abxd":  # JupyterLab's keys for new, cut and deleted cells
        page.keyboard.press(key)
    assert notebook.active_cell() == cell
    assert page.locator(".jp-Cell").count() == cells
    assert root.locator(".score").inner_text() == "1 of 3 right"
    assert notebook.errors == []


def test_every_chosen_option_gets_its_own_explanation(quizzed):
    notebook, root = quizzed()
    first = question(root, 0)
    first.get_by_role("radio").nth(0).check()
    first.get_by_role("button", name="Check answer").click()
    first.get_by_role("status").filter(has_text="Not right.").wait_for()
    told = first.locator(".option").nth(0).locator(".why")
    assert told.inner_text() == "✗ Not right. That is the double, 2x."
    first.get_by_role("radio").nth(1).check()
    assert first.get_by_role("status").inner_text() == ""
    first.get_by_role("button", name="Check answer").click()
    first.get_by_role("status").filter(has_text="Right.").wait_for()
    assert first.locator(".why:visible").count() == 2
    assert root.locator(".score").inner_text() == "1 of 3 right"
    assert notebook.errors == []


def test_the_same_answer_twice_is_answered_twice(quizzed):
    _, root = quizzed()
    first = question(root, 0)
    for _ in range(2):
        first.get_by_role("radio").nth(0).check()
        first.get_by_role("button", name="Check answer").click()
        first.get_by_role("status").filter(has_text="Not right.").wait_for()
        first.get_by_role("radio").nth(2).check()
        assert first.get_by_role("status").inner_text() == ""
    first.get_by_role("radio").nth(2).check()
    for _ in range(2):
        first.get_by_role("button", name="Check answer").click()
        first.get_by_role("status").filter(has_text="Not right.").wait_for()
        first.get_by_role("status").evaluate("n => n.replaceChildren()")


def test_checking_nothing_asks_for_a_choice(quizzed):
    _, root = quizzed()
    question(root, 0).get_by_role("button", name="Check answer").click()
    question(root, 0).get_by_role("status").filter(has_text="Choose an answer first.").wait_for()


def test_the_page_and_the_saved_notebook_hold_no_answer_before_it_is_given(quizzed):
    notebook, root = quizzed()
    secret = "That is the double"
    assert secret not in notebook.page.content()
    state = notebook.page.evaluate(
        """async () => {
            const panel = window.jupyterapp.shell.currentWidget;
            return JSON.stringify(panel.context.model.toJSON());
        }"""
    )
    assert "What is half of" in state
    assert secret not in state
    assert '"correct"' not in state
    question(root, 0).get_by_role("radio").nth(0).check()
    question(root, 0).get_by_role("button", name="Check answer").click()
    root.locator(".why:visible").first.wait_for()
    assert secret in notebook.page.content()


def test_a_rerun_cell_shows_what_was_answered(quizzed):
    notebook, root = quizzed()
    question(root, 1).get_by_role("radio").nth(2).check()
    question(root, 1).get_by_role("button", name="Check answer").click()
    question(root, 1).locator(".why:visible").wait_for()
    notebook.run()
    again = notebook.page.locator(".lnnn-quiz .why:visible")
    again.wait_for()
    assert question(root, 1).get_by_role("radio").nth(2).is_checked()


def test_two_views_of_one_quiz_agree(quizzed):
    notebook, root = quizzed(ASK, "asked")
    other = notebook.page.locator(".lnnn-quiz").nth(1)
    other.wait_for()
    question(root, 0).get_by_role("radio").nth(1).check()
    question(root, 0).get_by_role("button", name="Check answer").click()
    question(other, 0).locator(".why:visible").wait_for()
    assert other.locator(".score").inner_text() == "1 of 3 right"
    assert question(other, 0).get_by_role("radio").nth(1).is_checked()


def test_without_a_kernel_the_quiz_says_what_to_do(quizzed):
    notebook, root = quizzed()
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()"
    )
    question(root, 0).get_by_role("radio").nth(1).check()
    question(root, 0).get_by_role("button", name="Check answer").click()
    status = question(root, 0).get_by_role("status")
    status.filter(has_text="run this cell again").wait_for()


def test_text_of_a_quiz_is_never_read_as_html(quizzed):
    _, root = quizzed()
    assert "x < 1 & <b>bold</b>" in question(root, 2).locator("legend").inner_text()
    assert question(root, 2).locator("legend b").count() == 0
    assert question(root, 2).locator("legend sub").inner_text() == "i"


@pytest.mark.needs_node
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [1280, 480])
def test_axe_finds_nothing_in_check_hint_progress_and_quiz(learned, axe_violations, theme, width):
    notebook = learned(
        ASK, "check(log_softmax)", "check(halve)", "hint(log_softmax)", "progress()", width=width
    )
    notebook.theme(theme)
    root = notebook.page.locator(".lnnn-quiz").first
    for n, option in ((0, 0), (1, 1)):
        question(root, n).get_by_role("radio").nth(option).check()
        question(root, n).get_by_role("button", name="Check answer").click()
        question(root, n).locator(".why:visible").wait_for()
    question(root, 1).get_by_role("button", name="Hint").click()
    question(root, 1).locator(".hint").wait_for()
    kinds = ("quiz", "check.failed", "check.passed", "hint", "progress")
    for inside in (f".lnnn-{kind}" for kind in kinds):
        assert axe_violations(notebook.page, notebook.page.locator(inside).first) == [], inside
    assert notebook.errors == []


def test_nothing_is_wider_than_a_narrow_window(learned):
    notebook = learned(ASK, "check(log_softmax)", "hint(log_softmax)", "progress()", width=480)
    notebook.page.locator(".lnnn-quiz").first.wait_for()
    for css in (".lnnn-quiz", ".lnnn-check", ".lnnn-hint", ".lnnn-progress"):
        wide = notebook.page.locator(css).first.evaluate("n => [n.scrollWidth, n.clientWidth]")
        assert wide[0] <= wide[1], css


def test_the_picture_says_what_it_shows_to_a_screen_reader(learned):
    notebook = learned("check(log_softmax)")
    pictures = notebook.page.locator(".lnnn-check").get_by_role("img")
    assert pictures.count() == 2
    first = pictures.first
    assert first.locator("title").text_content() == "Error along the axis “largest logit”"
    assert "beyond what the course allows from 720 on (NaN)" in first.locator("desc").text_content()


def test_the_interrupt_button_ends_an_endless_check(learned):
    notebook = learned("def halve(x):\n    while True:\n        pass")
    page = notebook.page
    page.evaluate(
        """() => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.content.model.sharedModel.addCell({cell_type: "code", source: "check(halve)"});
            panel.content.activeCellIndex = panel.content.widgets.length - 1;
        }"""
    )
    notebook.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status
            === 'busy'"""
    )
    time.sleep(1.5)
    notebook.command("kernelmenu:interrupt")
    page.get_by_text("check stopped: halve was still running, at line").wait_for()
