"""The page a student gets back: what holds, what broke, what to do next. One file, no requests."""

from collections.abc import Iterator
from dataclasses import dataclass

from lnnn.suite.results import Outcome

from . import error_plot
from .pages import environment, stylesheet
from .rows import Group, Row, by_function

_STYLES = ("theme.css", "rows.css", "plot.css", "feedback.css")

_MEANING = {
    "graded": "Every cell ran to its end.",
    "partial": "Some cells did not run to their end. Everything that could be graded was.",
    "timeout": "Something took too long and was stopped. Everything else was graded.",
    "memory": "Something needed too much memory and was stopped. Everything else was graded.",
    "crashed": "Something ended the program that ran your code. Everything else was graded.",
    "unreadable": "Your file could not be graded.",
}


_ADVICE = {
    "timeout": "The usual cause is a loop whose end never comes. Bound its rounds, and print what "
    "it waits for in the first few of them.",
    "memory": "The usual cause is an array with far more elements than the answer needs. Print the "
    "shapes on the way.",
    "crashed": "The usual causes are exit() and a call into the system. A function answers with "
    "return or raise.",
}


@dataclass(frozen=True)
class Section:
    """One function on the page: its rows by outcome, why some were not run, its error plot.

    ``bar`` holds the shares of the function's points that are earned, broken and open, in percent.
    """

    anchor: str
    state: str
    group: Group
    broken: tuple[Row, ...]
    holding: tuple[Row, ...]
    open: tuple[Row, ...]
    reasons: tuple[str, ...]
    bar: tuple[float, float, float]
    plot: str


@dataclass(frozen=True)
class Step:
    """One thing to do next: a sentence in which ``link`` leads to the place it is about."""

    before: str
    link: str
    after: str
    anchor: str


def page(graded) -> str:
    """The HTML page of a ``grading.runner.Graded``.

    Shows the rule and the feedback of each test, never what the test saw. Every text is escaped.
    """
    plots = {curve.function: error_plot.figure(curve) for curve in graded.curves}
    groups = by_function(graded.tests, detail=False)
    sections = [_section(i, group, plots.get(group.function, "")) for i, group in enumerate(groups)]
    rows = [row for group in groups for row in group.rows]
    return (
        environment()
        .get_template("feedback.html.j2")
        .render(
            graded=graded,
            lab=_lab_title(graded.lab),
            meaning=_MEANING[graded.status],
            advice=_ADVICE.get(graded.status, ""),
            sections=sections,
            first_open=next((s.group.function for s in sections if s.broken or s.open), ""),
            held=sum(row.outcome is Outcome.PASSED for row in rows),
            rules=len(rows),
            steps=list(_steps(graded, sections)),
            style=stylesheet(*_STYLES),
        )
    )


def _section(index: int, group: Group, plot: str) -> Section:
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
        "all rules hold" if group.outcome is Outcome.PASSED else _state(broken, waiting),
        group,
        broken,
        holding,
        waiting,
        tuple(reasons),
        tuple(round(share / group.points, 2) for share in shares),
        plot,
    )


def _state(broken: tuple[Row, ...], waiting: tuple[Row, ...]) -> str:
    """The word for a function of which not every rule holds."""
    if broken:
        return f"{len(broken)} broken"
    if any(row.outcome is Outcome.NOT_RUN for row in waiting):
        return "stopped"
    return Outcome.NOT_WRITTEN.word


def _steps(graded, sections) -> Iterator[Step]:
    if graded.problem:
        return
    for error in graded.cell_errors:
        yield Step("Mend ", error.label, ": it did not run to its end.", "cells")
    for section in sections:
        group = section.group
        missing = f"{_points(group.points - group.earned)} open."
        if section.broken:
            kinds = "rule is" if len(section.broken) == 1 else "rules are"
            what = f": {len(section.broken)} {kinds} broken, {missing}"
        elif section.reasons:
            what = f" was stopped: {missing}"
        elif section.open:
            what = f" is not written yet: {missing}"
        else:
            continue
        yield Step("", f"`{group.function}`", what, section.anchor)


def _points(number: float) -> str:
    number = round(number, 6)
    return f"{number:g} point" if number == 1 else f"{number:g} points"


def _lab_title(lab: str) -> str:
    """``lab04_log_softmax`` -> ``Lab 04 · log softmax``."""
    number, _, topic = lab.partition("_")
    if not number.startswith("lab"):
        return lab
    return " · ".join(filter(None, (f"Lab {number[3:]}", topic.replace("_", " "))))
