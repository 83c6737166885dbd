"""Bars whose words say what became of the value."""

from lnnn.messages import N_, _

from . import numbers
from .scene import Bar
from .status import Status

FLUSHED = {Status.UNDERFLOW: N_("{value} flushed")}


def told_bar(row, value, status, *, digits=6, words=FLUSHED, **more) -> Bar:
    """A bar of ``value`` to so many digits, said with the word for its status.

    words: {status: message with a place for the value}. more: ``series`` and ``exact``.
    """
    text = numbers.text(value, digits)
    if status in words:
        text = _(words[status]).format(value=text)
    return Bar(row, float(value), status=status, text=text, **more)


def probability_bar(row, value, *, digits=4, **more) -> Bar:
    """A bar whose 0 is called flushed: no class and no sequence here is impossible."""
    return told_bar(row, value, Status.UNDERFLOW if value == 0 else None, digits=digits, **more)
