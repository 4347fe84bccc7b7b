"""Writes a JQL tree in the form of `/jql/parse`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.sandbox.jira.jql import Clause, Empty, Function, Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.jql import Node, Operand, Order


def _encoded(text: str) -> str:
    if re.fullmatch(r"[\w\[\].-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _field(name: str) -> JsonObject:
    return {"name": name, "encodedName": _encoded(name)}


def where_structure(node: Node) -> JsonObject:
    """Return the clause tree."""
    if isinstance(node, Clause):
        operator = "~=" if node.operator == "!~" else node.operator
        operand = _operand(node.operand)
        return {"field": _field(node.field), "operator": operator, "operand": operand}
    return {"operator": node.operator, "clauses": [where_structure(c) for c in node.clauses]}


def _operand(operand: Operand) -> JsonObject:
    if isinstance(operand, Listed):
        values = [_operand(member) for member in operand.members]
        texts = [v.get("encodedValue") or v.get("encodedOperand") or "EMPTY" for v in values]
        return {"values": values, "encodedOperand": f"({', '.join(texts)})"}
    if isinstance(operand, Function):
        arguments = list(operand.arguments)
        encoded = f"{operand.name}({', '.join(map(_encoded, arguments))})"
        return {"function": operand.name, "arguments": arguments, "encodedOperand": encoded}
    if isinstance(operand, Empty):
        return {"keyword": "empty"}
    return {"value": operand.text, "encodedValue": _encoded(operand.text)}


def order_structure(order: Sequence[Order]) -> JsonObject:
    """Return the ORDER BY part."""
    fields = [
        {"field": _field(entry.field), "direction": "desc" if entry.descending else "asc"}
        for entry in order
    ]
    return {"fields": fields}
