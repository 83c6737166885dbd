"""The little markup of quizzes and hints: code, sub, sup, em; nothing else has a meaning.

A text is parsed into runs: a run is a ``str`` or a pair ``(tag, runs)``. Runs become HTML here and
DOM nodes in the quiz's JavaScript, so that no text is ever taken for HTML.
"""

import re

from markupsafe import Markup, escape

TAGS = ("code", "sub", "sup", "em")

_TOKEN = re.compile(rf"<(/?)({'|'.join(TAGS)})>|`([^`\n]+)`")


def parse(text: str) -> tuple:
    """The runs of ``text``. Backticks mark code. Raises ValueError for tags that do not match."""
    stack: list[tuple[str, list]] = [("", [])]
    at = 0
    for token in _TOKEN.finditer(text):
        stack[-1][1].append(text[at : token.start()])
        at = token.end()
        closing, tag, code = token.groups()
        if code is not None:
            stack[-1][1].append(("code", (code,)))
        elif not closing:
            stack.append((tag, []))
        elif stack[-1][0] != tag:
            raise ValueError(f"</{tag}> closes nothing in: {text}")
        else:
            _, runs = stack.pop()
            stack[-1][1].append((tag, tuple(filter(None, runs))))
    stack[-1][1].append(text[at:])
    if len(stack) > 1:
        raise ValueError(f"<{stack[-1][0]}> is never closed in: {text}")
    return tuple(filter(None, stack[0][1]))


def to_html(runs: tuple) -> Markup:
    """HTML of the runs."""
    parts = []
    for run in runs:
        if isinstance(run, str):
            parts.append(escape(run))
        else:
            parts.append(Markup(f"<{run[0]}>{to_html(run[1])}</{run[0]}>"))
    return Markup("").join(parts)


def to_text(runs: tuple) -> str:
    """Plain text of the runs: e^(z−7), x_i."""
    parts = []
    for run in runs:
        if isinstance(run, str):
            parts.append(run)
            continue
        inner = to_text(run[1])
        sign = {"sup": "^", "sub": "_"}.get(run[0], "")
        parts.append(sign + (f"({inner})" if sign and len(inner) > 1 else inner))
    return "".join(parts)
