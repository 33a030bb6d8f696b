"""Which sections there are, what is found in them, and who draws them."""

from collections.abc import Callable
from importlib import import_module

from pydantic import BaseModel

from nexus.accounts.spec import User


class Section(BaseModel, frozen=True):
    """A section of the settings page. `holds` names everything in it, for the search on top."""

    name: str
    title: str
    icon: str
    holds: tuple[str, ...]

    def draw(self, user: User) -> None:
        # Imported late: a visit pays for the section it opens.
        draw: Callable[[User], None] = import_module(f"nexus.ui.settings.{self.name}").draw
        draw(user)

    def found(self, search: str) -> tuple[str, ...]:
        """What of it matches every word of `search`; its own title matches all of it."""
        words = search.casefold().split()
        if all(word in self.title.casefold() for word in words):
            return self.holds
        return tuple(thing for thing in self.holds if all(word in f"{self.title} {thing}".casefold() for word in words))


SECTIONS = (
    Section(
        name="people",
        title="People",
        icon=":material/group:",
        holds=("Add a person", "Role", "Disable or enable", "Reset a password", "One-time password", "End sessions"),
    ),
    Section(
        name="sources",
        title="Sources",
        icon=":material/database:",
        holds=(
            "Add a source",
            "Test a source",
            "Address and password",
            "Limits: timeout, rows, bytes, cache",
            "What prompts may send of columns",
            "Writing role",
            "Largest file that may be brought in",
        ),
    ),
    Section(name="gemini", title="Gemini", icon=":material/auto_awesome:", holds=("Key", "Model", "Test the key")),
    Section(
        name="budgets",
        title="Budgets",
        icon=":material/payments:",
        holds=(
            "Prices of models",
            "Tokens and money in a month",
            "What was spent",
            "Calls at once and in a minute",
            "Answers to equal requests",
            "Days that prompt runs and their data are kept",
        ),
    ),
    Section(
        name="asking", title="Asking", icon=":material/forum:", holds=("Most that SQL of Gemini may cost", "Wrong answers", "Examples")
    ),
    Section(
        name="reports",
        title="Reports",
        icon=":material/picture_as_pdf:",
        holds=("Days that printed files are kept", "Most that they may take", "Days that issues can be compared", "The newest file stays"),
    ),
    Section(name="letterhead", title="Letterhead", icon=":material/branding_watermark:", holds=("Logo", "Header", "Footer")),
    Section(name="runs", title="Runs", icon=":material/monitoring:", holds=("Days that runs are kept",)),
    Section(
        name="signing_in",
        title="Signing in",
        icon=":material/lock:",
        holds=("Life of a session", "Failed sign-ins that lock an account", "Length of a lock", "Failed sign-ins from one address"),
    ),
    Section(
        name="status",
        title="Status",
        icon=":material/monitor_heart:",
        holds=("Versions", "Database and schema", "Browser for PDFs", "Memory", "Last errors"),
    ),
    Section(name="audit", title="Audit log", icon=":material/history:", holds=("What happened, when, and who did it",)),
)


def named(name: str) -> Section:
    return next((section for section in SECTIONS if section.name == name), SECTIONS[0])
