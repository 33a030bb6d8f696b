"""A page as one person sees it, without a browser: Home.py runs as it does for them, and then the page."""

import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from nexus import settings
from nexus.accounts.spec import User
from nexus.db import session as own
from nexus.db.tables import SessionRow
from nexus.settings import ROOT
from nexus.workspace import service as workspace
from tests.gemini_stand_in import GeminiStandIn

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


def head(app: AppTest) -> dict:
    """What the head of a dashboard was given to show."""
    return next(data for data in map(_data, app.get("bidi_component")) if "watch" in data)


def press(app: AppTest, name: str) -> AppTest:
    """Press a button of a dashboard's head, as its script tells the server."""
    (found,) = (element for element in app.get("bidi_component") if "watch" in _data(element))
    states = app._tree.get_widget_states()
    told = states.widgets.add(id=f"$$STREAMLIT_INTERNAL_KEY_{found.proto.id}__events")
    told.json_trigger_value = json.dumps({"event": "did", "value": name})
    return app._run(states)


def _data(component) -> dict:
    return json.loads(component.proto.json)


@pytest.fixture
def sample(sample_database, admin):
    """The sample workspace over its data; the administrator who applied it."""
    workspace.apply_sample(admin)
    return admin


@pytest.fixture
def gemini(monkeypatch):
    """A server that speaks Gemini's API, which this process has a key of."""
    with GeminiStandIn() as stand_in:
        use(monkeypatch, stand_in.url, key="AIza-of-the-tests")
        yield stand_in


def use(monkeypatch, url: str, *, key: str | None) -> None:
    """Ask the model at `url` with `key` from now on."""
    given = settings.read({"GEMINI_BASE_URL": url, "GOOGLE_API_KEY": key or ""} | {
        "SECRET_KEY": settings.current().secret_key.get_secret_value(),
        "ENCRYPTION_KEY": settings.current().encryption_key.get_secret_value(),
    })  # fmt: skip
    monkeypatch.setattr(settings, "current", lambda: given)


def labels(app) -> list[str]:
    return [element.label for element in app.button]


def until(app, condition):
    """Run the page, as its timer does, until it shows something."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, shown(app)
        time.sleep(0.05)
        app.run()
    return app


def listed(app: AppTest) -> str:
    """What the rows of a list say beside their titles."""
    return "\n".join(
        element.proto.body for element in app.get("html") if "nexus-listed" in element.proto.body and "<style" not in element.proto.body
    )
