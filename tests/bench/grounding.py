"""How far the check of answers agrees with a person, by what was the matter with the answer; and how long it takes."""

from collections import defaultdict

from tests.bench.figures import Figure
from tests.grounding.answers import Judged, agreement, judge, read

SETS = {
    "answers.txt": "60 answers",
    "more.txt": "20 more, which it was corrected by",
    "held_out.txt": "20 more, which it was corrected by later",
    "shops.txt": "36 over other tables, which it was corrected by",
    "unseen.txt": "48 over more tables, held out at first (77.3 %), corrected by later",
    "last.txt": "44 more, held out at first (87.0 %), corrected by later",
    "fresh.txt": "52 held out",
}
GOAL = "≥ 95 %"
SPLIT = {"answers.txt", "fresh.txt"}
"""Sets that are shown by what a person said of each mark."""


def figures() -> list[Figure]:
    found = []
    for name, what in SETS.items():
        judged = [each for answer in read(name) for each in judge(answer)]
        found.append(_figure(f"{what}: marked as a person marks them", judged, GOAL))
        if name in SPLIT:
            by_person: dict[str, list[Judged]] = defaultdict(list)
            for each in judged:
                by_person[each.person].append(each)
            found += [_figure(f"  of which {person}", there, "") for person, there in sorted(by_person.items())]
            found += [_wrong(judged, passed=True), _wrong(judged, passed=False)]
    return found


def _figure(what: str, judged: list[Judged], goal: str) -> Figure:
    agreed = sum(each.agrees for each in judged)
    return Figure(what, f"{agreement(judged):.1%}", f"{agreed} of {len(judged)}", "", goal)


def _wrong(judged: list[Judged], *, passed: bool) -> Figure:
    """What is not so and passes as found, and what is so and is doubted: the first misleads, the second costs a look."""
    of = [each for each in judged if (each.person != "supported") == passed]
    missed = sum((each.check == "supported") == passed for each in of)
    what = "  what is not so and passes as found" if passed else "  what is so and is doubted or overlooked"
    return Figure(what, f"{missed / len(of):.1%}", f"{missed} of {len(of)}", "", "0 %" if passed else "")
