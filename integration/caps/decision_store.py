"""What a round of decisions writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.foundation.round_trip import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from integration.caps.request import Decided


def recording(
    workspace_id: str, decided: Sequence[Decided], denied_before: Collection[str], now: datetime
) -> Iterator[Statement[None]]:
    """Keep decisions and what they hold; the caps must be locked.

    `denied_before` are those among them that are stored as denied. An id that another process has
    used meanwhile is refused by its key: roll back and look again.
    """
    if denied_before:
        values = {"workspace_id": workspace_id, "ids": sorted(denied_before)}
        yield Statement(_FORGET_DENIED, values, lambda _: None)
    if decided:
        yield _keeping(workspace_id, sorted(decided, key=lambda each: each.authorization_id), now)
    denials = [each for each in decided if each.denied is not None]
    if denials:
        yield _noting(workspace_id, denials, now)


_FORGET_DENIED = """
DELETE FROM "authorization"
WHERE workspace_id = %(workspace_id)s AND authorization_id = ANY(%(ids)s) AND state = 'denied'
"""


def _keeping(workspace_id: str, decided: Sequence[Decided], now: datetime) -> Statement[None]:
    holds = [(each.authorization_id, *hold) for each in decided for hold in each.holds.items()]
    sums: dict[str, int] = {}
    for _, cap_id, amount in holds:
        sums[cap_id] = sums.get(cap_id, 0) + amount
    values = {
        "workspace_id": workspace_id, "now": now,
        "ids": [each.authorization_id for each in decided],
        "states": [each.state for each in decided],
        # One text, not an array of texts: psycopg would escape every quotation mark in it.
        "requests": msgspec.json.encode([each.call for each in decided]).decode(),
        "expiries": [each.expires_at for each in decided],
        "held_by": [hold[0] for hold in holds],
        "held_under": [hold[1] for hold in holds],
        "held": [hold[2] for hold in holds],
        "caps": list(sums), "sums": list(sums.values()),
    }  # fmt: skip
    return Statement(_KEEP, values, lambda _: None)


_KEEP = """
WITH held AS (
    INSERT INTO hold (workspace_id, authorization_id, cap_id, amount)
    SELECT %(workspace_id)s, * FROM unnest(
        %(held_by)b::text[], %(held_under)b::text[], %(held)b::bigint[])
), summed AS (
    UPDATE cap SET held = cap.held + s.amount
    FROM unnest(%(caps)b::text[], %(sums)b::bigint[]) AS s(cap_id, amount)
    WHERE cap.workspace_id = %(workspace_id)s AND cap.cap_id = s.cap_id
)
INSERT INTO "authorization"
    (workspace_id, authorization_id, state, request, created_at, expires_at)
SELECT %(workspace_id)s, id, state, request, %(now)s, expires_at
FROM ROWS FROM (unnest(%(ids)b::text[], %(states)b::text[], %(expiries)b::timestamptz[]),
                jsonb_array_elements(%(requests)s::jsonb)) AS d(id, state, expires_at, request)
"""


def _noting(workspace_id: str, denied: Sequence[Decided], now: datetime) -> Statement[None]:
    refusals = [(each, each.denied) for each in denied if each.denied is not None]
    values = {
        "workspace_id": workspace_id, "now": now,
        "cap_ids": [refusal.cap_id for _, refusal in refusals],
        "ids": [each.authorization_id for each, _ in refusals],
        "story_keys": [each.call.scope.story_key for each, _ in refusals],
        "models": [each.call.asked.model for each, _ in refusals],
        "reasons": [refusal.reason for _, refusal in refusals],
        "requested": [refusal.requested for _, refusal in refusals],
    }  # fmt: skip
    return Statement(_NOTE_DENIALS, values, lambda _: None)


_NOTE_DENIALS = """
INSERT INTO cap_denial
    (workspace_id, at, cap_id, authorization_id, story_key, model, reason, requested)
SELECT %(workspace_id)s, %(now)s, * FROM unnest(
    %(cap_ids)s::text[], %(ids)s::text[], %(story_keys)s::text[], %(models)s::text[],
    %(reasons)s::text[], %(requested)s::bigint[])
"""
