"""``hint(log_softmax)``: the next of a function's hints, from the vaguest to the plainest."""

from dataclasses import dataclass

from lnnn.messages import _
from lnnn.report import markup
from lnnn.report.pages import Shown

from . import catalogue, store
from .errors import LearnError
from .lab_function import lab_function


@dataclass(frozen=True, repr=False)
class HintCard(Shown):
    """One hint. A notebook shows it; ``str()`` gives the same as text.

    ``number`` counts from 1 to ``total``. ``exhausted`` is True when it had been given before and
    there is none after it.
    """

    TEMPLATE = "hint.html.j2"

    function: str
    number: int
    total: int
    text: str
    exhausted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """``Hint 2 of 3 for log_softmax``."""
        text = _("Hint {number} of {total} for {function}")
        if self.exhausted:
            text = _("Hint {number} of {total} for {function}, the last one, again")
        return text.format(number=self.number, total=self.total, function=self.function)

    @property
    def html_text(self):
        """The hint as HTML."""
        return markup.to_html(markup.parse(self.text))

    def lines(self) -> list[str]:
        """The hint as text."""
        return [f"{self.headline}:", markup.to_text(markup.parse(self.text))]


def hint(function, *, again: bool = False) -> HintCard:
    """The next hint for ``function``; after the last, that one again.

    ``again=True`` repeats the hint given last and moves on nowhere. How far you are is part of your
    progress and survives a restart. Raises LearnError when no lab asks for ``function``, or has no
    hints for it.
    """
    asked = lab_function("hint", function)
    hints = catalogue.hints_of(asked.lab, asked.name)
    if not hints:
        text = _(
            "hint({function}): {lab} has no hints for it. check({function}) says which rule does "
            "not hold yet."
        )
        raise LearnError(text.format(function=asked.name, lab=asked.lab.name))
    seen = 0

    def edit(progress: store.Progress):
        nonlocal seen
        entry = progress.function(asked.lab.name, asked.name)
        before = entry.get("hints", 0)
        seen = before if isinstance(before, int) and before >= 0 else 0
        entry["hints"] = max(seen, 1) if again else min(seen + 1, len(hints))

    progress, notes = store.change(edit)
    exhausted = not again and seen >= len(hints)
    number = min(progress.function(asked.lab.name, asked.name)["hints"], len(hints))
    return HintCard(asked.name, number, len(hints), _(hints[number - 1]), exhausted, notes)
