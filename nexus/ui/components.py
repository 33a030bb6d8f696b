"""Components of our own, of Streamlit's second kind (`st.components.v2`): plain scripts in `nexus/ui/static/components/`.

How they load under our policy (`script-src 'self'`, nothing inline): Streamlit imports a script given as text from a `blob:`
address, which the policy forbids; one given as a file it imports from `/_stcore/bidi-components/<name>/<file>`, which is
`'self'`, and which the gate lets signed-in people read. Files are only taken for components that a manifest declares with
an `asset_dir`; Streamlit looks for manifests in installed packages, and Nexus is not one. So the manifest is handed over
here, once for each runtime (a test's runtime is not the server's).

A component's name ends with a hash of its files, and so does their address: browsers keep them until they are others. Every
replica declares all of them when it starts, since a browser may fetch the files from another one than it talks to.

A component's script is `export default function ({ data, parentElement, setStateValue, setTriggerValue, key }) { … return cleanUp }`;
it is called again with new `data` on every rerun. With `isolate_styles`, `parentElement` is a shadow root, in which Streamlit's
colours are there as `var(--st-text-color)` and the like.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

FOLDER = Path(__file__).parent / "static" / "components"
PACKAGE = "nexus"


FILES = {
    "board": ("board.js", "board.css"),
    "cells": ("cells.js", "cells.css"),
    "grid": ("grid.js", "grid.css"),
    "head": ("head.js", "head.css", "showing.js"),
    "links": ("links.js", "links.css"),
    "sql-editor": ("editor.*.js", "editor.css"),
    "showing": ("showing.js", "showing.css"),
    "upload": ("upload.js", "upload.css"),
    "verify": ("verify.js", "upload.css"),
}
"""Script and style of each component, in `FOLDER`, and what the script imports."""


def component(name: str, *, isolate_styles: bool = True) -> Callable[..., Any]:
    """What mounts the component `name`. Call the result as Streamlit's own: `(key=…, data=…, on_x_change=…)`."""
    js, css, *_ = FILES[name]
    made: list[Callable[..., Any]] = []

    def mount(**arguments: Any) -> Any:
        if _declare(name) or not made:
            made[:] = [st.components.v2.component(f"{PACKAGE}.{_hashed(name)}", js=js, css=css, isolate_styles=isolate_styles)]
        return made[0](**arguments)

    return mount


def declare_all() -> None:
    """Make the files of every component known to this server, before anybody asks for one."""
    for name in FILES:
        _declare(name)


@cache
def _hashed(name: str) -> str:
    content = b"".join(file.read_bytes() for pattern in FILES[name] for file in sorted(FOLDER.glob(pattern)))
    return f"{name}-{hashlib.sha256(content).hexdigest()[:8]}"


def _declare(name: str) -> bool:
    """Tell this runtime where the files are. False when it knows."""
    manager = get_bidi_component_manager()
    hashed = _hashed(name)
    if manager.get_component_path(f"{PACKAGE}.{hashed}") is not None:
        return False
    manifest = ComponentManifest(name=PACKAGE, version="1", components=[ComponentConfig(name=hashed, asset_dir=FOLDER.name)])
    manager.register_from_manifest(manifest, FOLDER.parent)
    return True
