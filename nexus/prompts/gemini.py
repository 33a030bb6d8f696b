"""The door to Gemini: the only module that imports google-genai, and only when something is asked.

Whatever goes wrong behind this door comes out as one of `nexus.prompts.failures`. Each call runs on a thread of its
own, so that whoever waits for it can leave at any moment.
"""

import logging
import queue
import random
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from re import fullmatch
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from nexus.db import saved
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts.failures import (
    BrokeOff,
    GeminiFailed,
    InTrouble,
    KeyRefused,
    ModelUnknown,
    NoKey,
    OutOfQuota,
    RegionRefused,
    RequestRefused,
    TooSlow,
    Unreachable,
)
from nexus.prompts.keys import Access, access
from nexus.prompts.request import Piece, Request
from nexus.prompts.spec import MODEL_NAME

if TYPE_CHECKING:
    from google.genai import Client, errors, types

__all__ = [
    "BrokeOff", "GeminiFailed", "InTrouble", "KeyRefused", "Model", "ModelUnknown", "NoKey", "OutOfQuota", "Patience", "RegionRefused",
    "RequestRefused", "TooSlow", "Unreachable", "count_tokens", "describe_models", "generate", "list_models", "try_key",
]  # fmt: skip

logger = logging.getLogger(__name__)

LONGEST_ANSWER = 1_000_000
"""Characters; twice what the largest answer that can be asked for comes to. Past it something is broken."""


@dataclass(frozen=True)
class Patience:
    """How long to wait and how often to try. A retry happens only before the first word of an answer."""

    deadline_s: float = 180
    silence_s: float = 60
    """Longest between two signs of life."""
    tries: int = 3
    pause_s: float = 1
    """Before the second try; doubled before each further one."""
    beat_s: float = 0.25
    """How often a waiting caller gets an empty piece, and with it the chance to leave."""


def _patience() -> Patience:
    """As the settings say: an answer that thinks for long may be silent for a third of its time, and for a minute anyway."""
    with transaction() as session:
        seconds = saved.read(session).gemini_seconds
    return Patience(deadline_s=seconds, silence_s=max(60, seconds / 3))


def generate(request: Request, *, patience: Patience | None = None) -> Generator[Piece, None, None]:
    """The answer as it comes, with empty pieces while there is nothing new; the last one has an ending.

    Without `patience` the time limit of the settings holds. Closing the iterator ends the call. Raises GeminiFailed.
    """
    patience = patience or _patience()
    call = _Call(request, access(), patience)
    until = time.monotonic() + patience.deadline_s
    call.start()
    try:
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TooSlow()
            try:
                news = call.news.get(timeout=min(left, patience.beat_s))
            except queue.Empty:
                yield Piece()
                continue
            if isinstance(news, NexusError):
                raise news
            yield news
            if news.ending:
                return
    finally:
        call.leave()


def try_key(key: str | None = None, *, model: str) -> str:
    """One sentence that says that `key` (or the configured one) opens `model`. Nothing is generated or charged.

    Raises GeminiFailed.
    """
    if not fullmatch(MODEL_NAME, model):
        raise ModelUnknown()
    with _vendor(access(key), silence_s=15) as client, _translated():
        found = client.models.get(model=model)
    return f"The key works: {found.display_name or model} answers."


def count_tokens(request: Request) -> int:
    """How many tokens the whole request takes, as Gemini counts them: it is sent as it would be, and neither answered nor charged.

    Raises GeminiFailed.
    """
    with _vendor(access(), silence_s=15) as client, _translated():
        from google.genai import types

        # The library counts contents alone; the API also takes the request as a whole, and then no contents beside it.
        whole = types.HttpOptions(extra_body={"contents": [], "generateContentRequest": _whole(request)})
        found = client.models.count_tokens(model=request.model, contents=request.text, config=types.CountTokensConfig(http_options=whole))
        if found.total_tokens is None:
            raise BrokeOff()
    return found.total_tokens


def _whole(request: Request) -> dict[str, Any]:
    """What `_pieces` sends, and the model, in the API's own words."""
    settings: dict[str, Any] = {"temperature": request.temperature, "maxOutputTokens": request.max_answer_tokens}
    if request.answer_schema:
        settings |= {"responseMimeType": "application/json", "responseJsonSchema": request.answer_schema}
    if request.thinking_tokens is not None:
        settings["thinkingConfig"] = {"thinkingBudget": request.thinking_tokens}
    return {
        "model": f"models/{request.model}",
        "contents": [{"role": role, "parts": [{"text": text}]} for role, text in _turns(request)],
        **({"systemInstruction": {"parts": [{"text": request.system}], "role": "user"}} if request.system else {}),
        "generationConfig": settings,
    }


class Model(BaseModel, frozen=True):
    """A model, as Gemini describes it."""

    name: str
    title: str
    thinks: bool = Field(False, description="Whether it can think before it answers, and so takes a limit for that.")
    max_answer_tokens: int | None = None


def list_models(key: str | None = None) -> list[str]:
    """Names of the models that this key may generate text with. Raises GeminiFailed."""
    return [model.name for model in describe_models(key)]


def describe_models(key: str | None = None) -> list[Model]:
    """The models that this key may generate text with, by name. Raises GeminiFailed."""
    with _vendor(access(key), silence_s=15) as client, _translated():
        found = list(client.models.list(config={"page_size": 200}))
    made = [
        Model(
            name=name,
            title=model.display_name or name,
            thinks=bool(model.thinking),
            max_answer_tokens=model.output_token_limit,
        )
        for model in found
        if (name := (model.name or "").removeprefix("models/")) and "generateContent" in (model.supported_actions or [])
    ]
    return sorted(made, key=lambda model: model.name)


class _Call:
    """One request on a thread of its own; `news` holds pieces, and at most one error at the end."""

    def __init__(self, request: Request, access: Access, patience: Patience) -> None:
        self.news: queue.SimpleQueue[Piece | NexusError] = queue.SimpleQueue()
        self._request, self._access, self._patience = request, access, patience
        self._left = threading.Event()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        threading.Thread(target=self._work, name="gemini", daemon=True).start()

    def leave(self) -> None:
        """End the call; the thread follows as soon as it notices."""
        self._left.set()
        if self._socket is not None:
            # Wakes the reader. An SSL socket's own method would pull its state from under it.
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _work(self) -> None:
        try:
            with _vendor(self._access, silence_s=self._patience.silence_s, on_response=self._remember_socket) as client, _translated():
                self._answer(client)
        except NexusError as error:
            self.news.put(error)

    def _answer(self, client: "Client") -> None:
        from google.genai.errors import APIError

        for attempt in range(1, self._patience.tries + 1):
            heard = False
            try:
                for piece in _pieces(client, self._request):
                    if self._left.is_set():
                        return
                    heard = True
                    self.news.put(piece)
                return
            except APIError as error:
                pause = self._patience.pause_s * 2 ** (attempt - 1) * random.uniform(1, 1.25)  # noqa: S311 - spreads retries
                asked = _asked_pause_s(error)
                last = attempt == self._patience.tries or (asked or 0) > self._patience.deadline_s / 4
                if heard or last or not (error.code == 429 or 500 <= error.code < 600):
                    raise
                if self._left.wait(max(pause, asked or 0)):
                    return

    def _remember_socket(self, response: Any) -> None:
        stream = response.extensions.get("network_stream")
        self._socket = stream.get_extra_info("socket") if stream is not None else None
        if self._left.is_set():
            self.leave()


class _vendor:  # noqa: N801 - reads as a function
    """A client of google-genai for one call, closed afterwards."""

    def __init__(self, access: Access, *, silence_s: float, on_response: Any = None) -> None:
        self._access, self._silence_s, self._on_response = access, silence_s, on_response

    def __enter__(self) -> "Client":
        from google import genai
        from google.genai import types

        self._client = genai.Client(
            api_key=self._access.key,
            vertexai=False,  # said, because the environment could say otherwise
            http_options=types.HttpOptions(
                base_url=self._access.base_url,
                timeout=int(self._silence_s * 1000),
                client_args={
                    "follow_redirects": False,  # the key stays with the host that it is for
                    "event_hooks": {"response": [self._on_response] if self._on_response else []},
                },
            ),
        )
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()


class _translated:  # noqa: N801 - reads as a function
    """Turns whatever google-genai and its transport raise into an error of ours."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, NexusError):
            ours = _translate(error)
            # The vendor's text may quote the request, so only its kind goes to the log.
            logger.warning("gemini failed: %s (%s)", type(ours).__name__, type(error).__name__)
            raise ours from None


def _translate(error: Exception) -> GeminiFailed:
    # google-genai's own transport, which it requires and raises through.
    import httpx2
    from google.genai import errors

    match error:
        case errors.APIError():
            return _of_status(error)
        case httpx2.TimeoutException():
            return TooSlow() if not isinstance(error, httpx2.ConnectTimeout) else Unreachable()
        case httpx2.ConnectError() | httpx2.UnsupportedProtocol() | httpx2.ProxyError() | httpx2.InvalidURL():
            return Unreachable()
        case _:
            return BrokeOff()


BY_STATUS: dict[int, type[GeminiFailed]] = {
    401: KeyRefused,
    403: KeyRefused,
    404: ModelUnknown,
    408: TooSlow,
    429: OutOfQuota,
    504: TooSlow,
}


def _of_status(error: "errors.APIError") -> GeminiFailed:
    code = error.code if isinstance(error.code, int) else 0
    if code == 400 and "api key" in f"{error.message} {error.details}".lower().replace("_", " "):
        return KeyRefused()
    if code == 400 and error.status == "FAILED_PRECONDITION":
        return RegionRefused()
    if code in BY_STATUS:
        return BY_STATUS[code]()
    if 400 <= code < 500:
        return RequestRefused()
    # Otherwise a redirect, or an answer of something that is not Gemini.
    return InTrouble() if code >= 500 else Unreachable()


def _asked_pause_s(error: "errors.APIError") -> float | None:
    """How long a 429 or 503 asks to wait, in google.rpc.RetryInfo or else in a header."""
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error", body)
    for detail in inner.get("details") or [] if isinstance(inner, dict) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return max(0.0, float(delay[:-1]))
            except ValueError:
                return None
    return _header_pause_s(getattr(error.response, "headers", {}).get("retry-after", ""))


def _header_pause_s(retry_after: str) -> float | None:
    """Seconds, or until a date (RFC 9110, 10.2.3); None for neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
        # A date without a zone is in UTC.
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _pieces(client: "Client", request: Request) -> Iterator[Piece]:
    """Exactly one request, and its answer. Raises BrokeOff when it ends without an ending."""
    from google.genai import types

    stream = client.models.generate_content_stream(
        model=request.model,
        contents=[types.Content(role=role, parts=[types.Part(text=text)]) for role, text in _turns(request)],
        config=types.GenerateContentConfig(
            system_instruction=request.system or None,
            temperature=request.temperature,
            max_output_tokens=request.max_answer_tokens,
            thinking_config=None if request.thinking_tokens is None else types.ThinkingConfig(thinking_budget=request.thinking_tokens),
            response_mime_type="application/json" if request.answer_schema else None,
            response_json_schema=request.answer_schema,
            # Off, so that the library sends nothing on its own account.
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        ),
    )
    length, last = 0, Piece()
    for chunk in stream:
        text = _text(chunk)
        length += len(text)
        if text:
            yield Piece(text=text)
        last = _ending(chunk, last)
        if length > LONGEST_ANSWER:
            last = last.model_copy(update={"ending": "cut", "reason": "The answer was far longer than asked for, and was cut off."})
            break
    if last.ending is None:
        raise BrokeOff()
    yield last


def _turns(request: Request) -> Iterator[tuple[str, str]]:
    """The examples, as if they had been asked and answered before, and what is asked now."""
    for asked, answered in request.examples:
        yield "user", asked
        yield "model", answered
    yield "user", request.text


def _text(chunk: "types.GenerateContentResponse") -> str:
    content = chunk.candidates[0].content if chunk.candidates else None
    return "".join(part.text for part in (content.parts if content and content.parts else []) if part.text and not part.thought)


REFUSALS = {
    "SAFETY": "its safety rules",
    "RECITATION": "its rule against quoting a source at length",
    "LANGUAGE": "a language that the model does not support",
    "BLOCKLIST": "a blocked term",
    "PROHIBITED_CONTENT": "its rules on prohibited content",
    "SPII": "personal information that it would have contained",
}


def _ending(chunk: "types.GenerateContentResponse", last: Piece) -> Piece:
    """`last`, with what `chunk` says about tokens and the end."""
    news: dict[str, Any] = {}
    if usage := chunk.usage_metadata:
        if usage.prompt_token_count is not None:
            news["prompt_tokens"] = usage.prompt_token_count
        if usage.cached_content_token_count is not None:
            news["cached_tokens"] = usage.cached_content_token_count
        if usage.candidates_token_count is not None or usage.thoughts_token_count is not None:
            news["answer_tokens"] = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
        why = REFUSALS.get(chunk.prompt_feedback.block_reason.name, "a reason that it does not give")
        news |= {"ending": "refused", "reason": f"Gemini refused to answer this prompt because of {why}. Change the prompt or its data."}
    finish = chunk.candidates[0].finish_reason if chunk.candidates else None
    match finish.name if finish else None:
        case None | "FINISH_REASON_UNSPECIFIED":
            pass
        case "STOP":
            news["ending"] = "complete"
        case "MAX_TOKENS" | "CONTINUATION":
            news |= {"ending": "cut", "reason": "The answer was cut off at the prompt's length limit. Raise it, or ask for less."}
        case name:
            why = REFUSALS.get(name, "a reason that it does not give")
            news |= {"ending": "refused", "reason": f"Gemini stopped its answer because of {why}. Change the prompt or its data."}
    return last.model_copy(update=news)
