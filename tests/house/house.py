"""The house as its tests see it: rooms, rule files, sources."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "integration"
PLUMBING = {"__init__", "models", "store", "queries"}
ROOMS = (
    "pricing", "carbon", "metering", "backlog", "workspaces", "ledger", "mailbox", "estimation",
    "caps", "reconciliation", "anomalies", "forecasting",
)  # fmt: skip
SOURCES = sorted(HOUSE.rglob("*.py"))
CLIENT = sorted((ROOT / "storymeter").glob("*.py"))
RULES = sorted(
    path
    for room in ROOMS
    for path in (HOUSE / room).glob("*.py")
    if path.stem not in PLUMBING and not path.stem.endswith(("_queries", "_store"))
)


def imported(path: Path) -> set[str]:
    """The top packages that a file imports when it runs; imports for types alone do not count."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
