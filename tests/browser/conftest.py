"""What tests in a browser share: Nexus as it is after its first start, with a model that answers."""

from collections.abc import Iterator

import pytest

from tests.gemini_stand_in import GeminiStandIn
from tests.server import Server


@pytest.fixture(scope="module")
def gemini() -> Iterator[GeminiStandIn]:
    with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def server(postgres, gemini) -> Iterator[Server]:
    """Started for the first time, on an empty database: the sample is in it, and its administrator has never signed in."""
    name = postgres.database("template1")
    server = Server(postgres.url_of(name), GOOGLE_API_KEY="key-of-the-tests", GEMINI_BASE_URL=gemini.url)
    try:
        yield server.wait()
    finally:
        server.stop()
        postgres.drop(name)
