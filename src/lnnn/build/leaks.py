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
import functools
import json
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lnnn.build import solutions
from lnnn.build.errors import BuildError
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

    @functools.cached_property
    def fixed(self) -> dict[int, str]:
        """The tokens of the pattern that are no variables, by their place in it."""
        return {i: t for i, t in enumerate(self.pattern) if not _VARIABLE.fullmatch(t)}

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """The same tokens, each once: a text without one of them can't hold the pattern."""
        return frozenset(self.fixed.values())


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
    for cell in source.answers:
        function = solutions.answer_function(source, cell).name
        for statement in ast.parse(_dedent(solutions.solution_block(source, cell))).body:
            for node in ast.walk(statement):
                if isinstance(node, ast.stmt | ast.expr):
                    in_solutions.add(ast.dump(node))
                if _is_fragment(node):
                    fragment = _fragment(function, node)
                    found.setdefault(fragment.dump, fragment)
    allowed = set()
    for entry in source.given:
        allowed |= _given(source, entry, in_solutions)
    return [fragment for dump, fragment in found.items() if dump not in allowed]


def leaks_in_notebook(wanted: list[Fragment], notebook, name: str) -> list[Leak]:
    """Leaks in a notebook (a NotebookNode or dict): cells, outputs, metadata, attachments."""
    found = []
    for number, cell in enumerate(notebook["cells"], 1):
        held = _Reading()
        if cell["cell_type"] == "code":
            held.code(_MAGIC.sub(r"\1pass", cell["source"]))
            held.prose("\n".join(m[0] for m in _MAGIC.finditer(cell["source"])))
        else:
            held.markdown(cell["source"])
        held.data({k: v for k, v in cell.items() if k != "source"})
        found += held.leaks(wanted, f"{name}: cell {number} ({cell.get('id', 'no id')})")
    metadata = _Reading()
    metadata.data({k: v for k, v in notebook.items() if k != "cells"})
    return found + metadata.leaks(wanted, f"{name}: metadata")


def leaks_in_files(wanted: list[Fragment], folder: Path) -> list[Leak]:
    """Leaks in every file below a folder that is shipped to students."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        held = _read_file(text, path.suffix == ".py")
        found += held.leaks(wanted, str(path.relative_to(folder.parent)))
    return found


@functools.lru_cache(maxsize=1024)
def _read_file(text: str, is_python: bool) -> "_Reading":
    """What a shipped file holds. All labs search the same files: each is read once."""
    held = _Reading()
    if is_python:
        held.code(text)
    else:
        held.markdown(text)
    return held


class _Reading:
    """What one place holds, in the forms that fragments are looked for in.

    The methods up to ``data`` take in a text each; ``leaks`` compares what was taken in.
    """

    def __init__(self):
        self._unreadable: list[str] = []
        self._dumps: set[str] = set()
        self._renamed: set[str] = set()
        self._texts: dict[str, _Characters] = {}
        self._parsed: set[str] = set()

    def code(self, text: str) -> None:
        """Python that must parse; its strings and comments are read as prose."""
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            self._unreadable.append(
                f"not valid Python (line {error.lineno}: {error.msg}), so no one can tell "
                "whether it holds a solution. Mend it, or mark it as text."
            )
            self.prose(text)
            return
        self._tree(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.markdown(node.value, strict=False)
        self.prose("\n".join(comment for _, comment in solutions.comments(text)))
        self._characters(text)

    def markdown(self, text: str, strict: bool = True) -> None:
        """Prose with fenced and inline code. ``strict``: fenced Python must parse."""
        for match in _FENCE.finditer(text):
            language = match[3].strip().split(" ")[0].lower()
            body = _dedent(match[4])
            if strict and language in _PYTHON_FENCES and ">>>" not in body:
                self.code(body)
        for match in _INLINE.finditer(text):
            self._perhaps(match[2])
        self.prose(text)

    def prose(self, text: str) -> None:
        """Any text: whatever parses in it is kept as code, the rest by its characters."""
        lines = [_LINE_PREFIX.sub("", line).strip("`* ") for line in text.splitlines()]
        for line in lines:
            self._perhaps(line)
            self._perhaps(line.rstrip(":.;, "))
            for separator in (": ", " = ", "return "):
                if separator in line:
                    self._perhaps(line.split(separator, 1)[1])
        self._perhaps(_dedent(text))
        self._characters(text)

    def data(self, value) -> None:
        """Every string in JSON-like data, base64 included."""
        if isinstance(value, dict):
            for key, member in value.items():
                self.data(key)
                self.data(member)
        elif isinstance(value, list | tuple):
            if value and all(isinstance(member, str) for member in value):
                self.prose("".join(value))
            for member in value:
                self.data(member)
        elif isinstance(value, str):
            self.markdown(value, strict=False)
            if (decoded := _decoded(value)) is not None:
                self.prose(decoded)

    def leaks(self, wanted: list[Fragment], place: str) -> list[Leak]:
        """The fragments that were taken in, each once, and what could not be read."""
        found = [Leak(place, None, reason) for reason in dict.fromkeys(self._unreadable)]
        reasons = ((fragment, self._reason(fragment)) for fragment in wanted)
        return found + [Leak(place, fragment, reason) for fragment, reason in reasons if reason]

    def _reason(self, fragment: Fragment) -> str:
        """How the fragment is held, or ""."""
        if fragment.dump in self._dumps:
            return "holds a piece"
        if fragment.renamed in self._renamed:
            return "holds, under other names, a piece"
        texts = self._texts.values()
        if len(fragment.squeezed) >= SQUEEZED_CHARACTERS and any(
            fragment.squeezed in text.squeezed for text in texts
        ):
            return "holds the text of a piece"
        if fragment.pattern and any(text.hold(fragment) for text in texts):
            return "holds, under other names, the text of a piece"
        return ""

    def _perhaps(self, text: str) -> None:
        if text in self._parsed:
            return
        self._parsed.add(text)
        try:
            tree = ast.parse(text.strip())
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return  # prose; its characters are kept by the caller
        self._tree(tree)

    def _tree(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt | ast.expr):
                self._dumps.add(ast.dump(node))
                if _size(node) >= RENAMED_NODES:
                    self._renamed.add(ast.dump(_renamed(node)))

    def _characters(self, text: str) -> None:
        if text not in self._texts:
            self._texts[text] = _Characters(text)


class _Characters:
    """A text without white space, and its tokens with the places where each stands."""

    def __init__(self, text: str):
        self.squeezed = _squeeze(text)
        self._tokens = _TOKEN.findall(text)
        self._positions: dict[str, list[int]] = {}
        for i, token in enumerate(self._tokens):
            self._positions.setdefault(token, []).append(i)

    def hold(self, fragment: Fragment) -> bool:
        """True when the tokens hold the pattern, its variables standing for different names."""
        if not fragment.words <= self._positions.keys():
            return False
        anchor = min(fragment.fixed, key=lambda i: len(self._positions[fragment.fixed[i]]))
        starts = (at - anchor for at in self._positions[fragment.fixed[anchor]])
        return any(self._holds_at(start, fragment) for start in starts)

    def _holds_at(self, start: int, fragment: Fragment) -> bool:
        end = start + len(fragment.pattern)
        if not 0 <= start <= end <= len(self._tokens):
            return False
        names: dict[str, str] = {}
        for i, token in enumerate(self._tokens[start:end]):
            if i in fragment.fixed:
                if token != fragment.fixed[i]:
                    return False
            elif not token.isidentifier() or names.setdefault(fragment.pattern[i], token) != token:
                return False
        return len(set(names.values())) == len(names)


def _given(source: Source, entry: str, in_solutions: set[str]) -> set[str]:
    """Dumps of everything inside one entry of ``given``."""
    try:
        body = ast.parse(_dedent(entry)).body
    except SyntaxError as error:
        raise BuildError(
            f"{source.path}: `{entry}` under `given` is not valid Python ({error.msg})."
        ) from error
    roots = [s.value if isinstance(s, ast.Expr) else s for s in body]
    for root in roots:
        if ast.dump(root) not in in_solutions:
            raise BuildError(
                f"{source.path}: `{entry}` under `given` stands in no solution of this lab. "
                "Remove it from the front matter, or write it as the solution does."
            )
    return {
        ast.dump(n) for root in roots for n in ast.walk(root) if isinstance(n, ast.stmt | ast.expr)
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
        return Fragment(function, first, ast.dump(node), _squeeze(code))
    renamed = _renamed(node)
    pattern = tuple(_TOKEN.findall(ast.unparse(renamed)))
    return Fragment(function, first, ast.dump(node), _squeeze(code), ast.dump(renamed), pattern)


def _size(node: ast.AST) -> int:
    return sum(not isinstance(part, _WITHOUT_MEANING) for part in ast.walk(node))


def _renamed(node: ast.AST) -> ast.AST:
    """A copy of a tree whose variables are called by the order in which they come."""
    node = copy.deepcopy(node)
    names: dict[str, str] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in _KEPT_NAMES:
            part.id = names.setdefault(part.id, f"lnnn_name_{len(names)}")
    return node


def _squeeze(text: str) -> str:
    """Text without white space and line continuations, with one kind of quote."""
    return re.sub(r"[\s\\]+", "", text).replace('"', "'")


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
