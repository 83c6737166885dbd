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


def nearly_plain(scene):
    """What a scene shows, but for what it says about the functions themselves."""
    return [{**panel.to_dict(), "note": ""} for panel in scene.panels]


def test_every_explorable_has_an_example():
    assert set(EXAMPLES) == set(explore.EXPLORABLES)


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
def test_each_slider_can_stand_at_either_end_and_what_warns_is_not_heard(name, functions, recwarn):
    widget = made(name, *functions)
    for slider in widget._sliders:
        for value in (slider.grid()[0], slider.grid()[-1]):
            widget.reset()
            setattr(widget, slider.name, value)
            assert sound(widget.scene)
    assert not recwarn.list
    assert drawn(widget.scene)


@pytest.mark.parametrize(("name", "functions"), WAYS)
def test_functions_that_write_into_their_arguments_do_no_harm(name, functions):
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

    vandals, plain = shown(name, *each(functions)), shown(name, *functions)
    assert nearly_plain(vandals) == nearly_plain(plain)


@every_explorable
def test_its_snippet_recreates_the_values(name):
    options, wanted = EXAMPLES[name].snippet
    assert wanted
    if "temperature" in EXAMPLES[name].sliders:
        options = {"temperature": 2.0, **options}
    scope = {"np": np, "temperature": 2.0}
    exec(shown(name, **options).snippet, scope)
    for variable, value in {**wanted, "temperature": 2.0}.items():
        np.testing.assert_equal(scope[variable], value)
        assert np.asarray(scope[variable]).dtype == np.asarray(value).dtype


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
