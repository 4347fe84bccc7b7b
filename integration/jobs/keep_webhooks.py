"""Keeps an OAuth app's webhooks alive: Jira ends them after 30 days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from integration.foundation.row_wall import only
from integration.jira.webhook_plan import (
    dynamic_webhooks,
    project_jql,
    refresh_dynamic,
    register_dynamic,
    webhook_url,
)
from integration.workspaces import queries, store

if TYPE_CHECKING:
    from integration.jobs.house import House

log = structlog.get_logger()

EARLY = timedelta(days=15)
LIFE = timedelta(days=30)


def keep_webhooks(house: House, workspace_id: str) -> None:
    """Give the workspace's dynamic webhooks another 30 days once half of them is over.

    What Jira lists counts, not what we remember: those that ended while we were away are
    registered again. A workspace that was never provisioned stays without.

    Raises:
        DeliveryFailed: Jira refused, or did not answer; the next round tries again.
    """
    transactions = only(house.transactions, workspace_id)
    with transactions.begin() as session:
        noted = queries.dynamic_webhooks(session, workspace_id)
    now = house.clock.now()
    if noted is None:
        return
    known, end_at = noted
    if end_at is not None and end_at > now + EARLY:
        return
    gateway = house.outside.jira(workspace_id)
    url = webhook_url(house.public_url, workspace_id)
    ids = tuple(int(one["id"]) for one in dynamic_webhooks(gateway, url))
    if ids:
        end_at = refresh_dynamic(gateway, ids)
    elif known:
        ids = register_dynamic(gateway, url, project_jql(gateway.connection.project_keys))
        end_at = None
        log.warning("webhooks.registered_again", workspace_id=workspace_id)
    else:
        return
    with transactions.begin() as session:
        store.note_webhooks(session, workspace_id, ids, end_at or now + LIFE)
    log.info("webhooks.refreshed", workspace_id=workspace_id, end_at=end_at)
