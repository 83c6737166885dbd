"""Mutants of a function: the same code with one small fault each, made on its syntax tree.

The operators are those of the mutation-testing literature (Offutt and others, "An experimental
determination of sufficient mutant operators", 1996, doi 10.1145/227607.227610) with a few of
NumPy's own: another reduction, a keyword left out, a context manager taken away.
"""

import ast
import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_NAMES = {
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "sum": "mean",
    "mean": "sum",
    "any": "all",
    "all": "any",
    "exp": "expm1",
    "expm1": "exp",
    "log": "log2",
    "log1p": "log",
    "isfinite": "isnan",
    "isnan": "isfinite",
    "isneginf": "isposinf",
    "argmax": "argmin",
    "float64": "float32",
    "float32": "float16",
}
_TICKS = 100_000  # turns of a while loop before a mutant counts as one that never ends


class EndlessError(Exception):
    """A while loop of a mutant did not come to its end."""


@dataclass(frozen=True)
class Mutant:
    """One fault: what was changed into what, and the source of the function with it."""

    function: str
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of the one function in ``source``, each with a name of its own."""
    tree = ast.parse(source)
    [function] = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    places = list(_places(function))
    seen: dict[str, int] = {}
    for index in range(len(places)):
        for change in _changes(places[index]):
            mutated = copy.deepcopy(tree)
            [inside] = [node for node in mutated.body if isinstance(node, ast.FunctionDef)]
            before, after = change(list(_places(inside))[index])
            what = f"{before} → {after}"
            seen[what] = seen.get(what, 0) + 1
            if seen[what] > 1:
                what += f" ({seen[what]})"
            text = ast.unparse(ast.fix_missing_locations(mutated))
            yield Mutant(function.name, what, text)


def runnable(source: str) -> str:
    """``source`` with a tick in every while loop, so that none runs for ever."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            node.body.insert(0, ast.parse("__tick__()").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def ticker():
    """A ``__tick__`` that raises EndlessError once it has been called too often."""
    count = 0

    def tick():
        nonlocal count
        count += 1
        if count > _TICKS:
            raise EndlessError(f"more than {_TICKS} turns of a loop")

    return tick


def _places(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, int | None]]:
    """(parent, field, index) of every node that may change, in order; texts of errors left out."""
    start = 1 if ast.get_docstring(function) else 0

    def inside(node):
        if isinstance(node, (ast.Raise, ast.JoinedStr)):
            return
        for field, value in ast.iter_fields(node):
            children = enumerate(value) if isinstance(value, list) else [(None, value)]
            for index, child in children:
                if node is function and (field != "body" or index < start):
                    continue
                if isinstance(child, ast.AST):
                    yield node, field, index
                    yield from inside(child)

    yield from inside(function)


def _at(place):
    node, field, index = place
    value = getattr(node, field)
    return value if index is None else value[index]


def _put(place, new):
    node, field, index = place
    if index is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[index] = new


def _changes(place):
    """Functions of a place in a copy of the tree; each makes one fault and says (before, after)."""
    node = _at(place)
    yield from _changes_of_expressions(node)
    if isinstance(node, ast.stmt):
        yield from _changes_of_statements(node)


def _changes_of_expressions(node):
    if type(node) in _OPERATORS:
        yield lambda p: _replace(p, _OPERATORS[type(_at(p))](), whole=True)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield lambda p: _replace(p, _at(p).operand)
    elif isinstance(node, ast.Constant):
        for new in _constants(node.value):
            yield lambda p, new=new: _replace(p, ast.Constant(new), whole=True)
    elif isinstance(node, ast.Attribute) and node.attr in _NAMES:
        yield _rename
    elif isinstance(node, ast.IfExp):
        yield lambda p: _replace(p, _at(p).body)
        yield lambda p: _replace(p, _at(p).orelse)
    elif isinstance(node, ast.Call):
        for index in range(len(node.keywords)):
            yield lambda p, index=index: _without_keyword(p, index)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "where":
            yield _swap_branches


def _changes_of_statements(node):
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
        yield lambda p: _replace(p, ast.Pass())
    elif isinstance(node, (ast.If, ast.While)):
        yield lambda p: _replace(p, ast.Pass())
        if isinstance(node, ast.If):
            yield lambda p: _condition(p, True)
    elif isinstance(node, ast.With):
        yield lambda p: _replace(p, ast.If(ast.Constant(True), _at(p).body, []), whole=True)


def _constants(value):
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1) if abs(value) <= 2 else (value + 1,)
    if isinstance(value, float):
        return (value * 2 if value else 1.0,) if math.isfinite(value) else ()
    return ()


def _line(node) -> str:
    return ast.unparse(ast.fix_missing_locations(node)).splitlines()[0]


def _replace(place, new, whole=False):
    """Put ``new`` there. ``whole``: the names are those of the expression or line around it."""
    parent, node = place[0], _at(place)
    around = parent if whole and not isinstance(node, (ast.With, ast.stmt)) else None
    before = _line(around if around is not None else node)
    _put(place, new)
    if isinstance(node, ast.With):
        return before, "its body alone"
    return before, _line(around if around is not None else new)


def _rename(place):
    node = _at(place)
    before = _line(node)
    node.attr = _NAMES[node.attr]
    return before, _line(node)


def _without_keyword(place, index):
    node = _at(place)
    before = _line(node)
    del node.keywords[index]
    return before, _line(node)


def _swap_branches(place):
    node = _at(place)
    before = _line(node)
    if len(node.args) == 3:
        node.args[1], node.args[2] = node.args[2], node.args[1]
    return before, _line(node)


def _condition(place, value):
    node = _at(place)
    before = _line(node)
    node.test = ast.Constant(value)
    return before, f"if {value}:"
