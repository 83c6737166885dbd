"""Which labs there are, and which functions each asks for: read from their checks, not imported."""

import ast
import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import LearnError

LABS = Path(__file__).parent / "labs"


@dataclass(frozen=True)
class LabEntry:
    """One lab. ``functions`` stand in the order of its checks; ``counts`` are checks a function."""

    name: str
    folder: Path
    functions: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def checks(self) -> Path:
        """The suite that ``check`` runs."""
        return self.folder / "checks.py"

    def after(self, function: str) -> str | None:
        """The function that the lab asks for next, or None after the last."""
        at = self.functions.index(function) + 1
        return self.functions[at] if at < len(self.functions) else None


def labs() -> tuple[LabEntry, ...]:
    """Every lab, in the order of its name."""
    folders = sorted(p.parent for p in LABS.glob("*/checks.py"))
    return tuple(map(entry, folders))


def entry(folder: Path) -> LabEntry:
    """The lab whose checks stand in ``folder``. Raises LearnError when it is no package."""
    return _entry(folder, (folder / "checks.py").stat().st_mtime_ns)


def lab_of(function: str) -> LabEntry | None:
    """The lab that asks for ``function``, or None."""
    return next((lab for lab in labs() if function in lab.functions), None)


def hints_of(lab: LabEntry, function: str) -> tuple[str, ...]:
    """The hints for ``function``, from the vaguest to the plainest; () when there are none.

    Raises LearnError when hints.toml can't be read or an entry is not a list of texts.
    """
    path = lab.folder / "hints.toml"
    if not path.is_file():
        return ()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LearnError(f"{lab.name}/hints.toml is not valid TOML: {error}.") from None
    hints = table.get(function, {}).get("hints", [])
    if not isinstance(hints, list) or not all(isinstance(h, str) and h.strip() for h in hints):
        raise LearnError(f"{lab.name}/hints.toml: [{function}] hints must be a list of texts.")
    return tuple(hints)


@functools.lru_cache(maxsize=64)
def _entry(folder: Path, _changed: int) -> LabEntry:
    if not (folder / "__init__.py").is_file():
        # Every folder of code here is a package. pytest itself would do without: see SuiteRunner.
        raise LearnError(f"{folder.name} has no __init__.py. Add one beside checks.py.")
    found: dict[str, int] = {}
    for node in ast.parse((folder / "checks.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            named = filter(None, map(_function_of_mark, node.decorator_list))
            for name in list(named)[:1]:
                found[name] = found.get(name, 0) + 1
    return LabEntry(folder.name, folder, tuple(found), tuple(found.values()))


def _function_of_mark(decorator: ast.expr) -> str | None:
    """The function that a mark names: ``@pytest.mark.graded(function="softmax", …)``.

    A suite may wrap the mark in a helper of its own, called by a plain name, whose parameter
    ``function`` is the first one: ``@check("softmax", …)``.
    """
    if not isinstance(decorator, ast.Call):
        return None
    called = decorator.func
    if isinstance(called, ast.Attribute) and called.attr != "graded":
        return None
    given = [k.value for k in decorator.keywords if k.arg == "function"] or decorator.args[:1]
    values = [v.value for v in given if isinstance(v, ast.Constant)]
    return values[0] if values and isinstance(values[0], str) else None
