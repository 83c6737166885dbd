"""A file made to be slow or large costs itself, and nobody beside it."""

import os
import re
import signal
import time

import pytest
import small_lab
from small_lab import LAB, SUITES, shipped

from lnnn.grading import batch
from lnnn.grading.batch import Settings, find_submissions, grade_batch
from lnnn.grading.jail import Jail, Limits, SessionEnded
from lnnn.grading.reading import LIMITS as READING
from lnnn.grading.reading import Reader, answer
from lnnn.grading.suites import Suites

LIMITS = Limits(call_seconds=0.5, total_seconds=3.0, memory_mb=512)
CUT = "more than 1000 statements"
# The smallest inputs that once stopped or slowed a whole batch: the file, and what becomes of it.
HOSTILE = {
    "cell marks": ("lab98.py", "#%%\n" * 1_000_000, "graded", ""),
    "cells": ("lab98.py", "#%%\nx\n" * 150_000, "partial", CUT),
    "help and blanks": ("lab98.py", "a??" + " " * 900_000 + "x", "partial", "not valid Python"),
    "comparisons": ("lab98.py", "1" + "<1" * 300_000, "partial", "NameError|timeout|memory|"),
    "an f-string": ("lab98.py", 'f"' + "{a}" * 150_000 + '"', "unreadable", "within 5 s"),
    "assignments": ("lab98.py", "a=1\n" * 120_000, "partial", CUT),
    "constants": ("lab98.py", "0\n" * 400_000, "partial", CUT),
    "lists": ("lab98.ipynb", '{"cells": [' + "[]," * 16_000_000 + "[]]}", "unreadable", "MB|5 s"),
}  # fmt: skip


@pytest.fixture
def arrivals(tmp_path):
    """Grades the files below ``in``; each result with the time at which it came, in that order."""

    def run(jobs):
        came = {}

        def done(graded, _page):
            came[graded.submission] = (graded, time.monotonic())

        work = find_submissions([tmp_path / "in"]).work
        grade_batch(work, Settings(SUITES, 5, LIMITS, lab=LAB), done, jobs)
        return came

    (tmp_path / "in").mkdir()
    return run


@pytest.mark.slow
@pytest.mark.needs_bwrap
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_costs_two_honest_ones_nothing(tmp_path, arrivals, kind):
    name, content, status, reason = HOSTILE[kind]
    (tmp_path / "in" / name).write_text(content)
    for honest in ("x", "y"):
        small_lab.write(tmp_path / "in" / f"{honest}.ipynb")
    came = arrivals(jobs=2)
    hostile = came["lab98"][0]
    if kind == "comparisons":  # slow to compile, which is for the student's own session to do
        assert hostile.status in ("graded", "timeout", "memory", "crashed")
    else:
        assert hostile.status == status
        texts = [hostile.problem, *(error.text for error in hostile.cell_errors)]
        assert re.search(reason, "".join(texts))
    assert hostile.score == 0
    honest = [came[name] for name in ("x", "y")]
    assert [(graded.status, graded.score) for graded, _ in honest] == [("graded", 10)] * 2
    # The second is graded after the first, in the same worker or beside it, and waits for no other.
    first, second = sorted(when for _, when in honest)
    assert second - first < max(graded.seconds for graded, _ in honest) + 2
    assert hostile.seconds < 2 * READING.call_seconds + LIMITS.total_seconds + 3


def _deadly(work):
    if work.name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return _GRADE(work)


_GRADE = batch._grade


@pytest.mark.needs_bwrap
def test_what_ends_its_worker_is_tried_again_behind_those_that_wait(
    tmp_path, arrivals, monkeypatch
):
    monkeypatch.setattr(batch, "_grade", _deadly)
    for name in ("deadly", "x", "y"):
        small_lab.write(tmp_path / "in" / f"{name}.ipynb")
    came = arrivals(jobs=1)
    assert list(came) == ["x", "y", "deadly"]
    assert [graded.score for graded, _ in came.values()] == [10, 10, 0]
    assert came["deadly"][0].status == "crashed"


# --------------------------------------------------------------- what the reading process answers


STATEMENT = [1, 1, "x = 1", "x = 1", False, ["x"], []]


def apart(statements=(), faults=(), remarks=(), more=0):
    return (list(statements), list(faults), list(remarks), more)


@pytest.mark.parametrize(
    "reply",
    [
        (),
        (*apart(), 1),
        apart(more=-1),
        apart(more=True),
        apart([STATEMENT[:-1]]),
        apart([[*STATEMENT[:4], 1, [], []]]),
        apart([["1", *STATEMENT[1:]]]),
        apart([[1, 10**12, *STATEMENT[2:]]]),
        apart([[1, 1, b"x", *STATEMENT[3:]]]),
        apart([[1, 1, "x" * 1_000_001, *STATEMENT[3:]]]),
        apart([[1, 1, "x" * 600_000, *STATEMENT[3:]]] * 2),
        apart([[*STATEMENT[:3], "x" * 1000, *STATEMENT[4:]]]),
        apart([[*STATEMENT[:5], ["x"] * 1000, []]]),
        apart([[*STATEMENT[:5], [["x"]], []]]),
        apart([STATEMENT] * 1001),
        apart(faults=[[1, 1, "x", "no such key", "", []]]),
        apart(faults=[[1, 1, "x", ["syntax"], "", []]]),
        apart(faults=[[1, 1, "x", "syntax", 7, []]]),
        apart(remarks=[["no such key"]]),
        apart(remarks=[[]]),
        apart(remarks=[["copy", 1]]),
        apart(remarks=[["copy", 1, [2]]]),
        apart(remarks=[["commands", 1, [1, 2], "x"]]),
        apart(remarks=[["no cell", 1, "a fish"]]),
        apart(remarks=[["not UTF-8"]] * 31),
    ],
)
def test_an_answer_that_the_inside_never_gives_is_refused(reply):
    assert answer.taken_apart(apart([STATEMENT]), False)[0][0].source == "x = 1"
    with pytest.raises(answer.AnswerError):
        answer.taken_apart(reply, False)


@pytest.mark.parametrize(
    "reply",
    [(), (1, None), ("x" * 1000, None), (None, []), (None, ["no such key"]), (None, "empty"),
     (None, ["no object", "a fish"]), (None, [["empty"]])],
)  # fmt: skip
def test_an_opening_that_the_inside_never_gives_is_refused(reply):
    assert answer.opened((None, ["empty"]), "a.py")[1].startswith("a.py is empty.")
    with pytest.raises(answer.AnswerError):
        answer.opened(reply, "a.py")


@pytest.mark.parametrize("how", ["ends", "lies"])
def test_a_process_that_fails_is_replaced_and_costs_one_file(tmp_path, unwalled, monkeypatch, how):
    path = small_lab.write(tmp_path / "a.ipynb")
    with Reader(unwalled, Suites(SUITES)) as reader:
        assert reader.read(path).problem is None

        def fails(*_request):
            if how == "lies":
                return (7,)
            raise SessionEnded("crashed", "why")

        monkeypatch.setattr(reader._session, "read", fails)
        failed = reader.read(path)
        assert failed.problem.startswith("a.ipynb ended the process that read it.")
        assert failed.lab == ""
        assert reader.read(path).problem is None


def test_one_process_reads_many_small_files_and_a_large_one_has_its_own(tmp_path, unwalled):
    small = small_lab.write(tmp_path / "a.ipynb")
    large = small_lab.write(tmp_path / "b.ipynb", extra="x" * 1_000_001)
    with Reader(unwalled, Suites(SUITES)) as reader:
        reader.read(small)
        first = reader._session
        reader.read(small)
        assert reader._session is first
        assert reader.read(large).problem is None
        assert reader._session is None


@pytest.mark.needs_bwrap
def test_a_file_is_read_behind_the_wall(tmp_path):
    with Jail() as jail, Reader(jail, Suites(SUITES)) as reader:
        assert reader.read(small_lab.write(tmp_path / "a.ipynb", shipped())).problem is None
        assert jail.backend == "bubblewrap"


# ------------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize(
    ("wanted", "machine_mb", "runs"), [(8, 100_000, 8), (8, 9000, 3), (None, 10**6, os.cpu_count()),
    (8, 100, 1)],
)  # fmt: skip
def test_no_more_workers_run_than_fit_into_memory(monkeypatch, wanted, machine_mb, runs):
    monkeypatch.setattr(batch, "_memory_mb", lambda: machine_mb)
    assert batch.workers(wanted, Limits()) == runs
    said = batch.why_fewer(wanted, Limits())
    assert said.startswith(f"{runs} submission") if runs < (wanted or 0) else said == ""


def test_the_memory_of_a_control_group_counts(tmp_path, monkeypatch):
    for folder, text in {"a": "max", "a/b": "4294967296", "a/b/c": "max"}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "memory.max").write_text(f"{text}\n")
    assert list(batch._bounds_of_cgroup(tmp_path, "a/b/c")) == [1 << 32]
    assert 0 < batch._memory_mb() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20


# -------------------------------------------------------------------------------------------- links


def test_a_linked_folder_is_refused_and_one_in_a_folder_is_named(tmp_path):
    hidden, folder = tmp_path / "hidden", tmp_path / "in"
    for path in (hidden, folder):
        path.mkdir()
        small_lab.write(path / "a.ipynb")
    for name in ("evil", "evil.ipynb"):
        (folder / name).symlink_to(hidden)
    found = find_submissions([folder])
    assert [work.path for work in found.work] == [folder / "a.ipynb"]
    assert found.skipped == [
        f"Left out {folder / name}: a symbolic link to a folder." for name in ("evil", "evil.ipynb")
    ]
    for name in ("evil", "evil.ipynb"):
        with pytest.raises(batch.LinkedFolderError, match="Give the folder itself"):
            find_submissions([folder / name])
