import pytest

from nexus.db import drafts
from nexus.errors import BadInput


def test_a_draft_is_found_again_by_who_typed_it_and_by_nobody_else(session, analyst, viewer):
    drafts.keep(session, user_id=analyst.id, kind="view", name="new-sql", content={"sql": "select 1"}, base_version=None)
    drafts.keep(session, user_id=analyst.id, kind="view", name="new-sql", content={"sql": "select 2"}, base_version=3)
    found = drafts.find(session, reader_id=analyst.id, kind="view", name="new-sql")
    assert (found.content, found.base_version) == ({"sql": "select 2"}, 3)
    assert drafts.find(session, reader_id=viewer.id, kind="view", name="new-sql") is None
    assert drafts.every(session, reader_id=viewer.id, kind="view") == []


def test_a_discarded_draft_is_gone(session, analyst):
    drafts.keep(session, user_id=analyst.id, kind="view", name="flights", content={}, base_version=1)
    drafts.discard(session, user_id=analyst.id, kind="view", name="flights")
    assert drafts.every(session, reader_id=analyst.id, kind="view") == []


def test_a_draft_that_is_too_long_is_refused(session, analyst):
    with pytest.raises(BadInput, match="too long"):
        drafts.keep(session, user_id=analyst.id, kind="view", name="new-sql", content={"sql": "x" * 1_000_001}, base_version=None)
