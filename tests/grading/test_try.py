"""``lnnn try``: which rules an answer loses."""

import pytest
import small_lab
from typer.testing import CliRunner

from lnnn.cli import app

pytestmark = pytest.mark.needs_bwrap


@pytest.fixture
def tried(tmp_path):
    def run(source, lab="lab98"):
        path = tmp_path / "answer.py"
        path.write_text(source)
        return CliRunner().invoke(app, ["try", lab, str(path), "--suites", str(small_lab.SUITES)])

    return run


def test_a_right_answer_loses_nothing(tried):
    done = tried("import numpy as np\n" + small_lab.DOUBLE)
    assert (done.exit_code, done.output) == (0, "double: 3 of 3 points\n")


def test_each_rule_that_is_lost_is_listed_with_what_was_seen(tried):
    done = tried("import numpy as np\ndef double(x): return 3 * np.asarray(x, float)")
    assert done.exit_code == 1
    first, rule, seen, *rest = done.output.splitlines()
    assert first == "double: 0 of 3 points"
    assert rule == "  ✗ contract, 2: It doubles every element"
    assert seen.startswith("      test_double_doubles: element [0] is ")
    assert "message of the ValueError must name the argument x" in rest[1]


@pytest.mark.parametrize(
    ("source", "lab", "code", "said"),
    [
        ("x = 1", "lab98", 1, "It defines no function of lab98_small: double, total, spread."),
        ("1 / 0", "lab98", 1, "ZeroDivisionError"),
        ("def f(:", "lab98", 1, "not valid Python (line 1)"),
        ("", "lab98", 2, "is empty"),
        ("x = 1", "lab77", 2, "There is no suite for 'lab77'"),
    ],
)
def test_what_cannot_be_tried_is_named(tried, source, lab, code, said):
    done = tried(source, lab)
    assert done.exit_code == code, done.output
    assert said in done.output
