"""The committed script is what its sources build to, and asks nothing of the network."""

import json
import math
import re
import subprocess
from pathlib import Path

import pytest

from lnnn.explore import Axis, Band, Bar, Line, Mark, Panel, Row, numbers, recording, words

ROOT = Path(__file__).parents[2] / "src/lnnn/explore"
BUNDLE = ROOT / "static/explorable.js"


@pytest.mark.needs_node
def test_the_committed_bundle_is_what_the_sources_build_to(node_project, tmp_path):
    built = tmp_path / "explorable.js"
    subprocess.run(["node", node_project / "build.mjs", built], check=True, timeout=60)
    assert built.read_bytes() == BUNDLE.read_bytes(), "run `npm run build` in src/lnnn/explore/js"


def test_the_bundle_is_small_and_loads_nothing():
    text = BUNDLE.read_text(encoding="utf-8")
    assert len(text) < 60_000
    assert set(re.findall(r"https?://[^\"'`)\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    for word in ("import(", "fetch(", "XMLHttpRequest", "@import", "url("):
        assert word not in text


def test_the_lock_file_names_no_download_host():
    lock = (ROOT / "js/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def ask_node(node_project, script):
    """The JSON that a module script prints, run beside the sources."""
    run = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=node_project,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    return json.loads(run.stdout)


@pytest.mark.needs_node
def test_numbers_read_the_same_in_the_browser_and_in_python(node_project):
    values = [0, 1, -1, 0.1, -0.44018969, 1234.5, 99999.4, 99999.6, 123456.7, 999999.5, 1e9, -1e9]
    values += [1e-4, 9.9999e-5, 0.000123456, -4.248354e-18, 2.5e300, 1e-300, 10002, 0.05, 790]
    for digits in (5, 6):
        answers = ask_node(
            node_project,
            f"import {{ numberText }} from './src/dom.js';"
            f"console.log(JSON.stringify({values}.map((v) => numberText(v, {digits}))));",
        )
        assert answers == [numbers.text(v, digits) for v in values]


@pytest.mark.needs_node
@pytest.mark.parametrize(
    "axis",
    [
        Axis("x", -4, 0),
        Axis("x", 1e-46, 1e40, "log"),
        Axis("x", 0, 1e8, "symlog", linear_width=0.1),
        Axis("x", -100, 100, "symlog"),
    ],
    ids=lambda axis: f"{axis.scale} {axis.low}",
)
def test_a_value_stands_at_the_same_place_in_the_browser_and_in_python(node_project, axis):
    values = [axis.low, axis.high, -3.3, 0, 0.02, 1, 12, 5e7, -1e300, 1e300]
    answers = ask_node(
        node_project,
        f"import {{ scaleFor }} from './src/scales.js';"
        f"const scale = scaleFor({json.dumps(axis.to_dict())}, 0, 1);"
        f"console.log(JSON.stringify({values}.map(scale)));",
    )
    assert answers == pytest.approx([axis.position(v) for v in values], abs=1e-9)


X, Y = Axis("p", 0, 1), Axis("nats", -5, 0)
PANELS = {
    "bars": Panel.bars(
        "t", X, [Bar("a", 0.5), Bar("b", 0.0, "s", "underflow"), Bar("c", math.nan)]
    ),
    "a number line": Panel.number_line(
        "t", X, [Row("a", "at most 1"), Row("b")], [Mark(0.5, "half", "a"), Mark(1.0, "", "b")]
    ),
    "lines": Panel.lines("t", X, Y, [Line("one", [0], [0])], marks=[Mark(0, "here", y=0)]),
    "nothing": Panel.lines("t", X, Y, [], bands=[Band(0, 1, "unsaid")]),
}


@pytest.mark.needs_node
@pytest.mark.parametrize("name", PANELS)
def test_a_panel_is_described_alike_in_the_browser_and_in_python(node_project, name):
    answer = ask_node(
        node_project,
        f"import {{ describe }} from './src/describe.js';"
        f"const words = {json.dumps(words.of_the_page())};"
        f"console.log(JSON.stringify(describe({json.dumps(PANELS[name].to_dict())}, words)));",
    )
    assert answer == PANELS[name].description()


@pytest.mark.needs_node
def test_a_recording_plays_back_the_same_in_the_browser_and_in_python(node_project):
    start = {"a": [1, {"b": None, "c": "x"}], "d": {"e": 1.5}, "values": {"p": 0}}
    scenes = [
        start,
        {**start, "a": [2, {"b": 3, "c": "x"}]},
        {**start, "a": [], "values": {"p": 1}},
        {**start, "a": [1, {"b": None, "c": None}], "d": {"f": 2}},
    ]
    sweep = {"at": [0, 1, 2, 3], "patches": [recording.patch(start, scene) for scene in scenes]}
    recorded = json.dumps({"start": start, "sweeps": {"p": sweep}})
    played = ask_node(
        node_project,
        f"import {{ Recording }} from './src/recording.js';"
        f"const recording = new Recording({recorded});"
        "const grid = [0, 10, 20, 30];"
        "console.log(JSON.stringify(grid.map((v) => recording.nearest('p', v, grid))));",
    )
    assert played == scenes
