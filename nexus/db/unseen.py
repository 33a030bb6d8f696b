"""What a spec names and its reader may not see. `stand_ins` takes it out of what they read."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text

from nexus.db.session import Session
from nexus.db.sharing import Kind, Reader, seen_by, values

KINDS: tuple[Kind, ...] = ("view", "dashboard", "prompt")
NAMED: Mapping[Kind, tuple[Kind, ...]] = {"view": ("view",), "prompt": ("view",), "dashboard": KINDS}
"""What a spec of each kind can name."""


class Unseen(BaseModel, frozen=True):
    """One thing that is there, and not for the reader. `titles` are those of all its versions."""

    kind: Kind
    id: int
    name: str
    titles: tuple[str, ...] = ()

    @property
    def stand_in(self) -> str:
        return f"hidden-{self.kind}-{self.id}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What it is known by, also as names are made of titles; in small letters, the longest first."""
        titles = [title.casefold().strip() for title in self.titles]
        slugs = [re.sub(r"[^a-z0-9]+", "-", title).strip("-") for title in titles]
        return tuple(sorted({self.name, *titles, *slugs} - {""}, key=len, reverse=True))

    def told_by(self, words: object) -> bool:
        """Whether somebody could read from `words` what it is."""
        said = str(words or "").casefold()
        return any(secret in said for secret in self.secrets)

    def veiled(self, name: str) -> str:
        """A name of small letters without what tells it."""
        for secret in self.secrets:
            name = name.replace(secret, "\0")
        return name.replace("\0", self.stand_in)[:63].strip("-")


def among(spec: str, of: Kind = "dashboard") -> str:
    """SQL: as JSON, what the JSON `spec` of this kind names and `:reader` of `:reader_role` may not see, archived or not. Null for nothing; `read` reads it."""
    found = " union all ".join(
        f"""select '{kind}' as kind, kept.id, kept.name,
            (select jsonb_agg(distinct told.spec ->> 'title') from nexus.{kind}_versions as told where told.kept_id = kept.id) as titles
        from nexus.{kind}s as kept
        where cast(:reader_role as text) <> 'admin' and not {seen_by(kind, "kept")}
            and kept.name in (select named #>> '{{}}' from jsonb_path_query({spec}, '$.**.{kind}', '{{}}', true) as named)"""
        for kind in NAMED[of]
    )
    return f"(select jsonb_agg(to_jsonb(kept_from_reader)) from ({found}) as kept_from_reader)"


_AMONG = text(f"select {among('cast(:spec as jsonb)')}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_IN_YAML = re.compile(rf"({'|'.join(KINDS)})\s*[\"']?\s*:\s*[\"']?({_NAME.pattern})")


def find(session: Session, *, reader: Reader, contents: Iterable[Any]) -> tuple[Unseen, ...]:
    """What specs that are in no table name, and the reader may not see. A text in them may be YAML with a mistake in it."""
    named = [{kind: name} for kind, name in sorted({pair for content in contents for pair in _pairs(content)})]
    if not named:
        return ()
    return read(session.execute(_AMONG, {"spec": json.dumps(named), **values(reader)}).scalar())


def _pairs(content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        yield from ((kind, name) for kind in KINDS if isinstance(name := content.get(kind), str) and _NAME.fullmatch(name))
        yield from _IN_YAML.findall(str(content.get("yaml") or ""))
    for held in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _pairs(held)


def read(rows: Sequence[Mapping[str, Any]] | None) -> tuple[Unseen, ...]:
    """What `among` found."""
    return tuple(Unseen(**{**row, "titles": [title for title in row["titles"] or () if title]}) for row in rows or ())
