from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from nexus.accounts import service, sign_in, store, tokens
from nexus.accounts.sessions import Ending, SignedOut
from nexus.accounts.spec import Role, User
from nexus.db import encrypted, saved
from nexus.db import session as own
from nexus.db.tables import AuditRow, SavedSettingRow, SessionRow
from nexus.errors import BadInput, Conflict, NotAllowed
from tests.server import PASSWORD, cheap_hash


@pytest.fixture
def signed_in(make_user):
    """Signs a new person of a role in, from an address of their own."""

    def make(role: Role = Role.VIEWER, **columns) -> User:
        person = make_user(role, password_hash=cheap_hash(PASSWORD), **columns)
        return again(person)

    return make


def again(person: User) -> User:
    return sign_in.sign_in(email=person.email, password=PASSWORD, address="192.0.2.7", user_agent="Firefox").user


def ended(user: User) -> Ending | None:
    """Why the person's session ended; none while it is open."""
    with own.transaction() as session:
        row = session.get(SessionRow, user.session_id)
        assert row is not None
        return Ending(row.ended_because) if row.ended_at else None


def audited(what: str) -> list[AuditRow]:
    with own.transaction() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.what == what)))


def test_someone_added_signs_in_with_the_one_time_password_and_is_asked_for_their_own(admin):
    with own.transaction() as session:
        password = service.add_person(session, user=admin, email=" Ben@Example.org ", name="  Ben   Okafor ", role=Role.ANALYST)
    person = sign_in.sign_in(email="ben@example.org", password=password, address="192.0.2.7", user_agent="").user
    assert (person.name, person.role, person.must_change_password) == ("Ben Okafor", Role.ANALYST, True)
    service.change_password(user=person, current=None, new="orbit lantern pickle moss", address="192.0.2.7")
    with pytest.raises(sign_in.WrongPassword):
        sign_in.sign_in(email="ben@example.org", password=password, address="192.0.2.7", user_agent="")
    assert [row.detail for row in audited("person.added")] == [{"role": "analyst"}]
    assert password not in str([row.detail for row in audited("person.added")])


NO_ADDRESSES = ("", "ben", "ben@", "@x.org", "a b@x.org", "a@b@c.org", "ｂen@x.org", "b\u200ben@x.org", "ben\0@x.org", "x" * 250 + "@x.org")


def test_what_is_no_address_or_only_looks_like_one_is_refused(admin, session):
    for email in NO_ADDRESSES:
        with pytest.raises(BadInput):
            service.add_person(session, user=admin, email=email, name="Ben", role=Role.VIEWER)


def test_one_address_belongs_to_one_person(admin, viewer, session):
    with pytest.raises(service.EmailTaken):
        service.add_person(session, user=admin, email=viewer.email.upper(), name="Ben", role=Role.VIEWER)


def test_only_administrators_manage_people_and_settings(viewer, analyst, session):
    for user in (viewer, analyst):
        for use_case in (
            lambda user: service.everyone(session, user=user),
            lambda user: service.add_person(session, user=user, email="x@example.org", name="X", role=Role.ADMIN),
            lambda user: service.change_role(session, user=user, person_id=user.id, role=Role.ADMIN),
            lambda user: service.disable(session, user=user, person_id=viewer.id),
            lambda user: service.enable(session, user=user, person_id=viewer.id),
            lambda user: service.reset_password(session, user=user, person_id=viewer.id),
            lambda user: service.sessions_of(session, user=user, person_id=viewer.id),
            lambda user: service.end_all_sessions(session, user=user, person_id=viewer.id),
            lambda user: service.change_setting(session, user=user, name="session_hours", value=1),
            lambda user: service.id_of(session, user=user, email=viewer.email),
        ):
            with pytest.raises(NotAllowed):
                use_case(user)


def test_a_session_ends_with_the_reason_that_ended_it(admin, signed_in):
    changes = {
        Ending.ROLE_CHANGED: lambda session, person: service.change_role(session, user=admin, person_id=person.id, role=Role.ANALYST),
        Ending.DISABLED: lambda session, person: service.disable(session, user=admin, person_id=person.id),
        Ending.PASSWORD_RESET: lambda session, person: service.reset_password(session, user=admin, person_id=person.id),
        Ending.ENDED_BY_ADMIN: lambda session, person: service.end_all_sessions(session, user=admin, person_id=person.id),
        Ending.SIGNED_OUT: lambda session, person: service.sign_out_here(session, user=person),
    }
    for reason, change in changes.items():
        person = signed_in()
        with own.transaction() as session:
            assert service.user_of_session(session, session_id=person.session_id) == person
            change(session, person)
        assert ended(person) is reason
        with own.transaction() as session, pytest.raises(SignedOut):
            service.user_of_session(session, session_id=person.session_id)


def test_a_changed_password_ends_every_session_and_leaves_its_trace(signed_in):
    here = signed_in()
    elsewhere = again(here)
    service.change_password(user=here, current=PASSWORD, new="orbit lantern pickle moss", address="192.0.2.7")
    assert ended(here) is ended(elsewhere) is Ending.PASSWORD_CHANGED
    assert [row.user_id for row in audited("person.password changed")] == [here.id]


def test_guessing_the_current_password_on_an_open_page_locks_as_signing_in_does(signed_in):
    person = signed_in()
    for _ in range(5):
        with pytest.raises(service.WrongCurrentPassword):
            service.change_password(user=person, current="not it, surely not", new="orbit lantern pickle moss", address="192.0.2.7")
    with pytest.raises(sign_in.Locked):
        service.change_password(user=person, current=PASSWORD, new="orbit lantern pickle moss", address="192.0.2.7")
    assert len(audited("sign-in.locked")) == 1


def test_the_last_active_administrator_stays_one(admin, make_user):
    make_user(Role.ADMIN, disabled_at=datetime.now(UTC))
    other = make_user(Role.ADMIN)
    with own.transaction() as session:
        service.disable(session, user=other, person_id=admin.id)
        for change in (service.disable, lambda session, **names: service.change_role(session, role=Role.VIEWER, **names)):
            with pytest.raises(service.LastAdmin):
                change(session, user=other, person_id=other.id)


def test_two_administrators_cannot_remove_each_other_at_once(admin, make_user):
    other = make_user(Role.ADMIN)

    def remove(user: User, person: User) -> bool:
        try:
            with own.transaction() as session:
                service.disable(session, user=user, person_id=person.id)
        except service.LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(remove, (admin, other), (other, admin)))
    assert sorted(done) == [False, True]


def test_someone_disabled_gets_in_again_once_enabled(admin, signed_in):
    person = signed_in()
    with own.transaction() as session:
        service.disable(session, user=admin, person_id=person.id)
    with pytest.raises(sign_in.AccountDisabled):
        again(person)
    with pytest.raises(sign_in.WrongPassword):
        sign_in.sign_in(email=person.email, password="wrong", address="192.0.2.7", user_agent="")
    with own.transaction() as session:
        service.enable(session, user=admin, person_id=person.id)
    assert again(person).id == person.id


def test_a_reset_lifts_a_lock(admin, signed_in):
    person = signed_in()
    for _ in range(5):
        with pytest.raises(sign_in.WrongPassword):
            sign_in.sign_in(email=person.email, password="wrong", address="192.0.2.7", user_agent="")
    with own.transaction() as session:
        password = service.reset_password(session, user=admin, person_id=person.id)
    assert sign_in.sign_in(email=person.email, password=password, address="192.0.2.7", user_agent="").user.must_change_password


def test_a_right_password_does_not_take_back_what_others_failed_from_the_same_address(signed_in):
    with own.transaction() as session:
        saved.write(session, name="address_failures", value=4, changed_by=None)
    attacker = signed_in()
    for number in range(3):
        with pytest.raises(sign_in.WrongPassword):
            sign_in.sign_in(email=f"guess{number}@example.org", password="wrong", address="192.0.2.7", user_agent="")
        if number < 2:
            again(attacker)
    with pytest.raises(sign_in.WrongPassword):
        sign_in.sign_in(email="guess@example.org", password="wrong", address="192.0.2.7", user_agent="")
    with pytest.raises(sign_in.Locked):
        again(attacker)


def test_people_see_and_end_their_own_sessions_and_nobody_elses(signed_in, viewer, admin):
    here = signed_in()
    elsewhere = again(here)
    with own.transaction() as session:
        assert {row.id for row in service.my_sessions(session, user=here)} == {here.session_id, elsewhere.session_id}
        with pytest.raises(NotAllowed):
            service.end_session(session, user=viewer, session_id=here.session_id)
        service.end_session(session, user=here, session_id=elsewhere.session_id)
    assert (ended(here), ended(elsewhere)) == (None, Ending.SIGNED_OUT_ELSEWHERE)
    third = again(here)
    with own.transaction() as session:
        assert service.end_my_other_sessions(session, user=here) == 1
        service.end_session(session, user=admin, session_id=here.session_id)
    assert (ended(third), ended(here)) == (Ending.SIGNED_OUT_ELSEWHERE, Ending.ENDED_BY_ADMIN)


def test_a_name_is_short_and_visible(signed_in):
    person = signed_in()
    for name in ("", "   ", "x" * 101, "a\0b", "a\u202eb"):
        with own.transaction() as session, pytest.raises(BadInput):
            service.rename_me(session, user=person, name=name)


def test_what_is_kept_of_a_session_opens_nothing(signed_in):
    person = signed_in()
    with own.transaction() as session:
        row = session.get(SessionRow, person.session_id)
        assert store.session_by_hash(session, row.token_hash).user == person
        for stored in (row.token_hash.hex(), str(row.id)):
            assert store.session_by_hash(session, tokens.session_hash(stored)).user is None


def test_the_environment_wins_over_what_is_saved_and_the_page_can_tell(admin, session, monkeypatch):
    assert saved.read_all(session).origins["session_hours"] == "default"
    service.change_setting(session, user=admin, name="session_hours", value=2)
    assert (saved.read(session).session_hours, saved.read_all(session).origins["session_hours"]) == (2, "saved")
    service.change_setting(session, user=admin, name="session_hours", value=None)
    assert saved.read(session).session_hours == 8
    monkeypatch.setattr(saved.settings, "current", lambda: saved.settings.read({"SESSION_HOURS": "3", "SECRET_KEY": "x" * 40}))
    assert (saved.read(session).session_hours, saved.read_all(session).origins["session_hours"]) == (3, "environment")
    with pytest.raises(Conflict):
        service.change_setting(session, user=admin, name="session_hours", value=2)


def test_a_setting_that_does_not_fit_is_refused(admin, session):
    for name, value in (("session_hours", 0), ("session_hours", "x"), ("lockout_failures", 0), ("gemini_model", "a b"), ("nothing", 1)):
        with pytest.raises(BadInput):
            service.change_setting(session, user=admin, name=name, value=value)


def test_a_saved_key_is_encrypted_and_never_in_the_audit_log(admin, session):
    service.change_setting(session, user=admin, name="google_api_key", value="AIza-very-secret")
    session.flush()
    assert saved.read(session).google_api_key.get_secret_value() == "AIza-very-secret"
    stored = session.connection().exec_driver_sql("select secret, value from nexus.saved_settings").one()
    assert b"AIza" not in bytes(stored.secret)
    assert stored.value is None
    assert "AIza" not in str([row.detail for row in session.scalars(select(AuditRow))])


def test_rotating_keys_lets_the_former_one_go(admin, session, monkeypatch):
    from cryptography.fernet import Fernet

    former, newest = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    def use(keys: str) -> None:
        monkeypatch.setattr(encrypted.settings, "current", lambda: saved.settings.read({"ENCRYPTION_KEY": keys, "SECRET_KEY": "x" * 40}))

    use(former)
    service.change_setting(session, user=admin, name="google_api_key", value="AIza-very-secret")
    session.flush()
    use(f"{newest},{former}")
    assert encrypted.rotate_all(session) == 1
    session.expire_all()
    use(newest)
    assert session.get(SavedSettingRow, "google_api_key").secret == "AIza-very-secret"


def test_the_first_administrator_is_made_once_however_many_start_together(database):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: sign_in.first_admin(), range(4)))
    assert sum(first is not None for first in made) == 1
