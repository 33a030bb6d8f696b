"""What is around every page: who may see it, and what is said when something fails."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from nexus import defects
from nexus.accounts.spec import Role
from nexus.db import session as own
from nexus.db.tables import AuditRow, SessionRow
from nexus.settings import ROOT
from tests.pages.conftest import shown, sign_in

PAGES = sorted((ROOT / "pages").glob("*.py"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_ends_with_run_page(path):
    last = path.read_text().rstrip().splitlines()[-1]
    assert re.fullmatch(r"run_page\(\w+(, needs=Permission\.[A-Z_]+)?\)", last), (
        f"End {path.name} with `run_page(page)`: it finds the person, checks their permission and shows errors as sentences. "
        "Whatever stands outside it runs for strangers too."
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_is_in_the_navigation(path):
    assert f'"pages/{path.name}"' in (ROOT / "Home.py").read_text(), f"Name pages/{path.name} in Home.py: Streamlit serves no other page."


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_turns_a_stranger_away(path, database):
    app = AppTest.from_file(str(path), default_timeout=30).run()
    assert not app.exception
    assert [element.value for element in app.error] == ["Your session has ended. Sign in again. [Sign in](/login)"]
    assert not app.title


def test_an_ended_session_sees_nothing(visit, admin):
    session_id = sign_in(admin)
    with own.transaction() as session:
        row = session.get_one(SessionRow, session_id)
        row.ended_at = row.created_at
    app = visit("settings", admin, session=session_id)
    assert "Your session has ended" in shown(app)
    assert not app.title


@pytest.mark.parametrize("forged", ["", "0", "-1", "x", "1; drop table", "9" * 30, "²"])
def test_a_strange_identity_is_nobody(database, forged):
    app = AppTest.from_file(str(ROOT / "pages/account.py"), default_timeout=30)
    app.user = {"nexus": forged}
    app.run()
    assert "session has ended" in shown(app)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_only_administrators_open_the_settings(visit, make_user, role):
    app = visit("settings", make_user(role))
    assert [element.value for element in app.error] == ["Only administrators may do this. Ask one of them."]
    assert not app.title


def test_the_database_being_away_is_one_sentence(visit, admin, monkeypatch):
    app = visit("account", admin)
    monkeypatch.setattr(own, "_engine", None)
    app.run()
    assert [element.value for element in app.error] == [
        "Nexus cannot reach its own database right now. Try again in a minute; an administrator can run the doctor command."
    ]


def page_with(body: str, folder) -> AppTest:
    script = folder / "page.py"
    script.write_text(f"import streamlit as st\nfrom nexus.ui.page import run_page\n\n\ndef page(user):\n    {body}\n\n\nrun_page(page)\n")
    return AppTest.from_file(str(script), default_timeout=30)


def test_a_mistake_of_nexus_is_a_number_that_an_administrator_can_look_up(admin, tmp_path):
    app = page_with("raise KeyError('what somebody typed')", tmp_path)
    app.user = {"nexus": str(sign_in(admin))}
    app.run()
    (sentence,) = [element.value for element in app.error]
    assert "what somebody typed" not in sentence
    with own.transaction() as session:
        row = session.query(AuditRow).filter_by(what=defects.EVENT).one()
        assert row.subject.removeprefix("defect ") in sentence
        assert row.detail["where"] == "page page"


def test_control_flow_of_streamlit_is_no_mistake(admin, tmp_path):
    app = page_with("st.title('before'); st.stop()", tmp_path)
    app.user = {"nexus": str(sign_in(admin))}
    app.run()
    assert [element.value for element in app.title] == ["before"]
    assert not app.error


@pytest.mark.parametrize(
    "text",
    [
        "www.example.org",
        "https://example.org",
        "[a](https://b)",
        "**bold**",
        ":red[x]",
        "<b>x</b>",
        "$x^2$",
        "# head",
        "`code`",
        ":material/home:",
    ],
)
def test_what_people_typed_is_shown_as_it_is(admin, tmp_path, text):
    """Names and titles stand in places that read markdown; none of their signs may mean anything there."""
    from nexus.ui.forms import plain

    escaped = plain(text)
    assert re.sub(r"\\(.)", r"\1", escaped).replace("\u2060", "") == text
    assert not re.search(r"(?<!\\)[*_\[\]<>$#`:]", escaped)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("The view `late_flights` no longer exists.", "The view `late_flights` no longer exists."),
        ("It says: [a](https://b) and ![c](d).", "It says: \\[a\\](https:\u2060//b) and !\\[c\\](d)."),
        ("a_b * c :red[x] :material/home: $5", "a\\_b \\* c \\:red\\[x\\] \\:\u2060material/home: \\$5"),
        ("# not a head\n- nor a list", "\\# not a head - nor a list"),
        ("half ` of a pair, www.example.org, <b>", "half \\` of a pair, www\u2060.example.org, \\<b\\>"),
    ],
)
def test_an_error_is_one_sentence_whatever_it_quotes(message, shown):
    from nexus.ui.forms import sentence

    assert sentence(message) == shown
