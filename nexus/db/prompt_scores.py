"""Scores of prompts: each run of a prompt's test cases, and what a list says of each prompt. Services check the permission first."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from nexus.db.prompt_runs import PromptRunRow
from nexus.db.session import Session
from nexus.db.sharing import Reader
from nexus.db.tables import PromptRow, PromptScoreRow
from nexus.db.versions import seen


class ScoreKept(BaseModel, frozen=True):
    """`results` as the service wrote them."""

    version: int | None
    passed: int
    total: int
    results: list[dict[str, Any]]
    ran_at: datetime


class Figures(BaseModel, frozen=True):
    """What a list says of a prompt. `passed` and `total` are of its newest version, and None while that was never tested."""

    passed: int | None
    total: int | None
    cost_usd_micros: float | None
    """Of an average run."""
    last_run: datetime | None


def keep(
    session: Session,
    *,
    prompt_id: int | None,
    version: int | None,
    spec_hash: str,
    user_id: int,
    passed: int,
    results: list[dict[str, Any]],
) -> None:
    session.execute(
        insert(PromptScoreRow).values(
            prompt_id=prompt_id,
            prompt_version=version,
            spec_hash=spec_hash,
            user_id=user_id,
            passed=passed,
            total=len(results),
            results=results,
        )
    )


def adopt(session: Session, *, name: str, version: int, spec_hash: str, user_id: int) -> None:
    """What the person tested is saved: its scores are those of this version."""
    prompt_id = select(PromptRow.id).where(PromptRow.name == name).scalar_subquery()
    session.execute(
        update(PromptScoreRow)
        .where(PromptScoreRow.prompt_version.is_(None), PromptScoreRow.spec_hash == spec_hash, PromptScoreRow.user_id == user_id)
        .values(prompt_id=prompt_id, prompt_version=version)
        .execution_options(synchronize_session=False)
    )


def of_versions(session: Session, *, reader: Reader, name: str) -> dict[int, ScoreKept]:
    """The latest score of each version that was tested."""
    rows = session.scalars(
        select(PromptScoreRow)
        .join(PromptRow, PromptRow.id == PromptScoreRow.prompt_id)
        .where(PromptRow.name == name, PromptScoreRow.prompt_version.is_not(None), seen("prompt", reader))
        .ext(distinct_on(PromptScoreRow.prompt_version))
        .order_by(PromptScoreRow.prompt_version, PromptScoreRow.id.desc())
    )
    return {row.prompt_version: _kept(row) for row in rows if row.prompt_version is not None}


def latest(session: Session, *, spec_hash: str, user_id: int) -> ScoreKept | None:
    """The person's latest score of exactly this, saved or not."""
    row = session.scalars(
        select(PromptScoreRow)
        .where(PromptScoreRow.spec_hash == spec_hash, PromptScoreRow.user_id == user_id)
        .order_by(PromptScoreRow.id.desc())
        .limit(1)
    ).first()
    return _kept(row) if row else None


def _kept(row: PromptScoreRow) -> ScoreKept:
    return ScoreKept(version=row.prompt_version, passed=row.passed, total=row.total, results=row.results, ran_at=row.ran_at)


def figures(session: Session, *, reader: Reader, names: list[str]) -> dict[str, Figures]:
    """By name, of the prompts that are asked for."""
    score = (
        select(PromptScoreRow.passed, PromptScoreRow.total)
        .where(PromptScoreRow.prompt_id == PromptRow.id, PromptScoreRow.prompt_version == PromptRow.version)
        .order_by(PromptScoreRow.id.desc())
        .limit(1)
        .lateral()
    )
    runs = (
        select(func.avg(PromptRunRow.cost_usd_micros).label("cost"), func.max(PromptRunRow.started_at).label("last"))
        .where(PromptRunRow.prompt_id == PromptRow.id)
        .lateral()
    )
    rows = session.execute(
        select(PromptRow.name, score.c.passed, score.c.total, runs.c.cost, runs.c.last)
        .select_from(PromptRow)
        .outerjoin(score, score.c.total.is_not(None))
        .outerjoin(runs, PromptRow.id.is_not(None))
        .where(PromptRow.name.in_(names), seen("prompt", reader))
    )
    return {
        row.name: Figures(
            passed=row.passed, total=row.total, cost_usd_micros=None if row.cost is None else float(row.cost), last_run=row.last
        )
        for row in rows
    }
