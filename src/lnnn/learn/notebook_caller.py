"""Call a learner's function here and now: what it prints, and on which line it stopped."""

import contextlib
import io
import traceback
from collections.abc import Mapping

from lnnn.messages import _, ngettext
from lnnn.observe import Observed
from lnnn.suite.lab import NamespaceCaller, raised_sentence


class Interrupted(KeyboardInterrupt):
    """The learner stopped a check. Its text says where the function was."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


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
        kept = self._kept.rstrip("\n")
        if not self.dropped:
            return kept
        text = ngettext("… and {n} more character", "… and {n} more characters", self.dropped)
        return f"{kept}\n{text.format(n=self.dropped)}"


class NotebookCaller:
    """Calls functions of ``namespace`` here and now, collecting what they print.

    ``places`` maps the sentence of an exception ("f raised ValueError: …") to the line of the
    learner's code that raised it.
    """

    clock = NamespaceCaller.clock

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
                text = _("check stopped: {function} was still running")
                if place[0]:
                    text = _("check stopped: {function} was still running, at {place}")
                raise Interrupted(text.format(function=name, place=place[0]))
            sentence = raised_sentence(name, kind, seen.raised.message)
            if place[0]:
                self.places.setdefault(sentence, place[0])
        return seen


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
    text = _("line {number}: {line}") if last.line else _("line {number}")
    return text.format(number=last.lineno, line=last.line)
