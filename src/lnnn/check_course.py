"""``lnnn check-course``: is the course whole?

Every lab has its parts, every function its checks, hints and answers; no file stands about that
nothing accounts for; nothing that is built is older than what it was built from; no solution stands
where students look. Then the real grader: what students get scores nothing, what solves a lab
scores everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from lnnn.build import input_leaks, leaks, project
from lnnn.build.errors import BuildError
from lnnn.build.solutions import BEGIN_FAULTY, answer_function, solved_namespace
from lnnn.build.source import Source
from lnnn.grading.runner import Graded, Grader
from lnnn.grading.suites import Suites
from lnnn.learn import catalogue
from lnnn.learn.errors import LearnError
from lnnn.suite.results import Outcome
from lnnn.suite.rule import SuiteError
from lnnn.suite.runner import Suite

POINTS = 100
HINTS = 3  # a function: from the vaguest to the plainest
CHECKS = 2  # a function, at least

_LABS = Path("src/lnnn/labs")
_LEARN = Path("src/lnnn/learn")
_QUIZZES = _LEARN / "quizzes"
_HIDDEN = Path("tests/hidden")
_BANKS = Path("tests/grading/banks")


@dataclass(frozen=True)
class Inspection:
    """One thing that was looked at, and what is wrong with it: sentences, none when all is well."""

    name: str
    found: str
    faults: tuple[str, ...] = ()


def inspect_course(root: Path = project.ROOT) -> Iterator[Inspection]:
    """Look at the course below ``root``, one thing at a time.

    Raises BuildError for a source that can't be read, and JailUnavailable where nothing can be
    graded.
    """
    sources = project.find_sources(root)
    labs = [source for source in sources if source.kind == "lab"]
    yield _files(root, sources)
    yield _built(root)
    for lab in labs:
        yield _parts(root, lab)
        yield _leaks(root, lab)
    with Grader(Suites(root / _HIDDEN)) as grader:
        for lab in labs:
            yield _grades(root, lab, grader)


def parts_of(source: Source) -> list[Path]:
    """The files that belong to a source, as paths from the root, without the source itself."""
    parts = [product.path for product in project.products_of(source)]
    if source.kind == "course":
        return [*parts, _QUIZZES / f"{source.name}.toml"]
    parts += [_LABS / source.name / name for name in ("rules.py", "hints.toml", "quiz.toml")]
    parts += [_HIDDEN / f"test_{source.name}.py", _BANKS / f"{source.name}.py"]
    return parts


def _files(root: Path, sources: list[Source]) -> Inspection:
    """Every file that a source needs is there, and no other."""
    wanted = {path for source in sources for path in [source.path, *parts_of(source)]}
    wanted |= {folder / "__init__.py" for folder in (_LABS, _BANKS)}
    wanted |= {_HIDDEN / name for name in ("conftest.py", "inputs.py")}
    # A function need not have an error plot.
    optional = {_LABS / source.name / "sweep.py" for source in sources if source.kind == "lab"}
    folders = ("source", "course", "labs", "solutions", _HIDDEN, _LABS, _QUIZZES, _BANKS)
    there = {
        path.relative_to(root)
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    faults = [
        f"{path.as_posix()} is missing. Write it, or build it with `make notebooks`."
        for path in sorted(wanted - there)
    ]
    faults += [
        f"{path.as_posix()} belongs to no source. Remove it, or bring its source back."
        for path in sorted(there - wanted - optional)
    ]
    faults += [
        f"{path.as_posix()}:{number} still says TODO: {line.strip()}"
        for path in sorted(wanted & there)
        if path.suffix != ".ipynb"
        for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1)
        if "TODO" in line
    ]
    return Inspection("files", f"{len(sources)} sources, {len(there)} files", tuple(faults))


def _built(root: Path) -> Inspection:
    """Every built file that is there was made from its inputs as they are. Runs no notebook."""
    paths = project.product_paths(root)
    faults = [
        f"{path.as_posix()} is out of date: {change}. Run `make notebooks`."
        for path, change in project.out_of_date(root).items()
        if (root / path).is_file()
    ]
    found = f"{len(paths) - len(faults)} of {len(paths)} are up to date"
    return Inspection("built files", found, tuple(faults))


def _parts(root: Path, lab: Source) -> Inspection:
    """The functions of a lab are the same everywhere, and each has what a learner needs."""
    functions = [answer_function(lab, cell).name for cell in lab.answers]
    faults = []
    try:
        entry = catalogue.entry(root / _LABS / lab.name)
        hints = {name: catalogue.hints_of(entry, name) for name in functions}
        rules = Suite(root / _HIDDEN / f"test_{lab.name}.py").rules
    except (LearnError, SuiteError, OSError) as error:
        return Inspection(lab.name, "its parts", (str(error),))
    counts = {name: len(entry.rules_for(name)) for name in entry.functions}
    points = {name: sum(r.points for r in rules if r.function == name) for name in functions}
    graded = list(dict.fromkeys(rule.function for rule in rules))
    for where, named in (("rules.py", list(counts)), ("the hidden suite", graded)):
        if named != functions:
            faults.append(
                f"{where} has the functions {', '.join(named)}; the source asks for "
                f"{', '.join(functions)}. Bring the two in step, in this order."
            )
    for name in functions:
        if len(hints[name]) != HINTS:
            faults.append(
                f"{name} has {len(hints[name])} hints and needs {HINTS}, from the vaguest to the "
                "plainest. Add them to hints.toml."
            )
        if counts.get(name, 0) < CHECKS:
            faults.append(
                f"{name} has {counts.get(name, 0)} rules with examples; {CHECKS} are the least."
            )
    total = sum(points.values())
    if total != POINTS:
        faults.append(f"the hidden suite is worth {total:g} points, not {POINTS}.")
    found = (
        f"{len(functions)} functions, {len(rules)} rules, {sum(counts.values())} with examples, "
        f"{total:g} points"
    )
    return Inspection(lab.name, found, tuple(faults))


def _leaks(root: Path, lab: Source) -> Inspection:
    """Neither a statement of a solution nor an input of the grader stands where students look."""
    try:
        student = root / "labs" / f"{lab.name}.ipynb"
        shipped = [root / room for room in (_LABS, _LEARN)]
        leaks.check_lab(lab, nbformat.read(student, as_version=4), shipped)
        suite = Suite(root / _HIDDEN / f"test_{lab.name}.py")
        rules = catalogue.entry(root / _LABS / lab.name).rules
        solution = solved_namespace(lab)
        handed = input_leaks.grader_inputs(suite, solution)
        notebooks = [student, *sorted((root / "course").glob("*.ipynb"))]
        faults = [
            f"{test}: the grader's inputs make a call that the learner's examples make too. Draw "
            "them, or change the example."
            for test in input_leaks.shared_with_examples(handed, rules, solution)
        ]
        faults += [
            f"the grader's input {what}: students can read it. Draw it."
            for what in input_leaks.written_out(handed, notebooks)
        ]
    except (BuildError, LearnError, SuiteError, OSError) as error:
        return Inspection(lab.name, "solutions and what students get", (str(error),))
    return Inspection(lab.name, "no solution and no input in what students get", tuple(faults))


def _grades(root: Path, lab: Source, grader: Grader) -> Inspection:
    """Through the real grader: nothing for what students get, everything for the solution."""
    name = f"{lab.name}.ipynb"
    try:
        shipped = grader.grade(grader.read(root / "labs" / name))
        solved = grader.grade(grader.read(root / "solutions" / name))
    except (SuiteError, OSError) as error:
        return Inspection(lab.name, "grades", (str(error),))
    faults = []
    for what, graded, wanted in (("labs", shipped, 0), ("solutions", solved, POINTS)):
        if (graded.status, graded.score) != ("graded", wanted):
            lost = [
                test.name for test in graded.tests if (test.earned < test.points) == bool(wanted)
            ]
            faults.append(
                f"{what}/{name} scores {graded.score:g} of {graded.max_score:g} ({graded.status}) "
                f"and should score {wanted}. {graded.problem}".rstrip()
                + f" Look at {', '.join(lost[:5])}."
            )
    faults += _states(lab, shipped)
    found = f"as shipped {shipped.score:g}, solved {solved.score:g} of {solved.max_score:g}"
    return Inspection(lab.name, found, tuple(faults))


def _states(lab: Source, shipped: Graded) -> list[str]:
    """A stub is "not written"; code that is shipped to be mended runs and fails.

    Rules that wait for the fault to be mended are "not run".
    """
    faults = []
    for cell in lab.answers:
        function = answer_function(lab, cell).name
        wanted, waiting = Outcome.NOT_WRITTEN, set()
        if BEGIN_FAULTY in cell.text:
            wanted, waiting = Outcome.FAILED, {Outcome.NOT_RUN}
        outcomes = {test.outcome for test in shipped.tests if test.function == function}
        if outcomes - waiting != {wanted}:
            faults.append(
                f"{function} as shipped reads {', '.join(o.word for o in sorted(outcomes))}; it "
                f"should read {wanted.word} in every test that is run."
            )
    return faults
