"""What a database says is quoted in sentences on pages; whatever it says there is text."""

from nexus.accounts.spec import Role
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
