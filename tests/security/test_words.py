"""What databases and people say is shown in many places; whatever it says there is text."""

import json
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import settled
from tests.server import sign_in

WORDS = "[Sign in again](https://evil.example) ![x](https://evil.example/x.png) www.evil.example **now** $x^2$ :material/home: `a` <b>b</b>"


def test_a_link_in_the_words_of_a_database_stays_text(page, app_server):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, app_server.person(Role.ANALYST))
    page.goto("/view?new=sql")
    page.get_by_role("textbox", name="SQL of the view").click()
    page.keyboard.insert_text(f"select '{WORDS}'::integer")
    page.keyboard.press("ControlOrMeta+Enter")
    alert = page.get_by_role("alert").filter(has_text="The database says")
    alert.wait_for()
    said = alert.inner_text().replace("\u2060", "")
    for part in WORDS.replace("`a`", "a").split():
        assert part in said
    assert alert.locator("a, img, b, strong, .katex").count() == 0
    assert alert.locator("code").all_inner_texts() == ["a"]
    assert not [url for url in asked if "evil" in url]


# As long as a name may be, so that each of these is a column, a table, a title and a value as well.
NAMES = {
    "link": "[Sign in](https://evil.example) www.evil.example",
    "picture": "![x](https://evil.example/x.png)<img src=//evil.example>",
    "markup": "**now** _so_ ~~it~~ `a` # <b>b</b> <script>x()</script>",
    "directives": ":red[x] :material/skull: :skull: $x^2$ :blue-badge[y]",
    "signs": "a.b, %s :x {{ y }} {0} \\ -- -> /* ' \" 👩‍👩‍👧 é",
}
DRAWN = (
    "a[href^='http'][href*='evil'], a[href^='//'], img[src*='evil'], .katex, [data-testid=stMain] script, [data-testid=stMarkdownBadge], "
    "s:text-is('it'), em:text-is('so'), strong:text-is('now'), b:text-is('b')"
)
"""What these would become if they were markup."""
PLACES = {
    "grid": "",
    "filters, order and hidden columns": "&g.order=-{name}&g.where={where}&g.hide=n",
    "statistics": "&show=Statistics&g.column={name}",
    "chart": "&show=Chart",
    "editor": "&edit=1",
}


def quoted(text: str) -> str:
    return text.replace("'", "''")


@pytest.fixture
def hostile(request, app_server):
    """A view whose title, description, tags, column, label, filter and values are this text; of a table that is called so, with it as comments."""
    words = NAMES[request.param]
    person = app_server.person(Role.ANALYST, name=words)
    column, name = words.replace('"', '""'), f"hostile-{request.param}"
    with app_server.database() as cursor:
        cursor.execute("set client_min_messages to error")
        cursor.execute(f'create table sample."{column}" (n int primary key, "{column}" text)')
        cursor.execute(f"comment on table sample.\"{column}\" is '{quoted(words)}'")
        cursor.execute(f'comment on column sample."{column}"."{column}" is \'{quoted(words)}\'')
        cursor.execute(f"insert into sample.\"{column}\" select i, '{quoted(words)}' from generate_series(1, 3) i")
        cursor.execute(f'grant select on sample."{column}" to public')
        spec = {
            "name": name, "title": words, "description": words, "tags": [words], "source": "sample",
            "question": {"kind": "table", "schema": "sample", "table": words, "columns": [{"column": "n"}, {"column": words}]},
            "parameters": [{"name": "p", "type": "text", "label": words, "default": words}],
            "formats": {words: {"label": words}},
            "chart": {"kind": "bar", "x": words, "y": ["n"]},
        }  # fmt: skip
        cursor.execute(
            "insert into nexus.views (name, title, version, owner_id) values (%s, %s, 1, %s) returning id", (name, words, person.id)
        )
        cursor.execute(
            "insert into nexus.view_versions (kept_id, version, spec, saved_by, note) values (%s, 1, %s, %s, %s)",
            (cursor.fetchone()[0], json.dumps(spec), person.id, words),
        )
    yield person, name, words
    with app_server.database() as cursor:
        cursor.execute(f'drop table sample."{column}"')
        cursor.execute("delete from nexus.views where name = %s", (name,))


@pytest.mark.parametrize("hostile", NAMES, indirect=True)
def test_names_of_people_and_databases_stay_text_wherever_a_view_is_shown(page, hostile):
    person, name, words = hostile
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    sign_in(page, person)
    escaped = words.replace("\\", "\\\\").replace(",", "\\,")
    for place, query in PLACES.items():
        where = json.dumps([{"column": words, "operator": "contains", "value": words}])
        page.goto(f"/view?name={name}" + query.format(name=quote(escaped if "order" in query else words), where=quote(where)))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        settled(page)
        as_text(page, place)
        assert page.get_by_role("heading", level=1).inner_text().replace("\u2060", "") == words, place
    for dialog in ("Runs", "Where it is used", "Query", "Share"):
        page.goto(f"/view?name={name}")
        settled(page)
        if not page.get_by_text(dialog, exact=True).first.is_visible():
            page.get_by_role("button", name="More").first.click()
        page.get_by_text(dialog, exact=True).first.click()
        settled(page)
        as_text(page, dialog)
    for address in (
        "/data?list=Sources",
        f"/table?source=sample&schema=sample&table={quote(words)}",
        "/data",
        "/",
        f"/view?new=table&source=sample&schema=sample&table={quote(words)}",
        f"/view?new=sql&source=sample&schema=sample&table={quote(words)}",
    ):
        page.goto(address)
        settled(page)
        as_text(page, address)
    assert not [url for url in asked if "evil.example" in url.partition("?")[0]]


def as_text(page, place: str) -> None:
    assert page.locator(DRAWN).count() == 0, (place, page.locator(DRAWN).first.evaluate("one => one.outerHTML"))
    assert "skull" not in page.locator("[data-testid=stIconMaterial]").all_inner_texts(), place
    assert page.get_by_text("Nexus made a mistake").count() == 0, place
    assert "\U0001f480" not in page.locator("body").inner_text(), place
