"""The one connection pool to Nexus's own tables, and the one way to a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from nexus.errors import DatabaseUnavailable

__all__ = ["Session", "connect", "disconnect", "engine", "statements", "transaction"]

_engine: Engine | None = None
_counted: ContextVar[list[str] | None] = ContextVar("counted", default=None)


def connect(url: str, *, pool_size: int = 5, overflow: int = 10) -> Engine:
    """Point this process at the database `url`; replaces and closes a former pool."""
    global _engine
    disconnect()
    _engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg2://", 1),
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # an error must not quote what people typed
        connect_args={
            "connect_timeout": 5,
            "application_name": "nexus",
            "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC",
            "keepalives_idle": 30,
        },
    )
    event.listen(_engine, "before_cursor_execute", _count)
    return _engine


def disconnect() -> None:
    global _engine
    if _engine is not None:
        _engine.dispose()
        _engine = None


def engine() -> Engine:
    """The pool of this process. Raises DatabaseUnavailable before `connect`."""
    if _engine is None:
        raise DatabaseUnavailable()
    return _engine


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction: committed at the end of the block, rolled back when anything is raised in it.

    Raises DatabaseUnavailable when the database cannot be reached or does not answer in time.
    """
    with Session(engine(), expire_on_commit=False) as session:
        try:
            with session.begin():
                yield session
        except (OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailable() from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable() from error
            raise


def ping() -> None:
    """Raises DatabaseUnavailable when the database does not answer."""
    with transaction() as session:
        session.execute(text("select 1"))


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the statements that this thread runs on Nexus's own tables, for the bench and the tests."""
    collected: list[str] = []
    token = _counted.set(collected)
    try:
        yield collected
    finally:
        _counted.reset(token)


def _count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    collected = _counted.get()
    if collected is not None:
        collected.append(statement)
