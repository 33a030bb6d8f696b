"""Whether the figures and names of an answer are in the data that was sent, and which rows stand behind each.

Deterministic: the same answer to the same request is marked the same. A figure is looked for in the rows that its passage names
(see `passages`), then in what can be worked out from them (see `derivations`), then in all other rows: there it is right for
something else.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from nexus.prompts import derivations, direction, names, passages, reference, units
from nexus.prompts.cells import matches, unit_of
from nexus.prompts.derivations import OVERALL
from nexus.prompts.evidence import MORE, Evidence, Question, Rows
from nexus.prompts.figures import MOST_FIGURES, Figure, even, find_figures
from nexus.prompts.findings import Finding, Grounding, Kind, RowsBehind, Status
from nexus.prompts.mentions import Mention
from nexus.prompts.passages import Passage
from nexus.prompts.scope import Scope, label
from nexus.prompts.sent import Column, Sent
from nexus.prompts.wording import IN_PART, counted, is_named, led_by, stems

LONGEST = 200_000
"""Characters of an answer that are checked: as many as are drawn."""
MOST_WORKED_OUT = 400
"""Figures for which derivations are tried. An answer that needs more of them is not one that people check."""
BY_CHANCE = 0.2
"""How many cells may say a figure by chance before one that nothing points to counts for nothing."""
MOST_ROWS = 50
"""Rows behind a finding that are kept with it."""
MANY_CELLS = 500
_NEVER = 99
_LIMIT = re.compile(
    r"\b(?:pass\w*|exceed\w*|reach\w*|above|below|beyond|under|over|least|most|super\w*|alcanz\w*|rebas\w*|über\w*|unter\w*)\W{1,3}$", re.I
)
_WORD = re.compile(r"[^\W\d_]{3,}")
MOST_BETWEEN = 2
_YEAR = re.compile(r"(?:19|20)\d\d")


def ground(answer: str, data: Sent) -> Grounding:
    """Look for each figure and name of `answer` in `data`."""
    text = even(answer[:LONGEST])
    mentions = names.find_names(text, data)
    figures = [*find_figures(text, skipped=[(mention.start, mention.end) for mention in mentions])]
    checker = _Checker(answer, text, data)
    findings = [finding for passage in passages.passages(text, mentions, figures) for finding in checker.check(passage)]
    findings.sort(key=lambda finding: finding.start)
    counted = [finding for finding in findings if finding.kind == "figure" or not finding.is_supported]
    found = sum(finding.is_supported for finding in counted)
    share = found / len(counted) if counted else 1.0
    cut = len(answer) > LONGEST or len(figures) >= MOST_FIGURES
    return Grounding(findings=tuple(findings), found=found, total=len(counted), is_cut=cut, share=share)


class _Checker:
    """Goes through an answer passage by passage, and knows whom the last one spoke of."""

    def __init__(self, answer: str, text: str, data: Sent) -> None:
        self._answer, self._text, self._data = answer, text, data
        self._last: tuple[Mention, ...] = ()
        self._words: dict[int, str] = {}
        self._goes: dict[int, direction.Direction] = {}
        """Of each figure by where it starts: up or down, as the words beside it say, or those beside the figure before."""
        self._near: dict[int, str] = {}
        self._tied_to: dict[int, frozenset[str]] = {}
        self._tried = 0
        self._said = [*find_figures(even(data.words))]
        self._years = {day.year for table in data.tables for column in table.columns for day in column.dates if day}

    def check(self, passage: Passage) -> Iterator[Finding]:
        passage, evidence = self._without_faint(passage)
        for figure in passage.figures:
            status, found = evidence.get(figure.start, ("unfound", None))
            how = found.how if found else "It is not in the data that was sent, and was not found by working it out from there."
            yield self._finding((figure.start, figure.end), "figure", status, how, found.rows if found else {})
        for mention in passage.mentions:
            yield self._of_name(mention)
        if passage.mentions:
            self._last = passage.mentions

    def _without_faint(self, passage: Passage) -> tuple[Passage, dict[int, tuple[Status, Evidence | None]]]:
        """The passage with what may be names, if a row of nobody else is said of one; else without."""
        plain = replace(passage, mentions=tuple(mention for mention in passage.mentions if not mention.is_faint))
        evidence = self._evidence(plain)
        if len(plain.mentions) == len(passage.mentions) or any(
            not mention.is_moment and any(len(rows) == 1 for rows in mention.places.values()) for mention in plain.mentions
        ):
            return plain, evidence
        faint = passage.mentions[0].start
        claims = any(
            figure.start > faint and status == "found" and found and self._is_of_a_row(passage, figure, found)
            for figure in passage.figures
            for status, found in [evidence.get(figure.start, ("unfound", None))]
        )
        return (passage, self._evidence(passage)) if claims else (plain, evidence)

    def _is_of_a_row(self, passage: Passage, figure: Figure, found: Evidence) -> bool:
        """Whether what was found is of one of many rows, and nothing else led there."""
        if not found.column or reference.is_extreme(self._text, figure):
            return False
        (at, _), last = found.column, {row for mention in self._last for (_, _, _), rows in mention.places.items() for row in rows}
        rows = found.rows.get(at, frozenset())
        return self._data.tables[at].rows > 1 and bool(self._data.tables[at].texts) and len(rows) == 1 and not rows & last

    def _of_name(self, mention: Mention) -> Finding:
        rows: dict[int, Rows] = {}
        for (table, _, _), own in mention.places.items():
            rows[table] = rows.get(table, frozenset()) | own
        how = mention.how if mention.is_known else "It is not in the data that was sent, nor in the prompt."
        return self._finding((mention.start, mention.end), "entity", "found" if mention.is_known else "unfound", how, rows)

    def _finding(self, span: tuple[int, int], kind: Kind, status: Status, how: str, rows: dict[int, Rows]) -> Finding:
        behind = tuple(
            RowsBehind(
                block=self._data.tables[table].block, table=table, rows=tuple(sorted(own)[:MOST_ROWS]), more=max(0, len(own) - MOST_ROWS)
            )
            for table, own in sorted(rows.items())
        )
        start, end = span
        return Finding(start=start, end=end, text=self._answer[start:end], kind=kind, status=status, how=how, rows=behind)

    def _evidence(self, passage: Passage) -> dict[int, tuple[Status, Evidence | None]]:
        """Of each figure of the passage, by where it starts: first what stands there, then what follows from it."""
        found: dict[int, tuple[Status, Evidence | None]] = {}
        self._words = {}
        for figure in passage.figures:
            self._words[figure.start] = self._around(passage, figure)
        scopes = {figure.start: Scope(self._text, passage, figure, self._data, self._last) for figure in passage.figures}
        goes: direction.Direction = ""
        led: frozenset[str] = frozenset()
        for figure in passage.figures:
            led = led_by(self._text[max(passage.start, figure.start - 80) : figure.start]) or (
                led if self._goes_on(passage, figure) else frozenset()
            )
            tied = self._tied_to[figure.start] = self._tied(passage, figure, led)
            goes = self._goes[figure.start] = direction.of_change(self._text, figure) or (goes if self._goes_on(passage, figure) else "")
            if direct := self._direct(passage, figure, scopes[figure.start], found):
                found[figure.start] = (
                    ("wrong_row", self._of_another(direct)) if self._is_of_another(figure, direct, tied) else ("found", direct)
                )
            elif swapped := self._of_other_sign(figure, scopes[figure.start]) or self._swapped(passage, figure, scopes[figure.start], tied):
                found[figure.start] = ("wrong_row", swapped)
        for _ in range(2):
            for figure in passage.figures:
                if figure.start not in found and (worked := self._derived(passage, figure, scopes[figure.start], found)):
                    found[figure.start] = ("derived", worked)
        there_ = [evidence for status, evidence in found.values() if evidence and status != "wrong_row"]
        for figure in passage.figures:
            if figure.start in found:
                continue
            if past := derivations.threshold(figure, there_):
                found[figure.start] = ("derived", past)
            elif elsewhere := self._elsewhere(passage, figure, scopes[figure.start]):
                found[figure.start] = ("wrong_row", elsewhere)
        return found

    def _around(self, passage: Passage, figure: Figure) -> str:
        """The words that say what a figure is of: those beside it, or the whole passage where they name no column."""
        words = self._near[figure.start] = passages.around(self._text, passage, figure)
        columns = [table.columns[at] for table in self._data.tables for at in table.numeric]
        if any(is_named(column, words) for column in columns):
            return words
        return self._shown(passage)

    def _is_limit(self, figure: Figure) -> bool:
        """Whether others are counted by the figure: `five passed 50 %`."""
        return figure.hedge in ("over", "under") or bool(_LIMIT.search(self._text[max(0, figure.start - 24) : figure.start]))

    def _led_by(self, passage: Passage) -> str:
        """What stands before a semicolon that the passage goes on from."""
        before = self._text[max(0, passage.start - 300) : passage.start].rstrip()
        return re.split(r"[.!?\n]\s", before[:-1])[-1] if before.endswith(";") else ""

    def _shown(self, passage: Passage) -> str:
        return self._text[passage.start : min(passage.end, passage.start + 600)]

    def _direct(
        self, passage: Passage, figure: Figure, scope: Scope, found: Mapping[int, tuple[Status, Evidence | None]]
    ) -> Evidence | None:
        if figure.role == "rank":
            return None
        words = self._words[figure.start]
        if said := self._in_words(figure):
            return said
        telling = 0 if passage.head else 2
        if cell := self._cell(figure, words, scope.allowed, telling=telling) or self._cell(figure, words, scope.carried, telling=telling):
            return cell
        last = self._last_before(passage, figure, found)
        if last and last.column:
            # `A had 5 flights to 6 places, B 7 flights to 8`: the word before the 8 is of the 7.
            own = {number for at, number in [last.column] if at in scope.allowed}
            if cell := self._cell(figure, self._shown(passage), {at: last.rows.get(at, frozenset()) for at in last.rows}, skipped=own):
                return cell
        referred = reference.referred(self._text, figure, self._data, {**scope.carried, **scope.allowed}, words)
        return referred or self._unnamed(figure, words, scope)

    def _goes_on(self, passage: Passage, figure: Figure) -> bool:
        """Whether hardly a word but names stands between the figure and the one before: `fell by 5 in May and 6 in June`."""
        at = passage.figures.index(figure)
        if not at:
            return False
        last = passage.figures[at - 1].end
        between = self._text[last : figure.start]
        for mention in passage.mentions:
            if last <= mention.start < figure.start:
                between = between.replace(mention.text, "", 1)
        return len(_WORD.findall(between)) <= MOST_BETWEEN

    def _tied(self, passage: Passage, figure: Figure, led: frozenset[str]) -> frozenset[str]:
        """Stems of the words that a figure is tied to."""
        if passage.head:
            return frozenset()
        after = self._text[figure.end : min(passage.end, figure.end + 60)]
        return led | (counted(after) if figure.role == "number" and not IN_PART.match(after) else frozenset())

    def _tied_columns(self, figure: Figure, at: int, tied: frozenset[str]) -> list[int]:
        """Columns of a table that those words name, of those that such a figure can be of."""
        table = self._data.tables[at]
        percent = figure.role in ("percent", "points")
        fitting = [
            number for number in table.numeric if percent == (table.columns[number].is_share or table.columns[number].is_called_share)
        ]
        return [number for number in fitting if stems(table.columns[number].name) & tied]

    def _is_of_another(self, figure: Figure, direct: Evidence, tied: frozenset[str]) -> bool:
        """Whether the words tie the figure to another column than the one where it stands."""
        if direct.column is None:
            return False
        at, number = direct.column
        named = self._tied_columns(figure, at, tied)
        return bool(named) and number not in named and not is_named(self._data.tables[at].columns[number], self._words[figure.start])

    @staticmethod
    def _of_another(direct: Evidence) -> Evidence:
        return Evidence(f"It is of another column: {direct.how}.", direct.rows)

    def _swapped(self, passage: Passage, figure: Figure, scope: Scope, tied: frozenset[str]) -> Evidence | None:
        """The figure in the column that the words tie it to, in another row than the one it is said of, where nothing is worked out."""
        near = passages.around(self._text, passage, figure)
        if figure.hedge or MORE.search(near) or OVERALL.search(near):
            return None
        for at, rows in scope.allowed.items():
            table = self._data.tables[at]
            for number in self._tied_columns(figure, at, tied) if len(rows) == 1 else ():
                for row, digits, as_is in matches(figure, table.columns[number], near):
                    if digits >= 2 and as_is and row not in rows:
                        cell = self._of_cell(at, number, row, figure, frozenset((row,)), as_is=True)
                        return Evidence(f"It is of another row: {cell.how}.", cell.rows)
        return None

    def _of_other_sign(self, figure: Figure, scope: Scope) -> Evidence | None:
        """The figure in the one row that it is of, above zero there and said to be below, or the other way round."""
        goes = self._goes.get(figure.start, "")
        if figure.role != "number" or not any(reading.digits >= 2 for reading in figure.readings):
            return None
        for at, rows in scope.allowed.items():
            table = self._data.tables[at]
            for number in table.numeric if len(rows) == 1 else ():
                column = table.columns[number]
                named = is_named(column, self._near.get(figure.start, ""))
                if not column.goes_below_zero or not (named or (goes and any(reading.digits >= 3 for reading in figure.readings))):
                    continue
                for by in units.factors(figure, column.name):
                    for low, high in figure.bounds:
                        if (row := min(rows)) in column.between(-high / by, -low / by) and column.numbers[row]:
                            cell = self._of_cell(at, number, row, figure, rows, as_is=True)
                            return Evidence(f"It has the other sign there: {cell.how}.", cell.rows)
        return None

    @staticmethod
    def _last_before(passage: Passage, figure: Figure, found: Mapping[int, tuple[Status, Evidence | None]]) -> Evidence | None:
        at = passage.figures.index(figure)
        between = at and any(passage.figures[at - 1].end <= mention.start < figure.start for mention in passage.mentions)
        return found.get(passage.figures[at - 1].start, ("", None))[1] if at and not between else None

    def _unnamed(self, figure: Figure, words: str, scope: Scope) -> Evidence | None:
        """In a passage that names no rows of a table: any row of it, where the figure tells enough."""
        free = {at: table.every_row for at, table in enumerate(self._data.tables) if at not in scope.allowed}
        if scope.allowed or scope.is_of_unknown:
            free = {at: rows for at, rows in free.items() if self._data.tables[at].rows == 1}
        return self._cell(figure, words, free, telling=_NEVER if self._is_large(free) and self._by_chance(figure, free) else 3)

    def _by_chance(self, figure: Figure, allowed: Mapping[int, Rows]) -> bool:
        """Whether some cell of these tables would likely say the figure whatever it was: judged by how many lie near."""
        near = 0.0
        for low, high in figure.bounds:
            scale, room = (0.01 if figure.role in ("percent", "points") else 1.0), 50 * (high - low)
            for at in allowed:
                columns = (self._data.tables[at].columns[number] for number in self._data.tables[at].numeric)
                near += (
                    sum(column.count_between((low - room) * scale, (high + room) * scale) for column in columns if not column.is_key) / 101
                )
        return near > BY_CHANCE * max(1, len(figure.readings))

    def _cell(
        self, figure: Figure, words: str, allowed: Mapping[int, Rows], *, telling: int = 0, skipped: Collection[int] = ()
    ) -> Evidence | None:
        """The cell of an allowed row that the figure says.

        A figure of two digits or less is not looked for in columns that the words pass over for another; one of less than
        `telling` digits only in columns that they name.
        """
        best: tuple[tuple[bool, ...], Evidence] | None = None
        near = self._near.get(figure.start, words)
        for at, rows in allowed.items():
            table = self._data.tables[at]
            numeric = [number for number in table.numeric if number not in skipped]
            fitting = [number for number in numeric if table.columns[number].is_share == (figure.role in ("percent", "points"))]
            anything_named = any(is_named(table.columns[number], near) for number in fitting)
            for number in numeric:
                column = table.columns[number]
                named = is_named(column, words) or (bool(figure.unit) and unit_of(column) == figure.unit)
                for row, digits, as_is in matches(figure, column, words):
                    if row not in rows or (not named and (digits < telling or (digits < 3 and anything_named))):
                        continue
                    if not self._of_this_sign(figure, column, row, words):
                        continue
                    order = (not named, not as_is, column.is_key)
                    if best is None or order < best[0]:
                        best = (order, self._of_cell(at, number, row, figure, rows, as_is=as_is))
        return best[1] if best else None

    def _of_this_sign(self, figure: Figure, column: Column, row: int, words: str) -> bool:
        """Whether a figure without a sign may mean the value: one below zero only where the words say so."""
        value = column.numbers[row] or 0.0
        if figure.signed or not column.goes_below_zero:
            return True
        if value < 0:
            return self._goes.get(figure.start) == "down" or direction.says_negative(self._text, figure, words)
        return direction.says_positive(self._text, figure)

    def _of_cell(self, at: int, number: int, row: int, figure: Figure, rows: Rows, *, as_is: bool) -> Evidence:
        table = self._data.tables[at]
        column = table.columns[number]
        value = column.numbers[row] or 0.0
        constant = len(rows) > 1 and len({column.texts[each] for each in rows}) == 1
        shown = f"`{column.name}` of {'each row' if constant else label(table, row)} is {column.texts[row]}"
        if figure.unit and not as_is:
            shown += ", in minutes"
        return Evidence(shown, {at: rows if constant else frozenset((row,))}, False, value, (at, number))

    def _in_words(self, figure: Figure) -> Evidence | None:
        if figure.role == "number" and _YEAR.fullmatch(figure.text) and int(figure.text) in self._years:
            return Evidence("A year of the dates that were sent.", {}, False)
        for said in self._said:
            if said.role == figure.role and {reading.value for reading in said.readings} & {reading.value for reading in figure.readings}:
                telling = figure.role not in ("number", "top", "rank") or any(reading.digits >= 3 for reading in figure.readings)
                if telling:
                    return Evidence("It stands in the prompt.", {}, False)
        return None

    def _derived(self, passage: Passage, figure: Figure, scope: Scope, found: dict[int, tuple[Status, Evidence | None]]) -> Evidence | None:
        if not figure.readings or self._tried >= MOST_WORKED_OUT:
            return None
        self._tried += 1
        beside = tuple(
            evidence
            for other in passage.figures
            if other is not figure
            and (there := found.get(other.start))
            and there[0] != "wrong_row"
            and (evidence := there[1])
            and evidence.column
        )
        tops = [round(other.readings[0].value) for other in passage.figures if other.role == "top" and other.readings]
        question = Question(
            figure=figure,
            words=self._words[figure.start]
            if passage.head
            else f"{self._words[figure.start]} {self._shown(passage)} {self._led_by(passage)}",
            groups=scope.groups,
            constrained=frozenset(scope.allowed),
            beside=beside,
            listed=scope.listed,
            top=min(tops[0], 1000) if tops else 0,
            thresholds=tuple(
                other for other in passage.figures if other is not figure and (other.start not in found or self._is_limit(other))
            ),
            own={**scope.carried, **scope.allowed},
            tied=self._tied_to[figure.start],
            later=scope.later if direction.compared(self._text, figure) else frozenset(),
            before=self._text[max(passage.start, figure.start - 120) : figure.start],
            after=self._text[figure.end : min(passage.end, figure.end + 80)],
            goes=self._goes.get(figure.start, ""),
        )
        if figure.role == "rank":
            return derivations.rank(question, self._data)
        if figure.role == "top":
            return derivations.top(question, self._data)
        return derivations.derive(question, self._data)

    def _elsewhere(self, passage: Passage, figure: Figure, scope: Scope) -> Evidence | None:
        """The figure in a row that the passage does not speak of."""
        if not scope.allowed and not scope.is_of_unknown:
            return None
        words = self._words[figure.start]
        own = {at: rows for at, rows in scope.allowed.items() if len(rows) == 1}
        if figure.role != "rank" and (cell := self._cell(figure, "", own, telling=2)):
            return self._of_another(cell)
        others = {at: table.every_row - scope.allowed.get(at, frozenset()) for at, table in enumerate(self._data.tables)}
        constrained = {at: rows for at, rows in others.items() if at in scope.allowed} if not scope.is_of_unknown else others
        telling = _NEVER if self._by_chance(figure, others) and self._is_large(others) else 2
        cell = self._cell(figure, words, constrained, telling=telling) or self._cell(figure, words, others, telling=telling)
        return Evidence(f"It is of another row: {cell.how}.", cell.rows) if cell else None

    def _is_large(self, allowed: Mapping[int, Rows]) -> bool:
        return sum(len(rows) * len(self._data.tables[at].numeric) for at, rows in allowed.items()) > MANY_CELLS
