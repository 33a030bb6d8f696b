"""Answers with originals in place of pseudonyms, for whoever may see those; what is kept of a run has pseudonyms only."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from nexus.accounts.spec import Permission, User, require
from nexus.errors import NexusError
from nexus.prompts import history
from nexus.prompts.markdown import plain
from nexus.prompts.request import PromptRun

_PSEUDONYM = re.compile(r"-[0-9a-f]{10}(?![0-9a-f])")


def known(*, reader: User, run: PromptRun) -> dict[str, str]:
    """By pseudonym, the original, for those in the answer that the reader's own rights show now; what cannot be asked stays as it is."""
    require(reader, Permission.SEE)
    if not any(block.masked for block in run.blocks) or not _PSEUDONYM.search(run.answer):
        return {}
    try:
        found = history.originals(reader=reader, run=run)
    except NexusError:
        return {}
    return {name: original for name, original in found.items() if name in run.answer}


def in_html(html: str, found: Mapping[str, str]) -> Markup:
    """`html` with originals in its text; each says on hover what Gemini was sent. Tags and their attributes stay as they are."""
    if not found:
        return Markup(html)  # noqa: S704 - as it was drawn
    named = {str(escape(name)): (name, original) for name, original in found.items()}
    wanted = re.compile("|".join(re.escape(name) for name in sorted(named, key=len, reverse=True)))

    def drawn(place: re.Match[str]) -> str:
        name, original = named[place.group()]
        return str(Markup('<span class="original" title="Sent as {}">{}</span>').format(name, plain(original)))

    parts = re.split(r"(<[^>]*>)", html)
    return Markup("".join(part if at % 2 else wanted.sub(drawn, part) for at, part in enumerate(parts)))  # noqa: S704 - escaped above
