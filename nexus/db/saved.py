"""Values that administrators set on the settings page. The environment wins, then what is saved, then the default."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from nexus import settings
from nexus.db.limits import Budget, Price, published
from nexus.db.session import Session
from nexus.db.tables import SavedSettingRow
from nexus.errors import BadInput, Conflict

Origin = Literal["environment", "saved", "default"]


class SavedSettings(BaseModel, frozen=True, extra="forbid"):
    """Every setting that the settings page changes, as it holds at this moment."""

    google_api_key: SecretStr | None = Field(None, description="Gemini key.")
    gemini_model: str = Field(
        # The one of Google's quick start, and of google-genai's own documentation.
        "gemini-3.8-flash",
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Gemini model that answers prompts.",
    )
    asking_cost: int = Field(
        1_000_000, ge=100, le=10**12, description="Most that SQL written by a model may cost, as the database estimates it."
    )
    gemini_prices: dict[str, Price] = Field(
        default_factory=published, description="Dollars for a million tokens, by model; Google's own list until others are saved."
    )
    budgets: tuple[Budget, ...] = Field((), max_length=200, description="Most that prompts may spend in a month.")
    gemini_at_once: int = Field(8, ge=1, le=200, description="Calls to Gemini at the same time.")
    gemini_per_minute: int | None = Field(
        None, ge=1, le=100_000, description="Calls to Gemini begun in a minute; empty for as many as come."
    )
    gemini_seconds: int = Field(180, ge=10, le=3_600, description="Longest that Gemini may take for an answer, in seconds.")
    answer_hours: int = Field(
        24, ge=0, le=8_760, description="Hours that an equal request is answered with the answer that is there; 0 turns it off."
    )
    prompt_run_days: int = Field(365, ge=1, le=3_650, description="Days that prompt runs and their answers are kept.")
    prompt_data_days: int = Field(
        30, ge=0, le=3_650, description="Days that the data which a prompt run sent is kept, encrypted; 0 keeps none."
    )
    session_hours: float = Field(8, gt=0, le=720, description="Life of a session, in hours.")
    lockout_failures: int = Field(5, ge=1, le=100, description="Failed sign-ins that lock an account.")
    lockout_minutes: int = Field(15, ge=1, le=1440, description="How far back failures count, and how long a lock lasts, in minutes.")
    address_failures: int = Field(
        50, ge=1, le=10_000, description="Failed sign-ins from one address that lock the address, in the same time."
    )
    run_days: int = Field(90, ge=1, le=3_650, description="Days that it stays known who ran what, and how fast.")
    report_days: int = Field(1_825, ge=1, le=36_500, description="Days that printed files are kept.")
    report_mb: int = Field(5_000, ge=10, le=10_000_000, description="Most that all printed files may take, in MB.")
    report_last_kept: bool = Field(True, description="Whether the newest file of each dashboard, view and answer stays, however old.")
    report_snapshot_days: int = Field(730, ge=1, le=36_500, description="Days that issues of a report can be compared.")
    upload_mb: int = Field(100, ge=1, le=2_000, description="Largest file that may be brought in, in MB.")


class Saved(BaseModel, frozen=True):
    """`SavedSettings`, with where each value comes from."""

    values: SavedSettings
    origins: dict[str, Origin]
    changed_at: dict[str, datetime]
    changed_by: dict[str, int | None]


def read_all(session: Session) -> Saved:
    """One statement. A saved value that no longer fits counts as not there."""
    rows = {row.name: row for row in session.scalars(select(SavedSettingRow))}
    current = settings.current()
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in SavedSettings.model_fields:
        origins[name] = "default"
        if name in current.model_fields_set and getattr(current, name) is not None:
            values[name], origins[name] = getattr(current, name), "environment"
        elif name in rows:
            value = _value(rows[name])
            if value is not None and _fits(name, value):
                values[name], origins[name] = value, "saved"
    return Saved(
        values=SavedSettings(**values),
        origins=origins,
        changed_at={name: row.changed_at for name, row in rows.items()},
        changed_by={name: row.changed_by for name, row in rows.items()},
    )


def read(session: Session) -> SavedSettings:
    return read_all(session).values


def write(session: Session, *, name: str, value: Any, changed_by: int | None) -> None:
    """Save one value; None goes back to the default.

    Raises BadInput when it does not fit, Conflict when the environment sets it. The caller has checked the permission.
    """
    if name not in SavedSettings.model_fields:
        raise BadInput("There is no such setting. Reload the page.")
    if name in settings.current().model_fields_set:
        raise Conflict(f"{name.upper()} is set in the environment, which wins. Remove it there to set it here.")
    if value is None:
        session.query(SavedSettingRow).filter_by(name=name).delete()
        return
    try:
        kept = SavedSettings(**{name: value})
    except ValidationError as error:
        raise BadInput(f"{SavedSettings.model_fields[name].description} {_reason(error)}") from None
    fitting = getattr(kept, name)
    secret = fitting.get_secret_value() if isinstance(fitting, SecretStr) else None
    plain = None if secret else {"value": kept.model_dump(mode="json", include={name})[name]}
    row: dict[str, Any] = {"name": name, "value": plain, "secret": secret, "changed_by": changed_by}
    statement = insert(SavedSettingRow).values(**row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={key: statement.excluded[key] for key in ("value", "secret", "changed_by")} | {"changed_at": func.now()},
        )
    )


def _reason(error: ValidationError) -> str:
    """`Line 2, usd: Input should be …`, as far as it lies inside of a setting."""
    first = error.errors(include_input=False, include_url=False)[0]
    inside = [f"Line {at + 1}" if isinstance(at, int) else str(at)[:100] for at in first["loc"][1:]]
    return f"{', '.join(inside)}{': ' if inside else ''}{first['msg'].removeprefix('Value error, ')}."


def _value(row: SavedSettingRow) -> Any:
    return row.secret if row.value is None else row.value.get("value")


def _fits(name: str, value: Any) -> bool:
    try:
        SavedSettings(**{name: value})
    except ValidationError:
        return False
    return True
