"""Prompt runs in Nexus's own tables, and a prompt with what was last answered, in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Text, and_, case, delete, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from nexus.accounts.spec import User
from nexus.db.model_calls import ModelCallRow
from nexus.db.prompt_runs import PromptRunRow
from nexus.db.session import Session
from nexus.db.sharing import bound, changed_by, seen_by
from nexus.db.tables import PromptRow, PromptVersionRow, SavedSettingRow, UserRow
from nexus.db.versions import column_of, plain, seen, unseen_in
from nexus.errors import NotFound
from nexus.prompts.findings import Grounding
from nexus.prompts.output import Output
from nexus.prompts.request import Prepared, PromptRun, Status

GONE = "This prompt no longer exists, or you may not see it. Open another from the list."

NEVER_SAVED = "draft"
"""What the runs of a prompt that has no name yet are filed under."""

RUN_COLUMNS = [column for column in PromptRunRow.__table__.columns if column.key != "request"]
"""A whole request is read only by who asks for it."""

KEPT_AT_HAND = 12
"""Answers that come with a prompt: one for each of the latest values it was asked with."""


def start(session: Session, *, prepared: Prepared, user: User, dashboard: str | None, keep_request: bool = False) -> int:
    """Record that a request is about to leave. The run's id."""
    row = _row(prepared, user, dashboard)
    row.request = prepared.request.model_dump_json() if keep_request else None
    session.add(row)
    session.flush()
    return row.id


def _row(prepared: Prepared, user: User, dashboard: str | None) -> PromptRunRow:
    return PromptRunRow(
        prompt_id=prepared.prompt_id,
        prompt_version=prepared.version,
        user_id=user.id,
        dashboard=dashboard,
        variables=prepared.variables,
        data={
            "blocks": [block.model_dump(mode="json") for block in prepared.blocks],
            # Of a draft nobody else should learn anything.
            "shared": prepared.shared and prepared.version > 0,
            "title": prepared.prompt.title,
            "masked": {name: origin.model_dump(mode="json") for name, origin in prepared.masked.items()},
            "output": plain(prepared.prompt.output) if prepared.prompt.output else None,
        },
        data_hash=prepared.request.digest,
        model=prepared.request.model,
        status="running",
    )


def answer_again(session: Session, *, prepared: Prepared, user: User, dashboard: str | None, hours: int) -> int | None:
    """Record a run with the answer that the very same request has got in the last `hours`. Its id; None where there is none."""
    found = session.scalars(
        select(PromptRunRow)
        .where(
            PromptRunRow.prompt_id == prepared.prompt_id,
            PromptRunRow.prompt_version == prepared.version,
            PromptRunRow.data_hash == prepared.request.digest,
            PromptRunRow.model == prepared.request.model,
            PromptRunRow.status == "complete",
            PromptRunRow.kept_from.is_(None),
            # What somebody tries is their own.
            or_(PromptRunRow.prompt_version > 0, PromptRunRow.user_id == user.id),
            PromptRunRow.started_at > func.now() - func.make_interval(0, 0, 0, 0, hours),
        )
        .order_by(PromptRunRow.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    row = _row(prepared, user, dashboard)
    row.data = row.data | {"answered_at": found.started_at.isoformat()}
    row.status, row.answer, row.grounding, row.kept_from = "complete", found.answer, found.grounding, found.id
    row.prompt_tokens = row.answer_tokens = row.cost_usd_micros = row.elapsed_ms = 0
    row.request = found.request
    session.add(row)
    session.flush()
    return row.id


def finish(
    session: Session,
    *,
    run_id: int,
    call_id: int,
    status: Status,
    answer: str,
    error: str | None,
    prompt_tokens: int | None,
    answer_tokens: int | None,
    elapsed_ms: int,
    grounding: Grounding | None = None,
) -> None:
    session.execute(
        update(PromptRunRow)
        .where(PromptRunRow.id == run_id, PromptRunRow.status == "running")
        .values(
            status=status,
            answer=answer.replace("\0", ""),
            error=error,
            prompt_tokens=prompt_tokens,
            answer_tokens=answer_tokens,
            cost_usd_micros=select(ModelCallRow.usd_micros).where(ModelCallRow.id == call_id).scalar_subquery(),
            elapsed_ms=elapsed_ms,
            grounding=grounding.model_dump(mode="json") if grounding else None,
        )
        .execution_options(synchronize_session=False)
    )


HIDDEN_BLOCKS = f"""select views.name from jsonb_array_elements(
case jsonb_typeof({{blocks}}) when 'array' then {{blocks}} else '[]' end) as block join nexus.views on views.name = block ->> 'view'
where not {seen_by("view", "views")}"""
"""The views that data blocks name and the reader may not see."""


HIDDEN_CHOICES = tuple(
    f"""select from nexus.{kind}_versions as asked join nexus.{kind}s as kept on kept.id = asked.kept_id,
jsonb_path_query(asked.spec, '$.{field}[*].choices.view', '{{}}', true) as named join nexus.views on views.name = named #>> '{{}}'
where {which} and not {seen_by("view", "views")}"""
    for kind, field, which in (
        ("prompt", "variables", "kept.id = prompt_runs.prompt_id and asked.version = prompt_runs.prompt_version"),
        ("dashboard", "filters", "kept.name = prompt_runs.dashboard and asked.version = kept.version"),
    )
)
"""The views from which variables and filters took their values, and that the reader may not see."""


def _may_see(reader: User) -> ColumnElement[bool]:
    # An answer was made of what its asker may see. Where the database is told who asks, nobody else surely sees the same rows.
    # Of a view that one may not see, or no longer, an answer tells as well, and so do the values that it was asked with.
    hidden = (HIDDEN_BLOCKS.format(blocks="prompt_runs.data -> 'blocks'"), *HIDDEN_CHOICES)
    told = " and ".join(f"not exists ({one})" for one in hidden)
    return and_(
        or_(PromptRunRow.user_id == reader.id, PromptRunRow.data.contains({"shared": True})),
        bound(f"cast(:reader_role as text) = 'admin' or ({told})", reader),
    )


def _dashboard(reader: User) -> ColumnElement[str | None]:
    """The one that it was asked on, but for one that the reader may not see."""
    unseen = f"select from nexus.dashboards where dashboards.name = prompt_runs.dashboard and not {seen_by('dashboard', 'dashboards')}"
    return case((bound(f"not exists ({unseen})", reader), PromptRunRow.dashboard)).label("seen_dashboard")


def _chosen(reader: User) -> Select[*tuple[Any, ...]]:
    return (
        select(
            PromptRunRow,
            func.coalesce(PromptRow.name, NEVER_SAVED).label("prompt"),
            func.coalesce(PromptRow.title, PromptRunRow.data["title"].astext).label("prompt_title"),
            UserRow.name.label("user_name"),
            _dashboard(reader),
        )
        .outerjoin(PromptRow, PromptRow.id == PromptRunRow.prompt_id)
        .outerjoin(UserRow, UserRow.id == PromptRunRow.user_id)
        .where(_may_see(reader), or_(seen("prompt", reader), PromptRow.id.is_(None)))
        .order_by(PromptRunRow.id.desc())
    )


WORDS = func.lower(
    func.concat_ws(
        " ",
        PromptRow.name,
        PromptRow.title,
        PromptRunRow.data["title"].astext,
        PromptRunRow.variables.cast(Text),
        PromptRunRow.answer,
        PromptRunRow.comment,
        PromptRunRow.error,
        PromptRunRow.model,
        PromptRunRow.status,
        UserRow.name,
    )
)


def search(
    session: Session,
    *,
    reader: User,
    words: Sequence[str],
    prompt: str | None,
    rating: int | None,
    status: Status | None,
    before: int | None,
    limit: int,
) -> list[PromptRun]:
    """The newest first: those that hold each of `words` somewhere; `before` is the id of the last one of the page before."""
    chosen = _chosen(reader).limit(limit).where(*(func.strpos(WORDS, word.lower()) > 0 for word in words))
    if prompt is not None:
        chosen = chosen.where(PromptRow.name == prompt)
    if rating is not None:
        chosen = chosen.where(PromptRunRow.rating == rating)
    if status is not None:
        chosen = chosen.where(PromptRunRow.status == status)
    if before is not None:
        chosen = chosen.where(PromptRunRow.id < before)
    return [_run(row) for row in session.execute(chosen)]


def answered_in_fields(session: Session, *, reader: User, prompt: str, before: int | None, limit: int) -> list[PromptRun]:
    """Whole answers in fields, the newest first; `before` is the id of the last one of the batch before."""
    chosen = _in_fields(_chosen(reader), prompt).limit(limit)
    return [_run(row) for row in session.execute(chosen if before is None else chosen.where(PromptRunRow.id < before))]


def outputs(session: Session, *, reader: User, prompt: str) -> list[Output]:
    """Of those, what they were to answer in, each once, the latest first."""
    asked = _in_fields(_chosen(reader).with_only_columns(PromptRunRow.data["output"], func.max(PromptRunRow.id)), prompt)
    rows = session.execute(asked.group_by(PromptRunRow.data["output"]).order_by(None).order_by(func.max(PromptRunRow.id).desc()))
    return [Output.model_validate(row[0]) for row in rows]


def _in_fields(chosen: Select[Any], prompt: str) -> Select[Any]:
    kind = func.jsonb_typeof(PromptRunRow.data["output"])
    return chosen.where(PromptRow.name == prompt, PromptRunRow.status == "complete", kind == "object")


def run_before(session: Session, *, reader: User, run: PromptRun) -> PromptRun | None:
    """The last answered run of the same prompt with the same values before this one."""
    chosen = _chosen(reader).where(
        PromptRow.name == run.prompt,
        PromptRunRow.id < run.id,
        PromptRunRow.variables == run.variables,
        PromptRunRow.status.in_(("complete", "cut")),
    )
    row = session.execute(chosen.limit(1)).first()
    return _run(row) if row else None


def request_of(session: Session, *, reader: User, run_id: int) -> str | None:
    """The whole request as JSON, where it is still kept and the reader may see the run."""
    run(session, reader=reader, run_id=run_id)
    return session.execute(select(PromptRunRow.request).where(PromptRunRow.id == run_id)).scalar_one()


def rate(session: Session, *, user: User, run_id: int, rating: int | None, comment: str) -> None:
    run(session, reader=user, run_id=run_id)
    session.execute(update(PromptRunRow).where(PromptRunRow.id == run_id).values(rating=rating, comment=comment))


def remove_old(session: Session, *, days: int, data_days: int) -> None:
    """Runs that are older than `days`, and what those older than `data_days` sent."""
    ages = {n: func.now() - func.make_interval(0, 0, 0, n) for n in (days, data_days)}
    session.execute(delete(PromptRunRow).where(PromptRunRow.started_at < ages[days], PromptRunRow.status != "running"))
    session.execute(
        update(PromptRunRow).where(PromptRunRow.started_at < ages[data_days], PromptRunRow.request.is_not(None)).values(request=None)
    )


def run(session: Session, *, reader: User, run_id: int) -> PromptRun:
    """Raises NotFound, also for a run that the reader may not see."""
    row = session.execute(_chosen(reader).where(PromptRunRow.id == run_id)).first()
    if row is None:
        raise NotFound("There is no such run, or you may not see it. Open another from the prompt's list.")
    return _run(row)


def last_answers(session: Session, *, reader: User, name: str) -> tuple[Any, list[PromptRun], bool]:
    """The newest version of a prompt as a row, its latest answers, and whether a Gemini key is saved: one statement.

    Raises NotFound.
    """
    latest = (
        select(*RUN_COLUMNS, UserRow.name.label("user_name"), _dashboard(reader))
        .outerjoin(UserRow, UserRow.id == PromptRunRow.user_id)
        .where(
            PromptRunRow.prompt_id == PromptRow.id,
            PromptRunRow.prompt_version == PromptRow.version,
            PromptRunRow.status.in_(("complete", "cut")),
            _may_see(reader),
        )
        .order_by(PromptRunRow.id.desc())
        .limit(KEPT_AT_HAND)
        .correlate(PromptRow)
        .subquery()
    )
    answers = select(func.jsonb_agg(func.to_jsonb(latest.table_valued()))).scalar_subquery()
    saved = select(SavedSettingRow.name).where(SavedSettingRow.name == "google_api_key", SavedSettingRow.secret.is_not(None)).exists()
    saver = select(UserRow.name).where(UserRow.id == PromptVersionRow.saved_by).scalar_subquery()
    owner = select(UserRow.name).where(UserRow.id == PromptRow.owner_id).scalar_subquery()
    row = session.execute(
        select(
            PromptRow.id,
            PromptRow.name,
            PromptRow.title,
            PromptRow.version,
            PromptVersionRow.spec,
            PromptVersionRow.saved_at,
            saver.label("saved_by"),
            owner.label("owner"),
            answers.label("answers"),
            saved.label("key_saved"),
            PromptRow.open_to_all,
            column_of(changed_by("prompt", "prompts"), reader, "may_edit"),
            unseen_in("prompt", reader),
        )
        .join(PromptVersionRow, and_(PromptVersionRow.kept_id == PromptRow.id, PromptVersionRow.version == PromptRow.version))
        .where(PromptRow.name == name, PromptRow.archived_at.is_(None), seen("prompt", reader))
    ).first()
    if row is None:
        raise NotFound(GONE)
    return row, [_of_json(item, row) for item in row.answers or []], row.key_saved


def _run(row: Any) -> PromptRun:
    kept: PromptRunRow = row.PromptRunRow
    values = {column.key: getattr(kept, column.key) for column in RUN_COLUMNS} | {"seen_dashboard": row.seen_dashboard}
    return _of_values(values, prompt=row.prompt, title=row.prompt_title, user_name=row.user_name)


def _of_json(item: dict[str, Any], prompt: Any) -> PromptRun:
    return _of_values(item, prompt=prompt.name, title=prompt.title, user_name=item["user_name"])


def _of_values(values: dict[str, Any], *, prompt: str, title: str, user_name: str | None) -> PromptRun:
    return PromptRun.model_validate(
        {
            **{name: values[name] for name in values.keys() & PromptRun.model_fields.keys()},
            "prompt": prompt,
            "prompt_title": title,
            "dashboard": values["seen_dashboard"],
            "user_name": user_name or "",
            "blocks": values["data"].get("blocks", ()),
            "output": values["data"].get("output"),
            "masked": values["data"].get("masked", {}),
            "answered_at": values["data"].get("answered_at"),
            "request_digest": values["data_hash"],
        }
    )
