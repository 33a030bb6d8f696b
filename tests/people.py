"""People of a test."""

from typing import Any

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.db.tables import UserRow


def add_person(role: Role, *, email: str, name: str = "Ana", **columns: Any) -> User:
    """A new person in the database that this process is connected to; nobody has signed in as them."""
    with own.transaction() as session:
        row = UserRow(email=email, name=name, role=role.value, **columns)
        session.add(row)
        session.flush()
        return User(id=row.id, email=email, name=name, role=role, attributes=row.attributes or {})
