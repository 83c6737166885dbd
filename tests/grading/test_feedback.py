"""The page a student gets back: what it says, what it never says, and that it is one safe file."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from lnnn.grading.results import record
from lnnn.grading.runner import STATUSES, Graded, _for_student
from lnnn.grading.submission import CellError
from lnnn.report import feedback
from lnnn.suite.results import Outcome, TestResult

SECRET = "the input was 3.25 and 7.5 is right"


def result(function="double", outcome="failed", points=2.0, raised="", **more):
    earned = points if outcome == "passed" else 0.0
    fields = {"rule": "It doubles", "feedback": "Multiply by two.", "detail": SECRET} | more
    found = Outcome(outcome)
    test = TestResult("test_x", function, "contract", points, earned, found, **fields)
    return _for_student(test, raised)


def graded(tests=(), status="graded", **more):
    return Graded(
        more.pop("submission", "smith_lab98"),
        more.pop("lab", "lab98_small"),
        status,
        sum(t.earned for t in tests),
        sum(t.points for t in tests),
        tuple(tests),
        **more,
    )


class Outline(HTMLParser):
    """Tags, attributes and text of a page, and whether every tag is closed."""

    VOID = frozenset({"meta", "br", "rect", "path", "link", "img", "hr"})

    def __init__(self, page):
        super().__init__()
        self.tags, self.headings, self.text, self.ids, self.links = [], [], [], [], []
        self._open = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag not in self.VOID:
            self._open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.text.append(data)


def text_of(page):
    return " ".join(" ".join(Outline(page).text).split())


MIXED = [
    result(outcome="passed"),
    result(outcome="failed"),
    result("total", "not-written"),
    result("spread", "not-run", detail="Not run: spread did not answer within 5 s."),
]
PAGES = {
    "full": graded([result(outcome="passed")]),
    "mixed": graded(
        MIXED,
        "timeout",
        notes=("Cell 3: `%time` left out.",),
        cell_errors=(CellError(4, "Cell 4", "Cell 4 stopped in line 2.", "x = 1"),),
        backend="bubblewrap",
    ),
    "unreadable": graded(
        [result(outcome="not-run", detail="The file could not be graded.")],
        "unreadable",
        problem="a.ipynb is cut off: the upload stopped early. Hand it in again.",
    ),
    "nothing known": graded(status="unreadable", lab="", problem="a.ipynb is empty."),
}


@pytest.mark.parametrize("kind", PAGES)
def test_the_page_is_one_well_formed_file_that_asks_for_nothing(kind):
    page = feedback.page(PAGES[kind])
    outline = Outline(page)
    tags = [tag for tag, _ in outline.tags]
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert dict(outline.tags)["html"] == {"lang": "en"}
    assert not {"script", "img", "link", "iframe", "object"} & set(tags)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    for above, below in zip(outline.headings, outline.headings[1:], strict=False):
        assert below - above <= 1
    assert len(outline.ids) == len(set(outline.ids))
    assert {link for link in outline.links if link[1:] not in outline.ids} == set()


def test_it_shows_the_rule_and_the_feedback_and_never_what_the_test_saw():
    page = feedback.page(PAGES["mixed"])
    text = text_of(page)
    assert "It doubles" in text
    assert "Multiply by two." in text
    assert SECRET not in page
    assert "3.25" not in page
    assert SECRET not in json.dumps(record(PAGES["mixed"]))


def test_it_says_what_to_do_next_for_each_function():
    text = text_of(feedback.page(PAGES["mixed"]))
    assert "Cell 4 did not run to its end: mend it." in text
    assert "double : 1 rule is broken, 2 points open." in text
    assert "total is not written yet: 2 points open." in text
    assert "spread was stopped: 2 points open." in text
    assert "Not run: spread did not answer within 5 s." in text
    assert "The usual cause is a loop whose end never comes." in text
    assert "check(double)" in text
    assert "2 of 8 points" in text
    assert "Cell 4 stopped in line 2. It begins with x = 1" in text
    assert "Cell 3: %time left out." in text


def test_full_marks_leave_nothing_to_do():
    text = text_of(feedback.page(PAGES["full"]))
    assert "Nothing is open: every rule holds." in text
    assert "1 of 1 rule holds" in text


def test_a_file_that_could_not_be_graded_leads_with_its_reason():
    text = text_of(feedback.page(PAGES["unreadable"]))
    assert "Your file could not be graded." in text
    assert "the upload stopped early. Hand it in again." in text
    assert "0 of 2" in text


def test_every_status_has_words():
    for status in STATUSES:
        assert feedback.page(graded([result()], status)).count("<h1>") == 1


XSS = '<script>alert(1)</script><img src=x onerror="alert(2)">"\'&{{7*7}}{% raw %}`<b>`'


def test_whatever_a_student_writes_stays_text():
    hostile = graded(
        [result(), result("total", "not-run", detail=XSS)],
        "crashed",
        submission=XSS,
        lab=XSS,
        notes=(XSS,),
        cell_errors=(CellError(1, XSS, XSS, XSS),),
        backend=XSS,
    )
    for page in (
        feedback.page(hostile),
        feedback.page(graded(status="unreadable", submission=XSS, problem=XSS)),
    ):
        outline = Outline(page)
        assert not {"script", "img"} & {tag for tag, _ in outline.tags}
        assert not any(name.startswith("on") for _, given in outline.tags for name in given)
        assert "<script" not in page
        assert "<img" not in page
        assert "{{7*7}}" in page


# ---------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.mark.needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 480, 320])
@pytest.mark.parametrize("kind", PAGES)
def test_nothing_is_wider_than_the_window_and_nothing_is_fetched(
    browser, tmp_path, kind, width, scheme
):
    path = tmp_path / "page.html"
    path.write_text(feedback.page(PAGES[kind]), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert asked == [path.as_uri()]
    assert said == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 25, 29)"
    assert dark == (scheme == "dark")
    context.close()


@pytest.mark.needs_browser
def test_no_script_of_a_student_runs(browser, tmp_path):
    path = tmp_path / "page.html"
    hostile = graded([result()], submission=XSS, notes=(XSS,))
    path.write_text(feedback.page(hostile), encoding="utf-8")
    page = browser.new_page()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    assert page.locator("h1").inner_text() == XSS
    assert dialogs == []


@pytest.mark.needs_browser
def test_on_paper_the_folded_rules_are_open_and_the_page_is_light(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(feedback.page(PAGES["full"]), encoding="utf-8")
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(path.as_uri())
    assert not page.get_by_text("It doubles").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_text("It doubles").is_visible()
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    context.close()
