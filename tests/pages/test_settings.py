"""The settings page: people, sources, Gemini, signing in, status, audit log."""

import pytest

from nexus import settings
from nexus.accounts import passwords
from nexus.accounts import service as accounts
from nexus.accounts.spec import Role
from nexus.db import saved
from nexus.db import session as own
from nexus.db.tables import AuditRow, SavedSettingRow, SessionRow, UserRow
from nexus.errors import BadInput
from tests.gemini_stand_in import GeminiStandIn
from tests.pages.conftest import button, field, shown, sign_in


def row_of(user):
    with own.transaction() as session:
        return session.get_one(UserRow, user.id)


def audited(what):
    with own.transaction() as session:
        return [(row.subject, row.detail) for row in session.query(AuditRow).filter_by(what=what)]


def number(app, label):
    return next(element for element in app.number_input if element.label == label)


# --- sections -------------------------------------------------------------------------------------------------------


def test_the_section_in_the_address_opens(visit, admin):
    assert [element.value for element in visit("settings", admin, section="audit").header] == ["Audit log"]
    assert [element.value for element in visit("settings", admin, section="nonsense").header] == ["People"]


def test_choosing_a_section_puts_it_into_the_address(visit, admin):
    app = visit("settings", admin)
    app.radio(key="section").set_value("gemini").run()
    assert [element.value for element in app.header] == ["Gemini"]
    assert app.query_params["section"] == "gemini"


def test_the_search_finds_settings_in_their_sections(visit, admin):
    app = visit("settings", admin)
    field(app, "Search settings").set_value("reset PASSWORD").run()
    assert app.radio(key="section").options == [":material/group: People"]
    field(app, "Search settings").set_value("lock").run()
    assert [element.value for element in app.header] == ["Signing in"]
    field(app, "Search settings").set_value("xyzzy").run()
    assert "No setting is called that" in shown(app)
    assert not app.exception


# --- people ---------------------------------------------------------------------------------------------------------


def test_a_colleague_is_added_with_a_one_time_password_that_is_shown_until_passed_on(visit, admin):
    app = visit("settings", admin)
    field(app, "E-mail").input("Bo@Example.org")
    field(app, "Name").input("Bo *Diddley*")
    next(radio for radio in app.radio if radio.label == "Role").set_value(Role.ANALYST)
    button(app, "Add").click().run()
    assert not app.exception
    (password,) = [element.value for element in app.code]
    with own.transaction() as session:
        row = session.query(UserRow).filter_by(email="bo@example.org").one()
        assert (row.name, row.role, row.must_change_password) == ("Bo *Diddley*", "analyst", True)
        assert passwords.fits(password, row.password_hash)
    assert field(app, "E-mail").value == ""
    app.run()
    assert [element.value for element in app.code] == [password]
    button(app, "I have passed it on").click().run()
    assert not app.code
    assert password not in str(audited("person.added"))


@pytest.mark.parametrize(
    ("email", "name", "sentence"),
    [("", "Bo", "not an e-mail address"), ("bo", "Bo", "not an e-mail address"), ("bo@example.org", "", "1 to 100 visible characters")],
)
def test_a_form_with_a_mistake_says_it_and_keeps_what_was_typed(visit, admin, email, name, sentence):
    app = visit("settings", admin)
    field(app, "E-mail").input(email)
    field(app, "Name").input(name)
    button(app, "Add").click().run()
    assert sentence in shown(app)
    assert (field(app, "E-mail").value, field(app, "Name").value) == (email, name)
    assert not app.code


def test_the_same_address_twice_is_a_sentence(visit, admin, viewer):
    app = visit("settings", admin)
    field(app, "E-mail").input(viewer.email.upper())
    field(app, "Name").input("Again")
    button(app, "Add").click().run()
    assert "already a person with this e-mail address" in shown(app)


def test_a_person_opens_from_the_list_and_stays_open_in_the_address(visit, admin, make_user):
    other = make_user(name="Zoë [x](https://evil)")
    app = visit("settings", admin)
    app.button(key=f"open-person-{other.id}").click().run()
    assert app.query_params["person"] == str(other.id)
    assert any(other.email.split("@")[0] in element.value for element in app.caption)
    again = visit("settings", admin, section="people", person=str(other.id))
    assert [element.value for element in again.subheader] == ["Zoë \\[x\\]\\(https\\:\u2060//evil\\)"]


def test_a_role_is_changed_and_their_sessions_end(visit, admin, viewer):
    theirs = sign_in(viewer)
    app = visit("settings", admin, person=str(viewer.id))
    [radio for radio in app.radio if radio.label == "Role"][-1].set_value(Role.ANALYST)
    button(app, "Change role").click().run()
    assert "The role is analyst" in shown(app)
    assert row_of(viewer).role == "analyst"
    with own.transaction() as session:
        assert session.get_one(SessionRow, theirs).ended_because == "role changed"


def test_a_person_is_disabled_and_enabled(visit, admin, viewer):
    theirs = sign_in(viewer)
    app = visit("settings", admin, person=str(viewer.id))
    button(app, "Disable").click().run()
    assert row_of(viewer).disabled_at is not None
    with own.transaction() as session:
        assert session.get_one(SessionRow, theirs).ended_because == "disabled"
    button(app, "Enable").click().run()
    assert row_of(viewer).disabled_at is None


def test_a_new_one_time_password_ends_the_former_one(visit, admin, make_user):
    other = make_user(password_hash=passwords.hashed("correct horse battery staple"))
    app = visit("settings", admin, person=str(other.id))
    button(app, "Give a one-time password").click().run()
    assert not app.exception
    (password,) = [element.value for element in app.code]
    assert passwords.fits(password, row_of(other).password_hash)
    assert row_of(other).must_change_password


def test_sessions_of_a_person_end_one_by_one_and_all(visit, admin, viewer):
    for _ in range(3):
        sign_in(viewer)
    app = visit("settings", admin, person=str(viewer.id))
    assert "3 open" in shown(app)
    button(app, "End").click().run()
    assert "2 open" in shown(app)
    button(app, "End all sessions").click().run()
    assert "none open" in shown(app)
    assert not app.error


def test_an_administrator_cannot_take_away_their_own_role(visit, admin):
    app = visit("settings", admin, person=str(admin.id))
    assert "This is you." in shown(app)
    assert "Disable" not in [element.label for element in app.button]


def test_many_people_are_shown_page_by_page_and_found_by_search(visit, admin, make_user):
    for place in range(60):
        make_user(name=f"Person {place:02}")
    app = visit("settings", admin)
    assert "61 people" in shown(app)
    assert sum(str(element.key).startswith("open-person-") for element in app.button) == 25
    field(app, "Search people").set_value("person 59").run()
    assert "1 person" in shown(app)
    field(app, "Search people").set_value("nobody at all").run()
    assert "Nobody is called that" in shown(app)


# --- signing in -----------------------------------------------------------------------------------------------------


def test_lockout_and_session_values_are_saved_with_who_and_when(visit, admin):
    app = visit("settings", admin, section="signing_in")
    assert "Now the default" in shown(app)
    number(app, "Failed sign-ins that lock an account").set_value(3)
    button(app, "Save").click().run()
    assert not app.exception
    with own.transaction() as session:
        assert saved.read(session).lockout_failures == 3
    assert "Now saved here, changed" in shown(app)
    assert audited("setting.changed") == [("setting lockout_failures", {"value": 3})]
    button(app, "Back to the defaults").click().run()
    with own.transaction() as session:
        assert saved.read(session).lockout_failures == 5


def test_a_value_out_of_range_is_a_sentence(visit, admin):
    app = visit("settings", admin, section="signing_in")
    number(app, "Failed sign-ins that lock an account").set_value(0)
    button(app, "Save").click().run()
    assert len(app.error) == 1
    assert number(app, "Failed sign-ins that lock an account").value == 0
    with own.transaction() as session:
        assert saved.read(session).lockout_failures == 5


def test_a_value_of_the_environment_is_shown_and_cannot_be_changed(visit, admin, monkeypatch):
    fixed = settings.read({**settings.environment_for_child(), "SESSION_HOURS": "2"})
    monkeypatch.setattr(settings, "current", lambda: fixed)
    app = visit("settings", admin, section="signing_in")
    hours = number(app, "Life of a session, in hours")
    assert (hours.value, hours.disabled) == (2, True)
    assert "`SESSION_HOURS` is set there, and wins" in shown(app)


# --- Gemini ---------------------------------------------------------------------------------------------------------


def test_a_gemini_key_is_stored_encrypted_and_never_shown_again(visit, admin):
    app = visit("settings", admin, section="gemini")
    assert "Not set" in shown(app)
    field(app, "Key").input("AIza-a-key-of-the-tests")
    button(app, "Save").click().run()
    assert not app.exception
    assert field(app, "Key").value == ""
    assert "AIza" not in shown(app)
    assert "A key is set" in field(app, "Key").placeholder
    with own.transaction() as session:
        assert saved.read(session).google_api_key.get_secret_value() == "AIza-a-key-of-the-tests"
        assert session.get_one(SavedSettingRow, "google_api_key").value is None
    assert "AIza" not in str(audited("setting.changed"))
    button(app, "Remove the key").click().run()
    with own.transaction() as session:
        assert saved.read(session).google_api_key is None


def test_testing_without_a_key_says_what_to_do(visit, admin):
    app = visit("settings", admin, section="gemini")
    button(app, "Test").click().run()
    assert "There is no Gemini key yet" in shown(app)


def test_a_key_is_tried_before_it_is_saved(visit, admin, monkeypatch):
    with GeminiStandIn() as gemini:
        elsewhere = settings.current().model_copy(update={"gemini_base_url": gemini.url})
        monkeypatch.setattr(settings, "current", lambda: elsewhere)
        app = visit("settings", admin, section="gemini")
        field(app, "Key").input("AIza-typed-and-not-saved")
        button(app, "Test").click().run()
        assert not app.exception
        assert "The key works" in shown(app)
        assert field(app, "Key").value == "AIza-typed-and-not-saved"
        assert any("AIza-typed-and-not-saved" in str(request.headers) for request in gemini.requests)
    with own.transaction() as session:
        assert saved.read(session).google_api_key is None


# --- sources --------------------------------------------------------------------------------------------------------


def test_without_sources_the_page_says_what_to_do(visit, admin):
    assert "There is no source yet" in shown(visit("settings", admin, section="sources"))


def test_a_source_is_added_and_its_password_is_never_shown(visit, admin):
    app = visit("settings", admin, section="sources")
    field(app, "Title").input("Flüge 2013")
    field(app, "Address").input("postgresql://reader:s3cret-word@db.example.org:5433/flights")
    button(app, "Add").click().run()
    assert not app.exception
    assert app.query_params["source"] == "fluge-2013"
    assert "reader@db" in shown(app).replace("\\", "")
    everything = shown(app) + str([element.value for element in app.text_input]) + str(audited("source.added"))
    assert "s3cret-word" not in everything


def test_a_wrong_address_is_a_sentence_without_its_password(visit, admin):
    app = visit("settings", admin, section="sources")
    field(app, "Title").input("Other")
    for url in ("mysql://u:s3cret-word@h/d", "postgresql://u:s3cret-word@h:99999/d", "postgresql://u:s3cret-word@h/d?service=x"):
        field(app, "Address").input(url)
        button(app, "Add").click().run()
        assert len(app.error) == 1
        assert "s3cret-word" not in shown(app)
        assert field(app, "Address").value == url


def test_limits_are_changed_within_their_range(visit, admin):
    app = visit("settings", admin, section="sources")
    field(app, "Title").input("Flights")
    field(app, "Address").input("postgresql://reader:word@db.example.org/flights")
    button(app, "Add").click().run()
    rows = number(app, "Most rows of a page or a PDF")
    rows.set_value(0)
    button(app, "Save").click().run()
    assert "Most rows of a page or a PDF: should be greater than or equal to 1." in shown(app)
    number(app, "Most rows of a page or a PDF").set_value(500)
    button(app, "Save").click().run()
    assert "Saved." in shown(app)
    assert number(app, "Most rows of a page or a PDF").value == 500
    assert audited("source.changed")


def test_a_source_that_is_not_there_is_a_sentence_when_tested(visit, admin):
    app = visit("settings", admin, section="sources")
    field(app, "Title").input("Gone")
    field(app, "Address").input("postgresql://reader:s3cret-word@127.0.0.1:1/flights")
    button(app, "Test").click().run()
    assert len(app.error) == 1
    assert "s3cret-word" not in shown(app)
    assert field(app, "Title").value == "Gone"


# --- status and audit log -------------------------------------------------------------------------------------------


def test_the_status_names_versions_database_and_memory(visit, admin):
    app = visit("settings", admin, section="status")
    assert not app.exception
    text = shown(app)
    for what in ("Nexus", "Python", "Streamlit", "Database", "Schema", "Keys", "Memory", "Errors"):
        assert f"**{what}**" in text
    assert "No error of Nexus itself" in text


def test_the_audit_log_goes_back_page_by_page(visit, admin):
    with own.transaction() as session:
        for place in range(120):
            session.add(AuditRow(user_id=admin.id, what="test.happened", subject=f"thing {place}", detail={}))
    app = visit("settings", admin, section="audit")
    first = list(app.dataframe[0].value["Subject"])
    button(app, "Older").click().run()
    second = list(app.dataframe[0].value["Subject"])
    button(app, "Older").click().run()
    third = list(app.dataframe[0].value["Subject"])
    assert (first[0], second[0], third[-1]) == ("thing 119", "thing 69", "thing 0")
    assert "Older" not in [element.label for element in app.button]
    button(app, "Newest").click().run()
    assert list(app.dataframe[0].value["Subject"]) == first


def test_the_audit_log_is_searched(visit, admin):
    with own.transaction() as session:
        session.add(AuditRow(user_id=admin.id, what="source.added", subject="source flights", detail={}))
        session.add(AuditRow(user_id=None, what="other.thing", subject="100% sure", detail={}))
    app = visit("settings", admin, section="audit")
    field(app, "Search the audit log").set_value("added flights").run()
    assert list(app.dataframe[0].value["Subject"]) == ["source flights"]
    field(app, "Search the audit log").set_value("0%").run()
    assert list(app.dataframe[0].value["Subject"]) == ["100% sure"]
    field(app, "Search the audit log").set_value("nothing like it").run()
    assert "Nothing in the log matches" in shown(app)


QUEUE = {"gemini_seconds": "Seconds that Gemini may take for an answer", "prompt_run_days": "Days that prompt runs are kept"}


def numbers(app) -> dict:
    return {name: next(one for one in app.number_input if one.label == label) for name, label in QUEUE.items()}


def save_queue(app):
    next(one for one in app.button if (one.key or "").startswith("FormSubmitter:queue")).click()
    return app.run()


def value_of(name: str):
    with own.transaction() as session:
        return getattr(saved.read(session), name)


def test_what_two_administrators_change_at_once_is_not_taken_back_unseen(visit, admin):
    mine = visit("settings", admin, section="budgets")
    with own.transaction() as session:
        saved.write(session, name="gemini_seconds", value=60, changed_by=None)
    numbers(mine)["prompt_run_days"].set_value(100)
    save_queue(mine)
    assert (value_of("prompt_run_days"), value_of("gemini_seconds")) == (100, 60)
    with own.transaction() as session:
        saved.write(session, name="gemini_seconds", value=70, changed_by=None)
    numbers(mine)["gemini_seconds"].set_value(90)
    save_queue(mine)
    assert "Someone else changed this while you typed" in shown(mine)
    assert numbers(mine)["gemini_seconds"].value == 90
    assert value_of("gemini_seconds") == 70
    again = visit("settings", admin, section="budgets")
    assert numbers(again)["gemini_seconds"].value == 70


def test_a_number_that_a_setting_cannot_have_is_one_sentence_and_stays_typed(visit, admin):
    app = visit("settings", admin, section="budgets")
    for value in (5, 3_601, 10**12):
        numbers(app)["gemini_seconds"].set_value(value)
        save_queue(app)
        (error,) = app.error
        assert error.value.startswith("Longest that Gemini may take for an answer, in seconds. Input should be")
        assert numbers(app)["gemini_seconds"].value == value
        assert value_of("gemini_seconds") == 180


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("budgets", [{"of": "person", "tokens": -1}], "Line 1, tokens: Input should be greater than or equal to 0."),
        (
            "budgets",
            [{"of": "everybody", "usd": 1}, {"of": "person", "usd": float("inf")}],
            "Line 2, usd: Input should be a finite number.",
        ),
        ("budgets", [{"of": "person", "who": "x" * 10_000, "usd": 1}], "Line 1, who: String should have at most 200 characters."),
        ("budgets", [{"of": "person"}], "Line 1: give a budget tokens, dollars, or both."),
        ("budgets", [{"of": "cat", "usd": 1}], "Line 1, of: Input should be 'everybody', 'person', 'role' or 'prompt'."),
        (
            "gemini_prices",
            {"m": {"input": "a", "output": 1}},
            "m, input: Input should be a valid number, unable to parse string as a number.",
        ),
        ("gemini_prices", {"m": {"input": 1}}, "m, output: Field required."),
        ("gemini_prices", {"x" * 10_000: {"input": -1, "output": 1}}, "Input should be greater than or equal to 0."),
        ("gemini_model", "../x?key=", "String should match"),
    ],
)
def test_what_does_not_fit_a_setting_says_in_which_line_it_stands(database, admin, name, value, said):
    with own.transaction() as session, pytest.raises(BadInput) as refused:
        accounts.change_setting(session, user=admin, name=name, value=value)
    assert said in refused.value.message
    assert len(refused.value.message) < 400


def test_a_budget_of_somebody_who_is_not_there_says_so(visit, admin):
    budgets = [
        {"of": "person", "who": admin.email.upper(), "usd": 1},
        {"of": "person", "who": "nobdoy@x", "usd": 1},
        {"of": "role", "who": "boss", "usd": 1},
    ]
    with own.transaction() as session:
        saved.write(session, name="budgets", value=budgets, changed_by=None)
    assert "holds for none: nobdoy@x, boss" in shown(visit("settings", admin, section="budgets"))
