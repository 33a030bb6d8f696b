"""Budgets: before a call leaves, the most that it can cost is set aside; when it is over, what it did cost takes its place.

All that is set aside and spent is summed under one lock, so that many people at once cannot pass a budget together.
"""

from datetime import UTC, datetime

from pydantic import BaseModel

from nexus.accounts import service as accounts
from nexus.accounts.spec import Permission, Role, User, require
from nexus.db import model_calls, saved, versions
from nexus.db.limits import Budget, Price
from nexus.db.model_calls import Spent, Usage
from nexus.db.saved import SavedSettings
from nexus.db.session import Session
from nexus.errors import NexusError
from nexus.prompts import keys
from nexus.prompts.request import Piece, Request

FRAME_TOKENS = 64
"""What an API may add around a request."""
STOPPED = "Nexus was stopped while this ran. Run it again."


class OverBudget(NexusError):
    message = "The budget for this month is used up. An administrator can raise it in Settings, under Budgets."
    status = 429


class NoPrice(NexusError):
    message = "There is a budget in dollars, and no price set for this model. An administrator can add one in Settings, under Budgets."
    status = 409


class Standing(BaseModel, frozen=True):
    """How much of a budget is gone. `spent` has in it what calls under way may still cost."""

    budget: Budget
    spent: Spent

    @property
    def share(self) -> float:
        """Of the tokens or the dollars, whichever is nearer to its end; 1 is all."""
        shares = []
        if self.budget.tokens is not None:
            shares.append(self.spent.tokens / self.budget.tokens if self.budget.tokens else 1.0)
        if self.budget.usd_micros is not None:
            shares.append(self.spent.usd_micros / self.budget.usd_micros if self.budget.usd_micros else 1.0)
        return max(shares)

    @property
    def warns(self) -> bool:
        return self.share * 100 >= self.budget.warn_percent

    @property
    def words(self) -> str:
        """`81 % of your tokens and dollars for November 2026 are used`, as one phrase."""
        parts = []
        if self.budget.tokens is not None:
            parts.append(f"{self.spent.tokens:,} of {self.budget.tokens:,} tokens")
        if self.budget.usd is not None:
            parts.append(f"${self.spent.usd_micros / 1e6:,.4f} of ${self.budget.usd:,.2f}")
        return f"{' and '.join(parts)} of {_whose(self.budget)} for {datetime.now(UTC):%B %Y}"


def most_tokens(request: Request) -> int:
    """Most that a request may take to read: a token is a byte or more."""
    return len(request.model_dump_json().encode()) + FRAME_TOKENS


def most_usd_micros(request: Request, price: Price | None) -> int:
    if price is None:
        return 0
    return price.usd_micros(prompt_tokens=most_tokens(request), answer_tokens=request.max_answer_tokens)


def reserve(session: Session, *, user: User, request: Request, purpose: str, prompt: str | None = None, run_id: int | None = None) -> int:
    """Set aside what the request may cost at most. The call's id.

    Holds until the transaction ends, so that nobody else sets aside what is left meanwhile; end it at once.
    Raises OverBudget, and NoPrice where a budget is in dollars and nobody knows what the model costs.
    """
    require(user, Permission.RUN_PROMPTS)
    values = saved.read(session)
    model_calls.lock(session)
    model_calls.lose(session, error=STOPPED)
    price = values.gemini_prices.get(request.model)
    tokens, usd_micros = most_tokens(request) + request.max_answer_tokens, most_usd_micros(request, price)
    for standing in _standings(session, values, user=user, prompt=prompt):
        _check(standing, model=request.model, tokens=tokens, usd_micros=usd_micros, price=price)
    return model_calls.add(
        session,
        user_id=user.id,
        role=user.role.value,
        prompt=prompt,
        purpose=purpose,
        key_mark=keys.key_mark(values),
        run_id=run_id,
        model=request.model,
        reserved_tokens=tokens,
        reserved_usd_micros=usd_micros,
    )


def _check(standing: Standing, *, model: str, tokens: int, usd_micros: int, price: Price | None) -> None:
    budget, spent = standing.budget, standing.spent
    if budget.usd_micros is not None and price is None:
        raise NoPrice(
            f"There is a budget in dollars ({_whose(budget)}), and no price is set for {model}, so nobody knows what it would cost. "
            "An administrator can set one in Settings, under Budgets; or choose a model that has one."
        )
    over = budget.tokens is not None and spent.tokens + tokens > budget.tokens
    if over or (budget.usd_micros is not None and spent.usd_micros + usd_micros > budget.usd_micros):
        may_take = f"up to {tokens:,} tokens" + (f" and ${usd_micros / 1e6:,.4f}" if price else "")
        raise OverBudget(
            f"This would pass a budget: {standing.words} are used, and it may take {may_take}. "
            "Send fewer rows, or ask an administrator for more, in Settings under Budgets."
        )


def settle(session: Session, *, user: User, call_id: int, model: str, last: Piece, charged: bool) -> int | None:
    """Write what a call took, as its last piece says, once. What it cost in millionths of a dollar; None where that is not known.

    Where Gemini did not say how much it was, the most that it could be counts. Not `charged`: nothing came of it.
    """
    require(user, Permission.RUN_PROMPTS)
    if not charged:
        model_calls.settle(session, call_id=call_id, status="void", prompt_tokens=0, answer_tokens=0, usd_micros=0)
        return 0
    price = saved.read(session).gemini_prices.get(model)
    usd_micros = None
    if price and last.prompt_tokens is not None:
        usd_micros = price.usd_micros(
            prompt_tokens=last.prompt_tokens, answer_tokens=last.answer_tokens or 0, cached_tokens=last.cached_tokens or 0
        )
    answered = None if last.prompt_tokens is None else last.answer_tokens or 0
    model_calls.settle(
        session,
        call_id=call_id,
        status="settled",
        prompt_tokens=last.prompt_tokens,
        cached_tokens=last.cached_tokens,
        answer_tokens=answered,
        usd_micros=usd_micros,
    )
    return usd_micros


def standings(session: Session, *, user: User, prompt: str | None = None) -> list[Standing]:
    """The budgets that a call of this person counts for, and how much of each is gone; the one nearest to its end first."""
    require(user, Permission.SEE)
    found = _standings(session, saved.read(session), user=user, prompt=prompt)
    return sorted(found, key=lambda standing: -standing.share)


def _standings(session: Session, values: SavedSettings, *, user: User, prompt: str | None) -> list[Standing]:
    whose = {"everybody": None, "person": user.id, "role": user.role.value, "prompt": prompt}
    named = {"everybody": "", "person": user.email, "role": user.role.value, "prompt": prompt}
    found = []
    for budget in values.budgets:
        if budget.who.casefold() in ("", str(named[budget.of]).casefold()) and (budget.of != "prompt" or prompt):
            found.append(Standing(budget=budget, spent=model_calls.spent(session, of=budget.of, who=whose[budget.of])))
    return found


def of_nobody(session: Session, *, user: User) -> list[str]:
    """Who budgets name that is not there: a wrong letter in an address would hold nobody to anything."""
    require(user, Permission.ADMINISTER)
    named = [(budget.of, budget.who) for budget in saved.read(session).budgets if budget.who]
    there = {
        "person": {person.email.casefold() for person in accounts.everyone(session, user=user)},
        "role": {role.value for role in Role},
        "prompt": {name.casefold() for name in versions.taken_names(session, kind="prompt")},
    }
    return [who for of, who in named if who.casefold() not in there.get(of, set())]


def _whose(budget: Budget) -> str:
    match budget.of:
        case "everybody":
            return "everybody's budget"
        case "person":
            return "your budget"
        case "role":
            return "your role's budget"
        case "prompt":
            return "this prompt's budget"


def usage(session: Session, *, reader: User, everybody: bool = False, months: int = 12) -> list[Usage]:
    """Tokens and money by month, person, role, prompt and model: the reader's own, or for administrators everybody's."""
    require(reader, Permission.ADMINISTER if everybody else Permission.SEE)
    return model_calls.usage(session, user_id=None if everybody else reader.id, months=months)


def prices(session: Session, *, reader: User) -> dict[str, Price]:
    """By model, of those that have one."""
    require(reader, Permission.SEE)
    return saved.read(session).gemini_prices


def price_of(session: Session, *, reader: User, model: str) -> Price | None:
    require(reader, Permission.SEE)
    return saved.read(session).gemini_prices.get(model)
