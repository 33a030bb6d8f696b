"""Reports in the background: any replica prints them, everybody sees how far theirs are, and nothing is lost or printed twice."""

import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO

import pypdfium2
import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.db.prompt_runs import PromptRunRow
from nexus.db.report_tables import ReportJobRow
from nexus.db.tables import UserRow
from nexus.errors import BadInput, NotFound
from nexus.prompts import service as prompts
from nexus.reports import browser, jobs, ledger
from nexus.reports.jobs import JobNotFound, TooManyJobs, Worker
from nexus.reports.spec import Job
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import service as workspace


def person(name: str, role: Role) -> User:
    with own.transaction() as session:
        row = UserRow(email=f"{name.lower()}@example.org", name=name, role=role.value)
        session.add(row)
        session.flush()
        return User(id=row.id, email=row.email, name=row.name, role=role)


@pytest.fixture(scope="module")
def ada(shared_sample: str) -> Iterator[User]:
    ada = person("Ada", Role.ADMIN)
    workspace.apply_sample(ada)
    with own.transaction() as session:
        for name, rows in (("short", 40), ("long", 30_000)):
            views.save_view(
                session,
                user=ada,
                view=View(
                    name=name,
                    title=name.capitalize(),
                    source="sample",
                    question={"kind": "sql", "sql": f"select n as a, 'Größe ' || n as b from generate_series(1, {rows}) n"},
                ),
            )
    yield ada
    browser.stop()


@pytest.fixture(scope="module")
def ana(ada: User) -> User:
    return person("Ana", Role.VIEWER)


@pytest.fixture(scope="module")
def ben(ada: User) -> User:
    return person("Ben", Role.VIEWER)


@pytest.fixture(autouse=True)
def no_jobs(ada: User) -> Iterator[None]:
    yield
    with own.transaction() as session:
        session.execute(text("delete from nexus.report_jobs"))


def found(job_id: int, reader: User) -> Job:
    with own.transaction() as session:
        return jobs.find_job(session, reader=reader, job_id=job_id)


def until(true: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def submit(user: User, name: str, **given: str) -> int:
    password = given.pop("password", "")
    return jobs.submit(user=user, kind="view", name=name, given={key: [value] for key, value in given.items()}, password=password)


def test_a_job_becomes_a_report_with_the_paper_that_was_asked_for(ana):
    job = submit(ana, "short", paper="A3", orientation="landscape")
    assert found(job, ana).state == "waiting"
    assert Worker().work()
    ended = found(job, ana)
    assert (ended.state, ended.title) == ("complete", "Short")
    with own.transaction() as session:
        report = ledger.find_report(session, reader=ana, report_id=ended.report_id)
        assert jobs.list_jobs(session, reader=ana) == [], "what is printed stands in the list of reports"
    assert (report.layout.paper, report.layout.orientation) == ("A3", "landscape")
    assert not Worker().work(), "nothing is printed twice"


def test_what_cannot_be_printed_is_refused_when_it_is_asked_for(ana):
    with pytest.raises(NotFound):
        submit(ana, "nothing")
    with pytest.raises(BadInput, match="`paper` is"):
        submit(ana, "short", paper="A9")
    with pytest.raises(BadInput, match="127 bytes"):
        submit(ana, "short", password="x" * 128)


def test_a_password_is_kept_nowhere_and_its_lock_only_while_the_job_waits(ana):
    job = submit(ana, "short", password="correct horse")
    with own.transaction() as session:
        row = session.execute(text(f"select r::text, seal from nexus.report_jobs r where id = {job}")).one()
        assert "correct horse" not in row[0]
        assert row.seal
        assert b"correct" not in bytes(row.seal)
    Worker().work()
    report_id = found(job, ana).report_id
    with own.transaction() as session:
        assert session.get(ReportJobRow, job).seal is None
        file = ledger.file_of(session, reader=ana, report_id=report_id)
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(file)
    assert "Größe 40" in pypdfium2.PdfDocument(BytesIO(file), password="correct horse")[0].get_textpage().get_text_range()


def test_people_see_and_stop_their_own_jobs_and_administrators_all(ana, ben, ada):
    job = submit(ana, "short")
    with own.transaction() as session:
        assert jobs.list_jobs(session, reader=ben) == []
        assert [one.user_name for one in jobs.list_jobs(session, reader=ada)] == ["Ana"]
        with pytest.raises(JobNotFound):
            jobs.find_job(session, reader=ben, job_id=job)
        with pytest.raises(JobNotFound):
            jobs.cancel(session, user=ben, job_id=job)
        jobs.cancel(session, user=ana, job_id=job)
    assert found(job, ana).state == "stopped"
    assert not Worker().work()


def test_one_that_runs_tells_how_far_it_is_and_stops_when_it_is_cancelled(ana, monkeypatch):
    monkeypatch.setattr(jobs, "TELL_S", 0.1)
    job = submit(ana, "long")
    worker = Worker().start()
    try:
        until(lambda: found(job, ana).pages > 0)
        assert 0 < found(job, ana).share < 1
        with own.transaction() as session:
            jobs.cancel(session, user=ana, job_id=job)
        until(lambda: found(job, ana).state == "stopped")
        assert found(job, ana).report_id is None
        assert found(job, ana).note == "You cancelled this print."
    finally:
        worker.stop()


def test_a_process_that_ends_hands_its_job_to_another(ana, monkeypatch):
    monkeypatch.setattr(jobs, "TELL_S", 0.1)
    job = submit(ana, "long")
    first = Worker().start()
    until(lambda: found(job, ana).pages > 0)
    first.stop(patience_s=40)
    assert found(job, ana).state == "waiting"


def test_a_process_that_fell_silent_loses_its_job_and_too_many_times_fails_it(ana):
    job = submit(ana, "short")
    silence = f"update nexus.report_jobs set state = 'running', worker = 'gone', told_at = now() - interval '1 minute', tries = %s where id = {job}"
    with own.transaction() as session:
        session.execute(text(silence % 1))
    assert Worker().work()
    assert found(job, ana).state == "complete"
    with own.transaction() as session:
        session.execute(text(silence % 3))
    assert not Worker().work()
    assert found(job, ana).state == "failed"
    assert "stopped several times" in found(job, ana).note


def test_two_workers_print_each_job_once(ana):
    asked = [submit(ana, "short") for _ in range(4)]

    def prints(worker: Worker) -> None:
        while worker.work():
            pass

    workers = [threading.Thread(target=prints, args=[Worker()]) for _ in range(2)]
    with own.transaction() as session:
        before = len(ledger.list_reports(session, reader=ana))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(found(job, ana).state == "complete" for job in asked)
    with own.transaction() as session:
        assert len(ledger.list_reports(session, reader=ana)) == before + 4


def test_one_person_cannot_fill_the_queue(ana, ben, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_WAITING", 1)
    submit(ana, "short")
    submit(ben, "short")
    with pytest.raises(TooManyJobs, match="Others have 1 under way"):
        submit(ana, "short")


def test_one_that_waits_says_how_many_are_before_it_whoever_asked_for_them(ana, ben):
    first, second, third = submit(ana, "short"), submit(ben, "short"), submit(ana, "short")
    assert [found(job, reader).before for job, reader in ((first, ana), (second, ben), (third, ana))] == [0, 1, 2]
    with own.transaction() as session:
        jobs.cancel(session, user=ben, job_id=second)
    assert found(third, ana).before == 1
    assert Worker().work()
    assert found(third, ana).before == 0
    with own.transaction() as session:
        assert [(job.id, job.before) for job in jobs.list_jobs(session, reader=ana)] == [(third, 0)]


def test_who_may_not_come_in_any_more_gets_nothing_printed(ana, ada):
    gone = person("Gone", Role.VIEWER)
    job = submit(gone, "short")
    with own.transaction() as session:
        session.execute(text(f"update nexus.users set disabled_at = now() where id = {gone.id}"))
    assert Worker().work()
    assert found(job, ada).state == "failed"


def test_a_job_prints_with_the_rights_of_the_moment_it_is_printed(ana, ada):
    job = submit(ana, "short")
    with own.transaction() as session:
        session.execute(text("update nexus.views set open_to_all = false where name = 'short'"))
    try:
        assert Worker().work()
        assert found(job, ana).state == "failed"
        assert found(job, ana).report_id is None
        assert found(job, ana).title == "What you may not see any more", "nor is its title told"
        assert found(job, ada).title == "Short"
    finally:
        with own.transaction() as session:
            session.execute(text("update nexus.views set open_to_all = true where name = 'short'"))


BLOCK = {
    "name": "short", "view": "short", "view_title": "Short", "view_version": 1, "parameters": {}, "columns": ["a"], "rows": 40,
    "complete": True, "read_at": "2026-11-24T12:00:00+00:00", "digest": "0" * 64,
}  # fmt: skip


@pytest.mark.parametrize("lost", ["update nexus.prompts set open_to_all = false", "update nexus.views set open_to_all = false"])
def test_the_print_of_an_answer_is_named_only_to_who_may_still_see_what_it_was_made_of(ana, ada, lost):
    with own.transaction() as session:
        prompt = prompts.open_prompt(session, reader=ana, name="morning-brief").opened
        run = PromptRunRow(
            prompt_id=prompt.id, prompt_version=1, user_id=ana.id, variables={}, data={"blocks": [BLOCK]},
            data_hash="0" * 64, model="gemini-test", status="complete", answer="Busy",
        )  # fmt: skip
        session.add(run)
        session.flush()
        row = ReportJobRow(user_id=ana.id, kind="prompt-run", subject=str(run.id), title="Morning brief", given={})
        session.add(row)
        session.flush()
        job = row.id
    assert found(job, ana).title == "Morning brief"
    with own.transaction() as session:
        session.execute(text(lost))
    try:
        assert found(job, ana).title == "What you may not see any more"
        assert found(job, ada).title == "Morning brief"
    finally:
        with own.transaction() as session:
            session.execute(text(lost.replace("false", "true")))
