"""What build.sh does on machines that lack something, and when there is nothing to do."""

import importlib.metadata
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nexus.reports import chromium
from nexus.settings import ROOT

TOOLS = ("bash", "dirname", "cksum", "cat", "find", "touch", "rm", "mkdir", "cp", "sh", "env")

PYTHON = """#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in
*"sys.exit(not (3, 11)"*) exit {supported} ;;
*ensurepip*) exit {makes_environments} ;;
*"%d.%d"*) echo 3.12 ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip "*) exit {installs} ;;
esac
"""


class Machine:
    """A folder with build.sh in it, and a PATH with a few tools and programs that only note how they were called."""

    def __init__(self, folder: Path) -> None:
        self.app, self.bin = folder / "app", folder / "bin"
        self.app.mkdir()
        self.bin.mkdir()
        for name in ("build.sh", "requirements-build.txt", "requirements.txt", "requirements-dev.txt"):
            shutil.copy2(ROOT / name, self.app / name)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.program("id", "#!/bin/sh\necho 1000\n")
        self.program("uname", "#!/bin/sh\necho Linux\n")
        self.calls = folder / "calls"

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def python(self, *, supported: bool = True, makes_environments: bool = True, installs: bool = True) -> None:
        given = {"supported": supported, "makes_environments": makes_environments, "installs": installs}
        self.program("python3", PYTHON.format(**{name: 0 if value else 1 for name, value in given.items()}))

    def browser(self) -> None:
        self.program("chromium", "#!/bin/sh\n")

    def build(self, *arguments: str) -> subprocess.CompletedProcess:
        self.calls.write_text("")
        environment = {"PATH": str(self.bin), "HOME": str(self.app), "CALLS": str(self.calls)}
        return subprocess.run([self.app / "build.sh", *arguments], env=environment, capture_output=True, text=True, timeout=30)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_python_that_is_new_enough_is_one_sentence(machine):
    machine.python(supported=False)
    built = machine.build()
    assert built.returncode == 1
    assert built.stderr.startswith("nexus: no Python 3.11 to 3.14 is here. Install one")
    assert built.stderr.count("\n") == 1


def test_a_python_that_cannot_make_environments_is_one_sentence_for_who_is_not_root(machine):
    machine.python(makes_environments=False)
    built = machine.build()
    assert built.returncode == 1
    assert "apt-get install python3.12-venv" in built.stderr
    assert built.stderr.count("\n") == 1


def test_root_on_debian_gets_what_is_missing_installed(machine):
    machine.python(makes_environments=False)
    machine.program("id", "#!/bin/sh\necho 0\n")
    machine.program("apt-get", '#!/bin/sh\necho "apt-get $@" >>"$CALLS"\nexit 1\n')
    machine.build()
    assert "apt-get install -y -qq --no-install-recommends python3.12-venv" in machine.calls.read_text()


def test_the_locked_and_hashed_packages_are_installed_once(machine):
    machine.python()
    machine.browser()
    assert machine.build().returncode == 0
    calls = machine.calls.read_text()
    assert "--require-hashes --no-build-isolation -r requirements.txt" in calls
    assert calls.index("--require-hashes -r requirements-build.txt") < calls.index("-r requirements.txt"), "what builds comes first"
    again = machine.build()
    assert (again.returncode, again.stderr, machine.calls.read_text()) == (0, "", "")


def test_changed_requirements_are_installed_into_the_same_environment(machine):
    machine.python()
    machine.browser()
    machine.build()
    (machine.app / "requirements.txt").write_text("other==1\n")
    machine.build()
    assert "-m pip install" in machine.calls.read_text()
    assert "-m venv" not in machine.calls.read_text()


def test_an_installation_that_was_broken_off_is_made_anew(machine):
    machine.python(installs=False)
    machine.browser()
    broken = machine.build()
    assert broken.returncode == 1
    assert "run this again" in broken.stderr
    machine.python()
    mended = machine.build()
    assert mended.returncode == 0
    assert "making an environment" in mended.stderr


def test_without_a_browser_nexus_is_set_up_and_says_that_pdfs_are_off(machine):
    machine.python()
    built = machine.build()
    assert built.returncode == 0
    assert "PDFs are off" in built.stderr.splitlines()[-1]
    assert "CHROMIUM_PATH" in built.stderr.splitlines()[-1]


def test_the_next_start_does_not_fetch_again_but_finds_a_browser_that_came(machine):
    machine.python()
    machine.build()
    missing = machine.build()
    assert "fetching" not in missing.stderr
    assert "PDFs are off" in missing.stderr
    machine.browser()
    assert machine.build().stderr == ""


def test_the_tests_insist_on_a_browser(machine):
    machine.python()
    built = machine.build("test")
    assert built.returncode == 1
    assert "the tests need a browser" in built.stderr.splitlines()[-1]


def test_the_set_up_looks_for_the_browsers_that_nexus_prints_with():
    script = (ROOT / "build.sh").read_text()
    assert [name for name in chromium.NAMES if name not in script] == []


def test_an_unknown_purpose_is_refused(machine):
    assert machine.build("everything").returncode == 1


def test_the_script_is_one_that_may_be_executed():
    assert os.access(ROOT / "build.sh", os.X_OK)


def test_what_is_asked_for_with_an_extra_is_locked_with_it():
    """Else pip of Python 3.11 takes the newest release for `name[extra]`, and stops at its missing hash on the day of that release."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)(?:\[([^\]]+)\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    locked = {canonicalize_name(name): set(extras.split(",")) if extras else set() for name, extras in lines}
    asked = [Requirement(text) for name in locked for text in (importlib.metadata.requires(name) if _installed(name) else None) or ()]
    with_extras = [one for one in asked if one.extras and (one.marker is None or one.marker.evaluate({"extra": ""}))]
    assert with_extras
    assert [str(one) for one in with_extras if not one.extras <= locked[canonicalize_name(one.name)]] == []


def _installed(name: str) -> bool:
    """Some of the lock are for other systems."""
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
