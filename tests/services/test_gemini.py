"""The real google-genai client against a server that speaks its API."""

import json
import time
from functools import partial

import pytest

from nexus import settings
from nexus.prompts import gemini, keys, output
from nexus.prompts.output import Output, OutputField
from nexus.prompts.request import Piece, Request
from tests.gemini_stand_in import (
    MODEL,
    PLAIN_MODEL,
    Answer,
    GeminiStandIn,
    blocks_answer,
    blocks_prompt,
    breaks_after,
    cuts,
    drips,
    fails,
    fails_after,
    goes_on,
    hangs,
    nobody,
    refuses_key,
    says,
    streams,
)

KEY = "AIza-a-key-of-the-tests"
REQUEST = Request(model=MODEL, system="Be brief.", text="How were delays in “June”?\u2028Say it.", temperature=0.3, max_answer_tokens=77)
HURRY = gemini.Patience(deadline_s=10, silence_s=5, pause_s=0.01, beat_s=0.02)


@pytest.fixture
def stand_in(monkeypatch):
    with GeminiStandIn() as stand_in:
        set_environment(monkeypatch, stand_in.url)
        yield stand_in


def set_environment(monkeypatch, url: str, **more: str) -> None:
    values = settings.read(
        {"GOOGLE_API_KEY": KEY, "GEMINI_BASE_URL": url, "SECRET_KEY": "s" * 32, "ENCRYPTION_KEY": "M" * 43 + "=", **more}
    )
    monkeypatch.setattr(settings, "current", lambda: values)


def ask(patience: gemini.Patience = HURRY) -> tuple[str, Piece]:
    pieces = list(gemini.generate(REQUEST, patience=patience))
    return "".join(piece.text for piece in pieces), pieces[-1]


def test_an_answer_comes_in_pieces_with_its_tokens(stand_in):
    stand_in.will(streams("Delays ", "fell.", prompt_tokens=31, answer_tokens=5, thoughts=20))
    pieces = [piece for piece in gemini.generate(REQUEST, patience=HURRY) if piece.text or piece.ending]
    assert [piece.text for piece in pieces] == ["Delays ", "fell.", ""]
    assert (pieces[-1].ending, pieces[-1].prompt_tokens, pieces[-1].answer_tokens) == ("complete", 31, 25)


def test_the_request_holds_what_was_said_and_nothing_else(stand_in):
    ask()
    (received,) = stand_in.requests
    assert received.path == f"/v1/models/{MODEL}:streamGenerateContent?alt=sse"
    assert received.headers["x-goog-api-key"] == KEY
    assert received.body == {
        "contents": [{"role": "user", "parts": [{"text": REQUEST.text}]}],
        "systemInstruction": {"role": "user", "parts": [{"text": REQUEST.system}]},
        "generationConfig": {"temperature": 0.3, "maxOutputTokens": 77},
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refuses_key(400), gemini.KeyRefused),
        (refuses_key(401), gemini.KeyRefused),
        (refuses_key(403), gemini.KeyRefused),
        (fails(400, "INVALID_ARGUMENT", "The input token count exceeds the maximum."), gemini.RequestRefused),
        (fails(400, "FAILED_PRECONDITION", "User location is not supported."), gemini.RegionRefused),
        (fails(404, "NOT_FOUND"), gemini.ModelUnknown),
        (fails(429, "RESOURCE_EXHAUSTED", retry_s=3600), gemini.OutOfQuota),
        (says(200, b"<html>Sign in to the hotel's network</html>"), gemini.BrokeOff),
        (says(302, b"", Location="http://127.0.0.1:1/"), gemini.Unreachable),
        (says(502, b"Bad Gateway of a proxy"), gemini.InTrouble),
        (streams("no end", finish=None), gemini.BrokeOff),
        (breaks_after("Dela"), gemini.BrokeOff),
        (breaks_after("Dela", in_the_middle=False), gemini.BrokeOff),
        (fails_after("Dela"), gemini.InTrouble),
        (fails_after("Dela", code=429, status="RESOURCE_EXHAUSTED"), gemini.OutOfQuota),
        (says(200, b'data: {"candidates": 7}\r\n\r\n', "text/event-stream"), gemini.BrokeOff),
    ],
)
def test_each_trouble_is_one_sentence_without_the_key_or_the_address(stand_in, answer, error, caplog):
    stand_in.will(answer, answer, answer)
    with pytest.raises(gemini.GeminiFailed) as raised:
        ask()
    assert type(raised.value) is error
    told = raised.value.message + caplog.text
    assert KEY not in told
    assert stand_in.url not in raised.value.message
    assert raised.value.__cause__ is None


def test_gemini_down_is_told(monkeypatch):
    with nobody() as url:
        set_environment(monkeypatch, url)
        with pytest.raises(gemini.Unreachable):
            ask()


def test_an_address_that_is_none_is_told(monkeypatch):
    set_environment(monkeypatch, "gopher://nowhere")
    with pytest.raises(gemini.Unreachable):
        ask()


def test_without_a_key_nothing_is_sent_and_the_sentence_says_what_to_do(monkeypatch, stand_in, database):
    set_environment(monkeypatch, stand_in.url, GOOGLE_API_KEY="")
    with pytest.raises(gemini.NoKey, match="Settings"):
        ask()
    assert stand_in.requests == []


def test_a_key_that_cannot_travel_in_a_header_is_refused_here(stand_in):
    for key in ("with space", "two\r\nlines", "schlüssel"):
        with pytest.raises(gemini.KeyRefused):
            gemini.try_key(key, model=MODEL)
    assert stand_in.requests == []


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_passing_trouble_is_tried_again(stand_in, code):
    stand_in.will(fails(code), fails(code), streams("At last."))
    assert ask()[0] == "At last."
    assert len(stand_in.requests) == 3


def asks_to_wait(code: int, retry_after: str) -> Answer:
    body = json.dumps({"error": {"code": code, "message": "Later.", "status": "UNAVAILABLE"}}).encode()
    return says(code, body, "application/json", Retry_After=retry_after)


@pytest.mark.parametrize("retry_after", ["3600", "9" * 400, "Fri, 31 Dec 2999 23:59:59 GMT"])
@pytest.mark.parametrize(("code", "error"), [(429, gemini.OutOfQuota), (503, gemini.InTrouble)])
def test_a_wait_asked_for_in_a_header_that_is_too_long_is_not_begun(stand_in, code, error, retry_after):
    stand_in.will(asks_to_wait(code, retry_after))
    with pytest.raises(error):
        ask()
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize(
    "retry_after",
    ["1", "0", "-5", "nan", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Oct 2015", "1 Jan 0001 00:00:00 +2359", "²"],
)
def test_a_short_wait_or_nonsense_in_a_header_is_tried_again(stand_in, retry_after):
    stand_in.will(asks_to_wait(503, retry_after), streams("At last."))
    assert ask()[0] == "At last."
    assert len(stand_in.requests) == 2


def test_tries_are_bounded(stand_in):
    stand_in.will(*[fails(503)] * 9)
    with pytest.raises(gemini.InTrouble):
        ask()
    assert len(stand_in.requests) == HURRY.tries


@pytest.mark.parametrize("answer", [fails(400), refuses_key(), fails_after("Half "), breaks_after("Half ")])
def test_nothing_is_sent_twice_once_it_was_refused_or_has_begun(stand_in, answer):
    stand_in.will(answer)
    with pytest.raises(gemini.GeminiFailed):
        ask()
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize("answer", [hangs(), hangs("First words"), drips(), goes_on()])
def test_whatever_never_ends_is_ended_at_the_deadline(stand_in, answer):
    stand_in.will(answer)
    with pytest.raises(gemini.TooSlow):
        ask(gemini.Patience(deadline_s=0.5, beat_s=0.02))


def test_silence_is_told_before_the_deadline(stand_in):
    stand_in.will(hangs("First words"))
    with pytest.raises(gemini.TooSlow):
        ask(gemini.Patience(deadline_s=60, silence_s=0.2, beat_s=0.02))


@pytest.mark.parametrize("answer", [goes_on(), drips()])
def test_who_leaves_ends_the_stream(stand_in, answer):
    stand_in.will(answer)
    pieces = gemini.generate(REQUEST, patience=HURRY)
    until = time.monotonic() + 10
    while not stand_in.requests and time.monotonic() < until:
        next(pieces)
    for _ in range(3):
        next(pieces)
    pieces.close()
    assert stand_in.requests[0].left.wait(10)


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "A_REASON_OF_TOMORROW"])
def test_a_refusal_is_shown_for_what_it_is(stand_in, reason):
    stand_in.will(blocks_prompt(reason), blocks_answer("It began ", reason=reason))
    text, last = ask()
    assert (text, last.ending) == ("", "refused")
    text, last = ask()
    assert (text, last.ending) == ("It began ", "refused")
    assert "Gemini stopped" in last.reason


def test_an_answer_at_its_length_limit_is_cut(stand_in):
    stand_in.will(cuts("As long as "))
    text, last = ask()
    assert (text, last.ending) == ("As long as ", "cut")


def test_an_endless_answer_is_cut(stand_in):
    stand_in.will(streams(*["x" * 100_000] * 20))
    text, last = ask()
    assert last.ending == "cut"
    assert len(text) < 1_200_000


def test_a_key_is_tried_without_generating(stand_in):
    stand_in.key = KEY
    assert "Gemini 3.8 Flash" in gemini.try_key(model=MODEL)
    with pytest.raises(gemini.KeyRefused):
        gemini.try_key("another", model=MODEL)
    with pytest.raises(gemini.ModelUnknown):
        gemini.try_key(model="gemini-0")
    assert stand_in.generated == []


@pytest.mark.parametrize("model", ["", "../files", "a/b", "x?key=", "m:generateContent", "ü", "a" * 200])
def test_a_model_s_name_cannot_lead_elsewhere(stand_in, model):
    with pytest.raises(gemini.ModelUnknown):
        gemini.try_key(model=model)
    assert stand_in.requests == []


def test_models_that_write_text_are_listed(stand_in):
    assert gemini.list_models() == [PLAIN_MODEL, "gemini-3.1-pro-preview", MODEL]


def test_the_key_does_not_show_where_access_is_printed(stand_in):
    assert KEY not in repr(partial(print, keys.access()))


def test_fields_examples_and_a_limit_for_thinking_travel_with_the_request(stand_in):
    fields = output.schema(Output(fields=(OutputField(name="cause", type="choice", choices=("crew", "weather")),)))
    asked = REQUEST.model_copy(update={"answer_schema": fields, "examples": (("late crew", '[{"cause": "crew"}]'),), "thinking_tokens": 0})
    text = "".join(piece.text for piece in gemini.generate(asked, patience=HURRY))
    (received,) = stand_in.generated
    assert received.turns == [("user", "late crew"), ("model", '[{"cause": "crew"}]'), ("user", REQUEST.text)]
    assert received.config == {
        "temperature": 0.3,
        "maxOutputTokens": 77,
        "responseMimeType": "application/json",
        "responseJsonSchema": fields,
        "thinkingConfig": {"thinkingBudget": 0},
    }
    assert json.loads(text) == [{"cause": "crew"}]


def test_a_model_that_does_not_think_is_known_and_refuses_a_limit(stand_in):
    assert [model.name for model in gemini.describe_models() if not model.thinks] == [PLAIN_MODEL]
    with pytest.raises(gemini.RequestRefused):
        list(gemini.generate(REQUEST.model_copy(update={"model": PLAIN_MODEL, "thinking_tokens": 100}), patience=HURRY))


FULL = REQUEST.model_copy(
    update={
        "examples": (("How was May?", "Calm."),),
        "answer_schema": output.schema(Output(fields=(OutputField(name="how_late", type="number", description="in minutes"),))),
        "thinking_tokens": 64,
    }
)


@pytest.mark.parametrize("request_", [REQUEST, FULL, REQUEST.model_copy(update={"system": ""})], ids=["plain", "full", "bare"])
def test_counting_tokens_sends_exactly_what_would_be_sent_and_nothing_else(stand_in, request_):
    list(gemini.generate(request_, patience=HURRY))
    counted = gemini.count_tokens(request_)
    sent, asked = stand_in.requests
    assert asked.path == f"/v1/models/{MODEL}:countTokens"
    assert set(asked.body) - {"contents"} == {"generateContentRequest"}
    assert not asked.body["contents"]
    whole = dict(asked.body["generateContentRequest"])
    assert whole.pop("model") == f"models/{MODEL}"
    assert {**whole, "generationConfig": None} == {**sent.body, "generationConfig": None}
    assert whole["generationConfig"] == sent.config
    words = "".join([request_.system, request_.text, *(part for example in request_.examples for part in example)])
    assert counted >= len(words) // 4


@pytest.mark.parametrize(("key", "error"), [("another", gemini.KeyRefused), (None, gemini.ModelUnknown)])
def test_a_count_that_fails_is_one_sentence(monkeypatch, key, error):
    with GeminiStandIn(key=key) as stand_in:
        set_environment(monkeypatch, stand_in.url)
        with pytest.raises(error):
            gemini.count_tokens(REQUEST if key else REQUEST.model_copy(update={"model": "gone"}))


def test_a_count_with_nobody_there_is_told(monkeypatch):
    with nobody() as url:
        set_environment(monkeypatch, url)
        with pytest.raises(gemini.Unreachable):
            gemini.count_tokens(REQUEST)
