"""The tools of this folder see what they should: each plants what it must notice."""

import pytest
from pseudo import Pseudo, faults, glued, lines_of_html, outside, said, unaccented

from lnnn import messages


def test_a_message_is_marked_and_accented_but_for_places_code_and_tags():
    assert said("Run {n:g} of `np.exp` <em>now</em>") == "⟦Ŕúń {n:g} óƒ `np.exp` <em>ńóẃ</em>⟧"
    assert said("<code>x = 1</code> holds") == "⟦<code>x = 1</code> ħóĺđś⟧"
    language = Pseudo()
    assert language.ngettext("{n} rule", "{n} rules", 1) == "⟦{n} ŕúĺé⟧"
    assert language.ngettext("{n} rule", "{n} rules", 2) == "⟦{n} ŕúĺéś⟧"
    assert language.asked == {"{n} rule", "{n} rules"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("⟦Áĺĺ ⟦ƒóúŕ⟧ ħóĺđ⟧ · 3 ✓ — (42)", []),
        ("⟦Áĺĺ⟧ but one", ["but", "one"]),
        ("✓ f: ⟦áĺĺ ħóĺđ⟧ in `np.exp`", ["in"]),
        ("10⁴ x⟦á⟧y é", ["x", "y", "é"]),
    ],
)
def test_words_outside_of_every_message_are_found(text, words):
    assert outside(text, (r"\bf\b",)) == words


@pytest.mark.parametrize("text", ["⟦á", "á⟧", "⟦⟦á⟧", "⟧⟦"])
def test_marks_that_do_not_match_are_an_error(text):
    with pytest.raises(ValueError, match=r"closed|closes"):
        outside(text)
    with pytest.raises(ValueError, match=r"closed|closes"):
        glued(text)


def test_english_inside_a_message_is_found():
    assert unaccented("⟦ńóť ŕúń: it took too long⟧") == ["it", "took", "too", "long"]
    assert unaccented("⟦ńóť ŕúń: `np.exp`, nll⟧", (r"\bnll\b",)) == []


@pytest.mark.parametrize(
    "line",
    [
        "⟦Áĺĺ ⟦ƒóúŕ⟧ ħóĺđ.⟧ ⟦Ǵó óń.⟧",
        "✓ ⟦ṕáśśéđ⟧  ⟦Íť ħóĺđś⟧",
        "  12  ⟦ŕúĺéś⟧",
        "1. ⟦Ẃħáť íś íť?⟧",
        "⟦Śééń:⟧ ⟦ńóťħíńǵ⟧",
        "a.ipynb · ⟦Ĺáƀ⟧ · ⟦Śťáťúś⟧",
        "nothing at all",
    ],
)
def test_whole_messages_are_no_glue(line):
    assert not glued(line)


@pytest.mark.parametrize(
    "line",
    [
        "⟦Íť ŕáíśéđ⟧ ⟦áń éŕŕóŕ⟧",
        "⟦óń ṕá⟧⟦ṕéŕ⟧",
        "3 ⟦ŕúĺéś⟧",
        "⟦ŕúĺé⟧ 3",
        "f ⟦íś ńóť ẃŕíťťéń⟧",
        "⟦Íť ħóĺđś⟧.",
        "⟦óńé⟧, ⟦ťẃó⟧",
        "⟦áń⟧-⟦éńđ⟧",
    ],
)
def test_pieces_of_a_sentence_are_glue(line):
    assert glued(line)


def test_a_page_is_read_as_it_is_shown_and_read_out():
    html = (
        '<style>p { color: red }</style><section aria-label="⟦Á⟧"><p>One <b>bold</b> '
        '<code>np.exp</code></p><svg><title>⟦Ť⟧</title><path d="M0 0"/></svg>'
        "<pre>x = 1</pre></section>"
    )
    assert lines_of_html(html) == ["⟦Á⟧", "One bold ` `", "⟦Ť⟧", "` `"]


def test_each_kind_of_fault_is_named():
    assert faults(["⟦Ǵó óń.⟧"]) == []
    assert faults(["⟦ḿáńý⟧ more", "⟦Ǵó.⟧"]) == [
        "in no message: more",
        "not from the catalogue: more",
        "glued: ⟦ḿáńý⟧ more",
    ]


def test_a_message_put_together_before_it_is_looked_up_is_noticed(known, monkeypatch):
    language = Pseudo()
    monkeypatch.setattr(messages, "_chosen", language)
    messages._("Quiz {title}")
    messages.ngettext("{n} check", "{n} checks", 3)
    assert language.asked <= known
    for n in (1,):
        messages._(f"{n} planted messages")
    assert language.asked - known == {"1 planted messages"}
