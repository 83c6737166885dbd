"""``progress()``: which quizzes are answered and which lab functions pass."""

from dataclasses import dataclass

from lnnn.report.pages import environment, stylesheet
from lnnn.suite.results import Outcome

from . import catalogue, quiz_source, store
from .errors import LearnError

DONE, BEGUN, OPEN = "done", "begun", "not begun"
_SIGNS = {DONE: "✓", BEGUN: "◐", OPEN: "○"}
_CSS = {DONE: Outcome.PASSED, BEGUN: "begun", OPEN: Outcome.NOT_WRITTEN}


@dataclass(frozen=True)
class Line:
    """One quiz or one lab function: how far it is, and that in a few words."""

    name: str
    state: str
    words: str

    @property
    def sign(self) -> str:
        """The mark of ``state``."""
        return _SIGNS[self.state]

    @property
    def css(self) -> str:
        """The class name of ``state``."""
        return _CSS[self.state]


@dataclass(frozen=True)
class Section:
    """The quizzes, or one lab."""

    title: str
    lines: tuple[Line, ...]

    @property
    def summary(self) -> str:
        """``2 of 4 done``."""
        done = sum(line.state == DONE for line in self.lines)
        return f"{done} of {len(self.lines)} done"


@dataclass(frozen=True)
class ProgressView:
    """The learner's progress. A notebook shows a table; ``str()`` gives the same as text."""

    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def _repr_mimebundle_(self, **_) -> dict[str, str]:
        template = environment().get_template("progress.html.j2")
        html = template.render(view=self, style=stylesheet("theme.css", "rows.css", "progress.css"))
        return {"text/html": html, "text/plain": str(self)}

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = []
        for section in self.sections:
            lines.append(f"{section.title}: {section.summary}")
            width = max(len(line.name) for line in section.lines)
            lines += [f"  {e.sign} {e.name:<{width}}  {e.words}" for e in section.lines]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def progress(name: str | None = None) -> ProgressView:
    """Your progress in every quiz and every lab of the course, or in ``name`` alone.

    ``name`` is a notebook or a lab, such as "lab04_log_softmax". Raises LearnError for another.
    """
    quizzes = [q for q in quiz_source.names() if name in (None, q)]
    labs = [lab for lab in catalogue.labs() if name in (None, lab.name)]
    if not quizzes and not labs and name is not None:
        known = sorted({*quiz_source.names(), *(lab.name for lab in catalogue.labs())})
        raise LearnError(f"progress({name!r}): there is no such page. It knows {', '.join(known)}.")
    stored, notes = store.read()
    sections = [_lab_section(lab, stored) for lab in labs]
    if quizzes:
        lines = tuple(_quiz_line(quiz, stored) for quiz in quizzes)
        sections.insert(0, Section("Quizzes" if name is None else "Quiz", lines))
    return ProgressView(tuple(sections), notes)


def _lab_section(lab: catalogue.LabEntry, stored: store.Progress) -> Section:
    done = stored.functions.get(lab.name, {})
    lines = (_function_line(f, len(lab.rules_for(f)), done.get(f)) for f in lab.functions)
    return Section(title(lab.name), tuple(lines))


def title(name: str) -> str:
    """``lab04_log_softmax`` -> ``Lab 04 · log softmax``; without "lab" the same without "Lab"."""
    head, _, rest = name.partition("_")
    head = f"Lab {head.removeprefix('lab')}" if head.startswith("lab") else head
    return f"{head} · {rest.replace('_', ' ')}" if rest else head


def _quiz_line(name: str, stored: store.Progress) -> Line:
    quiz = quiz_source.load(name)
    entries = [quiz_source.answer_of(stored, name, q) for q in quiz.questions]
    right = sum(entry.right for entry in entries)
    tried = sum(bool(entry.tried) for entry in entries)
    # A placement quiz asks what you know already: it is done when it is answered.
    reached = tried if quiz.is_placement else right
    state = DONE if reached == len(entries) else BEGUN if tried else OPEN
    words = f"{right} of {len(entries)} right" if tried else f"{len(entries)} questions"
    return Line(title(name), state, words)


def _function_line(function: str, count: int, entry: dict | None) -> Line:
    entry = entry or {}
    passed, total = entry.get("passed"), entry.get("total", count)
    hints = entry.get("hints", 0)
    state = DONE if entry.get("done") else BEGUN if entry else OPEN
    words = f"{passed} of {total} checks passed"
    if passed is None:
        words = f"{count} check" if count == 1 else f"{count} checks"
    if isinstance(hints, int) and hints > 0:
        words += f", {hints} hint{'s' if hints > 1 else ''} taken"
    return Line(function, state, words)
