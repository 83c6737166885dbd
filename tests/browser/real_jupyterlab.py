"""A real JupyterLab and a notebook open in it, for browser tests and benchmarks."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary

START_SECONDS = 60
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}

_READY = """async () => {
    while (!window.jupyterapp) await new Promise((r) => setTimeout(r, 50));
    const app = window.jupyterapp;
    await app.restored;
    while (!app.shell.currentWidget?.sessionContext) await new Promise((r) => setTimeout(r, 50));
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    while (panel.sessionContext.session?.kernel && !panel.sessionContext.session.kernel.info)
        await new Promise((r) => setTimeout(r, 50));
}"""


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: where it answers, the folder it serves, its data folder."""

    url: str
    token: str
    root: Path
    data: Path


@contextlib.contextmanager
def serve(home: Path):
    """JupyterLab on a free port, with its folders in ``home``; yields a ``Server``."""
    root = home / "root"
    root.mkdir()
    overrides = home / "app-settings"
    overrides.mkdir()
    (overrides / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    folders = {
        f"JUPYTER_{name}": str(home / name.lower())
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    }
    log = (home / "log.txt").open("w", encoding="utf-8")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={token}",
            "--LabApp.expose_app_in_browser=True",
            f"--LabApp.app_settings_dir={overrides}",
            f"--LabApp.workspaces_dir={home / 'workspaces'}",
            f"--LabApp.user_settings_dir={home / 'settings'}",
        ],
        env={**os.environ, **folders, "PYTHONUNBUFFERED": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, token, process, home / "log.txt")
        yield Server(url, token, root, home / "data_dir")
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_for(url, token, process, log):
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{url}/api/status?token={token}", timeout=5).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}"
            )
        time.sleep(0.1)


def launch(playwright):
    """Headless Chromium from the system."""
    return playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        # Containers run as root and have a small /dev/shm.
        args=["--no-sandbox", "--disable-dev-shm-usage"],
    )


@dataclass
class OpenNotebook:
    """A notebook open in JupyterLab. ``errors`` collects what the console called an error."""

    page: object
    path: Path
    errors: list = field(default_factory=list)

    def command(self, name, arguments=None):
        """Execute a JupyterLab command."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)",
            [name, arguments or {}],
        )

    def run(self):
        """Run all cells and wait until the kernel is idle."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp.shell.currentWidget;
                const cells = [...panel.content.widgets].filter((c) => c.model.type === "code");
                return panel.sessionContext.session?.kernel?.status === "idle"
                    && cells.every((c) => c.model.executionCount);
            }"""
        )

    def theme(self, name):
        """``JupyterLab Dark`` or ``JupyterLab Light``."""
        self.command("apputils:change-theme", {"theme": name})
        light = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")

    def close(self):
        """End the kernel and close the page."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        self.page.close()

    def active_cell(self):
        """The index of the cell that JupyterLab calls active."""
        return self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
        )


def open_in(context, server, cells, *, width=1280, height=1100, scheme="light", trusted=False):
    """Open code cells (texts), or a whole notebook node, in a new page: an ``OpenNotebook``.

    JupyterLab shows widgets and scripts of a stored notebook only if it is ``trusted``: signed with
    the server's own key, as when a reader has run it.
    """
    notebook = cells
    if isinstance(cells, list):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(text) for text in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
    name = f"nb{secrets.token_hex(4)}"
    path = server.root / f"{name}.ipynb"
    nbformat.write(notebook, path)
    if trusted:
        notary = NotebookNotary(data_dir=str(server.data))
        notary.sign(nbformat.read(path, as_version=4))
        notary.store.close()
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    page.set_default_timeout(30_000)
    opened = OpenNotebook(page, path)
    page.on("console", lambda m: opened.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    query = f"reset&token={server.token}"
    page.goto(f"{server.url}/doc/workspaces/{name}/tree/{path.name}?{query}")
    page.evaluate(_READY)
    return opened
