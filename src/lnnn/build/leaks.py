"""Find pieces of a lab's solutions in what students get. Compares syntax trees, not markers.

A *fragment* is a statement of a solution block that does something (a call, an operator, an
attribute, an index), or an expression in it of at least six nodes. Everything a student receives is
searched for every fragment, in three ways:

1. The same tree, wherever the text around it parses: code cells, fenced and inline code, single
   lines of prose, comments, docstrings, other strings.
2. The same tree with other variable names, for fragments of at least twelve nodes.
3. The same characters without the white space, or the same tokens with other variable names, in
   everything else: prose, outputs, metadata, attachments, files that are not Python.

A code cell, Python file or fenced block that does not parse is a finding itself, because nobody
could tell what it holds; a fence that holds no Python says so (```` ```text ````).
"""

import ast
import base64
import builtins
import copy
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lnnn.build import solutions
from lnnn.build.errors import BuildError, at
from lnnn.build.source import Source

EXPRESSION_NODES = 6
RENAMED_NODES = 12
SQUEEZED_CHARACTERS = 10

_WITHOUT_MEANING = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_DOES_SOMETHING = (
    ast.Call,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.Attribute,
    ast.Subscript,
    ast.AugAssign,
)
_KEPT_NAMES = {*dir(builtins), "np", "numpy", "math"}
_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)^\1\2[ \t]*$", re.M | re.S)
_PYTHON_FENCES = {"", "python", "py", "python3", "ipython3", "pycon"}
_INLINE = re.compile(r"(`+)(.+?)\1", re.S)
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.M)
_TOKEN = re.compile(r"[^\W\d]\w*|\d[\d.eE_]*|\S")
_VARIABLE = re.compile(r"lnnn_name_\d+")
_LINE_PREFIX = re.compile(r"^(?:\s|#|>>>|\.\.\.|[-*+>] |\d+\. )+")


@dataclass(frozen=True)
class Fragment:
    """A piece of a solution, in the forms it is looked for."""

    function: str
    code: str
    dump: str
    squeezed: str
    # Too small to look for under other names: None and ().
    renamed: str | None = None
    pattern: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leak:
    """A fragment found in a place, or (``fragment`` None) a place that can't be searched."""

    place: str
    fragment: Fragment | None
    reason: str

    def __str__(self):
        if self.fragment is None:
            return f"{self.place}: {self.reason}"
        return (
            f"{self.place}: {self.reason} of the solution of {self.fragment.function}: "
            f"`{self.fragment.code}`. Take it out, or list it under `given` in the source's "
            "front matter if students may have it."
        )


def fragments(source: Source) -> list[Fragment]:
    """The fragments of all solution blocks of a lab, without those the source lists as given.

    Raises BuildError when an entry of ``given`` is not Python or is in no solution.
    """
    found = {}
    in_solutions = set()
    for cell in source.cells:
        if cell.role != "answer":
            continue
        function = solutions.answer_function(source, cell).name
        for statement in ast.parse(_dedent(solutions.solution_block(source, cell))).body:
            for node in ast.walk(statement):
                if isinstance(node, ast.stmt | ast.expr):
                    in_solutions.add(_dump(node))
                if _is_fragment(node):
                    fragment = _fragment(function, node)
                    found.setdefault(fragment.dump, fragment)
    allowed = set()
    for entry in source.given:
        allowed |= _given(source, entry, in_solutions)
    return [fragment for dump, fragment in found.items() if dump not in allowed]


def leaks_in_notebook(wanted: list[Fragment], notebook, name: str) -> list[Leak]:
    """Leaks in a notebook (a NotebookNode or dict): cells, outputs, metadata, attachments."""
    search = _Search(wanted)
    for number, cell in enumerate(notebook["cells"], 1):
        place = f"{name}: cell {number} ({cell.get('id', 'no id')})"
        if cell["cell_type"] == "code":
            search.code(_MAGIC.sub(r"\1pass", cell["source"]), place)
            search.prose("\n".join(m[0] for m in _MAGIC.finditer(cell["source"])), place)
        else:
            search.markdown(cell["source"], place)
        rest = {k: v for k, v in cell.items() if k != "source"}
        search.data(rest, place)
    search.data({k: v for k, v in notebook.items() if k != "cells"}, f"{name}: metadata")
    return search.found


def leaks_in_files(wanted: list[Fragment], folder: Path) -> list[Leak]:
    """Leaks in every file below a folder that is shipped to students."""
    search = _Search(wanted)
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        place = str(path.relative_to(folder.parent))
        text = path.read_bytes().decode("utf-8", errors="replace")
        if path.suffix == ".py":
            search.code(text, place)
        else:
            search.markdown(text, place)
    return search.found


class _Search:
    """Collects the leaks of the texts it is given."""

    def __init__(self, wanted: list[Fragment]):
        self.found: list[Leak] = []
        self._by_dump = {fragment.dump: fragment for fragment in wanted}
        self._by_renamed = {f.renamed: f for f in wanted if f.renamed}
        self._patterns = [f for f in wanted if f.pattern]
        self._squeezed = [f for f in wanted if len(f.squeezed) >= SQUEEZED_CHARACTERS]
        self._seen: set[tuple[str, str]] = set()

    def code(self, text: str, place: str) -> None:
        """Python that must parse; its strings and comments are searched as prose."""
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            self.found.append(
                Leak(
                    place,
                    None,
                    f"not valid Python (line {error.lineno}: {error.msg}), so no one can tell "
                    "whether it holds a solution. Mend it, or mark it as text.",
                )
            )
            self.prose(text, place)
            return
        self._tree(tree, place)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.markdown(node.value, place, strict=False)
        self.prose("\n".join(_comments(text)), place)
        self._characters(text, place)

    def markdown(self, text: str, place: str, strict: bool = True) -> None:
        """Prose with fenced and inline code. ``strict``: fenced Python must parse."""
        for match in _FENCE.finditer(text):
            language = match[3].strip().split(" ")[0].lower()
            body = _dedent(match[4])
            if strict and language in _PYTHON_FENCES and ">>>" not in body:
                self.code(body, place)
        for match in _INLINE.finditer(text):
            self._perhaps(match[2], place)
        self.prose(text, place)

    def prose(self, text: str, place: str) -> None:
        """Any text: whatever parses in it is compared as code, the rest by its characters."""
        lines = [_LINE_PREFIX.sub("", line).strip("`* ") for line in text.splitlines()]
        for line in lines:
            self._perhaps(line, place)
            self._perhaps(line.rstrip(":.;, "), place)
            for separator in (": ", " = ", "return "):
                if separator in line:
                    self._perhaps(line.split(separator, 1)[1], place)
        self._perhaps(_dedent(text), place)
        self._characters(text, place)

    def data(self, value, place: str) -> None:
        """Every string in JSON-like data, base64 included."""
        if isinstance(value, dict):
            for key, member in value.items():
                self.data(key, place)
                self.data(member, place)
        elif isinstance(value, list | tuple):
            if value and all(isinstance(member, str) for member in value):
                self.prose("".join(value), place)
            for member in value:
                self.data(member, place)
        elif isinstance(value, str):
            self.markdown(value, place, strict=False)
            if (decoded := _decoded(value)) is not None:
                self.prose(decoded, place)

    def _perhaps(self, text: str, place: str) -> None:
        try:
            tree = ast.parse(text.strip())
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return  # prose; its characters are compared by the caller
        self._tree(tree, place)

    def _tree(self, tree: ast.AST, place: str) -> None:
        for node in ast.walk(tree):
            if not isinstance(node, ast.stmt | ast.expr):
                continue
            if fragment := self._by_dump.get(_dump(node)):
                self._report(place, fragment, "holds a piece")
            elif _size(node) >= RENAMED_NODES and (
                fragment := self._by_renamed.get(_dump(_renamed(node)))
            ):
                self._report(place, fragment, "holds, under other names, a piece")

    def _characters(self, text: str, place: str) -> None:
        squeezed = _squeeze(text)
        for fragment in self._squeezed:
            if fragment.squeezed in squeezed:
                self._report(place, fragment, "holds the text of a piece")
        tokens = _TOKEN.findall(text)
        positions: dict[str, list[int]] = {}
        for i, token in enumerate(tokens):
            positions.setdefault(token, []).append(i)
        for fragment in self._patterns:
            if _stands_in(fragment.pattern, tokens, positions):
                self._report(place, fragment, "holds, under other names, the text of a piece")

    def _report(self, place: str, fragment: Fragment, reason: str) -> None:
        if (place, fragment.dump) not in self._seen:
            self._seen.add((place, fragment.dump))
            self.found.append(Leak(place, fragment, reason))


def _given(source: Source, entry: str, in_solutions: set[str]) -> set[str]:
    """Dumps of everything inside one entry of ``given``."""
    try:
        body = ast.parse(_dedent(entry)).body
    except SyntaxError as error:
        raise BuildError(
            f"{at(source.path)}: `{entry}` under `given` is not valid Python ({error.msg})."
        ) from error
    roots = [s.value if isinstance(s, ast.Expr) else s for s in body]
    for root in roots:
        if _dump(root) not in in_solutions:
            raise BuildError(
                f"{at(source.path)}: `{entry}` under `given` stands in no solution of this lab. "
                "Remove it from the front matter, or write it as the solution does."
            )
    return {
        _dump(n) for root in roots for n in ast.walk(root) if isinstance(n, ast.stmt | ast.expr)
    }


def _is_fragment(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return False  # its expression counts instead
    if isinstance(node, ast.stmt):
        return any(isinstance(part, _DOES_SOMETHING) for part in ast.walk(node))
    return isinstance(node, ast.expr) and _size(node) >= EXPRESSION_NODES


def _fragment(function: str, node: ast.AST) -> Fragment:
    code = ast.unparse(node)
    first = code.splitlines()[0]
    if _size(node) < RENAMED_NODES:
        return Fragment(function, first, _dump(node), _squeeze(code))
    renamed = _renamed(node)
    pattern = tuple(_TOKEN.findall(ast.unparse(renamed)))
    return Fragment(function, first, _dump(node), _squeeze(code), _dump(renamed), pattern)


def _dump(node: ast.AST) -> str:
    return ast.dump(node, annotate_fields=False)


def _size(node: ast.AST) -> int:
    return sum(not isinstance(part, _WITHOUT_MEANING) for part in ast.walk(node))


class _Rename(ast.NodeTransformer):
    def __init__(self):
        self._names: dict[str, str] = {}

    def visit_Name(self, node):
        if node.id not in _KEPT_NAMES:
            node.id = self._names.setdefault(node.id, f"lnnn_name_{len(self._names)}")
        return node


def _renamed(node: ast.AST) -> ast.AST:
    return _Rename().visit(copy.deepcopy(node))


def _stands_in(pattern, tokens, positions) -> bool:
    """True when the tokens hold the pattern, its variables standing for any different names."""
    fixed = [i for i, token in enumerate(pattern) if not _VARIABLE.fullmatch(token)]
    anchor = min(fixed, key=lambda i: len(positions.get(pattern[i], ())))
    for position in positions.get(pattern[anchor], ()):
        start = position - anchor
        names: dict[str, str] = {}
        for i, token in enumerate(pattern, start):
            if not 0 <= i < len(tokens):
                break
            if not _VARIABLE.fullmatch(token):
                if tokens[i] != token:
                    break
            elif not tokens[i].isidentifier() or names.setdefault(token, tokens[i]) != tokens[i]:
                break
        else:
            if len(set(names.values())) == len(names):
                return True
    return False


def _squeeze(text: str) -> str:
    """Text without white space and line continuations, with one kind of quote."""
    return re.sub(r"[\s\\]+", "", text).replace('"', "'")


def _comments(text: str) -> Iterator[str]:
    """The comments of Python that parses. Neighbouring ones stay together as lines."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def _dedent(text: str) -> str:
    """Dedented by the first line, so that a comment further left does no harm."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return textwrap.dedent("\n".join(line.removeprefix(indent) for line in text.splitlines()))


def _decoded(text: str) -> str | None:
    """The bytes behind a base64 string as characters, or None when it is none."""
    if len(text) < 16 or re.fullmatch(r"[A-Za-z0-9+/=\s]+", text) is None:
        return None
    try:
        return base64.b64decode(text, validate=False).decode("latin-1")
    except ValueError:
        return None


def check_lab(source: Source, student_notebook, shipped: Iterable[Path]) -> None:
    """Raise BuildError when the student notebook or a shipped folder holds a solution."""
    wanted = fragments(source)
    name = f"labs/{source.name}.ipynb"
    found = leaks_in_notebook(wanted, json.loads(json.dumps(student_notebook)), name)
    for folder in shipped:
        found += leaks_in_files(wanted, folder)
    if found:
        raise BuildError("\n".join(map(str, found)))
