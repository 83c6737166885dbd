"""What the reading room does to a file takes time in proportion to its size."""

import json
import time

import pytest
import small_lab
from small_lab import code

from lnnn.grading.reading.inside import Desk


def notebook(*sources):
    return json.dumps(small_lab.notebook([code(source) for source in sources]))


SIZED = {
    "cell marks": lambda n: "#%%\n" * (20 * n),
    "empty cells of a script": lambda n: "#%%\n\n" * (20 * n),
    "cells of a script": lambda n: "#%%\n#\n" * (2 * n),
    "blanks behind a help request": lambda n: "a??" + " " * (400 * n) + "x",
    "blanks in front": lambda n: " " * (400 * n) + "def",
    "an assigned command": lambda n: "a" + "[" * (400 * n) + "x !",
    "commands": lambda n: "!ls\n" * (8 * n),
    "commands that go on": lambda n: "!ls \\\n" * (8 * n),
    "open strings": lambda n: '"""\n' * (20 * n) + "%time",
    "statements": lambda n: "0\n" * (8 * n),
    "statements on one line": lambda n: "a;" * (8 * n),
    "checks on one line": lambda n: "if 1: " + "check();" * (4 * n),
    "checks over many lines": lambda n: "if 1:\n" + " check(\n);" * (4 * n),
    "names": lambda n: "a=" + "+".join(f"(b{i}:=c{i})" for i in range(n // 10)),
    "imports": lambda n: "import a" + ", a" * (4 * n),
    "cells of a notebook": lambda n: notebook(*["x ="] * (n // 2)),
    "lines of a cell": lambda n: notebook(["x = 1\n"] * (8 * n)),
    "copies": lambda n: json.dumps(small_lab.notebook([code("", "a")] * (n // 2))),
    "no JSON": lambda n: "[" + "1,\n" * (40 * n) + "x",
}


@pytest.mark.parametrize("kind", SIZED)
def test_reading_is_linear_in_the_size_of_the_file(kind):
    """Eight times the file takes about eight times the work; what is quadratic takes 64 times."""

    def work(n):
        """Processor seconds, the best of three: what else runs on the machine counts little."""
        data = SIZED[kind](n).encode()
        is_script = data[:1] not in (b"{", b"[")
        best = float("inf")
        for _again in range(3):
            desk = Desk()
            start = time.process_time()
            desk.open(data, is_script)
            desk.take_apart([], is_script)
            best = min(best, time.process_time() - start)
        return best

    assert work(8000) < 24 * max(work(1000), 0.002)
