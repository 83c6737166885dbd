"""What check says about right, wrong, missing and strange functions, and what it leaves alone."""

import os
import random
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lnnn import check
from lnnn.learn import catalogue, store
from lnnn.learn.errors import LearnError

pytestmark = pytest.mark.usefixtures("fixture_labs")


def halve(x):
    return np.asarray(x) / 2


def quarter(x):
    return x / 4


def outcomes(report):
    return [r.outcome for r in report.results]


def test_a_right_function_gets_one_green_line_and_the_rules_folded():
    report = check(halve)
    assert report.headline == "halve: all 2 checks passed"
    html = report._repr_mimebundle_()["text/html"]
    assert "<details>" in html
    assert "<svg" not in html
    assert str(report) == (
        "✓ halve: all 2 checks passed\n"
        "  ✓ passed  Half of `x` comes back\n"
        "  ✓ passed  The array stays as it was\n"
        "Next in this lab: quarter."
    )


def test_a_wrong_function_is_told_the_rule_what_was_seen_and_what_to_think_of():
    def halve(x):
        x /= 3
        return x

    report = check(halve)
    assert outcomes(report) == ["failed", "failed"]
    text = str(report)
    assert "Half of `x` comes back" in text
    assert "Seen: half of [2, 4] came back as [0.66666667 1.33333333]" in text
    assert "Think: Divide by 2, not by 3." in text
    assert "Seen: the array was changed" in text
    assert "hint(halve) gives the next of 3 hints." in text
    html = report.to_html()
    for sentence in ("Half of <code>x</code> comes back", "Divide by 2, not by 3.", "failed", "✗"):
        assert sentence in html


def test_a_stub_is_not_attempted_and_not_wrong():
    def halve(x):
        raise NotImplementedError("halve: write your answer here")

    report = check(halve)
    assert report.outcome == "not-written"
    assert str(report).startswith("○ halve: not written yet, 2 checks to pass")
    assert "Seen" not in str(report)


def test_an_exception_is_told_with_its_line():
    def halve(x):
        return x / unknown  # noqa: F821

    report = check(halve)
    seen = report.results[0].detail
    assert seen.startswith("halve raised NameError: name 'unknown' is not defined (line ")
    assert "return x / unknown" in seen


def test_other_functions_of_the_lab_come_from_where_the_function_was_defined():
    assert outcomes(check(quarter)) == ["passed"]
    elsewhere = {"np": np}
    exec("def halve(x):\n    return x\n\ndef quarter(x):\n    return x / 4", elsewhere)
    report = check(elsewhere["quarter"])
    assert outcomes(report) == ["failed"]


def test_the_function_that_is_passed_is_the_one_that_is_checked():
    right = halve

    def wrong(x):
        return x

    wrong.__name__ = "halve"
    assert check(wrong).outcome == "failed"
    assert check(right).outcome == "passed"


def test_two_labs_whose_rules_have_the_same_file_name_are_kept_apart():
    def treble(x):
        return 3 * x

    assert check(halve).outcome == "passed"
    assert check(treble).headline == "treble: the check passed"


def test_large_logits_that_break_come_with_a_picture():
    def log_softmax(z, axis=-1):
        e = np.exp(np.asarray(z))
        return np.log(e / e.sum(axis=axis, keepdims=True))

    report = check(log_softmax)
    assert "log_softmax in float64: within 50 ulp up to logits of 700, then NaN" in str(report)
    assert report.to_html().count('role="img"') == 2


def test_what_a_function_prints_is_kept_out_of_the_notebook_and_shown_in_the_report(capsys):
    def halve(x):
        print("dividing", flush=True)
        print("so", file=sys.stderr)
        return np.asarray(x) / 2

    report = check(halve)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    assert report.printed == "dividing\nso\ndividing\nso"
    assert "  dividing\n  so" in str(report)


def test_endless_printing_is_cut_off_and_counted():
    def halve(x):
        for _ in range(10_000):
            print("x" * 99)
        return np.asarray(x) / 2

    report = check(halve)
    assert len(report.printed) < 2100
    assert report.printed.endswith("… and 1998000 more characters")


def test_text_of_the_learner_is_never_read_as_html():
    def halve(x):
        print("<script>alert(1)</script>")
        raise ValueError("<img src=x onerror=alert(2)>")

    html = check(halve).to_html()
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;img src=x" in html


def test_the_notebook_is_left_as_it_was(tmp_path):
    def halve(x):
        np.seterr(all="raise")
        np.set_printoptions(precision=2)
        np.random.seed(0)
        random.seed(0)
        warnings.simplefilter("ignore")
        os.chdir(tmp_path)
        return np.asarray(x) / 3

    check(quarter)  # the first check of a lab loads its rules
    np.random.seed(5)
    random.seed(5)
    sys.last_value = sys.last_exc = marker = ValueError("the learner's own")
    before = _state()
    assert check(halve).outcome == "failed"
    assert _state() == before
    assert sys.last_value is sys.last_exc is marker
    assert np.random.get_state()[1][0] == np.random.RandomState(5).get_state()[1][0]


def _state():
    return (
        np.geterr(),
        np.get_printoptions(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        list(warnings.filters),
        Path.cwd(),
        list(sys.path),
        dict(os.environ, PYTEST_CURRENT_TEST=""),
        sys.stdout,
        sys.breakpointhook,
        sys.excepthook,
    )


def test_a_first_check_in_a_fresh_kernel_leaves_it_as_it_was():
    code = """
import os, sys, warnings, threading
import numpy as np
from lnnn import check
from lnnn.learn import catalogue
from pathlib import Path
catalogue.LABS = Path(sys.argv[1])
def halve(x):
    return x
def state():
    return (dict(os.environ), list(sys.path), list(warnings.filters), sys.stdout,
            sys.breakpointhook, sys.excepthook, threading.excepthook, sys.unraisablehook,
            list(sys.meta_path), "pytest" in sys.modules, threading.active_count(),
            hasattr(sys, "last_value"))
before = state()
assert check(halve).outcome == "failed"
after = state()
assert before == after, [(a, b) for a, b in zip(before, after) if a != b]
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(catalogue.LABS)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr


def test_progress_remembers_which_functions_pass():
    check(halve)
    check(quarter)

    def wrong(x):
        return x

    wrong.__name__ = "quarter"
    check(wrong)
    entries = store.read()[0].functions["lab90_halving"]
    assert entries["halve"] == {"passed": 2, "total": 2, "done": True}
    assert entries["quarter"] == {"passed": 0, "total": 1, "done": True}


def test_a_folder_that_cannot_be_written_gives_a_note_and_the_report(home):
    home.write_text("a file where the folder should be", encoding="utf-8")
    report = check(halve)
    assert report.outcome == "passed"
    assert "Your progress is not saved" in str(report)
    assert "Set the environment variable LNNN_HOME" in report.to_html()


def near(x):
    return x


class Callable:
    def __call__(self, x):
        return x


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (5, "check(5): int is not a function. Pass a function of a lab: check(halve)"),
        (None, "check(None): NoneType is not a function."),
        ("halve", "without quotes: check(halve)"),
        ("", "without quotes: check(halve)"),
        (lambda x: x, "this lambda has no name"),
        (near, "no lab asks for a function named near. It knows halve, quarter, log_softmax"),
        (np.exp, "no lab asks for a function named exp."),
        (partial(near, 1), "this partial has no name"),
        (Callable(), "this Callable has no name"),
        (np.zeros(1000), "ndarray is not a function."),
    ],
)
def test_wrong_use_names_the_thing_the_rule_and_the_next_step(wrong, said):
    with pytest.raises(LearnError) as caught:
        check(wrong)
    assert said in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]


@pytest.mark.parametrize("name", ["halv", "my_halve", "halve_v2"])
def test_a_name_close_to_a_function_of_a_lab_is_recognised(name):
    def other(x):
        return x

    other.__name__ = name
    with pytest.raises(LearnError, match=r"Did you mean halve\? Name your function so: def halve"):
        check(other)


def test_every_function_of_every_lab_has_three_hints(monkeypatch):
    monkeypatch.undo()
    assert catalogue.labs()
    for lab in catalogue.labs():
        for function in lab.functions:
            assert len(catalogue.hints_of(lab, function)) == 3, f"{lab.name}: {function}"


def test_rules_without_examples_are_the_graders_alone():
    [entry] = [lab for lab in catalogue.labs() if "quarter" in lab.functions]
    assert [rule.name for rule in entry.rules_for("quarter")] == ["quarter_of_halves"]


def test_rules_that_cannot_be_read_are_refused(tmp_path, monkeypatch):
    folder = tmp_path / "lab92_broken"
    folder.mkdir()
    (folder / "rules.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.setattr(catalogue, "LABS", tmp_path)
    with pytest.raises(LearnError, match=r"lab92_broken: its rules can't be read.*ZeroDivision"):
        check(halve)


def test_the_report_is_the_same_every_time():
    def halve(x):
        return np.asarray(x) / 3

    first, second = check(halve), check(halve)
    assert first._repr_mimebundle_() == second._repr_mimebundle_()
