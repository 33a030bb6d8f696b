"""Prompts as people use them: chosen, looked at before anything leaves, asked, and looked back at."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard, PromptPanel
from nexus.db import saved
from nexus.db import session as own
from nexus.prompts import history, records
from nexus.ui.recorded import Recorded
from tests.gemini_stand_in import blocks_answer, cuts, fails, gives, goes_on, streams
from tests.pages.conftest import button, labels, shown, until, use


def prose(app) -> str:
    return "\n".join(element.proto.body.partition("</style>")[2] for element in app.get("html") if "prose" in element.proto.body)


def code(app) -> list[str]:
    return [element.value for element in app.code]


def runs(user):
    with own.transaction() as session:
        return history.search(session, reader=user)


def test_the_list_offers_every_prompt_and_finds_by_word(sample, visit, viewer):
    app = visit("prompts", viewer)
    assert len([element for element in app.get("page_link") if element.proto.label.startswith("**")]) == 6
    app.text_input(key="q").set_value("meeting").run()
    assert [label for element in app.get("page_link") if (label := element.proto.label).startswith("**")] == ["**Morning brief**"]


def test_what_is_shown_first_is_what_is_sent_and_the_answer_comes_as_prose(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, name="morning-brief", audience="the crew planners", period="2013-06-01..2013-06-30")
    assert "rows" in shown(app)
    assert "about" in shown(app)
    assert gemini.requests == []
    _, system, text = code(app)
    assert "for the crew planners" in text
    gemini.will(streams("### Up <b>2 %</b>\n", "![x](https://evil.example/p) [y](https://evil.example/q) for $5 and $7", prompt_tokens=321))
    button(app, "Send to Gemini").click().run()
    until(app, lambda: "321 + 40 tokens" in shown(app))
    (received,) = gemini.requests
    assert (received.system, received.text) == (system, text)
    assert re.search(r"<h6>Up &lt;b&gt;<a [^>]*>2 %<sup>\?</sup></a>&lt;/b&gt;</h6>", prose(app))
    assert "<img" not in prose(app)
    assert set(re.findall(r"<a [^>]*href=\"([^\"]{5})", prose(app))) == {"#why-"}
    (run,) = runs(analyst)
    assert (run.status, run.variables) == ("complete", {"audience": ["the crew planners"], "period": ["2013-06-01..2013-06-30"]})
    again = visit("prompt", analyst, name="morning-brief", audience="the crew planners", period="2013-06-01..2013-06-30")
    assert "for $5 and $7" in re.sub("<[^>]*>", "", prose(again)).replace("?", "")
    assert "figures found in the data" in shown(again)
    assert len(again.dataframe[0].value) == 1
    again.text_input(key="q").set_value("no such word").run()
    assert "No run holds" in shown(again)
    assert len(again.dataframe) == 0


TROUBLES = [
    (fails(400, "INVALID_ARGUMENT", "API key not valid."), "does not accept the key"),
    (fails(404, "NOT_FOUND"), "no such model"),
    (fails(429, "RESOURCE_EXHAUSTED", retry_s=900), "quota is used up"),
    (blocks_answer("It began "), "because of its safety rules"),
    (cuts("It began "), "cut off at the prompt's length limit"),
    (streams("It began ", finish=None), "broke off"),
]


def test_whatever_gemini_fails_at_is_one_sentence_and_what_was_chosen_stays(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, name="morning-brief", audience="the chief executive")
    press = "Send to Gemini"
    for answer, sentence in TROUBLES:
        gemini.will(answer)
        button(app, press).click().run()
        until(app, lambda told=sentence: told in shown(app))
        assert app.query_params["audience"] == "the chief executive"
        assert "for the chief executive" in code(app)[2]
        press = "Run again"


def test_a_run_can_be_stopped(sample, visit, analyst, gemini):
    gemini.will(goes_on("and on "))
    app = visit("prompt", analyst, name="morning-brief")
    button(app, "Send to Gemini").click().run()
    until(app, lambda: "and on" in prose(app))
    button(app, "Stop").click().run()
    until(app, lambda: "stopped before" in shown(app))
    assert "and on" in prose(app)
    assert runs(analyst)[0].status == "stopped"
    assert gemini.requests[0].left.wait(10)


def test_tokens_are_an_estimate_until_somebody_has_them_counted(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, name="morning-brief")
    assert re.search(r"about [\d,]+ tokens, estimated here", shown(app))
    assert gemini.requests == []
    button(app, "Count exactly").click().run()
    assert re.search(r"· [\d,]+ tokens, counted by Gemini", shown(app))
    assert "Count exactly" not in labels(app)
    (counted,) = gemini.requests
    assert counted.path.endswith(":countTokens")
    assert [text for _, text in [(one["role"], one["parts"][0]["text"]) for one in counted.body["generateContentRequest"]["contents"]]] == [
        code(app)[2]
    ]


def test_the_estimate_stands_where_gemini_cannot_count(sample, visit, analyst, monkeypatch):
    use(monkeypatch, "http://127.0.0.1:9", key="AIza-of-the-tests")
    app = visit("prompt", analyst, name="morning-brief")
    button(app, "Count exactly").click().run()
    assert "Nexus cannot reach Gemini" in shown(app)
    assert "The estimate stands." in shown(app)
    assert re.search(r"about [\d,]+ tokens, estimated here", shown(app))


def test_an_administrator_is_led_to_the_row_of_a_price_that_is_missing(sample, visit, admin, gemini):
    for model, said in (("gemini-3.8-flash", "Google's price of it stands in the last row"), ("gemini-4-new", "fill in what a million")):
        with own.transaction() as session:
            saved.write(session, name="gemini_prices", value={"gemini-2.5-flash": {"input": 1, "output": 4}}, changed_by=None)
            saved.write(session, name="gemini_model", value=model, changed_by=None)
        app = visit("prompt", admin, name="morning-brief")
        (link,) = [one for one in app.get("link_button") if one.proto.label.startswith("Set a price")]
        assert link.proto.url == f"/settings?section=budgets&price={model}"
        app = visit("settings", admin, section="budgets", price=model)
        assert said in shown(app)
        assert model in [row for table in app.data_editor if "model" in table.value for row in table.value["model"]]
    assert "has no price" not in shown(visit("settings", admin, section="budgets", price="<b>x</b>"))


def test_without_a_key_an_analyst_and_an_administrator_read_what_to_do(sample, visit, analyst, admin, monkeypatch):
    use(monkeypatch, "http://127.0.0.1:9", key=None)
    app = visit("prompt", analyst, name="morning-brief")
    assert "Ask an administrator to add one in Settings" in shown(app)
    assert "Send to Gemini" not in labels(app)
    app = visit("prompt", admin, name="morning-brief")
    assert "Add a Gemini key in Settings" in [element.proto.label for element in app.get("page_link")]


def test_viewers_read_the_last_answer_and_nothing_of_the_data(sample, visit, analyst, viewer, gemini):
    app = visit("prompt", viewer, name="morning-brief")
    assert "Nobody has asked this" in shown(app)
    asked = visit("prompt", analyst, name="morning-brief")
    gemini.will(streams("Punctual."))
    button(asked, "Send to Gemini").click().run()
    until(asked, lambda: "Punctual." in prose(asked))
    app = visit("prompt", viewer, name="morning-brief")
    assert "Punctual." in prose(app)
    assert code(app) == []
    assert not {"Send to Gemini", "Run again"} & set(labels(app))


@pytest.mark.parametrize("period", ["x", "2013-02-02..2013-01-01", "{{ key_figures }}"])
def test_a_value_that_does_not_fit_is_told_and_the_default_is_shown(sample, visit, analyst, gemini, period):
    app = visit("prompt", analyst, name="morning-brief", period=period)
    assert "default is shown instead" in shown(app)
    assert "Send to Gemini" in labels(app)


def test_a_prompt_that_is_gone_is_told(sample, visit, analyst):
    assert "no longer exists" in shown(visit("prompt", analyst, name="nothing"))
    assert "Choose one" in shown(visit("prompt", analyst))


def test_a_panel_asks_with_the_filters_of_its_dashboard(sample, visit, analyst, gemini):
    app = visit("dashboard", analyst, name="delays", period="2013-01-01..2013-01-31")
    assert gemini.requests == []
    button(app, "Ask").click().run()
    system, text = code(app)[-2:]
    assert gemini.requests == []
    gemini.will(streams("January was slow."))
    button(app, "Send to Gemini").click().run()
    until(app, lambda: "January was slow." in prose(app) and "Ask again" in labels(app))
    assert (gemini.requests[0].system, gemini.requests[0].text) == (system, text)
    (run,) = runs(analyst)
    assert (run.dashboard, run.variables) == ("delays", {"period": ["2013-01-01..2013-01-31"]})
    assert {block.parameters["period"][0] for block in run.blocks} == {"2013-01-01..2013-01-31"}
    assert "January was slow." in prose(visit("dashboard", analyst, name="delays", period="2013-01-01..2013-01-31"))
    assert "January was slow." not in prose(visit("dashboard", analyst, name="delays"))


def test_a_panel_of_fields_is_asked_where_it_stands_and_then_has_the_menu_of_a_chart(sample, visit, analyst, viewer, gemini):
    chart = {"kind": "bar", "x": "flight", "y": ["minutes"]}
    panel = {"kind": "prompt", "name": "classes", "title": "Classes", "prompt": "classify-remarks", "shows": "chart", "chart": chart}
    with own.transaction() as session:
        dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="fields", title="Fields", panels=[panel]))
    app = visit("dashboard", analyst, name="fields")
    assert "Rows and origin" not in app.menu_button(key="more-classes").options
    button(app, "Ask").click().run()
    gemini.will(gives([{"flight": "AA 1", "day": "2013-07-01", "points_to": "weather", "cancelled": False, "minutes": 12}]))
    button(app, "Send to Gemini").click().run()
    until(app, lambda: "1 record · run" in shown(app))
    assert app.menu_button(key="more-classes").options == ["As a table", "Rows and origin", "Full screen", "Image"]
    # Who may not ask reads the answer, and where it is from, and takes the records along.
    other = visit("dashboard", viewer, name="fields")
    assert "1 record · run" in shown(other)
    assert "Ask" not in labels(other)
    (run,) = runs(analyst)
    shows = Recorded(records.table(run), "Answered", run)
    dialog = AppTest.from_function(_rows_of, kwargs={"shown": shows, "panel": PromptPanel.model_validate(panel), "user": viewer}).run()
    assert [link.proto.url for link in dialog.get("link_button")] == [f"/prompt-runs/{run.id}.csv"]


def _rows_of(shown, panel, user) -> None:
    from nexus.ui.recorded import draw_rows

    draw_rows(shown, panel, user)
