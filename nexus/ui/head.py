"""The head of a dashboard's page: its title, what can be done with it, and what the browser looks after meanwhile.

One element of our own: drawn by Streamlit, each button is about nine nested elements, and a container around it, each with styles of
its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nexus.ui.components import component

_mount = component("head", isolate_styles=False)


@dataclass(frozen=True)
class Deed:
    """A button, or an entry of the menu. One with a `link` leads there, and tells nothing; a `bare` one shows its icon alone."""

    name: str
    label: str
    icon: str
    link: str = ""
    bare: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Head:
    """`star` is whether it is set, where there is one. Names are told apart over `buttons`, `menu` and the star's, which is `star`."""

    title: str
    description: str = ""
    star: bool | None = None
    buttons: Sequence[Deed] = ()
    menu: Sequence[Deed] = ()

    def offers(self, name: Any) -> bool:
        """What a browser says may be forged: only what is drawn can be done."""
        known = {one.name for one in (*self.buttons, *self.menu) if not one.link}
        return isinstance(name, str) and (name in known or (name == "star" and self.star is not None))


def draw_head(
    head: Head,
    *,
    key: str,
    did: Callable[[], None],
    watch: Mapping[str, Any],
    tells: Mapping[str, Callable[[], None]],
) -> str | None:
    """Draw `head`, and return the name of what was pressed, in the run that follows. `did` is called before it.

    `watch` and `tells` are those of `nexus.ui.presenting`: what the browser looks after, and who hears of it.
    """
    star = {"on": head.star, "label": "Take off my home page" if head.star else "Keep on my home page"}
    data = {
        "title": head.title,
        "description": head.description,
        "star": star if head.star is not None else None,
        "buttons": [asdict(one) for one in head.buttons],
        "menu": [asdict(one) for one in head.menu],
        "watch": dict(watch),
    }
    told = _mount(key=key, data=data, on_did_change=did, **{f"on_{name}_change": heard for name, heard in tells.items()})
    pressed = told.get("did")
    return pressed if head.offers(pressed) else None
