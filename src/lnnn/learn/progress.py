"""``progress()``: which quizzes are answered and which lab functions pass."""

from dataclasses import dataclass

from lnnn import labs
from lnnn.messages import N_, _, ngettext
from lnnn.report.pages import Shown
from lnnn.suite.results import Outcome

from . import catalogue, quiz_source, store
from .errors import LearnError


@dataclass(frozen=True)
class State:
    """How far a learner is with a quiz or a function: its class name, a sign and a word."""

    css: str
    sign: str
    message: str

    @property
    def word(self) -> str:
        """What a person reads."""
        return _(self.message)


DONE = State(Outcome.PASSED, "✓", N_("done"))
BEGUN = State("begun", "◐", N_("begun"))
OPEN = State(Outcome.NOT_WRITTEN, "○", N_("not begun"))


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
        done = sum(line.state is DONE for line in self.lines)
        return _("{done} of {total} done").format(done=done, total=len(self.lines))


@dataclass(frozen=True, repr=False)
class ProgressView(Shown):
    """The learner's progress. A notebook shows a table; ``str()`` gives the same as text."""

    TEMPLATE = "progress.html.j2"

    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The progress as text."""
        lines = []
        for section in self.sections:
            head = _("{title}: {summary}")
            lines.append(head.format(title=section.title, summary=section.summary))
            width = max(len(line.name) for line in section.lines)
            lines += [f"  {e.state.sign} {e.name:<{width}}  {e.words}" for e in section.lines]
        return lines


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
    state = DONE if reached == total else BEGUN if tried else OPEN
    words = ngettext("{total} question", "{total} questions", total)
    if tried:
        words = _("{right} of {total} right")
    return Line(labs.title(name), state, words.format(right=right, total=total))


def _function_line(function: str, count: int, entry: dict | None) -> Line:
    entry = entry or {}
    passed, total = entry.get("passed"), entry.get("total", count)
    hints = entry.get("hints", 0)
    state = DONE if entry.get("done") else BEGUN if entry else OPEN
    words = _("{passed} of {total} checks passed").format(passed=passed, total=total)
    if passed is None:
        words = ngettext("{n} check", "{n} checks", count).format(n=count)
    if isinstance(hints, int) and hints > 0:
        text = ngettext("{words}, {n} hint taken", "{words}, {n} hints taken", hints)
        words = text.format(words=words, n=hints)
    return Line(function, state, words)
