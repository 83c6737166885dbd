"""A session runs an honest submission as a notebook would, and reports what its calls did."""

import time
import warnings

import numpy as np
import pytest
from attacks.walls import LIMITS, NONE, WALLS, make_jail

from lnnn.grading.jail import Cell
from lnnn.suite.lab import Lab, NotWrittenError


@pytest.fixture(params=[*WALLS, NONE], scope="module")
def jail(request):
    with make_jail(request.param) as made:
        yield made


@pytest.fixture
def session(jail):
    with jail.open() as opened:
        yield opened


def define(session, source):
    (outcome,) = session.run_cells([source])
    assert outcome.ok, outcome.error


def test_the_jail_names_its_backend(jail, request):
    assert jail.backend == request.node.callspec.params["jail"]


def test_a_value_comes_back_with_its_type_and_bits(session):
    define(session, "def same(*a, **k):\n    return a, k")
    z = np.array([[1.0, -0.0], [np.nan, np.inf]], np.float32)
    observed = session.call("same", (z, 1, 2.5, True, "Σ", None, [1, (2,)]), {"axis": -1})
    (z2, *rest), keywords = observed.value
    assert z2.dtype == np.float32
    assert z2.tobytes() == z.tobytes()
    assert rest == [1, 2.5, True, "Σ", None, [1, (2,)]]
    assert keywords == {"axis": -1}
    assert observed.raised is None
    assert observed.mutated == ()


def test_a_float32_scalar_stays_a_float32(session):
    define(session, "import numpy as np\ndef f(x):\n    return np.float32(x) + np.float32(1)")
    value = session.call("f", (np.float32(0.5),), {}).value
    assert type(value) is np.float32
    assert value == 1.5


def test_cells_share_a_namespace_and_a_raising_cell_does_not_stop_the_rest(session):
    sources = ["x = 1", "x += 1\n1 / 0\n", "def f():\n    return x", "y ="]
    first, second, third, fourth = session.run_cells(sources)
    assert first.ok
    assert third.ok
    assert not second.ok
    assert second.error.classes[0] == "ZeroDivisionError"
    assert second.line == 2
    assert fourth.error.classes[0] == "SyntaxError"
    assert fourth.line == 1
    assert session.call("f", (), {}).value == 2


def test_a_cell_that_calls_exit_is_recorded_and_the_rest_runs(session):
    sources = ["import sys; sys.exit(3)", "raise KeyboardInterrupt", "def f():\n    return 1"]
    left, interrupted, last = session.run_cells(sources)
    assert left.error.classes[0] == "SystemExit"
    assert interrupted.error.classes[0] == "KeyboardInterrupt"
    assert last.ok
    assert session.call("f", (), {}).value == 1


def test_a_label_names_the_cell_in_messages(session):
    (outcome,) = session.run_cells([Cell("def f(:", "answer 2")])
    assert "answer 2" in outcome.error.message


def test_names_are_the_functions_that_were_defined(session):
    define(session, "import numpy as np\nx = 1\ndef f(): ...\ng = lambda: 0\n_h = f\nclass C: ...")
    assert session.names() == ["f", "g"]


def test_a_missing_function_is_not_attempted(session):
    observed = session.call("log_softmax", (), {})
    assert "NameError" in observed.raised.classes
    assert "log_softmax" in observed.raised.message
    with pytest.raises(NotWrittenError):
        Lab(session).log_softmax()


def test_a_name_that_is_not_a_function_counts_as_missing(session):
    define(session, "f = 3")
    with pytest.raises(NotWrittenError):
        Lab(session).f()


def test_an_exception_arrives_as_its_built_in_class(session):
    source = "class Bad(ValueError): ...\ndef f(t):\n    raise Bad('temperature must be > 0')"
    define(session, source)
    observed = session.call("f", (0,), {})
    assert observed.raised.classes == ("Bad", "ValueError", "Exception")
    with pytest.raises(ValueError, match="temperature"):
        Lab(session).f(0)


def test_mutation_and_warnings_are_reported_beside_the_value(session):
    source = "import numpy as np\ndef f(z, k=None):\n    z -= 1\n    return np.log(z)"
    define(session, source)
    z = np.array([1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observed = session.call("f", (z,), {"k": np.array([1.0])})
    assert observed.value == -np.inf
    assert observed.mutated == ("0",)
    assert any("divide by zero" in text for text in observed.warnings)
    assert z[0] == 1.0


def test_a_function_gets_arrays_of_its_own_that_it_may_write_to(session):
    define(session, "def f(a, b):\n    a[0] = 9\n    return b, a.flags.owndata, a.flags.writeable")
    b, own, writable = session.call("f", (np.zeros(3), np.zeros(3)), {}).value
    assert b.tolist() == [0, 0, 0]
    assert own
    assert writable


def test_the_time_of_a_call_is_the_calls_alone(session):
    define(
        session,
        """
import threading, time
def f(s):
    end = time.thread_time() + s
    while time.thread_time() < end:
        pass
def threads(s):
    spinning = [threading.Thread(target=f, args=(s,)) for _ in range(3)]
    [t.start() for t in spinning]
    [t.join() for t in spinning]
""",
    )
    assert 0.1 <= session.call("f", (0.1,), {}).seconds < 0.2
    assert 0.25 <= session.call("threads", (0.1,), {}).seconds < 0.5
    assert session.call("f", (0.0,), {}).seconds < 0.01


def test_a_paused_session_uses_no_time(session):
    """Threads that a call left behind stand still, and go on afterwards."""
    define(
        session,
        """
import threading, time
count = 0
def work():
    global count
    while True:
        count += 1
def start():
    threading.Thread(target=work, daemon=True).start()
def counted():
    return count
""",
    )
    session.call("start", (), {})
    with session.paused():
        time.sleep(0.02)  # the signal arrives
        before = session._processor_time()
        time.sleep(0.1)
        assert session._processor_time() == before
    first = session.call("counted", (), {}).value
    time.sleep(0.05)
    assert session.call("counted", (), {}).value > first


def test_prints_and_input_reach_nobody(session, capfd):
    source = (
        "import sys\nprint('x' * 100_000)\nprint('e', file=sys.stderr)\ndef f(): return input()"
    )
    define(session, source)
    assert session.call("f", (), {}).raised.classes[0] == "EOFError"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("object()", "object"),
        ("(i for i in [1])", "generator"),
        ("np.array([None])", "dtype=object"),
        ("{1: print}", "builtin_function_or_method"),
        ("lambda: 0", "function"),
    ],
)
def test_a_value_that_is_not_plain_data_is_a_type_error_that_says_so(session, expression, what):
    define(session, f"import numpy as np\ndef f():\n    return {expression}")
    raised = session.call("f", (), {}).raised
    assert raised.classes[0] == "TypeError"
    assert raised.message.startswith("returned a")
    assert what in raised.message
    assert "numbers" in raised.message
    define(session, "def g():\n    return 1")
    assert session.call("g", (), {}).value == 1


def test_a_value_larger_than_the_reply_limit_is_a_type_error(session):
    define(session, f"import numpy as np\ndef f():\n    return np.zeros({LIMITS.reply_mb} << 18)")
    raised = session.call("f", (), {}).raised
    assert raised.classes[0] == "TypeError"
    assert "limit" in raised.message


def test_the_standard_library_and_numpy_can_be_imported(session):
    modules = "decimal fractions statistics itertools math random dataclasses csv sqlite3 asyncio"
    modules += " concurrent.futures numpy.linalg numpy.random numpy.polynomial.chebyshev"
    outcomes = session.run_cells([f"import {name}" for name in modules.split()])
    assert [o.error for o in outcomes] == [None] * len(outcomes)


def test_threads_work(session):
    define(
        session,
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def f():\n    with ThreadPoolExecutor(3) as pool:\n"
        "        return list(pool.map(abs, [-1, -2, -3]))",
    )
    assert session.call("f", (), {}).value == [1, 2, 3]


def test_dataclasses_and_annotations_find_their_module(session):
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "import typing, inspect\n@dataclass\nclass P:\n    x: float\n"
        "def f():\n    return P(1.0).x, typing.get_type_hints(P)['x'] is float, __name__,"
        " inspect.getsource(f).startswith('def f')"
    )
    define(session, source)
    assert session.call("f", (), {}).value == (1.0, True, "__main__", True)


def test_randomness_is_the_same_in_every_session(jail):
    source = (
        "import random, numpy as np\n"
        "def f():\n    return random.random(), np.random.rand(), list({'a', 'b', 'c', 'd'})"
    )
    seen = []
    for _ in range(2):
        with jail.open() as session:
            define(session, source)
            seen.append(session.call("f", (), {}).value)
    assert seen[0] == seen[1]


def test_the_graders_own_random_state_is_left_alone(jail):
    before = np.random.get_state()[1].copy()
    with jail.open() as session:
        session.run_cells(["import numpy as np; np.random.seed(1)"])
    assert (np.random.get_state()[1] == before).all()


def test_a_closed_session_says_so(jail):
    session = jail.open()
    session.close()
    session.close()
    with pytest.raises(RuntimeError, match="closed"):
        session.names()
