"""The one statement that adds a batch to both roll-ups and names the versions it was valued by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.ledger.entry import AMOUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence


def _roll_up(table: str, keys: Sequence[str]) -> str:
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in AMOUNTS)
    totals = ", ".join(f"sum({name})" for name in AMOUNTS)
    columns = ", ".join(keys)
    return (
        f"INSERT INTO {table} (workspace_id, slot, {columns}, {', '.join(AMOUNTS)}) "  # noqa: S608
        f"SELECT %(workspace_id)s::text, %(slot)s::smallint, {columns}, {totals} FROM part "
        f"GROUP BY {columns} ORDER BY {columns} "
        f"ON CONFLICT (workspace_id, {columns}, slot) DO UPDATE SET {added}"
    )


def _add_up_statement() -> str:
    keys = {
        "day": "date", "story_key": "text", "provider_name": "text", "model": "text",
        "sprint_id": "bigint",
    }  # fmt: skip
    arrays = ", ".join(
        f"%({name})s::{kind}[]" for name, kind in (keys | dict.fromkeys(AMOUNTS, "bigint")).items()
    )
    columns = ", ".join((*keys, *AMOUNTS))
    by_sprint = _roll_up("sprint_spend", ("sprint_id", "story_key", "provider_name", "model"))
    by_day = _roll_up("day_spend", tuple(keys))
    return (
        f"WITH part AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS p({columns})), "  # noqa: S608
        f"by_sprint AS ({by_sprint}), by_day AS ({by_day}), "
        "named AS (INSERT INTO books_version "
        "(workspace_id, books_version, price_version, factor_version, first_used_at) "
        "SELECT %(workspace_id)s::text, *, %(recorded_at)s::timestamptz FROM unnest("
        "%(version)s::bigint[], %(price_version)s::text[], %(factor_version)s::text[]) "
        "ON CONFLICT DO NOTHING) SELECT 1"
    )


ADD_UP = _add_up_statement()
