"""Find messages where Babel can't look by itself: rules' docstrings, texts of TOML files.

Methods of extraction for ``pybabel extract``; ``babel.cfg`` says which files they read.
"""

import ast
import inspect
import tomllib
from collections.abc import Iterator

# What of a quiz or of the hints a person reads.
_READ = {"text", "hint", "explanation", "hints"}


def rules(file, keywords, comment_tags, options) -> Iterator[tuple]:
    """What every ``@rule`` function of a Python file says, and what to think about."""
    for node in ast.parse(file.read()).body:
        if isinstance(node, ast.FunctionDef) and any(map(_is_rule, node.decorator_list)):
            text = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
            for part in text.split("\n\n", 1):
                yield node.lineno, None, " ".join(part.split()), []


def texts(file, keywords, comment_tags, options) -> Iterator[tuple]:
    """Every text of a quiz or of hints that a person reads."""
    yield from ((1, None, text.strip(), []) for text in _texts(tomllib.load(file)))


def _is_rule(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "rule"


def _texts(value, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _texts(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member, key)
    elif isinstance(value, str) and key in _READ:
        yield value
