"""Two builds of one source are the same bytes, and what is committed is what a build gives."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lnnn.build import project
from lnnn.build.execute import kernel_environment, wide_cpu_features
from lnnn.build.images import without_notes
from lnnn.build.widgets import STATE, VIEW

COURSE = Path("course/04_small.ipynb")


def _outputs(text):
    return [o for c in json.loads(text)["cells"] for o in c.get("outputs", [])]


def test_a_second_build_changes_no_byte(built_twice):
    first, second = built_twice
    assert first.keys() == second.keys()
    for path in first:
        assert first[path].encode() == second[path].encode(), path


def test_the_compared_notebook_has_a_picture_widgets_a_warning_and_an_error(built_twice):
    # Else the comparison above would say little.
    text = built_twice[0][COURSE]
    mimes = {mime for o in _outputs(text) for mime in o.get("data", {})}
    kinds = {(o["output_type"], o.get("name")) for o in _outputs(text)}
    assert {"image/png", VIEW, "text/plain"} <= mimes
    assert {("stream", "stderr"), ("stream", "stdout"), ("error", None)} <= kinds
    assert json.loads(text)["metadata"]["widgets"][STATE]["state"]


def test_every_committed_notebook_is_what_its_source_gives():
    sources = project.find_sources()
    assert sources, "there is nothing to compare"
    built = project.build(sources)
    assert project.differing(built) == [], "run `make notebooks` and commit what it writes"


def test_no_committed_notebook_is_without_a_source():
    assert project.orphans() == []


def test_shown_models_are_numbered_in_order_of_appearance(built_twice):
    text = built_twice[0][COURSE]
    shown = [o["data"][VIEW]["model_id"] for o in _outputs(text) if VIEW in o.get("data", {})]
    assert shown == ["04-small-widget-01", "04-small-widget-02"]


def test_the_widget_state_holds_what_is_shown_and_what_that_refers_to(built_twice):
    state = json.loads(built_twice[0][COURSE])["metadata"]["widgets"][STATE]["state"]
    values = {m["state"]["value"] for m in state.values() if "value" in m["state"]}
    assert values == {2.0, 5.0}  # and not 3.0, which no output leads to
    box = state["04-small-widget-02"]["state"]
    for reference in [*box["children"], box["layout"]]:
        assert reference.removeprefix("IPY_MODEL_") in state
    first = state["04-small-widget-01"]
    assert "render" in first["state"]["_esm"]
    assert "color" in first["state"]["_css"]
    assert base64.b64decode(first["buffers"][0]["data"]) == b"\x00\x01\x02"


def test_execution_counts_are_sequential_and_carry_no_time(built_twice):
    for path in (COURSE, Path("solutions/lab04_small.ipynb")):
        cells = [c for c in json.loads(built_twice[0][path])["cells"] if c["cell_type"] == "code"]
        assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
        assert all("execution" not in c["metadata"] for c in cells)


def test_the_patch_version_of_python_is_not_recorded(built_twice):
    for path in (p for p in built_twice[0] if p.suffix == ".ipynb"):
        assert "version" not in json.loads(built_twice[0][path])["metadata"]["language_info"]


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
