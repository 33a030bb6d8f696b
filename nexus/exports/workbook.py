"""The parts of a spreadsheet that are not its rows: styles, heads, widths, and the sheet that says where it all came from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from nexus.exports.cells import LONGEST
from nexus.exports.spec import Provenance
from nexus.sources.export import Head
from nexus.views.appearance import Format

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET_END = b"</sheetData></worksheet>"
ABOUT = "About this file"
CUT, HEAD, LABEL = 1, 2, 3
"""Styles: a cell that was cut, a column's name, and a label of the last sheet."""
NARROWEST, WIDEST = 6, 60
SAMPLED_ROWS = 200

WHOLE = (20, 21, 23, 26)
BUILT_IN = {1082: "yyyy-mm-dd", 1083: "hh:mm:ss", 1114: "yyyy-mm-dd hh:mm:ss", 1184: "yyyy-mm-dd hh:mm:ss", 1186: "[h]:mm:ss"}
"""How a column is shown without a format, by its type."""
NUMBERS = (*WHOLE, 700, 701, 1700)

_CELL = re.compile(rb"<c(?:/>|[^>]*>(.*?)</c>)")
_TAG = re.compile(r"<[^>]+>")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


@dataclass
class Styles:
    """Number formats in use. Each has a number, which cells name."""

    codes: list[str] = field(default_factory=list)

    def of(self, head: Head, shown: Format | None) -> int:
        code = number_format(head, shown)
        if not code:
            return 0
        if code not in self.codes:
            self.codes.append(code)
        return LABEL + 1 + self.codes.index(code)

    def xml(self) -> str:
        formats = "".join(f'<numFmt numFmtId="{200 + at}" formatCode={quoteattr(code)}/>' for at, code in enumerate(self.codes))
        cells = "".join(
            f'<xf numFmtId="{200 + at}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
            for at in range(len(self.codes))
        )
        return (
            f'{XML}<styleSheet xmlns="{MAIN}">'
            + (f'<numFmts count="{len(self.codes)}">{formats}</numFmts>' if formats else "")
            + '<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font>'
            '<font><i/><sz val="11"/><color rgb="FFC00000"/><name val="Calibri"/></font></fonts>'
            '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
            '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f'<cellXfs count="{LABEL + 1 + len(self.codes)}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
            '<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
            '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
            '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1"><alignment vertical="top"/></xf>'
            f"{cells}</cellXfs>"
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
        )


def number_format(head: Head, shown: Format | None) -> str:
    """Excel's code for a column; empty for its general one."""
    if shown is None or head.oid not in NUMBERS:
        if shown is not None and shown.style == "date" and head.oid in (1114, 1184):
            return BUILT_IN[1082]
        return BUILT_IN.get(head.oid, "")
    unit = f' "{_inside(shown.unit)}"' if shown.unit else ""
    match shown.style:
        case "percent":
            return f"{_decimals(shown, 1, apart=False)}%"
        case "progress" if shown.maximum is None:
            return f"{_decimals(shown, 0, apart=False)}%"
        case "currency":
            return _decimals(shown, 2) + unit
        case "number":
            return _decimals(shown, 0 if head.oid in WHOLE else 2) + unit
        case "duration":
            return "General" + ' "s"'
        case _ if shown.decimals is not None:
            return _decimals(shown, shown.decimals) + unit
        case _:
            return f"General{unit}" if unit else ""


def _decimals(shown: Format, otherwise: int, *, apart: bool = True) -> str:
    count = otherwise if shown.decimals is None else shown.decimals
    return ("#,##0" if apart else "0") + ("." + "0" * count if count else "")


def _inside(text: str) -> str:
    return "".join(character for character in text if character.isprintable() and character != '"')


def text(value: str) -> str:
    """What a cell holds of a text: XML, and Excel's own escapes for what XML cannot hold."""
    kept = value if len(value.encode("utf-16-le")) // 2 <= LONGEST else value[:16_000] + f" … (cut, of {len(value)} characters)"
    return escape(_CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPE.sub("_x005F_", kept)))


def _cell(value: str, style: int = 0) -> str:
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text(value)}</t></is></c>'


# --- a sheet of rows --------------------------------------------------------------------------------------


def title_of(head: Head, formats: Mapping[str, Format]) -> str:
    shown = formats.get(head.name)
    return (shown.label if shown else "") or head.name


def widths(heads: Sequence[Head], formats: Mapping[str, Format], block: bytes) -> list[int]:
    """Of each column in letters, by its name and its first values."""
    found = [min(WIDEST, max(NARROWEST, len(title_of(head, formats)) + 2, len(BUILT_IN.get(head.oid, "")) + 2)) for head in heads]
    for row in block.split(b"\n", SAMPLED_ROWS)[:SAMPLED_ROWS]:
        for at, cell in enumerate(_CELL.finditer(row)):
            if at < len(found) and found[at] < WIDEST and cell[1] and heads[at].oid not in BUILT_IN:
                longest = max(map(len, _TAG.sub("", cell[1].decode()).split("&#10;")))
                found[at] = min(WIDEST, max(found[at], longest + 2))
    return found


def sheet_start(heads: Sequence[Head], formats: Mapping[str, Format], wide: Sequence[int]) -> bytes:
    columns = []
    for at, (head, width) in enumerate(zip(heads, wide, strict=True), 1):
        shown = formats.get(head.name)
        hidden = ' hidden="1"' if shown is not None and shown.hidden else ""
        columns.append(f'<col min="{at}" max="{at}" width="{width}" customWidth="1"{hidden}/>')
    names = "".join(_cell(title_of(head, formats), HEAD) for head in heads)
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    return (
        f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        + (f"<cols>{''.join(columns)}</cols>" if columns else "")
        + f"<sheetData><row>{names}</row>\n"
    ).encode()


def sheet_path(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def sheet_names(title: str, count: int) -> list[str]:
    """As Excel allows them: 31 letters, without seven of them; which of how many, when there are several."""
    plain = " ".join(re.sub(r"[\[\]:*?/\\\x00-\x1f\ufffe\uffff]", " ", title).split()).strip("'") or "Rows"
    plain = "Rows" if plain.lower() in ("history", ABOUT.lower()) else plain
    endings = [""] if count == 1 else [f" ({at} of {count})" for at in range(1, count + 1)]
    return [_units(plain, 31 - len(ending)).strip().strip("'") + ending for ending in endings]


def _units(words: str, most: int) -> str:
    """The start of a text in at most so many UTF-16 units."""
    return words.encode("utf-16-le")[: most * 2].decode("utf-16-le", errors="ignore")


# --- what comes after the rows ----------------------------------------------------------------------------


def notes(heads: Sequence[Head], *, timezone: str, cut: int, sheets: Sequence[int]) -> list[tuple[str, str]]:
    """What a reader of the file should know, as label and sentence."""
    said = []
    if len(sheets) > 1:
        said.append(("Sheets", f"Excel holds 1,048,576 rows a sheet, so the rows go on over {len(sheets)} sheets."))
    if cut:
        said.append(
            (
                "Cut cells",
                f"{cut:,} cells had more than Excel's {LONGEST:,} characters. Each ends by saying so, in red; CSV has them whole.",
            )
        )
    types = {head.oid for head in heads}
    if 1184 in types:
        said.append(("Moments", f"As clocks showed them in the zone {timezone}; Excel knows no zones."))
    if types & {20, 1700}:
        said.append(("Numbers", "Excel holds 15 digits. Longer whole numbers and declared decimals are text, with every digit."))
    if types & {1082, 1114, 1184}:
        said.append(("Dates", "Days before March 1900 and after 9999, and infinity, are text: Excel does not know them."))
    return said


def _about(provenance: Provenance, *, sheets: Sequence[int], notes: Sequence[tuple[str, str]]) -> str:
    lines = [
        (provenance.of.capitalize(), provenance.title),
        ("Name", provenance.view),
        ("Version", str(provenance.version)),
        ("Source", provenance.source),
        *((f"Parameter: {label}", value) for label, value in provenance.parameters),
        *((("Part", provenance.part),) if provenance.part else ()),
        ("Rows", f"{sum(sheets):,}"),
        ("Complete", "Yes. Every row that the query returned is in this file."),
        ("Taken by", provenance.by),
        ("Taken at", provenance.at.strftime("%Y-%m-%d %H:%M:%S %Z").strip()),
        *notes,
        ("Query", provenance.sql),
        *((f"Value of :{name}", value) for name, value in provenance.values.items()),
    ]
    rows = "".join(f"<row>{_cell(label, LABEL)}{_cell(value)}</row>" for label, value in lines)
    wide = '<cols><col min="1" max="1" width="22" customWidth="1"/><col min="2" max="2" width="100" customWidth="1"/></cols>'
    return f'{XML}<worksheet xmlns="{MAIN}">{wide}<sheetData>{rows}</sheetData></worksheet>'


def rest(provenance: Provenance, styles: Styles, *, sheets: Sequence[int], notes: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Path and content of every part but the sheets of rows."""
    count = len(sheets) + 1
    names = [*sheet_names(provenance.title, len(sheets)), ABOUT]
    yield sheet_path(count), _about(provenance, sheets=sheets, notes=notes)
    yield "xl/styles.xml", styles.xml()
    listed = "".join(f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(names, 1))
    yield "xl/workbook.xml", f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>{listed}</sheets></workbook>'
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{DOCUMENT}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in range(1, count + 1)
    )
    links += f'<Relationship Id="rId{count + 1}" Type="{DOCUMENT}/styles" Target="styles.xml"/>'
    yield "xl/_rels/workbook.xml.rels", f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
    root = f'<Relationship Id="rId1" Type="{DOCUMENT}/officeDocument" Target="xl/workbook.xml"/>'
    yield "_rels/.rels", f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{root}</Relationships>'
    kinds = "".join(f'<Override PartName="/{sheet_path(at)}" ContentType="{TYPE}.worksheet+xml"/>' for at in range(1, count + 1))
    yield (
        "[Content_Types].xml",
        f'{XML}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>{kinds}</Types>',
    )
