"""From which figures on a metric has which colour."""

from typing import get_args

import streamlit as st

from nexus.ui.composing.draft import Given
from nexus.ui.composing.fields import Fields, change
from nexus.views.appearance import Tone

MOST = 10


def draw_thresholds(fields: Fields) -> None:
    thresholds: list[Given] = fields.target.get("thresholds") or []
    for number, one in enumerate(thresholds):
        own = Fields(fields.editing, one, f"{fields.scope}-threshold-{number}")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key=f"threshold-{number}"):
            own.number("at", "From")
            own.choice("tone", "Colour", {tone: tone for tone in get_args(Tone)})
            st.button(
                "Remove the colour",
                icon=":material/delete:",
                key=f"icon-threshold-off-{number}",
                type="tertiary",
                help="Remove the colour",
                on_click=change,
                args=(fields.editing, _remove, fields.target, number),
            )
    if len(thresholds) < MOST:
        st.button(
            ":material/palette: Colour by figure",
            key=f"{fields.scope}-threshold",
            on_click=change,
            args=(fields.editing, _add, fields.target),
        )


def _add(target: Given) -> None:
    held = target.setdefault("thresholds", [])
    highest = max((one["at"] for one in held if one.get("at") is not None), default=None)
    held.append({"at": 0 if highest is None else highest + 1, "tone": "amber"})


def _remove(target: Given, number: int) -> None:
    del target["thresholds"][number]
    if not target["thresholds"]:
        del target["thresholds"]
