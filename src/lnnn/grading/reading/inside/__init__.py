"""Take a submitted file apart, behind the wall: bytes in, plain facts out.

One way through: ``encoding`` → ``notebook`` or ``script`` → ``cells`` (``magics``, ``display``,
``names``) → statements. Like the rest of the inside it imports nothing of the course and speaks no
language: it tells keys, of which ``reading.words`` makes sentences. What it does itself takes time
and memory in proportion to the size of the file; Python's parser, on some texts, takes more.
"""

from . import cells, encoding, notebook, script
from .facts import UnreadableFile
from .shipped import Shipped


class Desk:
    """The file that is being read. A desk serves many files, one after the other."""

    def __init__(self):
        self._cells: list = []
        self._remarks: list = []

    def answer(self, step: str, *arguments) -> tuple:
        """The answer to a request of ``reading.reader``: "open" a file, or "take apart" it."""
        return {"open": self.open, "take apart": self.take_apart}[step](*arguments)

    def open(self, data, is_script: bool) -> tuple:
        """What the file ``data`` (bytes) claims to be, and a problem (key, *details) or None."""
        self._cells, self._remarks = [], []
        data = bytes(data)
        try:
            if not data.strip():
                raise UnreadableFile("empty")
            if is_script:
                text, self._remarks = encoding.of_script(data)
                self._cells = script.cells(text)
                return None, None
            text, self._remarks = encoding.of_notebook(data)
            del data
            claims, self._cells = notebook.cells(text, self._remarks)
        except UnreadableFile as problem:
            return None, list(problem.args)
        return claims, None

    def take_apart(self, shipped: list, is_script: bool) -> tuple:
        """Statements, faults and remarks, see ``cells.take_apart``, of the file that was opened.

        ``shipped`` lists id, role and hash of the lab's cells.
        """
        found, remarks = self._cells, self._remarks
        self._cells, self._remarks = [], []
        statements, faults = cells.take_apart(found, Shipped(shipped), is_script, remarks)
        return statements, faults, remarks[:MOST_REMARKS], len(remarks[MOST_REMARKS:])


# A page with more is read by nobody.
MOST_REMARKS = 30
