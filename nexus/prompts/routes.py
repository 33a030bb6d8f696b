"""`GET /prompt-runs.csv` and `.jsonl`: the runs that one may see, as a file."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Literal, get_args

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from nexus.accounts.spec import User
from nexus.prompts import history
from nexus.prompts.request import Status

TYPES: dict[Literal["csv", "jsonl"], str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def runs_file(kind: Literal["csv", "jsonl"]) -> Callable[[Request], Awaitable[Response]]:
    async def runs(request: Request) -> Response:
        lines = _lines(kind, request.state.user, request.query_params)
        headers = {"Content-Disposition": f'attachment; filename="prompt-runs.{kind}"', "Cache-Control": "no-store"}
        return StreamingResponse(iterate_in_threadpool(lines), media_type=TYPES[kind], headers=headers)

    return runs


def _lines(kind: Literal["csv", "jsonl"], user: User, given: Mapping[str, str]) -> Iterator[str]:
    """What narrows the list on the page narrows the file; anything else that an address says of it does not."""
    status = next((one for one in get_args(Status) if one == given.get("ended")), None)
    rating = {"good": 1, "bad": -1}.get(given.get("rated", ""))
    return history.export(
        kind, reader=user, words=given.get("q", "")[:200], prompt=given.get("prompt") or None, rating=rating, status=status
    )


routes = [Route(f"/prompt-runs.{kind}", runs_file(kind), methods=["GET"]) for kind in TYPES]
