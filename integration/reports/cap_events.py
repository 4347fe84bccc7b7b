"""What happened to caps: who set or raised them and why, what they reached, what they refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from integration.caps import event_queries
from integration.workspaces import queries as workspace_queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from integration.reports.shapes import CapStatus

CAPS_READ = 25
"""Each cap takes a look-up in the audit log."""
DENIALS_SHOWN = 10


Kind = Literal[
    "created", "changed", "raised", "asked", "declined", "ended", "carried", "removed", "refused",
    "reached", "denied",
]  # fmt: skip
AUDITED: dict[str, Kind] = {
    "cap.created": "created", "cap.changed": "changed", "cap.raised": "raised",
    "cap.raise_asked": "asked", "cap.raise_declined": "declined", "cap.raise_ended": "ended",
    "cap.carried_over": "carried", "cap.removed": "removed", "cap.refused": "refused",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CapEvent:
    """One thing that happened to a cap. Amounts are in the cap's unit."""

    at: datetime
    cap: CapStatus
    kind: Kind
    who: str = ""
    reason: str = ""
    before: int | None = None
    limit: int | None = None
    until: datetime | None = None
    """When a raise for a time ends."""
    asked_by: str = ""
    """Who asked for what somebody else agreed to or declined."""
    threshold_pct: int | None = None
    story_key: str = ""
    requested: int | None = None


def cap_events(
    session: Session, workspace_id: str, caps: Iterable[CapStatus], limit: int = 50
) -> tuple[CapEvent, ...]:
    """Return what happened to these caps, newest first."""
    shown = {cap.cap_id: cap for cap in tuple(caps)[:CAPS_READ]}
    if not shown:
        return ()
    events = [
        event for cap in shown.values() for event in _audited(session, workspace_id, cap, limit)
    ]
    events += [
        CapEvent(
            at=each.at, cap=shown[each.cap_id], kind="reached", threshold_pct=each.threshold_pct
        )
        for each in event_queries.crossings(session, workspace_id, shown.keys())
    ]
    events += [
        CapEvent(
            at=each.at, cap=shown[each.cap_id], kind="denied", story_key=each.story_key,
            requested=each.requested,
        )
        for each in event_queries.newest_denials(session, workspace_id, shown.keys(), DENIALS_SHOWN)
    ]  # fmt: skip
    return tuple(sorted(events, key=lambda event: event.at, reverse=True)[:limit])


def _audited(session: Session, workspace_id: str, cap: CapStatus, limit: int) -> Iterable[CapEvent]:
    for line in workspace_queries.audit_of(session, workspace_id, f"cap:{cap.cap_id}", limit):
        kind = AUDITED.get(line.action)
        if kind is not None:
            told = line.detail
            who, until = str(told.get("name") or line.actor), told.get("until")
            asked_by = str(told.get("asked_by", ""))
            yield CapEvent(
                at=line.at, cap=cap, kind=kind, who=who, reason=str(told.get("reason", "")),
                before=told.get("before"), limit=told.get("limit"),
                until=datetime.fromisoformat(until) if until else None,
                asked_by=asked_by if asked_by != who else "",
            )  # fmt: skip
