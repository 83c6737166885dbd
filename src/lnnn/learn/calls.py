"""Call a learner's function in the learner's own thread, so that Ctrl-C and ■ reach it.

The suite runs in a thread of its own, and Python delivers an interrupt to the main thread only. So
the suite's thread hands each call over, and the thread that called ``check`` carries it out.
"""

import contextlib
import io
import queue
import threading
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import Future

from lnnn.observe import Observed
from lnnn.suite.lab import NamespaceCaller

_POLL = 0.2
_PATIENCE = 2.0


class Interrupted(KeyboardInterrupt):
    """The learner stopped a check. Its text says where the function was."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class AbandonedError(Exception):
    """Raised in the suite's thread when the learner no longer waits for it."""


class Printed(io.TextIOBase):
    """Keeps the beginning of what is written to it, and drops the rest."""

    LIMIT = 2000

    def __init__(self):
        self._kept = ""
        self.dropped = 0

    def writable(self) -> bool:
        """True: it is a stream to write to."""
        return True

    def write(self, text: str) -> int:
        """Take ``text``, or as much of it as there is room for."""
        room = self.LIMIT - len(self._kept)
        self._kept += text[:room]
        self.dropped += max(0, len(text) - room)
        return len(text)

    @property
    def text(self) -> str:
        """What was kept, with a last line that counts what was not."""
        more = f"\n… and {self.dropped} more characters" if self.dropped else ""
        return self._kept.rstrip("\n") + more


class LearnersCaller:
    """Calls functions of ``namespace`` here and now, collecting what they print.

    ``places`` maps the sentence of an exception ("f raised ValueError: …") to the line of the
    learner's code that raised it.
    """

    def __init__(self, namespace: Mapping[str, object]):
        self._functions = namespace
        self.printed = Printed()
        self.places: dict[str, str] = {}

    def call(self, name: str, args: tuple, kwargs: dict) -> Observed:
        """Like ``NamespaceCaller.call``, but an interrupt is an interrupt and not an answer."""
        place = []

        def watched(*args, **kwargs):
            try:
                return self._functions[name](*args, **kwargs)
            except BaseException as error:
                place.append(_place(error, self._functions[name]))
                raise

        known = {name: watched} if callable(self._functions.get(name)) else {}
        streams = contextlib.redirect_stdout(self.printed), contextlib.redirect_stderr(self.printed)
        with streams[0], streams[1]:
            seen = NamespaceCaller(known).call(name, args, kwargs)
        if seen.raised is not None and place:
            kind = seen.raised.classes[0] if seen.raised.classes else "BaseException"
            if "KeyboardInterrupt" in seen.raised.classes:
                at = f", at {place[0]}" if place[0] else ""
                raise Interrupted(f"check stopped: {name} was still running{at}")
            sentence = f"{name} raised {kind}: {seen.raised.message}".rstrip(": ")
            if place[0]:
                self.places.setdefault(sentence, place[0])
        return seen


class HandedOver:
    """A caller for the suite's thread whose calls ``serve`` carries out in the learner's."""

    def __init__(self, caller: LearnersCaller):
        self._caller = caller
        self._requests: queue.SimpleQueue = queue.SimpleQueue()
        self._over = threading.Event()

    def call(self, name: str, args: tuple, kwargs: dict) -> Observed:
        """In the suite's thread: hand a call over and wait for what it did."""
        answer: queue.SimpleQueue = queue.SimpleQueue()
        self._requests.put((name, args, kwargs, answer))
        while not self._over.is_set():
            try:
                return answer.get(timeout=_POLL)
            except queue.Empty:
                continue
        raise AbandonedError

    def ended(self) -> str | None:
        """Why the suite should run no further test."""
        return "you stopped the check" if self._over.is_set() else None

    def serve(self, future: Future):
        """In the learner's thread: carry out calls until ``future`` has its result; return it.

        Raises KeyboardInterrupt when the learner interrupts. The suite has then come to its end,
        unless it needs longer than a moment for that: ``future.done()`` tells.
        """
        future.add_done_callback(lambda _: self._requests.put(None))
        try:
            while (request := self._requests.get()) is not None:
                name, args, kwargs, answer = request
                answer.put(self._caller.call(name, args, kwargs))
        except BaseException:
            self._over.set()
            self._wait(future)
            raise
        return future.result()

    def _wait(self, future: Future):
        until = time.monotonic() + _PATIENCE
        while not future.done() and time.monotonic() < until:
            time.sleep(0.01)


def _place(error: BaseException, function) -> str:
    """``line 3: e = np.exp(z)``: the last line in the function's own cell or file; else ''."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == code.co_filename]
    if not own:
        return ""
    last = own[-1]
    where = f"line {last.lineno}"
    return f"{where}: {last.line}" if last.line else where
