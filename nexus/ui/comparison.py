"""Two issues of a report side by side: what each said, and by how much that differs."""

from collections.abc import Sequence

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.reports import issues
from nexus.reports.compare import MOST_SHOWN, PanelChange, Rows
from nexus.reports.issues import Comparison
from nexus.reports.spec import Report
from nexus.ui import when
from nexus.ui.forms import plain
from nexus.ui.page import tab
from nexus.ui.reports import link

SHORT = 20
"""A longer list is closed at first."""

KEYS = {
    "table": "the key of the table",
    "groups": "which the view groups by",
    "guess": "which differs in every row: neither the tables nor the view name a key",
}


def draw(user: User, before: int, after: int) -> None:
    with transaction() as session:
        found = issues.compared(session, reader=user, before=before, after=after)
    tab(f"Compare {found.after.title}")
    link("The later issue", look="nexus-back", report=found.after.id)
    st.header(plain(found.after.title), anchor=False)
    _draw_issues(found)
    changed = [panel for panel in found.panels if panel.found != "same"]
    if not changed:
        st.success("Every figure, row and text is the same in both.", icon=":material/check:")
    _draw_figures([panel for panel in changed if panel.figure])
    for panel in changed:
        if panel.figure is None:
            _draw_panel(panel)
    if same := [panel.title for panel in found.panels if panel.found == "same"]:
        st.caption(f"The same in both: {', '.join(plain(title) for title in same)}")


def _draw_issues(found: Comparison) -> None:
    """Who made them and when, with the settings that are not the same."""
    rows = [("Printed", _printed(found.before), _printed(found.after)), *((one.label, one.then, one.now) for one in found.settings)]
    _table({"": [row[0] for row in rows], "Then": [row[1] or "–" for row in rows], "Now": [row[2] or "–" for row in rows]})


def _printed(report: Report) -> str:
    return f"{when.moment(report.created_at)}{f' by {report.created_by_name}' if report.created_by_name else ''}"


def _draw_figures(panels: Sequence[PanelChange]) -> None:
    if not panels:
        return
    st.subheader("Figures", anchor=False)
    figures = [(panel, panel.figure) for panel in panels if panel.figure]
    _table(
        {
            "Figure": [_titled(panel) for panel, _ in figures],
            "Then": [figure.before or "–" for _, figure in figures],
            "Now": [figure.after or "–" for _, figure in figures],
            "Difference": [figure.words or {"added": "new", "gone": "gone"}.get(panel.found, "") for panel, figure in figures],
        }
    )


def _titled(panel: PanelChange) -> str:
    return f"{panel.title} (then “{panel.title_before}”)" if panel.title_before else panel.title


def _draw_panel(panel: PanelChange) -> None:
    st.subheader(plain(_titled(panel) or "Text"), anchor=False)
    if panel.found != "changed":
        st.markdown("This panel is new." if panel.found == "added" else "This panel is gone.")
    elif panel.rows is not None:
        _draw_rows(panel.rows)
    elif panel.lines:
        st.code("\n".join(panel.lines), language="diff", wrap_lines=True)
    else:
        st.markdown("It is called otherwise.")


def _draw_rows(rows: Rows) -> None:
    counts = ((rows.changed_count, "changed"), (rows.added_count, "added"), (rows.removed_count, "removed"), (rows.same_count, "the same"))
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    by = (
        f" Rows are told apart by {plain(' and '.join(rows.key_heads))}, {KEYS[rows.key_of]}."
        if rows.key_heads
        else " Nothing tells rows apart, so whole rows are compared."
    )
    st.caption(f"Rows: {told}.{by} {rows.compared}")
    for words, heads in (("New columns", rows.columns_added), ("Columns that are gone", rows.columns_gone)):
        if heads:
            st.caption(f"{words}: {plain(', '.join(heads))}")
    _draw_changed(rows)
    for what, listed, heads, count in (
        ("added", rows.added, rows.heads, rows.added_count),
        ("removed", rows.removed, rows.heads_before, rows.removed_count),
    ):
        if listed:
            with st.expander(f"{count:,} {what}", expanded=len(listed) <= SHORT):
                _table({head: [row[at] for row in listed] for at, head in enumerate(_apart(heads))})
                _cut(len(listed), count)


def _draw_changed(rows: Rows) -> None:
    cells = [(row.key, head, change) for row in rows.changed for head, change in row.cells.items()]
    if not cells:
        return
    keys = {head: [key[at] for key, _, _ in cells] for at, head in enumerate(_apart(rows.key_heads))}
    # A column of the table may have any of these names, too.
    said = {
        "Column ": [head for _, head, _ in cells],
        "Then ": [change.before for _, _, change in cells],
        "Now ": [change.after for _, _, change in cells],
        "Difference ": [change.words for _, _, change in cells],
    }
    with st.expander(f"{rows.changed_count:,} changed", expanded=len(cells) <= SHORT):
        _table({**keys, **said})
        _cut(len(rows.changed), rows.changed_count)


def _apart(heads: Sequence[str]) -> list[str]:
    """Heads of a table on the page, of which none is there twice."""
    return [f"{head}{' ' * list(heads[:at]).count(head)}" for at, head in enumerate(heads)]


def _cut(shown: int, count: int) -> None:
    if shown < count:
        st.caption(f"The first {MOST_SHOWN} of {count:,}.")


def _table(columns: dict[str, list[str]]) -> None:
    """Text of people and databases, in which no sign means anything."""
    st.table({plain(head) if head.strip() else head: [plain(text) for text in texts] for head, texts in columns.items()}, hide_index=True)
