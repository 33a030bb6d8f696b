"""Whether Nexus is up and ready, and its figures."""

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nexus.accounts import store
from nexus.accounts.spec import Permission, User
from nexus.db import migrate
from nexus.db.session import transaction
from nexus.errors import DatabaseUnavailable
from nexus.web.requests import figures


async def healthz(_request: Request) -> Response:
    """200 while the process answers."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """200 when the database answers and its schema is the newest."""
    try:
        present = await anyio.to_thread.run_sync(migrate.present)
    except DatabaseUnavailable:
        return JSONResponse({"ready": False, "database": "does not answer"}, status_code=503)
    ready = present == request.app.state.newest_schema
    return JSONResponse({"ready": ready, "database": "answers", "schema": "newest" if ready else "old"}, status_code=200 if ready else 503)


async def metrics(request: Request) -> Response:
    """Prometheus text. The gate lets in people who are signed in, and whoever shows the metrics token."""
    user: User | None = getattr(request.state, "user", None)
    if user is not None and not user.may(Permission.ADMINISTER):
        return PlainTextResponse("Only administrators may see this.", status_code=403)
    lines = [*figures.text(), *await anyio.to_thread.run_sync(_process_lines)]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _process_lines() -> list[str]:
    import psutil

    process = psutil.Process()
    lines = [
        "# TYPE process_resident_memory_bytes gauge",
        f"process_resident_memory_bytes {process.memory_info().rss}",
        "# TYPE process_cpu_seconds_total counter",
        f"process_cpu_seconds_total {sum(process.cpu_times()[:2]):.2f}",
    ]
    try:
        with transaction() as session:
            lines += [
                "# TYPE nexus_open_sessions gauge",
                f"nexus_open_sessions {store.count_open_sessions(session)}",
                "nexus_database_up 1",
            ]
    except DatabaseUnavailable:
        lines.append("nexus_database_up 0")
    return lines


routes = [
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
]
