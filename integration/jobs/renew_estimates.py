"""Keeps the estimates of running and future Sprints up to date with what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

from integration.foundation.row_wall import only
from integration.journeys.estimate_story import re_estimate
from integration.journeys.team_history import history_mark

if TYPE_CHECKING:
    from datetime import date

    from integration.jobs.house import House

    Mark = tuple[int, str, str, date]

log = structlog.get_logger()

_renewed: WeakKeyDictionary[object, dict[str, Mark]] = WeakKeyDictionary()
"""What each workspace's estimates of a shelf's books were last renewed for, in this process."""


def renew_estimates(house: House) -> None:
    """Estimate anew where history, prices or factors changed, or a day began: prices are dated.

    Each process looks once by itself after its start; estimating without a change saves nothing.
    """
    now = house.clock.now()
    renewed = _renewed.setdefault(house.books, {})
    for workspace_id in house.workspace_ids():
        transactions = only(house.transactions, workspace_id)
        with transactions.begin() as session:
            revisions = history_mark(session, workspace_id)
        books = house.books.for_workspace(workspace_id)
        mark = (revisions, books.prices.price_version, books.carbon.factor_version, now.date())
        if renewed.get(workspace_id) == mark:
            continue
        changed = re_estimate(transactions, workspace_id, books, now=now)
        renewed[workspace_id] = mark
        if changed:
            log.info("estimates.renewed", workspace_id=workspace_id, stories=changed)
