"""The migrations make exactly the tables that the rooms declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from integration.foundation.migration import _config, is_current

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(_config()).get_heads()) == 1


def test_the_rooms_tables_are_the_migrated_ones(engine: Engine) -> None:
    command.check(_config(engine))


def test_a_fresh_database_is_current(engine: Engine) -> None:
    assert is_current(engine)


def test_every_table_and_unique_key_begins_with_the_workspace(engine: Engine) -> None:
    shared = {"alembic_version"}
    with engine.connect() as connection:
        keys = connection.execute(
            text(
                "SELECT t.relname, i.relname, a.attname FROM pg_index x "
                "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
                "JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' "
                "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] "
                "WHERE x.indisunique AND t.relkind IN ('r', 'p') AND NOT t.relispartition"
            )
        ).all()
    # An API key is looked up before its workspace is known; its digest is unique by itself.
    known_elsewhere = {"uq_api_key_digest"}
    wrong = [
        (table, index)
        for table, index, first in keys
        if first != "workspace_id" and table not in shared and index not in known_elsewhere
    ]
    assert wrong == []


def test_books_are_append_only(engine: Engine) -> None:
    with engine.connect() as connection:
        guarded = set(
            connection.execute(
                text(
                    "SELECT tgrelid::regclass::text FROM pg_trigger "
                    "WHERE tgname LIKE '%append_only'"
                )
            ).scalars()
        )
    assert {"ledger_entry", "audit_log", "estimate", "sprint_reconciliation"} <= guarded


def test_every_table_of_workspaces_stands_behind_the_second_wall(engine: Engine) -> None:
    with engine.connect() as connection:
        open_tables = connection.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "AND a.attname = 'workspace_id' WHERE c.relnamespace = 'public'::regnamespace "
                "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT (c.relrowsecurity "
                "AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
            )
        ).scalars()
        assert list(open_tables) == []
