"""No piece of a solution stands in anything students get; every kind of planted leak is found."""

import base64
import json

import nbformat
import pytest

from lnnn.build import leaks, project
from lnnn.build.errors import BuildError
from lnnn.build.notebook import assemble

SOLUTION_LINE = "return top + np.log(np.sum(np.exp(z - top)))"
RENAMED_LINE = "return biggest + np.log(np.sum(np.exp(logits - biggest)))"


@pytest.fixture
def lab(edited_lab):
    return edited_lab()


@pytest.fixture
def student(lab):
    return _student_version(lab)


def _student_version(lab):
    return json.loads(json.dumps(assemble(lab, "lab")))


def _found(lab, student):
    found = leaks.leaks_in_notebook(leaks.fragments(lab), student, "labs/lab04_small.ipynb")
    return [str(leak) for leak in found]


@pytest.mark.parametrize("source", [s.name for s in project.find_sources() if s.kind == "lab"])
def test_the_committed_student_notebook_holds_no_piece_of_a_solution(source):
    [lab] = project.find_sources(names=[source])
    student = nbformat.read(project.ROOT / "labs" / f"{source}.ipynb", as_version=4)
    wanted = leaks.fragments(lab)
    assert wanted, "a lab without a solution proves nothing"
    assert leaks.leaks_in_notebook(wanted, student, source) == []
    assert [leaks.leaks_in_files(wanted, folder) for folder in project.SHIPPED] == [[], []]


def _code(student, text):
    student["cells"].append(
        {"cell_type": "code", "id": "x", "metadata": {}, "outputs": [], "source": text}
    )


def _prose(student, text):
    student["cells"].append({"cell_type": "markdown", "id": "x", "metadata": {}, "source": text})


def _output(student, **output):
    _code(student, "1")
    student["cells"][-1]["outputs"] = [output]


PLANTED = {
    "the solution left in its answer cell": lambda s: s["cells"][4].update(
        source=f"def log_sum_exp(z):\n    top = z.max()\n    {SOLUTION_LINE}"
    ),
    "the solution in a code cell": lambda s: _code(s, f"def g(z, top):\n    {SOLUTION_LINE}"),
    "one expression of it": lambda s: _code(s, "y = 1 + np.log(np.sum(np.exp(z - top)))"),
    "other layout": lambda s: _code(
        s, "y = ( np . log(\n    np.sum(\n        np.exp(z-top)  # here\n    )\n) )"
    ),
    "other names": lambda s: _code(s, f"def g(logits, biggest):\n    {RENAMED_LINE}"),
    "a comment": lambda s: _code(s, f"x = 1\n# {SOLUTION_LINE}"),
    "a comment under other names": lambda s: _code(s, f"x = 1\n# {RENAMED_LINE}"),
    "a docstring": lambda s: _code(s, f'def g():\n    """Hint: {SOLUTION_LINE}"""'),
    "a string": lambda s: _code(s, f"hint = '{SOLUTION_LINE}'"),
    "a magic": lambda s: _code(s, f"%timeit {SOLUTION_LINE[7:]}"),
    "prose": lambda s: _prose(s, f"Then you write {SOLUTION_LINE} and are done."),
    "inline code": lambda s: _prose(s, f"Then `{SOLUTION_LINE}`, and done."),
    "inline code under other names": lambda s: _prose(s, f"Then `{RENAMED_LINE[7:]}`, and done."),
    "a fence": lambda s: _prose(s, f"```python\ndef g():\n    {SOLUTION_LINE}\n```"),
    "a fence under other names": lambda s: _prose(s, f"```\ndef g():\n    {RENAMED_LINE}\n```"),
    "a fence called text": lambda s: _prose(s, f"```text\n{SOLUTION_LINE}\n```"),
    "a fence in a list": lambda s: _prose(s, f"- so:\n  ```python\n  {SOLUTION_LINE[7:]}\n  ```"),
    "a doctest": lambda s: _prose(s, f"```python\n>>> {SOLUTION_LINE[7:]}\n1.0\n```"),
    "prose under other names": lambda s: _prose(s, f"Then you write {RENAMED_LINE} and are done."),
    "a stream under other names": lambda s: _output(
        s, output_type="stream", name="stdout", text=f"x = 1; {RENAMED_LINE[7:]}!"
    ),
    "an HTML comment": lambda s: _prose(s, f"<!-- {SOLUTION_LINE} -->"),
    "a stream output": lambda s: _output(
        s, output_type="stream", name="stdout", text=["x\n", SOLUTION_LINE]
    ),
    "a traceback": lambda s: _output(
        s, output_type="error", ename="E", evalue="", traceback=[f"--> 3 {SOLUTION_LINE}"]
    ),
    "a rich output": lambda s: _output(
        s, output_type="display_data", data={"text/html": f"<pre>{SOLUTION_LINE}</pre>"}
    ),
    "a text file in base64": lambda s: _output(
        s,
        output_type="display_data",
        data={"image/png": base64.b64encode(b"\x89PNG" + SOLUTION_LINE.encode()).decode()},
    ),
    "cell metadata": lambda s: s["cells"][0]["metadata"].update(answer={"code": SOLUTION_LINE}),
    "a metadata key": lambda s: s["cells"][0]["metadata"].update({SOLUTION_LINE: True}),
    "notebook metadata": lambda s: s["metadata"].update(lab={"solutions": [SOLUTION_LINE]}),
    "widget state": lambda s: s["metadata"].update(widgets={"state": {"a": {"v": SOLUTION_LINE}}}),
    "an attachment": lambda s: s["cells"][0].update(
        attachments={
            "a.txt": {"text/plain": base64.b64encode(SOLUTION_LINE.encode()).decode()},
        }
    ),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_leak_is_found(lab, student, plant):
    plant(student)
    found = _found(lab, student)
    assert any("a piece of the solution of log_sum_exp" in leak for leak in found), found
    assert all(leak.startswith("labs/lab04_small.ipynb: ") for leak in found)


@pytest.mark.parametrize(
    ("line", "leaks_it"),
    [
        ("return np.log(np.sum(np.exp(z)))", False),
        (SOLUTION_LINE, True),
        (RENAMED_LINE, True),
        (f"return 0.0  # not {SOLUTION_LINE[7:]}", True),
    ],
)
def test_faulty_code_may_hold_what_is_given_and_nothing_else_of_the_solution(
    edited_lab, line, leaks_it
):
    faulty = f"    ### BEGIN FAULTY\n    z = np.asarray(z)\n    {line}\n    ### END FAULTY\n"
    end = "    ### END SOLUTION\n"
    lab = edited_lab(end, end + faulty)
    found = _found(lab, _student_version(lab))
    assert bool(found) == leaks_it
    place = "labs/lab04_small.ipynb: cell 5 (answer-log-sum-exp): "
    assert all(leak.startswith(place) for leak in found)


@pytest.mark.parametrize("code", ["top = z.max()", "x = 1\n# top = (z.max())"])
def test_a_statement_that_is_too_small_for_an_expression_is_found(lab, student, code):
    _code(student, code)
    assert "`top = z.max()`" in _found(lab, student)[0]


@pytest.mark.parametrize(
    "plant",
    [
        lambda s: _code(s, "this isn't Python"),
        lambda s: _prose(s, "```python\nthis isn't Python\n```"),
        lambda s: _prose(s, "```\nthis isn't Python\n```"),
    ],
)
def test_what_cannot_be_read_counts_as_a_leak(lab, student, plant):
    plant(student)
    assert any("not valid Python" in leak for leak in _found(lab, student))


def test_a_fence_that_says_it_is_text_may_hold_anything_else(lab, student):
    _prose(student, "```text\nthis isn't Python\n```")
    assert _found(lab, student) == []


def test_what_the_source_lists_as_given_is_allowed(lab, student, edited_lab):
    _code(student, "z = np.asarray(z)")
    assert _found(lab, student) == []
    stricter = edited_lab('["z = np.asarray(z)"]', "[]")
    assert "`z = np.asarray(z)`" in _found(stricter, student)[0]


@pytest.mark.parametrize(
    ("entry", "what"),
    [("z = np.zeros(3)", "stands in no solution"), ("z = = 3", "is not valid Python")],
)
def test_a_stale_or_broken_entry_under_given_is_refused(edited_lab, entry, what):
    lab = edited_lab("z = np.asarray(z)", entry)
    with pytest.raises(BuildError, match=what):
        leaks.fragments(lab)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("checks.py", f"def reference(z, top):\n    {RENAMED_LINE}\n".replace("biggest", "top")),
        ("hints.toml", f'[[hint]]\ntext = "Write `{SOLUTION_LINE}`."\n'),
        ("hints.toml", f"[[hint]]\ntext = '''\n```python\n{SOLUTION_LINE[7:]}\n```\n'''\n"),
        ("hints.toml", f'[[hint]]\ntext = "Write {RENAMED_LINE[7:]}."\n'),
        ("page.js", f"const hint = `{SOLUTION_LINE}`;"),
        ("broken.py", "def ("),
    ],
)
def test_a_leak_in_what_is_shipped_beside_the_notebook_is_found(lab, tmp_path, name, text):
    shipped = tmp_path / "learn"
    shipped.mkdir()
    assert leaks.leaks_in_files(leaks.fragments(lab), shipped) == []
    (shipped / name).write_text(text)
    [*found] = leaks.leaks_in_files(leaks.fragments(lab), shipped)
    assert found
    assert found[0].place == f"learn/{name}"


def test_a_leak_stops_the_build(edited_lab, small_project):
    lab = edited_lab("Subtract what", f"Write `{SOLUTION_LINE}`. Subtract what")
    with pytest.raises(BuildError, match="the solution of log_sum_exp"):
        project.build([lab], small_project)
