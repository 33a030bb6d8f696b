"""How far the check of answers agrees with a person, by what was the matter with the answer."""

from collections import defaultdict

from tests.bench.figures import Figure
from tests.grounding.answers import Judged, agreement, judge, read

SETS = {"answers.txt": "60 answers", "more.txt": "20 more, which it was corrected by", "held_out.txt": "20 held out"}
GOAL = "≥ 95 %"


def figures() -> list[Figure]:
    found = []
    for name, what in SETS.items():
        judged = [each for answer in read(name) for each in judge(answer)]
        goal = GOAL if name == "answers.txt" else ""
        found.append(_figure(what, judged, goal))
        if name == "answers.txt":
            by_person: dict[str, list[Judged]] = defaultdict(list)
            for each in judged:
                by_person[each.person].append(each)
            found += [_figure(f"  of which {person}", there, "") for person, there in sorted(by_person.items())]
    return found


def _figure(what: str, judged: list[Judged], goal: str) -> Figure:
    agreed = sum(each.agrees for each in judged)
    return Figure(f"{what}: marked as a person marks them", f"{agreement(judged):.1%}", f"{agreed} of {len(judged)}", "", goal)
