"""A test finds nothing of what other tests left in a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from integration.foundation.database import transactions_on
from integration.journeys.keep_partitions import keep_partitions

if TYPE_CHECKING:
    from tests.databases import Databases

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DENIED = text(
    "INSERT INTO audit_log (workspace_id, at, actor, action, subject, detail) "
    "VALUES ('acme', now(), 'cli:test', 'tried', 'acme', '{}') RETURNING audit_id"
)


def test_rows_and_the_places_of_sequences_go_and_partitions_stay(databases: Databases) -> None:
    first = databases.take()
    keep_partitions(transactions_on(first), now=NOON)
    with first.begin() as connection:
        assert connection.execute(DENIED).scalar_one() == 1
    databases.give_back(first)

    second = databases.take()
    with second.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one() == 0
        assert connection.execute(DENIED).scalar_one() == 1
        assert connection.execute(text("SELECT to_regclass('ledger_entry_20261120')")).scalar_one()
    databases.give_back(second)
    assert second.url.database == first.url.database


def test_a_database_with_another_schema_is_not_handed_on(databases: Databases) -> None:
    changed = databases.take()
    with changed.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log ADD COLUMN mood text"))
    databases.give_back(changed)

    another = databases.take()
    assert another.url.database != changed.url.database
    databases.give_back(another)


def test_a_database_that_something_still_uses_is_not_handed_on(databases: Databases) -> None:
    used = databases.take()
    left_open = used.connect()
    databases.give_back(used)

    another = databases.take()
    assert another.url.database != used.url.database
    databases.give_back(another)
    left_open.invalidate()
    left_open.close()
