"""Whatever bytes come, the reading room answers in form, and honest text comes through whole."""

import ast
import io
import json
import warnings

import numpy as np
import small_lab
from hypothesis import example, given, target
from hypothesis import strategies as st

from lnnn.grading.jail.inside import frames
from lnnn.grading.reading import answer
from lnnn.grading.reading.inside import Desk, encoding, script
from lnnn.grading.reading.inside.cells import take_apart
from lnnn.grading.reading.inside.facts import RawCell
from lnnn.grading.reading.inside.magics import without_magics
from lnnn.grading.reading.inside.shipped import Shipped

RELEASE = [[c["id"], c["role"], c["sha256"]] for c in small_lab.release()["cells"]]
GOOD = json.dumps(small_lab.notebook(small_lab.shipped())).encode()

# ------------------------------------------------------------------------------ what students write

STATEMENTS = [
    "x = 1", "import numpy as np", "import a.b as c, d", "from lnnn import check, exact",
    "from numpy import *", "import lnnn", "y = exact.f(x)", "check(f)", "display(x); y = 2",
    "def f(x):\n    return x", "@g\ndef f(x, *y, z=1, **k):\n    check(x)\n    return lambda: x",
    "class A:\n    b = 1", "async def h():\n    await x", "if a:\n    check(f)\nelif b:\n    pass",
    "for i in x: progress()",
    "try:\n    import lnnn\nexcept E as e:\n    hint(f)\nfinally: quiz('x')",
    "match x:\n    case [1, *r] | {'k': q, **m} as w: check(r)", "with a as b, c: (d := e)",
    "s = '''\n%not a command\n# %% no mark\n'''", "(a +\n b)", "t = f'{x!r:>{y}}'", "é = 'ü😀'",
    "x = [i for i in y if (z := i)]", "x: int = 1", "x += exact", "del x", "lambda: 0", "x=1;\\\n",
    "global x", "return 1", "...", "0", "print('a' 'b')", "x = 1  # it's [", "f = f(x)",
    "é = 'ü'; è = 2",
]  # fmt: skip
COMMANDS = ["%time", "%matplotlib inline", "!ls", "!ls \\", "x = !ls", "a, b = %time f()", "?x",
            "np.exp??", "a?? ;", "%%time", "%%bash", "%%", "  !cd", "%cd ..", "!"]  # fmt: skip
SCRAPS = ["(", ")", "[", "'", '"""', "'''", "\\", "#", "f'{", "    ", "\t", ";", "=", "@", "\x0c",
          "\0", "\u2028", "\ud800", "\ufeff", "# %%", "#%% [markdown]", "# In[3]:", "def f(", "é",
          "1" * 5000, "-" * 300, "(" * 150, "lambda: " * 60]  # fmt: skip
ENDS = ["\n", "\n\n", "\r\n", "\r", " ", ";", "", "\\\n", "\n    "]


def texts(pieces):
    """Texts made of some of these pieces, and of whatever else."""
    piece = st.one_of(*[st.sampled_from(some) for some in pieces], st.text(max_size=10))
    rows = st.lists(st.tuples(piece, st.sampled_from(ENDS)), max_size=12)
    return rows.map(lambda pairs: "".join(piece + end for piece, end in pairs))


ANY_TEXT = texts([STATEMENTS, COMMANDS, SCRAPS])
HONEST = st.lists(st.sampled_from(STATEMENTS), max_size=12).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


# ---------------------------------------------------------------------------------- in the form


def answers(data, is_script):
    """What the room says of ``data``, sent across the wall and checked there."""

    def sent(reply):
        prefix, *body = frames.pack(("read", 0, *reply))
        structure, _total = frames.check_prefix(prefix, 1 << 26)
        received = np.frombuffer(b"".join(body), np.uint8)
        return frames.unpack(received, structure)[2:]

    desk = Desk()
    claims, problem = answer.opened(sent(desk.open(data, is_script)), "a.py")
    if problem:
        return claims, problem
    return answer.taken_apart(sent(desk.take_apart(RELEASE, is_script)), is_script)


CODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7"]
ENCODED = st.tuples(
    st.sampled_from(["", "# coding: latin-1\n", "# -*- coding: utf-7 -*-\n", "#coding:zlib\n"]),
    ANY_TEXT,
    st.sampled_from(CODINGS),
).map(lambda parts: (parts[0] + parts[1]).encode(parts[2], "replace"))


@given(st.one_of(st.binary(max_size=200), ENCODED))
def test_any_bytes_as_a_script_have_an_answer(data):
    answers(data, True)


@st.composite
def damaged(draw):
    """A notebook of which some bytes are lost, doubled or changed."""
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        stop = min(start + draw(st.integers(0, 40)), len(data))
        data[start:stop] = draw(st.one_of(st.binary(max_size=8), st.just(data[start:stop] * 2)))
    return bytes(data)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT, st.sampled_from(["code", "id"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


def maybe(usual):
    """``usual`` most of the time, else anything."""
    return st.one_of(usual, usual, usual, JSON)


SOURCE = st.one_of(ANY_TEXT, st.lists(ANY_TEXT, max_size=4), st.sampled_from(small_lab.ANSWERS))
CELL = st.fixed_dictionaries(
    {"cell_type": maybe(st.sampled_from(["code", "code", "markdown", "raw"]))},
    optional={
        "source": maybe(SOURCE),
        "input": SOURCE,
        "id": maybe(st.sampled_from(["imports", "setup", "a"])),
        "outputs": JSON,
    },
)
NOTEBOOK = st.fixed_dictionaries(
    {"cells": maybe(st.lists(maybe(CELL), max_size=6))},
    optional={
        "nbformat": maybe(st.integers(3, 6)),
        "metadata": maybe(st.just({"lnnn": {"name": small_lab.LAB}})),
        "worksheets": maybe(st.lists(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=3)}))),
    },
)


HALVES = small_lab.notebook([small_lab.code(text) for text in ("%\ud800", "\ud800", "x\0")])


@example(json.dumps(HALVES))
@given(st.one_of(st.binary(max_size=100), damaged(), maybe(NOTEBOOK).map(json.dumps)))
def test_anything_as_a_notebook_has_an_answer(data):
    answers(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"), False)


# --------------------------------------------------------------------- honest text comes through


@given(HONEST)
def test_the_statements_of_a_cell_are_those_of_its_text(text):
    """But for those that only serve display, and each on the lines where it was."""
    rows, faults = take_apart([RawCell(1, 1, None, text)], Shipped([]), False, [])
    assert faults == []
    kept = [(row[1], ast.dump(_parsed(row[2]).body[0])) for row in rows]
    whole = [
        (node.lineno - len(getattr(node, "decorator_list", ())), ast.dump(alone))
        for node in _parsed(text).body
        for alone in _each(node)
    ]
    assert _is_subsequence([row for row in kept if not _blanked(row)], whole)
    target(float(len(kept)))
    if "lnnn" not in text and not any(name in text for name in ("check", "display", "progress")):
        names = ("hint", "quiz")
        assert any(name in text for name in names) or kept == whole


def _parsed(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _each(node):
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    return [node]


def _blanked(row):
    """A compound statement may have lost some of its inner ones."""
    return "Pass()" in row[1] or "Constant(value=None)" in row[1]


def _is_subsequence(some, whole):
    rest = iter(whole)
    return all(row in rest for row in some)


@given(ANY_TEXT)
def test_taking_out_commands_moves_no_line_and_changes_no_other(text):
    left, taken = without_magics(text)
    lines, others = text.split("\n"), left.split("\n")
    if left or not taken:
        assert len(others) == len(lines)
        changed = [(a, b) for a, b in zip(lines, others, strict=True) if a != b]
        assert all(b.strip() in ("", "pass") or b.endswith("= None") for _a, b in changed)
        assert bool(changed) <= bool(taken)


@given(texts([STATEMENTS, ["# %%", "#%%", "# In[3]:", "# %% [markdown]"]]))
def test_the_cells_of_a_script_are_lines_of_the_file(text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    last = 0
    for cell in script.cells(text):
        mine = cell.text.split("\n")
        assert lines[cell.first - 1 : cell.first - 1 + len(mine)] == mine
        assert cell.first > last
        last = cell.first + len(mine) - 1


@given(ANY_TEXT, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]))
def test_a_script_comes_through_its_encoding(text, coding):
    declared = f"# coding: {coding}\n" if coding in ("latin-1", "cp1252") else ""
    text = "".join(c for c in text if c not in "\0\ufeff")
    data = (declared + text).encode(coding, "ignore")
    if "coding" not in text:
        wanted = io.TextIOWrapper(io.BytesIO(data), coding, newline=None).read()
        assert encoding.of_script(data)[0] == wanted
