"""The page a student gets back: what holds, what broke, what to do next. One file, no requests."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from lnnn import labs
from lnnn.messages import N_, _, ngettext
from lnnn.suite.results import Outcome, TestResult

from . import error_plot
from .pages import render, ticks
from .rows import Group, by_function
from .visible import visible

# The word for each status, what it means, and for some what to do.
_STATUSES = {
    "graded": (N_("graded"), N_("Every cell ran to its end.")),
    "partial": (
        N_("partial"),
        N_("Some cells did not run to their end. Everything that could be graded was."),
    ),
    "timeout": (
        N_("timeout"),
        N_("Something took too long and was stopped. Everything else was graded."),
        N_(
            "The usual cause is a loop whose end never comes. Bound its rounds, and print what it "
            "waits for in the first few of them."
        ),
    ),
    "memory": (
        N_("memory"),
        N_("Something needed too much memory and was stopped. Everything else was graded."),
        N_(
            "The usual cause is an array with far more elements than the answer needs. Print the "
            "shapes on the way."
        ),
    ),
    "crashed": (
        N_("crashed"),
        N_("Something ended the program that ran your code. Everything else was graded."),
        N_(
            "The usual causes are exit() and a call into the system. A function answers with "
            "return or raise."
        ),
    ),
    "unreadable": (N_("unreadable"), N_("Your file could not be graded.")),
}


def status_word(status: str) -> str:
    """What a person reads of a status."""
    return _(_STATUSES[status][0])


@dataclass(frozen=True)
class Section:
    """One function on the page: its rows by outcome, why some were not run, its error plot.

    ``bar`` holds the shares of the function's points that are earned, broken and open, in percent;
    ``as_if`` says on what the function builds that is not right.
    """

    anchor: str
    state: str
    group: Group
    broken: tuple[TestResult, ...]
    holding: tuple[TestResult, ...]
    open: tuple[TestResult, ...]
    reasons: tuple[str, ...]
    bar: tuple[float, float, float]
    as_if: str
    plot: str

    @property
    def held(self) -> str:
        """How many rules hold."""
        n = len(self.holding)
        if n == len(self.group.rows):
            return ngettext("The one rule holds", "All {n} rules hold", n).format(n=n)
        return ngettext("{n} rule holds", "{n} rules hold", n).format(n=n)

    @property
    def points(self) -> str:
        """What is earned of what is to be had."""
        return _of_points(self.group.earned, self.group.points)


@dataclass(frozen=True)
class Step:
    """One thing to do next: a sentence in which ``{place}`` leads to the place it is about."""

    sentence: str
    place: str
    anchor: str

    @property
    def html(self) -> Markup:
        """The sentence with its link."""
        link = Markup('<a href="#{}">{}</a>').format(self.anchor, ticks(self.place))
        before, _between, after = self.sentence.partition("{place}")
        return escape(before) + link + escape(after)


def page(graded) -> str:
    """The HTML page of a ``grading.runner.Graded``.

    Shows the rule and the feedback of each test, never what the test saw. Every text is escaped.
    """
    plots = {curve.function: error_plot.figure(curve) for curve in graded.curves}
    groups = by_function(graded.tests, detail=False)
    sections = [
        _section(
            i,
            group,
            _as_if(group.function, graded.as_if.get(group.function, ())),
            plots.get(group.function, ""),
        )
        for i, group in enumerate(groups)
    ]
    rows = [row for group in groups for row in group.rows]
    word, meaning, *advice = map(_, _STATUSES[graded.status])
    text = render(
        "feedback.html.j2",
        graded=graded,
        lab=labs.title(graded.lab),
        status=word,
        meaning=meaning,
        advice=" ".join(advice),
        score=_score(graded),
        sections=sections,
        first_open=next((s.group.function for s in sections if s.broken or s.open), ""),
        held=sum(row.outcome is Outcome.PASSED for row in rows),
        rules=len(rows),
        steps=list(_steps(graded, sections)),
    )
    return visible(text)


def _as_if(function: str, others: tuple[str, ...]) -> str:
    """That a function was marked as if the ``others``, on which it builds, were right."""
    if not others:
        return ""
    text = ngettext(
        "`{function}` builds on {others}. It was marked as if that were right.",
        "`{function}` builds on {others}. It was marked as if these were right.",
        len(others),
    )
    return text.format(function=function, others=", ".join(f"`{name}`" for name in others))


def _section(index: int, group: Group, as_if: str, plot: str) -> Section:
    def of(*outcomes):
        return tuple(row for row in group.rows if row.outcome in outcomes)

    broken, holding, waiting = (
        of(Outcome.FAILED),
        of(Outcome.PASSED),
        of(Outcome.NOT_WRITTEN, Outcome.NOT_RUN),
    )
    shares = [100 * sum(row.points for row in part) for part in (holding, broken, waiting)]
    reasons = dict.fromkeys(row.feedback for row in of(Outcome.NOT_RUN))
    return Section(
        f"function-{index + 1}",
        _("all rules hold") if group.outcome is Outcome.PASSED else _state(broken, waiting),
        group,
        broken,
        holding,
        waiting,
        tuple(reasons),
        tuple(round(share / group.points, 2) for share in shares),
        as_if,
        plot,
    )


def _state(broken: tuple[TestResult, ...], waiting: tuple[TestResult, ...]) -> str:
    """The word for a function of which not every rule holds."""
    if broken:
        return ngettext("{n} broken", "{n} broken", len(broken)).format(n=len(broken))
    if any(row.outcome is Outcome.NOT_RUN for row in waiting):
        return _("stopped")
    return Outcome.NOT_WRITTEN.word


def _steps(graded, sections) -> Iterator[Step]:
    if graded.problem:
        return
    for label in dict.fromkeys(error.label for error in graded.cell_errors):
        yield Step(_("{place} did not run to its end: mend it."), label, "cells")
    for section in sections:
        group = section.group
        if section.broken:
            text = ngettext(
                "{place}: {n} rule is broken, {points} open.",
                "{place}: {n} rules are broken, {points} open.",
                len(section.broken),
            )
        elif section.reasons:
            text = _("{place} was stopped: {points} open.")
        elif section.open:
            text = _("{place} is not written yet: {points} open.")
        else:
            continue
        sentence = text.format(
            place="{place}", n=len(section.broken), points=_points(group.points - group.earned)
        )
        yield Step(sentence, f"`{group.function}`", section.anchor)


def _points(number: float) -> str:
    return ngettext("{n:g} point", "{n:g} points", 1 if round(number, 6) == 1 else 2).format(
        n=round(number, 6)
    )


def _score(graded) -> Markup:
    """The points of the whole submission, those that are earned in bold."""
    earned = Markup("<b>{:.10g}</b>").format(graded.score)
    text = escape(_("{earned} of {points:.10g} points"))
    return text.format(earned=earned, points=graded.max_score)


def _of_points(earned: float, points: float) -> str:
    return _("{earned:.10g} of {points:.10g} points").format(earned=earned, points=points)
