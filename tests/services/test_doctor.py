"""What the doctor command says, and the status it ends with."""

import os
import subprocess
import sys

import pytest

from nexus import doctor
from nexus.settings import ROOT
from nexus.status import Finding


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "nexus", *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )


def test_all_is_well_on_a_migrated_database(database):
    found = run("doctor", DATABASE_URL=database)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "PostgreSQL 18" in found.stdout
    assert "the newest" in found.stdout


def test_an_old_schema_is_wrong_and_the_table_says_what_to_run(postgres):
    name = postgres.database("template1")
    try:
        found = run("doctor", DATABASE_URL=postgres.url_of(name))
    finally:
        postgres.drop(name)
    assert found.returncode == 1
    assert "python -m nexus migrate" in found.stdout


def test_a_database_that_does_not_answer_is_said_once_with_the_reason_and_no_password():
    found = run("doctor", DATABASE_URL="postgresql://nexus:hidden-password@127.0.0.1:1/nexus")
    assert found.returncode == 1
    assert found.stdout.count("does not answer") == 1
    assert "refused" in found.stdout
    assert "hidden-password" not in found.stdout + found.stderr


def test_a_browser_that_does_not_start_is_told_with_its_own_words(database, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'error while loading shared libraries: libnss3.so' >&2\nexit 127\n")
    broken.chmod(0o755)
    found = run("doctor", DATABASE_URL=database, CHROMIUM_PATH=str(broken), COLUMNS="300")
    assert "cannot print here: error while loading shared libraries: libnss3.so" in found.stdout
    assert found.returncode == 0


@pytest.mark.parametrize(("state", "healthy"), [("ok", True), ("note", True), ("missing", True), ("wrong", False)])
def test_only_what_nexus_needs_makes_it_fail(state, healthy):
    assert doctor.healthy([Finding(what="Browser", state=state, detail="…")]) is healthy


def test_a_long_finding_is_wrapped_under_itself():
    lines = doctor.table([Finding(what="Browser", state="missing", detail="word " * 40, what_to_do="Install one.")], width=60)
    texts = [text for _state, text in lines]
    assert texts[0].startswith("missing Browser  word")
    assert all(len(text) <= 60 for text in texts)
    assert texts[-1].strip() == "Install one."
    assert {len(text) - len(text.lstrip()) for text in texts[1:]} == {17}
