"""Two specs side by side: field by field, in words, and as lines of YAML."""

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from nexus.accounts.spec import Permission, User, require
from nexus.db import versions
from nexus.db.session import Session
from nexus.workspace import files
from nexus.workspace.spec import SPECS, FieldChange

LONGEST_WORDS = 80
"""Characters of a value that stand in a sentence; the lines below show all of it."""


class Comparison(BaseModel, frozen=True):
    """What changed from one version to another; both empty where the two are equal."""

    sentences: tuple[str, ...]
    lines: str


def compare_versions(session: Session, *, reader: User, kind: versions.Kind, name: str, before: int, after: int) -> Comparison:
    """What `after` has that `before` has not, and the other way round; for who may change it. Raises NotFound, NotAllowed.

    A version that this release cannot read is compared as it is stored.
    """
    require(reader, Permission.BUILD)
    # Its panels may name what is not for everybody who sees it.
    versions.check_edit(session, user=reader, kind=kind, name=name)
    old, new = (_in_order(versions.load(session, reader=reader, kind=kind, name=name, version=version)) for version in (before, after))
    was, now = (files.write({"kind": kind, **spec}).splitlines() for spec in (old, new))
    return Comparison(
        sentences=tuple(sentence(change) for change in differences((), old, new)),
        lines="\n".join(difflib.unified_diff(was, now, f"version {before}", f"version {after}", lineterm="")),
    )


def _in_order(kept: versions.Kept) -> dict[str, Any]:
    """The stored fields in the order of the spec, which JSONB does not keep."""
    try:
        return versions.plain(versions.read(kept.kind, kept.name, SPECS[kept.kind], kept.spec))
    except versions.SpecUnreadable:
        return kept.spec


def differences(path: tuple[str, ...], before: Any, after: Any) -> list[FieldChange]:
    """Of two values as JSON. Panels and parameters are known by their names, so that one put in front does not change all others."""
    if before == after and type(before) is type(after):
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        keys = list(dict.fromkeys([*before, *after]))
        return [change for key in keys for change in differences((*path, key), before.get(key), after.get(key))]
    if isinstance(before, list) and isinstance(after, list) and _named(before) and _named(after):
        old, new = {part["name"]: part for part in before}, {part["name"]: part for part in after}
        changes = [change for name in dict.fromkeys([*old, *new]) for change in differences((*path, name), old.get(name), new.get(name))]
        return changes or [FieldChange(path=".".join((*path, "order")), before=list(old), after=list(new))]
    if before == after:
        return []
    return [FieldChange(path=".".join(path), before=before, after=after)]


def _named(parts: Sequence[Any]) -> bool:
    return all(isinstance(part, dict) and isinstance(part.get("name"), str) for part in parts)


def sentence(change: FieldChange) -> str:
    """`Title: “Flights” became “Late flights”.`"""
    what = " › ".join(part.replace("_", " ") for part in change.path.split("."))
    what = what[:1].upper() + what[1:]
    if change.before is None:
        return f"{what}: added{_shown(change.after, ' as ')}."
    if change.after is None:
        return f"{what}: taken out{_shown(change.before, '; it was ')}."
    before, after = _words(change.before), _words(change.after)
    return f"{what}: {before} became {after}." if before and after and before != after else f"{what}: changed."


def _shown(value: Any, lead: str) -> str:
    words = _words(value)
    return f"{lead}{words}" if words else ""


def _words(value: Any) -> str:
    """Short enough for a sentence, or nothing: a part with fields of its own is shown by its lines."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case str():
            line = " ".join(value.split())
            return f"“{line if len(line) <= LONGEST_WORDS else line[: LONGEST_WORDS - 1] + '…'}”"
        case list() if value and all(isinstance(item, str | int | float) for item in value) and len(value) <= 12:
            return ", ".join(map(str, value))
        case _:
            return ""
