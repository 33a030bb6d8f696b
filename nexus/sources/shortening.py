"""Long values, cut by the database: their beginning is shown, and the rest never leaves the server."""

LONGEST = 20_000
"""Characters of a text of which no more than these are fetched; bytes, where each of them takes several."""
MOST_SHOWN_BYTES = 16
"""Of a value of bytes, as they are shown anyway."""
_COUNT = "to_char(octet_length({0}), 'FM999,999,999,999')"
_TEXTS = ("text", "character varying")
_WRITTEN = ("json", "jsonb", "xml")
_CUT = "case when octet_length({0}) > {longest} then concat(left({0}, {longest}), ' … (cut, of ', {count}, ' bytes)') else {0} end"
_BYTES = (
    "case when octet_length({0}) > {most} then concat(cast(substring({0} from 1 for {most}) as text), '… (', {count}, ' bytes)')"
    " else cast({0} as text) end"
)


def shortened(expression: str, type_name: str) -> str:
    """SQL of the value as people read it, short enough to fetch: the expression itself where its type is never long.

    JSON and bytes come as text; the length that a cut one says is in bytes.
    """
    kind = type_name.partition("(")[0]
    if kind == "bytea":
        return _BYTES.format(expression, most=MOST_SHOWN_BYTES, count=_COUNT.format(expression))
    if kind not in _TEXTS + _WRITTEN and not kind.endswith("[]"):
        return expression
    text = expression if kind in _TEXTS else f"cast({expression} as text)"
    return _CUT.format(text, longest=LONGEST, count=_COUNT.format(text))
