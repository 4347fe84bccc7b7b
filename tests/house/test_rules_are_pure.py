"""A rule file decides; it reads no database, no clock, no setting, no network."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.house.house import RULES, imported

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = {
    "alembic", "apscheduler", "flask", "jira", "psycopg", "requests", "slack_bolt", "slack_sdk",
    "socket", "sqlalchemy", "subprocess", "urllib3", "werkzeug",
}  # fmt: skip
CLOCKS = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic"}


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_rule_imports_nothing_of_the_outside(path: Path) -> None:
    assert not imported(path) & OUTSIDE


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_rule_asks_no_clock(path: Path) -> None:
    called = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    }
    assert not called & CLOCKS
