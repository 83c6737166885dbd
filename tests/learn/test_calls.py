"""Where a learner's function runs while it is checked, and what an interrupt leaves behind."""

import threading
import time

import numpy as np
import pytest

from lnnn import check
from lnnn.learn import calls, catalogue
from lnnn.suite.lab import Lab, NamespaceCaller
from lnnn.suite.plugin import SuiteError
from lnnn.suite.runner import SuiteRunner

pytestmark = pytest.mark.usefixtures("fixture_labs")


def test_the_function_runs_in_the_thread_that_called_check():
    seen = set()

    def halve(x):
        seen.add(threading.get_ident())
        return np.asarray(x) / 2

    check(halve)
    assert seen == {threading.get_ident()}


def test_an_interrupt_ends_the_check_and_the_next_one_is_whole():
    def halve(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="check stopped: halve was still running, at line"):
        check(halve)

    def halve(x):
        return np.asarray(x) / 2

    assert check(halve).outcome == "passed"


def test_an_interrupt_while_the_tests_themselves_work_is_not_lost(monkeypatch):
    """The learner's thread waits for the suite then, and nothing of it is running."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(calls.LearnersCaller, "call", interrupted)

    def halve(x):
        return np.asarray(x) / 2

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        check(halve)
    assert time.monotonic() - start < calls._PATIENCE
    monkeypatch.undo()


def test_leaving_the_process_is_an_answer_and_not_the_end():
    def halve(x):
        raise SystemExit(3)

    report = check(halve)
    assert report.results[0].outcome == "failed"
    assert "halve raised SystemExit: 3" in report.results[0].detail


def test_a_suite_can_run_while_the_caller_does_something_else():
    release = threading.Event()

    def halve(x):
        release.wait(10)
        return np.asarray(x) / 2

    lab = catalogue.labs()[0]
    with SuiteRunner(lab.checks) as runner:
        future = runner.submit(Lab(NamespaceCaller({"halve": halve})), {"halve"})
        assert not future.done()
        release.set()
        assert [r.outcome for r in future.result(timeout=10)] == ["passed", "passed"]


def test_a_closed_runner_says_so_instead_of_waiting():
    runner = SuiteRunner(catalogue.labs()[0].checks)
    runner.close()
    with pytest.raises(SuiteError, match="pytest stopped"):
        runner.run(Lab(NamespaceCaller({})))
