"""The objects of a PDF as texts: what one refers to, and how it reads under other numbers."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

STRING = rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>(?!>)"
"""As Skia writes them: parentheses inside are always escaped."""
_words = re.compile(
    rb"(?P<heads>/ID \([^()]*\)|/Headers \[[^\]]*\])|(?P<text>"
    + STRING
    + rb")|(?P<number>\b\d+) 0 R\b|(?P<parent>/StructParents?) (?P<key>\d+)",
    re.DOTALL,
)
_head = re.compile(rb"\([^()]*\)")
_reference = re.compile(rb"\b(\d+) 0 R\b")

Objects = Mapping[int, bytes]


@lru_cache(maxsize=64)
def _key(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"/%s (\d+) 0 R" % name.encode())


def one(name: str, body: bytes) -> int:
    """The number that `name` refers to; 0 when there is none."""
    found = _key(name).search(body)
    return int(found[1]) if found else 0


def found(pattern: re.Pattern[bytes], body: bytes) -> bytes:
    """The first group, or nothing."""
    match = pattern.search(body)
    return match[1] if match else b""


def references(text: bytes) -> list[int]:
    return [int(number) for number in _reference.findall(text)]


def listed(name: str, body: bytes) -> bytes:
    """The inside of the array `name`, in which there are no others."""
    start = body.find(b"/%s [" % name.encode())
    return body[body.index(b"[", start) + 1 : body.index(b"]", start)] if start >= 0 else b""


def leaves(objects: Objects, root: int) -> list[int]:
    """The nodes of a tree of names or numbers, from its root on; none for 0."""
    if not root:
        return []
    return [root, *(leaf for kid in references(listed("Kids", objects[root])) for leaf in leaves(objects, kid))]


def text_string(text: str) -> bytes:
    """A text string in UTF-16, as hexadecimal digits: nothing in it needs escaping."""
    return b"<" + (b"\xfe\xff" + text[:500].encode("utf-16-be", errors="replace")).hex().upper().encode() + b">"


class Renumbering:
    """Objects under the numbers from `first` on. Strings stay as they are, whatever they say.

    `joined` are those that another takes the place of. Keys of the tree of parents grow by `parents`, and names of heads get `prefix`.
    """

    def __init__(self, first: int, *, joined: Mapping[int, int], parents: int, prefix: bytes) -> None:
        self._first, self._joined, self._parents, self._prefix = first, dict(joined), parents, prefix
        self._taken_for: set[int] = set()
        self._names: dict[bytes, bytes] = {}

    def take_for(self, these: Sequence[int], others: Sequence[int], names: Mapping[bytes, bytes]) -> None:
        """From now on these objects are others, which have numbers and names of their own."""
        self._joined.update(zip(these, others, strict=True))
        self._taken_for.update(these)
        self._names.update(names)

    def is_taken_for(self, number: int) -> bool:
        return number in self._taken_for

    def of(self, number: int) -> int:
        return self._joined.get(number, self._first + number)

    def name(self, head: bytes) -> bytes:
        """`(node7)` as `(p2-node7)`."""
        return _head.sub(lambda match: self._names.get(match[0]) or b"(" + self._prefix + match[0][1:], head)

    def __call__(self, body: bytes) -> bytes:
        if not body.endswith(b"endstream"):
            return _words.sub(self._word, body)
        # What is in a stream has no references.
        head, stream, content = body.partition(b"stream")
        return _words.sub(self._word, head) + stream + content

    def _word(self, match: re.Match[bytes]) -> bytes:
        if match["number"]:
            return b"%d 0 R" % self.of(int(match["number"]))
        if match["parent"]:
            return b"%s %d" % (match["parent"], int(match["key"]) + self._parents)
        return self.name(match[0]) if match["heads"] else match[0]
