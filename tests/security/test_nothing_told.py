"""A view of one person's alone, on a dashboard and in a prompt of all: what the running app sends to anybody else is searched for every word of it.

All frames of the sockets and all answers to HTTP of three people are looked through: two who never had the right, and one who used it, and lost it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from nexus.accounts.spec import Role
from tests.printed import bookmarks, texts
from tests.server import Person, Server, until
from tests.sockets import Reader

VIEW, TITLE, COLUMN, VALUE, INSIDE = "quokka-slips", "Wombat earnings", "numbat_pay", "bilby-77310", "dugong_note"
PROMPT, PROMPT_TITLE = "quoll-review", "Possum review"
CANARIES = (VIEW, TITLE, COLUMN, VALUE, INSIDE, PROMPT, PROMPT_TITLE)
"""Name, title, column, value, and a word of the SQL; name and title of a prompt."""
CHOICES = {"view": VIEW, "column": COLUMN}
DASHBOARD = {
    "name": "told-office",
    "title": "Told office",
    "filters": [{"name": "who", "type": "choice", "choices": CHOICES}, {"name": "year", "type": "number"}],
    "panels": [
        {"kind": "table", "name": VIEW, "title": TITLE, "view": VIEW, "columns": [COLUMN], "filtered": {COLUMN: "who"}},
        {"kind": "metric", "name": f"{VIEW}-2", "title": TITLE, "view": VIEW, "measure": COLUMN, "note": f"of {TITLE}"},
        {"kind": "chart", "name": "course", "view": VIEW, "chart": {"kind": "bar", "x": COLUMN, "y": [COLUMN]}},
        {"kind": "table", "name": "open", "title": "Open", "view": "told-open", "drill": {"view": VIEW, "values": {COLUMN: "n"}}},
        {"kind": "prompt", "name": PROMPT, "title": PROMPT_TITLE, "prompt": PROMPT},
        {"kind": "prompt", "name": "brief", "prompt": "told-brief"},
    ],
}


def view(name: str, title: str, sql: str, **more: object) -> dict[str, object]:
    return {"name": name, "title": title, "source": "sample", "question": {"kind": "sql", "sql": sql}, **more}


def prompt(name: str, title: str) -> dict[str, object]:
    data = [{"name": "slips", "view": VIEW, "columns": [COLUMN], "rules": {COLUMN: "mask"}}]
    return {
        "name": name,
        "title": title,
        "template": "Say {{ slips }}",
        "data": data,
        "variables": [{"name": "who", "type": "choice", "choices": CHOICES}],
    }


KEPT = (
    ("view", view(VIEW, TITLE, f"select '{VALUE}' as {COLUMN} /* {INSIDE} */"), False),
    ("view", view("told-open", "Told open", "select 5 as n", parameters=[{"name": "who", "type": "choice", "choices": CHOICES}]), True),
    ("prompt", prompt(PROMPT, PROMPT_TITLE), False),
    ("prompt", prompt("told-brief", "Told brief"), True),
    ("dashboard", DASHBOARD, True),
)


@dataclass
class Office:
    server: Server
    former: Person
    viewer: Person
    analyst: Person
    reports: list[int]
    pictures: dict[str, bytes]
    """What the previews of its prints looked like to who might see it."""


@pytest.fixture(scope="module")
def office(app_server: Server) -> Iterator[Office]:
    clear(app_server)
    owner = app_server.person(Role.ANALYST, name="Ana Ruiz")
    made = Office(app_server, app_server.person(Role.ANALYST), app_server.person(Role.VIEWER), app_server.person(Role.ANALYST), [], {})
    with app_server.database() as cursor:
        ids = {spec["name"]: keep(cursor, kind, spec, owner=owner.id, is_open=is_open) for kind, spec, is_open in KEPT}
        for kind, name in (("view", VIEW), ("prompt", PROMPT)):
            cursor.execute(
                "insert into nexus.shares (kind, kept_id, user_id, may_edit) values (%s, %s, %s, true)", (kind, ids[name], made.former.id)
            )
    used(made, ids)
    with app_server.database() as cursor:
        cursor.execute("delete from nexus.shares where user_id = %s", (made.former.id,))
    yield made
    clear(app_server)


def clear(server: Server) -> None:
    with server.database() as cursor:
        for kind, spec, _ in KEPT:
            cursor.execute(f"delete from nexus.{kind}s where name = %s", (spec["name"],))


def keep(cursor, kind, spec, *, owner: int, is_open: bool) -> int:
    """Two versions of it, so that there is something to compare."""
    cursor.execute(
        f"insert into nexus.{kind}s (name, title, version, owner_id, open_to_all) values (%s, %s, 2, %s, %s) returning id",
        (spec["name"], spec["title"], owner, is_open),
    )
    id_ = int(cursor.fetchone()[0])
    for version, description in ((1, ""), (2, "Changed")):
        cursor.execute(
            f"insert into nexus.{kind}_versions (kept_id, version, spec, saved_by) values (%s, %s, %s, %s)",
            (id_, version, json.dumps({**spec, "description": description}), owner),
        )
    return id_


def used(office: Office, ids: dict[str, int]) -> None:
    """What is left behind by somebody who may see it all: visits, runs, reports, an answer, and drafts."""
    server, former = office.server, office.former
    reader = Reader(former)
    seen = reader.read("dashboard", "name=told-office") + reader.read("view", f"name={VIEW}") + reader.read("prompt", f"name={PROMPT}")
    reader.close()
    assert [word for word in (VIEW, TITLE, COLUMN, VALUE, PROMPT, PROMPT_TITLE) if word.encode() not in seen] == []
    with former.client() as client:
        for address in ("/dashboards/told-office.pdf", f"/views/{VIEW}.pdf"):
            made = client.get(address, timeout=120)
            assert made.status_code == 200, made.text
            office.reports.append(int(made.headers["X-Report"]))
            assert VALUE in " ".join(texts(made.content))
        assert VALUE in client.get(f"/views/{VIEW}.csv").text
        for address in ("/prints/dashboard/told-office/1.png", f"/prints/view/{VIEW}/1.png"):
            pictured = client.get(address, timeout=120)
            assert (pictured.status_code, pictured.headers["vary"]) == (200, "Cookie"), pictured.headers
            office.pictures[address] = pictured.content
    with server.database() as cursor:
        cursor.execute(
            """insert into nexus.prompt_runs (prompt_id, prompt_version, user_id, variables, data, data_hash, model, status, answer)
            values (%s, 2, %s, '{}', %s, '', 'm', 'complete', %s)""",
            (
                ids["told-brief"],
                former.id,
                json.dumps({"shared": True, "blocks": [block()]}),
                f"It was {VALUE}.",
            ),
        )
        for kind, name in (("view", VIEW), ("prompt", PROMPT), ("dashboard", "told-office")):
            cursor.execute(
                "insert into nexus.visits (user_id, kind, name, favourite) values (%s, %s, %s, true) on conflict (user_id, kind, name) do update set favourite = true",
                (former.id, kind, name),
            )
        drafts = [("dashboard", "told-office", DASHBOARD), ("prompt", "told-brief", prompt("told-brief", "Told brief"))]
        drafts += [
            ("view", VIEW, KEPT[0][1]),
            ("view", "told-open", KEPT[1][1]),
            ("dashboard", "new:00000001", DASHBOARD | {"title": "Mine", "yaml": f"view: {VIEW}"}),
        ]
        for kind, name, content in drafts:
            cursor.execute(
                "insert into nexus.drafts (user_id, kind, name, content, base_version) values (%s, %s, %s, %s, 1)",
                (former.id, kind, name, json.dumps(content)),
            )

    def noted() -> bool:
        with server.database() as cursor:
            cursor.execute("select count(*) from nexus.query_runs where user_id = %s and view = %s", (former.id, VIEW))
            return cursor.fetchone()[0] > 2

    until(noted, within_s=30, what="the runs are noted")


def block() -> dict[str, object]:
    return {
        "name": "slips",
        "view": VIEW,
        "view_title": TITLE,
        "view_version": 1,
        "parameters": {},
        "columns": [COLUMN],
        "rows": 1,
        "complete": True,
        "read_at": "2026-01-01T00:00:00Z",
        "digest": "",
    }


def pages(office: Office) -> list[tuple[str, str]]:
    first, second = office.reports
    return [
        ("home", ""),
        ("dashboards", ""),
        ("dashboards", "q=slips"),
        ("dashboard", "name=told-office"),
        ("dashboard", "name=told-office&present=1"),
        ("dashboard", "name=told-office&panel=open"),
        ("dashboard", "name=told-office&panel=course"),
        ("dashboard", "name=told-office&year=2013&who=x"),
        ("dashboard", "name=told-office&edit=1"),
        ("dashboard", "name=told-office&edit=yaml"),
        ("dashboard", "name=told-office&edit=versions"),
        ("dashboard", "new=page&draft=00000001"),
        ("dashboard", "new=yaml&draft=00000001"),
        ("data", ""),
        ("data", "q=earnings"),
        ("view", "name=told-open"),
        ("view", "name=told-open&edit=1"),
        ("prompts", ""),
        ("prompt", "name=told-brief"),
        ("prompt", "name=told-brief&edit=1"),
        ("runs", ""),
        ("reports", ""),
        ("reports", "verify=1"),
        ("reports", f"report={first}"),
        ("reports", f"report={second}"),
        ("reports", f"report={second}&do=again"),
        ("reports", f"compare={first}&with={second}"),
        ("ask", "source=sample"),
        ("account", ""),
        ("settings", ""),
    ]


def told(said: bytes, *, asked: str = "") -> list[str]:
    """The canaries that stand in it, but for those that were asked with."""
    said = said.lower()
    return [word for word in CANARIES if word not in asked and word.lower().encode() in said]


@pytest.mark.parametrize("who", ["viewer", "analyst", "former"])
def test_no_page_says_a_word_of_it(office, who):
    reader = Reader(getattr(office, who))
    found = {f"/{page}?{query}": told(reader.read(page, query)) for page, query in pages(office)}
    assert {page: words for page, words in found.items() if words} == {}
    # By its own address it is answered as what never was, but for the name that was asked for.
    for page, name in (("view", VIEW), ("prompt", PROMPT)):
        for more in ("", "&edit=1", "&edit=yaml", "&g.behind=rows"):
            assert told(reader.read(page, f"name={name}{more}"), asked=name) == []
    assert b"You may not see this panel" in reader.said
    reader.close()


@pytest.mark.parametrize("who", ["viewer", "analyst", "former"])
def test_no_file_and_no_answer_says_a_word_of_it(office, who):
    with getattr(office, who).client() as client:
        printed = client.get("/dashboards/told-office.pdf", timeout=120)
        assert printed.status_code == 200
        words = " ".join((*texts(printed.content), repr(bookmarks(printed.content)), repr(printed.headers)))
        assert "You may not see this panel" in words
        assert told(words.encode() + printed.content) == []
        for address in (
            "/prompts/told-brief.csv",
            "/prompt-runs.csv",
            "/prompt-runs.jsonl",
            "/views/told-open.csv",
            "/dashboards/told-office/panels/course.png",
        ):
            answer = client.get(address, timeout=60)
            assert told(answer.content + repr(answer.headers).encode()) == [], address
        at = "/prints/dashboard/told-office/1.png"
        assert client.get(at, timeout=120).content not in (b"", office.pictures[at])
        for id_ in office.reports:
            refused = client.get(f"/reports/{id_}.pdf")
            assert (refused.status_code, told(refused.content + repr(refused.headers).encode())) == (404, [])


@pytest.mark.parametrize("who", ["viewer", "analyst", "former"])
def test_its_addresses_answer_as_those_of_nothing(office, who):
    """Status, body and headers alike; a name is as long as the other, so that lengths are too."""
    never = "quokka-slops"
    addresses = [f"/views/{{}}.{kind}" for kind in ("csv", "xlsx", "parquet", "jsonl", "pdf")]
    addresses += ["/prints/view/{}/1.png", "/views/{}.pdf?paper=A3", "/views/{}.csv?g.behind=rows", "/view?name={}", "/dashboards/{}.pdf"]
    addresses += ["/prompts/{}.csv", "/dashboards/told-office/panels/{}.png", "/dashboards/told-office/panels/{}-2.png"]
    with getattr(office, who).client() as client:
        for address in addresses:
            said = []
            for name in (VIEW, never):
                answer = client.get(address.format(name), timeout=60)
                told_of = {
                    key: value
                    for key, value in answer.headers.items()
                    if key not in ("date", "x-request-id", "x-response-time", "server-timing")
                }
                said.append((answer.status_code, answer.text.replace(name, "…"), repr(told_of).replace(name, "…")))
            assert said[0] == said[1], address
