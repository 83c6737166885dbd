"""Draw the pictures of the README: a notebook, a failing check, a feedback page.

``make screenshots`` runs this. Each picture is taken in a real browser of what a person would see:
the built notebook, the built lab with an answer in it, the page that the grader writes.

Beside each picture stands a text file with the words that were on it. A test compares them with
today's, and says when a picture has to be drawn again.
"""

import html
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest import mock

import nbformat
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from playwright.sync_api import sync_playwright  # noqa: E402
from real_jupyterlab import launch, open_in, serve  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from lnnn import check  # noqa: E402
from lnnn.build.widgets import VIEW, models_of  # noqa: E402
from lnnn.cli import app  # noqa: E402
from lnnn.explore import recording  # noqa: E402

EXPLORABLE = "side_by_side"
SEED = 1
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


def feedback_page(folder):
    """The page that the grader writes about the first try, the other functions not written."""
    submission = folder / "lab04_student.ipynb"
    nbformat.write(tried(read("labs/lab04_log_softmax.ipynb")), submission)
    out = folder / "results"
    asked = ["grade", str(submission), "--out", str(out), "--seed", str(SEED)]
    done = CliRunner().invoke(app, asked)
    if done.exit_code != 0:
        raise RuntimeError(f"the grader ended with {done.exit_code}:\n{done.output}")
    return out / "feedback" / "lab04_student.html"


def words_in_the_notebook(folder):
    """What the explorable says with the offset at its end, by its recording in the notebook."""
    notebook = read("course/04_log_softmax.ipynb")
    [cell] = [c for c in notebook.cells if f"explore.{EXPLORABLE}(" in c.source and c.outputs]
    [view] = [output.data[VIEW] for output in cell.outputs if VIEW in output.get("data", {})]
    state = models_of(notebook)[view["model_id"]]["state"]
    recorded = json.loads(state["_recording"])
    scene = recording.apply(recorded["start"], recorded["sweeps"]["offset"]["patches"][-1])
    return "\n".join(dict.fromkeys(_texts([state["_controls"], scene]))) + "\n"


def words_in_the_check(folder):
    """What ``check`` says about the first try, without the error that was measured."""
    namespace = {"np": np}
    exec(FIRST_TRY, namespace)
    with mock.patch.dict(os.environ, LNNN_HOME=str(folder)):
        lines = str(check(namespace["log_softmax"])).splitlines()
    return "\n".join(line for line in lines if not line.startswith("Measured: ")) + "\n"


def words_in_the_feedback(folder):
    """What the grader's page says about it down to the second function, folded parts left out."""
    page = feedback_page(folder).read_text(encoding="utf-8")
    page = page.partition('id="function-2"')[0].rpartition("<")[0]
    page = re.sub(r"<(style|details|figure)\b.*?</\1>", "", page, flags=re.S)
    lines = html.unescape(re.sub(r"<[^>]*>", "\n", page)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) + "\n"


WORDS = {
    "notebook": words_in_the_notebook,
    "check": words_in_the_check,
    "feedback": words_in_the_feedback,
}


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
    """The top of the grader's page for the same try."""
    page = context.new_page()
    page.set_viewport_size({"width": 900, "height": 1100})
    page.goto(feedback_page(folder).as_uri())
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / "feedback.png")
    page.close()


def _texts(value):
    """Every text with a letter in JSON-like data, in the order of the keys."""
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, list):
        return [text for member in value for text in _texts(member)]
    return [value] if isinstance(value, str) and re.search(r"[^\W\d_]", value) else []


def _save(locator, name):
    IMAGES.mkdir(exist_ok=True)
    locator.wait_for()
    locator.screenshot(path=IMAGES / name)


def main():
    """Draw all three, and write down what they say."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder, "jupyterlab")
        home.mkdir()
        context = launch(playwright).new_context(device_scale_factor=1.5)
        with serve(home) as server:
            picture_of_the_notebook(context, server)
            picture_of_a_failing_check(context, server)
        picture_of_a_feedback_page(context, Path(folder))
        for picture, words in WORDS.items():
            Path(folder, picture).mkdir()
            said = words(Path(folder, picture))
            (IMAGES / f"{picture}.txt").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    main()
