"""``lnnn check-course``: the course is whole, and each fault in a copy of it is named."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from lnnn.build import project
from lnnn.build.inputs import LOCK, Hashes, lock_text
from lnnn.build.project import product_paths
from lnnn.check_course import inspect_course
from lnnn.cli import app

pytestmark = [pytest.mark.needs_bwrap, pytest.mark.slow]

LAB = "lab04_log_softmax"
FOLDER = f"src/lnnn/labs/{LAB}"
RULES, HINTS, QUIZ = (f"{FOLDER}/{name}" for name in ("rules.py", "hints.toml", "quiz.toml"))
HIDDEN = f"tests/hidden/test_{LAB}.py"
SOURCE = f"source/labs/{LAB}.md"
SOLUTION = f"solutions/{LAB}.ipynb"
PARTS = (
    SOURCE,
    f"labs/{LAB}.ipynb",
    SOLUTION,
    f"tests/hidden/release/{LAB}.json",
    HIDDEN,
    "tests/hidden/conftest.py",
    "tests/hidden/inputs.py",
    f"tests/grading/banks/{LAB}.py",
    "tests/grading/banks/__init__.py",
    "src/lnnn/labs/__init__.py",
    RULES,
    HINTS,
    QUIZ,
)


@pytest.fixture
def copy(tmp_path):
    """A project with lab 04 alone, made from its source and, where it is executed, its rules."""
    for part in PARTS:
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project.ROOT / part, tmp_path / part)
    hashes, made_from = Hashes(tmp_path), {SOURCE}
    texts = {path.as_posix(): (tmp_path / path).read_text() for path in product_paths(tmp_path)}
    entries = {
        path: hashes.entry(text, made_from | ({RULES} if path == SOLUTION else set()))
        for path, text in texts.items()
    }
    (tmp_path / LOCK).write_text(lock_text(entries), encoding="utf-8")
    return tmp_path


def faults(root):
    return [fault for inspection in inspect_course(root) for fault in inspection.faults]


def test_the_course_is_whole():
    done = CliRunner().invoke(app, ["check-course"])
    assert done.exit_code == 0, done.output
    assert "The course is whole." in done.output
    for name in [s.name for s in project.find_sources() if s.kind == "lab"]:
        assert f"✓ {name}: as shipped 0, solved 100 of 100" in done.output


def test_a_copy_of_one_lab_is_whole_too(copy):
    assert faults(copy) == []


def _remove(path):
    return lambda root: (root / path).unlink()


def _add(path, text=""):
    def fault(root):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    return fault


def _edit(path, old, new):
    def fault(root):
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, old
        (root / path).write_text(text.replace(old, new), encoding="utf-8")

    return fault


def _in_answers(folder, old, new):
    """Another text in the answer cells of a built notebook."""

    def fault(root):
        path = root / folder / f"{LAB}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["id"].startswith("answer-"):
                cell["source"] = [line.replace(old, new) for line in cell["source"]]
        path.write_text(json.dumps(notebook), encoding="utf-8")

    return fault


STUB = 'raise NotImplementedError("softmax: write your answer here")'
FAULTS = {
    "a quiz is missing": (_remove(QUIZ), f"{QUIZ} is missing"),
    "a bank is missing": (_remove(f"tests/grading/banks/{LAB}.py"), f"banks/{LAB}.py is missing"),
    "an old notebook": (_add("labs/lab03_old.ipynb", "{}"), "lab03_old.ipynb belongs to no source"),
    "a stray file": (_add("solutions/notes.txt"), "solutions/notes.txt belongs to no source"),
    "a source that was edited since": (
        _edit(SOURCE, "# Lab 04", "# Lab four"),
        f"labs/{LAB}.ipynb is out of date: {SOURCE} changed. Run `make notebooks`.",
    ),
    "rules that were edited since": (
        _edit(RULES, "import numpy as np", "import numpy as np  # arrays"),
        f"{SOLUTION} is out of date: {RULES} changed. Run `make notebooks`.",
    ),
    "a built file that was edited": (
        _edit(SOLUTION, "# Lab 04", "# Lab four"),
        f"{SOLUTION} is out of date: it was changed after it was built. Run `make notebooks`.",
    ),
    "no lock": (
        _remove(LOCK),
        f"{SOLUTION} is out of date: no build has noted what it is made from.",
    ),
    "a hint is missing": (
        _edit(HINTS, "[softmax]\nhints = [", '[softmax]\nhints = ["One."]\nrest = ['),
        "softmax has 1 hints and needs 3",
    ),
    "points are missing": (_edit(RULES, "points=2)", "points=1.5)"), "points, not 100"),
    "rules of another function": (
        _edit(RULES, '"softmax"', '"softmin"'),
        "rules.py has the functions log_softmax, softmin",
    ),
    "a rule of another function in the suite": (
        _edit(HIDDEN, '@rule("log_softmax", "reference"', '@rule("log_softmin", "reference"'),
        "the hidden suite has the functions log_softmax, softmax, masked_log_softmax, log_softmin",
    ),
    "a rule that nobody tests": (
        _edit(HIDDEN, "def test_its_probabilities_sum", "def its_probabilities_sum"),
        "the rule its_probabilities_sum_to_one has no test",
    ),
    "an input that is an example too": (
        _edit(HIDDEN, "holds(near(rng, -1000))", "holds(np.array([-1000.0, -999.0, -998.0]))"),
        "the grader's inputs make a call that",
    ),
    "a leak": (
        _in_answers("labs", STUB, "return np.exp(log_softmax(z, axis, temperature))"),
        "(answer-softmax): holds a piece of the solution of softmax",
    ),
    "a solution that is wrong": (
        _in_answers("solutions", "def softmax(z, axis=-1, temperature=1.0)", "def softmin(z)"),
        "solutions/lab04_log_softmax.ipynb scores",
    ),
    "an answer that is there already": (
        _in_answers("labs", STUB, "return 0"),
        "softmax as shipped reads failed; it should read not written yet",
    ),
}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named(copy, fault, sentence):
    fault(copy)
    assert any(sentence in said for said in faults(copy)), faults(copy)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("rules that were edited since", "✗ built files: 2 of 3 are up to date"),
        ("a quiz is missing", "✗ files:"),
    ],
)
def test_faults_are_counted_and_end_the_command_with_1(copy, fault, line):
    FAULTS[fault][0](copy)
    done = CliRunner().invoke(app, ["check-course", "--root", str(copy)])
    assert done.exit_code == 1
    assert line in done.output
    assert "1 fault." in done.output
    assert "The course is whole" not in done.output
