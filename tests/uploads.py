"""Files of the tests on their way to become tables."""

import hashlib
import io
import zipfile
from dataclasses import replace
from html import escape

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.imports import service
from nexus.imports.spec import FileLook, Outcome
from nexus.sources import run, writer
from nexus.sources import service as sources
from nexus.sources.spec import Query

CHUNK = 1024 * 1024


def uploaded(user: User, content: bytes, *, filename: str = "file.csv", source: str = "sample") -> int:
    """Id of a whole upload with this content, as the route would have left it."""
    with transaction() as session:
        id_ = service.begin_upload(session, user=user, source=source, filename=filename)
        for position, at in enumerate(range(0, len(content), CHUNK)):
            service.add_chunk(session, user=user, upload_id=id_, position=position, content=content[at : at + CHUNK])
        service.complete_upload(session, user=user, upload_id=id_, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    return id_


def make_writer(admin: User) -> None:
    """A writing role for the sample, which may make tables in the schema `files`."""
    with transaction() as session:
        writer.make_writer(session, user=admin, name="sample")


def looked(user: User, content: bytes, *, filename: str = "file.csv", **given) -> tuple[int, FileLook]:
    """A new upload, and what is found in it."""
    id_ = uploaded(user, content, filename=filename)
    return id_, service.look(user=user, upload_id=id_, given=given)


def chosen(user: User, id_: int, *, types: dict[str, str] | None = None, **more) -> int:
    """The upload, with what a person changed in its form."""
    with transaction() as session:
        _, _, form = service.open_file(session, reader=user, upload_id=id_)
        choices = tuple(replace(choice, type=(types or {}).get(choice.name, choice.type)) for choice in form.choices)
        changed = {"schema": "files", "name": "things", "choices": choices} | more
        service.keep_form(session, user=user, upload_id=id_, form=replace(form, **changed))
    return id_


def brought(user: User, content: bytes, *, given: dict | None = None, **more) -> Outcome:
    """What comes of a file that is brought in as it is proposed, but for `more`."""
    id_, _ = looked(user, content, **(given or {}))
    return service.bring_in(user=user, upload_id=chosen(user, id_, **more))


def rows_of(user: User, table: str = "things", columns: str = "*") -> list[tuple]:
    with transaction() as session:
        source = sources.find(session, reader=user, name="sample")
    return run.run(source, query=Query(source="sample", sql=f'select {columns} from files."{table}" order by 1'), reader=user).rows


def cell(reference: str, value: str = "", *, kind: str = "", style: int = 0, formula: str = "") -> str:
    inner = (f"<f>{escape(formula)}</f>" if formula else "") + (f"<is><t>{value}</t></is>" if kind == "inlineStr" else f"<v>{value}</v>")
    return f'<c r="{reference}" s="{style}"{f" t={chr(34)}{kind}{chr(34)}" if kind else ""}>{inner}</c>'


def workbook(*rows: str, texts: tuple[str, ...] = (), from_1904: bool = False, sheets: tuple[str, ...] = ("First",), **parts: str) -> bytes:
    """A workbook as Excel would write it, of rows of `cell`s; the styles are 0 plain, 1 a date, 2 a moment, 3 a time.

    `parts` replace whole parts by their short name, as `styles`.
    """
    names = {
        "workbook": "xl/workbook.xml",
        "styles": "xl/styles.xml",
        "shared": "xl/sharedStrings.xml",
        "sheet1": "xl/worksheets/sheet1.xml",
    }
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(sheets, 1))
    related = "".join(
        f'<Relationship Id="rId{at}" Type="http://x/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in range(1, len(sheets) + 1)
    )
    files = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns:r="r"><workbookPr date1904="{int(from_1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="20"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f"<sst>{''.join(f'<si><t>{text}</t></si>' for text in texts)}</sst>",
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{''.join(rows)}</sheetData></worksheet>",
    }
    for at in range(2, len(sheets) + 1):
        files[f"xl/worksheets/sheet{at}.xml"] = (
            f"<worksheet><sheetData><row r='1'>{cell('A1', 'other', kind='inlineStr')}</row></sheetData></worksheet>"
        )
    files |= {names[name]: content for name, content in parts.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def heads(*names: str) -> str:
    return row(1, *(cell(f"{chr(65 + at)}1", name, kind="inlineStr") for at, name in enumerate(names)))
