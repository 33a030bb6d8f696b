"""Some of Nexus's addresses alone, served inside the process of the test."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute

from nexus.accounts.spec import User
from nexus.errors import NexusError
from tests.server import until


@contextmanager
def served(routes: Sequence[BaseRoute], *, person: User) -> Iterator[str]:
    """Address of a server with these routes, where everyone is `person`."""

    class Everyone:
        def __init__(self, app) -> None:
            self.app = app

        async def __call__(self, scope, receive, send) -> None:
            scope.setdefault("state", {})["user"] = person
            await self.app(scope, receive, send)

    async def answer(_request, error: NexusError) -> PlainTextResponse:
        return PlainTextResponse(error.message, status_code=error.status)

    app = Everyone(Starlette(routes=routes, exception_handlers={NexusError: answer}))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, what="the start of the server")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
