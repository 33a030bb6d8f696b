"""The fields of structured answers as files, in the forms that views have."""

import csv
import io
import json

import openpyxl
import pyarrow.parquet
import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role
from nexus.db import session as own
from nexus.errors import BadInput, NotFound
from nexus.exports import fields
from nexus.prompts import service
from nexus.prompts.request import Piece
from nexus.prompts.spec import Prompt

KINDS = ("csv", "xlsx", "parquet", "jsonl")
ASKED = [
    {"name": "what"},
    {"name": "how_many", "type": "number"},
    {"name": "urgent", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "kind", "type": "choice", "choices": ["a", "b"], "required": False},
]
HOSTILE = [
    {"what": "=cmd|'/c calc'!A1", "how_many": 1.5, "urgent": True, "day": "2013-06-01", "kind": "a"},
    {"what": '+1, "x"\n100 % <b>🙂</b> \u202e\u0000', "how_many": -3, "urgent": False, "day": "2013-06-02"},
]


@pytest.fixture
def ask(database, analyst):
    """`ask(records)` is a run that answered so; `fields` are what it was to answer in."""

    def ask(records, *, fields=ASKED, topic="this", user=analyst, **changes):
        variable = {"type": "text", "name": "topic"}
        made = {"name": "sort", "title": "Sort", "template": "Sort {{ topic }}.", "variables": [variable], "output": {"fields": fields}}
        with own.transaction() as session:
            base = session.execute(text("select version from nexus.prompts where name = 'sort'")).scalar()
            service.save_prompt(session, user=user, prompt=Prompt.model_validate(made | changes), base_version=base)
            opened = service.find_prompt(session, reader=user, name="sort")
        prepared = service.prepare(user=user, opened=opened, values={"topic": topic})
        answer = records if isinstance(records, str) else json.dumps(records)
        says = lambda _: (piece for piece in (Piece(text=answer), Piece(ending="complete")))  # noqa: E731
        *_, run = service.run(user=user, prepared=prepared, generate=says, fresh=True)
        return run

    return ask


def taken(kind, *, reader, run=None) -> bytes:
    with own.transaction() as session:
        made = fields.of_run(session, reader=reader, run_id=run.id) if run else fields.of_prompt(session, reader=reader, name="sort")
    return b"".join(fields.write(made, kind, reader=reader))


def rows_of(kind, content: bytes) -> list[dict]:
    match kind:
        case "csv":
            return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        case "jsonl":
            return [json.loads(line) for line in content.decode().splitlines()]
        case "parquet":
            return pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
        case _:
            heads, *rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
            return [dict(zip(heads, row, strict=True)) for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_a_run_are_rows_of_a_file_in_which_nothing_is_a_formula(ask, analyst, kind):
    content = taken(kind, reader=analyst, run=ask(HOSTILE))
    first, second = rows_of(kind, content)
    assert list(first) == [field["name"] for field in ASKED]
    assert (first["what"], float(first["how_many"])) == ("'" * (kind == "csv") + HOSTILE[0]["what"], 1.5)
    assert second["what"].startswith("'+1" if kind == "csv" else "+1")
    assert "100 % <b>🙂</b>" in second["what"]
    assert "\u202e" not in second["what"]
    assert str(first["day"]).startswith("2013-06-01")
    assert str(first["urgent"]).lower() == "true"
    assert second["kind"] in (None, "")
    if kind == "xlsx":
        cell = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["A2"]
        assert (cell.data_type, cell.value) == ("s", HOSTILE[0]["what"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_all_runs_say_of_which_run_they_are_and_keep_what_an_earlier_version_had(ask, analyst, kind):
    old = ask([{"what": "old", "level": 1}], fields=[{"name": "what"}, {"name": "level", "type": "number"}], topic="then")
    new = ask([{"what": "a", "level": "high"}, {"what": "b", "level": "low"}], fields=[{"name": "what"}, {"name": "level"}])
    ask("This is no JSON.")
    found = rows_of(kind, taken(kind, reader=analyst))
    assert [(int(row["run"]), int(row["record"]), row["what"], row["level"]) for row in found if row["what"]] == [
        (new.id, 1, "a", "high"),
        (new.id, 2, "b", "low"),
        (old.id, 1, "old", "1"),
    ]
    assert found[-1]["values"] == "topic: then"
    assert found[-1]["asked_by"] == analyst.name
    assert str(found[-1]["asked_at"]).startswith(f"{old.started_at:%Y-%m-%d}")


def test_a_field_called_as_a_run_is_keeps_its_name(ask, analyst):
    ask([{"run": "r1", "values": "v1"}], fields=[{"name": "run"}, {"name": "values"}])
    (row,) = rows_of("csv", taken("csv", reader=analyst))
    assert (row["run"], row["values"], row["run_values"]) == ("r1", "v1", "topic: this")
    assert row["run_run"].isdecimal()


def test_only_runs_that_one_may_see_are_in_the_file(ask, analyst, make_user):
    theirs = ask(HOSTILE)
    with own.transaction() as session:
        session.execute(text("update nexus.prompt_runs set data = data || '{\"shared\": false}'"))
    other = make_user(Role.ANALYST)
    with pytest.raises(BadInput, match="no whole answer in fields"):
        taken("csv", reader=other)
    with pytest.raises(NotFound):
        taken("csv", reader=other, run=theirs)


def test_an_answer_in_words_has_no_fields_to_take(ask, analyst):
    with pytest.raises(BadInput, match="no whole answer in fields"):
        taken("xlsx", reader=analyst, run=ask("Words.", output=None))


def test_many_runs_pass_in_batches_and_who_took_them_is_noted(ask, analyst, monkeypatch):
    from nexus.prompts import history

    monkeypatch.setattr(history, "FEW", 2)
    for number in range(5):
        ask([{"what": f"n{number}"}], fields=[{"name": "what"}])
    for kind in KINDS:
        assert [row["what"] for row in rows_of(kind, taken(kind, reader=analyst))] == ["n4", "n3", "n2", "n1", "n0"]
    with own.transaction() as session:
        noted = session.execute(
            text("select detail ->> 'format' from nexus.audit_entries where what = 'prompt.exported' order by id")
        ).scalars()
        assert list(noted) == list(KINDS)
