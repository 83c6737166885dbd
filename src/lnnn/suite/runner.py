"""Run rules on a student's functions, one after the other: in a kernel, in the grader, anywhere.

A suite is a file of tests, one a rule. A test is a function whose parameters say what it needs:

- ``lab``: the student's functions;
- ``function``: the name of the one that is tested, where the rule is about several;
- ``rng``: a generator of its own, drawn from the seed of the run and the test's name;
- ``holds``: the rule of the same name (``test_x`` tests the rule ``x`` of the lab's ``rules.py``),
  to be called with the inputs on which it must hold.

A test may also be a rule itself, one that only the grader has. If the file defines
``before_each(lab, rule)``, it is called before each test; NotCountedError there means "not run".
pytest runs the same file: see ``tests/hidden/conftest.py``.
"""

import copy
import functools
import importlib
import importlib.util
import inspect
import sys
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from .lab import Lab, NotWrittenError, StudentError
from .results import Outcome, TestResult
from .rule import Rule, SuiteError, rules_of


class NotCountedError(Exception):
    """A test can't count yet; the text says why, and a student reads it."""


def never() -> None:
    """The lab lives on: the default of ``ended``."""


def check_examples(rules: Iterable[Rule], lab: Lab) -> list[TestResult]:
    """Run each rule on its own examples, on fresh copies of them; one result a rule."""

    def on_examples(rule):
        for example in rule.examples:
            fresh = copy.deepcopy(example)
            rule.holds(lab, *fresh.args, **fresh.kwargs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return [_result(r.name, r, functools.partial(on_examples, r), never) for r in rules]


def _nothing(lab: Lab, rule: Rule) -> None:
    """What a suite without ``before_each`` does before each test."""


@dataclass(frozen=True)
class Test:
    """One test of a suite: ``run(lab, rng)`` raises where ``rule`` does not hold."""

    __test__ = False

    name: str
    rule: Rule
    run: Callable


class Suite:
    """The tests of one file, loaded once and run on as many labs as come.

    ``rules``: the file of the lab's rules; by default that of the checkout the suite stands in, or
    of the installed course. Raises SuiteError when a file can't be loaded, when a test has no rule,
    or a rule no test.
    """

    def __init__(self, path: Path, rules: Path | None = None):
        self.path = Path(path)
        self.lab = self.path.stem.removeprefix("test_")
        if not self.path.is_file():
            raise SuiteError(f"{self.path}: there is no such suite.")
        module = load_module(self.path, f"lnnn_suite_{self.lab}")
        self.tests = tests_of(module, lambda: _rules(self.path, self.lab, rules))
        self.before_each = getattr(module, "before_each", _nothing)

    @property
    def rules(self) -> list[Rule]:
        """The rules of all tests, in the order of the file."""
        return [test.rule for test in self.tests]

    def run(
        self,
        lab: Lab,
        seed: int = 0,
        functions: set[str] | None = None,
        ended: Callable[[], str | None] = never,
    ) -> list[TestResult]:
        """Run the tests on ``lab``, all of them or those of ``functions``; one result a test.

        ``ended`` is asked before and after each test; where it returns a reason, that test is "not
        run".
        """
        return [
            self.run_test(test, lab, seed, ended)
            for test in self.tests
            if functions is None or test.rule.function in functions
        ]

    def run_test(self, test: Test, lab: Lab, seed: int = 0, ended=never) -> TestResult:
        """Run one of the tests."""

        def run():
            self.before_each(lab, test.rule)
            test.run(lab, generator(seed, test.name))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return _result(test.name, test.rule, run, ended)


def tests_of(module: ModuleType, rules: Callable[[], Iterable[Rule]]) -> list[Test]:
    """The tests of ``module``, each with its rule; ``rules()`` gives those stated elsewhere.

    Raises SuiteError, see ``Suite``.
    """
    functions = {
        name: value
        for name, value in vars(module).items()
        if name.startswith("test_") and inspect.isfunction(value)
    }
    if not functions:
        raise SuiteError(f"{module.__file__}: holds no test. Write def test_<rule>(holds, rng).")
    stated: dict[str, list[Rule]] = {}
    if not all(hasattr(function, "rules") for function in functions.values()):
        for rule in rules():
            stated.setdefault(rule.name.partition("[")[0], []).append(rule)
    tests = []
    for name, function in functions.items():
        own = getattr(function, "rules", None) or stated.pop(name.removeprefix("test_"), None)
        if own is None:
            raise SuiteError(
                f"{module.__file__}: {name} tests no rule: rules.py states none of that name, and "
                "it is marked as none itself. Name it after a rule, or mark it with @rule(…)."
            )
        for rule in own:
            which = f"[{rule.function}]" if "[" in rule.name else ""
            tests.append(Test(name + which, rule, _with_its_needs(function, rule)))
    if stated:
        name = next(iter(stated))
        raise SuiteError(
            f"{module.__file__}: the rule {name} has no test. Write def test_{name}(holds, rng)."
        )
    order = list(dict.fromkeys(test.rule.function for test in tests))
    return sorted(tests, key=lambda test: order.index(test.rule.function))


def generator(seed: int, test: str) -> np.random.Generator:
    """The generator of one test, which depends on the seed of the run and the test's name alone."""
    return np.random.default_rng(zlib.crc32(f"{seed}:{test}".encode()))


def load_module(path: Path, name: str) -> ModuleType:
    """Run a Python file as a module of this name; it may import its neighbours.

    Raises SuiteError when it can't be run.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise SuiteError(f"{path}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _rules(suite: Path, lab: str, path: Path | None) -> tuple[Rule, ...]:
    root = suite.resolve().parent.parent.parent
    path = path or root / "src" / "lnnn" / "labs" / lab / "rules.py"
    if path.is_file():
        return rules_of(load_module(path, f"lnnn_rules_{lab}"))
    try:
        return rules_of(importlib.import_module(f"lnnn.labs.{lab}.rules"))
    except ModuleNotFoundError:
        return ()


def _with_its_needs(function: Callable, rule: Rule) -> Callable:
    """``function`` as a call of a lab and a generator, given the parameters that it names."""
    needs = tuple(inspect.signature(function).parameters)
    if unknown := set(needs) - {"lab", "function", "rng", "holds"}:
        raise SuiteError(
            f"{function.__code__.co_filename}: {function.__name__} asks for {min(unknown)}; a test "
            "takes lab, function, rng and holds."
        )

    def run(lab, rng):
        holds = functools.partial(rule.holds, lab)
        offered = {"lab": lab, "function": rule.function, "rng": rng, "holds": holds}
        function(**{name: offered[name] for name in needs})

    return run


def _result(name: str, rule: Rule, run: Callable[[], None], ended) -> TestResult:
    why = ended()
    if why is None:
        outcome, detail = _outcome(run)
        why = ended()
    if why is not None:
        outcome, detail = Outcome.NOT_RUN, why
    earned = rule.points if outcome is Outcome.PASSED else 0.0
    return TestResult(
        name,
        rule.function,
        rule.category,
        rule.points,
        earned,
        outcome,
        rule.says,
        rule.think,
        detail,
    )


def _outcome(run: Callable[[], None]) -> tuple[Outcome, str]:
    try:
        run()
    except NotWrittenError as error:
        return Outcome.NOT_WRITTEN, str(error)
    except NotCountedError as error:
        return Outcome.NOT_RUN, str(error)
    except StudentError as error:
        return Outcome.FAILED, f"{error.function} raised {error.kind}: {error}".rstrip(": ")
    except AssertionError as error:
        return Outcome.FAILED, str(error).partition("\n")[0]
    except Exception as error:  # noqa: BLE001 - a value of a kind that the test did not think of
        return Outcome.FAILED, f"the test itself stopped with {type(error).__name__}: {error}"
    return Outcome.PASSED, ""
