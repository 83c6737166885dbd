"""Read the quizzes: one TOML file each, checked before anybody sees a question. A page's stands in
``quizzes``, a lab's in the folder of its lab.

A *placement* quiz has six questions, and each names the ``page`` that answers it; from the first
answers it recommends where to begin.
"""

import difflib
import functools
import re
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path

from lnnn.messages import _
from lnnn.report import markup

from . import catalogue, store
from .errors import LearnError

QUIZZES = Path(__file__).parent / "quizzes"

_QUESTION = {"id", "text", "hint", "option", "page"}
PLACEMENT_QUESTIONS = 6
_OPTION = {"text", "explanation", "correct"}


class Text(str):
    """A text of a quiz as its file has it, in English."""

    @property
    def runs(self) -> tuple:
        """The text in the reader's language, as runs of ``report.markup``."""
        return markup.parse(_(self))


@dataclass(frozen=True)
class Option:
    """One answer to choose."""

    text: Text
    explanation: Text
    correct: bool


@dataclass(frozen=True)
class Question:
    """One question with its options, in the order of the file."""

    id: str
    text: Text
    hint: Text
    options: tuple[Option, ...]
    fingerprint: str
    page: str = ""  # of a placement quiz: the page that answers it, "03_logsumexp"

    @property
    def correct(self) -> int:
        """The index of the right option."""
        return next(i for i, option in enumerate(self.options) if option.correct)


@dataclass(frozen=True)
class Quiz:
    """A quiz: 3 to 5 questions, or a placement quiz of six."""

    name: str
    questions: tuple[Question, ...]

    @property
    def is_placement(self) -> bool:
        """True when the quiz recommends where to begin."""
        return bool(self.questions[0].page)


@dataclass(frozen=True)
class Answer:
    """What the learner did with a question: options tried in order, right once, hint taken, and
    the option tried first."""

    tried: tuple[int, ...] = ()
    right: bool = False
    hint: bool = False
    first: int | None = None


def names() -> tuple[str, ...]:
    """The names of all quizzes, in order."""
    return tuple(sorted(_paths()))


def load(name: str) -> Quiz:
    """The quiz ``name``. Raises LearnError when there is none, or when its file breaks a rule."""
    if not isinstance(name, str):
        example = (names() or ("04_log_softmax",))[0]
        text = _("quiz({name!r}): the name of a quiz is a text. Try quiz({example!r}).")
        raise LearnError(text.format(name=name, example=example))
    paths = _paths()
    if name not in paths:
        near = difflib.get_close_matches(name, names(), 1)
        text = _("quiz({name!r}): there is no quiz of this name. There are: {known}.")
        if near:
            text = _("quiz({name!r}): there is no quiz of this name. Did you mean {near!r}?")
        near, known = near[0] if near else "", ", ".join(names())
        raise LearnError(text.format(name=name, near=near, known=known))
    return _load(paths[name], paths[name].stat().st_mtime_ns)


def _paths() -> dict[str, Path]:
    labs = catalogue.LABS.glob("*/quiz.toml")
    pages = {path.stem: path for path in QUIZZES.glob("*.toml")}
    return pages | {path.parent.name: path for path in labs}


def answer_of(stored: store.Progress, quiz: str, question: Question) -> Answer:
    """What progress holds for a question; nothing when the question has changed since."""
    entry = stored.quizzes.get(quiz, {}).get(question.id, {})
    if entry.get("fingerprint") != question.fingerprint:
        return Answer()
    tried = entry.get("tried", [])
    options = range(len(question.options))
    tried = tuple(t for t in tried if t in options) if isinstance(tried, list) else ()
    first = entry.get("first")
    first = first if first in tried else None
    return Answer(tried, bool(entry.get("right")), bool(entry.get("hint")), first)


@functools.lru_cache(maxsize=64)
def _load(path: Path, _changed: int) -> Quiz:
    of_a_lab = path.name == "quiz.toml"
    name = path.parent.name if of_a_lab else path.stem
    where = f"{name}/quiz.toml" if of_a_lab else f"quizzes/{path.name}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LearnError(f"{where}: not valid TOML: {error}.") from None
    _only(where, table, {"question"})
    questions = table.get("question", [])
    placement = any("page" in question for question in questions)
    if placement and len(questions) != PLACEMENT_QUESTIONS:
        raise LearnError(
            f"{where}: has {len(questions)} questions; a placement quiz, whose questions name a "
            f"page, has {PLACEMENT_QUESTIONS}. Add or take out [[question]]s."
        )
    if not placement and not 3 <= len(questions) <= 5:
        raise LearnError(
            f"{where}: has {len(questions)} questions; a quiz has 3 to 5. "
            "Add or take out [[question]]s."
        )
    parsed = tuple(_question(where, i, q) for i, q in enumerate(questions, 1))
    named = [question.page for question in parsed]
    if placement and (not all(named) or named != sorted(named)):
        raise LearnError(
            f"{where}: every question of a placement quiz names a page, in the order of the "
            f"course, not {named}."
        )
    ids = [question.id for question in parsed]
    for twice in {i for i in ids if ids.count(i) > 1}:
        raise LearnError(f"{where}: the id {twice!r} stands twice. Give each question its own.")
    return Quiz(name, parsed)


def _question(where: str, number: int, table: dict) -> Question:
    where = f"{where}: question {number}"
    _only(where, table, _QUESTION)
    name = table.get("id")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise LearnError(f"{where}: the id must be small letters, digits and dashes, not {name!r}.")
    where = f"{where} ({name})"
    options = table.get("option", [])
    if not 2 <= len(options) <= 6:
        raise LearnError(
            f"{where}: has {len(options)} options; it needs 2 to 6 [[question.option]]s."
        )
    parsed = tuple(_option(f"{where}, option {i}", o) for i, o in enumerate(options, 1))
    right = sum(option.correct for option in parsed)
    if right != 1:
        raise LearnError(
            f"{where}: {right} options are marked correct = true; it must be exactly one."
        )
    text, hint = _text(where, table, "text"), _text(where, table, "hint")
    options = [(markup.parse(option.text), option.correct) for option in parsed]
    shown = repr((markup.parse(text), options))
    page = table.get("page", "")
    if not isinstance(page, str) or ("page" in table and not re.fullmatch(r"\d\d_\w+", page)):
        raise LearnError(f"{where}: page is the name of a notebook, `03_logsumexp`, not {page!r}.")
    return Question(name, text, hint, parsed, f"{zlib.crc32(shown.encode()):08x}", page)


def _option(where: str, table: dict) -> Option:
    _only(where, table, _OPTION)
    correct = table.get("correct", False)
    if not isinstance(correct, bool):
        raise LearnError(f"{where}: correct must be true or false, not {correct!r}.")
    return Option(_text(where, table, "text"), _text(where, table, "explanation"), correct)


def _text(where: str, table: dict, key: str) -> Text:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip():
        raise LearnError(f'{where}: {key} is missing or empty. Write {key} = "…".')
    try:
        markup.parse(text.strip())
    except ValueError as error:
        raise LearnError(f"{where}: {error}. Known tags: {', '.join(markup.TAGS)}.") from None
    return Text(text.strip())


def _only(where: str, table: dict, known: set[str]):
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."
            raise LearnError(f"{where}: unknown key {key}. {hint}")
