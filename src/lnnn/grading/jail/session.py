"""One submission in its process: run its cells, call its functions, until it ends."""

import contextlib
import os
import secrets
import signal
import time
from dataclasses import dataclass

import numpy as np

from lnnn.messages import _
from lnnn.observe import Observed, Raised

from . import words
from .channel import Channel, ChannelClosed, ChannelTimeout
from .errors import JailUnavailable, SessionEnded
from .inside import frames
from .limits import Limits

_START_SECONDS = 10.0
_NO_MEMORY_STATUS = 111
_LONGEST_TEXT = 4_000
# A reply may hold, next to its value, names and texts of a bounded size.
_ENVELOPE_BYTES = 1 << 20
# What the process may use beside the call itself, to receive its arguments and to send its answer.
# Measured: 0.05 ms and 1.5e9 bytes a second when nothing else runs, several times that when much
# does, and no honest call may be charged for it. A lie about a time can gain no more than this.
_TRANSFER_SECONDS, _TRANSFER_BYTES_PER_SECOND = 0.005, 200e6
# Linux numbers the processor clock of another process after its pid: see clock_getcpuclockid(3).
_CPU_CLOCK = 2


@dataclass(frozen=True)
class Cell:
    """A piece of source to run; ``label`` names it in messages (``"cell 3"``).

    ``line`` is the number of its first line.
    """

    source: str
    label: str = ""
    line: int = 1


@dataclass(frozen=True)
class CellOutcome:
    """What running one cell did; ``line`` is the line of the cell that raised."""

    ok: bool
    error: Raised | None
    line: int | None = None


class Session:
    """A submission's process, seen from the grader.

    It can be the caller of a ``suite.lab.Lab``. Use it from one thread. A MemoryError that the
    submission's code can report is an ordinary ``Observed`` and the session goes on; when memory
    kills the process the session ends with reason ``"memory"``. The seconds of a call are the
    processor time that it claims, but no less than the clock of its process allows: see _seconds.
    """

    clock = staticmethod(time.process_time)

    def __init__(self, host, limits: Limits, on_close=None):
        self._host = host
        self._limits = limits
        self._on_close = on_close
        self._used = 0.0
        self._end: SessionEnded | None = None
        self._closed = False
        self._pid = self._process = None
        self._number, sock = host.spawn(limits)
        self._channel = Channel(sock, (limits.reply_mb << 20) + _ENVELOPE_BYTES)
        self._wait_until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self) -> None:
        """End the submission's process and everything it left behind."""
        if self._closed:
            return
        self._closed = True
        self._channel.close()
        if self._process is not None:
            os.close(self._process)
            self._process = None
        self._host.kill(self._number)
        self._host.forget(self._number)
        if self._on_close:
            self._on_close()

    def run_cells(self, cells) -> list[CellOutcome]:
        """Run cells (strings or ``Cell``) in order in one namespace, each on its own.

        A cell that raises does not stop the rest. Raises SessionEnded.
        """
        outcomes = []
        for position, cell in enumerate(cells, 1):
            if isinstance(cell, str):
                cell = Cell(cell)
            label = cell.label or f"cell {position}"
            _elapsed, reply = self._ask("cell", (cell.source, label, cell.line), label)
            raised, line = self._parts(reply, 2)
            error = self._raised(raised)
            if line is not None and type(line) is not int:
                self._break("a line that is no number")
            outcomes.append(CellOutcome(error is None, error, line))
        return outcomes

    def read(self, *request) -> tuple:
        """What ``inside.reading`` answers: plain data, not checked. Raises SessionEnded."""
        _elapsed, reply = self._ask("read", request)
        return reply

    def names(self) -> list[str]:
        """The functions the submission's namespace holds now. Raises SessionEnded."""
        _elapsed, reply = self._ask("names", ())
        (names,) = self._parts(reply, 1)
        return list(self._texts(names, 100_000))

    def stand_in(self, names: list[str], code: bytes) -> None:
        """Let the functions ``names`` of the marshalled module ``code`` stand in for its own.

        The code is the course's own. Raises SessionEnded.
        """
        _elapsed, reply = self._ask("stand in", (list(names), np.frombuffer(code, np.uint8)))
        self._parts(reply, 0)

    def stand_ins_called(self) -> list[str]:
        """Which of those that stand in were called, as the session has it. Raises SessionEnded."""
        _elapsed, reply = self._ask("called", ())
        (names,) = self._parts(reply, 1)
        return list(self._texts(names, 100))

    def call(self, name: str, args: tuple, kwargs: dict) -> Observed:
        """Call a function of the submission and report what happened. Raises SessionEnded.

        The value is plain data: None, booleans, numbers, strings, arrays, and tuples, lists and
        dicts of them. Anything else comes back as a TypeError that says what it was.
        """
        start = self._processor_time()
        elapsed, reply = self._ask("call", (name, tuple(args), dict(kwargs)), name)
        end = self._processor_time()
        used = elapsed if start is None or end is None else end - start
        value, raised, mutated, warnings, claimed = self._parts(reply, 5)
        transferred = self._sent + getattr(value, "nbytes", 0)
        return Observed(
            value,
            self._raised(raised),
            self._texts(mutated, 100),
            self._texts(warnings, 20),
            self._seconds(claimed, used, transferred, elapsed),
        )

    def probe(self, hidden: list, forbidden: list, outside_pid: int) -> list[str]:
        """What the self-test finds wrong in this session; empty when all holds."""
        _elapsed, reply = self._ask("probe", (hidden, forbidden, outside_pid))
        return [words.finding(*self._texts(pair, 2)) for pair in self._parts(reply, 1)[0]]

    @contextlib.contextmanager
    def paused(self):
        """The submission's process stands still for the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number):
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, number)

    def _processor_time(self) -> float | None:
        """The processor seconds of the process so far; None where nobody can tell."""
        if self._pid is None:
            return None
        try:
            return time.clock_gettime(~self._pid << 3 | _CPU_CLOCK)
        except OSError:  # the process has ended
            return None

    # ------------------------------------------------------------ the exchange

    def _wait_until_ready(self):
        deadline = time.monotonic() + _START_SECONDS
        try:
            self._pid = self._channel.sender(deadline)
            if self._pid is not None:
                self._process = os.pidfd_open(self._pid)
            message = self._channel.receive(deadline)
        except (ChannelTimeout, ChannelClosed, frames.FrameError, ProcessLookupError) as error:
            trouble = self._host.trouble()
            self.close()
            text = _("A session did not start ({kind}): {why}.")
            raise JailUnavailable(text.format(kind=type(error).__name__, why=trouble)) from None
        if message != ("ready", 0):
            self.close()
            text = _("A session could not be confined: {why}.")
            raise JailUnavailable(text.format(why=message[-1]))

    def _ask(self, kind, arguments, name=""):
        """Send a request and wait for its reply; ``name``: of the cell or the function it runs."""
        if self._end is not None:
            raise SessionEnded(self._end.reason, self._end.told, self._end.detail)
        if self._closed:
            raise RuntimeError("this session is closed; open another with jail.open()")
        if self._channel.something_waits():
            self._end_by_reading()
        request = secrets.randbits(62)
        buffers = frames.pack((kind, request, *arguments))
        self._sent = frames.size_of(buffers)
        start = time.monotonic()
        left = self._limits.total_seconds - self._used
        allowed = min(self._limits.call_seconds, left)
        try:
            self._channel.send(buffers, start + allowed)
            message = self._channel.receive(start + allowed)
        except ChannelTimeout:
            in_all = left < self._limits.call_seconds
            seconds = self._limits.total_seconds if in_all else self._limits.call_seconds
            self._over("timeout", words.silence(kind, name, seconds, in_all))
        except ChannelClosed:
            self._over(*self._post_mortem())
        except frames.FrameError as error:
            self._break(str(error))
        except MemoryError:
            self._over("memory", _("The reply did not fit into the grader's memory."))
        finally:
            elapsed = time.monotonic() - start
            self._used += elapsed
        if message[:2] != (kind, request) or type(message[1]) is not int:
            self._uninvited(_("The submission's process answered a request that nobody made."))
        return elapsed, message[2:]

    def _end_by_reading(self):
        """Something waits before we asked: the end of the stream, or an uninvited frame."""
        try:
            self._channel.receive(time.monotonic())
        except ChannelClosed:
            self._over(*self._post_mortem())
        except (ChannelTimeout, frames.FrameError):
            pass
        self._uninvited(_("The submission's process sent data before it was asked."))

    def _uninvited(self, detail):
        # Which of the two it is can hang on the moment, and the student reads the same every time.
        told = _("The submission's process sent what nobody asked for.")
        self._over("crashed", told, detail)

    def _break(self, fault):
        """End the session for what came back; ``fault``: see ``frames.FrameError``."""
        told = _("The submission's process sent a malformed reply.")
        detail = _("The submission's process sent a malformed reply ({fault}).")
        self._over("crashed", told, detail.format(fault=fault))

    def _over(self, reason, told, detail=""):
        self._end = SessionEnded(reason, told, detail)
        self._host.kill(self._number)
        self._host.wait_ended(self._number, 2.0)
        raise SessionEnded(reason, told, detail) from None

    def _post_mortem(self):
        """Why the process is gone: the arguments of a SessionEnded."""
        ended = self._host.wait_ended(self._number, 1.0)
        if ended is None:
            if not self._host.alive:
                return "crashed", _("The jail ended while the submission ran.")
            return "crashed", _("The submission closed its connection to the grader.")
        status, cpu = ended
        if status == _NO_MEMORY_STATUS:
            return "memory", _("The submission ran out of memory while it answered.")
        if status == -signal.SIGKILL:
            if cpu >= self._limits.total_seconds:
                text = _("The submission used up its {seconds:g} s of processor time.")
                return "timeout", text.format(seconds=self._limits.total_seconds)
            return "memory", _("The submission was killed, most likely because memory ran out.")
        if status < 0:
            name = -status
            with contextlib.suppress(ValueError):
                name = signal.Signals(-status).name
            told = _("The submission's process crashed.")
            detail = _("The submission's process crashed (signal {name}).")
            return "crashed", told, detail.format(name=name)
        told = _("The submission ended its process.")
        detail = _("The submission ended its process (exit status {status}).")
        return "crashed", told, detail.format(status=status)

    # ------------------------------------------------------------ what came back, checked

    def _parts(self, reply, count):
        if len(reply) != count:
            self._break("too few or too many parts")
        return reply

    def _raised(self, raised):
        if raised is None:
            return None
        if type(raised) is not tuple or len(raised) != 2 or type(raised[1]) is not str:
            self._break("an exception that is none")
        classes = self._texts(raised[0], 50)
        if not classes:
            self._break("an exception without a class")
        return words.raised(Raised(classes, raised[1][:_LONGEST_TEXT]))

    def _texts(self, texts, most):
        if type(texts) is not list or len(texts) > most or any(type(t) is not str for t in texts):
            self._break("something else than a list of texts")
        return tuple(text[:_LONGEST_TEXT] for text in texts)

    def _seconds(self, claimed, used, transferred, elapsed):
        """The time of a call: what the submission claims, within what our clocks allow.

        It claims the processor time of the thread that was called. We read ``used``, that of all
        its threads, from outside, less what it takes to transfer the bytes; a process whose
        processor time is limited has a clock of ticks, and what that misses is less than a transfer
        may take. ``elapsed`` is wall time.
        """
        if type(claimed) is not float or not claimed >= 0:
            self._break("a time that is none")
        transfer = _TRANSFER_SECONDS + transferred / _TRANSFER_BYTES_PER_SECOND
        return min(max(claimed, used - transfer), elapsed)
