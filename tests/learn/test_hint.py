"""Hints come one by one, are remembered, and end."""

import numpy as np
import pytest

from lnnn import hint
from lnnn.learn import catalogue, store
from lnnn.learn.errors import LearnError

pytestmark = pytest.mark.usefixtures("fixture_labs")


def halve(x):
    return np.asarray(x) / 2


def quarter(x):
    return x / 4


def test_each_call_gives_the_next_hint_and_the_last_one_again():
    cards = [hint(halve) for _ in range(4)]
    assert [card.number for card in cards] == [1, 2, 3, 3]
    assert str(cards[0]) == "Hint 1 of 3 for halve:\nWhat is half of x_1?"
    assert str(cards[1]) == "Hint 2 of 3 for halve:\nUse the operator /."
    assert str(cards[2]) == "Hint 3 of 3 for halve:\nDivide by two: x < 3 & so on."
    assert str(cards[3]).startswith("Hint 3 of 3 for halve, the last one, again:\n")


def test_again_repeats_without_moving_on():
    assert hint(halve, again=True).number == 1
    assert hint(halve).number == 2
    assert hint(halve, again=True).number == 2
    assert hint(halve, again=True).number == 2
    assert hint(halve).number == 3
    assert not hint(halve, again=True).exhausted
    assert hint(halve).exhausted


def test_hints_are_remembered_in_progress():
    hint(halve)
    hint(halve)
    assert store.read()[0].functions["lab90_halving"]["halve"]["hints"] == 2


def test_hints_move_on_where_progress_cannot_be_saved(home):
    home.write_text("a file where the folder should be", encoding="utf-8")
    cards = [hint(halve) for _ in range(3)]
    assert [card.number for card in cards] == [1, 2, 3]
    assert all("not saved" in str(card) for card in cards)


def test_markup_becomes_html_and_everything_else_stays_text():
    html = [hint(halve)._repr_mimebundle_()["text/html"] for _ in range(3)]
    assert "half of x<sub>1</sub>?" in html[0]
    assert "operator <code>/</code>." in html[1]
    assert "<em>two</em>: x &lt; 3 &amp; so on." in html[2]


def test_a_function_without_hints_is_told_what_helps_instead():
    with pytest.raises(LearnError, match=r"has no hints for it\. check\(quarter\) says"):
        hint(quarter)


def test_wrong_use_is_told_in_the_words_of_hint():
    with pytest.raises(LearnError, match=r"without quotes: hint\(halve\)"):
        hint("halve")


@pytest.mark.parametrize(
    ("text", "said"),
    [("[halve\n", "not valid TOML"), ('[halve]\nhints = "one"', "must be a list of texts")],
)
def test_a_broken_hints_file_is_named(tmp_path, monkeypatch, text, said):
    folder = tmp_path / "lab93_broken"
    folder.mkdir()
    source = catalogue.LABS / "lab90_halving"
    (folder / "rules.py").write_bytes((source / "rules.py").read_bytes())
    (folder / "hints.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "LABS", tmp_path)
    with pytest.raises(LearnError, match=said):
        hint(halve)
