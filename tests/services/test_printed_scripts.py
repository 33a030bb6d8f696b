"""What people write in any script stands on paper: found as text, in a font of the file's own, in its direction, and never as a picture."""

import unicodedata
from datetime import UTC, datetime
from io import BytesIO

import pypdf
import pypdfium2
import pytest

from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document, Grid, Picture
from nexus.reports.press import press

WRITTEN = {
    "Arabic": ("مرحبا بالعالم", "NotoSansArabic"),
    "Hebrew": ("שלום עולם", "NotoSansHebrew"),
    "Chinese": ("这是数据报告", "NotoSansSC"),
    "Korean": ("안녕하세요 보고서", "NotoSansKR"),
    "Japanese": ("これは報告です", "NotoSansJP"),
    "Hindi": ("नमस्ते भारत", "NotoSansDevanagari"),
    "Thai": ("ภาษาไทย", "NotoSansThai"),
    "Emoji": ("🚀📊", "NotoEmoji"),
    "Greek": ("Καλημέρα", "Inter"),
    "Cyrillic": ("Доброе утро", "Inter"),
}


def printed(printer: PrintBrowser, words: str) -> bytes:
    bars = {
        "data": {"values": [{"name": words, "count": 2}]},
        "mark": "bar",
        "encoding": {"y": {"field": "name", "type": "nominal"}, "x": {"field": "count", "type": "quantitative"}},
    }
    page = Document(
        title=words,
        subject="View words, version 1",
        prepared_by="Ana",
        prepared_at=datetime(2026, 11, 24, tzinfo=UTC),
        panels=(
            Grid(title=words, width=12, heads=("name", words), numeric=(False, False), rows=[("one", words), ("two", "plain")] * 10),
            Picture(title="Chart", spec=bars, alternative=words),
        ),
    )
    out = BytesIO()
    press(page, printer, out)
    return out.getvalue()


@pytest.mark.parametrize("script", WRITTEN)
def test_every_script_is_text_in_a_font_of_its_own_file(printer, script):
    words, font = WRITTEN[script]
    file = printed(printer, words)
    text = unicodedata.normalize("NFKC", "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(file)))
    if script == "Hindi":
        # Readers take the width of a vowel sign for a space.
        text, words = text.replace(" ", ""), words.replace(" ", "")
    for word in words.split():
        # Readers hand out what runs from right to left in either order.
        assert max(text.count(word), text.count(word[::-1])) >= 10, text[:200]
    names = set()
    for page in pypdf.PdfReader(BytesIO(file)).pages:
        assert not page.images
        for used in page["/Resources"]["/Font"].values():
            for inner in used.get_object().get("/DescendantFonts", []):
                descriptor = inner.get_object()["/FontDescriptor"].get_object()
                assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
                names.add(str(descriptor["/FontName"]).partition("+")[2])
    assert any(name.startswith(font) for name in names), names
    assert all(name.startswith(("Inter", "Noto", "JetBrains")) for name in names), "no font of the machine"


def test_what_runs_from_right_to_left_begins_at_the_right_of_its_cell(printer):
    file = printed(printer, "שלום")
    page = pypdfium2.PdfDocument(file)[0].get_textpage()
    found = page.search("one").get_next()
    left = page.get_charbox(found[0])[0]
    cells = [page.get_charbox(at)[0] for at in range(page.count_chars()) if page.get_text_range(at, 1) == "ש"]
    plain = page.get_charbox(page.search("plain").get_next()[0])[0]
    assert max(cells) > plain > left
