"""Names of the columns of a result: any text, and perhaps the same twice."""

from collections.abc import Sequence

from nexus.sources.spec import Column


def unique_names(columns: Sequence[Column]) -> tuple[str, ...]:
    """Names that tell columns apart: a second `id` becomes `id (2)`."""
    names: dict[str, None] = {}
    for column in columns:
        name, count = column.name, 1
        while name in names:
            count += 1
            name = f"{column.name} ({count})"
        names[name] = None
    return tuple(names)
