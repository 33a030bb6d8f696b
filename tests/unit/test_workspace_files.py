"""YAML from people who may mean harm, and YAML that is read back as it was written."""

import pytest

from nexus.workspace import files
from nexus.workspace.files import Unreadable

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
MERGES = b"a0: &a0 {k: v}\n" + b"".join(b"a%d: &a%d {<<: [*a%d, *a%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 25))

REFUSED = {
    "an anchor": (b"a: &x 1", 1, "anchors"),
    "an alias": (b"a: 1\nb: *x", 2, "anchors"),
    "aliases as a bomb": (BOMB, 1, "anchors"),
    "merge keys as a bomb": (MERGES, 1, "anchors"),
    "a merge key": (b"a: 1\n<<: {b: 2}", 2, "merge keys"),
    "a tag that builds an object": (b"a: !!python/object/apply:os.system [ls]", 1, "tags"),
    "a tag of one's own": (b"a: !x 1", 1, "tags"),
    "a tag that says string": (b"a: !!str 1", 1, "tags"),
    "a field twice": (b"a: 1\nb: 2\na: 3", 3, "`a` is there twice"),
    "a field twice, deep": (b"a:\n  - b: 1\n    b: 2", 3, "`b` is there twice"),
    "two documents": (b"a: 1\n---\nb: 2", 2, "second document"),
    "20,000 open brackets": (b"[" * 20_000, 1, "nested more than 50"),
    "20,000 open braces": (b"{a: " * 20_000, 1, "nested more than 50"),
    "20,000 dashes": (b"- " * 20_000, 1, "nested more than 50"),
    "20,000 question marks": (b"? " * 20_000, 1, "name of a field"),
    "20 MB": (b"a: " + b"x" * 20_000_000, 0, "1,000,000 bytes"),
    "a list for a name": (b"? [a, b]\n: c", 1, "name of a field"),
    "a number past all numbers": (b"a: 1e400", 1, "too large"),
    "text that is not UTF-8": (b"a: 1\nb: \xff\xfe", 2, "UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), 1, "UTF-8"),
    "a NUL": (b"a: \x00", 1, "characters"),
    "an escape that is half a character": (b'a: "\\ud800"', 1, "YAML"),
    "a broken line": (b"a: 1\nb: c: d", 2, "not valid YAML"),
    "a quote without an end": (b"a: 'x", 1, "not valid YAML"),
    "nothing": (b"", 1, "must hold fields"),
    "a list": (b"- a", 1, "must hold fields"),
    "a version of the future": (b"%YAML 9.0\n---\na: 1", 1, "not valid YAML"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_hostile_yaml_is_refused_with_its_line(what):
    data, line, says = REFUSED[what]
    with pytest.raises(Unreadable, match=says) as refused:
        files.read("views/x.yaml", data)
    assert refused.value.problem.line == line
    assert str(refused.value).startswith("views/x.yaml")


def test_words_are_what_they_look_like():
    text = b"a: no\nb: 2013-06-01\nc: 010\nd: 1.5\ne: true\nf:\ng: 'true'\nh: 1_000\ni: 0x1f\nj: [~, null]\nk: 12:30:45\nl: =\nm: .nan\n"
    assert files.read("x.yaml", text).value == {
        "a": "no",
        "b": "2013-06-01",
        "c": 10,
        "d": 1.5,
        "e": True,
        "f": None,
        "g": "true",
        "h": "1_000",
        "i": "0x1f",
        "j": [None, None],
        "k": "12:30:45",
        "l": "=",
        "m": ".nan",
    }


TEXTS = [
    *("no", "yes", "on", "null", "~", "true", "1", "1.5", "1e5", "010", "0x1f", ".5", "1.", "+1", "1_000", "2013-06-01", "12:30", "", " "),
    *(
        "- y",
        "#z",
        "a: b",
        "a #b",
        " lead",
        "trail ",
        "\ttab",
        "*a",
        "&a",
        "!x",
        "%d",
        "@",
        "`",
        "<<",
        "=",
        "?",
        "-",
        "---",
        "...",
        "::",
        ":x",
    ),
    *(
        "line\n  two\n",
        "trail \nx",
        "\n",
        "x\n\n\n",
        "\n\nx",
        "\r",
        "a\rb",
        "a\r\nb",
        "a\x07b",
        "a\x85b",
        "a\u2028b",
        "\ufeff",
        "\U0001f600",
    ),
    *("é 東京 ñ ß", "{{ x }}", "a\\x", "'", '"', "[a", "{a", "a]", "select 1 -- x\nfrom t\n\t\twhere 'a' = ':x'\n", "x" * 5_000),
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_written_is_read_back_the_same(text):
    value = {"a": text, "b": [text, {"c": text}], "d": {text or "e": 1}}
    assert files.read("x.yaml", files.write(value).encode()).value == value


def test_a_long_text_is_written_as_a_block_that_people_can_read():
    assert files.write({"sql": "select 1\nfrom t\n"}) == "sql: |\n  select 1\n  from t\n"


def test_the_line_of_a_field_is_known():
    document = files.read("x.yaml", b"a: 1\nb:\n  - c: 2\n    d: 3\n  - e\n")
    assert document.line(("b", 0, "d")) == 4
    assert document.line(("b", 1)) == 5
    assert document.line(("b", 0, "missing", "deeper")) == 3
    assert document.line(("nothing",)) == 1
