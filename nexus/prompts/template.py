"""Templates: `{{ name }}` stands for a variable or a data block, and is replaced once."""

import re
from collections.abc import Iterable, Mapping

from nexus.errors import BadInput

_PLACE = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_]{0,62})\s*\}\}", re.ASCII)


def names(template: str) -> tuple[str, ...]:
    """The names that the template uses, in order, each once."""
    return tuple(dict.fromkeys(_PLACE.findall(template)))


def unknown(template: str, known: Iterable[str]) -> str | None:
    """The first name that the template uses and nobody has."""
    there = set(known)
    return next((name for name in names(template) if name not in there), None)


def fill(template: str, texts: Mapping[str, str]) -> str:
    """The template with its texts. A text that holds `{{ … }}` itself stays as it is. Raises BadInput for an unknown name."""
    if missing := unknown(template, texts):
        raise BadInput(f"The template uses `{missing}`, but the prompt has no variable or data block of that name.")
    return _PLACE.sub(lambda place: texts[place.group(1)], template)
