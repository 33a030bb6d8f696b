"""What the bench runs against: a bundled Postgres of its own with the sample, people, and dashboards of six and of a hundred charts."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nexus.accounts import passwords, sign_in
from nexus.accounts import store as people
from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import ChartPanel, Dashboard
from nexus.db import migrate
from nexus.db import session as own
from nexus.db.embedded import Embedded
from nexus.db.tables import UserRow
from nexus.sample import load as sample
from nexus.sources import store as sources
from nexus.views import service as views
from nexus.views.appearance import Chart
from nexus.views.parameter import NumberParameter
from nexus.views.question import SqlQuestion
from nexus.views.spec import View
from tests.bench import big
from tests.bench.exports import SQL
from tests.bench.questions import QUESTIONS, Question

PASSWORD = "the bench signs in with this one"
EMAIL = "bench@example.org"
MANY_PANELS = 100


@dataclass(frozen=True)
class Ground:
    folder: Path
    url: str
    user: User

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def token(self) -> str:
        """A session's cookie, as a sign-in just now would set it."""
        with own.transaction() as session:
            return sign_in.open_session(session, user_id=self.user.id, address="127.0.0.1", user_agent="bench").token


@contextmanager
def ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        embedded = Embedded(folder)
        try:
            own.connect(embedded.url)
            migrate.upgrade()
            sample.load()
            user = _person()
            _save(user)
            yield Ground(folder, embedded.url, user)
        finally:
            own.disconnect()
            embedded.stop()


def _person() -> User:
    with own.transaction() as session:
        user_id = people.add_person(session, email=EMAIL, name="Bench", role=Role.ADMIN, password_hash=passwords.hashed(PASSWORD))
        row = session.get_one(UserRow, user_id)
        row.must_change_password = False
        return people.as_user(row, None)


def _view(question: Question, source: str) -> View:
    chart = Chart(kind="bar" if question.kind == "bar" else "line", x=question.x, y=(question.y,), color=question.color)
    return View(name=question.name, title=question.title, source=source, question=SqlQuestion(sql=question.sql), chart=chart)


def _save(user: User) -> None:
    """Two dashboards of the same six charts: one on the sample's source, one on the same data through a source that keeps nothing.

    The first also exists with a hundred panels.
    """
    with own.transaction() as session:
        kept = sample.SOURCE
        fresh = kept.model_copy(update={"name": "uncached", "limits": kept.limits.model_copy(update={"cache_seconds": 0})})
        sources.put(session, source=fresh, address=sources.find_address(session, name=kept.name), changed_by=None)
        views.save_view(
            session,
            user=user,
            view=View(name="bench-flights", title="Flights", source=kept.name, question=SqlQuestion(sql=SQL)),
        )
        question = SqlQuestion(sql=f"select * from {big.TABLE}")
        views.save_view(session, user=user, view=View(name="bench-big", title="Ten million flights", source=kept.name, question=question))
        for suffix, source in (("", kept), ("-uncached", fresh)):
            panels = []
            for question in QUESTIONS:
                view = _view(question, source.name).model_copy(update={"name": question.name + suffix})
                views.save_view(session, user=user, view=view)
                panels.append(ChartPanel(name=question.name, view=view.name, title=question.title))
            dashboards.save_dashboard(session, user=user, dashboard=_dashboard("bench" + suffix, panels))
            if not suffix:
                many = [panels[at % len(panels)].model_copy(update={"name": f"panel-{at}"}) for at in range(MANY_PANELS)]
                dashboards.save_dashboard(session, user=user, dashboard=_dashboard("bench-100", many))


def _dashboard(name: str, panels: list[ChartPanel]) -> Dashboard:
    """With a filter that narrows those whose view knows the month."""
    by_month = {"filtered": {"month": "month"}}
    narrowed = [panel.model_copy(update=by_month) if "month" in panel.view else panel for panel in panels]
    return Dashboard(name=name, title="Flights", panels=tuple(narrowed), filters=(NumberParameter(name="month", label="Month"),))
