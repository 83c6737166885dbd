"""Quizzes: what the loader refuses, what the page may know, what progress keeps."""

import json

import pytest

from lnnn import check, hint, progress, quiz
from lnnn.learn import quiz_source, store
from lnnn.learn.errors import LearnError

NAME = "lab90_halving"


@pytest.fixture
def asked(fixture_labs):
    """The fixture quiz as a widget."""
    return quiz(NAME)


def shown(widget):
    """All that the page and a saved notebook know of a widget."""
    state = {k: v for k, v in widget.get_state().items() if k not in ("_esm", "_css")}
    return json.dumps(state, default=str, ensure_ascii=False)


def explanations(name=NAME):
    return [
        quiz_source.markup.to_text(option.explanation.runs)
        for question in quiz_source.load(name).questions
        for option in question.options
    ]


def test_the_page_knows_no_answer_no_explanation_and_no_hint_at_first(asked):
    state = shown(asked)
    assert "What is half of" in state
    assert "correct" not in state
    for secret in [*explanations(), "Think of two equal parts"]:
        assert secret not in state


def test_one_answer_gives_away_its_own_explanation_and_no_other(asked):
    asked.choose("half", 0)
    state = shown(asked)
    told = [text for text in explanations() if text in state]
    assert told == ["That is the double, 2x."]
    assert asked.answers["half"]["right"] is False
    assert "Think of two equal parts" not in state


def test_a_hint_comes_when_it_is_asked_for(asked):
    asked.take_hint("half")
    assert asked.answers == {
        "half": {"tried": [], "right": False, "hint": ("Think of two equal parts.",)}
    }


def test_a_question_once_right_stays_right_while_other_options_are_explored(asked):
    asked.choose("half", 1)
    asked.choose("half", 0)
    assert asked.answers["half"]["right"] is True
    assert [t["option"] for t in asked.answers["half"]["tried"]] == [1, 0]
    assert asked.score == (1, 3)


def test_what_was_answered_is_there_when_the_quiz_is_opened_again(asked):
    asked.choose("half", 0)
    asked.choose("half", 1)
    asked.take_hint("markup")
    assert quiz(NAME).answers == asked.answers


def test_messages_of_the_page_are_understood(asked):
    asked._received(asked, {"kind": "answer", "question": "half", "option": 1}, [])
    asked._received(asked, {"kind": "hint", "question": "half"}, [])
    assert asked.score == (1, 3)
    assert asked.answers["half"]["hint"]


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {"kind": "reveal"},
        {"kind": "answer", "question": "half", "option": 7},
        {"kind": "answer", "question": "half", "option": -1},
        {"kind": "answer", "question": "half", "option": True},
        {"kind": "answer", "question": "half", "option": None},
        {"kind": "answer", "question": "nothing", "option": 0},
        {"kind": "hint", "question": ["half"]},
    ],
)
def test_a_message_that_makes_no_sense_changes_nothing(asked, message):
    with pytest.raises(ValueError, match=r"half|nothing|sent|no question"):
        asked._received(asked, message, [])
    assert asked.answers == {}


def test_an_answer_to_a_question_that_has_changed_since_does_not_count(asked):
    asked.choose("half", 1)
    store.change(lambda p: p.quizzes[NAME]["half"].update(fingerprint="older"))
    again = quiz(NAME)
    assert again.answers == {}
    again.choose("half", 0)
    assert again.answers["half"]["right"] is False


def test_options_stand_in_the_order_of_the_file(asked):
    options = asked.questions[0]["options"]
    assert [quiz_source.markup.to_text(o) for o in options] == ["x + x", "x / 2", "e^(x−2)"]


def test_without_a_widget_the_questions_can_still_be_read(asked):
    data, _ = asked._repr_mimebundle_()
    assert data["text/plain"].splitlines()[:5] == [
        "Quiz Lab 90 · halving. Run this cell to answer.",
        "1. What is half of x?",
        "   ( ) x + x",
        "   ( ) x / 2",
        "   ( ) e^(x−2)",
    ]
    assert "<li>What is half of <code>x</code>?" in data["text/html"]
    assert "x &lt; 1 &amp; &lt;b&gt;bold&lt;/b&gt;" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
    for secret in explanations():
        assert secret not in data["text/html"] + data["text/plain"]


def test_every_quiz_of_the_course_keeps_the_rules():
    assert quiz_source.names()
    for name in quiz_source.names():
        quiz_source.load(name)


def test_an_unknown_quiz_is_named_with_the_nearest_known_one(fixture_labs):
    with pytest.raises(LearnError, match="Did you mean 'lab90_halving'"):
        quiz("lab90_halvin")
    with pytest.raises(LearnError, match=r"There are: lab90_halving\."):
        quiz("../../secret")
    with pytest.raises(LearnError, match="is a text"):
        quiz(4)


QUESTION = """
[[question]]
id = "q{n}"
text = "What?"
hint = "This."
[[question.option]]
text = "a"
explanation = "because a"
correct = true
[[question.option]]
text = "b"
explanation = "because b"
"""
THREE = "".join(QUESTION.format(n=n) for n in range(3))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[question]]", "[[question", "not valid TOML"),
        ("[[question]]", "[[questions]]\n[[question]]", "Did you mean question?"),
        ('id = "q2"', 'id = "q1"', "the id 'q1' stands twice"),
        ('id = "q0"', 'id = "Q 0"', "question 1: the id must be small letters"),
        ('id = "q0"', "", "question 1: the id must be"),
        ('hint = "This."', "", "question 1 (q0): hint is missing or empty"),
        ('hint = "This."', 'hint = " "', "question 1 (q0): hint is missing or empty"),
        ('text = "What?"', "", "question 1 (q0): text is missing"),
        ('explanation = "because b"', "", "question 1 (q0), option 2: explanation is missing"),
        ('explanation = "because b"', "explanation = 5", "option 2: explanation is missing"),
        ('explanation = "because b"', 'explanaton = "b"', "Did you mean explanation?"),
        ("correct = true", "", "0 options are marked correct = true; it must be exactly one"),
        ('text = "b"', 'text = "b"\ncorrect = true', "2 options are marked correct"),
        ("correct = true", 'correct = "yes"', "option 1: correct must be true or false"),
        ('text = "a"', 'text = "<code>a"', "<code> is never closed"),
        ('text = "a"', 'text = "a</sub>"', "</sub> closes nothing"),
        ('text = "a"', 'text = "<sub><em>a</sub></em>"', "</sub> closes nothing"),
    ],
)
def test_a_quiz_that_breaks_a_rule_is_refused_by_place_and_rule(
    tmp_path, monkeypatch, old, new, said
):
    assert old in THREE
    monkeypatch.setattr(quiz_source, "QUIZZES", tmp_path)
    (tmp_path / "broken.toml").write_text(THREE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LearnError) as caught:
        quiz_source.load("broken")
    assert "quizzes/broken.toml" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("count", "fine"), [(0, False), (2, False), (3, True), (5, True), (6, False)]
)
def test_a_quiz_has_three_to_five_questions(tmp_path, monkeypatch, count, fine):
    monkeypatch.setattr(quiz_source, "QUIZZES", tmp_path)
    text = "".join(QUESTION.format(n=n) for n in range(count))
    (tmp_path / "some.toml").write_text(text, encoding="utf-8")
    if fine:
        assert len(quiz_source.load("some").questions) == count
    else:
        with pytest.raises(LearnError, match=f"has {count} questions; a quiz has 3 to 5"):
            quiz_source.load("some")


PLACED = "".join(
    QUESTION.format(n=n).replace("hint =", f'page = "0{n + 1}_topic"\nhint =') for n in range(6)
)


@pytest.fixture
def placement(tmp_path, monkeypatch):
    """A placement quiz of six questions, for pages 01 to 06; option 0 is right."""
    monkeypatch.setattr(quiz_source, "QUIZZES", tmp_path)
    (tmp_path / "00_start.toml").write_text(PLACED, encoding="utf-8")
    return quiz("00_start")


def test_a_placement_quiz_recommends_the_first_page_whose_question_was_missed(placement):
    for n, option in enumerate([0, 1, 0, 0, 1, 0]):
        assert placement.advice.startswith(f"{6 - n} to go")
        placement.choose(f"q{n}", option)
    assert placement.advice == "Begin with 02 · topic. Then read 05 · topic with care."


def test_with_all_right_it_sends_the_reader_to_the_last_page(placement):
    for n in range(6):
        placement.choose(f"q{n}", 0)
    assert placement.advice.startswith("All right at the first try.")
    assert placement.advice.endswith("begin with 06 · topic.")


def test_trying_again_does_not_change_the_recommendation(placement):
    for n in range(6):
        placement.choose(f"q{n}", 1)
    placement.choose("q0", 0)
    placement.choose("q0", 1)
    assert placement.advice.startswith("Begin with 01 · topic. Then read 02 · topic, 03 · topic")
    assert quiz("00_start").advice == placement.advice


def test_an_ordinary_quiz_gives_no_advice(asked):
    asked.choose("half", 1)
    assert asked.advice == ""


def test_a_placement_quiz_is_done_when_it_is_answered(placement):
    for n in range(6):
        placement.choose(f"q{n}", 1)
    assert str(progress("00_start")) == "Quiz: 1 of 1 done\n  ✓ 00 · start  0 of 6 right"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            QUESTION.format(n=5).replace("hint =", 'page = "06_topic"\nhint ='),
            "",
            "has 5 questions",
        ),
        ('page = "03_topic"', "", "every question of a placement quiz names a page"),
        ('page = "03_topic"', 'page = "09_topic"', "in the order of the course"),
        ('page = "03_topic"', 'page = "three"', "page is the name of a notebook"),
        ('page = "03_topic"', "page = 3", "page is the name of a notebook"),
    ],
)
def test_a_placement_quiz_that_breaks_a_rule_is_refused(tmp_path, monkeypatch, old, new, said):
    assert old in PLACED
    monkeypatch.setattr(quiz_source, "QUIZZES", tmp_path)
    (tmp_path / "broken.toml").write_text(PLACED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LearnError, match=said):
        quiz_source.load("broken")


def test_progress_counts_quizzes_and_functions(asked):
    def halve(x):
        return x / 2

    hint(halve)
    check(halve)
    asked.choose("half", 1)
    text = str(progress())
    assert text == (
        "Quizzes: 0 of 1 done\n"
        "  ◐ Lab 90 · halving  1 of 3 right\n"
        "Lab 90 · halving: 1 of 3 done\n"
        "  ✓ halve        2 of 2 checks passed, 1 hint taken\n"
        "  ○ quarter      1 check\n"
        "  ○ log_softmax  2 checks\n"
        "Lab 91 · other: 0 of 1 done\n"
        "  ○ treble  1 check"
    )
    html = progress()._repr_mimebundle_()["text/html"]
    assert html.count("<table>") == 3
    assert '<th scope="row">halve</th>' in html
    for question, option in (("two-halves", 0), ("markup", 0)):
        asked.choose(question, option)
    assert str(progress()).startswith("Quizzes: 1 of 1 done\n  ✓ Lab 90 · halving  3 of 3 right")


def test_progress_of_one_page_shows_that_page_alone(fixture_labs):
    assert str(progress("lab90_halving")).startswith("Quiz: 0 of 1 done\n")
    assert "treble" not in str(progress("lab90_halving"))
    assert str(progress("lab91_other")) == "Lab 91 · other: 0 of 1 done\n  ○ treble  1 check"
    with pytest.raises(LearnError, match=r"progress\('lab99'\): there is no such page. It knows "):
        progress("lab99")
