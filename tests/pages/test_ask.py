"""Asking the data in words, as an analyst does: looked at, asked, gone on from, kept, reported, and found again."""

import json

from nexus.asking import service as asking
from nexus.db import saved
from nexus.db import session as own
from nexus.views import service as views
from tests.gemini_stand_in import blocks_answer, cuts, fails, goes_on, hangs, streams
from tests.pages.conftest import button, field, labels, shown, until, use

QUESTION = "Which airlines flew most often?"
BY_CARRIER = "select carrier, count(*) as flights from sample.flights group by carrier order by flights desc"


def replies(**reply):
    return streams(json.dumps({"outcome": "sql", "sql": BY_CARRIER, "answers": "Flights of 2013 by airline, cancelled ones too."} | reply))


def ask(app, question: str, until_shown: str):
    app.text_area[0].set_value(question)
    button(app, "Ask").click().run()
    return until(app, lambda: until_shown in shown(app) and "Ask" in labels(app))


def history(user):
    with own.transaction() as session:
        return asking.history(session, reader=user)


def test_the_request_is_seen_before_it_leaves_and_the_answer_with_its_sql_after(sample, visit, analyst, gemini):
    app = visit("ask", analyst)
    app.text_area[0].set_value(QUESTION)
    button(app, "See what is sent").click().run()
    assert gemini.requests == []
    assert "columns of 5 tables" in shown(app)
    system, form, text = [element.value for element in app.code]
    gemini.will(replies(leaves_out="Which of them flew for others.", title="Flights by airline"))
    ask(app, QUESTION, "Flights of 2013 by airline")
    (received,) = gemini.generated
    assert (received.system, received.text) == (system, text)
    assert received.body["generationConfig"]["responseJsonSchema"] == json.loads(form)
    assert "Not answered: Which of them flew for others." in shown(app)
    assert "group by" in app.code[0].value
    assert app.get("vega_lite_chart")
    assert app.text_area[0].value == ""
    assert "160 tokens" in shown(app) or "120 + 40 tokens" in shown(app)
    again = visit("ask", analyst, source="sample", asking=str(history(analyst)[0].id))
    assert "Flights of 2013 by airline" in shown(again)
    assert len(gemini.generated) == 1


def test_an_equal_question_is_answered_at_once_says_so_and_can_be_asked_again(sample, visit, analyst, gemini):
    gemini.will(replies(), replies(answers="Asked anew."))
    ask(visit("ask", analyst), QUESTION, "cancelled ones too")
    app = ask(visit("ask", analyst), QUESTION, "The same was asked on")
    assert len(gemini.generated) == 1
    app.text_area[0].set_value("And what else?")
    button(app, "Ask again").click().run()
    until(app, lambda: "Asked anew." in shown(app) and "Ask" in labels(app))
    assert len(gemini.generated) == 2
    assert app.text_area[0].value == "And what else?"
    assert "The same was asked on" not in shown(app)


def test_an_empty_page_has_questions_to_begin_with(sample, visit, analyst, gemini):
    app = visit("ask", analyst)
    found = [label for label in labels(app) if label.endswith("?")]
    assert found
    button(app, found[0]).click().run()
    assert app.text_area[0].value == found[0].replace("\\", "")
    gemini.will(replies())
    ask(app, QUESTION, "cancelled ones too")
    button(app, "Answered well").click().run()
    assert QUESTION in [label.replace("\\", "") for label in labels(visit("ask", analyst))]


def test_a_follow_up_takes_the_conversation_along(sample, visit, analyst, gemini):
    gemini.will(replies(), replies(answers="The same for JFK alone.", sql=BY_CARRIER.replace(" group", " where origin = 'JFK' group")))
    app = ask(visit("ask", analyst), QUESTION, "cancelled ones too")
    ask(app, "Only JFK", "The same for JFK alone.")
    sent = gemini.generated[1].text
    assert QUESTION in sent
    assert BY_CARRIER in sent
    assert sent.endswith("Only JFK")
    assert "58665" not in sent  # no row of the result
    second, first = history(analyst)
    assert (second.thread, first.thread) == (first.id, first.id)
    assert QUESTION.rstrip("?") in "".join(labels(app))


def test_what_fails_in_a_conversation_does_not_end_it(sample, visit, analyst, gemini):
    gemini.will(replies(), replies(sql="select pg_sleep(1)"), replies(answers="The same for JFK alone."))
    app = ask(visit("ask", analyst), QUESTION, "cancelled ones too")
    ask(app, "Sleep on it", "does not run")
    button(app, "Take the question up again").click().run()
    assert app.text_area[0].value == "Sleep on it"
    ask(app, "Only JFK", "The same for JFK alone.")
    assert QUESTION in gemini.generated[2].text
    assert "pg_sleep" not in gemini.generated[2].text


TROUBLES = [
    (fails(400, "INVALID_ARGUMENT", "API key not valid."), "does not accept the key"),
    (fails(429, "RESOURCE_EXHAUSTED", retry_s=900), "quota is used up"),
    (blocks_answer('{"outcome"'), "because of its safety rules"),
    (cuts('{"outcome": "sql"'), "cut off at its length limit"),
    (streams('{"outcome": "sql"', finish=None), "broke off"),
    (streams("I would rather talk."), "not what was asked for"),
]


def test_whatever_fails_is_one_sentence_and_what_was_typed_stays(sample, visit, analyst, gemini):
    app = visit("ask", analyst)
    for answer, sentence in TROUBLES:
        gemini.will(answer)
        ask(app, QUESTION, sentence)
        assert app.text_area[0].value == QUESTION
    assert {one.outcome for one in history(analyst)} == {"failed"}


def test_asking_can_be_stopped(sample, visit, analyst, gemini):
    gemini.will(goes_on())
    app = visit("ask", analyst)
    app.text_area[0].set_value(QUESTION)
    button(app, "Ask").click().run()
    until(app, lambda: "Stop" in labels(app))
    button(app, "Stop").click().run()
    until(app, lambda: "It was stopped" in shown(app))
    assert app.text_area[0].value == QUESTION
    assert history(analyst)[0].outcome == "stopped"


def test_without_a_key_the_page_says_what_to_do_and_a_viewer_is_told_whom_to_ask(sample, visit, analyst, viewer, monkeypatch):
    use(monkeypatch, "http://127.0.0.1:9", key=None)
    app = visit("ask", analyst)
    assert "Ask an administrator to add one in Settings" in shown(app)
    assert "Ask" not in labels(app)
    assert "Viewers may not" in shown(visit("ask", viewer))


def test_an_answer_becomes_a_view_or_goes_on_in_sql(sample, visit, analyst, gemini):
    gemini.will(replies(title="Flights by airline"))
    app = ask(visit("ask", analyst), QUESTION, "cancelled ones too")
    field(app, "Title").set_value("Busiest airlines")
    button(app, "Save").click().run()
    with own.transaction() as session:
        kept = views.find_view(session, reader=analyst, name="busiest-airlines").view
    assert kept.chart.kind == "bar"
    assert kept.description == "Flights of 2013 by airline, cancelled ones too."
    app = visit("ask", analyst, asking=str(history(analyst)[0].id))
    button(app, "Continue in SQL").click().run()
    assert app.query_params["new"] == "sql" or app.query_params["new"] == ["sql"]


def test_a_wrong_answer_is_reported_in_one_click_and_an_administrator_settles_it(sample, visit, analyst, admin, gemini):
    gemini.will(replies())
    app = ask(visit("ask", analyst), QUESTION, "cancelled ones too")
    button(app, "Report as wrong").click().run()
    assert "Reported as wrong" in labels(app)
    with own.transaction() as session:
        (reported,) = asking.rated(session, reader=admin, rating="wrong")
    seen = visit("ask", admin, source="sample", asking=str(reported.id))
    assert "cancelled ones too" in shown(seen)
    assert "Save" not in labels(seen)


def test_an_administrator_sets_what_sql_of_gemini_may_cost(sample, visit, admin):
    app = visit("settings", admin, section="asking")
    app.number_input[0].set_value(50_000)
    button(app, "Save").click().run()
    with own.transaction() as session:
        assert saved.read(session).asking_cost == 50_000


def test_a_question_that_is_not_ones_own_or_is_none_is_told(sample, visit, analyst, make_user, gemini):
    gemini.will(replies())
    ask(visit("ask", analyst), QUESTION, "cancelled ones too")
    other = make_user(analyst.role)
    for number in (str(history(analyst)[0].id), "99999", "x", "9" * 30):
        assert "cancelled ones too" not in shown(visit("ask", other, asking=number))


def test_the_way_there_is_on_the_data_page(sample, visit, analyst):
    assert "By asking" in [element.proto.label for element in visit("data", analyst).get("page_link")]


def test_gemini_that_says_nothing_does_not_hold_the_page(sample, visit, analyst, gemini):
    gemini.will(hangs())
    app = visit("ask", analyst)
    app.text_area[0].set_value(QUESTION)
    button(app, "Ask").click().run()
    assert "Stop" in labels(app)
    button(app, "Stop").click().run()
    until(app, lambda: "It was stopped" in shown(app))
