"""The command line: what it grades, what it says, how it ends."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_lab
from rich.console import Console
from small_lab import DOUBLE, SPREAD, SUITES, code, shipped
from test_submission_files import MALFORMED, as_bytes

import lnnn
from lnnn.grading.runner import Graded
from lnnn.grading.terminal import RunDisplay

LNNN = [sys.executable, "-m", "lnnn"]


def run(*arguments, **more):
    command = [*LNNN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


def grade(*arguments, suites=SUITES, **more):
    return run("grade", *arguments, "--suites", suites, "--jobs", 2, **more)


def table(out):
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


@pytest.mark.needs_bwrap
def test_every_kind_of_malformed_file_is_a_line_of_the_table(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for i, (content, _) in enumerate(MALFORMED.values()):
        (folder / f"lab98_{i}.ipynb").write_bytes(as_bytes(content))
    (folder / "lab98_folder.ipynb").mkdir()
    (folder / "lab98_link.ipynb").symlink_to("/etc/passwd")
    (folder / "nameless.ipynb").write_text("{}")
    small_lab.write(folder / "good.ipynb", [code("def broken("), *shipped()])
    ended = grade(folder, "--out", out)
    assert ended.returncode == 0, ended.stderr
    rows = table(out)
    assert len(rows) == len(MALFORMED) + 4
    assert rows.pop("good") == {
        "submission": "good",
        "lab": "lab98_small",
        "status": "partial",
        "score": "10",
        "max_score": "10",
    }
    assert rows.pop("nameless")["lab"] == ""
    assert {(r["status"], r["score"], r["max_score"]) for r in rows.values()} == {
        ("unreadable", "0", "10")
    }
    for name in (*rows, "nameless", "good"):
        page = (out / "feedback" / f"{name}.html").read_text(encoding="utf-8")
        assert "<h1>" in page
    entries = [json.loads(line) for line in (out / "results.jsonl").open(encoding="utf-8")]
    assert [e["submission"] for e in entries] == sorted(e["submission"] for e in entries)
    assert all(e["problem"] for e in entries if e["status"] == "unreadable")


@pytest.mark.needs_bwrap
def test_the_seed_is_printed_and_repeats_the_run(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    small_lab.write(folder / "a.ipynb", shipped((DOUBLE, "def total(x):\n    return 1", SPREAD)))
    (folder / "notes.txt").write_text("x")
    first = grade(folder, "--out", tmp_path / "one")
    seed = re.search(r"--seed (\d+)", first.stdout)[1]
    assert grade(folder, "--out", tmp_path / "two", "--seed", seed).returncode == 0
    for name in ("grades.csv", "results.jsonl", "feedback/a.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert "1/1 a: graded, 5 of 10" in first.stdout
    assert re.search(r"\n1 submission in \d+\.\d s \(\d+\.\d a second\)\.\n", first.stdout)
    assert "notes.txt: neither .ipynb nor .py." in first.stdout
    assert str(tmp_path / "one" / "feedback") in first.stdout.replace("\n", "")
    assert "\x1b" not in first.stdout


def test_the_version():
    ended = run("--version")
    assert (ended.returncode, ended.stdout) == (0, f"lnnn {lnnn.__version__}\n")


def test_help_loads_nothing_heavy():
    script = (
        "import sys; sys.argv = ['lnnn', 'grade', '--help']\n"
        "from lnnn.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print({'numpy', 'pytest', 'mpmath', 'jinja2', 'scipy'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stdout.endswith("set()\n")
    assert "--unsafe-no-sandbox" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nothing.ipynb", "--out", "out"], "nothing.ipynb: there is no such file or folder"),
        (["empty", "--out", "out"], "empty: no .ipynb or .py file here"),
        (["a.ipynb", "--out", "file"], "file: this is a file. Give --out a folder"),
        (["a.ipynb", "--out", "file/out"], "file/out: this is a file. Give --out a folder"),
        (
            ["a.ipynb", "--out", "out", "--lab", "lab97"],
            "There is no suite for 'lab97'; there are suites",
        ),
        (["a.ipynb", "--out", "out", "--seed", "-1"], "--seed"),
        (["a.ipynb", "--out", "out", "--jobs", "0"], "--jobs"),
        (["a.ipynb"], "--out"),
    ],
)
def test_wrong_use_names_the_thing_and_ends_with_2(tmp_path, arguments, reason):
    small_lab.write(tmp_path / "a.ipynb")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    command = [*LNNN, "grade", *arguments, "--suites", str(SUITES)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100)
    assert ended.returncode == 2
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_a_folder_without_suites_ends_with_2(tmp_path):
    small_lab.write(tmp_path / "a.ipynb")
    ended = grade(tmp_path, "--out", tmp_path / "out", suites=tmp_path)
    assert ended.returncode == 2
    assert "there is no grading suite" in ended.stderr


def test_a_wrong_suite_ends_with_3(tmp_path):
    (tmp_path / "test_lab98_small.py").write_text("def test_x(lab): pass")
    small_lab.write(tmp_path / "a.ipynb")
    ended = grade(
        tmp_path / "a.ipynb", "--out", tmp_path / "out", "--unsafe-no-sandbox", suites=tmp_path
    )
    assert ended.returncode == 3
    assert "test_x tests no rule" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_isolation_it_says_so_in_every_result(tmp_path):
    small_lab.write(tmp_path / "a.ipynb")
    ended = grade(tmp_path, "--out", tmp_path / "out", "--unsafe-no-sandbox")
    assert ended.returncode == 0, ended.stderr
    assert "No isolation" in ended.stdout
    assert json.loads((tmp_path / "out" / "results.jsonl").read_text())["backend"] == "none"


def test_no_isolation_and_no_leave_to_go_without_ends_with_3(tmp_path, monkeypatch):
    small_lab.write(tmp_path / "a.ipynb")
    # A PATH without bwrap and, for root, an account that can't be dropped to: none passes.
    script = (
        "import lnnn.grading.jail as j, sys\n"
        "def fail(self): raise j.JailUnavailable('no jail can be built here')\n"
        "j.Jail.warm = fail\n"
    )
    (tmp_path / "sitecustomize.py").write_text(script)
    ended = grade(
        tmp_path / "a.ipynb", "--out", tmp_path / "out", env={"PYTHONPATH": str(tmp_path)}
    )
    assert ended.returncode == 3
    assert "no jail can be built here" in ended.stderr
    assert not (tmp_path / "out" / "grades.csv").exists()


@pytest.mark.needs_bwrap
def test_an_interrupt_ends_at_once_and_keeps_what_was_done(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    small_lab.write(folder / "a.ipynb")
    small_lab.write(folder / "b.ipynb", [code("while True: pass"), *shipped()])
    command = [*LNNN, "grade", folder, "--out", out, "--suites", SUITES, "--jobs", "1"]
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    done = out / "results.jsonl"
    until = time.monotonic() + 60
    while not (done.exists() and done.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - start < 4
    assert "Interrupted. What was done so far is in" in errors
    assert "Traceback" not in errors
    assert [json.loads(line)["submission"] for line in done.open()] == ["a"]
    assert not (out / "grades.csv").exists()


@pytest.mark.needs_bwrap
def test_a_killed_grader_leaves_no_process_behind(tmp_path):
    small_lab.write(tmp_path / "b.ipynb", [code("while True: pass"), *shipped()])
    command = [*LNNN, "grade", tmp_path, "--out", tmp_path / "out", "--suites", SUITES]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    below = set()
    until = time.monotonic() + 60
    # The grader, its worker, bubblewrap, the zygote, the submission.
    while len(below) < 4 and time.monotonic() < until:
        time.sleep(0.05)
        below = descendants(process.pid)
    assert len(below) >= 4
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while any(map(alive, below)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, below))


def descendants(pid):
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return set()
    children = set(map(int, text.split()))
    return children.union(*map(descendants, children))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_on_a_terminal_there_is_a_bar_and_names_are_not_markup(tmp_path):
    with (tmp_path / "screen").open("w") as screen:
        console = Console(force_terminal=True, width=100, record=True, file=screen)
        with RunDisplay(3, 7, ["Left out [red]x[/red].png."], False, console) as display:
            display.done(Graded("[bold]a", "lab98_small", "graded", 10, 10))
            display.done(Graded("b", "lab98_small", "timeout", 5, 10))
            (task,) = display._bar.tasks
            assert (task.completed, task.total, task.fields["other"]) == (2, 3, 1)
            columns = [column.render(task) for column in display._bar.columns[1:4]]
        assert [str(column) for column in columns[:2]] == ["2/3", "1 not graded in full"]
        assert "Left out [red]x[/red].png" in console.export_text()
