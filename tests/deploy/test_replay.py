"""The very commands of Railway's files, in an environment that has only what Railway gives."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from cryptography.fernet import Fernet

from nexus.settings import ROOT
from tests.server import free_port, until

DEPLOY = json.loads((ROOT / "railway.json").read_text())["deploy"]
BUILD = json.loads((ROOT / "railway.json").read_text())["build"]
CHOSEN = "violet tractor humming lake"


class Deployment:
    """A folder and variables that commands run in, as Railway's container would run them."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.environment = {
            # The builders put their Python environment first on PATH.
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder.parent),
            "PORT": str(self.port),
            "DATABASE_URL": database_url,
            "SECRET_KEY": "a secret of Railway's variables that is long enough",
            "ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "RAILWAY_ENVIRONMENT": "production",
        }
        self.output: list[str] = []

    def run(self, command: str, **changes: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.folder, env={**self.environment, **changes}, capture_output=True, text=True, timeout=120
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", DEPLOY["startCommand"]],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=lambda: self.output.extend(iter(self.process.stdout.readline, "")), daemon=True).start()
        until(self._ready, within_s=DEPLOY["healthcheckTimeout"], what=DEPLOY["healthcheckPath"])

    def _ready(self) -> bool:
        assert self.process.poll() is None, "".join(self.output)[-3000:]
        try:
            # Railway's probe calls under a host name of its own.
            return (
                httpx.get(self.url + DEPLOY["healthcheckPath"], headers={"host": "healthcheck.railway.app"}, timeout=5).status_code == 200
            )
        except httpx.HTTPError:
            return False

    def family(self) -> list[psutil.Process]:
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]

    def one_time_password(self) -> str:
        found = re.search(r"one-time password (\S+)", until(lambda: "".join(self.output), what="the output"))
        assert found, "".join(self.output)
        return found[1]


class Browser:
    """Sends cookies by hand: a Secure cookie would not travel over the plain HTTP behind Railway's edge."""

    def __init__(self, url: str) -> None:
        self.cookies: dict[str, str] = {}
        self.client = httpx.Client(base_url=url, headers={"accept": "text/html", "origin": url}, timeout=60)

    def send(self, method: str, path: str, **given) -> httpx.Response:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        response = self.client.request(method, path, headers=headers, **given)
        for line in response.headers.get_list("set-cookie"):
            assert line.startswith("__Host-")
            assert "Secure" in line
            assert "HttpOnly" in line
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return response

    def submit(self, path: str, **fields: str) -> httpx.Response:
        form = re.search(r'name="form" value="([^"]+)"', self.send("GET", path).text)[1]
        return self.send("POST", path, data={"form": form, "next": "/", **fields})

    def sign_in(self, *, email: str, password: str, chosen: str) -> None:
        assert self.submit("/login", email=email, password=password).status_code == 303
        assert self.submit("/login/password", current="", new=chosen, again=chosen).status_code == 303


@pytest.fixture(scope="module")
def deployment(checkout: Path, tcp_postgres: str) -> Iterator[Deployment]:
    """Built, migrated and started by Railway's commands."""
    deployed = Deployment(checkout, tcp_postgres)
    built = deployed.run(BUILD["buildCommand"])
    assert built.returncode == 0, built.stderr
    for command in DEPLOY["preDeployCommand"]:
        migrated = deployed.run(command)
        assert migrated.returncode == 0, migrated.stderr
    deployed.start()
    try:
        yield deployed
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(deployed.process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def person(deployment: Deployment) -> Browser:
    """The first administrator, signed in over the injected port."""
    browser = Browser(deployment.url)
    browser.sign_in(email="admin@localhost", password=deployment.one_time_password(), chosen=CHOSEN)
    return browser


@pytest.mark.parametrize("variable", ["SECRET_KEY", "ENCRYPTION_KEY"])
def test_the_pre_deploy_command_refuses_to_go_on_without_a_key(checkout, tcp_postgres, variable):
    refused = Deployment(checkout, tcp_postgres).run(DEPLOY["preDeployCommand"][0], **{variable: ""})
    assert refused.returncode != 0
    assert variable in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_the_first_administrator_signs_in_over_the_injected_port(person):
    assert person.send("GET", "/").status_code == 200
    assert person.send("GET", "/login").status_code == 303


def test_the_sample_is_there_for_the_first_person(tcp_postgres, person):
    import psycopg2

    connection = psycopg2.connect(tcp_postgres)
    with connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from sample.flights")
        assert cursor.fetchone() == (336_776,)
    connection.close()


def test_nothing_is_written_beside_the_code(deployment, person):
    assert not (deployment.folder / ".nexus").exists()


def test_the_log_is_json_but_for_the_words_to_who_installs_it(deployment, person):
    started = [line for line in deployment.output if line.strip()]
    words = [line for line in started if not line.startswith("{")]
    assert len(words) <= 3, words
    assert all(json.loads(line)["message"] for line in started if line not in words)
    assert CHOSEN not in "".join(started)


def test_a_stop_in_the_middle_of_a_pdf_lets_it_arrive_and_leaves_no_process(deployment, person):
    """Last in this file: it stops the deployment."""
    alone = len(deployment.family())
    with ThreadPoolExecutor(1) as pool:
        printing = pool.submit(person.send, "GET", "/dashboards/delays.pdf")
        until(lambda: len(deployment.family()) > alone, within_s=30, what="the print browser")
        assert not printing.done()
        family = deployment.family()
        deployment.process.send_signal(signal.SIGTERM)
        printed = printing.result(timeout=40)
    assert printed.status_code == 200
    assert printed.content.startswith(b"%PDF")
    assert deployment.process.wait(timeout=DEPLOY["drainingSeconds"]) == 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
