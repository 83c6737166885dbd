"""How a suite is collected, run and turned into results."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from lnnn.observe import observe_call
from lnnn.suite import expect
from lnnn.suite.lab import Lab, NamespaceCaller, NotAttemptedError, StudentError
from lnnn.suite.pace import pace
from lnnn.suite.plugin import SuiteError
from lnnn.suite.runner import SuiteRunner

HEAD = """
import numpy as np
import pytest
def graded(function="f", category="contract", points=2, rule="a rule", feedback="a thought"):
    return pytest.mark.graded(function=function, category=category, points=points, rule=rule,
                              feedback=feedback)
"""


def lab_of(**functions):
    return Lab(NamespaceCaller(functions))


@pytest.fixture
def suite(tmp_path):
    """Write a suite and collect it; closed at the end."""
    opened = []

    def write(body, seed=0):
        path = tmp_path / f"test_suite_{len(opened)}.py"
        path.write_text(HEAD + body)
        opened.append(SuiteRunner(path, seed))
        return opened[-1]

    yield write
    for runner in opened:
        runner.close()


def outcomes(results):
    return [r.outcome for r in results]


def test_the_three_outcomes_of_a_test(suite):
    runner = suite(
        "@graded()\n"
        "def test_positive(lab):\n"
        "    assert lab.f(1) > 0, 'it must be positive'\n"
        "@graded(function='g')\n"
        "def test_other(lab): lab.g()\n"
    )
    passed, missing = runner.run(lab_of(f=lambda x: x))
    assert (passed.outcome, passed.earned, passed.detail) == ("passed", 2, "")
    assert (missing.outcome, missing.earned) == ("not attempted", 0)
    assert missing.detail == "there is no function named g"
    failed, _ = runner.run(lab_of(f=lambda x: -x))
    assert (failed.outcome, failed.earned, failed.detail) == ("failed", 0, "it must be positive")


def test_a_stub_is_not_attempted(suite):
    def stub(x):
        raise NotImplementedError("f: write your answer here")

    runner = suite("@graded()\ndef test_a(lab): lab.f(1)\n")
    assert outcomes(runner.run(lab_of(f=stub))) == ["not attempted"]


def test_one_run_leaves_nothing_behind_for_the_next(suite):
    runner = suite("@graded()\ndef test_a(lab): assert lab.f()\n")
    wanted = [True, False, True, True, False]
    got = [runner.run(lab_of(f=lambda v=v: v))[0].outcome for v in wanted]
    assert got == ["passed" if v else "failed" for v in wanted]


def test_a_test_that_skips_is_not_run_and_earns_nothing(suite):
    runner = suite(
        "@pytest.fixture\n"
        "def ready(lab):\n"
        "    if lab.f() < 0: pytest.skip('first mend the sign')\n"
        "@graded()\ndef test_a(ready): pass\n"
        "@graded()\ndef test_b(lab):\n    if lab.f() < 0: pytest.skip('no')\n"
    )
    assert outcomes(runner.run(lab_of(f=lambda: 1))) == ["passed", "passed"]
    results = runner.run(lab_of(f=lambda: -1))
    assert outcomes(results) == ["not run", "not run"]
    assert [r.detail for r in results] == ["first mend the sign", "no"]
    assert [r.earned for r in results] == [0, 0]
    assert outcomes(runner.run(lab_of())) == ["not attempted", "not attempted"]


def test_inputs_depend_on_the_seed_and_on_the_test_alone(suite):
    body = (
        "@graded()\ndef test_a(lab, rng): lab.f(rng.normal())\n"
        "@graded(function='g')\ndef test_b(lab, rng): lab.f(rng.normal())\n"
    )
    seen = []
    runner = suite(body, seed=5)
    lab = lab_of(f=seen.append)
    runner.run(lab)
    runner.run(lab, functions={"g"})
    runner.seed = 6
    runner.run(lab)
    first, second, alone, other_seed, _ = seen
    assert first != second
    assert alone == second
    assert other_seed != first


def test_tests_are_not_run_once_the_submission_has_ended(suite):
    gone = []
    body = "".join(f"@graded()\ndef test_{i}(lab): lab.f()\n" for i in range(3))
    results = suite(body).run(
        lab_of(f=lambda: gone.append(1)), ended=lambda: "it hung" if len(gone) >= 2 else None
    )
    assert outcomes(results) == ["passed", "not run", "not run"]
    assert results[1].detail == "it hung"
    assert len(gone) == 2


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("def test_a(lab): pass\n", "no graded"),
        ("@pytest.mark.graded(points=1)\ndef test_a(lab): pass\n", "exactly the keywords"),
        ("@graded(category='style')\ndef test_a(lab): pass\n", "'style' is none of"),
        ("@graded(points=0)\ndef test_a(lab): pass\n", "above 0"),
        ("@graded(feedback=' ')\ndef test_a(lab): pass\n", "feedback is empty"),
        ("import nowhere_to_be_found\n", "nowhere_to_be_found"),
        ("x = 1\n", "holds no test"),
    ],
)
def test_a_faulty_suite_is_refused_by_name(suite, body, says):
    with pytest.raises(SuiteError, match=says):
        suite(body)


def test_a_suite_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(SuiteError, match="no such suite"):
        SuiteRunner(tmp_path / "test_nothing.py")


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
    with pytest.raises(NotAttemptedError):
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
        assert "off in 1 of 1" in failure(
            expect.close, np.array([-3.0 * (1 + 2 * relative)], dtype), [-3.0]
        )
    expect.close(np.array([0.9e-14]), [0.0])
    failure(expect.close, np.array([1.1e-14]), [0.0])
    expect.close(np.array([-np.inf, np.nan]), [-np.inf, np.nan])
    for wrong, right in ((-1e308, -np.inf), (np.nan, 0.0), (0.0, np.nan), (np.inf, -np.inf)):
        failure(expect.close, np.array([wrong]), [right])


def test_expect_array_names_what_differs():
    assert "is a list" in failure(expect.array, [1.0], (1,), np.float64)
    assert "shape (2,); expected (3,)" in failure(expect.array, np.ones(2), (3,), np.float64)
    assert "float64; expected float32" in failure(expect.array, np.ones(2), (2,), np.float32)


def test_expect_scalar_takes_floats_only():
    assert expect.scalar(np.float64(2.0)) == 2.0
    assert "array of shape (1,)" in failure(expect.scalar, np.ones(1))
    assert "int" in failure(expect.scalar, 1)


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

    def f(self):
        self.calls += 1
        self.last = SimpleNamespace(seconds=next(self.seconds))
        return "answer"


def paced(*seconds, limit=10):
    lab = Stopwatch(*seconds)
    answer, reference, ratio = pace(lab, lab.f, lambda: time.sleep(0.01) or "reference", limit)
    assert (answer, reference) == ("answer", "reference")
    return lab.calls, ratio


def test_a_clear_pace_is_measured_twice():
    assert paced(0.001, 0.001)[0] == 2
    calls, ratio = paced(2.0, 2.0)
    assert calls == 2
    assert ratio > 40


def test_one_stall_of_a_busy_machine_does_not_make_a_function_slow():
    calls, ratio = paced(2.0, 0.001)
    assert calls == 2
    assert ratio < 1


def test_a_pace_near_the_limit_is_measured_again_and_the_best_time_counts():
    calls, ratio = paced(0.2, 0.15, 0.001)
    assert calls == 3
    assert ratio < 1
    assert paced(*[0.11] * 6)[0] == 6
