"""Files become tables by a source's writing role: all or nothing, for those who may, and nothing is lost on the way."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from nexus.accounts.spec import Role
from nexus.db import encrypted
from nexus.db import session as own
from nexus.db.session import transaction
from nexus.db.tables import AuditRow, UploadChunkRow, UploadRow
from nexus.errors import BadInput, NotAllowed
from nexus.imports import service
from nexus.imports.spec import TooManyUploads, UploadBroken, UploadNotFound, WrongTable
from nexus.sources import catalog, writer
from nexus.sources import service as sources
from nexus.sources import store as sources_store
from nexus.sources.address import own_role
from nexus.sources.loading import NotLoaded, TableExists
from nexus.sources.writer import NoWriter
from tests.server import until
from tests.uploads import brought, chosen, looked, make_writer, rows_of, uploaded


@pytest.fixture
def files(sample_database, admin):
    """The sample has a writing role, for the schema `files`."""
    make_writer(admin)


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


def test_what_was_typed_and_found_is_there_after_a_reload(files, analyst):
    id_, found = looked(analyst, b"id;x\n1;2,5\n")
    chosen(analyst, id_, name="Kept Name")
    with transaction() as session:
        _, again, form = service.open_file(session, reader=analyst, upload_id=id_)
    assert again == found
    assert (form.name, [choice.type for choice in form.choices]) == ("Kept Name", ["bigint", "numeric"])


def test_one_wrong_cell_leaves_nothing_and_every_wrong_cell_is_counted(files, analyst):
    content = b"id,price\n" + b"".join(
        b"%d,%s\n" % (number, b"12,5x".join([b'"', b'"']) if number % 3 == 0 else b"1.5") for number in range(1, 400)
    )
    id_, _ = looked(analyst, content)
    outcome = service.bring_in(user=analyst, upload_id=chosen(analyst, id_, types={"price": "numeric"}))
    assert (outcome.problem_count, len(outcome.problems), outcome.rows) == (133, 100, 399)
    assert outcome.problems[0].sentence == "Row 4, column `price`: “12,5x” is not a number."
    with pytest.raises(BadInput, match=r"files\.things"):
        rows_of(analyst)
    assert service.bring_in(user=analyst, upload_id=chosen(analyst, id_, types={"price": "text"})).rows == 399
    assert len(rows_of(analyst)) == 399


def test_a_name_that_is_taken_is_a_sentence_and_the_file_stays(files, analyst):
    brought(analyst, b"a\n1\n")
    id_, _ = looked(analyst, b"a\n2\n")
    with pytest.raises(TableExists, match="Choose another name"):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_))
    assert rows_of(analyst) == [(1,)]
    assert service.bring_in(user=analyst, upload_id=chosen(analyst, id_, name="others")).rows == 1


@pytest.mark.parametrize(("ends", "sentence"), [(True, "There is a table"), (False, "at this moment")], ids=["made", "being made"])
def test_of_two_who_make_one_table_at_once_the_second_is_told_so(files, analyst, postgres, ends, sentence):
    id_, _ = looked(analyst, b"a\n2\n")
    chosen(analyst, id_)
    with postgres.superuser(own.engine().url.database) as other, postgres.superuser() as looking, ThreadPoolExecutor() as pool:
        other.execute("begin; create table files.things (a int)")
        second = pool.submit(service.bring_in, user=analyst, upload_id=id_)
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'create table%%' and datname = %s"

        def waits() -> bool:
            looking.execute(waiting, (own.engine().url.database,))
            return looking.fetchone()[0] > 0

        until(waits, what="the second one's table")
        if ends:
            other.execute("commit")
        with pytest.raises(TableExists, match=sentence):
            second.result(30)
        other.execute("commit")


def test_a_key_that_is_not_one_leaves_nothing(files, analyst):
    id_, _ = looked(analyst, b"id,x\n1,a\n1,b\n")
    with pytest.raises(NotLoaded, match=r"`id` “1” is there more than once"):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_, key=("id",)))
    id_, _ = looked(analyst, b"id,x\n1,a\n,b\n")
    with pytest.raises(NotLoaded, match="empty cells"):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_, key=("id",)))
    with pytest.raises(BadInput):
        rows_of(analyst)


def test_stopping_in_the_middle_leaves_nothing(files, analyst):
    class Stopped(BaseException):
        pass

    def stop(_progress):
        raise Stopped

    id_, _ = looked(analyst, b"a\n" + b"1\n" * 50_000)
    with pytest.raises(Stopped):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_), progress=stop)
    with pytest.raises(BadInput, match=r"files\.things"):
        rows_of(analyst)
    assert service.bring_in(user=analyst, upload_id=id_).rows == 50_000


def test_columns_that_are_left_out_are_not_there(files, analyst):
    id_, _ = looked(analyst, b"a,b,c\n1,x,2\n")
    with transaction() as session:
        _, _, form = service.open_file(session, reader=analyst, upload_id=id_)
    choices = (form.choices[0], replace(form.choices[1], taken=False), replace(form.choices[2], name='see "<b>𝄞'))
    service.bring_in(user=analyst, upload_id=chosen(analyst, id_, choices=choices))
    with transaction() as session:
        source = sources.find(session, reader=analyst, name="sample")
    table = catalog.find_table(source, reader=analyst, schema="files", name="things")
    assert [column.name for column in table.columns] == ["a", 'see "<b>𝄞']


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Give the table a name"),
        ({"name": "x" * 64}, "longer than the 63 bytes"),
        ({"name": "a\nb"}, "control character"),
        ({"schema": ""}, "Give the schema a name"),
        ({"key": ("nothing",)}, "does not have"),
        ({"comment": "x" * 2_001}, "at most 2,000"),
        ({"types": {"a": "money"}}, "no type of the list"),
        ({"types": {"a": "text); drop table nexus.users; --"}}, "no type of the list"),
    ],
)
def test_a_table_that_cannot_be_is_a_sentence(files, analyst, changes, sentence):
    id_, _ = looked(analyst, b"a,b\n1,2\n")
    with pytest.raises(WrongTable, match=sentence):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_, **changes))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [(("a", "a"), "Two columns"), (("ctid", "b"), "for itself"), (("", "b"), "Give column 1 a name"), (("é" * 32, "b"), "longer")],
)
def test_column_names_that_cannot_be_are_a_sentence(files, analyst, names, sentence):
    id_, _ = looked(analyst, b"a,b\n1,2\n")
    with transaction() as session:
        _, _, form = service.open_file(session, reader=analyst, upload_id=id_)
    choices = tuple(replace(choice, name=name) for choice, name in zip(form.choices, names, strict=True))
    with pytest.raises(WrongTable, match=sentence):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_, choices=choices))


@pytest.mark.parametrize("schema", ["sample", "nexus", "public", "pg_catalog", "gone", 'files"; drop schema files; --'])
def test_only_schemas_that_the_writing_role_was_given_take_tables(files, analyst, schema):
    id_, _ = looked(analyst, b"a\n1\n")
    with pytest.raises(NotLoaded):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_, schema=schema))


# --- rights ---------------------------------------------------------------------------------------------------------


def test_viewers_bring_nothing_in(files, viewer, analyst):
    id_ = uploaded(analyst, b"a\n1\n")
    for deed in (
        lambda: uploaded(viewer, b"a\n1\n"),
        lambda: service.look(user=viewer, upload_id=id_, given={}),
        lambda: service.bring_in(user=viewer, upload_id=id_),
        lambda: writer.writable_schemas(user=viewer, name="sample"),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_somebody_elses_upload_is_not_there(files, analyst, make_user):
    id_, _ = looked(analyst, b"a\n1\n")
    other = make_user(Role.ANALYST)
    for deed in (
        lambda: service.look(user=other, upload_id=id_, given={}),
        lambda: service.bring_in(user=other, upload_id=id_),
        lambda: chosen(other, id_),
    ):
        with pytest.raises(UploadNotFound):
            deed()
    with transaction() as session:
        service.drop_upload(session, user=other, upload_id=id_)
        assert service.my_uploads(session, reader=other) == []
        assert [upload.id for upload in service.my_uploads(session, reader=analyst)] == [id_]
        with pytest.raises(UploadBroken):
            service.add_chunk(session, user=other, upload_id=id_, position=7, content=b"x")


def test_without_a_writing_role_nothing_is_taken(sample_database, analyst):
    with pytest.raises(NoWriter, match="administrator"):
        uploaded(analyst, b"a\n1\n")
    assert left() == (0, 0)


def test_a_person_keeps_five_files_and_old_ones_are_thrown_away(files, analyst, make_user):
    for _ in range(5):
        uploaded(analyst, b"a\n1\n")
    with pytest.raises(TooManyUploads):
        uploaded(analyst, b"a\n1\n")
    other = make_user(Role.ANALYST)
    uploaded(other, b"a\n1\n")
    with transaction() as session:
        session.connection().exec_driver_sql("update nexus.uploads set created_at = now() - interval '25 hours'")
    uploaded(analyst, b"a\n1\n")
    assert left() == (1, 1)


def test_an_upload_that_its_server_died_over_goes_after_an_hour(files, analyst):
    with transaction() as session:
        service.begin_upload(session, user=analyst, source="sample", filename="x.csv")
        session.connection().exec_driver_sql("update nexus.uploads set created_at = now() - interval '61 minutes'")
    uploaded(analyst, b"a\n1\n")
    assert left() == (1, 1)


# --- the writing role -----------------------------------------------------------------------------------------------


def test_the_writing_role_makes_tables_and_reads_nothing_of_nexus(files, admin, postgres):
    trial = writer.try_writer(user=admin, name="sample")
    assert (trial.schemas, trial.superuser, trial.warnings) == (("files",), False, ())
    with transaction() as session:
        role = sources_store.find_writer(session, name="sample").user
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(
            "select has_schema_privilege(%s, 'nexus', 'usage'), has_table_privilege(%s, 'sample.flights', 'select'), rolsuper, rolcreaterole from pg_roles where rolname = %s",
            (role, role, role),
        )
        assert cursor.fetchone() == (False, False, False, False)


def test_the_writing_address_lies_encrypted_is_rotated_and_is_shown_to_nobody(files, admin, analyst):
    url = "postgresql://maker:hunter2secret@db.example.org/sales"
    with transaction() as session:
        writer.change_writer(session, user=admin, name="sample", url=url)
        assert writer.shown_writers(session, user=admin) == {"sample": "maker@db.example.org:5432/sales"}
        assert encrypted.rotate_all(session) == 2
        stored = session.connection().exec_driver_sql("select writer_url from nexus.sources where name = 'sample'").scalar_one()
        source = sources.find(session, reader=analyst, name="sample")
        entries = str([(entry.what, entry.detail) for entry in session.execute(select(AuditRow)).scalars()])
    assert b"hunter2secret" not in bytes(stored)
    assert "db.example.org" not in source.model_dump_json()
    assert "hunter2secret" not in entries
    assert "source.writer_changed" in entries


def test_only_administrators_touch_the_writing_role(files, analyst):
    url = "postgresql://maker:x@db.example.org/sales"
    with transaction() as session:
        for deed in (
            lambda: writer.change_writer(session, user=analyst, name="sample", url=url),
            lambda: writer.remove_writer(session, user=analyst, name="sample"),
            lambda: writer.make_writer(session, user=analyst, name="sample"),
            lambda: writer.shown_writers(session, user=analyst),
            lambda: writer.try_writer(user=analyst, name="sample"),
            lambda: writer.try_writer_address(user=analyst, name="sample", url=url),
        ):
            with pytest.raises(NotAllowed):
                deed()


def test_a_writing_role_that_is_a_superuser_or_may_make_nothing_is_warned_about(files, admin, sample_role):
    url = own.engine().url
    with transaction() as session:
        reading = sources_store.find_address(session, name="sample")
        sources_store.put_writer(session, name="sample", address=own_role(url.username, url.password), changed_by=None)
    trial = writer.try_writer(user=admin, name="sample")
    assert trial.superuser
    assert "superuser" in trial.warnings[0]
    with transaction() as session:
        sources_store.put_writer(session, name="sample", address=reading, changed_by=None)
    assert any("no schema" in warning for warning in writer.try_writer(user=admin, name="sample").warnings)


def test_a_schema_that_the_source_cannot_read_is_not_offered(files, analyst, postgres):
    with transaction() as session:
        role = sources_store.find_writer(session, name="sample").user
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(f'create schema dark; grant usage, create on schema dark to "{role}"')
    assert {schema.name: schema.readable for schema in writer.writable_schemas(user=analyst, name="sample")} == {
        "dark": False,
        "files": True,
    }


def test_a_removed_writing_role_ends_bringing_in(files, admin, analyst):
    id_, _ = looked(analyst, b"a\n1\n")
    with transaction() as session:
        writer.remove_writer(session, user=admin, name="sample")
    with pytest.raises(NoWriter):
        service.bring_in(user=analyst, upload_id=chosen(analyst, id_))
