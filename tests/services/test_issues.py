"""A report is issued again, compared with another issue, verified by its hash, and removed when it is old."""

import hashlib
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pypdf
import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role, User
from nexus.dashboards import picks as picked
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import saved
from nexus.db import session as own
from nexus.db.report_tables import ReportRow
from nexus.db.tables import ShareRow, UserRow
from nexus.errors import BadInput, NotFound
from nexus.reports import issues, ledger, orders, retention
from nexus.reports.browser import PrintBrowser
from nexus.reports.layout import Layout
from nexus.reports.ledger import FileRemoved, ReportNotFound
from nexus.reports.spec import Report, Wanted
from nexus.reports.store import files, records
from nexus.sources import service as sources
from nexus.sources import store as source_store
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests.server import until

ZONE = {"zone": ["Europe/Berlin"]}


def person(name: str, role: Role) -> User:
    with own.transaction() as session:
        row = UserRow(email=f"{name}@example.org", name=name.capitalize(), role=role)
        session.add(row)
        session.flush()
        return User(id=row.id, email=row.email, name=row.name, role=role)


@pytest.fixture(scope="module")
def ada(shared_sample: str) -> User:
    ada = person("ada", Role.ADMIN)
    workspace.apply_sample(ada)
    return ada


@pytest.fixture(scope="module")
def ana(ada: User) -> User:
    return person("ana", Role.ANALYST)


@pytest.fixture(scope="module")
def bob(ada: User) -> User:
    return person("bob", Role.ANALYST)


@pytest.fixture(scope="module")
def july(ana: User, printer: PrintBrowser) -> Report:
    return printed(ana, printer, period=["2013-07-01..2013-07-31"], origin=["EWR"], paper=["Letter"], cover=["yes"])


@pytest.fixture(scope="module")
def august(ana: User, printer: PrintBrowser) -> Report:
    return printed(ana, printer, period=["2013-08-01..2013-08-31"], origin=["EWR"])


def printed(user: User, printer: PrintBrowser, **given: list[str]) -> Report:
    return orders.carry_out("dashboard", user=user, name="delays", given={**ZONE, **given}, printer=printer)


def save(user: User, name: str, sql: str, *, version: int | None = None, open_to_all: bool = True, **more) -> None:
    view = View.model_validate(
        {"name": name, "title": name.capitalize(), "question": {"kind": "sql", "sql": sql}, "source": "sample", **more}
    )
    with own.transaction() as session:
        views.save_view(session, user=user, view=view, base_version=version, open_to_all=open_to_all)


def view_pdf(user: User, printer: PrintBrowser, name: str, **given: list[str]) -> Report:
    return orders.carry_out("view", user=user, name=name, given={**ZONE, **given}, printer=printer)


def paper_of(report: Report, reader: User) -> str:
    with own.transaction() as session:
        file = ledger.file_of(session, reader=reader, report_id=report.id)
    return " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(file)).pages)


def share(view: str, person: User, *, by: User) -> int:
    """Let the person see it. The view's id."""
    with own.transaction() as session:
        view_id = session.execute(text("select id from nexus.views where name = :name"), {"name": view}).scalar_one()
        session.add(ShareRow(kind="view", kept_id=view_id, user_id=person.id, may_edit=False, shared_by=by.id))
    return view_id


def compared(reader: User, before: Report, after: Report) -> issues.Comparison:
    with own.transaction() as session:
        return issues.compared(session, reader=reader, before=before.id, after=after.id)


def test_issued_again_it_has_the_same_filters_layout_and_zone_and_says_what_it_repeats(ana, july, printer):
    again = issues.issue_again(user=ana, report_id=july.id, printer=printer)
    assert (again.filters, again.layout, again.asked, again.issue_of) == (july.filters, july.layout, july.asked, july.id)
    assert again.layout == Layout(paper="Letter", cover=True)
    assert again.sha256 != july.sha256
    with own.transaction() as session:
        assert {july.id, again.id} <= {report.id for report in issues.history(session, reader=ana, report=july)}


def test_two_issues_of_the_same_data_differ_in_nothing(ana, july, printer):
    again = issues.issue_again(user=ana, report_id=july.id, printer=printer)
    comparison = compared(ana, again, july)
    assert (comparison.before.id, comparison.after.id) == (july.id, again.id)
    assert comparison.settings == []
    assert {panel.found for panel in comparison.panels} == {"same"}
    assert {"figure", "table", "chart"} <= {panel.kind for panel in comparison.panels}


def test_two_issues_say_which_figures_and_rows_are_others(ana, july, august):
    comparison = compared(ana, july, august)
    assert {one.label for one in comparison.settings} >= {"Date", "Layout: paper", "Layout: cover"}
    figures = [panel for panel in comparison.panels if panel.figure and panel.found == "changed"]
    assert figures
    assert all(panel.figure.words for panel in figures)
    flights = next(panel for panel in figures if panel.title == "Flights")
    change = int(flights.figure.after.replace(",", "")) - int(flights.figure.before.replace(",", ""))
    assert flights.figure.difference == change
    tables = [panel for panel in comparison.panels if panel.rows]
    assert all(panel.rows.key_heads for panel in tables), "the sample's tables have groups"
    assert any(panel.rows.changed for panel in tables)


def test_a_filter_in_words_moves_with_the_days_and_can_be_held(ada, ana, printer):
    save(
        ada,
        "lately",
        "select current_date as day where current_date between :period_from and :period_to",
        parameters=[{"name": "period", "type": "date_range", "default": "last 7 days"}],
    )
    report = view_pdf(ana, printer, "lately")
    assert report.asked.moving == {"period": "last 7 days"}
    today = date.fromisoformat(report.asked.days["period"][0].split("..")[1])
    then = [f"{today - timedelta(days=36)}..{today - timedelta(days=30)}"]
    with own.transaction() as session:
        row = session.get(ReportRow, report.id)
        row.asked = {**row.asked, "days": {"period": then}}
    with own.transaction() as session:
        old = ledger.find_report(session, reader=ana, report_id=report.id)
        (moved,) = issues.understood(session, reader=ana, report=old).moved
    assert (moved.label, moved.words) == ("Period", "last 7 days")
    assert moved.then != moved.now
    with_today = issues.issue_again(user=ana, report_id=report.id, printer=printer)
    assert (with_today.filters, with_today.asked.days["period"]) == ({}, report.asked.days["period"])
    held = issues.issue_again(user=ana, report_id=report.id, same_days=True, printer=printer)
    assert (held.filters, held.asked.moving) == ({"period": then}, {})
    assert held.queries[0]["rows"] == 0


def test_what_was_clicked_is_in_the_record_and_issued_again(ada, ana, printer):
    save(ada, "docks", "select * from (values ('EWR', 10), ('JFK', 20)) as docks(origin, flights)")
    panels = [{"kind": "table", "name": name, "view": "docks"} for name in ("left", "right")]
    with own.transaction() as session:
        dashboards.save_dashboard(
            session, user=ada, dashboard=Dashboard.model_validate({"name": "docks", "title": "Docks", "panels": panels})
        )
    pick = picked.written((picked.Pick(panel="left", points=({"origin": "JFK"},)),))
    report = orders.carry_out("dashboard", user=ana, name="docks", given={picked.KEY: [pick]}, printer=printer)
    assert [query["rows"] for query in report.queries] == [2, 1]
    assert (report.asked.query[picked.KEY], report.asked.meant) == ([pick], [("Picked", "origin: JFK")])
    again = issues.issue_again(user=ana, report_id=report.id, printer=printer)
    assert ([query["rows"] for query in again.queries], again.asked) == ([2, 1], report.asked)


def test_the_part_of_a_view_that_was_printed_is_printed_again(ana, printer):
    where = ['[{"column": "airline", "operator": "contains", "value": "JetBlue"}]']
    report = view_pdf(ana, printer, "delays-by-carrier", **{"g.where": where})
    assert report.queries[0]["rows"] < 16
    again = issues.issue_again(user=ana, report_id=report.id, printer=printer)
    assert (again.asked.query["g.where"], again.queries[0]["rows"]) == (where, report.queries[0]["rows"])


def test_a_filter_that_is_gone_is_left_out_and_said(ada, ana, printer):
    parameters = [{"name": "origin", "type": "text", "default": "JFK"}]
    save(ada, "narrow", "select :origin as origin", parameters=parameters)
    report = view_pdf(ana, printer, "narrow", origin=["EWR"])
    save(ada, "narrow", "select 1 as one", version=1)
    with own.transaction() as session:
        found = issues.understood(session, reader=ana, report=report)
    assert (found.version, found.notes) == (2, ["The filter `origin` is gone, and is left out."])
    again = issues.issue_again(user=ana, report_id=report.id, printer=printer)
    assert again.filters == {}
    (version, *_) = compared(ana, report, again).settings
    assert (version.label, version.then, version.now) == ("Version", "1", "2")


def test_rows_of_a_view_that_changed_meanwhile_are_named(ada, ana, printer):
    save(ada, "ports", "select * from (values ('EWR', 10), ('JFK', 20), ('LGA', 30)) as ports(origin, flights)")
    before = view_pdf(ana, printer, "ports")
    save(ada, "ports", "select * from (values ('EWR', 15), ('JFK', 20), ('SWF', 1)) as ports(origin, flights)", version=1)
    (rows,) = [panel.rows for panel in compared(ana, before, view_pdf(ana, printer, "ports")).panels]
    assert (rows.added, rows.removed) == ((("SWF", "1"),), (("LGA", "30"),))
    assert [(one.key, one.cells["flights"].words) for one in rows.changed] == [(("EWR",), "+5 (+50 %)")]


def test_reports_of_different_things_and_one_with_itself_are_not_compared(ana, july, printer):
    other = view_pdf(ana, printer, "delays-by-carrier")
    with pytest.raises(BadInput, match="different things"):
        compared(ana, july, other)
    with pytest.raises(BadInput, match="one report"):
        compared(ana, july, july)


def test_nobody_compares_issues_or_repeats_reports_of_others(ana, bob, ada, july, august):
    for reader in (bob,):
        with pytest.raises(ReportNotFound):
            compared(reader, july, august)
        with pytest.raises(ReportNotFound):
            issues.issue_again(user=reader, report_id=july.id)
        with own.transaction() as session:
            assert records.snapshot(session, reader=reader, report_id=july.id) is None
            assert issues.history(session, reader=reader, report=july) == []
            assert [maker.name for maker in ledger.makers(session, reader=reader)] == []
    assert compared(ada, july, august).panels, "administrators see all"
    with own.transaction() as session:
        assert "Ana" in [maker.name for maker in ledger.makers(session, reader=ada)]


def test_a_view_that_may_be_seen_no_longer_takes_its_reports_figures_and_names_along(ada, ana, bob, printer):
    save(ada, "salaries", "select 'Kim' as person, 99000 as salary", open_to_all=False)
    view_id = share("salaries", ana, by=ada)
    first, second = view_pdf(ana, printer, "salaries"), view_pdf(ana, printer, "salaries")
    assert compared(ana, first, second).panels
    file = b"".join(ledger.chunks_of(reader=ana, report_id=first.id))
    with own.transaction() as session:
        session.execute(text("delete from nexus.shares where kind = 'view' and kept_id = :id"), {"id": view_id})
    asks = (
        lambda: compared(ana, first, second),
        lambda: issues.issue_again(user=ana, report_id=first.id, printer=printer),
        lambda: list(ledger.chunks_of(reader=ana, report_id=first.id)),
        lambda: orders.carry_out("view", user=ana, name="salaries", given={}, printer=printer),
    )
    for ask in asks:
        with pytest.raises(NotFound) as refused:
            ask()
        for word in ("salaries", "Salaries", "Kim", "99000"):
            assert word not in refused.value.message.replace("`salaries`", ""), "what they typed themselves may be said back"
    with own.transaction() as session:
        for listed in ledger.list_reports(session, reader=ana), issues.history(session, reader=ana, report=first):
            assert first.id not in [report.id for report in listed]
        found = ledger.verify(session, reader=ana, sha256=hashlib.sha256(file).hexdigest())
    assert found is not None, "it is genuine"
    assert found.model_dump(exclude_defaults=True) == {"created_at": first.created_at}, "and nothing else is told"


@pytest.fixture
def slips(ada: User, ana: User) -> None:
    """A view of a source that is told who reads. Ana may see it, Bob may not."""
    with own.transaction() as session:
        shared = sources.find(session, reader=ada, name="sample").model_copy(update={"name": "by-reader", "per_reader": True})
        source_store.put(session, source=shared, address=source_store.find_address(session, name="sample"), changed_by=ada.id)
    save(ada, "pay-slips", "select 'of ' || current_setting('nexus.user_email') as slip", source="by-reader", open_to_all=False)
    share("pay-slips", ana, by=ada)


def nothing_of(first: Report, second: Report, *, reader: User, printer: PrintBrowser) -> None:
    """Two reports of one view are neither given out, compared, issued again nor listed."""
    for ask in (
        lambda: list(ledger.chunks_of(reader=reader, report_id=first.id)),
        lambda: compared(reader, first, second),
        lambda: issues.issue_again(user=reader, report_id=first.id, printer=printer),
    ):
        with pytest.raises(ReportNotFound) as refused:
            ask()
        assert "slip" not in refused.value.message.lower()
    with own.transaction() as session:
        found = (
            ledger.list_reports(session, reader=reader),
            ledger.list_reports(session, reader=reader, search=first.title),
            issues.history(session, reader=reader, report=first),
        )
        assert not {report.id for listed in found for report in listed} & {first.id, second.id}
        assert records.snapshot(session, reader=reader, report_id=first.id) is None


def test_a_report_of_a_source_that_is_told_who_reads_is_its_makers_alone(ada, ana, bob, slips, printer):
    first, second = (view_pdf(ada, printer, "pay-slips") for _ in range(2))
    hers = view_pdf(ana, printer, "pay-slips")
    assert "of ada@example.org" in paper_of(first, ada)
    assert "of ana@example.org" in paper_of(hers, ana)
    assert "of ada@example.org" not in paper_of(hers, ana)
    for reader in (ana, bob):
        nothing_of(first, second, reader=reader, printer=printer)
    nothing_of(hers, first, reader=bob, printer=printer)
    with pytest.raises(NotFound):
        view_pdf(bob, printer, "pay-slips")
    with own.transaction() as session:
        hers_to_see, not_his = (ledger.verify(session, reader=reader, sha256=first.sha256) for reader in (ana, bob))
    assert (hers_to_see.title, hers_to_see.readable) == ("Pay-slips", False), "who may see the view may know that this is of it"
    assert not_his.model_dump(exclude_defaults=True) == {"created_at": first.created_at}, "neither its name nor who made it"


def test_a_panel_that_its_reader_may_not_see_is_neither_kept_nor_named(ada, ana, printer):
    save(ada, "bonuses", "select 12345 as bonus", open_to_all=False)
    spec = {
        "name": "mixed",
        "title": "Mixed",
        "panels": [
            {"kind": "table", "name": "open", "view": "delays-by-carrier"},
            {"kind": "table", "name": "shut", "view": "bonuses"},
        ],
    }
    with own.transaction() as session:
        dashboards.save_dashboard(session, user=ada, dashboard=Dashboard.model_validate(spec))
    report = orders.carry_out("dashboard", user=ana, name="mixed", given={}, printer=printer)
    with own.transaction() as session:
        kept = records.snapshot(session, reader=ana, report_id=report.id)
    for where in (report.model_dump_json(), zlib.decompress(kept).decode(), paper_of(report, ana)):
        assert "bonuses" not in where.lower()
        assert "12345" not in where
        assert "12,345" not in where


@pytest.mark.parametrize("sha256", ["", "x", "a" * 63, "g" * 64, "a" * 65, "ａ" * 64, "\0" * 64])
def test_what_is_no_hash_gets_one_sentence(ana, sha256):
    with own.transaction() as session, pytest.raises(BadInput, match="64 characters"):
        ledger.verify(session, reader=ana, sha256=sha256)


def test_a_file_in_hand_is_told_apart_from_a_changed_one(ana, bob, july):
    file = b"".join(ledger.chunks_of(reader=ana, report_id=july.id))
    with own.transaction() as session:
        found = ledger.verify(session, reader=ana, sha256=f" {hashlib.sha256(file).hexdigest().upper()} ")
        assert (found.id, found.title, found.made_by, found.subject_version, found.readable) == (
            july.id,
            "Delays at a glance",
            "Ana",
            1,
            True,
        )
        other = ledger.verify(session, reader=bob, sha256=hashlib.sha256(file).hexdigest())
        assert (other.title, other.readable) == ("Delays at a glance", False), "who may see the dashboard may know that this is of it"
        assert ledger.verify(session, reader=ana, sha256=hashlib.sha256(file + b" ").hexdigest()) is None


def test_reports_are_found_by_person_day_and_kind(ana, ada, july, printer):
    def found(**wanted) -> set[int]:
        with own.transaction() as session:
            return {report.id for report in ledger.list_reports(session, reader=ada, wanted=Wanted(**wanted))}

    assert july.id in found(made_by=ana.id, kind="dashboard", subject="delays", since=july.created_at)
    assert july.id not in found(made_by=ada.id)
    assert july.id not in found(kind="view")
    assert july.id not in found(until=july.created_at)
    assert july.id not in found(since=july.created_at + timedelta(seconds=1))


@pytest.fixture
def limits(database) -> Iterator:
    def set_to(**values) -> None:
        with own.transaction() as session:
            for name, value in values.items():
                saved.write(session, name=name, value=value, changed_by=None)

    return set_to


@pytest.fixture
def kept(database, make_user):
    """Makes reports of some age and size, as rows."""
    user = make_user(Role.VIEWER)

    def make(subject: str, *, days: int = 0, size_mb: int = 1) -> int:
        with own.transaction() as session:
            row = ReportRow(
                kind="view", subject=subject, subject_version=1, title=subject, file=b"%PDF-", sha256=f"{subject}{days}".ljust(64, "0"),
                size_bytes=size_mb * 1024 * 1024, pages=1, elapsed_ms=1, created_by=user.id,
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.execute(
                text("update nexus.reports set created_at = now() - make_interval(days => :days) where id = :id"),
                {"days": days, "id": row.id},
            )
            records.keep_snapshot(session, report_id=row.id, content=b"x")
            return row.id

    make.user = user
    return make


def still_there() -> set[int]:
    with own.transaction() as session:
        return set(session.execute(text("select id from nexus.reports where file is not null")).scalars())


def test_old_files_go_and_the_newest_of_each_thing_stays(kept, limits):
    old, last, lonely = kept("a", days=400), kept("a", days=390), kept("b", days=500)
    fresh = kept("c")
    limits(report_days=365)
    assert retention.clean_up() == 1
    assert still_there() == {last, lonely, fresh}
    with own.transaction() as session:
        record = ledger.find_report(session, reader=kept.user, report_id=old)
        assert record.removed_at is not None
        assert not record.comparable
        assert ledger.verify(session, reader=kept.user, sha256=record.sha256).removed_at is not None, "verifying still answers"
        with pytest.raises(FileRemoved):
            ledger.file_of(session, reader=kept.user, report_id=old)
    limits(report_last_kept=False)
    assert retention.clean_up() == 2
    assert still_there() == {fresh}


def test_beyond_the_size_the_oldest_go_first(kept, limits):
    made = [kept(f"s{number}", days=9 - number, size_mb=4) for number in range(5)]
    limits(report_mb=10, report_last_kept=False)
    assert retention.clean_up() == 3
    assert still_there() == set(made[3:])
    assert retention.clean_up() == 0


def test_what_was_said_goes_before_the_file(kept, limits):
    report = kept("a", days=40)
    limits(report_snapshot_days=30)
    assert retention.clean_up() == 0
    with own.transaction() as session:
        record = ledger.find_report(session, reader=kept.user, report_id=report)
        assert (record.comparable, record.removed_at) == (False, None)


def test_two_processes_do_not_clean_up_at_once(kept, limits):
    kept("a", days=400), kept("a", days=390)
    limits(report_days=365)
    with own.transaction() as session:
        assert files.alone(session)
        assert retention.clean_up() == 0
    assert retention.clean_up() == 1


CLEAN = "import sys; from nexus.db import session; session.connect(sys.argv[1]); from nexus.reports import retention; retention.clean_up()"


def test_a_process_that_is_killed_while_it_cleans_up_leaves_every_file_whole(kept, limits, database):
    report = kept("a", days=400)
    limits(report_days=365, report_last_kept=False)
    with own.transaction() as session:
        files.add_parts(session, report_id=report, parts=[b"more", b"and more"])
    with own.transaction() as session:
        # It deletes the values, and comes to stand before the record, which somebody else holds.
        session.execute(text("select from nexus.reports where id = :id for update"), {"id": report})
        cleaning = subprocess.Popen([sys.executable, "-c", CLEAN, database])
        until(lambda: count("select count(*) from pg_locks where not granted"), within_s=60, what="the deletion")
        cleaning.kill()
        assert cleaning.wait(30) == -signal.SIGKILL
    until(lambda: not count("select count(*) from pg_locks where locktype = 'advisory' and objid = 0 and classid = 4"), within_s=60)
    with own.transaction() as session:
        assert ledger.file_of(session, reader=kept.user, report_id=report) == b"%PDF-moreand more"
        record = ledger.find_report(session, reader=kept.user, report_id=report)
    assert (record.comparable, record.removed_at) == (True, None)
    assert retention.clean_up() == 1, "the next one does it"
    assert count("select count(*) from nexus.reports where file is not null") == count("select count(*) from nexus.report_snapshots") == 0


def test_who_downloads_a_large_file_when_it_is_removed_gets_it_whole(kept, limits, monkeypatch):
    report = kept("a", days=400)
    with own.transaction() as session:
        files.add_parts(session, report_id=report, parts=[b"more", b"and more"])
    limits(report_days=365, report_last_kept=False)
    begun = ledger.chunks_of(reader=kept.user, report_id=report)
    assert next(begun) == b"%PDF-"
    assert retention.clean_up() == 1
    assert b"".join(begun) == b"moreand more"
    with pytest.raises(FileRemoved):
        ledger.chunks_of(reader=kept.user, report_id=report)
    monkeypatch.setattr(retention, "LET_S", 0)
    assert retention.clean_up() == 0
    assert count("select count(*) from nexus.report_parts") == 0, "nor does it lie there for ever"


def count(sql: str) -> int:
    with own.transaction() as session:
        return session.execute(text(sql)).scalar_one()


def test_the_zone_of_a_report_is_the_one_it_was_printed_in(july):
    assert issues.zone_of(july) == ZoneInfo("Europe/Berlin")
    assert issues.zone_of(july.model_copy(update={"asked": july.asked.model_copy(update={"query": {"zone": ["../x"]}})})) == ZoneInfo("UTC")
