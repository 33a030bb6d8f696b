"""Bringing in a file: what the page says before there is one, and the form of one that is uploaded."""

import pytest

from nexus.accounts.spec import Role
from nexus.db.session import transaction
from nexus.imports import service
from nexus.sources import writer
from tests.pages.conftest import button, field, shown
from tests.uploads import looked, make_writer, rows_of, uploaded


@pytest.fixture
def files(sample_database, admin):
    make_writer(admin)


def test_without_a_writing_role_the_page_says_who_does_what(visit, sample_database, analyst, admin):
    assert "An administrator gives one a writing role" in shown(visit("bring", analyst))
    assert "Give one its writing role in Settings" in shown(visit("bring", admin))


def test_viewers_are_turned_away(visit, files, viewer):
    assert "analyst role" in shown(visit("bring", viewer))
    assert not [link for link in visit("data", viewer).get("page_link") if "Bring" in link.proto.label]


def test_a_file_is_read_corrected_and_created(visit, files, analyst):
    id_ = uploaded(analyst, b"Id;Price;Note <b>\n1;2,5;x\n2;n/a y;z\n", filename="Größe 2024.CSV")
    app = visit("bring", analyst, upload=str(id_))
    assert "2 rows, 3 columns" in shown(app)
    assert field(app, "Table").value == "größe_2024"
    types = {element.label: element for element in app.selectbox if element.label.startswith("Type of")}
    assert [element.value for element in types.values()] == ["bigint", "text", "text"]
    types["Type of column 2"].set_value("numeric").run()
    assert "1 cell does not fit" in shown(app)
    button(app, "Create the table").click().run()
    assert "Nothing was made: 1 problem in 2 rows" in shown(app)
    assert "Row 3, column `Price`: “n/a y” is not a number" in shown(app)
    assert field(app, "Table").value == "größe_2024"
    field(app, "Name of column 2").set_value("price_text").run()
    next(element for element in app.selectbox if element.label == "Type of column 2").set_value("text").run()
    button(app, "Create the table").click().run()
    assert not app.exception
    assert app.query_params["made"] in ("files.größe_2024", ["files.größe_2024"])
    assert "**files.größe\\_2024** is in Sample" in shown(app)
    assert rows_of(analyst, "größe_2024", columns="id, price_text") == [(1, "2,5"), (2, "n/a y")]


def test_what_was_typed_is_there_after_a_reload(visit, files, analyst):
    id_, _ = looked(analyst, b"a,b\n1,2\n")
    app = visit("bring", analyst, upload=str(id_))
    field(app, "Table").set_value("My Table").run()
    field(app, "Name of column 2").set_value("second").run()
    again = visit("bring", analyst, upload=str(id_))
    assert (field(again, "Table").value, field(again, "Name of column 2").value) == ("My Table", "second")


def test_how_it_is_read_can_be_changed(visit, files, analyst):
    id_ = uploaded(analyst, b"a;b\n1;3/4/2024\n")
    app = visit("bring", analyst, upload=str(id_))
    assert "read both ways" in shown(app)
    next(element for element in app.selectbox if element.label == "Dates with slashes").set_value("mdy")
    button(app, "Read it again").click().run()
    assert not app.exception
    assert "read both ways" not in shown(app)
    with transaction() as session:
        _, found, _ = service.open_file(session, reader=analyst, upload_id=id_)
    assert (found.layout.dates, found.layout.delimiter) == ("mdy", ";")


def test_a_file_that_cannot_be_read_is_a_sentence_and_can_be_thrown_away(visit, files, analyst):
    id_ = uploaded(analyst, b"%PDF-1.7", filename="x<b>.csv")
    app = visit("bring", analyst, upload=str(id_))
    assert "a PDF" in shown(app)
    button(app, "Throw this file away").click().run()
    assert not app.exception
    with transaction() as session:
        assert service.my_uploads(session, reader=analyst) == []


@pytest.mark.parametrize("upload", ["1", "999999999999999", "abc", "-1", "1'"])
def test_an_upload_that_is_not_there_or_somebody_elses_is_a_sentence(visit, files, analyst, make_user, upload):
    looked(make_user(Role.ANALYST), b"a\n1\n")
    app = visit("bring", analyst, upload=upload)
    assert not app.exception
    assert "no longer there" in shown(app) or "becomes a table" in shown(app)
    assert "1 row" not in shown(app)


def test_many_columns_come_page_by_page(visit, files, analyst):
    id_, _ = looked(analyst, b",".join(b"c%d" % at for at in range(60)) + b"\n" + b",".join([b"1"] * 60) + b"\n")
    app = visit("bring", analyst, upload=str(id_))
    assert len([element for element in app.text_input if element.label.startswith("Name of column")]) == 25


def test_files_that_wait_are_listed_and_thrown_away(visit, files, analyst):
    uploaded(analyst, b"a\n1\n", filename="waits *x*.csv")
    app = visit("bring", analyst)
    assert "for Sample" in shown(app)
    button(app, "Throw away").click().run()
    assert "Files that wait" not in shown(app)


def test_a_link_to_a_table_that_is_not_there_claims_nothing(visit, files, analyst):
    app = visit("bring", analyst, source="sample", made="files.<b>gone</b>")
    assert "no such table" in shown(app)
    assert "This source no longer exists" in shown(visit("bring", analyst, source="gone", made="x.y"))


def test_the_writing_role_is_removed_when_asked(visit, files, admin):
    app = visit("settings", admin, section="sources", source="sample")
    button(app, "Test the writing role").click().run()
    assert "It may make tables in files" in shown(app)
    button(app, "Remove the writing role").click().run()
    assert "nobody can bring in a file" in shown(app)
    with transaction() as session:
        assert not writer.has_writer(session, reader=admin, name="sample")
    button(app, "Make a writing role").click().run()
    assert "The role is made" in shown(app)
    with transaction() as session:
        assert writer.has_writer(session, reader=admin, name="sample")


def test_an_address_of_a_writing_role_is_set_and_never_shown_again(visit, sample_database, admin):
    app = visit("settings", admin, section="sources", source="sample")
    field(app, "Address of the writing role").input("mysql://maker:hunter2secret@db.example.org/sales")
    button(app, "Set the writing role").click().run()
    assert "Only postgresql" in shown(app)
    field(app, "Address of the writing role").input("postgresql://maker:hunter2secret@db.example.org/sales")
    button(app, "Set the writing role").click().run()
    assert not app.exception
    assert "maker@db\\.example\\.org" in shown(app)
    assert "hunter2secret" not in shown(app) + str([element.value for element in app.text_input])


def test_the_largest_file_is_a_saved_setting(visit, sample_database, admin):
    app = visit("settings", admin, section="sources")
    next(element for element in app.number_input if element.label.startswith("Largest file")).set_value(7)
    button(app, "Save the limit").click().run()
    with transaction() as session:
        assert service.most_bytes(session, user=admin) == 7 * 1024 * 1024
