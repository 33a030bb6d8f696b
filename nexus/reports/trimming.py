"""The last page of a piece, taken off again: rows that begin there go to the next piece, so that no page in the middle of a table is half empty."""

import re

from nexus.reports.objects import Objects, found, leaves, listed, one, references
from nexus.reports.pdf import Pdf

_kids = re.compile(rb"/K (\[.*\]|\d+ 0 R)", re.DOTALL)
_content = re.compile(rb"<</Type /MCR\s.*?>>", re.DOTALL)
_key = re.compile(rb"/StructParents (\d+)")


def without_last_page(pdf: Pdf) -> int:
    """Take the last page off, where all that is on it are rows of one table. How many rows that were; 0 when the page stays."""
    pages = pdf.page_numbers()
    if len(pages) < 2:
        return 0
    last, objects = pages[-1], pdf.objects
    rows = _rows_on(objects, last)
    if not rows:
        return 0
    table = one("P", objects[rows[0]])
    order = _below(objects[table])
    if order[-len(rows) :] != rows or len(order) == len(rows) or not _is_seen(objects, order[-len(rows) - 1]):
        return 0
    _take_off(pdf, last, table, rows)
    return len(rows)


def _rows_on(objects: Objects, page: int) -> list[int]:
    """The rows of which something is on the page, in order; none when something else, or a part of a row, is there."""
    place = b"/Pg %d 0 R" % page
    rows = set()
    for number, body in objects.items():
        if not body.startswith(b"<</Type /StructElem") or place not in body:
            continue
        row = _row_of(objects, number)
        if row:
            rows.add(row)
        elif place in _content.sub(b"", body):
            # It begins there, and is not the head of a table, which only goes on there.
            return []
    if any(_pages_of(objects, row) != {page} for row in rows):
        return []
    return sorted(rows) if len({one("P", objects[row]) for row in rows}) == 1 else []


def _row_of(objects: Objects, number: int) -> int:
    """The row with data that the element is in; 0 for none."""
    inside = False
    while number in objects and objects[number].startswith(b"<</Type /StructElem"):
        body = objects[number]
        if b"/S /TR" in body:
            return number if inside else 0
        inside = inside or b"/S /TD" in body
        number = one("P", body)
    return 0


def _below(body: bytes) -> list[int]:
    return references(_content.sub(b"", found(_kids, body)))


def _family(objects: Objects, number: int) -> list[int]:
    return [number, *(member for kid in _below(objects[number]) for member in _family(objects, kid))]


def _pages_of(objects: Objects, row: int) -> set[int]:
    return {int(page) for member in _family(objects, row) for page in re.findall(rb"/Pg (\d+) 0 R", objects[member])}


def _is_seen(objects: Objects, row: int) -> bool:
    """Something of the row is on a page; of an empty one nobody can tell on which it is."""
    return bool(_pages_of(objects, row))


def _take_off(pdf: Pdf, page: int, table: int, rows: list[int]) -> None:
    objects = pdf.objects
    for row in rows:
        objects[table] = re.sub(rb"(?<=[\s\[])%d 0 R ?" % row, b"", objects[table], count=1)
        for member in _family(objects, row):
            del objects[member]
    place = b"/Pg %d 0 R" % page
    for number, body in objects.items():
        if place in body:
            objects[number] = _content.sub(lambda match: b"" if place in match[0] else match[0], body)
    key = found(_key, objects[page])
    parents = one("ParentTree", objects[one("StructTreeRoot", pdf.catalog)])
    for leaf in leaves(objects, parents):
        objects[leaf] = (
            re.sub(rb"(?<=[\s\[])%s \d+ 0 R ?" % key, b"", objects[leaf], count=1) if _holds(objects[leaf], key) else objects[leaf]
        )
    above = one("Parent", objects[page])
    objects[above] = re.sub(rb"(?<=[\s\[])%d 0 R ?" % page, b"", objects[above], count=1)
    del objects[one("Contents", objects[page])], objects[page]
    while above:
        objects[above] = re.sub(rb"/Count (\d+)", lambda match: b"/Count %d" % (int(match[1]) - 1), objects[above])
        above = one("Parent", objects[above])


def _holds(leaf: bytes, key: bytes) -> bool:
    return re.search(rb"(?:^|\s)%s \d+ 0 R" % key, listed("Nums", leaf)) is not None
