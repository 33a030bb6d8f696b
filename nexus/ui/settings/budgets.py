"""Budgets: what models cost, what may be spent in a month and what was, and how long runs and what they sent are kept."""

from re import fullmatch
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.limits import PRICE_LIST, PRICED_ON, Price, published
from nexus.db.saved import Saved
from nexus.db.session import transaction
from nexus.errors import BadInput
from nexus.prompts import budgets
from nexus.prompts.spec import MODEL_NAME
from nexus.ui import forms, spending
from nexus.ui.column_rules import records, table_of
from nexus.ui.settings.setting import begun, fixed, origin, read, save

NUMBERS = {
    "gemini_at_once": "Calls at the same time; more wait in a queue",
    "gemini_per_minute": "Calls begun in a minute; empty for as many as come",
    "gemini_seconds": "Seconds that Gemini may take for an answer",
    "answer_hours": "Hours that an equal request gets the answer that is there; 0 asks again",
    "prompt_run_days": "Days that prompt runs are kept",
    "prompt_data_days": "Days that the data they sent is kept, encrypted; 0 keeps none",
}
WHOM = ["everybody", "person", "role", "prompt"]


def draw(user: User) -> None:
    saved, people = read(user)
    st.markdown(
        "Before a prompt leaves, the most that it can cost is set aside; a run that could pass a budget is not sent. "
        "A month begins with its first day in UTC. Where Gemini does not say what a broken or stopped answer took, the most that it could counts."
    )
    st.subheader("Budgets", anchor=False)
    _budgets(user, saved, people)
    st.subheader("Prices", anchor=False)
    _prices(user, saved, people)
    st.subheader("Queue, answers and records", anchor=False)
    _numbers(user, saved, people)
    st.subheader("What was spent", anchor=False)
    with transaction() as session:
        lines = budgets.usage(session, reader=user, everybody=True)
    spending.draw_usage(lines, everybody=True)


def _budgets(user: User, saved: Saved, people: dict[int, str]) -> None:
    seen = begun(saved, "budgets", "budgets")
    options = {
        "of": st.column_config.SelectboxColumn("Of", options=WHOM, default="person", required=True),
        "who": st.column_config.TextColumn("Who", help="E-mail, role, or name of a prompt. Empty: each of them has this much.", default=""),
        "tokens": st.column_config.NumberColumn("Tokens a month", min_value=0, step=1, format="localized"),
        "usd": st.column_config.NumberColumn("US dollars a month", min_value=0.0, format="$%.2f"),
        "warn_percent": st.column_config.NumberColumn("Warn at %", min_value=1, max_value=100, step=1, default=80, required=True),
    }
    rows = _edited("budgets", [budget.model_dump(mode="json") for budget in seen["budgets"]], options)
    if rows is not None:
        with forms.saving("budgets", "Saved. Runs are held to these budgets from now on."):
            save(user, saved, seen, {"budgets": rows})
    with transaction() as session:
        nobodys = budgets.of_nobody(session, user=user)
    if nobodys:
        st.warning(
            f"Nobody and nothing is called so, and a budget of it holds for none: {forms.plain(', '.join(nobodys))}.",
            icon=":material/warning:",
        )
    origin(saved, "budgets", people)


def _prices(user: User, saved: Saved, people: dict[int, str]) -> None:
    usual = saved.origins["gemini_prices"] == "default"
    whose = (
        f"These are Google's of {PRICED_ON}, for text on the paid tier, until you save others; where the list names a later price, that one from its day on."
        if usual
        else "These are your own."
    )
    st.caption(
        f"US dollars for a million tokens. {whose} [Google's list]({PRICE_LIST}) has those of today. Thinking costs as the answer does. "
        "A model without a price counts in tokens only, and does not run where a budget in dollars holds."
    )
    seen = begun(saved, "gemini_prices", "gemini_prices")
    before = [{"model": model, **price.model_dump(mode="json")} for model, price in seen["gemini_prices"].items()]
    before += _asked_for(saved)
    options = {
        "model": st.column_config.TextColumn("Model", required=True, max_chars=100, default=saved.values.gemini_model),
        "input": st.column_config.NumberColumn("Input", min_value=0.0, required=True, format="$%.4f"),
        "output": st.column_config.NumberColumn("Answer and thinking", min_value=0.0, required=True, format="$%.4f"),
        "cached": st.column_config.NumberColumn("Input that Google still knows", min_value=0.0, format="$%.4f"),
        "long_input": st.column_config.NumberColumn(
            "Input over 200,000 tokens", min_value=0.0, format="$%.4f", help="Some models cost more for long requests. Empty: as others."
        ),
        "long_output": st.column_config.NumberColumn("Answer to those", min_value=0.0, format="$%.4f"),
    }
    rows = _edited("gemini_prices", before, options)
    if rows is not None:
        with forms.saving("gemini_prices", "Saved. Runs from now on are counted at these prices."):
            save(user, saved, seen, {"gemini_prices": _by_model(rows)})
    if not usual and st.button(f"Back to Google's prices of {PRICED_ON}", key="prices-back", type="tertiary"):
        with forms.saving("gemini_prices", "Google's published prices hold again."):
            save(user, saved, seen, {"gemini_prices": None}, back=True)
    origin(saved, "gemini_prices", people)


def _by_model(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Raises BadInput for a row without a model, and for a model with two prices."""
    models = [str(row.pop("model", "")).strip() for row in rows]
    if not all(models):
        raise BadInput(f"Line {models.index('') + 1} names no model. Write its name, or take the line out.")
    twice = next((model for model in models if models.count(model) > 1), None)
    if twice is not None:
        raise BadInput(f"The model `{twice[:100]}` has two prices. Keep one of them.")
    return dict(zip(models, rows, strict=True))


def _asked_for(saved: Saved) -> list[dict[str, Any]]:
    """The row of a model that a page missed a price of: with Google's where there is one, else to be filled in."""
    model = st.query_params.get("price", "")
    if not fullmatch(MODEL_NAME, model) or model in saved.values.gemini_prices:
        return []
    price = published().get(model)
    known = (
        "Google's price of it stands in the last row: save it." if price else "Its row is the last one: fill in what a million tokens cost."
    )
    st.info(f"{forms.plain(model)} has no price. {known}", icon=":material/payments:")
    return [{"model": model, **(price.model_dump(mode="json") if price else dict.fromkeys(Price.model_fields))}]


def _edited(name: str, before: list[dict[str, Any]], options: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The rows as they were typed, when they are to be saved. The form and the table in it are called as the setting is."""
    forms.told(name)
    with st.form(forms.key(name), border=False):
        typed = st.data_editor(
            table_of(before, options),
            column_config=options,
            num_rows="dynamic",
            hide_index=True,
            key=forms.key(name, name),
            width="stretch",
            placeholder="",
        )
        if not st.form_submit_button("Save"):
            return None
    return [{column: value for column, value in row.items() if value is not None} for row in records(typed)]


def _numbers(user: User, saved: Saved, people: dict[int, str]) -> None:
    seen = begun(saved, "queue", *NUMBERS)
    forms.told("queue")
    with st.form(forms.key("queue"), border=False):
        typed = {
            name: st.number_input(
                label,
                value=seen[name],
                min_value=0,
                step=1,
                key=forms.key("queue", name),
                disabled=fixed(saved, name),
                width=320,
            )
            for name, label in NUMBERS.items()
        }
        kept = st.form_submit_button("Save")
    if kept:
        with forms.saving("queue"):
            save(user, saved, seen, typed)
    changed = [name for name in NUMBERS if name in saved.changed_at]
    if changed:
        origin(saved, max(changed, key=lambda name: saved.changed_at[name]), people)
