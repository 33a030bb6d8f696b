"""Files made into specs, with every problem that can be found without a database's help."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from nexus.dashboards import check
from nexus.dashboards.spec import Dashboard
from nexus.db import versions
from nexus.db.stand_ins import is_one as is_stand_in
from nexus.errors import NexusError
from nexus.prompts.spec import Prompt
from nexus.sources.spec import QueryRefused, Source
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import files
from nexus.workspace.files import Document, Path, Problem
from nexus.workspace.spec import SPECS, Item, WorkspaceInvalid

MOST_FILES = 5_000
MOST_PROBLEMS = 100


def read_all(texts: Mapping[str, bytes]) -> list[Item]:
    """Every file as a spec. Raises WorkspaceInvalid with what is wrong in any of them."""
    if len(texts) > MOST_FILES:
        raise WorkspaceInvalid([Problem("", 0, "", f"the workspace has {len(texts):,} files; {MOST_FILES:,} are the most")])
    items: dict[tuple[str, str], Item] = {}
    problems: list[Problem] = []
    for file in sorted(texts):
        try:
            item = _item(files.read(file, texts[file]))
        except files.Unreadable as error:
            problems.append(error.problem)
        except _Wrong as error:
            problems += error.problems
        else:
            other = items.setdefault((item.kind, item.name), item)
            if other is not item:
                problems.append(
                    Problem(
                        file, item.document.line(("name",)), "name", f"{other.document.file} holds the {item.kind} `{item.name}` already"
                    )
                )
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise WorkspaceInvalid(problems)
    return list(items.values())


class _Wrong(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _item(document: Document) -> Item:
    fields = dict(document.value)
    kind = fields.pop("kind", None)
    if kind not in SPECS:
        message = f"must say what the file holds: {', '.join(SPECS)}"
        raise _Wrong([Problem(document.file, document.line(("kind",)), "kind", message)])
    spec_class = SPECS[kind]
    hidden = [name for name, field in spec_class.model_fields.items() if field.exclude and name in fields]
    if hidden:
        raise _Wrong([Problem(document.file, document.line((hidden[0],)), hidden[0], "the field is not known")])
    try:
        spec = spec_class.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:MOST_PROBLEMS]
        raise _Wrong([_problem(document, spec_class, dict(item)) for item in found]) from None
    return Item(kind=kind, name=fields["name"], spec=spec, document=document)


def _problem(document: Document, spec_class: type[BaseModel], error: Mapping[str, Any]) -> Problem:
    path = _path(document.value, error["loc"])
    message = versions.in_words(error)
    message = message[:1].lower() + message[1:]
    if error["type"] == "extra_forbidden":
        message = f"the field is not known{check.nearest(str(path[-1]), _fields(spec_class))}" if path else message
    elif error["type"] == "missing":
        message = "the field is missing"
    elif error["type"] == "string_type":
        message = "must be text; put it in quotes"
    return Problem(document.file, document.line(path), ".".join(map(str, path)), message)


def _path(value: Any, loc: tuple[str | int, ...]) -> Path:
    """The place in the file: pydantic also names the kind that it chose, which is no field."""
    path: Path = ()
    for at, part in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(value, dict):
            if not last and part in (value.get("kind"), value.get("type")):
                continue
            if part in value:
                path, value = (*path, part), value[part]
            elif last:
                path = (*path, part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            path, value = (*path, part), value[part]
    return path


@cache
def _fields(spec_class: type[BaseModel]) -> frozenset[str]:
    """Every field that stands somewhere in a spec, for suggestions."""
    found: set[str] = set()
    seen: set[type[BaseModel]] = set()

    def walk(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation in seen:
                return
            seen.add(annotation)
            for name, field in annotation.model_fields.items():
                if not field.exclude:
                    found.add(field.alias or name)
                    walk(field.annotation)
        elif get_origin(annotation) in (Union, UnionType, Annotated, tuple, list, dict):
            for argument in get_args(annotation):
                walk(argument)

    walk(spec_class)
    return frozenset(found)


def check_references(
    items: Collection[Item],
    *,
    sources: Collection[str],
    views_there: Mapping[str, View],
    prompts_there: Collection[str],
) -> list[Problem]:
    """What the items name and neither they nor Nexus have; also SQL that the guard refuses."""
    known_views = {**views_there, **{item.name: item.spec for item in items if isinstance(item.spec, View)}}
    known_prompts = {*prompts_there, *(item.name for item in items if item.kind == "prompt")}
    problems: list[Problem] = []
    for item in items:
        for found in _named(item, sources, known_views, known_prompts):
            where = ".".join(map(str, found.path))
            problems.append(Problem(item.document.file, item.document.line(found.path), where, found.message))
    return problems[:MOST_PROBLEMS]


def _named(
    item: Item,
    sources: Collection[str],
    known_views: Mapping[str, View],
    known_prompts: Collection[str],
) -> Iterator[check.Problem]:
    match item.spec:
        case Source():
            if item.name not in sources:
                yield check.Problem(
                    ("name",),
                    f"there is no source `{item.name}` yet; an administrator adds it in Settings, since its address never stands in a file",
                )
        case View() as view:
            yield from _of_view(view, sources, known_views)
        case Dashboard() as dashboard:
            yield from check.problems(dashboard, views=known_views, prompts=known_prompts)
        case Prompt() as prompt:
            for at, variable in enumerate(prompt.variables):
                yield from check.choice_problems(("variables", at), variable, known_views)
            for at, block in enumerate(prompt.data):
                if is_stand_in(block.view):
                    continue
                if block.view not in known_views:
                    yield check.Problem(("data", at, "view"), f"there is no view `{block.view}`{check.nearest(block.view, known_views)}")
                    continue
                parameters = {parameter.name for parameter in known_views[block.view].parameters}
                for name in block.parameters:
                    if name not in parameters:
                        message = f"the view `{block.view}` has no parameter `{name}`{check.nearest(name, parameters)}"
                        yield check.Problem(("data", at, "parameters", name), message)


def _of_view(view: View, sources: Collection[str], known_views: Mapping[str, View]) -> Iterator[check.Problem]:
    if view.source not in sources:
        yield check.Problem(("source",), f"there is no source `{view.source}`{check.nearest(view.source, sources)}")
    for at, parameter in enumerate(view.parameters):
        yield from check.choice_problems(("parameters", at), parameter, known_views)
    try:
        views.check_view(view)
    except QueryRefused as error:
        yield check.Problem(("question", "sql"), error.message)
    except NexusError as error:
        yield check.Problem(("question",), error.message)
