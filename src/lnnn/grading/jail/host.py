"""One zygote process, seen from the grader: start it, ask it for sessions, learn how they ended."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from lnnn.messages import _

from . import words
from .errors import JailUnavailable
from .limits import Limits

_START_SECONDS = 30.0


@dataclass
class Launch:
    """How to start a zygote: the command before its configuration, its environment, its layers.

    ``info`` asks bubblewrap for the pid of what it starts. ``scratch`` is a folder to remove when
    the zygote is gone. ``shows`` says of a host path whether it is visible inside under any name.
    """

    backend: str
    command: list[str]
    environment: dict[str, str]
    config: dict
    info: bool = False
    uid: int | None = None
    scratch: Path | None = None
    notes: tuple[str, ...] = ()
    shows: Callable[[Path], bool] = lambda path: False


class ZygoteHost:
    """Starts one zygote and keeps its books. Raises JailUnavailable when it doesn't come up."""

    def __init__(self, launch: Launch):
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._next = 0
        self._open = set()
        self._ended = {}
        self._text = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the zygote
        self._control, theirs = socket.socketpair()
        # Readable when this process dies, even if a forked sibling still holds our sockets.
        grader = os.pidfd_open(os.getpid()) if hasattr(os, "pidfd_open") else None
        info, told = os.pipe()
        config = launch.config | {"control": theirs.fileno(), "grader": grader}
        command = list(launch.command)
        if launch.info:
            command[1:1] = ["--info-fd", str(told)]
        passed = [fd for fd in (theirs.fileno(), grader, told) if fd is not None]
        who = {}
        if launch.uid is not None:
            who = {"user": launch.uid, "group": launch.uid, "extra_groups": []}
        try:
            self._process = subprocess.Popen(
                [*command, json.dumps(config)],
                env=launch.environment,
                pass_fds=passed,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                cwd="/",
                **who,
            )
        except OSError as error:
            self._control.close()
            os.close(info)
            if launch.scratch is not None:
                shutil.rmtree(launch.scratch, ignore_errors=True)
            text = _("{program} did not start: {why}.")
            raise JailUnavailable(text.format(program=command[0], why=error)) from None
        finally:
            theirs.close()
            os.close(told)
            if grader is not None:
                os.close(grader)
        self._control.setblocking(False)
        self._finalizer = weakref.finalize(
            self, _clean_up, self._control, self._process, info, launch.scratch, self._owner
        )
        hello = self._read_until(lambda: self._hello, _START_SECONDS)
        if hello is None or hello["op"] != "ready":
            said = hello or {"why": self.trouble()}
            self.close()
            if "finding" in said:
                raise JailUnavailable(words.finding(*said["finding"]))
            text = _("The warm interpreter did not start: {why}.")
            raise JailUnavailable(text.format(why=said["why"]))
        self.pid = hello["pid"]

    _hello = None

    @property
    def alive(self) -> bool:
        """True while the zygote can open sessions for this process."""
        if self._owner != os.getpid() or not self._finalizer.alive:
            return False
        with self._lock:
            return self._drain() and self._process.poll() is None

    def spawn(self, limits: Limits) -> tuple[int, socket.socket]:
        """Ask for a session: its number and our end of its socket."""
        ours, theirs = socket.socketpair()
        if hasattr(socket, "SO_PASSCRED"):  # what comes then says which process sent it
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with self._lock, theirs:
            self._drain()
            number = self._next
            self._next += 1
            self._open.add(number)
            order = json.dumps({"op": "spawn", "id": number, "limits": asdict(limits)})
            try:
                socket.send_fds(self._control, [order.encode() + b"\n"], [theirs.fileno()])
            except OSError as error:
                ours.close()
                text = _("The warm interpreter is gone ({why}).")
                raise JailUnavailable(text.format(why=error)) from None
        return number, ours

    def kill(self, number: int) -> None:
        """End a session and whatever it started."""
        with self._lock, contextlib.suppress(OSError):
            if number in self._open and number not in self._ended:
                order = json.dumps({"op": "kill", "id": number}).encode()
                self._control.sendall(order + b"\n")

    def wait_ended(self, number: int, seconds: float) -> tuple[int, float] | None:
        """How a session ended (exit code or minus the signal, processor seconds), if it did."""
        return self._read_until(lambda: self._ended.get(number), seconds)

    def forget(self, number: int) -> None:
        """Nobody will ask about this session any more."""
        with self._lock:
            self._open.discard(number)
            self._ended.pop(number, None)

    def trouble(self) -> str:
        """The last lines the zygote wrote to its stderr."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace").strip()
        return " / ".join(text.splitlines()[-3:])[-500:] or _("it said nothing")

    def close(self) -> None:
        """End the zygote and every session in it, and wait until they are gone."""
        self._finalizer()

    def _read_until(self, ready, seconds):
        """Read reports until ``ready`` returns something; None after ``seconds`` or at the end."""
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                going = self._drain()
            found = ready()
            left = deadline - time.monotonic()
            if found is not None or not going or left <= 0:
                return found
            poll = select.poll()
            poll.register(self._control, select.POLLIN)
            poll.poll(left * 1000)

    def _drain(self):
        """Take in the reports that wait; False when the zygote hung up."""
        while True:
            try:
                data = self._control.recv(65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            *lines, self._text = (self._text + data).split(b"\n")
            for report in map(json.loads, lines):
                if report["op"] != "ended":
                    self._hello = report
                elif report["id"] in self._open:
                    self._ended[report["id"]] = (report["status"], report["cpu"])


def _clean_up(control, process, info, scratch, owner):
    control.close()
    if os.getpid() != owner:  # a forked copy must not end what its parent uses
        os.close(info)
        return
    try:
        process.wait(2.0)
    except subprocess.TimeoutExpired:
        _kill_inner(info)
        process.kill()
        process.wait()
    finally:
        os.close(info)
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)


def _kill_inner(info):
    """Kill what bubblewrap started, by the pid it reported."""
    os.set_blocking(info, False)
    with contextlib.suppress(BlockingIOError, ValueError, KeyError, ProcessLookupError):
        os.kill(json.loads(os.read(info, 4096))["child-pid"], signal.SIGKILL)
