"""The real app as a process of its own, for tests that look at it from outside."""

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import bcrypt
import httpx
import psycopg2

from nexus.accounts import passwords, tokens
from nexus.accounts.spec import Role

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "violet tractor humming lake"
"""Of everybody that `Server.person` makes."""
_numbers = itertools.count(1)
T = TypeVar("T")


@lru_cache(maxsize=1)
def password_hash() -> str:
    return cheap_hash(PASSWORD)


def cheap_hash(password: str) -> str:
    """As it would be stored, at bcrypt's lowest cost: a try takes a millisecond."""
    return bcrypt.hashpw(passwords.digest(password), bcrypt.gensalt(4)).decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(look: Callable[[], T], *, within_s: float = 10, what: str = "it") -> T:
    """Look again and again until something true comes; fails after `within_s`."""
    deadline = time.monotonic() + within_s
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {within_s} s")
        time.sleep(0.02)


class Person:
    """Somebody in the server's database, with a session whose cookie is known."""

    def __init__(self, server: "Server", *, id_: int, email: str, role: Role) -> None:
        self.server, self.id, self.email, self.role = server, id_, email, role

    def open_session(self, *, hours: float = 8) -> str:
        """A new session. Its token, which is the cookie's value."""
        token = tokens.new()
        with self.server.database() as cursor:
            cursor.execute(
                "insert into nexus.sessions (token_hash, user_id, address, user_agent, expires_at) values (%s, %s, '127.0.0.1', 'test', now() + %s * interval '1 hour')",
                (tokens.session_hash(token), self.id, hours),
            )
        return token

    def client(self) -> httpx.Client:
        """An HTTP client that is signed in as this person; redirects are not followed."""
        client = self.server.client()
        client.cookies.set("nexus", self.open_session(), domain="localhost.local")  # what cookie jars make of localhost
        return client


class Server:
    """`python -m nexus serve` on a free port. `output` and `lines` are what it printed and logged so far."""

    def __init__(self, database_url: str, **environment: str) -> None:
        self.database_url = database_url
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = environment
        self.output: list[str] = []
        self.lines: list[str] = []
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "DATABASE_URL": self.database_url, "PORT": str(self.port), **self.environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nexus", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A Ctrl-C on the tests' console is not meant for it.
            start_new_session=True,
        )
        for stream, kept in ((self.process.stdout, self.output), (self.process.stderr, self.lines)):
            threading.Thread(target=lambda stream=stream, kept=kept: kept.extend(iter(stream.readline, "")), daemon=True).start()

    def wait(self, *, within_s: float = 60) -> "Server":
        """Wait for `/readyz`."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError("the server stopped: " + "".join(self.output + self.lines)[-3000:])
            try:
                return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
            except httpx.HTTPError:
                return False

        until(ready, within_s=within_s, what="/readyz")
        return self

    def restart(self) -> None:
        self.stop()
        self._start()
        self.wait()

    def stop(self, *, within_s: float = 40) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server did not stop: " + "".join(self.lines)[-2000:]) from None

    def log(self) -> list[dict]:
        """The lines of the log, parsed."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    def client(self, **headers: str) -> httpx.Client:
        """An HTTP client of a stranger, as a browser's navigation; redirects are not followed."""
        return httpx.Client(base_url=self.url, headers={"accept": "text/html", "origin": self.url, **headers}, timeout=20)

    def database(self):
        """A cursor on the server's database; commits at the end."""
        return _Cursor(self.database_url)

    def person(
        self, role: Role = Role.VIEWER, *, email: str | None = None, name: str = "Ana", must_change_password: bool = False
    ) -> Person:
        email = email or f"{role.value}{next(_numbers)}@example.org"
        with self.database() as cursor:
            cursor.execute(
                "insert into nexus.users (email, name, role, password_hash, must_change_password) values (%s, %s, %s, %s, %s) returning id",
                (email, name, role.value, password_hash(), must_change_password),
            )
            return Person(self, id_=cursor.fetchone()[0], email=email, role=role)


class _Cursor:
    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> "psycopg2.extensions.cursor":
        self._connection = psycopg2.connect(self._url)
        self._connection.autocommit = True
        return self._connection.cursor()

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def sign_in(page, person: Person) -> None:
    """Give a Playwright page's browser a session of this person, without the form."""
    page.context.add_cookies(
        [{"name": "nexus", "value": person.open_session(), "url": person.server.url, "httpOnly": True, "sameSite": "Lax"}]
    )


def sign_in_by_form(page, person: Person | str, *, password: str = PASSWORD) -> None:
    """Fill in the form that the page shows, for a person or an e-mail."""
    page.fill("#email", person if isinstance(person, str) else person.email)
    page.fill("#password", password)
    page.press("#password", "Enter")
