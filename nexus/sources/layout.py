"""SQL laid out for reading: one clause a line, subqueries indented. Only the space between tokens changes.

Comments, parameters and optional parts stay where they are, and what is no valid SQL yet is laid out as far as it goes.
"""

import re
from dataclasses import dataclass, field

from pglast import scan
from pglast.parser import ParseError

from nexus.sources.spec import QueryTooBig
from nexus.sources.sqltext import MAX_CHARACTERS, MAX_TOKENS, syntax_error

STEP = 4
WIDTH = 100
CLAUSES = frozenset("select from where group having order limit offset union intersect except with window fetch values".split())  # noqa: SIM905
JOINS = frozenset({"left", "right", "full", "inner", "cross", "natural", "join"})
OPENS_BLOCK = frozenset({"select", "with", "values"})


@dataclass(frozen=True)
class _Token:
    text: str
    word: str
    """In lower case; empty for what is no word, or not one of the grammar: `:from`, `x.order`."""
    apart: bool
    """Something stood between it and the token before."""
    own_line: bool
    """It began a line."""

    @property
    def comment(self) -> bool:
        return self.text.startswith(("--", "/*"))


@dataclass
class _Level:
    """The text, or one pair of brackets in it. Lines are broken only in a `block`, which holds a statement."""

    indent: int
    block: bool
    clause: str = ""
    lists: bool = False
    """The clause's items stand on lines of their own."""


@dataclass
class _Writer:
    tokens: list[_Token]
    out: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=lambda: [_Level(0, True)])
    cases: int = 0
    between: int = 0
    optional: int = 0
    """How many `[[` are open."""

    def text(self) -> str:
        for at, token in enumerate(self.tokens):
            self._write(at, token)
        return re.sub(r"[ \t]+\n", "\n", "".join(self.out)).strip() + "\n"

    def _line(self, indent: int) -> None:
        if self.out and not self.out[-1].startswith("\n"):
            self.out.append("\n" + " " * indent)
        elif self.out:
            self.out[-1] = "\n" + " " * indent

    def _put(self, at: int, token: _Token) -> None:
        before = self.tokens[at - 1].text if at else ""
        fresh = not self.out or self.out[-1].startswith("\n")
        glued = before in ("(", "[", ".", "[[") or token.text in (")", ",", ";", "]", ".") or not (token.apart or before == ",")
        self.out += [token.text] if fresh or glued else [" ", token.text]

    def _next(self, at: int) -> str:
        return next((token.word or token.text for token in self.tokens[at + 1 :] if not token.comment), "")

    def _write(self, at: int, token: _Token) -> None:
        level = self.levels[-1]
        if token.comment:
            self._comment(at, token, level)
        elif token.text in ("[[", "]]"):
            self._optional(at, token, level)
        elif token.text == "(":
            self._open(at, token, level)
        elif token.text == ")":
            self._close(at, token)
        elif level.block:
            self._in_block(at, token, level)
        else:
            self._put(at, token)

    def _comment(self, at: int, token: _Token, level: _Level) -> None:
        if token.own_line:
            self._line(level.indent + (STEP if level.lists else 0))
        if self.out and not self.out[-1].startswith("\n"):
            self.out.append(" ")
        self.out.append(token.text)
        if token.text.startswith("--") or (at + 1 < len(self.tokens) and self.tokens[at + 1].own_line):
            self._line(level.indent + (STEP if level.lists else 0))

    def _optional(self, at: int, token: _Token, level: _Level) -> None:
        if token.text == "]]":
            self.optional = max(0, self.optional - 1)
            self.out.append(" ]]")
            return
        if level.block:
            self._line(level.indent + 2)
        self._put(at, token)
        self.out.append(" ")
        self.optional += 1

    def _open(self, at: int, token: _Token, level: _Level) -> None:
        self._put(at, token)
        if self._next(at) in OPENS_BLOCK:
            start = level.indent + (STEP if level.lists or level.clause in ("where", "join") or not level.block else 0)
            self.levels.append(_Level(start + STEP, True))
            self._line(start + STEP)
        else:
            self.levels.append(_Level(level.indent, False))

    def _close(self, at: int, token: _Token) -> None:
        if len(self.levels) > 1:
            closed = self.levels.pop()
            if closed.block:
                self._line(closed.indent - STEP)
        self._put(at, token)

    def _in_block(self, at: int, token: _Token, level: _Level) -> None:
        word = token.word
        self.cases += {"case": 1, "end": -1 if self.cases else 0}.get(word, 0)
        self.between += word == "between"
        if self._begins_clause(at, word):
            self._clause(at, token, level)
        elif self._begins_join(at, word):
            self._line(level.indent)
            level.clause, level.lists = "join", False
            self._put(at, token)
        elif word in ("and", "or") and not self.cases and not self.optional:
            self._condition(at, token, level)
        else:
            self._put(at, token)
            if token.text == "," and (level.lists or level.clause == "with") and not self.cases:
                self._break_after_comma(at, level)

    def _break_after_comma(self, at: int, level: _Level) -> None:
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        if following and not (following.comment and not following.own_line):
            self._line(level.indent + (STEP if level.lists else 0))

    def _condition(self, at: int, token: _Token, level: _Level) -> None:
        if token.word == "and" and self.between:
            self.between -= 1
        elif level.clause in ("where", "having", "join"):
            self._line(level.indent + 2)
        self._put(at, token)

    def _clause(self, at: int, token: _Token, level: _Level) -> None:
        self._line(level.indent)
        level.clause, level.lists = token.word, False
        self._put(at, token)
        if token.word == "select" and self._long_list(at):
            level.lists = True
            if self._next(at) not in ("distinct", "all"):
                self._line(level.indent + STEP)

    def _begins_clause(self, at: int, word: str) -> bool:
        if word not in CLAUSES or self.optional:
            return False
        before = [token.word for token in self.tokens[max(0, at - 2) : at]]
        if word == "from" and before[-1:] == ["distinct"] and before[:1] in (["is"], ["not"]):
            return False
        if word in ("group", "order"):
            return self._next(at) == "by"
        # `with ties`, `with ordinality`, `with time zone` and the like begin nothing.
        return word != "with" or before[-1:] in ([], [""]) or self._next(at + 1) in ("as", "(")

    def _begins_join(self, at: int, word: str) -> bool:
        if word not in JOINS or self.optional or (at and self.tokens[at - 1].word in (JOINS | {"outer"})):
            return False
        ahead = [token.word for token in self.tokens[at : at + 4]]
        return "join" in ahead

    def _long_list(self, at: int) -> bool:
        """Whether what is selected takes more than a line."""
        depth = length = 0
        for token in self.tokens[at + 1 :]:
            depth += (token.text == "(") - (token.text == ")")
            if depth < 0 or (depth == 0 and token.word in CLAUSES):
                break
            if token.comment or (token.word in OPENS_BLOCK):
                return True
            length += len(token.text) + token.apart
        return length > WIDTH - STEP


def laid_out(sql: str) -> str:
    """The same tokens with other space between them. Raises QueryRefused where a text or comment does not end, QueryTooBig."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryTooBig(f"This statement is too long: {len(sql):,} characters, and {MAX_CHARACTERS:,} are allowed.")
    tokens = _tokens(sql)
    if len(tokens) > MAX_TOKENS:
        raise QueryTooBig(f"This statement has too many parts: {len(tokens):,}, and {MAX_TOKENS:,} are allowed.")
    return _Writer(tokens).text() if tokens else sql


def _tokens(sql: str) -> list[_Token]:
    try:
        scanned = scan(sql)
    except ParseError as error:
        raise syntax_error(sql, error, None) from None
    found: list[_Token] = []
    end = 0
    for token in scanned:
        text, gap = sql[token.start : token.end + 1], sql[end : token.start]
        end = token.end + 1
        before = found[-1].text if found else ""
        if text in "[]" and before == text and not gap and not (text == "]" and _inside_one(found)):
            found[-1] = _Token(text * 2, "", found[-1].apart, found[-1].own_line)
            continue
        word = text.lower() if re.fullmatch(r"\w+", text) and not (before in (":", ".") and not gap) else ""
        found.append(_Token(text, word, bool(gap), "\n" in gap or not found))
    return found


def _inside_one(found: list[_Token]) -> bool:
    """Whether only single brackets are open, as in `a[b[1]]`."""
    return sum(token.text == "[[" for token in found) <= sum(token.text == "]]" for token in found)
