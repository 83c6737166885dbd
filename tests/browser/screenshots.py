"""Pictures of what a reader sees, to look at: ``make screenshots`` writes them to screenshots/.

Every built notebook is run in JupyterLab. The head and each explorable, quiz and picture is taken
in the light theme, the dark theme and a narrow window. Not a test of its own: somebody has to look.
"""

import json

import nbformat
import pytest

from lnnn.build import project
from lnnn.build.notebook import role_of

OUT = project.ROOT / "screenshots"
LOOKS = {
    "light": ("JupyterLab Light", 1280),
    "dark": ("JupyterLab Dark", 1280),
    "narrow": ("JupyterLab Light", 480),
}
_SHOW_CELL = """async (id) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const index = [...notebook.widgets].findIndex((cell) => cell.model.id === id);
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, "start");
}"""


def _worth_a_look(notebook):
    yield notebook.cells[0].id
    for cell in notebook.cells:
        pictures = any("image/png" in o.get("data", {}) for o in cell.get("outputs", []))
        if pictures or role_of(cell) in ("explore", "quiz", "check"):
            yield cell.id


@pytest.mark.needs_browser
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "path",
    [
        product.path
        for source in project.find_sources()
        for product in project.products_of(source)
        if product.kind in ("course", "solution")
    ],
    ids=str,
)
def test_take_pictures(open_notebook, path, look):
    theme, width = LOOKS[look]
    text = (project.ROOT / path).read_text(encoding="utf-8")
    notebook = nbformat.from_dict(json.loads(text))
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    shown = open_notebook(notebook, width=width, height=1000)
    shown.theme(theme)
    shown.run()
    folder = OUT / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    for cell_id in _worth_a_look(notebook):
        shown.page.evaluate(_SHOW_CELL, cell_id)
        shown.page.wait_for_timeout(700)  # widgets paint a moment after they come into view
        shown.page.screenshot(path=folder / f"{cell_id}-{look}.png")
