"""The command ``lnnn``: grade submissions, write and check the course.

Exit codes
    0    every submission has a result, whatever its score
    1    the grader itself failed on a submission (the others have their results); check-course
         found a fault; what ``try`` was given loses a rule
    2    wrong use: no such path, an empty folder, an unknown lab, no suites, --out is a file
    3    nothing can be graded here: no isolation, a suite that is wrong, a full disk; or an extra
         that the command needs is not installed
    130  interrupted; results.jsonl holds what was done so far
"""

import importlib.metadata
import re
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

import lnnn
from lnnn.messages import _

FAILED, WRONG_USE, CANNOT_GRADE, INTERRUPTED = 1, 2, 3, 130
_SEEDS = 10**9

SuitesFolder = Annotated[
    Path | None, typer.Option(help=_("The folder of the suites. Default: tests/hidden."))
]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


class Command(TyperCommand):
    """A command that ends with one sentence and code 3 when a module it loads isn't installed.

    The sentence names what to install, as this package's own metadata has it. A module that stands
    nowhere in there is a fault of ours: its error goes on.
    """

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            lacking = (error.name or "").partition(".")[0]
            wanted = wanted_for(lacking)
            if wanted is None:
                raise
            text = _("{command} needs {module}: {step}").format(
                command=ctx.command_path, module=lacking, step=f"pip install '{wanted}'"
            )
            raise _stop(text, CANNOT_GRADE) from error


def wanted_for(module: str) -> str | None:
    """What to install for ``module``: ``lnnn``, ``lnnn[extra]``, or None if neither brings it.

    Of several extras the one that brings least. What a distribution that isn't installed holds can
    only be told from its name: ``msgpack`` is in msgpack, ``yaml`` in pyyaml.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    of_that_name = re.compile(f"(py|py-|python-)?{canonicalize_name(module)}(-python)?")
    package = importlib.metadata.metadata("lnnn")
    requirements = [Requirement(text) for text in package.get_all("Requires-Dist", [])]
    choices = []
    for extra in ("", *package.get_all("Provides-Extra", [])):
        brought = [
            canonicalize_name(requirement.name)
            for requirement in requirements
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        ]
        if module != "lnnn" and any(map(of_that_name.fullmatch, brought)):
            choices.append((len(brought), f"lnnn[{extra}]" if extra else "lnnn"))
    return min(choices)[1] if choices else None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lnnn {lnnn.__version__}")
        raise typer.Exit


def _help(*paragraphs: str) -> str:
    """The help of a command: what it does, and what more there is to know."""
    return "\n\n".join(paragraphs)


@app.callback(help=_("ln nn: a course on log-probabilities that don't blow up."))
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help=_("Say the version.")),
    ] = False,
) -> None:
    """Everything that the command line does, one command each."""


@app.command(
    cls=Command,
    help=_help(
        _("Grade submissions: points by test, a feedback page each, one table for all."),
        _(
            "Leaves OUT/grades.csv, OUT/results.jsonl and OUT/feedback/. Ends with 0 when every "
            "submission has a result, whatever its score; 1 when the grader itself failed on one; "
            "2 for wrong use; 3 when nothing can be graded here; 130 when interrupted."
        ),
    ),
)
def grade(
    paths: Annotated[
        list[Path], typer.Argument(help=_("Notebooks, Python files, or folders that hold them."))
    ],
    out: Annotated[Path, typer.Option(help=_("The folder for grades.csv and the rest."))],
    lab: Annotated[
        str | None,
        typer.Option(
            help=_("The lab of every submission. Default: what the notebook or its name says.")
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help=_("Draws the tests' inputs. Default: a fresh one, which is printed.")
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help=_("Submissions graded at a time. Default: one a core.")),
    ] = None,
    suites: SuitesFolder = None,
    unsafe_no_sandbox: Annotated[
        bool,
        typer.Option(
            "--unsafe-no-sandbox",
            help=_("Run submissions without isolation: they can read and change your files."),
        ),
    ] = False,
) -> None:
    """Grade submissions into the folder ``out``."""
    # Loaded here, so that --help and a mistyped option answer at once.
    from lnnn.grading import batch
    from lnnn.grading.batch import CannotGradeError, Settings, find_submissions, grade_batch
    from lnnn.grading.results import ResultsFolder
    from lnnn.grading.suites import Suites, SuitesError, find_suites
    from lnnn.grading.terminal import RunDisplay

    with _ending(WRONG_USE, SuitesError):
        known = Suites(find_suites() if suites is None else suites.resolve())
        lab = known.lab(lab) if lab is not None else None
    try:
        found = find_submissions(paths)
    except FileNotFoundError as error:
        text = _("{path}: there is no such file or folder. Check the path.")
        raise _stop(text.format(path=error.args[0]), WRONG_USE) from error
    except batch.LinkedFolderError as error:
        raise _stop(str(error), WRONG_USE) from error
    if not found.work:
        text = _("{paths}: no .ipynb or .py file here. Check the path.")
        raise _stop(text.format(paths=", ".join(map(str, paths))), WRONG_USE)
    try:
        results = ResultsFolder(out, [work.name for work in found.work])
    except (FileExistsError, NotADirectoryError) as error:
        text = _("{path}: this is a file. Give {option} a folder; it is made if it isn't there.")
        raise _stop(text.format(path=out, option="--out"), WRONG_USE) from error
    except OSError as error:
        text = _("{path}: can't write there ({why}).")
        raise _stop(text.format(path=out, why=error.strerror), WRONG_USE) from error

    settings = Settings(
        known.folder,
        secrets.randbelow(_SEEDS) if seed is None else seed,
        backend="none" if unsafe_no_sandbox else "auto",
        lab=lab,
    )
    notices = [*filter(None, [batch.why_fewer(jobs, settings.limits)]), *found.skipped]
    with RunDisplay(len(found.work), settings.seed, notices, unsafe_no_sandbox) as display:

        def done(graded, page):
            results.add(graded, page)
            display.done(graded)

        try:
            grade_batch(found.work, settings, done, jobs)
            results.finish()
        except CannotGradeError as error:
            display.stop()
            raise _stop(str(error), CANNOT_GRADE) from error
        except KeyboardInterrupt:
            display.stop()
            results.keep_unfinished()
            text = _("Interrupted. What was done so far is in {file}.")
            raise _stop(text.format(file=results.out / "results.jsonl"), INTERRUPTED) from None
        except OSError as error:
            display.stop()
            text = _("{path}: can't write the results ({why}).")
            raise _stop(text.format(path=out, why=error), CANNOT_GRADE) from error
    display.closing_table(results)
    if display.failed_in_grader:
        raise typer.Exit(FAILED)


@app.command(
    "try",
    cls=Command,
    help=_help(
        _("List the rules that an answer loses, and what each test saw."),
        _(
            "For those who write suites and answers: what is printed holds hidden inputs. "
            "Functions that the file does not define are left out. Ends with 0 when no rule is "
            "lost, 1 when one is, 2 for wrong use, 3 when nothing can be graded here."
        ),
    ),
)
def try_answer(
    lab: Annotated[str, typer.Argument(help=_("The lab, such as lab04."))],
    file: Annotated[
        Path, typer.Argument(help=_("A notebook or a Python file with one answer or more."))
    ],
    seed: Annotated[int, typer.Option(min=0, help=_("Draws the tests' inputs."))] = 0,
    suites: SuitesFolder = None,
) -> None:
    """Grade the answers in ``file`` and list what they lose."""
    from lnnn.grading.jail import JailUnavailable
    from lnnn.grading.runner import Grader
    from lnnn.grading.suites import Suites, SuitesError, find_suites
    from lnnn.grading.trial import lost_rules
    from lnnn.suite.rule import SuiteError

    with _ending(WRONG_USE, SuitesError):
        known = Suites(find_suites() if suites is None else suites.resolve())
        lab = known.lab(lab)
    with _ending(CANNOT_GRADE, JailUnavailable, SuiteError), Grader(known, seed) as grader:
        submission = grader.read(file, lab)
        if submission.problem:
            raise _stop(submission.problem, WRONG_USE)
        graded = grader.grade(submission)
    lines, lost = lost_rules(graded)
    for line in lines:
        typer.echo(line)
    if lost:
        raise typer.Exit(FAILED)


@app.command(
    "new-lab",
    cls=Command,
    help=_(
        "Write the six files of a new lab as templates; check-course names what is still to do."
    ),
)
def new_lab(
    name: Annotated[str, typer.Argument(help=_("Its name, such as lab10_topic."))],
    functions: Annotated[list[str], typer.Argument(help=_("The functions that it asks for."))],
    root: Annotated[
        Path | None, typer.Option(help=_("The checkout to write to. Default: this package's."))
    ] = None,
) -> None:
    """Write the templates and list them."""
    from lnnn.build import new_lab, project
    from lnnn.build.errors import BuildError

    with _ending(WRONG_USE, BuildError):
        written = new_lab.write_templates(root or project.ROOT, name, functions)
    for path in written:
        typer.echo(path.as_posix())
    typer.echo("Fill in what says TODO. Then: make notebooks, and lnnn check-course.")


@app.command(
    "check-course",
    cls=Command,
    help=_help(
        _("Prove that the course is whole: files, checks, hints, points, leaks, scores."),
        _(
            "Every lab as shipped must score nothing and its solution everything, through the "
            "real grader. Ends with 0 when all is well, 1 when something is wrong, 3 when nothing "
            "can be graded here."
        ),
    ),
)
def check_course(
    root: Annotated[
        Path | None,
        typer.Option(help=_("The checkout to look at. Default: the one of this package.")),
    ] = None,
) -> None:
    """Inspect the course and list its faults."""
    from lnnn.build import project
    from lnnn.build.errors import BuildError
    from lnnn.check_course import inspect_course
    from lnnn.grading.jail import JailUnavailable
    from lnnn.grading.suites import SuitesError

    faults = 0
    with _ending(FAILED, BuildError, SuitesError), _ending(CANNOT_GRADE, JailUnavailable):
        for inspection in inspect_course((root or project.ROOT).resolve()):
            typer.echo(f"{'✗' if inspection.faults else '✓'} {inspection.name}: {inspection.found}")
            for fault in inspection.faults:
                typer.echo(f"    {fault}")
            faults += len(inspection.faults)
    if faults:
        raise _stop(f"{faults} {'fault' if faults == 1 else 'faults'}.", FAILED)
    typer.echo("The course is whole.")


@contextmanager
def _ending(code: int, *errors: type[Exception]):
    """Within the block, an error of these kinds ends the command with its text and ``code``."""
    try:
        yield
    except errors as error:
        raise _stop(str(error), code) from error


def _stop(text: str, code: int) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)
