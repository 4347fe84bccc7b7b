"""Puts our figures back where somebody else has overwritten them, a few times and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from integration.jira.times import instant_or_none
from integration.journeys.show_story import FIELDS
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.mailbox.again_store import promise_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.backlog.story import Story
    from integration.jira.connection import JiraConnection
    from integration.jobs.house import House

log = structlog.get_logger()

MOST = 3
"""A rule of the site's own may write these fields too; the two must not take turns for ever."""


def restore_figures(house: House, connection: JiraConnection, story: Story) -> None:
    """Write a story's fields again where they are not as we left them.

    Only a story that was read after our last write tells: it carries that write's time.
    """
    workspace_id = connection.workspace_id
    stamp = connection.fields_of(story.story_key).get("figures_as_of", "")
    if not story.fields.get(stamp):
        return
    with house.transactions.begin() as session:
        mailbox.hold_subject(session, workspace_id, FIELDS, story.story_key)
        shown = mailbox_queries.promised(session, workspace_id, FIELDS, story.story_key)
        if shown is None or shown.state != "delivered":
            return
        written: Mapping[str, Any] = shown.receipt.get("fields") or {}
        restored = int(shown.receipt.get("restored", 0))
        if not is_overwritten(written, story.fields, stamp) or restored >= MOST:
            return
        receipt = shown.receipt | {"restored": restored + 1}
        promise_again(session, mailbox_queries.promise_of(shown), receipt)
    log.info("figures.restored", workspace_id=workspace_id, story_key=story.story_key)


def is_overwritten(written: Mapping[str, Any], found: Mapping[str, Any], stamp: str) -> bool:
    """Whether a story that still carries the time of our last write differs from that write.

    >>> is_overwritten({"cost": 2.5, "at": "2026-11-03T14:05:00.000+0000"},
    ...     {"cost": 3.0, "at": "2026-11-03T15:05:00.000+0100"}, "at")
    True
    >>> is_overwritten({"cost": 2.5, "at": "2026-11-03T14:05:00.000+0000"},
    ...     {"cost": 3.0, "at": "2026-11-03T14:00:00.000+0000"}, "at")
    False
    """
    as_of = instant_or_none(written.get(stamp))
    if as_of is None or as_of != instant_or_none(found.get(stamp)):
        return False
    return any(
        found.get(field_id) != value for field_id, value in written.items() if field_id != stamp
    )
