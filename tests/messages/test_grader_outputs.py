"""What the grader says to students and instructors: pages, terminal, jail, command line."""

import importlib.util
import io
import json
import re

import pytest
from pseudo import Pseudo, assert_said, lines_of_html
from rich.console import Console
from typer.testing import CliRunner

from lnnn import cli, messages
from lnnn.build.project import ROOT
from lnnn.grading import batch
from lnnn.grading.batch import find_submissions
from lnnn.grading.jail import Jail, JailUnavailable, Limits, SessionEnded, backends, words
from lnnn.grading.jail import jail as jail_module
from lnnn.grading.jail.inside import frames
from lnnn.grading.results import ResultsFolder
from lnnn.grading.runner import STATUSES, Graded, Grader
from lnnn.grading.submission import read_submission
from lnnn.grading.suites import Suites, SuitesError, find_suites
from lnnn.grading.terminal import RunDisplay
from lnnn.grading.trial import lost_rules
from lnnn.report import feedback

LAB = "lab04_log_softmax"
HIDDEN = ROOT / "tests" / "hidden"
LIMITS = Limits(call_seconds=0.5, total_seconds=4.0, memory_mb=512)
# Names of functions, labs, columns of the results and walls, which are names of files and code.
NAMES = (
    r"(?<!\w)(masked_log_softmax|log_softmax|log softmax|softmax)(?!\w)",
    r"\btemperature_for_confidence\b",
    r"\b(bubblewrap|none)\b",
)
SOLVED = json.loads((ROOT / "solutions" / f"{LAB}.ipynb").read_text(encoding="utf-8"))


def said(lines, own=()):
    """Fail unless the lines are said in the language, but for names and what ``own`` matches."""
    assert_said(lines, (*own, *NAMES))


# -------------------------------------------------------------------------- pages and terminal


def handed_in(path, *more, without=()):
    """A notebook with the lab's solutions and, last, the cells ``more``."""
    cells = [
        c for c in SOLVED["cells"] if not any(f"def {f}(" in "".join(c["source"]) for f in without)
    ]
    new = [{"cell_type": "code", "metadata": {}, "source": source} for source in more]
    path.write_text(json.dumps(SOLVED | {"cells": [*cells, *new]}), encoding="utf-8")
    return path


TEXTBOOK = """\
def log_softmax(z, axis=-1, temperature=1.0):
    e = np.exp(z)
    return np.log(e / e.sum(axis=axis, keepdims=True))"""
# What the student added to the lab's solutions, and the status that it leads to.
ADDED = {
    "right": ((), "graded"),
    "wrong": ((TEXTBOOK, "%time\nx = 1"), "graded"),
    "raising": (("def softmax(z):\n    raise ValueError",), "graded"),
    "broken": (("1 / 0", "import pandas", "def f(:", "raise SystemExit"), "partial"),
    "endless": (("def softmax(*a, **k):\n    while True: pass",), "timeout"),
    "slow": (("import time", *["time.sleep(0.45)"] * 9), "timeout"),
    "endless_cell": (("while True: pass",), "timeout"),
    "leaving": (("import os\ndef softmax(*a, **k):\n    os._exit(3)",), "crashed"),
    "crashing": (("import ctypes\ndef softmax(*a, **k):\n    ctypes.string_at(8)",), "crashed"),
}
OF_THE_STUDENTS = (
    *(rf"\b{name}\b" for name in ADDED),
    r"\b(cut(\.ipynb)?|pandas|SystemExit|UnboundLocalError|SIGSEGV)\b",
    "invalid syntax",
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, known):
    """The results of all these submissions, each graded in the pseudo-language.

    Without a wall, which would say nothing else and need not be installed.
    """
    folder = tmp_path_factory.mktemp("in")
    language = Pseudo()
    messages.install(language)
    try:
        with Grader(Suites(HIDDEN), 5, LIMITS, backend="none") as grader:
            results = {}
            for name, (cells, status) in ADDED.items():
                path = handed_in(folder / f"{name}.ipynb", *cells)
                results[name] = grader.grade(read_submission(path, grader.suites))
                assert results[name].status == status, name
            (folder / "cut.ipynb").write_text('{"cells": [', encoding="utf-8")
            results["cut"] = grader.grade(read_submission(folder / "cut.ipynb", grader.suites, LAB))
            path = handed_in(folder / "missing.ipynb", without=["softmax", "masked_log_softmax"])
            results["missing"] = grader.grade(read_submission(path, grader.suites))
    finally:
        messages.use(None)
    unknown = language.asked - known
    assert not unknown, f"Babel does not find {unknown}"
    return results


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ADDED, "cut", "missing"])
def test_the_page_of_a_submission(pseudo, graded, name):
    page = feedback.page(graded[name])
    said(lines_of_html(page), (*OF_THE_STUDENTS, r"\bmissing\b"))
    assert "</html>" in page


@pytest.mark.slow
def test_what_an_answer_loses(pseudo, graded):
    """For maintainers: with what the tests saw, which a student never reads."""
    for name in ("wrong", "raising", "broken"):
        lines, lost = lost_rules(graded[name])
        assert lost
        titles = [line for line in lines if not line.startswith(" ")]
        said(titles, OF_THE_STUDENTS)


@pytest.mark.slow
@pytest.mark.parametrize("terminal", [True, False])
def test_the_terminal(pseudo, graded, tmp_path, terminal):
    folder = tmp_path / "in"
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("a.txt", ".a.ipynb", "a.zip", *(f"b{n}.txt" for n in range(9))):
        (folder / name).write_text("x")
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=400, color_system=None)
    unknown = Graded("cut", "", "unreadable", 0, 0, problem="x")
    results = ResultsFolder(tmp_path / "out", [*graded, "cut"])
    total = len(graded) + 1
    with RunDisplay(total, 7, find_submissions([folder]).skipped, True, console) as display:
        for result in (*graded.values(), unknown):
            display.done(result)
        if terminal:
            (task,) = display._bar.tasks
            columns = [column.render(task) for column in display._bar.columns[1:]]
            said([column.plain for column in columns])
    display.closing_table(results)
    text = re.sub(r"\x1b\[[\d;?]*\w", "", screen.getvalue())
    path = rf"{re.escape(str(tmp_path))}[\w/.-]*"
    bar = re.compile(r"[ ━╸╺]{30,}\d+/\d+ .*")  # its columns: see above
    lines = [line for line in re.split(r"[\r\n]+", text) if not bar.fullmatch(line)]
    assert len(lines) > len(graded)
    said(lines, (path, *OF_THE_STUDENTS, r"\bmissing\b"))


def test_every_status_has_a_word(pseudo):
    said([feedback.status_word(status) for status in STATUSES])


# ------------------------------------------------------------------------------------- the jail

REFUSED = [
    ("type", "set"), ("key", "tuple"), ("dtype", "object"), ("dtype", "datetime64"),
    ("scalar dtype", "void"), ("not Unicode",), ("too many values",), ("too many digits",),
    ("too many arrays", "4096"), ("too deep", "32"), ("too large", "70", "64"),
]  # fmt: skip
FINDINGS = [
    "exists", "readable", "importable", "not importable", "root", "capabilities", "group",
    "no limit", "writes files", "signals", "execv", "socket", "unshare", "ptrace", "fork",
    "pid namespace", "processes", "writable", "visible", "network",
]  # fmt: skip


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_an_answer_that_cannot_be_sent(pseudo, refused):
    raised = words.raised(words.Raised((frames.REFUSED, *refused), ""))
    assert raised.classes == ("TypeError", "Exception")
    said([raised.message], (r"\b(set|tuple|datetime64|void)\b",))


def test_a_forged_refusal_is_no_place_to_look_into_the_grader(pseudo):
    raised = words.raised(words.Raised((frames.REFUSED, "{name.__class__}"), ""))
    assert "{name.__class__}" in raised.message
    assert words.raised(words.Raised((frames.REFUSED,), "")).classes[0] == "TypeError"


@pytest.mark.parametrize("key", FINDINGS)
def test_what_the_self_test_finds(pseudo, key):
    said([words.finding(key, "/etc")], (r"/etc\b",))


def test_every_finding_of_the_inside_has_its_sentence():
    inside = (ROOT / "src/lnnn/grading/jail/inside/probe.py").read_text(encoding="utf-8")
    keys = re.findall(r'found\.append\(\["([\w ]+)"|"(\w+)": (?:lambda|_fork)', inside)
    zygote = (ROOT / "src/lnnn/grading/jail/inside/zygote.py").read_text(encoding="utf-8")
    keys += re.findall(r'finding=\["(\w+)"()', zygote)
    assert {one or other for one, other in keys} == set(FINDINGS)


@pytest.mark.parametrize("kind", ["cell", "call", "names", "probe"])
def test_silence(pseudo, kind):
    for in_all in (True, False):
        said([words.silence(kind, "softmax", 0.5, in_all)])


ENDS = {
    "leaves": "import os\ndef f():\n    os._exit(3)",
    "crashes": "import ctypes\ndef f():\n    ctypes.string_at(8)",
    "is killed": "import os\ndef f():\n    os.kill(os.getpid(), 9)",
    "hangs": "def f():\n    while True: pass",
    "hangs up": "import os, time\ndef f():\n    os.close(3)\n    time.sleep(9)",
    "writes noise": "import os\ndef f():\n    os.write(3, bytes(64))\n    while True: pass",
    "is early": (
        "import os, sys\nf = lambda: None\nframes = sys.modules['inside.frames']\n"
        "parts = frames.pack(('call', 3, None, None, [], [], 0.0))\n"
        "def f():\n    os.write(3, b''.join(map(bytes, parts)))"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", ENDS)
def test_how_a_session_ends(pseudo, what):
    def twice(session):
        session.run_cells([ENDS[what]])
        session.call("f", (), {})
        session.call("f", (), {})

    with (
        Jail(LIMITS, backend="none") as jail,
        jail.open() as session,
        pytest.raises(SessionEnded) as ended,
    ):
        twice(session)
    # The protocol names its faults itself, as Python does.
    said([ended.value.detail], (r"\bf\b", "the prefix is not one of this protocol", "SIGSEGV"))


@pytest.mark.slow
def test_what_a_call_comes_to(pseudo):
    with Jail(LIMITS, backend="none") as jail, jail.open() as session:
        session.run_cells(["def f():\n    return {1}"])
        said([session.call("f", (), {}).raised.message], (r"\bset\b",))
        missing = session.call("softmax", (), {}).raised
        assert "NameError" in missing.classes
        said([missing.message])
        said(jail.notes)


def test_no_jail(pseudo, monkeypatch):
    monkeypatch.setattr(jail_module, "_chosen", {})
    monkeypatch.setattr(backends.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(backends.os, "getuid", lambda: 1000)
    with pytest.raises(JailUnavailable) as caught:
        Jail().open()
    said([str(caught.value)], (r"\b(bwrap|apt install|unprivileged uid)\b",))


def test_a_jail_that_shows_what_it_must_hide(pseudo, monkeypatch):
    monkeypatch.setattr(jail_module, "_chosen", {})
    showing = lambda python: map(_showing, backends.unsafe_launches(python))  # noqa: E731
    monkeypatch.setitem(jail_module._WAYS, backends.NONE, showing)
    with pytest.raises(JailUnavailable) as caught:
        Jail(backend="none", hidden=["/etc", "/usr"]).open()
    said([str(caught.value)], (r"/(etc|usr)\b",))


def _showing(launch):
    launch.shows = lambda path: True
    return launch


# ------------------------------------------------------------------------------------ the batch


def test_a_file_that_cannot_be_graded_twice(pseudo):
    said([batch._failed_twice(batch.BrokenProcessPool()), batch._failed_twice(ValueError())])


def test_files_of_one_name(pseudo, tmp_path):
    for folder in ("ann", "bob"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lab04.ipynb").write_text("x")
    notes = [work.note for work in find_submissions([tmp_path]).work]
    said(notes, (r"\b(ann|bob)_lab04\b",))


def test_suites_that_are_not_there(pseudo, tmp_path, monkeypatch):
    with pytest.raises(SuitesError) as none:
        Suites(tmp_path)
    with pytest.raises(SuitesError) as unknown:
        Suites(HIDDEN).lab("lab77")
    for name in ("test_lab04_a.py", "test_lab04_b.py"):
        (tmp_path / name).write_text("")
    with pytest.raises(SuitesError) as several:
        Suites(tmp_path).lab("lab04")
    monkeypatch.setattr("lnnn.grading.suites.__file__", str(tmp_path / "x" / "suites.py"))
    with pytest.raises(SuitesError) as nowhere:
        find_suites(tmp_path / "x")
    lines = [str(caught.value) for caught in (none, unknown, several, nowhere)]
    said(
        lines, (rf"{re.escape(str(tmp_path))}[\w/]*", r"test_lab\*\.py", "--suites", "tests/hidden")
    )


# --------------------------------------------------------------------------------- command line

# What Typer says itself, in the language of its own catalogue.
OF_TYPER = (
    r"Usage: .*",
    r"Try '[^'\n]*' for help\.",
    r"Show this message and exit\.",
    r"Missing (argument|option) '[^'\n]*'\.",
    r"Invalid value for .*",
    r"\[(required|default: \d+|x>=\d+)\]",
    r"<[^>\n]*>",
    r"\b(Options|Arguments|Commands|Error)\b",
)
COMMANDS = ("grade", "try", "new-lab", "check-course")
OF_COMMANDS = (r"--[\w-]+", r"\b(paths|file|lab|name|functions|grade|try|new-lab|check-course)\b")


@pytest.fixture
def lnnn(pseudo, monkeypatch, tmp_path):
    """The command line, loaded in the pseudo-language; what it printed, line by line."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("lnnn_cli_pseudo", cli.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        done = CliRunner().invoke(module.app, list(map(str, arguments)), prog_name="lnnn")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, re.split(r"[\n│╭╮╰╯─]+", done.output)

    return run


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)], ids=" ".join)
def test_help(lnnn, arguments):
    code, lines = lnnn(*arguments, "--help")
    assert code == 0
    said(lines, (*OF_TYPER, *OF_COMMANDS))


WRONG_USE = {
    "no path": ("grade", "nothing.ipynb", "--out", "out"),
    "nothing in it": ("grade", "empty", "--out", "out"),
    "out is a file": ("grade", "a.ipynb", "--out", "file"),
    "no such lab": ("grade", "a.ipynb", "--out", "out", "--lab", "lab77"),
    "no suites": ("grade", "a.ipynb", "--out", "out", "--suites", "empty"),
    "no such lab to try": ("try", "lab77", "a.ipynb"),
    "an empty file to try": ("try", "lab04", "a.ipynb"),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use_of_the_command_line(lnnn, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "a.ipynb").write_text("")
    code, lines = lnnn(*WRONG_USE[name])
    assert code == 2
    own = (re.escape(str(tmp_path)), r"test_lab\*\.py", r"\b(empty|file)\b(?=:)", "--[a-z]+")
    said(lines, (r"\bnothing\.ipynb\b", *own))


@pytest.mark.parametrize("arguments", [("grade",), ("grade", "a", "--out", "b", "--jobs", "0")])
def test_what_typer_itself_refuses_is_all_typers(lnnn, arguments):
    """Nothing of ours stands in it, so nothing is left when Typer's own words are taken out."""
    code, lines = lnnn(*arguments)
    assert code == 2
    said(["⟦⟧", *lines], OF_TYPER)


def test_a_result_that_cannot_be_written(lnnn, tmp_path, monkeypatch):
    (tmp_path / "a.ipynb").write_text("")

    def refuse(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lnnn.grading.results.ResultsFolder.__init__", refuse)
    code, lines = lnnn("grade", "a.ipynb", "--out", "out")
    assert code == 2
    said(lines, (r"\bout(?=:)", "No space left on device"))


@pytest.mark.parametrize("end", [OSError(28, "No space left"), KeyboardInterrupt()], ids=repr)
def test_a_batch_that_ends_early(lnnn, tmp_path, monkeypatch, end):
    (tmp_path / "a.ipynb").write_text("")

    def stop(*_arguments):
        raise end

    monkeypatch.setattr("lnnn.grading.batch.grade_batch", stop)
    code, lines = lnnn("grade", "a.ipynb", "--out", "out")
    assert code in (3, 130)
    said(lines, (r"\bout(?=[:/])", r"\[Errno 28\] No space left"))


def test_a_command_whose_module_is_missing(lnnn, monkeypatch):
    def lacking(*_arguments):
        raise ModuleNotFoundError("No module named 'msgpack'", name="msgpack")

    monkeypatch.setattr("lnnn.grading.suites.find_suites", lacking)
    code, lines = lnnn("try", "lab04", "a.ipynb")
    assert code == 3
    said(lines, (r"\b(lnnn try|msgpack|pip install 'lnnn(\[grade\])?')",))
