"""Which labs there are, and which functions each asks for: read from their rules."""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from lnnn import labs as shipped
from lnnn.suite.rule import Rule, SuiteError, rules_of
from lnnn.suite.runner import load_module

from .errors import LearnError

LABS = shipped.FOLDER


@dataclass(frozen=True)
class LabEntry:
    """One lab; ``rules`` are those with examples, which ``check`` runs."""

    name: str
    folder: Path
    rules: tuple[Rule, ...]

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that the lab asks for, in the order of its rules."""
        return tuple(dict.fromkeys(rule.function for rule in self.rules))

    def rules_for(self, function: str) -> tuple[Rule, ...]:
        """The rules of one function."""
        return tuple(rule for rule in self.rules if rule.function == function)

    def after(self, function: str) -> str | None:
        """The function that the lab asks for next, or None after the last."""
        at = self.functions.index(function) + 1
        return self.functions[at] if at < len(self.functions) else None


def labs() -> tuple[LabEntry, ...]:
    """Every lab, in the order of its name."""
    return tuple(entry(path.parent) for path in sorted(LABS.glob("*/rules.py")))


def entry(folder: Path) -> LabEntry:
    """The lab whose rules stand in ``folder``. Raises LearnError when they can't be read."""
    return _entry(folder, (folder / "rules.py").stat().st_mtime_ns)


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
    try:
        module = load_module(folder / "rules.py", f"lnnn_rules_{folder.name}")
    except SuiteError as error:
        raise LearnError(f"{folder.name}: its rules can't be read. {error}") from error
    return LabEntry(folder.name, folder, tuple(r for r in rules_of(module) if r.examples))
