"""Two builds of one source are the same bytes; widgets are named after the cells that show them."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lnnn.build import project
from lnnn.build.execute import kernel_environment, wide_cpu_features
from lnnn.build.outputs import without_notes
from lnnn.build.widgets import STATE, VIEW, fold, models_of

pytestmark = pytest.mark.slow

COURSE = Path("course/04_small.ipynb")


@pytest.fixture
def page(built_twice):
    """The small page, built."""
    return json.loads(built_twice[0][COURSE].text)


def _outputs(notebook):
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def _shown(notebook):
    return [o["data"][VIEW]["model_id"] for o in _outputs(notebook) if VIEW in o.get("data", {})]


def test_a_second_build_changes_no_byte(built_twice):
    first, second = built_twice
    assert first.keys() == second.keys()
    for path in first:
        assert first[path].text.encode() == second[path].text.encode(), path
        assert first[path].entry == second[path].entry, path


def test_the_compared_notebook_has_a_picture_widgets_a_warning_and_an_error(page):
    # Else the comparison above would say little.
    mimes = {mime for o in _outputs(page) for mime in o.get("data", {})}
    kinds = {(o["output_type"], o.get("name")) for o in _outputs(page)}
    assert {"image/png", VIEW, "text/plain"} <= mimes
    assert {("stream", "stderr"), ("stream", "stdout"), ("error", None)} <= kinds
    assert models_of(page)


def test_no_committed_notebook_is_without_a_source():
    assert project.orphans() == []


def test_a_model_is_named_after_the_cell_that_shows_it_first(page):
    assert _shown(page) == ["move-it-explore_1", "move-it-explore-2_1"]
    ids = {cell["id"] for cell in page["cells"]}
    assert {model_id.split("_")[0] for model_id in models_of(page)} <= ids


def test_the_widget_state_holds_what_is_shown_and_what_that_refers_to(page):
    state = models_of(page)
    values = {m["state"]["value"] for m in state.values() if "value" in m["state"]}
    assert values == {2.0, 5.0}  # and not 3.0, which no output leads to
    box = state["move-it-explore-2_1"]["state"]
    assert [child.partition("_MODEL_")[2] for child in box["children"]] == [
        "move-it-explore-2_1_1",
        "move-it-explore_1",  # shown before, in a cell of its own
    ]
    for reference in [*box["children"], box["layout"]]:
        assert reference.removeprefix("IPY_MODEL_") in state
    first = state["move-it-explore_1"]
    assert "render" in first["state"]["_esm"]
    assert "color" in first["state"]["_css"]
    assert base64.b64decode(first["buffers"][0]["data"]) == b"\x00\x01\x02"


def test_a_new_cell_changes_no_other_cells_id_and_no_other_model(page, small_project):
    path = small_project / "source/course/04_small.md"
    cell = "```{code-cell}\n:tags: [explore]\n\nCounter(value=7.0)\n```\n\n"
    text = path.read_text()
    path.write_text(text.replace("## Derive it", f"## Move it again\n\n{cell}## Derive it"))
    built = project.build(project.find_sources(small_project, ["04_small"]), small_project)
    after = json.loads(built[COURSE].text)
    ids, ids_after = ([cell["id"] for cell in n["cells"]] for n in (page, after))
    assert [i for i in ids_after if i in ids] == ids
    assert set(ids_after) - set(ids) == {"move-it-again", "move-it-again-explore"}
    models, models_after = models_of(page), models_of(after)
    assert {k: v for k, v in models_after.items() if "again" not in k} == models
    assert models_after["move-it-again-explore_1"]["state"]["value"] == 7.0


def test_a_model_stands_on_one_line_where_it_fits(built_twice, page):
    lines = [line.strip().rstrip(",") for line in built_twice[0][COURSE].text.splitlines()]
    for name, model in models_of(page).items():
        [line] = [line for line in lines if line.startswith(f'"{name}": ')]
        assert json.loads(f"{{{line}}}") == {name: model}


def test_a_model_that_does_not_fit_is_broken_into_lines_and_says_the_same():
    members = {"key": ["x" * 700, "y" * 700, {"z": ["w" * 1300]}], "other": None}
    notebook = {"cells": [], "metadata": {"widgets": {STATE: {"state": {"m": members}}}}}
    folded = fold(json.dumps(notebook))
    assert json.loads(folded) == notebook
    assert max(map(len, folded.splitlines())) < 1400  # the longest text alone


def test_execution_counts_are_sequential_and_carry_no_time(built_twice):
    # nbval does not compare the outputs of a cell that has no count.
    for path in (COURSE, Path("solutions/lab04_small.ipynb")):
        notebook = json.loads(built_twice[0][path].text)
        cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
        assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
        assert all("execution" not in c["metadata"] for c in cells)


def test_the_patch_version_of_python_is_not_recorded(built_twice):
    for path in (p for p in built_twice[0] if p.suffix == ".ipynb"):
        assert "version" not in json.loads(built_twice[0][path].text)["metadata"]["language_info"]


def test_a_picture_keeps_its_pixels_and_loses_its_notes():
    import io

    import matplotlib.figure
    import matplotlib.image

    buffer = io.BytesIO()
    matplotlib.figure.Figure().savefig(buffer, metadata={"Comment": "made at noon"})
    before = buffer.getvalue()
    after = base64.b64decode(without_notes(base64.b64encode(before).decode()))
    assert b"made at noon" in before
    assert b"Software" in before
    assert b"made at noon" not in after
    assert b"Software" not in after
    pixels = [matplotlib.image.imread(io.BytesIO(png)) for png in (before, after)]
    assert (pixels[0] == pixels[1]).all()


def _numpy_in(environment, code="import numpy"):
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


def test_numpy_gives_no_warning_about_the_cpu_features_that_the_build_turns_off():
    with kernel_environment() as environment:
        assert _numpy_in(environment).stderr == ""
        # The same on a machine that has none of them: the list is empty there.
        assert _numpy_in({**environment, "NPY_DISABLE_CPU_FEATURES": ""}).stderr == ""
        # And where the variable names what NumPy knows but the machine lacks.
        assert _numpy_in({**environment, "NPY_DISABLE_CPU_FEATURES": "AVX512_SPR"}).stderr == ""


@pytest.mark.skipif(not wide_cpu_features(), reason="this CPU has no AVX-512 to turn off")
def test_a_kernel_of_the_build_runs_numpy_without_avx512():
    code = (
        "from numpy._core._multiarray_umath import __cpu_features__ as f;"
        f"print([f[name] for name in {wide_cpu_features()!r}])"
    )
    with kernel_environment() as environment:
        assert "True" not in _numpy_in(environment, code).stdout
    assert "False" not in _numpy_in(dict(os.environ), code).stdout


def test_a_users_own_settings_do_not_reach_a_kernel(monkeypatch):
    for name in ("MPLBACKEND", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("LNNN_HOME", "mine")
    with kernel_environment() as environment:
        assert "mine" not in environment.values()
        assert environment["LNNN_RECORD"] == "1"
        assert environment["PYTHONHASHSEED"] == "0"
