"""A table that goes on in the next piece of a document: one element of the structure, with one head, however many pieces it is printed in.

Chromium repeats the head on every page as content of the same elements; here those of the next piece become content of the first's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nexus.reports.objects import Objects, Renumbering, found, one

_kids = re.compile(rb"/K (\[[^\]]*\]|\d+ 0 R|\d+)")
_inside = re.compile(rb"<<.*?>>", re.DOTALL)
_parts = re.compile(rb"<<.*?>>|\d+ 0 R|\d+", re.DOTALL)
_name = re.compile(rb"/ID (\([^()]*\))")


@dataclass
class OpenTable:
    """The last table of what is bound so far: the table itself and the elements of its head, by the numbers that they have in the whole."""

    nodes: list[int]
    bodies: dict[int, bytes]
    kids: dict[int, list[bytes]] = field(default_factory=dict)
    names: list[bytes] = field(default_factory=list)
    """Of the cells of its head, as other cells name them."""

    def finished(self) -> Iterator[tuple[int, bytes]]:
        for number in self.nodes:
            yield number, _with_kids(self.bodies[number], self.kids[number])


def table_of(objects: Objects, root: int, *, last: bool) -> int:
    """The number of the first or the last table below `root`; 0 for none."""
    waiting = [root]
    while waiting:
        number = waiting.pop()
        body = objects.get(number, b"")
        if b"/S /Table" in body:
            return number
        below = _elements(body)
        waiting += below if last else reversed(below)
    return 0


def head_of(objects: Objects, table: int) -> list[int]:
    """The table, and all elements of the rows at its top that are heads."""
    nodes = [table]
    for row in _elements(objects[table]):
        cells = _elements(objects[row])
        if not cells or b"/S /TH" not in objects[cells[0]]:
            break
        nodes += _family(objects, row)
    return nodes


def opened(objects: Objects, nodes: list[int], rename: Renumbering) -> OpenTable:
    """These elements of a piece, to be written once it is known that nothing goes on."""
    numbers = [rename.of(node) for node in nodes]
    table = OpenTable(numbers, {})
    for node, number in zip(nodes, numbers, strict=True):
        table.bodies[number] = rename(objects[node])
        table.kids[number] = [rename(kid) for kid in _said(objects[node])]
        table.names += [rename.name(name) for name in _name.findall(objects[node])]
    return table


def names_of(objects: Objects, nodes: list[int]) -> list[bytes]:
    return [name for node in nodes for name in _name.findall(objects[node])]


def go_on(table: OpenTable, objects: dict[int, bytes], nodes: list[int], rename: Renumbering) -> None:
    """Put what these elements hold into those of the open table, which `rename` takes them for, and take them out of their piece."""
    inner = set(nodes)
    for node, number in zip(nodes, table.nodes, strict=True):
        table.kids[number] += [
            rename(kid) for kid in _said(objects[node], apart=True) if not (kid.endswith(b" R") and int(kid.split()[0]) in inner)
        ]
    above = one("P", objects[nodes[0]])
    left = [kid for kid in _said(objects[above]) if kid != b"%d 0 R" % nodes[0]]
    objects[above] = _with_kids(objects[above], left)


def _with_kids(body: bytes, kids: Sequence[bytes]) -> bytes:
    said = b"/K [%s]" % b" ".join(kids)
    return _kids.sub(lambda _: said, body, count=1)


def _said(body: bytes, *, apart: bool = False) -> list[bytes]:
    """What stands in its `K`; with `apart`, content names its page itself."""
    page = one("Pg", _inside.sub(b"", body[2:]))
    kids = _parts.findall(found(_kids, body))
    return [b"<</Type /MCR /Pg %d 0 R /MCID %s>>" % (page, kid) if apart and kid.isdigit() else kid for kid in kids]


def _elements(body: bytes) -> list[int]:
    return [int(kid.split()[0]) for kid in _parts.findall(found(_kids, body)) if kid.endswith(b" 0 R")]


def _family(objects: Objects, number: int) -> list[int]:
    return [number, *(member for kid in _elements(objects[number]) for member in _family(objects, kid))]
