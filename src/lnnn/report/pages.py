"""The templates of everything that people read as HTML, and what a notebook shows of them."""

import functools
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from lnnn.messages import _, language, ngettext

TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def environment() -> jinja2.Environment:
    """The one environment: HTML is escaped, an undefined name is an error, ``_`` looks messages up.

    ``language()`` is the language that they are in, for the ``lang`` of a page. ``css()`` puts the
    named style sheets into a page. Filter ``ticks`` sets what stands between backticks as code and
    escapes the rest.
    """
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters["ticks"] = ticks
    env.globals |= {"_": _, "ngettext": ngettext, "language": language, "css": css}
    return env


def ticks(text: str) -> Markup:
    """HTML of a plain text in which backticks mark code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


def render(template: str, **values) -> str:
    """A file of the templates folder, filled with ``values``."""
    return environment().get_template(template).render(values)


def css(*names: str) -> Markup:
    """The style sheets of these names, one after the other."""
    return Markup("\n".join(render(f"{name}.css") for name in names))


class Shown:
    """What a notebook shows as HTML and anything else as text; ``str()`` and ``repr()`` give that.

    A subclass names its template, in which the object is ``shown``, and has ``lines()`` of text.
    ``notes`` say what else there is to know, below them.
    """

    TEMPLATE: str
    notes: tuple[str, ...]

    def to_html(self) -> str:
        """An HTML section with its own style sheet."""
        return render(self.TEMPLATE, shown=self)

    def _repr_mimebundle_(self, **_options) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": str(self)}

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        notes = [_("Note: {text}").format(text=note) for note in self.notes]
        return "\n".join([*self.lines(), *notes])
