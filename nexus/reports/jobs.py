"""Reports that are printed in the background: asked for, watched and called off from any page and any replica.

A queue of our own in one table, worked on by a thread of every Nexus process: a job is claimed with `skip locked`, and its process
tells every other second that it lives. One that falls silent is taken up by another. A queue from outside was measured, and took
18 MB in every process for what is one statement here.
"""

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass, field

from nexus import log as logs
from nexus.accounts import store as people
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import Session, transaction
from nexus.errors import NexusError, NotFound, Unavailable
from nexus.reports import orders
from nexus.reports.browser import Stopping
from nexus.reports.orders import Given
from nexus.reports.press import Progress
from nexus.reports.seal import Seal, seal
from nexus.reports.spec import Job, Kind
from nexus.reports.store import jobs as store

log = logging.getLogger(__name__)

MOST_WAITING = 10
"""Jobs that one person may have under way."""
TELL_S = 2.0
LOOK_S = 2.0
"""Between two looks for work, where nothing was submitted in this process."""
WORKER = "worker"
WEB_WAITS_S = 3.0
"""So long a web process leaves a job to a worker, where one has printed within the hour."""
MOST_TRIES = 3


class JobNotFound(NotFound):
    message = "This print is not known. It ended long ago, or it is someone else's."


class TooManyJobs(Unavailable):
    message = f"You have {MOST_WAITING} reports under way. Wait until one is printed, or cancel one on the Reports page."


class Cancelled(NexusError):
    message = "You cancelled this print."


class Interrupted(Exception):
    """This process ends; another takes the job up."""


def submit(*, user: User, kind: Kind, name: str, given: Given, password: str = "") -> int:
    """Have it printed in the background; the id of the job. The password is made into a lock here, and forgotten.

    Raises as `orders.title_of`, BadInput for a password that cannot be one, and TooManyJobs.
    """
    require(user, Permission.SEE)
    title = orders.title_of(kind, user=user, name=name, given=given)
    lock = seal(password).dump() if password else None
    with transaction() as session:
        own, all_ = store.count_jobs(session, user=user)
        if own >= MOST_WAITING:
            raise TooManyJobs(f"{TooManyJobs.message} {_others(all_ - own)}")
        job = store.add_job(session, user=user, kind=kind, subject=name, title=title, given=dict(given), seal=lock)
    _submitted.set()
    return job


def _others(number: int) -> str:
    return "Nobody else has one." if not number else f"Others have {number:,} under way, too."


def list_jobs(session: Session, *, reader: User) -> list[Job]:
    """One's own that wait, run, or ended in the last hour without a report; administrators see all."""
    require(reader, Permission.SEE)
    return store.jobs(session, reader=reader)


def find_job(session: Session, *, reader: User, job_id: int) -> Job:
    """Raises JobNotFound."""
    require(reader, Permission.SEE)
    job = store.job(session, reader=reader, job_id=job_id)
    if job is None:
        raise JobNotFound()
    return job


def cancel(session: Session, *, user: User, job_id: int) -> None:
    """Have it stopped: at once where it waits, else within seconds. Raises JobNotFound."""
    require(user, Permission.SEE)
    if not store.cancel_job(session, user=user, job_id=job_id):
        raise JobNotFound()


_submitted = threading.Event()


@dataclass
class _Run:
    """One job while it is printed: a second thread tells that it lives, and hears whether it was cancelled."""

    job_id: int
    worker: str
    stopping: threading.Event
    progress: Progress = field(default_factory=lambda: Progress(0, 0))
    cancelled: bool = False
    lost: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def told(self, progress: Progress) -> None:
        self.progress = progress
        self.check()

    def check(self) -> None:
        if self.cancelled:
            raise Cancelled()
        if self.lost or self.stopping.is_set():
            raise Interrupted()

    def unwanted(self) -> bool:
        return self.cancelled or self.lost or self.stopping.is_set()

    def beat(self) -> None:
        while not self.over.wait(TELL_S):
            try:
                with transaction() as session:
                    found = store.tell_job(
                        session, job_id=self.job_id, worker=self.worker, share=self.progress.share, pages=self.progress.pages
                    )
            except NexusError:
                continue
            self.cancelled, self.lost = found == "cancelled", found == "lost"


class Worker:
    """A thread that prints one job after another, in a web process or in a worker of its own."""

    def __init__(self, where: str = WORKER) -> None:
        self.name = f"{where} {socket.gethostname()} {os.getpid()} {id(self):x}"
        self._waits_s = 0 if where == WORKER else WEB_WAITS_S
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report-jobs", daemon=True)

    def start(self) -> "Worker":
        self._thread.start()
        return self

    def leave_off(self) -> None:
        """Take up nothing more, and give back what is being printed at once."""
        self._stopping.set()
        _submitted.set()

    def stop(self, *, patience_s: float = 10) -> None:
        self.leave_off()
        if self._thread.is_alive():
            self._thread.join(patience_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.work():
                    continue
            except NexusError as error:
                log.warning("no job could be looked for", extra={"reason": error.message})
            except Exception:
                log.exception("looking for jobs failed")
            _submitted.wait(LOOK_S)
            _submitted.clear()

    def work(self) -> bool:
        """Print the job that waits longest; whether there was one."""
        with transaction() as session:
            claimed = store.claim_job(session, worker=self.name, waits_s=self._waits_s, most_tries=MOST_TRIES)
        if claimed is None:
            return False
        job, lock = claimed
        run = _Run(job.id, self.name, self._stopping)
        beating = threading.Thread(target=run.beat, name="report-job-told", daemon=True)
        beating.start()
        try:
            self._finish(run, *_carried_out(job, lock, run))
        except (Interrupted, Stopping):
            with transaction() as session:
                store.give_back_job(session, job_id=job.id, worker=self.name)
        finally:
            run.over.set()
        return True

    def _finish(self, run: _Run, state: str, note: str, report_id: int | None) -> None:
        with transaction() as session:
            store.end_job(
                session, job_id=run.job_id, worker=self.name, state=state, note=note, report_id=report_id, pages=run.progress.pages
            )


def _carried_out(job: Job, lock: str | None, run: _Run) -> tuple[str, str, int | None]:
    """How it ended, with one sentence where it failed, and the report. Raises Interrupted, Stopping."""
    started = time.monotonic()
    try:
        user = _person(job)
        logs.user_id.set(user.id)
        report = orders.carry_out(
            job.kind,
            user=user,
            name=job.subject,
            given=job.given,
            seal=Seal.load(lock) if lock else None,
            told=run.told,
            cancelled=run.unwanted,
        )
        run.progress = Progress(1, report.pages)
        return "complete", "", report.id
    except Stopping:
        raise
    except NexusError as error:
        # A query that was stopped because the job was cancelled says so in words of its own.
        if run.cancelled:
            return "stopped", Cancelled.message, None
        run.check()
        return "failed", error.message, None
    except Interrupted:
        raise
    except Exception:
        log.exception("a job failed", extra={"job": job.id, "elapsed_s": round(time.monotonic() - started)})
        return "failed", "Something went wrong while this was printed. Try again; an administrator finds the reason in the log.", None


def _person(job: Job) -> User:
    """Who asked, with the rights of now. Raises JobNotFound for one who may not come in any more."""
    with transaction() as session:
        user = people.person_to_look_as(session, job.user_id)
    if user is None:
        raise JobNotFound("Who asked for this may not sign in any more.")
    return user


_worker: Worker | None = None


def start() -> None:
    """Print jobs in this web process, too."""
    global _worker
    if _worker is None:
        _worker = Worker("web").start()


def leave_off() -> None:
    """As `Worker.leave_off`, before the browser is stopped."""
    if _worker is not None:
        _worker.leave_off()


def stop() -> None:
    global _worker
    closing, _worker = _worker, None
    if closing is not None:
        closing.stop()
