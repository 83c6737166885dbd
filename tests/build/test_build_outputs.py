"""What a build refuses to publish, and what it makes the same on every run."""

import socket
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lnnn.build import outputs, project
from lnnn.build.errors import BuildError
from lnnn.build.widgets import VIEW


def _finished(*cell_outputs, **more):
    return _notebook(*cell_outputs, **more).cells[0]


def _notebook(*cell_outputs, tags=("demo",), state=None, alt=None):
    metadata = {"tags": list(tags)} | ({"alt": alt} if alt else {})
    cell = new_code_cell("f()", id="c", metadata=metadata, outputs=list(cell_outputs))
    notebook = new_notebook(cells=[cell], metadata={"lnnn": {"name": "04_small"}})
    if state:
        notebook.metadata["widgets"] = {outputs.widgets.STATE: {"state": state}}
    outputs.finish(notebook, lambda cell_id: f"source.md: cell {cell_id}")
    return notebook


def _stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def _error(*traceback):
    return new_output("error", ename="ValueError", evalue="no", traceback=[*traceback])


def _view(text, **more):
    data = {VIEW: {"model_id": "m"}, "text/plain": text, **more}
    return new_output("display_data", data=data)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("saved in /home/ana/figure.png", "an absolute path"),
        ("see /tmp/figure.png", "an absolute path"),
        (r"saved in C:\Users\ana\figure.png", "an absolute path"),
        (f"running {sys.prefix}", "an absolute path"),
        (f"in {project.ROOT}/course", "an absolute path"),
        ("on anas-laptop", "the name of this machine"),
        ("<function f at 0x7f168ecd56c0>", "a memory address"),
        ("trained on 2026-11-22 at noon: 2026-11-22 12:01", "a time stamp"),
        ("2026-11-22T12:01:02", "a time stamp"),
        ("at 12:01:02 it fell", "a time stamp"),
    ],
)
def test_a_trace_of_the_builders_machine_stops_the_build(monkeypatch, text, what):
    monkeypatch.setattr(socket, "gethostname", lambda: "anas-laptop")
    outputs.hosts_and_paths.cache_clear()
    rich = new_output("display_data", data={"text/html": f"<b>{text}</b>"})
    model = {"state": {"_model_name": "M", "text": text}}
    shown = _view("A model")
    for cell_outputs, state in (([_stream(text)], None), ([rich], None), ([shown], {"m": model})):
        with pytest.raises(BuildError, match=what) as caught:
            _finished(*cell_outputs, state=state)
        assert str(caught.value).startswith("source.md: cell ")
    outputs.hosts_and_paths.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "−1419.6 nats, 1/ln 2 = 1.4427, and/or, z/T, e^z/sum",
        "doi 10.1093/imanum/draa038 · https://example.org/home/page",
        "ratio 2026-11, 12:01, and 3:2",
    ],
)
def test_honest_text_is_left_alone(text):
    assert _finished(_stream(text)).outputs[0].text == text


WARNED = ":2: RuntimeWarning: overflow encountered in exp\n"


def _warning():
    return _stream("/tmp/ipykernel_4711/12345.py" + WARNED, "stderr")


def test_a_warning_names_the_cell_and_not_a_temporary_file():
    assert _finished(_warning()).outputs[0].text == "<cell>" + WARNED


def test_what_an_output_widget_holds_is_treated_like_an_output():
    model = {"state": {"outputs": [_stream("a"), _warning(), _stream("b")]}}
    notebook = _notebook(_view("Output()"), state={"m": model})
    [kept] = outputs.widgets.models_of(notebook).values()
    assert [o["text"] for o in kept["state"]["outputs"]] == ["ab", "<cell>" + WARNED]


def test_a_traceback_names_packages_and_not_where_they_are_installed():
    where = f"{Path(sys.prefix)}/lib/python3.11/site-packages/numpy/linalg.py:12"
    cell = _finished(_error(f"File \x1b[32m{where}\x1b[39m"), tags=["demo", "raises-exception"])
    assert cell.outputs[0].traceback == ["File \x1b[32msite-packages/numpy/linalg.py:12\x1b[39m"]


def test_how_a_kernel_cuts_its_streams_does_not_matter():
    shown = new_output("display_data", data={"text/plain": "x"})
    pieces = [
        [_stream("a"), _stream("!", "stderr"), _stream("b"), shown, _stream("c")],
        [_stream("!", "stderr"), _stream("ab"), shown, _stream("c")],
    ]
    first, second = (_finished(*cut).outputs for cut in pieces)
    assert first == second
    assert [(o.get("name"), o.get("text")) for o in first] == [
        ("stdout", "ab"),
        ("stderr", "!"),
        (None, None),
        ("stdout", "c"),
    ]


def test_an_unexpected_exception_stops_the_build():
    with pytest.raises(BuildError, match=r"cell c: raised ValueError: no\. Mend the cell"):
        _finished(_error())


def test_an_announced_exception_is_kept():
    assert _finished(_error(), tags=["demo", "raises-exception"]).outputs[0].ename == "ValueError"


def test_an_announced_exception_must_come():
    with pytest.raises(BuildError, match="raised nothing"):
        _finished(_stream("fine"), tags=["demo", "raises-exception"])


PICTURE = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}


def test_a_picture_carries_the_alt_text_of_its_cell():
    cell = _finished(new_output("display_data", data=dict(PICTURE)), alt="ln p rises to 0.")
    assert cell.outputs[0].metadata["image/png"]["alt"] == "ln p rises to 0."


def test_the_picture_of_an_explorable_carries_its_finding():
    shown = _view("naive: inf. shifted: exact.", **{"image/png": PICTURE["image/png"]})
    cell = _finished(shown, state={"m": {"state": {}}})
    assert cell.outputs[0].metadata["image/png"]["alt"] == "naive: inf. shifted: exact."


@pytest.mark.parametrize("alt", [None, ["One.", "Two."]])
def test_each_picture_needs_one_alt_text(alt):
    with pytest.raises(BuildError, match=r"1 picture\(s\) and [02] alt text\(s\)"):
        _finished(new_output("display_data", data=dict(PICTURE)), alt=alt)


@pytest.mark.slow
def test_a_failing_cell_is_named_by_its_place_in_the_source(small_project):
    path = small_project / "source/course/04_small.md"
    text = path.read_text().replace('print("before")', "1 / 0")
    path.write_text(text)
    line = text.splitlines().index("def naive_softmax(z):") + 1
    with pytest.raises(BuildError) as caught:
        project.build(project.find_sources(small_project, ["04_small"]), small_project)
    assert str(caught.value) == (
        f"source/course/04_small.md: cell 3 (line {line}): raised ZeroDivisionError: division by "
        "zero. Mend the cell, or tag it `raises-exception` if that is its point."
    )
