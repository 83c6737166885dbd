"""Many submissions: names, order, neighbours, dying workers, and the files that are left."""

import csv
import json
import os
import signal
import time

import pytest
import small_lab
from small_lab import DOUBLE, HANGS, SPREAD, SUITES, TOTAL, code, shipped

from lnnn.grading import batch
from lnnn.grading.batch import Settings, find_submissions, grade_batch
from lnnn.grading.jail import Limits
from lnnn.grading.results import ResultsFolder, harmless, page_names, write_in_one_step

LIMITS = Limits(call_seconds=0.5, total_seconds=3.0, memory_mb=512)


@pytest.fixture
def settings():
    return Settings(SUITES, seed=5, limits=LIMITS)


def run(paths, settings, out, jobs=2):
    found = find_submissions(paths)
    results = ResultsFolder(out, [work.name for work in found.work])
    grade_batch(found.work, settings, results.add, jobs)
    results.finish()
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return {entry["submission"]: entry for entry in map(json.loads, lines)}


# ----------------------------------------------------------------------------- what is found


def names(found):
    return [work.name for work in found.work]


def test_folders_are_searched_and_what_is_no_submission_is_named(tmp_path):
    deep = tmp_path / "class" / "late"
    deep.mkdir(parents=True)
    for name in ("a.ipynb", "b.py", "c.IPYNB", "picture.png", ".hidden.ipynb", "all.zip"):
        (deep / name).write_text("x")
    (tmp_path / "class" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "class" / ".ipynb_checkpoints" / "a-checkpoint.ipynb").write_text("x")
    (tmp_path / "class" / "folder.ipynb").mkdir()
    found = find_submissions([tmp_path])
    assert names(found) == ["a", "b", "c", "folder"]
    text = "\n".join(found.skipped)
    for expected in ("picture.png: neither", ".hidden.ipynb: a hidden", "all.zip: a packed",
                     ".ipynb_checkpoints: a folder"):  # fmt: skip
        assert expected in text


def test_a_file_given_twice_is_graded_once(tmp_path):
    path = small_lab.write(tmp_path / "a.ipynb")
    assert names(find_submissions([tmp_path, path, tmp_path / "." / "a.ipynb"])) == ["a"]


def test_equal_names_are_told_apart_by_their_folders(tmp_path):
    for folder in ("ann", "bob"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lab98.ipynb").write_text("x")
    (tmp_path / "bob" / "lab98.py").write_text("x")
    found = find_submissions([tmp_path])
    assert names(found) == ["ann_lab98", "bob_lab98_ipynb", "bob_lab98_py"]
    assert all("More than one file is named lab98" in work.note for work in found.work)
    assert [w.name for w in find_submissions([tmp_path / "bob", tmp_path / "ann"]).work] == names(
        found
    )


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_submissions([tmp_path / "nothing"])


def test_names_of_any_bytes_can_be_written(tmp_path):
    for name in (b"caf\xe9.ipynb", b"new\nline.ipynb", "snow☃.ipynb".encode(), b"[red]x.ipynb"):
        with open(os.fsencode(tmp_path) + b"/" + name, "w") as file:  # noqa: PTH123 - bytes
            file.write("x")
    found = names(find_submissions([tmp_path]))
    assert sorted(found) == sorted(["caf\ufffd", "new\ufffdline", "snow☃", "[red]x"])


# --------------------------------------------------------------------------------- the files


def test_page_names_are_safe_and_no_two_alike():
    wanted = ["a", "A", "../../etc/passwd", "..", "", "x/y", "x\\y", "=1+1", "ä" * 300, "con:nul"]
    wanted += ["\U00020000" * 62, "\U00020000" * 63]
    pages = page_names(wanted)
    assert len({page.casefold() for page in pages.values()}) == len(wanted)
    for page in pages.values():
        assert not set(page) & set("/\\:\0\n")
        assert not page.startswith(".")
        assert len(page.encode()) < 255
    assert pages["a"] != pages["A"]


def test_a_page_name_of_letters_of_four_bytes_fits_into_a_file_system():
    (page,) = page_names(["\U00020000" * 62]).values()
    assert len(page.encode()) <= 80 + len("-01234567.html")


def test_no_file_takes_the_row_or_the_page_of_another(tmp_path):
    names = ["alice/lab04", "carl/lab04", "bob/lab04", "bob/alice_lab04", "bob/alice_lab04_1"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text("x = 1")
    work = find_submissions([tmp_path]).work
    assert len({w.name for w in work}) == len(set(page_names(w.name for w in work).values())) == 5


HIDDEN = ["\x1b[31m", "\u2028", "\x85", "\x9b31m", "\u202e", "\u2066", "\u200b", "\x7f"]


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_what_is_not_seen_reaches_no_terminal_table_list_or_page(tmp_path, settings, hidden):
    folder = tmp_path / "in" / f"a{hidden}b"
    folder.mkdir(parents=True)
    (folder / f"notes{hidden}.txt").write_text("x")
    source = f"def total(x):\n    return 1\n{hidden}\nraise ValueError('{hidden}!')"
    for place in (folder, folder.parent):
        small_lab.write(place / f"lab98{hidden}.ipynb", shipped((DOUBLE, source, SPREAD)))
    found = find_submissions([tmp_path / "in"])
    run([tmp_path / "in"], settings, tmp_path / "out")
    texts = [*found.skipped, *(work.name for work in found.work)]
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    texts += [path.read_text(encoding="utf-8") for path in files] + [path.name for path in files]
    assert not [text for text in texts if hidden[0] in text]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1+1", "＠x"])
def test_no_cell_of_the_table_is_a_formula(cell):
    assert harmless(cell) == f"'{cell}"
    assert harmless("a" + cell) == "a" + cell
    assert harmless("bob;" + cell) == f"bob;'{cell}"
    assert harmless("bob; " + cell) == f"bob; '{cell}"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_in_one_step(path, "before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_in_one_step(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------------------ the whole way


BAD = {
    "hangs": [*shipped((f"def double(x):\n    {HANGS}", TOTAL, SPREAD))],
    "hangs_in_a_cell": [code("while True: pass"), *shipped()],
    "exits": [code("import os\nos._exit(0)"), *shipped()],
    "forks": [code("import os\nwhile True: os.fork()"), *shipped()],
    "eats_memory": [code("x = []\nwhile True: x.append(bytearray(2**24))"), *shipped()],
    "kills": [code("import os\nos.kill(-1, 9)"), *shipped()],
    "deep": [code("f = lambda: f()\nimport sys\nsys.setrecursionlimit(10**9)\nf()"), *shipped()],
}


@pytest.mark.needs_bwrap
def test_bad_neighbours_neither_stop_nor_slow_good_ones(tmp_path, settings):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, cells in BAD.items():
        small_lab.write(folder / f"{name}.ipynb", cells)
    (folder / "lab98_cut.ipynb").write_text('{"cells": [')
    for i in range(10):
        small_lab.write(folder / f"good_{i}.ipynb")
    start = time.perf_counter()
    results = run([folder], settings, tmp_path / "out")
    seconds = time.perf_counter() - start
    assert len(results) == len(BAD) + 11
    for name, entry in results.items():
        if name.startswith("good"):
            assert (entry["status"], entry["score"]) == ("graded", 10), name
    assert results["lab98_cut"]["status"] == "unreadable"
    assert results["hangs"]["status"] == "timeout"
    # Each bad one is bounded by its own budget, and two are graded at a time.
    assert seconds < len(BAD) * LIMITS.total_seconds / 2 + 15


@pytest.mark.needs_bwrap
def test_two_runs_with_one_seed_leave_the_same_bytes(tmp_path, settings):
    folder = tmp_path / "in"
    folder.mkdir()
    small_lab.write(folder / "full.ipynb")
    small_lab.write(folder / "half.ipynb", shipped((DOUBLE, "def total(x):\n    return 1", "")))
    (folder / "cut.ipynb").write_text("{")

    def leaves(out, jobs):
        run([folder], settings, out, jobs)
        return {
            str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()
        }

    first, second = leaves(tmp_path / "one", 1), leaves(tmp_path / "two", 2)
    assert first == second
    assert sorted(first) == [
        "feedback/cut.html",
        "feedback/full.html",
        "feedback/half.html",
        "grades.csv",
        "results.jsonl",
    ]


@pytest.mark.needs_bwrap
def test_the_results_have_the_agreed_form_and_hold_no_secret(tmp_path, settings):
    folder = tmp_path / "in"
    folder.mkdir()
    tells = "def total(x):\n    raise ValueError(f'input {x.tolist()}')"
    small_lab.write(folder / "=half.ipynb", shipped((DOUBLE, tells, SPREAD)))
    (entry,) = run([folder], Settings(SUITES, 98765, LIMITS), tmp_path / "out").values()
    assert set(entry) == {
        "submission", "lab", "status", "score", "max_score", "tests", "as_if_right",
        "cell_errors", "problem", "notes", "backend",
    }  # fmt: skip
    for test in entry["tests"]:
        assert list(test) == [
            "name", "function", "category", "points", "earned", "outcome", "feedback",
        ]  # fmt: skip
    assert entry["score"] == sum(test["earned"] for test in entry["tests"]) == 5
    with (tmp_path / "out" / "grades.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["submission", "lab", "status", "score", "max_score"]
    assert rows[1] == ["'=half", "lab98_small", "graded", "5", "10"]
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "98765" not in text
            assert "input [" not in text


def _dies(work):
    if "deadly" in work.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "failing" in work.name:
        raise ZeroDivisionError
    if "hanging" in work.name:
        batch.GRADER_SECONDS = 1 - LIMITS.total_seconds
        batch._Worker.grader.read = lambda *_: time.sleep(60)
    return _GRADE(work)


_GRADE = batch._grade


@pytest.mark.needs_bwrap
def test_a_dying_worker_costs_only_the_submission_that_kills_it(tmp_path, settings, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b", "deadly", "c", "failing", "hanging"):
        small_lab.write(folder / f"{name}.ipynb")
    monkeypatch.setattr(batch, "_grade", _dies)
    results = run([folder], settings, tmp_path / "out")
    assert {n: e["score"] for n, e in results.items() if len(n) == 1} == dict.fromkeys("abc", 10)
    for name in ("deadly", "failing", "hanging"):
        assert results[name]["status"] == "crashed"
        assert results[name]["max_score"] == 10
        assert results[name]["problem"].startswith("Grading this file failed twice")
    assert "ZeroDivisionError" in results["failing"]["problem"]


def test_a_wrong_suite_stops_the_batch_with_its_reason(tmp_path):
    (tmp_path / "test_lab98_small.py").write_text("def test_x(lab): pass")
    path = small_lab.write(tmp_path / "a.ipynb")
    settings = Settings(tmp_path, 0, LIMITS, backend="none")
    with pytest.raises(batch.CannotGradeError, match="tests no rule"):
        grade_batch(find_submissions([path]).work, settings, lambda *_: None)


@pytest.mark.needs_bwrap
def test_results_are_there_while_the_batch_still_runs(tmp_path, settings):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abc":
        small_lab.write(folder / f"{name}.ipynb")
    found = find_submissions([folder])
    out = tmp_path / "out"
    results = ResultsFolder(out, names(found))
    seen = []

    def done(graded, page):
        results.add(graded, page)
        seen.append(len((out / "results.jsonl").read_text().splitlines()))

    grade_batch(found.work, settings, done, 1)
    assert seen == [1, 2, 3]
