"""Reads the caps that a Sprint's property in Jira asks for. Jira has no webhook for properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from integration.jira.failures import JiraFailure
from integration.journeys.sprint_caps import ANSWER, PROPERTY, take_in_caps

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.journeys.sprint_caps import Reading
    from integration.mailbox.claims import Promise

log = structlog.get_logger()


def read_sprint_caps(house: House, workspace_id: str, sprint_id: int) -> Reading | None:
    """Take in what a Sprint's property asks for; None when that is nothing new.

    A property that cannot be read holds nothing else up: it is read again with the next catch-up.
    """
    try:
        value = house.outside.jira(workspace_id).sprint_property(sprint_id, PROPERTY)
    except JiraFailure as failure:
        if failure.workspace_wide:
            raise
        log.warning(
            "sprint_caps.not_read", workspace_id=workspace_id, sprint_id=sprint_id,
            reason=failure.message,
        )  # fmt: skip
        return None
    return take_in_caps(house.transactions, workspace_id, sprint_id, value, now=house.clock.now())


def write_answer(house: House, promise: Promise) -> dict[str, object]:
    """Write what came of the property beside it, for whoever set it."""
    sprint_id = int(promise.subject.removeprefix("sprint:"))
    gateway = house.outside.jira(promise.workspace_id)
    gateway.write_sprint_property(sprint_id, promise.body, ANSWER)
    return {"version": promise.version}
