"""Tokens and money: what may be spent, what was, and whose turn it is."""

import json
import os
import subprocess
import sys
import threading
from datetime import date
from functools import partial

import pytest
from sqlalchemy import text

from nexus import settings
from nexus.accounts.spec import Role
from nexus.db import saved
from nexus.db import session as own
from nexus.db.limits import PUBLISHED, Price, published
from nexus.db.saved import SavedSettings
from nexus.errors import NexusError, NotAllowed
from nexus.prompts import budgets, calls, gemini, service
from nexus.prompts.budgets import NoPrice, OverBudget
from nexus.prompts.request import Piece, PromptRun, Request
from nexus.prompts.spec import Prompt
from tests.gemini_stand_in import MODEL, GeminiStandIn, breaks_after, fails, goes_on, streams
from tests.server import until

HURRY = partial(gemini.generate, patience=gemini.Patience(deadline_s=60, silence_s=30, pause_s=0.01, beat_s=0.02))
PRICE = {MODEL: {"input": 0.5, "output": 3.0, "cached": 0.05}}
ANSWER = 100


@pytest.fixture
def stand_in(monkeypatch, database, admin):
    with GeminiStandIn(otherwise=streams("Ok.", prompt_tokens=50, answer_tokens=10)) as stand_in:
        values = settings.current().model_copy(update={"gemini_base_url": stand_in.url})
        monkeypatch.setattr(settings, "current", lambda: values)
        put(google_api_key="AIza-saved")
        yield stand_in


def put(**values) -> None:
    with own.transaction() as session:
        for name, value in values.items():
            saved.write(session, name=name, value=value, changed_by=None)


@pytest.fixture
def prepare(stand_in, analyst):
    def prepare(words="Write.", user=analyst):
        prompt = Prompt(
            name="brief", title="Brief", template="{{ words }}", variables=[{"type": "text", "name": "words"}], max_answer_tokens=ANSWER
        )
        with own.transaction() as session:
            try:
                opened = service.find_prompt(session, reader=analyst, name="brief")
            except NexusError:
                service.save_prompt(session, user=analyst, prompt=prompt)
                opened = service.find_prompt(session, reader=analyst, name="brief")
        return service.prepare(user=user, opened=opened, values={"words": words})

    return prepare


def finished(user, prepared, generate=HURRY, **more) -> PromptRun:
    *_, last = service.run(user=user, prepared=prepared, generate=generate, **more)
    return last


def most(prepared) -> int:
    return budgets.most_tokens(prepared.request) + ANSWER


def ledger() -> list[dict]:
    with own.transaction() as session:
        return [dict(row) for row in session.execute(text("select * from nexus.model_calls order by id")).mappings()]


def test_a_run_costs_what_gemini_counted_at_the_price_of_its_model(prepare, analyst):
    put(gemini_prices=PRICE)
    run = finished(analyst, prepare())
    assert run.cost_usd_micros == 50 * 0.5 + 10 * 3
    (call,) = ledger()
    assert (call["status"], call["prompt_tokens"], call["answer_tokens"], call["usd_micros"]) == ("settled", 50, 10, 55)
    assert (call["user_id"], call["role"], call["prompt"], call["purpose"]) == (analyst.id, "analyst", "brief", "prompt")
    with own.transaction() as session:
        (line,) = budgets.usage(session, reader=analyst)
    assert (line.calls, line.prompt_tokens, line.answer_tokens, line.usd, line.set_aside) == (1, 50, 10, 0.000055, 0)


def test_what_google_still_knew_is_cheaper():
    price = Price(input=2, output=10, cached=0.5)
    assert price.usd_micros(prompt_tokens=100, answer_tokens=10, cached_tokens=60) == 40 * 2 + 60 * 0.5 + 100
    assert Price(input=0.1, output=0).usd_micros(prompt_tokens=1, answer_tokens=0) == 1


def test_a_run_that_could_pass_the_budget_is_refused_before_anything_leaves(prepare, analyst, stand_in):
    prepared = prepare()
    put(budgets=[{"of": "person", "tokens": most(prepared) + 59}])
    assert finished(analyst, prepared).status == "complete"  # takes 60
    with pytest.raises(OverBudget, match=r"60 of .* tokens of your budget for .* are used"):
        finished(analyst, prepared, fresh=True)
    assert len(stand_in.generated) == 1
    assert len(ledger()) == 1


@pytest.mark.parametrize("who", ["", "the person"])
def test_a_budget_of_a_person_is_not_another_persons(prepare, analyst, make_user, who):
    other = make_user(Role.ANALYST)
    prepared = prepare()
    put(budgets=[{"of": "person", "who": who and analyst.email.upper(), "tokens": most(prepared)}])
    finished(analyst, prepared)
    with pytest.raises(OverBudget):
        finished(analyst, prepared, fresh=True)
    assert finished(other, prepare(user=other), fresh=True).status == "complete"


@pytest.mark.parametrize(
    "budget", [{"of": "everybody"}, {"of": "role"}, {"of": "role", "who": "analyst"}, {"of": "prompt", "who": "brief"}]
)
def test_a_shared_budget_counts_what_others_spent(prepare, analyst, make_user, budget):
    other = make_user(Role.ANALYST)
    prepared = prepare()
    put(budgets=[budget | {"tokens": most(prepared)}])
    finished(other, prepare(user=other))
    with pytest.raises(OverBudget):
        finished(analyst, prepared, fresh=True)


def test_a_budget_in_dollars_needs_a_price(prepare, analyst):
    put(budgets=[{"of": "everybody", "usd": 1}], gemini_prices={})
    with pytest.raises(NoPrice):
        finished(analyst, prepare())
    put(gemini_prices=PRICE)
    assert finished(analyst, prepare()).status == "complete"
    put(budgets=[{"of": "everybody", "usd": 0.000056}])
    with pytest.raises(OverBudget):
        finished(analyst, prepare(), fresh=True)


def test_the_budget_warns_before_it_stops(prepare, analyst):
    put(budgets=[{"of": "person", "tokens": 1_000_000}, {"of": "everybody", "tokens": most(prepare()) + 10, "warn_percent": 5}])
    finished(analyst, prepare())
    with own.transaction() as session:
        nearest, other = budgets.standings(session, user=analyst, prompt="brief")
    assert nearest.budget.of == "everybody"
    assert (nearest.warns, other.warns) == (True, False)
    assert nearest.words.startswith("60 of ")


def processes_of(people, database, stand_in):
    """Four processes as replicas are, with a share of the people each, ready to begin."""
    environment = os.environ | {"DATABASE_URL": database, "GEMINI_BASE_URL": stand_in.url, "GOOGLE_API_KEY": "AIza-of-all"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.running_many"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for number, process in enumerate(started):
        mine = [
            {"id": person.id, "email": person.email, "name": person.name, "role": person.role.value, "words": f"Number {at:02}."}
            for at, person in enumerate(people)
            if at % 4 == number
        ]
        process.stdin.write(json.dumps({"database": database, "prompt": "brief", "people": mine}) + "\n")
        process.stdin.flush()
    assert [process.stdout.readline().strip() for process in started] == ["ready"] * 4
    return started


@pytest.mark.parametrize("kind", ["tokens", "usd"])
def test_twenty_people_in_four_processes_never_pass_a_budget_by_a_single_call(prepare, stand_in, make_user, database, kind):
    worst = most(prepare(words="Number 00."))
    # Nothing is settled before seven wait for their answers at once: only what is set aside can stop the others meanwhile.
    go = threading.Event()
    stand_in._otherwise = streams("Ok", go, ".", prompt_tokens=worst - ANSWER, answer_tokens=ANSWER)
    dollars = ((worst - ANSWER) * 0.5 + ANSWER * 3) / 1e6
    fits_seven = {"tokens": 7 * worst + worst // 2} if kind == "tokens" else {"usd": 7.5 * dollars}
    put(budgets=[{"of": "everybody", **fits_seven}], gemini_at_once=20, gemini_prices=PRICE)
    started = processes_of([make_user(Role.ANALYST) for _ in range(20)], database, stand_in)
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    until(lambda: len(stand_in.generated) >= 7, within_s=30, what="seven calls at once")
    assert {call["status"] for call in ledger()} == {"running"}
    go.set()
    outcomes = [outcome for process in started for outcome in json.loads(process.communicate(timeout=120)[0])]
    assert sorted(outcomes) == ["OverBudget"] * 13 + ["complete"] * 7
    assert len(stand_in.generated) == 7
    assert sum(call["prompt_tokens"] + call["answer_tokens"] for call in ledger()) == 7 * worst


@pytest.mark.parametrize(
    ("answers", "status", "counts"),
    [
        ([fails(503), fails(429), streams("Ok.", prompt_tokens=50, answer_tokens=10)], "settled", 60),
        ([fails(503), fails(503), fails(503)], "void", 0),
        ([fails(429), fails(429), fails(429)], "void", 0),
        ([fails(400)], "void", 0),
        ([breaks_after("Some words")], "settled", None),
    ],
    ids=["after two retries", "unavailable", "out of quota", "refused", "broken off"],
)
def test_a_call_is_charged_once_and_only_for_what_may_have_been_charged(prepare, analyst, stand_in, answers, status, counts):
    stand_in.will(*answers)
    prepared = prepare()
    finished(analyst, prepared)
    (call,) = ledger()
    assert call["status"] == status
    with own.transaction() as session:
        put(budgets=[{"of": "everybody", "tokens": 10**6}])
        (standing,) = budgets.standings(session, user=analyst)
    # Where nobody knows what was charged, the most that it can be counts.
    assert standing.spent.tokens == (most(prepared) if counts is None else counts)


def test_a_stopped_run_counts_for_the_most_that_it_can_have_cost(prepare, analyst, stand_in):
    stand_in.will(goes_on())
    prepared = prepare()
    events = service.run(user=analyst, prepared=prepared, generate=HURRY)
    while not next(events):
        pass
    events.close()
    (call,) = ledger()
    assert (call["status"], call["prompt_tokens"], call["reserved_tokens"]) == ("settled", None, most(prepared))


def test_an_equal_request_is_answered_from_what_was_answered_and_says_so(prepare, analyst, make_user, stand_in):
    first = finished(analyst, prepare())
    other = make_user(Role.ANALYST)
    again = finished(other, prepare(user=other))
    assert len(stand_in.generated) == 1
    assert (again.answer, again.kept_from, again.answered_at) == (first.answer, first.id, first.started_at)
    assert (again.prompt_tokens, again.answer_tokens, again.cost_usd_micros) == (0, 0, 0)
    assert len(ledger()) == 1
    assert finished(analyst, prepare(), fresh=True).kept_from is None
    assert finished(analyst, prepare("Other words.")).kept_from is None
    put(answer_hours=0)
    assert finished(analyst, prepare()).kept_from is None
    assert len(stand_in.generated) == 4


def test_what_was_not_answered_whole_is_not_handed_out_again(prepare, analyst, stand_in):
    stand_in.will(breaks_after("Some"))
    finished(analyst, prepare())
    assert finished(analyst, prepare()).kept_from is None


def test_calls_wait_for_their_turn_and_are_told_their_place(prepare, analyst, stand_in):
    put(gemini_at_once=1)
    go = threading.Event()
    stand_in.will(streams("First ", go, "."))
    first = service.run(user=analyst, prepared=prepare("First."), generate=HURRY)
    while not next(first):
        pass
    places = []
    second = service.run(user=analyst, prepared=prepare("Second."), generate=HURRY, queued=places.append)
    assert next(second) == ""
    assert places == [1]
    assert len(stand_in.generated) == 1
    go.set()
    *_, run = first
    assert run.status == "complete"
    *_, run = second
    assert (run.status, places[-1]) == ("complete", 0)


def test_each_key_has_a_queue_of_its_own(prepare, analyst, stand_in):
    put(gemini_at_once=1)
    go = threading.Event()
    stand_in.will(streams("First ", go, "."))
    first = service.run(user=analyst, prepared=prepare("First."), generate=HURRY)
    while not next(first):
        pass
    second = service.run(user=analyst, prepared=prepare("Second."), generate=HURRY)
    assert next(second) == ""
    put(google_api_key="AIza-another")
    *_, run = second  # it need not wait for the first, which has the other key
    assert run.status == "complete"
    go.set()
    *_, run = first
    assert run.status == "complete"
    marks = [call["key_mark"] for call in ledger()]
    assert len(set(marks)) == 2
    assert not any("AIza" in mark for mark in marks)


def test_the_settings_say_how_long_gemini_may_take(prepare, analyst, stand_in):
    put(gemini_seconds=10)
    assert gemini._patience().deadline_s == 10
    put(gemini_seconds=1_200)
    assert (gemini._patience().deadline_s, gemini._patience().silence_s) == (1_200, 400)


def test_published_prices_hold_until_an_administrator_saves_others(stand_in, analyst):
    def price_of(model):
        with own.transaction() as session:
            return budgets.price_of(session, reader=analyst, model=model)

    assert price_of("gemini-2.5-flash") == Price(input=0.3, output=2.5, cached=0.03)
    assert price_of("gemini-of-tomorrow") is None
    put(gemini_prices={"gemini-2.5-flash": {"input": 9, "output": 9}})
    assert price_of("gemini-2.5-flash") == Price(input=9, output=9)
    assert price_of("gemini-2.5-pro") is None
    put(gemini_prices=None)
    assert price_of("gemini-2.5-pro") == PUBLISHED["gemini-2.5-pro"]


def test_the_model_that_is_there_at_first_has_a_published_price_on_either_side_of_the_new_year():
    model = SavedSettings().gemini_model
    assert published(date(2026, 12, 31))[model] == Price(input=0.75, output=3.75, cached=0.075)
    assert published(date(2027, 1, 1))[model] == Price(input=1.5, output=7.5)
    assert published(date(2027, 1, 1))["gemini-2.5-pro"] == published(date(2026, 12, 31))["gemini-2.5-pro"]


def test_long_requests_cost_what_the_list_says_of_long_ones():
    price = PUBLISHED["gemini-2.5-pro"]
    assert price.usd_micros(prompt_tokens=200_000, answer_tokens=1_000) == 250_000 + 10_000
    assert price.usd_micros(prompt_tokens=300_000, answer_tokens=1_000) == 750_000 + 15_000
    assert price.usd_micros(prompt_tokens=300_000, answer_tokens=0, cached_tokens=300_000) == 75_000


def test_no_more_calls_begin_in_a_minute_than_allowed(prepare, analyst, stand_in):
    put(gemini_per_minute=1)
    finished(analyst, prepare("First."))
    places = []
    second = service.run(user=analyst, prepared=prepare("Second."), generate=HURRY, queued=places.append)
    next(second)
    next(second)
    second.close()
    assert places == [1, 1]
    assert len(stand_in.generated) == 1
    assert ledger()[-1]["status"] == "void"


def test_a_run_whose_process_was_killed_ends_as_failed_and_still_counts(prepare, analyst, stand_in):
    prepared = prepare()
    request = prepared.request
    with own.transaction() as session:
        from nexus.prompts import store

        run_id = store.start(session, prepared=prepared, user=analyst, dashboard=None)
        call_id = budgets.reserve(session, user=analyst, request=request, purpose="prompt", prompt="brief", run_id=run_id)
        session.execute(text("update nexus.model_calls set status = 'running', told_at = now() - interval '2 minutes'"))
    put(budgets=[{"of": "everybody", "tokens": most(prepared) * 2}])
    finished(analyst, prepared, fresh=True)
    lost, _ = ledger()
    assert (lost["id"], lost["status"]) == (call_id, "lost")
    with own.transaction() as session:
        run = service.find_run(session, reader=analyst, run_id=run_id)
        (standing,) = budgets.standings(session, user=analyst)
    assert (run.status, run.error) == ("failed", budgets.STOPPED)
    assert standing.spent.tokens == most(prepared) + 60


def test_other_askings_of_gemini_count_too(stand_in, analyst, viewer):
    request = Request(model=MODEL, system="", text="A question", temperature=0, max_answer_tokens=ANSWER)
    ask = calls.governed(user=analyst, purpose="question", generate=HURRY)
    assert "".join(piece.text for piece in ask(request)) == "Ok."
    assert [(call["purpose"], call["prompt"], call["answer_tokens"]) for call in ledger()] == [("question", None, 10)]
    put(budgets=[{"of": "everybody", "tokens": 61}])
    with pytest.raises(OverBudget):
        next(ask(request))
    with pytest.raises(NotAllowed):
        calls.governed(user=viewer, purpose="question")


def test_only_administrators_see_what_others_spent(prepare, analyst, admin, make_user):
    finished(analyst, prepare())
    other = make_user(Role.ANALYST)
    with own.transaction() as session:
        assert budgets.usage(session, reader=other) == []
        assert len(budgets.usage(session, reader=admin, everybody=True)) == 1
        with pytest.raises(NotAllowed):
            budgets.usage(session, reader=analyst, everybody=True)


def test_a_mistake_in_between_settles_the_call(prepare, analyst):
    def broken(_request):
        yield Piece(text="Some")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        finished(analyst, prepare(), generate=broken)
    assert [call["status"] for call in ledger()] == ["settled"]
