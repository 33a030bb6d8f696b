"""The page that carries the whole app: Streamlit's index.html with our script in it, and the policy that goes with it."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_LINKED = re.compile(r'(?:src|href)="\./(static/[^"]+\.(?:js|css))"')
_NOSCRIPT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
_IMPORTED = re.compile(r'(?:from|import)\s*"\./([^"]+\.js)"|(?:from|import)\s*`\./([^`]+\.js)`')
_FONT = re.compile(r'<link\s+rel="preload"\s+href="[^"]+"\s+as="font"[^>]*>')
DRAWN = ("Html", "ArrowVegaLiteChart", "MenuButton", "Button", "BidiComponent", "NumberInput")
"""What a dashboard is drawn with. Streamlit fetches the scripts of each kind only when the first of it comes, and then all that they import."""
WITH_CHARTS = frozenset({"", "dashboard", "view"})
"""Pages that begin to fetch these as soon as they are opened."""
FONTS = ("/static/fonts/inter-latin-wght-normal.woff2",)
_FIRST_FONT = f'<style>@font-face{{font-family:"Source Sans";font-weight:100 900;src:url({FONTS[0]}) format("woff2")}}</style>'
"""Ours under the name of Streamlit's own: before it hears of ours from the server, it sets in that, and would fetch 170 KB for it."""
ICONS = "MaterialSymbols-Rounded.*.woff2"
_AGENT = re.compile(r"<!--(?:(?!-->).)*agent API(?:(?!-->).)*-->\s*<link rel=\"service-desc\"[^>]*>", re.DOTALL)


class Frontend(BaseModel, frozen=True):
    """What the browser gets before any script of ours runs."""

    static: Path
    page: bytes
    page_with_charts: bytes
    inline_hashes: tuple[str, ...]
    preload: tuple[str, ...]
    """Addresses that a dashboard needs; the sign-in page fetches them while the person types."""
    styles: Mapping[str, Path]
    """Our own style sheets, by the address under which browsers keep them for ever."""

    def page_at(self, slug: str) -> bytes:
        return self.page_with_charts if slug in WITH_CHARTS else self.page


def read(static: Path, *, door: str, scripts: Sequence[str] = (), styles: Sequence[Path] = ()) -> Frontend:
    """Make the `Frontend` of Streamlit's folder of static files.

    `door` is the script that leads an open page to the sign-in page when its session has ended. It must run before
    Streamlit's, so it stands in the page itself: fetched, it would hold everything up. `scripts` are addresses of
    our others. `styles` hold on every page; drawn by Streamlit, they would be sent, cleaned and read anew with each run.
    """
    html = (static / "index.html").read_text()
    inline = (_hash(door), *(_hash(script) for script in _INLINE.findall(html)))
    html = _NOSCRIPT.sub("<noscript><p>Nexus needs JavaScript behind the sign-in page.</p></noscript>", _AGENT.sub("", html))
    html = html.replace("<title>Streamlit</title>", "<title>Nexus</title>")
    # Relative addresses would break on pages below a folder; ours is always served at the root.
    html = html.replace('"./', '"/').replace("/favicon.png", "/door/mark.svg")
    # Our pages are set in another font than Streamlit's own.
    html = _FONT.sub(_link(FONTS[0]), html)
    # Asynchronous: deferred, it would stand in line before Streamlit's own modules, which then wait for it.
    ours = f"<script>{door}</script>" + "".join(f'\n    <script src="{script}" async></script>' for script in scripts)
    page = html.replace("<head>", f"<head>\n    {ours}", 1).replace("</head>", f"{_FIRST_FONT}</head>", 1)
    kept = {f"/static/css/{path.stem}.{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.css": path for path in styles}
    # Of rules that weigh the same, those that come last hold: these are after Streamlit's, and before what a page draws for itself.
    sheets = "".join(f'<link rel="stylesheet" href="{address}">' for address in kept)
    page = re.sub(r"<body[^>]*>", lambda found: found[0] + sheets, page, count=1)
    linked = [f"/{path}" for path in _LINKED.findall(html.replace('"/', '"./'))]
    drawn = [address for address in _drawn(static) if address not in linked]
    return Frontend(
        static=static,
        page=page.encode(),
        page_with_charts=page.replace("</head>", "".join(map(_link, drawn)) + "</head>", 1).encode(),
        inline_hashes=inline,
        styles=kept,
        preload=(
            *linked,
            *kept,
            *drawn,
            *FONTS,
            *(f"/static/media/{path.name}" for path in sorted((static / "static" / "media").glob(ICONS))),
        ),
    )


def _link(address: str) -> str:
    """Fetches `address` before anything asks for it, but not before what the page itself begins with."""
    if address.endswith(".js"):
        return f'<link rel="modulepreload" crossorigin fetchpriority="low" href="{address}">\n'
    return f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{address}">'


def _drawn(static: Path) -> list[str]:
    """Addresses of the scripts of `DRAWN`, with all that they import."""
    folder = static / "static" / "js"
    waiting = [path.name for kind in reversed(DRAWN) for path in sorted(folder.glob(f"{kind}.*.js"))]
    found = dict[str, None]()
    while waiting:
        name = waiting.pop()
        path = folder / name
        if name not in found and path.is_file():
            found[name] = None
            waiting += [one or other for one, other in _IMPORTED.findall(path.read_text())]
    return [f"/static/js/{name}" for name in found]


def _hash(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
