"""Whatever a learner reads is said in the reader's language: whole, and with nothing left over."""

import errno
import functools
import json
import math
import os
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from examples import EXAMPLES, made
from pseudo import assert_said, lines_of_html, outside

from lnnn import check, explore, hint, labs, progress, quiz
from lnnn.explore import EXPLORABLES
from lnnn.explore.sliders import Choice
from lnnn.explore.widget import Explorable
from lnnn.learn import catalogue, concept_map, course, quiz_source
from lnnn.learn.errors import LearnError
from lnnn.learn.quiz import QuizWidget
from lnnn.report import markup

matplotlib.use("Agg")

# Names of types, which are code.
TYPES = (r"\b(ndarray|list|int|partial|lambda)\b",)


def names() -> tuple[str, ...]:
    """The names of functions and pages, which are names of the course's files."""
    functions = [name for lab in catalogue.labs() for name in lab.functions]
    pages = {labs.title(name).partition(" · ")[2] for name in quiz_source.names()}
    alike = sorted({*functions, *pages, *quiz_source.names()}, key=len, reverse=True)
    return tuple(rf"(?<!\w){re.escape(name)}(?!\w)" for name in alike)


def said(lines, own=()):
    """Fail unless the lines are said in the language, but for names and what ``own`` matches."""
    assert_said(lines, (*names(), *own))


def textbook(z, axis=-1, temperature=1.0):
    e = np.exp(np.asarray(z) / temperature)
    return np.log(e / e.sum(axis=axis, keepdims=True))


def with_an_epsilon(p):
    print("hello")
    return -np.log(np.asarray(p) + 1e-12)


def of_lists(p):
    return (-np.log(p)).tolist()


def refusing(p, **_more):
    raise ValueError


def named(function, name):
    function.__name__ = name
    return function


def stub(name):
    def unwritten(*_arguments, **_more):
        raise NotImplementedError(f"{name}: write your answer here")

    return named(unwritten, name)


# What a reader may see besides code and names: what the functions above say themselves.
OF_THE_ANSWERS = (r"\bhello\b", r"\braise\b")


def half_way(solved):
    check(solved["nll"])
    hint(solved["nll"])
    return progress()


# Everything that a notebook shows as text and as HTML. An explorable is one more line.
SHOWN = {
    "log_softmax passed": lambda solved: check(solved["log_softmax"]),
    "log_softmax failed with a curve": lambda solved: check(named(textbook, "log_softmax")),
    "log_softmax not-written": lambda solved: check(stub("log_softmax")),
    "nll passed": lambda solved: check(solved["nll"]),
    "nll failed with a curve": lambda solved: check(named(with_an_epsilon, "nll")),
    "nll failed as a list": lambda solved: check(named(of_lists, "nll")),
    "nll failed as it raises": lambda solved: check(named(refusing, "nll")),
    "nll not-written": lambda solved: check(stub("nll")),
    "the last of its lab passed": lambda solved: check(solved["temperature_for_confidence"]),
    "progress before anything": lambda solved: progress(),
    "progress half way": half_way,
    "progress of a page": lambda solved: progress("04_log_softmax"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_notebook_shows(pseudo, solved, name):
    shown = SHOWN[name](solved)
    if hasattr(shown, "outcome"):
        assert shown.outcome in name
        assert (shown.curve is not None) == name.endswith("curve")
    data = shown._repr_mimebundle_()
    assert data["text/plain"] == str(shown)
    # The text takes the backticks off; a call that is shown names its keywords.
    own = (*TYPES, *OF_THE_ANSWERS, r"\bhint\(", r"\btemperature=")
    said(str(shown).splitlines(), own)
    said(lines_of_html(data["text/html"]), own)


@pytest.mark.parametrize("function", ["nll", "log_softmax"])
def test_hints(pseudo, solved, function):
    cards = [hint(solved[function]) for _turn in range(4)]
    assert cards[-1].exhausted
    for card in cards:
        data = card._repr_mimebundle_()
        said(lines_of_html(data["text/html"]))
        # As text, code has no mark any more.
        assert data["text/plain"] == str(card)
        assert outside(str(card), names()) == []


WRONG_USE = {
    "no function": lambda: check(5),
    "a text": lambda: check("nll"),
    "a lambda": lambda: hint(lambda p: p),
    "no name": lambda: check(functools.partial(refusing)),
    "a name close to one": lambda: check(named(lambda: 0, "nil")),
    "another name": lambda: check(named(lambda: 0, "unheard_of")),
    "no quiz": lambda: quiz("unheard_of"),
    "almost a quiz": lambda: quiz("04_logsoftmax"),
    "a quiz that is no text": lambda: quiz(4),
    "no page": lambda: progress("unheard_of"),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use(pseudo, name):
    with pytest.raises(LearnError) as caught:
        WRONG_USE[name]()
    own = (r"\b(check|hint|quiz|progress|def)\b", r"\b(nil|unheard_of|04_logsoftmax)\b")
    said(str(caught.value).splitlines(), (*own, *TYPES))


def test_progress_that_cannot_be_kept(pseudo, solved, tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be", encoding="utf-8")
    report = check(solved["nll"])
    assert len(report.notes) == 1
    path = rf"{re.escape(str(tmp_path))}[\w/.]*"
    own = (path, os.strerror(errno.ENOTDIR), os.strerror(errno.EEXIST))
    said([*report.notes, str(report).splitlines()[-1]], own)


@pytest.mark.parametrize("name", quiz_source.names())
def test_a_quiz(pseudo, name):
    """As text and as HTML, and every trait from which the page draws it."""
    widget = quiz(name)
    data = widget._repr_mimebundle_()[0]
    said(lines_of_html(data["text/html"]))
    assert data["text/plain"] == str(widget)
    assert outside(str(widget), names()) == []  # as text, code has no mark any more
    said([widget.heading, *widget.words.values()], (r"\{\w+\}",))
    for question in widget._quiz.questions:
        widget.take_hint(question.id)
        for option in range(len(question.options)):
            widget.choose(question.id, option)
    shown = [text for q in widget.questions for text in (q["text"], *q["options"])]
    for answer in widget.answers.values():
        shown += [answer["hint"], *(tried["explanation"] for tried in answer["tried"])]
    indicator = r"\{\w\}"  # 1{y} is 1 at the label y
    html = "".join(f"<p>{markup.to_html(runs)}</p>" for runs in shown)
    said(lines_of_html(html), (indicator,))
    if widget._quiz.is_placement:
        said([widget.advice])
    traits = set(QuizWidget.class_own_traits(sync=True))
    assert traits == {"words", "heading", "questions", "answers", "advice", "note"}


# Explorables. Their functions name themselves; models, bugs and tokens have names of their own; a
# verdict is the reader's word.
def named_in(functions):
    if callable(functions):
        return {functions.__name__}
    inner = functions.items() if isinstance(functions, dict) else enumerate(functions)
    return {name for key, f in inner for name in {str(key), *named_in(f)}}


def own_of(name, functions):
    """What an explorable may say besides messages, as patterns."""
    example = EXAMPLES[name]
    verdicts = r"\b(?:overflow|normal|subnormal|zero|a distribution)\b"  # returned as words
    names = named_in(functions) | set(map(str, example.more.get("models", ())))
    alike = sorted(filter(str.isidentifier, names), key=len, reverse=True)
    return (
        r"T·[\w ]+\(z/T\)(?: − m)?|\(z / T\)|T ln \d+|1\{y\}",  # formulas
        *([verdicts] if name == "exp_number_line" else []),
        *(rf"(?<!\w){re.escape(one)}(?!\w)" for one in alike),
        r"\d[\d.]*e−?\d+",  # a number with a true minus sign
        r"\b(?:bfloat16|float16|E5M2|E4M3)\b",
        r"\b(?:EOS|a|b)\b",  # tokens
    )


def corners_and_steps(widget):
    """Where the sliders start, each one at five places alone, every option, and all at the ends."""
    start = dict(widget.values)
    yield start
    for slider in widget._sliders:
        grid = slider.grid()
        count = len(grid) if isinstance(slider, Choice) else 5
        for k in np.linspace(0, len(grid) - 1, count).round().astype(int):
            yield {**start, slider.name: grid[k]}
    for end in (0, -1):
        yield {slider.name: slider.grid()[end] for slider in widget._sliders}


def texts_of(plain):
    """Every text of a scene as the page gets it, but for keys and code."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            if key not in ("kind", "status", "scale", "snippet", "values"):
                yield from texts_of(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from texts_of(value)
    elif isinstance(plain, str) and plain:
        yield plain


WAYS = [
    pytest.param(name, kind, id=f"{name}-{kind}")
    for name in EXPLORABLES
    for kind in ("functions", "faulty")
    if getattr(EXAMPLES[name], kind)
]


@pytest.mark.parametrize(("name", "kind"), WAYS)
def test_an_explorable_wherever_its_sliders_stand(pseudo, name, kind):
    functions = getattr(EXAMPLES[name], kind)
    widget = made(name, *functions)
    own = own_of(name, functions)
    for values in corners_and_steps(widget):
        scene = widget._scene_at(values)
        assert all(panel.kind != "message" for panel in scene.panels), scene.panels[0].error
        said([*texts_of(scene.to_dict()), *scene.in_words().splitlines()], own)


def test_the_tables_and_the_map_of_page_00(pseudo, tmp_path):
    page = "# 01 · LSE\n\n- **A:** LSE\n- **B:** 5\n- **C:** 0\n\n## R\n\n| $m$ | LSE | |\n"
    (tmp_path / "01_x.ipynb").write_text(
        json.dumps({"cells": [{"cell_type": "markdown", "source": [page]}]}), encoding="utf-8"
    )
    own = (r"\bLSE\b", r"\$m\$", r"\b01_x\.ipynb\b")
    said([*str(course.pages(tmp_path)).split("|"), *str(course.symbols(tmp_path)).split("|")], own)
    said([concept_map.finding(course.read(tmp_path))], own)
    concept_map.draw(course.read(tmp_path))
    axes = plt.gcf().axes[0]
    said([axes.get_title(loc="left"), axes.get_legend().get_title().get_text()], own)
    plt.close("all")
    with pytest.raises(LearnError) as caught:
        course.read(tmp_path / "empty")
    said([str(caught.value)], (r"'empty'", r"\bcourse/"))


@pytest.mark.parametrize("name", EXPLORABLES)
def test_the_controls_of_an_explorable_and_its_picture(pseudo, name):
    widget = made(name)
    own = own_of(name, EXAMPLES[name].functions)
    for control in widget._controls:
        said([control["label"], *control.get("texts", ()), control["unit"]], (*own, r"^\w+$"))
    said([widget._repr_mimebundle_()[0]["text/plain"].splitlines()[-1]], own)


def with_each_broken(functions, by):
    """The functions with one of them replaced, each in turn; of a dict of bugs the first."""
    if callable(functions):
        yield by
    elif isinstance(functions, dict):
        first = next(iter(functions))
        yield from ({**functions, first: pair} for pair in with_each_broken(functions[first], by))
    else:
        for k, inner in enumerate(functions):
            for one in with_each_broken(inner, by):
                yield (*functions[:k], one, *functions[k + 1 :])


BROKEN = {
    "returns_none": lambda *_arguments, **_more: None,
    "wrong_shape": lambda *_arguments, **_more: np.zeros(7),
    "complex_numbers": lambda z, *_arguments, **_more: np.asarray(z) * 1j,
    "no_array": lambda *_arguments, **_more: [[1.0], [1.0, 2.0]],
    "unwritten": stub("unwritten"),
}


# What Python, NumPy and the functions themselves say, and names of types.
OF_PYTHON = (
    r"ComplexWarning(?:: Casting complex values to real discards the imaginary part)?",
    r"setting an array element with a sequence.*?inhomogeneous part\.",
    r"write your answer here",
    r"\b(?:None|NoneType|complex\d*|object)\b|\dj\b",
)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("name", EXPLORABLES)
def test_an_explorable_of_a_broken_function(pseudo, name, broken):
    function = named(BROKEN[broken], broken)
    for functions in with_each_broken(EXAMPLES[name].functions, function):
        scene = made(name, *functions).scene
        own = (*OF_PYTHON, *own_of(name, functions), *TYPES)
        said([*texts_of(scene.to_dict()), *scene.in_words().splitlines()], own)


WRONG_USE_OF_EXPLORABLES = {
    "no function": lambda: explore.side_by_side(),
    "called already": lambda: explore.side_by_side(5.0),
    "names that do not fit": lambda: made("side_by_side", names=["one", "two"]),
    "no logits": lambda: made("side_by_side", logits=()),
    "infinite logits": lambda: made("side_by_side", logits=(0, math.inf)),
    "off the slider": lambda: made("side_by_side", temperature=100),
    "nowhere": lambda: made("side_by_side", offset=math.inf),
    "no such float": lambda: made("side_by_side", dtype="float128"),
    "too many functions": lambda: explore.recovery(*[abs] * 5),
    "no pair": lambda: explore.loss_surface(abs),
    "a type that nobody knows": lambda: made("exp_number_line", dtypes=("float128",)),
    "two logits of smoothing": lambda: made("smoothing", logits=(1, 2)),
    "two logits of a target": lambda: made("entropy_and_divergence", logits=(1, 2)),
    "two logits of a sequence": lambda: made("score_sequence", logits=(1, 2)),
    "models without labels": lambda: made("reliability", labels=[0]),
    "a run without labels": lambda: made("scrub", labels=[0]),
    "one bug": lambda: explore.bug_hunt({"one": (abs, abs)}),
    "no name": lambda: explore.Slider("a b", 0, 0, 1),
    "a scale": lambda: explore.Slider("p", 1, 0, 1, scale="cube"),
    "the logarithm of 0": lambda: explore.Slider("p", 1, 0, 1, scale="log"),
    "no step": lambda: explore.Slider("p", 1, 0, 1, step=-1),
    "too many positions": lambda: explore.Slider("p", 1, 0, 1, step=1e-6),
    "one option": lambda: explore.Choice("p", ("one",)),
    "a bent axis": lambda: explore.Axis("one", 0, 1, scale="cube"),
    "an axis to nowhere": lambda: explore.Axis("one", 0, math.inf),
    "an axis of logarithms": lambda: explore.Axis("one", 0, 1, scale="log"),
    "half a line": lambda: explore.Line("one", [1], []),
    "a mark on no row": lambda: explore.Panel.number_line(
        "one", explore.Axis("one", 0, 1), [], [explore.Mark(0)]
    ),
    "no scene": lambda: Explorable(5, []),
    "no sliders": lambda: Explorable(abs, []),
    "a slider of another kind": lambda: Explorable(abs, [5]),
    "a name that is taken": lambda: Explorable(abs, [explore.Slider("value", 0, 0, 1)]),
    "a name twice": lambda: Explorable(abs, [explore.Slider("p", 0, 0, 1)] * 2),
}


@pytest.mark.parametrize("name", WRONG_USE_OF_EXPLORABLES)
def test_wrong_use_of_an_explorable(pseudo, name):
    with pytest.raises((ValueError, TypeError)) as caught:
        WRONG_USE_OF_EXPLORABLES[name]()
    own = (
        r"'[\w ]*'",
        r"\{\"its name\": .*?\}",
        r"\bSlider\(.*?\)",
        r"\b(?:side_by_side|recovery|loss_surface|bug_hunt)\b",
    )
    own = (*own, r"\b(?:cross_entropy(?:_grad)?|exp_number_line|log_softmax|set)\b", *TYPES)
    said([str(caught.value)], (*own, r"\b(?:p|one|dtype|temperature|offset|float\d+|EOS|a|b)\b"))


def test_a_scene_that_fails(pseudo):
    widget = Explorable(lambda _values: 5, [explore.Slider("p", 0, 0, 1)])
    said([*texts_of(widget.scene.to_dict())], TYPES)


def test_what_the_page_of_an_explorable_says_itself(pseudo):
    words = made(EXPLORABLES[0])._words
    said([*texts_of(words)], (r"\{\w+\}",))
    assert set(Explorable.class_own_traits(sync=True)) == {
        "_words",
        "_controls",
        "_scene",
        "_recording",
    }


def test_what_goes_round_the_catalogue_is_noticed(pseudo, solved, monkeypatch):
    monkeypatch.setattr("lnnn.learn.check._", lambda message: message)
    with pytest.raises(AssertionError, match="in no message: Next\n"):
        said(str(check(solved["nll"])).splitlines())


def test_what_goes_round_the_catalogue_in_an_explorable_is_noticed(pseudo, monkeypatch):
    monkeypatch.setattr("lnnn.explore.numbers._", lambda message: message)
    with pytest.raises(AssertionError, match="not from the catalogue: nats\n"):
        said([*texts_of(made("surprisal").scene.to_dict())], own_of("surprisal", ()))
