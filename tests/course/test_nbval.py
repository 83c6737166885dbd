"""Every committed output is what its cell gives when the notebook is run again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lnnn.build import project
from lnnn.build.execute import kernel_environment
from lnnn.build.widgets import STATE, VIEW

HERE = Path(__file__).parent
SMALL = HERE.parent / "build" / "fixtures" / "project"
NOTEBOOKS = [
    product.path
    for source in project.find_sources()
    for product in project.products_of(source)
    if product.kind in ("course", "solution")
]


def _nbval(notebook, folder):
    """Run nbval, strict, on one notebook. Pictures and widget views are not compared."""
    with kernel_environment() as environment:
        environment = {k: v for k, v in environment.items() if not k.startswith("PYTEST_")}
        # Settings of this project's own tests are none of nbval's business.
        Path(folder, "nbval.ini").write_text("[pytest]\n")
        return subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "--color=no", "-c", f"{folder}/nbval.ini"),
                *("-p", "no:cacheprovider", "-p", "no:playwright", "-p", "no:xdist"),
                *("--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"),
                *("--nbval-sanitize-with", str(HERE / "nbval_sanitize.cfg"), str(notebook)),
            ],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )


def _copy_for_nbval(path, folder):
    """A copy of a committed notebook, in a folder that looks like the project from inside.

    nbval takes what is printed into an Output widget for output of the cell that shows it. The copy
    says so too: the text is compared, and not left out.
    """
    for entry in [*project.ROOT.iterdir(), *(project.ROOT / path.parent).iterdir()]:
        place = folder / entry.relative_to(project.ROOT)
        if place == folder / path.parent:
            place.mkdir()
        elif place != folder / path:
            place.symlink_to(entry)
    notebook = json.loads((project.ROOT / path).read_text(encoding="utf-8"))
    models = notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook["cells"]:
        for output in list(cell.get("outputs", [])):
            shown = output.get("data", {}).get(VIEW, {}).get("model_id")
            cell["outputs"] += models.get(shown, {}).get("state", {}).get("outputs", [])
    (folder / path).write_text(json.dumps(notebook), encoding="utf-8")
    return folder / path


def test_there_are_notebooks_to_run():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_running_it_again_gives_the_committed_outputs(path, tmp_path):
    done = _nbval(_copy_for_nbval(path, tmp_path), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.fixture(scope="module")
def small_notebook():
    sources = project.find_sources(SMALL, ["04_small"])
    [text] = project.build(sources, root=SMALL).values()
    return json.loads(text)


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


def test_an_untouched_notebook_passes(small_notebook, tmp_path):
    (tmp_path / "copy.ipynb").write_text(json.dumps(small_notebook))
    done = _nbval(tmp_path / "copy.ipynb", tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("find", "tamper"), TAMPERED.values(), ids=TAMPERED)
def test_an_edited_output_is_noticed(small_notebook, tmp_path, find, tamper):
    copy = json.loads(json.dumps(small_notebook))
    outputs = [output for cell in copy["cells"] for output in cell.get("outputs", [])]
    tamper(next(filter(find, outputs)))
    assert copy != small_notebook
    (tmp_path / "copy.ipynb").write_text(json.dumps(copy))
    done = _nbval(tmp_path / "copy.ipynb", tmp_path)
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
