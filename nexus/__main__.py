"""The command line: `python -m nexus …`."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from nexus import log, settings
from nexus.accounts.spec import Role
from nexus.errors import NexusError

if TYPE_CHECKING:
    from nexus.workspace.spec import Change

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Nexus, internal tools on a team's Postgres."
)
user_app = typer.Typer(no_args_is_help=True, help="People, for when nobody can sign in.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that sessions and stored secrets depend on.")
app.add_typer(user_app, name="user")
app.add_typer(keys_app, name="keys")


@contextmanager
def database() -> Iterator[None]:
    """Connected to Nexus's own database: the one of DATABASE_URL, or the bundled one, which stops afterwards."""
    from nexus.db import session as own
    from nexus.sources import connect

    current = settings.current()
    embedded = None
    if current.database_url is not None:
        url = current.database_url.get_secret_value()
    else:
        from nexus.db.embedded import Embedded

        embedded = Embedded(settings.STATE)
        url = embedded.url
    try:
        own.connect(url)
        own.ping()
        yield
    finally:
        connect.close_all()
        own.disconnect()
        if embedded is not None:
            embedded.stop()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # uvicorn takes the signal while it serves and raises it again afterwards; before and after, leave by the `finally`s.
    sys.exit(0)


@app.command()
def serve() -> None:
    """Start Nexus: database, schema, first administrator, then the web server."""
    from nexus import memory, server
    from nexus.accounts import sign_in
    from nexus.db import migrate

    memory.keep_large_pieces_apart()
    current = settings.current()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    listening = server.bound(address=current.address, port=current.port)
    with database():
        migrate.bring_up_to_date()
        if sign_in.nobody_yet():
            # Before the first administrator: whoever gets the password finds the sample, and a start that was broken off loads it again.
            _load_sample_or_say_why()
        first = sign_in.first_admin()
        if first is not None:
            typer.echo(f"\n  The first administrator is {first[0]}\n  with the one-time password {first[1]}  (shown this once)")
        typer.echo(
            f"\n  Nexus runs at http://localhost:{current.port}\n" if not current.production else f"Nexus listens on port {current.port}."
        )
        sys.stdout.flush()
        server.run(listening)


@app.command()
def worker() -> None:
    """Print long reports in a process of its own, until Ctrl-C or SIGTERM. Without one, the web server prints them."""
    from nexus import memory
    from nexus.reports import browser, jobs

    memory.keep_large_pieces_apart()
    over = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda _signal, _frame: over.set())
    with database():
        log.adopt()
        printing = jobs.Worker().start()
        typer.echo("Nexus prints reports that are asked for in the background.")
        over.wait()
        printing.leave_off()
        browser.stop()
        printing.stop()


@app.command()
def migrate() -> None:
    """Bring Nexus's own tables to the newest version. Safe from several processes at once."""
    from nexus.db import migrate as schema

    with database():
        schema.upgrade()
        typer.echo(f"The schema is at version {schema.present()}.")


@app.command()
def doctor() -> None:
    """Say what is found, missing or wrong, and what to do. Ends with status 1 when something that Nexus needs is wrong."""
    from nexus import doctor as doctor_

    found = doctor_.look(database())
    for state, line in doctor_.table(found):
        typer.secho(line, fg=doctor_.COLOURS[state])
    if not doctor_.healthy(found):
        raise typer.Exit(1)


@app.command()
def sample() -> None:
    """Load the sample: 336,776 flights, and the views, dashboards and prompts on them. What is there already stays."""
    with database():
        made = _load_sample()
    typer.echo("The sample is loaded." if made else "The sample was there already.")


def _load_sample() -> bool:
    """True when anything was made. Raises SampleFailed where the database's role may not make schemas and roles."""
    from nexus.accounts import service
    from nexus.sample.load import load
    from nexus.workspace.service import apply_sample

    loaded = load()
    return any(change.action == "create" for change in apply_sample(service.OPERATOR)) or loaded


def _load_sample_or_say_why() -> None:
    try:
        _load_sample()
    except NexusError as error:
        # Nexus is of use without it, on a database whose role may make no roles.
        typer.echo(error.message, err=True)


@app.command()
def apply(folder: Path) -> None:
    """Make Nexus as the YAML files of a folder say: all of them, or none when one is wrong."""
    from nexus.accounts import service
    from nexus.workspace.service import apply_folder

    with database():
        changes = apply_folder(service.OPERATOR, folder)
    _say_changes(changes, "Nothing to change.")


@app.command()
def diff(folder: Path) -> None:
    """Show what applying a folder would change, field by field. Changes nothing."""
    from nexus.accounts import service
    from nexus.workspace.service import diff_folder

    with database():
        changes = diff_folder(service.OPERATOR, folder)
    _say_changes(changes, "Nothing would change.")


@app.command()
def export(folder: Path) -> None:
    """Write every source, view, dashboard and prompt into a folder as YAML files, without any address or secret."""
    from nexus.accounts import service
    from nexus.workspace.service import export_folder

    with database():
        names = export_folder(service.OPERATOR, folder)
    typer.echo(f"{len(names)} files are in {folder}.")


def _say_changes(changes: "list[Change]", nothing: str) -> None:
    changed = [change for change in changes if change.action in ("create", "update")]
    for change in changed:
        typer.echo(f"{change.action:<8}{change.kind} {change.name}")
        for field in change.fields:
            typer.echo(f"        {field.path}: {_short(field.before)} → {_short(field.after)}")
    if not changed:
        typer.echo(nothing)


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value).replace("\n", " ⏎ ")
    return text if len(text) <= 80 else text[:79] + "…"


@user_app.command("add")
def user_add(
    email: str,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.VIEWER,
    name: Annotated[str, typer.Option(help="Shown to others.")] = "",
) -> None:
    """Add a person and print their one-time password."""
    from nexus.accounts import service
    from nexus.db.session import transaction

    with database(), transaction() as session:
        password = service.add_person(session, user=service.OPERATOR, email=email, name=name or email.partition("@")[0], role=role)
    typer.echo(f"{email} can sign in with the one-time password {password}")


@user_app.command("reset")
def user_reset(email: str) -> None:
    """Give a person a new one-time password; their sessions end and a lock is lifted."""
    from nexus.accounts import service
    from nexus.db.session import transaction

    with database(), transaction() as session:
        password = service.reset_password(
            session, user=service.OPERATOR, person_id=service.id_of(session, user=service.OPERATOR, email=email)
        )
    typer.echo(f"{email} can sign in with the one-time password {password}")


@user_app.command("disable")
def user_disable(email: str) -> None:
    """Shut a person out; what they made stays."""
    from nexus.accounts import service
    from nexus.db.session import transaction

    with database(), transaction() as session:
        service.disable(session, user=service.OPERATOR, person_id=service.id_of(session, user=service.OPERATOR, email=email))
    typer.echo(f"{email} is disabled.")


@user_app.command("list")
def user_list() -> None:
    """Everyone, with role and state."""
    from nexus.accounts import service
    from nexus.db.session import transaction

    with database(), transaction() as session:
        people = service.everyone(session, user=service.OPERATOR)
    for person in people:
        state = "disabled" if person.disabled_at else "one-time password" if person.must_change_password else "active"
        typer.echo(f"{person.email:<40} {person.role:<8} {state:<18} {person.open_sessions} open sessions")


@keys_app.command("new")
def keys_new() -> None:
    """Print a fresh SECRET_KEY and ENCRYPTION_KEY for production."""
    import secrets

    from cryptography.fernet import Fernet

    typer.echo(f"SECRET_KEY={secrets.token_urlsafe(48)}\nENCRYPTION_KEY={Fernet.generate_key().decode()}")


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Encrypt every stored secret anew with the newest ENCRYPTION_KEY; the former ones can then be removed."""
    from nexus.db import encrypted
    from nexus.db.session import transaction

    with database(), transaction() as session:
        count = encrypted.rotate_all(session)
    typer.echo(f"{count} stored secrets are encrypted with the newest key. Former keys can be removed from ENCRYPTION_KEY.")


def main() -> None:
    """Run one command; an error of ours is one sentence on standard error and a status of 1."""
    try:
        if sys.argv[1:2] != ["keys"]:
            log.configure(settings.current())
        app()
    except NexusError as error:
        problems = getattr(error, "problems", [])
        for problem in problems:
            typer.echo(problem, err=True)
        typer.echo("Nothing was applied." if problems else error.message, err=True)
        sys.exit(1)
    except Exception:
        logging.getLogger("nexus").critical("Nexus stopped because of a defect.", exc_info=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
