"""Turns a JQL tree into a test of one issue and into an order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integration.sandbox.jira.fields import SPRINT_FIELD
from integration.sandbox.jira.jql import Clause, Compound, Empty, JqlError, Listed, Value
from integration.sandbox.jira.jql_dates import instant_of
from integration.sandbox.jira.jql_values import DATES, TEXTS, canonical, held, meant, text_held

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from integration.sandbox.jira.config import Json
    from integration.sandbox.jira.jql import Node, Order, Query, Single
    from integration.sandbox.jira.state import Field, Issue, Site

    Test = Callable[[Issue], bool]

_COMPARE: dict[str, Callable[[Json, Json], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_MEMBER = {"=", "!=", "in", "not in", "is", "is not"}


class Matcher:
    """Compiles queries for one user of one site at one instant."""

    def __init__(self, site: Site, user: str) -> None:
        """Remember for whom and when."""
        self.site = site
        self.user = user
        self.now = site.now()

    def test(self, node: Node | None) -> Test:
        """Return the test for a tree; raises JqlError for unknown fields, values and operators."""
        if node is None:
            return lambda _issue: True
        if isinstance(node, Clause):
            return self._clause(node)
        tests = [self.test(part) for part in node.clauses]
        if node.operator == "not":
            return lambda issue: not tests[0](issue)
        if node.operator == "and":
            return lambda issue: all(test(issue) for test in tests)
        return lambda issue: any(test(issue) for test in tests)

    def _clause(self, clause: Clause) -> Test:
        field_id, field = canonical(self.site, clause.field)
        operator = clause.operator
        listed = isinstance(clause.operand, Listed)
        if (operator in ("in", "not in")) != listed and not (
            operator in ("in", "not in") and not isinstance(clause.operand, Value)
        ):
            raise JqlError(
                f"Operator '{operator}' does not support the {'' if listed else 'non-'}list value "
                f"for field '{clause.field}'."
            )
        members = (
            clause.operand.members if isinstance(clause.operand, Listed) else (clause.operand,)
        )
        if field_id == "resolution":
            members = tuple(Empty() if _is_unresolved(member) else member for member in members)
        if operator in ("~", "!~"):
            return self._text(clause, field_id, field, members[0])
        if operator in ("is", "is not") or isinstance(members[0], Empty):
            return self._empty(clause, field_id, field)
        is_date = field_id in DATES or (field is not None and field.kind in ("date", "datetime"))
        if is_date:
            return self._date(clause, field_id, members)
        is_text = field_id in TEXTS or (
            field is not None and field.kind == "string" and not str(field.custom).endswith(":url")
        )
        if is_text or (operator not in _MEMBER and not self._ordered(field_id, field)):
            raise JqlError(
                f"The operator '{operator}' is not supported by the '{clause.field}' field."
            )
        if operator in _MEMBER:
            return self._member(operator, field_id, field, members)
        return self._number(operator, field_id, field, members[0])

    @staticmethod
    def _ordered(field_id: str, field: Field | None) -> bool:
        return field_id in ("key", "priority") or (field is not None and field.kind == "number")

    def _text(self, clause: Clause, field_id: str, field: Field | None, operand: Single) -> Test:
        textual = field_id in TEXTS or (field is not None and field.kind == "string")
        if not textual or not isinstance(operand, Value):
            raise JqlError(
                f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
            )
        text_of = text_held(field_id)
        wanted = _words(operand.text)
        negative = clause.operator == "!~"

        def test(issue: Issue) -> bool:
            text = text_of(issue).casefold()
            return all(word.search(text) for word in wanted) != negative

        return test

    def _empty(self, clause: Clause, field_id: str, field: Field | None) -> Test:
        if field_id in TEXTS - {"text"}:
            text_of = text_held(field_id)
            negative = clause.operator in ("is not", "!=")
            return lambda issue: bool(text_of(issue)) == negative
        if clause.operator not in _MEMBER:
            raise JqlError(
                f"The operator '{clause.operator}' does not support EMPTY for '{clause.field}'."
            )
        values = self._instants(field_id) if field_id in DATES else held(self.site, field_id, field)
        negative = clause.operator in ("is not", "!=", "not in")
        return lambda issue: any(True for _ in values(issue)) == negative

    def _member(
        self, operator: str, field_id: str, field: Field | None, members: Sequence[Single]
    ) -> Test:
        wanted: set[Json] = set()
        for operand in members:
            wanted |= meant(self.site, field_id, field, operand, self.user)
        with_empty = any(isinstance(operand, Empty) for operand in members)
        values = held(self.site, field_id, field)
        if operator in ("=", "in"):

            def test(issue: Issue) -> bool:
                found = values(issue)
                return any(value in wanted for value in found) or (with_empty and not found)

            return test

        def unlike(issue: Issue) -> bool:
            found = values(issue)
            return bool(found) and not any(value in wanted for value in found)

        return unlike

    def _number(self, operator: str, field_id: str, field: Field | None, operand: Single) -> Test:
        limits = meant(self.site, field_id, field, operand, self.user)
        if len(limits) != 1:
            raise JqlError(f"The operator '{operator}' needs one value.")
        (limit,) = limits
        values = held(self.site, field_id, field)
        compare = _COMPARE[operator]
        if field_id == "priority":
            return lambda i: any(compare(-int(value), -int(limit)) for value in values(i))
        return lambda issue: any(compare(value, limit) for value in values(issue))

    def _instants(self, field_id: str) -> Callable[[Issue], Sequence[datetime]]:
        known: dict[str, Callable[[Issue], datetime | None]] = {
            "created": lambda issue: issue.created,
            "updated": lambda issue: issue.updated,
            "resolutiondate": lambda issue: issue.resolved,
        }
        get = known.get(field_id) or (lambda issue: _stored_instant(issue.values.get(field_id)))

        def instants(issue: Issue) -> Sequence[datetime]:
            found = get(issue)
            return () if found is None else (found,)

        return instants

    def _date(self, clause: Clause, field_id: str, members: Sequence[Single]) -> Test:
        limits = [instant_of(operand, self.now, clause.field) for operand in members]
        instants = self._instants(field_id)
        if clause.operator in ("in", "not in"):
            wanted = set(limits)
            negative = clause.operator == "not in"
            return lambda issue: any((i in wanted) != negative for i in instants(issue))
        compare = _COMPARE[clause.operator]
        return lambda issue: any(compare(instant, limits[0]) for instant in instants(issue))


def _is_unresolved(operand: Single) -> bool:
    return isinstance(operand, Value) and operand.text.casefold() == "unresolved"


def _stored_instant(value: Json) -> datetime | None:
    if not isinstance(value, str):
        return None
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _words(text: str) -> list[re.Pattern[str]]:
    """Split a text search into words and phrases; `*` stands for any ending."""
    patterns = []
    for phrase, word in re.findall(r'"([^"]+)"|([^\s"]+)', text.casefold()):
        stem = re.escape((phrase or word).strip("*~"))
        if stem:
            ending = "" if word.endswith("*") else r"(?!\w)"
            patterns.append(re.compile(rf"(?<!\w){stem}{ending}"))
    return patterns


def candidates(site: Site, query: Query, user: str) -> list[Issue]:
    """Return the issues that can match at all: by Sprint or key where the query says so."""
    parts = [query.where]
    if isinstance(query.where, Compound) and query.where.operator == "and":
        parts = list(query.where.clauses)
    for part in parts:
        if not isinstance(part, Clause) or part.operator not in ("=", "in"):
            continue
        field_id, field = canonical(site, part.field)
        operand = part.operand
        members = operand.members if isinstance(operand, Listed) else (operand,)
        if field_id not in (SPRINT_FIELD, "key") or any(isinstance(m, Empty) for m in members):
            continue
        wanted = set().union(*(meant(site, field_id, field, m, user) for m in members))
        ids = wanted
        if field_id == SPRINT_FIELD:
            ids = set().union(*(site.ids_by_sprint[number] for number in wanted))
            ids |= {child for number in ids for child in site.ids_by_parent[number]}
        return [site.issues[number] for number in ids if number in site.issues]
    return list(site.issues.values())


def in_order(site: Site, issues: list[Issue], order: Sequence[Order]) -> list[Issue]:
    """Sort matches; without ORDER BY the newest comes first. Raises JqlError for unknown fields."""
    issues.sort(key=lambda issue: issue.id, reverse=not order)
    for field_name, descending in reversed(order):
        field_id, field = canonical(site, field_name)
        issues.sort(key=_sort_key(site, field_id, field), reverse=descending)
    return issues


def _sort_key(site: Site, field_id: str, field: Field | None) -> Callable[[Issue], Json]:
    if field_id == "created":
        return lambda issue: issue.created
    if field_id == "updated":
        return lambda issue: issue.updated
    if field_id in ("key", "customfield_10019"):
        return lambda issue: issue.id
    values = held(site, field_id, field)

    def key(issue: Issue) -> Json:
        found = list(values(issue))
        if not found or isinstance(found[0], dict):
            return (1, 0, "")
        first = found[0]
        return (0, first, "") if isinstance(first, int | float) else (0, 0, str(first).casefold())

    return key
