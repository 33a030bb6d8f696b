"""What is kept is kept whole: every version, who saved it, and nobody's change lost under another's."""

import threading

import pytest

from nexus.db import listing, versions, visits
from nexus.db import session as own
from nexus.errors import BadInput, Conflict, NotFound
from nexus.views.spec import View


def view(title: str = "Flights", **changes) -> View:
    return View(
        **{
            "name": "flights",
            "title": title,
            "source": "sample",
            "question": {"kind": "table", "schema": "sample", "table": "flights"},
            **changes,
        }
    )


def test_each_save_is_a_version_and_the_same_spec_again_is_none(session, analyst):
    first = versions.save(session, kind="view", spec=view(), user=analyst, note="first")
    again = versions.save(session, kind="view", spec=view(), user=analyst, base_version=1)
    second = versions.save(session, kind="view", spec=view("Late flights"), user=analyst, base_version=1, note="renamed")
    assert [(saved.version, saved.changed) for saved in (first, again, second)] == [(1, True), (1, False), (2, True)]
    assert [
        (info.version, info.saved_by, info.note) for info in versions.list_versions(session, reader=analyst, kind="view", name="flights")
    ] == [
        (2, "Ana", "renamed"),
        (1, "Ana", "first"),
    ]


def test_what_was_saved_is_read_back_the_same(session, analyst):
    spec = view(tags=("delays", "日本"), description="Zeichen: ä ñ 東京 \\u0000 \\\\", formats={"share": {"style": "percent"}})
    versions.save(session, kind="view", spec=spec, user=analyst)
    kept = versions.load(session, reader=analyst, kind="view", name="flights")
    assert versions.read("view", "flights", View, kept.spec) == spec
    assert kept.spec["question"] == {"kind": "table", "schema": "sample", "table": "flights"}
    assert (kept.owner, kept.version, kept.newest, kept.tags) == ("Ana", 1, 1, ("delays", "日本"))


def test_a_change_made_from_an_old_version_is_refused(session, analyst):
    versions.save(session, kind="view", spec=view(), user=analyst)
    versions.save(session, kind="view", spec=view("Two"), user=analyst, base_version=1)
    with pytest.raises(Conflict, match="version 2"):
        versions.save(session, kind="view", spec=view("Three"), user=analyst, base_version=1)


def test_a_new_thing_does_not_take_the_name_of_another(session, analyst):
    versions.save(session, kind="view", spec=view(), user=analyst)
    with pytest.raises(Conflict, match="already a view"):
        versions.save(session, kind="view", spec=view("Other"), user=analyst)


def test_of_two_who_save_at_once_one_is_told_to_reload(database, analyst):
    with own.transaction() as session:
        versions.save(session, kind="view", spec=view(), user=analyst)
    outcomes = []

    def change(title: str) -> None:
        try:
            with own.transaction() as session:
                outcomes.append(versions.save(session, kind="view", spec=view(title), user=analyst, base_version=1).version)
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=change, args=(f"Title {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["2", "conflict", "conflict", "conflict"]


def test_of_two_who_make_the_same_new_thing_at_once_one_is_told_that_the_name_is_taken(database, analyst):
    outcomes = []

    def make() -> None:
        try:
            with own.transaction() as session:
                outcomes.append(versions.save(session, kind="view", spec=view(), user=analyst).version)
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", "conflict", "conflict", "conflict"]


def test_an_earlier_version_can_still_be_opened(session, analyst):
    versions.save(session, kind="view", spec=view(), user=analyst)
    versions.save(session, kind="view", spec=view("Two"), user=analyst, base_version=1)
    assert versions.load(session, reader=analyst, kind="view", name="flights", version=1).spec["title"] == "Flights"
    with pytest.raises(NotFound):
        versions.load(session, reader=analyst, kind="view", name="flights", version=3)


def test_what_is_archived_is_found_nowhere_and_comes_back_with_its_history(session, analyst):
    versions.save(session, kind="view", spec=view(), user=analyst)
    versions.archive(session, user=analyst, kind="view", name="flights")
    assert listing.list_kept(session, kind="view", spec=View, reader=analyst) == []
    for gone in (versions.load, versions.list_versions):
        with pytest.raises(NotFound):
            gone(session, reader=analyst, kind="view", name="flights")
    with pytest.raises(NotFound):
        versions.archive(session, user=analyst, kind="view", name="flights")
    assert versions.save(session, kind="view", spec=view(), user=analyst).version == 2
    assert len(versions.list_versions(session, reader=analyst, kind="view", name="flights")) == 2


@pytest.mark.parametrize("search", ["late", "LATE flights", "ana late", "weather", "東京", "flights-2", "minutes past"])
def test_search_finds_every_word_in_title_name_tags_description_and_owner(session, analyst, admin, search):
    versions.save(session, kind="view", spec=view(name="other", title="Other"), user=admin)
    spec = view(name="flights-2", title="Late flights 東京", tags=("weather",), description="More than 60 minutes past their time")
    versions.save(session, kind="view", spec=spec, user=analyst)
    found = listing.list_kept(session, kind="view", spec=View, reader=analyst, search=search)
    assert [item.name for item in found] == ["flights-2"]


@pytest.mark.parametrize("search", ["%", "_", "' or 1=1 --", "\\", "a\x00b", "x" * 5000])
def test_a_hostile_search_finds_nothing_and_breaks_nothing(session, analyst, search):
    versions.save(session, kind="view", spec=view(), user=analyst)
    assert listing.list_kept(session, kind="view", spec=View, reader=analyst, search=search) == []


def test_favourites_are_a_persons_own_and_come_first(session, analyst, viewer):
    for name in ("aaa", "zzz"):
        versions.save(session, kind="view", spec=view(name=name, title=name), user=analyst)
    assert visits.toggle_favourite(session, kind="view", name="zzz", reader=viewer) is True
    mine = listing.list_kept(session, kind="view", spec=View, reader=viewer)
    theirs = listing.list_kept(session, kind="view", spec=View, reader=analyst)
    assert [item.name for item in mine] == ["zzz", "aaa"]
    assert [item.name for item in theirs] == ["aaa", "zzz"]
    assert visits.toggle_favourite(session, kind="view", name="zzz", reader=viewer) is False
    with pytest.raises(NotFound):
        visits.toggle_favourite(session, kind="view", name="nothing", reader=viewer)


def test_a_home_page_knows_what_was_opened_and_what_is_new_among_any_number(session, analyst, viewer):
    for number in range(12):
        versions.save(session, kind="view", spec=view(name=f"a{number:02}", title=f"A {number:02}"), user=analyst)
    visits.toggle_favourite(session, kind="view", name="a05", reader=viewer)
    session.execute(own.text("update nexus.views set changed_at = now() - interval '1 day' - right(name, 2)::int * interval '1 hour'"))
    opened = "insert into nexus.visits (user_id, kind, name, visited_at) values (:reader, 'view', :name, now() - interval '1 hour' * :ago)"
    for ago, name in enumerate(("a11", "a10", "a09")):
        session.execute(own.text(opened), {"reader": viewer.id, "name": name, "ago": ago})
    found = listing.list_home(session, kind="view", spec=View, reader=viewer, most=2)
    # The favourite counts among those that were opened: who stars a thing has it open.
    assert [item.name for item in found] == ["a05", "a00", "a01", "a11"]
    assert [item.name for item in listing.list_home(session, kind="view", spec=View, reader=analyst, most=1)] == ["a00"]


def test_a_spec_of_a_newer_release_is_told_of_and_the_rest_of_the_list_stands(session, analyst):
    versions.save(session, kind="view", spec=view(name="good", title="Good"), user=analyst)
    versions.save(session, kind="view", spec=view(name="newer", title="Newer"), user=analyst)
    session.execute(own.text("update nexus.view_versions set spec = spec || '{\"hologram\": true}' where spec->>'name' = 'newer'"))
    found = {item.name: item.problem for item in listing.list_kept(session, kind="view", spec=View, reader=analyst)}
    assert found["good"] == ""
    assert "`hologram`" in found["newer"]
    kept = versions.load(session, reader=analyst, kind="view", name="newer")
    with pytest.raises(versions.SpecUnreadable, match="`hologram`"):
        versions.read("view", "newer", View, kept.spec)


@pytest.mark.parametrize("title", ["a\x00b", "half \ud800"])
def test_text_that_postgres_cannot_keep_is_refused_in_a_sentence(session, analyst, title):
    with pytest.raises(BadInput):
        versions.save(session, kind="view", spec=View.model_construct(**{**dict(view()), "title": title}), user=analyst)
