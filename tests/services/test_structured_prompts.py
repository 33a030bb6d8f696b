"""Prompts that answer in fields, are shown examples, and are tried before they are saved."""

import json
import re

import pytest

from nexus.dashboards.spec import PromptPanel
from nexus.db import session as own
from nexus.errors import BadInput, NotFound
from nexus.prompts import records, service, trials
from nexus.prompts.spec import Prompt, TestCase
from nexus.reports import recorded
from nexus.views.appearance import Chart
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


def test_no_value_of_a_record_becomes_more_than_text(ask):
    hostile = "<img src=//evil.example/x> [go](https://evil.example) ![p](https://evil.example/p)\u202e"
    drawn = records.html(ask(gives([GOOD[0] | {"airline": hostile}])).records)
    assert "&lt;img src=//evil.example/x&gt; [go](https://evil.example)" in drawn
    assert not re.search(r"<(img|a|script|iframe)\b|href=|src=\"|\u202e", drawn)


def test_another_panel_takes_the_fields_as_its_rows_and_prints_them(ask):
    run = ask(gives([*GOOD, {"airline": "Endeavor Air Inc.", "kind": "small", "letters": 17}]))
    table = recorded.block(PromptPanel(name="rows", prompt="brief", shows="table"), run, {})
    assert (table.heads, table.numeric) == (("Airline", "Kind", "Letters"), (False, False, True))
    assert table.rows == [("United Air Lines Inc.", "large", "21"), ("Endeavor Air Inc.", "small", "17")]
    drawn = PromptPanel(name="bars", prompt="brief", shows="chart", chart=Chart(kind="bar", x="airline", y=("letters",)))
    assert "Endeavor Air Inc." in json.dumps(recorded.block(drawn, run, {}).spec)


def test_an_answer_in_words_gives_no_rows(ask):
    with pytest.raises(BadInput, match="fields"):
        recorded.block(PromptPanel(name="rows", prompt="brief", shows="table"), ask(streams("Words."), output=None), {})


@pytest.mark.parametrize(
    ("case", "answer", "passed"),
    [
        ({"contains": ["united"]}, "United leads.", True),
        ({"contains_not": ["united"]}, "United leads.", False),
        ({"contains": ["Endeavor"]}, "United leads.", False),
        ({"least_found": 0.9}, "There were 4,711 of them.", False),
        ({"least_found": 1.0}, "United leads.", True),
    ],
)
def test_a_case_passes_when_the_answer_is_as_it_says(ask, case, answer, passed):
    assert trials.judge(TestCase(name="one", **case), ask(streams(answer), output=None)) is not passed


def test_a_case_that_wants_its_fields_fails_with_what_breaks_them(ask):
    case = TestCase(name="one", schema_holds=True)
    assert trials.judge(case, ask(gives([GOOD[0] | {"letters": "many"}]))) == ("Record 1: `letters` is not a number.",)
