"""Apply a workspace, tell what applying it would change, and export one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards.service import save_dashboard
from nexus.dashboards.spec import Dashboard
from nexus.db import versions
from nexus.db.session import Session, transaction
from nexus.errors import BadInput
from nexus.prompts.service import save_prompt
from nexus.prompts.spec import Prompt
from nexus.sources import store as sources
from nexus.sources.service import change_source
from nexus.sources.spec import Source
from nexus.views.service import save_view
from nexus.views.spec import View
from nexus.workspace import compare, files, validate
from nexus.workspace.spec import ORDER, SPECS, Change, Item, Kind, WorkspaceInvalid

SAMPLE = Path(__file__).resolve().parent.parent / "sample" / "workspace"
"""The workspace that comes with Nexus, over the sample's data."""


def apply(session: Session, *, user: User, texts: Mapping[str, bytes], note: str = "", keep_changed: bool = False) -> list[Change]:
    """Make Nexus as the files say; what they do not name stays. All or nothing, in the caller's transaction.

    `texts` maps names of files to their bytes. What is there already and equal makes no version. With
    `keep_changed`, what exists, or was archived, is left as it is. Raises WorkspaceInvalid with every problem, its file and
    line; NotAllowed, since views, dashboards and prompts need the right to build, and sources an
    administrator.
    """
    planned = _plan(session, user=user, texts=texts)
    archived = (
        {(kind, name) for kind in versions.TABLES for name in versions.names(session, reader=user, kind=kind, archived=True)}
        if keep_changed
        else set()
    )
    changes = []
    for item, change, base_version in planned:
        if change.action == "none":
            changes.append(change)
            continue
        if keep_changed and (change.action == "update" or (item.kind, item.name) in archived):
            changes.append(change.model_copy(update={"action": "keep"}))
            continue
        version = _save(session, user=user, item=item, base_version=base_version, note=note or "Applied from files")
        changes.append(change.model_copy(update={"version": version}))
    return changes


def diff(session: Session, *, user: User, texts: Mapping[str, bytes]) -> list[Change]:
    """What `apply` would change, field by field. Changes nothing; raises what `apply` raises."""
    return [change for _, change, _ in _plan(session, user=user, texts=texts)]


def export(session: Session, *, user: User) -> dict[str, str]:
    """Every source, view, dashboard and prompt as a file: its name in the workspace, and its text.

    Applied again, the files change nothing. A version that this release cannot read is left out of none:
    it is written as it is stored. Addresses of sources are in no file.
    """
    require(user, Permission.BUILD)
    texts = {f"sources/{source.name}.yaml": _text("source", versions.plain(source)) for source in sources.every(session)}
    for kind in ("view", "dashboard", "prompt"):
        for kept in versions.load_all(session, reader=user, kind=kind):
            texts[f"{kind}s/{kept.name}.yaml"] = _text(kind, _in_order(kind, kept))
    return texts


def apply_folder(user: User, path: Path, *, note: str = "", keep_changed: bool = False) -> list[Change]:
    """`apply` of every `*.yaml` under a folder, in one transaction."""
    texts = read_folder(path)
    with transaction() as session:
        return apply(session, user=user, texts=texts, note=note, keep_changed=keep_changed)


def diff_folder(user: User, path: Path) -> list[Change]:
    texts = read_folder(path)
    with transaction() as session:
        return diff(session, user=user, texts=texts)


def export_folder(user: User, path: Path) -> list[str]:
    """Write the files under a folder, over those of the same name. Their names."""
    with transaction() as session:
        texts = export(session, user=user)
    for name, text in texts.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return sorted(texts)


def apply_sample(user: User) -> list[Change]:
    """Bring in what the sample workspace has and Nexus does not; what people changed stays theirs."""
    return apply_folder(user, SAMPLE, note="Sample", keep_changed=True)


def read_folder(path: Path) -> dict[str, bytes]:
    """The YAML files under a folder, by their path in it. Raises BadInput when it is none, or holds none."""
    if not path.is_dir():
        raise BadInput(f"{path} is not a folder. Name the folder that holds the YAML files.")
    root = path.resolve()
    found = sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
    if not found:
        raise BadInput(f"{path} holds no YAML files (*.yaml).")
    texts = {}
    for file in found[: validate.MOST_FILES + 1]:
        if not file.resolve().is_relative_to(root):
            raise BadInput(f"{file} is a link that leads out of the folder. Put the file itself there.")
        with file.open("rb") as opened:
            texts[str(file.relative_to(path))] = opened.read(files.LARGEST_BYTES + 1)
    return texts


def _plan(session: Session, *, user: User, texts: Mapping[str, bytes]) -> list[tuple[Item, Change, int | None]]:
    """Each file in the order of saving, with what it changes and the version that it is compared with."""
    require(user, Permission.BUILD)
    items = sorted(validate.read_all(texts), key=lambda item: (ORDER.index(item.kind), item.name))
    stored = {
        kind: {kept.name: kept for kept in versions.load_all(session, reader=user, kind=kind)} for kind in ("view", "dashboard", "prompt")
    }
    there = {source.name: source for source in sources.every(session)}
    problems = validate.check_references(
        items,
        sources=there,
        views_there=_readable_views(stored["view"]),
        prompts_there=stored["prompt"],
    )
    if problems:
        raise WorkspaceInvalid(problems)
    planned = []
    for item in items:
        kept = None if item.kind == "source" else stored[item.kind].get(item.name)
        before = versions.plain(there[item.name]) if item.kind == "source" else kept.spec if kept else None
        change = _change(item, before)
        if item.kind == "source" and change.action != "none":
            require(user, Permission.ADMINISTER)
        planned.append((item, change, kept.version if kept else None))
    return planned


def _readable_views(stored: Mapping[str, versions.Kept]) -> dict[str, View]:
    readable = {}
    for name, kept in stored.items():
        try:
            readable[name] = versions.read("view", name, View, kept.spec)
        except versions.SpecUnreadable:
            continue  # whoever names it is told that it is not there; opening it says why
    return readable


def _change(item: Item, before: dict[str, Any] | None) -> Change:
    after = versions.plain(item.spec)
    fields = () if before is None else tuple(compare.differences((), before, after))
    action = "create" if before is None else "update" if fields else "none"
    return Change(kind=item.kind, name=item.name, title=after["title"], file=item.document.file, action=action, fields=fields)


def _save(session: Session, *, user: User, item: Item, base_version: int | None, note: str) -> int | None:
    match item.spec:
        case View() as view:
            return save_view(session, user=user, view=view, base_version=base_version, note=note)
        case Dashboard() as dashboard:
            return save_dashboard(session, user=user, dashboard=dashboard, base_version=base_version, note=note)
        case Source() as source:
            change_source(session, user=user, source=source)
            return None
        case Prompt() as prompt:
            return save_prompt(session, user=user, prompt=prompt, base_version=base_version, note=note)
        case _:
            raise TypeError(f"{item.kind} is no part of a workspace")


def _in_order(kind: Kind, kept: versions.Kept) -> dict[str, Any]:
    """The stored fields in the order of the spec, which JSONB does not keep."""
    try:
        return versions.plain(versions.read(kept.kind, kept.name, SPECS[kind], kept.spec))
    except versions.SpecUnreadable:
        return kept.spec


def _text(kind: Kind, spec: dict[str, Any]) -> str:
    return files.write({"kind": kind, **spec})
