"""The address of a page as the place where filter values live: what a reload, a colleague and another replica see."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import streamlit as st
from streamlit.errors import StreamlitAPIException

from nexus.errors import BadInput
from nexus.ui import when
from nexus.views import values as forms
from nexus.views.parameter import Parameter

OWN = frozenset({"name", "present", "panel", "turn", "edit", "new", "draft", "show", "tab", "to", "add", "q", "embed", "embed_options"})
"""Keys that pages and Streamlit read themselves. A parameter of such a name goes by `p.name` in a page's address."""
MOST_VALUES = 500
"""Values of one parameter that a page reads from its address."""


def text(key: str) -> str:
    """What the address says of `key`; empty where it says nothing. A NUL, which Postgres does not take, makes it a name that nothing has."""
    return st.query_params.get(key, "").replace("\0", "\ufffd")


def name() -> str | None:
    """Which thing the page is about: `?name=…`."""
    return text("name") if "name" in st.query_params else None


def given() -> dict[str, list[str]]:
    """The query of this page's address, as it came."""
    return {key: st.query_params.get_all(key)[:MOST_VALUES] for key in st.query_params}


def _key(parameter: str) -> str:
    return f"p.{parameter}" if parameter in OWN else parameter


def read(parameters: Iterable[Parameter], query: Mapping[str, list[str]] | None = None) -> tuple[dict[str, Any], list[str]]:
    """Values of `parameters` from the address, and one sentence for each that does not fit and so has its default."""
    query = given() if query is None else query
    values: dict[str, Any] = {}
    refused: list[str] = []
    with forms.in_zone(when.zone()):
        for parameter in parameters:
            try:
                texts = query.get(_key(parameter.name))
                values.update(forms.parse([parameter], {} if texts is None else {parameter.name: texts}))
            except BadInput as error:
                refused.append(error.message)
                values[parameter.name] = forms.default(parameter)
    return values, refused


def default(parameter: Parameter) -> Any:
    """Of today, as the reader's calendar says."""
    with forms.in_zone(when.zone()):
        return forms.default(parameter)


def _unparsed(parameters: Iterable[Parameter], values: Mapping[str, Any], *, for_good: bool = False) -> dict[str, list[str]]:
    with forms.in_zone(when.zone()):
        return forms.unparse(parameters, values, for_good=for_good)


def put(query: Mapping[str, str | list[str]]) -> None:
    """Make `query` the query of this page's address. What a widget is bound to stays as the widget has it."""
    try:
        st.query_params.from_dict(query)
    except StreamlitAPIException:
        # Streamlit refuses the whole for one bound key, also at the value it has.
        for key in given().keys() - query.keys():
            del st.query_params[key]
        present = given()
        st.query_params.update(
            {key: said for key, said in query.items() if present.get(key) != ([said] if isinstance(said, str) else said)}
        )


def write(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> None:
    """Put `values` into the address; what is not a parameter stays in it."""
    parameters = list(parameters)
    mine = {_key(parameter.name) for parameter in parameters}
    query = {key: texts for key, texts in given().items() if key not in mine}
    put(query | {_key(key): texts for key, texts in _unparsed(parameters, values).items()})


def go(**changes: str | None) -> None:
    """Change the page's address in place, for callbacks: None takes a key out."""
    query = {key: texts for key, texts in given().items() if key not in changes}
    put(query | {key: text for key, text in changes.items() if text is not None})


def link(path: str, parameters: Iterable[Parameter], values: Mapping[str, Any], **more: str) -> str:
    """An address of a file with `values` and `more` in its query; only what differs from fixed defaults is in it."""
    query = urlencode({**more, **_unparsed(list(parameters), values, for_good=True)}, doseq=True)
    return quote(path) + (f"?{query}" if query else "")


def query(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a page's address holds for `values`."""
    return {_key(key): texts for key, texts in _unparsed(list(parameters), values).items()}


def keys(parameters: Iterable[Parameter]) -> frozenset[str]:
    """The keys that their values have in a page's address."""
    return frozenset(_key(parameter.name) for parameter in parameters)


def page(path: str, parameters: Iterable[Parameter], values: Mapping[str, Any], *, name: str, **more: str) -> str:
    """The address of the page `path` about `name` with `values`, and with `more`."""
    return quote(path) + "?" + urlencode({"name": name, **query(parameters, values), **more}, doseq=True)
