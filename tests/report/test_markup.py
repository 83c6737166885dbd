"""The little markup: what it knows, what it leaves alone, what it refuses."""

import pytest

from lnnn.report import markup
from lnnn.report.pages import ticks


@pytest.mark.parametrize(
    ("text", "html", "plain"),
    [
        ("plain", "plain", "plain"),
        ("e<sup>z−7</sup> x<sub>i</sub>", "e<sup>z−7</sup> x<sub>i</sub>", "e^(z−7) x_i"),
        ("`a < b` <em>so</em>", "<code>a &lt; b</code> <em>so</em>", "a < b so"),
        ("<em>a <code>b</code></em>", "<em>a <code>b</code></em>", "a b"),
        ("z < 0 & <b>x</b>", "z &lt; 0 &amp; &lt;b&gt;x&lt;/b&gt;", "z < 0 & <b>x</b>"),
        ("<code onclick=x>", "&lt;code onclick=x&gt;", "<code onclick=x>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", None),
    ],
)
def test_four_tags_are_markup_and_the_rest_is_text(text, html, plain):
    runs = markup.parse(text)
    assert markup.to_html(runs) == html
    assert markup.to_text(runs) == (text if plain is None else plain)


@pytest.mark.parametrize("text", ["<em>a", "a</em>", "<em>a</code>", "<em><code>a</em></code>"])
def test_tags_that_do_not_match_are_refused(text):
    with pytest.raises(ValueError, match=r"closed|closes"):
        markup.parse(text)


def test_ticks_mark_code_in_text_that_is_otherwise_plain():
    assert ticks("use `a < b` & <em>") == "use <code>a &lt; b</code> &amp; &lt;em&gt;"
