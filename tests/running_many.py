"""A process of its own that runs prompts, several at the same time: told on its standard input, and it says on its output what came of each.

The first line holds the people and what each asks, as JSON; a second line, whatever it says, starts them all.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import NexusError
from nexus.prompts import gemini, service

GENERATE = partial(gemini.generate, patience=gemini.Patience(deadline_s=30, silence_s=20, beat_s=0.02))


def main() -> None:
    told = json.loads(sys.stdin.readline())
    own.connect(told["database"], pool_size=len(told["people"]) + 2)
    prepared = [_prepared(_person(one), one["words"], told["prompt"]) for one in told["people"]]
    print("ready", flush=True)
    sys.stdin.readline()
    start = threading.Barrier(len(prepared))
    with ThreadPoolExecutor(len(prepared)) as pool:
        print(json.dumps(list(pool.map(lambda pair: _ran(start, *pair), prepared))), flush=True)


def _person(one: dict[str, Any]) -> User:
    return User(id=one["id"], email=one["email"], name=one["name"], role=Role(one["role"]), session_id=None)


def _prepared(user: User, words: str, name: str) -> tuple[User, Any]:
    with own.transaction() as session:
        opened = service.find_prompt(session, reader=user, name=name)
    return user, service.prepare(user=user, opened=opened, values={"words": words})


def _ran(start: threading.Barrier, user: User, prepared: Any) -> str:
    """How the run ended, or the name of what refused it."""
    start.wait()
    try:
        *_, last = service.run(user=user, prepared=prepared, generate=GENERATE)
    except NexusError as error:
        return type(error).__name__
    return last.status


if __name__ == "__main__":
    main()
