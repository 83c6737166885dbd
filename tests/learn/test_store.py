"""The progress file: two kernels, crashes, broken files, folders that can't be written."""

import json
import os
import subprocess
import sys

import pytest

from lnnn.learn import store

ADD = """
import sys
from lnnn.learn import store
who, times = sys.argv[1], int(sys.argv[2])
for i in range(times):
    def edit(progress):
        entry = progress.function("lab", "f")
        entry["count"] = entry.get("count", 0) + 1
        progress.function("lab", f"{who}{i}")["passed"] = i
    progress, notes = store.change(edit)
    assert notes == (), notes
"""


def put(name, value):
    return store.change(lambda p: p.function("lab", "f").update({name: value}))


def test_what_is_written_is_read_back():
    put("passed", 3)
    progress, notes = store.read()
    assert progress.functions == {"lab": {"f": {"passed": 3}}}
    assert notes == ()


def test_the_file_lies_where_lnnn_home_says_and_names_its_version(home):
    put("passed", 3)
    assert store.path() == home / "progress.json"
    assert json.loads(store.path().read_bytes())["version"] == 1


def test_without_lnnn_home_it_lies_in_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("LNNN_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store.path().name == "progress.json"
    assert store.path().parent.name == "lnnn"
    assert tmp_path in store.path().parents or os.name == "nt"


def test_kernels_at_the_same_time_lose_no_update():
    kernels = [
        subprocess.Popen([sys.executable, "-c", ADD, who, "25"], stderr=subprocess.PIPE)
        for who in "abc"
    ]
    errors = [kernel.communicate(timeout=60)[1] for kernel in kernels]
    assert [kernel.returncode for kernel in kernels] == [0, 0, 0], errors
    functions = store.read()[0].functions["lab"]
    assert functions["f"]["count"] == 75
    assert len(functions) == 76


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b'{"version": 1, "quizzes": {',
        b"\xff\xfe\x00binary",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "quizzes": 5, "functions": {}}',
        b'{"version": 1, "quizzes": {"a": {"b": 1}}, "functions": {}}',
        b'{"version": 1, "quizzes": {"a": 1}, "functions": {}}',
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_set_aside_and_never_lost(home, broken):
    home.mkdir()
    store.path().write_bytes(broken)
    _, notes = store.read()
    assert "can't be read" in notes[0]
    assert store.path().read_bytes() == broken
    _, notes = put("passed", 1)
    assert "It is kept as" in notes[0]
    assert (home / "progress.broken-1.json").read_bytes() == broken
    assert store.read() == (store.Progress({}, {"lab": {"f": {"passed": 1}}}), ())


def test_a_second_broken_file_does_not_replace_the_first(home):
    home.mkdir()
    for content in (b"one", b"two"):
        store.path().write_bytes(content)
        put("passed", 1)
    assert (home / "progress.broken-1.json").read_bytes() == b"one"
    assert (home / "progress.broken-2.json").read_bytes() == b"two"


def test_a_file_of_a_newer_version_is_not_touched(home):
    home.mkdir()
    newer = b'{"version": 2, "anything": true}'
    store.path().write_bytes(newer)
    progress, notes = put("passed", 1)
    assert "newer version" in notes[0]
    assert store.path().read_bytes() == newer
    assert progress.functions == {"lab": {"f": {"passed": 1}}}


def test_a_crash_while_writing_leaves_the_old_file(home, monkeypatch):
    put("passed", 1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    progress, notes = put("passed", 2)
    assert "No space left on device" in notes[0]
    assert progress.functions["lab"]["f"] == {"passed": 2}
    assert json.loads(store.path().read_bytes())["functions"]["lab"]["f"] == {"passed": 1}
    assert sorted(p.name for p in home.iterdir()) == ["progress.json", "progress.lock"]


def test_what_could_not_be_saved_is_saved_once_it_can_be(home):
    home.write_text("in the way", encoding="utf-8")
    put("passed", 1)
    assert store.read()[0].functions == {"lab": {"f": {"passed": 1}}}
    home.unlink()
    put("total", 2)
    assert json.loads(store.path().read_bytes())["functions"]["lab"]["f"] == {
        "passed": 1,
        "total": 2,
    }


def test_a_lock_that_is_held_for_long_gives_a_note_and_no_wait_without_end(home, monkeypatch):
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.1)
    home.mkdir()
    with store._locked(home / "progress.lock"):
        _, notes = put("passed", 1)
    assert "another notebook is writing it" in notes[0]
    assert put("passed", 2)[1] == ()


def test_a_folder_that_may_not_be_written_gives_a_note(monkeypatch):
    """Simulated, because root may write everywhere."""
    put("passed", 1)

    def forbidden(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.tempfile, "mkstemp", forbidden)
    progress, notes = put("passed", 2)
    assert "Permission denied" in notes[0]
    assert progress.functions["lab"]["f"] == {"passed": 2}


def test_an_edit_that_fails_is_not_tried_again():
    with pytest.raises(ZeroDivisionError):
        store.change(lambda _: 1 / 0)
    assert put("passed", 1) == (store.Progress({}, {"lab": {"f": {"passed": 1}}}), ())
