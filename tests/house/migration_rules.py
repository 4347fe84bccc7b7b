"""What a migration may not do while the version before it still works."""

from __future__ import annotations

import re

_FORBIDDEN = (
    (r"\bDROP (TABLE|COLUMN|VIEW|SEQUENCE|SCHEMA|CONSTRAINT|TYPE)\b", "takes away what is in use"),
    (r"\bRENAME\b", "renames what is in use"),
    (r"\bALTER COLUMN \S+ (SET DATA )?TYPE\b", "rewrites a table under a lock"),
    (r"\bSET NOT NULL\b", "reads a whole table under a lock"),
    (r"\b(LOCK TABLE|VACUUM FULL|CLUSTER|TRUNCATE)\b", "shuts everyone out"),
    (r"^\s*(UPDATE|DELETE)\b", "changes rows of all customers in one transaction"),
)
_ADDED_COLUMN = re.compile(r"ADD COLUMN (?P<column>.*)", re.DOTALL)
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (?P<how>CONCURRENTLY )?.*? ON (ONLY )?(?P<table>\w+)")
_TABLE = re.compile(r"CREATE TABLE (IF NOT EXISTS )?(?P<table>\w+)")
_CONSTRAINT = re.compile(r"ADD (CONSTRAINT \S+ )?(FOREIGN KEY|CHECK|UNIQUE|PRIMARY KEY)")


def faults_of(statements: list[str]) -> list[str]:
    """Say what is wrong with the statements of one migration; empty where nothing is.

    Tables that the same migration makes are in nobody's use yet.
    """
    made = {found["table"] for each in statements for found in _TABLE.finditer(each)}
    return [
        f"{fault}: {' '.join(each.split())[:100]}"
        for each in statements
        for fault in _faults(" ".join(each.split()), made)
    ]


def _faults(statement: str, made: set[str]) -> list[str]:
    found = [fault for pattern, fault in _FORBIDDEN if re.search(pattern, statement, re.IGNORECASE)]
    column = _ADDED_COLUMN.search(statement)
    if column and "NOT NULL" in column["column"] and "DEFAULT" not in column["column"]:
        found.append("the version before writes rows without this column")
    index = _INDEX.search(statement)
    if index and not index["how"] and index["table"] not in made:
        found.append("shuts writers out until the index is built")
    if _CONSTRAINT.search(statement) and "NOT VALID" not in statement:
        found.append("checks a whole table under a lock")
    return found
