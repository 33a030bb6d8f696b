"""The ledger of reports: what was printed, by whom, with which filters, and its file."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role
from nexus.db import session as own
from nexus.db.report_tables import ReportJobRow, ReportRow
from nexus.reports.jobs import Cancelled
from nexus.reports.snapshot import Column, Panel, pack
from nexus.reports.store import records
from tests.pages.conftest import button, field, shown


@pytest.fixture
def make_report(database):
    def make(user, *, title: str = "Delays", filters: dict | None = None, **columns) -> int:
        values = {
            "kind": "dashboard",
            "subject": "delays",
            "subject_version": 3,
            "layout": {"paper": "A4", "orientation": "landscape"},
            "queries": [
                {"panel": "routes", "view": "late-routes", "rows": 1234, "complete": False, "elapsed_ms": 71.2},
                {"panel": "gone", "view": "old", "error": "The view `old` no longer exists. Choose another view for this panel."},
            ],
            "file": b"%PDF-",
            "sha256": "ab" * 32,
            "size_bytes": 1_572_864,
            "pages": 4,
            "elapsed_ms": 812,
        }
        with own.transaction() as session:
            row = ReportRow(title=title, filters=filters or {}, created_by=user.id, **(values | columns))
            session.add(row)
            session.flush()
            return row.id

    return make


def files(app):
    return [element.value for element in app.get("html") if "/reports/" in element.value]


def titles(app):
    found = [
        re.search(r'class="nexus-title nexus-here" href="/reports.report=[^>]*>([^<]*)<', element.value) for element in app.get("html")
    ]
    return [one[1] for one in found if one]


def test_without_reports_the_page_says_how_one_is_made(visit, viewer):
    app = visit("reports", viewer)
    assert not app.exception
    assert "press **Download PDF**" in shown(app)


def test_the_list_says_what_a_report_is_and_leads_to_its_file(visit, viewer, make_report):
    number = make_report(viewer, filters={"origin": ["EWR", "JFK"], "period": ["2013-06-01..2013-08-31"]})
    app = visit("reports", viewer)
    assert not app.error
    text = shown(app).replace("\\", "")
    for part in ("by Ana", "Dashboard delays, version 3", "4 pages", "1.5 MB", "A4, landscape", "origin: EWR, JFK"):
        assert part in text
    (link,) = files(app)
    assert f'href="/reports/{number}.pdf"' in link
    assert titles(app) == ["Delays"]


def test_a_report_tells_how_it_was_made(visit, viewer, make_report):
    asked = {"query": {"zone": ["Europe/Berlin"]}, "meant": [["Origin", "EWR, JFK"]]}
    number = make_report(viewer, asked=asked)
    app = visit("reports", viewer, report=str(number))
    assert not app.error
    record = " ".join(app.table[0].value["What"]).replace("\\", "")
    for part in ("Dashboard delays, version 3", "Ana", "Origin: EWR, JFK", "Europe/Berlin", "A4, landscape", "4 pages"):
        assert part in record
    assert "ab" * 32 in shown(app)
    rows = app.table[1].value["Rows"]
    assert rows.iloc[0] == "1,234, cut"
    assert "no longer exists" in rows.iloc[1]
    assert "This is the only one so far" in shown(app)


def test_a_file_that_was_removed_leaves_its_record(visit, viewer, make_report):
    number = make_report(viewer, removed_at=datetime(2026, 11, 1, tzinfo=UTC), file=None)
    for app in (visit("reports", viewer), visit("reports", viewer, report=str(number))):
        assert not app.error
        assert files(app) == []
        assert "file removed 1 Nov 2026" in shown(app)


@pytest.mark.parametrize(
    "query", [{"report": "x"}, {"report": "9" * 30}, {"report": "\0"}, {"compare": "1"}, {"compare": "-1", "with": "²"}]
)
def test_an_address_that_no_page_gave_gets_one_sentence(visit, viewer, query):
    app = visit("reports", viewer, **query)
    assert not app.exception
    assert "Open another from the list" in app.error[0].value or "This is one report" in app.error[0].value


def test_someone_elses_report_has_no_page_and_is_not_compared(visit, viewer, make_user, make_report):
    otto = make_user(Role.ANALYST, name="Otto")
    first, second = make_report(otto, title="Secret"), make_report(otto, title="Secret")
    for query in ({"report": str(first)}, {"compare": str(first), "with": str(second)}):
        app = visit("reports", viewer, **query)
        assert "Secret" not in shown(app)
        assert "it is someone else's" in app.error[0].value


def test_two_issues_stand_side_by_side(visit, viewer, make_report):
    def issue(flights: int, rows: dict[str, int], text: str) -> int:
        number = make_report(viewer)
        columns = (
            Column(name="carrier", head="Carrier", values=list(rows)),
            Column(name="n", head="<b>n</b>", numeric=True, values=[str(n) for n in rows.values()]),
        )
        panels = [
            Panel(name="figure", kind="figure", title="Flights", text=f"{flights:,}", value=str(flights)),
            Panel(
                name="rows", kind="table", title="[Routes](x)", columns=columns, keys=("carrier",), row_count=len(rows), kept_rows=len(rows)
            ),
            Panel(name="brief", kind="text", title="Brief", text=text),
            Panel(name="same", kind="text", title="Steady", text="as ever"),
        ]
        with own.transaction() as session:
            records.keep_snapshot(session, report_id=number, content=pack([lambda panel=panel: panel for panel in panels]))
        return number

    before, after = issue(1000, {"AA": 1, "B6": 2}, "calm"), issue(1100, {"AA": 4, "UA": 3}, "busy")
    app = visit("reports", viewer, compare=str(before), **{"with": str(after)})
    assert not app.exception
    assert not app.error
    text = shown(app)
    said = [[cell.replace("\\", "") for cell in row] for table in app.table for row in table.value.to_numpy().tolist()]
    assert ["Flights", "1,000", "1,100", "+100 (+10 %)"] in said
    assert ["AA", "<b>n</b>", "1", "4", "+3 (+300 %)"] in said
    assert ["UA", "3"] in said
    assert ["B6", "2"] in said
    assert "1 changed, 1 added, 1 removed" in text.replace("\\", "")
    assert "- calm" in text
    assert "+ busy" in text
    assert "The same in both: Steady" in text
    assert "[Routes](x)" not in text


def test_a_hash_is_looked_up(visit, viewer, make_report):
    make_report(viewer)
    app = visit("reports", viewer, verify="1")
    field(app, "Or its SHA-256").set_value("AB" * 32).run()
    assert "was issued by this Nexus on" in app.success[0].value
    field(app, "Or its SHA-256").set_value("cd" * 32).run()
    assert "not one that this Nexus issued" in app.warning[0].value
    field(app, "Or its SHA-256").set_value("nothing").run()
    assert "64 characters" in app.error[0].value


def test_reports_are_narrowed_to_a_person_and_to_days(visit, viewer, admin, make_user, make_report):
    make_report(viewer, title="Mine", created_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    make_report(admin, title="Theirs", created_at=datetime(2026, 3, 6, 12, tzinfo=UTC))
    make_report(make_user(Role.ANALYST, name="Otto"), title="Ours", created_at=datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert titles(visit("reports", admin, by=str(viewer.id))) == ["Mine"]
    assert titles(visit("reports", admin, **{"from": "2026-03-06"})) == ["Theirs"]
    assert titles(visit("reports", admin, to="2026-03-05")) == ["Ours", "Mine"]
    app = visit("reports", admin, **{"from": "yesterday", "to": "9999-12-31", "by": "x"})
    assert len(titles(app)) == 3
    assert not app.exception
    choice = next(element for element in app.selectbox if element.label == "Who made it")
    choice.select("Otto").run()
    assert titles(app) == ["Ours"]


def test_everybody_sees_their_own_reports_and_administrators_all(visit, viewer, admin, make_user, make_report):
    make_report(viewer, title="Mine")
    make_report(make_user(Role.ANALYST, name="Otto"), title="Theirs")
    assert titles(visit("reports", viewer)) == ["Mine"]
    assert titles(visit("reports", admin)) == ["Theirs", "Mine"]


def test_the_ledger_goes_back_page_by_page_and_is_searched(visit, viewer, make_report):
    for place in range(60):
        make_report(viewer, title=f"Report {place:02}")
    app = visit("reports", viewer)
    assert (len(files(app)), titles(app)[0]) == (25, "Report 59")
    button(app, "Older").click().run()
    button(app, "Older").click().run()
    assert len(files(app)) == 10
    assert "Older" not in [element.label for element in app.button]
    field(app, "Search reports").set_value("report 07").run()
    assert titles(app) == ["Report 07"]
    field(app, "Search reports").set_value("nothing\0like 100%").run()
    assert "No report matches" in shown(app)
    assert not app.error


def test_a_title_that_people_typed_means_nothing_to_the_page(visit, viewer, make_report):
    make_report(viewer, title='"><img src=x onerror=alert(1)> [a](https://evil.example)', filters={"a": ["<b>", "[x](y)"]})
    app = visit("reports", viewer)
    (link,) = files(app)
    assert "<img" not in link
    assert "[a](" not in shown(app)
    assert "[x](" not in shown(app)


def test_a_print_that_waits_says_how_many_are_before_it(visit, viewer, admin):
    with own.transaction() as session:
        for person in (admin, viewer):
            session.add(ReportJobRow(user_id=person.id, kind="view", subject="late", title="Late", given={}))
            session.flush()
    app = visit("reports", viewer)
    assert [one.proto.text for one in app.get("progress")] == ["**Late** · waits, with 1 before it"]
    assert [one.proto.text for one in visit("reports", admin).get("progress")][-1] == "**Late** · is the next to be printed"


def test_a_cancelled_print_is_said_to_be_ones_own_doing_only_to_who_asked_for_it(visit, viewer, admin):
    with own.transaction() as session:
        row = ReportJobRow(user_id=viewer.id, kind="view", subject="late", title="Late", given={}, state="running", cancelled=True)
        session.add(row)
    assert "You can leave this page" not in shown(visit("reports", viewer, job=str(row.id))), "it does not go on"
    with own.transaction() as session:
        ended = {"id": row.id, "note": Cancelled.message}
        session.execute(text("update nexus.report_jobs set state = 'stopped', ended_at = now(), note = :note where id = :id"), ended)
    for query in ({"job": str(row.id)}, {}):
        assert "was not printed. You cancelled this print." in shown(visit("reports", viewer, **query))
        assert "for Ana was not printed. It was cancelled." in shown(visit("reports", admin, **query))
