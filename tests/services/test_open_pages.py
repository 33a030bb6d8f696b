"""Shutting out open pages, where the process is busy with something else."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio.to_thread

from nexus.accounts.open_pages import SESSION_ENDED, OpenPages


def test_a_page_is_shut_out_while_every_thread_is_busy(database):
    async def nothing_comes():
        await asyncio.Event().wait()

    async def told(message):
        sent.append(message)

    async def busy() -> dict:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        occupied = asyncio.create_task(anyio.to_thread.run_sync(over.wait))
        try:
            with OpenPages().watched(-1, nothing_comes, told) as (receive, _):
                return await asyncio.wait_for(receive(), 10)
        finally:
            over.set()
            await occupied

    sent: list[dict] = []
    over = threading.Event()
    # On a thread of its own: the browser that other tests share keeps a loop running on this one.
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(lambda: asyncio.run(busy())).result()
    assert received == {"type": "websocket.disconnect", "code": SESSION_ENDED}
    assert sent == [{"type": "websocket.close", "code": SESSION_ENDED}]
