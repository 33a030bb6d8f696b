"""`GET /prompt-runs.csv` and `.jsonl`: the runs that one may see, as a file."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from nexus.accounts.spec import User
from nexus.prompts import history

TYPES: dict[Literal["csv", "jsonl"], str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def runs_file(kind: Literal["csv", "jsonl"]) -> Callable[[Request], Awaitable[Response]]:
    async def runs(request: Request) -> Response:
        lines = _lines(kind, request.state.user, request.query_params.get("q", ""), request.query_params.get("prompt"))
        headers = {"Content-Disposition": f'attachment; filename="prompt-runs.{kind}"', "Cache-Control": "no-store"}
        return StreamingResponse(iterate_in_threadpool(lines), media_type=TYPES[kind], headers=headers)

    return runs


def _lines(kind: Literal["csv", "jsonl"], user: User, words: str, prompt: str | None) -> Iterator[str]:
    return history.export(kind, reader=user, words=words[:200], prompt=prompt or None)


routes = [Route(f"/prompt-runs.{kind}", runs_file(kind), methods=["GET"]) for kind in TYPES]
