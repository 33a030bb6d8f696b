"""A workspace: sources, views, dashboards and prompts as files, and what applying them changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from nexus.dashboards.spec import Dashboard
from nexus.errors import BadInput
from nexus.prompts.spec import Prompt
from nexus.sources.spec import Source
from nexus.views.spec import View
from nexus.workspace.files import Document, Problem

Kind = Literal["source", "view", "dashboard", "prompt"]

SPECS: Mapping[Kind, type[BaseModel]] = {"source": Source, "view": View, "dashboard": Dashboard, "prompt": Prompt}
"""In the order in which they are applied: what is named comes before what names it."""

ORDER: tuple[Kind, ...] = ("source", "view", "prompt", "dashboard")

Action = Literal["create", "update", "keep", "none"]


class WorkspaceInvalid(BadInput):
    """Nothing was applied. `problems` holds everything that was found, each with its file and line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        rest = f" There are {len(problems) - 1} more problems." if len(problems) > 1 else ""
        super().__init__(f"Nothing was applied. {problems[0]}.{rest}")


@dataclass(frozen=True)
class Item:
    """One file, read and validated."""

    kind: Kind
    name: str
    spec: BaseModel
    document: Document


class FieldChange(BaseModel, frozen=True):
    """One field that differs; `before` or `after` is none where it is not there."""

    path: str
    before: Any = None
    after: Any = None


class Change(BaseModel, frozen=True):
    """What applying one file does: create, update, keep (somebody changed it here, and was not overruled) or none."""

    kind: Kind
    name: str
    title: str
    file: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    version: int | None = None
