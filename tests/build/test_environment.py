"""environment.yml says what pyproject.toml says, in conda's names; the pins cover both."""

import importlib.metadata
import tomllib
from itertools import chain

import pytest
import rattler
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lnnn.build.project import ROOT

CONDA_NAMES = {"msgpack": "msgpack-python"}
EXTRAS = ("lab", "grade")  # a conda user can open the course and grade
ALSO = {"pytest", "nbval"}  # from the test extra: lets a conda user check notebooks and suites


def _pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def _conda_specs():
    return [entry for entry in _environment()["dependencies"] if isinstance(entry, str)]


def _wanted():
    project = _pyproject()
    extras = project["optional-dependencies"]
    requirements = [Requirement(r) for r in project["dependencies"]]
    requirements += [Requirement(r) for extra in EXTRAS for r in extras[extra]]
    requirements += [r for r in map(Requirement, extras["test"]) if r.name in ALSO]
    wanted = {CONDA_NAMES.get(r.name, r.name): str(r.specifier) for r in requirements}
    return {**wanted, "python": project["requires-python"]}


def test_every_dependency_has_the_same_bound_for_conda():
    specs = [rattler.MatchSpec(entry) for entry in _conda_specs()]
    found = {s.name.normalized: str(s.version) for s in specs if s.version is not None}
    assert found == _wanted()


@pytest.mark.parametrize("entry", _conda_specs())
def test_conda_can_read_each_spec(entry):
    spec = rattler.MatchSpec(entry, strict=True)
    assert str(spec) == entry
    assert spec.name.normalized == entry.split(" ")[0]


def test_what_is_no_spec_is_noticed():
    # The parser above would be no test if it took anything.
    with pytest.raises(Exception, match="unable to parse version spec"):
        rattler.MatchSpec("numpy >>2", strict=True)


def test_pip_installs_the_course_and_nothing_else():
    [pip] = [entry["pip"] for entry in _environment()["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-e ."]
    assert "pip" in _conda_specs()
    assert _environment()["channels"] == ["conda-forge"]


def _pins():
    lines = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def installed_closure(package, **other_environment):
    """Everything that ``package``, such as ``lnnn[test]``, needs, directly or not.

    Read from what is installed here; ``other_environment`` are values for markers, such as
    ``python_version``.
    """
    seen, todo = {}, [Requirement(package)]
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen[key] = None
        for text in _requires(requirement.name):
            needed = Requirement(text)
            markers = [
                {"extra": extra, **other_environment} for extra in requirement.extras or [""]
            ]
            if needed.marker is None or any(map(needed.marker.evaluate, markers)):
                todo.append(needed)
    return {name for name, _ in seen} - {"lnnn"}


def _requires(name):
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # wanted by another Python, and not here
        return []


def test_every_package_that_gets_installed_is_pinned_to_one_version():
    pins = {canonicalize_name(pin.name): pin.specifier for pin in _pins()}
    assert all(str(s).startswith("==") and len(s) == 1 for s in pins.values())
    assert installed_closure("lnnn[test]") <= pins.keys()


def test_no_pin_is_left_over():
    # `overrides`, for one, is needed by Python 3.11 alone.
    [bound] = SpecifierSet(_pyproject()["requires-python"])
    wanted = installed_closure("lnnn[test]") | installed_closure(
        "lnnn[test]", python_version=bound.version, python_full_version=f"{bound.version}.0"
    )
    assert {canonicalize_name(pin.name) for pin in _pins()} == wanted


def test_every_pin_lies_within_the_bounds_of_the_project():
    pins = {canonicalize_name(p.name): next(iter(p.specifier)).version for p in _pins()}
    project = _pyproject()
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *chain(*extras.values())]:
        requirement = Requirement(text)
        if requirement.name != "lnnn":
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text
