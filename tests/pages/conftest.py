"""A page as one person sees it, without a browser: Home.py runs as it does for them, and then the page."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from nexus.accounts.spec import User
from nexus.db import session as own
from nexus.db.tables import SessionRow
from nexus.settings import ROOT

Visit = Callable[..., AppTest]
_numbers = itertools.count(1)


def sign_in(user: User, *, user_agent: str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0") -> int:
    """Id of a new open session of theirs."""
    with own.transaction() as session:
        row = SessionRow(
            token_hash=str(next(_numbers)).encode(),
            user_id=user.id,
            address="203.0.113.7",
            user_agent=user_agent,
            expires_at=datetime.now(UTC) + timedelta(hours=8),
        )
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def visit(database: str) -> Visit:
    """`visit("settings", admin, section="people")` is that page after its first run; `session` names a session to use."""

    def open_page(page: str, user: User | None, /, *, session: int | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30)
        if user is not None:
            app.user = {"nexus": str(session or sign_in(user))}
        app.run()
        app.switch_page(f"pages/{page}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return open_page


def shown(app: AppTest) -> str:
    """All text on the page, for looking something up in it."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.error, app.success, app.info, app.warning, app.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def button(app: AppTest, label: str):
    """The first button called `label`."""
    found = [element for element in app.button if element.label == label]
    assert found, f"no button {label!r} among {[element.label for element in app.button]}"
    return found[0]


def field(app: AppTest, label: str):
    """The first text field called `label`."""
    found = [element for element in app.text_input if element.label == label]
    assert found, f"no field {label!r} among {[element.label for element in app.text_input]}"
    return found[0]


def grid(app) -> dict:
    """What the grid of a view was given to show."""
    return json.loads(app.get("bidi_component")[0].proto.json)
