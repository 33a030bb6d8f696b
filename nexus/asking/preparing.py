"""A question on its way to a model: what goes along, which is the exact request."""

import math
from collections import Counter
from collections.abc import Sequence

from nexus.accounts.spec import Permission, User, require
from nexus.asking import choosing, describing, store, wording
from nexus.asking.rules import Rules
from nexus.asking.spec import LONGEST_QUESTION, Asking, Prepared
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.errors import BadInput
from nexus.prompts import budgets
from nexus.prompts.markdown import plain
from nexus.sources import catalog
from nexus.sources import service as sources
from nexus.sources.catalog import CatalogTable

EARLIER, EXAMPLES = 6, 5
"""Most earlier questions of a conversation, and most examples, that go along."""
LEAST_ALIKE = 0.15


def prepare(*, user: User, source: str, question: str, after: int | None = None) -> Prepared:
    """The exact request: what is shown is what `ask` sends first. `after` is the question that this one goes on from.

    Raises BadInput for no question or one that is too long, NotFound, and what reading the catalog raises.
    """
    require(user, Permission.RUN_PROMPTS)
    text = plain(question).strip()
    if not text:
        raise BadInput("Write a question first.")
    if len(text) > LONGEST_QUESTION:
        raise BadInput(f"A question may have {LONGEST_QUESTION:,} characters. Say it in fewer words.")
    with transaction() as session:
        found = sources.find(session, reader=user, name=source)
        values = saved.read(session)
        before = _conversation(session, user, source, after)
        kept = store.examples(session, reader=user, source=source)
    rules = Rules(found, reader=user)
    known = catalog.tables(found, reader=user)
    tables = rules.tables(known)
    if not tables:
        raise BadInput("This source holds no table that Nexus may read. An administrator can grant its role some.")
    examples = _alike(text, [one for one in kept if rules.names_nothing_hidden(one, known)], tables)
    before = [one if rules.names_nothing_hidden(one, known) else one.model_copy(update={"sql": ""}) for one in before]
    wanted = [name for one in (*before[::-1], *examples) for name in one.read]
    ranked = choosing.choose(tables, text=" ".join([text, *(one.question for one in before)]), wanted=wanted)
    described, first = describing.describe(ranked.first, rules.told, rules.values(ranked.first, reader=user))
    rest = (*ranked.first[len(first) :], *ranked.rest)
    names = describing.names(rest)
    parts = (
        wording.tables(described, names, len(rest) - len(names)),
        wording.examples(examples),
        wording.earlier(before),
        wording.question(text),
    )
    request = wording.request(model=values.gemini_model, parts=parts)
    return Prepared(
        user_id=user.id,
        source=source,
        question=text,
        thread=before[0].thread if before else None,
        request=request,
        most_usd_micros=budgets.most_usd_micros(request, values.gemini_prices.get(request.model)),
        tables=tuple(choosing.named(table) for table in first),
        named=names,
        omitted=len(rest) - len(names),
        examples=len(examples),
        earlier=len(before),
    )


def _conversation(session: Session, user: User, source: str, after: int | None) -> list[Asking]:
    if after is None:
        return []
    last = store.find(session, reader=user, asking_id=after)
    if last.source != source or last.user_id != user.id:
        raise BadInput("That question was asked of another source, or by someone else. Begin a new one.")
    told = [
        one
        for one in store.conversation(session, reader=user, thread=last.thread, upto=after)
        if one.outcome in ("answered", "cannot", "question", "costly")
    ]
    return told[-EARLIER:]


def _alike(question: str, kept: Sequence[Asking], tables: Sequence[CatalogTable]) -> list[Asking]:
    """The examples most like the question, of those that read only tables that are there for this reader."""
    there = {choosing.named(table) for table in tables}
    usable = [one for one in kept if one.read and set(one.read) <= there]
    often = Counter(word for one in usable for word in set(choosing.words(one.question)))
    weight = {word: math.log(1 + len(usable) / count) for word, count in often.items()}
    asked = set(choosing.words(question))

    def alike(one: Asking) -> float:
        words = set(choosing.words(one.question))
        both, either = words & asked, words | asked
        return sum(weight[word] for word in sorted(both)) / (sum(weight.get(word, 1.0) for word in sorted(either)) or 1.0)

    ranked = sorted(((alike(one), one.id, one) for one in usable), key=lambda pair: pair[:2], reverse=True)
    return [one for score, _, one in ranked if score >= LEAST_ALIKE][:EXAMPLES]
