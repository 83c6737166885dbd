"""Which cells the course ships to look at, so that they are not run."""

import hashlib

# The roles of cells that are not to be graded.
_NOT_RUN = frozenset({"setup", "check", "explore", "quiz", "example", "demo"})


class Shipped:
    """What a lab shipped: of each code cell its id, its role and the hash of its text."""

    def __init__(self, cells: list):
        self._by_id = {cell_id: (role, digest) for cell_id, role, digest in cells}
        self._roles: dict[str, set[str]] = {}
        for _cell_id, role, digest in cells:
            self._roles.setdefault(digest, set()).add(role)

    def is_for_looking(self, cell_id: str | None, text: str) -> bool:
        """True for a cell that the course ships to look at and the student left as it was.

        The text decides, because ids get lost. The id only settles which cell it is when the same
        text was shipped in two roles.
        """
        prints = _fingerprints(text)
        role, shipped = self._by_id.get(cell_id, ("", ""))
        if shipped in prints:
            return role in _NOT_RUN
        roles = set().union(*(self._roles.get(p, ()) for p in prints))
        return bool(roles) and roles <= _NOT_RUN


def _fingerprints(text: str) -> set[str]:
    """Hashes of a cell's text as it stands and without the line ends that editors add."""
    forms = {text, text.rstrip("\n"), text.rstrip(), text.strip("\n")}
    return {hashlib.sha256(t.encode("utf-8", "surrogatepass")).hexdigest() for t in forms}
