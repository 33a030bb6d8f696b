"""From nothing to ready: with a database that is there, and with the bundled one on its first start."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.figures import Figure, median_of
from tests.bench.processes import ROOT, clean_environment, free_port, nexus, program, wait_for


def _ready(environment: dict[str, str], log: Path, folder: Path = ROOT) -> float:
    port = free_port()
    with program(*nexus("serve"), environment={**environment, "PORT": str(port)}, log=log, folder=folder):
        return wait_for(f"http://127.0.0.1:{port}/readyz", seconds=120)


def figures(environment: dict[str, str], log: Path) -> list[Figure]:
    own = median_of(3, lambda: _ready(environment, log))
    return [
        Figure("start to /readyz, own database", f"{own:.1f} s", goal="≤ 3 s"),
        Figure("start to /readyz, first start with the bundled one", f"{median_of(3, _first(log)):.1f} s", goal="≤ 8 s"),
    ]


def _first(log: Path) -> Callable[[], float]:
    """A start in a copy of the code that has no state yet."""

    def measure() -> float:
        with tempfile.TemporaryDirectory(prefix="nexus-bench-first-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            for part in ("nexus", "pages", "migrations", ".streamlit"):
                shutil.copytree(ROOT / part, folder / part)
            for file in ("Home.py", "alembic.ini"):
                shutil.copy(ROOT / file, folder / file)
            return _ready(clean_environment(), log, folder)

    return measure
