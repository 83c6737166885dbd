"""What a built file was made from: what a kernel notes, what the lock keeps, what is said of it."""

import sys
from pathlib import Path

import pytest

from lnnn.build import inputs, project
from lnnn.build.errors import BuildError
from lnnn.build.inputs import Entry, Hashes, lock_text, of_a_run, read_lock

READS = """
```{code-cell}
import os
import sys
from pathlib import Path

here = Path("../data")
os.listdir(here)
(here / "a.txt").read_text()
(here / "b.txt").open("ab").close()
(here / "absent.txt").exists() or sys.path.append(str(here / "code"))
import helper

try:
    helper.read(here / "absent.txt")
except FileNotFoundError:
    pass
```
"""
HELPER = "def read(path):\n    with open(path) as file:\n        return file.read()\n"


@pytest.fixture
def reading_project(small_project):
    """The small project with a page that reads two files, imports a third and lists a folder."""
    page = small_project / "source/course/04_small.md"
    page.write_text("# A page that reads\n" + READS, encoding="utf-8")
    for name, text in (("a.txt", "a"), ("b.txt", "b"), ("code/helper.py", HELPER)):
        path = small_project / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (small_project / "requirements").mkdir()
    (small_project / inputs.PINS).write_text("numpy==2.0\n")
    (small_project / inputs.BUILD).mkdir(parents=True)
    for module in ("outputs", "leaks"):
        (small_project / inputs.BUILD / f"{module}.py").touch()
    return small_project


@pytest.mark.slow
def test_a_page_is_made_from_what_it_reads_the_builds_code_and_the_pins(
    reading_project, monkeypatch
):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    def build():
        sources = project.find_sources(reading_project, ["04_small"])
        return project.build(sources, reading_project)

    path = Path("course/04_small.ipynb")
    first = build()
    assert set(first[path].entry.inputs) == {
        "data/",
        "data/a.txt",
        "data/absent.txt",
        "data/code/helper.py",
        "requirements/constraints.txt",
        "source/course/04_small.md",
        "src/lnnn/build/outputs.py",
    }
    assert project.write(first, reading_project) == [path, inputs.LOCK]
    assert project.out_of_date(reading_project, ["04_small"]) == {}
    # The second time Python has the bytecode of the module and need not open its source.
    assert (reading_project / "data/code/__pycache__").is_dir()
    assert build()[path].entry == first[path].entry

    changes = {
        "data/a.txt": lambda p: p.write_text("other"),
        "data/absent.txt": lambda p: p.write_text("here now"),
        "data/code/helper.py": lambda p: p.write_text(HELPER + "\n"),
        "requirements/constraints.txt": lambda p: p.write_text("numpy==2.1\n"),
        "src/lnnn/build/outputs.py": lambda p: p.write_text("x = 1\n"),
        "source/course/04_small.md": lambda p: p.write_text(p.read_text() + "\nMore.\n"),
    }
    for name, change in changes.items():
        file = reading_project / name
        before = file.read_text() if file.exists() else None
        change(file)
        said = project.out_of_date(reading_project, ["04_small"])[path]
        assert said == f"{'data/, ' * (before is None)}{name} changed"
        file.unlink() if before is None else file.write_text(before)
    (reading_project / "data/b.txt").write_text("never read")
    assert project.out_of_date(reading_project, ["04_small"]) == {}


@pytest.mark.slow
def test_a_page_that_gives_the_same_again_is_not_written(reading_project):
    sources = project.find_sources(reading_project, ["04_small"])
    project.write(project.build(sources, reading_project), reading_project)
    (reading_project / "data/a.txt").write_text("other, and not printed")
    lock = (reading_project / inputs.LOCK).read_text()
    written = project.write(project.build(sources, reading_project), reading_project)
    assert written == [inputs.LOCK]
    lines = (reading_project / inputs.LOCK).read_text().splitlines()
    [changed] = [line for line in lines if line not in lock.splitlines()]
    assert changed.startswith('"data/a.txt" = ')


def test_what_a_kernel_notes_is_told_by_its_source_and_the_projects_own(tmp_path):
    root = tmp_path.resolve()
    cached = "src/lnnn/__pycache__/exact.cpython-311.pyc"
    lines = [
        f"open {root}/{cached}",
        f"open {root}/source/course/04 page.md",
        f"list {root}/src/lnnn/learn",
        f"open {root}/.venv/lib/numpy.py",
        f"open {root}/course/.ipynb_checkpoints/a.ipynb",
        f"open {sys.prefix}/lib/python3/os.py",
        "open /etc/hosts",
    ]
    found = of_a_run(root, "\n".join(lines) + "\n")
    assert found == {"src/lnnn/exact.py", "source/course/04 page.md", "src/lnnn/learn/"}


def test_what_shapes_every_built_file_is_the_code_of_the_build_but_for_what_is_named():
    modules = {path.stem for path in (project.ROOT / inputs.BUILD).glob("*.py")}
    assert modules > inputs.SHAPE_NOTHING
    counted = {Path(name).stem for name in inputs.of_the_build(project.ROOT)}
    assert counted == modules - inputs.SHAPE_NOTHING
    assert {"execute", "notebook", "outputs", "solutions", "source", "widgets"} <= counted


@pytest.fixture
def made(tmp_path):
    """A built file and its entry in a folder of their own: (root, entry)."""
    for name in "abcde":
        (tmp_path / name).write_text(name)
    (tmp_path / "folder/.hidden").mkdir(parents=True)
    (tmp_path / "built").write_text("text")
    return tmp_path, Hashes(tmp_path).entry("text", [*"abcde", "folder/", "absent"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: None, ""),
        (lambda root: (root / "folder/.other").touch(), ""),
        (lambda root: (root / "built").unlink(), "it is missing"),
        (lambda root: (root / "built").write_text("text "), "it was changed after it was built"),
        (lambda root: (root / "b").write_text("B"), "b changed"),
        (lambda root: (root / "c").unlink(), "c changed"),
        (lambda root: (root / "folder/new").touch(), "folder/ changed"),
        (lambda root: (root / "absent").touch(), "absent changed"),
        (lambda root: [(root / n).write_text("") for n in "abc"], "a, b, c changed"),
        (lambda root: [(root / n).write_text("") for n in "abcde"], "a, b, c and 2 more changed"),
    ],
)
def test_what_changed_is_named(made, change, said):
    root, entry = made
    change(root)
    assert Hashes(root).change("built", entry) == said


def test_a_built_file_of_which_the_lock_knows_nothing_is_out_of_date(made):
    root, _ = made
    assert Hashes(root).change("built", None) == "no build has noted what it is made from"


SHARED = {"numbers.py": "1", "scene.py": "2"}
ENTRIES = {
    "course/03.ipynb": Entry("aa", {**SHARED, "03.md": "3"}),
    "course/04.ipynb": Entry("bb", {**SHARED, "04.md": "4"}),
    "labs/lab04.ipynb": Entry("cc", {"lab04.md": "5"}),
}


def _with(entries, name, given, was):
    entry = entries[name]
    return {**entries, name: Entry(entry.holds, {**entry.inputs, given: was})}


def test_the_lock_says_what_was_written_into_it(tmp_path):
    partly_built = _with(ENTRIES, "course/04.ipynb", "scene.py", "another")
    for entries in (ENTRIES, partly_built, {}):
        (tmp_path / inputs.LOCK).write_text(lock_text(entries))
        assert read_lock(tmp_path) == entries


def test_one_changed_input_is_one_changed_line_of_the_lock():
    changed = ENTRIES
    for name in ("course/03.ipynb", "course/04.ipynb"):
        changed = _with(changed, name, "scene.py", "another")
    before, after = lock_text(ENTRIES).splitlines(), lock_text(changed).splitlines()
    assert [line for line in before if line not in after] == ['"scene.py" = "2"']
    assert [line for line in after if line not in before] == ['"scene.py" = "another"']


def test_without_a_lock_nothing_is_known(tmp_path):
    assert read_lock(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["<<<<<<< ours", "[[made]]\n", '[built]\na = "1"\n[[made]]\nfiles = ["b"]\nfrom = {}']
)
def test_a_lock_that_no_build_wrote_is_refused(tmp_path, text):
    (tmp_path / inputs.LOCK).write_text(text)
    with pytest.raises(BuildError, match=r"^notebooks.lock: .* Remove it and run `make notebooks`"):
        read_lock(tmp_path)


@pytest.mark.slow
def test_a_partial_build_leaves_what_the_lock_says_of_other_files(built_twice, small_project):
    built = built_twice[0]
    project.write(built, small_project)
    before = read_lock(small_project)
    path = Path("course/04_small.ipynb")
    other = project.Built("other", Entry("ff", {"source/course/04_small.md": "gg"}), {})
    project.write({path: other}, small_project)
    assert read_lock(small_project) == {**before, path.as_posix(): other.entry}
    (small_project / "source/course/04_small.md").unlink()
    project.write({}, small_project)
    assert path.as_posix() not in read_lock(small_project)
