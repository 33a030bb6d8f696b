"""How it will look: the pages of a print as pictures, before anything is kept."""

import io
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import PromptPanel
from nexus.db.session import Session, transaction
from nexus.errors import NexusError, NotFound
from nexus.prompts import service as prompts
from nexus.reports import letterhead, orders, press
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document
from nexus.reports.orders import Given
from nexus.reports.spec import Kind
from nexus.views import service as views

WIDTH = 1_000
"""Of a page's picture, in pixels."""
KEPT = 4
"""Prints in memory, so that turning a page prints nothing. Another replica prints it again."""
MOST_BYTES = 4 * 1024 * 1024


class NoSuchPage(NotFound):
    message = "This preview has no such page. Open the preview again."


@dataclass(frozen=True)
class Preview:
    file: bytes
    pages: int


_kept: OrderedDict[tuple[Any, ...], Preview] = OrderedDict()
_lock = threading.Lock()
_drawing = threading.Lock()
"""PDFium is for one thread at a time."""


def preview(kind: Kind, *, user: User, name: str, given: Given, afresh: bool = False) -> Preview:
    """The print, of long tables their first rows. `afresh` asks for the data again. Raises as the service does."""
    require(user, Permission.SEE)
    with transaction() as session:
        headed = letterhead.last_changed(session, reader=user)
    rights = (user.id, user.role, repr(sorted(user.attributes.items())), user.looked_at_by, *_seen(kind, user, name))
    key = (headed, *rights, kind, name, tuple(sorted((at, tuple(texts)) for at, texts in given.items())))
    with _lock:
        found = None if afresh else _kept.get(key)
    if found is None:
        looked: Any = orders.carry_out(kind, user=user, name=name, given=given, look=_printed)
        found = looked
        assert isinstance(found, Preview)
        with _lock:
            if len(found.file) <= MOST_BYTES:
                _kept[key] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found


def _seen(kind: Kind, user: User, name: str) -> Iterator[object]:
    """What the person may see of it at this moment: a print of what was taken back from them is not shown again. Raises NotFound."""
    with transaction() as session:
        match kind:
            case "dashboard":
                opened = dashboards.open_dashboard(session, reader=user, name=name, visit=False)
                yield from (opened.version, *sorted((name, view.version) for name, view in opened.views.items()), *sorted(opened.hidden))
                for panel in opened.dashboard.panels:
                    if isinstance(panel, PromptPanel):
                        yield _answers(session, user, panel)
            case "view":
                yield views.find_view(session, reader=user, name=name).version
            case _:
                yield prompts.find_run(session, reader=user, run_id=int(name)).id


def _answers(session: Session, user: User, panel: PromptPanel) -> tuple[int, ...]:
    try:
        return tuple(run.id for run in prompts.open_prompt(session, reader=user, name=panel.prompt).answers)
    except NexusError:
        return ()


def page_png(found: Preview, page: int) -> bytes:
    """The picture of a page, from 1. Raises NoSuchPage."""
    import pypdfium2

    if not 1 <= page <= found.pages:
        raise NoSuchPage()
    with _drawing:
        document = pypdfium2.PdfDocument(found.file)
        try:
            sheet = document[page - 1]
            bitmap = sheet.render(scale=WIDTH / sheet.get_width(), rev_byteorder=True, prefer_bgrx=False)
            try:
                return _png(bitmap.width, bitmap.height, bitmap.stride, bytes(bitmap.buffer))
            finally:
                bitmap.close()
        finally:
            document.close()


def _printed(page: Document, printer: PrintBrowser) -> Preview:
    out = io.BytesIO()
    pages = press.press(page, printer, out)
    return Preview(out.getvalue(), pages)


def _png(width: int, height: int, stride: int, pixels: bytes) -> bytes:
    """RGB of eight bits (PNG, 11.2.2)."""
    rows = b"".join(b"\x00" + pixels[row * stride : row * stride + width * 3] for row in range(height))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content)) for name, content in parts
    )
