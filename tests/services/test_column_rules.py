"""What leaves of columns that a source has rules for, however a view comes to them."""

import pytest
from sqlalchemy import text

from nexus.db import session as own
from nexus.errors import BadInput
from nexus.prompts import markdown, originals, service
from nexus.prompts.data import pseudonym
from nexus.prompts.request import Piece
from nexus.prompts.spec import Prompt
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.run import answers
from nexus.sources.spec import Source
from nexus.views import service as views
from nexus.views.spec import View

STAFF = """
create schema staff;
create table staff.people (id int primary key, name text, email text, team text, salary int);
insert into staff.people select n, 'Person ' || n, 'p' || n || '@secret.example', case when n < 9 then 'ops' else 'rare' end, 100000 + n
from generate_series(1, 10) n;
create table staff.desks (person_id int, room text, email text);
insert into staff.desks select n, 'R' || n, 'desk' || n || '@open.example' from generate_series(1, 10) n;
create view staff.contacts as select id, email as reach, name || ' <' || email || '>' as line, team from staff.people;
create view staff.again as select reach as r from staff.contacts;
create materialized view staff.kept as select * from staff.people;
create function staff.reveal(staff.people) returns text language sql stable as 'select $1.email';
create function staff.first_of(text) returns text language sql stable as 'select email from staff.people order by id limit 1';
create function staff.either(text, text) returns text language sql stable as 'select email from staff.people order by id limit 1';
create operator staff.=== (leftarg = text, rightarg = text, function = staff.either);
create type staff.peek as (it text);
create function staff.peeked(int) returns staff.peek language sql stable as 'select row(email)::staff.peek from staff.people where id = $1';
create cast (int as staff.peek) with function staff.peeked(int);
create view staff.revealed as select id, staff.first_of(team) as it from staff.people;
create view staff.compared as select id, team operator(staff.===) team as it from staff.people;
create view staff.cast_over as select id, id::staff.peek as it from staff.people;
create view staff.chosen as select id, name from staff.people where email like 'p3@%';
create view staff.matched as select d.room, d.email from staff.desks d join staff.people p using (email);
create table staff.made (
    id int, email text, loud text generated always as (upper(email)) stored, twice text generated always as (email || email) virtual,
    size int generated always as (id + 1) stored
);
insert into staff.made select id, email from staff.people;
create table staff.mail (id int, at date, address text) partition by range (at);
create table staff.mail_2024 partition of staff.mail for values from ('2024-01-01') to ('2025-01-01');
create table staff.mail_2025 partition of staff.mail for values from ('2025-01-01') to ('2026-01-01');
insert into staff.mail select id, date '2024-06-01' + id, email from staff.people;
create table staff.post (id int, address text);
create table staff.post_kept (more text) inherits (staff.post);
insert into staff.post_kept select id, email, 'more' from staff.people;
do $$ begin
    if not exists (select from pg_roles where rolname = 'nexus_staff') then create role nexus_staff login password 'a password'; end if;
end $$;
grant usage on schema staff to nexus_staff;
alter role nexus_staff set search_path = staff, public;
grant select on all tables in schema staff to nexus_staff;
"""
SECRET = "@secret.example"
EMAIL = {"schema": "staff", "table": "people", "column": "email"}
SALARY = {"schema": "staff", "table": "people", "column": "salary"}


@pytest.fixture
def prepare(database, analyst):
    """Prepares a prompt with a view of `question` under the source's `rules`."""

    def prepare(question, *rules, view_rules=None, block=None):
        with own.transaction() as session:
            session.execute(text("drop schema if exists staff cascade"))
            session.execute(text(STAFF))
            source = Source.model_validate({"name": "staff", "title": "Staff", "rules": rules})
            store.put(session, source=source, address=own_role("nexus_staff", "a password"), changed_by=None)
            asked = {"kind": "sql", "sql": question} if isinstance(question, str) else {"kind": "table", "schema": "staff", **question}
            view = {"name": "people", "title": "People", "source": "staff", "question": asked, "rules": view_rules or {}}
            views.save_view(session, user=analyst, view=View.model_validate(view))
            data = {"name": "people", "view": "people", **(block or {})}
            prompt = Prompt.model_validate({"name": "who", "title": "Who", "template": "Who?", "data": [data]})
            service.save_prompt(session, user=analyst, prompt=prompt)
            opened = service.find_prompt(session, reader=analyst, name="who")
        return service.prepare(user=analyst, opened=opened, values={})

    return prepare


NEVER = [
    "select id, email from staff.people",
    "select id, email as e from staff.people",
    "select * from staff.people",
    "select id, upper(email) u from staff.people",
    "select id, left(p.email, 400) || '' as x from staff.people p",
    "select id, q.m from (select id, email as m from staff.people) q",
    "with c as (select id, email as m from staff.people) select * from c",
    "with c (i, m) as (select id, email from staff.people) select i, lower(m) from c",
    "select id, (select email from staff.people o where o.id = p.id) from staff.people p",
    "select d.room, p.email from staff.desks d join staff.people p on p.id = d.person_id",
    "select team, string_agg(email, ',') from staff.people group by team",
    "select team, max(email) from staff.people group by team",
    "select id, row_to_json(p) from staff.people p",
    "select id, p from staff.people p",
    "select to_jsonb(p) - 'id' as j from staff.people p",
    "select j.value from staff.people p, jsonb_each_text(to_jsonb(p)) j",
    "select part from staff.people, unnest(string_to_array(email, ' ')) part",
    "select email from staff.people union all select room from staff.desks",
    "select room from staff.desks union all select email from staff.people",
    "select case when id > 3 then email else name end from staff.people",
    "select coalesce(email, name) as name from staff.people",
    "with recursive r as (select id, email as m from staff.people where id = 1 union all select p.id, p.email from staff.people p join r on p.id = r.id + 1) select * from r",
    "select a.c from staff.people as a(a, b, c)",
    "select last_value(email) over (order by id) from staff.people",
    "select reach from staff.contacts",
    "select line from staff.contacts",
    "select c.* from staff.contacts c",
    "select r from staff.again",
    "select array_agg(k.email) from staff.kept k",
    "select (select array_agg(x.email) from (select * from staff.people) x) as all_of_them",
    "select x.e from (values (1)) v(i) cross join lateral (select email as e from staff.people) x",
    "select distinct on (email) email from staff.people",
    "select email from staff.people tablesample system (100)",
    "select (p).email from staff.people p",
    "select (array[email])[1] from staff.people",
    "select format('%s', p.*) from staff.people p",
]


@pytest.mark.parametrize("question", NEVER)
def test_a_column_that_never_leaves_does_not_whatever_the_statement_calls_it(prepare, question):
    prepared = prepare(question, EMAIL | {"rule": "never"})
    assert SECRET not in prepared.request.text + prepared.request.system
    (block,) = prepared.blocks
    assert any("staff.people.email" in because or "strictest" in because for because in block.because.values())


@pytest.mark.parametrize("question", NEVER)
def test_without_the_rule_the_same_statement_would_have_sent_it(prepare, question):
    assert SECRET in prepare(question).request.text.lower()


FUNCTION = [
    "select id, p.to_jsonb as j from staff.people p",
    "select id, p.row_to_json as j from staff.people p",
    "select id, q.to_jsonb as j from (select * from staff.people) q",
    "select id, q.to_jsonb as j from (select id, email from staff.people) q",
    "select j.value from staff.people p, jsonb_each_text(p.to_jsonb) j",
]
"""`x.f` means `f(x)` where x has no column f."""


@pytest.mark.parametrize("question", FUNCTION)
def test_a_function_written_as_a_column_takes_the_whole_row(prepare, question):
    assert SECRET not in prepare(question, EMAIL | {"rule": "never"}).request.text


RULED = {
    "the part of a table": ("select id, address from staff.mail_2024", ("mail", "address")),
    "a table by a rule on its part": ("select id, address from staff.mail", ("mail_2024", "address")),
    "a column made of parts": ("select id, upper(address) as a from staff.mail_2024", ("mail", "address")),
    "a child": ("select id, address from staff.post_kept", ("post", "address")),
    "a parent by a rule on its child": ("select id, left(address, 99) a from staff.post", ("post_kept", "address")),
    "the whole row of a child": ("select to_jsonb(k) as k from staff.post_kept k", ("post", "address")),
    "a generated column": ("select id, loud from staff.made", ("made", "email")),
    "a virtual generated column": ("select id, twice from staff.made", ("made", "email")),
    "a generated column in an expression": ("select id, lower(loud) as l from staff.made", ("made", "email")),
    "a view that runs a function": ("select id, it from staff.revealed", ("people", "email")),
    "a view that runs an operator": ("select id, it from staff.compared", ("people", "email")),
    "a view that runs a cast": ("select id, it from staff.cast_over", ("people", "email")),
    "a cast": ("select id, (id::staff.peek).it as it from staff.people", ("people", "email")),
    "an operator": ("select id, team === team as it from staff.people", ("people", "email")),
    "a function written as a column": ("select id, p.reveal as it from staff.people p", ("people", "email")),
    "a function of a row in brackets": ("select id, (p).reveal as it from staff.people p", ("people", "email")),
    "a column that is matched": ("select email from staff.matched", ("people", "email")),
    "a column joined by name": (
        "select d.room, d.email as e from staff.desks d natural join (select email from staff.people) p",
        ("people", "email"),
    ),
    "a guess that is matched": (
        "select v.guess from (values ('p3@secret.example')) v(guess) join staff.people p on p.email = v.guess",
        ("people", "email"),
    ),
}
"""A question that shows values of a column, and the table and column that the rule is for."""


@pytest.mark.parametrize("case", RULED)
def test_a_rule_reaches(prepare, case):
    question, (table, column) = RULED[case]
    rule = {"schema": "staff", "table": table, "column": column}
    prepared = prepare(question, rule | {"rule": "never"})
    assert SECRET not in prepared.request.text.lower()
    assert prepared.blocks[0].because


def test_parts_beside_a_ruled_one_go(prepare):
    rule = {"schema": "staff", "table": "mail_2024", "column": "address", "rule": "never"}
    assert prepare("select id, address from staff.mail_2025", rule).blocks[0].columns == ("id", "address")


def test_a_generated_column_of_others_goes(prepare):
    rule = {"schema": "staff", "table": "made", "column": "email", "rule": "never"}
    assert prepare("select id, size from staff.made", rule).blocks[0].columns == ("id", "size")


CHOSEN = [
    "select id, name from staff.people where email like 'p3@%'",
    "select id, name from staff.people where email = 'p3@secret.example'",
    "select id, name from staff.people order by email",
    "select id, name, upper(email) as loud from staff.people order by loud",
    "select id, name, upper(email) as loud from staff.people order by 3",
    "select team, count(*) as n from staff.people group by team, left(email, 2)",
    "select left(email, 2) as l, count(*) as n from staff.people group by l",
    "select left(email, 2) as l, count(*) as n from staff.people group by 1",
    "select distinct on (email) id from staff.people",
    "select team, count(*) as n from staff.people group by team having max(email) > 'p3'",
    "select name from staff.people p join staff.desks d on d.person_id = p.id and p.email like 'p3@%'",
    "select name, row_number() over w as n from staff.people window w as (order by email)",
    "select name from staff.people limit (select length(email) from staff.people where id = 1)",
    "select name from staff.people offset (select count(*) from staff.people where email < 'p3')",
    "select name, generate_series(1, ascii(email)) as n from staff.people where id < 3",
    "select name from staff.people p, generate_series(1, ascii(p.email)) n where id < 3",
    "select d.room from staff.desks d where exists (select from staff.people p where p.id = d.person_id and p.email like 'p3@%')",
    "select d.room from staff.desks d where d.person_id in (select id from staff.people where email like 'p3@%')",
    "select q.name from (select name, email from staff.people) q where q.email like 'p3@%'",
    "select q.name from (select name from staff.people where email like 'p3@%') q",
    "with c as (select name from staff.people where email like 'p3@%') select name from c",
    "select name from staff.chosen",
    "select c.name from staff.desks d join staff.chosen c on c.id = d.person_id",
    "select name from staff.people where (people).email like 'p3@%'",
    "select name from staff.people p where p::text like '%p3@%'",
    "select room from staff.desks except select d.room from staff.desks d join staff.people p on p.id = d.person_id where p.email like 'p3@%'",
    "select d.room from staff.desks d left join staff.people p on p.id = d.person_id and left(p.email, 2) = left(d.room, 2) where p.id is null",
    "select d.room from staff.desks d where (select count(*) from staff.people p join staff.people q on q.id = p.id and p.email like 'p3@%') > 0",
    "select name from staff.people where case when email like 'p3@%' then true else false end",
]


@pytest.mark.parametrize("question", CHOSEN)
def test_rows_that_a_hidden_column_chooses_or_orders_do_not_go(prepare, question):
    (block,) = prepare(question, EMAIL | {"rule": "never"}).blocks
    assert block.columns == ()
    assert all("staff.people.email" in because for because in block.because.values())
    assert any("decides what rows there are" in because for because in block.because.values())


@pytest.mark.parametrize("question", CHOSEN)
def test_rows_that_a_masked_column_chooses_go(prepare, question):
    assert prepare(question, EMAIL | {"rule": "mask"}).blocks[0].columns


@pytest.mark.parametrize(
    "question",
    [
        "select p.name from staff.people p left join staff.desks d on d.email = p.email",
        "select p.name from staff.people p left join staff.desks d using (email)",
        "select id, case when team = 'ops' then name end as n from staff.people where id > 2 order by name",
        "select count(*) filter (where email like 'p3@%') as few, count(*) as n from staff.people",
        "select name, rank() over (order by email) as place from staff.people",
        "select id, name from staff.people",
        "select count(*) as n from staff.people",
        "select d.email from staff.desks d join staff.people p on p.id = d.person_id",
        "select team, count(*) as n from staff.people group by team",
        "select id, team from staff.contacts",
        "select q.name from (select name, email from staff.people) q",
    ],
)
def test_other_columns_of_the_same_statement_go(prepare, question):
    (block,) = prepare(question, EMAIL | {"rule": "never"}).blocks
    assert set(block.withheld) <= {"few", "place"}
    assert block.rows > 0


def test_pseudonyms_are_the_same_in_every_column_that_shows_the_value(prepare):
    sent = prepare(
        "select email, upper(email) as loud, email as again from staff.people where id = 1", EMAIL | {"rule": "mask"}
    ).request.text
    row = sent.splitlines()[-2]
    first, loud, again = row.split(",")
    assert first.removeprefix("email-") == again.removeprefix("again-") != loud.removeprefix("loud-")
    assert SECRET not in sent.lower()


def test_rules_follow_a_column_through_a_question_built_by_clicking(prepare):
    question = {
        "table": "desks",
        "joins": [{"schema": "staff", "table": "people", "name": "who", "on": [{"column": "person_id", "equals": "id"}]}],
        "computed": [{"name": "greeting", "expression": "'Dear ' || who.email"}, {"name": "twice", "expression": "greeting || greeting"}],
        "columns": [
            {"column": "room"},
            {"column": "email", "of": "who", "name": "m"},
            {"column": "email"},
            {"column": "greeting"},
            {"column": "twice"},
        ],
    }
    prepared = prepare(question, EMAIL | {"rule": "never"})
    (block,) = prepared.blocks
    assert block.columns == ("room", "email")
    assert block.withheld == ("m", "greeting", "twice")
    assert SECRET not in prepared.request.text
    assert "desk1@open.example" in prepared.request.text


def test_all_columns_of_joined_tables_keep_their_rules(prepare):
    question = {"table": "desks", "joins": [{"schema": "staff", "table": "people", "on": [{"column": "person_id", "equals": "id"}]}]}
    prepared = prepare(question, EMAIL | {"rule": "never"}, SALARY | {"rule": "mask"})
    (block,) = prepared.blocks
    assert block.withheld == ("people.email",)
    assert block.masked == ("people.salary",)
    assert "100001" not in prepared.request.text


def figures(*aggregates):
    columns = [{"column": "salary", "aggregate": one, **({"percentile": 0.9} if one == "percentile" else {})} for one in aggregates]
    return {"table": "people", "columns": [{"column": "team"}, *columns], "order": [{"column": "team"}]}


def test_figures_of_an_aggregate_only_column_go_but_not_those_of_few_values(prepare):
    prepared = prepare(figures("average", "sum", "median", "count"), SALARY | {"rule": "aggregate only"})
    (block,) = prepared.blocks
    assert block.columns == ("team", "salary_average", "salary_sum", "salary_median", "salary_count")
    assert "ops,100004.5" in prepared.request.text
    assert "rare,,,,\n" in prepared.request.text
    assert block.emptied == 4
    assert "nexus count" not in prepared.request.text


def test_the_least_and_the_greatest_value_are_values_themselves(prepare):
    prepared = prepare(figures("min", "max"), SALARY | {"rule": "aggregate only"})
    assert prepared.blocks[0].aggregated == ("salary_min", "salary_max")
    assert "100010" not in prepared.request.text


def test_no_figure_of_a_column_that_never_leaves_goes(prepare):
    (block,) = prepare(figures("average", "count"), SALARY | {"rule": "never"}).blocks
    assert block.withheld == ("salary_average", "salary_count")


def test_a_group_by_a_part_of_a_ruled_column_keeps_its_rule(prepare):
    question = {"table": "people", "columns": [{"column": "salary", "bin": 1}, {"aggregate": "count"}]}
    prepared = prepare(question, SALARY | {"rule": "never"})
    assert "100001" not in prepared.request.text
    assert prepared.blocks[0].columns == ()
    assert prepared.blocks[0].because["count"].endswith("which decides what rows there are")


def test_the_strictest_of_source_view_and_prompt_wins_and_says_whose_it_is(prepare):
    prepared = prepare(
        "select id, name, email, team from staff.people",
        EMAIL | {"rule": "mask"},
        {"column": "na*", "rule": "mask"},
        view_rules={"name": "never", "team": "mask"},
        block={"rules": {"email": "send", "team": "send"}},
    )
    (block,) = prepared.blocks
    assert (block.columns, block.masked, block.withheld) == (("id", "email", "team"), ("email", "team"), ("name",))
    assert block.because == {
        "email": "the source's rule for staff.people.email",
        "name": "the view's rule",
        "team": "the view's rule",
    }


def test_a_prompt_may_be_stricter_than_its_source(prepare):
    stricter = prepare("select email from staff.people", EMAIL | {"rule": "mask"}, block={"rules": {"email": "never"}})
    assert stricter.blocks[0].because == {"email": "the prompt's rule"}


@pytest.fixture
def chosen(prepare, analyst):
    """A prompt that says who was chosen from a column, and narrows its data by it."""

    def chosen(rule, template):
        prepare("select email from staff.people", EMAIL | {"rule": rule})
        variable = {"type": "choice", "name": "who", "choices": {"view": "people", "column": "email"}}
        prompt = {"name": "to", "title": "To", "template": template, "variables": [variable]}
        with own.transaction() as session:
            service.save_prompt(session, user=analyst, prompt=Prompt.model_validate(prompt))
            opened = service.find_prompt(session, reader=analyst, name="to")
        return service.prepare(user=analyst, opened=opened, values={"who": "p1@secret.example"})

    return chosen


def test_a_value_chosen_from_a_masked_column_goes_as_its_pseudonym(chosen):
    prepared = chosen("mask", "Write to {{ who }}.")
    assert SECRET not in prepared.request.text
    assert prepared.request.text == f"Write to {pseudonym('email', 'p1@secret.example')}."


def test_a_value_chosen_from_a_column_that_never_leaves_is_refused_where_it_would_be_sent(chosen):
    with pytest.raises(BadInput, match=r"chosen from a column that prompts may not send, by the source's rule for staff.people.email"):
        chosen("never", "Write to {{ who }}.")


def test_a_value_that_the_template_does_not_say_may_still_be_chosen(chosen):
    assert SECRET not in chosen("never", "Write to somebody.").request.text


def test_pseudonyms_are_replaced_for_who_may_see_the_originals(prepare, analyst):
    prepared = prepare("select email from staff.people", EMAIL | {"rule": "mask"})
    mark = pseudonym("email", "p3@secret.example")

    def generate(_request):
        yield Piece(text=f"Write to {mark}, not to email-0123456789.")
        yield Piece(ending="complete")

    *_, run = service.run(user=analyst, prepared=prepared, generate=generate)
    found = originals.known(reader=analyst, run=run)
    assert originals.in_text(run.answer, found) == "Write to p3@secret.example, not to email-0123456789."
    with own.transaction() as session:
        session.execute(text("delete from staff.people where id = 3"))
    answers.forget()
    assert originals.in_text(run.answer, originals.known(reader=analyst, run=run)) == run.answer


def test_an_answer_shows_originals_to_who_may_see_them_and_the_record_keeps_pseudonyms(prepare, analyst):
    prepared = prepare("select email from staff.people", EMAIL | {"rule": "mask"})
    mark = pseudonym("email", "p3@secret.example")

    def generate(_request):
        yield Piece(text=f"Write to **{mark}**, not to email-0123456789.")
        yield Piece(ending="complete")

    *_, run = service.run(user=analyst, prepared=prepared, generate=generate)
    assert SECRET not in run.answer
    shown = originals.in_html(markdown.html(run.answer), originals.known(reader=analyst, run=run))
    assert f'<span class="original" title="Sent as {mark}">p3@secret.example</span>' in shown
    assert "not to email-0123456789." in shown
    with own.transaction() as session:
        session.execute(text("delete from staff.people where id = 3"))
    answers.forget()
    gone = originals.in_html(markdown.html(run.answer), originals.known(reader=analyst, run=run))
    assert mark in gone
    assert SECRET not in gone


def test_an_original_that_looks_like_html_is_text():
    drawn = originals.in_html('<b title="who-0123456789">who-0123456789</b>', {"who-0123456789": "<img src=x onerror=y>"})
    assert drawn.startswith('<b title="who-0123456789"><span')
    assert "<img" not in drawn
