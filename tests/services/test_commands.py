"""The commands for the sample and for workspaces, as they are typed."""

import os
import socket
import subprocess
import sys

import pytest

from nexus.settings import ROOT


@pytest.fixture
def run(database):
    def run(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "nexus", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_the_sample_is_loaded_once_and_travels_as_files(run, tmp_path):
    assert run("sample").stdout == "The sample is loaded.\n"
    assert run("sample").stdout == "The sample was there already.\n"

    exported = run("export", tmp_path)
    assert exported.returncode == 0
    assert (tmp_path / "dashboards/delays.yaml").is_file()
    assert "password" not in "".join(file.read_text() for file in tmp_path.rglob("*.yaml"))
    assert run("diff", tmp_path).stdout == "Nothing would change.\n"

    view = tmp_path / "views/airports.yaml"
    before = view.read_text()
    title = next(line for line in before.splitlines() if line.startswith("title: "))
    view.write_text(before.replace(title, "title: Three airports"))
    told = f"update  view airports\n        title: {title.removeprefix('title: ')} → Three airports\n"
    assert run("diff", tmp_path).stdout == told
    assert run("apply", tmp_path).stdout == told
    assert run("apply", tmp_path).stdout == "Nothing to change.\n"


def test_every_problem_is_told_with_its_file_and_line_and_nothing_is_applied(run, tmp_path):
    (tmp_path / "one.yaml").write_text("kind: view\nname: one\ntitle: One\nsource: nowhere\nsql: select 1\nbogus: 1\n")
    (tmp_path / "two.yaml").write_text("kind: nothing\n")
    refused = run("apply", tmp_path)
    assert refused.returncode == 1
    lines = refused.stderr.strip().splitlines()
    assert any(line.startswith("one.yaml:6: ") for line in lines)
    assert any(line.startswith("two.yaml:1: ") for line in lines)
    assert lines[-1] == "Nothing was applied."
    assert run("diff", tmp_path / "missing").returncode == 1


def test_a_port_in_use_is_one_sentence_and_nothing_is_started(database):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "nexus", "serve"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database, "PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert (
        refused.stderr == f"Port {port} cannot be used (Address already in use). Stop the program that uses it, or set PORT to another.\n"
    )
