"""All rows of one workspace, whatever room they belong to: to hand out, or to erase.

Reads PostgreSQL's catalogue, so that no table can be left out. Sealed secrets and raw bodies
(columns of type bytea) are never handed out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

_TABLES = text(
    "SELECT c.relname, coalesce(array_agg(b.attname::text) FILTER (WHERE b.attname IS NOT NULL), "
    "'{}') FROM pg_class c "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' "
    "LEFT JOIN pg_attribute b ON b.attrelid = c.oid AND b.attnum > 0 "
    "AND b.atttypid = 'bytea'::regtype AND NOT b.attisdropped "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
    "AND NOT c.relispartition GROUP BY c.relname ORDER BY c.relname"
)
ROWS_AT_ONCE = 1000


def tables(session: Session) -> dict[str, list[str]]:
    """Return each table that holds rows of workspaces, with its columns that are not handed out."""
    return {name: list(sealed) for name, sealed in session.execute(_TABLES)}


def lines(session: Session, workspace_id: str, table: str, sealed: list[str]) -> Iterator[str]:
    """Yield a workspace's rows of a table, each a line of JSON. `table` comes from `tables`."""
    rows = session.execute(
        text(
            f'SELECT (to_jsonb(t) - CAST(:sealed AS text[]))::text FROM "{table}" t '  # noqa: S608
            "WHERE workspace_id = :workspace"
        ),
        {"sealed": sealed, "workspace": workspace_id},
        execution_options={"yield_per": ROWS_AT_ONCE},
    )
    yield from rows.scalars()


def erase(session: Session, workspace_id: str, table: str) -> int:
    """Delete a workspace's rows of a table; returns how many. `table` comes from `tables`.

    The transaction must be one that may take rows out of what is append-only.
    """
    gone = session.execute(
        text(f'DELETE FROM "{table}" WHERE workspace_id = :workspace RETURNING 1'),  # noqa: S608
        {"workspace": workspace_id},
    )
    return len(gone.all())
