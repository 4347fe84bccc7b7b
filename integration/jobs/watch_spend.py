"""Looks at recent spend in every workspace, for what a person should know within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

from integration.journeys.detect_spikes import detect_spikes
from integration.journeys.spend_memory import SpendMemory
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.foundation.database import Transactions
    from integration.jobs.house import House

log = structlog.get_logger()

_memories: WeakKeyDictionary[Transactions, dict[str, SpendMemory]] = WeakKeyDictionary()


def watch_spend(house: House) -> None:
    """Detect spikes in every workspace; what fails in one leaves the others alone."""
    with house.transactions.begin() as session:
        ids = workspaces.all_ids(session)
    memories = _memories.setdefault(house.transactions, {})
    for workspace_id in ids:
        memory = memories.pop(workspace_id, None) or SpendMemory()
        try:
            detect_spikes(
                house.transactions, workspace_id, house.books.for_workspace(workspace_id),
                now=house.clock.now(), memory=memory,
            )  # fmt: skip
        except Exception:
            log.exception("spikes.fault", workspace_id=workspace_id)
        else:
            memories[workspace_id] = memory
