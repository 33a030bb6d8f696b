"""Signing in from outside: what gets in, what does not, and what the answers give away."""

import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx
import pytest

from nexus.accounts import passwords, tokens
from nexus.accounts.spec import Role
from tests.server import PASSWORD, cheap_hash, until


def form(client: httpx.Client, path: str = "/login") -> str:
    """The form's token; the cookie it belongs to is in the client now."""
    return re.search(r'name="form" value="([0-9a-f]+)"', client.get(path).text)[1]


def submit(client: httpx.Client, email: str, password: str, **fields: str) -> httpx.Response:
    return client.post("/login", data={"email": email, "password": password, "next": "/", "form": form(client), **fields})


def said(answer: httpx.Response) -> str:
    found = re.search(r'<p class="say[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return re.sub("<[^>]+>", "", found[1]) if found else ""


def test_a_right_password_opens_a_session_whose_cookie_scripts_cannot_read(app_server):
    person = app_server.person()
    with app_server.client() as client:
        answer = submit(client, person.email.upper() + " ", PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert re.fullmatch(r"nexus=[A-Za-z0-9_-]{43}; HttpOnly; Max-Age=28800; Path=/; SameSite=Lax", cookie)
        assert client.get("/").status_code == 200
        assert client.get("/login?next=/reports").headers["location"] == "/reports"


def test_in_production_the_cookie_is_bound_to_the_host_and_to_https(make_server):
    server = make_server(RAILWAY_ENVIRONMENT="production", RAILWAY_PUBLIC_DOMAIN="nexus.example.org")
    person = server.person()
    with server.client(host="nexus.example.org", origin="https://nexus.example.org") as client:
        shown = client.get("/login")
        assert "Secure" in shown.headers["set-cookie"]
        assert shown.headers["strict-transport-security"]
        assert shown.headers["set-cookie"].startswith("__Host-nexus-form=")
        binding = shown.headers["set-cookie"].split(";")[0]
        token = re.search(r'name="form" value="([0-9a-f]+)"', shown.text)[1]
        answer = client.post(
            "/login", data={"email": person.email, "password": PASSWORD, "form": token, "next": "/"}, headers={"cookie": binding}
        )
        assert re.fullmatch(
            r"__Host-nexus=[A-Za-z0-9_-]{43}; HttpOnly; Max-Age=28800; Path=/; SameSite=Lax; Secure", answer.headers["set-cookie"]
        )
        assert client.get("/login", headers={"host": "evil.example"}).status_code == 421


def test_an_unknown_person_and_a_wrong_password_get_the_same_answer(app_server):
    person = app_server.person()
    answers = []
    for email in (person.email, "nobody@example.org"):
        with app_server.client() as client:
            answer = submit(client, email, "wrong horse battery")
            answers.append((answer.status_code, said(answer), re.sub(r'value="[^"]*"', "", answer.text)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert "wrong" in answers[0][1]


def test_an_unknown_person_costs_one_hash_of_the_cost_that_known_ones_have(database, make_user, monkeypatch):
    from nexus.accounts import sign_in

    person = make_user(password_hash=cheap_hash("something long enough here"))
    checked: list[str] = []
    check = passwords.bcrypt.checkpw
    monkeypatch.setattr(passwords.bcrypt, "checkpw", lambda digest, stored: checked.append(stored.decode()[:7]) or check(digest, stored))
    for email in (person.email, "nobody@example.org", "x\0y@example.org", "long" * 100 + "@example.org"):
        with pytest.raises(sign_in.WrongPassword):
            sign_in.sign_in(email=email, password="wrong", address="10.0.0.1", user_agent="")
    assert checked == ["$2b$04$", "$2b$12$", "$2b$12$", "$2b$12$"]
    assert passwords.hashed("something long enough here").startswith("$2b$12$")


@pytest.mark.parametrize(
    "email",
    [
        "' or 1=1 --",
        "admin@localhost'; drop table nexus.users; --",
        "x" * 10_000,
        "ｖiewer@example.org",
        "viewer\u200b@example.org",
        "nul\0@example.org",
        "a\r\nSet-Cookie: x=y@example.org",
        '"><script>alert(1)</script>@example.org',
        "{{ 7*7 }}@example.org",
    ],
)
def test_strange_names_are_only_unknown_people(app_server, email):
    with app_server.client() as client:
        answer = submit(client, email, PASSWORD)
        assert answer.status_code in (400, 401)
        assert "<script>alert" not in answer.text
        assert "49@" not in answer.text
        assert "x" not in client.cookies
        assert "nexus" not in client.cookies


@pytest.mark.parametrize("length", [15, 64, 72, 73, 1000, 1024])
def test_passwords_count_to_their_last_character(app_server, length):
    password = ("correct horse battery staple " * 40)[:length]
    person = app_server.person()
    with app_server.database() as cursor:
        cursor.execute("update nexus.users set password_hash = %s where id = %s", (cheap_hash(password), person.id))
    with app_server.client() as client:
        assert submit(client, person.email, password[:-1] + "#").status_code == 401
        assert submit(client, person.email, password[:-1]).status_code == 401
        assert submit(client, person.email, password).status_code == 303


def test_one_password_has_one_spelling_however_the_keyboard_composes_it(app_server):
    password = "Äpfel über Flüße ﬁnden"
    person = app_server.person()
    with app_server.database() as cursor:
        cursor.execute(
            "update nexus.users set password_hash = %s where id = %s", (cheap_hash(unicodedata.normalize("NFC", password)), person.id)
        )
    with app_server.client() as client:
        assert submit(client, person.email, unicodedata.normalize("NFD", password)).status_code == 303


def test_a_password_with_a_nul_is_not_cut_there(app_server):
    person = app_server.person()
    with app_server.client() as client:
        assert submit(client, person.email, PASSWORD + "\0x").status_code == 401
        assert submit(client, person.email, "\0").status_code == 401


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"email": ["a"], "password": {"a": 1}}', "application/json"),
        (b"email=a@b.c&email=d@e.f&password=x&next=/&form=x", "application/x-www-form-urlencoded"),
        (b"email[]=a@b.c&password[$ne]=x", "application/x-www-form-urlencoded"),
        (b"email=%ff%fe&password=%ff&next=/&form=x", "application/x-www-form-urlencoded"),
        (b"x=" + b"y" * 100_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(1000)), "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"--b\r\nContent-Disposition: form-data; name=email\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b"\x00\x01\x02", "application/octet-stream"),
    ],
)
def test_a_body_that_is_no_form_is_refused_in_one_sentence(app_server, body, kind):
    with app_server.client() as client:
        answer = client.post("/login", content=body, headers={"content-type": kind})
        assert answer.status_code in (400, 403)
        assert "Try again" in said(answer)


def test_a_form_without_its_token_or_with_another_browsers_is_refused(app_server):
    person = app_server.person()
    with app_server.client() as client, app_server.client() as other:
        fields = {"email": person.email, "password": PASSWORD, "next": "/"}
        assert client.post("/login", data=fields).status_code == 403
        form(client)
        answer = client.post("/login", data={**fields, "form": form(other)})
        assert answer.status_code == 403
        assert "open for too long" in said(answer)
        assert client.post("/login", data={**fields, "form": "0" * 64}).status_code == 403


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/dashboard?name=delays&from=2013-06-01..2013-08-31", "/dashboard?name=delays&from=2013-06-01..2013-08-31"),
        ("/view?name=%C3%A4", "/view?name=%C3%A4"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/ /evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nLocation: https://evil.example", "/"),
        ("/login?next=/login", "/"),
        ("/logout", "/"),
        ("/@evil.example", "/@evil.example"),
        ("evil.example", "/"),
        ("/" + "a" * 5000, "/"),
        ("", "/"),
    ],
)
def test_next_leads_nowhere_but_here(app_server, target, goes_to):
    with app_server.person().client() as client:
        assert client.get("/login?" + urlencode({"next": target})).headers["location"] == goes_to


def test_next_of_the_form_is_checked_as_well(app_server):
    person = app_server.person()
    with app_server.client() as client:
        assert submit(client, person.email, PASSWORD, next="//evil.example").headers["location"] == "/"
        shown = client.get("/login?next=javascript:alert(1)", headers={"cookie": ""})
        assert "javascript:" not in shown.text


def test_five_failures_lock_the_account_even_for_fifty_at_once(app_server):
    person = app_server.person()
    with app_server.client() as client:
        token = form(client)
        cookie = f"nexus-form={client.cookies['nexus-form']}"

    def attempt(number: int) -> int:
        headers = {"origin": app_server.url, "cookie": cookie, "x-forwarded-for": f"10.9.8.{number}", "x-real-ip": f"10.9.7.{number}"}
        fields = {"email": person.email, "password": f"wrong password {number}", "next": "/", "form": token}
        return httpx.post(f"{app_server.url}/login", data=fields, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(attempt, range(50)))
    assert sorted(answers) == [401] * 5 + [429] * 45
    with app_server.client() as client:
        locked = submit(client, person.email, PASSWORD)
        assert locked.status_code == 429
        assert re.search(r"Too many failed tries.*You can try again at \d\d:\d\d UTC", said(locked))
        with app_server.database() as cursor:
            cursor.execute(
                "update nexus.sign_in_attempts set at = at - interval '16 minutes' where account = %s", (tokens.account_hash(person.email),)
            )
        assert submit(client, person.email, PASSWORD).status_code == 303
    with app_server.database() as cursor:
        cursor.execute("select count(*) from nexus.sign_in_attempts where account = %s", (tokens.account_hash(person.email),))
        assert cursor.fetchone() == (0,)


def test_a_lock_is_the_same_for_people_who_do_not_exist(app_server):
    with app_server.client() as client:
        statuses = [submit(client, "ghost@example.org", "wrong wrong wrong").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_one_address_that_tries_many_accounts_is_locked_by_itself(make_server):
    server = make_server()
    person = server.person()
    with server.database() as cursor:
        cursor.execute("insert into nexus.saved_settings (name, value) values ('address_failures', '{\"value\": 3}')")
    with server.client() as client:
        for number in range(3):
            # Without a proxy in front, nothing that a client writes makes it somebody else.
            client.headers["x-forwarded-for"] = client.headers["x-real-ip"] = f"203.0.113.{number}"
            assert submit(client, f"guess{number}@example.org", "wrong wrong wrong").status_code == 401
        assert submit(client, person.email, PASSWORD).status_code == 429


def test_signing_in_again_replaces_the_session_of_this_browser(app_server):
    person = app_server.person()
    with app_server.client() as client:
        submit(client, person.email, PASSWORD)
        first = client.cookies["nexus"]
        submit_again = client.post("/login", data={"email": person.email, "password": PASSWORD, "next": "/", "form": form_of(client)})
        assert submit_again.status_code == 303
        assert client.cookies["nexus"] != first
    with app_server.client() as client:
        client.cookies.set("nexus", first)
        assert client.get("/").status_code == 303


def form_of(client: httpx.Client) -> str:
    return tokens.form_token(client.cookies["nexus-form"])


def test_a_one_time_password_opens_nothing_but_the_form_for_a_new_one(app_server):
    person = app_server.person(Role.ADMIN, must_change_password=True)
    with app_server.client() as client:
        assert submit(client, person.email, PASSWORD, next="/settings").headers["location"] == "/settings"
        shown = client.get("/settings")
        assert shown.headers["location"] == "/login/password?next=%2Fsettings"
        assert client.get("/reports/1.pdf", headers={"accept": "*/*"}).status_code == 403
        assert client.get("/_stcore/health", headers={"accept": "*/*"}).status_code == 403
        fields = {"next": "/settings", "form": form(client, "/login/password?next=%2Fsettings")}
        weak = client.post("/login/password", data={**fields, "new": "password1234567", "again": "password1234567"})
        assert "many people use" in said(weak)
        differs = client.post("/login/password", data={**fields, "new": "orbit lantern pickle moss", "again": "orbit lantern pickle mos"})
        assert "differ" in said(differs)
        same = client.post("/login/password", data={**fields, "new": PASSWORD, "again": PASSWORD})
        assert "have now" in said(same)
        before = client.cookies["nexus"]
        done = client.post("/login/password", data={**fields, "new": "orbit lantern pickle moss", "again": "orbit lantern pickle moss"})
        assert (done.status_code, done.headers["location"]) == (303, "/settings")
        assert client.cookies["nexus"] != before
        assert client.get("/settings").status_code == 200


def test_changing_a_password_needs_the_current_one_and_signs_other_browsers_out(app_server):
    person = app_server.person()
    with person.client() as client, person.client() as elsewhere:
        fields = {
            "next": "/",
            "form": form(client, "/login/password"),
            "new": "orbit lantern pickle moss",
            "again": "orbit lantern pickle moss",
        }
        assert client.post("/login/password", data={**fields, "current": "not it, surely not"}).status_code == 400
        assert client.post("/login/password", data=fields).status_code == 400
        assert elsewhere.get("/").status_code == 200
        assert client.post("/login/password", data={**fields, "current": PASSWORD}).status_code == 303
        assert client.get("/").status_code == 200
        assert elsewhere.get("/").status_code == 303
        assert "password was changed" in said(elsewhere.get("/login"))


def test_no_line_of_the_log_holds_a_secret(app_server):
    person = app_server.person()
    secret = "unusual-secret-in-the-query"
    with app_server.client() as client:
        submit(client, person.email, "typed-by-mistake-in-the-log")
        answer = submit(client, person.email, PASSWORD)
        token = client.cookies["nexus"]
        client.get(f"/dashboard?name={secret}")
        client.get(f"/login?next=/{secret}")
        client.get(f"/healthz?{secret}", headers={"x-request-id": "request-of-this-test"})
        asked = client.get(f"/views/nothing.csv?q={secret}", headers={"x-request-id": "request-of-this-test"})
    assert asked.headers["x-request-id"] == "request-of-this-test"
    line = until(lambda: [line for line in app_server.log() if line.get("request_id") == "request-of-this-test"], what="the line")[-1]
    assert line["path"] == "/views/nothing.csv"
    assert line["user_id"] == person.id
    assert {"time", "level", "method", "status", "duration_ms"} <= set(line)
    text = "".join(app_server.lines)
    assert answer.status_code == 303
    for word in (secret, token, PASSWORD, "typed-by-mistake", tokens.session_hash(token).hex(), "a secret of the tests"):
        assert word not in text


def test_every_line_of_the_log_is_json(app_server):
    lines = [line for line in app_server.lines if line.strip()]
    assert lines
    assert [line for line in lines if not line.startswith("{")] == []
