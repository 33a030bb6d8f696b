"""Tokens of a request before it is sent, counted by Gemini itself where somebody wants to know exactly."""

from collections.abc import Callable

from nexus.accounts.spec import Permission, User, require
from nexus.audit import record
from nexus.db.session import transaction
from nexus.errors import NotAllowed
from nexus.prompts import gemini
from nexus.prompts.request import Prepared, Request

Count = Callable[[Request], int]


def count(*, user: User, prepared: Prepared, count_tokens: Count = gemini.count_tokens) -> int:
    """How many tokens the request takes to read. All of it goes to Gemini for that, and nothing else; it is noted who had it sent.

    Raises NotAllowed, and GeminiFailed where it was not counted: the estimate of the request stands then.
    """
    require(user, Permission.RUN_PROMPTS)
    if prepared.user_id != user.id:
        raise NotAllowed("This was prepared for someone else. Open the prompt again.")
    with transaction() as session:
        detail = {"request": prepared.request.digest, "rows": prepared.rows, "model": prepared.request.model}
        record(session, user_id=user.id, what="prompt.counted", subject=f"prompt {prepared.prompt.name}", detail=detail)
    return count_tokens(prepared.request)
