"""The letterhead: logo, header and footer as an administrator set them, on every page of every print, and nothing else of what was brought."""

import struct
import zlib
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image
from pydantic import ValidationError

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.db.tables import UserRow
from nexus.errors import BadInput, NotAllowed
from nexus.reports import ledger, letterhead, logo, service
from nexus.reports.browser import PrintBrowser
from nexus.reports.circumstances import Circumstances
from nexus.reports.layout import Layout
from nexus.views import service as views
from nexus.views.printed import Printed
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests import printed

HEADER, FOOTER = "Acme Air, Operations <b>Research</b> \U0001f6eb", "שלום עולם · Registered in England"


@pytest.fixture(scope="module")
def ada(shared_sample: str) -> User:
    with own.transaction() as session:
        row = UserRow(email="ada@example.org", name="Ada", role="admin")
        session.add(row)
        session.flush()
        user = User(id=row.id, email=row.email, name=row.name, role=Role.ADMIN)
    workspace.apply_sample(user)
    with own.transaction() as session:
        letterhead.save_words(session, user=user, header=HEADER, footer=FOOTER)
        letterhead.save_logo(session, user=user, content=picture("PNG"))
    return user


def picture(kind: str, width: int = 600, height: int = 150) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(out, kind)
    return out.getvalue()


def view(ada: User, name: str, rows: int, **more: object) -> str:
    sql = f"select n as row_number, 'Name ' || n as name, n * 2 as double from generate_series(1, {rows}) n"
    with own.transaction() as session:
        question = {"kind": "sql", "sql": sql}
        views.save_view(session, user=ada, view=View(name=name, title=name.capitalize(), source="sample", question=question, **more))
    return name


def file_of(ada: User, printer: PrintBrowser, name: str, **layout: object) -> bytes:
    report = service.print_view(Circumstances(user=ada, layout=Layout(**layout), printer=printer), name=name, values={})
    return b"".join(ledger.chunks_of(reader=ada, report_id=report.id))


def red_pages(file: bytes) -> list[bool]:
    """Of each page whether the logo's colour is at its head, at the left."""
    found = []
    for page in pypdfium2.PdfDocument(file):
        drawn = page.render(scale=1).to_pil()
        corner = drawn.crop((40, 5, 160, 75)).convert("RGB")
        found.append(any(red > 150 and green < 80 for _, (red, green, _) in corner.getcolors(10_000)))
    return found


@pytest.mark.parametrize(("rows", "most"), [(90, 4), (2_300, 99)])
def test_every_page_has_logo_header_footer_title_and_number_however_long_the_report(ada, printer, rows, most):
    file = file_of(ada, printer, view(ada, f"headed-{rows}", rows))
    texts = printed.texts(file)
    assert 1 < len(texts) <= most
    assert all(red_pages(file))
    for number, text in enumerate(texts, 1):
        assert "Acme Air, Operations <b>Research</b>" in text, "what looks like HTML is shown as it is"
        assert "Registered in England" in text
        assert f"Headed-{rows}" in text
        assert f"Page {number} of {len(texts)}" in text
    assert all(printed.fonts(file).values())


def test_nothing_but_the_cover_stands_before_what_a_long_report_begins_with(ada, printer):
    texts = printed.texts(file_of(ada, printer, view(ada, "covered", 2_300), cover=True))
    assert "Acme Air" in texts[0]
    assert "Page 1 of" not in texts[0]
    assert "row_number" in texts[1]


def test_a_print_can_go_without_and_a_view_has_words_of_its_own(ada, printer):
    plain = file_of(ada, printer, view(ada, "plain", 3), letterhead=False, queries=False)
    assert not any(red_pages(plain))
    assert "Acme" not in printed.texts(plain)[0]
    own_words = view(ada, "own", 3, print=Printed(header="For the board"))
    text = printed.texts(file := file_of(ada, printer, own_words))[0]
    assert "For the board" in text
    assert "Acme" not in text
    assert "Registered in England" in text
    assert all(red_pages(file))
    off = file_of(ada, printer, view(ada, "off", 3, print=Printed(letterhead=False, footer="Draft")))
    assert not any(red_pages(off))
    assert "Draft" in printed.texts(off)[0]


def test_a_logo_is_drawn_anew_small_and_bare():
    exif = Image.Exif()
    exif[270] = "secret place"
    out = BytesIO()
    Image.new("RGB", (3_000, 1_000), "navy").save(out, "JPEG", exif=exif)
    made = logo.drawn_anew(out.getvalue() + b"<script>alert(1)</script>")
    with Image.open(BytesIO(made)) as drawn:
        assert drawn.format == "PNG"
        assert drawn.width <= logo.BOX[0]
        assert drawn.height <= logo.BOX[1]
    assert b"secret" not in made
    assert b"script" not in made


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""

    def part(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(bytes(3_000_000), 9)) + part(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (bomb(10_000, 10_000), logo.LogoTooLarge),
        (bomb(60_000, 60_000), logo.LogoTooLarge),
        (b"\x89PNG\r\n\x1a\n" + bytes(logo.MOST_BYTES), logo.LogoTooLarge),
        (bomb(100, 100)[:60], logo.NotALogo),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", logo.NotALogo),
        (picture("GIF"), logo.NotALogo),
        (b"%PDF-1.7", logo.NotALogo),
        (b"", logo.NotALogo),
    ],
    ids=["100 megapixels", "3,600 megapixels", "too many bytes", "cut off", "SVG", "GIF", "PDF", "nothing"],
)
def test_what_is_no_logo_is_refused_in_one_sentence_and_the_old_one_stays(ada, content, refusal):
    with pytest.raises(refusal), own.transaction() as session:
        letterhead.save_logo(session, user=ada, content=content)
    with own.transaction() as session:
        assert letterhead.find(session, reader=ada).logo


def test_words_that_two_lines_do_not_hold_are_refused(ada):
    with pytest.raises(BadInput, match="header is too long"), own.transaction() as session:
        letterhead.save_words(session, user=ada, header="東" * 120, footer="")
    with pytest.raises(ValidationError, match="shorten"):
        Printed(footer="x" * 200)
    assert Printed(footer="two\nlines\x00").footer == "two lines"


def test_only_administrators_set_it(ada):
    for change in (
        lambda session, user: letterhead.save_words(session, user=user, header="Mine", footer=""),
        lambda session, user: letterhead.save_logo(session, user=user, content=picture("PNG")),
        lambda session, user: letterhead.remove_logo(session, user=user),
    ):
        with pytest.raises(NotAllowed), own.transaction() as session:
            change(session, ada.model_copy(update={"role": Role.ANALYST}))
