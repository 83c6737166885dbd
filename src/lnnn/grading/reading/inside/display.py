"""What of a cell only serves the course's own display, so that the rest runs without the course.

A shipped check cell is not run at all (see ``shipped.Shipped``). This is for the cells where the
text has changed, and for a ``.py`` export: ``check(f)`` there must not stop what comes after it.
Bodies of functions and classes are left alone: what they call is the student's own business.
"""

import ast
from collections.abc import Iterable

from .names import name_of_import

_CALLS = frozenset({"check", "hint", "quiz", "progress", "explore"})
# What a notebook has and plain Python has not.
_NOTEBOOK_CALLS = frozenset({"display", "get_ipython"})
_PACKAGE = "lnnn"


class CourseNames:
    """The names that stand for something of the course's package, in all cells so far."""

    def __init__(self):
        self.names: set[str] = set()
        # Function -> what of the course its body uses: it will fail, and the student should know.
        self.used_by: dict[str, set[str]] = {}

    def learn(self, tree: ast.Module) -> None:
        """Take note of the imports from the course's package in a cell that is not run."""
        for node in ast.walk(tree):
            if _imports_course(node):
                self.names.update(_bound(node))

    def display_in(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements that only serve display: ``statement`` itself, or some within it."""
        if _is_about_course(statement):
            return [statement]
        found, waiting = [], [statement]
        while waiting:
            node = waiting.pop()
            if self._only_for_display(node):
                found.append(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.names.discard(node.name)
                self._note_use(node)
            else:
                if _is_simple(node):
                    self.names.difference_update(_stored(node))
                waiting.extend(reversed(_below(node)))
        return found

    def _note_use(self, definition: ast.AST) -> None:
        self.used_by.pop(definition.name, None)
        used = set()
        for node in ast.walk(definition):
            if _loads(node, self.names):
                used.add(node.id)
            elif _imports_course(node):
                used.update(_bound(node))
        if used:
            self.used_by[definition.name] = used

    def _only_for_display(self, node: ast.stmt) -> bool:
        if _imports_course(node):
            self.names.update(_bound(node))
            return True
        if isinstance(node, ast.Expr):
            root = _root_of_call(node.value)
            if root in _CALLS or root in _NOTEBOOK_CALLS:
                return True
        if not _is_simple(node) or not any(_loads(n, self.names) for n in _walk(node)):
            return False
        # What was computed with the course's oracle is as absent as the oracle.
        self.names |= set(_stored(node))
        return True


def _below(node: ast.stmt) -> list[ast.stmt]:
    """The statements in the blocks of a compound statement."""
    blocks = [getattr(node, "body", [])]
    blocks += [part.body for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))]
    blocks += [getattr(node, "orelse", []), getattr(node, "finalbody", [])]
    return [statement for block in blocks for statement in block]


def _bound(node: ast.Import | ast.ImportFrom) -> Iterable[str]:
    """The names that an import binds."""
    return map(name_of_import, node.names)


def _imports_course(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").split(".")[0] == _PACKAGE
    if isinstance(node, ast.Import):
        return all(alias.name.split(".")[0] == _PACKAGE for alias in node.names)
    return False


def _is_about_course(node: ast.stmt) -> bool:
    """True for ``try: import lnnn`` and ``if find_spec("lnnn")``: a notebook's set-up."""
    if isinstance(node, ast.Try):
        return all(_imports_course(n) for n in node.body)
    if isinstance(node, ast.If):
        return any(isinstance(n, ast.Constant) and n.value == _PACKAGE for n in _walk(node.test))
    return False


def _is_simple(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign)


def _loads(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names


def _stored(statement: ast.stmt) -> Iterable[str]:
    for node in _walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _walk(node: ast.AST) -> Iterable[ast.AST]:
    """The nodes below ``node`` that run now: not the bodies of lambdas."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _root_of_call(node: ast.expr) -> str:
    """``explore`` for ``explore.side_by_side(f)``; empty when ``node`` is no call."""
    if not isinstance(node, ast.Call):
        return ""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
