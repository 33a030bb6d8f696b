"""What the forms hold, as a spec: names that the template uses, and the prompt that is meant."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from nexus.db import versions
from nexus.errors import BadInput, NexusError
from nexus.prompts import template
from nexus.prompts.spec import Prompt
from nexus.ui.editing import Content, Editing
from nexus.ui.forms import slug
from nexus.ui.written import OWN

UNTITLED = "untitled"


@dataclass
class Prompting(Editing):
    """A prompt that one person edits. Its forms write down what they show, so only what that means tells whether anything changed."""

    def text(self) -> str:
        return json.dumps(_meaning(self.content), sort_keys=True, default=str)


def _meaning(content: Content) -> Content:
    """The content as its spec would be kept, with what else the draft holds; of an unfinished one, what is not empty."""
    if "yaml" in content:
        return content
    bare = {key: value for key, value in content.items() if not _empty(value)}
    try:
        meant = versions.plain(prompt_of(content))
    except NexusError:
        return {key: _bare(value) for key, value in bare.items()}
    own = {key: bare[key] for key in ("note", "title", "name") if key in bare}
    # A name that was made of the title is made anew while that changes.
    return {key: value for key, value in meant.items() if key != "name"} | own


def _bare(value: Any) -> Any:
    """Without fields that say nothing; lists keep their length, which counts cards."""
    if isinstance(value, dict):
        return {key: _bare(one) for key, one in value.items() if not _empty(one)}
    return [_bare(one) for one in value] if isinstance(value, list | tuple) else value


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def blank() -> Content:
    return {"title": "", "template": ""}


def names_used(content: Content) -> tuple[str, ...]:
    """Variables that the template or a data block takes; a range of dates counts as its two, as the form of parameters has it."""
    blocks = [block for block in content.get("data") or () if isinstance(block, dict)]
    data = {str(block.get("name")) for block in blocks}
    used = [name for name in template.names(str(content.get("template") or "")) if name not in data]
    used += [str(name) for block in blocks for name in (block.get("parameters") or {}).values()]
    ranges = {str(one.get("name")) for one in content.get("variables") or () if one.get("type") == "date_range"}
    return tuple(dict.fromkeys(part for name in used for part in ((f"{name}_from", f"{name}_to") if name in ranges else (name,))))


def prompt_of(content: Content, *, to_try: bool = False) -> Prompt:
    """The spec that is meant. Raises BadInput with the first mistake. To be tried, it needs no title yet."""
    title = str(content.get("title") or "").strip()
    if not title and not to_try:
        raise BadInput("Give the prompt a title first.")
    name = content.get("name") or slug(title) or (UNTITLED if to_try else "")
    if not name:
        raise BadInput("No name can be made of this title. Give the prompt a name in addresses, under Details.")
    made: dict[str, Any] = {key: value for key, value in content.items() if key not in OWN and value is not None}
    try:
        return Prompt.model_validate(made | {"title": title or "Untitled", "name": name})
    except ValidationError as error:
        said = versions.first_problem(error)
        raise BadInput(f"The prompt is not finished: {said}." if to_try else f"The prompt was not saved. {said}.") from None
