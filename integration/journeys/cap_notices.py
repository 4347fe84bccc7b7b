"""What is promised to Slack about a cap: a threshold reached, a call denied, the cap raised."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from integration.caps import queries as cap_queries
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.cap_report import cap_status, sprint_of_cap, top_stories_under
from integration.reports.shapes import CapNotice, CapStatus

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import Balance, Cap, Denied

KIND = "slack.cap_notice"
SPACING = timedelta(minutes=1)


def promise_threshold_notice(
    session: Session, balance: Balance, threshold_pct: int, now: datetime
) -> None:
    """Promise one notice that a cap has reached a threshold."""
    notice = _notice(session, balance, now, event="threshold", threshold_pct=threshold_pct)
    _promise(session, balance, f"threshold:{threshold_pct}", notice, now)


def promise_denial_notice(
    session: Session, balance: Balance, denied: Denied, story_key: str, now: datetime,
    alternative: str = "",
) -> None:  # fmt: skip
    """Promise one notice that a cap denies calls; further denials update it, once a minute.

    A loop at its cap asks many times a second, and each update reads what the notice shows.
    """
    subject = _subject(balance.cap, "denied", balance.cap.limit)
    standing = mailbox_queries.promised(session, balance.cap.workspace_id, KIND, subject)
    if standing is not None and standing.promised_at > now - SPACING:
        return
    notice = _notice(
        session, balance, now, event="denied", story_key=story_key, requested=denied.requested,
        alternative=alternative,
    )  # fmt: skip
    _promise(session, balance, "denied", notice, now)


def resolve_notices(
    session: Session, balance: Balance, before: int, who: str, reason: str, now: datetime
) -> None:
    """Let the notices about the limit `before` say who raised it; the button goes."""
    for mark in ("denied", *(f"threshold:{pct}" for pct in balance.cap.thresholds)):
        subject = _subject(balance.cap, mark, before)
        standing = mailbox_queries.promised(session, balance.cap.workspace_id, KIND, subject)
        if standing is None or standing.body.get("resolved_by"):
            continue
        notice = msgspec.convert(standing.body, CapNotice, strict=False)
        resolved = msgspec.structs.replace(
            notice, cap=_status(session, balance), resolved_by=who, resolved_reason=reason,
            as_of=now,
        )  # fmt: skip
        mailbox.promise(
            session, balance.cap.workspace_id, KIND, subject, msgspec.to_builtins(resolved), now
        )


def _notice(session: Session, balance: Balance, now: datetime, **values: Any) -> CapNotice:
    workspace_id = balance.cap.workspace_id
    return CapNotice(
        cap=_status(session, balance),
        sprint=sprint_of_cap(session, balance.cap),
        top_stories=top_stories_under(session, workspace_id, balance.cap),
        as_of=now,
        **values,
    )


def _status(session: Session, balance: Balance) -> CapStatus:
    denied = cap_queries.denials(session, balance.cap.workspace_id)
    return cap_status(balance, denied.get(balance.cap.cap_id, (0, 0)))


def _promise(
    session: Session, balance: Balance, mark: str, notice: CapNotice, now: datetime
) -> None:
    subject = _subject(balance.cap, mark, balance.cap.limit)
    mailbox.promise(
        session, balance.cap.workspace_id, KIND, subject, msgspec.to_builtins(notice), now
    )


def _subject(cap: Cap, mark: str, limit: int) -> str:
    """A limit's own subject: what a raised cap reaches is news, and no edit of an old message."""
    return f"{cap.cap_id}:{mark}:{limit}"
