"""What Jira shall show of a story: its fields in one write, and one comment edited in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from integration.estimation import store as estimates
from integration.estimation.change import change_between
from integration.ledger import queries as ledger_queries
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.spend import totals_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.estimation.advice import Advice
    from integration.estimation.store import EstimateVersion

FIELDS = "jira.story"
COMMENT = "jira.comment"


def promise_story(
    session: Session, workspace_id: str, story_key: str, now: datetime, *,
    add_section: bool | None = None, with_actual: bool = False, advice: Advice | None = None,
) -> None:  # fmt: skip
    """Promise Jira's fields and comment of a story, from what is known of it now.

    The actual is written when the Sprint closes (`with_actual`), and from then on kept up to date;
    while a Sprint runs the Slack digest and our own pages show it, so that Jira stays quiet.
    Without `advice` the comment keeps what it says already.
    """
    mailbox.hold_subject(session, workspace_id, FIELDS, story_key)
    shown = mailbox_queries.promised(session, workspace_id, FIELDS, story_key)
    found = estimates.with_previous(session, workspace_id, [story_key]).get(story_key)
    version, previous = found or (None, None)
    spend = ledger_queries.spend_of_stories(session, workspace_id, [story_key]).get(story_key)
    shows_actual = with_actual or (shown is not None and shown.body["actual"] is not None)
    if version is None and not shows_actual:
        return
    if add_section is None:
        add_section = shown is not None and shown.body["add_section"]
    figures = {
        "estimate": version and msgspec.to_builtins(version.estimate),
        "estimate_version": version.version if version else 0,
        "actual": msgspec.to_builtins(totals_of(spend)) if shows_actual and spend else None,
    }
    body = figures | {"add_section": add_section}
    mailbox.promise(session, workspace_id, FIELDS, story_key, body, now)
    comment = figures | {
        "change": _change(version, previous),
        "advice": _advice(session, workspace_id, story_key, advice),
    }
    mailbox.promise(session, workspace_id, COMMENT, story_key, comment, now)


def _change(version: EstimateVersion | None, previous: EstimateVersion | None) -> object:
    if version is None or previous is None:
        return None
    change = change_between(previous.estimate, version.estimate, previous.version)
    return msgspec.to_builtins(change)


def _advice(session: Session, workspace_id: str, story_key: str, advice: Advice | None) -> Any:
    if advice is not None:
        return msgspec.to_builtins(advice)
    said = mailbox_queries.promised(session, workspace_id, COMMENT, story_key)
    return said.body.get("advice") if said is not None else None
