"""The committed script is what its sources build to, and asks nothing of the network."""

import re
import subprocess
from pathlib import Path

import pytest

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
