"""Names that Postgres takes, made of what stands in files."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from nexus.imports.spec import MOST_COLUMNS, WrongTable

LONGEST = 63
"""Bytes of a name in Postgres."""
SYSTEM = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})


def name_of(text: str, otherwise: str) -> str:
    """A name in small letters, digits and `_`: `Größe (cm)` becomes `größe_cm`. `otherwise` where nothing is left."""
    plain = unicodedata.normalize("NFKC", text[:1000]).lower()
    name = re.sub(r"[\W_]+", "_", plain).strip("_")
    if name[:1].isdigit():
        name = f"_{name}"
    return fitted(name) or otherwise


def fitted(name: str, *, room: int = LONGEST) -> str:
    return name.encode()[:room].decode(errors="ignore").rstrip("_")


def unique(heads: Sequence[str]) -> list[str]:
    """A valid name for each head, none of them twice."""
    taken: set[str] = set(SYSTEM)
    names = []
    for number, head in enumerate(heads, start=1):
        name = wanted = name_of(head, f"column_{number}")
        count = 1
        while name in taken:
            count += 1
            end = f"_{count}"
            name = fitted(wanted, room=LONGEST - len(end)) + end
        taken.add(name)
        names.append(name)
    return names


def checked(name: str, *, what: str) -> str:
    """A name that a person typed. Raises WrongTable."""
    name = name.strip()
    if not name:
        raise WrongTable(f"Give {what} a name.")
    if len(name.encode(errors="replace")) > LONGEST:
        raise WrongTable(f"The name of {what} is longer than the {LONGEST} bytes that Postgres keeps. Shorten it.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise WrongTable(f"The name of {what} holds a control character. Type it again.")
    return name


def checked_columns(names: Iterable[str]) -> list[str]:
    """Raises WrongTable for a name that is missing, too long, taken by Postgres, or there twice."""
    found = [checked(name, what=f"column {number}") for number, name in enumerate(names, start=1)]
    if not found:
        raise WrongTable("A table has at least one column. Tick one.")
    if len(found) > MOST_COLUMNS:
        raise WrongTable(f"A table may have {MOST_COLUMNS:,} columns. Leave {len(found) - MOST_COLUMNS:,} out.")
    for name in found:
        if name in SYSTEM:
            raise WrongTable(f"Postgres keeps the name `{name}` for itself. Choose another for that column.")
        if found.count(name) > 1:
            raise WrongTable(f"Two columns are called `{name}`. Rename one of them.")
    return found
