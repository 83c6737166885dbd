"""The scene of page 00 against mpmath, without a browser."""

from functools import partial

import numpy as np
import pytest
import truth
from examples import shown, softmax, textbook
from reading import exacts, statuses, values

from lnnn.explore.status import Status

first_look = partial(shown, "first_look")


def test_bars_stand_at_the_probabilities_and_ticks_at_the_exact_values():
    p, log_p = first_look(textbook).panels
    exact = truth.softmax((4, 2, 0, -2))
    assert exacts(p) == pytest.approx(exact, rel=1e-14)
    assert values(p) == pytest.approx(exact, rel=1e-6)  # float32
    assert exacts(log_p) == pytest.approx(np.log(exact), rel=1e-13)


def test_it_begins_with_a_sound_row():
    scene = first_look(textbook)
    assert scene.finding == "Class 1 gets 0.865, class 4 gets 0.00214"
    assert [*map(statuses, scene.panels)] == [[Status.ORDINARY] * 4] * 2


def test_one_move_of_the_temperature_makes_a_logarithm_infinite():
    # e^-120 is 8e-53; the smallest float32 above zero is 1.4e-45 (IEEE 754).
    scene = first_look(textbook, temperature=0.05)
    assert scene.finding == (
        "The probability of class 4 is 0, so its logarithm is −inf. It should be −120 nats"
    )
    assert scene.panels[0].bar_list[3].words() == "0 flushed"
    assert scene.panels[1].bar_list[3].status is Status.UNDERFLOW


def test_a_second_move_makes_the_row_nan():
    # e^100 is 2.7e43; the largest float32 is 3.4e38.
    scene = first_look(textbook, logits=(5, 2, 0, -2), temperature=0.05)
    assert scene.finding.startswith("textbook returns NaN for class 1;")
    assert scene.panels[0].bar_list[0].exact == pytest.approx(1)


def test_a_sound_softmax_only_loses_the_class_that_float32_cannot_hold():
    scene = first_look(softmax, logits=(20, 2, 0, -20), temperature=0.05)
    kept, *others = statuses(scene.panels[0])
    assert kept is Status.ORDINARY
    assert Status.NAN not in others
