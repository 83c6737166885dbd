"""``hint(log_softmax)``: the next of a function's hints, from the vaguest to the plainest."""

from dataclasses import dataclass

from lnnn.report import markup
from lnnn.report.pages import environment, stylesheet

from . import catalogue, store
from .errors import LearnError
from .lab_function import lab_function


@dataclass(frozen=True)
class HintCard:
    """One hint. A notebook shows it; ``str()`` gives the same as text.

    ``number`` counts from 1 to ``total``. ``exhausted`` is True when it had been given before and
    there is none after it.
    """

    function: str
    number: int
    total: int
    text: str
    exhausted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """``Hint 2 of 3 for log_softmax``."""
        again = ", the last one, again" if self.exhausted else ""
        return f"Hint {self.number} of {self.total} for {self.function}{again}"

    @property
    def html_text(self):
        """The hint as HTML."""
        return markup.to_html(markup.parse(self.text))

    def _repr_mimebundle_(self, **_) -> dict[str, str]:
        template = environment().get_template("hint.html.j2")
        html = template.render(card=self, style=stylesheet("theme.css", "hint.css"))
        return {"text/html": html, "text/plain": str(self)}

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        notes = [f"Note: {note}" for note in self.notes]
        text = markup.to_text(markup.parse(self.text))
        return "\n".join([f"{self.headline}:", text, *notes])


def hint(function, *, again: bool = False) -> HintCard:
    """The next hint for ``function``; after the last, that one again.

    ``again=True`` repeats the hint given last and moves on nowhere. How far you are is part of your
    progress and survives a restart. Raises LearnError when no lab asks for ``function``, or has no
    hints for it.
    """
    asked = lab_function("hint", function)
    hints = catalogue.hints_of(asked.lab, asked.name)
    if not hints:
        raise LearnError(
            f"hint({asked.name}): {asked.lab.name} has no hints for it. "
            f"check({asked.name}) says which rule does not hold yet."
        )
    seen = 0

    def edit(progress: store.Progress):
        nonlocal seen
        entry = progress.function(asked.lab.name, asked.name)
        before = entry.get("hints", 0)
        seen = before if isinstance(before, int) and before >= 0 else 0
        entry["hints"] = max(seen, 1) if again else min(seen + 1, len(hints))

    _, notes = store.change(edit)
    exhausted = not again and seen >= len(hints)
    number = min(max(seen, 1) if again else seen + 1, len(hints))
    return HintCard(asked.name, number, len(hints), hints[number - 1], exhausted, notes)
