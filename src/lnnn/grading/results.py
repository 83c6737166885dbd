"""The files that a run leaves: grades.csv, results.jsonl and a feedback page a submission."""

import csv
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lnnn.messages import ngettext
from lnnn.report.visible import visible

from .runner import Graded

COLUMNS = ("submission", "lab", "status", "score", "max_score")

_FEEDBACK = "feedback"
_MOST_NAMES = 10
_UNSAFE = re.compile(r"[^\w.()-]+")
_PAGE_BYTES = 80
# Where a spreadsheet sees a formula begin, also one that splits on semicolons.
_FORMULA = re.compile(r"(^|[;,\t\r\n] ?)(?=[=+\-@＝＋－＠\t\r])")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class ResultsFolder:
    """The folder ``out`` of one run. ``names`` are all submissions that it will hold.

    ``add`` writes a result as soon as it is there: one line of results.jsonl and the feedback page.
    ``finish`` writes both lists anew, sorted by submission; until then an interrupted run has what
    was done so far. Every file but the growing one is replaced in one step.
    """

    def __init__(self, out: Path, names: Iterable[str]):
        self.out = Path(out)
        self._pages = page_names(names)
        self._results: list[Graded] = []
        (self.out / _FEEDBACK).mkdir(parents=True, exist_ok=True)
        self._stream = (self.out / "results.jsonl").open("wb")

    @property
    def feedback(self) -> Path:
        """The folder of the feedback pages."""
        return self.out / _FEEDBACK

    def page(self, name: str) -> Path:
        """The feedback page of a submission."""
        return self.feedback / self._pages[name]

    def add(self, graded: Graded, page: str) -> None:
        """Write one result."""
        self._results.append(graded)
        self._stream.write(_encoded(_line(graded)))
        self._stream.flush()
        write_in_one_step(self.page(graded.submission), page)

    def keep_unfinished(self) -> None:
        """Close an interrupted run: results.jsonl stays as it has grown, grades.csv is not made."""
        self._stream.close()

    def finish(self) -> None:
        """Write grades.csv and the final results.jsonl."""
        self._stream.close()
        ordered = sorted(self._results, key=lambda g: g.submission)
        write_in_one_step(self.out / "results.jsonl", "".join(map(_line, ordered)))
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        for g in ordered:
            row = (g.submission, g.lab, g.status, plain(g.score), plain(g.max_score))
            writer.writerow([harmless(cell) for cell in row])
        write_in_one_step(self.out / "grades.csv", table.getvalue())


def record(graded: Graded) -> dict:
    """A result as plain data. Holds no seed and nothing that a hidden test saw."""
    return {
        "submission": graded.submission,
        "lab": graded.lab,
        "status": graded.status,
        "score": graded.score,
        "max_score": graded.max_score,
        "tests": [
            {
                "name": test.name,
                "function": test.function,
                "category": test.category,
                "points": test.points,
                "earned": test.earned,
                "outcome": test.outcome,
                "feedback": test.feedback,
            }
            for test in graded.tests
        ],
        "as_if_right": {function: list(names) for function, names in graded.as_if.items()},
        "cell_errors": [error.text for error in graded.cell_errors],
        "problem": graded.problem,
        "notes": list(graded.notes),
        "backend": graded.backend,
    }


def other_labs(graded: Iterable[Graded]) -> list[str]:
    """Sentences on submissions that say themselves to be of another lab than most of the run."""
    by_lab: dict[str, list[str]] = {}
    for result in graded:
        if result.lab:
            by_lab.setdefault(result.lab, []).append(result.submission)
    most = max(by_lab, key=lambda lab: len(by_lab[lab]), default="")
    sentences = []
    for lab, names in by_lab.items():
        if lab == most:
            continue
        n = len(names)
        text = ngettext(
            "Most are {most}; {n} says that it is {lab} and was graded as such: {names}. Give "
            "{option} to grade all as one lab.",
            "Most are {most}; {n} say that they are {lab} and were graded as such: {names}. Give "
            "{option} to grade all as one lab.",
            n,
        )
        shown = ", ".join([*sorted(names)[:_MOST_NAMES], *(["…"] if n > _MOST_NAMES else [])])
        sentences.append(text.format(most=most, n=n, lab=lab, names=shown, option="--lab"))
    return sentences


def page_names(names: Iterable[str]) -> dict[str, str]:
    """A file name for the feedback page of each submission: safe, short, and no two alike."""
    pages: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names):
        stem = _UNSAFE.sub("_", name).strip("._").encode()[:_PAGE_BYTES].decode(errors="ignore")
        stem = stem or "submission"
        if stem != name or stem.casefold() in taken:
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            stem = f"{stem}-{digest}"
        taken.add(stem.casefold())
        pages[name] = f"{stem}.html"
    return pages


def harmless(cell: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1'", cell)


def plain(number: float) -> str:
    """12.0 -> 12, 12.5 -> 12.5."""
    return f"{number:.10g}"


def write_in_one_step(path: Path, text: str) -> None:
    """Write a file so that it holds either what it held before or all of ``text``."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(_encoded(text))
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _line(graded: Graded) -> str:
    text = json.dumps(record(graded), ensure_ascii=False)
    # What a reader could not see, or would break the line, is written as \\uXXXX.
    return (
        _NOT_ASCII.sub(lambda c: c[0] if visible(c[0]) == c[0] else json.dumps(c[0])[1:-1], text)
        + "\n"
    )


def _encoded(text: str) -> bytes:
    # Half of a surrogate pair, from a student's text, has no UTF-8; in JSON "\udc80" is valid.
    return text.encode("utf-8", "backslashreplace")
