"""The Statistics tab of a view: one column at a time, of the rows that the filters leave."""

import html
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.sources.spec import QueryStopped
from nexus.ui import grid_address, url, view_filters, waiting, when
from nexus.ui.forms import sentence
from nexus.ui.grid import cut
from nexus.views import format as formats_of
from nexus.views.afresh import read_columns
from nexus.views.appearance import Format
from nexus.views.service import OpenView
from nexus.views.statistics import Bar, Statistics, describe_column

LONGEST = 80
WHOLE = "g.whole"


def draw_statistics_tab(user: User, opened: OpenView, values: Mapping[str, Any], said: Any) -> None:
    address = grid_address.read()
    for problem in address.problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    try:
        reading = read_columns(opened, reader=user, values=values)
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return
    view_filters.draw_filters(user, reading, replace(address, hidden=()))
    column = address.column if address.column in reading.names else reading.names[0]
    labels = {
        name: formats_of.label(one, opened.view.formats.get(one.name)) for name, one in zip(reading.names, reading.columns, strict=True)
    }
    st.selectbox(
        "Column",
        reading.names,
        reading.names.index(column),
        lambda name: labels[name] if labels[name] == name else f"{labels[name]} · {name}",
        key=f"statistics-{column}",
        width=260,
        on_change=lambda: url.go(**{grid_address.COLUMN: st.session_state[f"statistics-{column}"], WHOLE: None}),
    )
    slot = st.skeleton(height=320)
    try:
        if waiting.cancelled("statistics"):
            raise QueryStopped()
        found = describe_column(
            opened,
            reader=user,
            values=values,
            column=column,
            where=address.page.where,
            whole=st.query_params.get(WHOLE) == "1",
            cancelled=waiting.patience(slot, key="statistics", why=f"Describing {html.escape(column)}."),
        )
    except QueryStopped as error:
        slot.info(sentence(error.message), icon=":material/stop_circle:")
        return
    except NexusError as error:
        slot.error(sentence(error.message), icon=":material/error:")
        return
    slot.html(markup(found, _written(found, opened)))
    with said:
        st.caption(f"{found.sentence} {found.elapsed_ms / 1000:.2f} s", width="content")
        if found.sampled:
            st.button("Look at all rows", key="statistics-whole", type="tertiary", on_click=lambda: url.go(**{WHOLE: "1"}))


def _written(found: Statistics, opened: OpenView) -> Any:
    zone, style = when.zone(), opened.view.formats.get(found.column.name)

    def written(value: Any) -> str:
        return html.escape(cut(formats_of.text(value, style, found.column, zone=zone), LONGEST)) or "empty"

    return written


def markup(found: Statistics, written: Any) -> str:
    """Figures, a small chart and the most frequent values, as HTML."""
    share = _share(found.empty, found.rows)
    figures = [("Rows", f"{found.rows:,}"), ("Empty", f"{found.empty:,} ({share})"), ("Different", f"{found.distinct:,}")]
    figures += [("Smallest", written(found.low)), ("Largest", written(found.high))] if found.low is not None else []
    figures += (
        [("Mean", written(_rounded(found.mean))), ("Median", written(_rounded(found.median)))]
        if found.mean is not None and found.median is not None
        else []
    )
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in figures)
    return f'<div class="nexus-statistics"><dl>{listed}</dl>{_histogram(found, written)}{_top(found, written)}</div>'


def _histogram(found: Statistics, written: Any) -> str:
    if not found.bars:
        return ""
    most = max(bar.count for bar in found.bars) or 1
    bars = "".join(
        f'<li style="--part: {bar.count / most:.4f}" title="{_span(bar, written)}: {bar.count:,}"><span>{_span(bar, written)}: {bar.count:,}</span></li>'
        for bar in found.bars
    )
    ends = f"<p><span>{_edge(found.bars[0].low, written)}</span><span>{_edge(found.bars[-1].high, written)}</span></p>"
    return f'<figure><figcaption>How the values lie</figcaption><ol class="bars">{bars}</ol>{ends}</figure>'


def _span(bar: Bar, written: Any) -> str:
    return f"{_edge(bar.low, written)} to {_edge(bar.high, written)}"


def _edge(value: Any, written: Any) -> str:
    return written(_rounded(value)) if isinstance(value, float) else written(value)


def _share(part: int, whole: int) -> str:
    return formats_of.text(part / whole, Format(style="percent", decimals=1)) if whole else formats_of.NOTHING


def _rounded(value: float) -> float:
    """To four digits that count, and never so that whole ones are lost."""
    return round(value, 1) if abs(value) >= 1_000 else float(f"{value:.4g}")


def _top(found: Statistics, written: Any) -> str:
    if not found.top:
        return ""
    most, filled = found.top[0][1], max(1, found.rows - found.empty)
    rows = "".join(
        f'<tr><td>{written(value)}</td><td class="right" style="--part: {count / most:.4f}">{count:,}</td><td class="right">{_share(count, filled)}</td></tr>'
        for value, count in found.top
    )
    return (
        '<figure><figcaption>Most frequent</figcaption><table><thead><tr><th scope="col">Value</th><th scope="col" class="right">Rows</th>'
        f'<th scope="col" class="right">Share</th></tr></thead><tbody>{rows}</tbody></table></figure>'
    )
