"""Which file is built from which source; build them, compare them with what is committed."""

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from lnnn.build import execute, leaks, outputs
from lnnn.build.errors import BuildError, at
from lnnn.build.notebook import assemble
from lnnn.build.release import release_record
from lnnn.build.source import Source, read_source

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = tuple(Path(__file__).parents[1] / room for room in ("labs", "learn"))
RELEASE = Path("tests/hidden/release")


@dataclass(frozen=True)
class Product:
    """A file built from a source. ``path`` is relative to the root."""

    source: Source
    kind: str  # "course", "lab", "solution" or "release"
    path: Path


def find_sources(root: Path = ROOT, names=()) -> list[Source]:
    """All sources below ``root``, or those named, in full or by number: ``lab04``, ``03``.

    Raises BuildError for an unknown name.
    """
    paths = [
        (path, kind)
        for kind, folder in (("course", "source/course"), ("lab", "source/labs"))
        for path in sorted((root / folder).glob("*.md"))
    ]
    known = {path.stem for path, _ in paths}
    by_number = {name.partition("_")[0]: name for name in known}
    wanted = {by_number.get(name, name) for name in (Path(name).stem for name in names)}
    if unknown := wanted - known:
        raise BuildError(
            f"no source is called {', '.join(sorted(unknown))}. "
            f"There are: {', '.join(sorted(known))}."
        )
    return [
        read_source(path, kind, path.relative_to(root))
        for path, kind in paths
        if not wanted or path.stem in wanted
    ]


def products_of(source: Source) -> list[Product]:
    """What is built from a source: one notebook for the course, two and a record for a lab."""
    notebook = f"{source.name}.ipynb"
    if source.kind == "course":
        return [Product(source, "course", Path("course", notebook))]
    return [
        Product(source, "lab", Path("labs", notebook)),
        Product(source, "solution", Path("solutions", notebook)),
        Product(source, "release", RELEASE / f"{source.name}.json"),
    ]


def build(sources: list[Source], root: Path = ROOT, shipped=SHIPPED) -> dict[Path, str]:
    """Build every product of the sources. Returns path from the root -> text of the file.

    Executed notebooks run in the folder they will stand in (below ``root``). No solution may stand
    in a student notebook or below a folder of ``shipped``. Writes nothing.
    Raises BuildError.
    """
    built, jobs = {}, []
    for source in sources:
        for product in products_of(source):
            if product.kind in ("course", "solution"):
                notebook = assemble(source, product.kind)
                (root / product.path.parent).mkdir(parents=True, exist_ok=True)
                jobs.append((notebook, root / product.path.parent, _places(source, notebook)))
                built[product.path] = notebook
            elif product.kind == "lab":
                student = assemble(source, "lab")
                leaks.check_lab(source, student, shipped)
                built[product.path] = student
            else:
                built[product.path] = release_record(student)
    execute.execute_all(jobs)
    for notebook, _, place in jobs:
        outputs.finish(notebook, place)
    return {path: _as_text(content) for path, content in built.items()}


def write(built: dict[Path, str], root: Path = ROOT) -> list[Path]:
    """Write built files that changed. Returns their paths from the root."""
    changed = differing(built, root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(built[path], encoding="utf-8", newline="\n")
    return changed


def differing(built: dict[Path, str], root: Path = ROOT) -> list[Path]:
    """Paths of the built files that are missing below ``root`` or differ by any byte."""
    return [
        path
        for path, text in built.items()
        if not (root / path).is_file() or (root / path).read_bytes() != text.encode("utf-8")
    ]


def orphans(root: Path = ROOT) -> list[Path]:
    """Files in the built folders that no source accounts for, as paths from the root."""
    accounted = {product.path for source in find_sources(root) for product in products_of(source)}
    present = [
        path.relative_to(root)
        for folder, pattern in (
            ("course", "*.ipynb"),
            ("labs", "*.ipynb"),
            ("solutions", "*.ipynb"),
            (RELEASE, "*.json"),
        )
        for path in sorted((root / folder).glob(pattern))
    ]
    return [path for path in present if path not in accounted]


def _places(source: Source, notebook):
    """A function from the id of a built cell to the place in the source, for error texts."""
    ids = [cell.id for cell in notebook.cells if cell.id != "setup"]
    by_id = dict(zip(ids, source.cells, strict=True))

    def place(cell_id: str | None) -> str:
        if cell_id in by_id:
            return source.where(by_id[cell_id])
        return at(source.path) if cell_id is None else f"{at(source.path)}: the set-up cell"

    return place


def _as_text(content) -> str:
    if isinstance(content, nbformat.NotebookNode):
        nbformat.validate(content)
        return nbformat.writes(content) + "\n"
    return json.dumps(content, indent=1) + "\n"
