"""The small lab of fixtures/suites: its cells as shipped, right answers, and files made of them."""

import hashlib
import json
from pathlib import Path

SUITES = Path(__file__).parent / "fixtures" / "suites"
LAB = "lab98_small"

SETUP = """\
import importlib.util
if importlib.util.find_spec("lnnn") is None:
    %pip install --quiet -e ..
    raise RuntimeError("not installed")"""
IMPORTS = "import numpy as np"
SHOW = "from lnnn import check, exact, explore, hint"
CHECK = "check(double)"
EXAMPLE = "value = exact.logsumexp([1.0])\nprint(value)"
EXPLORE = "explore.side_by_side(double)"

DOUBLE = """\
def double(x):
    if isinstance(x, str):
        raise ValueError("x must be numbers")
    return 2 * np.asarray(x)"""
TOTAL = "def total(x):\n    return float(np.sum(x))"
SPREAD = "def spread(x):\n    return total(double(x))"
ANSWERS = (DOUBLE, TOTAL, SPREAD)

HANGS = "while True:\n        pass"


def shipped(answers=ANSWERS) -> list[dict]:
    """The lab's cells with these answers, as a notebook file holds them."""
    cells = [
        text_cell("# A small lab"),
        code(SETUP, "setup"),
        code(IMPORTS, "imports"),
        code(SHOW, "show"),
        code(EXAMPLE, "example"),
    ]
    for name, answer in zip(("double", "total", "spread"), answers, strict=True):
        cells.append(code(answer, f"answer-{name}"))
    return [*cells, code(CHECK, "check-double"), code(EXPLORE, "explore")]


def code(source, cell_id=None, **more) -> dict:
    """A code cell of a notebook file."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cell |= {"source": source} | ({"id": cell_id} if cell_id else {}) | more
    return cell


def text_cell(source) -> dict:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook(cells, lab=LAB, **more) -> dict:
    """A notebook file as Python data."""
    metadata = {"lnnn": {"kind": "lab", "name": lab, "version": 1}} if lab else {}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells} | more


def write(path: Path, cells=None, **more) -> Path:
    """Write a notebook file; by default the lab with the right answers."""
    document = notebook(shipped() if cells is None else cells, **more)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def release() -> dict:
    """The record of what the lab ships, as the build writes it."""
    roles = {"setup": "setup", "imports": "imports", "show": "demo", "example": "example"}
    roles |= {"check-double": "check", "explore": "explore"}
    cells = [
        {"id": c["id"], "role": roles.get(c["id"], "answer"), "sha256": _hash(c["source"])}
        for c in shipped(("raise NotImplementedError",) * 3)
        if c["cell_type"] == "code"
    ]
    solutions = dict(zip(("double", "total", "spread"), ANSWERS, strict=True))
    return {"lab": LAB, "cells": cells, "imports": IMPORTS, "solutions": solutions}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


if __name__ == "__main__":
    target = SUITES / "release" / f"{LAB}.json"
    target.write_text(json.dumps(release(), indent=1) + "\n", encoding="utf-8")
