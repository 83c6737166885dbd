"""No input of the grader is an example of a rule, or written out where students can read it."""

import json

import numpy as np
import pytest

from lnnn.build import input_leaks
from lnnn.suite.rule import given, rule
from lnnn.suite.runner import Suite

SUITE = """
import numpy as np
from lnnn.suite.rule import rule

@rule("f", "contract", points=1)
def test_drawn(lab, rng):
    '''It works

    Think.'''
    lab.f(rng.normal(size=4), axis=0)

@rule("f", "stress", points=1)
def test_fixed(lab):
    '''It works

    Think.'''
    lab.f(np.array([1.5, -np.inf, 2.5]))
    lab.f([0.25, 3.0], axis=1)
    lab.f(np.array([-np.inf, -np.inf]))
    lab.f("float16")
"""
SOLUTION = {"f": lambda z, axis=-1: z}


@pytest.fixture
def handed(tmp_path):
    """What the suite hands to the solution."""
    path = tmp_path / "test_lab.py"
    path.write_text(SUITE)
    return input_leaks.grader_inputs(Suite(path), SOLUTION)


@pytest.mark.parametrize(
    ("example", "shared"),
    [
        (given(np.array([1.5, -np.inf, 2.5])), ["test_fixed"]),
        (given([0.25, 3.0], axis=1), ["test_fixed"]),
        (given(np.array([1.5, -np.inf, 2.5], np.float32)), []),
        (given([0.25, 3.0], axis=0), []),
        (given(np.array([1.0, 2.0, 3.0])), []),
        (given(np.array([-np.inf, -np.inf])), []),
        (given("float16"), []),
    ],
)
def test_a_call_that_learner_and_grader_make_is_found(handed, example, shared):
    @rule("f", "contract", points=1, examples=[example])
    def it_works(lab, *inputs, **more):
        """It works

        Think."""
        lab.f(*inputs, **more)

    assert input_leaks.shared_with_examples(handed, it_works.rules, SOLUTION) == shared


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("z = np.array([1.5, -np.inf, 2.5])", 1),
        ("f((1.5, -np.inf, 2.5), axis=0)", 1),
        ("%time\n[[1.5, -np.inf, 2.5]]", 1),
        ("z = [1.5, np.inf, 2.5]", 0),
        ("z = [0.25, 3.0]", 0),
        ("z = [x, 1.5]", 0),
    ],
)
def test_an_array_that_a_notebook_writes_out_is_found(handed, tmp_path, code, found):
    path = tmp_path / "labs" / "x.ipynb"
    path.parent.mkdir()
    cells = [
        {"cell_type": "markdown", "source": ["[1.5, -np.inf, 2.5]"]},
        {"cell_type": "code", "source": code.splitlines(keepends=True)},
    ]
    path.write_text(json.dumps({"cells": cells}))
    assert len(input_leaks.written_out(handed, [path])) == found
