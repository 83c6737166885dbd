"""Every committed notebook is what its source gives: byte for byte, and as nbval compares.

Each notebook is executed once. We compare the bytes of what that gives. nbval
(https://github.com/computationalmodelling/nbval), which a reader may run with ``pytest --nbval``,
gets the messages of the same kernel, and compares them with the committed outputs by rules of its
own. That it says the same with a kernel of its own is proved on a small notebook and on one page.
"""

import json
import os
import queue
import shutil
from collections import deque
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import pytest

from lnnn.build import project
from lnnn.build.execute import kernel_environment
from lnnn.build.widgets import VIEW, models_of

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SMALL = HERE.parent / "build" / "fixtures" / "project"
SMALL_PAGE = Path("course/04_small.ipynb")
NOTEBOOKS = [
    product.path
    for source in project.find_sources()
    for product in project.products_of(source)
    if product.is_executed
]
PAGE_WITH_OWN_KERNEL = Path("course/00_start_here.ipynb")  # the one that reads all the others


@pytest.fixture(scope="module")
def rebuilt():
    """Everything there is, built again; this runs every notebook."""
    return project.build(project.find_sources())


@pytest.fixture(scope="module")
def small():
    """The small page of the build's tests, built."""
    return project.build(project.find_sources(SMALL, ["04_small"]), root=SMALL)[SMALL_PAGE]


class RecordedKernel:
    """Stands where nbval has its kernel, and answers as the kernel of a build did.

    cells: (source, messages) of every code cell in order, as in ``execute.Job.sent``.
    """

    def __init__(self, cells):
        self._cells = iter(cells)
        self._messages = deque()

    def execute_cell_input(self, source, allow_stdin):
        ran, sent = next(self._cells)
        assert source == ran, "the committed cell is not the one that was executed"
        self._messages = deque(sent)
        return "the only request"

    def await_reply(self, request, timeout):
        """The reply was there before it was asked for."""

    def get_message(self, stream, timeout):
        if not self._messages:
            raise queue.Empty
        kind, content = self._messages.popleft()
        parent = {"msg_id": "the only request"}
        return {"msg_type": kind, "content": content, "parent_header": parent}

    def await_idle(self, request, timeout):
        self._messages.clear()

    def is_alive(self):
        return True

    def stop(self):
        """Nothing runs."""


class Verdict:
    """A pytest plugin: how many cells passed, and what nbval said of the others."""

    def __init__(self):
        self.passed, self.said = 0, []

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.said.append(report.longreprtext)
        elif report.when == "call":
            self.passed += report.passed

    def pytest_collectreport(self, report):
        if report.failed:
            self.said.append(report.longreprtext)


def _nbval(notebook, sent=None):
    """nbval's verdict on a notebook, strict. Pictures and widget views are not compared.

    ``sent`` are a build's messages (see RecordedKernel); without them nbval starts a kernel.
    """
    settings = notebook.parent / "nbval.ini"  # those of this project are none of nbval's business
    settings.write_text("[pytest]\n")
    verdict = Verdict()
    arguments = ["-c", str(settings), "--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"]
    arguments += ["--nbval-sanitize-with", str(HERE / "nbval_sanitize.cfg"), str(notebook)]
    for plugin in ("cacheprovider", "playwright", "xdist"):
        arguments += ["-p", f"no:{plugin}"]
    kernel = nullcontext()
    if sent is not None:
        kernel = mock.patch("nbval.plugin.RunningKernel", return_value=RecordedKernel(sent))
    with kernel_environment() as environment, kernel:
        own = {k: v for k, v in environment.items() if not k.startswith("PYTEST_")}
        with mock.patch.dict(os.environ, own, clear=True):
            pytest.main(arguments, plugins=[verdict])
    return verdict


def _for_nbval(notebook):
    """A copy for nbval, which takes what a widget captured for output of the cell that shows it.

    The copy says so too: the text is compared, and not left out.
    """
    notebook = json.loads(json.dumps(notebook))
    models = models_of(notebook)
    for cell in notebook["cells"]:
        for output in list(cell.get("outputs", [])):
            shown = output.get("data", {}).get(VIEW, {}).get("model_id")
            cell["outputs"] += models.get(shown, {}).get("state", {}).get("outputs", [])
    return notebook


def _cells(built):
    """The code cells of a built notebook with what the kernel sent for each."""
    cells = enumerate(json.loads(built.text)["cells"])
    return [("".join(c["source"]), built.sent[i]) for i, c in cells if c["cell_type"] == "code"]


def _write(notebook, path):
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_there_are_notebooks_to_run():
    assert NOTEBOOKS
    assert PAGE_WITH_OWN_KERNEL in NOTEBOOKS


def test_every_committed_notebook_is_what_its_source_gives(rebuilt):
    assert rebuilt.keys() == set(project.product_paths())
    assert project.differing(rebuilt) == [], "run `make notebooks` and commit what it writes"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_nbval_finds_the_committed_outputs_again(rebuilt, path, tmp_path):
    committed = json.loads((project.ROOT / path).read_text(encoding="utf-8"))
    cells = _cells(rebuilt[path])
    verdict = _nbval(_write(_for_nbval(committed), tmp_path / path.name), cells)
    assert verdict.said == []
    assert verdict.passed == len(cells) > 0


def test_nbval_with_a_kernel_of_its_own_finds_them_too(tmp_path):
    path = PAGE_WITH_OWN_KERNEL
    for entry in [*project.ROOT.iterdir(), *(project.ROOT / path.parent).iterdir()]:
        place = tmp_path / entry.relative_to(project.ROOT)
        if place == tmp_path / path.parent:
            place.mkdir()
        elif place != tmp_path / path:
            place.symlink_to(entry)
    committed = json.loads((project.ROOT / path).read_text(encoding="utf-8"))
    verdict = _nbval(_write(_for_nbval(committed), tmp_path / path))
    assert verdict.said == []
    assert verdict.passed == sum(cell["cell_type"] == "code" for cell in committed["cells"])


# An output that was edited by hand is noticed by both.


def _is(kind, **expected):
    return lambda output: (
        output["output_type"] == kind and all(output.get(k) == v for k, v in expected.items())
    )


TAMPERED = {
    "a printed word": (_is("stream", name="stdout"), lambda o: o.update(text=["after\n"])),
    "a warning": (_is("stream", name="stderr"), lambda o: o["text"].pop()),
    "a value": (
        lambda o: "array([nan" in str(o.get("data")),
        lambda o: o["data"].update({"text/plain": ["array([1., 0.])"]}),
    ),
    "an exception": (_is("error"), lambda o: o.update(evalue="something else")),
    "the words of a widget": (
        lambda o: "counter" in str(o.get("data")),
        lambda o: o["data"].update({"text/plain": ["The counter stands at 9.0"]}),
    ),
}


@pytest.fixture(params=["the build's kernel", "nbval's kernel"])
def verdict_on(request, small, tmp_path):
    """nbval's verdict on a small notebook, by the messages of the build or by a kernel's."""
    sent = _cells(small) if request.param == "the build's kernel" else None
    return lambda notebook: _nbval(_write(notebook, tmp_path / "copy.ipynb"), sent)


def test_an_untouched_notebook_passes(small, verdict_on):
    verdict = verdict_on(json.loads(small.text))
    assert (verdict.passed, verdict.said) == (len(_cells(small)), [])


@pytest.mark.parametrize(("find", "tamper"), TAMPERED.values(), ids=TAMPERED)
def test_an_edited_output_is_noticed(small, verdict_on, tmp_path, find, tamper):
    copy = json.loads(small.text)
    outputs = [output for cell in copy["cells"] for output in cell.get("outputs", [])]
    tamper(next(filter(find, outputs)))
    assert copy != json.loads(small.text)
    verdict = verdict_on(copy)
    assert len(verdict.said) == 1, verdict.said
    assert verdict.passed == len(_cells(small)) - 1
    root = shutil.copytree(SMALL, tmp_path / "project")
    project.write({SMALL_PAGE: small}, root)
    assert project.differing({SMALL_PAGE: small}, root) == []
    _write(copy, root / SMALL_PAGE)
    assert project.differing({SMALL_PAGE: small}, root) == [SMALL_PAGE]
    changes = project.out_of_date(root, ["04_small"])
    assert changes[SMALL_PAGE] == "it was changed after it was built"


def test_a_cell_that_was_not_executed_is_noticed(small, tmp_path):
    copy = json.loads(small.text)
    next(c for c in copy["cells"] if "demo" in c["metadata"].get("tags", []))["source"] += ["\n1"]
    verdict = _nbval(_write(copy, tmp_path / "copy.ipynb"), _cells(small))
    assert "not the one that was executed" in verdict.said[0]
