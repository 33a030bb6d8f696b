"""The commands for when nobody can sign in."""

import os
import subprocess
import sys

import psycopg2

from nexus import settings
from nexus.accounts import sign_in
from tests.server import ROOT, free_port


def nexus(database: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": database, **environment}
    return subprocess.run(
        [sys.executable, "-m", "nexus", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_people_are_added_reset_listed_and_disabled_from_the_command_line(database):
    added = nexus(database, "user", "add", "Ben@example.org", "--role", "admin", "--name", "Ben Okafor")
    password = added.stdout.split()[-1]
    assert sign_in.sign_in(email="ben@example.org", password=password, address="192.0.2.1", user_agent="").user.name == "Ben Okafor"
    reset = nexus(database, "user", "reset", "ben@example.org").stdout.split()[-1]
    assert reset != password
    assert sign_in.sign_in(email="ben@example.org", password=reset, address="192.0.2.1", user_agent="").user.must_change_password
    listed = nexus(database, "user", "list").stdout
    assert "ben@example.org" in listed
    assert "1 open sessions" in listed
    refused = nexus(database, "user", "disable", "ben@example.org")
    assert (refused.returncode, refused.stderr.strip()) == (
        1,
        "This is the last active administrator. Make somebody else an administrator first.",
    )
    unknown = nexus(database, "user", "reset", "nobody@example.org")
    assert unknown.returncode == 1
    assert "user list" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    assert password not in added.stderr


def test_fresh_keys_are_ones_that_production_starts_with():
    made = nexus("", "keys", "new", RAILWAY_ENVIRONMENT="production", SECRET_KEY="", ENCRYPTION_KEY="")
    assert made.returncode == 0, made.stderr
    keys = dict(line.split("=", 1) for line in made.stdout.split())
    assert settings.read({"RAILWAY_ENVIRONMENT": "production", **keys}).production
    assert nexus("", "keys", "new").stdout != made.stdout


def test_keys_are_rotated_from_the_command_line(database):
    from cryptography.fernet import Fernet

    former, newest = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("insert into nexus.saved_settings (name, secret) values ('google_api_key', %s)", (Fernet(former).encrypt(b"AIza"),))
    lost = nexus(database, "keys", "rotate", ENCRYPTION_KEY=newest)
    assert lost.returncode == 1
    assert "former key" in lost.stderr
    assert "1 stored secrets" in nexus(database, "keys", "rotate", ENCRYPTION_KEY=f"{newest},{former}").stdout
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("select secret from nexus.saved_settings")
        assert Fernet(newest).decrypt(bytes(cursor.fetchone()[0])) == b"AIza"


def test_migrating_says_where_the_schema_is(postgres):
    name = postgres.database("template1")
    try:
        done = nexus(postgres.url_of(name), "migrate")
        assert done.returncode == 0, done.stderr
        assert "The schema is at version" in done.stdout
    finally:
        postgres.drop(name)


def test_a_database_that_does_not_answer_stops_the_start_with_one_sentence():
    for command in ("serve", "migrate"):
        done = nexus("postgresql://owner:hidden-password@127.0.0.1:1/nexus", command, PORT=str(free_port()))
        assert done.returncode == 1
        assert "cannot reach its own database" in done.stderr
        assert "Traceback" not in done.stderr
        assert "hidden-password" not in done.stderr + done.stdout
