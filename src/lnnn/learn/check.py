"""``check(log_softmax)``: run a lab's rules on a function of the notebook, on their examples."""

import contextlib
import os
import random
import warnings
from dataclasses import dataclass, replace

import numpy as np

from lnnn.messages import _, ngettext
from lnnn.report import error_curve, error_plot, rows
from lnnn.report.pages import Shown
from lnnn.suite.lab import Lab
from lnnn.suite.results import Outcome, TestResult
from lnnn.suite.runner import check_examples

from . import catalogue, store
from .lab_function import LabFunction, lab_function
from .notebook_caller import NotebookCaller


@dataclass(frozen=True, repr=False)
class CheckReport(Shown):
    """What a check found. A notebook shows it; ``str()`` and ``repr()`` give the same as text.

    ``results`` holds one ``TestResult`` a check. ``curve`` is the measured error, when something
    broke and there is a sweep for the function. ``printed`` is what the function printed.
    """

    TEMPLATE = "check.html.j2"

    function: str
    results: tuple[TestResult, ...]
    curve: error_curve.ErrorCurve | None = None
    printed: str = ""
    hints: int = 0
    following: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def group(self) -> rows.Group:
        """The results as rows."""
        return rows.by_function(self.results, detail=True)[0]

    @property
    def outcome(self) -> Outcome:
        """Passed, failed or not written."""
        return self.group.outcome

    @property
    def headline(self) -> str:
        """One line: how many checks passed."""
        total, passed = len(self.results), self.group.passed
        if self.outcome is Outcome.PASSED:
            text = ngettext(
                "{function}: the check passed", "{function}: all {total} checks passed", total
            )
        elif self.outcome is Outcome.NOT_WRITTEN:
            text = ngettext(
                "{function}: not written yet, {total} check to pass",
                "{function}: not written yet, {total} checks to pass",
                total,
            )
        else:
            text = ngettext(
                "{function}: {passed} of {total} check passed",
                "{function}: {passed} of {total} checks passed",
                total,
            )
        return text.format(function=self.function, passed=passed, total=total)

    @property
    def next_step(self) -> str:
        """What to do now; code stands between backticks."""
        if self.outcome is Outcome.PASSED:
            if self.following:
                return _("Next in this lab: `{function}`.").format(function=self.following)
            return _("That was the last function of this lab.")
        text = _("Change the function, run its cell, then run this cell again.")
        if self.outcome is Outcome.NOT_WRITTEN:
            text = _("Write the function, run its cell, then run this cell again.")
        if not self.hints:
            return text
        hint = ngettext(
            "`hint({function})` gives a hint.",
            "`hint({function})` gives the next of {n} hints.",
            self.hints,
        )
        return f"{text} {hint.format(function=self.function, n=self.hints)}"

    @property
    def picture(self) -> str:
        """The curve as HTML, or ''."""
        return "" if self.curve is None else error_plot.figure(self.curve)

    def lines(self) -> list[str]:
        """The report as text."""
        lines = [f"{self.outcome.sign} {self.headline}"]
        width = max(len(row.outcome.word) for row in self.group.rows)
        for row in self.group.rows:
            lines.append(f"  {row.outcome.sign} {row.outcome.word:<{width}}  {row.rule}")
            if row.outcome is Outcome.FAILED:
                inner = " " * (width + 6)
                seen = row.detail.replace("\n", f"\n{inner}      ")
                lines += [inner + _("Seen: {text}").format(text=seen)] if seen else []
                lines += [inner + _("Think: {text}").format(text=row.feedback)]
        if self.curve is not None:
            lines.append(_("Measured: {finding}").format(finding=self.curve.finding))
        if self.printed:
            lines.append(_("{function} printed:").format(function=self.function))
            lines += [f"  {line}" for line in self.printed.splitlines()]
        return [*lines, self.next_step.replace("`", "")]


def check(function) -> CheckReport:
    """Run the checks of the lab that asks for ``function`` and report rule by rule.

    ``function`` is the function object, under the name that the lab gives it. Raises LearnError for
    anything else. An endless loop in it ends with the interrupt button (■) or Ctrl-C. The report
    goes to the learner's progress.
    """
    asked = lab_function("check", function)
    caller = NotebookCaller(asked.namespace)
    lab = Lab(caller)
    with _undisturbed():
        results = check_examples(asked.lab.rules_for(asked.name), lab)
        broken = any(r.outcome is Outcome.FAILED for r in results)
        curve = error_curve.measure(lab, asked.name) if broken else None
    if curve is not None and curve.within_contract:
        curve = None  # what broke is something else, and the picture would not show it
    results = tuple(_with_place(result, caller.places) for result in results)
    notes = _record(asked, results)
    return CheckReport(
        asked.name,
        results,
        curve,
        caller.printed.text,
        len(catalogue.hints_of(asked.lab, asked.name)),
        asked.lab.after(asked.name),
        notes,
    )


@contextlib.contextmanager
def _undisturbed():
    """Leave the notebook as it was: restore np.seterr, print options, both global random states,
    warning filters and the working directory, which a function that is checked may change."""
    here = os.getcwd()  # noqa: PTH109 - os.chdir undoes what os.getcwd read
    numbers, numpy_numbers = random.getstate(), np.random.get_state()
    with np.errstate(), np.printoptions(), warnings.catch_warnings():
        try:
            yield
        finally:
            random.setstate(numbers)
            np.random.set_state(numpy_numbers)
            os.chdir(here)


def _with_place(result: TestResult, places: dict[str, str]) -> TestResult:
    place = places.get(result.detail) if result.outcome is Outcome.FAILED else None
    return result if place is None else replace(result, detail=f"{result.detail} ({place})")


def _record(asked: LabFunction, results: tuple[TestResult, ...]) -> tuple[str, ...]:
    passed = sum(r.outcome is Outcome.PASSED for r in results)

    def edit(progress: store.Progress):
        entry = progress.function(asked.lab.name, asked.name)
        entry["passed"], entry["total"] = passed, len(results)
        entry["done"] = bool(entry.get("done")) or passed == len(results)

    return store.change(edit)[1]
