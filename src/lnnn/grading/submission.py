"""A submission: which lab it is for, which cells are to be run, and what was odd about the file."""

import ast
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from lnnn.messages import _, ngettext

from .display import CourseNames
from .magics import without_magics
from .source_file import RawCell, SourceFile, UnreadableError, display_name, read_source_file
from .suites import Release, Suites, SuitesError

# Far above any lab's answers, far below what would keep the grader busy with parsing.
MAX_CODE = 1_000_000
MAX_RUN = 500
# A page with more is read by nobody.
_MAX_NOTES = 30

_LAB_IN_NAME = re.compile(r"(?:^|[^a-z])(lab\d\d)(?!\d)", re.IGNORECASE)


@dataclass(frozen=True)
class AnswerCell:
    """A cell to run: plain Python, its lines where they are in the file.

    ``label`` names it for people ("Cell 7", "Line 12"), ``starts`` is its first line.
    """

    index: int
    source: str
    label: str = ""
    starts: str = ""


@dataclass(frozen=True)
class CellError:
    """Why a cell did not run to its end, in words for the student."""

    index: int
    label: str
    text: str
    starts: str = ""


@dataclass(frozen=True)
class Submission:
    """One student's file. ``problem`` says why it can't be graded; then there are no cells."""

    name: str
    path: Path
    lab: str
    cells: tuple[AnswerCell, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str | None = None
    digest: str = ""
    errors: tuple[CellError, ...] = ()


def read_submission(
    path: Path, suites: Suites, lab: str | None = None, name: str | None = None
) -> Submission:
    """Read the file at ``path``. Never raises because of what the file holds.

    ``lab`` says which lab it is for (a name that ``suites`` knows); without it, the notebook's
    metadata decides, else a ``labNN`` in the file's name. ``name`` is what results call it.
    """
    path = Path(path)
    name = name or display_name(path).rsplit(".", 1)[0] or display_name(path)
    try:
        file = read_source_file(path)
    except UnreadableError as error:
        guess = _lab_of(path, None, suites, lab)[0]
        return Submission(name, path, guess or "", problem=str(error))
    chosen, remark = _lab_of(path, file.claims, suites, lab)
    if chosen is None:
        return Submission(name, path, "", problem=remark, digest=file.digest)
    notes = [*file.notes, *([remark] if remark else [])]
    cells, errors = _prepare(file, path, suites.release(chosen), notes)
    if len(notes) > _MAX_NOTES:
        n = len(notes) - _MAX_NOTES
        more = ngettext(
            "There is {n} more note like these.", "There are {n} more notes like these.", n
        )
        notes[_MAX_NOTES:] = [more.format(n=n)]
    return Submission(
        name, path, chosen, tuple(cells), tuple(notes), None, file.digest, tuple(errors)
    )


def lab_from_file(path: Path, suites: Suites, lab: str | None = None) -> str:
    """The lab that the file is for, or "" when it can't be told. Looks at no cell."""
    try:
        claims = read_source_file(Path(path)).claims
    except UnreadableError:
        claims = None
    return _lab_of(Path(path), claims, suites, lab)[0] or ""


def _lab_of(path, claims, suites, wanted) -> tuple[str | None, str]:
    """The lab, and a note about it; or None and why it can't be told."""
    shown = display_name(path)
    claimed, why = None, None
    if claims is not None:
        try:
            claimed = suites.lab(claims)
        except SuitesError as error:
            why = error
    if wanted is not None:
        wanted = suites.lab(wanted)
        if claimed in (None, wanted):
            return wanted, ""
        note = _("The notebook says that it is {claim}; it was graded as {lab}.")
        return wanted, note.format(claim=claimed, lab=wanted)
    if claimed is not None:
        return claimed, ""
    if why is not None:
        text = _("{file} says that it is {claim!r}. {why} Hand in the lab's own notebook.")
        return None, text.format(file=shown, claim=_short(claims), why=why)
    in_name = _LAB_IN_NAME.search(path.stem)
    if in_name is None:
        text = _(
            "{file} does not say which lab it is for. Hand in the lab's own notebook, or put "
            "lab04 (or the like) into the file's name."
        )
        return None, text.format(file=shown)
    try:
        return suites.lab(in_name[1]), ""
    except SuitesError as error:
        text = _("{file} is named after {name}. {why} Check the file's name.")
        return None, text.format(file=shown, name=in_name[1], why=error)


def _prepare(file: SourceFile, path: Path, release: Release, notes: list[str]):
    """The cells to run and those that are not Python."""
    is_script = path.suffix.lower() == ".py"
    course = CourseNames()
    cells: list[AnswerCell] = []
    errors: list[CellError] = []
    where_defined: dict[str, list[str]] = {}
    size = 0
    for raw in file.cells:
        # Marked cells of a script are padded to keep their line numbers; a release knows no padding
        if release.is_for_looking(raw.cell_id, raw.text.strip("\n") if is_script else raw.text):
            _learn_imports(course, raw)
            continue
        size += len(raw.text)
        if size > MAX_CODE or len(cells) + len(errors) >= MAX_RUN:
            text = _too_much(raw.label, size)
            errors.append(CellError(raw.index, raw.label, text, _start(raw.text)))
            break
        source, tree, problem = _as_python(raw, notes)
        if problem:
            errors.append(CellError(raw.index, raw.label, problem, _start(raw.text)))
        if tree is None or not tree.body:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                labels = where_defined.setdefault(node.name, [])
                labels += [raw.label] if raw.label not in labels else []
        parts = course.without_display(source, tree)
        if is_script and len(file.cells) == 1:
            cells += _statements(parts)
        else:
            cells.append(AnswerCell(raw.index, parts, raw.label, _start(raw.text)))
    _note_names(course, where_defined, notes)
    return cells, errors


def _too_much(label: str, size: int) -> str:
    """Why nothing is run from ``label`` on."""
    if size > MAX_CODE:
        text = _(
            "{place} and what follows were not run: the file holds more than {most} kB of code."
        )
        return text.format(place=label, most=MAX_CODE // 1000)
    text = _("{place} and what follows were not run: the file holds more than {most} cells to run.")
    return text.format(place=label, most=MAX_RUN)


def _as_python(raw: RawCell, notes: list[str]) -> tuple[str, ast.Module | None, str]:
    """The cell as plain Python and its tree, or None and what is wrong with it."""
    source = raw.text
    try:
        return source, _parse(source), ""
    except _NOT_PYTHON as error:
        first = error
    source, taken = without_magics(source)
    if taken:
        notes.append(_left_out(raw.label, taken))
        try:
            return source, _parse(source), ""
        except _NOT_PYTHON as error:
            first = error
    return source, None, _not_python(raw.label, first)


_NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        # An invalid escape in a student's string is not a warning to the instructor.
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        # The compiler finds what the grammar allows: a return outside a function.
        compile(tree, "submission", "exec", dont_inherit=True)
    return tree


def _left_out(label: str, taken: list[str]) -> str:
    """The note on notebook commands that were taken out of a cell."""
    listed, more = ", ".join(f"`{_short(t)}`" for t in taken[:5]), len(taken[5:])
    text = _("{place}: {commands} left out. The grader runs Python; it has no notebook commands.")
    if more:
        text = ngettext(
            "{place}: {commands} and {n} more left out. The grader runs Python; it has no "
            "notebook commands.",
            "{place}: {commands} and {n} more left out. The grader runs Python; it has no "
            "notebook commands.",
            more,
        )
    return text.format(place=label, commands=listed, n=more)


def _not_python(label: str, error: Exception) -> str:
    line, why = 0, str(error)
    if isinstance(error, SyntaxError):
        line, why = error.lineno or 1, error.msg
        text = _("{place} is not valid Python (line {line}): {why}.")
    elif isinstance(error, UnicodeEncodeError):
        text = _("{place} is not valid Python: it holds half of a character. Type the line again.")
    elif isinstance(error, ValueError):
        text = _("{place} is not valid Python: {why}.")
    else:
        text = _("{place} is nested too deeply to be run. Split the expression up.")
    return text.format(place=label, line=line, why=why)


def _learn_imports(course: CourseNames, raw: RawCell) -> None:
    """A shipped cell is not run, but later cells may use what it imports from the course."""
    if "lnnn" in raw.text:
        source = without_magics(raw.text)[0]
        try:
            course.learn(_parse(source))
        except _NOT_PYTHON:
            return  # it is unchanged, so whatever it holds is the course's own and was never run


def _statements(source: str) -> list[AnswerCell]:
    """Each statement of a script on its own, so that one that raises does not cost the rest."""
    lines = source.encode("utf-8").split(b"\n")
    cells = []
    tree = _parse(source)
    starts = [
        min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ()))]) for n in tree.body
    ]
    ends = [node.end_lineno for node in tree.body]
    index = 0
    while index < len(starts):
        first, last = starts[index], ends[index]
        while index + 1 < len(starts) and starts[index + 1] <= last:  # a; b on one line
            index += 1
            last = max(last, ends[index])
        body = b"\n".join(lines[first - 1 : last]).decode("utf-8")
        padded = "\n" * (first - 1) + body
        label = _("Line {n}").format(n=first)
        cells.append(AnswerCell(len(cells) + 1, padded, label, _start(body)))
        index += 1
    return cells


def _note_names(course: CourseNames, where_defined: dict[str, list[str]], notes: list[str]) -> None:
    for function, used in course.used_by.items():
        text = _(
            "{function} uses {names} from the course's package, which can't be imported while "
            "grading. Write it with NumPy alone."
        )
        names = ", ".join(map(_short, sorted(used)))
        notes.append(text.format(function=_short(function), names=names))
    for name, labels in where_defined.items():
        if len(labels) > 1:
            text = _("{function} is defined more than once: {places}. The last definition counts.")
            notes.append(text.format(function=_short(name), places=", ".join(labels)))


def _start(text: str) -> str:
    """The first line of a cell that says something."""
    return _short(next((line.strip() for line in text.split("\n") if line.strip()), ""))


def _short(text: str, limit: int = 60) -> str:
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
