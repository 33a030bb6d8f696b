"""The page on which a prompt is written."""

import pytest

from nexus.db import drafts, saved
from nexus.db import session as own
from nexus.errors import NotFound
from nexus.prompts import service, trials
from nexus.ui.prompting.draft import names_used, prompt_of
from tests.gemini_stand_in import PLAIN_MODEL, gives, streams
from tests.pages.conftest import button, listed, shown, until


def draft_of(app, name="explain-carrier"):
    return app.session_state[f"editing-prompt-{name}"]


def opened(name, reader):
    with own.transaction() as session:
        return service.find_prompt(session, reader=reader, name=name)


def field(app, kind, ending):
    return next(one for one in getattr(app, kind) if (one.key or "").endswith(ending))


def test_what_is_written_is_tried_with_real_data_and_not_saved(sample, visit, analyst, gemini):
    gemini.will(streams("Tried."))
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    field(app, "text_area", "-system").set_value("Write like a pilot.").run()
    assert "Write like a pilot." in " ".join(element.value for element in app.code)
    button(app, "Send to Gemini").click().run()
    until(app, lambda: "Tried." in " ".join(element.proto.body for element in app.get("html")))
    assert gemini.generated[-1].system.startswith("Write like a pilot.")
    assert opened("explain-carrier", analyst).version == 1
    assert "Draft kept" in shown(app)


def test_what_is_saved_is_a_version_and_the_prompt_has_it(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    field(app, "number_input", "-thinking").set_value(128).run()
    save = next(one for one in app.button if (one.key or "").endswith("-save") or (one.key or "").endswith("-save-untested"))
    save.click().run()
    kept = opened("explain-carrier", analyst)
    assert (kept.version, kept.prompt.thinking_tokens) == (2, 128)


def test_models_are_those_of_the_key_and_one_that_does_not_think_takes_no_limit(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    model = field(app, "selectbox", "-model")
    assert "Gemini 2.0 Flash-Lite · no price set" in model.options
    model.set_value(PLAIN_MODEL).run()
    assert "does not think" in shown(app)
    assert draft_of(app).content["model"] == PLAIN_MODEL


def test_an_unfinished_prompt_says_what_is_missing_and_stays(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, new="form", draft="0123abcd")
    assert "not finished" in shown(app)
    field(app, "text_input", "-title").set_value("Half").run()
    next(one for one in app.button if one.label == "Save").click().run()
    assert "was not saved" in shown(app)
    assert draft_of(app, "new:0123abcd").content["title"] == "Half"
    with pytest.raises(NotFound):
        opened("half", analyst)


def test_the_test_cases_run_before_a_version_is_saved_and_the_list_says_the_score(sample, visit, analyst, gemini):
    gemini.will(gives([{"cause": "crew"}]))
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    draft = draft_of(app)
    draft.content |= {
        "data": [],
        "template": "Why was {{ carrier }} late?",
        "output": {"fields": [{"name": "cause", "type": "choice", "choices": ["crew", "weather"]}]},
        "test_cases": [{"name": "Crew", "contains": ["CREW"], "schema_holds": True}],
    }
    app.run()
    button(app, "Test and save").click().run()
    until(app, lambda: opened("explain-carrier", analyst).version == 2)
    with own.transaction() as session:
        score = trials.scores_of(session, reader=analyst, name="explain-carrier")[2]
    assert (score.passed, score.total) == (1, 1)
    assert "1 of 1 tests passed" in listed(visit("prompts", analyst))


def test_a_version_whose_cases_fail_is_not_saved_unless_one_says_so(sample, visit, analyst, gemini):
    gemini.will(streams("No idea."))
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    draft_of(app).content |= {"data": [], "template": "Why {{ carrier }}?", "test_cases": [{"name": "Crew", "contains": ["crew"]}]}
    app.run()
    button(app, "Test and save").click().run()
    until(app, lambda: "nothing was saved" in shown(app))
    assert opened("explain-carrier", analyst).version == 1
    assert "does not hold “crew”" in " ".join(element.proto.body for element in app.get("html"))


def test_a_viewer_gets_no_editor(sample, visit, viewer, gemini):
    assert "Template" not in shown(visit("prompt", viewer, name="explain-carrier", edit="1"))
    assert not [one for one in visit("prompt", viewer, name="explain-carrier").button if one.label == "Edit"]


def test_a_range_of_dates_is_one_name_in_a_template():
    content = {"title": "A", "template": "{{ period }}", "variables": [{"name": "period", "type": "date_range"}]}
    assert names_used(content) == ("period_from", "period_to")
    assert prompt_of(content).variables[0].name == "period"


def tab_of(app, name, which):
    app.session_state[f"prompt-tabs-{name}"] = which
    return app.run()


@pytest.mark.parametrize("name", ["explain-carrier", "morning-brief"])
def test_looking_at_every_part_of_a_prompt_makes_no_draft(sample, visit, analyst, gemini, name):
    app = visit("prompt", analyst, name=name, edit="1")
    for which in ("Prompt", "Test cases", "YAML", "Prompt"):
        tab_of(app, name, which)
        assert not app.exception
    assert "Draft kept" not in shown(app)
    with own.transaction() as session:
        assert drafts.every(session, reader_id=analyst.id, kind="prompt") == []
    assert draft_of(app, name).content["name"] == name


def test_a_new_prompt_is_no_draft_until_something_is_typed(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, new="form", draft="0123abcd")
    assert "Draft kept" not in shown(app)
    field(app, "text_input", "-title").set_value("Half").run()
    assert "Draft kept" in shown(app)


def test_yaml_beside_an_unsaved_form_becomes_the_form_or_says_where_it_is_wrong(sample, visit, analyst, gemini):
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    field(app, "text_area", "-system").set_value("Write like a pilot.").run()
    tab_of(app, "explain-carrier", "YAML")
    written = field(app, "text_area", "-yaml")
    assert "system: Write like a pilot." in written.value
    broken = written.value + "temperature: hot\n"
    written.set_value(broken).run()
    wrong = broken.rstrip().count("\n") + 1
    assert any(f"Line {wrong}" in error.value and "temperature" in error.value for error in app.error)
    assert field(app, "text_area", "-yaml").value == broken
    next(one for one in app.button if (one.key or "").endswith("-save")).click().run()
    assert opened("explain-carrier", analyst).version == 1
    field(app, "text_area", "-yaml").set_value(broken.replace("hot", "0.7")).run()
    assert not app.error
    tab_of(app, "explain-carrier", "Prompt")
    assert field(app, "slider", "-temperature").value == 0.7
    assert field(app, "text_area", "-system").value == "Write like a pilot."


def test_what_a_request_may_cost_stands_beside_it_and_a_model_without_a_price_says_so(sample, visit, analyst, gemini):
    with own.transaction() as session:
        saved.write(session, name="gemini_prices", value={}, changed_by=None)
    app = visit("prompt", analyst, name="explain-carrier", edit="1")
    assert "No price set for gemini" in shown(app)
    assert "An administrator can set one." in shown(app)
    with own.transaction() as session:
        saved.write(session, name="gemini_prices", value={"gemini-3.8-flash": {"input": 1, "output": 4}}, changed_by=None)
    assert "for it and the longest answer" in shown(app.run())
