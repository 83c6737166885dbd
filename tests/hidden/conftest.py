"""``pytest tests/hidden/test_lab04_log_softmax.py --submission lab04.ipynb``: a suite under pytest.

Each test runs on the submission in the jail, as the grader runs it: the same rules, inputs and
outcomes. ``--submission`` may be given more than once. ``--seed`` draws the inputs."""

from pathlib import Path

import pytest

from lnnn.grading.jail import Jail
from lnnn.grading.reading import Reader
from lnnn.grading.resuming_caller import Budget, ResumingCaller
from lnnn.grading.suites import Suites
from lnnn.suite.lab import Lab
from lnnn.suite.runner import NotCountedError, Suite, generator

HERE = Path(__file__).parent
SUITES = pytest.StashKey[dict]()


def pytest_addoption(parser):
    group = parser.getgroup("grading")
    group.addoption("--submission", action="append", type=Path, help="A notebook or Python file.")
    group.addoption("--seed", type=int, default=0, help="Draws the inputs of the tests.")


def pytest_configure(config):
    config.stash[SUITES] = {}
    # Nor does the plain loop stop where a suite's own arithmetic warns.
    config.addinivalue_line("filterwarnings", "ignore::RuntimeWarning")


def pytest_sessionstart(session):
    if not session.config.getoption("--submission"):
        raise pytest.UsageError("Give --submission FILE: the notebook or .py file to test.")


def pytest_generate_tests(metafunc):
    suites = metafunc.config.stash[SUITES]
    path = Path(metafunc.module.__file__)
    suite = suites[path] = suites.get(path) or Suite(path)
    files = metafunc.config.getoption("--submission")
    name = metafunc.function.__name__
    tests = [test for test in suite.tests if test.name.partition("[")[0] == name]
    pairs = [(suite, test) for test in tests]
    metafunc.parametrize("case", pairs, ids=[test.rule.function for test in tests], indirect=True)
    metafunc.parametrize(
        "caller", [(suite, file) for file in files], ids=[f.stem for f in files], indirect=True
    )


@pytest.fixture(scope="session")
def jail():
    with Jail(hidden=[HERE]) as jail:
        yield jail


@pytest.fixture(scope="session")
def caller(request, jail):
    suite, file = request.param
    with Reader(jail, Suites(HERE)) as reader:
        submission = reader.read(file, suite.lab)
    if submission.problem:
        pytest.fail(submission.problem, pytrace=False)
    caller = ResumingCaller(jail, submission.statements, Budget(jail.limits.total_seconds))
    yield caller
    caller.close()


@pytest.fixture
def case(request):
    return request.param


@pytest.fixture
def lab(caller, case):
    return Lab(caller)


@pytest.fixture
def function(case):
    return case[1].rule.function


@pytest.fixture
def holds(lab, case):
    return lambda *inputs, **more: case[1].rule.holds(lab, *inputs, **more)


@pytest.fixture
def rng(request, case):
    return generator(request.config.getoption("--seed"), case[1].name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    caller, lab, (suite, test) = (item.funcargs[name] for name in ("caller", "lab", "case"))
    why = caller.between_tests()
    try:
        suite.before_each(lab, test.rule)
        return (yield)
    except NotCountedError as error:
        why = str(error)
    finally:
        why = caller.between_tests() or why
        if why:
            pytest.skip(why)
