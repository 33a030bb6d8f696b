"""Answers with originals in place of pseudonyms, for whoever may see those; what is kept of a run has pseudonyms only."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts.data import pseudonym
from nexus.prompts.markdown import plain
from nexus.prompts.request import BlockSent, ChosenFrom, PromptRun
from nexus.sources.spec import Table
from nexus.views import service as views
from nexus.views import values as typed

_PSEUDONYM = re.compile(r"-[0-9a-f]{10}(?![0-9a-f])")


def known(*, reader: User, run: PromptRun) -> dict[str, str]:
    """By pseudonym, the original, for those in the answer and the values that the reader's own rights show now.

    What cannot be asked stays as it is.
    """
    require(reader, Permission.SEE)
    return Lookup(reader).of(run)


@dataclass
class Lookup:
    """Of many runs, with one reader's rights: no data is asked twice."""

    reader: User
    _asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, run: PromptRun) -> dict[str, str]:
        """As `known`."""
        found = self.chosen(run)
        if any(block.masked for block in run.blocks) and _PSEUDONYM.search(run.answer):
            for block in run.blocks:
                found |= self._of_block(block, found) if block.masked else {}
        said = {text for texts in run.variables.values() for text in texts}
        return {name: original for name, original in found.items() if name in run.answer or name in said}

    def chosen(self, run: PromptRun) -> dict[str, str]:
        """Of the values that were chosen, whether the answer says them or not."""
        found: dict[str, str] = {}
        for origin in run.masked.values():
            found |= self._once(origin.model_dump_json(), lambda origin=origin: self._of_choices(origin))
        return found

    def _once(self, key: str, ask: Any) -> dict[str, str]:
        if key not in self._asked:
            try:
                self._asked[key] = ask()
            except NexusError:
                self._asked[key] = {}
        return self._asked[key]

    def _of_choices(self, origin: ChosenFrom) -> dict[str, str]:
        with transaction() as session:
            opened = views.find_view(session, reader=self.reader, name=origin.view)
        table = views.ask(opened, reader=self.reader, values={}, max_rows=typed.MOST_CHOICES, purpose="choices")
        return _of_column(table, table.position(origin.column), origin.column)

    def _of_block(self, block: BlockSent, chosen: Mapping[str, str]) -> dict[str, str]:
        parameters = {name: in_texts(texts, chosen) for name, texts in block.parameters.items()}
        return self._once(f"{block.view} {block.rows} {block.masked} {parameters}", lambda: self._of_rows(block, parameters))

    def _of_rows(self, block: BlockSent, parameters: Mapping[str, list[str]]) -> dict[str, str]:
        with transaction() as session:
            opened = views.find_view(session, reader=self.reader, name=block.view)
        values = typed.parse(opened.view.parameters, parameters)
        table = views.ask(opened, reader=self.reader, values=values, max_rows=max(1, block.rows), purpose="prompt")
        found: dict[str, str] = {}
        for at, column in enumerate(table.columns):
            if column.name in block.masked:
                found |= _of_column(table, at, column.name)
        return found


def _of_column(table: Table, at: int, name: str) -> dict[str, str]:
    return {pseudonym(name, row[at]): str(row[at]) for row in table.rows if row[at] is not None}


def in_texts(texts: Sequence[str], found: Mapping[str, str]) -> list[str]:
    """Values as they were chosen, as far as their originals are known."""
    return [found.get(text, text) for text in texts]


def in_text(text: str, found: Mapping[str, str]) -> str:
    """`text` with originals in place of the pseudonyms that are known, the longest first."""
    return _wanted(found).sub(lambda name: plain(found[name.group()]), text) if found else text


def in_table(table: Table, found: Mapping[str, str]) -> Table:
    """The rows of a structured answer with originals in its texts."""
    if not found:
        return table
    rows = [tuple(in_text(value, found) if isinstance(value, str) else value for value in row) for row in table.rows]
    return table.model_copy(update={"rows": rows})


def in_html(html: str, found: Mapping[str, str]) -> Markup:
    """`html` with originals in its text; each says on hover what Gemini was sent. Tags and their attributes stay as they are."""
    if not found:
        return Markup(html)  # noqa: S704 - as it was drawn
    named = {str(escape(name)): (name, original) for name, original in found.items()}
    wanted = _wanted(named)

    def drawn(place: re.Match[str]) -> str:
        name, original = named[place.group()]
        return str(Markup('<span class="original" title="Sent as {}">{}</span>').format(name, plain(original)))

    parts = re.split(r"(<[^>]*>)", html)
    return Markup("".join(part if at % 2 else wanted.sub(drawn, part) for at, part in enumerate(parts)))  # noqa: S704 - escaped above


def _wanted(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
