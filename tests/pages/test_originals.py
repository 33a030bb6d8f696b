"""Two people look at answers made of pseudonyms: one may see what stands behind them, the other not."""

import json

import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.errors import NotAllowed
from nexus.prompts import counting, history, service
from nexus.prompts.data import pseudonym
from nexus.prompts.request import Piece, PromptRun
from nexus.prompts.spec import Prompt
from nexus.reports import ledger
from nexus.reports import service as reports
from nexus.reports.circumstances import Circumstances
from nexus.reports.layout import Layout
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.spec import Source
from nexus.views import service as views
from nexus.views.spec import View
from tests import printed
from tests.pages.conftest import shown

CREW = """
create schema crew;
create table crew.people (email text, lead text);
insert into crew.people values ('ann@crew.example', 'lead@crew.example'), ('bob@crew.example', 'other@crew.example');
do $$ begin
    if not exists (select from pg_roles where rolname = 'nexus_crew') then create role nexus_crew login password 'a password'; end if;
end $$;
grant usage on schema crew to nexus_crew;
grant select on all tables in schema crew to nexus_crew;
"""
MINE = "select email from crew.people where lead = current_setting('nexus.user_email')"
RULES = [{"schema": "crew", "table": "people", "column": "email", "rule": "mask"}]
ORIGINAL = "ann@crew.example"
FIELDS = [{"name": "who"}, {"name": "late", "type": "number"}]
PANELS = [
    {"kind": "prompt", "name": "words", "title": "In words", "prompt": "words"},
    {"kind": "prompt", "name": "table", "title": "As rows", "prompt": "fields", "shows": "table"},
    {
        "kind": "prompt",
        "name": "chart",
        "title": "As bars",
        "prompt": "fields",
        "shows": "chart",
        "chart": {"kind": "bar", "x": "who", "y": ["late"]},
    },
]


@pytest.fixture
def lead(make_user) -> User:
    """Sees Ann's address."""
    return make_user(Role.ANALYST, email="lead@crew.example")


@pytest.fixture
def other(make_user) -> User:
    return make_user(Role.ANALYST, email="other@crew.example")


@pytest.fixture
def mark(database) -> str:
    return pseudonym("email", ORIGINAL)


@pytest.fixture
def asked(lead, mark):
    """`asked(person)` are their runs, in words and in fields: both speak of Ann, whom only her lead may see."""
    with own.transaction() as session:
        session.execute(text(CREW))
        source = Source.model_validate({"name": "crew", "title": "Crew", "per_reader": True, "rules": RULES})
        store.put(session, source=source, address=own_role("nexus_crew", "a password"), changed_by=None)
        view = {"name": "mine", "title": "Mine", "source": "crew", "question": {"kind": "sql", "sql": MINE}}
        views.save_view(session, user=lead, view=View.model_validate(view))
        common = {"title": "Who is late", "template": "Who is late?", "data": [{"name": "people", "view": "mine"}]}
        for made in ({"name": "words"}, {"name": "fields", "output": {"fields": FIELDS}}):
            service.save_prompt(session, user=lead, prompt=Prompt.model_validate(common | made))
        board = {"name": "late", "title": "Late", "panels": [panel | {"width": 12, "height": 4} for panel in PANELS]}
        dashboards.save_dashboard(session, user=lead, dashboard=Dashboard.model_validate(board))
    answers = {"words": f"**{mark}** was late.", "fields": json.dumps([{"who": mark, "late": 3}, {"who": "nobody", "late": 0}])}

    def ask(person: User, name: str) -> PromptRun:
        with own.transaction() as session:
            opened = service.find_prompt(session, reader=person, name=name)
        prepared = service.prepare(user=person, opened=opened, values={})
        assert ORIGINAL not in prepared.request.model_dump_json()
        *_, run = service.run(user=person, prepared=prepared, generate=says(answers[name]))
        return run

    return lambda person: [ask(person, name) for name in answers]


def says(answer: str):
    return lambda _: (piece for piece in (Piece(text=answer), Piece(ending="complete")))


def html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def file_of(report, reader: User) -> str:
    with own.transaction() as session:
        return " ".join(printed.texts(ledger.file_of(session, reader=reader, report_id=report.id)))


def test_a_page_shows_originals_to_who_may_see_them(asked, visit, lead, other, mark):
    for person, may in ((lead, True), (other, False)):
        asked(person)
        for name in ("words", "fields"):
            app = visit("prompt", person, name=name)
            assert not app.exception
            assert (ORIGINAL in html(app)) is may, html(app)
            assert (f'title="Sent as {mark}"' in html(app)) is may
            assert ("shown to you by your own rights" in shown(app)) is may
            assert may or mark in html(app)


def test_panels_of_words_rows_and_bars_show_originals_to_who_may_see_them(asked, visit, lead, other, mark):
    for person, may in ((lead, True), (other, False)):
        asked(person)
        app = visit("dashboard", person, name="late")
        assert not app.exception
        assert (ORIGINAL in html(app)) is may
        drawn = [
            str(element.proto) for element in (*app.get("vega_lite_chart"), *app.get("arrow_vega_lite_chart"), *app.get("bidi_component"))
        ]
        drawn += [element.value.to_csv() for element in app.dataframe]
        assert sum(ORIGINAL in one for one in drawn) == (2 if may else 0), drawn
        assert sum(mark in one for one in drawn) == (0 if may else 2)


def test_paper_has_originals_for_who_may_see_them_and_the_ledger_says_which(asked, lead, other, mark, printer):
    for person, may in ((lead, True), (other, False)):
        words, fields = asked(person)
        made = [
            reports.print_prompt_run(Circumstances(user=person, layout=Layout(), printer=printer), run_id=run.id) for run in (words, fields)
        ]
        made.append(reports.print_dashboard(Circumstances(user=person, layout=Layout(), printer=printer), name="late", values={}))
        for report in made:
            on_paper = file_of(report, person)
            assert (ORIGINAL in on_paper, mark in on_paper) == (may, not may), on_paper
            kept = [query.get("originals") for query in report.queries if "run" in query]
            assert kept == [[mark] if may else None] * len(kept)
            assert ORIGINAL not in json.dumps(report.queries)


def test_a_file_of_runs_has_originals_for_who_may_see_them(asked, lead, other, mark):
    for person, may in ((lead, True), (other, False)):
        asked(person)
        for kind in ("csv", "jsonl"):
            said = "".join(history.export(kind, reader=person))
            assert (ORIGINAL in said, mark in said) == (may, not may)


def test_a_value_chosen_from_a_masked_column_is_kept_as_its_pseudonym_and_read_by_who_may_see_it(asked, visit, lead, other, mark):
    asked(lead)
    with own.transaction() as session:
        variable = {"type": "choice", "name": "who", "choices": {"view": "mine", "column": "email"}}
        prompt = {"name": "to", "title": "To", "template": "Write to {{ who }}.", "variables": [variable]}
        service.save_prompt(session, user=lead, prompt=Prompt.model_validate(prompt))
        opened = service.find_prompt(session, reader=lead, name="to")
    prepared = service.prepare(user=lead, opened=opened, values={"who": ORIGINAL})
    *_, run = service.run(user=lead, prepared=prepared, generate=says("Dear all"))
    with own.transaction() as session:
        assert session.execute(text("select variables from nexus.prompt_runs where id = :id"), {"id": run.id}).scalar_one() == {
            "who": [mark]
        }
        assert service.open_prompt(session, reader=lead, name="to").answer_for({"who": [ORIGINAL]}) == run
    for person, may in ((lead, True), (other, False)):
        app = visit("prompt", person, name="to")
        assert (ORIGINAL in app.dataframe[0].value.to_csv()) is may
        assert ("".join(history.export("csv", reader=person, prompt="to")).count(ORIGINAL) == 1) is may


def test_an_administrator_sees_what_somebody_else_would_send_and_nothing_is_asked_in_their_name(
    asked, visit, admin, lead, other, viewer, mark
):
    asked(lead)
    for person, sees in ((lead, True), (other, False)):
        app = visit("prompt", admin, name="words", **{"g.as": str(person.id)})
        assert not app.exception
        assert "What they would send" in [element.value for element in app.subheader]
        assert any(mark in element.value for element in app.code) is sees
        assert (ORIGINAL in html(app)) is sees
        assert not {"Send to Gemini", "Run again", "Count exactly", "Edit", "Save"} & {element.label for element in app.button}
        assert not [link for link in app.get("link_button") if "/prompt-runs" in link.proto.url]
    app = visit("prompt", admin, name="words", **{"g.as": str(viewer.id)})
    assert not app.code, "a viewer sends nothing"
    assert "Only administrators" in shown(visit("prompt", other, name="words", **{"g.as": str(lead.id)}))
    looking = lead.model_copy(update={"looked_at_by": admin.id})
    with own.transaction() as session:
        opened = service.find_prompt(session, reader=looking, name="words")
    prepared = service.prepare(user=looking, opened=opened, values={})
    for somebody in (looking, admin):
        with pytest.raises(NotAllowed):
            next(service.run(user=somebody, prepared=prepared, generate=says("Never.")))
        with pytest.raises(NotAllowed):
            counting.count(user=somebody, prepared=prepared, count_tokens=lambda _: 1)
