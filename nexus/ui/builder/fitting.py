"""What fits a column of the result by how it came about: a readable name, a format, and a chart for all of them together."""

from typing import Any

from nexus.db import versions
from nexus.sources.spec import Table
from nexus.ui.builder.items import Item, Items, result_name
from nexus.views import charts

NAMES = {
    "day of week": "weekday",
    "hour of day": "hour",
    "day of month": "day",
    "month of year": "month",
    "quarter of year": "quarter",
}
STYLES: dict[str, Item] = {"day of week": {"style": "weekday"}, "month of year": {"style": "month"}}
SHARE: Item = {"style": "percent", "decimals": 1}
RUNNING = ("minute", "hour", "day", "week", "month", "quarter", "year")
"""Grains along which time goes on; the others come again."""


def grain_name(grain: str | None) -> str | None:
    """What a column cut to `grain` is called."""
    return NAMES.get(grain, grain) if grain else None


def suit_name(item: Item, grain_before: str | None) -> None:
    """A name that nobody chose follows the grain."""
    if item.get("name") in (None, grain_name(grain_before)):
        item["name"] = grain_name(item.get("grain"))


def suit_formats(content: Item, fitted: dict[str, Item | None]) -> None:
    """Each column of the result the format that fits it, where it has none. `fitted` are those that fitted before, by the column's
    id: what is still as one of them goes with it."""
    formats: dict[str, Any] = dict(content.get("formats") or {})
    for item in content["question"].get("columns") or []:
        if not (item.get("column") or item.get("aggregate")):
            continue
        name, wanted = result_name(item), style_of(item)
        if formats.get(name) is not None and formats[name] == fitted.get(str(item.get("id"))):
            del formats[name]
        if wanted:
            formats.setdefault(name, dict(wanted))
    if formats:
        content["formats"] = formats
    else:
        content.pop("formats", None)


def style_of(item: Item) -> Item | None:
    """The format that fits a column of the form; None where none does."""
    if item.get("aggregate"):
        return SHARE if item["aggregate"] in ("share", "share where") else None
    return STYLES.get(item.get("grain") or "")


def propose_chart(form: Item, table: Table) -> Item:
    """The chart that shows the groups and their figures; of a result without, the one that its columns suggest."""
    found = [item for item in form.get("columns") or [] if not item.get("off")]
    groups = [item for item in found if not item.get("aggregate")]
    figures = [result_name(item) for item in found if item.get("aggregate")]
    made = _of_groups(groups, figures) if figures else None
    if made:
        return made
    proposed = charts.propose(table)
    return versions.plain(proposed) if proposed else {"kind": "bar"}


def _of_groups(groups: Items, figures: list[str]) -> Item | None:
    names = [result_name(item) for item in groups]
    running = [result_name(item) for item in groups if item.get("grain") in RUNNING]
    numbered = [result_name(item) for item in groups if item.get("grain") and item["grain"] not in RUNNING]
    match len(groups):
        case 0:
            return {"kind": "big number", "y": figures[:1]}
        case 1:
            return {"kind": "line" if running else "bar", "x": names[0], "y": figures}
        case 2 if running:
            other = next(name for name in names if name != running[0])
            return {"kind": "line", "x": running[0], "y": figures[:1], "color": other}
        case 2:
            across = numbered[0] if numbered else names[1]
            return {"kind": "heatmap", "x": across, "row": next(name for name in names if name != across), "y": figures[:1]}
        case _:
            return None
