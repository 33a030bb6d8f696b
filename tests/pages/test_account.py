"""My account: name, password, sessions."""

from nexus.accounts import passwords
from nexus.db import session as own
from nexus.db.tables import SessionRow, UserRow
from tests.pages.conftest import button, field, shown, sign_in

OLD = "correct horse battery staple"
NEW = "four unusual words hurdle"


def row_of(user):
    with own.transaction() as session:
        return session.get_one(UserRow, user.id)


def change(app, current, new, again):
    field(app, "Present password").input(current)
    field(app, "New password").input(new)
    field(app, "New password again").input(again)
    return button(app, "Change password").click().run()


def test_a_name_is_changed_and_shown(visit, viewer):
    app = visit("account", viewer)
    field(app, "Name").input("  José   Müller 山田 ")
    button(app, "Save").click().run()
    assert not app.exception
    assert "Saved." in shown(app)
    assert row_of(viewer).name == "José Müller 山田"


def test_a_name_that_is_none_is_refused_and_stays_as_typed(visit, viewer):
    app = visit("account", viewer)
    field(app, "Name").input("12 ")
    button(app, "Save").click().run()
    assert "at least one letter" in shown(app)
    assert field(app, "Name").value == "12 "
    assert row_of(viewer).name == "Ana"


def test_a_password_is_changed_and_every_session_ends(visit, make_user):
    user = make_user(password_hash=passwords.hashed(OLD))
    sign_in(user)
    app = visit("account", user)
    change(app, OLD, NEW, NEW)
    assert not app.exception
    assert passwords.fits(NEW, row_of(user).password_hash)
    assert not passwords.fits(OLD, row_of(user).password_hash)
    with own.transaction() as session:
        rows = session.query(SessionRow).filter_by(user_id=user.id).all()
        assert {row.ended_because for row in rows} == {"password changed"}


def test_a_long_password_is_not_cut(visit, make_user):
    user = make_user(password_hash=passwords.hashed(OLD))
    long = "lantern " * 30 + "orchard"
    change(visit("account", user), OLD, long, long)
    assert passwords.fits(long, row_of(user).password_hash)
    assert not passwords.fits(long[:72], row_of(user).password_hash)


def test_what_is_wrong_with_a_password_is_said_and_nothing_changes(visit, make_user):
    user = make_user(password_hash=passwords.hashed(OLD))
    app = visit("account", user)
    for current, new, again, sentence in (
        ("", NEW, NEW, "Type your present password as well."),
        (OLD, "", "", "Type the new password as well."),
        (OLD, NEW, NEW + "x", "The two new passwords differ."),
        (OLD, OLD, OLD, "The new password is the present one."),
        (OLD, "short", "short", "too short"),
        (OLD, "aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa", "repeats too few characters"),
        ("wrong " + OLD, NEW, NEW, "wrong"),
    ):
        change(app, current, new, again)
        assert not app.exception
        assert sentence in shown(app)
        assert field(app, "New password").value == new
    assert passwords.fits(OLD, row_of(user).password_hash)


def test_guessing_the_password_on_an_open_page_locks(visit, make_user):
    user = make_user(password_hash=passwords.hashed(OLD))
    app = visit("account", user)
    for _ in range(5):
        change(app, "a wrong guess of mine", NEW, NEW)
    change(app, OLD, NEW, NEW)
    assert passwords.fits(OLD, row_of(user).password_hash)
    assert not passwords.fits(NEW, row_of(user).password_hash)
    assert len(app.error) == 1


def test_my_sessions_are_listed_and_this_one_is_marked(visit, viewer):
    sign_in(viewer, user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile Safari/604.1")
    app = visit("account", viewer)
    lines = [element.value for element in app.markdown if "signed in" in element.value]
    assert len(lines) == 2
    assert sum("this one" in line for line in lines) == 1
    assert any("Safari on iPhone" in line for line in lines)


def test_another_session_of_mine_can_be_ended(visit, viewer):
    other = sign_in(viewer)
    app = visit("account", viewer)
    button(app, "End").click().run()
    assert "That session has ended." in shown(app)
    with own.transaction() as session:
        assert session.get_one(SessionRow, other).ended_because == "signed out elsewhere"
    assert not app.error


def test_all_others_end_and_this_one_stays(visit, viewer):
    others = {sign_in(viewer), sign_in(viewer)}
    app = visit("account", viewer)
    button(app, "End all others").click().run()
    with own.transaction() as session:
        open_now = {row.id for row in session.query(SessionRow).filter_by(user_id=viewer.id) if row.ended_at is None}
    assert len(open_now) == 1
    assert open_now.isdisjoint(others)
