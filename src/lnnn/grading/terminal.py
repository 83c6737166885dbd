"""What the instructor sees while a batch is graded, and the table at its end."""

from time import perf_counter

from rich import box, progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .results import ResultsFolder, plain
from .runner import GRADED, STATUSES, Graded

_SKIPPED_SHOWN = 10


class RunDisplay:
    """A progress bar on a terminal (done, not graded in full, rate, time left), lines elsewhere."""

    def __init__(self, total: int, seed: int, skipped: list[str], unsafe: bool, console=None):
        self._total = total
        self._count = 0
        self._start = perf_counter()
        self._results: list[Graded] = []
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._bar = _bar(self._console) if self._console.is_terminal else None
        self._task = None
        for line in skipped[:_SKIPPED_SHOWN]:
            self._say(f"Left out {line}.")
        if len(skipped) > _SKIPPED_SHOWN:
            self._say(f"Left out {len(skipped) - _SKIPPED_SHOWN} more.")
        if unsafe:
            self._say("No isolation: the submissions run with your rights and can read the suites.")
        self._say(f"Seed {seed} (pass --seed {seed} to draw the same inputs again).")

    def __enter__(self):
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, other=0)
        return self

    def __exit__(self, *_):
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
        score = f"{plain(graded.score)} of {plain(graded.max_score)}"
        self._say(f"{self._count}/{self._total} {graded.submission}: {graded.status}, {score}")

    def stop(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def closing_table(self, results: ResultsFolder) -> None:
        """How many submissions ended how, their mean score by lab, and where everything is."""
        seconds = perf_counter() - self._start
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("Lab", no_wrap=True)
        table.add_column("Status")
        table.add_column("Submissions", justify="right")
        table.add_column("Mean score", justify="right")
        for lab in sorted({g.lab for g in self._results}):
            of_lab = [g for g in self._results if g.lab == lab]
            rows = [(s, [g for g in of_lab if g.status == s]) for s in STATUSES]
            for status, those in [*rows, ("all", of_lab)]:
                if those:
                    table.add_row(lab or "(unknown)", status, str(len(those)), _mean(those))
                    lab = " "
            table.add_section()
        self._console.print(table)
        rate = len(self._results) / seconds
        self._say(f"{len(self._results)} submissions in {seconds:.1f} s ({rate:.1f} a second).")
        self._say(f"Grades:   {results.out / 'grades.csv'}")
        self._say(f"Details:  {results.out / 'results.jsonl'}")
        self._say(f"Feedback: {results.feedback}")

    def _say(self, line: str) -> None:
        # As Text: a file name may look like Rich's markup.
        self._console.print(Text(line), soft_wrap=True)


def _mean(those: list[Graded]) -> str:
    most = max(g.max_score for g in those)
    return f"{sum(g.score for g in those) / len(those):.1f} of {plain(most)}" if most else "–"


def _bar(console: Console) -> progress.Progress:
    return progress.Progress(
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[other]} not graded in full"),
        _Rate(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("left"),
        console=console,
        transient=True,
    )


class _Rate(progress.ProgressColumn):
    """Submissions a second."""

    def render(self, task):
        """The text of the column."""
        return Text(f"{task.finished_speed or task.speed or 0:.1f}/s")
