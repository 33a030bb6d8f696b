"""Calls to models in Nexus's own tables: what each may cost and did cost, whose turn it is, and the sums that budgets are.

Services check the permission before they come here.
"""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from nexus.db.base import SCHEMA, Base, identity, now, person
from nexus.db.session import Session

TURN = 0x6E657875735F70
"""Of the lock under which money is set aside and turns are given: one at a time, over all replicas."""
ALIVE_S = 60
"""A call of which nobody has told for so long has lost its process."""


class ModelCallRow(Base):
    """One call to a model: what it may cost, set aside before it leaves, and what it did cost. Budgets are sums of these."""

    __tablename__ = "model_calls"

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    begun_at: Mapped[datetime | None] = mapped_column(doc="When its turn came.")
    told_at: Mapped[datetime] = now()
    user_id: Mapped[int | None] = person(index=True)
    role: Mapped[str] = mapped_column(doc="Of the person at that time.")
    key_mark: Mapped[str] = mapped_column(server_default=text("''"), doc="Of the key that it waits for: each key has a queue of its own.")
    prompt: Mapped[str | None] = mapped_column(doc="Name of the prompt; none for questions in words.")
    purpose: Mapped[str] = mapped_column(doc="prompt, test or question.")
    run_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.prompt_runs.id", ondelete="SET NULL"), index=True)
    model: Mapped[str]
    status: Mapped[str] = mapped_column(
        server_default=text("'waiting'"), doc="waiting, running, settled, void (nothing was charged) or lost."
    )
    reserved_tokens: Mapped[int]
    reserved_usd_micros: Mapped[int] = mapped_column(server_default=text("0"))
    prompt_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    answer_tokens: Mapped[int | None]
    usd_micros: Mapped[int | None] = mapped_column(doc="None where the model has no price.")

    __table_args__ = (
        CheckConstraint("status in ('waiting', 'running', 'settled', 'void', 'lost')", name="status"),
        Index(None, "status", postgresql_where=text("status in ('waiting', 'running')")),
    )


class Spent(BaseModel, frozen=True):
    """Of calls in one month: what they cost, with what those under way may cost at most."""

    calls: int = 0
    tokens: int = 0
    usd_micros: int = 0


def lock(session: Session) -> None:
    """Until the transaction ends nobody else sets money aside or takes a turn."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": TURN})


# What a call counts for: nothing when nothing was charged, what it took when that is known, and else the most that it could take.
_TOKENS = (
    "case status when 'void' then 0 when 'settled' then coalesce(prompt_tokens + answer_tokens, reserved_tokens) else reserved_tokens end"
)
_USD = "case status when 'void' then 0 when 'settled' then coalesce(usd_micros, reserved_usd_micros) else reserved_usd_micros end"
_MONTH = "at >= date_trunc('month', now() at time zone 'utc') at time zone 'utc'"


def spent(session: Session, *, of: str, who: str | int | None) -> Spent:
    """This month, in UTC; `of` is everybody, person, role or prompt, and `who` the id, role or name."""
    of_whom = {"everybody": "true", "person": "user_id = :who", "role": "role = :who", "prompt": "prompt = :who"}[of]
    sums = f"count(*) as calls, coalesce(sum({_TOKENS}), 0) as tokens, coalesce(sum({_USD}), 0) as usd_micros"
    row = session.execute(text(f"select {sums} from nexus.model_calls where {_MONTH} and {of_whom}"), {"who": who}).mappings().one()
    return Spent(**row)


def add(session: Session, **values: Any) -> int:
    row = ModelCallRow(**values)
    session.add(row)
    session.flush()
    return row.id


_TURN = text(f"""
select count(*) filter (where status = 'waiting' and id < :id) as ahead,
    count(*) filter (where status = 'running') as running,
    (select count(*) from nexus.model_calls where key_mark = :key and begun_at > now() - interval '1 minute') as begun
from nexus.model_calls where key_mark = :key and status in ('waiting', 'running') and told_at > now() - interval '{ALIVE_S} seconds'
""")
_QUEUE = text("update nexus.model_calls set key_mark = :key where id = :id and key_mark <> :key and status = 'waiting'")
_BEGIN = text("update nexus.model_calls set status = 'running', begun_at = now(), told_at = now() where id = :id and status = 'waiting'")
_TELL = text("update nexus.model_calls set told_at = now() where id = :id and status in ('waiting', 'running')")


def take_turn(session: Session, *, call_id: int, key_mark: str, at_once: int, per_minute: int | None) -> int:
    """0 when it is this call's turn, which then has begun; else its place in the queue of its key, from 1.

    A key that is replaced while calls wait takes them into its own queue, in the order in which they came.
    """
    lock(session)
    session.execute(_QUEUE, {"id": call_id, "key": key_mark})
    row = session.execute(_TURN, {"id": call_id, "key": key_mark}).one()
    full = row.ahead + row.running >= at_once or (per_minute is not None and row.ahead + row.begun >= per_minute)
    session.execute(_TELL if full else _BEGIN, {"id": call_id})
    return int(row.ahead) + 1 if full else 0


def tell(session: Session, *, call_id: int) -> None:
    """Say that its process lives."""
    session.execute(_TELL, {"id": call_id})


_SETTLE = text("""
update nexus.model_calls set status = :status, prompt_tokens = :prompt_tokens, cached_tokens = :cached_tokens,
answer_tokens = :answer_tokens, usd_micros = :usd_micros
where id = :id and status in ('waiting', 'running', 'lost')
""")


def settle(session: Session, *, call_id: int, **values: Any) -> None:
    """Write what it took; a call that is settled stays as it is."""
    session.execute(_SETTLE, {"id": call_id, "cached_tokens": None} | values)


_LOSE = text(f"""
with lost as (
    update nexus.model_calls set status = case status when 'waiting' then 'void' else 'lost' end
    where status in ('waiting', 'running') and told_at < now() - interval '{ALIVE_S} seconds' returning run_id
)
update nexus.prompt_runs set status = 'failed', error = :error
where status = 'running' and (id in (select run_id from lost)
    or (started_at < now() - interval '{ALIVE_S} seconds' and not exists (
        select from nexus.model_calls where run_id = prompt_runs.id and status in ('waiting', 'running') and told_at >= now() - interval '{ALIVE_S} seconds')))
""")


def lose(session: Session, *, error: str) -> None:
    """End what lost its process: it counts for the most that it could have cost, and its run has failed."""
    session.execute(_LOSE, {"error": error})


class Usage(BaseModel, frozen=True):
    """One line of the table of what was spent: of one person with one prompt and model in one month."""

    month: date
    person: str
    role: str
    prompt: str
    purpose: str
    model: str
    calls: int
    failed: int
    prompt_tokens: int
    answer_tokens: int
    set_aside: int
    usd: float | None
    last_at: datetime


_USAGE = text(f"""
select cast(date_trunc('month', at at time zone 'utc') as date) as month, coalesce(users.name, '') as person, model_calls.role,
    coalesce(prompt, '') as prompt, purpose, model, count(*) as calls, count(*) filter (where status in ('void', 'lost')) as failed,
    coalesce(sum(prompt_tokens) filter (where status = 'settled'), 0) as prompt_tokens,
    coalesce(sum(answer_tokens) filter (where status = 'settled'), 0) as answer_tokens,
    coalesce(sum({_TOKENS}) filter (where status <> 'settled' or prompt_tokens is null), 0) as set_aside,
    sum({_USD}) / 1e6 as usd, max(at) as last_at
from nexus.model_calls left join nexus.users on users.id = user_id
where (cast(:user_id as bigint) is null or user_id = :user_id) and at >= date_trunc('month', now()) - make_interval(months => :months)
group by 1, user_id, users.name, model_calls.role, prompt, purpose, model order by 1 desc, usd desc nulls last, calls desc limit 2000
""")


def usage(session: Session, *, user_id: int | None, months: int) -> list[Usage]:
    """Of everybody, or of one person; the newest month first, `months` back."""
    return [Usage(**row) for row in session.execute(_USAGE, {"user_id": user_id, "months": months}).mappings()]
