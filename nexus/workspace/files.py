"""YAML in and out, for text from people who may mean harm.

Events are read one by one and judged before anything is built, so that a bomb costs no more than its own
length. What is understood is the plain core of YAML 1.2: maps, lists, texts, numbers, true, false, null.
A date is text, and `no` is the word no.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST_BYTES = 1_000_000
DEEPEST = 50

Path = tuple[str | int, ...]

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE_FALSE = re.compile(r"true|True|TRUE|false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]{1,30}", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?", re.ASCII)
_READ_OTHERWISE_ELSEWHERE = re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|=|<<")
"""Words that other readers of YAML take for something else; they are written in quotes."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where a person finds it."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        return f"{where}{f'{self.path}: ' if self.path else ''}{self.message}"


class Unreadable(Exception):
    """Not YAML that Nexus reads. Carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Document:
    """The values of one file, and the line of each."""

    file: str
    value: dict[str, Any]
    lines: dict[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(file: str, data: bytes) -> Document:
    """The one map of a file. Raises Unreadable with file and line."""
    if len(data) > LARGEST_BYTES:
        raise Unreadable(Problem(file, 0, "", f"the file has more than {LARGEST_BYTES:,} bytes; split it"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(Problem(file, data[: error.start].count(b"\n") + 1, "", "the file is not UTF-8 text")) from None
    try:
        builder = _Builder(file)
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(
            Problem(file, mark.line + 1 if mark else 1, "", f"this is not valid YAML: {error.problem or error.context}")
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Unreadable(Problem(file, 1, "", "this is not valid YAML: it holds characters that YAML does not allow")) from None
    if not isinstance(builder.root, dict):
        raise Unreadable(Problem(file, 1, "", "the file must hold fields, as `kind: view` and `name: my-view`"))
    return Document(file=file, value=builder.root, lines=builder.lines)


def _events(text: str) -> Iterator[yaml.Event]:
    # libyaml where it is there: the parser in Python is some twenty times slower.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)


class _Builder:
    """Builds values out of events, and refuses at the first thing that has no place in a spec."""

    def __init__(self, file: str) -> None:
        self.root: Any = None
        self.lines: dict[Path, int] = {}
        self._file = file
        self._documents = 0
        self._open: list[_Open] = []

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._refused(line, "the file holds a second document after `---`; give each its own file")
            case yaml.AliasEvent():
                raise self._refused(line, "anchors and aliases (`&`, `*`) are not read; write the value out")
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if event.anchor:
                    raise self._refused(line, "anchors and aliases (`&`, `*`) are not read; write the value out")
                if event.tag is not None:
                    raise self._refused(line, "tags (`!…`) are not read; leave them out")
                self._value(event, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()

    def _value(self, event: yaml.Event, line: int) -> None:
        around = self._open[-1] if self._open else None
        if around is not None and around.expects_key:
            self._key(around, event, line)
            return
        path: Path = around.path_of_next() if around else ()
        if not isinstance(event, yaml.ScalarEvent):
            if len(self._open) >= DEEPEST:
                raise self._refused(line, f"values are nested more than {DEEPEST} deep")
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        else:
            value = self._scalar(event, line)
        # A key's line is where a person looks for its value, too.
        self.lines.setdefault(path, line)
        if around is None:
            self.root = value
        else:
            around.add(value)
        if not isinstance(event, yaml.ScalarEvent):
            self._open.append(_Open(value, path))

    def _key(self, around: "_Open", event: yaml.Event, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(line, "the name of a field must be plain text")
        key = event.value
        if key == "<<" and event.implicit[0]:
            raise self._refused(line, "merge keys (`<<`) are not read; write the fields out")
        if key in around.value:
            raise self._refused(line, f"the field `{key[:60]}` is there twice")
        around.key = key
        self.lines[(*around.path, key)] = line

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Any:
        text = event.value
        if "\x00" in text:
            raise self._refused(line, "the text holds a NUL character")
        if not event.implicit[0]:
            return text
        if _NULL.fullmatch(text):
            return None
        if _TRUE_FALSE.fullmatch(text):
            return text.lower() == "true"
        if _WHOLE.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text) and len(text) <= 400:
            number = float(text)
            if not math.isfinite(number):
                raise self._refused(line, f"the number {text[:20]} is too large")
            return number
        return text

    def _refused(self, line: int, message: str) -> Unreadable:
        return Unreadable(Problem(self._file, line, "", message))


class _Open:
    """A map or list whose end has not come yet."""

    def __init__(self, value: Any, path: Path) -> None:
        self.value = value
        self.path = path
        self.key: str | None = None

    @property
    def expects_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None

    def path_of_next(self) -> Path:
        return (*self.path, len(self.value) if isinstance(self.value, list) else str(self.key))

    def add(self, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        else:
            self.value[self.key] = value
            self.key = None


class _Writer(yaml.SafeDumper):
    """Writes what `read` reads, the same way every time."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - replaced as a whole, so that only the core is resolved


for _tag, _pattern in (("null", _NULL), ("bool", _TRUE_FALSE), ("int", _WHOLE), ("float", _DECIMAL), ("bool", _READ_OTHERWISE_ELSEWHERE)):
    _Writer.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern.pattern})$", re.ASCII), None)


def _write_text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    # Other line breaks of Unicode would be folded like a newline anywhere but between double quotes.
    style = '"' if any(mark in text for mark in "\x85\u2028\u2029") else "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _write_text)


def write(value: dict[str, Any]) -> str:
    """The canonical text of a file: fields in the order of the spec, long texts as blocks."""
    return yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100_000, default_flow_style=False)
