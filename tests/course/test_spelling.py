"""No misspelling that codespell knows, in what readers and contributors read.

codespell (https://github.com/codespell-project/codespell) holds a list of common misspellings; it
knows nothing of words that it has never seen, so that names and symbols pass.
"""

import subprocess
import sys

from lnnn.build.project import ROOT

READ = [
    *sorted((ROOT / "source").rglob("*.md")),
    *sorted((ROOT / "src/lnnn/labs").rglob("*.toml")),
    *sorted((ROOT / "src/lnnn/labs").rglob("rules.py")),
    *sorted((ROOT / "src/lnnn/learn").rglob("*.toml")),
    *sorted((ROOT / "src/lnnn/report/templates").glob("*.j2")),
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "benchmarks/README")),
]


def _codespell(*paths, text=None):
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "--builtin", "clear,rare", *map(str, paths)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_no_word_is_misspelt():
    assert len(READ) > 50
    code, said = _codespell(*READ)
    assert code == 0, said


def test_a_misspelt_word_is_noticed():
    code, said = _codespell("-", text="The probabilty is wrong.\n")
    assert code == 65  # codespell's "misspellings were found"
    assert "probabilty" in said
