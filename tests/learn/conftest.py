"""The fixture labs and quizzes, and a progress file of its own for every test."""

from pathlib import Path

import pytest

from lnnn.learn import catalogue, quiz_source, store

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The folder that holds this test's progress."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LNNN_HOME", str(folder))
    monkeypatch.setattr(store, "_unsaved", [])
    return folder


@pytest.fixture
def fixture_labs(monkeypatch):
    """Lab 90 (halve, quarter, log_softmax) and lab 91 (treble), with their quiz."""
    monkeypatch.setattr(catalogue, "LABS", FIXTURES / "labs")
    monkeypatch.setattr(quiz_source, "QUIZZES", FIXTURES / "no_pages")
