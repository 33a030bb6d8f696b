"""What was asked before: found, rated, compared, taken away, forgotten."""

import csv
import io
import json

import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role
from nexus.db import saved
from nexus.db import session as own
from nexus.errors import BadInput, NexusError, NotAllowed, NotFound
from nexus.prompts import history, service
from nexus.prompts.request import Piece, PromptRun
from nexus.prompts.spec import Prompt


@pytest.fixture
def ask(database, analyst):
    def ask(words, answer, user=analyst, **more) -> PromptRun:
        prompt = Prompt(name="brief", title="Brief", template="{{ words }}", variables=[{"type": "text", "name": "words"}])
        with own.transaction() as session:
            try:
                opened = service.find_prompt(session, reader=analyst, name="brief")
            except NexusError:
                service.save_prompt(session, user=analyst, prompt=prompt)
                opened = service.find_prompt(session, reader=analyst, name="brief")
        prepared = service.prepare(user=user, opened=opened, values={"words": words})

        def generate(_request):
            yield Piece(text=answer)
            yield Piece(ending="complete", prompt_tokens=20, answer_tokens=5)

        *_, run = service.run(user=user, prepared=prepared, generate=generate, fresh=True, **more)
        return run

    return ask


def found(user, words="", **more) -> list[PromptRun]:
    with own.transaction() as session:
        return history.search(session, reader=user, words=words, **more)


def test_runs_are_found_by_words_of_answer_values_person_and_comment(ask, analyst, make_user):
    other = make_user(Role.ANALYST, name="Bea")
    ask("weather", "Snow on 12 days.")
    ask("delays", "Late by 40 minutes.", user=other)
    assert [run.answer for run in found(analyst, "SNOW days")] == ["Snow on 12 days."]
    assert [run.answer for run in found(analyst, "delays bea")] == ["Late by 40 minutes."]
    assert found(analyst, "snow minutes") == []
    assert found(analyst, "100%_") == []
    assert len(found(analyst)) == 2
    (newest,) = found(analyst, limit=1)
    assert [run.answer for run in found(analyst, before=newest.id)] == ["Snow on 12 days."]


def test_only_who_asked_rates_an_answer(ask, analyst, admin, make_user):
    run = ask("a", "b")
    other = make_user(Role.ANALYST)
    with own.transaction() as session:
        history.rate(session, user=analyst, run_id=run.id, rating=1, comment="Well\u202e said ")
    kept = found(analyst, "said")[0]
    assert (kept.rating, kept.comment) == (1, "Well said")
    with own.transaction() as session:
        with pytest.raises(NotAllowed):
            history.rate(session, user=other, run_id=run.id, rating=-1)
        with pytest.raises(BadInput):
            history.rate(session, user=analyst, run_id=run.id, rating=1, comment="x" * 2_001)
        history.rate(session, user=admin, run_id=run.id, rating=-1)
    assert found(analyst, rating=-1)[0].id == run.id


def test_an_answer_is_compared_with_the_last_to_the_same_values(ask, analyst):
    first = ask("a", "Delays fell by 12 % to 340 flights.")
    ask("b", "Something else.")
    later = ask("a", "Delays rose by 12 % to 341 flights.")
    with own.transaction() as session:
        before = history.run_before(session, reader=analyst, run=later)
        assert history.run_before(session, reader=analyst, run=first) is None
    assert before.id == first.id
    compared = history.compare(before.answer, later.answer)
    assert [(change, words) for change, words in compared.parts if change != "same"] == [
        ("gone", "fell"),
        ("new", "rose"),
        ("gone", "340"),
        ("new", "341"),
    ]
    assert (compared.figures_gone, compared.figures_new, compared.words_changed) == (("340",), ("341",), 4)
    assert history.compare("Same 1.", "Same 1.").same


def test_what_was_sent_is_kept_encrypted_for_as_long_as_the_settings_say(ask, analyst, viewer):
    run = ask("a secret word", "b")
    with own.transaction() as session:
        assert history.request_of(session, reader=analyst, run_id=run.id).text == "a secret word"
        (kept,) = session.execute(text("select request from nexus.prompt_runs")).scalars()
        assert b"secret" not in bytes(kept)
        session.execute(text("update nexus.prompt_runs set started_at = now() - interval '31 days'"))
    history.clean_up()
    with own.transaction() as session:
        assert history.request_of(session, reader=analyst, run_id=run.id) is None
        saved.write(session, name="prompt_data_days", value=0, changed_by=None)
    without = ask("c", "d")
    with own.transaction() as session:
        assert history.request_of(session, reader=analyst, run_id=without.id) is None
        session.execute(text("update nexus.prompt_runs set started_at = now() - interval '400 days' where id = :id"), {"id": run.id})
    history.clean_up()
    assert [one.id for one in found(analyst)] == [without.id]
    with own.transaction() as session:
        assert session.execute(text("select count(*), sum(prompt_tokens) from nexus.model_calls")).one() == (2, 40)
        with pytest.raises(NotFound):
            history.request_of(session, reader=analyst, run_id=run.id)


def test_runs_are_taken_away_as_csv_and_json_lines(ask, analyst):
    ask('a, "b"\nc', "=HYPERLINK(1)")
    ask("d", "ä 2")
    rows = list(csv.DictReader(io.StringIO("".join(history.export("csv", reader=analyst)), newline="")))
    assert [row["answer"] for row in rows] == ["ä 2", "'=HYPERLINK(1)"]
    assert json.loads(rows[1]["variables"]) == {"words": ['a, "b"\nc']}
    lines = [json.loads(line) for line in history.export("jsonl", reader=analyst, words="hyperlink")]
    assert [(line["answer"], line["prompt_tokens"], line["prompt"]) for line in lines] == [("=HYPERLINK(1)", 20, "brief")]


def test_a_file_of_more_runs_than_one_page_holds_them_all(ask, analyst, monkeypatch):
    monkeypatch.setattr(history, "BATCH", 2)
    for number in range(5):
        ask(f"{number}", f"Answer {number}")
    assert [json.loads(line)["answer"] for line in history.export("jsonl", reader=analyst)] == [f"Answer {n}" for n in (4, 3, 2, 1, 0)]
