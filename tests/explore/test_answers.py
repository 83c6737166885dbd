"""What explorables say of functions, answers, titles and options that do not fit."""

import inspect
import re

import examples as ex
import numpy as np
import pytest
from examples import EXAMPLES, made, shown, with_each_replaced
from reading import problem
from scipy import special

from lnnn import explore
from lnnn.explore import figure

every_explorable = pytest.mark.parametrize("name", explore.EXPLORABLES)


def returns_none(*arguments, **keywords):
    pass


def wrong_shape(*arguments, **keywords):
    return np.zeros(7)


def divides(*arguments, **keywords):
    return 1 / 0


def unwritten(*arguments, **keywords):
    raise NotImplementedError("write your answer here")


@every_explorable
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (returns_none, "returns_none returned None"),
        (divides, "divides raised ZeroDivisionError( at chunk 1)?: division by zero"),
        (wrong_shape, "wrong_shape returned .*(shape .7,.|7 values|ndarray|.0, 0, 0, 0)"),
        (unwritten, "unwritten raised NotImplementedError( at chunk 1)?: write your answer here"),
    ],
)
def test_a_broken_function_shows_its_own_error(name, broken, says):
    for functions in with_each_replaced(EXAMPLES[name].functions, broken):
        scene = shown(name, *functions)
        message = next(panel for panel in scene.panels if panel.kind == "message")
        assert re.match(says, message.error)
        assert message.title == broken.__name__
        assert re.search("gives no|caps nothing|: no loss", scene.finding)
    assert figure.png(scene)


def naive_over_rows(z):
    with np.errstate(all="ignore"):
        return np.exp(z * 1000) / np.exp(z * 1000).sum(axis=1, keepdims=True)


GRADIENTS = [
    (lambda z, y: np.zeros(3), "shape (3,). Expected: an array of 3 floats, shape (1, 3)"),
    (lambda z: z, "raised TypeError"),
    (lambda z, y: z + 1j, "complex numbers"),
]
LOSSES = [
    (lambda z, y: None, "returned None. Expected: one number"),
    (lambda z, y: z, "an array of float32, shape (6, 3)"),
    (lambda z, y: (1.0, z[0]), "returned a tuple. Expected: (loss, gradient)"),
    (lambda z, y: (1.0, z, 2.0), "returned a tuple. Expected: (loss, gradient)"),
    (lambda z, y: ("much", z), "type str"),
    (lambda z: 0.0, "raised TypeError"),
]
NUMBERS = [
    (lambda p: p, "an array of float64, shape (2048,)"),
    (lambda p: "much", "type str"),
]
WORDS = [
    (lambda x, d: ["normal"], "returned 1 values. Expected: 4 words"),
    (lambda x, d: ["normal", "tiny"] * 2, "returned 'tiny'. Expected: 4 words out of overflow"),
    (lambda x, d: "normal", "an object of type str"),
]
LIMITS = [
    (lambda d: (1, 2), "returned (1, 2) for float16. Expected: three numbers"),
    (lambda d: (-17, -10, 11), "from high to low"),
    (lambda d: (11, -10, -np.inf), "returned (11, −10, −inf)"),
    (lambda d: np.log(-1j), "Expected: three numbers"),
]
STATES = [
    (lambda s, c: None, "returned NoneType at chunk 1. Expected: a tuple (m, s)"),
    (lambda s, c: (1.0, 2.0, 3.0), "returned tuple at chunk 1"),
]
PROBABILITIES = [
    (
        special.softmax,
        "softmax returned rows that are no probabilities: each must be ≥ 0 and sum to 1.",
    ),
    (naive_over_rows, "naive_over_rows returned NaN in 100 of 100 rows."),
]
TOTALS = [
    (lambda p, y, e: None, "returned None. Expected: (totals, lengths)"),
    (lambda p, y, e: p.sum(axis=1), "shape (1,). Expected: (totals, lengths)"),
    (lambda p, y, e: (p, y, e), "returned a tuple of 3"),
    (lambda p, y, e: (p, y), "For the totals lambda returned an array of float64"),
    (lambda p, y, e: (1.0, y), "For the lengths lambda returned an array of int64"),
]
PLACES = [
    (lambda p, m, t: None, "returned None. Expected: an array of integers"),
    (lambda p, m, t: p < t, "an array of bool, shape (1, 5)"),
    (lambda p, m, t: np.zeros((1, 2)), "an array of float64, shape (1, 2)"),
    (lambda p, m, t: np.array([[0, 5]]), "returned the pair (0, 5)"),
    (lambda p, m, t: np.array([[1, 0]]), "The places are (0, 0) to (0, 4)"),
]
# What stands in which place among the functions of an explorable.
WRONG_ANSWERS = [
    ("product_and_sum", 0, NUMBERS),
    ("product_and_sum", 1, NUMBERS),
    ("exp_number_line", 0, WORDS),
    ("exp_number_line", 1, LIMITS),
    ("exp_number_line", 2, [(lambda x, d: None, "returned None. Expected: one word")]),
    ("online_pass", 0, STATES),
    ("p_minus_onehot", 0, GRADIENTS),
    ("confidently_wrong", 1, GRADIENTS),
    ("loss_surface", 0, [LOSSES[0], (lambda z, y: z, "an array of float64, shape (1, 3)")]),
    ("loss_surface", 1, GRADIENTS),
    ("smoothing", 0, [(lambda y, v, a: np.full((1, v), np.nan), "not finite")]),
    ("reliability", 0, PROBABILITIES),
    ("bug_hunt", 0, LOSSES),
    ("bug_hunt", 1, LOSSES),
    ("score_sequence", 0, [(lambda z, y: z, "shape (1, 5, 3)")]),
    ("score_sequence", 1, TOTALS),
    ("score_sequence", 2, PLACES),
]


@pytest.mark.parametrize(
    ("name", "place", "function", "says"),
    [(name, place, *answer) for name, place, answers in WRONG_ANSWERS for answer in answers],
)
def test_an_answer_of_a_wrong_form_is_said_to_be_one(name, place, function, says):
    functions = [*with_each_replaced(EXAMPLES[name].functions, function)][place]
    scene = shown(name, *functions)
    assert says in problem(scene)
    assert figure.png(scene)


@pytest.mark.parametrize(
    ("name", "functions", "options", "error", "says"),
    [
        ("exp_number_line", (), {"dtypes": ("float16", "float128")}, ValueError, "some of"),
        ("side_by_side", (), {"logits": [1.0]}, ValueError, "two or more"),
        ("side_by_side", (), {"dtype": "int8"}, ValueError, "int8"),
        ("smoothing", (), {"logits": (1, 2)}, ValueError, "three"),
        ("reliability", (), {"labels": [0] * 9}, ValueError, "logits of shape (100, 2)"),
        ("entropy_and_divergence", (), {"logits": (1, 2)}, ValueError, "three"),
        ("scrub", (), {"logits": ex.LOGITS[0]}, ValueError, "not (40, 6) and (40,)"),
        ("scrub", (), {"labels": ex.LABELS[:3]}, ValueError, "labels"),
        ("score_sequence", (), {"logits": (1.0, 2.0)}, ValueError, "three"),
        ("recovery", [ex.exp_of_sum] * 5, {}, ValueError, "4 fit side by side"),
        *(
            ("bug_hunt", [bugs], {}, ValueError, "give two bugs or more")
            for bugs in (
                {},
                {"a": (ex.double, ex.summed)},
                {"a": ex.double, "b": ex.summed},
                [1, 2],
            )
        ),
        *(
            ("loss_surface", pairs, {}, TypeError, "give pairs of a loss and its gradient")
            for pairs in ((ex.squared_error, ex.squared_error_grad), [(ex.squared_error,)])
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(name, functions, options, error, says):
    with pytest.raises(error, match=re.escape(says)):
        made(name, *functions, **options)


@every_explorable
def test_a_value_in_place_of_a_function_is_refused(name):
    replaced = list(with_each_replaced(EXAMPLES[name].functions, 0.5))
    assert replaced
    for functions in replaced:
        with pytest.raises(TypeError, match="pass it without calling it"):
            made(name, *functions)


@every_explorable
def test_no_function_at_all_is_refused_where_any_number_is_taken(name):
    function = getattr(explore, name)
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        says = f"{name}: give (at least one function|pairs of a loss)"
        with pytest.raises((TypeError, ValueError), match=says):
            function()


def taking(parameter):
    takes = [n for n in EXAMPLES if parameter in inspect.signature(getattr(explore, n)).parameters]
    return pytest.mark.parametrize("name", takes)


def title_of_the_first(name, /, **titles):
    """What a scene calls its first function when that one breaks."""
    functions = next(with_each_replaced(EXAMPLES[name].functions, divides))
    return next(p for p in shown(name, *functions, **titles).panels if p.kind == "message").title


@taking("name")
def test_a_function_can_be_given_a_title(name):
    assert title_of_the_first(name, name="a title of mine") == "a title of mine"


@taking("names")
def test_functions_can_be_given_titles_one_for_each_all_different(name):
    count = len(EXAMPLES[name].functions)
    titles = [f"title {k}" for k in range(count)]
    assert title_of_the_first(name, names=titles) == "title 0"
    for wrong in ([*titles, "one more"], titles[:-1], ["one"] * (count + (count == 1))):
        with pytest.raises(ValueError, match="names: one for each"):
            made(name, names=wrong)
