"""Where the grading suites are, which labs they grade, and what each lab shipped."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from lnnn.messages import _

_PLACE = Path("tests", "hidden")


class SuitesError(Exception):
    """There are no suites, or a lab is none of theirs. Whole sentences say what to do."""


@dataclass(frozen=True)
class Release:
    """What a lab shipped, and the course's own answers to it.

    ``cells``: of each its id, its role and the hash of its text. ``imports`` is the code of the
    cell with the lab's imports, ``solutions`` that of each function, in the order of the lab.
    """

    cells: tuple[tuple[str, str, str], ...]
    imports: str = ""
    solutions: dict[str, str] = field(default_factory=dict)


NOTHING_SHIPPED = Release(())


class Suites:
    """A folder of suites, ``test_<lab>.py`` each, with ``release/<lab>.json`` beside them.

    Raises SuitesError when the folder holds no suite.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self._releases: dict[str, Release] = {}
        self._paths = {p.stem.removeprefix("test_"): p for p in self.folder.glob("test_lab*.py")}
        if not self._paths:
            text = _(
                "{folder}: there is no grading suite ({pattern}) in this folder. Give the folder "
                "of the suites with {option}."
            )
            text = text.format(folder=self.folder, pattern="test_lab*.py", option="--suites")
            raise SuitesError(text)

    @property
    def labs(self) -> list[str]:
        """The names of the labs that can be graded."""
        return sorted(self._paths)

    def lab(self, name: str) -> str:
        """The full name of a lab given as ``lab04_log_softmax`` or ``lab04``, in any case."""
        wanted = name.strip().lower()
        found = [lab for lab in self.labs if lab.lower() == wanted]
        found = found or [lab for lab in self.labs if lab.lower().startswith(f"{wanted}_")]
        if len(found) == 1:
            return found[0]
        known = ", ".join(self.labs)
        if not found:
            text = _("There is no suite for {name!r}; there are suites for {known}.")
            raise SuitesError(text.format(name=name, known=known))
        text = _("{name!r} could be each of these: {labs}. Write the whole name.")
        raise SuitesError(text.format(name=name, labs=", ".join(found)))

    def path(self, lab: str) -> Path:
        """The suite of a lab given by its full name."""
        return self._paths[lab]

    def release(self, lab: str) -> Release:
        """What the lab shipped. Nothing when the lab was never released from a notebook."""
        if lab not in self._releases:
            self._releases[lab] = self._read_release(lab)
        return self._releases[lab]

    def _read_release(self, lab: str) -> Release:
        path = self.folder / "release" / f"{lab}.json"
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            cells = tuple((cell["id"], cell["role"], cell["sha256"]) for cell in record["cells"])
            return Release(cells, record["imports"], dict(record["solutions"]))
        except FileNotFoundError:
            return NOTHING_SHIPPED
        except (ValueError, KeyError, TypeError) as error:
            raise SuitesError(
                f"{path}: not the record of a release ({error!r}). Build it again."
            ) from error


def find_suites(start: Path | None = None) -> Path:
    """The folder ``tests/hidden`` in the nearest parent of ``start`` (default: the working folder)
    or of this package's own checkout. Raises SuitesError when there is none."""
    here = Path.cwd() if start is None else Path(start).resolve()
    for origin in (here / "x", Path(__file__).resolve()):
        for parent in origin.parents:
            if any((parent / _PLACE).glob("test_lab*.py")):
                return parent / _PLACE
    text = _(
        "{folder}: neither this folder nor one above it holds {place} with grading suites. Change "
        "to the course's folder, or give the suites' folder with {option}."
    )
    raise SuitesError(text.format(folder=here, place=_PLACE.as_posix(), option="--suites"))
