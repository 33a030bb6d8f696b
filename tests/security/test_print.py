"""What the print browser hands out, and what hostile documents cannot make it do."""

import contextlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import psutil
import pypdf
import pytest
from playwright.sync_api import sync_playwright

from nexus.accounts.spec import Role
from nexus.errors import NexusError, Unavailable
from nexus.reports import browser, chromium
from nexus.reports.browser import BrowserMissing, CalledOff, PrintBrowser, PrintFailed, PrintQueueFull, PrintTooSlow, ReportTooBig
from nexus.reports.document import Asked, Document, Grid, Metric, Picture, specs
from nexus.reports.layout import Layout
from nexus.reports.pdf import NotAPdf, Pdf
from nexus.reports.rendering import render

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BARS = {
    "data": {"values": [{"month": f"2013-{month:02}", "delay": month * 1.5} for month in range(1, 13)]},
    "mark": "bar",
    "encoding": {"x": {"field": "month", "type": "ordinal"}, "y": {"field": "delay", "type": "quantitative", "title": "Verspätung"}},
}


@pytest.fixture
def own_printer() -> Iterator[Callable[..., PrintBrowser]]:
    """Makes printers that a test may harm."""
    made: list[PrintBrowser] = []

    def make(**limits) -> PrintBrowser:
        made.append(PrintBrowser(**limits))
        return made[-1]

    yield make
    for printer in made:
        printer.close()


@pytest.fixture(scope="module")
def impatient() -> Iterator[PrintBrowser]:
    """A printer that gives up on a document early, so that the tests do not wait for the hopeless ones."""
    printer = PrintBrowser(deadline_s=6)
    yield printer
    printer.close()


class Listener(ThreadingHTTPServer):
    """Writes down every request that reaches this machine; the print browser must send none."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                listener.asked.append(self.path)
                self.send_response(302)
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
                self.end_headers()

            do_GET = do_POST = do_HEAD = do_OPTIONS = answer  # noqa: N815 - names that http.server looks for

            def log_message(self, *_: object) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.shutdown()
    listener.server_close()


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages]


def of_browser(printer: PrintBrowser) -> list[psutil.Process]:
    """Driver first, then the browser's processes."""
    process = printer._process
    # A sheet that was thrown away is a name without a process, until the browser has asked how it ended.
    return [one for one in chromium.family(process._driver) if chromium.lives(one)] if process else []


def command(process: psutil.Process) -> str:
    """Empty for one that has just gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def environment(process: psutil.Process) -> set[str]:
    """Names that it sees; empty for one that has just gone."""
    try:
        return set(process.environ())
    except psutil.NoSuchProcess:
        return set()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and command(process) for process in processes)


def again(printer: PrintBrowser, html: str) -> bytes:
    """Print on a machine that may still be busy with what was given up."""
    for _ in range(4):
        with contextlib.suppress(PrintTooSlow):
            return printer.print(html)
    return printer.print(html)


def document(*panels, layout: Layout | None = None, **changes) -> Document:
    given = {
        "title": "Verspätungen 遅延",
        "subject": "Dashboard delays, version 3",
        "filters": (("Origin", "EWR, JFK"), ("Ziel", "München, Αθήνα, Año Nuevo")),
        "prepared_by": "Ana Müller (ana@example.org)",
        "prepared_at": NOON,
        "layout": layout or Layout(),
        "panels": panels,
    }
    return Document(**(given | changes))


def printed(printer: PrintBrowser, document: Document) -> bytes:
    pdf = Pdf(printer.print(render(document, printer.draw(specs(document)))))
    pdf.sign(author=document.prepared_by, subject=document.subject)
    return pdf.pack()


def asked(rows: int) -> Asked:
    return Asked(
        view="Flights", version=3, source="sample", sql="select carrier\nfrom flights", row_count=rows, elapsed_ms=71, read_at=NOON
    )


@pytest.fixture(scope="module")
def long_report(printer) -> bytes:
    rows = [(f"row-{number}-of-5000", "東京国際空港" if number % 7 else "Zürich", f"{number:,}") for number in range(1, 5_001)]
    return printed(
        printer,
        document(
            Metric(
                title="Flights", value="86,995", change="▲ 2.1 %", comparison="before", width=3, sparkline=(1.0, 2.0, 1.5), asked=asked(1)
            ),
            Picture(title="Delay by month", spec=BARS, alternative="Bar chart of delay by month, 12 rows", asked=asked(12)),
            Grid(title="All flights", heads=("Flight", "Airport", "Count"), numeric=(False, False, True), rows=rows, asked=asked(5_000)),
        ),
    )


@pytest.fixture(scope="module")
def long_pages(long_report) -> list[str]:
    return texts(long_report)


def test_a_table_is_complete_to_the_row_and_no_row_is_split(long_pages):
    pages = long_pages
    whole = "\n".join(pages)
    found = [int(number) for number in re.findall(r"row-(\d+)-of-5000", whole)]
    assert found == list(range(1, 5_001))
    for page in pages:
        names, counts = re.findall(r"row-(\d+)-of-5000", page), re.findall(r"(?:空港|Zürich)\s*([\d,]+)", page)
        assert names == [count.replace(",", "") for count in counts]


def test_heads_are_repeated_and_pages_are_numbered(long_pages):
    pages = long_pages
    assert len(pages) > 50
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        if "row-" in page:
            assert "Airport" in page


def test_what_a_person_reads_can_be_selected_in_every_language(long_pages):
    first = long_pages[0]
    for text in (
        "Verspätungen 遅延",
        "München, Αθήνα, Año Nuevo",
        "EWR, JFK",
        "86,995",
        "▲ 2.1 %",
        "東京国際空港",
        "Zürich",
        "Verspätung",
        "2013-07",
    ):
        assert text in first


def test_the_file_says_what_it_is_and_who_asked_for_it(long_report):
    reader = pypdf.PdfReader(BytesIO(long_report))
    assert reader.metadata is not None
    assert reader.metadata.title == "Verspätungen 遅延"
    assert reader.metadata.author == "Ana Müller (ana@example.org)"
    assert reader.metadata.subject == "Dashboard delays, version 3"
    assert reader.metadata.creator == "Nexus"
    assert reader.metadata.creation_date is not None
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "en"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]


def test_bookmarks_lead_to_the_panels(long_report):
    def titles(entries) -> list[str]:
        return [title for entry in entries for title in (titles(entry) if isinstance(entry, list) else [entry.title])]

    found = titles(pypdf.PdfReader(BytesIO(long_report)).outline)
    assert found[:4] == ["Verspätungen 遅延", "Flights", "Delay by month", "All flights"]


def test_charts_are_drawn_as_lines_and_text_and_described_for_who_cannot_see_them(long_report):
    reader = pypdf.PdfReader(BytesIO(long_report))
    assert not [image for page in reader.pages[:3] for image in page.images]
    # The description of a figure stands in the structure tree.
    alternatives = {
        entry["/Alt"] for entry in map(reader.get_object, range(1, reader.trailer["/Size"])) if isinstance(entry, dict) and "/Alt" in entry
    }
    assert "Bar chart of delay by month, 12 rows" in alternatives


def test_all_fonts_are_embedded(long_report):
    names = set()
    for page in pypdf.PdfReader(BytesIO(long_report)).pages[:2]:
        for font in page["/Resources"]["/Font"].values():
            for inner in font.get_object().get("/DescendantFonts", []):
                descriptor = inner.get_object()["/FontDescriptor"].get_object()
                assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
                names.add(str(descriptor["/FontName"]).partition("+")[2].partition("-")[0])
    assert {"Inter", "NotoSansJPThin"} <= names


def test_packing_loses_nothing_and_makes_a_long_table_small(printer):
    raw = printer.print(render(document(Grid(title="t", heads=("a",), numeric=(False,), rows=[(f"r{n}",) for n in range(2_000)])), []))
    pdf = Pdf(raw)
    packed = pdf.pack()
    assert texts(packed) == texts(raw)
    assert pdf.page_count == len(pypdf.PdfReader(BytesIO(raw)).pages)
    assert len(packed) < len(raw) / 3


@pytest.mark.parametrize(
    "file", [b"", b"%PDF-1.7\n", b"startxref\n5\n%%EOF", b"xref\n0 1\ntrailer<</Info 1 0 R/Root 2 0 R>>startxref\n0\n%%EOF"]
)
def test_what_is_no_pdf_is_told_apart(file):
    with pytest.raises(NotAPdf):
        _ = Pdf(file).page_count


@pytest.mark.parametrize(
    ("layout", "points"),
    [
        (Layout(), (595, 842)),
        (Layout(orientation="landscape"), (842, 595)),
        (Layout(paper="Letter"), (612, 792)),
        (Layout(paper="Letter", orientation="landscape"), (792, 612)),
    ],
    ids=str,
)
def test_the_paper_is_the_one_asked_for(printer, layout, points):
    box = pypdf.PdfReader(BytesIO(printed(printer, document(layout=layout)))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == points


def test_a_wide_table_is_turned_and_no_column_is_cut(printer):
    heads = tuple(f"Column{number:02}" for number in range(14))
    wide = Grid(
        title="Wide", heads=heads, numeric=(True,) * 14, rows=[tuple(f"{row:02}{at:02},000.5" for at in range(14)) for row in range(30)]
    )
    reader = pypdf.PdfReader(BytesIO(printed(printer, document(wide))))
    turned = [page for page in reader.pages if page.mediabox.width > page.mediabox.height]
    assert turned
    whole = "".join(page.extract_text() for page in reader.pages)
    assert all(f"{row:02}{at:02},000.5" in whole for row in range(30) for at in range(14))


def test_sixty_columns_are_printed_in_parts(printer):
    heads = tuple(f"C{number:02}" for number in range(60))
    wide = Grid(
        title="Wide", heads=heads, numeric=(True,) * 60, rows=[tuple(f"{row:02}{at:02},000.25" for at in range(60)) for row in range(5)]
    )
    whole = "".join(texts(printed(printer, document(wide))))
    assert all(f"{row:02}{at:02},000.25" in whole for row in range(5) for at in range(60))
    assert "of 60" in whole


HOSTILE = {
    "file": "<iframe src='file:///etc/passwd'></iframe><img src='file:///etc/passwd'><object data='file:/etc/passwd'></object><embed src='FILE:%2f%2f%2fetc%2fpasswd'>",
    "shares": r"<img src='\\localhost\share\x.png'><img src='//LISTENER/x.png'><iframe src='view-source:file:///etc/passwd'></iframe>",
    "metadata": "".join(
        f"<img src='http://{host}/latest/meta-data/'><iframe src='http://{host}/'></iframe>"
        for host in (
            "169.254.169.254",
            "2852039166",
            "0xA9FEA9FE",
            "0251.0376.0251.0376",
            "[::ffff:169.254.169.254]",
            "metadata.google.internal",
            "169.254.43518",
            "0xA9.254.0251.254",
            "１６９。２５４。１６９。２５４",
            "[fd00:ec2::254]",
            "instance-data",
            "user:word@169.254.169.254:80",
        )
    ),
    "pictures": "<img src='LISTENER/a.png'><picture><source srcset='LISTENER/b.png'></picture><video src='LISTENER/c' poster='LISTENER/d'></video><audio src='LISTENER/e'></audio>",
    "import": "<style>@import 'LISTENER/a.css'; @import url(LISTENER/b.css);</style><link rel=stylesheet href='LISTENER/c.css'>",
    "font-face": "<style>@font-face{font-family:F;src:url(LISTENER/f.woff2)} p{font-family:F;background:url(LISTENER/bg);list-style:url(LISTENER/l);cursor:url(LISTENER/c),auto} p:before{content:url(LISTENER/ct)}</style>",
    "foreign object": "<svg><foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='LISTENER/fo'></iframe></foreignObject><image href='LISTENER/i'/><use href='LISTENER/u#x'/><script>fetch('LISTENER/s')</script><animate onbegin=fetch('LISTENER/b') attributeName=x dur=1s /></svg>",
    "base": "<base href='LISTENER/'><img src='x.png'><link rel=stylesheet href='y.css'><a href=z>z</a>",
    "refresh": "<meta http-equiv=refresh content='0;url=LISTENER/refresh'><meta http-equiv=refresh content='0;url=file:///etc/passwd'>",
    "script": "<script>fetch('LISTENER/f');new WebSocket('LISTENER/ws'.replace('http','ws'));new Image().src='LISTENER/g';document.body.textContent='EVIL'</script><body onload=\"fetch('LISTENER/h')\"><img src=x onerror=\"fetch('LISTENER/j')\"><script type=module src='LISTENER/m.js'></script>",
    "endless script": "<script>for(;;){}</script><img src=x onerror='for(;;){}'><script src='data:text/javascript,for(;;){}'></script>",
    "prefetch": "".join(
        f"<link rel={kind} href='LISTENER/{kind}' as=image>"
        for kind in ("prefetch", "preload", "modulepreload", "preconnect", "dns-prefetch", "prerender", "icon", "manifest")
    ),
    "frames": "<iframe srcdoc=\"<img src='LISTENER/sd'><script>fetch('LISTENER/ss')</script>\"></iframe><frameset><frame src='LISTENER/fr'></frameset><portal src='LISTENER/p'></portal><object data='LISTENER/o'></object>",
    "forms": "<form action='LISTENER/form' id=f><input name=x autofocus onfocus='f.submit()'><input type=image src='LISTENER/im'></form><a href='LISTENER/ping' ping='LISTENER/ping2'>a</a>",
    "another report": "<img src='http://report.invalid/../../settings.py'><img src='/fonts/../../browser.py'><iframe src='http://report.invalid/'></iframe><iframe src='http://charts.invalid/'></iframe>",
    "policy": "<meta http-equiv='Content-Security-Policy' content=\"default-src * 'unsafe-inline'\"><img src='LISTENER/p.png'>",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_prints_as_text_and_calls_nobody(printer, listener, kind):
    listener.asked.clear()
    pdf = printer.print(f"<!doctype html><title>x</title><p>before</p>{HOSTILE[kind].replace('LISTENER', listener.address)}<p>after</p>")
    text = "".join(texts(pdf))
    assert listener.asked == []
    for sign in ("root:", "EVIL", "meta-data", "PrintBrowser"):
        assert sign not in text


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000 + "deep",
        f"<img src='data:image/png;base64,{'A' * 10_000_000}'>",
        f"<p style='background:url(data:image/svg+xml,{'<g>' * 300_000})'>x</p>",
        "<svg>" + "<g>" * 30_000,
        "&lt;" * 300_000,
    ],
    ids=["50,000 nested elements", "10 MB data address", "bomb in a style", "nested groups", "long text"],
)
def test_a_huge_document_prints_or_gets_one_sentence(impatient, html):
    printer = impatient
    with contextlib.suppress(NexusError):  # it may be too slow, or too much for the browser
        assert Pdf(printer.print(html)).page_count >= 1
    assert Pdf(again(printer, "<p>next")).page_count == 1, "and the next report prints"


def test_a_document_beyond_the_limit_is_refused_before_the_browser_sees_it(own_printer):
    printer = own_printer()
    with pytest.raises(ReportTooBig):
        printer.print("x" * (browser.MOST_BYTES + 1))
    assert not printer.state().running


def test_a_chart_cannot_run_code_or_load_data(printer, listener):
    listener.asked.clear()
    evil = [
        {**BARS, "transform": [{"calculate": "fetch('LISTENER/x')", "as": "z"}]},
        {**BARS, "transform": [{"calculate": "constructor.constructor('return fetch')()('LISTENER/x')", "as": "z"}]},
        {**BARS, "data": {"url": "LISTENER/data.json"}},
        {**BARS, "mark": {"type": "image"}, "encoding": {"url": {"value": "LISTENER/p.png"}}},
        {**BARS, "mark": {"type": "bar", "href": "LISTENER/h"}},
        {"data": BARS["data"], "mark": {"type": "text", "text": {"expr": "toString.constructor('throw 1')()"}}},
        {"mark": "nonsense"},
        {},
    ]
    drawn = printer.draw([*(_with(spec, listener.address) for spec in evil), BARS])
    assert listener.asked == []
    assert drawn[-1] is not None, "the others do not harm the good one"
    assert "Verspätung" in drawn[-1]


def test_a_chart_drawn_before_needs_no_browser(own_printer):
    printer = own_printer(idle_s=0.2)
    drawn = printer.draw([BARS, {"mark": "nonsense"}])
    until(lambda: not printer.state().running)
    assert printer.draw([BARS, BARS]) == [drawn[0], drawn[0]]
    assert not printer.state().running
    assert printer.draw([{**BARS, "mark": "line"}]) != drawn[:1]


def test_what_was_printed_on_is_thrown_away_with_its_process(own_printer):
    printer = own_printer()

    def sheets() -> list[psutil.Process]:
        return [process for process in of_browser(printer) if "--type=renderer" in command(process)]

    printer.print("<p>first")
    until(lambda: len(sheets()) == 1)
    before = sheets()
    assert "first" not in "".join(texts(printer.print("<p>second")))
    until(lambda: gone(before))


def _with(spec: object, address: str) -> object:
    if isinstance(spec, dict):
        return {key: _with(value, address) for key, value in spec.items()}
    if isinstance(spec, list):
        return [_with(value, address) for value in spec]
    return spec.replace("LISTENER", address) if isinstance(spec, str) else spec


def test_neither_driver_nor_browser_sees_a_secret_of_ours(own_printer, monkeypatch):
    for name in ("GOOGLE_API_KEY", "ONLY_OURS"):
        monkeypatch.setenv(name, "not for others")
    printer = own_printer()
    printer.print("<p>x")
    (started,) = [process for process in of_browser(printer) if "--nexus-print" in command(process) and "/bin/sh" not in command(process)][
        -1:
    ]
    names = set(started.environ())
    assert "PATH" in names
    secrets = {"SECRET_KEY", "ENCRYPTION_KEY", "DATABASE_URL", "GOOGLE_API_KEY"}
    assert not names & secrets
    driver = of_browser(printer)[0]
    assert "PATH" in driver.environ()
    for process in of_browser(printer):
        assert not environment(process) & (secrets | {"ONLY_OURS"}), f"{process} has it"


def heavy(rows: int = 6_000) -> str:
    """A document that takes seconds to print."""
    return "<!doctype html><title>x</title><table>" + "".join(f"<tr><td>{n}<td>{n}<td>{n}" for n in range(rows)) + "</table>"


def test_a_report_is_printed_although_the_browser_was_killed_under_it(own_printer):
    printer = own_printer(deadline_s=120)
    printer.print("<p>warm")
    with ThreadPoolExecutor() as pool:
        printing = pool.submit(printer.print, heavy())
        until(lambda: printer.state().printing == 1)
        killed = [
            process for process in of_browser(printer) if "--type=renderer" in command(process) or "--nexus-print" in command(process)
        ]
        assert killed
        for process in killed:
            with contextlib.suppress(psutil.Error):
                process.kill()
        assert Pdf(printing.result(60)).page_count > 10
    assert printer.state().restarts == 1


def test_a_report_is_printed_although_the_driver_was_killed_under_it(own_printer):
    printer = own_printer(deadline_s=120)
    printer.print("<p>warm")
    before = of_browser(printer)
    with ThreadPoolExecutor() as pool:
        printing = pool.submit(printer.print, heavy())
        until(lambda: printer.state().printing == 1)
        before[0].send_signal(signal.SIGKILL)
        assert Pdf(printing.result(60)).page_count > 10
    until(lambda: gone(before))


def test_a_browser_that_always_dies_ends_in_one_sentence(own_printer):
    printer = own_printer(deadline_s=8)
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.01):
            for process in of_browser(printer)[1:]:
                with contextlib.suppress(psutil.Error):
                    process.kill()

    printer.print("<p>warm")
    with ThreadPoolExecutor() as pool:
        pool.submit(kill)
        try:
            # Which sentence depends on where in its life each browser is hit.
            with pytest.raises((PrintFailed, PrintTooSlow, BrowserMissing)):
                printer.print(heavy())
        finally:
            stop.set()
    assert printer.state().last_error
    assert Pdf(printer.print("<p>again")).page_count == 1


def test_a_hanging_browser_is_replaced_and_the_person_told(own_printer):
    printer = own_printer(deadline_s=3)
    printer.print("<p>warm")
    hanging = of_browser(printer)
    for process in hanging[1:]:
        with contextlib.suppress(psutil.Error):  # the sheet that was printed on is being thrown away
            process.send_signal(signal.SIGSTOP)
    with pytest.raises(PrintTooSlow):
        printer.print("<p>x")
    until(lambda: gone(hanging))
    assert Pdf(again(printer, "<p>again")).page_count == 1


def test_a_browser_that_hangs_while_it_starts_ends_in_one_sentence_and_the_next_print_starts_another(own_printer):
    printer = own_printer(start_s=4)
    before = set(psutil.Process().children())
    with ThreadPoolExecutor() as pool:
        printing = pool.submit(printer.print, "<p>x")
        until(lambda: set(psutil.Process().children()) - before)
        driver = (set(psutil.Process().children()) - before).pop()
        driver.send_signal(signal.SIGSTOP)
        with pytest.raises(BrowserMissing, match="does not start"):
            printing.result(60)
    until(lambda: gone([driver]))
    printer._start_s = 60
    assert Pdf(printer.print("<p>x")).page_count == 1


def test_a_browser_that_hangs_without_its_driver_is_ended_and_leaves_no_file(own_printer, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "nexus-print-of-one-that-was-killed").mkdir()
    printer = own_printer()
    printer.print("<p>warm")
    assert len(list(tmp_path.iterdir())) == 1, "what another left is gone"
    driver, *family = of_browser(printer)
    for process in family:
        with contextlib.suppress(psutil.Error):  # the sheet that was printed on is being thrown away
            process.send_signal(signal.SIGSTOP)
    driver.kill()
    assert Pdf(again(printer, "<p>again")).page_count == 1
    until(lambda: gone([driver, *family]))
    printer.close()
    assert not list(tmp_path.iterdir())


def test_one_report_too_many_is_told_so_at_once(own_printer):
    printer = own_printer(at_once=1, waiting=2)
    with ThreadPoolExecutor() as pool:
        first = [pool.submit(printer.print, heavy(2_000)) for _ in range(3)]
        until(lambda: printer.state().printing + printer.state().waiting == 3)
        with pytest.raises(PrintQueueFull, match="3 reports are printed or wait before yours"):
            printer.print("<p>x")
        assert all(Pdf(done.result(60)).page_count > 5 for done in first)
    assert Pdf(printer.print("<p>x")).page_count == 1


def test_a_print_that_nobody_wants_any_more_leaves_the_queue_and_the_browser(own_printer):
    printer = own_printer(at_once=1, waiting=2)
    printer.print("<p>warm")
    left = threading.Event()
    with ThreadPoolExecutor() as pool:
        abandoned = [pool.submit(printer.print, heavy(), unwanted=left.is_set) for _ in range(3)]
        until(lambda: printer.state().printing + printer.state().waiting == 3)
        left.set()
        for done in abandoned:
            with pytest.raises(CalledOff):
                done.result(60)
    until(lambda: printer.state().printing + printer.state().waiting == 0)
    assert Pdf(printer.print("<p>next")).page_count == 1
    until(lambda: sum("--type=renderer" in command(process) for process in of_browser(printer)) == 1)
    assert printer.state().restarts == 0


def test_hostile_documents_leave_no_file_open_no_process_and_no_memory_behind(own_printer, listener):
    printer, us = own_printer(), psutil.Process()

    def held() -> tuple[int, int]:
        return us.num_fds(), len(of_browser(printer))

    def sheets() -> int:
        return sum("--type=renderer" in command(process) for process in of_browser(printer))

    def print_all() -> None:
        for document in HOSTILE.values():
            printer.print(f"<!doctype html><title>x</title>{document.replace('LISTENER', listener.address)}")
        until(lambda: sheets() == 1)

    print_all()
    (files, processes), memory = held(), us.memory_info().rss
    for _ in range(2):
        print_all()
    until(lambda: held()[0] <= files and held()[1] <= processes)
    assert us.memory_info().rss - memory < 32_000_000
    assert printer.state().restarts == 0


def test_an_idle_browser_stops_and_starts_again_when_asked(own_printer):
    printer = own_printer(idle_s=0.2)
    printer.print("<p>x")
    processes = of_browser(printer)
    assert len(processes) > 2
    until(lambda: gone(processes))
    assert not printer.state().running
    assert Pdf(printer.print("<p>again")).page_count == 1


def test_closing_leaves_no_process_behind_even_while_printing(own_printer):
    printer = own_printer()
    printer.print("<p>warm")
    processes = of_browser(printer)
    with ThreadPoolExecutor() as pool:
        printing = pool.submit(printer.print, heavy())
        until(lambda: printer.state().printing == 1)
        printer.close()
        with pytest.raises(NexusError):
            printing.result(30)
    until(lambda: gone(processes))
    with pytest.raises(Unavailable):
        printer.print("<p>x")


def test_beside_the_print_browser_another_can_be_driven(own_printer):
    own_printer().print("<p>x")
    with ThreadPoolExecutor(1) as apart:
        assert apart.submit(_another_driver).result() == "chromium"


def _another_driver() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.name


FIRST_OF_A_CONTAINER = """
import ctypes, psutil
from nexus.reports.browser import PrintBrowser
if adopt := getattr(ctypes.CDLL(None), "prctl", None):
    adopt(36, 1)  # PR_SET_CHILD_SUBREAPER: orphans become ours, as they do of process 1
printer = PrintBrowser()
printer.print("<p>x")
for one in printer._process._main:
    one.kill()
printer.print("<p>in another browser")
printer.close()
print([one.name() for one in psutil.Process().children()])
"""


def test_where_nexus_is_the_first_process_no_browser_is_left_as_a_zombie():
    done = subprocess.run([sys.executable, "-c", FIRST_OF_A_CONTAINER], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_a_browser_made_ready_prints_and_one_for_nothing_goes_again(own_printer):
    printer = own_printer(idle_s=0.2)
    printer.prepare(charts=True)
    until(lambda: printer.state().running)
    processes = of_browser(printer)
    until(lambda: gone(processes))
    printer.prepare(charts=False)
    assert Pdf(printer.print("<p>x")).page_count == 1


def test_without_a_browser_the_sentence_says_what_to_do(own_printer, tmp_path):
    with pytest.raises(BrowserMissing, match="doctor"):
        own_printer(executable=tmp_path / "nothing").print("<p>x")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(BrowserMissing, match="doctor"):
        own_printer(executable=broken).print("<p>x")


def test_a_dashboard_is_downloaded_through_the_door_and_stopping_takes_the_browser_along(make_server):
    server = make_server(first=True)
    client = server.person(Role.VIEWER).client()
    client.timeout = 60
    given = {"period": "2013-07-01..2013-07-31", "origin": "EWR", "paper": "Letter", "orientation": "landscape"}
    answer = client.get("/dashboards/delays.pdf", params=given)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith('attachment; filename="delays-')
    first = pypdf.PdfReader(BytesIO(answer.content)).pages[0]
    assert (round(first.mediabox.width), round(first.mediabox.height)) == (792, 612)
    assert "1 Jul 2013" in first.extract_text()
    kept = f"/reports/{answer.headers['x-report']}.pdf"
    assert client.get(kept).content == answer.content
    assert client.head("/dashboards/delays.pdf").content == b""
    for wrong, status in (
        ("/dashboards/nothing.pdf", 404),
        ("/dashboards/delays.pdf?paper=A0", 400),
        ("/dashboards/delays.pdf?zone=../../etc/passwd", 400),
        ("/dashboards/delays.pdf?period=yesterday", 400),
        ("/reports/999999999.pdf", 404),
        ("/reports/99999999999999999999999999.pdf", 404),
    ):
        refused = client.get(wrong)
        assert refused.status_code == status, wrong
        assert "pdf" not in refused.headers["content-type"]
    assert server.person(Role.ANALYST).client().get(kept).status_code == 404, "someone else's report"
    assert client.post("/dashboards/delays.pdf").status_code in (403, 405)

    family = psutil.Process(server.process.pid).children(recursive=True)
    assert any("--nexus-print" in command(process) for process in family)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(40)
    until(lambda: gone(family))
