"""The Jinja2 environment of everything that people read as HTML."""

import functools
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from lnnn import messages

TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def environment() -> jinja2.Environment:
    """The one environment: HTML is escaped, an undefined name is an error, ``_`` looks messages up.

    ``language()`` is the language that they are in, for the ``lang`` of a page.

    Filter ``ticks`` sets what stands between backticks as code and escapes the rest.
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
    spoken = (messages._, messages.ngettext, messages.language)
    env.globals |= {function.__name__: function for function in spoken}
    return env


def ticks(text: str) -> Markup:
    """HTML of a plain text in which backticks mark code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


@functools.cache
def stylesheet(*names: str) -> Markup:
    """The named style sheets of the templates folder, one after the other."""
    return Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))
