"""The pages that the server draws itself: sign-in, new password, sign-out, and what stands there when nothing works."""

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse

STATIC = Path(__file__).parent / "static"


@cache
def address(name: str) -> str:
    """Of a file of `STATIC`, with a hash of its content: what is found there may be kept for ever."""
    return f"/door/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["address"] = address
    environment.globals["mark"] = (STATIC / "mark.svg").read_text()
    return environment


def draw(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates().get_template(template).render(**values), status_code=status)


def down(sentence: str) -> HTMLResponse:
    """503, for a person who looks at it: never a form, never an open door."""
    response = draw("message.html", status=503, title="Nexus is not available", sentence=sentence)
    response.headers["Retry-After"] = "10"
    return response
