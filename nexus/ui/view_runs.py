"""How a view runs: how often, how fast, from the cache or not, by whom, and what went wrong."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.ui import when
from nexus.ui.forms import sentence
from nexus.views import runs
from nexus.views.runs import Statistics


def draw_runs(user: User, view: str) -> None:
    """The last 30 days of the view called `view`."""
    with transaction() as session:
        found = runs.statistics(session, reader=user, view=view, zone=str(when.zone()))
    if not found.last_30_days:
        st.caption("Nobody has run this view in the last 30 days. Runs are counted a moment after they end.")
        return
    st.markdown(_frequency(found))
    st.markdown(_speed(found))
    _draw_days(found)
    if found.failed or found.stopped or found.cut:
        st.markdown(_ends(found))
    if found.last_error and found.last_error_at:
        st.warning(f"Last error, {when.since(found.last_error_at)}: {sentence(found.last_error)}", icon=":material/error:")
    if found.people:
        st.dataframe(
            [{"Who": person.name or "deleted", "Runs": person.runs, "Last": when.moment(person.last_at)} for person in found.people],
            hide_index=True,
            height="content",
            key=f"runs-people-{view}",
        )


def _frequency(found: Statistics) -> str:
    share = found.cached_share or 0
    return (
        f"**{found.last_24_hours:,}** run{'' if found.last_24_hours == 1 else 's'} in 24 hours · **{found.last_7_days:,}** in 7 days · "
        f"**{found.last_30_days:,}** in 30 days · **{share:.0%}** from the cache"
    )


def _speed(found: Statistics) -> str:
    if found.median_ms is None or found.p95_ms is None or found.max_ms is None:
        return "The database has not answered it in this time."
    rows = f" · {found.median_rows:,.0f} rows, at most {found.max_rows:,}" if found.median_rows is not None else ""
    return (
        f"Half answer within **{_took(found.median_ms)}**, 95 % within {_took(found.p95_ms)}; the slowest took {_took(found.max_ms)}{rows}"
    )


def _took(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms < 1_000 else f"{ms / 1_000:,.1f} s"


def _ends(found: Statistics) -> str:
    parts = [(found.cut, "cut"), (found.failed, "failed"), (found.stopped, "stopped")]
    return " · ".join(f"**{count:,}** {what}" for count, what in parts if count)


def _draw_days(found: Statistics) -> None:
    """Runs a day as bars, those that failed in a colour of their own."""
    rows = [
        # Noon, so that it is this day in every zone.
        {"day": f"{day.day.isoformat()}T12:00:00", "kind": kind, "order": order, "runs": count}
        for day in found.days
        for order, (kind, count) in enumerate((("answered", day.runs - day.failed), ("failed", day.failed)))
    ]
    spec = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "day",
                "type": "temporal",
                "timeUnit": "yearmonthdate",
                "title": None,
                "axis": {"format": "%-d %b", "tickCount": 6, "grid": False},
            },
            "y": {"field": "runs", "type": "quantitative", "title": "Runs", "axis": {"tickMinStep": 1, "tickCount": 3}},
            "color": {
                "field": "kind",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["answered", "failed"], "range": ["#3b78c2", "#c2413b"]},
                "legend": {"orient": "top"} if found.failed else None,
            },
            "order": {"field": "order"},
            "tooltip": [
                {"field": "day", "type": "temporal", "title": "Day"},
                {"field": "kind", "title": "How"},
                {"field": "runs", "title": "Runs"},
            ],
        },
    }
    busiest = max(day.runs for day in found.days)
    st.vega_lite_chart(
        rows, spec, height=220, width="stretch", theme="streamlit", alt=f"Runs a day in the last 30 days; at most {busiest:,} in one."
    )
