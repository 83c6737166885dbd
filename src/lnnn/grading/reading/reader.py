"""Bytes in, ``Submission`` out: the one way through the reading room."""

import contextlib
import hashlib
import re
from pathlib import Path
from time import perf_counter

import numpy as np

from lnnn.messages import _

from ..jail import Jail, Limits, Session, SessionEnded
from ..submission import Submission
from ..suites import Suites, SuitesError
from . import answer, words
from .files import NotAFileError, display_name, read_bytes

# An honest file of 50 MB is read in half a second, with four times its size in memory.
LIMITS = Limits(call_seconds=5.0, total_seconds=20.0, memory_mb=1024, file_mb=1, reply_mb=8)
# Forking a process takes some 4 ms, so one reads many files; but what a file costs it shall cost
# itself. So a large file has a process of its own, and one that has worked a while is replaced.
_LARGE = 1_000_000
_WORKED = 1.0

_LAB_IN_NAME = re.compile(r"(?:^|[^a-z])(lab\d\d)(?!\d)", re.IGNORECASE)


class Reader:
    """Reads submitted files in a process of ``jail``, which is replaced where a file ends it."""

    def __init__(self, jail: Jail, suites: Suites):
        self._jail = jail
        self._suites = suites
        self._session: Session | None = None
        self._worked = 0.0

    def close(self) -> None:
        """End the process that reads."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def read(self, path: Path, lab: str | None = None, name: str | None = None) -> Submission:
        """Read the file at ``path``. Never raises because of what the file holds.

        ``lab`` says which lab it is for (a name that the suites know); without it, the notebook's
        metadata decides, else a ``labNN`` in the file's name. ``name`` is what results call it.
        Raises JailUnavailable, and SuitesError for a ``lab`` that there is not.
        """
        path = Path(path)
        shown = display_name(path)
        name = name or shown.rsplit(".", 1)[0] or shown
        claims, digest, statements, errors, notes = None, "", (), (), []
        try:
            data = read_bytes(path)
            digest = hashlib.sha256(data).hexdigest()
            is_script = path.suffix.lower() == ".py"
            with self._process(len(data)) as session:
                content = np.frombuffer(data, np.uint8)
                claims, problem = answer.opened(session.read("open", content, is_script), shown)
                chosen, remark = self._lab_of(path, claims, lab)
                if not problem and chosen is None:
                    problem = remark
                if not problem:
                    shipped = [list(cell) for cell in self._suites.release(chosen).cells]
                    reply = session.read("take apart", shipped, is_script)
                    statements, errors, notes = answer.taken_apart(reply, is_script)
        except NotAFileError as error:
            problem = str(error)
        except SessionEnded as end:
            seconds, megabytes = LIMITS.call_seconds, LIMITS.memory_mb
            problem = words.lost(shown, end.reason, seconds, megabytes)
        except answer.AnswerError:
            problem = words.lost(shown, "crashed", 0, 0)
        chosen, remark = self._lab_of(path, claims, lab)
        if problem:
            return Submission(name, path, chosen or "", problem=problem, digest=digest)
        notes = [*([remark] if remark else []), *notes]
        return Submission(name, path, chosen, statements, tuple(notes), None, digest, errors)

    @contextlib.contextmanager
    def _process(self, size: int):
        """A process for a file of ``size`` bytes."""
        if size > _LARGE:
            self.close()
        if self._session is None:
            self._session = self._jail.open(LIMITS)
            self._worked = 0.0
        start = perf_counter()
        try:
            yield self._session
        except BaseException:
            self.close()
            raise
        self._worked += perf_counter() - start
        if size > _LARGE or self._worked > _WORKED:
            self.close()

    def _lab_of(self, path: Path, claims: str | None, wanted: str | None) -> tuple[str | None, str]:
        """The lab, and a note about it; or None and why it can't be told."""
        shown = display_name(path)
        in_name = _LAB_IN_NAME.search(path.stem)
        claimed, why = None, None
        if claims is not None:
            try:
                claimed = self._suites.lab(claims)
            except SuitesError as error:
                why = error
        if wanted is not None:
            wanted = self._suites.lab(wanted)
            if claimed in (None, wanted):
                return wanted, ""
            note = _("The notebook says that it is {claim}; it was graded as {lab}.")
            return wanted, note.format(claim=claimed, lab=wanted)
        if claimed is not None:
            if in_name is None or claimed.lower().startswith(in_name[1].lower()):
                return claimed, ""
            note = _("The file is named after {name}; the notebook says that it is {claim}.")
            return claimed, note.format(name=in_name[1], claim=claimed)
        if why is not None:
            text = _("{file} says that it is {claim!r}. {why} Hand in the lab's own notebook.")
            return None, text.format(file=shown, claim=claims, why=why)
        if in_name is None:
            text = _(
                "{file} does not say which lab it is for. Hand in the lab's own notebook, or put "
                "lab04 (or the like) into the file's name."
            )
            return None, text.format(file=shown)
        try:
            return self._suites.lab(in_name[1]), ""
        except SuitesError as error:
            text = _("{file} is named after {name}. {why} Check the file's name.")
            return None, text.format(file=shown, name=in_name[1], why=error)
