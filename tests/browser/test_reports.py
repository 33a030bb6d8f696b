"""The reports page in a real browser: a file is taken away by its link."""

import json
import os

from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers, drawn, settled
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
    page.goto("/reports?from=2020-01-01")
    drawn(page)
    page.evaluate("window.unloaded = false")
    page.get_by_role("link", name="Flüge: 遅延", exact=True).click()
    page.get_by_text("late-routes").wait_for()
    settled(page)
    assert "report=" in page.url
    assert "from=" not in page.url
    page.go_back()
    expect(page.get_by_role("link", name="Flüge: 遅延", exact=True)).to_be_visible()
    assert "from=" in page.url
    page.go_forward()
    page.get_by_text("late-routes").wait_for()
    settled(page)
    assert page.evaluate("window.unloaded") is False, "the page was not loaded anew"
    assert barriers(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Flüge: 遅延").click()
    assert download.value.path().read_bytes() == FILE
    assert "遅延" in download.value.suggested_filename


def test_a_report_is_issued_again_compared_and_verified(page, app_server, tmp_path):
    ana = app_server.person(Role.ANALYST)
    client = ana.client()
    client.timeout = 60
    july = client.get("/dashboards/delays.pdf", params={"period": "2013-07-01..2013-07-31", "zone": "Europe/Berlin"})
    august = client.get("/dashboards/delays.pdf", params={"period": "2013-08-01..2013-08-31", "zone": "Europe/Berlin"})
    assert (july.status_code, august.status_code) == (200, 200)
    sign_in(page, ana)

    page.goto("/reports")
    expect(page.get_by_text("Date: 1 Aug 2013")).to_be_visible()
    look(page, "list")
    page.get_by_role("link", name="Issue again").last.click()
    expect(page.get_by_text("With the data of today")).to_be_visible()
    look(page, "again")
    with page.expect_download() as download:
        page.get_by_role("link", name="Issue again", exact=True).first.click()
    again = download.value.path().read_bytes()
    assert again.startswith(b"%PDF-")
    assert again != july.content

    page.goto(f"/reports?compare={july.headers['x-report']}&with={august.headers['x-report']}")
    expect(page.get_by_role("heading", name="Figures")).to_be_visible()
    expect(page.get_by_text("Rows are told apart by").first).to_be_visible()
    look(page, "compare")

    page.goto("/reports")
    page.get_by_role("link", name="Verify a PDF").click()
    chosen = tmp_path / "in hand.pdf"
    for content, said in ((july.content, "was issued by this Nexus on"), (july.content + b" ", "is not one that this Nexus issued")):
        chosen.write_bytes(content)
        page.locator("input[type=file]").set_input_files(chosen)
        expect(page.get_by_text(said)).to_be_visible()
    look(page, "verify")
    chosen.write_bytes(b"MZ" + july.content)
    page.locator("input[type=file]").set_input_files(chosen)
    expect(page.get_by_text("This is not a PDF that Nexus could have issued")).to_be_visible()


def look(page, name: str) -> None:
    """At the page, and whether it stands in anybody's way."""
    if folder := os.environ.get("LOOK"):
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(700)
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 800})
    assert barriers(page) == []
