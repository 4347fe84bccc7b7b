"""What a round of decisions writes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from integration.caps.policy import Denied
from integration.foundation.round_trip import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from integration.caps.request import Decided


def recording(
    workspace_id: str, decided: Sequence[Decided], denied_before: Collection[str], now: datetime
) -> Iterator[Statement[Any]]:
    """Keep decisions and what they hold; the caps must be locked.

    `denied_before` are those among them that are stored as denied. An id that another process has
    used meanwhile is refused by its key: roll back and look again.
    """
    if denied_before:
        values = {"workspace_id": workspace_id, "ids": sorted(denied_before)}
        yield Statement(_FORGET_DENIED, values, lambda _: None)
    if decided:
        yield keeping_if_they_fit(workspace_id, decided, {}, now)
    denials = [(each, each.decision) for each in decided if isinstance(each.decision, Denied)]
    if denials:
        yield _noting(workspace_id, denials, now)


_FORGET_DENIED = """
DELETE FROM "authorization"
WHERE workspace_id = %(workspace_id)s AND authorization_id = ANY(%(ids)s) AND state = 'denied'
"""


def keeping_if_they_fit(
    workspace_id: str, decided: Sequence[Decided], limits: Mapping[str, int], now: datetime,
    version: int | None = None,
) -> Statement[bool]:  # fmt: skip
    """Keep decisions and what they hold if all of it fits, together, under these caps' limits.

    False, and nothing is written, where it does not, or where the workspace's caps have another
    `version`. The caps must be steady, and locked in a statement before this one: what it reads as
    spent is of the moment when it begins.
    """
    ordered = sorted(decided, key=_id)
    holds = [(each.authorization_id, *hold) for each in ordered for hold in each.holds.items()]
    sums: Counter[str] = Counter()
    for _, cap_id, amount in holds:
        sums[cap_id] += amount
    limited = [cap_id for cap_id in sums if cap_id in limits]
    values = {
        "workspace_id": workspace_id, "now": now, "version": version,
        "ids": [each.authorization_id for each in ordered],
        "states": [each.state for each in ordered],
        # One text, not an array of texts: psycopg would escape every quotation mark in it.
        "requests": msgspec.json.encode([each.call for each in ordered]).decode(),
        "expiries": [each.expires_at for each in ordered],
        "held_by": [hold[0] for hold in holds],
        "held_under": [hold[1] for hold in holds],
        "held": [hold[2] for hold in holds],
        "caps": list(sums), "sums": list(sums.values()),
        "limited": limited, "needed": [sums[each] for each in limited],
        "limits": [limits[each] for each in limited],
    }  # fmt: skip
    return Statement(_KEEP, values, lambda rows: bool(rows[0][0]))


def _id(decided: Decided) -> str:
    return decided.authorization_id


_KEEP = """
WITH room AS (
    SELECT coalesce(bool_and(c.held + l.needed + (
        SELECT coalesce(sum(spent), 0) FROM cap_spend s
        WHERE s.workspace_id = c.workspace_id AND s.cap_id = c.cap_id
    ) <= l.most), true) AND (%(version)s::bigint IS NULL OR %(version)s::bigint = coalesce(
        (SELECT version FROM cap_version WHERE workspace_id = %(workspace_id)s), 0)
    ) AS is_enough
    FROM unnest(%(limited)b::text[], %(needed)b::bigint[], %(limits)b::bigint[])
        AS l(cap_id, needed, most)
    JOIN cap c ON c.workspace_id = %(workspace_id)s AND c.cap_id = l.cap_id
), held AS (
    INSERT INTO hold (workspace_id, authorization_id, cap_id, amount)
    SELECT %(workspace_id)s, h.* FROM unnest(
        %(held_by)b::text[], %(held_under)b::text[], %(held)b::bigint[]) AS h
    WHERE (SELECT is_enough FROM room)
), summed AS (
    UPDATE cap SET held = cap.held + s.amount
    FROM unnest(%(caps)b::text[], %(sums)b::bigint[]) AS s(cap_id, amount)
    WHERE cap.workspace_id = %(workspace_id)s AND cap.cap_id = s.cap_id
        AND (SELECT is_enough FROM room)
), kept AS (
    INSERT INTO "authorization"
        (workspace_id, authorization_id, state, request, created_at, expires_at)
    SELECT %(workspace_id)s, id, state, request, %(now)s, expires_at
    FROM ROWS FROM (unnest(%(ids)b::text[], %(states)b::text[], %(expiries)b::timestamptz[]),
                    jsonb_array_elements(%(requests)s::jsonb)) AS d(id, state, expires_at, request)
    WHERE (SELECT is_enough FROM room)
)
SELECT is_enough FROM room
"""


def _noting(
    workspace_id: str, refusals: Sequence[tuple[Decided, Denied]], now: datetime
) -> Statement[None]:
    values: dict[str, Any] = {
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
