"""A spec without what its reader may not see.

It goes out with names that say nothing, `hidden-view-17`, and without the columns, parameters and titles that tell what they
stand for; it comes back as it was when the reader saves what they changed around it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from nexus.db.sharing import Kind
from nexus.db.unseen import KINDS, Unseen

Spec = dict[str, Any]
"""As JSON values, perhaps unfinished."""
BLANK = "hidden"
"""Stands for a column that must be named."""
TITLE = "Hidden"
"""Of a panel whose own title tells what it shows."""
_STAND_IN = re.compile(r"hidden-(view|dashboard|prompt)-[0-9]{1,18}")
_LISTS = ("panels", "filters", "parameters", "variables", "data")
"""Fields of specs that hold what may name something else, each with a name of its own."""
_OF_PANELS = frozenset({"kind", "name", "title", "note", "width", "height", "tab"})
"""Fields that a dashboard says of a panel, and not of the view that it shows."""
_absent = object()


def is_one(name: str) -> bool:
    return _STAND_IN.fullmatch(name) is not None


def masked(spec: Spec, unseen: Iterable[Unseen]) -> Spec:
    """`spec` as its reader may have it."""
    hidden = {(one.kind, one.name): one for one in unseen}
    if not hidden:
        return spec
    made = dict(spec)
    if any(one.told_by(spec.get("yaml")) for one in hidden.values()):
        # Of a draft: text that is no spec yet, so that nobody can take out what must not be read.
        made.pop("yaml")
    for name in _LISTS:
        if isinstance(spec.get(name), list):
            made[name] = list(_masked_items(name, spec[name], hidden))
    return made


def unmasked(spec: Spec, before: Spec, unseen: Sequence[Unseen]) -> Spec:
    """`spec` with all that `masked` took out of `before`, where the reader has left it as it was."""
    if not unseen:
        return spec
    shown, made = masked(before, unseen), deepcopy(spec)
    for name in _LISTS:
        if isinstance(before.get(name), list) and isinstance(made.get(name), list):
            pairs = list(zip(shown[name], before[name], strict=True))
            made[name] = [_restored(item, pairs) for item in made[name]]
    return cast(Spec, _renamed(made, {one.stand_in: one.name for one in unseen}))


def named(spec: Any) -> Iterator[str]:
    """Those that `spec` names."""
    for held in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        if isinstance(held, dict | list):
            yield from named(held)
    if isinstance(spec, dict):
        yield from (name for kind in KINDS if isinstance(name := spec.get(kind), str) and is_one(name))


_Hidden = Mapping[tuple[Kind, str], Unseen]


def _named(item: Mapping[str, Any], hidden: _Hidden) -> Unseen | None:
    """What a panel, a block, choices or a drill name and nobody may know."""
    return next((one for kind in KINDS if isinstance(name := item.get(kind), str) and (one := hidden.get((kind, name)))), None)


def _masked_items(of: str, items: Sequence[Any], hidden: _Hidden) -> Iterator[Any]:
    taken = {str(item["name"]) for item in items if isinstance(item, dict) and "name" in item}
    for item in items:
        if not isinstance(item, dict):
            yield item
        elif of == "panels":
            yield _panel(item, hidden, taken)
        elif of == "data":
            found = _named(item, hidden)
            yield {"name": item.get("name"), "view": found.stand_in} if found else item
        else:
            choices = item.get("choices")
            found = _named(choices, hidden) if isinstance(choices, dict) else None
            yield item | {"choices": {"view": found.stand_in, "column": BLANK}} if found else item


def _panel(panel: Spec, hidden: _Hidden, taken: set[str]) -> Spec:
    drill = panel.get("drill")
    leads = _named(drill, hidden) if isinstance(drill, dict) else None
    found = _named(panel, hidden)
    if found is None:
        return panel | {"drill": {leads.kind: leads.stand_in}} if leads else panel
    made = {key: value for key, value in panel.items() if key in _OF_PANELS} | {found.kind: found.stand_in}
    if panel.get("kind") == "metric":
        made["measure"] = BLANK
    if found.told_by(panel.get("name")):
        # A panel is called as its view unless somebody names it.
        made["name"] = _free(found.veiled(str(panel["name"])), taken)
        taken.add(made["name"])
    if "title" in made and found.told_by(made["title"]):
        made["title"] = TITLE
    if found.told_by(made.get("note")):
        made.pop("note")
    return made


def _free(stem: str, taken: set[str]) -> str:
    return next(name for name in (stem, *(f"{stem}-{count}" for count in range(2, 10_000))) if name not in taken)


def _restored(item: Any, pairs: Sequence[tuple[Any, Any]]) -> Any:
    """`item` with what it had before in each field that is as it was shown: of the item of its name, else of one that names the same."""
    if not isinstance(item, dict):
        return item
    hidden = [(shown, was) for shown, was in pairs if shown != was]
    like = [pair for pair in hidden if pair[0].get("name") == item.get("name")]
    like = like or [pair for pair in hidden if any(is_one(str(item.get(kind))) and item.get(kind) == pair[0].get(kind) for kind in KINDS)]
    if not like:
        return item
    (shown, was), *_ = like
    made = {}
    for key in (*was, *(key for key in item if key not in was)):
        value = was.get(key, _absent) if item.get(key, _absent) == shown.get(key, _absent) else item.get(key, _absent)
        if value is not _absent:
            made[key] = value
    return made


def _renamed(spec: Any, names: Mapping[str, str]) -> Any:
    if isinstance(spec, list):
        return [_renamed(item, names) for item in spec]
    if not isinstance(spec, dict):
        return spec
    return {key: names.get(item, item) if key in KINDS and isinstance(item, str) else _renamed(item, names) for key, item in spec.items()}
