"""Whatever a learner reads is said in the reader's language: whole, and with nothing left over."""

import errno
import functools
import os
import re

import numpy as np
import pytest
from pseudo import assert_said, lines_of_html, outside

from lnnn import check, hint, labs, progress, quiz
from lnnn.learn import catalogue, quiz_source
from lnnn.learn.errors import LearnError
from lnnn.learn.quiz import QuizWidget
from lnnn.report import markup

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
    own = (*TYPES, *OF_THE_ANSWERS, r"\bhint\(")  # the text takes the backticks off
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


def test_what_goes_round_the_catalogue_is_noticed(pseudo, solved, monkeypatch):
    monkeypatch.setattr("lnnn.learn.check._", lambda message: message)
    with pytest.raises(AssertionError, match="in no message: Next\n"):
        said(str(check(solved["nll"])).splitlines())
