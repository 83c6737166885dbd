"""The catalogue: what Babel finds is what is said, and a language that is added is spoken."""

import ast
import io
import string
from pathlib import Path

import numpy as np
import pytest
from babel.messages.extract import extract
from pseudo import lines_of_html

from lnnn import check, messages
from lnnn.build.project import ROOT
from lnnn.grading.runner import Graded
from lnnn.report import feedback

MODULES = sorted((ROOT / "src" / "lnnn").rglob("*.py"))
LOOKED_UP = {"_": 1, "N_": 1, "ngettext": 2}


# ------------------------------------------------------------------------------ what is extracted


def looked_up(tree):
    """The arguments of every call of ``_``, ``N_`` and ``ngettext`` that are messages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in LOOKED_UP:
            yield from node.args[: LOOKED_UP[node.func.id]]


def put_together(tree):
    """Those of them that are no constant and no name of what is looked up elsewhere."""
    names = (ast.Constant, ast.Name, ast.Attribute, ast.Subscript)
    return [node for node in looked_up(tree) if not isinstance(node, names)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_babel_finds_every_message_of_a_module(known, path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = [node.value for node in looked_up(tree) if isinstance(node, ast.Constant)]
    assert set(said) <= known
    assert [node.lineno for node in put_together(tree)] == []


@pytest.mark.parametrize("call", ['_(f"{n} left")', '_("a" + name)', '_("{n}".format(n=1))'])
def test_a_message_that_is_put_together_is_noticed(call):
    assert len(put_together(ast.parse(call))) == 1
    assert put_together(ast.parse('_(name), _(rule.says), ngettext("one", "many", n)')) == []


def shadows(tree):
    """Where ``_`` is something else than the function that looks messages up."""
    imported = any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "_" for alias in node.names)
        for node in ast.walk(tree)
    )
    stored = [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.arg) and node.arg == "_")
    ]
    return stored if imported else []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_else_is_named_like_the_function_that_looks_up(path):
    assert shadows(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("line", ["a, _ = b", "for _ in b: pass", "def f(*_): pass", "lambda _: 0"])
def test_another_underscore_is_noticed(line):
    assert shadows(ast.parse(f"from lnnn.messages import _\n{line}")) == [2]
    assert shadows(ast.parse(line)) == []


def places(message):
    """The names between braces, as ``str.format`` reads them. Raises ValueError."""
    return [
        name for _text, name, _spec, _how in string.Formatter().parse(message) if name is not None
    ]


def wrong_places(forms):
    """Why ``str.format`` could not fill a message, by name: positional places and strange ones."""
    named = [places(form) for form in forms]
    wrong = {name for names in named for name in names if not name.isidentifier()}
    return wrong | (set(named[0]) - set(named[-1]))


def test_every_place_of_a_message_has_a_name(found):
    """Texts of rules, hints and quizzes are shown as they stand: braces mean nothing there."""
    checked = 0
    for file, said in found:
        if (
            Path(file).suffix in (".py", ".j2")
            and not file.endswith("rules.py")
            and "tests" not in file
        ):
            forms = (said,) if isinstance(said, str) else said
            assert wrong_places(forms) == set(), said
            checked += 1
    assert checked > 250


@pytest.mark.parametrize(
    ("forms", "wrong"),
    [
        (("{} rules",), {""}),
        (("{0} rules",), {"0"}),
        (("{task.fields} left",), {"task.fields"}),
        (("{a b}",), {"a b"}),
        (("{n:g} of {points:.10g}, {name!r}",), set()),
        (("{m} rule", "{n} rules"), {"m"}),
        (("The one rule", "{n} rules"), set()),
    ],
)
def test_a_place_without_a_name_is_noticed(forms, wrong):
    assert wrong_places(forms) == wrong


RULES = '''
from lnnn.messages import _, ngettext

def helper(value, what):
    return expect.scalar(value, what)

@rule("f", "contract", points=1)
def holds(lab, x):
    """It holds, over
    two lines

    Look at x.
    """
    what = "an assigned name"
    value, what = 1, "one of several"
    expect.close(x, 1, what="by keyword")
    expect.array(x, (), float, "by place")
    helper(x, "by the file's own place")
    expect.refused("no name of a value")
    expect.close(x, 1, what=f"put together {x}")
    raise AssertionError(_("said {x}").format(x=x) + ngettext("{n} one", "{n} many", 2))

def no_rule():
    """Not for students."""
'''


def test_what_is_found_in_rules():
    rows = extract("lnnn.build.extract:rules", io.BytesIO(RULES.encode()))
    assert sorted(map(str, (said for _line, said, _comments, _context in rows))) == sorted(
        [
            "It holds, over two lines",
            "Look at x.",
            "an assigned name",
            "one of several",
            "by keyword",
            "by place",
            "by the file's own place",
            "said {x}",
            "('{n} one', '{n} many')",
        ]
    )


def test_the_names_that_rules_give_to_values_are_found(known):
    assert {"the sum", "the merged LSE", "the temperature", "the gradient"} <= known


# ------------------------------------------------------------------------------ a language more


def nll(p):
    return -np.log(np.asarray(p) + 1e-12)


ENGLISH = "✗ nll: 3 of 8 checks passed\n"
HEADLINE = (
    "{function}: {passed} of {total} check passed",
    "{function}: {passed} of {total} checks passed",
)
MADE_UP = {
    HEADLINE: ("{passed} ok ex {total}, {function}", "{passed} ok ex {total}, {function}"),
    "failed": "falsum",
    "Status: {status}": "Modo: {status}",
    "graded": "factum",
}


def test_a_language_that_is_chosen_is_spoken(speaks):
    speaks("qtz", MADE_UP)
    before = str(check(nll))
    assert before.startswith(ENGLISH)
    messages.use("qtz")
    lines = str(check(nll)).splitlines()
    assert lines[0] == "✗ 3 ok ex 8, nll"
    assert any(line.startswith("  ✗ falsum") for line in lines)
    assert "passed" in lines[1]  # what the language lacks stays English
    messages.use(None)
    assert str(check(nll)) == before


def test_the_language_of_the_environment_is_spoken(speaks, monkeypatch):
    speaks("qtz", MADE_UP)
    monkeypatch.setenv("LNNN_LANGUAGE", "qtz")
    assert str(check(nll)).startswith("✗ 3 ok ex 8, nll\n")
    assert messages.language() == "qtz"
    messages.use("en")  # what a notebook chooses goes before the environment
    assert str(check(nll)).startswith(ENGLISH)
    messages.use(None)
    monkeypatch.setenv("LNNN_LANGUAGE", "xx")
    assert str(check(nll)).startswith(ENGLISH)
    assert messages.language() == "en"


def test_a_language_that_is_not_there_is_refused_with_those_that_are(speaks):
    speaks("qtz", MADE_UP)
    with pytest.raises(LookupError, match=r"'xx': .* it speaks en, qtz\."):
        messages.use("xx")
    assert messages._("graded") == "graded"


def test_a_page_names_the_language_that_it_is_in(speaks):
    speaks("qt_BR", MADE_UP)
    graded = Graded("a", "", "graded", 0, 0)
    assert '<html lang="en">' in feedback.page(graded)
    messages.use("qt_BR")
    page = feedback.page(graded)
    assert '<html lang="qt-BR">' in page
    assert "Modo: factum" in lines_of_html(page)


def test_a_language_of_three_plurals_uses_all_of_them(speaks):
    forms = ("{n} test", "{n} testy", "{n} testów")
    speaks("pl", {("{n} check", "{n} checks"): forms})
    messages.use("pl")
    said = [messages.ngettext("{n} check", "{n} checks", n).format(n=n) for n in (1, 2, 5, 22)]
    assert said == ["1 test", "2 testy", "5 testów", "22 testy"]
