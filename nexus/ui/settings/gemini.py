"""Gemini: the key, which is stored encrypted and never shown again, the model, and a test of both."""

import streamlit as st

from nexus import settings
from nexus.accounts import service as accounts
from nexus.accounts.spec import User
from nexus.db.limits import Price
from nexus.db.session import transaction
from nexus.prompts import gemini
from nexus.ui import forms
from nexus.ui.settings import setting
from nexus.ui.settings.setting import fixed, origin, read


def draw(user: User) -> None:
    saved, people = read(user)
    st.markdown("Prompts run on Google's Gemini. What a prompt sends is shown before it is sent; without a key nothing ever is.")
    before = setting.begun(saved, "gemini", "gemini_model")
    forms.told("gemini")
    has_key = saved.values.google_api_key is not None
    with st.form(forms.key("gemini")):
        key = st.text_input(
            "Key",
            key=forms.key("gemini", "key"),
            type="password",
            autocomplete="off",
            placeholder="A key is set; type another to replace it" if has_key else "From aistudio.google.com",
            disabled=fixed(saved, "google_api_key"),
        )
        origin(saved, "google_api_key", people)
        model = st.text_input(
            "Model", before["gemini_model"], key=forms.key("gemini", "gemini_model"), max_chars=100, disabled=fixed(saved, "gemini_model")
        )
        origin(saved, "gemini_model", people)
        st.caption(_costs(saved.values.gemini_prices.get(saved.values.gemini_model)))
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            test = st.form_submit_button("Test")
            remove = has_key and not fixed(saved, "google_api_key") and st.form_submit_button("Remove the key")
    if save:
        with forms.saving("gemini", "Saved. Test it, to be sure."):
            typed = {"gemini_model": (model or "").strip()} | ({"google_api_key": key.strip()} if key else {})
            setting.save(user, saved, before | {"google_api_key": saved.values.google_api_key}, typed)
    elif remove:
        with forms.saving("gemini", "The key is removed. Prompts do not run until there is another."), transaction() as session:
            accounts.change_setting(session, user=user, name="google_api_key", value=None)
    elif test:
        with forms.refused(), st.spinner("Asking Gemini …"):
            st.success(forms.sentence(gemini.try_key(key or None, model=(model or "").strip())), icon=":material/check:")
    if address := settings.current().gemini_base_url:
        st.caption(f"Requests go to `{address}`, from `GEMINI_BASE_URL`.")


def _costs(price: Price | None) -> str:
    if price is None:
        return "No price is set for it: it counts in tokens, and does not run where a budget in dollars holds. Set one in Settings, under Budgets."
    return f"\\${price.input:g} for a million tokens that are sent, \\${price.output:g} for as many that come back. Other prices are set under Budgets."
