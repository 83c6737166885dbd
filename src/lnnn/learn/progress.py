"""``progress()``: which quizzes are answered and which lab functions pass."""

from dataclasses import dataclass
from enum import StrEnum

from lnnn import labs
from lnnn.messages import _, ngettext
from lnnn.report.pages import environment, stylesheet
from lnnn.suite.results import Outcome

from . import catalogue, quiz_source, store
from .errors import LearnError


class State(StrEnum):
    """How far a learner is with a quiz or a function."""

    DONE = "done"
    BEGUN = "begun"
    OPEN = "not begun"

    @property
    def word(self) -> str:
        """What a person reads."""
        words = (_("done"), _("begun"), _("not begun"))
        return dict(zip(State, words, strict=True))[self]

    @property
    def sign(self) -> str:
        """One character that stands beside the word."""
        return dict(zip(State, "✓◐○", strict=True))[self]

    @property
    def css(self) -> str:
        """Its class name."""
        classes = (Outcome.PASSED, "begun", Outcome.NOT_WRITTEN)
        return dict(zip(State, classes, strict=True))[self]


@dataclass(frozen=True)
class Line:
    """One quiz or one lab function: how far it is, and that in a few words."""

    name: str
    state: State
    words: str


@dataclass(frozen=True)
class Section:
    """The quizzes, or one lab."""

    title: str
    lines: tuple[Line, ...]

    @property
    def summary(self) -> str:
        """``2 of 4 done``."""
        done = sum(line.state is State.DONE for line in self.lines)
        return _("{done} of {total} done").format(done=done, total=len(self.lines))


@dataclass(frozen=True)
class ProgressView:
    """The learner's progress. A notebook shows a table; ``str()`` gives the same as text."""

    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def _repr_mimebundle_(self, **_options) -> dict[str, str]:
        template = environment().get_template("progress.html.j2")
        html = template.render(view=self, style=stylesheet("theme.css", "rows.css", "progress.css"))
        return {"text/html": html, "text/plain": str(self)}

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = []
        for section in self.sections:
            head = _("{title}: {summary}")
            lines.append(head.format(title=section.title, summary=section.summary))
            width = max(len(line.name) for line in section.lines)
            lines += [f"  {e.state.sign} {e.name:<{width}}  {e.words}" for e in section.lines]
        return "\n".join([*lines, *(_("Note: {text}").format(text=note) for note in self.notes)])


def progress(name: str | None = None) -> ProgressView:
    """Your progress in every quiz and every lab of the course, or in ``name`` alone.

    ``name`` is a notebook or a lab, such as "lab04_log_softmax". Raises LearnError for another.
    """
    quizzes = [q for q in quiz_source.names() if name in (None, q)]
    asked = [lab for lab in catalogue.labs() if name in (None, lab.name)]
    if not quizzes and not asked and name is not None:
        known = sorted({*quiz_source.names(), *(lab.name for lab in catalogue.labs())})
        text = _("progress({name!r}): there is no such page. It knows {known}.")
        raise LearnError(text.format(name=name, known=", ".join(known)))
    stored, notes = store.read()
    sections = [_lab_section(lab, stored) for lab in asked]
    if quizzes:
        lines = tuple(_quiz_line(quiz, stored) for quiz in quizzes)
        sections.insert(0, Section(_("Quizzes") if name is None else _("Quiz"), lines))
    return ProgressView(tuple(sections), notes)


def _lab_section(lab: catalogue.LabEntry, stored: store.Progress) -> Section:
    done = stored.functions.get(lab.name, {})
    lines = (_function_line(f, len(lab.rules_for(f)), done.get(f)) for f in lab.functions)
    return Section(labs.title(lab.name), tuple(lines))


def _quiz_line(name: str, stored: store.Progress) -> Line:
    quiz = quiz_source.load(name)
    entries = [quiz_source.answer_of(stored, name, q) for q in quiz.questions]
    right = sum(entry.right for entry in entries)
    tried = sum(bool(entry.tried) for entry in entries)
    # A placement quiz asks what you know already: it is done when it is answered.
    reached = tried if quiz.is_placement else right
    total = len(entries)
    state = State.DONE if reached == total else State.BEGUN if tried else State.OPEN
    words = ngettext("{total} question", "{total} questions", total)
    if tried:
        words = _("{right} of {total} right")
    return Line(labs.title(name), state, words.format(right=right, total=total))


def _function_line(function: str, count: int, entry: dict | None) -> Line:
    entry = entry or {}
    passed, total = entry.get("passed"), entry.get("total", count)
    hints = entry.get("hints", 0)
    state = State.DONE if entry.get("done") else State.BEGUN if entry else State.OPEN
    words = _("{passed} of {total} checks passed").format(passed=passed, total=total)
    if passed is None:
        words = ngettext("{n} check", "{n} checks", count).format(n=count)
    if isinstance(hints, int) and hints > 0:
        text = ngettext("{words}, {n} hint taken", "{words}, {n} hints taken", hints)
        words = text.format(words=words, n=hints)
    return Line(function, state, words)
