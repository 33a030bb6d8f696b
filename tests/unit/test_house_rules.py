"""Rules about the code itself that no linter knows, each with what to do when it is broken."""

import ast
from collections.abc import Iterator

import pytest

from nexus.settings import ROOT

SERVICES = [
    *sorted((ROOT / "nexus").glob("*/service.py")),
    *(
        ROOT / "nexus/sources" / name
        for name in ("run.py", "export.py", "catalog.py", "explain.py", "writer.py", "loading.py", "estimate.py")
    ),
    *(ROOT / "nexus/views" / name for name in ("drafts.py", "runs.py", "paging.py", "counting.py", "rows.py", "statistics.py", "reads.py")),
]
PAGES = [*sorted((ROOT / "pages").glob("*.py")), ROOT / "Home.py"]
DRAWN_WITH = {"streamlit", "nexus", "datetime"}

ASKED_WITHOUT_A_PERSON = {
    "accounts.service.user_of_session": "finds out who it is",
    "accounts.service.sign_out": "whoever holds the cookie may end its session",
    "views.runs.record": "notes what somebody was let do",
    "views.runs.flush": "writes what was noted with its reader",
    "views.runs.clean_up": "removes old runs, whoever ran them",
    "sources.run.inquire": "asks Nexus's own questions about a catalog, for services that have checked who asks",
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


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in SERVICES:
        where = ".".join(path.relative_to(ROOT / "nexus").with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{where}.{node.name}", node


def people(function: ast.FunctionDef) -> set[str]:
    """Its parameters that say who asks."""
    return {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)} & {"user", "reader"}


def calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def reads_or_writes(function: ast.FunctionDef) -> bool:
    takes_session = any(argument.arg == "session" for argument in function.args.args)
    return takes_session or any(name_of(call) in ("transaction", "pool_of", "ask") for call in calls(function))


def checks(function: ast.FunctionDef) -> bool:
    """Whether it asks for a permission, or hands the person on to one that does."""
    who = people(function)
    for call in calls(function):
        if name_of(call) == "require":
            return True
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in ("user", "reader"))]
        if any(isinstance(value, ast.Name) and value.id in who for value in given):
            return True
    return False


@pytest.mark.parametrize(("name", "function"), list(functions()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_service_knows_who_asks_and_checks_it(name, function):
    if name in ASKED_WITHOUT_A_PERSON or not (reads_or_writes(function) or people(function)):
        return
    assert people(function), f"{name} reads or writes: take `user` or `reader`, and call require(…)"
    if name in ABOUT_ONESELF:
        touched = [node for node in ast.walk(function) if isinstance(node, ast.Attribute) and node.attr in ("id", "session_id")]
        assert touched, f"{name} acts on the person's own account: name it by user.id"
        return
    assert checks(function), f"{name} never calls require(user, Permission.…), nor hands the person on to one that does"


def test_the_lists_of_exceptions_name_functions_that_exist():
    assert (set(ASKED_WITHOUT_A_PERSON) | ABOUT_ONESELF) <= {name for name, _ in functions()}


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
        for path in (ROOT / "nexus").rglob("*.py")
        if len(path.read_text().splitlines()) > 450
    ]
    for path in [*(ROOT / "nexus").rglob("*.py"), *PAGES]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 70:
                long.append(f"{path.relative_to(ROOT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines")
    assert not long, "\n".join(long)
