"""What was typed and not saved, through the service that pages use."""

import pytest

from nexus.errors import NotAllowed
from nexus.views import drafts


def test_drafts_of_new_views_are_listed_for_who_typed_them_alone(session, analyst, admin):
    name = drafts.new_name()
    drafts.keep_draft(session, user=analyst, name=name, content={"title": "Late"}, base_version=None)
    drafts.keep_draft(session, user=analyst, name="flights", content={"title": "Flights"}, base_version=2)
    assert [draft.name for draft in drafts.new_drafts(session, reader=analyst)] == [name]
    assert drafts.new_drafts(session, reader=admin) == []
    assert drafts.find_draft(session, reader=admin, name=name) is None


def test_a_viewer_has_no_drafts(session, viewer):
    for act in (
        lambda: drafts.keep_draft(session, user=viewer, name="new:1", content={}, base_version=None),
        lambda: drafts.find_draft(session, reader=viewer, name="new:1"),
        lambda: drafts.new_drafts(session, reader=viewer),
        lambda: drafts.discard_draft(session, user=viewer, name="new:1"),
    ):
        with pytest.raises(NotAllowed):
            act()
