"""How a suite is loaded, run and turned into results."""

import contextlib
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from lnnn.observe import observe_call
from lnnn.suite import expect
from lnnn.suite.lab import Lab, NamespaceCaller, NotWrittenError, StudentError
from lnnn.suite.rule import SuiteError, given, rule, rules_of
from lnnn.suite.runner import Suite, check_examples
from lnnn.suite.speed import speed_ratio

HEAD = """
import numpy as np
from lnnn.suite.rule import given, rule
from lnnn.suite.runner import NotCountedError
def mark(function="f", category="contract", points=2, **more):
    def marked(test):
        test.__doc__ = "What must hold\\n\\nA thought"
        return rule(function, category, points=points, **more)(test)
    return marked
"""


def lab_of(**functions):
    return Lab(NamespaceCaller(functions))


@pytest.fixture
def suite(tmp_path):
    """Write a suite, and the rules beside it, and load them."""

    def write(body, rules=""):
        (tmp_path / "rules.py").write_text(HEAD + rules)
        (tmp_path / "test_lab.py").write_text(HEAD + body)
        return Suite(tmp_path / "test_lab.py", tmp_path / "rules.py")

    return write


def outcomes(results):
    return [r.outcome for r in results]


def test_the_three_outcomes_of_a_test(suite):
    tests = suite(
        "@mark()\n"
        "def test_positive(lab):\n"
        "    assert lab.f(1) > 0, 'it must be positive'\n"
        "@mark(function='g')\n"
        "def test_other(lab): lab.g()\n"
    )
    passed, missing = tests.run(lab_of(f=lambda x: x))
    assert (passed.outcome, passed.earned, passed.detail) == ("passed", 2, "")
    assert (passed.rule, passed.feedback) == ("What must hold", "A thought")
    assert (missing.outcome, missing.earned) == ("not-written", 0)
    assert missing.detail == "there is no function named g"
    failed, _ = tests.run(lab_of(f=lambda x: -x))
    assert (failed.outcome, failed.earned, failed.detail) == ("failed", 0, "it must be positive")


def stub(message):
    def f(x=None):
        raise NotImplementedError(message)

    return f


def test_only_the_stub_that_the_lab_ships_is_not_written(suite):
    tests = suite("@mark()\ndef test_a(lab): lab.f(1)\n")
    assert outcomes(tests.run(lab_of(f=stub("f: write your answer here")))) == ["not-written"]
    # One of the student's own, or that of another function which this one calls.
    for message in ("", "not for complex numbers", "g: write your answer here"):
        [result] = tests.run(lab_of(f=stub(message)))
        assert result.outcome == "failed"
        assert result.detail.startswith("f raised NotImplementedError")


def test_a_rule_gets_the_inputs_of_the_test_of_its_name(suite):
    tests = suite(
        "def test_it_doubles(holds, rng):\n"
        "    for x in rng.integers(1, 9, size=3): holds(x)\n"
        "def test_it_is_odd(holds): holds(3)\n"
        "@mark()\n"
        "def test_only_here(lab): assert lab.f(0) == 0\n",
        "@mark()\n"
        "def it_doubles(lab, x): assert lab.f(x) == 2 * x\n"
        "@mark({'f': 1, 'g': 3}, 'property', points=None)\n"
        "def it_is_odd(lab, function, x): assert getattr(lab, function)(-x) == -lab.f(x)\n",
    )
    assert [t.name for t in tests.tests] == [
        "test_it_doubles",
        "test_it_is_odd[f]",
        "test_only_here",
        "test_it_is_odd[g]",
    ]
    results = tests.run(lab_of(f=lambda x: 2 * x, g=lambda x: 3 * x))
    assert outcomes(results) == ["passed"] * 3 + ["failed"]
    assert [r.points for r in results] == [2, 1, 2, 3]
    assert len(tests.run(lab_of(), functions={"g"})) == 1


def test_examples_run_on_copies_and_one_result_a_rule():
    z = np.array([1.0, 2.0])

    @rule("f", "contract", points=1, examples=[given(z), given(z, by=3)])
    def it_scales(lab, z, by=2):
        """It scales

        Multiply."""
        assert np.all(lab.f(z.copy(), by) == by * z), f"by {by}"
        z[:] = 0

    def f(z, by):
        return z * by

    rules = it_scales.rules
    for _ in range(2):
        assert outcomes(check_examples(rules, lab_of(f=f))) == ["passed"]
    [result] = check_examples(rules, lab_of(f=lambda z, by: z * 2))
    assert (result.outcome, result.detail) == ("failed", "by 3")
    assert z.tolist() == [1.0, 2.0]
    assert rules_of(sys.modules[__name__]) == ()


def test_one_run_leaves_nothing_behind_for_the_next(suite):
    tests = suite("@mark()\ndef test_a(lab): assert lab.f()\n")
    wanted = [True, False, True, True, False]
    got = [tests.run(lab_of(f=lambda v=v: v))[0].outcome for v in wanted]
    assert got == ["passed" if v else "failed" for v in wanted]


def test_a_test_that_does_not_count_yet_is_not_run_and_earns_nothing(suite):
    tests = suite(
        "def before_each(lab, rule):\n"
        "    if not rule.fault and lab.f() < 0: raise NotCountedError('first mend the sign')\n"
        "@mark(fault=True)\ndef test_a(lab): assert lab.f() >= 0\n"
        "@mark()\ndef test_b(lab): pass\n"
    )
    assert outcomes(tests.run(lab_of(f=lambda: 1))) == ["passed", "passed"]
    results = tests.run(lab_of(f=lambda: -1))
    assert outcomes(results) == ["failed", "not-run"]
    assert results[1].detail == "first mend the sign"
    assert [r.earned for r in results] == [0, 0]
    assert outcomes(tests.run(lab_of())) == ["not-written", "not-written"]


def test_inputs_depend_on_the_seed_and_on_the_test_alone(suite):
    tests = suite(
        "@mark()\ndef test_a(lab, rng): lab.f(rng.normal())\n"
        "@mark(function='g')\ndef test_b(lab, rng): lab.f(rng.normal())\n"
    )
    seen = []
    lab = lab_of(f=seen.append)
    tests.run(lab, 5)
    tests.run(lab, 5, functions={"g"})
    tests.run(lab, 6)
    first, second, alone, other_seed, _ = seen
    assert first != second
    assert alone == second
    assert other_seed != first


def test_tests_are_not_run_once_the_submission_has_ended(suite):
    gone = []
    body = "".join(f"@mark()\ndef test_{i}(lab): lab.f()\n" for i in range(3))
    results = suite(body).run(
        lab_of(f=lambda: gone.append(1)), ended=lambda: "it hung" if len(gone) >= 2 else None
    )
    assert outcomes(results) == ["passed", "not-run", "not-run"]
    assert results[1].detail == "it hung"
    assert len(gone) == 2


def test_running_a_suite_needs_no_pytest(suite):
    path = suite("@mark()\ndef test_a(lab): lab.f()\n").path
    code = (
        "import sys; from pathlib import Path; from lnnn.suite.runner import Suite;"
        "from lnnn.suite.lab import Lab, NamespaceCaller;"
        f"Suite(Path({str(path)!r})).run(Lab(NamespaceCaller({{}})));"
        "sys.exit('pytest' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("def test_a(lab): pass\n", "test_a tests no rule"),
        ("@mark(category='style')\ndef test_a(lab): pass\n", "'style' is none of"),
        ("@mark(points=0)\ndef test_a(lab): pass\n", "above 0"),
        ("@mark(points=None)\ndef test_a(lab): pass\n", "above 0"),
        ("@rule('f', 'contract', points=1)\ndef test_a(lab):\n    'Words'\n", "has two parts"),
        ("@mark()\ndef test_a(lab, monkeypatch): pass\n", "asks for monkeypatch; a test takes"),
        ("import nowhere_to_be_found\n", "nowhere_to_be_found"),
        ("x = 1\n", "holds no test"),
    ],
)
def test_a_faulty_suite_is_refused_by_name(suite, body, says):
    with pytest.raises(SuiteError, match=says):
        suite(body)


def test_a_rule_without_a_test_is_refused(suite):
    with pytest.raises(SuiteError, match="it_holds has no test"):
        suite(
            "def test_it_is(holds): holds()\n",
            "".join(f"@mark()\ndef {name}(lab): pass\n" for name in ("it_is", "it_holds")),
        )


def test_a_suite_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(SuiteError, match="no such suite"):
        Suite(tmp_path / "test_nothing.py")


def test_a_students_exception_is_one_of_the_same_built_in_class():
    class Own(KeyError):
        pass

    def f(error):
        raise error

    lab = lab_of(f=f)
    with pytest.raises(ValueError, match="temperature") as caught:
        lab.f(ValueError("temperature"))
    assert isinstance(caught.value, StudentError)
    with pytest.raises(KeyError):
        lab.f(Own("k"))
    with pytest.raises(StudentError):
        lab.f(SystemExit(3))
    with pytest.raises(StudentError):
        lab.f(UnicodeDecodeError("utf-8", b"", 0, 1, "x"))
    with pytest.raises(NotWrittenError):
        lab.g()


def test_a_call_reports_mutation_warnings_and_time():
    def f(z, w):
        w[0] = np.nan
        return np.log(z)

    seen = observe_call(f, (np.zeros(2),), {"w": np.ones(2)})
    assert seen.mutated == ("w",)
    assert "divide by zero" in seen.warnings[0]
    assert seen.seconds > 0
    assert observe_call(lambda z: z, (np.array([np.nan, -0.0]),), {}).mutated == ()


def failure(function, *args, **kwargs):
    with pytest.raises(AssertionError) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def test_expect_close_has_the_contracts_tolerance():
    for dtype, relative in ((np.float64, 1e-12), (np.float32, 1e-5)):
        expect.close(np.array([-3.0 * (1 + 0.5 * relative)], dtype), [-3.0])
        said = failure(expect.close, np.array([-3.0 * (1 + 2 * relative)], dtype), [-3.0])
        assert said.startswith("-3.0000")
        assert said.endswith(", where -3 is right")
    said = failure(expect.close, np.array([1.0, 2.5, 3.0]), [1.0, 2.0, 9.0], what="the sum")
    assert said == "the sum: 2 of 3 elements are off; the worst, [2], is 3, where 9 is right"
    expect.close(np.array([0.9e-14]), [0.0])
    failure(expect.close, np.array([1.1e-14]), [0.0])
    expect.close(np.array([-np.inf, np.nan]), [-np.inf, np.nan])
    for wrong, right in ((-1e308, -np.inf), (np.nan, 0.0), (0.0, np.nan), (np.inf, -np.inf)):
        failure(expect.close, np.array([wrong]), [right])


def test_expect_array_names_what_differs():
    assert "the type is list" in failure(expect.array, [1.0], (1,), np.float64)
    assert "the shape is (2,); expected (3,)" in failure(expect.array, np.ones(2), (3,), np.float64)
    assert "the dtype is float64; expected float32" in failure(
        expect.array, np.ones(2), (2,), np.float32
    )


def test_expect_scalar_takes_floats_only():
    assert expect.scalar(np.float64(2.0)) == 2.0
    assert "array of shape (1,)" in failure(expect.scalar, np.ones(1))
    assert "int" in failure(expect.scalar, 1)


def test_expect_number_takes_an_array_of_one_float_too():
    for value in (2.0, np.float32(2.0), np.array([[2.0]]), np.array(2.0)):
        assert expect.number(value) == 2.0
    assert "array of shape (2,)" in failure(expect.number, np.ones(2))
    assert "array of shape (1,)" in failure(expect.number, np.array([2]))


def test_expect_that_says_what_does_not_hold():
    expect.that(np.bool_(True), "{n} is left", n=1)
    assert failure(expect.that, 2 > 3, "{n} is left", n=1) == "1 is left"


def test_expect_refuses_calls_the_function_with_the_arguments():
    def f(z, axis):
        raise ValueError(f"axis {axis} of z = {z}")

    expect.refuses(lab_of(f=f).f, 3, axis=1, names="z")
    expect.refuses(lab_of(f=f).f, 3, axis=1, names=("p", "axis"))
    assert "must name" in failure(expect.refuses, lab_of(f=f).f, 3, axis=1, names="p")
    assert "no ValueError" in failure(expect.refuses, lab_of(f=abs).f, 3, names="z")


def test_expect_refused_wants_a_value_error_that_names_the_argument():
    def refuse(error):
        with expect.refused("p", "z"):
            lab_of(f=lambda: (_ for _ in ()).throw(error)).f()

    refuse(ValueError("p must be positive"))
    assert "must name the argument p or z" in failure(refuse, ValueError("impossible"))
    assert "raised TypeError" in failure(refuse, TypeError("p"))

    def accept():
        with expect.refused("p"):
            pass

    assert "no ValueError" in failure(accept)


class Stopwatch:
    """A lab whose calls claim the times it is given, one after the other."""

    def __init__(self, *seconds):
        self.seconds = iter(seconds)
        self.calls = 0
        self.last = None
        self.clock = time.perf_counter
        self.paused = contextlib.nullcontext

    def f(self):
        self.calls += 1
        self.last = SimpleNamespace(seconds=next(self.seconds))
        return "answer"


def measured(*seconds, limit=10):
    lab = Stopwatch(*seconds)
    answer, reference, ratio = speed_ratio(
        lab, lab.f, lambda: time.sleep(0.01) or "reference", limit
    )
    assert (answer, reference) == ("answer", "reference")
    return lab.calls, ratio


def test_a_fast_call_is_believed_after_two_rounds_and_a_slow_one_after_four():
    assert measured(0.001, 0.001)[0] == 2
    calls, ratio = measured(*[2.0] * 4)
    assert calls == 4
    assert ratio > 40


@pytest.mark.parametrize("stalls", [1, 2, 3])
def test_stalls_of_a_busy_machine_do_not_make_a_function_slow(stalls):
    calls, ratio = measured(*[2.0] * stalls, 0.001)
    assert calls == stalls + 1
    assert ratio < 1


def test_a_ratio_near_the_limit_is_measured_again_and_the_best_time_counts():
    calls, ratio = measured(0.2, 0.15, 0.001)
    assert calls == 3
    assert ratio < 1
    assert measured(*[0.11] * 6)[0] == 6


def test_a_hiccup_as_long_as_four_rounds_does_not_make_a_function_slow():
    lab, over = Stopwatch(), time.monotonic() + 0.12
    lab.seconds = (0.2 if time.monotonic() < over else 0.001 for _ in range(6))
    assert speed_ratio(lab, lab.f, lambda: time.sleep(0.01), 10)[2] < 1
    assert lab.calls > 4
