"""Draw the pictures of the README: a notebook, a failing check, a feedback page.

``make screenshots`` runs this. Each picture is taken in a real browser of what a person would see:
the built notebook, the built lab with an answer in it, the page that the grader writes.
"""

import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from playwright.sync_api import sync_playwright  # noqa: E402
from real_jupyterlab import launch, open_in, serve  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from lnnn.cli import app  # noqa: E402

# A student's first try: right for small gaps, −inf for large ones.
FIRST_TRY = '''
def log_softmax(z, axis=-1, temperature=1.0):
    """Log-probabilities of the logits ``z``, along ``axis``."""
    if not 0 < temperature < np.inf:
        raise ValueError("temperature must be positive")
    z = np.asarray(z)
    z = z if z.dtype.kind == "f" else z.astype(float)
    with np.errstate(all="ignore"):
        e = np.exp((z - z.max(axis=axis, keepdims=True)) / temperature)
        return np.log(e / e.sum(axis=axis, keepdims=True))
'''


def read(path):
    """A notebook of the repository."""
    return nbformat.read(ROOT / path, as_version=4)


def tried(notebook):
    """The student's lab with the first try in its answer cell, up to the first check."""
    cells = {cell.id: cell for cell in notebook.cells}
    cells["answer-log-softmax"].source = FIRST_TRY.strip()
    last = notebook.cells.index(cells["check-log-softmax"])
    notebook.cells = notebook.cells[: last + 1]
    return notebook


def picture_of_the_notebook(context, server):
    """The three formulas, with the offset moved far from zero."""
    notebook = read("course/04_log_softmax.ipynb")
    shown = open_in(context, server, notebook, width=1180, height=900)
    shown.run()
    slider = shown.page.get_by_label("offset added to all").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    slider.press("End")
    explorable = shown.page.locator(".lnnn-explorable").first
    explorable.get_by_text("logits as float32 holds them").first.wait_for()
    explorable.get_by_text("10002, 10001, 10000, 9999").first.wait_for()
    shown.page.wait_for_timeout(500)
    _save(explorable, "notebook.png")
    shown.close()


def picture_of_a_failing_check(context, server):
    """What ``check`` says about the first try."""
    shown = open_in(context, server, tried(read("labs/lab04_log_softmax.ipynb")), height=1400)
    shown.run()
    _save(shown.page.locator(".lnnn-check").first, "check.png")
    shown.close()


def picture_of_a_feedback_page(context, folder):
    """The grader's page for the same try, the other functions not written."""
    submission = folder / "lab04_student.ipynb"
    nbformat.write(tried(read("labs/lab04_log_softmax.ipynb")), submission)
    out = folder / "results"
    done = CliRunner().invoke(app, ["grade", str(submission), "--out", str(out), "--seed", "1"])
    if done.exit_code != 0:
        sys.exit(f"the grader ended with {done.exit_code}:\n{done.output}")
    page = context.new_page()
    page.set_viewport_size({"width": 900, "height": 1100})
    page.goto((out / "feedback" / "lab04_student.html").as_uri())
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / "feedback.png")
    page.close()


def _save(locator, name):
    IMAGES.mkdir(exist_ok=True)
    locator.wait_for()
    locator.screenshot(path=IMAGES / name)


def main():
    """Draw all three."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder, "jupyterlab")
        home.mkdir()
        context = launch(playwright).new_context(device_scale_factor=1.5)
        with serve(home) as server:
            picture_of_the_notebook(context, server)
            picture_of_a_failing_check(context, server)
        picture_of_a_feedback_page(context, Path(folder))


if __name__ == "__main__":
    main()
