"""The pseudo-language, the messages that Babel finds, and a progress file of its own a test."""

import io
from contextlib import contextmanager

import pytest
from babel.messages import extract
from babel.messages.frontend import parse_mapping_cfg
from pseudo import Pseudo

from lnnn import messages
from lnnn.build.project import ROOT
from lnnn.learn import store


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
