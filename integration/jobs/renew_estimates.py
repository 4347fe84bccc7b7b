"""Keeps the estimates of running and future Sprints up to date with what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

from integration.journeys.estimate_story import re_estimate
from integration.journeys.team_history import history_mark
from integration.workspaces import store as workspaces

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
    with house.transactions.begin() as session:
        marks = {each: history_mark(session, each) for each in workspaces.all_ids(session)}
    renewed = _renewed.setdefault(house.books, {})
    for workspace_id, revisions in marks.items():
        books = house.books.for_workspace(workspace_id)
        mark = (revisions, books.prices.price_version, books.carbon.factor_version, now.date())
        if renewed.get(workspace_id) == mark:
            continue
        changed = re_estimate(house.transactions, workspace_id, books, now=now)
        renewed[workspace_id] = mark
        if changed:
            log.info("estimates.renewed", workspace_id=workspace_id, stories=changed)
