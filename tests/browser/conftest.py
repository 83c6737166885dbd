"""A real JupyterLab and a real browser, for tests that look at what a reader sees.

``jupyterlab`` is one server for the whole run; ``open_notebook`` opens a notebook in it::

    def test_something(open_notebook):
        notebook = open_notebook([CODE])
        notebook.run()
        notebook.page.get_by_role("slider")
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from real_jupyterlab import launch, open_in, serve

ROOT = Path(__file__).parents[2]
JS = ROOT / "src/lnnn/explore/js"


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    """JupyterLab on a free port with folders of its own, and the pages of the course in its root.

    Page 00 reads the pages that stand beside it.
    """
    with serve(tmp_path_factory.mktemp("jupyterlab")) as server:
        for page in (ROOT / "course").glob("*.ipynb"):
            shutil.copy(page, server.root)
        yield server


# Playwright keeps an event loop running in this thread, so it ends with this folder's tests.
@pytest.fixture(scope="package")
def browser():
    """One window of headless Chromium; its pages share a cache."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
        chromium.close()


@pytest.fixture(scope="session")
def node_project(tmp_path_factory):
    """A copy of the JavaScript sources with the packages of their lock file installed."""
    copy = tmp_path_factory.mktemp("js") / "js"
    shutil.copytree(JS, copy, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=copy,
        check=True,
        timeout=300,
        stdout=subprocess.DEVNULL,
    )
    return copy


@pytest.fixture(scope="session")
def axe_violations(node_project):
    """A function: what axe-core finds wrong inside a locator, one line a rule."""
    script = str(node_project / "node_modules/axe-core/axe.min.js")

    def look_at(page, locator):
        if not page.evaluate("() => 'axe' in window"):
            page.add_script_tag(path=script)
        result = locator.evaluate("(node) => axe.run(node)")
        assert len(result["passes"]) > 3, "axe looked at nothing"
        return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in result["violations"]]

    return look_at


@pytest.fixture
def open_notebook(jupyterlab, browser):
    """A function that opens cells or a notebook; its options are those of ``open_in``."""
    opened = []

    def open_(cells, **options):
        opened.append(open_in(browser, jupyterlab, cells, **options))
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()
