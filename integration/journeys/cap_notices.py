"""What is promised to Slack about a cap: a threshold reached, a call denied, a raise, its end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps.policy import sprint_id_of
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.cap_forecast import forecast_under
from integration.reports.cap_report import cap_status, header_of, top_stories_under
from integration.reports.cap_shapes import CapNotice, RaiseNotice

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.caps.policy import Balance, Cap, Denied
    from integration.caps.raising.terms import RaiseRequest
    from integration.reports.shapes import CapStatus

KIND = "slack.cap_notice"
RAISE_KIND = "slack.raise_request"
SPACING = timedelta(minutes=1)


def promise_threshold_notice(
    session: Session, balance: Balance, threshold_pct: int, now: datetime
) -> None:
    """Promise one notice that a cap has reached a threshold."""
    notice = _notice(session, balance, now, event="threshold", threshold_pct=threshold_pct)
    _promise(session, balance, f"threshold:{threshold_pct}", notice, now)


def promise_denial_notice(
    session: Session, balance: Balance, denied: Denied, story_key: str, now: datetime,
    alternative: str = "", greener: str = "",
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
        alternative=alternative, greener=greener,
    )  # fmt: skip
    _promise(session, balance, "denied", notice, now)


def tell_raise(
    session: Session, balance: Balance, before: int, granted: RaiseRequest, now: datetime
) -> None:
    """Let one message of the channel say that a cap was raised; older ones lose their button.

    It is the message that asked for the raise, else the newest notice about the limit `before`,
    else a message of its own.
    """
    workspace_id = balance.cap.workspace_id
    news = _unresolved(session, balance.cap, before)
    asked = mailbox_queries.promised(session, workspace_id, RAISE_KIND, granted.request_id)
    if asked is not None or not news:
        promise_raise_notice(session, balance, granted, now)
    else:
        subject, newest = news.pop()
        resolved = msgspec.structs.replace(
            newest, cap=_status(session, balance), as_of=now,
            resolved_by=granted.asked_by_name or granted.asked_by,
            resolved_reason=granted.terms.reason,
        )  # fmt: skip
        mailbox.promise(session, workspace_id, KIND, subject, msgspec.to_builtins(resolved), now)
    for subject, notice in news:
        past = msgspec.structs.replace(notice, is_past=True)
        mailbox.promise(session, workspace_id, KIND, subject, msgspec.to_builtins(past), now)


def _unresolved(session: Session, cap: Cap, limit: int) -> list[tuple[str, CapNotice]]:
    """What the channel was told about a limit, with the subject of each, the newest last."""
    marks = (*(f"threshold:{pct}" for pct in sorted(cap.thresholds)), "denied")
    subjects = [_subject(cap, mark, limit) for mark in marks]
    standing = [
        (found.promised_at, subject, found.body)
        for subject in subjects
        if (found := mailbox_queries.promised(session, cap.workspace_id, KIND, subject))
    ]
    standing.sort(key=lambda each: each[0])  # Stable: at one moment a denial outranks thresholds.
    notices = [
        (subject, msgspec.convert(body, CapNotice, strict=False)) for _, subject, body in standing
    ]
    return [
        (subject, notice)
        for subject, notice in notices
        if not (notice.resolved_by or notice.is_past)
    ]


def promise_raise_notice(
    session: Session, balance: Balance, asked: RaiseRequest, now: datetime
) -> None:
    """Promise that the channel shows a request for a raise, and later what became of it."""
    sprint = _sprint(session, balance.cap)
    notice = RaiseNotice(
        request_id=asked.request_id,
        cap=_status(session, balance),
        sprint=header_of(session, asked.workspace_id, sprint) if sprint else None,
        limit_before=asked.limit_before,
        limit=asked.terms.limit,
        until=asked.terms.until,
        reason=asked.terms.reason,
        asked_by=asked.asked_by_name or asked.asked_by,
        state=asked.state,
        decided_by=asked.decided_by_name,
        decided_reason=asked.decided_reason,
        as_of=now,
    )
    body = msgspec.to_builtins(notice)
    mailbox.promise(session, asked.workspace_id, RAISE_KIND, asked.request_id, body, now)


def promise_raise_ended(session: Session, balance: Balance, before: Cap, now: datetime) -> None:
    """Promise one notice that a raise for a time has ended and the limit is what it was."""
    notice = _notice(session, balance, now, event="raise_ended", limit_before=before.limit)
    until = before.raised_until and before.raised_until.isoformat()
    _promise(session, balance, f"raise_ended:{until}", notice, now)


def _sprint(session: Session, cap: Cap) -> Sprint | None:
    sprint_id = sprint_id_of(cap)
    return None if sprint_id is None else backlog.sprint(session, cap.workspace_id, sprint_id)


def _notice(session: Session, balance: Balance, now: datetime, **values: Any) -> CapNotice:
    workspace_id, sprint = balance.cap.workspace_id, _sprint(session, balance.cap)
    return CapNotice(
        cap=_status(session, balance),
        sprint=header_of(session, workspace_id, sprint) if sprint else None,
        forecast=forecast_under(session, balance.cap, sprint, now) if sprint else None,
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
