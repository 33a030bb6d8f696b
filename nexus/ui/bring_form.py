"""The form of a file that becomes a table: how it is read, its columns, and how the first rows will look."""

from dataclasses import replace

import pyarrow as pa
import streamlit as st

from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.imports import names
from nexus.imports.cells import TYPES, Wrong, converter
from nexus.imports.csvfile import ENCODINGS
from nexus.imports.form import Choice, Form
from nexus.imports.spec import FileLook, Layout, WrongTable
from nexus.imports.store import Upload
from nexus.sources import writer
from nexus.ui.forms import plain, sentence

COLUMNS_A_PAGE = 25
TYPE_NAMES = {
    "text": "text",
    "bigint": "whole number",
    "numeric": "number, exact",
    "double precision": "number, rough",
    "boolean": "true or false",
    "date": "date",
    "timestamp": "date and time",
    "timestamptz": "moment, with zone",
    "uuid": "uuid",
    "jsonb": "json",
    "bytea": "binary",
}
RIGHT = frozenset({"bigint", "numeric", "double precision"})
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
QUOTES = {'"': 'double "', "'": "single '", "": "none"}
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a mark",
    "utf-16": "UTF-16",
    "cp1252": "Windows, Western (cp1252)",
    "latin-1": "Latin 1",
}
DATES = {"dmy": "day/month/year", "mdy": "month/day/year"}


# --- how it is read ----------------------------------------------------------------------------------------


def draw_layout(upload_id: int, found: FileLook, form: Form) -> None:
    """What a person may choose of it; a change reads the file again."""
    layout = found.layout
    if found.either_dates and "dates" not in form.given:
        st.warning(
            f"Dates such as 3/4/2024 read both ways. They are read as {DATES[layout.dates]}; choose the other under “How it is read”.",
            icon=":material/warning:",
        )
    if layout.kind == "parquet":
        return
    with st.expander(f"How it is read: {_said(layout)}", icon=":material/tune:"), st.form(f"bring-layout-{upload_id}", border=False):
        with st.container(horizontal=True):
            given = _csv_fields(layout) if layout.kind == "csv" else _sheet_field(found)
            given["header"] = st.checkbox("The first row holds the names", layout.header)
        with st.container(horizontal=True):
            given["decimal"] = _pick("Decimal sign", {".": "point", ",": "comma"}, layout.decimal)
            given["dates"] = _pick("Dates with slashes", DATES, layout.dates)
            nulls = st.text_input(
                "Words that mean empty", " ".join(layout.nulls), width=200, help="By spaces. They stay as they are in text columns."
            )
        given["nulls"] = tuple(nulls.split()[:20])
        again = st.form_submit_button("Read it again")
    if again:
        before = {name: getattr(layout, name) for name in given}
        # What was not changed is found out anew: with another delimiter the head may be another, too.
        changed = {name: value for name, value in given.items() if value != before[name]}
        st.session_state[f"bring-given-{upload_id}"] = form.given | changed
        st.rerun()


def _said(layout: Layout) -> str:
    head = "with a head" if layout.header else "without a head"
    if layout.kind == "xlsx":
        return f"sheet {plain(layout.sheet)}, {head}"
    return f"{ENCODING_NAMES[layout.encoding]}, cells parted by {DELIMITERS.get(layout.delimiter, layout.delimiter)}, {head}"


def _pick(label: str, options: dict[str, str], value: str) -> str:
    values = list(options)
    return st.selectbox(label, values, index=values.index(value) if value in values else 0, format_func=options.__getitem__, width=200)


def _csv_fields(layout: Layout) -> dict[str, object]:
    return {
        "encoding": _pick("Encoding", {name: ENCODING_NAMES[name] for name in ENCODINGS}, layout.encoding),
        "delimiter": _pick("Cells are parted by", DELIMITERS, layout.delimiter),
        "quote": _pick("Quotes", QUOTES, layout.quote),
    }


def _sheet_field(found: FileLook) -> dict[str, object]:
    sheets = list(found.sheets)
    index = sheets.index(found.layout.sheet) if found.layout.sheet in sheets else 0
    return {"sheet": st.selectbox("Sheet", sheets, index=index, width=240)}


# --- the table ---------------------------------------------------------------------------------------------


def draw_table(user: User, upload: Upload, found: FileLook, form: Form) -> Form:
    """The form as it is after what the person changed."""
    scope = f"bring-{upload.id}-{hash((found.layout, len(found.columns)))}"
    form = _draw_name(user, upload, form, scope)
    st.subheader("Columns", anchor=False)
    choices = list(form.choices)
    first = 0
    if len(choices) > COLUMNS_A_PAGE:
        pages = -(-len(choices) // COLUMNS_A_PAGE)
        first = (st.pagination(pages, key=f"{scope}-page") - 1) * COLUMNS_A_PAGE
    for at in range(first, min(len(choices), first + COLUMNS_A_PAGE)):
        choices[at] = _draw_column(at, choices[at], found, scope)
    form = replace(form, choices=tuple(choices))
    named = [choice.name for choice in choices if choice.taken]
    key = st.multiselect(
        "Primary key",
        list(dict.fromkeys(named)),
        default=[name for name in form.key if name in named],
        key=f"{scope}-key-{hash(tuple(named))}",
        placeholder="None",
        help="Columns that tell the rows apart: no cell empty, no two rows the same.",
        select_all=False,  # Enter takes the one that was typed
    )
    form = replace(form, key=tuple(key))
    _draw_preview(found, form)
    return form


def _draw_name(user: User, upload: Upload, form: Form, scope: str) -> Form:
    try:
        schemas = writer.writable_schemas(user=user, name=upload.source)
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return form
    usable = [schema.name for schema in schemas if schema.readable]
    if not usable:
        st.warning(
            "There is no schema where the writing role may make tables and the reading role may see them. An administrator tests the writing role in Settings, under Sources.",
            icon=":material/warning:",
        )
        return form
    with st.container(horizontal=True):
        index = usable.index(form.schema) if form.schema in usable else 0
        schema = st.selectbox("Schema", usable, index=index, key=f"{scope}-schema", width=200)
        name = st.text_input("Table", form.name, key=f"{scope}-name", max_chars=63, width=300)
        comment = st.text_input(
            "Comment", form.comment, key=f"{scope}-comment", max_chars=2_000, placeholder="What the rows are; may stay empty"
        )
    return replace(form, schema=schema, name=(name or "").strip(), comment=comment or "")


def _draw_column(at: int, choice: Choice, found: FileLook, scope: str) -> Choice:
    label = f"{plain(choice.head[:60]) or f'Column {at + 1}'}"
    taken, name, type_, example = st.columns([3, 3, 2, 3], vertical_alignment="center", gap="small")
    with taken:
        is_taken = st.checkbox(label, choice.taken, key=f"{scope}-take-{at}", help="Take it into the table" if at == 0 else None)
    with name:
        named = st.text_input(
            f"Name of column {at + 1}",
            choice.name,
            key=f"{scope}-name-{at}",
            max_chars=63,
            disabled=not is_taken,
            label_visibility="collapsed",
        )
    with type_:
        index = TYPES.index(choice.type) if choice.type in TYPES else 0
        typed = st.selectbox(
            f"Type of column {at + 1}",
            TYPES,
            index=index,
            format_func=TYPE_NAMES.__getitem__,
            key=f"{scope}-type-{at}",
            disabled=not is_taken,
            label_visibility="collapsed",
        )
    with example:
        seen = [cell for row in found.sample[:20] if (cell := row[at])][:3]
        st.caption(plain(", ".join(cell[:24] for cell in seen)) or "empty in the first rows")
    return replace(choice, taken=is_taken, name=(named or "").strip(), type=typed)


# --- preview -----------------------------------------------------------------------------------------------


def _draw_preview(found: FileLook, form: Form) -> None:
    taken = [(at, choice) for at, choice in enumerate(form.choices) if choice.taken]
    try:
        named = names.checked_columns(choice.name for _, choice in taken)
    except WrongTable as error:
        st.warning(sentence(error.message), icon=":material/warning:")
        return
    columns, wrong = [], 0
    for at, choice in taken:
        cells, mistakes = _shown([row[at] for row in found.sample], choice.type, found.layout)
        columns.append(cells)
        wrong += mistakes
    st.subheader("As it will be", anchor=False)
    st.dataframe(
        pa.table([pa.array(cells, pa.string()) for cells in columns], names=named),
        height=min(420, 38 + 28 * max(1, len(found.sample))),
        row_height=28,
        column_config={
            name: st.column_config.TextColumn(f"{name} · {TYPE_NAMES[choice.type]}", alignment="right" if choice.type in RIGHT else "left")
            for name, (_, choice) in zip(named, taken, strict=True)
        },
        placeholder="",
        alt="The first rows of the new table",
    )
    said = f"The first {len(found.sample)} of {found.rows:,} rows." if found.rows > len(found.sample) else ""
    if wrong:
        said += f" {wrong:,} {'cell does' if wrong == 1 else 'cells do'} not fit, marked ⚠. Choose another type for the column."
    if said:
        st.caption(said.strip())


def _shown(cells: list[str | None], type_: str, layout: Layout) -> tuple[list[str | None], int]:
    """The cells as the table will have them, and how many do not fit."""
    convert, shown, wrong = converter(type_, layout), list[str | None](), 0
    as_is = type_ in ("text", "jsonb", "bytea")
    for cell in cells:
        if cell is None or (type_ != "text" and (not cell.strip() or cell in layout.nulls)):
            shown.append(None)
        elif cell.endswith("…") and as_is:
            shown.append(cell)
        else:
            try:
                value = convert(cell)
                shown.append(cell if as_is else {"t": "true", "f": "false"}.get(value, value) if type_ == "boolean" else value)
            except Wrong:
                wrong += 1
                shown.append(f"⚠ {cell}")
    return shown, wrong
