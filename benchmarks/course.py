"""How long the whole course takes to execute, page by page and all of it, two pages at a time.

    python benchmarks/course.py [--json FILE]

The floor of a page is a notebook with its import cell alone, run in the same way right after it:
the kernel's start and the libraries. What is above it is the page's own work.
"""

import copy
import json
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lnnn.build import execute, project
from lnnn.build.notebook import assemble, role_of

FOLDER = project.ROOT / "course"


def seconds(notebooks) -> float:
    """Wall time of executing the notebooks, two at a time."""
    jobs = [
        execute.Job(copy.deepcopy(n), FOLDER, lambda cell: f"cell {cell}", project.ROOT)
        for n in notebooks
    ]
    start = perf_counter()
    execute.execute_all(jobs)
    return perf_counter() - start


def imports_alone(notebook):
    """The notebook with nothing but its import cells."""
    bare = copy.deepcopy(notebook)
    bare.cells = [c for c in bare.cells if c.cell_type == "code" and role_of(c) == "imports"]
    return bare


def main(
    save: Annotated[Path | None, typer.Option("--json", help="Write the numbers here.")] = None,
) -> None:
    """Measure, print a table and the numbers as JSON."""
    sources = [source for source in project.find_sources() if source.kind == "course"]
    pages = {source.name: assemble(source, "course") for source in sources}
    seconds([imports_alone(page) for page in pages.values()])  # warm the disk's cache
    table = Table("page", "seconds", "imports alone", "times", title="One page at a time")
    numbers = {"pages": {}}
    for name, page in pages.items():
        whole, floor = seconds([page]), seconds([imports_alone(page)])
        table.add_row(name, f"{whole:.1f}", f"{floor:.1f}", f"{whole / floor:.1f}")
        numbers["pages"][name] = {"s": round(whole, 2), "imports_s": round(floor, 2)}
    whole = seconds(pages.values())
    floor = seconds([imports_alone(page) for page in pages.values()])
    numbers["course_s"], numbers["imports_s"] = round(whole, 1), round(floor, 1)
    console = Console()
    console.print(table)
    console.print(
        f"The course, two pages at a time: {whole:.1f} s, {whole / floor:.1f} times its imports"
    )
    console.print_json(json.dumps(numbers))
    if save is not None:
        save.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
