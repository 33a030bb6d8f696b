"""The reports page in a real browser: a file is taken away by its link."""

import json

from nexus.accounts.spec import Role
from tests.seen import barriers
from tests.server import sign_in

FILE = b"%PDF-1.7\nkept as it was printed\n%%EOF\n"


def test_a_kept_report_is_downloaded_again_byte_for_byte(page, app_server):
    person = app_server.person(Role.VIEWER)
    with app_server.database() as cursor:
        cursor.execute(
            "insert into nexus.reports (kind, subject, subject_version, title, filters, layout, queries, file, sha256, size_bytes, pages, elapsed_ms, created_by)"
            " values ('dashboard', 'delays', 1, 'Flüge: 遅延', %s, %s, %s, %s, %s, %s, 2, 300, %s)",
            (
                json.dumps({"origin": ["EWR"]}),
                json.dumps({"paper": "A4", "orientation": "portrait"}),
                json.dumps([{"panel": "routes", "view": "late-routes", "rows": 12, "complete": True, "elapsed_ms": 7}]),
                FILE,
                "ab" * 32,
                len(FILE),
                person.id,
            ),
        )
    sign_in(page, person)
    page.goto("/reports")
    page.get_by_text("How it was made").click()
    page.get_by_text("late-routes").wait_for()
    assert barriers(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Flüge: 遅延").click()
    assert download.value.path().read_bytes() == FILE
    assert "遅延" in download.value.suggested_filename
