"""From key press to painted picture: ``interact`` + inline matplotlib against the explorable.

Both show the same scene of the same functions; a third way shows what little a course would draw
with ``interact`` at the least: one chart of eight bars. All stand in one JupyterLab and are
measured in one run, in blocks that take turns, so that whatever else the machine does hits all of
them. Time runs from the ``keydown`` event to the second animation frame after the new picture
stands in the page: by then it has been painted.

    python benchmarks/sliders.py                              # 60 moves each, a table and JSON
    python benchmarks/sliders.py --moves 100 --json out.json
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from real_jupyterlab import launch, open_in, serve

BLOCK = 10
WARM_UP = 4
PAUSE_MS = 60  # between moves: a reader who looks at each picture

SETUP = """
%matplotlib inline
import ipywidgets
import numpy as np
from IPython.display import display
from lnnn import explore
from lnnn.explore import figure, temperature_slider
from lnnn.explore.log_softmax import side_by_side_scene

def naive_log_softmax(z):
    e = np.exp(z)
    return np.log(e / e.sum())

def log_softmax(z, temperature=1.0):
    z = z / z.dtype.type(temperature)
    z = z - z.max()
    return z - np.log(np.exp(z).sum())

FUNCTIONS = [naive_log_softmax, log_softmax]
START = {"logit_1": 2.0, "logit_2": 1.0, "logit_3": 0.0, "logit_4": -1.0, "offset": 0.0,
         "dtype": "float32"}

def scene(values):
    return side_by_side_scene(FUNCTIONS, {**START, **values})
"""
INTERACT = """
@ipywidgets.interact(temperature=ipywidgets.SelectionSlider(
    options=temperature_slider().grid(), value=1.0))
def show(temperature):
    display(figure.draw(scene({"temperature": temperature})))
"""
PLAIN = """
import matplotlib.pyplot as plt

@ipywidgets.interact(temperature=ipywidgets.SelectionSlider(
    options=temperature_slider().grid(), value=1.0))
def show_plain(temperature):
    z = np.array([2, 1, 0, -1], dtype=np.float32)
    plt.barh(np.arange(4) - 0.2, naive_log_softmax(z / temperature), 0.4)
    plt.barh(np.arange(4) + 0.2, log_softmax(z, temperature), 0.4)
    plt.xlabel("log-probability (nats)")
    plt.show()
"""
EXPLORABLE = "explore.Explorable(scene, [temperature_slider()])"

WAYS = {
    "interact, same picture": {"cell": 1, "handle": ".noUi-handle", "picture": "img"},
    "interact, one bar chart": {"cell": 2, "handle": ".noUi-handle", "picture": "img"},
    "explorable": {"cell": 3, "handle": "input[type=range]", "picture": ".lnnn-panels svg"},
}

# Resolves to the milliseconds from the next keydown to the painted picture.
_PREPARE = """([cell, picture]) => {
    const output = window.jupyterapp.shell.currentWidget.content.widgets[cell].node;
    window.painted = new Promise((resolve) => {
        let started = null;
        window.addEventListener("keydown", (e) => { started = e.timeStamp; },
                                { once: true, capture: true });
        const observer = new MutationObserver(async (changes) => {
            const nodes = [...output.querySelectorAll(picture)];
            const touched = changes.some(({ target, addedNodes }) =>
                nodes.some((n) => n.contains(target)
                               || [...addedNodes].some((added) => added.contains(n))));
            if (started === null || !touched) return;
            observer.disconnect();
            await Promise.all(nodes.filter((n) => n.decode).map((n) => n.decode()));
            requestAnimationFrame(() => requestAnimationFrame(
                () => resolve(performance.now() - started)));
        });
        observer.observe(output, { childList: true, subtree: true });
    });
}"""


def move(notebook, way, key):
    """Press ``key`` on the slider of ``way`` and return the milliseconds to the painted picture."""
    page = notebook.page
    cell = page.locator(".jp-Notebook .jp-Cell").nth(way["cell"])
    # JupyterLab may take the focus away after an arrow key on a stock slider.
    cell.locator(way["handle"]).focus()
    page.wait_for_timeout(PAUSE_MS)
    page.evaluate(_PREPARE, [way["cell"], way["picture"]])
    page.keyboard.press(key)
    return page.evaluate("() => window.painted")


def measure(notebook, moves):
    """{way: list of milliseconds}: blocks of moves in turn, up for one block, down for the next."""
    times = {name: [] for name in WAYS}
    for way in WAYS.values():
        for k in range(WARM_UP):
            move(notebook, way, "ArrowRight" if k % 2 == 0 else "ArrowLeft")
    block = 0
    while len(times["explorable"]) < moves:
        key = "ArrowRight" if block % 2 == 0 else "ArrowLeft"
        for name, way in WAYS.items():
            times[name] += [move(notebook, way, key) for _ in range(BLOCK)]
        block += 1
    return times


def summary(times):
    """Median, 95th percentile and count of a list of milliseconds."""
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return {
        "moves": len(times),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(cuts[-1], 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=60, help="moves of each way, at least 50")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    arguments = parser.parse_args()
    if arguments.moves < 50:
        parser.error("--moves: at least 50, else the 95th percentile means nothing")

    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as server,
        sync_playwright() as playwright,
    ):
        chromium = launch(playwright)
        notebook = open_in(
            chromium.new_context(), server, [SETUP, INTERACT, PLAIN, EXPLORABLE], height=1600
        )
        notebook.run()
        for way in WAYS.values():
            cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(way["cell"])
            cell.locator(way["picture"]).first.wait_for()
        load = os.getloadavg()[0]
        times = measure(notebook, arguments.moves)
        version = chromium.version
        notebook.close()
        chromium.close()

    rows = {name: summary(values) for name, values in times.items()}
    fast = rows["explorable"]
    for row in rows.values():
        row["ratio_of_medians"] = round(row["median_ms"] / fast["median_ms"], 2)
    result = {
        "what": "key press to painted picture",
        "ways": rows,
        "load_at_start": round(load, 2),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "chromium": version,
    }
    print(f"{'way':<26}{'moves':>7}{'median ms':>12}{'p95 ms':>10}{'ratio':>8}")
    for name, row in rows.items():
        numbers = f"{row['moves']:>7}{row['median_ms']:>12}{row['p95_ms']:>10}"
        print(f"{name:<26}{numbers}{row['ratio_of_medians']:>8}")
    print(json.dumps(result, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
