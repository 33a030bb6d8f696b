"""What an administrator sets about money: prices of models, and budgets."""

from math import ceil
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

Whom = Literal["everybody", "person", "role", "prompt"]


class Price(BaseModel, frozen=True, extra="forbid"):
    """In US dollars for a million tokens. What a model spends on thinking costs as its answer does."""

    input: float = Field(ge=0, le=10_000, allow_inf_nan=False)
    output: float = Field(ge=0, le=10_000, allow_inf_nan=False)
    cached: float | None = Field(
        None, ge=0, le=10_000, allow_inf_nan=False, description="Of input that Google still knows; as input without it."
    )

    def usd_micros(self, *, prompt_tokens: int, answer_tokens: int, cached_tokens: int = 0) -> int:
        """Rounded up, so that many small calls are not free."""
        known = min(cached_tokens, prompt_tokens)
        cached = self.input if self.cached is None else self.cached
        return ceil((prompt_tokens - known) * self.input + known * cached + answer_tokens * self.output)


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
