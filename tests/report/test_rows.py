"""Rows: grouped by function, three states and a fourth, and nothing that must stay hidden."""

from dataclasses import replace

import pytest

from lnnn.report import rows
from lnnn.report.pages import environment
from lnnn.suite.results import Outcome, TestResult

PASSED, FAILED, NOT_WRITTEN, NOT_RUN = Outcome


def result(outcome, function="f", detail="saw 41 where 42 is right"):
    earned = 2.5 if outcome == PASSED else 0.0
    return TestResult(
        "test_x", function, "contract", 2.5, earned, outcome, "x `holds`", "look at x", detail
    )


def page(group, points=False):
    template = environment().from_string(
        '{% from "rows.html.j2" import rows %}{{ rows(group, points) }}'
    )
    return template.render(group=group, points=points)


def test_functions_stand_in_the_order_in_which_they_first_appear():
    groups = rows.by_function(
        [result(PASSED, "b"), result(FAILED, "a"), result(FAILED, "b")], detail=True
    )
    assert [(g.function, len(g.rows)) for g in groups] == [("b", 2), ("a", 1)]
    assert (groups[0].earned, groups[0].points, groups[0].passed) == (2.5, 5.0, 1)


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        ([PASSED, PASSED], PASSED),
        ([PASSED, FAILED], FAILED),
        ([PASSED, NOT_WRITTEN], FAILED),
        ([PASSED, NOT_RUN], FAILED),
        ([NOT_WRITTEN, FAILED], FAILED),
        ([NOT_WRITTEN, NOT_WRITTEN], NOT_WRITTEN),
        ([NOT_WRITTEN, NOT_RUN], NOT_RUN),
    ],
)
def test_the_outcome_of_a_function_follows_from_its_rules(outcomes, whole):
    (group,) = rows.by_function([result(o) for o in outcomes], detail=True)
    assert group.outcome is whole


def test_every_outcome_has_a_sign_of_its_own():
    assert len({outcome.sign for outcome in Outcome}) == len(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_row_shows_sign_word_and_rule(outcome):
    (group,) = rows.by_function([result(outcome)], detail=True)
    html = page(group)
    assert f">{outcome.sign}</span>" in html
    assert f">{outcome.word}</span>" in html
    assert "x <code>holds</code>" in html
    assert ("look at x" in html) == (outcome == FAILED)
    assert ("saw 41" in html) == (outcome in (FAILED, NOT_RUN))


@pytest.mark.parametrize("outcome", Outcome)
def test_without_detail_no_value_of_a_test_is_on_the_page(outcome):
    (group,) = rows.by_function([result(outcome)], detail=False)
    assert "41" not in page(group, points=True)
    assert "41" not in repr(group)


def test_points_are_shown_where_they_count():
    (group,) = rows.by_function([result(PASSED), result(FAILED)], detail=False)
    assert "2.5 of 2.5" in page(group, points=True)
    assert "0 of 2.5" in page(group, points=True)
    assert "2.5" not in page(group)


def test_no_text_is_read_as_html():
    evil = "<img src=x onerror=alert(1)>"
    bad = replace(result(FAILED), rule=evil, feedback=f"`{evil}`", detail=evil)
    (group,) = rows.by_function([bad], detail=True)
    assert "<img" not in page(group)
