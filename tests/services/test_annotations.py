"""Notes on days: who sees them, who may write them, and what hostile ones become."""

from datetime import date

import pytest
from pydantic import ValidationError

from nexus.accounts.spec import Role
from nexus.dashboards import annotations
from nexus.dashboards import service as dashboards
from nexus.dashboards.annotations import AnnotationGone, NewAnnotation, written
from nexus.dashboards.spec import Dashboard
from nexus.db import sharing
from nexus.errors import BadInput, NotAllowed

DAY = date(2013, 5, 12)
STRIKE = NewAnnotation(text="strike", first_day=DAY)


@pytest.fixture
def sales(session, analyst) -> str:
    dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="sales", title="Sales"))
    return "sales"


def texts(session, reader, dashboard: str = "sales") -> list[str]:
    return [one.text for one in dashboards.open_dashboard(session, reader=reader, name=dashboard).annotations]


def test_a_note_of_a_dashboard_is_seen_there_and_a_note_of_all_everywhere(session, analyst, viewer, sales):
    dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="other", title="Other"))
    annotations.add_annotation(session, user=analyst, dashboard=sales, new=STRIKE)
    annotations.add_annotation(session, user=analyst, dashboard=sales, new=NewAnnotation(text="storm", first_day=DAY), everywhere=True)
    assert texts(session, viewer) == ["strike", "storm"]
    assert texts(session, viewer, "other") == ["storm"]


def test_a_note_of_a_hidden_dashboard_is_seen_by_nobody_else(session, analyst, viewer, sales, make_user):
    annotations.add_annotation(session, user=analyst, dashboard=sales, new=STRIKE)
    found = sharing.find(session, reader=analyst, kind="dashboard", name=sales)
    sharing.set_open(session, kind="dashboard", kept_id=found.id, open_to_all=False)
    assert annotations.list_annotations(session, reader=viewer, dashboard=sales) == ()
    stranger = make_user(Role.ANALYST)
    with pytest.raises(AnnotationGone):
        annotations.add_annotation(session, user=stranger, dashboard=sales, new=STRIKE)


def test_a_viewer_writes_and_removes_nothing(session, analyst, viewer, sales):
    made = annotations.add_annotation(session, user=analyst, dashboard=sales, new=STRIKE)
    with pytest.raises(NotAllowed):
        annotations.add_annotation(session, user=viewer, dashboard=sales, new=STRIKE)
    with pytest.raises(NotAllowed):
        annotations.remove_annotation(session, user=viewer, dashboard=sales, annotation_id=made)
    assert not annotations.list_annotations(session, reader=viewer, dashboard=sales)[0].may_change


def test_what_is_shown_everywhere_is_changed_by_its_author_and_administrators(session, analyst, admin, sales, make_user):
    made = annotations.add_annotation(session, user=analyst, dashboard=sales, new=STRIKE, everywhere=True)
    colleague = make_user(Role.ANALYST)
    with pytest.raises(NotAllowed):
        annotations.change_annotation(session, user=colleague, dashboard=sales, annotation_id=made, new=STRIKE)
    changed = NewAnnotation(text="long strike", first_day=DAY, last_day=date(2013, 5, 14))
    annotations.change_annotation(session, user=analyst, dashboard=sales, annotation_id=made, new=changed)
    assert texts(session, colleague) == ["long strike"]
    annotations.remove_annotation(session, user=admin, dashboard=sales, annotation_id=made)
    assert texts(session, colleague) == []


def test_a_note_of_another_dashboard_cannot_be_reached_through_this_one(session, analyst, sales):
    dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="other", title="Other"))
    made = annotations.add_annotation(session, user=analyst, dashboard="other", new=STRIKE)
    for number in (made, made + 1_000, -1):
        with pytest.raises(AnnotationGone):
            annotations.remove_annotation(session, user=analyst, dashboard=sales, annotation_id=number)
    assert texts(session, analyst, "other") == ["strike"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<b>&amp;</b> **x** `y`", "<b>&amp;</b> **x** `y`"),
        ("two\nlines\tand\0more", "two lines and more"),
        ("x\ud800y", "x y"),
        ("\u202etxet", "txet"),
        ("'; drop table users; --", "'; drop table users; --"),
    ],
)
def test_hostile_words_are_kept_as_one_harmless_line(session, analyst, sales, text, kept):
    annotations.add_annotation(session, user=analyst, dashboard=sales, new=written(text, DAY, None))
    assert texts(session, analyst) == [kept]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", DAY, None),
        (" \0 ", DAY, None),
        ("x" * 201, DAY, None),
        ("x", None, None),
        ("x", DAY, date(2013, 5, 11)),
        ("x", date(9999, 1, 1), None),
    ],
)
def test_what_is_no_note_is_refused_with_a_sentence(text, first, last):
    with pytest.raises(BadInput) as refused:
        written(text, first, last)
    assert refused.value.message[0].isupper()


def test_no_field_but_its_own(session):
    with pytest.raises(ValidationError):
        NewAnnotation(text="x", first_day=DAY, id=7)
