"""Railway's files say what Railway documents, and all say the same."""

import json
import runpy
import tomllib
from typing import Literal, NotRequired

import pytest
from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from nexus.settings import ROOT, Settings

START = "exec python -m nexus serve"
"""`exec`, so that whatever shell a builder wraps it in hands SIGTERM to Nexus and not to itself."""
GRACE_SECONDS = 30
"""Nexus ends open requests within this time after SIGTERM."""

strict = with_config(ConfigDict(extra="forbid", strict=True))


# https://docs.railway.com/config-as-code/reference, all fields of `build` and `deploy` that it documents. Seconds are
# numbers: the page shows strings, which Railway's own parser refuses (https://github.com/railwayapp/docs/issues/1243).
@strict
class Build(TypedDict, total=False):
    builder: Literal["RAILPACK", "DOCKERFILE", "NIXPACKS"]
    watchPatterns: list[str]
    buildCommand: str | None
    dockerfilePath: str | None
    railpackVersion: str | None
    nixpacksConfigPath: str | None
    nixpacksPlan: dict | None
    nixpacksVersion: str | None


@strict
class Deploy(TypedDict, total=False):
    startCommand: str | None
    preDeployCommand: list[str]
    multiRegionConfig: dict | None
    healthcheckPath: str | None
    healthcheckTimeout: int | None
    restartPolicyType: Literal["ON_FAILURE", "ALWAYS", "NEVER"]
    restartPolicyMaxRetries: int | None
    cronSchedule: str | None
    overlapSeconds: int | None
    drainingSeconds: int | None


RailwayJson = with_config(ConfigDict(extra="forbid"))(
    TypedDict("RailwayJson", {"$schema": str, "build": Build, "deploy": Deploy, "environments": NotRequired[dict]})
)


# https://nixpacks.com/docs/configuration/file
@strict
class Phase(TypedDict, total=False):
    cmds: list[str]
    nixPkgs: list[str]
    nixLibs: list[str]
    nixOverlays: list[str]
    nixpkgsArchive: str
    aptPkgs: list[str]
    dependsOn: list[str]
    cacheDirectories: list[str]
    onlyIncludeFiles: list[str]
    paths: list[str]


@strict
class NixpacksStart(TypedDict, total=False):
    cmd: str
    runImage: str
    onlyIncludeFiles: list[str]


@strict
class NixpacksToml(TypedDict, total=False):
    providers: list[str]
    buildImage: str
    variables: dict[str, str]
    staticAssets: dict[str, str]
    phases: dict[str, Phase]
    start: NixpacksStart


# https://railpack.com/config/file
@strict
class RailpackDeploy(TypedDict, total=False):
    base: dict
    startCommand: str
    variables: dict[str, str]
    paths: list[str]
    inputs: list
    aptPackages: list[str]


RailpackJson = with_config(ConfigDict(extra="forbid"))(
    TypedDict(
        "RailpackJson",
        {
            "$schema": str,
            "provider": NotRequired[Literal["python"]],
            "buildAptPackages": NotRequired[list[str]],
            "packages": NotRequired[dict[str, str]],
            "caches": NotRequired[dict],
            "secrets": NotRequired[list[str]],
            "steps": NotRequired[dict],
            "deploy": NotRequired[RailpackDeploy],
        },
    )
)


@pytest.fixture(scope="module")
def railway_json() -> dict:
    return json.loads((ROOT / "railway.json").read_text())


@pytest.fixture(scope="module")
def railway_service() -> dict:
    """The app's service, as Railway's own package compiles .railway/railway.py."""
    program = runpy.run_path(str(ROOT / ".railway/railway.py"))
    resources = program["main"]().to_graph()["resources"]
    return next(resource for resource in resources if resource["type"] == "service")


@pytest.fixture(scope="module")
def railpack() -> dict:
    return json.loads((ROOT / "railpack.json").read_text())


@pytest.fixture(scope="module")
def nixpacks() -> dict:
    return tomllib.loads((ROOT / "nixpacks.toml").read_text())


def test_every_field_is_one_that_railway_documents(railway_json, railway_service, nixpacks, railpack):
    for documented, written in (
        (RailwayJson, railway_json),
        (Build, railway_service["build"]),
        (Deploy, railway_service["deploy"]),
        (NixpacksToml, nixpacks),
        (RailpackJson, railpack),
    ):
        assert TypeAdapter(documented).validate_python(written) == written, documented.__name__


def test_both_of_railways_files_deploy_alike(railway_json, railway_service):
    assert railway_service["deploy"] == railway_json["deploy"]
    assert railway_service["build"]["buildCommand"] == railway_json["build"]["buildCommand"]


def test_every_file_starts_nexus_by_the_same_command(railway_json, railway_service, nixpacks, railpack):
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert {
        railway_json["deploy"]["startCommand"],
        railway_service["deploy"]["startCommand"],
        nixpacks["start"]["cmd"],
        railpack["deploy"]["startCommand"],
        procfile["web"],
    } == {START}


def test_both_builders_take_the_oldest_python_that_nexus_supports(nixpacks, railpack):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = project["requires-python"].removeprefix(">=")
    assert nixpacks["variables"]["NIXPACKS_PYTHON_VERSION"] == railpack["packages"]["python"] == version


def test_both_builders_bring_a_browser_that_prints(nixpacks, railpack):
    # Playwright's own program wants libatomic1, which Debian's small images lack.
    assert {"chromium-headless-shell", "libatomic1"} <= set(railpack["deploy"]["aptPackages"])
    assert "libatomic1" in nixpacks["phases"]["setup"]["aptPkgs"]
    assert any("playwright install --with-deps --only-shell chromium" in command for command in nixpacks["phases"]["install"]["cmds"])


def test_what_adds_to_the_builders_own_packages_keeps_them(nixpacks, railpack):
    assert railpack["deploy"]["aptPackages"][0] == nixpacks["phases"]["setup"]["aptPkgs"][0] == "..."


def test_both_builders_install_the_locked_packages(nixpacks):
    # Railpack runs `pip install -r requirements.txt`, and pip asks for every hash as soon as there is one in the file.
    assert any("--require-hashes -r requirements.txt" in command for command in nixpacks["phases"]["install"]["cmds"])
    assert "--hash=sha256:" in (ROOT / "requirements.txt").read_text()


def test_a_stop_has_more_time_than_nexus_takes(railway_json):
    # Railway's default is 0 s, https://docs.railway.com/deployments/deployment-teardown
    assert railway_json["deploy"]["drainingSeconds"] > GRACE_SECONDS


def test_the_build_command_is_there_and_may_be_executed(railway_json):
    script = ROOT / railway_json["build"]["buildCommand"].split()[0]
    assert script.stat().st_mode & 0o111


def test_the_database_and_both_keys_reach_the_service(railway_service):
    variables = railway_service["variables"]
    assert variables["DATABASE_URL"] == {"type": "reference", "resource": "database.postgres", "output": "DATABASE_URL"}
    assert variables["SECRET_KEY"] == variables["ENCRYPTION_KEY"] == {"type": "preserve"}


def test_no_dockerfile_takes_the_place_of_the_builder():
    assert not (ROOT / "Dockerfile").exists()


def test_the_example_of_the_environment_names_every_setting():
    named = {line.lstrip("# ").partition("=")[0] for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line}
    set_by_railway = {"RAILWAY_ENVIRONMENT", "RAILWAY_PUBLIC_DOMAIN"}
    assert named == {name.upper() for name in Settings.model_fields} - set_by_railway
