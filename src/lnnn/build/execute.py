"""Run a notebook in a fresh kernel of this interpreter, the same way on every machine."""

import asyncio
import copy
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from lnnn.build.errors import BuildError, raised

CELL_SECONDS = 300
AT_A_TIME = 2

_KERNEL = Path(__file__).with_name("traced_kernel.py")

# What a user's own set-up may say, and a build must not hear.
_NOT_INHERITED = (
    "MPLBACKEND",
    "NPY_ENABLE_CPU_FEATURES",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
)


@dataclass
class Job:
    """A notebook to execute in place, in ``folder``; ``place(cell_id)`` names a cell in an error.

    Afterwards ``notes`` says which files below ``root`` it read (see ``traced_kernel``), and
    ``sent`` what the kernel sent: for each cell, by its number from 0, (type, content) of every
    message that is an output or a status.
    """

    notebook: NotebookNode
    folder: Path
    place: Callable[[str | None], str]
    root: Path
    notes: str = ""
    sent: dict[int, list[tuple[str, dict]]] = field(default_factory=dict)


def wide_cpu_features() -> tuple[str, ...]:
    """The AVX-512 groups NumPy would choose on this machine, by the names this NumPy gives them.

    With them off, ``np.exp`` and its like give the same last digit on CPUs with and without.
    Only what this NumPy knows and this machine has is named: NumPy warns about anything else.
    """
    return tuple(
        name
        for name in __cpu_dispatch__
        if (name.startswith("AVX512") or name == "X86_V4") and __cpu_features__.get(name)
    )


@contextmanager
def kernel_environment():
    """Environment variables for a kernel, with temporary folders that live inside the block.

    Yields a dict. ``JUPYTER_PATH`` in it is a folder for kernel specifications.
    """
    with tempfile.TemporaryDirectory(prefix="lnnn-build-") as folder:
        matplotlibrc = Path(folder, "matplotlibrc")
        matplotlibrc.touch()
        off = [*wide_cpu_features(), *os.environ.get("NPY_DISABLE_CPU_FEATURES", "").split()]
        environment = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        environment.update(
            ANYWIDGET_HMR="0",
            IPYTHONDIR=str(Path(folder, "ipython")),
            JUPYTER_PATH=str(Path(folder, "jupyter")),
            JUPYTER_RUNTIME_DIR=str(Path(folder, "runtime")),
            LC_ALL="C.UTF-8",
            LNNN_LANGUAGE="en",  # an edition in another language says so in its set-up cell
            LNNN_HOME=str(Path(folder, "home")),
            LNNN_RECORD="1",
            MATPLOTLIBRC=str(matplotlibrc),
            NPY_DISABLE_CPU_FEATURES=" ".join(off),
            OPENBLAS_NUM_THREADS="1",
            PYTHONHASHSEED="0",
            TZ="UTC",
        )
        if platform.machine() in ("x86_64", "AMD64"):
            environment["OPENBLAS_CORETYPE"] = "Haswell"  # AVX2 kernels for matrix products too
        yield environment


async def execute_all(jobs: Iterable[Job]) -> None:
    """Execute notebooks, AT_A_TIME together. Raises BuildError that names all that failed."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(job):
        async with gate:
            await _execute(job)

    results = await asyncio.gather(*map(one, jobs), return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    for failure in failures:
        if not isinstance(failure, BuildError):
            raise failure
    if failures:
        raise BuildError("\n".join(str(failure) for failure in failures))


class _Client(NotebookClient):
    """A client that keeps what the kernel sends."""

    def __init__(self, job: Job, **settings):
        super().__init__(job.notebook, **settings)
        self._job = job

    def process_message(self, msg, cell, cell_index):
        if not msg["msg_type"].startswith("comm"):
            kept = (msg["msg_type"], copy.deepcopy(msg["content"]))
            self._job.sent.setdefault(cell_index, []).append(kept)
        return super().process_message(msg, cell, cell_index)


async def _execute(job: Job):
    with kernel_environment() as environment:
        jupyter = Path(environment["JUPYTER_PATH"])
        client = _Client(
            job,
            km=_kernel(jupyter / "kernels", job.root, jupyter / "notes"),
            timeout=CELL_SECONDS,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(job.folder)}},
        )
        try:
            # Else nbclient lets a kernel that it was given live until we exit: all of them at once.
            await client.async_execute(env=environment, cleanup_kc=True)
        except CellExecutionError as error:
            failed = job.notebook.cells[max(job.sent)]  # no cell after it has run
            raise raised(job.place(failed.id), error) from error
        except (CellTimeoutError, DeadKernelError) as error:
            raise BuildError(f"{job.place(None)}: {error}") from error
        job.notes = (jupyter / "notes").read_text(encoding="utf-8")


def _kernel(folder: Path, root: Path, notes: Path) -> AsyncKernelManager:
    """The manager of a traced kernel of this interpreter, whose specification is in ``folder``."""
    argv = [sys.executable, "-P", str(_KERNEL), str(root), str(notes)]
    argv += ["-f", "{connection_file}", "--log-level=ERROR"]
    spec = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (folder / "python3").mkdir(parents=True)
    (folder / "python3" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
