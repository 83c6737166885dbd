"""No number in the prose of a page without a cell of that page that produces it.

Looked at are decimals, powers of ten and whole numbers from 100 on: what a reader takes for a
measurement. A number is *produced* when a cell prints it, draws it (in the words of an explorable),
or takes it as an input. The prose may quote fewer digits than the cell gives, never others.

Not looked at, since no cell can produce them: inline code, exponents in formulas, what stands
between quotation marks, references, versions, years, numbers of issues and sections.
"""

import re

import nbformat
import pytest

from lnnn.build import project

SIGNS = str.maketrans({"−": "-", "\u2009": " ", "\u202f": " ", "\u00a0": " "})
_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*?$", re.M | re.S)
_NOT_PROSE = [
    re.compile(r"`[^`\n]+`"),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"https?://\S+"),
    re.compile(r"^- \*\*Minutes:\*\*.*$", re.M),
    re.compile(r"^Read in:.*$", re.M),
    re.compile(r"\^\{[^{}]*\}|\^\S"),
    re.compile(r"\"[^\"\n]*\"|“[^”\n]*”"),
    re.compile(r"\([^()]*\b(?:19|20)\d\d[a-z]?\)"),
    re.compile(r"\b(?:in|of|since|until|from) (?:19[4-9]|20[0-3])\d\b"),
    re.compile(
        r"\b(?:issues?|pull requests?|PR|commit|section|sections|page|pages|lab|labs|version"
        r"|equation|figure|table|chapter|arXiv)\s+[#v]?[\d.:]+(?:(?:,| and| to)\s+#?\d[\d.]*)*",
        re.I,
    ),
    re.compile(r"#\d+"),
    # A name and its version: SciPy 1.17, TensorFlow 2.21.0, Python 3.11.
    re.compile(r"\b[A-Z][A-Za-z_-]*[A-Za-z](?:'s)? v?\d+(?:\.\d+)+\b"),
    re.compile(r"\b(?:scikit-learn|ml_dtypes|jax|optax|torch|numpy|scipy) v?\d+(?:\.\d+)+\b"),
    re.compile(r"\b\d+\.\d+\.\d+\b"),
]
_SPACED = re.compile(r"(?<![\d.])(\d{1,3})((?:(?: |\\,|_)\d{3})+)(?![\d])")
_NUMBER = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)"
    r"(?:e([-+]?\d+)|\s*(?:\\cdot|\\times|·|×)\s*10\^?\{?(?P<power>[-⁻\d⁰¹²³⁴-⁹]+)\}?)?(?![\w])"
)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def prose_of(notebook) -> str:
    """The Markdown of a notebook down to its references, without what no cell can produce."""
    cells = [c["source"] for c in notebook["cells"] if c["cell_type"] == "markdown"]
    text = _FENCED.sub("", "\n\n".join(map("".join, cells)))
    text = text.split("\n**References**")[0].translate(SIGNS)
    # Powers of ten are numbers; any other exponent is part of a formula.
    text = re.sub(r"(\\cdot|\\times|·|×)(\s*)10\^\{?(-?\d+)\}?", r"\1\g<2>10#\3", text)
    for pattern in _NOT_PROSE:
        text = pattern.sub(" ", text)
    return re.sub(r"10#(-?\d+)", r"10^\1", text)


def numbers_in(text: str) -> list[tuple[str, float, float]]:
    """(as written, value, half a unit of the last digit written) of every number in ``text``."""
    text = _SPACED.sub(lambda m: m[1] + re.sub(r"\D", "", m[2]), text.translate(SIGNS))
    found = []
    for match in _NUMBER.finditer(text):
        digits, power = match[1], match[2] or match["power"]
        scale = 10.0 ** int((power or "0").translate(_SUPERSCRIPTS))
        decimals = len(digits.partition(".")[2])
        half = 0.5 * 10.0**-decimals * scale
        if decimals == 0 and not power:
            half = 0.0  # a whole number is meant exactly
        found.append((match[0].strip(), float(digits) * scale, half))
    return found


def told(text: str) -> list[tuple[str, float, float]]:
    """The numbers of a prose that a reader takes for a measurement."""
    return [n for n in numbers_in(text) if not n[0].isdigit() or n[1] >= 100]


def produced(notebook) -> list[tuple[float, float]]:
    """(value, half a unit of its last digit) of all that the cells take as input, print or draw."""
    values = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        code = "".join(cell["source"])
        texts = [re.sub(r"(?<=\d)_(?=\d)", "", code)]
        for output in cell.get("outputs", []):
            if "quiz" not in cell["metadata"].get("tags", []):
                texts.append("".join(output.get("text", "")))
                texts.append("".join(output.get("data", {}).get("text/plain", "")))
        values += [n[1:] for text in texts for n in numbers_in(text.replace("\x1b", " "))]
        # 2.0**-24 is a number too.
        for base, power in re.findall(r"(?<![\w.])(\d+(?:\.\d*)?)\*\*(-?\d+)", texts[0]):
            if abs(int(power) * len(base)) < 300:
                values.append((float(base) ** int(power), 0.0))
    return values


def unproduced(notebook) -> list[str]:
    """The numbers of the prose, as written, that no cell produces."""
    known = produced(notebook)

    def is_known(value, half):
        # The cell may print fewer digits than the prose only if it prints the same ones.
        slack = half * (1 + 1e-9) + 1e-9 * abs(value)
        return any(abs(value - v) <= slack or abs(value / 100 - v) <= slack / 100 for v, _ in known)

    missing = [w for w, value, half in told(prose_of(notebook)) if not is_known(value, half)]
    return list(dict.fromkeys(missing))


PAGES = [source.name for source in project.find_sources() if source.kind == "course"]


@pytest.mark.parametrize("name", PAGES)
def test_every_number_of_the_prose_comes_from_a_cell(name):
    assert unproduced(nbformat.read(project.ROOT / f"course/{name}.ipynb", as_version=4)) == []


# The check itself.


def _page(prose, code="", printed=""):
    output = {"output_type": "stream", "text": [printed]}
    return {
        "cells": [
            {"cell_type": "markdown", "source": [prose]},
            {"cell_type": "code", "source": [code], "outputs": [output], "metadata": {"tags": []}},
        ]
    }


@pytest.mark.parametrize(
    ("prose", "printed"),
    [
        ("The loss is 0.5003 nats.", "floor 0.50029"),
        ("It stops at −103.28.", "-103.279"),
        ("It is 1.4e-45.", "1.401298464324817e-45"),
        ("There are 10 000 tokens", "10000"),
        ("accuracy of 96.5 %", "0.965"),
        (r"about $6.0 \cdot 10^{-8}$", "5.96e-08"),
        ("about 3.2 × 10⁵ ulp", "3.2e5"),
    ],
)
def test_a_number_that_a_cell_prints_is_fine(prose, printed):
    assert told(prose_of(_page(prose)))
    assert unproduced(_page(prose, printed=printed)) == []


@pytest.mark.parametrize(
    ("prose", "code"),
    [("2048 tokens", "n = 2_048"), ("eps is 1e-8", "eps = 1e-8"), ("u is 6.0e-8", "2.0**-24")],
)
def test_an_input_counts_as_produced(prose, code):
    assert unproduced(_page(prose, code)) == []


@pytest.mark.parametrize(
    ("prose", "printed", "missing"),
    [
        ("The loss is 0.5013 nats.", "0.50029", "0.5013"),
        ("It is 0.50291, it says.", "0.5003", "0.50291"),
        ("There are 2049 tokens.", "2048", "2049"),
        ("about 1e-7", "1e-6", "1e-7"),
        (r"about $7.0 \cdot 10^{-8}$", "5.96e-08", r"7.0 \cdot 10^-8"),
    ],
)
def test_a_number_that_no_cell_prints_is_named(prose, printed, missing):
    assert unproduced(_page(prose, printed=printed)) == [missing]


def test_what_is_no_measurement_is_left_out():
    prose = (
        "Read `1e-9` in SciPy 1.17.1, issue 11752 of 2018, see page 03: $e^{1000}$, "
        "Guo and others (2017), [x](y.ipynb#1234), “at 0.693 exactly”, 12 of 13.\n\n"
        "**References**\n\n- Vol 41(4), 2311–2330."
    )
    assert told(prose_of(_page(prose))) == []
