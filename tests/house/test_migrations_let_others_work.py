"""A migration may run while the version before it still works: docs/upgrading.md."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from integration.foundation.migration import _config
from tests.house.migration_rules import faults_of

if TYPE_CHECKING:
    from alembic.script import Script

BEFORE_THE_RULE = {"0002", "0005", "0007", "0014"}
"""Written before the first release, when nobody's tables held anything. Nothing is added here."""


def migrations() -> list[Script]:
    return list(ScriptDirectory.from_config(_config()).walk_revisions())


def statements_of(script: Script) -> list[str]:
    """What it would send to PostgreSQL, statement by statement."""
    sent: list[str] = []

    class Recorder(io.StringIO):
        def write(self, said: str) -> int:
            sent.append(said)
            return len(said)

    options: dict[str, Any] = {"as_sql": True, "output_buffer": Recorder()}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        script.module.upgrade()
    return [each for each in sent if each.strip()]


@pytest.mark.parametrize("script", migrations(), ids=lambda script: script.revision)
def test_a_migration_lets_the_version_before_it_work(script: Script) -> None:
    faults = faults_of(statements_of(script))
    assert bool(faults) == (script.revision in BEFORE_THE_RULE), faults


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE cap", "ALTER TABLE cap DROP COLUMN held", "ALTER TABLE cap RENAME TO caps",
        "ALTER TABLE cap RENAME COLUMN held TO kept", "ALTER TABLE cap ALTER COLUMN held TYPE text",
        "ALTER TABLE cap ALTER COLUMN held SET NOT NULL", "LOCK TABLE cap",
        "UPDATE cap SET held = 0",
        "ALTER TABLE cap ADD COLUMN colour TEXT NOT NULL", "CREATE INDEX ix ON cap (held)",
        "ALTER TABLE cap ADD CONSTRAINT ck CHECK (held >= 0)",
        "ALTER TABLE hold ADD FOREIGN KEY(cap_id) REFERENCES cap (cap_id)",
    ],
)  # fmt: skip
def test_what_would_stop_others_is_found(statement: str) -> None:
    assert len(faults_of([statement])) == 1


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE cap ADD COLUMN colour TEXT"],
        ["ALTER TABLE cap ADD COLUMN colour TEXT DEFAULT 'red' NOT NULL"],
        ["CREATE INDEX CONCURRENTLY ix ON cap (held)"],
        ["CREATE TABLE fresh (a INT)", "CREATE INDEX ix ON fresh (a)"],
        ["ALTER TABLE cap ADD CONSTRAINT ck CHECK (held >= 0) NOT VALID"],
    ],
)
def test_what_stops_nobody_is_let_through(statements: list[str]) -> None:
    assert faults_of(statements) == []
