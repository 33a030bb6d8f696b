"""Rules about the code itself that no linter knows, each with what to do when it is broken."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from nexus.settings import ROOT

NEXUS = ROOT / "nexus"
BELOW = {
    "__main__": "who holds the machine may do everything",
    "accounts.gate": "finds out who it is",
    "accounts.sign_in": "lets people in",
    "accounts.spec": "says what a permission is",
    "audit": "notes what a service has allowed",
    "defects": "notes what went wrong",
    "sample.load": "runs before anybody is there",
    "sources.connect": "hands connections to the modules that ask",
}
"""Modules that no permission can be asked in."""


def named(path: Path) -> str:
    return ".".join(path.relative_to(NEXUS).with_suffix("").parts)


SERVICES = [
    path
    for path in sorted(NEXUS.rglob("*.py"))
    if path.name != "store.py" and not {"ui", "db", "store"} & set(path.relative_to(NEXUS).parts) and named(path) not in BELOW
]
"""All that stands between pages and stores."""
STORES = [*sorted(NEXUS.glob("*/store.py")), *sorted(NEXUS.glob("*/store/*.py")), *sorted((NEXUS / "db").glob("*.py"))]
ROUTES = [path for path in sorted(NEXUS.glob("*/routes.py")) if path.parent.name != "accounts"]
PAGES = [*sorted((ROOT / "pages").glob("*.py")), ROOT / "Home.py"]
DRAWN_WITH = {"streamlit", "nexus", "datetime"}

ASKED_WITHOUT_A_PERSON = {
    "prompts.history.clean_up": "work in the background",
    "accounts.service.user_of_session": "finds out who it is",
    "accounts.service.sign_out": "whoever holds the cookie may end its session",
    "accounts.sharing.may_share": "tells of a person what they may",
    "views.runs.record": "notes what somebody was let do",
    "views.runs.flush": "writes what was noted with its reader",
    "views.runs.clean_up": "removes old runs, whoever ran them",
    "reports.retention.clean_up": "removes old files, whoever made them",
}
ABOUT_ONESELF = {
    f"accounts.service.{name}"
    for name in (
        "sign_out_here",
        "my_sessions",
        "end_session",
        "end_my_other_sessions",
        "rename_me",
        "former_hash",
        "keep_password",
    )
}
"""Everybody may do these to their own account, whatever their role."""


READ_WITHOUT_A_READER = {
    "db.model_calls.spent": "sums that budgets are held against, for whoever they are of",
    "db.query_runs.frequencies": "figures of views that the reader has in a list",
    "db.sharing.person": "a name, for who shares",
    "db.sharing.people": "names, for who shares",
    "db.sharing.shares": "of a thing that its reader has found",
    "db.stand_ins": "values alone; what is in them was read by somebody",
    "db.versions.taken_names": "chooses a free name, and is never shown",
    "accounts.store": "people and sessions, for administrators and the gate",
    "reports.store.jobs.claim_job": "prints for whoever waits longest",
    "reports.store.jobs.tell_job": "says of a job whether it is still wanted",
    "sources.store": "everybody may know which sources there are; addresses are for administrators",
    "status.store": "for administrators",
    "db.saved": "settings of all",
    "db.letterheads": "stands on what everybody prints",
    "db.migrate": "the schema itself",
}


def public(paths: Iterable[Path]) -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{named(path)}.{node.name}", node


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    return ((name, node) for name, node in public(SERVICES) if reads_or_writes(node) or people(node))


def reads() -> Iterator[tuple[str, ast.FunctionDef]]:
    for name, node in public(STORES):
        returned = ast.unparse(node.returns) if node.returns else "None"
        asks = any(name_of(call) in ("execute", "scalars", "scalar", "get") for call in calls(node))
        if asks and returned not in ("None", "bool", "int"):
            yield name, node


def people(function: ast.FunctionDef) -> set[str]:
    """Its parameters that say who asks: a person, or the circumstances of a print, which name one."""
    taken = (*function.args.args, *function.args.kwonlyargs)
    circumstances = {one.arg for one in taken if one.annotation is not None and ast.unparse(one.annotation) == "Circumstances"}
    return {one.arg for one in taken if one.arg in ("user", "reader")} | circumstances


def calls(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def reads_or_writes(function: ast.FunctionDef) -> bool:
    takes_session = any(argument.arg == "session" for argument in function.args.args)
    return takes_session or any(
        name_of(call) in ("transaction", "pool_of") or ast.unparse(call.func).endswith("answers.ask") for call in calls(function)
    )


def checks(function: ast.FunctionDef) -> bool:
    """Whether it asks for a permission, or hands the person on to one that does."""
    who = people(function)
    for call in calls(function):
        if name_of(call) == "require":
            return True
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in ("user", "reader"))]
        if any(ast.unparse(value).removesuffix(".user") in who for value in given):
            return True
    return False


@pytest.mark.parametrize(("name", "function"), list(functions()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_service_knows_who_asks_and_checks_it(name, function):
    if name in ASKED_WITHOUT_A_PERSON:
        return
    assert people(function), f"{name} reads or writes: take `user` or `reader`, and call require(…)"
    if name in ABOUT_ONESELF:
        touched = [node for node in ast.walk(function) if isinstance(node, ast.Attribute) and node.attr in ("id", "session_id")]
        assert touched, f"{name} acts on the person's own account: name it by user.id"
        return
    assert checks(function), f"{name} never calls require(user, Permission.…), nor hands the person on to one that does"


def test_the_lists_of_exceptions_name_functions_that_exist():
    assert (set(ASKED_WITHOUT_A_PERSON) | ABOUT_ONESELF) <= {name for name, _ in functions()}
    assert set(BELOW) <= {named(path) for path in NEXUS.rglob("*.py")}
    assert set(READ_WITHOUT_A_READER) <= {name for name, _ in reads()} | {named(path) for path in STORES}


@pytest.mark.parametrize(("name", "function"), list(reads()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_read_of_a_store_names_its_reader(name, function):
    if {name, name.rpartition(".")[0]} & set(READ_WITHOUT_A_READER):
        return
    told = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    assert told & {"reader", "reader_id", "user", "user_id"}, f"{name} reads: take `reader`, and find only what they may see"


@pytest.mark.parametrize("path", ROUTES, ids=lambda path: path.parent.name)
def test_every_route_answers_for_the_person_who_asks(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.AsyncFunctionDef) and "request" in (told := {argument.arg for argument in node.args.args}):
            hands_on = "user" in told or any(
                isinstance(given, ast.Name) and given.id == "request" for call in calls(node) for given in call.args
            )
            assert "request.state.user" in ast.unparse(node) or hands_on, f"{node.name} answers, and nobody knows whom"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_only_draw(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= DRAWN_WITH, "pages read the address, call a service and draw; what else they need belongs into nexus"


@pytest.mark.parametrize("path", [path for path in PAGES if path.stem != "Home"], ids=lambda path: path.stem)
def test_every_page_ends_with_run_page(path):
    last = ast.parse(path.read_text()).body[-1]
    assert isinstance(last, ast.Expr)
    assert isinstance(last.value, ast.Call)
    assert name_of(last.value) == "run_page", "end the page with run_page(…): it finds the person and checks what they may see"


def test_no_function_and_no_module_grows_beyond_reading():
    long = [
        f"{path.relative_to(ROOT)}: {len(path.read_text().splitlines())} lines; split it by noun"
        for path in NEXUS.rglob("*.py")
        if len(path.read_text().splitlines()) > 450
    ]
    for path in [*NEXUS.rglob("*.py"), *PAGES]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 70:
                long.append(f"{path.relative_to(ROOT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines")
    assert not long, "\n".join(long)
