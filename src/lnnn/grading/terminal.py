"""What the instructor sees while a batch is graded, and the table at its end."""

from time import perf_counter

from rich import box, progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lnnn.messages import _, ngettext
from lnnn.report.feedback import status_word

from .results import ResultsFolder, other_labs, plain
from .runner import GRADED, STATUSES, Graded

_SKIPPED_SHOWN = 10


class RunDisplay:
    """A progress bar on a terminal (done, not graded in full, rate, time left), lines elsewhere.

    ``skipped`` are sentences on what was left out, or is not as it was asked for.
    """

    def __init__(self, total: int, seed: int, skipped: list[str], unsafe: bool, console=None):
        self._total = total
        self._count = 0
        self._start = perf_counter()
        self._results: list[Graded] = []
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._bar = _bar(self._console) if self._console.is_terminal else None
        self._task = None
        for line in skipped[:_SKIPPED_SHOWN]:
            self._say(line)
        if more := len(skipped[_SKIPPED_SHOWN:]):
            self._say(ngettext("Left out {n} more.", "Left out {n} more.", more).format(n=more))
        if unsafe:
            self._say(
                _("No isolation: the submissions run with your rights and can read the suites.")
            )
        text = _("Seed {seed} (pass --seed {seed} to draw the same inputs again).")
        self._say(text.format(seed=seed))

    def __enter__(self):
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, other=0)
        return self

    def __exit__(self, *_error):
        self.stop()

    @property
    def failed_in_grader(self) -> bool:
        """True when the grader itself failed on a submission."""
        return any(g.status == "crashed" and g.problem for g in self._results)

    def done(self, graded: Graded) -> None:
        """One more submission has its result."""
        self._count += 1
        self._results.append(graded)
        if self._bar is not None:
            other = sum(g.status != GRADED for g in self._results)
            self._bar.update(self._task, advance=1, other=other)
            return
        text = _("{count}/{total} {submission}: {status}, {score} of {points}")
        self._say(
            text.format(
                count=self._count,
                total=self._total,
                submission=graded.submission,
                status=status_word(graded.status),
                score=plain(graded.score),
                points=plain(graded.max_score),
            )
        )

    def stop(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def closing_table(self, results: ResultsFolder) -> None:
        """How many submissions ended how, their mean score by lab, and where everything is."""
        seconds = perf_counter() - self._start
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(_("Lab"), no_wrap=True)
        table.add_column(_("Status"))
        table.add_column(_("Submissions"), justify="right")
        table.add_column(_("Mean score"), justify="right")
        for lab in sorted({g.lab for g in self._results}):
            of_lab = [g for g in self._results if g.lab == lab]
            rows = [(status_word(s), [g for g in of_lab if g.status == s]) for s in STATUSES]
            for status, those in [*rows, (_("all"), of_lab)]:
                if those:
                    table.add_row(lab or _("(unknown)"), status, str(len(those)), _mean(those))
                    lab = " "
            table.add_section()
        self._console.print(table)
        for line in other_labs(self._results):
            self._say(line)
        n = len(self._results)
        text = ngettext(
            "{n} submission in {seconds:.1f} s ({rate:.1f} a second).",
            "{n} submissions in {seconds:.1f} s ({rate:.1f} a second).",
            n,
        )
        self._say(text.format(n=n, seconds=seconds, rate=n / seconds))
        self._say(_("Grades: {file}").format(file=results.out / "grades.csv"))
        self._say(_("Details: {file}").format(file=results.out / "results.jsonl"))
        self._say(_("Feedback: {folder}").format(folder=results.feedback))

    def _say(self, line: str) -> None:
        # As Text: a file name may look like Rich's markup.
        self._console.print(Text(line), soft_wrap=True)


def _mean(those: list[Graded]) -> str:
    most = max(g.max_score for g in those)
    mean = sum(g.score for g in those) / len(those)
    return _("{mean:.1f} of {points:.10g}").format(mean=mean, points=most) if most else "–"


def _bar(console: Console) -> progress.Progress:
    return progress.Progress(
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        _Other(),
        _Rate(),
        _Left(),
        console=console,
        transient=True,
    )


class _Other(progress.ProgressColumn):
    """How many submissions were not graded in full."""

    def render(self, task):
        """The text of the column."""
        n = task.fields["other"]
        text = ngettext("{n} not graded in full", "{n} not graded in full", n)
        return Text(text.format(n=n))


class _Rate(progress.ProgressColumn):
    """Submissions a second."""

    def render(self, task):
        """The text of the column."""
        rate = task.finished_speed or task.speed or 0
        return Text(_("{rate:.1f}/s").format(rate=rate))


class _Left(progress.TimeRemainingColumn):
    """The time that is left."""

    def render(self, task):
        """The text of the column."""
        time = super().render(task)
        return Text(_("{time} left").format(time=time.plain), style=time.style)
