"""How a checked answer is shown: its marks, the line beside it, and the rows behind a finding."""

import re
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from nexus.prompts import markdown
from nexus.prompts.findings import Finding, Grounding
from nexus.prompts.markdown import Mark
from nexus.prompts.sent import Sent

MOST_SHOWN_ROWS = 8
MOST_OPENED = 200
"""Findings whose rows can be opened; an answer with more is a table itself."""

_LONG_NUMBER = re.compile(r"-?\d{1,12}\.\d{7,300}", re.ASCII)

WORDS = {
    "found": "In the data",
    "derived": "Worked out from the data",
    "unfound": "Not found in the data",
    "wrong_row": "In the data, for something else",
}


def summary(grounding: Grounding) -> str:
    """`11 of 12 figures found in the data`."""
    if not grounding.total:
        return "The answer is too long to be checked" if grounding.is_cut else "No figures to check"
    what = "figure" if grounding.total == 1 else "figures and names" if _has_names(grounding) else "figures"
    cut = "; the answer is too long, so only its beginning was checked" if grounding.is_cut else ""
    return f"{grounding.found:,} of {grounding.total:,} {what} found in the data{cut}"


def _has_names(grounding: Grounding) -> bool:
    return any(finding.kind == "entity" for finding in grounding.doubtful)


def for_screen(answer: str, grounding: Grounding, *, place: str, data: Sent | None) -> Markup:
    """The answer with its findings marked; each leads to its explanation below, with the rows where the data are at hand.

    `place` tells one answer of a page from another, and stands in addresses.
    """
    shown = _shown(grounding)[:MOST_OPENED]
    marked = markdown.html(answer, [_link(finding, f"{place}-{number}") for number, finding in enumerate(shown)])
    boxes = Markup("").join(_box(finding, f"{place}-{number}", data) for number, finding in enumerate(shown))
    return marked + boxes


def for_print(answer: str, grounding: Grounding) -> Markup:
    """The answer with what was not found marked so that it prints, and those listed below."""
    doubtful = grounding.doubtful
    marked = markdown.html(answer, _apart(doubtful, _printed))
    line = Markup('<p class="checked">{}</p>').format(f"Checked: {summary(grounding)}.")
    if not doubtful:
        return marked + line
    items = Markup("").join(
        Markup("<li><b>{}</b> {}: {}</li>").format(finding.text, WORDS[finding.status].lower(), _said(finding.how))
        for finding in doubtful[:50]
    )
    return marked + line + Markup('<ul class="doubtful">{}</ul>').format(items)


def _shown(grounding: Grounding) -> list[Finding]:
    """All but the names that are in the data: those are many, and tell nothing."""
    kept = [finding for finding in grounding.findings if finding.kind == "figure" or not finding.is_supported]
    apart: list[Finding] = []
    for finding in kept:
        if not apart or finding.start >= apart[-1].end:
            apart.append(finding)
    return apart


def _apart(findings: Sequence[Finding], draw: Callable[[Finding], Mark]) -> list[Mark]:
    marks: list[Mark] = []
    for finding in findings:
        if not marks or finding.start >= marks[-1].end:
            marks.append(draw(finding))
    return marks


def _link(finding: Finding, name: str) -> Mark:
    before = Markup('<a class="ground {}" href="#why-{}" title="{}">').format(
        finding.status.replace("_", "-"), name, f"{WORDS[finding.status]}: {finding.how}".replace("`", "")
    )
    return Mark(finding.start, finding.end, before, Markup("</a>") if finding.is_supported else Markup("<sup>?</sup></a>"))


def _printed(finding: Finding) -> Mark:
    return Mark(finding.start, finding.end, Markup('<span class="ground unfound">'), Markup("<sup>?</sup></span>"))


def _box(finding: Finding, name: str, data: Sent | None) -> Markup:
    """What a mark leads to: hidden until then."""
    tables = Markup("").join(_rows(finding, data)) if data else Markup("")
    return Markup('<div class="why" id="why-{}"><b>{}</b> {}: {}{}</div>').format(
        name, finding.text, WORDS[finding.status].lower(), _said(finding.how), tables
    )


def _said(how: str) -> Markup:
    """A sentence, its `names` of columns as code."""
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(how.split("`")))


def _short(text: str) -> str:
    """A cell; of a number that averages wrote with twenty digits, six that count."""
    return f"{float(text):.6g}" if _LONG_NUMBER.fullmatch(text) else text


def _rows(finding: Finding, data: Sent) -> list[Markup]:
    drawn = []
    for behind in finding.rows:
        if behind.table >= len(data.tables):
            continue
        table = data.tables[behind.table]
        rows = [row for row in behind.rows if row < table.rows][:MOST_SHOWN_ROWS]
        head = Markup("").join(Markup("<th>{}</th>").format(column.name) for column in table.columns)
        body = Markup("").join(
            Markup("<tr><td>{}</td>{}</tr>").format(
                row + 1, Markup("").join(Markup("<td>{}</td>").format(_short(text)) for text in table.row(row))
            )
            for row in rows
        )
        left = len(behind.rows) + behind.more - len(rows)
        more = Markup("<p>and {} more rows</p>").format(f"{left:,}") if left > 0 else Markup("")
        drawn.append(
            Markup(
                '<div class="table" tabindex="0" role="region" aria-label="Rows of {0}"><table><thead><tr><th>Row of {0}</th>{1}</tr></thead><tbody>{2}</tbody></table></div>{3}'
            ).format(behind.block, head, body, more)
        )
    return drawn


STYLE = """
.prose a.ground { color: inherit; text-decoration: underline dotted 1px color-mix(in srgb, currentColor 45%, transparent);
  text-underline-offset: 3px; }
.prose a.ground:is(:hover, :focus-visible) { text-decoration-style: solid; }
.prose .ground:is(.unfound, .wrong-row) { text-decoration: underline wavy 1.5px #b3261e; text-underline-offset: 3px; font-weight: 600; }
.prose .ground sup { font-size: .7em; line-height: 0; }
.why { display: none; margin: .6em 0 0; padding: .5em .8em; border-left: 3px solid color-mix(in srgb, currentColor 35%, transparent);
  font-size: .9em; overflow-wrap: anywhere; scroll-margin-top: 40vh; }
.why:is(:target, .open) { display: block; }
.why .table { overflow-x: auto; margin-top: .4em; } .why table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.why :is(th, td) { padding: .2em .6em; text-align: left; border: 0; white-space: nowrap; overflow-wrap: normal;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.checked { margin: .6em 0 .2em; font-size: .9em; } .doubtful { margin: 0; padding-left: 1.3em; font-size: .9em; }
"""
