"""Keep one suite collected and run it on as many labs as come."""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from .lab import Lab
from .plugin import Grade, Job, SuiteError, SuitePlugin
from .results import TestResult

_OPTIONS = (
    "--disable-plugin-autoload",
    "--assert=plain",
    "--capture=no",
    "--import-mode=importlib",
    "--noconftest",
    "--config-file=/dev/null",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:terminal",
    "-p",
    "no:faulthandler",
    "-p",
    "no:unraisableexception",
    "-p",
    "no:threadexception",
    "-p",
    "no:doctest",
    "-p",
    "no:logging",
    # Would replace pdb.set_trace for as long as the session lives, in a learner's kernel too.
    "-p",
    "no:debugging",
)


class SuiteRunner:
    """One suite file, collected once.

    pytest has no call that collects now and runs later, so its session lives in a thread of its
    own and takes one job at a time. Collecting costs about 0.3 s, a job only its tests.

    Raises SuiteError when the file can't be collected or a test lacks its mark.
    """

    def __init__(self, path: Path, seed: int = 0):
        self.path = Path(path)
        self.seed = seed
        if not self.path.is_file():
            raise SuiteError(f"{self.path}: there is no such suite")
        self._jobs: queue.Queue = queue.Queue()
        self._waiting: deque[Future] = deque()
        self._lock = threading.Lock()
        self._collected = threading.Event()
        self._crash: BaseException | None = None
        self._plugin = SuitePlugin(iter(self._jobs.get, None), self._done)
        self._plugin.ready = self._ready
        self._inside_pytest = "PYTEST_VERSION" in os.environ
        self._thread = threading.Thread(target=self._serve, name="suite", daemon=True)
        self._thread.start()
        self._collected.wait()
        if self._crash or self._plugin.problems or not self._plugin.grades:
            self.close()
            problems = "\n".join(self._plugin.problems) or f"holds no test ({self._crash})"
            raise SuiteError(f"{self.path}: {problems}")

    @property
    def grades(self) -> list[Grade]:
        """The marks of all tests, in the order of the file."""
        return list(self._plugin.grades.values())

    def run(
        self,
        lab: Lab,
        functions: set[str] | None = None,
        ended: Callable[[], str | None] = lambda: None,
    ) -> list[TestResult]:
        """Run the tests on ``lab``, all of them or those of ``functions``; one result a test.

        ``ended`` is asked before and after each test; once it returns a reason, that test and all
        later ones are "not run".
        """
        return self.submit(lab, functions, ended).result()

    def submit(
        self,
        lab: Lab,
        functions: set[str] | None = None,
        ended: Callable[[], str | None] = lambda: None,
    ) -> "Future[list[TestResult]]":
        """Like ``run``, but comes back at once with a Future of the results.

        The tests then call ``lab`` from the suite's own thread while the caller's thread is free.
        """
        wanted = (lambda g: True) if functions is None else (lambda g: g.function in functions)
        future: Future = Future()
        with self._lock:
            if self._crash is not None:
                raise SuiteError(f"{self.path}: pytest stopped: {self._crash!r}")
            self._waiting.append(future)
            self._jobs.put(Job(lab, self.seed, wanted, ended))
        return future

    def close(self):
        """End the pytest session."""
        self._jobs.put(None)
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ready(self):
        # pytest.main names itself in the environment for as long as it runs, which here is as long
        # as the kernel or the grader lives.
        if not self._inside_pytest:
            os.environ.pop("PYTEST_VERSION", None)
        self._collected.set()

    def _done(self, results):
        self._waiting.popleft().set_result(results)

    def _serve(self):
        path = self.path.resolve()
        # pytest names the module after its path below rootdir: only the whole path is unique.
        arguments = [*_OPTIONS, f"--rootdir={path.anchor}", str(path)]
        try:
            code = pytest.main(arguments, plugins=[self._plugin])
            crash = RuntimeError(f"the session ended with {pytest.ExitCode(code)!r}")
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            crash = error
        with self._lock:
            self._crash = crash
            for future in self._waiting:
                future.set_exception(SuiteError(f"{self.path}: pytest stopped: {crash!r}"))
            self._waiting.clear()
        self._collected.set()
