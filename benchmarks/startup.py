"""How long a reader waits: from ``import lnnn`` to the first figure, and to the first check.

    python benchmarks/startup.py [--runs 10] [--json FILE]

Each way runs in a fresh interpreter, in turn, so that all meet the same load of the machine. The
time of a way is that of its process less that of one that only imports NumPy, pair by pair.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

FUNCTION = """
import numpy as np
def log_softmax(z, axis=-1, temperature=1.0):
    w = np.asarray(z, dtype=float) / temperature
    w = w - w.max(axis=axis, keepdims=True)
    return w - np.log(np.exp(w).sum(axis=axis, keepdims=True))
"""
BASE = "import numpy"
WAYS = {
    "import lnnn": "import numpy, lnnn",
    "first explorable, as the widget draws it": FUNCTION
    + "from lnnn import explore\nexplore.side_by_side(log_softmax).scene",
    "first explorable, with its picture for readers without a kernel": FUNCTION
    + "from lnnn import explore\nexplore.side_by_side(log_softmax)._repr_mimebundle_()",
    "first check": FUNCTION + "from lnnn import check\nstr(check(log_softmax))",
    "lnnn --help": "from lnnn.cli import app\napp(['--help'], standalone_mode=False)",
}


def seconds(code: str, home: str) -> float:
    """Wall time of a fresh interpreter that runs ``code``."""
    environment = {**os.environ, "LNNN_HOME": home}
    start = perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    return perf_counter() - start


def main(
    runs: Annotated[int, typer.Option(min=2, help="Rounds; each runs every way once.")] = 10,
    save: Annotated[Path | None, typer.Option("--json", help="Write the numbers here.")] = None,
) -> None:
    """Measure, print a table and the numbers as JSON."""
    extra = {way: [] for way in WAYS}
    base = []
    with tempfile.TemporaryDirectory() as home:
        for code in (BASE, *WAYS.values()):  # warm the disk's cache and the compiled modules
            seconds(code, home)
        for _ in range(runs):
            for way, code in WAYS.items():
                base.append(seconds(BASE, home))
                extra[way].append(seconds(code, home) - base[-1])
    table = Table("way", "best ms", "median ms", title="Beyond a process that imports NumPy")
    numbers = {"numpy_ms": round(1e3 * statistics.median(base), 1), "beyond": {}}
    for way, values in extra.items():
        best, median = 1e3 * min(values), 1e3 * statistics.median(values)
        table.add_row(way, f"{best:.0f}", f"{median:.0f}")
        numbers["beyond"][way] = {"best_ms": round(best, 1), "median_ms": round(median, 1)}
    console = Console()
    console.print(table)
    console.print(f"NumPy alone: {numbers['numpy_ms']} ms")
    console.print_json(json.dumps(numbers))
    if save is not None:
        save.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
