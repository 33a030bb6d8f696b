"""What is set about money: prices of models, and budgets."""

from datetime import UTC, date, datetime
from math import ceil
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

Whom = Literal["everybody", "person", "role", "prompt"]


LONG_PROMPT = 200_000
"""Tokens of a request past which some models cost more: for all of the request, and for the answer."""


class Price(BaseModel, frozen=True, extra="forbid"):
    """In US dollars for a million tokens. What a model spends on thinking costs as its answer does."""

    input: float = Field(ge=0, le=10_000, allow_inf_nan=False)
    output: float = Field(ge=0, le=10_000, allow_inf_nan=False)
    cached: float | None = Field(
        None, ge=0, le=10_000, allow_inf_nan=False, description="Of input that Google still knows; as input without it."
    )
    long_input: float | None = Field(
        None, ge=0, le=10_000, allow_inf_nan=False, description="Of requests of more than 200,000 tokens; as others without it."
    )
    long_output: float | None = Field(None, ge=0, le=10_000, allow_inf_nan=False, description="Of the answers to those.")

    def usd_micros(self, *, prompt_tokens: int, answer_tokens: int, cached_tokens: int = 0) -> int:
        """Rounded up, so that many small calls are not free."""
        known, is_long = min(cached_tokens, prompt_tokens), prompt_tokens > LONG_PROMPT
        input_ = self.long_input if is_long and self.long_input is not None else self.input
        output = self.long_output if is_long and self.long_output is not None else self.output
        # What Google still knows becomes dearer as the rest does.
        cached = input_ if self.cached is None else self.cached * (input_ / self.input if self.input else 1)
        return ceil((prompt_tokens - known) * input_ + known * cached + answer_tokens * output)


PRICE_LIST, PRICED_ON = "https://ai.google.dev/gemini-api/docs/pricing", "October 2026"
PUBLISHED = {
    "gemini-3.8-flash": Price(input=0.75, output=3.75, cached=0.075),
    "gemini-3.5-flash": Price(input=1.5, output=9),
    "gemini-3.5-flash-lite": Price(input=0.3, output=2.5),
    "gemini-3.1-pro-preview": Price(input=2, output=12, long_input=4, long_output=18),
    "gemini-2.5-pro": Price(input=1.25, output=10, cached=0.125, long_input=2.5, long_output=15),
    "gemini-2.5-flash": Price(input=0.3, output=2.5, cached=0.03),
    "gemini-2.5-flash-lite": Price(input=0.1, output=0.4, cached=0.01),
}
"""What Google's list (`PRICE_LIST`) said in `PRICED_ON` for text on the paid tier. It holds until an administrator saves prices.

Where nothing is known of input that Google still knows, it costs as all input does.
"""
FROM_2027 = {"gemini-3.8-flash": Price(input=1.5, output=7.5)}
"""The same list: half of that is what it costs until 31 December 2026."""


def published(day: date | None = None) -> dict[str, Price]:
    """Google's prices on a day, by model: today, in UTC, without one."""
    day = day or datetime.now(UTC).date()
    return PUBLISHED | FROM_2027 if day >= date(2027, 1, 1) else dict(PUBLISHED)


class Budget(BaseModel, frozen=True, extra="forbid"):
    """Most that may be spent in one month, which begins with its first day in UTC."""

    of: Whom
    who: str = Field("", max_length=200, description="E-mail, role or name of a prompt. Empty: each of them has this much.")
    tokens: int | None = Field(None, ge=0, le=10**12)
    usd: float | None = Field(None, ge=0, le=10**7, allow_inf_nan=False)
    warn_percent: int = Field(80, ge=1, le=100)

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.tokens is None and self.usd is None:
            raise ValueError("give a budget tokens, dollars, or both")
        if self.of == "everybody" and self.who:
            raise ValueError("a budget of everybody is of nobody in particular")
        return self

    @property
    def usd_micros(self) -> int | None:
        return None if self.usd is None else round(self.usd * 1_000_000)
