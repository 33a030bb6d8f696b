"""Reports of any length: every row is there, and the whole is one tagged document with its pages counted through."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

import pypdf
import pypdfium2
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.db.tables import UserRow
from nexus.reports import ledger, service
from nexus.reports.circumstances import Circumstances
from nexus.reports.layout import Layout
from nexus.reports.press import TooLong
from nexus.reports.seal import seal
from nexus.reports.spec import Report
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests import printed

ROWS, COLUMNS = 20_000, 25
WIDE = ", ".join(f"(n * {at}) % 1000 as c{at}" for at in range(1, COLUMNS))


@pytest.fixture(scope="module")
def ada(shared_sample: str) -> User:
    with own.transaction() as session:
        row = UserRow(email="ada@example.org", name="Ada", role="admin")
        session.add(row)
        session.flush()
        user = User(id=row.id, email=row.email, name=row.name, role=Role.ADMIN)
    workspace.apply_sample(user)
    return user


def view(ada: User, name: str, sql: str, **more: object) -> str:
    with own.transaction() as session:
        views.save_view(
            session,
            user=ada,
            view=View(name=name, title=name.capitalize(), source="sample", question={"kind": "sql", "sql": sql}, **more),
        )
    return name


def file_of(report: Report, reader: User) -> bytes:
    return b"".join(ledger.chunks_of(reader=reader, report_id=report.id))


def elements(file: bytes) -> Iterator[pypdf.generic.DictionaryObject]:
    """All of the structure, each found from its parent and naming it in turn."""
    waiting = [pypdf.PdfReader(BytesIO(file)).trailer["/Root"]["/StructTreeRoot"]["/K"].get_object()]
    while waiting:
        element = waiting.pop()
        yield element
        kids = element.get("/K")
        kids = [] if kids is None else kids.get_object()
        for kid in [one.get_object() for one in (kids if isinstance(kids, list) else [kids])]:
            if isinstance(kid, dict) and kid.get("/Type") == "/StructElem":
                assert kid["/P"].get_object() == element
                waiting.append(kid)


def test_a_view_of_20_000_rows_and_25_columns_prints_completely(ada, printer):
    name = view(ada, "wide", f"select n as row_number, {WIDE} from generate_series(1, {ROWS}) n")
    told = []
    report = service.print_view(
        Circumstances(user=ada, layout=Layout(orientation="landscape", contents=True), printer=printer, told=told.append),
        name=name,
        values={},
    )
    assert report.queries[0]["rows"] == report.queries[0]["printed_rows"] == ROWS
    assert report.queries[0]["complete"]
    file = file_of(report, ada)
    document = pypdfium2.PdfDocument(file)
    assert len(document) == report.pages > 400
    found: list[int] = []
    for number, page in enumerate(document, 1):
        text = page.get_textpage().get_text_range()
        assert f"Page {number} of {report.pages}" in text
        rows = [line.split(" ") for line in text.splitlines() if re.fullmatch(r"[\d,]+( \d+){24}", line)]
        for row in rows:
            first = int(row[0].replace(",", ""))
            assert row[1:] == [str(first * at % 1000) for at in range(1, COLUMNS)]
            found.append(first)
    assert found == list(range(1, ROWS + 1)), "each row once, in order"
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    assert len(shares) > 20


def test_a_long_report_is_tagged_and_its_bookmarks_and_links_lead_through_all_of_it(ada, printer):
    name = view(ada, "long", "select n as row_number, 'Name ' || n as name, n * 1.5 as amount from generate_series(1, 6000) n")
    report = service.print_view(
        Circumstances(user=ada, layout=Layout(cover=True, contents=True, totals=True), printer=printer), name=name, values={}
    )
    file = file_of(report, ada)
    reader = pypdf.PdfReader(BytesIO(file), strict=True)
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    kinds: dict[str, int] = {}
    for element in elements(file):
        kinds[element["/S"]] = kinds.get(element["/S"], 0) + 1
    assert kinds["/H1"] == 1
    assert kinds["/TD"] == 3 * 6_000 + 2, "every cell, with the two of the totals that say something"
    assert kinds["/Table"] == 1, "one table, in however many pieces it was printed"
    assert kinds["/TH"] == 3
    heads = {cell["/ID"]: cell for cell in elements(file) if cell["/S"] == "/TH"}
    assert all({"/O": "/Table", "/Scope": "/Column"} in cell["/A"] for cell in heads.values())
    for cell in elements(file):
        if cell["/S"] == "/TD":
            assert next(name for each in cell["/A"] for name in each.get("/Headers", [])) in heads
    marks = [mark for mark in reader.outline[1] if not isinstance(mark, list)]
    assert [mark.title for mark in marks] == ["Contents", "Long", "How these figures were read"]
    pages = [reader.get_destination_page_number(mark) + 1 for mark in marks]
    assert pages == [2, 3, report.pages]
    listed = reader.pages[1].extract_text()
    assert re.search(rf"Long\s+3\s+How these figures were read\s+{report.pages}", listed)
    links = [annotation.get_object() for annotation in reader.pages[1]["/Annots"]]
    assert [link["/Dest"] for link in links] == ["/panel-0", "/sources"]
    assert set(reader.named_destinations) >= {"/panel-0", "/sources", "/question-1"}
    assert "Page 1 of" not in reader.pages[0].extract_text(), "the cover has no foot"
    last = reader.pages[-2].extract_text()
    assert "27,004,500" in last, "the sum of the amounts"
    assert not any(page.images for page in reader.pages)


def test_a_long_report_leaves_no_page_half_empty_in_the_middle_of_a_table(ada, printer):
    name = view(ada, "even", "select n as row_number, n as a, n as b from generate_series(1, 9000) n")
    report = service.print_view(Circumstances(user=ada, layout=Layout(queries=False), printer=printer), name=name, values={})
    rows = [
        len(re.findall(r"^[\d,]+ [\d,]+ [\d,]+$", page.get_textpage().get_text_range().replace("\r", ""), re.MULTILINE))
        for page in pypdfium2.PdfDocument(file_of(report, ada))
    ]
    assert sum(rows) == 9_000
    assert len(set(rows[1:-1])) == 1, "all pages but the first and the last hold as many"


def test_words_are_found_whole_on_pages_full_of_rows(ada, printer):
    name = view(
        ada,
        "words",
        "select 'JFK → T' || chr(65 + n % 26) || 'A' as route, 'William P Hobby' as destination, n * 373 % 9000 as flights,"
        " 'Norfolk Intl' as other, n * 31 % 1200 as delay, 'Tampa Intl' as third from generate_series(1, 150) n",
    )
    report = service.print_view(Circumstances(user=ada, layout=Layout(orientation="landscape"), printer=printer), name=name, values={})
    text = " ".join(printed.texts(file_of(report, ada)))
    for words in ("William P Hobby", "Norfolk Intl", "Tampa Intl"):
        assert text.count(words) >= 150
    assert len(re.findall(r"JFK → T[A-Z]A William", text)) == 150


def test_what_is_past_the_limit_is_said_on_paper_and_in_the_record(ada, printer, monkeypatch):
    monkeypatch.setattr("nexus.reports.panels.MOST_CELLS", 2_000)
    name = view(ada, "endless", "select n as a, n as b from generate_series(1, 50000) n")
    report = service.print_view(Circumstances(user=ada, layout=Layout(totals=True), printer=printer), name=name, values={})
    text = pypdf.PdfReader(BytesIO(file_of(report, ada))).pages[-1].extract_text()
    assert "first 1,000 rows" in text
    assert "Total" not in text, "a part has no totals"
    assert not report.queries[0]["complete"]


def test_a_cancelled_print_ends_between_two_pieces_and_keeps_nothing(ada, printer):
    name = view(ada, "stopped", "select n as a, n as b from generate_series(1, 9000) n")

    class Enough(Exception):
        pass

    def told(progress: object) -> None:
        raise Enough

    with own.transaction() as session:
        before = len(ledger.list_reports(session, reader=ada))
    with pytest.raises(Enough):
        service.print_view(Circumstances(user=ada, layout=Layout(), printer=printer, told=told), name=name, values={})
    with own.transaction() as session:
        assert len(ledger.list_reports(session, reader=ada)) == before


def nameless_files() -> int:
    """Files that this process has open and that are in no folder any more."""
    found = 0
    for number in range(1024):
        with suppress(OSError):
            status = os.fstat(number)
            found += stat.S_ISREG(status.st_mode) and status.st_nlink == 0
    return found


def test_rows_that_were_read_for_a_print_are_gone_when_it_is_over_whatever_became_of_it(ada, printer):
    name = view(ada, "unawaited", "select n as row_number from generate_series(1, 70000) n")
    before = nameless_files()
    with pytest.raises(TooLong) as refused:
        service.print_view(Circumstances(user=ada, layout=Layout(), printer=printer, short=True), name=name, values={})
    assert refused.traceback, "it still knows all that it passed through"
    assert nameless_files() == before


@pytest.mark.parametrize("rows", [5, 9_000])
def test_a_file_behind_a_password_opens_with_it_alone(ada, printer, rows):
    name = view(ada, f"secret-{rows}", f"select n as a, 'Größe ' || n as b from generate_series(1, {rows}) n")
    report = service.print_view(
        Circumstances(user=ada, layout=Layout(), printer=printer, seal=seal("ḱorrect ✓ horse")), name=name, values={}
    )
    file = file_of(report, ada)
    assert report.locked
    assert b"Producer" not in file
    for word in ("", "korrect", "ḱorrect"):
        with pytest.raises(pypdfium2.PdfiumError, match=r"[Pp]assword"):
            pypdfium2.PdfDocument(file, password=word or None)
    opened = pypdfium2.PdfDocument(file, password="ḱorrect ✓ horse")
    assert f"Größe {rows}" in "".join(page.get_textpage().get_text_range() for page in opened)
    reader = pypdf.PdfReader(BytesIO(file))
    assert reader.decrypt("ḱorrect ✓ horse")
    assert reader.trailer["/Encrypt"]["/R"] == 6
    assert reader.metadata.author == "Ada (ada@example.org)"
