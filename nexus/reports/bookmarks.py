"""The bookmarks of a PDF, taken from some files and written into another."""

import re
from dataclasses import dataclass

from nexus.reports.objects import STRING, Objects, Renumbering, found, one
from nexus.reports.packing import Packer

_title = re.compile(rb"/Title (" + STRING + rb")", re.DOTALL)
_place = re.compile(rb"/Dest (\[[^\]]*\])")
_heading = re.compile(rb"/S /H(\d)")


@dataclass(frozen=True)
class Bookmark:
    level: int
    """Of its heading, from 1."""
    title: bytes
    place: bytes
    element: int
    """Number of its heading in the structure; 0 for none."""


def numbers(objects: Objects, root: int) -> list[int]:
    """Of all bookmarks below `root`, in order."""
    at = one("First", objects.get(root, b""))
    listed = []
    while at:
        listed += [at, *numbers(objects, at)]
        at = one("Next", objects[at])
    return listed


def read(objects: Objects, root: int, rename: Renumbering) -> list[Bookmark]:
    return [_bookmark(objects, objects[number], rename) for number in numbers(objects, root)]


def _bookmark(objects: Objects, body: bytes, rename: Renumbering) -> Bookmark:
    element = one("SE", body)
    level = int(found(_heading, objects.get(element, b"")) or 1)
    return Bookmark(level, found(_title, body), rename(found(_place, body)), rename.of(element) if element else 0)


def write(packer: Packer, marks: list[Bookmark]) -> int:
    """Below each other by their levels. The number of the root; 0 when there are none."""
    if not marks:
        return 0
    root = packer.reserve(len(marks) + 1)
    parents = _parents(marks)
    kids: dict[int, list[int]] = {}
    for at, parent in enumerate(parents):
        kids.setdefault(parent, []).append(at)
    counts = [0] * len(marks)
    for at in reversed(range(len(marks))):
        if parents[at] >= 0:
            counts[parents[at]] += counts[at] + 1

    def number(at: int) -> int:
        return root + 1 + at

    def below(at: int, count: int) -> bytes:
        under = kids.get(at)
        return b" /First %d 0 R /Last %d 0 R /Count %d" % (number(under[0]), number(under[-1]), count) if under else b""

    packer.add(root, b"<</Type /Outlines%s>>" % below(-1, len(marks)))
    for at, mark in enumerate(marks):
        beside = kids[parents[at]]
        place = beside.index(at)
        packer.add(
            number(at),
            b"<</Title %s /Dest %s /Parent %d 0 R" % (mark.title, mark.place, number(parents[at]))
            + (b" /SE %d 0 R" % mark.element if mark.element else b"")
            + (b" /Prev %d 0 R" % number(beside[place - 1]) if place else b"")
            + (b" /Next %d 0 R" % number(beside[place + 1]) if place + 1 < len(beside) else b"")
            + below(at, counts[at])
            + b">>",
        )
    return root


def _parents(marks: list[Bookmark]) -> list[int]:
    """Of each the index of the one it stands below; -1 at the top."""
    above: list[int] = []
    parents = []
    for at, mark in enumerate(marks):
        while above and marks[above[-1]].level >= mark.level:
            above.pop()
        parents.append(above[-1] if above else -1)
        above.append(at)
    return parents
