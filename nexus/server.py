"""The ASGI app: the door's middleware, our routes, and Streamlit behind them."""

import errno
import gc
import importlib
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import streamlit as st
import uvicorn
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit import config, file_util
from streamlit.runtime.pages_manager import PagesManager

from nexus import defects, health, log, settings
from nexus.accounts import pages, tokens
from nexus.accounts import routes as accounts_routes
from nexus.accounts.gate import Gate
from nexus.accounts.open_pages import OpenPages
from nexus.db import migrate
from nexus.errors import NexusError
from nexus.exports import routes as exports_routes
from nexus.imports import routes as imports_routes
from nexus.prompts import routes as prompts_routes
from nexus.reports import jobs, letterhead_routes, retention, verifying
from nexus.reports import routes as reports_routes
from nexus.sources import routes as sources_routes
from nexus.ui import components
from nexus.views import runs
from nexus.web import frontend
from nexus.web.assets import Assets
from nexus.web.headers import Headers
from nexus.web.requests import RequestLog

logger = logging.getLogger("nexus")

GRACE_S = 30
"""How long open requests may take to end when Nexus stops."""


class _Slug(Convertor[str]):
    """A page's address: one word. Everything else under the root is a file, a route or nothing."""

    regex = "[a-z0-9_-]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Rest(_Slug):
    """Every address that is not Streamlit's. Streamlit would answer each of them with its own page and a 200."""

    regex = "(?!(?:_stcore|component)/).*"


register_url_convertor("slug", _Slug())
register_url_convertor("rest", _Rest())


STYLES = [settings.ROOT / "nexus/ui/static" / name for name in ("frame.css", "panels.css")]
"""What every page is drawn with. Sheets of single pages are drawn by these."""

ROUTES = [
    *sources_routes.routes,
    *health.routes,
    *accounts_routes.routes,
    *exports_routes.routes,
    *reports_routes.routes,
    *prompts_routes.routes,
    *verifying.routes,
    *letterhead_routes.routes,
    *imports_routes.routes,
]
"""Our own routes, all behind the gate. Streamlit answers what is left."""


def application() -> st.App:
    """The whole of Nexus as one ASGI app. The process is connected to its database already."""
    config.set_option("server.cookieSecret", tokens.streamlit_secret())
    # Until Home.py has run once, Streamlit would serve the files in pages/ without it.
    PagesManager.uses_pages_directory = False
    scripts = [pages.address(name) for name in ("downloads.js", "answers.js")]
    door = (pages.STATIC / "door.js").read_text()
    front = frontend.read(Path(file_util.get_static_dir()), door=door, scripts=scripts, styles=STYLES)
    open_pages = OpenPages()

    async def shell(request: Request) -> Response:
        return HTMLResponse(front.page_at(request.path_params["page"]), headers={"Cache-Control": "no-cache"})

    async def nothing(_request: Request) -> Response:
        return pages.draw(
            "message.html", status=404, title="There is nothing here", sentence="The address is wrong, or what was here has gone."
        )

    async def home(request: Request) -> Response:
        # Streamlit knows the home page by its empty address alone, and would say over it that there is no such page.
        return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 307)

    @asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
        log.adopt()
        starlette = app._starlette_app
        assert starlette is not None
        starlette.state.preload = front.preload
        starlette.state.newest_schema = migrate.newest()
        components.declare_all()
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        runs.start()
        jobs.start()
        retention.start()
        yield {}
        open_pages.close()
        jobs.leave_off()
        await anyio.to_thread.run_sync(_stop_browser)
        await anyio.to_thread.run_sync(jobs.stop)
        await anyio.to_thread.run_sync(retention.stop)
        await anyio.to_thread.run_sync(runs.stop)

    return st.App(
        settings.ROOT / "Home.py",
        routes=[
            *ROUTES,
            Route("/home", home, methods=["GET"]),
            Route("/{page:slug}", shell, methods=["GET"]),
            Route("/{path:rest}", nothing, methods=["GET"]),
        ],
        middleware=[
            Middleware(RequestLog, note=lambda error, where: defects.note(error, where=where, user_id=log.user_id.get())),
            Middleware(Headers, inline_hashes=front.inline_hashes),
            Middleware(Assets, folder=front.static, fonts=settings.ROOT / "nexus/ui/static/fonts", more=front.styles),
            Middleware(Gate, open_pages=open_pages),
        ],
        exception_handlers={NexusError: _answer},
        lifespan=lifespan,
    )


def _warm_up() -> None:
    """Import what the first page would wait for, while the first person signs in; a dashboard's panels would all ask for it at once."""
    for module in ("pandas", "pyarrow", "nexus.ui.dashboard", "nexus.ui.view", "nexus.ui.prompt"):
        importlib.import_module(module)
    # What is loaded by now stays: the collector need not look at it again after each run of a page.
    gc.collect()
    gc.freeze()


def _stop_browser() -> None:
    """Stop the browser that prints, if this process ever started one."""
    module = sys.modules.get("nexus.reports.browser")
    if module is not None:
        module.stop()


async def _answer(_request: Request, error: NexusError) -> Response:
    return PlainTextResponse(error.message, status_code=error.status, headers={"Retry-After": "30"} if error.status == 503 else None)


class PortTaken(NexusError):
    """The port is in use, or not ours to take."""


def bound(*, address: str, port: int) -> socket.socket:
    """A socket on the port, taken before anything else is started. Raises PortTaken."""
    # With its protocol named: asyncio turns Nagle's algorithm off only then, and with it each answer waits 40 ms for an acknowledgement.
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((address, port))
    except OSError as error:
        taken.close()
        raise PortTaken(_port_taken(port, error)) from error
    return taken


def _port_taken(port: int, error: OSError) -> str:
    return f"Port {port} cannot be used ({error.strerror}). Stop the program that uses it, or set PORT to another."


def run(listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM; open requests then get 30 s to end, open pages are let go at once."""
    current = settings.current()
    app = application()
    log.adopt()  # building it made Streamlit bring handlers of its own, also for uvicorn's loggers
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=current.address,
            port=current.port,
            log_config=None,
            access_log=False,
            server_header=False,
            # The client's address is decided in nexus/web/address.py; uvicorn would believe what the client writes.
            proxy_headers=False,
            ws="websockets-sansio",
            ws_ping_interval=30,
            ws_ping_timeout=30,
            ws_max_size=25 * 2**20,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    try:
        server.run(sockets=[listening])
    except OSError as error:
        # Two that start at the same moment may both bind; only one of them may listen.
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(_port_taken(current.port, error)) from None
    if not server.started:
        sys.exit(1)
