"""Labs that ship faulty code: as shipped it fails, in its own rule first, and earns nothing."""

import json
from pathlib import Path

import pytest

from lnnn.build import project
from lnnn.build.solutions import BEGIN_FAULTY
from lnnn.learn import catalogue
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.results import score
from lnnn.suite.runner import Suite, check_examples

ROOT = Path(__file__).parents[2]
LABS = [
    source.name
    for source in project.find_sources()
    if source.kind == "lab" and any(BEGIN_FAULTY in cell.text for cell in source.cells)
]
SEEDS = range(20)


@pytest.fixture
def shipped():
    """The answer cells of a student notebook, run: their functions, in order."""

    def run(lab):
        notebook = json.loads((ROOT / "labs" / f"{lab}.ipynb").read_text(encoding="utf-8"))
        namespace = {}
        for cell in notebook["cells"]:
            if {"imports", "answer"} & set(cell["metadata"].get("tags", [])):
                exec("".join(cell["source"]), namespace)
        return namespace

    return run


def by_function(results):
    """The outcomes of each function's rules, in order."""
    found = {}
    for result in results:
        found.setdefault(result.function, []).append(result.outcome)
    return found


def test_there_is_a_lab_to_debug():
    assert LABS


@pytest.mark.parametrize("lab", LABS)
def test_faulty_code_as_shipped_earns_nothing_and_breaks_the_first_rule(shipped, lab):
    caller = Lab(NamespaceCaller(shipped(lab)))
    suite = Suite(ROOT / "tests" / "hidden" / f"test_{lab}.py")
    for seed in SEEDS:
        results = suite.run(caller, seed)
        assert score(results) == 0, [r.name for r in results if r.earned]
        for function, outcomes in by_function(results).items():
            assert outcomes[0] == "failed", function
            assert set(outcomes[1:]) == {"not-run"}, function
    told = {r.detail for r in results if r.outcome == "not-run"}
    assert all("First mend the fault" in reason for reason in told)


@pytest.mark.parametrize("lab", LABS)
def test_a_check_calls_faulty_code_failed_and_not_unwritten(shipped, lab):
    [entry] = [entry for entry in catalogue.labs() if entry.name == lab]
    found = by_function(check_examples(entry.rules, Lab(NamespaceCaller(shipped(lab)))))
    assert list(found) == list(entry.functions)
    for function, outcomes in found.items():
        assert outcomes[0] == "failed", function
        assert "passed" in outcomes, f"{function}: nothing of it is right"
        assert set(outcomes) == {"failed", "passed"}, function
