"""Where a learner's function runs while it is checked, and what an interrupt leaves behind."""

import threading

import numpy as np
import pytest

from lnnn import check

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


def test_leaving_the_process_is_an_answer_and_not_the_end():
    def halve(x):
        raise SystemExit(3)

    report = check(halve)
    assert report.results[0].outcome == "failed"
    assert "halve raised SystemExit: 3" in report.results[0].detail
