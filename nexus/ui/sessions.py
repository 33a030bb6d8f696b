"""An open session in one line: which browser, from where, seen when."""

from nexus.accounts.sessions import OpenSession
from nexus.ui import when
from nexus.ui.forms import plain

# In this order: every browser also names the ones it descends from.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """`Firefox on Linux`, as far as a browser says; for people to recognise, not to rely on."""
    name = next((name for mark, name in _BROWSERS if mark in user_agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{name} on {system}" if system else name


def line(row: OpenSession) -> str:
    """For a place that reads markdown."""
    return (
        f"{browser(row.user_agent)} · {plain(row.address)} · signed in {when.moment(row.created_at)} · seen {when.since(row.last_seen_at)}"
    )
