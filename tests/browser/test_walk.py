"""The first walk of somebody who has never seen Nexus: from the first start to a dashboard, a prompt, a PDF and a colleague."""

import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.gemini_stand_in import GeminiStandIn
from tests.seen import settled
from tests.server import PASSWORD, Server, sign_in_by_form


@pytest.fixture(scope="module")
def administrator(server: Server, chromium: Browser) -> str:
    """Their e-mail, after the console's one-time password was changed for one of their own."""
    said = "".join(server.output)
    email = re.search(r"first administrator is (\S+)", said)
    once = re.search(r"one-time password (\S+)", said)
    assert email, said
    assert once, said
    page = chromium.new_page()
    page.goto(server.url)
    page.fill("#email", email.group(1))
    page.fill("#password", once.group(1))
    page.press("#password", "Enter")
    page.wait_for_url("**/login/password**")
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.press("#again", "Enter")
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.close()
    return email.group(1)


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def page(request, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": request.param, "height": 900}, accept_downloads=True)
    page.set_default_timeout(30_000)
    yield page
    page.close()


def phone(page: Page) -> bool:
    return (page.viewport_size or {})["width"] < 640


def go_to(page: Page, title: str) -> None:
    """By the sidebar, which a phone shows on demand."""
    if phone(page):
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
    if phone(page):
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()


def read_a_dashboard(page: Page) -> None:
    go_to(page, "Dashboards")
    page.get_by_role("button", name="Delays at a glance").or_(page.get_by_role("link", name="Delays at a glance")).first.click()
    expect(page.locator(".nexus-value")).to_have_count(4)
    expect(page.locator(".nexus-value").first).to_have_text("86,995")


def filter_it(page: Page) -> None:
    if phone(page):
        page.get_by_text("Filters", exact=True).first.click()
    page.get_by_role("combobox", name=re.compile("Origin")).click()
    page.get_by_role("option", name=re.compile("JFK")).click()
    page.keyboard.press("Escape")
    expect(page.locator(".nexus-value").first).not_to_have_text("86,995")
    expect(page).to_have_url(re.compile("origin=JFK"))
    settled(page)
    expect(page.locator(".nexus-value")).to_have_count(4)
    filtered = page.locator(".nexus-value").all_inner_texts()
    page.reload()
    expect(page.locator(".nexus-value")).to_have_text(filtered)


def ask_a_prompt(page: Page, gemini: GeminiStandIn) -> None:
    before = len(gemini.generated)
    page.get_by_role("button", name=re.compile("^(Ask|Ask again)$")).click()
    expect(page.get_by_text(re.compile(r"about [\d,]+ tokens"))).to_be_visible()
    assert len(gemini.generated) == before  # shown before it is sent
    page.get_by_role("button", name="Send to Gemini").click()
    told = page.get_by_text(re.compile(r"[\d,]+ \+ [\d,]+ tokens|so nothing was sent"))
    expect(told).to_be_visible()
    # The other walk may have had the answer to this very request already.
    assert len(gemini.generated) == before + ("nothing was sent" not in told.inner_text())


def download_it(page: Page) -> str:
    """The text of the PDF."""
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download PDF").or_(page.get_by_role("link", name="Download PDF")).first.click()
    content = caught.value.path().read_bytes()
    return "\n".join(text.extract_text() for text in PdfReader(io.BytesIO(content)).pages)


def add_a_colleague(page: Page, email: str) -> str:
    """Their one-time password."""
    go_to(page, "Settings")
    page.get_by_role("button", name="Add a person").click()
    page.get_by_label("Name", exact=True).fill("Bea Colleague")
    page.get_by_label("E-mail", exact=True).fill(email)
    page.get_by_role("button", name="Add", exact=True).click()
    shown = page.get_by_text(re.compile(r"[a-z0-9]{5}(-[a-z0-9]{5}){3}")).first
    expect(shown).to_be_visible()
    return re.search(r"[a-z0-9]{5}(?:-[a-z0-9]{5}){3}", shown.inner_text()).group()


def test_the_first_walk(server: Server, administrator: str, gemini: GeminiStandIn, page: Page, chromium: Browser):
    page.goto(server.url)
    sign_in_by_form(page, administrator)
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    read_a_dashboard(page)
    filter_it(page)
    ask_a_prompt(page, gemini)
    text = download_it(page)
    assert "Delays at a glance" in text
    assert "JFK" in text
    email = f"bea{page.viewport_size['width']}@example.org"
    once = add_a_colleague(page, email)

    colleague = chromium.new_page()
    colleague.goto(server.url)
    sign_in_by_form(colleague, email, password=once)
    colleague.wait_for_url("**/login/password**")
    colleague.close()
