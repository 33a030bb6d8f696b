"""Tokens and money on the page: what was spent, and how near a budget is to its end."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.model_calls import Usage
from nexus.db.session import transaction
from nexus.prompts import budgets
from nexus.prompts.request import Request
from nexus.ui import forms


def dollars(micros: int | None) -> str:
    """`$0.0004`; empty where it is not known."""
    return "" if micros is None else f"${micros / 1e6:,.4f}"


def draw_most(user: User, request: Request) -> None:
    """What a request may cost at most, beside it before it is sent; or that nobody knows, and what that means."""
    with transaction() as session:
        price = budgets.price_of(session, reader=user, model=request.model)
    if price is None:
        _say_no_price(user, request.model)
        return
    st.caption(f"At most {forms.plain(dollars(budgets.most_usd_micros(request, price)))} for it and the longest answer.")


def _say_no_price(user: User, model: str) -> None:
    may_set = user.may(Permission.ADMINISTER)
    whom = "" if may_set else " An administrator can set one."
    st.caption(f"No price set for {forms.plain(model)}: it counts in tokens, and does not run where a budget in dollars holds.{whom}")
    if may_set:
        # Its row is written there already.
        query = urlencode({"section": "budgets", "price": model})
        st.link_button(f"Set a price for {forms.plain(model)}", f"/settings?{query}", icon=":material/payments:", type="tertiary")


def draw_usage(lines: Sequence[Usage], *, everybody: bool) -> None:
    """One table by month, person, role, prompt and model."""
    if not lines:
        st.caption("Nothing yet. It begins with the first prompt that is run.")
        return
    rows = [
        {
            "Month": f"{line.month:%Y-%m}",
            **({"Person": line.person or "(gone)", "Role": line.role} if everybody else {}),
            "Prompt": line.prompt or {"question": "(ask the data)"}.get(line.purpose, f"({line.purpose})"),
            "Model": line.model,
            "Calls": line.calls,
            "Without charge": line.failed or None,
            "Tokens sent": line.prompt_tokens,
            "Tokens back": line.answer_tokens,
            "Set aside": line.set_aside or None,
            "US dollars": line.usd,
        }
        for line in lines
    ]
    config = {
        "US dollars": st.column_config.NumberColumn(format="$%.4f"),
        "Set aside": st.column_config.NumberColumn(help="Tokens of calls under way, and of those that Gemini gave no count for."),
    }
    for name in ("Calls", "Tokens sent", "Tokens back"):
        config[name] = st.column_config.NumberColumn(format="localized")
    st.dataframe(rows, hide_index=True, width="stretch", height="content" if len(rows) < 12 else 420, column_config=config, placeholder="")


def draw_mine(user: User) -> None:
    """On one's own page: the budgets that hold for oneself, and what one spent."""
    with transaction() as session:
        standings = budgets.standings(session, user=user)
        lines = budgets.usage(session, reader=user)
    for standing in standings:
        st.progress(min(1.0, standing.share), text=forms.plain(standing.words))
    draw_usage(lines, everybody=False)


def draw_warning(user: User, prompt: str) -> None:
    """Where somebody is about to send: the budget that is nearly gone, if one is."""
    with transaction() as session:
        nearest = next(iter(budgets.standings(session, user=user, prompt=prompt)), None)
    if nearest and nearest.warns:
        st.warning(f"{forms.plain(nearest.words)} are used. A run that could pass it is not sent.", icon=":material/payments:")
