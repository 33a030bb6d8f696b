"""What a person chooses for the table that a file becomes."""

from dataclasses import dataclass, field
from typing import Any

from nexus.imports import names
from nexus.imports.cells import TYPES
from nexus.imports.spec import FileLook, WrongTable
from nexus.sources.loading import NewColumn, NewTable

MOST_COMMENT = 2_000


@dataclass(frozen=True)
class Choice:
    """About one column of the file: the name and type of the table's, or that it is left out. `head` is the file's own."""

    head: str
    name: str
    type: str
    taken: bool = True


@dataclass(frozen=True)
class Form:
    """`given` are the fields of the file's layout that the person chose; the others were found out."""

    choices: tuple[Choice, ...]
    name: str
    schema: str = ""
    key: tuple[str, ...] = ()
    comment: str = ""
    given: dict[str, Any] = field(default_factory=dict)


def form_of(raw: dict[str, Any]) -> Form:
    return Form(**(raw | {"choices": tuple(Choice(**choice) for choice in raw["choices"]), "key": tuple(raw["key"])}))


def suggested(found: FileLook, *, given: dict[str, Any], filename: str, former: dict[str, Any] | None) -> Form:
    """A form with what the file proposes. Where it was read before, names and what is left out stay with their columns."""
    choices = tuple(Choice(head=column.head, name=column.name, type=column.type) for column in found.columns)
    if former is None:
        return Form(choices=choices, name=table_name(filename), given=given)
    before = form_of(former)
    if [choice.head for choice in before.choices] == [choice.head for choice in choices]:
        choices = tuple(
            Choice(head=choice.head, name=kept.name, type=choice.type, taken=kept.taken)
            for choice, kept in zip(choices, before.choices, strict=True)
        )
    present = {choice.name for choice in choices if choice.taken}
    key = tuple(name for name in before.key if name in present)
    return Form(choices=choices, name=before.name, schema=before.schema, key=key, comment=before.comment, given=given)


def table_name(filename: str) -> str:
    """`Größe 2024.CSV` becomes `größe_2024`."""
    return names.name_of(filename.rpartition(".")[0] or filename, "new_table")


def new_table(form: Form) -> NewTable:
    """The table that was asked for. Raises WrongTable."""
    taken = [choice for choice in form.choices if choice.taken]
    columns = names.checked_columns(choice.name for choice in taken)
    for choice in taken:
        if choice.type not in TYPES:
            raise WrongTable(f"The column `{choice.name}` has no type of the list. Choose one.")
    for part in form.key:
        if part not in columns:
            raise WrongTable(f"The key names the column `{part}`, which the table does not have. Choose again.")
    if len(form.comment) > MOST_COMMENT or "\0" in form.comment:
        raise WrongTable(f"A comment has at most {MOST_COMMENT:,} characters. Shorten it.")
    return NewTable(
        schema=names.checked(form.schema, what="the schema"),
        name=names.checked(form.name, what="the table"),
        columns=tuple(NewColumn(column, choice.type) for column, choice in zip(columns, taken, strict=True)),
        key=form.key,
        comment=form.comment.strip(),
    )
