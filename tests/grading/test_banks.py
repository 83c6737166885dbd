"""Every right answer has full marks, every wrong one loses points where its mistake belongs."""

from pathlib import Path

import banks
import pytest
from noticing import first_to_notice

from lnnn.build.project import find_sources
from lnnn.build.solutions import solved_namespace
from lnnn.learn import catalogue
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.results import Outcome, max_score, score
from lnnn.suite.runner import Suite, check_examples

ROOT = Path(__file__).parents[2]
LABS = sorted(p.stem for p in (ROOT / "source" / "labs").glob("lab*.md"))
ANSWERS = [answer for lab in LABS for answer in banks.answers(lab)]


def run_source(source):
    """The namespace that a student's code leaves behind."""
    namespace = {}
    exec(compile("import math\nimport numpy as np\n" + source, "answer", "exec"), namespace)
    return namespace


@pytest.fixture(scope="session")
def seeds(pytestconfig):
    return range(pytestconfig.getoption("--seeds"))


@pytest.fixture(scope="session")
def suites():
    """The suite of each lab."""
    return {lab: Suite(ROOT / "tests" / "hidden" / f"test_{lab}.py") for lab in LABS}


@pytest.fixture(scope="session")
def solutions():
    """The namespace of each lab's own solution."""

    return {source.name: solved_namespace(source) for source in find_sources(names=LABS)}


def answered(solutions, answer):
    """The answer among the lab's solutions of all other functions."""
    own = {answer.function: run_source(answer.source)[answer.function]}
    return Lab(NamespaceCaller(solutions[answer.lab] | own))


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_is_worth_a_hundred_points(suites, lab):
    assert sum(rule.points for rule in suites[lab].rules) == 100


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_has_full_marks_with_every_seed(suites, solutions, lab, seeds):
    for seed in seeds:
        results = suites[lab].run(Lab(NamespaceCaller(solutions[lab])), seed)
        assert score(results) == max_score(results) == 100, lost(results)


@pytest.mark.parametrize("lab", LABS)
def test_every_function_has_three_right_and_three_wrong_answers(suites, lab):
    for function in {rule.function for rule in suites[lab].rules}:
        kinds = [a.loses is None for a in ANSWERS if (a.lab, a.function) == (lab, function)]
        assert kinds.count(True) >= 3, function
        assert kinds.count(False) >= 3, function


@pytest.mark.parametrize("answer", [a for a in ANSWERS if a.loses is None], ids=lambda a: a.id)
def test_a_right_answer_has_full_marks_with_every_seed(suites, solutions, answer, seeds):
    lab = answered(solutions, answer)
    for seed in seeds:
        results = suites[answer.lab].run(lab, seed, {answer.function})
        assert score(results) == max_score(results), lost(results)
    examples = check_examples(catalogue.lab_of(answer.function).rules_for(answer.function), lab)
    assert {r.outcome for r in examples} == {"passed"}, lost(examples)


@pytest.mark.parametrize("answer", [a for a in ANSWERS if a.loses], ids=lambda a: a.id)
def test_a_wrong_answer_loses_where_its_mistake_belongs(suites, solutions, answer, seeds):
    lab, suite = answered(solutions, answer), suites[answer.lab]
    concerned = (answer.function, answer.loses)
    tests = [t for t in suite.tests if (t.rule.function, t.rule.category) == concerned]
    for seed in seeds:
        assert first_to_notice(suite, tests, lab, seed), seed
    others = suite.run(lab, functions={rule.function for rule in suite.rules} - {answer.function})
    assert score(others) == max_score(others), lost(others)


@pytest.mark.parametrize("lab", LABS)
def test_a_stub_is_not_written_and_earns_nothing(suites, lab):
    stubs = "\n".join(map(banks.stub, {rule.function for rule in suites[lab].rules}))
    for namespace in ({}, run_source(stubs)):
        results = suites[lab].run(Lab(NamespaceCaller(namespace)))
        assert {r.outcome for r in results} == {Outcome.NOT_WRITTEN}
        assert score(results) == 0


CONSTANTS = {
    "zeros": "def f(z, *a, **k): return np.zeros_like(np.asarray(z, float))",
    "the input": "def f(z, *a, **k): return z",
    "nothing": "def f(*a, **k): return None",
    "one": "def f(*a, **k): return 1.0",
    "a ValueError": "def f(*a, **k): raise ValueError('temperature mask p z')",
}


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("kind", CONSTANTS)
def test_an_answer_that_computes_nothing_earns_nothing(suites, lab, kind):
    function = run_source(CONSTANTS[kind])["f"]
    names = {rule.function for rule in suites[lab].rules}
    results = suites[lab].run(Lab(NamespaceCaller(dict.fromkeys(names, function))))
    assert score(results) == 0, [r.name for r in results if r.earned]


def lost(results):
    return [(r.name, r.outcome, r.detail) for r in results if r.earned < r.points]
