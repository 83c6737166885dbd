"""What holds for every explorable: a new one is tested here once it has its line in EXAMPLES."""

import ast
import inspect
import itertools
import json
import re
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from examples import EXAMPLES, made, shown

from lnnn import explore
from lnnn.build.project import ROOT
from lnnn.explore import figure
from lnnn.explore.descent import FEATURES, LABELS
from lnnn.explore.scene import Scene
from lnnn.explore.sliders import Choice

SOURCES = sorted((ROOT / "src/lnnn/explore").glob("*.py"))
every_explorable = pytest.mark.parametrize("name", explore.EXPLORABLES)
WAYS = [
    pytest.param(name, functions, id=f"{name}-{kind}")
    for name, example in EXAMPLES.items()
    for kind, functions in (("good", example.functions), ("faulty", example.faulty))
    if functions
]


def returns_none(*arguments, **keywords):
    pass


def wrong_shape(*arguments, **keywords):
    return np.zeros(7)


def divides(*arguments, **keywords):
    return 1 / 0


def unwritten(*arguments, **keywords):
    raise NotImplementedError("write your answer here")


def with_each_replaced(functions, by):
    """The functions with one of them replaced, each in turn; of a dict of bugs the one on show."""
    if callable(functions):
        yield by
    elif isinstance(functions, dict):
        first = next(iter(functions))
        for changed in with_each_replaced(functions[first], by):
            yield {**functions, first: changed}
    else:
        for k, inner in enumerate(functions):
            for changed in with_each_replaced(inner, by):
                yield (*functions[:k], changed, *functions[k + 1 :])


def nearly_plain(scene):
    """What a scene shows, but for what it says about the functions themselves."""
    return [{**panel.to_dict(), "note": ""} for panel in scene.panels]


def test_every_explorable_has_an_example():
    assert set(EXAMPLES) == set(RECREATED) == set(explore.EXPLORABLES)


def test_the_package_names_its_explorables_and_nothing_that_is_not_there():
    assert set(explore.EXPLORABLES) <= set(explore.__all__) == set(dir(explore))
    for name in explore.__all__:
        assert getattr(explore, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'no_such_thing'"):
        explore.no_such_thing  # noqa: B018


@every_explorable
def test_it_has_its_sliders_a_finding_readouts_pictures_and_words(name):
    widget = made(name)
    assert list(widget.values) == EXAMPLES[name].sliders.split()
    assert all(hasattr(widget, slider) for slider in widget.values)
    scene = shown(name)
    assert len(scene.finding) > 20
    assert all(readout.label and readout.text for readout in scene.readouts)
    assert scene.readouts
    assert scene.panels
    assert all(panel.kind != "message" for panel in scene.panels)
    assert scene.finding in scene.in_words()
    json.dumps(scene.to_dict(), allow_nan=False)


@every_explorable
def test_its_scene_function_is_pure(name):
    widget = made(name)
    values = dict(widget.values)
    first, second = widget._scene_at(values), widget._scene_at(values)
    assert first.to_dict() == second.to_dict() == widget.scene.to_dict()
    assert values == widget.values
    function = getattr(import_module(getattr(explore, name).__module__), f"{name}_scene")
    assert inspect.signature(function).return_annotation is Scene


def drawn(scene):
    png, _ = figure.png(scene)
    return len(png) > 1000


def sound(scene):
    """It is no failure of its own, can be sent to the browser, read aloud, and copied as Python."""
    assert not scene.finding.startswith("No picture"), scene.panels[0].error
    json.dumps(scene.to_dict(), allow_nan=False)
    exec(scene.snippet, {"np": np})
    return scene.finding in scene.in_words()


@pytest.mark.parametrize(("name", "functions"), WAYS)
def test_at_the_corners_of_its_sliders_it_is_sound_and_can_be_drawn(name, functions):
    widget = made(name, *functions)
    ends = [s.grid()[:: 1 if isinstance(s, Choice) else len(s.grid()) - 1] for s in widget._sliders]
    corners = [dict(zip(widget.values, corner, strict=True)) for corner in itertools.product(*ends)]
    for k, corner in enumerate(np.random.default_rng(0).permutation(corners)[:32]):
        scene = widget._scene_at(corner)
        assert sound(scene)
        assert k % 8 or drawn(scene)


@pytest.mark.parametrize(("name", "functions"), WAYS)
def test_each_slider_can_stand_at_either_end(name, functions):
    widget = made(name, *functions)
    for slider in widget._sliders:
        for value in (slider.grid()[0], slider.grid()[-1]):
            widget.reset()
            setattr(widget, slider.name, value)
            assert sound(widget.scene)
    assert drawn(widget.scene)


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
    assert drawn(scene)


@every_explorable
def test_a_value_in_place_of_a_function_is_refused(name):
    replaced = list(with_each_replaced(EXAMPLES[name].functions, 0.5))
    assert replaced
    for functions in replaced:
        with pytest.raises(TypeError, match="pass it without calling it"):
            made(name, *functions)


@every_explorable
def test_functions_that_write_into_their_arguments_do_no_harm(name):
    def vandal(function):
        def writes(*arguments, **keywords):
            copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
            value = function(*copies, **keywords)
            for array in arguments:
                if isinstance(array, np.ndarray):
                    array[...] = 7
            return value

        writes.__name__ = function.__name__
        writes.__signature__ = inspect.signature(function)
        return writes

    def each(functions):
        if callable(functions):
            return vandal(functions)
        if isinstance(functions, dict):
            return {key: each(inner) for key, inner in functions.items()}
        return tuple(each(inner) for inner in functions)

    functions = EXAMPLES[name].functions
    assert nearly_plain(shown(name, *each(functions))) == nearly_plain(shown(name))


# Where its controls start, and what its snippet makes of that at T = 2.
RECREATED = {
    "first_look": ({"logits": (1, 0.5)}, {"z": np.float32([1, 0.5])}),
    "tangent": ({"p": 0.25}, {"p": 0.25}),
    "surprisal": ({"logits": (2, 0.5)}, {"z": np.array([2, 0.5])}),
    "product_and_sum": ({"tokens": 3, "dtype": "float32"}, {"p": np.full(3, 0.5, np.float32)}),
    "exp_number_line": ({"logits": (2, 0.5)}, {"z": np.array([2, 0.5]), "dtype": "float16"}),
    "four_dtypes": ({"logits": (2, 0.5)}, {"z": np.array([2, 0.5])}),
    "choose_shift": ({"c": 5, "logits": (1, 0)}, {"z": np.float32([0.5, 0]), "c": np.float32(5)}),
    "smooth_max": ({"logits": (2, 0.5), "offset": 1.0}, {"z": np.array([3, 1.5])}),
    "online_pass": ({"logits": range(5), "chunk": 2}, {"z": np.arange(5) / 2, "chunk": 2}),
    "side_by_side": ({"logits": (1, 0), "offset": 0.1}, {"z": np.float32([1.1, 0.1])}),
    "shift": ({"logits": (1, 0), "c": 1e3}, {"z": np.array([1.0, 0]), "c": 1e3}),
    "p_minus_onehot": ({"logits": (1, 0), "true_class": 2}, {"z": np.array([1.0, 0]), "label": 1}),
    "confidently_wrong": ({"logits": (1, 2)}, {"z": np.array([1.0, 2]), "eps": 1e-8}),
    "loss_surface": ({"true_class": 3}, {"z": np.array([-10.0, 6, -4]), "label": 2}),
    "smoothing": (
        {"logits": (4, 1, 0), "classes": "3"},
        {"logits": np.array([[2, 0.5, 0]]), "labels": np.array([0]), "alpha": 0.1},
    ),
    "reliability": ({"model": "soft"}, {"model": "soft"}),
    "bug_hunt": (
        {"logits": (2, 1, 0)},
        {"z": np.float32(np.outer(FEATURES, (2, 1, 0))), "labels": LABELS},
    ),
    "epsilon_cap": ({"logits": (0, 40)}, {"p": np.float32(2.06115e-9), "eps": 1e-7}),
    "entropy_and_divergence": (
        {"class_3": "ruled out"},
        {"logits": np.array([[0.5, 0, -np.inf]]), "targets": np.array([[0.7, 0.3, 0]])},
    ),
    "scrub": ({}, {"z": np.array([0.0, 4, -2, -2, -2, -2])}),
    "ranks": (
        {"tokens": (2, 2), "means": (-1, -0.5)},
        {"ranks": np.float64([[-1] * 2, [-0.5] * 2])},
    ),
    "score_sequence": (
        {"logits": (0, 1, 0), "threshold": -1.5, "eos": "2"},
        {
            "logits": np.array(
                [[[0, 1.5, 0.5], [0, 0.5, 0], [0, 1.5, 2.5], [1, 0, 2.5], [3, 0.5, 1]]]
            ),
            "targets": np.array([[1, 0, 1, 2, 1]]),
            "threshold": -1.5,
        },
    ),
    "who_underflows": ({"logits": (2, 0.5)}, {"z": np.float32([2, 0.5])}),
    "recovery": ({"tokens": 4, "nats": 0.5}, {"log_p": np.full(4, -0.5)}),
    "cap_and_flag": ({"at": -5.0}, {"at": -5.0, "threshold": -4.0}),
}


@every_explorable
def test_its_snippet_recreates_the_values(name):
    options, wanted = RECREATED[name]
    if "temperature" in EXAMPLES[name].sliders:
        options = {"temperature": 2.0, **options}
    scope = {"np": np, "temperature": 2.0}
    exec(shown(name, **options).snippet, scope)
    for variable, value in {**wanted, "temperature": 2.0}.items():
        np.testing.assert_equal(scope[variable], value)
        assert np.asarray(scope[variable]).dtype == np.asarray(value).dtype


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


@every_explorable
def test_no_function_at_all_is_refused_where_any_number_is_taken(name):
    function = getattr(explore, name)
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds and name != "loss_surface":
        with pytest.raises(ValueError, match=f"{name}: give at least one function"):
            function()


def test_every_explorable_stands_on_a_page_and_pages_call_no_other():
    pages = [*(ROOT / "source/course").glob("*.md"), *(ROOT / "source/labs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    called = set(re.findall(r"\bexplore\.(\w+)\(", text))
    assert called <= set(explore.__all__)
    assert set(explore.EXPLORABLES) <= called


def test_making_and_moving_explorables_never_imports_matplotlib_and_no_picture_needs_pyplot():
    code = (
        "import sys\n"
        "from examples import EXAMPLES, made\n"
        "widgets = [made(name) for name in EXAMPLES]\n"
        "for widget in widgets:\n"
        "    slider = widget._sliders[0]\n"
        "    setattr(widget, slider.name, slider.grid()[-1])\n"
        "assert 'matplotlib' not in sys.modules, 'moving imports matplotlib'\n"
        "widgets[0]._repr_mimebundle_()\n"
        "assert 'matplotlib' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules, 'the picture needs no pyplot'\n"
    )
    here = ROOT / "tests/explore"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60, cwd=here)


# What the modules import.


def imported(path):
    """The modules that a file names in its imports, anywhere in it; relative ones in full."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ("", "lnnn.explore", "lnnn")[node.level]
            module = ".".join(filter(None, (package, node.module)))
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_imports_the_suite(path):
    assert [name for name in imported(path) if name.startswith("lnnn.suite")] == []


def test_what_comes_with_matplotlib_is_not_named():
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py")]
    assert len(files) > 100
    for path in files:
        roots = {name.partition(".")[0] for name in imported(path)}
        assert not roots & {"PIL", "contourpy"}, path
