"""The database's plan for a query, in words that a person can read: each step with its share of the work, and a hint at the costly one."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from nexus.sources.catalog import CatalogTable, quoted

MANY_ROWS = 10_000
"""From here on, reading a whole table to keep few of its rows is worth a hint."""
FEW = 0.2
WRONG_BY = 10
"""An estimate that is off by this much misleads the planner."""

Tables = Mapping[tuple[str, str], CatalogTable]
Node = dict[str, Any]


class Step(BaseModel, frozen=True):
    """One step. `share` is its own part of the whole plan's cost, or with `analyze` of its time, from 0 to 1; all steps add up to 1."""

    words: str
    detail: str = ""
    """Its condition, as the database writes it."""
    expected_rows: float
    rows: int | None = None
    """As counted; only where the query ran."""
    share: float
    ms: float | None = None
    """Its own time, likewise."""
    costly: bool = False
    """It takes more than any other step."""
    hint: str = ""
    steps: tuple["Step", ...] = ()


class Plan(BaseModel, frozen=True):
    root: Step
    analyzed: bool
    cost: float = 0.0
    """Of the whole, as the database reckons: about one for each page that it reads in order."""
    planning_ms: float | None = None
    execution_ms: float | None = None

    def walk(self) -> list[tuple[int, Step]]:
        """Every step with how deep it lies, in the order of reading."""
        found: list[tuple[int, Step]] = []
        waiting = [(0, self.root)]
        while waiting:
            depth, step = waiting.pop()
            found.append((depth, step))
            waiting += [(depth + 1, below) for below in reversed(step.steps)]
        return found


def read(explained: Mapping[str, Any], tables: Iterable[CatalogTable]) -> Plan:
    """The plan that `EXPLAIN (FORMAT JSON, VERBOSE)` told; `tables` are those of the source's catalog."""
    known = {(table.schema, table.name): table for table in tables}
    node = explained["Plan"]
    analyzed = "Actual Total Time" in node
    whole = max(_cost(node, analyzed=analyzed), 1e-9)
    if node["Node Type"] == "Limit" and len(node["Plans"]) == 1:
        # Ours, around the query.
        node = node["Plans"][0]
    root = _step(node, whole, whole, known, analyzed=analyzed)
    top = max((step.share for _, step in Plan(root=root, analyzed=analyzed).walk()), default=0.0)
    return Plan(
        root=_marked(root, top),
        analyzed=analyzed,
        cost=float(explained["Plan"].get("Total Cost", 0)),
        planning_ms=explained.get("Planning Time"),
        execution_ms=explained.get("Execution Time"),
    )


def _marked(step: Step, top: float) -> Step:
    """A hint stands where it says most: at the costliest step, and where the database was wrong."""
    costly = step.share >= top
    return step.model_copy(update={"costly": costly, "steps": tuple(_marked(below, top) for below in step.steps)})


def _cost(node: Node, *, analyzed: bool) -> float:
    """Of the node with all below it."""
    if analyzed:
        return float(node.get("Actual Total Time", 0)) * float(node.get("Actual Loops", 1))
    return float(node.get("Total Cost", 0))


def _step(node: Node, whole: float, budget: float, tables: Tables, *, analyzed: bool, times: float = 1.0) -> Step:
    """`budget` is what the step and all below it may cost of the `whole`; `times` how often it runs, less what a LIMIT spares."""
    below: list[Node] = node.get("Plans", [])
    each = [times * (1 if analyzed else _times(node, child)) for child in below]
    costs = [_cost(child, analyzed=analyzed) * often for child, often in zip(below, each, strict=True)]
    # Under a LIMIT a step costs less than the database says of it run to its end; workers share a step's time.
    fits = min(1.0, budget / sum(costs)) if sum(costs) else 1.0
    own = max(0.0, budget - sum(costs) * fits)
    rows = round(_kept(node)) if "Actual Rows" in node else None
    table = tables.get((str(node.get("Schema")), str(node.get("Relation Name"))))
    return Step(
        words=_words(node, table),
        detail=_detail(node),
        expected_rows=float(node.get("Plan Rows", 0)),
        rows=rows,
        share=own / whole,
        ms=own if analyzed else None,
        hint=_hint(node, table),
        steps=tuple(
            _step(child, whole, cost * fits, tables, analyzed=analyzed, times=often * fits)
            for child, cost, often in zip(below, costs, each, strict=True)
        ),
    )


def _times(node: Node, child: Node) -> float:
    """How often a child runs, as expected: the inner side of a nested loop once for each row of the outer one, a subquery in a column for each row."""
    if child.get("Parent Relationship") == "SubPlan":
        return max(1.0, float(node.get("Plan Rows", 1)))
    if node["Node Type"] == "Nested Loop" and child.get("Parent Relationship") == "Inner":
        return max(1.0, float(node["Plans"][0].get("Plan Rows", 1)))
    return 1.0


def _kept(node: Node) -> float:
    return float(node["Actual Rows"]) * float(node.get("Actual Loops", 1)) if "Actual Rows" in node else float(node.get("Plan Rows", 0))


def _read_rows(node: Node, table: CatalogTable | None) -> float | None:
    """How many rows a scan of the whole table looks at."""
    if "Rows Removed by Filter" in node:
        return _kept(node) + float(node["Rows Removed by Filter"]) * float(node.get("Actual Loops", 1))
    if table and table.estimated_rows:
        return float(table.estimated_rows)
    return None if "Filter" in node else _kept(node)


def _count(number: float) -> str:
    return f"{number:,.0f} row{'' if round(number) == 1 else 's'}"


def _about(node: Node) -> str:
    """Rows that come out of the step: counted, or as expected."""
    return ("" if "Actual Rows" in node else "about ") + _count(_kept(node))


def _name(node: Node) -> str:
    """The table as the query calls it."""
    name, alias = str(node.get("Relation Name", "")), node.get("Alias")
    return f"{name} ({alias})" if alias and alias != name else name


def _keys(node: Node, key: str) -> str:
    return ", ".join(re.sub(r"::\w+( \w+)*", "", str(one)) for one in node.get(key, ()))


def _scan(node: Node, table: CatalogTable | None) -> str:
    total = _read_rows(node, table)
    what = f"all {_count(total)}" if total is not None else "every row"
    return f"Sequential scan of {_name(node)}: reads {what}" + (f" to keep {_about(node)}" if "Filter" in node else "")


def _index(node: Node, _table: CatalogTable | None) -> str:
    alone = ", without reading the table itself" if node["Node Type"] == "Index Only Scan" else ""
    how = "Finds" if "Index Cond" in node else "Reads in order"
    return f"Index scan of {_name(node)}: {how.lower()} {_about(node)} by the index {node.get('Index Name', '')}{alone}"


def _aggregate(node: Node, _table: CatalogTable | None) -> str:
    part = {"Partial": " (each worker its part)", "Finalize": " (putting the workers' parts together)"}.get(
        str(node.get("Partial Mode")), ""
    )
    if node.get("Strategy") == "Plain" or not node.get("Group Key"):
        return f"Computes the figures over all rows{part}"
    return f"Groups by {_keys(node, 'Group Key')} into {_about(node).replace('row', 'group')}{part}"


def _sort(node: Node, _table: CatalogTable | None) -> str:
    where = " on disk, since memory does not hold them" if node.get("Sort Space Type") == "Disk" else ""
    return f"Sorts {_about(node)} by {_keys(node, 'Sort Key')}{where}"


def _join(how: str) -> Callable[[Node, CatalogTable | None], str]:
    kinds = {
        "Left": " keeping every row of the first",
        "Right": " keeping every row of the second",
        "Full": " keeping every row of both",
        "Semi": " keeping rows of the first that have a match",
        "Anti": " keeping rows of the first that have none",
    }
    return lambda node, _table: f"{how}{kinds.get(str(node.get('Join Type')), '')}: {_about(node)}"


WORDS: dict[str, Callable[[Node, CatalogTable | None], str]] = {
    "Seq Scan": _scan,
    "Sample Scan": lambda node, _: f"Reads a sample of {_name(node)}: {_about(node)}",
    "Index Scan": _index,
    "Index Only Scan": _index,
    "Bitmap Heap Scan": lambda node, _: f"Fetches {_about(node)} of {_name(node)} at the places that an index gave",
    "Bitmap Index Scan": lambda node, _: f"Looks up places in the index {node.get('Index Name', '')}",
    "BitmapAnd": lambda _node, _: "Keeps the places that all indexes gave",
    "BitmapOr": lambda _node, _: "Puts together the places that the indexes gave",
    "Tid Scan": lambda node, _: f"Fetches rows of {_name(node)} by their place",
    "Foreign Scan": lambda node, _: f"Asks another server for {_about(node)} of {_name(node)}",
    "Function Scan": lambda node, _: f"Takes {_about(node)} from the function {node.get('Function Name', '')}",
    "Values Scan": lambda node, _: f"Takes {_about(node)} from a list in the query",
    "CTE Scan": lambda node, _: f"Reads {_about(node)} of the part {node.get('CTE Name', '')}",
    "Subquery Scan": lambda node, _: f"Takes {_about(node)} from a query inside",
    "WorkTable Scan": lambda _node, _: "Reads what the last round found",
    "Recursive Union": lambda _node, _: "Goes round until nothing new is found",
    "Nested Loop": _join("Looks up the second for each row of the first"),
    "Hash Join": _join("Joins both by a hash table"),
    "Merge Join": _join("Joins both in their order"),
    "Hash": lambda node, _: f"Puts {_about(node)} into a hash table",
    "Sort": _sort,
    "Incremental Sort": _sort,
    "Aggregate": _aggregate,
    "Group": _aggregate,
    "WindowAgg": lambda node, _: f"Computes figures over windows of rows: {_about(node)}",
    "Unique": lambda node, _: f"Takes out repeated rows: {_about(node)} stay",
    "SetOp": lambda node, _: f"Compares two results: {_about(node)} stay",
    "Limit": lambda node, _: f"Stops after {_about(node)}",
    "Append": lambda node, _: f"Puts results under each other: {_about(node)}",
    "Merge Append": lambda node, _: f"Puts sorted results together: {_about(node)}",
    "Gather": lambda node, _: (
        f"Collects {_about(node)} from {node.get('Workers Launched', node.get('Workers Planned', 'several'))} workers"
    ),
    "Gather Merge": lambda node, _: (
        f"Collects {_about(node)} in order from {node.get('Workers Launched', node.get('Workers Planned', 'several'))} workers"
    ),
    "Materialize": lambda node, _: f"Keeps {_about(node)} to read them again",
    "Memoize": lambda _node, _: "Remembers what was looked up before",
    "Result": lambda _node, _: "Computes one result",
    "ProjectSet": lambda node, _: f"Unfolds values into {_about(node)}",
}


def _words(node: Node, table: CatalogTable | None) -> str:
    kind = str(node["Node Type"])
    say = WORDS.get(kind)
    words = say(node, table) if say else f"{kind}: {_about(node)}"
    return f"{words}, shared among workers" if node.get("Parallel Aware") and "Scan" in kind else words


def _detail(node: Node) -> str:
    conditions = [str(node[key]) for key in ("Index Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter") if key in node]
    return " and ".join(conditions)[:2_000]


def _hint(node: Node, table: CatalogTable | None) -> str:
    kind = node["Node Type"]
    if "Actual Rows" in node and node.get("Plan Rows"):
        expected, counted = float(node["Plan Rows"]), float(node["Actual Rows"])
        # Fewer may also mean that a LIMIT above had enough.
        if counted > 1_000 and counted > WRONG_BY * expected:
            return f"The database expected {_count(expected)} and found {_count(counted)}. Its statistics are old: ANALYZE by the table's owner renews them."
    if kind == "Seq Scan":
        return _hint_of_scan(node, table)
    if kind in ("Sort", "Incremental Sort") and (_kept(node) > 100_000 or node.get("Sort Space Type") == "Disk"):
        return "Sorting so many rows takes long. Filter or group before, ask for fewer with LIMIT, or order by what an index holds."
    if kind == "Nested Loop" and _kept(node) > 100_000:
        return "A look-up for each of so many rows takes long. An index on the columns compared, or a filter before the join, helps."
    return ""


def _hint_of_scan(node: Node, table: CatalogTable | None) -> str:
    total = _read_rows(node, table)
    if "Filter" not in node or total is None or total < MANY_ROWS or _kept(node) > FEW * total:
        return ""
    compared = _compared(str(node["Filter"]), table)
    if not compared or table is None:
        return f"Nearly all rows of {node.get('Relation Name')} are read and thrown away. An index on what is compared would spare that."
    led = {index[0].name for index in table.indexes if index}
    if led & set(compared):
        name = next(name for name in compared if name in led)
        return f"There is an index on `{name}`, which this comparison cannot use, or which would be slower. Compare the bare column with a value."
    shown = ", ".join(f"`{name}`" for name in compared)
    return f"No index on {shown} of {table.name}: with one, the database would read only the rows that it keeps."


def _compared(condition: str, table: CatalogTable | None) -> list[str]:
    """Columns of the table that stand in the condition, at most three."""
    words = set(re.findall(r'"(?:[^"]|"")+"|\w+', re.sub(r"'(?:[^']|'')*'", "''", condition)))
    names = [column.name for column in table.columns] if table else []
    return [name for name in names if name in words or quoted(name) in words][:3]
