"""Find messages where Babel can't look by itself: in rules, and in texts of TOML files.

Methods of extraction for ``pybabel extract``; ``babel.cfg`` says which files they read.
"""

import ast
import inspect
import tomllib
from collections.abc import Iterator

from lnnn.suite import expect

# What of a quiz or of the hints a person reads.
_READ = {"text", "hint", "explanation", "hints"}
# The place of ``what`` among the arguments, for every function of ``expect`` that takes it.
_PLACES = {
    name: list(inspect.signature(function).parameters).index("what")
    for name, function in inspect.getmembers(expect, inspect.isfunction)
    if "what" in inspect.signature(function).parameters
}


def rules(file, keywords, comment_tags, options) -> Iterator[tuple]:
    """What every ``@rule`` function of a Python file says, and what to think about; the names that
    it gives to values as ``what=``; and what stands in ``_("…")``, as in any Python file."""
    tree = ast.parse(file.read())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(map(_is_rule, node.decorator_list)):
            text = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
            for part in text.split("\n\n", 1):
                yield node.lineno, None, " ".join(part.split()), []
    for name in _names(tree):
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value:
            yield name.lineno, None, name.value, []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in keywords:
            said = tuple(getattr(argument, "value", None) for argument in node.args)
            yield node.lineno, node.func.id, said, []


def texts(file, keywords, comment_tags, options) -> Iterator[tuple]:
    """Every text of a quiz or of hints that a person reads."""
    yield from ((1, None, text.strip(), []) for text in _texts(tomllib.load(file)))


def _is_rule(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "rule"


def _names(tree: ast.Module) -> Iterator[ast.expr]:
    """What becomes ``what``: by assignment, or as an argument of ``expect`` or of the file's own
    functions that take it."""
    own = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
    taking = {name: [argument.arg for argument in given.args] for name, given in own.items()}
    places = _PLACES | {name: at.index("what") for name, at in taking.items() if "what" in at}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "what")
            yield from node.args[places[called] :][:1] if called in places else ()
        elif isinstance(node, ast.Assign):
            yield from (value for target, value in _pairs(node) if target == "what")


def _pairs(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of an assignment, also of several at once: ``a, b = 1, 2``."""
    for target in node.targets:
        several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
        targets, values = (target.elts, node.value.elts) if several else ([target], [node.value])
        for one, value in zip(targets, values, strict=False):
            yield getattr(one, "id", ""), value


def _texts(value, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _texts(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member, key)
    elif isinstance(value, str) and key in _READ:
        yield value
