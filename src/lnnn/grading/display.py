"""Take out of a cell what only serves the course's own display, so that it runs without the course.

A shipped check cell is not run at all (see ``suites.Release``). This is for the cells where the
text has changed, and for a ``.py`` export: ``check(f)`` there must not stop what comes after it.
Works on the syntax tree and keeps every line where it was. Bodies of functions and classes are
left alone: what they call is the student's own business.
"""

import ast
from collections.abc import Iterable

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

    def without_display(self, source: str, tree: ast.Module) -> str:
        """``source`` (whose tree is ``tree``) without the statements that only serve display."""
        lines = source.encode("utf-8").split(b"\n")
        for node in reversed(list(self._found(tree.body, outermost=True))):
            _blank(lines, node)
        return b"\n".join(lines).decode("utf-8")

    def _found(self, body: Iterable[ast.stmt], outermost=False) -> Iterable[ast.stmt]:
        for node in body:
            # Deeper down, an ``if`` may be the ``elif`` of another one.
            if self._only_for_display(node) or (outermost and _is_about_course(node)):
                yield node
                continue
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.names.discard(node.name)
                self._note_use(node)
                continue
            if _is_simple(node):
                self.names -= set(_stored(node))
            for part in ("body", "orelse", "finalbody"):
                yield from self._found(getattr(node, part, ()))
            for handler in getattr(node, "handlers", ()):
                yield from self._found(handler.body)

    def _note_use(self, definition: ast.AST) -> None:
        self.used_by.pop(definition.name, None)
        used = {n.id for n in ast.walk(definition) if _loads(n, self.names)}
        for node in ast.walk(definition):
            if _imports_course(node):
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


def _bound(node: ast.Import | ast.ImportFrom) -> Iterable[str]:
    """The names that an import binds."""
    return (alias.asname or alias.name.split(".")[0] for alias in node.names)


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


def _blank(lines: list[bytes], node: ast.stmt) -> None:
    """Put a statement that does nothing where ``node`` stands, over as many lines."""
    first, last = node.lineno - 1, node.end_lineno - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    if first == last:
        lines[first] = before + b"pass" + after
        return
    lines[first] = before + b"(None"
    lines[first + 1 : last] = [b""] * (last - first - 1)
    lines[last] = b")" + after
