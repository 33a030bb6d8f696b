"""What may leave of a source's columns for a model: rules on their names, of which the strictest wins."""

from fnmatch import fnmatchcase
from typing import Literal, get_args

from pydantic import BaseModel, Field

Rule = Literal["send", "mask", "aggregate only", "never"]
"""What may leave of a column: as it is, as a stable pseudonym, only inside summary statistics, or not at all."""

RULES: tuple[Rule, ...] = get_args(Rule)
"""The laxest first."""

EVERY = "*"
"""In place of a column's name: the whole row of its table."""


class ColumnRule(BaseModel, frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True):
    """A rule for the columns whose names fit: `*` stands for any characters, `?` for one; small and capital letters are the same."""

    db_schema: str = Field("*", alias="schema", min_length=1, max_length=63)
    table: str = Field("*", min_length=1, max_length=63)
    column: str = Field(min_length=1, max_length=63)
    rule: Rule

    @property
    def pattern(self) -> str:
        return f"{self.db_schema}.{self.table}.{self.column}"

    def fits(self, *, schema: str | None, table: str, column: str) -> bool:
        """A schema that is not known may be any, and the column `*` stands for all that the table has."""
        here = _fits(self.table, table) and (schema is None or _fits(self.db_schema, schema))
        return here and (column == EVERY or _fits(self.column, column))


class Ruled(BaseModel, frozen=True):
    """The rule that holds for a column, and whose it is: a phrase, empty for what may be sent anyway."""

    rule: Rule = "send"
    because: str = ""


SENT = Ruled()


def strictest(*found: Ruled) -> Ruled:
    """The first of the strictest; without any the column is sent."""
    return max((SENT, *found), key=lambda one: RULES.index(one.rule))


def among(rules: tuple[ColumnRule, ...], *, schema: str | None, table: str, column: str) -> Ruled:
    """What `rules` say of a column, or with `*` of the strictest one of its table."""
    fitting = (one for one in rules if one.fits(schema=schema, table=table, column=column))
    return strictest(*(Ruled(rule=one.rule, because=f"the source's rule for {one.pattern}") for one in fitting if one.rule != "send"))


def _fits(pattern: str, name: str) -> bool:
    # A bracket means itself here.
    return fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))
