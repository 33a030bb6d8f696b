"""What a person types to find a report."""

from sqlalchemy import text

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.reports import ledger

FILL = """
insert into nexus.reports (kind, subject, subject_version, title, queries, file, sha256, size_bytes, pages, elapsed_ms, created_by)
select 'view', 'delays_' || n, 1, 'Delays of week ' || n, '[]', 'x', md5(n::text), 1, 1, 1, :maker from generate_series(1, 120) n
"""


def test_a_word_may_stand_in_title_subject_or_makers_name_and_its_signs_mean_nothing(database, make_user):
    ada, maker = make_user(role=Role.ADMIN), make_user(name="Zoë Quixotic")
    with own.transaction() as session:
        session.execute(text(FILL), {"maker": maker.id})
        session.execute(text("update nexus.reports set title = '100 % on time' where subject = 'delays_7'"))
    assert len(found(ada, "quixotic zoë")) == ledger.LISTED
    assert [report.subject for report in found(ada, "QUIXOTIC delays_77")] == ["delays_77"]
    assert [report.subject for report in found(ada, "100 %")] == ["delays_7"]
    assert found(ada, "100% zoë") == found(ada, "quixotic nobody") == []


def found(reader: User, words: str):
    with own.transaction() as session:
        return ledger.list_reports(session, reader=reader, search=words)
