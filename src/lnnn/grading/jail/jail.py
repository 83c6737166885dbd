"""The jail: a warm interpreter behind the strongest wall this machine has."""

import os
import threading
from dataclasses import replace
from pathlib import Path

from lnnn.messages import _, ngettext

from . import backends, layout
from .errors import JailUnavailable
from .host import ZygoteHost
from .limits import Limits
from .session import Session

# What would hand a submission the reference, or a way to look around.
FORBIDDEN = ("scipy", "mpmath", "lnnn", "pytest", "torch", "jax", "tensorflow", "sympy", "pip")
_WAYS = {
    backends.BUBBLEWRAP: backends.bubblewrap_launches,
    backends.UID: backends.uid_launches,
    backends.NONE: backends.unsafe_launches,
}
_MOST_HIDDEN_FILES = 2_000
_chosen = {}  # (backends, python) -> index of the launch that passed, for this process


class Jail:
    """Opens sessions for submissions; keeps one warm interpreter for all of them.

    ``backend`` is "auto" (the strongest that passes its self-test), "bubblewrap",
    "unprivileged uid", or "none", which has no wall and must be asked for (here, or with
    ``unsafe=True`` as the last resort of "auto"). ``hidden`` are paths no submission may see;
    the self-test checks them. ``python`` is another program of this Python's version to run
    submissions with. Raises JailUnavailable on first use when no backend passes.

    A jail may be used from several threads; each session from one. A forked process that inherits
    a jail starts a warm interpreter of its own.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        backend: str = "auto",
        hidden=(),
        unsafe: bool = False,
        python: str | None = None,
    ):
        if backend != "auto" and backend not in _WAYS:
            raise ValueError(f"backend={backend!r}: give auto, {', '.join(_WAYS)}")
        self.limits = limits or Limits()
        self._wanted = [backend]
        if backend == "auto":
            self._wanted = [backends.BUBBLEWRAP, backends.UID] + [backends.NONE] * unsafe
        self._hidden = [Path(path).resolve() for path in hidden]
        self._python = python
        self._lock = threading.RLock()
        self._host = None
        self._launch = None
        self._closed = False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @property
    def backend(self) -> str:
        """The name of the wall in use: "bubblewrap", "unprivileged uid" or "none"."""
        self.warm()
        return self._launch.backend

    @property
    def notes(self) -> tuple[str, ...]:
        """What the wall in use does not hold, as sentences; empty for bubblewrap."""
        self.warm()
        return self._launch.notes

    def warm(self) -> None:
        """Start the warm interpreter now, if it isn't running. Raises JailUnavailable."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this jail is closed; make another")
            if self._host is None or not self._host.alive:
                self._start()

    def open(self, limits: Limits | None = None) -> Session:
        """Start the process of one submission. Raises JailUnavailable."""
        with self._lock:
            self.warm()
            try:
                return self._open(limits or self.limits)
            except JailUnavailable:
                if self._host is not None and self._host.alive:
                    raise
            # The warm interpreter died between two submissions; another one costs a moment.
            self.warm()
            return self._open(limits or self.limits)

    def _open(self, limits):
        host = self._host
        if self._launch.backend != backends.BUBBLEWRAP or self._launch.config["layers"]["nested"]:
            return Session(host, limits)
        # Sessions can't be walled off from each other inside one jail, so each gets its own.
        self._host = None
        return Session(host, limits, on_close=host.close)

    def close(self) -> None:
        """End every session and the warm interpreter, and wait until they are gone."""
        with self._lock:
            self._closed = True
            if self._host is not None:
                self._host.close()
                self._host = None

    def _start(self):
        if self._host is not None:
            self._host.close()
            self._host = None
        python = layout.interpreter(self._python)
        key = (tuple(self._wanted), self._python)
        refusals = []
        for name in self._wanted:
            try:
                for way, launch in enumerate(_WAYS[name](python)):
                    if _chosen.get(key, (name, way)) != (name, way):
                        continue
                    try:
                        self._host = self._tested(launch)
                    except JailUnavailable as error:
                        refusals.append(f"{name}: {error}")
                        continue
                    self._launch = launch
                    _chosen[key] = (name, way)
                    return
            except JailUnavailable as error:
                refusals.append(f"{name}: {error}")
        _chosen.pop(key, None)
        text = _(
            "No jail can be built here, so nothing is graded. {reasons} Install bubblewrap and "
            "allow user namespaces, or grade as root in a container; the last resort is to grade "
            "without isolation, and it must be asked for."
        )
        raise JailUnavailable(text.format(reasons=" ".join(refusals)))

    def _tested(self, launch):
        """A running zygote whose sessions passed the self-test."""
        shown = [str(path) for path in self._hidden if launch.shows(path)]
        if shown:
            text = ngettext(
                "{paths} lies among the files that the jail must show.",
                "{paths} lie among the files that the jail must show.",
                len(shown),
            )
            raise JailUnavailable(text.format(paths=", ".join(shown)))
        host = ZygoteHost(launch)
        try:
            hidden = [] if launch.backend == backends.NONE else self._hidden_files()
            forbidden = [] if launch.backend == backends.NONE else list(FORBIDDEN)
            with Session(host, replace(self.limits, call_seconds=20.0)) as session:
                found = session.probe(hidden, forbidden, host.pid)
            if found:
                text = _("The self-test failed. {findings}")
                raise JailUnavailable(text.format(findings=" ".join(found[:5])))
        except BaseException:
            host.close()
            raise
        if not launch.config["layers"]["nested"] and launch.backend == backends.BUBBLEWRAP:
            host.close()
            host = ZygoteHost(launch)
        return host

    def _hidden_files(self):
        """The hidden paths and, as a folder may be closed and its files open, what is in them."""
        paths = []
        for path in self._hidden:
            paths.append(str(path))
            for folder, _folders, files in os.walk(path):
                paths += [os.path.join(folder, name) for name in files]  # noqa: PTH118
                if len(paths) > _MOST_HIDDEN_FILES:
                    break
        return paths[:_MOST_HIDDEN_FILES]
