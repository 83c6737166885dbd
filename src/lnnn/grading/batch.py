"""Grade many submissions on many cores, so that none of them can stop or slow the others."""

import contextlib
import hashlib
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from multiprocessing import connection
from pathlib import Path
from time import perf_counter

from lnnn.messages import _, ngettext
from lnnn.report import feedback
from lnnn.suite.rule import SuiteError

from . import reading
from .jail import JailUnavailable, Limits
from .reading import SUFFIXES, display_name
from .runner import CRASHED, Graded, Grader
from .suites import Suites, SuitesError

# What the grader's own work on a submission may take, reading it included. A worker that takes
# longer is killed.
GRADER_SECONDS = 60
# The most memory that a worker itself uses, with a submission's largest reply in it.
_WORKER_MB = 500

_IGNORED_FOLDERS = {"__pycache__", "__MACOSX", "node_modules"}


class CannotGradeError(Exception):
    """No submission can be graded here: no isolation, or a suite that is wrong."""


class LinkedFolderError(Exception):
    """A path that was given is a link to a folder. The text says so."""


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

    No link is followed. Raises FileNotFoundError for a path that does not exist, LinkedFolderError
    for a link to a folder.
    """
    files: dict[Path, None] = {}
    skipped: list[str] = []
    for path in map(Path, paths):
        if not os.path.lexists(path):
            raise FileNotFoundError(path)
        if path.is_dir() and path.is_symlink():
            text = _("{path} is a symbolic link to a folder. Give the folder itself.")
            raise LinkedFolderError(text.format(path=_shown(path)))
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
        linked = [f for f in folders if f not in ignored and (here / f).is_symlink()]
        notebooks = [f for f in notebooks if f not in linked]
        folders[:] = sorted(set(folders) - set(ignored) - set(notebooks) - set(linked))
        text = _("Left out {path}: a symbolic link to a folder.")
        skipped.extend(text.format(path=_shown(here / f)) for f in sorted(linked))
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
    return str(Path(*(display_name(Path(part)) or part for part in path.parts)))


def _named(files: list[Path]) -> list[Work]:
    """A name for each file: its stem, after its folders and before its suffix where need be."""
    alike: dict[str, list[Path]] = {}
    stems = {file: display_name(file).rsplit(".", 1)[0] or display_name(file) for file in files}
    for file in files:
        alike.setdefault(stems[file].casefold(), []).append(file)
    names = dict(stems)
    for group in alike.values():
        folders = Counter(file.absolute().parent for file in group)
        prefixes = _prefixes(set(folders))
        for file in group:
            here = file.absolute().parent
            suffix = file.suffix[1:].lower()
            parts = [*prefixes[here], stems[file], *([suffix] if folders[here] > 1 else [])]
            names[file] = "_".join(parts)
    _tell_apart(names)
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


def _tell_apart(names: dict[Path, str]) -> None:
    """Give each file that shares its name one that no other has: with a hash of its path."""
    count = Counter(name.casefold() for name in names.values())
    for file, name in names.items():
        if count[name.casefold()] > 1:
            digest = hashlib.sha256(os.fsencode(file.absolute())).hexdigest()
            length = 8
            while f"{name}_{digest[:length]}".casefold() in count:
                length += 1
            names[file] = f"{name}_{digest[:length]}"
            count[names[file].casefold()] += 1


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


def _start_worker(settings: Settings, turn: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
        # The tests and the error curve share the submission's budget; the rest is the grader's.
        with _deadline(GRADER_SECONDS + settings.limits.total_seconds):
            submission = grader.read(work.path, settings.lab, work.name)
            submission = replace(submission, notes=(*filter(None, [work.note]), *submission.notes))
            read = perf_counter()
            graded = grader.grade(submission)
    except (SuiteError, SuitesError) as error:
        raise CannotGradeError(str(error)) from error
    ran = perf_counter()
    page = feedback.page(graded)
    timings = {"read": read - start, **graded.timings, "feedback": perf_counter() - ran}
    return replace(graded, timings=timings, seconds=perf_counter() - start), page


@contextlib.contextmanager
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
    with _deadline(GRADER_SECONDS):
        lab = grader.read(work.path, settings.lab).lab
        graded = grader.without_running(work.name, lab, CRASHED, reason)
    return graded, feedback.page(graded)


# --------------------------------------------------------------------------------------- the batch


def workers(wanted: int | None, limits: Limits) -> int:
    """How many workers may run: ``wanted``, or one a core; fewer if they don't fit into memory."""
    most = max(limits.memory_mb, reading.LIMITS.memory_mb) + limits.reply_mb + _WORKER_MB
    return max(1, min(wanted or os.cpu_count() or 1, _memory_mb() // most))


def why_fewer(wanted: int | None, limits: Limits) -> str:
    """A sentence where memory allows fewer workers than ``wanted``, or than one a core; else ""."""
    n, wanted = workers(wanted, limits), wanted or os.cpu_count() or 1
    if n == wanted:
        return ""
    text = ngettext(
        "{n} submission is graded at a time, not {wanted}: there is not memory for more.",
        "{n} submissions are graded at a time, not {wanted}: there is not memory for more.",
        n,
    )
    return text.format(n=n, wanted=wanted)


def _memory_mb() -> int:
    """The memory that this process and its children may use: the machine's, or its cgroup's."""
    bounds = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _number, kinds, name = line.split(":", 2)
            if kinds in ("", "memory"):  # version 2 of cgroups, or version 1
                bounds += _bounds_of_cgroup(Path("/sys/fs/cgroup", kinds), name.strip("/"))
    return min(bounds) >> 20


def _bounds_of_cgroup(root: Path, name: str) -> Iterator[int]:
    group = root / name
    for folder in (group, *group.parents):
        if not folder.is_relative_to(root):
            return
        for file in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # not there, or "max"
                yield int((folder / file).read_text())


def grade_batch(
    work: list[Work],
    settings: Settings,
    done: Callable[[Graded, str], None],
    jobs: int | None = None,
) -> None:
    """Grade ``work`` in up to ``jobs`` processes; ``done(result, page)`` is called for each.

    A submission whose worker dies or fails is graded once more, after those that wait and beside
    the others; if that fails too its status is "crashed". Raises CannotGradeError when nothing can
    be graded.
    """
    waiting = deque(_Task(item) for item in work)
    count = min(workers(jobs, settings.limits), len(work))
    # Two runs side by side should not begin at the same core.
    lanes = [_Lane(settings, os.getpid() + turn) for turn in range(count)]
    try:
        while busy := [lane for lane in lanes if lane.is_busy or lane.take(waiting)]:
            wait([lane.future for lane in busy], return_when=FIRST_COMPLETED)
            landed = [lane.land(waiting) for lane in busy if lane.future.done()]
            for lane in lanes:  # before results are written, so that no worker waits for that
                lane.is_busy or lane.take(waiting)
            for result in filter(None, landed):
                done(*result)
    except BaseException:
        for lane in lanes:
            lane.abandon()
        raise
    for lane in lanes:
        lane.pool.shutdown()


@dataclass(frozen=True)
class _Task:
    """A file to grade, and why that failed before, once or twice."""

    work: Work
    failures: tuple[str, ...] = ()


class _Lane:
    """One worker process and what it grades: a file that ends it ends nobody else's work.

    Spawned, not forked: the parent may run threads, such as the one that draws the progress bar.
    """

    def __init__(self, settings: Settings, turn: int):
        self._settings = settings
        self._turn = turn
        self._task: _Task | None = None
        self.future: Future | None = None
        self._start()

    @property
    def is_busy(self) -> bool:
        """True while the worker has something to grade."""
        return self._task is not None

    def _start(self):
        context = multiprocessing.get_context("spawn")
        arguments = (self._settings, self._turn)
        self.pool = ProcessPoolExecutor(1, context, _start_worker, arguments)

    def take(self, waiting: deque[_Task]) -> bool:
        """Give the worker the next one; False when none waits."""
        if not waiting:
            return False
        self._task = waiting.popleft()
        work, failures = self._task.work, self._task.failures
        if len(failures) < 2:
            self.future = self.pool.submit(_grade, work)
        else:
            self.future = self.pool.submit(_give_up, work, failures[-1])
        return True

    def land(self, waiting: deque[_Task]) -> tuple[Graded, str] | None:
        """The result that is ready; or None, and the file waits to be tried again."""
        task, self._task = self._task, None
        error = self.future.exception()
        if error is None:
            return self.future.result()
        if isinstance(error, CannotGradeError):
            raise error
        if isinstance(error, BrokenProcessPool):
            self.pool.shutdown(wait=False)
            self._start()
        if len(task.failures) < 2:
            waiting.append(_Task(task.work, (*task.failures, _failed_twice(error))))
            return None
        lab, problem = self._settings.lab or "", task.failures[-1]
        graded = Graded(task.work.name, lab, CRASHED, 0.0, 0.0, problem=problem)
        return graded, feedback.page(graded)

    def abandon(self) -> None:
        """End the worker without waiting for what it still does."""
        processes = list((self.pool._processes or {}).values())
        self.pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


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
