"""A table of inputs seen in other runs, and nothing else, earns next to nothing."""

from pathlib import Path

import pytest

from lnnn.build.input_leaks import packed_call
from lnnn.build.project import find_sources
from lnnn.build.solutions import solved_namespace
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.runner import Suite

ROOT = Path(__file__).parents[2]
LABS = sorted(p.stem for p in (ROOT / "source" / "labs").glob("lab*.md"))
SEEN, NEW = range(101, 106), (7, 8)
MOST = 2  # of 100 points
# A function of a float type has three arguments in all: a table of them is the function.
FINITE = {"exp_thresholds"}
# Tests that draw other inputs for each round of a measurement: how many rounds is no seed's matter.
MEASURED = ("test_a_large_batch_takes", "test_a_large_array_takes", "test_no_jacobian_is_built")


class Table(NamespaceCaller):
    """Calls the solutions and remembers what came of each call."""

    def __init__(self, solutions):
        super().__init__(solutions)
        self.seen = {}

    def call(self, name, args, kwargs):
        observed = super().call(name, args, kwargs)
        self.seen[packed_call(name, args, kwargs)] = observed
        return observed


class FromTable(NamespaceCaller):
    """Answers what was seen, and calls the functions of ``otherwise`` where nothing was."""

    def __init__(self, seen, otherwise):
        super().__init__(otherwise)
        self._seen = seen

    def call(self, name, args, kwargs):
        observed = self._seen.get(packed_call(name, args, kwargs))
        return super().call(name, args, kwargs) if observed is None else observed


def nothing(*_args, **_kwargs):
    """The answer of somebody who knows none."""


def refuses(*_args, **_kwargs):
    raise ValueError("temperature p z mask labels logits targets eps axis alpha dtype x h")


@pytest.mark.parametrize("lab", LABS)
def test_a_table_of_inputs_that_were_seen_earns_next_to_nothing(lab):
    suite = Suite(ROOT / "tests" / "hidden" / f"test_{lab}.py")
    (source,) = find_sources(names=[lab])
    functions = {rule.function for rule in suite.rules}
    table = Table(solved_namespace(source))
    for seed in SEEN:
        assert all(r.earned for r in suite.run(Lab(table), seed))
    for otherwise in (nothing, refuses):
        caller = FromTable(table.seen, dict.fromkeys(functions, otherwise))
        for seed in NEW:
            results = suite.run(Lab(caller), seed, functions - FINITE)
            earned = [(r.name, r.earned) for r in results if r.earned]
            assert sum(points for _, points in earned) <= MOST, earned
    # The table does answer what it has seen, or all of this would prove nothing.
    results = suite.run(Lab(FromTable(table.seen, dict.fromkeys(functions, nothing))), SEEN[0])
    assert all(r.earned for r in results if not r.name.startswith(MEASURED))
