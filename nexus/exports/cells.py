"""A row as the XML of a spreadsheet, made by the database in the rows' own COPY.

Each column becomes one expression that gives a `<c>`, in one line: what COPY would quote is written as XML or as Excel's
`_x000A_`. Texts are `inlineStr`, so nothing in them is ever run as a formula. What Excel cannot hold as what it is, is
text with every digit: whole numbers and declared decimals of more than 15 digits, days before March 1900, NaN, infinity.
"""

from nexus.exports.statement import AS_WRITTEN, TEXT
from nexus.sources.export import Head

LONGEST = 32_767
"""UTF-16 units that a cell holds."""
CUT = 32_700
CUT_WIDE = 16_000
"""Where letters outside the first plane, of two units each, are in it."""
CUT_CELL = '<c s="1" t="inlineStr">'
"""How a cell begins that was cut. No text holds this: its `<` is `&lt;`."""

_OPEN, _CLOSE = '<is><t xml:space="preserve">', "</t></is></c>"
# Plain ASCII needs nothing. The last four are what COPY would quote; other control characters are left for `CONTROL`.
_STRANGE = "'[^ !\"#$%%''()*+,./0-9:;=?@A-Z^a-z\\[\\]{|}~`-]'"
_REPLACED = (
    ("'&'", "'&amp;'"),
    ("'<'", "'&lt;'"),
    ("'>'", "'&gt;'"),
    ("e'\\n'", "'&#10;'"),
    ("e'\\r'", "'_x000D_'"),
    ("e'\\x01'", "'_x0001_'"),
    ("e'\\x02'", "'_x0002_'"),
    ("'\ufffe'", "'_xFFFE_'"),
    ("'\uffff'", "'_xFFFF_'"),
)
_EPOCH = "25569"
"""1970-01-01 as Excel counts days."""
_FIRST_DAY, _LAST_DAY = "1900-03-01", "10000-01-01"
"""Excel has a 29 February 1900, so days before it count differently from program to program."""
_DAY = "86400::pg_catalog.float8"


def _op(left: str, operator: str, right: str) -> str:
    return f"({left} operator(pg_catalog.{operator}) {right})"


def _escaped(text: str) -> str:
    made = f"pg_catalog.regexp_replace({text}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    for old, new in _REPLACED:
        made = f"pg_catalog.replace({made}, {old}, {new})"
    return f"case when {_op(text, '~', _STRANGE)} then {made} else {text} end"


def text_cell(text: str) -> str:
    """A cell of an expression of type text that is not null."""
    units = _op(
        f"pg_catalog.char_length({text})",
        "+",
        f"pg_catalog.char_length(pg_catalog.regexp_replace({text}, '[^\\U00010000-\\U0010FFFF]', '', 'g'))",
    )
    wide = _op(text, "~", "'[\\U00010000-\\U0010FFFF]'")
    start = f"pg_catalog.left({text}, case when {wide} then {CUT_WIDE} else {CUT} end)"
    # Strings of a shorter text in bytes cannot have more units.
    short = _op(f"pg_catalog.octet_length({text})", "<=", str(LONGEST))
    fits = f"case when {short} then true else {_op(units, '<=', str(LONGEST))} end"
    whole = f"pg_catalog.concat('<c t=\"inlineStr\">{_OPEN}', {_escaped(text)}, '{_CLOSE}')"
    cut = f"pg_catalog.concat('{CUT_CELL}{_OPEN}', {_escaped(start)}, ' … (cut, of ', pg_catalog.char_length({text}), ' characters)', '{_CLOSE}')"
    return f"case when {fits} then {whole} else {cut} end"


def _short_text(text: str) -> str:
    """As `text_cell`, of what is short and holds nothing strange."""
    return f"pg_catalog.concat('<c t=\"inlineStr\">{_OPEN}', {text}, '{_CLOSE}')"


def _value(expression: str, style: int, *, type_: str = "") -> str:
    styled = f' s="{style}"' if style else ""
    return f"pg_catalog.concat('<c{styled}{type_}><v>', {expression}, '</v></c>')"


def _if(condition: str, then: str, otherwise: str) -> str:
    return f"case when {condition} then {then} else {otherwise} end"


def cell(name: str, head: Head, style: int) -> str:
    """The expression of one column, called `name`. `style` is where its number format stands; 0 for none."""
    return f"case when {name} is distinct from null then {_cell(name, head, style)} else '<c/>' end"


def _cell(name: str, head: Head, style: int) -> str:
    text = f"{name}::pg_catalog.text"
    match head.oid:
        case 16:
            return _value(f"{name}::pg_catalog.int4", style, type_=' t="b"')
        case 21 | 23 | 26:
            return _value(name, style)
        case 20:
            small = f"{_op(name, '<=', '999999999999999')} and {_op(name, '>=', '-999999999999999')}"
            return _if(small, _value(name, style), _short_text(text))
        case 700 | 701:
            finite = f"{name}::pg_catalog.float8 operator(pg_catalog.<>) all('{{NaN,Infinity,-Infinity}}'::pg_catalog.float8[])"
            return _if(finite, _value(name, style), _short_text(text))
        case 1700:
            return _if(_fits(name, head), _value(name, style), text_cell(text))
        case 1082:
            return _if(_in_range(name, "date"), _value(_op(name, "-", "'1899-12-30'::pg_catalog.date"), style), _short_text(text))
        case 1114 | 1184:
            # As the clock of the source's zone shows it: Excel knows no zones.
            local = f"{name}::pg_catalog.timestamp"
            days = _op(_op(f"pg_catalog.date_part('epoch', {local})", "/", _DAY), "+", _EPOCH)
            return _if(_in_range(local, "timestamp"), _value(days, style), _short_text(text))
        case 1083:
            fraction = _op(f"pg_catalog.date_part('epoch', {name})", "/", _DAY)
            return _if(_op(name, "<", "'24:00'::pg_catalog.time"), _value(fraction, style), _short_text(text))
        case 1186:
            return _if(_is_span(name), _value(_op(f"pg_catalog.date_part('epoch', {name})", "/", _DAY), style), _short_text(text))
        case 17 | 25 | 1043:
            return text_cell(text if head.oid not in TEXT else name if head.oid == 25 else text)
        case _:
            return text_cell(name)


def _fits(name: str, head: Head) -> str:
    """Whether Excel holds a numeric: of a declared one each digit, of a computed one its whole part, since an average has 16 decimals."""
    size = f"pg_catalog.abs({name})"
    if head.precision is None:
        # NaN is more than every number.
        return _op(size, "<", "1000000000000000::pg_catalog.numeric")
    digits = f"pg_catalog.length(pg_catalog.btrim(pg_catalog.translate({name}::pg_catalog.text, '-.', ''), '0'))"
    real = _op(name, "<>", "'NaN'::pg_catalog.numeric")
    return real if head.precision <= 15 else f"{real} and {_op(digits, '<=', '15')}"


def _in_range(name: str, type_: str) -> str:
    first, last = (f"'{day}'::pg_catalog.{type_}" for day in (_FIRST_DAY, _LAST_DAY))
    return f"{_op(name, '>=', first)} and {_op(name, '<', last)}"


def _is_span(name: str) -> str:
    """Months have no length, and Excel shows less than nothing as `####`."""
    parts = " and ".join(_op(f"pg_catalog.date_part('{part}', {name})", "=", "0") for part in ("year", "month"))
    return f"{parts} and {_op(name, '>=', chr(39) + '0' + chr(39) + '::pg_catalog.interval')}"


def read(number: int, head: Head) -> str:
    """How the column is read before it is made a cell."""
    known = (16, 17, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 1186, 1700)
    return f"c{number}" if head.oid in known else AS_WRITTEN.format(f"c{number}")
