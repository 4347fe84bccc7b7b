"""Looks at recent spend in every workspace, for what a person should know within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.journeys.detect_spikes import detect_spikes
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.jobs.house import House


def watch_spend(house: House) -> None:
    """Detect spikes in every workspace."""
    with house.transactions.begin() as session:
        ids = workspaces.all_ids(session)
    for workspace_id in ids:
        books = house.books.for_workspace(workspace_id)
        detect_spikes(house.transactions, workspace_id, books, now=house.clock.now())
