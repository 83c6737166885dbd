"""The hidden suites notice every small fault in a solution, but for those that change nothing.

A survivor is a rule that no test proves. ``equivalent_mutants.toml`` lists the mutants that no test
can tell from the solution, with the reason.
"""

import functools
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from mutants import mutants, runnable, ticker
from noticing import first_to_notice

from lnnn.build import project
from lnnn.build.solutions import solved_version
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.runner import Suite

EQUIVALENT = tomllib.loads(
    (Path(__file__).parent / "equivalent_mutants.toml").read_text(encoding="utf-8")
)
ANSWERS = {
    source.name: [solved_version(source, cell) for cell in source.cells if cell.role == "answer"]
    for source in project.find_sources()
    if source.kind == "lab"
}
FUNCTIONS = [
    (lab, answer.partition("def ")[2].partition("(")[0])
    for lab, answers in ANSWERS.items()
    for answer in answers
]


@functools.cache
def suite_of(lab):
    return Suite(project.ROOT / "tests" / "hidden" / f"test_{lab}.py")


def namespace(lab, mutated=""):
    """All solutions of a lab, the mutated function in place of its own."""
    found = {"__tick__": ticker()}
    source = "import math\nimport numpy as np\n" + "\n".join(ANSWERS[lab])
    exec(compile(source, "solutions", "exec"), found)
    exec(compile(runnable(mutated), "mutant", "exec"), found)
    return found


def survivors(suite, lab, function):
    """What was changed in each mutant that loses no point, and how many mutants there were."""
    [answer] = [a for a in ANSWERS[lab] if a.startswith(f"def {function}(")]
    tests = [test for test in suite.tests if test.rule.function == function]
    made, alive = 0, set()
    for mutant in mutants(answer):
        made += 1
        mutated = Lab(NamespaceCaller(namespace(lab, mutant.source)))
        if not first_to_notice(suite, tests, mutated):
            alive.add(mutant.what)
    return alive, made


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("lab", "function"), FUNCTIONS, ids=lambda name: name)
def test_every_mutant_that_can_be_told_from_the_solution_loses_points(lab, function):
    alive, made = survivors(suite_of(lab), lab, function)
    assert made
    assert alive == set(EQUIVALENT.get(lab, {}).get(function, {}))


def test_equivalent_mutants_are_listed_for_functions_that_exist():
    assert {(lab, f) for lab, functions in EQUIVALENT.items() for f in functions} <= set(FUNCTIONS)


def test_without_a_suite_that_looks_every_mutant_survives():
    # The test above must be able to fail: with no test to lose points in, all are alive.
    blind = SimpleNamespace(tests=[])
    alive, made = survivors(blind, *FUNCTIONS[0])
    assert len(alive) == made


SMALL = '''
def f(x, axis=-1):
    """Words: 1 < 2."""
    if x < 0:
        raise ValueError(f"x is {x - 1}")
    with np.errstate(divide="ignore"):
        y = np.log(x) + 1
    return y if x > 2 else -y
'''


def test_mutants_differ_from_the_function_and_from_each_other():
    found = list(mutants(SMALL))
    assert len({m.source for m in found}) == len(found)
    assert len({m.what for m in found}) == len(found)
    for what in (
        "if x < 0: → pass",
        "if x < 0: → if True:",
        "x < 0 → x <= 0",
        "np.log → np.log2",
        "np.log(x) + 1 → np.log(x) - 1",
        "np.errstate(divide='ignore') → np.errstate()",
        "with np.errstate(divide='ignore'): → its body alone",
        "-y → y",
        "y if x > 2 else -y → y",
    ):
        assert what in {m.what for m in found}, what


def test_texts_of_errors_docstrings_and_signatures_stay():
    for mutant in mutants(SMALL):
        assert "Words: 1 < 2." in mutant.source
        assert "def f(x, axis=-1)" in mutant.source
        assert "x - 1" in mutant.source or "raise" not in mutant.source


def test_a_loop_without_an_end_is_ended():
    found = {"__tick__": ticker()}
    exec(runnable("def f():\n    while True:\n        pass"), found)
    with pytest.raises(Exception, match="turns of a loop"):
        found["f"]()
