"""Questions in words over the sample: what a model replies takes the right path, whatever it is."""

import json
import re
from collections import Counter
from functools import partial
from pathlib import Path

import psycopg2
import pytest
import yaml
from pydantic import SecretStr

from nexus import settings
from nexus.accounts.spec import Role
from nexus.asking import keeping, preparing, service
from nexus.asking.service import Answer
from nexus.asking.spec import Asking
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import saved
from nexus.db import session as own
from nexus.db.limits import Budget, Price
from nexus.errors import BadInput, NotAllowed, NotFound
from nexus.prompts import gemini
from nexus.sources.run import answers
from nexus.views import service as views
from tests.gemini_stand_in import MODEL, GeminiStandIn, goes_on, streams
from tests.people import add_person

HURRY = partial(gemini.generate, patience=gemini.Patience(deadline_s=10, silence_s=5, pause_s=0.01, beat_s=0.02))
QUESTIONS = yaml.safe_load((Path(__file__).parents[1] / "asked/questions.yaml").read_text())
HOSTILE = json.loads((Path(__file__).parents[1] / "security/hostile_sql.json").read_text())
REFUSED = [one for one in HOSTILE if one["expect"] == "refused" and one.get("sql")]

DESK = """
create schema desk;
create table desk.payroll (name text, salary int);
create table desk.staff (name text, salary int, iban text);
insert into desk.payroll values ('Ana', 7);
insert into desk.staff values ('Ana', 7, 'DE00');
create table desk.notes (person text, note text);
create view desk.my_notes as select note from desk.notes where person = current_setting('nexus.user_id', true);
grant usage on schema desk to {role};
grant select (name, salary) on desk.staff to {role};
grant select on desk.my_notes to {role};
"""
RULES = [{"schema": "desk", "column": "salary", "rule": "never"}]


@pytest.fixture(scope="module")
def analyst(shared_sample, sample_role):
    """An analyst on the sample, with a schema beside it that its role may read in part."""
    person = add_person(Role.ANALYST, email="asker@example.org")
    connection = psycopg2.connect(shared_sample)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(DESK.format(role=f'"{sample_role}"'))
        cursor.execute("insert into desk.notes values (%s, 'mine'), ('0', 'another''s')", (str(person.id),))
        cursor.execute(
            "update nexus.sources set spec = spec || %s::jsonb, changed_at = now() where name = 'sample'",
            (json.dumps({"rules": RULES, "per_reader": True}),),
        )
    connection.close()
    return person


@pytest.fixture
def stand_in(monkeypatch):
    with GeminiStandIn() as stand_in:
        values = settings.current().model_copy(update={"gemini_base_url": stand_in.url, "google_api_key": SecretStr("AIza")})
        monkeypatch.setattr(settings, "current", lambda: values)
        yield stand_in


def scripted(reply) -> object:
    if isinstance(reply, str):
        return streams(reply.replace("NESTED", "[" * 20_000))
    return streams(json.dumps({"outcome": "sql"} | reply, ensure_ascii=False))


def ask(user, question: str, stand_in, *replies, after: int | None = None, fresh: bool = True) -> Answer:
    stand_in.will(*map(scripted, replies))
    prepared = preparing.prepare(user=user, source="sample", question=question, after=after)
    return service.ask(user=user, prepared=prepared, generate=HURRY, fresh=fresh)


def fingerprint(url: str) -> tuple:
    """What a hostile statement would change."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from sample.airlines), (select count(*) from desk.payroll), (select count(*) from pg_class where relkind = 'r')"
        )
        found = cursor.fetchone()
    connection.close()
    return found


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case["question"][:40])
def test_a_question_takes_the_right_path(shared_sample, analyst, stand_in, case):
    before = fingerprint(shared_sample)
    answer = ask(analyst, case["question"], stand_in, *case["replies"])
    kept = answer.asking
    said = " ".join([kept.sentence, *kept.notes, *kept.errors])
    assert kept.outcome == case["outcome"], said
    assert (answer.table is not None) == (kept.outcome == "answered")
    assert case.get("says", "") in said
    assert case.get("leaves_out", "") in kept.leaves_out
    assert len(stand_in.generated) == case.get("requests", len(case["replies"]))
    if kept.errors and "requests" not in case:
        assert kept.repairs == len(case["replies"]) - 1
    if not case.get("uncounted"):
        assert (kept.prompt_tokens, kept.answer_tokens) == (120 * len(stand_in.generated), 40 * len(stand_in.generated))
    if "rows" in case:
        assert answer.table.rows == [tuple(row) for row in case["rows"]]
    if "first" in case:
        assert answer.table.rows[0] == tuple(case["first"])
    if "chart" in case:
        assert kept.chart.kind == case["chart"]
    for column, style in case.get("format", {}).items():
        assert kept.formats[column].style == style
    if "told" in case:
        assert case["told"] in stand_in.generated[1].text
    sent = "".join(received.raw.decode() for received in stand_in.generated)
    assert case.get("hides", "no such text") not in sent
    assert fingerprint(shared_sample) == before


OWN = """
grant usage on schema public to {role};
create table desk.vault (code text);
insert into desk.vault values ('of the vault');
create function public.opened(text) returns text language sql security definer as 'select code from desk.vault';
create function public.opened_by(text, text) returns text language sql security definer as 'select code from desk.vault';
create function public.opened(sample.airlines) returns text language sql security definer as 'select code from desk.vault';
create operator public.=== (leftarg = text, rightarg = text, function = public.opened_by);
create type public.peek as (it text);
create function public.peeked(text) returns public.peek language sql security definer as 'select row(code)::public.peek from desk.vault';
create cast (text as public.peek) with function public.peeked(text);
"""


@pytest.fixture(scope="module")
def own_functions(shared_sample, analyst, sample_role):
    connection = psycopg2.connect(shared_sample)
    with connection, connection.cursor() as cursor:
        cursor.execute(OWN.format(role=f'"{sample_role}"'))
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "select carrier === name as x from sample.airlines",
        "select a.opened from sample.airlines a",
        "select (a).opened from sample.airlines a",
        "select q.opened from (select * from sample.airlines) q",
        "select (name::public.peek).it from sample.airlines",
        "select carrier from sample.airlines order by carrier using ===",
    ],
)
def test_a_function_of_the_database_is_not_run_by_an_operator_a_cast_or_a_dot(shared_sample, analyst, own_functions, stand_in, sql):
    answer = ask(analyst, "What is in the vault?", stand_in, *[{"sql": sql, "answers": "That."}] * 3)
    assert answer.table is None
    assert answer.asking.outcome == "refused"
    assert "Only Postgres's own functions are allowed" in answer.asking.sentence


def test_a_column_that_is_called_as_a_function_is_a_column(shared_sample, analyst, own_functions, stand_in):
    sql = "select q.opened from (select carrier as opened from sample.airlines order by 1 limit 1) q"
    assert ask(analyst, "Which is the first?", stand_in, {"sql": sql, "answers": "It."}).table.rows == [("9E",)]


def test_there_are_fifty_questions_and_more():
    assert len(QUESTIONS) >= 50
    assert len({case["question"] for case in QUESTIONS}) == len(QUESTIONS)
    paths = Counter(case["outcome"] for case in QUESTIONS)
    assert paths.keys() == {"answered", "cannot", "question", "refused", "costly", "failed"}
    assert paths["answered"] >= 15
    assert min(paths["cannot"], paths["refused"], paths["failed"]) >= 3
    assert sum(case["outcome"] == "answered" and len(case["replies"]) > 1 for case in QUESTIONS) >= 5  # repaired
    # The right path for a wrong reason would pass without a word of which it is.
    checked = {"rows", "first", "says", "chart", "format", "leaves_out", "told"}
    assert [case["question"] for case in QUESTIONS if case["outcome"] not in ("cannot", "question") and not case.keys() & checked] == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["id"])
def test_hostile_sql_of_a_model_gives_no_rows(shared_sample, analyst, stand_in, case):
    before = fingerprint(shared_sample)
    answer = ask(analyst, "Anything", stand_in, *[{"sql": case["sql"], "answers": "Done."}] * 3)
    assert answer.table is None
    assert answer.asking.outcome in ("refused", "failed")
    assert fingerprint(shared_sample) == before


# --- what goes along ---------------------------------------------------------------------------------------------------


def prepared(user, question: str = "How many flights?", **more):
    return preparing.prepare(user=user, source="sample", question=question, **more)


def test_what_is_shown_is_what_is_sent_to_the_byte_and_kept(analyst, stand_in):
    stand_in.will(scripted({"outcome": "cannot", "reason": "No."}))
    request = (shown := prepared(analyst)).request
    answer = service.ask(user=analyst, prepared=shown, generate=HURRY)
    (received,) = stand_in.generated
    assert (received.system, received.text) == (request.system, request.text)
    assert received.body["generationConfig"]["responseJsonSchema"] == request.answer_schema
    assert received.body.keys() == {"contents", "systemInstruction", "generationConfig"}
    with own.transaction() as session:
        (kept,) = service.sent(session, reader=analyst, asking_id=answer.asking.id)
    assert (kept.system, kept.text) == (request.system, request.text)


def test_columns_go_by_their_rules_and_tables_by_the_rights_of_the_source(shared_sample, analyst):
    text = prepared(analyst, "What do staff and payroll earn?").request.text
    assert "desk.staff" in text
    assert "payroll" not in text.partition("The question:")[0]
    assert "iban" not in text
    assert "salary" not in text
    assert 'origin text, never null, as "EWR"' in text
    set_rules(shared_sample, [*RULES, {"schema": "sample", "column": "origin", "rule": "mask"}])
    try:
        masked = prepared(analyst).request.text
        assert "origin text, never null -- FAA code" in masked
        assert '"EWR"' not in masked
    finally:
        set_rules(shared_sample, RULES)


def set_rules(url: str, rules: list[dict]) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "update nexus.sources set spec = spec || %s::jsonb, changed_at = clock_timestamp() where name = 'sample'",
            (json.dumps({"rules": rules}),),
        )
    connection.close()


PAY = """
create schema pay;
create table pay.people (name text, wage int, bank text);
insert into pay.people select 'Person ' || n, 1000 + n % 3, (array['Hidden Bank', 'Secret Bank'])[1 + n % 2] from generate_series(1, 90) n;
create function pay.earned_by(text) returns int language sql as 'select wage from pay.people where name = $1';
create view pay.passed_on as select name as member, wage as gets, wage * 12 as yearly, bank as house from pay.people;
create view pay.again as select gets as pocketed, member from pay.passed_on;
create view pay.looked_up as select name as fellow, pay.earned_by(name) as found_out from pay.people;
create view pay.from_rows as select * from (select (p).* from (select p from pay.people p) inner_ones) as t(row_name, row_wage, row_bank);
create view pay.only_wages as select wage as sole from pay.people;
create view pay.mine as select name as own_name from pay.people where name = current_setting('nexus.user_id', true);
create materialized view pay.kept as select name as person, wage::text as worth, bank as institute from pay.people;
analyze pay.kept;
grant usage on schema pay to {role};
grant select on pay.passed_on, pay.again, pay.looked_up, pay.from_rows, pay.only_wages, pay.mine, pay.kept to {role};
"""
HIDDEN = ("gets", "yearly", "pocketed", "found_out", "worth", "sole", "row_wage")


@pytest.fixture(scope="module")
def pay(shared_sample, analyst, sample_role):
    """A schema of which the source's role may read views alone, which call the columns of its table otherwise."""
    connection = psycopg2.connect(shared_sample)
    with connection, connection.cursor() as cursor:
        cursor.execute(PAY.format(role=f'"{sample_role}"'))
    connection.close()


def words_sent(user, stand_in) -> set[str]:
    ask(user, "What does everybody in pay get, by bank?", stand_in, {"outcome": "cannot", "reason": "No."})
    return set(re.findall(r"\w+", stand_in.generated[-1].raw.decode()))


@pytest.mark.parametrize(
    ("rule", "named", "valued"), [("send", True, True), ("aggregate only", True, False), ("mask", True, False), ("never", False, False)]
)
def test_a_view_of_the_database_takes_its_tables_rules_along(shared_sample, analyst, pay, stand_in, rule, named, valued):
    rules = [{"schema": "pay", "table": "people", "column": column, "rule": rule} for column in ("wage", "bank")]
    set_rules(shared_sample, rules)
    try:
        sent = words_sent(analyst, stand_in)
    finally:
        set_rules(shared_sample, RULES)
    assert {"member", "fellow", "own_name", "person"} <= sent
    assert {name in sent for name in (*HIDDEN, "house", "institute", "only_wages")} == {named}
    assert {value in sent for value in ("Hidden", "Secret", "1001")} == {valued}


def test_an_example_that_names_a_hidden_column_by_its_name_in_a_view_stays_here(shared_sample, analyst, pay, stand_in):
    asker = add_person(Role.ANALYST, email="payer@example.org")
    set_rules(shared_sample, [])
    try:
        rated(asker, stand_in, question="Who gets most pay?", sql="select member, gets from pay.passed_on")
        assert "member, gets" in prepared(asker, "Who gets most pay?").request.text
        set_rules(shared_sample, [{"schema": "pay", "table": "people", "column": "wage", "rule": "never"}])
        assert "member, gets" not in prepared(asker, "Who gets most pay?").request.text
    finally:
        set_rules(shared_sample, RULES)


def test_a_question_must_be_one_and_not_too_long(analyst):
    for question in ("", " \n ", "\u200b", "x" * 2_001):
        with pytest.raises(BadInput):
            prepared(analyst, question)


def test_only_analysts_ask_and_only_what_they_prepared(analyst, stand_in):
    viewer = add_person(Role.VIEWER, email="viewer-of-questions@example.org")
    with pytest.raises(NotAllowed):
        prepared(viewer)
    other = add_person(Role.ANALYST, email="other-asker@example.org")
    with pytest.raises(NotAllowed):
        service.ask(user=other, prepared=prepared(analyst), generate=HURRY)
    assert stand_in.generated == []


# --- conversation, examples, reports -------------------------------------------------------------------------------------


def test_a_follow_up_knows_what_was_asked_and_no_rows(analyst, stand_in):
    first = ask(
        analyst,
        "Flights by airline",
        stand_in,
        {"sql": "select carrier, count(*) as n from sample.flights group by 1", "answers": "By airline."},
    )
    second = ask(analyst, "Only in June", stand_in, {"outcome": "cannot", "reason": "No."}, after=first.asking.id)
    sent = stand_in.generated[1].text
    assert "Flights by airline" in sent
    assert "group by 1" in sent
    assert "58665" not in sent
    assert second.asking.thread == first.asking.id
    other = add_person(Role.ANALYST, email="eavesdropper@example.org")
    with pytest.raises(NotFound):
        prepared(other, after=first.asking.id)


JUMBO = "select manufacturer, count(*) as n from sample.planes where seats > 300 group by 1"


def rated(user, stand_in, rating="good", *, question="Which planes are jumbo sized?", sql=JUMBO) -> Asking:
    asked = ask(user, question, stand_in, {"sql": sql, "answers": "By seats."}).asking
    with own.transaction() as session:
        service.rate(session, user=user, asking_id=asked.id, rating=rating)
    return asked


def test_a_good_answer_goes_along_for_its_asker_and_once_approved_for_all(analyst, stand_in):
    other = add_person(Role.ANALYST, email="learner@example.org")
    admin = add_person(Role.ADMIN, email="approver@example.org")
    asked = rated(analyst, stand_in)
    alike = "jumbo sized planes, please"
    assert "seats > 300" in prepared(analyst, alike).request.text
    assert prepared(analyst, alike).examples == 1
    assert "seats > 300" not in prepared(analyst, "How warm was it in May?").request.text
    assert "seats > 300" not in prepared(other, alike).request.text
    with own.transaction() as session, pytest.raises(NotAllowed):
        service.settle(session, user=other, asking_id=asked.id, approve=True)
    with own.transaction() as session:
        service.settle(session, user=admin, asking_id=asked.id, approve=True)
        assert asked.id in [one.id for one in service.rated(session, reader=admin, rating="good")]
    assert "seats > 300" in prepared(other, alike).request.text
    with own.transaction() as session:
        service.settle(session, user=admin, asking_id=asked.id, approve=False)
        assert asked.id not in [one.id for one in service.rated(session, reader=admin, rating="good")]
    assert "seats > 300" not in prepared(other, alike).request.text
    assert "seats > 300" in prepared(analyst, alike).request.text


def test_an_example_that_names_what_may_not_be_named_stays_here(shared_sample, analyst, stand_in):
    asker = add_person(Role.ANALYST, email="careful@example.org")
    rated(asker, stand_in, question="Who are the staff members?", sql="select name, salary from desk.staff")
    assert "desk.staff" in prepared(asker, "staff members").request.text
    assert "name, salary" not in prepared(asker, "staff members").request.text
    set_rules(shared_sample, [])
    try:
        assert "name, salary" in prepared(asker, "staff members").request.text
    finally:
        set_rules(shared_sample, RULES)


def test_a_wrong_answer_is_on_the_list_until_it_is_settled(analyst, stand_in):
    admin = add_person(Role.ADMIN, email="reader-of-reports@example.org")
    other = add_person(Role.ANALYST, email="nosy@example.org")
    asked = rated(analyst, stand_in, "wrong", question="How wrong is this?")
    with own.transaction() as session:
        assert asked.id in [one.id for one in service.rated(session, reader=admin, rating="wrong")]
        assert asked.id not in [one.id for one in service.rated(session, reader=other, rating="wrong")]
        with pytest.raises(NotFound):
            service.find(session, reader=other, asking_id=asked.id)
        with pytest.raises(NotAllowed):
            service.rate(session, user=admin, asking_id=asked.id, rating="good")
        service.settle(session, user=admin, asking_id=asked.id, approve=False)
        assert asked.id not in [one.id for one in service.rated(session, reader=admin, rating="wrong")]


def test_everybody_finds_their_own_questions_again_and_nobody_elses(analyst, stand_in):
    other = add_person(Role.ANALYST, email="newcomer@example.org")
    ask(other, "Mine alone", stand_in, {"outcome": "cannot", "reason": "No."})
    with own.transaction() as session:
        assert [one.question for one in service.history(session, reader=other)] == ["Mine alone"]
        assert "Mine alone" not in [one.question for one in service.history(session, reader=analyst)]


# --- however it ends -------------------------------------------------------------------------------------------------------


def test_stopping_ends_the_call_and_the_record_says_so(analyst, stand_in):
    stand_in.will(goes_on())
    with own.transaction() as session:
        before = len(service.history(session, reader=analyst, limit=1000))
    answer = service.ask(user=analyst, prepared=prepared(analyst), generate=HURRY, stopped=lambda: bool(stand_in.generated))
    assert (answer.asking.outcome, answer.table) == ("stopped", None)
    assert stand_in.generated[0].left.wait(10)
    with own.transaction() as session:
        assert len(service.history(session, reader=analyst, limit=1000)) == before + 1


def test_a_query_of_the_answer_is_stopped_too(analyst, stand_in):
    steps = []
    slow = "select count(*) as n from sample.flights a join sample.flights b on a.distance = b.distance and a.day <> b.day"
    with own.transaction() as session:
        saved.write(session, name="asking_cost", value=10**12, changed_by=None)
    try:
        stand_in.will(scripted({"sql": slow, "answers": "Pairs."}))
        answer = service.ask(
            user=analyst, prepared=prepared(analyst), generate=HURRY, tell=steps.append, stopped=lambda: "Asking the database" in steps
        )
        assert answer.asking.outcome == "stopped"
        assert answer.asking.sql == slow
    finally:
        with own.transaction() as session:
            saved.write(session, name="asking_cost", value=None, changed_by=None)


# --- what stays ------------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_as_a_view_and_as_a_panel_with_its_chart_and_sentence(analyst, stand_in):
    asked = ask(
        analyst,
        "Flights by airline",
        stand_in,
        {
            "sql": "select carrier, count(*) as flights from sample.flights group by carrier order by flights desc",
            "answers": "By airline.",
            "leaves_out": "Names.",
            "title": "By airline",
        },
    ).asking
    board = Dashboard(name="of-questions", title="Of questions")
    with own.transaction() as session:
        dashboards.save_dashboard(session, user=analyst, dashboard=board)
        first = keeping.save(session, user=analyst, asking=asked, title="By airline", name="by-airline")
        panel = keeping.put_on_dashboard(
            session, user=analyst, asking=asked, title="By airline", name="by-airline", dashboard="of-questions"
        )
        kept = views.find_view(session, reader=analyst, name=first)
        opened = dashboards.open_dashboard(session, reader=analyst, name="of-questions")
    assert (first, panel) == ("by-airline", "by-airline-2")
    assert kept.view.description == "By airline. Names."
    assert kept.view.chart == asked.chart
    assert opened.dashboard.panels[0].view == "by-airline-2"
    assert dashboards.ask_panel(opened, opened.dashboard.panels[0], reader=analyst, values={}).rows[0] == ("UA", 58665)
    viewer = add_person(Role.VIEWER, email="looker@example.org")
    with own.transaction() as session, pytest.raises(NotAllowed):
        keeping.save(session, user=viewer, asking=asked, title="Mine", name="mine")


def test_only_an_answer_is_kept_as_a_view_and_only_with_a_title(analyst, stand_in):
    asked = ask(analyst, "Fares", stand_in, {"outcome": "cannot", "reason": "No."}).asking
    with own.transaction() as session:
        with pytest.raises(BadInput):
            keeping.save(session, user=analyst, asking=asked, title="Fares", name="fares")
        with pytest.raises(BadInput):
            keeping.save(session, user=analyst, asking=asked.model_copy(update={"outcome": "answered"}), title=" ", name="")


# --- money -----------------------------------------------------------------------------------------------------------------


def set_saved(**values) -> None:
    with own.transaction() as session:
        for name, value in values.items():
            saved.write(session, name=name, value=value, changed_by=None)


def test_a_question_costs_what_all_its_calls_cost_and_stops_at_a_budget(analyst, stand_in):
    prices = {MODEL: Price(input=10, output=100)}
    set_saved(gemini_prices=prices)
    try:
        wrong = {"sql": "select nothing from sample.flights"}
        asked = ask(analyst, "What does it cost?", stand_in, wrong, {"outcome": "cannot", "reason": "No."}).asking
        assert asked.cost_usd_micros == 2 * (120 * 10 + 40 * 100)
        assert prepared(analyst).most_usd_micros > asked.cost_usd_micros
        set_saved(budgets=[Budget(of="person", who=analyst.email, tokens=100)])
        answer = ask(analyst, "And now?", stand_in)
        assert answer.asking.outcome == "failed"
        assert "budget" in answer.asking.sentence
        assert len(stand_in.generated) == 2
        with own.transaction() as session:
            assert service.sent(session, reader=analyst, asking_id=answer.asking.id) == []
    finally:
        set_saved(gemini_prices=None, budgets=None)


def test_old_questions_go_and_examples_stay(shared_sample, analyst, stand_in):
    asker = add_person(Role.ANALYST, email="long-ago@example.org")
    old = [ask(asker, "Long ago", stand_in, {"outcome": "cannot", "reason": "No."}).asking.id, rated(asker, stand_in).id]
    connection = psycopg2.connect(shared_sample)
    with connection, connection.cursor() as cursor:
        cursor.execute("update nexus.askings set asked_at = now() - interval '400 days' where id = any(%s)", (old,))
    connection.close()
    ask(asker, "Today", stand_in, {"outcome": "cannot", "reason": "No."})
    with own.transaction() as session:
        assert [one.question for one in service.history(session, reader=asker)] == ["Today", "Which planes are jumbo sized?"]
        assert service.sent(session, reader=asker, asking_id=old[1]) == []


SAME = "How many airlines are there in all?"
COUNTED = {"sql": "select count(*) as airlines from sample.airlines", "answers": "All in the table.", "title": "Airlines"}


def test_an_equal_question_is_answered_from_the_one_before_with_rows_read_anew(shared_sample, analyst, stand_in):
    first = ask(analyst, SAME, stand_in, COUNTED)
    again = ask(analyst, f" {SAME} ", stand_in, fresh=False)
    assert len(stand_in.generated) == 1
    assert again.table.rows == first.table.rows
    assert again.asking.kept_from == first.asking.id
    assert again.asking.answered_at == first.asking.asked_at
    kept = ("sql", "sentence", "title", "chart", "formats", "read")
    assert [getattr(again.asking, name) for name in kept] == [getattr(first.asking, name) for name in kept]
    assert (again.asking.tokens, again.asking.cost_usd_micros) == (0, 0)
    with own.transaction() as session:
        assert service.sent(session, reader=analyst, asking_id=again.asking.id) == []
    anew = ask(analyst, SAME, stand_in, COUNTED)
    assert len(stand_in.generated) == 2
    assert anew.asking.kept_from is None


@pytest.mark.parametrize("other", ["words", "context", "reported", "reported later", "schema", "age"])
def test_what_is_not_equal_or_was_wrong_is_asked_of_gemini(shared_sample, analyst, stand_in, other):
    question = f"How many airlines, {other}?"
    first = ask(analyst, question, stand_in, COUNTED).asking
    connection = psycopg2.connect(shared_sample)
    connection.autocommit = True
    after = None
    with connection.cursor() as cursor:
        match other:
            case "words":
                question = question.replace("many", "many many")
            case "context":
                after = first.id
            case "reported":
                cursor.execute("update nexus.askings set rating = 'wrong' where id = %s", (first.id,))
            case "reported later":
                copy = ask(analyst, question, stand_in, fresh=False).asking
                cursor.execute("update nexus.askings set rating = 'wrong' where id = %s", (copy.id,))
            case "schema":
                cursor.execute("comment on column sample.airlines.name is 'As on the tail.'")
                answers.forget()
            case "age":
                cursor.execute("update nexus.askings set asked_at = now() - interval '400 days' where id = %s", (first.id,))
    connection.close()
    assert ask(analyst, question, stand_in, COUNTED, after=after, fresh=False).asking.kept_from is None
    assert len(stand_in.generated) == 2


def test_an_equal_question_of_somebody_else_gives_their_own_rows(shared_sample, analyst, stand_in):
    question = "What did I note?"
    first = ask(analyst, question, stand_in, {"sql": "select note from desk.my_notes", "answers": "Your notes."})
    assert first.table.rows == [("mine",)]
    other = add_person(Role.ANALYST, email="other@example.org")
    again = ask(other, question, stand_in, fresh=False)
    assert again.asking.kept_from == first.asking.id
    assert again.table.rows == []


def test_sql_that_holds_no_more_is_asked_for_anew(shared_sample, analyst, stand_in):
    question = "How many notes, all told?"
    first = ask(analyst, question, stand_in, COUNTED).asking
    connection = psycopg2.connect(shared_sample)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "update nexus.askings set answer = answer || %s::jsonb where id = %s",
            (json.dumps({"sql": "select count(*) from sample.gone"}), first.id),
        )
    connection.close()
    again = ask(analyst, question, stand_in, COUNTED, fresh=False)
    assert again.asking.kept_from is None
    assert again.table.rows == [(16,)]
    assert again.asking.errors == ()
