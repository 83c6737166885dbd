"""What many scenes say: names, counts and lists; and what the JavaScript says, which knows none."""

from functools import reduce

from lnnn.messages import N_, _

from .status import Status

# By the names that they have in the JavaScript, which fills the places itself.
_OF_THE_PAGE = {
    "figure": N_("Explorable figure"),
    "reset": N_("Reset"),
    "copy": N_("Copy these values"),
    "copied": N_("Copied as Python."),
    "still": N_(
        "No kernel answers, so the picture stands still. Run this cell, or wait until it has run."
    ),
    "recorded": N_(
        "Showing a recording: no kernel answers. One control moves at a time, the others go back "
        "to their start. Run this cell to move them together."
    ),
    "shapes": N_("What the shapes mean"),
    "exact": N_("exact value"),
    "measured": N_("{value} {unit}"),
    "described": N_("{measured}. {items}."),
    "over": N_("{y} over {x}"),
    "named": N_("{name}: {value}"),
    "series": N_("{row}, {series}"),
    "told": N_("{value} ({status})"),
    "also": N_("{some}; {more}"),
}


def of_the_page() -> dict:
    """What the JavaScript says, in the reader's language."""
    return {
        **{name: _(message) for name, message in _OF_THE_PAGE.items()},
        "statuses": {status: status.word for status in Status},
        "explained": {status: status.explained for status in Status},
    }


def page_word(key, /, **places) -> str:
    """One of those messages, filled: what is said in Python and in the JavaScript alike."""
    return _(_OF_THE_PAGE[key]).format(**places)


def class_name(k) -> str:
    """``class 1``: the first class is 1."""
    return _("class {k}").format(k=k)


def of_classes(count, classes) -> str:
    """``every class`` or ``1 of 4 classes``."""
    if count == classes:
        return _("every class")
    return _("{n} of {classes} classes").format(n=count, classes=classes)


def listed(words) -> str:
    """``a, b, c``."""
    return _chained(_("{some}, {more}"), words)


def joined(words) -> str:
    """``a, b and c``."""
    *some, last = words or [""]
    return _chained(_("{some} and {more}"), [listed(some), last] if some else [last])


def clauses(words) -> str:
    """``a; b; c``."""
    return _chained(_(_OF_THE_PAGE["also"]), words)


def _chained(pattern, words) -> str:
    words = list(words)
    return reduce(lambda some, more: pattern.format(some=some, more=more), words) if words else ""
