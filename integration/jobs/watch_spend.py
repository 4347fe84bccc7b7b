"""Looks at recent spend in every workspace, for what a person should know within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

from integration.foundation.row_wall import only
from integration.journeys.detect_spikes import detect_spikes, new_watch

if TYPE_CHECKING:
    from integration.foundation.database import Transactions
    from integration.jobs.house import House
    from integration.journeys.spend_watch import SpendWatch

log = structlog.get_logger()

_watches: WeakKeyDictionary[Transactions, dict[str, SpendWatch]] = WeakKeyDictionary()


def watch_spend(house: House) -> None:
    """Detect spikes in every workspace; what fails in one leaves the others alone."""
    watches = _watches.setdefault(house.transactions, {})
    for workspace_id in house.workspace_ids():
        watch = watches.pop(workspace_id, None) or new_watch()
        try:
            detect_spikes(
                only(house.transactions, workspace_id), workspace_id,
                house.books.for_workspace(workspace_id), now=house.clock.now(), watch=watch,
            )  # fmt: skip
        except Exception:
            log.exception("spikes.fault", workspace_id=workspace_id)
        else:
            watches[workspace_id] = watch
