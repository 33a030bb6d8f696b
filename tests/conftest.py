"""One bundled Postgres for the whole run; each test has a database of its own, copied from a migrated template."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from cryptography.fernet import Fernet

# Before any module of Nexus is imported: tests never read the person's own environment or `.nexus/`.
for name in ("DATABASE_URL", "GOOGLE_API_KEY", "GEMINI_BASE_URL", "RAILWAY_ENVIRONMENT", "RAILWAY_PUBLIC_DOMAIN", "ALLOWED_HOSTS", "PORT"):
    os.environ.pop(name, None)
os.environ["SECRET_KEY"] = "a secret of the tests that is long enough"
os.environ["ENCRYPTION_KEY"] = Fernet.generate_key().decode()

from nexus.accounts.spec import Role, User
from nexus.db import migrate
from nexus.db import session as own
from nexus.db.embedded import Embedded
from nexus.reports.browser import PrintBrowser
from nexus.sample import load as sample
from nexus.sources import connect
from nexus.sources.run import answers
from nexus.views import runs
from tests import seen
from tests.people import add_person
from tests.server import Server

_numbers = itertools.count(1)


TIMED = {"chromium", "app_server", "make_server"}
"""Fixtures of tests that wait for other processes: browsers and servers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for other processes may fail on a machine that does too much else: it is tried a second time, and the summary names it."""
    for item in items:
        if TIMED & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.flaky(reruns=1))


class Postgres:
    """The bundled server of this run."""

    def __init__(self, url: str) -> None:
        self.url = url

    def url_of(self, database: str) -> str:
        return self.url.replace("/postgres?", f"/{database}?")

    @contextmanager
    def superuser(self, database: str = "postgres") -> Iterator["psycopg2.extensions.cursor"]:
        """A cursor of the superuser outside any transaction."""
        connection = psycopg2.connect(self.url_of(database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def database(self, template: str) -> str:
        """A new database, copied from `template`. Its name."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        with self.superuser() as cursor:
            cursor.execute(f'create database "{name}" template "{template}" strategy file_copy')
        return name

    def drop(self, database: str) -> None:
        with self.superuser() as cursor:
            cursor.execute(f'drop database if exists "{database}" with (force)')


def in_memory() -> str | None:
    """A folder in memory with room for the databases of a run; None where there is none, and the disk has to do."""
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() and shutil.disk_usage(folder).free > 4_000_000_000 else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="nexus-tests-", dir=in_memory()) as folder:
        Path(folder).chmod(0o755)
        embedded = Embedded(Path(folder))
        server = Postgres(embedded.url)
        with server.superuser() as cursor:
            # These databases live for seconds: nothing has to survive a power cut.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                cursor.execute(f"alter system set {setting} = off")
            # Copies of a template are made by the kernel: several times faster.
            cursor.execute("alter system set file_copy_method = clone")
            cursor.execute("select pg_reload_conf()")
        try:
            yield server
        finally:
            own.disconnect()
            embedded.stop()


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """Name of a migrated, otherwise empty database."""
    name = f"template_{os.getpid()}"
    with postgres.superuser() as cursor:
        cursor.execute(f'create database "{name}"')
    own.connect(postgres.url_of(name))
    migrate.upgrade()
    own.disconnect()
    return name


@pytest.fixture(scope="session")
def sample_template(postgres: Postgres, template: str) -> str:
    """Name of a migrated database with the sample's data, role and source in it."""
    name = postgres.database(template)
    own.connect(postgres.url_of(name))
    sample.load()
    own.disconnect()
    return name


@contextmanager
def connected(postgres: Postgres, template: str) -> Iterator[str]:
    """Address of a copy of `template` that this process is connected to, and forgets afterwards."""
    name = postgres.database(template)
    own.connect(postgres.url_of(name))
    try:
        yield postgres.url_of(name)
    finally:
        connect.close_all()
        answers.forget()
        runs.forget()
        own.disconnect()
        postgres.drop(name)


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[str]:
    """Address of this test's own database; this process is connected to it."""
    wanted = "sample_template" if "sample_database" in request.fixturenames else "template"
    with connected(postgres, request.getfixturevalue(wanted)) as address:
        yield address


@pytest.fixture
def sample_database(database: str) -> str:
    """As `database`, with the sample's data, role and source in it. All other fixtures then work on it too."""
    return database


@pytest.fixture(scope="module")
def shared_sample(postgres: Postgres, sample_template: str) -> Iterator[str]:
    """As `sample_database`, for a module whose tests only read: one copy for all of them. Not together with `database`."""
    with connected(postgres, sample_template) as address:
        yield address


@pytest.fixture(scope="session")
def sample_role(postgres: Postgres, sample_template: str) -> str:
    """The role that the sample is read as; roles belong to the whole server."""
    with postgres.superuser(sample_template) as cursor:
        cursor.execute(
            "select rolname from pg_roles where has_table_privilege(oid, 'sample.flights', 'select') and not rolsuper and rolcanlogin"
        )
        return str(cursor.fetchone()[0])


@pytest.fixture
def session(database: str) -> Iterator[own.Session]:
    with own.transaction() as session:
        yield session


@pytest.fixture
def make_user(database: str):
    """Makes a person of a role; `make_user(Role.ANALYST, email=…)`."""

    def make(role: Role = Role.VIEWER, *, email: str | None = None, name: str = "Ana", **columns) -> User:
        return add_person(role, email=email or f"person{next(_numbers)}@example.org", name=name, **columns)

    return make


@pytest.fixture
def viewer(make_user) -> User:
    return make_user(Role.VIEWER)


@pytest.fixture
def analyst(make_user) -> User:
    return make_user(Role.ANALYST)


@pytest.fixture
def admin(make_user) -> User:
    return make_user(Role.ADMIN)


@pytest.fixture(scope="module")
def printer() -> Iterator[PrintBrowser]:
    """A print browser for a module whose tests leave it alive."""
    printer = PrintBrowser()
    yield printer
    printer.close()


@pytest.fixture(scope="session")
def app_server(postgres: Postgres, sample_template: str) -> Iterator[Server]:
    """The real app on the sample, shared by the whole run: make people of your own, and leave others' things alone."""
    name = postgres.database(sample_template)
    server = Server(postgres.url_of(name), NEXUS_ADMIN_EMAIL="first@example.org")
    try:
        yield server.wait()
    finally:
        server.stop()
        postgres.drop(name)


@pytest.fixture
def make_server(postgres: Postgres, template: str) -> Iterator[Callable[..., Server]]:
    """Starts an app of the test's own; `make_server(SESSION_HOURS="1", …)`. With `first=True` as on the first start: nobody there yet, and the sample loaded."""
    started: list[tuple[Server, str]] = []

    def make(*, first: bool = False, **environment: str) -> Server:
        name = postgres.database(template)
        if not first:
            with postgres.superuser(name) as cursor:
                cursor.execute("insert into nexus.users (email, name, role) values ('first@example.org', 'First', 'admin')")
        started.append((Server(postgres.url_of(name), **environment), name))
        return started[-1][0].wait()

    yield make
    for server, name in started:
        server.stop()
        postgres.drop(name)


@pytest.fixture(scope="session")
def chromium():
    """One headless browser for the whole run. What is expected of a page may take long on a machine that does much else."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        path = shutil.which("chromium-headless-shell") or shutil.which("chromium") or None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        browser.on("context", seen.follow)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, app_server: Server):
    """A page in a fresh browser profile; `page.goto("/dashboard")` goes to the app. Sign in with `tests.server.sign_in`."""
    context = chromium.new_context(base_url=app_server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()
