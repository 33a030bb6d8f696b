"""Prompts that answer in fields, are shown examples, and are tried before they are saved."""

import json

import pytest

from nexus.db import session as own
from nexus.errors import NotFound
from nexus.prompts import service
from nexus.prompts.spec import Prompt
from tests.gemini_stand_in import GeminiStandIn, cuts, gives, streams
from tests.services.test_prompts import BRIEF, airlines, finished, key, runs, save, stand_in  # noqa: F401 - fixtures

FIELDS = {
    "fields": [
        {"name": "airline"},
        {"name": "kind", "type": "choice", "choices": ["large", "small"]},
        {"name": "letters", "type": "number"},
    ]
}
GOOD = [{"airline": "United Air Lines Inc.", "kind": "large", "letters": 21}]


@pytest.fixture
def ask(save, stand_in, key, analyst):  # noqa: F811 - fixtures
    def ask(*answers, **changes):
        stand_in.will(*answers)
        opened = save(**{"output": FIELDS} | changes)
        return finished(analyst, service.prepare(user=analyst, opened=opened, values={"topic": "names"}))

    return ask


def test_an_answer_in_fields_is_kept_with_the_run_and_read_again(ask, analyst):
    run = ask(gives(GOOD))
    assert run.records.rows == (("United Air Lines Inc.", "large", 21),)
    assert runs(analyst)[0].records == run.records


def test_an_answer_that_breaks_its_fields_is_said(ask):
    run = ask(gives([GOOD[0] | {"kind": "medium"}]))
    assert run.records.problems == ("Record 1: `kind` is not one of the choices.",)
    assert run.records.rows == (("United Air Lines Inc.", None, 21),)


def test_an_answer_that_was_cut_has_no_records(ask):
    assert ask(cuts('[{"airline": "Uni')).records is None


def test_the_request_holds_the_fields_and_the_examples_that_the_preview_shows(save, stand_in: GeminiStandIn, key, analyst):  # noqa: F811
    opened = save(output=FIELDS, examples=[{"input": "UA\u202e", "answer": "[]"}], thinking_tokens=64)
    prepared = service.prepare(user=analyst, opened=opened, values={"topic": "names"})
    finished(analyst, prepared)
    (received,) = stand_in.generated
    assert received.turns == [("user", "UA"), ("model", "[]"), ("user", prepared.request.text)]
    assert received.config["responseJsonSchema"] == prepared.request.answer_schema
    assert received.config["thinkingConfig"] == {"thinkingBudget": 64}


def test_figures_of_an_example_count_as_nothing_that_was_sent(ask):
    run = ask(streams("There were 4,711 airlines."), output=None, examples=[{"input": "4,711?", "answer": "4,711 airlines."}])
    assert [finding.text for finding in run.grounding.doubtful] == ["4,711"]


def test_a_prompt_is_tried_before_it_is_saved_and_only_who_tries_sees_the_run(airlines, stand_in, key, analyst, admin):  # noqa: F811
    stand_in.will(streams("Ok."))
    written = service.as_written(Prompt.model_validate(BRIEF), user=analyst, saved=None)
    run = finished(analyst, service.prepare(user=analyst, opened=written, values={"topic": "names"}))
    assert (run.answer, run.prompt_version, run.prompt_title) == ("Ok.", 0, "Brief")
    assert [found.id for found in runs(analyst)] == [run.id]
    assert runs(admin) == []
    with own.transaction() as session, pytest.raises(NotFound):
        service.find_run(session, reader=admin, run_id=run.id)


def test_trying_a_change_leaves_the_answers_of_the_saved_prompt_alone(save, stand_in, key, analyst, admin):  # noqa: F811
    stand_in.will(streams("Saved."), streams("Tried."))
    opened = save()
    finished(analyst, service.prepare(user=analyst, opened=opened, values={"topic": "names"}))
    changed = service.as_written(opened.prompt.model_copy(update={"temperature": 1.0}), user=analyst, saved=opened)
    finished(analyst, service.prepare(user=analyst, opened=changed, values={"topic": "names"}))
    with own.transaction() as session:
        panel = service.open_prompt(session, reader=admin, name="brief")
    assert [run.answer for run in panel.answers] == ["Saved."]
    assert json.dumps(panel.answers[0].variables) == '{"topic": ["names"]}'
