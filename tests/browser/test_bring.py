"""A file becomes a table and then a view, in a real browser: chosen, looked at, corrected, created."""

import re

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from nexus.db.encrypted import encrypt
from tests.seen import barriers, settled, width
from tests.server import sign_in

CONTENT = (
    "Id;Größe (cm);Day;Note <b>x</b>\n" + "".join(f"{at};{at},5;{at}.3.2024;n *{at}*\n" for at in range(1, 31)) + "31;n/a;31.3.2024;\n"
)


@pytest.fixture(scope="module")
def taking(app_server):
    """The sample takes files, in a schema of this module's own."""
    with app_server.database() as cursor:
        cursor.execute(
            "select rolname from pg_roles where has_table_privilege(oid, 'sample.flights', 'select') and not rolsuper and rolcanlogin"
        )
        (reader,) = cursor.fetchone()
        cursor.execute(
            "drop role if exists nexus_browser_writer; create role nexus_browser_writer login password 'violet'; create schema brought;"
            f'grant usage, create on schema brought to nexus_browser_writer; grant usage on schema brought to "{reader}"'
        )
        cursor.execute(
            "update nexus.sources set writer_url = %s where name = 'sample'", (encrypt("nexus-own://nexus_browser_writer:violet@own/own"),)
        )
    yield app_server
    with app_server.database() as cursor:
        cursor.execute(
            "update nexus.sources set writer_url = null where name = 'sample'; drop schema brought cascade; drop role nexus_browser_writer"
        )


def choose_type(page, column: int, name: str) -> None:
    page.get_by_label(f"Type of column {column}").click()
    page.get_by_role("option", name=name, exact=True).click()
    settled(page)


def test_a_file_is_uploaded_corrected_created_and_opened_as_a_view(page, taking, tmp_path):
    path = tmp_path / "Sizes <b>.CSV"
    path.write_text(CONTENT)
    analyst = taking.person(Role.ANALYST)
    sign_in(page, analyst)
    page.goto("/data")
    page.get_by_role("link", name="Bring in a file").click()
    expect(page.get_by_text("At most 100 MB.")).to_be_visible()
    settled(page)
    assert not barriers(page)
    # By keyboard: the button of the file chooser is the field itself.
    page.locator("input[type=file]").focus()
    page.set_input_files("input[type=file]", path)
    expect(page.get_by_text("31 rows, 4 columns.")).to_be_visible()
    expect(page.get_by_label("Table", exact=True)).to_have_value("sizes_b")
    expect(page.get_by_label("Name of column 2")).to_have_value("größe_cm")
    choose_type(page, 2, "number, exact")
    page.get_by_role("button", name="Create the table").click()
    expect(page.get_by_text("Nothing was made: 1 problem in 31 rows")).to_be_visible()
    expect(page.get_by_text("Row 32, column Größe (cm): “n/a” is not a number.")).to_be_visible()
    settled(page)
    assert not barriers(page)
    page.reload()
    expect(page.get_by_text("31 rows, 4 columns.")).to_be_visible()
    choose_type(page, 2, "text")
    page.get_by_label("Table", exact=True).fill("sizes")
    page.get_by_label("Table", exact=True).press("Enter")
    settled(page)
    page.get_by_role("button", name="Create the table").click()
    expect(page.get_by_text("brought.sizes is in Sample")).to_be_visible()
    with taking.database() as cursor:
        cursor.execute("select count(*), max(day)::text, min(note_b_x_b) from brought.sizes")
        assert cursor.fetchone() == (31, "2024-03-31", "n *1*")
        cursor.execute("select count(*) from nexus.uploads where user_id = %s", (analyst.id,))
        assert cursor.fetchone() == (0,)
    page.get_by_role("link", name="Open it as a new view").click()
    expect(page).to_have_url(re.compile("schema=brought&table=sizes"))
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


def test_an_upload_over_the_limit_is_refused_before_it_is_sent_and_a_broken_one_says_so(page, taking, tmp_path):
    path = tmp_path / "big.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 600_000)
    sign_in(page, taking.person(Role.ANALYST))
    with taking.database() as cursor:
        cursor.execute("""insert into nexus.saved_settings (name, value) values ('upload_mb', '{"value": 2}')""")
    try:
        page.goto("/bring")
        expect(page.get_by_text("At most 2 MB.")).to_be_visible()
        page.set_input_files("input[type=file]", path)
        expect(page.get_by_role("alert").filter(has_text="2 MB may be brought in")).to_be_visible()
    finally:
        with taking.database() as cursor:
            cursor.execute("delete from nexus.saved_settings where name = 'upload_mb'")
    page.reload()
    page.route("**/uploads?*", lambda route: route.abort())
    expect(page.get_by_text("At most 100 MB.")).to_be_visible()
    page.set_input_files("input[type=file]", path)
    expect(page.get_by_role("alert").filter(has_text="broke off")).to_be_visible()


def test_the_form_of_a_file_fits_a_phone_in_the_dark(chromium, taking, tmp_path):
    path = tmp_path / "sizes.csv"
    path.write_text(CONTENT)
    context = chromium.new_context(base_url=taking.url, viewport={"width": 400, "height": 900}, color_scheme="dark")
    try:
        page = context.new_page()
        sign_in(page, taking.person(Role.ANALYST))
        page.goto("/bring")
        page.set_input_files("input[type=file]", path)
        expect(page.get_by_text("31 rows, 4 columns.")).to_be_visible()
        expect(page.get_by_role("button", name="Create the table")).to_be_visible()
        settled(page)
        assert width(page) <= 400
        assert not barriers(page)
    finally:
        context.close()
