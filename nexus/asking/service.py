"""What people do with a question in words: ask what was prepared, look back, and say whether it was answered well."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.asking import store, trying
from nexus.asking.answering import STOPPED, Generate, Stopped, Tell, Work, answer, record_of
from nexus.asking.spec import Asking, Prepared, Rating, Sent
from nexus.audit import record
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, NexusError, NotAllowed
from nexus.prompts import calls, gemini, keys
from nexus.prompts.markdown import plain
from nexus.sources import service as sources
from nexus.sources.spec import QueryStopped, Table

logger = logging.getLogger(__name__)

DEADLINE_S = 240
"""For all that one question takes: what Gemini writes, and what the database does."""


@dataclass
class Answer:
    """What became of a question; rows only where it was answered."""

    asking: Asking
    table: Table | None = None


def ask(
    *,
    user: User,
    prepared: Prepared,
    generate: Generate = gemini.generate,
    tell: Tell = lambda _step: None,
    stopped: Callable[[], bool] = lambda: False,
    fresh: bool = False,
) -> Answer:
    """Send what was prepared, and run what comes back behind every wall. `tell` hears what is being done; `stopped` is looked at while waiting.

    An equal question that was answered lately gets that SQL, with the reader's own rows, unless `fresh`. The question is recorded before anything leaves, and completed however it ends. Whatever Gemini or the database fail
    at is in the record, as one sentence; it is not raised. No transaction is open meanwhile.
    """
    require(user, Permission.RUN_PROMPTS)
    require(user, Permission.BUILD)
    if prepared.user_id != user.id:
        raise NotAllowed("This was prepared for someone else. Ask it yourself.")
    with transaction() as session:
        source = sources.find(session, reader=user, name=prepared.source)
        values = saved.read(session)
        store.clean_up(session, days=values.prompt_run_days, sent_days=values.prompt_data_days)
        kept = None if fresh else store.answered_before(session, reader=user, prepared=prepared, hours=values.answer_hours)
        asking_id = store.start(session, user=user, prepared=prepared)
    began = time.monotonic()
    paid = calls.governed(user=user, purpose="question", generate=generate, queued=lambda place: _tell_place(tell, place))
    work = Work(
        user, source, prepared, paid, tell, stopped, values.asking_cost, began + DEADLINE_S, tables=list(prepared.tables), kept=kept
    )
    work.price, work.keeps_sent = values.gemini_prices.get(prepared.request.model), values.prompt_data_days > 0
    try:
        answer(work)
    except (Stopped, QueryStopped):
        work.end("stopped", STOPPED)
    except NexusError as error:
        work.end("failed", error.message)
    except Exception:
        work.end("failed", "Nexus made a mistake. Try again, and tell an administrator if it stays.")
        raise
    finally:
        elapsed_ms = round((time.monotonic() - began) * 1000)
        with transaction() as session:
            store.finish(session, asking_id=asking_id, **record_of(work), elapsed_ms=elapsed_ms)
        # No words of the question or the answer: those are in the record, for who may see it.
        logger.info("asking %s of %s: %s after %s ms", asking_id, prepared.source, work.outcome, elapsed_ms)
    with transaction() as session:
        found = store.find(session, reader=user, asking_id=asking_id)
    return Answer(found, work.table)


def _tell_place(tell: Tell, place: int) -> None:
    tell(f"In the queue for Gemini, at place {place}" if place else "Waiting for Gemini")


def rows(*, reader: User, asking: Asking, cancelled: Callable[[], bool] | None = None) -> Table:
    """The rows of an answer, asked again or from memory: they are kept nowhere. Raises what `sources.run` raises."""
    require(reader, Permission.BUILD)
    with transaction() as session:
        source = sources.find(session, reader=reader, name=asking.source)
    return trying.rows(source, asking.sql, reader=reader, cancelled=cancelled)


def find(session: Session, *, reader: User, asking_id: int) -> Asking:
    """Raises NotFound, also for a question of somebody else."""
    require(reader, Permission.RUN_PROMPTS)
    return store.find(session, reader=reader, asking_id=asking_id)


def sent(session: Session, *, reader: User, asking_id: int) -> list[Sent]:
    """Every request that left for the question, to the letter."""
    require(reader, Permission.RUN_PROMPTS)
    return store.sent(session, reader=reader, asking_id=asking_id)


def conversation(session: Session, *, reader: User, asking: Asking) -> list[Asking]:
    """The questions up to this one, in their order."""
    require(reader, Permission.RUN_PROMPTS)
    return store.conversation(session, reader=reader, thread=asking.thread, upto=asking.id)


def has_key(session: Session, *, reader: User) -> bool:
    """Whether there is a Gemini key, in the environment or saved."""
    require(reader, Permission.RUN_PROMPTS)
    return keys.key_of_environment() is not None or saved.read(session).google_api_key is not None


def history(session: Session, *, reader: User, source: str | None = None, limit: int = 50) -> list[Asking]:
    """One's own questions, the newest first."""
    require(reader, Permission.RUN_PROMPTS)
    return store.history(session, reader=reader, source=source, limit=limit)


def rate(session: Session, *, user: User, asking_id: int, rating: Rating | None, comment: str = "") -> None:
    """Say of one's own question that it was answered well, which makes it an example for one's next, or report a wrong answer."""
    require(user, Permission.RUN_PROMPTS)
    require_oneself(user)
    found = store.find(session, reader=user, asking_id=asking_id)
    if found.user_id != user.id:
        raise NotAllowed("Only who asked can say whether it was answered well.")
    if rating == "good" and found.outcome != "answered":
        raise BadInput("Only an answer can be kept as an example.")
    store.rate(session, asking_id=asking_id, rating=rating, comment=plain(comment).strip()[:1_000])
    if rating:
        record(session, user_id=user.id, what=f"asking.{rating}", subject=f"asking {asking_id}", detail={"source": found.source})


def rated(session: Session, *, reader: User, rating: Rating, limit: int = 100) -> list[Asking]:
    """Reports of wrong answers, or good ones to approve: one's own, for administrators everybody's."""
    require(reader, Permission.RUN_PROMPTS)
    return store.rated(session, reader=reader, rating=rating, limit=limit)


def settle(session: Session, *, user: User, asking_id: int, approve: bool) -> None:
    """Approve a good answer as an example for everybody who asks the source, or take it or a report off the list."""
    require(user, Permission.ADMINISTER)
    found = store.find(session, reader=user, asking_id=asking_id)
    if approve and not (found.outcome == "answered" and found.rating == "good"):
        raise BadInput("Only an answer that its asker found good can be an example.")
    store.settle(session, asking_id=asking_id, approved_by=user.id if approve else None)
    what = "asking.approved" if approve else "asking.settled"
    record(session, user_id=user.id, what=what, subject=f"asking {asking_id}", detail={"source": found.source})
