"""Looks at recent spend in every workspace, for what a person should know within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

from integration.journeys.detect_spikes import detect_spikes, new_watch
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.foundation.database import Transactions
    from integration.jobs.house import House
    from integration.journeys.spend_watch import SpendWatch

log = structlog.get_logger()

_watches: WeakKeyDictionary[Transactions, dict[str, SpendWatch]] = WeakKeyDictionary()


def watch_spend(house: House) -> None:
    """Detect spikes in every workspace; what fails in one leaves the others alone."""
    with house.transactions.begin() as session:
        ids = workspaces.all_ids(session)
    watches = _watches.setdefault(house.transactions, {})
    for workspace_id in ids:
        watch = watches.pop(workspace_id, None) or new_watch()
        try:
            detect_spikes(
                house.transactions, workspace_id, house.books.for_workspace(workspace_id),
                now=house.clock.now(), watch=watch,
            )  # fmt: skip
        except Exception:
            log.exception("spikes.fault", workspace_id=workspace_id)
        else:
            watches[workspace_id] = watch
