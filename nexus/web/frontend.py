"""The page that carries the whole app: Streamlit's index.html with our script in it, and the policy that goes with it."""

import base64
import hashlib
import re
from pathlib import Path

from pydantic import BaseModel

DOOR_SCRIPT = "/door/door.js"
"""Leads an open page to the sign-in page when its session has ended. Its source: nexus/accounts/static/door.js."""

DOWNLOADS_SCRIPT = "/door/downloads.js"
"""Prints and saves a PDF at a click, with progress. Its source: nexus/accounts/static/downloads.js."""

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_LINKED = re.compile(r'(?:src|href)="\./(static/[^"]+\.(?:js|css))"')
_NOSCRIPT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
_AGENT = re.compile(r"<!--(?:(?!-->).)*agent API(?:(?!-->).)*-->\s*<link rel=\"service-desc\"[^>]*>", re.DOTALL)


class Frontend(BaseModel, frozen=True):
    """What the browser gets before any script of ours runs."""

    static: Path
    page: bytes
    inline_hashes: tuple[str, ...]
    preload: tuple[str, ...]
    """Addresses that the page needs at once; the sign-in page fetches them while the person types."""


def read(static: Path) -> Frontend:
    """Make the `Frontend` of Streamlit's folder of static files."""
    html = (static / "index.html").read_text()
    inline = tuple(_hash(script) for script in _INLINE.findall(html))
    html = _NOSCRIPT.sub("<noscript><p>Nexus needs JavaScript behind the sign-in page.</p></noscript>", _AGENT.sub("", html))
    html = html.replace("<title>Streamlit</title>", "<title>Nexus</title>")
    # Relative addresses would break on pages below a folder; ours is always served at the root.
    html = html.replace('"./', '"/').replace("/favicon.png", "/door/mark.svg")
    scripts = f'<script src="{DOOR_SCRIPT}"></script>\n    <script src="{DOWNLOADS_SCRIPT}" defer></script>'
    page = html.replace("<head>", f"<head>\n    {scripts}", 1)
    return Frontend(
        static=static,
        page=page.encode(),
        inline_hashes=inline,
        preload=tuple("/" + path for path in _LINKED.findall(html.replace('"/', '"./'))),
    )


def _hash(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
