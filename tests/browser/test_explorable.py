"""The explorables in JupyterLab, as a reader meets them: keys, themes, widths, no kernel."""

import re

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from scipy.special import log_softmax

pytestmark = pytest.mark.needs_browser

FUNCTIONS = """
import numpy as np
from lnnn import explore

def naive_log_softmax(z):
    e = np.exp(z)
    return np.log(e / e.sum())

def log_softmax(z, temperature=1.0):
    z = z / z.dtype.type(temperature)
    z = z - z.max()
    return z - np.log(np.exp(z).sum())
"""
SIDE_BY_SIDE = "w = explore.side_by_side(naive_log_softmax, log_softmax)\nw"
AT_20 = ", ".join(f"{v:.5g}" for v in log_softmax(np.array([2.0, 1, 0, -1]) / 20)).replace("-", "−")


@pytest.fixture
def explored(open_notebook):
    """A notebook with ``side_by_side``, run, its first explorable drawn."""

    def run(*cells, **options):
        notebook = open_notebook([FUNCTIONS, *(cells or [SIDE_BY_SIDE])], **options)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.run()
        notebook.page.wait_for_selector(".lnnn-finding:not(:empty)")
        return notebook

    return run


def widget(notebook, n=0):
    return notebook.page.locator(".lnnn-explorable").nth(n)


def finding(root):
    return root.locator(".lnnn-finding")


def wait_for_text(locator, pattern):
    locator.filter(has_text=re.compile(pattern)).wait_for()


def picture(root):
    """What the panels hold, as markup."""
    return root.locator(".lnnn-panels").inner_html()


def test_arrow_keys_move_temperature_and_the_picture_and_leave_the_notebook_alone(explored):
    notebook = explored()
    root, page = widget(notebook), notebook.page
    slider = root.get_by_role("slider", name="temperature T")
    assert slider.get_attribute("aria-valuetext") == "1"
    slider.focus()
    cell, before = notebook.active_cell(), picture(root)
    for key, told in [
        ("ArrowRight", "1.1"),
        ("ArrowUp", "1.3"),
        ("ArrowLeft", "1.1"),
        ("ArrowDown", "1"),
        ("Home", "0.05"),
        ("End", "20"),
    ]:
        page.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext") == told, key
    # At T = 20 the four classes come within a tenth of a nat of each other.
    page.wait_for_function(
        "([n, old]) => n.innerHTML !== old",
        arg=[root.locator(".lnnn-panels").element_handle(), before],
    )
    wait_for_text(root.locator(".lnnn-readouts"), AT_20)
    page.keyboard.press("PageDown")
    assert slider.get_attribute("aria-valuetext") not in ("20", "0.05")
    assert slider.evaluate("(node) => node === document.activeElement")
    assert notebook.active_cell() == cell
    assert notebook.errors == []


def test_bare_letters_typed_on_a_slider_do_not_reach_the_notebook(explored):
    notebook = explored()
    cells = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
    before = notebook.page.evaluate(cells)
    widget(notebook).get_by_role("slider", name="logit 1").focus()
    for key in "dxabdd":
        notebook.page.keyboard.press(key)
    assert notebook.page.evaluate(cells) == before


def test_the_naive_formula_turns_to_nan_by_shape_word_and_finding(explored):
    notebook = explored()
    root = widget(notebook)
    wait_for_text(finding(root), "Both formulas agree")
    assert root.locator(".lnnn-bar [data-status='NaN']").count() == 0
    root.get_by_role("slider", name="offset added to all").focus()
    notebook.page.keyboard.press("End")
    wait_for_text(finding(root), "naive_log_softmax gives NaN for every class")
    assert root.locator(".lnnn-bar .lnnn-mark[data-status='NaN']").count() == 4
    assert root.locator(".lnnn-bar text", has_text="NaN").count() == 4
    svg = root.get_by_role("img", name="naive_log_softmax")
    assert "class 1: NaN" in svg.locator("desc").text_content()
    wait_for_text(root.locator(".lnnn-hidden"), "NaN for every class")


def test_python_and_the_browser_hold_the_same_values(explored):
    notebook = explored(SIDE_BY_SIDE, "w.dtype = 'float16'\nw.logit_1 = 7.5", "w")
    first, second = widget(notebook, 0), widget(notebook, 1)
    for root in (first, second):
        wait_for_text(root.locator(".lnnn-readouts"), "logits as float16 holds them")
        assert root.get_by_role("radio", name="float16").is_checked()
        slider = root.get_by_role("slider", name="logit 1")
        assert slider.get_attribute("aria-valuetext") == "7.5"
    second.get_by_role("radio", name="float64").check()
    wait_for_text(first.locator(".lnnn-readouts"), "logits as float64 holds them")
    assert first.get_by_role("radio", name="float64").is_checked()


def test_the_last_of_many_fast_moves_is_what_stays(explored):
    notebook = explored()
    root = widget(notebook)
    slider = root.get_by_role("slider", name="logit 4")
    slider.focus()
    for _ in range(30):
        notebook.page.keyboard.press("ArrowRight")
    wait_for_text(root.locator(".lnnn-readouts"), r"2, 1, 0, 14")
    assert slider.get_attribute("aria-valuetext") == "14"
    notebook.page.wait_for_timeout(500)
    assert "2, 1, 0, 14" in root.locator(".lnnn-readouts").inner_text()


def test_a_slow_scene_is_not_computed_for_every_key(explored):
    notebook = explored(
        "import time\n"
        "count = 0\n"
        "def scene(v):\n"
        "    global count\n"
        "    count += 1\n"
        "    time.sleep(0.15)\n"
        "    return explore.Scene(f'x is {v[\"x\"]:g} after {count} scenes')\n"
        "explore.Explorable(scene, [explore.Slider('x', 0, 0, 100, step=1)])",
    )
    root = notebook.page.locator(".lnnn-explorable")
    root.get_by_role("slider", name="x").focus()
    for _ in range(40):
        notebook.page.keyboard.press("ArrowRight")
    wait_for_text(finding(root), "x is 40")
    scenes = int(re.search(r"after (\d+)", finding(root).inner_text())[1])
    assert scenes < 20


def test_reset_and_copy(explored):
    notebook = explored()
    root, page = widget(notebook), notebook.page
    root.get_by_role("slider", name="temperature T").focus()
    page.keyboard.press("End")
    root.get_by_role("radio", name="float64").check()
    wait_for_text(root.locator(".lnnn-readouts"), "float64")
    root.get_by_role("button", name="Copy these values").click()
    wait_for_text(root, "Copied as Python")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "z = np.array([2.0, 1.0, 0.0, -1.0], dtype=np.float64)\ntemperature = 20.0"
    root.get_by_role("button", name="Reset").click()
    wait_for_text(root.locator(".lnnn-readouts"), "float32")
    slider = root.get_by_role("slider", name="temperature T")
    assert slider.get_attribute("aria-valuetext") == "1"


def test_a_function_that_raises_shows_its_own_error_and_the_others_go_on(explored):
    notebook = explored(
        "def mine(z):\n    raise ValueError('axis 1 is out of bounds')\n"
        "explore.side_by_side(mine, log_softmax)"
    )
    root = widget(notebook)
    wait_for_text(root.locator(".lnnn-message"), "mine raised ValueError: axis 1 is out of bounds")
    root.get_by_role("slider", name="logit 1").focus()
    notebook.page.keyboard.press("End")
    wait_for_text(root.locator(".lnnn-readouts"), "20, 1, 0, −1")
    assert notebook.errors == []


def test_lines_marks_and_bands_are_drawn_where_python_says(explored):
    notebook = explored(
        "def scene(v):\n"
        "    p = v['p']\n"
        "    x = np.linspace(0.01, 1, 50)\n"
        "    axis = explore.Axis('p', 0.01, 1, scale='log')\n"
        "    y = explore.Axis('ln p (nats)', -5, 0)\n"
        "    return explore.Scene(f'ln {p:.2f} is {np.log(p):.3f}', [explore.Panel.lines(\n"
        "        'The logarithm', axis, y, [explore.Line('ln p', x, np.log(x)),\n"
        "        explore.Line('p − 1', x, x - 1)], marks=[explore.Mark(p, 'here', y=np.log(p))],\n"
        "        bands=[explore.Band(0.01, 0.1, 'rare')])])\n"
        "explore.Explorable(scene, [explore.Slider('p', 0.1, 0.01, 1, scale='log')])"
    )
    root = widget(notebook)
    plot = root.get_by_role("img", name="The logarithm")
    grid = plot.locator(".lnnn-axis line").first
    mark = plot.locator(".lnnn-mark")
    assert plot.locator("path.lnnn-curve").count() == 2
    assert plot.locator(".lnnn-band").text_content() == "rare"
    # p = 0.1 is half-way between 0.01 and 1 on a log axis.
    shown = mark.bounding_box()
    ticks = [
        plot.locator(".lnnn-axis").first.locator("line").nth(i).bounding_box()["x"] for i in (0, 2)
    ]
    assert shown["x"] + shown["width"] / 2 == pytest.approx(sum(ticks) / 2, abs=1.5)
    assert grid.count() == 1
    root.get_by_role("slider", name="p").focus()
    notebook.page.keyboard.press("End")
    wait_for_text(finding(root), "ln 1.00 is 0.000")


SHIFT_AND_OFFSET = [
    "explore.side_by_side(naive_log_softmax, log_softmax, offset=10000.0)",
    "explore.shift(log_softmax)",
]
LOOKS = [
    (theme, width) for theme in ("JupyterLab Light", "JupyterLab Dark") for width in (1280, 480)
]


@pytest.mark.needs_node
def test_axe_finds_nothing_in_light_and_dark_wide_and_narrow(explored, axe_violations):
    notebook = explored(*SHIFT_AND_OFFSET)
    for theme, width in LOOKS:
        look(notebook, theme, width)
        for n in range(2):
            assert axe_violations(notebook.page, widget(notebook, n)) == [], (theme, width)
    assert notebook.errors == []


def test_nothing_sticks_out_and_no_texts_overlap_at_any_width(explored):
    notebook = explored(*SHIFT_AND_OFFSET)
    for width in (1280, 800, 480):
        look(notebook, "JupyterLab Light", width)
        for n in range(2):
            assert widget(notebook, n).evaluate(STICKING_OUT) == [], width
            assert widget(notebook, n).evaluate(OVERLAPPING) == [], width


STICKING_OUT = """(node) => {
    const frame = node.getBoundingClientRect();
    return [...node.querySelectorAll(":not(.lnnn-hidden):not(title):not(desc)")]
        .filter((e) => e.getClientRects().length)
        .filter((e) => e.getBoundingClientRect().right > frame.right + 1
                    || e.getBoundingClientRect().left < frame.left - 1)
        .map((e) => e.outerHTML.slice(0, 80));
}"""
OVERLAPPING = """(node) => [...node.querySelectorAll(".lnnn-panel svg")].flatMap((svg) => {
    const texts = [...svg.querySelectorAll("text")].map((t) => [t, t.getBoundingClientRect()]);
    return texts.flatMap(([a, p], i) => texts.slice(i + 1)
        .filter(([, q]) => p.left < q.right - 1 && q.left < p.right - 1
                        && p.top < q.bottom - 4 && q.top < p.bottom - 4)
        .map(([b]) => `${a.textContent} | ${b.textContent}`));
})"""


def look(notebook, theme, width):
    notebook.theme(theme)
    notebook.page.set_viewport_size({"width": width, "height": 1400})
    notebook.page.wait_for_timeout(400)


def test_dark_and_light_differ_and_texts_stand_out_in_both(explored):
    notebook = explored()
    root = widget(notebook)
    contrast = """(node) => {
        const level = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(Number)
            .map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const paper = level(getComputedStyle(node).backgroundColor);
        return [...node.querySelectorAll("svg text")].map((t) => level(getComputedStyle(t).fill))
            .map((ink) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05));
    }"""
    papers = set()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        papers.add(root.evaluate("(node) => getComputedStyle(node).backgroundColor"))
        assert min(root.evaluate(contrast)) >= 4.5, theme
    assert len(papers) == 2


def recorded_notebook():
    """A notebook executed and recorded by nbclient, with its widget state, as the course ships."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("import os; os.environ['LNNN_RECORD'] = '1'" + FUNCTIONS),
            nbformat.v4.new_code_cell(SIDE_BY_SIDE),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook


def test_before_any_cell_has_run_the_sliders_play_the_recording(open_notebook):
    notebook = open_notebook(recorded_notebook(), trusted=True)
    page, root = notebook.page, widget(notebook)
    wait_for_text(finding(root), "Both formulas agree")
    offset = root.get_by_role("slider", name="offset added to all")
    offset.focus()
    page.keyboard.press("End")
    wait_for_text(root, "Showing a recording")
    wait_for_text(finding(root), "naive_log_softmax gives NaN for every class")
    assert offset.get_attribute("aria-valuetext") == "10000"
    temperature = root.get_by_role("slider", name="temperature T")
    temperature.focus()
    page.keyboard.press("End")
    wait_for_text(root.locator(".lnnn-readouts"), AT_20)
    assert offset.get_attribute("aria-valuetext") == "0"  # back to its start: swept alone
    page.keyboard.press("ArrowLeft")
    assert temperature.get_attribute("aria-valuetext") != "20"
    root.get_by_role("button", name="Reset").click()
    assert temperature.get_attribute("aria-valuetext") == "1"
    assert notebook.errors == []


def test_a_notebook_that_is_not_trusted_shows_the_figure_as_a_picture(open_notebook):
    notebook = open_notebook(recorded_notebook())
    image = notebook.page.locator(".jp-OutputArea-output img")
    image.wait_for()
    assert image.evaluate("(node) => node.naturalWidth") > 1000
    assert notebook.errors == []


def test_running_the_cell_ends_the_recording(open_notebook):
    notebook = open_notebook(recorded_notebook(), trusted=True)
    root = widget(notebook)
    root.get_by_role("slider", name="offset added to all").focus()
    notebook.page.keyboard.press("End")
    wait_for_text(root, "Showing a recording")
    notebook.run()
    notebook.page.wait_for_selector(".lnnn-notice", state="hidden")
    root = widget(notebook)
    root.get_by_role("slider", name="temperature T").focus()
    notebook.page.keyboard.press("End")
    wait_for_text(root.locator(".lnnn-readouts"), AT_20)
    notebook.page.wait_for_timeout(800)
    assert root.locator(".lnnn-notice").is_hidden()


def test_when_the_kernel_is_busy_the_picture_says_so_and_follows_later(explored):
    notebook = explored(SIDE_BY_SIDE, "import time; time.sleep(0)")
    root = widget(notebook)
    notebook.page.evaluate(
        """() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
            .requestExecute({code: "import time; time.sleep(4)"}); }"""
    )
    slider = root.get_by_role("slider", name="logit 1")
    slider.focus()
    notebook.page.keyboard.press("End")
    wait_for_text(root, "No kernel answers")
    wait_for_text(root.locator(".lnnn-readouts"), "20, 1, 0, −1")
    assert root.locator(".lnnn-notice").is_hidden()


def test_a_closed_view_hears_nothing_more_and_the_others_go_on(explored):
    notebook = explored(SIDE_BY_SIDE, "w")
    page = notebook.page
    stays, goes = widget(notebook, 0), widget(notebook, 1)
    goes.wait_for()
    gone = goes.locator(".lnnn-finding").element_handle()
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.outputs.clear()"
    )
    goes.wait_for(state="detached")
    stays.get_by_role("slider", name="offset added to all").focus()
    page.keyboard.press("End")
    wait_for_text(finding(stays), "NaN for every class")
    assert "Both formulas agree" in gone.text_content()
    assert notebook.errors == []
