"""Adds a batch to the two roll-ups, and names the versions it was valued by.

Each statement has less than the 4,096 characters up to which the driver remembers how it reads one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from integration.foundation.round_trip import Statement
from integration.ledger.entry import AMOUNTS, VERSIONS
from integration.ledger.rows import array_of, arrays_of, day_key, sprint_key, sums, text_array_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integration.ledger.blocks import Block

SLOTS = 16
"""Parallel rows of each roll-up, so that writers seldom wait for one another. Measured: with 2 ms
commits one shared row gives 0.24 of the speed without roll-ups, sixteen give 0.96."""

SPRINT_KEYS = {
    "sprint_id": "bigint", "story_key": "text", "provider_name": "text", "model": "text",
}  # fmt: skip
DAY_KEYS = {"day": "date", **SPRINT_KEYS}


def _roll_up(table: str, keys: dict[str, str]) -> str:
    """Add sums, sent as an array for each column."""
    kinds = keys | dict.fromkeys(AMOUNTS, "bigint")
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in kinds.items())
    added = ", ".join(f"{name} = s.{name} + excluded.{name}" for name in AMOUNTS)
    return (
        f"INSERT INTO {table} AS s (workspace_id, slot, {', '.join(kinds)}) "  # noqa: S608
        f"SELECT %(workspace_id)s::text, %(slot)s::smallint, * FROM unnest({arrays}) "
        f"ON CONFLICT (workspace_id, {', '.join(keys)}, slot) DO UPDATE SET {added}"
    )


ADD_TO_SPRINTS = _roll_up("sprint_spend", SPRINT_KEYS)
ADD_TO_DAYS = _roll_up("day_spend", DAY_KEYS)
NAME_VERSIONS = (
    "INSERT INTO books_version "
    "(workspace_id, books_version, price_version, factor_version, first_used_at) "
    "SELECT %(workspace_id)s::text, *, %(recorded_at)s::timestamptz FROM unnest("
    "%(version)s::bigint[], %(price_version)s::text[], %(factor_version)s::text[]) "
    "ON CONFLICT DO NOTHING"
)


def adding_up(
    workspace_id: str, blocks: Sequence[Block], recorded_at: datetime
) -> list[Statement[None]]:
    """Add entries to both roll-ups, and name the versions they were valued by."""
    versions = sorted({block.words.books_version for block in blocks} & VERSIONS.keys())
    here = {"workspace_id": workspace_id, "slot": os.getpid() % SLOTS}
    named = {
        "workspace_id": workspace_id,
        "recorded_at": recorded_at,
        "version": array_of(versions),
        "price_version": text_array_of(VERSIONS[version][0] for version in versions),
        "factor_version": text_array_of(VERSIONS[version][1] for version in versions),
    }
    by_sprint, by_day = sums(blocks, sprint_key), sums(blocks, day_key)
    return [
        Statement(sql, values, lambda _: None)
        for sql, values in (
            (ADD_TO_SPRINTS, here | arrays_of(SPRINT_KEYS, by_sprint)),
            (ADD_TO_DAYS, here | arrays_of(DAY_KEYS, by_day)),
            (NAME_VERSIONS, named),
        )
    ]
