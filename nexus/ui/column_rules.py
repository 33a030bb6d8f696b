"""What prompts may send of columns: forms for the rules of a source and of a view."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import BadInput, NexusError
from nexus.sources import service as sources
from nexus.sources.rules import RULES, ColumnRule
from nexus.sources.spec import Source
from nexus.ui import forms
from nexus.views import service as views
from nexus.views.reading import reading_of
from nexus.views.service import OpenView

if TYPE_CHECKING:
    from pandas import DataFrame

EXPLAINED = (
    "**send** as it is · **mask**: as a pseudonym, the same one everywhere · **aggregate only**: in figures over at least five values · "
    "**never**. Of several rules the strictest holds, and each prompt can only be stricter."
)
HEADS = {"schema": "Schema", "table": "Table", "column": "Column", "rule": "Prompts may"}


def draw_source_rules(user: User, source: Source, form: str) -> None:
    """For administrators: rules by schema, table and column, of which each may hold `*`."""
    require(user, Permission.ADMINISTER)
    st.caption(f"What prompts may send of this source's columns, whatever a view calls them. `*` stands for anything. {EXPLAINED}")
    seen = forms.begun(form, source.rules, field="rules-table")
    before = [rule.model_dump(mode="json") for rule in seen]
    options = {
        "schema": st.column_config.TextColumn(HEADS["schema"], default="*", max_chars=63),
        "table": st.column_config.TextColumn(HEADS["table"], default="*", max_chars=63),
        "column": st.column_config.TextColumn(HEADS["column"], required=True, max_chars=63),
        "rule": st.column_config.SelectboxColumn(HEADS["rule"], options=list(RULES), default="mask", required=True),
    }
    with st.form(forms.key(form, "rules"), border=False):
        typed = st.data_editor(
            table_of(before, options),
            column_config=options,
            num_rows="dynamic",
            hide_index=True,
            key=forms.key(form, "rules-table"),
            width="stretch",
            placeholder="",
        )
        if st.form_submit_button("Save the rules"):
            with forms.saving(form, "Saved. Every prompt keeps to these rules from now on."), transaction() as session:
                forms.unmoved(seen, source.rules)
                changed = source.model_copy(update={"rules": _rules(records(typed))})
                sources.change_source(session, user=user, source=changed)


def table_of(rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> "DataFrame":
    """What a table editor is given. Of no rows Streamlit would take the columns for numbers."""
    import pandas

    return pandas.DataFrame({name: [row[name] for row in rows] for name in columns}, dtype=None if rows else "object")


def records(typed: Any) -> list[dict[str, Any]]:
    """The rows of a table editor, which gives back what it was given: a list, or columns. An empty cell is None."""
    if isinstance(typed, dict):
        names = list(typed)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*typed.values(), strict=True)]
    else:
        rows = [dict(row) for row in (typed.to_dict("records") if hasattr(typed, "to_dict") else typed)]
    return [{name: None if _is_empty(value) else value for name, value in row.items()} for row in rows]


def _is_empty(value: Any) -> bool:
    # What pandas calls missing comes in three kinds.
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and isnan(value))


def _rules(rows: list[dict[str, Any]]) -> tuple[ColumnRule, ...]:
    """Raises BadInput, which names the line."""
    found = []
    for number, row in enumerate(rows, start=1):
        given = {name: text for name, value in row.items() if (text := str("" if value is None else value).strip())}
        if not given.get("column"):
            raise BadInput(f"Line {number} names no column. Write its name, or a pattern such as `*mail*`.")
        try:
            found.append(ColumnRule.model_validate(given))
        except ValidationError as error:
            raise BadInput(f"Line {number}: {error.errors(include_url=False, include_input=False)[0]['msg']}.") from None
    return tuple(found)


def draw_view_rules(user: User, opened: OpenView) -> None:
    """For who may edit the view: a rule for each column of its result."""
    require(user, Permission.BUILD)
    form = f"rules-{opened.view.name}"
    forms.told(form)
    st.caption(f"What prompts may send of this view's columns; the rules of its source hold as well. {EXPLAINED}")
    names = _columns(user, opened)
    stale = [name for name in opened.view.rules if name not in names]
    seen = forms.begun(form, opened.view.rules, field=next(iter([*names, *stale]), ""))
    with st.form(forms.key(form)):
        with st.container(horizontal=True, gap="small"):
            chosen = {
                name: st.selectbox(
                    forms.plain(name) if name in names else f"{forms.plain(name)} (gone)",
                    RULES,
                    index=RULES.index(seen.get(name, "send")),
                    key=forms.key(form, name),
                    width=190,
                )
                for name in [*names, *stale]
            }
        if st.form_submit_button("Save the rules", type="primary"):
            rules = {name: rule for name, rule in chosen.items() if rule != "send"}
            with forms.saving(form, "Saved. Every prompt keeps to these rules from now on."), transaction() as session:
                forms.unmoved(seen, opened.view.rules)
                view = opened.view.model_copy(update={"rules": rules})
                views.save_view(session, user=user, view=view, base_version=opened.version, note="Rules of columns")


def _columns(user: User, opened: OpenView) -> list[str]:
    """Of the result for the parameters' defaults; none where it cannot be asked, with the reason on the page."""
    try:
        return list(dict.fromkeys(column.name for column in reading_of(opened.view, opened.source, reader=user, values={}).columns))
    except NexusError as error:
        st.warning(forms.sentence(error.message), icon=":material/error:")
        return []
