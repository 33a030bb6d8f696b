"""The environment, read once into a frozen `Settings`. No other module reads `os.environ`."""

import os
import secrets
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator

from nexus.errors import WrongSetting

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".nexus"
"""Where a laptop keeps the bundled Postgres and its keys. Production keeps nothing on disk."""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """What the environment says. A field is the environment variable of the same name in capitals."""

    port: int = Field(8501, ge=1, le=65535, description="Where to listen.")
    database_url: SecretStr | None = Field(
        None, description="Nexus's own Postgres (`postgresql://` or `postgres://`). Without it, the bundled Postgres under `.nexus/`."
    )
    google_api_key: SecretStr | None = Field(None, description="Gemini key; can be set on the settings page instead.")
    gemini_base_url: str | None = Field(None, description="Another endpoint that speaks the Gemini API.")
    secret_key: SecretStr = Field(
        description="At least 32 characters; keys session hashes and signatures. Made once under `.nexus/`; production refuses to start without it."
    )
    encryption_key: SecretStr = Field(
        description="Fernet key, or several by comma, newest first; encrypts sources and keys. Made once under `.nexus/`; production refuses to start without it."
    )
    session_hours: float = Field(8, gt=0, le=720, description="Life of a session, in hours.")
    session_cookie_secure: bool = Field(False, description="HTTPS-only `__Host-` cookie. True in production unless said otherwise.")
    nexus_admin_email: str = Field("admin@localhost", min_length=3, max_length=254, description="Who the first admin is.")
    allowed_hosts: str = Field(
        "", description="Host names that Nexus answers to, by comma. Without it: localhost on a laptop, Railway's own domain on Railway."
    )
    chromium_path: Path | None = Field(None, description="The browser that prints. Without it, Playwright's own or one on `PATH`.")
    metrics_token: SecretStr | None = Field(None, description="Bearer token that opens `/metrics` to a scraper. Without it, admins only.")
    railway_environment: str = Field("", description="Set by Railway; means production.")
    railway_public_domain: str = Field("", description="Set by Railway; the domain people use.")

    @property
    def production(self) -> bool:
        return bool(self.railway_environment)

    @property
    def address(self) -> str:
        """The address to listen on: every interface in production, loopback on a laptop."""
        return "0.0.0.0" if self.production else "127.0.0.1"  # noqa: S104 - the platform routes to it

    @property
    def hosts(self) -> tuple[str, ...]:
        """Allowed host names without ports; empty means every well-formed one."""
        listed = tuple(host.strip().lower() for host in self.allowed_hosts.split(",") if host.strip())
        if listed:
            return listed
        if not self.production:
            return ("localhost", "127.0.0.1", "::1")
        # Railway's health check calls with a host name of its own.
        return (self.railway_public_domain.lower(), "healthcheck.railway.app") if self.railway_public_domain else ()

    @field_validator("database_url")
    @classmethod
    def _only_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        scheme = url.partition("://")[0]
        if scheme not in ("postgresql", "postgres"):
            raise ValueError("must start with postgresql:// or postgres://")
        return SecretStr("postgresql" + url[len(scheme) :])

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("encryption_key")
    @classmethod
    def _fernet_keys(cls, value: SecretStr) -> SecretStr:
        for key in value.get_secret_value().split(","):
            try:
                Fernet(key.strip())
            except ValueError:
                raise ValueError("must be a Fernet key, or several by comma; `python -m nexus keys new` prints one") from None
        return value

    @model_validator(mode="before")
    @classmethod
    def _secure_in_production(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("railway_environment"):
            values.setdefault("session_cookie_secure", True)
        return values


def read(environment: dict[str, str], *, state: Path = STATE) -> Settings:
    """Make `Settings` of an environment; an empty variable counts as not set.

    On a laptop, missing keys are made once and kept under `state`. Raises WrongSetting with one
    sentence that names the variable and never its value.
    """
    values: dict[str, Any] = {
        name: environment[name.upper()].strip() for name in Settings.model_fields if environment.get(name.upper(), "").strip()
    }
    if not values.get("railway_environment"):
        values.setdefault("secret_key", kept(state / "secret_key", lambda: secrets.token_urlsafe(48)))
        values.setdefault("encryption_key", kept(state / "encryption_key", lambda: Fernet.generate_key().decode()))
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "environment"
        if first["type"] == "missing":
            raise WrongSetting(f"{name} is not set. Production needs it: {Settings.model_fields[name.lower()].description}") from None
        reason = first["msg"].removeprefix("Value error, ")
        raise WrongSetting(f"{name} has a value that Nexus cannot start with: {reason}. Correct it and start again.") from None


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text in `path`; made and written (owner only) when the file is not there yet."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole beside it and then linked, so that two processes at once agree on one value.
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # the other process was first, and its value counts
        finally:
            draft.unlink()
        return path.read_text().strip()


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process, read at the first call."""
    return read(dict(os.environ))


def environment_for_child(**changes: str) -> dict[str, str]:
    """This process's environment with `changes`, for programs that Nexus starts."""
    return {**os.environ, **changes}
