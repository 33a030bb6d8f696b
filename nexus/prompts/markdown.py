"""Markdown that a model or a person wrote, as HTML that can do nothing: the same on screen and in PDFs.

No HTML of the author's, no pictures, no live links: a link shows its words, and its address as plain text. Streamlit's own
Markdown is not used for such text: it would make formulas of `$5 and $7`, pictures of `:100:` and colours of `:red[…]`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = 200_000
"""Characters of Markdown that are read; an answer at the largest length limit comes to about that."""
MOST_ELEMENTS = 20_000
"""Past it the text is shown as it was written: a browser lays out a longer one too slowly, and no reader needs it."""

_MARKS = {
    "em_open": "<em>",
    "em_close": "</em>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "s_open": "<s>",
    "s_close": "</s>",
    "hardbreak": "<br>",
    "hr": "<hr>",
    "table_open": '<div class="table"><table>',
    "table_close": "</table></div>",
    "ordered_list_close": "</ol>",
    "th_close": "</th>",
    "td_close": "</td>",
} | {
    f"{kind}_{edge}": f"<{slash}{tag}>"
    for kind, tag in {
        "paragraph": "p",
        "blockquote": "blockquote",
        "bullet_list": "ul",
        "list_item": "li",
        "thead": "thead",
        "tbody": "tbody",
        "tr": "tr",
    }.items()
    for edge, slash in {"open": "", "close": "/"}.items()
}
"""What the parser calls a thing, and how it is drawn. Whatever stands neither here nor below is shown as text."""


@dataclass(frozen=True)
class Mark:
    """A part of a text that is drawn between `before` and `after`; parts do not overlap."""

    start: int
    end: int
    before: Markup
    after: Markup


_OPENS, _OPENED, _CLOSES = "\ue000", "\ue001", "\ue002"
"""Around a marked part while it passes through the parser: the first two with its number between, in characters of the same kind."""
_NUMERALS = {ord(str(digit)): 0xE010 + digit for digit in range(10)}
_OURS = dict.fromkeys(range(0xE000, 0xE01A), "\ufffd")
_MARKED = re.compile(f"{_OPENS}([\ue010-\ue019]*){_OPENED}|{_CLOSES}")

_ALIGNED = ("left", "center", "right")


def html(text: str, marks: Sequence[Mark] = ()) -> Markup:
    """`text` as HTML inside `<div class="prose">`; style it there. Headings come out as h4 to h6, below a panel's own.

    `marks` are drawn where their part of the text comes out as text.
    """
    shown, cut = text[:LONGEST], len(text) > LONGEST
    shown = _with_marks(shown.translate(_OURS), marks).replace("\0", "")
    tokens = _parser().parse(shown)
    too_many = _size(tokens) > MOST_ELEMENTS
    body = f'<pre class="as-written">{escape(shown)}</pre>' if too_many else "".join(_block(token) for token in tokens)
    body = _drawn(body, marks)
    if cut:
        body += f"<p><em>First {LONGEST:,} characters of {len(text):,}.</em></p>"
    return Markup(f'<div class="prose" dir="auto">{body}</div>')  # noqa: S704 - each part of it is escaped or ours


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # Nested deeper than anyone writes, a text becomes slow to lay out.
    return MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": 20}).enable(
        ["table", "strikethrough"]
    )


def _with_marks(text: str, marks: Sequence[Mark]) -> str:
    parts, at = [], 0
    for number, mark in enumerate(marks):
        if at <= mark.start < mark.end <= len(text):
            parts += [text[at : mark.start], _OPENS, str(number).translate(_NUMERALS), _OPENED, text[mark.start : mark.end], _CLOSES]
            at = mark.end
    return "".join([*parts, text[at:]])


def _drawn(body: str, marks: Sequence[Mark]) -> str:
    """`body`, in which every mark was kept whole or dropped by `_shown`, with its marks."""

    def draw(found: "re.Match[str]") -> str:
        if found.group() == _CLOSES:
            return str(opened.pop().after) if opened else ""
        opened.append(marks[int("".join(str(ord(character) - 0xE010) for character in found[1]))])
        return str(opened[-1].before)

    opened: list[Mark] = []
    return _MARKED.sub(draw, body)


def _shown(text: str) -> str:
    """A text as HTML. Of a mark that begins or ends in another text (`12 **million**`), the part in this one is marked or none."""
    depth, parts, at = 0, [], 0
    for found in _MARKED.finditer(text):
        opens = found.group() != _CLOSES
        parts.append(text[at : found.start()])
        at = found.end()
        if opens != bool(depth):
            parts.append(found.group())
            depth = 1 if opens else 0
    parts.append(text[at:])
    return str(escape("".join(parts) + _CLOSES * depth))


def _size(tokens: Sequence["Token"]) -> int:
    return sum(1 + len(token.children or ()) for token in tokens)


def _block(token: "Token") -> str:
    match token.type:
        case "inline":
            drawn = _inline(token.children or ())
        case "paragraph_open" | "paragraph_close" if token.hidden:
            drawn = ""  # of a tight list
        case "heading_open" | "heading_close":
            slash = "/" if token.nesting < 0 else ""
            drawn = f"<{slash}h{min(int(token.tag[1]) + 3, 6)}>"
        case "fence" | "code_block":
            drawn = f"<pre><code>{_shown(token.content)}</code></pre>"
        case "ordered_list_open":
            start = token.attrGet("start")
            drawn = f'<ol start="{int(start)}">' if start is not None else "<ol>"
        case "th_open" | "td_open":
            drawn = f"<{token.tag}{_alignment(token)}>"
        case kind:
            drawn = _MARKS.get(kind) or str(escape(token.content))
    return drawn


def _alignment(token: "Token") -> str:
    style = str(token.attrGet("style") or "")
    side = style.removeprefix("text-align:")
    return f' class="{side}"' if side in _ALIGNED else ""


def _inline(tokens: Sequence["Token"]) -> str:
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                parts.append(_shown(token.content))
            case "code_inline":
                parts.append(f"<code>{_shown(token.content)}</code>")
            case "softbreak":
                parts.append("\n")
            case "link_open":
                links.append((len(parts), str(token.attrGet("href") or "")))
            case "link_close":
                start, address = links.pop()
                parts.append(_address(address, beside="".join(parts[start:])))
            case "image":
                parts.append(
                    f"[{escape(_MARKED.sub('', token.content) or 'picture')}]{_address(str(token.attrGet('src') or ''), beside='')}"
                )
            case _:
                parts.append(_MARKS.get(token.type) or str(escape(token.content)))
    return "".join(parts)


def _address(address: str, *, beside: str) -> str:
    """The address of a link as plain text, unless it already stands `beside`."""
    shown = str(escape(_unmarked(address)))
    return "" if not address or shown in _MARKED.sub("", beside) else f' <span class="address">({shown})</span>'


def _unmarked(address: str) -> str:
    """The parser writes an address in percents: marks inside are taken out of it as they stand there."""
    return _MARKED.sub("", _ENCODED.sub("", address))


_ENCODED = re.compile("%EE%80%8[0-2]|%EE%80%9[0-9]")

STYLE = """
.prose { line-height: 1.5; overflow-wrap: anywhere; }
.prose > :first-child { margin-top: 0; } .prose > :last-child { margin-bottom: 0; }
.prose p, .prose ul, .prose ol, .prose pre, .prose blockquote, .prose .table { margin: 0 0 .6em; padding: 0; }
.prose ul, .prose ol { padding-left: 1.4em; } .prose li { margin: .15em 0; padding: 0; font-size: inherit; }
.prose h4, .prose h5, .prose h6 { margin: 1em 0 .35em; padding: 0; font-weight: 600; line-height: 1.3; }
.prose h4 { font-size: 1.15em; } .prose h5 { font-size: 1.05em; } .prose h6 { font-size: 1em; }
.prose blockquote { border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent); padding-left: .8em; }
.prose code { font-size: .92em; padding: .1em .3em; border-radius: 3px; color: inherit;
  background: color-mix(in srgb, currentColor 8%, transparent); }
.prose pre { padding: .6em .8em; border-radius: 4px; overflow-x: auto; color: inherit; white-space: pre-wrap;
  background: color-mix(in srgb, currentColor 6%, transparent); }
.prose pre code { padding: 0; background: none; }
.prose .table { overflow-x: auto; }
.prose table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.prose th, .prose td { padding: .3em .7em; text-align: left; vertical-align: top;
  border: 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.prose th { font-weight: 600; } .prose .right { text-align: right; } .prose .center { text-align: center; }
.prose hr { border: 0; border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); margin: 1em 0; }
.prose .address { opacity: .75; }
"""
"""How prose looks, on screen and in print; colours follow the text's own."""


def plain(text: Any) -> str:
    """`text` without characters that are not seen but read: controls, bidirectional overrides, tags, joiners of nothing.

    Line breaks and tabs stay; what German, Spanish, Japanese, Arabic or emoji need stays as well.
    """
    return "".join(character for character in str(text) if _is_seen(character))


def _is_seen(character: str) -> bool:
    code = ord(character)
    if code < 0x20:
        return character in "\n\t"
    return not (
        0x7F <= code <= 0x9F
        or code in (0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, 0x2800, 0x3164, 0xFEFF, 0xFFA0)
        or 0x200E <= code <= 0x200F  # direction marks
        or 0x2028 <= code <= 0x202E  # separators that break lines, bidirectional overrides
        or 0x2060 <= code <= 0x206F  # word joiner, invisible operators, isolates
        or 0xD800 <= code <= 0xDFFF
        or 0xFFF0 <= code <= 0xFFFB
        or 0xE0000 <= code <= 0xE0FFF  # tags and supplementary variation selectors: whole texts hide in them
    )
