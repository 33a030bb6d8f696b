"""What people do with prompts: list, open, save, prepare (which is the preview), run, and look back."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.audit import record
from nexus.db import listing, prompt_scores, saved, stand_ins, unseen, versions
from nexus.db.listing import Listed
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, NotAllowed, NotFound
from nexus.prompts import chosen, data, keys, output, store, template
from nexus.prompts.calls import Generate
from nexus.prompts.markdown import plain
from nexus.prompts.request import BlockSent, ChosenFrom, OpenPrompt, Prepared, PromptRun, Request
from nexus.prompts.running import run
from nexus.prompts.spec import DataBlock, Prompt
from nexus.views import governed as governed_views
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter, TextParameter

__all__ = ["Generate", "run"]

LONGEST_REQUEST = 2_000_000
"""Characters; about the million tokens that the models take."""


@dataclass(frozen=True)
class OpenPanel:
    """A prompt with its latest answers, each for other values."""

    opened: OpenPrompt
    answers: tuple[PromptRun, ...]
    has_key: bool
    hidden: frozenset[str] = frozenset()
    """What stands in its data blocks for views that are there, and not for this reader."""

    def answer_for(self, variables: Mapping[str, Sequence[str]]) -> PromptRun | None:
        """The latest answer to equal values."""
        return next((run for run in self.answers if run.variables == chosen.masked(variables, run.masked)), None)


def list_prompts(session: Session, *, reader: User, search: str = "") -> list[Listed]:
    require(reader, Permission.SEE)
    return listing.list_kept(session, kind="prompt", spec=Prompt, reader=reader, search=search)


def find_prompt(session: Session, *, reader: User, name: str, version: int | None = None) -> OpenPrompt:
    """Raises NotFound."""
    require(reader, Permission.SEE)
    kept = versions.load(session, reader=reader, kind="prompt", name=name, version=version)
    prompt = versions.read("prompt", name, Prompt, kept.spec)
    return OpenPrompt(
        id=kept.id,
        prompt=prompt,
        version=kept.version,
        owner=kept.owner,
        saved_at=kept.saved_at,
        saved_by=kept.saved_by,
        open_to_all=kept.open_to_all,
        may_edit=kept.may_edit and reader.may(Permission.BUILD),
    )


def open_prompt(session: Session, *, reader: User, name: str) -> OpenPanel:
    """A prompt with what a page or panel shows of it, in one statement. Raises NotFound."""
    require(reader, Permission.SEE)
    row, answers, key_saved = store.last_answers(session, reader=reader, name=name)
    hidden = unseen.read(row.unseen)
    prompt = versions.read("prompt", name, Prompt, stand_ins.masked(row.spec, hidden))
    opened = OpenPrompt(
        prompt=prompt,
        may_edit=row.may_edit and reader.may(Permission.BUILD),
        **{name: getattr(row, name) for name in ("id", "version", "owner", "saved_at", "saved_by", "open_to_all")},
    )
    return OpenPanel(
        opened=opened,
        answers=tuple(answers),
        has_key=key_saved or keys.key_of_environment() is not None,
        hidden=frozenset(block.view for block in prompt.data if stand_ins.is_one(block.view)),
    )


def has_key(session: Session, *, reader: User) -> bool:
    """Whether anything can be asked at all."""
    require(reader, Permission.SEE)
    return keys.key_of_environment() is not None or saved.read(session).google_api_key is not None


def open_on_dashboard(session: Session, *, reader: User, name: str, owner: str | None) -> OpenPanel:
    """As `open_prompt`, for a panel: who may not see the prompt is told whom to ask, and not what it is."""
    try:
        return open_prompt(session, reader=reader, name=name)
    except NotFound:
        raise NotFound(f"You may not see this panel's prompt, or it no longer exists. Ask {owner or 'an administrator'}.") from None


def save_prompt(
    session: Session,
    *,
    user: User,
    prompt: Prompt,
    base_version: int | None = None,
    note: str = "",
    open_to_all: bool = True,
    like: tuple[str, int] | None = None,
) -> int:
    """Keep the prompt, and say its version; the same spec again makes none. `like`: as `versions.save` has it. Raises Conflict."""
    require(user, Permission.BUILD)
    outcome = versions.save(
        session, kind="prompt", spec=prompt, user=user, base_version=base_version, note=note, open_to_all=open_to_all, like=like
    )
    scored = fingerprint(versions.read("prompt", prompt.name, Prompt, outcome.spec))
    prompt_scores.adopt(session, name=prompt.name, version=outcome.version, spec_hash=scored, user_id=user.id)
    if outcome.changed:
        record(session, user_id=user.id, what="prompt.saved", subject=f"prompt {prompt.name}", detail={"version": outcome.version})
    return outcome.version


def fingerprint(prompt: Prompt) -> str:
    """SHA-256, hex, of what answers and their test cases depend on: titles, notes and tags do not count."""
    told = versions.plain(prompt)
    counted = {name: value for name, value in told.items() if name not in ("name", "title", "description", "tags")}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def taken_names(session: Session, *, reader: User) -> frozenset[str]:
    """The names that a new prompt cannot have, whoever may see what has them. For choosing a free one; never to be shown."""
    require(reader, Permission.BUILD)
    return versions.taken_names(session, kind="prompt")


def duplicate_prompt(session: Session, *, user: User, name: str, as_name: str, title: str) -> None:
    """Keep the prompt again under another name, owned by who does it; what was not open to all is not either.

    Raises NotAllowed when it sends what the person may not see, Conflict, BadInput.
    """
    require(user, Permission.BUILD)
    panel = open_prompt(session, reader=user, name=name)
    opened = panel.opened
    if panel.hidden:
        raise NotAllowed(f"This prompt sends data that you may not see. Ask {opened.owner or 'an administrator'}.")
    prompt = versions.renamed(opened.prompt, name=as_name, title=title)
    note = f"Duplicate of version {opened.version}"
    save_prompt(session, user=user, prompt=prompt, note=note, open_to_all=opened.open_to_all, like=(name, opened.version))


def prompt_versions(session: Session, *, reader: User, name: str) -> list[versions.VersionInfo]:
    require(reader, Permission.SEE)
    return versions.list_versions(session, reader=reader, kind="prompt", name=name)


def restore_prompt(session: Session, *, user: User, name: str, version: int, base_version: int) -> int:
    """Make an earlier version the newest one again; nothing in between is lost."""
    require(user, Permission.BUILD)
    kept = versions.load(session, reader=user, kind="prompt", name=name, version=version)
    prompt = versions.read("prompt", name, Prompt, kept.spec)
    note = f"Restored version {version}"
    return save_prompt(session, user=user, prompt=prompt, base_version=base_version, note=note, like=(name, version))


def archive_prompt(session: Session, *, user: User, name: str) -> None:
    """Take the prompt off every list; its versions stay, and saving under its name brings it back."""
    require(user, Permission.BUILD)
    versions.archive(session, user=user, kind="prompt", name=name)
    record(session, user_id=user.id, what="prompt.archived", subject=f"prompt {name}")


def as_written(prompt: Prompt, *, user: User, saved: OpenPrompt | None) -> OpenPrompt:
    """A prompt that is not saved yet, to be tried: version 0, and of the one it is made from where there is one."""
    require(user, Permission.BUILD)
    return OpenPrompt(
        id=saved.id if saved else None,
        prompt=prompt,
        version=0,
        owner=saved.owner if saved else user.name,
        saved_at=saved.saved_at if saved else datetime.now(UTC),
        saved_by=user.name,
    )


def variables_of(
    prompt: Prompt, values: Mapping[str, Any], *, filters: Sequence[Parameter] = (), filter_values: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """What tells one asking of a prompt from another, as it stands in a URL: its variables and the dashboard's filters."""
    return typed.unparse(filters, filter_values or {}) | typed.unparse(prompt.variables, values)


def variable_choices(variable: Parameter, *, reader: User) -> list[tuple[str, str]]:
    """Value and label of each choice that a variable offers: its fixed list, or what its view finds now."""
    require(reader, Permission.SEE)
    view = None
    if isinstance(variable, ChoiceParameter | MultipleChoiceParameter) and variable.choices.view:
        if stand_ins.is_one(variable.choices.view):
            raise views.not_offered(variable)
        with transaction() as session:
            view = views.find_view(session, reader=reader, name=variable.choices.view)
    return views.read_choices(variable, view, reader=reader)


def prepare(
    *,
    user: User,
    opened: OpenPrompt,
    values: Mapping[str, Any],
    filters: Sequence[Parameter] = (),
    filter_values: Mapping[str, Any] | None = None,
) -> Prepared:
    """Ask the data with the person's rights, and make the exact request: what is shown is what `run` sends.

    `filters` are those of the dashboard it stands on; a view's parameter takes the variable of its name, or the filter.
    For who looks with somebody's eyes it is what they would send; `run` refuses it.
    Raises BadInput when a variable is missing or does not fit, and whatever the sources raise.
    """
    looked_at = user.looked_at_by is not None and user.could(Permission.RUN_PROMPTS)
    require(user, Permission.SEE if looked_at else Permission.RUN_PROMPTS)
    prompt = opened.prompt
    checked = typed.check(prompt.variables, values)
    for variable in prompt.variables:
        if variable.required and typed.empty(checked[variable.name]):
            raise BadInput(f"Fill in “{typed.label(variable)}” first.")
    with transaction() as session:
        model = prompt.model or saved.read(session).gemini_model
        try:
            asked = [(block, views.find_view(session, reader=user, name=block.view)) for block in prompt.data]
        except NotFound:
            owner = opened.owner or "an administrator"
            raise NotFound(f"This prompt sends data that you may not see, or that no longer exists. Ask {owner}.") from None
    given = {**(filter_values or {}), **checked}
    parameters = {parameter.name: parameter for parameter in (*filters, *prompt.variables)}
    origins = chosen.origins(list(parameters.values()), given, reader=user)
    sent = [_sent(user, block, view, given, origins) for block, view in asked]
    words = chosen.words(prompt, checked, origins)
    return Prepared(
        prompt_id=opened.id,
        prompt=prompt,
        version=opened.version,
        user_id=user.id,
        variables=chosen.masked(variables_of(prompt, checked, filters=filters, filter_values=filter_values), origins),
        masked=origins,
        blocks=tuple(block for block, _ in sent),
        shared=not any(view.source.per_reader for _, view in asked),
        request=_request(prompt, model, words, {block.name: text for block, text in sent}),
    )


def _sent(
    user: User, block: DataBlock, view: views.OpenView, given: Mapping[str, Any], origins: Mapping[str, ChosenFrom]
) -> tuple[BlockSent, str]:
    """A block's record and its text."""
    parameters = view.view.parameters
    values, hidden = {}, {}
    for parameter in parameters:
        name = block.parameters.get(parameter.name, parameter.name)
        if name in given:
            values[parameter.name] = _as_taken(parameter, given[name])
        if name in origins:
            hidden[parameter.name] = origins[name]
    answer = governed_views.ask(view, reader=user, values=values, max_rows=block.max_rows)
    table = answer.table
    governed = data.govern(block, table, answer.rules)
    record = BlockSent(
        name=block.name,
        view=block.view,
        view_title=view.view.title,
        view_version=view.version,
        parameters=chosen.masked(typed.unparse(parameters, values), hidden),
        complete=not table.truncated,
        emptied=answer.emptied,
        read_at=table.read_at,
        **governed.model_dump(exclude={"text"}),
    )
    return record, governed.text


def _as_taken(parameter: Parameter, value: Any) -> Any:
    """One chosen value fills a parameter that takes several, and the only one of several fills one that takes one."""
    several = isinstance(parameter, MultipleChoiceParameter)
    if several and isinstance(value, str):
        return (value,) if value else ()
    if not several and isinstance(parameter, ChoiceParameter | TextParameter) and isinstance(value, tuple) and len(value) < 2:
        return value[0] if value else None
    return value


def take(variables: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """What the variables take of a dashboard's filters of the same name."""
    return {variable.name: _as_taken(variable, values[variable.name]) for variable in variables if variable.name in values}


def _request(prompt: Prompt, model: str, words: Mapping[str, str], blocks: Mapping[str, str]) -> Request:
    system = plain(prompt.system)
    if blocks:
        system = f"{system}\n\n{data.FENCE_RULE}".strip()
    text = template.fill(plain(prompt.template), {**words, **{name: f"\n{text}\n" for name, text in blocks.items()}})
    unplaced = [text for name, text in blocks.items() if name not in template.names(prompt.template)]
    text = "\n\n".join([text.strip(), *unplaced])
    examples = tuple((plain(example.input), plain(example.answer)) for example in prompt.examples)
    if len(system) + len(text) + sum(len(part) for example in examples for part in example) > LONGEST_REQUEST:
        raise BadInput(f"The request would take more than {LONGEST_REQUEST:,} characters. Send fewer rows or columns.")
    return Request(
        model=model,
        system=system,
        text=text,
        temperature=prompt.temperature,
        max_answer_tokens=prompt.max_answer_tokens,
        thinking_tokens=prompt.thinking_tokens,
        answer_schema=output.schema(prompt.output) if prompt.output else None,
        examples=examples,
    )


def find_run(session: Session, *, reader: User, run_id: int) -> PromptRun:
    """Raises NotFound, also for a run that the reader may not see."""
    require(reader, Permission.SEE)
    return store.run(session, reader=reader, run_id=run_id)
