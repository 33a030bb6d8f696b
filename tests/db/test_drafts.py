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


def test_steps_of_a_draft_are_found_again_and_go_with_it(session, analyst, viewer):
    its = {"kind": "dashboard", "name": "new:1"}

    def keep(now: dict, **step) -> None:
        drafts.keep(session, user_id=analyst.id, content=now, base_version=None, **its)
        drafts.keep_step(session, user_id=analyst.id, step=drafts.Step(**step), **its)

    for at in range(3):
        keep({"at": at + 1}, to=at + 1, left=at, content={"at": at}, anew=True)
    keep({"at": 2}, to=2, left=3, content={"at": 3}, anew=False)
    assert drafts.find(session, reader_id=analyst.id, **its).step == 2
    assert drafts.steps(session, reader_id=analyst.id, **its) == {at: {"at": at} for at in (0, 1, 2, 3)}
    assert drafts.steps(session, reader_id=viewer.id, **its) == {}
    # Another way from here: what was taken back is gone.
    keep({"at": "b"}, to=3, left=2, content={"at": 2}, anew=True)
    assert list(drafts.steps(session, reader_id=analyst.id, **its)) == [0, 1, 2]
    for at in range(3, 70):
        keep({"at": at + 1}, to=at + 1, left=at, content={"at": at}, anew=True)
    assert list(drafts.steps(session, reader_id=analyst.id, **its)) == list(range(20, 70))
    drafts.discard(session, user_id=analyst.id, **its)
    session.flush()
    assert drafts.steps(session, reader_id=analyst.id, **its) == {}
