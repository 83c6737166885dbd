"""``quiz("04_log_softmax")``: a quiz in the notebook.

The page gets questions and options only. Which option is right, and why, comes from Python when the
reader has chosen; so the page's source gives nothing away.
"""

from pathlib import Path

import anywidget
import traitlets

from lnnn import labs
from lnnn.messages import _, ngettext
from lnnn.report import markup
from lnnn.report.pages import css, render

from . import quiz_source, store

_STATIC = Path(__file__).parent / "static"


class QuizWidget(anywidget.AnyWidget):
    """The quiz ``name`` as a widget. Raises LearnError when it can't be loaded.

    ``words`` are what the page itself says, in the reader's language: see ``_words``.
    ``questions`` is a list of ``{"id", "text", "options"}``, texts as runs of ``report.markup``.
    ``answers`` maps the id of a question to ``{"tried": [{"option", "correct", "explanation"}],
    "right", "hint"}`` and holds only what the reader has chosen or asked for.
    """

    _esm = (_STATIC / "quiz.js").read_text(encoding="utf-8")
    _css = str(css("theme")) + (_STATIC / "quiz.css").read_text(encoding="utf-8")

    words = traitlets.Dict().tag(sync=True)
    heading = traitlets.Unicode().tag(sync=True)
    questions = traitlets.List().tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)
    advice = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str):
        quiz = quiz_source.load(name)
        self._quiz = quiz
        stored, notes = store.read()
        super().__init__(
            words=_words(),
            heading=_("Quiz {title}").format(title=labs.title(name)),
            questions=[
                {"id": q.id, "text": q.text.runs, "options": [o.text.runs for o in q.options]}
                for q in quiz.questions
            ],
            answers=self._answers(stored),
            advice=self._advice(stored),
            note=" ".join(notes),
        )
        self.on_msg(self._received)

    def choose(self, question: str, option: int):
        """Answer ``question`` (its id) with the option of this index."""
        asked = self._question(question)
        if isinstance(option, bool) or option not in range(len(asked.options)):
            raise ValueError(f"{question}: option must be 0 to {len(asked.options) - 1}")

        def edit(entry: dict):
            before = entry.get("tried")
            before = before if isinstance(before, list) else []
            entry["tried"] = [*(o for o in before if o != option), option]
            entry.setdefault("first", option)
            entry["right"] = bool(entry.get("right")) or option == asked.correct

        self._change(asked, edit)

    def take_hint(self, question: str):
        """Show the hint of ``question`` (its id)."""
        self._change(self._question(question), lambda entry: entry.update(hint=True))

    @property
    def score(self) -> tuple[int, int]:
        """How many questions have been answered right, and how many there are."""
        right = sum(answer["right"] for answer in self.answers.values())
        return right, len(self._quiz.questions)

    def _question(self, name) -> quiz_source.Question:
        for question in self._quiz.questions:
            if question.id == name:
                return question
        raise ValueError(f"{self._quiz.name} has no question {name!r}")

    def _received(self, _widget, content, _buffers):
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "answer":
            self.choose(content.get("question"), content.get("option"))
        elif kind == "hint":
            self.take_hint(content.get("question"))
        else:
            raise ValueError(f"the page sent {content!r}; known are answer and hint")

    def _change(self, asked: quiz_source.Question, edit):
        def edit_progress(progress: store.Progress):
            entry = progress.question(self._quiz.name, asked.id)
            if entry.get("fingerprint") != asked.fingerprint:
                entry.clear()
                entry["fingerprint"] = asked.fingerprint
            edit(entry)

        stored, notes = store.change(edit_progress)
        with self.hold_sync():
            self.answers = self._answers(stored)
            self.advice = self._advice(stored)
            self.note = " ".join(notes)
        # The same answer twice changes no trait, but the page waits for a word.
        self.send({"kind": "done"})

    def _answers(self, stored: store.Progress) -> dict:
        shown = {}
        for question in self._quiz.questions:
            answer = quiz_source.answer_of(stored, self._quiz.name, question)
            if not answer.tried and not answer.hint:
                continue
            options = question.options
            shown[question.id] = {
                "tried": [
                    {
                        "option": i,
                        "correct": options[i].correct,
                        "explanation": options[i].explanation.runs,
                    }
                    for i in answer.tried
                ],
                "right": answer.right,
                "hint": question.hint.runs if answer.hint else None,
            }
        return shown

    def _advice(self, stored: store.Progress) -> str:
        """Where to begin, from the first answers to a placement quiz; "" for any other quiz."""
        if not self._quiz.is_placement:
            return ""
        firsts = [
            (q, quiz_source.answer_of(stored, self._quiz.name, q).first)
            for q in self._quiz.questions
        ]
        open_ = sum(first is None for _question, first in firsts)
        if open_:
            text = ngettext(
                "{n} to go, then you will see where to begin. First answers count.",
                "{n} to go, then you will see where to begin. First answers count.",
                open_,
            )
            return text.format(n=open_)
        missed = [labs.title(q.page) for q, first in firsts if first != q.correct]
        if not missed:
            last = labs.title(self._quiz.questions[-1].page)
            text = _("All right at the first try. Skim the recaps, and begin with {page}.")
            return text.format(page=last)
        begin, *more = missed
        text = _("Begin with {page}.")
        if more:
            text = _("Begin with {page}. Then read {others} with care.")
        return text.format(page=begin, others=", ".join(more))

    def _repr_mimebundle_(self, **kwargs):
        # Where no widget can be shown (GitHub, a Markdown export) the questions can be read.
        data, metadata = super()._repr_mimebundle_(**kwargs)
        html = render("quiz.html.j2", shown=self, quiz=self._quiz, html=markup.to_html)
        return {**data, "text/plain": str(self), "text/html": html}, metadata

    def __str__(self) -> str:
        lines = [_("{heading}. Run this cell to answer.").format(heading=self.heading)]
        for number, question in enumerate(self._quiz.questions, 1):
            lines.append(f"{number}. {markup.to_text(question.text.runs)}")
            lines += [f"   ( ) {markup.to_text(option.text.runs)}" for option in question.options]
        return "\n".join(lines)


def _words() -> dict[str, str]:
    """What static/quiz.js says, by the names it has there; it fills the places itself."""
    return {
        "check": _("Check answer"),
        "choose": _("Choose an answer first."),
        "hint": _("Hint"),
        "hinted": _("Hint."),
        "place": _("{number} of {total}"),
        "right": _("Right."),
        "wrong": _("Not right."),
        "score": _("{right} of {total} right"),
        "silent": _("No answer from Python yet. If it is not busy, run this cell again."),
    }


def quiz(name: str) -> QuizWidget:
    """The quiz ``name``, for example ``quiz("04_log_softmax")``. It keeps its score in progress.

    Raises LearnError when there is no such quiz.
    """
    return QuizWidget(name)
