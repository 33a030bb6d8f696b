"""The ledger of reports: what was printed, by whom, with which filters, and its file."""

import pytest

from nexus.accounts.spec import Role
from nexus.db import session as own
from nexus.db.report_tables import ReportRow
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


def test_without_reports_the_page_says_how_one_is_made(visit, viewer):
    app = visit("reports", viewer)
    assert not app.exception
    assert "press **Download PDF**" in shown(app)


def test_a_report_tells_how_it_was_made_and_leads_to_its_file(visit, viewer, make_report):
    number = make_report(viewer, filters={"origin": ["EWR", "JFK"], "period": ["2013-06-01..2013-08-31"]})
    app = visit("reports", viewer)
    assert not app.error
    text = shown(app).replace("\\", "")
    for part in ("**Delays**", "by Ana", "4 pages", "1.5 MB", "A4, landscape", "origin: EWR, JFK", "version 3", "ab" * 32):
        assert part in text
    (link,) = files(app)
    assert f'href="/reports/{number}.pdf"' in link
    rows = app.table[0].value["Rows"]
    assert rows.iloc[0] == "1,234, cut"
    assert "no longer exists" in rows.iloc[1]


def test_everybody_sees_their_own_reports_and_administrators_all(visit, viewer, admin, make_user, make_report):
    make_report(viewer, title="Mine")
    make_report(make_user(Role.ANALYST, name="Otto"), title="Theirs")
    assert "Theirs" not in shown(visit("reports", viewer))
    assert {"**Mine**", "**Theirs**"} <= {element.value for element in visit("reports", admin).markdown}


def test_the_ledger_goes_back_page_by_page_and_is_searched(visit, viewer, make_report):
    for place in range(60):
        make_report(viewer, title=f"Report {place:02}")
    app = visit("reports", viewer)
    assert (len(files(app)), "**Report 59**" in shown(app)) == (25, True)
    button(app, "Older").click().run()
    button(app, "Older").click().run()
    assert len(files(app)) == 10
    assert "Older" not in [element.label for element in app.button]
    field(app, "Search reports").set_value("report 07").run()
    assert [element.value for element in app.markdown if "Report" in element.value] == ["**Report 07**"]
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
