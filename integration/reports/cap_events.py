"""What happened to caps: who set or raised them and why, what they reached, what they refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from integration.caps import queries as cap_queries
from integration.mailbox import queries as mailbox
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from integration.reports.shapes import CapStatus

NOTICES = "slack.cap_notice"
CAPS_READ = 25
"""Each cap takes a handful of look-ups."""


Kind = Literal["created", "changed", "raised", "removed", "reached", "denied"]
AUDITED: dict[str, Kind] = {
    "cap.created": "created", "cap.changed": "changed", "cap.raised": "raised",
    "cap.removed": "removed",
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
    threshold_pct: int | None = None
    story_key: str = ""
    requested: int | None = None


def cap_events(
    session: Session, workspace_id: str, caps: Iterable[CapStatus], limit: int = 50
) -> tuple[CapEvent, ...]:
    """Return what happened to these caps, newest first."""
    shown = tuple(caps)[:CAPS_READ]
    balances = cap_queries.balances(session, workspace_id, [cap.cap_id for cap in shown])
    events: list[CapEvent] = []
    for cap in shown:
        events += _audited(session, workspace_id, cap, limit)
        if cap.cap_id in balances:
            thresholds = balances[cap.cap_id].cap.thresholds
            events += _noticed(session, workspace_id, cap, thresholds)
    return tuple(sorted(events, key=lambda event: event.at, reverse=True)[:limit])


def _audited(
    session: Session, workspace_id: str, cap: CapStatus, limit: int
) -> Iterable[CapEvent]:
    for line in workspaces.audit_of(session, workspace_id, f"cap:{cap.cap_id}", limit):
        kind = AUDITED.get(line.action)
        if kind is not None:
            yield CapEvent(
                at=line.at, cap=cap, kind=kind,
                who=str(line.detail.get("name") or line.actor),
                reason=str(line.detail.get("reason", "")),
                before=line.detail.get("before"), limit=line.detail.get("limit"),
            )  # fmt: skip


def _noticed(
    session: Session, workspace_id: str, cap: CapStatus, thresholds: Iterable[int]
) -> Iterable[CapEvent]:
    """Return the newest notice of each threshold and of denials, but those a raise settled."""
    for mark in (*(f"threshold:{pct}" for pct in thresholds), "denied"):
        found = mailbox.promised(session, workspace_id, NOTICES, f"{cap.cap_id}:{mark}")
        if found is None or found.body.get("resolved_by"):
            continue
        is_denial = mark == "denied"
        yield CapEvent(
            at=datetime.fromisoformat(found.body["as_of"]), cap=cap,
            kind="denied" if is_denial else "reached",
            threshold_pct=found.body.get("threshold_pct"),
            story_key=found.body.get("story_key", ""), requested=found.body.get("requested"),
        )  # fmt: skip
