"""Reads what was received: each delivery is a hint, the truth is read again from its source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog

from integration.foundation.errors import DeliveryFailed
from integration.foundation.row_wall import across
from integration.jira import payloads
from integration.jobs import follow_jira
from integration.journeys import close_sprint
from integration.mailbox import store as mailbox

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.mailbox.claims import Delivery

log = structlog.get_logger()


def drain_inbox(house: House) -> int:
    """Read the deliveries that are due; returns how many were claimed.

    A failure of the source is tried again later; a payload we have no rule for stays, visibly, as
    `unknown`, until it is replayed.
    """
    with across(house.transactions).begin() as session:
        claimed = mailbox.claim_deliveries(session, house.clock.now())
    for delivery in claimed:
        _read_one(house.within(delivery.workspace_id), delivery)
    return len(claimed)


def _read_one(house: House, delivery: Delivery) -> None:
    bound = log.bind(
        workspace_id=delivery.workspace_id, delivery=delivery.inbox_id, subject=delivery.subject
    )
    try:
        state, note = _act_on(house, delivery)
    except payloads.UnknownPayload as unknown:
        state, note = "unknown", unknown.message
    except DeliveryFailed as failure:
        bound.warning("inbox.failed", reason=failure.message, permanent=failure.permanent)
        if not failure.permanent:
            _try_later(house, delivery, failure)
            return
        state, note = "failed", failure.message
    except Exception as fault:
        # A fault of ours: kept with its lease, so that it is tried again and seen in the log.
        bound.exception("inbox.fault")
        with house.transactions.begin() as session:
            mailbox.retry_delivery(session, delivery, repr(fault), house.clock.now())
        return
    with house.transactions.begin() as session:
        mailbox.settle_delivery(session, delivery, state, note, house.clock.now())
    bound.info("inbox.read", state=state, note=note)


def _try_later(house: House, delivery: Delivery, failure: DeliveryFailed) -> None:
    now = house.clock.now()
    with house.transactions.begin() as session:
        mailbox.retry_delivery(
            session, delivery, failure.message, now,
            wait=failure.retry_after, is_blameless=failure.workspace_wide,
        )  # fmt: skip
        if failure.workspace_wide and failure.retry_after:
            until = now + failure.retry_after
            mailbox.pause(session, delivery.workspace_id, delivery.source, until, failure.message)


def _act_on(house: House, delivery: Delivery) -> tuple[str, str]:
    """Do what a delivery asks for; returns its new state and a note."""
    workspace_id = delivery.workspace_id
    if delivery.source == "ledger":
        close_sprint.close_sprint(
            house.transactions, workspace_id, int(delivery.subject.removeprefix("sprint:")),
            house.books.for_workspace(workspace_id), reason="late_usage", now=house.clock.now(),
        )  # fmt: skip
        return "handled", ""
    connection = house.outside.jira(workspace_id).connection
    event = payloads.read_event(
        _json(delivery.body),
        account_id=connection.account_id,
        field_ids=connection.written_field_ids,
    )
    note = ""
    match event:
        case payloads.Ignored(reason=reason):
            return "ignored", reason
        case payloads.StoryDeleted(issue_id=issue_id, at=at):
            follow_jira.forget_story(house, workspace_id, issue_id, at)
        case payloads.StoryChanged(issue_id=issue_id, at=at):
            note = follow_jira.read_story(house, workspace_id, issue_id, at)
        case payloads.SprintChanged(sprint_id=sprint_id, at=at):
            note = follow_jira.read_sprint(house, workspace_id, sprint_id, at)
    return "handled", note


def _json(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError as wrong:
        raise payloads.UnknownPayload("The body is not JSON") from wrong
    if not isinstance(payload, dict):
        raise payloads.UnknownPayload("The body is not a JSON object")
    return payload
