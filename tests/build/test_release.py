"""One version: the package says it, the citation and the changelog agree."""

import re
import tomllib

import yaml
from packaging.version import Version

import lnnn
from lnnn.build.project import ROOT

# https://keepachangelog.com/en/1.1.0/
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_RELEASE = re.compile(r"^## \[([^\]]+)\] - (Unreleased|\d{4}-\d\d-\d\d)$", re.M)


def _changelog():
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_package_takes_its_version_from_where_python_reads_it():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["dynamic"] == ["version"]
    assert "version" not in settings["project"]
    assert (ROOT / settings["tool"]["hatch"]["version"]["path"]).samefile(lnnn.__file__)
    assert str(Version(lnnn.__version__)) == lnnn.__version__


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == lnnn.__version__


def test_the_changelog_begins_with_this_version_and_goes_back_in_order():
    releases = _RELEASE.findall(_changelog())
    versions = [Version(version) for version, _ in releases]
    dates = [date for _, date in releases]
    assert releases[0][0] == lnnn.__version__
    assert versions == sorted(set(versions), reverse=True)
    assert "Unreleased" not in dates[1:]
    assert dates == sorted(dates, reverse=True)


def test_the_changelog_has_the_form_it_names():
    text = _changelog()
    assert text.startswith("# Changelog\n")
    assert "keepachangelog.com" in text
    assert len(re.findall(r"^## ", text, re.M)) == len(_RELEASE.findall(text))
    for release in re.split(r"^## ", text, flags=re.M)[1:]:
        groups = re.findall(r"^### (.+)$", release, re.M)
        assert groups, release
        assert groups == [group for group in GROUPS if group in groups]
        for group in re.split(r"^### ", release, flags=re.M)[1:]:
            assert re.search(r"^- \S", group, re.M), group


def test_the_classifiers_name_each_python_from_the_lowest_that_may_install_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: 3\.(\d+)$", "\n".join(project["classifiers"]), re.M)
    assert project["requires-python"] == f">=3.{named[0]}"
    assert list(map(int, named)) == list(range(int(named[0]), int(named[-1]) + 1))
    assert len(named) >= 3
