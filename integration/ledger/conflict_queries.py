"""Records that contradict the ones that count, beside what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

LOOKED_AT = 1_000
"""The newest so many contradictions of a workspace; a sender that is wrong about all is seen."""


class Contradiction(NamedTuple):
    """Two records of one call that name different amounts. Tokens are input and output."""

    entry_id: UUID
    occurred_at: datetime
    model: str
    counted_source: str
    counted_tokens: tuple[int, int]
    told_source: str
    told_tokens: tuple[int, int]


_CONTRADICTIONS = """
SELECT kept.entry_id, counted.occurred_at, counted.model,
    counted.source, counted.input_tokens, counted.output_tokens,
    coalesce(kept.record ->> 'source', 'api'),
    coalesce((kept.record ->> 'input_tokens')::bigint, 0),
    coalesce((kept.record ->> 'output_tokens')::bigint, 0)
FROM (
    SELECT * FROM usage_conflict WHERE workspace_id = %(workspace_id)s
    ORDER BY entry_id DESC LIMIT %(looked_at)s
) AS kept
CROSS JOIN LATERAL (
    SELECT * FROM ledger_entry AS entry
    WHERE entry.workspace_id = kept.workspace_id AND entry.occurred_on = kept.occurred_on
        AND entry.entry_id BETWEEN kept.entry_id
            AND (left(kept.entry_id::text, 32) || 'ffff')::uuid
    ORDER BY entry.entry_id DESC LIMIT 1
) AS counted
WHERE counted.story_key = %(story_key)s AND counted.kind = 'usage'
ORDER BY counted.occurred_at DESC LIMIT %(shown)s
"""


def contradictions(
    session: Session, workspace_id: str, story_key: str, shown: int
) -> list[Contradiction]:
    """The newest contradictions about a story's calls; "" is what is unattributed."""
    rows = session.connection().exec_driver_sql(
        _CONTRADICTIONS,
        {
            "workspace_id": workspace_id, "story_key": story_key, "shown": shown,
            "looked_at": LOOKED_AT,
        },
    )  # fmt: skip
    return [
        Contradiction(row[0], row[1], row[2], row[3], (row[4], row[5]), row[6], (row[7], row[8]))
        for row in rows
    ]
