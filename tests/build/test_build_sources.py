"""What a source may say, and how the build answers when it says something else."""

import pytest

from lnnn.build.errors import BuildError
from lnnn.build.notebook import assemble, slug
from lnnn.build.solutions import (
    BEGIN,
    BEGIN_FAULTY,
    END,
    END_FAULTY,
    solution_block,
    solved_version,
    student_version,
)

LAB = """\
# Lab 4

```{code-cell}
:tags: [imports]

import numpy as np
```

## The stable form

```{code-cell}
:tags: [answer]

def log_softmax(z):
    \"\"\"The docstring.\"\"\"
    z = np.asarray(z)
    ### BEGIN SOLUTION
    m = z.max()
    return z - m
    ### END SOLUTION
```
"""


def _refused(make_source, text, kind="lab"):
    with pytest.raises(BuildError) as caught:
        assemble(make_source(text, kind), kind)
    return str(caught.value)


FAULTY_BODY = "    m = abs(z).max()\n    return z - m\n"
FAULTY = "    ### BEGIN FAULTY\n" + FAULTY_BODY + "    ### END FAULTY\n"
DEBUGGING = LAB.replace("    ### END SOLUTION\n", "    ### END SOLUTION\n" + FAULTY)


STUB = '    raise NotImplementedError("log_softmax: write your answer here")\n'


@pytest.mark.parametrize(
    ("lab", "instead"), [(LAB, STUB), (DEBUGGING, FAULTY_BODY)], ids=["stub", "faulty"]
)
def test_students_get_signature_docstring_what_is_given_and_a_stub_or_a_fault(
    make_source, lab, instead
):
    source = make_source(lab)
    [answer] = source.answers
    given = 'def log_softmax(z):\n    """The docstring."""\n    z = np.asarray(z)\n'
    assert student_version(source, answer) + "\n" == given + instead
    assert solution_block(source, answer) == "    m = z.max()\n    return z - m"


@pytest.mark.parametrize("between", ["", "\n"])
def test_the_faulty_code_is_not_in_the_solution(make_source, between):
    text = LAB.replace("    ### END SOLUTION\n", "    ### END SOLUTION\n" + between + FAULTY)
    source, plain = make_source(text), make_source(LAB)
    [answer], [plain_answer] = source.answers, plain.answers
    assert solution_block(source, answer) == solution_block(plain, plain_answer)
    solved = solved_version(source, answer)
    assert solved == plain_answer.text
    [built] = [c for c in assemble(source, "solution").cells if c.id == "answer-log-softmax"]
    assert built.source == solved


def test_the_set_up_cell_follows_the_head(make_source):
    cells = assemble(make_source(LAB), "lab").cells
    assert [cell.id for cell in cells][:3] == ["lab-4", "setup", "imports"]
    assert cells[1].metadata.tags == ["setup"]


def test_ids_are_readable_and_unique(make_source):
    demo = "\n```{code-cell}\nprint(1)\n```\n"
    check = "\n```{code-cell}\n:tags: [check]\n\ncheck(log_softmax)\n```\n"
    text = LAB + demo + check + check + demo + "\n## The stable form\n\nAgain.\n" + demo
    ids = [cell.id for cell in assemble(make_source(text), "lab").cells]
    assert ids == [
        "lab-4",
        "setup",
        "imports",
        "the-stable-form",
        "answer-log-softmax",
        "the-stable-form-demo",
        "check-log-softmax",
        "check-log-softmax-2",
        "the-stable-form-demo-2",
        "the-stable-form-2",
        "the-stable-form-demo-3",
    ]


def test_a_long_heading_gives_a_valid_id(make_source):
    text = "# " + "A very long title about softmax " * 5 + "\n\n```{code-cell}\nprint(1)\n```\n"
    assert all(len(cell.id) <= 64 for cell in assemble(make_source(text), "lab").cells)


def test_a_slug_keeps_letters_without_accents():
    assert slug("Qué es `log_softmax`?") == "que-es-log-softmax"


def test_metadata_say_what_the_notebook_is(make_source):
    notebook = assemble(make_source(LAB), "solution")
    assert notebook.metadata["lnnn"] == {
        "kind": "solution",
        "name": "lab04_log_softmax",
        "version": 1,
    }
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"


DEF = "def log_softmax(z):"
TAGS = ":tags: [answer]"
LIKE = "looks like a marker and is none"
BODY = "    m = z.max()\n    return z - m\n"
# (what is replaced in the lab, by what, where the line begins that is named, what is said of it)
BROKEN = [
    (f"    {END}\n", "", BEGIN, f"`{BEGIN}` has no partner"),
    (f"    {BEGIN}\n", "", END, f"`{END}` has no partner"),
    (END, f"{END}\n    {END}", END + "\n```", f"`{END}` has no partner"),
    (BEGIN, "## BEGIN SOLUTION", "## BEGIN", LIKE),
    (BEGIN, "### BEGIN SOLUTON", "### BEGIN", LIKE),
    (BEGIN, "### Begin solution", "### Begin", LIKE),
    (BEGIN, "### BEGINSOLUTION", "### BEGIN", LIKE),
    (BEGIN, "### BEGIN HIDDEN TESTS", "### BEGIN", LIKE),
    (END, "#END SOLUTION", "#END", LIKE),
    (END, "### END OF SOLUTION", "### END", LIKE),
    (TAGS, ":tags: [demo]", BEGIN, "in a cell that is not tagged `answer`"),
    (TAGS, ":tags: [anwser]", DEF, "Did you mean `answer`?"),
    (TAGS, ":tags: [answer, check]", DEF, "a cell has one role"),
    (TAGS, ":tags: [setup]", DEF, "the build writes the set-up cell itself"),
    (TAGS, ":tag: [answer]", DEF, "unknown cell option `tag`"),
    ('    """The docstring."""\n', "", DEF, "has no docstring"),
    (DEF, "def log_softmax(z:", "def log_softmax(z:", "not valid Python"),
    (DEF, f"HELPER = 1\n\n{DEF}", "HELPER", "holds one function"),
    (f"    return z - m\n    {END}", f"    {END}\n    return z - m", "    return z - m",
     "not inside the solution"),
    (BODY, "", BEGIN, "is empty"),
    (f"    {BEGIN}", BEGIN, BEGIN, "indented like the function's body"),
]  # fmt: skip
BROKEN_FAULTY = [
    (f"    {END_FAULTY}\n", "", BEGIN_FAULTY, f"`{BEGIN_FAULTY}` has no partner"),
    (f"    {BEGIN_FAULTY}\n", "", END_FAULTY, f"`{END_FAULTY}` has no partner"),
    (END_FAULTY, END, f"{END}\n```", f"`{END}` has no partner"),
    (FAULTY, FAULTY + FAULTY, f"{BEGIN_FAULTY}\n{FAULTY_BODY}    {END_FAULTY}\n```",
     f"`{BEGIN_FAULTY}` has no partner"),
    (f"    {END}\n", "", BEGIN_FAULTY, f"`{BEGIN_FAULTY}` has no partner"),
    (BEGIN_FAULTY, "### BEGIN FAULT", "### BEGIN FAULT", f"Write `{BEGIN_FAULTY}`"),
    (BEGIN_FAULTY, "# begin faulty", "# begin", f"Write `{BEGIN_FAULTY}`"),
    (END_FAULTY, "### End faulty", "### End", f"Write `{END_FAULTY}`"),
    (TAGS, ":tags: [demo]", BEGIN, "in a cell that is not tagged `answer`"),
    (FAULTY_BODY, "", BEGIN_FAULTY, "the faulty code of log_softmax is empty"),
    (FAULTY_BODY, "    # Nothing yet.\n", BEGIN_FAULTY, "is empty"),
    (FAULTY_BODY, BODY, BEGIN_FAULTY, "the faulty code of log_softmax is its solution"),
    (FAULTY_BODY, BODY.replace("z - m", "(z - m)  # right"), BEGIN_FAULTY, "is its solution"),
    (f"    {BEGIN_FAULTY}", BEGIN_FAULTY, BEGIN_FAULTY, "indented like the function's body"),
    (f"    return z - m\n    {END_FAULTY}", f"    {END_FAULTY}\n    return z - m",
     "    return z - m\n```", "not inside the solution"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lab", "old", "new", "at", "what"),
    [(LAB, *row) for row in BROKEN] + [(DEBUGGING, *row) for row in BROKEN_FAULTY],
    ids=[f"{old} -> {new}"[:60] for old, new, *_ in BROKEN + BROKEN_FAULTY],
)
def test_a_broken_rule_names_the_place_the_rule_and_the_next_step(
    make_source, lab, old, new, at, what
):
    assert old in lab
    text = lab.replace(old, new)
    line = text[: text.index(at)].count("\n") + 1
    message = _refused(make_source, text)
    assert message.startswith(f"source/labs/lab04_log_softmax.md: cell 4 (line {line}): ")
    assert what in message
    assert message.endswith("?" if "?" in what else ".")


def test_faulty_code_stands_after_the_solution_and_not_without_one(make_source):
    solution = DEBUGGING[DEBUGGING.index(f"    {BEGIN}") : DEBUGGING.index(f"    {BEGIN_FAULTY}")]
    alone = DEBUGGING.replace(solution, "")
    assert "the answer log_softmax has no solution" in _refused(make_source, alone)
    message = _refused(make_source, alone.replace(FAULTY, FAULTY + solution))
    assert "cell 4 (line 17): the faulty code stands before the solution" in message


def test_a_notebook_without_a_title_is_refused(make_source):
    assert "begins with the title" in _refused(make_source, LAB.replace("# Lab 4", "Lab 4"))


def test_an_answer_without_a_solution_is_refused(make_source):
    text = LAB.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "")
    assert "the answer log_softmax has no solution" in _refused(make_source, text)


def test_a_solution_before_the_docstring_is_refused(make_source):
    text = LAB.replace(
        '    """The docstring."""\n    z = np.asarray(z)\n    ### BEGIN SOLUTION\n',
        '    ### BEGIN SOLUTION\n    """The docstring."""\n    z = np.asarray(z)\n',
    )
    assert "begins before the end of the docstring" in _refused(make_source, text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ('```{code-cell}\nx = """\n', '\n"""\n```'),
        ("```{code-cell}\n!echo (\n#", "\n```"),
    ],
    ids=["prose", "a string", "a cell that does not parse"],
)
def test_a_marker_in_another_cell_is_refused(make_source, before, after):
    heading = "## The stable form\n\n"
    text = LAB.replace(heading, heading + before + BEGIN + after + "\n\n")
    line = text[: text.index(BEGIN)].count("\n") + 1
    message = _refused(make_source, text)
    assert f"(line {line}): `" in message
    assert f"{BEGIN}` stands in a cell" in message


def test_a_second_answer_for_one_function_is_refused(make_source):
    answer = LAB[LAB.index("```{code-cell}\n:tags: [answer]") :]
    assert "a second answer cell for the same function" in _refused(
        make_source, LAB + "\n" + answer
    )


def test_a_course_notebook_has_no_answer_cells(make_source):
    assert "only labs have answer cells" in _refused(make_source, LAB, "course")


@pytest.mark.parametrize(
    ("front", "what"),
    [
        ("lnnn: {givn: []}", "unknown key `givn` under `lnnn:`"),
        ("lnnn: {given: x = 1}", "must be a list"),
        ("title: Log-softmax", "unknown front matter `title`"),
        ("lnnn: {given: [", "not a readable MyST notebook"),
    ],
)
def test_an_unreadable_front_matter_is_refused(make_source, front, what):
    message = _refused(make_source, f"---\n{front}\n---\n\n{LAB}")
    assert what in message
    assert message.startswith("source/labs/lab04_log_softmax.md: ")
