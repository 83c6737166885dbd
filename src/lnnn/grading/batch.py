"""Grade many submissions on many cores, so that none of them can stop or slow the others."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import connection
from pathlib import Path
from time import perf_counter

from lnnn.messages import _
from lnnn.report import feedback
from lnnn.suite.rule import SuiteError

from .jail import JailUnavailable, Limits
from .runner import CRASHED, Graded, Grader
from .source_file import SUFFIXES, display_name
from .submission import lab_from_file, read_submission
from .suites import Suites, SuitesError

# A worker that takes longer is killed: Python's parser, say, can't be interrupted otherwise.
READ_SECONDS = 30
GRADER_SECONDS = 60

_IGNORED_FOLDERS = {"__pycache__", "__MACOSX", "node_modules"}


class CannotGradeError(Exception):
    """No submission can be graded here: no isolation, or a suite that is wrong."""


@dataclass(frozen=True)
class Work:
    """One file to grade. ``note`` says how it got its name, if that is not its own."""

    name: str
    path: Path
    note: str = ""


@dataclass(frozen=True)
class Found:
    """The submissions below some paths, sorted by name, and sentences on what was left out."""

    work: list[Work]
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """What every worker needs to know."""

    suites: Path
    seed: int
    limits: Limits = field(default_factory=Limits)
    backend: str = "auto"
    lab: str | None = None


# ---------------------------------------------------------------------------------- what to grade


def find_submissions(paths: Iterable[Path]) -> Found:
    """The files at ``paths`` and, in folders, every .ipynb and .py file below.

    Raises FileNotFoundError for a path that does not exist.
    """
    files: dict[Path, None] = {}
    skipped: list[str] = []
    for path in map(Path, paths):
        if not os.path.lexists(path):
            raise FileNotFoundError(path)
        if path.is_dir() and path.suffix.lower() != ".ipynb":
            for file in _walk(path, skipped):
                files[file] = None
        else:
            files[path] = None
    unique: dict[str, Path] = {}
    for file in files:
        unique.setdefault(os.path.abspath(file), file)  # noqa: PTH100 - keeps links as they are
    return Found(sorted(_named(list(unique.values())), key=lambda w: w.name), skipped)


def _walk(folder: Path, skipped: list[str]) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        ignored = [f for f in folders if f.startswith(".") or f in _IGNORED_FOLDERS]
        notebooks = [f for f in folders if f not in ignored and f.lower().endswith(".ipynb")]
        folders[:] = sorted(set(folders) - set(ignored) - set(notebooks))
        text = _("Left out {path}: a folder of another program.")
        skipped.extend(text.format(path=_shown(here / f)) for f in sorted(ignored))
        for name in sorted([*files, *notebooks]):
            path = here / name
            if name.startswith("."):
                text = _("Left out {path}: a hidden file.")
            elif path.suffix.lower() == ".zip":
                text = _("Left out {path}: a packed file; unpack it first.")
            elif path.suffix.lower() not in SUFFIXES:
                text = _("Left out {path}: neither .ipynb nor .py.")
            else:
                yield path
                continue
            skipped.append(text.format(path=_shown(path)))


def _shown(path: Path) -> str:
    return str(path.parent / display_name(path)).encode("utf-8", "replace").decode()


def _named(files: list[Path]) -> list[Work]:
    """A name for each file: its stem, after its folders and before its suffix where need be."""
    alike: dict[str, list[Path]] = {}
    stems = {file: display_name(file).rsplit(".", 1)[0] or display_name(file) for file in files}
    for file in files:
        alike.setdefault(stems[file].casefold(), []).append(file)
    names = dict(stems)
    for group in alike.values():
        prefixes = _prefixes({file.absolute().parent for file in group})
        for file in group:
            here = file.absolute().parent
            suffix = file.suffix[1:].lower()
            neighbours = sum(other.absolute().parent == here for other in group)
            parts = [*prefixes[here], stems[file], *([suffix] if neighbours > 1 else [])]
            names[file] = "_".join(parts)
    for count, file in enumerate(_twice(names), 1):
        names[file] += f"_{count}"
    return [Work(names[file], file, _note(stems[file], names[file])) for file in files]


def _prefixes(folders: set[Path]) -> dict[Path, list[str]]:
    """The last few names of each folder: as few as tell the folders apart, none for one alone."""
    depth = 0
    ends = {folder: [] for folder in folders}
    deepest = max(len(folder.parts) for folder in folders)
    while len({tuple(end) for end in ends.values()}) < len(folders) and depth < deepest:
        depth += 1
        ends = {f: [display_name(Path(part)) for part in f.parts[1:][-depth:]] for f in folders}
    return ends


def _twice(names: dict[Path, str]) -> list[Path]:
    count: dict[str, int] = {}
    for name in names.values():
        count[name.casefold()] = count.get(name.casefold(), 0) + 1
    return [file for file, name in names.items() if count[name.casefold()] > 1]


def _note(stem: str, name: str) -> str:
    if stem == name:
        return ""
    text = _("More than one file is named {stem}; this one is listed as {name}.")
    return text.format(stem=stem, name=name)


# ------------------------------------------------------------------------------------- the workers


class _Worker:
    """What a worker process keeps: its grader, or why it has none."""

    grader: Grader | None = None
    settings: Settings | None = None
    problem: str = ""


def _start_worker(settings: Settings, started) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with started.get_lock():
        started.value += 1
        turn = started.value
    stay_on_one_core(turn)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Worker.settings = settings
    try:
        _Worker.grader = Grader(
            Suites(settings.suites), settings.seed, settings.limits, settings.backend
        )
    except JailUnavailable as error:
        _Worker.problem = str(error)


def stay_on_one_core(turn: int) -> None:
    """Bind this process, and what it starts, to one core; workers of one run take them in turn.

    Grader and submission never work at the same time: each waits for the other. A call to a process
    on another core took 0.29 ms, on the same core 0.21 ms (medians of three runs in turn). Does
    nothing where the system has no such call.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[turn % len(cores)]})


def _end_with_parent() -> None:
    """Leave no worker behind when the grader itself is killed."""
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _grade(work: Work) -> tuple[Graded, str]:
    """Grade one file in a worker; its result and its feedback page."""
    if _Worker.problem:
        raise CannotGradeError(_Worker.problem)
    grader, settings = _Worker.grader, _Worker.settings
    start = perf_counter()
    try:
        with _deadline(READ_SECONDS):
            submission = read_submission(work.path, grader.suites, settings.lab, work.name)
            submission = replace(submission, notes=(*filter(None, [work.note]), *submission.notes))
        read = perf_counter()
        # The tests and the error curve share the submission's budget; the rest is the grader's.
        with _deadline(GRADER_SECONDS + settings.limits.total_seconds):
            graded = grader.grade(submission)
    except (SuiteError, SuitesError) as error:
        raise CannotGradeError(str(error)) from error
    ran = perf_counter()
    page = feedback.page(graded)
    timings = {"read": read - start, **graded.timings, "feedback": perf_counter() - ran}
    return replace(graded, timings=timings, seconds=perf_counter() - start), page


@contextmanager
def _deadline(seconds: float):
    """End this worker, by the signal's default action, if the block takes longer."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(work: Work, reason: str) -> tuple[Graded, str]:
    """The result of a file that can't be graded because grading it ends the worker."""
    if _Worker.problem:
        raise CannotGradeError(_Worker.problem)
    grader, settings = _Worker.grader, _Worker.settings
    lab = lab_from_file(work.path, grader.suites, settings.lab)
    graded = grader.without_running(work.name, lab, CRASHED, reason)
    return graded, feedback.page(graded)


# --------------------------------------------------------------------------------------- the batch


def grade_batch(
    work: list[Work],
    settings: Settings,
    done: Callable[[Graded, str], None],
    jobs: int | None = None,
) -> None:
    """Grade ``work`` in ``jobs`` processes; ``done(result, page)`` is called for each as it comes.

    A submission whose worker dies or fails is graded once more, alone in a process of its own, so
    that it takes nobody with it; if that fails too its status is "crashed". Raises CannotGradeError
    when nothing can be graded.
    """
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(work)))
    waiting = deque(work)
    flying: dict[Future, Work] = {}
    pool = _pool(jobs, settings)
    try:
        while waiting or flying:
            # One task more than workers: enough to keep them busy, few suspects if one dies.
            while waiting and len(flying) < jobs + 1:
                flying[pool.submit(_grade, waiting[0])] = waiting[0]
                waiting.popleft()
            finished = wait(flying, return_when=FIRST_COMPLETED).done
            again = []
            broken = False
            for future in finished:
                item = flying.pop(future)
                error = future.exception()
                if error is None:
                    done(*future.result())
                else:
                    again.append(item)
                    broken = broken or isinstance(error, BrokenProcessPool)
                    _raise_if_hopeless(error)
            if broken:
                again += _salvage(flying, done)
                pool.shutdown(wait=False)
                pool = _pool(jobs, settings)
            for item in again:
                done(*_grade_alone(item, settings))
    except BaseException:
        _abandon(pool)
        raise
    pool.shutdown()


def _salvage(flying: dict[Future, Work], done) -> list[Work]:
    """After a pool broke: hand over what was ready, return the rest."""
    lost = []
    for future, item in flying.items():
        if future.exception() is None:
            done(*future.result())
        else:
            lost.append(item)
    flying.clear()
    return lost


def _grade_alone(work: Work, settings: Settings) -> tuple[Graded, str]:
    with _pool(1, settings) as pool:
        future = pool.submit(_grade, work)
        error = future.exception()
    if error is None:
        return future.result()
    _raise_if_hopeless(error)
    reason = _failed_twice(error)
    with _pool(1, settings) as pool:
        future = pool.submit(_give_up, work, reason)
        error = future.exception()
    if error is None:
        return future.result()
    graded = Graded(work.name, settings.lab or "", CRASHED, 0.0, 0.0, problem=reason)
    return graded, feedback.page(graded)


def _failed_twice(error: BaseException) -> str:
    if isinstance(error, BrokenProcessPool):
        return _(
            "Grading this file failed twice: the process that graded it ended or took too long. "
            "Show it to your instructor."
        )
    text = _(
        "Grading this file failed twice, with {kind} in the grader. Show it to your instructor."
    )
    return text.format(kind=type(error).__name__)


def _raise_if_hopeless(error: BaseException) -> None:
    if isinstance(error, CannotGradeError):
        raise error


def _pool(jobs: int, settings: Settings) -> ProcessPoolExecutor:
    # Spawned, not forked: the parent may run threads, such as the one that draws the progress bar.
    context = multiprocessing.get_context("spawn")
    # Two runs side by side should not begin at the same core.
    started = context.Value("l", os.getpid())
    return ProcessPoolExecutor(jobs, context, _start_worker, (settings, started))


def _abandon(pool: ProcessPoolExecutor) -> None:
    """End the pool without waiting for what its workers still do."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
