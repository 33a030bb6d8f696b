"""What the status page and `doctor` say, and who may read the audit log."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from nexus import audit, defects, settings, status
from nexus.accounts.service import OPERATOR
from nexus.db import session as own
from nexus.db.tables import SavedSettingRow
from nexus.errors import NotAllowed
from nexus.status import service


def found(what: str) -> status.Finding:
    return next(finding for finding in status.findings(reader=OPERATOR) if finding.what == what)


def test_a_sound_database_is_found_with_its_version_and_schema(database):
    assert found("Database").state == "ok"
    assert "PostgreSQL 18" in found("Database").detail
    assert found("Schema").detail.endswith("the newest")


def test_without_a_database_the_rest_is_still_told(database):
    own.disconnect()
    findings = {finding.what: finding for finding in status.findings(reader=OPERATOR)}
    assert findings["Database"].state == "wrong"
    assert "cannot reach its own database" in findings["Database"].detail
    assert findings["Python"].state == "ok"
    assert findings["Memory"].state == "ok"


def test_a_secret_that_the_key_does_not_open_is_told_with_what_to_do(session, monkeypatch):
    session.add(SavedSettingRow(name="google_api_key", secret="a key"))
    session.commit()
    assert found("Keys").state == "ok"
    other = settings.current().model_copy(update={"encryption_key": SecretStr(Fernet.generate_key().decode())})
    monkeypatch.setattr(settings, "current", lambda: other)
    assert found("Keys").state == "wrong"
    assert "former ENCRYPTION_KEY" in found("Keys").what_to_do


def test_a_defect_is_written_down_without_the_text_of_the_error(database, admin):
    try:
        raise ValueError("the password is hunter2")
    except ValueError as error:
        reference = defects.note(error, where="page home", user_id=admin.id)
    assert found("Errors").detail == "1 in the last 24 hours"
    with own.transaction() as session:
        (entry,) = service.recent_defects(session, reader=admin).entries
    assert reference in entry.subject
    assert entry.detail["error"] == "ValueError"
    assert "hunter2" not in entry.model_dump_json()


def test_a_defect_gets_a_reference_even_when_the_database_is_down(database):
    own.disconnect()
    assert len(defects.note(RuntimeError("gone"), where="page home")) == 8


def test_the_audit_log_is_read_page_by_page_and_searched(session, admin):
    for number in range(7):
        audit.record(session, user_id=admin.id, what="dashboard.saved", subject=f"dashboard d{number}")
    audit.record(session, user_id=None, what="sign-in.failed", subject="account 50%_off", address="203.0.113.9")
    session.flush()
    first = service.recent_entries(session, reader=admin, limit=5)
    second = service.recent_entries(session, reader=admin, limit=5, before=first.older)
    assert [len(first.entries), len(second.entries), second.older] == [5, 3, None]
    assert first.entries[0].what == "sign-in.failed"
    assert {entry.id for entry in first.entries}.isdisjoint(entry.id for entry in second.entries)
    assert [entry.subject for entry in service.recent_entries(session, reader=admin, search="SAVED d3").entries] == ["dashboard d3"]
    assert [entry.address for entry in service.recent_entries(session, reader=admin, search="%_").entries] == ["203.0.113.9"]
    assert [entry.subject for entry in service.recent_entries(session, reader=admin, search="saved\0d3").entries] == ["dashboard d3"]


def test_only_administrators_read_the_audit_log(session, analyst):
    with pytest.raises(NotAllowed):
        service.recent_entries(session, reader=analyst)
    with pytest.raises(NotAllowed):
        service.recent_defects(session, reader=analyst)


def test_the_limit_of_the_container_is_read_where_there_is_one(tmp_path):
    assert service.container_limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("max\n")
    assert service.container_limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("536870912\n")
    assert service.container_limit(tmp_path) == 512 * 1024 * 1024


def test_only_administrators_see_what_the_machine_is_made_of(database, analyst):
    for asked in (status.findings, service.processes):
        with pytest.raises(NotAllowed):
            asked(reader=analyst)
