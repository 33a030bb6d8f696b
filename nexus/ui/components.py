"""Components of our own, of Streamlit's second kind (`st.components.v2`): plain scripts in `nexus/ui/static/components/`.

How they load under our policy (`script-src 'self'`, nothing inline): Streamlit imports a script given as text from a `blob:`
address, which the policy forbids; one given as a file it imports from `/_stcore/bidi-components/<name>/<file>`, which is
`'self'`, and which the gate lets signed-in people read. Files are only taken for components that a manifest declares with
an `asset_dir`; Streamlit looks for manifests in installed packages, and Nexus is not one. So the manifest is handed over
here, once for each runtime (a test's runtime is not the server's).

Browsers fetch the files anew with each page load, since their names stay the same: keep them small, or put a hash into the name.

A component's script is `export default function ({ data, parentElement, setStateValue, setTriggerValue, key }) { … return cleanUp }`;
it is called again with new `data` on every rerun. With `isolate_styles`, `parentElement` is a shadow root, in which Streamlit's
colours are there as `var(--st-text-color)` and the like.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

FOLDER = Path(__file__).parent / "static" / "components"
PACKAGE = "nexus"


def component(name: str, *, js: str, css: str | None = None, html: str | None = None, isolate_styles: bool = True) -> Callable[..., Any]:
    """What mounts the component `name`; `js` and `css` are files in `FOLDER`. Call the result as Streamlit's own: `(key=…, data=…, on_x_change=…)`."""
    full = f"{PACKAGE}.{name}"
    made: list[Callable[..., Any]] = []

    def mount(**arguments: Any) -> Any:
        if _declare(name) or not made:
            made[:] = [st.components.v2.component(full, js=js, css=css, html=html, isolate_styles=isolate_styles)]
        return made[0](**arguments)

    return mount


def _declare(name: str) -> bool:
    """Tell this runtime where the files are. False when it knows."""
    manager = get_bidi_component_manager()
    if manager.get_component_path(f"{PACKAGE}.{name}") is not None:
        return False
    manifest = ComponentManifest(name=PACKAGE, version="1", components=[ComponentConfig(name=name, asset_dir=FOLDER.name)])
    manager.register_from_manifest(manifest, FOLDER.parent)
    return True
