"""Which names a statement binds and which it needs, so that what is missing can be named."""

import ast
import builtins

STAR = "*"
_LONGEST = 60
_BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def names_of(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The global names that ``statement`` binds, and those that it or a function in it reads.

    A name that is bound anywhere in a function counts as the function's own.
    """
    binds: set[str] = set()
    reads: set[str] = set()
    inner: set[str] = set()
    waiting = [(statement, binds)]
    while waiting:
        node, bound = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            reads.add(node.id)
        else:
            bound.update(_bound_by(node))
        below = inner if isinstance(node, _SCOPES) else bound
        waiting.extend((child, below) for child in ast.iter_child_nodes(node))
    return _tellable(binds), _tellable(reads - binds - inner - _BUILTIN)


def _bound_by(node: ast.AST) -> list[str]:
    """The names that this node itself binds."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    if isinstance(node, ast.alias):
        return [name_of_import(node)]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    if isinstance(node, (*_SCOPES[:3], ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    return []


def name_of_import(alias: ast.alias) -> str:
    """The name that a part of an import statement binds."""
    return alias.asname or alias.name.partition(".")[0]


def _tellable(names: set[str]) -> set[str]:
    return {name for name in names if len(name) <= _LONGEST}
