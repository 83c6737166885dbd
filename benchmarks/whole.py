"""How long the whole proof takes: ``make test`` in this checkout, from the first line to the last.

    python benchmarks/whole.py [--json FILE]

Prints the wall time and the processor time of all processes, and pytest's own closing lines. With a
.venv that is there already, installing is not part of it.
"""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

ROOT = Path(__file__).parents[1]
_CLOSING = re.compile(r"^=*\s*(.*\d+ (?:passed|failed|error).* in [\d.]+s.*?)\s*=*$")


def main(
    save: Annotated[Path | None, typer.Option("--json", help="Write the numbers here.")] = None,
) -> None:
    """Run, print, and end as ``make test`` ended."""
    start = perf_counter()
    run = subprocess.Popen(
        ["make", "test"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    closing = []
    for line in run.stdout:
        sys.stdout.write(line)
        if found := _CLOSING.match(line.strip()):
            closing.append(found[1])
    code = run.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    numbers = {
        "wall_s": round(perf_counter() - start, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "parts": closing,
        "exit_code": code,
    }
    typer.echo(json.dumps(numbers, indent=1))
    if save is not None:
        save.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(main)
