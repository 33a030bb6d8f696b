"""What README.md says about settings and commands is what the code does."""

import re
import tomllib

import typer.main

from nexus.__main__ import app
from nexus.settings import ROOT, Settings
from nexus.views.sql import names_in, problem_in

README = (ROOT / "README.md").read_text()


def rows(table: str) -> list[str]:
    """The rows of the table between its two marks."""
    found = re.search(rf"<!-- {table}: .*?-->\n(.*?)<!-- end of {table} -->", README, re.DOTALL)
    assert found, f"README.md has lost its marks around the table of {table}"
    return [line for line in found[1].splitlines() if line.startswith("| `")]


def settings() -> list[tuple[str, str, str]]:
    """Every variable, what it means, and what holds without it."""
    return [
        (
            name.upper(),
            field.description or "",
            f"`{str(field.default).lower()}`" if isinstance(field.default, bool | int | float | str) and field.default != "" else "",
        )
        for name, field in Settings.model_fields.items()
    ]


def test_the_table_of_settings_is_that_of_the_code():
    expected = [f"| `{name}` | {meaning} | {default} |" for name, meaning, default in settings()]
    assert rows("settings") == expected, "The table should be:\n" + "\n".join(expected)


def commands() -> list[tuple[str, str]]:
    """Every command as it is typed, and the first line of its help."""
    found = []

    def walk(command, words: list[str]) -> None:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                walk(inner, [*words, name])
        elif not command.hidden:
            arguments = [parameter.name.upper() for parameter in command.params if parameter.param_type_name == "argument"]
            found.append((" ".join([*words, *arguments]), command.help.strip().splitlines()[0]))

    walk(typer.main.get_command(app), [])
    return found


def test_the_table_of_commands_is_that_of_the_code():
    expected = [f"| `{command}` | {text} |" for command, text in commands()]
    assert rows("commands") == expected, "The table should be:\n" + "\n".join(expected)


def test_the_table_of_folders_is_that_of_the_code():
    folders = {path.parent.name for path in (ROOT / "nexus").glob("*/__init__.py")}
    assert {re.match(r"\| `(\w+)`", row)[1] for row in rows("folders")} == folders


def test_the_statement_that_the_readme_shows_is_one():
    (statement,) = re.findall(r"```sql\n(select.*?)```", README, re.DOTALL)
    assert problem_in(statement) is None
    assert names_in(statement) == ("days_from", "days_to", "origins")


def test_make_has_the_commands_that_the_readme_names():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b(?=[` ]|$)", README)) & {"run", "test", "check", "bench"} <= targets


def test_every_command_in_the_text_exists():
    typed = re.compile(r"python -m nexus ((?:user|keys) [a-z]+|[a-z]+)")
    known = {found for command, _ in commands() for found in typed.findall(f"python -m nexus {command}")}
    assert set(typed.findall(README)) <= known


def test_the_files_that_the_readme_shows_and_links_are_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_picture_is_small():
    assert (ROOT / "docs/dashboard.png").stat().st_size < 200_000


def test_the_supported_pythons_are_those_of_the_set_up():
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    newest = re.search(r"<= \((\d+), (\d+)\)", (ROOT / "build.sh").read_text())
    assert f"Python {oldest} to {newest[1]}.{newest[2]}" in README
