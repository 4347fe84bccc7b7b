"""Reads what was received: each delivery is a hint, the truth is read again from its source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog

from integration.backlog import store as backlog
from integration.foundation.errors import DeliveryFailed
from integration.jira import payloads
from integration.jira.story_template import find_section, read_rows
from integration.journeys import close_sprint, keep_backlog
from integration.mailbox import store as mailbox

if TYPE_CHECKING:
    from integration.backlog.story import Story
    from integration.jobs.house import House
    from integration.mailbox.store import Delivery

log = structlog.get_logger()


def drain_inbox(house: House) -> int:
    """Read the deliveries that are due; returns how many were claimed.

    A failure of the source is tried again later; a payload we have no rule for stays, visibly, as
    `unknown`, until it is replayed.
    """
    with house.transactions.begin() as session:
        claimed = mailbox.claim_deliveries(session, house.clock.now())
    for delivery in claimed:
        _read_one(house, delivery)
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
        if not failure.permanent:
            with house.transactions.begin() as session:
                mailbox.retry_delivery(
                    session, delivery, failure.message, house.clock.now(), failure.retry_after
                )
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


def _act_on(house: House, delivery: Delivery) -> tuple[str, str]:
    """Do what a delivery asks for; returns its new state and a note."""
    if delivery.source == "ledger":
        close_sprint.close_sprint(
            house.transactions, delivery.workspace_id, int(delivery.subject.removeprefix("sprint:")),
            house.books.for_workspace(delivery.workspace_id), reason="late usage",
            now=house.clock.now(),
        )  # fmt: skip
        return "handled", ""
    gateway = house.outside.jira(delivery.workspace_id)
    event = payloads.read_event(
        _json(delivery.body),
        account_id=gateway.connection.account_id,
        field_ids=gateway.connection.field_ids.values(),
    )
    match event:
        case payloads.Ignored(reason=reason):
            return "ignored", reason
        case payloads.StoryDeleted(issue_id=issue_id):
            keep_backlog.forget_story(
                house.transactions, delivery.workspace_id, issue_id, now=house.clock.now()
            )
        case payloads.StoryChanged(key=key):
            follow_story(house, delivery.workspace_id, gateway.story(key))
        case payloads.SprintChanged(sprint_id=sprint_id, event="sprint_deleted"):
            return "ignored", f"Sprint {sprint_id} was deleted; its spend stays"
        case payloads.SprintChanged(sprint_id=sprint_id):
            follow_sprint(house, delivery.workspace_id, sprint_id)
    return "handled", ""


def follow_story(house: House, workspace_id: str, story: Story) -> None:
    """Take in a story that was read from Jira just now, and the Sprints it names."""
    for sprint_id in {membership.sprint_id for membership in story.memberships}:
        _know_sprint(house, workspace_id, sprint_id)
    keep_backlog.take_in_story(
        house.transactions,
        workspace_id,
        story,
        house.books.for_workspace(workspace_id),
        rows=read_rows(story.description),
        has_section=find_section(story.description) is not None,
        now=house.clock.now(),
    )


def follow_sprint(house: House, workspace_id: str, sprint_id: int) -> None:
    """Read a Sprint again from Jira; when it has closed, its stories too, then reconcile it."""
    gateway = house.outside.jira(workspace_id)
    sprint = gateway.sprint(sprint_id)
    if sprint.state == "closed":
        for story in gateway.stories_of_sprint(sprint_id):
            follow_story(house, workspace_id, story)
    keep_backlog.take_in_sprint(house.transactions, workspace_id, sprint, now=house.clock.now())
    if sprint.state == "closed":
        close_sprint.close_sprint(
            house.transactions, workspace_id, sprint_id,
            house.books.for_workspace(workspace_id), reason="Sprint closed",
            now=house.clock.now(),
        )  # fmt: skip


def _know_sprint(house: House, workspace_id: str, sprint_id: int) -> None:
    """Meet a Sprint that a story names before its own webhook has come."""
    with house.transactions.begin() as session:
        known = backlog.sprint(session, workspace_id, sprint_id) is not None
    if not known:
        sprint = house.outside.jira(workspace_id).sprint(sprint_id)
        keep_backlog.take_in_sprint(house.transactions, workspace_id, sprint, now=house.clock.now())


def _json(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError as wrong:
        raise payloads.UnknownPayload("The body is not JSON") from wrong
    if not isinstance(payload, dict):
        raise payloads.UnknownPayload("The body is not a JSON object")
    return payload
