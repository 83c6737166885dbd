"""Which file is built from which source; build them, compare them with what is committed."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import nbformat

from lnnn.build import execute, inputs, leaks, outputs, widgets
from lnnn.build.errors import BuildError
from lnnn.build.notebook import assemble, release_record
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

    @property
    def is_executed(self) -> bool:
        """True when a kernel runs it."""
        return self.kind in ("course", "solution")


@dataclass(frozen=True)
class Built:
    """What a build made of a product: its text, and what the text was made from.

    ``sent`` is what the kernel of an executed notebook sent: see ``execute.Job``.
    """

    text: str
    entry: inputs.Entry
    sent: dict[int, list[tuple[str, dict]]]


def source_files(root: Path = ROOT, names=()) -> list[tuple[Path, str]]:
    """(path from the root, kind) of all sources below ``root``, or of those named.

    A name is one in full or by number: ``lab04``, ``03``. Raises BuildError for an unknown one.
    """
    files = [
        (path.relative_to(root), kind)
        for kind, folder in (("course", "source/course"), ("lab", "source/labs"))
        for path in sorted((root / folder).glob("*.md"))
    ]
    known = {path.stem for path, _ in files}
    by_number = {name.partition("_")[0]: name for name in known}
    wanted = {by_number.get(name, name) for name in (Path(name).stem for name in names)}
    if unknown := wanted - known:
        raise BuildError(
            f"no source is called {', '.join(sorted(unknown))}. "
            f"There are: {', '.join(sorted(known))}."
        )
    return [(path, kind) for path, kind in files if not wanted or path.stem in wanted]


def find_sources(root: Path = ROOT, names=()) -> list[Source]:
    """All sources below ``root``, or those named, read. Raises BuildError."""
    return [read_source(root / path, kind, path) for path, kind in source_files(root, names)]


def products_of(source: Source) -> list[Product]:
    """What is built from a source: one notebook for the course, two and a record for a lab."""
    paths = _paths_of(source.name, source.kind).items()
    return [Product(source, kind, path) for kind, path in paths]


def product_paths(root: Path = ROOT, names=()) -> list[Path]:
    """The paths, from the root, of what is built from all sources or those named.

    Reads no source. Raises BuildError for an unknown name.
    """
    files = source_files(root, names)
    return [path for file, kind in files for path in _paths_of(file.stem, kind).values()]


def _paths_of(name: str, kind: str) -> dict[str, Path]:
    """The kind of every product of a source and its path from the root."""
    notebook = f"{name}.ipynb"
    if kind == "course":
        return {"course": Path("course", notebook)}
    return {
        "lab": Path("labs", notebook),
        "solution": Path("solutions", notebook),
        "release": RELEASE / f"{name}.json",
    }


def build(
    sources: list[Source], root: Path = ROOT, only: Collection[Path] | None = None
) -> dict[Path, Built]:
    """Build the products of the sources, by their paths from the root. Writes nothing.

    Executed notebooks run in the folder they will stand in (below ``root``); ``only`` names those
    to run, where it isn't all. No solution may stand in a student notebook or below a folder of
    ``SHIPPED``. Raises BuildError.
    """
    contents, jobs = {}, {}
    for product in (product for source in sources for product in products_of(source)):
        source = product.source
        if product.is_executed and (only is None or product.path in only):
            notebook = assemble(source, product.kind)
            folder = root / product.path.parent
            folder.mkdir(parents=True, exist_ok=True)
            jobs[product] = execute.Job(notebook, folder, _places(source, notebook), root)
            contents[product] = notebook
        elif product.kind == "lab":
            student = assemble(source, "lab")
            leaks.check_lab(source, student, SHIPPED)
            contents[product] = student
        elif product.kind == "release":
            contents[product] = release_record(source, student)
    asyncio.run(execute.execute_all(jobs.values()))
    for job in jobs.values():
        outputs.finish(job.notebook, job.place)
    hashes, shared = inputs.Hashes(root), inputs.of_the_build(root)
    built = {}
    for product, content in contents.items():
        made_from, sent = {product.source.path.as_posix(), *shared}, {}
        if job := jobs.get(product):
            made_from |= {inputs.PINS.as_posix(), *inputs.of_a_run(root, job.notes)}
            sent = job.sent
        text = _as_text(content)
        built[product.path] = Built(text, hashes.entry(text, made_from), sent)
    return built


def out_of_date(root: Path = ROOT, names=()) -> dict[Path, str]:
    """Why each built file that is out of date is so, as a clause, by its path from the root.

    Compares what the lock notes with what is there; runs nothing and reads no source. Looks at
    what is built from all sources or those named. Raises BuildError.
    """
    lock, hashes = inputs.read_lock(root), inputs.Hashes(root)
    paths = product_paths(root, names)
    changes = {path: hashes.change(path.as_posix(), lock.get(path.as_posix())) for path in paths}
    return {path: change for path, change in changes.items() if change}


def write(built: dict[Path, Built], root: Path = ROOT) -> list[Path]:
    """Write the built files and the lock where they changed. Returns their paths from the root."""
    changed = differing(built, root)
    for path in changed:
        text = _lock_with(built, root) if path == inputs.LOCK else built[path].text
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    return changed


def differing(built: dict[Path, Built], root: Path = ROOT) -> list[Path]:
    """Paths of the built files, and of the lock, that are missing or differ by any byte."""
    texts = {path: made.text for path, made in built.items()}
    texts[inputs.LOCK] = _lock_with(built, root)
    return [
        path
        for path, text in texts.items()
        if not (root / path).is_file() or (root / path).read_bytes() != text.encode("utf-8")
    ]


def _lock_with(built: dict[Path, Built], root: Path) -> str:
    """The text of the lock after ``built`` is written: other files keep what it says of them."""
    entries = inputs.read_lock(root) | {path.as_posix(): b.entry for path, b in built.items()}
    known = {path.as_posix() for path in product_paths(root)}
    return inputs.lock_text({name: entries[name] for name in entries if name in known})


def orphans(root: Path = ROOT) -> list[Path]:
    """Files in the built folders that no source accounts for, as paths from the root."""
    accounted = set(product_paths(root))
    patterns = [place for kind in ("course", "lab") for place in _paths_of("*", kind).values()]
    present = [
        path.relative_to(root)
        for pattern in patterns
        for path in sorted(root.glob(pattern.as_posix()))
    ]
    return [path for path in present if path not in accounted]


def _places(source: Source, notebook):
    """A function from the id of a built cell to the place in the source, for error texts."""
    ids = [cell.id for cell in notebook.cells if cell.id != "setup"]
    by_id = dict(zip(ids, source.cells, strict=True))

    def place(cell_id: str | None) -> str:
        if cell_id in by_id:
            return source.where(by_id[cell_id])
        return str(source.path) if cell_id is None else f"{source.path}: the set-up cell"

    return place


def _as_text(content) -> str:
    if not isinstance(content, nbformat.NotebookNode):
        return json.dumps(content, indent=1) + "\n"
    nbformat.validate(content)
    return widgets.fold(nbformat.writes(content)) + "\n"
