"""Reads JQL into a tree. Knows the language, not the fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class JqlError(Exception):
    """The query cannot be read or does not fit the site; the text is for people, as in Jira."""


@dataclass(frozen=True, slots=True)
class Value:
    """A word, number or quoted text."""

    text: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its arguments."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """EMPTY or NULL."""


Single: TypeAlias = "Value | Function | Empty"


@dataclass(frozen=True, slots=True)
class Listed:
    """Several operands in parentheses."""

    members: tuple[Single, ...]


Operand: TypeAlias = "Single | Listed"


@dataclass(frozen=True, slots=True)
class Clause:
    """`field operator operand`; the operator in lower case."""

    field: str
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Compound:
    """Clauses joined by "and" or "or", or one negated by "not"."""

    operator: str
    clauses: tuple[Node, ...]


Node: TypeAlias = "Clause | Compound"


class Order(NamedTuple):
    """One field of ORDER BY."""

    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; `where` is None when it restricts nothing."""

    where: Node | None
    order: tuple[Order, ...] = field(default=())


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


_TOKENS = re.compile(
    r"\s*(?:(?P<quoted>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<operator><=|>=|!=|!~|=|<|>|~)"
    r"|(?P<mark>[(),])|(?P<word>(?:\\.|[^\s\"'=<>!~(),\\&|])+)|(?P<logic>&&?|\|\|?|!))",
    re.DOTALL,
)
_OPERATORS = "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"
_LOGIC = {"&": "and", "&&": "and", "|": "or", "||": "or", "!": "not"}
_DEEPEST = 60


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKENS.match(text, at)
        if found is None or found.end() == at:
            shown = text[at:].strip()[:1]
            raise JqlError(
                f"Error in the JQL Query: The character '{shown}' is not expected here. "
                f"(line 1, character {at + 1})"
            )
        kind = found.lastgroup or ""
        raw = found[kind]
        if kind == "quoted":
            raw = _unquoted(raw)
        elif kind == "word":
            raw = re.sub(r"\\(.)", r"\1", raw)
        elif kind == "logic":
            kind, raw = "word", _LOGIC[raw]
        tokens.append(_Token(kind, raw, found.start(found.lastgroup or 0)))
        at = found.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens; OR binds weaker than AND, AND weaker than NOT."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self, ahead: int = 0) -> _Token:
        position = self.at + ahead
        return self.tokens[position] if position < len(self.tokens) else _Token("end", "", -1)

    def keyword(self, *words: str) -> bool:
        """Take the next words when they are these, unquoted and in any case."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token.kind != "word" or token.text.lower() != word:
                return False
        self.at += len(words)
        return True

    def take(self, kind: str, text: str | None = None) -> _Token:
        token = self.peek()
        if token.kind != kind or (text is not None and token.text != text):
            raise self.unexpected(f"'{text}'" if text else "a value")
        self.at += 1
        return token

    def unexpected(self, wanted: str) -> JqlError:
        token = self.peek()
        if token.kind == "end":
            return JqlError(
                f"Error in the JQL Query: Expecting {wanted} but got the end of the query."
            )
        return JqlError(
            f"Error in the JQL Query: Expecting {wanted} but got '{token.text}'. "
            f"(line 1, character {token.at + 1})"
        )

    def query(self) -> Query:
        starts_with_order = (
            self.peek().text.lower() == "order" and self.peek(1).text.lower() == "by"
        )
        where = None
        if self.peek().kind != "end" and not starts_with_order:
            where = self.either(0)
        order: tuple[Order, ...] = ()
        if self.keyword("order", "by"):
            order = self.order()
        if self.peek().kind != "end":
            raise self.unexpected("either 'OR' or 'AND'")
        return Query(where, order)

    def either(self, depth: int) -> Node:
        parts = [self.both(depth)]
        while self.keyword("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Compound("or", tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.single(depth)]
        while self.keyword("and"):
            parts.append(self.single(depth))
        return parts[0] if len(parts) == 1 else Compound("and", tuple(parts))

    def single(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise JqlError("Error in the JQL Query: The query is nested too deeply.")
        if self.keyword("not"):
            return Compound("not", (self.single(depth + 1),))
        if self.peek().kind == "mark" and self.peek().text == "(":
            self.at += 1
            inner = self.either(depth + 1)
            self.take("mark", ")")
            return inner
        return self.clause()

    def clause(self) -> Clause:
        token = self.peek()
        if token.kind not in ("word", "quoted"):
            raise self.unexpected("a field name")
        self.at += 1
        operator = self.operator()
        return Clause(token.text, operator, self.operand(operator))

    def operator(self) -> str:
        if self.peek().kind == "operator":
            self.at += 1
            return self.tokens[self.at - 1].text
        for words in (("not", "in"), ("in",), ("is", "not"), ("is",)):
            if self.keyword(*words):
                return " ".join(words)
        token = self.peek()
        if token.kind == "word" and token.text.lower() in ("was", "changed"):
            raise JqlError(f"The operator '{token.text}' is not supported by this site.")
        wanted = "operator" if token.kind != "end" else f"an operator ({_OPERATORS})"
        error = self.unexpected(wanted)
        if token.kind == "end":
            raise error
        text = str(error).replace("'. (", f"'. The valid operators are {_OPERATORS}. (")
        raise JqlError(text)

    def operand(self, operator: str) -> Operand:
        if self.peek().kind == "mark" and self.peek().text == "(":
            self.at += 1
            members = [self.simple()]
            while self.peek().text == "," and self.peek().kind == "mark":
                self.at += 1
                members.append(self.simple())
            self.take("mark", ")")
            return Listed(tuple(members))
        single = self.simple()
        if operator in ("is", "is not") and not isinstance(single, Empty):
            raise JqlError("The operator 'is' is only supported with EMPTY or NULL.")
        return single

    def simple(self) -> Single:
        token = self.peek()
        if token.kind not in ("word", "quoted"):
            raise self.unexpected("a value")
        self.at += 1
        if token.kind == "word" and token.text.lower() in ("empty", "null"):
            return Empty()
        if self.peek().kind == "mark" and self.peek().text == "(":
            self.at += 1
            arguments: list[str] = []
            while not (self.peek().kind == "mark" and self.peek().text == ")"):
                if arguments:
                    self.take("mark", ",")
                if self.peek().kind not in ("word", "quoted"):
                    raise self.unexpected("a function argument")
                arguments.append(self.peek().text)
                self.at += 1
            self.take("mark", ")")
            return Function(token.text, tuple(arguments))
        return Value(token.text)

    def order(self) -> tuple[Order, ...]:
        fields: list[Order] = []
        while True:
            token = self.peek()
            if token.kind not in ("word", "quoted"):
                raise self.unexpected("a field name")
            self.at += 1
            descending = self.keyword("desc")
            if not descending:
                self.keyword("asc")
            fields.append(Order(token.text, descending))
            if not (self.peek().kind == "mark" and self.peek().text == ","):
                return tuple(fields)
            self.at += 1


def parse_jql(text: str) -> Query:
    """Read a query; raises JqlError, and nothing else, for what is no JQL."""
    return _Reader(_tokens(text)).query()
