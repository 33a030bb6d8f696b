import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from alembic.script import ScriptDirectory
from sqlalchemy import text

from nexus import settings
from nexus.db import migrate
from nexus.db import session as own


def test_the_models_and_the_migrations_agree(database):
    migrate.check()
    assert migrate.present() == migrate.newest()


def test_the_newest_migration_is_the_one_that_none_follows():
    assert migrate.newest() == ScriptDirectory(str(settings.ROOT / "migrations")).get_current_head()


def test_a_start_migrates_what_is_behind(database):
    migrate.downgrade("-1")
    migrate.bring_up_to_date()
    assert migrate.present() == migrate.newest()


def test_a_start_on_the_newest_schema_carries_no_alembic(database):
    program = """
import sys
from nexus.db import session, migrate
session.connect(sys.argv[1])
migrate.bring_up_to_date()
assert "alembic" not in sys.modules, "alembic was loaded"
"""
    done = subprocess.run([sys.executable, "-c", program, database], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def test_every_migration_goes_down_and_up_again(database):
    migrate.downgrade("base")
    assert migrate.present() is None
    migrate.upgrade()
    assert migrate.present() == migrate.newest()


def test_four_replicas_migrate_at_once_and_all_find_it_done(postgres):
    name = postgres.database("template1")
    own.connect(postgres.url_of(name))
    try:
        program = "import sys; from nexus.db import session, migrate; session.connect(sys.argv[1]); migrate.upgrade()"
        with ThreadPoolExecutor(4) as pool:
            runs = list(
                pool.map(
                    lambda _: subprocess.run([sys.executable, "-c", program, postgres.url_of(name)], capture_output=True, text=True),
                    range(4),
                )
            )
        assert [run.returncode for run in runs] == [0, 0, 0, 0], [run.stderr[-500:] for run in runs]
        with own.transaction() as session:
            assert session.execute(text("select count(*) from nexus.alembic_version")).scalar() == 1
    finally:
        own.disconnect()
        postgres.drop(name)
