"""Keeps an OAuth app's webhooks alive: Jira ends them after 30 days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from integration.jira.webhook_plan import refresh_dynamic
from integration.workspaces import queries, store

if TYPE_CHECKING:
    from integration.jobs.house import House

log = structlog.get_logger()

EARLY = timedelta(days=15)


def keep_webhooks(house: House, workspace_id: str) -> None:
    """Give the workspace's dynamic webhooks another 30 days once half of them is over.

    Raises:
        DeliveryFailed: Jira refused, or did not answer; the next round tries again.
    """
    with house.transactions.begin() as session:
        ids, end_at = queries.dynamic_webhooks(session, workspace_id)
    now = house.clock.now()
    if not ids or (end_at is not None and end_at > now + EARLY):
        return
    end_at = refresh_dynamic(house.outside.jira(workspace_id), ids)
    with house.transactions.begin() as session:
        store.note_webhooks(session, workspace_id, ids, end_at)
    log.info("webhooks.refreshed", workspace_id=workspace_id, end_at=end_at)
