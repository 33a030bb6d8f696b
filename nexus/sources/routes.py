"""`GET /sources/<name>/completion.json`: what an editor completes from, as short as it can be said."""

from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.sources import catalog
from nexus.sources.functions import ALLOWED
from nexus.sources.service import find

MOST_COLUMNS = 50_000
"""Columns in one answer; tables beyond them are named without."""


async def completion(request: Request) -> Response:
    return JSONResponse(await anyio.to_thread.run_sync(_completion, request.state.user, request.path_params["name"]))


def _completion(user: User, name: str) -> dict[str, Any]:
    """Schemas, their tables, and the name and type of each column; with the functions that may be called."""
    require(user, Permission.BUILD)
    with transaction() as session:
        source = find(session, reader=user, name=name)
    schemas: dict[str, dict[str, list[list[str]]]] = {}
    left = MOST_COLUMNS
    for table in catalog.tables(source, reader=user):
        columns = [[column.name, column.type_name] for column in table.columns] if left > 0 else []
        left -= len(columns)
        schemas.setdefault(table.schema, {})[table.name] = columns
    return {"schemas": schemas, "functions": sorted(ALLOWED)}


routes = [Route("/sources/{name}/completion.json", completion, methods=["GET"])]
