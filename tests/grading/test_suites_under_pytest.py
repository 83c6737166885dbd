"""A suite under plain pytest gives the outcomes of the plain loop, on every answer of the banks."""

import ast
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import banks
import pytest

from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.results import Outcome
from lnnn.suite.runner import Suite

HIDDEN = Path(__file__).parents[1] / "hidden"
LABS = sorted(path.stem.removeprefix("test_") for path in HIDDEN.glob("test_lab*.py"))
SEED = 7
IMPORTS = "import math\nimport numpy as np\n\n\n"


def submissions(lab):
    """The answers of a lab in as few files as hold them: one to each function, at last to some.

    Answers that share a file agree on the helpers of the same name.
    """
    files = []
    for answer in banks.answers(lab):
        functions = ast.parse(answer.source).body
        parts = {f.name: ast.get_source_segment(answer.source, f) for f in functions}
        for file in files:
            if all(file.get(name, text) == text for name, text in parts.items()):
                break
        else:
            file = {}
            files.append(file)
        file.update(parts)
    return [IMPORTS + "\n\n\n".join(file.values()) for file in files]


def under_pytest(suite, files, folder):
    """(test, file) -> how pytest reports it: "failed", "skipped" or "passed"."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", str(suite), "--seed", str(SEED)]
    command += [word for file in files for word in ("--submission", str(file))]
    command += ["-q", "--tb=no", f"--junitxml={report}"]
    command += [f"-pno:{plugin}" for plugin in ("cacheprovider", "xdist", "nbval")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode in (0, 1), ran.stdout[-2000:]
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name, _, rest = case.get("name").partition("[")
        function, _, file = rest.rstrip("]").partition("-")
        kinds = {"failure": "failed", "error": "error", "skipped": "skipped"}
        found[name, function, file] = kinds.get(next((c.tag for c in case), ""), "passed")
    return found


@pytest.mark.needs_bwrap
@pytest.mark.parametrize("lab", LABS)
def test_pytest_and_the_plain_loop_agree_on_every_answer(lab, tmp_path):
    path = HIDDEN / f"test_{lab}.py"
    suite = Suite(path)
    as_pytest = {
        Outcome.PASSED: "passed",
        Outcome.FAILED: "failed",
        Outcome.NOT_WRITTEN: "failed",
        Outcome.NOT_RUN: "skipped",
    }
    sources = {}
    for number, source in enumerate(submissions(lab)):
        file = tmp_path / f"{lab}_{number}.py"
        file.write_text(source, encoding="utf-8")
        sources[file] = source
    differ = {"": "not tried"}
    # A speed is a matter of the moment: a file about which the two differ is tried again.
    for _ in range(3):
        wanted = {}
        for file, source in sources.items():
            namespace = {}
            exec(source, namespace)
            for result in suite.run(Lab(NamespaceCaller(namespace)), SEED):
                key = (result.name.partition("[")[0], result.function, file.stem)
                wanted[key] = as_pytest[result.outcome]
        found = under_pytest(path, sources, tmp_path)
        assert found.keys() == wanted.keys()
        assert {"passed", "failed"} & set(wanted.values())
        differ = {key: (wanted[key], found[key]) for key in wanted if wanted[key] != found[key]}
        sources = {file: s for file, s in sources.items() if file.stem in {k[2] for k in differ}}
        if not sources:
            break
    assert differ == {}


def test_pytest_on_a_suite_says_what_it_needs():
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", str(HIDDEN / f"test_{LABS[0]}.py"), "-q"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "Give --submission FILE: the notebook or .py file to test." in ran.stdout + ran.stderr
