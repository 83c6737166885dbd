"""The pseudo-language, the messages that Babel finds, and a progress file of its own a test."""

import io
import sys
from contextlib import contextmanager

import pytest
from babel.messages import extract
from babel.messages.catalog import Catalog
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from pseudo import Pseudo

from lnnn import messages
from lnnn.build.project import ROOT
from lnnn.learn import store

sys.path.append(str(ROOT / "tests/explore"))  # for the working calls of explorables in `examples`


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The folder that holds this test's progress; English unless a test says otherwise."""
    monkeypatch.setenv("LNNN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LNNN_LANGUAGE", raising=False)
    monkeypatch.setattr(store, "_unsaved", [])
    monkeypatch.setattr(messages, "_chosen", None)


@pytest.fixture(scope="session")
def found():
    """What `make messages` finds: (file, message or its plural forms) of every place."""
    mapping, options = parse_mapping_cfg(io.StringIO((ROOT / "babel.cfg").read_text("utf-8")))
    rows = extract.extract_from_dir(ROOT, mapping, options)
    return [(file, said) for file, _line, said, _comments, _context in rows]


@pytest.fixture(scope="session")
def known(found):
    """The messages that a catalogue can hold, plural forms apart."""
    return {one for _, said in found for one in ((said,) if isinstance(said, str) else said)}


@pytest.fixture(scope="session")
def in_pseudo(known):
    """``with in_pseudo():`` speaks the pseudo-language. What it is asked for must be extracted."""

    @contextmanager
    def speaking():
        language = Pseudo()
        messages.install(language)
        try:
            yield
        finally:
            messages.use(None)
        unknown = language.asked - known
        assert not unknown, f"Babel does not find these; is one of them put together? {unknown}"

    return speaking


@pytest.fixture
def pseudo(in_pseudo):
    """The pseudo-language, spoken in this test."""
    with in_pseudo():
        yield


@pytest.fixture
def speaks(tmp_path, monkeypatch):
    """Add a language with these messages, under a folder of this test's own."""
    monkeypatch.setattr(messages, "LOCALES", tmp_path)
    messages._of_the_environment.cache_clear()

    def add(language, said):
        catalogue = Catalog(language, domain=messages.DOMAIN)
        for message, translation in said.items():
            catalogue.add(message, translation)
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / f"{messages.DOMAIN}.mo").open("wb") as file:
            write_mo(file, catalogue)

    yield add
    messages._of_the_environment.cache_clear()
