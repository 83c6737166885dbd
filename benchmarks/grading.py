"""How fast a batch is graded, and where the time goes.

    python benchmarks/grading.py [--count 20] [--json FILE]

Grades correct submissions of lab 4 one after the other on one core with everything warm: read
the file, fork and confine a process, run the cells, run the suite through the jail, measure the
error curve, render the feedback page, write both. Between two submissions the same suite runs on
the same answers in this process without a jail: the floor, which holds the tests themselves and
nothing of the grader. Both see the same load of the machine, so their ratio means something where
the milliseconds do not.
"""

import json
import platform
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Annotated

import jupytext
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from lnnn.grading.batch import stay_on_one_core
from lnnn.grading.results import ResultsFolder
from lnnn.grading.runner import Grader
from lnnn.grading.suites import Suites
from lnnn.report import feedback
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.runner import Suite

ROOT = Path(__file__).parents[1]
LAB = "lab04_log_softmax"
PARTS = ("read", "open", "cells", "tests", "curve", "feedback", "write")


def solved_notebook(folder: Path, number: int) -> Path:
    """A submission: the lab with its solutions, as a notebook file."""
    notebook = jupytext.read(ROOT / "source" / "labs" / f"{LAB}.md")
    notebook.metadata["lnnn"] = {"kind": "lab", "name": LAB, "version": 1}
    path = folder / f"student_{number:02}.ipynb"
    jupytext.write(notebook, path)
    return path


def solved_namespace() -> dict:
    """The answers of the same notebook, run here."""
    notebook = jupytext.read(ROOT / "source" / "labs" / f"{LAB}.md")
    namespace = {"np": np}
    for cell in notebook.cells:
        if "answer" in cell.metadata.get("tags", []):
            exec(compile(cell.source, LAB, "exec"), namespace)
    return namespace


def graded_once(grader: Grader, path: Path, results: ResultsFolder) -> dict[str, float]:
    """Grade one file; the seconds of each part and of the whole."""
    start = perf_counter()
    submission = grader.read(path)
    read = perf_counter()
    graded = replace(grader.grade(submission), submission=path.stem)
    ran = perf_counter()
    page = feedback.page(graded)
    rendered = perf_counter()
    results.add(graded, page)
    end = perf_counter()
    if graded.score != graded.max_score:
        raise SystemExit(f"{path.name}: {graded.score} of {graded.max_score}; must be all of them")
    own = {"read": read - start, "feedback": rendered - ran, "write": end - rendered}
    return {**graded.timings, **own, "whole": end - start}


def main(
    count: Annotated[int, typer.Option(min=2, help="Submissions.")] = 20,
    save: Annotated[Path | None, typer.Option("--json", help="Write the numbers here.")] = None,
) -> None:
    """Measure, print a table and the numbers as JSON."""
    stay_on_one_core(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [solved_notebook(folder, i) for i in range(count)]
        suites = Suites(ROOT / "tests" / "hidden")
        plain = Suite(suites.path(LAB))
        lab = Lab(NamespaceCaller(solved_namespace()))
        results = ResultsFolder(folder / "out", [path.stem for path in paths])
        with Grader(suites, seed=1) as grader:
            graded_once(grader, paths[0], results)
            plain.run(lab, seed=1)
            runs, floor = [], []
            for path in paths:
                runs.append(graded_once(grader, path, results))
                start = perf_counter()
                plain.run(lab, seed=1)
                floor.append(perf_counter() - start)
            backend = grader.backend
    report(runs, floor, backend, save)


def report(runs, floor, backend, save) -> None:
    """Print the table and the JSON."""
    wholes = [run["whole"] for run in runs]
    rows = {part: [run[part] for run in runs] for part in PARTS}
    rows |= {"whole": wholes, "floor": floor}
    console = Console()
    table = Table(
        "part", "best ms", "median ms", "p95 ms", "share", title="Grading one correct lab 4"
    )
    numbers = {}
    for part, seconds in rows.items():
        median, high = 1e3 * statistics.median(seconds), 1e3 * float(np.quantile(seconds, 0.95))
        share = sum(seconds) / sum(wholes)
        best = 1e3 * min(seconds)
        numbers[part] = {
            "best_ms": round(best, 2),
            "median_ms": round(median, 2),
            "p95_ms": round(high, 2),
        }
        name = "suite alone, no jail" if part == "floor" else part
        table.add_row(name, f"{best:.1f}", f"{median:.1f}", f"{high:.1f}", f"{share:.0%}")
    console.print(table)
    summary = {
        "submissions": len(runs),
        "per_second": round(len(runs) / sum(wholes), 2),
        "times_the_floor": round(
            statistics.median(w / f for w, f in zip(wholes, floor, strict=True)), 2
        ),
        "backend": backend,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "parts": numbers,
    }
    console.print_json(json.dumps(summary))
    if save is not None:
        save.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
