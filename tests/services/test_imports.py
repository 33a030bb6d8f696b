"""Files become tables: what is found in them, what is wrong with them, and all or nothing."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from nexus.db.session import transaction
from nexus.db.tables import AuditRow, UploadChunkRow, UploadRow
from nexus.imports import service
from nexus.sources import catalog, run, writer
from nexus.sources import service as sources
from nexus.sources.spec import Query
from tests.uploads import uploaded


@pytest.fixture
def files(sample_database, admin):
    """The sample has a writing role, for the schema `files`."""
    with transaction() as session:
        writer.make_writer(session, user=admin, name="sample")


def looked(user, content, **given):
    id_ = uploaded(user, content)
    return id_, service.look(user=user, upload_id=id_, given=given)


def chosen(user, id_, *, types=None, **more):
    """The form of an upload, with what a person changed in it."""
    with transaction() as session:
        _, _, form = service.open_file(session, reader=user, upload_id=id_)
        choices = tuple(replace(choice, type=(types or {}).get(choice.name, choice.type)) for choice in form.choices)
        service.keep_form(
            session, user=user, upload_id=id_, form=replace(form, **{"schema": "files", "name": "things", "choices": choices} | more)
        )
    return id_


def brought(user, content, *, given=None, **more):
    id_, _ = looked(user, content, **(given or {}))
    return service.bring_in(user=user, upload_id=chosen(user, id_, **more))


def rows_of(user, table="things", columns="*"):
    with transaction() as session:
        source = sources.find(session, reader=user, name="sample")
    return run.run(source, query=Query(source="sample", sql=f'select {columns} from files."{table}" order by 1'), reader=user).rows


def left():
    with transaction() as session:
        return len(session.execute(select(UploadRow)).all()), len(session.execute(select(UploadChunkRow.position)).all())


def test_a_file_becomes_a_table_that_the_source_reads(files, analyst):
    content = b'id,name,price,born,ok\n1,Ana,1.50,2001-02-03,yes\n2,"B, o",,1999-12-31,no\n'
    outcome = brought(analyst, content, key=("id",), comment="What we sell")
    assert (outcome.rows, outcome.problem_count) == (2, 0)
    assert [[str(value) for value in row] for row in rows_of(analyst)] == [
        ["1", "Ana", "1.50", "2001-02-03", "True"],
        ["2", "B, o", "None", "1999-12-31", "False"],
    ]
    with transaction() as session:
        source = sources.find(session, reader=analyst, name="sample")
    table = catalog.find_table(source, reader=analyst, schema="files", name="things")
    assert [(column.name, column.type_name, column.key) for column in table.columns] == [
        ("id", "bigint", True),
        ("name", "text", False),
        ("price", "numeric", False),
        ("born", "date", False),
        ("ok", "boolean", False),
    ]
    assert (table.comment, table.estimated_rows) == ("What we sell", 2)
    assert left() == (0, 0)
    with transaction() as session:
        (entry,) = session.execute(select(AuditRow).where(AuditRow.what == "table.brought_in")).scalars()
    assert (entry.user_id, entry.detail["table"], entry.detail["rows"]) == (analyst.id, "files.things", 2)
