"""A local HTTP server that speaks the Gemini API, told by a test what to answer.

    with GeminiStandIn() as gemini:
        gemini.will(fails(503), streams("Delays ", "fell."))

Each answer serves one request to generate; without one it writes a short brief of its own. To try Nexus by hand:

    python -m tests.gemini_stand_in --port 8899        then start Nexus with
    GEMINI_BASE_URL=http://127.0.0.1:8899 GOOGLE_API_KEY=any
"""

import argparse
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "gemini-3.8-flash"
PLAIN_MODEL = "gemini-2.0-flash-lite"
"""One that does not think, and refuses a limit for it."""
MODELS = {MODEL: "Gemini 3.8 Flash", "gemini-3.1-pro-preview": "Gemini 3.1 Pro Preview", PLAIN_MODEL: "Gemini 2.0 Flash-Lite"}


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client went away while it was answered."""

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def text(self) -> str:
        return self.turns[-1][1]

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Role and text of each: examples, and at the end what is asked."""
        return [(content["role"], part["text"]) for content in self.body["contents"] for part in content["parts"]]

    @property
    def config(self) -> dict[str, Any]:
        return _camel(self.body.get("generationConfig", {}))

    @property
    def system(self) -> str:
        (part,) = self.body["systemInstruction"]["parts"]
        return part["text"]


def _camel(value: Any) -> Any:
    """The client writes some fields as `thinking_budget`; the API reads either spelling. Names of a schema's own fields stay."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, item in value.items():
        known = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
        made[known] = {field: _camel(of) for field, of in item.items()} if name == "properties" else _camel(item)
    return made


class Writer:
    """What an answer writes with. Raises ConnectionError when the client is gone."""

    def __init__(self, handler: BaseHTTPRequestHandler, received: Received, closing: threading.Event) -> None:
        self._handler, self.received, self.closing = handler, received, closing

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def json(self, status: int, body: Any) -> None:
        self.head(status, "application/json")
        self.write(json.dumps(body).encode())

    def event(self, body: Any) -> None:
        self.write(b"data: " + json.dumps(body).encode() + b"\r\n\r\n")


Answer = Callable[[Writer], None]


def chunk(text: str = "", *, finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}] if text else []}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": MODEL, **more}


def usage(prompt: int, answer: int, thoughts: int = 0) -> dict[str, int]:
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": answer,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + answer + thoughts,
    }


def streams(
    *pieces: str | threading.Event, finish: str | None = "STOP", prompt_tokens: int = 120, answer_tokens: int = 40, thoughts: int = 0
) -> Answer:
    """The pieces one after the other; at an event it waits for it to be set. `finish` is the finishReason; none leaves it out."""

    def answer(out: Writer) -> None:
        out.head()
        for piece in pieces:
            if isinstance(piece, threading.Event):
                _wait(out, piece)
            else:
                out.event(chunk(piece))
        if finish:
            out.event(chunk(finish=finish, usageMetadata=usage(prompt_tokens, answer_tokens, thoughts)))

    return answer


def gives(value: Any, *, pieces: int = 3) -> Answer:
    """A structured answer, in pieces that end anywhere."""
    text = json.dumps(value)
    size = max(len(text) // pieces, 1)
    return streams(*(text[at : at + size] for at in range(0, len(text), size)))


def cuts(*pieces: str) -> Answer:
    return streams(*pieces, finish="MAX_TOKENS")


def fails(code: int, status: str = "", message: str = "It failed.", *, retry_s: float | None = None, reason: str | None = None) -> Answer:
    details: list[dict[str, Any]] = []
    if retry_s is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_s}s"})
    if reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"})
    error = {"code": code, "message": message, "status": status, "details": details}
    return lambda out: out.json(code, {"error": error})


def refuses_key(code: int = 400) -> Answer:
    if code == 400:
        return fails(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", reason="API_KEY_INVALID")
    return fails(code, {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}[code], "Method doesn't allow unregistered callers.")


def blocks_prompt(reason: str = "SAFETY") -> Answer:
    def answer(out: Writer) -> None:
        out.head()
        out.event({"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7}})

    return answer


def blocks_answer(*pieces: str, reason: str = "SAFETY") -> Answer:
    return streams(*pieces, finish=reason)


def hangs(*pieces: str) -> Answer:
    """The pieces, and then nothing, until the client leaves or the server ends. Without pieces not even a head."""

    def answer(out: Writer) -> None:
        if pieces:
            out.head()
            for piece in pieces:
                out.event(chunk(piece))
        out.closing.wait(60)

    return answer


def goes_on(piece: str = "and on ") -> Answer:
    """Never ends by itself."""

    def answer(out: Writer) -> None:
        out.head()
        while not out.closing.wait(0.02):
            out.event(chunk(piece))

    return answer


def drips() -> Answer:
    """An endless line that never becomes an event."""

    def answer(out: Writer) -> None:
        out.head()
        out.write(b'data: {"candidates": "')
        while not out.closing.wait(0.02):
            out.write(b"a")

    return answer


def breaks_after(*pieces: str, in_the_middle: bool = True) -> Answer:
    """The connection ends after the pieces, in the middle of an event or between two."""

    def answer(out: Writer) -> None:
        out.head(Content_Length="100000")
        for piece in pieces:
            out.event(chunk(piece))
        if in_the_middle:
            out.write(b'data: {"candidates": [{"content": {"par')

    return answer


def fails_after(*pieces: str, code: int = 503, status: str = "UNAVAILABLE") -> Answer:
    """An error inside a stream that began well."""

    def answer(out: Writer) -> None:
        out.head()
        for piece in pieces:
            out.event(chunk(piece))
        out.event({"error": {"code": code, "message": "The model is overloaded.", "status": status}})

    return answer


def says(status: int, body: bytes, kind: str = "text/html", **headers: str) -> Answer:
    """Something that is not Gemini."""

    def answer(out: Writer) -> None:
        out.head(status, kind, **headers)
        out.write(body)

    return answer


def writes_a_brief(*, pause_s: float = 0.0) -> Answer:
    """An answer that anyone can try Nexus with: it quotes how much it was sent."""

    def answer(out: Writer) -> None:
        sent = out.received.text
        lines = sent.count("\n") + 1
        words = re.findall(
            r"\S+\s*",
            "### Brief\n\nThis is the **stand-in** for Gemini. It read "
            f"{len(sent):,} characters in {lines:,} lines, and none of them left this machine.\n\n"
            "| read | count |\n|---|--:|\n"
            f"| characters | {len(sent):,} |\n| lines | {lines:,} |\n\n"
            "- Fares of $5 and $7 stay as they are.\n",
        )
        out.head()
        for word in words:
            out.event(chunk(word))
            if pause_s:
                time.sleep(pause_s)
        out.event(chunk(finish="STOP", usageMetadata=usage(len(sent) // 4, len(words))))

    return answer


def fits(schema: dict[str, Any]) -> Any:
    """The least that a response schema takes."""
    match schema.get("type"):
        case "object":
            return {name: fits(schema["properties"][name]) for name in schema.get("propertyOrdering") or schema["properties"]}
        case "array":
            return [fits(schema["items"])]
        case "number" | "integer":
            return 1
        case "boolean":
            return True
        case _:
            return schema["enum"][0] if "enum" in schema else "2013-06-01" if schema.get("format") == "date" else "a text"


TYPES = {"object", "array", "string", "number", "integer", "boolean"}


def schema_problem(schema: Any) -> str:
    """What the API would say of a response schema; empty for one that it takes."""
    if not isinstance(schema, dict) or schema.get("type") not in TYPES:
        return "response_json_schema.type: must be specified"
    if unknown := set(schema) - {
        *("type", "format", "title", "description", "enum", "items", "properties", "required", "propertyOrdering", "additionalProperties")
    }:
        return f"Unknown name {sorted(unknown)[0]!r} at 'generation_config.response_schema'"
    if "enum" in schema and schema["type"] != "string":
        return "response_json_schema.enum: only allowed for string type"
    if schema["type"] == "object":
        properties = schema.get("properties") or {}
        if not properties:
            return "response_json_schema.properties: should be non-empty for object type"
        if missing := [name for name in schema.get("required", ()) if name not in properties]:
            return f"response_json_schema.required[0]: property is not defined: {missing[0]}"
        return next((problem for one in properties.values() if (problem := schema_problem(one))), "")
    return schema_problem(schema.get("items")) if schema["type"] == "array" else ""


def config_problem(model: str, config: dict[str, Any]) -> str:
    """What the API refuses of a configuration; empty where it takes it."""
    budget = config.get("thinkingConfig", {}).get("thinkingBudget")
    if budget is not None and model == PLAIN_MODEL:
        return "Thinking is not enabled for this model."
    if budget is not None and not (budget == -1 or 0 <= budget <= 32768):
        return f"The thinking budget {budget} is invalid. Please choose a value between 0 and 32768."
    if "responseJsonSchema" not in config:
        return ""
    if config.get("responseMimeType") != "application/json":
        return "response_schema is only supported with response_mime_type application/json"
    return schema_problem(config["responseJsonSchema"])


def _wait(out: Writer, event: threading.Event) -> None:
    until = time.monotonic() + 30
    while not event.wait(0.02):
        if out.closing.is_set() or time.monotonic() > until:
            raise ConnectionError


class GeminiStandIn:
    """The server. `requests` holds what it received; with `key` it refuses every other one."""

    def __init__(self, *, port: int = 0, key: str | None = None, otherwise: Answer | None = None) -> None:
        self.requests: list[Received] = []
        self.key = key
        self._otherwise = otherwise or writes_a_brief()
        self._answers: deque[Answer] = deque()
        self._closing = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stand_in._serve(self)

            def do_POST(self) -> None:
                stand_in._serve(self)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def will(self, *answers: Answer) -> None:
        """Answer the coming requests to generate in this order."""
        self._answers.extend(answers)

    @property
    def generated(self) -> list[Received]:
        """The requests to generate."""
        return [received for received in self.requests if "enerateContent" in received.path]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.close_connection = True
        received = Received(handler.command, handler.path, {k.lower(): v for k, v in handler.headers.items()}, raw)
        self.requests.append(received)
        try:
            self._answer_to(received)(Writer(handler, received, self._closing))
        except ConnectionError:
            received.left.set()

    def _answer_to(self, received: Received) -> Answer:
        path = received.path.partition("?")[0]
        model, _, verb = re.sub(r"^/v1(beta)?/models/?", "", path).partition(":")
        if self.key is not None and received.headers.get("x-goog-api-key") != self.key:
            return refuses_key()
        if received.method == "GET" and not model:
            return lambda out: out.json(200, {"models": [_described(name) for name in (*MODELS, "text-embedding-9")]})
        if model not in MODELS:
            return fails(404, "NOT_FOUND", f"models/{model} is not found for API version v1.")
        match received.method, verb:
            case "GET", "":
                return lambda out: out.json(200, _described(model))
            case "POST", "countTokens":
                return _counted(model, received.body)
            case "POST", "streamGenerateContent" | "generateContent":
                if problem := config_problem(model, received.config):
                    return fails(400, "INVALID_ARGUMENT", problem)
                if self._answers:
                    return self._answers.popleft()
                schema = received.config.get("responseJsonSchema")
                return gives(fits(schema)) if schema else self._otherwise
        return fails(404, "NOT_FOUND", "No such method.")


def _counted(model: str, body: dict[str, Any]) -> Answer:
    """A token for each four characters of contents, or of a whole request: its instruction and schema count as well."""
    whole = body.get("generateContentRequest")
    if whole and (body.get("contents") or whole.get("model") != f"models/{model}"):
        return fails(400, "INVALID_ARGUMENT", "Give contents, or a generate_content_request of this model.")
    if not whole and not body.get("contents"):
        return fails(400, "INVALID_ARGUMENT", "contents is not specified")
    if problem := config_problem(model, _camel((whole or {}).get("generationConfig", {}))):
        return fails(400, "INVALID_ARGUMENT", problem)
    texts = [part["text"] for content in (whole or body)["contents"] for part in content["parts"]]
    if whole:
        texts += [part["text"] for part in whole.get("systemInstruction", {}).get("parts", ())]
        texts.append(json.dumps(whole.get("generationConfig", {}).get("responseJsonSchema", "")))
    total = -(-sum(map(len, texts)) // 4)
    return lambda out: out.json(200, {"totalTokens": total})


def _described(name: str) -> dict[str, Any]:
    actions = ["generateContent", "countTokens"] if name in MODELS else ["embedContent"]
    return {
        "name": f"models/{name}",
        "displayName": MODELS.get(name, name),
        "supportedGenerationMethods": actions,
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        **({"thinking": True} if name in MODELS and name != PLAIN_MODEL else {}),
    }


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_address[1]
    server.server_close()
    yield f"http://127.0.0.1:{port}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand in for Gemini on this machine.")
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two words")
    given = parser.parse_args()
    with GeminiStandIn(port=given.port, otherwise=writes_a_brief(pause_s=given.pause)) as gemini:
        print(f"GEMINI_BASE_URL={gemini.url} GOOGLE_API_KEY=any", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
