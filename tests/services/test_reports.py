"""A dashboard becomes a file that a person can hand out, and a record of how it was made."""

import hashlib
import json
from datetime import UTC, date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pypdf
import pytest

from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.metric import metric
from nexus.dashboards.spec import Dashboard, DataPanel, MetricPanel, TablePanel
from nexus.db import session as own
from nexus.db.prompt_runs import PromptRunRow
from nexus.db.tables import AuditRow, UserRow
from nexus.errors import BadInput, NotFound
from nexus.prompts import service as prompts
from nexus.reports import ledger, routes, service
from nexus.reports.browser import PrintBrowser
from nexus.reports.circumstances import Circumstances
from nexus.reports.layout import Layout
from nexus.reports.ledger import ReportNotFound
from nexus.reports.spec import Report
from nexus.views import format
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.spec import View
from nexus.workspace import service as workspace

FILTERS = {"period": (date(2013, 7, 1), date(2013, 7, 31)), "origin": ("EWR",)}


@pytest.fixture(scope="module")
def ana(shared_sample: str) -> User:
    with own.transaction() as session:
        row = UserRow(email="ana@example.org", name="Ana Müller", role="viewer")
        session.add(row)
        session.flush()
        return User(id=row.id, email=row.email, name=row.name, role=Role.VIEWER)


@pytest.fixture(scope="module")
def ada(shared_sample: str) -> User:
    with own.transaction() as session:
        row = UserRow(email="ada@example.org", name="Ada", role="admin")
        session.add(row)
        session.flush()
        return User(id=row.id, email=row.email, name=row.name, role=Role.ADMIN)


@pytest.fixture(scope="module")
def sample(ada: User) -> None:
    workspace.apply_sample(ada)


@pytest.fixture(scope="module")
def delays(ana: User, sample: None, printer: PrintBrowser) -> Report:
    """The sample's dashboard, as Ana printed it for Newark in July."""
    return service.print_dashboard(
        Circumstances(user=ana, layout=Layout(), zone=ZoneInfo("Europe/Berlin"), printer=printer), name="delays", values=FILTERS
    )


def file_of(report: Report, reader: User) -> bytes:
    with own.transaction() as session:
        return ledger.file_of(session, reader=reader, report_id=report.id)


def text_of(file: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(file)).pages).split())


def printed(text: str) -> str:
    return " ".join(text.split())


def test_a_dashboard_is_printed_with_the_figures_of_the_screen(delays, ana):
    text = text_of(file_of(delays, ana))
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=ana, name="delays")
    assert "Delays at a glance" in text
    assert "1 Jul 2013" in text
    assert "EWR" in text
    assert "prepared by Ana Müller (ana@example.org)" in text
    for panel in opened.dashboard.panels:
        assert panel.title in text
        if isinstance(panel, MetricPanel):
            figure = metric(panel, dashboards.ask_panel(opened, panel, reader=ana, values=FILTERS), opened.view(panel.view).view.formats)
            assert printed(figure.value_text) in text
        if isinstance(panel, TablePanel):
            table = dashboards.ask_panel(opened, panel, reader=ana, values=FILTERS)
            style = opened.view(panel.view).view.formats
            for column in table.columns:
                shown = format.text(table.rows[-1][table.position(column.name)], style.get(column.name), column)
                assert printed(shown) in text
    assert "15 Jul" in text, "the weeks stand below the chart"
    assert "has not been run with these filters" in text, "the prompt panel says so; printing asks nobody"


def test_a_figure_with_nothing_to_compare_says_nothing_of_it(ada, sample, printer):
    everything = {"period": (date(2013, 1, 1), date(2013, 12, 31))}
    report = service.print_dashboard(Circumstances(user=ada, layout=Layout(), printer=printer), name="delays", values=everything)
    text = text_of(file_of(report, ada))
    assert "336,776" in text
    assert "in the period before" not in text


def test_every_figure_says_which_question_it_came_from(delays, ana):
    text = text_of(file_of(delays, ana))
    assert "How these figures were read" in text
    assert "from sample.flights" in text.lower()
    assert "complete" in text
    assert "CET" in text, "times are in the zone that was asked for"


def test_the_record_says_how_it_was_made(delays, ana):
    file = file_of(delays, ana)
    assert delays.sha256 == hashlib.sha256(file).hexdigest()
    assert delays.size_bytes == len(file)
    assert delays.pages == len(pypdf.PdfReader(BytesIO(file)).pages)
    assert delays.elapsed_ms > 0
    assert (delays.kind, delays.subject, delays.title, delays.created_by_name) == (
        "dashboard",
        "delays",
        "Delays at a glance",
        "Ana Müller",
    )
    assert delays.filters == {"period": ["2013-07-01..2013-07-31"], "origin": ["EWR"]}
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=ana, name="delays")
    asked = [panel for panel in opened.dashboard.panels if isinstance(panel, DataPanel)]
    assert delays.subject_version == opened.version
    assert [query["panel"] for query in delays.queries] == [panel.name for panel in asked]
    for query, panel in zip(delays.queries, asked, strict=True):
        table = dashboards.ask_panel(opened, panel, reader=ana, values=FILTERS)
        assert (query["view"], query["rows"], query["complete"]) == (panel.view, table.row_count, True)


def test_printing_and_nothing_else_is_audited(delays, ana):
    with own.transaction() as session:
        entry = session.query(AuditRow).filter_by(what="report.printed", user_id=ana.id).order_by(AuditRow.id).first()
        assert entry.subject == "dashboard delays"
        assert entry.detail["report"] == delays.id
        assert "EWR" not in json.dumps(entry.detail)


def test_a_report_is_its_makers_and_the_administrators(delays, ana, ada, sample):
    with own.transaction() as session:
        row = UserRow(email="bob@example.org", name="Bob", role="analyst")
        session.add(row)
        session.flush()
        bob = User(id=row.id, email=row.email, name=row.name, role=Role.ANALYST)
        assert ledger.find_report(session, reader=ana, report_id=delays.id) == delays
        assert delays.id in [report.id for report in ledger.list_reports(session, reader=ada)]
        assert ledger.list_reports(session, reader=bob) == []
        for ask in (ledger.find_report, ledger.file_of):
            with pytest.raises(ReportNotFound):
                ask(session, reader=bob, report_id=delays.id)
            with pytest.raises(ReportNotFound):
                ask(session, reader=ana, report_id=10**9)


def test_reports_are_found_by_words_and_listed_newest_first(delays, ana, printer):
    second = service.print_dashboard(
        Circumstances(user=ana, layout=Layout(orientation="landscape"), printer=printer), name="weather-and-aircraft", values={}
    )
    with own.transaction() as session:
        found = ledger.list_reports(session, reader=ana)
        assert [report.id for report in found] == sorted((report.id for report in found), reverse=True)
        assert second.id in [report.id for report in found]
        assert [report.id for report in ledger.list_reports(session, reader=ana, search="GLANCE müller")] == [delays.id]
        assert ledger.list_reports(session, reader=ana, search="100%_") == []
        assert delays.id not in [report.id for report in ledger.list_reports(session, reader=ana, before=delays.id)]


def test_a_view_is_printed_with_its_chart_and_all_its_rows(ana, sample, printer):
    report = service.print_view(
        Circumstances(user=ana, layout=Layout(paper="Letter"), printer=printer), name="delays-by-carrier", values={}
    )
    with own.transaction() as session:
        view = views.find_view(session, reader=ana, name="delays-by-carrier")
    table = views.ask(view, reader=ana, values={})
    text = text_of(file_of(report, ana))
    assert view.view.title in text
    assert f"{table.row_count:,} rows" in text
    assert report.queries[0]["rows"] == table.row_count


def test_a_broken_panel_says_so_and_the_others_stand(ana, ada, sample, printer):
    with own.transaction() as session:
        views.save_view(
            session,
            user=ada,
            view=View(
                name="broken", title="Broken", source="sample", question={"kind": "sql", "sql": "select nothing_there from sample.flights"}
            ),
        )
        dashboards.save_dashboard(
            session,
            user=ada,
            dashboard=Dashboard(
                name="half",
                title="Half <b>broken</b>",
                panels=(
                    {"kind": "table", "name": "bad", "title": "Bad one", "view": "broken"},
                    {"kind": "table", "name": "good", "title": "Good one", "view": "carriers"},
                    {"kind": "text", "name": "words", "text": "Some **words** <script>alert(1)</script>"},
                ),
            ),
        )
    report = service.print_dashboard(Circumstances(user=ana, layout=Layout(), printer=printer), name="half", values={})
    text = text_of(file_of(report, ana))
    assert "Half <b>broken</b>" in text
    assert "JetBlue" in text
    assert "Some words" in text
    assert "<script>" in text, "shown as it was typed"
    assert [("error" in query) for query in report.queries] == [True, False]


def test_an_answer_to_these_filters_is_printed_with_what_it_came_from(ana, sample, printer):
    with own.transaction() as session:
        prompt = prompts.open_prompt(session, reader=ana, name="morning-brief").opened
        filters = dashboards.open_dashboard(session, reader=ana, name="delays").dashboard.filters
        values = typed.check(filters, {"origin": ("LGA",)})
        taken = typed.check(prompt.prompt.variables, prompts.take(prompt.prompt.variables, values))
        session.add(
            PromptRunRow(
                prompt_id=prompt.id,
                prompt_version=prompt.version,
                user_id=ana.id,
                dashboard="delays",
                variables=prompts.variables_of(prompt.prompt, taken, filters=filters, filter_values=values),
                data={"blocks": []},
                data_hash="0" * 64,
                model="gemini-test",
                status="complete",
                answer="LaGuardia was **calm** ![x](http://127.0.0.1/x.png)",
                prompt_tokens=1_000,
                answer_tokens=204,
            )
        )
    report = service.print_dashboard(Circumstances(user=ana, layout=Layout(), printer=printer), name="delays", values={"origin": ("LGA",)})
    text = text_of(file_of(report, ana))
    assert "LaGuardia was calm" in text
    assert "gemini-test" in text
    assert "1,204 tokens" in text
    assert report.queries[-1]["prompt"] == "morning-brief"


def test_an_answer_is_printed_by_itself_as_it_was_recorded_and_only_for_who_may_see_it(ana, ada, sample, printer):
    with own.transaction() as session:
        prompt = prompts.open_prompt(session, reader=ana, name="morning-brief").opened
        block = {
            "name": "days",
            "view": "days",
            "view_title": "Days of <b>2013</b>",
            "view_version": 4,
            "parameters": {},
            "columns": ["day", "flights"],
            "rows": 31,
            "complete": False,
            "read_at": "2026-11-24T12:00:00+00:00",
            "digest": "0" * 64,
        }
        row = PromptRunRow(
            prompt_id=prompt.id,
            prompt_version=prompt.version,
            user_id=ana.id,
            variables={"origin": ["JFK"]},
            data={"blocks": [block]},
            data_hash="0" * 64,
            model="gemini-test",
            status="complete",
            answer="Kennedy was **busy**",
        )
        session.add(row)
        session.flush()
        run = row.id
    report = service.print_prompt_run(Circumstances(user=ana, layout=Layout(cover=True), printer=printer), run_id=run)
    text = text_of(file_of(report, ana))
    for words in (
        "Kennedy was busy",
        "Origin JFK",
        "For the operations meeting",
        "Date 1 Jun 2013 – 31 Aug 2013",
        "gemini-test",
        "What was sent",
        "Days of <b>2013</b>",
        "day, flights",
        f"Prompt run {run}, version",
    ):
        assert words in text
    assert (report.kind, report.subject, report.filters, report.layout) == ("prompt-run", str(run), {"origin": ["JFK"]}, Layout(cover=True))
    sent = report.queries[1]
    assert (sent["view"], sent["version"], sent["rows"], sent["complete"]) == ("days", 4, 31, False)
    with own.transaction() as session:
        stranger = UserRow(email="zoe@example.org", name="Zoe", role="viewer")
        session.add(stranger)
        session.flush()
        zoe = User(id=stranger.id, email=stranger.email, name=stranger.name, role=Role.VIEWER)
    with pytest.raises(NotFound):
        service.print_prompt_run(Circumstances(user=zoe, layout=Layout(), printer=printer), run_id=run)


def test_a_value_that_does_not_fit_and_a_dashboard_that_is_not_there_print_nothing(ana, sample, printer):
    with own.transaction() as session:
        before = len(ledger.list_reports(session, reader=ana))
    with pytest.raises(BadInput):
        service.print_dashboard(Circumstances(user=ana, layout=Layout(), printer=printer), name="delays", values={"period": "yesterday"})
    with pytest.raises(NotFound):
        service.print_dashboard(Circumstances(user=ana, layout=Layout(), printer=printer), name="nothing", values={})
    with own.transaction() as session:
        assert len(ledger.list_reports(session, reader=ana)) == before


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("Delays at a glance", "Delays%20at%20a%20glance%202026-11-24.pdf"),
        ("遅延", "%E9%81%85%E5%BB%B6%202026-11-24.pdf"),
        ("../../etc/passwd", "etc%20passwd%202026-11-24.pdf"),
        ('a"\r\nSet-Cookie: x=1', "a%20Set-Cookie%20x%3D1%202026-11-24.pdf"),
        ("...", "delays%202026-11-24.pdf"),
    ],
)
def test_the_file_is_named_after_the_title_in_every_language(title, file):
    header = routes.disposition(title, "delays", datetime(2026, 11, 24, tzinfo=UTC))
    assert header == f"attachment; filename=\"delays-2026-11-24.pdf\"; filename*=UTF-8''{file}"
