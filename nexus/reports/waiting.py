"""A print that somebody waits for: it is called off when they leave."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread
from starlette.requests import Request

from nexus.errors import NexusError
from nexus.reports.spec import Report

LOOK_S = 0.5


async def while_waited_for(request: Request, work: Callable[..., Report], *, limiter: anyio.CapacityLimiter) -> Report | None:
    """What is printed, in a thread of `limiter`; none once its reader has left, who takes it along: also from the queue."""
    left = threading.Event()
    with anyio.CancelScope() as scope:

        async def look() -> None:
            while not await request.is_disconnected():
                await anyio.sleep(LOOK_S)
            left.set()
            scope.cancel()

        looking = asyncio.ensure_future(look())
        try:
            return await anyio.to_thread.run_sync(partial(work, cancelled=left.is_set), limiter=limiter)
        except NexusError:
            # A query or a print that was called off says so, to nobody.
            if not left.is_set():
                raise
        finally:
            looking.cancel()
    return None
