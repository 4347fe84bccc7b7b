"""Keeps the outbox's promises: claims, sends, settles. A crash between lets the lease run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integration.foundation.errors import DeliveryFailed
from integration.foundation.row_wall import across
from integration.jobs import (
    jira_senders,
    read_sprint_caps,
    slack_charts,
    slack_home,
    slack_senders,
    story_writes,
)
from integration.mailbox import store as mailbox
from integration.slack.failures import SlackUnanswered

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.jobs.house import House
    from integration.mailbox.claims import Promise

log = structlog.get_logger()

Receipt = dict[str, object]

SENDERS: dict[str, Callable[[House, Promise], Receipt]] = {
    "jira.story": jira_senders.write_story,
    "jira.comment": jira_senders.write_comment,
    "slack.digest": slack_senders.post_digest,
    "slack.spike": slack_senders.post_spike,
    "slack.cap_notice": slack_senders.post_cap_notice,
    "slack.raise_request": slack_senders.post_raise_request,
    "slack.sprint_review": slack_senders.post_sprint_review,
    "slack.sprint_chart": slack_charts.post_sprint_charts,
    "slack.home": slack_home.publish_home,
    "slack.planning_notice": slack_senders.post_planning_notice,
    "slack.ledger_alarm": slack_senders.post_ledger_alarm,
    "jira.backlog": jira_senders.move_to_backlog,
    "jira.sprint_caps": read_sprint_caps.write_answer,
    "jira_stories.sprint": story_writes.promise_story_writes,
}


def deliver_outbox(house: House) -> int:
    """Keep the promises that are due; returns how many were claimed."""
    with across(house.transactions).begin() as session:
        claimed = mailbox.claim_promises(session, house.clock.now())
    for promise in claimed:
        _keep(house.within(promise.workspace_id), promise)
    return len(claimed)


def _keep(house: House, promise: Promise) -> None:
    bound = log.bind(workspace_id=promise.workspace_id, kind=promise.kind, subject=promise.subject)
    try:
        receipt = SENDERS[promise.kind](house, promise)
    except DeliveryFailed as failure:
        bound.warning("outbox.failed", reason=failure.message, permanent=failure.permanent)
        _settle_failure(house, promise, failure)
        return
    except Exception as fault:
        bound.exception("outbox.fault")
        _settle_failure(house, promise, DeliveryFailed(repr(fault), permanent=False))
        return
    with house.transactions.begin() as session:
        mailbox.fulfil(session, promise, receipt, house.clock.now())
    bound.info("outbox.delivered", version=promise.version)


def _settle_failure(house: House, promise: Promise, failure: DeliveryFailed) -> None:
    now = house.clock.now()
    with house.transactions.begin() as session:
        mailbox.postpone(
            session, promise, failure.message, now,
            permanent=failure.permanent, wait=failure.retry_after,
            is_blameless=failure.workspace_wide,
            may_be_under_way=isinstance(failure, SlackUnanswered),
        )  # fmt: skip
        if failure.workspace_wide and failure.retry_after:
            system = promise.kind.partition(".")[0]
            mailbox.pause(
                session, promise.workspace_id, system, now + failure.retry_after, failure.message
            )
